/* mod_settings - settings.json: the schema of a mod's settings, as lobby settings.
 *
 * Entry by entry what the host would refuse too (core/config/schema.h), so that a modder reads file
 * and place; only whether a key is taken is left to the host.
 */
#include "mod_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LOBBY_KEY_BYTES_MAX = 64, VALUES_MAX = 64, STRING_BYTES_MAX = 4096, ITEMS_MAX = 64 };

static const char *const attributes[] = {"key",  "type",  "default", "min",  "max",    "unit",
                                         "help", "label", "group",   "when", "secret", "values"};
enum { ATTRIBUTE_COUNT = sizeof attributes / sizeof *attributes };

static const struct {
    const char *name;
    enum mod_setting_type type;
} types[] = {
    {"bool", MOD_SETTING_BOOL},         {"int", MOD_SETTING_INT},   {"number", MOD_SETTING_NUMBER},
    {"string", MOD_SETTING_STRING},     {"enum", MOD_SETTING_ENUM}, {"list", MOD_SETTING_LIST},
    {"duration", MOD_SETTING_DURATION},
};

/* ---- keys */

/* mirror_damage and percent: mirrorDamagePercent. False: it would be too long. */
static bool rule_key(const char *id, const char *key, char *out) {
    size_t used = 0;
    bool is_upper = false;
    if (strlen(id) + strlen(key) > LOBBY_KEY_BYTES_MAX) return false;
    for (; *id; id++) {
        if (*id != '_') out[used++] = is_upper ? (char)toupper((unsigned char)*id) : *id;
        is_upper = *id == '_';
    }
    strcpy(out + used, key);
    out[used] = (char)toupper((unsigned char)*key);
    return true;
}

static muster_status set_keys(struct mod *mod, const struct json_place *place, const json_t *value,
                              struct mod_setting *setting) {
    char lobby_key[LOBBY_KEY_BYTES_MAX + 1];
    const char *key = json_string_value(value);
    if (!key || !mod_json_key_is_camel(key))
        return mod_json_fail(place, value,
                             "a camelCase name of letters and digits, like \"percent\"");
    if (mod_setting(mod, key)) return mod_json_fail(place, value, "each key only once");
    bool fits = true;
    if (mod->kind == MOD_RULE)
        fits = rule_key(mod->id, key, lobby_key);
    else
        strcpy(lobby_key, key);
    if (!fits) return mod_json_fail(place, value, "id and key together at most 64 bytes");
    setting->key = mod_memory_copy(place->memory, key, strlen(key));
    setting->lobby_key = mod_memory_copy(place->memory, lobby_key, strlen(lobby_key));
    return setting->key && setting->lobby_key ? MUSTER_OK : MUSTER_NO_MEMORY;
}

/* ---- values */

static muster_status set_type(const struct json_place *place, const json_t *value,
                              struct mod_setting *setting) {
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) setting->type = types[i].type;
    if (setting->type) return MUSTER_OK;
    return mod_json_fail(place, value, "bool, int, number, string, enum, list or duration");
}

static bool are_strings(const json_t *list) {
    size_t i;
    json_t *item;
    if (!json_is_array(list)) return false;
    json_array_foreach(list, i, item) {
        if (!json_is_string(item)) return false;
    }
    return true;
}

static bool is_of(const json_t *value, const json_t *values) {
    size_t i;
    json_t *item;
    json_array_foreach(values, i, item) {
        if (json_equal(item, value)) return true;
    }
    return false;
}

static muster_status check_values(const struct json_place *place, const json_t *entry,
                                  const struct mod_setting *setting) {
    const json_t *values = json_object_get(entry, "values");
    struct json_place field = mod_json_field(place, "values");
    if (setting->type != MOD_SETTING_ENUM)
        return values ? mod_json_fail(&field, values, "nothing, as it is no enum") : MUSTER_OK;
    if (are_strings(values) && json_array_size(values) && json_array_size(values) <= VALUES_MAX)
        return MUSTER_OK;
    return mod_json_fail(&field, values, "a list of 1 to 64 strings");
}

/* Of values, of bytes or of items; by default as the host has it. */
struct range {
    double min, max;
};

static struct range default_range(enum mod_setting_type type) {
    static const double integer_max = 9007199254740991.0; /* that a double keeps */
    switch (type) {
    case MOD_SETTING_INT:
    case MOD_SETTING_NUMBER: return (struct range){-integer_max, integer_max};
    case MOD_SETTING_STRING: return (struct range){0, STRING_BYTES_MAX};
    case MOD_SETTING_LIST: return (struct range){0, ITEMS_MAX};
    case MOD_SETTING_DURATION: return (struct range){0, INT32_MAX};
    case MOD_SETTING_BOOL:
    case MOD_SETTING_ENUM: break;
    }
    return (struct range){0, 0};
}

static muster_status read_range(const struct json_place *place, const json_t *entry,
                                const struct mod_setting *setting, struct range *range) {
    const json_t *min = json_object_get(entry, "min"), *max = json_object_get(entry, "max");
    struct json_place min_field = mod_json_field(place, "min"),
                      max_field = mod_json_field(place, "max");
    *range = default_range(setting->type);
    if (min && !json_is_number(min)) return mod_json_fail(&min_field, min, "a number");
    if (max && !json_is_number(max)) return mod_json_fail(&max_field, max, "a number");
    if (min) range->min = json_number_value(min);
    if (max) range->max = json_number_value(max);
    if (range->min <= range->max) return MUSTER_OK;
    return max ? mod_json_fail(&max_field, max, "at least min")
               : mod_json_fail(&min_field, min, "at most the largest value");
}

static bool is_word_of(const json_t *value, const char *a, const char *b) {
    const char *word = json_string_value(value);
    return word && (strcmp(word, a) == 0 || strcmp(word, b) == 0);
}

static muster_status check_words(const struct json_place *place, const json_t *entry,
                                 const struct mod_setting *setting) {
    const json_t *when = json_object_get(entry, "when"), *unit = json_object_get(entry, "unit");
    const json_t *secret = json_object_get(entry, "secret");
    struct json_place when_field = mod_json_field(place, "when"),
                      unit_field = mod_json_field(place, "unit");
    struct json_place secret_field = mod_json_field(place, "secret");
    if (when && !is_word_of(when, "setup", "always"))
        return mod_json_fail(&when_field, when, "setup (not while a match runs) or always");
    if (setting->type == MOD_SETTING_DURATION && !is_word_of(unit, "ms", "s"))
        return mod_json_fail(&unit_field, unit, "ms or s, as it is a duration");
    if (secret && !json_is_boolean(secret))
        return mod_json_fail(&secret_field, secret, "true or false");
    return MUSTER_OK;
}

static bool is_within(const struct mod_setting *setting, const json_t *value,
                      const struct range *range) {
    double size = json_is_string(value)  ? (double)json_string_length(value)
                  : json_is_array(value) ? (double)json_array_size(value)
                                         : json_number_value(value);
    if (setting->type == MOD_SETTING_BOOL || setting->type == MOD_SETTING_ENUM) return true;
    return size >= range->min && size <= range->max;
}

static bool has_type(const struct mod_setting *setting, const json_t *value, const json_t *values) {
    switch (setting->type) {
    case MOD_SETTING_BOOL: return json_is_boolean(value);
    case MOD_SETTING_INT:
    case MOD_SETTING_DURATION: return json_is_integer(value);
    case MOD_SETTING_NUMBER: return json_is_number(value);
    case MOD_SETTING_STRING: return json_is_string(value);
    case MOD_SETTING_ENUM: return is_of(value, values);
    case MOD_SETTING_LIST: return are_strings(value);
    }
    return false;
}

static muster_status set_default(const struct json_place *place, const json_t *entry,
                                 struct mod_setting *setting) {
    const json_t *value = json_object_get(entry, "default");
    const char *type = json_string_value(json_object_get(entry, "type"));
    struct json_place field = mod_json_field(place, "default");
    char expected[80];
    struct range range;
    muster_status status = read_range(place, entry, setting, &range);
    if (status) return status;
    snprintf(expected, sizeof expected, "a value of type %s", type);
    if (!value || !has_type(setting, value, json_object_get(entry, "values")))
        return mod_json_fail(&field, value, expected);
    snprintf(expected, sizeof expected, "%.16g to %.16g%s", range.min, range.max,
             setting->type == MOD_SETTING_STRING ? " bytes"
             : setting->type == MOD_SETTING_LIST ? " items"
                                                 : "");
    if (!is_within(setting, value, &range)) return mod_json_fail(&field, value, expected);
    setting->default_json = mod_json_text(place, value);
    return setting->default_json ? MUSTER_OK : MUSTER_NO_MEMORY;
}

/* ---- one entry */

static muster_status check_attributes(const struct json_place *place, json_t *entry) {
    const char *key;
    json_t *value;
    json_object_foreach(entry, key, value) {
        int i = 0;
        struct json_place field = mod_json_field(place, key);
        while (i < ATTRIBUTE_COUNT && strcmp(key, attributes[i]) != 0) i++;
        if (i == ATTRIBUTE_COUNT) return mod_json_unknown(&field, key, attributes, ATTRIBUTE_COUNT);
    }
    return MUSTER_OK;
}

/* In the lobby's form settings stand by groups: those of a rule under its name. */
static muster_status to_lobby(const struct mod *mod, json_t *entry,
                              const struct mod_setting *setting) {
    bool done = json_object_set_new(entry, "key", json_string(setting->lobby_key)) == 0;
    if (done && !json_object_get(entry, "group"))
        done = json_object_set_new(entry, "group", json_string(mod->name)) == 0;
    return done ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static muster_status read_entry(struct mod *mod, const struct json_place *place, json_t *entry,
                                struct mod_setting *setting) {
    if (!json_is_object(entry)) return mod_json_fail(place, entry, "an object");
    struct json_place key = mod_json_field(place, "key"), type = mod_json_field(place, "type");
    muster_status status = check_attributes(place, entry);
    if (!status) status = set_keys(mod, &key, json_object_get(entry, "key"), setting);
    if (!status) status = set_type(&type, json_object_get(entry, "type"), setting);
    if (!status) status = check_values(place, entry, setting);
    if (!status) status = check_words(place, entry, setting);
    if (!status) status = set_default(place, entry, setting);
    return status ? status : to_lobby(mod, entry, setting);
}

static muster_status read_entries(struct mod *mod, const struct json_place *place, json_t *json) {
    struct mod_setting *settings;
    uint32_t count;
    muster_status status =
        mod_json_list(place, json, MOD_SETTINGS_MAX, sizeof *settings, &settings, &count);
    if (status) return status;
    mod->settings = settings;
    for (uint32_t i = 0; !status && i < count; i++) {
        struct json_place item = mod_json_item(place, i);
        status = read_entry(mod, &item, json_array_get(json, i), &settings[i]);
        if (!status) mod->setting_count++;
    }
    return status;
}

muster_status mod_settings_read(struct mod *mod, const struct mod_source *source,
                                struct mod_error *error) {
    struct json_place place = {source->path, "settings", &mod->memory, error};
    json_t *json = mod_json_read(source, error);
    if (!json) return MUSTER_INVALID;
    muster_status status = read_entries(mod, &place, json);
    if (!status && mod->setting_count) {
        mod->settings_json = mod_json_text(&place, json);
        if (!mod->settings_json) status = MUSTER_NO_MEMORY;
    }
    json_decref(json);
    return status;
}
