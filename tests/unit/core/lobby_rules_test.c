/* The rules of a lobby and the matches it plays: one state from match to match, words from the
 * lobby into the match, and the lobby's end.
 */
#include "books_rig.h"
#include "ended.h"

static struct {
    struct muster_self self;
    muster_match_id match;
    muster_status at_begin;
    uint32_t states; /* alive */
    muster_verdict verdict;
    muster_verdict chat_verdict; /* 0: by what became of the note */
    const char *rewrite; /* of what is said, not null: as many bytes as fit, without an end */
    struct muster_refusal refusal;
    const char *reason;
    struct muster_chat chat; /* the last line */
    uint32_t asked;          /* by bit, the kinds of actions asked about in mode "fake" */
    char calls[1024];
} steward;

static void say(const char *word) {
    size_t used = strlen(steward.calls);
    snprintf(steward.calls + used, sizeof steward.calls - used, "%s ", word);
}

static muster_status on_create(void *instance, muster_lobby_id lobby, void **state) {
    (void)instance;
    *state = lobby_find(lobby);
    steward.states++;
    return MUSTER_OK;
}

static void on_destroy(void *instance, void *state) {
    (void)instance;
    (void)state;
    say("destroy");
    steward.states--;
}

static muster_verdict on_allow(void *instance, void *state, const struct muster_action *action,
                               char *reason, uint32_t cap) {
    (void)instance;
    (void)state;
    if (strcmp(action->game_mode, "fake") == 0) steward.asked |= 1u << action->kind;
    if (action->kind != MUSTER_ACTION_READY) return MUSTER_PASS;
    assert_int_equal(action->refusal->size, sizeof steward.refusal);
    *action->refusal = steward.refusal;
    snprintf(reason, cap, "%s", steward.reason);
    return steward.verdict;
}

static muster_verdict on_chat(void *instance, void *state, const struct muster_chat *chat,
                              char *text, uint32_t cap) {
    (void)instance;
    (void)state;
    steward.chat = *chat;
    if (steward.rewrite) memset(text, steward.rewrite[0], cap);
    if (steward.rewrite && steward.rewrite[1]) snprintf(text, cap, "%s", steward.rewrite);
    if (steward.chat_verdict) return steward.chat_verdict;
    muster_status status =
        game_host()->note(&steward.self, steward.match, text, (uint32_t)strlen(text));
    return status ? MUSTER_REJECT : MUSTER_ACCEPT;
}

static muster_status on_begin(void *instance, void *state, const struct muster_match_info *info) {
    (void)instance;
    assert_ptr_equal(state, lobby_find(info->lobby));
    say("begin");
    steward.match = info->match;
    return steward.at_begin;
}

static void on_end(void *instance, void *state) {
    (void)instance;
    (void)state;
    say("end");
}

static void on_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    (void)state;
    (void)seat;
    if (reason != MUSTER_LEAVE_KICK) return;
    say("forfeit");
    assert_int_equal(
        game_host()->end(&steward.self, steward.match, ENDED(MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT)),
        MUSTER_OK);
}

static void on_note(void *instance, void *state, const void *data, uint32_t len) {
    char word[32];
    (void)instance;
    (void)state;
    snprintf(word, sizeof word, "%.*s", (int)len, (const char *)data);
    say(word);
}

static const struct muster_rules rules = {.size = sizeof rules,
                                          .create = on_create,
                                          .destroy = on_destroy,
                                          .allow = on_allow,
                                          .chat = on_chat,
                                          .match_begin = on_begin,
                                          .match_end = on_end,
                                          .match_leave = on_leave,
                                          .match_note = on_note};
static const struct muster_role roles[] = {{MUSTER_ROLE_RULES, 0, &rules}};

static int open_steward(void **state) {
    memset(&steward, 0, sizeof steward);
    return rig_open(state) || fake_plugin(&steward.self, "steward", roles, 1, NULL, NULL) ? -1 : 0;
}

static int close_steward(void **state) {
    if (rig_close(state)) return -1;
    registry_remove(&steward.self);
    return steward.states || steward.self.pins ? -1 : 0;
}

static void one_state_goes_from_match_to_match(void **state) {
    (void)state;
    struct failure failure = {0};
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = rig_join(lobby, "bea", NULL);
    struct session *cid = rig_join(lobby, "cid", NULL);
    rig_play(lobby);
    rig_tick(lobby);
    assert_int_equal(lobby_chat(ann, "hello", false, &failure), RPC_OK);
    /* A rule decides between two ticks: the next one is the last. */
    lobby_kick(lobby, lobby_seat(lobby, cid->member), "out");
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
    rig_tick(lobby);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    assert_string_equal(rig.results.reason, MUSTER_END_FORFEIT);
    /* Nothing reaches a match that is over. */
    assert_int_equal(lobby_chat(ann, "late", false, &failure), RPC_OK);
    assert_int_equal(lobby_cast_restart(ann, true, &failure), RPC_OK);
    assert_int_equal(lobby_cast_restart(bea, true, &failure), RPC_OK);
    rig_settle(15200);
    rig_play(lobby);
    assert_string_equal(steward.calls, "begin hello forfeit end begin ");
    assert_int_equal(steward.states, 1);
    lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "enough");
    assert_string_equal(steward.calls, "begin hello forfeit end begin end destroy ");
}

static void rules_that_refuse_a_match_close_its_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL);
    steward.at_begin = MUSTER_UNAVAILABLE;
    rig_settle(4000);
    assert_null(lobby_find(id));
    assert_int_equal(ann->lobby.value, 0);
    assert_string_equal(steward.calls, "begin destroy ");
    assert_int_equal(match_count(), 0);
}

/* Who said it is told nothing either way; the plugin's fault is counted. */
static void a_bad_answer_to_chat_is_a_fault(void **state) {
    (void)state;
    static const struct {
        muster_verdict verdict;
        const char *rewrite;
        uint32_t faults;
        bool is_told;
    } cases[] = {
        {MUSTER_ACCEPT, NULL, 0, true},
        {MUSTER_PASS, "better", 0, true},
        {MUSTER_REJECT, NULL, 0, false},
        {MUSTER_PENDING, NULL, 1, false},
        {99, NULL, 1, false},
        {MUSTER_PASS,
         "b\xff\xfe"
         "d",
         1, false},
        {MUSTER_PASS, "x", 1, true}, /* no end */
    };
    struct lobby *lobby = rig_lobby();
    const struct session *ann = rig_join(lobby, "ann", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t before = steward.self.fault_count;
        steward.chat_verdict = cases[i].verdict;
        steward.rewrite = cases[i].rewrite;
        char line[400] = "hello";
        assert_int_equal(lobby_rules_chat(lobby, ann, line, 320), cases[i].is_told);
        assert_int_equal(steward.self.fault_count - before, cases[i].faults);
    }
}

/* What clients are told of a refusal: a code, a sentence, a word and how long to wait. */
static void a_refusal_is_told_as_it_was_given(void **state) {
    (void)state;
    static const struct {
        muster_verdict verdict;
        uint32_t wait_ms;
        const char *word, *reason;
        int32_t code;
        const char *message, *data;
        uint32_t faults;
    } cases[] = {
        {MUSTER_PASS, 9, "no", "no", RPC_OK, "", ""},
        {MUSTER_ACCEPT, 9, "no", "no", RPC_OK, "", ""},
        {MUSTER_REJECT, 0, "", "", RPC_DENIED, "a rule refused", "{}"},
        {MUSTER_REJECT, 0, "late", "too late", RPC_DENIED, "too late", "{\"reason\":\"late\"}"},
        {MUSTER_REJECT, 700, "slow", "wait", RPC_RATE_LIMITED, "wait",
         "{\"reason\":\"slow\",\"retryAfterMs\":700}"},
        {MUSTER_PENDING, 0, "", "", RPC_DENIED, "a rule refused", "{}", 1}, /* no verdict */
        {99, 0, "", "", RPC_DENIED, "a rule refused", "{}", 1},
    };
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct failure failure = {0};
        uint64_t before = steward.self.fault_count;
        steward.verdict = cases[i].verdict;
        steward.reason = cases[i].reason;
        steward.refusal = (struct muster_refusal){.size = sizeof steward.refusal,
                                                  .retry_after_ms = cases[i].wait_ms};
        snprintf(steward.refusal.word, sizeof steward.refusal.word, "%s", cases[i].word);
        assert_int_equal(lobby_ready(ann, true, &failure), cases[i].code);
        assert_int_equal(steward.self.fault_count - before, cases[i].faults);
        assert_int_equal(lobby->members[ann->member].ready, cases[i].code == RPC_OK);
        lobby->members[ann->member].ready = false;
        assert_string_equal(failure.message, cases[i].message);
        char *data = failure.data ? json_dumps(failure.data, JSON_COMPACT) : strdup("");
        assert_string_equal(data, cases[i].data);
        free(data);
        json_decref(failure.data);
    }
}

/* Its state may be half changed: who waits for an answer is not asked, and nothing is allowed. */
static void rules_that_wait_themselves_are_not_asked(void **state) {
    (void)state;
    struct failure failure = {0};
    struct session *ann = rig_join(rig_lobby(), "ann", NULL);
    const uint64_t calls = steward.self.call_count;
    plugin_enter(&steward.self, "test");
    assert_int_equal(lobby_ready(ann, true, &failure), RPC_DENIED);
    plugin_leave();
    assert_int_equal(steward.self.call_count, calls + 1);
    assert_int_equal(steward.self.fault_count, 0);
    assert_string_equal(json_string_value(json_object_get(failure.data, "reason")), "busy");
    json_decref(failure.data);
}

/* Also before there is a lobby. */
static void rules_are_told_who_and_which_mode(void **state) {
    (void)state;
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    struct session *ann = rig_sign_in("ann", NULL);
    json_t *settings = json_pack("{s:b}", "isPrivate", 1);
    const struct lobby_wish wish = {
        .game_mode = "fake", .region = "", .settings = settings, .creator = ann->id};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_OK);
    json_decref(settings);
    assert_true(steward.asked & 1u << MUSTER_ACTION_LOBBY_CREATE);
    assert_true(steward.asked & 1u << MUSTER_ACTION_SETTING);
    struct session *bea = rig_join(lobby, "bea", NULL);
    steward.chat_verdict = MUSTER_PASS;
    assert_int_equal(lobby_chat(bea, "hello", false, &failure), RPC_OK);
    assert_true(steward.asked & 1u << MUSTER_ACTION_JOIN);
    assert_true(steward.asked & 1u << MUSTER_ACTION_CHAT);
    assert_true(MUSTER_ID_SAME(steward.chat.player, bea->id));
    assert_true(MUSTER_ID_SAME(steward.chat.lobby, lobby->id));
    assert_int_equal(steward.chat.seat, lobby_seat(lobby, bea->member));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_steward, close_steward)
    const struct CMUnitTest tests[] = {
        TEST(one_state_goes_from_match_to_match), TEST(rules_that_refuse_a_match_close_its_lobby),
        TEST(rules_are_told_who_and_which_mode),  TEST(a_bad_answer_to_chat_is_a_fault),
        TEST(a_refusal_is_told_as_it_was_given),  TEST(rules_that_wait_themselves_are_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
