/* heap - the heap of one Lua state. Owned by sandbox.c, which sees Lua's requests pass.
 *
 * Small blocks come from chunks with a free list for each size, large ones from malloc; freeing the
 * whole heap touches chunks and large blocks only. Each block carries a serial number, given to
 * tables, functions, threads and userdata in the order of their creation: it gives keys of these
 * kinds an order that is the same in every run.
 *
 * The limit is soft. A collection forced by a failed allocation corrupts Debian's 5.4.4 (use after
 * free in luaV_finishset), so a request over the limit is served and reported; null is answered
 * only to one string or userdata larger than the whole limit, which is safe there.
 */
#ifndef LUA_HEAP_H
#define LUA_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAP_SMALL_MAX = 512, HEAP_CLASSES = HEAP_SMALL_MAX / 8 };

struct heap {
    size_t limit;     /* bytes */
    size_t high;      /* above this many bytes in use, a collection is due */
    size_t used;      /* bytes that Lua holds, headers included */
    size_t footprint; /* bytes taken from malloc */
    size_t peak;      /* the most that footprint has been */
    uint64_t serial;
    size_t threads; /* coroutines that exist, the main thread included */
    bool plain;     /* every block from malloc, for memory checkers */
    struct chunk *chunks;
    struct large *larges;
    char *bump, *bump_end;
    void *free[HEAP_CLASSES];
};

void heap_init(struct heap *heap, size_t limit, bool plain);
void heap_deinit(struct heap *heap);
/* As lua_Alloc wants it, heap being ud; but see heap_over and heap_due after each growth. */
void *heap_alloc(struct heap *heap, void *block, size_t old_size, size_t new_size);
/* Asks the processor to fetch the heap from memory, all at once, which is quicker than one line of
 * it after another when a script wants it. */
void heap_fetch(const struct heap *heap);
bool heap_over(const struct heap *heap);
/* Creation number of a table, function or thread, by its address. */
uint64_t heap_serial(const void *object);

#endif
