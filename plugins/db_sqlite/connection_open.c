/* connection_open - a file opened with the settings that matter and checked, to write or to read;
 * and whether it is still where it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection_internal.h"

#define SQL_BYTES_MAX 65536
#define FOLDER_BYTES_MAX 4096
#define URI_BYTES_MAX (3 * FOLDER_BYTES_MAX)
#define PROGRESS_OPS 10000 /* virtual machine steps between two looks at the clock */

static const char *const control_sql[CONTROL_COUNT] = {
    "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT one", "RELEASE one", "ROLLBACK TO one",
};

static const char *const suffixes[FILES] = {"", "-wal", "-shm"};

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
    return connection->guarded && (atomic_load(&connection->is_interrupted) ||
                                   connection_clock_ms() > connection->deadline_ms);
}

/* The file belongs to this account alone; SQLite gives its -wal and -shm the same mode. */
static muster_status secure_file(struct connection *connection, const char *file, char *why) {
    struct stat info;
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &info) != 0 || (info.st_mode & 0077 && fchmod(fd, 0600) != 0)) {
        snprintf(why, CONNECTION_WHY_MAX, "cannot open %s for reading and writing: %s", file,
                 strerror(errno));
        if (fd >= 0) close(fd);
        return MUSTER_IO;
    }
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

/* Something must be made beside the file before anything in it can be read: a disk that takes
 * nothing is no fault of the file's. */
static void say_unusable(sqlite3 *db, const char *file, char *why) {
    int error = sqlite3_system_errno(db);
    const char *blank = file[0] ? " " : "";
    if (error == ENOSPC || error == EDQUOT || error == EROFS)
        snprintf(why, CONNECTION_WHY_MAX,
                 "%.180s%scannot be opened: %s. Its log needs a few hundred KiB: mend the disk, "
                 "and start again",
                 file, blank, strerror(error));
    else
        snprintf(why, CONNECTION_WHY_MAX, "%.180s%sis not a usable database: %s", file, blank,
                 sqlite3_errmsg(db));
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
        say_unusable(db, "", why);
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

static bool has_beside(const char *file, const char *suffix) {
    char path[FOLDER_BYTES_MAX + 16];
    snprintf(path, sizeof path, "%s%s", file, suffix);
    return access(path, F_OK) == 0;
}

/* With a log beside it a server runs, or was killed: what counts is both. */
static int open_to_look(const char *file, uint32_t busy_timeout_ms, sqlite3 **db) {
    if (!has_beside(file, "-wal")) return open_untouched(file, db);
    int code = sqlite3_open_v2(file, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(*db, (int)busy_timeout_ms);
    return code;
}

static muster_status cannot_open(const char *file, char *why) {
    snprintf(why, CONNECTION_WHY_MAX, "cannot open %.300s for reading and writing: %s", file,
             strerror(errno));
    return MUSTER_IO;
}

static muster_status look_through(sqlite3 *db, const char *file, char *why) {
    char found[200];
    int code = query_text(db, "PRAGMA quick_check(1)", found, sizeof found);
    if (code == SQLITE_OK && strcmp(found, "ok") == 0) return MUSTER_OK;
    snprintf(why, CONNECTION_WHY_MAX, "%.180s is damaged: %.150s; restore it from a backup", file,
             code == SQLITE_OK ? found : sqlite3_errmsg(db));
    return MUSTER_IO;
}

static muster_status look_inside(const char *file, const struct connection_limits *limits,
                                 bool is_small, char *why) {
    char version[32];
    sqlite3 *db = NULL;
    muster_status status = MUSTER_OK;
    int code = open_to_look(file, limits->busy_timeout_ms, &db);
    if (code == SQLITE_OK) code = query_text(db, "PRAGMA schema_version", version, sizeof version);
    if (code == SQLITE_OK && is_small) {
        status = look_through(db, file, why);
    } else if (code != SQLITE_OK && code != SQLITE_BUSY) {
        say_unusable(db, file, why);
        status = MUSTER_INVALID;
    }
    sqlite3_close(db);
    return status;
}

muster_status connection_look(const char *file, const struct connection_limits *limits,
                              bool *was_checked, char *why) {
    char folder[FOLDER_BYTES_MAX] = ".";
    const char *slash = strrchr(file, '/');
    struct stat info;
    *was_checked = true;
    if (strcmp(file, ":memory:") == 0) return MUSTER_OK;
    if (slash) snprintf(folder, sizeof folder, "%.*s/", (int)(slash - file), file);
    bool exists = stat(file, &info) == 0;
    if (access(exists ? file : folder, R_OK | W_OK) != 0) return cannot_open(file, why);
    if (!exists || has_beside(file, "-journal")) return MUSTER_OK; /* its opening rolls it back */
    if (!S_ISREG(info.st_mode)) {
        snprintf(why, CONNECTION_WHY_MAX, "%.300s is no regular file", file);
        return MUSTER_INVALID;
    }
    *was_checked = (uint64_t)info.st_size <= limits->check_bytes_max;
    return look_inside(file, limits, *was_checked, why);
}

static muster_status prepare_control(struct connection *connection) {
    for (uint32_t i = 0; i < CONTROL_COUNT; i++) {
        bool is_begin = connection->is_reader && i == CONTROL_BEGIN;
        int code = sqlite3_prepare_v3(connection->db, is_begin ? "BEGIN" : control_sql[i], -1,
                                      SQLITE_PREPARE_PERSISTENT, &connection->control[i], NULL);
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
    muster_status status = in_memory ? MUSTER_OK : secure_file(connection, file, why);
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
    if (status == MUSTER_OK) status = prepare_control(connection);
    if (status == MUSTER_OK) remember_files(connection);
    if (status != MUSTER_OK) snprintf(why, CONNECTION_WHY_MAX, "%.180s %.300s", file, reason);
    return status;
}

/* What the writer has made and checked. */
static muster_status open_reader(struct connection *connection, const char *file, char *why) {
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    connection->is_reader = true;
    connection->file = strdup(file);
    if (!connection->file) return MUSTER_NO_MEMORY;
    int code = sqlite3_open_v2(file, &connection->db, flags, NULL);
    muster_status status = connection_status(code);
    if (code == SQLITE_OK) {
        harden(connection);
        status = prepare_control(connection);
        remember_files(connection);
    }
    if (status != MUSTER_OK)
        snprintf(why, CONNECTION_WHY_MAX, "cannot open %.300s for reading: %s", file,
                 sqlite3_errstr(code));
    return status;
}

static muster_status open_with(muster_status (*open_it)(struct connection *connection,
                                                        const char *file, char *why),
                               const char *file, const struct connection_limits *limits,
                               struct connection **out, char *why) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) return MUSTER_NO_MEMORY;
    connection->limits = *limits;
    connection->scratch.rows_max = limits->rows_max;
    connection->scratch.bytes_max = limits->answer_bytes_max;
    muster_status status = open_it(connection, file, why);
    if (status != MUSTER_OK) {
        connection_close(connection);
        return status;
    }
    *out = connection;
    return MUSTER_OK;
}

muster_status connection_open(const char *file, const struct connection_limits *limits,
                              struct connection **out, char *why) {
    return open_with(open_checked, file, limits, out, why);
}

muster_status connection_open_reader(const char *file, const struct connection_limits *limits,
                                     struct connection **out, char *why) {
    return open_with(open_reader, file, limits, out, why);
}

bool connection_is_reader(const struct connection *connection) {
    return connection->is_reader;
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
