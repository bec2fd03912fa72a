/* access.c - who may come in: password, invitations, allow list, bans. */
#include "private.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t now_ms(const struct lobby *lobby) {
    return lobby->instance->host->loop->now_ms(lobby->instance->self);
}

/* ---- tables ---------------------------------------------------------------------------------- */

bool access_invitations_make(struct lobby *lobby) {
    if (!lobby->invitations)
        lobby->invitations = calloc(INVITATIONS_MAX, sizeof *lobby->invitations);
    return lobby->invitations != NULL;
}

bool access_bans_make(struct lobby *lobby) {
    if (!lobby->bans) lobby->bans = calloc(BANS_MAX, sizeof *lobby->bans);
    return lobby->bans != NULL;
}

bool access_allowed_make(struct lobby *lobby) {
    if (!lobby->allowed) lobby->allowed = calloc(ALLOWED_MAX, sizeof *lobby->allowed);
    return lobby->allowed != NULL;
}

static void wipe(void *table, size_t size) {
    if (table) sodium_memzero(table, size);
    free(table);
}

void access_free(struct lobby *lobby) {
    wipe(lobby->invitations, INVITATIONS_MAX * sizeof *lobby->invitations);
    wipe(lobby->bans, BANS_MAX * sizeof *lobby->bans);
    wipe(lobby->allowed, ALLOWED_MAX * sizeof *lobby->allowed);
    wipe(lobby, sizeof *lobby);
}

/* ---- password -------------------------------------------------------------------------------- */

/* A fast one, since each try costs the loop; its key, of this lobby alone, stays beside it. Who can
 * read either can read the lobby's resume tokens, too. */
static void hash(const struct lobby *lobby, const char *password, uint8_t out[HASH_BYTES]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, lobby->hash_key, HASH_BYTES, HASH_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)password, strlen(password));
    crypto_generichash_final(&state, out, HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

void access_password_set(struct lobby *lobby, const char *password) {
    lobby->has_password = password[0] != '\0';
    hash(lobby, password, lobby->password_hash);
    access_tell_matching(lobby);
}

/* Each try counts, a right one, too, or the limit would tell. Nothing is counted for the lobby as a
 * whole: what a stranger does keeps nobody else out. Zero: it may be tried; else how long to wait.
 */
static uint32_t tries_wait_ms(const struct lobby *lobby, muster_player_id player) {
    struct instance *instance = lobby->instance;
    const struct limits *limits = &instance->limits;
    uint32_t wait_ms = 0;
    muster_status status = instance->host->player->try_take(
        instance->self, player, "password", limits->player_tries_per_minute,
        limits->address_tries_per_minute, &wait_ms);
    return status && !wait_ms ? 1000 : wait_ms;
}

static muster_verdict decide_password(const struct lobby *lobby, const struct muster_action *action,
                                      char *reason, uint32_t cap) {
    uint8_t given[HASH_BYTES];
    if (!action->value[0])
        return reject(action, reason, cap, "password_needed", "this lobby has a password");
    uint32_t wait_ms = tries_wait_ms(lobby, action->player);
    if (wait_ms) {
        if (action->refusal) action->refusal->retry_after_ms = wait_ms;
        return reject(action, reason, cap, "too_many_tries", "too many tries of passwords");
    }
    hash(lobby, action->value, given);
    if (sodium_memcmp(given, lobby->password_hash, HASH_BYTES) == 0) return MUSTER_ACCEPT;
    return reject(action, reason, cap, "password_wrong", "the password is wrong");
}

/* ---- invitations ----------------------------------------------------------------------------- */

static bool is_alive(const struct lobby *lobby, const struct invitation *invitation) {
    return invitation->expires_ms > now_ms(lobby);
}

static uint32_t count_invitations(const struct lobby *lobby, const char *by) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++)
        count +=
            is_alive(lobby, &lobby->invitations[i]) && strcmp(lobby->invitations[i].by, by) == 0;
    return count;
}

/* A free one; for a host also that of a member's invitation, of these the one that ends first. */
static struct invitation *find_place(struct lobby *lobby, bool for_host) {
    struct invitation *place = NULL;
    if (!access_invitations_make(lobby)) return NULL;
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++) {
        struct invitation *one = &lobby->invitations[i];
        if (!is_alive(lobby, one)) return one;
        bool sooner = !place || one->expires_ms < place->expires_ms;
        if (for_host && one->by[0] && sooner) place = one;
    }
    return place;
}

struct invitation *access_invite(struct lobby *lobby, const char *by, const char *player_key,
                                 uint32_t life_s) {
    struct instance *instance = lobby->instance;
    if (by[0] && count_invitations(lobby, by) >= INVITATIONS_PER_MEMBER) return NULL;
    if (player_key[0]) (void)access_revoke(lobby, player_key, "");
    struct invitation *place = find_place(lobby, !by[0]);
    if (!place) return NULL;
    *place = (struct invitation){.expires_ms = now_ms(lobby) + life_s * 1000ull};
    place->expires_at_ms = instance->host->loop->unix_ms(instance->self) + life_s * 1000ll;
    snprintf(place->player_key, sizeof place->player_key, "%s", player_key);
    snprintf(place->by, sizeof place->by, "%s", by);
    if (player_key[0]) return place;
    uint8_t random[16];
    instance->host->loop->random(instance->self, random, sizeof random);
    memcpy(place->token, "i.", 2);
    sodium_bin2base64(place->token + 2, sizeof place->token - 2, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return place;
}

static bool token_equal(const struct invitation *invitation, const char *token) {
    return invitation->token[0] && strlen(token) == TOKEN_BYTES - 1 &&
           sodium_memcmp(invitation->token, token, TOKEN_BYTES) == 0;
}

uint32_t access_revoke(struct lobby *lobby, const char *player_key, const char *token) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++) {
        struct invitation *invitation = &lobby->invitations[i];
        bool meant = (player_key[0] && strcmp(invitation->player_key, player_key) == 0) ||
                     (token[0] && token_equal(invitation, token));
        if (!meant || !is_alive(lobby, invitation)) continue;
        *invitation = (struct invitation){0};
        count++;
    }
    return count;
}

/* 1: a good one; -1: one that has expired. */
static int find_invitation(const struct lobby *lobby, const char *player_key, const char *token) {
    int found = 0;
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++) {
        const struct invitation *invitation = &lobby->invitations[i];
        bool meant = token_equal(invitation, token) ||
                     (invitation->player_key[0] && strcmp(invitation->player_key, player_key) == 0);
        if (!invitation->expires_ms || !meant) continue;
        if (is_alive(lobby, invitation)) return 1;
        found = -1;
    }
    return found;
}

/* ---- allow list, bans ------------------------------------------------------------------------ */

void access_allowed_set(struct lobby *lobby, struct muster_json list) {
    struct muster_json_walk walk = muster_json_walk_make(list);
    char key[MUSTER_PLAYER_KEY_MAX];
    lobby->allowed_count = 0;
    lobby->is_listed = false;
    while (lobby->allowed_count < ALLOWED_MAX && muster_json_next(&walk)) {
        if (!muster_json_get_text(walk.value, key, sizeof key) || !key[0]) continue; /* nobody's */
        lobby->is_listed = true; /* also where there is no memory for whom: nobody comes in then */
        if (access_allowed_make(lobby))
            memcpy(lobby->allowed[lobby->allowed_count++], key, sizeof key);
    }
    access_tell_matching(lobby);
}

static bool is_allowed(const struct lobby *lobby, const char *player_key) {
    for (uint32_t i = 0; i < lobby->allowed_count; i++)
        if (strcmp(lobby->allowed[i], player_key) == 0) return true;
    return false;
}

static struct ban *find_ban(struct lobby *lobby, const char *player_key) {
    for (uint32_t i = 0; i < lobby_bans_end(lobby); i++) {
        struct ban *ban = &lobby->bans[i];
        if (ban->until_ms && ban->until_ms <= now_ms(lobby)) *ban = (struct ban){0};
        if (strcmp(ban->player_key, player_key) == 0) return ban;
    }
    return NULL;
}

bool access_ban(struct lobby *lobby, const char *player_key, const char *reason, uint32_t life_s) {
    const struct instance *instance = lobby->instance;
    if (!access_bans_make(lobby)) return false;
    struct ban *ban = find_ban(lobby, player_key);
    if (!ban) ban = find_ban(lobby, "");
    if (!ban) return false;
    *ban = (struct ban){0};
    if (life_s) {
        ban->until_ms = now_ms(lobby) + life_s * 1000ull;
        ban->until_at_ms = instance->host->loop->unix_ms(instance->self) + life_s * 1000ll;
    }
    snprintf(ban->player_key, sizeof ban->player_key, "%s", player_key);
    snprintf(ban->reason, sizeof ban->reason, "%s", reason);
    (void)access_revoke(lobby, player_key, "");
    return true;
}

bool access_unban(struct lobby *lobby, const char *player_key) {
    struct ban *ban = find_ban(lobby, player_key);
    if (!ban) return false;
    *ban = (struct ban){0};
    return true;
}

/* ---- the question ---------------------------------------------------------------------------- */

static muster_verdict decide_stranger(struct lobby *lobby, const struct muster_action *action,
                                      const char *player_key, char *reason, uint32_t cap) {
    int invited = find_invitation(lobby, player_key, action->value);
    if (invited > 0 || is_allowed(lobby, player_key)) return MUSTER_ACCEPT;
    if (invited < 0)
        return reject(action, reason, cap, "invitation_expired", "the invitation has expired");
    if (lobby->is_listed)
        return reject(action, reason, cap, "not_invited", "this lobby is for invited players");
    return lobby->has_password ? decide_password(lobby, action, reason, cap) : MUSTER_PASS;
}

muster_verdict access_decide(struct lobby *lobby, const struct muster_lobby_info *info,
                             const struct muster_action *action, char *reason, uint32_t cap) {
    const struct instance *instance = lobby->instance;
    struct muster_player_info player = {.size = sizeof player};
    if (MUSTER_ID_SAME(info->host, action->player)) return MUSTER_ACCEPT;
    if (instance->host->player->get(instance->self, action->player, &player) != MUSTER_OK)
        return MUSTER_PASS;
    const struct ban *ban = find_ban(lobby, player.player_key);
    if (ban)
        return reject(action, reason, cap, "banned", "you are banned from this lobby%s%s",
                      ban->reason[0] ? ": " : "", ban->reason);
    if (action->kind == MUSTER_ACTION_SPECTATE && !lobby_bool(lobby, "allowSpectators"))
        return reject(action, reason, cap, "no_spectators", "this lobby has no spectators");
    if (action->kind == MUSTER_ACTION_JOIN && info->state == MUSTER_LOBBY_ACTIVE &&
        !lobby_bool(lobby, "lateJoin"))
        return reject(action, reason, cap, "no_late_join", "nobody joins while the match runs");
    if (MUSTER_ID_SAME(player.lobby, lobby->id))
        return MUSTER_PASS; /* in already: changes the place */
    return decide_stranger(lobby, action, player.player_key, reason, cap);
}

void access_tell_matching(const struct lobby *lobby) {
    const struct instance *instance = lobby->instance;
    bool open = !lobby->has_password && !lobby->is_listed && lobby_bool(lobby, "lateJoin");
    (void)instance->host->lobby->matched_set(instance->self, lobby->id, open);
}

int64_t access_left_ms(const struct lobby *lobby, uint64_t end_ms) {
    return (int64_t)(end_ms - now_ms(lobby));
}

static const char *text_or_null(const char *text) {
    return text[0] ? text : NULL;
}

static void put_invitations(const struct lobby *lobby, struct muster_json_writer *json) {
    muster_json_open_array(json, "invitations");
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++) {
        const struct invitation *one = &lobby->invitations[i];
        if (!is_alive(lobby, one)) continue;
        muster_json_open_object(json, NULL);
        muster_json_put_text(json, "playerId", text_or_null(one->player_key));
        muster_json_put_text(json, "invitation", text_or_null(one->token));
        muster_json_put_int(json, "expiresAt", one->expires_at_ms);
        muster_json_put_int(json, "expiresInMs", access_left_ms(lobby, one->expires_ms));
        muster_json_close(json);
    }
    muster_json_close(json);
}

static void put_bans(const struct lobby *lobby, struct muster_json_writer *json) {
    muster_json_open_array(json, "bans");
    for (uint32_t i = 0; i < lobby_bans_end(lobby); i++) {
        const struct ban *ban = &lobby->bans[i];
        if (!ban->player_key[0] || (ban->until_ms && ban->until_ms <= now_ms(lobby))) continue;
        muster_json_open_object(json, NULL);
        muster_json_put_text(json, "playerId", ban->player_key);
        muster_json_put_text(json, "reason", ban->reason);
        if (ban->until_ms) {
            muster_json_put_int(json, "until", ban->until_at_ms);
            muster_json_put_int(json, "endsInMs", access_left_ms(lobby, ban->until_ms));
        } else {
            muster_json_put_null(json, "until");
            muster_json_put_null(json, "endsInMs");
        }
        muster_json_close(json);
    }
    muster_json_close(json);
}

void access_put(const struct lobby *lobby, struct muster_json_writer *json) {
    muster_json_put_bool(json, "hasPassword", lobby->has_password);
    muster_json_open_array(json, "allowedPlayers");
    for (uint32_t i = 0; i < lobby->allowed_count; i++)
        muster_json_put_text(json, NULL, lobby->allowed[i]);
    muster_json_close(json);
    put_invitations(lobby, json);
    put_bans(lobby, json);
}
