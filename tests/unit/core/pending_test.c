/* Open tickets: who may complete one, when one is over, who hears it, who is pinned by it. */
#include "fake_game.h"

#include "metrics.h"

#define START_MS 1000000
#define TICKETS_MAX 65536

static struct muster_self other;

struct heard {
    uint32_t count;
    muster_status status;
    const void *answer;
};

static void on_answer(void *user, muster_status status, const void *answer) {
    struct heard *heard = user;
    heard->count++;
    heard->status = status;
    heard->answer = answer;
}

static int setup(void **state) {
    (void)state;
    if (game_open(NULL) || fake_plugin(&other, "other", fake_roles, 2, NULL, NULL)) return -1;
    loop_clock_virtual(START_MS, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pending_close_owner(&other);
    registry_remove(&other);
    return game_close() || other.pins ? -1 : 0;
}

static uint64_t open_for(struct muster_self *asked, uint32_t deadline_ms, struct heard *heard) {
    uint64_t ticket = 0;
    *heard = (struct heard){0};
    assert_int_equal(pending_open(asked, "db", deadline_ms, on_answer, heard, &ticket), MUSTER_OK);
    assert_int_not_equal(ticket, 0);
    return ticket;
}

static void each_is_over_at_its_own_time(void **state) {
    (void)state;
    struct heard late, soon, soonest;
    open_for(&game.self, 5000, &late);
    open_for(&other, 1000, &soon); /* nearer than what is waited for */
    open_for(&game.self, 100, &soonest);
    loop_clock_advance(START_MS + 99);
    assert_int_equal(soonest.count, 0);
    loop_clock_advance(START_MS + 100);
    assert_int_equal(soonest.count, 1);
    assert_int_equal(soonest.status, MUSTER_TIMEOUT);
    assert_int_equal(game.self.pins, 1);
    loop_clock_advance(START_MS + 999);
    assert_int_equal(soon.count, 0);
    loop_clock_advance(START_MS + 1000);
    assert_int_equal(soon.count, 1);
    assert_int_equal(other.pins, 0);
    assert_int_equal(late.count, 0);
    loop_clock_advance(START_MS + 5000);
    assert_int_equal(late.count, 1);
    assert_int_equal(soon.count + soonest.count, 2); /* once */
    assert_int_equal(loop_clock_due_ms(), UINT64_MAX);
}

/* Many deadlines that are near to each other cost one look. */
static void near_deadlines_share_a_look(void **state) {
    (void)state;
    struct heard first, second;
    open_for(&game.self, 1, &first);
    loop_clock_advance(START_MS + 9);
    assert_int_equal(first.count, 0);
    open_for(&game.self, 0, &second);
    loop_clock_advance(START_MS + 10);
    assert_int_equal(first.count + second.count, 2);
}

static void it_is_completed_by_who_was_asked_for_what(void **state) {
    (void)state;
    struct heard heard, beside;
    int answer = 0;
    uint64_t ticket = open_for(&game.self, 1000, &heard);
    open_for(&game.self, 1000, &beside);
    uint64_t faults = other.fault_count, own_faults = game.self.fault_count;
    assert_int_equal(pending_complete(&other, "db", ticket, MUSTER_OK, NULL), MUSTER_DENIED);
    assert_int_equal(other.fault_count, faults + 1);
    assert_int_equal(pending_complete(&game.self, "auth", ticket, MUSTER_OK, NULL), MUSTER_INVALID);
    assert_int_equal(game.self.fault_count, own_faults + 1);
    assert_int_equal(heard.count, 0);
    assert_int_equal(pending_complete(&game.self, "db", ticket, MUSTER_IO, &answer), MUSTER_OK);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.status, MUSTER_IO);
    assert_ptr_equal(heard.answer, &answer);
    assert_int_equal(beside.count, 0);
    assert_int_equal(game.self.pins, 1);
    assert_int_equal(pending_complete(&game.self, "db", ticket, MUSTER_OK, NULL), MUSTER_NOT_FOUND);
    assert_int_equal(game.self.fault_count, own_faults + 2);
    assert_int_equal(heard.count, 1);
    pending_close_owner(&game.self);
}

static void who_has_gone_hears_nothing(void **state) {
    (void)state;
    struct heard closed, cancelled, in_time;
    uint64_t closed_id = open_for(&game.self, 1000, &closed);
    uint64_t cancelled_id = open_for(&game.self, 1000, &cancelled);
    open_for(&game.self, 1000, &in_time);
    pending_close(closed_id);
    assert_int_equal(game.self.pins, 2);
    pending_close(closed_id);
    pending_cancel(closed_id); /* of one that is gone: nothing */
    pending_cancel(cancelled_id);
    assert_int_equal(game.self.pins, 2); /* it may still be worked upon */
    loop_clock_advance(START_MS + 1000);
    assert_int_equal(closed.count + cancelled.count, 0);
    assert_int_equal(in_time.count, 1);
    assert_int_equal(game.self.pins, 0);
    assert_int_equal(pending_complete(&game.self, "db", cancelled_id, MUSTER_OK, NULL),
                     MUSTER_NOT_FOUND);
}

static void who_stops_ends_its_own_alone(void **state) {
    (void)state;
    struct heard first, second, others, cores;
    open_for(&game.self, 1000, &first);
    open_for(&other, 1000, &others);
    open_for(NULL, 1000, &cores);
    open_for(&game.self, 1000, &second);
    pending_close_owner(&game.self);
    assert_int_equal(first.status, MUSTER_CLOSED);
    assert_int_equal(second.status, MUSTER_CLOSED);
    assert_int_equal(others.count + cores.count, 0);
    assert_int_equal(game.self.pins, 0);
    assert_int_equal(other.pins, 1);
    loop_clock_advance(START_MS + 1000);
    assert_int_equal(others.status, MUSTER_TIMEOUT);
    assert_int_equal(cores.status, MUSTER_TIMEOUT);
}

static void so_many_are_open_at_once(void **state) {
    (void)state;
    static struct heard heard, more;
    uint64_t ticket = 0, last = 0;
    for (uint32_t i = 0; i < TICKETS_MAX; i++) last = open_for(&game.self, 1000, &heard);
    assert_int_equal(pending_open(&game.self, "db", 1000, on_answer, &more, &ticket), MUSTER_FULL);
    assert_int_equal(game.self.pins, TICKETS_MAX);
    pending_close(last);
    open_for(&game.self, 1000, &more);
    pending_close_owner(&game.self);
    assert_int_equal(more.count, 1);
}

/* ---- calls into plugins ---- */

static void too_deep_a_call_is_a_fault(void **state) {
    (void)state;
    uint64_t calls = game.self.call_count;
    for (uint32_t i = 0; i < PLUGIN_DEPTH_MAX; i++) plugin_enter_part(&game.self, "test");
    assert_int_equal(plugin_depth(), PLUGIN_DEPTH_MAX);
    assert_int_equal(game.self.fault_count, 0);
    plugin_enter(&other, "test");
    assert_int_equal(other.fault_count, 1);
    assert_int_equal(game.self.fault_count, 0);
    uint32_t hidden = plugin_depth_hide();
    assert_int_equal(plugin_depth(), 0);
    plugin_enter(&game.self, "test");
    plugin_leave();
    plugin_depth_show(hidden);
    assert_int_equal(plugin_depth(), PLUGIN_DEPTH_MAX + 1);
    for (uint32_t i = 0; i <= PLUGIN_DEPTH_MAX; i++) plugin_leave();
    assert_int_equal(plugin_depth(), 0);
    assert_int_equal(game.self.call_count, calls + PLUGIN_DEPTH_MAX + 1);
    assert_int_equal(other.call_count, 1);
}

static void a_plugin_is_not_called_inside_its_own_call(void **state) {
    (void)state;
    plugin_enter(&game.self, "outer");
    plugin_enter(&other, "inner");
    assert_int_equal(game.self.fault_count + other.fault_count, 0);
    plugin_enter(&game.self, "again");
    assert_int_equal(game.self.fault_count, 1);
    plugin_leave();
    plugin_enter_part(&game.self, "a part of it");
    assert_int_equal(game.self.fault_count, 1);
    for (int i = 0; i < 3; i++) plugin_leave();
    plugin_enter(&game.self, "later");
    plugin_leave();
    assert_int_equal(game.self.fault_count, 1);
}

/* A plugin that does wrong all the time does not fill the log. */
static void every_fault_is_counted_and_some_are_written(void **state) {
    (void)state;
    static char written[65536];
    double before = metrics_values[METRIC_PLUGIN_FAULTS];
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile(); /* the log is not started: its lines go to stderr */
    assert_true(saved >= 0 && file && dup2(fileno(file), STDERR_FILENO) >= 0);
    for (uint32_t i = 1; i <= 2050; i++) plugin_fault(&other, "number %u.", i);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t len = pread(fileno(file), written, sizeof written - 1, 0);
    fclose(file);
    assert_true(len > 0);
    assert_non_null(strstr(written, "plugin other: number 1. (fault 1)"));
    assert_non_null(strstr(written, "number 16."));
    assert_null(strstr(written, "number 17."));
    assert_null(strstr(written, "number 1023."));
    assert_non_null(strstr(written, "number 1024."));
    assert_null(strstr(written, "number 1025."));
    assert_non_null(strstr(written, "number 2048."));
    assert_int_equal(other.fault_count, 2050);
    assert_true(metrics_values[METRIC_PLUGIN_FAULTS] == before + 2050);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_is_over_at_its_own_time),
        TEST(near_deadlines_share_a_look),
        TEST(it_is_completed_by_who_was_asked_for_what),
        TEST(who_has_gone_hears_nothing),
        TEST(who_stops_ends_its_own_alone),
        TEST(so_many_are_open_at_once),
        TEST(too_deep_a_call_is_a_fault),
        TEST(a_plugin_is_not_called_inside_its_own_call),
        TEST(every_fault_is_counted_and_some_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
