/* muster/json.h - JSON in bounded memory: a writer on a muster_writer, and a reader of a text that
 * stays where it is. Nothing is allocated. Header only, C17 and C++17; any thread, since a writer
 * or a value belongs to one caller. JSON is RFC 8259, in UTF-8.
 *
 *     struct muster_writer out = muster_writer_make(text, sizeof text);
 *     struct muster_json_writer json = muster_json_writer_make(&out);
 *     muster_json_open_object(&json, NULL);
 *     muster_json_put_text(&json, "name", name);
 *     muster_json_put_int(&json, "score", score);
 *     muster_json_close(&json);
 *     if (muster_json_done(&json)) ... out.len bytes
 *
 *     struct muster_json answer = muster_json_parse(bytes, len);
 *     if (!muster_json_get_int(muster_json_find(answer, "score"), &score)) ... refuse it
 */
#ifndef MUSTER_JSON_H
#define MUSTER_JSON_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_scan.h"
#include "types.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_JSON_NUMBER_MAX 128 /* characters of a number that is read as a double */

/* ---- writing ---------------------------------------------------------------------------------
 *
 * Each put takes the key first: the member's in an object, null in an array and for the document
 * itself. Commas come by themselves. What does not fit sets `overflow` of the writer, and so does
 * what makes no JSON: a key that is missing or too much, a second document, more closed than
 * opened, an infinite number. The bytes are worth nothing then; ask once, at the end. */
struct muster_json_writer {
    struct muster_writer *out;
    uint32_t start; /* of the document, in bytes of out */
    uint32_t depth; /* what is open */
    /* A bit for each depth: is it an object, has it had a value? */
    uint64_t objects;
    uint64_t filled;
};

/* Writes behind what stands in out. */
static inline struct muster_json_writer muster_json_writer_make(struct muster_writer *out) {
    struct muster_json_writer w = {out, out->len, 0, 0, 0};
    return w;
}

static inline void muster_json_put_escape(struct muster_writer *out, uint8_t byte) {
    static const char hex[] = "0123456789abcdef";
    const char code[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    switch (byte) {
    case '"': muster_put_bytes(out, "\\\"", 2); break;
    case '\\': muster_put_bytes(out, "\\\\", 2); break;
    case '\b': muster_put_bytes(out, "\\b", 2); break;
    case '\f': muster_put_bytes(out, "\\f", 2); break;
    case '\n': muster_put_bytes(out, "\\n", 2); break;
    case '\r': muster_put_bytes(out, "\\r", 2); break;
    case '\t': muster_put_bytes(out, "\\t", 2); break;
    default: muster_put_bytes(out, code, sizeof code);
    }
}

static inline void muster_json_put_quoted(struct muster_writer *out, const char *text) {
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    muster_put_u8(out, '"');
    while (at < end && !out->overflow) {
        uint32_t len = muster_json_utf8(at, (size_t)(end - at));
        if (len == 0)
            muster_put_bytes(out, "\xEF\xBF\xBD", 3);
        else if (*at < ' ' || *at == '"' || *at == '\\')
            muster_json_put_escape(out, *at);
        else
            muster_put_bytes(out, at, len);
        at += len ? len : 1;
    }
    muster_put_u8(out, '"');
}

/* What stands before a value: comma and key. */
static inline void muster_json_put_key(struct muster_json_writer *w, const char *key) {
    uint64_t bit = UINT64_C(1) << w->depth;
    bool in_object = (w->objects & bit) != 0, is_filled = (w->filled & bit) != 0;
    if (in_object != (key != NULL) || (w->depth == 0 && is_filled)) w->out->overflow = 1;
    if (is_filled) muster_put_u8(w->out, ',');
    w->filled |= bit;
    if (!key) return;
    muster_json_put_quoted(w->out, key);
    muster_put_u8(w->out, ':');
}

static inline void muster_json_open(struct muster_json_writer *w, const char *key, char bracket) {
    muster_json_put_key(w, key);
    muster_put_u8(w->out, (uint8_t)bracket);
    if (w->depth == MUSTER_JSON_DEPTH_MAX) {
        w->out->overflow = 1;
        return;
    }
    uint64_t bit = UINT64_C(1) << ++w->depth;
    w->filled &= ~bit;
    w->objects = bracket == '{' ? w->objects | bit : w->objects & ~bit;
}

static inline void muster_json_open_object(struct muster_json_writer *w, const char *key) {
    muster_json_open(w, key, '{');
}

static inline void muster_json_open_array(struct muster_json_writer *w, const char *key) {
    muster_json_open(w, key, '[');
}

/* The object or array that was opened last. */
static inline void muster_json_close(struct muster_json_writer *w) {
    bool in_object = (w->objects >> w->depth & 1) != 0;
    muster_put_u8(w->out, in_object ? '}' : ']');
    if (w->depth == 0)
        w->out->overflow = 1;
    else
        w->depth--;
}

/* JSON as it is: it is not looked at. In an array also several values with commas between. */
static inline void muster_json_put_raw(struct muster_json_writer *w, const char *key,
                                       const char *json, size_t len) {
    muster_json_put_key(w, key);
    if (json && len > 0 && len <= UINT32_MAX)
        muster_put_bytes(w->out, json, (uint32_t)len);
    else
        w->out->overflow = 1;
}

static inline void muster_json_put_null(struct muster_json_writer *w, const char *key) {
    muster_json_put_raw(w, key, "null", 4);
}

static inline void muster_json_put_bool(struct muster_json_writer *w, const char *key, bool value) {
    muster_json_put_raw(w, key, value ? "true" : "false", value ? 4 : 5);
}

/* A null text is the value null. Each byte that is no UTF-8 becomes U+FFFD; control characters are
 * escaped. */
static inline void muster_json_put_text(struct muster_json_writer *w, const char *key,
                                        const char *text) {
    if (!text) {
        muster_json_put_null(w, key);
        return;
    }
    muster_json_put_key(w, key);
    muster_json_put_quoted(w->out, text);
}

static inline void muster_json_put_int(struct muster_json_writer *w, const char *key,
                                       int64_t value) {
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    muster_json_put_raw(w, key, text, (size_t)len);
}

/* The shortest of 15 to 17 digits that reads back the same. */
static inline void muster_json_put_number(struct muster_json_writer *w, const char *key,
                                          double value) {
    char text[40];
    size_t len = 0;
    int digits = 15;
    if (value - value != 0) { /* infinite, or no number */
        w->out->overflow = 1;
        return;
    }
    do snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && digits++ < 17);
    for (const char *at = text; *at; at++) { /* the point is the locale's */
        bool is_plain = (*at >= '0' && *at <= '9') || *at == '-' || *at == '+' || *at == 'e';
        if (is_plain || text[len - 1] != '.') text[len++] = is_plain ? *at : '.';
    }
    muster_json_put_raw(w, key, text, len);
}

/* Is the document whole, and did all of it fit? Else `overflow` is set. */
static inline bool muster_json_done(struct muster_json_writer *w) {
    if (w->depth != 0 || (w->filled & 1) == 0) w->out->overflow = 1;
    return !w->out->overflow;
}

/* The document with a NUL behind it, which out->len does not count; null: as muster_json_done says,
 * or there is no room for the NUL. */
static inline const char *muster_json_text(struct muster_json_writer *w) {
    if (!muster_json_done(w)) return NULL;
    muster_put_u8(w->out, 0);
    if (w->out->overflow) return NULL;
    w->out->len--;
    return (const char *)w->out->data + w->start;
}

/* ---- reading ---------------------------------------------------------------------------------
 *
 * A value is a piece of the text that was parsed, and valid as long as that; len is 0 where there
 * is none. Every function takes such a none, and finds nothing in it, so questions can be put into
 * each other. */
struct muster_json {
    const char *text; /* as it stands in the document: what is read can be handed on as it is */
    size_t len;       /* bytes */
};

enum {
    MUSTER_JSON_NONE,
    MUSTER_JSON_NULL,
    MUSTER_JSON_BOOL,
    MUSTER_JSON_NUMBER,
    MUSTER_JSON_TEXT,
    MUSTER_JSON_ARRAY,
    MUSTER_JSON_OBJECT,
};

/* The value at `at`, and where it ends. None: *next is null. */
static inline struct muster_json muster_json_read(const char *at, const char *end,
                                                  const char **next) {
    struct muster_json value = {NULL, 0};
    at = muster_json_skip_space(at, end);
    *next = muster_json_skip_value(at, end);
    if (!*next) return value;
    value.text = at;
    value.len = (size_t)(*next - at);
    return value;
}

/* The whole text is one value, or there is none: it is not JSON, not UTF-8, nested deeper than
 * MUSTER_JSON_DEPTH_MAX, or a string has the character NUL or half of a surrogate pair. Numbers may
 * be larger than what they are read into, and a key may stand in an object twice. */
static inline struct muster_json muster_json_parse(const void *text, size_t len) {
    const struct muster_json none = {NULL, 0};
    if (!text || len == 0) return none;
    const char *end = (const char *)text + len, *next;
    struct muster_json value = muster_json_read((const char *)text, end, &next);
    return next && muster_json_skip_space(next, end) == end ? value : none;
}

/* MUSTER_JSON_... */
static inline uint32_t muster_json_kind(struct muster_json value) {
    switch (value.len ? *value.text : 0) {
    case 0: return MUSTER_JSON_NONE;
    case 'n': return MUSTER_JSON_NULL;
    case 't':
    case 'f': return MUSTER_JSON_BOOL;
    case '"': return MUSTER_JSON_TEXT;
    case '[': return MUSTER_JSON_ARRAY;
    case '{': return MUSTER_JSON_OBJECT;
    default: return MUSTER_JSON_NUMBER;
    }
}

/* The items of an array, or the members of an object, in their order; of anything else nothing:
 *
 *     for (struct muster_json_walk walk = muster_json_walk_make(list); muster_json_next(&walk);)
 *         ... walk.value, and of an object walk.key, a text */
struct muster_json_walk {
    struct muster_json key, value;
    const char *at, *end;
    bool is_object;
};

static inline struct muster_json_walk muster_json_walk_make(struct muster_json value) {
    struct muster_json_walk walk = {{NULL, 0}, {NULL, 0}, NULL, NULL, false};
    uint32_t kind = muster_json_kind(value);
    walk.is_object = kind == MUSTER_JSON_OBJECT;
    if ((!walk.is_object && kind != MUSTER_JSON_ARRAY) || value.len < 2) return walk;
    walk.at = value.text + 1;
    walk.end = value.text + value.len - 1;
    return walk;
}

/* False: there is no further one. */
static inline bool muster_json_next(struct muster_json_walk *walk) {
    const char *at = walk->at ? muster_json_skip_space(walk->at, walk->end) : NULL;
    if (at && at < walk->end && *at == ',') at++;
    if (at && walk->is_object) {
        walk->key = muster_json_read(at, walk->end, &at);
        if (at) at = muster_json_skip_space(at, walk->end);
        if (at && at < walk->end) at++; /* the colon */
    }
    if (at) walk->value = muster_json_read(at, walk->end, &at);
    walk->at = at;
    return at != NULL;
}

/* Is it that text? */
static inline bool muster_json_text_is(struct muster_json value, const char *text) {
    if (muster_json_kind(value) != MUSTER_JSON_TEXT) return false;
    const char *at = value.text + 1, *end = value.text + value.len - 1;
    size_t left = strlen(text);
    char character[4];
    uint32_t len = 0;
    while (at < end) {
        at = muster_json_read_char(at, end, character, &len);
        if (!at || len > left || memcmp(character, text, len) != 0) return false;
        text += len;
        left -= len;
    }
    return left == 0;
}

/* The member of that name, the first of several; none: there is no such one, or no object. */
static inline struct muster_json muster_json_find(struct muster_json object, const char *key) {
    const struct muster_json none = {NULL, 0};
    struct muster_json_walk walk = muster_json_walk_make(object);
    if (!walk.is_object) return none;
    while (muster_json_next(&walk))
        if (muster_json_text_is(walk.key, key)) return walk.value;
    return none;
}

/* Into cap bytes, NUL-terminated. False: it is no text or does not fit, and out is "". */
static inline bool muster_json_get_text(struct muster_json value, char *out, size_t cap) {
    if (cap) out[0] = '\0';
    if (!cap || muster_json_kind(value) != MUSTER_JSON_TEXT) return false;
    const char *at = value.text + 1, *end = value.text + value.len - 1;
    size_t used = 0;
    char character[4];
    uint32_t len = 0;
    while (at < end) {
        at = muster_json_read_char(at, end, character, &len);
        if (!at || len >= cap - used) {
            out[0] = '\0';
            return false;
        }
        memcpy(out + used, character, len);
        used += len;
    }
    out[used] = '\0';
    return true;
}

/* False, and *out stays: it is no number, has a point or an exponent, or is out of range. */
static inline bool muster_json_get_int(struct muster_json value, int64_t *out) {
    if (muster_json_kind(value) != MUSTER_JSON_NUMBER) return false;
    bool is_negative = *value.text == '-';
    uint64_t limit = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, sum = 0;
    for (size_t i = is_negative; i < value.len; i++) {
        uint64_t digit = (uint64_t)(value.text[i] - '0');
        if (digit > 9 || sum > (limit - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *out = is_negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* False, and *out stays: it is no number, longer than MUSTER_JSON_NUMBER_MAX, or out of range. */
static inline bool muster_json_get_number(struct muster_json value, double *out) {
    char text[MUSTER_JSON_NUMBER_MAX + 1];
    if (muster_json_kind(value) != MUSTER_JSON_NUMBER || value.len >= sizeof text) return false;
    memcpy(text, value.text, value.len);
    text[value.len] = '\0';
    char *point = strchr(text, '.');
    if (point) *point = *localeconv()->decimal_point;
    double number = strtod(text, NULL);
    if (number - number != 0) return false;
    *out = number;
    return true;
}

/* False, and *out stays: it is neither true nor false. */
static inline bool muster_json_get_bool(struct muster_json value, bool *out) {
    if (muster_json_kind(value) != MUSTER_JSON_BOOL) return false;
    *out = *value.text == 't';
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
