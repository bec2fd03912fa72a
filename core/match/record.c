#include "record.h"

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

#include <muster/writer.h>

#include "disk.h"
#include "log.h"
#include "loop.h"
#include "mapped.h"
#include "metrics.h"
#include "paths.h"

#define MAGIC "MSTRREC1"
#define MAGIC_BYTES 8
#define ENTRY_BYTES 8
#define RECORD_BYTES_MAX (64u << 20)
#define HEADER_BYTES_MAX (256u << 10)
#define PIECE_BYTES (8u << 10) /* what is written is let go by so much */

struct record {
    int fd;
    uint8_t *base; /* RECORD_BYTES_MAX of address space, the first `mapped` bytes are the file */
    struct mapped map;
    uint32_t used;
    uint32_t let_go; /* bytes before it are not in the process's memory any more */
    uint32_t mapped;
    uint32_t segment_bytes;
    bool growing; /* a pool job is reserving the next segment */
    bool waiting; /* for room on the disk, to grow again */
    bool last;    /* there will be no further segment */
    bool full;
    bool lent;   /* another process goes on with it, or not */
    bool closed; /* close was asked while a job ran */
    char path[]; /* as long as it is */
};

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

static struct record *make(const char *path, uint32_t segment_bytes) {
    size_t size = strlen(path) + 1;
    struct record *record = calloc(1, sizeof *record + size);
    if (!record) return NULL;
    memcpy(record->path, path, size);
    record->segment_bytes = segment_bytes;
    return record;
}

static void free_record(struct record *record) {
    mapped_ignore(&record->map);
    if (record->base) munmap(record->base, RECORD_BYTES_MAX);
    if (record->fd >= 0) close(record->fd);
    free(record);
}

static void put_header(struct record *record, const char *header_json, uint32_t header_len) {
    struct muster_writer w = muster_writer_make(record->base, record->mapped);
    muster_put_bytes(&w, MAGIC, MAGIC_BYTES);
    muster_put_u32(&w, header_len);
    muster_put_bytes(&w, header_json, header_len);
    record->used = w.len;
}

void record_path(const char *match_key, char out[RECORD_PATH_BYTES]) {
    snprintf(out, RECORD_PATH_BYTES, "%s/records/%s.mrec", paths_data(), match_key);
}

muster_status record_open(const char *path, const char *header_json, uint32_t segment_bytes,
                          struct record **out) {
    size_t header_len = strlen(header_json);
    if (header_len + 4096 > segment_bytes) return MUSTER_LIMIT;
    if (strlen(path) >= RECORD_PATH_BYTES) return MUSTER_LIMIT;
    struct record *record = make(path, segment_bytes);
    if (!record) return MUSTER_NO_MEMORY;
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
    free_record(record);
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

static void give_up(struct record *record, const char *why) {
    record->full = true;
    metrics_add(METRIC_RECORD_FAILURES, 1);
    log_warn("record", "%s: %s, the match goes on unrecorded", record->path, why);
}

void record_append(struct record *record, uint32_t tick, uint32_t kind, uint32_t seat,
                   const void *data, uint32_t len) {
    if (!record || record->full || record->lent) return;
    /* One entry header is kept free, so that the zero kind at the end is always there. */
    if (record->used + 2 * ENTRY_BYTES + len > record->mapped) {
        give_up(record, "full");
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
        give_up(record, "it was cut, or the disk cannot be written");
        return;
    }
    record->used += w.len;
    if (record->used - record->let_go >= PIECE_BYTES)
        let_go(record, record->used - record->used % PIECE_BYTES);
    bool may_grow = !record->growing && !record->last && (!record->waiting || disk_has_room());
    if (may_grow && record->mapped - record->used < record->segment_bytes / 2) grow(record);
}

void record_lend(struct record *record, bool on) {
    if (!record) return;
    record->lent = on;
    (void)flock(record->fd, (on ? LOCK_UN : LOCK_SH) | LOCK_NB);
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
    free_record(user);
}

static void finish_close(struct record *record) {
    if (record->growing) return;
    if (loop_work_start(close_work, close_done, record, &(struct loop_work *){NULL})) {
        close_work(record);
        free_record(record);
    }
}

void record_close(struct record *record) {
    if (!record) return;
    record->closed = true;
    if (record->lent)
        free_record(record);
    else
        finish_close(record);
}

/* ---- pruning --------------------------------------------------------------------------------- */

struct prune_job {
    char directory[512];
    uint32_t keep_max;
};

struct aged_file {
    time_t modified_s;
    char name[256];
};

static int newer_first(const void *a, const void *b) {
    const struct aged_file *x = a, *y = b;
    return (x->modified_s < y->modified_s) - (x->modified_s > y->modified_s);
}

static bool is_recording(const char *name) {
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".mrec") == 0;
}

static uint32_t list_recordings(int directory_fd, DIR *directory, struct aged_file **files) {
    uint32_t count = 0, cap = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct stat st;
        if (!is_recording(entry->d_name) || fstatat(directory_fd, entry->d_name, &st, 0)) continue;
        if (count == cap) {
            cap = cap ? cap * 2 : 64;
            struct aged_file *grown = realloc(*files, cap * sizeof *grown);
            if (!grown) break;
            *files = grown;
        }
        (*files)[count].modified_s = st.st_mtime;
        snprintf((*files)[count++].name, sizeof(*files)->name, "%s", entry->d_name);
    }
    return count;
}

/* Not one that is still written, by this or another process. */
static void prune_one(int directory_fd, const char *name) {
    int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(directory_fd, name, 0);
    close(fd);
}

static void prune_work(void *user) {
    struct prune_job *job = user;
    DIR *directory = opendir(job->directory);
    if (!directory) return;
    struct aged_file *files = NULL;
    uint32_t count = list_recordings(dirfd(directory), directory, &files);
    if (count) qsort(files, count, sizeof *files, newer_first);
    for (uint32_t i = job->keep_max; i < count; i++) prune_one(dirfd(directory), files[i].name);
    free(files);
    closedir(directory);
}

static void prune_done(void *user, muster_status status) {
    (void)status;
    free(user);
}

void record_prune(const char *directory, uint32_t keep_max) {
    struct prune_job *job = calloc(1, sizeof *job);
    if (!job) return;
    snprintf(job->directory, sizeof job->directory, "%s", directory);
    job->keep_max = keep_max;
    if (loop_work_start(prune_work, prune_done, job, &(struct loop_work *){NULL})) free(job);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct record_reader {
    uint8_t *data;
    struct muster_reader in;
    uint32_t entries_at; /* offset of the first */
    char *header;
};

static muster_status read_whole(const char *path, uint8_t **data, uint32_t *len) {
    FILE *file = fopen(path, "rbe");
    if (!file) return errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    struct stat st;
    muster_status status = MUSTER_IO;
    if (fstat(fileno(file), &st) || !S_ISREG(st.st_mode)) goto out;
    status = MUSTER_LIMIT;
    if (st.st_size > RECORD_BYTES_MAX) goto out;
    status = MUSTER_NO_MEMORY;
    *data = malloc((size_t)st.st_size + 1);
    if (!*data) goto out;
    *len = (uint32_t)fread(*data, 1, (size_t)st.st_size, file);
    status = MUSTER_OK;
out:
    fclose(file);
    return status;
}

static muster_status read_header(struct record_reader *reader) {
    const uint8_t *magic = muster_get_bytes(&reader->in, MAGIC_BYTES);
    if (!magic || memcmp(magic, MAGIC, MAGIC_BYTES) != 0) return MUSTER_INVALID;
    uint32_t header_len = muster_get_u32(&reader->in);
    if (reader->in.overflow || header_len > HEADER_BYTES_MAX) return MUSTER_INVALID;
    const uint8_t *header = muster_get_bytes(&reader->in, header_len);
    if (!header) return MUSTER_INVALID;
    reader->entries_at = reader->in.pos;
    reader->header = strndup((const char *)header, header_len);
    return reader->header ? MUSTER_OK : MUSTER_NO_MEMORY;
}

muster_status record_read(const char *path, struct record_reader **out, const char **header_json) {
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return MUSTER_NO_MEMORY;
    uint32_t len = 0;
    muster_status status = read_whole(path, &reader->data, &len);
    if (!status) {
        reader->in = muster_reader_make(reader->data, len);
        status = read_header(reader);
    }
    if (status) {
        record_reader_close(reader);
        return status;
    }
    *out = reader;
    *header_json = reader->header;
    return MUSTER_OK;
}

/* All of the bytes, or none. */
static muster_status read_part(const char *path, uint32_t from, uint32_t len, uint8_t *data) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    ssize_t got = pread(fd, data, len, from);
    close(fd);
    return got == (ssize_t)len ? MUSTER_OK : MUSTER_INVALID;
}

muster_status record_read_part(const char *path, uint32_t from, uint32_t to,
                               struct record_reader **out) {
    if (from > to || to > RECORD_BYTES_MAX) return MUSTER_INVALID;
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return MUSTER_NO_MEMORY;
    muster_status status = MUSTER_NO_MEMORY;
    reader->data = malloc(to - from + 1);
    if (reader->data) status = read_part(path, from, to - from, reader->data);
    reader->in = muster_reader_make(reader->data, to - from);
    if (status)
        record_reader_close(reader);
    else
        *out = reader;
    return status;
}

muster_status record_next(struct record_reader *reader, struct record_entry *out) {
    if (reader->in.pos == reader->in.len) return MUSTER_NOT_FOUND;
    out->kind = muster_get_u8(&reader->in);
    if (out->kind == 0) return MUSTER_NOT_FOUND;
    out->seat = muster_get_u8(&reader->in);
    out->len = muster_get_u16(&reader->in);
    out->tick = muster_get_u32(&reader->in);
    out->data = muster_get_bytes(&reader->in, out->len);
    return reader->in.overflow ? MUSTER_INVALID : MUSTER_OK;
}

void record_rewind(struct record_reader *reader) {
    reader->in.pos = reader->entries_at;
    reader->in.overflow = 0;
}

void record_reader_close(struct record_reader *reader) {
    if (!reader) return;
    free(reader->data);
    free(reader->header);
    free(reader);
}

/* ---- going on with one ----------------------------------------------------------------------- */

/* Does an entry begin at `used`, or the log end there, and is no end of the match behind it? */
static muster_status check_log(const struct record *record, uint32_t len, uint32_t used) {
    struct record_reader reader = {.in = muster_reader_make(record->base, len)};
    struct record_entry entry;
    muster_status status = read_header(&reader);
    bool met = false, ended = false;
    while (!status) {
        met = met || reader.in.pos == used;
        status = record_next(&reader, &entry);
        ended = ended || (!status && entry.kind == RECORD_END);
    }
    free(reader.header);
    if (!met || status != MUSTER_NOT_FOUND) return MUSTER_INVALID;
    return ended ? MUSTER_EXISTS : MUSTER_OK;
}

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
    return check_log(record, cuts_end ? used : len, used);
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

muster_status record_resume(const char *path, uint32_t used, bool cuts_end, uint32_t segment_bytes,
                            struct record **out) {
    if (strlen(path) >= RECORD_PATH_BYTES) return MUSTER_LIMIT;
    struct record *record = make(path, segment_bytes);
    if (!record) return MUSTER_NO_MEMORY;
    record->fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    muster_status status = MUSTER_OK;
    if (record->fd < 0)
        status = errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    else if (flock(record->fd, LOCK_EX | LOCK_NB))
        status = MUSTER_CONFLICT;
    if (!status) status = map_file(record, used, cuts_end);
    if (status) {
        if (record->used) (void)!ftruncate(record->fd, record->used); /* as it was */
        free_record(record);
        return status;
    }
    clear_behind(record, used);
    record->used = used;
    let_go(record, record->mapped);
    record->let_go = used - used % PIECE_BYTES;
    *out = record;
    return MUSTER_OK;
}
