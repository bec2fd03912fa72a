/* The statistics of the anticheats: how many honest players a bar flags and how soon it catches a
 * cheat, as published for this population (Beta(12,48), horizon 20,000 shots); what is learned. */
#include "anticheat/anticheat.h"
#include "test.h"

#include <math.h>

#define SHOTS 20000
#define PLAYERS 2000
#define CHEATS 400
#define CHEAT_SHARE 0.65
#define ALARM 11.5

static uint64_t seed;

static double uniform(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) / (double)(UINT64_C(1) << 53);
}

/* Sum of so many exponentials, so of a gamma distribution. */
static double gamma_of(uint32_t shape) {
    double sum = 0;
    for (uint32_t i = 0; i < shape; i++) sum -= log(1 - uniform());
    return sum;
}

static double beta_of(uint32_t a, uint32_t b) {
    double x = gamma_of(a);
    return x / (x + gamma_of(b));
}

/* Shots to the alarm; 0: none came. */
static uint32_t shots_to_alarm(double share, double p0) {
    const struct anticheat_bar bar = anticheat_bar_make(p0, ALARM);
    struct anticheat_counter counter = {0};
    for (uint32_t shot = 1; shot <= SHOTS; shot++)
        if (anticheat_count(&counter, &bar, uniform() < share, shot)) return shot;
    return 0;
}

static double flagged(double p0) {
    uint32_t count = 0;
    seed = 88172645463325252u;
    for (uint32_t i = 0; i < PLAYERS; i++) count += shots_to_alarm(beta_of(12, 48), p0) > 0;
    return (double)count / PLAYERS;
}

static double mean_shots(double p0) {
    double sum = 0;
    seed = 88172645463325252u;
    for (uint32_t i = 0; i < CHEATS; i++) sum += shots_to_alarm(CHEAT_SHARE, p0);
    return sum / CHEATS;
}

static void near(double value, double expected, double by) {
    if (fabs(value - expected) > by)
        fail_msg("expected %g, %g more or less, found %g", expected, by, value);
}

/* The reason why p0 is not the mean. */
static void at_the_mean_a_quarter_of_the_honest_is_flagged(void **state) {
    (void)state;
    near(flagged(0.20), 0.239, 0.03);
    near(mean_shots(0.20), 33, 5);
}

static void near_the_97th_percentile_one_in_a_hundred(void **state) {
    (void)state;
    near(flagged(0.30), 0.0085, 0.006);
    near(mean_shots(0.30), 54, 6);
}

static void at_the_999th_nearly_nobody(void **state) {
    (void)state;
    near(flagged(0.38), 0.00025, 0.001);
    near(mean_shots(0.38), 81, 8);
}

static void and_beyond_nobody(void **state) {
    (void)state;
    near(flagged(0.42), 0, 0);
    near(mean_shots(0.42), 107, 12);
}

static void who_has_no_bar_is_not_judged(void **state) {
    const struct anticheat_bar bar = anticheat_bar_make(0, ALARM);
    struct anticheat_counter counter = {0};
    (void)state;
    for (uint32_t shot = 0; shot < SHOTS; shot++)
        assert_false(anticheat_count(&counter, &bar, true, shot));
    assert_int_equal(counter.trials, SHOTS);
    assert_int_equal(counter.hits, SHOTS);
}

/* Half of the sum after 5,000 trials: a hit and a miss in turns, which add up to less than nothing
 * each, would bring it down at once. */
static void what_is_long_past_counts_less(void **state) {
    struct anticheat_bar bar = anticheat_bar_make(0.38, 1000);
    struct anticheat_counter counter = {0};
    (void)state;
    for (uint32_t shot = 0; shot < 100; shot++) (void)anticheat_count(&counter, &bar, true, shot);
    double sum = counter.sum;
    bar.miss = 0;
    for (uint32_t shot = 0; shot < 5000; shot++) (void)anticheat_count(&counter, &bar, false, shot);
    near(counter.sum / sum, 0.5, 0.001);
    assert_int_equal(counter.from_tick, 0);
}

/* ---- what is learned ------------------------------------------------------------------------- */

static struct anticheat_cohort cohort;

static void learn(uint32_t players) {
    for (uint32_t i = 0; i < players; i++) anticheat_cohort_add(&cohort, 0, beta_of(12, 48));
}

static void few_players_are_no_population(void **state) {
    (void)state;
    memset(&cohort, 0, sizeof cohort);
    seed = 88172645463325252u;
    learn(499);
    assert_true(anticheat_cohort_limit(&cohort, 0) == 0);
    learn(1);
    assert_true(anticheat_cohort_limit(&cohort, 0) > 0);
    assert_true(anticheat_cohort_limit(&cohort, 1) == 0); /* of another measure nothing is known */
}

static void quantiles_are_those_of_the_population(void **state) {
    (void)state;
    memset(&cohort, 0, sizeof cohort);
    seed = 88172645463325252u;
    learn(50000);
    near(anticheat_cohort_quantile(&cohort, 0, 0.5), 0.20, 0.01);
    near(anticheat_cohort_quantile(&cohort, 0, 0.99), 0.33, 0.01);
    near(anticheat_cohort_quantile(&cohort, 0, 0.999), 0.38, 0.015);
    near(anticheat_cohort_limit(&cohort, 0), 0.40, 0.03);
}

static void a_few_cheats_do_not_move_it(void **state) {
    (void)state;
    memset(&cohort, 0, sizeof cohort);
    seed = 88172645463325252u;
    learn(1000);
    double before = anticheat_cohort_limit(&cohort, 0);
    for (uint32_t i = 0; i < 50; i++) anticheat_cohort_add(&cohort, 0, 0.99);
    near(anticheat_cohort_quantile(&cohort, 0, 0.999), 1, 0.02);
    near(anticheat_cohort_limit(&cohort, 0), before, 0.05);
}

static void it_stays_within_bounds(void **state) {
    (void)state;
    memset(&cohort, 0, sizeof cohort);
    for (uint32_t i = 0; i < 1000; i++) anticheat_cohort_add(&cohort, 0, 1);
    for (uint32_t i = 0; i < 1000; i++) anticheat_cohort_add(&cohort, 1, 0);
    near(anticheat_cohort_limit(&cohort, 0), 0.95, 1e-9);
    assert_true(anticheat_cohort_limit(&cohort, 1) >= 0.02);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_mean_a_quarter_of_the_honest_is_flagged),
        cmocka_unit_test(near_the_97th_percentile_one_in_a_hundred),
        cmocka_unit_test(at_the_999th_nearly_nobody),
        cmocka_unit_test(and_beyond_nobody),
        cmocka_unit_test(who_has_no_bar_is_not_judged),
        cmocka_unit_test(what_is_long_past_counts_less),
        cmocka_unit_test(few_players_are_no_population),
        cmocka_unit_test(quantiles_are_those_of_the_population),
        cmocka_unit_test(a_few_cheats_do_not_move_it),
        cmocka_unit_test(it_stays_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
