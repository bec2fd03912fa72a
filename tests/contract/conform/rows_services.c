/* rows_services - db, report, watchdog, metrics, admin, events, rpc, moderation. */
#include <string.h>

#include "conform.h"

/* ---- db -------------------------------------------------------------------------------------- */

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user, (void)status, (void)rows;
}

static void db_query(struct conform *c) {
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_statement demanding = {.sql = "SELECT 1", .changes = 1};
    const struct muster_db_statement no_text = {.sql = NULL};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    muster_query_id id = {0};
    STATUS(c, "good", c->host->db->query(c->self, &request, on_rows, c, &id));
    STATUS(c, "no place", c->host->db->query(c->self, &request, on_rows, c, NULL));
    STATUS(c, "nothing", c->host->db->query(c->self, NULL, on_rows, c, &id));
    request.statements = NULL;
    STATUS(c, "null statements", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.statements = &no_text;
    STATUS(c, "no text", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.statements = &statement;
    request.statement_count = 0;
    STATUS(c, "0 statements", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.statement_count = 65;
    STATUS(c, "65 statements", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.statement_count = 1;
    request.durable = MUSTER_DB_KEPT;
    STATUS(c, "kept with an answer", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.durable = MUSTER_DB_SYNCED;
    request.flags = MUSTER_DB_READ_ONLY;
    STATUS(c, "synced, and read only", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.durable = 0;
    STATUS(c, "read only", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.database = "nobody's";
    STATUS(c, "no such database", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.database = NULL;
    request.flags = 4;
    STATUS(c, "unknown flags", c->host->db->query(c->self, &request, on_rows, c, &id));
    request.flags = 0;
    request.statements = &demanding;
    request.durable = MUSTER_DB_KEPT;
    STATUS(c, "kept with a demand", c->host->db->query(c->self, &request, NULL, NULL, NULL));
    request.durable = 0;
    request.statements = &statement;
    request.size = 0;
    STATUS(c, "no size", c->host->db->query(c->self, &request, on_rows, c, &id));
}

static void db_migrate(struct conform *c) {
    static const char *const steps[] = {"CREATE TABLE conform (a BIGINT)"};
    muster_query_id id = {0};
    STATUS(c, "good", c->host->db->migrate(c->self, NULL, "conform", steps, 1, on_rows, c, &id));
    STATUS(c, "no such database",
           c->host->db->migrate(c->self, "nobody's", "conform", steps, 1, on_rows, c, &id));
    STATUS(c, "nothing", c->host->db->migrate(c->self, NULL, NULL, NULL, 1, on_rows, c, &id));
}

static void db_complete(struct conform *c) {
    if (c->query.value) {
        STATUS(c, "good", c->host->db->complete(c->self, c->query, MUSTER_IO, NULL));
        STATUS(c, "again", c->host->db->complete(c->self, c->query, MUSTER_IO, NULL));
    }
    STATUS(c, "none", c->host->db->complete(c->self, (muster_db_ticket_id){0}, MUSTER_IO, NULL));
    STATUS(c, "nobody's",
           c->host->db->complete(c->self, NOTHING(muster_db_ticket_id), MUSTER_IO, NULL));
}

static void db_query_cancel(struct conform *c) {
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    muster_query_id id = {0};
    STATUS(c, "a query", c->host->db->query(c->self, &request, on_rows, c, &id));
    STATUS(c, "good", c->host->db->query_cancel(c->self, id));
    STATUS(c, "again", c->host->db->query_cancel(c->self, id));
    STATUS(c, "none", c->host->db->query_cancel(c->self, (muster_query_id){0}));
    STATUS(c, "nobody's", c->host->db->query_cancel(c->self, NOTHING(muster_query_id)));
}

const struct conform_row db_rows[] = {ROW(db, query), ROW(db, migrate), ROW(db, complete),
                                      ROW(db, query_cancel)};
ROWS_COMPLETE(db, db_rows);

/* ---- report, watchdog ------------------------------------------------------------------------ */

static void report_suspicion(struct conform *c) {
    const struct muster_host_report *report = c->host->report;
    static const char good[] = "{\"detector\":\"aim\",\"severity\":3}";
    STATUS(c, "good", report->suspicion(c->self, c->match, 0, good));
    STATUS(c, "nobody's match", report->suspicion(c->self, NOTHING(muster_match_id), 0, good));
    STATUS(c, "empty seat", report->suspicion(c->self, c->match, 5, good));
    STATUS(c, "seat 99", report->suspicion(c->self, c->match, 99, good));
    STATUS(c, "no JSON", report->suspicion(c->self, c->match, 0, "{"));
    STATUS(c, "nothing", report->suspicion(c->self, c->match, 0, NULL));
    STATUS(c, "no detector", report->suspicion(c->self, c->match, 0, "{\"severity\":3}"));
    STATUS(c, "severity 11",
           report->suspicion(c->self, c->match, 0, "{\"detector\":\"aim\",\"severity\":11}"));
}

static void report_complete(struct conform *c) {
    if (c->report.value) {
        STATUS(c, "good", c->host->report->complete(c->self, c->report, MUSTER_ACCEPT));
        STATUS(c, "again", c->host->report->complete(c->self, c->report, MUSTER_ACCEPT));
    }
    STATUS(c, "none",
           c->host->report->complete(c->self, (muster_report_ticket_id){0}, MUSTER_ACCEPT));
    STATUS(c, "nobody's",
           c->host->report->complete(c->self, NOTHING(muster_report_ticket_id), MUSTER_ACCEPT));
}

const struct conform_row report_rows[] = {ROW(report, suspicion), ROW(report, complete)};
ROWS_COMPLETE(report, report_rows);

static void on_overrun(void *user) {
    (void)user;
}

static void watchdog_overrun(struct conform *c) {
    STATUS(c, "good", c->host->watchdog->overrun(c->self, 9000000, on_overrun, c));
    STATUS(c, "no limit", c->host->watchdog->overrun(c->self, 0, on_overrun, c));
    STATUS(c, "clear", c->host->watchdog->overrun(c->self, 0, NULL, c));
}

const struct conform_row watchdog_rows[] = {ROW(watchdog, overrun)};
ROWS_COMPLETE(watchdog, watchdog_rows);

/* ---- metrics --------------------------------------------------------------------------------- */

static void metrics_add(struct conform *c) {
    const struct muster_host_metrics *metrics = c->host->metrics;
    uint32_t id = 0;
    char name[64], other[80];
    snprintf(name, sizeof name, "muster_conform_%.30s", c->serving ? c->place : "play");
    for (char *at = name; *at; at++)
        if (*at == '.' || *at == ' ') *at = '_';
    snprintf(other, sizeof other, "%s_other", name);
    STATUS(c, "good", metrics->add(c->self, MUSTER_METRIC_GAUGE, name, "A gauge.", &id));
    STATUS(c, "again", metrics->add(c->self, MUSTER_METRIC_GAUGE, name, "A gauge.", &id));
    STATUS(
        c, "the host's",
        metrics->add(c->self, MUSTER_METRIC_GAUGE, "muster_plugin_faults_total", "A gauge.", &id));
    STATUS(c, "no help", metrics->add(c->self, MUSTER_METRIC_COUNTER, other, NULL, &id));
    STATUS(c, "no place", metrics->add(c->self, MUSTER_METRIC_COUNTER, other, NULL, NULL));
    STATUS(c, "no name", metrics->add(c->self, MUSTER_METRIC_COUNTER, NULL, NULL, &id));
    STATUS(c, "foreign", metrics->add(c->self, MUSTER_METRIC_GAUGE, "gauge", "A gauge.", &id));
    STATUS(c, "bare", metrics->add(c->self, MUSTER_METRIC_GAUGE, "muster_", "A gauge.", &id));
    STATUS(c, "odd", metrics->add(c->self, MUSTER_METRIC_GAUGE, "muster_A b", "A gauge.", &id));
    STATUS(
        c, "long",
        metrics->add(c->self, MUSTER_METRIC_GAUGE, "muster_" LONG_NAME LONG_NAME, "A gauge.", &id));
    STATUS(c, "histogram",
           metrics->add(c->self, MUSTER_METRIC_HISTOGRAM, "muster_conform_h", "Bins.", &id));
    STATUS(c, "type 9", metrics->add(c->self, 9, "muster_conform_9", "Bins.", &id));
}

static void metrics_set(struct conform *c) {
    DONE(c, "nobody's", c->host->metrics->set(c->self, 9999, 1));
}

static void metrics_increase(struct conform *c) {
    DONE(c, "nobody's", c->host->metrics->increase(c->self, 9999, 1));
}

static void on_metric(void *user, const struct muster_metric *metric) {
    (void)metric;
    ++*(uint32_t *)user;
}

static void metrics_visit(struct conform *c) {
    uint32_t count = 0;
    c->host->metrics->visit(c->self, on_metric, &count);
    NUMBER(c, "are there", count > 0);
}

const struct conform_row metrics_rows[] = {ROW(metrics, add), ROW(metrics, set),
                                           ROW(metrics, increase), ROW(metrics, visit)};
ROWS_COMPLETE(metrics, metrics_rows);

/* ---- admin, events --------------------------------------------------------------------------- */

static void on_command(void *user, const char *arguments, struct muster_writer *answer) {
    (void)user, (void)arguments, (void)answer;
}

static void on_answer(void *user, muster_status status, const char *answer) {
    (void)user, (void)status, (void)answer;
}

static void admin_command_add(struct conform *c) {
    const struct muster_host_admin *admin = c->host->admin;
    char name[48];
    snprintf(name, sizeof name, "c-%.40s", c->place);
    STATUS(c, "good", admin->command_add(c->self, name, "A command.", on_command, c));
    STATUS(c, "again", admin->command_add(c->self, name, "A command.", on_command, c));
    STATUS(c, "no function", admin->command_add(c->self, "none", "A command.", NULL, c));
    STATUS(c, "no name", admin->command_add(c->self, "", "A command.", on_command, c));
    STATUS(c, "two words", admin->command_add(c->self, "a b", "A command.", on_command, c));
    STATUS(c, "long name", admin->command_add(c->self, LONG_NAME, "A command.", on_command, c));
    STATUS(c, "long help", admin->command_add(c->self, "none", LONG_TEXT, on_command, c));
}

static void admin_execute(struct conform *c) {
    static char line[1100];
    memset(line, 'x', sizeof line - 1);
    STATUS(c, "good",
           c->host->admin->execute(c->self, "conform", "no-such-command", on_answer, c, NULL));
    STATUS(c, "no line", c->host->admin->execute(c->self, "conform", NULL, on_answer, c, NULL));
    STATUS(c, "nobody", c->host->admin->execute(c->self, NULL, "help", on_answer, c, NULL));
    STATUS(c, "long", c->host->admin->execute(c->self, "conform", line, on_answer, c, NULL));
}

static void admin_execute_cancel(struct conform *c) {
    const struct muster_host_admin *admin = c->host->admin;
    muster_execution_id id = {0};
    STATUS(c, "a command", admin->execute(c->self, "conform", "no-such", on_answer, c, &id));
    STATUS(c, "good", admin->execute_cancel(c->self, id));
    STATUS(c, "again", admin->execute_cancel(c->self, id));
    STATUS(c, "none", admin->execute_cancel(c->self, (muster_execution_id){0}));
    STATUS(c, "nobody's", admin->execute_cancel(c->self, NOTHING(muster_execution_id)));
}

static void on_late(void *user, const struct muster_command_call *call) {
    (void)user, (void)call;
}

static void admin_command_add_late(struct conform *c) {
    const struct muster_host_admin *admin = c->host->admin;
    char name[48];
    snprintf(name, sizeof name, "l-%.40s", c->place);
    STATUS(c, "good", admin->command_add_late(c->self, name, "A command.", on_late, c));
    STATUS(c, "again", admin->command_add_late(c->self, name, "A command.", on_late, c));
    STATUS(c, "no function", admin->command_add_late(c->self, "none", "A command.", NULL, c));
    STATUS(c, "no name", admin->command_add_late(c->self, "", "A command.", on_late, c));
    STATUS(c, "long help", admin->command_add_late(c->self, "none", LONG_TEXT, on_late, c));
}

static void admin_command_answer(struct conform *c) {
    const struct muster_host_admin *admin = c->host->admin;
    STATUS(c, "none", admin->command_answer(c->self, (muster_command_call_id){0}, MUSTER_OK, ""));
    STATUS(c, "nobody's",
           admin->command_answer(c->self, NOTHING(muster_command_call_id), MUSTER_OK, ""));
    STATUS(c, "no text",
           admin->command_answer(c->self, NOTHING(muster_command_call_id), MUSTER_OK, NULL));
}

const struct conform_row admin_rows[] = {ROW(admin, command_add), ROW(admin, execute),
                                         ROW(admin, command_add_late), ROW(admin, command_answer),
                                         ROW(admin, execute_cancel)};
ROWS_COMPLETE(admin, admin_rows);

static void on_notice(void *user, const struct muster_notice *notice) {
    (void)user, (void)notice;
}

static void events_subscribe(struct conform *c) {
    STATUS(c, "good", c->host->events->subscribe(c->self, 1u << 13, on_notice, c));
    STATUS(c, "no kind", c->host->events->subscribe(c->self, 0, on_notice, c));
    STATUS(c, "no function", c->host->events->subscribe(c->self, 1u << 13, NULL, c));
}

const struct conform_row events_rows[] = {ROW(events, subscribe)};
ROWS_COMPLETE(events, events_rows);

/* ---- rpc ------------------------------------------------------------------------------------- */

static void on_call(void *user, const struct muster_rpc_call *call) {
    (void)user, (void)call;
}

static void rpc_method_add(struct conform *c) {
    const struct muster_host_rpc *rpc = c->host->rpc;
    STATUS(c, "taken", rpc->method_add(c->self, "conform.call", on_call, c));
    STATUS(c, "no dot", rpc->method_add(c->self, "conform", on_call, c));
    STATUS(c, "two dots", rpc->method_add(c->self, "con.form.call", on_call, c));
    STATUS(c, "first dot", rpc->method_add(c->self, ".call", on_call, c));
    STATUS(c, "odd", rpc->method_add(c->self, "conform.a b", on_call, c));
    STATUS(c, "long", rpc->method_add(c->self, LONG_NAME "." LONG_NAME, on_call, c));
    STATUS(c, "no function", rpc->method_add(c->self, "conform.none", NULL, c));
}

static void rpc_answer(struct conform *c) {
    if (c->call.value) {
        STATUS(c, "good", c->host->rpc->answer(c->self, c->call, "{}"));
        STATUS(c, "again", c->host->rpc->answer(c->self, c->call, "{}"));
    }
    STATUS(c, "none", c->host->rpc->answer(c->self, (muster_rpc_call_id){0}, "{}"));
    STATUS(c, "nobody's", c->host->rpc->answer(c->self, NOTHING(muster_rpc_call_id), "{}"));
    STATUS(c, "no JSON", c->host->rpc->answer(c->self, NOTHING(muster_rpc_call_id), "{"));
}

static void rpc_refuse(struct conform *c) {
    STATUS(c, "none",
           c->host->rpc->refuse(c->self, (muster_rpc_call_id){0}, "denied", "No.", NULL));
    STATUS(c, "nobody's",
           c->host->rpc->refuse(c->self, NOTHING(muster_rpc_call_id), "denied", "No.", NULL));
    STATUS(c, "nothing",
           c->host->rpc->refuse(c->self, NOTHING(muster_rpc_call_id), NULL, NULL, NULL));
}

const struct conform_row rpc_rows[] = {ROW(rpc, method_add), ROW(rpc, answer), ROW(rpc, refuse)};
ROWS_COMPLETE(rpc, rpc_rows);

/* ---- moderation ------------------------------------------------------------------------------ */

static void on_load(void *user, muster_load_ticket_id ticket) {
    (void)user, (void)ticket;
}

static muster_status on_keep(void *user, const struct muster_sanction_change *change) {
    (void)user, (void)change;
    return MUSTER_OK;
}

/* The good one would be asked to load. */
static void moderation_keeper_set(struct conform *c) {
    const struct muster_host_moderation *moderation = c->host->moderation;
    struct muster_keeper keeper = {.size = sizeof keeper, .load = on_load, .keep = on_keep};
    STATUS(c, "nothing", moderation->keeper_set(c->self, NULL, c));
    STATUS(c, "no find_player", moderation->keeper_set(c->self, &keeper, c));
    keeper.size = 0;
    STATUS(c, "no size", moderation->keeper_set(c->self, &keeper, c));
}

static void moderation_put(struct conform *c) {
    const struct muster_host_moderation *moderation = c->host->moderation;
    struct muster_sanction sanction = {.size = sizeof sanction,
                                       .key = "0123456789ab",
                                       .player_key = "bad",
                                       .player_name = "",
                                       .address = "",
                                       .reason = "",
                                       .note = "",
                                       .actor = ""};
    STATUS(c, "outside of load", moderation->put(c->self, &sanction));
    STATUS(c, "nothing", moderation->put(c->self, NULL));
    sanction.size = 0;
    STATUS(c, "no size", moderation->put(c->self, &sanction));
}

static void moderation_loaded(struct conform *c) {
    STATUS(c, "none", c->host->moderation->loaded(c->self, (muster_load_ticket_id){0}, MUSTER_OK));
    STATUS(c, "nobody's",
           c->host->moderation->loaded(c->self, NOTHING(muster_load_ticket_id), MUSTER_OK));
}

static void moderation_player_found(struct conform *c) {
    const struct muster_host_moderation *moderation = c->host->moderation;
    STATUS(c, "none",
           moderation->player_found(c->self, (muster_find_ticket_id){0}, MUSTER_OK, "p", "P"));
    STATUS(c, "nobody's",
           moderation->player_found(c->self, NOTHING(muster_find_ticket_id), MUSTER_NOT_FOUND, NULL,
                                    NULL));
    STATUS(
        c, "no texts",
        moderation->player_found(c->self, NOTHING(muster_find_ticket_id), MUSTER_OK, NULL, NULL));
}

static void moderation_end(struct conform *c) {
    STATUS(c, "not the keeper", c->host->moderation->end(c->self, "0123456789ab"));
    STATUS(c, "nothing", c->host->moderation->end(c->self, NULL));
}

const struct conform_row moderation_rows[] = {ROW(moderation, keeper_set), ROW(moderation, put),
                                              ROW(moderation, loaded),
                                              ROW(moderation, player_found), ROW(moderation, end)};
ROWS_COMPLETE(moderation, moderation_rows);
