/* text - see text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_put(struct muster_writer *out, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    uint8_t *at = len < 0 ? NULL : muster_put_space(out, (uint32_t)len + 1);
    if (at) {
        vsnprintf((char *)at, (size_t)len + 1, format, again);
        out->len--; /* without the NUL */
    }
    va_end(again);
    va_end(args);
}

/* ---- words ----------------------------------------------------------------------------------- */

bool text_word(const char **at, char *out, size_t size) {
    const char *from = *at + strspn(*at, " \t");
    size_t used = 0;
    bool quoted = false;
    if (!*from) return false;
    for (; *from && (quoted || !strchr(" \t", *from)); from++) {
        if (*from == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && from[0] == '\\' && from[1]) from++;
        if (used + 1 == size) return false;
        out[used++] = *from;
    }
    out[used] = '\0';
    *at = from;
    return !quoted;
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* The first of the stops that no bracket encloses, or the end. */
static const char *find_end(const char *at, const char *stops) {
    int depth = 0;
    for (; *at; at++) {
        if (depth == 0 && strchr(stops, *at)) return at;
        if (strchr("({[<", *at)) depth++;
        if (strchr(")}]>", *at)) depth--;
    }
    return at;
}

static const char *skip(const char *at, const char *what) {
    return at + strspn(at, what);
}

bool text_type(const char **at, struct part *out) {
    const char *first = skip(*at, ", ");
    if (!*first) return false;
    const char *end = find_end(first, ",");
    *out = (struct part){.type = first, .type_len = (int)(end - first)};
    *at = end;
    return true;
}

bool text_part(const char **at, struct part *out) {
    const char *first = skip(*at, ", ");
    size_t len = strcspn(first, "?:,) ");
    if (len == 0) return false;
    *out = (struct part){.name = first, .name_len = (int)len, .optional = first[len] == '?'};
    out->type = skip(first + len, "?: ");
    *at = find_end(out->type, ",)");
    out->type_len = (int)(*at - out->type);
    return true;
}
