/* services.c - db, report, watchdog, metrics, admin and events, and the tickets they share. */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define METRIC_NAME_BYTES_MAX 96u
#define FAULTS_NAME "muster_plugin_faults_total" /* the one metric of the kit itself */
#define HELP_BYTES_MAX 128u
#define LINE_BYTES_MAX 1000u

/* ---- tickets -------------------------------------------------------------------------------- */

struct ticket *ticket_add(muster_self *self, enum ticket_kind kind) {
    struct ticket *ticket = kit_alloc(sizeof(*ticket));
    ticket->id = self->kit->next_id++;
    ticket->kind = kind;
    ticket->owner = self;
    DL_APPEND(self->kit->tickets, ticket);
    return ticket;
}

struct ticket *ticket_find(struct testkit *kit, muster_ticket_id id) {
    struct ticket *ticket;
    DL_FOREACH(kit->tickets, ticket) {
        if (ticket->id == id) return ticket;
    }
    return NULL;
}

muster_status ticket_take(muster_self *self, enum ticket_kind kind, muster_ticket_id id,
                          struct ticket **out) {
    struct testkit *kit = self->kit;
    struct ticket *ticket = ticket_find(kit, id);
    *out = ticket;
    if (!ticket || ticket->kind == TICKET_FETCH ||
        (ticket->kind != TICKET_DB && ticket->verdict != MUSTER_PENDING)) {
        kit_fault(self, "completed a ticket that is not open: late, twice or never given");
        return MUSTER_NOT_FOUND;
    }
    const muster_self *asked = ticket->kind == TICKET_DB ? kit->database : ticket->owner;
    if (asked == self && ticket->kind == kind) return MUSTER_OK;
    kit_fault(self, "completed a ticket of another plugin or kind");
    return asked == self ? MUSTER_INVALID : MUSTER_DENIED;
}

void ticket_free(struct testkit *kit, struct ticket *ticket) {
    DL_DELETE(kit->tickets, ticket);
    if (ticket->answer) free(ticket->answer->body);
    free(ticket->answer);
    free(ticket);
}

uint32_t testkit_tickets(struct testkit *kit) {
    uint32_t count = 0;
    struct ticket *ticket;
    DL_COUNT(kit->tickets, ticket, count);
    return count;
}

/* ---- db ------------------------------------------------------------------------------------- */

void testkit_db_use(struct testkit *kit, muster_self *database) {
    kit->database = database;
}

static const struct muster_database *database_of(struct testkit *kit) {
    return kit->database ? kit->database->roles[MUSTER_ROLE_DATABASE] : NULL;
}

static struct ticket *db_ticket(muster_self *self, muster_db_fn fn, void *user) {
    struct ticket *ticket = ticket_add(self, TICKET_DB);
    ticket->db = fn;
    ticket->user = user;
    return ticket;
}

/* A refused submit is never answered: its ticket ends here. */
static muster_status db_result(struct testkit *kit, muster_ticket_id id, muster_status status,
                               muster_ticket_id *out) {
    struct ticket *ticket = ticket_find(kit, id);
    if (status != MUSTER_OK && ticket) ticket_free(kit, ticket);
    if (out) *out = status == MUSTER_OK ? id : 0;
    return status;
}

static muster_status db_query(muster_self *self, const struct muster_db_request *request,
                              muster_db_fn fn, void *user, muster_ticket_id *out) {
    KIT_STARTED(self);
    const struct muster_database *database = database_of(self->kit);
    if (!request || request->size < sizeof(*request)) return MUSTER_INVALID;
    bool kept = request->durable & MUSTER_DB_KEPT; /* here: tried once */
    if (kept && fn) return MUSTER_INVALID;
    if (!database || self->kit->database->phase != PHASE_STARTED) return MUSTER_UNAVAILABLE;
    if ((!kept && !fn) || request->statement_count < 1 || request->statement_count > 64)
        return MUSTER_INVALID;
    struct muster_db_request seen = *request;
    seen.durable = request->durable & MUSTER_DB_SYNCED;
    muster_ticket_id id = db_ticket(self, fn, user)->id;
    return db_result(self->kit, id, database->submit(self->kit->database->instance, id, &seen),
                     out);
}

static muster_status db_migrate(muster_self *self, const char *component, const char *const *steps,
                                uint32_t step_count, muster_db_fn fn, void *user,
                                muster_ticket_id *out) {
    KIT_STARTED(self);
    const struct muster_database *database = database_of(self->kit);
    if (!database || self->kit->database->phase != PHASE_STARTED) return MUSTER_UNAVAILABLE;
    if (!component) return MUSTER_INVALID;
    muster_ticket_id id = db_ticket(self, fn, user)->id;
    muster_status status =
        database->migrate(self->kit->database->instance, id, component, steps, step_count);
    return db_result(self->kit, id, status, out);
}

static muster_status db_complete(muster_self *self, muster_ticket_id id, muster_status status,
                                 const struct muster_db_rows *rows) {
    KIT_ON_LOOP(self);
    struct ticket *ticket;
    muster_status taken = ticket_take(self, TICKET_DB, id, &ticket);
    if (taken != MUSTER_OK) return taken;
    muster_db_fn fn = ticket->db;
    void *user = ticket->user;
    ticket_free(self->kit, ticket);
    if (fn) fn(user, status, status == MUSTER_OK ? rows : NULL);
    return MUSTER_OK;
}

const struct muster_host_db kit_db = {
    .size = sizeof(kit_db), .query = db_query, .migrate = db_migrate, .complete = db_complete};

/* ---- report, watchdog ----------------------------------------------------------------------- */

static bool suspicion_ok(const char *text) {
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *severity = json_object_get(json, "severity");
    bool good = json_is_string(json_object_get(json, "detector")) && json_is_integer(severity) &&
                json_integer_value(severity) >= 1 && json_integer_value(severity) <= 10;
    json_decref(json);
    return good;
}

static muster_status report_suspicion(muster_self *self, muster_match_id match, uint32_t seat,
                                      const char *json) {
    KIT_STARTED(self);
    if (!match_seat(match_find(self->kit, match), seat)) return MUSTER_NOT_FOUND;
    if (!suspicion_ok(json)) return MUSTER_INVALID;
    kit_act(self->kit, "report.suspicion %llu %u %s", (unsigned long long)match, seat, json);
    return MUSTER_OK;
}

static muster_status report_complete(muster_self *self, muster_ticket_id id,
                                     muster_verdict verdict) {
    KIT_ON_LOOP(self);
    struct ticket *ticket;
    muster_status status = ticket_take(self, TICKET_REPORT, id, &ticket);
    if (status == MUSTER_OK) ticket->verdict = verdict;
    return status;
}

const struct muster_host_report kit_report = {
    .size = sizeof(kit_report), .suspicion = report_suspicion, .complete = report_complete};

static muster_status watchdog_overrun(muster_self *self, uint32_t limit_us, void (*fn)(void *user),
                                      void *user) {
    KIT_ON_LOOP(self);
    if (fn && limit_us == 0) return MUSTER_INVALID;
    self->overrun = fn;
    self->overrun_user = user;
    return MUSTER_OK;
}

const struct muster_host_watchdog kit_watchdog = {.size = sizeof(kit_watchdog),
                                                  .overrun = watchdog_overrun};

bool testkit_overrun(muster_self *plugin) {
    if (!plugin->overrun) return false;
    plugin->overrun(plugin->overrun_user);
    return true;
}

/* ---- metrics -------------------------------------------------------------------------------- */

static struct metric *metric_find(struct testkit *kit, const char *name) {
    struct metric *metric;
    DL_FOREACH(kit->metrics, metric) {
        if (strcmp(metric->name, name) == 0) return metric;
    }
    return NULL;
}

static bool metric_name_ok(const char *name) {
    size_t len = name ? strlen(name) : 0;
    return len > strlen("muster_") && len < METRIC_NAME_BYTES_MAX &&
           strncmp(name, "muster_", strlen("muster_")) == 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static muster_status metrics_add(muster_self *self, uint32_t type, const char *name,
                                 const char *help, uint32_t *out) {
    KIT_ON_LOOP(self);
    if (!metric_name_ok(name)) return MUSTER_INVALID;
    if (type != MUSTER_METRIC_COUNTER && type != MUSTER_METRIC_GAUGE) return MUSTER_INVALID;
    if (metric_find(self->kit, name) || strcmp(name, FAULTS_NAME) == 0) return MUSTER_EXISTS;
    struct metric *metric = kit_alloc(sizeof(*metric));
    *metric = (struct metric){.owner = self,
                              .id = (uint32_t)self->kit->next_id++,
                              .type = type,
                              .name = kit_copy(name),
                              .help = kit_copy(help)};
    DL_APPEND(self->kit->metrics, metric);
    *out = metric->id;
    return MUSTER_OK;
}

static struct metric *metric_get(muster_self *self, uint32_t id) {
    struct metric *metric;
    if (kit_wrong_thread(self, "metric")) return NULL;
    DL_FOREACH(self->kit->metrics, metric) {
        if (metric->id == id && metric->owner == self) return metric;
    }
    kit_fault(self, "metric %u is not its own", id);
    return NULL;
}

static void metrics_set(muster_self *self, uint32_t id, double value) {
    struct metric *metric = metric_get(self, id);
    if (metric) metric->value = value;
}

static void metrics_increase(muster_self *self, uint32_t id, double by) {
    struct metric *metric = metric_get(self, id);
    if (metric) metric->value += by;
}

static void metrics_visit(muster_self *self,
                          void (*fn)(void *user, const struct muster_metric *metric), void *user) {
    struct metric *metric;
    if (kit_wrong_thread(self, __func__)) return;
    const struct muster_metric faults = {.size = sizeof(faults),
                                         .type = MUSTER_METRIC_COUNTER,
                                         .name = FAULTS_NAME,
                                         .help = "Misuse of the host by plugins.",
                                         .labels = "",
                                         .value = testkit_faults(self->kit)};
    fn(user, &faults);
    DL_FOREACH(self->kit->metrics, metric) {
        struct muster_metric out = {.size = sizeof(out),
                                    .type = metric->type,
                                    .name = metric->name,
                                    .help = metric->help,
                                    .labels = "",
                                    .value = metric->value};
        fn(user, &out);
    }
}

double testkit_metric(struct testkit *kit, const char *name) {
    struct metric *metric = metric_find(kit, name);
    return metric ? metric->value : NAN;
}

const struct muster_host_metrics kit_metrics = {.size = sizeof(kit_metrics),
                                                .add = metrics_add,
                                                .set = metrics_set,
                                                .increase = metrics_increase,
                                                .visit = metrics_visit};

/* ---- admin ---------------------------------------------------------------------------------- */

static muster_status command_keep(const char *help, const struct admin_command *wanted) {
    struct testkit *kit = wanted->owner->kit;
    struct admin_command *other;
    const char *name = wanted->name;
    if (!name || !name[0] || strlen(name) >= MUSTER_NAME_MAX || strchr(name, ' '))
        return MUSTER_INVALID;
    if (!wanted->fn && !wanted->late) return MUSTER_INVALID;
    DL_FOREACH(kit->commands, other) {
        if (strcmp(other->name, name) == 0) return MUSTER_EXISTS;
    }
    if (help && strlen(help) >= HELP_BYTES_MAX) return MUSTER_LIMIT;
    struct admin_command *command = kit_alloc(sizeof(*command));
    *command = *wanted;
    command->name = kit_copy(name);
    DL_APPEND(kit->commands, command);
    return MUSTER_OK;
}

static muster_status admin_command_add(muster_self *self, const char *name, const char *help,
                                       void (*fn)(void *user, const char *arguments,
                                                  struct muster_writer *answer),
                                       void *user) {
    KIT_ON_LOOP(self);
    return command_keep(
        help, &(struct admin_command){.owner = self, .name = (char *)name, .fn = fn, .user = user});
}

static muster_status
admin_command_add_late(muster_self *self, const char *name, const char *help,
                       void (*fn)(void *user, const struct muster_command_call *call), void *user) {
    KIT_ON_LOOP(self);
    return command_keep(help, &(struct admin_command){
                                  .owner = self, .name = (char *)name, .late = fn, .user = user});
}

static muster_status admin_command_answer(muster_self *self, muster_ticket_id call,
                                          muster_status status, const char *text) {
    KIT_ON_LOOP(self);
    struct ticket *ticket;
    (void)status; /* the sentence says it */
    if (!text) return MUSTER_INVALID;
    muster_status taken = ticket_take(self, TICKET_COMMAND, call, &ticket);
    if (taken != MUSTER_OK) return taken;
    ticket->verdict = MUSTER_ACCEPT;
    free(self->kit->command_answer);
    self->kit->command_answer = kit_copy(text);
    return MUSTER_OK;
}

static bool is_answered(void *user) {
    return ((const struct ticket *)user)->verdict != MUSTER_PENDING;
}

static void run_late(struct testkit *kit, const struct admin_command *command,
                     const char *arguments) {
    struct ticket *ticket = ticket_add(command->owner, TICKET_COMMAND);
    ticket->verdict = MUSTER_PENDING;
    const struct muster_command_call call = {
        .size = sizeof(call), .id = ticket->id, .arguments = arguments};
    command->late(command->user, &call);
    testkit_wait(kit, is_answered, ticket, 60000);
    ticket_free(kit, ticket);
}

const char *testkit_command(struct testkit *kit, const char *line) {
    enum { ANSWER_MAX = 65536 };
    struct admin_command *command;
    size_t len = strcspn(line, " ");
    free(kit->command_answer);
    kit->command_answer = kit_alloc(ANSWER_MAX + 1);
    DL_FOREACH(kit->commands, command) {
        if (strlen(command->name) != len || strncmp(command->name, line, len) != 0) continue;
        const char *arguments = line[len] ? line + len + 1 : "";
        struct muster_writer answer = muster_writer_make(kit->command_answer, ANSWER_MAX);
        if (command->fn)
            command->fn(command->user, arguments, &answer);
        else
            run_late(kit, command, arguments);
        break;
    }
    return kit->command_answer;
}

static muster_status admin_execute(muster_self *self, const char *actor, const char *line,
                                   void (*fn)(void *user, const char *answer), void *user) {
    KIT_STARTED(self);
    if (!actor || !line || strlen(line) > LINE_BYTES_MAX) return MUSTER_INVALID;
    kit_act(self->kit, "admin.execute %s %s", actor, line);
    char *answer = kit_copy(testkit_command(self->kit, line));
    if (fn) fn(user, answer);
    free(answer);
    return MUSTER_OK;
}

const struct muster_host_admin kit_admin = {.size = sizeof(kit_admin),
                                            .command_add = admin_command_add,
                                            .execute = admin_execute,
                                            .command_add_late = admin_command_add_late,
                                            .command_answer = admin_command_answer};

/* ---- events --------------------------------------------------------------------------------- */

static muster_status events_subscribe(muster_self *self, uint64_t mask,
                                      void (*fn)(void *user, const struct muster_notice *notice),
                                      void *user) {
    KIT_ON_LOOP(self);
    if (!fn || !mask) return MUSTER_INVALID;
    struct subscription *subscription = kit_alloc(sizeof(*subscription));
    *subscription = (struct subscription){.owner = self, .mask = mask, .fn = fn, .user = user};
    DL_APPEND(self->kit->subscriptions, subscription);
    return MUSTER_OK;
}

void testkit_notice(struct testkit *kit, const struct muster_notice *notice) {
    struct subscription *subscription;
    DL_FOREACH(kit->subscriptions, subscription) {
        if (subscription->mask & (UINT64_C(1) << notice->kind))
            subscription->fn(subscription->user, notice);
    }
}

const struct muster_host_events kit_events = {.size = sizeof(kit_events),
                                              .subscribe = events_subscribe};

/* ---- the end of a plugin -------------------------------------------------------------------- */

/* What is with the database is done all the same; nobody is told. */
static void tickets_close(muster_self *self) {
    struct testkit *kit = self->kit;
    struct ticket *ticket, *next;
    DL_FOREACH_SAFE(kit->tickets, ticket, next) {
        if (ticket->owner != self) continue;
        if (ticket->kind != TICKET_DB || !kit->database || kit->database == self) {
            ticket_free(kit, ticket);
            continue;
        }
        ticket->owner = kit->database;
        ticket->db = NULL;
    }
}

void services_close(muster_self *self) {
    struct testkit *kit = self->kit;
    struct metric *metric, *next_metric;
    struct admin_command *command, *next_command;
    struct subscription *subscription, *next_subscription;
    tickets_close(self);
    DL_FOREACH_SAFE(kit->metrics, metric, next_metric) {
        if (metric->owner != self) continue;
        DL_DELETE(kit->metrics, metric);
        free(metric->name);
        free(metric->help);
        free(metric);
    }
    DL_FOREACH_SAFE(kit->commands, command, next_command) {
        if (command->owner != self) continue;
        DL_DELETE(kit->commands, command);
        free(command->name);
        free(command);
    }
    DL_FOREACH_SAFE(kit->subscriptions, subscription, next_subscription) {
        if (subscription->owner != self) continue;
        DL_DELETE(kit->subscriptions, subscription);
        free(subscription);
    }
}
