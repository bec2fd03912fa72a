/* What rules may ask the arena for: every command with good and bad arguments, and the numbers and
 * facts of fights. */
#include "arena_rules.h"
#include "arena_seen.h"

#define RIGHT 0
#define LEFT 32768

static void fire(struct fixture *f, uint32_t seat, uint16_t buttons, uint16_t aim, uint32_t ticks) {
    while (ticks--) {
        fixture_input(f, seat, 0, 0, buttons, aim);
        fixture_ticks(f, 1);
    }
}

static int32_t team_score(struct fixture *f, uint32_t team) {
    struct muster_match_facts facts;
    testkit_match_facts(f->kit, f->match, &facts);
    return facts.team_score[team];
}

/* ---- arguments ------------------------------------------------------------------------------- */

static void test_zone_arguments(void **state) {
    static const char *const bad[] = {"",           "|",
                                      "center",     "center |a",
                                      "middle|a",   "at:|a",
                                      "at:1|a",     "at:1,|a",
                                      "at:0,0|a",   "at:-1,5|a",
                                      "at:640,5|a", "at:1,5 |a",
                                      "at:99,1|a",  "center|a\"",
                                      "center|\\",  "center|\x7f",
                                      "center|\n",  "center|sixteen letters!"};
    struct fixture f;
    (void)state;
    duel(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(COMMAND(&f, "zone", bad[i], 1, 512, 0, 0), MUSTER_INVALID);
    const int64_t args[][4] = {{0, 512, 0, 0},  {9, 512, 0, 0},         {-1, 512, 0, 0},
                               {1, 0, 0, 0},    {1, -1, 0, 0},          {1, 64 * 256 + 1, 0, 0},
                               {1, 512, 3, 0},  {1, 512, -1, 0},        {1, 512, 0, 101},
                               {1, 512, 0, -1}, {INT64_MIN, 512, 0, 0}, {1, INT64_MAX, 0, 0}};
    for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
        assert_int_equal(command(&f, "zone", "center|a", args[i], 4), MUSTER_INVALID);
    assert_int_equal(COMMAND(&f, "zone", "center|a", 1, 512, 0), MUSTER_INVALID);
    assert_int_equal(COMMAND(&f, "zone", "center|a", 1, 512, 0, 0, 0), MUSTER_INVALID);
    for (uint32_t i = 0; i < ZONES_MAX; i++) assert_int_equal(f.arena->zones[i].present, 0);
    assert_int_equal(COMMAND(&f, "zone", "at:1,8|fifteen letters", 8, 64 * 256, 2, 100), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "zone", "center|", 1, 1, 0, 0), MUSTER_OK);
    const struct zone *zone = &f.arena->zones[7];
    assert_string_equal(zone->label, "fifteen letters");
    assert_int_equal(zone->x, 256 + 128);
    assert_int_equal(zone->y, 8 * 256 + 128);
    assert_int_equal(zone->radius, 64 * 256);
    assert_int_equal(zone->team, MUSTER_TEAM_BLUE);
    assert_int_equal(zone->progress, 100);
    assert_int_equal(COMMAND(&f, "zone_remove", "", 8), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "zone_remove", "", 8), MUSTER_NOT_FOUND);
    assert_int_equal(COMMAND(&f, "zone_remove", "", 0), MUSTER_INVALID);
    assert_int_equal(COMMAND(&f, "zone_remove", "", 9), MUSTER_INVALID);
    duel_close(&f);
}

static void test_item_arguments(void **state) {
    static const char *const bad[] = {"",
                                      "center",
                                      "center|",
                                      "center|Flag",
                                      "center|a b",
                                      "center|flag\"",
                                      "center|flag1",
                                      "nowhere|flag",
                                      "at:0,0|flag",
                                      "center|sixteen_letters_"};
    struct fixture f;
    (void)state;
    duel(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(COMMAND(&f, "item", bad[i], 1, 0, 0), MUSTER_INVALID);
    const int64_t args[][3] = {{0, 0, 0}, {9, 0, 0}, {1, 3, 0}, {1, -1, 0}, {1, 0, 3}, {1, 0, -1}};
    for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
        assert_int_equal(command(&f, "item", "center|flag", args[i], 3), MUSTER_INVALID);
    for (uint32_t i = 0; i < ITEMS_MAX; i++) assert_int_equal(f.arena->items[i].present, 0);
    assert_int_equal(COMMAND(&f, "item", "red_base|red_flag", 1, 1, 1), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "item", "blue_base|fifteen_letters", 8, 2, 1), MUSTER_OK);
    const struct item *item = &f.arena->items[0];
    assert_int_equal(item->x, 2 * 256 + 128);
    assert_int_equal(item->y, 256 + 128); /* the first r of the map */
    assert_int_equal(item->at_home, 1);
    assert_int_equal(item->carrier, MUSTER_SEAT_NONE);
    static const char *const by_id[] = {"item_home", "item_remove"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(COMMAND(&f, by_id[i], "", 0), MUSTER_INVALID);
        assert_int_equal(COMMAND(&f, by_id[i], "", 9), MUSTER_INVALID);
        assert_int_equal(COMMAND(&f, by_id[i], "", 2), MUSTER_NOT_FOUND);
        assert_int_equal(COMMAND(&f, by_id[i], "", 1), MUSTER_OK);
    }
    assert_int_equal(COMMAND(&f, "item_home", "", 1), MUSTER_NOT_FOUND);
    assert_int_equal(COMMAND(&f, "carry", "", 1, 0), MUSTER_NOT_FOUND);
    assert_int_equal(COMMAND(&f, "carry", "", 8, 5), MUSTER_NOT_FOUND);
    assert_int_equal(COMMAND(&f, "carry", "", 8, 32), MUSTER_INVALID);
    assert_int_equal(COMMAND(&f, "carry", "", 8, -1), MUSTER_INVALID);
    duel_close(&f);
}

static void test_avatar_arguments(void **state) {
    static const struct {
        const char *name;
        uint32_t count;
        int64_t good[4], bad[4][4];
        uint32_t bad_count;
    } cases[] = {
        {"spawn", 1, {0}, {{32}, {-1}}, 2},
        {"kill", 1, {0}, {{32}, {-1}}, 2},
        {"heal", 2, {0, 5}, {{32, 5}, {0, 101}, {0, -101}}, 3},
        {"team", 2, {0, 2}, {{32, 1}, {0, 0}, {0, 3}, {0, -1}}, 4},
        {"loadout",
         4,
         {0, 1, 100, 0},
         {{32, 1, 100, 0}, {0, 4, 100, 0}, {0, 1, 1001, 0}, {0, 1, 100, 256}},
         4},
        {"loadout",
         4,
         {0, 0, 0, 255},
         {{-1, 1, 100, 0}, {0, -1, 100, 0}, {0, 1, -1, 0}, {0, 1, 100, -1}},
         4},
        {"bots", 1, {0}, {{33}, {-1}}, 2},
    };
    struct fixture f;
    (void)state;
    duel(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (uint32_t n = 0; n < cases[i].bad_count; n++)
            assert_int_equal(command(&f, cases[i].name, "", cases[i].bad[n], cases[i].count),
                             MUSTER_INVALID);
        assert_int_equal(command(&f, cases[i].name, "", cases[i].good, 0), MUSTER_INVALID);
        int64_t absent[4] = {7, cases[i].good[1], cases[i].good[2], cases[i].good[3]};
        if (strcmp(cases[i].name, "bots") != 0)
            assert_int_equal(command(&f, cases[i].name, "", absent, cases[i].count),
                             MUSTER_NOT_FOUND);
        fixture_ticks(&f, 1);
        assert_int_equal(COMMAND(&f, "spawn", "", 0), MUSTER_OK);
        assert_int_equal(command(&f, cases[i].name, "", cases[i].good, cases[i].count), MUSTER_OK);
    }
    assert_int_equal(COMMAND(&f, "dance", "", 0), MUSTER_NOT_FOUND);
    assert_int_equal(COMMAND(&f, "kill", "", 1), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "item", "center|crown", 1, 0, 0), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "kill", "", 1), MUSTER_STATE); /* dead */
    assert_int_equal(COMMAND(&f, "heal", "", 1, 5), MUSTER_STATE);
    assert_int_equal(COMMAND(&f, "carry", "", 1, 1), MUSTER_STATE);
    duel_close(&f);
}

/* ---- avatars --------------------------------------------------------------------------------- */

static void test_spawn_kill_and_heal(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    struct avatar *a = &f.arena->avatars[0];
    assert_int_equal(COMMAND(&f, "heal", "", 0, -30), MUSTER_OK);
    assert_int_equal(a->health, 70);
    assert_int_equal(COMMAND(&f, "heal", "", 0, 100), MUSTER_OK);
    assert_int_equal(a->health, HEALTH_MAX);
    assert_int_equal(COMMAND(&f, "heal", "", 0, -100), MUSTER_OK);
    assert_int_equal(told[0].other, MUSTER_SEAT_NONE);
    assert_int_equal(told[0].third, MUSTER_SEAT_NONE);
    assert_string_equal(heard(), "kill 0 1");
    assert_int_equal(fixture_row(&f, 0)->alive, 0);
    assert_int_equal(fixture_row(&f, 0)->deaths, 1);
    assert_int_equal(fixture_row(&f, 0)->score, 0);
    assert_int_equal(team_score(&f, MUSTER_TEAM_BLUE), 0);
    assert_int_equal(COMMAND(&f, "spawn", "", 0), MUSTER_OK);
    assert_string_equal(heard(), "spawn 0 0");
    assert_int_equal(fixture_row(&f, 0)->alive, 1);
    fixture_ticks(&f, 100); /* and not again when the respawn would have been due */
    assert_string_equal(heard(), "");
    fixture_place(&f, 0, 15 * 256, ROW);
    assert_int_equal(COMMAND(&f, "spawn", "", 0), MUSTER_OK); /* alive: moved */
    assert_true(a->x < 4 * 256);
    assert_string_equal(heard(), "spawn 0 0");
    assert_int_equal(COMMAND(&f, "kill", "", 0), MUSTER_OK);
    assert_string_equal(heard(), "kill 0 1");
    fixture_ticks(&f, 3000 / 50 + 2);
    assert_string_equal(heard(), "spawn 0 0");
    duel_close(&f);
}

static void test_facts_of_a_fight(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    fixture_join(&f, 2, MUSTER_TEAM_RED);
    assert_string_equal(heard(), ""); /* told within the next tick: after the join */
    fixture_ticks(&f, 1);
    assert_string_equal(heard(), "spawn 2 0");
    fixture_place(&f, 2, 5 * 256, ROW);
    fire(&f, 2, BUTTON_RIFLE, RIGHT, 1);
    f.arena->avatars[1].health = 1;
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(told[0].other, 0);
    assert_int_equal(told[0].third, 2);
    assert_string_equal(heard(), "kill 1 1 rifle");
    fixture_place(&f, 0, 256 + 90, ROW);
    f.arena->avatars[0].health = 10;
    fire(&f, 0, BUTTON_LAUNCHER, LEFT, 3);
    assert_int_equal(told[0].other, MUSTER_SEAT_NONE);
    assert_string_equal(heard(), "kill 0 1 launcher");
    duel_close(&f);
}

static void both_are_dead(void *user, const struct muster_fact *fact) {
    struct fixture *f = user;
    struct muster_match_facts facts;
    assert_string_equal(fact->kind, "kill");
    testkit_match_facts(f->kit, f->match, &facts);
    assert_int_equal(facts.team_alive[MUSTER_TEAM_RED] + facts.team_alive[MUSTER_TEAM_BLUE], 0);
    told_count++;
}

/* What is told holds: who asks who is alive hears what stands at the end of the exchange. */
static void test_told_when_all_has_happened(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    testkit_tell_set(f.kit, both_are_dead, &f);
    f.arena->avatars[0].health = f.arena->avatars[1].health = 5;
    fixture_input(&f, 0, 0, 0, BUTTON_RIFLE, RIGHT);
    fixture_input(&f, 1, 0, 0, BUTTON_RIFLE, LEFT);
    fixture_ticks(&f, 1);
    assert_int_equal(told_count, 2);
    duel_close(&f);
}

static void test_team_change(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    assert_int_equal(COMMAND(&f, "item", "center|flag", 1, MUSTER_TEAM_RED, WHO_ENEMIES),
                     MUSTER_OK);
    assert_int_equal(COMMAND(&f, "item", "center|crown", 2, MUSTER_TEAM_NONE, WHO_ANYONE),
                     MUSTER_OK);
    assert_int_equal(COMMAND(&f, "carry", "", 1, 1), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "carry", "", 2, 1), MUSTER_OK);
    fire(&f, 1, BUTTON_LAUNCHER, LEFT, 1); /* its grenade stays blue */
    told_count = 0;
    assert_int_equal(COMMAND(&f, "team", "", 1, MUSTER_TEAM_RED), MUSTER_OK);
    assert_string_equal(heard(), "drop 1 1 flag");
    assert_int_equal(f.arena->items[1].carrier, 1);
    assert_int_equal(f.arena->avatars[1].team, MUSTER_TEAM_RED);
    assert_int_equal(fixture_row(&f, 1)->team, MUSTER_TEAM_RED);
    fixture_ticks(&f, 12);
    assert_true(f.arena->avatars[0].health < HEALTH_MAX);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 20); /* mates now */
    assert_int_equal(f.arena->avatars[1].health, HEALTH_MAX);
    duel_close(&f);
}

static void test_loadout(void **state) {
    struct fixture f;
    (void)state;
    duel(&f);
    assert_int_equal(COMMAND(&f, "loadout", "", 0, WEAPON_LAUNCHER, 100, 0), MUSTER_OK);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 10);
    assert_int_equal(f.arena->avatars[1].health, HEALTH_MAX);
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1);
    assert_int_equal(f.arena->added_count, 1);
    fixture_ticks(&f, 40);
    assert_int_equal(COMMAND(&f, "loadout", "", 0, WEAPON_RIFLE, 200, 7), MUSTER_OK);
    f.arena->avatars[1].health = HEALTH_MAX;
    fire(&f, 0, BUTTON_LAUNCHER, RIGHT, 1);
    assert_int_equal(f.arena->added_count, 0);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(f.arena->avatars[1].health, HEALTH_MAX - 2 * RIFLE_DAMAGE);
    assert_int_equal(COMMAND(&f, "loadout", "", 0, WEAPON_RIFLE, 0, 7), MUSTER_OK);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 10); /* no damage is no hit */
    assert_int_equal(f.arena->avatars[1].health, HEALTH_MAX - 2 * RIFLE_DAMAGE);
    assert_int_equal(COMMAND(&f, "kill", "", 0), MUSTER_OK);
    assert_int_equal(COMMAND(&f, "spawn", "", 0), MUSTER_OK);
    assert_int_equal(f.arena->avatars[0].level, 7); /* outlives its bearer, not the seat */
    testkit_match_leave(f.kit, f.match, 0, MUSTER_LEAVE_QUIT);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    assert_int_equal(f.arena->avatars[0].level, 0);
    assert_int_equal(f.arena->avatars[0].weapons, WEAPONS_ALL);
    assert_int_equal(f.arena->avatars[0].damage_percent, 100);
    duel_close(&f);
}

/* ---- numbers of the rules -------------------------------------------------------------------- */

struct numbers {
    int64_t points, respawn_ms, damage;
};

static int64_t adjust(void *user, const struct muster_param *param, int64_t value) {
    const struct numbers *numbers = user;
    if (strcmp(param->name, "score") == 0) {
        assert_int_equal(value, 1);
        assert_int_equal(param->seat, 0);
        assert_int_equal(param->other_seat, 1);
        return numbers->points;
    }
    if (strcmp(param->name, "damage") == 0) return numbers->damage + value;
    return strcmp(param->name, "respawn_ms") == 0 ? numbers->respawn_ms : value;
}

static void kill_by_rifle(struct fixture *f) {
    fixture_place(f, 0, 2 * 256 + 128, ROW);
    fixture_place(f, 1, 8 * 256 + 128, ROW);
    fixture_ticks(f, RIFLE_COOLDOWN_TICKS);
    f->arena->avatars[1].health = 1;
    fire(f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(fixture_row(f, 1)->alive, 0);
}

static void test_points_of_a_kill(void **state) {
    static const int64_t points[][2] = {{0, 0}, {5, 5}, {-3, -3}, {1000, 100}, {-1000, -100}};
    struct numbers numbers = {.respawn_ms = 3000};
    struct fixture f;
    (void)state;
    duel(&f);
    testkit_adjust_set(f.kit, adjust, &numbers);
    for (int32_t i = 0; i < 5; i++) {
        int32_t before = team_score(&f, MUSTER_TEAM_RED);
        numbers.points = points[i][0];
        kill_by_rifle(&f);
        assert_int_equal(team_score(&f, MUSTER_TEAM_RED) - before, points[i][1]);
        assert_int_equal(fixture_row(&f, 0)->score, i + 1);
        assert_int_equal(fixture_row(&f, 0)->kills, i + 1);
        assert_int_equal(COMMAND(&f, "spawn", "", 1), MUSTER_OK);
    }
    duel_close(&f);
}

static void test_respawn_never(void **state) {
    struct numbers numbers = {.respawn_ms = -1};
    struct fixture f;
    (void)state;
    duel(&f);
    testkit_adjust_set(f.kit, adjust, &numbers);
    kill_by_rifle(&f);
    assert_int_equal(f.arena->avatars[1].respawn_tick, 0);
    fixture_ticks(&f, 2000);
    assert_int_equal(fixture_row(&f, 1)->alive, 0);
    assert_int_equal(COMMAND(&f, "spawn", "", 1), MUSTER_OK);
    numbers.respawn_ms = 0;
    kill_by_rifle(&f);
    fixture_ticks(&f, 1);
    assert_int_equal(fixture_row(&f, 1)->alive, 1);
    duel_close(&f);
}

/* Clients predict with the speed that rules give. */
static int64_t slowed(void *user, const struct muster_param *param, int64_t value) {
    return strcmp(param->name, "speed") == 0 ? *(const int64_t *)user : value;
}

static uint8_t seen_speed(struct fixture *f, uint32_t seat) {
    static struct seen seen;
    fixture_input(f, seat, 127, 0, 0, RIGHT);
    fixture_ticks(f, 1);
    seen_read(f, &seen, true);
    return seen.avatars[seat].speed;
}

static void test_speed_is_told(void **state) {
    static const int64_t speeds[][2] = {{20, 20}, {-5, 0}, {1000, 120}, {48, 255}};
    int64_t speed = 48;
    struct fixture f;
    (void)state;
    duel(&f);
    testkit_adjust_set(f.kit, slowed, &speed);
    for (int i = 0; i < 4; i++) {
        int32_t x = f.arena->avatars[0].x;
        speed = speeds[i][0];
        assert_int_equal(seen_speed(&f, 0), speeds[i][1]);
        assert_int_equal(f.arena->avatars[0].x - x, i == 3 ? 48 : speeds[i][1]);
    }
    duel_close(&f);
}

static void test_percent_comes_before_rules(void **state) {
    struct numbers numbers = {.damage = 3};
    struct fixture f;
    (void)state;
    duel(&f);
    testkit_adjust_set(f.kit, adjust, &numbers);
    assert_int_equal(COMMAND(&f, "loadout", "", 0, WEAPONS_ALL, 200, 0), MUSTER_OK);
    fire(&f, 0, BUTTON_RIFLE, RIGHT, 1);
    assert_int_equal(f.arena->avatars[1].health, HEALTH_MAX - 2 * RIFLE_DAMAGE - 3);
    duel_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_arguments),   cmocka_unit_test(test_item_arguments),
        cmocka_unit_test(test_avatar_arguments), cmocka_unit_test(test_spawn_kill_and_heal),
        cmocka_unit_test(test_facts_of_a_fight), cmocka_unit_test(test_told_when_all_has_happened),
        cmocka_unit_test(test_team_change),      cmocka_unit_test(test_loadout),
        cmocka_unit_test(test_points_of_a_kill), cmocka_unit_test(test_respawn_never),
        cmocka_unit_test(test_speed_is_told),    cmocka_unit_test(test_percent_comes_before_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
