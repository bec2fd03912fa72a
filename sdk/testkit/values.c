/* values.c - keys of a schema (docs/plugin-guide.md, "Schemas") with their checked values. Used for
 * plugin configuration and for lobby settings. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *entry_text(const json_t *entry, const char *field) {
    const char *text = json_string_value(json_object_get(entry, field));
    return text ? text : "";
}

static bool is_integer_type(const char *type) {
    return strcmp(type, "int") == 0 || strcmp(type, "duration") == 0;
}

static bool in_range(const json_t *entry, double v) {
    const json_t *min = json_object_get(entry, "min");
    const json_t *max = json_object_get(entry, "max");
    return (!min || v >= json_number_value(min)) && (!max || v <= json_number_value(max));
}

static bool is_listed(const json_t *entry, const char *text) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(entry, "values"), i, item) {
        if (strcmp(json_string_value(item), text) == 0) return true;
    }
    return false;
}

static bool value_ok(const json_t *entry, const json_t *value) {
    const char *type = entry_text(entry, "type");
    if (strcmp(type, "bool") == 0) return json_is_boolean(value);
    if (is_integer_type(type))
        return json_is_integer(value) && in_range(entry, (double)json_integer_value(value));
    if (strcmp(type, "number") == 0)
        return json_is_number(value) && in_range(entry, json_number_value(value));
    if (strcmp(type, "string") == 0)
        return json_is_string(value) && in_range(entry, (double)json_string_length(value));
    if (strcmp(type, "enum") == 0)
        return json_is_string(value) && is_listed(entry, json_string_value(value));
    if (strcmp(type, "list") == 0)
        return json_is_array(value) && in_range(entry, (double)json_array_size(value));
    return false;
}

struct value *values_find(struct value *table, const char *key) {
    struct value *value;
    DL_FOREACH(table, value) {
        if (strcmp(value->key, key) == 0) return value;
    }
    return NULL;
}

static muster_status entry_add(struct value *table, struct value **added, json_t *entry,
                               char *error, size_t cap) {
    const char *key = entry_text(entry, "key");
    json_t *fallback = json_object_get(entry, "default");
    if (!*key || !fallback || !value_ok(entry, fallback)) {
        snprintf(error, cap, "schema: key \"%s\": type or default is wrong", key);
        return MUSTER_INVALID;
    }
    if (values_find(table, key) || values_find(*added, key)) {
        snprintf(error, cap, "schema: key \"%s\" is taken", key);
        return MUSTER_EXISTS;
    }
    struct value *value = kit_alloc(sizeof(*value));
    value->entry = json_incref(entry);
    value->value = json_incref(fallback);
    value->key = key;
    DL_APPEND(*added, value);
    return MUSTER_OK;
}

/* All of them or none. */
muster_status values_add(struct value **table, const char *schema_json, char *error, size_t cap) {
    json_error_t where = {0};
    json_t *schema = json_loads(schema_json, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_array(schema)) {
        snprintf(error, cap, "schema: %s", schema ? "an array expected" : where.text);
        json_decref(schema);
        return MUSTER_INVALID;
    }
    muster_status status = MUSTER_OK;
    struct value *added = NULL;
    size_t i;
    json_t *entry;
    json_array_foreach(schema, i, entry) {
        if (status == MUSTER_OK) status = entry_add(*table, &added, entry, error, cap);
    }
    json_decref(schema);
    if (status == MUSTER_OK)
        DL_CONCAT(*table, added);
    else
        values_free(&added);
    return status;
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

static json_t *value_parse(const json_t *entry, const char *text) {
    const char *type = entry_text(entry, "type");
    if (strcmp(type, "string") == 0 || strcmp(type, "enum") == 0) return json_string(text);
    if (strcmp(type, "list") == 0) return list_parse(text);
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

bool values_set(struct value *table, const char *key, const char *text, char *error, size_t cap) {
    struct value *value = values_find(table, key);
    json_t *parsed = value ? value_parse(value->entry, text) : NULL;
    if (!value || !parsed || !value_ok(value->entry, parsed)) {
        snprintf(error, cap, "%s: %s", key, value ? "value not allowed" : "unknown key");
        json_decref(parsed);
        return false;
    }
    json_decref(value->value);
    value->value = parsed;
    return true;
}

muster_status values_check(struct value *table, const char *object_json, char *error, size_t cap) {
    json_t *object = json_loads(object_json, JSON_REJECT_DUPLICATES, NULL);
    muster_status status = json_is_object(object) ? MUSTER_OK : MUSTER_INVALID;
    if (status != MUSTER_OK) snprintf(error, cap, "an object expected");
    const char *key;
    json_t *given;
    json_object_foreach(object, key, given) {
        const struct value *value = values_find(table, key);
        if (!value || value_ok(value->entry, given)) continue;
        snprintf(error, cap, "%s: value not allowed", key);
        status = MUSTER_INVALID;
    }
    json_decref(object);
    return status;
}

muster_status values_check_all(struct value *table, const json_t *object, char *error, size_t cap) {
    const char *key;
    json_t *given;
    json_object_foreach((json_t *)object, key, given) {
        const struct value *value = values_find(table, key);
        if (value && value_ok(value->entry, given)) continue;
        snprintf(error, cap, "%s: %s", key, value ? "value not allowed" : "unknown key");
        return value ? MUSTER_INVALID : MUSTER_NOT_FOUND;
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
        json_decref(value->entry);
        free(value);
    }
}
