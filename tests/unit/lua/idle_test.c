/* A match in which no script plays does not call the plugin; one in which a script plays does. */
#include "plugin.h"
#include "test.h"

#include "crew.h"

static struct testkit *kit;
static muster_self *lua;

static int open_kit(void **state) {
    static const char *const maps[] = {"field"};
    (void)state;
    kit = testkit_create();
    testkit_share_dir_set(kit, SHARE_DIR);
    testkit_mode_set(kit, "arena", maps, 1);
    lua = testkit_load(kit, PLUGIN_DIR "/lua.so");
    return lua && testkit_start(lua) == MUSTER_OK ? 0 : -1;
}

static int close_kit(void **state) {
    (void)state;
    testkit_destroy(kit);
    return 0;
}

static muster_match_id begin(const char *rules) {
    static const struct crew_name name = {"ann", "Ann"};
    muster_player_id ann;
    crew_add(kit, &name, 1, &ann);
    assert_true(testkit_setting_set(kit, "rules", rules));
    const struct muster_lobby_info info = {.game_mode = "arena", .map_name = "field"};
    const struct testkit_match_options options = {.game_mode = "arena",
                                                  .map_name = "field",
                                                  .seats_max = CREW_SEATS,
                                                  .tick_rate_hz = 20,
                                                  .lobby = crew_lobby(kit, info, ann)};
    muster_match_id match = testkit_match_create(kit, NULL, &options);
    assert_true(match.value != 0);
    return match;
}

/* How often the plugin is called by a tick, and by what modes ask. */
static uint64_t calls_of_a_tick(muster_match_id match) {
    const struct muster_param param = {.size = sizeof param, .name = "speed"};
    uint64_t before = lua->call_count;
    testkit_match_tick(kit, match);
    testkit_match_steer(kit, match, true);
    uint64_t own = lua->call_count;
    (void)testkit_host(kit)->match->adjust(lua, match, &param, 10);
    testkit_match_steer(kit, match, false);
    return lua->call_count - own + (own - before);
}

static void a_match_without_scripts_calls_nothing(void **state) {
    (void)state;
    muster_match_id match = begin("");
    uint64_t before = lua->call_count;
    for (int i = 0; i < 3; i++) testkit_match_tick(kit, match);
    assert_int_equal(testkit_match_join(kit, match, 0, MUSTER_TEAM_RED, "Ann"), MUSTER_OK);
    assert_int_equal(lua->call_count, before);
    testkit_match_destroy(kit, match);
}

static void a_match_with_one_does(void **state) {
    (void)state;
    muster_match_id match = begin("low_gravity");
    assert_int_equal(calls_of_a_tick(match), 3); /* the tick, what it changes, and who has won */
    testkit_match_destroy(kit, match);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_match_without_scripts_calls_nothing, open_kit, close_kit),
        cmocka_unit_test_setup_teardown(a_match_with_one_does, open_kit, close_kit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
