/* Recordings: what is appended is read back, whatever becomes of the disk and of the file. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "metrics.h"
#include "record.h"

#define SEGMENT (64u << 10)
#define HEADER "{\"version\":1}"

static char root[TEMP_DIR_MAX];

static int open_root(void **state) {
    (void)state;
    return !temp_dir_make(root) || loop_init(2) ? -1 : 0;
}

static int close_root(void **state) {
    (void)state;
    loop_deinit();
    return temp_dir_remove(root) ? 0 : -1;
}

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static struct record *make(const char *name) {
    struct record *record = NULL;
    assert_int_equal(record_open(path_of(name), HEADER, SEGMENT, &record), MUSTER_OK);
    return record;
}

static void turn_until_idle(void) {
    while (loop_turn()) continue;
}

static off_t size_of(const char *name) {
    struct stat st;
    return stat(path_of(name), &st) ? -1 : st.st_size;
}

/* Entry i is i % 97 bytes of value i. */
static void append_numbered(struct record *record, uint32_t i) {
    uint8_t data[97];
    memset(data, (int)(i & 0xFF), sizeof data);
    record_append(record, i, 1 + i % 7, i % 32, data, i % 97);
}

static uint32_t read_numbered(const char *name) {
    struct record_reader *reader = NULL;
    struct record_entry entry;
    const char *header = NULL;
    uint32_t count = 0;
    assert_int_equal(record_read(path_of(name), &reader, &header), MUSTER_OK);
    assert_string_equal(header, HEADER);
    muster_status status;
    for (; (status = record_next(reader, &entry)) == MUSTER_OK; count++) {
        assert_int_equal(entry.tick, count);
        assert_int_equal(entry.kind, 1 + count % 7);
        assert_int_equal(entry.seat, count % 32);
        assert_int_equal(entry.len, count % 97);
        for (uint32_t i = 0; i < entry.len; i++) assert_int_equal(entry.data[i], count & 0xFF);
    }
    assert_int_equal(status, MUSTER_NOT_FOUND);
    record_reader_close(reader);
    return count;
}

static void what_is_appended_is_read_back(void **state) {
    (void)state;
    struct stat st;
    struct record *record = make("a.mrec");
    for (uint32_t i = 0; i < 100; i++) append_numbered(record, i);
    assert_int_equal(read_numbered("a.mrec"), 100); /* also while it is written, or after a kill */
    assert_int_equal(size_of("a.mrec"), SEGMENT);
    uint32_t used = record_used(record);
    record_close(record);
    turn_until_idle();
    assert_int_equal(size_of("a.mrec"), used);
    assert_int_equal(read_numbered("a.mrec"), 100);
    assert_int_equal(stat(path_of("a.mrec"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_recording_grows_by_segments(void **state) {
    (void)state;
    struct record *record = make("b.mrec");
    for (uint32_t i = 0; i < 10000; i++) {
        append_numbered(record, i);
        if (i % 50 == 0) turn_until_idle();
    }
    assert_true(record_used(record) > 8 * SEGMENT);
    record_close(record);
    turn_until_idle();
    assert_int_equal(read_numbered("b.mrec"), 10000);
}

/* The pool did not keep up: what fits is there, and whole. */
static void without_a_segment_in_time_it_ends_quietly(void **state) {
    (void)state;
    double failures = metrics_values[METRIC_RECORD_FAILURES];
    struct record *record = make("c.mrec");
    for (uint32_t i = 0; i < 10000; i++) append_numbered(record, i);
    assert_true(record_used(record) <= SEGMENT);
    assert_true(metrics_values[METRIC_RECORD_FAILURES] == failures + 1);
    record_close(record); /* while the segment is still on its way */
    turn_until_idle();
    assert_in_range(read_numbered("c.mrec"), 1000, 1200);
}

/* Somebody makes room by hand: the pages are gone under the map, which is a SIGBUS. */
static void what_is_cut_ends_the_recording_alone(void **state) {
    (void)state;
    double failures = metrics_values[METRIC_RECORD_FAILURES];
    struct record *record = make("cut.mrec");
    struct record *other = make("other.mrec");
    for (uint32_t i = 0; i < 10; i++) append_numbered(record, i);
    assert_int_equal(truncate(path_of("cut.mrec"), 0), 0);
    for (uint32_t i = 10; i < 500; i++) append_numbered(record, i);
    for (uint32_t i = 0; i < 500; i++) append_numbered(other, i);
    assert_true(metrics_values[METRIC_RECORD_FAILURES] == failures + 1);
    record_close(record);
    record_close(other);
    turn_until_idle();
    assert_int_equal(read_numbered("other.mrec"), 500);
}

static volatile char *unwatched;

/* What is nobody's map ends the process, as ever. */
static void another_bus_error_is_fatal(void **state) {
    (void)state;
    int fd = open(path_of("none"), O_RDWR | O_CREAT, 0600);
    unwatched = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    assert_ptr_not_equal(unwatched, MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        (void)make("e.mrec");
        unwatched[0] = 1;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    munmap((void *)unwatched, 4096);
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_ends_the_recording_and_asks_no_more(void **state) {
    (void)state;
    struct record *record = make("d.mrec");
    limit_files(SEGMENT + 100);
    for (uint32_t i = 0; i < 10000; i++) {
        append_numbered(record, i);
        if (i % 50 == 0) turn_until_idle();
    }
    /* Had it gone on asking, each append would have left a job that this turn would find. */
    append_numbered(record, 0);
    assert_false(loop_turn());
    record_close(record);
    turn_until_idle();
    limit_files(RLIM_INFINITY);
    assert_in_range(read_numbered("d.mrec"), 1000, 1200);
}

static void without_space_no_recording_begins(void **state) {
    (void)state;
    struct record *record = NULL;
    limit_files(SEGMENT / 2);
    assert_int_equal(record_open(path_of("e.mrec"), HEADER, SEGMENT, &record), MUSTER_IO);
    limit_files(RLIM_INFINITY);
    assert_null(record);
    assert_int_equal(size_of("e.mrec"), -1);
    assert_int_equal(record_open("/nonexistent/e.mrec", HEADER, SEGMENT, &record), MUSTER_IO);
}

static void neither_a_taken_name_nor_a_huge_header_is_recorded(void **state) {
    (void)state;
    static char header[SEGMENT];
    struct record *other = NULL, *record = make("f.mrec");
    assert_int_equal(record_open(path_of("f.mrec"), HEADER, SEGMENT, &other), MUSTER_IO);
    assert_int_equal(size_of("f.mrec"), SEGMENT); /* and is not removed */
    memset(header, 'x', sizeof header - 1);
    assert_int_equal(record_open(path_of("g.mrec"), header, SEGMENT, &other), MUSTER_LIMIT);
    record_append(NULL, 1, 1, 1, "x", 1);
    record_close(NULL);
    record_close(record);
    turn_until_idle();
}

static void write_file(const char *name, const void *data, size_t len) {
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Reads to the end or the damage; returns the entries. */
static int read_damaged(const char *name) {
    struct record_reader *reader = NULL;
    struct record_entry entry;
    const char *header = NULL;
    int count = 0;
    if (record_read(path_of(name), &reader, &header)) return -1;
    muster_status status;
    for (; (status = record_next(reader, &entry)) == MUSTER_OK; count++)
        for (uint32_t i = 0; i < entry.len; i++) assert_in_range(entry.data[i], 0, 255);
    record_reader_close(reader);
    return status == MUSTER_NOT_FOUND ? count : -2;
}

static void every_cut_of_a_file_is_an_end_or_damage(void **state) {
    (void)state;
    struct record *record = make("h.mrec");
    for (uint32_t i = 0; i < 5; i++) append_numbered(record, i);
    uint32_t used = record_used(record), ends = 0;
    record_close(record);
    turn_until_idle();
    uint8_t *data = malloc(used);
    FILE *file = fopen(path_of("h.mrec"), "rb");
    assert_true(data && file && fread(data, 1, used, file) == used);
    fclose(file);
    for (uint32_t len = 0; len <= used; len++) {
        write_file("cut.mrec", data, len);
        int count = read_damaged("cut.mrec");
        assert_int_equal(count == -1, len < 8 + 4 + sizeof HEADER - 1);
        ends += count >= 0;
    }
    assert_int_equal(ends, 6);
    free(data);
}

static void what_is_no_recording_is_refused(void **state) {
    (void)state;
    static const uint8_t long_header[] = "MSTRREC1\xFF\xFF\xFF\xFF{}";
    static const uint8_t other_magic[] = "MSTRREC2\x02\0\0\0{}";
    struct record_reader *reader = NULL;
    const char *header = NULL;
    write_file("i", long_header, sizeof long_header);
    assert_int_equal(record_read(path_of("i"), &reader, &header), MUSTER_INVALID);
    write_file("i", other_magic, sizeof other_magic);
    assert_int_equal(record_read(path_of("i"), &reader, &header), MUSTER_INVALID);
    assert_int_equal(record_read(path_of("missing"), &reader, &header), MUSTER_NOT_FOUND);
    assert_int_equal(record_read(root, &reader, &header), MUSTER_IO);
    write_file("i", "", 0);
    assert_int_equal(truncate(path_of("i"), (64 << 20) + 1), 0);
    assert_int_equal(record_read(path_of("i"), &reader, &header), MUSTER_LIMIT);
    assert_null(reader);
}

/* An hour old for each unit of `age`. */
static void aged(const char *name, int age) {
    const struct timeval times[2] = {{1700000000 - age * 3600, 0}, {1700000000 - age * 3600, 0}};
    write_file(name, "x", 1);
    assert_int_equal(utimes(path_of(name), times), 0);
}

static void the_oldest_go_first_but_not_what_is_written(void **state) {
    (void)state;
    struct record *record = make("live.mrec");
    const struct timeval times[2] = {{0, 0}, {0, 0}};
    assert_int_equal(utimes(path_of("live.mrec"), times), 0);
    aged("1.mrec", 1);
    aged("2.mrec", 2);
    aged("3.mrec", 3);
    aged("notes.txt", 9);
    record_prune(root, 2);
    turn_until_idle();
    assert_int_equal(size_of("1.mrec"), 1);
    assert_int_equal(size_of("2.mrec"), 1);
    assert_int_equal(size_of("3.mrec"), -1);
    assert_int_equal(size_of("notes.txt"), 1);
    assert_int_equal(size_of("live.mrec"), SEGMENT);
    record_close(record);
    turn_until_idle();
    assert_int_equal(utimes(path_of("live.mrec"), times), 0);
    record_prune(root, 2);
    turn_until_idle();
    assert_int_equal(size_of("live.mrec"), -1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_root, close_root)
    const struct CMUnitTest tests[] = {
        TEST(what_is_appended_is_read_back),
        TEST(a_recording_grows_by_segments),
        TEST(without_a_segment_in_time_it_ends_quietly),
        TEST(what_is_cut_ends_the_recording_alone),
        TEST(another_bus_error_is_fatal),
        TEST(a_full_disk_ends_the_recording_and_asks_no_more),
        TEST(without_space_no_recording_begins),
        TEST(neither_a_taken_name_nor_a_huge_header_is_recorded),
        TEST(every_cut_of_a_file_is_an_end_or_damage),
        TEST(what_is_no_recording_is_refused),
        TEST(the_oldest_go_first_but_not_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
