/* What the files of record have in common. */
#ifndef RECORD_INTERNAL_H
#define RECORD_INTERNAL_H

#include "mapped.h"
#include "record.h"

#define RECORD_MAGIC "MSTRREC1"
#define RECORD_MAGIC_BYTES 8
#define RECORD_BYTES_MAX (64u << 20)
#define RECORD_HEADER_BYTES_MAX (256u << 10)

struct record {
    int fd;        /* of the file in the data directory; -1: it is not there yet */
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
    bool lent;      /* another process goes on with it, or not */
    bool closed;    /* close was asked while a job ran */
    bool in_memory; /* what is mapped is written to its file behind (record_memory.c) */
    bool is_found;  /* the file in the data directory may be there before fd is */
    uint32_t written;
    struct record *prev, *next; /* of those in memory */
    char path[];                /* as long as it is */
};

struct record *record_make(const char *path, uint32_t segment_bytes);
void record_free(struct record *record);
/* No more is added. */
void record_give_up(struct record *record, const char *why);

/* ---- in memory ---- */
/* Is there a place in memory for it? */
bool record_memory_is_for(const char *path);
/* Its log is there from `used` on; what stands before is in the file. IO. */
muster_status record_memory_map(struct record *record, uint32_t used) MUSTER_MUST_USE;
/* The same after another process may have taken its place: what is not in the file stays. */
void record_memory_map_again(struct record *record);
/* More waits for the disk than may. */
bool record_memory_is_behind(const struct record *record);
/* What waits is written, and then it is freed; at once where it is lent. */
void record_memory_close(struct record *record);

/* ---- reading ---- */
/* To be freed. As record_read. */
muster_status record_read_whole(const char *path, uint8_t **data, uint32_t *len) MUSTER_MUST_USE;
/* Does an entry begin at `used`, or the log end there? EXISTS: the match's end is there, too. */
muster_status record_check(const uint8_t *data, uint32_t len, uint32_t used) MUSTER_MUST_USE;

#endif
