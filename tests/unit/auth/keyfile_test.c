/* keyfile: a file is read again when it is another one, and complained about once. */
#include "test.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static struct keyfile file;

static int make(void **state) {
    (void)state;
    file = (struct keyfile){.alg = TOKEN_HS256};
    strcpy(file.path, "/tmp/muster-keyfile-XXXXXX");
    int fd = mkstemp(file.path);
    return fd < 0 || close(fd) || sodium_init() < 0 ? -1 : 0;
}

static int destroy(void **state) {
    (void)state;
    unlink(file.path);
    return 0;
}

/* In its place, so that the inode stays; times are set apart. */
static void put(const char *text, const struct timespec *modified) {
    const struct timespec times[] = {*modified, *modified};
    FILE *out = fopen(file.path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(utimensat(AT_FDCWD, file.path, times, 0), 0);
}

static void each_part_of_the_stamp_counts(void **state) {
    (void)state;
    struct timespec modified = {.tv_sec = 1000000000, .tv_nsec = 500};
    put(SECRET, &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    assert_int_equal(keyfile_read(&file), MUSTER_EXISTS);
    put(SECRET, &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_EXISTS);
    modified.tv_nsec++;
    put(SECRET, &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    modified.tv_sec++;
    put(SECRET, &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    put(SECRET "x", &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    assert_int_equal(file.keys.items[0].len, 33);
    char other[sizeof file.path + 4]; /* another file of the same length and time */
    snprintf(other, sizeof other, "%s.new", file.path);
    assert_int_equal(rename(file.path, other), 0);
    put(SECRET "y", &modified);
    assert_int_equal(chmod(file.path, 0600), 0);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    assert_int_equal(file.keys.items[0].material[32], 'y');
    assert_int_equal(keyfile_read(&file), MUSTER_EXISTS);
    unlink(other);
}

static void what_is_wrong_is_told_once(void **state) {
    (void)state;
    struct timespec modified = {.tv_sec = 1000000000};
    put("short", &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_INVALID);
    assert_int_equal(keyfile_read(&file), MUSTER_EXISTS);
    assert_int_equal(unlink(file.path), 0);
    assert_int_equal(keyfile_read(&file), MUSTER_IO);
    assert_non_null(strstr(file.why, "No such file"));
    assert_int_equal(keyfile_read(&file), MUSTER_EXISTS);
    modified.tv_sec++;
    put(SECRET, &modified);
    assert_int_equal(chmod(file.path, 0600), 0);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    assert_int_equal(unlink(file.path), 0); /* gone again: that is new */
    assert_int_equal(keyfile_read(&file), MUSTER_IO);
}

static void who_may_touch_it(void **state) {
    (void)state;
    static const struct {
        mode_t mode;
        uint32_t alg;
        muster_status status;
    } cases[] = {
        {0600, TOKEN_HS256, MUSTER_OK},     {0400, TOKEN_HS256, MUSTER_OK},
        {0640, TOKEN_HS256, MUSTER_DENIED}, {0604, TOKEN_HS256, MUSTER_DENIED},
        {0610, TOKEN_HS256, MUSTER_DENIED}, {0644, 0, MUSTER_INVALID}, /* no key, but looked at */
        {0620, 0, MUSTER_DENIED},           {0602, 0, MUSTER_DENIED},
    };
    struct timespec modified = {.tv_sec = 1000000000};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file.alg = cases[i].alg;
        assert_int_equal(chmod(file.path, 0600), 0);
        modified.tv_sec++;
        put(SECRET, &modified);
        assert_int_equal(chmod(file.path, cases[i].mode), 0);
        assert_int_equal(keyfile_read(&file), cases[i].status);
    }
}

static void it_is_a_file_and_not_too_long(void **state) {
    (void)state;
    static char text[KEYS_TEXT_BYTES_MAX + 2];
    struct timespec modified = {.tv_sec = 1000000000};
    memset(text, '\n', KEYS_TEXT_BYTES_MAX + 1);
    memcpy(text, SECRET, 32);
    put(text, &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_LIMIT);
    text[KEYS_TEXT_BYTES_MAX] = '\0';
    put(text, &modified);
    assert_int_equal(keyfile_read(&file), MUSTER_OK);
    assert_int_equal(file.keys.items[0].len, 32);
    unlink(file.path);
    assert_int_equal(mkdir(file.path, 0700), 0);
    assert_int_equal(keyfile_read(&file), MUSTER_INVALID);
    assert_non_null(strstr(file.why, "is not a regular file"));
    assert_int_equal(rmdir(file.path), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(each_part_of_the_stamp_counts),
        TEST(what_is_wrong_is_told_once),
        TEST(who_may_touch_it),
        TEST(it_is_a_file_and_not_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
