/* crash - says whose code it was before a fatal signal ends the process.
 *
 * On stderr: the signal, the plugin, role, call and lobby of what was on the stack, and a call
 * stack; then the process ends by the same signal, as it would have. Whoever has taken such a
 * signal before (a sanitizer) keeps it. Async-signal-safe, allowed in a locked process (untrusted).
 */
#ifndef CRASH_H
#define CRASH_H

#include <muster/types.h>

/* Called on the loop thread. */
muster_status crash_init(void) MUSTER_MUST_USE;

#endif
