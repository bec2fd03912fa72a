/* lobby - which scripts a lobby has, and when they come and go; see lobby.h. roles.c asks them. */
#include "lobby.h"
#include "ask.h"
#include "mode_lost.h"
#include "note.h"
#include "permissions.h"
#include "probe.h"
#include "realm_scripts.h"
#include "reload.h"
#include "report.h"
#include "settings.h"
#include "start.h"
#include "turns.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES_MAX = 2048, KEY_BYTES_MAX = 96 };

struct lobby *lobby_find(const struct instance *instance, muster_lobby_id id) {
    struct lobby *lobby = instance->lobbies;
    while (lobby && !MUSTER_ID_SAME(lobby->id, id)) lobby = lobby->next;
    return lobby;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* The setting "rules" as a list: fn for each id. */
static void each_chosen(const struct lobby *lobby, void (*fn)(void *user, const char *id),
                        void *user) {
    char text[LIST_BYTES_MAX];
    const char *json = settings_read_json(&lobby->lobby, "rules", text, sizeof text);
    json_t *list = json ? json_loads(json, 0, NULL) : NULL;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (json_is_string(item)) fn(user, json_string_value(item));
    json_decref(list);
}

/* ---- the lobby realm ------------------------------------------------------------------------- */

struct wish {
    struct lobby *lobby;
    const char *mode; /* of the lobby, or null */
    char ids[REALM_SCRIPTS_MAX][MOD_ID_MAX + 1];
    uint32_t id_count;
    struct mod *mods[REALM_SCRIPTS_MAX];
    uint32_t count;
};

static void on_chosen(void *user, const char *id) {
    struct wish *wish = user;
    const struct mod *mod = mods_find(wish->lobby->instance->mods, id);
    if (!mod || mod->kind != MOD_RULE || wish->id_count == REALM_SCRIPTS_MAX) return;
    strcpy(wish->ids[wish->id_count++], mod->id);
}

/* Those of them that hook something in the realm; a mode comes first. */
static void wish_add(struct wish *wish, struct mod *mod, int realm) {
    if (wish->count == REALM_SCRIPTS_MAX) return;
    if (!(probe_realms(wish->lobby->instance, mod) & realm)) return;
    uint32_t at = mod->kind == MOD_MODE ? 0 : wish->count;
    memmove(&wish->mods[at + 1], &wish->mods[at], (wish->count - at) * sizeof *wish->mods);
    wish->mods[at] = mod;
    wish->count++;
}

/* The mode, the rules that were chosen and what they need, in the order of the set; then uploads.
 */
static void collect(struct wish *wish, int realm) {
    struct lobby *lobby = wish->lobby;
    const char *ids[REALM_SCRIPTS_MAX + 1];
    struct mod *mods[REALM_SCRIPTS_MAX];
    struct mod_error wrong;
    uint32_t id_count = 0, count = 0;
    if (wish->mode) ids[id_count++] = wish->mode;
    each_chosen(lobby, on_chosen, wish);
    for (uint32_t i = 0; i < wish->id_count; i++) ids[id_count++] = wish->ids[i];
    if (id_count && mods_choose(lobby->instance->mods, ids, id_count, mods, REALM_SCRIPTS_MAX,
                                &count, &wrong)) {
        report_to_host(lobby, wish->id_count ? wish->ids[0] : "", wrong.text);
        count = 0;
    }
    for (uint32_t i = 0; i < count; i++) wish_add(wish, mods[i], realm);
    for (uint32_t i = 0; i < lobby->upload_count; i++) wish_add(wish, lobby->uploads[i], realm);
}

/* Null: the game mode is no mod. */
static const char *mode_id(const struct instance *instance, const char *game_mode) {
    const struct mod *mode = mods_find(instance->mods, game_mode);
    return mode && mode->kind == MOD_MODE ? mode->id : NULL;
}

/* Of a server's mod any code will do: what is newer comes by a reload, and may have been sent back.
 */
static bool is_wished(const struct wish *wish, const struct mod *mod) {
    for (uint32_t i = 0; i < wish->count; i++)
        if (wish->mods[i] == mod || (!mod->is_upload && strcmp(wish->mods[i]->id, mod->id) == 0))
            return true;
    return false;
}

/* before: what comes back if it fails on trial; or null. */
static void start_script(struct realm *realm, struct mod *mod, uint32_t granted, struct mod *before,
                         uint32_t granted_before) {
    struct script *script = realm_add(realm, mod, granted);
    if (script && before) script_try(script, before, granted_before);
    if (!script || script_start(script, NULL, 0) == MUSTER_OK) return;
    const struct probe *probe = probe_find(realm->lobby->instance, mod);
    script->shut |= probe ? probe->gates : 0; /* it may not have come as far as to say so */
    if (script->restart_due || script->revert_due || !script->realm) return;
    if (mod->kind == MOD_MODE) realm->is_mode_lost = true;
    report_disabled(script, "it did not start");
}

/* Of this mod, or null: only a mod that is replaced has a version before. */
static struct mod *version_before(struct mod *before, const struct mod *mod) {
    return before && strcmp(before->id, mod->id) == 0 ? before : NULL;
}

static void refresh(struct lobby *lobby, struct mod *before) {
    const struct instance *instance = lobby->instance;
    struct muster_lobby_info info = {.size = sizeof info};
    struct wish wish = {.lobby = lobby};
    struct realm *realm = &lobby->lobby;
    if (instance->host->lobby->get(instance->self, lobby->id, &info) == MUSTER_OK)
        wish.mode = mode_id(instance, info.game_mode); /* for what it depends on */
    collect(&wish, REALM_LOBBY);
    for (uint32_t i = realm->script_count; i-- > 0;)
        if (!is_wished(&wish, realm->scripts[i]->mod)) realm_remove(realm, realm->scripts[i]);
    for (uint32_t i = 0; i < wish.count; i++) {
        struct mod *mod = wish.mods[i], *was = version_before(before, mod);
        if (realm_find(realm, mod->id)) continue;
        start_script(realm, mod, permissions_granted(instance, mod), was,
                     was ? permissions_granted(instance, was) : 0);
    }
}

/* Those that are chosen no more go, new ones come; the others keep what they know. */
void lobby_refresh(struct lobby *lobby) {
    refresh(lobby, NULL);
}

/* For one of the lobbies that wait: there are as many posts, or more, as some may have closed. */
static void on_later(void *user) {
    const struct instance *instance = user;
    struct lobby *lobby = instance->lobbies;
    while (lobby && !lobby->refresh_posted) lobby = lobby->next;
    if (!lobby) return;
    lobby->refresh_posted = false;
    for (uint32_t i = 0; i < lobby->lobby.script_count; i++) {
        if (lobby->lobby.scripts[i]->revert_due) script_revert(lobby->lobby.scripts[i]);
        if (lobby->lobby.scripts[i]->restart_due) script_restart(lobby->lobby.scripts[i]);
    }
    lobby_refresh(lobby);
    if (lobby->lobby.message_count) turns_wake(&lobby->lobby);
}

void lobby_restart_later(struct lobby *lobby) {
    struct instance *instance = lobby->instance;
    if (lobby->refresh_posted || !lobby->id.value) return;
    lobby->refresh_posted =
        instance->host->loop->post(instance->self, on_later, instance) == MUSTER_OK;
}

void lobby_restarting(struct realm *realm, uint32_t seconds) {
    struct arg args[] = {seconds == MUSTER_RESTART_CANCELLED ? A_NIL : A_INT(seconds)};
    realm_notify(realm, EVENT_SERVER_RESTARTING, args, 1);
}

/* The lobby's own messages go out at the end of this turn, the match's with its next tick. What
 * crosses into the match steers it, so it is logged. */
bool lobby_emit(struct realm *realm, const char *name, const void *bytes, uint32_t len) {
    struct lobby *lobby = realm->lobby;
    if (realm->is_probe) return true;
    if (!realm_emit(realm, name, bytes, len)) return false;
    if (realm->kind == REALM_MATCH) return true;
    lobby_restart_later(lobby);
    return !lobby->match.match.value || note_message(&lobby->match, name, bytes, len) == MUSTER_OK;
}

/* ---- the match realm ------------------------------------------------------------------------- */

muster_status lobby_match_begin(struct lobby *lobby, const struct muster_match_info *info) {
    struct wish wish = {.lobby = lobby};
    struct realm *realm = &lobby->match;
    uint32_t seat_count = info->seats_max * 2; /* those of bots are above */
    if (seat_count > MUSTER_SEATS_MAX) seat_count = MUSTER_SEATS_MAX;
    realm->seats = calloc(seat_count, sizeof *realm->seats);
    if (!realm->seats) return MUSTER_NO_MEMORY;
    realm->seat_count = seat_count;
    lobby->seed = info->seed;
    realm->match = info->match;
    realm->is_replay = info->is_replay;
    realm->tick_rate_hz = info->tick_rate_hz;
    realm->seats_max = info->seats_max;
    snprintf(realm->game_mode, sizeof realm->game_mode, "%s", info->game_mode);
    realm_tell_idle(realm);
    wish.mode = mode_id(lobby->instance, info->game_mode);
    collect(&wish, REALM_MATCH);
    if (wish.count > 0 && note_begin(realm, wish.mods, wish.count))
        lobby->instance->host->log->write(lobby->instance->self, MUSTER_LOG_ERROR,
                                          "the scripts of a match could not be logged");
    return MUSTER_OK;
}

static void set_version(const struct realm *realm, const struct mod *mod) {
    char name[MOD_ID_MAX + 8], version[64];
    snprintf(name, sizeof name, "mod:%s", mod->id);
    snprintf(version, sizeof version, "%.40s+%.8s", mod->version, mod->hash);
    (void)realm_host(realm)->match->version_set(realm_self(realm), realm->match, name, version);
}

struct script *lobby_match_put(struct lobby *lobby, struct mod *mod, uint32_t granted) {
    set_version(&lobby->match, mod);
    return realm_add(&lobby->match, mod, granted);
}

void lobby_match_add(struct lobby *lobby, struct mod *mod, uint32_t granted) {
    set_version(&lobby->match, mod);
    start_script(&lobby->match, mod, granted, NULL, 0);
}

void lobby_match_reload(struct lobby *lobby, struct mod *mod, uint32_t granted, struct mod *before,
                        uint32_t granted_before) {
    struct script *script = realm_find(&lobby->match, mod->id);
    set_version(&lobby->match, mod);
    if (script)
        script_reload(script, mod, granted);
    else
        start_script(&lobby->match, mod, granted, before, granted_before);
}

/* Uploads that came meanwhile wait for the next match. */
static void reload_match(struct lobby *lobby, const struct mod *mod, struct mod *before) {
    struct wish wish = {.lobby = lobby};
    struct realm *realm = &lobby->match;
    const struct script *script = realm_find(realm, mod->id);
    if (!lobby->id.value || !realm->match.value) return;
    if (script && script->mod != mod) (void)note_reload(realm, mod, before);
    wish.mode = mode_id(lobby->instance, realm->game_mode);
    collect(&wish, REALM_MATCH);
    for (uint32_t i = 0; i < wish.count; i++)
        if (!wish.mods[i]->is_upload && !realm_find(realm, wish.mods[i]->id))
            (void)note_reload(realm, wish.mods[i], version_before(before, wish.mods[i]));
}

void lobby_reload(struct lobby *lobby, struct mod *mod, struct mod *before) {
    struct script *script = realm_find(&lobby->lobby, mod->id);
    if (script && script->mod != mod)
        script_reload(script, mod, permissions_granted(lobby->instance, mod));
    if (lobby->id.value) refresh(lobby, before);
    reload_match(lobby, mod, before);
}

static bool is_limited(const struct realm *realm, const char *key) {
    char text[32];
    const char *json = settings_read_json(realm, key, text, sizeof text);
    return json && strcmp(json, "0") != 0;
}

/* What is left may never end a match whose mode set the limits aside. */
void lobby_base_alone(struct realm *realm) {
    struct lobby *lobby = realm->lobby;
    realm->is_mode_lost = false;
    if (lobby->mode || is_limited(realm, "timeLimit") || is_limited(realm, "killLimit")) return;
    mode_lost_end(realm);
    if (!realm->is_replay)
        (void)realm_host(realm)->lobby->chat(
            realm_self(realm), lobby->id,
            "The game mode has failed, so the match ends by its score.");
}

/* ---- storage --------------------------------------------------------------------------------- */

static bool is_used(const struct realm *realm, const struct storage_space *space) {
    for (uint32_t i = 0; i < realm->script_count; i++)
        if (realm->scripts[i]->space == space) return true;
    return false;
}

/* As many ids as there are uploads at a time: another one gets the place of one that is gone,
 * without its values. Null: those that were removed play on in a match. */
static struct upload_space *slot_of(struct lobby *lobby, const char *id) {
    struct upload_space *end = lobby->spaces + LOBBY_UPLOADS_MAX;
    for (struct upload_space *slot = lobby->spaces; slot < end; slot++)
        if (slot->space && strcmp(slot->id, id) == 0) return slot;
    for (struct upload_space *slot = lobby->spaces; slot < end; slot++) {
        if (slot->space &&
            (is_used(&lobby->lobby, slot->space) || is_used(&lobby->match, slot->space)))
            continue;
        storage_space_destroy(slot->space);
        slot->space = storage_space_create(&lobby->instance->storage_limits);
        strcpy(slot->id, id);
        return slot;
    }
    return NULL;
}

struct storage_space *lobby_space(struct lobby *lobby, const struct mod *mod) {
    const struct instance *instance = lobby->instance;
    const struct tester *tester = instance->tester;
    if (tester) return tester->space(tester->user, mod->id);
    if (!mod->is_upload) return storage_space(instance->storage, mod->id);
    const struct upload_space *slot = slot_of(lobby, mod->id);
    return slot ? slot->space : NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct lobby *lobby_create(struct instance *instance, muster_lobby_id id) {
    struct lobby *lobby = calloc(1, sizeof *lobby);
    if (!lobby) return NULL;
    lobby->instance = instance;
    lobby->id = id;
    realm_init(&lobby->lobby, lobby, REALM_LOBBY);
    realm_init(&lobby->match, lobby, REALM_MATCH);
    lobby->next = instance->lobbies;
    instance->lobbies = lobby;
    return lobby;
}

void lobby_destroy(struct lobby *lobby) {
    if (!lobby) return;
    struct lobby **at = &lobby->instance->lobbies;
    while (*at && *at != lobby) at = &(*at)->next;
    if (*at) *at = lobby->next;
    realm_deinit(&lobby->match);
    realm_deinit(&lobby->lobby);
    for (uint32_t i = 0; i < lobby->upload_count; i++) mod_unpin(lobby->uploads[i]);
    for (int i = 0; i < LOBBY_UPLOADS_MAX; i++) storage_space_destroy(lobby->spaces[i].space);
    free(lobby->draft);
    free(lobby);
}
