#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "child.h"
#include "config.h"
#include "log.h"
#include "net.h"
#include "server.h"
#include "service.h"
#include "shutdown.h"
#include "trim.h"

#define CRASHES_MAX 5
#define CRASHES_WITHIN_MS 60000
#define PAUSE_SECOND_MS 100    /* at the second crash within a minute, then twice as long each */
#define OBSTACLE_PAUSE_MS 1000 /* then twice as long each, up to four times */
#define OBSTACLE_DOUBLED_MAX 2
#define READY_WAIT_MS 8000      /* for one beside the one that serves; who asked waits for 10 s */
#define REASON_WAIT_MS 1000     /* for its end, when it has said why */
#define HAND_OVER_WAIT_MS 20000 /* the two agree much sooner, or say why not */

struct server {
    pid_t pid;   /* 0: there is none */
    int channel; /* -1: closed */
};

static struct {
    char path[1024]; /* looked up anew at each start: the file may be another by then */
    char **argv;
    bool takes_paths;
    int sockets[2];
    int signal_fd;
    sigset_t signals;
    sigset_t before;
    bool is_told_to_end;
    uint64_t crashes_ms[CRASHES_MAX]; /* the latest, in a ring */
    uint32_t crash_count;
    bool is_crash_open; /* the last one, which may yet not count */
    bool has_served;    /* one of the servers */
    uint32_t obstacle_count;
    struct server serving;
    struct server beside; /* an upgrade: it is to serve next */
    char beside_path[1024];
    char beside_reason[CHANNEL_TEXT_MAX];
    uint64_t beside_until_ms;
    bool has_stood; /* the one that serves: all it has is saved, and it does nothing */
} supervisor = {.serving.channel = -1, .beside.channel = -1};

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- a server -------------------------------------------------------------------------------- */

static _Noreturn void become_server(const char *path, int channel, const char *names) {
    char why[CHANNEL_TEXT_MAX];
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it sees whose death it is, and leaves its lobbies */
    service_pass((int[]){supervisor.sockets[0], supervisor.sockets[1], channel}, 3, names);
    sigprocmask(SIG_SETMASK, &supervisor.before, NULL);
    execv(path, supervisor.argv);
    snprintf(why, sizeof why, "%s: %s", path, strerror(errno));
    (void)channel_say(channel, CHANNEL_REFUSED, why);
    fprintf(stderr, "musterd: %s\n", why);
    _exit(SERVER_EXIT_CONFIG);
}

static bool start(struct server *server, const char *path, const char *names) {
    int ends[2];
    if (channel_open(ends)) return false;
    pid_t child = fork();
    if (server == &supervisor.beside && child >= 0)
        (void)setpgid(child, 0); /* by both, as either may be first */
    if (child == 0) become_server(path, ends[1], names);
    close(ends[1]);
    if (child > 0)
        *server = (struct server){child, ends[0]};
    else
        close(ends[0]);
    return child > 0;
}

static void close_channel(struct server *server) {
    if (server->channel >= 0) close(server->channel);
    server->channel = -1;
}

static void say_how_ended(int status, char *out, size_t size) {
    if (WIFSIGNALED(status))
        snprintf(out, size, "ended by signal %d (%s)", WTERMSIG(status),
                 sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(out, size, "ended with exit code %d", WEXITSTATUS(status));
}

/* ---- a service manager, whose service this process is ---------------------------------------- */

/* It watches the servers through this process, which stays while they change: that one of them
 * stops is not passed on, nor what else one that is locked might say. */
static void pass_state(const char *state) {
    if (strcmp(state, "READY=1") == 0 || strcmp(state, "WATCHDOG=1") == 0) service_notify(state);
}

/* Each lobby pays once or twice, so that this comes to an end. */
static void settle_crash(void) {
    if (!supervisor.is_crash_open) return;
    supervisor.is_crash_open = false;
    supervisor.crashes_ms[--supervisor.crash_count % CRASHES_MAX] = 0;
    log_info("supervisor", "that crash was a lobby's, and does not count");
}

static void note_served(void) {
    supervisor.has_served = true;
    supervisor.obstacle_count = 0;
}

/* ---- upgrade: another server beside the one that serves, which takes its place --------------- */

/* Null: it may be executed. */
static const char *program_fault(const char *path) {
    struct stat st;
    if (!supervisor.takes_paths)
        return "with --untrusted the program is the one that the supervisor was started from: put "
               "the new one in its place";
    if (path[0] != '/') return "expected an absolute path";
    if (stat(path, &st)) return strerror(errno);
    if (!S_ISREG(st.st_mode) || access(path, X_OK)) return "it is no program";
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return "others may write to it";
    return NULL;
}

/* With all that it has started: each would hold the sockets. It is in a group of its own until it
 * takes over (upgrade.c), and ends then when its channel is closed. */
static void kill_beside(void) {
    kill(-supervisor.beside.pid, SIGKILL);
    kill(supervisor.beside.pid, SIGKILL);
}

static void end_beside(void) {
    if (supervisor.beside.pid) {
        kill_beside();
        (void)waitpid(supervisor.beside.pid, NULL, 0);
    }
    close_channel(&supervisor.beside);
    supervisor.beside.pid = 0;
    supervisor.has_stood = false;
}

/* It is gone when the other one hears of it. */
static void refuse(const char *why) {
    end_beside();
    log_warn("supervisor", "no upgrade: %s", why);
    (void)channel_say(supervisor.serving.channel, CHANNEL_REFUSED, why);
}

static void begin_upgrade(const char *path) {
    const char *fault = path[0] ? program_fault(path) : NULL;
    char why[CHANNEL_TEXT_MAX + 128];
    if (supervisor.beside.pid) return; /* the server asks once at a time */
    snprintf(supervisor.beside_path, sizeof supervisor.beside_path, "%s",
             path[0] ? path : supervisor.path);
    supervisor.beside_reason[0] = '\0';
    supervisor.beside_until_ms = now_ms() + READY_WAIT_MS;
    if (!fault && !start(&supervisor.beside, supervisor.beside_path, "public:admin:upgrade"))
        fault = "no process could be started";
    if (!fault) return;
    snprintf(why, sizeof why, "%s: %s", supervisor.beside_path, fault);
    refuse(why);
}

/* The one beside serves from now on; the one before ends, or has ended. */
static void change_over(void) {
    log_info("supervisor", "process %d serves in the place of %d", (int)supervisor.beside.pid,
             (int)supervisor.serving.pid);
    close_channel(&supervisor.serving);
    supervisor.serving = supervisor.beside;
    supervisor.beside = (struct server){0, -1};
    supervisor.has_stood = false;
    memcpy(supervisor.path, supervisor.beside_path, sizeof supervisor.path);
    (void)channel_say(supervisor.serving.channel, CHANNEL_AGREED, "");
}

static void hear_serving(void) {
    struct channel_message message;
    muster_status status = channel_receive(supervisor.serving.channel, 0, &message);
    if (status == MUSTER_CLOSED) close_channel(&supervisor.serving);
    if (status) return;
    if (message.kind == CHANNEL_UPGRADE) {
        begin_upgrade(message.text);
    } else if (message.kind == CHANNEL_STATE) {
        pass_state(message.text);
    } else if (message.kind == CHANNEL_SETTLED) {
        settle_crash();
    } else if (message.kind == CHANNEL_READY) {
        note_served();
    } else if (!supervisor.beside.pid) {
        return;
    } else if (message.kind == CHANNEL_STOOD) {
        supervisor.has_stood = true;
        (void)channel_send(supervisor.beside.channel, &message);
    } else if (message.kind == CHANNEL_AGREED && supervisor.has_stood) {
        change_over();
    } else if (message.kind == CHANNEL_REFUSED) {
        refuse(message.text);
    }
}

static void note_reason(const char *text) {
    char *reason = supervisor.beside_reason;
    size_t len = strlen(reason);
    snprintf(reason + len, sizeof supervisor.beside_reason - len, "%s%s", len ? "\n" : "", text);
    supervisor.beside_until_ms = now_ms() + REASON_WAIT_MS;
}

static void hear_beside(void) {
    struct channel_message message;
    muster_status status = channel_receive(supervisor.beside.channel, 0, &message);
    if (status == MUSTER_INVALID) {
        refuse("it speaks another version of the supervisor's language: restart the supervisor");
    } else if (status) {
        close_channel(&supervisor.beside); /* it ends */
    } else if (message.kind == CHANNEL_REFUSED) {
        note_reason(message.text);
    } else if (message.kind != CHANNEL_STATE) {
        if (message.kind == CHANNEL_READY)
            supervisor.beside_until_ms = now_ms() + HAND_OVER_WAIT_MS;
        (void)channel_send(supervisor.serving.channel, &message);
    }
}

static void on_beside_ended(int status) {
    char how[64], why[CHANNEL_TEXT_MAX];
    struct channel_message message;
    while (channel_receive(supervisor.beside.channel, 0, &message) == MUSTER_OK)
        if (message.kind == CHANNEL_REFUSED) note_reason(message.text); /* its last words */
    say_how_ended(status, how, sizeof how);
    snprintf(why, sizeof why, "%.800s %s before it served", supervisor.beside_path, how);
    kill(-supervisor.beside.pid, SIGKILL); /* what it has left behind */
    supervisor.beside.pid = 0;
    refuse(supervisor.beside_reason[0] ? supervisor.beside_reason : why);
}

static void on_beside_late(void) {
    char why[CHANNEL_TEXT_MAX];
    snprintf(why, sizeof why, "%.800s took too long", supervisor.beside_path);
    refuse(supervisor.beside_reason[0] ? supervisor.beside_reason : why);
}

/* ---- crashes --------------------------------------------------------------------------------- */

static uint32_t crashes_of_late(void) {
    uint32_t count = 0;
    uint64_t since_ms = now_ms() - CRASHES_WITHIN_MS;
    for (uint32_t i = 0; i < CRASHES_MAX && i < supervisor.crash_count; i++)
        count += supervisor.crashes_ms[i] > since_ms;
    return count;
}

/* True, or earlier by SIGHUP: somebody has mended something. False: it was told to end. */
static bool rest(uint32_t pause_ms) {
    uint64_t until_ms = now_ms() + pause_ms;
    for (uint64_t at_ms; (at_ms = now_ms()) < until_ms;) {
        uint64_t left_ms = until_ms - at_ms;
        struct timespec left = {.tv_sec = (time_t)(left_ms / 1000),
                                .tv_nsec = (long)(left_ms % 1000 * 1000000)};
        int number = sigtimedwait(&supervisor.signals, NULL, &left);
        if (number == SIGHUP) return true;
        if (number != SIGTERM && number != SIGINT) continue;
        service_notify("STOPPING=1");
        return false;
    }
    return true;
}

static void say_crash(int status, uint32_t count) {
    char how[64];
    say_how_ended(status, how, sizeof how);
    log_error("supervisor", "the server %s, crash %u of %u within a minute", how, count,
              CRASHES_MAX);
}

/* True: start it again; else *code. */
static bool take_crash(int status, int *code) {
    supervisor.crashes_ms[supervisor.crash_count++ % CRASHES_MAX] = now_ms();
    supervisor.is_crash_open = true;
    uint32_t count = crashes_of_late();
    say_crash(status, count);
    *code = SERVER_EXIT_INTERNAL;
    if (count >= CRASHES_MAX) {
        log_error("supervisor", "given up");
        return false;
    }
    if (count == 1 || rest(PAUSE_SECOND_MS << (count - 2))) return true;
    *code = SERVER_EXIT_OK;
    return false;
}

/* By an operator, or a kernel that is out of memory: nothing is wrong with the server. One that has
 * just begun ends by what it would else act on. */
static bool was_killed(int status) {
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP;
}

/* Only a server that once served had what it needs: now somebody edits its configuration, say, and
 * will be done. Players wait meanwhile. */
static bool is_obstacle(int code) {
    return supervisor.has_served && (code == SERVER_EXIT_IN_USE || code == SERVER_EXIT_CONFIG);
}

/* True: try again; else *code. */
static bool wait_out_obstacle(int *code) {
    uint32_t pause_ms = OBSTACLE_PAUSE_MS << supervisor.obstacle_count;
    if (supervisor.obstacle_count < OBSTACLE_DOUBLED_MAX) supervisor.obstacle_count++;
    log_error("supervisor",
              "no server runs: exit code %d, for the reason above; the next try is in %u s, or at "
              "SIGHUP",
              *code, pause_ms / 1000);
    service_notify("WATCHDOG=1"); /* what is to be waited for is no fault of this process */
    *code = SERVER_EXIT_OK;
    return rest(pause_ms);
}

static int exit_code_of(int status) {
    if (was_killed(status)) return SERVER_EXIT_OK;
    return WIFEXITED(status) ? WEXITSTATUS(status) : SERVER_EXIT_INTERNAL;
}

/* True: start it again; else *code. */
static bool is_to_start_again(int status, int *code) {
    *code = exit_code_of(status);
    if (was_killed(status)) log_warn("supervisor", "the server was killed");
    if (supervisor.is_told_to_end && is_obstacle(*code)) *code = SERVER_EXIT_OK;
    if (supervisor.is_told_to_end) return false;
    if (was_killed(status)) return true;
    if (is_obstacle(*code)) return wait_out_obstacle(code);
    switch (*code) {
    case SHUTDOWN_EXIT_RESTART: return true;
    case SERVER_EXIT_OK:
    case SERVER_EXIT_IN_USE:
    case SERVER_EXIT_CONFIG: return false; /* another try would mend nothing */
    default: return take_crash(status, code);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Or taken from a service manager, which has it already. */
static muster_status open_socket(const char *name, const char *address, uint32_t port, int *out,
                                 char *error) {
    *out = service_socket(name);
    return *out >= 0 ? MUSTER_OK : net_socket_open(address, port, out, error);
}

static bool open_sockets(int *code) {
    char error[512] = "";
    muster_status status = open_socket("public", config_core->net.address, config_core->net.port,
                                       &supervisor.sockets[0], error);
    if (!status)
        status = open_socket("admin", config_core->net.admin_address, config_core->net.admin_port,
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

/* Handed on, but for what tells of an end. */
static void take_signal(void) {
    struct signalfd_siginfo info;
    if (read(supervisor.signal_fd, &info, sizeof info) != sizeof info) return;
    if (info.ssi_signo == SIGCHLD) return;
    bool ends = info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    supervisor.is_told_to_end |= ends;
    if (ends) service_notify("STOPPING=1");
    if (ends && supervisor.beside.pid) refuse("the server is told to end");
    kill(supervisor.serving.pid, (int)info.ssi_signo);
}

static void hear_last_words(void) {
    struct channel_message message;
    while (channel_receive(supervisor.serving.channel, 0, &message) == MUSTER_OK) {
        if (message.kind == CHANNEL_SETTLED) settle_crash();
        if (message.kind == CHANNEL_READY) note_served();
    }
}

/* True: the one that serves, and nobody has taken its place. */
static bool on_ended(pid_t child, int status) {
    if (child == supervisor.beside.pid) on_beside_ended(status);
    if (child != supervisor.serving.pid) return false;
    if (supervisor.beside.pid && supervisor.has_stood) {
        change_over();
        return false;
    }
    end_beside();
    hear_last_words();
    close_channel(&supervisor.serving);
    return true;
}

static bool take_ended(int *out_status) {
    int status;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (!on_ended(child, status)) continue;
        *out_status = status;
        return true;
    }
    return false;
}

static int left_ms(void) {
    uint64_t at_ms = now_ms(), until_ms = supervisor.beside_until_ms;
    if (!supervisor.beside.pid) return -1;
    return until_ms > at_ms ? (int)(until_ms - at_ms) : 0;
}

/* Of the one that serves, whichever it is by then. */
static int wait_for_end(void) {
    for (int status;;) {
        struct pollfd wanted[] = {{.fd = supervisor.signal_fd, .events = POLLIN},
                                  {.fd = supervisor.serving.channel, .events = POLLIN},
                                  {.fd = supervisor.beside.channel, .events = POLLIN}};
        if (poll(wanted, 3, left_ms()) < 0) continue;
        if (wanted[2].revents) hear_beside();
        if (wanted[1].revents) hear_serving();
        if (wanted[0].revents) take_signal();
        if (take_ended(&status)) return status;
        if (supervisor.beside.pid && left_ms() == 0) on_beside_late();
    }
}

int supervisor_run(char **argv, bool takes_paths) {
    int code = SERVER_EXIT_INTERNAL, status;
    supervisor.argv = argv;
    supervisor.takes_paths = takes_paths;
    if (!find_self() || !open_sockets(&code)) return code;
    child_signals_block(&supervisor.signals, &supervisor.before);
    supervisor.signal_fd = signalfd(-1, &supervisor.signals, SFD_CLOEXEC | SFD_NONBLOCK);
    trim_memory();
    do {
        if (supervisor.signal_fd < 0 ||
            !start(&supervisor.serving, supervisor.path, "public:admin:supervisor")) {
            log_error("supervisor", "no process: %s", strerror(errno));
            return SERVER_EXIT_INTERNAL;
        }
        status = wait_for_end();
    } while (is_to_start_again(status, &code));
    return code;
}
