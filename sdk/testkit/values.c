/* values.c - keys of a schema (docs/plugin-guide.md, "Schemas") with their values, checked by the
 * daemon's own code. Used for plugin configuration and for lobby settings. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

/* As the daemon says it: "limit: expected int 1 to 5, found 9". */
static bool value_take(struct value *value, json_t *given, bool is_text, char *error, size_t cap) {
    struct schema_error wrong = {0};
    json_t *taken = NULL;
    if (schema_check_value(&value->entry, given, is_text, &taken, &wrong) != MUSTER_OK) {
        snprintf(error, cap, "%s", wrong.text);
        return false;
    }
    json_decref(value->value);
    value->value = taken;
    return true;
}

static bool value_ok(const struct value *value, json_t *given, char *error, size_t cap) {
    struct value copy = {.entry = value->entry};
    bool good = value_take(&copy, given, false, error, cap);
    json_decref(copy.value);
    return good;
}

struct value *values_find(struct value *table, const char *key) {
    struct value *value;
    DL_FOREACH(table, value) {
        if (strcmp(value->key, key) == 0) return value;
    }
    return NULL;
}

static void entry_add(struct value **table, const struct schema_entry *entry) {
    struct value *value = kit_alloc(sizeof(*value));
    value->entry = *entry;
    value->entry.json = json_incref(entry->json);
    value->value = json_incref(entry->fallback);
    value->key = entry->key;
    DL_APPEND(*table, value);
}

static const char *taken_key(struct value *table, const struct schema *schema) {
    for (uint32_t i = 0; i < schema->count; i++)
        if (values_find(table, schema->entries[i].key)) return schema->entries[i].key;
    return NULL;
}

/* All of them or none. */
muster_status values_add(struct value **table, const char *schema_json, char *error, size_t cap) {
    struct schema schema = {0};
    struct schema_error wrong = {0};
    muster_status status = schema_parse(schema_json, &schema, &wrong);
    if (status != MUSTER_OK) {
        snprintf(error, cap, "schema: %s", wrong.text);
        return status;
    }
    const char *taken = taken_key(*table, &schema);
    for (uint32_t i = 0; !taken && i < schema.count; i++) entry_add(table, &schema.entries[i]);
    if (taken) snprintf(error, cap, "schema: key \"%s\" is taken", taken);
    schema_deinit(&schema);
    return taken ? MUSTER_EXISTS : MUSTER_OK;
}

static json_t *list_parse(const char *text) {
    json_t *list = json_array();
    char *copy = kit_copy(text);
    char *rest = NULL;
    for (char *item = strtok_r(copy, ",", &rest); item; item = strtok_r(NULL, ",", &rest))
        json_array_append_new(list, json_string(item));
    free(copy);
    return list;
}

bool values_set(struct value *table, const char *key, const char *text, char *error, size_t cap) {
    struct value *value = values_find(table, key);
    if (!value) {
        snprintf(error, cap, "%s: unknown key", key);
        return false;
    }
    json_t *given = value->entry.type == SCHEMA_LIST ? list_parse(text) : json_string(text);
    bool good = value_take(value, given, true, error, cap);
    json_decref(given);
    return good;
}

muster_status values_check(struct value *table, const char *object_json, char *error, size_t cap) {
    json_t *object = json_loads(object_json, JSON_REJECT_DUPLICATES, NULL);
    muster_status status = json_is_object(object) ? MUSTER_OK : MUSTER_INVALID;
    if (status != MUSTER_OK) snprintf(error, cap, "an object expected");
    const char *key;
    json_t *given;
    json_object_foreach(object, key, given) {
        const struct value *value = values_find(table, key);
        if (value && !value_ok(value, given, error, cap)) status = MUSTER_INVALID;
    }
    json_decref(object);
    return status;
}

muster_status values_check_all(struct value *table, const json_t *object, char *error, size_t cap) {
    const char *key;
    json_t *given;
    json_object_foreach((json_t *)object, key, given) {
        const struct value *value = values_find(table, key);
        if (!value) snprintf(error, cap, "%s: unknown key", key);
        if (!value) return MUSTER_NOT_FOUND;
        if (!value_ok(value, given, error, cap)) return MUSTER_INVALID;
    }
    return MUSTER_OK;
}

void values_put(struct value *table, const json_t *object) {
    const char *key;
    json_t *given;
    json_object_foreach((json_t *)object, key, given) {
        struct value *value = values_find(table, key);
        json_decref(value->value);
        value->value = json_incref(given);
    }
}

json_t *values_object(struct value *table) {
    json_t *object = json_object();
    struct value *value;
    DL_FOREACH(table, value) json_object_set(object, value->key, value->value);
    return object;
}

muster_status values_write(const json_t *value, struct muster_writer *out) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (!text) return MUSTER_NOT_FOUND;
    muster_put_bytes(out, text, (uint32_t)strlen(text));
    free(text);
    return out->overflow ? MUSTER_LIMIT : MUSTER_OK;
}

bool values_is_object(const char *text) {
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool is_object = json_is_object(json);
    json_decref(json);
    return is_object;
}

void values_free(struct value **table) {
    struct value *value, *next;
    DL_FOREACH_SAFE(*table, value, next) {
        DL_DELETE(*table, value);
        json_decref(value->value);
        json_decref(value->entry.json);
        free(value);
    }
}
