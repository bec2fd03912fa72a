#include "record_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <muster/writer.h>

#include "disk.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "paths.h"

#define ENTRY_BYTES 8
#define PIECE_BYTES (8u << 10) /* what is written is let go by so much */

/* Memory is taken page by page as it is written to, not for what may come in a minute. */
static muster_status map_more(struct record *record, uint32_t bytes) {
    if (record->mapped + bytes > RECORD_BYTES_MAX) return MUSTER_LIMIT;
    int error = posix_fallocate(record->fd, record->mapped, bytes);
    if (error) return disk_failed(error) ? MUSTER_FULL : MUSTER_IO;
    void *at = mmap(record->base + record->mapped, bytes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED, record->fd, record->mapped);
    if (at == MAP_FAILED) return MUSTER_IO;
    (void)madvise(at, bytes, MADV_RANDOM); /* the pages behind hold nothing to be read ahead */
    return MUSTER_OK;
}

/* The kernel has what was written, and nobody reads it here. Of larger pages nothing is let go. */
static void let_go(struct record *record, uint32_t end) {
    (void)madvise(record->base + record->let_go, end - record->let_go, MADV_DONTNEED);
    record->let_go = end;
}

/* Address space for all that it may come to. */
static bool reserve(struct record *record) {
    void *base = mmap(NULL, RECORD_BYTES_MAX, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return false;
    record->base = base;
    mapped_watch(&record->map, base, RECORD_BYTES_MAX);
    return true;
}

struct record *record_make(const char *path, uint32_t segment_bytes) {
    size_t size = strlen(path) + 1;
    struct record *record = calloc(1, sizeof *record + size);
    if (!record) return NULL;
    memcpy(record->path, path, size);
    record->segment_bytes = segment_bytes;
    record->fd = -1;
    return record;
}

void record_free(struct record *record) {
    mapped_ignore(&record->map);
    if (record->base) munmap(record->base, RECORD_BYTES_MAX);
    if (record->fd >= 0) close(record->fd);
    free(record);
}

static void put_header(struct record *record, const char *header_json, uint32_t header_len) {
    struct muster_writer w = muster_writer_make(record->base, record->mapped);
    muster_put_bytes(&w, RECORD_MAGIC, RECORD_MAGIC_BYTES);
    muster_put_u32(&w, header_len);
    muster_put_bytes(&w, header_json, header_len);
    record->used = w.len;
}

void record_path(const char *match_key, char out[RECORD_PATH_BYTES]) {
    snprintf(out, RECORD_PATH_BYTES, "%s/records/%s.mrec", paths_data(), match_key);
}

static muster_status open_in_memory(struct record *record, const char *header_json,
                                    uint32_t header_len, struct record **out) {
    if (record_memory_map(record, 0)) {
        record_free(record);
        return MUSTER_IO;
    }
    put_header(record, header_json, header_len);
    *out = record;
    return MUSTER_OK;
}

muster_status record_open(const char *path, const char *header_json, uint32_t segment_bytes,
                          struct record **out) {
    size_t header_len = strlen(header_json);
    if (header_len + 4096 > segment_bytes) return MUSTER_LIMIT;
    if (strlen(path) >= RECORD_PATH_BYTES) return MUSTER_LIMIT;
    struct record *record = record_make(path, segment_bytes);
    if (!record) return MUSTER_NO_MEMORY;
    if (record_memory_is_for(path))
        return open_in_memory(record, header_json, (uint32_t)header_len, out);
    record->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (record->fd < 0) {
        (void)disk_failed(errno);
        goto fail;
    }
    (void)flock(record->fd, LOCK_SH | LOCK_NB); /* against pruning; it is recorded without, too */
    if (!reserve(record) || map_more(record, segment_bytes)) goto fail;
    record->mapped = segment_bytes;
    put_header(record, header_json, (uint32_t)header_len);
    *out = record;
    return MUSTER_OK;
fail:
    if (record->fd >= 0) unlink(path);
    record_free(record);
    return MUSTER_IO;
}

struct grow_job {
    struct record *record;
    muster_status status;
};

static void finish_close(struct record *record);

static void grow_work(void *user) {
    struct grow_job *job = user;
    job->status = map_more(job->record, job->record->segment_bytes);
}

static void grow_done(void *user, muster_status status) {
    struct grow_job *job = user;
    struct record *record = job->record;
    if (!status) status = job->status;
    record->growing = false;
    record->waiting = status == MUSTER_FULL;
    record->last = status && !record->waiting;
    if (record->last)
        log_warn("record", "%s: no room for another segment, the recording will end", record->path);
    if (!status) record->mapped += record->segment_bytes;
    free(job);
    if (record->closed) finish_close(record);
}

static void grow(struct record *record) {
    struct grow_job *job = calloc(1, sizeof *job);
    if (!job) return;
    job->record = record;
    record->growing = true;
    if (loop_work_start(grow_work, grow_done, job, &(struct loop_work *){NULL})) {
        record->growing = false;
        free(job);
    }
}

void record_give_up(struct record *record, const char *why) {
    record->full = true;
    metrics_add(METRIC_RECORD_FAILURES, 1);
    log_warn("record", "%s: %s, the match goes on unrecorded", record->path, why);
}

void record_append(struct record *record, uint32_t tick, uint32_t kind, uint32_t seat,
                   const void *data, uint32_t len) {
    if (!record || record->full || record->lent) return;
    /* One entry header is kept free, so that the zero kind at the end is always there. */
    if (record->used + 2 * ENTRY_BYTES + len > record->mapped) {
        record_give_up(record, "full");
        return;
    }
    if (record_memory_is_behind(record)) {
        record_give_up(record, "the disk has not taken it for too long");
        return;
    }
    struct muster_writer w = muster_writer_make(record->base + record->used, ENTRY_BYTES + len);
    muster_put_u8(&w, kind);
    muster_put_u8(&w, seat);
    muster_put_u16(&w, len);
    muster_put_u32(&w, tick);
    muster_put_bytes(&w, data, len);
    if (atomic_load(&record->map.is_lost)) {
        disk_look();
        record_give_up(record, "it was cut, or the disk cannot be written");
        return;
    }
    record->used += w.len;
    if (record->in_memory) return;
    if (record->used - record->let_go >= PIECE_BYTES)
        let_go(record, record->used - record->used % PIECE_BYTES);
    bool may_grow = !record->growing && !record->last && (!record->waiting || disk_has_room());
    if (may_grow && record->mapped - record->used < record->segment_bytes / 2) grow(record);
}

void record_lend(struct record *record, bool on) {
    if (!record) return;
    record->lent = on;
    if (record->fd >= 0) (void)flock(record->fd, (on ? LOCK_UN : LOCK_SH) | LOCK_NB);
    if (!on) record_memory_map_again(record);
}

uint32_t record_used(const struct record *record) {
    return record->full ? 0 : record->used;
}

static void close_work(void *user) {
    struct record *record = user;
    if (ftruncate(record->fd, record->used)) log_warn("record", "%s: %m", record->path);
}

static void close_done(void *user, muster_status status) {
    if (status) close_work(user); /* cancelled: the server stops */
    record_free(user);
}

static void finish_close(struct record *record) {
    if (record->growing) return;
    if (loop_work_start(close_work, close_done, record, &(struct loop_work *){NULL})) {
        close_work(record);
        record_free(record);
    }
}

void record_close(struct record *record) {
    if (!record) return;
    record->closed = true;
    if (record->in_memory)
        record_memory_close(record);
    else if (record->lent)
        record_free(record);
    else
        finish_close(record);
}

/* ---- going on with one ----------------------------------------------------------------------- */

/* All of the file and room behind `used`, in whole segments. */
static muster_status map_file(struct record *record, uint32_t used, bool cuts_end) {
    struct stat st;
    if (fstat(record->fd, &st) || !S_ISREG(st.st_mode)) return MUSTER_IO;
    if (st.st_size > RECORD_BYTES_MAX || used > st.st_size) return MUSTER_INVALID;
    uint32_t len = (uint32_t)st.st_size, segment = record->segment_bytes;
    uint32_t needed = len > used + segment / 2 ? len : used + segment / 2;
    uint32_t bytes = (needed + segment - 1) / segment * segment;
    if (!reserve(record)) return MUSTER_NO_MEMORY;
    record->used = len;
    muster_status status = map_more(record, bytes);
    if (status) return status;
    record->mapped = bytes;
    return record_check(record->base, cuts_end ? used : len, used);
}

/* A page that holds nothing is not written to: that costs more than all of the rest. */
static void clear(uint8_t *base, uint32_t from, uint32_t to) {
    static const uint8_t nothing[4096];
    while (from < to) {
        uint32_t page = sizeof nothing - from % sizeof nothing;
        uint32_t len = page < to - from ? page : to - from;
        if (memcmp(base + from, nothing, len) != 0) memset(base + from, 0, len);
        from += len;
    }
}

/* What was only reserved is not looked at: it would be read in for that. */
static void clear_behind(const struct record *record, uint32_t from) {
    off_t end = record->mapped, data, hole;
    for (off_t at = from; at < end; at = hole) {
        data = lseek(record->fd, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) return; /* nothing more was written */
        hole = data < 0 ? end : lseek(record->fd, data, SEEK_HOLE);
        if (data < at) data = at;
        if (hole <= data || hole > end) hole = end;
        if (data < end) clear(record->base, (uint32_t)data, (uint32_t)hole);
    }
}

static muster_status resume_in_memory(struct record *record, uint32_t used, bool cuts_end) {
    uint8_t *data = NULL;
    uint32_t len = 0;
    muster_status status = record_read_whole(record->path, &data, &len);
    if (!status && used > len) status = MUSTER_INVALID;
    if (!status) status = record_check(data, cuts_end ? used : len, used);
    free(data);
    if (!status && ftruncate(record->fd, used)) status = MUSTER_IO;
    return status ? status : record_memory_map(record, used);
}

static muster_status resume_mapped(struct record *record, uint32_t used, bool cuts_end) {
    muster_status status = map_file(record, used, cuts_end);
    if (status) {
        if (record->used) (void)!ftruncate(record->fd, record->used); /* as it was */
        return status;
    }
    clear_behind(record, used);
    record->used = used;
    let_go(record, record->mapped);
    record->let_go = used - used % PIECE_BYTES;
    return MUSTER_OK;
}

muster_status record_resume(const char *path, uint32_t used, bool cuts_end, uint32_t segment_bytes,
                            struct record **out) {
    if (strlen(path) >= RECORD_PATH_BYTES) return MUSTER_LIMIT;
    struct record *record = record_make(path, segment_bytes);
    if (!record) return MUSTER_NO_MEMORY;
    record->fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    muster_status status = MUSTER_OK;
    if (record->fd < 0)
        status = errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    else if (flock(record->fd, LOCK_EX | LOCK_NB))
        status = MUSTER_CONFLICT;
    if (!status && record_memory_is_for(path))
        status = resume_in_memory(record, used, cuts_end);
    else if (!status)
        status = resume_mapped(record, used, cuts_end);
    if (status)
        record_free(record);
    else
        *out = record;
    return status;
}
