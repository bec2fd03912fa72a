/* Bots and objectives: they hold a hill, and carry flags home, on every map and with every skill.
 */
#include "arena_rules.h"

#define MINUTES(n) ((n)*60 * 20)
#define HILL 1
#define HOLD_TICKS (60 * 20)

/* The shortest rules that make a game of it; what they order is done in the next tick. */
struct rules {
    struct fixture *f;
    uint32_t captures[ARENA_TEAMS_END];
    uint32_t drops, touches;
};

static void order(struct fixture *f, const char *name, const char *text, const int64_t *args,
                  uint32_t count) {
    struct muster_command call = {.size = sizeof(call),
                                  .seat = MUSTER_SEAT_NONE,
                                  .name = name,
                                  .text = text,
                                  .args = args,
                                  .arg_count = count};
    assert_int_equal(testkit_host(f->kit)->match->command(f->plugin, f->match, &call), MUSTER_OK);
}

#define ORDER(f, name, text, ...)                                                                  \
    order(f, name, text, (const int64_t[]){__VA_ARGS__},                                           \
          sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void begin(struct fixture *f, const char *map, const char *skill, uint64_t seed) {
    assert_true(testkit_setting_set(f->kit, "botFill", "8"));
    assert_true(testkit_setting_set(f->kit, "botSkill", skill));
    fixture_match(f, map, seed);
}

typedef void (*game_fn)(struct fixture *f, const char *name);

static void on_all_maps(game_fn game) {
    static const char *const skills[] = {"easy", "normal", "hard"};
    struct fixture f;
    fixture_open(&f, SHARE_DIR);
    const struct instance *instance = testkit_instance(f.plugin);
    for (uint32_t m = 0; m < instance->map_count; m++) {
        for (uint32_t s = 0; s < 3; s++) {
            char name[64];
            snprintf(name, sizeof(name), "%s, %s bots", instance->maps[m]->name, skills[s]);
            begin(&f, instance->maps[m]->name, skills[s], m * 10 + s);
            game(&f, name);
            testkit_match_destroy(f.kit, f.match);
        }
    }
    fixture_close(&f);
}

/* ---- king of the hill ------------------------------------------------------------------------ */

/* The team that is alone in the zone; NONE: nobody, or both. */
static uint32_t sole_team(const struct arena *arena, const struct zone *zone) {
    uint32_t teams = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        if (zone->inside >> i & 1) teams |= 1u << arena->avatars[i].team;
    }
    return teams == 2 ? MUSTER_TEAM_RED : teams == 4 ? MUSTER_TEAM_BLUE : MUSTER_TEAM_NONE;
}

/* One team has it for a minute in all, alone. */
static void hold_the_hill(struct fixture *f, const char *name) {
    uint32_t held[ARENA_TEAMS_END] = {0}, empty = 0, ticks = 0;
    const struct zone *hill = &f->arena->zones[HILL - 1];
    ORDER(f, "zone", "center|Hill", HILL, 3 * 256, 0, 0);
    while (held[MUSTER_TEAM_RED] < HOLD_TICKS && held[MUSTER_TEAM_BLUE] < HOLD_TICKS) {
        fixture_ticks(f, 1);
        held[sole_team(f->arena, hill)]++;
        empty += !hill->inside;
        if (++ticks == MINUTES(5)) fail_msg("%s: red %u, blue %u ticks", name, held[1], held[2]);
    }
    assert_true(held[MUSTER_TEAM_RED] > 0 && held[MUSTER_TEAM_BLUE] > 0);
    assert_true(empty < ticks / 3); /* it is never left for long */
}

static void test_bots_hold_a_hill(void **state) {
    (void)state;
    on_all_maps(hold_the_hill);
}

/* A team that has a zone wholly, and nobody disputes it: one bot in three stays. */
static void guard_the_hill(struct fixture *f, const char *name) {
    uint32_t guarded = 0;
    ORDER(f, "zone", "red_base|Red base", HILL, 3 * 256, MUSTER_TEAM_RED, 100);
    fixture_ticks(f, MINUTES(1));
    for (uint32_t i = 0; i < MINUTES(1); i++) {
        fixture_ticks(f, 1);
        guarded += sole_team(f->arena, &f->arena->zones[HILL - 1]) == MUSTER_TEAM_RED;
    }
    if (guarded < MINUTES(1) / 4) fail_msg("%s: guarded for %u ticks", name, guarded);
}

static void test_bots_guard_what_they_have(void **state) {
    (void)state;
    on_all_maps(guard_the_hill);
}

/* ---- capture the flag ------------------------------------------------------------------------ */

static void capture_rules(void *user, const struct muster_fact *fact) {
    struct rules *rules = user;
    struct fixture *f = rules->f;
    rules->drops += strcmp(fact->kind, "drop") == 0;
    if (strcmp(fact->kind, "touch") == 0) {
        rules->touches++;
        ORDER(f, "item_home", "", fact->value);
    }
    uint32_t team = f->arena->avatars[fact->seat].team, loot = ARENA_TEAMS_END - team;
    if (strcmp(fact->kind, "zone_enter") != 0 || fact->value != team) return;
    if (f->arena->items[loot - 1].carrier != fact->seat) return;
    rules->captures[team]++;
    ORDER(f, "item_home", "", loot);
}

static struct rules capture_the_flag(struct fixture *f, const char *name) {
    struct rules rules = {.f = f};
    testkit_tell_set(f->kit, capture_rules, &rules);
    ORDER(f, "item", "red_base|flag", MUSTER_TEAM_RED, MUSTER_TEAM_RED, WHO_ENEMIES);
    ORDER(f, "item", "blue_base|flag", MUSTER_TEAM_BLUE, MUSTER_TEAM_BLUE, WHO_ENEMIES);
    for (uint32_t i = 0; rules.captures[1] + rules.captures[2] < 3; i++) {
        if (i == MINUTES(10)) fail_msg("%s: %u:%u", name, rules.captures[1], rules.captures[2]);
        fixture_ticks(f, 1);
    }
    testkit_tell_set(f->kit, NULL, NULL);
    return rules;
}

static void capture_to_zones(struct fixture *f, const char *name) {
    ORDER(f, "zone", "red_base|Red base", MUSTER_TEAM_RED, 512, MUSTER_TEAM_RED, 100);
    ORDER(f, "zone", "blue_base|Blue base", MUSTER_TEAM_BLUE, 512, MUSTER_TEAM_BLUE, 100);
    struct rules rules = capture_the_flag(f, name);
    assert_true(rules.drops > 0 && rules.touches > 0); /* carriers fall, flags are brought back */
}

static void test_bots_capture_flags(void **state) {
    (void)state;
    on_all_maps(capture_to_zones);
}

/* ---- a crown for anyone ---------------------------------------------------------------------- */

static void crown_rules(void *user, const struct muster_fact *fact) {
    uint32_t *pickups = user;
    if (strcmp(fact->kind, "pickup") == 0) pickups[fact->seat]++;
}

/* It goes from hand to hand: who has it is hunted down. */
static void pass_the_crown(struct fixture *f, const char *name) {
    uint32_t pickups[ARENA_SEATS_MAX] = {0}, kings = 0;
    testkit_tell_set(f->kit, crown_rules, pickups);
    ORDER(f, "item", "center|crown", 8, MUSTER_TEAM_NONE, WHO_ANYONE);
    fixture_ticks(f, MINUTES(3));
    testkit_tell_set(f->kit, NULL, NULL);
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) kings += pickups[i] > 0;
    if (kings < 3) fail_msg("%s: %u had it", name, kings);
}

static void test_bots_fight_for_a_crown(void **state) {
    (void)state;
    on_all_maps(pass_the_crown);
}

/* Ways that are in use are not taken away for one more; the one that is idle longest is. */
static void test_ways_in_use_stay(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    begin(&f, "crossfire", "normal", 1);
    ORDER(&f, "zone", "at:12,8|Hill", HILL, 512, MUSTER_TEAM_NONE, 0);
    const uint32_t hill = 8 * 32 + 12, idle = 5;
    fixture_ticks(&f, 1);
    for (uint32_t tick = 0; tick < 30; tick++) {
        uint32_t next = f.arena->tick + 1;
        for (uint32_t i = 0; i < ROUTES_MAX; i++) {
            struct route *route = &f.arena->routes[i];
            if (tick == 0) *route = (struct route){.valid = 1, .tile = 33 + i};
            assert_int_not_equal(route->tile, hill);
            route->used_tick = i == idle && tick == 29 ? next - 2 : next - 1;
        }
        fixture_ticks(&f, 1);
    }
    for (uint32_t i = 0; i < ROUTES_MAX; i++)
        assert_int_equal(f.arena->routes[i].tile, i == idle ? hill : 33 + i);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_in_use_stay),          cmocka_unit_test(test_bots_hold_a_hill),
        cmocka_unit_test(test_bots_guard_what_they_have), cmocka_unit_test(test_bots_capture_flags),
        cmocka_unit_test(test_bots_fight_for_a_crown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
