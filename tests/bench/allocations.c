/* allocations - muster_bench_allocations.so, to be preloaded: counts what the main thread allocates
 * into the file that BENCH_ALLOCATIONS names (allocations.h). Slow at a place that is new, so a
 * server with it is not to be timed.
 */
#include "allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* glibc's own, for those who stand in front of them. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static struct allocations *table; /* null: nothing is counted */
static pthread_t main_thread;
static bool naming; /* dladdr may allocate */

__attribute__((constructor)) static void open_table(void) {
    const char *path = getenv("BENCH_ALLOCATIONS");
    int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || ftruncate(fd, sizeof *table) != 0) return;
    void *mapped = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    main_thread = pthread_self();
    if (mapped != MAP_FAILED) table = mapped;
}

static void name_place(struct allocation_place *place, void *address) {
    Dl_info info;
    naming = true;
    if (dladdr(address, &info) && info.dli_fname) {
        const char *slash = strrchr(info.dli_fname, '/');
        place->offset = (uintptr_t)address - (uintptr_t)info.dli_fbase;
        snprintf(place->object, sizeof place->object, "%s", slash ? slash + 1 : info.dli_fname);
    }
    naming = false;
}

static void count(void *address) {
    if (!table || naming || !pthread_equal(pthread_self(), main_thread)) return;
    uint32_t at = (uint32_t)((uintptr_t)address >> 2) % ALLOCATION_PLACES_MAX;
    for (uint32_t tries = 0; tries < ALLOCATION_PLACES_MAX; tries++) {
        struct allocation_place *place = &table->places[at];
        if (!place->address) name_place(place, address);
        if (!place->address) place->address = (uintptr_t)address;
        if (place->address == (uintptr_t)address) {
            place->count++;
            return;
        }
        at = (at + 1) % ALLOCATION_PLACES_MAX;
    }
}

EXPORTED void *malloc(size_t bytes) {
    count(__builtin_return_address(0));
    return __libc_malloc(bytes);
}

EXPORTED void *calloc(size_t number, size_t bytes) {
    count(__builtin_return_address(0));
    return __libc_calloc(number, bytes);
}

EXPORTED void *realloc(void *block, size_t bytes) {
    count(__builtin_return_address(0));
    return __libc_realloc(block, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t bytes) {
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, bytes);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t bytes) {
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, bytes);
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t bytes) {
    count(__builtin_return_address(0));
    *out = __libc_memalign(alignment, bytes);
    return *out ? 0 : ENOMEM;
}
