/* watchdog - the stack of calls into plugins, seen from a thread of its own.
 *
 * Every sample charges the CPU time since the last one to the deepest call that has been there
 * through the whole interval: a call that hides behind many short inner ones is charged, an inner
 * one that runs long is charged itself. The thread reads; what it may look at is freed only after
 * watchdog_forget.
 *
 * Between two samples it sleeps on a timer that the loop thread puts off where a plugin has a
 * limit: see "when to look".
 */
#include "watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "crash_page.h"
#include "log.h"
#include "loop.h"
#include "plugin.h"

#define SAMPLE_NS 1000000
#define SAMPLE_CLOSE_NS 250000 /* while a call lasts from one sample to the next */
#define GAP_MAX_NS 100000000   /* what a longer gap between two samples counts for */
#define WATCH_NICE (-10)
#define EXIT_CODE 70 /* EX_SOFTWARE: a supervisor restarts us */
#define OVERRUN_SIGNAL (SIGRTMIN + 3)
#define STACK_TEXT_MAX 320
#define FRAMES_MAX (2 * PLUGIN_DEPTH_MAX) /* plugin_depth_hide lets a second stack grow on one */

/* One call on the stack. Written by the loop thread, read by the watchdog's. */
struct frame {
    _Atomic uint64_t sequence; /* different for every call */
    _Atomic(struct muster_self *) self;
    _Atomic(const char *) call;
    _Atomic(const char *) lobby_key; /* or null */
};

/* What the watchdog's thread knows of a frame. */
struct seen {
    uint64_t sequence;
    uint64_t cpu_ns;   /* charged so far */
    uint64_t since_ns; /* running time */
};

static struct frame frames[FRAMES_MAX];
static _Atomic uint32_t frame_count;
static uint64_t sequence_last;                 /* loop thread */
static _Atomic uint64_t overrun_sequence;      /* the call that the signal is meant for */
static volatile sig_atomic_t overrun_happened; /* in the innermost call; loop thread */

static pthread_t loop_thread;
static pthread_t watch_thread;
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER; /* held while frames are looked at */
static atomic_bool stopping;
static atomic_bool has_looked; /* since the loop thread has set the timer */
static int timer;              /* descriptor */
static bool turn_is_limited;   /* in this turn of the loop a plugin with a limit was called */
static uint64_t soon_since_ns; /* look_soon */
static bool running;
static uint64_t warn_ns;
static uint64_t abort_ns;
static uint64_t patience_ns; /* a quarter of the shorter of the two */

static struct seen seen[FRAMES_MAX]; /* watch thread from here on */
static uint64_t cpu_last_ns;
static uint64_t clock_last_ns;
static uint64_t running_ns; /* time in which this thread was let run: running time */
static uint64_t warned_ns;  /* length of the call at the last warning */

/* ---- when to look ----------------------------------------------------------------------------
 * While no call is on the stack the watchdog's thread waits for the timer, which comes every
 * patience_ns. In a turn of the loop that calls a plugin with a limit it is to come within
 * SAMPLE_NS: the first such call sets it, and each that finds it spent; outermost ones put it off,
 * and the turn's end sets it back. So the thread is woken by a call that is long, and not by short
 * ones. Calls of plugins without a limit pay nothing.
 */

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct timespec timespec_of(uint64_t ns) {
    return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

static void look_after(uint64_t ns) {
    const struct itimerspec due = {.it_value = timespec_of(ns),
                                   .it_interval = timespec_of(patience_ns)};
    (void)timerfd_settime(timer, 0, &due, NULL);
}

/* What is pending is put off with it: only an outermost call may do that, or the outer one could
 * hide behind inner ones. */
static bool is_timer_set(bool is_outermost) {
    if (!turn_is_limited || atomic_load_explicit(&has_looked, memory_order_relaxed)) return false;
    return !is_outermost || clock_ns(CLOCK_MONOTONIC) - soon_since_ns <= SAMPLE_NS / 2;
}

static void look_soon(bool is_outermost) {
    if (!running || is_timer_set(is_outermost)) return;
    turn_is_limited = true;
    soon_since_ns = clock_ns(CLOCK_MONOTONIC);
    atomic_store_explicit(&has_looked, false, memory_order_relaxed);
    look_after(SAMPLE_NS);
}

/* With a call on the stack it is a turn within that call (plugin_depth_hide). */
static void on_turn_end(void) {
    if (!turn_is_limited || frame_count > 0) return;
    turn_is_limited = false;
    look_after(patience_ns);
}

/* ---- the loop thread's side ------------------------------------------------------------------ */

void watchdog_enter(struct muster_self *self, const char *call) {
    crash_page_enter(call);
    uint32_t n = atomic_load_explicit(&frame_count, memory_order_relaxed);
    if (n < FRAMES_MAX) {
        atomic_store_explicit(&frames[n].self, self, memory_order_relaxed);
        atomic_store_explicit(&frames[n].call, call, memory_order_relaxed);
        atomic_store_explicit(&frames[n].lobby_key, NULL, memory_order_relaxed);
        atomic_store_explicit(&frames[n].sequence, ++sequence_last, memory_order_relaxed);
    }
    atomic_store_explicit(&frame_count, n + 1, memory_order_release);
    if (self->overrun_limit_us) look_soon(n == 0);
}

void watchdog_leave(void) {
    crash_page_leave();
    uint32_t n = atomic_load_explicit(&frame_count, memory_order_relaxed) - 1;
    atomic_store_explicit(&frame_count, n, memory_order_release);
    if (!overrun_happened) return;
    overrun_happened = 0;
    if (n < FRAMES_MAX)
        atomic_load_explicit(&frames[n].self, memory_order_relaxed)->overrun_count++;
}

void watchdog_call_of(const char *lobby_key) {
    crash_page_call_of(lobby_key);
    uint32_t n = atomic_load_explicit(&frame_count, memory_order_relaxed);
    if (n > 0 && n <= FRAMES_MAX)
        atomic_store_explicit(&frames[n - 1].lobby_key, lobby_key, memory_order_relaxed);
}

bool watchdog_call_at(uint32_t index, struct watchdog_call *out) {
    uint32_t n = atomic_load_explicit(&frame_count, memory_order_relaxed);
    if (n > FRAMES_MAX) n = FRAMES_MAX;
    if (index >= n) return false;
    const struct frame *frame = &frames[n - 1 - index];
    *out = (struct watchdog_call){
        atomic_load_explicit(&frame->self, memory_order_relaxed)->instance_name,
        atomic_load_explicit(&frame->call, memory_order_relaxed),
        atomic_load_explicit(&frame->lobby_key, memory_order_relaxed)};
    return true;
}

void watchdog_set_overrun(struct muster_self *self, uint32_t limit_us, void (*fn)(void *user),
                          void *user) {
    /* The handler runs on this thread: the order of the stores is all it needs. */
    __atomic_store_n(&self->overrun_limit_us, 0, __ATOMIC_RELAXED);
    atomic_signal_fence(memory_order_seq_cst);
    self->overrun = fn;
    self->overrun_user = user;
    atomic_signal_fence(memory_order_seq_cst);
    __atomic_store_n(&self->overrun_limit_us, fn ? limit_us : 0, __ATOMIC_RELAXED);
    if (fn) look_soon(false); /* its call may be on the stack */
}

void watchdog_forget(struct muster_self *self) {
    (void)self;
    pthread_mutex_lock(&watching);
    pthread_mutex_unlock(&watching);
}

/* Only for the call it was meant for, and only while that one is the innermost. */
static void on_overrun(int signal_number) {
    (void)signal_number;
    int errno_kept = errno;
    uint32_t n = atomic_load_explicit(&frame_count, memory_order_relaxed);
    if (n == 0 || n > FRAMES_MAX) return;
    const struct frame *frame = &frames[n - 1];
    if (atomic_load_explicit(&frame->sequence, memory_order_relaxed) != overrun_sequence) return;
    struct muster_self *self = atomic_load_explicit(&frame->self, memory_order_relaxed);
    if (__atomic_load_n(&self->overrun_limit_us, __ATOMIC_RELAXED) == 0) return;
    overrun_happened = 1;
    self->overrun(self->overrun_user);
    errno = errno_kept;
}

/* ---- the watchdog's thread ------------------------------------------------------------------- */

static uint64_t cpu_ns(void) {
    clockid_t clock;
    return pthread_getcpuclockid(loop_thread, &clock) == 0 ? clock_ns(clock) : 0;
}

/* A process that was stopped (SIGSTOP, a paused container, a saved machine) did not run: what lies
 * between two samples that are far apart is nobody's fault. */
static uint64_t running_clock_go_on(void) {
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t gap_ns = now_ns - clock_last_ns;
    if (gap_ns > GAP_MAX_NS) gap_ns = GAP_MAX_NS;
    running_ns += gap_ns;
    clock_last_ns = now_ns;
    return gap_ns;
}

/* Of a machine that was saved and goes on the CPU clocks may jump, too. */
static uint64_t cpu_clock_go_on(uint64_t gap_ns) {
    uint64_t now_ns = cpu_ns();
    uint64_t used_ns = now_ns - cpu_last_ns;
    cpu_last_ns = now_ns;
    return used_ns < gap_ns ? used_ns : gap_ns;
}

/* "mode_arena mode.tick > rules_x rules.adjust" */
static void stack_text(uint32_t count, char *out, uint32_t cap) {
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const struct muster_self *self = frames[i].self;
        size_t used = strlen(out);
        snprintf(out + used, cap - used, "%s%s %s", used ? " > " : "", self->instance_name,
                 frames[i].call);
    }
}

static void say(int fd, const char *line, int len) {
    while (len > 0) {
        ssize_t n = write(fd, line, (size_t)len);
        if (n <= 0) return;
        line += n;
        len -= (int)n;
    }
}

/* Straight to stderr: the log's own thread may never get to it. */
static void end_process(const struct muster_self *self, const char *stack, uint64_t lasted_ns) {
    char line[STACK_TEXT_MAX + 160];
    int page = crash_page_stamp(0, self->instance_name, true);
    int len = snprintf(line, sizeof line,
                       "watchdog: plugin call %s did not return within %llu ms; the process ends "
                       "with exit code %d\n",
                       stack, (unsigned long long)(lasted_ns / 1000000), EXIT_CODE);
    say(STDERR_FILENO, line, len);
    say(page, line, len);
    _exit(EXIT_CODE);
}

static void length_check(uint32_t count) {
    char stack[STACK_TEXT_MAX];
    uint64_t lasted_ns = running_ns - seen[0].since_ns;
    if (lasted_ns < warned_ns + warn_ns && lasted_ns < abort_ns) return;
    stack_text(count, stack, sizeof stack);
    const struct muster_self *self = frames[count - 1].self;
    if (lasted_ns >= abort_ns) end_process(self, stack, lasted_ns);
    warned_ns = lasted_ns;
    const struct log_fields fields = {.plugin = self->instance_name, .event = "plugin_overrun"};
    log_fields(MUSTER_LOG_WARN, "watchdog", &fields,
               "plugin call %s has not returned for %llu ms; the process ends at %llu ms", stack,
               (unsigned long long)(lasted_ns / 1000000), (unsigned long long)(abort_ns / 1000000));
}

static void limit_check(uint32_t count) {
    const struct frame *frame = &frames[count - 1];
    const struct muster_self *self = frame->self;
    uint64_t limit_us = __atomic_load_n(&self->overrun_limit_us, __ATOMIC_RELAXED);
    if (limit_us == 0 || seen[count - 1].cpu_ns < limit_us * 1000) return;
    atomic_store(&overrun_sequence, seen[count - 1].sequence);
    pthread_kill(loop_thread, OVERRUN_SIGNAL);
}

/* How many calls from the outermost on are the same as at the last sample. */
static uint32_t calls_kept(uint32_t count) {
    uint32_t kept = 0;
    while (kept < count && seen[kept].sequence == frames[kept].sequence) kept++;
    return kept;
}

/* True while a call lasts. */
static bool sample(void) {
    uint64_t gap_ns = running_clock_go_on();
    uint32_t count = atomic_load_explicit(&frame_count, memory_order_acquire);
    if (count > FRAMES_MAX) count = FRAMES_MAX;
    if (count == 0) return false;
    uint64_t used_ns = cpu_clock_go_on(gap_ns);
    uint32_t kept = calls_kept(count);
    if (kept > 0) seen[kept - 1].cpu_ns += used_ns;
    if (kept == 0) warned_ns = 0;
    for (uint32_t i = kept; i < count; i++)
        seen[i] = (struct seen){frames[i].sequence, 0, running_ns};
    length_check(count);
    limit_check(count);
    return kept > 0;
}

static void pause_until_look(bool lasts) {
    const struct timespec pause = {0, lasts ? SAMPLE_CLOSE_NS : SAMPLE_NS};
    uint64_t expirations;
    if (frame_count > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    else
        (void)!read(timer, &expirations, sizeof expirations);
    has_looked = true;
}

/* It sleeps nearly always; when it is due, a script may be running on. A nice value alone lets who
 * runs now end a turn of some ms, so real time is asked for first (sched(7)). Where neither is
 * allowed it takes its turn like everybody. */
static void go_first(void) {
    const struct sched_param first = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first) != 0)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), WATCH_NICE);
}

static void *watch(void *user) {
    (void)user;
    bool lasts = false;
    go_first();
    while (!stopping) {
        pause_until_look(lasts);
        pthread_mutex_lock(&watching);
        lasts = sample();
        pthread_mutex_unlock(&watching);
    }
    return NULL;
}

static bool thread_start(void) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all); /* signals belong to the loop thread, but for what untrusted needs */
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&watch_thread, NULL, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

muster_status watchdog_start(uint32_t warn_ms, uint32_t abort_ms) {
    struct sigaction action = {.sa_handler = on_overrun, .sa_flags = SA_RESTART};
    if (running) return MUSTER_STATE;
    sigemptyset(&action.sa_mask);
    if (sigaction(OVERRUN_SIGNAL, &action, NULL) != 0 || loop_at_turn_end(on_turn_end))
        return MUSTER_INTERNAL;
    warn_ns = (uint64_t)warn_ms * 1000000;
    abort_ns = (uint64_t)abort_ms * 1000000;
    patience_ns = (warn_ns < abort_ns ? warn_ns : abort_ns) / 4;
    clock_last_ns = clock_ns(CLOCK_MONOTONIC);
    loop_thread = pthread_self();
    stopping = false;
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer < 0) return MUSTER_INTERNAL;
    look_after(patience_ns);
    running = thread_start();
    if (running) return MUSTER_OK;
    close(timer);
    return MUSTER_NO_MEMORY;
}

void watchdog_stop(void) {
    if (!running) return;
    stopping = true;
    look_after(1);
    pthread_join(watch_thread, NULL);
    close(timer);
    turn_is_limited = false;
    running = false;
}
