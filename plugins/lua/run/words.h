/* words - how scripts name what the host has numbers for. */
#ifndef LUA_WORDS_H
#define LUA_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* "waiting", "active", ... for MUSTER_LOBBY_... */
const char *words_lobby_state(uint32_t state);
/* "quit", "timeout", ... for MUSTER_LEAVE_... */
const char *words_leave(uint32_t reason);
enum { WORDS_TEAMS_END = 3 }; /* none, red and blue */

/* "red", "blue" or "draw" for MUSTER_TEAM_... */
const char *words_winner(uint32_t team);
/* "draw" is MUSTER_TEAM_NONE. False: there is no such team. */
bool words_parse_winner(const char *word, uint32_t *team);
/* MUSTER_WINNER_... of a team, or of none. */
uint32_t words_winner_kind(uint32_t team);
/* A MUSTER_END_... that scripts may give; null: no such reason. */
const char *words_reason(const char *word);

#endif
