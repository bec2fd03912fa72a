/* schema_value - is this value what the schema says, and if not, what is wrong with it.
 *
 * Owns nothing. Pure functions behind schema.h.
 */
#include "schema.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND_MAX_BYTES = 60, ITEM_MAX_BYTES = 1024, NAMES_SHOWN_MAX = 512 };

/* ---- sentences ---- */

static void describe_enum(const struct schema_entry *entry, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "one of");
    size_t index;
    json_t *value;
    json_array_foreach(entry->values, index, value) {
        if (used >= size) return;
        used += (size_t)snprintf(out + used, size - used, "%s \"%s\"", index ? "," : "",
                                 json_string_value(value));
    }
}

static void describe(const struct schema_entry *entry, char *out, size_t size) {
    const char *unit = json_string_value(json_object_get(entry->json, "unit"));
    switch (entry->type) {
    case SCHEMA_BOOL: snprintf(out, size, "true or false"); break;
    case SCHEMA_INT: snprintf(out, size, "int %.0f to %.0f", entry->min, entry->max); break;
    case SCHEMA_NUMBER: snprintf(out, size, "number %g to %g", entry->min, entry->max); break;
    case SCHEMA_DURATION:
        snprintf(out, size, "int %.0f to %.0f (%s)", entry->min, entry->max, unit);
        break;
    case SCHEMA_STRING:
        if (entry->min > 0)
            snprintf(out, size, "string of %.0f to %.0f bytes", entry->min, entry->max);
        else
            snprintf(out, size, "string of at most %.0f bytes", entry->max);
        break;
    case SCHEMA_LIST:
        if (entry->min > 0)
            snprintf(out, size, "list of %.0f to %.0f strings", entry->min, entry->max);
        else
            snprintf(out, size, "list of at most %.0f strings", entry->max);
        break;
    case SCHEMA_ENUM: describe_enum(entry, out, size); break;
    }
}

/* The value as a person wrote it, cut short at a character's end. */
static void describe_found(const json_t *value, char *out, size_t size) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) {
        snprintf(out, size, "nothing");
        return;
    }
    size_t len = strlen(text);
    if (len > FOUND_MAX_BYTES) {
        len = FOUND_MAX_BYTES;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) len--;
        snprintf(out, size, "%.*s...", (int)len, text);
    } else {
        snprintf(out, size, "%s", text);
    }
    free(text);
}

static muster_status fail_expected(const struct schema_entry *entry, const json_t *value,
                                   struct schema_error *error) {
    char expected[NAMES_SHOWN_MAX];
    char found[FOUND_MAX_BYTES + 8];
    describe(entry, expected, sizeof(expected));
    if (entry->secret)
        snprintf(found, sizeof(found), "something else (secret)");
    else
        describe_found(value, found, sizeof(found));
    snprintf(error->key, sizeof(error->key), "%s", entry->key);
    /* The found part must survive a long list of words. */
    snprintf(error->text, sizeof(error->text), "%s: expected %.120s%s, found %s", entry->key,
             expected, strlen(expected) > 120 ? "..." : "", found);
    return MUSTER_INVALID;
}

/* ---- values ---- */

static json_t *int_from(const struct schema_entry *entry, const json_t *value, bool lenient) {
    int64_t number = 0;
    if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else if (lenient && json_is_string(value)) {
        const char *text = json_string_value(value);
        char *end = NULL;
        errno = 0;
        number = strtoll(text, &end, 10);
        if (end == text || *end || errno == ERANGE || (unsigned char)*text <= ' ') return NULL;
    } else {
        return NULL;
    }
    if ((double)number < entry->min || (double)number > entry->max) return NULL;
    return json_integer(number);
}

static json_t *number_from(const struct schema_entry *entry, const json_t *value, bool lenient) {
    double number = 0;
    if (json_is_number(value)) {
        number = json_number_value(value);
    } else if (lenient && json_is_string(value)) {
        const char *text = json_string_value(value);
        char *end = NULL;
        number = strtod(text, &end);
        if (end == text || *end || (unsigned char)*text <= ' ') return NULL;
    } else {
        return NULL;
    }
    if (!isfinite(number) || number < entry->min || number > entry->max) return NULL;
    return json_real(number);
}

static json_t *bool_from(const json_t *value, bool lenient) {
    if (json_is_boolean(value)) return json_boolean(json_is_true(value));
    if (!lenient || !json_is_string(value)) return NULL;
    const char *text = json_string_value(value);
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0) return json_true();
    if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0) return json_false();
    return NULL;
}

static json_t *string_from(const struct schema_entry *entry, json_t *value) {
    if (!json_is_string(value)) return NULL;
    size_t len = json_string_length(value);
    if ((double)len < entry->min || (double)len > entry->max) return NULL;
    return json_incref(value);
}

static json_t *enum_from(const struct schema_entry *entry, json_t *value) {
    if (!json_is_string(value)) return NULL;
    size_t index;
    json_t *word;
    json_array_foreach(entry->values, index, word) {
        if (json_equal(word, value)) return json_incref(value);
    }
    return NULL;
}

/* "a, b,c" as an environment variable or a panel gives it. */
static json_t *split(const char *text) {
    json_t *list = json_array();
    while (list && *text) {
        text += strspn(text, " ");
        size_t len = strcspn(text, ",");
        size_t kept = len;
        while (kept > 0 && text[kept - 1] == ' ') kept--;
        if (kept > 0) json_array_append_new(list, json_stringn(text, kept));
        text += len;
        if (*text == ',') text++;
    }
    return list;
}

static json_t *list_from(const struct schema_entry *entry, json_t *value, bool lenient) {
    json_t *list =
        lenient && json_is_string(value) ? split(json_string_value(value)) : json_incref(value);
    size_t index;
    json_t *item;
    bool good = json_is_array(list) && (double)json_array_size(list) >= entry->min &&
                (double)json_array_size(list) <= entry->max;
    if (good) {
        json_array_foreach(list, index, item) {
            good = good && json_is_string(item) && json_string_length(item) <= ITEM_MAX_BYTES;
        }
    }
    if (good) return list;
    json_decref(list);
    return NULL;
}

muster_status schema_check_value(const struct schema_entry *entry, json_t *value, bool lenient,
                                 json_t **out, struct schema_error *error) {
    json_t *good = NULL;
    switch (entry->type) {
    case SCHEMA_BOOL: good = bool_from(value, lenient); break;
    case SCHEMA_INT:
    case SCHEMA_DURATION: good = int_from(entry, value, lenient); break;
    case SCHEMA_NUMBER: good = number_from(entry, value, lenient); break;
    case SCHEMA_STRING: good = string_from(entry, value); break;
    case SCHEMA_ENUM: good = enum_from(entry, value); break;
    case SCHEMA_LIST: good = list_from(entry, value, lenient); break;
    }
    *out = good;
    return good ? MUSTER_OK : fail_expected(entry, value, error);
}

/* ---- objects of values ---- */

static muster_status fail_unknown(const struct schema *schema, const char *key,
                                  struct schema_error *error) {
    const char **names = calloc(schema->count + 1u, sizeof(*names));
    if (!names) return MUSTER_NO_MEMORY;
    for (uint32_t i = 0; i < schema->count; i++) names[i] = schema->entries[i].key;
    const char *near = schema_nearest(key, names, schema->count);
    snprintf(error->key, sizeof(error->key), "%s", key);
    if (near)
        snprintf(error->text, sizeof(error->text), "%s: unknown key; did you mean \"%s\"?",
                 error->key, near);
    else
        snprintf(error->text, sizeof(error->text), "%s: unknown key", error->key);
    free(names);
    return MUSTER_INVALID;
}

static muster_status check_keys(const struct schema *schema, json_t *values,
                                struct schema_error *error) {
    const char *key;
    json_t *value;
    json_object_foreach(values, key, value) {
        if (!schema_find(schema, key)) return fail_unknown(schema, key, error);
    }
    return MUSTER_OK;
}

muster_status schema_check(const struct schema *schema, json_t *values, json_t **out,
                           struct schema_error *error) {
    *out = NULL;
    *error = (struct schema_error){0};
    if (values && !json_is_object(values)) {
        snprintf(error->text, sizeof(error->text), "expected an object");
        return MUSTER_INVALID;
    }
    muster_status status = check_keys(schema, values, error);
    json_t *checked = status == MUSTER_OK ? json_object() : NULL;
    for (uint32_t i = 0; status == MUSTER_OK && i < schema->count; i++) {
        const struct schema_entry *entry = &schema->entries[i];
        json_t *value = json_object_get(values, entry->key);
        json_t *good = NULL;
        status = schema_check_value(entry, value ? value : entry->fallback, false, &good, error);
        if (status == MUSTER_OK && json_object_set_new(checked, entry->key, good) != 0)
            status = MUSTER_NO_MEMORY;
    }
    if (status == MUSTER_OK)
        *out = checked;
    else
        json_decref(checked);
    return status;
}
