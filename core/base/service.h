/* service - what a service manager and this process tell each other: sockets that were opened
 * before (LISTEN_FDS, as sd_listen_fds(3) has it) and how the process stands (NOTIFY_SOCKET,
 * sd_notify(3)). systemd speaks it, and so does supervisor.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdint.h>

/* Takes what the environment says, and takes it out of there: it is for this process alone. Before
 * any thread. */
void service_init(void);
/* The listening socket, or channel, of that name, which is the caller's from now on; -1: none was
 * passed. */
int service_socket(const char *name);
/* "READY=1" and the like, to the service manager, or to the supervisor that was asked by one;
 * nothing where nobody asked. Any thread. */
void service_notify(const char *state);
/* How often "WATCHDOG=1" is expected; 0: never. */
uint32_t service_watchdog_ms(void);

/* For who starts another process: in it, before it executes, makes these descriptors the ones that
 * service_socket finds. names: with colons between them. It is to say as often as this one is that
 * its loop turns. */
void service_pass(const int *fds, int count, const char *names);

#endif
