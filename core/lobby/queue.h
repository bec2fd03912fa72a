/* queue - players who search a match, and the matchmakers that place them. Loop thread. */
#ifndef QUEUE_H
#define QUEUE_H

#include "lobby.h"

#define QUEUE_TICKET_TEXT 24

muster_status queue_init(uint32_t players_max) MUSTER_MUST_USE;
/* Searches are kept over a crash from now on, and those of before are known. */
void queue_recover(void);
void queue_deinit(void);
/* region, map_name: "" = any of the node's. ticket: id for the client. */
int32_t queue_find(struct session *session, const char *game_mode, const char *region,
                   const char *map_name, char ticket[QUEUE_TICKET_TEXT], struct failure *failure);
/* Takes a session that does not search. */
void queue_cancel(struct session *session);
/* Seats opened in a running lobby. */
void queue_backfill(const struct lobby *lobby);
uint32_t queue_count(void);

#endif
