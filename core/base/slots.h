/* slots - fixed tables of objects with generation-checked ids.
 *
 * An id is generation << 32 | index + 1: never 0, and an id whose object is gone finds nothing,
 * also after the slot was used again. Items never move, and each begins a cache line; memory is
 * reserved once and touched on first use. Loop thread only.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/types.h>

#define CACHE_LINE_BYTES 64u

struct slots {
    void *block;
    uint8_t *items;        /* in it */
    uint32_t *generations; /* odd: in use */
    uint32_t *free_next;
    uint32_t item_size;
    uint32_t cap;
    uint32_t used; /* slots ever touched */
    uint32_t count;
    uint32_t free_head; /* index + 1, 0 = none */
};

muster_status slots_init(struct slots *slots, uint32_t cap, uint32_t item_size) MUSTER_MUST_USE;
void slots_deinit(struct slots *slots);
/* A zeroed item, or null when full. */
void *slots_add(struct slots *slots, uint64_t *id);
/* By slots_index; null when nothing is there. */
void *slots_at(const struct slots *slots, uint32_t index);
/* Takes a stale id. */
void slots_remove(struct slots *slots, uint64_t id);
/* Next item after *id (0 = from the start) and its id; null at the end. Items may be removed
 * during the walk. */
void *slots_next(const struct slots *slots, uint64_t *id);
/* 0 to cap - 1. */
static inline uint32_t slots_index(uint64_t id) {
    return (uint32_t)id - 1;
}
/* Null when the id is stale or 0. */
static inline void *slots_find(const struct slots *slots, uint64_t id) {
    uint32_t index = slots_index(id);
    if (index >= slots->used) return NULL;
    uint32_t generation = slots->generations[index];
    bool is_here = generation == id >> 32 && generation & 1u;
    return is_here ? slots->items + (size_t)index * slots->item_size : NULL;
}
/* Its first two cache lines will soon be asked for; again for any id. */
static inline void slots_prefetch(const struct slots *slots, uint64_t id) {
    uint32_t index = slots_index(id);
    if (index >= slots->used) return;
    const uint8_t *item = slots->items + (size_t)index * slots->item_size;
    __builtin_prefetch(&slots->generations[index]);
    __builtin_prefetch(item, 1);
    __builtin_prefetch(item + CACHE_LINE_BYTES, 1);
}

#endif
