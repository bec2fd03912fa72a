/* crowd - all players of one run and the loop that turns them: one thread, epoll.
 *
 * Players come in one after another, at most 32 at a time on their way.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "player.h"

struct crowd {
    struct player_world world;
    struct player *players;
    uint32_t players_max;
    uint32_t started;
    uint32_t first_on_the_way;
};

/* players_max is set. False: errno says why. */
bool crowd_open(struct crowd *crowd, uint16_t port);
void crowd_close(struct crowd *crowd);

uint64_t crowd_now_us(void);
/* Until all are in a match. False: world.failure says why. */
bool crowd_arrive(struct crowd *crowd);
/* What has come, and what is due; waits at most a millisecond. */
void crowd_turn(struct crowd *crowd);
void crowd_run(struct crowd *crowd, uint32_t ms);

#endif
