/* supervisor - the parent of a server on a host without a service manager. It holds the listening
 * sockets, so that nobody is refused while the server starts again, and loads no plugin.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

/* Runs this program with these arguments, and again when it crashes, with a growing pause, is
 * killed or asks for it (SHUTDOWN_EXIT_RESTART). Signals that end or reload are handed on. Before
 * any thread; the configuration is loaded. Returns the exit code: the server's, or INTERNAL after 5
 * crashes in a minute, to which SIGKILL does not count. */
int supervisor_run(char **argv);

#endif
