/* api_match - the match as scripts see it: clock, scoreboard, end. */
#include "api.h"
#include "args.h"
#include "words.h"

#include <lauxlib.h>

enum { MATCH_UNITS = 30, TALK_UNITS = 500, LINE_BYTES_MAX = 300 };

static int match_tick(lua_State *L) {
    lua_pushinteger(L, realm_of(L)->tick);
    return 1;
}

static int match_time(lua_State *L) {
    lua_pushnumber(L, (double)realm_of(L)->now_ms / 1000);
    return 1;
}

static int match_game_mode(lua_State *L) {
    lua_pushstring(L, realm_of(L)->game_mode);
    return 1;
}

static int match_player(lua_State *L) {
    lua_Integer seat = (lua_Integer)args_integer(L, 1, 0, MUSTER_SEATS_MAX - 1);
    sandbox_charge(L, MATCH_UNITS);
    player_push(script_of(L), L, (uint64_t)seat);
    return 1;
}

static bool wants_seat(lua_State *L, uint32_t seat, uint32_t team) {
    const struct realm *realm = realm_of(L);
    struct muster_seat_info row = {.size = sizeof row};
    if (!realm->seated[seat]) return false;
    if (team == WORDS_TEAMS_END) return true;
    return realm_host(realm)->match->seat_get(realm_self(realm), realm->match, seat, &row) ==
               MUSTER_OK &&
           row.team == team;
}

static int match_players(lua_State *L) {
    uint32_t team = lua_isnoneornil(L, 1) ? WORDS_TEAMS_END : args_team(L, 1);
    lua_Integer count = 0;
    sandbox_charge(L, MATCH_UNITS * 8);
    lua_createtable(L, 8, 0);
    for (uint32_t seat = 0; seat < MUSTER_SEATS_MAX; seat++) {
        if (!wants_seat(L, seat, team)) continue;
        player_push(script_of(L), L, seat);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

static int match_alive(lua_State *L) {
    uint32_t team = args_team(L, 1);
    const struct realm *realm = realm_of(L);
    struct muster_seat_info row = {.size = sizeof row};
    lua_Integer count = 0;
    sandbox_charge(L, MATCH_UNITS * 8);
    for (uint32_t seat = 0; seat < MUSTER_SEATS_MAX; seat++) {
        if (!wants_seat(L, seat, team)) continue;
        (void)realm_host(realm)->match->seat_get(realm_self(realm), realm->match, seat, &row);
        count += row.alive != 0;
    }
    lua_pushinteger(L, count);
    return 1;
}

static int match_score(lua_State *L) {
    const struct realm *realm = realm_of(L);
    uint32_t team = args_team(L, 1);
    lua_pushinteger(L, realm->is_probe ? 0
                                       : realm_host(realm)->match->team_score(realm_self(realm),
                                                                              realm->match, team));
    return 1;
}

static int match_add_score(lua_State *L) {
    const struct realm *realm = realm_of(L);
    uint32_t team = args_team(L, 1);
    int32_t points = (int32_t)args_integer(L, 2, -1000, 1000);
    if (team == MUSTER_TEAM_NONE) return args_unexpected(L, 1, NULL, "red or blue");
    sandbox_charge(L, MATCH_UNITS);
    if (script_act(L))
        (void)realm_host(realm)->match->team_score_add(realm_self(realm), realm->match, team,
                                                       points);
    return 0;
}

static int match_announce(lua_State *L) {
    const struct realm *realm = realm_of(L);
    const char *text = args_text(L, 1, LINE_BYTES_MAX);
    sandbox_charge(L, TALK_UNITS);
    if (script_act(L) && !realm->is_replay && api_may_talk(L))
        (void)realm_host(realm)->lobby->chat(realm_self(realm), realm->lobby->id, text);
    return 0;
}

static int match_finish(lua_State *L) {
    const struct realm *realm = realm_of(L);
    uint32_t team;
    const char *winner = lua_isnoneornil(L, 1) ? "draw" : luaL_checkstring(L, 1);
    const char *why = luaL_optstring(L, 2, "score_limit");
    if (!words_parse_winner(winner, &team)) return args_unexpected(L, 1, NULL, "red, blue or draw");
    if (!words_reason(why))
        return args_unexpected(L, 2, NULL, "score_limit, time_limit, elimination or forfeit");
    sandbox_charge(L, MATCH_UNITS);
    const struct muster_match_end end = {.size = sizeof end,
                                         .winner_kind = words_winner_kind(team),
                                         .winner = team,
                                         .reason = words_reason(why)};
    if (script_act(L)) (void)realm_host(realm)->match->end(realm_self(realm), realm->match, &end);
    return 0;
}

const struct api_function api_match[] = {
    {"tick", match_tick, REALM_MATCH, 0, "", "integer", "The number of this tick.",
     "print(match.tick())"},
    {"time", match_time, REALM_MATCH, 0, "", "number", "Seconds since the match began.",
     "if match.time() > 60 then print(\"a minute\") end"},
    {"game_mode", match_game_mode, REALM_MATCH, 0, "", "string", "The name of the game mode.",
     "print(match.game_mode())"},
    {"setting", api_setting, REALM_MATCH, 0, "key: string", "any",
     "A lobby setting as it counts for this match; nil for one that is not there.",
     "print(match.setting(\"timeLimit\"))"},
    {"players", match_players, REALM_MATCH, 0, "team?: Team", "Player[]",
     "Everybody in the match, bots included, by seat.",
     "for _, player in ipairs(match.players(\"red\")) do print(player:name()) end"},
    {"player", match_player, REALM_MATCH, 0, "seat: integer", "Player?", "Who sits on a seat.",
     "local first = match.player(0)"},
    {"alive", match_alive, REALM_MATCH, 0, "team: Team", "integer", "How many of a team live.",
     "if match.alive(\"red\") == 0 then print(\"red is out\") end"},
    {"score", match_score, REALM_MATCH, 0, "team: Team", "integer", "Points of a team.",
     "print(match.score(\"red\"))"},
    {"add_score", match_add_score, REALM_MATCH, 0, "team: Team, points: integer", "",
     "Adds to a team's points (-1000 to 1000 at a time).", "match.add_score(\"red\", 1)"},
    {"announce", match_announce, REALM_MATCH, MOD_CHAT, "text: string", "",
     "A line of chat from the server to everybody in the lobby.",
     "match.announce(\"Red holds the hill\")"},
    {"finish", match_finish, REALM_MATCH, 0, "winner?: string, reason?: string", "",
     "Ends the match with this tick: red, blue or draw (default); score_limit (default), "
     "time_limit, elimination or forfeit. The first call of a tick counts.",
     "if match.score(\"red\") >= 3 then match.finish(\"red\") end"},
    {NULL}};
