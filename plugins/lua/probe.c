/* probe - a mod apart from all lobbies; see probe.h. */
#include "probe.h"
#include "mode.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 3 };

static struct probe *find(const struct instance *instance, const struct mod *mod) {
    struct probe *probe = instance->probes;
    while (probe && strcmp(probe->mod->hash, mod->hash) != 0) probe = probe->next;
    return probe;
}

const struct probe *probe_find(const struct instance *instance, const struct mod *mod) {
    return find(instance, mod);
}

static bool hooks_something(const struct realm *realm) {
    for (int event = 0; event < EVENT_COUNT; event++)
        if (realm->handlers[event].count) return true;
    const struct script *script = realm->scripts[0];
    return realm->bus.count || script->command_count || script->timer_count || script->is_mode;
}

/* What it begins with can be kept, and taken back. Uploads may not run for so long: theirs is
 * looked at when it is kept. */
static muster_status try_state(struct script *script) {
    static uint8_t bytes[SCRIPT_STATE_BYTES_MAX];
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
    struct lobby lobby = {.instance = instance};
    struct realm *realm = kind == REALM_MATCH ? &lobby.match : &lobby.lobby;
    realm_init(realm, &lobby, kind);
    realm->is_probe = true;
    realm->tick_rate_hz = mod->tick_rate_hz ? mod->tick_rate_hz : 20;
    snprintf(realm->game_mode, sizeof realm->game_mode, "%s",
             mod->kind == MOD_MODE ? mod->id : "arena");
    lobby.mode = mode_make(&lobby);
    struct script *script =
        lobby.mode ? realm_add(realm, mod, permissions_granted(instance, mod)) : NULL;
    if (!script) {
        mode_free(lobby.mode);
        return MUSTER_NO_MEMORY;
    }
    muster_status status = script_start(script, NULL, 0);
    if (!status) status = try_state(script);
    *kill = realm->probe_kill;
    if (status) {
        snprintf(error, cap, "%.340s (in the trial load, %s realm)",
                 realm->probe_error[0] ? realm->probe_error : "out of memory",
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

static void probe_free(struct probe *probe) {
    mod_unpin(probe->mod);
    free(probe->mode.sync_json);
    free(probe);
}

static struct probe *probe_add(struct instance *instance, struct mod *mod) {
    struct probe *probe = calloc(1, sizeof *probe);
    if (!probe) return NULL;
    probe->mod = mod_pin(mod);
    probe->next = instance->probes;
    instance->probes = probe;
    return probe;
}

/* The same version read anew: who keeps that one keeps the probe, and may let go of the other. */
static void hold(struct probe *probe, struct mod *mod) {
    struct mod *before = probe->mod;
    probe->mod = mod_pin(mod);
    mod_unpin(before);
}

static void probe_remove(struct instance *instance, struct probe *probe) {
    struct probe **at = &instance->probes;
    while (*at != probe) at = &(*at)->next;
    *at = probe->next;
    probe_free(probe);
}

void probe_drop(struct instance *instance, const struct mod *mod) {
    struct probe *probe = find(instance, mod);
    if (probe) probe_remove(instance, probe);
}

muster_status probe_step(struct instance *instance, struct mod *mod, int realm, char *error,
                         uint32_t cap) {
    struct probe *probe = find(instance, mod);
    if (!probe) probe = probe_add(instance, mod);
    if (!probe) return MUSTER_NO_MEMORY;
    hold(probe, mod);
    if (probe->tried & realm) return MUSTER_OK;
    probe->tried |= realm;
    if (mod->kind == MOD_MODE && realm == REALM_LOBBY) return MUSTER_OK; /* modes live in matches */
    muster_status status = run_patiently(instance, mod, realm, probe, error, cap);
    if (status) probe_remove(instance, probe);
    return status;
}

muster_status probe_run(struct instance *instance, struct mod *mod, char *error, uint32_t cap) {
    muster_status status = probe_step(instance, mod, REALM_MATCH, error, cap);
    return status ? status : probe_step(instance, mod, REALM_LOBBY, error, cap);
}

int probe_realms(const struct instance *instance, const struct mod *mod) {
    const struct probe *probe = find(instance, mod);
    return probe ? probe->realms : 0;
}

struct mod *version_find(struct lobby *lobby, const char *id, const char *hash) {
    struct instance *instance = lobby->instance;
    struct mod *mod = mods_find(instance->mods, id);
    struct mod_error error;
    if (mod && strcmp(mod->hash, hash) == 0) return mod_pin(mod);
    for (uint32_t i = 0; i < lobby->upload_count; i++)
        if (strcmp(lobby->uploads[i]->hash, hash) == 0) return mod_pin(lobby->uploads[i]);
    for (struct probe *probe = instance->probes; probe; probe = probe->next)
        if (strcmp(probe->mod->hash, hash) == 0) return mod_pin(probe->mod);
    if (mod_store_get(instance->store_dir, hash, &mod, &error) == MUSTER_OK) return mod;
    instance->host->log->write(instance->self, MUSTER_LOG_WARN, "mod %s, version %s: %s", id, hash,
                               error.text);
    return NULL;
}

void probes_free(struct instance *instance) {
    trial_renew(instance);
    while (instance->probes) {
        struct probe *next = instance->probes->next;
        probe_free(instance->probes);
        instance->probes = next;
    }
}

/* Those that no set and no lobby holds any more. */
void probes_forget(struct instance *instance) {
    struct probe **at = &instance->probes;
    while (*at) {
        struct probe *probe = *at;
        if (probe->mod->pins > 1) {
            at = &probe->next;
            continue;
        }
        *at = probe->next;
        probe_free(probe);
    }
}
