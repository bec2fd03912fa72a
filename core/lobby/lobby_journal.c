#include "lobby_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"
#include "paths.h"

static struct {
    bool is_on;
    bool is_behind; /* what the disk did not take is to be written when it has room */
    uint8_t *bytes; /* LOBBY_STATE_BYTES_MAX */
} journal;

/* ---- one lobby ------------------------------------------------------------------------------- */

static struct checkpoint_mark mark_of(const struct lobby *lobby) {
    const struct match *match = lobby->match;
    struct checkpoint_mark mark = {.is_left = lobby->is_left};
    if (match) mark.tick = match->tick;
    if (match && match->record) mark.used = record_used(match->record);
    return mark;
}

static bool open_file(struct lobby *lobby) {
    char path[512];
    if (lobby->checkpoint) return true;
    snprintf(path, sizeof path, "%s/" LOBBY_JOURNAL_FOLDER "/%s", paths_data(), lobby->key);
    return checkpoint_open(path, &lobby->checkpoint) == MUSTER_OK;
}

static void note_failure(struct lobby *lobby, const char *why) {
    if (!lobby->is_unkept)
        log_error("journal", "lobby %s is not kept: %s; a crash would set it back", lobby->key,
                  why);
    lobby->is_unkept = true;
}

static void note_success(struct lobby *lobby) {
    if (lobby->is_unkept) log_info("journal", "lobby %s is kept again", lobby->key);
    lobby->is_unkept = false;
}

/* What was written before stays, without its mark: from there the log cannot be gone on with. */
static bool write_lobby(struct lobby *lobby) {
    char wrong[LOBBY_ERROR_MAX] = "";
    struct muster_writer w = muster_writer_make(journal.bytes, LOBBY_STATE_BYTES_MAX);
    lobby->kept_at_tick = false;
    if (lobby_state_write(lobby, &w, wrong)) {
        note_failure(lobby, wrong);
        return false;
    }
    errno = 0;
    if (!open_file(lobby) || checkpoint_write(lobby->checkpoint, w.data, w.len, mark_of(lobby))) {
        bool waits = disk_failed(errno);
        journal.is_behind |= waits;
        if (!waits) note_failure(lobby, strerror(errno));
        return false;
    }
    note_success(lobby);
    lobby->kept_at_tick = true;
    return true;
}

void lobby_journal_write(struct lobby *lobby) {
    if (journal.is_on) (void)write_lobby(lobby);
}

void lobby_journal_step(const struct lobby *lobby) {
    if (lobby->kept_at_tick && !lobby->changed) checkpoint_mark(lobby->checkpoint, mark_of(lobby));
}

void lobby_journal_end(struct lobby *lobby) {
    checkpoint_remove(lobby->checkpoint);
    lobby->checkpoint = NULL;
}

bool lobby_journal_leave(struct lobby *lobby) {
    lobby->is_left = true;
    if (journal.is_on && write_lobby(lobby)) return true;
    lobby->is_left = false;
    return false;
}

void lobby_journal_take_back(struct lobby *lobby) {
    lobby->is_left = false;
    (void)write_lobby(lobby);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Those whose newest state is not in their files. */
static void catch_up(void) {
    muster_lobby_id id = {0};
    journal.is_behind = false;
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        if (!lobby->kept_at_tick) lobby_changed(lobby);
}

void lobby_journal_flush(void) {
    struct lobby *lobby;
    if (!journal.is_on) return;
    if (journal.is_behind && disk_has_room()) catch_up();
    while ((lobby = lobby_table_next_changed()))
        if (!lobby->closing) (void)write_lobby(lobby);
}

muster_status lobby_journal_start(void) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s/" LOBBY_JOURNAL_FOLDER, paths_data());
    if (!journal.bytes) journal.bytes = malloc(LOBBY_STATE_BYTES_MAX);
    if (!journal.bytes) return MUSTER_NO_MEMORY;
    if (paths_make_dir(folder)) return MUSTER_UNAVAILABLE;
    journal.is_on = true;
    return loop_at_turn_end(lobby_journal_flush);
}
