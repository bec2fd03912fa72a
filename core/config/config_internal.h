/* config_internal - the data that the files of config share. Included by config*.c only. */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "config.h"

enum {
    CONFIG_FILE_MAX_BYTES = 1048576,
    CONFIG_SECRET_MAX_BYTES = 65536,
    CONFIG_SECTIONS_MAX = 128,
    CONFIG_PLUGINS_MAX = 64,
    CONFIG_ENV_MAX_BYTES = 192, /* of a variable's name */
};

enum config_origin { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_COMMAND_LINE };

struct config_value {
    json_t *json; /* owned */
    enum config_origin origin;
};

struct config_section {
    char name[MUSTER_NAME_MAX];
    bool core;
    struct schema schema;
    struct config_value *values; /* one for each entry of the schema */
};

struct config_plugin {
    char name[MUSTER_NAME_MAX];
    char instance[MUSTER_NAME_MAX];
};

struct config {
    char *file;   /* path for messages, or null */
    json_t *root; /* the file, or an empty object */
    struct config_section sections[CONFIG_SECTIONS_MAX];
    uint32_t section_count;
    struct config_plugin plugins[CONFIG_PLUGINS_MAX];
    uint32_t plugin_count;
    enum config_origin plugins_origin;
    struct config_core core;
};

/* config_core.c. A section is handed on with its schema, for fn to add it to config. */
typedef muster_status config_section_fn(struct config *config, const char *name,
                                        const struct schema *schema, char *error);
muster_status config_core_sections(config_section_fn *fn, struct config *config, char *error);
muster_status config_core_fill(struct config *config); /* config->core, from the values */
void config_core_deinit(struct config_core *core);
bool config_needs_restart(const struct config_section *section, const char *key);

/* config_base.c */
extern struct config *config_now; /* in force; null before config_load */
void config_put_in_force(struct config *config);
/* Of two steps that both went on: out of memory counts most. */
muster_status config_worse(muster_status a, muster_status b);
/* At most max_bytes of a file, NUL-terminated; the caller frees. */
muster_status config_slurp(const char *path, size_t max_bytes, char **out, size_t *len,
                           char *error);

/* config_file.c */
muster_status config_file_read(struct config *config, const char *path, char *error);
muster_status config_file_plugins(struct config *config, char *error);
muster_status config_file_sections(const struct config *config, char *error);
/* The plugin whose section this one of the core is now; any case; or null. */
const char *config_section_moved(const char *name, size_t len);

/* config_env.c */
/* The variable's value as a new string in *out, or null when it is not set. */
muster_status config_env_value(const char *section, const struct schema_entry *entry, json_t **out,
                               char *name, size_t name_size, char *error);

#endif
