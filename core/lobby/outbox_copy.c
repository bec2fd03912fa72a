#include "outbox_copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "log.h"
#include "paths.h"
#include "status.h"

#define BYTES_MAX (32u << 20)

void outbox_copy_init(struct outbox_copy *copy, const char *database) {
    *copy = (struct outbox_copy){.file = NULL};
    snprintf(copy->path, sizeof copy->path, "%s/unwritten%s%s.live", paths_data(),
             database[0] ? "." : "", database);
}

static bool make_room(struct outbox_copy *copy, size_t more) {
    if (copy->cap - copy->len >= more) return true;
    uint32_t cap = copy->cap ? copy->cap : 4096;
    if (more > BYTES_MAX - copy->len) return false;
    while (cap - copy->len < more) cap *= 2;
    uint8_t *grown = realloc(copy->bytes, cap);
    if (!grown) return false;
    copy->bytes = grown;
    copy->cap = cap;
    return true;
}

/* ---- what was left --------------------------------------------------------------------------- */

static void read_left(struct outbox_copy *copy) {
    struct checkpoint_mark mark;
    uint8_t *bytes = malloc(BYTES_MAX);
    muster_status status = MUSTER_NO_MEMORY;
    uint32_t len = 0;
    if (bytes) status = checkpoint_read(copy->path, bytes, BYTES_MAX, &len, &mark);
    if (!status && make_room(copy, len + 1)) {
        memcpy(copy->bytes, bytes, len);
        copy->len = len;
    } else if (status && status != MUSTER_NOT_FOUND) {
        log_error("store", "%s cannot be read: %s", copy->path, status_text(status));
    }
    free(bytes);
}

void outbox_copy_start(struct outbox_copy *copy) {
    if (copy->file) return;
    read_left(copy);
    if (checkpoint_open(copy->path, &copy->file))
        log_error("store", "%s cannot be kept: a crash loses what waits", copy->path);
}

const char *outbox_copy_next(struct outbox_copy *copy, uint32_t *len) {
    if (copy->at == copy->len) return NULL;
    const char *line = (char *)copy->bytes + copy->at;
    const char *end = memchr(line, '\n', copy->len - copy->at);
    *len = end ? (uint32_t)(end - line) : copy->len - copy->at;
    copy->at += *len + (end != NULL);
    return line;
}

/* ---- anew ------------------------------------------------------------------------------------ */

void outbox_copy_begin(struct outbox_copy *copy) {
    copy->len = copy->at = 0;
}

void outbox_copy_add(struct outbox_copy *copy, const char *line, size_t len) {
    if (!make_room(copy, len + 1)) return;
    memcpy(copy->bytes + copy->len, line, len);
    copy->bytes[copy->len + len] = '\n';
    copy->len += (uint32_t)len + 1;
}

void outbox_copy_end(struct outbox_copy *copy) {
    const struct checkpoint_mark none = {.tick = 0};
    const void *bytes = copy->bytes ? copy->bytes : (const void *)"";
    if (copy->file && checkpoint_write(copy->file, bytes, copy->len, none))
        (void)disk_failed(errno);
    copy->at = copy->len;
}

void outbox_copy_remove(struct outbox_copy *copy) {
    checkpoint_remove(copy->file);
    free(copy->bytes);
    copy->file = NULL;
    copy->bytes = NULL;
    copy->len = copy->cap = copy->at = 0;
}
