/* net_frame_read: never past the end, never changed by what it waits for, never longer than
 * allowed; and a text is judged alike whole and in two fragments. */
#include <string.h>

#include "fuzz.h"
#include "net_frame.h"

#define MESSAGE_MAX 300
#define HEAD_BYTES 8 /* with a length of two bytes */

static uint8_t *exact_copy(const uint8_t *data, size_t size) { /* a read past the end is seen */
    uint8_t *copy = malloc(size ? size : 1);
    FUZZ_CHECK(copy);
    if (size > 0) memcpy(copy, data, size);
    return copy;
}

static void check_waiting(const uint8_t *data, const uint8_t *seen, uint32_t size,
                          const struct net_frame *frame) {
    FUZZ_CHECK(frame->used == 0 && frame->needed > size);
    FUZZ_CHECK(frame->needed <= MESSAGE_MAX + NET_FRAME_HEAD_MAX);
    FUZZ_CHECK(size == 0 || memcmp(data, seen, size) == 0);
}

static void check_frame(const uint8_t *seen, enum net_frame_kind kind,
                        const struct net_frame *frame) {
    uint32_t max = kind == NET_FRAME_DATA ? MESSAGE_MAX : NET_FRAME_CONTROL_MAX;
    FUZZ_CHECK(frame->used >= 6 && frame->len <= max);
    FUZZ_CHECK(frame->data > seen && frame->data + frame->len == seen + frame->used);
    FUZZ_CHECK(!frame->why && (kind == NET_FRAME_CLOSE) == (frame->code != 0));
}

static enum net_frame_kind read_checked(struct net_frames *frames, const uint8_t *data,
                                        uint32_t size, uint32_t *used) {
    struct net_frame frame;
    uint8_t *seen = exact_copy(data, size);
    enum net_frame_kind kind = net_frame_read(frames, seen, size, MESSAGE_MAX, &frame);
    if (kind == NET_FRAME_MORE)
        check_waiting(data, seen, size, &frame);
    else if (kind == NET_FRAME_BAD)
        FUZZ_CHECK(frame.why && frame.code >= 1002 && frame.code <= 1009 && frame.used == 0);
    else
        check_frame(seen, kind, &frame);
    *used = frame.used;
    free(seen);
    return kind;
}

static void read_stream(const uint8_t *data, size_t size) {
    struct net_frames frames = {0};
    enum net_frame_kind kind;
    do {
        uint32_t used;
        struct net_frames before = frames;
        kind = read_checked(&frames, data, (uint32_t)size, &used);
        if (used > 0) /* without its last byte it is none */
            FUZZ_CHECK(read_checked(&before, data, used - 1, &(uint32_t){0}) == NET_FRAME_MORE);
        data += used;
        size -= used;
    } while (kind != NET_FRAME_MORE && kind != NET_FRAME_BAD && kind != NET_FRAME_CLOSE);
}

static bool takes_text(struct net_frames *frames, uint8_t first, const uint8_t *text, size_t len) {
    uint8_t bytes[HEAD_BYTES + MESSAGE_MAX] = {first, 0x80 | (uint8_t)len};
    uint32_t head = 6;
    if (len > 125) {
        bytes[1] = 0x80 | 126;
        bytes[2] = (uint8_t)(len >> 8);
        bytes[3] = (uint8_t)len;
        head = 8;
    }
    memcpy(bytes + head, text, len); /* masked with zeros */
    struct net_frame frame;
    return net_frame_read(frames, bytes, head + (uint32_t)len, MESSAGE_MAX, &frame) ==
           NET_FRAME_DATA;
}

static void read_text(const uint8_t *text, size_t len) {
    struct net_frames one = {0};
    bool taken = takes_text(&one, 0x81, text, len);
    for (size_t cut = 0; cut <= len; cut++) {
        struct net_frames two = {0};
        FUZZ_CHECK(taken == (takes_text(&two, 0x01, text, cut) &&
                             takes_text(&two, 0x80, text + cut, len - cut)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_stream(data, size);
    if (size > 0 && size <= MESSAGE_MAX) read_text(data, size);
    return 0;
}
