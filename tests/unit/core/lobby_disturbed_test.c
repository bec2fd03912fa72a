/* Faults of the server's: what the match is told of them, and that they cost nobody a seat. */
#include "books_rig.h"

static bool overloaded;
static double stretch = 1.0;

int64_t __wrap_loop_unix_ms(void);
bool __wrap_pacer_overloaded(void);
double __wrap_pacer_stretch(void);

int64_t __wrap_loop_unix_ms(void) {
    return 1700000000000 + (int64_t)rig_now_ms;
}

bool __wrap_pacer_overloaded(void) {
    return overloaded;
}

double __wrap_pacer_stretch(void) {
    return stretch;
}

static uint32_t left_by;  /* reason of the last seat that was left */
static uint32_t ended_by; /* bits of the last match that ended */

static void on_notice(void *user, const struct muster_notice *notice) {
    (void)user;
    *(notice->kind == MUSTER_NOTICE_SEAT_LEFT ? &left_by : &ended_by) = notice->value;
}

static int open_heard(void **state) {
    static bool subscribed; /* for the life of the process */
    left_by = 0;
    overloaded = false;
    if (rig_open(state)) return -1;
    uint64_t heard = 1u << MUSTER_NOTICE_SEAT_LEFT | 1u << MUSTER_NOTICE_MATCH_ENDED;
    if (!subscribed && notices_subscribe(NULL, heard, on_notice, NULL)) return -1;
    subscribed = true;
    return 0;
}

static void assert_disturbed(const struct lobby *lobby, uint32_t cause, uint32_t times,
                             uint32_t ms) {
    const struct match_disturbed *disturbed = &lobby->match->disturbed[cause - 1];
    assert_int_equal(disturbed->times, times);
    assert_int_equal(disturbed->ms, ms);
}

static struct lobby *play(struct session **ann, struct session **bea, char *of_ann, char *of_bea) {
    struct lobby *lobby = rig_lobby();
    *ann = rig_join(lobby, "ann", of_ann);
    *bea = rig_join(lobby, "bea", of_bea);
    rig_play(lobby);
    rig_tick(lobby);
    return lobby;
}

static void stall(uint32_t ms) {
    rig_stalled_ms += ms;
    lobby_disturbed_look();
}

static void a_stall_disturbs_who_plays_then(void **state) {
    (void)state;
    struct session *ann, *bea;
    struct lobby *waits = rig_lobby(), *stands, *lobby = play(&ann, &bea, NULL, NULL);
    stands = rig_lobby();
    rig_join(stands, "cid", NULL);
    rig_play(stands);
    assert_int_equal(lobby_freeze(stands), MUSTER_OK);
    stall(400);
    assert_true(rig_told(rig_client(ann), "\"method\":\"match.disturbed\""));
    assert_true(rig_told(rig_client(bea), "\"cause\":\"stall\",\"ms\":400"));
    assert_disturbed(lobby, MUSTER_DISTURBED_STALL, 1, 400);
    assert_disturbed(stands, MUSTER_DISTURBED_STALL, 0, 0);
    assert_null(waits->match);
    stall(0);
    stall(300);
    assert_disturbed(lobby, MUSTER_DISTURBED_STALL, 2, 700);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_RED, MUSTER_END_FORFEIT));
    assert_int_equal(rig.results.disturbed[MUSTER_DISTURBED_STALL - 1].ms, 700);
    assert_int_equal(ended_by, 1u << MUSTER_DISTURBED_STALL);
    stall(300); /* its results stand */
    assert_disturbed(lobby, MUSTER_DISTURBED_STALL, 2, 700);
}

/* Also when the connection's end is seen before the lobbies look. */
static void who_drops_by_it_has_left_nothing(void **state) {
    (void)state;
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, NULL, NULL);
    rig_stalled_ms += 400;
    rig_drop(rig_client(ann));
    assert_disturbed(lobby, MUSTER_DISTURBED_STALL, 1, 400);
    rig_settle(60200);
    assert_int_equal(lobby_players(lobby), 1);
    assert_int_equal(left_by, MUSTER_LEAVE_DISTURBED);
    rig_tick(lobby);
    assert_int_equal(game.facts.team_owed[MUSTER_TEAM_RED] + game.facts.team_owed[MUSTER_TEAM_BLUE],
                     1);
    rig_drop(rig_client(bea)); /* a minute later she has herself to thank */
    rig_settle(60200);
    assert_int_equal(left_by, MUSTER_LEAVE_TIMEOUT);
}

static void who_comes_back_or_goes_by_themselves_is_owed_nothing(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, token, NULL);
    stall(400);
    rig_drop(rig_client(ann));
    assert_int_equal(rig_resume(rig_sign_in("ann", NULL), token, NULL), RPC_OK);
    lobby_leave(bea, MUSTER_LEAVE_QUIT);
    assert_int_equal(left_by, MUSTER_LEAVE_QUIT);
    rig_settle(5100);
    rig_drop(rig_client(ann));
    rig_settle(60200);
    assert_int_equal(left_by, MUSTER_LEAVE_TIMEOUT);
    assert_int_equal(lobby_players(lobby), 0);
}

static void overload_is_told_when_it_is_over(void **state) {
    (void)state;
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, NULL, NULL);
    overloaded = true;
    lobby_disturbed_look();
    rig_settle(1500);
    assert_disturbed(lobby, MUSTER_DISTURBED_OVERLOAD, 0, 0);
    uint32_t index = ann->member;
    rig_drop(rig_client(ann));
    assert_true(lobby->members[index].owed);
    rig_settle(500);
    overloaded = false;
    lobby_disturbed_look();
    assert_disturbed(lobby, MUSTER_DISTURBED_OVERLOAD, 1, 2000);
    overloaded = true;
    lobby_disturbed_look();
    rig_settle(1000);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_RED, MUSTER_END_FORFEIT));
    assert_int_equal(rig.results.disturbed[MUSTER_DISTURBED_OVERLOAD - 1].ms, 3000);
}

static void a_match_that_ends_with_the_server_says_so(void **state) {
    (void)state;
    struct session *ann, *bea;
    lobby_close(play(&ann, &bea, NULL, NULL), MUSTER_LEAVE_SHUTDOWN, "");
    assert_string_equal(rig.results.reason, MUSTER_END_ABORTED);
    assert_int_equal(rig.results.disturbed[MUSTER_DISTURBED_SHUTDOWN - 1].times, 1);
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    lobby_close(play(&ann, &bea, NULL, NULL), MUSTER_LEAVE_KICK, ""); /* somebody wanted that */
    assert_int_equal(rig.results.disturbed[MUSTER_DISTURBED_SHUTDOWN - 1].times, 0);
}

/* ---- in another process ---------------------------------------------------------------------- */

static struct lobby *load_later(struct lobby *lobby, uint32_t cause, uint32_t later_ms) {
    static uint8_t bytes[LOBBY_STATE_BYTES_MAX];
    char error[LOBBY_ERROR_MAX];
    muster_player_id id = {0};
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    assert_int_equal(lobby_save(lobby, &w, error), MUSTER_OK);
    lobby_let_go(lobby);
    for (struct session *session; (session = session_next(&id));)
        if (session->client) rig_drop(session->client);
    rig_now_ms += later_ms;
    assert_int_equal(lobby_load((struct muster_bytes){bytes, w.len}, cause, &lobby, error),
                     MUSTER_OK);
    return lobby;
}

static void a_crash_is_in_the_log_when_it_goes_on(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE];
    struct client *client;
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, of_ann, NULL);
    lobby = load_later(lobby, MUSTER_DISTURBED_CRASH, 700);
    assert_int_equal(rig_resume(rig_sign_in("ann", &client), of_ann, of_ann), RPC_OK);
    assert_disturbed(lobby, MUSTER_DISTURBED_CRASH, 0, 0);
    lobby->match->tick += 5; /* of the log: a quarter of a second that was played */
    rig_settle(10000);
    assert_disturbed(lobby, MUSTER_DISTURBED_CRASH, 1, 10450);
    assert_true(rig_told(client, "\"cause\":\"crash\",\"ms\":10450"));
    rig_settle(59800); /* of the window nothing has passed meanwhile */
    assert_int_equal(lobby_players(lobby), 2);
    rig_settle(400);
    assert_int_equal(left_by, MUSTER_LEAVE_DISTURBED);
    lobby = load_later(lobby, MUSTER_DISTURBED_RESTART, 100);
    assert_int_equal(rig_resume(rig_sign_in("ann", &client), of_ann, NULL), RPC_OK);
    rig_settle(100);
    assert_disturbed(lobby, MUSTER_DISTURBED_CRASH, 1, 10450);
    assert_disturbed(lobby, MUSTER_DISTURBED_RESTART, 1, 200);
}

/* A second crash takes nobody what the first one left them. */
static void who_is_awaited_or_owed_is_so_after_the_next_one(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE], of_bea[TICKET_TEXT_SIZE];
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, of_ann, of_bea);
    lobby = load_later(lobby, MUSTER_DISTURBED_CRASH, 100);
    lobby = load_later(lobby, MUSTER_DISTURBED_CRASH, 200);
    assert_true(lobby->members[0].awaited && lobby->members[1].awaited);
    assert_int_equal(rig_resume(rig_sign_in("ann", NULL), of_ann, of_ann), RPC_OK);
    rig_settle(10000);
    assert_disturbed(lobby, MUSTER_DISTURBED_CRASH, 1, 10300); /* it has stood since the first */
    rig_settle(30000);
    lobby = load_later(lobby, MUSTER_DISTURBED_CRASH, 100);
    assert_false(lobby->members[1].awaited); /* nobody waits for her again */
    assert_int_equal(rig_resume(rig_sign_in("ann", NULL), of_ann, NULL), RPC_OK);
    rig_settle(200);
    assert_true(lobby->pace.armed);
    rig_settle(31000);
    assert_int_equal(lobby_players(lobby), 1);
    assert_int_equal(left_by, MUSTER_LEAVE_DISTURBED);
}

static void one_that_never_goes_on_says_why(void **state) {
    (void)state;
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, NULL, NULL);
    lobby = load_later(lobby, MUSTER_DISTURBED_CRASH, 300);
    lobby_close(lobby, MUSTER_LEAVE_KICK, "its plugin ends the server");
    assert_int_equal(rig.results.disturbed[MUSTER_DISTURBED_CRASH - 1].ms, 300);
}

/* ---- anticheats ------------------------------------------------------------------------------ */

static struct {
    struct muster_self self;
    uint32_t told;
    int64_t ms;
    uint32_t told_at_input;
} watcher;

static void on_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)instance, (void)state;
    if (strcmp(fact->kind, MUSTER_FACT_DISTURBED) != 0) return;
    watcher.told++;
    watcher.ms = fact->value;
}

static void on_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                     const struct muster_input *input) {
    (void)instance, (void)state, (void)seat, (void)tick;
    if (!input->repeated) watcher.told_at_input = watcher.told;
}

static int open_watched(void **state) {
    static const struct muster_anticheat anticheat = {
        .size = sizeof anticheat, .input = on_input, .fact = on_fact};
    static const struct muster_role roles[] = {{MUSTER_ROLE_ANTICHEAT, 0, &anticheat}};
    memset(&watcher, 0, sizeof watcher);
    return open_heard(state) || fake_plugin(&watcher.self, "watcher", roles, 1, NULL, NULL) ? -1
                                                                                            : 0;
}

static int close_watched(void **state) {
    if (rig_close(state)) return -1;
    registry_remove(&watcher.self);
    return watcher.self.pins ? -1 : 0;
}

static void look_after(uint32_t ms) {
    rig_now_ms += ms;
    lobby_disturbed_look();
}

/* Long before it is over, and again and again: what they exempt for a while stays exempted. */
static void anticheats_hear_while_ticks_are_stretched(void **state) {
    (void)state;
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, NULL, NULL);
    look_after(100);
    assert_int_equal(watcher.told, 0);
    stretch = 1.2;
    look_after(100);
    assert_int_equal(watcher.told, 1);
    assert_int_equal(watcher.ms, 0);
    look_after(0); /* somebody has dropped */
    assert_int_equal(watcher.told, 1);
    look_after(100);
    assert_int_equal(watcher.told, 2);
    stretch = 1.0;
    look_after(100);
    assert_int_equal(watcher.told, 2);
    assert_disturbed(lobby, MUSTER_DISTURBED_OVERLOAD, 0, 0);
    assert_false(rig_told(rig_client(ann), "match.disturbed"));
}

static void anticheats_hear_how_long_it_was_frozen(void **state) {
    (void)state;
    struct session *ann, *bea;
    struct lobby *lobby = play(&ann, &bea, NULL, NULL);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    rig_settle(5000);
    assert_int_equal(watcher.told, 0);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_int_equal(watcher.told, 1);
    assert_int_equal(watcher.ms, 5000);
    for (uint32_t cause = 1; cause <= MATCH_CAUSES; cause++) assert_disturbed(lobby, cause, 0, 0);
}

static void a_stall_is_known_before_the_inputs_that_waited(void **state) {
    (void)state;
    struct session *ann, *bea;
    const struct muster_input input = {.sequence = 1, .pressed = 1};
    struct lobby *lobby = play(&ann, &bea, NULL, NULL);
    rig_stalled_ms += 400;
    lobby_input(rig_client(ann), &input);
    rig_tick(lobby);
    assert_int_equal(watcher.told_at_input, 1);
    assert_int_equal(watcher.ms, 400);
    rig_tick(lobby);
    assert_disturbed(lobby, MUSTER_DISTURBED_STALL, 1, 400);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_heard, rig_close)
#define WATCHED(name) cmocka_unit_test_setup_teardown(name, open_watched, close_watched)
    const struct CMUnitTest tests[] = {
        TEST(a_stall_disturbs_who_plays_then),
        TEST(who_drops_by_it_has_left_nothing),
        TEST(who_comes_back_or_goes_by_themselves_is_owed_nothing),
        TEST(overload_is_told_when_it_is_over),
        TEST(a_match_that_ends_with_the_server_says_so),
        TEST(a_crash_is_in_the_log_when_it_goes_on),
        TEST(who_is_awaited_or_owed_is_so_after_the_next_one),
        TEST(one_that_never_goes_on_says_why),
        WATCHED(anticheats_hear_while_ticks_are_stretched),
        WATCHED(anticheats_hear_how_long_it_was_frozen),
        WATCHED(a_stall_is_known_before_the_inputs_that_waited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
