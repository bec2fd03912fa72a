/* loop: timers, posts, work, descriptors, signals, stdin of every kind, stop, leaks. */
#include "test.h"

#include "loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int setup(void **state) {
    (void)state;
    return loop_init(2);
}

static int teardown(void **state) {
    (void)state;
    loop_deinit();
    return 0;
}

/* ---- timers ---- */

struct ticker {
    struct loop_timer *timer;
    uint32_t count;
    uint32_t stop_at;
};

static void on_tick(void *user) {
    struct ticker *ticker = user;
    if (++ticker->count == ticker->stop_at) loop_timer_stop(ticker->timer);
}

static void count_up(void *user) {
    (*(uint32_t *)user)++;
}

static void stop_loop(void *user) {
    (void)user;
    loop_stop();
}

static void test_timer_once(void **state) {
    (void)state;
    uint32_t count = 0;
    assert_non_null(loop_timer_start(1, 0, count_up, &count));
    assert_non_null(loop_timer_start(0, 0, count_up, &count));
    loop_run(); /* returns by itself: once timers are gone after they ran */
    assert_int_equal(count, 2);
}

static void stand_still(void *user) {
    (void)user;
    nanosleep(&(struct timespec){.tv_nsec = 500 * 1000000}, NULL);
}

static void note_time(void *user) {
    *(uint64_t *)user = loop_now_ms();
}

/* Whoever had 300 ms left has them after the stall, too. */
static void test_a_stall_is_not_counted(void **state) {
    (void)state;
    uint64_t begin_ms = loop_now_ms(), begin_us = loop_now_us(), fired_ms = 0;
    assert_non_null(loop_timer_start(1, 0, stand_still, NULL));
    assert_non_null(loop_timer_start(300, 0, note_time, &fired_ms));
    loop_run();
    assert_true(fired_ms - begin_ms >= 300);
    assert_true(loop_now_us() - begin_us >= 790 * 1000);
}

static void test_timer_repeats_and_stops_itself(void **state) {
    (void)state;
    struct ticker ticker = {.stop_at = 3};
    ticker.timer = loop_timer_start(1, 1, on_tick, &ticker);
    loop_run();
    assert_int_equal(ticker.count, 3);
}

static void test_timer_once_stops_itself(void **state) {
    (void)state;
    struct ticker ticker = {.stop_at = 1};
    ticker.timer = loop_timer_start(1, 0, on_tick, &ticker);
    loop_run();
    assert_int_equal(ticker.count, 1);
}

static void test_timer_stopped_never_runs(void **state) {
    (void)state;
    uint32_t count = 0;
    struct loop_timer *timer = loop_timer_start(0, 0, count_up, &count);
    loop_timer_stop(timer);
    loop_timer_stop(NULL);
    loop_run();
    assert_int_equal(count, 0);
}

static void rearm(void *user) {
    uint32_t *count = user;
    if (++*count < 1000) loop_timer_start(0, 0, rearm, count);
}

static void test_timer_rearmed_with_zero_lets_the_loop_go_on(void **state) {
    (void)state;
    uint32_t count = 0;
    loop_timer_start(0, 0, rearm, &count);
    for (int i = 0; i < 5; i++) loop_turn();
    assert_true(count < 1000);
}

static char letters[32];

static void write_letter(void *user) {
    strncat(letters, user, 1);
}

static void write_and_start(void *user) {
    write_letter(user);
    loop_timer_start(0, 0, write_letter, "z");
}

/* On the virtual clock: by the time that they are due, then as they were started. */
static void test_timers_run_in_order(void **state) {
    (void)state;
    loop_clock_virtual(1000, 0);
    letters[0] = '\0';
    loop_timer_start(20, 0, write_letter, "d");
    loop_timer_start(10, 0, write_and_start, "a");
    struct loop_timer *often = loop_timer_start(10, 10, write_letter, "b");
    struct loop_timer *never = loop_timer_start(10, 0, write_letter, "x");
    loop_timer_start(10, 0, write_letter, "c");
    assert_int_equal(loop_clock_due_ms(), 1010);
    loop_timer_stop(never);
    loop_clock_advance(1009);
    assert_string_equal(letters, "");
    loop_clock_advance(1010);
    assert_string_equal(letters, "abc");
    loop_clock_advance(1030);
    assert_string_equal(letters, "abczdbb");
    assert_int_equal(loop_now_ms(), 1030);
    loop_timer_stop(often);
    assert_int_equal(loop_clock_due_ms(), UINT64_MAX);
}

static void test_stop_from_timer(void **state) {
    (void)state;
    uint32_t count = 0;
    struct loop_timer *repeating = loop_timer_start(1000000, 1, count_up, &count);
    loop_timer_start(1, 0, stop_loop, NULL);
    loop_run();
    loop_timer_stop(repeating);
    while (loop_turn()) {
    }
    assert_int_equal(count, 0);
}

static void test_time(void **state) {
    (void)state;
    uint64_t us = loop_now_us();
    assert_true(loop_now_us() >= us);
    assert_true(loop_unix_ms() > 1700000000000);
    assert_true(loop_is_thread());
    assert_non_null(loop_handle());
}

/* ---- posts ---- */

static void *post_thread(void *user) {
    if (loop_is_thread()) return NULL; /* asserts are illegal on this thread */
    for (int i = 0; i < 500; i++)
        if (loop_post(count_up, user) != MUSTER_OK) return NULL;
    loop_post(stop_loop, NULL);
    return user;
}

static void test_posts_from_a_thread(void **state) {
    (void)state;
    uint32_t count = 0;
    struct loop_timer *keep = loop_timer_start(1000000, 0, count_up, &count);
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, post_thread, &count), 0);
    loop_run();
    pthread_join(thread, &result);
    loop_timer_stop(keep);
    assert_ptr_equal(result, &count);
    assert_int_equal(count, 500);
}

struct order {
    uint32_t next;
    uint32_t seen[4];
};

static void post_second(void *user) {
    struct order *order = user;
    order->seen[order->next++] = 2;
}

static void post_first(void *user) {
    struct order *order = user;
    order->seen[order->next++] = 1;
    assert_int_equal(loop_post(post_second, order), MUSTER_OK);
}

static void test_posts_without_handles_run_in_order(void **state) {
    (void)state;
    struct order order = {0};
    assert_int_equal(loop_post(post_first, &order), MUSTER_OK);
    assert_int_equal(loop_post(post_first, &order), MUSTER_OK);
    loop_run();
    const uint32_t expected[4] = {1, 1, 2, 2};
    assert_int_equal(order.next, 4);
    assert_memory_equal(order.seen, expected, sizeof(expected));
}

static void test_posts_are_bounded(void **state) {
    (void)state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 65536; i++) assert_int_equal(loop_post(count_up, &count), MUSTER_OK);
    assert_int_equal(loop_post(count_up, &count), MUSTER_FULL);
    while (loop_turn()) {
    }
    assert_int_equal(count, 65536);
}

static void test_stop_from_post(void **state) {
    (void)state;
    uint32_t count = 0;
    struct loop_timer *timer = loop_timer_start(1000000, 0, count_up, &count);
    loop_post(stop_loop, NULL);
    loop_run();
    loop_timer_stop(timer);
    assert_int_equal(count, 0);
}

/* ---- work ---- */

struct job {
    int gate[2]; /* work blocks until a byte comes */
    uint32_t worked;
    uint32_t done;
    bool off_thread;
    muster_status status;
};

static void job_work(void *user) {
    struct job *job = user;
    job->off_thread = !loop_is_thread();
    char byte;
    if (job->gate[0] && read(job->gate[0], &byte, 1) != 1) return;
    job->worked++;
}

static void job_done(void *user, muster_status status) {
    struct job *job = user;
    job->done++;
    job->status = status;
}

static void test_work(void **state) {
    (void)state;
    struct job job = {0};
    struct loop_work *work = NULL;
    assert_int_equal(loop_work_start(job_work, job_done, &job, &work), MUSTER_OK);
    assert_non_null(work);
    assert_false(loop_quiet());
    loop_run();
    assert_true(loop_quiet());
    assert_int_equal(job.worked, 1);
    assert_int_equal(job.done, 1);
    assert_true(job.off_thread);
    assert_int_equal(job.status, MUSTER_OK);
}

static void test_work_cancelled_before_it_began(void **state) {
    (void)state;
    struct job blockers[2] = {0};
    struct job waiting = {0};
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < 2; i++) { /* both pool threads */
        blockers[i].gate[0] = gate[0];
        assert_int_equal(loop_work_start(job_work, job_done, &blockers[i], NULL), MUSTER_OK);
    }
    struct loop_work *work = NULL;
    assert_int_equal(loop_work_start(job_work, job_done, &waiting, &work), MUSTER_OK);
    loop_work_cancel(work);
    assert_int_equal(write(gate[1], "xx", 2), 2);
    loop_run();
    assert_int_equal(waiting.worked, 0);
    assert_int_equal(waiting.done, 1);
    assert_int_equal(waiting.status, MUSTER_CLOSED);
    assert_int_equal(blockers[0].done + blockers[1].done, 2);
    close(gate[0]);
    close(gate[1]);
}

static void test_deinit_finishes_work(void **state) {
    (void)state;
    struct job job = {0};
    assert_int_equal(loop_work_start(job_work, job_done, &job, NULL), MUSTER_OK);
    loop_deinit();
    assert_int_equal(job.done, 1);
    assert_int_equal(loop_post(count_up, NULL), MUSTER_CLOSED);
    assert_int_equal(loop_init(2), MUSTER_OK);
}

static void test_deinit_closes_leaks(void **state) {
    (void)state;
    uint32_t count = 0;
    assert_non_null(loop_timer_start(1000000, 0, count_up, &count));
    assert_non_null(loop_timer_start(1000000, 5, count_up, &count));
    loop_deinit(); /* the sanitizer build tells whether all memory came back */
    assert_int_equal(count, 0);
    assert_int_equal(loop_init(2), MUSTER_OK);
}

/* ---- descriptors and signals ---- */

struct watch {
    struct loop_poll *poll;
    int fd;
    uint32_t events;
    muster_status status;
    char data[8];
};

static void on_readable(void *user, uint32_t events, muster_status status) {
    struct watch *watch = user;
    watch->events = events;
    watch->status = status;
    if (read(watch->fd, watch->data, sizeof(watch->data) - 1) <= 0) watch->data[0] = '?';
    loop_poll_stop(watch->poll);
}

static void test_poll(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct watch watch = {.fd = ends[0]};
    watch.poll = loop_poll_start(ends[0], MUSTER_POLL_READ, on_readable, &watch);
    assert_non_null(watch.poll);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    loop_run();
    assert_int_equal(watch.events, MUSTER_POLL_READ);
    assert_int_equal(watch.status, MUSTER_OK);
    assert_string_equal(watch.data, "ab");
    /* Again on the same descriptor in the same turn. */
    struct loop_poll *again = loop_poll_start(ends[1], MUSTER_POLL_WRITE, on_readable, &watch);
    loop_poll_stop(again);
    again = loop_poll_start(ends[1], MUSTER_POLL_WRITE, on_readable, &watch);
    assert_non_null(again);
    loop_poll_stop(again);
    while (loop_turn()) {
    }
    close(ends[0]);
    close(ends[1]);
    assert_null(loop_poll_start(-1, MUSTER_POLL_READ, on_readable, &watch));
}

static void test_signal(void **state) {
    (void)state;
    uint32_t count = 0;
    assert_int_equal(loop_signal(SIGUSR1, count_up, &count), MUSTER_OK);
    assert_int_not_equal(loop_signal(SIGKILL, count_up, &count), MUSTER_OK);
    loop_run(); /* a watched signal alone keeps nothing running */
    struct loop_timer *keep = loop_timer_start(1000000, 0, count_up, &count);
    assert_int_equal(loop_signal(SIGUSR1, stop_loop, NULL), MUSTER_OK);
    kill(getpid(), SIGUSR1);
    loop_run();
    while (count == 0) loop_turn();
    assert_int_equal(count, 1);
    loop_timer_stop(keep);
}

/* ---- stdin ---- */

struct lines {
    uint32_t count;
    char text[4][1001];
};

static void on_line(void *user, const char *line) {
    struct lines *lines = user;
    if (lines->count < 4) strcpy(lines->text[lines->count], line);
    lines->count++;
}

/* Runs with fd as stdin until `count` lines came, then some turns more. */
static void console_run(int fd, struct lines *lines, uint32_t count) {
    int saved = dup(STDIN_FILENO);
    if (fd >= 0) {
        assert_true(dup2(fd, STDIN_FILENO) >= 0);
        close(fd);
    } else {
        close(STDIN_FILENO);
    }
    loop_deinit();
    assert_int_equal(loop_init(2), MUSTER_OK);
    assert_int_equal(loop_stdin(on_line, lines), MUSTER_OK);
    uint32_t ticks = 0;
    struct loop_timer *keep = loop_timer_start(1, 1, count_up, &ticks);
    while (lines->count < count) loop_turn();
    for (int i = 0; i < 20; i++) loop_turn();
    loop_timer_stop(keep);
    while (loop_turn()) {
    }
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    close(saved);
}

static int pipe_with(const char *text, size_t len) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, len), (ssize_t)len);
    close(ends[1]);
    return ends[0];
}

static void test_stdin_pipe(void **state) {
    (void)state;
    struct lines lines = {0};
    const char text[] = "status\r\n\nstop";
    console_run(pipe_with(text, sizeof(text) - 1), &lines, 3);
    assert_int_equal(lines.count, 3);
    assert_string_equal(lines.text[0], "status");
    assert_string_equal(lines.text[1], "");
    assert_string_equal(lines.text[2], "stop");
}

static void test_stdin_overlong_line_is_dropped(void **state) {
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof(text));
    text[1000] = '\n'; /* 1000 bytes: just fits */
    text[2995] = '\n'; /* 1994 bytes: dropped */
    memcpy(text + 2996, "end\n", 4);
    struct lines lines = {0};
    console_run(pipe_with(text, sizeof(text)), &lines, 2);
    assert_int_equal(lines.count, 2);
    assert_int_equal(strlen(lines.text[0]), 1000);
    assert_string_equal(lines.text[1], "end");
}

static void test_stdin_file(void **state) {
    (void)state;
    char path[] = "/tmp/muster-loop-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, "one\ntwo\n", 8), 8);
    lseek(fd, 0, SEEK_SET);
    struct lines lines = {0};
    console_run(fd, &lines, 2);
    assert_int_equal(lines.count, 2);
    assert_string_equal(lines.text[1], "two");
}

static void test_stdin_terminal(void **state) {
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0) skip();
    assert_int_equal(grantpt(master) | unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    int flags = fcntl(slave, F_GETFL);
    int kept = dup(slave);
    assert_int_equal(write(master, "stop\n", 5), 5);
    struct lines lines = {0};
    console_run(slave, &lines, 1);
    assert_string_equal(lines.text[0], "stop");
    assert_int_equal(fcntl(kept, F_GETFL), flags); /* still blocking for those who share it */
    close(kept);
    close(master);
}

static void test_stdin_ends_at_once(void **state) {
    (void)state;
    struct lines lines = {0};
    console_run(open("/dev/null", O_RDONLY), &lines, 0);
    console_run(-1, &lines, 0); /* closed */
    assert_int_equal(lines.count, 0);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_timer_once),
        TEST(test_timer_repeats_and_stops_itself),
        TEST(test_a_stall_is_not_counted),
        TEST(test_timer_once_stops_itself),
        TEST(test_timer_stopped_never_runs),
        TEST(test_timer_rearmed_with_zero_lets_the_loop_go_on),
        TEST(test_timers_run_in_order),
        TEST(test_stop_from_timer),
        TEST(test_time),
        TEST(test_posts_from_a_thread),
        TEST(test_posts_without_handles_run_in_order),
        TEST(test_posts_are_bounded),
        TEST(test_stop_from_post),
        TEST(test_work),
        TEST(test_work_cancelled_before_it_began),
        TEST(test_deinit_finishes_work),
        TEST(test_deinit_closes_leaks),
        TEST(test_poll),
        TEST(test_signal),
        TEST(test_stdin_pipe),
        TEST(test_stdin_overlong_line_is_dropped),
        TEST(test_stdin_file),
        TEST(test_stdin_terminal),
        TEST(test_stdin_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
