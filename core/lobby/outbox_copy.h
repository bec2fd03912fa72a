/* outbox_copy - DATA/unwritten.live (of another database DATA/unwritten.NAME.live): what waits in
 * memory, as it stood at the end of a turn of the loop, for the process after one that dies.
 *
 * Lines, oldest first, in a checkpoint: written again as a whole, which is a copy. Used by outbox
 * alone.
 */
#ifndef OUTBOX_COPY_H
#define OUTBOX_COPY_H

#include "checkpoint.h"

#define OUTBOX_COPY_PATH_MAX 640

struct outbox_copy {
    char path[OUTBOX_COPY_PATH_MAX];
    struct checkpoint *file; /* null: outbox_copy_start was not called */
    uint8_t *bytes;
    uint32_t len;
    uint32_t cap;
    uint32_t at; /* of the next line */
};

/* database: "" for the first. Nothing is read or made. */
void outbox_copy_init(struct outbox_copy *copy, const char *database);
/* Reads what was left; from now on it may be written. */
void outbox_copy_start(struct outbox_copy *copy);
/* The next line of what was left, until the next call; null at its end. */
const char *outbox_copy_next(struct outbox_copy *copy, uint32_t *len);
/* Anew: begin, each line, end. Out of memory, or of disk: it stays as it was written last. */
void outbox_copy_begin(struct outbox_copy *copy);
void outbox_copy_add(struct outbox_copy *copy, const char *line, size_t len);
void outbox_copy_end(struct outbox_copy *copy);
/* Nothing waits any more, or it stands elsewhere. */
void outbox_copy_remove(struct outbox_copy *copy);

#endif
