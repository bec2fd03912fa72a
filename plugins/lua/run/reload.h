/* reload - other code takes a running script's place: a new version, and back when it fails.
 *
 * Between two steps. The new code runs apart first: while it loads and takes the state over, the
 * old one stays as it is. Afterwards it is on trial; when it fails then, the old code comes back
 * with the state that the new one can still save, else with that of the swap. */
#ifndef LUA_RELOAD_H
#define LUA_RELOAD_H

#include "script.h"

/* New code takes the present state over. When it does not start, the old code goes on; when it
 * fails while it is on trial (reload.c), the old code comes back. */
void script_reload(struct script *script, struct mod *mod, uint32_t granted);
/* Puts it on trial, before it starts: when it fails, this code comes back. */
void script_try(struct script *script, struct mod *before, uint32_t granted);
/* The old code takes over what the new one leaves. */
void script_revert(struct script *script);

#endif
