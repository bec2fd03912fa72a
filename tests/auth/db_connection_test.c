/* The connection of db_sqlite: upkeep that waits for nobody, and a file that goes away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connection.h"

#define NEVER_MS 3600000 /* who waits for a lock waits until the test is ended */

struct fixture {
    char dir[64];
    char file[80];
    char away[80];
    struct connection *connection;
};

static const struct connection_limits limits = {.rows_max = 10,
                                                .answer_bytes_max = 65536,
                                                .busy_timeout_ms = NEVER_MS,
                                                .statement_ms_max = NEVER_MS,
                                                .check_bytes_max = 1u << 20};

static int start(void **state) {
    char why[CONNECTION_WHY_MAX] = "";
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->dir, "/tmp/muster-db-XXXXXX");
    if (!mkdtemp(fixture->dir)) return -1;
    snprintf(fixture->file, sizeof fixture->file, "%s/a.db", fixture->dir);
    snprintf(fixture->away, sizeof fixture->away, "%s/away.db", fixture->dir);
    *state = fixture;
    return connection_open(fixture->file, &limits, &fixture->connection, why) ? -1 : 0;
}

static int stop(void **state) {
    struct fixture *fixture = *state;
    char command[100];
    connection_close(fixture->connection);
    snprintf(command, sizeof command, "rm -rf %s", fixture->dir);
    free(fixture);
    return system(command) == 0 ? 0 : -1;
}

static muster_status run(struct fixture *fixture, const char *sql) {
    const struct muster_db_statement statement = {.sql = sql};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    struct job *job;
    assert_int_equal(job_create(1, &request, &job), MUSTER_OK);
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

static void a_large_file_is_not_checked_and_says_so(void **state) {
    struct fixture *fixture = *state;
    char why[CONNECTION_WHY_MAX] = "";
    struct connection *connection;
    struct connection_limits none = limits;
    assert_true(connection_was_checked(fixture->connection));
    none.check_bytes_max = 0;
    assert_int_equal(connection_open(fixture->file, &none, &connection, why), MUSTER_OK);
    assert_false(connection_was_checked(connection));
    connection_close(connection);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(upkeep_waits_for_nobody),
        TEST(requests_wait_for_a_lock),
        TEST(a_file_that_went_away_takes_nothing),
        TEST(a_large_file_is_not_checked_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
