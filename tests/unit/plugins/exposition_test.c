/* The Prometheus text: headers once, escapes, numbers, histograms, the bound. */
#include "test.h"

#include <math.h>

#include "exposition.h"

static struct muster_metric gauge(const char *name, const char *labels, double value) {
    return (struct muster_metric){.size = sizeof(struct muster_metric),
                                  .type = MUSTER_METRIC_GAUGE,
                                  .name = name,
                                  .help = "Help.",
                                  .labels = labels,
                                  .value = value};
}

static void assert_text(struct exposition *out, const char *wanted) {
    assert_int_equal(out->status, MUSTER_OK);
    assert_int_equal(out->len, strlen(wanted));
    assert_memory_equal(out->text, wanted, out->len);
    exposition_deinit(out);
}

static void test_header_stands_once(void **state) {
    (void)state;
    struct exposition out = {0};
    struct muster_metric a = gauge("muster_a", "state=\"x\"", 1);
    struct muster_metric b = gauge("muster_a", "state=\"y\"", 2);
    struct muster_metric c = gauge("muster_b", "", 3);
    exposition_add(&out, &a);
    exposition_add(&out, &b);
    exposition_add(&out, &c);
    assert_text(&out, "# HELP muster_a Help.\n# TYPE muster_a gauge\n"
                      "muster_a{state=\"x\"} 1\nmuster_a{state=\"y\"} 2\n"
                      "# HELP muster_b Help.\n# TYPE muster_b gauge\nmuster_b 3\n");
}

static void test_help_is_escaped(void **state) {
    (void)state;
    struct exposition out = {0};
    struct muster_metric metric = gauge("muster_a", "", 0);
    metric.help = "a\\b\n\"c\"";
    metric.type = MUSTER_METRIC_COUNTER;
    exposition_add(&out, &metric);
    assert_text(&out, "# HELP muster_a a\\\\b\\n\"c\"\n# TYPE muster_a counter\nmuster_a 0\n");
}

static void test_numbers(void **state) {
    (void)state;
    const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "muster_n 0.1\n"},
                 {1e15, "muster_n 1e+15\n"},
                 {123456789, "muster_n 123456789\n"},
                 {1.0 / 3, "muster_n 0.33333333333333331\n"},
                 {-2.5, "muster_n -2.5\n"},
                 {NAN, "muster_n NaN\n"},
                 {INFINITY, "muster_n +Inf\n"},
                 {-INFINITY, "muster_n -Inf\n"}};
    struct exposition out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct muster_metric metric = gauge("muster_n", "", cases[i].value);
        size_t wanted = strlen(cases[i].text);
        exposition_reset(&out);
        exposition_add(&out, &metric);
        assert_true(out.len > wanted);
        assert_memory_equal(out.text + out.len - wanted, cases[i].text, wanted);
    }
    exposition_deinit(&out);
}

static void test_histogram(void **state) {
    (void)state;
    const double bounds[] = {0.005, 1};
    const uint64_t counts[] = {2, 5};
    struct exposition out = {0};
    struct muster_metric metric = gauge("muster_h", "kind=\"k\"", 0);
    metric.type = MUSTER_METRIC_HISTOGRAM;
    metric.bounds = bounds;
    metric.bucket_counts = counts;
    metric.bucket_count = 2;
    metric.count = 7;
    metric.sum = 9.5;
    exposition_add(&out, &metric);
    assert_text(&out, "# HELP muster_h Help.\n# TYPE muster_h histogram\n"
                      "muster_h_bucket{kind=\"k\",le=\"0.005\"} 2\n"
                      "muster_h_bucket{kind=\"k\",le=\"1\"} 5\n"
                      "muster_h_bucket{kind=\"k\",le=\"+Inf\"} 7\n"
                      "muster_h_sum{kind=\"k\"} 9.5\nmuster_h_count{kind=\"k\"} 7\n");
}

static void test_grows_to_the_bound_and_no_further(void **state) {
    (void)state;
    struct exposition out = {0};
    struct muster_metric metric = gauge("muster_metric_with_a_rather_long_name_total", "", 1);
    for (uint32_t i = 0; i < 100000 && out.status == MUSTER_OK; i++) exposition_add(&out, &metric);
    assert_int_equal(out.status, MUSTER_LIMIT);
    assert_true(out.len <= EXPOSITION_BYTES_MAX);
    assert_true(out.cap <= EXPOSITION_BYTES_MAX);
    exposition_reset(&out);
    exposition_add(&out, &metric);
    assert_int_equal(out.status, MUSTER_OK);
    exposition_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_stands_once),
        cmocka_unit_test(test_help_is_escaped),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_grows_to_the_bound_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
