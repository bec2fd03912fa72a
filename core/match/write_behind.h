/* write_behind - brings what lies in memory (memory) to the data directory: each second the pool
 * writes what recordings have more, and the checkpoints that have changed, and has the disk keep
 * it. So a power failure sets lobbies back by the second between two rounds and the time that the
 * disk takes for one. Loop thread.
 *
 * One round at a time: a disk that stands still holds one thread of the pool, and no tick.
 */
#ifndef WRITE_BEHIND_H
#define WRITE_BEHIND_H

#include <muster/types.h>

/* Does nothing where nothing lies in memory. */
muster_status write_behind_start(void) MUSTER_MUST_USE;
void write_behind_stop(void);
/* A round now, or as soon as the present one is done. */
void write_behind_hurry(void);

#endif
