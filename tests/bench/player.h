/* player - one simulated player: guest sign-in, WebSocket, seat, then inputs at a fixed rate.
 *
 * Driven by bench.c: player_on_events for the socket, player_input when its next input is due.
 */
#ifndef BENCH_PLAYER_H
#define BENCH_PLAYER_H

#include <netinet/in.h>

#include "frame.h"

enum player_phase {
    PLAYER_IDLE,
    PLAYER_SIGNING_IN, /* HTTP: /v1/auth/guest */
    PLAYER_UPGRADING,
    PLAYER_AUTHENTICATING,
    PLAYER_FINDING,
    PLAYER_ENTERING,
    PLAYER_SEATED, /* snapshots come once the match has started */
    PLAYER_FAILED,
};

/* Shared by all players. */
struct player_world {
    struct sockaddr_in to;
    int epoll_fd;
    uint64_t now_us;
    bool measuring;
    uint64_t snapshots;      /* while measuring, as all below */
    uint64_t snapshot_bytes; /* payload of the messages, without framing */
    uint64_t gaps;           /* snapshots that did not follow the tick before */
    uint64_t inputs;
    uint64_t inputs_blocked;           /* the socket was full */
    uint32_t interval_histogram[1000]; /* between snapshots of one player, ms */
    char failure[256];                 /* of the first player that failed */
};

struct player {
    struct player_world *world;
    int fd;
    uint32_t number;
    enum player_phase phase;
    struct frame_buffer in;
    char *token; /* owned, until it has been presented */
    uint32_t sequence;
    uint32_t last_tick;
    uint64_t last_snapshot_us;
    uint64_t next_input_us;
    bool in_match;
};

void player_start(struct player *player);
void player_on_readable(struct player *player);
void player_input(struct player *player);
void player_end(struct player *player);

#endif
