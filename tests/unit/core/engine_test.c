/* What the engine stands on: the virtual clock, the pacer on it, waiting for what is under way; and
 * its functions where no command runs. The rest is played through musterd --run:
 * tests/server/engine. */
#include "clock_ahead.h"
#include "counted.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "loop.h"
#include "pacer.h"
#include "plugin.h"

#define START_MS 5000
#define START_UNIX_MS INT64_C(1700000000000)
#define PATIENCE_MS 30000

static char heard[256]; /* "A5100 B5200": who ran when */

static void hear(const char *name) {
    size_t len = strlen(heard);
    snprintf(heard + len, sizeof heard - len, "%s%s%llu", len ? " " : "", name,
             (unsigned long long)loop_now_ms());
}

static void on_named(void *user) {
    hear(user);
}

static int open_virtual(void **state) {
    (void)state;
    heard[0] = '\0';
    if (loop_init(1)) return -1;
    loop_clock_virtual(START_MS, START_UNIX_MS);
    return pacer_start() ? -1 : 0;
}

static int open_real(void **state) {
    (void)state;
    return loop_init(1) ? -1 : 0;
}

static int close_loop(void **state) {
    (void)state;
    pacer_stop();
    loop_deinit();
    return 0;
}

/* ---- the clock ---- */

static void time_stands_still(void **state) {
    (void)state;
    loop_timer_start(0, 0, on_named, "A");
    clock_ahead_s += 3600;
    while (loop_turn()) continue;
    assert_string_equal(heard, "");
    assert_int_equal(loop_now_ms(), START_MS);
    assert_int_equal(loop_now_us(), START_MS * 1000);
    assert_int_equal(loop_unix_ms(), START_UNIX_MS);
    assert_int_equal(loop_clock_due_ms(), START_MS);
    loop_clock_advance(START_MS + 70);
    assert_int_equal(loop_now_ms(), START_MS + 70);
    assert_int_equal(loop_unix_ms(), START_UNIX_MS + 70);
    loop_clock_advance(START_MS); /* not back */
    assert_int_equal(loop_now_ms(), START_MS + 70);
    assert_true(loop_clock_due_ms() == UINT64_MAX);
}

static void timers_run_in_order_each_at_its_time(void **state) {
    (void)state;
    loop_timer_start(200, 0, on_named, "late");
    loop_timer_start(100, 0, on_named, "first");
    loop_timer_start(100, 0, on_named, "second");
    struct loop_timer *every = loop_timer_start(150, 100, on_named, "every");
    loop_clock_advance(START_MS + 99);
    assert_string_equal(heard, "");
    loop_clock_advance(START_MS + 260);
    assert_string_equal(heard, "first5100 second5100 every5150 late5200 every5250");
    assert_int_equal(loop_clock_due_ms(), START_MS + 350);
    loop_timer_stop(every);
    assert_true(loop_clock_due_ms() == UINT64_MAX);
}

struct stopper {
    struct loop_timer *own;
    struct loop_timer *other;
};

static void on_stop(void *user) {
    struct stopper *stopper = user;
    hear("stop");
    loop_timer_stop(stopper->own);
    loop_timer_stop(stopper->other);
}

static void a_timer_stops_itself_and_others(void **state) {
    (void)state;
    struct stopper once = {0}, repeating = {0};
    once.own = loop_timer_start(10, 0, on_stop, &once);
    once.other = loop_timer_start(10, 0, on_named, "never");
    repeating.own = loop_timer_start(20, 5, on_stop, &repeating);
    repeating.other = loop_timer_start(20, 5, on_named, "never");
    loop_clock_advance(START_MS + 1000);
    assert_string_equal(heard, "stop5010 stop5020");
}

static void on_again(void *user) {
    uint32_t *left = user;
    hear("again");
    if (--*left) loop_timer_start(0, 0, on_again, left);
}

static void a_timer_in_a_timer_is_due_later(void **state) {
    (void)state;
    uint32_t left = 3;
    loop_timer_start(10, 0, on_again, &left);
    loop_clock_advance(START_MS + 10);
    assert_string_equal(heard, "again5010");
    loop_clock_advance(START_MS + 20);
    assert_string_equal(heard, "again5010 again5011 again5012");
}

static void a_timer_left_open_is_closed(void **state) {
    (void)state;
    loop_timer_start(10, 10, on_named, "never");
}

static void the_next_loop_has_a_real_clock(void **state) {
    (void)state;
    uint32_t left = 1;
    assert_false(loop_clock_is_virtual());
    loop_timer_start(1, 0, on_again, &left);
    loop_run();
    assert_int_equal(left, 0);
    assert_true(loop_clock_due_ms() == UINT64_MAX);
}

/* ---- the pacer ---- */

static void pass(uint32_t ms) {
    uint64_t until_ms = loop_now_ms() + ms;
    for (uint64_t at_ms; (at_ms = pacer_due_ms()) <= until_ms;) {
        loop_clock_advance(at_ms);
        pacer_run();
    }
    loop_clock_advance(until_ms);
}

static void ticks_come_at_their_millisecond(void **state) {
    (void)state;
    struct pacer_entry fast = {0}, slow = {0};
    assert_true(pacer_due_ms() == UINT64_MAX);
    pass(1);
    pacer_add(&slow, 50000, 7, on_named, "slow");
    pacer_add(&fast, 25000, 1, on_named, "fast");
    assert_int_equal(pacer_due_ms(), START_MS + 7);
    pass(60);
    assert_string_equal(heard, "slow5007 fast5026 fast5051 slow5057");
    assert_true(pacer_stretch() == 1.0);
    pacer_remove(&fast);
    pacer_remove(&slow);
    assert_true(pacer_due_ms() == UINT64_MAX);
}

static void an_entry_after_a_long_rest_is_in_time(void **state) {
    (void)state;
    struct pacer_entry entry = {0};
    loop_clock_advance(START_MS + 1000000);
    pacer_add(&entry, 50000, 0, on_named, "tick");
    pass(50);
    assert_string_equal(heard, "tick1005050");
    pacer_remove(&entry);
}

/* ---- waiting ---- */

static struct counted looked = COUNTED; /* whether it is quiet */

struct job {
    bool ran;
    bool over;
};

static void run_job(void *user) {
    ((struct job *)user)->ran = counted_wait(&looked, 1);
}

static void end_job(void *user, muster_status status) {
    ((struct job *)user)->over = status == MUSTER_OK;
}

static bool is_quiet(void *user) {
    (void)user;
    counted_add(&looked);
    return loop_quiet();
}

static bool never(void *user) {
    ++*(uint32_t *)user;
    return false;
}

static void a_job_and_a_post_are_waited_for(void **state) {
    (void)state;
    struct job job = {0};
    assert_true(loop_quiet());
    assert_int_equal(loop_work_start(run_job, end_job, &job, NULL), MUSTER_OK);
    assert_false(loop_quiet());
    assert_true(loop_run_until(is_quiet, NULL, PATIENCE_MS));
    assert_true(job.ran && job.over);
    assert_int_equal(loop_post(on_named, "post"), MUSTER_OK);
    assert_false(loop_quiet());
    assert_true(loop_run_until(is_quiet, NULL, PATIENCE_MS));
    assert_string_equal(heard, "post5000");
}

static void patience_ends(void **state) {
    (void)state;
    uint32_t asked = 0;
    assert_false(loop_run_until(never, &asked, 5));
    assert_true(asked >= 2);
    assert_false(loop_run_until(never, &asked, 0));
    assert_true(loop_run_until(is_quiet, NULL, 0));
}

/* ---- the functions ---- */

static struct muster_self nobody = {.instance_name = "nobody"};

static void without_run_nothing_is_supported(void **state) {
    (void)state;
    muster_player_id player;
    assert_int_equal(host_engine_group.player_add(&nobody, "Ann", &player), MUSTER_UNSUPPORTED);
    assert_int_equal(host_engine_group.advance(&nobody, 1), MUSTER_UNSUPPORTED);
    host_engine_group.player_remove(&nobody, (muster_player_id){1});
    assert_int_equal(nobody.fault_count, 0);
}

static void outside_of_the_command_it_is_a_fault(void **state) {
    (void)state;
    engine_offer();
    assert_int_equal(host_engine_group.advance(&nobody, 1), MUSTER_STATE);
    engine_begin();
    assert_int_equal(host_engine_group.advance(&nobody, 1), MUSTER_STATE); /* no call */
    plugin_enter(&nobody, "command");
    assert_int_equal(host_engine_group.advance(&nobody, 1), MUSTER_OK);
    plugin_enter_part(&nobody, "another");
    assert_int_equal(host_engine_group.advance(&nobody, 1), MUSTER_STATE);
    plugin_leave();
    plugin_leave();
    engine_end();
    assert_int_equal(nobody.fault_count, 3);
    assert_int_equal(loop_now_ms(), START_MS + 1);
}

#define ON(clock, test) cmocka_unit_test_setup_teardown(test, open_##clock, close_loop)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON(virtual, time_stands_still),
        ON(virtual, timers_run_in_order_each_at_its_time),
        ON(virtual, a_timer_stops_itself_and_others),
        ON(virtual, a_timer_in_a_timer_is_due_later),
        ON(virtual, a_timer_left_open_is_closed),
        ON(real, the_next_loop_has_a_real_clock),
        ON(virtual, ticks_come_at_their_millisecond),
        ON(virtual, an_entry_after_a_long_rest_is_in_time),
        ON(virtual, a_job_and_a_post_are_waited_for),
        ON(virtual, patience_ends),
        ON(real, without_run_nothing_is_supported),
        ON(virtual, outside_of_the_command_it_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
