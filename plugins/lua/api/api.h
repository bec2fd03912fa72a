/* api - what scripts can call. Rows of these tables are all there is: from them the functions are
 * bound, the type stubs and docs/scripting.md are generated, and `mods check` learns the names.
 */
#ifndef LUA_API_H
#define LUA_API_H

#include <lua.h>

#include "players.h"

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
/* lobby.teams and match.teams: the names of the mode's teams. */
int api_teams(lua_State *L);
/* Takes one line from the lobby's quota of chat. False: none is left, which is told once a place.
 */
bool api_may_talk(lua_State *L);
/* The value at index as what mod.message tells clients; false: the lobby's quota of these is spent,
 * which is told as above. Raises for what is not plain, or too long. */
enum { API_MESSAGE_BYTES_MAX = 1024 };
struct api_message {
    char json[API_MESSAGE_BYTES_MAX + 64];
};
void api_message_read(lua_State *L, int index, struct api_message *out);
bool api_may_send(lua_State *L);

/* Into the globals of the script's state. */
void api_bind(lua_State *L, struct script *script);
/* The fields of the mode's table that are named like events, as handlers. Table on top. */
void api_mode_hook_fields(lua_State *L, struct script *script);
/* Raises for a field of the mode's table, on top, that nothing would ever look at. */
void api_mode_check_fields(lua_State *L, const struct mod *mod);

/* Pushes what mode.snapshot calls `out`. */
void api_mode_push_writer(lua_State *L);

#endif
