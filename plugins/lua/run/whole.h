/* whole - all of a script as bytes, for one that begins anew elsewhere: its state and generator
 * (state.h), its timers, each with the time it has left, and what it has hooked since its start
 * (hooked.h).
 */
#ifndef LUA_WHOLE_H
#define LUA_WHOLE_H

#include "script.h"

#include <muster/types.h>

enum { WHOLE_BYTES_MAX = SCRIPT_STATE_BYTES_MAX + 65536 };

/* At out (cap bytes); the number, or 0 when the state cannot be saved. */
uint32_t whole_save(struct script *script, void *out, uint32_t cap);
/* Takes over what whole_save wrote: the start is run anew, and the timers that it begins go on as
 * those that were saved; one that a handler had begun when its function has a name (named.h), or a
 * timer of the start has it. Other code takes the state alone, as in a reload. */
muster_status whole_load(struct script *script, const void *saved, uint32_t len, bool same_code);

#endif
