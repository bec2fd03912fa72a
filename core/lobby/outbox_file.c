#include "outbox_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"
#include "outbox.h"
#include "paths.h"

void outbox_file_init(struct outbox_file *file, const char *database) {
    *file = (struct outbox_file){.file = NULL};
    snprintf(file->path, sizeof file->path, "%s/unwritten%s%s.jsonl", paths_data(),
             database[0] ? "." : "", database);
}

static bool open_it(struct outbox_file *file, int flags) {
    if (file->file) return true;
    int fd = open(file->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
    if (fd < 0) return false;
    file->file = fdopen(fd, "r+");
    if (!file->file) {
        close(fd);
        return false;
    }
    file->end = fseek(file->file, 0, SEEK_END) ? 0 : ftell(file->file);
    rewind(file->file);
    return true;
}

bool outbox_file_take_up(struct outbox_file *file) {
    bool is_there = open_it(file, 0);
    if (!is_there && errno != ENOENT) log_error("store", "%s: %m", file->path);
    return is_there;
}

/* A last line that lost its end to a crash must not swallow the next. */
muster_status outbox_file_open_end(struct outbox_file *file) {
    if (!open_it(file, O_CREAT)) {
        if (!disk_failed(errno)) log_error("store", "%s: %m", file->path);
        return MUSTER_IO;
    }
    return file->end > 0 ? outbox_file_append(file, "", 0) : MUSTER_OK;
}

/* By the descriptor: the stream keeps its place. */
muster_status outbox_file_append(struct outbox_file *file, const char *line, size_t len) {
    if (file->end + (long)len + 1 > (long)OUTBOX_FILE_BYTES_MAX) return MUSTER_LIMIT;
    int fd = fileno(file->file);
    errno = ENOSPC; /* what a short write means */
    if (pwrite(fd, line, len, file->end) != (ssize_t)len ||
        pwrite(fd, "\n", 1, file->end + (long)len) != 1) {
        (void)disk_failed(errno);
        (void)!ftruncate(fd, file->end);
        return MUSTER_IO;
    }
    file->end += (long)len + 1;
    return MUSTER_OK;
}

muster_status outbox_file_sync(const struct outbox_file *file) {
    int dir = open(paths_data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fsync(fileno(file->file)) == 0 && dir >= 0 && fsync(dir) == 0;
    if (dir >= 0) close(dir);
    return synced ? MUSTER_OK : MUSTER_IO;
}

bool outbox_file_is_open(const struct outbox_file *file) {
    return file->file != NULL;
}

const char *outbox_file_read(struct outbox_file *file, size_t *len) {
    ssize_t got;
    while ((got = getline(&file->line, &file->size, file->file)) > 0) {
        if (file->line[got - 1] == '\n') file->line[--got] = '\0';
        *len = (size_t)got;
        if (got > 0) return file->line;
    }
    if (unlink(file->path)) log_error("store", "%s: %m", file->path);
    outbox_file_close(file);
    return NULL;
}

void outbox_file_close(struct outbox_file *file) {
    if (file->file) fclose(file->file);
    free(file->line);
    file->file = NULL;
    file->line = NULL;
    file->size = 0;
    file->end = 0;
}
