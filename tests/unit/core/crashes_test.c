/* crashes: processes that end in lobbies' calls, and what the next one makes of it. */
#include "test.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "crash_page.h"
#include "crashes.h"
#include "metrics.h"
#include "paths.h"

#define POISONED "26747da9-c7e9-45ae-9392-3386fb76f618"
#define OTHER "8cf6b340-1621-4c7c-8bc1-03d48a901d68"

static char dir[TEMP_DIR_MAX];

static int setup(void **state) {
    char wrong[CONFIG_ERROR_MAX] = "", error[PATHS_ERROR_MAX] = "";
    (void)state;
    setenv("MUSTER_PLUGINS", "", 1);
    if (sodium_init() < 0 || !temp_dir_make(dir)) return -1;
    const struct config_options options = {.port = -1, .data_dir = dir};
    return config_load(&options, wrong) || paths_init(true, error) ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    crash_page_close();
    paths_deinit();
    config_unload();
    return temp_dir_remove(dir) ? 0 : -1;
}

/* ---- processes ------------------------------------------------------------------------------- */

static void open_page(const char *call, const char *lobby_key) {
    crashes_open();
    crash_page_enter(call);
    crash_page_call_of(lobby_key);
}

static void be_killed(const char *lobby_key) {
    open_page("mode.tick", lobby_key);
    raise(SIGKILL);
}

/* A call of no lobby's inside the call of one. */
static void fault(const char *lobby_key) {
    open_page("mode.tick", lobby_key);
    crash_page_enter("db.answer");
    int page = crash_page_stamp(SIGSEGV, "mode_bad", true);
    (void)!write(page, "first line\nsecond line\n", 23);
    _exit(1);
}

static void fault_on_thread(const char *lobby_key) {
    open_page("mode.tick", lobby_key);
    (void)crash_page_stamp(SIGSEGV, "mode_bad", false);
    _exit(1);
}

static void end_in_order(const char *lobby_key) {
    open_page("mode.tick", lobby_key);
    crash_page_close();
    _exit(0);
}

static void process(void (*run)(const char *lobby_key), const char *lobby_key) {
    pid_t child = fork();
    if (child == 0) run(lobby_key);
    assert_true(child > 0 && waitpid(child, NULL, 0) == child);
}

/* What this process would do with the lobby. */
static enum crashes_verdict judge(const char *lobby_key) {
    crashes_open();
    enum crashes_verdict verdict = crashes_verdict(lobby_key);
    return verdict;
}

/* As a process that does what is said of all lobbies. */
static void settle(const char *lobby_key) {
    crashes_open();
    crashes_settle(lobby_key);
    crash_page_enter("mode.tick");
    crash_page_call_of(OTHER);
    raise(SIGKILL);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void an_orderly_end_is_nothing(void **state) {
    (void)state;
    process(end_in_order, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_RESTORE);
    assert_int_equal(crash_page_faults(), 0);
}

static void a_kill_is_nobodys_fault(void **state) {
    (void)state;
    process(be_killed, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_LAST);
    assert_int_equal(crashes_verdict(OTHER), CRASHES_RESTORE);
    json_t *list = crashes_list();
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void three_kills_in_a_row_are_poison(void **state) {
    (void)state;
    process(be_killed, POISONED);
    process(be_killed, POISONED);
    process(be_killed, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_CLOSE);
    json_t *list = crashes_list();
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

static void another_lobbys_kill_ends_the_row(void **state) {
    (void)state;
    process(be_killed, POISONED);
    process(be_killed, POISONED);
    process(be_killed, OTHER);
    process(be_killed, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_LAST);
}

static void a_fault_costs_the_log_two_the_lobby(void **state) {
    (void)state;
    process(fault, POISONED);
    process(settle, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_RESTORE); /* it was done */
    crash_page_close();
    process(fault, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_CLOSE);
    assert_int_equal(crashes_verdict(OTHER), CRASHES_LAST);
    assert_int_equal(crash_page_faults(), 2);
}

static void a_verdict_stands_until_it_is_done(void **state) {
    (void)state;
    process(fault, POISONED);
    process(fault, OTHER);
    assert_int_equal(judge(POISONED), CRASHES_WITHOUT_LOG);
    assert_int_equal(crashes_verdict(OTHER), CRASHES_WITHOUT_LOG);
    crashes_settle(POISONED);
    assert_int_equal(crashes_verdict(POISONED), CRASHES_RESTORE);
}

static void a_third_fault_leaves_it(void **state) {
    (void)state;
    process(fault, POISONED);
    process(fault, POISONED);
    process(fault, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_LEAVE);
}

static void a_threads_fault_is_no_lobbys(void **state) {
    (void)state;
    process(fault_on_thread, POISONED);
    assert_int_equal(judge(POISONED), CRASHES_RESTORE);
    assert_int_equal(crash_page_faults(), 1);
}

static const char *text_at(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void a_fault_is_kept(void **state) {
    (void)state;
    process(fault, POISONED);
    crashes_open();
    assert_true(metrics_values[METRIC_CRASHES] == 1);
    json_t *list = crashes_list(), *crash = json_array_get(list, 0);
    assert_string_equal(text_at(crash, "cause"), "SIGSEGV");
    assert_string_equal(text_at(crash, "plugin"), "mode_bad");
    assert_string_equal(text_at(crash, "call"), "db.answer");
    assert_string_equal(text_at(crash, "lobbyId"), POISONED);
    assert_string_equal(text_at(crash, "lobbyThen"), "checkpoint");
    json_t *stack = json_object_get(crash, "stack");
    assert_int_equal(json_array_size(stack), 2);
    assert_string_equal(json_string_value(json_array_get(stack, 1)), "second line");
    json_decref(list);
}

static void the_newest_are_kept(void **state) {
    char path[TEMP_DIR_MAX + 64];
    (void)state;
    for (int i = 0; i < CRASHES_KEPT_MAX + 2; i++) process(fault, i % 2 ? POISONED : OTHER);
    crashes_open();
    json_t *list = crashes_list();
    assert_int_equal(json_array_size(list), CRASHES_KEPT_MAX);
    const json_t *newest = json_array_get(list, CRASHES_KEPT_MAX - 1);
    assert_string_equal(text_at(newest, "lobbyId"), POISONED);
    snprintf(path, sizeof path, "%s/crashes/%s/crash.json", dir, text_at(newest, "name"));
    assert_int_equal(access(path, R_OK), 0);
    json_decref(list);
}

/* Whatever stands in the file, it is read within its bounds. */
static void a_damaged_page_is_a_new_one(void **state) {
    char path[TEMP_DIR_MAX + 16];
    (void)state;
    process(be_killed, POISONED);
    snprintf(path, sizeof path, "%s/crash.page", dir);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++) putc(i < 8 ? "MSTRCRS1"[i] : 0xff, file);
    assert_int_equal(fclose(file), 0);
    (void)judge(POISONED);
    crash_page_close();
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(judge(POISONED), CRASHES_RESTORE);
    assert_null(crash_page_end(0));
}

static void without_a_file_it_goes_on(void **state) {
    char path[TEMP_DIR_MAX + 16];
    (void)state;
    snprintf(path, sizeof path, "%s/crash.page", dir);
    assert_int_equal(symlink("/dev/null", path), 0);
    open_page("mode.tick", POISONED);
    crash_page_leave();
    assert_int_equal(crashes_verdict(POISONED), CRASHES_RESTORE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_orderly_end_is_nothing),
        TEST(a_kill_is_nobodys_fault),
        TEST(three_kills_in_a_row_are_poison),
        TEST(another_lobbys_kill_ends_the_row),
        TEST(a_fault_costs_the_log_two_the_lobby),
        TEST(a_verdict_stands_until_it_is_done),
        TEST(a_third_fault_leaves_it),
        TEST(a_threads_fault_is_no_lobbys),
        TEST(a_fault_is_kept),
        TEST(the_newest_are_kept),
        TEST(a_damaged_page_is_a_new_one),
        TEST(without_a_file_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
