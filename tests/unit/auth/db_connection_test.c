/* The connection of db_sqlite: upkeep that waits for nobody, and a file that goes away. */
#include "clock_ahead.h"
#include "test.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup.h"
#include "connection.h"

#define NEVER_MS 3600000 /* who waits for a lock waits until the test is ended */

struct fixture {
    char dir[TEMP_DIR_MAX];
    char file[80];
    char away[80];
    struct connection *connection;
    char why[CONNECTION_WHY_MAX]; /* of the last migration */
};

static const struct connection_limits limits = {.rows_max = 10,
                                                .answer_bytes_max = 65536,
                                                .busy_timeout_ms = NEVER_MS,
                                                .statement_ms_max = NEVER_MS,
                                                .check_bytes_max = 1u << 20};

static int start(void **state) {
    char why[CONNECTION_WHY_MAX] = "";
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!temp_dir_make(fixture->dir)) return -1;
    snprintf(fixture->file, sizeof fixture->file, "%s/a.db", fixture->dir);
    snprintf(fixture->away, sizeof fixture->away, "%s/away.db", fixture->dir);
    *state = fixture;
    return connection_open(fixture->file, &limits, &fixture->connection, why) ? -1 : 0;
}

static int stop(void **state) {
    struct fixture *fixture = *state;
    connection_close(fixture->connection);
    bool gone = temp_dir_remove(fixture->dir);
    free(fixture);
    return gone ? 0 : -1;
}

static muster_status run(struct fixture *fixture, const char *sql) {
    const struct muster_db_statement statement = {.sql = sql};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    struct job *job;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_OK);
    muster_status status = connection_begin(fixture->connection, false);
    if (!status) {
        connection_run(fixture->connection, job);
        status = job->status;
        if (connection_commit(fixture->connection) && !status) status = MUSTER_IO;
    }
    job_destroy(job);
    return status;
}

static long log_bytes(const struct fixture *fixture) {
    char path[100];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", fixture->file);
    return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

/* A backup that reads for long must not keep anybody waiting. */
static void upkeep_waits_for_nobody(void **state) {
    struct fixture *fixture = *state;
    sqlite3 *reader;
    assert_int_equal(run(fixture, "CREATE TABLE t(a)"), MUSTER_OK);
    assert_int_equal(sqlite3_open(fixture->file, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM t", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_OK);
    assert_false(connection_checkpoint(fixture->connection));
    assert_true(log_bytes(fixture) > 0);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(2)"), MUSTER_OK);
    assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_true(connection_checkpoint(fixture->connection));
    assert_int_equal(log_bytes(fixture), 0);
    sqlite3_close(reader);
}

/* Requests wait for a lock as ever, after upkeep too. */
static void requests_wait_for_a_lock(void **state) {
    struct fixture *fixture = *state;
    sqlite3 *writer;
    assert_int_equal(run(fixture, "CREATE TABLE t(a)"), MUSTER_OK);
    assert_int_equal(sqlite3_open(fixture->file, &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    (void)connection_checkpoint(fixture->connection);
    pid_t pid = fork(); /* the child waits; the lock goes with its end */
    if (pid == 0) {
        alarm(1);
        (void)run(fixture, "INSERT INTO t VALUES(1)");
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status)); /* it was still waiting */
    sqlite3_close(writer);
}

static void a_file_that_went_away_takes_nothing(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "CREATE TABLE t(a)"), MUSTER_OK);
    assert_int_equal(rename(fixture->file, fixture->away), 0);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_IO);
    assert_false(connection_is_there(fixture->connection));
    assert_non_null(strstr(connection_error(fixture->connection), "moved, removed or replaced"));
    FILE *other = fopen(fixture->file, "w"); /* another of its name */
    assert_non_null(other);
    fclose(other);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_IO);
    assert_int_equal(rename(fixture->away, fixture->file), 0);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_OK);
    assert_null(strstr(connection_error(fixture->connection), "moved"));
    assert_int_equal(unlink(fixture->file), 0);
    assert_int_equal(run(fixture, "SELECT 1"), MUSTER_IO);
}

/* What is committed since the last checkpoint stands there. */
static void a_log_that_went_away_takes_nothing(void **state) {
    struct fixture *fixture = *state;
    static const char *const suffixes[] = {"-wal", "-shm"};
    assert_int_equal(run(fixture, "CREATE TABLE t(a)"), MUSTER_OK);
    for (int i = 0; i < 2; i++) {
        char path[256], away[264];
        snprintf(path, sizeof path, "%s%s", fixture->file, suffixes[i]);
        snprintf(away, sizeof away, "%s.away", path);
        assert_true(connection_checkpoint(fixture->connection)); /* the upkeep loses no file */
        assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_OK);
        assert_int_equal(rename(path, away), 0);
        assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_IO);
        assert_non_null(strstr(connection_error(fixture->connection), "-wal"));
        assert_int_equal(rename(away, path), 0);
        assert_int_equal(run(fixture, "INSERT INTO t VALUES(1)"), MUSTER_OK);
    }
    char wal[256];
    sqlite3 *reader;
    snprintf(wal, sizeof wal, "%s-wal", fixture->file);
    assert_int_equal(unlink(wal), 0);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(2)"), MUSTER_IO);
    connection_close(fixture->connection); /* as the stop does: what was written is kept */
    fixture->connection = NULL;
    assert_int_equal(sqlite3_open(fixture->file, &reader), SQLITE_OK);
    sqlite3_stmt *count;
    assert_int_equal(sqlite3_prepare_v2(reader, "SELECT count(*) FROM t", -1, &count, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(count, 0), 4);
    sqlite3_finalize(count);
    sqlite3_close(reader);
}

static void a_large_file_is_not_checked_and_says_so(void **state) {
    struct fixture *fixture = *state;
    char why[CONNECTION_WHY_MAX] = "";
    bool was_checked = false;
    struct connection_limits none = limits;
    assert_int_equal(connection_look(fixture->file, &limits, &was_checked, why), MUSTER_OK);
    assert_true(was_checked);
    none.check_bytes_max = 0;
    assert_int_equal(connection_look(fixture->file, &none, &was_checked, why), MUSTER_OK);
    assert_false(was_checked);
}

/* ---- what is taken and given ---- */

static void run_request(struct fixture *fixture, const struct muster_db_request *request,
                        struct job **job) {
    assert_int_equal(job_create((muster_db_ticket_id){1}, request, job), MUSTER_OK);
    assert_int_equal(connection_begin(fixture->connection, request->durable != 0), MUSTER_OK);
    connection_run(fixture->connection, *job);
    assert_int_equal(connection_commit(fixture->connection), MUSTER_OK);
}

/* The last statement's rows alone, all their cells, with the names of the columns. */
static void rows_come_back_whole(void **state) {
    struct fixture *fixture = *state;
    const struct muster_db_value values[] = {
        {.type = MUSTER_DB_INT, .integer = INT64_MIN},
        {.type = MUSTER_DB_REAL, .real = -0.5},
        {.type = MUSTER_DB_TEXT, .bytes = {"\xC3\xA4z", 3}},
        {.type = MUSTER_DB_BLOB, .bytes = {"\0\xFF", 2}},
        {.type = MUSTER_DB_BLOB},
        {.type = MUSTER_DB_NULL},
    };
    const struct muster_db_statement statements[] = {
        {"CREATE TABLE t(i, r, x, b, e, n)", NULL, 0, 0},
        {"INSERT INTO t VALUES($1, $2, $3, $4, $5, $6), ($6, $5, $4, $3, $2, $1)", values, 6, 0},
        {"SELECT 'not this'", NULL, 0, 0},
        {"SELECT i AS first, r, x, b, e, n AS last FROM t ORDER BY rowid", NULL, 0, 0},
    };
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 4, .statements = statements};
    struct job *job;
    run_request(fixture, &request, &job);
    assert_int_equal(job->status, MUSTER_OK);
    const struct muster_db_rows *rows = &job->answer->rows;
    assert_int_equal(rows->row_count, 2);
    assert_int_equal(rows->column_count, 6);
    assert_int_equal(rows->changes, 0);
    assert_string_equal(rows->columns[0], "first");
    assert_string_equal(rows->columns[5], "last");
    for (uint32_t i = 0; i < 12; i++) {
        const struct muster_db_value *wanted = &values[i < 6 ? i : 11 - i], *cell = &rows->cells[i];
        assert_int_equal(cell->type, wanted->type);
        if (wanted->type == MUSTER_DB_INT) assert_int_equal(cell->integer, wanted->integer);
        if (wanted->type == MUSTER_DB_REAL) assert_true(cell->real == wanted->real);
        if (wanted->type < MUSTER_DB_TEXT) continue;
        assert_int_equal(cell->bytes.len, wanted->bytes.len);
        if (wanted->bytes.len)
            assert_memory_equal(cell->bytes.data, wanted->bytes.data, wanted->bytes.len);
        assert_int_equal(((const char *)cell->bytes.data)[cell->bytes.len], 0);
    }
    job_destroy(job);
}

static int64_t changes_of(struct fixture *fixture, const char *sql) {
    const struct muster_db_statement statement = {.sql = sql};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement, .durable = 1};
    struct job *job;
    run_request(fixture, &request, &job);
    assert_int_equal(job->status, MUSTER_OK);
    int64_t changes = job->answer->rows.changes;
    job_destroy(job);
    return changes;
}

static void changes_are_those_of_the_last_statement(void **state) {
    struct fixture *fixture = *state;
    (void)changes_of(fixture, "CREATE TABLE t(a)");
    assert_int_equal(changes_of(fixture, "INSERT INTO t VALUES(1), (2), (3)"), 3);
    assert_int_equal(changes_of(fixture, "SELECT a FROM t"), 0);
    assert_int_equal(changes_of(fixture, "UPDATE t SET a = 5 WHERE a > 1"), 2);
    assert_int_equal(changes_of(fixture, "UPDATE t SET a = 5 WHERE a > 9"), 0);
    assert_int_equal(changes_of(fixture, "DELETE FROM t"), 3);
}

/* More statements than are kept prepared; each is still itself. */
static void many_statements_are_told_apart(void **state) {
    struct fixture *fixture = *state;
    char sql[64];
    (void)changes_of(fixture, "CREATE TABLE t(a UNIQUE)");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 80; i++) {
            snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%d) ON CONFLICT DO NOTHING", i);
            assert_int_equal(changes_of(fixture, sql), round == 0);
        }
    }
    assert_int_equal(changes_of(fixture, "DELETE FROM t"), 80);
}

static void a_group_that_fails_has_not_happened(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "CREATE TABLE p(id PRIMARY KEY)"), MUSTER_OK);
    assert_int_equal(run(fixture, "CREATE TABLE c(id REFERENCES p(id) DEFERRABLE INITIALLY "
                                  "DEFERRED)"),
                     MUSTER_OK);
    assert_int_equal(run(fixture, "INSERT INTO c VALUES('nobody')"), MUSTER_IO);
    assert_int_equal(run(fixture, "INSERT INTO p VALUES('a')"), MUSTER_OK);
    assert_int_equal(changes_of(fixture, "DELETE FROM c"), 0);
    assert_int_equal(changes_of(fixture, "DELETE FROM p"), 1);
}

static void requests_are_bounded(void **state) {
    (void)state;
    static struct muster_db_value values[1000];
    static struct muster_db_statement statements[65];
    static const char *steps[257];
    static char big[(8u << 20) + 1];
    struct job *job;
    struct muster_db_request request = {.size = sizeof request, .statements = statements};
    for (int i = 0; i < 65; i++) statements[i].sql = "SELECT 1";
    for (int i = 0; i < 257; i++) steps[i] = "SELECT 1";
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_INVALID);
    request.statement_count = 65;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_LIMIT);
    request.statement_count = 64;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_OK);
    job_destroy(job);
    request.statement_count = 1;
    statements[0].param_count = 1;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job),
                     MUSTER_INVALID); /* and none of them */
    statements[0].params = values;
    statements[0].param_count = 1000;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_LIMIT);
    statements[0].param_count = 999;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_OK);
    job_destroy(job);
    values[0] = (struct muster_db_value){.type = MUSTER_DB_BLOB, .bytes = {big, sizeof big}};
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_LIMIT);
    values[0].bytes.len = sizeof big - 65536;
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_OK);
    job_destroy(job);
    values[1] = values[0]; /* each fits, their sum does not */
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_LIMIT);
    values[0] = (struct muster_db_value){.type = MUSTER_DB_TEXT, .bytes = {NULL, 1}};
    values[1] = (struct muster_db_value){.type = MUSTER_DB_NULL};
    assert_int_equal(job_create((muster_db_ticket_id){1}, &request, &job), MUSTER_INVALID);
    assert_int_equal(job_create_migration((muster_db_ticket_id){1}, "x", steps, 257, &job),
                     MUSTER_LIMIT);
    assert_int_equal(job_create_migration((muster_db_ticket_id){1}, "", steps, 1, &job),
                     MUSTER_INVALID);
    assert_int_equal(job_create_migration((muster_db_ticket_id){1}, "x", steps, 256, &job),
                     MUSTER_OK);
    assert_string_equal(job->component, "x");
    assert_int_equal(job->request.durable, 1);
    job_destroy(job);
}

static void an_old_file_is_made_private(void **state) {
    struct fixture *fixture = *state;
    char why[CONNECTION_WHY_MAX] = "";
    struct connection *connection;
    struct stat st;
    assert_int_equal(chmod(fixture->file, 0644), 0);
    assert_int_equal(connection_open(fixture->file, &limits, &connection, why), MUSTER_OK);
    connection_close(connection);
    assert_int_equal(stat(fixture->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_answer_has_its_bounds(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(run(fixture, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                  "WHERE i < 10) SELECT i FROM n"),
                     MUSTER_OK);
    assert_int_equal(run(fixture, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                  "WHERE i < 11) SELECT i FROM n"),
                     MUSTER_LIMIT);
    assert_int_equal(run(fixture, "SELECT zeroblob(65000)"), MUSTER_OK);
    assert_int_equal(run(fixture, "SELECT zeroblob(65536)"), MUSTER_LIMIT);
    assert_int_equal(run(fixture, "SELECT zeroblob(40000), zeroblob(40000)"), MUSTER_LIMIT);
    assert_int_equal(run(fixture, "SELECT 1"),
                     MUSTER_OK); /* and the next one has all of it again */
}

/* A request has its time; a migration has all that it needs. */
static void only_a_migration_takes_its_time(void **state) {
#define LONG_SQL                                                                                   \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "              \
    "SELECT count(*) FROM n"
    static const char *const steps[] = {"CREATE TABLE t AS " LONG_SQL};
    struct fixture *fixture = *state;
    struct job *job;
    assert_int_equal(run(fixture, LONG_SQL), MUSTER_OK);
    clock_step_s = 2 * NEVER_MS / 1000;
    assert_int_equal(run(fixture, LONG_SQL), MUSTER_TIMEOUT);
    assert_int_equal(job_create_migration((muster_db_ticket_id){1}, "x", steps, 1, &job),
                     MUSTER_OK);
    connection_migrate(fixture->connection, job, fixture->why);
    clock_step_s = 0;
    assert_int_equal(job->status, MUSTER_OK);
    job_destroy(job);
    assert_int_equal(run(fixture, "SELECT * FROM t"), MUSTER_OK);
}

/* ---- migrations and backups ------------------------------------------------------------------ */

static muster_status migrate(struct fixture *fixture, const char *component,
                             const char *const *steps, uint32_t count) {
    struct job *job;
    assert_int_equal(job_create_migration((muster_db_ticket_id){1}, component, steps, count, &job),
                     MUSTER_OK);
    connection_migrate(fixture->connection, job, fixture->why);
    muster_status status = job->status;
    job_destroy(job);
    return status;
}

static void open_again(struct fixture *fixture, uint32_t backups_kept) {
    char why[CONNECTION_WHY_MAX] = "";
    struct connection_limits own = limits;
    own.backups_kept = backups_kept;
    connection_close(fixture->connection);
    assert_int_equal(connection_open(fixture->file, &own, &fixture->connection, why), MUSTER_OK);
}

/* What a statement answers in a database file: its first number. */
static int64_t number_in(const char *file, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

static const char *const released[] = {"CREATE TABLE t(a)", "INSERT INTO t VALUES(1)",
                                       "INSERT INTO t VALUES(2)"};

static void a_released_step_never_changes(void **state) {
    struct fixture *fixture = *state;
    const char *const changed[] = {released[0], "INSERT INTO t VALUES(9)", released[2]};
    assert_int_equal(migrate(fixture, "c", released, 2), MUSTER_OK);
    assert_int_equal(migrate(fixture, "d", changed, 0), MUSTER_OK);
    assert_int_equal(migrate(fixture, "c", changed, 3), MUSTER_CONFLICT);
    assert_non_null(strstr(fixture->why, "step 1 is another"));
    assert_int_equal(migrate(fixture, "c", released, 1), MUSTER_STATE);
    assert_int_equal(number_in(fixture->file, "SELECT sum(a) FROM t"), 1); /* nothing was done */
    assert_int_equal(migrate(fixture, "c", released, 3), MUSTER_OK);
    assert_int_equal(number_in(fixture->file, "SELECT sum(a) FROM t"), 3);
}

/* What such a database has seen is taken for what is released, and known from then on. */
static void a_database_from_before_the_hashes(void **state) {
    struct fixture *fixture = *state;
    const char *const changed[] = {"CREATE TABLE other(a)", released[1]};
    connection_close(fixture->connection);
    fixture->connection = NULL;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE muster_migrations; CREATE TABLE muster_migrations("
                                  "component TEXT NOT NULL, step INTEGER NOT NULL,"
                                  "applied_at INTEGER NOT NULL, PRIMARY KEY(component, step));"
                                  "INSERT INTO muster_migrations VALUES('c', 0, 5);"
                                  "CREATE TABLE t(a)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    open_again(fixture, 0);
    assert_int_equal(migrate(fixture, "c", released, 2), MUSTER_OK);
    assert_int_equal(number_in(fixture->file, "SELECT count(hash) FROM muster_migrations"), 2);
    assert_int_equal(
        number_in(fixture->file, "SELECT applied_at FROM muster_migrations WHERE step = 0"), 5);
    assert_int_equal(migrate(fixture, "c", changed, 2), MUSTER_CONFLICT);
}

/* The newest name of that pattern, and how many there are. */
static size_t find_backups(const struct fixture *fixture, char *newest, size_t cap) {
    char pattern[120];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s.backup-*", fixture->file);
    newest[0] = '\0';
    if (glob(pattern, 0, NULL, &found) != 0) return 0;
    size_t count = found.gl_pathc;
    snprintf(newest, cap, "%s", found.gl_pathv[count - 1]);
    globfree(&found);
    return count;
}

static void a_backup_before_each_upgrade(void **state) {
    struct fixture *fixture = *state;
    char newest[160], name[160];
    struct stat info;
    open_again(fixture, 2);
    assert_int_equal(migrate(fixture, "c", released, 2), MUSTER_OK);
    assert_int_equal(migrate(fixture, "d", released, 0), MUSTER_OK);
    assert_int_equal(find_backups(fixture, newest, sizeof newest), 0); /* it was new */
    open_again(fixture, 2);
    assert_int_equal(migrate(fixture, "c", released, 2), MUSTER_OK);
    assert_int_equal(find_backups(fixture, newest, sizeof newest), 0); /* nothing to be done */
    for (int i = 1; i <= 3; i++) {                                     /* of earlier upgrades */
        snprintf(name, sizeof name, "%s.backup-2001010%dT000000Z", fixture->file, i);
        fclose(fopen(name, "w"));
    }
    assert_int_equal(migrate(fixture, "c", released, 3), MUSTER_OK);
    assert_int_equal(find_backups(fixture, newest, sizeof newest), 2);
    assert_int_equal(access(name, F_OK), 0); /* the newest of them */
    assert_int_equal(number_in(newest, "SELECT sum(a) FROM t"), 1);
    assert_int_equal(number_in(fixture->file, "SELECT sum(a) FROM t"), 3);
    assert_int_equal(stat(newest, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    static const char *const more[] = {"CREATE TABLE more(a)"};
    assert_int_equal(migrate(fixture, "e", more, 1), MUSTER_OK);
    assert_int_equal(find_backups(fixture, newest, sizeof newest), 2); /* one for a start */
}

static void no_upgrade_without_a_backup(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(migrate(fixture, "c", released, 2), MUSTER_OK);
    open_again(fixture, 1);
    time_t now = time(NULL);
    for (int i = 0; i < 30; i++) { /* all names that it may want are taken */
        struct tm utc;
        time_t at = now + i;
        char when[32], name[160];
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&at, &utc));
        snprintf(name, sizeof name, "%s.backup-%s", fixture->file, when);
        fclose(fopen(name, "w"));
    }
    assert_int_equal(migrate(fixture, "c", released, 3), MUSTER_EXISTS);
    assert_int_equal(number_in(fixture->file, "SELECT sum(a) FROM t"), 1);
}

static void a_backup_while_it_is_written(void **state) {
    struct fixture *fixture = *state;
    char to[100], why[BACKUP_WHY_MAX] = "";
    snprintf(to, sizeof to, "%s/copy.db", fixture->dir);
    assert_int_equal(run(fixture, "CREATE TABLE t(a)"), MUSTER_OK);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(7)"), MUSTER_OK);
    assert_int_equal(connection_begin(fixture->connection, false), MUSTER_OK); /* one is writing */
    assert_int_equal(backup_make(fixture->file, to, why), MUSTER_OK);
    assert_int_equal(connection_commit(fixture->connection), MUSTER_OK);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES(8)"), MUSTER_OK);
    assert_int_equal(number_in(to, "SELECT sum(a) FROM t"), 7);
    assert_int_equal(backup_make(fixture->file, to, why), MUSTER_EXISTS);
    assert_non_null(strstr(why, "is there already"));
    assert_int_equal(number_in(to, "SELECT sum(a) FROM t"), 7);
    snprintf(to, sizeof to, "%s/no/copy.db", fixture->dir);
    assert_int_equal(backup_make(fixture->file, to, why), MUSTER_IO);
    assert_non_null(strstr(why, "No such file"));
}

/* The next one that opens the file knows how its tables are filled. */
static void the_planner_is_told_at_the_end(void **state) {
    struct fixture *fixture = *state;
    char why[CONNECTION_WHY_MAX] = "";
    assert_int_equal(run(fixture, "CREATE TABLE t (a INTEGER, b INTEGER)"), MUSTER_OK);
    assert_int_equal(run(fixture, "CREATE INDEX t_a ON t (a)"), MUSTER_OK);
    assert_int_equal(run(fixture, "INSERT INTO t VALUES (1, 1), (2, 1), (3, 1)"), MUSTER_OK);
    assert_int_equal(run(fixture, "SELECT b FROM t WHERE a = 2"), MUSTER_OK);
    connection_close(fixture->connection);
    assert_int_equal(connection_open(fixture->file, &limits, &fixture->connection, why), 0);
    assert_int_equal(run(fixture, "INSERT INTO t SELECT 4, stat FROM sqlite_stat1"), MUSTER_OK);
    assert_int_equal(run(fixture, "CREATE TABLE u (a INTEGER CHECK (a = 4))"), MUSTER_OK);
    assert_int_equal(run(fixture, "INSERT INTO u SELECT max(a) FROM t"), MUSTER_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(upkeep_waits_for_nobody),
        TEST(only_a_migration_takes_its_time),
        TEST(requests_wait_for_a_lock),
        TEST(a_file_that_went_away_takes_nothing),
        TEST(a_log_that_went_away_takes_nothing),
        TEST(a_large_file_is_not_checked_and_says_so),
        TEST(rows_come_back_whole),
        TEST(changes_are_those_of_the_last_statement),
        TEST(many_statements_are_told_apart),
        TEST(a_group_that_fails_has_not_happened),
        TEST(requests_are_bounded),
        TEST(a_released_step_never_changes),
        TEST(a_database_from_before_the_hashes),
        TEST(a_backup_before_each_upgrade),
        TEST(no_upgrade_without_a_backup),
        TEST(a_backup_while_it_is_written),
        TEST(an_old_file_is_made_private),
        TEST(an_answer_has_its_bounds),
        TEST(the_planner_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
