/* Writes that wait for the database: their order, what comes of failures, and the file. */
#include "fake_game.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "metrics.h"
#include "outbox.h"
#include "paths.h"

#define HELD_MAX 512

/* A database that answers when the test says so. */
static struct {
    struct muster_self self;
    muster_db_ticket_id tickets[HELD_MAX];
    uint32_t count; /* asked so far */
    uint32_t answered;
    char names[HELD_MAX][16]; /* the first value of each */
    char last[64];            /* all values of the last, by type */
    uint32_t durable;
} db;

static void describe(const struct muster_db_value *value) {
    size_t used = strlen(db.last);
    char *at = db.last + used;
    switch (value->type) {
    case MUSTER_DB_NULL: snprintf(at, sizeof db.last - used, "n "); break;
    case MUSTER_DB_INT:
        snprintf(at, sizeof db.last - used, "i%lld ", (long long)value->integer);
        break;
    case MUSTER_DB_REAL: snprintf(at, sizeof db.last - used, "r%g ", value->real); break;
    default:
        snprintf(at, sizeof db.last - used, "%c%.*s ", value->type == MUSTER_DB_TEXT ? 't' : 'b',
                 (int)value->bytes.len, (const char *)value->bytes.data);
    }
}

static muster_status on_submit(void *instance, muster_db_ticket_id ticket,
                               const struct muster_db_request *request) {
    (void)instance;
    assert_true(db.count < HELD_MAX);
    const struct muster_db_statement *statement = &request->statements[0];
    db.last[0] = '\0';
    for (uint32_t i = 0; i < statement->param_count; i++) describe(&statement->params[i]);
    snprintf(db.names[db.count], sizeof db.names[0], "%.*s", (int)statement->params[0].bytes.len,
             (const char *)statement->params[0].bytes.data);
    db.tickets[db.count++] = ticket;
    db.durable = request->durable;
    return MUSTER_OK;
}

static const struct muster_database vtable = {.size = sizeof vtable, .submit = on_submit};
static const struct muster_role roles[] = {{MUSTER_ROLE_DATABASE, 0, &vtable}};

static const char *unwritten(void) {
    static char path[512];
    snprintf(path, sizeof path, "%s/unwritten.jsonl", paths_data());
    return path;
}

static int open_outbox(void **state) {
    (void)state;
    char error[PATHS_ERROR_MAX];
    memset(&db, 0, sizeof db);
    metrics_set(METRIC_STORE_LOST, 0);
    if (game_open(NULL) || fake_plugin(&db.self, "db_fake", roles, 1, NULL, NULL)) return -1;
    loop_clock_virtual(1000, 0);
    return paths_init(true, error) ? -1 : 0;
}

static int close_outbox(void **state) {
    (void)state;
    pending_close_owner(&db.self);
    outbox_deinit();
    unlink(unwritten());
    paths_deinit();
    registry_remove(&db.self);
    return game_close();
}

static void put(const char *name) {
    const struct muster_db_value values[] = {
        {.type = MUSTER_DB_TEXT, .bytes = {name, strlen(name)}}};
    const struct muster_db_statement statement = {"INSERT", values, 1, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement, .durable = 1};
    assert_int_equal(outbox_add("a thing", NULL, &request), MUSTER_OK);
}

/* The oldest that is open. */
static void answer(muster_status status) {
    assert_true(db.answered < db.count);
    assert_int_equal(host_table()->db->complete(&db.self, db.tickets[db.answered++], status, NULL),
                     MUSTER_OK);
}

static void pass(uint32_t ms) {
    loop_clock_advance(loop_now_ms() + ms);
}

static const char *asked(uint32_t index) {
    assert_true(index < db.count);
    return db.names[index];
}

static void what_is_written_is_forgotten(void **state) {
    (void)state;
    put("a");
    put("b"); /* at once, in order */
    assert_int_equal(db.count, 2);
    assert_string_equal(asked(1), "b");
    assert_int_equal(db.durable, 1);
    assert_int_equal(outbox_count(), 2);
    answer(MUSTER_OK);
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_null(outbox_trouble());
}

static void a_failure_that_may_pass_is_tried_until_it_has(void **state) {
    (void)state;
    static const muster_status passing[] = {MUSTER_UNAVAILABLE, MUSTER_IO,       MUSTER_LIMIT,
                                            MUSTER_FULL,        MUSTER_TIMEOUT,  MUSTER_CLOSED,
                                            MUSTER_STATE,       MUSTER_NO_MEMORY};
    put("a");
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        answer(passing[i]);
        assert_non_null(outbox_trouble());
        pass(30000); /* the longest pause */
        assert_int_equal(db.count, i + 2);
        assert_string_equal(asked(db.count - 1), "a");
    }
    answer(MUSTER_OK);
    assert_null(outbox_trouble());
    assert_true(outbox_is_empty());
    assert_true(metrics_values[METRIC_STORE_LOST] == 0);
}

static void pauses_grow_and_begin_anew(void **state) {
    (void)state;
    put("a");
    answer(MUSTER_IO);
    pass(249);
    assert_int_equal(db.count, 1);
    pass(1);
    assert_int_equal(db.count, 2);
    answer(MUSTER_IO);
    pass(499);
    assert_int_equal(db.count, 2);
    pass(1);
    answer(MUSTER_OK);
    put("b");
    answer(MUSTER_IO);
    pass(250);
    assert_int_equal(db.count, 5);
    answer(MUSTER_OK);
}

/* Those that failed together are one failure: one pause, after which one asks. */
static void others_that_failed_with_it_lengthen_no_pause(void **state) {
    (void)state;
    put("a");
    put("b");
    put("c");
    for (int i = 0; i < 3; i++) answer(MUSTER_IO);
    pass(249);
    assert_int_equal(db.count, 3);
    pass(1);
    assert_int_equal(db.count, 4);
    answer(MUSTER_IO);
    pass(499);
    assert_int_equal(db.count, 4);
    pass(1);
    assert_int_equal(db.count, 5);
    while (db.answered < db.count) answer(MUSTER_OK);
    assert_true(outbox_is_empty());
}

/* At the stop nobody waits long. */
static void who_is_in_a_hurry_asks_often(void **state) {
    (void)state;
    put("a");
    for (uint32_t i = 0; i < 6; i++) {
        answer(MUSTER_IO);
        pass(30000);
    }
    answer(MUSTER_IO);
    outbox_hurry();
    assert_int_equal(db.count, 8); /* at once */
    for (uint32_t i = 0; i < 4; i++) {
        answer(MUSTER_IO);
        pass(249);
        assert_int_equal(db.count, 8 + i);
        pass(1);
        assert_int_equal(db.count, 9 + i);
    }
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
}

/* So many are under way together; one at a time while the database takes none. */
static void so_many_are_asked_together(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 257; i++) put("a");
    assert_int_equal(db.count, 256);
    answer(MUSTER_OK);
    assert_int_equal(db.count, 257);
    while (db.answered < db.count) answer(MUSTER_OK);
    assert_true(outbox_is_empty());
}

/* b needs a (a foreign key): it is not lost because a was late. */
static void others_wait_behind_the_first(void **state) {
    (void)state;
    put("a");
    put("b");
    put("c");
    answer(MUSTER_UNAVAILABLE);
    answer(MUSTER_CONFLICT);
    answer(MUSTER_OK); /* c needed nobody */
    put("d");
    assert_int_equal(db.count, 3);
    pass(250);
    assert_int_equal(db.count, 4);
    assert_string_equal(asked(3), "a");
    answer(MUSTER_OK);
    assert_int_equal(db.count, 6);
    assert_string_equal(asked(4), "b");
    assert_string_equal(asked(5), "d");
    answer(MUSTER_OK);
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_true(metrics_values[METRIC_STORE_LOST] == 0);
}

static void what_is_refused_for_good_is_lost_and_counted(void **state) {
    (void)state;
    put("a");
    put("b");
    answer(MUSTER_CONFLICT);
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_null(outbox_trouble());
    assert_true(metrics_values[METRIC_STORE_LOST] == 1);
}

/* What could not be asked for long is refused for good when it can be: no reason to keep it. */
static void the_first_may_be_refused_at_last(void **state) {
    (void)state;
    put("a");
    put("b");
    answer(MUSTER_IO);
    answer(MUSTER_IO);
    pass(250);
    assert_int_equal(db.count, 3); /* a, alone */
    answer(MUSTER_CONFLICT);
    assert_true(metrics_values[METRIC_STORE_LOST] == 1);
    assert_string_equal(asked(3), "b");
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_null(outbox_trouble());
}

static void what_is_left_at_the_stop_is_taken_up(void **state) {
    (void)state;
    struct stat st;
    put("a");
    put("b");
    answer(MUSTER_IO);
    pending_close_owner(&db.self); /* the database stops; b hears that */
    db.answered = db.count;
    outbox_deinit();
    assert_int_equal(stat(unwritten(), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(outbox_is_empty());

    uint32_t before = db.count;
    outbox_start();
    put("c"); /* waits for its turn */
    assert_int_equal(db.count, before + 1);
    assert_string_equal(asked(before), "a");
    answer(MUSTER_IO);
    pass(250);
    assert_string_equal(asked(before + 1), "a");
    answer(MUSTER_OK);
    assert_string_equal(asked(before + 2), "b");
    assert_int_equal(outbox_count(), 2);
    answer(MUSTER_OK);
    assert_string_equal(asked(before + 3), "c");
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_int_equal(stat(unwritten(), &st), -1);
}

/* One that was not finished is begun again, with what has come since behind it. */
static void a_file_may_be_kept_twice(void **state) {
    (void)state;
    put("a");
    answer(MUSTER_IO);
    outbox_deinit();
    uint32_t before = db.count;
    outbox_start();
    put("b");
    answer(MUSTER_IO);
    outbox_deinit();
    outbox_start();
    assert_string_equal(asked(before + 1), "a");
    answer(MUSTER_OK);
    assert_string_equal(asked(before + 2), "b");
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
}

static void a_line_that_is_none_is_told_and_skipped(void **state) {
    (void)state;
    FILE *file = fopen(unwritten(), "w");
    assert_non_null(file);
    fputs("\n{\"what\":\"x\",\"statements\":[]}\nrubbish\n"
          "{\"what\":\"a thing\",\"durable\":true,\"statements\":[{\"sql\":\"INSERT\",\"params\":"
          "[\"a\"]}]}\n{\"what\":\"cut o",
          file);
    fclose(file);
    outbox_start();
    assert_int_equal(db.count, 1);
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_true(metrics_values[METRIC_STORE_LOST] == 3);
}

/* A crash cut the last line off: what is put behind it is whole. */
static void a_cut_line_swallows_no_other(void **state) {
    (void)state;
    FILE *file = fopen(unwritten(), "w");
    assert_non_null(file);
    fputs("{\"what\":\"cut o", file);
    fclose(file);
    put("a");
    answer(MUSTER_IO);
    outbox_deinit();
    outbox_start();
    assert_string_equal(asked(1), "a");
    answer(MUSTER_OK);
    assert_true(outbox_is_empty());
    assert_true(metrics_values[METRIC_STORE_LOST] == 1);
}

/* Memory is bounded: what is too much goes to the file, in order. */
static void too_much_is_put_away(void **state) {
    (void)state;
    static char big[OUTBOX_REQUEST_BYTES_MAX - 16];
    memset(big, 'x', sizeof big - 1);
    uint32_t count = OUTBOX_BYTES_MAX / sizeof big + 2;
    for (uint32_t i = 0; i < count; i++) {
        big[0] = (char)('a' + i);
        put(big);
        if (i == 0) answer(MUSTER_IO);
    }
    struct stat st;
    assert_int_equal(stat(unwritten(), &st), 0);
    assert_true(outbox_count() < count);
    pass(250);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(asked(db.answered)[0], 'a' + i);
        answer(MUSTER_OK);
    }
    assert_true(outbox_is_empty());
    assert_true(metrics_values[METRIC_STORE_LOST] == 0);
}

/* Nor is there room on the disk: what is in memory stays, and what finds no place any more is lost.
 */
static void what_no_disk_takes_stays_in_memory(void **state) {
    (void)state;
    static char big[OUTBOX_REQUEST_BYTES_MAX - 16];
    memset(big, 'x', sizeof big - 1);
    uint32_t count = OUTBOX_BYTES_MAX / sizeof big;
    assert_int_equal(mkdir(unwritten(), 0700), 0); /* no file can be made there */
    for (uint32_t i = 0; i < count + 2; i++) {
        big[0] = (char)('a' + i);
        put(big);
        if (i == 0) answer(MUSTER_IO);
    }
    uint32_t kept = outbox_count();
    assert_in_range(kept, count - 1, count);
    assert_true(metrics_values[METRIC_STORE_LOST] == count + 2 - kept);
    assert_int_equal(rmdir(unwritten()), 0);
    pass(250);
    for (uint32_t i = 0; i < kept; i++) {
        assert_int_equal(asked(db.answered)[0], 'a' + i);
        answer(MUSTER_OK);
    }
    assert_true(outbox_is_empty());
}

/* Room is for what waits, not for all that was ever written. */
static void what_was_written_takes_no_room(void **state) {
    (void)state;
    static char big[OUTBOX_REQUEST_BYTES_MAX - 16];
    struct stat st;
    memset(big, 'x', sizeof big - 1);
    for (uint32_t i = 0; i < 2 * OUTBOX_BYTES_MAX / sizeof big; i++) {
        put(big);
        assert_int_equal(stat(unwritten(), &st), -1);
        answer(MUSTER_OK);
    }
    assert_true(outbox_is_empty());
}

static void put_bytes(uint64_t len) {
    static char bytes[OUTBOX_REQUEST_BYTES_MAX];
    memset(bytes, 'x', sizeof bytes);
    const struct muster_db_value value = {.type = MUSTER_DB_TEXT, .bytes = {bytes, len}};
    const struct muster_db_statement statement = {"INSERT", &value, 1, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    assert_int_equal(outbox_add("a thing", NULL, &request), MUSTER_OK);
}

/* How long the line of put("a") is: one that is put away alone, before the end of the line. */
static size_t line_len(void) {
    struct stat st;
    put("a");
    answer(MUSTER_IO);
    outbox_deinit();
    assert_int_equal(stat(unwritten(), &st), 0);
    unlink(unwritten());
    return (size_t)st.st_size - 1;
}

static void memory_and_file_are_used_to_the_last_byte(void **state) {
    (void)state;
    size_t len = line_len();
    struct stat st;
    for (uint32_t i = 0; i < OUTBOX_BYTES_MAX / OUTBOX_REQUEST_BYTES_MAX; i++) {
        put_bytes(OUTBOX_REQUEST_BYTES_MAX - len - strlen("false") + strlen("true") + 1);
        if (i == 0) answer(MUSTER_IO);
    }
    assert_int_equal(stat(unwritten(), &st), -1);
    put_bytes(0);
    assert_int_equal(stat(unwritten(), &st), 0);
    pending_close_owner(&db.self);
    outbox_deinit();
    for (size_t missing = 0; missing < 2; missing++) {
        off_t size = (off_t)(OUTBOX_FILE_BYTES_MAX - len - 2 + missing); /* and two line ends */
        assert_int_equal(truncate(unwritten(), 0), 0);
        assert_int_equal(truncate(unwritten(), size), 0); /* takes no room on the disk */
        metrics_set(METRIC_STORE_LOST, 0);
        db.answered = db.count;
        put("a");
        answer(MUSTER_IO);
        outbox_deinit();
        assert_true(metrics_values[METRIC_STORE_LOST] == (double)missing);
    }
}

/* A disk that is full in the middle of a line leaves none of it. */
static void half_a_line_is_not_kept(void **state) {
    (void)state;
    size_t len = line_len();
    struct stat st;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit low = {.rlim_cur = len + 1 + len / 2, .rlim_max = limit.rlim_max};
    put("a");
    put("b");
    answer(MUSTER_IO);
    pending_close_owner(&db.self);
    db.answered = db.count;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    outbox_deinit();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(stat(unwritten(), &st), 0);
    assert_int_equal(st.st_size, len + 1);
    assert_true(metrics_values[METRIC_STORE_LOST] == 1);
}

static void every_type_comes_back_as_it_was(void **state) {
    (void)state;
    const struct muster_db_value values[] = {
        {.type = MUSTER_DB_TEXT, .bytes = {"O'x\n\xC3\xA4", 6}},
        {.type = MUSTER_DB_BLOB, .bytes = {"\xFFzz", 3}},
        {.type = MUSTER_DB_BLOB},
        {.type = MUSTER_DB_TEXT},
        {.type = MUSTER_DB_INT, .integer = INT64_MIN},
        {.type = MUSTER_DB_REAL, .real = 2},
        {.type = MUSTER_DB_NULL},
    };
    const struct muster_db_statement statement = {"INSERT", values, 7, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    assert_int_equal(outbox_add("x", NULL, &request), MUSTER_OK);
    assert_string_equal(db.last, "tO'x\n\xC3\xA4 b\xFFzz b t i-9223372036854775808 r2 n ");
    assert_int_equal(db.durable, 0);
    answer(MUSTER_OK);
}

static void what_cannot_be_kept_is_refused(void **state) {
    (void)state;
    static char big[OUTBOX_REQUEST_BYTES_MAX + 1];
    struct muster_db_value value = {.type = MUSTER_DB_TEXT, .bytes = {"\xFF", 1}};
    const struct muster_db_statement statement = {"INSERT", &value, 1, 0};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    assert_int_equal(outbox_add("x", NULL, &request), MUSTER_INVALID);
    value.bytes = (struct muster_bytes){big, sizeof big};
    assert_int_equal(outbox_add("x", NULL, &request), MUSTER_LIMIT);
    request.statement_count = 0;
    assert_int_equal(outbox_add("x", NULL, &request), MUSTER_INVALID);
    assert_int_equal(db.count, 0);
    struct muster_db_value many[1000] = {{.type = MUSTER_DB_INT}};
    struct muster_db_statement wide = {"INSERT", many, 1000, 0};
    request = (struct muster_db_request){
        .size = sizeof request, .statement_count = 1, .statements = &wide};
    assert_int_equal(outbox_add("x", NULL, &request), MUSTER_LIMIT);
    wide.param_count = 999;
    assert_int_equal(outbox_add("x", NULL, &request), MUSTER_OK);
    answer(MUSTER_OK);
}

static muster_status refuse(void *instance, muster_db_ticket_id ticket,
                            const struct muster_db_request *request) {
    (void)instance, (void)ticket, (void)request;
    return MUSTER_IO;
}

static void one_that_fails_holds_no_other_up(void **state) {
    (void)state;
    static struct muster_self other;
    static const struct muster_database refusing = {.size = sizeof refusing, .submit = refuse};
    static const struct muster_role role[] = {{MUSTER_ROLE_DATABASE, 0, &refusing}};
    const struct muster_db_value value = {.type = MUSTER_DB_INT};
    const struct muster_db_statement statement = {"INSERT", &value, 1, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    char path[600];
    struct stat st;
    assert_int_equal(fake_plugin(&other, "results", role, 1, NULL, NULL), 0);
    assert_int_equal(outbox_add("x", "results", &request), MUSTER_OK);
    assert_non_null(outbox_trouble());
    put("a");
    assert_string_equal(asked(0), "a");
    assert_int_equal(outbox_count(), 2);
    answer(MUSTER_OK);
    assert_int_equal(outbox_count(), 1);
    outbox_deinit();
    assert_int_equal(stat(unwritten(), &st), -1);
    snprintf(path, sizeof path, "%s/unwritten.results.jsonl", paths_data());
    assert_int_equal(unlink(path), 0);
    registry_remove(&other);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_outbox, close_outbox)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_forgotten),
        TEST(a_failure_that_may_pass_is_tried_until_it_has),
        TEST(pauses_grow_and_begin_anew),
        TEST(others_that_failed_with_it_lengthen_no_pause),
        TEST(who_is_in_a_hurry_asks_often),
        TEST(so_many_are_asked_together),
        TEST(others_wait_behind_the_first),
        TEST(what_is_refused_for_good_is_lost_and_counted),
        TEST(the_first_may_be_refused_at_last),
        TEST(what_is_left_at_the_stop_is_taken_up),
        TEST(a_file_may_be_kept_twice),
        TEST(a_line_that_is_none_is_told_and_skipped),
        TEST(a_cut_line_swallows_no_other),
        TEST(too_much_is_put_away),
        TEST(what_no_disk_takes_stays_in_memory),
        TEST(what_was_written_takes_no_room),
        TEST(memory_and_file_are_used_to_the_last_byte),
        TEST(half_a_line_is_not_kept),
        TEST(every_type_comes_back_as_it_was),
        TEST(what_cannot_be_kept_is_refused),
        TEST(one_that_fails_holds_no_other_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
