/* The mode connect_four: who meets whom, moves, clocks, who leaves, the end, and what save keeps.
 */
#include "test.h"

#include <muster/writer.h>
#include <muster_testkit.h>
#include <stdio.h>

#define TICK_RATE_HZ 10
#define TURN_TICKS (30 * TICK_RATE_HZ)
#define PAUSE_TICKS (TICK_RATE_HZ + 1) /* from a message to what follows */
#define SEATS 8

enum { OPEN, FIRST, SECOND, DRAW };
enum { BY_LINE = 1, BY_FULL_BOARD, BY_CLOCK, BY_LEAVING };

struct table {
    struct testkit *kit;
    muster_self *plugin;
    muster_match_id match;
    /* As a client sees it: */
    uint32_t round, round_count, player_count, board_count;
    struct {
        uint32_t seat, points, is_gone;
    } players[SEATS];
    struct {
        uint32_t player[2], result, deadline_tick, move_count;
    } boards[SEATS / 2];
};

/* ---- at the table --------------------------------------------------------------------------- */

static muster_match_id match_make(struct table *t, uint64_t seed) {
    const struct testkit_match_options options = {.game_mode = "connect_four",
                                                  .map_name = "classic",
                                                  .seats_max = SEATS,
                                                  .tick_rate_hz = TICK_RATE_HZ,
                                                  .seed = seed};
    muster_match_id match = testkit_match_create(t->kit, t->plugin, &options);
    assert_true(match.value != 0);
    return match;
}

/* So many players, and the first tick. */
static void table_open(struct table *t, uint32_t players) {
    *t = (struct table){.kit = testkit_create()};
    t->plugin = testkit_load(t->kit, PLUGIN_DIR "/mode_connect_four.so");
    if (!t->plugin) fail_msg("%s", testkit_error(t->kit));
    assert_int_equal(testkit_start(t->plugin), MUSTER_OK);
    t->match = match_make(t, 1);
    for (uint32_t seat = 0; seat < players; seat++)
        assert_int_equal(testkit_match_join(t->kit, t->match, seat, 0, "player"), MUSTER_OK);
    testkit_match_tick(t->kit, t->match);
}

static void table_close(struct table *t) {
    assert_int_equal(testkit_faults(t->kit), 0);
    assert_int_equal(testkit_stop(t->plugin), 0);
    testkit_destroy(t->kit);
}

static uint32_t delta_len(struct table *t) {
    uint8_t bytes[256];
    return testkit_match_snapshot(t->kit, t->match, 0, false, bytes, sizeof bytes);
}

static void look(struct table *t) {
    uint8_t bytes[256];
    uint32_t len = testkit_match_snapshot(t->kit, t->match, 0, true, bytes, sizeof bytes);
    struct muster_reader in = muster_reader_make(bytes, len);
    t->round = muster_get_u8(&in);
    t->round_count = muster_get_u8(&in);
    t->player_count = muster_get_u8(&in);
    for (uint32_t i = 0; i < t->player_count; i++) {
        t->players[i].seat = muster_get_u8(&in);
        t->players[i].points = muster_get_u8(&in);
        t->players[i].is_gone = muster_get_u8(&in);
    }
    t->board_count = muster_get_u8(&in);
    for (uint32_t i = 0; i < t->board_count; i++) {
        t->boards[i].player[0] = muster_get_u8(&in);
        t->boards[i].player[1] = muster_get_u8(&in);
        t->boards[i].result = muster_get_u8(&in);
        t->boards[i].deadline_tick = muster_get_u32(&in);
        t->boards[i].move_count = muster_get_u8(&in);
        (void)muster_get_bytes(&in, t->boards[i].move_count);
    }
    assert_false(in.overflow);
    assert_int_equal(in.pos, in.len);
}

static void ticks(struct table *t, uint32_t count) {
    while (count--) testkit_match_tick(t->kit, t->match);
    look(t);
}

static uint32_t seat_of(struct table *t, uint32_t board, uint32_t side) {
    look(t);
    return t->players[t->boards[board].player[side]].seat;
}

static void say(struct table *t, uint32_t seat, uint32_t round, uint32_t column) {
    const uint8_t bytes[] = {(uint8_t)round, (uint8_t)column};
    testkit_match_message(t->kit, t->match, seat, bytes, sizeof bytes);
}

/* Columns in turn, from the one who begins: "3344". */
static void play(struct table *t, uint32_t board, const char *columns) {
    for (uint32_t i = 0; columns[i]; i++) {
        look(t);
        say(t, seat_of(t, board, t->boards[board].move_count & 1), t->round,
            (uint32_t)(columns[i] - '0'));
    }
    look(t);
}

static int64_t impossible(struct table *t) {
    return testkit_match_fact_sum(t->kit, t->match, "impossible_input");
}

/* The newest thing that happened, as the events say, too. */
static void assert_closed(struct table *t, uint32_t board, uint32_t result, uint32_t by) {
    const uint8_t expected[] = {2, (uint8_t)board, (uint8_t)result, (uint8_t)by};
    uint32_t count;
    const struct testkit_event *events = testkit_match_events(t->kit, t->match, &count);
    assert_true(count > 0);
    assert_int_equal(events[count - 1].len, sizeof expected);
    assert_memory_equal(events[count - 1].data, expected, sizeof expected);
    look(t);
    assert_int_equal(t->boards[board].result, result);
}

/* ---- cases ---------------------------------------------------------------------------------- */

static void everybody_meets_everybody_once(void **state) {
    (void)state;
    for (uint32_t players = 2; players <= SEATS; players++) {
        struct table t;
        uint32_t met[SEATS][SEATS] = {0}, begun[SEATS] = {0}, round = 1;
        table_open(&t, players);
        for (look(&t); !testkit_match_ended(t.kit, t.match); ticks(&t, PAUSE_TICKS)) {
            assert_int_equal(t.round, round++);
            assert_int_equal(t.board_count, players / 2);
            for (uint32_t i = 0; i < t.board_count; i++) {
                met[seat_of(&t, i, 0)][seat_of(&t, i, 1)]++;
                begun[seat_of(&t, i, 0)]++;
                play(&t, i, "0101010");
            }
        }
        assert_int_equal(round - 1, t.round_count);
        for (uint32_t a = 0; a < players; a++) {
            for (uint32_t b = 0; b < players; b++)
                assert_int_equal(met[a][b] + met[b][a], a == b ? 0 : 1);
            assert_in_range(begun[a], (players - 1) / 2, players / 2);
        }
        table_close(&t);
    }
}

static void a_line_of_four_wins_in_every_direction(void **state) {
    (void)state;
    static const struct {
        const char *columns;
        uint32_t result;
    } games[] = {
        {"0101010", FIRST},     {"32024232", SECOND}, /* upright */
        {"0011223", FIRST},     {"04250306", SECOND}, /* flat */
        {"01122323363", FIRST}, {"1022313233", SECOND},
        {"65544343313", FIRST}, {"1412112233", SECOND},
        {"010101", OPEN},       {"10605006050", OPEN}, /* not around an edge */
    };
    for (uint32_t i = 0; i < sizeof games / sizeof games[0]; i++) {
        struct table t;
        table_open(&t, 2);
        play(&t, 0, games[i].columns);
        if (t.boards[0].result != games[i].result)
            fail_msg("%s: %u", games[i].columns, t.boards[0].result);
        if (games[i].result != OPEN) assert_closed(&t, 0, games[i].result, BY_LINE);
        table_close(&t);
    }
}

static void a_full_board_is_a_draw(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 2);
    play(&t, 0, "662425102244532100465053454503166061113332");
    assert_closed(&t, 0, DRAW, BY_FULL_BOARD);
    assert_int_equal(t.players[0].points, 1);
    assert_int_equal(t.players[1].points, 1);
    ticks(&t, PAUSE_TICKS - 1);
    assert_false(testkit_match_ended(t.kit, t.match));
    ticks(&t, 1);
    assert_true(testkit_match_ended(t.kit, t.match));
    table_close(&t);
}

static void a_win_is_two_points(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 2);
    uint32_t winner = seat_of(&t, 0, 1), loser = seat_of(&t, 0, 0);
    play(&t, 0, "32024232");
    assert_int_equal(testkit_match_seat(t.kit, t.match, winner)->score, 2);
    assert_int_equal(testkit_match_seat(t.kit, t.match, loser)->score, 0);
    const struct muster_host_match *match = testkit_host(t.kit)->match;
    assert_int_equal(match->stat(t.plugin, t.match, winner, MUSTER_STAT_OWN), 1);
    assert_int_equal(match->stat(t.plugin, t.match, loser, MUSTER_STAT_OWN), 0);
    assert_int_equal(match->stat(t.plugin, t.match, winner, MUSTER_STAT_OWN + 1), 0);
    table_close(&t);
}

static void what_no_fair_client_sends_is_counted_and_nothing_else(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 3);
    uint32_t mover = seat_of(&t, 0, 0), other = seat_of(&t, 0, 1), off = 3 - mover - other;
    const uint8_t long_one[] = {1, 3, 3};
    testkit_match_message(t.kit, t.match, mover, long_one, sizeof long_one);
    testkit_match_message(t.kit, t.match, mover, long_one, 1);
    say(&t, mover, 1, 7);
    say(&t, mover, 0, 3);
    say(&t, mover, 2, 3);
    say(&t, other, 1, 3); /* not on the move */
    say(&t, off, 1, 3);   /* has this round off */
    assert_int_equal(impossible(&t), 7);
    play(&t, 0, "333333");
    say(&t, mover, 1, 3); /* full */
    assert_int_equal(impossible(&t), 8);
    look(&t);
    assert_int_equal(t.boards[0].move_count, 6);
    /* A move that met the end of its board on the way, or the next round, is late. */
    play(&t, 0, "0101010");
    say(&t, other, 1, 2);
    ticks(&t, PAUSE_TICKS);
    assert_int_equal(t.round, 2);
    for (uint32_t seat = 0; seat < 3; seat++)
        if (seat == seat_of(&t, 0, 0)) say(&t, seat, 1, 2);
    look(&t);
    assert_int_equal(t.boards[0].move_count, 0);
    assert_int_equal(impossible(&t), 8);
    table_close(&t);
}

static void who_is_not_on_the_move_in_time_loses(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 2);
    testkit_match_connection(t.kit, t.match, seat_of(&t, 0, 0), false); /* the clock runs on */
    ticks(&t, TURN_TICKS - 1);
    assert_int_equal(t.boards[0].result, OPEN);
    play(&t, 0, "3");
    ticks(&t, TURN_TICKS);
    assert_int_equal(t.boards[0].result, OPEN);
    ticks(&t, 1);
    assert_closed(&t, 0, FIRST, BY_CLOCK);
    table_close(&t);
}

static void who_leaves_loses_what_is_open(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 4);
    uint32_t gone = seat_of(&t, 0, 1), board = 0;
    testkit_match_leave(t.kit, t.match, gone, MUSTER_LEAVE_QUIT);
    assert_closed(&t, 0, FIRST, BY_LEAVING);
    /* Who takes the seat watches, and is not taken for the other one. */
    assert_int_equal(testkit_match_join(t.kit, t.match, gone, 0, "late"), MUSTER_OK);
    say(&t, gone, 1, 3);
    assert_int_equal(impossible(&t), 1);
    play(&t, 1, "0101010");
    ticks(&t, PAUSE_TICKS);
    assert_int_equal(t.round, 2);
    while (t.boards[board].result == OPEN) board++;
    assert_int_equal(t.boards[1 - board].result, OPEN);
    assert_int_equal(testkit_match_seat(t.kit, t.match, gone)->score, 0);
    /* The last one has won. */
    uint32_t left = 0;
    for (uint32_t i = 0; i < t.player_count; i++)
        if (!t.players[i].is_gone && left++ < 2)
            testkit_match_leave(t.kit, t.match, t.players[i].seat, MUSTER_LEAVE_TIMEOUT);
    assert_false(testkit_match_ended(t.kit, t.match));
    ticks(&t, 1);
    assert_true(testkit_match_ended(t.kit, t.match));
    table_close(&t);
}

static void it_begins_with_two(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 1);
    testkit_match_leave(t.kit, t.match, 0, MUSTER_LEAVE_QUIT);
    assert_int_equal(testkit_match_join(t.kit, t.match, 5, 0, "player"), MUSTER_OK);
    ticks(&t, 1);
    assert_int_equal(t.round, 0);
    assert_int_equal(t.player_count, 1);
    assert_int_equal(testkit_match_join(t.kit, t.match, 2, 0, "player"), MUSTER_OK);
    ticks(&t, 1);
    assert_int_equal(t.round, 1);
    assert_int_equal(testkit_match_join(t.kit, t.match, 3, 0, "late"), MUSTER_OK);
    look(&t);
    assert_int_equal(t.player_count, 2);
    table_close(&t);
}

static void a_delta_is_empty_while_nothing_changes(void **state) {
    (void)state;
    struct table t;
    table_open(&t, 2);
    assert_int_not_equal(delta_len(&t), 0);
    ticks(&t, 1);
    assert_int_equal(delta_len(&t), 0);
    play(&t, 0, "3");
    ticks(&t, 1);
    assert_int_equal(delta_len(&t), 3 + 2 * 3 + 1 + 9);
    ticks(&t, 1);
    assert_int_equal(delta_len(&t), 0);
    table_close(&t);
}

static void what_is_saved_goes_on_with_all_of_it(void **state) {
    (void)state;
    static uint8_t bytes[65536], after[65536];
    struct table t;
    table_open(&t, 5);
    play(&t, 0, "0101010");
    play(&t, 1, "3344");
    ticks(&t, 3);
    testkit_match_leave(t.kit, t.match, seat_of(&t, 0, 1), MUSTER_LEAVE_QUIT);
    uint32_t len = testkit_match_save(t.kit, t.match, bytes, sizeof bytes);
    muster_match_id first = t.match;
    t.match = match_make(&t, 2);
    assert_int_equal(testkit_match_load(t.kit, t.match, bytes, len), MUSTER_OK);
    muster_match_id second = t.match;
    for (uint32_t i = 0; i < 2; i++) {
        t.match = i == 0 ? first : second;
        play(&t, 1, "2");
        ticks(&t, 1);
        assert_int_not_equal(delta_len(&t), 0);
        ticks(&t, TURN_TICKS + PAUSE_TICKS + 5);
        assert_int_equal(t.round, 2);
    }
    len = testkit_match_save(t.kit, first, bytes, sizeof bytes);
    assert_int_equal(testkit_match_save(t.kit, second, after, sizeof after), len);
    assert_memory_equal(bytes, after, len);
    table_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_meets_everybody_once),
        cmocka_unit_test(a_line_of_four_wins_in_every_direction),
        cmocka_unit_test(a_full_board_is_a_draw),
        cmocka_unit_test(a_win_is_two_points),
        cmocka_unit_test(what_no_fair_client_sends_is_counted_and_nothing_else),
        cmocka_unit_test(who_is_not_on_the_move_in_time_loses),
        cmocka_unit_test(who_leaves_loses_what_is_open),
        cmocka_unit_test(it_begins_with_two),
        cmocka_unit_test(a_delta_is_empty_while_nothing_changes),
        cmocka_unit_test(what_is_saved_goes_on_with_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
