#include "outbox_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "outbox.h"
#include "paths.h"

static struct {
    FILE *file; /* its position is where it is read; it is written at its end */
    long end;
    char *line;
    size_t size;
} state;

const char *outbox_file_path(void) {
    static char path[512];
    snprintf(path, sizeof path, "%s/unwritten.jsonl", paths_data());
    return path;
}

static bool open_it(int flags) {
    if (state.file) return true;
    int fd = open(outbox_file_path(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
    if (fd < 0) return false;
    state.file = fdopen(fd, "r+");
    if (!state.file) {
        close(fd);
        return false;
    }
    state.end = fseek(state.file, 0, SEEK_END) ? 0 : ftell(state.file);
    rewind(state.file);
    return true;
}

bool outbox_file_take_up(void) {
    bool is_there = open_it(0);
    if (!is_there && errno != ENOENT) log_error("store", "%s: %m", outbox_file_path());
    return is_there;
}

/* A last line that lost its end to a crash must not swallow the next. */
muster_status outbox_file_open_end(void) {
    if (!open_it(O_CREAT)) {
        log_error("store", "%s: %m", outbox_file_path());
        return MUSTER_IO;
    }
    return state.end > 0 ? outbox_file_append("", 0) : MUSTER_OK;
}

/* By the descriptor: the stream keeps its place. */
muster_status outbox_file_append(const char *line, size_t len) {
    if (state.end + (long)len + 1 > (long)OUTBOX_FILE_BYTES_MAX) return MUSTER_LIMIT;
    int fd = fileno(state.file);
    if (pwrite(fd, line, len, state.end) != (ssize_t)len ||
        pwrite(fd, "\n", 1, state.end + (long)len) != 1) {
        (void)!ftruncate(fd, state.end);
        return MUSTER_IO;
    }
    state.end += (long)len + 1;
    return MUSTER_OK;
}

muster_status outbox_file_sync(void) {
    int dir = open(paths_data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fsync(fileno(state.file)) == 0 && dir >= 0 && fsync(dir) == 0;
    if (dir >= 0) close(dir);
    return synced ? MUSTER_OK : MUSTER_IO;
}

bool outbox_file_is_open(void) {
    return state.file != NULL;
}

const char *outbox_file_read(size_t *len) {
    ssize_t got;
    while ((got = getline(&state.line, &state.size, state.file)) > 0) {
        if (state.line[got - 1] == '\n') state.line[--got] = '\0';
        *len = (size_t)got;
        if (got > 0) return state.line;
    }
    if (unlink(outbox_file_path())) log_error("store", "%s: %m", outbox_file_path());
    outbox_file_close();
    return NULL;
}

void outbox_file_close(void) {
    if (state.file) fclose(state.file);
    free(state.line);
    memset(&state, 0, sizeof state);
}
