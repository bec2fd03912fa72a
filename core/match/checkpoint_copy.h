/* checkpoint_copy - the copies that the data directory has of checkpoints in memory, for a start
 * after a power failure. Made on the loop of what has changed, written by the pool (write_behind).
 *
 * A copy is such a file itself. Its two slots are written in turn, so that the older one is whole
 * on the disk while the newer one is on its way there.
 */
#ifndef CHECKPOINT_COPY_H
#define CHECKPOINT_COPY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CHECKPOINT_MAGIC "MSTRLIV1"
#define CHECKPOINT_HEAD_BYTES 64

/* As it stands in the file. */
struct checkpoint_slot {
    _Atomic uint64_t number;
    _Atomic uint64_t mark;
    uint32_t len;
    uint32_t is_left;
    uint64_t hash;
    uint8_t zeros[CHECKPOINT_HEAD_BYTES - 32];
    uint8_t bytes[];
};
_Static_assert(sizeof(struct checkpoint_slot) == CHECKPOINT_HEAD_BYTES,
               "the head of a slot is as the file has it");

struct checkpoint_copy {
    struct checkpoint_copy *prev, *next;
    uint32_t slot_bytes; /* 0: the file is to go */
    uint32_t bytes;      /* of slot; 0: its mark alone is new */
    uint64_t number, mark;
    const char *path; /* behind slot */
    uint8_t slot[];
};

/* slot null: the file is to go; is_new: its bytes are new, and not the mark alone. */
struct checkpoint_copy *checkpoint_copy_make(const char *path, uint32_t slot_bytes,
                                             const struct checkpoint_slot *slot, bool is_new);
/* 0, or the errno of the last that failed. Any thread. */
int checkpoint_copy_write(const struct checkpoint_copy *copies);
void checkpoint_copy_free(struct checkpoint_copy *copies);

#endif
