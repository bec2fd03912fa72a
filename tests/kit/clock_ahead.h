/* clock_ahead.h - the process's clock, which the test sets. Included by one file of a program. */
#ifndef CLOCK_AHEAD_H
#define CLOCK_AHEAD_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_llong clock_ahead_s;  /* of the real clock */
static atomic_llong clock_step_s;   /* how much more at each look */
static atomic_llong clock_second_s; /* that the monotonic clock stands at, or 0: it goes on */

/* The libraries' calls go by the dynamic symbol table, where the executable comes first. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now) {
    int code = (int)syscall(SYS_clock_gettime, clock, now);
    long long step_s = atomic_load(&clock_step_s), second_s = atomic_load(&clock_second_s);
    now->tv_sec += atomic_fetch_add(&clock_ahead_s, step_s) + step_s;
    if (clock == CLOCK_MONOTONIC && second_s) now->tv_sec = second_s;
    return code;
}

/* What jumps is the test's clock; nothing stood still. In programs linked with --wrap. */
uint64_t __wrap_loop_stalled(uint64_t ms);

uint64_t __wrap_loop_stalled(uint64_t ms) {
    (void)ms;
    return 0;
}

#endif
