/* settings - see settings.h. */
#include "settings.h"
#include "trial.h"
#include "value.h"

#include <lauxlib.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 2048 };

static const char values_key; /* its address names the table of values in the registry */

const char *settings_read_json(const struct realm *realm, const char *key, char *out, size_t size) {
    const struct muster_host *host = realm_host(realm);
    if (realm->is_probe) return trial_setting(realm, key, out, size);
    struct muster_writer w = muster_writer_make(out, (uint32_t)size - 1);
    muster_status status =
        realm->kind == REALM_MATCH
            ? host->match->setting_json(realm_self(realm), realm->match, key, &w)
            : host->lobby->setting_json(realm_self(realm), realm->lobby->id, key, &w);
    if (status) return NULL;
    out[w.len] = '\0';
    return out;
}

/* The lobby's value, or the default where the lobby has none. */
static void push_value(lua_State *L, const struct script *script,
                       const struct mod_setting *setting) {
    char json[VALUE_BYTES_MAX];
    const char *text = settings_read_json(script->realm, setting->lobby_key, json, sizeof json);
    if (!text) text = setting->default_json;
    value_from_json(L, text, strlen(text));
}

static void put_value(lua_State *L, const struct script *script,
                      const struct mod_setting *setting) {
    lua_pushstring(L, setting->key);
    push_value(L, script, setting);
    lua_rawset(L, -3);
}

static int refuse_write(lua_State *L) {
    return luaL_error(L, "settings cannot be written");
}

static int read_value(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &values_key);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL && lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "this mod has no setting '%s'", lua_tostring(L, 2));
    return 1;
}

void settings_push(lua_State *L, struct script *script) {
    lua_createtable(L, 0, (int)script->mod->setting_count);
    for (uint32_t i = 0; i < script->mod->setting_count; i++)
        put_value(L, script, &script->mod->settings[i]);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &values_key);
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, read_value);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

struct change {
    struct script *script;
    const struct mod_setting *setting;
};

static int change_body(lua_State *L) {
    const struct change *change = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &values_key);
    put_value(L, change->script, change->setting);
    return 0;
}

void script_setting_changed(struct script *script, const char *lobby_key) {
    for (uint32_t i = 0; script->sandbox && i < script->mod->setting_count; i++) {
        struct change change = {script, &script->mod->settings[i]};
        if (strcmp(change.setting->lobby_key, lobby_key) != 0) continue;
        muster_status status = script_serve(script, change_body, &change);
        (void)status; /* runs nothing of the mod's; a state that is killed needs no values */
        return;
    }
}
