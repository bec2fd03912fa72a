/* The keeper: the plugin that knows sanctions from one run to the next, and who has been here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "moderation_internal.h"
#include "registration.h"

#define ANSWER_DEADLINE_MS 40000 /* a query's own is shorter */

struct keeper {
    struct registration head;
    struct muster_keeper calls;
    void *user;
};

/* One, and the next generation of its plugin. */
static struct registrations keepers = {
    .cap = 4, .entry_size = sizeof(struct keeper), .when_full = MUSTER_FULL};

static struct {
    struct muster_self *by; /* is asked for what it keeps, and hands it over; or null */
    muster_load_ticket_id ticket;
    sanction_fn each;
    void (*fn)(muster_status status);
} loading;

muster_status moderation_keeper_set(struct muster_self *owner, const struct muster_keeper *calls,
                                    void *user) {
    void *entry;
    muster_status status = registration_add(&keepers, owner, "keeper", &entry);
    if (status) return status;
    struct keeper *keeper = entry;
    keeper->calls = *calls;
    keeper->user = user;
    return MUSTER_OK;
}

static const struct keeper *in_force(void) {
    return registration_find(&keepers, "keeper");
}

static struct muster_self *owner_of(const struct keeper *keeper) {
    return (struct muster_self *)keeper->head.owner;
}

/* ---- load ------------------------------------------------------------------------------------ */

static void on_loaded(void *user, muster_status status, const void *answer) {
    (void)user;
    (void)answer;
    loading.by = NULL;
    loading.fn(status);
}

muster_status moderation_keeper_load(sanction_fn each, void (*fn)(muster_status status)) {
    const struct keeper *keeper = in_force();
    if (!keeper) return MUSTER_UNAVAILABLE;
    struct muster_self *by = owner_of(keeper);
    muster_load_ticket_id ticket;
    muster_status status =
        pending_open(by, MODERATION_LOAD, ANSWER_DEADLINE_MS, on_loaded, NULL, &ticket.value);
    if (status) return status;
    loading.by = by;
    loading.ticket = ticket;
    loading.each = each;
    loading.fn = fn;
    plugin_enter(by, "moderation.load");
    keeper->calls.load(keeper->user, ticket);
    plugin_leave();
    return MUSTER_OK;
}

void moderation_keeper_forget(void) {
    if (loading.by) pending_cancel(loading.ticket.value);
    loading.by = NULL;
}

static muster_status read_given(const struct muster_sanction *given, struct sanction *out) {
    *out = (struct sanction){.kind = (enum sanction_kind)given->kind,
                             .guests_only = given->guests_only != 0,
                             .created_ms = given->created_ms,
                             .until_ms = given->expires_ms};
    if (given->kind >= SANCTION_KINDS) return MUSTER_INVALID;
    if (given->address[0] && !address_prefix_read(given->address, &out->address))
        return MUSTER_INVALID;
    snprintf(out->key, sizeof out->key, "%s", given->key);
    snprintf(out->player_key, sizeof out->player_key, "%s", given->player_key);
    snprintf(out->name, sizeof out->name, "%s", given->player_name);
    snprintf(out->reason, sizeof out->reason, "%s", given->reason);
    snprintf(out->note, sizeof out->note, "%s", given->note);
    snprintf(out->actor, sizeof out->actor, "%s", given->actor);
    return MUSTER_OK;
}

/* ---- what another node has said: in a turn of its own, as it closes sessions ------------------
 */

static void take_later(void *user) {
    moderation_take(user);
    free(user);
}

static void end_later(void *user) {
    moderation_take_end(user);
    free(user);
}

static muster_status post_copy(loop_fn fn, const void *what, size_t size) {
    void *copy = malloc(size);
    if (!copy) return MUSTER_NO_MEMORY;
    memcpy(copy, what, size);
    muster_status status = loop_post(fn, copy);
    if (status) free(copy);
    return status;
}

static bool may_put(const struct muster_self *by) {
    const struct keeper *keeper = in_force();
    return keeper && owner_of(keeper) == by && moderation_is_loaded();
}

muster_status moderation_put(struct muster_self *by, const struct muster_sanction *given) {
    struct sanction sanction;
    if (loading.by != by && !may_put(by)) return MUSTER_STATE;
    muster_status status = read_given(given, &sanction);
    if (status) return status;
    if (loading.by != by) return post_copy(take_later, &sanction, sizeof sanction);
    loading.each(&sanction);
    return MUSTER_OK;
}

muster_status moderation_put_end(struct muster_self *by, const char *key) {
    char copy[SANCTION_KEY_SIZE];
    if (!may_put(by)) return MUSTER_STATE;
    snprintf(copy, sizeof copy, "%s", key);
    return post_copy(end_later, copy, sizeof copy);
}

/* ---- changes, who has been here -------------------------------------------------------------- */

static struct muster_sanction to_keep(const struct sanction *sanction, const char *address) {
    return (struct muster_sanction){.size = sizeof(struct muster_sanction),
                                    .kind = sanction->kind,
                                    .guests_only = sanction->guests_only,
                                    .created_ms = sanction->created_ms,
                                    .expires_ms = sanction->until_ms,
                                    .key = sanction->key,
                                    .player_key = sanction->player_key,
                                    .player_name = sanction->name,
                                    .address = address,
                                    .reason = sanction->reason,
                                    .note = sanction->note,
                                    .actor = sanction->actor};
}

muster_status moderation_keeper_write(const struct changes *changes) {
    const struct keeper *keeper = in_force();
    if (!keeper) return MUSTER_UNAVAILABLE;
    char address[ADDRESS_PREFIX_TEXT_MAX] = "";
    const char *ended[MUSTER_SANCTIONS_ENDED_MAX];
    struct muster_sanction added;
    for (uint32_t i = 0; i < changes->ended_count; i++) ended[i] = changes->ended[i];
    if (changes->added && changes->added->address.bits)
        address_prefix_text(&changes->added->address, address);
    if (changes->added) added = to_keep(changes->added, address);
    const struct muster_sanction_change change = {.size = sizeof change,
                                                  .ended_count = changes->ended_count,
                                                  .added = changes->added ? &added : NULL,
                                                  .ended = ended};
    plugin_enter(owner_of(keeper), "moderation.keep");
    muster_status status = keeper->calls.keep(keeper->user, &change);
    plugin_leave();
    return status;
}

muster_status moderation_find_player(const char *word, pending_fn fn, void *user) {
    const struct keeper *keeper = in_force();
    if (!keeper) return MUSTER_UNAVAILABLE;
    muster_find_ticket_id ticket;
    muster_status status = pending_open(owner_of(keeper), MODERATION_PLAYER, ANSWER_DEADLINE_MS, fn,
                                        user, &ticket.value);
    if (status) return status;
    plugin_enter(owner_of(keeper), "moderation.find_player");
    keeper->calls.find_player(keeper->user, ticket, word);
    plugin_leave();
    return MUSTER_OK;
}
