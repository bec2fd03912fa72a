#include "record_memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "disk.h"
#include "log.h"
#include "memory.h"
#include "metrics.h"
#include "paths.h"
#include "record_internal.h"
#include "write_behind.h"

#define WAITS_BYTES_MAX (1u << 20) /* minutes of a full lobby */

/* Of one recording. */
struct piece {
    struct record *record;
    uint32_t from, to;
    bool ends; /* it is closed */
    int error;
};

struct record_pieces {
    uint32_t count;
    struct piece items[];
};

static struct record *records;

/* ---- what is mapped -------------------------------------------------------------------------- */

bool record_memory_is_for(const char *path) {
    char place[MEMORY_PATH_BYTES];
    return memory_place(path, place) != path;
}

/* All that it may ever hold; memory is taken for what is written. */
static uint8_t *map(const char *path) {
    char out[MEMORY_PATH_BYTES];
    const char *place = memory_place(path, out);
    (void)unlink(place);
    int fd = open(place, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return NULL;
    void *base = MAP_FAILED;
    if (ftruncate(fd, RECORD_BYTES_MAX) == 0)
        base = mmap(NULL, RECORD_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (base != MAP_FAILED) return base;
    (void)unlink(place);
    return NULL;
}

muster_status record_memory_map(struct record *record, uint32_t used) {
    record->base = map(record->path);
    if (!record->base) return MUSTER_IO;
    mapped_watch(&record->map, record->base, RECORD_BYTES_MAX);
    record->mapped = RECORD_BYTES_MAX;
    record->used = record->written = used;
    record->in_memory = true;
    DL_APPEND(records, record);
    return MUSTER_OK;
}

void record_memory_map_again(struct record *record) {
    if (!record->in_memory || record->full) return;
    uint8_t *before = record->base, *base = map(record->path);
    record->is_found = true;
    if (!base) {
        record_give_up(record, "it finds no place in memory");
        return;
    }
    mapped_ignore(&record->map);
    mapped_watch(&record->map, base, RECORD_BYTES_MAX);
    memcpy(base + record->written, before + record->written, record->used - record->written);
    munmap(before, RECORD_BYTES_MAX);
    record->base = base;
}

bool record_memory_is_behind(const struct record *record) {
    return record->in_memory && record->used - record->written > WAITS_BYTES_MAX;
}

static void free_record(struct record *record) {
    DL_DELETE(records, record);
    record_free(record);
}

void record_memory_close(struct record *record) {
    if (record->lent)
        free_record(record);
    else
        write_behind_hurry();
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool has_piece(const struct record *record) {
    if (record->lent) return false;
    return record->closed || (!record->full && record->used > record->written);
}

struct record_pieces *record_memory_take(void) {
    uint32_t count = 0;
    struct record *record;
    DL_FOREACH(records, record) count += has_piece(record);
    struct record_pieces *pieces = NULL;
    if (count) pieces = calloc(1, sizeof *pieces + count * sizeof *pieces->items);
    if (!pieces) return NULL;
    DL_FOREACH(records, record) {
        if (!has_piece(record)) continue;
        pieces->items[pieces->count++] = (struct piece){
            .record = record,
            .from = record->written,
            .to = record->full ? record->written : record->used,
            .ends = record->closed,
        };
    }
    return pieces;
}

static bool open_file(struct record *record) {
    int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (record->is_found ? 0 : O_EXCL);
    if (record->fd < 0) record->fd = open(record->path, flags, 0600);
    if (record->fd < 0) return false;
    (void)flock(record->fd, LOCK_SH | LOCK_NB); /* against pruning; it is recorded without, too */
    return true;
}

/* All of it, or the file is as it was. */
static bool append(const struct record *record, uint32_t from, uint32_t to) {
    for (uint32_t at = from; at < to;) {
        ssize_t written = pwrite(record->fd, record->base + at, to - at, at);
        if (written > 0) {
            at += (uint32_t)written;
            continue;
        }
        int error = written ? errno : ENOSPC;
        (void)!ftruncate(record->fd, from);
        errno = error;
        return false;
    }
    return true;
}

/* Nobody reads there what the file has. */
static void let_go(const struct record *record, uint32_t from, uint32_t to) {
    uint32_t page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
    from -= from % page_bytes;
    to -= to % page_bytes;
    if (from < to) (void)madvise(record->base + from, to - from, MADV_REMOVE);
}

static void write_piece(struct piece *piece) {
    char place[MEMORY_PATH_BYTES];
    struct record *record = piece->record;
    bool is_written =
        piece->from == piece->to || (open_file(record) && append(record, piece->from, piece->to));
    if (!is_written) piece->error = errno;
    let_go(record, piece->from, piece->to);
    if (piece->ends) (void)unlink(memory_place(record->path, place));
}

void record_memory_write(struct record_pieces *pieces) {
    for (uint32_t i = 0; i < pieces->count; i++) write_piece(&pieces->items[i]);
}

void record_memory_done(struct record_pieces *pieces) {
    for (uint32_t i = 0; pieces && i < pieces->count; i++) {
        const struct piece *piece = &pieces->items[i];
        struct record *record = piece->record;
        record->written = piece->to;
        if (piece->error) (void)disk_failed(piece->error);
        if (piece->error && !record->full) record_give_up(record, strerror(piece->error));
        if (piece->ends) free_record(record);
    }
    free(pieces);
}

/* ---- what a process has left ----------------------------------------------------------------- */

static bool copy(int from, int to, off_t at, off_t end) {
    static char block[64 << 10];
    while (at < end) {
        size_t left = (size_t)(end - at);
        ssize_t len = pread(from, block, left < sizeof block ? left : sizeof block, at);
        if (len <= 0 || pwrite(to, block, (size_t)len, at) != len) return false;
        at += len;
    }
    return true;
}

/* Zeros behind the last entry are the end of a recording. */
static bool complete(int from, int to) {
    struct stat st;
    if (fstat(to, &st)) return false;
    off_t at = lseek(from, st.st_size, SEEK_DATA);
    if (at < 0) return errno == ENXIO; /* the file has all */
    off_t end = lseek(from, at, SEEK_HOLE);
    return at == st.st_size && end > at && copy(from, to, at, end);
}

static void complete_one(const char *name) {
    char path[RECORD_PATH_BYTES], place[MEMORY_PATH_BYTES];
    snprintf(path, sizeof path, "%s/records/%.40s.mrec", paths_data(), name);
    const char *log = memory_place(path, place);
    int from = open(log, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int to = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (from >= 0 && to >= 0 && complete(from, to))
        (void)unlink(log);
    else
        log_error("record", "%s cannot be completed: %s", path, strerror(errno));
    if (to >= 0) close(to);
    if (from >= 0) close(from);
}

void record_memory_complete(void) {
    char path[MEMORY_PATH_BYTES], name[64];
    if (!memory_folder()) return;
    snprintf(path, sizeof path, "%s/records", memory_folder());
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (sscanf(entry->d_name, "%63[0-9a-f-].mrec", name) == 1) complete_one(name);
    closedir(folder);
}
