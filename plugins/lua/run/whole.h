/* whole - all of a script as bytes, for one that begins anew elsewhere: its state and generator
 * (state.h), and its timers, each with the time it has left.
 */
#ifndef LUA_WHOLE_H
#define LUA_WHOLE_H

#include "script.h"

#include <muster/types.h>

/* At out (cap bytes); the number, or 0 when the state cannot be saved. */
uint32_t whole_save(struct script *script, void *out, uint32_t cap);
/* Takes over what whole_save wrote: the start is run anew, and the timers that it begins go on as
 * those that were saved. One whose function no timer of the start has is gone. */
muster_status whole_load(struct script *script, const void *saved, uint32_t len);

#endif
