/* script_state - the state of a script as bytes: kept, saved, loaded; see script.h. */
#include "lobby.h"
#include "mode.h"
#include "script.h"
#include "value.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_BYTES = 200, PATH_BYTES = 192, FIELD_UNITS = 20, STATE_DEPTH = 32 };

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

/* The first field that is not plain, by name, is the table's on top; its path is added. */
static bool find_odd(lua_State *L, char *path, size_t size, int depth) {
    int table = lua_gettop(L);
    size_t used = strlen(path);
    if (depth == 0) return true;
    luaL_checkstack(L, 8, NULL);
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, table + 1)) {
        int key = lua_type(L, -2), type = lua_type(L, -1);
        sandbox_charge(L, FIELD_UNITS);
        if (key == LUA_TSTRING)
            snprintf(path + used, size - used, ".%.40s", lua_tostring(L, -2));
        else if (key == LUA_TNUMBER)
            snprintf(path + used, size - used, "[%.14g]", lua_tonumber(L, -2));
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
    script_push_table(L, save->script);
    lua_pushvalue(L, -1);
    if (!script_call_mode(L, save->script, "save", 1, 1)) lua_pop(L, 1);
    int state = lua_gettop(L), handler = sandbox_handler(L);
    lua_pushcfunction(L, encode_body);
    lua_pushlightuserdata(L, save);
    lua_pushvalue(L, state);
    if (!sandbox_try(L, handler, 2, 0)) return refuse_state(L, save->script, state);
    return 0;
}

enum { RANDOM_BYTES = 32 };

uint32_t script_save(struct script *script, void *out, uint32_t cap) {
    struct save save = {script, (uint8_t *)out + RANDOM_BYTES, cap - RANDOM_BYTES, 0};
    uint64_t random[4];
    if (cap < RANDOM_BYTES || !script_peek(script, save_body, &save)) return 0;
    sandbox_random_get(script->sandbox, random);
    memcpy(out, random, RANDOM_BYTES);
    return save.len + RANDOM_BYTES;
}

void script_check_state(struct script *script) {
    static uint8_t bytes[SCRIPT_STATE_BYTES_MAX];
    (void)script_save(script, bytes, sizeof bytes);
}

/* As the last good state. */
static bool remember(struct script *script, const void *bytes, uint32_t len) {
    uint8_t *saved = realloc(script->saved, len);
    if (!saved) return false;
    memcpy(saved, bytes, len);
    script->saved = saved;
    script->saved_len = len;
    return true;
}

muster_status script_load(struct script *script, const void *saved, uint32_t len) {
    uint64_t random[4];
    if (len < RANDOM_BYTES) return MUSTER_INVALID;
    script_stop_sandbox(script);
    muster_status status =
        script_start(script, (const uint8_t *)saved + RANDOM_BYTES, len - RANDOM_BYTES);
    if (status) return status;
    memcpy(random, saved, RANDOM_BYTES);
    sandbox_random_set(script->sandbox, random);
    remember(script, (const uint8_t *)saved + RANDOM_BYTES, len - RANDOM_BYTES);
    return MUSTER_OK;
}

void script_keep(struct script *script) {
    static uint8_t bytes[SCRIPT_STATE_BYTES_MAX];
    struct save save = {script, bytes, sizeof bytes, 0};
    if (script_enter(script, save_body, &save) && remember(script, bytes, save.len))
        mode_keep(script);
}
