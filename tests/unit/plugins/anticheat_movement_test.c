/* anticheat_movement - who is reported, for what, and who is not: inputs as a match takes them. */
#include "suspicions.h"

#define RATE 20
#define MINUTE (60 * RATE)

struct fixture {
    struct testkit *kit;
    muster_self *plugin;
    muster_match_id match;
    uint32_t sequence[2];
};

static muster_match_id match_make(struct testkit *kit) {
    const struct testkit_match_options options = {
        .game_mode = "any", .seats_max = 2, .tick_rate_hz = RATE};
    muster_match_id match = testkit_match_create(kit, NULL, &options);
    for (uint32_t seat = 0; seat < 2; seat++)
        assert_int_equal(testkit_match_join(kit, match, seat, MUSTER_TEAM_NONE, "Somebody"),
                         MUSTER_OK);
    return match;
}

static int open_fixture(void **state) {
    static struct fixture f;
    f = (struct fixture){.kit = testkit_create()};
    suspicions_forget();
    muster_self *reporter = testkit_add(f.kit, &muster_plugin_descriptor);
    f.plugin = testkit_load(f.kit, PLUGIN_DIR "/anticheat_movement.so");
    if (!f.plugin || testkit_start(reporter) || testkit_start(f.plugin)) return -1;
    f.match = match_make(f.kit);
    *state = &f;
    return 0;
}

static int close_fixture(void **state) {
    struct fixture *f = *state;
    bool good = testkit_faults(f->kit) == 0 && testkit_stop(f->plugin) == 0;
    testkit_destroy(f->kit);
    return good ? 0 : -1;
}

static void send(struct fixture *f, uint32_t seat, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct muster_input input = {.sequence = ++f->sequence[seat], .move_x = 127};
        testkit_match_input(f->kit, f->match, seat, &input);
    }
}

/* One input a tick; who sits in seat 1 sends `extra` more with every so manieth. */
static void play(struct fixture *f, uint32_t ticks, uint32_t every, uint32_t extra) {
    for (uint32_t tick = 0; tick < ticks; tick++) {
        send(f, 0, 1);
        send(f, 1, every && tick % every == 0 ? 1 + extra : 1);
        testkit_match_tick(f->kit, f->match);
    }
}

static void one_a_tick_is_nothing(void **state) {
    struct fixture *f = *state;
    play(f, 10 * MINUTE, 0, 0);
    assert_int_equal(suspicions_heard(f->kit), 0);
}

static void a_tenth_more_is_reported_once_with_its_family(void **state) {
    struct fixture *f = *state;
    play(f, MINUTE, 10, 1);
    assert_int_equal(suspicions_heard(f->kit), 1);
    assert_string_equal(suspicion_text(0, "detector"), "anticheat_movement");
    assert_string_equal(suspicion_text(0, "family"), "movement");
    assert_string_equal(suspicion_text(0, "measure"), "input_rate");
    assert_string_equal(suspicion_text(0, "action"), "log");
    const json_t *window = json_object_get(suspicions[0], "window");
    json_int_t from = json_integer_value(json_object_get(window, "tickFrom"));
    json_int_t to = json_integer_value(json_object_get(window, "tickTo"));
    assert_true(from < to && to < 10 * RATE); /* within ten seconds */
    assert_true(json_array_size(json_object_get(suspicions[0], "samples")) >= 5);
    play(f, 5 * MINUTE, 10, 1);
    assert_int_equal(suspicions_heard(f->kit), 1);
}

static void a_clock_that_is_two_percent_fast_is_nothing(void **state) {
    struct fixture *f = *state;
    play(f, 10 * MINUTE, 50, 1);
    assert_int_equal(suspicions_heard(f->kit), 0);
}

/* A stalled connection sends afterwards what it could not: that is a debt paid. */
static void a_burst_after_a_stall_is_nothing(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 20; i++) {
        play(f, 5 * RATE, 0, 0);
        for (uint32_t tick = 0; tick < 2 * RATE; tick++) testkit_match_tick(f->kit, f->match);
        send(f, 1, 2 * RATE);
        send(f, 0, 2 * RATE);
    }
    assert_int_equal(suspicions_heard(f->kit), 0);
}

static void a_burst_without_one_is_reported(void **state) {
    struct fixture *f = *state;
    play(f, 5 * RATE, 0, 0);
    send(f, 1, RATE);
    play(f, RATE, 0, 0);
    assert_int_equal(suspicions_heard(f->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "input_rate");
}

/* Numbers that are left out are inputs that were dropped on the way. */
static void what_was_dropped_counts(void **state) {
    struct fixture *f = *state;
    play(f, 5 * RATE, 0, 0);
    f->sequence[1] += RATE;
    play(f, RATE, 0, 0);
    assert_int_equal(suspicions_heard(f->kit), 1);
}

static void a_client_that_comes_back_counts_anew(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 10; i++) {
        play(f, 5 * RATE, 0, 0);
        f->sequence[1] = 0;
    }
    assert_int_equal(suspicions_heard(f->kit), 0);
}

static void observe(void *user, muster_match_id match) {
    const struct fixture *f = ((void **)user)[0];
    const struct muster_fact *fact = ((void **)user)[1];
    const struct muster_host *host = testkit_host(f->kit);
    assert_int_equal(host->match->observe(f->plugin, match, fact), MUSTER_OK);
}

static void tell(struct fixture *f, const char *kind, int64_t value) {
    struct muster_fact fact = {.size = sizeof fact,
                               .seat = 1,
                               .kind = kind,
                               .value = value,
                               .other_seat = MUSTER_SEAT_NONE,
                               .third_seat = MUSTER_SEAT_NONE};
    testkit_match_steer(f->kit, f->match, true);
    observe((void *[]){f, &fact}, f->match);
    testkit_match_steer(f->kit, f->match, false);
}

static void whose_place_is_too_far_is_reported(void **state) {
    struct fixture *f = *state;
    tell(f, MUSTER_FACT_DISPLACEMENT, 1100); /* at the limit */
    tell(f, MUSTER_FACT_DISPLACEMENT, 6000); /* five ticks' way more */
    assert_int_equal(suspicions_heard(f->kit), 0);
    tell(f, MUSTER_FACT_DISPLACEMENT, 2000);
    assert_int_equal(suspicions_heard(f->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "displacement");
}

static void who_has_just_come_to_life_is_exempt(void **state) {
    struct fixture *f = *state;
    tell(f, "spawn", 0);
    tell(f, MUSTER_FACT_DISPLACEMENT, 100000);
    assert_int_equal(suspicions_heard(f->kit), 0);
    play(f, RATE + 1, 0, 0);
    tell(f, MUSTER_FACT_DISPLACEMENT, 100000);
    assert_int_equal(suspicions_heard(f->kit), 1);
}

static void who_sits_down_next_has_done_nothing(void **state) {
    struct fixture *f = *state;
    tell(f, MUSTER_FACT_DISPLACEMENT, 6000);
    testkit_match_leave(f->kit, f->match, 1, MUSTER_LEAVE_QUIT);
    assert_int_equal(testkit_match_join(f->kit, f->match, 1, MUSTER_TEAM_NONE, "Next"), MUSTER_OK);
    tell(f, MUSTER_FACT_DISPLACEMENT, 5000);
    assert_int_equal(suspicions_heard(f->kit), 0);
}

static void impossible_inputs_add_up(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 5; i++) tell(f, MUSTER_FACT_IMPOSSIBLE, 1);
    assert_int_equal(suspicions_heard(f->kit), 0);
    tell(f, MUSTER_FACT_IMPOSSIBLE, 1);
    assert_int_equal(suspicions_heard(f->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "impossible_input");
}

static void a_match_that_goes_on_forgets_nothing(void **state) {
    static uint8_t bytes[1 << 16];
    struct fixture *f = *state;
    tell(f, MUSTER_FACT_DISPLACEMENT, 6000);
    uint32_t len = testkit_match_save(f->kit, f->match, bytes, sizeof bytes);
    assert_true(len > 0);
    testkit_match_destroy(f->kit, f->match);
    const struct testkit_match_options options = {
        .game_mode = "any", .seats_max = 2, .tick_rate_hz = RATE};
    f->match = testkit_match_create(f->kit, NULL, &options);
    assert_int_equal(testkit_match_load(f->kit, f->match, bytes, len), MUSTER_OK);
    tell(f, MUSTER_FACT_DISPLACEMENT, 2000);
    assert_int_equal(suspicions_heard(f->kit), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(one_a_tick_is_nothing),
        TEST(a_tenth_more_is_reported_once_with_its_family),
        TEST(a_clock_that_is_two_percent_fast_is_nothing),
        TEST(a_burst_after_a_stall_is_nothing),
        TEST(a_burst_without_one_is_reported),
        TEST(what_was_dropped_counts),
        TEST(a_client_that_comes_back_counts_anew),
        TEST(whose_place_is_too_far_is_reported),
        TEST(who_has_just_come_to_life_is_exempt),
        TEST(who_sits_down_next_has_done_nothing),
        TEST(impossible_inputs_add_up),
        TEST(a_match_that_goes_on_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
