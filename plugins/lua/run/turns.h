/* turns - timers and messages of lobbies wait here for their turn.
 *
 * A lobby gets one step (a message or a timer) at a time, then the next one, while there is time to
 * be spent (share.c). Then the loop goes on with players and ticks, and later with who is next. */
#ifndef LUA_TURNS_H
#define LUA_TURNS_H

#include "lobby.h"

/* The realm has messages or timers that are due. May run some of them. */
void turns_wake(struct realm *realm);
/* When it has; UINT64_MAX: it has nothing to do. */
uint64_t turns_due_ms(const struct realm *realm);
/* Before the realm ends. */
void turns_forget(struct realm *realm);
void turns_stop(struct instance *instance);

#endif
