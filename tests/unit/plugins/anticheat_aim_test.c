/* anticheat_aim - shares of shots that are reported, and that are people's; what it learns. */
#include "anticheat_rig.h"

static int open_aim(void **state) {
    *state = rig_open("anticheat_aim", "any.hit=380,any.centre=100,any.snap=100");
    return 0;
}

static int open_unknown(void **state) {
    *state = rig_open("anticheat_aim", "other.hit=380");
    return 0;
}

/* `hits` of ten hit, `off` the middle; before each the aim turns so far. */
static void shoot(struct rig *rig, uint32_t shots, uint32_t hits, int64_t off, uint16_t turn) {
    uint16_t aim = 0;
    for (uint32_t i = 0; i < shots; i++) {
        bool hit = i * 7 % 10 < hits;
        aim = (uint16_t)(aim + turn);
        rig_ticks(rig, 2);
        rig_input(rig, (struct muster_input){.aim = aim});
        rig_shot(rig, hit ? off : 2000, hit);
        rig_input(rig, (struct muster_input){.aim = aim});
        rig_input(rig, (struct muster_input){.aim = aim});
    }
}

static void who_hits_as_people_do_is_not_reported(void **state) {
    struct rig *rig = *state;
    shoot(rig, 5000, 3, 600, 0);
    assert_int_equal(suspicions_heard(rig->kit), 0);
}

static void who_hits_too_often_is_reported_with_what_shows_it(void **state) {
    struct rig *rig = *state;
    shoot(rig, 200, 7, 600, 0);
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "family"), "aim");
    assert_string_equal(suspicion_text(0, "measure"), "hit");
    double share = json_real_value(json_object_get(suspicions[0], "share"));
    assert_true(share > 0.6 && share < 0.8);
    assert_int_equal(json_array_size(json_object_get(suspicions[0], "samples")), 20);
    assert_true(json_real_value(json_object_get(suspicions[0], "llr")) > 11.5);
    assert_true(json_real_value(json_object_get(suspicions[0], "pAdj")) < 0.0001);
}

static void who_hits_the_middle_each_time_is_reported(void **state) {
    struct rig *rig = *state;
    shoot(rig, 400, 3, 100, 0);
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "centre");
}

static void who_snaps_each_time_is_reported(void **state) {
    struct rig *rig = *state;
    shoot(rig, 400, 3, 400, 9000);
    assert_int_equal(suspicions_heard(rig->kit), 1);
    assert_string_equal(suspicion_text(0, "measure"), "snap");
}

static void shots_at_nobody_and_at_the_near_count_for_nothing(void **state) {
    struct rig *rig = *state;
    struct muster_fact fact = {.kind = MUSTER_FACT_SHOT, .text = "near"};
    for (uint32_t i = 0; i < 1000; i++) rig_tell(rig, fact);
    fact = (struct muster_fact){
        .kind = MUSTER_FACT_SHOT, .other_seat = MUSTER_SEAT_NONE, .third_seat = MUSTER_SEAT_NONE};
    for (uint32_t i = 0; i < 1000; i++) rig_tell(rig, fact);
    assert_int_equal(suspicions_heard(rig->kit), 0);
}

static void after_a_fault_of_the_servers_nothing_counts(void **state) {
    struct rig *rig = *state;
    rig_tell(rig, (struct muster_fact){.kind = MUSTER_FACT_DISTURBED, .value = 1000});
    for (uint32_t i = 0; i < 200; i++) rig_shot(rig, 100, true);
    assert_int_equal(suspicions_heard(rig->kit), 0);
    rig_ticks(rig, 4 * RATE + 1);
    for (uint32_t i = 0; i < 200; i++) rig_shot(rig, 100, true);
    assert_int_equal(suspicions_heard(rig->kit), 2); /* hit, centre */
    const json_t *exemptions = json_object_get(suspicions[0], "exemptions");
    assert_string_equal(json_string_value(json_array_get(exemptions, 0)), "disturbed");
}

static void a_mode_that_nobody_knows_is_learned_and_not_judged(void **state) {
    struct rig *rig = *state;
    shoot(rig, 200, 10, 0, 9000);
    assert_int_equal(suspicions_heard(rig->kit), 0);
    testkit_match_leave(rig->kit, rig->match, 1, MUSTER_LEAVE_QUIT);
    json_t *known = json_loads(testkit_command(rig->kit, "anticheat_aim"), 0, NULL);
    json_t *hit = json_object_get(json_object_get(known, "any"), "hit");
    assert_int_equal(json_integer_value(json_object_get(hit, "players")), 1);
    assert_true(json_number_value(json_object_get(hit, "p50")) == 1.0);
    assert_true(json_is_false(json_object_get(hit, "configured")));
    json_decref(known);
}

static void a_baseline_that_means_nothing_is_refused(void **state) {
    static const char *const wrong[] = {"any.hit",    "any.none=5", "any.hit=0", "any.hit=951",
                                        "any.hit=5x", "hit=5",      ".hit=5"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct testkit *kit = testkit_create();
        muster_self *plugin = testkit_load(kit, PLUGIN_DIR "/anticheat_aim.so");
        assert_true(testkit_config_set(plugin, "baselines", wrong[i]));
        if (testkit_start(plugin) == MUSTER_OK) fail_msg("%s was taken", wrong[i]);
        assert_non_null(testkit_log_find(kit, wrong[i]));
        testkit_destroy(kit);
    }
}

static void a_match_that_goes_on_forgets_nothing(void **state) {
    struct rig *rig = *state;
    shoot(rig, 40, 7, 600, 0);
    assert_int_equal(suspicions_heard(rig->kit), 0);
    for (uint32_t i = 0; i < 6; i++) {
        rig_reincarnate(rig);
        shoot(rig, 40, 7, 600, 0);
    }
    assert_int_equal(suspicions_heard(rig->kit), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_aim, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(who_hits_as_people_do_is_not_reported),
        TEST(who_hits_too_often_is_reported_with_what_shows_it),
        TEST(who_hits_the_middle_each_time_is_reported),
        TEST(who_snaps_each_time_is_reported),
        TEST(shots_at_nobody_and_at_the_near_count_for_nothing),
        TEST(after_a_fault_of_the_servers_nothing_counts),
        cmocka_unit_test_setup_teardown(a_mode_that_nobody_knows_is_learned_and_not_judged,
                                        open_unknown, rig_close),
        cmocka_unit_test(a_baseline_that_means_nothing_is_refused),
        TEST(a_match_that_goes_on_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
