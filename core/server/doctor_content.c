/* What is in the files of a data directory, by those who read them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "doctor_internal.h"
#include "lobby.h"
#include "lobby_file.h"
#include "moderation.h"
#include "outbox.h"
#include "record.h"
#include "replay.h"
#include "status.h"

#define NODE_ID_MAX 63
#define CHECKPOINT_BYTES_MAX (64u << 20)

static struct {
    uint32_t recordings;
    uint32_t endless; /* of these: their server was killed, or goes on with them */
    uint32_t lobbies;
    uint32_t live;
    uint32_t crashes;
} counts;

void doctor_counts(char *out, size_t cap) {
    snprintf(out, cap, "recordings %u, without an end %u, saved lobbies %u, live %u, crashes %u",
             counts.recordings, counts.endless, counts.lobbies, counts.live, counts.crashes);
}

/* ---- small ones ------------------------------------------------------------------------------ */

void doctor_node_id(const struct doctor_file *file) {
    char text[NODE_ID_MAX + 2];
    uint32_t len = 0;
    int error = lobby_file_read(file->path, text, sizeof text, &len);
    if (error) {
        doctor_wrong(file->name, "%s", lobby_file_error(error));
        return;
    }
    if (len && text[len - 1] == '\n') len--;
    for (uint32_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] == 0x7F) len = 0;
    if (len == 0 || len > NODE_ID_MAX)
        doctor_wrong(file->name, "expected one line of 1 to %d visible characters", NODE_ID_MAX);
}

static void on_wrong_sanction(const char *sentence) {
    doctor_wrong("", "%s; nobody comes in before it is mended, or gone", sentence);
}

void doctor_moderation(const struct doctor_file *file) {
    (void)file;
    moderation_look(on_wrong_sanction);
}

void doctor_outbox(const struct doctor_file *file) {
    uint32_t count = 0, broken = 0;
    if (file->bytes > (int64_t)OUTBOX_FILE_BYTES_MAX)
        doctor_wrong(file->name, "expected at most %u bytes", OUTBOX_FILE_BYTES_MAX);
    else if (outbox_look(file->path, &count, &broken))
        doctor_wrong(file->name, "%m");
    else if (broken && !doctor_report.is_beside)
        doctor_wrong(file->name, "lines that are no writes, which the next start leaves out: %u",
                     broken);
    if (count) doctor_note(file->name, "writes that wait for their database: %u", count);
}

/* What its bytes mean is known to who wrote them. */
void doctor_checkpoint(const struct doctor_file *file) {
    struct checkpoint_mark mark;
    uint32_t len;
    void *bytes = malloc(CHECKPOINT_BYTES_MAX);
    muster_status status = MUSTER_NO_MEMORY;
    if (bytes) status = checkpoint_read(file->path, bytes, CHECKPOINT_BYTES_MAX, &len, &mark);
    free(bytes);
    if (status && status != MUSTER_NOT_FOUND)
        doctor_wrong(file->name, "%s",
                     status == MUSTER_INVALID ? "it is no checkpoint" : status_text(status));
}

/* Its crash.json is for people. */
void doctor_crash(const struct doctor_file *file) {
    (void)file;
    counts.crashes++;
}

/* ---- lobbies --------------------------------------------------------------------------------- */

void doctor_lobby(const struct doctor_file *file) {
    char wrong[LOBBY_ERROR_MAX] = "";
    uint32_t len = 0;
    uint8_t *bytes = malloc(LOBBY_STATE_BYTES_MAX);
    int error = bytes ? lobby_file_read(file->path, bytes, LOBBY_STATE_BYTES_MAX, &len) : ENOMEM;
    counts.lobbies++;
    if (error)
        doctor_wrong(file->name, "%s", lobby_file_error(error));
    else if (lobby_look((struct muster_bytes){bytes, len}, wrong))
        doctor_wrong(file->name, "cannot be loaded: %s", wrong);
    free(bytes);
}

/* NOT_FOUND: it has ended. Else `wrong` says what is. */
static muster_status read_live(const char *path, uint8_t *bytes, char wrong[LOBBY_ERROR_MAX]) {
    struct checkpoint_mark mark;
    uint32_t len = 0;
    muster_status status = checkpoint_read(path, bytes, LOBBY_STATE_BYTES_MAX, &len, &mark);
    snprintf(wrong, LOBBY_ERROR_MAX, "%s",
             status == MUSTER_INVALID ? "it is no checkpoint" : status_text(status));
    return status ? status : lobby_look((struct muster_bytes){bytes, len}, wrong);
}

/* The newest state of one that goes on may be written over while it is read: not twice. */
void doctor_live(const struct doctor_file *file) {
    char wrong[LOBBY_ERROR_MAX] = "out of memory";
    uint8_t *bytes = malloc(LOBBY_STATE_BYTES_MAX);
    muster_status status = bytes ? read_live(file->path, bytes, wrong) : MUSTER_NO_MEMORY;
    if (bytes && status && doctor_report.is_beside) status = read_live(file->path, bytes, wrong);
    free(bytes);
    counts.live += status == MUSTER_OK;
    if (status && status != MUSTER_NOT_FOUND) doctor_wrong(file->name, "cannot go on: %s", wrong);
}

/* ---- recordings ------------------------------------------------------------------------------ */

struct recording {
    uint32_t entries; /* that are whole */
    uint32_t tick;    /* of the last one */
    bool is_unread;   /* why was said */
    bool is_damaged;
    bool has_end;
};

static void read_entries(struct record_reader *reader, struct recording *out) {
    struct record_entry entry;
    muster_status status;
    for (; !(status = record_next(reader, &entry)); out->entries++) {
        out->tick = entry.tick;
        out->has_end = out->has_end || entry.kind == RECORD_END;
    }
    out->is_damaged = status != MUSTER_NOT_FOUND;
}

/* Null: said why. */
static struct record_reader *open_recording(const struct doctor_file *file) {
    struct record_reader *reader = NULL;
    const char *header = "", *why = NULL;
    muster_status status = record_read(file->path, &reader, &header);
    if (status) {
        doctor_wrong(file->name, "%s",
                     status == MUSTER_INVALID ? "no recording"
                     : status == MUSTER_LIMIT ? "larger than a recording can be"
                                              : status_text(status));
        return NULL;
    }
    json_decref(replay_header(header, &why));
    if (why) doctor_wrong(file->name, "cannot be played again: %s", why);
    return reader;
}

static void look_through(const struct doctor_file *file, struct recording *out) {
    struct record_reader *reader = open_recording(file);
    *out = (struct recording){.is_unread = !reader};
    if (reader) read_entries(reader, out);
    record_reader_close(reader);
}

/* One that is being written may end within an entry, which is whole when it is read again. */
void doctor_recording(const struct doctor_file *file) {
    struct recording found, again;
    look_through(file, &found);
    if (found.is_damaged && doctor_report.is_beside) {
        look_through(file, &again);
        found.is_damaged = again.is_damaged && again.entries == found.entries;
    }
    counts.recordings++;
    counts.endless += !found.has_end && !found.is_unread;
    if (found.is_damaged)
        doctor_wrong(file->name, "damaged behind tick %u, entry %u", found.tick, found.entries);
}
