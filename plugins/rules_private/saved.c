/* saved.c - what this plugin knows of a lobby, for one that is saved and goes on elsewhere: times
 * as time left, players by their key. The password goes as its keyed hash, with the key.
 */
#include "base/text.h"
#include "private.h"

#include <string.h>

enum { FORM = 1 };

#define LIFE_MS_MAX 31536000000ull /* a year: the longest that anything is given */

static uint64_t now_ms(const struct lobby *lobby) {
    return lobby->instance->host->loop->now_ms(lobby->instance->self);
}

static uint32_t count_invitations(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++)
        count += lobby->invitations[i].expires_ms > now_ms(lobby);
    return count;
}

static void save_invitation(const struct lobby *lobby, const struct invitation *one,
                            struct muster_writer *out) {
    if (one->expires_ms <= now_ms(lobby)) return;
    muster_put_u64(out, one->expires_ms - now_ms(lobby));
    muster_put_i64(out, one->expires_at_ms);
    muster_put_str(out, one->player_key);
    muster_put_str(out, one->token);
    muster_put_str(out, one->by);
}

/* Does it count still? */
static bool is_ban(const struct lobby *lobby, const struct ban *ban) {
    return ban->player_key[0] && (!ban->until_ms || ban->until_ms > now_ms(lobby));
}

static uint32_t count_bans(const struct lobby *lobby) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby_bans_end(lobby); i++) count += is_ban(lobby, &lobby->bans[i]);
    return count;
}

static void save_ban(const struct lobby *lobby, const struct ban *ban, struct muster_writer *out) {
    if (!is_ban(lobby, ban)) return;
    muster_put_str(out, ban->player_key);
    muster_put_u64(out, ban->until_ms ? ban->until_ms - now_ms(lobby) : 0);
    muster_put_i64(out, ban->until_at_ms);
    muster_put_str(out, ban->reason);
}

void saved_write(const struct lobby *lobby, struct muster_writer *out) {
    muster_put_u8(out, FORM);
    muster_put_u8(out, lobby->has_password);
    muster_put_bytes(out, lobby->hash_key, HASH_BYTES);
    muster_put_bytes(out, lobby->password_hash, HASH_BYTES);
    muster_put_u8(out, count_invitations(lobby));
    for (uint32_t i = 0; i < lobby_invitations_end(lobby); i++)
        save_invitation(lobby, &lobby->invitations[i], out);
    muster_put_u8(out, count_bans(lobby));
    for (uint32_t i = 0; i < lobby_bans_end(lobby); i++) save_ban(lobby, &lobby->bans[i], out);
    muster_put_u8(out, lobby->allowed_count);
    for (uint32_t i = 0; i < lobby->allowed_count; i++) muster_put_str(out, lobby->allowed[i]);
}

/* What others are shown, or compared with what they send. */
static void load_text(struct muster_reader *in, char *out, uint32_t size) {
    muster_get_str(in, out, size);
    text_bytes_mend(out);
}

static bool load_password(struct lobby *lobby, struct muster_reader *in) {
    uint32_t has_password = muster_get_u8(in);
    const uint8_t *key = muster_get_bytes(in, HASH_BYTES);
    const uint8_t *hash = muster_get_bytes(in, HASH_BYTES);
    if (has_password > 1 || !key || !hash) return false;
    lobby->has_password = has_password;
    memcpy(lobby->hash_key, key, HASH_BYTES);
    memcpy(lobby->password_hash, hash, HASH_BYTES);
    return true;
}

static bool load_invitations(struct lobby *lobby, struct muster_reader *in) {
    uint32_t count = muster_get_u8(in);
    if (count > INVITATIONS_MAX || (count && !access_invitations_make(lobby))) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct invitation *one = &lobby->invitations[i];
        uint64_t left_ms = muster_get_u64(in);
        one->expires_ms = now_ms(lobby) + (left_ms < LIFE_MS_MAX ? left_ms : LIFE_MS_MAX);
        one->expires_at_ms = muster_get_i64(in);
        load_text(in, one->player_key, sizeof one->player_key);
        load_text(in, one->token, sizeof one->token);
        load_text(in, one->by, sizeof one->by);
    }
    return true;
}

static bool load_bans(struct lobby *lobby, struct muster_reader *in) {
    uint32_t count = muster_get_u8(in);
    if (count > BANS_MAX || (count && !access_bans_make(lobby))) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct ban *ban = &lobby->bans[i];
        load_text(in, ban->player_key, sizeof ban->player_key);
        uint64_t left_ms = muster_get_u64(in);
        if (left_ms)
            ban->until_ms = now_ms(lobby) + (left_ms < LIFE_MS_MAX ? left_ms : LIFE_MS_MAX);
        ban->until_at_ms = muster_get_i64(in);
        load_text(in, ban->reason, sizeof ban->reason);
    }
    return true;
}

static bool load_allowed(struct lobby *lobby, struct muster_reader *in) {
    uint32_t count = muster_get_u8(in);
    if (count > ALLOWED_MAX || (count && !access_allowed_make(lobby))) return false;
    lobby->allowed_count = count;
    lobby->is_listed = count > 0;
    for (uint32_t i = 0; i < count; i++) load_text(in, lobby->allowed[i], sizeof lobby->allowed[i]);
    return true;
}

muster_status saved_read(struct lobby *lobby, struct muster_reader *in) {
    if (muster_get_u8(in) != FORM) return MUSTER_INVALID;
    bool good = load_password(lobby, in) && load_invitations(lobby, in) && load_bans(lobby, in) &&
                load_allowed(lobby, in);
    access_tell_matching(lobby);
    return good && !in->overflow ? MUSTER_OK : MUSTER_INVALID;
}
