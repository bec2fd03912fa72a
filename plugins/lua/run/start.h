/* start - a script begins. */
#ifndef LUA_START_H
#define LUA_START_H

#include "script.h"

/* Makes the sandbox, runs init.lua and, in the match realm, the mode's init. saved: what a restart
 * or a reload hands over, or null. On failure the script has no sandbox and the error is told. */
muster_status script_start(struct script *script, const void *saved, uint32_t saved_len);
/* After a kill: begins anew with the last good state. */
void script_restart(struct script *script);

#endif
