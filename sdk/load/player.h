/* player - one simulated player: guest sign-in, WebSocket, seat, then inputs at a fixed rate. One
 * who has lost the connection comes back to the seat as sdk/js does.
 *
 * Driven by crowd.c: player_on_events for the socket, player_on_due when its time has come. What it
 * asks and is told is talk.c's, what it does in a match play.c's.
 */
#ifndef LOAD_PLAYER_H
#define LOAD_PLAYER_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "frame.h"
#include "histogram.h"
#include "match_set.h"
#include "wire.h"

#define PLAYER_TOKEN_MAX 128u
#define PLAYER_NEVER UINT64_MAX
#define PLAYERS_PER_ADDRESS 8u /* what a server's limits per address take */
#define INPUTS_ON_WAY 256u     /* of which it is known when they were sent: 12 s at 20 Hz */

enum player_phase {
    PLAYER_IDLE,
    PLAYER_SIGNING_IN, /* HTTP: /v1/auth/guest */
    PLAYER_AWAY,       /* waits before it tries again */
    PLAYER_UPGRADING,
    PLAYER_AUTHENTICATING,
    PLAYER_FINDING,
    PLAYER_ENTERING,
    PLAYER_SEATED, /* snapshots come once the match has started */
    PLAYER_LEAVING,
    PLAYER_FAILED,
};

/* Shared by all players. */
struct player_world {
    struct sockaddr_storage to; /* IPv4 or IPv6 */
    const char *host;           /* as it is called there; null: it does not matter */
    struct ssl_ctx_st *tls;     /* owned by who set it; null: plain */
    uint32_t from; /* the first of the addresses they come from, PLAYERS_PER_ADDRESS each; 0: any */
    const char *game_mode;
    uint32_t input_interval_us;
    int epoll_fd;
    uint64_t now_us;
    bool stays; /* mends a lost connection, plays the next match; else these are failures */
    bool only_logs_in;
    bool measuring;
    uint64_t snapshots;      /* while measuring, as all up to the intervals */
    uint64_t snapshot_bytes; /* payload of the messages, without framing */
    uint64_t gaps;           /* snapshots that did not follow the tick before */
    uint64_t inputs;
    uint64_t inputs_blocked;    /* the socket was full */
    struct histogram intervals; /* between snapshots of one player */
    struct histogram latencies; /* from each input to the first snapshot that says it was taken */
    struct histogram waits;     /* from a search to the place that was found */
    uint32_t arrived;           /* have seen a snapshot */
    uint32_t connections_tried;
    uint32_t connections_made; /* up to the session */
    uint32_t connections_lost; /* of those who come back */
    uint32_t returned;         /* to their seats */
    uint32_t seats_lost;
    struct match_set started;
    struct match_set ended;
    uint32_t failed;
    char failure[256]; /* of the first player that failed */
    char loss[160];    /* of the connection that was lost last */
};

struct player {
    struct player_world *world;
    struct wire wire;
    uint32_t number;
    enum player_phase phase;
    bool connecting;
    struct frame_buffer in;
    char *token; /* owned */
    char resume[PLAYER_TOKEN_MAX];
    uint32_t seat;
    uint32_t tries;        /* of coming back, since it last held */
    uint32_t asked;        /* again, what was refused for the moment */
    uint64_t online_us;    /* since when; 0: not */
    uint64_t searching_us; /* since when; 0: not */
    uint64_t due_us;
    uint32_t sequence; /* of the newest input */
    uint32_t answered; /* the newest input that a snapshot has, or that is not looked at */
    bool has_arrived;
    bool in_match;
    uint32_t last_tick;
    uint64_t last_snapshot_us;
    uint32_t newest_tick; /* of all that it has seen: one that comes again is no progress */
    uint64_t newest_us;
    /* Since player_forget: */
    uint64_t gap_us;   /* the longest between two snapshots */
    uint64_t stood_us; /* the longest between two ticks of the match */
    uint32_t resumed;
    uint32_t refused;                /* a token that leads to no seat, or to another */
    uint32_t sent_us[INPUTS_ON_WAY]; /* the low bits of when, by sequence */
};

void player_init(struct player *player, struct player_world *world, uint32_t number);
void player_start(struct player *player);
void player_on_events(struct player *player, uint32_t events);
void player_on_due(struct player *player);
void player_forget(struct player *player);
void player_end(struct player *player);

/* For talk.c and play.c. */
void player_fail(struct player *player, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void player_hang_up(struct player *player);
/* Its connection is gone; code 0: without a word. */
void player_lose(struct player *player, uint32_t code, const char *how);
void player_send_text(struct player *player, const char *text);

#endif
