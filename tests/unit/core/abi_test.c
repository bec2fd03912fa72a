/* abi: a struct of headers that are older than the host's, going in and coming out. */
#include "test.h"

#include "abi.h"
#include <string.h>

/* As the first release had it, one minor later, and here. */
struct here {
    uint32_t size;
    uint32_t first;
    uint64_t second;
    uint64_t third;
};
enum { FIRST_SIZE = 8, SECOND_SIZE = 16 };

static const struct abi_struct what = {"struct here", FIRST_SIZE, sizeof(struct here)};
static struct muster_self self;

static void what_the_plugin_did_not_know_is_zero(void **state) {
    (void)state;
    const struct here given = {FIRST_SIZE, 1, 2, 3};
    struct here local = {7, 7, 7, 7}, middle = given;
    assert_true(abi_copy_in(&self, &what, &local, &given));
    assert_int_equal(local.size, sizeof local);
    assert_int_equal(local.first, 1);
    assert_int_equal(local.second, 0);
    assert_int_equal(local.third, 0);
    middle.size = SECOND_SIZE;
    assert_true(abi_copy_in(&self, &what, &local, &middle));
    assert_int_equal(local.second, 2);
    assert_int_equal(local.third, 0);
    middle.size = sizeof middle;
    assert_true(abi_copy_in(&self, &what, &local, &middle));
    assert_int_equal(local.third, 3);
    assert_int_equal(self.fault_count, 0);
}

static void what_it_does_not_know_is_not_written(void **state) {
    (void)state;
    const struct here full = {sizeof full, 1, 2, 3};
    struct here out = {FIRST_SIZE, 7, 7, 7};
    abi_copy_out(&out, &full);
    assert_int_equal(out.size, FIRST_SIZE);
    assert_int_equal(out.first, 1);
    assert_int_equal(out.second, 7);
    out.size = SECOND_SIZE;
    abi_copy_out(&out, &full);
    assert_int_equal(out.second, 2);
    assert_int_equal(out.third, 7);
}

static void a_size_that_was_never_its_is_refused(void **state) {
    (void)state;
    static const uint32_t sizes[] = {0, FIRST_SIZE - 1, sizeof(struct here) + 1, UINT32_MAX};
    const struct here nothing = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct here given = {sizes[i], 1, 2, 3}, local = {7, 7, 7, 7};
        uint64_t faults = self.fault_count;
        assert_false(abi_copy_in(&self, &what, &local, &given));
        assert_memory_equal(&local, &nothing, sizeof local);
        assert_int_equal(self.fault_count, faults + 1);
    }
    struct here local = {7, 7, 7, 7};
    assert_false(abi_copy_in(&self, &what, &local, NULL));
    assert_memory_equal(&local, &nothing, sizeof local);
    assert_false(abi_given(&self, &what, NULL));
}

int main(void) {
    strcpy(self.name, "someone");
    strcpy(self.instance_name, "someone");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_plugin_did_not_know_is_zero),
        cmocka_unit_test(what_it_does_not_know_is_not_written),
        cmocka_unit_test(a_size_that_was_never_its_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
