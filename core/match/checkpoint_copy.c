#include "checkpoint_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include <muster/writer.h>

struct checkpoint_copy *checkpoint_copy_make(const char *path, uint32_t slot_bytes,
                                             const struct checkpoint_slot *slot, bool is_new) {
    size_t bytes = is_new ? sizeof *slot + slot->len : 0, path_bytes = strlen(path) + 1;
    struct checkpoint_copy *copy = malloc(sizeof *copy + bytes + path_bytes);
    if (!copy) return NULL;
    *copy = (struct checkpoint_copy){.slot_bytes = slot_bytes, .bytes = (uint32_t)bytes};
    if (slot) copy->number = slot->number;
    if (slot) copy->mark = slot->mark;
    if (bytes) memcpy(copy->slot, slot, bytes);
    copy->path = memcpy(copy->slot + bytes, path, path_bytes);
    return copy;
}

void checkpoint_copy_free(struct checkpoint_copy *copies) {
    struct checkpoint_copy *copy, *next;
    DL_FOREACH_SAFE(copies, copy, next) free(copy);
}

/* ---- the file -------------------------------------------------------------------------------- */

static off_t slot_at(const struct checkpoint_copy *copy, uint32_t index) {
    return CHECKPOINT_HEAD_BYTES + (off_t)index * copy->slot_bytes;
}

static bool put(int fd, const void *data, size_t len, off_t at) {
    ssize_t written = pwrite(fd, data, len, at);
    if (written >= 0 && written != (ssize_t)len) errno = ENOSPC;
    return written == (ssize_t)len;
}

/* 0: an empty slot, or none. */
static uint64_t number_at(int fd, const struct checkpoint_copy *copy, uint32_t index) {
    uint64_t number = 0;
    bool is_there = pread(fd, &number, sizeof number, slot_at(copy, index)) == sizeof number;
    return is_there ? number : 0;
}

/* Is it a file of slots as large as these? */
static bool fits(int fd, const struct checkpoint_copy *copy) {
    uint8_t head[12] = {0};
    struct stat st;
    struct muster_reader r = muster_reader_make(head + 8, 4);
    return fstat(fd, &st) == 0 && st.st_size == slot_at(copy, 2) &&
           pread(fd, head, sizeof head, 0) == sizeof head &&
           memcmp(head, CHECKPOINT_MAGIC, 8) == 0 && muster_get_u32(&r) == copy->slot_bytes;
}

static bool fill(int fd, const struct checkpoint_copy *copy) {
    uint8_t head[12];
    struct muster_writer w = muster_writer_make(head, sizeof head);
    muster_put_bytes(&w, CHECKPOINT_MAGIC, 8);
    muster_put_u32(&w, copy->slot_bytes);
    int error = posix_fallocate(fd, 0, slot_at(copy, 2));
    if (error) errno = error;
    return !error && put(fd, head, w.len, 0) && put(fd, copy->slot, copy->bytes, slot_at(copy, 0));
}

/* The one that is there stays until the new one is on the disk. */
static bool write_new(const struct checkpoint_copy *copy, bool replaces) {
    char path[520];
    snprintf(path, sizeof path, "%s.new", copy->path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool is_written = fill(fd, copy) && (!replaces || fdatasync(fd) == 0);
    close(fd);
    is_written = is_written && rename(path, copy->path) == 0;
    int error = errno;
    if (!is_written) unlink(path);
    errno = error;
    return is_written;
}

static bool write_slot(int fd, const struct checkpoint_copy *copy) {
    uint64_t first = number_at(fd, copy, 0), second = number_at(fd, copy, 1);
    if (copy->bytes) return put(fd, copy->slot, copy->bytes, slot_at(copy, first > second));
    off_t at =
        slot_at(copy, second == copy->number) + (off_t)offsetof(struct checkpoint_slot, mark);
    if (first != copy->number && second != copy->number) return true;
    return put(fd, &copy->mark, sizeof copy->mark, at);
}

static bool write_one(const struct checkpoint_copy *copy) {
    if (!copy->slot_bytes) return unlink(copy->path) == 0 || errno == ENOENT;
    int fd = open(copy->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_fit = fd >= 0 && fits(fd, copy);
    bool is_written = is_fit && write_slot(fd, copy);
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    if (is_fit) return is_written;
    return !copy->bytes || write_new(copy, fd >= 0);
}

int checkpoint_copy_write(const struct checkpoint_copy *copies) {
    int error = 0;
    const struct checkpoint_copy *copy;
    DL_FOREACH(copies, copy)
    if (!write_one(copy)) error = errno;
    return error;
}
