#include "net_frame.h"

#include <string.h>

#define FIRST_LAST 0x80
#define FIRST_RESERVED 0x70
#define FIRST_OPCODE 0x0f
#define SECOND_MASKED 0x80
#define SECOND_LEN 0x7f
#define LEN_16 126 /* the length follows in 2 bytes */
#define LEN_64 127 /* in 8 */
#define MASK_BYTES 4
#define HEAD_MIN (2 + MASK_BYTES)

static enum net_frame_kind refuse(struct net_frame *out, uint16_t code, const char *why) {
    *out = (struct net_frame){.code = code, .why = why};
    return NET_FRAME_BAD;
}

/* ---- UTF-8 ---- */

enum utf8 { /* what is to come */
            UTF8_CHARACTER,
            UTF8_ONE_MORE,
            UTF8_TWO_MORE,
            UTF8_THREE_MORE,
            UTF8_BEHIND_E0,
            UTF8_BEHIND_ED,
            UTF8_BEHIND_F0,
            UTF8_BEHIND_F4,
            UTF8_BROKEN,
};

static enum utf8 utf8_begin(uint8_t byte) {
    if (byte < 0x80) return UTF8_CHARACTER;
    if (byte < 0xc2 || byte > 0xf4) return UTF8_BROKEN;
    if (byte < 0xe0) return UTF8_ONE_MORE;
    switch (byte) {
    case 0xe0: return UTF8_BEHIND_E0;
    case 0xed: return UTF8_BEHIND_ED;
    case 0xf0: return UTF8_BEHIND_F0;
    case 0xf4: return UTF8_BEHIND_F4;
    default: return byte < 0xf0 ? UTF8_TWO_MORE : UTF8_THREE_MORE;
    }
}

static enum utf8 utf8_follow(enum utf8 state, uint8_t byte) {
    static const struct {
        uint8_t from, to, then;
    } allowed[] = {
        [UTF8_ONE_MORE] = {0x80, 0xbf, UTF8_CHARACTER},
        [UTF8_TWO_MORE] = {0x80, 0xbf, UTF8_ONE_MORE},
        [UTF8_THREE_MORE] = {0x80, 0xbf, UTF8_TWO_MORE},
        [UTF8_BEHIND_E0] = {0xa0, 0xbf, UTF8_ONE_MORE}, /* below: fits in two bytes */
        [UTF8_BEHIND_ED] = {0x80, 0x9f, UTF8_ONE_MORE}, /* above: halves of a pair of UTF-16 */
        [UTF8_BEHIND_F0] = {0x90, 0xbf, UTF8_TWO_MORE}, /* below: fits in three */
        [UTF8_BEHIND_F4] = {0x80, 0x8f, UTF8_TWO_MORE}, /* above: past U+10FFFF */
    };
    bool fits = byte >= allowed[state].from && byte <= allowed[state].to;
    return fits ? allowed[state].then : UTF8_BROKEN;
}

static bool is_ascii_8(const uint8_t *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return (word & 0x8080808080808080u) == 0;
}

static enum utf8 utf8_read(enum utf8 state, const uint8_t *data, uint32_t len) {
    for (uint32_t at = 0; at < len && state != UTF8_BROKEN;) {
        if (state == UTF8_CHARACTER && len - at >= 8 && is_ascii_8(data + at)) {
            at += 8;
            continue;
        }
        uint8_t byte = data[at++];
        state = state == UTF8_CHARACTER ? utf8_begin(byte) : utf8_follow(state, byte);
    }
    return state;
}

/* ---- Heads ---- */

static bool is_control(uint8_t first) {
    return (first & FIRST_OPCODE) >= NET_OPCODE_CLOSE;
}

/* Null: nothing is wrong with it. */
static const char *first_fault(const struct net_frames *frames, uint8_t first) {
    uint8_t opcode = first & FIRST_OPCODE;
    if (first & FIRST_RESERVED) return "a reserved bit is set";
    if (opcode > NET_OPCODE_PONG || (opcode > NET_OPCODE_BINARY && opcode < NET_OPCODE_CLOSE))
        return "unknown opcode";
    if (is_control(first)) return first & FIRST_LAST ? NULL : "a control frame is fragmented";
    if (opcode == NET_OPCODE_CONTINUATION)
        return frames->opcode ? NULL : "there is no message to continue";
    return frames->opcode ? "a message begins inside another" : NULL;
}

static const char *second_fault(uint8_t first, uint8_t second) {
    if (!(second & SECOND_MASKED)) return "a frame is not masked";
    if (is_control(first) && (second & SECOND_LEN) > NET_FRAME_CONTROL_MAX)
        return "a control frame is too long";
    return NULL;
}

static uint32_t len_bytes(uint8_t second) {
    uint8_t len = second & SECOND_LEN;
    return len == LEN_64 ? 8 : len == LEN_16 ? 2 : 0;
}

static uint64_t len_read(const uint8_t *data, uint32_t bytes) {
    uint64_t len = bytes ? 0 : data[1] & SECOND_LEN;
    for (uint32_t i = 0; i < bytes; i++) len = len << 8 | data[2 + i];
    return len;
}

static const char *len_fault(uint64_t len, uint32_t bytes) {
    if (len >> 63) return "the length has 64 bits";
    bool fits_less = (bytes == 2 && len < LEN_16) || (bytes == 8 && len <= UINT16_MAX);
    return fits_less ? "the length is not written in the shortest way" : NULL;
}

/* DATA: there is all of a frame, of whatever kind. */
static enum net_frame_kind find(const struct net_frames *frames, uint8_t *data, uint32_t len,
                                uint32_t message_max, struct net_frame *out) {
    *out = (struct net_frame){.needed = HEAD_MIN};
    if (len == 0) return NET_FRAME_MORE;
    const char *why = first_fault(frames, data[0]);
    if (!why && len == 1) return NET_FRAME_MORE;
    if (!why) why = second_fault(data[0], data[1]);
    if (why) return refuse(out, NET_CLOSE_PROTOCOL, why);
    uint32_t bytes = len_bytes(data[1]);
    out->needed = HEAD_MIN + bytes;
    if (len < 2 + bytes) return NET_FRAME_MORE;
    uint64_t payload_len = len_read(data, bytes);
    why = len_fault(payload_len, bytes);
    if (why) return refuse(out, NET_CLOSE_PROTOCOL, why);
    if (payload_len > message_max && !is_control(data[0]))
        return refuse(out, NET_CLOSE_TOO_LONG, "message too long");
    out->len = (uint32_t)payload_len;
    out->data = data + out->needed;
    out->needed += out->len;
    out->used = len < out->needed ? 0 : out->needed;
    return out->used ? NET_FRAME_DATA : NET_FRAME_MORE;
}

/* ---- Frames ---- */

static void unmask(uint8_t *data, uint32_t len) {
    uint8_t mask[8];
    uint64_t mask_word, word;
    memcpy(mask, data - MASK_BYTES, MASK_BYTES);
    memcpy(mask + MASK_BYTES, mask, MASK_BYTES);
    memcpy(&mask_word, mask, sizeof mask_word);
    uint32_t at = 0;
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        word ^= mask_word;
        memcpy(data + at, &word, sizeof word);
    }
    for (; at < len; at++) data[at] ^= mask[at % MASK_BYTES];
}

static enum net_frame_kind data_read(struct net_frames *frames, uint8_t opcode,
                                     struct net_frame *out) {
    if (opcode != NET_OPCODE_CONTINUATION) frames->opcode = opcode;
    out->binary = frames->opcode == NET_OPCODE_BINARY;
    if (!out->binary) {
        frames->utf8 = utf8_read(frames->utf8, out->data, out->len);
        bool cut = out->last && frames->utf8 != UTF8_CHARACTER;
        if (frames->utf8 == UTF8_BROKEN || cut)
            return refuse(out, NET_CLOSE_NOT_UTF8, "the text is not UTF-8");
    }
    if (out->last) frames->opcode = 0;
    return NET_FRAME_DATA;
}

/* May it stand in a close frame? Those of the RFC and of IANA's register, libraries' and
 * applications'. */
static bool is_close_code(uint16_t code) {
    if (code < 3000) return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
    return code < 5000;
}

static enum net_frame_kind close_read(struct net_frame *out) {
    out->code = NET_CLOSE_NONE;
    if (out->len == 0) return NET_FRAME_CLOSE;
    if (out->len == 1) return refuse(out, NET_CLOSE_PROTOCOL, "half a close code");
    out->code = (uint16_t)(out->data[0] << 8 | out->data[1]);
    out->data += 2;
    out->len -= 2;
    if (!is_close_code(out->code)) return refuse(out, NET_CLOSE_PROTOCOL, "impossible close code");
    if (utf8_read(UTF8_CHARACTER, out->data, out->len) != UTF8_CHARACTER)
        return refuse(out, NET_CLOSE_NOT_UTF8, "the close reason is not UTF-8");
    return NET_FRAME_CLOSE;
}

enum net_frame_kind net_frame_read(struct net_frames *frames, uint8_t *data, uint32_t len,
                                   uint32_t message_max, struct net_frame *out) {
    enum net_frame_kind found = find(frames, data, len, message_max, out);
    if (found != NET_FRAME_DATA) return found;
    uint8_t opcode = data[0] & FIRST_OPCODE;
    out->last = data[0] & FIRST_LAST;
    unmask(out->data, out->len);
    switch (opcode) {
    case NET_OPCODE_PING: return NET_FRAME_PING;
    case NET_OPCODE_PONG: return NET_FRAME_PONG;
    case NET_OPCODE_CLOSE: return close_read(out);
    default: return data_read(frames, opcode, out);
    }
}

uint32_t net_frame_head(uint8_t *payload, enum net_opcode opcode, uint32_t len) {
    uint32_t bytes = len < LEN_16 ? 0 : len <= UINT16_MAX ? 2 : 8;
    uint8_t *head = payload - 2 - bytes;
    head[0] = (uint8_t)(FIRST_LAST | opcode);
    head[1] = (uint8_t)(bytes == 0 ? len : bytes == 2 ? LEN_16 : LEN_64);
    uint64_t rest = len;
    for (uint32_t i = bytes; i > 0; i--, rest >>= 8) head[1 + i] = (uint8_t)rest;
    return 2 + bytes;
}
