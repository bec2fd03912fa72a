/* config_core - the core's own sections: their schema, and their values as a struct.
 *
 * Both are made of config_keys.def. Called by config.
 */
#include "config_internal.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_SCHEMA_MAX_BYTES = 16384 };

enum member { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_FLAG, MEMBER_LIST };
enum applies { APPLIES_LIVE, APPLIES_RESTART };

struct core_key {
    const char *section;
    const char *key;
    const char *schema; /* its entry */
    enum applies applies;
    enum member member;
    size_t offset; /* in struct config_core */
};

#define TEXT_OF(value) #value
#define ROW(section, field, key, applies, member, type, fallback, more, help)                      \
    {#section,                                                                                     \
     key,                                                                                          \
     "{\"key\":\"" key "\",\"type\":\"" type "\",\"default\":" fallback more ",\"help\":\"" help   \
     "\"}",                                                                                        \
     APPLIES_##applies,                                                                            \
     MEMBER_##member,                                                                              \
     offsetof(struct config_core, section.field)},
#define RANGED(section, field, key, applies, type, fallback, min, max, unit, help)                 \
    ROW(section, field, key, applies, NUMBER, type, TEXT_OF(fallback),                             \
        ",\"min\":" TEXT_OF(min) ",\"max\":" TEXT_OF(max) ",\"unit\":\"" unit "\"", help)

/* Those of one section together, in the order of the file. */
static const struct core_key core_keys[] = {
#define STRING(section, field, key, applies, fallback, max, help)                                  \
    ROW(section, field, key, applies, TEXT, "string", "\"" fallback "\"",                          \
        ",\"max\":" TEXT_OF(max), help)
#define SECRET(section, field, key, applies, max, help)                                            \
    ROW(section, field, key, applies, TEXT, "string", "\"\"",                                      \
        ",\"max\":" TEXT_OF(max) ",\"secret\":true", help)
#define WORD(section, field, key, applies, fallback, values, help)                                 \
    ROW(section, field, key, applies, TEXT, "enum", "\"" fallback "\"", ",\"values\":" values, help)
#define LIST(section, field, key, applies, fallback, max, help)                                    \
    ROW(section, field, key, applies, LIST, "list", fallback, ",\"max\":" TEXT_OF(max), help)
#define BOOL(section, field, key, applies, fallback, help)                                         \
    ROW(section, field, key, applies, FLAG, "bool", #fallback, "", help)
#define INT(section, field, key, applies, fallback, min, max, unit, help)                          \
    RANGED(section, field, key, applies, "int", fallback, min, max, unit, help)
#define DURATION(section, field, key, applies, fallback, min, max, unit, help)                     \
    RANGED(section, field, key, applies, "duration", fallback, min, max, unit, help)
#include "config_keys.def"
};
enum { CORE_KEYS = sizeof core_keys / sizeof *core_keys };

/* Numbers are uint32_t in the struct. */
#define INT(section, field, key, applies, fallback, min, max, unit, help)                          \
    static_assert((min) >= 0 && (max) <= UINT32_MAX, key);
#define DURATION(section, field, key, applies, fallback, min, max, unit, help)                     \
    static_assert((min) >= 0 && (max) <= UINT32_MAX, key);
#include "config_keys.def"

static const struct core_key *find_key(const char *section, const char *key) {
    for (size_t i = 0; i < CORE_KEYS; i++)
        if (strcmp(core_keys[i].section, section) == 0 && strcmp(core_keys[i].key, key) == 0)
            return &core_keys[i];
    return NULL;
}

bool config_needs_restart(const struct config_section *section, const char *key) {
    const struct core_key *found = section->core ? find_key(section->name, key) : NULL;
    return found && found->applies == APPLIES_RESTART;
}

/* The index after the section that begins at `first`. */
static size_t section_text(size_t first, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "["), i = first;
    for (; i < CORE_KEYS && strcmp(core_keys[i].section, core_keys[first].section) == 0; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > first ? "," : "",
                                 core_keys[i].schema);
    snprintf(text + used, size - used, "]");
    return i;
}

muster_status config_core_sections(config_section_fn *fn, struct config *config, char *error) {
    static char text[SECTION_SCHEMA_MAX_BYTES];
    muster_status all = MUSTER_OK;
    for (size_t i = 0; i < CORE_KEYS;) {
        const char *name = core_keys[i].section;
        i = section_text(i, text, sizeof text);
        struct schema schema;
        struct schema_error wrong;
        muster_status status = schema_parse(text, &schema, &wrong);
        if (status != MUSTER_OK) return config_fail(error, "%s.%s", name, wrong.text);
        all = config_worse(all, fn(config, name, &schema, error));
        schema_deinit(&schema);
    }
    return all;
}

/* ---- values ---- */

static const json_t *value_of(const struct config *config, const struct core_key *key) {
    for (uint32_t i = 0; i < config->section_count; i++) {
        const struct config_section *section = &config->sections[i];
        if (strcmp(section->name, key->section) != 0) continue;
        const struct schema_entry *entry = schema_find(&section->schema, key->key);
        return section->values[entry - section->schema.entries].json;
    }
    return NULL;
}

bool config_list_has(const struct config_list *list, const char *text) {
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0) return true;
    return false;
}

static muster_status fill_list(struct config_list *list, const json_t *value) {
    size_t count = json_array_size(value);
    const char **items = calloc(count + 1, sizeof *items);
    if (!items) return MUSTER_NO_MEMORY;
    for (size_t i = 0; i < count; i++) items[i] = json_string_value(json_array_get(value, i));
    *list = (struct config_list){.items = items, .count = (uint32_t)count};
    return MUSTER_OK;
}

static muster_status fill_member(void *member, enum member kind, const json_t *value) {
    switch (kind) {
    case MEMBER_TEXT: *(const char **)member = json_string_value(value); break;
    case MEMBER_NUMBER: *(uint32_t *)member = (uint32_t)json_integer_value(value); break;
    case MEMBER_FLAG: *(bool *)member = json_is_true(value); break;
    case MEMBER_LIST: return fill_list(member, value);
    }
    return MUSTER_OK;
}

static void *member_of(struct config_core *core, const struct core_key *key) {
    return (char *)core + key->offset;
}

muster_status config_core_fill(struct config *config) {
    muster_status status = MUSTER_OK;
    for (size_t i = 0; i < CORE_KEYS && status == MUSTER_OK; i++) {
        const struct core_key *key = &core_keys[i];
        status = fill_member(member_of(&config->core, key), key->member, value_of(config, key));
    }
    return status;
}

void config_core_deinit(struct config_core *core) {
    for (size_t i = 0; i < CORE_KEYS; i++) {
        if (core_keys[i].member != MEMBER_LIST) continue;
        struct config_list *list = member_of(core, &core_keys[i]);
        free((void *)list->items);
    }
}
