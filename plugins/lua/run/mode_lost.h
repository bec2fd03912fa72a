/* mode_lost - a match goes on without the script of its mode. */
#ifndef LUA_MODE_LOST_H
#define LUA_MODE_LOST_H

#include "lobby.h"

/* The script is off: the match ends with its score, if it owned everything. */
void mode_lost(const struct realm *realm);
/* Ends the match with its score. */
void mode_lost_end(const struct realm *realm);

#endif
