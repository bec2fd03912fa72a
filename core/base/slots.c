/* slots - fixed tables of objects with generation-checked ids.
 *
 * Owns the memory of each table. Used by every part that hands out ids: sessions, lobbies,
 * matches, plugin resources.
 */
#include "slots.h"

#include <stdlib.h>
#include <string.h>

static void *item_at(const struct slots *slots, uint32_t index) {
    return slots->items + (size_t)index * slots->item_size;
}

static uint64_t id_at(const struct slots *slots, uint32_t index) {
    return (uint64_t)slots->generations[index] << 32 | (index + 1u);
}

static bool in_use(const struct slots *slots, uint32_t index) {
    return slots->generations[index] & 1u;
}

static uintptr_t whole_lines(uintptr_t bytes) {
    return (bytes + CACHE_LINE_BYTES - 1u) & ~(uintptr_t)(CACHE_LINE_BYTES - 1u);
}

muster_status slots_init(struct slots *slots, uint32_t cap, uint32_t item_size) {
    *slots = (struct slots){0};
    if (cap == 0 || cap == UINT32_MAX || item_size == 0 ||
        item_size > UINT32_MAX - CACHE_LINE_BYTES)
        return MUSTER_INVALID;
    slots->item_size = (uint32_t)whole_lines(item_size);
    slots->cap = cap;
    slots->block = calloc(cap + 1u, slots->item_size); /* one more: where lines begin */
    slots->items = (uint8_t *)whole_lines((uintptr_t)slots->block);
    slots->generations = calloc(cap, sizeof(*slots->generations));
    slots->free_next = calloc(cap, sizeof(*slots->free_next));
    if (!slots->block || !slots->generations || !slots->free_next) {
        slots_deinit(slots);
        return MUSTER_NO_MEMORY;
    }
    return MUSTER_OK;
}

void slots_deinit(struct slots *slots) {
    free(slots->block);
    free(slots->generations);
    free(slots->free_next);
    *slots = (struct slots){0};
}

void *slots_add(struct slots *slots, uint64_t *id) {
    uint32_t index;
    if (slots->free_head) {
        index = slots->free_head - 1u;
        slots->free_head = slots->free_next[index];
        memset(item_at(slots, index), 0, slots->item_size);
    } else if (slots->used < slots->cap) {
        index = slots->used++; /* fresh memory is zero, and stays untouched until now */
    } else {
        return NULL;
    }
    slots->generations[index]++;
    slots->count++;
    *id = id_at(slots, index);
    return item_at(slots, index);
}

void *slots_at(const struct slots *slots, uint32_t index) {
    return index < slots->used && in_use(slots, index) ? item_at(slots, index) : NULL;
}

void slots_remove(struct slots *slots, uint64_t id) {
    if (!slots_find(slots, id)) return;
    uint32_t index = slots_index(id);
    slots->generations[index]++;
    slots->free_next[index] = slots->free_head;
    slots->free_head = index + 1u;
    slots->count--;
}

void *slots_next(const struct slots *slots, uint64_t *id) {
    /* slots_index(0) + 1 wraps to 0: from the start. */
    for (uint32_t index = slots_index(*id) + 1u; index < slots->used; index++) {
        if (!in_use(slots, index)) continue;
        *id = id_at(slots, index);
        return item_at(slots, index);
    }
    return NULL;
}
