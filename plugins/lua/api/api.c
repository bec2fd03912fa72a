/* api - binding the tables; see api.h. */
#include "api.h"
#include "settings.h"

#include <lauxlib.h>
#include <string.h>

const struct api_table api_tables[] = {
    {"hooks", "What happens, and what a mod says to it.", api_hooks},
    {"timer",
     "Later, and again and again. In a match by match time, which a replay repeats; in "
     "the lobby by the clock.",
     api_timer},
    {"command", "Commands that players type into the chat: /name arguments.", api_command},
    {"bus",
     "Messages between mods of a lobby, and from the lobby realm to the match realm. "
     "Values are copied.",
     api_bus},
    {"i18n", "Texts of locale/LANGUAGE.json.", api_i18n},
    {"storage",
     "What a mod keeps between matches: plain values by name, shared by all lobbies of "
     "the node.",
     api_storage},
    {"lobby", "The lobby, before, during and after its match.", api_lobby},
    {"vote", "Votes of the lobby's players.", api_vote},
    {"match", "The match: clock, scoreboard, end.", api_match},
    {"arena",
     "What happens in a match on the base arena: zones, items, lives. Done at the start "
     "of the next tick.",
     api_arena},
    {"sync", "What clients see of a mode that owns everything, as declared in mode.sync.",
     api_sync},
    {"Player", "A player. A handle is good until the player leaves.", api_player},
    {"Writer", "The snapshot of a mode that packs its own bytes.", api_writer},
    {NULL, NULL, NULL},
};

/* ---- binding --------------------------------------------------------------------------------- */

static int refuse_realm(lua_State *L) {
    return luaL_error(L, "%s works only in the %s realm", lua_tostring(L, lua_upvalueindex(1)),
                      lua_tostring(L, lua_upvalueindex(2)));
}

static int refuse_permission(lua_State *L) {
    const char *how = script_of(L)->mod->is_upload
                          ? "rules that players bring get those of lua.uploadPermissions"
                          : "ask for it in mod.json, and the operator grants it in lua.permissions";
    return luaL_error(L, "%s needs the permission \"%s\": %s", lua_tostring(L, lua_upvalueindex(1)),
                      lua_tostring(L, lua_upvalueindex(2)), how);
}

static void push_function(lua_State *L, const struct script *script, const char *table,
                          const struct api_function *function) {
    const struct realm *realm = script->realm;
    bool allowed =
        !function->permission || (script->granted & function->permission) == function->permission;
    if ((function->realms & realm->kind) && allowed) {
        lua_pushcfunction(L, function->fn);
        return;
    }
    lua_pushfstring(L, "%s.%s", table, function->name);
    if (function->realms & realm->kind)
        lua_pushstring(L, mod_permission_name(function->permission));
    else
        lua_pushstring(L, function->realms == REALM_MATCH ? "match" : "lobby");
    lua_pushcclosure(L, function->realms & realm->kind ? refuse_permission : refuse_realm, 2);
}

static unsigned count_functions(const struct api_function *functions) {
    unsigned count = 0;
    while (functions[count].name) count++;
    return count;
}

static void push_table(lua_State *L, const struct script *script, const struct api_table *table) {
    lua_createtable(L, 0, (int)count_functions(table->functions));
    for (const struct api_function *f = table->functions; f->name; f++) {
        lua_pushstring(L, f->name);
        push_function(L, script, table->name, f);
        lua_rawset(L, -3);
    }
}

/* A metatable whose methods are the table on top; pops it. */
static void set_type(lua_State *L, struct script *script, const char *type) {
    luaL_newmetatable(L, type);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    if (strcmp(type, player_type) == 0) script->player_type = lua_topointer(L, -1);
    lua_pop(L, 1);
}

static bool is_type(const char *name) {
    return *name >= 'A' && *name <= 'Z';
}

static void push_info(lua_State *L, const struct script *script) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, script->mod->id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, script->mod->version);
    lua_setfield(L, -2, "version");
}

static void set_global(lua_State *L, const char *name) {
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    lua_rotate(L, -3, -1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void api_bind(lua_State *L, struct script *script) {
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    for (const struct api_table *table = api_tables; table->name; table++) {
        push_table(L, script, table);
        if (is_type(table->name))
            set_type(L, script, table->name);
        else
            set_global(L, table->name);
    }
    push_info(L, script);
    set_global(L, "mod");
    lua_pushstring(L, script->realm->kind == REALM_MATCH ? "match" : "lobby");
    set_global(L, "realm");
    settings_push(L, script);
    set_global(L, "settings");
}
