/* Zones and items: what rules are told of them, and how they are saved and sent. */
#include "arena_rules.h"
#include "arena_seen.h"

#define SAVE_MAX 65536

static void walk(struct fixture *f, uint32_t seat, int move_x, uint32_t ticks) {
    while (ticks--) {
        fixture_input(f, seat, move_x, 0, 0, 0);
        fixture_ticks(f, 1);
    }
}

/* ---- zones ----------------------------------------------------------------------------------- */

static void test_zones_are_entered_and_left(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    assert_int_equal(COMMAND(&f, "zone", "at:5,8|hill", 3, 256, 0, 0), MUSTER_OK);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "");
    walk(&f, 0, 127, 10); /* 480 units: from 2.5 tiles to 4.4 */
    assert_string_equal(heard(), "");
    walk(&f, 0, 127, 1); /* 1168, and the zone begins at 1152 */
    assert_string_equal(heard(), "zone_enter 0 3");
    walk(&f, 0, 127, 10);
    assert_string_equal(heard(), "");
    walk(&f, 0, 127, 1); /* 1696, and it ended at 1664 */
    assert_string_equal(heard(), "zone_leave 0 3");
    walk(&f, 0, -127, 2);
    assert_string_equal(heard(), "zone_enter 0 3");
    /* The same zone elsewhere, then larger, then gone. */
    assert_int_equal(COMMAND(&f, "zone", "at:8,8|hill", 3, 256, 1, 50), MUSTER_OK);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "zone_leave 0 3, zone_enter 1 3");
    assert_int_equal(COMMAND(&f, "zone", "at:8,8|hill", 3, 1024, 1, 50), MUSTER_OK);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "zone_enter 0 3");
    assert_int_equal(COMMAND(&f, "zone_remove", "", 3), MUSTER_OK);
    assert_string_equal(heard(), "zone_leave 0 3, zone_leave 1 3");
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "");
    duel_close(&f);
}

static void test_the_dead_and_gone_leave_zones(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    assert_int_equal(COMMAND(&f, "zone", "at:5,8|a", 1, 1024, 0, 0), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "zone", "at:2,8|b", 2, 64, 0, 0), MUSTER_OK);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "zone_enter 0 1, zone_enter 1 1, zone_enter 0 2");
    assert_int_equal(COMMAND(&f, "kill", "", 0), MUSTER_OK);
    assert_string_equal(heard(), "kill 0 1, zone_leave 0 1, zone_leave 0 2");
    testkit_match_leave(f.kit, f.match, 1, MUSTER_LEAVE_QUIT);
    assert_string_equal(heard(), "zone_leave 1 1");
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "");
    duel_close(&f);
}

/* ---- items ----------------------------------------------------------------------------------- */

static void test_a_flag_is_taken_lost_and_touched(void **state) {
    struct fixture f;
    const struct item *flag;
    (void)state;
    duel(&f);
    flag = &f.arena->items[0];
    assert_int_equal(COMMAND(&f, "item", "at:5,8|flag", 1, MUSTER_TEAM_BLUE, WHO_ENEMIES),
                     MUSTER_OK);
    fixture_place(&f, 1, 5 * 256 + 128, ROW); /* its own team, at home: nothing */
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "");
    fixture_place(&f, 1, 12 * 256 + 128, ROW);
    walk(&f, 0, 127, 20);
    assert_string_equal(heard(), "pickup 0 1 flag");
    assert_int_equal(flag->carrier, 0);
    assert_int_equal(flag->at_home, 0);
    assert_int_equal(COMMAND(&f, "kill", "", 0), MUSTER_OK);
    assert_string_equal(heard(), "kill 0 1, drop 0 1 flag");
    assert_int_equal(flag->carrier, MUSTER_SEAT_NONE);
    assert_int_equal(flag->x, f.arena->avatars[0].x);
    fixture_place(&f, 1, flag->x + ITEM_REACH + 1, ROW);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "");
    fixture_place(&f, 1, flag->x + ITEM_REACH, ROW);
    fixture_ticks(&f, 3); /* stays at it: told once */
    assert_string_equal(heard(), "touch 1 1 flag");
    fixture_place(&f, 1, 12 * 256 + 128, ROW);
    fixture_ticks(&f, 1);
    fixture_place(&f, 1, flag->x, ROW);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "touch 1 1 flag");
    assert_int_equal(COMMAND(&f, "item_home", "", 1), MUSTER_OK);
    assert_int_equal(flag->x, 5 * 256 + 128);
    assert_int_equal(flag->at_home, 1);
    fixture_place(&f, 1, flag->x, ROW);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "");
    duel_close(&f);
}

static void test_who_may_take_what(void **state) {
    /* By item's team and who: may red, may blue. */
    static const struct {
        uint32_t team, who;
        bool red, blue;
    } cases[] = {
        {0, WHO_ANYONE, true, true}, {1, WHO_ANYONE, true, true},  {1, WHO_ENEMIES, false, true},
        {1, WHO_TEAM, true, false},  {0, WHO_ENEMIES, true, true}, {0, WHO_TEAM, false, false},
    };
    struct fixture f;
    (void)state;
    duel(&f);
    fixture_place(&f, 0, 5 * 256 + 128, ROW);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (uint32_t seat = 0; seat < 2; seat++) {
            fixture_place(&f, seat, 5 * 256 + 128, ROW);
            fixture_place(&f, !seat, 12 * 256 + 128, ROW);
            assert_int_equal(COMMAND(&f, "item", "at:5,8|box", 2, cases[i].team, cases[i].who),
                             MUSTER_OK);
            fixture_ticks(&f, 1);
            bool may = seat ? cases[i].blue : cases[i].red;
            assert_int_equal(f.arena->items[1].carrier, may ? seat : MUSTER_SEAT_NONE);
        }
    }
    duel_close(&f);
}

static void test_carry_and_leave(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    assert_int_equal(COMMAND(&f, "item", "center|crown", 4, 0, WHO_ANYONE), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "carry", "", 4, 0), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "carry", "", 4, 0), MUSTER_OK); /* has it already */
    assert_int_equal(COMMAND(&f, "carry", "", 4, 1), MUSTER_OK);
    assert_string_equal(heard(), "pickup 0 4 crown, pickup 1 4 crown");
    walk(&f, 1, 127, 5);
    int32_t x = f.arena->avatars[1].x;
    testkit_match_leave(f.kit, f.match, 1, MUSTER_LEAVE_QUIT);
    assert_string_equal(heard(), "drop 1 4 crown");
    assert_int_equal(f.arena->items[3].x, x);
    fixture_place(&f, 0, x, ROW);
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "pickup 0 4 crown");
    assert_int_equal(COMMAND(&f, "item_remove", "", 4), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "kill", "", 0), MUSTER_OK);
    assert_string_equal(heard(), "kill 0 1");
    duel_close(&f);
}

/* ---- anything rules can ask for, with people and bots ---------------------------------------- */

static uint32_t random_of(uint32_t *seed) {
    return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

static void random_command(struct fixture *f, uint32_t *seed) {
    static const char *const names[] = {"zone",  "zone", "zone_remove", "item", "item", "item_home",
                                        "carry", "kill", "item_remove", "heal", "team", "loadout",
                                        "spawn"};
    static const uint32_t counts[] = {4, 4, 1, 3, 3, 1, 2, 1, 1, 2, 2, 4, 1};
    static const char *const texts[] = {"center|flag", "red_base|red_flag", "blue_base|blue_flag",
                                        "at:8,8|crown", "at:15,7|box"};
    uint32_t n = random_of(seed) % (sizeof(names) / sizeof(*names));
    int64_t args[4] = {random_of(seed) % 10, random_of(seed) % 4, random_of(seed) % 3,
                       random_of(seed) % 101};
    if (strcmp(names[n], "zone") == 0) args[1] = 1 + random_of(seed) % 1500;
    if (counts[n] <= 2 && random_of(seed) % 2) args[0] = 8 + random_of(seed) % 8;
    (void)command(f, names[n], texts[random_of(seed) % 5], args, counts[n]);
}

static void play(struct fixture *f, uint32_t *seed) {
    for (uint32_t seat = 0; seat < 2; seat++) {
        struct muster_input input = {.held = (uint16_t)(random_of(seed) & 3),
                                     .aim = (uint16_t)random_of(seed),
                                     .move_x = (int8_t)random_of(seed),
                                     .move_y = (int8_t)random_of(seed)};
        testkit_match_input(f->kit, f->match, seat, &input);
    }
    if (random_of(seed) % 4 == 0) random_command(f, seed);
    fixture_ticks(f, 1);
}

static void begin(struct fixture *f) {
    fixture_open(f, SHARE_DIR);
    assert_true(testkit_setting_set(f->kit, "botFill", "8"));
    fixture_match(f, "crossfire", 77);
    fixture_join(f, 0, MUSTER_TEAM_NONE);
    fixture_join(f, 1, MUSTER_TEAM_NONE);
}

static void test_deltas_add_up_to_full(void **state) {
    static struct seen by_delta, by_full;
    struct fixture f;
    uint32_t seed = 3, objectives = 0;
    (void)state;
    begin(&f);
    fixture_ticks(&f, 1);
    seen_read(&f, &by_delta, true);
    for (uint32_t i = 0; i < 4000; i++) {
        if (i % 500 == 100) testkit_match_leave(f.kit, f.match, 1, MUSTER_LEAVE_QUIT);
        if (i % 500 == 130) fixture_join(&f, 1, MUSTER_TEAM_NONE);
        play(&f, &seed);
        seen_read(&f, &by_delta, false);
        seen_read(&f, &by_full, true);
        assert_memory_equal(&by_delta, &by_full, sizeof(by_full));
        for (uint32_t n = 0; n < ITEMS_MAX; n++)
            objectives += by_full.zones[n + 1].present + by_full.items[n + 1].present;
    }
    assert_true(objectives > 4000);
    fixture_close(&f);
}

static void test_load_goes_on_the_same(void **state) {
    static uint8_t save[SAVE_MAX], one[SAVE_MAX], two[SAVE_MAX];
    (void)state;
    for (uint32_t at = 50; at < 1000; at += 211) {
        struct fixture f;
        uint32_t seed = at;
        begin(&f);
        for (uint32_t i = 0; i < at; i++) play(&f, &seed);
        uint32_t len = testkit_match_save(f.kit, f.match, save, sizeof(save));
        struct fixture second = f;
        fixture_match(&second, "crossfire", 1);
        assert_int_equal(testkit_match_load(f.kit, second.match, save, len), MUSTER_OK);
        for (uint32_t i = 0; i < 400; i++) {
            uint32_t a = seed, b = seed;
            play(&f, &a);
            play(&second, &b);
            seed = a;
            len = testkit_match_save(f.kit, f.match, one, sizeof(one));
            assert_int_equal(testkit_match_save(f.kit, second.match, two, sizeof(two)), len);
            assert_memory_equal(one, two, len);
            if (i == 0) continue; /* whose clients know no step of before */
            len = testkit_match_snapshot(f.kit, f.match, 0, false, one, sizeof(one));
            assert_int_equal(
                testkit_match_snapshot(f.kit, second.match, 0, false, two, sizeof(two)), len);
            assert_memory_equal(one, two, len);
        }
        fixture_close(&f);
    }
}

/* All that there can be at a time fits into a snapshot; a damaged save of it is refused or goes on,
 * and never leads outside. */
static void test_full_house_and_damaged_saves(void **state) {
    static uint8_t save[SAVE_MAX], bad[SAVE_MAX];
    static struct seen seen;
    struct fixture f;
    uint32_t seed = 4, refused = 0;
    (void)state;
    begin(&f);
    fixture_ticks(&f, 30);
    for (int64_t id = 1; id <= 8; id++) {
        assert_int_equal(COMMAND(&f, "zone", "center|fifteen letters", id, 900, 1, 50), MUSTER_OK);
        assert_int_equal(COMMAND(&f, "item", "center|fifteen_letters", id, 1, 0), MUSTER_OK);
    }
    for (int64_t seat = 0; seat < 16; seat++) (void)COMMAND(&f, "loadout", "", seat, 1, 150, 200);
    assert_int_equal(COMMAND(&f, "carry", "", 1, 0), MUSTER_OK);
    fixture_ticks(&f, 1);
    assert_true(seen_read(&f, &seen, false) > 450);
    assert_true(seen_read(&f, &seen, true) > 550);
    assert_string_equal(seen.zones[8].label, "fifteen letters");
    assert_int_equal(seen.items[1].carrier, 0);
    assert_int_equal(seen.avatars[0].level, 200);
    uint32_t len = testkit_match_save(f.kit, f.match, save, sizeof(save));
    for (uint32_t i = 0; i < 1000; i++) {
        memcpy(bad, save, len);
        for (int n = 0; n < 3; n++) bad[random_of(&seed) % len] = (uint8_t)random_of(&seed);
        fixture_match(&f, "crossfire", 1);
        if (testkit_match_load(f.kit, f.match, bad, len) == MUSTER_OK) {
            fixture_ticks(&f, 5);
            seen_read(&f, &seen, true);
        } else {
            refused++;
        }
        testkit_match_destroy(f.kit, f.match);
    }
    assert_true(refused > 0 && refused < 1000);
    testkit_destroy(f.kit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zones_are_entered_and_left),
        cmocka_unit_test(test_the_dead_and_gone_leave_zones),
        cmocka_unit_test(test_a_flag_is_taken_lost_and_touched),
        cmocka_unit_test(test_who_may_take_what),
        cmocka_unit_test(test_carry_and_leave),
        cmocka_unit_test(test_deltas_add_up_to_full),
        cmocka_unit_test(test_load_goes_on_the_same),
        cmocka_unit_test(test_full_house_and_damaged_saves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
