/* config_file - reading the configuration file, its plugin list and its section names.
 *
 * Owns nothing. Called by config.
 */
#include "config_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PIN_BYTES = 64 };

muster_status config_file_read(struct config *config, const char *path, char *error) {
    if (!path) {
        config->root = json_object();
        return config->root ? MUSTER_OK : MUSTER_NO_MEMORY;
    }
    config->file = strdup(path);
    if (!config->file) return MUSTER_NO_MEMORY;
    char *data = NULL;
    size_t len = 0;
    muster_status status = config_slurp(path, CONFIG_FILE_MAX_BYTES, &data, &len, error);
    if (status != MUSTER_OK) return status;
    json_error_t where;
    config->root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &where);
    free(data);
    if (!config->root)
        return config_fail(error, "%s:%d:%d: %s", path, where.line, where.column, where.text);
    if (!json_is_object(config->root))
        return config_fail(error, "%s: expected an object of sections", path);
    return MUSTER_OK;
}

/* ---- the plugin list ---- */

/* Names become file names and section names: nothing but a word. */
static bool is_word(const char *text, size_t len) {
    if (len == 0 || len >= MUSTER_NAME_MAX || !islower((unsigned char)text[0])) return false;
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && text[i] != '_')
            return false;
    return true;
}

static bool is_core_section(const struct config *config, const char *name) {
    for (uint32_t i = 0; i < config->section_count; i++)
        if (config->sections[i].core && strcmp(config->sections[i].name, name) == 0) return true;
    return strcmp(name, "plugins") == 0 || strcmp(name, "pins") == 0;
}

static muster_status add_plugin(struct config *config, const char *text, const char *place,
                                char *error) {
    size_t name_len = strcspn(text, ":");
    const char *instance = text[name_len] ? text + name_len + 1 : text;
    if (!is_word(text, name_len) || !is_word(instance, strlen(instance)))
        return config_fail(error,
                           "%s: expected NAME or NAME:INSTANCE in lower case, found \"%.60s\"",
                           place, text);
    if (is_core_section(config, instance))
        return config_fail(error, "%s: \"%s\" is the name of a core section; use \"%.*s:OTHER\"",
                           place, instance, (int)name_len, text);
    for (uint32_t i = 0; i < config->plugin_count; i++)
        if (strcmp(config->plugins[i].instance, instance) == 0)
            return config_fail(error, "%s: \"%s\" stands twice; name the second \"%.*s:OTHER\"",
                               place, instance, (int)name_len, text);
    if (config->plugin_count == CONFIG_PLUGINS_MAX)
        return config_fail(error, "%s: more than %d plugins", place, CONFIG_PLUGINS_MAX);
    struct config_plugin *plugin = &config->plugins[config->plugin_count++];
    snprintf(plugin->name, sizeof(plugin->name), "%.*s", (int)name_len, text);
    snprintf(plugin->instance, sizeof(plugin->instance), "%s", instance);
    return MUSTER_OK;
}

static muster_status add_plugins_of_file(struct config *config, json_t *list, char *error) {
    char place[300];
    snprintf(place, sizeof(place), "%s: plugins", config->file);
    if (!json_is_array(list)) return config_fail(error, "%s: expected a list of names", place);
    size_t index;
    json_t *item;
    muster_status status = MUSTER_OK;
    json_array_foreach(list, index, item) {
        const char *text = json_string_value(item);
        if (!text)
            status = config_fail(error, "%s: expected a list of names", place);
        else if (add_plugin(config, text, place, error))
            status = MUSTER_INVALID;
    }
    return status;
}

/* Names with commas between. */
static muster_status add_plugins_of_text(struct config *config, const char *text, const char *place,
                                         char *error) {
    muster_status status = MUSTER_OK;
    while (*text) {
        char item[2 * MUSTER_NAME_MAX];
        text += strspn(text, " ,");
        size_t len = strcspn(text, " ,");
        if (len == 0) break;
        snprintf(item, sizeof(item), "%.*s", (int)(len < sizeof(item) ? len : sizeof(item)), text);
        if (add_plugin(config, item, place, error)) status = MUSTER_INVALID;
        text += len;
    }
    return status;
}

muster_status config_file_plugins(struct config *config, char *error) {
    const char *variable = getenv("MUSTER_PLUGINS");
    json_t *list = json_object_get(config->root, "plugins");
    config->plugins_origin = variable ? CONFIG_ENVIRONMENT : list ? CONFIG_FILE : CONFIG_DEFAULT;
    if (variable) return add_plugins_of_text(config, variable, "MUSTER_PLUGINS", error);
    if (list) return add_plugins_of_file(config, list, error);
    /* The build names them: the core knows no plugin. */
    return add_plugins_of_text(config, MUSTER_DEFAULT_PLUGINS, "plugins", error);
}

/* ---- the names of the sections ---- */

const char *config_section_moved(const char *name, size_t len) {
    static const struct { const char *was, *is; } moved[] = {{"store", "history"}};
    for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++)
        if (strlen(moved[i].was) == len && strncasecmp(moved[i].was, name, len) == 0)
            return moved[i].is;
    return NULL;
}

static muster_status check_pins(const struct config *config, char *error) {
    json_t *pins = json_object_get(config->root, "pins");
    if (pins && !json_is_object(pins))
        return config_fail(error, "%s: pins: expected an object of NAME: sha256", config->file);
    const char *name;
    json_t *pin;
    muster_status status = MUSTER_OK;
    json_object_foreach(pins, name, pin) {
        const char *text = json_string_value(pin);
        if (!text || strlen(text) != PIN_BYTES ||
            strspn(text, "0123456789abcdefABCDEF") != PIN_BYTES)
            status = config_fail(error, "%s: pins.%.60s: expected a sha256 of %d hex digits",
                                 config->file, name, PIN_BYTES);
    }
    return status;
}

/* A file may hold the sections of all its plugins, also where MUSTER_PLUGINS loads fewer. */
static bool is_listed(const struct config *config, const char *name) {
    for (uint32_t i = 0; i < config->plugin_count; i++)
        if (strcmp(config->plugins[i].instance, name) == 0) return true;
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(config->root, "plugins"), index, item) {
        const char *text = json_string_value(item);
        const char *colon = text ? strchr(text, ':') : NULL;
        if (text && strcmp(colon ? colon + 1 : text, name) == 0) return true;
    }
    return false;
}

static muster_status fail_moved(const struct config *config, const char *was, const char *is,
                                char *error) {
    return config_fail(error,
                       "%s: %s: unknown section; its keys are those of the plugin \"%s\" now: call "
                       "the section so, and list the plugin in \"plugins\"",
                       config->file, was, is);
}

static muster_status fail_unknown_section(const struct config *config, const char *name,
                                          char *error) {
    const char *names[CONFIG_SECTIONS_MAX + CONFIG_PLUGINS_MAX + 2];
    uint32_t count = 0;
    names[count++] = "plugins";
    names[count++] = "pins";
    for (uint32_t i = 0; i < config->section_count; i++) names[count++] = config->sections[i].name;
    for (uint32_t i = 0; i < config->plugin_count; i++)
        names[count++] = config->plugins[i].instance;
    const char *moved = config_section_moved(name, strlen(name));
    const char *near = moved ? NULL : schema_nearest(name, names, count);
    if (moved) return fail_moved(config, name, moved, error);
    if (near)
        return config_fail(error, "%s: %.60s: unknown section; did you mean \"%s\"?", config->file,
                           name, near);
    return config_fail(error,
                       "%s: %.60s: unknown section; it is none of the core's, and no such "
                       "plugin stands in \"plugins\"",
                       config->file, name);
}

muster_status config_file_sections(const struct config *config, char *error) {
    const char *name;
    json_t *value;
    muster_status status = check_pins(config, error);
    json_object_foreach(config->root, name, value) {
        if (strcmp(name, "$schema") == 0 || is_core_section(config, name)) continue;
        if (!is_listed(config, name))
            status = fail_unknown_section(config, name, error);
        else if (!json_is_object(value))
            status = config_fail(error, "%s: %s: expected an object", config->file, name);
    }
    return status;
}
