/* Maps that operators get wrong are refused with file, line, expected and found. */
#include "arena_fixture.h"

static void refused(const char *file, const char *text, const char *why) {
    char dir[TEMP_DIR_MAX];
    fixture_map_dir(dir, file, text);
    struct testkit *kit = testkit_create();
    testkit_share_dir_set(kit, dir);
    muster_self *plugin = testkit_load(kit, PLUGIN_DIR "/mode_arena.so");
    assert_non_null(plugin);
    assert_int_not_equal(testkit_start(plugin), MUSTER_OK);
    if (!testkit_log_find(kit, why)) fail_msg("expected \"%s\" in the log", why);
    testkit_destroy(kit);
    assert_true(temp_dir_remove(dir));
}

static void test_bad_maps(void **state) {
    char big[9000];
    (void)state;
    refused("a.txt", "; a comment\n####\n#rb#\n##\n####\n", "a.txt: line 4: expected a row of 4");
    refused("a.txt", "####\n#rx#\n", "a.txt: line 2: expected one of # . r b, found byte 0x78");
    refused("a.txt", "####\n#r.#\n#..#\n####\n", "expected spawns of both teams");
    refused("a.txt", "#####\n#r#b#\n#.#.#\n#####\n", "connected by floor");
    refused("a.txt", "rb\nrb\n", "expected at least 4 x 4 tiles, found 2 x 2");
    refused("a.txt", "rb.\n...\n...\n...\n", "expected at least 4 x 4 tiles, found 3 x 4");
    refused("a.txt", "rb..\n....\n....\n", "expected at least 4 x 4 tiles, found 4 x 3");
    refused("a.txt", "", "expected at least 4 x 4");
    memset(big, '#', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    refused("a.txt", big, "expected at most 8192 bytes");
    big[100] = '\0';
    refused("a.txt", big, "expected at most 64 x 64 tiles");
    refused("Not A Map.md", "####\n", "expected 1 to 16 maps");
}

/* A map of so many tiles and spawns, walls around it. */
static char *map_text(int side, int spawns) {
    static char text[65 * 66 + 1];
    char *at = text;
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            bool wall = x == 0 || y == 0 || x == side - 1 || y == side - 1;
            *at++ = wall ? '#' : y == 1 && x <= spawns ? 'r' : y == 2 && x == 1 ? 'b' : '.';
        }
        *at++ = '\n';
    }
    *at = '\0';
    return text;
}

static void test_smallest_map(void **state) {
    char dir[TEMP_DIR_MAX];
    struct fixture f;
    (void)state;
    fixture_map_dir(dir, "a.txt", "rb..\n....\n....\n....\n");
    fixture_open(&f, dir);
    fixture_match(&f, "a", 1);
    assert_int_equal(f.arena->map->width * f.arena->map->height, 16);
    fixture_close(&f);
    assert_true(temp_dir_remove(dir));
}

static void test_largest_maps(void **state) {
    char dir[TEMP_DIR_MAX], command[700];
    struct fixture f;
    (void)state;
    refused("a.txt", map_text(65, 1), "expected at most 64 x 64 tiles");
    refused("a.txt", map_text(20, 17), "expected at most 16 spawns of r");
    fixture_map_dir(dir, "a.txt", map_text(64, 16));
    snprintf(command, sizeof(command),
             "cd %s/maps/arena && for n in b c d e f g h i j k l m n o p; do cp a.txt $n.txt; done",
             dir);
    assert_int_equal(system(command), 0);
    fixture_open(&f, dir);
    fixture_match(&f, "p", 1); /* the sixteenth */
    assert_int_equal(f.arena->map->width, 64);
    assert_int_equal(f.arena->map->height, 64);
    assert_int_equal(f.arena->map->spawn_count[MUSTER_TEAM_RED], 16);
    fixture_close(&f);
    snprintf(command, sizeof(command), "cp %s/maps/arena/a.txt %s/maps/arena/q.txt", dir, dir);
    assert_int_equal(system(command), 0);
    struct testkit *kit = testkit_create();
    testkit_share_dir_set(kit, dir);
    assert_int_not_equal(testkit_start(testkit_load(kit, PLUGIN_DIR "/mode_arena.so")), MUSTER_OK);
    assert_non_null(testkit_log_find(kit, "expected 1 to 16 maps (*.txt), found 17"));
    testkit_destroy(kit);
    assert_true(temp_dir_remove(dir));
}

static void test_crlf_and_comments(void **state) {
    char dir[TEMP_DIR_MAX];
    struct fixture f;
    (void)state;
    fixture_map_dir(dir, "tiny_1.txt", "; tiny\r\n####\r\n#r.#\r\n#.b#\r\n####\r\n\r\n");
    fixture_open(&f, dir);
    fixture_match(&f, "tiny_1", 1);
    assert_int_equal(f.arena->map->width, 4);
    assert_int_equal(f.arena->map->height, 4);
    struct testkit_match_options options = {.map_name = "unknown"};
    assert_int_equal(testkit_match_create(f.kit, f.plugin, &options).value, 0);
    fixture_close(&f);
    assert_true(temp_dir_remove(dir));
}

static void test_settings(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    assert_true(testkit_setting_set(f.kit, "mapName", "foundry"));
    assert_false(testkit_setting_set(f.kit, "mapName", "nowhere"));
    assert_true(testkit_setting_set(f.kit, "maxPlayers", "16"));
    assert_false(testkit_setting_set(f.kit, "maxPlayers", "17"));
    assert_false(testkit_setting_set(f.kit, "botSkill", "insane"));
    assert_true(testkit_setting_set(f.kit, "spawnProtectionMs", "0"));
    assert_true(testkit_setting_set(f.kit, "respawnMs", "30000"));
    fixture_close(&f);
}

/* Each shipped map is fair: turned by half a turn, it is the same with the teams changed. */
static void test_maps_are_symmetric(void **state) {
    struct fixture f;
    (void)state;
    fixture_open(&f, SHARE_DIR);
    const struct instance *instance = testkit_instance(f.plugin);
    for (uint32_t i = 0; i < instance->map_count; i++) {
        const struct map *map = instance->maps[i];
        for (int32_t y = 0; y < map->height; y++) {
            for (int32_t x = 0; x < map->width; x++) {
                char here = map->rows[y][x];
                char there = map->rows[map->height - 1 - y][map->width - 1 - x];
                char wanted = here == 'r' ? 'b' : here == 'b' ? 'r' : here;
                assert_int_equal(there, wanted);
            }
        }
        assert_true(map->spawn_count[MUSTER_TEAM_RED] >= 4);
        assert_int_equal(map->goal_count, MAP_GOALS_MAX);
    }
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_maps),     cmocka_unit_test(test_smallest_map),
        cmocka_unit_test(test_largest_maps), cmocka_unit_test(test_crlf_and_comments),
        cmocka_unit_test(test_settings),     cmocka_unit_test(test_maps_are_symmetric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
