#include "huge.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HUGE_BYTES ((uintptr_t)2 << 20)

static uintptr_t first; /* where the heap ended at the begin */
static uintptr_t from;  /* below it nothing is to be done any more */

static uintptr_t top(void) {
    return (uintptr_t)sbrk(0); /* no system call */
}

void huge_begin(void) {
    first = from = (top() + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
}

struct huge_span huge_next(void) {
    uintptr_t begin = from, end = top() & ~(HUGE_BYTES - 1);
    from = end > first ? end : first; /* what is given back comes in small pages again */
    return (struct huge_span){(void *)begin, end > begin ? end - begin : 0};
}

/* One after another: the process's map is locked while one is made. */
void huge_gather(struct huge_span span) {
    for (size_t at = 0; at < span.bytes; at += HUGE_BYTES)
        (void)madvise((uint8_t *)span.begin + at, HUGE_BYTES, MADV_COLLAPSE);
}
