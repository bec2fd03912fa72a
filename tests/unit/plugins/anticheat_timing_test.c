/* anticheat_timing - rhythms and reactions that are reported, and those of people. */
#include "anticheat_rig.h"

#define FIRE 1

static int open_timing(void **state) {
    *state = rig_open("anticheat_timing", "any.reaction=400");
    return 0;
}

/* One press every so many ticks, `jitter` at random. */
static void press_every(struct rig *rig, uint32_t presses, uint32_t every, uint32_t jitter) {
    uint32_t random = 7;
    for (uint32_t i = 0; i < presses; i++) {
        random = random * 1664525 + 1013904223;
        rig_ticks(rig, every - 1 + (jitter ? (random >> 16) % (jitter + 1) : 0));
        rig_input(rig, (struct muster_input){.held = FIRE, .pressed = FIRE});
        testkit_match_tick(rig->kit, rig->match);
    }
}

static void the_same_interval_two_hundred_times_is_a_macro(void **state) {
    struct rig *rig = *state;
    press_every(rig, 201, 3, 0);
    assert_int_equal(suspicions_heard(rig->kit), 0); /* 199 intervals: the first is not one */
    press_every(rig, 1, 3, 0);
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "family"), "timing");
    assert_string_equal(suspicion_text(0, "measure"), "macro");
    press_every(rig, 1000, 3, 0);
    assert_int_equal(suspicions_heard(rig->kit), 1);
}

static void a_finger_is_not(void **state) {
    struct rig *rig = *state;
    press_every(rig, 2000, 3, 1);
    assert_int_equal(suspicions_heard(rig->kit), 0);
}

/* Within a tick the samples say when: 2.6 ticks, which no whole number of ticks shows. */
static void samples_show_what_ticks_do_not(void **state) {
    struct rig *rig = *state;
    uint32_t next = 0;
    for (uint32_t tick = 1; tick < 600; tick++) {
        struct muster_input input = {0};
        if (next < tick * 256) {
            input.pressed = input.held = FIRE;
            input.sample_count = 1;
            input.samples[0] =
                (struct muster_input_sample){.pressed = FIRE, .at = (uint8_t)(next % 256)};
            next += 666;
        }
        rig_input(rig, input);
        testkit_match_tick(rig->kit, rig->match);
    }
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "macro");
}

/* The rhythm of a macro shows through what interrupts it. */
static void interruptions_hide_no_macro(void **state) {
    struct rig *rig = *state;
    for (uint32_t i = 0; i < 80; i++) {
        press_every(rig, 5, 3, 0);
        rig_ticks(rig, 6 + i % 7);
    }
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "macro");
}

static void pauses_are_no_rhythm(void **state) {
    struct rig *rig = *state;
    press_every(rig, 400, 20, 0);
    assert_int_equal(suspicions_heard(rig->kit), 0);
}

static void press_each_tick(struct rig *rig, uint32_t ticks) {
    for (uint32_t i = 0; i < ticks; i++) {
        rig_input(rig, (struct muster_input){.held = FIRE, .pressed = FIRE});
        testkit_match_tick(rig->kit, rig->match);
    }
}

static void twenty_presses_a_second_are_too_many(void **state) {
    struct rig *rig = *state;
    press_each_tick(rig, 2 * RATE + 1);
    rig_ticks(rig, RATE);
    assert_int_equal(suspicions_heard(rig->kit), 0); /* a burst */
    press_each_tick(rig, 2 * RATE + 1);
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "press_rate");
}

/* ---- causes ---------------------------------------------------------------------------------- */

static void appear(struct rig *rig, uint32_t times, uint32_t after, const char *text) {
    for (uint32_t i = 0; i < times; i++) {
        rig_ticks(rig, 40);
        rig_visible(rig, text);
        rig_ticks(rig, after);
        rig_input(rig, (struct muster_input){.aim = 8000, .pressed = FIRE, .held = FIRE});
        rig_shot(rig, 300, true);
        testkit_match_tick(rig->kit, rig->match);
    }
}

static void who_fires_at_once_at_whoever_appears_is_reported(void **state) {
    struct rig *rig = *state;
    appear(rig, 100, 1, "");
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "reaction");
    const json_t *baseline = json_object_get(suspicions[0], "baseline");
    assert_string_equal(json_string_value(json_object_get(baseline, "cohort")), "any");
    assert_true(json_real_value(json_object_get(baseline, "p999")) == 0.4);
}

/* Who shoots past, or at somebody else, has not reacted to who appeared. */
static void only_shots_at_who_appeared_are_reactions(void **state) {
    struct rig *rig = *state;
    for (uint32_t i = 0; i < 200; i++) {
        rig_ticks(rig, 40);
        rig_visible(rig, "");
        rig_input(rig, (struct muster_input){.pressed = FIRE, .held = FIRE});
        rig_shot(rig, 1001, false);
        testkit_match_tick(rig->kit, rig->match);
    }
    assert_int_equal(suspicions_heard(rig->kit), 0);
}

static void who_waits_for_a_spawn_is_not(void **state) {
    struct rig *rig = *state;
    appear(rig, 500, 1, "spawn");
    appear(rig, 500, 4, "");
    assert_int_equal(suspicions_heard(rig->kit), 0);
}

static void a_match_that_goes_on_forgets_nothing(void **state) {
    struct rig *rig = *state;
    press_every(rig, 150, 3, 0);
    rig_reincarnate(rig);
    press_every(rig, 60, 3, 0);
    assert_int_equal(suspicions_heard(rig->kit), 1);
    rig_reincarnate(rig);
    press_every(rig, 300, 3, 0);
    assert_int_equal(suspicions_heard(rig->kit), 1); /* nor reports it twice */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_timing, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(the_same_interval_two_hundred_times_is_a_macro),
        TEST(a_finger_is_not),
        TEST(samples_show_what_ticks_do_not),
        TEST(interruptions_hide_no_macro),
        TEST(pauses_are_no_rhythm),
        TEST(twenty_presses_a_second_are_too_many),
        TEST(who_fires_at_once_at_whoever_appears_is_reported),
        TEST(only_shots_at_who_appeared_are_reactions),
        TEST(who_waits_for_a_spawn_is_not),
        TEST(a_match_that_goes_on_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
