/* mode - see mode.h. */
#include "mode.h"

#include <stdlib.h>

struct mode *mode_make(struct lobby *lobby, uint32_t seats_max) {
    struct mode *mode = calloc(1, sizeof *mode);
    if (!mode) return NULL;
    mode->lobby = lobby;
    mode->seats_max = seats_max < SYNC_SEATS_MAX ? seats_max : SYNC_SEATS_MAX;
    return mode;
}

void mode_forget(struct mode *mode) {
    if (!mode) return;
    sync_destroy(mode->sync);
    free(mode->deltas);
    mode->sync = NULL;
    mode->deltas = NULL;
    mode->is_declared = false;
}

void mode_free(struct mode *mode) {
    mode_forget(mode);
    free(mode);
}

static bool owns_everything(const struct script *script) {
    return script->realm->kind == REALM_MATCH && script->mod->kind == MOD_MODE &&
           !script->mod->base;
}

struct mode *mode_of(const struct script *script) {
    return owns_everything(script) ? script->realm->lobby->mode : NULL;
}

struct script *mode_script(const struct mode *mode) {
    const struct realm *realm = &mode->lobby->match;
    struct script *script = realm->script_count ? realm->scripts[0] : NULL;
    return script && script->sandbox && owns_everything(script) ? script : NULL;
}

void mode_keep(const struct script *script) {
    struct mode *mode = mode_of(script);
    if (mode && mode->sync) sync_keep(mode->sync);
}

void mode_back(const struct script *script) {
    struct mode *mode = mode_of(script);
    if (mode && mode->sync) sync_back(mode->sync);
}

void mode_traits_read(struct script *script, struct mode_traits *traits) {
    const struct mode *mode = mode_of(script);
    if (!mode) return;
    traits->is_private = mode->is_private;
    if (mode->sync) traits->sync_json = sync_schema_json(&mode->sync->schema);
}
