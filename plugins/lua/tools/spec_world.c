/* spec_world - what spec.lua calls: the world, its players and its time; see spec.h. */
#include "args.h"
#include "catalog.h"
#include "spec.h"
#include "value.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    CALL_UNITS = 200,
    PARAMS_BYTES_MAX = 1 << 15,
    ANSWER_BYTES_MAX = 1 << 20,
    ADVANCE_MS_MAX = 86400000,
};

struct spec *spec_of(lua_State *L) {
    sandbox_charge(L, CALL_UNITS);
    return sandbox_user(L);
}

int spec_refuse(lua_State *L, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lua_pushstring(L, text);
    return lua_error(L);
}

void spec_check(lua_State *L, muster_status status, const char *what) {
    if (status == MUSTER_STATE) spec_refuse(L, "%s: no match runs", what);
    if (status == MUSTER_NOT_FOUND || status == MUSTER_CLOSED)
        spec_refuse(L, "%s: the player or lobby is gone", what);
    if (status) spec_refuse(L, "%s: the engine answers %d", what, status);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void close_lobbies(const struct spec *spec) {
    const struct instance *instance = spec->instance;
    struct muster_lobby_info info = {.size = sizeof info};
    muster_lobby_id id = {0};
    while (instance->host->lobby->next(instance->self, id, &info) == MUSTER_OK) {
        id = info.lobby;
        (void)instance->host->lobby->close(instance->self, id, "the test is over");
    }
}

/* Memory of its own for each mod, so that no test finds what another has kept, or what is kept for
 * players. */
struct storage_space *spec_world_space(void *user, const char *mod) {
    struct spec *spec = user;
    uint32_t i = 0;
    while (i < spec->space_count && strcmp(spec->spaces[i].mod, mod) != 0) i++;
    if (i < spec->space_count) return spec->spaces[i].space;
    struct storage_space *space =
        i < SPEC_SPACES_MAX ? storage_space_create(&spec->instance->storage_limits) : NULL;
    if (!space) return NULL;
    spec->spaces[i].space = space;
    snprintf(spec->spaces[i].mod, sizeof spec->spaces[i].mod, "%s", mod);
    spec->space_count++;
    return space;
}

static void forget_storage(struct spec *spec) {
    while (spec->space_count > 0) storage_space_destroy(spec->spaces[--spec->space_count].space);
}

void spec_world_clear(struct spec *spec) {
    struct instance *instance = spec->instance;
    const struct mod *present = mods_find(instance->mods, spec->mod->id);
    char error[400];
    while (spec->player_count > 0)
        instance->host->engine->player_remove(instance->self, spec->players[--spec->player_count]);
    close_lobbies(spec);
    (void)instance->host->engine->advance(instance->self, 1); /* closing waits for the next turn */
    forget_storage(spec);
    if (present != spec->mod) (void)catalog_load(instance, spec->dir, error, sizeof error);
}

static int world_reset(lua_State *L) {
    struct spec *spec = spec_of(L);
    lua_Integer seed = luaL_checkinteger(L, 1);
    spec_world_clear(spec);
    spec->tester.seed = (uint64_t)seed;
    spec_check(L, spec->instance->host->engine->seed(spec->instance->self, (uint64_t)seed), "seed");
    return 0;
}

static int world_advance(lua_State *L) {
    const struct spec *spec = spec_of(L);
    lua_Integer ms = luaL_checkinteger(L, 1);
    if (ms < 0 || ms > ADVANCE_MS_MAX) return spec_refuse(L, "expected 0 to 86400 seconds");
    spec_check(L, spec->instance->host->engine->advance(spec->instance->self, (uint32_t)ms),
               "advance");
    sandbox_check(L);
    return 0;
}

/* What mods raised since the last look. */
static int world_errors(lua_State *L) {
    struct spec *spec = spec_of(L);
    lua_createtable(L, (int)spec->error_count, 0);
    for (uint32_t i = 0; i < spec->error_count; i++) {
        lua_pushstring(L, spec->errors[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    spec->error_count = 0;
    return 1;
}

/* ---- players --------------------------------------------------------------------------------- */

static int world_player(lua_State *L) {
    struct spec *spec = spec_of(L);
    const char *name = luaL_checkstring(L, 1);
    muster_player_id id = {0};
    if (spec->player_count == SPEC_PLAYERS_MAX)
        return spec_refuse(L, "a world has at most %d players", SPEC_PLAYERS_MAX);
    if (spec->instance->host->engine->player_add(spec->instance->self, name, &id))
        return spec_refuse(L, "a player cannot be called \"%.60s\"", name);
    spec->players[spec->player_count++] = id;
    lua_pushinteger(L, (lua_Integer)id.value);
    return 1;
}

static void get_player(lua_State *L, struct muster_player_info *info) {
    const struct spec *spec = spec_of(L);
    *info = (struct muster_player_info){.size = sizeof *info};
    spec_check(
        L,
        spec->instance->host->player->get(
            spec->instance->self, (muster_player_id){(uint64_t)luaL_checkinteger(L, 1)}, info),
        "player");
}

static int world_player_id(lua_State *L) {
    struct muster_player_info info;
    get_player(L, &info);
    lua_pushstring(L, info.player_key);
    return 1;
}

static int world_lobby_of(lua_State *L) {
    struct muster_player_info info;
    get_player(L, &info);
    lua_pushinteger(L, (lua_Integer)info.lobby.value);
    return 1;
}

/* Seat and team in the lobby; nil: in none, or a spectator. */
static int world_member(lua_State *L) {
    struct spec *spec = spec_of(L);
    struct muster_player_info player;
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0;
    get_player(L, &player);
    while (player.lobby.value &&
           spec->instance->host->lobby->member_next(spec->instance->self, player.lobby, &index,
                                                    &member) == MUSTER_OK) {
        if (!MUSTER_ID_SAME(member.player, player.player) || member.seat == MUSTER_SEAT_NONE)
            continue;
        lua_pushinteger(L, member.seat);
        lua_pushstring(L, spec->instance->host->lobby->team_name(spec->instance->self, player.lobby,
                                                                 member.team));
        return 2;
    }
    return 0;
}

/* Of a client: false, when its session has ended. */
static int world_connect(lua_State *L) {
    const struct spec *spec = spec_of(L);
    muster_player_id player = {(uint64_t)luaL_checkinteger(L, 1)};
    luaL_checktype(L, 2, LUA_TBOOLEAN);
    muster_status status = spec->instance->host->engine->connection_set(
        spec->instance->self, player, (uint32_t)lua_toboolean(L, 2));
    if (status == MUSTER_STATE)
        return spec_refuse(L, "the player is %s",
                           lua_toboolean(L, 2) ? "connected" : "not connected");
    if (status != MUSTER_NOT_FOUND) spec_check(L, status, "connection");
    lua_pushboolean(L, status == MUSTER_OK);
    return 1;
}

static int world_request(lua_State *L) {
    static char params[PARAMS_BYTES_MAX + 1], answer[ANSWER_BYTES_MAX];
    const struct spec *spec = spec_of(L);
    muster_player_id player = {(uint64_t)luaL_checkinteger(L, 1)};
    const char *method = luaL_checkstring(L, 2);
    struct muster_writer out = muster_writer_make(answer, sizeof answer);
    luaL_checktype(L, 3, LUA_TTABLE);
    params[value_to_json(L, 3, params, PARAMS_BYTES_MAX)] = '\0';
    spec_check(
        L,
        spec->instance->host->engine->request(spec->instance->self, player, method, params, &out),
        method);
    value_from_json(L, answer, out.len);
    return 1;
}

static int world_notifications(lua_State *L) {
    static char bytes[ANSWER_BYTES_MAX];
    const struct spec *spec = spec_of(L);
    muster_player_id player = {(uint64_t)luaL_checkinteger(L, 1)};
    lua_newtable(L);
    for (lua_Integer count = 1;; count++) {
        struct muster_writer out = muster_writer_make(bytes, sizeof bytes);
        if (spec->instance->host->engine->notification(spec->instance->self, player, &out))
            return 1;
        value_from_json(L, bytes, out.len);
        lua_rawseti(L, -2, count);
    }
}

static int world_input(lua_State *L) {
    const struct spec *spec = spec_of(L);
    muster_player_id player = {(uint64_t)luaL_checkinteger(L, 1)};
    struct muster_input input = {
        .sequence = (uint32_t)args_integer(L, 2, 0, UINT32_MAX),
        .held = (uint16_t)args_integer(L, 3, 0, UINT16_MAX),
        .pressed = (uint16_t)args_integer(L, 4, 0, UINT16_MAX),
        .aim = (uint16_t)args_integer(L, 5, 0, UINT16_MAX),
        .move_x = (int8_t)args_integer(L, 6, -INT8_MAX, INT8_MAX),
        .move_y = (int8_t)args_integer(L, 7, -INT8_MAX, INT8_MAX),
    };
    spec_check(L, spec->instance->host->engine->input(spec->instance->self, player, &input),
               "input");
    return 0;
}

static int world_message(lua_State *L) {
    const struct spec *spec = spec_of(L);
    muster_player_id player = {(uint64_t)luaL_checkinteger(L, 1)};
    size_t len;
    const char *message = luaL_checklstring(L, 2, &len);
    muster_status status =
        spec->instance->host->engine->message(spec->instance->self, player, message, (uint32_t)len);
    if (status == MUSTER_UNSUPPORTED) return spec_refuse(L, "message: the mode takes none");
    if (status == MUSTER_INVALID)
        return spec_refuse(L, "message: expected 1 to %d bytes", MUSTER_MESSAGE_MAX);
    if (status == MUSTER_LIMIT) return spec_refuse(L, "message: too many for one tick");
    spec_check(L, status, "message");
    return 0;
}

/* The payload of the frame; docs/protocol.md section 4. */
static int world_snapshot(lua_State *L) {
    enum { HEAD_BYTES = 16, LENGTH_AT = 14 };
    static uint8_t frame[ANSWER_BYTES_MAX];
    const struct spec *spec = spec_of(L);
    muster_player_id player = {(uint64_t)luaL_checkinteger(L, 1)};
    struct muster_writer out = muster_writer_make(frame, sizeof frame);
    muster_status status =
        spec->instance->host->engine->snapshot(spec->instance->self, player, &out);
    if (status == MUSTER_STATE) return spec_refuse(L, "snapshot: no tick of a match has run");
    spec_check(L, status, "snapshot");
    uint32_t len =
        out.len < HEAD_BYTES ? 0 : frame[LENGTH_AT] | (uint32_t)frame[LENGTH_AT + 1] << 8;
    if (len > out.len - HEAD_BYTES) return spec_refuse(L, "snapshot: the frame is cut short");
    lua_pushlstring(L, (const char *)frame + HEAD_BYTES, len);
    return 1;
}

/* ---- the table ------------------------------------------------------------------------------- */

static int world_found(lua_State *L) {
    struct spec *spec = spec_of(L);
    char clean[SPEC_NAME_MAX];
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    if (spec->test_count == SPEC_TESTS_MAX)
        return spec_refuse(L, "a file has at most %d tests", SPEC_TESTS_MAX);
    sandbox_clean(name, len, clean, sizeof clean);
    char *copy = strdup(clean);
    if (!copy) return spec_refuse(L, "out of memory");
    spec->tests[spec->test_count++] = copy;
    return 0;
}

static const luaL_Reg functions[] = {{"advance", world_advance},
                                     {"connect", world_connect},
                                     {"errors", world_errors},
                                     {"found", world_found},
                                     {"input", world_input},
                                     {"lobby_of", world_lobby_of},
                                     {"member", world_member},
                                     {"message", world_message},
                                     {"notifications", world_notifications},
                                     {"player", world_player},
                                     {"player_id", world_player_id},
                                     {"request", world_request},
                                     {"reset", world_reset},
                                     {"snapshot", world_snapshot},
                                     {NULL, NULL}};

static void set_text(lua_State *L, const char *name, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

void spec_world_push(lua_State *L, const struct spec *spec) {
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    luaL_newlib(L, functions);
    luaL_setfuncs(L, spec_match_functions, 0);
    value_push_null(L);
    lua_setfield(L, -2, "null");
    lua_createtable(L, 0, 3);
    set_text(L, "id", spec->mod->id);
    set_text(L, "version", spec->mod->version);
    set_text(L, "kind", spec->mod->kind == MOD_MODE ? "mode" : "rule");
    lua_setfield(L, -2, "mod");
}
