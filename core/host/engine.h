/* engine - host->engine: players without clients, and time that passes at a word. Loop
 * thread. For a process that runs one console command and ends (musterd --run).
 *
 * engine.c the group, the clock and the matches; engine_player.c the players. The functions are
 * called by the plugin whose command runs, with that call on the stack; what they set going counts
 * as not inside it (plugin_depth_hide). They are refused inside each other. The loop is turned from
 * here, so the command must not run inside a callback of the loop.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <muster/host.h>

extern const struct muster_host_engine host_engine_group;

/* This process runs one command: the functions are there. Before the plugins start. */
void engine_offer(void);
/* A command runs, the loop's clock is virtual and the books are open: the functions work. */
void engine_begin(void);
/* It is over: all players leave. */
void engine_end(void);
/* One that has no connection gives up its seat, its search and its session. */
struct client;
void engine_client_leave(struct client *client);
/* Turns the loop until nothing of the present moment is left to do: posts, jobs of the pool,
 * answers of the database. TIMEOUT after 10 s of real time. */
muster_status engine_settle(void) MUSTER_MUST_USE;
/* Lets ms pass, from one due thing to the next: timers of this millisecond, then ticks, then all
 * they set going, so that the same commands lead to the same state. TIMEOUT as above. */
muster_status engine_pass(uint32_t ms) MUSTER_MUST_USE;

#endif
