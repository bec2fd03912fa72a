/* mode_role - see mode_role.h. mode_tell.c tells clients. */
#include "mode_role.h"
#include "api.h"
#include "args.h"
#include "ask.h"
#include "mode_lost.h"
#include "returned.h"
#include "speech.h"
#include "state.h"
#include "teams.h"
#include "words.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_BYTES_MAX = 160 };

/* ---- life ------------------------------------------------------------------------------------ */

static bool is_coming_back(const struct mode *mode) {
    const struct realm *realm = &mode->lobby->match;
    const struct script *script = realm->script_count ? realm->scripts[0] : NULL;
    return script && (script->restart_due || script->revert_due);
}

static muster_status create(void *instance, const struct muster_match_info *info, void **state) {
    const struct instance *self = instance;
    struct lobby *lobby = lobby_find(self, info->lobby);
    if (!lobby) {
        self->host->log->write(self->self, MUSTER_LOG_WARN,
                               "a lobby from before this plugin was reloaded cannot play %s",
                               info->game_mode);
        return MUSTER_NOT_FOUND;
    }
    struct mode *mode = mode_make(lobby, info->seats_max);
    if (!mode) return MUSTER_NO_MEMORY;
    *state = lobby->mode = mode;
    return MUSTER_OK;
}

static void destroy(void *instance, void *state) {
    struct mode *mode = state;
    (void)instance;
    if (mode && mode->lobby->mode == mode)
        mode->lobby->mode = NULL; /* else the next one is there */
    mode_free(mode);
}

/* ---- what the mode's table declares ---------------------------------------------------------- */

struct declaration {
    bool has_sync, has_snapshot, is_private;
    struct sync_schema schema;
};

static void read_declaration(lua_State *L, const struct mod *mod, struct declaration *out) {
    out->has_snapshot = args_field(L, -1, "snapshot") == LUA_TFUNCTION;
    out->is_private = args_field(L, -2, "private") != LUA_TNIL && lua_toboolean(L, -1);
    out->has_sync = args_field(L, -3, "sync") != LUA_TNIL;
    if (out->has_sync && out->has_snapshot)
        luaL_error(L, "a mode declares mode.sync or packs with mode.snapshot, not both");
    if (out->is_private && !out->has_snapshot)
        luaL_error(L, "mode.private goes with mode.snapshot; mode.sync has visible for each field");
    if (out->has_sync) {
        sync_schema_read(L, -1, &out->schema);
        out->is_private = sync_schema_is_private(&out->schema);
        uint32_t bytes = sync_schema_bytes_max(&out->schema, mod->people_max);
        if (bytes > mod->snapshot_max_bytes)
            luaL_error(L, "mode.sync: may need %d bytes, snapshotMaxBytes of mod.json allows %d",
                       (int)bytes, (int)mod->snapshot_max_bytes);
    }
    lua_pop(L, 3);
}

static bool is_as_before(const struct mode *mode, const struct declaration *declaration) {
    if (!mode->sync != !declaration->has_sync || !mode->deltas != !declaration->has_snapshot ||
        mode->is_private != declaration->is_private)
        return false;
    return !mode->sync || sync_schema_same(&mode->sync->schema, &declaration->schema);
}

static struct mode_deltas *make_deltas(uint32_t views, uint32_t bytes_max) {
    struct mode_deltas *deltas = calloc(1, sizeof *deltas + (size_t)views * bytes_max);
    if (!deltas) return NULL;
    deltas->views = views;
    deltas->bytes_max = bytes_max;
    return deltas;
}

/* Reference to a function of the mode's table on top, or LUA_NOREF. */
static int take_callback(lua_State *L, const char *name) {
    if (args_field(L, -1, name) == LUA_TFUNCTION) return luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    return LUA_NOREF;
}

static void mode_declare(lua_State *L, struct script *script) {
    struct declaration declaration = {.has_sync = false};
    struct mode *mode = mode_of(script);
    read_declaration(L, script->mod, &declaration);
    script->mode_input = take_callback(L, "input");
    script->mode_tick = take_callback(L, "tick");
    script->mode_snapshot = take_callback(L, "snapshot");
    if (!mode) luaL_error(L, "there is no match to be played");
    if (mode->is_declared) {
        if (!is_as_before(mode, &declaration))
            luaL_error(L, "sync, snapshot and private cannot change in a running match");
        return;
    }
    mode->is_private = declaration.is_private;
    if (declaration.has_sync) mode->sync = sync_create(&declaration.schema, mode->seats_max);
    if (declaration.has_snapshot)
        mode->deltas = make_deltas(mode->is_private ? mode->seats_max + 1 : 1,
                                   script->mod->snapshot_max_bytes);
    mode->is_declared =
        !declaration.has_sync == !mode->sync && !declaration.has_snapshot == !mode->deltas;
    if (!mode->is_declared) luaL_error(L, "out of memory");
}

/* The mode's table: its fields that are named like events are handlers. */
void mode_take(lua_State *L, struct script *script) {
    if (!lua_istable(L, -1)) luaL_error(L, "init.lua must return the mode's table");
    script->is_mode = true;
    api_mode_check_fields(L, script->mod);
    lua_pushvalue(L, -1);
    script->mode = luaL_ref(L, LUA_REGISTRYINDEX);
    if (script->mod->base)
        api_mode_hook_fields(L, script);
    else
        mode_declare(L, script);
}

/* ---- callbacks ------------------------------------------------------------------------------- */

bool mode_push_callback(lua_State *L, const struct script *script, const char *name) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->mode);
    if (args_field(L, -1, name) != LUA_TFUNCTION) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->state);
    return true;
}

struct callback {
    struct script *script;
    const char *name;
    const struct arg *args;
    unsigned count;
    bool may_refuse;
    char refusal[REASON_BYTES_MAX]; /* what it returns, when that is a string */
};

static int callback_body(lua_State *L) {
    struct callback *callback = lua_touserdata(L, 1);
    size_t len;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (!mode_push_callback(L, callback->script, callback->name)) return 0;
    for (unsigned i = 0; i < callback->count; i++)
        ask_push_arg(callback->script, L, &callback->args[i]);
    lua_call(L, (int)callback->count + 1, 1);
    sandbox_check(L);
    if (lua_isnil(L, -1)) return 0;
    if (!callback->may_refuse || lua_type(L, -1) != LUA_TSTRING) {
        const char *what = lua_pushfstring(L, "mode.%s", callback->name);
        mode_push_callback(L, callback->script, callback->name);
        lua_pop(L, 1); /* the state */
        return returned_wrong(L, -3, what,
                              callback->may_refuse ? "a string that refuses, or nil"
                                                   : "nothing, as nobody asks");
    }
    const char *text = lua_tolstring(L, -1, &len);
    sandbox_clean(text, len, callback->refusal, sizeof callback->refusal);
    if (!len) strcpy(callback->refusal, "refused");
    return 0;
}

/* ---- coming and going ------------------------------------------------------------------------ */

bool mode_seats(const struct lobby *lobby, uint32_t seat) {
    return lobby->mode && seat < lobby->match.seats_max;
}

uint32_t mode_team(const struct mode *mode, uint32_t seat) {
    const struct realm *realm = &mode->lobby->match;
    struct muster_seat_info row = {.size = sizeof row};
    if (realm_host(realm)->match->seat_get(realm_self(realm), realm->match, seat, &row))
        return MUSTER_TEAM_NONE;
    return row.team;
}

/* The team with the fewest people that has room; of equals the first. NONE: there are no teams. */
static uint32_t smallest_team(const struct mode *mode) {
    const struct realm *realm = &mode->lobby->match;
    const struct script *script = mode_script(mode);
    uint32_t people[MUSTER_TEAMS_MAX + 1] = {0}, best = MUSTER_TEAM_NONE;
    for (uint32_t i = 0; i < realm->seats_max; i++)
        if (realm_seated(realm, i)) people[mode_team(mode, i)]++;
    for (uint32_t team = 1; team <= teams_count(realm); team++) {
        uint32_t room = script ? script->mod->teams[team - 1].players_max : 0;
        if (room && people[team] >= room) continue;
        if (best == MUSTER_TEAM_NONE || people[team] < people[best]) best = team;
    }
    return best;
}

/* Who has no team yet comes into the smallest one. */
static void choose_team(struct mode *mode, uint32_t seat) {
    const struct realm *realm = &mode->lobby->match;
    mode->teams[seat] = mode_team(mode, seat);
    if (mode->teams[seat] != MUSTER_TEAM_NONE) return;
    mode->teams[seat] = smallest_team(mode);
    (void)realm_host(realm)->match->team_set(realm_self(realm), realm->match, seat,
                                             mode->teams[seat]);
}

/* Asked, and kept with the answer: a script that is stopped right afterwards still knows who plays.
 * One that fails here lets nobody in. */
static bool lets_in(struct mode *mode, struct script *script, uint32_t seat) {
    struct arg args[] = {A_SEAT(seat)};
    struct callback callback = {
        .script = script, .name = "join", .args = args, .count = 1, .may_refuse = true};
    bool asked = script_enter(script, callback_body, &callback);
    if (asked && !callback.refusal[0]) {
        script_keep(script);
        return true;
    }
    speech_tell_seat(mode->lobby, seat, asked ? callback.refusal : "the game mode has failed");
    return false;
}

static muster_status join(void *instance, void *state, uint32_t seat) {
    struct mode *mode = state;
    struct script *script = mode_script(mode);
    (void)instance;
    if (seat >= mode->seats_max) return MUSTER_INVALID;
    if (!script && is_coming_back(mode)) return MUSTER_DENIED; /* with a state without the player */
    choose_team(mode, seat);
    players_seat(&mode->lobby->match, seat);
    if (mode->sync) sync_seat_take(mode->sync, seat);
    if (!script || lets_in(mode, script, seat)) return MUSTER_OK;
    if (mode->sync) sync_seat_leave(mode->sync, seat);
    players_forget(&mode->lobby->match, seat);
    return MUSTER_DENIED;
}

/* The handle is good until the rules have been told. */
static void leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    struct mode *mode = state;
    struct script *script = mode_script(mode);
    struct arg args[] = {A_SEAT(seat), A_TEXT(words_leave(reason))};
    struct callback callback = {.script = script, .name = "leave", .args = args, .count = 2};
    (void)instance;
    if (seat >= mode->seats_max) return;
    if (script) script_enter(script, callback_body, &callback);
    if (mode->sync) sync_seat_leave(mode->sync, seat);
    if (script) script_keep(script);
}

static void connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    struct script *script = mode_script(state);
    struct arg args[] = {A_SEAT(seat), A_BOOL(connected)};
    struct callback callback = {.script = script, .name = "connection", .args = args, .count = 2};
    (void)instance;
    if (script) script_enter(script, callback_body, &callback);
}

/* A stranger's bytes: what they mean is the script's matter. */
static void message(void *instance, void *state, uint32_t seat, const void *data, uint32_t len) {
    struct script *script = mode_script(state);
    const struct muster_bytes bytes = {data, len};
    struct arg args[] = {A_SEAT(seat), A_BYTES(bytes)};
    struct callback callback = {.script = script, .name = "message", .args = args, .count = 2};
    (void)instance;
    if (script) script_enter(script, callback_body, &callback);
}

/* ---- the step -------------------------------------------------------------------------------- */

static void input(void *instance, void *state, uint32_t seat, const struct muster_input *input) {
    struct mode *mode = state;
    (void)instance;
    if (mode->input_count == MODE_INPUTS_MAX) return;
    mode->inputs[mode->input_count++] = (struct mode_input){seat, *input};
}

struct turn {
    const struct mode *mode;
    struct script *script;
    double dt;
    bool failed; /* an input did */
};

static void push_input(lua_State *L, struct script *script, const struct mode_input *input) {
    player_push(script, L, input->seat);
    lua_pushinteger(L, input->input.held);
    lua_pushinteger(L, input->input.pressed);
    lua_pushinteger(L, input->input.aim);
    lua_pushinteger(L, input->input.move_x);
    lua_pushinteger(L, input->input.move_y);
}

/* One that fails does not keep the others from being taken. The state is on top. */
static void take_inputs(lua_State *L, struct turn *turn) {
    int state = lua_gettop(L), handler = sandbox_handler(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, turn->script->mode_input);
    for (uint32_t i = 0; i < turn->mode->input_count; i++) {
        lua_pushvalue(L, handler + 1);
        lua_pushvalue(L, state);
        push_input(L, turn->script, &turn->mode->inputs[i]);
        if (!sandbox_try(L, handler, 7, 0)) turn->failed = true;
    }
    lua_settop(L, state);
}

static int turn_body(lua_State *L) {
    struct turn *turn = lua_touserdata(L, 1);
    const struct script *script = turn->script;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->state);
    if (script->mode_input != LUA_NOREF) take_inputs(L, turn);
    if (script->mode_tick == LUA_NOREF) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->mode_tick);
    lua_insert(L, -2);
    lua_pushnumber(L, turn->dt);
    lua_call(L, 2, 1);
    if (lua_isnil(L, -1)) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->mode_tick);
    return returned_wrong(L, -2, "mode.tick", "nothing; match.finish ends the match");
}

static void tick(void *instance, void *state, const struct muster_tick *tick) {
    struct mode *mode = state;
    struct realm *realm = &mode->lobby->match;
    struct script *script = mode_script(mode);
    struct turn turn = {.mode = mode, .script = script, .dt = (double)tick->dt_us / 1e6};
    (void)instance;
    realm->tick = tick->tick;
    realm->now_ms = tick->elapsed_ms;
    if (!script && !is_coming_back(mode)) mode_lost(realm);
    if (script && script_enter(script, turn_body, &turn) && turn.failed) script_failed(script);
    mode->input_count = 0;
}

/* ---- state: the script's own is saved with those of the rules -------------------------------- */

void mode_save(const struct lobby *lobby, struct muster_writer *out) {
    if (lobby->mode && lobby->mode->sync) sync_save(lobby->mode->sync, out);
}

muster_status mode_load(struct lobby *lobby, struct muster_reader *in) {
    return lobby->mode && lobby->mode->sync ? sync_load(lobby->mode->sync, in) : MUSTER_OK;
}

static void save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    (void)state;
    (void)out;
}

static muster_status load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    (void)state;
    (void)in;
    return MUSTER_OK;
}

/* Commands are for bases. */
static muster_status command(void *instance, void *state, const struct muster_command *command) {
    (void)instance;
    (void)state;
    (void)command;
    return MUSTER_NOT_FOUND;
}

const struct muster_mode lua_mode = {
    .size = sizeof lua_mode,
    .create = create,
    .destroy = destroy,
    .join = join,
    .leave = leave,
    .connection = connection,
    .input = input,
    .tick = tick,
    .snapshot = mode_snapshot,
    .view = mode_view,
    .intro = mode_intro,
    .command = command,
    .message = message,
    .save = save,
    .load = load,
};
