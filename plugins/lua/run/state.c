/* script_state - the state of a script as bytes: kept, saved, loaded; see script.h. */
#include "state.h"
#include "mode.h"
#include "returned.h"
#include "start.h"
#include "value.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_BYTES = 200, PATH_BYTES = 192, FIELD_UNITS = 20, STATE_DEPTH = 32 };

/* ---- what it is ------------------------------------------------------------------------------ */

/* Pushes the table that holds the state; a rule may have given the global another one. */
static void push_table(lua_State *L, const struct script *script) {
    if (script->mod->kind == MOD_MODE) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, script->state);
        return;
    }
    lua_pushglobaltable(L);
    lua_pushliteral(L, "state");
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

int script_push_state(lua_State *L, const struct script *script) {
    if (script->mod->kind != MOD_MODE) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->state);
    return 1;
}

/* In the registry for handlers of a mode; for a rule also as the global `state`. Pops it. */
void script_state_set(lua_State *L, struct script *script) {
    if (script->mod->kind == MOD_RULE) {
        lua_pushglobaltable(L);
        lua_pushliteral(L, "state");
        lua_pushvalue(L, -3);
        lua_rawset(L, -3);
        lua_pop(L, 1);
    }
    if (script->state == LUA_NOREF)
        script->state = luaL_ref(L, LUA_REGISTRYINDEX);
    else
        lua_rawseti(L, LUA_REGISTRYINDEX, script->state);
}

/* What the mode's function of this name has returned is on top. */
static void check_table(lua_State *L, const struct script *script, const char *name,
                        const char *expected) {
    if (lua_istable(L, -1)) return;
    const char *what = lua_pushfstring(L, "mode.%s", name);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->mode);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    returned_wrong(L, -4, what, expected);
}

/* What init returns. */
void script_state_init(lua_State *L, struct script *script) {
    lua_getglobal(L, "settings");
    bool is_made = script_call_mode(L, script, "init", 1, 1);
    if (!is_made || lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    check_table(L, script, "init", "a table, or nothing");
    script_state_set(L, script);
}

/* ---- taking over ----------------------------------------------------------------------------- */

/* "list", "table" for one with fields, "" for an empty one, which may become either. */
static const char *kind_of(lua_State *L, int index) {
    if (!lua_istable(L, index)) return luaL_typename(L, index);
    if (lua_rawlen(L, index) > 0) return "list";
    lua_pushvalue(L, index);
    lua_pushnil(L);
    bool is_empty = !lua_next(L, -2);
    lua_pop(L, is_empty ? 1 : 3);
    return is_empty ? "" : "table";
}

static bool is_same_kind(lua_State *L, const char *kept, const char *fresh) {
    bool are_tables = lua_istable(L, -2) && lua_istable(L, -1);
    return strcmp(kept, fresh) == 0 || (are_tables && (!*kept || !*fresh));
}

static void note_change(struct script_saved *saved, const char *path, const char *kept,
                        const char *fresh) {
    size_t used = strlen(saved->changed);
    snprintf(saved->changed + used, sizeof saved->changed - used,
             "%s%s was kept as a %s, the new code begins with a %s", used ? "; " : "", path,
             *kept ? kept : "table", *fresh ? fresh : "table");
}

static void add_new_fields(lua_State *L, struct script_saved *saved, const char *path);

/* The value that the code begins with is on top, the kept one of that name below it. */
static void merge(lua_State *L, struct script_saved *saved, const char *path) {
    const char *kept = kind_of(L, -2), *fresh = kind_of(L, -1);
    if (!is_same_kind(L, kept, fresh))
        note_change(saved, path, kept, fresh);
    else if (lua_istable(L, -1) && strcmp(kept, "list") != 0)
        add_new_fields(L, saved, path);
}

/* What the new code begins with and the kept state does not know yet is added to it: fields by
 * name, in all tables that both have. The kept table is below the other one, which is on top. */
static void add_new_fields(lua_State *L, struct script_saved *saved, const char *path) {
    int kept = lua_gettop(L) - 1, fresh = kept + 1;
    luaL_checkstack(L, 8, NULL);
    for (lua_pushnil(L); lua_next(L, fresh); lua_settop(L, fresh + 1)) {
        char below[PATH_BYTES];
        sandbox_charge(L, FIELD_UNITS);
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        snprintf(below, sizeof below, "%s.%.40s", path, lua_tostring(L, -2));
        lua_pushvalue(L, -2);
        int type = lua_rawget(L, kept);
        lua_insert(L, -2);
        if (type != LUA_TNIL) {
            merge(L, saved, below);
            continue;
        }
        lua_pushvalue(L, fresh + 1);
        lua_pushvalue(L, -2);
        lua_rawset(L, kept);
    }
}

void script_state_restore(lua_State *L, struct script *script, struct script_saved *saved) {
    value_decode(L, saved->bytes, saved->len);
    lua_pushvalue(L, -1);
    bool is_made = script_call_mode(L, script, "restore", 1, 1);
    if (is_made) {
        lua_remove(L, -2);
        check_table(L, script, "restore", "a table, the state");
    } else {
        lua_pop(L, 1);
    }
    push_table(L, script); /* as the code begins */
    if (script->before && !is_made && lua_istable(L, -1)) merge(L, saved, "state");
    lua_pop(L, 1);
    script_state_set(L, script);
}

/* ---- saving ---------------------------------------------------------------------------------- */

struct save {
    struct script *script;
    uint8_t *out;
    uint32_t cap, len;
};

static int encode_body(lua_State *L) {
    struct save *save = lua_touserdata(L, 1);
    save->len = (uint32_t)value_encode(L, 2, save->out, save->cap);
    return 0;
}

static bool is_odd(lua_State *L, int type) {
    if (type == LUA_TNUMBER) return !isfinite(lua_tonumber(L, -1));
    return type == LUA_TFUNCTION || type == LUA_TTHREAD || type == LUA_TUSERDATA;
}

/* Is there one in the table on top, or is it odd itself? The path of the first one is added. */
static bool find_odd(lua_State *L, char *path, size_t size, int depth) {
    int table = lua_gettop(L);
    size_t used = strlen(path);
    if (depth == 0 || lua_getmetatable(L, table)) return true;
    luaL_checkstack(L, 8, NULL);
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, table + 1)) {
        int key = lua_type(L, -2), type = lua_type(L, -1);
        sandbox_charge(L, FIELD_UNITS);
        if (key == LUA_TSTRING)
            snprintf(path + used, size - used, ".%.40s", lua_tostring(L, -2));
        else if (key == LUA_TNUMBER)
            snprintf(path + used, size - used, "[%.14g]", lua_tonumber(L, -2));
        else if (key == LUA_TBOOLEAN)
            snprintf(path + used, size - used, "[%s]", lua_toboolean(L, -2) ? "true" : "false");
        else
            return snprintf(path + used, size - used, "[a %s]", lua_typename(L, key)) > 0;
        if (type == LUA_TTABLE ? find_odd(L, path, size, depth - 1) : is_odd(L, type)) return true;
    }
    path[used] = '\0';
    lua_settop(L, table);
    return false;
}

/* Why the value at index cannot be copied, with its place in the state; raises. */
static int refuse_state(lua_State *L, const struct script *script, int index) {
    char path[PATH_BYTES] = "state", why[WHY_BYTES];
    const struct sandbox_error *error = sandbox_error(script->sandbox);
    snprintf(why, sizeof why, "%.190s", error ? error->message : "");
    lua_pushvalue(L, index);
    if (lua_istable(L, -1) && !find_odd(L, path, sizeof path, STATE_DEPTH))
        snprintf(path, sizeof path, "state");
    return luaL_error(L, "%s cannot be kept: %s", path, why);
}

static int save_body(lua_State *L) {
    struct save *save = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    push_table(L, save->script);
    if (!lua_istable(L, -1))
        return luaL_error(L, "state cannot be kept: expected a table, found a %s",
                          luaL_typename(L, -1));
    lua_pushvalue(L, -1);
    if (script_call_mode(L, save->script, "save", 1, 1))
        check_table(L, save->script, "save", "a table of what restore needs");
    else
        lua_pop(L, 1);
    int state = lua_gettop(L), handler = sandbox_handler(L);
    lua_pushcfunction(L, encode_body);
    lua_pushlightuserdata(L, save);
    lua_pushvalue(L, state);
    if (!sandbox_try(L, handler, 2, 0)) return refuse_state(L, save->script, state);
    return 0;
}

enum { RANDOM_BYTES = SCRIPT_SAVED_BYTES_MAX - SCRIPT_STATE_BYTES_MAX };

uint32_t script_save(struct script *script, void *out, uint32_t cap) {
    uint32_t room = cap < RANDOM_BYTES ? 0 : cap - RANDOM_BYTES;
    if (room > SCRIPT_STATE_BYTES_MAX) room = SCRIPT_STATE_BYTES_MAX;
    struct save save = {script, (uint8_t *)out + RANDOM_BYTES, room, 0};
    uint64_t random[4];
    if (!room || !script_peek(script, save_body, &save)) return 0;
    sandbox_random_get(script->sandbox, random);
    memcpy(out, random, RANDOM_BYTES);
    return save.len + RANDOM_BYTES;
}

void script_check_state(struct script *script) {
    static uint8_t bytes[SCRIPT_SAVED_BYTES_MAX];
    (void)script_save(script, bytes, sizeof bytes);
}

static void forget(struct script *script) {
    free(script->saved);
    script->saved = NULL;
    script->saved_len = script->saved_cap = 0;
}

/* A state is much as long as the one before: its room is kept. */
bool script_remember(struct script *script, const void *bytes, size_t len) {
    if (!len) forget(script);
    if (len > script->saved_cap) {
        uint8_t *saved = realloc(script->saved, len);
        if (!saved) return false;
        script->saved = saved;
        script->saved_cap = (uint32_t)len;
    }
    if (len) memcpy(script->saved, bytes, len);
    script->saved_len = (uint32_t)len;
    return true;
}

muster_status script_load(struct script *script, const void *saved, uint32_t len) {
    uint64_t random[4];
    if (len < RANDOM_BYTES) return MUSTER_INVALID;
    script_stop_sandbox(script);
    muster_status status =
        script_start(script, (const uint8_t *)saved + RANDOM_BYTES, len - RANDOM_BYTES);
    if (status && !script->restart_due) return status;
    memcpy(random, saved, RANDOM_BYTES);
    if (!status) sandbox_random_set(script->sandbox, random);
    (void)script_remember(script, (const uint8_t *)saved + RANDOM_BYTES, len - RANDOM_BYTES);
    return MUSTER_OK;
}

bool script_keep(struct script *script) {
    static uint8_t bytes[SCRIPT_STATE_BYTES_MAX];
    struct save save = {script, bytes, sizeof bytes, 0};
    if (!script_enter(script, save_body, &save) || !script_remember(script, bytes, save.len))
        return false;
    mode_keep(script);
    return true;
}
