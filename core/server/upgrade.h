/* upgrade - another server takes this one's place while matches run, at the next tick. Both sides
 * of it; the supervisor starts the other one and stands between (channel.h). Loop thread.
 *
 * The other one loads its plugins and says that it would start. Then this one saves all lobbies and
 * stands still: between two turns of its loop, without a tick, an input or a write. The other one
 * takes the data directory, starts, restores, and says what it has of each lobby. When that is what
 * this one has, its clients are sent over and it ends; else the other one is gone before this one
 * goes on.
 */
#ifndef UPGRADE_H
#define UPGRADE_H

#include <stdbool.h>

#include <muster/types.h>

/* After service_init. */
void upgrade_init(void);

/* ---- the one that is replaced ---- */

/* From here on the supervisor is heard. It is told that this server serves, and when the last crash
 * does not count. When it
 * dies, this server ends and leaves its lobbies to the next one. */
void upgrade_watch(void);
/* The supervisor that started this server is there no more. */
bool upgrade_is_orphan(void);
/* why: null: done, and this server ends. Called exactly once. */
typedef void (*upgrade_fn)(void *user, const char *why);
/* path: of the program; "": the supervisor's own, as it is by now. Null: fn comes; else why not,
 * and it does not. */
const char *upgrade_begin(const char *path, upgrade_fn fn, void *user);
/* For who runs the loop, when it was stopped. True: the loop is to go on. */
bool upgrade_hand_over(void);
/* Nothing of it comes any more. */
void upgrade_deinit(void);

/* ---- the one that takes its place ---- */

/* Another one still serves: nothing is written before it stands, and nothing is left behind when
 * this one ends. */
bool upgrade_is_beside(void);
/* It would start. Returns when the other one stands and the data directory is this one's. */
void upgrade_take_over(void);
/* It has restored, and could serve. Returns when it is to. */
void upgrade_agree(void);
/* Something that whoever asked for the upgrade is to read. Nothing while no other one serves. */
void upgrade_complain(const char *text);
/* The same, and the process ends at once: the other one goes on. */
_Noreturn void upgrade_give_up(int exit_code, const char *why);

#endif
