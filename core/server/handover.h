/* handover - lobbies over a restart: what a server that restarts leaves, the next one goes on with.
 * Loop thread.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

/* All lobbies to the folder handover of the data directory; those that are there are gone here,
 * without an end. One that cannot be kept stays, to be closed as ever. */
void handover_save(void);
/* Those of the server before. One that is refused is moved to the folder lobbies, for the command
 * `lobby load`, and the log says why. */
void handover_load(void);

#endif
