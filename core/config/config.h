/* config - defaults < file < environment < command line, checked against schemas.
 *
 * File: strict JSON, an object of sections: {"net": {"port": 7350}, "plugins": ["db_sqlite"],
 * "auth_local": {...}}. "plugins" lists plugin instances in order, "NAME" or "NAME:INSTANCE"; a
 * top-level section is either one of core's or that of a listed instance. Every key also as
 * MUSTER_SECTION_KEY (net.idlePingS -> MUSTER_NET_IDLE_PING_S; auth_local.tokenTtlS ->
 * MUSTER_AUTH_LOCAL_TOKEN_TTL_S; MUSTER_PLUGINS comma-separated), secrets also as ..._FILE.
 * Unknown key: error with file, key path, expected, found and "did you mean".
 *
 * One configuration per process; read-only between config_load and config_reload. Loop thread.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdio.h>

#include "schema.h"

struct config_options {
    const char *file;       /* --config, or null: no file */
    const char *data_dir;   /* --data-dir, or null */
    const char *log_format; /* --log-format, or null */
    int32_t port;           /* --port, or -1 (0 = a free port) */
    bool watch;             /* --watch */
    bool unrecorded;        /* match.recordEnabled is false: nobody could read the recordings */
};

#define CONFIG_ERROR_MAX 4096

/* On failure `error` (CONFIG_ERROR_MAX bytes) holds a sentence for each mistake, one a line.
 * INVALID and config_is_loaded: it stands, with defaults where it is wrong, so that more can be
 * checked; nothing else may be done with it. */
muster_status config_load(const struct config_options *options, char *error) MUSTER_MUST_USE;
bool config_is_loaded(void);
/* Adds a sentence to `error`; returns INVALID. */
muster_status config_fail(char *error, const char *format, ...) MUSTER_PRINTF(2, 3);
/* Read everything again with the same options; on failure the old configuration stays. OK: `error`
 * holds a line for each key that changed, and whether that is in force; what needs a restart keeps
 * its value. `check` looks at the new values, which it gets from the getters; what it refuses, with
 * a sentence, was never in force. */
muster_status config_reload(muster_status (*check)(char *error), char *error) MUSTER_MUST_USE;
/* Read everything again and let `check` look at it, as config_reload does, but change nothing: with
 * what needs a restart as it would be after one. */
muster_status config_try(muster_status (*check)(char *error), char *error) MUSTER_MUST_USE;
void config_unload(void);
/* --watch: what people edit is read again when it changes. */
bool config_watch(void);

/* A plugin instance's keys; checks its section of the file and its environment variables. The
 * schema is copied. Again for the same instance: replaces (plugin reload). */
muster_status config_declare(const char *section, const struct schema *schema,
                             char *error) MUSTER_MUST_USE;
/* After all plugins are declared: MUSTER_ variables that name no key of any section are an
 * error, too. */
muster_status config_check_environment(char *error) MUSTER_MUST_USE;

/* The core's own values: config_core->net.port, by config_keys.def. Strings live until
 * config_unload, also across reloads; lists and the struct itself until the next reload. */
struct config_list {
    const char *const *items;
    uint32_t count;
};
bool config_list_has(const struct config_list *list, const char *text);

struct config_core {
#define SECTION(section) struct {
#define END(section)                                                                               \
    }                                                                                              \
    section;
#define STRING(section, field, key, applies, fallback, max, help) const char *field;
#define SECRET(section, field, key, applies, max, help) const char *field;
#define WORD(section, field, key, applies, fallback, values, help) const char *field;
#define LIST(section, field, key, applies, fallback, max, help) struct config_list field;
#define BOOL(section, field, key, applies, fallback, help) bool field;
#define INT(section, field, key, applies, fallback, min, max, unit, help) uint32_t field;
#define DURATION(section, field, key, applies, fallback, min, max, unit, help) uint32_t field;
#include "config_keys.def"
};
extern const struct config_core *config_core; /* in force; null before config_load */

/* A plugin's values, by name. A key that its schema does not declare has none: use config_entry
 * first. Strings live as the core's. */
const struct schema_entry *config_entry(const char *section, const char *key);
int64_t config_int(const char *section, const char *key);
double config_number(const char *section, const char *key);
bool config_bool(const char *section, const char *key);
const char *config_string(const char *section, const char *key);
uint32_t config_list_count(const char *section, const char *key);
const char *config_list_item(const char *section, const char *key, uint32_t index);

/* The environment variable of a key. */
void config_env_name(const char *section, const char *key, char *out, size_t size);

/* The values of every key whose unit is "folder": paths that a plugin reads while it runs. */
void config_each_folder(void (*fn)(void *user, const char *path), void *user);

/* Where the value comes from, for a sentence: "FILE: net.port", "MUSTER_NET_PORT", "net.port".
 * Until the next call. */
const char *config_place(const char *section, const char *key);
const char *config_plugins_place(void);

/* The plugin list, in order: .so name and instance name; until the next reload. */
uint32_t config_plugin_count(void);
void config_plugin(uint32_t index, const char **name, const char **instance);
/* Pinned sha256 (64 hex digits) of a plugin file from section "pins", or null. */
const char *config_plugin_pin(const char *name);

/* Every value with its origin ("default", "file", "env MUSTER_...", "command line"); secrets as
 * "***". */
void config_print(FILE *out);
/* JSON Schema (draft 2020-12) of every declared section. */
muster_status config_print_schema(FILE *out) MUSTER_MUST_USE;

#endif
