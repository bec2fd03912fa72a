/* watchdog - sees calls into plugins that do not return.
 *
 * A thread looks at the stack of calls that watchdog_enter and watchdog_leave keep: each ms or
 * more often while a call lasts, a ms after its begin at the latest where a plugin with a limit may
 * be in it; else four times in warn_ms. Over the plugin's own limit of CPU time it signals
 * the loop thread (a real-time signal, SA_RESTART), each ms again, and the handler calls what the
 * plugin registered. A call that lasts warn_ms is named while it runs; one that does not return
 * within abort_ms is named on stderr and the process ends with exit code 70. All count the time in
 * which the process runs: while it is stopped or frozen nothing passes.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <muster/types.h>

struct muster_self;

#define WATCHDOG_NEVER_MS UINT32_MAX
/* Called from the loop thread, which is the one that is watched. */
muster_status watchdog_start(uint32_t warn_ms, uint32_t abort_ms) MUSTER_MUST_USE;
void watchdog_stop(void);
/* plugin_enter and plugin_leave call these; cheap: a few stores. In a turn of the loop that
 * calls a plugin with a limit such calls set a timer, twice in a ms at most. */
void watchdog_enter(struct muster_self *self, const char *call);
void watchdog_leave(void);
/* The innermost call is about this lobby. Kept until the call ends; one store. */
void watchdog_call_of(const char *lobby_key);
/* A call on the stack, 0: the innermost. On the loop thread; from a signal handler, too. */
struct watchdog_call {
    const char *instance_name;
    const char *name;      /* "mode.tick" */
    const char *lobby_key; /* null: of none */
};
bool watchdog_call_at(uint32_t index, struct watchdog_call *out);
/* What a plugin wants to be told while a call into it overruns; limit_us 0 or fn null clears. */
void watchdog_set_overrun(struct muster_self *self, uint32_t limit_us, void (*fn)(void *user),
                          void *user);
/* When this returns the watchdog's thread no longer looks at self: it may be freed. */
void watchdog_forget(struct muster_self *self);

#endif
