#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "config.h"
#include "log.h"
#include "net.h"
#include "server.h"
#include "service.h"
#include "shutdown.h"

#define CRASHES_MAX 5
#define CRASHES_WITHIN_MS 60000
#define PAUSE_FIRST_MS 100 /* then twice as long for each crash within a minute */

static struct {
    char path[1024]; /* looked up anew at each start: the file may be another by then */
    int sockets[2];
    sigset_t signals;
    sigset_t before;
    bool is_told_to_end;
    uint64_t crashes_ms[CRASHES_MAX]; /* the latest, in a ring */
    uint32_t crash_count;
} supervisor;

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- the child ------------------------------------------------------------------------------- */

static _Noreturn void become_server(char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    service_pass(supervisor.sockets, 2, "public:admin");
    sigprocmask(SIG_SETMASK, &supervisor.before, NULL);
    execv(supervisor.path, argv);
    fprintf(stderr, "musterd: %s: %s\n", supervisor.path, strerror(errno));
    _exit(SERVER_EXIT_CONFIG);
}

/* ---- crashes --------------------------------------------------------------------------------- */

static uint32_t crashes_of_late(void) {
    uint32_t count = 0;
    uint64_t since_ms = now_ms() - CRASHES_WITHIN_MS;
    for (uint32_t i = 0; i < CRASHES_MAX && i < supervisor.crash_count; i++)
        count += supervisor.crashes_ms[i] > since_ms;
    return count;
}

/* False: it was told to end meanwhile. */
static bool rest(uint32_t pause_ms) {
    uint64_t until_ms = now_ms() + pause_ms;
    for (uint64_t at_ms; (at_ms = now_ms()) < until_ms;) {
        uint64_t left_ms = until_ms - at_ms;
        struct timespec left = {.tv_sec = (time_t)(left_ms / 1000),
                                .tv_nsec = (long)(left_ms % 1000 * 1000000)};
        int number = sigtimedwait(&supervisor.signals, NULL, &left);
        if (number == SIGTERM || number == SIGINT) return false;
    }
    return true;
}

static void say_crash(int status, uint32_t count) {
    char how[64];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "ended by signal %d (%s)", WTERMSIG(status),
                 sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(how, sizeof how, "ended with exit code %d", WEXITSTATUS(status));
    log_error("supervisor", "the server %s, crash %u of %u within a minute", how, count,
              CRASHES_MAX);
}

/* True: start it again; else *code. */
static bool take_crash(int status, int *code) {
    supervisor.crashes_ms[supervisor.crash_count++ % CRASHES_MAX] = now_ms();
    uint32_t count = crashes_of_late();
    say_crash(status, count);
    *code = SERVER_EXIT_INTERNAL;
    if (count >= CRASHES_MAX) {
        log_error("supervisor", "given up");
        return false;
    }
    return rest(PAUSE_FIRST_MS << (count - 1));
}

/* By an operator, or a kernel that is out of memory: nothing is wrong with the server. */
static bool was_killed(int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* True: start it again; else *code. */
static bool is_to_start_again(int status, int *code) {
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : SERVER_EXIT_INTERNAL;
    if (supervisor.is_told_to_end) return false;
    if (was_killed(status)) {
        log_warn("supervisor", "the server was killed");
        return rest(PAUSE_FIRST_MS);
    }
    switch (*code) {
    case SHUTDOWN_EXIT_RESTART: return true;
    case SERVER_EXIT_OK:
    case SERVER_EXIT_IN_USE:
    case SERVER_EXIT_CONFIG: return false; /* another try would mend nothing */
    default: return take_crash(status, code);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool open_sockets(int *code) {
    char error[512] = "";
    muster_status status = net_socket_open(config_core->net.address, config_core->net.port,
                                           &supervisor.sockets[0], error);
    if (!status)
        status = net_socket_open(config_core->net.admin_address, config_core->net.admin_port,
                                 &supervisor.sockets[1], error);
    if (!status) return true;
    log_error("supervisor", "%s", error);
    *code = status == MUSTER_EXISTS    ? SERVER_EXIT_IN_USE
            : status == MUSTER_INVALID ? SERVER_EXIT_CONFIG
                                       : SERVER_EXIT_INTERNAL;
    return false;
}

static bool find_self(void) {
    ssize_t len = readlink("/proc/self/exe", supervisor.path, sizeof supervisor.path - 1);
    if (len > 0 && (size_t)len < sizeof supervisor.path - 1) return true;
    log_error("supervisor", "/proc/self/exe cannot be read");
    return false;
}

int supervisor_run(char **argv) {
    int code = SERVER_EXIT_INTERNAL, status;
    if (!find_self() || !open_sockets(&code)) return code;
    child_signals_block(&supervisor.signals, &supervisor.before);
    do {
        pid_t child = fork();
        if (child < 0) {
            log_error("supervisor", "no process: %s", strerror(errno));
            return SERVER_EXIT_INTERNAL;
        }
        if (child == 0) become_server(argv);
        status = child_wait(child, &supervisor.signals, &supervisor.is_told_to_end);
    } while (is_to_start_again(status, &code));
    return code;
}
