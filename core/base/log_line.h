/* log_line - how one event becomes one line of text, safe for terminals and JSON readers.
 *
 * Pure functions, any thread. Called by log.
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include "log.h"

#include <time.h>

/* Text of 1024 bytes whose every byte needs six, and room for the fields. */
enum { LOG_TEXT_MAX_BYTES = 1024, LOG_LINE_MAX_BYTES = 8192 };

struct log_line {
    struct timespec time;
    uint32_t level;
    const char *component;
    const struct log_fields *fields; /* may be null */
    const char *text;
};

/* Each fills out (LOG_LINE_MAX_BYTES), newline included, and returns the length. */
size_t log_line_json(const struct log_line *line, char *out);
size_t log_line_human(const struct log_line *line, char *out);
/* text as it is, but for bytes that would steer a terminal; newlines and tabs stay. out has
 * LOG_PLAIN_MAX_BYTES of the text's length. */
#define LOG_PLAIN_MAX_BYTES(len) (4 * (len) + 1)
size_t log_line_plain(const char *text, char *out);

#endif
