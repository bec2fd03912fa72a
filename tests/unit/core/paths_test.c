/* paths: where the data lies, whose it is, and what the node is called. */
#include "test.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "paths.h"

static char dir[TEMP_DIR_MAX];
static char error[PATHS_ERROR_MAX];

static muster_status init(void) {
    error[0] = '\0';
    return paths_init(true, error);
}

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/data/%s", dir, name);
    return path;
}

static void load(void) {
    char wrong[CONFIG_ERROR_MAX] = "", data[96];
    snprintf(data, sizeof data, "%s/data", dir);
    const struct config_options options = {.port = -1, .data_dir = data};
    assert_int_equal(config_load(&options, wrong), MUSTER_OK);
}

static int setup(void **state) {
    (void)state;
    setenv("MUSTER_PLUGINS", "", 1);
    if (sodium_init() < 0 || !temp_dir_make(dir)) return -1;
    load();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    paths_deinit();
    config_unload();
    unsetenv("MUSTER_SERVER_NODE_ID");
    return temp_dir_remove(dir) ? 0 : -1;
}

static void write_text(const char *name, const char *text) {
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void again(void) {
    paths_deinit();
    assert_int_equal(init(), MUSTER_OK);
}

static void a_node_keeps_its_name(void **state) {
    char first[64];
    struct stat info;
    (void)state;
    assert_int_equal(init(), MUSTER_OK);
    snprintf(first, sizeof first, "%s", paths_node_id());
    assert_int_equal(strlen(first), strlen("node-") + 12);
    assert_int_equal(strspn(first + 5, "0123456789abcdef"), 12);
    assert_int_equal(stat(path_of("node-id"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    again();
    assert_string_equal(paths_node_id(), first);
    write_text("node-id", "by-hand\nand more\n");
    again();
    assert_string_equal(paths_node_id(), "by-hand");
    write_text("node-id", "\n"); /* none: a new one is made and kept */
    again();
    snprintf(first, sizeof first, "%s", paths_node_id());
    assert_memory_equal(first, "node-", 5);
    again();
    assert_string_equal(paths_node_id(), first);
}

static void a_configured_name_counts_most(void **state) {
    (void)state;
    setenv("MUSTER_SERVER_NODE_ID", "given", 1);
    load();
    assert_int_equal(init(), MUSTER_OK);
    assert_string_equal(paths_node_id(), "given");
    assert_int_not_equal(access(path_of("node-id"), F_OK), 0);
}

static void data_has_one_owner(void **state) {
    char pid[32];
    (void)state;
    assert_int_equal(init(), MUSTER_OK);
    assert_true(paths_keeps_data());
    assert_int_equal(access(path_of("records"), R_OK | W_OK | X_OK), 0);
    assert_int_equal(init(), MUSTER_EXISTS);
    snprintf(pid, sizeof pid, "by process %ld;", (long)getpid());
    assert_non_null(strstr(error, pid));
    paths_deinit();
    assert_int_equal(init(), MUSTER_OK);
}

/* Who only looks makes nothing. */
static void a_look_leaves_nothing(void **state) {
    (void)state;
    assert_int_equal(paths_init(false, error), MUSTER_OK);
    assert_false(paths_keeps_data());
    assert_int_equal(paths_look(error), MUSTER_OK);
    assert_int_not_equal(access(path_of(""), F_OK), 0);
    paths_move_data("/dev/null");
    assert_int_equal(paths_look(error), MUSTER_INVALID);
    assert_non_null(strstr(error, "cannot use /dev/null"));
    paths_move_data("/dev/null/below");
    assert_int_equal(paths_look(error), MUSTER_INVALID);
    assert_non_null(strstr(error, "cannot create /dev/null/below"));
    assert_non_null(strstr(error, "found /dev/null"));
}

/* As one server takes the place of another. */
static void who_looks_may_take_what_is_lent(void **state) {
    char error_of_take[PATHS_ERROR_MAX] = "", name[64];
    (void)state;
    assert_int_equal(init(), MUSTER_OK);
    snprintf(name, sizeof name, "%s", paths_node_id());
    assert_int_equal(paths_init(false, error), MUSTER_OK); /* the lock of before stays held */
    assert_string_equal(paths_node_id(), name);
    assert_int_equal(paths_take(error_of_take), MUSTER_EXISTS);
    paths_lend();
    int fd = open(path_of("lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(paths_take_back(error), MUSTER_EXISTS);
    close(fd);
    assert_int_equal(paths_take_back(error), MUSTER_OK);
    assert_int_equal(paths_take(error_of_take), MUSTER_EXISTS);
}

static void folders_are_made_on_the_way(void **state) {
    struct stat info;
    char longest[600];
    (void)state;
    assert_int_equal(init(), MUSTER_OK);
    for (int i = 0; i < 2; i++) assert_int_equal(paths_make_dir(path_of("a/b/c")), MUSTER_OK);
    assert_int_equal(stat(path_of("a/b"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    write_text("file", "");
    assert_int_equal(paths_make_dir(path_of("file/b")), MUSTER_IO);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(paths_make_dir(longest), MUSTER_LIMIT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_node_keeps_its_name),
        TEST(a_configured_name_counts_most),
        TEST(data_has_one_owner),
        TEST(a_look_leaves_nothing),
        TEST(who_looks_may_take_what_is_lent),
        TEST(folders_are_made_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
