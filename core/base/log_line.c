/* log_line - how one event becomes one line of text.
 *
 * Owns nothing. What players and plugins say ends up here, so every byte that could forge a line
 * or steer a terminal (C0, C1, invalid UTF-8, marks of direction) is written as an escape.
 */
#include "log_line.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum escape { ESCAPE_HUMAN, ESCAPE_JSON, ESCAPE_PLAIN, ESCAPE_QUOTED };

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
        else if ((how == ESCAPE_JSON || how == ESCAPE_QUOTED) && (*at == '"' || *at == '\\'))
            put_format(out, "\\%c", *at);
        else
            put(out, (const char *)at, len);
        at += len;
    }
}

void log_line_trim(char *text, size_t len) {
    size_t at = len;
    while (at > 0 && len - at < 3 && is_tail((unsigned char)text[at - 1])) at--;
    if (at > 0 && (unsigned char)text[at - 1] >= 0xC0) text[at - 1] = '\0';
}

static size_t end(struct out *out) {
    out->data[out->len++] = '\n';
    return out->len;
}

static const char *log_level_text(uint32_t level) {
    static const char *const texts[] = {"debug", "info", "warn", "error"};
    return level < sizeof(texts) / sizeof(*texts) ? texts[level] : "error";
}

/* ---- a plugin's fields ----------------------------------------------------------------------- */

static bool is_name(const char *name) {
    size_t len = strnlen(name, LOG_FIELD_NAME_MAX_BYTES + 1);
    bool has_room = len > 0 && len <= LOG_FIELD_NAME_MAX_BYTES;
    bool begins = (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z');
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return has_room && begins && strspn(name, word) == len;
}

const char *log_field_fault(const struct muster_log_field *field,
                            const struct muster_log_field *const *before, uint32_t before_count) {
    static const char *const lines_own[] = {"time", "level", "msg", "component", "plugin"};
    if (before_count >= MUSTER_LOG_FIELDS_MAX) return "there are more than a line takes";
    if (!field->name || !is_name(field->name))
        return "its name is no word of 1 to 31 letters, digits and _";
    for (size_t i = 0; i < sizeof lines_own / sizeof *lines_own; i++)
        if (strcmp(field->name, lines_own[i]) == 0) return "each line has its own of that name";
    for (uint32_t i = 0; i < before_count; i++)
        if (strcmp(field->name, before[i]->name) == 0) return "one of that name stands before it";
    bool is_known = field->type >= MUSTER_LOG_TEXT && field->type <= MUSTER_LOG_BOOLEAN;
    return is_known ? NULL : "its type is none of MUSTER_LOG_...";
}

/* 15 digits lose something of a few, 17 never do. */
static void put_number(struct out *out, double number) {
    char text[40];
    snprintf(text, sizeof text, "%.15g", number);
    if (isfinite(number) && strtod(text, NULL) != number)
        snprintf(text, sizeof text, "%.17g", number);
    put_text(out, isfinite(number) ? text : "null");
}

/* A value that has no blank, and nothing else that could be taken for another field. */
static bool is_plain(const char *text) {
    return text[0] && !strpbrk(text, " =\"\\\t");
}

static void put_field_text(struct out *out, const char *text, bool is_json) {
    char cut[LOG_FIELD_TEXT_MAX_BYTES + 5];
    if (strnlen(text, LOG_FIELD_TEXT_MAX_BYTES + 1) > LOG_FIELD_TEXT_MAX_BYTES) {
        memcpy(cut, text, LOG_FIELD_TEXT_MAX_BYTES);
        cut[LOG_FIELD_TEXT_MAX_BYTES] = '\0';
        log_line_trim(cut, LOG_FIELD_TEXT_MAX_BYTES);
        text = strcat(cut, " ...");
    }
    bool is_quoted = is_json || !is_plain(text);
    if (is_quoted) put_text(out, "\"");
    put_safe(out, text, is_json ? ESCAPE_JSON : is_quoted ? ESCAPE_QUOTED : ESCAPE_HUMAN);
    if (is_quoted) put_text(out, "\"");
}

static void put_value(struct out *out, const struct muster_log_field *field, bool is_json) {
    switch (field->type) {
    case MUSTER_LOG_INTEGER: put_format(out, "%lld", (long long)field->integer); break;
    case MUSTER_LOG_NUMBER: put_number(out, field->number); break;
    case MUSTER_LOG_BOOLEAN: put_text(out, field->integer ? "true" : "false"); break;
    default: put_field_text(out, field->text ? field->text : "", is_json); break;
    }
}

static void put_own(struct out *out, const struct log_fields *fields, bool is_json) {
    for (uint32_t i = 0; i < fields->own_count; i++) {
        put_format(out, is_json ? ",\"%s\":" : " %s=", fields->own[i]->name);
        put_value(out, fields->own[i], is_json);
    }
}

void log_line_own(const struct log_fields *fields, char *data, size_t cap) {
    struct out out = {.data = data, .cap = cap};
    put_own(&out, fields, false);
    data[out.len] = '\0';
}

/* ---- lines ----------------------------------------------------------------------------------- */

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
        put_own(&out, line->fields, true);
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
        put_own(&out, line->fields, false);
    }
    return end(&out);
}

size_t log_line_plain(const char *text, char *data) {
    size_t len = strlen(text);
    struct out out = {.data = data, .cap = LOG_PLAIN_MAX_BYTES(len)};
    put_safe(&out, text, ESCAPE_PLAIN);
    return len > 0 && text[len - 1] == '\n' ? out.len : end(&out);
}
