/* talk - what a player asks of the server and is told by it: JSON-RPC, up to the seat and after. */
#ifndef LOAD_TALK_H
#define LOAD_TALK_H

#include "player.h"

void talk_authenticate(struct player *player);
/* Asks for a match, at first or once more. */
void talk_find(struct player *player);
/* Gives up the seat, or the search. The answer ends the connection. */
void talk_leave(struct player *player);
void talk_on_text(struct player *player, const uint8_t *payload, uint32_t len);
/* A text that came as a binary frame of kind 0x82. */
void talk_on_packed(struct player *player, const uint8_t *payload, uint32_t len);

#endif
