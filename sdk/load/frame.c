/* frame - see frame.h. */
#include "frame.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint8_t MASK[4] = {0x6d, 0x75, 0x73, 0x74}; /* any will do: nobody caches this */

bool frame_buffer_grow(struct frame_buffer *buffer) {
    if (buffer->cap - buffer->len >= 1024) return true;
    uint32_t cap = buffer->cap ? buffer->cap * 2 : 4096;
    if (cap > FRAME_BUFFER_MAX) return false;
    uint8_t *data = realloc(buffer->data, cap);
    if (!data) return false;
    buffer->data = data;
    buffer->cap = cap;
    return true;
}

void frame_buffer_consume(struct frame_buffer *buffer, uint32_t bytes) {
    buffer->len -= bytes;
    if (buffer->len) memmove(buffer->data, buffer->data + bytes, buffer->len);
}

void frame_buffer_free(struct frame_buffer *buffer) {
    free(buffer->data);
    *buffer = (struct frame_buffer){0};
}

uint32_t frame_encode(uint8_t *out, int opcode, const void *payload, uint32_t len) {
    uint32_t at = 0;
    out[at++] = (uint8_t)(0x80 | opcode);
    if (len < 126) {
        out[at++] = (uint8_t)(0x80 | len);
    } else { /* the generator sends nothing above 64 KiB */
        out[at++] = 0x80 | 126;
        out[at++] = (uint8_t)(len >> 8);
        out[at++] = (uint8_t)len;
    }
    memcpy(out + at, MASK, sizeof MASK);
    at += sizeof MASK;
    for (uint32_t i = 0; i < len; i++) out[at++] = ((const uint8_t *)payload)[i] ^ MASK[i & 3];
    return at;
}

uint32_t frame_decode(const struct frame_buffer *buffer, int *opcode, const uint8_t **payload,
                      uint32_t *len) {
    const uint8_t *data = buffer->data;
    if (buffer->len < 2) return 0;
    uint64_t size = data[1] & 0x7f;
    uint32_t head = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (buffer->len < head) return 0;
    if (head > 2) size = 0;
    for (uint32_t i = 2; i < head; i++) size = size << 8 | data[i];
    if (size > buffer->len - head) return 0;
    *opcode = data[0] & 0x0f;
    *payload = data + head;
    *len = (uint32_t)size;
    return head + (uint32_t)size;
}

static const char *find(const char *in, uint32_t len, const char *what) {
    return memmem(in, len, what, strlen(what));
}

static uint32_t content_length(const char *head, uint32_t head_len) {
    const char *end = head + head_len;
    for (const char *line = head; line; line = find(line, (uint32_t)(end - line), "\r\n")) {
        if (line != head) line += 2;
        if (end - line > 15 && strncasecmp(line, "content-length:", 15) == 0)
            return (uint32_t)strtoul(line + 15, NULL, 10);
    }
    return 0;
}

uint32_t frame_http_answer(const struct frame_buffer *buffer, int *status, const char **body,
                           uint32_t *body_len) {
    const char *text = (const char *)buffer->data;
    const char *end = buffer->len ? find(text, buffer->len, "\r\n\r\n") : NULL;
    if (!end || buffer->len < 12) return 0;
    uint32_t head = (uint32_t)(end - text) + 4;
    *status = atoi(text + 9);
    *body_len = *status == 101 ? 0 : content_length(text, head - 2);
    if (*body_len > buffer->len - head) return 0;
    *body = text + head;
    return head + *body_len;
}
