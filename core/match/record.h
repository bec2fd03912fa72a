/* record - one file per match: what steered it, in order. Loop thread.
 *
 * Serves replay, recovery and evidence. The file's space is reserved before the match starts and
 * mapped; the tick appends to memory, and lets go of it by 8 KiB; the kernel keeps the pages when
 * the process dies. More space is reserved by the pool when half of the last segment is used; when
 * that fails the recording ends and the match goes on.
 *
 * Where there is a folder in memory (memory) what is mapped lies there, and holds what the file
 * does not have yet: the pool writes that behind, and lets go of it (record_memory.h).
 *
 * File (little-endian): "MSTRREC1", u32 header length, header (JSON), entries to the first kind 0:
 *   u8 kind, u8 seat, u16 length, u32 tick, bytes.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>

#include <muster/types.h>

#define RECORD_HEADER_VERSION 3 /* of the header's JSON and of the entries */

/* Append only: recordings outlive versions. */
enum record_kind {
    RECORD_JOIN = 1,        /* u8 team, u8 connected, str player_key, str display_name */
    RECORD_LEAVE = 2,       /* u8 reason */
    RECORD_CONNECTION = 3,  /* u8 connected */
    RECORD_INPUT = 4,       /* struct muster_input in wire order (match_step.c) */
    RECORD_COMMAND = 5,     /* str name, str text, u8 count, i64 each */
    RECORD_HASH = 6,        /* u64 state hash before this tick runs */
    RECORD_END = 7,         /* u8 winner's kind, u8 winner, str reason, u64 state hash */
    RECORD_SETTING = 8,     /* str key, str value (JSON) */
    RECORD_NOTE = 9,        /* u8 index of the rules, bytes: told to them here */
    RECORD_NOTE_EARLY = 10, /* the same: told right after match_begin, before all else */
    RECORD_MESSAGE = 11,    /* 1 to 1024 bytes of a player's client */
    RECORD_DISTURBED = 12,  /* u8 MUSTER_DISTURBED_..., u32 ms */
};

struct record;

struct record_entry {
    uint32_t tick;
    uint8_t kind;
    uint8_t seat;
    uint16_t len;
    const uint8_t *data; /* borrowed from the reader */
};

#define RECORD_PATH_BYTES 512
/* DATA/records/MATCH.mrec. */
void record_path(const char *match_key, char out[RECORD_PATH_BYTES]);
/* Creates path (0600) and reserves the first segment. IO: no space or no permission. */
muster_status record_open(const char *path, const char *header_json, uint32_t segment_bytes,
                          struct record **out) MUSTER_MUST_USE;
/* Goes on with one that was left, from its byte `used` on; what stood behind is gone. EXISTS: its
 * match has ended there, and cuts_end is false. INVALID: it is no recording, or no entry begins at
 * that byte. NOT_FOUND, IO. CONFLICT: it is still written. */
muster_status record_resume(const char *path, uint32_t used, bool cuts_end, uint32_t segment_bytes,
                            struct record **out) MUSTER_MUST_USE;
/* Takes null. Over 64 MiB, or when space ran out, it stops quietly (once logged, counted). */
void record_append(struct record *record, uint32_t tick, uint32_t kind, uint32_t seat,
                   const void *data, uint32_t len);
/* on: another process may go on with it, and nothing is added to it here, or cut off when it is
 * closed; off: that came to nothing. No job of it is on the pool. Takes null. */
void record_lend(struct record *record, bool on);
/* Bytes used so far; 0: it has stopped, and holds not all that has come. */
uint32_t record_used(const struct record *record);
/* Cuts the file to what is used (on the pool) and frees. Takes null. */
void record_close(struct record *record);
/* Keep the newest `keep_max` recordings of a directory (on the pool; not while it is done already).
 */
void record_prune(const char *directory, uint32_t keep_max);

struct record_reader;
/* header: owned by the reader. INVALID: not a recording. */
muster_status record_read(const char *path, struct record_reader **out,
                          const char **header_json) MUSTER_MUST_USE;
/* The entries between these bytes, as record_used has told them. INVALID: it has fewer. */
muster_status record_read_part(const char *path, uint32_t from, uint32_t to,
                               struct record_reader **out) MUSTER_MUST_USE;
/* NOT_FOUND at the end, INVALID for damage. */
muster_status record_next(struct record_reader *reader, struct record_entry *out) MUSTER_MUST_USE;
/* Back to the first entry. */
void record_rewind(struct record_reader *reader);
void record_reader_close(struct record_reader *reader);

#endif
