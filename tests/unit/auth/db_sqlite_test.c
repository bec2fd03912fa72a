/* db_sqlite through the testkit: order, atomicity, conflicts, limits, migrations, durability. */
#include "test.h"
#include <muster_testkit.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_MS 20000u
#define RESULTS_MAX 8192u

/* What callbacks saw, in order. */
struct result {
    muster_status status;
    uint32_t number; /* which request */
    uint32_t row_count;
    uint32_t column_count;
    int64_t changes;
    int64_t first_integer;
    char first_text[64];
};

struct fixture {
    struct testkit *kit;
    muster_self *db;
    const struct muster_host_db *host_db;
    char dir[TEMP_DIR_MAX];
    uint32_t asked;
    uint32_t answered;
    struct result results[RESULTS_MAX];
};

struct call {
    struct fixture *fixture;
    uint32_t number;
};

static struct {
    atomic_bool holds; /* the next one waits */
    atomic_uint count;
    sem_t begun, go_on;
} syncs;

/* SQLite's calls go by the dynamic symbol table, where the executable comes first. */
__attribute__((visibility("default"))) int fdatasync(int fd) {
    atomic_fetch_add(&syncs.count, 1);
    if (atomic_exchange(&syncs.holds, false)) {
        sem_post(&syncs.begun);
        sem_wait(&syncs.go_on);
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void copy_first(struct result *result, const struct muster_db_value *cell) {
    if (cell->type == MUSTER_DB_INT) result->first_integer = cell->integer;
    if (cell->type == MUSTER_DB_TEXT)
        snprintf(result->first_text, sizeof result->first_text, "%.*s", (int)cell->bytes.len,
                 (const char *)cell->bytes.data);
}

static void on_answer(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct call *call = user;
    struct fixture *fixture = call->fixture;
    struct result *result = &fixture->results[fixture->answered % RESULTS_MAX];
    *result = (struct result){.status = status, .number = call->number};
    if (rows) {
        result->row_count = rows->row_count;
        result->column_count = rows->column_count;
        result->changes = rows->changes;
        if (rows->row_count && rows->column_count) copy_first(result, &rows->cells[0]);
    }
    fixture->answered++;
    free(call);
}

static bool all_answered(void *user) {
    struct fixture *fixture = user;
    return fixture->answered == fixture->asked;
}

static struct call *call_new(struct fixture *fixture) {
    struct call *call = malloc(sizeof *call);
    assert_non_null(call);
    *call = (struct call){fixture, fixture->asked};
    return call;
}

static muster_status submit(struct fixture *fixture, const struct muster_db_statement *statements,
                            uint32_t count, uint32_t durable) {
    struct muster_db_request request = {.size = sizeof request,
                                        .statement_count = count,
                                        .statements = statements,
                                        .durable = durable};
    struct call *call = call_new(fixture);
    muster_status status = fixture->host_db->query(fixture->db, &request, on_answer, call, NULL);
    if (status == MUSTER_OK)
        fixture->asked++;
    else
        free(call);
    return status;
}

static const struct result *wait_last(struct fixture *fixture) {
    assert_true(testkit_wait(fixture->kit, all_answered, fixture, WAIT_MS));
    return &fixture->results[(fixture->answered - 1) % RESULTS_MAX];
}

static const struct result *run(struct fixture *fixture, const char *sql) {
    struct muster_db_statement statement = {.sql = sql};
    assert_int_equal(submit(fixture, &statement, 1, 0), MUSTER_OK);
    return wait_last(fixture);
}

static const struct result *run_with(struct fixture *fixture, const char *sql,
                                     const struct muster_db_value *params, uint32_t count) {
    struct muster_db_statement statement = {sql, params, count, 0};
    assert_int_equal(submit(fixture, &statement, 1, 0), MUSTER_OK);
    return wait_last(fixture);
}

static muster_status migrate(struct fixture *fixture, const char *component,
                             const char *const *steps, uint32_t count) {
    fixture->asked++;
    assert_int_equal(fixture->host_db->migrate(fixture->db, NULL, component, steps, count,
                                               on_answer, call_new(fixture), NULL),
                     MUSTER_OK);
    return wait_last(fixture)->status;
}

static void open_kit(struct fixture *fixture) {
    fixture->kit = testkit_create();
    testkit_data_dir_set(fixture->kit, fixture->dir);
    fixture->db = testkit_load(fixture->kit, PLUGIN_DIR "/db_sqlite.so");
    if (!fixture->db) fail_msg("%s", testkit_error(fixture->kit));
    fixture->host_db = testkit_host(fixture->kit)->db;
}

static void close_kit(struct fixture *fixture) {
    assert_int_equal(testkit_stop(fixture->db), 0);
    assert_int_equal(testkit_faults(fixture->kit), 0);
    testkit_destroy(fixture->kit);
}

static int make_dir(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(temp_dir_make(fixture->dir));
    open_kit(fixture);
    *state = fixture;
    return 0;
}

static int start(void **state) {
    make_dir(state);
    struct fixture *fixture = *state;
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    return 0;
}

static int remove_dir(void **state) {
    struct fixture *fixture = *state;
    assert_true(temp_dir_remove(fixture->dir));
    free(fixture);
    return 0;
}

static int stop(void **state) {
    close_kit(*state);
    return remove_dir(state);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void values_come_back(void **state) {
    struct fixture *fixture = *state;
    run(fixture, "CREATE TABLE t(a BIGINT, b TEXT, c BLOB, d REAL)");
    struct muster_db_value params[] = {muster_db_integer(-5),
                                       muster_db_text(""),
                                       {.type = MUSTER_DB_NULL},
                                       {.type = MUSTER_DB_REAL, .real = 0.5}};
    assert_int_equal(run_with(fixture, "INSERT INTO t VALUES($1,$2,$3,$4)", params, 4)->changes, 1);
    const struct result *result = run(fixture, "SELECT a, b, c, d FROM t WHERE b = '' AND d = 0.5 "
                                               "AND c IS NULL");
    assert_int_equal(result->status, MUSTER_OK);
    assert_int_equal(result->row_count, 1);
    assert_int_equal(result->column_count, 4);
    assert_int_equal(result->first_integer, -5);
    /* placeholders by number, in any order, more than once */
    struct muster_db_value two[] = {muster_db_text("x"), muster_db_text("y")};
    assert_string_equal(run_with(fixture, "SELECT $2 || $1 || $2", two, 2)->first_text, "yxy");
}

static void answers_come_in_order(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 3000 };
    run(fixture, "CREATE TABLE t(a BIGINT PRIMARY KEY)");
    uint32_t first = fixture->asked;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct muster_db_value params[] = {
            muster_db_integer(i / 2)}; /* every second one conflicts */
        struct muster_db_statement statement = {"INSERT INTO t VALUES($1)", params, 1, 0};
        assert_int_equal(submit(fixture, &statement, 1, i % 7 == 0), MUSTER_OK);
    }
    wait_last(fixture);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(fixture->results[first + i].number, first + i);
        assert_int_equal(fixture->results[first + i].status, i % 2 ? MUSTER_CONFLICT : MUSTER_OK);
    }
    assert_int_equal(run(fixture, "SELECT count(*) FROM t")->first_integer, COUNT / 2);
}

static void a_request_is_all_or_nothing(void **state) {
    struct fixture *fixture = *state;
    run(fixture, "CREATE TABLE t(a BIGINT PRIMARY KEY)");
    struct muster_db_statement good[] = {{.sql = "INSERT INTO t VALUES(1)"},
                                         {.sql = "INSERT INTO t VALUES(2)"}};
    struct muster_db_statement bad[] = {{.sql = "INSERT INTO t VALUES(3)"},
                                        {.sql = "INSERT INTO t VALUES(2)"},
                                        {.sql = "INSERT INTO t VALUES(4)"}};
    struct muster_db_statement late = {.sql = "INSERT INTO t VALUES(5)"};
    uint32_t first = fixture->asked;
    assert_int_equal(submit(fixture, good, 2, 0), MUSTER_OK);
    assert_int_equal(submit(fixture, bad, 3, 1), MUSTER_OK);
    assert_int_equal(submit(fixture, &late, 1, 0), MUSTER_OK);
    wait_last(fixture);
    assert_int_equal(fixture->results[first].status, MUSTER_OK);
    assert_int_equal(fixture->results[first + 1].status, MUSTER_CONFLICT);
    assert_int_equal(fixture->results[first + 2].status, MUSTER_OK);
    assert_string_equal(run(fixture, "SELECT group_concat(a) FROM t")->first_text, "1,2,5");
}

/* As a full disk does it: SQLite undoes all of the group, also what others have asked for. */
static void what_was_undone_is_done_once(void **state) {
    struct fixture *fixture = *state;
    run(fixture, "CREATE TABLE t(a BIGINT PRIMARY KEY)");
    run(fixture, "INSERT INTO t VALUES(1)");
    const struct muster_db_statement slow = {
        .sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
               "SELECT count(*) FROM n"};
    const struct muster_db_statement undo = {.sql = "INSERT OR ROLLBACK INTO t VALUES(1)"};
    const struct muster_db_statement add = {.sql = "INSERT INTO t SELECT max(a) + 1 FROM t"};
    uint32_t first = fixture->asked;
    assert_int_equal(submit(fixture, &slow, 1, 0), MUSTER_OK); /* the others gather meanwhile */
    assert_int_equal(submit(fixture, &add, 1, 0), MUSTER_OK);
    assert_int_equal(submit(fixture, &undo, 1, 0), MUSTER_OK);
    assert_int_equal(submit(fixture, &add, 1, 0), MUSTER_OK);
    wait_last(fixture);
    assert_int_equal(fixture->results[first + 1].status, MUSTER_OK);
    assert_int_equal(fixture->results[first + 2].status, MUSTER_CONFLICT);
    assert_int_equal(fixture->results[first + 3].status, MUSTER_OK);
    assert_string_equal(run(fixture, "SELECT group_concat(a) FROM t")->first_text, "1,2,3");
}

static void foreign_keys_hold(void **state) {
    struct fixture *fixture = *state;
    run(fixture, "CREATE TABLE p(id TEXT PRIMARY KEY)");
    run(fixture, "CREATE TABLE c(id TEXT REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)");
    run(fixture, "CREATE TABLE e(id TEXT REFERENCES p(id))");
    assert_int_equal(run(fixture, "INSERT INTO e VALUES('nobody')")->status, MUSTER_CONFLICT);
    /* a deferred one breaks at the commit: only its own request may suffer */
    struct muster_db_statement statements[] = {{.sql = "INSERT INTO p VALUES('a')"},
                                               {.sql = "INSERT INTO c VALUES('nobody')"},
                                               {.sql = "INSERT INTO p VALUES('b')"}};
    uint32_t first = fixture->asked;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(submit(fixture, &statements[i], 1, 0), MUSTER_OK);
    wait_last(fixture);
    assert_int_equal(fixture->results[first].status, MUSTER_OK);
    assert_int_equal(fixture->results[first + 1].status, MUSTER_CONFLICT);
    assert_int_equal(fixture->results[first + 2].status, MUSTER_OK);
    assert_int_equal(run(fixture, "SELECT count(*) FROM p")->first_integer, 2);
    assert_int_equal(run(fixture, "SELECT count(*) FROM c")->first_integer, 0);
}

static void hostile_sql_is_refused(void **state) {
    struct fixture *fixture = *state;
    struct muster_db_value one[] = {muster_db_integer(1)};
    assert_int_equal(run(fixture, "")->status, MUSTER_INVALID);
    assert_int_equal(run(fixture, "NONSENSE")->status, MUSTER_INVALID);
    assert_int_equal(run(fixture, "SELECT 1; SELECT 2")->status, MUSTER_INVALID);
    assert_int_equal(run(fixture, "SELECT 1 ; ")->status, MUSTER_OK);
    assert_int_equal(run(fixture, "COMMIT")->status, MUSTER_DENIED);
    assert_int_equal(run(fixture, "ROLLBACK")->status, MUSTER_DENIED);
    assert_int_equal(run(fixture, "SAVEPOINT x")->status, MUSTER_DENIED);
    assert_int_equal(run(fixture, "PRAGMA synchronous=OFF")->status, MUSTER_DENIED);
    assert_int_equal(run(fixture, "ATTACH '/etc/passwd' AS x")->status, MUSTER_DENIED);
    assert_int_equal(run(fixture, "SELECT $1")->status, MUSTER_INVALID);
    assert_int_equal(run_with(fixture, "SELECT 1", one, 1)->status, MUSTER_INVALID);
    assert_int_equal(run_with(fixture, "SELECT $2", one, 1)->status, MUSTER_INVALID);
    assert_int_equal(run_with(fixture, "SELECT ?", one, 1)->status, MUSTER_INVALID);
    assert_int_equal(run_with(fixture, "SELECT :a", one, 1)->status, MUSTER_INVALID);
    struct muster_db_value odd[] = {{.type = 9}};
    struct muster_db_statement statement = {"SELECT $1", odd, 1, 0};
    assert_int_equal(submit(fixture, &statement, 1, 0), MUSTER_INVALID);
    assert_int_equal(run(fixture, "SELECT 7")->first_integer, 7);
}

static void answers_are_bounded(void **state) {
    struct fixture *fixture = *state;
    static const char rows[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                               "WHERE i < 10001) SELECT i FROM n";
    static const char fitting[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                  "WHERE i < 10000) SELECT i FROM n";
    assert_int_equal(run(fixture, rows)->status, MUSTER_LIMIT);
    assert_int_equal(run(fixture, fitting)->row_count, 10000);
    assert_int_equal(run(fixture, "SELECT zeroblob(5000000), zeroblob(5000000)")->status,
                     MUSTER_LIMIT);
    assert_int_equal(run(fixture, "SELECT zeroblob(1000000000)")->status, MUSTER_LIMIT);
    assert_int_equal(run(fixture, "SELECT length(zeroblob(5000000))")->first_integer, 5000000);
}

static void an_endless_request_is_ended(void **state) {
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->db, "statementMaxMs", "100"));
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    run(fixture, "CREATE TABLE t(a BIGINT)");
    struct muster_db_statement endless[] = {
        {.sql = "INSERT INTO t VALUES(1)"},
        {.sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT count(*) FROM n"}};
    struct muster_db_statement other = {.sql = "INSERT INTO t VALUES(2)"};
    uint32_t first = fixture->asked;
    assert_int_equal(submit(fixture, endless, 2, 0), MUSTER_OK);
    assert_int_equal(submit(fixture, &other, 1, 0), MUSTER_OK);
    wait_last(fixture);
    assert_int_equal(fixture->results[first].status, MUSTER_TIMEOUT);
    assert_int_equal(fixture->results[first + 1].status, MUSTER_OK);
    assert_string_equal(run(fixture, "SELECT group_concat(a) FROM t")->first_text, "2");
}

/* It is ended by the stop alone: if it held the write up, that would never be answered. */
static void a_slow_read_holds_no_write_up(void **state) {
    struct fixture *fixture = *state;
    const struct muster_db_statement endless = {
        .sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
               "SELECT count(*) FROM n"};
    const struct muster_db_request read = {.size = sizeof read,
                                           .statement_count = 1,
                                           .statements = &endless,
                                           .flags = MUSTER_DB_READ_ONLY | MUSTER_DB_UNORDERED};
    assert_true(testkit_config_set(fixture->db, "statementMaxMs", "60000"));
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    run(fixture, "CREATE TABLE t(a BIGINT)");
    struct call *slow = call_new(fixture);
    assert_int_equal(fixture->host_db->query(fixture->db, &read, on_answer, slow, NULL), MUSTER_OK);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(2)")->status, MUSTER_OK);
    close_kit(fixture);
    assert_int_equal(fixture->answered, fixture->asked + 1);
    assert_int_not_equal(fixture->results[fixture->answered - 1].status, MUSTER_OK);
}

static void migrations_run_once(void **state) {
    struct fixture *fixture = *state;
    static const char *const steps[] = {"CREATE TABLE m(a BIGINT); INSERT INTO m VALUES(1)",
                                        "INSERT INTO m VALUES(2)", "INSERT INTO nowhere VALUES(3)"};
    assert_int_equal(migrate(fixture, "x", steps, 1), MUSTER_OK);
    assert_int_equal(migrate(fixture, "x", steps, 1), MUSTER_OK);
    assert_int_equal(migrate(fixture, "x", steps, 2), MUSTER_OK);
    assert_int_equal(migrate(fixture, "x", steps, 2), MUSTER_OK);
    assert_string_equal(run(fixture, "SELECT group_concat(a) FROM m")->first_text, "1,2");
    assert_int_equal(migrate(fixture, "x", steps, 3), MUSTER_INVALID);
    assert_int_equal(run(fixture, "SELECT count(*) FROM muster_migrations")->first_integer, 2);
    /* fewer steps than the database has seen: it is newer than the program */
    assert_int_equal(migrate(fixture, "x", steps, 1), MUSTER_STATE);
    assert_int_equal(migrate(fixture, "y", steps, 0), MUSTER_OK);
}

static void stop_answers_and_keeps_what_waits(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 1000 };
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    run(fixture, "CREATE TABLE t(a BIGINT)");
    struct muster_db_statement statement = {.sql = "INSERT INTO t VALUES(1)"};
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(submit(fixture, &statement, 1, 0), MUSTER_OK);
    close_kit(fixture);
    assert_int_equal(fixture->answered, fixture->asked);
    for (uint32_t i = 0; i < fixture->answered; i++)
        assert_int_equal(fixture->results[i].status, MUSTER_OK);
    open_kit(fixture);
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_int_equal(run(fixture, "SELECT count(*) FROM t")->first_integer, COUNT);
}

static void a_full_queue_refuses(void **state) {
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->db, "queueMax", "8"));
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    struct muster_db_statement statement = {.sql = "SELECT 1"};
    /* Nothing is answered before the loop turns, so exactly eight fit. */
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(submit(fixture, &statement, 1, 0), MUSTER_OK);
    assert_int_equal(submit(fixture, &statement, 1, 0), MUSTER_LIMIT);
    wait_last(fixture);
    assert_int_equal(run(fixture, "SELECT 1")->status, MUSTER_OK);
}

static void the_file_is_private_and_committed(void **state) {
    struct fixture *fixture = *state;
    struct stat info;
    char path[128];
    snprintf(path, sizeof path, "%s/muster.db", fixture->dir);
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    run(fixture, "CREATE TABLE t(a BIGINT)");
    struct muster_db_statement statement = {.sql = "INSERT INTO t VALUES(41)"};
    assert_int_equal(submit(fixture, &statement, 1, 1), MUSTER_OK);
    wait_last(fixture);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* another process sees it while we run: it is committed, in WAL mode */
    sqlite3 *other = NULL;
    sqlite3_stmt *look = NULL;
    assert_int_equal(sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(other, "SELECT a FROM t", -1, &look, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(look), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(look, 0), 41);
    sqlite3_finalize(look);
    assert_int_equal(sqlite3_prepare_v2(other, "PRAGMA journal_mode", -1, &look, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(look), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(look, 0), "wal");
    sqlite3_finalize(look);
    sqlite3_close(other);
}

/* How often the disk is waited for when these two are committed together: the writer is held in a
 * sync until both wait. */
static uint32_t syncs_of_group(struct fixture *fixture, uint32_t first, uint32_t second) {
    struct muster_db_statement statement = {.sql = "INSERT INTO t VALUES(1)"};
    atomic_store(&syncs.holds, true);
    assert_int_equal(submit(fixture, &statement, 1, 1), MUSTER_OK);
    sem_wait(&syncs.begun);
    atomic_store(&syncs.count, 0);
    assert_int_equal(submit(fixture, &statement, 1, first), MUSTER_OK);
    assert_int_equal(submit(fixture, &statement, 1, second), MUSTER_OK);
    sem_post(&syncs.go_on);
    wait_last(fixture);
    return atomic_load(&syncs.count);
}

static void a_group_is_as_durable_as_its_most_durable(void **state) {
    struct fixture *fixture = *state;
    sem_init(&syncs.begun, 0, 0);
    sem_init(&syncs.go_on, 0, 0);
    run(fixture, "CREATE TABLE t(a BIGINT)");
    uint32_t plain = syncs_of_group(fixture, 0, 0);
    assert_int_equal(syncs_of_group(fixture, 0, 0), plain);
    assert_int_equal(syncs_of_group(fixture, 1, 0), plain + 1);
    assert_int_equal(syncs_of_group(fixture, 0, 1), plain + 1);
    assert_int_equal(syncs_of_group(fixture, 1, 1), plain + 1); /* one for both */
    assert_int_equal(syncs_of_group(fixture, 0, 0), plain);
}

static void write_file(const struct fixture *fixture, const char *content, size_t len, long at) {
    char path[128];
    snprintf(path, sizeof path, "%s/muster.db", fixture->dir);
    FILE *file = fopen(path, at ? "r+b" : "wb");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void a_damaged_file_is_named(void **state) {
    struct fixture *fixture = *state;
    static char garbage[8192];
    memset(garbage, 'x', sizeof garbage);
    write_file(fixture, garbage, sizeof garbage, 0);
    assert_int_not_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_non_null(testkit_log_find(fixture->kit, "is not a usable database"));
    testkit_destroy(fixture->kit);
}

static void a_damaged_page_is_named(void **state) {
    struct fixture *fixture = *state;
    static char garbage[4096];
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    run(fixture, "CREATE TABLE t(a TEXT)");
    run(fixture, "INSERT INTO t SELECT hex(randomblob(2000)) FROM (SELECT 1 UNION SELECT 2 "
                 "UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6)");
    close_kit(fixture);
    memset(garbage, 0x5A, sizeof garbage);
    write_file(fixture, garbage, sizeof garbage, 4096 * 4);
    open_kit(fixture);
    assert_int_not_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_non_null(testkit_log_find(fixture->kit, "is damaged"));
    testkit_destroy(fixture->kit);
}

static void an_unreadable_path_is_named(void **state) {
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->db, "file", "no/such/dir/x.db"));
    assert_int_not_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_non_null(testkit_log_find(fixture->kit, "cannot open"));
    testkit_destroy(fixture->kit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_back, start, stop),
        cmocka_unit_test_setup_teardown(answers_come_in_order, start, stop),
        cmocka_unit_test_setup_teardown(a_request_is_all_or_nothing, start, stop),
        cmocka_unit_test_setup_teardown(what_was_undone_is_done_once, start, stop),
        cmocka_unit_test_setup_teardown(foreign_keys_hold, start, stop),
        cmocka_unit_test_setup_teardown(hostile_sql_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(answers_are_bounded, start, stop),
        cmocka_unit_test_setup_teardown(an_endless_request_is_ended, make_dir, stop),
        cmocka_unit_test_setup_teardown(a_slow_read_holds_no_write_up, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(migrations_run_once, start, stop),
        cmocka_unit_test_setup_teardown(stop_answers_and_keeps_what_waits, make_dir, stop),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses, make_dir, stop),
        cmocka_unit_test_setup_teardown(the_file_is_private_and_committed, make_dir, stop),
        cmocka_unit_test_setup_teardown(a_group_is_as_durable_as_its_most_durable, start, stop),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_named, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_damaged_page_is_named, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(an_unreadable_path_is_named, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
