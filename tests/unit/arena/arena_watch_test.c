/* What mode_arena tells anticheats: who could be hit, how far off a shot is aimed, and what was
 * refused. Seats 0 and 1 are enemies in an open row of the map. */
#include "arena_fixture.h"

#define ROW_Y (11 * TILE_UNITS + TILE_UNITS / 2)
#define FAR_X (10 * TILE_UNITS)
#define EDGE 651 /* of who stands there: the angle of 80 at 1,280 units */

static int open_watched(void **state) {
    static struct fixture f;
    fixture_open(&f, SHARE_DIR);
    fixture_match(&f, "crossfire", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_join(&f, 1, MUSTER_TEAM_BLUE);
    fixture_ticks(&f, 1);
    *state = &f;
    return 0;
}

static int close_watched(void **state) {
    fixture_close(*state);
    return 0;
}

static void stand(struct fixture *f, int32_t other_x) {
    fixture_place(f, 0, 5 * TILE_UNITS, ROW_Y);
    fixture_place(f, 1, other_x, ROW_Y);
}

static int64_t told(struct fixture *f, const char *kind) {
    return testkit_match_fact_sum(f->kit, f->match, kind);
}

/* Pressed in the tick, with that aim. */
static void press(struct fixture *f, uint16_t aim) {
    const struct muster_input input = {.held = BUTTON_RIFLE, .pressed = BUTTON_RIFLE, .aim = aim};
    testkit_match_input(f->kit, f->match, 0, &input);
    fixture_ticks(f, 1);
    fixture_input(f, 0, 0, 0, 0, aim);
    fixture_ticks(f, RIFLE_COOLDOWN_TICKS);
}

static void who_comes_into_sight_is_told_once_to_both(void **state) {
    struct fixture *f = *state;
    int64_t before = told(f, MUSTER_FACT_VISIBLE);
    stand(f, FAR_X);
    fixture_ticks(f, 10);
    assert_int_equal(told(f, MUSTER_FACT_VISIBLE), before + 2);
    stand(f, 25 * TILE_UNITS); /* out of range */
    fixture_ticks(f, 1);
    stand(f, FAR_X);
    fixture_ticks(f, 1);
    assert_int_equal(told(f, MUSTER_FACT_VISIBLE), before + 4);
}

static void mates_and_the_dead_are_no_targets(void **state) {
    struct fixture *f = *state;
    int64_t before = told(f, MUSTER_FACT_VISIBLE);
    f->arena->avatars[1].team = MUSTER_TEAM_RED;
    stand(f, FAR_X);
    fixture_ticks(f, 1);
    f->arena->avatars[1].team = MUSTER_TEAM_BLUE;
    f->arena->avatars[1].alive = 0;
    fixture_ticks(f, 1);
    assert_int_equal(told(f, MUSTER_FACT_VISIBLE), before);
}

static void a_shot_tells_how_far_it_is_off(void **state) {
    struct fixture *f = *state;
    stand(f, FAR_X);
    press(f, 0);
    assert_true(llabs(told(f, MUSTER_FACT_SHOT)) < 10); /* the middle */
    press(f, EDGE);
    int64_t at_edge = told(f, MUSTER_FACT_SHOT);
    assert_true(at_edge > 950 && at_edge < 1050);
    press(f, (uint16_t)-EDGE);
    assert_true(llabs(told(f, MUSTER_FACT_SHOT)) < 50); /* as far to the other side */
    assert_int_equal(f->arena->avatars[1].health, HEALTH_MAX - 3 * RIFLE_DAMAGE);
}

static void presses_that_come_too_early_are_told(void **state) {
    struct fixture *f = *state;
    stand(f, FAR_X);
    const struct muster_input input = {.held = BUTTON_RIFLE, .pressed = BUTTON_RIFLE};
    for (int tick = 0; tick < 2 * RIFLE_COOLDOWN_TICKS; tick++) {
        testkit_match_input(f->kit, f->match, 0, &input);
        fixture_ticks(f, 1);
    }
    assert_int_equal(told(f, MUSTER_FACT_REFUSED_FIRE), 2 * (RIFLE_COOLDOWN_TICKS - 1));
    fixture_input(f, 0, 0, 0, BUTTON_RIFLE, 0); /* held: it fires when it can */
    fixture_ticks(f, 1);
    fixture_input(f, 0, 0, 0, BUTTON_RIFLE, 0);
    fixture_ticks(f, 1);
    assert_int_equal(told(f, MUSTER_FACT_REFUSED_FIRE), 2 * (RIFLE_COOLDOWN_TICKS - 1));
}

static void a_weapon_that_nobody_has_is_not_refused(void **state) {
    struct fixture *f = *state;
    stand(f, FAR_X);
    f->arena->avatars[0].weapons = WEAPON_LAUNCHER;
    press(f, 0);
    assert_int_equal(told(f, MUSTER_FACT_REFUSED_FIRE), 0);
    assert_int_equal(f->arena->avatars[1].health, HEALTH_MAX);
}

static void it_is_no_part_of_the_state(void **state) {
    static uint8_t before[1 << 15], after[1 << 15];
    struct fixture *f = *state;
    stand(f, FAR_X);
    uint32_t len = testkit_match_save(f->kit, f->match, before, sizeof before);
    f->arena->watched[0].visible = UINT32_MAX;
    assert_int_equal(testkit_match_save(f->kit, f->match, after, sizeof after), len);
    assert_memory_equal(before, after, len);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_watched, close_watched)
    const struct CMUnitTest tests[] = {
        TEST(who_comes_into_sight_is_told_once_to_both),
        TEST(mates_and_the_dead_are_no_targets),
        TEST(a_shot_tells_how_far_it_is_off),
        TEST(presses_that_come_too_early_are_told),
        TEST(a_weapon_that_nobody_has_is_not_refused),
        TEST(it_is_no_part_of_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
