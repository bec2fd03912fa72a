/* A frozen lobby: its match stands between two ticks, no deadline runs, and it goes on as it was.
 */
#include "books_rig.h"

static uint32_t frozen, thawed;

static void on_notice(void *user, const struct muster_notice *notice) {
    (void)user;
    frozen += notice->kind == MUSTER_NOTICE_LOBBY_FROZEN;
    thawed += notice->kind == MUSTER_NOTICE_LOBBY_THAWED;
}

static int open_heard(void **state) {
    static bool subscribed; /* for the life of the process */
    if (rig_open(state)) return -1;
    frozen = thawed = 0;
    uint64_t heard = 1u << MUSTER_NOTICE_LOBBY_FROZEN | 1u << MUSTER_NOTICE_LOBBY_THAWED;
    if (!subscribed && notices_subscribe(NULL, heard, on_notice, NULL)) return -1;
    subscribed = true;
    return 0;
}

static void a_match_stands_between_two_ticks(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    const struct muster_input input = {.sequence = 1, .pressed = 1};
    rig_play(lobby);
    rig_tick(lobby);
    uint64_t hash = match_hash(lobby->match);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    assert_int_equal(lobby_freeze(lobby), MUSTER_STATE);
    assert_int_equal(frozen, 1);
    assert_true(rig_told(rig_client(ann), "\"frozen\":true"));
    assert_false(lobby->pace.armed);
    lobby_input(rig_client(ann), &input);
    rig_settle(5000);
    assert_true(match_hash(lobby->match) == hash);
    rig_forget(rig_client(ann));
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_int_equal(lobby_thaw(lobby), MUSTER_STATE);
    assert_int_equal(thawed, 1);
    assert_true(rig_told(rig_client(ann), "\"frozen\":false"));
    assert_true(match_hash(lobby->match) == hash);
    game.seen_count = 0;
    rig_tick(lobby);
    assert_int_equal(game.seen_count, 0); /* what was pressed meanwhile is not taken */
    lobby_input(rig_client(ann), &input);
    rig_tick(lobby);
    assert_int_equal(game.seen_count, 1);
}

static void who_drops_comes_back_and_the_window_stands(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct client *again;
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "bea", NULL);
    struct session *ann = rig_join(lobby, "ann", token);
    rig_play(lobby);
    rig_drop(rig_client(ann));
    rig_settle(50000);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    rig_settle(300000);
    assert_int_equal(lobby_players(lobby), 2);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    rig_settle(5000);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    assert_ptr_equal(rig_sign_in("ann", &again), ann);
    assert_int_equal(rig_resume(ann, token, token), RPC_OK);
    assert_false(lobby->match->seats[ann->member].connected); /* the match learns it later */
    rig_settle(100);
    assert_int_equal(rig.snapshots[again->conn - 1], 1); /* and the client sees how it stands */
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_true(lobby->match->seats[ann->member].connected);
    rig_settle(100000);
    assert_int_equal(lobby_players(lobby), 2);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    rig_drop(again);
    rig_settle(100000);
    assert_true(lobby->match->seats[ann->member].connected);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_false(lobby->match->seats[ann->member].connected);
    rig_settle(59800); /* the window begins with the thaw */
    assert_int_equal(lobby_players(lobby), 2);
    rig_settle(400);
    assert_int_equal(lobby_players(lobby), 1);
}

static void nobody_gets_a_seat_and_tickets_wait(void **state) {
    (void)state;
    char reserved[TICKET_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    struct session *bea = rig_sign_in("bea", NULL), *cid = rig_sign_in("cid", NULL);
    assert_int_equal(rig_reserve(lobby, bea, reserved), RPC_OK);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    assert_false(lobby_open(lobby));
    assert_int_equal(rig_reserve(lobby, cid, ticket), RPC_WRONG_STATE);
    assert_int_equal(rig_enter(bea, reserved, NULL), RPC_WRONG_STATE);
    rig_settle(60000);
    assert_int_equal(lobby_players(lobby), 2);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_int_equal(rig_enter(bea, reserved, NULL), RPC_OK);
    assert_int_equal(rig_reserve(lobby, cid, ticket), RPC_OK);
}

static void countdown_and_scoreboard_stand(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL);
    for (int i = 0; lobby->state != MUSTER_LOBBY_STARTING && i < 10; i++) rig_settle(100);
    rig_settle(1000); /* of 3000 */
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    rig_settle(10000);
    rig_forget(rig_client(ann));
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_true(rig_told(rig_client(ann), "lobby.countdown"));
    rig_settle(1800);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    rig_settle(400);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_RED, MUSTER_END_FORFEIT));
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    rig_settle(60000);
    rig_forget(rig_client(ann));
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    assert_true(rig_told(rig_client(ann), "\"vote\":\"restart\"")); /* and when it ends now */
    assert_false(lobby->pace.armed);
    rig_settle(14800);
    assert_non_null(lobby_find(id));
    rig_settle(400);
    assert_null(lobby_find(id));
}

static void frozen_for_too_long_it_is_closed_with_its_results(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct session *ann = rig_join(lobby, "ann", NULL);
    rig_play(lobby);
    rig_tick(lobby);
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    rig_settle(599800);
    assert_non_null(lobby_find(id));
    rig_settle(400);
    assert_null(lobby_find(id));
    assert_int_equal(rig.match_ended, 1);
    assert_string_equal(rig.results.reason, MUSTER_END_ABORTED);
    assert_true(rig_told(rig_client(ann), "it was frozen for too long"));
}

static void an_empty_one_that_is_frozen_stays(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct failure failure = {0};
    struct lobby *out = NULL;
    const struct lobby_wish wish = {.game_mode = "fake", .region = ""};
    char name[8];
    assert_int_equal(lobby_freeze(lobby), MUSTER_OK);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "p%d", i);
        rig_join(rig_lobby(), name, NULL);
    }
    rig_settle(60000);
    assert_non_null(lobby_find(id));
    assert_int_equal(lobby_create(&wish, &out, &failure), RPC_SERVER_FULL);
    json_decref(failure.data);
    assert_int_equal(lobby_thaw(lobby), MUSTER_OK);
    rig_settle(30200);
    assert_null(lobby_find(id));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_heard, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_match_stands_between_two_ticks),
        TEST(who_drops_comes_back_and_the_window_stands),
        TEST(nobody_gets_a_seat_and_tickets_wait),
        TEST(countdown_and_scoreboard_stand),
        TEST(frozen_for_too_long_it_is_closed_with_its_results),
        TEST(an_empty_one_that_is_frozen_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
