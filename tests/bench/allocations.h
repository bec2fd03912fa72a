/* allocations - what the main thread of a server allocates, by the place that asks: a table in a
 * file, which muster_bench_allocations.so writes inside of the server and muster_bench reads.
 */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdint.h>

#define ALLOCATION_PLACES_MAX 1024u

struct allocation_place {
    uintptr_t address; /* 0: nothing here */
    uint64_t count;
    uint64_t offset; /* in its object: a program or shared object, without its folder */
    char object[40];
};

struct allocations {
    struct allocation_place places[ALLOCATION_PLACES_MAX]; /* one asked for by its address */
};

#endif
