/* trial - see trial.h. */
#include "trial.h"
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_BYTES_MAX = 1 << 18 };

static const char arena[] = "arena";

void trial_renew(struct instance *instance) {
    json_decref(instance->trial_settings);
    instance->trial_settings = NULL;
}

/* Made once: a script of strangers may ask often. Null: there is no such mode. */
static const json_t *settings_of(struct instance *instance, const char *game_mode) {
    char reason[MUSTER_REASON_MAX];
    if (instance->trial_settings && strcmp(instance->trial_mode, game_mode) == 0)
        return instance->trial_settings;
    trial_renew(instance);
    char *text = malloc(SETTINGS_BYTES_MAX);
    if (!text) return NULL;
    struct muster_writer out = muster_writer_make(text, SETTINGS_BYTES_MAX);
    if (instance->host->lobby->settings_check(instance->self, game_mode, NULL, &out, reason,
                                              sizeof reason) == MUSTER_OK)
        instance->trial_settings = json_loadb(text, out.len, 0, NULL);
    snprintf(instance->trial_mode, sizeof instance->trial_mode, "%s", game_mode);
    free(text);
    return instance->trial_settings;
}

bool trial_knows(struct instance *instance, const char *game_mode) {
    return settings_of(instance, game_mode) != NULL;
}

bool trial_has(struct instance *instance, const char *game_mode, const char *key) {
    return json_object_get(settings_of(instance, game_mode ? game_mode : arena), key) != NULL;
}

/* False: it is too long. */
static bool write_json(const json_t *value, char *out, size_t size) {
    size_t len = json_dumpb(value, out, size - 1, JSON_COMPACT | JSON_ENCODE_ANY);
    bool fits = value && len > 0 && len < size;
    if (fits) out[len] = '\0';
    return fits;
}

/* The mod's own come first, then the defaults that it gives to others'. */
const char *trial_setting(const struct realm *realm, const char *key, char *out, size_t size) {
    const struct mod *mod = realm->scripts[0]->mod;
    for (uint32_t i = 0; i < mod->setting_count; i++)
        if (strcmp(mod->settings[i].lobby_key, key) == 0) return mod->settings[i].default_json;
    json_t *defaults = mod->defaults_json ? json_loads(mod->defaults_json, 0, NULL) : NULL;
    const json_t *value = json_object_get(defaults, key);
    if (!value)
        value = json_object_get(settings_of(realm->lobby->instance, mod->base ? mod->base : arena),
                                key);
    bool written = write_json(value, out, size);
    json_decref(defaults);
    return written ? out : NULL;
}
