/* Movement: the vectors that clients use as well, walls, and speed limits. */
#include "arena_fixture.h"

#include <jansson.h>

static void rows_join(const json_t *rows, char *text, size_t cap) {
    size_t i, len = 0;
    json_t *row;
    json_array_foreach(rows, i, row) {
        len += (size_t)snprintf(text + len, cap - len, "%s\n", json_string_value(row));
        assert_true(len < cap);
    }
}

static int at(const json_t *pairs, size_t i, size_t axis) {
    return (int)json_integer_value(json_array_get(json_array_get(pairs, i), axis));
}

static void vector_check(const json_t *vector) {
    char dir[TEMP_DIR_MAX], text[4096];
    struct fixture f;
    const json_t *moves = json_object_get(vector, "moves");
    const json_t *positions = json_object_get(vector, "positions");
    const json_t *start = json_object_get(vector, "start");
    rows_join(json_object_get(vector, "rows"), text, sizeof(text));
    fixture_map_dir(dir, "vector.txt", text);
    fixture_open(&f, dir);
    fixture_match(&f, "vector", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_place(&f, 0, (int)json_integer_value(json_array_get(start, 0)),
                  (int)json_integer_value(json_array_get(start, 1)));
    assert_true(json_array_size(moves) > 0);
    for (size_t i = 0; i < json_array_size(moves); i++) {
        fixture_input(&f, 0, at(moves, i, 0), at(moves, i, 1), 0, 0);
        fixture_ticks(&f, 1);
        if (f.arena->avatars[0].x == at(positions, i, 0) &&
            f.arena->avatars[0].y == at(positions, i, 1))
            continue;
        fail_msg("%s: move %zu: expected %d,%d found %d,%d",
                 json_string_value(json_object_get(vector, "name")), i, at(positions, i, 0),
                 at(positions, i, 1), f.arena->avatars[0].x, f.arena->avatars[0].y);
    }
    fixture_close(&f);
    assert_true(temp_dir_remove(dir));
}

static void test_vectors(void **state) {
    (void)state;
    json_t *file = json_load_file(DATA_DIR "/arena_moves.json", 0, NULL);
    const json_t *cases = json_object_get(file, "cases");
    assert_int_equal(json_integer_value(json_object_get(file, "speed")), PLAYER_SPEED);
    assert_int_equal(json_integer_value(json_object_get(file, "playerRadius")), PLAYER_RADIUS);
    assert_true(json_array_size(cases) >= 5);
    for (size_t i = 0; i < json_array_size(cases); i++) vector_check(json_array_get(cases, i));
    json_decref(file);
}

/* A test's own check of the square against the rows of the map. */
static bool touches_wall(const struct map *map, int32_t x, int32_t y) {
    for (int32_t ty = (y - PLAYER_RADIUS) >> 8; ty <= (y + PLAYER_RADIUS) >> 8; ty++) {
        for (int32_t tx = (x - PLAYER_RADIUS) >> 8; tx <= (x + PLAYER_RADIUS) >> 8; tx++) {
            if (tx < 0 || ty < 0 || tx >= map->width || ty >= map->height) return true;
            if (map->rows[ty][tx] == '#') return true;
        }
    }
    return false;
}

static int64_t fastest(void *user, const struct muster_param *param, int64_t value) {
    (void)user;
    return strcmp(param->name, "speed") == 0 ? 100000 : value;
}

static void walk_randomly(struct fixture *f, uint32_t ticks) {
    uint32_t random = 12345;
    int8_t move_x = 0, move_y = 0;
    for (uint32_t i = 0; i < ticks; i++) {
        random = random * 1664525u + 1013904223u;
        if (random >> 29 == 0) {
            move_x = (int8_t)(random >> 16);
            move_y = (int8_t)(random >> 8);
        }
        fixture_input(f, 0, move_x, move_y, 0, 0);
        fixture_ticks(f, 1);
        const struct avatar *a = &f->arena->avatars[0];
        if (touches_wall(f->arena->map, a->x, a->y))
            fail_msg("%s: %d,%d is in a wall after %u ticks", f->arena->map->name, a->x, a->y, i);
    }
}

static void test_never_in_walls(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    const struct instance *instance = testkit_instance(f.plugin);
    assert_true(instance->map_count >= 2);
    for (uint32_t fast = 0; fast < 2; fast++) {
        testkit_adjust_set(f.kit, fast ? fastest : NULL, NULL);
        for (uint32_t i = 0; i < instance->map_count; i++) {
            fixture_match(&f, instance->maps[i]->name, i);
            fixture_join(&f, 0, MUSTER_TEAM_RED);
            walk_randomly(&f, 20000);
            testkit_match_destroy(f.kit, f.match);
        }
    }
    fixture_close(&f);
}

/* Many inputs a tick move no further than time allows, and are counted. */
static void test_speed_hack(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    fixture_match(&f, "crossfire", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_place(&f, 0, 7 * 256, 8 * 256 + 128); /* an open row to the right */
    int32_t start = f.arena->avatars[0].x;
    for (uint32_t i = 0; i < 40; i++) {
        fixture_input(&f, 0, 127, 0, 0, 0);
        fixture_input(&f, 0, 127, 0, 0, 0);
        fixture_ticks(&f, 1);
    }
    int32_t walked = f.arena->avatars[0].x - start;
    assert_true(walked <= (40 + MOVE_CREDIT_MAX) * PLAYER_SPEED);
    assert_true(walked >= 40 * PLAYER_SPEED);
    assert_true(testkit_match_fact_sum(f.kit, f.match, "impossible_input") >= 30);
    fixture_close(&f);
}

/* The host repeats the last input while nothing comes; what then comes late has been moved. */
static void test_late_inputs_are_honest(void **state) {
    struct fixture f;
    struct muster_input repeated = {.move_x = 127, .repeated = 1};
    (void)state;
    fixture_open(&f, SHARE_DIR);
    fixture_match(&f, "crossfire", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    fixture_place(&f, 0, 7 * 256, 8 * 256 + 128);
    int32_t start = f.arena->avatars[0].x;
    for (uint32_t round = 0; round < 20; round++) {
        fixture_input(&f, 0, 127, 0, 0, 0);
        fixture_ticks(&f, 1);
        testkit_match_input(f.kit, f.match, 0, &repeated);
        fixture_ticks(&f, 1);
        fixture_input(&f, 0, 127, 0, 0, 0);
        fixture_input(&f, 0, 127, 0, 0, 0);
        fixture_ticks(&f, 1);
    }
    int32_t walked = f.arena->avatars[0].x - start;
    assert_true(walked <= (60 + MOVE_CREDIT_MAX) * PLAYER_SPEED);
    assert_true(walked >= 60 * PLAYER_SPEED || f.arena->avatars[0].x > 24 * 256);
    assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), 0);
    fixture_close(&f);
}

/* After a lag, however long, so many late inputs are believed and no more. */
static void test_late_inputs_have_a_bound(void **state) {
    struct fixture f;
    struct muster_input repeated = {.move_x = 127, .repeated = 1}, late = {.move_x = 127};
    (void)state;
    fixture_open(&f, SHARE_DIR);
    fixture_match(&f, "crossfire", 1);
    fixture_join(&f, 0, MUSTER_TEAM_RED);
    for (uint32_t i = 0; i < 100; i++) {
        testkit_match_input(f.kit, f.match, 0, &repeated);
        fixture_ticks(&f, 1);
    }
    for (uint32_t i = 0; i < MOVE_CREDIT_MAX + REPEATS_MAX; i++)
        testkit_match_input(f.kit, f.match, 0, &late);
    assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), 0);
    testkit_match_input(f.kit, f.match, 0, &late);
    assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), 1);
    testkit_match_input(f.kit, f.match, 0, &repeated); /* found nothing in hand: excuses nothing */
    testkit_match_input(f.kit, f.match, 0, &late);
    assert_int_equal(testkit_match_fact_sum(f.kit, f.match, "impossible_input"), 2);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_never_in_walls),
        cmocka_unit_test(test_speed_hack),
        cmocka_unit_test(test_late_inputs_are_honest),
        cmocka_unit_test(test_late_inputs_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
