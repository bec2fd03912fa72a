/* A lobby as bytes, and a lobby of them: the head, by which a file is known to be whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lobby_saved.h"

#define BODY_AT (sizeof LOBBY_SAVED_MAGIC - 1 + 4 + 8)

static muster_status refuse(char error[LOBBY_ERROR_MAX], muster_status status, const char *why) {
    snprintf(error, LOBBY_ERROR_MAX, "%s", why);
    return status;
}

muster_status lobby_save(struct lobby *lobby, struct muster_writer *out,
                         char error[LOBBY_ERROR_MAX]) {
    if (lobby->closing || lobby->close_leave) return refuse(error, MUSTER_STATE, "it closes");
    if (lobby->match && lobby->match->stepping)
        return refuse(error, MUSTER_STATE, "its match is in a step");
    struct muster_writer w = muster_writer_make(out->data + out->len, out->cap - out->len);
    muster_put_bytes(&w, LOBBY_SAVED_MAGIC, sizeof LOBBY_SAVED_MAGIC - 1);
    muster_put_u32(&w, LOBBY_SAVED_VERSION);
    struct muster_writer sum = w;
    muster_put_u64(&w, 0);
    if (!lobby_saved_write(lobby, &w))
        return refuse(error, MUSTER_NOT_FOUND, "its game mode is not loaded any more");
    if (w.overflow || w.len > LOBBY_STATE_BYTES_MAX)
        return refuse(error, MUSTER_LIMIT, "it is too large");
    muster_put_u64(&sum, XXH3_64bits(w.data + BODY_AT, w.len - BODY_AT));
    out->len += w.len;
    return MUSTER_OK;
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

muster_status lobby_load(struct muster_bytes state, uint32_t cause, struct lobby **out,
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
    if (lobby_saved_read(&r, saved)) {
        status = lobby_load_saved(saved, cause, out, error);
    } else {
        snprintf(error, LOBBY_ERROR_MAX, "it holds what no lobby can be");
        status = MUSTER_INVALID;
    }
    lobby_saved_free(saved);
    free(saved);
    return status;
}
