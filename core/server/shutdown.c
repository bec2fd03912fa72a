#include "shutdown.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "session.h"

#define LOOK_MS 250

static struct {
    bool begun;
    bool restarts;
    char reason[MUSTER_REASON_MAX];
    struct loop_timer *draining; /* looks whether the drain is over */
    uint64_t since_ms;
    bool leaves;
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

void shutdown_drain(bool on, bool leave) {
    lobby_drain(on);
    ending.leaves = on && leave;
    if (on && ending.draining) return;
    loop_timer_stop(ending.draining);
    ending.since_ms = loop_now_ms();
    ending.draining = on ? loop_timer_start(LOOK_MS, LOOK_MS, look, NULL) : NULL;
}

void shutdown_terminate(void) {
    bool drains = strcmp(config_core->server.stop_mode, "drain") == 0;
    if (!drains || ending.leaves) {
        shutdown_now("SIGTERM");
        return;
    }
    log_info("server", "SIGTERM: draining; a second one stops at once");
    shutdown_drain(true, true);
}

/* ---- restart --------------------------------------------------------------------------------- */

static void restart(void) {
    shutdown_leave(ending.text[0] ? ending.text : "restart");
}

static uint32_t restart_in_ms(void) {
    uint64_t now_ms = loop_now_ms();
    return ending.restart_ms > now_ms ? (uint32_t)(ending.restart_ms - now_ms) : 0;
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
    warn(in_s * 1000);
    wait_for_next();
}

bool shutdown_restart_cancel(void) {
    if (!ending.restart_ms) return false;
    call_off();
    return true;
}

void shutdown_deinit(void) {
    forget();
    loop_timer_stop(ending.draining);
    ending.draining = NULL;
    ending.leaves = false;
}
