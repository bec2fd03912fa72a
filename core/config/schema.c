/* schema - parsing and merging the descriptions of keys.
 *
 * Owns the entries of each schema. Values are checked in schema_value.c. Called by config (the
 * core's and the plugins' sections) and lobby (settings).
 */
#include "schema.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX_BYTES = 262144,
    ENTRIES_MAX = 512,
    KEY_MAX_BYTES = 64,
    STRING_MAX_BYTES = 4096, /* where an entry has no max */
    LIST_MAX_ITEMS = 64,
    NAMES_MAX = 64, /* of an edit distance */
};

/* The largest integers that a JSON reader with doubles keeps. */
static const double int_max = 9007199254740991.0;

static const struct {
    const char *name;
    enum schema_type type;
} types[] = {
    {"bool", SCHEMA_BOOL},         {"int", SCHEMA_INT},   {"number", SCHEMA_NUMBER},
    {"string", SCHEMA_STRING},     {"enum", SCHEMA_ENUM}, {"list", SCHEMA_LIST},
    {"duration", SCHEMA_DURATION},
};

static const char *const attributes[] = {
    "key",  "type",  "default", "min",  "max",    "unit",
    "help", "label", "group",   "when", "secret", "values",
};
enum { ATTRIBUTE_COUNT = sizeof(attributes) / sizeof(*attributes) };

/* ---- errors ---- */

static muster_status fail(struct schema_error *error, const char *key, const char *format, ...)
    MUSTER_PRINTF(3, 4);
static muster_status fail(struct schema_error *error, const char *key, const char *format, ...) {
    snprintf(error->key, sizeof(error->key), "%s", key);
    int used = snprintf(error->text, sizeof(error->text), "%s: ", error->key);
    va_list args;
    va_start(args, format);
    vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, args);
    va_end(args);
    return MUSTER_INVALID;
}

/* ---- one entry ---- */

static bool key_is_good(const char *key) {
    size_t len = strlen(key);
    if (len == 0 || len > KEY_MAX_BYTES || !islower((unsigned char)key[0])) return false;
    for (size_t i = 1; i < len; i++)
        if (!isalnum((unsigned char)key[i])) return false;
    return true;
}

static muster_status check_attributes(json_t *json, const char *key, struct schema_error *error) {
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value) {
        bool known = false;
        for (int i = 0; i < ATTRIBUTE_COUNT; i++) known |= strcmp(name, attributes[i]) == 0;
        if (known) continue;
        const char *near = schema_nearest(name, attributes, ATTRIBUTE_COUNT);
        if (near) return fail(error, key, "unknown \"%s\"; did you mean \"%s\"?", name, near);
        return fail(error, key, "unknown \"%s\"", name);
    }
    return MUSTER_OK;
}

static enum schema_type type_of(json_t *json) {
    const char *name = json_string_value(json_object_get(json, "type"));
    for (size_t i = 0; name && i < sizeof(types) / sizeof(*types); i++)
        if (strcmp(types[i].name, name) == 0) return types[i].type;
    return 0;
}

static void set_default_range(struct schema_entry *entry) {
    switch (entry->type) {
    case SCHEMA_INT:
    case SCHEMA_NUMBER:
        entry->min = -int_max;
        entry->max = int_max;
        break;
    case SCHEMA_STRING: entry->max = STRING_MAX_BYTES; break;
    case SCHEMA_LIST: entry->max = LIST_MAX_ITEMS; break;
    case SCHEMA_DURATION: entry->max = INT32_MAX; break;
    case SCHEMA_BOOL:
    case SCHEMA_ENUM: break;
    }
}

static muster_status read_range(struct schema_entry *entry, struct schema_error *error) {
    json_t *min = json_object_get(entry->json, "min");
    json_t *max = json_object_get(entry->json, "max");
    set_default_range(entry);
    if ((min && !json_is_number(min)) || (max && !json_is_number(max)))
        return fail(error, entry->key, "min and max must be numbers");
    if (min) entry->min = json_number_value(min);
    if (max) entry->max = json_number_value(max);
    if (entry->min > entry->max) return fail(error, entry->key, "min is above max");
    return MUSTER_OK;
}

static muster_status read_values(struct schema_entry *entry, struct schema_error *error) {
    entry->values = json_object_get(entry->json, "values");
    if (entry->type != SCHEMA_ENUM)
        return entry->values ? fail(error, entry->key, "only an enum has \"values\"") : MUSTER_OK;
    if (!json_is_array(entry->values) || json_array_size(entry->values) == 0)
        return fail(error, entry->key, "an enum needs \"values\", a list of strings");
    size_t index;
    json_t *value;
    json_array_foreach(entry->values, index, value) {
        if (!json_is_string(value))
            return fail(error, entry->key, "\"values\" must be a list of strings");
    }
    return MUSTER_OK;
}

static muster_status read_flags(struct schema_entry *entry, struct schema_error *error) {
    json_t *secret = json_object_get(entry->json, "secret");
    json_t *when = json_object_get(entry->json, "when");
    const char *unit = json_string_value(json_object_get(entry->json, "unit"));
    const char *when_text = when ? json_string_value(when) : "setup";
    if (secret && !json_is_boolean(secret))
        return fail(error, entry->key, "\"secret\" must be true or false");
    entry->secret = json_is_true(secret);
    if (!when_text || (strcmp(when_text, "setup") != 0 && strcmp(when_text, "always") != 0))
        return fail(error, entry->key, "\"when\" must be \"setup\" or \"always\"");
    entry->always = strcmp(when_text, "always") == 0;
    if (entry->type == SCHEMA_DURATION &&
        (!unit || (strcmp(unit, "ms") != 0 && strcmp(unit, "s") != 0)))
        return fail(error, entry->key, "a duration needs \"unit\": \"ms\" or \"s\"");
    return MUSTER_OK;
}

static muster_status check_fallback(struct schema_entry *entry, struct schema_error *error) {
    entry->fallback = json_object_get(entry->json, "default");
    if (!entry->fallback) return fail(error, entry->key, "\"default\" is missing");
    json_t *value = NULL;
    struct schema_error inner;
    muster_status status = schema_check_value(entry, entry->fallback, false, &value, &inner);
    json_decref(value);
    if (status == MUSTER_INVALID)
        return fail(error, entry->key, "default: %s", inner.text + strlen(inner.key) + 2);
    return status;
}

/* Takes a reference to json. */
static muster_status read_entry(json_t *json, uint32_t index, struct schema_entry *entry,
                                struct schema_error *error) {
    char place[16];
    snprintf(place, sizeof(place), "entry %u", index + 1);
    if (!json_is_object(json)) return fail(error, place, "must be an object");
    *entry = (struct schema_entry){.json = json_incref(json)};
    entry->key = json_string_value(json_object_get(json, "key"));
    if (!entry->key || !key_is_good(entry->key))
        return fail(error, place, "\"key\" must be camelCase, at most %d bytes", KEY_MAX_BYTES);
    muster_status status = check_attributes(json, entry->key, error);
    if (status != MUSTER_OK) return status;
    entry->type = type_of(json);
    if (entry->type == 0)
        return fail(error, entry->key,
                    "\"type\" must be bool, int, number, string, enum, list or duration");
    status = read_range(entry, error);
    if (status == MUSTER_OK) status = read_values(entry, error);
    if (status == MUSTER_OK) status = read_flags(entry, error);
    if (status == MUSTER_OK) status = check_fallback(entry, error);
    return status;
}

/* ---- a schema ---- */

static muster_status read_entries(json_t *array, struct schema *out, struct schema_error *error) {
    size_t count = json_array_size(array);
    if (count == 0) return MUSTER_OK;
    if (count > ENTRIES_MAX) return fail(error, "schema", "more than %d entries", ENTRIES_MAX);
    out->entries = calloc(count, sizeof(*out->entries));
    if (!out->entries) return MUSTER_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        struct schema_entry entry = {0};
        muster_status status = read_entry(json_array_get(array, i), i, &entry, error);
        if (status == MUSTER_OK && schema_find(out, entry.key))
            status = fail(error, entry.key, "stands twice in the schema");
        if (status != MUSTER_OK) {
            json_decref(entry.json);
            return status;
        }
        out->entries[out->count++] = entry;
    }
    return MUSTER_OK;
}

muster_status schema_parse(const char *json_text, struct schema *out, struct schema_error *error) {
    *out = (struct schema){0};
    *error = (struct schema_error){0};
    if (!json_text || !*json_text) return MUSTER_OK; /* nothing to configure */
    size_t len = strnlen(json_text, TEXT_MAX_BYTES + 1u);
    if (len > TEXT_MAX_BYTES) return fail(error, "schema", "over %d bytes", TEXT_MAX_BYTES);
    json_error_t where;
    json_t *array = json_loadb(json_text, len, JSON_REJECT_DUPLICATES, &where);
    if (!array)
        return fail(error, "schema", "line %d, column %d: %s", where.line, where.column,
                    where.text);
    muster_status status = json_is_array(array) ? read_entries(array, out, error)
                                                : fail(error, "schema", "must be a JSON array");
    json_decref(array);
    if (status != MUSTER_OK) schema_deinit(out);
    return status;
}

void schema_deinit(struct schema *schema) {
    for (uint32_t i = 0; i < schema->count; i++) json_decref(schema->entries[i].json);
    free(schema->entries);
    *schema = (struct schema){0};
}

muster_status schema_merge(struct schema *into, const struct schema *from,
                           struct schema_error *error) {
    *error = (struct schema_error){0};
    if (from->count == 0) return MUSTER_OK;
    for (uint32_t i = 0; i < from->count; i++) {
        if (!schema_find(into, from->entries[i].key)) continue;
        fail(error, from->entries[i].key, "another schema has this key already");
        return MUSTER_EXISTS;
    }
    uint32_t count = into->count + from->count;
    struct schema_entry *entries = realloc(into->entries, count * sizeof(*entries));
    if (!entries) return MUSTER_NO_MEMORY;
    into->entries = entries;
    for (uint32_t i = 0; i < from->count; i++) {
        into->entries[into->count] = from->entries[i]; /* the borrowed parts live in json */
        json_incref(into->entries[into->count++].json);
    }
    return MUSTER_OK;
}

muster_status schema_default_set(struct schema *schema, const char *key, json_t *value,
                                 struct schema_error *error) {
    struct schema_entry *entry = (struct schema_entry *)schema_find(schema, key);
    json_t *good = NULL;
    if (!entry) {
        fail(error, key, "unknown key");
        return MUSTER_NOT_FOUND;
    }
    muster_status status = schema_check_value(entry, value, false, &good, error);
    if (status != MUSTER_OK) return status;
    json_t *copy = json_deep_copy(entry->json);
    if (!copy || json_object_set(copy, "default", good) != 0) {
        json_decref(copy);
        json_decref(good);
        return MUSTER_NO_MEMORY;
    }
    json_decref(good);
    json_decref(entry->json);
    entry->json = copy;
    entry->key = json_string_value(json_object_get(copy, "key"));
    entry->values = json_object_get(copy, "values");
    entry->fallback = json_object_get(copy, "default");
    return MUSTER_OK;
}

const char *schema_shared_key(const struct schema *a, const struct schema *b) {
    for (uint32_t i = 0; i < a->count; i++)
        if (schema_find(b, a->entries[i].key)) return a->entries[i].key;
    return NULL;
}

const struct schema_entry *schema_find(const struct schema *schema, const char *key) {
    for (uint32_t i = 0; i < schema->count; i++)
        if (strcmp(schema->entries[i].key, key) == 0) return &schema->entries[i];
    return NULL;
}

json_t *schema_to_json(const struct schema *schema) {
    json_t *array = json_array();
    for (uint32_t i = 0; array && i < schema->count; i++)
        json_array_append(array, schema->entries[i].json);
    return array;
}

/* ---- did you mean ---- */

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Edits (insert, delete, change, swap of neighbours) between two names, case ignored. */
static uint32_t distance(const char *a, const char *b) {
    uint32_t rows[3][NAMES_MAX + 1];
    uint32_t *before = rows[0];
    uint32_t *last = rows[1];
    uint32_t *row = rows[2];
    size_t len = strlen(b);
    for (uint32_t j = 0; j <= len; j++) last[j] = before[j] = j;
    for (uint32_t i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (uint32_t j = 1; j <= len; j++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[j - 1]);
            row[j] = least(last[j - 1] + (x != y), least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        uint32_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[len];
}

const char *schema_nearest(const char *name, const char *const *names, uint32_t n) {
    size_t len = strnlen(name, NAMES_MAX + 1u);
    if (len > NAMES_MAX) return NULL;
    const char *nearest = NULL;
    /* Half of a short name being wrong is another name. */
    uint32_t limit = least(3, len < 4 ? 1 : (uint32_t)len / 2);
    for (uint32_t i = 0; i < n; i++) {
        if (strnlen(names[i], NAMES_MAX + 1u) > NAMES_MAX) continue;
        uint32_t off = distance(name, names[i]);
        if (off > limit) continue;
        nearest = names[i];
        if (off == 0) break;
        limit = off - 1; /* only a nearer one may replace it */
    }
    return nearest;
}
