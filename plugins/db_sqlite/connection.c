/* connection - requests in savepoints, groups of them in transactions, a statement cache. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "connection_internal.h"

uint64_t connection_clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

muster_status connection_status(int code) {
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return MUSTER_OK;
    case SQLITE_CONSTRAINT: return MUSTER_CONFLICT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return MUSTER_UNAVAILABLE;
    case SQLITE_NOMEM: return MUSTER_NO_MEMORY;
    case SQLITE_INTERRUPT: return MUSTER_TIMEOUT;
    case SQLITE_TOOBIG: return MUSTER_LIMIT;
    case SQLITE_AUTH: return MUSTER_DENIED;
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE: return MUSTER_INVALID;
    default: return MUSTER_IO;
    }
}

static void guard(struct connection *connection, bool on) {
    connection->guarded = on;
    connection->deadline_ms = connection_clock_ms() + connection->limits.statement_ms_max;
}

const char *connection_error(const struct connection *connection) {
    if (connection->lost) return connection->lost;
    return sqlite3_errmsg(connection->db);
}

/* The planner's figures, where they have changed much (sqlite.org/lang_analyze.html): bounded, and
 * left for the next time when somebody else writes. */
static void optimize(struct connection *connection) {
    connection->guarded = false;
    sqlite3_busy_timeout(connection->db, 0);
    (void)sqlite3_exec(connection->db, "PRAGMA analysis_limit = 400; PRAGMA optimize", NULL, NULL,
                       NULL);
}

void connection_close(struct connection *connection) {
    if (!connection) return;
    for (uint32_t i = 0; i < CONTROL_COUNT; i++) sqlite3_finalize(connection->control[i]);
    for (uint32_t i = 0; i < CACHE_MAX; i++) {
        sqlite3_finalize(connection->cache[i].statement);
        free(connection->cache[i].sql);
    }
    answer_deinit(&connection->scratch);
    if (!connection->is_reader) optimize(connection);
    sqlite3_close(connection->db);
    free(connection->file);
    free(connection);
}

/* ---- groups ------------------------------------------------------------------------------- */

static int run_control(struct connection *connection, enum control which) {
    sqlite3_stmt *statement = connection->control[which];
    connection->guarded = false;
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Cannot be changed inside a transaction, so it is set for the group. */
static int set_durable(struct connection *connection, bool durable) {
    if (connection->durable == durable) return SQLITE_OK;
    connection->guarded = false;
    const char *sql = durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    if (code == SQLITE_OK) connection->durable = durable;
    return code;
}

void connection_rollback(struct connection *connection) {
    if (!sqlite3_get_autocommit(connection->db)) (void)run_control(connection, CONTROL_ROLLBACK);
}

muster_status connection_begin(struct connection *connection, bool durable) {
    if (!connection_is_there(connection)) return MUSTER_IO;
    int code = set_durable(connection, durable);
    connection->changes = sqlite3_total_changes(connection->db);
    return connection_status(code == SQLITE_OK ? run_control(connection, CONTROL_BEGIN) : code);
}

muster_status connection_commit(struct connection *connection) {
    /* A full disk makes SQLite roll the whole transaction back by itself. */
    if (sqlite3_get_autocommit(connection->db)) return MUSTER_IO;
    int code = run_control(connection, CONTROL_COMMIT);
    if (code != SQLITE_OK) connection_rollback(connection);
    return connection_status(code);
}

/* ---- requests ----------------------------------------------------------------------------- */

static struct cached *cache_slot(struct connection *connection, const char *sql) {
    struct cached *oldest = &connection->cache[0];
    for (uint32_t i = 0; i < CACHE_MAX; i++) {
        struct cached *slot = &connection->cache[i];
        if (slot->sql && strcmp(slot->sql, sql) == 0) return slot;
        if (slot->used_at < oldest->used_at) oldest = slot;
    }
    sqlite3_finalize(oldest->statement);
    free(oldest->sql);
    memset(oldest, 0, sizeof *oldest);
    return oldest;
}

static muster_status prepare(struct connection *connection, const char *sql, sqlite3_stmt **out) {
    const char *tail = NULL;
    struct cached *slot = cache_slot(connection, sql);
    slot->used_at = ++connection->uses;
    *out = slot->statement;
    if (slot->statement) return MUSTER_OK;
    slot->sql = strdup(sql);
    if (!slot->sql) return MUSTER_NO_MEMORY;
    int code = sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &slot->statement, &tail);
    bool whole = code == SQLITE_OK && slot->statement && tail[strspn(tail, " \t\r\n;")] == '\0';
    if (!whole) {
        sqlite3_finalize(slot->statement);
        free(slot->sql);
        memset(slot, 0, sizeof *slot);
        return code == SQLITE_OK ? MUSTER_INVALID : connection_status(code);
    }
    *out = slot->statement;
    return MUSTER_OK;
}

static int bind_value(sqlite3_stmt *statement, int index, const struct muster_db_value *value) {
    /* A null pointer would bind NULL instead of an empty text. */
    const char *data = value->bytes.len ? value->bytes.data : "";
    switch (value->type) {
    case MUSTER_DB_INT: return sqlite3_bind_int64(statement, index, value->integer);
    case MUSTER_DB_REAL: return sqlite3_bind_double(statement, index, value->real);
    case MUSTER_DB_TEXT:
        return sqlite3_bind_text64(statement, index, data, value->bytes.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case MUSTER_DB_BLOB:
        return sqlite3_bind_blob64(statement, index, data, value->bytes.len, SQLITE_STATIC);
    default: return sqlite3_bind_null(statement, index);
    }
}

/* Number of "$7", or 0 for any other name. */
static uint32_t placeholder_number(const char *name) {
    char *end = NULL;
    if (!name || name[0] != '$' || name[1] < '1' || name[1] > '9') return 0;
    unsigned long number = strtoul(name + 1, &end, 10);
    return *end == '\0' && number <= JOB_PARAMS_MAX ? (uint32_t)number : 0;
}

static muster_status bind(sqlite3_stmt *statement, const struct muster_db_statement *from) {
    int count = sqlite3_bind_parameter_count(statement);
    if ((uint32_t)count != from->param_count) return MUSTER_INVALID;
    for (int i = 1; i <= count; i++) {
        uint32_t number = placeholder_number(sqlite3_bind_parameter_name(statement, i));
        if (number == 0 || number > from->param_count) return MUSTER_INVALID;
        int code = bind_value(statement, i, &from->params[number - 1]);
        if (code != SQLITE_OK) return connection_status(code);
    }
    return MUSTER_OK;
}

/* Steps to the end; the rows of the last statement are kept. */
static muster_status step_all(struct connection *connection, sqlite3_stmt *statement, bool keep) {
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!keep) continue;
        muster_status status = answer_add_row(&connection->scratch, statement);
        if (status != MUSTER_OK) return status;
    }
    return connection_status(code);
}

static muster_status run_prepared(struct connection *connection, sqlite3_stmt *statement,
                                  const struct muster_db_statement *from, struct answer **out) {
    bool reads = sqlite3_stmt_readonly(statement);
    if (connection->may_only_read && !reads) return MUSTER_DENIED;
    answer_reset(&connection->scratch);
    muster_status status = bind(statement, from);
    if (status == MUSTER_OK) status = step_all(connection, statement, out != NULL);
    if (status != MUSTER_OK) return status;
    int64_t changes = reads ? 0 : sqlite3_changes64(connection->db);
    if (from->changes && changes != from->changes) return MUSTER_CONFLICT;
    return out ? answer_pack(&connection->scratch, statement, changes, out) : MUSTER_OK;
}

static muster_status run_statement(struct connection *connection,
                                   const struct muster_db_statement *from, struct answer **out) {
    sqlite3_stmt *statement = NULL;
    muster_status status = prepare(connection, from->sql, &statement);
    if (status != MUSTER_OK) return status;
    status = run_prepared(connection, statement, from, out);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

void connection_run(struct connection *connection, struct job *job) {
    uint32_t count = job->request.statement_count;
    muster_status status = connection_status(run_control(connection, CONTROL_SAVEPOINT));
    guard(connection, true);
    connection->may_only_read = job->request.flags & MUSTER_DB_READ_ONLY;
    for (uint32_t i = 0; i < count && status == MUSTER_OK; i++)
        status = run_statement(connection, &job->request.statements[i],
                               i + 1 == count ? &job->answer : NULL);
    connection->guarded = false;
    job->status = status;
    if (sqlite3_get_autocommit(connection->db)) return; /* all undone; the commit will tell */
    if (status != MUSTER_OK) (void)run_control(connection, CONTROL_UNDO);
    (void)run_control(connection, CONTROL_RELEASE);
}

/* ---- upkeep -------------------------------------------------------------------------------- */

void connection_interrupt(struct connection *connection) {
    atomic_store(&connection->is_interrupted, true);
}

bool connection_is_undone(const struct connection *connection) {
    return sqlite3_get_autocommit(connection->db) != 0;
}

bool connection_has_written(const struct connection *connection) {
    return sqlite3_total_changes(connection->db) != connection->changes;
}

bool connection_checkpoint(struct connection *connection) {
    sqlite3_busy_timeout(connection->db, 0); /* requests may come meanwhile */
    int code =
        sqlite3_wal_checkpoint_v2(connection->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(connection->db, (int)connection->limits.busy_timeout_ms);
    return code == SQLITE_OK;
}
