/* worker - a thread with a connection: a bounded queue of jobs in, answers in the same order out.
 * There is one that writes, and one beside it for what only reads and needs no order. Owns the
 * connection while it runs. Called by the plugin on the loop thread.
 */
#ifndef DB_SQLITE_WORKER_H
#define DB_SQLITE_WORKER_H

#include <muster/host.h>

#include "connection.h"

struct worker;

/* Takes the connection over, also on failure. queue_max: jobs not yet answered. */
muster_status worker_start(muster_self *self, const struct muster_host *host,
                           struct connection *connection, uint32_t queue_max,
                           struct worker **out) MUSTER_MUST_USE;
/* Takes the job over when OK; LIMIT when the queue is full; STATE after worker_stop. */
muster_status worker_submit(struct worker *worker, struct job *job) MUSTER_MUST_USE;
/* Runs and answers all that waits (what a reader would take long for ends with TIMEOUT), and closes
 * the connection. Takes null. */
void worker_stop(struct worker *worker);
/* Not before the turn of the loop that it has posted. Takes null. */
void worker_destroy(struct worker *worker);

#endif
