/* notices - what observers are told: host->events. Loop thread. Read-only, cannot veto. */
#ifndef NOTICES_H
#define NOTICES_H

#include "plugin.h"

typedef void (*notices_fn)(void *user, const struct muster_notice *notice);

/* owner: the plugin, or null for core itself. */
muster_status notices_subscribe(struct muster_self *owner, uint64_t mask, notices_fn fn,
                                void *user) MUSTER_MUST_USE;
/* Who is told after the subscribers, of each: the rules of a lobby. */
void notices_set_rules(void (*fn)(const struct muster_notice *notice));
/* To all subscribers, now; what happens inside a plugin's call in the loop's next turn, in order.
 * Not legal inside a match step: match queues them to its end. */
void notices_emit(const struct muster_notice *notice);
/* Forgets what waits. */
void notices_deinit(void);

#endif
