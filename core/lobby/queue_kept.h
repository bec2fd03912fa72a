/* queue_kept - DATA/queue.live: who searches, and since when, for the process after one that dies.
 * Loop thread. Used by queue alone.
 *
 * A search that goes on after a crash has waited as long as if there had been none: the player
 * searches again, for the same, within a minute of the start.
 */
#ifndef QUEUE_KEPT_H
#define QUEUE_KEPT_H

#include <muster/roles.h>

struct queue_wish {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
    int64_t since_unix_ms;
};

/* What was left is read; from now on it may be written. */
void queue_kept_start(void);
void queue_kept_stop(void);
/* Since when this one has searched; 0: it has not. Once. */
int64_t queue_kept_take(const struct queue_wish *wish);
/* Anew: begin, each of those who search, end. */
void queue_kept_begin(void);
void queue_kept_add(const struct queue_wish *wish);
void queue_kept_end(void);

#endif
