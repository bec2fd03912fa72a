/* player - one simulated player: guest sign-in, WebSocket, seat, then inputs at a fixed rate. One
 * who has lost the connection comes back to the seat as sdk/js does.
 *
 * Driven by crowd.c: player_on_events for the socket, player_on_due when its time has come.
 */
#ifndef BENCH_PLAYER_H
#define BENCH_PLAYER_H

#include <netinet/in.h>

#include "frame.h"

#define PLAYER_TOKEN_MAX 128u

enum player_phase {
    PLAYER_IDLE,
    PLAYER_SIGNING_IN, /* HTTP: /v1/auth/guest */
    PLAYER_AWAY,       /* waits before it tries again */
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
    const char *game_mode;
    int epoll_fd;
    uint64_t now_us;
    bool comes_back; /* a lost connection is mended; else it is a failure */
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
    bool connecting;
    struct frame_buffer in;
    char *token; /* owned */
    char resume[PLAYER_TOKEN_MAX];
    uint32_t seat;
    uint32_t tries; /* of coming back, since it last held */
    uint64_t online_us;
    uint64_t due_us;
    uint32_t sequence;
    bool in_match;
    uint32_t last_tick;
    uint64_t last_snapshot_us;
    uint32_t newest_tick; /* of all that it has seen: one that comes again is no progress */
    uint64_t newest_us;
    /* Since player_forget: */
    uint64_t gap_us;   /* the longest between two snapshots */
    uint64_t stood_us; /* the longest between two ticks of the match */
    uint32_t resumed;
    uint32_t refused; /* a token that leads to no seat, or to another */
};

void player_init(struct player *player, struct player_world *world, uint32_t number);
void player_start(struct player *player);
void player_on_events(struct player *player, uint32_t events);
void player_on_due(struct player *player);
void player_forget(struct player *player);
void player_end(struct player *player);

#endif
