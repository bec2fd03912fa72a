/* crash_page - see the header. The file is the page and behind it the stack's text. */
#include "crash_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define MAGIC "MSTRCRS1" /* another one for each change of the struct */
#define CALLS_MAX 8
#define NAMES_MAX 32 /* a power of two */

struct call {
    uint32_t name; /* which of the page's */
    char lobby_key[CRASH_KEY_SIZE];
};

/* Calls are the process's own; the stamp and the ends are read by the next one. */
struct page {
    char magic[8];
    int32_t pid; /* of who has it, and has not ended in order; or 0 */
    uint32_t faults;
    uint32_t ends_count; /* ever; the ring has the newest */
    uint32_t is_stamped;
    uint32_t is_loop;
    int32_t signal;
    int64_t stamped_unix_ms;
    char plugin[MUSTER_NAME_MAX];
    uint32_t depth;
    struct call calls[CALLS_MAX];
    char names[NAMES_MAX][CRASH_CALL_MAX];
    struct crash_end ends[CRASH_ENDS_MAX];
};
_Static_assert(sizeof(struct page) <= PAGE_BYTES, "one page is written, and kept, as one");

static struct page in_memory;
static struct page *page = &in_memory;
static int page_fd = -1;
static const char *names[NAMES_MAX]; /* the literals that stand in the page */
static char stack[CRASH_STACK_MAX];

/* ---- while it runs --------------------------------------------------------------------------- */

/* What follows is stored after what stands before: whoever is killed in between leaves sense. */
static void in_order(void) {
    atomic_signal_fence(memory_order_seq_cst);
}

static void copy(char *to, const char *from, size_t cap) {
    if (!memccpy(to, from, '\0', cap - 1)) to[cap - 1] = '\0';
}

/* A literal is copied once, as long as it shares its place with no other that is used. */
static uint32_t name_of(const char *call) {
    uintptr_t address = (uintptr_t)call;
    uint32_t index = (address >> 3 ^ address >> 8) % NAMES_MAX;
    if (names[index] != call) copy(page->names[index], call, CRASH_CALL_MAX);
    names[index] = call;
    return index;
}

void crash_page_enter(const char *call) {
    uint32_t n = page->depth;
    if (n < CALLS_MAX) {
        page->calls[n].lobby_key[0] = '\0';
        page->calls[n].name = name_of(call);
    }
    in_order();
    page->depth = n + 1;
}

void crash_page_leave(void) {
    page->depth--;
    in_order();
}

void crash_page_call_of(const char *lobby_key) {
    uint32_t n = page->depth;
    if (n == 0 || n > CALLS_MAX) return;
    if (lobby_key)
        memcpy(page->calls[n - 1].lobby_key, lobby_key, CRASH_KEY_SIZE);
    else
        page->calls[n - 1].lobby_key[0] = '\0';
    in_order();
}

static int64_t unix_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int crash_page_stamp(int signal, const char *plugin, bool is_loop) {
    copy(page->plugin, plugin, sizeof page->plugin);
    page->signal = signal;
    page->is_loop = is_loop;
    page->stamped_unix_ms = unix_ms();
    in_order();
    page->is_stamped = 1;
    return page_fd;
}

/* ---- from one process to the next ------------------------------------------------------------ */

/* Whose work it was: of the innermost call that is about a lobby. */
static void take_calls(struct crash_end *end) {
    uint32_t n = page->depth < CALLS_MAX ? page->depth : CALLS_MAX;
    if (n > 0) copy(end->call, page->names[page->calls[n - 1].name % NAMES_MAX], CRASH_CALL_MAX);
    while (n > 0 && !page->calls[n - 1].lobby_key[0]) n--;
    if (n > 0) copy(end->lobby_key, page->calls[n - 1].lobby_key, CRASH_KEY_SIZE);
}

static void add_end(void) {
    struct crash_end *end = &page->ends[page->ends_count % CRASH_ENDS_MAX];
    *end = (struct crash_end){.at_unix_ms = unix_ms(), .kind = CRASH_ORDERLY};
    if (page->pid && page->is_stamped) {
        end->kind = CRASH_FAULT;
        end->at_unix_ms = page->stamped_unix_ms;
        end->signal = page->signal;
        copy(end->plugin, page->plugin, sizeof end->plugin);
        page->faults++;
    } else if (page->pid) {
        end->kind = CRASH_KILLED;
    }
    if (page->pid && (!page->is_stamped || page->is_loop)) take_calls(end);
    end->is_open = end->lobby_key[0] != '\0';
    page->ends_count++;
}

/* Each byte is somebody's: texts end. */
static void mend(void) {
    for (uint32_t i = 0; i < CALLS_MAX; i++) page->calls[i].lobby_key[CRASH_KEY_SIZE - 1] = '\0';
    for (uint32_t i = 0; i < NAMES_MAX; i++) page->names[i][CRASH_CALL_MAX - 1] = '\0';
    for (uint32_t i = 0; i < CRASH_ENDS_MAX; i++) {
        struct crash_end *end = &page->ends[i];
        end->plugin[sizeof end->plugin - 1] = '\0';
        end->call[CRASH_CALL_MAX - 1] = '\0';
        end->lobby_key[CRASH_KEY_SIZE - 1] = '\0';
    }
    page->plugin[sizeof page->plugin - 1] = '\0';
}

static bool is_ours(void) {
    return memcmp(page->magic, MAGIC, sizeof page->magic) == 0;
}

static void take_over(void) {
    if (is_ours()) {
        mend();
        add_end();
    }
    crash_page_take_back();
}

static void take_stack(int fd) {
    ssize_t len = pread(fd, stack, sizeof stack - 1, PAGE_BYTES);
    stack[len > 0 ? len : 0] = '\0';
}

/* Its place on the disk is taken now, that no store finds none. */
static muster_status map(int fd) {
    take_stack(fd);
    if (ftruncate(fd, PAGE_BYTES) || posix_fallocate(fd, 0, PAGE_BYTES) ||
        lseek(fd, PAGE_BYTES, SEEK_SET) != PAGE_BYTES)
        return MUSTER_IO;
    void *mapped = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) return MUSTER_IO;
    page = mapped;
    page_fd = fd;
    take_over();
    return MUSTER_OK;
}

muster_status crash_page_open(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) return MUSTER_IO;
    muster_status status = map(fd);
    if (status) close(fd);
    return status;
}

void crash_page_close(void) {
    if (page == &in_memory) return;
    if (page->pid == getpid()) page->pid = 0; /* else another one has taken it over */
    munmap(page, PAGE_BYTES);
    close(page_fd);
    memset(names, 0, sizeof names);
    page = &in_memory;
    page_fd = -1;
}

void crash_page_lend(void) {
    page->pid = 0;
}

void crash_page_take_back(void) {
    if (!is_ours()) memset(page, 0, sizeof *page);
    memcpy(page->magic, MAGIC, sizeof page->magic);
    page->is_stamped = 0;
    page->depth = 0;
    memset(names, 0, sizeof names); /* its literals are not ours */
    in_order();
    page->pid = getpid();
}

struct crash_end *crash_page_end(uint32_t index) {
    if (index >= page->ends_count || index >= CRASH_ENDS_MAX) return NULL;
    return &page->ends[(page->ends_count - 1 - index) % CRASH_ENDS_MAX];
}

uint32_t crash_page_faults(void) {
    return page->faults;
}

const char *crash_page_stack(void) {
    return stack;
}
