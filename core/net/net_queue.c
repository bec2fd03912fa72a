/* net_queue - messages that wait until a socket takes them again.
 *
 * Writing directly is safe only while libwebsockets holds back nothing itself: a second write on
 * top of a partial one corrupts the stream. Used by connections (net_ws) and clients (net_client).
 */
#include "net_internal.h"

#include <stdlib.h>
#include <string.h>

#include "metrics.h"

#define GATHER_BYTES 16384
#define FRAME_HEAD_MAX 4

static uint8_t *scratch; /* a message with headroom, for the direct write */
static uint32_t scratch_cap;

static bool write_message(struct lws *wsi, uint8_t *data, uint32_t len, bool binary) {
    int written = lws_write(wsi, data, len, binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
    if (written < (int)len) return false;
    metrics_add(METRIC_TX_BYTES, len);
    metrics_add(METRIC_TX_PACKETS, 1);
    return true;
}

static bool scratch_reserve(uint32_t len) {
    if (len <= scratch_cap) return true;
    uint8_t *grown = realloc(scratch, LWS_PRE + (size_t)len);
    if (!grown) return false;
    scratch = grown;
    scratch_cap = len;
    return true;
}

void net_queue_deinit_scratch(void) {
    free(scratch);
    scratch = NULL;
    scratch_cap = 0;
}

static bool append(struct net_queue *queue, const void *data, uint32_t len, bool binary) {
    struct net_message *message = malloc(sizeof *message + LWS_PRE + len);
    if (!message) return false;
    *message = (struct net_message){.len = len, .binary = binary};
    if (len > 0) memcpy(message->bytes + LWS_PRE, data, len);
    if (queue->tail) {
        queue->tail->next = message;
    } else {
        queue->head = message;
    }
    queue->tail = message;
    queue->bytes += len;
    return true;
}

muster_status net_queue_keep(struct net_queue *queue, const void *data, uint32_t len, bool binary,
                             uint32_t max_bytes) {
    if (len > max_bytes || queue->bytes > max_bytes - len) return MUSTER_FULL;
    return append(queue, data, len, binary) ? MUSTER_OK : MUSTER_FULL;
}

muster_status net_queue_send(struct net_queue *queue, struct lws *wsi, const void *data,
                             uint32_t len, bool binary, uint32_t max_bytes) {
    if (!queue->head && !lws_partial_buffered(wsi) && scratch_reserve(len)) {
        if (len > 0) memcpy(scratch + LWS_PRE, data, len);
        return write_message(wsi, scratch + LWS_PRE, len, binary) ? MUSTER_OK : MUSTER_IO;
    }
    muster_status status = net_queue_keep(queue, data, len, binary, max_bytes);
    if (!status) lws_callback_on_writable(wsi);
    return status;
}

static void drop_head(struct net_queue *queue) {
    struct net_message *message = queue->head;
    queue->head = message->next;
    if (!queue->head) queue->tail = NULL;
    queue->bytes -= message->len;
    free(message);
}

static bool write_head(struct net_queue *queue, struct lws *wsi) {
    struct net_message *message = queue->head;
    bool written = write_message(wsi, message->bytes + LWS_PRE, message->len, message->binary);
    drop_head(queue);
    return written;
}

bool net_queue_flush(struct net_queue *queue, struct lws *wsi) {
    while (queue->head && !lws_partial_buffered(wsi))
        if (!write_head(queue, wsi)) return false;
    return true;
}

/* As a server sends it. len is below 64 KiB. */
static uint32_t put_frame(uint8_t *out, const struct net_message *message) {
    uint32_t at = 0;
    out[at++] = 0x80 | (message->binary ? 2 : 1);
    if (message->len < 126) {
        out[at++] = (uint8_t)message->len;
    } else {
        out[at++] = 126;
        out[at++] = (uint8_t)(message->len >> 8);
        out[at++] = (uint8_t)message->len;
    }
    memcpy(out + at, message->bytes + LWS_PRE, message->len);
    metrics_add(METRIC_TX_BYTES, message->len);
    metrics_add(METRIC_TX_PACKETS, 1);
    return at + message->len;
}

/* As many as fit, framed here: a call of the kernel for each costs more than all else about it. */
static bool write_together(struct net_queue *queue, struct lws *wsi) {
    uint8_t *frames = scratch + LWS_PRE;
    uint32_t len = 0;
    while (queue->head && queue->head->len + FRAME_HEAD_MAX <= GATHER_BYTES - len) {
        len += put_frame(frames + len, queue->head);
        drop_head(queue);
    }
    return lws_write(wsi, frames, len, LWS_WRITE_HTTP) >= (int)len;
}

static bool fit_together(const struct net_message *first) {
    return first->next && first->len + first->next->len + 2 * FRAME_HEAD_MAX <= GATHER_BYTES;
}

bool net_queue_flush_together(struct net_queue *queue, struct lws *wsi) {
    while (queue->head && !lws_partial_buffered(wsi)) {
        bool together = fit_together(queue->head) && scratch_reserve(GATHER_BYTES);
        if (!(together ? write_together(queue, wsi) : write_head(queue, wsi))) return false;
    }
    return true;
}

void net_queue_clear(struct net_queue *queue) {
    while (queue->head) drop_head(queue);
}
