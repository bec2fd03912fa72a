/* disk - can the data directory's disk be written, and has it room?
 *
 * Looks every few seconds, on the pool, and hears from who meets an error. Says once what is wrong
 * (log, metric, /readyz), and once that it is over.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>

#include <muster/types.h>

/* Looks from now on; before, and in a process that never does, all is well. */
muster_status disk_start(void) MUSTER_MUST_USE;
void disk_stop(void);
/* May a file that grows be begun, or go on growing? Any thread. */
bool disk_has_room(void);
/* A write below the data directory failed with this errno. True: it is the disk's (full, over
 * quota, read-only, broken), disk says so, and the write may be tried again once disk_has_room.
 * False: try no more for its sake. Any thread; errno stays. */
bool disk_failed(int error);
/* Something failed, and nobody knows why: the next look is now. */
void disk_look(void);
/* For /readyz: null, or what is wrong. */
const char *disk_trouble(void);

#endif
