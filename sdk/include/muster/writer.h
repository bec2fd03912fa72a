/* muster/writer.h - bounded little-endian writing and reading of bytes, without allocation.
 *
 * A writer never writes past its capacity: past the end it only sets `overflow`, so a run of puts
 * is checked once at its end. A reader past its end returns 0 and sets `overflow`. Header only;
 * any thread, since a writer or reader belongs to one caller.
 *
 * Values that need no whole bytes are packed by a bit writer, which puts into a writer, and read by
 * a bit reader. On the wire the lowest bit of a value comes first, in the lowest bit of a byte that
 * is free; the value after it begins at the next bit. muster_bit_writer_end fills the last byte
 * with zeros: until then nothing else is put into that writer.
 *
 *     struct muster_bit_writer bits = muster_bit_writer_make(out);
 *     muster_put_bits(&bits, is_open, 1);
 *     muster_put_bits(&bits, (uint32_t)turn, 5);     -16 to 15
 *     muster_bit_writer_end(&bits);
 *
 *     struct muster_bit_reader bits = muster_bit_reader_make(in);
 *     bool is_open = muster_get_bits(&bits, 1);
 *     int32_t turn = muster_get_bits_signed(&bits, 5);
 */
#ifndef MUSTER_WRITER_H
#define MUSTER_WRITER_H

#include <string.h>

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct muster_writer {
    uint8_t *data;
    uint32_t cap; /* bytes */
    uint32_t len; /* bytes written */
    uint32_t overflow;
};

struct muster_reader {
    const uint8_t *data;
    uint32_t len; /* bytes */
    uint32_t pos;
    uint32_t overflow;
};

static inline struct muster_writer muster_writer_make(void *data, uint32_t cap) {
    struct muster_writer w = {(uint8_t *)data, cap, 0, 0};
    return w;
}

/* Reserves n bytes and returns them, or null with `overflow` set. */
static inline uint8_t *muster_put_space(struct muster_writer *w, uint32_t n) {
    if (n > w->cap - w->len) {
        w->overflow = 1;
        return NULL;
    }
    uint8_t *at = w->data + w->len;
    w->len += n;
    return at;
}

static inline void muster_put_bytes(struct muster_writer *w, const void *data, uint32_t n) {
    uint8_t *at = muster_put_space(w, n);
    if (at && n) memcpy(at, data, n);
}

static inline void muster_put_u8(struct muster_writer *w, uint32_t v) {
    uint8_t *at = muster_put_space(w, 1);
    if (at) at[0] = (uint8_t)v;
}

static inline void muster_put_u16(struct muster_writer *w, uint32_t v) {
    uint8_t *at = muster_put_space(w, 2);
    if (at) {
        at[0] = (uint8_t)v;
        at[1] = (uint8_t)(v >> 8);
    }
}

static inline void muster_put_u32(struct muster_writer *w, uint32_t v) {
    muster_put_u16(w, v & 0xFFFFu);
    muster_put_u16(w, v >> 16);
}

static inline void muster_put_u64(struct muster_writer *w, uint64_t v) {
    muster_put_u32(w, (uint32_t)v);
    muster_put_u32(w, (uint32_t)(v >> 32));
}

static inline void muster_put_i32(struct muster_writer *w, int32_t v) {
    muster_put_u32(w, (uint32_t)v);
}

static inline void muster_put_i64(struct muster_writer *w, int64_t v) {
    muster_put_u64(w, (uint64_t)v);
}

/* u16 length, then the bytes; longer text is cut at 65535. */
static inline void muster_put_str(struct muster_writer *w, const char *s) {
    size_t n = s ? strlen(s) : 0;
    if (n > 0xFFFFu) n = 0xFFFFu;
    muster_put_u16(w, (uint32_t)n);
    muster_put_bytes(w, s, (uint32_t)n);
}

struct muster_bit_writer {
    struct muster_writer *out; /* borrowed */
    uint64_t held;             /* of the byte that is not full yet */
    uint32_t held_bits;        /* 0 to 7 */
};

static inline struct muster_bit_writer muster_bit_writer_make(struct muster_writer *out) {
    struct muster_bit_writer b = {out, 0, 0};
    return b;
}

/* The lowest n bits of v, 0 to 32; what is above them is left out, so that a negative number goes
 * in as it is, in two's complement. More than 32 is put as nothing and sets `overflow`. */
static inline void muster_put_bits(struct muster_bit_writer *b, uint32_t v, uint32_t n) {
    if (n > 32) {
        b->out->overflow = 1;
        return;
    }
    b->held |= (v & ((UINT64_C(1) << n) - 1)) << b->held_bits;
    for (b->held_bits += n; b->held_bits >= 8; b->held_bits -= 8) {
        muster_put_u8(b->out, (uint8_t)b->held);
        b->held >>= 8;
    }
}

/* The last byte, zeros in the bits that are left of it. Bytes may follow, or bits again. */
static inline void muster_bit_writer_end(struct muster_bit_writer *b) {
    if (b->held_bits) muster_put_bits(b, 0, 8 - b->held_bits);
}

static inline struct muster_reader muster_reader_make(const void *data, uint32_t len) {
    struct muster_reader r = {(const uint8_t *)data, len, 0, 0};
    return r;
}

/* Borrows the next n bytes, or null with `overflow` set. */
static inline const uint8_t *muster_get_bytes(struct muster_reader *r, uint32_t n) {
    if (n > r->len - r->pos) {
        r->overflow = 1;
        r->pos = r->len;
        return NULL;
    }
    const uint8_t *at = r->data + r->pos;
    r->pos += n;
    return at;
}

static inline uint8_t muster_get_u8(struct muster_reader *r) {
    const uint8_t *at = muster_get_bytes(r, 1);
    return at ? at[0] : 0;
}

static inline uint16_t muster_get_u16(struct muster_reader *r) {
    const uint8_t *at = muster_get_bytes(r, 2);
    return at ? (uint16_t)(at[0] | at[1] << 8) : 0;
}

static inline uint32_t muster_get_u32(struct muster_reader *r) {
    uint32_t low = muster_get_u16(r);
    return low | (uint32_t)muster_get_u16(r) << 16;
}

static inline uint64_t muster_get_u64(struct muster_reader *r) {
    uint64_t low = muster_get_u32(r);
    return low | (uint64_t)muster_get_u32(r) << 32;
}

static inline int32_t muster_get_i32(struct muster_reader *r) {
    return (int32_t)muster_get_u32(r);
}

static inline int64_t muster_get_i64(struct muster_reader *r) {
    return (int64_t)muster_get_u64(r);
}

/* Copies a muster_put_str text into out (cap bytes, NUL-terminated); longer text sets overflow. */
static inline void muster_get_str(struct muster_reader *r, char *out, uint32_t cap) {
    uint32_t n = muster_get_u16(r);
    const uint8_t *at = muster_get_bytes(r, n);
    if (!at || n >= cap) {
        r->overflow = 1;
        out[0] = '\0';
        return;
    }
    memcpy(out, at, n);
    out[n] = '\0';
}

/* It takes the bytes that it needs: when it is done the reader stands at the byte behind the last
 * bit, and what is left of that bit's byte has been passed over. */
struct muster_bit_reader {
    struct muster_reader *in; /* borrowed */
    uint64_t held;            /* of the last byte taken: what is left */
    uint32_t held_bits;       /* 0 to 7 */
};

static inline struct muster_bit_reader muster_bit_reader_make(struct muster_reader *in) {
    struct muster_bit_reader b = {in, 0, 0};
    return b;
}

/* The next n bits, 0 to 32. More than 32 are 0 and set `overflow`. */
static inline uint32_t muster_get_bits(struct muster_bit_reader *b, uint32_t n) {
    if (n > 32) {
        b->in->overflow = 1;
        return 0;
    }
    for (; b->held_bits < n; b->held_bits += 8)
        b->held |= (uint64_t)muster_get_u8(b->in) << b->held_bits;
    uint32_t v = (uint32_t)(b->held & ((UINT64_C(1) << n) - 1));
    b->held >>= n;
    b->held_bits -= n;
    return v;
}

/* The same, whose highest bit is the sign. */
static inline int32_t muster_get_bits_signed(struct muster_bit_reader *b, uint32_t n) {
    uint32_t v = muster_get_bits(b, n), sign = n && n <= 32 ? UINT32_C(1) << (n - 1) : 0;
    return (int32_t)((v ^ sign) - sign);
}

#ifdef __cplusplus
}
#endif
#endif
