/* checkpoint - the newest state of something, in a mapped file that outlives the process. Loop
 * thread. Where there is a folder in memory (memory) the file lies there, and the data directory
 * has a copy, by the pool (write_behind).
 *
 * Two slots are written in turn, so that one of them is whole at any moment; the kernel keeps what
 * was written when the process dies, and the next one writes on in the same file. Beside each slot
 * a mark says how far the log had come when the last step after it was done. Writing is a copy, and
 * one system call which gives the memory back; more are made with the first one, and when the file
 * has to grow.
 *
 * File (little-endian): "MSTRLIV1", u32 bytes of a slot, zeros to 64; then two slots, each u64
 * number (0: empty; the greater is the newer), u64 mark (u32 tick, u32 bytes of the log), u32
 * length, u32 1 when it was left on purpose, u64 hash of the bytes (XXH3; 0: none), zeros to 64,
 * bytes.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <muster/types.h>

struct checkpoint;

/* How far the log was applied: `tick` is the next to run, `used` the bytes of the recording.
 * is_left: of who has left it to another process, and has not died. */
struct checkpoint_mark {
    uint32_t tick;
    uint32_t used;
    bool is_left;
};

/* Nothing is made before the first write. LIMIT: too long a path. */
muster_status checkpoint_open(const char *path, struct checkpoint **out) MUSTER_MUST_USE;
/* IO: there is no room for the file; what was written before stands as long as the file does. */
muster_status checkpoint_write(struct checkpoint *checkpoint, const void *data, uint32_t len,
                               struct checkpoint_mark mark) MUSTER_MUST_USE;
/* The newest state and the log up to here are one; is_left stays. A store. Takes null. */
void checkpoint_mark(struct checkpoint *checkpoint, struct checkpoint_mark mark);
/* Takes null. The file stays. */
void checkpoint_close(struct checkpoint *checkpoint);
/* The same, and the file goes. */
void checkpoint_remove(struct checkpoint *checkpoint);
/* The file of one that is not open. */
void checkpoint_unlink(const char *path);

/* on: another process may take over all of these files, and none is written, marked or removed
 * here; off: that came to nothing. What is there may be the other one's then: each is made anew
 * with its next write. */
void checkpoint_lend(bool on);
/* Of a file that a process has left: the newest state into data, which has room for cap bytes.
 * NOT_FOUND: it holds none. INVALID: it is no such file. LIMIT: it is larger than cap. IO. */
muster_status checkpoint_read(const char *path, void *data, uint32_t cap, uint32_t *len,
                              struct checkpoint_mark *mark) MUSTER_MUST_USE;

/* What has changed since the last time, of all that lie in memory, for checkpoint_copy_write. Null:
 * nothing. */
struct checkpoint_copy *checkpoint_take_copies(void);
/* They could not be written: the next time has all. */
void checkpoint_forget_copies(void);

#endif
