/* loop_internal - what the files of loop share: the loop itself and the list of open handles, by
 * which loop_deinit finds leaks. Included by loop*.c only.
 */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include "loop.h"

#include <uv.h>

/* First member of every handle struct. On the list until its close begins. */
struct loop_item {
    struct loop_item *prev;
    struct loop_item *next;
    const char *kind; /* for the leak line; null: not a leak (signals, stdin) */
    void (*close)(struct loop_item *item);
};

uv_loop_t *loop_uv(void);
void loop_item_add(struct loop_item *item, const char *kind, void (*close)(struct loop_item *item));
void loop_item_remove(struct loop_item *item);
/* The clock runs by itself: as after the start of the process. Wants to be read every
 * LOOP_BEAT_MS. */
void loop_clock_real(void);
#define LOOP_BEAT_MS 100
#define LOOP_STALL_MS 250
/* The clock was not read for so long: how much of that is not counted. */
uint64_t loop_stalled(uint64_t ms);
/* Status for a negative libuv code. */
muster_status loop_status(int uv_code);
/* 64 KiB for one receive at a time; the loop thread reads into it and hands it on at once. */
uv_buf_t loop_receive_buffer(void);

#endif
