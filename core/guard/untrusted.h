/* untrusted - `musterd --untrusted`: gives up, after start-up, what no game needs, so that who
 * breaks out of a script finds a process that can reach nothing but its data.
 *
 * The threads that exist at the lock are all there will be. Linux only; what the kernel lacks of
 * Landlock is logged, a refused system-call filter ends the start. Loop thread.
 */
#ifndef UNTRUSTED_H
#define UNTRUSTED_H

#include <muster/types.h>

#define UNTRUSTED_ERROR_MAX 512

/* Asked for on the command line; the configuration is loaded, no thread runs yet. config_file:
 * stays readable for reloads; null: none. Borrowed for the life of the process. serves: false for
 * what only looks at the configuration. */
void untrusted_request(const char *config_file, bool serves);
bool untrusted_requested(void);

/* The server listens, plugins have started, nothing of a player has been read. No way back. On
 * failure `error` (UNTRUSTED_ERROR_MAX bytes) says why, and the process must not serve: INVALID is
 * the configuration's fault. */
muster_status untrusted_lock(char *error) MUSTER_MUST_USE;
bool untrusted_locked(void);
/* May a connection to this host be opened? False is logged with the reason. */
bool untrusted_may_connect(const char *host);
/* Logs the system calls that were refused since, each name once, and brings the metric up to date.
 * Runs every second by itself. */
void untrusted_report(void);
/* The last report, and no more of them. Before the loop ends. */
void untrusted_stop(void);

#endif
