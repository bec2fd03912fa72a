/* plugin - lua: game modes, rules and victory from scripts. The descriptor, the lifecycle, and the
 * answer to the watchdog; docs/scripting.md is for who writes mods. */
#include "api.h"
#include "catalog.h"
#include "console.h"
#include "lobby.h"
#include "mode_role.h"
#include "roles.h"
#include "rpc.h"
#include "trial_run.h"
#include "turns.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __SANITIZE_ADDRESS__
enum { SLOWNESS = 5 }; /* of sanitized code */
#else
enum { SLOWNESS = 1 };
#endif
enum { UNITS_PER_MS = 500000, BURST_CALLS = 5 };

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_LIST(
        "modDirs", MUSTER_VALUES("mods"), MOD_DIRS_MAX, MUSTER_UNIT("folder"),
        MUSTER_HELP("Folders whose folders are mods, besides those that come along; relative to "
                    "the working directory; one that is not there is skipped")),
    MUSTER_SCHEMA_LIST("rules", MUSTER_NO_VALUES, OFFERED_MAX,
                       MUSTER_HELP("Rules that lobbies may choose; empty: all")),
    MUSTER_SCHEMA_LIST("permissions",
                       MUSTER_VALUES("chat", "storage", "teams", "vote",
                                     "friendly_fire_escalation.kick"),
                       GRANTS_MAX,
                       MUSTER_HELP("What mods get if they ask for it: chat, kick, storage, teams, "
                                   "vote; MOD.PERMISSION for one mod alone")),
    MUSTER_SCHEMA_BOOL(
        "uploads", true,
        MUSTER_HELP(
            "On a node started with --untrusted the host of a lobby may upload a rule script")),
    MUSTER_SCHEMA_LIST("uploadPermissions", MUSTER_VALUES("chat"), 5,
                       MUSTER_HELP("What uploaded scripts may do")),
    MUSTER_SCHEMA_DURATION_MS("callMs", 2, 1, 10000,
                              MUSTER_HELP("CPU time of all that a script does for one event")),
    MUSTER_SCHEMA_DURATION_MS("secondMs", 100, 1, 1000,
                              MUSTER_HELP("CPU time of one script in a second")),
    MUSTER_SCHEMA_INT("lobbyPercent", 25, 1, 100, MUSTER_UNIT("%"),
                      MUSTER_HELP("Of the loop's time, for the scripts of all lobbies together "
                                  "(not of matches): above it their timers are late")),
    MUSTER_SCHEMA_INT("storageKeysMax", 1000, 0, 100000, MUSTER_UNIT("keys"),
                      MUSTER_HELP("Keys that one mod may keep")),
    MUSTER_SCHEMA_INT("storageMaxKb", 256, 1, 65536, MUSTER_UNIT("KiB"),
                      MUSTER_HELP("What one mod may keep")),
    MUSTER_SCHEMA_DURATION_MS(
        "storageWriteMs", 500, 50, 60000,
        MUSTER_HELP("How long a value may wait before it is written to the database")),
    MUSTER_SCHEMA_INT("memoryMaxKb", 4096, 64, 262144, MUSTER_UNIT("KiB"),
                      MUSTER_HELP("Memory that a script may ask for")),
    MUSTER_SCHEMA_LIST(
        "globals", MUSTER_NO_VALUES, GLOBALS_MAX,
        MUSTER_HELP("Globals that scripts may assign although they are not declared")));

MUSTER_SCHEMA(lobby_settings,
              MUSTER_SCHEMA_LIST("rules", MUSTER_NO_VALUES, 16, MUSTER_LABEL("Rules"),
                                 MUSTER_HELP("Rules that change the game, by name."),
                                 MUSTER_GROUP("Rules")));

/* ---- the watchdog ---------------------------------------------------------------------------- */

static int64_t clock_ns(clockid_t id) {
    struct timespec now;
    if (clock_gettime(id, &now) != 0) return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What a script is charged for work in C, and in the tests of mods for its own, too. */
#define UNITS_PER_MS UINT64_C(500000)

/* The innermost entry that was there at the last look, too; all are seen from now on. */
static struct entry *look(struct instance *instance) {
    struct entry *seen = NULL;
    for (struct entry *entry = instance->entry; entry; entry = entry->outer) {
        if (entry->is_seen && !seen) seen = entry;
        entry->is_seen = true;
    }
    return seen;
}

/* In a signal handler, at every look of the watchdog once a call into the plugin has taken half of
 * what an entry may take. The call may have entered several scripts, one within the other: one is
 * stopped when it has been seen to run for the other half. One that hides behind short entries of
 * others is charged with all of it. */
static void on_overrun(void *user) {
    struct instance *instance = user;
    int64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    int64_t since_ns = cpu_ns - instance->looked_ns;
    instance->looked_ns = cpu_ns;
    if (instance->limits.count_every) return; /* bounded by counts alone */
    struct entry *entry = look(instance);
    if (!entry) return;
    entry->seen_ns += since_ns;
    if (entry->seen_ns < entry->limit_ns / 2) return;
    sandbox_interrupt(entry->sandbox ? entry->sandbox : instance->current);
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

static void add_metrics(struct instance *instance) {
    const struct muster_host_metrics *metrics = instance->host->metrics;
    muster_self *self = instance->self;
    (void)metrics->add(self, MUSTER_METRIC_COUNTER, "muster_script_errors_total",
                       "Errors that scripts raised", &instance->metric_errors);
    (void)metrics->add(self, MUSTER_METRIC_COUNTER, "muster_script_kills_total",
                       "Scripts stopped for time or memory", &instance->metric_kills);
    (void)metrics->add(self, MUSTER_METRIC_COUNTER, "muster_script_timers_late_total",
                       "Timers of lobbies' scripts that ran over 100 ms late",
                       &instance->metric_late);
    (void)metrics->add(self, MUSTER_METRIC_COUNTER, "muster_script_reloads_total",
                       "Mods that were reloaded", &instance->metric_reloads);
}

static uint32_t read_list(const struct instance *instance, const char *key, const char **items) {
    const struct muster_host_config *config = instance->host->config;
    uint32_t count = config->list_count(instance->self, key);
    for (uint32_t i = 0; i < count; i++) items[i] = config->list_item(instance->self, key, i);
    return count;
}

static void read_config(struct instance *instance) {
    const struct muster_host_config *config = instance->host->config;
    muster_self *self = instance->self;
    instance->call_us = (uint32_t)config->integer(self, "callMs") * 1000 * SLOWNESS;
    instance->limits.call_units = (uint64_t)config->integer(self, "callMs") * UNITS_PER_MS;
    instance->limits.second_cpu_us = (uint32_t)config->integer(self, "secondMs") * 1000 * SLOWNESS;
    instance->limits.burst_cpu_us = instance->call_us * BURST_CALLS;
    instance->lobby_percent = (uint32_t)config->integer(self, "lobbyPercent");
    instance->storage_limits = (struct storage_limits){
        .keys_max = (uint32_t)config->integer(self, "storageKeysMax"),
        .bytes_max = (uint32_t)config->integer(self, "storageMaxKb") << 10,
        .write_ms = (uint32_t)config->integer(self, "storageWriteMs"),
    };
    struct muster_node_info node = {.size = sizeof node};
    (void)instance->host->node->info(self, &node);
    instance->uploads = config->boolean(self, "uploads") && node.is_untrusted;
    instance->is_watching = node.is_watching;
    instance->limits.is_exact = instance->uploads;
    instance->memory_max_bytes = (uint64_t)config->integer(self, "memoryMaxKb") << 10;
    instance->global_count = read_list(instance, "globals", instance->globals);
    instance->mod_dir_count = read_list(instance, "modDirs", instance->mod_dirs);
    instance->offered_count = read_list(instance, "rules", instance->offered);
    instance->grant_count = read_list(instance, "permissions", instance->grants);
    for (uint32_t i = 0; i < config->list_count(self, "uploadPermissions"); i++)
        instance->upload_permissions |=
            mod_permission_find(config->list_item(self, "uploadPermissions", i));
}

static const struct script_hooks script_hooks = {.bind = api_bind,
                                                 .take_mode = mode_take,
                                                 .try_mod = trial_run,
                                                 .come_back = lobby_restart_later};

/* Another process may read it soon. */
static void on_restarting(void *user, const struct muster_notice *notice) {
    struct instance *instance = user;
    (void)notice;
    storage_flush(instance->storage);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance) return MUSTER_NO_MEMORY;
    instance->self = self;
    instance->host = host;
    instance->hooks = &script_hooks;
    read_config(instance);
    add_metrics(instance);
    muster_status status = host->lobby->settings_add(self, lobby_settings);
    if (!status) status = storage_create(host, self, &instance->storage_limits, &instance->storage);
    if (!status)
        status = host->events->subscribe(self, 1u << MUSTER_NOTICE_SERVER_RESTARTING, on_restarting,
                                         instance);
    if (!status) status = console_add(instance);
    if (!status) status = rpc_add(instance);
    if (status) {
        storage_destroy(instance->storage);
        free(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static muster_status plugin_start(void *user) {
    struct instance *instance = user;
    muster_status status = instance->host->watchdog->overrun(instance->self, instance->call_us / 2,
                                                             on_overrun, instance);
    if (status) return status;
    storage_start(instance->storage);
    return catalog_start(instance);
}

static void plugin_drain(void *user) {
    struct instance *instance = user;
    storage_flush(instance->storage);
}

static void plugin_stop(void *user) {
    struct instance *instance = user;
    turns_stop(instance);
    storage_stop(instance->storage);
    catalog_stop(instance);
}

static void plugin_fini(void *user) {
    struct instance *instance = user;
    while (instance->lobbies) lobby_destroy(instance->lobbies);
    rpc_forget(instance);
    catalog_free(instance);
    storage_destroy(instance->storage);
    free(instance);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &lua_mode},
                                           {.kind = MUSTER_ROLE_RULES, .vtable = &lobby_rules},
                                           {.kind = MUSTER_ROLE_VICTORY, .vtable = &lobby_victory}};

MUSTER_PLUGIN(.name = "lua", .version = "1.0.0",
              .description = "Game modes, rules and victory from Lua scripts.", .roles = roles,
              .role_count = 3, .config_schema = config_schema, .init = plugin_init,
              .start = plugin_start, .drain = plugin_drain, .stop = plugin_stop,
              .fini = plugin_fini);
