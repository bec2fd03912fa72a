#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <muster/writer.h>

#include "disk.h"
#include "mapped.h"

#define MAGIC "MSTRLIV1"
#define MAGIC_BYTES 8
#define HEAD_BYTES 64
#define PATH_BYTES_MAX 512
#define SLOT_BYTES_FIRST 8192u
#define SLOT_BYTES_MAX (64u << 20)

/* As it stands in the file. */
struct slot {
    _Atomic uint64_t number;
    _Atomic uint64_t mark;
    uint32_t len;
    uint32_t is_left;
    uint8_t zeros[HEAD_BYTES - 24];
    uint8_t bytes[];
};
_Static_assert(sizeof(struct slot) == HEAD_BYTES, "the head of a slot is as the file has it");

struct checkpoint {
    uint8_t *base; /* null: nothing was written yet */
    struct mapped map;
    uint32_t slot_bytes;
    uint64_t number;   /* of the newest */
    uint32_t lendings; /* when the file was made */
    bool was_looked_for;
    char path[]; /* as long as it is */
};

static bool is_lent;
static uint32_t lendings; /* that came to nothing */

static uint64_t pack(struct checkpoint_mark mark) {
    return (uint64_t)mark.used << 32 | mark.tick;
}

static struct slot *slot_at(const uint8_t *base, uint32_t slot_bytes, uint64_t number) {
    return (struct slot *)(base + HEAD_BYTES + number % 2 * (size_t)slot_bytes);
}

static size_t file_bytes(uint32_t slot_bytes) {
    return HEAD_BYTES + 2 * (size_t)slot_bytes;
}

muster_status checkpoint_open(const char *path, struct checkpoint **out) {
    size_t size = strlen(path) + 1;
    if (size > PATH_BYTES_MAX) return MUSTER_LIMIT;
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint + size);
    if (!checkpoint) return MUSTER_NO_MEMORY;
    memcpy(checkpoint->path, path, size);
    *out = checkpoint;
    return MUSTER_OK;
}

/* ---- a file that is there ------------------------------------------------------------------- */

/* Of what may be such a file. */
static muster_status file_size(int fd, size_t *bytes) {
    struct stat st;
    if (fstat(fd, &st)) return MUSTER_IO;
    if (!S_ISREG(st.st_mode) || st.st_size < HEAD_BYTES ||
        st.st_size > (off_t)file_bytes(SLOT_BYTES_MAX))
        return MUSTER_INVALID;
    *bytes = (size_t)st.st_size;
    return MUSTER_OK;
}

static muster_status slot_bytes_of(const uint8_t *base, size_t bytes, uint32_t *out) {
    struct muster_reader r = muster_reader_make(base, HEAD_BYTES);
    const uint8_t *magic = muster_get_bytes(&r, MAGIC_BYTES);
    *out = muster_get_u32(&r);
    if (memcmp(magic, MAGIC, MAGIC_BYTES) != 0 || *out <= HEAD_BYTES || *out > SLOT_BYTES_MAX)
        return MUSTER_INVALID;
    return file_bytes(*out) == bytes ? MUSTER_OK : MUSTER_INVALID;
}

static const struct slot *newest_of(const uint8_t *base, uint32_t slot_bytes) {
    const struct slot *even = slot_at(base, slot_bytes, 0);
    const struct slot *odd = slot_at(base, slot_bytes, 1);
    return odd->number > even->number ? odd : even;
}

/* ---- write ----------------------------------------------------------------------------------- */

/* Its number makes it count, and is what is written last. */
static void fill(struct slot *slot, uint64_t number, const void *data, uint32_t len,
                 struct checkpoint_mark mark) {
    atomic_store_explicit(&slot->number, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(slot->bytes, data, len);
    slot->len = len;
    slot->is_left = mark.is_left;
    atomic_store_explicit(&slot->mark, pack(mark), memory_order_relaxed);
    atomic_store_explicit(&slot->number, number, memory_order_release);
}

/* The kernel has what was written: of the process's memory marks alone need a page. */
static void let_go(const struct checkpoint *checkpoint) {
    (void)madvise(checkpoint->base, file_bytes(checkpoint->slot_bytes), MADV_DONTNEED);
}

static void drop_map(struct checkpoint *checkpoint) {
    if (!checkpoint->base) return;
    mapped_ignore(&checkpoint->map);
    munmap(checkpoint->base, file_bytes(checkpoint->slot_bytes));
    checkpoint->base = NULL;
}

/* All of it has its place on the disk: writing to the map does not fill that. */
static uint8_t *map_new(const char *path, uint32_t slot_bytes) {
    size_t bytes = file_bytes(slot_bytes);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return NULL;
    int error = posix_fallocate(fd, 0, (off_t)bytes);
    void *base = MAP_FAILED;
    if (!error) base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!error && base == MAP_FAILED) error = errno;
    close(fd);
    if (!error) return base;
    unlink(path);
    errno = error;
    return NULL;
}

/* False: not all of it is the file's. */
static bool fill_new(uint8_t *base, uint32_t slot_bytes, uint64_t number, const void *data,
                     uint32_t len, struct checkpoint_mark mark) {
    struct mapped map;
    struct muster_writer w = muster_writer_make(base, HEAD_BYTES);
    mapped_watch(&map, base, file_bytes(slot_bytes));
    muster_put_bytes(&w, MAGIC, MAGIC_BYTES);
    muster_put_u32(&w, slot_bytes);
    fill(slot_at(base, slot_bytes, number), number, data, len, mark);
    bool is_lost = atomic_load(&map.is_lost);
    mapped_ignore(&map);
    return !is_lost;
}

/* A file that has room takes the place of the one that is there with its first state in it. */
static muster_status replace(struct checkpoint *checkpoint, const void *data, uint32_t len,
                             struct checkpoint_mark mark) {
    char path[PATH_BYTES_MAX + 8];
    uint32_t slot_bytes = checkpoint->slot_bytes ? checkpoint->slot_bytes : SLOT_BYTES_FIRST;
    if (len > SLOT_BYTES_MAX - HEAD_BYTES) return MUSTER_LIMIT;
    while (slot_bytes - HEAD_BYTES < len) slot_bytes *= 2;
    snprintf(path, sizeof path, "%s.new", checkpoint->path);
    uint8_t *base = map_new(path, slot_bytes);
    if (!base) return MUSTER_IO;
    errno = EIO;
    if (!fill_new(base, slot_bytes, checkpoint->number + 1, data, len, mark) ||
        rename(path, checkpoint->path)) {
        int error = errno;
        unlink(path);
        munmap(base, file_bytes(slot_bytes));
        errno = error;
        return MUSTER_IO;
    }
    drop_map(checkpoint);
    checkpoint->base = base;
    checkpoint->slot_bytes = slot_bytes;
    checkpoint->lendings = lendings;
    mapped_watch(&checkpoint->map, base, file_bytes(slot_bytes));
    checkpoint->number++;
    let_go(checkpoint);
    return MUSTER_OK;
}

/* Of a sparse file, or one that the file system packs, writing to the map needs room. */
static bool has_its_place(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_blocks * 512 >= st.st_size;
}

/* Its newest state stays while the other slot is written. */
static bool take_slots(struct checkpoint *checkpoint, uint8_t *base, size_t bytes) {
    mapped_watch(&checkpoint->map, base, bytes);
    bool is_one = slot_bytes_of(base, bytes, &checkpoint->slot_bytes) == MUSTER_OK;
    if (is_one) checkpoint->number = newest_of(base, checkpoint->slot_bytes)->number;
    if (is_one && !atomic_load(&checkpoint->map.is_lost)) return true;
    mapped_ignore(&checkpoint->map);
    checkpoint->slot_bytes = 0;
    checkpoint->number = 0;
    return false;
}

/* What a process of before has left is written on: making a file takes longer than ten states. */
static void take_over(struct checkpoint *checkpoint) {
    size_t bytes;
    int fd = open(checkpoint->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    checkpoint->was_looked_for = true;
    if (fd < 0) return;
    uint8_t *base = MAP_FAILED;
    if (!file_size(fd, &bytes) && has_its_place(fd))
        base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (base == MAP_FAILED) return;
    if (!take_slots(checkpoint, base, bytes)) {
        munmap(base, bytes);
        return;
    }
    checkpoint->base = base;
    checkpoint->lendings = lendings;
}

muster_status checkpoint_write(struct checkpoint *checkpoint, const void *data, uint32_t len,
                               struct checkpoint_mark mark) {
    const atomic_bool *is_lost = &checkpoint->map.is_lost;
    if (is_lent) return MUSTER_OK;
    if (!checkpoint->was_looked_for) take_over(checkpoint);
    uint64_t number = checkpoint->number + 1;
    if (!checkpoint->base || checkpoint->lendings != lendings || atomic_load(is_lost) ||
        len > checkpoint->slot_bytes - HEAD_BYTES)
        return replace(checkpoint, data, len, mark);
    fill(slot_at(checkpoint->base, checkpoint->slot_bytes, number), number, data, len, mark);
    checkpoint->number = number;
    if (atomic_load(is_lost)) return replace(checkpoint, data, len, mark);
    let_go(checkpoint);
    return MUSTER_OK;
}

void checkpoint_mark(struct checkpoint *checkpoint, struct checkpoint_mark mark) {
    if (!checkpoint || !checkpoint->base || is_lent || checkpoint->lendings != lendings) return;
    struct slot *slot = slot_at(checkpoint->base, checkpoint->slot_bytes, checkpoint->number);
    atomic_store_explicit(&slot->mark, pack(mark), memory_order_release);
}

void checkpoint_close(struct checkpoint *checkpoint) {
    if (!checkpoint) return;
    drop_map(checkpoint);
    free(checkpoint);
}

void checkpoint_lend(bool on) {
    is_lent = on;
    lendings += !on;
}

void checkpoint_remove(struct checkpoint *checkpoint) {
    if (!checkpoint || is_lent) {
        checkpoint_close(checkpoint);
        return;
    }
    for (uint64_t i = 0; checkpoint->base && i < 2; i++)
        atomic_store(&slot_at(checkpoint->base, checkpoint->slot_bytes, i)->number, 0);
    if (checkpoint->base) (void)unlink(checkpoint->path);
    checkpoint_close(checkpoint);
}

/* ---- read ------------------------------------------------------------------------------------ */

static muster_status read_newest(const uint8_t *base, uint32_t slot_bytes, void *data, uint32_t cap,
                                 uint32_t *len, struct checkpoint_mark *mark) {
    const struct slot *newest = newest_of(base, slot_bytes);
    if (newest->number == 0) return MUSTER_NOT_FOUND;
    if (newest->len > slot_bytes - HEAD_BYTES) return MUSTER_INVALID;
    if (newest->len > cap) return MUSTER_LIMIT;
    memcpy(data, newest->bytes, newest->len);
    *len = newest->len;
    *mark = (struct checkpoint_mark){.tick = (uint32_t)newest->mark,
                                     .used = (uint32_t)(newest->mark >> 32),
                                     .is_left = newest->is_left};
    return MUSTER_OK;
}

static muster_status read_file(int fd, void *data, uint32_t cap, uint32_t *len,
                               struct checkpoint_mark *mark) {
    size_t bytes;
    muster_status status = file_size(fd, &bytes);
    if (status) return status;
    uint8_t *base = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) return MUSTER_IO;
    uint32_t slot_bytes = 0;
    struct mapped map;
    mapped_watch(&map, base, bytes);
    status = slot_bytes_of(base, bytes, &slot_bytes);
    if (!status) status = read_newest(base, slot_bytes, data, cap, len, mark);
    if (atomic_load(&map.is_lost)) status = MUSTER_IO;
    mapped_ignore(&map);
    munmap(base, bytes);
    return status;
}

muster_status checkpoint_read(const char *path, void *data, uint32_t cap, uint32_t *len,
                              struct checkpoint_mark *mark) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    muster_status status = read_file(fd, data, cap, len, mark);
    close(fd);
    return status;
}
