#include "check.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "paths.h"
#include "plugin.h"
#include "plugin_file.h"
#include "registry.h"
#include "untrusted.h"

#define NAMES_MAX 512

/* ---- plugins --------------------------------------------------------------------------------- */

/* Before a restart a plugin may be loaded and not in the list any more. */
static bool is_listed(const struct muster_self *self) {
    bool found = false;
    for (uint32_t i = 0; i < config_plugin_count() && !found; i++) {
        const char *name, *instance;
        config_plugin(i, &name, &instance);
        found = strcmp(instance, self->instance_name) == 0;
    }
    return found;
}

static bool is_provided(uint32_t role) {
    const struct provider *p = registry_first(role);
    while (p && !is_listed(p->self)) p = p->next;
    return p != NULL;
}

/* Its key "database", where it has one, names which. */
static void check_database(const struct muster_self *p, char *error) {
    bool is_named = config_entry(p->instance_name, "database") != NULL;
    const char *name = is_named ? config_string(p->instance_name, "database") : "";
    const struct provider *named = name[0] ? registry_named(MUSTER_ROLE_DATABASE, name) : NULL;
    if (!is_provided(MUSTER_ROLE_DATABASE))
        config_fail(error,
                    "%s: %s needs a database: expected a plugin of role database, found none",
                    config_plugins_place(), p->instance_name);
    else if (name[0] && (!named || !is_listed(named->self)))
        config_fail(error,
                    "%s: expected the instance name of a database plugin (PLUGIN:NAME in "
                    "plugins), found \"%.64s\"",
                    config_place(p->instance_name, "database"), name);
}

static void check_roles(char *error) {
    if (!is_provided(MUSTER_ROLE_AUTH))
        config_fail(error, "%s: nobody could sign in: expected a plugin of role auth, found none",
                    config_plugins_place());
    for (const struct muster_self *p = plugin_next(NULL); p; p = plugin_next(p))
        if ((p->plugin.flags & MUSTER_PLUGIN_NEEDS_DATABASE) && is_listed(p))
            check_database(p, error);
}

/* ---- region ---------------------------------------------------------------------------------- */

static void check_region(char *error) {
    const char *region = config_core->server.region;
    const struct config_list *regions = &config_core->server.regions;
    if (config_list_has(regions, region)) return;
    char found[2048] = "none";
    size_t used = 0;
    for (uint32_t i = 0; i < regions->count && used < sizeof found; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s\"%s\"", i ? ", " : "",
                                 regions->items[i]);
    config_fail(error, "%s: expected server.region \"%s\" to be among them, found %s",
                config_place("server", "regions"), region, found);
}

static void check_data_dir(char *error) {
    char wrong[PATHS_ERROR_MAX];
    if (!paths_keeps_data() && paths_look(wrong)) config_fail(error, "%s", wrong);
}

/* ---- lobby.defaults -------------------------------------------------------------------------- */

static const char *nearest_setting(const char *key) {
    const char *names[NAMES_MAX];
    uint32_t count = 0;
    for (struct mode_entry *m = registry_mode_next(NULL); m; m = registry_mode_next(m)) {
        const struct schema *schema = registry_settings(m->game_mode);
        for (uint32_t i = 0; schema && i < schema->count && count < NAMES_MAX; i++)
            names[count++] = schema->entries[i].key;
    }
    return schema_nearest(key, names, count);
}

/* A setting may belong to one mode alone; modes may bound it differently. */
static void check_default(const char *item, char *error) {
    char key[96];
    const char *place = config_place("lobby", "defaults");
    size_t len = strcspn(item, "=");
    bool is_known = false;
    snprintf(key, sizeof key, "%.*s", (int)len, item);
    if (!item[len] || len == 0 || len >= sizeof key) {
        config_fail(error, "%s: expected KEY=VALUE, found \"%.120s\"", place, item);
        return;
    }
    for (struct mode_entry *m = registry_mode_next(NULL); m; m = registry_mode_next(m)) {
        const struct schema *schema = registry_settings(m->game_mode);
        const struct schema_entry *entry = schema ? schema_find(schema, key) : NULL;
        struct schema_error wrong;
        json_t *text = json_string(item + len + 1), *value = NULL;
        is_known |= entry != NULL;
        muster_status status =
            entry ? schema_check_value(entry, text, true, &value, &wrong) : MUSTER_OK;
        json_decref(text);
        json_decref(value);
        if (!status) continue;
        config_fail(error, "%s: mode %s: %s", place, m->game_mode, wrong.text);
        return;
    }
    const char *near = is_known ? NULL : nearest_setting(key);
    if (near)
        config_fail(error, "%s: %s: unknown setting; did you mean \"%s\"?", place, key, near);
    else if (!is_known)
        config_fail(error, "%s: %s: unknown setting: no mode and no plugin that is loaded has it",
                    place, key);
}

static void check_given_once(uint32_t index, char *error) {
    const char *item = config_core->lobby.defaults.items[index];
    size_t len = strcspn(item, "=") + 1;
    for (uint32_t i = 0; item[len - 1] && i < index; i++)
        if (strncmp(item, config_core->lobby.defaults.items[i], len) == 0)
            config_fail(error, "%s: %.*s is given twice", config_place("lobby", "defaults"),
                        (int)len - 1, item);
}

muster_status check_defaults(char *error) {
    size_t before = strlen(error);
    for (uint32_t i = 0; i < config_core->lobby.defaults.count; i++) {
        check_default(config_core->lobby.defaults.items[i], error);
        check_given_once(i, error);
    }
    return strlen(error) > before ? MUSTER_INVALID : MUSTER_OK;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static void cannot_use(const char *key, const char *file, const char *expected, char *error) {
    char why[160];
    unsigned long code = ERR_peek_last_error();
    ERR_error_string_n(code, why, sizeof why);
    const char *reason = ERR_reason_error_string(code);
    config_fail(error, "%s: %s: expected %s, found: %s", config_place("tls", key), file, expected,
                reason ? reason : why);
}

static bool can_read(const char *key, const char *file, char *error) {
    if (access(file, R_OK) == 0) return true;
    config_fail(error, "%s: %s: %s", config_place("tls", key), file, strerror(errno));
    return false;
}

static void check_pair(char *error) {
    const char *cert = config_core->tls.cert, *key = config_core->tls.key;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    ERR_clear_error();
    if (!context)
        config_fail(error, "tls: out of memory");
    else if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
        cannot_use("cert", cert, "a certificate chain in PEM", error);
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        cannot_use("key", key, "the private key of the certificate in PEM", error);
    SSL_CTX_free(context);
    ERR_clear_error();
}

/* The files of tls.cert and tls.key are there and fit each other; OK without TLS. Adds to error. */
static muster_status check_tls(char *error) {
    size_t before = strlen(error);
    bool has_cert = config_core->tls.cert[0], has_key = config_core->tls.key[0];
    if (has_cert != has_key) {
        const char *missing = has_cert ? "key" : "cert";
        config_fail(error, "%s: expected a file, as tls.%s names one, found nothing",
                    config_place("tls", missing), has_cert ? "cert" : "key");
    } else if (has_cert) {
        bool both = can_read("cert", config_core->tls.cert, error);
        both = can_read("key", config_core->tls.key, error) && both;
        if (both) check_pair(error);
    }
    return strlen(error) > before ? MUSTER_INVALID : MUSTER_OK;
}

static muster_status check_values(bool knows_modes, char *error) {
    size_t before = strlen(error);
    check_region(error);
    bool is_good = !knows_modes || !check_defaults(error);
    is_good = !check_net(error) && is_good;
    is_good = !check_tls(error) && is_good;
    return is_good && strlen(error) == before ? MUSTER_OK : MUSTER_INVALID;
}

muster_status check_again(char *error) {
    return check_values(true, error);
}

/* ---- before a restart ------------------------------------------------------------------------ */

/* Where code is locked out, nobody can look. */
static void check_file(const char *name, char *error) {
    char path[PATH_MAX], cause[512] = "";
    if (untrusted_requested()) return;
    if (plugin_file_copy(name, path, sizeof path, cause, sizeof cause))
        config_fail(error, "%s: %s: %s", config_plugins_place(), name, cause);
    else
        plugin_file_remove(path);
}

static muster_status check_next(char *error) {
    bool knows_all = true; /* roles, modes and settings: what plugins say when they are loaded */
    for (uint32_t i = 0; i < config_plugin_count(); i++) {
        const char *name, *instance;
        config_plugin(i, &name, &instance);
        if (plugin_find(instance)) continue;
        knows_all = false;
        check_file(name, error);
    }
    if (knows_all) check_roles(error);
    return check_values(knows_all, error) || error[0] ? MUSTER_INVALID : MUSTER_OK;
}

muster_status check_restart(char *error) {
    return config_try(check_next, error);
}

muster_status check_all(bool has_plugins, char *error) {
    error[0] = '\0';
    check_region(error);
    check_data_dir(error);
    if (has_plugins) check_roles(error);
    bool all_would_start = !plugin_check_all(error);
    all_would_start = !check_net(error) && all_would_start;
    return check_tls(error) || !all_would_start || error[0] ? MUSTER_INVALID : MUSTER_OK;
}
