/* notices - the list of subscribers. Owned here; plugins come through host->events. */
#include "notices.h"

#include "registration.h"

struct subscriber {
    struct registration head;
    uint64_t mask;
    notices_fn fn;
    void *user;
    uint64_t since; /* hears what is told after so many */
};

static struct registrations subscribers = {
    .cap = 256, .entry_size = sizeof(struct subscriber), .when_full = MUSTER_FULL};
static uint64_t told;

muster_status notices_subscribe(struct muster_self *owner, uint64_t mask, notices_fn fn,
                                void *user) {
    if (!fn || !mask) return MUSTER_INVALID;
    void *entry;
    muster_status status = registration_add(&subscribers, owner, NULL, &entry);
    if (status) return status;
    struct subscriber *subscriber = entry;
    subscriber->mask = mask;
    subscriber->fn = fn;
    subscriber->user = user;
    subscriber->since = told;
    return MUSTER_OK;
}

static void tell(const struct subscriber *to, const struct muster_notice *notice) {
    struct muster_self *owner = (struct muster_self *)to->head.owner;
    if (owner) plugin_enter(owner, "events.notice");
    to->fn(to->user, notice);
    if (owner) plugin_leave();
}

/* Who subscribes meanwhile hears the next one. */
void notices_emit(const struct muster_notice *notice) {
    uint64_t id = 0, number = ++told;
    for (const struct subscriber *to; (to = registration_next(&subscribers, &id));)
        if (to->since < number && (to->mask >> notice->kind & 1)) tell(to, notice);
}
