#include "trim.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENTRIES_MAX 512u /* of the page map, 8 bytes each: read at once */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61) /* a page that was written to is the process's own */

struct span {
    uintptr_t begin;
    uintptr_t end;
};

static uintptr_t page_bytes(void) {
    return (uintptr_t)sysconf(_SC_PAGESIZE);
}

/* What lies in swap is nowhere else. */
static bool is_own(uint64_t entry) {
    return (entry & PAGE_SWAPPED) || ((entry & PAGE_PRESENT) && !(entry & PAGE_OF_FILE));
}

/* By a relocation or a debugger: such pages must stay. So they must when it cannot be seen. */
static bool is_written(int page_map, struct span span) {
    uint64_t entries[ENTRIES_MAX];
    uintptr_t page = span.begin / page_bytes(), end = span.end / page_bytes();
    while (page < end) {
        size_t count = end - page < ENTRIES_MAX ? end - page : ENTRIES_MAX;
        ssize_t bytes = (ssize_t)(count * sizeof *entries);
        if (pread(page_map, entries, (size_t)bytes, (off_t)(page * sizeof *entries)) != bytes)
            return true;
        for (size_t i = 0; i < count; i++)
            if (is_own(entries[i])) return true;
        page += count;
    }
    return false;
}

static int trim_object(struct dl_phdr_info *object, size_t size, void *user) {
    (void)size;
    const int *page_map = user;
    for (uint16_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W)) continue;
        uintptr_t at = object->dlpi_addr + part->p_vaddr, rest = page_bytes() - 1;
        struct span span = {at & ~rest, (at + part->p_memsz + rest) & ~rest};
        if (!is_written(*page_map, span))
            (void)madvise((void *)span.begin, span.end - span.begin, MADV_DONTNEED);
    }
    return 0;
}

void trim_memory(void) {
    int page_map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    malloc_trim(0);
    if (page_map < 0) return;
    dl_iterate_phdr(trim_object, &page_map);
    close(page_map);
}
