/* The pacer on a clock of the test's own: schedules, removal in the middle of a run, overload. */
#include "test.h"

#include <string.h>
#include <uv.h>

#include "loop.h"
#include "metrics.h"
#include "pacer.h"

#define MS 1000u
#define ENTRIES 1000
#define PERIOD_LONG_US 8000000u

static uint64_t clock_us;

/* The linker puts it in the place of libuv's. */
uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
    return clock_us * 1000;
}

/* What the loop calls when a millisecond has passed and all that could be read has been. */
static loop_fn on_timer;

struct loop_timer *__real_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user);
struct loop_timer *__wrap_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user);
struct loop_timer *__wrap_loop_timer_start(uint32_t delay_ms, uint32_t repeat_ms, loop_fn fn,
                                           void *user) {
    on_timer = fn;
    return __real_loop_timer_start(delay_ms, repeat_ms, fn, user);
}

struct runner {
    struct pacer_entry entry;
    uint32_t count;
    uint64_t last_us;
    uint32_t cost_us;              /* a run takes so long */
    struct pacer_entry *to_remove; /* in the run */
    bool again;                    /* added again in the run */
    bool nested;                   /* runs the pacer in the run */
};

static struct runner runners[ENTRIES];

static void on_run(void *user) {
    struct runner *runner = user;
    runner->count++;
    runner->last_us = clock_us;
    clock_us += runner->cost_us;
    if (runner->to_remove) pacer_remove(runner->to_remove);
    if (runner->again) pacer_add(&runner->entry, 50 * MS, 0, on_run, runner);
    if (runner->nested) pacer_run();
}

static int start(void **state) {
    (void)state;
    memset(runners, 0, sizeof runners);
    clock_us = (clock_us / PERIOD_LONG_US + 1) * PERIOD_LONG_US + 5000000; /* never back */
    return loop_init(1) || pacer_start() ? -1 : 0;
}

static int stop(void **state) {
    (void)state;
    for (int i = 0; i < ENTRIES; i++) pacer_remove(&runners[i].entry);
    pacer_stop();
    loop_deinit();
    return 0;
}

/* Nothing is received. */
static void pass(uint32_t ms) {
    for (uint32_t i = 0; i < ms; i++) {
        clock_us += MS;
        on_timer(NULL);
    }
}

/* As much as there is time for. */
static void pass_receiving(uint32_t ms) {
    for (uint32_t i = 0; i < ms; i++) {
        clock_us += MS;
        pacer_run();
    }
}

static struct runner *add(uint32_t i, uint32_t period_ms, uint32_t phase) {
    pacer_add(&runners[i].entry, period_ms * MS, phase, on_run, &runners[i]);
    return &runners[i];
}

static void an_entry_keeps_to_its_schedule(void **state) {
    (void)state;
    struct runner *runner = add(0, 50, 7);
    pass(50);
    assert_int_equal(runner->count, 1);
    for (uint32_t i = 2; i <= 1000; i++) {
        pass(50);
        assert_int_equal(runner->count, i);
        assert_int_equal(runner->last_us / MS % 50, 7);
    }
}

static void an_odd_period_does_not_drift(void **state) {
    (void)state;
    struct runner *runner = &runners[0];
    pacer_add(&runner->entry, 1000000 / 60, 3, on_run, runner);
    pass(60 * 1000);
    assert_in_range(runner->count, 3600, 3601);
}

static void phases_keep_lobbies_apart(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 50; i++) add(i, 50, i);
    pass(50);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(runners[i].count, 1);
        assert_int_equal(runners[i].last_us / MS % 50, i);
    }
}

/* Longer than one turn of the wheel: its slot comes round before its time. */
static void a_long_period_waits_for_its_own_turn(void **state) {
    (void)state;
    struct runner *runner = &runners[0];
    pacer_add(&runner->entry, PERIOD_LONG_US, 0, on_run, runner); /* due in 3 s */
    pass(2990);
    assert_int_equal(runner->count, 0);
    pass(20);
    assert_int_equal(runner->count, 1);
    pass(7980);
    assert_int_equal(runner->count, 1);
    pass(20);
    assert_int_equal(runner->count, 2);
}

static void an_entry_may_end_itself(void **state) {
    (void)state;
    struct runner *runner = add(0, 50, 0);
    runner->to_remove = &runner->entry;
    pass(200);
    assert_int_equal(runner->count, 1);
    assert_false(runner->entry.armed);
    pacer_remove(&runner->entry); /* twice is nothing */
}

static void an_entry_may_end_its_neighbours(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 4; i++) add(i, 50, 9);
    runners[0].to_remove = &runners[1].entry; /* the next in the slot */
    runners[2].to_remove = &runners[0].entry; /* one that has run */
    runners[3].to_remove = &runners[3].entry; /* the last */
    pass(100);
    assert_int_equal(runners[0].count, 1);
    assert_int_equal(runners[1].count, 0);
    assert_int_equal(runners[2].count, 2);
    assert_int_equal(runners[3].count, 1);
}

static void an_entry_may_begin_anew(void **state) {
    (void)state;
    struct runner *runner = add(0, 50, 20);
    runner->to_remove = &runner->entry;
    runner->again = true;
    pass(1000);
    assert_in_range(runner->count, 19, 21);
    assert_true(runner->entry.armed);
}

static void a_run_in_a_run_is_nothing(void **state) {
    (void)state;
    add(0, 50, 5)->nested = true;
    add(1, 50, 5)->nested = true;
    pass(100);
    assert_int_equal(runners[0].count, 2);
    assert_int_equal(runners[1].count, 2);
}

/* The clock stood still for a second: missed ticks are counted, not made up for. */
static void what_was_missed_is_skipped(void **state) {
    (void)state;
    double skipped = metrics_values[METRIC_TICKS_SKIPPED];
    struct runner *runner = add(0, 50, 0);
    pass(100);
    assert_int_equal(runner->count, 2);
    clock_us += 1000 * MS;
    pass(200);
    assert_in_range(runner->count, 2 + 4, 2 + 6);
    assert_in_range(metrics_values[METRIC_TICKS_SKIPPED] - skipped, 18, 20);
}

static void an_hour_of_sleep_does_not_stop_it(void **state) {
    (void)state;
    struct runner *runner = add(0, 50, 0);
    pass(100);
    clock_us += 3600u * 1000 * MS;
    pass(500);
    uint32_t count = runner->count;
    pass(500);
    assert_int_equal(runner->count, count + 10);
}

static void drop_all(void) {
    for (uint32_t i = 0; i < ENTRIES; i++) pacer_remove(&runners[i].entry);
    pass(100);
    memset(runners, 0, sizeof runners);
}

struct load {
    uint32_t count, period_ms, cost_us; /* each tick */
};

static void add_load(const struct load *load) {
    for (uint32_t i = 0; i < load->count; i++)
        add(i, load->period_ms, i % 50)->cost_us = load->cost_us;
}

static void relieve(const struct load *load) {
    for (uint32_t i = 0; i < load->count; i++) runners[i].cost_us = 1;
}

/* Receiving has its share beside them: so much for ticks is twice a core, however it is made up. */
static const struct load twice[] = {
    {1000, 50, 40}, {8, 50, 5000}, {600, 16, 21}, {100, 8, 64}, {1000, 1000, 800}, {1, 50, 40000},
};

static uint32_t ticks(const struct load *load) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < load->count; i++) sum += runners[i].count;
    return sum;
}

static void assert_even(const struct load *load) {
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < load->count; i++) {
        if (runners[i].count < least) least = runners[i].count;
        if (runners[i].count > most) most = runners[i].count;
    }
    assert_true(most - least <= most / 4);
}

/* By time: a node of one lobby and one of a thousand, at 1 Hz and at 125, find the same rate. */
static void overload_finds_the_rate_that_fits(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++) {
        const struct load *load = &twice[i];
        add_load(load);
        pass_receiving(10000);
        uint64_t begin_us = clock_us;
        uint32_t before = ticks(load);
        double announced_us = 0;
        while (clock_us - begin_us < 20000 * MS) {
            uint64_t at_us = clock_us;
            pass_receiving(1);
            assert_true(pacer_overloaded()); /* no wave ends it */
            announced_us += pacer_stretch() * (double)(clock_us - at_us);
        }
        double passed_us = (double)(clock_us - begin_us), stretch = announced_us / passed_us;
        double given = passed_us * load->count / (ticks(load) - before) / (load->period_ms * MS);
        assert_true(stretch > 1.8 && stretch < 2.8);
        assert_true(given > stretch * 0.8 && given < stretch * 1.2); /* as is announced */
        assert_even(load);
        drop_all();
    }
}

static void it_is_back_within_two_seconds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++) {
        struct load load = twice[i];
        load.cost_us *= 3;
        add_load(&load);
        while (pacer_stretch() < 3.0) pass_receiving(1);
        relieve(&load);
        uint64_t begin_us = clock_us;
        while (clock_us - begin_us < 2000 * MS) pass(1);
        assert_true(pacer_stretch() == 1.0);
        assert_false(pacer_overloaded());
        drop_all();
    }
}

static uint32_t most_in_a_slot(const struct load *load) {
    uint32_t in[50] = {0}, most = 0;
    for (uint32_t i = 0; i < load->count; i++)
        if (++in[runners[i].last_us / MS % 50] > most) most++;
    return most;
}

/* Else they would come all at once from then on, the last ones late for ever. */
static void overload_keeps_lobbies_apart(void **state) {
    (void)state;
    static const struct load load = {400, 50, 200};
    add_load(&load);
    pass(10000);
    assert_true(pacer_overloaded());
    relieve(&load);
    uint64_t begin_us = clock_us;
    while (clock_us - begin_us < 2000 * MS) pass(1);
    assert_false(pacer_overloaded());
    assert_in_range(most_in_a_slot(&load), 400 / 50, 2 * 400 / 50); /* a turn may meet two slots */
}

/* One slow match whose ticks fit in makes others late, and slows nobody down. */
static void half_a_core_is_no_overload(void **state) {
    (void)state;
    static const struct load light[] = {
        {1000, 50, 25}, {8, 50, 3000}, {1, 50, 25000}, {1, 1000, 400000}};
    for (size_t i = 0; i < sizeof light / sizeof light[0]; i++) {
        add_load(&light[i]);
        for (uint32_t ms = 0; ms < 5000; ms++) {
            pass(1);
            assert_true(pacer_stretch() < 1.05);
        }
        drop_all();
    }
}

/* The process stood still for 3 s, or for 100 ms every second: that it is late is none of its
 * doing. */
static void a_stall_is_no_overload(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 500; i++) add(i, 50, i % 50)->cost_us = 20;
    pass(500);
    clock_us += 3000 * MS;
    for (uint32_t i = 0; i < 20; i++) {
        for (uint32_t ms = 0; ms < 1000; ms++) {
            pass(1);
            assert_false(pacer_overloaded());
        }
        clock_us += 100 * MS;
    }
}

/* Else a node whose matches all ended would refuse lobbies for ever. */
static void without_a_match_there_is_no_overload(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 8; i++) add(i, 50, i)->cost_us = 15 * MS;
    pass(2000);
    assert_true(pacer_overloaded());
    for (uint32_t i = 0; i < 8; i++) pacer_remove(&runners[i].entry);
    pass(100);
    assert_true(pacer_stretch() == 1.0);
    assert_false(pacer_overloaded());
}

/* A node without matches sleeps; the next match ticks in time all the same. */
static void without_an_entry_nothing_wakes_the_loop(void **state) {
    (void)state;
    struct runner *runner = add(0, 50, 0);
    assert_true(uv_loop_alive(loop_handle()));
    pass(1);
    assert_true(uv_loop_alive(loop_handle()));
    pacer_remove(&runner->entry);
    pass(1);
    assert_false(uv_loop_alive(loop_handle()));
    clock_us += 3600u * 1000 * MS;
    assert_true(pacer_silent_us() == 0); /* it lives */
    double skipped = metrics_values[METRIC_TICKS_SKIPPED];
    add(1, 50, 0);
    assert_true(uv_loop_alive(loop_handle()));
    pass(500);
    assert_int_equal(runners[1].count, 10);
    assert_true(pacer_stretch() == 1.0);
    assert_true(metrics_values[METRIC_TICKS_SKIPPED] == skipped);
    assert_int_equal(runner->count, 0);
}

/* Receiving asks for ticks, too, but gets its share of time after a long run. */
static void receiving_has_its_share(void **state) {
    (void)state;
    add(0, 50, 0)->cost_us = 10 * MS;
    add(1, 50, 11);
    while (runners[0].count == 0) pass(1);
    uint32_t count = runners[1].count;
    clock_us += 14 * MS;
    pacer_run(); /* slot 11 is due, but less than 1.5 times 10 ms have passed */
    assert_int_equal(runners[1].count, count);
    clock_us += 1 * MS;
    pacer_run(); /* ten slots at once, */
    pacer_run(); /* and those after them */
    assert_int_equal(runners[1].count, count + 1);
}

/* Where nothing is left to be read, no tick waits for its sake. */
static void receiving_has_no_more_than_it_asks_for(void **state) {
    (void)state;
    add(0, 50, 0)->cost_us = 10 * MS;
    add(1, 50, 9);
    while (runners[0].count == 0) pass(1);
    uint32_t count = runners[1].count;
    pass(1);
    assert_int_equal(runners[1].count, count + 1);
}

/* Players with a connection each, which a round of the loop reads one input from, as it does over
 * TLS. */
struct crowd {
    uint32_t players, cost_us; /* of an input */
    uint64_t begin_us, read;
};

static uint64_t waiting(const struct crowd *crowd) {
    return (clock_us - crowd->begin_us) * crowd->players * 20 / 1000000 - crowd->read;
}

static void receive_round(struct crowd *crowd) {
    uint64_t n = waiting(crowd) < crowd->players ? waiting(crowd) : crowd->players;
    if (n == 0) clock_us += MS;
    for (; n > 0; n--) {
        clock_us += crowd->cost_us;
        if (++crowd->read % 32 == 0) pacer_run();
    }
    on_timer(NULL);
}

/* Late ticks are left out; inputs that nobody reads would wait for longer and longer. Twice a core,
 * two fifths of it for receiving. */
static void every_input_is_read(void **state) {
    (void)state;
    static const struct load load = {400, 50, 200};
    struct crowd crowd = {.players = 3200, .cost_us = 6, .begin_us = clock_us};
    add_load(&load);
    while (clock_us - crowd.begin_us < 20000 * MS) {
        receive_round(&crowd);
        assert_true(waiting(&crowd) <= crowd.players);
    }
    assert_true(pacer_overloaded());
    assert_true(pacer_stretch() > 2.0 && pacer_stretch() < 3.5);
    assert_even(&load);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(an_entry_keeps_to_its_schedule),
        TEST(an_odd_period_does_not_drift),
        TEST(phases_keep_lobbies_apart),
        TEST(a_long_period_waits_for_its_own_turn),
        TEST(an_entry_may_end_itself),
        TEST(an_entry_may_end_its_neighbours),
        TEST(an_entry_may_begin_anew),
        TEST(a_run_in_a_run_is_nothing),
        TEST(what_was_missed_is_skipped),
        TEST(an_hour_of_sleep_does_not_stop_it),
        TEST(overload_finds_the_rate_that_fits),
        TEST(it_is_back_within_two_seconds),
        TEST(overload_keeps_lobbies_apart),
        TEST(half_a_core_is_no_overload),
        TEST(a_stall_is_no_overload),
        TEST(without_a_match_there_is_no_overload),
        TEST(without_an_entry_nothing_wakes_the_loop),
        TEST(receiving_has_its_share),
        TEST(receiving_has_no_more_than_it_asks_for),
        TEST(every_input_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
