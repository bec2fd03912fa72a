/* registration: whose a name is, what a swap and an end take away, what stays. */
#include "test.h"

#include <string.h>

#include "registration.h"
#include "status.h"

/* Two generations of one plugin, and another plugin. */
struct owner {
    int plugin, generation;
    bool in_force;
};
static struct owner older = {1, 1, true}, newer = {1, 2, false}, other = {2, 1, true};

static bool supersedes(const void *a, const void *b) {
    const struct owner *first = a, *second = b;
    return first && second && first->plugin == second->plugin &&
           first->generation > second->generation;
}

static bool is_in_force(const void *owner) {
    return !owner || ((const struct owner *)owner)->in_force;
}

static const struct registration_owners owners = {supersedes, is_in_force};

struct thing {
    struct registration head;
    int value;
};

static struct registrations names = {
    .cap = 4, .entry_size = sizeof(struct thing), .when_full = MUSTER_LIMIT};

static int dropped;

static void drop(void *entry) {
    dropped += ((struct thing *)entry)->value;
}

static struct registrations kept = {.cap = 4,
                                    .entry_size = sizeof(struct thing),
                                    .when_full = MUSTER_FULL,
                                    .outlives_swap = true,
                                    .drop = drop};

static muster_status add(struct registrations *table, const void *owner, const char *name,
                         int value) {
    void *entry = NULL;
    muster_status status = registration_add(table, owner, name, &entry);
    if (!status) ((struct thing *)entry)->value = value;
    return status;
}

/* 0: nobody has it. */
static int found(const struct registrations *table, const char *name) {
    const struct thing *thing = registration_find(table, name);
    return thing ? thing->value : 0;
}

static int open_tables(void **state) {
    (void)state;
    older.in_force = true;
    newer.in_force = false;
    dropped = 0;
    registration_set_owners(&owners);
    return 0;
}

static int close_tables(void **state) {
    (void)state;
    registration_deinit(&names);
    registration_deinit(&kept);
    registration_set_owners(NULL);
    return 0;
}

static void swap(void) {
    older.in_force = false;
    newer.in_force = true;
    registration_owner_superseded(&older);
}

static void a_name_is_its_first_owners(void **state) {
    (void)state;
    assert_int_equal(add(&names, &older, "n", 1), MUSTER_OK);
    assert_int_equal(add(&names, &older, "n", 2), MUSTER_EXISTS);
    assert_int_equal(add(&names, &other, "n", 3), MUSTER_EXISTS);
    assert_int_equal(add(&names, NULL, "n", 4), MUSTER_EXISTS);
    assert_int_equal(add(&names, &other, "m", 5), MUSTER_OK);
    assert_int_equal(add(&kept, &other, "n", 6), MUSTER_OK); /* another table */
    assert_int_equal(found(&names, "n"), 1);
    assert_int_equal(found(&names, "m"), 5);
    assert_int_equal(found(&names, "o"), 0);
    registration_owner_gone(&older);
    assert_int_equal(found(&names, "n"), 0);
    assert_int_equal(found(&names, "m"), 5);
    assert_int_equal(add(&names, &other, "n", 7), MUSTER_OK);
}

static void the_older_one_is_in_force_until_the_swap(void **state) {
    (void)state;
    assert_int_equal(add(&names, &older, "n", 1), MUSTER_OK);
    assert_int_equal(add(&names, &newer, "n", 2), MUSTER_OK);
    assert_int_equal(add(&names, &older, "n", 3), MUSTER_EXISTS);
    assert_int_equal(found(&names, "n"), 1);
    swap();
    assert_int_equal(found(&names, "n"), 2);
    newer.in_force = false; /* the older one's has gone with the swap */
    assert_int_equal(found(&names, "n"), 0);
}

/* The newer generation did not start. */
static void a_failed_reload_leaves_the_older_one(void **state) {
    (void)state;
    assert_int_equal(add(&names, &older, "n", 1), MUSTER_OK);
    assert_int_equal(add(&names, &newer, "n", 2), MUSTER_OK);
    registration_owner_gone(&newer);
    assert_int_equal(found(&names, "n"), 1);
}

static void what_outlives_a_swap_goes_with_its_owner(void **state) {
    (void)state;
    assert_int_equal(add(&kept, &older, "n", 1), MUSTER_OK);
    assert_int_equal(add(&kept, &newer, "n", 2), MUSTER_OK);
    assert_int_equal(add(&kept, &other, "m", 4), MUSTER_OK);
    swap();
    assert_int_equal(dropped, 0);
    assert_int_equal(found(&kept, "n"), 2);
    uint64_t id = 0;
    const struct thing *first = registration_next(&kept, &id);
    assert_ptr_equal(first->head.owner, &older);
    assert_ptr_equal(registration_at(&kept, slots_index(id)), first);
    registration_owner_gone(&older);
    assert_int_equal(dropped, 1);
    assert_null(registration_get(&kept, id));
    assert_null(registration_at(&kept, slots_index(id)));
    assert_int_equal(found(&kept, "n"), 2);
    assert_int_equal(found(&kept, "m"), 4);
}

static void a_table_is_bounded(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) assert_int_equal(add(&names, &other, NULL, i), MUSTER_OK);
    assert_int_equal(add(&names, &other, NULL, 4), MUSTER_LIMIT);
    for (int i = 0; i < 4; i++) assert_int_equal(add(&kept, &other, NULL, 0), MUSTER_OK);
    assert_int_equal(add(&kept, &other, "n", 4), MUSTER_FULL);
    uint64_t id = 0;
    assert_non_null(registration_next(&names, &id));
    registration_remove(&names, id);
    registration_remove(&names, id); /* stale */
    assert_int_equal(add(&names, &other, "n", 5), MUSTER_OK);
    assert_int_equal(add(&names, &other, "m", 6), MUSTER_LIMIT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_tables, close_tables)
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_its_first_owners),
        TEST(the_older_one_is_in_force_until_the_swap),
        TEST(a_failed_reload_leaves_the_older_one),
        TEST(what_outlives_a_swap_goes_with_its_owner),
        TEST(a_table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
