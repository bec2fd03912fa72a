/* spec_match - what spec.lua calls of lobbies and their matches; see spec.h. */
#include "catalog.h"
#include "spec.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

enum { SETTING_BYTES_MAX = 1 << 16 };

/* ---- lobbies --------------------------------------------------------------------------------- */

static void get_lobby(lua_State *L, struct muster_lobby_info *info) {
    const struct spec *spec = spec_of(L);
    *info = (struct muster_lobby_info){.size = sizeof *info};
    muster_status status = spec->instance->host->lobby->get(
        spec->instance->self, (muster_lobby_id){(uint64_t)luaL_checkinteger(L, 1)}, info);
    if (status) info->state = MUSTER_LOBBY_COMPLETED; /* closed, and forgotten */
}

#define LOBBY_STATE_ROW(name, code, text) [code] = text,
static int match_lobby(lua_State *L) {
    static const char *const names[] = {MUSTER_LOBBY_STATE_MAP(LOBBY_STATE_ROW)};
    struct muster_lobby_info info;
    get_lobby(L, &info);
    lua_pushstring(L, names[info.state]);
    lua_pushinteger(L, (lua_Integer)info.match.value);
    return 2;
}

static int match_setting(lua_State *L) {
    static char json[SETTING_BYTES_MAX];
    const struct spec *spec = spec_of(L);
    struct muster_writer out = muster_writer_make(json, sizeof json);
    const char *key = luaL_checkstring(L, 2);
    if (spec->instance->host->lobby->setting_json(
            spec->instance->self, (muster_lobby_id){(uint64_t)luaL_checkinteger(L, 1)}, key, &out))
        return spec_refuse(L, "there is no setting \"%.60s\"", key);
    value_from_json(L, json, out.len);
    return 1;
}

static void set_text(lua_State *L, const char *name, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* The table on top gets what the mode counts by itself. */
static void set_own_stats(lua_State *L, const struct spec *spec, muster_match_id match,
                          uint32_t seat) {
    const struct muster_host_match *host = spec->instance->host->match;
    muster_self *self = spec->instance->self;
    const char *name;
    for (uint32_t stat = MUSTER_STAT_OWN; (name = host->stat_name(self, match, stat)); stat++)
        set_integer(L, name, host->stat(self, match, seat, stat));
}

/* Pushes the row, or nothing. */
static bool push_row(lua_State *L, const struct spec *spec, muster_match_id match, uint32_t seat) {
    struct muster_seat_info row = {.size = sizeof row};
    if (spec->instance->host->match->seat_get(spec->instance->self, match, seat, &row))
        return false;
    lua_createtable(L, 0, 9);
    set_integer(L, "seat", seat);
    set_text(L, "name", row.display_name);
    set_text(L, "team",
             spec->instance->host->match->team_name(spec->instance->self, match, row.team));
    set_boolean(L, "is_bot", row.is_bot);
    set_boolean(L, "alive", row.alive);
    set_integer(L, "kills", row.kills);
    set_integer(L, "deaths", row.deaths);
    set_integer(L, "assists", row.assists);
    set_integer(L, "score", row.score);
    set_own_stats(L, spec, match, seat);
    return true;
}

static int match_row(lua_State *L) {
    struct muster_lobby_info info;
    get_lobby(L, &info);
    return push_row(L, spec_of(L), info.match, (uint32_t)luaL_checkinteger(L, 2));
}

static int match_rows(lua_State *L) {
    const struct spec *spec = spec_of(L);
    struct muster_lobby_info info;
    lua_Integer count = 0;
    get_lobby(L, &info);
    lua_newtable(L);
    for (uint32_t seat = 0; seat < MUSTER_SEATS_MAX; seat++)
        if (push_row(L, spec, info.match, seat)) lua_rawseti(L, -2, ++count);
    return 1;
}

static int match_score(lua_State *L) {
    const struct spec *spec = spec_of(L);
    const struct muster_host_match *match = spec->instance->host->match;
    const char *word = luaL_checkstring(L, 2);
    struct muster_lobby_info info;
    get_lobby(L, &info);
    for (uint32_t team = 1; team <= info.team_count; team++) {
        if (strcmp(match->team_name(spec->instance->self, info.match, team), word) != 0) continue;
        lua_pushinteger(L, match->team_score(spec->instance->self, info.match, team));
        return 1;
    }
    return spec_refuse(L, "score: the mode has no team \"%.60s\"", word);
}

static int match_hash(lua_State *L) {
    const struct spec *spec = spec_of(L);
    char text[20];
    uint64_t hash = 0;
    spec_check(
        L,
        spec->instance->host->engine->hash(
            spec->instance->self, (muster_lobby_id){(uint64_t)luaL_checkinteger(L, 1)}, &hash),
        "hash");
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    lua_pushstring(L, text);
    return 1;
}

static int match_restore(lua_State *L) {
    const struct spec *spec = spec_of(L);
    spec_check(L,
               spec->instance->host->engine->reincarnate(
                   spec->instance->self, (muster_lobby_id){(uint64_t)luaL_checkinteger(L, 1)}),
               "restore");
    return 0;
}

/* What is read is what the test is about; else nothing in its lobbies would change. */
static bool is_same_mod(const struct spec *spec, const char *dir, char *error, uint32_t cap) {
    struct mod_error wrong = {.text = ""};
    struct mod *mod;
    if (mod_read(dir, &mod, &wrong)) {
        snprintf(error, cap, "%.300s", wrong.text);
        return false;
    }
    bool is_same = strcmp(mod->id, spec->mod->id) == 0;
    if (!is_same)
        snprintf(error, cap, "expected a folder of the mod %s, found %s", spec->mod->id, mod->id);
    mod_unpin(mod);
    return is_same;
}

static int match_reload(lua_State *L) {
    struct spec *spec = spec_of(L);
    const char *dir = luaL_optstring(L, 1, spec->dir);
    char path[SPEC_PATH_MAX * 2], error[400] = "";
    if (*dir == '/')
        snprintf(path, sizeof path, "%s", dir);
    else
        snprintf(path, sizeof path, "%s/%s", spec->dir, dir);
    bool taken = is_same_mod(spec, path, error, sizeof error) &&
                 catalog_load(spec->instance, path, error, sizeof error) == MUSTER_OK;
    lua_pushboolean(L, taken);
    if (taken) return 1;
    lua_pushstring(L, error);
    return 2;
}

/* ---- a part of the match's step -------------------------------------------------------------- */

struct steer {
    const struct spec *spec;
    struct muster_param param;
    struct muster_fact fact;
    struct muster_command command;
    int64_t value;
    muster_status status;
};

static uint32_t check_seat(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) return MUSTER_SEAT_NONE;
    lua_Integer seat = luaL_checkinteger(L, index);
    if (seat < 0 || seat >= MUSTER_SEATS_MAX) return (uint32_t)spec_refuse(L, "expected a seat");
    return (uint32_t)seat;
}

static void steer(lua_State *L, struct steer *steer,
                  void (*fn)(void *user, muster_match_id match)) {
    steer->spec = spec_of(L);
    const struct instance *instance = steer->spec->instance;
    muster_lobby_id lobby = {(uint64_t)luaL_checkinteger(L, 1)};
    spec_check(L, instance->host->engine->steer(instance->self, lobby, fn, steer), "match");
    if (steer->status) spec_refuse(L, "the match refuses: status %d", steer->status);
    sandbox_check(L);
}

static void on_adjust(void *user, muster_match_id match) {
    struct steer *steer = user;
    const struct instance *instance = steer->spec->instance;
    steer->value =
        instance->host->match->adjust(instance->self, match, &steer->param, steer->value);
}

static int match_adjust(lua_State *L) {
    struct steer change = {.value = luaL_checkinteger(L, 3)};
    change.param = (struct muster_param){.size = sizeof change.param,
                                         .name = luaL_checkstring(L, 2),
                                         .seat = check_seat(L, 4),
                                         .other_seat = check_seat(L, 5)};
    steer(L, &change, on_adjust);
    lua_pushinteger(L, change.value);
    return 1;
}

static void on_tell(void *user, muster_match_id match) {
    struct steer *steer = user;
    const struct instance *instance = steer->spec->instance;
    steer->status = instance->host->match->tell(instance->self, match, &steer->fact);
}

static int match_tell(lua_State *L) {
    struct steer news = {.status = MUSTER_OK};
    news.fact = (struct muster_fact){.size = sizeof news.fact,
                                     .kind = luaL_checkstring(L, 2),
                                     .seat = check_seat(L, 3),
                                     .other_seat = check_seat(L, 4),
                                     .third_seat = check_seat(L, 5),
                                     .value = luaL_checkinteger(L, 6),
                                     .text = luaL_checkstring(L, 7)};
    steer(L, &news, on_tell);
    return 0;
}

static void on_command(void *user, muster_match_id match) {
    struct steer *steer = user;
    const struct instance *instance = steer->spec->instance;
    steer->status = instance->host->match->command(instance->self, match, &steer->command);
}

static int match_kill(lua_State *L) {
    int64_t seat = check_seat(L, 2);
    struct steer act = {.status = MUSTER_OK};
    act.command = (struct muster_command){.size = sizeof act.command,
                                          .seat = (uint32_t)seat,
                                          .name = "kill",
                                          .text = "",
                                          .args = &seat,
                                          .arg_count = 1};
    steer(L, &act, on_command);
    return 0;
}

const luaL_Reg spec_match_functions[] = {
    {"adjust", match_adjust},   {"hash", match_hash},     {"kill", match_kill},
    {"lobby", match_lobby},     {"reload", match_reload}, {"restore", match_restore},
    {"row", match_row},         {"rows", match_rows},     {"score", match_score},
    {"setting", match_setting}, {"tell", match_tell},     {NULL, NULL}};
