/* crowd - all players of one run and the loop that turns them: one thread, epoll.
 *
 * Players come in one after another, at most 32 at a time on their way to the queue.
 */
#ifndef LOAD_CROWD_H
#define LOAD_CROWD_H

#include <signal.h>

#include "player.h"

struct crowd {
    struct player_world world;
    const volatile sig_atomic_t
        *stop; /* not 0: it is over; null: nothing ends it before its time */
    struct player *players;
    uint32_t players_max;
    uint32_t started;
    uint32_t first_on_the_way;
    uint64_t next_look_us;
};

/* This machine, which players of benchmarks play on. */
struct sockaddr_storage crowd_loopback(uint16_t port);

/* players_max and world.to are set; what is left out of world: 20 inputs a second in "arena".
 * False: errno says why. */
bool crowd_open(struct crowd *crowd);
void crowd_close(struct crowd *crowd);

uint64_t crowd_now_us(void);
/* Of this process, which is to be told: a generator at its limit measures itself. */
double crowd_cpu_s(void);
/* In which it could have run and others did; 0 where the kernel does not tell. */
double crowd_waited_s(void);
/* Until each has come into a match, or has failed, or nobody has come for half a minute; four
 * minutes at most. False: world.failure says why it is not all of them, unless it was stopped. */
bool crowd_arrive(struct crowd *crowd);
/* As crowd_run, and what players see and send is counted. */
void crowd_measure(struct crowd *crowd, uint32_t ms);
/* Who is connected, and has a seat or looks for one. */
uint32_t crowd_online(const struct crowd *crowd);
/* All give up their seats, so that these are free at once. */
void crowd_leave(struct crowd *crowd);
/* What has come, and what is due; waits at most a millisecond. */
void crowd_turn(struct crowd *crowd);
void crowd_run(struct crowd *crowd, uint32_t ms);

#endif
