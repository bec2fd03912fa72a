/* metrics: what a visit shows, the tick histogram, plugins' own metrics and their limits. */
#include "test.h"

#include "metrics.h"
#include "registration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct wanted {
    const char *name;
    const char *labels;
    uint32_t found;
    struct muster_metric metric;
    uint64_t buckets[16];
    double bounds[16];
};

static void look(void *user, const struct muster_metric *metric) {
    struct wanted *wanted = user;
    assert_int_equal(metric->size, sizeof(*metric));
    if (strcmp(metric->name, wanted->name) != 0 || strcmp(metric->labels, wanted->labels) != 0)
        return;
    wanted->found++;
    wanted->metric = *metric;
    for (uint32_t i = 0; i < metric->bucket_count; i++) {
        wanted->buckets[i] = metric->bucket_counts[i];
        wanted->bounds[i] = metric->bounds[i];
    }
}

static struct wanted visit(const char *name, const char *labels) {
    struct wanted wanted = {.name = name, .labels = labels};
    metrics_visit(look, &wanted);
    return wanted;
}

static void test_core_values(void **state) {
    (void)state;
    metrics_add(METRIC_JOINS, 1);
    metrics_add(METRIC_JOINS, 2);
    metrics_set(METRIC_LOBBIES_ACTIVE, 4);
    struct wanted joins = visit("muster_player_joins_total", "");
    assert_int_equal(joins.found, 1);
    assert_true(joins.metric.value == 3);
    assert_int_equal(joins.metric.type, MUSTER_METRIC_COUNTER);
    struct wanted active = visit("muster_lobbies", "state=\"active\"");
    assert_int_equal(active.found, 1);
    assert_true(active.metric.value == 4);
    assert_int_equal(active.metric.type, MUSTER_METRIC_GAUGE);
}

static void look_build(void *user, const struct muster_metric *metric) {
    if (strcmp(metric->name, "muster_build_info") != 0) return;
    assert_true(strncmp(metric->labels, "version=\"", 9) == 0);
    assert_true(metric->value == 1);
    (*(uint32_t *)user)++;
}

static void test_build_info(void **state) {
    (void)state;
    uint32_t found = 0;
    metrics_visit(look_build, &found);
    assert_int_equal(found, 1);
}

static void test_process_values(void **state) {
    (void)state;
    assert_true(visit("process_resident_memory_bytes", "").metric.value > 100000);
    assert_true(visit("process_open_fds", "").metric.value >= 1);
    assert_true(visit("process_cpu_seconds_total", "").metric.value >= 0);
    double start_s = visit("process_start_time_seconds", "").metric.value;
    assert_true(start_s > 1700000000 && start_s < (double)time(NULL) + 2);
    FILE *one = fopen("/dev/null", "r");
    double with_one = visit("process_open_fds", "").metric.value;
    fclose(one);
    assert_true(visit("process_open_fds", "").metric.value == with_one - 1);
}

static void test_tick_histogram(void **state) {
    (void)state;
    metrics_observe_tick(100);     /* on the first bound: inside */
    metrics_observe_tick(101);     /* second bucket */
    metrics_observe_tick(2000000); /* above all */
    struct wanted ticks = visit("muster_tick_duration_seconds", "");
    assert_int_equal(ticks.metric.type, MUSTER_METRIC_HISTOGRAM);
    assert_int_equal(ticks.metric.bucket_count, 14);
    assert_true(ticks.bounds[0] == .0001 && ticks.bounds[13] == 1);
    assert_int_equal(ticks.buckets[0], 1);
    assert_int_equal(ticks.buckets[1], 2);
    assert_int_equal(ticks.buckets[13], 2);
    assert_int_equal(ticks.metric.count, 3);
    assert_true(ticks.metric.sum > 2.0002 && ticks.metric.sum < 2.0003);
}

static void collect(void) {
    metrics_set(METRIC_PLAYERS_CONNECTED, 77);
}

static void test_collector_runs_before_a_visit(void **state) {
    (void)state;
    metrics_set_collector(collect);
    struct wanted players = visit("muster_players_connected", "");
    metrics_set_collector(NULL);
    assert_true(players.metric.value == 77);
}

static void test_custom(void **state) {
    (void)state;
    int owner = 0;
    int other = 0;
    uint32_t id = 99;
    const char *name = "muster_hits_total";
    assert_int_equal(metrics_register(&owner, MUSTER_METRIC_COUNTER, name, "Hits.", &id),
                     MUSTER_OK);
    assert_int_equal(metrics_register(&other, MUSTER_METRIC_COUNTER, name, "Hits.", &id),
                     MUSTER_EXISTS);
    metrics_custom_add(&owner, id, 2);
    metrics_custom_add(&owner, id, 3);
    assert_false(metrics_custom_add(&owner, id, -1)); /* a counter */
    assert_false(metrics_custom_add(&owner, id, NAN));
    struct wanted hits = visit(name, "");
    assert_true(hits.metric.value == 5);
    assert_string_equal(hits.metric.help, "Hits.");
    metrics_custom_set(&owner, id, 1);
    metrics_custom_set(&owner, 100000, 1); /* no metric: nothing happens */
    assert_true(visit(name, "").metric.value == 1);
    registration_owner_gone(&owner);
    assert_int_equal(visit(name, "").found, 0);
    metrics_custom_set(&owner, id, 9); /* gone: nothing happens */
    assert_int_equal(metrics_register(&other, MUSTER_METRIC_GAUGE, name, NULL, &id), MUSTER_OK);
    assert_true(metrics_custom_add(&other, id, -1));
    assert_true(visit(name, "").metric.value == -1);
    registration_owner_gone(&other);
}

static bool newer_replaces(const void *newer, const void *older) {
    return *(const int *)newer > *(const int *)older;
}

static const int *in_force;

static bool is_in_force(const void *owner) {
    return owner == in_force;
}

/* Both generations of a plugin count into one counter; a level is the newer one's. */
static void test_custom_over_a_reload(void **state) {
    (void)state;
    static const int old = 1, new = 2;
    static const struct registration_owners known = {newer_replaces, is_in_force};
    uint32_t hits[2], level[2];
    registration_set_owners(&known);
    in_force = &old;
    for (int i = 0; i < 2; i++) {
        const int *owner = i ? &new : &old;
        assert_int_equal(
            metrics_register(owner, MUSTER_METRIC_COUNTER, "muster_hits_total", "", &hits[i]),
            MUSTER_OK);
        assert_int_equal(
            metrics_register(owner, MUSTER_METRIC_GAUGE, "muster_level", "", &level[i]), MUSTER_OK);
        metrics_custom_add(owner, hits[i], 5);
        metrics_custom_set(owner, level[i], i + 1);
    }
    assert_true(visit("muster_level", "").metric.value == 1);
    in_force = &new;
    registration_owner_superseded(&old);
    metrics_custom_add(&old, hits[0], 2); /* a lobby plays on with it */
    metrics_custom_set(&old, level[0], 9);
    metrics_custom_add(&old, hits[1], 100); /* not its own */
    struct wanted wanted = visit("muster_hits_total", "");
    assert_int_equal(wanted.found, 1);
    assert_true(wanted.metric.value == 12);
    assert_true(visit("muster_level", "").metric.value == 2);
    registration_owner_gone(&old);
    metrics_custom_add(&new, hits[1], 1);
    assert_true(visit("muster_hits_total", "").metric.value == 13);
    registration_owner_gone(&new);
    registration_set_owners(NULL);
}

static void test_bad_custom(void **state) {
    (void)state;
    int owner = 0;
    uint32_t id = 0;
    static const char *const bad[] = {"",           "hits_total", "muster_", "muster_Hits",
                                      "muster_a b", "muster_a\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(metrics_register(&owner, MUSTER_METRIC_GAUGE, bad[i], "", &id),
                         MUSTER_INVALID);
    char huge[300];
    memset(huge, 'a', sizeof(huge));
    memcpy(huge, "muster_", 7);
    huge[299] = '\0';
    assert_int_equal(metrics_register(&owner, MUSTER_METRIC_GAUGE, huge, "", &id), MUSTER_INVALID);
    assert_int_equal(metrics_register(&owner, MUSTER_METRIC_HISTOGRAM, "muster_x", "", &id),
                     MUSTER_INVALID);
    assert_int_equal(metrics_register(&owner, MUSTER_METRIC_GAUGE, "muster_lobbies", "", &id),
                     MUSTER_EXISTS);
    assert_int_equal(
        metrics_register(&owner, MUSTER_METRIC_GAUGE, "muster_tick_duration_seconds", "", &id),
        MUSTER_EXISTS);
}

static void test_custom_limit(void **state) {
    (void)state;
    int owner = 0;
    uint32_t id = 0;
    char name[32];
    for (int i = 0; i < 256; i++) {
        snprintf(name, sizeof(name), "muster_x_%d", i);
        assert_int_equal(metrics_register(&owner, MUSTER_METRIC_GAUGE, name, "", &id), MUSTER_OK);
    }
    assert_int_equal(metrics_register(&owner, MUSTER_METRIC_GAUGE, "muster_more", "", &id),
                     MUSTER_LIMIT);
    registration_owner_gone(&owner);
    assert_int_equal(metrics_register(&owner, MUSTER_METRIC_GAUGE, "muster_more", "", &id),
                     MUSTER_OK);
    registration_owner_gone(&owner);
}

/* Prometheus text must hold the samples of one name together. */
static char seen[128][96];
static uint32_t seen_count;

static void check_together(void *user, const struct muster_metric *metric) {
    const char **last = user;
    if (*last && strcmp(*last, metric->name) == 0) return;
    for (uint32_t i = 0; i < seen_count; i++) assert_string_not_equal(seen[i], metric->name);
    assert_true(seen_count < 128);
    snprintf(seen[seen_count], sizeof(seen[0]), "%s", metric->name);
    *last = seen[seen_count++];
}

static void test_names_stand_together(void **state) {
    (void)state;
    const char *last = NULL;
    metrics_visit(check_together, &last);
    assert_true(seen_count > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_values),
        cmocka_unit_test(test_build_info),
        cmocka_unit_test(test_process_values),
        cmocka_unit_test(test_tick_histogram),
        cmocka_unit_test(test_collector_runs_before_a_visit),
        cmocka_unit_test(test_custom),
        cmocka_unit_test(test_custom_over_a_reload),
        cmocka_unit_test(test_bad_custom),
        cmocka_unit_test(test_custom_limit),
        cmocka_unit_test(test_names_stand_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
