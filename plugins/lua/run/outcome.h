/* outcome - how a match ends, in the words of scripts and as the host is told. */
#ifndef LUA_OUTCOME_H
#define LUA_OUTCOME_H

#include <lua.h>
#include <muster/plugin.h>

struct outcome {
    uint32_t winner_kind, winner; /* MUSTER_WINNER_... */
    char reason[MUSTER_NAME_MAX];
    bool teams_placed, seats_placed;
    uint32_t team_places[MUSTER_TEAMS_MAX];
    uint32_t seat_places[MUSTER_PEOPLE_MAX * 2];
};

/* Each takes the value at index, and answers null, or what had been expected there, which is good
 * until the next call. Raise for a player who is gone. */

/* "draw", the name of a team, or a player. */
const char *outcome_take_winner(lua_State *L, int index, struct outcome *out);
/* A word, not the server's own "aborted"; nil: "score_limit". */
const char *outcome_take_reason(lua_State *L, int index, struct outcome *out);
/* nil: by score. A list of players or of teams, the best first; equals in a list of their own. Who
 * is not in it comes last. The winner, who is taken before, must be first where such are placed. */
const char *outcome_take_places(lua_State *L, int index, struct outcome *out);

/* All fields but the size; they point into the outcome. */
void outcome_put(const struct outcome *outcome, struct muster_match_end *out);

#endif
