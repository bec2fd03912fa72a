/* record_memory - recordings whose newest part lies in memory (memory), and is written to their
 * files by the pool (write_behind).
 *
 * Of a recording DATA/records/MATCH.mrec the bytes that its file does not have lie at their place
 * in records/MATCH.mrec there; before them is nothing. A process that was killed leaves both, and
 * the next one completes the file before it reads it.
 */
#ifndef RECORD_MEMORY_H
#define RECORD_MEMORY_H

struct record_pieces;

/* What waits; null: nothing, or no memory now. Until it is done no other is taken. Loop thread. */
struct record_pieces *record_memory_take(void);
/* Any thread. */
void record_memory_write(struct record_pieces *pieces);
/* Takes null, and frees. Loop thread. */
void record_memory_done(struct record_pieces *pieces);
/* The files of a process that was killed, at the start. */
void record_memory_complete(void);

#endif
