/* probe - see probe.h. */
#include "probe.h"
#include "trial.h"

#include <stdlib.h>
#include <string.h>

static struct probe *find(const struct instance *instance, const struct mod *mod) {
    struct probe *probe = instance->probes;
    while (probe && strcmp(probe->mod->hash, mod->hash) != 0) probe = probe->next;
    return probe;
}

const struct probe *probe_find(const struct instance *instance, const struct mod *mod) {
    return find(instance, mod);
}

int probe_realms(const struct instance *instance, const struct mod *mod) {
    const struct probe *probe = find(instance, mod);
    return probe ? probe->realms : 0;
}

struct mod *probe_find_version(struct lobby *lobby, const char *id, const char *hash) {
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

struct probe *probe_take(struct instance *instance, struct mod *mod) {
    struct probe *probe = find(instance, mod);
    if (!probe) probe = probe_add(instance, mod);
    if (probe) hold(probe, mod);
    return probe;
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

void probes_free(struct instance *instance) {
    trial_renew(instance);
    while (instance->probes) {
        struct probe *next = instance->probes->next;
        probe_free(instance->probes);
        instance->probes = next;
    }
}

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
