/* config_env - environment variables: what each key's is called, its value, and strays.
 *
 * Owns nothing. Called by config.
 */
#include "config_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "MUSTER_";

/* A new word begins at maxLobbies' L, at idle2Ping's P, at baseURLPath's P. */
static bool begins_word(const char *key, size_t at) {
    unsigned char c = (unsigned char)key[at];
    if (at == 0 || !isupper(c)) return false;
    return !isupper((unsigned char)key[at - 1]) || islower((unsigned char)key[at + 1]);
}

static char upper(char c) {
    return isalnum((unsigned char)c) ? (char)toupper((unsigned char)c) : '_';
}

void config_env_name(const char *section, const char *key, char *out, size_t size) {
    size_t len = (size_t)snprintf(out, size, "%s", prefix);
    for (size_t i = 0; section[i] && len + 1 < size; i++) out[len++] = upper(section[i]);
    if (len + 1 < size) out[len++] = '_';
    for (size_t i = 0; key[i] && len + 2 < size; i++) {
        if (begins_word(key, i)) out[len++] = '_';
        out[len++] = upper(key[i]);
    }
    out[len] = '\0';
}

/* A secret's file, without the newline that editors put at its end. */
static muster_status value_of_file(const char *path, json_t **out, char *error) {
    char *data = NULL;
    size_t len = 0;
    muster_status status = config_slurp(path, CONFIG_SECRET_MAX_BYTES, &data, &len, error);
    if (status != MUSTER_OK) return status;
    if (len > 0 && data[len - 1] == '\n') len--;
    if (len > 0 && data[len - 1] == '\r') len--;
    if (len == 0 || memchr(data, '\n', len) || memchr(data, '\0', len)) {
        explicit_bzero(data, len);
        free(data);
        return config_fail(error, "%s: expected a secret in one line, found %s", path,
                           len ? "several" : "none");
    }
    *out = json_stringn(data, len);
    explicit_bzero(data, len);
    free(data);
    return *out ? MUSTER_OK : config_fail(error, "%s: not UTF-8", path);
}

muster_status config_env_value(const char *section, const struct schema_entry *entry, json_t **out,
                               char *name, size_t name_size, char *error) {
    *out = NULL;
    char file_name[CONFIG_ENV_MAX_BYTES + 8];
    config_env_name(section, entry->key, name, name_size);
    snprintf(file_name, sizeof(file_name), "%s_FILE", name);
    const char *value = getenv(name);
    const char *path = entry->secret ? getenv(file_name) : NULL;
    if (value && path)
        return config_fail(error, "%s and %s are both set; one is enough", name, file_name);
    if (path) return value_of_file(path, out, error);
    if (!value) return MUSTER_OK;
    *out = json_string(value);
    return *out ? MUSTER_OK : config_fail(error, "%s: not UTF-8", name);
}

/* ---- variables that name nothing ---- */

struct names {
    char (*rows)[CONFIG_ENV_MAX_BYTES];
    const char **pointers;
    uint32_t count;
};

static void add_name(struct names *names, const char *name, const char *suffix) {
    snprintf(names->rows[names->count], CONFIG_ENV_MAX_BYTES, "%.180s%s", name, suffix);
    names->pointers[names->count] = names->rows[names->count];
    names->count++;
}

static uint32_t count_entries(const struct config *config) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->section_count; i++) count += config->sections[i].schema.count;
    return count;
}

static muster_status names_init(struct names *names, const struct config *config) {
    size_t cap = 2u * count_entries(config) + 1u; /* a secret has two names */
    names->rows = calloc(cap, sizeof(*names->rows));
    names->pointers = calloc(cap, sizeof(*names->pointers));
    if (!names->rows || !names->pointers) return MUSTER_NO_MEMORY;
    add_name(names, "MUSTER_PLUGINS", "");
    for (uint32_t i = 0; i < config->section_count; i++) {
        const struct config_section *section = &config->sections[i];
        for (uint32_t k = 0; k < section->schema.count; k++) {
            char name[CONFIG_ENV_MAX_BYTES];
            config_env_name(section->name, section->schema.entries[k].key, name, sizeof(name));
            add_name(names, name, "");
            if (section->schema.entries[k].secret) add_name(names, name, "_FILE");
        }
    }
    return MUSTER_OK;
}

static bool has_name(const struct names *names, const char *name, size_t len) {
    for (uint32_t i = 0; i < names->count; i++)
        if (strlen(names->rows[i]) == len && memcmp(names->rows[i], name, len) == 0) return true;
    return false;
}

static muster_status check_variable(const struct names *names, const char *variable, char *error) {
    size_t len = strcspn(variable, "=");
    if (strncmp(variable, prefix, sizeof(prefix) - 1) != 0 || has_name(names, variable, len))
        return MUSTER_OK;
    char name[CONFIG_ENV_MAX_BYTES];
    snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name)), variable);
    const char *section = name + sizeof(prefix) - 1;
    const char *moved = config_section_moved(section, strcspn(section, "_"));
    const char *near = moved ? NULL : schema_nearest(name, names->pointers, names->count);
    if (moved)
        return config_fail(error,
                           "%s: unknown environment variable; that section's keys are those of the "
                           "plugin \"%s\" now",
                           name, moved);
    if (near)
        return config_fail(error, "%s: unknown environment variable; did you mean \"%s\"?", name,
                           near);
    return config_fail(error, "%s: unknown environment variable", name);
}

muster_status config_check_environment(char *error) {
    error[0] = '\0';
    struct names names = {0};
    muster_status status = names_init(&names, config_now);
    for (char **variable = environ; status != MUSTER_NO_MEMORY && *variable; variable++)
        if (check_variable(&names, *variable, error)) status = MUSTER_INVALID;
    free(names.rows);
    free(names.pointers);
    return status;
}
