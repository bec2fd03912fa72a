/* config_print - the effective configuration and its JSON Schema, for people and editors.
 *
 * Owns nothing. Called by main for --print-config and --print-schema.
 */
#include "config_internal.h"

#include <stdlib.h>
#include <string.h>

static void print_origin(FILE *out, const char *variable, enum config_origin origin) {
    switch (origin) {
    case CONFIG_DEFAULT: fputs("default", out); break;
    case CONFIG_FILE: fputs("file", out); break;
    case CONFIG_ENVIRONMENT: fprintf(out, "env %s", variable); break;
    case CONFIG_COMMAND_LINE: fputs("command line", out); break;
    }
}

static void print_json(FILE *out, const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    fputs(text ? text : "null", out);
    free(text);
}

/* An empty secret is shown as empty: that is what an operator looks for. */
static void print_value(FILE *out, const struct schema_entry *entry, const json_t *value) {
    bool empty = json_is_string(value) && json_string_length(value) == 0;
    if (entry->secret && !empty)
        fputs("***", out);
    else
        print_json(out, value);
}

static void print_key(FILE *out, const struct config_section *section, uint32_t index) {
    const struct schema_entry *entry = &section->schema.entries[index];
    const char *unit = json_string_value(json_object_get(entry->json, "unit"));
    const char *help = json_string_value(json_object_get(entry->json, "help"));
    char variable[CONFIG_ENV_MAX_BYTES];
    config_env_name(section->name, entry->key, variable, sizeof(variable));
    fprintf(out, "%s.%s = ", section->name, entry->key);
    print_value(out, entry, section->values[index].json);
    fputs("  # ", out);
    print_origin(out, variable, section->values[index].origin);
    if (unit) fprintf(out, "; %s", unit);
    if (help) fprintf(out, "; %s", help);
    if (config_needs_restart(section, entry->key)) fputs("; a change needs a restart", out);
    fputc('\n', out);
}

void config_print(FILE *out) {
    const struct config *config = config_now;
    fputs("plugins = [", out);
    for (uint32_t i = 0; i < config->plugin_count; i++) {
        const struct config_plugin *plugin = &config->plugins[i];
        fprintf(out, "%s\"%s", i ? "," : "", plugin->name);
        if (strcmp(plugin->name, plugin->instance) != 0) fprintf(out, ":%s", plugin->instance);
        fputc('"', out);
    }
    fputs("]  # ", out);
    print_origin(out, "MUSTER_PLUGINS", config->plugins_origin);
    fputs("; Plugins to load, in order\n", out);
    for (uint32_t i = 0; i < config->section_count; i++)
        for (uint32_t k = 0; k < config->sections[i].schema.count; k++)
            print_key(out, &config->sections[i], k);
}

/* ---- JSON Schema ---- */

static void set_range(json_t *out, const struct schema_entry *entry, const char *min,
                      const char *max) {
    if (entry->type == SCHEMA_NUMBER) {
        json_object_set_new(out, min, json_real(entry->min));
        json_object_set_new(out, max, json_real(entry->max));
    } else {
        json_object_set_new(out, min, json_integer((json_int_t)entry->min));
        json_object_set_new(out, max, json_integer((json_int_t)entry->max));
    }
}

static void set_type(json_t *out, const struct schema_entry *entry) {
    const char *type = "string";
    switch (entry->type) {
    case SCHEMA_BOOL: type = "boolean"; break;
    case SCHEMA_INT:
    case SCHEMA_DURATION:
        type = "integer";
        set_range(out, entry, "minimum", "maximum");
        break;
    case SCHEMA_NUMBER:
        type = "number";
        set_range(out, entry, "minimum", "maximum");
        break;
    case SCHEMA_LIST:
        type = "array";
        json_object_set_new(out, "items", json_pack("{s:s}", "type", "string"));
        set_range(out, entry, "minItems", "maxItems");
        break;
    case SCHEMA_ENUM: json_object_set(out, "enum", entry->values); break;
    case SCHEMA_STRING: set_range(out, entry, "minLength", "maxLength"); break;
    }
    json_object_set_new(out, "type", json_string(type));
}

static json_t *key_schema(const struct config_section *section, const struct schema_entry *entry) {
    const char *unit = json_string_value(json_object_get(entry->json, "unit"));
    const char *help = json_string_value(json_object_get(entry->json, "help"));
    json_t *label = json_object_get(entry->json, "label");
    json_t *out = json_object();
    set_type(out, entry);
    if (label) json_object_set(out, "title", label);
    if (unit) json_object_set_new(out, "unit", json_string(unit));
    json_object_set(out, "default", entry->fallback);
    if (help && unit)
        json_object_set_new(out, "description", json_sprintf("%s (%s)", help, unit));
    else if (help)
        json_object_set_new(out, "description", json_string(help));
    if (entry->secret) json_object_set_new(out, "writeOnly", json_true());
    if (config_needs_restart(section, entry->key))
        json_object_set_new(out, "$comment", json_string("a change needs a restart"));
    return out;
}

static json_t *section_schema(const struct config_section *section) {
    json_t *keys = json_object();
    for (uint32_t i = 0; i < section->schema.count; i++)
        json_object_set_new(keys, section->schema.entries[i].key,
                            key_schema(section, &section->schema.entries[i]));
    return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties",
                     keys);
}

static json_t *text_list_schema(const char *help) {
    return json_pack("{s:s, s:s, s:{s:s}}", "type", "array", "description", help, "items", "type",
                     "string");
}

muster_status config_print_schema(FILE *out) {
    const struct config *config = config_now;
    json_t *keys = json_object();
    json_object_set_new(keys, "$schema", json_pack("{s:s}", "type", "string"));
    json_object_set_new(
        keys, "plugins",
        text_list_schema("Plugins to load, in order: NAME, or NAME:INSTANCE for a second one"));
    json_object_set_new(keys, "pins",
                        json_pack("{s:s, s:s, s:{s:s, s:s}}", "type", "object", "description",
                                  "sha256 of plugin files, by name", "additionalProperties", "type",
                                  "string", "pattern", "^[0-9a-fA-F]{64}$"));
    for (uint32_t i = 0; i < config->section_count; i++)
        json_object_set_new(keys, config->sections[i].name, section_schema(&config->sections[i]));
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:b, s:o}", "$schema",
                  "https://json-schema.org/draft/2020-12/schema", "title", "musterd configuration",
                  "type", "object", "additionalProperties", 0, "properties", keys);
    int code = root ? json_dumpf(root, out, JSON_INDENT(4)) : -1;
    json_decref(root);
    if (code == 0) code = fputc('\n', out) == EOF ? -1 : 0;
    return code == 0 ? MUSTER_OK : MUSTER_IO;
}
