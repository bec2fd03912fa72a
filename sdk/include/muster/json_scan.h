/* muster/json_scan.h - where the pieces of a JSON text end: what muster/json.h reads with. Nothing
 * in it is for plugins.
 *
 * Each function looks at the bytes from `at` up to `end`, and gives where that ends which it is
 * named after, or null: it is none.
 */
#ifndef MUSTER_JSON_SCAN_H
#define MUSTER_JSON_SCAN_H

#include <string.h>

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_JSON_DEPTH_MAX 32 /* arrays and objects within each other, written or read */

/* Bytes of the UTF-8 character at `at`; 0: it is none. */
static inline uint32_t muster_json_utf8(const uint8_t *at, size_t left) {
    uint8_t low = 0x80, high = 0xBF; /* of the second byte */
    uint32_t len = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (len == 1) return 1;
    if (at[0] < 0xC2 || at[0] > 0xF4 || len > left) return 0;
    if (at[0] == 0xE0) low = 0xA0;  /* shorter would do */
    if (at[0] == 0xED) high = 0x9F; /* surrogates */
    if (at[0] == 0xF0) low = 0x90;
    if (at[0] == 0xF4) high = 0x8F; /* U+10FFFF is the last */
    if (at[1] < low || at[1] > high) return 0;
    for (uint32_t i = 2; i < len; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    return len;
}

static inline const char *muster_json_skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* The four digits of a \u; -1: they are none. */
static inline int32_t muster_json_hex(const char *at, const char *end) {
    int32_t value = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static inline uint32_t muster_json_encode(uint32_t code, char out[4]) {
    uint32_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (uint32_t i = len - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(heads[len] | code);
    return len;
}

/* Behind \u: one code, or two that are a pair; null: neither, or NUL. */
static inline const char *muster_json_read_code(const char *at, const char *end, char out[4],
                                                uint32_t *len) {
    int32_t code = muster_json_hex(at, end);
    if (code <= 0 || (code >= 0xDC00 && code < 0xE000)) return NULL;
    at += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return NULL;
        int32_t low = muster_json_hex(at + 2, end);
        if (low < 0xDC00 || low > 0xDFFF) return NULL;
        code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
        at += 6;
    }
    *len = muster_json_encode((uint32_t)code, out);
    return at;
}

/* The next character within a string, as UTF-8; where it ends, or null: it is none. */
static inline const char *muster_json_read_char(const char *at, const char *end, char out[4],
                                                uint32_t *len) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (at == end || (uint8_t)*at < ' ') return NULL;
    if (*at != '\\') {
        *len = muster_json_utf8((const uint8_t *)at, (size_t)(end - at));
        memcpy(out, at, *len);
        return *len ? at + *len : NULL;
    }
    if (++at == end) return NULL;
    if (*at == 'u') return muster_json_read_code(at + 1, end, out, len);
    const char *letter = (const char *)memchr(letters, *at, sizeof letters - 1);
    if (!letter) return NULL;
    out[0] = meanings[letter - letters];
    *len = 1;
    return at + 1;
}

static inline const char *muster_json_skip_text(const char *at, const char *end) {
    char character[4];
    uint32_t len;
    if (at == end || *at != '"') return NULL;
    for (at++; at && at < end && *at != '"';) at = muster_json_read_char(at, end, character, &len);
    return at && at < end ? at + 1 : NULL;
}

static inline const char *muster_json_skip_digits(const char *at, const char *end) {
    const char *first = at;
    while (at < end && *at >= '0' && *at <= '9') at++;
    return at > first ? at : NULL;
}

static inline const char *muster_json_skip_number(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    const char *digits = at;
    at = muster_json_skip_digits(at, end);
    if (!at || (*digits == '0' && at > digits + 1)) return NULL;
    if (at < end && *at == '.') at = muster_json_skip_digits(at + 1, end);
    if (!at || at == end || (*at != 'e' && *at != 'E')) return at;
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    return muster_json_skip_digits(at, end);
}

static inline const char *muster_json_skip_scalar(const char *at, const char *end) {
    static const char *const words[] = {"null", "true", "false"};
    if (*at == '"') return muster_json_skip_text(at, end);
    for (int i = 0; i < 3; i++) {
        size_t len = strlen(words[i]);
        if ((size_t)(end - at) >= len && memcmp(at, words[i], len) == 0) return at + len;
    }
    return muster_json_skip_number(at, end);
}

/* A key and its colon. */
static inline const char *muster_json_skip_key(const char *at, const char *end) {
    at = muster_json_skip_text(muster_json_skip_space(at, end), end);
    if (at) at = muster_json_skip_space(at, end);
    return at && at < end && *at == ':' ? at + 1 : NULL;
}

/* Where a value is being passed. */
struct muster_json_scan {
    const char *at, *end;
    uint32_t depth;
    uint64_t objects; /* a bit for each depth */
};

/* Into an array or object, up to its first value if it has one. False: it is none. */
static inline bool muster_json_scan_open(struct muster_json_scan *s, bool *has_value) {
    bool is_object = *s->at == '{';
    if (s->depth == MUSTER_JSON_DEPTH_MAX) return false;
    uint64_t bit = UINT64_C(1) << ++s->depth;
    s->objects = is_object ? s->objects | bit : s->objects & ~bit;
    s->at = muster_json_skip_space(s->at + 1, s->end);
    if (s->at == s->end) return false;
    *has_value = *s->at != (is_object ? '}' : ']');
    if (*has_value && is_object) s->at = muster_json_skip_key(s->at, s->end);
    return s->at != NULL;
}

/* Out of what ends here, up to the next value if there is one. False: it is none. */
static inline bool muster_json_scan_on(struct muster_json_scan *s, bool *has_value) {
    for (*has_value = false; s->depth > 0; s->depth--, s->at++) {
        bool is_object = (s->objects >> s->depth & 1) != 0;
        s->at = muster_json_skip_space(s->at, s->end);
        if (s->at == s->end) return false;
        *has_value = *s->at == ',';
        if (*has_value) {
            s->at = is_object ? muster_json_skip_key(s->at + 1, s->end) : s->at + 1;
            return s->at != NULL;
        }
        if (*s->at != (is_object ? '}' : ']')) return false;
    }
    return true;
}

static inline const char *muster_json_skip_value(const char *at, const char *end) {
    struct muster_json_scan s = {at, end, 0, 0};
    for (bool has_value = true; has_value;) {
        s.at = muster_json_skip_space(s.at, end);
        if (s.at == end) return NULL;
        bool is_open = *s.at == '{' || *s.at == '[';
        if (is_open && !muster_json_scan_open(&s, &has_value)) return NULL;
        if (is_open && has_value) continue;
        if (!is_open && !(s.at = muster_json_skip_scalar(s.at, end))) return NULL;
        if (!muster_json_scan_on(&s, &has_value)) return NULL;
    }
    return s.at;
}

#ifdef __cplusplus
}
#endif
#endif
