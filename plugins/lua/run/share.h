/* share - what scripts may spend together, and who is stopped when that is too much.
 *
 * One entry of a script is bounded by the watchdog, a second by its sandbox. Here are added up: all
 * that a script does for one event, all that the scripts of a match do in a tick, and all that
 * those of lobbies do, which share a part of the loop's time. Loop thread.
 */
#ifndef LUA_SHARE_H
#define LUA_SHARE_H

#include "lobby.h"
#include "script.h"

/* Entries from here to share_event_end count as one; the end takes what the begin answered. */
uint64_t share_event_begin(struct instance *instance);
void share_event_end(struct instance *instance, uint64_t outer);
/* What is left to a script for the next entry, of the event that is under way. */
uint32_t share_left_us(const struct script *script);
/* After an entry, which called this function (or LUA_NOREF). False: it was one too many, and the
 * script has been killed, without more. */
bool share_count(struct script *script, int function);
/* After an entry within no other: who is to be stopped for what was spent together, and why; or
 * null.
 */
struct script *share_judge(struct realm *realm, enum sandbox_kill *reason);
/* The match's tick is over. */
void share_tick_end(struct realm *realm);
/* Of the time of lobbies is there some to be spent? If not, sets when there will be. */
bool share_is_left(struct instance *instance, uint32_t *rest_ms);
/* Something of a lobby's script was due so long ago. */
void share_was_late(struct script *script, uint64_t late_ms);

#endif
