/* start - see start.h. */
#include "start.h"
#include "mode.h"
#include "players.h"
#include "report.h"
#include "state.h"

#include <lauxlib.h>

/* ---- what the sandbox asks ------------------------------------------------------------------- */

static bool on_require(void *user, const char *name, const char **text, size_t *len,
                       const char **chunk) {
    const struct script *script = user;
    const struct mod_file *file = mod_file(script->mod, name);
    if (!file) return false;
    *text = file->text;
    *len = file->len;
    *chunk = file->chunk;
    return true;
}

static void on_print(void *user, const char *line) {
    const struct script *script = user;
    report_print(script, line);
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

/* FNV-1a of the id, so that two mods of a match draw unlike numbers. */
static uint64_t seed_of(const struct realm *realm, const char *mod_id) {
    uint64_t hash = 0xcbf29ce484222325u, seed = realm->lobby->seed;
    const struct muster_host *host = realm_host(realm);
    const struct tester *tester = realm->lobby->instance->tester;
    if (realm->kind == REALM_LOBBY && tester)
        seed = tester->seed;
    else if (realm->kind == REALM_LOBBY)
        host->loop->random(realm_self(realm), &seed, sizeof seed);
    for (; *mod_id; mod_id++) hash = (hash ^ (unsigned char)*mod_id) * 0x100000001b3u;
    return seed ^ hash;
}

static muster_status make_sandbox(struct script *script) {
    struct instance *instance = script->realm->lobby->instance;
    const struct mod *mod = script->mod;
    struct sandbox_limits limits = instance->limits;
    limits.memory_bytes = mod->memory_bytes;
    if (script->realm->is_replay) { /* as script_limit_us */
        limits.second_cpu_us = UINT32_MAX;
        limits.call_units = UINT64_MAX;
    }
    const struct sandbox_host host = {.user = script,
                                      .require = on_require,
                                      .print = on_print,
                                      .handle_order = player_order,
                                      .current = &instance->current};
    uint64_t seed = seed_of(script->realm, mod->id);
    struct entry entry = {.sandbox = NULL}; /* its libraries are opened inside: work that is ours */
    script_entry_begin(instance, &entry, SCRIPT_NO_LIMIT_US);
    muster_status status = sandbox_create(&limits, &host, seed, &script->sandbox);
    script_entry_end(instance);
    return status;
}

/* ---- start ----------------------------------------------------------------------------------- */

struct start {
    struct script *script;
    struct script_saved *saved; /* or null */
};

static int bind_body(lua_State *L) {
    struct script *script = lua_touserdata(L, 1);
    lua_newtable(L);
    script->players = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    script_state_set(L, script);
    script->realm->lobby->instance->hooks->bind(L, script);
    return 0;
}

static int start_body(lua_State *L) {
    struct start *start = lua_touserdata(L, 1);
    struct script *script = start->script;
    const struct mod_file *file = mod_file(script->mod, "init");
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    sandbox_load_chunk(L, file->text, file->len, file->chunk);
    lua_call(L, 0, 1);
    sandbox_check(L);
    if (script->mod->kind == MOD_MODE) script->realm->lobby->instance->hooks->take_mode(L, script);
    if (script->mod->kind == MOD_RULE && !lua_isnil(L, -1))
        luaL_error(L, "a rule hooks with hooks.on: what init.lua returns is not used");
    lua_settop(L, 1);
    if (script->mod->kind == MOD_MODE) script_state_init(L, script);
    if (start->saved) script_state_restore(L, script, start->saved);
    return 0;
}

muster_status script_start(struct script *script, const void *saved, uint32_t saved_len) {
    struct instance *instance = script->realm->lobby->instance;
    struct script_saved kept = {.bytes = saved, .len = saved_len};
    struct start start = {script, saved ? &kept : NULL};
    script->mode = script->state = script->players = script->vote_end = LUA_NOREF;
    script->mode_input = script->mode_tick = script->mode_snapshot = LUA_NOREF;
    script->writer = NULL;
    script->is_mode = script->is_loaded = script->restart_due = script->hooks_changed = false;
    muster_status status = make_sandbox(script);
    if (status) return status;
    for (uint32_t i = 0; !status && i < instance->global_count; i++)
        status = sandbox_allow_global(script->sandbox, instance->globals[i]);
    if (!status) status = script_serve(script, bind_body, script);
    if (status) {
        report_error(script);
        script_stop_sandbox(script);
        return status;
    }
    mode_back(script);
    script->takes_over = saved != NULL;
    bool started = script_enter_first(script, start_body, &start);
    script->takes_over = false;
    if (saved) mode_back(script); /* from what init set */
    script->is_loaded = started;
    if (started) script->shut = 0;
    if (started && kept.changed[0]) report_refusal(script, "", 0, kept.changed);
    if (started) return MUSTER_OK;
    script_stop_sandbox(script);
    return MUSTER_INVALID;
}

void script_restart(struct script *script) {
    script->restart_due = false;
    script_stop_sandbox(script);
    muster_status status = script_start(script, script->saved, script->saved_len);
    if (status && !script->restart_due) script_disable(script, "it did not start again");
}
