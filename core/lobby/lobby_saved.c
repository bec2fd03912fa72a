/* Bytes read as a lobby, before anything is made of it: lobby_saved.h. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kept.h"
#include "lobby_saved.h"

#define SETTINGS_BYTES_MAX (256u << 10)

static bool get_bytes(struct muster_reader *r, struct muster_bytes *out) {
    uint32_t len = muster_get_u32(r);
    out->data = muster_get_bytes(r, len);
    out->len = out->data ? len : 0;
    return out->data != NULL;
}

static struct muster_reader reader_of(struct muster_bytes bytes) {
    return muster_reader_make(bytes.data, (uint32_t)bytes.len);
}

static bool get_json(struct muster_reader *r, json_t **out) {
    struct muster_bytes text;
    if (!get_bytes(r, &text) || text.len > SETTINGS_BYTES_MAX) return false;
    *out = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(*out);
}

static bool get_kept(struct muster_reader *r, struct kept **out) {
    struct muster_bytes bytes;
    if (!get_bytes(r, &bytes)) return false;
    struct muster_reader in = reader_of(bytes);
    return kept_load(out, &in);
}

static bool get_plugin(struct muster_reader *r, struct saved_part *out) {
    muster_get_str(r, out->instance_name, sizeof out->instance_name);
    muster_get_str(r, out->version, sizeof out->version);
    return !r->overflow && text_end_mend(out->instance_name) && text_end_mend(out->version);
}

static bool is_line(const char *text) {
    char line[MUSTER_DISPLAY_MAX];
    memcpy(line, text, strlen(text) + 1);
    return text_line_mend(line) && strcmp(line, text) == 0;
}

/* ---- members --------------------------------------------------------------------------------- */

static bool get_ticket(struct muster_reader *r, char kind, char out[TICKET_TEXT_SIZE]) {
    muster_get_str(r, out, TICKET_TEXT_SIZE);
    return !r->overflow && (!out[0] || ticket_valid(kind, out));
}

static bool read_flags(struct muster_reader *r, struct member *member) {
    uint32_t state = muster_get_u8(r), flags = muster_get_u8(r);
    member->state = state == MEMBER_RESERVED ? MEMBER_RESERVED : MEMBER_ENTERED;
    member->team_set = flags & 1;
    member->ready = flags >> 1 & 1;
    member->matched = flags >> 2 & 1;
    member->awaited = flags >> 3 & 1;
    member->owed = member->awaited || (flags >> 4 & 1);
    member->team = muster_get_u8(r);
    bool known = state == MEMBER_RESERVED || state == MEMBER_ENTERED;
    return known && flags >> 5 == 0 && !(member->owed && state == MEMBER_RESERVED);
}

static bool read_member(struct muster_reader *r, struct saved_member *out) {
    struct member *member = &out->member;
    struct member_texts *texts = member->texts = calloc(1, sizeof *texts);
    out->index = muster_get_u16(r);
    if (!texts || !read_flags(r, member)) return false;
    out->left_ms = muster_get_u64(r);
    out->ago_ms = muster_get_u64(r);
    if (!get_ticket(r, 's', texts->ticket) || !get_ticket(r, 'r', texts->resume) ||
        !get_ticket(r, 'r', texts->resume_before))
        return false;
    muster_get_str(r, texts->display_name, sizeof texts->display_name);
    if (!session_load(r, &out->session) || !is_line(texts->display_name)) return false;
    memcpy(texts->player_key, out->session.player_key, sizeof texts->player_key);
    return member->state == MEMBER_ENTERED ? texts->resume[0] : texts->ticket[0] && out->left_ms;
}

/* By index, and each player once. */
static bool is_new(const struct lobby_saved *saved, const struct saved_member *member) {
    const struct saved_member *before = member > saved->members ? member - 1 : NULL;
    for (const struct saved_member *one = saved->members; one < member; one++)
        if (strcmp(one->member.texts->player_key, member->member.texts->player_key) == 0)
            return false;
    return !before || before->index < member->index;
}

static void free_member(struct saved_member *member) {
    free(member->member.texts);
    kept_clear(&member->session.kept);
}

static bool read_members(struct muster_reader *r, struct lobby_saved *out) {
    uint32_t end = out->people_max + LOBBY_SPECTATORS_MAX, count = muster_get_u16(r);
    if (count > end) return false;
    out->members = calloc(end, sizeof *out->members);
    for (; out->members && out->member_count < count; out->member_count++) {
        struct saved_member *member = &out->members[out->member_count];
        if (!read_member(r, member) || member->index >= end || !is_new(out, member)) {
            free_member(member);
            return false;
        }
    }
    return out->members != NULL;
}

/* ---- vote, match, rules ---------------------------------------------------------------------- */

static bool read_vote(struct muster_reader *r, struct lobby_saved *out) {
    out->vote.id = muster_get_u32(r);
    if (!out->vote.id) return !r->overflow;
    out->vote.needed = muster_get_u32(r);
    const uint8_t *cast = muster_get_bytes(r, out->people_max);
    for (uint32_t i = 0; cast && i < out->people_max; i++) {
        if (cast[i] > 2) return false; /* yes and no */
        out->vote.cast[i] = cast[i];
    }
    return cast != NULL;
}

static bool read_versions(struct muster_reader *r, struct saved_match *out) {
    out->version_count = muster_get_u8(r);
    if (out->version_count > MATCH_VERSIONS_MAX) return false;
    for (uint32_t i = 0; i < out->version_count; i++) {
        muster_get_str(r, out->versions[i].name, sizeof out->versions[i].name);
        muster_get_str(r, out->versions[i].version, sizeof out->versions[i].version);
    }
    return !r->overflow;
}

static bool read_setup(struct muster_reader *r, struct saved_match *out) {
    uint32_t ended = muster_get_u8(r);
    out->ended = ended == 1;
    muster_get_str(r, out->key, sizeof out->key);
    muster_get_str(r, out->map_name, sizeof out->map_name);
    out->seed = muster_get_u64(r);
    out->tick_rate_hz = muster_get_u8(r);
    out->seats_max = muster_get_u8(r);
    out->log_position = muster_get_u32(r);
    return ended <= 1 && ticket_uuid_valid(out->key) && is_line(out->map_name) &&
           out->tick_rate_hz >= 1 && out->tick_rate_hz <= MUSTER_TICK_RATE_MAX;
}

static bool read_match(struct muster_reader *r, struct lobby_saved *out) {
    struct saved_match *match = &out->match;
    uint32_t there = muster_get_u8(r);
    match->there = there == 1;
    if (there == 0) return !r->overflow;
    if (there > 1 || !read_setup(r, match) || !get_json(r, &match->settings)) return false;
    match->victory_count = muster_get_u8(r);
    if (match->victory_count > MATCH_VICTORIES_MAX) return false;
    for (uint32_t i = 0; i < match->victory_count; i++)
        if (!get_plugin(r, &match->victories[i])) return false;
    return read_versions(r, match) && get_kept(r, &match->kept) && get_bytes(r, &match->state) &&
           get_bytes(r, &match->waiting);
}

static bool read_rules(struct muster_reader *r, struct lobby_saved *out) {
    out->rules_count = muster_get_u8(r);
    if (out->rules_count > MATCH_RULES_MAX) return false;
    for (uint32_t i = 0; i < out->rules_count; i++)
        if (!get_plugin(r, &out->rules[i]) || !get_bytes(r, &out->rules[i].state)) return false;
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Before its match, and with it, are other states. */
static bool is_state(const struct lobby_saved *saved) {
    switch (saved->state) {
    case MUSTER_LOBBY_WAITING:
    case MUSTER_LOBBY_STARTING: return !saved->match.there && !saved->vote.id;
    case MUSTER_LOBBY_ACTIVE: return saved->match.there && !saved->vote.id;
    case MUSTER_LOBBY_ENDING: return saved->match.there && saved->match.ended;
    default: return false;
    }
}

static bool read_lobby(struct muster_reader *r, struct lobby_saved *out) {
    muster_get_str(r, out->key, sizeof out->key);
    muster_get_str(r, out->region, sizeof out->region);
    muster_get_str(r, out->game_mode, sizeof out->game_mode);
    muster_get_str(r, out->code, sizeof out->code);
    muster_get_str(r, out->host_key, sizeof out->host_key);
    out->state = muster_get_u8(r);
    uint32_t flags = muster_get_u8(r);
    out->unmatched = flags & 1;
    out->forced = flags >> 1 & 1;
    out->stands = flags >> 2 & 1;
    out->people_max = muster_get_u8(r);
    out->left_ms = muster_get_u64(r);
    return flags >> 3 == 0 && ticket_uuid_valid(out->key) && is_line(out->region) &&
           (!out->code[0] || lobby_code_valid(out->code)) && is_line(out->game_mode) &&
           out->people_max <= MUSTER_PEOPLE_MAX && get_json(r, &out->settings) &&
           get_kept(r, &out->kept);
}

static bool read_tickets(struct muster_reader *r, struct lobby_saved *out) {
    out->epoch = muster_get_i64(r);
    out->saved_unix_ms = muster_get_i64(r);
    return out->epoch > 0 && out->saved_unix_ms > 0 && lobby_tickets_read(r, out);
}

bool lobby_saved_read(struct muster_reader *r, struct lobby_saved *out) {
    return read_lobby(r, out) && get_plugin(r, &out->mode) && get_plugin(r, &out->owner) &&
           read_members(r, out) && read_vote(r, out) && read_match(r, out) && read_rules(r, out) &&
           read_tickets(r, out) && is_state(out) && !r->overflow && r->pos == r->len;
}

void lobby_saved_free(struct lobby_saved *saved) {
    for (uint32_t i = 0; i < saved->member_count; i++) free_member(&saved->members[i]);
    free(saved->members);
    free(saved->tickets);
    kept_clear(&saved->kept);
    kept_clear(&saved->match.kept);
    json_decref(saved->match.settings);
    json_decref(saved->settings);
}
