/* outcome - see outcome.h. */
#include "outcome.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "players.h"
#include "teams.h"

enum { LIST_UNITS = 10, WORDS_BYTES_MAX = 400 };

static const char draw[] = "draw";

/* ---- winner ---------------------------------------------------------------------------------- */

static const char *expected_winner(const struct realm *realm) {
    static char text[WORDS_BYTES_MAX + 64];
    char names[WORDS_BYTES_MAX] = "";
    size_t used = 0;
    for (uint32_t team = 1; team <= teams_count(realm) && used < sizeof names; team++)
        used += (size_t)snprintf(names + used, sizeof names - used, "\"%s\", ",
                                 teams_name(realm, team));
    snprintf(text, sizeof text, "%s\"draw\", a player or nil", names);
    return text;
}

const char *outcome_take_winner(lua_State *L, int index, struct outcome *out) {
    const struct realm *realm = realm_of(L);
    const struct player *player = player_find(L, index);
    const char *word = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    out->winner_kind = MUSTER_WINNER_NOBODY;
    out->winner = 0;
    if (player) {
        out->winner_kind = MUSTER_WINNER_SEAT;
        out->winner = (uint32_t)player->who;
    } else if (strcmp(word, draw) != 0) {
        out->winner_kind = MUSTER_WINNER_TEAM;
        if (!teams_find(realm, word, &out->winner) || out->winner == MUSTER_TEAM_NONE)
            return expected_winner(realm);
    }
    return NULL;
}

/* ---- reason ---------------------------------------------------------------------------------- */

static bool is_word(const char *text) {
    size_t len = strlen(text);
    return len > 0 && len < MUSTER_NAME_MAX && *text >= 'a' && *text <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

const char *outcome_take_reason(lua_State *L, int index, struct outcome *out) {
    bool is_given = !lua_isnoneornil(L, index);
    const char *word = !is_given                           ? MUSTER_END_SCORE_LIMIT
                       : lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index)
                                                           : "";
    if (!is_word(word))
        return "a reason of a-z, 0-9 and _ (at most 47, a letter first), like \"time_limit\"";
    if (strcmp(word, MUSTER_END_ABORTED) == 0)
        return "a reason of your own: \"aborted\" is the server's, when it ends a match";
    snprintf(out->reason, sizeof out->reason, "%s", word);
    return NULL;
}

/* ---- places ---------------------------------------------------------------------------------- */

struct ranking {
    struct outcome *out;
    uint32_t place;  /* of who comes next in the list */
    uint32_t placed; /* how many have one */
};

static const char expected_places[] =
    "a list of players or of teams, each once, the best first, or nil";

/* One that is not placed yet, of the kind of those before. */
static uint32_t *place_of(lua_State *L, int index, struct outcome *out) {
    const struct player *player = player_find(L, index);
    uint32_t team = MUSTER_TEAM_NONE;
    if (player && !out->teams_placed) {
        out->seats_placed = true;
        return &out->seat_places[player->who];
    }
    if (player || out->seats_placed || lua_type(L, index) != LUA_TSTRING) return NULL;
    if (!teams_find(realm_of(L), lua_tostring(L, index), &team) || team == MUSTER_TEAM_NONE)
        return NULL;
    out->teams_placed = true;
    return &out->team_places[team - 1];
}

static bool rank_one(lua_State *L, int index, struct ranking *ranking) {
    uint32_t *place = place_of(L, index, ranking->out);
    if (!place || (*place && teams_are_known(realm_of(L)))) return false;
    *place = ranking->place;
    ranking->placed++;
    return true;
}

/* Those of the list at index, all at the same place, or one after the other. */
static bool rank_list(lua_State *L, int index, struct ranking *ranking, bool are_equal) {
    lua_Unsigned count = lua_rawlen(L, index);
    bool is_good = count > 0 && count <= MUSTER_SEATS_MAX;
    for (lua_Unsigned i = 1; is_good && i <= count; i++) {
        sandbox_charge(L, LIST_UNITS);
        lua_rawgeti(L, index, (lua_Integer)i);
        int item = lua_gettop(L);
        if (!are_equal) ranking->place = ranking->placed + 1;
        bool is_list = !are_equal && lua_istable(L, item);
        is_good = is_list ? rank_list(L, item, ranking, true) : rank_one(L, item, ranking);
        lua_pop(L, 1);
    }
    return is_good;
}

static void rank_rest(uint32_t *places, uint32_t count, uint32_t last) {
    for (uint32_t i = 0; i < count; i++)
        if (!places[i]) places[i] = last;
}

/* Places that say otherwise than the winner help nobody. Those of teams that are not known yet are
 * not looked at. */
static bool winner_leads(const struct realm *realm, const struct outcome *out) {
    if (out->winner_kind == MUSTER_WINNER_SEAT && out->seats_placed)
        return out->seat_places[out->winner] == 1;
    if (out->winner_kind == MUSTER_WINNER_TEAM && out->teams_placed && teams_are_known(realm))
        return out->team_places[out->winner - 1] == 1;
    return true;
}

const char *outcome_take_places(lua_State *L, int index, struct outcome *out) {
    struct ranking ranking = {.out = out};
    const struct realm *realm = realm_of(L);
    out->teams_placed = out->seats_placed = false;
    if (lua_isnoneornil(L, index)) return NULL;
    memset(out->team_places, 0, sizeof out->team_places);
    memset(out->seat_places, 0, sizeof out->seat_places);
    luaL_checkstack(L, 4, NULL);
    if (!lua_istable(L, index) || !rank_list(L, lua_absindex(L, index), &ranking, false))
        return expected_places;
    rank_rest(out->team_places, teams_count(realm), ranking.placed + 1);
    rank_rest(out->seat_places, sizeof out->seat_places / sizeof *out->seat_places,
              ranking.placed + 1);
    return winner_leads(realm, out) ? NULL : "the winner in the first place";
}

/* ---- the host -------------------------------------------------------------------------------- */

void outcome_put(const struct outcome *outcome, struct muster_match_end *out) {
    out->winner_kind = outcome->winner_kind;
    out->winner = outcome->winner;
    out->reason = outcome->reason;
    out->team_places = outcome->teams_placed ? outcome->team_places : NULL;
    out->seat_places = outcome->seats_placed ? outcome->seat_places : NULL;
}
