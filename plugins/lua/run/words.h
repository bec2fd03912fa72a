/* words - how scripts name what the host has numbers for. */
#ifndef LUA_WORDS_H
#define LUA_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* "waiting", "active", ... for MUSTER_LOBBY_... */
const char *words_lobby_state(uint32_t state);
/* "quit", "timeout", ... for MUSTER_LEAVE_... */
const char *words_leave(uint32_t reason);
/* "red", "blue" or "draw" for MUSTER_TEAM_... */
const char *words_winner(uint32_t team);
/* A winner, and a MUSTER_END_... by its word. False: there is no such team, or no such reason. */
bool words_parse_result(const char *team, const char *reason, uint32_t *team_out,
                        uint32_t *reason_out);

#endif
