/* saved_match - see saved_match.h. */
#include "saved_match.h"
#include "mode.h"
#include "objects.h"
#include "permissions.h"
#include "players.h"
#include "probe.h"
#include "realm_scripts.h"
#include "reload.h"
#include "start.h"
#include "state.h"
#include "whole.h"

#include <stdlib.h>
#include <string.h>

enum { LAST_GOOD_BYTES_MAX = 16384 }; /* of a larger one the state itself is the last good one */

enum script_flag {
    FLAG_RUNS = 1,
    FLAG_RESTARTS = 2, /* it was stopped, and begins anew with the next tick */
    FLAG_REVERTS = 4,  /* its old code comes back then */
    FLAG_LAST_GOOD = 8,
};

/* ---- save ------------------------------------------------------------------------------------ */

static void save_quota(const struct quota *quota, struct muster_writer *out) {
    muster_put_u8(out, quota->is_begun);
    muster_put_i64(out, quota->left);
    muster_put_u32(out, quota->tick);
}

static void save_realm(const struct realm *realm, struct muster_writer *out) {
    muster_put_u32(out, realm->tick);
    muster_put_u64(out, realm->now_ms);
    muster_put_u64(out, realm->calls);
    muster_put_u8(out, realm->is_mode_lost);
    save_quota(&realm->commands, out);
    save_quota(&realm->answers_quota, out);
    objects_save(realm, out);
    muster_put_u8(out, realm->message_count);
    for (uint32_t i = 0; i < realm->message_count; i++) {
        muster_put_str(out, realm->messages[i].name);
        muster_put_u32(out, realm->messages[i].len);
        muster_put_bytes(out, realm->messages[i].bytes, realm->messages[i].len);
    }
}

static void save_bytes(const void *bytes, uint32_t len, struct muster_writer *out) {
    muster_put_u32(out, len);
    muster_put_bytes(out, bytes, len);
}

static void save_script(struct script *script, struct muster_writer *out) {
    static uint8_t bytes[WHOLE_BYTES_MAX];
    uint32_t flags = (script->sandbox ? FLAG_RUNS : 0) | (script->restart_due ? FLAG_RESTARTS : 0) |
                     (script->revert_due ? FLAG_REVERTS : 0) |
                     (script->saved_len <= LAST_GOOD_BYTES_MAX ? FLAG_LAST_GOOD : 0);
    muster_put_str(out, script->mod->id);
    muster_put_str(out, script->mod->hash);
    muster_put_str(out, script->before ? script->before->hash : "");
    muster_put_u64(out, script->before ? script->trial_until : 0);
    muster_put_u8(out, flags);
    muster_put_u32(out, script->kills);
    muster_put_u32(out, script->error_count);
    muster_put_u64(out, script->error_since_ms);
    save_bytes(bytes, whole_save(script, bytes, sizeof bytes), out);
    save_bytes(script->saved, flags & FLAG_LAST_GOOD ? script->saved_len : 0, out);
}

void saved_match_write(struct lobby *lobby, struct muster_writer *out) {
    struct realm *realm = &lobby->match;
    save_realm(realm, out);
    muster_put_u8(out, realm->script_count);
    for (uint32_t i = 0; i < realm->script_count; i++) save_script(realm->scripts[i], out);
}

/* ---- load: the realm ------------------------------------------------------------------------- */

/* What counts on while the scripts begin. */
struct counted {
    uint64_t calls; /* by which the log names an entry */
    bool is_mode_lost;
    struct quota commands, answers;
};

static void load_quota(struct quota *quota, struct muster_reader *in) {
    quota->is_begun = muster_get_u8(in) & 1;
    quota->left = muster_get_i64(in);
    quota->tick = muster_get_u32(in);
}

static bool load_messages(struct realm *realm, struct muster_reader *in) {
    uint32_t count = muster_get_u8(in);
    realm_messages_drop(realm); /* of the start that was just made */
    for (uint32_t i = 0; i < count; i++) {
        char name[sizeof realm->messages[0].name];
        muster_get_str(in, name, sizeof name);
        uint32_t len = muster_get_u32(in);
        const uint8_t *bytes = muster_get_bytes(in, len);
        if (!bytes || in->overflow || !realm_emit(realm, name, bytes, len)) return false;
    }
    return !in->overflow;
}

/* The time comes before timers begin. */
static bool load_realm(struct realm *realm, struct muster_reader *in, struct counted *counted) {
    realm->tick = muster_get_u32(in);
    realm->now_ms = muster_get_u64(in);
    counted->calls = muster_get_u64(in);
    counted->is_mode_lost = muster_get_u8(in) & 1;
    load_quota(&counted->commands, in);
    load_quota(&counted->answers, in);
    objects_load(realm, in);
    return load_messages(realm, in);
}

/* Nobody joins a match that goes on from a saved state: they are in. */
static void seat_players(struct realm *realm) {
    const struct muster_host_match *match = realm_host(realm)->match;
    struct muster_seat_info row = {.size = sizeof row};
    for (uint32_t seat = 0; seat < MUSTER_SEATS_MAX; seat++)
        if (match->seat_get(realm_self(realm), realm->match, seat, &row) == MUSTER_OK)
            players_seat(realm, seat);
}

/* ---- load: a script -------------------------------------------------------------------------- */

static void remove_from(struct realm *realm, uint32_t index) {
    while (realm->script_count > index)
        realm_remove(realm, realm->scripts[realm->script_count - 1]);
}

static struct mod *find_mod(struct lobby *lobby, const char *id, const char *hash) {
    struct mod *mod = probe_find_version(lobby, id, hash);
    if (!mod || strcmp(mod->id, id) == 0) return mod;
    mod_unpin(mod);
    return NULL;
}

/* The script that began there, when it has this code; else one in its place that has not begun: its
 * start with the saved state is the only one, so that nothing of init happens again. */
static struct script *script_of_code(struct lobby *lobby, uint32_t index, const char *id,
                                     const char *hash) {
    struct realm *realm = &lobby->match;
    const struct mod *here = index < realm->script_count ? realm->scripts[index]->mod : NULL;
    if (here && strcmp(here->id, id) == 0 && strcmp(here->hash, hash) == 0)
        return realm->scripts[index];
    struct mod *mod = find_mod(lobby, id, hash);
    if (!mod) return NULL;
    remove_from(realm, index);
    if (index == 0) mode_forget(lobby->mode);
    struct script *script = lobby_match_put(lobby, mod, permissions_granted(lobby->instance, mod));
    mod_unpin(mod);
    return script;
}

static bool load_trial(struct script *script, const char *hash, uint64_t until) {
    struct lobby *lobby = script->realm->lobby;
    mod_unpin(script->before);
    script->before = NULL;
    if (!hash[0]) return true;
    struct mod *before = find_mod(lobby, script->mod->id, hash);
    if (!before) return false;
    script_try(script, before, permissions_granted(lobby->instance, before));
    script->trial_until = until;
    mod_unpin(before);
    return true;
}

static muster_status load_life(struct script *script, uint32_t flags, struct muster_bytes whole,
                               struct muster_bytes last_good) {
    muster_status status = MUSTER_OK;
    script_stop_sandbox(script);
    if (flags & FLAG_RUNS && !whole.len) /* its state could not be kept just then */
        status =
            script_start(script, last_good.len ? last_good.data : NULL, (uint32_t)last_good.len);
    else if (flags & FLAG_RUNS)
        status = whole_load(script, whole.data, (uint32_t)whole.len, true);
    if (!status && flags & FLAG_LAST_GOOD)
        (void)script_remember(script, last_good.data, last_good.len);
    script->restart_due |= (flags & FLAG_RESTARTS) != 0;
    script->revert_due |= (flags & FLAG_REVERTS) != 0;
    return status;
}

static struct muster_bytes get_bytes(struct muster_reader *in) {
    uint32_t len = muster_get_u32(in);
    return (struct muster_bytes){muster_get_bytes(in, len), len};
}

static muster_status load_script(struct lobby *lobby, uint32_t index, struct muster_reader *in) {
    char id[MOD_ID_MAX + 1], hash[MOD_HASH_MAX], before[MOD_HASH_MAX];
    muster_get_str(in, id, sizeof id);
    muster_get_str(in, hash, sizeof hash);
    muster_get_str(in, before, sizeof before);
    uint64_t trial_until = muster_get_u64(in);
    uint32_t flags = muster_get_u8(in), kills = muster_get_u32(in), errors = muster_get_u32(in);
    uint64_t errors_since_ms = muster_get_u64(in);
    struct muster_bytes whole = get_bytes(in), last_good = get_bytes(in);
    if (in->overflow) return MUSTER_INVALID;
    struct script *script = script_of_code(lobby, index, id, hash);
    if (!script || !load_trial(script, before, trial_until)) return MUSTER_CONFLICT;
    muster_status status = load_life(script, flags, whole, last_good);
    script->kills = kills;
    script->error_count = errors;
    script->error_since_ms = errors_since_ms;
    return status;
}

muster_status saved_match_read(struct lobby *lobby, struct muster_reader *in) {
    struct realm *realm = &lobby->match;
    muster_status status = MUSTER_OK;
    struct counted counted;
    if (!load_realm(realm, in, &counted)) return MUSTER_INVALID;
    uint32_t count = muster_get_u8(in);
    if (!realm->match.value) return count ? MUSTER_INVALID : MUSTER_OK;
    seat_players(realm);
    for (uint32_t i = 0; !status && i < count; i++) status = load_script(lobby, i, in);
    remove_from(realm, count);
    realm->calls = counted.calls;
    realm->is_mode_lost = counted.is_mode_lost;
    realm->commands = counted.commands;
    realm->answers_quota = counted.answers;
    return status;
}
