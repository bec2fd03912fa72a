/* history - what the node keeps of what happened: who was here, lobbies, who sat in them, results.
 * Shared by the files of this plugin. Loop thread.
 *
 * Writes are handed to the host to be kept (MUSTER_DB_KEPT): they are done in order, also when the
 * database is locked or the node stops meanwhile, and may be done twice.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <muster/plugin.h>

struct wait;

enum { PURGE_KINDS = 3 };

struct purge {
    int64_t days[PURGE_KINDS]; /* after which rows go; 0: never */
    uint32_t kind;             /* of rows: the one that is looked at */
    bool is_asking;            /* or pausing: a round is on */
    int64_t ready_ms; /* Unix: the node began to take players; 0: this generation did not see it */
    muster_timer_id round;
    muster_timer_id pause;
};

struct history {
    muster_self *self;
    const struct muster_host *host;
    const char *database; /* which one; "": the first */
    const char *node_id;
    struct purge purge;
};

/* ---- rows.c ---- */

muster_status rows_migrate(struct history *history);
void rows_player(const struct history *history, muster_player_id player);
void rows_lobby_created(const struct history *history, muster_lobby_id lobby);
/* Its state and its number of players. */
void rows_lobby(const struct history *history, muster_lobby_id lobby);
void rows_seat(const struct history *history, muster_lobby_id lobby, muster_player_id player);
/* json: a report of a match's result. INVALID: it is none; others: nobody keeps it. */
muster_status rows_result(const struct history *history, struct muster_bytes json);

/* ---- results.c ---- */

muster_status results_add_command(struct history *history);

/* ---- purge.c ---- */

muster_status purge_start(struct history *history);
void purge_stop(struct history *history);

#endif
