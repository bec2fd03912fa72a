/* api - what scripts can call. Rows of these tables are all there is: from them the functions are
 * bound, the type stubs and docs/scripting.md are generated, and `mods check` learns the names.
 */
#ifndef LUA_API_H
#define LUA_API_H

#include <lua.h>

#include "events.h"
#include "lobby.h"

struct api_function {
    const char *name; /* null ends a table */
    lua_CFunction fn;
    int realms;          /* REALM_...; calling it in the other raises an error that says so */
    uint32_t permission; /* MOD_..., or 0 */
    const char *params;  /* "player: Player, points: integer, why?: string", or "" */
    const char *returns; /* "integer", or "" */
    const char *text;    /* what it does, for modders */
    const char *example; /* lines of Lua that run in its realm */
};

struct api_table {
    const char *name; /* null ends the list; "Player" is the handle's methods */
    const char *text;
    const struct api_function *functions;
};
extern const struct api_table api_tables[];

extern const struct api_function api_hooks[], api_timer[], api_command[], api_bus[], api_i18n[],
    api_storage[], api_lobby[], api_vote[], api_match[], api_arena[], api_player[], api_sync[],
    api_writer[];
/* lobby.setting and match.setting: the value of a key, or nil. */
int api_setting(lua_State *L);

/* Into the globals of the script's state. */
void api_bind(lua_State *L, struct script *script);
/* The fields of the mode's table that are named like events, as handlers. Table on top. */
void mode_hook_fields(lua_State *L, struct script *script);
/* Raises for a field of the mode's table, on top, that nothing would ever look at. */
void mode_check_fields(lua_State *L, const struct mod *mod);

/* ---- handles: players.c ---- */
struct player {
    uint64_t who; /* seat, or muster_player_id */
    uint32_t serial;
    bool gone;
    char name[MUSTER_DISPLAY_MAX]; /* from here on only in the lobby realm */
    char key[MUSTER_PLAYER_KEY_MAX];
};
extern const char player_type[];
/* Raises for what is no handle, or of somebody who is gone. */
struct player *player_check(lua_State *L, int index);
/* The handle means nobody from here on; the next one of the same player is new. */
void player_drop(struct script *script, lua_State *L, struct player *player);
/* The signed-in player behind a handle; 0 in a replay, for a bot, or when away. */
muster_player_id player_session(lua_State *L, const struct player *player);

/* ---- arguments ---- */
/* Takes one line from the lobby's quota of chat. False: none is left, which is told once a place.
 */
bool api_may_talk(lua_State *L);
/* A string of at most max bytes, valid UTF-8 without control bytes. */
const char *api_text(lua_State *L, int index, size_t max);
uint32_t api_team(lua_State *L, int index);
void api_push_team(lua_State *L, uint32_t team);
/* An integer within the range, or a float that is one. */
int64_t api_integer(lua_State *L, int index, int64_t min, int64_t max);
/* The same for a field of options of that name. */
int64_t api_named_integer(lua_State *L, int index, const char *name, int64_t min, int64_t max);
/* Which of the words, of which the last is followed by null. name: of a field, or null. */
uint32_t api_choice(lua_State *L, int index, const char *name, const char *const words[]);
/* Raises: the value at index is not what is expected. name: of a field, or null. */
int api_unexpected(lua_State *L, int index, const char *name, const char *expected);
/* A field of the options table at index, pushed; its type. */
int api_field(lua_State *L, int index, const char *name);
/* Raises unless there is a table at index, of these fields and no others; the list ends with null.
 */
void api_options(lua_State *L, int index, const char *const known[]);
/* The same, with the name of the table in front of the sentence. */
void api_fields(lua_State *L, int index, const char *what, const char *const known[]);
/* Raises: the function on top, which is called what, has returned the value at index where expected
 * is wanted. The place is that of the function. */
int api_wrong_answer(lua_State *L, int index, const char *what, const char *expected);

#endif
