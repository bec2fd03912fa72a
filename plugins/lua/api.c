/* api - binding the tables, and what their functions share; see api.h. */
#include "api.h"
#include "internal.h"
#include "objects.h"
#include "script.h"
#include "value.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SETTING_BYTES_MAX = 2048, SHOWN_BYTES_MAX = 80, MESSAGE_BYTES_MAX = 256, OPTION_UNITS = 10 };

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

int api_setting(lua_State *L) {
    char json[SETTING_BYTES_MAX];
    const char *key = api_text(L, 1, 95);
    sandbox_charge(L, 200);
    const char *text = lobby_setting_json(realm_of(L), key, json, sizeof json);
    if (text)
        value_from_json(L, text, strlen(text));
    else
        lua_pushnil(L);
    return 1;
}

bool api_may_talk(lua_State *L) {
    struct command_place place;
    struct script *script = script_of(L);
    if (talk_allowed(script->realm->lobby)) return true;
    objects_place(L, &place);
    report_refusal(script, place.file, place.line,
                   "too many lines of chat: 20 at once, then 5 a second");
    return false;
}

/* ---- arguments ------------------------------------------------------------------------------- */

const char *api_text(lua_State *L, int index, size_t max) {
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    if (len > max) luaL_argerror(L, index, lua_pushfstring(L, "over %d bytes", (int)max));
    for (size_t at = 0; at < len;) {
        size_t n = errors_utf8_length((const unsigned char *)text + at, len - at);
        if (n == 0 || (n == 1 && ((unsigned char)text[at] < 0x20 || text[at] == 0x7f)))
            luaL_argerror(L, index, "expected text without control bytes");
        at += n;
    }
    return text;
}

static const char *const team_names[] = {"none", "red", "blue", NULL};

static const char *show(lua_State *L, int index);

int api_unexpected(lua_State *L, int index, const char *name, const char *expected) {
    char text[MESSAGE_BYTES_MAX], found[SHOWN_BYTES_MAX];
    index = lua_absindex(L, index);
    snprintf(found, sizeof found, "%s", show(L, index));
    snprintf(text, sizeof text, "expected %s, found %s", expected, found);
    if (name) return luaL_error(L, "%s: %s", name, text);
    return luaL_argerror(L, index, text);
}

/* "red, blue or none" */
static void list_words(char *out, size_t size, const char *const words[]) {
    size_t used = 0;
    for (size_t i = 0; words[i] && used < size; i++) {
        const char *glue = !i ? "" : words[i + 1] ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", glue, words[i]);
    }
}

uint32_t api_choice(lua_State *L, int index, const char *name, const char *const words[]) {
    char expected[SHOWN_BYTES_MAX];
    const char *word = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    uint32_t i = 0;
    while (words[i] && strcmp(words[i], word) != 0) i++;
    if (words[i]) return i;
    list_words(expected, sizeof expected, words);
    return (uint32_t)api_unexpected(L, index, name, expected);
}

uint32_t api_team(lua_State *L, int index) {
    return api_choice(L, index, NULL, team_names);
}

void api_push_team(lua_State *L, uint32_t team) {
    lua_pushstring(L, team_names[team < MUSTER_TEAM_COUNT ? team : 0]);
}

int64_t api_named_integer(lua_State *L, int index, const char *name, int64_t min, int64_t max) {
    char expected[80];
    int is_integer = 0;
    lua_Integer value = 0;
    if (lua_type(L, index) == LUA_TNUMBER)
        value = lua_tointegerx(L, index, &is_integer);
    else if (!name)
        return luaL_typeerror(L, index, "number");
    if (is_integer && value >= min && value <= max) return value;
    double number = lua_tonumber(L, index);
    snprintf(expected, sizeof expected, "%s%lld to %lld",
             number != floor(number) && isfinite(number) ? "an integer, " : "", (long long)min,
             (long long)max);
    return api_unexpected(L, index, name, expected);
}

int64_t api_integer(lua_State *L, int index, int64_t min, int64_t max) {
    return api_named_integer(L, index, NULL, min, max);
}

int api_field(lua_State *L, int index, const char *name) {
    index = lua_absindex(L, index);
    lua_pushstring(L, name);
    return lua_rawget(L, index);
}

static bool is_known(const char *key, const char *const known[], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i], key) == 0) return true;
    return false;
}

/* Of several strange ones the first by its bytes: the same in a replay. */
static const char *find_strange(lua_State *L, int index, const char *const known[], size_t count) {
    const char *strange = NULL;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        sandbox_charge(L, OPTION_UNITS);
        if (!is_known(key, known, count) && (!strange || strcmp(key, strange) < 0)) strange = key;
    }
    return strange;
}

void api_fields(lua_State *L, int index, const char *what, const char *const known[]) {
    size_t count = 0;
    luaL_checktype(L, index, LUA_TTABLE);
    while (known[count]) count++;
    const char *strange = find_strange(L, lua_absindex(L, index), known, count);
    if (!strange) return;
    const char *near = word_nearest(strange, known, count);
    char words[MESSAGE_BYTES_MAX];
    list_words(words, sizeof words, known);
    if (near) luaL_error(L, "%sunknown field '%s'; did you mean '%s'?", what, strange, near);
    luaL_error(L, "%sunknown field '%s'; there is %s", what, strange, words);
}

void api_options(lua_State *L, int index, const char *const known[]) {
    api_fields(L, index, "", known);
}

/* A value as people are told of it. */
static const char *show(lua_State *L, int index) {
    switch (lua_type(L, index)) {
    case LUA_TSTRING: return lua_pushfstring(L, "\"%s\"", lua_tostring(L, index));
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) return lua_pushfstring(L, "%I", lua_tointeger(L, index));
        return lua_pushfstring(L, "%f", lua_tonumber(L, index));
    case LUA_TNIL: return "nothing";
    default: return luaL_typename(L, index);
    }
}

int api_wrong_answer(lua_State *L, int index, const char *what, const char *expected) {
    char shown[SHOWN_BYTES_MAX];
    lua_Debug ar;
    index = lua_absindex(L, index);
    lua_getinfo(L, ">S", &ar);
    snprintf(shown, sizeof shown, "%s", show(L, index));
    return luaL_error(L, "%s:%d: %s returned %s, expected %s", ar.short_src, ar.linedefined, what,
                      shown, expected);
}

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
