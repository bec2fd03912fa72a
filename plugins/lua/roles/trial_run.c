/* trial_run - see trial_run.h. */
#include "trial_run.h"
#include "permissions.h"
#include "realm_scripts.h"
#include "start.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>

enum { RUNS_MAX = 3 };

static bool hooks_something(const struct realm *realm) {
    for (int event = 0; event < EVENT_COUNT; event++)
        if (realm->handlers[event].count) return true;
    const struct script *script = realm->scripts[0];
    return realm->bus.count || script->command_count || script->timer_count || script->is_mode;
}

/* What it begins with can be kept, and taken back. Uploads may not run for so long: theirs is
 * looked at when it is kept. */
static muster_status try_state(struct script *script) {
    static uint8_t bytes[SCRIPT_SAVED_BYTES_MAX];
    if (script->mod->is_upload) return MUSTER_OK;
    uint32_t len = script_save(script, bytes, sizeof bytes);
    if (!len) return MUSTER_INVALID;
    return script->is_mode ? script_load(script, bytes, len) : MUSTER_OK;
}

/* A lobby that nobody is in, with the settings of a new one (trial.c). *kill: why it was stopped.
 */
static muster_status run_in(struct instance *instance, struct mod *mod, int kind,
                            struct probe *probe, enum sandbox_kill *kill, char *error,
                            uint32_t cap) {
    char why[REALM_ERROR_BYTES] = "out of memory";
    struct lobby lobby = {.instance = instance};
    struct realm *realm = kind == REALM_MATCH ? &lobby.match : &lobby.lobby;
    realm_init(realm, &lobby, kind);
    realm->is_probe = true;
    realm->probe_error = why;
    realm->tick_rate_hz = mod->tick_rate_hz ? mod->tick_rate_hz : 20;
    snprintf(realm->game_mode, sizeof realm->game_mode, "%s",
             mod->kind == MOD_MODE ? mod->id : "arena");
    lobby.mode = mode_make(&lobby, mod->people_max ? mod->people_max : 1);
    struct script *script =
        lobby.mode ? realm_add(realm, mod, permissions_granted(instance, mod)) : NULL;
    if (!script) {
        mode_free(lobby.mode);
        return MUSTER_NO_MEMORY;
    }
    muster_status status = script_start(script, NULL, 0);
    if (!status) status = try_state(script);
    *kill = script->sandbox ? sandbox_killed(script->sandbox) : realm->probe_kill;
    if (status) {
        snprintf(error, cap, "%.340s (in the trial load, %s realm)", why,
                 kind == REALM_MATCH ? "match" : "lobby");
    } else {
        if (hooks_something(realm)) probe->realms |= kind;
        probe->gates |= realm_gates(script);
        if (kind == REALM_MATCH && script->is_mode) mode_traits_read(script, &probe->mode);
    }
    realm_deinit(realm);
    mode_free(lobby.mode);
    return status;
}

/* How long a first run takes depends on what else the machine does: while nobody plays, as at the
 * start, one that took too long is tried again. */
static muster_status run_patiently(struct instance *instance, struct mod *mod, int kind,
                                   struct probe *probe, char *error, uint32_t cap) {
    muster_status status;
    int runs = instance->lobbies || mod->is_upload ? 1 : RUNS_MAX;
    enum sandbox_kill kill;
    do {
        kill = SANDBOX_ALIVE;
        status = run_in(instance, mod, kind, probe, &kill, error, cap);
    } while (kill == SANDBOX_KILL_CPU && --runs > 0);
    return status;
}

muster_status trial_run_step(struct instance *instance, struct mod *mod, int realm, char *error,
                             uint32_t cap) {
    struct probe *probe = probe_take(instance, mod);
    if (!probe) return MUSTER_NO_MEMORY;
    if (probe->tried & realm) return MUSTER_OK;
    probe->tried |= realm;
    if (mod->kind == MOD_MODE && realm == REALM_LOBBY) return MUSTER_OK; /* modes live in matches */
    muster_status status = run_patiently(instance, mod, realm, probe, error, cap);
    if (status) probe_drop(instance, mod);
    return status;
}

muster_status trial_run(struct instance *instance, struct mod *mod, char *error, uint32_t cap) {
    muster_status status = trial_run_step(instance, mod, REALM_MATCH, error, cap);
    return status ? status : trial_run_step(instance, mod, REALM_LOBBY, error, cap);
}
