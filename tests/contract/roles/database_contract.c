/* The role database: each request is answered once, in order, and is done whole or not at all. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 512

static struct {
    uint32_t asked;
    uint32_t answered;
    bool out_of_order;
    muster_status status[ASKED_MAX];
    uint32_t rows;
    int64_t first;
    int64_t changes;
} seen;

static void on_answer(void *user, muster_status status, const struct muster_db_rows *rows) {
    uint32_t number = (uint32_t)(uintptr_t)user;
    seen.out_of_order = seen.out_of_order || number != seen.answered;
    seen.status[seen.answered++ % ASKED_MAX] = status;
    assert_true(status == MUSTER_OK || !rows);
    seen.rows = rows ? rows->row_count : 0;
    seen.changes = rows ? rows->changes : 0;
    seen.first = 0;
    if (rows && rows->row_count && rows->cells[0].type == MUSTER_DB_INT)
        seen.first = rows->cells[0].integer;
}

static const struct muster_host_db *db_of(struct bench *bench) {
    return testkit_host(bench->kit)->db;
}

static muster_status submit(struct bench *bench, const char *const *sql, uint32_t count) {
    struct muster_db_statement statements[8] = {{0}};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = count, .statements = statements, .durable = 1};
    for (uint32_t i = 0; i < count; i++) statements[i].sql = sql[i];
    muster_status status = db_of(bench)->query(bench->plugin, &request, on_answer,
                                               (void *)(uintptr_t)seen.asked, NULL);
    seen.asked += status == MUSTER_OK;
    return status;
}

static muster_status run(struct bench *bench, const char *sql) {
    assert_int_equal(submit(bench, &sql, 1), MUSTER_OK);
    bench_wait_idle(bench);
    assert_int_equal(seen.answered, seen.asked);
    return seen.status[seen.answered - 1];
}

static void begin(void) {
    memset(&seen, 0, sizeof seen);
}

static void each_is_answered_once_and_in_order(void **state) {
    struct bench *bench = *state;
    static const char *const sql[] = {"INSERT INTO t VALUES (1)", "SELECT nonsense FROM nowhere",
                                      "SELECT COUNT(*) FROM t", "", "INSERT INTO t VALUES (2)"};
    begin();
    assert_int_equal(run(bench, "CREATE TABLE t (a BIGINT)"), MUSTER_OK);
    for (int i = 0; i < 200; i++) assert_int_equal(submit(bench, &sql[i % 5], 1), MUSTER_OK);
    assert_int_equal(seen.answered, 1); /* never in the call */
    bench_wait_idle(bench);
    assert_int_equal(seen.answered, seen.asked);
    assert_false(seen.out_of_order);
    for (int i = 0; i < 200; i++)
        assert_int_equal(seen.status[1 + i] == MUSTER_OK, i % 5 == 0 || i % 5 == 2 || i % 5 == 4);
    assert_int_equal(run(bench, "SELECT COUNT(*) FROM t"), MUSTER_OK);
    assert_int_equal(seen.first, 80);
}

static void a_request_is_done_whole_or_not_at_all(void **state) {
    struct bench *bench = *state;
    static const char *const good[] = {"INSERT INTO u VALUES (1)", "INSERT INTO u VALUES (2)"};
    static const char *const bad[] = {"INSERT INTO u VALUES (3)", "INSERT INTO u VALUES (1)"};
    static const char *const wrong[] = {"INSERT INTO u VALUES (4)",
                                        "INSERT INTO nowhere VALUES (1)"};
    begin();
    assert_int_equal(run(bench, "CREATE TABLE u (a BIGINT PRIMARY KEY)"), MUSTER_OK);
    assert_int_equal(submit(bench, good, 2), MUSTER_OK);
    assert_int_equal(submit(bench, bad, 2), MUSTER_OK);
    assert_int_equal(submit(bench, wrong, 2), MUSTER_OK);
    bench_wait_idle(bench);
    assert_int_equal(seen.status[1], MUSTER_OK);
    assert_int_equal(seen.status[2], MUSTER_CONFLICT);
    assert_int_not_equal(seen.status[3], MUSTER_OK);
    assert_int_equal(run(bench, "SELECT SUM(a) FROM u"), MUSTER_OK);
    assert_int_equal(seen.first, 3);
}

static void rows_and_changes_are_of_the_last_statement(void **state) {
    struct bench *bench = *state;
    static const char *const sql[] = {"INSERT INTO v VALUES (7), (8)", "UPDATE v SET a = a + 1",
                                      "DELETE FROM v WHERE a = 9"};
    static const char *const asks[] = {"SELECT 1", "SELECT 42"};
    begin();
    assert_int_equal(run(bench, "CREATE TABLE v (a BIGINT)"), MUSTER_OK);
    assert_int_equal(submit(bench, sql, 3), MUSTER_OK);
    bench_wait_idle(bench);
    assert_int_equal(seen.changes, 1);
    assert_int_equal(submit(bench, asks, 2), MUSTER_OK);
    bench_wait_idle(bench);
    assert_int_equal(seen.rows, 1);
    assert_int_equal(seen.first, 42);
}

/* One statement that demands a number of changes, or has flags. */
static muster_status run_as(struct bench *bench, const char *sql, uint32_t changes,
                            uint32_t flags) {
    const struct muster_db_statement statements[] = {{"INSERT INTO d VALUES (9)", NULL, 0, 0},
                                                     {sql, NULL, 0, changes}};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = flags ? 1 : 2,
                                              .statements = flags ? &statements[1] : statements,
                                              .flags = flags};
    assert_int_equal(db_of(bench)->query(bench->plugin, &request, on_answer,
                                         (void *)(uintptr_t)seen.asked, NULL),
                     MUSTER_OK);
    seen.asked++;
    bench_wait_idle(bench);
    return seen.status[seen.answered - 1];
}

static void what_changes_another_number_of_rows_is_undone(void **state) {
    struct bench *bench = *state;
    begin();
    assert_int_equal(run(bench, "CREATE TABLE d (a BIGINT)"), MUSTER_OK);
    assert_int_equal(run(bench, "INSERT INTO d VALUES (1), (2)"), MUSTER_OK);
    assert_int_equal(run_as(bench, "UPDATE d SET a = 5 WHERE a < 3", 1, 0), MUSTER_CONFLICT);
    assert_int_equal(run_as(bench, "DELETE FROM d WHERE a = 7", 1, 0), MUSTER_CONFLICT);
    assert_int_equal(run_as(bench, "SELECT 1", 1, 0), MUSTER_CONFLICT);
    assert_int_equal(run(bench, "SELECT SUM(a) FROM d"), MUSTER_OK);
    assert_int_equal(seen.first, 3);
    assert_int_equal(run_as(bench, "UPDATE d SET a = 5 WHERE a < 3", 2, 0), MUSTER_OK);
    assert_int_equal(run(bench, "SELECT SUM(a) FROM d"), MUSTER_OK);
    assert_int_equal(seen.first, 19);
}

static void what_is_read_only_changes_nothing(void **state) {
    struct bench *bench = *state;
    static const uint32_t flags[] = {MUSTER_DB_READ_ONLY,
                                     MUSTER_DB_READ_ONLY | MUSTER_DB_UNORDERED};
    static const char *const writes[] = {"INSERT INTO r VALUES (2)", "UPDATE r SET a = 2",
                                         "DELETE FROM r", "DROP TABLE r",
                                         "INSERT INTO r VALUES (2) RETURNING a"};
    begin();
    assert_int_equal(run(bench, "CREATE TABLE r (a BIGINT)"), MUSTER_OK);
    assert_int_equal(run(bench, "INSERT INTO r VALUES (1)"), MUSTER_OK);
    for (int f = 0; f < 2; f++) {
        for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
            assert_int_equal(run_as(bench, writes[i], 0, flags[f]), MUSTER_DENIED);
        assert_int_equal(run_as(bench, "SELECT a FROM r", 0, flags[f]), MUSTER_OK);
        assert_int_equal(seen.first, 1);
    }
    assert_int_equal(run_as(bench, "INSERT INTO r VALUES (3)", 0, MUSTER_DB_UNORDERED), MUSTER_OK);
    assert_int_equal(run(bench, "SELECT COUNT(*) FROM r"), MUSTER_OK);
    assert_int_equal(seen.first, 2);
}

/* Also when it only reads. */
static void what_is_ordered_sees_all_that_was_asked_before(void **state) {
    struct bench *bench = *state;
    static const char *const sql[] = {"INSERT INTO o VALUES (1)"};
    const struct muster_db_statement count = {.sql = "SELECT COUNT(*) FROM o"};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = 1,
                                              .statements = &count,
                                              .flags = MUSTER_DB_READ_ONLY};
    begin();
    assert_int_equal(run(bench, "CREATE TABLE o (a BIGINT)"), MUSTER_OK);
    for (int i = 0; i < 100; i++) assert_int_equal(submit(bench, sql, 1), MUSTER_OK);
    assert_int_equal(db_of(bench)->query(bench->plugin, &request, on_answer,
                                         (void *)(uintptr_t)seen.asked++, NULL),
                     MUSTER_OK);
    bench_wait_idle(bench);
    assert_int_equal(seen.answered, seen.asked);
    assert_int_equal(seen.first, 100);
    assert_false(seen.out_of_order);
}

static void values_are_values_and_never_sql(void **state) {
    struct bench *bench = *state;
    static const char nasty[] = "'); DROP TABLE w; --";
    const struct muster_db_value values[] = {
        {.type = MUSTER_DB_TEXT, .bytes = {nasty, sizeof nasty - 1}},
        {.type = MUSTER_DB_INT, .integer = INT64_MIN}};
    const struct muster_db_statement statement = {"INSERT INTO w VALUES ($2, $1)", values, 2, 0};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    begin();
    assert_int_equal(run(bench, "CREATE TABLE w (a BIGINT, b TEXT)"), MUSTER_OK);
    assert_int_equal(db_of(bench)->query(bench->plugin, &request, on_answer, (void *)1, NULL),
                     MUSTER_OK);
    seen.asked++;
    assert_int_equal(run(bench, "SELECT a FROM w WHERE length(b) = 20"), MUSTER_OK);
    assert_true(seen.first == INT64_MIN);
}

static void a_step_of_a_migration_is_done_once(void **state) {
    struct bench *bench = *state;
    static const char *const steps[] = {"CREATE TABLE m (a BIGINT)", "INSERT INTO m VALUES (1)",
                                        "INSERT INTO m VALUES (10)"};
    static const char *const broken[] = {"CREATE TABLE n (a BIGINT)", "NONSENSE"};
    begin();
    for (uint32_t count = 1; count <= 3; count++) {
        for (int again = 0; again < 2; again++, seen.asked++)
            assert_int_equal(db_of(bench)->migrate(bench->plugin, NULL, "contract", steps, count,
                                                   on_answer, (void *)(uintptr_t)seen.asked, NULL),
                             MUSTER_OK);
        bench_wait_idle(bench);
        assert_int_equal(seen.status[seen.answered - 1], MUSTER_OK);
    }
    assert_int_equal(run(bench, "SELECT SUM(a) FROM m"), MUSTER_OK);
    assert_int_equal(seen.first, 11);
    assert_int_equal(db_of(bench)->migrate(bench->plugin, NULL, "broken", broken, 2, on_answer,
                                           (void *)(uintptr_t)seen.asked++, NULL),
                     MUSTER_OK);
    bench_wait_idle(bench);
    assert_int_not_equal(seen.status[seen.answered - 1], MUSTER_OK);
    assert_int_equal(run(bench, "SELECT COUNT(*) FROM n"), MUSTER_OK); /* the step before stands */
    assert_false(seen.out_of_order);
}

static void what_is_asked_when_it_stops_is_answered(void **state) {
    struct bench *bench = *state;
    static const char *const sql[] = {"SELECT 1"};
    begin();
    for (int i = 0; i < 100; i++) assert_int_equal(submit(bench, sql, 1), MUSTER_OK);
    assert_int_equal(testkit_stop(bench->plugin), 0);
    bench_wait_idle(bench);
    assert_int_equal(seen.answered, 100);
    assert_false(seen.out_of_order);
}

int main(void) {
    static const struct contract_test tests[] = {
        {"each is answered once and in order", each_is_answered_once_and_in_order},
        {"a request is done whole or not at all", a_request_is_done_whole_or_not_at_all},
        {"rows and changes are of the last statement", rows_and_changes_are_of_the_last_statement},
        {"what changes another number of rows is undone",
         what_changes_another_number_of_rows_is_undone},
        {"what is read only changes nothing", what_is_read_only_changes_nothing},
        {"what is ordered sees all that was asked before",
         what_is_ordered_sees_all_that_was_asked_before},
        {"values are values and never SQL", values_are_values_and_never_sql},
        {"a step of a migration is done once", a_step_of_a_migration_is_done_once},
        {"what is asked when it stops is answered", what_is_asked_when_it_stops_is_answered},
    };
    return contract_run(MUSTER_ROLE_DATABASE, tests, sizeof tests / sizeof tests[0]);
}
