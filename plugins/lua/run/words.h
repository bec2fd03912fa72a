/* words - how scripts name what the host has numbers for. */
#ifndef LUA_WORDS_H
#define LUA_WORDS_H

#include <stdint.h>

/* "waiting", "active", ... for MUSTER_LOBBY_... */
const char *words_lobby_state(uint32_t state);
/* "quit", "timeout", ... for MUSTER_LEAVE_... */
const char *words_leave(uint32_t reason);

#endif
