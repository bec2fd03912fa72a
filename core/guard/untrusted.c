/* untrusted - the lock: limits, then files, then the filter of system calls over all threads.
 *
 * Owns the filter and the count of what it refused. A refused call raises SIGSYS in its thread; the
 * handler counts it and answers EPERM, so that the daemon lives and the operator learns the name.
 * The only user of libseccomp. Called by server and main; asked by plugin, net and host.
 */
#include "untrusted_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"

#define CALLS_MAX 1024 /* numbers of system calls that have a row of their own */
#define REPORT_MS 1000
#define POOL_WAIT_S 2
#define PATH_BYTES 1100
#define LINE_BYTES 800
#define NAME_BYTES 64 /* of a call, at most */

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code: the filter */
#endif

#if defined(__x86_64__)
#define RESULT_REGISTER(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define RESULT_REGISTER(context) ((context)->uc_mcontext.regs[0])
#endif

static struct {
    bool requested;
    bool locked;
    const char *config_file;
    struct loop_timer *timer;
    atomic_uint refused_total;
    atomic_uint refused[CALLS_MAX]; /* the last row: all others */
    uint32_t reported_total;
    bool named[CALLS_MAX];
} state;

/* ---- the filter ------------------------------------------------------------------------------ */

/* What the daemon, its libraries and its plugins need once everything is started. */
static const char *const allowed[] = {
    /* files: which ones is Landlock's part */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "close",
    "lseek", "fstat", "newfstatat", "stat", "lstat", "statx", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getcwd", "ftruncate", "fsync", "fdatasync", "syncfs", "fallocate",
    "fadvise64", "flock", "dup", "dup3", "getdents64", "unlink", "unlinkat", "rmdir", "rename",
    "renameat", "renameat2", "fchown", "fstatfs", "statfs", "umask",
    /* memory: executable pages are refused below */
    "brk", "munmap", "mremap", "madvise", "mincore", "msync", "mlock", "munlock",
    /* sockets that exist */
    "accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "getsockopt", "setsockopt",
    "getsockname", "getpeername", "shutdown",
    /* waiting */
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "futex", "nanosleep", "clock_nanosleep", "timerfd_settime", "sched_yield",
    "restart_syscall",
    /* itself */
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "times",
    "uname", "sysinfo", "getrandom", "clock_gettime", "clock_getres", "gettimeofday", "time",
    "getcpu", "sched_getaffinity", "membarrier", "set_robust_list", "rseq",
    /* signals and the end */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack", "exit",
    "exit_group"};

/* No mistake calls these: the process ends. */
static const char *const deadly[] = {
    "execve",      "execveat",   "ptrace",      "process_vm_readv", "process_vm_writev",
    "pidfd_getfd", "kexec_load", "init_module", "finit_module",     "kexec_file_load"};

/* Refused without a word: glibc makes them with all signals blocked, where the signal would end the
 * process. */
static const char *const silent[] = {"clone", "fork", "vfork"};

/* Allowed where (argument & mask) == value. Several rows of one name: any of them. */
struct condition {
    const char *name;
    uint32_t argument;
    uint64_t mask;
    uint64_t value;
};

#define SET_ID_BITS (S_ISUID | S_ISGID)
#define ALL_BITS 0xFFFFFFFFu /* of an int */

static const struct condition conditions[] = {
    {"mmap", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    /* No program for others to run with our rights. */
    {"open", 2, SET_ID_BITS, 0},
    {"openat", 3, SET_ID_BITS, 0},
    {"mkdir", 1, SET_ID_BITS, 0},
    {"mkdirat", 2, SET_ID_BITS, 0},
    {"fchmod", 1, SET_ID_BITS, 0},
    {"utimensat", 1, UINT64_MAX, 0}, /* of an open file */
    /* A closed TCP socket would connect anew. */
    {"sendto", 3, MSG_FASTOPEN, 0},
    {"sendmsg", 2, MSG_FASTOPEN, 0},
    {"sendmmsg", 3, MSG_FASTOPEN, 0},
    /* Limits may be read. */
    {"prlimit64", 2, UINT64_MAX, 0},
    /* Nothing that types into the terminal, or signals others. */
    {"ioctl", 1, ALL_BITS, FIONBIO},
    {"ioctl", 1, ALL_BITS, FIONREAD},
    {"ioctl", 1, ALL_BITS, FIOCLEX},
    {"ioctl", 1, ALL_BITS, TCGETS},
    {"ioctl", 1, ALL_BITS, TIOCGWINSZ},
    {"fcntl", 1, ALL_BITS, F_GETFD},
    {"fcntl", 1, ALL_BITS, F_SETFD},
    {"fcntl", 1, ALL_BITS, F_GETFL},
    {"fcntl", 1, ALL_BITS, F_SETFL},
    {"fcntl", 1, ALL_BITS, F_GETLK},
    {"fcntl", 1, ALL_BITS, F_SETLK},
    {"fcntl", 1, ALL_BITS, F_SETLKW},
    {"fcntl", 1, ALL_BITS, F_DUPFD_CLOEXEC},
};

static const struct condition connect_conditions[] = {
    {"socket", 0, ALL_BITS, AF_INET},
    {"socket", 0, ALL_BITS, AF_INET6},
    {"connect", 0, 0, 0},
};

/* 0, or a negative errno. A name that this libseccomp or machine does not have is nothing to
 * allow, and refused without a rule. */
static int rule_add(scmp_filter_ctx filter, uint32_t action, const char *name,
                    const struct scmp_arg_cmp *compare) {
    int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR) return 0;
    return seccomp_rule_add_array(filter, action, call, compare ? 1 : 0, compare);
}

static int names_add(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n) {
    int code = 0;
    for (size_t i = 0; i < n && code == 0; i++) code = rule_add(filter, action, names[i], NULL);
    return code;
}

static int conditions_add(scmp_filter_ctx filter, const struct condition *rows, size_t n) {
    int code = 0;
    for (size_t i = 0; i < n && code == 0; i++) {
        struct scmp_arg_cmp compare =
            SCMP_CMP64(rows[i].argument, SCMP_CMP_MASKED_EQ, rows[i].mask, rows[i].value);
        code = rule_add(filter, SCMP_ACT_ALLOW, rows[i].name, rows[i].mask ? &compare : NULL);
    }
    return code;
}

static int rules_add(scmp_filter_ctx filter) {
    const struct condition own_threads = {"tgkill", 0, ALL_BITS, (uint32_t)getpid()};
    int code = names_add(filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof allowed[0]);
    if (!code)
        code = names_add(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof deadly / sizeof deadly[0]);
    if (!code)
        code = names_add(filter, SCMP_ACT_ERRNO(EPERM), silent, sizeof silent / sizeof silent[0]);
    if (!code) code = conditions_add(filter, conditions, sizeof conditions / sizeof conditions[0]);
    if (!code) code = conditions_add(filter, &own_threads, 1);
    /* Its arguments lie in memory, where a filter does not see them: glibc then takes clone. */
    if (!code) code = rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);
    if (!code && config_core->untrusted.connect)
        code = conditions_add(filter, connect_conditions,
                              sizeof connect_conditions / sizeof connect_conditions[0]);
    return code;
}

static muster_status filter_load(char *error) {
#ifdef RESULT_REGISTER
    uint32_t refused = SCMP_ACT_TRAP;
#else
    uint32_t refused = SCMP_ACT_ERRNO(EPERM); /* not counted */
#endif
    scmp_filter_ctx filter = seccomp_init(refused);
    if (!filter) {
        snprintf(error, UNTRUSTED_ERROR_MAX, "libseccomp does not start");
        return MUSTER_NO_MEMORY;
    }
    int code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!code) code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!code) code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!code) code = rules_add(filter);
    if (!code) code = seccomp_load(filter);
    seccomp_release(filter);
    if (!code) return MUSTER_OK;
    snprintf(error, UNTRUSTED_ERROR_MAX, "the kernel does not take the filter of system calls: %s",
             strerror(code < 0 ? -code : EINVAL));
    return MUSTER_UNAVAILABLE;
}

/* ---- refused calls --------------------------------------------------------------------------- */

static void on_signal(int signal_number, siginfo_t *info, void *context) {
    (void)signal_number;
    if (info->si_code != SYS_SECCOMP) {
        untrusted_files_on_signal();
        return;
    }
    uint32_t call = (uint32_t)info->si_syscall;
    atomic_fetch_add(&state.refused[call < CALLS_MAX ? call : CALLS_MAX - 1], 1);
    atomic_fetch_add(&state.refused_total, 1);
#ifdef RESULT_REGISTER
    RESULT_REGISTER((ucontext_t *)context) = -EPERM;
#else
    (void)context;
#endif
}

static void tell_names(const char *names) {
    const struct log_fields fields = {.event = "call_refused"};
    log_fields(MUSTER_LOG_WARN, "untrusted", &fields,
               "refused system calls, from now on only counted: %s", names);
}

/* The calls that were refused for the first time, as many to a line as fit. */
static void name_calls(void) {
    char names[LINE_BYTES] = "";
    size_t len = 0;
    for (uint32_t call = 0; call < CALLS_MAX; call++) {
        if (state.named[call] || atomic_load(&state.refused[call]) == 0) continue;
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)call);
        state.named[call] = true;
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s (%u)", len ? ", " : "",
                                name ? name : "unknown", call);
        free(name);
        if (len < LINE_BYTES - NAME_BYTES) continue;
        tell_names(names);
        len = 0;
    }
    if (len) tell_names(names);
}

void untrusted_report(void) {
    uint32_t total = atomic_load(&state.refused_total);
    if (total == state.reported_total) return;
    metrics_add(METRIC_CALLS_REFUSED, total - state.reported_total);
    state.reported_total = total;
    name_calls();
}

static void on_report(void *user) {
    (void)user;
    untrusted_report();
}

void untrusted_stop(void) {
    if (!state.timer) return;
    untrusted_report();
    loop_timer_stop(state.timer);
    state.timer = NULL;
}

/* ---- the lock -------------------------------------------------------------------------------- */

void untrusted_request(const char *config_file, bool serves) {
    char folder[PATH_BYTES];
    state.requested = true;
    state.config_file = config_file;
    if (!serves) return;
    /* Libraries that make temporary files must find a folder that stays open to them. */
    snprintf(folder, sizeof folder, "%s/run", config_core->server.data_dir);
    setenv("TMPDIR", folder, 1);
}

bool untrusted_requested(void) {
    return state.requested;
}

bool untrusted_locked(void) {
    return state.locked;
}

/* Each thread of the pool does at its first job what it may not do later: so each gets one, held
 * until all have begun. */
static struct {
    sem_t begun;
    sem_t go_on;
} pool;

static void hold_thread(void *user) {
    (void)user;
    sem_post(&pool.begun);
    while (sem_wait(&pool.go_on) != 0) continue;
}

static void thread_held(void *user, muster_status status) {
    (void)user;
    (void)status;
}

/* A thread that is busy for longer goes without. */
static muster_status pool_begin(void) {
    uint32_t count = config_core->server.work_threads;
    struct timespec until;
    muster_status status = MUSTER_OK;
    sem_init(&pool.begun, 0, 0);
    sem_init(&pool.go_on, 0, 0);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += POOL_WAIT_S;
    uint32_t given = 0;
    for (; given < count && !status; given++)
        status = loop_work_start(hold_thread, thread_held, NULL, NULL);
    if (status) given--;
    for (uint32_t i = 0; i < given; i++)
        while (sem_clockwait(&pool.begun, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) continue;
    for (uint32_t i = 0; i < given; i++) sem_post(&pool.go_on);
    return status;
}

static muster_status handler_set(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t own;
    sigemptyset(&action.sa_mask);
    sigemptyset(&own);
    sigaddset(&own, UNTRUSTED_SIGNAL);
    if (sigaction(UNTRUSTED_SIGNAL, &action, NULL) != 0) return MUSTER_INTERNAL;
    return pthread_sigmask(SIG_UNBLOCK, &own, NULL) == 0 ? MUSTER_OK : MUSTER_INTERNAL;
}

/* No core file with the players' secrets; no process, which for root only the filter enforces. */
static muster_status limits_set(void) {
    const struct rlimit none = {0, 0};
    bool set = setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0 &&
               prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return set ? MUSTER_OK : MUSTER_INTERNAL;
}

static muster_status prepare(char *error) {
    muster_status status = pool_begin();
    if (!status) status = handler_set();
    if (!status) status = limits_set();
    if (status) snprintf(error, UNTRUSTED_ERROR_MAX, "limits cannot be set: %s", strerror(errno));
    return status;
}

static void tell(uint32_t landlock_abi, uint32_t threads) {
    if (landlock_abi == 0)
        log_warn("untrusted", "this kernel has no Landlock: all files of this user stay open to "
                              "who breaks out of a script");
    else
        log_info("untrusted", "Landlock version %u", landlock_abi);
    log_info("untrusted",
             "%u threads are locked: scripts of players may run here; no new program, process, "
             "thread or plugin%s",
             threads, config_core->untrusted.connect ? "" : ", and no connection out");
}

muster_status untrusted_lock(char *error) {
    uint32_t landlock_abi = 0;
    uint32_t threads = 0;
    muster_status status = prepare(error);
    if (!status)
        status = untrusted_files_restrict(state.config_file, &landlock_abi, &threads, error);
    if (!status) status = filter_load(error);
    if (status) return status;
    state.locked = true;
    state.timer = loop_timer_start(REPORT_MS, REPORT_MS, on_report, NULL);
    if (!state.timer) {
        snprintf(error, UNTRUSTED_ERROR_MAX, "out of memory");
        return MUSTER_NO_MEMORY;
    }
    tell(landlock_abi, threads);
    return MUSTER_OK;
}

bool untrusted_may_connect(const char *host) {
    uint8_t address[sizeof(struct in6_addr)];
    if (!state.locked) return true;
    if (!config_core->untrusted.connect) {
        log_warn("untrusted",
                 "no connection to %s: a node started with --untrusted opens none "
                 "(untrusted.connect)",
                 host);
        return false;
    }
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return true;
    log_warn("untrusted",
             "no connection to %s: a node started with --untrusted looks up no names; use the "
             "address",
             host);
    return false;
}
