#include "queue_kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "disk.h"
#include "log.h"
#include "loop.h"
#include "paths.h"
#include "status.h"

#define BYTES_MAX (8u << 20)
#define LEFT_FOR_MS 60000

static struct {
    struct checkpoint *file; /* null: nothing is kept */
    uint8_t *bytes;          /* BYTES_MAX of address space */
    struct muster_writer w;
    struct queue_wish *left; /* of the process before */
    uint32_t left_count;
    uint64_t left_until_ms;
} kept;

/* ---- what was left --------------------------------------------------------------------------- */

static bool get_wish(struct muster_reader *r, struct queue_wish *out) {
    muster_get_str(r, out->player_key, sizeof out->player_key);
    muster_get_str(r, out->game_mode, sizeof out->game_mode);
    muster_get_str(r, out->region, sizeof out->region);
    muster_get_str(r, out->map_name, sizeof out->map_name);
    out->since_unix_ms = muster_get_i64(r);
    return !r->overflow && out->player_key[0] && out->since_unix_ms > 0;
}

static bool append(const struct queue_wish *wish) {
    struct queue_wish *grown =
        realloc(kept.left, (kept.left_count + 1) * sizeof *grown); /* once, at the start */
    if (!grown) return false;
    kept.left = grown;
    kept.left[kept.left_count++] = *wish;
    return true;
}

static void read_left(const char *path) {
    struct checkpoint_mark mark;
    struct queue_wish wish;
    uint32_t len = 0;
    muster_status status = checkpoint_read(path, kept.bytes, BYTES_MAX, &len, &mark);
    if (status && status != MUSTER_NOT_FOUND)
        log_error("queue", "%s cannot be read: %s", path, status_text(status));
    struct muster_reader r = muster_reader_make(kept.bytes, status ? 0 : len);
    while (r.pos < r.len && get_wish(&r, &wish) && append(&wish)) continue;
    kept.left_until_ms = loop_now_ms() + LEFT_FOR_MS;
    if (kept.left_count) log_info("queue", "%u players were searching", kept.left_count);
}

void queue_kept_start(void) {
    char path[512];
    snprintf(path, sizeof path, "%s/queue.live", paths_data());
    kept.bytes = malloc(BYTES_MAX);
    if (!kept.bytes) return;
    read_left(path);
    if (checkpoint_open(path, &kept.file))
        log_error("queue", "%s cannot be kept: after a crash searches begin anew", path);
}

void queue_kept_stop(void) {
    checkpoint_remove(kept.file);
    free(kept.bytes);
    free(kept.left);
    memset(&kept, 0, sizeof kept);
}

static bool is_same(const struct queue_wish *a, const struct queue_wish *b) {
    return strcmp(a->player_key, b->player_key) == 0 && strcmp(a->game_mode, b->game_mode) == 0 &&
           strcmp(a->region, b->region) == 0 && strcmp(a->map_name, b->map_name) == 0;
}

static void forget(uint32_t index) {
    kept.left[index] = kept.left[--kept.left_count];
}

int64_t queue_kept_take(const struct queue_wish *wish) {
    for (uint32_t i = 0; i < kept.left_count; i++) {
        if (!is_same(&kept.left[i], wish)) continue;
        int64_t since_unix_ms = kept.left[i].since_unix_ms;
        forget(i);
        return since_unix_ms;
    }
    return 0;
}

/* ---- anew ------------------------------------------------------------------------------------ */

void queue_kept_begin(void) {
    kept.w = muster_writer_make(kept.bytes, kept.bytes ? BYTES_MAX : 0);
    if (loop_now_ms() >= kept.left_until_ms) kept.left_count = 0;
    for (uint32_t i = 0; i < kept.left_count; i++) queue_kept_add(&kept.left[i]);
}

void queue_kept_add(const struct queue_wish *wish) {
    muster_put_str(&kept.w, wish->player_key);
    muster_put_str(&kept.w, wish->game_mode);
    muster_put_str(&kept.w, wish->region);
    muster_put_str(&kept.w, wish->map_name);
    muster_put_i64(&kept.w, wish->since_unix_ms);
}

void queue_kept_end(void) {
    const struct checkpoint_mark none = {.tick = 0};
    if (!kept.file || kept.w.overflow) return;
    if (checkpoint_write(kept.file, kept.w.data, kept.w.len, none)) (void)disk_failed(errno);
}
