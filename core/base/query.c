/* query - parameters, name by name. */
#include "query.h"

#include <stdio.h>
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

/* One parameter of a query; names and values are still encoded. */
struct parameter {
    const char *name;
    const char *name_end;
    const char *value;
    const char *end;
};

/* False: there is none left at *at. */
static bool next_parameter(const char **at, struct parameter *out) {
    *at += strspn(*at, "&");
    if (!**at) return false;
    size_t len = strcspn(*at, "&");
    size_t name_len = strcspn(*at, "=&");
    out->name = *at;
    out->name_end = *at + name_len;
    out->value = *at + name_len + (name_len < len ? 1 : 0);
    out->end = *at + len;
    *at += len;
    return true;
}

enum query query_find(const char *query, const char *name, char *out, uint32_t cap) {
    const char *at = query;
    struct parameter one;
    enum query found = QUERY_ABSENT;
    while (next_parameter(&at, &one)) {
        if (!name_equals(one.name, one.name_end, name)) continue;
        bool first = found == QUERY_ABSENT;
        bool good = first && cap > 0 && decode(one.value, one.end, out, cap);
        found = good ? QUERY_GIVEN : QUERY_BROKEN;
    }
    return found;
}

bool query_unknown(const char *query, const char *const *names, char *out, uint32_t cap) {
    const char *at = query;
    struct parameter one;
    while (next_parameter(&at, &one)) {
        const char *const *name = names;
        while (*name && !name_equals(one.name, one.name_end, *name)) name++;
        if (*name) continue;
        snprintf(out, cap, "%.*s", (int)(one.name_end - one.name), one.name);
        return true;
    }
    return false;
}
