/* Checkpoints: what was written last is read back, whatever becomes of the file meanwhile. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "checkpoint_copy.h"
#include "loop.h"

static char root[TEMP_DIR_MAX];
static char path[TEMP_DIR_MAX + 16];

static int open_root(void **state) {
    (void)state;
    if (!temp_dir_make(root) || loop_init(1)) return -1;
    snprintf(path, sizeof path, "%s/lobby", root);
    return 0;
}

static int close_root(void **state) {
    (void)state;
    loop_deinit();
    return temp_dir_remove(root) ? 0 : -1;
}

static struct checkpoint *make(void) {
    struct checkpoint *checkpoint = NULL;
    assert_int_equal(checkpoint_open(path, &checkpoint), MUSTER_OK);
    return checkpoint;
}

static muster_status write_text(struct checkpoint *checkpoint, const char *text, uint32_t tick) {
    return checkpoint_write(checkpoint, text, (uint32_t)strlen(text),
                            (struct checkpoint_mark){.tick = tick});
}

static void assert_kept(const char *text, uint32_t tick) {
    char found[64] = "";
    uint32_t len = 0;
    struct checkpoint_mark mark;
    assert_int_equal(checkpoint_read(path, found, sizeof found - 1, &len, &mark), MUSTER_OK);
    assert_int_equal(len, strlen(text));
    assert_string_equal(found, text);
    assert_int_equal(mark.tick, tick);
}

static void the_newest_is_read_back(void **state) {
    (void)state;
    struct checkpoint *checkpoint = make();
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(write_text(checkpoint, i % 2 ? "odd" : "even", i), MUSTER_OK);
        assert_kept(i % 2 ? "odd" : "even", i);
    }
    checkpoint_close(checkpoint);
    assert_kept("even", 4);
}

/* Its pages are gone under the map, which is a SIGBUS: a new file takes its place. */
static void one_that_is_cut_is_written_anew(void **state) {
    (void)state;
    struct checkpoint *checkpoint = make();
    assert_int_equal(write_text(checkpoint, "first", 1), MUSTER_OK);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(write_text(checkpoint, "second", 2), MUSTER_OK);
    assert_kept("second", 2);
    assert_int_equal(write_text(checkpoint, "third", 3), MUSTER_OK);
    assert_kept("third", 3);
    checkpoint_close(checkpoint);
}

static ino_t inode(void) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

static void what_a_process_has_left_is_written_on(void **state) {
    (void)state;
    struct checkpoint *checkpoint = make();
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(write_text(checkpoint, "left", i), MUSTER_OK);
    checkpoint_close(checkpoint);
    ino_t left = inode();
    checkpoint = make();
    assert_int_equal(write_text(checkpoint, "fourth", 4), MUSTER_OK);
    assert_kept("fourth", 4);
    checkpoint_mark(checkpoint, (struct checkpoint_mark){.tick = 5});
    assert_kept("fourth", 5);
    checkpoint_close(checkpoint);
    assert_true(inode() == left);
}

/* Writing to its map would need room that nobody has kept for it; and this is no such file. */
static void what_has_no_place_on_the_disk_is_made_anew(void **state) {
    (void)state;
    struct checkpoint *checkpoint = make();
    assert_int_equal(write_text(checkpoint, "left", 1), MUSTER_OK);
    checkpoint_close(checkpoint);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, st.st_size), 0);
    checkpoint = make();
    assert_int_equal(write_text(checkpoint, "second", 2), MUSTER_OK);
    assert_true(inode() != st.st_ino);
    assert_kept("second", 2);
    checkpoint_close(checkpoint);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_true(fputs("something", file) >= 0);
    assert_int_equal(fclose(file), 0);
    checkpoint = make();
    assert_int_equal(write_text(checkpoint, "third", 3), MUSTER_OK);
    assert_kept("third", 3);
    checkpoint_close(checkpoint);
}

/* A power failure leaves what the disk had got. */
static void of_one_that_is_half_written_the_one_before_counts(void **state) {
    (void)state;
    struct checkpoint *checkpoint = make();
    assert_int_equal(write_text(checkpoint, "first", 1), MUSTER_OK);
    assert_int_equal(write_text(checkpoint, "second", 2), MUSTER_OK);
    checkpoint_close(checkpoint);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 64 + 64 + 1, SEEK_SET), 0); /* the slot of even numbers */
    assert_true(fputc('?', file) != EOF && fclose(file) == 0);
    assert_kept("first", 1);
    checkpoint = make();
    assert_int_equal(write_text(checkpoint, "third", 3), MUSTER_OK);
    assert_kept("third", 3);
    checkpoint_close(checkpoint);
}

static struct checkpoint_copy *copy_of(const char *text, uint64_t number, uint32_t slot_bytes) {
    static _Alignas(8) uint8_t bytes[sizeof(struct checkpoint_slot) + 64];
    struct checkpoint_slot *slot = (struct checkpoint_slot *)bytes;
    slot->number = number;
    slot->mark = number;
    slot->len = (uint32_t)strlen(text);
    memcpy(slot->bytes, text, slot->len);
    bool is_there = slot->len > 0;
    return checkpoint_copy_make(path, slot_bytes, is_there ? slot : NULL, is_there);
}

static void write_copy(struct checkpoint_copy *copy) {
    copy->prev = copy;
    assert_int_equal(checkpoint_copy_write(copy), 0);
    checkpoint_copy_free(copy);
}

/* Numbers are skipped: not all of them are copied. Larger slots are another file. */
static void a_copy_is_written_beside_the_one_before(void **state) {
    (void)state;
    write_copy(copy_of("first", 2, 256));
    assert_kept("first", 2);
    write_copy(copy_of("second", 4, 256));
    assert_kept("second", 4);
    write_copy(copy_of("third", 8, 512));
    assert_kept("third", 8);
    struct checkpoint *checkpoint = make();
    assert_int_equal(write_text(checkpoint, "gone on with", 9), MUSTER_OK);
    assert_kept("gone on with", 9);
    checkpoint_close(checkpoint);
    write_copy(copy_of("", 0, 0));
    assert_int_equal(access(path, F_OK), -1);
}

static void without_a_folder_nothing_is_kept_until_there_is_one(void **state) {
    (void)state;
    char folder[TEMP_DIR_MAX + 8];
    snprintf(folder, sizeof folder, "%s/no", root);
    snprintf(path, sizeof path, "%s/no/x", root);
    struct checkpoint *checkpoint = make();
    assert_int_equal(write_text(checkpoint, "first", 1), MUSTER_IO);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(write_text(checkpoint, "second", 2), MUSTER_OK);
    assert_kept("second", 2);
    checkpoint_close(checkpoint);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_root, close_root)
    const struct CMUnitTest tests[] = {
        TEST(the_newest_is_read_back),
        TEST(one_that_is_cut_is_written_anew),
        TEST(what_a_process_has_left_is_written_on),
        TEST(what_has_no_place_on_the_disk_is_made_anew),
        TEST(of_one_that_is_half_written_the_one_before_counts),
        TEST(a_copy_is_written_beside_the_one_before),
        TEST(without_a_folder_nothing_is_kept_until_there_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
