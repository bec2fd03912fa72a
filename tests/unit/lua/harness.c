/* harness - see harness.h. */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    pthread_t thread, target;
    clockid_t clock;
    atomic_bool stop;
    _Atomic uint64_t deadline_us; /* CPU time of the target; 0: no call */
} watchdog;

uint64_t longest_us;
struct sandbox *volatile watched;
static uint64_t entered_us;

static uint64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t thread_cpu_us(void) {
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static void on_signal(int number) {
    (void)number;
    uint64_t deadline = atomic_load(&watchdog.deadline_us);
    if (watched && deadline && thread_cpu_us() >= deadline) sandbox_interrupt(watched);
}

static void *watch(void *unused) {
    const struct timespec ms = {0, 1000000};
    (void)unused;
    while (!atomic_load(&watchdog.stop)) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, NULL);
        uint64_t deadline = atomic_load(&watchdog.deadline_us);
        if (deadline && clock_us(watchdog.clock) >= deadline)
            pthread_kill(watchdog.target, SIGRTMIN);
    }
    return NULL;
}

void watchdog_start(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
    watchdog.target = pthread_self();
    pthread_getcpuclockid(watchdog.target, &watchdog.clock);
    atomic_store(&watchdog.stop, false);
    if (pthread_create(&watchdog.thread, NULL, watch, NULL) != 0) abort();
}

void watchdog_stop(void) {
    atomic_store(&watchdog.stop, true);
    pthread_join(watchdog.thread, NULL);
}

void watchdog_enter(uint32_t limit_us) {
    entered_us = thread_cpu_us();
    atomic_store(&watchdog.deadline_us, entered_us + limit_us);
}

void watchdog_leave(void) {
    atomic_store(&watchdog.deadline_us, 0);
    uint64_t took = thread_cpu_us() - entered_us;
    if (took > longest_us) longest_us = took;
}

/* ---- texts in and out */

struct sandbox *make_sandbox(const struct sandbox_limits *limits, const struct sandbox_host *host) {
    struct sandbox_limits own = {0};
    struct sandbox *sb = NULL;
    if (limits) own = *limits;
    if (!own.second_cpu_us) own.second_cpu_us = UINT32_MAX;
    if (sandbox_create(&own, host, 7, &sb) != MUSTER_OK) {
        fprintf(stderr, "no sandbox\n");
        abort();
    }
    return sb;
}

static char answer[65536];

static void take_answer(lua_State *L, void *arg) {
    size_t len;
    (void)arg;
    const char *text = sandbox_tostring(L, -1, &len);
    snprintf(answer, sizeof answer, "%s", text);
}

static muster_status run(struct sandbox *sb, const char *text) {
    int function;
    muster_status status = sandbox_load(sb, text, strlen(text), "test.lua", &function);
    if (status != MUSTER_OK) return status;
    struct sandbox_call call = {.function = function, .results = 1, .take = take_answer};
    status = sandbox_call(sb, &call);
    sandbox_release(sb, function);
    return status;
}

muster_status run_text(struct sandbox *sb, const char *text) {
    return run(sb, text);
}

const char *eval_text(struct sandbox *sb, const char *text) {
    muster_status status = run(sb, text);
    if (status == MUSTER_OK) return answer;
    if (status == MUSTER_INVALID)
        snprintf(answer, sizeof answer, "error: %s", sandbox_error(sb)->message);
    else
        snprintf(answer, sizeof answer, "killed: %s", sandbox_kill_name(sandbox_killed(sb)));
    return answer;
}
