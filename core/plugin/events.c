/* events - the list of subscribers. Owned here; plugins come through host->events. */
#include "events.h"

#include <stddef.h>

#define SUBSCRIBERS_MAX 256

struct subscriber {
    struct muster_self *owner;
    uint64_t mask;
    events_fn fn; /* null: gone, its place is taken back after the emit */
    void *user;
};

static struct subscriber subscribers[SUBSCRIBERS_MAX];
static uint32_t subscriber_count;
static uint32_t emit_depth;

muster_status events_subscribe(struct muster_self *owner, uint64_t mask, events_fn fn, void *user) {
    if (!fn || !mask) return MUSTER_INVALID;
    if (subscriber_count == SUBSCRIBERS_MAX) return MUSTER_FULL;
    subscribers[subscriber_count++] = (struct subscriber){owner, mask, fn, user};
    return MUSTER_OK;
}

static void compact(void) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < subscriber_count; i++)
        if (subscribers[i].fn) subscribers[kept++] = subscribers[i];
    subscriber_count = kept;
}

void events_unsubscribe_owner(struct muster_self *owner) {
    for (uint32_t i = 0; i < subscriber_count; i++)
        if (subscribers[i].owner == owner) subscribers[i].fn = NULL;
    if (emit_depth == 0) compact();
}

static void tell(const struct subscriber *to, const struct muster_notice *notice) {
    if (!to->owner) {
        to->fn(to->user, notice);
        return;
    }
    plugin_enter(to->owner, "events.notice");
    to->fn(to->user, notice);
    plugin_leave();
}

void events_emit(const struct muster_notice *notice) {
    uint32_t count = subscriber_count; /* who subscribes meanwhile hears the next one */
    emit_depth++;
    for (uint32_t i = 0; i < count; i++) {
        struct subscriber to = subscribers[i];
        if (to.fn && (to.mask >> notice->kind & 1)) tell(&to, notice);
    }
    emit_depth--;
    if (emit_depth == 0) compact();
}
