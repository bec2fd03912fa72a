/* net_frame - the frames of WebSocket clients (RFC 6455, section 5), read where they lie, and the
 * heads of those that go to them. No socket, no memory of its own. */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum net_opcode {
    NET_OPCODE_CONTINUATION = 0,
    NET_OPCODE_TEXT = 1,
    NET_OPCODE_BINARY = 2,
    NET_OPCODE_CLOSE = 8,
    NET_OPCODE_PING = 9,
    NET_OPCODE_PONG = 10,
};

/* Those that are given here, or mean something (RFC 6455, 7.4.1). */
enum net_close_code {
    NET_CLOSE_PROTOCOL = 1002,
    NET_CLOSE_NONE = 1005, /* a close frame without one */
    NET_CLOSE_NOT_UTF8 = 1007,
    NET_CLOSE_TOO_LONG = 1009,
};

#define NET_FRAME_HEAD_MAX 14     /* of a client's */
#define NET_FRAME_CONTROL_MAX 125 /* payload of a ping, a pong, a close */

/* What one connection has said so far; all zero: nothing. */
struct net_frames {
    uint8_t opcode; /* of the message under way; 0: none */
    uint8_t utf8;   /* where in a character its text stands */
};

enum net_frame_kind {
    NET_FRAME_MORE, /* the frame has not wholly come; no byte was changed */
    NET_FRAME_DATA,
    NET_FRAME_PING,
    NET_FRAME_PONG,
    NET_FRAME_CLOSE, /* nothing behind it is to be read */
    NET_FRAME_BAD,   /* the same */
};

struct net_frame {
    uint8_t *data; /* the payload, unmasked where it lies; of CLOSE: the reason */
    uint32_t len;
    uint32_t used;   /* bytes of the frame; MORE, BAD: 0 */
    uint32_t needed; /* MORE: bytes that the frame has in all once its length has come, until then
                        those of its head; always more than there are */
    uint16_t code;   /* BAD: what to close with, 1002, 1007 or 1009. CLOSE: the other side's; 1005:
                        none came */
    bool binary;     /* DATA: of the message; text is valid UTF-8 up to here */
    bool last;       /* DATA: its message ends here */
    const char *why; /* BAD: a reason for the close frame; static */
};

/* The frame at the start of data. BAD as soon as its head is: of what is too long no payload is
 * waited for. message_max, at most 1 GiB, bounds each frame of data; the caller, who puts messages
 * together, bounds their sum. */
enum net_frame_kind net_frame_read(struct net_frames *frames, uint8_t *data, uint32_t len,
                                   uint32_t message_max, struct net_frame *out);

#define NET_FRAME_SENT_HEAD_MAX 10
/* The head of a whole message or control frame to a client, right in front of its payload: returns
 * how many bytes, 2, 4 or 10. */
uint32_t net_frame_head(uint8_t *payload, enum net_opcode opcode, uint32_t len);

#endif
