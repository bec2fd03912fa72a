/* net_queue - messages that wait until a socket takes them again.
 *
 * Writing directly is safe only while nothing is held back behind it: a second write on top of a
 * partial one corrupts the stream. Used by connections (net_ws), whose frames are made here, and by
 * clients (net_client), whose frames libwebsockets makes and masks.
 */
#include "net_internal.h"

#include <stdlib.h>
#include <string.h>

#include "metrics.h"

#define GATHER_BYTES 16384 /* leave together: a call of the kernel costs more than all else */

static uint8_t *scratch; /* a message with headroom, for the direct write */
static uint32_t scratch_cap;

static bool write_message(struct lws *wsi, uint8_t *data, uint32_t len, uint8_t opcode) {
    int written =
        lws_write(wsi, data, len, opcode == NET_OPCODE_BINARY ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
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

static bool append(struct net_queue *queue, const void *data, uint32_t len, uint8_t opcode) {
    struct net_message *message = malloc(sizeof *message + LWS_PRE + len);
    if (!message) return false;
    *message = (struct net_message){.len = len, .opcode = opcode};
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

muster_status net_queue_keep(struct net_queue *queue, const void *data, uint32_t len,
                             uint8_t opcode, uint32_t max_bytes) {
    if (len > max_bytes || queue->bytes > max_bytes - len) return MUSTER_FULL;
    return append(queue, data, len, opcode) ? MUSTER_OK : MUSTER_FULL;
}

muster_status net_queue_send(struct net_queue *queue, struct lws *wsi, const void *data,
                             uint32_t len, uint8_t opcode, uint32_t max_bytes) {
    if (!queue->head && !lws_partial_buffered(wsi) && scratch_reserve(len)) {
        if (len > 0) memcpy(scratch + LWS_PRE, data, len);
        return write_message(wsi, scratch + LWS_PRE, len, opcode) ? MUSTER_OK : MUSTER_IO;
    }
    muster_status status = net_queue_keep(queue, data, len, opcode, max_bytes);
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
    bool written = write_message(wsi, message->bytes + LWS_PRE, message->len, message->opcode);
    drop_head(queue);
    return written;
}

bool net_queue_flush(struct net_queue *queue, struct lws *wsi) {
    while (queue->head && !lws_partial_buffered(wsi))
        if (!write_head(queue, wsi)) return false;
    return true;
}

static uint32_t put_frame(uint8_t *out, const void *data, uint32_t len, uint8_t opcode) {
    uint8_t before[NET_FRAME_SENT_HEAD_MAX], *end = before + sizeof before;
    uint32_t head = net_frame_head(end, opcode, len);
    memcpy(out, end - head, head);
    if (len > 0) memcpy(out + head, data, len);
    metrics_add(METRIC_TX_BYTES, len);
    metrics_add(METRIC_TX_PACKETS, 1);
    return head + len;
}

uint8_t *net_queue_frame(const void *data, uint32_t len, uint8_t opcode, uint32_t *frame_len) {
    if (!scratch_reserve(len + NET_FRAME_SENT_HEAD_MAX)) return NULL;
    *frame_len = put_frame(scratch + LWS_PRE, data, len, opcode);
    return scratch + LWS_PRE;
}

static bool fits(const struct net_message *message, uint32_t used) {
    uint32_t len = message->len + NET_FRAME_SENT_HEAD_MAX;
    return len <= GATHER_BYTES && used <= GATHER_BYTES - len;
}

uint8_t *net_queue_frames(struct net_queue *queue, uint32_t *len) {
    uint32_t room = queue->head->len + NET_FRAME_SENT_HEAD_MAX;
    *len = 0;
    if (!scratch_reserve(room > GATHER_BYTES ? room : GATHER_BYTES)) return NULL;
    do {
        const struct net_message *message = queue->head;
        *len += put_frame(scratch + LWS_PRE + *len, message->bytes + LWS_PRE, message->len,
                          message->opcode);
        drop_head(queue);
    } while (queue->head && fits(queue->head, *len));
    return scratch + LWS_PRE;
}

void net_queue_clear(struct net_queue *queue) {
    while (queue->head) drop_head(queue);
}
