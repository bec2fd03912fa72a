/* shutdown - when and why a running server ends: now, drained, at a set time. Loop thread. How it
 * ends is server's.
 */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#define SHUTDOWN_RESTART_MAX_S 86400
#define SHUTDOWN_EXIT_RESTART 75 /* EX_TEMPFAIL: who started the server is to start it again */

/* Begin the orderly stop; more calls do nothing. */
void shutdown_now(const char *reason);
/* The same, and lobbies are left to the server that starts next, as by a restart. */
void shutdown_leave(const char *reason);
bool shutdown_begun(void);
const char *shutdown_reason(void);
/* 0 or SHUTDOWN_EXIT_RESTART. */
int shutdown_exit_code(void);

/* Take no new lobbies and joins, or take them again. What has not ended after server.drainMaxMs is
 * closed, with results as they stand. leave: and stop when no lobby is left. */
void shutdown_drain(bool on, bool leave);
/* Stop in in_s seconds (at most SHUTDOWN_RESTART_MAX_S; 0: now) with SHUTDOWN_EXIT_RESTART. All who
 * are connected are told so now, and 15, 10, 5, 3, 2, 1 min and 30 s before. Takes the place of one
 * that was set. Whether the server would start again (check_restart) is asked before by the caller,
 * and here when the time has come: if not, it is called off. */
void shutdown_restart(uint32_t in_s, const char *text);
/* All are told. False: none was set. */
bool shutdown_restart_cancel(void);
/* Seconds until the restart, rounded up; 0: none is set. */
uint32_t shutdown_restart_s(void);
/* What was ordered of the process before and not done when it died goes on: a drain, a restart with
 * the time that is left. */
void shutdown_resume(void);
/* SIGTERM, as server.stopMode has it. */
void shutdown_terminate(void);
/* Nothing of it comes any more. */
void shutdown_deinit(void);

#endif
