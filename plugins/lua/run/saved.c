/* saved - see saved.h. */
#include "saved.h"
#include "permissions.h"
#include "probe.h"
#include "realm_scripts.h"
#include "reload.h"
#include "report.h"
#include "whole.h"

#include <string.h>

enum { TRIES_MAX = 3 };

/* ---- save ------------------------------------------------------------------------------------ */

static void save_upload(const struct mod *mod, struct muster_writer *out) {
    muster_put_str(out, mod->name);
    muster_put_u32(out, (uint32_t)mod->files[0].len);
    muster_put_bytes(out, mod->files[0].text, (uint32_t)mod->files[0].len);
}

static void save_script(struct script *script, struct muster_writer *out) {
    static uint8_t bytes[WHOLE_BYTES_MAX];
    uint32_t len = whole_save(script, bytes, sizeof bytes);
    muster_put_str(out, script->mod->id);
    muster_put_str(out, script->mod->hash);
    muster_put_u32(out, len);
    muster_put_bytes(out, bytes, len);
}

void saved_write(struct lobby *lobby, struct muster_writer *out) {
    muster_put_u8(out, lobby->upload_count);
    for (uint32_t i = 0; i < lobby->upload_count; i++) save_upload(lobby->uploads[i], out);
    muster_put_u8(out, lobby->lobby.script_count);
    for (uint32_t i = 0; i < lobby->lobby.script_count; i++)
        save_script(lobby->lobby.scripts[i], out);
}

/* ---- load ------------------------------------------------------------------------------------ */

/* One that does not start is gone, and its host told. */
static void take_upload(struct lobby *lobby, struct mod *mod) {
    struct instance *instance = lobby->instance;
    char error[400];
    int tries = TRIES_MAX;
    while (instance->hooks->try_mod(instance, mod, error, sizeof error)) {
        if (--tries > 0) continue; /* the machine may be busy with other lobbies */
        report_to_host(lobby, mod->id, error);
        mod_unpin(mod);
        return;
    }
    lobby->uploads[lobby->upload_count++] = mod;
}

static muster_status load_upload(struct lobby *lobby, struct muster_reader *in) {
    const struct instance *instance = lobby->instance;
    char name[MOD_UPLOAD_NAME_MAX];
    struct mod_error wrong;
    struct mod *mod;
    muster_get_str(in, name, sizeof name);
    uint32_t len = muster_get_u32(in);
    const char *text = (const char *)muster_get_bytes(in, len);
    if (!text || !instance->uploads || len > MOD_UPLOAD_BYTES_MAX) return MUSTER_INVALID;
    if (mod_upload(name, text, len, instance->upload_permissions, &mod, &wrong))
        return MUSTER_INVALID;
    take_upload(lobby, mod);
    return MUSTER_OK;
}

/* It runs already, as it begins. Newer code takes the state over, as in a reload; of one that hooks
 * nothing here any more nothing is left. */
static muster_status load_script(struct lobby *lobby, struct muster_reader *in) {
    char id[MOD_ID_MAX + 1], hash[MOD_HASH_MAX];
    muster_get_str(in, id, sizeof id);
    muster_get_str(in, hash, sizeof hash);
    uint32_t len = muster_get_u32(in);
    const uint8_t *bytes = muster_get_bytes(in, len);
    if (in->overflow) return MUSTER_INVALID;
    struct script *script = realm_find(&lobby->lobby, id);
    if (!script || !len) return MUSTER_OK;
    bool same_code = strcmp(script->mod->hash, hash) == 0;
    struct mod *before = same_code ? NULL : probe_find_version(lobby, id, hash);
    if (before) script_try(script, before, permissions_granted(lobby->instance, before));
    mod_unpin(before);
    return whole_load(script, bytes, len, same_code);
}

muster_status saved_read(struct lobby *lobby, struct muster_reader *in) {
    muster_status status = MUSTER_OK;
    uint32_t uploads = muster_get_u8(in);
    if (uploads > LOBBY_UPLOADS_MAX) return MUSTER_INVALID;
    for (uint32_t i = 0; !status && i < uploads; i++) status = load_upload(lobby, in);
    if (!status && uploads) lobby_refresh(lobby);
    uint32_t scripts = status ? 0 : muster_get_u8(in);
    for (uint32_t i = 0; !status && i < scripts; i++) status = load_script(lobby, in);
    return status;
}
