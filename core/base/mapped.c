#include "mapped.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utlist.h>

static struct {
    /* Nobody touches a map while he has it: the handler may wait for it. */
    atomic_flag lock;
    struct mapped *maps;
    size_t page_bytes;
    struct sigaction before;
} mapped = {.lock = ATOMIC_FLAG_INIT};

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&mapped.lock, memory_order_acquire)) continue;
}

static void unlock(void) {
    atomic_flag_clear_explicit(&mapped.lock, memory_order_release);
}

static bool replace_page(unsigned char *at) {
    at -= (uintptr_t)at % mapped.page_bytes;
    return mmap(at, mapped.page_bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* False: it is in none of the maps. */
static bool lose_page(unsigned char *at) {
    struct mapped *map;
    lock();
    DL_FOREACH(mapped.maps, map)
    if (at >= map->base && at < map->base + map->len) break;
    bool is_replaced = map && replace_page(at);
    if (is_replaced) atomic_store(&map->is_lost, true);
    unlock();
    return is_replaced;
}

/* What was a fault comes again, to who had the signal before. */
static void on_bus_error(int number, siginfo_t *info, void *context) {
    bool is_fault = info->si_code > 0;
    (void)context;
    if (is_fault && lose_page(info->si_addr)) return;
    (void)sigaction(number, &mapped.before, NULL);
    if (!is_fault) (void)raise(number);
}

/* Unless it is here already: others may have taken it since. */
static void take_signal(void) {
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction present;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, NULL, &present) != 0 || present.sa_sigaction == on_bus_error) return;
    mapped.page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    mapped.before = present;
    (void)sigaction(SIGBUS, &action, NULL);
}

void mapped_watch(struct mapped *map, void *base, size_t len) {
    map->base = base;
    map->len = len;
    atomic_store(&map->is_lost, false);
    lock();
    take_signal();
    DL_APPEND(mapped.maps, map);
    unlock();
}

void mapped_ignore(struct mapped *map) {
    if (!map->base) return;
    lock();
    DL_DELETE(mapped.maps, map);
    unlock();
    map->base = NULL;
}
