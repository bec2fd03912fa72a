/* The rules in their match: when they are called, what they may do there, their notes live and in a
 * replay, and how far a damaged recording gets. */
#include "ended.h"
#include "lobby.h"
#include "match_rig.h"
#include "playback.h"

/* ---- two plugins with rules ------------------------------------------------------------------ */

struct referee {
    struct muster_self self;
    char name;
    muster_match_id match;
    uint64_t mixed;
    uint32_t ticks;
    muster_status at_begin; /* what match_begin answers */
    uint32_t notes_at_begin;
    void (*on_tick)(struct referee *referee);
    void (*on_note)(struct referee *referee);
    void (*on_save)(struct referee *referee);
};

static struct referee ada, bob;
static char calls[8192]; /* "a.begin b.begin ..." */

static void say(const struct referee *referee, const char *format, ...) {
    size_t used = strlen(calls);
    va_list args;
    used += (size_t)snprintf(calls + used, sizeof calls - used, "%s%c.", used ? " " : "",
                             referee->name);
    va_start(args, format);
    vsnprintf(calls + used, sizeof calls - used, format, args);
    va_end(args);
}

static void stir(struct referee *referee, uint64_t with) {
    referee->mixed = (referee->mixed ^ with) * 0x9E3779B97F4A7C15u + 1;
}

static muster_status note(struct referee *referee, const char *text) {
    return game_host()->note(&referee->self, referee->match, text, (uint32_t)strlen(text));
}

static muster_status on_begin(void *instance, void *state, const struct muster_match_info *info) {
    struct referee *referee = instance;
    assert_ptr_equal(state, referee);
    say(referee, info->is_replay ? "replay" : "begin");
    referee->match = info->match;
    referee->mixed = 1;
    referee->ticks = 0;
    if (referee->at_begin) return referee->at_begin;
    stir(referee, game_host()->random(&referee->self, info->match, 0));
    for (uint32_t i = 0; i < referee->notes_at_begin; i++) {
        char text[16];
        snprintf(text, sizeof text, "b%u", i);
        assert_int_equal(note(referee, text), MUSTER_OK);
    }
    return MUSTER_OK;
}

static void on_end(void *instance, void *state) {
    assert_ptr_equal(state, instance);
    say(instance, "end");
}

static void on_join(void *instance, void *state, uint32_t seat) {
    struct muster_seat_info info = {.size = sizeof info};
    struct referee *referee = state;
    assert_int_equal(game_host()->seat_get(instance, referee->match, seat, &info), MUSTER_OK);
    say(referee, "join%u", seat);
    stir(referee, info.team);
}

static void on_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    struct muster_seat_info info = {.size = sizeof info};
    struct referee *referee = state;
    assert_int_equal(game_host()->seat_get(instance, referee->match, seat, &info), MUSTER_OK);
    say(referee, "leave%u:%u", seat, reason);
    stir(referee, 0x100 + seat);
}

static void on_connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    (void)state;
    say(instance, "connection%u:%u", seat, connected);
    stir(instance, 0x200 + connected);
}

static void on_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct referee *referee = state;
    say(instance, "tick%u", tick->tick);
    stir(referee, tick->elapsed_ms);
    referee->ticks++;
    if (referee->on_tick) referee->on_tick(referee);
}

static void on_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)state;
    say(instance, "%s%u>%u+%u@%u:%lld:%s", fact->kind, fact->seat, fact->other_seat,
        fact->third_seat, fact->tick, (long long)fact->value, fact->text);
    stir(instance, (uint64_t)fact->value);
}

static void on_setting(void *instance, void *state, const char *key) {
    struct referee *referee = state;
    say(instance, "setting:%s=%lld", key,
        (long long)game_host()->setting_integer(&referee->self, referee->match, key));
}

static void on_note(void *instance, void *state, const void *data, uint32_t len) {
    struct referee *referee = state;
    say(instance, "note:%.*s", (int)(len < 32 ? len : 32), (const char *)data);
    if (*(const char *)data == 'E') return; /* early: kept by the step it is about */
    stir(referee, len + game_host()->random(&referee->self, referee->match, 1000));
    if (referee->on_note) referee->on_note(referee);
}

static void on_save(void *instance, void *state, struct muster_writer *out) {
    struct referee *referee = state;
    (void)instance;
    if (referee->on_save) referee->on_save(referee);
    muster_put_u64(out, referee->mixed);
}

static muster_status on_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    ((struct referee *)state)->mixed = muster_get_u64(in);
    return MUSTER_OK;
}

static const struct muster_rules referee_rules = {
    .size = sizeof referee_rules,
    .save = on_save,
    .load = on_load,
    .match_begin = on_begin,
    .match_end = on_end,
    .match_join = on_join,
    .match_leave = on_leave,
    .match_connection = on_connection,
    .match_tick = on_tick,
    .match_fact = on_fact,
    .match_setting = on_setting,
    .match_note = on_note,
};

static const struct muster_role referee_roles[] = {{MUSTER_ROLE_RULES, 0, &referee_rules}};

static int open_referee(struct referee *referee, const char *name) {
    memset(referee, 0, sizeof *referee);
    referee->name = name[0];
    return fake_plugin(&referee->self, name, referee_roles, 1, NULL, NULL);
}

static int open_rules(void **state) {
    calls[0] = '\0';
    return open_books(state) || open_referee(&ada, "ada") || open_referee(&bob, "bob") ? -1 : 0;
}

static int close_rules(void **state) {
    registry_remove(&ada.self);
    registry_remove(&bob.self);
    return close_books(state);
}

static struct match *make_ruled(struct record *record, bool is_replay) {
    struct match_setup setup = setup_of(record);
    struct match_part parts[2] = {{ada.self.providers, &ada}, {bob.self.providers, &bob}};
    struct match *match = NULL;
    setup.rules = parts;
    setup.rules_count = 2;
    setup.is_replay = is_replay;
    assert_int_equal(match_create(&setup, &match), MUSTER_OK);
    return match;
}

/* What was said since the last look. */
#define assert_calls(expected)                                                                     \
    do {                                                                                           \
        assert_string_equal(calls, expected);                                                      \
        calls[0] = '\0';                                                                           \
    } while (0)

/* ---- calls ----------------------------------------------------------------------------------- */

static void rules_are_told_of_their_match_in_order(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    assert_calls("a.begin b.begin");
    join(match, 1, "ann");
    assert_calls("a.join1 b.join1");
    assert_int_equal(match_join(match, 2, "bea", "refused", 0, true), MUSTER_DENIED);
    assert_calls("");
    match_connection(match, 1, false);
    assert_calls("a.connection1:0 b.connection1:0");
    json_t *nine = json_integer(9);
    assert_int_equal(match_setting_push(match, "maxPlayers", nine), MUSTER_OK);
    json_decref(nine);
    step(match);
    assert_calls("a.setting:maxPlayers=9 b.setting:maxPlayers=9 a.tick0 b.tick0");
    match_leave(match, 1, MUSTER_LEAVE_KICK);
    assert_calls("a.leave1:3 b.leave1:3");
    match_leave(match, 1, MUSTER_LEAVE_KICK); /* nobody sits there */
    assert_calls("");
    match_destroy(match);
    assert_calls("a.end b.end");
}

static void one_that_refuses_ends_it_for_those_that_began(void **state) {
    (void)state;
    struct match_setup setup = setup_of(NULL);
    struct match_part parts[2] = {{ada.self.providers, &ada}, {bob.self.providers, &bob}};
    struct match *match = NULL;
    setup.rules = parts;
    setup.rules_count = 2;
    ada.notes_at_begin = 1;
    bob.at_begin = MUSTER_UNAVAILABLE;
    assert_int_equal(match_create(&setup, &match), MUSTER_UNAVAILABLE);
    assert_calls("a.begin b.begin a.end");
    assert_int_equal(match_count(), 0);
}

static void score_for_red(struct referee *referee) {
    const struct muster_host_match *host = game_host();
    assert_int_equal(host->team_score_add(&referee->self, referee->match, 1, 1), MUSTER_OK);
    assert_int_equal(host->team_set(&referee->self, referee->match, 0, 2), MUSTER_OK);
    assert_int_equal(host->event(&referee->self, referee->match, "goal", 4), MUSTER_OK);
}

/* What a rule scores in match_tick decides the same tick. */
static void rules_change_the_match_before_victory_is_asked(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    join(match, 0, "ann");
    game.limit = 1;
    ada.on_tick = score_for_red;
    step(match);
    assert_true(match->ended);
    assert_int_equal(match->decision.winner, MUSTER_TEAM_RED);
    assert_int_equal(match->seats[0].team, MUSTER_TEAM_BLUE);
    match_destroy(match);
}

static void rules_change_nothing_out_of_turn(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    join(match, 0, "ann");
    uint64_t hash = match_hash(match);
    uint64_t faults = ada.self.fault_count;
    assert_int_equal(game_host()->team_set(&ada.self, match->id, 0, 2), MUSTER_STATE);
    assert_int_equal(ada.self.fault_count, faults + 1);
    assert_true(match_hash(match) == hash);
    match_destroy(match);
}

static muster_status set_idle(const struct muster_self *self, const struct match *match,
                              uint32_t idle) {
    return game_host()->idle_set((muster_self *)self, match->id, idle);
}

static void who_has_nothing_to_do_is_left_alone(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    calls[0] = '\0';
    assert_int_equal(set_idle(&ada.self, match, 1), MUSTER_OK);
    join(match, 1, "ann");
    match_connection(match, 1, false);
    match_disturb(match, MUSTER_DISTURBED_STALL, 400);
    step(match);
    assert_calls("b.join1 b.connection1:0 b.disturbed255>255+255@0:400:stall b.tick0");
    assert_int_equal(note(&ada, "own"), MUSTER_OK); /* its own words come back */
    assert_calls("a.note:own");
    json_t *nine = json_integer(9);
    assert_int_equal(match_setting_push(match, "maxPlayers", nine), MUSTER_OK);
    json_decref(nine);
    step(match); /* by a setting it may no longer be idle */
    assert_calls("a.setting:maxPlayers=9 b.setting:maxPlayers=9 b.tick1");
    assert_int_equal(set_idle(&ada.self, match, 0), MUSTER_OK);
    step(match);
    assert_calls("a.tick2 b.tick2");
    assert_int_equal(set_idle(&ada.self, match, 1), MUSTER_OK);
    match_destroy(match);
    assert_calls("a.end b.end");
}

static void an_idle_victory_decides_nothing(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    join(match, 0, "ann");
    game.limit = 1;
    ada.on_tick = score_for_red;
    assert_int_equal(set_idle(&game.self, match, 1), MUSTER_OK);
    step(match);
    assert_false(match->ended);
    assert_int_equal(set_idle(&game.self, match, 0), MUSTER_OK);
    step(match);
    assert_true(match->ended);
    match_destroy(match);
}

static void who_takes_no_part_is_not_idle(void **state) {
    (void)state;
    struct match *match = make(NULL);
    assert_int_equal(set_idle(&ada.self, match, 1), MUSTER_DENIED);
    assert_int_equal(game_host()->idle_set(&ada.self, (muster_match_id){99}, 1), MUSTER_NOT_FOUND);
    match_destroy(match);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static muster_status told;
static struct muster_fact fact;

static void tell(struct fake_state *state) {
    told = game_host()->tell(&game.self, state->match, &fact);
}

static void facts_reach_all_rules_with_what_was_left_out_filled_in(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    calls[0] = '\0';
    game.in_tick = tell;
    fact = (struct muster_fact){.size = sizeof fact,
                                .seat = 1,
                                .tick = 77,
                                .kind = "kill",
                                .value = -3,
                                .other_seat = 2,
                                .third_seat = MUSTER_SEAT_NONE,
                                .text = "rifle"};
    step(match);
    assert_calls("a.kill1>2+255@0:-3:rifle b.kill1>2+255@0:-3:rifle a.tick0 b.tick0");
    fact.text = NULL;
    fact.other_seat = MUSTER_SEAT_NONE;
    step(match);
    assert_calls("a.kill1>255+255@1:-3: b.kill1>255+255@1:-3: a.tick1 b.tick1");
    assert_int_equal(told, MUSTER_OK);
    match_destroy(match);
}

static void a_fault_of_the_server_is_told_as_a_fact(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    step(match);
    calls[0] = '\0';
    match_disturb(match, MUSTER_DISTURBED_STALL, 400);
    assert_calls("a.disturbed255>255+255@1:400:stall b.disturbed255>255+255@1:400:stall");
    match_destroy(match);
}

static void facts_that_are_none_are_refused(void **state) {
    (void)state;
    static const struct muster_fact wrong[] = {
        {.size = 8, .seat = 1, .kind = "kill"},
        {.size = sizeof fact, .seat = 1},
        {.size = sizeof fact, .seat = 1, .kind = ""},
        {.size = sizeof fact, .seat = 8, .kind = "kill"},
        {.size = sizeof fact, .seat = 1, .kind = "kill", .other_seat = 8},
        {.size = sizeof fact, .seat = 1, .kind = "kill", .third_seat = 8},
    };
    struct match *match = make_ruled(NULL, false);
    game.in_tick = tell;
    for (uint32_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fact = wrong[i];
        told = MUSTER_OK;
        step(match);
        assert_int_equal(told, MUSTER_INVALID);
    }
    assert_null(strstr(calls, "kill"));
    fact = (struct muster_fact){.size = sizeof fact, .seat = 1, .kind = "kill"};
    assert_int_equal(game_host()->tell(&game.self, match->id, &fact), MUSTER_STATE);
    assert_int_equal(game_host()->tell(&game.self, (muster_match_id){99}, &fact), MUSTER_NOT_FOUND);
    match_destroy(match);
}

static void tell_and_adjust(struct referee *referee) {
    const struct muster_param param = {.size = sizeof param, .name = "damage"};
    told = game_host()->tell(&referee->self, referee->match, &fact);
    assert_true(game_host()->adjust(&referee->self, referee->match, &param, 5) == 5);
}

/* No rules' state is entered while a call on it may be on the stack. */
static void a_rule_tells_and_asks_no_rules(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    uint64_t faults = bob.self.fault_count;
    fact = (struct muster_fact){.size = sizeof fact, .seat = 1, .kind = "kill"};
    bob.on_tick = tell_and_adjust;
    step(match);
    assert_int_equal(told, MUSTER_STATE);
    assert_int_equal(bob.self.fault_count, faults + 2);
    assert_calls("a.begin b.begin a.tick0 b.tick0");
    match_destroy(match);
}

/* A bot comes and goes by its mode, which has to know. */
static void a_rule_has_no_bots(struct referee *referee) {
    uint32_t seat = 0;
    assert_int_equal(
        game_host()->bot_add(&referee->self, referee->match, "b", MUSTER_TEAM_RED, &seat),
        MUSTER_STATE);
    assert_int_equal(game_host()->bot_remove(&referee->self, referee->match, 4), MUSTER_STATE);
    referee->ticks = 99;
}

static void bots_are_the_modes(void **state) {
    (void)state;
    uint32_t seat = 0;
    struct match *match = make_ruled(NULL, false);
    assert_int_equal(match_bot_add(match, "bot", MUSTER_TEAM_RED, &seat), MUSTER_OK);
    assert_int_equal(seat, 4);
    ada.on_tick = a_rule_has_no_bots;
    step(match);
    assert_int_equal(ada.ticks, 99);
    assert_true(match->seats[4].used);
    assert_false(match->seats[5].used);
    match_destroy(match);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void forfeit(struct referee *referee) {
    const struct muster_host_match *host = game_host();
    assert_int_equal(host->end(&referee->self, referee->match, ENDED(2, MUSTER_END_FORFEIT)),
                     MUSTER_OK);
    assert_int_equal(host->end(&referee->self, referee->match, ENDED(1, MUSTER_END_FORFEIT)),
                     MUSTER_STATE);
}

/* A note comes between two ticks: the match goes on to the end of the next. */
static void an_end_between_two_ticks_comes_with_the_next(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    step(match);
    ada.on_note = forfeit;
    assert_int_equal(note(&ada, "x"), MUSTER_OK);
    assert_false(match->ended);
    step(match);
    assert_true(match->ended);
    assert_int_equal(match->tick, 2);
    assert_int_equal(match->decision.winner, MUSTER_TEAM_BLUE);
    assert_string_equal(match->decision.reason, MUSTER_END_FORFEIT);
    match_destroy(match);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static muster_status noted;

static void note_in_step(struct referee *referee) {
    noted = note(referee, "Early");
}

static void notes_come_back_at_once_or_in_a_step_not_at_all(void **state) {
    (void)state;
    ada.notes_at_begin = 2;
    bob.notes_at_begin = 1;
    struct match *match = make_ruled(NULL, false);
    assert_calls("a.begin b.begin a.note:b0 a.note:b1 b.note:b0");
    assert_int_equal(note(&bob, "x"), MUSTER_OK);
    assert_calls("b.note:x");
    bob.on_tick = note_in_step;
    bob.on_note = note_in_step;
    step(match);
    assert_int_equal(noted, MUSTER_OK);
    assert_calls("a.tick0 b.tick0");
    assert_int_equal(note(&bob, "y"), MUSTER_OK);
    assert_calls("b.note:y");
    match_destroy(match);
}

static void note_in_snapshot(struct fake_state *state) {
    (void)state;
    noted = note(&ada, "seen");
}

/* A snapshot is no part of the step, so a replay has to be told between two ticks. */
static void notes_in_a_snapshot_come_back_at_once(void **state) {
    (void)state;
    uint32_t len;
    struct match *match = make_ruled(NULL, false);
    step(match);
    calls[0] = '\0';
    game.in_snapshot = note_in_snapshot;
    (void)match_frame(match, 0, true, 50000, &len);
    assert_int_equal(noted, MUSTER_OK);
    assert_calls("a.note:seen");
    assert_false(match->stepping || match->steering || match->in_rules);
    match_destroy(match);
}

static void notes_that_are_none_are_refused(void **state) {
    (void)state;
    static const char long_note[MUSTER_NOTE_MAX + 1];
    struct match *match = make_ruled(NULL, false);
    const struct muster_host_match *host = game_host();
    calls[0] = '\0';
    assert_int_equal(host->note(&game.self, match->id, "x", 1), MUSTER_DENIED);
    assert_int_equal(host->note(&ada.self, match->id, "x", 0), MUSTER_INVALID);
    assert_int_equal(host->note(&ada.self, match->id, NULL, 1), MUSTER_INVALID);
    assert_int_equal(host->note(&ada.self, match->id, long_note, sizeof long_note), MUSTER_INVALID);
    assert_int_equal(host->note(&ada.self, (muster_match_id){99}, "x", 1), MUSTER_NOT_FOUND);
    ada.on_save = note_in_step; /* a call on its state is on the stack, and no replay repeats it */
    (void)match_hash(match);
    assert_int_equal(noted, MUSTER_STATE);
    ada.on_save = NULL;
    match_end(match, match_decide(MUSTER_TEAM_NONE, MUSTER_END_ABORTED));
    match_finish(match);
    assert_int_equal(note(&ada, "x"), MUSTER_STATE);
    assert_calls("");
    match_destroy(match);
}

static void notes_of_match_begin_are_bounded(void **state) {
    (void)state;
    static const char big[MUSTER_NOTE_MAX];
    struct match *match = make_ruled(NULL, false);
    match->beginning = true;
    uint32_t count = 0;
    while (game_host()->note(&ada.self, match->id, big, sizeof big) == MUSTER_OK) count++;
    assert_int_equal(count, MATCH_BEGIN_NOTES_MAX / (MUSTER_NOTE_MAX + 3));
    match->beginning = false;
    match_destroy(match);
}

/* ---- versions -------------------------------------------------------------------------------- */

static muster_status version(struct match *match, const char *name, const char *text) {
    return game_host()->version_set(&ada.self, match->id, name, text);
}

static json_t *results_json(const struct match *match) {
    struct match_results *results = match_results(match);
    json_t *json = lobby_results_json(results);
    free(results);
    return json;
}

static void versions_stand_in_the_results(void **state) {
    (void)state;
    struct match *match = make_ruled(NULL, false);
    json_t *json = results_json(match);
    assert_int_equal(json_array_size(json_object_get(json, "versions")), 0);
    json_decref(json);
    assert_int_equal(version(match, "mod:koth", "1.0.0"), MUSTER_OK);
    assert_int_equal(version(match, "mod:flag", "2.0.0"), MUSTER_OK);
    assert_int_equal(version(match, "mod:koth", "1.2.0+3f2a91c0"), MUSTER_OK);
    json = results_json(match);
    json_t *versions = json_object_get(json, "versions"), *first = json_array_get(versions, 0);
    assert_int_equal(json_array_size(versions), 2);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "mod:koth");
    assert_string_equal(json_string_value(json_object_get(first, "version")), "1.2.0+3f2a91c0");
    json_decref(json);
    match_destroy(match);
}

static void versions_are_bounded(void **state) {
    (void)state;
    char name[16], long_text[65];
    struct match *match = make_ruled(NULL, false);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[64] = '\0';
    assert_int_equal(version(match, "", "1"), MUSTER_INVALID);
    assert_int_equal(version(match, NULL, "1"), MUSTER_INVALID);
    assert_int_equal(version(match, "mod:x", NULL), MUSTER_INVALID);
    assert_int_equal(version(match, "two words", "1"), MUSTER_INVALID);
    assert_int_equal(version(match, "mod:x", "1\n2"), MUSTER_INVALID);
    assert_int_equal(version(match, "mod:x", "\xc3\xa4"), MUSTER_INVALID);
    assert_int_equal(version(match, "mod:x", long_text), MUSTER_INVALID);
    assert_int_equal(version(match, "mod:x", long_text + 1), MUSTER_OK);
    assert_int_equal(version(match, long_text + 16, "1"), MUSTER_INVALID);
    assert_int_equal(version(match, long_text + 17, "1"), MUSTER_OK);
    for (uint32_t i = 2; i < MATCH_VERSIONS_MAX; i++) {
        snprintf(name, sizeof name, "mod:%u", i);
        assert_int_equal(version(match, name, "1"), MUSTER_OK);
    }
    assert_int_equal(version(match, "one:more", "1"), MUSTER_LIMIT);
    assert_int_equal(version(match, "mod:x", "2"), MUSTER_OK);
    assert_int_equal(game_host()->version_set(&ada.self, (muster_match_id){99}, "mod:x", "2"),
                     MUSTER_NOT_FOUND);
    match_destroy(match);
}

/* ---- replay ---------------------------------------------------------------------------------- */

static void path_of_record(char path[128]) {
    snprintf(path, 128, "%s/m.mrec", game.root);
}

static struct record *open_record(void) {
    char path[128];
    struct record *record = NULL;
    path_of_record(path);
    assert_int_equal(record_open(path, "{}", 1 << 16, &record), MUSTER_OK);
    return record;
}

static muster_status play(struct playback *playback) {
    char path[128];
    struct record_reader *reader = NULL;
    const char *header = NULL;
    path_of_record(path);
    assert_int_equal(record_read(path, &reader, &header), MUSTER_OK);
    *playback = (struct playback){.match = make_ruled(NULL, true)};
    muster_status status = playback_run(playback, reader);
    record_reader_close(reader);
    match_destroy(playback->match);
    return status;
}

static void command_and_note(struct referee *referee) {
    const int64_t args[] = {7};
    const struct muster_command command = {
        .size = sizeof command, .name = "stir", .args = args, .arg_count = 1};
    assert_int_equal(game_host()->command(&referee->self, referee->match, &command), MUSTER_OK);
    note_in_step(referee);
}

static void note_now_and_then(struct referee *referee) {
    if (referee->ticks == 3 || referee->ticks == 120) note_in_step(referee);
    if (referee->ticks == 150) forfeit(referee);
}

/* With notes of both kinds, from outside, from match_begin and from steps; past a recorded hash. */
static uint64_t play_live(void) {
    struct match *match = make_ruled(open_record(), false);
    assert_int_equal(note(&bob, "first"), MUSTER_OK);
    join(match, 0, "ann");
    while (!match->ended) {
        if (match->tick == 110) assert_int_equal(note(&ada, "late"), MUSTER_OK);
        step(match);
    }
    match_finish(match);
    uint64_t mixed = ada.mixed;
    match_destroy(match);
    return mixed;
}

static void a_replay_brings_the_notes_where_they_belong(void **state) {
    (void)state;
    struct playback playback;
    ada.notes_at_begin = 1;
    ada.on_tick = note_now_and_then;
    bob.on_note = command_and_note;
    uint64_t mixed = play_live();
    assert_int_equal(game.commands, 1);
    assert_non_null(strstr(calls, "a.begin b.begin a.note:b0 b.note:first a.join0"));
    assert_non_null(strstr(calls, "b.tick109 a.note:late a.tick110"));
    assert_null(strstr(calls, "Early"));
    calls[0] = '\0';
    assert_int_equal(play(&playback), MUSTER_OK);
    assert_true(playback.ended && !playback.different);
    assert_true(ada.mixed == mixed);
    assert_int_equal(game.commands, 2);
    assert_ptr_equal(strstr(calls, "a.replay b.replay b.note:Early a.note:Early a.note:Early "
                                   "a.note:b0 b.note:first a.join0"),
                     calls);
    assert_non_null(strstr(calls, "b.tick109 a.note:late a.tick110"));
}

/* A rule that does something else than it did is found out. */
static void a_replay_of_other_rules_is_different(void **state) {
    (void)state;
    struct playback playback;
    ada.on_tick = note_now_and_then;
    (void)play_live();
    ada.on_tick = forfeit;
    assert_int_equal(play(&playback), MUSTER_OK);
    assert_true(playback.different);
}

static void damaged(uint32_t kind, const void *data, uint32_t len) {
    char path[128];
    struct playback playback;
    struct record *record = open_record();
    record_append(record, 0, kind, MUSTER_SEAT_NONE, data, len);
    record_close(record);
    calls[0] = '\0';
    assert_int_equal(play(&playback), MUSTER_INVALID);
    assert_calls("a.replay b.replay a.end b.end");
    path_of_record(path);
    assert_int_equal(unlink(path), 0);
}

static void notes_of_a_damaged_recording_go_to_nobody(void **state) {
    (void)state;
    static const char long_note[2 + MUSTER_NOTE_MAX];
    static const uint32_t kinds[] = {RECORD_NOTE, RECORD_NOTE_EARLY};
    for (uint32_t i = 0; i < 2; i++) {
        damaged(kinds[i], "", 0);
        damaged(kinds[i], "\0", 1);
        damaged(kinds[i], "\2x", 2); /* there are no third rules */
        damaged(kinds[i], "\377x", 2);
        damaged(kinds[i], long_note, sizeof long_note);
    }
    damaged(RECORD_NOTE_EARLY + 1, "\0x", 2);
}

static void a_note_that_is_cut_is_damage(void **state) {
    (void)state;
    char path[128];
    struct playback playback;
    struct record *record = open_record();
    record_append(record, 0, RECORD_NOTE, MUSTER_SEAT_NONE, "\0whole", 6);
    record_append(record, 0, RECORD_NOTE_EARLY, MUSTER_SEAT_NONE, "\1cut", 4);
    uint32_t used = record_used(record);
    record_close(record);
    path_of_record(path);
    while (!loop_quiet()) (void)loop_turn(); /* the pool cuts the file to what is used */
    assert_int_equal(truncate(path, used - 1), 0);
    calls[0] = '\0';
    assert_int_equal(play(&playback), MUSTER_INVALID);
    assert_calls("a.replay b.replay a.end b.end");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rules, close_rules)
    const struct CMUnitTest tests[] = {
        TEST(rules_are_told_of_their_match_in_order),
        TEST(one_that_refuses_ends_it_for_those_that_began),
        TEST(rules_change_the_match_before_victory_is_asked),
        TEST(rules_change_nothing_out_of_turn),
        TEST(who_has_nothing_to_do_is_left_alone),
        TEST(an_idle_victory_decides_nothing),
        TEST(who_takes_no_part_is_not_idle),
        TEST(facts_reach_all_rules_with_what_was_left_out_filled_in),
        TEST(a_fault_of_the_server_is_told_as_a_fact),
        TEST(facts_that_are_none_are_refused),
        TEST(a_rule_tells_and_asks_no_rules),
        TEST(bots_are_the_modes),
        TEST(an_end_between_two_ticks_comes_with_the_next),
        TEST(notes_come_back_at_once_or_in_a_step_not_at_all),
        TEST(notes_in_a_snapshot_come_back_at_once),
        TEST(notes_that_are_none_are_refused),
        TEST(notes_of_match_begin_are_bounded),
        TEST(versions_stand_in_the_results),
        TEST(versions_are_bounded),
        TEST(a_replay_brings_the_notes_where_they_belong),
        TEST(a_replay_of_other_rules_is_different),
        TEST(notes_of_a_damaged_recording_go_to_nobody),
        TEST(a_note_that_is_cut_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
