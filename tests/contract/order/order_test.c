/* order_test - who is asked before whom: as listed, but for what plugins declare; a circle is
 * refused by its names. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "muster_testkit.h"
#include "registry.h"

static const struct muster_anticheat anticheat = {.size = sizeof anticheat};
static const struct muster_role roles[] = {{MUSTER_ROLE_ANTICHEAT, 0, &anticheat}};

static struct testkit *kit;
static struct muster_plugin descriptors[8];
static uint32_t descriptor_count;

static int setup(void **state) {
    (void)state;
    descriptor_count = 0;
    kit = testkit_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    testkit_destroy(kit);
    return 0;
}

static muster_self *list(const char *name, const char *before, const char *after) {
    struct muster_plugin *descriptor = &descriptors[descriptor_count++];
    *descriptor = (struct muster_plugin){.magic = MUSTER_PLUGIN_MAGIC,
                                         .abi_major = MUSTER_ABI_MAJOR,
                                         .abi_minor = MUSTER_ABI_MINOR,
                                         .size = sizeof *descriptor,
                                         .name = name,
                                         .version = "1.0.0",
                                         .description = "Is put in order.",
                                         .roles = roles,
                                         .role_count = 1,
                                         .before = before,
                                         .after = after};
    return testkit_add(kit, descriptor);
}

static muster_self *load(const char *name, const char *before, const char *after) {
    muster_self *self = list(name, before, after);
    if (!self || testkit_start(self)) fail_msg("%s", testkit_error(kit));
    return self;
}

/* In the order in which they are asked, and all plugins in that of the console. */
static void assert_order(const char *expected) {
    char asked[200] = "";
    for (const struct provider *p = registry_first(MUSTER_ROLE_ANTICHEAT); p; p = p->next) {
        size_t used = strlen(asked);
        if (strncmp(p->self->instance_name, "p_", 2) != 0) continue; /* the kit's */
        snprintf(asked + used, sizeof asked - used, "%s%s", used ? " " : "",
                 p->self->instance_name);
    }
    assert_string_equal(asked, expected);
    const char *shown = testkit_command(kit, "plugins");
    for (const char *at = expected; *at; at += strcspn(at, " "), at += *at == ' ') {
        char word[64];
        snprintf(word, sizeof word, "%.*s 1.0.0", (int)strcspn(at, " "), at);
        shown = strstr(shown, word);
        assert_non_null(shown);
    }
}

static void test_as_listed(void **state) {
    (void)state;
    load("p_a", NULL, NULL);
    load("p_b", "p_nobody", "p_nobody p_b");
    load("p_c", "", "");
    assert_order("p_a p_b p_c");
}

static void test_as_declared(void **state) {
    (void)state;
    load("p_a", NULL, "p_c");
    load("p_b", NULL, NULL);
    assert_order("p_a p_b"); /* what is not there does not count */
    load("p_c", NULL, NULL);
    assert_order("p_b p_c p_a");
    load("p_d", "p_b p_a", NULL);
    assert_order("p_c p_d p_a p_b");
    assert_non_null(strstr(testkit_command(kit, "plugins"), "p_d 1.0.0, generation 1, 0 pins, "
                                                            "before p_b p_a"));
    muster_self *e = load("p_e", "p_d", NULL);
    assert_order("p_c p_e p_d p_a p_b");
    testkit_unload(e);
    assert_order("p_c p_d p_a p_b");
}

static void test_circle(void **state) {
    (void)state;
    load("p_a", "p_b", NULL);
    load("p_b", "p_c", NULL);
    muster_self *c = list("p_c", NULL, NULL);
    muster_self *d = list("p_d", "p_a", "p_c");
    assert_int_equal(testkit_start(c), MUSTER_OK);
    assert_int_equal(testkit_start(d), MUSTER_INVALID);
    assert_string_equal(testkit_error(kit),
                        "plugins declare an order that goes round in a circle: p_d before p_a, "
                        "p_c before p_d, p_b before p_c, p_a before p_b");
    assert_order("p_a p_b p_c");
}

/* Two of one plugin say the same of each other. */
static void test_instances(void **state) {
    (void)state;
    load("p_a", "p_a", NULL);
    load("p_a", "p_a", NULL);
    load("p_b", "p_a", NULL);
    assert_order("p_b p_a p_a_2");
}

static void test_names_are_read(void **state) {
    char names[502];
    (void)state;
    assert_null(list("p_a", "p_b, p_c", NULL));
    assert_string_equal(testkit_error(kit), "plugin p_a: its before and after are not names with "
                                            "spaces between, at most 500 bytes");
    memset(names, 'x', sizeof names - 1);
    names[sizeof names - 1] = '\0';
    assert_null(list("p_a", NULL, names));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_as_listed), TEST(test_as_declared),    TEST(test_circle),
        TEST(test_instances), TEST(test_names_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
