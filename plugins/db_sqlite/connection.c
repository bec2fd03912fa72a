/* connection - opening with the settings that matter, requests in savepoints, a statement cache. */
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "connection_internal.h"

#define SQL_BYTES_MAX 65536
#define FOLDER_BYTES_MAX 4096
#define URI_BYTES_MAX (3 * FOLDER_BYTES_MAX)
#define PROGRESS_OPS 10000 /* virtual machine steps between two looks at the clock */

static const char *const control_sql[CONTROL_COUNT] = {
    "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT one", "RELEASE one", "ROLLBACK TO one",
};

static const char *const suffixes[FILES] = {"", "-wal", "-shm"};

static uint64_t now_ms(void) {
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

/* Requests share one connection and one transaction: what would reach beyond a request is denied.
 */
static int authorize(void *user, int action, const char *a, const char *b, const char *c,
                     const char *d) {
    const struct connection *connection = user;
    (void)a, (void)b, (void)c, (void)d;
    if (!connection->guarded) return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA: return SQLITE_DENY;
    default: return SQLITE_OK;
    }
}

static int progress(void *user) {
    const struct connection *connection = user;
    return connection->guarded && now_ms() > connection->deadline_ms;
}

static void guard(struct connection *connection, bool on) {
    connection->guarded = on;
    connection->deadline_ms = now_ms() + connection->limits.statement_ms_max;
}

const char *connection_error(const struct connection *connection) {
    if (connection->lost) return connection->lost;
    return sqlite3_errmsg(connection->db);
}

/* ---- opening ------------------------------------------------------------------------------ */

/* The file belongs to this account alone; SQLite gives its -wal and -shm the same mode. */
static muster_status secure_file(struct connection *connection, const char *file, uint64_t *bytes,
                                 char *why) {
    struct stat info;
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &info) != 0 || (info.st_mode & 0077 && fchmod(fd, 0600) != 0)) {
        snprintf(why, CONNECTION_WHY_MAX, "cannot open %s for reading and writing: %s", file,
                 strerror(errno));
        if (fd >= 0) close(fd);
        return MUSTER_IO;
    }
    *bytes = (uint64_t)info.st_size;
    close(fd);
    connection->file = strdup(file);
    return connection->file ? MUSTER_OK : MUSTER_NO_MEMORY;
}

/* First column of the first row of a statement of ours. */
static int query_text(sqlite3 *db, const char *sql, char *out, size_t cap) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    out[0] = '\0';
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        snprintf(out, cap, "%s", text ? (const char *)text : "");
    }
    int final = sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : (final ? final : code);
}

static void harden(struct connection *connection) {
    sqlite3 *db = connection->db;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, (int)connection->limits.busy_timeout_ms);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, (int *)NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)NULL);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, JOB_BYTES_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_set_authorizer(db, authorize, connection);
    sqlite3_progress_handler(db, PROGRESS_OPS, progress, connection);
}

/* What has been migrated has a hash since a later version. Also: has anything been? */
static int add_hashes(struct connection *connection) {
    char text[32];
    int code = query_text(connection->db,
                          "SELECT count(*) FROM pragma_table_info('muster_migrations')"
                          " WHERE name = 'hash'",
                          text, sizeof text);
    if (code == SQLITE_OK && strcmp(text, "0") == 0)
        code = sqlite3_exec(connection->db, "ALTER TABLE muster_migrations ADD COLUMN hash TEXT",
                            NULL, NULL, NULL);
    if (code != SQLITE_OK) return code;
    code = query_text(connection->db, "SELECT count(*) FROM muster_migrations", text, sizeof text);
    connection->is_new = strcmp(text, "0") == 0;
    return code;
}

static muster_status configure(struct connection *connection, bool in_memory, char *why) {
    static const char setup[] =
        "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=16777216;"
        "CREATE TABLE IF NOT EXISTS muster_migrations("
        "component TEXT NOT NULL, step INTEGER NOT NULL, applied_at INTEGER NOT NULL,"
        "hash TEXT, PRIMARY KEY(component, step))";
    char mode[32];
    sqlite3 *db = connection->db;
    int code = query_text(db, "PRAGMA journal_mode=WAL", mode, sizeof mode);
    if (code == SQLITE_OK) code = sqlite3_exec(db, setup, NULL, NULL, NULL);
    if (code == SQLITE_OK) code = add_hashes(connection);
    if (code != SQLITE_OK) {
        snprintf(why, CONNECTION_WHY_MAX, "is not a usable database: %s", sqlite3_errmsg(db));
        return connection_status(code) == MUSTER_OK ? MUSTER_IO : connection_status(code);
    }
    if (in_memory || strcmp(mode, "wal") == 0) return MUSTER_OK;
    snprintf(why, CONNECTION_WHY_MAX,
             "cannot keep a write-ahead log, found journal mode \"%s\": "
             "the file must lie on a local disk",
             mode);
    return MUSTER_UNSUPPORTED;
}

/* As an URI; immutable: no lock, no -wal file. */
static int open_untouched(const char *file, sqlite3 **db) {
    static const char hex[] = "0123456789ABCDEF";
    char uri[URI_BYTES_MAX] = "file:";
    size_t len = strlen(uri);
    for (const char *at = file; *at && len < sizeof uri - 32; at++) {
        bool is_mark = strchr("?#%", *at) != NULL;
        uri[len++] = is_mark ? '%' : *at;
        if (is_mark) uri[len++] = hex[*at >> 4];
        if (is_mark) uri[len++] = hex[*at & 15];
    }
    snprintf(uri + len, sizeof uri - len, "?immutable=1");
    return sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

static muster_status cannot_open(const char *file, char *why) {
    snprintf(why, CONNECTION_WHY_MAX, "cannot open %.300s for reading and writing: %s", file,
             strerror(errno));
    return MUSTER_IO;
}

muster_status connection_look(const char *file, char *why) {
    char folder[FOLDER_BYTES_MAX] = ".", text[32];
    const char *slash = strrchr(file, '/');
    sqlite3 *db = NULL;
    if (strcmp(file, ":memory:") == 0) return MUSTER_OK;
    if (slash) snprintf(folder, sizeof folder, "%.*s/", (int)(slash - file), file);
    bool exists = access(file, F_OK) == 0;
    if (access(exists ? file : folder, R_OK | W_OK) != 0) return cannot_open(file, why);
    if (!exists) return MUSTER_OK;
    int code = open_untouched(file, &db);
    if (code == SQLITE_OK) code = query_text(db, "PRAGMA schema_version", text, sizeof text);
    if (code != SQLITE_OK)
        snprintf(why, CONNECTION_WHY_MAX, "%.180s is not a usable database: %s", file,
                 sqlite3_errstr(code));
    sqlite3_close(db);
    return code == SQLITE_OK ? MUSTER_OK : MUSTER_INVALID;
}

static muster_status check_content(struct connection *connection, uint64_t bytes, char *why) {
    char result[200];
    connection->is_unchecked = bytes > connection->limits.check_bytes_max;
    if (connection->is_unchecked) return MUSTER_OK;
    int code = query_text(connection->db, "PRAGMA quick_check(1)", result, sizeof result);
    if (code == SQLITE_OK && strcmp(result, "ok") == 0) return MUSTER_OK;
    snprintf(why, CONNECTION_WHY_MAX, "is damaged: %.150s; restore it from a backup",
             code == SQLITE_OK ? result : sqlite3_errmsg(connection->db));
    return MUSTER_IO;
}

static muster_status prepare_control(struct connection *connection) {
    for (uint32_t i = 0; i < CONTROL_COUNT; i++) {
        int code = sqlite3_prepare_v3(connection->db, control_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &connection->control[i], NULL);
        if (code != SQLITE_OK) return connection_status(code);
    }
    return MUSTER_OK;
}

static const char lost_file[] =
    "the database file was moved, removed or replaced while the server runs: put it back, or "
    "restart the server to use what is there now";
static const char lost_log[] =
    "the -wal or -shm file beside the database was moved, removed or replaced while the server "
    "runs: put it back, or restart the server, which keeps what is written so far";

/* All zero: it is not there. */
static struct identity identify(const struct connection *connection, const char *suffix) {
    char path[FOLDER_BYTES_MAX + 8];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", connection->file, suffix);
    if (stat(path, &info) != 0) return (struct identity){0};
    return (struct identity){info.st_dev, info.st_ino};
}

static void remember_files(struct connection *connection) {
    for (int i = 0; connection->file && i < FILES; i++)
        connection->identities[i] = identify(connection, suffixes[i]);
}

static muster_status open_checked(struct connection *connection, const char *file, char *why) {
    bool in_memory = strcmp(file, ":memory:") == 0;
    uint64_t bytes = 0;
    muster_status status = in_memory ? MUSTER_OK : secure_file(connection, file, &bytes, why);
    if (status != MUSTER_OK) return status;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(file, &connection->db, flags, NULL);
    if (code != SQLITE_OK) {
        snprintf(why, CONNECTION_WHY_MAX, "%s: %s", file, sqlite3_errstr(code));
        return MUSTER_IO;
    }
    harden(connection);
    char reason[CONNECTION_WHY_MAX] = "";
    status = configure(connection, in_memory, reason);
    if (status == MUSTER_OK) status = check_content(connection, bytes, reason);
    if (status == MUSTER_OK) status = prepare_control(connection);
    if (status == MUSTER_OK) remember_files(connection);
    if (status != MUSTER_OK) snprintf(why, CONNECTION_WHY_MAX, "%.180s %.300s", file, reason);
    return status;
}

muster_status connection_open(const char *file, const struct connection_limits *limits,
                              struct connection **out, char *why) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) return MUSTER_NO_MEMORY;
    connection->limits = *limits;
    connection->scratch.rows_max = limits->rows_max;
    connection->scratch.bytes_max = limits->answer_bytes_max;
    muster_status status = open_checked(connection, file, why);
    if (status != MUSTER_OK) {
        connection_close(connection);
        return status;
    }
    *out = connection;
    return MUSTER_OK;
}

bool connection_was_checked(const struct connection *connection) {
    return !connection->is_unchecked;
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
    optimize(connection);
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

bool connection_is_there(struct connection *connection) {
    connection->lost = NULL;
    for (int i = 0; connection->file && i < FILES && !connection->lost; i++) {
        const struct identity now = identify(connection, suffixes[i]);
        const struct identity *then = &connection->identities[i];
        if (now.inode != then->inode || now.device != then->device)
            connection->lost = i == 0 ? lost_file : lost_log;
    }
    return !connection->lost;
}

muster_status connection_begin(struct connection *connection, bool durable) {
    if (!connection_is_there(connection)) return MUSTER_IO;
    int code = set_durable(connection, durable);
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

static muster_status run_statement(struct connection *connection,
                                   const struct muster_db_statement *from, struct answer **out) {
    sqlite3_stmt *statement = NULL;
    muster_status status = prepare(connection, from->sql, &statement);
    if (status != MUSTER_OK) return status;
    answer_reset(&connection->scratch);
    status = bind(statement, from);
    if (status == MUSTER_OK) status = step_all(connection, statement, out != NULL);
    if (status == MUSTER_OK && out) {
        int64_t changes = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(connection->db);
        status = answer_pack(&connection->scratch, statement, changes, out);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

void connection_run(struct connection *connection, struct job *job) {
    uint32_t count = job->request.statement_count;
    muster_status status = connection_status(run_control(connection, CONTROL_SAVEPOINT));
    guard(connection, true);
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

bool connection_checkpoint(struct connection *connection) {
    sqlite3_busy_timeout(connection->db, 0); /* requests may come meanwhile */
    int code =
        sqlite3_wal_checkpoint_v2(connection->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(connection->db, (int)connection->limits.busy_timeout_ms);
    return code == SQLITE_OK;
}
