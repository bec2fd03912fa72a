/* play - what a player does in a match: snapshots are counted, inputs sent. */
#ifndef LOAD_PLAY_H
#define LOAD_PLAY_H

#include "player.h"

void play_on_snapshot(struct player *player, const uint8_t *payload, uint32_t len);
/* When its time has come. */
void play_send_input(struct player *player);
/* The time is over: what has been awaited for long by then counts, too. */
void play_on_measured(struct player *player);

#endif
