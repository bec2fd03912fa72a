#include "tiny_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "pending.h"
#include "plugin.h"
#include "registry.h"
#include "watchdog.h"

struct timer {
    struct resource resource;
    struct loop_timer *timer;
};

static void timer_close(struct resource *resource) {
    struct timer *timer = (struct timer *)resource;
    loop_timer_stop(timer->timer);
    free(timer);
}

static const struct resource_kind timer_kind = {.name = "timer", .close = timer_close};

static muster_status timer_start(muster_self *self, uint32_t delay_ms, uint32_t repeat_ms,
                                 muster_timer_fn fn, void *user, muster_timer_id *out) {
    if (!loop_is_thread()) {
        plugin_fault(self, "loop.timer_start called from a thread that is not the loop's");
        return MUSTER_THREAD;
    }
    struct timer *timer = calloc(1, sizeof *timer);
    if (!timer) return MUSTER_NO_MEMORY;
    timer->timer = loop_timer_start(delay_ms, repeat_ms, fn, user);
    resource_add(self, &timer->resource, &timer_kind);
    *out = 1;
    return MUSTER_OK;
}

static muster_status auth_complete(muster_self *self, muster_ticket_id ticket,
                                   muster_verdict verdict, const struct muster_identity *identity) {
    (void)identity;
    return pending_complete(self, "auth", ticket, MUSTER_OK, &verdict);
}

static muster_status declared(muster_self *self, muster_status status, const char *error) {
    if (status != MUSTER_OK) plugin_fault(self, "%s", error);
    return status;
}

static muster_status mode_add(muster_self *self, const struct muster_mode_info *info) {
    char error[PLUGIN_ERROR_MAX] = "";
    return declared(self, registry_mode_add(self, info, error, sizeof error), error);
}

static muster_status settings_add(muster_self *self, const char *schema_json) {
    char error[PLUGIN_ERROR_MAX] = "";
    return declared(self, registry_settings_add(self, schema_json, error, sizeof error), error);
}

static muster_status overrun(muster_self *self, uint32_t limit_us, void (*fn)(void *user),
                             void *user) {
    watchdog_set_overrun(self, limit_us, fn, user);
    return MUSTER_OK;
}

static int64_t config_integer(muster_self *self, const char *key) {
    return config_int(self->instance_name, key);
}

static const char *config_node(muster_self *self) {
    (void)self;
    return "tiny";
}

static const char *config_dir(muster_self *self) {
    (void)self;
    return "/nonexistent";
}

static void log_line(muster_self *self, uint32_t level, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_write(level, "plugin", "%s: %s", self->instance_name, text);
}

static const struct muster_host_log log_group = {.size = sizeof log_group, .write = log_line};
static const struct muster_host_config config_group = {.size = sizeof config_group,
                                                       .integer = config_integer,
                                                       .data_dir = config_dir,
                                                       .node_id = config_node};
static const struct muster_host_loop loop_group = {.size = sizeof loop_group,
                                                   .timer_start = timer_start};
static const struct muster_host_player player_group = {.size = sizeof player_group,
                                                       .auth_complete = auth_complete};
static const struct muster_host_match match_group = {.size = sizeof match_group,
                                                     .mode_add = mode_add};
static const struct muster_host_lobby lobby_group = {.size = sizeof lobby_group,
                                                     .settings_add = settings_add};
static const struct muster_host_watchdog watchdog_group = {.size = sizeof watchdog_group,
                                                           .overrun = overrun};
static const struct muster_host_events events_group = {.size = sizeof events_group,
                                                       .subscribe = notices_subscribe};
static const struct muster_host table = {.size = sizeof table,
                                         .abi_minor = MUSTER_ABI_MINOR,
                                         .log = &log_group,
                                         .config = &config_group,
                                         .loop = &loop_group,
                                         .lobby = &lobby_group,
                                         .match = &match_group,
                                         .player = &player_group,
                                         .watchdog = &watchdog_group,
                                         .events = &events_group};

static void need(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "tiny_host: %s failed\n", what);
    exit(2);
}

static void config_write(const struct tiny_host *host, const char *path, const char *sections) {
    FILE *file = fopen(path, "w");
    need(file != NULL, "writing the configuration");
    fprintf(file, "{\"server\":{\"dataDir\":\"%s/data\",\"pluginsDir\":\"%s\"}%s%s}\n", host->root,
            host->plugins, sections ? "," : "", sections ? sections : "");
    need(fclose(file) == 0, "writing the configuration");
}

void tiny_host_open(struct tiny_host *host, const char *sections) {
    char error[CONFIG_ERROR_MAX] = "";
    char path[320];
    const char *tmp = getenv("TMPDIR");
    snprintf(host->root, sizeof host->root, "%.200s/muster-abi-XXXXXX", tmp ? tmp : "/tmp");
    need(mkdtemp(host->root) != NULL, "mkdtemp");
    snprintf(host->plugins, sizeof host->plugins, "%s/plugins", host->root);
    need(mkdir(host->plugins, 0755) == 0, "mkdir");
    snprintf(path, sizeof path, "%s/data", host->root);
    need(mkdir(path, 0700) == 0, "mkdir");
    snprintf(path, sizeof path, "%s/muster.json", host->root);
    config_write(host, path, sections);
    const struct config_options options = {.file = path, .port = -1};
    if (config_load(&options, error) != MUSTER_OK) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    need(loop_init(1) == MUSTER_OK, "loop_init");
    need(pending_init() == MUSTER_OK, "pending_init");
    plugin_set_host(&table);
}

void tiny_host_close(struct tiny_host *host) {
    char command[320];
    plugin_stop_all();
    plugin_unload_all();
    pending_deinit();
    tiny_host_turns(4);
    loop_deinit();
    config_unload();
    snprintf(command, sizeof command, "rm -rf '%s'", host->root);
    need(system(command) == 0, "rm");
}

void tiny_host_install(const struct tiny_host *host, const char *from, const char *as,
                       uint32_t mode) {
    char command[1200];
    snprintf(command, sizeof command, "cp '%s/%s.so' '%s/%s.so' && chmod %o '%s/%s.so'", ZOO_DIR,
             from, host->plugins, as, mode, host->plugins, as);
    need(system(command) == 0, "installing a plugin");
}

void tiny_host_turns(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) (void)loop_turn();
}
