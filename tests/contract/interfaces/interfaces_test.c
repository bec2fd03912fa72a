/* interfaces_test - a plugin finds what another one offers, is told of it, and calls it: the call
 * is the publisher's, and nobody who has gone is called. */
#include "test.h"

#include <string.h>

#include "counter.h"
#include "muster_testkit.h"
#include "plugin.h"

#define COUNTER_FILE PLUGIN_DIR "/service_counter.so"

/* ---- who asks -------------------------------------------------------------------------------- */

static struct {
    muster_self *self;
    const struct muster_host *host;
    muster_interface_id id;
    char told[64]; /* a letter for each change */
    muster_status nested;
} asker;

static void on_changed(void *user, uint32_t change) {
    size_t len = strlen(asker.told);
    assert_ptr_equal(user, &asker);
    assert_true(plugin_is_called(asker.self));
    asker.told[len] = "?CRG"[change];
    asker.told[len + 1] = '\0';
}

static muster_status asker_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    const struct muster_interface_wish wish = {.size = sizeof wish,
                                               .major = 1,
                                               .name = COUNTER,
                                               .changed = on_changed,
                                               .vtable_size = sizeof(struct counter_later)};
    asker.self = self;
    asker.host = host;
    *instance = &asker;
    return host->interfaces->subscribe(self, &wish, &asker, &asker.id);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};
static const struct muster_plugin asks = {.magic = MUSTER_PLUGIN_MAGIC,
                                          .abi_major = MUSTER_ABI_MAJOR,
                                          .abi_minor = MUSTER_ABI_MINOR,
                                          .size = sizeof asks,
                                          .name = "service_asks",
                                          .version = "1.0.0",
                                          .description = "Asks.",
                                          .roles = roles,
                                          .role_count = 1,
                                          .init = asker_init};

static void take_next(void *user, const void *vtable, void *instance) {
    const struct counter_later *counter = vtable;
    assert_int_equal(counter->size, sizeof *counter); /* as who asks knows it */
    assert_null(counter->reset);                      /* which the publisher does not */
    *(uint32_t *)user = counter->next(instance);
}

/* 0: refused, for the reason `expected`. */
static uint32_t next(muster_status expected) {
    uint32_t number = 0;
    assert_int_equal(asker.host->interfaces->call(asker.self, asker.id, take_next, &number),
                     expected);
    return number;
}

/* ---- the rig --------------------------------------------------------------------------------- */

static struct testkit *kit;

static muster_self *started(muster_self *plugin) {
    if (!plugin || testkit_start(plugin)) fail_msg("%s", testkit_error(kit));
    return plugin;
}

static int setup(void **state) {
    (void)state;
    memset(&asker, 0, sizeof asker);
    kit = testkit_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    testkit_destroy(kit);
    return 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_comes_and_goes(void **state) {
    (void)state;
    started(testkit_add(kit, &asks));
    testkit_pump(kit);
    assert_string_equal(asker.told, "");
    next(MUSTER_UNAVAILABLE);
    muster_self *counter = testkit_load(kit, COUNTER_FILE);
    assert_int_equal(testkit_init(counter), MUSTER_OK);
    testkit_pump(kit);
    next(MUSTER_UNAVAILABLE); /* it has not started */
    started(counter);
    assert_int_equal(next(MUSTER_OK), 1); /* also before it is told */
    assert_string_equal(asker.told, "");
    testkit_pump(kit);
    assert_string_equal(asker.told, "C");
    assert_int_equal(next(MUSTER_OK), 2);
    testkit_unload(counter);
    next(MUSTER_UNAVAILABLE);
    testkit_pump(kit);
    assert_string_equal(asker.told, "CG");
    assert_int_equal(testkit_faults(kit), 0);
}

static void test_was_there_before(void **state) {
    (void)state;
    started(testkit_load(kit, COUNTER_FILE));
    testkit_pump(kit);
    started(testkit_add(kit, &asks));
    assert_int_equal(next(MUSTER_OK), 1);
    testkit_pump(kit);
    assert_string_equal(asker.told, "C");
    assert_non_null(strstr(testkit_command(kit, "plugins"), "offers test.counter 1.4"));
}

static void test_reload(void **state) {
    (void)state;
    started(testkit_add(kit, &asks));
    muster_self *first = started(testkit_load(kit, COUNTER_FILE));
    testkit_pump(kit);
    next(MUSTER_OK);
    assert_int_equal(next(MUSTER_OK), 2);
    plugin_pin(first); /* somebody goes on with the old one */
    muster_self *second = testkit_reload(kit, first);
    assert_non_null(second);
    assert_int_equal(next(MUSTER_OK), 1); /* the new one's instance */
    testkit_pump(kit);
    assert_string_equal(asker.told, "CR");
    plugin_unpin(first);
    testkit_pump(kit);
    assert_string_equal(asker.told, "CR");
    assert_int_equal(next(MUSTER_OK), 2);
    assert_int_equal(testkit_faults(kit), 0);
}

static void within(void *user, const void *vtable, void *instance) {
    muster_self *counter = user;
    (void)vtable, (void)instance;
    assert_true(plugin_is_called(counter));
    assert_int_equal(counter->pins, 1);
    uint32_t number = 0;
    asker.nested = asker.host->interfaces->call(asker.self, asker.id, take_next, &number);
    assert_int_equal(number, 0);
}

static void test_is_the_publishers_call(void **state) {
    (void)state;
    started(testkit_add(kit, &asks));
    muster_self *counter = started(testkit_load(kit, COUNTER_FILE));
    uint64_t calls = counter->call_count;
    assert_int_equal(asker.host->interfaces->call(asker.self, asker.id, within, counter),
                     MUSTER_OK);
    assert_int_equal(counter->call_count, calls + 1);
    assert_int_equal(counter->pins, 0);
    assert_int_equal(asker.nested, MUSTER_CONFLICT); /* its state may be half changed */
    for (uint32_t i = 0; i < PLUGIN_DEPTH_MAX; i++) plugin_enter(asker.self, "test");
    next(MUSTER_LIMIT);
    for (uint32_t i = 0; i < PLUGIN_DEPTH_MAX; i++) plugin_leave();
    assert_int_equal(next(MUSTER_OK), 1);
}

static void test_who_is_first_has_it(void **state) {
    (void)state;
    static const struct counter mine = {.size = sizeof mine};
    struct muster_interface offer = {
        .size = sizeof offer, .major = 1, .name = COUNTER, .vtable = &mine};
    started(testkit_load(kit, COUNTER_FILE));
    started(testkit_add(kit, &asks));
    assert_int_equal(asker.host->interfaces->publish(asker.self, &offer), MUSTER_EXISTS);
    offer.major = 2; /* is another interface */
    assert_int_equal(asker.host->interfaces->publish(asker.self, &offer), MUSTER_OK);
    assert_int_equal(next(MUSTER_OK), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_comes_and_goes),         TEST(test_was_there_before),    TEST(test_reload),
        TEST(test_is_the_publishers_call), TEST(test_who_is_first_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
