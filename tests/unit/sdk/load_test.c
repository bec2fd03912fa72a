/* sdk/load: what is counted of a run. */
#include "test.h"

#include "histogram.h"
#include "match_set.h"

#define SETTLED_BELOW 128u /* each value has a bucket of its own */

static void test_a_value_comes_back_to_one_percent(void **state) {
    (void)state;
    for (uint64_t us = 1; us < UINT64_C(1) << 36; us += us / 3 + 1) {
        struct histogram one = {0};
        histogram_add(&one, us);
        uint64_t found = histogram_at(&one, 0.5);
        assert_in_range(found * 100, us * 99, us * 101);
        if (us < SETTLED_BELOW) assert_int_equal(found, us);
    }
}

static void test_shares_are_of_all(void **state) {
    (void)state;
    static struct histogram histogram;
    assert_int_equal(histogram_at(&histogram, 0.99), 0);
    for (uint32_t us = 1; us <= 100; us++) histogram_add(&histogram, us);
    assert_int_equal(histogram_at(&histogram, 0.5), 50);
    assert_int_equal(histogram_at(&histogram, 0.99), 99);
    assert_int_equal(histogram_at(&histogram, 0.999), 100);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram.count, 101);
    assert_true(histogram_at(&histogram, 1) > UINT64_C(1) << 36);
}

static void add(struct match_set *set, uint32_t number) {
    char text[128];
    snprintf(text, sizeof text,
             "{\"params\":{\"matchId\":\"00000000-0000-4000-8000-%012x\",\"gameMode\":", number);
    match_set_add(set, text);
}

static void test_a_match_counts_once(void **state) {
    (void)state;
    struct match_set set = {0};
    for (uint32_t player = 0; player < 8; player++)
        for (uint32_t number = 0; number < 5000; number++) add(&set, number);
    assert_int_equal(set.count, 5000);
    match_set_free(&set);
}

static void test_what_is_no_match_is_not_counted(void **state) {
    (void)state;
    struct match_set set = {0};
    match_set_add(&set, "");
    match_set_add(&set, "{\"matchId\":");
    match_set_add(&set, "{\"matchId\":\"00000000-0000-4000-8000-");
    assert_int_equal(set.count, 0);
    match_set_free(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_comes_back_to_one_percent),
        cmocka_unit_test(test_shares_are_of_all),
        cmocka_unit_test(test_a_match_counts_once),
        cmocka_unit_test(test_what_is_no_match_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
