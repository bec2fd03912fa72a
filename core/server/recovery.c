#include "recovery.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash_page.h"
#include "crashes.h"
#include "lobby_file.h"
#include "lobby_journal.h"
#include "log.h"
#include "memory.h"
#include "paths.h"
#include "record_memory.h"
#include "server.h"
#include "status.h"
#include "upgrade.h"

/* What a process has left of one lobby. */
struct left {
    char path[LOBBY_FILE_PATH_BYTES];
    char name[NAME_MAX + 1]; /* its key */
    uint8_t *bytes;          /* LOBBY_STATE_BYTES_MAX */
    uint32_t len;
    struct checkpoint_mark mark;
};

/* ---- one lobby ------------------------------------------------------------------------------- */

static muster_status recover(const struct left *left, char error[LOBBY_ERROR_MAX]) {
    const struct muster_bytes state = {left->bytes, left->len};
    struct lobby *lobby;
    muster_status status = lobby_recover(state, left->mark, &lobby, error);
    if (status != MUSTER_INVALID) return status;
    log_error("recovery", "lobby %s: %s; it goes on as it was saved last", left->name, error);
    const struct checkpoint_mark no_log = {.is_left = left->mark.is_left};
    return lobby_recover(state, no_log, &lobby, error);
}

/* What the log brings ended the server. It is kept before it is cut off. */
static void keep_record(const struct left *left) {
    char match_key[TICKET_UUID_SIZE], path[RECORD_PATH_BYTES];
    if (!lobby_state_match((struct muster_bytes){left->bytes, left->len}, match_key)) return;
    record_path(match_key, path);
    crashes_keep_file(left->name, path, "recording.mrec");
}

static muster_status recover_as(const struct left *left, enum crashes_verdict verdict,
                                char error[LOBBY_ERROR_MAX]) {
    const struct muster_bytes state = {left->bytes, left->len};
    struct lobby *lobby;
    muster_status status = MUSTER_DENIED;
    if (verdict < CRASHES_WITHOUT_LOG) return recover(left, error);
    keep_record(left);
    if (verdict == CRASHES_WITHOUT_LOG)
        return lobby_recover(state, (struct checkpoint_mark){0}, &lobby, error);
    if (verdict == CRASHES_CLOSE)
        status = lobby_conclude(state, "it brought the server down", error);
    else
        snprintf(error, LOBBY_ERROR_MAX, "it brings the server down");
    if (!status) checkpoint_unlink(left->path);
    return status;
}

/* For who can mend what is wrong, and for `lobby load`. */
static void put_aside(const struct left *left, const char *why) {
    char path[LOBBY_FILE_PATH_BYTES], refusal[512];
    snprintf(refusal, sizeof refusal, "lobby %s was not loaded: %s", left->name, why);
    if (upgrade_is_beside()) upgrade_give_up(SERVER_EXIT_INTERNAL, refusal);
    lobby_abandon((struct muster_bytes){left->bytes, left->len}, why);
    bool is_put = lobby_file_path("lobbies", left->name, path) &&
                  lobby_file_write(path, left->bytes, left->len) == 0;
    if (is_put)
        log_error("recovery",
                  "%s was not loaded: %s; it is kept: when that is mended, \"lobby load %s\" takes "
                  "it up again",
                  left->path, why, left->name);
    else
        log_error("recovery", "%s was not loaded: %s", left->path, why);
    if (is_put) checkpoint_unlink(left->path);
}

static bool load(struct left *left, enum crashes_verdict verdict) {
    char error[LOBBY_ERROR_MAX] = "";
    muster_status status =
        checkpoint_read(left->path, left->bytes, LOBBY_STATE_BYTES_MAX, &left->len, &left->mark);
    if (status == MUSTER_NOT_FOUND) { /* it had come to its end */
        checkpoint_unlink(left->path);
        return false;
    }
    if (status) {
        log_error("recovery", "%s cannot be read: %s", left->path, status_text(status));
        return false;
    }
    crash_page_enter("recovery.load");
    crash_page_call_of(left->name);
    status = recover_as(left, verdict, error);
    crash_page_leave();
    if (status) put_aside(left, error[0] ? error : status_text(status));
    crashes_settle(left->name);
    return status == MUSTER_OK && verdict < CRASHES_CLOSE;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* One that a crash has left half made. */
static bool is_unfinished(const char *name) {
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".new") == 0;
}

static uint32_t load_all(DIR *dir, struct left *left, enum crashes_verdict verdict) {
    uint32_t count = 0;
    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        snprintf(left->name, sizeof left->name, "%s", entry->d_name);
        if (!lobby_file_path(LOBBY_JOURNAL_FOLDER, left->name, left->path)) continue;
        if (crashes_verdict(left->name) != verdict) continue;
        if (is_unfinished(left->name))
            checkpoint_unlink(left->path);
        else
            count += load(left, verdict);
    }
    return count;
}

/* Of lobbies that had come to their end before the pool heard of it. */
static void remove_old_copies(const char *folder) {
    char path[LOBBY_FILE_PATH_BYTES], place[MEMORY_PATH_BYTES];
    DIR *copies = memory_folder() ? opendir(folder) : NULL;
    if (!copies) return;
    for (struct dirent *entry; (entry = readdir(copies));)
        if (lobby_file_path(LOBBY_JOURNAL_FOLDER, entry->d_name, path) &&
            access(memory_place(path, place), F_OK) != 0)
            (void)unlink(path);
    closedir(copies);
}

muster_status recovery_start(void) {
    char folder[LOBBY_FILE_PATH_BYTES], place[MEMORY_PATH_BYTES];
    struct left left = {.bytes = malloc(LOBBY_STATE_BYTES_MAX)};
    if (!left.bytes) return MUSTER_NO_MEMORY;
    snprintf(folder, sizeof folder, "%s/" LOBBY_JOURNAL_FOLDER, paths_data());
    record_memory_complete();
    DIR *dir = opendir(memory_place(folder, place));
    uint32_t count = 0;
    for (uint32_t verdict = CRASHES_RESTORE; dir && verdict <= CRASHES_LEAVE; verdict++)
        count += load_all(dir, &left, verdict);
    if (dir) closedir(dir);
    free(left.bytes);
    remove_old_copies(folder);
    if (count) log_info("recovery", "%u lobbies go on", count);
    return lobby_journal_start();
}

void recovery_leave(void) {
    muster_lobby_id id = {0};
    uint32_t count = 0;
    for (struct lobby *lobby; (lobby = lobby_next(&id));) {
        if (!lobby_journal_leave(lobby)) continue;
        lobby_let_go(lobby);
        count++;
    }
    if (count) log_info("recovery", "%u lobbies wait for the next server", count);
}
