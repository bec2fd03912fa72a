/* watchdog - sees calls into plugins that do not return. Layer 2.
 *
 * A thread compares every ms the atomic {call, sequence} that watchdog_enter and watchdog_leave
 * keep. Over the plugin's own limit it signals the loop thread (a real-time signal, SA_RESTART),
 * each ms again, and the handler calls what the plugin registered. A call that lasts watchdog
 * warn_ms is named while it runs; one that does not return within abort_ms is named and the process
 * aborts with exit code 70.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <muster/types.h>

struct muster_self;

/* Called from the loop thread, which is the one that is watched. */
muster_status watchdog_start(uint32_t warn_ms, uint32_t abort_ms) MUSTER_MUST_USE;
void watchdog_stop(void);
/* plugin_enter and plugin_leave call these; cheap: two atomic stores. */
void watchdog_enter(struct muster_self *self, const char *call);
void watchdog_leave(struct muster_self *outer, const char *outer_call);

#endif
