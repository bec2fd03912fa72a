#include "write_behind.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "checkpoint_copy.h"
#include "disk.h"
#include "log.h"
#include "loop.h"
#include "memory.h"
#include "paths.h"
#include "record_memory.h"

#define ROUND_MS 1000

/* What it writes. Marks of checkpoints are as old as the pieces of recordings that they name. */
struct round {
    struct record_pieces *pieces;
    struct checkpoint_copy *copies;
    int error; /* of the copies, or the disk */
};

static struct {
    struct loop_timer *timer;
    bool is_writing;
    bool is_hurried; /* there is to be another one at once */
    bool is_told;    /* that it fails */
} behind;

static void write_work(void *user) {
    struct round *round = user;
    if (round->pieces) record_memory_write(round->pieces);
    round->error = checkpoint_copy_write(round->copies);
    int error = paths_sync_data();
    if (!round->error) round->error = error;
}

/* All is written again in the next round. */
static void note_failure(int error) {
    if (!disk_failed(error) && !behind.is_told)
        log_error("match", "%s: lobbies are not copied to the disk: %s", paths_data(),
                  strerror(error));
    behind.is_told = true;
    checkpoint_forget_copies();
}

static void write_done(void *user, muster_status status) {
    struct round *round = user;
    if (status) write_work(round); /* cancelled: the server stops */
    behind.is_writing = false;
    record_memory_done(round->pieces);
    checkpoint_copy_free(round->copies);
    if (round->error) note_failure(round->error);
    if (!round->error) behind.is_told = false;
    free(round);
    if (behind.is_hurried) write_behind_hurry();
}

static void begin(void *user) {
    (void)user;
    if (behind.is_writing) return;
    struct round *round = calloc(1, sizeof *round);
    if (!round) return;
    round->pieces = record_memory_take();
    round->copies = checkpoint_take_copies();
    if (!round->pieces && !round->copies) {
        free(round);
        return;
    }
    behind.is_writing = true;
    if (loop_work_start(write_work, write_done, round, &(struct loop_work *){NULL}))
        write_done(round, MUSTER_CLOSED);
}

void write_behind_hurry(void) {
    behind.is_hurried = behind.is_writing;
    begin(NULL);
}

muster_status write_behind_start(void) {
    if (!memory_folder()) return MUSTER_OK;
    behind.timer = loop_timer_start(ROUND_MS, ROUND_MS, begin, NULL);
    return behind.timer ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void write_behind_stop(void) {
    loop_timer_stop(behind.timer);
    behind.timer = NULL;
}
