/* events - facts for observers: host->events. Loop thread. Read-only, cannot veto. */
#ifndef EVENTS_H
#define EVENTS_H

#include "plugin.h"

typedef void (*events_fn)(void *user, const struct muster_notice *notice);

/* owner: the plugin, or null for core itself. */
muster_status events_subscribe(struct muster_self *owner, uint64_t mask, events_fn fn,
                               void *user) MUSTER_MUST_USE;
/* To all subscribers, now. Not legal inside a match step: match queues them to its end. */
void events_emit(const struct muster_notice *notice);

#endif
