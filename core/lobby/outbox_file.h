/* outbox_file - DATA/unwritten.jsonl: writes that wait for the database, one a line, oldest first.
 *
 * Read from its beginning while new ones may be put to its end; when all are done it is removed.
 * A process that ends before that begins it again. Used by outbox alone.
 */
#ifndef OUTBOX_FILE_H
#define OUTBOX_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <muster/types.h>

const char *outbox_file_path(void);
/* True when there is one. */
bool outbox_file_take_up(void);
/* Made where there is none. */
muster_status outbox_file_open_end(void) MUSTER_MUST_USE;
/* LIMIT above OUTBOX_FILE_BYTES_MAX. */
muster_status outbox_file_append(const char *line, size_t len) MUSTER_MUST_USE;
muster_status outbox_file_sync(void) MUSTER_MUST_USE;
bool outbox_file_is_open(void);
/* The next line, until the next call; null at the end: then the file is removed and closed. */
const char *outbox_file_read(size_t *len);
void outbox_file_close(void);

#endif
