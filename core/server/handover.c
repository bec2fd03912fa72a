#include "handover.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lobby.h"
#include "lobby_file.h"
#include "log.h"
#include "paths.h"
#include "status.h"

#define FOLDER "handover"

/* ---- save ------------------------------------------------------------------------------------ */

static bool save(struct lobby *lobby, uint8_t *bytes) {
    char path[LOBBY_FILE_PATH_BYTES], wrong[LOBBY_ERROR_MAX] = "";
    struct muster_writer w = muster_writer_make(bytes, LOBBY_STATE_BYTES_MAX);
    muster_status status = lobby_save(lobby, &w, wrong);
    int error = ENAMETOOLONG;
    if (!status && lobby_file_path(FOLDER, lobby->key, path))
        error = lobby_file_write(path, w.data, w.len);
    if (!status && !error) return true;
    log_warn("handover", "lobby %s ends with the server: %s", lobby->key,
             status ? wrong : strerror(error));
    return false;
}

void handover_save(void) {
    uint8_t *bytes = malloc(LOBBY_STATE_BYTES_MAX);
    muster_lobby_id id = {0};
    uint32_t count = 0;
    for (struct lobby *lobby; bytes && (lobby = lobby_next(&id));) {
        if (!save(lobby, bytes)) continue;
        lobby_let_go(lobby);
        count++;
    }
    free(bytes);
    if (count) log_info("handover", "%u lobbies wait for the next server", count);
}

/* ---- load ------------------------------------------------------------------------------------ */

/* Moved before it is loaded: one that ends the server must not end the next one as well. */
static void load(const char *name, uint8_t *bytes) {
    char from[LOBBY_FILE_PATH_BYTES], path[LOBBY_FILE_PATH_BYTES], wrong[LOBBY_ERROR_MAX] = "";
    struct lobby *lobby;
    uint32_t len = 0;
    if (!lobby_file_path(FOLDER, name, from) || !lobby_file_path("lobbies", name, path)) return;
    int error = rename(from, path) ? errno : 0;
    if (!error) error = lobby_file_read(path, bytes, LOBBY_STATE_BYTES_MAX, &len);
    muster_status status = MUSTER_IO;
    if (!error)
        status =
            lobby_load((struct muster_bytes){bytes, len}, MUSTER_DISTURBED_RESTART, &lobby, wrong);
    if (!status)
        (void)unlink(path);
    else
        log_error("handover", "%s was not loaded: %s", path,
                  error      ? lobby_file_error(error)
                  : wrong[0] ? wrong
                             : status_text(status));
}

void handover_load(void) {
    char folder[LOBBY_FILE_PATH_BYTES];
    snprintf(folder, sizeof folder, "%s/" FOLDER, paths_data());
    uint8_t *bytes = malloc(LOBBY_STATE_BYTES_MAX);
    DIR *dir = bytes ? opendir(folder) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') load(entry->d_name, bytes);
    if (dir) closedir(dir);
    free(bytes);
}
