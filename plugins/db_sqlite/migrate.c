/* migrate - the schema of each component, step by step. Which steps a database has seen is known by
 * their hashes: a step that was released is never another one. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backup.h"
#include "connection_internal.h"

_Static_assert(BACKUP_WHY_MAX == CONNECTION_WHY_MAX, "one buffer holds what either says");

enum { HASH_BYTES = 16, HASH_TEXT_BYTES = 2 * HASH_BYTES + 1 };

static const char done_sql[] =
    "SELECT hash FROM muster_migrations WHERE component=?1 ORDER BY step";
static const char mark_sql[] =
    "INSERT INTO muster_migrations(component, step, applied_at, hash) VALUES(?1, ?2, ?3, ?4)";
/* A database from before there were hashes: what it has seen is what is released now. */
static const char name_sql[] =
    "UPDATE muster_migrations SET hash=?4 WHERE component=?1 AND step=?2 AND hash IS NULL";

static void hash_step(const char *sql, char out[HASH_TEXT_BYTES]) {
    unsigned char hash[HASH_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)sql, strlen(sql), NULL, 0);
    sodium_bin2hex(out, HASH_TEXT_BYTES, hash, sizeof hash);
}

/* Runs mark_sql or name_sql. */
static muster_status note_step(struct connection *connection, const char *note_sql,
                               const char *component, uint32_t step, const char *sql) {
    char hash[HASH_TEXT_BYTES];
    sqlite3_stmt *statement = NULL;
    hash_step(sql, hash);
    int code = sqlite3_prepare_v2(connection->db, note_sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, component, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, step);
        sqlite3_bind_text(statement, 4, hash, -1, SQLITE_STATIC);
        if (note_sql == mark_sql) sqlite3_bind_int64(statement, 3, (int64_t)time(NULL));
        code = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return connection_status(code);
}

static muster_status run_step(struct connection *connection, const char *component, uint32_t step,
                              const char *sql) {
    muster_status status = connection_begin(connection, true);
    if (status != MUSTER_OK) return status;
    connection->guarded = true;
    connection->deadline_ms = UINT64_MAX; /* a migration may take its time */
    status = connection_status(sqlite3_exec(connection->db, sql, NULL, NULL, NULL));
    connection->guarded = false;
    if (status == MUSTER_OK) status = note_step(connection, mark_sql, component, step, sql);
    if (status == MUSTER_OK) return connection_commit(connection);
    connection_rollback(connection);
    return status;
}

/* ---- what it has seen ------------------------------------------------------------------------ */

static muster_status refuse_change(uint32_t step, char *why) {
    snprintf(why, CONNECTION_WHY_MAX,
             "step %u is another than the one that this database has seen: it was written by a "
             "changed version, or by another program; start that one, or restore a backup",
             step);
    return MUSTER_CONFLICT;
}

/* Of a step that it has seen; the row stands on its hash. */
static muster_status check_step(struct connection *connection, sqlite3_stmt *row,
                                const struct job *job, uint32_t step, char *why) {
    char hash[HASH_TEXT_BYTES];
    const char *sql = job->request.statements[step].sql;
    const char *seen = (const char *)sqlite3_column_text(row, 0);
    if (!seen) return note_step(connection, name_sql, job->component, step, sql);
    hash_step(sql, hash);
    return strcmp(seen, hash) == 0 ? MUSTER_OK : refuse_change(step, why);
}

static muster_status refuse_newer(char *why) {
    snprintf(why, CONNECTION_WHY_MAX,
             "the database was written by a newer version: start that one, or restore a backup");
    return MUSTER_STATE;
}

static muster_status check_steps(struct connection *connection, const struct job *job,
                                 uint32_t *done, char *why) {
    sqlite3_stmt *row = NULL;
    muster_status status = MUSTER_OK;
    int code = sqlite3_prepare_v2(connection->db, done_sql, -1, &row, NULL);
    if (code == SQLITE_OK) sqlite3_bind_text(row, 1, job->component, -1, SQLITE_STATIC);
    for (*done = 0; code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW; ++*done) {
        code = SQLITE_OK;
        if (*done == job->request.statement_count) status = refuse_newer(why);
        if (status == MUSTER_OK) status = check_step(connection, row, job, *done, why);
        if (status != MUSTER_OK) break;
    }
    sqlite3_finalize(row);
    return status != MUSTER_OK ? status : connection_status(code);
}

/* Of a database that holds something, once at a start: before anything of it is changed. */
static muster_status back_up(struct connection *connection, char *why) {
    if (connection->is_backed_up || connection->is_new || !connection->file) return MUSTER_OK;
    muster_status status =
        backup_before_migration(connection->file, connection->limits.backups_kept, why);
    connection->is_backed_up = status == MUSTER_OK;
    return status;
}

void connection_migrate(struct connection *connection, struct job *job, char *why) {
    uint32_t done = 0, count = job->request.statement_count;
    why[0] = '\0';
    job->status = check_steps(connection, job, &done, why);
    if (job->status == MUSTER_OK && done < count) job->status = back_up(connection, why);
    for (uint32_t i = done; i < count && job->status == MUSTER_OK; i++)
        job->status = run_step(connection, job->component, i, job->request.statements[i].sql);
    if (job->status != MUSTER_OK && !why[0])
        snprintf(why, CONNECTION_WHY_MAX, "%s", connection_error(connection));
}
