/* A lobby of bytes: the head, by which a file is known to be whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lobby_saved.h"

static void put_member(const struct member *member, uint32_t index, struct muster_writer *w) {
    const struct member_texts *texts = member->texts;
    muster_put_u8(w, index);
    muster_put_u8(w, member->state);
    muster_put_u8(w, member->team);
    muster_put_str(w, texts->player_key);
    muster_put_str(w, texts->ticket);
    muster_put_str(w, texts->resume);
    muster_put_str(w, texts->resume_before);
}

uint64_t lobby_hash(struct lobby *lobby) {
    uint8_t bytes[1024];
    uint64_t hash = lobby->match ? match_hash(lobby->match) : 0;
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        if (!lobby->members[i].texts) continue;
        put_member(&lobby->members[i], i, &w);
        hash = XXH3_64bits_withSeed(bytes, w.len, hash);
    }
    return hash;
}

static muster_status check_head(struct muster_reader *r, char error[LOBBY_ERROR_MAX]) {
    const uint8_t *magic = muster_get_bytes(r, sizeof LOBBY_SAVED_MAGIC - 1);
    uint32_t version = muster_get_u32(r);
    uint64_t sum = muster_get_u64(r);
    if (!magic || memcmp(magic, LOBBY_SAVED_MAGIC, sizeof LOBBY_SAVED_MAGIC - 1) != 0)
        snprintf(error, LOBBY_ERROR_MAX, "it is no saved lobby");
    else if (version != LOBBY_SAVED_VERSION)
        snprintf(error, LOBBY_ERROR_MAX, "it was saved in form %u, and this server reads form %d",
                 version, LOBBY_SAVED_VERSION);
    else if (r->overflow || XXH3_64bits(r->data + r->pos, r->len - r->pos) != sum)
        snprintf(error, LOBBY_ERROR_MAX, "it is damaged");
    else
        return MUSTER_OK;
    return MUSTER_INVALID;
}

static void drop(struct lobby_saved *saved) {
    lobby_saved_free(saved);
    free(saved);
}

/* Not OK: error says why, and there is nothing to drop. */
static muster_status read_saved(struct muster_bytes state, struct lobby_saved **out,
                                char error[LOBBY_ERROR_MAX]) {
    struct muster_reader r = muster_reader_make(state.data, (uint32_t)state.len);
    if (state.len > LOBBY_STATE_BYTES_MAX) {
        snprintf(error, LOBBY_ERROR_MAX, "it is larger than %d bytes", LOBBY_STATE_BYTES_MAX);
        return MUSTER_LIMIT;
    }
    muster_status status = check_head(&r, error);
    if (status) return status;
    struct lobby_saved *saved = calloc(1, sizeof *saved);
    if (!saved) return MUSTER_NO_MEMORY;
    *out = saved;
    if (lobby_saved_read(&r, saved)) return MUSTER_OK;
    snprintf(error, LOBBY_ERROR_MAX, "it holds what no lobby can be");
    drop(saved);
    return MUSTER_INVALID;
}

static muster_status load(struct muster_bytes state, uint32_t cause,
                          const struct checkpoint_mark *mark, struct lobby **out,
                          char error[LOBBY_ERROR_MAX]) {
    struct lobby_saved *saved;
    muster_status status = read_saved(state, &saved, error);
    if (status) return status;
    status = lobby_load_saved(saved, cause, mark, out, error);
    drop(saved);
    return status;
}

muster_status lobby_load(struct muster_bytes state, uint32_t cause, struct lobby **out,
                         char error[LOBBY_ERROR_MAX]) {
    return load(state, cause, NULL, out, error);
}

muster_status lobby_recover(struct muster_bytes state, struct checkpoint_mark mark,
                            struct lobby **out, char error[LOBBY_ERROR_MAX]) {
    uint32_t cause = mark.is_left ? MUSTER_DISTURBED_RESTART : MUSTER_DISTURBED_CRASH;
    return load(state, cause, &mark, out, error);
}

muster_status lobby_conclude(struct muster_bytes state, const char *reason,
                             char error[LOBBY_ERROR_MAX]) {
    struct lobby_saved *saved;
    muster_status status = read_saved(state, &saved, error);
    if (status) return status;
    status = lobby_end_saved(saved, reason, error);
    drop(saved);
    return status;
}

void lobby_abandon(struct muster_bytes state, const char *why) {
    char error[LOBBY_ERROR_MAX], told[MUSTER_REASON_MAX];
    struct lobby_saved *saved;
    if (read_saved(state, &saved, error)) return;
    snprintf(told, sizeof told, "the server cannot go on with the lobby: %s", why);
    for (uint32_t i = 0; i < saved->member_count; i++)
        if (saved->members[i].member.state == MEMBER_ENTERED)
            lobby_left_note(&saved->members[i].member, "disturbed", told);
    drop(saved);
}

bool lobby_state_match(struct muster_bytes state, char match_key[TICKET_UUID_SIZE]) {
    char error[LOBBY_ERROR_MAX];
    struct lobby_saved *saved;
    if (read_saved(state, &saved, error)) return false;
    memcpy(match_key, saved->match.key, TICKET_UUID_SIZE);
    bool is_there = saved->match.there;
    drop(saved);
    return is_there;
}

muster_status lobby_look(struct muster_bytes state, char error[LOBBY_ERROR_MAX]) {
    struct lobby_saved *saved;
    muster_status status = read_saved(state, &saved, error);
    if (status) return status;
    drop(saved);
    return MUSTER_OK;
}
