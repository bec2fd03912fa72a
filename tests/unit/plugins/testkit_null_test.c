/* Each function of the testkit with a null where none is allowed: the answer of a failure, and a
 * sentence that names the function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <muster_testkit.h>
#include <string.h>

static struct testkit *kit;

static int open_kit(void **state) {
    (void)state;
    kit = testkit_create();
    (void)testkit_host(kit);
    return 0;
}

static int close_kit(void **state) {
    (void)state;
    testkit_destroy(kit);
    return 0;
}

static const muster_lobby_id a_lobby = {1};
static const muster_player_id a_player = {1};
static const muster_match_id a_match = {1};

/* call is false, 0 or null, and the sentence is its function's. */
#define FAILS(function, ...)                                                                       \
    do {                                                                                           \
        assert_false(testkit_##function(__VA_ARGS__));                                             \
        assert_non_null(strstr(testkit_error(kit), "testkit_" #function " needs"));                \
    } while (0)
#define NO_ID(function, ...)                                                                       \
    do {                                                                                           \
        assert_int_equal(testkit_##function(__VA_ARGS__).value, 0);                                \
        assert_non_null(strstr(testkit_error(kit), "testkit_" #function " needs"));                \
    } while (0)
#define REFUSES(function, ...)                                                                     \
    do {                                                                                           \
        assert_int_equal(testkit_##function(__VA_ARGS__), MUSTER_INVALID);                         \
        assert_non_null(strstr(testkit_error(kit), "testkit_" #function " needs"));                \
    } while (0)
#define DOES_NOTHING(function, ...)                                                                \
    do {                                                                                           \
        testkit_##function(__VA_ARGS__);                                                           \
        assert_non_null(strstr(testkit_error(kit), "testkit_" #function " needs"));                \
    } while (0)

static void the_kit(void **state) {
    (void)state;
    assert_string_equal(testkit_error(NULL), "there is no kit");
    testkit_destroy(NULL);
    FAILS(host, NULL);
    DOES_NOTHING(data_dir_set, kit, NULL);
    DOES_NOTHING(share_dir_set, kit, NULL);
    DOES_NOTHING(untrusted_set, NULL);
    DOES_NOTHING(watch_set, NULL, true);
    FAILS(log_find, kit, NULL);
    DOES_NOTHING(log_clear, NULL);
    FAILS(faults, NULL);
    DOES_NOTHING(advance, NULL, 1);
    DOES_NOTHING(pass, NULL, 1);
    DOES_NOTHING(pump, NULL);
    DOES_NOTHING(unix_set, NULL, 1);
    FAILS(wait, NULL, NULL, NULL, 1);
    FAILS(timers, NULL);
}

static void plugins(void **state) {
    (void)state;
    FAILS(load, kit, NULL);
    FAILS(load, NULL, "plugins/none.so");
    FAILS(add, kit, NULL);
    FAILS(config_set, NULL, "key", "value");
    REFUSES(init, NULL);
    REFUSES(start, NULL);
    FAILS(stop, NULL);
    FAILS(reload, kit, NULL);
    DOES_NOTHING(unload, NULL);
    FAILS(instance, NULL);
    FAILS(role, NULL, MUSTER_ROLE_MODE);
    FAILS(overrun, NULL);
    FAILS(rules_state, NULL, a_lobby);
    REFUSES(rules_attach, kit, NULL, NULL);
    FAILS(authenticate, NULL, "token", NULL);
    FAILS(deliver, NULL, MUSTER_REPORT_ACTIVITY, NULL);
}

static void requests(void **state) {
    (void)state;
    assert_int_equal(testkit_http(kit, "GET", NULL, NULL).status, 0);
    assert_string_equal(testkit_http_admin(kit, NULL, "/", NULL).body, "");
    assert_int_equal(
        testkit_http_send(kit, (struct muster_http_request){.path = "/"}, NULL, 0).status, 0);
    assert_string_equal(testkit_stream(NULL), "");
    FAILS(stream_drop, NULL);
    DOES_NOTHING(fetch_answer, NULL, 200, "");
    assert_string_equal(testkit_fetch_last(NULL), "");
    FAILS(ws_find, kit, NULL);
    DOES_NOTHING(ws_open, NULL, 1);
    DOES_NOTHING(ws_deliver, kit, 1, NULL);
    DOES_NOTHING(ws_drop, NULL, 1);
    FAILS(ws_visit, kit, NULL, NULL, 0, false);
    assert_int_equal(testkit_ws_sent(NULL, 1).len, 0);
    FAILS(tickets, NULL);
    assert_true(isnan(testkit_metric(kit, NULL)));
    assert_string_equal(testkit_command(kit, NULL), "");
    DOES_NOTHING(notice, kit, NULL);
}

static void lobbies(void **state) {
    (void)state;
    const struct muster_lobby_info info = {.players_max = 2};
    const struct muster_member_info member = {.team = MUSTER_TEAM_RED};
    NO_ID(lobby_add, NULL, info);
    FAILS(lobby, NULL, a_lobby);
    DOES_NOTHING(lobby_set, kit, a_lobby, NULL);
    DOES_NOTHING(lobby_set, kit, (muster_lobby_id){0}, &info); /* of nothing */
    DOES_NOTHING(lobby_remove, NULL, a_lobby);
    REFUSES(lobby_reincarnate, NULL, a_lobby);
    FAILS(member_add, NULL, a_lobby, a_player, 0, 0);
    FAILS(member, NULL, a_lobby, a_player);
    DOES_NOTHING(member_set, kit, a_lobby, a_player, NULL);
    DOES_NOTHING(member_set, kit, (muster_lobby_id){0}, (muster_player_id){0}, &member);
    DOES_NOTHING(member_remove, NULL, a_lobby, a_player);
    DOES_NOTHING(ask_set, NULL, NULL, NULL);
    DOES_NOTHING(mode_set, kit, NULL, NULL, 0);
    FAILS(vote_end, NULL, a_lobby, 0);
}

static void players(void **state) {
    (void)state;
    NO_ID(player_add, kit, NULL, "Ann");
    NO_ID(player_add, kit, "ann", NULL);
    FAILS(player, NULL, a_player);
    DOES_NOTHING(player_permit, kit, a_player, NULL);
    DOES_NOTHING(player_remove, NULL, a_player);
    DOES_NOTHING(player_input, kit, a_player, NULL);
    FAILS(told_find, kit, NULL);
    assert_false(testkit_rpc(kit, a_player, NULL, "{}").answered);
}

static void matches(void **state) {
    (void)state;
    uint8_t bytes[8];
    NO_ID(match_create, kit, NULL, NULL);
    DOES_NOTHING(match_destroy, NULL, a_match);
    FAILS(match_state, NULL, a_match);
    REFUSES(match_join, kit, a_match, 0, 0, NULL);
    DOES_NOTHING(match_leave, NULL, a_match, 0, 0);
    DOES_NOTHING(match_connection, NULL, a_match, 0, true);
    DOES_NOTHING(match_input, kit, a_match, 0, NULL);
    DOES_NOTHING(match_steer, NULL, a_match, true);
    DOES_NOTHING(match_tick, NULL, a_match);
    FAILS(match_tick_count, NULL, a_match);
    FAILS(match_ended, NULL, a_match);
    FAILS(match_snapshot, kit, a_match, 0, true, NULL, 8);
    FAILS(match_save, kit, a_match, NULL, 8);
    REFUSES(match_load, kit, a_match, NULL, sizeof bytes);
    FAILS(match_seat, NULL, a_match, 0);
    DOES_NOTHING(match_facts, kit, a_match, NULL);
    FAILS(match_events, kit, a_match, NULL);
    DOES_NOTHING(match_events_clear, NULL, a_match);
    FAILS(match_fact_sum, kit, a_match, NULL);
    DOES_NOTHING(adjust_set, NULL, NULL, NULL);
    DOES_NOTHING(tell_set, NULL, NULL, NULL);
    FAILS(match_version, kit, a_match, NULL);
    FAILS(match_notes, kit, a_match, NULL);
    REFUSES(match_note, kit, a_match, NULL, bytes, 1);
    FAILS(setting_set, kit, NULL, "1");
}

/* Beside nulls: a mode that nobody has declared, and parameters that are no JSON. */
static void what_a_server_would_not_take(void **state) {
    (void)state;
    const struct muster_lobby_info info = {.game_mode = "arnea"};
    assert_int_equal(testkit_lobby_add(kit, info).value, 0);
    assert_string_equal(testkit_error(kit), "gameMode: unknown mode \"arnea\"");
    muster_player_id ann = testkit_player_add(kit, "ann", "Ann");
    struct testkit_rpc rpc = testkit_rpc(kit, ann, "lobby.list", "{\"region\":");
    assert_false(rpc.answered);
    assert_string_equal(rpc.code, "invalid_params");
    assert_string_equal(rpc.text, "lobby.list: params_json is no JSON");
    assert_string_equal(testkit_rpc(kit, ann, "lobby.list", NULL).code, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kit),
        cmocka_unit_test(plugins),
        cmocka_unit_test(requests),
        cmocka_unit_test(lobbies),
        cmocka_unit_test(players),
        cmocka_unit_test(matches),
        cmocka_unit_test(what_a_server_would_not_take),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
