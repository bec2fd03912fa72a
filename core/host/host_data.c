/* host->data: what plugins keep with a player, a lobby or a match. */
#include "host_internal.h"
#include "kept.h"
#include "lobby.h"

static muster_status set(const muster_self *self, struct kept **list, struct muster_bytes bytes) {
    return kept_set(list, self->instance_name, bytes);
}

static muster_status get(const muster_self *self, const struct kept *list,
                         struct muster_bytes *out) {
    if (!out) return MUSTER_INVALID;
    *out = kept_get(list, self->instance_name);
    return MUSTER_OK;
}

static muster_status player_set_fn(muster_self *self, muster_player_id id,
                                   struct muster_bytes bytes) {
    HOST_CHECK_THREAD(self);
    struct session *session = session_find(id);
    return session ? set(self, &session->kept, bytes) : MUSTER_NOT_FOUND;
}

static muster_status player_get_fn(muster_self *self, muster_player_id id,
                                   struct muster_bytes *out) {
    HOST_CHECK_THREAD(self);
    const struct session *session = session_find(id);
    return session ? get(self, session->kept, out) : MUSTER_NOT_FOUND;
}

static muster_status lobby_set_fn(muster_self *self, muster_lobby_id id,
                                  struct muster_bytes bytes) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    return lobby ? set(self, &lobby->kept, bytes) : MUSTER_NOT_FOUND;
}

static muster_status lobby_get_fn(muster_self *self, muster_lobby_id id, struct muster_bytes *out) {
    HOST_CHECK_THREAD(self);
    const struct lobby *lobby = lobby_find(id);
    return lobby ? get(self, lobby->kept, out) : MUSTER_NOT_FOUND;
}

static muster_status match_set_fn(muster_self *self, muster_match_id id,
                                  struct muster_bytes bytes) {
    HOST_CHECK_THREAD(self);
    struct match *match = match_find(id);
    return match ? set(self, &match->kept, bytes) : MUSTER_NOT_FOUND;
}

static muster_status match_get_fn(muster_self *self, muster_match_id id, struct muster_bytes *out) {
    HOST_CHECK_THREAD(self);
    const struct match *match = match_find(id);
    return match ? get(self, match->kept, out) : MUSTER_NOT_FOUND;
}

/* A part of the match's state: changed by what a replay repeats, and by nothing else. */
static muster_status state_set_fn(muster_self *self, muster_match_id id,
                                  struct muster_bytes bytes) {
    HOST_CHECK_THREAD(self);
    struct match *match = match_find(id);
    if (!match) return MUSTER_NOT_FOUND;
    if (match->steering) return set(self, &match->kept_state, bytes);
    plugin_fault(self, "host->data->state_set was called outside of the match's step");
    return MUSTER_STATE;
}

static muster_status state_get_fn(muster_self *self, muster_match_id id, struct muster_bytes *out) {
    HOST_CHECK_THREAD(self);
    const struct match *match = match_find(id);
    return match ? get(self, match->kept_state, out) : MUSTER_NOT_FOUND;
}

const struct muster_host_data host_data_group = {
    .size = sizeof host_data_group,
    .player_set = player_set_fn,
    .player_get = player_get_fn,
    .lobby_set = lobby_set_fn,
    .lobby_get = lobby_get_fn,
    .match_set = match_set_fn,
    .match_get = match_get_fn,
    .state_set = state_set_fn,
    .state_get = state_get_fn,
};
