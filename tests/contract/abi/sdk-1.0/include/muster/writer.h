/* muster/writer.h - bounded little-endian writing and reading of bytes, without allocation.
 *
 * A writer never writes past its capacity: past the end it only sets `overflow`, so a run of puts
 * is checked once at its end. A reader past its end returns 0 and sets `overflow`. Header only;
 * any thread, since a writer or reader belongs to one caller.
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

#ifdef __cplusplus
}
#endif
#endif
