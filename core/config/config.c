/* config - one checked configuration per process, put together from four origins.
 *
 * Owns the current configuration and the values it replaced. Reading the file is in config_file.c,
 * the environment in config_env.c, printing in config_print.c. Called by main and server at start
 * and reload; the getters by everyone.
 */
#include "config_internal.h"
#include "ensure.h"

#include <stdlib.h>
#include <string.h>

static struct {
    struct config_options options; /* strings are copies */
    json_t *retired; /* replaced values: strings that were handed out stay valid until unload */
} state;

/* ---- sections ---- */

static struct config_section *find_section(struct config *config, const char *name) {
    for (uint32_t i = 0; config && i < config->section_count; i++)
        if (strcmp(config->sections[i].name, name) == 0) return &config->sections[i];
    return NULL;
}

static void section_deinit(struct config_section *section) {
    for (uint32_t i = 0; section->values && i < section->schema.count; i++)
        json_decref(section->values[i].json);
    free(section->values);
    schema_deinit(&section->schema);
    *section = (struct config_section){0};
}

static muster_status section_init(struct config_section *section, const char *name, bool core,
                                  const struct schema *schema) {
    struct schema_error unused;
    *section = (struct config_section){.core = core};
    snprintf(section->name, sizeof(section->name), "%s", name);
    section->values = calloc(schema->count + 1u, sizeof(*section->values));
    if (!section->values) return MUSTER_NO_MEMORY;
    return schema_merge(&section->schema, schema, &unused); /* into an empty one: a copy */
}

/* The value given on the command line, or null. */
static json_t *option_value(const char *section, const char *key, const char **name) {
    const struct config_options *options = &state.options;
    if (strcmp(section, "net") == 0 && strcmp(key, "port") == 0 && options->port >= 0) {
        *name = "--port";
        return json_integer(options->port);
    }
    if (strcmp(section, "match") == 0 && strcmp(key, "recordEnabled") == 0 && options->unrecorded) {
        *name = "--run";
        return json_false();
    }
    if (strcmp(section, "server") != 0) return NULL;
    if (strcmp(key, "dataDir") == 0 && options->data_dir) {
        *name = "--data-dir";
        return json_string(options->data_dir);
    }
    if (strcmp(key, "logFormat") == 0 && options->log_format) {
        *name = "--log-format";
        return json_string(options->log_format);
    }
    return NULL;
}

/* Text of a schema error without its "key: ". */
static const char *after_key(const struct schema_error *error) {
    return error->text + strlen(error->key) + 2;
}

/* Checks one origin's value and lets it replace the one before. Takes `given`. */
static muster_status value_take(struct config_value *value, const struct schema_entry *entry,
                                json_t *given, enum config_origin origin,
                                struct schema_error *error) {
    json_t *checked = NULL;
    muster_status status =
        schema_check_value(entry, given, origin != CONFIG_DEFAULT, &checked, error);
    json_decref(given);
    if (status != MUSTER_OK) return status;
    json_decref(value->json);
    *value = (struct config_value){checked, origin};
    return MUSTER_OK;
}

/* What one origin says wrongly is told and left out. */
static muster_status value_resolve(const struct config *config, struct config_section *section,
                                   uint32_t index, char *error) {
    const struct schema_entry *entry = &section->schema.entries[index];
    struct config_value *value = &section->values[index];
    struct schema_error wrong;
    muster_status status =
        value_take(value, entry, json_incref(entry->fallback), CONFIG_DEFAULT, &wrong);
    if (status != MUSTER_OK) return config_fail(error, "%s.%s", section->name, wrong.text);

    json_t *in_file = json_object_get(json_object_get(config->root, section->name), entry->key);
    if (in_file && value_take(value, entry, json_incref(in_file), CONFIG_FILE, &wrong))
        status = config_fail(error, "%s: %s.%s", config->file, section->name, wrong.text);

    json_t *given = NULL;
    char name[CONFIG_ENV_MAX_BYTES];
    status = config_worse(
        status, config_env_value(section->name, entry, &given, name, sizeof(name), error));
    if (given && value_take(value, entry, given, CONFIG_ENVIRONMENT, &wrong))
        status = config_fail(error, "%s: %s", name, after_key(&wrong));

    const char *option = NULL;
    given = option_value(section->name, entry->key, &option);
    if (given && value_take(value, entry, given, CONFIG_COMMAND_LINE, &wrong))
        status = config_fail(error, "%s: %s", option, after_key(&wrong));
    return status;
}

static muster_status check_section_keys(const struct config *config,
                                        const struct config_section *section, char *error) {
    json_t *object = json_object_get(config->root, section->name);
    if (object && !json_is_object(object))
        return config_fail(error, "%s: %s: expected an object", config->file, section->name);
    const char *key;
    json_t *value;
    muster_status status = MUSTER_OK;
    json_object_foreach(object, key, value) {
        if (schema_find(&section->schema, key)) continue;
        struct schema_error wrong;
        json_t *one = json_pack("{s:n}", key);
        json_t *none = NULL;
        if (schema_check(&section->schema, one, &none, &wrong) == MUSTER_NO_MEMORY)
            status = MUSTER_NO_MEMORY;
        else
            status = config_worse(
                status, config_fail(error, "%s: %s.%s", config->file, section->name, wrong.text));
        json_decref(one);
        json_decref(none);
    }
    return status;
}

/* Adds the section to config, or replaces it there. INVALID: a core section is added all the same,
 * with defaults where it is wrong; for another, config is as before. */
static muster_status add_section(struct config *config, const char *name, bool core,
                                 const struct schema *schema, char *error) {
    struct config_section section;
    muster_status status = section_init(&section, name, core, schema);
    if (status == MUSTER_OK) status = check_section_keys(config, &section, error);
    for (uint32_t i = 0; status != MUSTER_NO_MEMORY && i < section.schema.count; i++)
        status = config_worse(status, value_resolve(config, &section, i, error));
    struct config_section *place = find_section(config, name);
    bool is_full = !place && config->section_count == CONFIG_SECTIONS_MAX;
    if (is_full) status = config_fail(error, "more than %d sections", CONFIG_SECTIONS_MAX);
    if (is_full || status == MUSTER_NO_MEMORY || (status != MUSTER_OK && !core)) {
        section_deinit(&section);
        return status;
    }
    if (place)
        section_deinit(place);
    else
        place = &config->sections[config->section_count++];
    *place = section;
    return status;
}

/* ---- loading ---- */

static muster_status add_core_section(struct config *config, const char *name,
                                      const struct schema *schema, char *error) {
    return add_section(config, name, true, schema, error);
}

static void config_destroy(struct config *config) {
    if (!config) return;
    for (uint32_t i = 0; i < config->section_count; i++) section_deinit(&config->sections[i]);
    config_core_deinit(&config->core);
    json_decref(config->root);
    free(config->file);
    free(config);
}

/* INVALID with *out: it stands, with defaults where it is wrong. */
static muster_status config_create(struct config **out, char *error) {
    struct config *config = calloc(1, sizeof(*config));
    if (!config) return MUSTER_NO_MEMORY;
    muster_status status = config_file_read(config, state.options.file, error);
    if (status == MUSTER_OK) {
        *out = config;
        status = config_core_sections(add_core_section, config, error);
        status = config_worse(status, config_file_plugins(config, error));
        status = config_worse(status, config_file_sections(config, error));
    }
    if (*out && status != MUSTER_NO_MEMORY) return status;
    config_destroy(config);
    *out = NULL;
    return status;
}

/* Equal values keep their old object, changed ones are kept aside: no string dies. */
static void keep_strings(const struct config_section *old, struct config_section *section) {
    for (uint32_t i = 0; i < old->schema.count; i++) {
        json_t *before = old->values[i].json;
        const struct schema_entry *entry =
            section ? schema_find(&section->schema, old->schema.entries[i].key) : NULL;
        struct config_value *value =
            entry ? &section->values[entry - section->schema.entries] : NULL;
        if (value && json_equal(value->json, before)) {
            json_decref(value->json);
            value->json = json_incref(before);
        } else {
            json_array_append(state.retired, before);
        }
    }
}

static void free_options(void) {
    free((char *)state.options.file);
    free((char *)state.options.data_dir);
    free((char *)state.options.log_format);
    state.options = (struct config_options){.port = -1};
}

static char *copy_text(const char *text) {
    return text ? strdup(text) : NULL;
}

muster_status config_load(const struct config_options *options, char *error) {
    error[0] = '\0';
    config_unload();
    json_object_seed(0);
    state.options = (struct config_options){
        .file = copy_text(options->file),
        .data_dir = copy_text(options->data_dir),
        .log_format = copy_text(options->log_format),
        .port = options->port,
        .watch = options->watch,
        .unrecorded = options->unrecorded,
    };
    state.retired = json_array();
    struct config *config = NULL;
    muster_status status = config_create(&config, error);
    if (config) status = config_worse(status, config_core_fill(config));
    config_put_in_force(config);
    if (status == MUSTER_NO_MEMORY) config_unload();
    if (status == MUSTER_NO_MEMORY) config_fail(error, "out of memory");
    return status;
}

bool config_is_loaded(void) {
    return config_now != NULL;
}

static bool is_plugin(const struct config *config, const char *instance) {
    for (uint32_t i = 0; i < config->plugin_count; i++)
        if (strcmp(config->plugins[i].instance, instance) == 0) return true;
    return false;
}

/* ---- what a reload comes to ---- */

/* What is read at the start only keeps its value, so that everything shows what is in force. */
static void tell_changes(const struct config_section *old, struct config_section *section,
                         char *report) {
    for (uint32_t i = 0; i < old->schema.count && i < section->schema.count; i++) {
        const char *key = old->schema.entries[i].key;
        struct config_value *value = &section->values[i];
        if (json_equal(value->json, old->values[i].json)) continue;
        bool stays = config_needs_restart(section, key);
        const char *what = stays           ? "changed: needs a restart"
                           : section->core ? "changed: in force"
                                           : "changed: reload the plugin, or restart";
        config_fail(report, "%s.%s %s", section->name, key, what);
        if (!stays) continue;
        json_decref(value->json);
        *value = (struct config_value){json_incref(old->values[i].json), old->values[i].origin};
    }
}

static bool same_plugins(const struct config *a, const struct config *b) {
    if (a->plugin_count != b->plugin_count) return false;
    for (uint32_t i = 0; i < a->plugin_count; i++)
        if (strcmp(a->plugins[i].name, b->plugins[i].name) != 0 ||
            strcmp(a->plugins[i].instance, b->plugins[i].instance) != 0)
            return false;
    return true;
}

static void tell_plugins(const struct config *next, char *report) {
    if (!same_plugins(config_now, next)) config_fail(report, "plugins changed: needs a restart");
}

/* With the sections of the plugins that are loaded and stay. */
static muster_status read_again(struct config **out, char *error) {
    struct config *next = NULL;
    muster_status status = config_create(&next, error);
    for (uint32_t i = 0; next && i < config_now->section_count; i++) {
        const struct config_section *old = &config_now->sections[i];
        if (!old->core && is_plugin(next, old->name))
            status = config_worse(status, add_section(next, old->name, false, &old->schema, error));
    }
    if (status == MUSTER_OK)
        *out = next;
    else
        config_destroy(next);
    return status;
}

muster_status config_try(muster_status (*check)(char *error), char *error) {
    error[0] = '\0';
    if (!config_now) return MUSTER_STATE;
    struct config *before = config_now, *next = NULL;
    muster_status status = read_again(&next, error);
    if (status == MUSTER_OK) status = config_core_fill(next);
    if (status == MUSTER_OK) {
        config_put_in_force(next);
        status = check(error);
        config_put_in_force(before);
    }
    config_destroy(next);
    return status;
}

muster_status config_reload(muster_status (*check)(char *error), char *error) {
    error[0] = '\0';
    if (!config_now) return MUSTER_STATE;
    struct config *next = NULL;
    muster_status status = read_again(&next, error);
    if (status != MUSTER_OK) return status;
    char wrong[CONFIG_ERROR_MAX] = "";
    struct config *before = config_now;
    tell_plugins(next, error);
    for (uint32_t i = 0; i < before->section_count; i++) {
        const struct config_section *old = &before->sections[i];
        struct config_section *section = find_section(next, old->name);
        if (section) tell_changes(old, section, error);
        keep_strings(old, section);
    }
    status = config_core_fill(next);
    config_put_in_force(next);
    if (status == MUSTER_OK) status = check(wrong);
    if (status != MUSTER_OK) {
        snprintf(error, CONFIG_ERROR_MAX, "%s", wrong);
        config_put_in_force(before);
        before = next;
    }
    config_destroy(before);
    return status;
}

bool config_watch(void) {
    return state.options.watch;
}

void config_unload(void) {
    config_destroy(config_now);
    json_decref(state.retired);
    config_put_in_force(NULL);
    state.retired = NULL;
    free_options();
}

muster_status config_declare(const char *section, const struct schema *schema, char *error) {
    error[0] = '\0';
    if (!config_now) return MUSTER_STATE;
    struct config_section *old = find_section(config_now, section);
    if ((old && old->core) || strlen(section) >= MUSTER_NAME_MAX)
        return config_fail(error, "\"%s\" cannot name a plugin's section", section);
    struct config_section before = {0};
    if (old) { /* keep the old values alive beyond their replacement */
        muster_status status = section_init(&before, section, false, &old->schema);
        if (status != MUSTER_OK) {
            section_deinit(&before);
            return status;
        }
        for (uint32_t i = 0; i < old->schema.count; i++)
            before.values[i].json = json_incref(old->values[i].json);
    }
    muster_status status = add_section(config_now, section, false, schema, error);
    if (status == MUSTER_OK && old) keep_strings(&before, find_section(config_now, section));
    section_deinit(&before);
    return status;
}

/* ---- getters ---- */

/* Null for what no schema declares: a plugin's mistake that its host logs. */
static json_t *find_value(const char *section_name, const char *key) {
    struct config_section *section = find_section(config_now, section_name);
    const struct schema_entry *entry = section ? schema_find(&section->schema, key) : NULL;
    ENSURE(section && !section->core);
    return entry ? section->values[entry - section->schema.entries].json : NULL;
}

const struct schema_entry *config_entry(const char *section_name, const char *key) {
    const struct config_section *section = find_section(config_now, section_name);
    return section ? schema_find(&section->schema, key) : NULL;
}

int64_t config_int(const char *section, const char *key) {
    return json_integer_value(find_value(section, key));
}

double config_number(const char *section, const char *key) {
    return json_number_value(find_value(section, key));
}

bool config_bool(const char *section, const char *key) {
    return json_is_true(find_value(section, key));
}

const char *config_string(const char *section, const char *key) {
    const char *text = json_string_value(find_value(section, key));
    return text ? text : "";
}

uint32_t config_list_count(const char *section, const char *key) {
    return (uint32_t)json_array_size(find_value(section, key));
}

const char *config_list_item(const char *section, const char *key, uint32_t index) {
    const char *text = json_string_value(json_array_get(find_value(section, key), index));
    return text ? text : "";
}

static bool is_folder(const struct schema_entry *entry) {
    const char *unit = json_string_value(json_object_get(entry->json, "unit"));
    return unit && strcmp(unit, "folder") == 0;
}

void config_each_folder(void (*fn)(void *user, const char *path), void *user) {
    for (uint32_t s = 0; s < config_now->section_count; s++) {
        const struct config_section *section = &config_now->sections[s];
        for (uint32_t i = 0; i < section->schema.count; i++) {
            json_t *value = section->values[i].json, *item;
            size_t at;
            if (!is_folder(&section->schema.entries[i])) continue;
            if (json_is_string(value)) fn(user, json_string_value(value));
            json_array_foreach(value, at, item) fn(user, json_string_value(item));
        }
    }
}

const char *config_place(const char *section_name, const char *key) {
    static char place[512 + CONFIG_ENV_MAX_BYTES];
    const struct config_section *section = find_section(config_now, section_name);
    const struct schema_entry *entry = section ? schema_find(&section->schema, key) : NULL;
    enum config_origin origin =
        entry ? section->values[entry - section->schema.entries].origin : CONFIG_DEFAULT;
    if (origin == CONFIG_ENVIRONMENT)
        config_env_name(section_name, key, place, sizeof place);
    else if (origin != CONFIG_COMMAND_LINE && config_now->file)
        snprintf(place, sizeof place, "%.400s: %s.%s", config_now->file, section_name, key);
    else
        snprintf(place, sizeof place, "%s.%s", section_name, key);
    return place;
}

const char *config_plugins_place(void) {
    static char place[420];
    if (config_now->plugins_origin == CONFIG_ENVIRONMENT) return "MUSTER_PLUGINS";
    if (config_now->plugins_origin == CONFIG_DEFAULT) return "plugins";
    snprintf(place, sizeof place, "%.400s: plugins", config_now->file);
    return place;
}

uint32_t config_plugin_count(void) {
    return config_now->plugin_count;
}

void config_plugin(uint32_t index, const char **name, const char **instance) {
    *name = config_now->plugins[index].name;
    *instance = config_now->plugins[index].instance;
}

const char *config_plugin_pin(const char *name) {
    return json_string_value(json_object_get(json_object_get(config_now->root, "pins"), name));
}
