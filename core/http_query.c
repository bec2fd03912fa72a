/* http_query - parameters of a request's query, decoded. Part of http. */
#include "http.h"

#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Decodes one character at *at, before end; -1: broken or NUL. */
static int decode_one(const char **at, const char *end) {
    char c = *(*at)++;
    if (c == '+') return ' ';
    if (c != '%') return (unsigned char)c;
    if (end - *at < 2) return -1;
    int high = hex_digit((*at)[0]);
    int low = hex_digit((*at)[1]);
    *at += 2;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return -1;
    return high << 4 | low;
}

static bool decode(const char *at, const char *end, char *out, uint32_t cap) {
    uint32_t len = 0;
    while (at < end) {
        int c = decode_one(&at, end);
        if (c < 0 || len + 1 >= cap) return false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return true;
}

static bool name_equals(const char *at, const char *end, const char *name) {
    while (at < end && *name) {
        if (decode_one(&at, end) != (unsigned char)*name++) return false;
    }
    return at == end && *name == '\0';
}

bool http_query(const struct muster_http_request *request, const char *name, char *out,
                uint32_t cap) {
    const char *at = request->query;
    if (cap == 0) return false;
    while (*at) {
        size_t len = strcspn(at, "&");
        size_t name_len = strcspn(at, "=&");
        const char *value = at + name_len + (name_len < len ? 1 : 0);
        if (name_equals(at, at + name_len, name)) return decode(value, at + len, out, cap);
        at += len + (at[len] == '&');
    }
    return false;
}
