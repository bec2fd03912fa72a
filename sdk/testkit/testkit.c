/* testkit.c - the kit itself: loading, lifecycle, logs, configuration. Owns the plugins. */
#include "internal.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const struct muster_host host_table = {
    .size = sizeof(struct muster_host),
    .abi_minor = MUSTER_ABI_MINOR,
    .log = &kit_log,
    .config = &kit_config,
    .loop = &kit_loop,
    .net = &kit_net,
    .http = &kit_http,
    .ws = &kit_ws,
    .lobby = &kit_lobby,
    .match = &kit_match,
    .player = &kit_player,
    .db = &kit_db,
    .report = &kit_report,
    .watchdog = &kit_watchdog,
    .metrics = &kit_metrics,
    .admin = &kit_admin,
    .events = &kit_events,
    .rpc = &kit_rpc,
    .engine = &kit_engine,
};

static const size_t role_sizes[MUSTER_ROLE_END] = {
    [MUSTER_ROLE_AUTH] = sizeof(struct muster_auth),
    [MUSTER_ROLE_MATCHMAKER] = sizeof(struct muster_matchmaker),
    [MUSTER_ROLE_MODE] = sizeof(struct muster_mode),
    [MUSTER_ROLE_VICTORY] = sizeof(struct muster_victory),
    [MUSTER_ROLE_RULES] = sizeof(struct muster_rules),
    [MUSTER_ROLE_ANTICHEAT] = sizeof(struct muster_anticheat),
    [MUSTER_ROLE_REPORTER] = sizeof(struct muster_reporter),
    [MUSTER_ROLE_DATABASE] = sizeof(struct muster_database),
    [MUSTER_ROLE_SERVICE] = sizeof(struct muster_service),
};

void *kit_alloc(size_t bytes) {
    void *p = calloc(1, bytes);
    if (!p) abort();
    return p;
}

char *kit_copy(const char *text) {
    char *copy = strdup(text ? text : "");
    if (!copy) abort();
    return copy;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void line_add(struct testkit *kit, struct line **list, const char *text) {
    struct line *line = kit_alloc(sizeof(*line));
    line->text = kit_copy(text);
    pthread_mutex_lock(&kit->lock);
    DL_APPEND(*list, line);
    pthread_mutex_unlock(&kit->lock);
    if (getenv("MUSTER_TESTKIT_VERBOSE")) fprintf(stderr, "testkit: %s\n", text);
}

static const char *line_find(struct testkit *kit, struct line *list, const char *text) {
    const char *found = NULL;
    struct line *line;
    pthread_mutex_lock(&kit->lock);
    DL_FOREACH(list, line) {
        if (strstr(line->text, text)) found = line->text;
    }
    pthread_mutex_unlock(&kit->lock);
    return found;
}

void kit_lines_free(struct line **lines) {
    struct line *line, *next;
    DL_FOREACH_SAFE(*lines, line, next) {
        DL_DELETE(*lines, line);
        free(line->text);
        free(line);
    }
}

static void log_write(muster_self *self, uint32_t level, const char *format, ...) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char text[1025];
    char full[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(full, sizeof(full), "%s %s: %s", levels[level < 4 ? level : 3], self->plugin.name,
             text);
    line_add(self->kit, &self->kit->lines, full);
}

const struct muster_host_log kit_log = {.size = sizeof(kit_log), .write = log_write};

void kit_fault(muster_self *self, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    __atomic_add_fetch(&self->kit->faults, 1, __ATOMIC_RELAXED);
    log_write(self, MUSTER_LOG_ERROR, "fault: %s", text);
}

void kit_act(struct testkit *kit, const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    line_add(kit, &kit->acts, text);
}

const char *testkit_log_find(struct testkit *kit, const char *text) {
    return line_find(kit, kit->lines, text);
}

const char *testkit_act_find(struct testkit *kit, const char *text) {
    return line_find(kit, kit->acts, text);
}

void testkit_log_clear(struct testkit *kit) {
    pthread_mutex_lock(&kit->lock);
    kit_lines_free(&kit->lines);
    pthread_mutex_unlock(&kit->lock);
}

uint32_t testkit_faults(struct testkit *kit) {
    return __atomic_load_n(&kit->faults, __ATOMIC_RELAXED);
}

bool kit_wrong_thread(muster_self *self, const char *function) {
    if (pthread_equal(pthread_self(), self->kit->thread)) return false;
    kit_fault(self, "%s called from the wrong thread", function);
    return true;
}

bool kit_not_started(muster_self *self, const char *function) {
    if (self->phase >= PHASE_STARTING && self->phase <= PHASE_STOPPING) return false;
    kit_fault(self, "%s is legal from start to stop only", function);
    return true;
}

/* ---- configuration -------------------------------------------------------------------------- */

static json_t *config_value(muster_self *self, const char *key) {
    if (kit_wrong_thread(self, "config")) return NULL;
    struct value *value = values_find(self->config, key);
    if (!value) kit_fault(self, "config key %s is not in the schema", key);
    return value ? value->value : NULL;
}

static int64_t config_integer(muster_self *self, const char *key) {
    return json_integer_value(config_value(self, key));
}

static double config_number(muster_self *self, const char *key) {
    return json_number_value(config_value(self, key));
}

static bool config_boolean(muster_self *self, const char *key) {
    return json_is_true(config_value(self, key));
}

static const char *config_string(muster_self *self, const char *key) {
    const char *text = json_string_value(config_value(self, key));
    return text ? text : "";
}

static uint32_t config_list_count(muster_self *self, const char *key) {
    return (uint32_t)json_array_size(config_value(self, key));
}

static const char *config_list_item(muster_self *self, const char *key, uint32_t index) {
    const char *text = json_string_value(json_array_get(config_value(self, key), index));
    return text ? text : "";
}

static const char *config_name(muster_self *self) {
    return kit_wrong_thread(self, __func__) ? "" : self->plugin.name;
}

static const char *config_data_dir(muster_self *self) {
    struct testkit *kit = self->kit;
    if (kit_wrong_thread(self, __func__)) return "";
    if (kit->data_dir) return kit->data_dir;
    const char *base = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof(path), "%s/muster-testkit-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(path)) abort();
    kit->data_dir = kit_copy(path);
    kit->data_dir_own = true;
    return kit->data_dir;
}

static const char *config_share_dir(muster_self *self) {
    bool is_known = !kit_wrong_thread(self, __func__) && self->kit->share_dir;
    return is_known ? self->kit->share_dir : "";
}

static const char *config_node_id(muster_self *self) {
    return kit_wrong_thread(self, __func__) ? "" : "node-test";
}

static const char *config_region(muster_self *self) {
    return kit_wrong_thread(self, __func__) ? "" : "eu-central";
}

static const char *config_version(muster_self *self) {
    return kit_wrong_thread(self, __func__) ? "" : "0.0.0-test";
}

static bool config_untrusted(muster_self *self) {
    return !kit_wrong_thread(self, __func__) && self->kit->untrusted;
}

static bool config_watch(muster_self *self) {
    return !kit_wrong_thread(self, __func__) && self->kit->watch;
}

const struct muster_host_config kit_config = {
    .size = sizeof(kit_config),
    .integer = config_integer,
    .number = config_number,
    .boolean = config_boolean,
    .string = config_string,
    .list_count = config_list_count,
    .list_item = config_list_item,
    .instance_name = config_name,
    .data_dir = config_data_dir,
    .share_dir = config_share_dir,
    .node_id = config_node_id,
    .region = config_region,
    .version = config_version,
    .untrusted = config_untrusted,
    .watch = config_watch,
};

bool testkit_config_set(muster_self *plugin, const char *key, const char *value) {
    struct testkit *kit = plugin->kit;
    return values_set(plugin->config, key, value, kit->error, sizeof(kit->error));
}

/* ---- loading -------------------------------------------------------------------------------- */

static bool refuse(struct testkit *kit, const char *why, const char *what) {
    snprintf(kit->error, sizeof(kit->error), "%s: %s", what ? what : "plugin", why);
    return false;
}

static bool descriptor_check(struct testkit *kit, const struct muster_plugin *p) {
    if (p->magic != MUSTER_PLUGIN_MAGIC) return refuse(kit, "wrong magic", NULL);
    if (p->abi_major != MUSTER_ABI_MAJOR) return refuse(kit, "wrong ABI major", p->name);
    if (p->abi_minor > MUSTER_ABI_MINOR) return refuse(kit, "newer ABI minor", p->name);
    if (p->flags & ~(uint32_t)MUSTER_PLUGIN_NEEDS_DATABASE)
        return refuse(kit, "unknown flags", p->name);
    if (!p->name || !p->version || !p->description) return refuse(kit, "name missing", NULL);
    if (!p->roles || p->role_count < 1 || p->role_count > 16)
        return refuse(kit, "1 to 16 roles expected", p->name);
    for (uint32_t i = 0; i < p->role_count; i++) {
        if (p->roles[i].kind < 1 || p->roles[i].kind >= MUSTER_ROLE_END || !p->roles[i].vtable)
            return refuse(kit, "unknown role or no vtable", p->name);
    }
    return true;
}

static void roles_copy(muster_self *self) {
    for (uint32_t i = 0; i < self->plugin.role_count; i++) {
        const struct muster_role *role = &self->plugin.roles[i];
        uint32_t have = *(const uint32_t *)role->vtable;
        size_t want = role_sizes[role->kind];
        if (self->roles[role->kind]) continue;
        self->roles[role->kind] = kit_alloc(want);
        memcpy(self->roles[role->kind], role->vtable, have < want ? have : want);
    }
}

muster_self *testkit_add(struct testkit *kit, const struct muster_plugin *descriptor) {
    struct muster_plugin copy = {0};
    uint32_t size = descriptor->size;
    memcpy(&copy, descriptor, size < sizeof(copy) ? size : sizeof(copy));
    if (!descriptor_check(kit, &copy)) return NULL;
    muster_self *self = kit_alloc(sizeof(*self));
    self->kit = kit;
    self->plugin = copy;
    if (copy.config_schema && values_add(&self->config, copy.config_schema, kit->error,
                                         sizeof(kit->error)) != MUSTER_OK) {
        free(self);
        return NULL;
    }
    roles_copy(self);
    DL_PREPEND(kit->plugins, self);
    return self;
}

muster_self *testkit_load(struct testkit *kit, const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct muster_plugin *descriptor = library ? dlsym(library, MUSTER_PLUGIN_SYMBOL) : NULL;
    if (!descriptor) {
        const char *why = dlerror();
        refuse(kit, why ? why : "no descriptor", path);
        if (library) dlclose(library);
        return NULL;
    }
    muster_self *self = testkit_add(kit, descriptor);
    if (self) {
        self->library = library;
    } else {
        dlclose(library);
    }
    return self;
}

const char *testkit_error(struct testkit *kit) {
    return kit->error;
}

void *testkit_instance(muster_self *plugin) {
    return plugin->instance;
}

const void *testkit_role(muster_self *plugin, uint32_t kind) {
    return kind < MUSTER_ROLE_END ? plugin->roles[kind] : NULL;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

muster_status testkit_init(muster_self *plugin) {
    if (plugin->phase != PHASE_LOADED) return MUSTER_STATE;
    muster_status status = MUSTER_OK;
    if (plugin->plugin.init) status = plugin->plugin.init(plugin, &host_table, &plugin->instance);
    plugin->phase = status == MUSTER_OK ? PHASE_INIT : PHASE_ENDED;
    return status;
}

static muster_status check(muster_self *plugin) {
    char text[2048] = "";
    struct muster_writer mistakes = muster_writer_make(text, sizeof(text) - 1);
    if (!plugin->plugin.check) return MUSTER_OK;
    muster_status status = plugin->plugin.check(plugin->instance, &mistakes);
    text[mistakes.len] = '\0';
    if (status != MUSTER_OK) kit_log.write(plugin, MUSTER_LOG_ERROR, "%s", text);
    return status;
}

muster_status testkit_start(muster_self *plugin) {
    muster_status status = plugin->phase == PHASE_LOADED ? testkit_init(plugin) : MUSTER_OK;
    if (status != MUSTER_OK) return status;
    if (plugin->phase != PHASE_INIT) return MUSTER_STATE;
    status = check(plugin);
    if (status != MUSTER_OK) return status;
    plugin->phase = PHASE_STARTING;
    if (plugin->plugin.start) status = plugin->plugin.start(plugin->instance);
    plugin->phase = status == MUSTER_OK ? PHASE_STARTED : PHASE_INIT;
    return status;
}

/* What it registered ends, and what it left open; returns how many these were. */
static uint32_t resources_close(muster_self *plugin) {
    uint32_t open = loop_close(plugin) + net_close(plugin) + http_close(plugin);
    services_close(plugin);
    rules_close(plugin);
    if (open) kit_fault(plugin, "left %u resources open", open);
    return open;
}

uint32_t testkit_stop(muster_self *plugin) {
    if (plugin->phase != PHASE_STARTED) return 0;
    if (plugin->plugin.drain) plugin->plugin.drain(plugin->instance);
    match_close(plugin);
    plugin->phase = PHASE_STOPPING;
    if (plugin->plugin.stop) plugin->plugin.stop(plugin->instance);
    plugin->phase = PHASE_STOPPED;
    return resources_close(plugin);
}

void testkit_unload(muster_self *plugin) {
    struct testkit *kit = plugin->kit;
    testkit_stop(plugin);
    bool fini = plugin->phase == PHASE_INIT || plugin->phase == PHASE_STOPPED;
    if (plugin->phase != PHASE_STOPPED) {
        loop_close(plugin);
        net_close(plugin);
        http_close(plugin);
        services_close(plugin);
        rules_close(plugin);
    }
    if (fini && plugin->plugin.fini) plugin->plugin.fini(plugin->instance);
    resources_close(plugin);
    modes_close(plugin);
    if (plugin->library) dlclose(plugin->library);
    if (kit->database == plugin) kit->database = NULL;
    for (uint32_t i = 0; i < MUSTER_ROLE_END; i++) free(plugin->roles[i]);
    values_free(&plugin->config);
    DL_DELETE(kit->plugins, plugin);
    free(plugin);
}

/* ---- the kit -------------------------------------------------------------------------------- */

struct testkit *testkit_create(void) {
    struct testkit *kit = kit_alloc(sizeof(*kit));
    kit->thread = pthread_self();
    pthread_mutex_init(&kit->lock, NULL);
    kit->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (kit->wake_fd < 0) abort();
    kit->next_id = 1;
    kit->now_ms = 1000;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    testkit_unix_set(kit, (int64_t)now.tv_sec * 1000);
    return kit;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at) {
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void testkit_destroy(struct testkit *kit) {
    if (!kit) return;
    while (kit->plugins) testkit_unload(kit->plugins);
    match_free(kit);
    lobby_free(kit);
    http_free(kit);
    values_free(&kit->settings);
    kit_lines_free(&kit->lines);
    kit_lines_free(&kit->acts);
    if (kit->data_dir_own) nftw(kit->data_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(kit->data_dir);
    free(kit->share_dir);
    free(kit->command_answer);
    close(kit->wake_fd);
    pthread_mutex_destroy(&kit->lock);
    free(kit);
}

const struct muster_host *testkit_host(struct testkit *kit) {
    (void)kit;
    return &host_table;
}

void testkit_data_dir_set(struct testkit *kit, const char *path) {
    free(kit->data_dir);
    kit->data_dir = kit_copy(path);
    kit->data_dir_own = false;
}

void testkit_share_dir_set(struct testkit *kit, const char *path) {
    free(kit->share_dir);
    kit->share_dir = kit_copy(path);
}

void testkit_untrusted_set(struct testkit *kit, bool untrusted) {
    kit->untrusted = untrusted;
}

void testkit_watch_set(struct testkit *kit, bool watch) {
    kit->watch = watch;
}
