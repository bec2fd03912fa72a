#include "shutdown.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "orders.h"
#include "session.h"

#define LOOK_MS 250

static struct {
    bool begun;
    bool restarts;
    char reason[MUSTER_REASON_MAX];
    struct loop_timer *draining; /* looks whether the drain is over */
    uint64_t since_ms;
    bool leaves;
    bool is_signal;          /* that is what drains it, and no order */
    struct loop_timer *next; /* warning of the restart, or the restart itself */
    uint64_t restart_ms;     /* 0: none is set */
    char text[MUSTER_REASON_MAX];
} ending;

void shutdown_now(const char *reason) {
    if (ending.begun) return;
    ending.begun = true;
    snprintf(ending.reason, sizeof ending.reason, "%s", reason);
    loop_stop();
}

void shutdown_leave(const char *reason) {
    if (ending.begun) return;
    ending.restarts = true;
    shutdown_now(reason);
}

bool shutdown_begun(void) {
    return ending.begun;
}

const char *shutdown_reason(void) {
    return ending.reason;
}

int shutdown_exit_code(void) {
    return ending.restarts ? SHUTDOWN_EXIT_RESTART : 0;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static uint32_t restart_in_ms(void) {
    uint64_t now_ms = loop_now_ms();
    return ending.restart_ms > now_ms ? (uint32_t)(ending.restart_ms - now_ms) : 0;
}

static void keep_orders(void) {
    int64_t now_ms = loop_unix_ms();
    struct orders orders = {.drains = ending.draining && !ending.is_signal};
    orders.leaves = orders.drains && ending.leaves;
    orders.drain_unix_ms = now_ms - (int64_t)(loop_now_ms() - ending.since_ms);
    if (ending.restart_ms) orders.restart_unix_ms = now_ms + restart_in_ms();
    snprintf(orders.restart_text, sizeof orders.restart_text, "%s", ending.text);
    orders_write(&orders);
}

/* ---- drain ----------------------------------------------------------------------------------- */

static void close_all(void) {
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "the server is draining: its time is over");
}

static void look(void *user) {
    (void)user;
    bool is_late = loop_now_ms() - ending.since_ms >= config_core->server.drain_max_ms;
    if (is_late) close_all();
    if (ending.leaves && lobby_count() == 0) shutdown_now("drained");
}

static void drain(bool on, bool leave) {
    lobby_drain(on);
    ending.leaves = on && leave;
    if (on && ending.draining) return;
    loop_timer_stop(ending.draining);
    ending.since_ms = loop_now_ms();
    ending.draining = on ? loop_timer_start(LOOK_MS, LOOK_MS, look, NULL) : NULL;
}

void shutdown_drain(bool on, bool leave) {
    drain(on, leave);
    ending.is_signal = false;
    keep_orders();
}

/* Who sends it may have no patience, and the next start is a new one. */
static void drain_by_signal(void) {
    ending.is_signal = !ending.draining;
    drain(true, true);
}

void shutdown_terminate(void) {
    bool drains = strcmp(config_core->server.stop_mode, "drain") == 0;
    if (!drains || ending.leaves) {
        shutdown_now("SIGTERM");
        return;
    }
    log_info("server", "SIGTERM: draining; a second one stops at once");
    drain_by_signal();
}

/* ---- restart --------------------------------------------------------------------------------- */

static void restart(void) {
    if (!ending.begun) orders_forget(); /* carried out */
    shutdown_leave(ending.text[0] ? ending.text : "restart");
}

uint32_t shutdown_restart_s(void) {
    return ending.restart_ms ? (restart_in_ms() + 999) / 1000 : 0;
}

static void tell_plugins(uint32_t seconds) {
    notices_emit(&(struct muster_notice){.size = sizeof(struct muster_notice),
                                         .kind = MUSTER_NOTICE_SERVER_RESTARTING,
                                         .seat = MUSTER_SEAT_NONE,
                                         .value = seconds});
}

static void warn(uint32_t in_ms) {
    tell_plugins((in_ms + 999) / 1000);
    (void)session_notify_all("server.stopping", json_pack("{s:I,s:s}", "inMs", (json_int_t)in_ms,
                                                          "reason", ending.text));
}

static void on_next(void *user);

/* The greatest mark that is not yet reached. */
static uint32_t next_mark_ms(uint32_t in_ms) {
    static const uint32_t marks_s[] = {900, 600, 300, 180, 120, 60, 30};
    for (size_t i = 0; i < sizeof marks_s / sizeof *marks_s; i++)
        if (marks_s[i] * 1000 < in_ms) return marks_s[i] * 1000;
    return 0;
}

static void wait_for_next(void) {
    uint32_t in_ms = restart_in_ms();
    ending.next = loop_timer_start(in_ms - next_mark_ms(in_ms), 0, on_next, NULL);
    if (!ending.next) restart();
}

static void forget(void) {
    loop_timer_stop(ending.next);
    ending.next = NULL;
    ending.restart_ms = 0;
}

static void call_off(void) {
    forget();
    keep_orders();
    tell_plugins(MUSTER_RESTART_CANCELLED);
    (void)session_announce("The restart is called off.");
}

/* The configuration may be another one than when the restart was set. */
static void restart_or_stay(void) {
    char error[CONFIG_ERROR_MAX] = "";
    if (check_restart(error) == MUSTER_OK) {
        restart();
        return;
    }
    call_off();
    log_write_lines(MUSTER_LOG_ERROR, "server",
                    "no restart, the server would not start again: ", error);
}

static void on_next(void *user) {
    (void)user;
    ending.next = NULL;
    uint32_t in_ms = restart_in_ms();
    if (in_ms == 0) {
        restart_or_stay();
        return;
    }
    warn(in_ms);
    wait_for_next();
}

void shutdown_restart(uint32_t in_s, const char *text) {
    forget();
    snprintf(ending.text, sizeof ending.text, "%s", text);
    if (in_s == 0) {
        restart();
        return;
    }
    ending.restart_ms = loop_now_ms() + (uint64_t)in_s * 1000;
    keep_orders();
    warn(in_s * 1000);
    wait_for_next();
}

bool shutdown_restart_cancel(void) {
    if (!ending.restart_ms) return false;
    call_off();
    return true;
}

/* ---- after a crash --------------------------------------------------------------------------- */

static void drain_on(const struct orders *left, int64_t now_ms) {
    int64_t ago_ms = now_ms > left->drain_unix_ms ? now_ms - left->drain_unix_ms : 0;
    log_info("server", "draining, as the server before");
    drain(true, left->leaves);
    ending.since_ms -= (uint64_t)ago_ms; /* also before the clock's beginning: differences count */
}

static void restart_on(const struct orders *left, int64_t now_ms) {
    int64_t in_s = (left->restart_unix_ms - now_ms + 999) / 1000;
    if (in_s > SHUTDOWN_RESTART_MAX_S) in_s = SHUTDOWN_RESTART_MAX_S;
    if (in_s <= 0) {
        log_info("server", "the restart that was set is done: its time has come meanwhile");
        return;
    }
    log_info("server", "a restart is set in %lld s, as by the server before", (long long)in_s);
    shutdown_restart((uint32_t)in_s, left->restart_text);
}

void shutdown_resume(void) {
    struct orders left;
    int64_t now_ms = loop_unix_ms();
    if (!orders_read(&left)) return;
    if (left.drains) drain_on(&left, now_ms);
    if (left.restart_unix_ms) restart_on(&left, now_ms);
    keep_orders();
}

void shutdown_deinit(void) {
    forget();
    loop_timer_stop(ending.draining);
    ending.draining = NULL;
    ending.leaves = false;
    if (ending.restarts)
        orders_leave();
    else
        orders_forget();
}
