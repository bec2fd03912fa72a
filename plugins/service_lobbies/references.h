/* references - what the site calls its lobbies. Whoever has lost an answer asks for the same lobby
 * once more, and is not to find the players seated in one that nobody knows. Loop thread.
 */
#ifndef SERVICE_LOBBIES_REFERENCES_H
#define SERVICE_LOBBIES_REFERENCES_H

#include <muster/host.h>
#include <stdbool.h>

#define REFERENCE_BYTES 64

/* The lobby that is called so. text "": none is. */
bool references_find(muster_self *self, const struct muster_host *host, const char *text,
                     muster_lobby_id *out);
/* text: shorter than REFERENCE_BYTES; "": it is not called anything. */
muster_status references_keep(muster_self *self, const struct muster_host *host,
                              muster_lobby_id lobby, const char *text) MUSTER_MUST_USE;

#endif
