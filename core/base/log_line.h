/* log_line - how one event becomes one line of text, safe for terminals and JSON readers.
 *
 * Pure functions, any thread. Called by log.
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include "log.h"

#include <time.h>

/* Text of 1024 bytes whose every byte needs six, and room for the fields: eight of a plugin's, and
 * 2 KiB for the core's. */
enum {
    LOG_TEXT_MAX_BYTES = 1024,
    LOG_FIELD_NAME_MAX_BYTES = 31,
    LOG_FIELD_TEXT_MAX_BYTES = 128,
    LOG_FIELD_MAX_BYTES = 6 * LOG_FIELD_TEXT_MAX_BYTES + LOG_FIELD_NAME_MAX_BYTES + 16,
    LOG_LINE_MAX_BYTES =
        6 * LOG_TEXT_MAX_BYTES + 2048 + MUSTER_LOG_FIELDS_MAX * LOG_FIELD_MAX_BYTES,
};

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
/* A plugin's fields as they stand behind a line on a terminal: " name=value". */
void log_line_own(const struct log_fields *fields, char *out, size_t cap);
/* text was cut behind `len` bytes: without the character that this was within, which would look
 * like an attack. */
void log_line_trim(char *text, size_t len);
/* text as it is, but for bytes that would steer a terminal; newlines and tabs stay. out has
 * LOG_PLAIN_MAX_BYTES of the text's length. */
#define LOG_PLAIN_MAX_BYTES(len) (4 * (len) + 1)
size_t log_line_plain(const char *text, char *out);

#endif
