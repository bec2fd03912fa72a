/* old_sdk_test - a plugin built with the headers of ABI 1.0 loads and answers in all nine roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "notices.h"
#include "plugin.h"
#include "registry.h"
#include "tiny_host.h"

static struct tiny_host host;
static struct muster_self *old;

static int setup(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    tiny_host_open(&host, NULL);
    tiny_host_install(&host, "old_sdk_1_0", "old_sdk_1_0", 0755);
    if (plugin_load("old_sdk_1_0", "old_sdk_1_0", error) != MUSTER_OK ||
        plugin_start_all(error) != MUSTER_OK) {
        print_error("%s\n", error);
        return 1;
    }
    old = plugin_find("old_sdk_1_0");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    tiny_host_close(&host);
    return 0;
}

static void test_every_role(void **state) {
    (void)state;
    for (uint32_t kind = 1; kind < MUSTER_ROLE_END; kind++) {
        assert_int_equal(registry_count(kind), 1);
        assert_ptr_equal(registry_first(kind)->self, old);
        assert_ptr_equal(registry_first(kind)->instance, old->instance);
    }
    assert_non_null(registry_mode("old_sdk"));
    assert_int_equal(registry_settings("old_sdk")->count, 1);
}

static void test_auth(void **state) {
    const struct provider *p = registry_first(MUSTER_ROLE_AUTH);
    struct muster_auth_request request = {
        .size = sizeof request, .token = "anna", .address = "::1"};
    struct muster_identity identity = {.size = sizeof identity};
    (void)state;
    assert_int_equal(p->auth.authenticate(p->instance, &request, &identity), MUSTER_ACCEPT);
    assert_string_equal(identity.player_key, "anna");
}

static void test_match(void **state) {
    const struct provider *p = registry_first(MUSTER_ROLE_MODE);
    struct muster_match_info info = {.size = sizeof info, .seats_max = 4, .tick_rate_hz = 20};
    struct muster_tick tick = {.size = sizeof tick, .tick = 40};
    struct muster_input input = {.held = 2};
    uint8_t bytes[8];
    void *first = NULL;
    void *second = NULL;
    (void)state;
    assert_int_equal(p->mode.create(p->instance, &info, &first), MUSTER_OK);
    assert_int_equal(p->mode.create(p->instance, &info, &second), MUSTER_OK);
    p->mode.input(p->instance, first, 0, &input);
    p->mode.tick(p->instance, first, &tick);
    struct muster_writer writer = muster_writer_make(bytes, sizeof bytes);
    p->mode.save(p->instance, first, &writer);
    struct muster_reader reader = muster_reader_make(bytes, writer.len);
    assert_int_equal(p->mode.load(p->instance, second, &reader), MUSTER_OK);
    writer = muster_writer_make(bytes, sizeof bytes);
    p->mode.snapshot(p->instance, second, 0, 1, &writer);
    assert_int_equal(writer.len, 4);
    assert_int_equal(bytes[0], 42);
    p->mode.destroy(p->instance, first);
    p->mode.destroy(p->instance, second);
}

static void test_decisions(void **state) {
    const struct provider *victory = registry_first(MUSTER_ROLE_VICTORY);
    const struct provider *rules = registry_first(MUSTER_ROLE_RULES);
    struct muster_match_facts facts = {.size = sizeof facts};
    struct muster_victory_result result = {.size = sizeof result};
    struct muster_action action = {.size = sizeof action, .kind = MUSTER_ACTION_KICK};
    char reason[MUSTER_REASON_MAX] = "";
    (void)state;
    assert_int_equal(victory->victory.evaluate(victory->instance, NULL, &facts, &result),
                     MUSTER_UNDECIDED);
    facts.team_score[MUSTER_TEAM_RED] = 10;
    assert_int_equal(victory->victory.evaluate(victory->instance, NULL, &facts, &result),
                     MUSTER_DECIDED);
    assert_int_equal(result.winning_team, MUSTER_TEAM_RED);
    assert_int_equal(rules->rules.allow(rules->instance, NULL, &action, reason, sizeof reason),
                     MUSTER_REJECT);
}

static void test_reload(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    if (plugin_reload("old_sdk_1_0", error) != MUSTER_OK) fail_msg("%s", error);
    tiny_host_turns(4);
    assert_ptr_not_equal(plugin_find("old_sdk_1_0"), NULL);
    assert_int_equal(plugin_find("old_sdk_1_0")->generation, 2);
    assert_int_equal(registry_count(MUSTER_ROLE_DATABASE), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_role), TEST(test_auth),   TEST(test_match),
        TEST(test_decisions),  TEST(test_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
