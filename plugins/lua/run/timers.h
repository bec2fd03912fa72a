/* timers - of one script. In the match realm the tick looks at them; in the lobby realm one timer
 * of the loop stands for the earliest of all scripts, and turns.c runs them. */
#ifndef LUA_TIMERS_H
#define LUA_TIMERS_H

#include "script.h"

/* function at index 2 */
uint32_t script_timer_add(lua_State *L, double seconds, bool repeats);
bool script_timer_cancel(struct script *script, uint32_t id);
/* One that goes on: the function on top is taken, all else is the caller's to fill in. Null: there
 * is no room. */
struct timer *script_timer_take(lua_State *L, struct script *script);
void script_timer_drop(struct script *script, struct timer *timer);
/* All that are due, by the realm's clock: a tick's. */
void script_timers_run(struct script *script, uint64_t now_ms);
/* The one that has been due longest. */
void script_timer_next(struct script *script, uint64_t now_ms);
/* They are others now. */
void script_timers_loaded(struct script *script);
/* Sets the lobby realm's alarm by the timers of the scripts that are there. */
void timers_set_alarm(struct realm *realm);

#endif
