/* reporter_central - tells the directory what happened here: results, who comes and goes,
 * suspicions. Without a directory it does nothing.
 */
#include "reporter_central.h"

#include <muster/plugin.h>
#include <stdlib.h>

#include "directory/registered.h"

#define MIB 1048576

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_INT("rowsMax", 100000, 100, 10000000, MUSTER_UNIT("reports"),
                      MUSTER_LABEL("Reports that wait"),
                      MUSTER_HELP("For a directory that is away. Above that the oldest are given "
                                  "up: who comes and goes first, results last.")),
    MUSTER_SCHEMA_INT("sizeMaxMib", 128, 1, 65536, MUSTER_UNIT("MiB"),
                      MUSTER_LABEL("Size of what waits"), MUSTER_HELP("As rowsMax.")),
    MUSTER_SCHEMA_STRING("database", "", 63, MUSTER_LABEL("Database"),
                         MUSTER_HELP("Instance of a database plugin; empty: the first.")));

/* ---- what it is told ------------------------------------------------------------------------- */

static void on_directory(void *user, const void *vtable, void *instance) {
    struct reporter *reporter = user;
    (void)vtable, (void)instance;
    reporter->has_directory = true;
}

/* Once there was one, its reports are kept for it, also while nobody offers it. */
static bool has_directory(struct reporter *reporter) {
    if (!reporter->has_directory)
        (void)reporter->host->interfaces->call(reporter->self, reporter->registration, on_directory,
                                               reporter);
    return reporter->has_directory;
}

static void on_changed(void *user, uint32_t change) {
    struct reporter *reporter = user;
    bool was_there = reporter->has_directory;
    if (change != MUSTER_INTERFACE_GONE && has_directory(reporter) && !was_there)
        send_start(reporter);
}

/* text: taken. */
static muster_status put(struct reporter *reporter, uint32_t rank, const char *key, char *text) {
    muster_status status = text ? outbox_put(reporter, rank, key, text) : MUSTER_INVALID;
    free(text);
    if (status == MUSTER_OK)
        send_soon(reporter);
    else
        reporter->host->log->write(reporter->self, MUSTER_LOG_ERROR,
                                   "a report for the directory is not kept: %s",
                                   muster_status_text(status));
    return status;
}

static void on_notice(void *user, const struct muster_notice *notice) {
    struct reporter *reporter = user;
    char key[KEY_MAX];
    if (!has_directory(reporter)) return;
    char *text = write_activity(reporter, notice, key);
    if (text) (void)put(reporter, RANK_ACTIVITY, key, text);
}

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    struct reporter *reporter = instance;
    char key[KEY_MAX];
    muster_status status = MUSTER_OK;
    if (!has_directory(reporter)) return MUSTER_ACCEPT;
    if (report->kind == MUSTER_REPORT_MATCH_RESULT)
        status = put(reporter, RANK_RESULT, key, write_result(report, key));
    else if (report->kind == MUSTER_REPORT_SUSPICION)
        status = put(reporter, RANK_SUSPICION, key, write_suspicion(report, key));
    return status == MUSTER_OK ? MUSTER_ACCEPT : MUSTER_REJECT;
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

static muster_status add_metrics(struct reporter *reporter) {
    const struct muster_host_metrics *metrics = reporter->host->metrics;
    muster_status status =
        metrics->add(reporter->self, MUSTER_METRIC_GAUGE, "muster_central_reports_waiting",
                     "Reports that the directory has not answered for, when it was last counted.",
                     &reporter->waiting_metric);
    return status
               ? status
               : metrics->add(reporter->self, MUSTER_METRIC_COUNTER,
                              "muster_central_reports_lost_total",
                              "Reports that the directory will not have.", &reporter->lost_metric);
}

static muster_status subscribe(struct reporter *reporter) {
    const struct muster_interface_wish wish = {.size = sizeof wish,
                                               .major = DIRECTORY_REGISTRATION_MAJOR,
                                               .name = DIRECTORY_REGISTRATION,
                                               .changed = on_changed,
                                               .vtable_size =
                                                   sizeof(struct directory_registration)};
    muster_status status = reporter->host->interfaces->subscribe(reporter->self, &wish, reporter,
                                                                 &reporter->registration);
    return status
               ? status
               : reporter->host->events->subscribe(
                     reporter->self, 1u << MUSTER_NOTICE_SEAT_TAKEN | 1u << MUSTER_NOTICE_SEAT_LEFT,
                     on_notice, reporter);
}

static void plugin_fini(void *instance) {
    free(instance);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct reporter *reporter = calloc(1, sizeof *reporter);
    if (!reporter) return MUSTER_NO_MEMORY;
    reporter->self = self;
    reporter->host = host;
    reporter->database = host->config->string(self, "database");
    reporter->rows_max = host->config->integer(self, "rowsMax");
    reporter->bytes_max = host->config->integer(self, "sizeMaxMib") * MIB;
    host->loop->random(self, &reporter->key_prefix, sizeof reporter->key_prefix);
    muster_status status = add_metrics(reporter);
    if (!status) status = subscribe(reporter);
    if (status)
        plugin_fini(reporter);
    else
        *instance = reporter;
    return status;
}

static muster_status plugin_start(void *instance) {
    return outbox_open(instance);
}

static void plugin_stop(void *instance) {
    send_stop(instance);
}

static const struct muster_reporter reporter_vtable = {.size = sizeof reporter_vtable,
                                                       .deliver = deliver};
static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_REPORTER, .vtable = &reporter_vtable},
};

MUSTER_PLUGIN(.name = "reporter_central", .version = "1.0.0", .flags = MUSTER_PLUGIN_NEEDS_DATABASE,
              .description = "Tells the directory results, who comes and goes, and suspicions.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .start = plugin_start, .stop = plugin_stop, .fini = plugin_fini);
