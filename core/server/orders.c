#include "orders.h"

#include <errno.h>
#include <stdio.h>

#include <muster/writer.h>

#include "base/text.h"
#include "checkpoint.h"
#include "disk.h"
#include "log.h"
#include "paths.h"
#include "status.h"

#define BYTES_MAX 1024

static struct checkpoint *file; /* null: nothing was written */

static void path_of(char path[512]) {
    snprintf(path, 512, "%s/orders.live", paths_data());
}

static bool get(struct muster_reader *r, struct orders *out) {
    uint32_t flags = muster_get_u8(r);
    out->drains = flags & 1;
    out->leaves = flags >> 1 & 1;
    out->drain_unix_ms = muster_get_i64(r);
    out->restart_unix_ms = muster_get_i64(r);
    muster_get_str(r, out->restart_text, sizeof out->restart_text);
    if (!text_line_mend(out->restart_text)) out->restart_text[0] = '\0';
    return !r->overflow && (out->drains || out->restart_unix_ms);
}

bool orders_read(struct orders *out) {
    char path[512];
    uint8_t bytes[BYTES_MAX];
    struct checkpoint_mark mark;
    uint32_t len = 0;
    path_of(path);
    muster_status status = checkpoint_read(path, bytes, sizeof bytes, &len, &mark);
    if (status && status != MUSTER_NOT_FOUND)
        log_error("server", "%s cannot be read: %s", path, status_text(status));
    struct muster_reader r = muster_reader_make(bytes, status ? 0 : len);
    return !status && get(&r, out);
}

void orders_write(const struct orders *orders) {
    char path[512];
    uint8_t bytes[BYTES_MAX];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    const struct checkpoint_mark none = {.tick = 0};
    path_of(path);
    muster_put_u8(&w, orders->drains | orders->leaves << 1);
    muster_put_i64(&w, orders->drain_unix_ms);
    muster_put_i64(&w, orders->restart_unix_ms);
    muster_put_str(&w, orders->restart_text);
    if (!file && checkpoint_open(path, &file))
        log_error("server", "%s cannot be kept: a crash would end drain and restart", path);
    else if (checkpoint_write(file, w.data, w.len, none))
        (void)disk_failed(errno);
}

void orders_forget(void) {
    checkpoint_remove(file);
    file = NULL;
}

void orders_leave(void) {
    checkpoint_close(file);
    file = NULL;
}
