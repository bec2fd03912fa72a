/* notices - what observers are told: host->events. Loop thread. Read-only, cannot veto. */
#ifndef NOTICES_H
#define NOTICES_H

#include "plugin.h"

typedef void (*notices_fn)(void *user, const struct muster_notice *notice);

/* owner: the plugin, or null for core itself. */
muster_status notices_subscribe(struct muster_self *owner, uint64_t mask, notices_fn fn,
                                void *user) MUSTER_MUST_USE;
/* To all subscribers, now. Not legal inside a match step: match queues them to its end. */
void notices_emit(const struct muster_notice *notice);

#endif
