/* commands_lobby - what an admin does with one lobby: lets it stand, keeps it in a file. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lobby.h"
#include "lobby_file.h"
#include "loop.h"
#include "status.h"

/* ---- files: in the folder lobbies of the data directory, written and read by the pool -------- */

struct file {
    struct run *run;
    int error; /* errno */
    uint32_t len;
    char path[LOBBY_FILE_PATH_BYTES];
    uint8_t bytes[LOBBY_STATE_BYTES_MAX];
};

/* Null: the run has ended with a sentence. */
static struct file *open_file(struct run *run, const char *name) {
    if (!command_fits(run, "name", name, NAME_MAX + 1)) return NULL;
    struct file *file = calloc(1, sizeof *file);
    if (file && lobby_file_path("lobbies", name, file->path) && !run->arguments[0]) {
        file->run = run;
        return file;
    }
    free(file);
    command_fail_usage(run);
    return NULL;
}

static muster_status status_of(int error) {
    switch (error) {
    case EEXIST: return MUSTER_EXISTS;
    case ENOENT: return MUSTER_NOT_FOUND;
    case EFBIG:
    case LOBBY_FILE_ODD: return MUSTER_INVALID;
    default: return MUSTER_IO;
    }
}

static void fail(struct file *file, const char *what) {
    command_fail(file->run, status_of(file->error), "%s %s: %s", file->path, what,
                 lobby_file_error(file->error));
    free(file);
}

static void start(struct file *file, loop_fn work, void (*done)(void *user, muster_status status)) {
    if (!loop_work_start(work, done, file, &(struct loop_work *){NULL})) return;
    file->error = EAGAIN;
    fail(file, "is left alone");
}

/* ---- save ------------------------------------------------------------------------------------ */

static void write_work(void *user) {
    struct file *file = user;
    file->error = lobby_file_write(file->path, file->bytes, file->len);
}

static void write_done(void *user, muster_status status) {
    struct file *file = user;
    if (status) file->error = ECANCELED;
    if (file->error) {
        fail(file, "was not written");
        return;
    }
    command_say(file->run, "%s: %u bytes", file->path, file->len);
    command_finish(file->run);
    free(file);
}

static void save(struct run *run, struct lobby *lobby) {
    struct file *file = open_file(run, command_word(run));
    if (!file) return;
    struct muster_writer w = muster_writer_make(file->bytes, sizeof file->bytes);
    char error[LOBBY_ERROR_MAX] = "";
    muster_status status = lobby_save(lobby, &w, error);
    if (status) {
        command_fail(run, status, "the lobby was not saved: %s", error);
        free(file);
        return;
    }
    file->len = w.len;
    start(file, write_work, write_done);
}

/* ---- load ------------------------------------------------------------------------------------ */

static void read_work(void *user) {
    struct file *file = user;
    file->error = lobby_file_read(file->path, file->bytes, LOBBY_STATE_BYTES_MAX, &file->len);
}

static void read_done(void *user, muster_status status) {
    struct file *file = user;
    char error[LOBBY_ERROR_MAX] = "";
    struct lobby *lobby = NULL;
    if (status) file->error = ECANCELED;
    if (file->error) {
        fail(file, "was not read");
        return;
    }
    status = lobby_load((struct muster_bytes){file->bytes, file->len}, MUSTER_DISTURBED_RESTART,
                        &lobby, error);
    if (status) {
        command_fail(file->run, status, "%s was not loaded: %s", file->path,
                     error[0] ? error : status_text(status));
    } else {
        command_say(file->run, "lobby %s loaded: %u players", lobby->key, lobby_players(lobby));
        command_finish(file->run);
    }
    free(file);
}

static void load(struct run *run) {
    struct file *file = open_file(run, command_word(run));
    if (file) start(file, read_work, read_done);
}

/* ---- freeze, thaw ---------------------------------------------------------------------------- */

static void freeze(struct run *run, struct lobby *lobby) {
    if (lobby_freeze(lobby)) {
        command_fail(run, MUSTER_CONFLICT, "the lobby is frozen already");
        return;
    }
    command_say(run, "frozen");
    command_finish(run);
}

static void thaw(struct run *run, struct lobby *lobby) {
    if (lobby_thaw(lobby)) {
        command_fail(run, MUSTER_CONFLICT, "the lobby is not frozen");
        return;
    }
    command_say(run, "goes on");
    command_finish(run);
}

struct lobby *command_find_lobby(struct run *run) {
    const char *word = command_word(run);
    struct lobby *lobby = lobby_find_key(word);
    if (!word[0])
        command_fail_usage(run);
    else if (!lobby)
        command_fail(run, MUSTER_NOT_FOUND, "no such lobby");
    return lobby;
}

/* ---- the command ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*fn)(struct run *run, struct lobby *lobby);
} acts[] = {{"freeze", freeze}, {"thaw", thaw}, {"save", save}};

void command_lobby(struct run *run) {
    const char *name = command_word(run);
    size_t i = 0, count = sizeof acts / sizeof *acts;
    if (strcmp(name, "load") == 0) {
        load(run);
        return;
    }
    while (i < count && strcmp(acts[i].name, name) != 0) i++;
    if (i == count) {
        command_fail_usage(run);
        return;
    }
    struct lobby *lobby = command_find_lobby(run);
    if (lobby) acts[i].fn(run, lobby);
}
