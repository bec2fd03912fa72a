/* Whole matches: bots on every map, save and load, snapshots, and input of every kind. */
#include "arena_fixture.h"
#include "arena_seen.h"

#include <jansson.h>

#define SAVE_MAX 65536

static uint64_t hash(const void *data, uint32_t len) { /* FNV-1a */
    const uint8_t *at = data;
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < len; i++) h = (h ^ at[i]) * UINT64_C(1099511628211);
    return h;
}

static uint64_t state_hash(struct fixture *f) {
    static uint8_t save[SAVE_MAX];
    uint32_t len = testkit_match_save(f->kit, f->match, save, sizeof(save));
    assert_true(len > 0);
    return hash(save, len);
}

static void bots_match(struct fixture *f, const char *map, const char *skill, uint64_t seed) {
    assert_true(testkit_setting_set(f->kit, "botFill", "8"));
    assert_true(testkit_setting_set(f->kit, "botSkill", skill));
    fixture_match(f, map, seed);
}

/* ---- bots ----------------------------------------------------------------------------------- */

static uint32_t kills(struct fixture *f) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        const struct muster_seat_info *row = fixture_row(f, i);
        if (row->seat == i) sum += (uint32_t)row->kills;
    }
    return sum;
}

static void test_bots_fight_on_every_map(void **state) {
    static const char *const skills[] = {"easy", "normal", "hard"};
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    const struct instance *instance = testkit_instance(f.plugin);
    for (uint32_t m = 0; m < instance->map_count; m++) {
        for (uint32_t s = 0; s < 3; s++) {
            bots_match(&f, instance->maps[m]->name, skills[s], m * 10 + s);
            fixture_ticks(&f, 3600); /* three minutes */
            uint32_t count = kills(&f);
            if (count < 10)
                fail_msg("%s: %s bots made %u kills", instance->maps[m]->name, skills[s], count);
            assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), 0);
            testkit_match_destroy(f.kit, f.match);
        }
    }
    fixture_close(&f);
}

static void people_and_bots(struct fixture *f, uint32_t people, uint32_t bots) {
    uint32_t found_people = 0, found_bots = 0;
    for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++) {
        const struct muster_seat_info *row = fixture_row(f, i);
        if (row->seat != i) continue;
        found_people += !row->is_bot;
        found_bots += row->is_bot;
        assert_int_equal(f->arena->avatars[i].present, 1);
        assert_int_equal(f->arena->avatars[i].team, row->team);
    }
    assert_int_equal(found_people, people);
    assert_int_equal(found_bots, bots);
}

static void test_people_replace_bots(void **state) {
    struct fixture f;
    struct muster_match_facts facts;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    bots_match(&f, "foundry", "normal", 3);
    fixture_ticks(&f, 20);
    people_and_bots(&f, 0, 8);
    fixture_join(&f, 0, MUSTER_TEAM_NONE);
    people_and_bots(&f, 1, 7);
    fixture_join(&f, 1, MUSTER_TEAM_NONE);
    people_and_bots(&f, 2, 6);
    testkit_match_facts(f.kit, f.match, &facts);
    assert_int_equal(facts.team_humans[MUSTER_TEAM_RED], 1);
    assert_int_equal(facts.team_humans[MUSTER_TEAM_BLUE], 1);
    assert_int_equal(facts.team_seated[MUSTER_TEAM_RED], 4);
    assert_int_equal(facts.team_seated[MUSTER_TEAM_BLUE], 4);
    testkit_match_leave(f.kit, f.match, 0, MUSTER_LEAVE_QUIT);
    fixture_ticks(&f, 1);
    people_and_bots(&f, 1, 7);
    int64_t none = 0;
    struct muster_command command = {
        .size = sizeof(command), .name = "bots", .text = "", .args = &none, .arg_count = 1};
    assert_int_equal(testkit_host(f.kit)->match->command(f.plugin, f.match, &command), MUSTER_OK);
    fixture_ticks(&f, 10);
    people_and_bots(&f, 1, 0);
    fixture_close(&f);
}

/* However many bots are wished for, all together are as many as there are seats. */
static void test_bots_are_no_more_than_there_are_seats(void **state) {
    struct testkit_match_options options = {
        .game_mode = "arena", .map_name = "foundry", .seats_max = 4, .tick_rate_hz = 20};
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "botFill", "8"));
    f.match = testkit_match_create(f.kit, f.plugin, &options);
    f.arena = testkit_match_state(f.kit, f.match);
    fixture_join(&f, 0, MUSTER_TEAM_NONE);
    fixture_ticks(&f, 20);
    people_and_bots(&f, 1, 3);
    for (uint32_t seat = 1; seat < 4; seat++) { /* who comes late replaces a bot here, too */
        fixture_join(&f, seat, MUSTER_TEAM_NONE);
        people_and_bots(&f, seat + 1, 3 - seat);
    }
    fixture_ticks(&f, 20);
    people_and_bots(&f, 4, 0);
    fixture_close(&f);
}

/* Where bots are wanted no side stays empty, however many people there are. */
static void test_bots_give_a_side_to_play_against(void **state) {
    struct fixture f;
    struct muster_match_facts facts;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "botFill", "2"));
    fixture_match(&f, "foundry", 3);
    for (uint32_t seat = 0; seat < 5; seat++) fixture_join(&f, seat, MUSTER_TEAM_BLUE);
    fixture_ticks(&f, 20);
    people_and_bots(&f, 5, 1);
    testkit_match_facts(f.kit, f.match, &facts);
    assert_int_equal(facts.team_seated[MUSTER_TEAM_RED], 1);
    fixture_join(&f, 5, MUSTER_TEAM_RED);
    fixture_ticks(&f, 2);
    people_and_bots(&f, 6, 0);
    testkit_match_leave(f.kit, f.match, 5, MUSTER_LEAVE_QUIT);
    fixture_ticks(&f, 2);
    people_and_bots(&f, 5, 1);
    fixture_close(&f);
}

static uint32_t fields_made(const struct arena *arena) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ARENA_TEAMS_END; i++) count += arena->enemies[i].distance != NULL;
    for (uint32_t i = 0; i < ROUTES_MAX; i++) count += arena->routes[i].distance != NULL;
    return count;
}

/* What bots know of the map is memory of matches with bots. */
static void test_without_bots_no_distances_are_kept(void **state) {
    struct fixture f;
    (void)state;
    assert_true(sizeof(struct arena) <= 16 << 10);
    fixture_open(&f, SHARE_DIR);
    fixture_match(&f, "crossfire", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_ticks(&f, 40);
    assert_int_equal(fields_made(f.arena), 0);
    assert_true(testkit_setting_set(f.kit, "botFill", "2"));
    fixture_match(&f, "crossfire", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_ticks(&f, 40);
    assert_int_equal(fields_made(f.arena), 2); /* each team's way to the other */
    fixture_close(&f);
}

/* A tick of the bot, who looks so and has somebody that far to its left: where it looks then. */
static uint16_t look(struct fixture *f, struct avatar *bot, uint16_t aim, int32_t distance) {
    const int32_t row = 8 * TILE_UNITS + TILE_UNITS / 2; /* an open one of crossfire */
    fixture_place(f, 0, 2 * TILE_UNITS, row);
    fixture_place(f, (uint32_t)(bot - f->arena->avatars), 2 * TILE_UNITS + distance, row);
    f->arena->avatars[0].health = HEALTH_MAX;
    bot->bot = (struct bot){.target = 0, .error_tick = UINT32_MAX};
    bot->rifle_tick = bot->launcher_tick = bot->fire = 0;
    bot->aim = aim;
    fixture_ticks(f, 1);
    return bot->aim;
}

/* Does it fire when its aim is off by so much after its turn, which is 2800 a tick? */
static bool fires(struct fixture *f, int32_t off, int32_t distance) {
    struct avatar *bot = f->arena->avatars;
    while (!bot->is_bot) bot++;
    uint16_t wanted = look(f, bot, 32768, distance);
    look(f, bot, (uint16_t)(wanted - off - (off < 0 ? -2800 : 2800)), distance);
    return bot->rifle_tick > 0;
}

static void test_bots_fire_when_they_aim_well(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "botFill", "2"));
    fixture_match(&f, "crossfire", 3);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_ticks(&f, 2);
    assert_true(fires(&f, 700, 6 * TILE_UNITS));
    assert_false(fires(&f, 701, 6 * TILE_UNITS));
    assert_true(fires(&f, -700, 6 * TILE_UNITS)); /* from the other side */
    assert_false(fires(&f, -701, 6 * TILE_UNITS));
    assert_true(fires(&f, 0, RIFLE_RANGE));
    assert_false(fires(&f, 0, RIFLE_RANGE + 1));
    fixture_close(&f);
}

/* ---- save, load, replay --------------------------------------------------------------------- */

static uint32_t random_of(uint32_t *seed) {
    return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

/* What two people send in a tick, from a seed: mostly one input, at times two, at times the host
 * repeats. */
static void people_play(struct fixture *f, uint32_t *seed) {
    for (uint32_t seat = 0; seat < 2; seat++) {
        struct muster_input input = {.held = (uint16_t)(random_of(seed) & 3),
                                     .aim = (uint16_t)random_of(seed),
                                     .move_x = (int8_t)random_of(seed),
                                     .move_y = (int8_t)random_of(seed),
                                     .repeated = random_of(seed) % 4 == 0};
        testkit_match_input(f->kit, f->match, seat, &input);
        if (random_of(seed) % 3 == 0) testkit_match_input(f->kit, f->match, seat, &input);
    }
    fixture_ticks(f, 1);
}

static void play(struct fixture *f, uint32_t ticks, uint32_t *seed) {
    while (ticks--) people_play(f, seed);
}

static void begin(struct fixture *f, const char *map) {
    fixture_open(f, SHARE_DIR);
    bots_match(f, map, "normal", 77);
    fixture_join(f, 0, MUSTER_TEAM_NONE);
    fixture_join(f, 1, MUSTER_TEAM_NONE);
}

static void test_same_inputs_same_match(void **state) {
    uint64_t hashes[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        uint32_t seed = 9;
        begin(&f, "crossfire");
        play(&f, 1500, &seed);
        hashes[i] = state_hash(&f);
        fixture_close(&f);
    }
    assert_true(hashes[0] == hashes[1]);
}

static void test_load_goes_on_the_same(void **state) {
    static uint8_t save[SAVE_MAX], one[SNAPSHOT_MAX_BYTES], two[SNAPSHOT_MAX_BYTES];
    (void)state;
    for (uint32_t at = 100; at < 1000; at += 173) {
        struct fixture f;
        begin(&f, "foundry");
        uint32_t seed = 4, seed_after;
        play(&f, at, &seed);
        seed_after = seed;
        uint32_t len = testkit_match_save(f.kit, f.match, save, sizeof(save));
        muster_match_id first = f.match;
        int64_t facts = testkit_match_fact_sum(f.kit, first, "impossible_input");
        fixture_match(&f, "foundry", 1); /* another seed: all must come from the save */
        assert_int_equal(testkit_match_load(f.kit, f.match, save, len), MUSTER_OK);
        muster_match_id second = f.match;
        for (uint32_t i = 0; i < 600; i++) {
            uint32_t a = seed_after, b = seed_after;
            f.match = first;
            people_play(&f, &a);
            uint64_t first_hash = state_hash(&f);
            f.match = second;
            people_play(&f, &b);
            seed_after = a;
            assert_true(first_hash == state_hash(&f));
            if (i == 0) continue; /* whose clients know no step of before */
            uint32_t n = testkit_match_snapshot(f.kit, first, 0, false, one, sizeof(one));
            assert_int_equal(testkit_match_snapshot(f.kit, second, 0, false, two, sizeof(two)), n);
            assert_memory_equal(one, two, n);
        }
        facts = testkit_match_fact_sum(f.kit, first, "impossible_input") - facts;
        assert_int_equal(testkit_match_fact_sum(f.kit, second, "impossible_input"), facts);
        fixture_close(&f);
    }
}

/* A damaged save is refused or plays on; it never leads outside. */
static void test_damaged_saves(void **state) {
    static uint8_t save[SAVE_MAX], bad[SAVE_MAX];
    struct fixture f;
    uint32_t seed = 4, refused = 0;
    (void)state;
    begin(&f, "canyon");
    play(&f, 300, &seed);
    uint32_t len = testkit_match_save(f.kit, f.match, save, sizeof(save));
    assert_int_equal(testkit_match_load(f.kit, f.match, save, len - 1), MUSTER_INVALID);
    for (uint32_t i = 0; i < 400; i++) {
        memcpy(bad, save, len);
        for (int n = 0; n < 4; n++) bad[random_of(&seed) % len] = (uint8_t)random_of(&seed);
        fixture_match(&f, "canyon", 1);
        if (testkit_match_load(f.kit, f.match, bad, len) == MUSTER_OK) {
            fixture_ticks(&f, 5);
        } else {
            refused++;
        }
        testkit_match_destroy(f.kit, f.match);
    }
    assert_true(refused > 0);
    testkit_destroy(f.kit);
}

/* ---- snapshots ------------------------------------------------------------------------------ */

static void test_deltas_add_up_to_full(void **state) {
    struct fixture f;
    static struct seen by_delta, by_full;
    uint32_t seed = 8, delta_bytes = 0, delta_max = 0;
    (void)state;
    begin(&f, "crossfire");
    fixture_ticks(&f, 1);
    seen_read(&f, &by_delta, true);
    for (uint32_t i = 0; i < 3000; i++) {
        if (i == 1000) testkit_match_leave(f.kit, f.match, 1, MUSTER_LEAVE_QUIT);
        if (i == 1500) fixture_join(&f, 1, MUSTER_TEAM_NONE);
        people_play(&f, &seed);
        uint32_t len = seen_read(&f, &by_delta, false);
        delta_bytes += len;
        if (len > delta_max) delta_max = len;
        assert_true(seen_read(&f, &by_full, true) < 1024);
        assert_memory_equal(&by_delta, &by_full, sizeof(by_full));
    }
    assert_true(delta_bytes / 3000 < 24); /* typical */
    assert_true(delta_max < 64);
    assert_true(by_full.red + by_full.blue > 0);
    fixture_close(&f);
}

static void test_intro(void **state) {
    struct fixture f;
    static char text[16384];
    (void)state;
    begin(&f, "canyon");
    const struct muster_mode *mode = testkit_role(f.plugin, MUSTER_ROLE_MODE);
    struct muster_writer w = muster_writer_make(text, sizeof(text) - 1);
    mode->intro(testkit_instance(f.plugin), f.arena, &w);
    assert_int_equal(w.overflow, 0);
    json_t *intro = json_loadb(text, w.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(intro);
    const json_t *map = json_object_get(intro, "map");
    assert_string_equal(json_string_value(json_object_get(map, "name")), "canyon");
    assert_int_equal(json_array_size(json_object_get(map, "rows")),
                     json_integer_value(json_object_get(map, "height")));
    assert_int_equal(json_integer_value(json_object_get(intro, "tileUnits")), 256);
    assert_int_equal(json_integer_value(json_object_get(intro, "respawnTicks")), 60);
    assert_true(json_is_false(json_object_get(intro, "friendlyFire")));
    json_decref(intro);
    fixture_close(&f);
}

/* ---- anything a client can send ------------------------------------------------------------- */

static void random_input(struct fixture *f, uint32_t *seed) {
    struct muster_input input;
    uint8_t *bytes = (uint8_t *)&input;
    for (uint32_t i = 0; i < sizeof(input); i++) bytes[i] = (uint8_t)random_of(seed);
    input.sample_count %= MUSTER_INPUT_SAMPLES_MAX + 1;
    testkit_match_input(f->kit, f->match, random_of(seed) % 9, &input);
}

static void random_act(struct fixture *f, uint32_t *seed) {
    uint32_t seat = random_of(seed) % 8;
    if (fixture_row(f, seat)->seat == seat) {
        testkit_match_leave(f->kit, f->match, seat, MUSTER_LEAVE_QUIT);
    } else {
        fixture_join(f, seat, random_of(seed) % ARENA_TEAMS_END);
    }
}

static void test_random_matches(void **state) {
    struct fixture f;
    static struct seen seen;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "friendlyFire", "true"));
    for (uint32_t round = 0; round < 6; round++) {
        uint32_t seed = round;
        bots_match(&f, round % 2 ? "canyon" : "foundry", "hard", round);
        fixture_ticks(&f, 1);
        seen_read(&f, &seen, true);
        for (uint32_t i = 0; i < 1500; i++) {
            for (uint32_t n = random_of(&seed) % 12; n > 0; n--) random_input(&f, &seed);
            if (random_of(&seed) % 20 == 0) random_act(&f, &seed);
            fixture_ticks(&f, 1);
            seen_read(&f, &seen, false);
        }
        testkit_match_destroy(f.kit, f.match);
    }
    fixture_close(&f);
}

/* What is told of a seat that is none, or that a bot has, concerns no person. */
static void test_seats_of_nobody(void **state) {
    const struct muster_input input = {.move_x = 127, .pressed = 1};
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    bots_match(&f, "foundry", "easy", 4);
    fixture_ticks(&f, 2);
    const struct muster_mode *mode = testkit_role(f.plugin, MUSTER_ROLE_MODE);
    void *instance = testkit_instance(f.plugin);
    assert_int_equal(mode->join(instance, f.arena, ARENA_SEATS_MAX), MUSTER_INVALID);
    assert_int_equal(mode->join(instance, f.arena, MUSTER_SEAT_NONE), MUSTER_INVALID);
    mode->leave(instance, f.arena, ARENA_SEATS_MAX, MUSTER_LEAVE_QUIT);
    mode->connection(instance, f.arena, ARENA_SEATS_MAX, 0);
    mode->input(instance, f.arena, ARENA_SEATS_MAX, &input);
    uint32_t seat = 0;
    while (!f.arena->avatars[seat].is_bot) seat++;
    struct avatar before = f.arena->avatars[seat];
    mode->connection(instance, f.arena, seat, 0);
    mode->input(instance, f.arena, seat, &input);
    mode->leave(instance, f.arena, seat, MUSTER_LEAVE_QUIT);
    assert_memory_equal(&f.arena->avatars[seat], &before, sizeof(before));
    fixture_close(&f);
}

/* Without teams everybody may hurt everybody, bots of the same side of the map, too. */
static void test_free_for_all(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "botFill", "6"));
    struct testkit_match_options options = {.game_mode = "free_for_all",
                                            .map_name = "canyon",
                                            .seats_max = 8,
                                            .tick_rate_hz = 20,
                                            .seed = 7};
    f.match = testkit_match_create(f.kit, f.plugin, &options);
    f.arena = testkit_match_state(f.kit, f.match);
    fixture_join(&f, 0, MUSTER_TEAM_NONE);
    fixture_join(&f, 2, MUSTER_TEAM_NONE);
    assert_true(f.arena->free_for_all);
    bool mates_fell = false;
    for (uint32_t tick = 0; tick < 6000 && !mates_fell; tick++) {
        fixture_ticks(&f, 1);
        for (uint32_t i = 0; i < ARENA_SEATS_MAX; i++)
            for (uint32_t j = 0; j < ARENA_SEATS_MAX; j++)
                mates_fell |= i != j && f.arena->avatars[i].present &&
                              f.arena->avatars[j].damaged_by[i] &&
                              f.arena->avatars[i].team == f.arena->avatars[j].team;
    }
    assert_true(mates_fell);
    fixture_ticks(&f, 600);
    int32_t kills = 0;
    for (uint32_t seat = 0; seat < 16; seat++) {
        const struct muster_seat_info *row = fixture_row(&f, seat);
        if (row->seat != seat) continue;
        assert_int_equal(row->team, MUSTER_TEAM_NONE);
        kills += row->kills;
    }
    assert_true(kills > 0);
    assert_int_equal(testkit_host(f.kit)->match->team_score(f.plugin, f.match, 1), 0);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bots_fight_on_every_map),
        cmocka_unit_test(test_people_replace_bots),
        cmocka_unit_test(test_bots_are_no_more_than_there_are_seats),
        cmocka_unit_test(test_seats_of_nobody),
        cmocka_unit_test(test_bots_give_a_side_to_play_against),
        cmocka_unit_test(test_without_bots_no_distances_are_kept),
        cmocka_unit_test(test_bots_fire_when_they_aim_well),
        cmocka_unit_test(test_same_inputs_same_match),
        cmocka_unit_test(test_load_goes_on_the_same),
        cmocka_unit_test(test_damaged_saves),
        cmocka_unit_test(test_deltas_add_up_to_full),
        cmocka_unit_test(test_intro),
        cmocka_unit_test(test_random_matches),
        cmocka_unit_test(test_free_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
