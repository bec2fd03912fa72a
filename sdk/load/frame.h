/* frame - WebSocket client framing (RFC 6455) and HTTP answers, over a growing buffer.
 *
 * Only what a load generator needs: unfragmented messages, no extensions.
 */
#ifndef LOAD_FRAME_H
#define LOAD_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum { FRAME_TEXT = 1, FRAME_BINARY = 2, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

#define FRAME_BUFFER_MAX (256u * 1024u)
/* Bytes that a frame of len payload bytes needs in frame_encode's out. */
#define FRAME_ROOM(len) ((len) + 14u)

struct frame_buffer {
    uint8_t *data; /* owned */
    uint32_t len;
    uint32_t cap;
};

/* Room for at least one more read, or false when the limit is reached. */
bool frame_buffer_grow(struct frame_buffer *buffer);
void frame_buffer_consume(struct frame_buffer *buffer, uint32_t bytes);
void frame_buffer_free(struct frame_buffer *buffer);

/* Masked as clients must; returns the bytes written. */
uint32_t frame_encode(uint8_t *out, int opcode, const void *payload, uint32_t len);

/* The first whole frame of the buffer. Returns its whole size, 0 when it is not complete yet. */
uint32_t frame_decode(const struct frame_buffer *buffer, int *opcode, const uint8_t **payload,
                      uint32_t *len);

/* The first whole HTTP answer: its status, body and whole size; 0 when incomplete. An answer of 101
 * ends with its head. */
uint32_t frame_http_answer(const struct frame_buffer *buffer, int *status, const char **body,
                           uint32_t *body_len);

#endif
