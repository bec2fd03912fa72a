/* outbox_file - DATA/unwritten.jsonl: writes that wait for a database, one a line, oldest first; of
 * the first database, of another one DATA/unwritten.NAME.jsonl.
 *
 * Read from its beginning while new ones may be put to its end; when all are done it is removed.
 * A process that ends before that begins it again. Used by outbox alone.
 */
#ifndef OUTBOX_FILE_H
#define OUTBOX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <muster/types.h>

#define OUTBOX_FILE_PATH_MAX 640

struct outbox_file {
    char path[OUTBOX_FILE_PATH_MAX];
    FILE *file; /* its position is where it is read; it is written at its end */
    long end;
    char *line;
    size_t size;
};

/* database: "" for the first. Nothing is opened. */
void outbox_file_init(struct outbox_file *file, const char *database);
/* True when there is one. */
bool outbox_file_take_up(struct outbox_file *file);
/* Made where there is none. */
muster_status outbox_file_open_end(struct outbox_file *file) MUSTER_MUST_USE;
/* LIMIT above OUTBOX_FILE_BYTES_MAX. */
muster_status outbox_file_append(struct outbox_file *file, const char *line,
                                 size_t len) MUSTER_MUST_USE;
muster_status outbox_file_sync(const struct outbox_file *file) MUSTER_MUST_USE;
bool outbox_file_is_open(const struct outbox_file *file);
/* The next line, until the next call; null at the end: then the file is removed and closed. */
const char *outbox_file_read(struct outbox_file *file, size_t *len);
void outbox_file_close(struct outbox_file *file);

#endif
