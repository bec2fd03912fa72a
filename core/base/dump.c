#include "dump.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 2048
#define NUMBER_MAX 64 /* characters of one */

struct text {
    char *data;
    size_t len, cap;
    bool is_fixed; /* data is somebody else's, and does not grow */
    bool is_short; /* of memory, or room */
};

static void grow(struct text *out, size_t more) {
    size_t cap = out->cap ? out->cap : FIRST_BYTES;
    while (cap - out->len < more) cap *= 2;
    char *grown = out->is_fixed ? NULL : realloc(out->data, cap);
    out->is_short = out->is_short || !grown;
    if (!grown) return;
    out->data = grown;
    out->cap = cap;
}

static void put(struct text *out, const char *bytes, size_t len) {
    if (out->cap - out->len < len) grow(out, len);
    if (out->is_short) return;
    memcpy(out->data + out->len, bytes, len);
    out->len += len;
}

static void put_char(struct text *out, char c) {
    put(out, &c, 1);
}

static bool is_plain(unsigned char c) {
    return c >= ' ' && c != '"' && c != '\\';
}

static void put_escape(struct text *out, unsigned char c) {
    static const char hex[] = "0123456789ABCDEF";
    const char code[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    switch (c) {
    case '"': put(out, "\\\"", 2); break;
    case '\\': put(out, "\\\\", 2); break;
    case '\b': put(out, "\\b", 2); break;
    case '\f': put(out, "\\f", 2); break;
    case '\n': put(out, "\\n", 2); break;
    case '\r': put(out, "\\r", 2); break;
    case '\t': put(out, "\\t", 2); break;
    default: put(out, code, sizeof code);
    }
}

/* A value has no broken UTF-8: jansson makes none. */
static void put_string(struct text *out, const char *string, size_t len) {
    put_char(out, '"');
    for (size_t i = 0; i < len;) {
        size_t from = i;
        while (i < len && is_plain((unsigned char)string[i])) i++;
        put(out, string + from, i - from);
        if (i < len) put_escape(out, (unsigned char)string[i++]);
    }
    put_char(out, '"');
}

static void put_integer(struct text *out, json_int_t value) {
    char digits[NUMBER_MAX], *at = digits + sizeof digits;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0) *--at = '-';
    put(out, at, (size_t)(digits + sizeof digits - at));
}

static void put_real(struct text *out, const json_t *value) {
    char digits[NUMBER_MAX];
    size_t len = json_dumpb(value, digits, sizeof digits, JSON_ENCODE_ANY);
    if (len == 0 || len > sizeof digits) out->is_short = true;
    put(out, digits, len);
}

static void put_value(struct text *out, const json_t *value);

static void put_object(struct text *out, json_t *object) {
    char before = '{';
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        put_char(out, before);
        put_string(out, json_object_iter_key(at), json_object_iter_key_len(at));
        put_char(out, ':');
        put_value(out, json_object_iter_value(at));
        before = ',';
    }
    if (before == '{') put_char(out, '{');
    put_char(out, '}');
}

static void put_array(struct text *out, const json_t *array) {
    size_t count = json_array_size(array);
    put_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) put_char(out, ',');
        put_value(out, json_array_get(array, i));
    }
    put_char(out, ']');
}

static void put_value(struct text *out, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT: put_object(out, (json_t *)value); break; /* iterating takes no const */
    case JSON_ARRAY: put_array(out, value); break;
    case JSON_STRING: put_string(out, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: put_integer(out, json_integer_value(value)); break;
    case JSON_REAL: put_real(out, value); break;
    case JSON_TRUE: put(out, "true", 4); break;
    case JSON_FALSE: put(out, "false", 5); break;
    case JSON_NULL: put(out, "null", 4); break;
    }
}

char *dump_json(const json_t *value, size_t *len) {
    struct text out = {0};
    *len = 0;
    if (!value) return NULL;
    put_value(&out, value);
    put_char(&out, '\0');
    if (out.is_short) {
        free(out.data);
        return NULL;
    }
    *len = out.len - 1;
    return out.data;
}

size_t dump_json_into(const json_t *value, char *out, size_t room) {
    struct text text = {.data = out, .cap = room, .is_fixed = true};
    if (!value) return 0;
    put_value(&text, value);
    return text.is_short ? 0 : text.len;
}
