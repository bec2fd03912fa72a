/* Weapons, damage, death, respawn and scores; impossible input. */
#include "arena_fixture.h"

#define RIGHT 0
#define LEFT 32768
#define ROW (8 * 256 + 128) /* an open row of crossfire */

static void duel(struct fixture *f) {
    fixture_open(f, SHARE_DIR);
    fixture_match(f, "crossfire", 5);
    fixture_join(f, 0, MUSTER_TEAM_RED);
    fixture_join(f, 1, MUSTER_TEAM_BLUE);
    fixture_ticks(f, 1);
    fixture_place(f, 0, 2 * 256 + 128, ROW);
    fixture_place(f, 1, 8 * 256 + 128, ROW);
}

static void fire(struct fixture *f, uint32_t seat, uint16_t buttons, uint16_t aim, uint32_t ticks) {
    while (ticks--) {
        fixture_input(f, seat, 0, 0, buttons, aim);
        fixture_ticks(f, 1);
    }
}

static int32_t health(struct fixture *f, uint32_t seat) {
    return f->arena->avatars[seat].health;
}

static uint32_t events_of(struct fixture *f, uint8_t kind, struct testkit_event *last) {
    uint32_t count, found = 0;
    const struct testkit_event *events = testkit_match_events(f->kit, f->match, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (events[i].data[0] != kind) continue;
        *last = events[i];
        found++;
    }
    return found;
}

static void test_rifle_hits_and_waits(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX - RIFLE_DAMAGE);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, RIFLE_COOLDOWN_TICKS - 1); /* held, but not ready */
    assert_int_equal(health(&f, 1), HEALTH_MAX - RIFLE_DAMAGE);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX - 2 * RIFLE_DAMAGE);
    assert_int_equal(f.arena->shots[0].hit, 1);
    fire(&f, 0, 0, RIGHT, 20);
    fire(&f, 0, BUTTON_RIFLE, LEFT, 1); /* into the wall behind */
    assert_int_equal(health(&f, 1), HEALTH_MAX - 2 * RIFLE_DAMAGE);
    assert_int_equal(f.arena->shots[0].hit, MUSTER_SEAT_NONE);
    assert_int_equal(f.arena->shots[0].end_x, 256);
    fixture_close(&f);
}

static void test_clicks_between_ticks(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    /* Pressed and released again before the tick, aimed at the other; now looking away. */
    struct muster_input click = {.aim = LEFT, .sample_count = 2};
    click.samples[0] = (struct muster_input_sample){.pressed = BUTTON_RIFLE, .aim = RIGHT, .at = 9};
    click.samples[1] = click.samples[0]; /* a second click finds the rifle not ready */
    click.samples[1].aim = LEFT;
    testkit_match_input(f.kit, f.match, 0, &click);
    fixture_ticks(&f, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX - RIFLE_DAMAGE);
    fire(&f, 0, 0, RIGHT, 10);
    struct muster_input edge = {.aim = RIGHT, .pressed = BUTTON_RIFLE};
    testkit_match_input(f.kit, f.match, 0, &edge);
    fixture_ticks(&f, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX - 2 * RIFLE_DAMAGE);
    edge.repeated = 1; /* an edge happens once, however often the host repeats the input */
    for (int i = 0; i < 10; i++) {
        testkit_match_input(f.kit, f.match, 0, &edge);
        fixture_ticks(&f, 1);
    }
    assert_int_equal(health(&f, 1), HEALTH_MAX - 2 * RIFLE_DAMAGE);
    fixture_close(&f);
}

static void test_walls_stop_shots(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    fixture_place(&f, 0, 7 * 256 + 128, 6 * 256 + 128); /* the block 7..8 of row 6 lies right */
    fixture_place(&f, 1, 13 * 256, 6 * 256 + 128);
    f.arena->avatars[0].x = 7 * 256 + 128;
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX);
    assert_true(f.arena->shots[0].end_x < 9 * 256);
    fixture_close(&f);
}

static void test_range_is_limited(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    fixture_place(&f, 1, f.arena->avatars[0].x + RIFLE_RANGE + 1, ROW);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX);
    fixture_place(&f, 1, f.arena->avatars[0].x + RIFLE_RANGE - 8, ROW);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, RIFLE_COOLDOWN_TICKS);
    assert_int_equal(health(&f, 1), HEALTH_MAX - RIFLE_DAMAGE);
    fixture_close(&f);
}

static void test_kill_death_and_respawn(void **state) {
    struct fixture f;
    struct testkit_event event;
    (void)state;
    duel(&f);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 6 * RIFLE_COOLDOWN_TICKS - 3);
    assert_int_equal(events_of(&f, EVENT_KILL, &event), 1);
    assert_int_equal(event.len, 5);
    assert_int_equal(event.data[1], 0);
    assert_int_equal(event.data[2], 1);
    assert_int_equal(event.data[3], WEAPON_RIFLE);
    assert_int_equal(event.data[4], 255);
    assert_int_equal(fixture_row(&f, 0)->kills, 1);
    assert_int_equal(fixture_row(&f, 0)->score, 1);
    assert_int_equal(fixture_row(&f, 1)->deaths, 1);
    assert_int_equal(fixture_row(&f, 1)->alive, 0);
    struct muster_match_facts facts;
    testkit_match_facts(f.kit, f.match, &facts);
    assert_int_equal(facts.team_score[MUSTER_TEAM_RED], 1);
    assert_int_equal(facts.team_score[MUSTER_TEAM_BLUE], 0);
    fixture_input(&f, 1, 127, 0, BUTTON_RIFLE, LEFT); /* the dead neither walk nor fire */
    int32_t x = f.arena->avatars[1].x;
    fixture_ticks(&f, 3000 / 50);
    assert_int_equal(f.arena->avatars[1].x, x);
    assert_int_equal(fixture_row(&f, 1)->alive, 0);
    fixture_ticks(&f, 1);
    assert_int_equal(fixture_row(&f, 1)->alive, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX);
    assert_int_equal(health(&f, 0), HEALTH_MAX);
    fixture_close(&f);
}

static void test_spawn_protection(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    f.arena->avatars[1].protected_until = f.arena->tick + 6;
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 5);
    assert_int_equal(health(&f, 1), HEALTH_MAX);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, RIFLE_COOLDOWN_TICKS);
    assert_int_equal(health(&f, 1), HEALTH_MAX - RIFLE_DAMAGE);
    f.arena->avatars[1].protected_until = f.arena->tick + 100;
    fire(&f, 1, BUTTON_RIFLE, LEFT, 1); /* who shoots gives it up */
    fire(&f, 0, BUTTON_RIFLE, RIGHT, RIFLE_COOLDOWN_TICKS);
    assert_int_equal(health(&f, 1), HEALTH_MAX - 2 * RIFLE_DAMAGE);
    fixture_close(&f);
}

static void test_two_can_kill_each_other(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    f.arena->avatars[0].health = f.arena->avatars[1].health = 5;
    fixture_input(&f, 0, 0, 0, BUTTON_RIFLE, RIGHT);
    fixture_input(&f, 1, 0, 0, BUTTON_RIFLE, LEFT);
    fixture_ticks(&f, 1);
    assert_int_equal(fixture_row(&f, 0)->alive, 0);
    assert_int_equal(fixture_row(&f, 1)->alive, 0);
    assert_int_equal(fixture_row(&f, 0)->kills, 1);
    assert_int_equal(fixture_row(&f, 1)->kills, 1);
    fixture_close(&f);
}

static void test_assist(void **state) {
    struct fixture f;
    struct testkit_event event;
    (void)state;
    duel(&f);
    fixture_join(&f, 2, MUSTER_TEAM_RED);
    fixture_place(&f, 2, 5 * 256, ROW);
    fire(&f, 2, BUTTON_RIFLE, RIGHT, 1);
    f.arena->avatars[1].health = 1;
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(events_of(&f, EVENT_KILL, &event), 1);
    assert_int_equal(event.data[4], 2);
    assert_int_equal(fixture_row(&f, 2)->assists, 1);
    assert_int_equal(fixture_row(&f, 0)->assists, 0);
    /* Damage of ten seconds ago counts, of a tick before that it is forgotten. */
    for (uint32_t round = 0; round < 2; round++) {
        fixture_ticks(&f, 100);
        fixture_place(&f, 1, 8 * 256 + 128, ROW);
        fire(&f, 2, BUTTON_RIFLE, RIGHT, 1);
        fixture_ticks(&f, ASSIST_MS / 50 - 1 + round);
        f.arena->avatars[1].health = 1;
        fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
        assert_int_equal(events_of(&f, EVENT_KILL, &event), 2 + round);
        assert_int_equal(event.data[4], round ? 255 : 2);
    }
    fixture_close(&f);
}

static void friendly(struct fixture *f, const char *on) {
    fixture_open(f, SHARE_DIR);
    assert_true(testkit_setting_set(f->kit, "friendlyFire", on));
    fixture_match(f, "crossfire", 5);
    fixture_join(f, 0, MUSTER_TEAM_RED);
    fixture_join(f, 1, MUSTER_TEAM_RED);
    fixture_ticks(f, 1);
    fixture_place(f, 0, 2 * 256 + 128, ROW);
    fixture_place(f, 1, 8 * 256 + 128, ROW);
    fire(f, 0, BUTTON_RIFLE, RIGHT, 6 * RIFLE_COOLDOWN_TICKS);
}

static void test_friendly_fire(void **state) {
    struct fixture f;
    (void)state;
    friendly(&f, "false");
    assert_int_equal(health(&f, 1), HEALTH_MAX);
    fixture_close(&f);
    friendly(&f, "true");
    assert_int_equal(fixture_row(&f, 1)->deaths, 1);
    assert_int_equal(fixture_row(&f, 0)->kills, 0);
    assert_int_equal(fixture_row(&f, 0)->score, -1);
    struct muster_match_facts facts;
    testkit_match_facts(f.kit, f.match, &facts);
    assert_int_equal(facts.team_score[MUSTER_TEAM_RED], 0);
    fixture_close(&f);
}

static void test_launcher_splash(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    fixture_join(&f, 2, MUSTER_TEAM_BLUE);
    fixture_place(&f, 2, 8 * 256 + 128, ROW + 300);
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1);
    assert_int_equal(f.arena->added_count, 1);
    fixture_ticks(&f, 12);
    assert_in_range(health(&f, 1), 1, HEALTH_MAX - LAUNCHER_DAMAGE);
    assert_true(health(&f, 2) < HEALTH_MAX && health(&f, 2) > health(&f, 1));
    assert_int_equal(health(&f, 0), HEALTH_MAX);
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1); /* not ready yet */
    assert_int_equal(f.arena->added_count, 0);
    fixture_close(&f);
}

/* A wall shields from a burst behind it, and mates are spared. */
static void test_splash_has_limits(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    fixture_join(&f, 2, MUSTER_TEAM_RED);
    fixture_place(&f, 0, 9 * 256 + 128, 4 * 256 + 128); /* fires at the wall left of column 15 */
    fixture_place(&f, 2, 14 * 256, 4 * 256 + 128 + 200);
    fixture_place(&f, 1, 16 * 256 + 100, 4 * 256 + 128); /* right behind that wall */
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1);
    fixture_ticks(&f, 12);
    assert_int_equal(health(&f, 1), HEALTH_MAX);
    assert_int_equal(health(&f, 2), HEALTH_MAX);
    fixture_place(&f, 1, 13 * 256 + 128, 4 * 256 + 128 + 200); /* the same burst does hurt */
    fixture_ticks(&f, LAUNCHER_COOLDOWN_TICKS);
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1);
    fixture_ticks(&f, 12);
    assert_true(health(&f, 1) < HEALTH_MAX);
    assert_int_equal(health(&f, 2), HEALTH_MAX);
    fixture_close(&f);
}

static void test_own_splash_is_no_kill(void **state) {
    struct fixture f;
    struct testkit_event event;
    (void)state;
    duel(&f);
    fixture_place(&f, 0, 256 + 90, ROW); /* beside the left wall */
    f.arena->avatars[0].health = 10;
    fire(&f, 0, BUTTON_LAUNCHER, LEFT, 1);
    fixture_ticks(&f, 3);
    assert_int_equal(events_of(&f, EVENT_KILL, &event), 1);
    assert_int_equal(event.data[1], 0); /* by its own hand */
    assert_int_equal(event.data[2], 0);
    assert_int_equal(event.data[3], WEAPON_LAUNCHER);
    assert_int_equal(fixture_row(&f, 0)->kills, 0);
    assert_int_equal(fixture_row(&f, 0)->deaths, 1);
    assert_int_equal(fixture_row(&f, 0)->score, -1);
    fixture_close(&f);
}

/* What is left of somebody who is gone kills for nobody. */
static void test_the_burst_of_who_left_is_nobodys(void **state) {
    struct fixture f;
    struct testkit_event event;
    (void)state;
    duel(&f);
    f.arena->avatars[1].health = 10;
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1);
    testkit_match_leave(f.kit, f.match, 0, MUSTER_LEAVE_QUIT);
    fixture_ticks(&f, 12);
    assert_int_equal(events_of(&f, EVENT_KILL, &event), 1);
    assert_int_equal(event.data[1], 255);
    assert_int_equal(event.data[2], 1);
    assert_int_equal(event.data[3], WEAPON_LAUNCHER);
    fixture_close(&f);
}

static int64_t tripled(void *user, const struct muster_param *param, int64_t value) {
    (void)user;
    if (strcmp(param->name, "damage") == 0) {
        assert_int_equal(param->seat, 1);
        assert_int_equal(param->other_seat, 0);
        return value * 3;
    }
    return strcmp(param->name, "respawn_ms") == 0 ? 500 : value;
}

static void test_rules_change_numbers(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    testkit_adjust_set(f.kit, tripled, NULL);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(health(&f, 1), HEALTH_MAX - 3 * RIFLE_DAMAGE);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, RIFLE_COOLDOWN_TICKS);
    assert_int_equal(fixture_row(&f, 1)->alive, 0);
    fixture_ticks(&f, 11);
    assert_int_equal(fixture_row(&f, 1)->alive, 1);
    fixture_close(&f);
}

static void test_elimination_gives_one_life(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "elimination", "true"));
    fixture_match(&f, "crossfire", 5);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_join(&f, 1, MUSTER_TEAM_BLUE);
    fixture_ticks(&f, 1);
    fixture_place(&f, 0, 2 * 256 + 128, ROW);
    fixture_place(&f, 1, 8 * 256 + 128, ROW);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 6 * RIFLE_COOLDOWN_TICKS);
    fixture_ticks(&f, 1000);
    assert_int_equal(fixture_row(&f, 1)->alive, 0);
    fixture_join(&f, 2, MUSTER_TEAM_BLUE); /* too late: watches */
    fixture_ticks(&f, 100);
    assert_int_equal(fixture_row(&f, 2)->alive, 0);
    fixture_close(&f);
}

static void test_impossible_input(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    struct muster_input bad[3] = {
        {.held = 0x8000}, {.pressed = 8}, {.move_x = -128, .move_y = 127}};
    for (int i = 0; i < 3; i++) {
        testkit_match_input(f.kit, f.match, 0, &bad[i]);
        fixture_ticks(&f, 1);
        assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), i + 1);
    }
    struct muster_input good = {.held = 7, .pressed = 4, .move_x = 127, .move_y = 127};
    testkit_match_input(f.kit, f.match, 0, &good);
    assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), 3);
    testkit_match_input(f.kit, f.match, 7, &good);   /* an empty seat */
    testkit_match_input(f.kit, f.match, 900, &good); /* no seat at all */
    fixture_ticks(&f, 1);
    fixture_close(&f);
}

static void test_teams_are_balanced(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    fixture_match(&f, "canyon", 5);
    for (uint32_t i = 0; i < 8; i++) fixture_join(&f, i, MUSTER_TEAM_NONE);
    struct muster_match_facts facts;
    testkit_match_facts(f.kit, f.match, &facts);
    assert_int_equal(facts.team_humans[MUSTER_TEAM_RED], 4);
    assert_int_equal(facts.team_humans[MUSTER_TEAM_BLUE], 4);
    assert_int_equal(facts.team_alive[MUSTER_TEAM_RED], 4);
    testkit_match_leave(f.kit, f.match, 0, MUSTER_LEAVE_QUIT);
    fixture_ticks(&f, 1);
    fixture_join(&f, 0, MUSTER_TEAM_NONE);
    assert_int_equal(fixture_row(&f, 0)->team, MUSTER_TEAM_RED);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rifle_hits_and_waits),
        cmocka_unit_test(test_clicks_between_ticks),
        cmocka_unit_test(test_walls_stop_shots),
        cmocka_unit_test(test_range_is_limited),
        cmocka_unit_test(test_kill_death_and_respawn),
        cmocka_unit_test(test_spawn_protection),
        cmocka_unit_test(test_two_can_kill_each_other),
        cmocka_unit_test(test_assist),
        cmocka_unit_test(test_friendly_fire),
        cmocka_unit_test(test_launcher_splash),
        cmocka_unit_test(test_splash_has_limits),
        cmocka_unit_test(test_own_splash_is_no_kill),
        cmocka_unit_test(test_the_burst_of_who_left_is_nobodys),
        cmocka_unit_test(test_rules_change_numbers),
        cmocka_unit_test(test_elimination_gives_one_life),
        cmocka_unit_test(test_impossible_input),
        cmocka_unit_test(test_teams_are_balanced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
