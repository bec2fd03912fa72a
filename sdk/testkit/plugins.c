/* plugins.c - plugins under test: loaded, configured, started and stopped step by step, by the
 * daemon's own code. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "registry.h"

static bool is_taken(const char *instance) {
    muster_self *plugin = plugin_next(NULL);
    while (plugin && strcmp(plugin->instance_name, instance) != 0) plugin = plugin_next(plugin);
    return plugin != NULL;
}

/* A reload of the configuration keeps what belongs to a plugin of this list. */
static void list_plugins(void) {
    char all[8192];
    size_t used = 0;
    all[0] = '\0';
    for (const muster_self *plugin = plugin_next(NULL); plugin; plugin = plugin_next(plugin))
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s:%s", used ? "," : "",
                                 plugin->name, plugin->instance_name);
    if (setenv("MUSTER_PLUGINS", all, 1)) abort();
}

static muster_self *probe(struct testkit *kit, const struct plugin_source *source) {
    char instance[MUSTER_NAME_MAX];
    char error[PLUGIN_ERROR_MAX] = "";
    uint32_t number = 1;
    snprintf(instance, sizeof instance, "%s", source->name);
    while (is_taken(instance))
        snprintf(instance, sizeof instance, "%.40s_%u", source->name, ++number);
    muster_self *self = plugin_probe(source, instance, error);
    if (!self) snprintf(kit->error, sizeof kit->error, "%s", error);
    return self;
}

muster_self *testkit_add(struct testkit *kit, const struct muster_plugin *descriptor) {
    KIT_NEED(kit && descriptor, NULL);
    kit_stand(kit);
    const struct plugin_source source = {.name = descriptor->name ? descriptor->name : "",
                                         .linked = descriptor};
    return probe(kit, &source);
}

static muster_status agree(char *error) {
    (void)error;
    return MUSTER_OK;
}

muster_self *testkit_load(struct testkit *kit, const char *path) {
    KIT_NEED(kit && path, NULL);
    char folder[1024], name[256], error[CONFIG_ERROR_MAX] = "";
    kit_stand(kit);
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
    list_plugins();
    kit_variable_set("server", "pluginsDirs", folder);
    if (config_reload(agree, error)) {
        snprintf(kit->error, sizeof kit->error, "%s", error);
        return NULL;
    }
    return probe(kit, &(struct plugin_source){.name = name});
}

muster_self *kit_newest(void) {
    muster_self *newest = NULL;
    for (muster_self *plugin = plugin_next(NULL); plugin; plugin = plugin_next(plugin))
        newest = plugin;
    return newest;
}

/* ---- configuration --------------------------------------------------------------------------- */

bool testkit_config_set(muster_self *plugin, const char *key, const char *value) {
    KIT_NEED(plugin && key && value, false);
    struct testkit *kit = kit_now;
    const struct schema_entry *entry = config_entry(plugin->instance_name, key);
    if (!entry) {
        snprintf(kit->error, sizeof kit->error, "%s: unknown key", key);
        return false;
    }
    kit_variable_set(plugin->instance_name, key, value);
    kit->error[0] = '\0';
    if (!config_declare(plugin->instance_name, &plugin->config_schema, kit->error)) return true;
    kit_variable_clear(plugin->instance_name, key);
    return false;
}

/* ---- life ------------------------------------------------------------------------------------ */

static muster_status told(struct testkit *kit, muster_status status, const char *error) {
    if (status) {
        snprintf(kit->error, sizeof kit->error, "%s", error);
        kit_log("error", error);
    }
    return status;
}

muster_status testkit_init(muster_self *plugin) {
    KIT_NEED(plugin, MUSTER_INVALID);
    char error[PLUGIN_ERROR_MAX] = "";
    if (plugin->phase != PLUGIN_PROBED) return MUSTER_STATE;
    kit_net_down(true);
    muster_status status = plugin_begin(plugin, error);
    kit_net_down(false);
    return told(kit_now, status, error);
}

muster_status testkit_start(muster_self *plugin) {
    KIT_NEED(plugin, MUSTER_INVALID);
    char error[PLUGIN_ERROR_MAX] = "";
    muster_status status = plugin->phase == PLUGIN_PROBED ? testkit_init(plugin) : MUSTER_OK;
    if (status) return status;
    if (plugin->phase != PLUGIN_INITIALIZED) return MUSTER_STATE;
    kit_net_down(true);
    status = plugin_check(plugin, error);
    if (!status) status = plugin_start(plugin, error);
    kit_net_down(false);
    return told(kit_now, status, error);
}

uint32_t testkit_stop(muster_self *plugin) {
    KIT_NEED(plugin, 0);
    if (plugin->phase != PLUGIN_STARTED) return 0;
    plugin_drain(plugin);
    kit_matches_end(plugin);
    kit_rules_detach(plugin);
    kit_lobbies_close(plugin);
    kit_net_down(true);
    uint32_t left_open = plugin_stop(plugin);
    kit_net_down(false);
    return left_open;
}

muster_self *testkit_reload(struct testkit *kit, muster_self *plugin) {
    KIT_NEED(kit && plugin, NULL);
    char instance[MUSTER_NAME_MAX], error[PLUGIN_ERROR_MAX] = "";
    if (plugin->phase != PLUGIN_STARTED) {
        snprintf(kit->error, sizeof kit->error, "reload: the plugin is not started");
        return NULL;
    }
    memcpy(instance, plugin->instance_name, sizeof instance);
    if (told(kit, plugin_reload(instance, error), error)) return NULL;
    kit_settle(); /* the older one goes in the next turn, unless somebody holds it */
    return plugin_find(instance);
}

void testkit_unload(muster_self *plugin) {
    KIT_NEED_OR_NOTHING(plugin);
    (void)testkit_stop(plugin);
    kit_settle(); /* posts and jobs of the pool name it */
    plugin_destroy(plugin);
}

void *testkit_instance(muster_self *plugin) {
    KIT_NEED(plugin, NULL);
    return plugin->instance;
}

struct provider *kit_provider(const muster_self *plugin, uint32_t kind) {
    struct provider *p = plugin->providers;
    while (p && p->kind != kind) p = p->sibling;
    return p;
}

const void *testkit_role(muster_self *plugin, uint32_t kind) {
    KIT_NEED(plugin, NULL);
    const struct provider *p = kit_provider(plugin, kind);
    return p ? &p->auth : NULL; /* of a union */
}

bool testkit_overrun(muster_self *plugin) {
    KIT_NEED(plugin, false);
    if (!plugin->overrun) return false;
    plugin->overrun(plugin->overrun_user);
    return true;
}
