/* What nobody has written to is let go and comes back as it was; what was written to stays. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trim.h"

#define PAGE 4096
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61)

/* ---- as if all that was written to lay in swap ---- */

static bool swaps;

ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at);
ssize_t __real_pread(int fd, void *data, size_t len, off_t at);

ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at) {
    uint64_t *entries = data;
    ssize_t bytes = __real_pread(fd, data, len, at);
    for (ssize_t i = 0; swaps && i < bytes / (ssize_t)sizeof *entries; i++)
        if ((entries[i] & PAGE_PRESENT) && !(entries[i] & PAGE_OF_FILE)) entries[i] = PAGE_SWAPPED;
    return bytes;
}

/* Far more than the kernel maps around one touch, and a part of the program as its code is. */
static const uint8_t table[64 * PAGE] __attribute__((aligned(PAGE))) = {7, [32 * PAGE] = 9};

/* What lies there now, whatever the compiler knows of it. */
static uint8_t look(size_t at) {
    return *(const volatile uint8_t *)&table[at];
}

static uint32_t pages_present(void) {
    uint64_t entries[sizeof table / PAGE];
    int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    assert_true(map >= 0);
    off_t at = (off_t)((uintptr_t)table / PAGE * sizeof *entries);
    assert_int_equal(pread(map, entries, sizeof entries, at), sizeof entries);
    close(map);
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof table / PAGE; i++) count += (entries[i] & PAGE_PRESENT) != 0;
    return count;
}

static void read_all(void) {
    for (size_t i = 0; i < sizeof table; i += PAGE) assert_true(look(i) < 10);
}

static void what_was_read_is_let_go(void **state) {
    (void)state;
    read_all();
    assert_int_equal(pages_present(), sizeof table / PAGE);
    trim_memory();
    assert_true(pages_present() < sizeof table / PAGE / 2);
    assert_int_equal(look(0), 7);
    assert_int_equal(look(32 * PAGE), 9);
}

/* As a debugger does with code, and the loader where code has to be relocated. */
static void what_was_written_stays(void **state) {
    (void)state;
    uint8_t *page = (uint8_t *)(uintptr_t)&table[16 * PAGE];
    assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
    page[3] = 5;
    assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
    trim_memory();
    assert_int_equal(look(16 * PAGE + 3), 5);
    assert_int_equal(look(0), 7);
    swaps = true;
    trim_memory();
    swaps = false;
    assert_int_equal(look(16 * PAGE + 3), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_let_go),
        cmocka_unit_test(what_was_written_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
