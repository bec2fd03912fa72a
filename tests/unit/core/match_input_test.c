/* What becomes of a player's inputs between the wire and the mode. */
#include "match_rig.h"

static void a_tick_takes_one_input_and_two_when_more_wait(void **state) {
    (void)state;
    struct match *match = make_with_player();
    for (uint32_t i = 1; i <= 4; i++) push(match, i, 0, 0);
    step(match);
    assert_int_equal(game.seen_count, 2);
    assert_int_equal(seen(0)->sequence, 1);
    assert_int_equal(seen(1)->sequence, 2);
    assert_int_equal(match->seats[0].ring.ack, 2);
    push(match, 5, 0, 0);
    step(match);
    step(match);
    assert_int_equal(game.seen_count, 5);
    assert_int_equal(seen(4)->sequence, 5);
    assert_int_equal(match->seats[0].ring.ack, 5);
    match_destroy(match);
}

/* What stands around a call costs more than an input does. */
static void the_inputs_of_a_tick_are_one_call_of_the_mode(void **state) {
    (void)state;
    struct match *match = make_with_player();
    join(match, 1, "bea");
    step(match);
    uint64_t before = game.self.call_count;
    step(match);
    uint64_t calls = game.self.call_count - before;
    const struct muster_input other = {.sequence = 1};
    for (uint32_t i = 1; i <= 2; i++) push(match, i, 0, 0);
    match_input_push(match, 1, &other);
    before = game.self.call_count;
    step(match);
    assert_int_equal(game.seen_count, 3);
    assert_int_equal(game.self.call_count - before, calls);
    match_destroy(match);
}

static void an_overflow_keeps_the_edges_of_what_goes(void **state) {
    (void)state;
    struct match *match = make_with_player();
    push(match, 1, 0, 0x10);
    push(match, 2, 0, 0x20);
    for (uint32_t i = 3; i <= 6; i++) push(match, i, 0, 0);
    step(match);
    assert_int_equal(seen(0)->sequence, 3);
    assert_int_equal(seen(0)->pressed, 0x30);
    assert_int_equal(seen(1)->pressed, 0);
    match_destroy(match);
}

static void a_missing_input_is_repeated_for_a_while_then_all_is_let_go(void **state) {
    (void)state;
    struct match *match = make_with_player();
    push(match, 1, 6, 2);
    for (int i = 0; i < 12; i++) step(match);
    assert_int_equal(game.seen_count, 1 + 5 + 1); /* 250 ms at 20 Hz, and the release */
    for (uint32_t i = 1; i <= 5; i++) {
        assert_int_equal(seen(i)->held, 6);
        assert_int_equal(seen(i)->pressed, 0);
        assert_int_equal(seen(i)->move_x, 100);
        assert_int_equal(seen(i)->repeated, 1);
        assert_int_equal(seen(i)->sequence, 1);
    }
    assert_int_equal(seen(6)->held, 0);
    assert_int_equal(seen(6)->move_x, 0);
    assert_int_equal(seen(6)->aim, 5);
    match_destroy(match);
}

/* Each new input is repeated for as long as the first one was. */
static void a_new_input_has_its_repeats_anew(void **state) {
    (void)state;
    struct match *match = make_with_player();
    uint32_t most = match->repeat_ticks_max;
    assert_in_range(most, 2, 20);
    for (uint32_t round = 0; round < 2; round++) {
        push(match, round + 1, 1, 0);
        for (uint32_t i = 0; i <= most; i++) step(match);
        assert_int_equal(seen(game.seen_count - 1)->move_x, 100); /* not let go of yet */
    }
    step(match);
    assert_int_equal(seen(game.seen_count - 1)->move_x, 0);
    match_destroy(match);
}

static void who_returns_sends_anew(void **state) {
    (void)state;
    struct match *match = make_with_player();
    static const uint32_t firsts[] = {1, 0, 0xC0000000}; /* it may begin where it likes */
    for (uint32_t i = 0; i < 3; i++) {
        push(match, 7, 1, 1);
        match_connection(match, 0, false);
        match_connection(match, 0, true);
        game.seen_count = 0;
        match->seats[0].ring.active = false;
        step(match);
        assert_int_equal(game.seen_count, 0); /* what waited is of the connection before */
        push(match, firsts[i], 1, 0);
        step(match);
        assert_int_equal(game.seen_count, 1);
        assert_int_equal(match->seats[0].ring.ack, firsts[i]);
    }
    match_destroy(match);
}

static void what_is_not_newer_is_ignored_and_the_count_wraps(void **state) {
    (void)state;
    struct match *match = make_with_player();
    push(match, UINT32_MAX, 0, 0);
    push(match, UINT32_MAX, 0, 0);
    push(match, UINT32_MAX - 1, 0, 0);
    push(match, 0, 0, 0);
    push(match, UINT32_MAX, 0, 0);
    assert_int_equal(match->seats[0].ring.count, 2);
    step(match);
    assert_int_equal(match->seats[0].ring.ack, 0);
    match_destroy(match);
}

static void nobody_steers_a_bot_or_an_empty_seat(void **state) {
    (void)state;
    struct match *match = make_with_player();
    const struct muster_input input = {.sequence = 1, .held = 1};
    match_input_push(match, 1, &input);
    match->seats[2].used = match->seats[2].is_bot = true;
    match_input_push(match, 2, &input);
    step(match);
    assert_int_equal(game.seen_count, 0);
    match_destroy(match);
}

/* What was held when the connection went runs out; who returns counts from one again. */
static void a_dropped_players_buttons_run_out(void **state) {
    (void)state;
    struct match *match = make_with_player();
    push(match, 900, 6, 0);
    step(match);
    match_connection(match, 0, false);
    assert_int_equal(game.last_connected, 0);
    for (int i = 0; i < 10; i++) step(match);
    assert_int_equal(seen(game.seen_count - 1)->held, 0);
    match_connection(match, 0, true);
    assert_int_equal(match->seats[0].ring.ack, 0);
    push(match, 1, 3, 0);
    step(match);
    assert_int_equal(seen(game.seen_count - 1)->held, 3);
    assert_int_equal(match->seats[0].ring.ack, 1);
    match_destroy(match);
}

static void recorded_inputs_come_back_as_they_were(void **state) {
    (void)state;
    struct muster_input input = {.sequence = 0xA1B2C3D4,
                                 .held = 0x1234,
                                 .pressed = 0xFEDC,
                                 .aim = 0x8001,
                                 .move_x = -127,
                                 .move_y = 127,
                                 .repeated = 1};
    for (uint8_t samples = 0; samples <= MUSTER_INPUT_SAMPLES_MAX; samples++) {
        uint8_t bytes[MATCH_INPUT_BYTES];
        struct muster_input back;
        input.sample_count = samples;
        if (samples)
            input.samples[samples - 1] =
                (struct muster_input_sample){.pressed = samples, .aim = 77, .at = 255};
        uint32_t len = match_input_encode(&input, bytes);
        assert_int_equal(match_input_decode(bytes, len, &back), MUSTER_OK);
        assert_memory_equal(&back, &input, sizeof input);
        for (uint32_t cut = 0; cut < len; cut++)
            assert_int_equal(match_input_decode(bytes, cut, &back),
                             cut >= 13 && (cut - 13) % 5 == 0 ? MUSTER_OK : MUSTER_INVALID);
    }
    uint8_t longer[MATCH_INPUT_BYTES] = {0};
    assert_int_equal(match_input_decode(longer, 29, &input), MUSTER_INVALID);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(a_tick_takes_one_input_and_two_when_more_wait),
        TEST(the_inputs_of_a_tick_are_one_call_of_the_mode),
        TEST(an_overflow_keeps_the_edges_of_what_goes),
        TEST(a_missing_input_is_repeated_for_a_while_then_all_is_let_go),
        TEST(a_new_input_has_its_repeats_anew),
        TEST(who_returns_sends_anew),
        TEST(what_is_not_newer_is_ignored_and_the_count_wraps),
        TEST(nobody_steers_a_bot_or_an_empty_seat),
        TEST(a_dropped_players_buttons_run_out),
        TEST(recorded_inputs_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
