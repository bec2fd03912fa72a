/* api_player - the methods of handles. */
#include "api.h"
#include "args.h"
#include "speech.h"

#include <lauxlib.h>
#include <string.h>

enum { PLAYER_UNITS = 30, TALK_UNITS = 500, LINE_BYTES_MAX = 300, REASON_BYTES_MAX = 120 };

/* The row of the scoreboard. */
static void seat_row(lua_State *L, const struct player *player, struct muster_seat_info *out) {
    const struct realm *realm = realm_of(L);
    out->size = sizeof *out;
    if (realm_host(realm)->match->seat_get(realm_self(realm), realm->match, (uint32_t)player->who,
                                           out))
        luaL_error(L, "this player is gone");
}

static bool find_member(lua_State *L, const struct player *player, struct muster_member_info *out) {
    const struct realm *realm = realm_of(L);
    uint32_t index = 0;
    out->size = sizeof *out;
    while (realm_host(realm)->lobby->member_next(realm_self(realm), realm->lobby->id, &index,
                                                 out) == MUSTER_OK)
        if (realm->kind == REALM_MATCH ? out->seat == player->who
                                       : out->player.value == player->who)
            return true;
    return false;
}

/* The signed-in player behind a handle; 0 in a replay, for a bot, or when away. */
static muster_player_id session_of(lua_State *L, const struct player *player) {
    struct muster_member_info member;
    if (realm_of(L)->kind == REALM_LOBBY) return (muster_player_id){player->who};
    if (realm_of(L)->is_replay) return (muster_player_id){0};
    return find_member(L, player, &member) ? member.player : (muster_player_id){0};
}

/* ---- both realms ----------------------------------------------------------------------------- */

static int player_name(lua_State *L) {
    struct player *player = player_check(L, 1);
    struct muster_seat_info row;
    sandbox_charge(L, PLAYER_UNITS);
    if (realm_of(L)->kind == REALM_LOBBY) {
        lua_pushstring(L, player->name);
        return 1;
    }
    seat_row(L, player, &row);
    lua_pushstring(L, row.display_name);
    return 1;
}

/* In the match by the seat: a recording knows no accounts. */
static int player_id(lua_State *L) {
    struct player *player = player_check(L, 1);
    if (realm_of(L)->kind == REALM_LOBBY)
        lua_pushstring(L, player->key);
    else
        lua_pushfstring(L, "seat:%d", (int)player->who);
    return 1;
}

static int player_team(lua_State *L) {
    struct player *player = player_check(L, 1);
    struct muster_member_info member = {.team = MUSTER_TEAM_NONE};
    struct muster_seat_info row;
    sandbox_charge(L, PLAYER_UNITS);
    if (realm_of(L)->kind == REALM_LOBBY) {
        if (!find_member(L, player, &member)) member.team = MUSTER_TEAM_NONE;
        args_push_team(L, member.team);
        return 1;
    }
    seat_row(L, player, &row);
    args_push_team(L, row.team);
    return 1;
}

static int player_seat(lua_State *L) {
    struct player *player = player_check(L, 1);
    struct muster_member_info member = {.seat = MUSTER_SEAT_NONE};
    if (realm_of(L)->kind == REALM_MATCH)
        lua_pushinteger(L, (lua_Integer)player->who);
    else if (find_member(L, player, &member) && member.seat != MUSTER_SEAT_NONE)
        lua_pushinteger(L, member.seat);
    else
        lua_pushnil(L);
    return 1;
}

static int player_chat(lua_State *L) {
    struct player *player = player_check(L, 1);
    const char *text = args_text(L, 2, LINE_BYTES_MAX);
    sandbox_charge(L, TALK_UNITS);
    muster_player_id session = session_of(L, player);
    if (script_act(L) && session.value && api_may_talk(L))
        speech_tell(realm_of(L)->lobby, session, text);
    return 0;
}

static int player_send(lua_State *L) {
    struct player *player = player_check(L, 1);
    const struct realm *realm = realm_of(L);
    struct api_message message;
    luaL_checkany(L, 2);
    api_message_read(L, 2, &message);
    sandbox_charge(L, TALK_UNITS);
    muster_player_id session = session_of(L, player);
    if (script_act(L) && session.value && api_may_send(L))
        (void)realm_host(realm)->player->notify(realm_self(realm), session, "mod.message",
                                                message.json);
    return 0;
}

/* The player leaves when this callback has ended; who hears of that gets a handle of its own. */
static int player_kick(lua_State *L) {
    struct player *player = player_check(L, 1);
    const char *reason = lua_isnoneornil(L, 2) ? "" : args_text(L, 2, REASON_BYTES_MAX);
    struct realm *realm = realm_of(L);
    struct muster_seat_info row = {.is_bot = 0};
    sandbox_charge(L, TALK_UNITS);
    if (realm->kind == REALM_MATCH) seat_row(L, player, &row);
    luaL_argcheck(L, !row.is_bot, 1, "a bot cannot be sent away; arena.bots takes bots out");
    muster_player_id session = session_of(L, player);
    if (!script_act(L)) return 0;
    player_drop(script_of(L), L, player);
    if (session.value)
        (void)realm_host(realm)->lobby->remove(realm_self(realm), realm->lobby->id, session,
                                               MUSTER_LEAVE_KICK, reason);
    return 0;
}

/* ---- the match ------------------------------------------------------------------------------- */

static int player_is_bot(lua_State *L) {
    struct muster_seat_info row;
    seat_row(L, player_check(L, 1), &row);
    lua_pushboolean(L, row.is_bot != 0);
    return 1;
}

static int player_alive(lua_State *L) {
    struct muster_seat_info row;
    seat_row(L, player_check(L, 1), &row);
    lua_pushboolean(L, row.alive != 0);
    return 1;
}

static int player_kills(lua_State *L) {
    struct muster_seat_info row;
    seat_row(L, player_check(L, 1), &row);
    lua_pushinteger(L, row.kills);
    return 1;
}

static int player_deaths(lua_State *L) {
    struct muster_seat_info row;
    seat_row(L, player_check(L, 1), &row);
    lua_pushinteger(L, row.deaths);
    return 1;
}

static int player_score(lua_State *L) {
    struct muster_seat_info row;
    seat_row(L, player_check(L, 1), &row);
    lua_pushinteger(L, row.score);
    return 1;
}

/* A MUSTER_STAT_... by its name, at index: one of the four, or of the mode's own. */
static uint32_t check_stat(lua_State *L, int index) {
    const struct realm *realm = realm_of(L);
    const char *words[MUSTER_STAT_OWN + MUSTER_STATS_OWN_MAX] = {NULL};
    for (uint32_t i = 0; i + 1 < sizeof words / sizeof *words; i++)
        words[i] = realm_host(realm)->match->stat_name(realm_self(realm), realm->match,
                                                       MUSTER_STAT_KILLS + i);
    return MUSTER_STAT_KILLS + args_choice(L, index, NULL, words);
}

static int player_stat(lua_State *L) {
    const struct player *player = player_check(L, 1);
    const struct realm *realm = realm_of(L);
    uint32_t stat = check_stat(L, 2);
    sandbox_charge(L, PLAYER_UNITS);
    lua_pushinteger(L, realm_host(realm)->match->stat(realm_self(realm), realm->match,
                                                      (uint32_t)player->who, stat));
    return 1;
}

/* Adds what stands at index to a statistic. */
static int add_stat(lua_State *L, uint32_t stat, int index) {
    const struct player *player = player_check(L, 1);
    int32_t points = (int32_t)args_integer(L, index, -1000, 1000);
    const struct realm *realm = realm_of(L);
    sandbox_charge(L, PLAYER_UNITS);
    if (script_act(L))
        (void)realm_host(realm)->match->stat_add(realm_self(realm), realm->match,
                                                 (uint32_t)player->who, stat, points);
    return 0;
}

static int player_add_stat(lua_State *L) {
    player_check(L, 1);
    return add_stat(L, check_stat(L, 2), 3);
}

static int player_add_score(lua_State *L) {
    return add_stat(L, MUSTER_STAT_SCORE, 2);
}

/* ---- the lobby ------------------------------------------------------------------------------- */

static int player_is_host(lua_State *L) {
    struct player *player = player_check(L, 1);
    const struct realm *realm = realm_of(L);
    struct muster_lobby_info info = {.size = sizeof info};
    (void)realm_host(realm)->lobby->get(realm_self(realm), realm->lobby->id, &info);
    lua_pushboolean(L, info.host.value == player->who);
    return 1;
}

static int player_is_spectator(lua_State *L) {
    struct muster_member_info member = {.is_spectator = 0};
    bool found = find_member(L, player_check(L, 1), &member);
    lua_pushboolean(L, found && member.is_spectator);
    return 1;
}

static int player_is_ready(lua_State *L) {
    struct muster_member_info member = {.is_ready = 0};
    bool found = find_member(L, player_check(L, 1), &member);
    lua_pushboolean(L, found && member.is_ready);
    return 1;
}

const struct api_function api_player[] = {
    {"name", player_name, REALM_BOTH, 0, "", "string", "The name that others see.",
     "print(player:name())"},
    {"id", player_id, REALM_BOTH, 0, "", "string",
     "In the lobby realm the playerId, the same in every lobby; in a match the seat as text.",
     "print(player:id())"},
    {"team", player_team, REALM_BOTH, 0, "", "Team", "The team's name, or none.",
     "if player:team() == \"red\" then print(\"red\") end"},
    {"seat", player_seat, REALM_BOTH, 0, "", "integer?", "Seat number from 0; nil for a spectator.",
     "print(player:seat())"},
    {"chat", player_chat, REALM_BOTH, MOD_CHAT, "text: string", "",
     "A line of chat (300 bytes) that only this player sees.", "player:chat(\"only for you\")"},
    {"send", player_send, REALM_BOTH, 0, "message: any", "",
     "A plain value (1024 bytes as JSON) to this player's client alone, which gets it as the "
     "notification mod.message.",
     "player:send{hand = {\"ace\", \"ten\"}}"},
    {"kick", player_kick, REALM_BOTH, MOD_KICK, "reason?: string", "",
     "Sends the player away, when this callback has ended. This handle means nobody from now on.",
     "player:kick(\"idle\")"},
    {"is_bot", player_is_bot, REALM_MATCH, 0, "", "boolean", "Does the base mode play this seat?",
     "print(player:is_bot())"},
    {"alive", player_alive, REALM_MATCH, 0, "", "boolean", "Lives now.", "print(player:alive())"},
    {"kills", player_kills, REALM_MATCH, 0, "", "integer", "Kills of the scoreboard.",
     "print(player:kills())"},
    {"deaths", player_deaths, REALM_MATCH, 0, "", "integer", "Deaths of the scoreboard.",
     "print(player:deaths())"},
    {"score", player_score, REALM_MATCH, 0, "", "integer", "Score of the scoreboard.",
     "print(player:score())"},
    {"add_score", player_add_score, REALM_MATCH, 0, "points: integer", "",
     "Adds to the player's own score (-1000 to 1000 at a time).", "player:add_score(2)"},
    {"stat", player_stat, REALM_MATCH, 0, "name: string", "integer",
     "A statistic of the scoreboard: kills, deaths, assists, score, or one of those that the mode "
     "counts.",
     "print(player:stat(\"assists\"))"},
    {"add_stat", player_add_stat, REALM_MATCH, 0, "name: string, points: integer", "",
     "Adds to a statistic (-1000 to 1000 at a time).", "player:add_stat(\"assists\", 1)"},
    {"is_host", player_is_host, REALM_LOBBY, 0, "", "boolean", "Is the lobby's host.",
     "print(player:is_host())"},
    {"is_spectator", player_is_spectator, REALM_LOBBY, 0, "", "boolean", "Watches only.",
     "print(player:is_spectator())"},
    {"is_ready", player_is_ready, REALM_LOBBY, 0, "", "boolean",
     "Has said ready for the next match.", "print(player:is_ready())"},
    {NULL}};
