/* outbox - writes that must reach a database, whatever it does meanwhile. Loop thread.
 *
 * Keeps a copy of each until it is written. While the database takes them they go out at once, in
 * order; after a failure that may pass (locked, disk full, moved away, not there) the first is
 * tried again with a growing pause and the others wait behind it. Above OUTBOX_BYTES_MAX, and at
 * the stop, what waits goes into a file of the data directory, which is taken up before anything
 * newer. At the end of a turn of the loop all that waits stands in a mapped file beside it, for
 * whoever starts after a crash. So a write may be done twice, and must come to the same then. Each
 * database has an outbox of its own: one that fails holds no other up.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <muster/roles.h>

#define OUTBOX_BYTES_MAX (4u << 20)
#define OUTBOX_FILE_BYTES_MAX (256u << 20)
#define OUTBOX_REQUEST_BYTES_MAX (2u << 20) /* SQL and values of one request */

/* what: for the log, copied. database: the instance. OK: it will be written, or told as lost (log,
 * metric). Without a database plugin nothing is kept: OK, too. INVALID: malformed, or text that is
 * no UTF-8; LIMIT: too long. */
muster_status outbox_add(const char *what, const char *database,
                         const struct muster_db_request *request);
/* How many writes a file of an earlier process holds; *broken: lines that are none, which would be
 * lost. Nothing is done with them. IO. */
muster_status outbox_look(const char *path, uint32_t *count, uint32_t *broken) MUSTER_MUST_USE;
/* The tables stand: what an earlier process left is taken up. */
void outbox_start(void);
/* Of all of them: null, or why writes wait. */
const char *outbox_trouble(void);
bool outbox_is_empty(void);
uint32_t outbox_count(void);
/* The stop has begun: pauses are short from here on. */
void outbox_hurry(void);
/* After the database has stopped: what is left goes into the file. */
void outbox_deinit(void);

#endif
