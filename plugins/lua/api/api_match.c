/* api_match - the match as scripts see it: clock, scoreboard, end. */
#include "api.h"
#include "args.h"
#include "outcome.h"
#include "teams.h"

#include <lauxlib.h>

enum { MATCH_UNITS = 30, TALK_UNITS = 500, LINE_BYTES_MAX = 300, ANY_TEAM = MUSTER_TEAMS_MAX + 1 };

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
    if (!realm_seated(realm, seat)) return false;
    if (team == ANY_TEAM) return true;
    return realm_host(realm)->match->seat_get(realm_self(realm), realm->match, seat, &row) ==
               MUSTER_OK &&
           row.team == team;
}

static int match_players(lua_State *L) {
    uint32_t team = lua_isnoneornil(L, 1) ? ANY_TEAM : args_team(L, 1, NULL);
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
    uint32_t team = lua_isnoneornil(L, 1) ? ANY_TEAM : args_team(L, 1, NULL);
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
    uint32_t team = args_team(L, 1, NULL);
    lua_pushinteger(L, realm->is_probe ? 0
                                       : realm_host(realm)->match->team_score(realm_self(realm),
                                                                              realm->match, team));
    return 1;
}

static int match_add_score(lua_State *L) {
    const struct realm *realm = realm_of(L);
    uint32_t team = args_real_team(L, 1);
    int32_t points = (int32_t)args_integer(L, 2, -1000, 1000);
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

static int match_send(lua_State *L) {
    const struct realm *realm = realm_of(L);
    struct api_message message;
    luaL_checkany(L, 1);
    api_message_read(L, 1, &message);
    sandbox_charge(L, TALK_UNITS);
    if (script_act(L) && !realm->is_replay && api_may_send(L))
        (void)realm_host(realm)->lobby->notify(realm_self(realm), realm->lobby->id, "mod.message",
                                               message.json);
    return 0;
}

static int match_finish(lua_State *L) {
    const struct realm *realm = realm_of(L);
    struct muster_match_end end = {.size = sizeof end};
    struct outcome outcome = {.winner_kind = MUSTER_WINNER_NOBODY};
    const char *expected = lua_isnoneornil(L, 1) ? NULL : outcome_take_winner(L, 1, &outcome);
    if (expected) return args_unexpected(L, 1, NULL, expected);
    if ((expected = outcome_take_reason(L, 2, &outcome)))
        return args_unexpected(L, 2, NULL, expected);
    if ((expected = outcome_take_places(L, 3, &outcome)))
        return args_unexpected(L, 3, NULL, expected);
    outcome_put(&outcome, &end);
    sandbox_charge(L, MATCH_UNITS);
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
    {"teams", api_teams, REALM_MATCH, 0, "", "Team[]",
     "The teams of the mode; none where everybody plays for themselves.",
     "for _, team in ipairs(match.teams()) do print(team, match.score(team)) end"},
    {"player", match_player, REALM_MATCH, 0, "seat: integer", "Player?", "Who sits on a seat.",
     "local first = match.player(0)"},
    {"alive", match_alive, REALM_MATCH, 0, "team?: Team", "integer",
     "How many live, of a team or of all.",
     "if match.alive(\"red\") == 0 then print(\"red is out\") end"},
    {"score", match_score, REALM_MATCH, 0, "team: Team", "integer", "Points of a team.",
     "print(match.score(\"red\"))"},
    {"add_score", match_add_score, REALM_MATCH, 0, "team: Team, points: integer", "",
     "Adds to a team's points (-1000 to 1000 at a time).", "match.add_score(\"red\", 1)"},
    {"announce", match_announce, REALM_MATCH, MOD_CHAT, "text: string", "",
     "A line of chat from the server to everybody in the lobby.",
     "match.announce(\"Red holds the hill\")"},
    {"send", match_send, REALM_MATCH, 0, "message: any", "",
     "A plain value (1024 bytes as JSON) to the clients of everybody in the lobby, spectators "
     "included: they get it as the notification mod.message.",
     "match.send{round = 2}"},
    {"finish", match_finish, REALM_MATCH, 0,
     "winner?: Team|Player|\"draw\", reason?: string, places?: table", "",
     "Ends the match with this tick: won by a team, by a player, or by nobody (\"draw\", or nil). "
     "reason is a word: score_limit (default), time_limit, elimination, forfeit, or one of your "
     "own, not the server's aborted. places lists players or teams, the best first, equals in a "
     "list of their own, where points do not say it; the winner comes first there. The first call "
     "of a tick counts.",
     "local first = match.players()[1]\n"
     "if first and first:score() >= 3 then match.finish(first, \"three_in_a_row\", {first}) end"},
    {NULL}};
