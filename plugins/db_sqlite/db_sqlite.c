/* db_sqlite - role database on SQLite: descriptor, configuration, lifecycle. The work is in worker
 * (thread and queue), connection (SQL) and job (copies of requests). */
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "worker.h"

#define PATH_BYTES_MAX 4096

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_STRING(
        "file", "", 1024, MUSTER_LABEL("Database file"),
        MUSTER_HELP(
            "Relative to the data directory, or absolute, or :memory: (lost at stop, for tests); "
            "empty: muster.db, of another instance INSTANCE.db.")),
    MUSTER_SCHEMA_INT("queueMax", 4096, 1, 65536, MUSTER_UNIT("requests"),
                      MUSTER_LABEL("Waiting requests"),
                      MUSTER_HELP("Further ones are refused until some are answered.")),
    MUSTER_SCHEMA_DURATION_MS(
        "busyTimeoutMs", 5000, 0, 60000, MUSTER_LABEL("Lock wait"),
        MUSTER_HELP("How long to wait for another process that holds the file.")),
    MUSTER_SCHEMA_DURATION_MS("statementMaxMs", 5000, 100, 60000, MUSTER_LABEL("Longest request"),
                              MUSTER_HELP("A slower request is ended.")),
    MUSTER_SCHEMA_INT("rowsMax", 10000, 1, 100000, MUSTER_UNIT("rows"),
                      MUSTER_LABEL("Rows in an answer"), MUSTER_HELP("More fail the request.")),
    MUSTER_SCHEMA_INT("answerMaxKib", 8192, 64, 65536, MUSTER_UNIT("KiB"),
                      MUSTER_LABEL("Size of an answer"), MUSTER_HELP("More fails the request.")),
    MUSTER_SCHEMA_INT("checkMaxMib", 64, 0, 65536, MUSTER_UNIT("MiB"),
                      MUSTER_LABEL("Check at start"),
                      MUSTER_HELP("Files up to this size are checked whole for damage at start, "
                                  "by --check-config and by muster doctor.")),
    MUSTER_SCHEMA_INT("backupsKept", 3, 0, 1000, MUSTER_UNIT("files"), MUSTER_LABEL("Backups"),
                      MUSTER_HELP("The file is copied beside itself before a new version changes "
                                  "its tables; so many copies stay. 0: none is made.")));

struct plugin {
    muster_self *self;
    const struct muster_host *host;
    struct worker *writer; /* from start on */
    struct worker *reader; /* the same; null in memory, where there is one connection */
};

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct plugin *plugin = calloc(1, sizeof *plugin);
    if (!plugin) return MUSTER_NO_MEMORY;
    plugin->self = self;
    plugin->host = host;
    *instance = plugin;
    return MUSTER_OK;
}

static void plugin_fini(void *instance) {
    struct plugin *plugin = instance;
    worker_destroy(plugin->reader);
    worker_destroy(plugin->writer);
    free(plugin);
}

static muster_status find_path(const struct plugin *plugin, char *out, size_t cap) {
    const struct muster_host_config *config = plugin->host->config;
    const char *file = config->string(plugin->self, "file");
    const char *instance = config->instance_name(plugin->self);
    const char *name = strcmp(instance, "db_sqlite") == 0 ? "muster" : instance;
    bool whole = file[0] == '/' || strcmp(file, ":memory:") == 0;
    int n = whole     ? snprintf(out, cap, "%s", file)
            : file[0] ? snprintf(out, cap, "%s/%s", config->data_dir(plugin->self), file)
                      : snprintf(out, cap, "%s/%s.db", config->data_dir(plugin->self), name);
    return n > 0 && (size_t)n < cap ? MUSTER_OK : MUSTER_LIMIT;
}

/* Of a file in the data directory there may be nothing yet: the start makes that. */
static bool is_to_be_made(const struct plugin *plugin, const char *path) {
    const char *dir = plugin->host->config->data_dir(plugin->self);
    size_t len = strlen(dir);
    return access(dir, F_OK) != 0 && strncmp(path, dir, len) == 0 && !strchr(path + len + 1, '/');
}

static struct connection_limits read_limits(const struct plugin *plugin) {
    const struct muster_host_config *config = plugin->host->config;
    return (struct connection_limits){
        .rows_max = (uint32_t)config->integer(plugin->self, "rowsMax"),
        .answer_bytes_max = (uint32_t)config->integer(plugin->self, "answerMaxKib") << 10,
        .busy_timeout_ms = (uint32_t)config->integer(plugin->self, "busyTimeoutMs"),
        .statement_ms_max = (uint32_t)config->integer(plugin->self, "statementMaxMs"),
        .check_bytes_max = (uint64_t)config->integer(plugin->self, "checkMaxMib") << 20,
        .backups_kept = (uint32_t)config->integer(plugin->self, "backupsKept"),
    };
}

static muster_status look(const struct plugin *plugin, const char *path, char *why) {
    const struct connection_limits limits = read_limits(plugin);
    bool was_checked = true;
    if (is_to_be_made(plugin, path)) return MUSTER_OK;
    muster_status status = connection_look(path, &limits, &was_checked, why);
    if (!was_checked)
        plugin->host->log->write(plugin->self, MUSTER_LOG_WARN,
                                 "database: %s is larger than checkMaxMib and was not checked for "
                                 "damage; do so with a copy: PRAGMA quick_check",
                                 path);
    return status;
}

static muster_status plugin_check(void *instance, struct muster_writer *mistakes) {
    struct plugin *plugin = instance;
    char path[PATH_BYTES_MAX];
    char why[CONNECTION_WHY_MAX] = "path is too long";
    muster_status status = find_path(plugin, path, sizeof path);
    if (status == MUSTER_OK) status = look(plugin, path, why);
    if (status == MUSTER_OK) return MUSTER_OK;
    muster_put_bytes(mistakes, "file: ", 6);
    muster_put_bytes(mistakes, why, (uint32_t)strlen(why));
    return status;
}

static muster_status start_worker(struct plugin *plugin, struct connection *connection,
                                  struct worker **out) {
    const struct muster_host_config *config = plugin->host->config;
    return worker_start(plugin->self, plugin->host, connection,
                        (uint32_t)config->integer(plugin->self, "queueMax"), out);
}

static muster_status start_both(struct plugin *plugin, const char *path, char *why) {
    const struct connection_limits limits = read_limits(plugin);
    struct connection *connection = NULL;
    muster_status status = connection_open(path, &limits, &connection, why);
    if (status != MUSTER_OK) return status;
    status = start_worker(plugin, connection, &plugin->writer);
    if (status != MUSTER_OK || strcmp(path, ":memory:") == 0) return status;
    status = connection_open_reader(path, &limits, &connection, why);
    return status == MUSTER_OK ? start_worker(plugin, connection, &plugin->reader) : status;
}

static void plugin_stop(void *instance) {
    struct plugin *plugin = instance;
    worker_stop(plugin->reader);
    worker_stop(plugin->writer); /* the last connection: it moves the log into the file */
}

static muster_status plugin_start(void *instance) {
    struct plugin *plugin = instance;
    char path[PATH_BYTES_MAX];
    char why[CONNECTION_WHY_MAX] = "path is too long";
    muster_status status = find_path(plugin, path, sizeof path);
    if (status == MUSTER_OK) {
        snprintf(why, sizeof why, "out of memory");
        status = start_both(plugin, path, why);
    }
    if (status == MUSTER_OK) return MUSTER_OK;
    plugin->host->log->write(plugin->self, MUSTER_LOG_ERROR, "database: %s", why);
    plugin_stop(plugin);
    return status;
}

static muster_status submit_job(struct worker *worker, struct job *job) {
    muster_status status = worker ? worker_submit(worker, job) : MUSTER_STATE;
    if (status != MUSTER_OK) job_destroy(job);
    return status;
}

static muster_status plugin_submit(void *instance, muster_db_ticket_id ticket,
                                   const struct muster_db_request *request) {
    const uint32_t beside = MUSTER_DB_READ_ONLY | MUSTER_DB_UNORDERED;
    struct plugin *plugin = instance;
    struct job *job = NULL;
    bool is_beside = plugin->reader && (request->flags & beside) == beside;
    muster_status status = job_create(ticket, request, &job);
    if (status != MUSTER_OK) return status;
    return submit_job(is_beside ? plugin->reader : plugin->writer, job);
}

static muster_status plugin_migrate(void *instance, muster_db_ticket_id ticket,
                                    const char *component, const char *const *steps,
                                    uint32_t step_count) {
    struct plugin *plugin = instance;
    struct job *job = NULL;
    muster_status status = job_create_migration(ticket, component, steps, step_count, &job);
    return status == MUSTER_OK ? submit_job(plugin->writer, job) : status;
}

/* ---- backups --------------------------------------------------------------------------------- */

struct backup {
    struct plugin *plugin;
    muster_db_ticket_id ticket;
    char file[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    muster_status status;
    char why[BACKUP_WHY_MAX];
};

static void on_backup(void *user) {
    struct backup *backup = user;
    backup->status = backup_make(backup->file, backup->to, backup->why);
}

static void on_backed_up(void *user, muster_status status) {
    struct backup *backup = user;
    const struct muster_host *host = backup->plugin->host;
    muster_self *self = backup->plugin->self;
    const struct muster_db_rows none = {.size = sizeof none};
    if (!status) status = backup->status;
    if (status) host->log->write(self, MUSTER_LOG_ERROR, "no backup: %s", backup->why);
    (void)host->db->complete(self, backup->ticket, status, status ? NULL : &none);
    free(backup);
}

static muster_status plugin_backup(void *instance, muster_db_ticket_id ticket, const char *path) {
    struct plugin *plugin = instance;
    muster_work_id work;
    struct backup *backup = calloc(1, sizeof *backup);
    if (!backup) return MUSTER_NO_MEMORY;
    backup->plugin = plugin;
    backup->ticket = ticket;
    muster_status status = find_path(plugin, backup->file, sizeof backup->file);
    if (!status && strcmp(backup->file, ":memory:") == 0) status = MUSTER_UNSUPPORTED;
    int len = snprintf(backup->to, sizeof backup->to, "%s", path);
    if (!status && (size_t)len >= sizeof backup->to) status = MUSTER_LIMIT;
    if (!status)
        status = plugin->host->loop->work(plugin->self, on_backup, on_backed_up, backup, &work);
    if (status) free(backup);
    return status;
}

static const struct muster_database database = {
    .size = sizeof database,
    .submit = plugin_submit,
    .migrate = plugin_migrate,
    .backup = plugin_backup,
};

static const struct muster_role roles[] = {{MUSTER_ROLE_DATABASE, 0, &database}};

MUSTER_PLUGIN(.name = "db_sqlite", .version = "1.0.0",
              .description = "Database in one SQLite file: one thread writes, one reads beside it.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .check = plugin_check, .start = plugin_start, .stop = plugin_stop,
              .fini = plugin_fini);
