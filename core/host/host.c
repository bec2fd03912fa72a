#include "host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "console.h"
#include "engine.h"
#include "host_internal.h"
#include "http.h"
#include "lobby.h"
#include "log.h"
#include "methods.h"
#include "metrics.h"
#include "notices.h"
#include "paths.h"
#include "pending.h"
#include "report.h"
#include "watchdog.h"

/* ---- log ------------------------------------------------------------------------------------- */

static void write_line(muster_self *self, uint32_t level, const char *text,
                       struct log_fields fields) {
    fields.plugin = self->instance_name;
    log_fields(level, self->instance_name, &fields, "%s", text);
}

static void log_write_va_fn(muster_self *self, uint32_t level, const char *format, va_list args) {
    if (!format) {
        plugin_fault(self, "host->log: null where a line was expected");
        return;
    }
    char text[1024 + 2]; /* longer than a line may be: the log says that it was cut */
    vsnprintf(text, sizeof text, format, args);
    write_line(self, level, text, (struct log_fields){.kind = format});
}

static void log_write_fn(muster_self *self, uint32_t level, const char *format, ...) {
    va_list args;
    va_start(args, format);
    log_write_va_fn(self, level, format, args);
    va_end(args);
}

static void log_write_fields_fn(muster_self *self, uint32_t level, const char *message,
                                const struct muster_log_field *fields, uint32_t field_count) {
    const struct muster_log_field *good[MUSTER_LOG_FIELDS_MAX];
    uint32_t count = 0;
    const char *fault = NULL;
    if (!message) {
        plugin_fault(self, "host->log: null where a line was expected");
        return;
    }
    for (uint32_t i = 0; fields && i < field_count && i <= MUSTER_LOG_FIELDS_MAX; i++) {
        const char *wrong = log_field_fault(&fields[i], good, count);
        if (!wrong) good[count++] = &fields[i];
        if (wrong) fault = wrong;
    }
    if (!fields && field_count) fault = "null where fields were expected";
    write_line(self, level, message,
               (struct log_fields){.own = good, .own_count = count, .kind = message});
    if (fault)
        plugin_fault(self, "host->log->write_fields: a field is left out of a line: %s", fault);
}

static const struct muster_host_log log_group = {
    .size = sizeof log_group,
    .write = log_write_fn,
    .write_va = log_write_va_fn,
    .write_fields = log_write_fields_fn,
};

/* ---- config ---------------------------------------------------------------------------------- */

#define WHOLE (1u << SCHEMA_INT | 1u << SCHEMA_DURATION)

/* As one of these types. */
static bool declared(muster_self *self, const char *key, uint32_t types) {
    if (!host_on_loop(self, "host->config")) return false;
    const struct schema_entry *entry = key ? config_entry(self->instance_name, key) : NULL;
    if (entry && types & 1u << entry->type) return true;
    plugin_fault(self, "reads config key \"%s\", which its schema %s", key ? key : "(null)",
                 entry ? "declares as another type" : "does not declare");
    return false;
}

static int64_t config_integer_fn(muster_self *self, const char *key) {
    return declared(self, key, WHOLE) ? config_int(self->instance_name, key) : 0;
}

static double config_number_fn(muster_self *self, const char *key) {
    return declared(self, key, WHOLE | 1u << SCHEMA_NUMBER)
               ? config_number(self->instance_name, key)
               : 0.0;
}

static bool config_boolean_fn(muster_self *self, const char *key) {
    return declared(self, key, 1u << SCHEMA_BOOL) ? config_bool(self->instance_name, key) : false;
}

static const char *config_string_fn(muster_self *self, const char *key) {
    return declared(self, key, 1u << SCHEMA_STRING | 1u << SCHEMA_ENUM)
               ? config_string(self->instance_name, key)
               : "";
}

static uint32_t config_list_count_fn(muster_self *self, const char *key) {
    return declared(self, key, 1u << SCHEMA_LIST) ? config_list_count(self->instance_name, key) : 0;
}

static const char *config_list_item_fn(muster_self *self, const char *key, uint32_t index) {
    if (!declared(self, key, 1u << SCHEMA_LIST) ||
        index >= config_list_count(self->instance_name, key))
        return "";
    return config_list_item(self->instance_name, key, index);
}

static const char *instance_name_fn(muster_self *self) {
    return host_on_loop(self, __func__) ? self->instance_name : "";
}

static const char *data_dir_fn(muster_self *self) {
    if (!host_on_loop(self, __func__)) return "";
    if (paths_keeps_data()) (void)paths_make_dir(paths_data());
    return paths_data();
}

static const char *share_dir_fn(muster_self *self) {
    return host_on_loop(self, __func__) ? paths_share() : "";
}

static const struct muster_host_config config_group = {
    .size = sizeof config_group,
    .integer = config_integer_fn,
    .number = config_number_fn,
    .boolean = config_boolean_fn,
    .string = config_string_fn,
    .list_count = config_list_count_fn,
    .list_item = config_list_item_fn,
    .instance_name = instance_name_fn,
    .data_dir = data_dir_fn,
    .share_dir = share_dir_fn,
};

/* ---- watchdog, metrics, events ----------------------------------------------------------------
 */

static muster_status overrun_fn(muster_self *self, uint32_t limit_us, void (*fn)(void *user),
                                void *user) {
    HOST_CHECK_THREAD(self);
    if (fn) HOST_CHECK_OPEN(self);
    if (fn && limit_us == 0) return MUSTER_INVALID;
    watchdog_set_overrun(self, limit_us, fn, user);
    return MUSTER_OK;
}

static const struct muster_host_watchdog watchdog_group = {.size = sizeof watchdog_group,
                                                           .overrun = overrun_fn};

static muster_status metric_add_fn(muster_self *self, uint32_t type, const char *name,
                                   const char *help, uint32_t *out) {
    HOST_CHECK_OPEN(self);
    if (!name || !out) return MUSTER_INVALID;
    return metrics_register(self, type, name, help, out);
}

static void metric_set_fn(muster_self *self, uint32_t metric, double value) {
    if (host_on_loop(self, __func__) && !metrics_custom_set(self, metric, value))
        plugin_fault(self, "sets metric %u, which is not its own", metric);
}

static void metric_increase_fn(muster_self *self, uint32_t metric, double by) {
    if (host_on_loop(self, __func__) && !metrics_custom_add(self, metric, by))
        plugin_fault(self, "increases metric %u by %g: not its own, or a counter that would fall",
                     metric, by);
}

static void metric_visit_fn(muster_self *self,
                            void (*fn)(void *user, const struct muster_metric *metric),
                            void *user) {
    if (host_on_loop(self, __func__) && fn) metrics_visit(fn, user);
}

static const struct muster_host_metrics metrics_group = {
    .size = sizeof metrics_group,
    .add = metric_add_fn,
    .set = metric_set_fn,
    .increase = metric_increase_fn,
    .visit = metric_visit_fn,
};

static muster_status subscribe_fn(muster_self *self, uint64_t mask,
                                  void (*fn)(void *user, const struct muster_notice *notice),
                                  void *user) {
    HOST_CHECK_OPEN(self);
    return notices_subscribe(self, mask, fn, user);
}

static const struct muster_host_events events_group = {.size = sizeof events_group,
                                                       .subscribe = subscribe_fn};

/* ---- admin ----------------------------------------------------------------------------------- */

static muster_status command_add_fn(muster_self *self, const char *name, const char *help,
                                    void (*fn)(void *user, const char *arguments,
                                               struct muster_writer *answer),
                                    void *user) {
    HOST_CHECK_OPEN(self);
    return console_add(self, name, help, fn, user);
}

static muster_status
command_add_late_fn(muster_self *self, const char *name, const char *help,
                    void (*fn)(void *user, const struct muster_command_call *call), void *user) {
    HOST_CHECK_OPEN(self);
    return console_add_late(self, name, help, fn, user);
}

static muster_status answer_command_fn(muster_self *self, muster_command_call_id call,
                                       muster_status status, const char *text) {
    HOST_CHECK_THREAD(self);
    return console_answer(self, call, status, text);
}

/* A command may close the lobby or reload the plugin whose callback asks for it: it runs in the
 * loop's next turn. The plugin may have stopped when the answer comes. */
struct execution {
    struct handle handle;
    void (*fn)(void *user, muster_status status, const char *answer);
    void *user;
    bool is_over; /* the plugin has been told */
    muster_status status;
    char *answer; /* that came inside a plugin's call, and waits for the next turn; owned */
    char actor[MUSTER_NAME_MAX];
    char line[1024];
};

static void tell_executed(struct execution *execution, muster_status status, const char *answer) {
    execution->is_over = true;
    host_handle_close(&execution->handle);
    if (!execution->fn) return;
    plugin_enter(execution->handle.resource.owner, "admin.answer");
    execution->fn(execution->user, status, answer);
    plugin_leave();
}

/* The command goes on, if it has begun. */
static void close_execution(struct resource *resource) {
    tell_executed((struct execution *)resource, MUSTER_CLOSED, "");
}

static const struct resource_kind execution_kind = {"command", close_execution, true};

static bool is_wanted(const struct execution *execution) {
    return !execution->is_over && !execution->handle.resource.is_cancelled;
}

static void on_executed(void *user, muster_status status, const char *answer);

static void do_tell(void *user) {
    struct execution *execution = user;
    on_executed(execution, execution->status, execution->answer);
}

/* A plugin's command was answered in a call of that plugin, which may be the asker. */
static bool tell_later(struct execution *execution, muster_status status, const char *answer) {
    execution->status = status;
    execution->answer = strdup(answer);
    return execution->answer && !host_defer(do_tell, execution);
}

static void on_executed(void *user, muster_status status, const char *answer) {
    struct execution *execution = user;
    if (plugin_depth() > 0 && tell_later(execution, status, answer)) return;
    if (is_wanted(execution))
        tell_executed(execution, status, answer);
    else if (!execution->is_over)
        close_execution(&execution->handle.resource);
    free(execution->answer);
    free(execution);
}

static void do_execute(void *user) {
    struct execution *execution = user;
    if (is_wanted(execution))
        console_run(execution->actor, execution->line, on_executed, execution);
    else
        on_executed(execution, MUSTER_CLOSED, "");
}

static muster_status execute_fn(muster_self *self, const char *actor, const char *line,
                                void (*fn)(void *user, muster_status status, const char *answer),
                                void *user, muster_execution_id *out) {
    HOST_CHECK_STARTED(self);
    if (!actor || !line || strlen(line) > 1000) return MUSTER_INVALID;
    struct execution *execution = calloc(1, sizeof *execution);
    if (!execution) return MUSTER_NO_MEMORY;
    execution->fn = fn;
    execution->user = user;
    snprintf(execution->actor, sizeof execution->actor, "%s", actor);
    snprintf(execution->line, sizeof execution->line, "%s", line);
    muster_status status = host_handle_open(self, &execution->handle, &execution_kind);
    if (!status) {
        status = host_defer(do_execute, execution);
        if (status) host_handle_close(&execution->handle);
    }
    if (status)
        free(execution);
    else if (out)
        out->value = execution->handle.id;
    return status;
}

static muster_status execute_cancel_fn(muster_self *self, muster_execution_id id) {
    HOST_CHECK_THREAD(self);
    struct execution *execution = host_handle_find(self, id.value, &execution_kind);
    return execution ? resource_cancel(&execution->handle.resource) : MUSTER_NOT_FOUND;
}

static const struct muster_host_admin admin_group = {
    .size = sizeof admin_group,
    .command_add = command_add_fn,
    .execute = execute_fn,
    .command_add_late = command_add_late_fn,
    .command_answer = answer_command_fn,
    .execute_cancel = execute_cancel_fn,
};

/* ---- report ---------------------------------------------------------------------------------- */

static muster_status suspicion_fn(muster_self *self, muster_match_id match, uint32_t seat,
                                  const char *json) {
    HOST_CHECK_STARTED(self);
    muster_status status = report_suspicion(match, seat, json);
    if (status == MUSTER_INVALID)
        plugin_fault(self,
                     "report->suspicion: expected a JSON object with \"detector\", a text, and "
                     "\"severity\", 1 to 10");
    return status;
}

static muster_status report_complete_fn(muster_self *self, muster_report_ticket_id ticket,
                                        muster_verdict verdict) {
    HOST_CHECK_THREAD(self);
    if (verdict != MUSTER_ACCEPT && verdict != MUSTER_REJECT)
        plugin_fault(self, "report->complete: %u is neither ACCEPT nor REJECT", verdict);
    return pending_complete(self, "report", ticket.value, MUSTER_OK, &verdict);
}

static const struct muster_host_report report_group = {
    .size = sizeof report_group,
    .suspicion = suspicion_fn,
    .complete = report_complete_fn,
};

/* ---- rpc ------------------------------------------------------------------------------------- */

static muster_status method_add_fn(muster_self *self, const char *name, muster_rpc_fn fn,
                                   void *user) {
    HOST_CHECK_OPEN(self);
    return methods_plugin_add(self, name, fn, user);
}

static muster_status rpc_answer_fn(muster_self *self, muster_rpc_call_id call,
                                   const char *result_json) {
    HOST_CHECK_THREAD(self);
    return methods_plugin_answer(self, call, result_json);
}

static muster_status rpc_refuse_fn(muster_self *self, muster_rpc_call_id call, const char *code,
                                   const char *text, const struct muster_refusal *refusal) {
    HOST_CHECK_THREAD(self);
    struct muster_refusal full = {.size = sizeof full};
    if (!code) return MUSTER_INVALID;
    if (refusal && !ABI_COPY_IN(self, muster_refusal, &full, refusal)) return MUSTER_INVALID;
    return methods_plugin_refuse(self, call, code, text, &full);
}

static const struct muster_host_rpc rpc_group = {
    .size = sizeof rpc_group,
    .method_add = method_add_fn,
    .answer = rpc_answer_fn,
    .refuse = rpc_refuse_fn,
};

/* ---- the table ------------------------------------------------------------------------------- */

static const struct muster_host table = {
    .size = sizeof table,
    .abi_minor = MUSTER_ABI_MINOR,
    .log = &log_group,
    .config = &config_group,
    .loop = &host_loop_group,
    .net = &host_net_group,
    .http = &host_http_group,
    .ws = &host_ws_group,
    .lobby = &host_lobby_group,
    .match = &host_match_group,
    .player = &host_player_group,
    .db = &host_db_group,
    .report = &report_group,
    .watchdog = &watchdog_group,
    .metrics = &metrics_group,
    .admin = &admin_group,
    .events = &events_group,
    .rpc = &rpc_group,
    .engine = &host_engine_group,
    .moderation = &host_moderation_group,
    .interfaces = &host_interfaces_group,
    .data = &host_data_group,
    .kv = &host_kv_group,
    .node = &host_node_group,
};

const struct muster_host *host_table(void) {
    return &table;
}

muster_status host_init(void) {
    host_node_init();
    return host_handles_init();
}

void host_deinit(void) {
    host_ws_deinit();
    host_handles_deinit();
}
