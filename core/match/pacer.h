/* pacer - calls the matches' ticks on an absolute schedule. Loop thread.
 *
 * A wheel of 1 ms slots; an entry is due at start + n * period, spread over the slots by its phase,
 * so that lobbies do not tick together. Due slots run from a 1 ms timer, which rests while there
 * are no entries, and from pacer_run, which net calls after every 32nd received message: neither
 * receiving nor ticking starves. Under overload a governor turns the wheel slower, so that all
 * periods are stretched (up to 4x), evenly; when the load has gone they are as before within 2 s.
 * Thresholds: measured, docs/architecture.md "The tick".
 */
#ifndef PACER_H
#define PACER_H

#include <muster/types.h>

struct pacer_entry {
    struct pacer_entry *next;
    struct pacer_entry *prev;
    uint64_t due_us;
    uint32_t period_us;
    bool armed;
    void (*fn)(void *user);
    /* The owner's, or null: fn may be called soon, and what it asks for first can be fetched from
     * memory meanwhile (__builtin_prefetch). */
    void (*expect)(const void *user);
    void *user;
};

muster_status pacer_start(void) MUSTER_MUST_USE;
void pacer_stop(void);
/* First call within one period from now, in phase slot `phase` of it. */
void pacer_add(struct pacer_entry *entry, uint32_t period_us, uint32_t phase,
               void (*fn)(void *user), void *user);
/* Also from inside the entry's own fn. Takes an entry that is not armed. */
void pacer_remove(struct pacer_entry *entry);
/* Run due slots now, at most 10, and let their snapshots leave; does nothing when it is already
 * running. */
void pacer_run(void);
/* For who moves a virtual clock, where no timer calls pacer_run: when it has something to do next
 * (loop_now_ms clock), at least once in 2048 ms; UINT64_MAX: no entry is armed. */
uint64_t pacer_due_ms(void);
/* 1.0 in time. */
double pacer_stretch(void);
/* Stretched by more than a tenth for half a second, and until ticks have come in time for a quarter
 * of one: nobody new is taken. The log says when it begins and ends. */
bool pacer_overloaded(void);
/* Since a slot ran; 0 without entries: for liveness. */
uint64_t pacer_silent_us(void);

#endif
