/* reload_test - a new generation takes over, or the old one goes on as if nothing had been. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "notices.h"
#include "pending.h"
#include "plugin.h"
#include "registration.h"
#include "registry.h"
#include "zoo_rig.h"

static uint32_t reloads_told;

static void on_notice(void *user, const struct muster_notice *notice) {
    (void)user;
    assert_int_equal(notice->kind, MUSTER_NOTICE_PLUGIN_RELOADED);
    reloads_told++;
}

static int setup(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    reloads_told = 0;
    zoo_open();
    zoo_install("zoo_reload_1", "zoo_reload", 0755);
    zoo_install("zoo_actor", "zoo_actor", 0755);
    if (notices_subscribe(NULL, 1u << MUSTER_NOTICE_PLUGIN_RELOADED, on_notice, NULL) !=
            MUSTER_OK ||
        plugin_load("zoo_reload", "zoo_reload", error) != MUSTER_OK ||
        plugin_load("zoo_actor", "zoo_actor", error) != MUSTER_OK ||
        plugin_start_all(error) != MUSTER_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    registration_owner_gone(NULL);
    zoo_close();
    return 0;
}

static uint32_t generations_of(const char *instance_name) {
    uint32_t count = 0;
    for (const struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s))
        count += strcmp(s->instance_name, instance_name) == 0;
    return count;
}

/* What the only provider of a mode writes into a snapshot. */
static uint8_t snapshot_of(const struct provider *provider) {
    uint8_t byte = 0;
    struct muster_writer writer = muster_writer_make(&byte, 1);
    plugin_enter(provider->self, "mode.snapshot");
    provider->mode.snapshot(provider->instance, NULL, 0, 1, &writer);
    plugin_leave();
    return byte;
}

/* Providers of a mode, by plugins of that name. */
static uint32_t modes_of(const char *instance_name) {
    uint32_t count = 0;
    for (const struct provider *p = registry_first(MUSTER_ROLE_MODE); p; p = p->next)
        count += strcmp(p->self->instance_name, instance_name) == 0;
    return count;
}

static bool has_settings(const char *game_mode) {
    const struct schema *settings = registry_settings(game_mode);
    return schema_find(settings, "zooLimit") && schema_find(settings, "zooCommon");
}

static void test_swap(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    const struct mode_entry *alpha = registry_mode("zoo_alpha");
    assert_non_null(alpha);
    assert_string_equal(alpha->title, "first");
    assert_non_null(registry_mode("zoo_beta"));
    assert_true(has_settings("zoo_alpha"));
    zoo_install("zoo_reload_2", "zoo_reload", 0755);
    if (plugin_reload("zoo_reload", error) != MUSTER_OK) fail_msg("%s", error);
    assert_int_equal(plugin_find("zoo_reload")->generation, 2);
    assert_ptr_equal(registry_mode("zoo_alpha"), alpha);
    assert_string_equal(alpha->title, "second");
    assert_int_equal(snapshot_of(alpha->provider), 2);
    assert_null(registry_mode("zoo_beta"));
    assert_non_null(registry_mode("zoo_gamma"));
    assert_true(has_settings("zoo_alpha"));
    assert_int_equal(modes_of("zoo_reload"), 1);
    assert_int_equal(reloads_told, 1);
    assert_string_equal(config_string("zoo_reload", "title"), "second");
    assert_int_equal(config_int("zoo_reload", "secondOnly"), 7);
    assert_null(config_entry("zoo_reload", "firstOnly"));
    testkit_pump(zoo.kit);
    assert_int_equal(generations_of("zoo_reload"), 1);
}

static void test_pinned_generation_goes_on(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    struct muster_self *older = plugin_find("zoo_reload");
    const struct provider *provider = older->providers;
    plugin_pin(older);
    zoo_install("zoo_reload_2", "zoo_reload", 0755);
    if (plugin_reload("zoo_reload", error) != MUSTER_OK) fail_msg("%s", error);
    testkit_pump(zoo.kit);
    assert_int_equal(generations_of("zoo_reload"), 2);
    assert_int_equal(older->phase, PLUGIN_DRAINING);
    assert_int_equal(snapshot_of(provider), 1);
    assert_int_equal(snapshot_of(plugin_find("zoo_reload")->providers), 2);
    plugin_unpin(older);
    assert_int_equal(generations_of("zoo_reload"), 2); /* never before the loop's next turn */
    testkit_pump(zoo.kit);
    assert_int_equal(generations_of("zoo_reload"), 1);
}

static void on_asked(void *user, muster_status status, const void *answer) {
    (void)answer;
    *(muster_status *)user = status;
}

/* A request pins who is asked until it is answered, and no longer. */
static void test_asked_once_and_answered(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    uint64_t ticket;
    muster_status answered = MUSTER_INTERNAL;
    (void)state;
    struct muster_self *older = plugin_find("zoo_reload");
    assert_int_equal(pending_open(older, "db", 60000, on_asked, &answered, &ticket), MUSTER_OK);
    assert_int_equal(older->pins, 1);
    zoo_install("zoo_reload_2", "zoo_reload", 0755);
    if (plugin_reload("zoo_reload", error) != MUSTER_OK) fail_msg("%s", error);
    testkit_pump(zoo.kit);
    assert_int_equal(generations_of("zoo_reload"), 2);
    assert_int_equal(pending_complete(older, "db", ticket, MUSTER_OK, NULL), MUSTER_OK);
    assert_int_equal(answered, MUSTER_OK);
    testkit_pump(zoo.kit);
    assert_int_equal(generations_of("zoo_reload"), 1);
    assert_int_equal(plugin_find("zoo_reload")->generation, 2);
}

static void unchanged(void) {
    const struct mode_entry *alpha = registry_mode("zoo_alpha");
    testkit_pump(zoo.kit);
    assert_int_equal(generations_of("zoo_reload"), 1);
    assert_int_equal(plugin_find("zoo_reload")->generation, 1);
    assert_int_equal(plugin_find("zoo_reload")->phase, PLUGIN_STARTED);
    assert_string_equal(alpha->title, "first");
    assert_int_equal(snapshot_of(alpha->provider), 1);
    assert_non_null(registry_mode("zoo_beta"));
    assert_null(registry_mode("zoo_gamma"));
    assert_true(has_settings("zoo_beta"));
    assert_int_equal(reloads_told, 0);
    assert_string_equal(config_string("zoo_reload", "title"), "first");
    assert_int_equal(config_int("zoo_reload", "firstOnly"), 7);
    assert_null(config_entry("zoo_reload", "secondOnly"));
}

static void test_failure_keeps_the_old(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    const char *title = config_string("zoo_reload", "title"); /* as the old one may hold it */
    zoo_install("zoo_reload_3", "zoo_reload", 0755);
    assert_int_equal(plugin_reload("zoo_reload", error), MUSTER_UNAVAILABLE);
    assert_string_equal(error, "plugin zoo_reload (mode): start failed: unavailable");
    unchanged();
    zoo_install("zoo_magic", "zoo_reload", 0755);
    assert_int_not_equal(plugin_reload("zoo_reload", error), MUSTER_OK);
    assert_non_null(strstr(error, "plugin zoo_reload: its descriptor"));
    unchanged();
    assert_int_equal(plugin_reload("zoo_nobody", error), MUSTER_NOT_FOUND);
    plugin_enter(plugin_find("zoo_actor"), "test");
    assert_int_equal(plugin_reload("zoo_reload", error), MUSTER_STATE);
    plugin_leave();
    unchanged();
    assert_string_equal(title, "first");
}

static void test_names_are_owned(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    struct muster_self *actor = plugin_find("zoo_actor");
    struct muster_self *reload = plugin_find("zoo_reload");
    assert_int_equal(registry_mode_remove(actor, "zoo_alpha"), MUSTER_DENIED);
    assert_int_equal(registry_mode_remove(reload, "zoo_nothing"), MUSTER_NOT_FOUND);
    assert_int_equal(registry_settings_add(actor,
                                           "[{\"key\":\"zooLimit\",\"type\":\"bool\","
                                           "\"default\":true}]",
                                           error, sizeof error),
                     MUSTER_EXISTS);
    assert_non_null(strstr(error, "zooLimit is taken by mode zoo_alpha"));
    assert_int_equal(registry_settings_add(actor,
                                           "[{\"key\":\"zooCommon\",\"type\":\"bool\","
                                           "\"default\":true}]",
                                           error, sizeof error),
                     MUSTER_EXISTS);
    assert_non_null(strstr(error, "zooCommon is taken by zoo_reload"));
    assert_true(plugin_supersedes(reload, reload) == false);
    assert_false(plugin_supersedes(reload, actor));
    assert_false(plugin_supersedes(NULL, reload));
    assert_int_equal(registry_mode_remove(reload, "zoo_beta"), MUSTER_OK);
    assert_null(registry_mode("zoo_beta"));
}

static void add_based(const char *game_mode, const char *base) {
    char error[PLUGIN_ERROR_MAX] = "";
    const struct muster_mode_info info = {
        .size = sizeof info, .game_mode = game_mode, .title = "Based", .base = base};
    muster_status status = registry_mode_add(plugin_find("zoo_actor"), &info, error, sizeof error);
    if (status != MUSTER_OK) fail_msg("%s", error);
}

/* Modes of another plugin follow their base to its next generation, or go with it. */
static void test_bases_are_followed(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    add_based("zoo_on_alpha", "zoo_alpha");
    add_based("zoo_on_beta", "zoo_beta");
    assert_int_equal(snapshot_of(registry_mode("zoo_on_alpha")->provider), 1);
    assert_int_equal(registry_mode("zoo_on_beta")->players_max, 8);
    zoo_install("zoo_reload_2", "zoo_reload", 0755);
    if (plugin_reload("zoo_reload", error) != MUSTER_OK) fail_msg("%s", error);
    testkit_pump(zoo.kit);
    const struct mode_entry *based = registry_mode("zoo_on_alpha");
    assert_int_equal(snapshot_of(based->provider), 2);
    assert_string_equal(based->maps[0], "only");
    assert_ptr_equal(registry_mode_owner(based), plugin_find("zoo_actor"));
    assert_true(has_settings("zoo_on_alpha"));
    assert_null(registry_mode("zoo_on_beta"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_swap),
        TEST(test_pinned_generation_goes_on),
        TEST(test_asked_once_and_answered),
        TEST(test_failure_keeps_the_old),
        TEST(test_names_are_owned),
        TEST(test_bases_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
