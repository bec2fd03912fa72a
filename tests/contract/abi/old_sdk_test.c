/* old_sdk_test - a plugin built with the headers of ABI 1.0 loads and answers in all nine roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster_testkit.h>

static struct testkit *kit;
static muster_self *old;

static int setup(void **state) {
    (void)state;
    kit = testkit_create();
    old = testkit_load(kit, ZOO_DIR "/old_sdk_1_0.so");
    if (old && testkit_start(old) == MUSTER_OK) return 0;
    print_error("%s\n", testkit_error(kit));
    return 1;
}

static int teardown(void **state) {
    (void)state;
    uint32_t faults = testkit_faults(kit);
    testkit_destroy(kit);
    return faults ? -1 : 0;
}

static muster_match_id match_make(void) {
    const struct testkit_match_options options = {
        .game_mode = "old_sdk", .map_name = "old", .seats_max = 4, .tick_rate_hz = 20};
    muster_match_id match = testkit_match_create(kit, old, &options);
    assert_int_not_equal(match, 0);
    assert_int_equal(testkit_match_join(kit, match, 0, MUSTER_TEAM_RED, "anna"), MUSTER_OK);
    return match;
}

static void test_every_role(void **state) {
    (void)state;
    for (uint32_t kind = 1; kind < MUSTER_ROLE_END; kind++)
        assert_non_null(testkit_role(old, kind));
    assert_non_null(testkit_log_find(kit, "built for ABI 1.0"));
    assert_int_not_equal(testkit_lobby_add(kit, (struct muster_lobby_info){.game_mode = "old_sdk"}),
                         0);
}

static void test_auth(void **state) {
    struct muster_identity identity;
    (void)state;
    assert_int_equal(testkit_authenticate(old, "anna", &identity), MUSTER_ACCEPT);
    assert_string_equal(identity.player_key, "anna");
}

static void test_match(void **state) {
    const struct muster_input input = {.held = 14};
    uint8_t saved[16384], bytes[8];
    (void)state;
    muster_match_id first = match_make(), second = match_make();
    for (uint32_t i = 0; i < 7; i++) testkit_match_tick(kit, first);
    testkit_match_input(kit, first, 0, &input);
    testkit_match_tick(kit, first);
    uint32_t len = testkit_match_save(kit, first, saved, sizeof saved);
    assert_int_not_equal(len, 0);
    assert_int_equal(testkit_match_load(kit, second, saved, len), MUSTER_OK);
    assert_int_equal(testkit_match_snapshot(kit, second, 0, true, bytes, sizeof bytes), 4);
    assert_int_equal(bytes[0], 42); /* 0 to 7, and the input */
}

static void test_decisions(void **state) {
    const struct muster_victory *victory = testkit_role(old, MUSTER_ROLE_VICTORY);
    const struct muster_rules *rules = testkit_role(old, MUSTER_ROLE_RULES);
    void *instance = testkit_instance(old);
    struct muster_match_facts facts = {.size = sizeof facts};
    struct muster_victory_result result = {.size = sizeof result};
    struct muster_action action = {.size = sizeof action, .kind = MUSTER_ACTION_KICK};
    char reason[MUSTER_REASON_MAX] = "";
    (void)state;
    assert_int_equal(victory->evaluate(instance, NULL, &facts, &result), MUSTER_UNDECIDED);
    facts.team_score[MUSTER_TEAM_RED] = 10;
    assert_int_equal(victory->evaluate(instance, NULL, &facts, &result), MUSTER_DECIDED);
    assert_int_equal(result.winning_team, MUSTER_TEAM_RED);
    assert_int_equal(rules->allow(instance, NULL, &action, reason, sizeof reason), MUSTER_REJECT);
}

static void test_reload(void **state) {
    (void)state;
    muster_self *newer = testkit_reload(kit, old);
    assert_non_null(newer);
    assert_ptr_not_equal(newer, old);
    for (uint32_t kind = 1; kind < MUSTER_ROLE_END; kind++)
        assert_non_null(testkit_role(newer, kind));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_role), TEST(test_auth),   TEST(test_match),
        TEST(test_decisions),  TEST(test_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
