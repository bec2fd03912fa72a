/* log_line - how one event becomes one line of text.
 *
 * Owns nothing. What players and plugins say ends up here, so every byte that could forge a line
 * or steer a terminal (C0, C1, invalid UTF-8, marks of direction) is written as an escape.
 */
#include "log_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum escape { ESCAPE_HUMAN, ESCAPE_JSON, ESCAPE_PLAIN };

struct out {
    char *data;
    size_t cap;
    size_t len;
};

static void put(struct out *out, const char *data, size_t len) {
    size_t room = out->cap - 1u - out->len; /* the newline always fits */
    if (len > room) len = room;
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void put_text(struct out *out, const char *text) {
    put(out, text, strlen(text));
}

static void put_format(struct out *out, const char *format, ...) MUSTER_PRINTF(2, 3);
static void put_format(struct out *out, const char *format, ...) {
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_text(out, text);
}

static bool is_tail(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the valid UTF-8 character at text, or 0. */
static size_t utf8_len(const unsigned char *text) {
    unsigned char first = text[0];
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4 || !is_tail(text[1])) return 0;
    if (first < 0xE0) return 2;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F)) return 0;
    if (!is_tail(text[2])) return 0;
    if (first < 0xF0) return 3;
    if ((first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F)) return 0;
    return is_tail(text[3]) ? 4 : 0;
}

static void put_byte_escaped(struct out *out, unsigned char byte, enum escape how, bool invalid) {
    if (how == ESCAPE_JSON)
        put_format(out, invalid ? "\\\\x%02x" : "\\u%04x", byte);
    else
        put_format(out, "\\x%02x", byte);
}

static bool must_escape(unsigned char byte, enum escape how) {
    if (how == ESCAPE_PLAIN && (byte == '\n' || byte == '\t')) return false;
    return byte < 0x20 || byte == 0x7F;
}

/* The character, when it turns the direction of what follows or ends a line; else 0. */
static unsigned steering(const unsigned char *at, size_t len) {
    if (len == 2 && at[0] == 0xD8 && at[1] == 0x9C) return 0x61C;
    if (len != 3 || at[0] != 0xE2) return 0;
    unsigned code = 0x2000u | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    bool is_mark = code == 0x200E || code == 0x200F || (code >= 0x2066 && code <= 0x2069);
    return is_mark || (code >= 0x2028 && code <= 0x202E) ? code : 0;
}

static void put_safe(struct out *out, const char *text, enum escape how) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        size_t len = utf8_len(at);
        if (len == 0) {
            put_byte_escaped(out, *at++, how, true);
            continue;
        }
        if (len == 1 && must_escape(*at, how))
            put_byte_escaped(out, *at, how, false);
        else if (len == 2 && at[0] == 0xC2 && at[1] < 0xA0) /* C1 controls */
            put_byte_escaped(out, at[1], how, false);
        else if (steering(at, len))
            put_format(out, "\\u%04x", steering(at, len));
        else if (how == ESCAPE_JSON && (*at == '"' || *at == '\\'))
            put_format(out, "\\%c", *at);
        else
            put(out, (const char *)at, len);
        at += len;
    }
}

static size_t end(struct out *out) {
    out->data[out->len++] = '\n';
    return out->len;
}

static const char *log_level_text(uint32_t level) {
    static const char *const texts[] = {"debug", "info", "warn", "error"};
    return level < sizeof(texts) / sizeof(*texts) ? texts[level] : "error";
}

static void put_json_key(struct out *out, const char *key, const char *value) {
    if (!value || !*value) return;
    put_format(out, ",\"%s\":\"", key);
    put_safe(out, value, ESCAPE_JSON);
    put_text(out, "\"");
}

size_t log_line_json(const struct log_line *line, char *data) {
    struct out out = {.data = data, .cap = LOG_LINE_MAX_BYTES};
    struct tm utc;
    gmtime_r(&line->time.tv_sec, &utc);
    char time[32];
    strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);
    put_format(&out, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"msg\":\"", time,
               line->time.tv_nsec / 1000000, log_level_text(line->level));
    put_safe(&out, line->text, ESCAPE_JSON);
    put_text(&out, "\"");
    put_json_key(&out, "component", line->component);
    if (line->fields) {
        put_json_key(&out, "lobby", line->fields->lobby);
        put_json_key(&out, "player", line->fields->player);
        put_json_key(&out, "event", line->fields->event);
        put_json_key(&out, "plugin", line->fields->plugin);
    }
    put_text(&out, "}");
    return end(&out);
}

static void put_human_key(struct out *out, const char *key, const char *value) {
    if (!value || !*value) return;
    put_format(out, " %s=", key);
    put_safe(out, value, ESCAPE_HUMAN);
}

size_t log_line_human(const struct log_line *line, char *data) {
    struct out out = {.data = data, .cap = LOG_LINE_MAX_BYTES};
    struct tm local;
    localtime_r(&line->time.tv_sec, &local);
    char level[8] = "";
    const char *text = log_level_text(line->level);
    for (size_t i = 0; text[i] && i < sizeof(level) - 1; i++)
        level[i] = (char)(text[i] - 'a' + 'A');
    put_format(&out, "%02d:%02d:%02d.%03ld %-5s ", local.tm_hour, local.tm_min, local.tm_sec,
               line->time.tv_nsec / 1000000, level);
    put_safe(&out, line->component, ESCAPE_HUMAN);
    put_text(&out, ": ");
    put_safe(&out, line->text, ESCAPE_HUMAN);
    if (line->fields) {
        put_human_key(&out, "plugin", line->fields->plugin);
        put_human_key(&out, "lobby", line->fields->lobby);
        put_human_key(&out, "player", line->fields->player);
        put_human_key(&out, "event", line->fields->event);
    }
    return end(&out);
}

size_t log_line_plain(const char *text, char *data) {
    size_t len = strlen(text);
    struct out out = {.data = data, .cap = LOG_PLAIN_MAX_BYTES(len)};
    put_safe(&out, text, ESCAPE_PLAIN);
    return len > 0 && text[len - 1] == '\n' ? out.len : end(&out);
}
