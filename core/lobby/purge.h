/* purge - rows of the database that have had their time: lobbies, who was in them, results.
 * Loop thread.
 *
 * Every ten minutes, a bounded number of rows at once, until none is left. What is kept for how
 * long is the operator's (store.lobbyDays, store.resultDays). Does nothing without a database.
 */
#ifndef PURGE_H
#define PURGE_H

#include <muster/types.h>

/* After store_start has ended well. NO_MEMORY. */
muster_status purge_start(void) MUSTER_MUST_USE;
/* Also when it was not started. */
void purge_stop(void);

#endif
