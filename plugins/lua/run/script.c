/* script - start, entries, state and end of one script; see script.h. */
#include "script.h"
#include "mode_lost.h"
#include "note.h"
#include "report.h"
#include "share.h"

#include <lauxlib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t script_cpu_ns(void) {
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

void script_trial_check(struct script *script) {
    if (!script->before || script->revert_due) return;
    if (realm_now_ms(script->realm) < script->trial_until) return;
    mod_unpin(script->before);
    script->before = NULL;
}

/* In a match the next tick sees to it. */
static void come_back(const struct script *script) {
    if ((script->restart_due || script->revert_due) && script->realm->kind == REALM_LOBBY)
        script->realm->lobby->instance->hooks->come_back(script->realm->lobby);
}

/* In the entry of this number, after so many effects. */
static void killed(struct script *script, uint64_t call, uint32_t host_calls) {
    struct realm *realm = script->realm;
    script->kills++;
    if (realm->kind == REALM_MATCH && !realm->is_replay && !realm->is_probe)
        note_stop(realm, script->index, call, host_calls);
    report_kill(script);
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
void script_entry_begin(struct instance *instance, struct entry *entry, uint32_t limit_us) {
    entry->outer = instance->entry;
    entry->limit_ns = (int64_t)limit_us * 1000;
    atomic_signal_fence(memory_order_seq_cst);
    instance->entry = entry;
}

void script_entry_end(struct instance *instance) {
    instance->entry = instance->entry->outer;
}

/* In a replay the log says where it was stopped. */
uint32_t script_limit_us(const struct script *script, uint32_t limit_us) {
    return script->realm->is_replay ? SCRIPT_NO_LIMIT_US : limit_us;
}

static muster_status serve(struct script *script, lua_CFunction body, void *arg,
                           uint32_t limit_us) {
    struct instance *instance = script->realm->lobby->instance;
    struct entry entry = {.sandbox = script->sandbox};
    script_entry_begin(instance, &entry, limit_us);
    muster_status status = sandbox_serve(script->sandbox, body, arg);
    script_entry_end(instance);
    return status;
}

muster_status script_serve(struct script *script, lua_CFunction body, void *arg) {
    return serve(script, body, arg, SCRIPT_NO_LIMIT_US);
}

/* Within no other entry: what is decided now stops nobody half way. */
static void judge(struct script *script) {
    struct realm *realm = script->realm;
    if (realm->lobby->instance->entry) return;
    enum sandbox_kill reason;
    struct script *most = share_judge(realm, &reason);
    if (most) script_stop(most, reason, most->longest);
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
    script_entry_begin(instance, &entry, script_limit_us(script, limit_us));
    muster_status status = sandbox_enter(script->sandbox, body, arg);
    script_entry_end(instance);
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

bool script_enter_first(struct script *script, lua_CFunction body, void *arg) {
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
    uint32_t limit_us = script_limit_us(script, script->realm->lobby->instance->call_us);
    muster_status status = serve(script, body, arg, limit_us);
    sandbox_random_set(script->sandbox, random);
    script->is_peeking = false;
    if (status) report_error(script); /* of a kill the next entry tells */
    return status == MUSTER_OK;
}

bool script_call(struct script *script, const struct sandbox_call *call) {
    return script_enter(script, sandbox_call_body, (void *)(uintptr_t)call);
}

/* ---- life ------------------------------------------------------------------------------------ */

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

void script_stop_sandbox(struct script *script) {
    script->shut |= realm_gates(script);
    if (script->sandbox) script->realm->probe_kill = sandbox_killed(script->sandbox);
    realm_unhook_all(script);
    sandbox_destroy(script->sandbox);
    script->sandbox = NULL;
    script->timer_count = script->timer_last = script->command_count = 0;
    script->timer_due_ms = UINT64_MAX;
    free(script->timers);
    script->timers = NULL;
    script->timer_room = 0;
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
    if (is_mode) mode_lost(script->realm);
    if (script->mod->kind == MOD_MODE) script->realm->is_mode_lost = true;
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
    command->is_later = script->is_loaded;
    script->hooks_changed |= script->is_loaded;
    if (at == script->command_count) script->command_count++;
    return true;
}
