#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "books.h"
#include "check.h"
#include "config.h"
#include "console.h"
#include "disk.h"
#include "dispatch.h"
#include "engine.h"
#include "host.h"
#include "http.h"
#include "huge.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "methods.h"
#include "metrics.h"
#include "moderation.h"
#include "net.h"
#include "notices.h"
#include "outbox.h"
#include "paths.h"
#include "queue.h"
#include "recovery.h"
#include "report.h"
#include "service.h"
#include "shutdown.h"
#include "store.h"
#include "trim.h"
#include "untrusted.h"
#include "upgrade.h"
#include "watchdog.h"
#include "write_behind.h"

#define WATCHDOG_WARN_MS 1000
#define WATCHDOG_ABORT_MS 10000
#define STOP_WAIT_MS 5000
#define GATHER_MS 2000
#define CLOSE_RESTART 1012    /* as RFC 6455's registry has it */
#define COMMAND_WAIT_MS 60000 /* real time, for the database and for a late answer */

static struct {
    int exit_code;
    bool for_command; /* one console command, then the end */
    bool net_begun;   /* net_start was called, also when it failed */
    bool ready;
    bool is_gathering;            /* huge pages, on the pool */
    struct loop_timer *gathering; /* or null */
} server;

const char *server_version(void) {
    return MUSTER_VERSION;
}

/* The ready line was printed and no stop has begun. */
static bool is_ready(void) {
    return server.ready && !shutdown_begun();
}

static void fail(int exit_code, const char *why) {
    if (upgrade_is_beside()) upgrade_give_up(exit_code, why);
    log_error("server", "%s", why);
    server.exit_code = exit_code;
    shutdown_now(why);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void on_console_answer(void *user, muster_status status, const char *answer) {
    (void)user;
    (void)status; /* the sentence says it */
    if (answer[0]) log_plain(answer);
}

static void on_console_line(void *user, const char *line) {
    (void)user;
    if (line[0]) console_run("console", line, on_console_answer, NULL);
}

static void emit(uint32_t kind) {
    notices_emit(&(struct muster_notice){
        .size = sizeof(struct muster_notice), .kind = kind, .seat = MUSTER_SEAT_NONE});
}

/* From here on nothing of a player has been read, and everything else has been started. */
static bool lock_if_asked(void) {
    char error[UNTRUSTED_ERROR_MAX] = "";
    if (!untrusted_requested()) return true;
    plugin_unlink_all();
    muster_status status = untrusted_lock(error);
    if (!status) return true;
    net_stop();
    fail(status == MUSTER_INVALID ? SERVER_EXIT_CONFIG : SERVER_EXIT_INTERNAL, error);
    return false;
}

static void gather_heap(void *user) {
    huge_gather(*(struct huge_span *)user);
}

static void on_gathered(void *user, muster_status status) {
    (void)user;
    (void)status;
    server.is_gathering = false;
}

static void on_gather(void *user) {
    static struct huge_span span; /* the job's */
    struct loop_work *job;
    (void)user;
    if (server.is_gathering) return;
    span = huge_next();
    server.is_gathering = span.bytes > 0 && !loop_work_start(gather_heap, on_gathered, &span, &job);
}

/* What the start has needed goes back; what players will need comes in huge pages. */
static void settle_memory(void) {
    trim_memory();
    huge_begin();
    server.gathering = loop_timer_start(GATHER_MS, GATHER_MS, on_gather, NULL);
}

static void listen_now(void) {
    struct net_handlers handlers = {.http_body_max = http_body_max,
                                    .http_request = http_dispatch,
                                    .http_closed = http_closed,
                                    .rx_batch = pacer_run};
    char error[512] = "";
    dispatch_net_handlers(&handlers);
    host_net_handlers(&handlers);
    server.net_begun = true;
    muster_status status = net_start(&handlers, error);
    if (status) {
        fail(status == MUSTER_EXISTS    ? SERVER_EXIT_IN_USE
             : status == MUSTER_INVALID ? SERVER_EXIT_CONFIG
                                        : SERVER_EXIT_INTERNAL,
             error);
        return;
    }
    settle_memory();
    if (!lock_if_asked()) return;
    upgrade_agree();
    char line[160];
    snprintf(line, sizeof line, "Server is ready: listening on %s:%u", config_core->net.address,
             net_port());
    log_info("server", "version %s, node %s, admin address %s:%u", MUSTER_VERSION, paths_node_id(),
             config_core->net.admin_address, net_admin_port());
    server.ready = true;
    emit(MUSTER_NOTICE_SERVER_READY);
    log_plain(line);
    service_notify("READY=1");
    if (loop_stdin(on_console_line, NULL)) log_warn("server", "no console: stdin cannot be read");
    upgrade_watch();
}

/* Listening begins when the tables stand: nobody meets a half-started server. */
static void on_store_started(void *user, muster_status status) {
    (void)user;
    if (shutdown_begun()) return;
    if (status) {
        fail(SERVER_EXIT_INTERNAL, "the database could not be prepared");
        return;
    }
    queue_recover();
    if (recovery_start()) {
        fail(SERVER_EXIT_INTERNAL, "the folder of the lobbies that go on cannot be made");
        return;
    }
    if (!upgrade_is_beside()) shutdown_resume();
    listen_now();
}

static void on_interrupt(void *user) {
    (void)user;
    if (upgrade_is_beside()) upgrade_give_up(SERVER_EXIT_INTERNAL, "SIGINT");
    shutdown_now("SIGINT");
}

static void on_terminate(void *user) {
    (void)user;
    if (upgrade_is_beside()) upgrade_give_up(SERVER_EXIT_INTERNAL, "SIGTERM");
    if (upgrade_is_orphan())
        shutdown_leave("the supervisor is gone");
    else if (is_ready())
        shutdown_terminate();
    else
        shutdown_now("SIGTERM");
}

static void on_hangup(void *user) {
    (void)user;
    char report[CONFIG_ERROR_MAX] = "";
    muster_status status = server_reload(report);
    if (status) {
        log_write_lines(MUSTER_LOG_ERROR, "server", "not reloaded: ", report);
        return;
    }
    log_info("server", "configuration reloaded%s", report[0] ? "" : ": nothing has changed");
    log_write_lines(MUSTER_LOG_INFO, "server", "", report);
}

static muster_status watch_signals(void) {
    muster_status status = loop_signal(SIGINT, on_interrupt, NULL);
    if (!status) status = loop_signal(SIGTERM, on_terminate, NULL);
    return status ? status : loop_signal(SIGHUP, on_hangup, NULL);
}

static struct {
    void (*fn)(void *user, muster_status status);
    void *user;
} tables_wait;

/* Nobody comes in before it is known who may not. */
static void on_plugin_tables(void *user, muster_status status) {
    (void)user;
    if (status)
        tables_wait.fn(tables_wait.user, status);
    else
        moderation_start(tables_wait.fn, tables_wait.user);
}

/* True: the tables are being prepared, then on_store is called. */
static bool start_plugins(void (*on_store)(void *user, muster_status status), void *user) {
    char error[PLUGIN_ERROR_MAX] = "";
    muster_status status = plugin_start_all(error);
    if (status) {
        fail(server_exit_code(status), error);
        return false;
    }
    if (!server.for_command && check_defaults(error)) {
        server_complain(error);
        fail(SERVER_EXIT_CONFIG, "lobby.defaults holds what no mode has");
        return false;
    }
    metrics_set(METRIC_RELOAD_SUCCESS, 1);
    tables_wait.fn = on_store;
    tables_wait.user = user;
    store_start(on_plugin_tables, NULL);
    return true;
}

static void on_service_watchdog(void *user) {
    (void)user;
    service_notify("WATCHDOG=1");
}

/* Twice as often as it is expected. The loop turns, says this. */
static bool feed_service_watchdog(void) {
    uint32_t period_ms = service_watchdog_ms() / 2;
    return !period_ms || loop_timer_start(period_ms, period_ms, on_service_watchdog, NULL);
}

static void start(void) {
    if (watch_signals() || !feed_service_watchdog() ||
        watchdog_start(WATCHDOG_WARN_MS, WATCHDOG_ABORT_MS) || disk_start() ||
        write_behind_start() || books_start(is_ready))
        fail(SERVER_EXIT_INTERNAL, "the server could not be started");
    else
        start_plugins(on_store_started, NULL);
}

/* ---- reload ---------------------------------------------------------------------------------- */

/* With the new values. What was told so far are changes; a refusal is told alone. */
static muster_status check_reloaded(char *error) {
    muster_status status = check_again(error);
    return status || !server.ready ? status : net_tls_reload(error);
}

muster_status server_reload(char *report) {
    const char *level = config_core->server.log_level; /* the same strings while they are equal */
    const char *token = config_core->admin.token;
    muster_status status = config_reload(check_reloaded, report);
    methods_info_forget();
    if (config_core->admin.token != token) net_expel();
    if (config_core->server.log_level != level)
        log_level_set(log_level_parse(config_core->server.log_level));
    metrics_set(METRIC_RELOAD_SUCCESS, status == MUSTER_OK);
    size_t len = strlen(report);
    if (!status && config_core->tls.cert[0]) /* its files may be others, unseen by config */
        snprintf(report + len, CONFIG_ERROR_MAX - len, "%stls: certificate and key read again",
                 len && report[len - 1] != '\n' ? "\n" : "");
    return status;
}

/* ---- stop ------------------------------------------------------------------------------------ */

static bool net_is_down(void *user) {
    (void)user;
    return net_stopped();
}

static bool pool_is_idle(void *user) {
    (void)user;
    for (struct muster_self *p = plugin_next(NULL); p; p = plugin_next(p))
        if (p->work_running) return false;
    return true;
}

/* What was put off for stopped plugins still names them: before they are unloaded. */
static bool loop_is_quiet(void *user) {
    (void)user;
    return loop_quiet();
}

static bool all_is_written(void *user) {
    (void)user;
    return outbox_is_empty();
}

static void run_until(bool (*done)(void *user)) {
    (void)loop_run_until(done, NULL, STOP_WAIT_MS); /* it has been patient enough */
}

/* Their lobbies go on in the next process: they need not wait as for a server that is gone. */
static void close_for_restart(void) {
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));)
        if (session->client) client_close(session->client, CLOSE_RESTART, "the server restarts");
}

static void stop(void) {
    log_info("server", "stopping: %s", shutdown_reason());
    service_notify("STOPPING=1");
    shutdown_deinit();
    upgrade_deinit();
    emit(MUSTER_NOTICE_SERVER_STOPPING);
    if (server.ready) net_stop_listening();
    plugin_drain_all();
    (void)session_notify_all("server.stopping",
                             json_pack("{s:i,s:s}", "inMs", 0, "reason", shutdown_reason()));
    queue_deinit();
    if (shutdown_exit_code() == SHUTDOWN_EXIT_RESTART) {
        recovery_leave();
        close_for_restart();
    }
    lobby_deinit();
    report_hurry(); /* with the results of the matches that have ended just now */
    if (server.ready) net_stop();
    if (server.net_begun) run_until(net_is_down);
    outbox_hurry();
    run_until(all_is_written);
    loop_timer_stop(server.gathering);
    run_until(pool_is_idle);
    report_deinit();
    plugin_stop_all();
    run_until(loop_is_quiet);
    outbox_deinit();
    pacer_stop();
    untrusted_stop();
    write_behind_stop();
    disk_stop();
    watchdog_stop();
}

static int end(void) {
    stop();
    books_deinit();
    server_unload();
    return server.exit_code ? server.exit_code : shutdown_exit_code();
}

int server_run(void) {
    bool is_beside = upgrade_is_beside();
    int code = server_load_checked(!is_beside);
    if (code != SERVER_EXIT_OK) {
        server_unload();
        return code;
    }
    if (is_beside) upgrade_take_over();
    start();
    if (!shutdown_begun()) {
        do loop_run();
        while (upgrade_hand_over());
    }
    return end();
}

/* ---- one command ----------------------------------------------------------------------------- */

struct wait {
    bool is_over;
    muster_status status;
};

static bool is_over(void *user) {
    return ((const struct wait *)user)->is_over;
}

static void on_tables(void *user, muster_status status) {
    *(struct wait *)user = (struct wait){true, status};
}

static void start_for_command(void) {
    static struct wait wait; /* the answer may come after the patience is over */
    engine_offer();
    if (watchdog_start(WATCHDOG_NEVER_MS, WATCHDOG_NEVER_MS) || books_start(is_ready)) {
        fail(SERVER_EXIT_INTERNAL, "the server could not be started");
        return;
    }
    if (!start_plugins(on_tables, &wait)) return;
    if (!loop_run_until(is_over, &wait, COMMAND_WAIT_MS) || wait.status || engine_settle())
        fail(SERVER_EXIT_INTERNAL, "the database could not be prepared");
    else
        emit(MUSTER_NOTICE_SERVER_READY);
}

static void on_command_answer(void *user, muster_status status, const char *answer) {
    size_t len = strlen(answer);
    fwrite(answer, 1, len, stdout);
    if (len && answer[len - 1] != '\n') putchar('\n');
    if (fflush(stdout)) fail(SERVER_EXIT_INTERNAL, "the answer could not be written to stdout");
    if (status) server.exit_code = SERVER_EXIT_FAILED;
    ((struct wait *)user)->is_over = true;
}

static void run_command(const char *line) {
    static struct wait wait;
    engine_begin();
    console_run_whole("run", line, on_command_answer, &wait);
    if (!loop_run_until(is_over, &wait, COMMAND_WAIT_MS))
        fail(SERVER_EXIT_INTERNAL, "the command gave no answer");
    engine_end();
}

int server_command(const char *line) {
    server.for_command = true;
    int code = server_load_for_command();
    if (code != SERVER_EXIT_OK) return code;
    if (!console_knows(line)) {
        fprintf(stderr, "musterd: --run: unknown command \"%.*s\"; \"help\" lists them\n",
                (int)strcspn(line, " "), line);
        server_unload();
        return SERVER_EXIT_UNKNOWN;
    }
    start_for_command();
    if (!shutdown_begun()) run_command(line);
    return end();
}
