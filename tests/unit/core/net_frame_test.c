/* Frames of clients: what is taken, what is waited for, what is refused and with which code; and
 * that it makes no difference in which pieces they come. */
#include "test.h"

#include <string.h>

#include "net_frame.h"

#define MAX 200 /* of a frame, where a case says nothing else */
#define STREAM_MAX 70000
#define TRACE_MAX 4096

struct bytes {
    uint32_t len;
    uint8_t data[STREAM_MAX];
};

static void put(struct bytes *out, const void *data, uint32_t len) {
    assert_true(len <= sizeof out->data - out->len);
    if (len > 0) memcpy(out->data + out->len, data, len);
    out->len += len;
}

/* A client's frame. first: with the bit of the last one. */
static void put_frame(struct bytes *out, uint8_t first, const void *payload, uint32_t len) {
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    const uint8_t head[10] = {first, 0x80 | (len < 126 ? len : len < 65536 ? 126 : 127)};
    put(out, head, 2);
    uint32_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    for (uint32_t i = bytes; i > 0; i--)
        put(out, &(uint8_t){(uint8_t)((uint64_t)len >> (8 * (i - 1)))}, 1);
    put(out, mask, sizeof mask);
    for (uint32_t i = 0; i < len; i++)
        put(out, &(uint8_t){((const uint8_t *)payload)[i] ^ mask[i % 4]}, 1);
}

/* ---- Reading a stream ---- */

struct reader {
    struct net_frames frames;
    struct bytes kept; /* what was not taken yet */
    bool over;
    uint32_t message_max;
    char trace[TRACE_MAX]; /* what was read, as text */
};

static const char *const kinds[] = {"more", "data", "ping", "pong", "close", "bad"};

static void note(struct reader *reader, enum net_frame_kind kind, const struct net_frame *frame) {
    char *at = reader->trace + strlen(reader->trace);
    size_t room = (size_t)(reader->trace + TRACE_MAX - at);
    if (kind == NET_FRAME_BAD)
        snprintf(at, room, "bad %u;", frame->code);
    else if (kind == NET_FRAME_DATA)
        snprintf(at, room, "%s%s %u:%.*s;", frame->binary ? "binary" : "text",
                 frame->last ? "" : "..", frame->len, (int)frame->len, (char *)frame->data);
    else if (kind == NET_FRAME_CLOSE)
        snprintf(at, room, "close %u %.*s;", frame->code, (int)frame->len, (char *)frame->data);
    else
        snprintf(at, room, "%s %.*s;", kinds[kind], (int)frame->len, (char *)frame->data);
}

/* One frame of what is kept, of which the function sees a copy without a byte behind it. */
static bool read_one(struct reader *reader) {
    struct bytes *kept = &reader->kept;
    struct net_frame frame;
    uint8_t *exact = malloc(kept->len ? kept->len : 1);
    assert_non_null(exact);
    memcpy(exact, kept->data, kept->len);
    enum net_frame_kind kind =
        net_frame_read(&reader->frames, exact, kept->len, reader->message_max, &frame);
    if (kind == NET_FRAME_MORE) {
        assert_true(frame.needed > kept->len && frame.used == 0);
        assert_memory_equal(exact, kept->data, kept->len);
    } else {
        note(reader, kind, &frame);
        assert_true(frame.used <= kept->len);
        kept->len -= frame.used;
        memmove(kept->data, kept->data + frame.used, kept->len);
    }
    assert_true((kind == NET_FRAME_BAD) == (frame.why != NULL));
    reader->over = kind == NET_FRAME_BAD || kind == NET_FRAME_CLOSE;
    free(exact);
    return kind != NET_FRAME_MORE && !reader->over;
}

static void come(struct reader *reader, const uint8_t *data, uint32_t len) {
    if (reader->over) return;
    put(&reader->kept, data, len);
    while (read_one(reader))
        ;
}

static struct reader *reader_create(uint32_t message_max) {
    struct reader *reader = calloc(1, sizeof *reader);
    assert_non_null(reader);
    reader->message_max = message_max;
    return reader;
}

static void expect_pieces(const struct bytes *stream, const char *trace, uint32_t first,
                          uint32_t second) {
    struct reader *reader = reader_create(MAX);
    come(reader, stream->data, first);
    come(reader, stream->data + first, second - first);
    come(reader, stream->data + second, stream->len - second);
    assert_string_equal(reader->trace, trace);
    free(reader);
}

/* The same in one piece, in all ways to cut it into three, and byte by byte. */
static void expect(const struct bytes *stream, const char *trace) {
    for (uint32_t first = 0; first <= stream->len; first++)
        for (uint32_t second = first; second <= stream->len; second++)
            expect_pieces(stream, trace, first, second);
    struct reader *reader = reader_create(MAX);
    for (uint32_t i = 0; i < stream->len; i++) come(reader, stream->data + i, 1);
    assert_string_equal(reader->trace, trace);
    free(reader);
}

/* ---- Byte sequences ---- */

/* Masked with zeros, so that it can be read. */
#define NO_MASK "\0\0\0\0"

static void sequences(void **state) {
    static const struct {
        const char *bytes;
        uint32_t len;
        const char *trace;
    } cases[] = {
#define CASE(bytes, trace) {bytes, sizeof(bytes) - 1, trace}
        CASE("\x81\x82" NO_MASK "hi", "text 2:hi;"),
        CASE("\x82\x82" NO_MASK "\xff\xfe", "binary 2:\xff\xfe;"),
        CASE("\x81\x80" NO_MASK, "text 0:;"),
        CASE("\x82\x80" NO_MASK, "binary 0:;"),
        CASE("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "text 5:Hello;"), /* of the RFC */
        CASE("\x89\x80" NO_MASK "\x8a\x81" NO_MASK "a", "ping ;pong a;"),
        CASE("\x81\x81" NO_MASK "a\x82\x81" NO_MASK "b", "text 1:a;binary 1:b;"),
        /* Fragments, with control frames between them. */
        CASE("\x01\x81" NO_MASK "a\x80\x81" NO_MASK "b", "text.. 1:a;text 1:b;"),
        CASE("\x02\x80" NO_MASK "\x00\x80" NO_MASK "\x80\x80" NO_MASK,
             "binary.. 0:;binary.. 0:;binary 0:;"),
        CASE("\x01\x81" NO_MASK "a\x89\x81" NO_MASK "p\x80\x81" NO_MASK "b\x81\x80" NO_MASK,
             "text.. 1:a;ping p;text 1:b;text 0:;"),
        CASE("\x01\x80" NO_MASK "\x88\x80" NO_MASK, "text.. 0:;close 1005 ;"),
        CASE("\x80\x80" NO_MASK, "bad 1002;"),
        CASE("\x00\x80" NO_MASK, "bad 1002;"),
        CASE("\x01\x80" NO_MASK "\x81\x80" NO_MASK, "text.. 0:;bad 1002;"),
        CASE("\x01\x80" NO_MASK "\x02\x80" NO_MASK, "text.. 0:;bad 1002;"),
        CASE("\x81\x80" NO_MASK "\x80\x80" NO_MASK, "text 0:;bad 1002;"),
        CASE("\x09\x80" NO_MASK, "bad 1002;"),
        CASE("\x08\x80" NO_MASK, "bad 1002;"),
        CASE("\x0a\x80" NO_MASK, "bad 1002;"),
        /* Bits and opcodes that mean nothing. */
        CASE("\xc1\x80" NO_MASK, "bad 1002;"),
        CASE("\xa1\x80" NO_MASK, "bad 1002;"),
        CASE("\x91\x80" NO_MASK, "bad 1002;"),
        CASE("\xc9\x80" NO_MASK, "bad 1002;"),
        CASE("\x83", "bad 1002;"),
        CASE("\x87", "bad 1002;"),
        CASE("\x8b", "bad 1002;"),
        CASE("\x8f", "bad 1002;"),
        CASE("\x81\x00", "bad 1002;"), /* not masked */
        CASE("\x89\x00", "bad 1002;"),
        CASE("\x81\x7e", "bad 1002;"),
        /* Lengths. */
        CASE("\x89\xfe\x00\x7e", "bad 1002;"), /* a ping of 126 bytes */
        CASE("\x88\xff", "bad 1002;"),
        CASE("\x81\xfe\x00\x7d", "bad 1002;"), /* 125 in three bytes */
        CASE("\x82\xff\0\0\0\0\0\0\xff\xff", "bad 1002;"),
        CASE("\x82\xff\x80\0\0\0\0\0\0\0", "bad 1002;"),
        CASE("\x82\xff\x40\0\0\0\0\0\0\0", "bad 1009;"), /* 2^62 */
        CASE("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", "bad 1009;"),
        CASE("\x82\xff\0\0\0\0\0\x01\0\0", "bad 1009;"),
        CASE("\x02\xfe\x00\xc9", "bad 1009;"), /* one more than MAX */
        CASE("\x82\xfe\x00\xc8", ""),
        CASE("\x82\xfe\x00", ""),
        CASE("\x82\xff\0\0\0\0\0\0\0", ""),
        CASE("\x82", ""),
        CASE("", ""),
        CASE("\x81\x82" NO_MASK "h", ""),
        /* Nothing behind the end is read. */
        CASE("\x88\x82" NO_MASK "\x03\xe8\x81\x80" NO_MASK, "close 1000 ;"),
        CASE("\x83\x80" NO_MASK "\x81\x80" NO_MASK, "bad 1002;"),
        /* Close frames. */
        CASE("\x88\x80" NO_MASK, "close 1005 ;"),
        CASE("\x88\x81" NO_MASK "\x03", "bad 1002;"),
        CASE("\x88\x85" NO_MASK "\x03\xe8"
             "bye",
             "close 1000 bye;"),
        CASE("\x88\x84" NO_MASK "\x03\xe8\xc3\xa4", "close 1000 \xc3\xa4;"),
        CASE("\x88\x83" NO_MASK "\x03\xe8\xc3", "bad 1007;"),
        CASE("\x88\x84" NO_MASK "\x03\xe8\xa4\xa4", "bad 1007;"),
#undef CASE
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes stream = {0};
        put(&stream, cases[i].bytes, cases[i].len);
        expect(&stream, cases[i].trace);
    }
}

static void close_codes(void **state) {
    static const struct {
        uint16_t from, to;
        bool allowed;
    } ranges[] = {
        {0, 999, false},     {1000, 1003, true}, {1004, 1006, false},  {1007, 1014, true},
        {1015, 2999, false}, {3000, 4999, true}, {5000, 65535, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        for (uint32_t code = ranges[i].from; code <= ranges[i].to; code++) {
            uint8_t frame[8] = {0x88, 0x82, 0, 0, 0, 0, (uint8_t)(code >> 8), (uint8_t)code};
            struct net_frame out;
            enum net_frame_kind kind =
                net_frame_read(&(struct net_frames){0}, frame, sizeof frame, MAX, &out);
            assert_int_equal(kind, ranges[i].allowed ? NET_FRAME_CLOSE : NET_FRAME_BAD);
            assert_int_equal(out.code, ranges[i].allowed ? code : 1002);
        }
}

/* ---- UTF-8 ---- */

static const struct {
    const char *text;
    uint32_t valid; /* so many bytes are the start of a text */
    bool whole;
} texts[] = {
    {"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!", 29, true},
    {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", 11, true},
    {"\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 17, true},
    {"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", 10, true},
    {"12345678\xf0\x9f\x98\x80"
     "12345678",
     20, true},
    {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
     "edited",
     12, false},
    {"\xf1\x80\x80\x80\xf3\xbf\xbf\xbf", 8, true},
    {"\xe1\xbd"
     "123456789",
     2, false},
    {"\x80", 0, false},     /* follows nothing */
    {"\xc0\xaf", 0, false}, /* longer than need be */
    {"\xc1\xbf", 0, false},
    {"\xe0\x9f\xbf", 1, false},
    {"\xf0\x8f\xbf\xbf", 1, false},
    {"\xed\xa0\x80", 1, false}, /* halves of pairs */
    {"\xed\xbf\xbf", 1, false},
    {"\xf4\x90\x80\x80", 1, false}, /* past the end of Unicode */
    {"\xf5\x80\x80\x80", 0, false},
    {"\xf8\x88\x80\x80\x80", 0, false},
    {"\xfe", 0, false},
    {"\xff", 0, false},
    {"12345678\xff"
     "12345678",
     8, false},
    {"\xc2", 1, false}, /* cut */
    {"\xe1\xbd", 2, false},
    {"\xf0\x90\x80", 3, false},
    {"\xc2z", 1, false},
    {"\xe1\xbdz", 2, false},
    {"\xf0\x90\x80z", 3, false},
};

static void text_in_one_frame(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bytes stream = {0};
        char trace[TRACE_MAX] = "bad 1007;";
        uint32_t len = (uint32_t)strlen(texts[i].text);
        put_frame(&stream, 0x81, texts[i].text, len);
        if (texts[i].whole) snprintf(trace, sizeof trace, "text %u:%s;", len, texts[i].text);
        expect(&stream, trace);
    }
}

/* In fragments of a byte: refused with the first that cannot follow, and not later; a text that
 * lacks its end with the last fragment. */
static void text_is_refused_at_once(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint32_t len = (uint32_t)strlen(texts[i].text);
        struct net_frames frames = {0};
        for (uint32_t at = 0; at <= len; at++) {
            struct bytes stream = {0};
            struct net_frame out;
            uint8_t first = (at == 0 ? 1 : 0) | (at == len ? 0x80 : 0);
            put_frame(&stream, first, texts[i].text + at, at < len);
            bool fits = at < len ? at < texts[i].valid : texts[i].whole;
            enum net_frame_kind kind = net_frame_read(&frames, stream.data, stream.len, MAX, &out);
            assert_int_equal(kind, fits ? NET_FRAME_DATA : NET_FRAME_BAD);
            if (!fits) assert_int_equal(out.code, 1007);
            if (!fits) break;
        }
    }
}

/* A control frame in the middle of a character; and bytes of no text after a text. */
static void text_goes_on_behind_a_ping(void **state) {
    struct bytes stream = {0};
    (void)state;
    put_frame(&stream, 0x01, "\xe1\xbd", 2);
    put_frame(&stream, 0x89, "\xff", 1);
    put_frame(&stream, 0x80, "\xb9", 1);
    put_frame(&stream, 0x02, "\xff", 1);
    put_frame(&stream, 0x80, "\xc2", 1);
    expect(&stream, "text.. 2:\xe1\xbd;ping \xff;text 1:\xb9;binary.. 1:\xff;binary 1:\xc2;");
}

/* ---- Lengths and masks ---- */

static void payload_fill(struct bytes *payload, uint32_t len) {
    payload->len = len;
    for (uint32_t i = 0; i < len; i++) payload->data[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* Of every length around a word's and a head's, at every place in the caller's bytes. */
static void unmasked(void **state) {
    static const uint32_t longer[] = {124, 125, 126, 127, 128, 65535, 65536};
    static struct bytes payload, stream;
    (void)state;
    for (uint32_t i = 0; i < 40 + sizeof longer / sizeof *longer; i++) {
        uint32_t len = i < 40 ? i : longer[i - 40];
        payload_fill(&payload, len);
        for (uint32_t offset = 0; offset < 8; offset++) {
            struct net_frame out;
            stream.len = offset;
            put_frame(&stream, 0x82, payload.data, len);
            put(&stream, "x", 1);
            enum net_frame_kind kind = net_frame_read(&(struct net_frames){0}, stream.data + offset,
                                                      stream.len - offset, 65536, &out);
            assert_int_equal(kind, NET_FRAME_DATA);
            assert_true(out.binary && out.last && out.len == len);
            assert_int_equal(out.used, stream.len - offset - 1);
            assert_memory_equal(out.data, payload.data, len);
            assert_int_equal(stream.data[stream.len - 1], 'x');
        }
    }
}

/* What is needed is known from the head on. */
static void needed(void **state) {
    static const struct {
        uint32_t payload, head;
    } cases[] = {{0, 6}, {1, 6}, {125, 6}, {126, 8}, {65535, 8}, {65536, 14}};
    static struct bytes payload, stream;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t head = cases[i].head, all = head + cases[i].payload;
        payload_fill(&payload, cases[i].payload);
        stream.len = 0;
        put_frame(&stream, 0x82, payload.data, payload.len);
        for (uint32_t len = 0; len < all; len++) {
            struct net_frame out;
            assert_int_equal(net_frame_read(&(struct net_frames){0}, stream.data, len, 65536, &out),
                             NET_FRAME_MORE);
            assert_int_equal(out.needed, len < 2 ? 6 : len < head - 4 ? head : all);
        }
    }
}

/* A bound below what control frames may have does not concern these. */
static void control_frames_have_their_own_bound(void **state) {
    struct bytes stream = {0}, payload = {0};
    struct net_frame out;
    (void)state;
    payload_fill(&payload, NET_FRAME_CONTROL_MAX);
    put_frame(&stream, 0x89, payload.data, payload.len);
    assert_int_equal(net_frame_read(&(struct net_frames){0}, stream.data, stream.len, 1, &out),
                     NET_FRAME_PING);
    assert_int_equal(out.len, NET_FRAME_CONTROL_MAX);
    assert_memory_equal(out.data, payload.data, payload.len);
}

static void heads(void **state) {
    static const struct {
        uint32_t len, head_len;
        const char *head;
    } cases[] = {
        {0, 2, "\x82\x00"},
        {125, 2, "\x82\x7d"},
        {126, 4, "\x82\x7e\x00\x7e"},
        {65535, 4, "\x82\x7e\xff\xff"},
        {65536, 10, "\x82\x7f\0\0\0\0\0\x01\0\0"},
        {0x12345678, 10, "\x82\x7f\0\0\0\0\x12\x34\x56\x78"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t before[NET_FRAME_SENT_HEAD_MAX];
        uint8_t *payload = before + sizeof before;
        uint32_t head_len = net_frame_head(payload, NET_OPCODE_BINARY, cases[i].len);
        assert_int_equal(head_len, cases[i].head_len);
        assert_memory_equal(payload - head_len, cases[i].head, head_len);
    }
    uint8_t close[2];
    assert_int_equal(net_frame_head(close + 2, NET_OPCODE_CLOSE, 0), 2);
    assert_memory_equal(close, "\x88\x00", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences),
        cmocka_unit_test(close_codes),
        cmocka_unit_test(text_in_one_frame),
        cmocka_unit_test(text_is_refused_at_once),
        cmocka_unit_test(text_goes_on_behind_a_ping),
        cmocka_unit_test(unmasked),
        cmocka_unit_test(needed),
        cmocka_unit_test(control_frames_have_their_own_bound),
        cmocka_unit_test(heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
