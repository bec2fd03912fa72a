/* writer - the writer thread: a bounded queue of jobs in, answers in the same order out. Owns the
 * connection while it runs. Called by the plugin on the loop thread.
 */
#ifndef DB_SQLITE_WRITER_H
#define DB_SQLITE_WRITER_H

#include <muster/host.h>

#include "connection.h"

struct writer;

/* Takes the connection over, also on failure. queue_max: jobs not yet answered. */
muster_status writer_start(muster_self *self, const struct muster_host *host,
                           struct connection *connection, uint32_t queue_max,
                           struct writer **out) MUSTER_MUST_USE;
/* Takes the job over when OK; LIMIT when the queue is full. */
muster_status writer_submit(struct writer *writer, struct job *job) MUSTER_MUST_USE;
/* Runs and answers all that waits, closes the connection and frees. Takes null. */
void writer_stop(struct writer *writer);

#endif
