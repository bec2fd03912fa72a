/* players - see players.h. */
#include "players.h"

#include <lauxlib.h>
#include <string.h>

const char player_type[] = "Player";

/* Null for what is no handle. By the metatable's address: to find it by its name takes longer than
 * all the rest. */
static struct player *player_test(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
    bool same = lua_topointer(L, -1) == script_of(L)->player_type;
    lua_pop(L, 1);
    return same ? lua_touserdata(L, index) : NULL;
}

struct player *player_find(lua_State *L, int index) {
    struct player *player = player_test(L, index);
    if (!player) return NULL;
    const struct realm *realm = realm_of(L);
    bool stale = player->gone;
    if (realm->kind == REALM_MATCH)
        stale = stale || !realm_seated(realm, player->who) ||
                realm->seats[player->who].serial != player->serial;
    if (stale) luaL_error(L, "this player is gone");
    return player;
}

struct player *player_check(lua_State *L, int index) {
    struct player *player = player_find(L, index);
    if (!player) luaL_typeerror(L, index, player_type);
    return player;
}

static bool fill(struct script *script, struct player *player, uint64_t who) {
    struct realm *realm = script->realm;
    const struct muster_host *host = realm_host(realm);
    *player = (struct player){.who = who};
    if (realm->kind == REALM_MATCH) {
        player->serial = realm->seats[who].serial;
        return true;
    }
    struct muster_player_info info = {.size = sizeof info};
    if (host->player->get(realm_self(realm), (muster_player_id){who}, &info)) return false;
    memcpy(player->name, info.display_name, sizeof player->name);
    memcpy(player->key, info.player_key, sizeof player->key);
    return true;
}

static bool is_somebody(const struct realm *realm, uint64_t who) {
    return realm->kind == REALM_MATCH ? realm_seated(realm, who) : who != 0;
}

void player_push(struct script *script, lua_State *L, uint64_t who) {
    struct player fresh;
    if (!is_somebody(script->realm, who)) {
        lua_pushnil(L);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->players);
    lua_Integer key = (lua_Integer)who;
    if (lua_rawgeti(L, -1, key) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        if (!fill(script, &fresh, who)) {
            lua_pop(L, 1);
            lua_pushnil(L);
            return;
        }
        size_t bytes =
            script->realm->kind == REALM_MATCH ? offsetof(struct player, name) : sizeof fresh;
        memcpy(lua_newuserdatauv(L, bytes, 0), &fresh, bytes);
        luaL_setmetatable(L, player_type);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, key);
    }
    lua_remove(L, -2);
}

void player_drop(struct script *script, lua_State *L, struct player *player) {
    player->gone = true;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->players);
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)player->who);
    lua_pop(L, 1);
}

bool player_order(lua_State *L, int index, uint64_t *order) {
    const struct player *player = player_test(L, index);
    if (player) *order = player->who;
    return player != NULL;
}

/* ---- coming and going ------------------------------------------------------------------------ */

struct forgotten {
    struct script *script;
    uint64_t who;
};

static int forget_body(lua_State *L) {
    const struct forgotten *forgotten = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, forgotten->script->players);
    lua_rawgeti(L, -1, (lua_Integer)forgotten->who);
    struct player *player = player_test(L, -1);
    if (player) player->gone = true;
    lua_pushnil(L);
    lua_rawseti(L, -3, (lua_Integer)forgotten->who);
    return 0;
}

void players_forget(struct realm *realm, uint64_t who) {
    for (uint32_t i = 0; i < realm->script_count; i++) {
        struct script *script = realm->scripts[i];
        struct forgotten forgotten = {script, who};
        if (!script->sandbox) continue;
        muster_status status = script_serve(script, forget_body, &forgotten);
        (void)status; /* runs nothing of the mod's; a state that is killed forgets all */
    }
    if (realm->kind == REALM_MATCH && realm_seated(realm, who)) realm->seats[who].taken = false;
}

void players_seat(struct realm *realm, uint32_t seat) {
    if (seat >= realm->seat_count) return;
    if (realm->seats[seat].taken) players_forget(realm, seat);
    realm->seats[seat].taken = true;
    realm->seats[seat].serial++;
}
