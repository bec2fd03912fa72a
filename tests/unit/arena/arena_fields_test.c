/* One field at a time: each change alone reaches the clients, and each value alone that cannot be
 * keeps a save out. */
#include "arena_rules.h"
#include "arena_seen.h"

#define SAVE_MAX 65536
#define MAP_WIDTH 32 /* of crossfire */
#define MAP_HEIGHT 24
#define OF_AVATAR offsetof(struct arena, avatars[0])
#define OF_ZONE offsetof(struct arena, zones[0])
#define OF_ITEM offsetof(struct arena, items[0])
#define OF_FLYING offsetof(struct arena, projectiles[0])
#define FIELD(base, type, field) base + offsetof(struct type, field), #type " " #field

/* A duel with one zone, one item that lies about and one that is carried, and a rocket. */
static void begin(struct fixture *f) {
    duel(f);
    assert_int_equal(COMMAND(f, "zone", "at:5,8|hill", 1, 300, 1, 50), MUSTER_OK);
    assert_int_equal(COMMAND(f, "item", "at:15,8|flag", 1, 2, WHO_ENEMIES), MUSTER_OK);
    assert_int_equal(COMMAND(f, "item", "center|crown", 2, 0, WHO_ANYONE), MUSTER_OK);
    assert_int_equal(COMMAND(f, "carry", "", 2, 1), MUSTER_OK);
    f->arena->items[0].at_home = 0;
    fixture_input(f, 0, 0, 0, BUTTON_LAUNCHER, 0);
    fixture_ticks(f, 1);
}

static void field_set(struct fixture *f, size_t offset, int64_t value) {
    int32_t word = (int32_t)value; /* the fields of a match are words, but for few */
    memcpy((uint8_t *)f->arena + offset, &word, sizeof(word));
}

/* ---- the wire -------------------------------------------------------------------------------- */

static const struct {
    size_t offset;
    const char *name;
    int64_t value;
} shown[] = {
    {FIELD(OF_AVATAR, avatar, x), 700},     {FIELD(OF_AVATAR, avatar, y), ROW + 9},
    {FIELD(OF_AVATAR, avatar, x), 2000},    {FIELD(OF_AVATAR, avatar, y), ROW - 200},
    {FIELD(OF_AVATAR, avatar, health), 77}, {FIELD(OF_AVATAR, avatar, connected), 0},
    {FIELD(OF_AVATAR, avatar, team), 2},    {FIELD(OF_AVATAR, avatar, weapons), 1},
    {FIELD(OF_AVATAR, avatar, level), 3},   {FIELD(OF_AVATAR, avatar, speed), 20},
    {FIELD(OF_ZONE, zone, team), 2},        {FIELD(OF_ZONE, zone, progress), 51},
    {FIELD(OF_ZONE, zone, x), 1000},        {FIELD(OF_ZONE, zone, y), 1000},
    {FIELD(OF_ZONE, zone, radius), 301},    {FIELD(OF_ZONE, zone, label), 'h'},
    {FIELD(OF_ITEM, item, team), 1},        {FIELD(OF_ITEM, item, who), WHO_TEAM},
    {FIELD(OF_ITEM, item, home_x), 900},    {FIELD(OF_ITEM, item, home_y), 900},
    {FIELD(OF_ITEM, item, x), 3000},        {FIELD(OF_ITEM, item, y), 900},
    {FIELD(OF_ITEM, item, at_home), 1},     {FIELD(OF_ITEM, item, kind), 'f'},
};

static void seen_is_full(struct fixture *f, struct seen *by_delta, const char *what) {
    static struct seen by_full;
    seen_read(f, by_delta, false);
    seen_read(f, &by_full, true);
    if (memcmp(by_delta, &by_full, sizeof(by_full)) != 0) fail_msg("%s is not sent", what);
}

static void test_each_change_alone_is_sent(void **state) {
    static struct seen by_delta;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct fixture f;
        begin(&f);
        seen_read(&f, &by_delta, true);
        struct seen before = by_delta;
        field_set(&f, shown[i].offset, shown[i].value);
        fixture_ticks(&f, 1);
        seen_is_full(&f, &by_delta, shown[i].name);
        memset(before.projectiles, 0, sizeof(before.projectiles));
        struct seen after = by_delta;
        memset(after.projectiles, 0, sizeof(after.projectiles));
        if (memcmp(&before, &after, sizeof(after)) == 0) fail_msg("%s is nowhere", shown[i].name);
        duel_close(&f);
    }
    (void)state;
}

static void test_each_score_alone_is_sent(void **state) {
    static struct seen seen;
    struct fixture f;
    (void)state;
    begin(&f);
    seen_read(&f, &seen, true);
    const struct muster_host_match *match = testkit_host(f.kit)->match;
    for (uint32_t team = MUSTER_TEAM_RED; team <= MUSTER_TEAM_BLUE; team++) {
        testkit_match_steer(f.kit, f.match, true);
        assert_int_equal(match->team_score_add(f.plugin, f.match, team, (int32_t)team), MUSTER_OK);
        fixture_ticks(&f, 1);
        seen_is_full(&f, &seen, "a score");
    }
    assert_int_equal(seen.red, 1);
    assert_int_equal(seen.blue, 2);
    testkit_match_steer(f.kit, f.match, true);
    assert_int_equal(match->team_score_add(f.plugin, f.match, MUSTER_TEAM_RED, -5), MUSTER_OK);
    assert_int_equal(match->team_score_add(f.plugin, f.match, MUSTER_TEAM_BLUE, 70000), MUSTER_OK);
    fixture_ticks(&f, 1);
    seen_is_full(&f, &seen, "a score");
    assert_int_equal(seen.red, 0); /* what the wire can show */
    assert_int_equal(seen.blue, 65535);
    duel_close(&f);
}

/* ---- saves ----------------------------------------------------------------------------------- */

#define NOTHING_LESS INT32_MIN

/* least and most that load takes; beyond them it refuses. */
static const struct {
    size_t offset;
    const char *name;
    int64_t least, most;
} bounds[] = {
    {FIELD(OF_AVATAR, avatar, present), NOTHING_LESS, 1},
    {FIELD(OF_AVATAR, avatar, team), 1, 2},
    {FIELD(OF_AVATAR, avatar, alive), NOTHING_LESS, 1},
    {FIELD(OF_AVATAR, avatar, is_bot), NOTHING_LESS, 1},
    {FIELD(OF_AVATAR, avatar, connected), NOTHING_LESS, 1},
    {FIELD(OF_AVATAR, avatar, x), 0, MAP_WIDTH *TILE_UNITS - 1},
    {FIELD(OF_AVATAR, avatar, y), 0, MAP_HEIGHT *TILE_UNITS - 1},
    {FIELD(OF_AVATAR, avatar, health), NOTHING_LESS, 100},
    {FIELD(OF_AVATAR, avatar, speed), NOTHING_LESS, 120},
    {FIELD(OF_AVATAR, avatar, spawn_untold), NOTHING_LESS, 1},
    {FIELD(OF_AVATAR, avatar, weapons), NOTHING_LESS, 3},
    {FIELD(OF_AVATAR, avatar, damage_percent), NOTHING_LESS, 1000},
    {FIELD(OF_AVATAR, avatar, bot.target), NOTHING_LESS, 31},
    {FIELD(OF_AVATAR, avatar, bot.strafe), -1, 1},
    {FIELD(OF_AVATAR, avatar, bot.error), -65535, 65535},
    {FIELD(OF_AVATAR, avatar, bot.errand), NOTHING_LESS, ERRAND_END - 1},
    {FIELD(OF_AVATAR, avatar, bot.errand_index), NOTHING_LESS, OBJECTIVES_MAX - 1},
    {FIELD(OF_FLYING, projectile, live), NOTHING_LESS, 1},
    {FIELD(OF_FLYING, projectile, team), NOTHING_LESS, 2},
    {FIELD(OF_FLYING, projectile, owner), NOTHING_LESS, 31},
    {FIELD(OF_FLYING, projectile, x), 0, MAP_WIDTH *TILE_UNITS - 1},
    {FIELD(OF_FLYING, projectile, y), 0, MAP_HEIGHT *TILE_UNITS - 1},
    {FIELD(OF_FLYING, projectile, vx), -160, 160},
    {FIELD(OF_FLYING, projectile, vy), -160, 160},
    {FIELD(OF_ZONE, zone, present), NOTHING_LESS, 1},
    {FIELD(OF_ZONE, zone, team), NOTHING_LESS, 2},
    {FIELD(OF_ZONE, zone, progress), NOTHING_LESS, 100},
    {FIELD(OF_ZONE, zone, x), 0, MAP_WIDTH *TILE_UNITS - 1},
    {FIELD(OF_ZONE, zone, y), 0, MAP_HEIGHT *TILE_UNITS - 1},
    {FIELD(OF_ZONE, zone, radius), 1, ZONE_RADIUS_MAX},
    {FIELD(OF_ZONE, zone, label), ' ', '~'},
    {FIELD(OF_ITEM, item, present), NOTHING_LESS, 1},
    {FIELD(OF_ITEM, item, team), NOTHING_LESS, 2},
    {FIELD(OF_ITEM, item, who), NOTHING_LESS, WHO_END - 1},
    {FIELD(OF_ITEM, item, home_x), 0, MAP_WIDTH *TILE_UNITS - 1},
    {FIELD(OF_ITEM, item, home_y), 0, MAP_HEIGHT *TILE_UNITS - 1},
    {FIELD(OF_ITEM, item, x), 0, MAP_WIDTH *TILE_UNITS - 1},
    {FIELD(OF_ITEM, item, y), 0, MAP_HEIGHT *TILE_UNITS - 1},
    {FIELD(OF_ITEM, item, at_home), NOTHING_LESS, 1},
    {FIELD(OF_ITEM, item, carrier), NOTHING_LESS, 31},
    {FIELD(OF_ITEM, item, trail), NOTHING_LESS, MAP_WIDTH *MAP_HEIGHT - 1},
    {FIELD(OF_ITEM, item, kind), 'a', 'z'},
    {offsetof(struct arena, enemies[MUSTER_TEAM_RED]) + offsetof(struct enemy_field, sources),
     "source", NOTHING_LESS, MAP_WIDTH *MAP_HEIGHT - 1},
    {offsetof(struct arena, routes[0]) + offsetof(struct route, tile), "route tile", NOTHING_LESS,
     MAP_WIDTH *MAP_HEIGHT - 1},
    {offsetof(struct arena, routes[0]) + offsetof(struct route, valid), "route valid", NOTHING_LESS,
     1},
};

static muster_status loads(struct fixture *f) {
    static uint8_t save[SAVE_MAX];
    uint32_t len = testkit_match_save(f->kit, f->match, save, sizeof(save));
    assert_true(len > 0);
    return testkit_match_load(f->kit, f->match, save, len);
}

static void saves_with(size_t offset, const char *name, int64_t value, muster_status expected) {
    struct fixture f;
    begin(&f);
    for (uint32_t seat = 2; seat < ARENA_SEATS_MAX; seat++) { /* whoever carries is there */
        f.arena->avatars[seat].present = f.arena->avatars[seat].alive = 1;
        f.arena->avatars[seat].team = MUSTER_TEAM_RED;
    }
    f.arena->routes[0].valid = 1;
    f.arena->enemies[MUSTER_TEAM_RED].source_count = 2;
    field_set(&f, offset, value);
    if (loads(&f) != expected) fail_msg("%s of %lld", name, (long long)value);
    testkit_destroy(f.kit);
}

static void test_each_bound_of_a_save(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        const char *name = bounds[i].name;
        saves_with(bounds[i].offset, name, bounds[i].most, MUSTER_OK);
        saves_with(bounds[i].offset, name, bounds[i].most + 1, MUSTER_INVALID);
        if (bounds[i].least == NOTHING_LESS) continue;
        saves_with(bounds[i].offset, name, bounds[i].least, MUSTER_OK);
        saves_with(bounds[i].offset, name, bounds[i].least - 1, MUSTER_INVALID);
    }
}

static void test_who_may_carry_in_a_save(void **state) {
    struct fixture f;
    (void)state;
    begin(&f);
    assert_int_equal(loads(&f), MUSTER_OK);
    f.arena->items[1].at_home = 1; /* and carried */
    assert_int_equal(loads(&f), MUSTER_INVALID);
    f.arena->items[1].at_home = 0;
    f.arena->items[1].carrier = 1;
    assert_int_equal(loads(&f), MUSTER_OK);
    f.arena->avatars[1].alive = 0;
    assert_int_equal(loads(&f), MUSTER_INVALID);
    testkit_destroy(f.kit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change_alone_is_sent),
        cmocka_unit_test(test_each_score_alone_is_sent),
        cmocka_unit_test(test_each_bound_of_a_save),
        cmocka_unit_test(test_who_may_carry_in_a_save),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
