/* heap - the heap of one Lua state; see heap.h. */
#include "heap.h"

#include <lua.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BYTES = 8192 - 64,
    CHUNKS_FETCHED = 6, /* a state of the usual size; more would push out what was fetched first */
    LINE_BYTES = 64,    /* of the cache */
};

struct chunk {
    struct chunk *next;
    char bytes[];
};

/* In front of every block; the serial is what heap_serial reads. */
struct header {
    uint64_t serial : 63;
    uint64_t is_thread : 1;
};

struct large {
    struct large *next, *previous;
    struct header header; /* last: it lies directly in front of the block */
};

void heap_init(struct heap *heap, size_t limit, bool plain) {
    memset(heap, 0, sizeof *heap);
    heap->limit = limit;
    heap->high = limit - limit / 8;
    heap->plain = plain;
}

void heap_deinit(struct heap *heap) {
    while (heap->chunks) {
        struct chunk *next = heap->chunks->next;
        free(heap->chunks);
        heap->chunks = next;
    }
    while (heap->larges) {
        struct large *next = heap->larges->next;
        free(heap->larges);
        heap->larges = next;
    }
}

void heap_fetch(const struct heap *heap) {
    const struct chunk *chunk = heap->chunks;
    for (int n = 0; chunk && n < CHUNKS_FETCHED; n++, chunk = chunk->next)
        for (size_t at = 0; at < CHUNK_BYTES; at += LINE_BYTES)
            __builtin_prefetch((const char *)chunk + at);
}

uint64_t heap_serial(const void *object) {
    return ((const struct header *)object - 1)->serial;
}

/* Chunks are never given back, so sizes that come and go may hold more than is in use. */
bool heap_over(const struct heap *heap) {
    return heap->used > heap->limit || heap->footprint > heap->limit + heap->limit / 2;
}

static void grew(struct heap *heap, size_t bytes) {
    heap->footprint += bytes;
    if (heap->footprint > heap->peak) heap->peak = heap->footprint;
}

static bool is_small(const struct heap *heap, size_t size) {
    return size <= HEAP_SMALL_MAX && !heap->plain;
}

static size_t class_of(size_t size) {
    return (size + 7) / 8 - 1;
}

static size_t cost_of(const struct heap *heap, size_t size) {
    if (!is_small(heap, size)) return size + sizeof(struct large);
    return (class_of(size) + 1) * 8 + sizeof(struct header);
}

static void *bump_take(struct heap *heap, size_t bytes) {
    if ((size_t)(heap->bump_end - heap->bump) < bytes) {
        struct chunk *chunk = malloc(CHUNK_BYTES);
        if (!chunk) return NULL;
        chunk->next = heap->chunks;
        heap->chunks = chunk;
        heap->bump = chunk->bytes;
        heap->bump_end = (char *)chunk + CHUNK_BYTES;
        grew(heap, CHUNK_BYTES);
    }
    struct header *header = (struct header *)(void *)heap->bump;
    heap->bump += bytes;
    return header + 1;
}

static void *small_take(struct heap *heap, size_t size) {
    size_t class = class_of(size);
    void *block = heap->free[class];
    if (!block) return bump_take(heap, cost_of(heap, size));
    memcpy(&heap->free[class], block, sizeof(void *));
    return block;
}

static void large_link(struct heap *heap, struct large *large) {
    large->previous = NULL;
    large->next = heap->larges;
    if (large->next) large->next->previous = large;
    heap->larges = large;
}

static void large_unlink(struct heap *heap, struct large *large) {
    if (large->previous)
        large->previous->next = large->next;
    else
        heap->larges = large->next;
    if (large->next) large->next->previous = large->previous;
}

static struct large *large_of(void *block) {
    return (struct large *)(void *)((char *)block - sizeof(struct large));
}

static void *large_take(struct heap *heap, size_t size) {
    struct large *large = malloc(sizeof *large + size);
    if (!large) return NULL;
    large_link(heap, large);
    grew(heap, sizeof *large + size);
    return large + 1;
}

static void *large_resize(struct heap *heap, void *block, size_t old_size, size_t new_size) {
    struct large *old = large_of(block);
    large_unlink(heap, old);
    struct large *large = realloc(old, sizeof *large + new_size);
    large_link(heap, large ? large : old);
    if (!large) return NULL;
    heap->footprint -= old_size;
    heap->used -= old_size;
    heap->used += new_size;
    grew(heap, new_size);
    return large + 1;
}

static void release(struct heap *heap, void *block, size_t size) {
    if (!block) return;
    heap->used -= cost_of(heap, size);
    heap->threads -= ((const struct header *)block - 1)->is_thread;
    if (is_small(heap, size)) {
        size_t class = class_of(size);
        memcpy(block, &heap->free[class], sizeof(void *));
        heap->free[class] = block;
        return;
    }
    large_unlink(heap, large_of(block));
    heap->footprint -= sizeof(struct large) + size;
    free(large_of(block));
}

/* For a new block old_size is the kind of object, or 0 for a vector. Vectors at most double, so
 * four times the limit is never reached by a script. */
static bool is_refused(const struct heap *heap, const void *block, size_t old_size,
                       size_t new_size) {
    bool object = !block && (old_size == LUA_TSTRING || old_size == LUA_TUSERDATA);
    return new_size > (object ? heap->limit : heap->limit * 4);
}

void *heap_alloc(struct heap *heap, void *block, size_t old_size, size_t new_size) {
    if (new_size == 0) {
        release(heap, block, old_size);
        return NULL;
    }
    if (new_size > heap->limit && is_refused(heap, block, old_size, new_size)) return NULL;
    if (block && !is_small(heap, old_size) && !is_small(heap, new_size))
        return large_resize(heap, block, old_size, new_size);
    if (block && is_small(heap, old_size) && is_small(heap, new_size) &&
        class_of(old_size) == class_of(new_size))
        return block;
    void *fresh =
        is_small(heap, new_size) ? small_take(heap, new_size) : large_take(heap, new_size);
    if (!fresh) return NULL;
    heap->used += cost_of(heap, new_size);
    struct header *header = (struct header *)fresh - 1;
    if (block) {
        *header = ((const struct header *)block)[-1];
        memcpy(fresh, block, old_size < new_size ? old_size : new_size);
        release(heap, block, old_size);
    } else {
        bool numbered = old_size >= LUA_TTABLE && old_size <= LUA_TTHREAD;
        header->serial = numbered ? ++heap->serial : 0;
        header->is_thread = old_size == LUA_TTHREAD;
        heap->threads += header->is_thread;
    }
    return fresh;
}
