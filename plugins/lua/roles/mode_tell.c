/* mode_tell - what clients are told of a mode that owns everything: snapshots and the intro. */
#include "api.h"
#include "mode_role.h"
#include "report.h"
#include "value.h"

#include <jansson.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { INTRO_BYTES_MAX = 32768 };

/* ---- snapshots ------------------------------------------------------------------------------- */

/* A view's seat as mode.snapshot gets it: nil for spectators, and where all see the same. */
static void push_viewer(lua_State *L, struct script *script, uint32_t view) {
    if (view)
        player_push(script, L, view - 1);
    else
        lua_pushnil(L);
}

struct writing {
    struct mode *mode;
    struct script *script;
    struct muster_writer *out; /* full: of one view */
    uint32_t view;
    bool failed;
};

/* Calls mode.snapshot; false: it failed, and what it wrote is no snapshot. */
static bool write_view(lua_State *L, const struct writing *writing, uint32_t view, bool full,
                       struct muster_writer *out) {
    int handler = sandbox_handler(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, writing->script->mode_snapshot);
    lua_rawgeti(L, LUA_REGISTRYINDEX, writing->script->state);
    api_mode_push_writer(L);
    lua_pushboolean(L, full);
    push_viewer(L, writing->script, view);
    writing->mode->out = out;
    writing->mode->bits = muster_bit_writer_make(out);
    bool good = sandbox_try(L, handler, 4, 0);
    muster_bit_writer_end(&writing->mode->bits);
    writing->mode->out = NULL;
    lua_settop(L, handler - 1);
    return good;
}

static bool is_watched(const struct mode *mode, uint32_t view) {
    return view == 0 || realm_seated(&mode->lobby->match, view - 1);
}

static int deltas_body(lua_State *L) {
    struct writing *writing = lua_touserdata(L, 1);
    struct mode_deltas *deltas = writing->mode->deltas;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    for (uint32_t view = 0; view < deltas->views; view++) {
        uint8_t *bytes = deltas->bytes + (size_t)view * deltas->bytes_max;
        struct muster_writer w = muster_writer_make(bytes, deltas->bytes_max);
        if (!is_watched(writing->mode, view)) continue;
        bool good = write_view(L, writing, view, false, &w);
        if (good) deltas->len[view] = w.len;
        writing->failed |= !good;
    }
    return 0;
}

/* Part of the step, so that a recording of it and its replay enter the script alike. */
static void write_deltas(struct mode *mode) {
    struct script *script = mode_script(mode);
    struct writing writing = {.mode = mode, .script = script};
    memset(mode->deltas->len, 0, sizeof mode->deltas->len);
    if (!script) return;
    bool done = script_enter(script, deltas_body, &writing);
    mode->out = NULL;
    if (done && writing.failed) script_failed(script);
}

static int full_body(lua_State *L) {
    struct writing *writing = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    writing->failed = !write_view(L, writing, writing->view, true, writing->out);
    return 0;
}

static void write_full(struct mode *mode, uint32_t view, struct muster_writer *out) {
    struct script *script = mode_script(mode);
    struct writing writing = {.mode = mode, .script = script, .out = out, .view = view};
    bool done = script && script_peek(script, full_body, &writing);
    mode->out = NULL;
    if (done && writing.failed) report_error(script);
    if (!done || writing.failed) out->len = 0;
}

/* Whose team is another than before has other rows to see, and to show. */
static void follow_teams(struct mode *mode) {
    bool moved = false;
    for (uint32_t seat = 0; seat < mode->seats_max; seat++) {
        if (!sync_seats_have(&mode->sync->seats, seat)) continue;
        uint32_t team = mode_team(mode, seat);
        moved |= team != mode->teams[seat];
        mode->teams[seat] = team;
    }
    if (moved) sync_tell_all(mode->sync);
}

void mode_step_end(struct lobby *lobby) {
    struct mode *mode = lobby->mode;
    if (!mode) return;
    if (mode->sync && mode->is_private) follow_teams(mode);
    if (mode->sync) sync_step_end(mode->sync);
    if (mode->deltas) write_deltas(mode);
}

static struct sync_view view_of(const struct mode *mode, uint32_t view) {
    struct sync_view out = {.seat = view ? view - 1 : SYNC_SEATS_MAX};
    if (!view || mode->teams[out.seat] == MUSTER_TEAM_NONE) return out;
    for (uint32_t seat = 0; seat < mode->seats_max; seat++)
        if (mode->teams[seat] == mode->teams[out.seat]) sync_seats_add(&out.team, seat);
    return out;
}

void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                   struct muster_writer *out) {
    struct mode *mode = state;
    struct mode_deltas *deltas = mode->deltas;
    (void)instance;
    if (view > mode->seats_max || (!mode->sync && !deltas)) return;
    struct sync_view eyes = view_of(mode, view);
    if (mode->sync && full)
        sync_full(mode->sync, &eyes, out);
    else if (mode->sync)
        sync_delta(mode->sync, &eyes, out);
    else if (full)
        write_full(mode, view, out);
    else if (view < deltas->views)
        muster_put_bytes(out, deltas->bytes + (size_t)view * deltas->bytes_max, deltas->len[view]);
}

uint32_t mode_view(void *instance, void *state, uint32_t seat) {
    const struct mode *mode = state;
    (void)instance;
    return mode->is_private && seat < mode->seats_max ? seat + 1 : 0;
}

/* ---- intro ----------------------------------------------------------------------------------- */

struct intro {
    struct script *script;
    char json[INTRO_BYTES_MAX];
    size_t len;
};

static int intro_body(lua_State *L) {
    struct intro *intro = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (!mode_push_callback(L, intro->script, "intro")) return 0;
    lua_call(L, 1, 1);
    sandbox_check(L);
    if (!lua_istable(L, -1)) return luaL_error(L, "mode.intro must return a table");
    intro->len = value_to_json(L, -1, intro->json, sizeof intro->json);
    return 0;
}

/* What mode.intro says, and what every mode says of itself. */
static json_t *intro_object(const struct mode *mode) {
    static struct intro said;
    said.script = mode_script(mode);
    said.len = 0;
    bool told = said.script && script_peek(said.script, intro_body, &said);
    json_t *object = told && said.len ? json_loadb(said.json, said.len, 0, NULL) : NULL;
    if (!json_is_object(object)) { /* an empty table is a list */
        json_decref(object);
        object = json_object();
    }
    return object;
}

static void set_default(json_t *object, const char *key, const char *text) {
    if (!json_object_get(object, key)) json_object_set_new(object, key, json_string(text));
}

void mode_intro(void *instance, void *state, struct muster_writer *out) {
    const struct mode *mode = state;
    const struct realm *realm = &mode->lobby->match;
    const struct mod *mod = realm->script_count ? realm->scripts[0]->mod : NULL;
    json_t *object = intro_object(mode);
    char *sync = mode->sync ? sync_schema_json(&mode->sync->schema) : NULL;
    (void)instance;
    set_default(object, "title", mod ? mod->name : realm->game_mode);
    set_default(object, "help", mod ? mod->description : "");
    if (sync) json_object_set_new(object, "sync", json_loads(sync, 0, NULL));
    char *text = json_dumps(object, JSON_COMPACT);
    muster_put_bytes(out, text ? text : "{}", text ? (uint32_t)strlen(text) : 2);
    json_decref(object);
    free(text);
    free(sync);
}
