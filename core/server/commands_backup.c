/* commands_backup - copies of a database while the node runs. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "paths.h"
#include "registry.h"
#include "status.h"
#include "store.h"

#define PATH_BYTES 1024

struct backup {
    struct run *run;
    char path[PATH_BYTES];
};

/* A name goes into the folder backups of the data directory; a path is for who has the machine. */
static bool find_path(struct run *run, const char *word, char *out) {
    if (word[0] == '/' && !run->is_player)
        return snprintf(out, PATH_BYTES, "%s", word) < PATH_BYTES;
    if (!word[0] || word[0] == '.' || strchr(word, '/') || strlen(word) > NAME_MAX) return false;
    int len = snprintf(out, PATH_BYTES, "%s/backups", paths_data());
    if (len >= PATH_BYTES) return false;
    (void)mkdir(out, 0700); /* if it cannot be made, the copy cannot, either, and says so */
    return snprintf(out + len, PATH_BYTES - (size_t)len, "/%s", word) < PATH_BYTES - len;
}

static void fail(struct run *run, muster_status status) {
    const char *why = status == MUSTER_EXISTS        ? "there is a file of that name already"
                      : status == MUSTER_UNAVAILABLE ? "there is no database"
                      : status == MUSTER_NOT_FOUND   ? "there is no database of this name"
                      : status == MUSTER_UNSUPPORTED ? "this database has tools of its own for that"
                                                     : "it could not be written, see the log";
    command_fail(run, status, "no backup was made: %s", why);
}

static void on_backed_up(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct backup *backup = user;
    struct stat info = {0};
    (void)rows;
    if (status) {
        fail(backup->run, status);
    } else {
        (void)stat(backup->path, &info);
        command_say(backup->run, "%s: %lld bytes", backup->path, (long long)info.st_size);
        command_finish(backup->run);
    }
    free(backup);
}

void command_backup(struct run *run) {
    struct backup *backup = calloc(1, sizeof *backup);
    const char *word = command_word(run), *database = command_word(run);
    if (!backup || !find_path(run, word, backup->path) || run->arguments[0]) {
        free(backup);
        command_fail_usage(run);
        return;
    }
    backup->run = run;
    bool is_known = !database[0] || registry_named(MUSTER_ROLE_DATABASE, database);
    muster_status status =
        is_known ? store_backup(database, backup->path, on_backed_up, backup) : MUSTER_NOT_FOUND;
    if (!status) return;
    free(backup);
    fail(run, status);
}
