/* A lobby written as bytes: lobby_saved.h. */
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dump.h"
#include "ensure.h"
#include "kept.h"
#include "lobby_saved.h"
#include "loop.h"
#include "watchdog.h"

#define BODY_AT (sizeof LOBBY_SAVED_MAGIC - 1 + 4 + 8)

/* What is written between the two stands behind its length. */
static uint32_t section_begin(struct muster_writer *w) {
    muster_put_u32(w, 0);
    return w->len;
}

static void section_end(struct muster_writer *w, uint32_t begin) {
    if (w->overflow) return;
    struct muster_writer length = muster_writer_make(w->data + begin - sizeof begin, sizeof begin);
    muster_put_u32(&length, w->len - begin);
}

static void put_bytes(struct muster_writer *w, struct muster_bytes bytes) {
    muster_put_u32(w, (uint32_t)bytes.len);
    muster_put_bytes(w, bytes.data, (uint32_t)bytes.len);
}

static void put_json(struct muster_writer *w, const json_t *json) {
    uint32_t begin = section_begin(w);
    size_t len = w->overflow ? 0 : dump_json_into(json, (char *)w->data + w->len, w->cap - w->len);
    w->overflow |= len == 0;
    w->len += (uint32_t)len;
    section_end(w, begin);
}

static void put_kept(struct muster_writer *w, const struct kept *kept) {
    uint32_t begin = section_begin(w);
    kept_save(kept, w);
    section_end(w, begin);
}

static void put_plugin(struct muster_writer *w, const struct muster_self *self) {
    muster_put_str(w, self->instance_name);
    muster_put_str(w, self->version);
}

/* ---- its parts ------------------------------------------------------------------------------- */

static void put_rules(struct lobby *lobby, struct muster_writer *w) {
    muster_put_u8(w, lobby->rules_count);
    for (uint32_t i = 0; i < lobby->rules_count; i++) {
        const struct match_part *part = &lobby->rules[i];
        put_plugin(w, part->provider->self);
        uint32_t begin = section_begin(w);
        if (part->provider->rules.lobby_save) {
            plugin_enter(part->provider->self, "rules.lobby_save");
            watchdog_call_of(lobby->key);
            part->provider->rules.lobby_save(part->provider->instance, part->state, w);
            plugin_leave();
        }
        section_end(w, begin);
    }
}

static void put_member(const struct lobby *lobby, uint32_t index, struct muster_writer *w) {
    const struct member *member = &lobby->members[index];
    muster_put_u16(w, index);
    muster_put_u8(w, member->state);
    muster_put_u8(w, member->team_set | member->ready << 1 | member->matched << 2 |
                         (member->connected || member->awaited) << 3 | member->owed << 4);
    muster_put_u8(w, member->team);
    muster_put_u64(w, member->deadline_ms ? lobby_left_ms(lobby, member->deadline_ms) + 1 : 0);
    muster_put_u64(w, loop_now_ms() - member->since_ms);
    muster_put_str(w, member->texts->ticket);
    muster_put_str(w, member->texts->resume);
    muster_put_str(w, member->texts->resume_before);
    muster_put_str(w, member->texts->display_name);
    const struct session *session = lobby_member_session(member);
    ENSURE(session);
    session_save(session, w);
}

/* A member has a session as long as it is one. */
static void put_members(const struct lobby *lobby, struct muster_writer *w) {
    muster_put_u16(w, lobby_players(lobby) + lobby_spectators(lobby));
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++)
        if (lobby->members[i].state != MEMBER_NONE) put_member(lobby, i, w);
}

/* Of a plugin's vote nothing is kept: who is to be told of its end is a call in this process. */
static void put_vote(const struct lobby *lobby, struct muster_writer *w) {
    const struct lobby_vote *vote = &lobby->votes[VOTE_RESTART];
    muster_put_u32(w, vote->id);
    if (!vote->id) return;
    muster_put_u32(w, vote->needed);
    muster_put_bytes(w, vote->cast, lobby->people_max);
}

static void put_versions(const struct match *match, struct muster_writer *w) {
    muster_put_u8(w, match->version_count);
    for (uint32_t i = 0; i < match->version_count; i++) {
        muster_put_str(w, match->versions[i].name);
        muster_put_str(w, match->versions[i].version);
    }
}

static void put_match(const struct lobby *lobby, struct muster_writer *w) {
    struct match *match = lobby->match;
    muster_put_u8(w, match != NULL);
    if (!match) return;
    muster_put_u8(w, match->ended);
    muster_put_str(w, match->key);
    muster_put_str(w, match->map_name);
    muster_put_u64(w, match->seed);
    muster_put_u8(w, match->tick_rate_hz);
    muster_put_u8(w, match->seats_max);
    muster_put_u32(w, match->record ? record_used(match->record) : 0);
    put_json(w, match->settings);
    muster_put_u8(w, match->victory_count);
    for (uint32_t i = 0; i < match->victory_count; i++)
        put_plugin(w, match->victories[i].provider->self);
    put_versions(match, w);
    put_kept(w, match->kept);
    struct muster_bytes state = match_save(match);
    if (!state.len) w->overflow = 1;
    put_bytes(w, state);
    uint32_t begin = section_begin(w);
    match_waiting_save(match, w);
    section_end(w, begin);
}

/* The body. False: its mode is gone, so that nobody could load it. */
static bool put_lobby(struct lobby *lobby, struct muster_writer *w) {
    const struct mode_entry *mode = registry_mode(lobby->game_mode);
    if (!mode) return false;
    muster_put_str(w, lobby->key);
    muster_put_str(w, lobby->region);
    muster_put_str(w, lobby->game_mode);
    muster_put_str(w, lobby->code);
    muster_put_str(w, lobby->host_key);
    muster_put_u8(w, lobby->state);
    bool stands = lobby->frozen_since_ms && !lobby->recover_until_ms;
    muster_put_u8(w, lobby->unmatched | lobby->forced << 1 | stands << 2);
    muster_put_u8(w, lobby->people_max);
    muster_put_u64(w, lobby_left_ms(lobby, lobby->deadline_ms));
    json_t *settings = lobby_settings_json(lobby);
    put_json(w, settings);
    json_decref(settings);
    put_kept(w, lobby->kept);
    put_plugin(w, lobby->match ? lobby->match->mode.provider->self : mode->provider->self);
    put_plugin(w, registry_mode_owner(mode));
    put_members(lobby, w);
    put_vote(lobby, w);
    put_match(lobby, w);
    put_rules(lobby, w);
    muster_put_i64(w, lobby->epoch);
    muster_put_i64(w, lobby_stands_since(lobby));
    lobby_tickets_save(lobby, w);
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static muster_status refuse(char error[LOBBY_ERROR_MAX], muster_status status, const char *why) {
    snprintf(error, LOBBY_ERROR_MAX, "%s", why);
    return status;
}

muster_status lobby_state_write(struct lobby *lobby, struct muster_writer *out,
                                char error[LOBBY_ERROR_MAX]) {
    if (lobby->match && lobby->match->stepping)
        return refuse(error, MUSTER_STATE, "its match is in a step");
    struct muster_writer w = muster_writer_make(out->data + out->len, out->cap - out->len);
    muster_put_bytes(&w, LOBBY_SAVED_MAGIC, sizeof LOBBY_SAVED_MAGIC - 1);
    muster_put_u32(&w, LOBBY_SAVED_VERSION);
    struct muster_writer sum = w;
    muster_put_u64(&w, 0);
    if (!put_lobby(lobby, &w))
        return refuse(error, MUSTER_NOT_FOUND, "its game mode is not loaded any more");
    if (w.overflow || w.len > LOBBY_STATE_BYTES_MAX)
        return refuse(error, MUSTER_LIMIT, "it is too large");
    muster_put_u64(&sum, XXH3_64bits(w.data + BODY_AT, w.len - BODY_AT));
    out->len += w.len;
    return MUSTER_OK;
}

muster_status lobby_save(struct lobby *lobby, struct muster_writer *out,
                         char error[LOBBY_ERROR_MAX]) {
    if (lobby->closing || lobby->close_leave) return refuse(error, MUSTER_STATE, "it closes");
    return lobby_state_write(lobby, out, error);
}
