/* What a lobby makes of who comes and goes: matched into or not, closed, started, voted in. */
#include "books_rig.h"

/* Rules that hold the start back, and a name that they keep out. */
static struct {
    struct muster_self self;
    bool holds_start;
    const char *keeps_out;
} warden;

static muster_verdict on_allow(void *instance, void *state, const struct muster_action *action,
                               char *reason, uint32_t cap) {
    (void)instance;
    (void)state;
    const struct session *session = session_find(action->player);
    bool start = action->kind == MUSTER_ACTION_START && !action->player && warden.holds_start;
    bool join = action->kind == MUSTER_ACTION_JOIN && warden.keeps_out && session &&
                strcmp(session->player_key, warden.keeps_out) == 0;
    if (!start && !join) return MUSTER_PASS;
    snprintf(reason, cap, "not now");
    return MUSTER_REJECT;
}

static const struct muster_rules rules = {.size = sizeof rules, .allow = on_allow};
static const struct muster_role roles[] = {{MUSTER_ROLE_RULES, 0, &rules}};

static int open_crowd(void **state) {
    warden.holds_start = false;
    warden.keeps_out = NULL;
    return rig_open(state) || fake_plugin(&warden.self, "warden", roles, 1, NULL, NULL) ? -1 : 0;
}

static int close_crowd(void **state) {
    if (rig_close(state)) return -1;
    registry_remove(&warden.self);
    return warden.self.pins ? -1 : 0;
}

static struct lobby *hosted(struct session *host) {
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    const struct lobby_wish wish = {.game_mode = "fake", .region = "", .creator = host->id};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_OK);
    return lobby;
}

static bool is_matched(const struct lobby *lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    assert_int_equal(host_table()->lobby->get(&game.self, lobby->id, &info), MUSTER_OK);
    return !info.is_unmatched;
}

static int32_t reserve(struct lobby *lobby, struct session *session, bool spectator,
                       char ticket[TICKET_TEXT_SIZE]) {
    struct failure failure = {0};
    int32_t code = lobby_reserve(lobby, session, MUSTER_TEAM_NONE, spectator, "", ticket, &failure);
    json_decref(failure.data);
    return code;
}

static struct session *watch(struct lobby *lobby, const char *player_key) {
    char ticket[TICKET_TEXT_SIZE];
    struct session *session = rig_sign_in(player_key, NULL);
    assert_int_equal(reserve(lobby, session, true, ticket), RPC_OK);
    assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
    return session;
}

/* ---- matched into ---------------------------------------------------------------------------- */

static void nobody_is_matched_into_a_lobby_that_waits_for_an_absent_host(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE], token[TICKET_TEXT_SIZE];
    struct session *ann = rig_sign_in("ann", NULL);
    warden.holds_start = true;
    struct lobby *lobby = hosted(ann);
    assert_false(is_matched(lobby)); /* not there yet */
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    assert_false(is_matched(lobby));
    assert_int_equal(rig_enter(ann, ticket, token), RPC_OK);
    assert_true(is_matched(lobby)); /* at once, as the other way */
    rig_drop(rig_client(ann));
    assert_false(is_matched(lobby));
    rig_settle(1000);
    assert_false(is_matched(lobby));
    warden.holds_start = false; /* it starts without the host */
    rig_settle(100);
    assert_true(is_matched(lobby));
    warden.holds_start = true;
    rig_settle(100);
    assert_false(is_matched(lobby));
    assert_ptr_equal(rig_sign_in("ann", NULL), ann);
    assert_int_equal(rig_resume(ann, token, NULL), RPC_OK);
    rig_settle(100);
    assert_true(is_matched(lobby));
    lobby_lock_set(lobby, true);
    assert_false(is_matched(lobby));
}

static void a_lobby_without_a_host_waits_for_none(void **state) {
    (void)state;
    warden.holds_start = true;
    struct lobby *lobby = rig_lobby();
    assert_true(is_matched(lobby));
    rig_settle(100);
    assert_true(is_matched(lobby));
}

/* ---- closed ---------------------------------------------------------------------------------- */

static void watchers_alone_keep_no_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL), *bea = watch(lobby, "bea");
    rig_settle(40000);
    assert_non_null(lobby_find(id));
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    rig_settle(29000);
    assert_non_null(lobby_find(id));
    watch(lobby, "cid"); /* one more does not keep it either */
    rig_settle(1100);
    assert_null(lobby_find(id));
    assert_int_equal(bea->lobby, 0);
    assert_true(rig_told(rig_client(bea), "lobby.left"));
}

static void a_player_who_comes_in_time_keeps_the_lobby(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    rig_settle(29000);
    rig_join(lobby, "ann", NULL);
    rig_settle(40000);
    assert_non_null(lobby_find(id));
}

/* ---- settings that a match would not take ---------------------------------------------------- */

static void what_a_match_does_not_take_the_lobby_does_not_show(void **state) {
    (void)state;
    struct failure failure = {0};
    struct session *ann = rig_sign_in("ann", NULL);
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = hosted(ann);
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    rig_play(lobby);
    json_t *lock = json_pack("{s:b}", "locked", 1), *open = json_pack("{s:b}", "locked", 0);
    for (uint32_t i = 0; i < MATCH_SETTINGS_MAX; i++)
        assert_int_equal(lobby_settings_change(lobby, 0, &game.self, i % 2 ? open : lock, &failure),
                         RPC_OK);
    assert_int_equal(lobby->match->settings_waiting_count, MATCH_SETTINGS_MAX);
    assert_int_equal(lobby_settings_change(lobby, 0, &game.self, lock, &failure),
                     RPC_INVALID_PARAMS);
    assert_false(lobby->locked);
    assert_true(json_is_false(json_object_get(lobby->settings, "locked")));
    rig_tick(lobby);
    assert_int_equal(lobby_settings_change(lobby, 0, &game.self, lock, &failure), RPC_OK);
    assert_true(lobby->locked);
    json_decref(lock);
    json_decref(open);
    json_decref(failure.data);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_crowd, close_crowd)
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_matched_into_a_lobby_that_waits_for_an_absent_host),
        TEST(a_lobby_without_a_host_waits_for_none),
        TEST(watchers_alone_keep_no_lobby),
        TEST(a_player_who_comes_in_time_keeps_the_lobby),
        TEST(what_a_match_does_not_take_the_lobby_does_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
