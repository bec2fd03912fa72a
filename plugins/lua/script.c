/* script - start, entries, state and end of one script; see script.h. */
#include "script.h"
#include "api.h"
#include "lobby.h"
#include "mode.h"
#include "note.h"
#include "share.h"

#include <lauxlib.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

int64_t thread_cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- entries --------------------------------------------------------------------------------- */

struct script *script_of(lua_State *L) {
    return sandbox_user(L);
}

struct realm *realm_of(lua_State *L) {
    return script_of(L)->realm;
}

bool script_act(lua_State *L) {
    struct script *script = script_of(L);
    sandbox_check(L);
    if (script->is_peeking) luaL_error(L, "nothing can be changed while state is saved or told");
    script->host_calls++;
    if (script->host_calls == script->kill_after) sandbox_kill_next(L);
    return !script->realm->is_probe && !script->takes_over;
}

/* In a replay: is this the entry in which the script was stopped? */
static void look_for_stop(struct script *script) {
    const struct realm *realm = script->realm;
    script->kill_after = UINT32_MAX;
    for (uint32_t i = 0; i < realm->stop_count; i++) {
        const struct stop *stop = &realm->stops[i];
        if (stop->call != realm->calls || stop->script != script->index) continue;
        if (stop->host_calls == NOTE_STOP_AFTER) continue;
        script->kill_after = stop->host_calls;
        if (stop->host_calls == 0) sandbox_kill(script->sandbox, SANDBOX_KILL_HOST);
    }
}

/* In a match the next tick sees to it. */
static void come_back(const struct script *script) {
    if ((script->restart_due || script->revert_due) && script->realm->kind == REALM_LOBBY)
        lobby_restart_later(script->realm->lobby);
}

/* In the entry of this number, after so many effects. */
static void killed(struct script *script, uint64_t call, uint32_t host_calls) {
    struct realm *realm = script->realm;
    script->kills++;
    if (realm->kind == REALM_MATCH && !realm->is_replay && !realm->is_probe)
        note_stop(realm, script->index, call, host_calls);
    report_kill(script);
    if (realm->is_probe) realm->probe_kill = sandbox_killed(script->sandbox);
    script_stop_sandbox(script);
    if (realm->is_probe) return;
    script_trial_check(script);
    if (script->before)
        script->revert_due = true;
    else if (script->kills >= SCRIPT_KILLS_MAX || script->mod->is_upload)
        script_disable(script, "it was stopped too often");
    else
        script->restart_due = true;
    come_back(script);
}

static void count_failure(struct script *script) {
    uint64_t now_ms = realm_now_ms(script->realm);
    if (script->realm->is_probe) return;
    script_trial_check(script);
    if (script->before) {
        script->revert_due = true;
        come_back(script);
        return;
    }
    if (now_ms - script->error_since_ms > SCRIPT_ERRORS_MS) {
        script->error_since_ms = now_ms;
        script->error_count = 0;
    }
    if (++script->error_count >= SCRIPT_ERRORS_MAX) script_disable(script, "it keeps failing");
}

void script_failed(struct script *script) {
    report_error(script);
    count_failure(script);
}

void script_refused(struct script *script, const char *file, int line, const char *text) {
    report_refusal(script, file, line, text);
    if (script->sandbox) count_failure(script);
}

void script_stop(struct script *script, enum sandbox_kill reason, int function) {
    sandbox_kill_after(script->sandbox, reason, function);
    killed(script, script->realm->calls, NOTE_STOP_AFTER);
}

/* In a replay: those who were stopped between this entry and the next one. */
static void stop_after(const struct realm *realm) {
    for (uint32_t i = 0; i < realm->stop_count; i++) {
        const struct stop *stop = &realm->stops[i];
        if (stop->call != realm->calls || stop->host_calls != NOTE_STOP_AFTER) continue;
        if (stop->script < realm->script_count && realm->scripts[stop->script]->sandbox)
            script_stop(realm->scripts[stop->script], SANDBOX_KILL_HOST, LUA_NOREF);
    }
}

static bool finish(struct script *script, muster_status status, uint64_t call) {
    if (status == MUSTER_OK) return true;
    if (status == MUSTER_LIMIT || status == MUSTER_CLOSED)
        killed(script, call, script->host_calls);
    else
        script_failed(script);
    return false;
}

/* The watchdog's signal may come at any point. */
static void begin_entry(struct instance *instance, struct entry *entry, uint32_t limit_us) {
    entry->outer = instance->entry;
    entry->limit_ns = (int64_t)limit_us * 1000;
    atomic_signal_fence(memory_order_seq_cst);
    instance->entry = entry;
}

static void end_entry(struct instance *instance) {
    instance->entry = instance->entry->outer;
}

muster_status script_serve(struct script *script, lua_CFunction body, void *arg) {
    struct instance *instance = script->realm->lobby->instance;
    struct entry entry = {.sandbox = script->sandbox};
    begin_entry(instance, &entry, instance->call_us);
    muster_status status = sandbox_serve(script->sandbox, body, arg);
    end_entry(instance);
    return status;
}

/* Within no other entry: what is decided now stops nobody half way. */
static void judge(struct script *script) {
    const struct realm *realm = script->realm;
    if (realm->lobby->instance->entry) return;
    share_judge(script);
    if (realm->is_replay) stop_after(realm);
}

static muster_status enter(struct script *script, lua_CFunction body, void *arg,
                           uint32_t limit_us) {
    struct realm *realm = script->realm;
    struct instance *instance = realm->lobby->instance;
    script->calls++;
    script->host_calls = 0;
    if (realm->is_replay) look_for_stop(script);
    struct entry entry = {.sandbox = script->sandbox};
    begin_entry(instance, &entry, limit_us);
    muster_status status = sandbox_enter(script->sandbox, body, arg);
    end_entry(instance);
    if (instance->uploads) report_stretch(script, (uint64_t)sandbox_time(script->sandbox).ns);
    return status;
}

bool script_enter(struct script *script, lua_CFunction body, void *arg) {
    uint32_t limit_us = share_left_us(script);
    if (!script->sandbox || sandbox_is_entered(script->sandbox)) return false;
    uint64_t call = ++script->realm->calls;
    muster_status status = enter(script, body, arg, limit_us);
    if (!share_count(script, sandbox_called(body, arg))) status = MUSTER_LIMIT;
    bool good = finish(script, status, call);
    judge(script);
    return good && script->sandbox;
}

/* Has a limit of its own, and costs nothing of the second. */
static bool enter_first(struct script *script, lua_CFunction body, void *arg) {
    uint64_t call = ++script->realm->calls;
    muster_status status =
        enter(script, body, arg, script->realm->lobby->instance->call_us * 3 / 2);
    if (!finish(script, status, call)) return false;
    sandbox_refill(script->sandbox);
    return true;
}

bool script_peek(struct script *script, lua_CFunction body, void *arg) {
    uint64_t random[4];
    if (!script->sandbox) return false;
    script->is_peeking = true;
    sandbox_random_get(script->sandbox, random);
    muster_status status = script_serve(script, body, arg);
    sandbox_random_set(script->sandbox, random);
    script->is_peeking = false;
    if (status) report_error(script); /* of a kill the next entry tells */
    return status == MUSTER_OK;
}

bool script_call(struct script *script, const struct sandbox_call *call) {
    return script_enter(script, sandbox_call_body, (void *)(uintptr_t)call);
}

/* ---- start ----------------------------------------------------------------------------------- */

struct start {
    struct script *script;
    struct script_saved *saved; /* or null */
};

/* The mode's table: its fields that are named like events are handlers. */
static void take_mode(lua_State *L, struct script *script) {
    if (script->mod->kind != MOD_MODE) return;
    if (!lua_istable(L, -1)) luaL_error(L, "init.lua must return the mode's table");
    script->is_mode = true;
    mode_check_fields(L, script->mod);
    lua_pushvalue(L, -1);
    script->mode = luaL_ref(L, LUA_REGISTRYINDEX);
    if (script->mod->base)
        mode_hook_fields(L, script);
    else
        mode_declare(L, script);
}

bool script_call_mode(lua_State *L, const struct script *script, const char *name, int args,
                      int results) {
    if (!script->is_mode) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->mode);
    lua_pushstring(L, name);
    if (lua_rawget(L, -2) != LUA_TFUNCTION) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    lua_insert(L, -args - 1);
    lua_call(L, args, results);
    sandbox_check(L);
    return true;
}

static int bind_body(lua_State *L) {
    struct script *script = lua_touserdata(L, 1);
    lua_newtable(L);
    script->players = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    script_state_set(L, script);
    api_bind(L, script);
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
    take_mode(L, script);
    if (script->mod->kind == MOD_RULE && !lua_isnil(L, -1))
        luaL_error(L, "a rule hooks with hooks.on: what init.lua returns is not used");
    lua_settop(L, 1);
    if (script->mod->kind == MOD_MODE) script_state_init(L, script);
    if (start->saved) script_state_restore(L, script, start->saved);
    return 0;
}

static muster_status make_sandbox(struct script *script) {
    struct instance *instance = script->realm->lobby->instance;
    const struct mod *mod = script->mod;
    struct sandbox_limits limits = instance->limits;
    limits.memory_bytes = mod->memory_bytes;
    if (script->realm->is_replay) { /* the log says where it was stopped */
        limits.second_cpu_us = UINT32_MAX;
        limits.call_units = UINT64_MAX;
    }
    const struct sandbox_host host = {.user = script,
                                      .require = on_require,
                                      .print = on_print,
                                      .handle_order = player_order,
                                      .current = &instance->current};
    uint64_t seed = lobby_seed(script->realm, mod->id);
    struct entry entry = {.sandbox = NULL};
    begin_entry(instance, &entry, instance->call_us); /* its libraries are opened inside */
    muster_status status = sandbox_create(&limits, &host, seed, &script->sandbox);
    end_entry(instance);
    return status;
}

muster_status script_start(struct script *script, const void *saved, uint32_t saved_len) {
    struct instance *instance = script->realm->lobby->instance;
    struct script_saved kept = {.bytes = saved, .len = saved_len};
    struct start start = {script, saved ? &kept : NULL};
    script->mode = script->state = script->players = script->vote_end = LUA_NOREF;
    script->mode_input = script->mode_tick = script->mode_snapshot = LUA_NOREF;
    script->writer = NULL;
    script->is_mode = script->is_loaded = script->restart_due = false;
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
    bool started = enter_first(script, start_body, &start);
    script->takes_over = false;
    script->is_loaded = started;
    if (started) script->shut = 0;
    if (started && kept.changed[0]) report_refusal(script, "", 0, kept.changed);
    if (started) return MUSTER_OK;
    script_stop_sandbox(script);
    return MUSTER_INVALID;
}

void script_stop_sandbox(struct script *script) {
    script->shut |= realm_gates(script);
    realm_unhook_all(script);
    sandbox_destroy(script->sandbox);
    script->sandbox = NULL;
    script->timer_count = script->command_count = 0;
    script->timer_due_ms = UINT64_MAX;
    if (script->timers) memset(script->timers, 0, SCRIPT_TIMERS_MAX * sizeof *script->timers);
}

struct script *script_create(struct realm *realm, uint32_t index, struct mod *mod,
                             uint32_t granted) {
    struct script *script = calloc(1, sizeof *script);
    if (!script) return NULL;
    script->realm = realm;
    script->index = index;
    script->mod = mod_pin(mod);
    script->granted = granted;
    script->timer_due_ms = UINT64_MAX;
    return script;
}

void script_destroy(struct script *script) {
    script_stop_sandbox(script);
    free(script->timers);
    free(script->commands);
    free(script->saved);
    mod_unpin(script->mod);
    mod_unpin(script->before);
    free(script);
}

void script_disable(struct script *script, const char *why) {
    bool is_mode = script->is_mode;
    script->restart_due = false;
    report_disabled(script, why);
    script_stop_sandbox(script);
    if (is_mode) lobby_mode_lost(script->realm);
    if (script->mod->kind == MOD_MODE) script->realm->is_mode_lost = true;
}

void script_restart(struct script *script) {
    script->restart_due = false;
    script_stop_sandbox(script);
    muster_status status = script_start(script, script->saved, script->saved_len);
    if (status && !script->restart_due) script_disable(script, "it did not start again");
}

const struct command *script_command_find(const struct script *script, const char *name) {
    for (uint32_t i = 0; i < script->command_count; i++)
        if (strcmp(script->commands[i].name, name) == 0) return &script->commands[i];
    return NULL;
}

bool script_command_add(struct script *script, const char *name, const char *help, int function) {
    uint32_t at = 0;
    if (!script->commands) script->commands = calloc(SCRIPT_COMMANDS_MAX, sizeof *script->commands);
    if (!script->commands) return false;
    while (at < script->command_count && strcmp(script->commands[at].name, name) != 0) at++;
    if (at == SCRIPT_COMMANDS_MAX) return false;
    struct command *command = &script->commands[at];
    if (at < script->command_count) sandbox_release(script->sandbox, command->function);
    snprintf(command->name, sizeof command->name, "%s", name);
    snprintf(command->help, sizeof command->help, "%s", help);
    command->function = function;
    if (at == script->command_count) script->command_count++;
    return true;
}
