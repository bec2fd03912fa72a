/* host->moderation: the plugin that keeps sanctions. */
#include <string.h>

#include "host_internal.h"
#include "moderation.h"

static muster_status keeper_set_fn(muster_self *self, const struct muster_keeper *keeper,
                                   void *user) {
    HOST_CHECK_OPEN(self);
    struct muster_keeper full;
    if (!ABI_COPY_IN(self, muster_keeper, &full, keeper)) return MUSTER_INVALID;
    if (!full.load || !full.keep || !full.find_player) return MUSTER_INVALID;
    return moderation_keeper_set(self, &full, user);
}

static muster_status put_fn(muster_self *self, const struct muster_sanction *sanction) {
    HOST_CHECK_THREAD(self);
    struct muster_sanction full;
    if (!ABI_COPY_IN(self, muster_sanction, &full, sanction)) return MUSTER_INVALID;
    const char *const texts[] = {full.key,    full.player_key, full.player_name, full.address,
                                 full.reason, full.note,       full.actor};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!texts[i]) return MUSTER_INVALID;
    return moderation_put(self, &full);
}

static muster_status loaded_fn(muster_self *self, muster_load_ticket_id ticket,
                               muster_status status) {
    HOST_CHECK_THREAD(self);
    return pending_complete(self, MODERATION_LOAD, ticket.value, status, NULL);
}

static muster_status player_found_fn(muster_self *self, muster_find_ticket_id ticket,
                                     muster_status status, const char *player_key,
                                     const char *display_name) {
    HOST_CHECK_THREAD(self);
    const struct moderation_player player = {player_key, display_name};
    if (status == MUSTER_OK && (!player_key || !display_name)) return MUSTER_INVALID;
    return pending_complete(self, MODERATION_PLAYER, ticket.value, status, &player);
}

static muster_status end_fn(muster_self *self, const char *key) {
    HOST_CHECK_THREAD(self);
    return key ? moderation_put_end(self, key) : MUSTER_INVALID;
}

const struct muster_host_moderation host_moderation_group = {
    .size = sizeof host_moderation_group,
    .keeper_set = keeper_set_fn,
    .put = put_fn,
    .loaded = loaded_fn,
    .player_found = player_found_fn,
    .end = end_fn,
};
