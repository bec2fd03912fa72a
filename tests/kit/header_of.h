/* header_of.h - a header of an HTTP message, for tests that look at answers. */
#ifndef HEADER_OF_H
#define HEADER_OF_H

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The value in lines of "name: value"; "" when it is missing. Until the thread's next call. */
static inline const char *header_of(const char *lines, const char *name) {
    static _Thread_local char value[512];
    size_t len = strlen(name);
    for (const char *line = lines; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, len) != 0 || line[len] != ':') continue;
        const char *start = line + len + 1 + strspn(line + len + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(start, "\r\n"), start);
        return value;
    }
    return "";
}

#endif
