/* Token buckets with a clock of the test's own. */
#include "test.h"

#include <stdio.h>

#include "limit.h"

static void bucket_starts_full(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    assert_int_equal(limit_wait_ms(&bucket, 2, 1), 0);
    for (int i = 0; i < 5; i++) assert_true(limit_take(&bucket, 2, 5, 1, 1000));
    assert_false(limit_take(&bucket, 2, 5, 1, 1000));
    assert_in_range(limit_wait_ms(&bucket, 2, 1), 500, 501);
}

static void bucket_refills_up_to_burst(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    assert_true(limit_take(&bucket, 2, 5, 5, 1000));
    assert_false(limit_take(&bucket, 2, 5, 1, 1499));
    assert_true(limit_take(&bucket, 2, 5, 1, 1500));
    assert_true(limit_take(&bucket, 2, 5, 5, 60000));
    assert_false(limit_take(&bucket, 2, 5, 1, 60000));
}

static void refusal_takes_nothing(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    assert_true(limit_take(&bucket, 1, 3, 2, 1000));
    assert_false(limit_take(&bucket, 1, 3, 2, 1000));
    assert_true(limit_take(&bucket, 1, 3, 1, 1000));
}

/* What turned out dear is owed, but no more than one burst; what is given back fills it once. */
static void debts_and_gifts_are_bounded(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    limit_charge(&bucket, 1, 10, 1000, 1000);
    assert_in_range(limit_wait_ms(&bucket, 1, 1), 11000, 11001);
    assert_false(limit_take(&bucket, 1, 10, 1, 11999));
    assert_true(limit_take(&bucket, 1, 10, 1, 12000));
    limit_charge(&bucket, 1, 10, -1000, 12000);
    assert_true(limit_take(&bucket, 1, 10, 10, 12000));
    assert_false(limit_take(&bucket, 1, 10, 1, 12000));
}

static void bucket_at_time_zero_is_not_full_twice(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    assert_true(limit_take(&bucket, 1, 1, 1, 0));
    assert_false(limit_take(&bucket, 1, 1, 1, 0));
}

static void clock_running_back_gives_nothing(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    assert_true(limit_take(&bucket, 1, 1, 1, 5000));
    assert_false(limit_take(&bucket, 1, 1, 1, 1000));
    assert_false(limit_take(&bucket, 1, 1, 1, 5500));
    assert_true(limit_take(&bucket, 1, 1, 1, 6000));
}

static void wait_without_refill_is_for_ever(void **state) {
    (void)state;
    struct limit_bucket bucket = {0};
    assert_true(limit_take(&bucket, 0, 1, 1, 1000));
    assert_int_equal(limit_wait_ms(&bucket, 0, 1), UINT32_MAX);
}

static void addresses_have_buckets_of_their_own(void **state) {
    (void)state;
    struct limit_table *table = limit_table_create(64, 1, 1);
    uint32_t wait_ms = 7;
    assert_true(limit_table_take(table, "192.0.2.1", 1000, &wait_ms));
    assert_int_equal(wait_ms, 0);
    assert_false(limit_table_take(table, "192.0.2.1", 1000, &wait_ms));
    assert_in_range(wait_ms, 1000, 1001);
    assert_true(limit_table_take(table, "192.0.2.2", 1000, NULL));
    assert_true(limit_table_take(table, "unix", 1000, NULL));
    limit_table_destroy(table);
}

static void ipv6_counts_by_64(void **state) {
    (void)state;
    struct limit_table *table = limit_table_create(64, 1, 1);
    assert_true(limit_table_take(table, "2001:db8:0:1::1", 1000, NULL));
    assert_false(limit_table_take(table, "2001:db8:0:1:ffff::2", 1000, NULL));
    assert_true(limit_table_take(table, "2001:db8:0:2::1", 1000, NULL));
    limit_table_destroy(table);
}

static void oldest_entry_makes_room(void **state) {
    (void)state;
    struct limit_table *table = limit_table_create(2, 0, 1);
    assert_true(limit_table_take(table, "192.0.2.1", 1000, NULL));
    assert_true(limit_table_take(table, "192.0.2.2", 1001, NULL));
    assert_false(limit_table_take(table, "192.0.2.1", 1002, NULL));
    assert_true(limit_table_take(table, "192.0.2.3", 1003, NULL)); /* takes .2's place */
    assert_false(limit_table_take(table, "192.0.2.1", 1004, NULL));
    assert_true(limit_table_take(table, "192.0.2.2", 1005, NULL));
    limit_table_destroy(table);
}

static void table_bears_many_addresses(void **state) {
    (void)state;
    struct limit_table *table = limit_table_create(256, 1, 1);
    char address[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 250, i % 250);
        assert_true(limit_table_take(table, address, 1000 + (uint64_t)i, NULL));
    }
    assert_null(limit_table_create(0, 1, 1));
    limit_table_destroy(table);
    limit_table_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_starts_full),
        cmocka_unit_test(bucket_refills_up_to_burst),
        cmocka_unit_test(refusal_takes_nothing),
        cmocka_unit_test(debts_and_gifts_are_bounded),
        cmocka_unit_test(bucket_at_time_zero_is_not_full_twice),
        cmocka_unit_test(clock_running_back_gives_nothing),
        cmocka_unit_test(wait_without_refill_is_for_ever),
        cmocka_unit_test(addresses_have_buckets_of_their_own),
        cmocka_unit_test(ipv6_counts_by_64),
        cmocka_unit_test(oldest_entry_makes_room),
        cmocka_unit_test(table_bears_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
