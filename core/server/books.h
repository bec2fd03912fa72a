/* books - the tables of people, lobbies and requests, and the wiring between them. Loop thread.
 *
 * What server, a command and the testkit stand on alike, before any plugin starts.
 */
#ifndef BOOKS_H
#define BOOKS_H

#include <stdbool.h>

#include <muster/types.h>

/* By the configuration. is_ready: what /readyz answers. NO_MEMORY. */
muster_status books_start(bool (*is_ready)(void)) MUSTER_MUST_USE;
void books_deinit(void);

#endif
