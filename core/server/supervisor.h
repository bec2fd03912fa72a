/* supervisor - the parent of a server. It holds the listening sockets, so that nobody is refused
 * while the server starts again, and starts the one that takes its place in an upgrade (upgrade.h).
 * To a service manager it is the service. It loads no plugin.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>

/* Runs this program with these arguments, and again when it crashes, with a growing pause, is
 * killed or asks for it (SHUTDOWN_EXIT_RESTART), and once one has served also when the next one's
 * configuration or data directory is in the way (CONFIG, IN_USE). Signals that end or reload are
 * handed on. Before any thread; the configuration is loaded. Returns the exit code: the server's,
 * OK when it was told to end while there was none, or INTERNAL after 5 crashes in a minute, to
 * which SIGKILL does not count, nor what one lobby was at fault for.
 * takes_paths: the server may say which program an upgrade is; else it is always this one, since
 * what is locked must not choose what is executed outside of the lock. */
int supervisor_run(char **argv, bool takes_paths);

#endif
