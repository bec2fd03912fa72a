/* state - the state of a script: made, kept, saved, loaded. */
#ifndef LUA_STATE_H
#define LUA_STATE_H

#include "script.h"

/* What a restart or a reload hands over. */
struct script_saved {
    const void *bytes;
    uint32_t len;
    char changed[SCRIPT_CHANGED_BYTES]; /* kept values of another kind than the new code begins
                                         * with: what to tell, or "" */
};
/* The value on top is the state from now on; pops it. */
void script_state_set(lua_State *L, struct script *script);
/* A mode's state, as its init makes it. */
void script_state_init(lua_State *L, struct script *script);
void script_state_restore(lua_State *L, struct script *script, struct script_saved *saved);
/* For what calls a mode, at the place where it is among the arguments: pushes the state; the number
 * of values pushed, 0 for a rule, which has the global. */
int script_push_state(lua_State *L, const struct script *script);
/* State and generator as bytes at out (cap bytes); the number, or 0 when the state cannot be saved.
 */
uint32_t script_save(struct script *script, void *out, uint32_t cap);
/* Tells the tester of a state that could not be saved now, and of nothing else. */
void script_check_state(struct script *script);
/* Takes over what script_save wrote; one that takes too long for it begins anew with the next tick.
 */
muster_status script_load(struct script *script, const void *saved, uint32_t len);
/* These bytes of a state are the last good one, 0 of them none. False: out of memory. */
bool script_remember(struct script *script, const void *bytes, size_t len);
/* Keeps the present state as the last good one. False: it cannot be kept, or the script is stopped.
 */
bool script_keep(struct script *script);

#endif
