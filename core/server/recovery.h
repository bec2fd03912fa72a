/* recovery - lobbies over the end of a process: what one leaves, by a crash or to be started again,
 * the next one goes on with. Loop thread.
 */
#ifndef RECOVERY_H
#define RECOVERY_H

#include <muster/types.h>

/* The lobbies of the process before, each with the log since, or as crashes says; then lobbies are
 * kept from now on. One that is refused with its log goes on without; one that is refused is moved
 * to the folder lobbies, for the command `lobby load`, and the log says why. */
muster_status recovery_start(void) MUSTER_MUST_USE;
/* Leaves them all to the next process: those that are there are gone here, without an end. One that
 * cannot be kept stays, to be closed as ever. */
void recovery_leave(void);

#endif
