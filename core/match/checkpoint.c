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
#include <utlist.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "checkpoint_copy.h"
#include "disk.h"
#include "mapped.h"
#include "memory.h"

#define MAGIC CHECKPOINT_MAGIC
#define MAGIC_BYTES 8
#define HEAD_BYTES CHECKPOINT_HEAD_BYTES
#define PATH_BYTES_MAX 512
#define SLOT_BYTES_FIRST 8192u
#define SLOT_BYTES_MAX (64u << 20)

struct checkpoint {
    uint8_t *base; /* null: nothing was written yet */
    struct mapped map;
    uint32_t slot_bytes;
    uint64_t number;   /* of the newest */
    uint32_t lendings; /* when the file was made */
    bool was_looked_for;
    bool is_removed; /* its copy is to be, too */
    /* Of one that lies in memory, and has a copy in the data directory. */
    const char *copy_path; /* null: it lies there itself */
    uint64_t copied_number, copied_mark;
    struct checkpoint *prev, *next;
    char path[]; /* as long as it is */
};

static struct checkpoint *with_copies;
static bool is_lent;
static uint32_t lendings; /* that came to nothing */

static uint64_t pack(struct checkpoint_mark mark) {
    return (uint64_t)mark.used << 32 | mark.tick;
}

static struct checkpoint_slot *slot_at(const uint8_t *base, uint32_t slot_bytes, uint64_t number) {
    return (struct checkpoint_slot *)(base + HEAD_BYTES + number % 2 * (size_t)slot_bytes);
}

static size_t file_bytes(uint32_t slot_bytes) {
    return HEAD_BYTES + 2 * (size_t)slot_bytes;
}

muster_status checkpoint_open(const char *path, struct checkpoint **out) {
    char place[MEMORY_PATH_BYTES];
    const char *at = memory_place(path, place);
    size_t size = strlen(at) + 1, copy_size = at == path ? 0 : strlen(path) + 1;
    if (size > PATH_BYTES_MAX || copy_size > PATH_BYTES_MAX) return MUSTER_LIMIT;
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint + size + copy_size);
    if (!checkpoint) return MUSTER_NO_MEMORY;
    memcpy(checkpoint->path, at, size);
    if (copy_size) {
        checkpoint->copy_path = memcpy(checkpoint->path + size, path, copy_size);
        DL_APPEND(with_copies, checkpoint);
    }
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

/* A power failure may have left half of one on the disk. Earlier versions wrote no hash. */
static bool is_whole(const struct checkpoint_slot *slot, uint32_t slot_bytes) {
    if (slot->number == 0 || slot->len > slot_bytes - HEAD_BYTES) return false;
    return !slot->hash || slot->hash == XXH3_64bits(slot->bytes, slot->len);
}

/* Null: none is whole. */
static const struct checkpoint_slot *newest_of(const uint8_t *base, uint32_t slot_bytes) {
    const struct checkpoint_slot *even = slot_at(base, slot_bytes, 0);
    const struct checkpoint_slot *odd = slot_at(base, slot_bytes, 1);
    const struct checkpoint_slot *newer = odd->number > even->number ? odd : even;
    const struct checkpoint_slot *older = newer == odd ? even : odd;
    if (is_whole(newer, slot_bytes)) return newer;
    return is_whole(older, slot_bytes) ? older : NULL;
}

/* ---- write ----------------------------------------------------------------------------------- */

/* Its number makes it count, and is what is written last. */
static void fill(struct checkpoint_slot *slot, uint64_t number, const void *data, uint32_t len,
                 struct checkpoint_mark mark) {
    atomic_store_explicit(&slot->number, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(slot->bytes, data, len);
    slot->len = len;
    slot->is_left = mark.is_left;
    slot->hash = XXH3_64bits(data, len);
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
    const struct checkpoint_slot *newest = NULL;
    if (slot_bytes_of(base, bytes, &checkpoint->slot_bytes) == MUSTER_OK)
        newest = newest_of(base, checkpoint->slot_bytes);
    if (newest && !atomic_load(&checkpoint->map.is_lost)) {
        bool is_odd = newest == slot_at(base, checkpoint->slot_bytes, 1);
        checkpoint->number = newest->number;
        if (checkpoint->number % 2 != is_odd) checkpoint->number++; /* it was copied here */
        return true;
    }
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

static muster_status write_state(struct checkpoint *checkpoint, const void *data, uint32_t len,
                                 struct checkpoint_mark mark) {
    const atomic_bool *is_lost = &checkpoint->map.is_lost;
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

muster_status checkpoint_write(struct checkpoint *checkpoint, const void *data, uint32_t len,
                               struct checkpoint_mark mark) {
    muster_status status = is_lent ? MUSTER_OK : write_state(checkpoint, data, len, mark);
    if (status && checkpoint->copy_path && errno == ENOSPC) errno = ENOMEM; /* not the disk's */
    return status;
}

void checkpoint_mark(struct checkpoint *checkpoint, struct checkpoint_mark mark) {
    if (!checkpoint || !checkpoint->base || is_lent || checkpoint->lendings != lendings) return;
    struct checkpoint_slot *slot =
        slot_at(checkpoint->base, checkpoint->slot_bytes, checkpoint->number);
    atomic_store_explicit(&slot->mark, pack(mark), memory_order_release);
}

void checkpoint_close(struct checkpoint *checkpoint) {
    if (!checkpoint) return;
    drop_map(checkpoint);
    if (checkpoint->copy_path) DL_DELETE(with_copies, checkpoint);
    free(checkpoint);
}

void checkpoint_lend(bool on) {
    is_lent = on;
    lendings += !on;
}

void checkpoint_remove(struct checkpoint *checkpoint) {
    if (!checkpoint || is_lent || !checkpoint->base) {
        checkpoint_close(checkpoint);
        return;
    }
    for (uint64_t i = 0; i < 2; i++)
        atomic_store(&slot_at(checkpoint->base, checkpoint->slot_bytes, i)->number, 0);
    (void)unlink(checkpoint->path);
    checkpoint->is_removed = true;
    if (checkpoint->copy_path)
        drop_map(checkpoint);
    else
        checkpoint_close(checkpoint);
}

void checkpoint_unlink(const char *path) {
    char place[MEMORY_PATH_BYTES];
    (void)unlink(memory_place(path, place));
    (void)unlink(path);
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* Null: there is nothing new, or no memory now. */
static struct checkpoint_copy *copy_of(struct checkpoint *checkpoint) {
    if (checkpoint->is_removed) return checkpoint_copy_make(checkpoint->copy_path, 0, NULL, false);
    if (!checkpoint->base) return NULL;
    const struct checkpoint_slot *slot =
        slot_at(checkpoint->base, checkpoint->slot_bytes, checkpoint->number);
    bool is_new = checkpoint->number != checkpoint->copied_number;
    if (!is_new && slot->mark == checkpoint->copied_mark) return NULL;
    struct checkpoint_copy *copy =
        checkpoint_copy_make(checkpoint->copy_path, checkpoint->slot_bytes, slot, is_new);
    if (!copy) return NULL;
    checkpoint->copied_number = checkpoint->number;
    checkpoint->copied_mark = slot->mark;
    return copy;
}

struct checkpoint_copy *checkpoint_take_copies(void) {
    struct checkpoint_copy *copies = NULL;
    struct checkpoint *checkpoint, *next;
    if (is_lent) return NULL;
    DL_FOREACH_SAFE(with_copies, checkpoint, next) {
        struct checkpoint_copy *copy = copy_of(checkpoint);
        if (copy) DL_APPEND(copies, copy);
        if (copy && checkpoint->is_removed) checkpoint_close(checkpoint);
    }
    return copies;
}

void checkpoint_forget_copies(void) {
    struct checkpoint *checkpoint;
    DL_FOREACH(with_copies, checkpoint) checkpoint->copied_number = 0;
}

/* ---- read ------------------------------------------------------------------------------------ */

static muster_status read_newest(const uint8_t *base, uint32_t slot_bytes, void *data, uint32_t cap,
                                 uint32_t *len, struct checkpoint_mark *mark) {
    const struct checkpoint_slot *newest = newest_of(base, slot_bytes);
    if (!newest) {
        bool is_empty =
            !slot_at(base, slot_bytes, 0)->number && !slot_at(base, slot_bytes, 1)->number;
        return is_empty ? MUSTER_NOT_FOUND : MUSTER_INVALID;
    }
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
    char place[MEMORY_PATH_BYTES];
    int fd = open(memory_place(path, place), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    muster_status status = read_file(fd, data, cap, len, mark);
    close(fd);
    return status;
}
