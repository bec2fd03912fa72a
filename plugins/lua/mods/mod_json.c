/* mod_json - values out of JSON that a stranger wrote, and sentences about what is wrong there. */
#include "mod_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { FOUND_BYTES_MAX = 48, KEY_BYTES_MAX = 64 };

json_t *mod_json_read(const struct mod_source *source, struct mod_error *error) {
    json_error_t where;
    json_t *json = json_loadb(source->text, source->len, JSON_REJECT_DUPLICATES, &where);
    if (!json) mod_fail(error, MUSTER_INVALID, source->path, where.line, "%s", where.text);
    return json;
}

static void describe(const json_t *value, char *out, size_t size) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    size_t len = text ? strlen(text) : 0;
    bool cut = len > FOUND_BYTES_MAX;
    if (cut) len = FOUND_BYTES_MAX;
    while (cut && len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) len--;
    snprintf(out, size, "%.*s%s", (int)len, text ? text : "", cut ? "..." : "");
    if (!text) snprintf(out, size, "nothing");
    free(text);
}

muster_status mod_json_fail(const struct json_place *place, const json_t *found,
                            const char *expected) {
    char text[FOUND_BYTES_MAX + 4];
    describe(found, text, sizeof text);
    return mod_fail(place->error, MUSTER_INVALID, place->file, 0, "%s: expected %s, found %s",
                    place->path, expected, text);
}

struct json_place mod_json_item(const struct json_place *place, size_t index) {
    struct json_place item = *place;
    snprintf(item.path, sizeof item.path, "%.80s[%zu]", place->path, index);
    return item;
}

struct json_place mod_json_field(const struct json_place *place, const char *key) {
    struct json_place field = *place;
    snprintf(field.path, sizeof field.path, "%.50s%s%.40s", place->path, *place->path ? "." : "",
             key);
    return field;
}

/* Words for people, on one line. */
static bool is_line(const char *text) {
    char *line = strdup(text);
    bool good = line && text_line_mend(line) && strcmp(line, text) == 0;
    free(line);
    return good;
}

muster_status mod_json_line(const struct json_place *place, const json_t *value, size_t max,
                            const char **out) {
    char expected[64];
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    snprintf(expected, sizeof expected, "a line of 1 to %zu bytes", max);
    if (!text || len == 0 || len > max || !is_line(text))
        return mod_json_fail(place, value, expected);
    *out = mod_memory_copy(place->memory, text, len);
    return *out ? MUSTER_OK : MUSTER_NO_MEMORY;
}

muster_status mod_json_id(const struct json_place *place, const json_t *value, size_t max,
                          const char **out) {
    char expected[96];
    const char *text = json_string_value(value);
    snprintf(expected, sizeof expected, "a name of a-z, 0-9 and _ (at most %zu, a letter first)",
             max);
    if (!text || !mod_word_is_id(text, max)) return mod_json_fail(place, value, expected);
    *out = mod_memory_copy(place->memory, text, strlen(text));
    return *out ? MUSTER_OK : MUSTER_NO_MEMORY;
}

muster_status mod_json_number(const struct json_place *place, const json_t *value, uint32_t min,
                              uint32_t max, uint32_t *out) {
    char expected[48];
    json_int_t number = json_integer_value(value);
    snprintf(expected, sizeof expected, "an integer, %u to %u", min, max);
    if (!json_is_integer(value) || number < min || number > max)
        return mod_json_fail(place, value, expected);
    *out = (uint32_t)number;
    return MUSTER_OK;
}

/* Of at most max items; their number, and room for them in *items. */
muster_status mod_json_list(const struct json_place *place, const json_t *value, size_t max,
                            size_t item_bytes, void *items, uint32_t *count) {
    char expected[48];
    snprintf(expected, sizeof expected, "a list of at most %zu", max);
    if (!json_is_array(value) || json_array_size(value) > max)
        return mod_json_fail(place, value, expected);
    void *room = mod_memory_take(place->memory, json_array_size(value) * item_bytes);
    if (!room) return MUSTER_NO_MEMORY;
    memcpy(items, &room, sizeof room);
    *count = (uint32_t)json_array_size(value);
    return MUSTER_OK;
}

muster_status mod_json_unknown(const struct json_place *place, const char *key,
                               const char *const *known, size_t count) {
    const char *near = mod_word_nearest(key, known, count);
    if (near)
        return mod_fail(place->error, MUSTER_INVALID, place->file, 0,
                        "%s: unknown key; did you mean \"%s\"?", place->path, near);
    return mod_fail(place->error, MUSTER_INVALID, place->file, 0, "%s: unknown key", place->path);
}

bool mod_json_key_is_camel(const char *key) {
    size_t len = strlen(key);
    if (len == 0 || len > KEY_BYTES_MAX || !islower((unsigned char)*key)) return false;
    for (; *key; key++)
        if (!isalnum((unsigned char)*key)) return false;
    return true;
}

const char *mod_json_text(const struct json_place *place, const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = text ? mod_memory_copy(place->memory, text, strlen(text)) : NULL;
    free(text);
    return kept;
}
