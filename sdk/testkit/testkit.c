/* testkit.c - the kit itself: the host's start and end, its log, time. */
#include "internal.h"

#include <dlfcn.h>
#include <ftw.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "books.h"
#include "engine.h"
#include "host.h"
#include "log.h"
#include "log_line.h"
#include "loop.h"
#include "metrics.h"
#include "outbox.h"
#include "pacer.h"
#include "queue.h"
#include "report.h"
#include "server.h"
#include "untrusted.h"
#include "watchdog.h"

#define VARIABLES_MAX 256

struct testkit *kit_now;

/* What the kit has put into the environment, which is where configuration comes from. */
static char *variables[VARIABLES_MAX];
static uint32_t variable_count;

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

void kit_misused(const char *function, const char *needs) {
    fprintf(stderr, "testkit: %s needs %s, and was called with a null\n", function, needs);
    if (kit_now)
        snprintf(kit_now->error, sizeof kit_now->error, "%s needs %s, and was called with a null",
                 function, needs);
}

/* ---- configuration --------------------------------------------------------------------------- */

void kit_variable_set(const char *section, const char *key, const char *value) {
    char name[256];
    config_env_name(section, key, name, sizeof name);
    if (variable_count == VARIABLES_MAX || setenv(name, value, 1)) abort();
    variables[variable_count++] = kit_copy(name);
}

void kit_variable_clear(const char *section, const char *key) {
    char name[256];
    config_env_name(section, key, name, sizeof name);
    unsetenv(name);
}

static void variables_unset(void) {
    while (variable_count) {
        unsetenv(variables[--variable_count]);
        free(variables[variable_count]);
    }
}

/* Where the test has not said otherwise. */
static void variable_default(const char *section, const char *key, const char *value) {
    char name[256];
    config_env_name(section, key, name, sizeof name);
    if (!getenv(name)) kit_variable_set(section, key, value);
}

/* Maps and the like lie beside the kit where it is installed; the server looks beside its program,
 * which is the test here. */
static void find_share(char *out, size_t cap) {
    static const char *const ways[] = {"../share/muster", "../../share/muster"};
    Dl_info info;
    out[0] = '\0';
    if (!dladdr(variables, &info) || !strrchr(info.dli_fname, '/')) return;
    int folder = (int)(strrchr(info.dli_fname, '/') - info.dli_fname);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(out, cap, "%.*s/%s", folder, info.dli_fname, ways[i]);
        if (access(out, R_OK | X_OK) == 0) return;
    }
    out[0] = '\0';
}

/* Limits that are there for strangers are out of a test's way; nothing starts or ends by itself. */
static void configure(const struct testkit *kit) {
    static const char *const values[][3] = {
        {"server", "nodeId", "node-test"},
        {"server", "region", "eu-central"},
        {"server", "regions", "eu-central,eu,us,asia"},
        {"server", "logLevel", "debug"},
        {"server", "maxPlayers", "2000"},
        {"http", "authPerMinute", "100000"},
        {"http", "authBurst", "100000"},
        {"net", "strangerPerSecond", "100000"},
        {"net", "strangerBurst", "1000000"},
        {"net", "requestsPerSecond", "100000"},
        {"net", "requestsBurst", "100000"},
        {"lobby", "chatPerFiveSeconds", "1000"},
        {"lobby", "maxLobbies", "2000"},
        {"lobby", "playersMin", "32"},
        {"lobby", "emptyCloseMs", "600000"},
        {"lobby", "reconnectMs", "600000"},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        variable_default(values[i][0], values[i][1], values[i][2]);
    char installed[1100];
    find_share(installed, sizeof installed);
    if (kit->share_dir)
        kit_variable_set("server", "shareDir", kit->share_dir);
    else if (installed[0])
        variable_default("server", "shareDir", installed);
    if (setenv("MUSTER_PLUGINS", "", 1)) abort();
}

static void make_data_dir(struct testkit *kit) {
    if (kit->data_dir) return;
    const char *base = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/muster-testkit-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(path)) abort();
    kit->data_dir = kit_copy(path);
    kit->data_dir_own = true;
}

/* ---- start and end --------------------------------------------------------------------------- */

static _Noreturn void die(const char *why) {
    fprintf(stderr, "testkit: %s\n", why);
    abort();
}

static bool is_ready(void) {
    return true;
}

void kit_stand(struct testkit *kit) {
    if (kit->stands) return;
    kit->stands = true;
    make_data_dir(kit);
    configure(kit);
    const struct config_options options = {
        .data_dir = kit->data_dir, .port = -1, .watch = kit->watches, .unrecorded = true};
    log_level_set(MUSTER_LOG_DEBUG);
    if (config_load(&options, kit->error)) die(kit->error);
    if (server_load_for_command() != SERVER_EXIT_OK) die("the host did not start");
    if (watchdog_start(WATCHDOG_NEVER_MS, WATCHDOG_NEVER_MS) || books_start(is_ready))
        die("the host's books did not start");
    outbox_start();
    muster_self *standin = testkit_add(kit, &kit_standin);
    if (!standin || testkit_start(standin)) die(kit->error);
    kit->faults_before = metrics_values[METRIC_PLUGIN_FAULTS];
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at) {
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void lines_free(struct kit_line **lines) {
    struct kit_line *line, *next;
    DL_FOREACH_SAFE(*lines, line, next) {
        DL_DELETE(*lines, line);
        free(line->text);
        free(line);
    }
}

static void lie_down(void) {
    kit_matches_end(NULL);
    kit_people_leave();
    queue_deinit();
    lobby_deinit();
    report_deinit();
    for (muster_self *newest; (newest = kit_newest());) testkit_unload(newest);
    kit_settle();
    outbox_deinit();
    pacer_stop();
    watchdog_stop();
    books_deinit();
    server_unload();
    config_unload();
}

/* Libraries free what they keep for each thread: the pool's end before OpenSSL does, which
 * registers its own end when it is first used. */
static void end_threads_at_exit(void) {
    static bool is_again;
    if (is_again) return;
    is_again = true;
    if (!OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) || atexit(loop_threads_end))
        abort();
}

struct testkit *testkit_create(void) {
    if (kit_now) die("one kit is alive already, and a process has one host");
    end_threads_at_exit();
    struct testkit *kit = kit_alloc(sizeof *kit);
    kit->settings = json_object();
    kit_now = kit;
    return kit;
}

void testkit_destroy(struct testkit *kit) {
    if (!kit) return;
    if (kit->stands) lie_down();
    variables_unset();
    kit_standin_forget();
    kit_web_forget();
    if (kit->data_dir_own) nftw(kit->data_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    lines_free(&kit->lines);
    lines_free(&kit->told);
    json_decref(kit->settings);
    free(kit->command_answer);
    free(kit->data_dir);
    free(kit->share_dir);
    free(kit);
    kit_now = NULL;
}

static void set_up(const struct testkit *kit) {
    if (kit->stands)
        die("directories, untrusted and watch are set before the first plugin is loaded");
}

void testkit_data_dir_set(struct testkit *kit, const char *path) {
    KIT_NEED_OR_NOTHING(kit && path);
    set_up(kit);
    free(kit->data_dir);
    kit->data_dir = kit_copy(path);
}

void testkit_share_dir_set(struct testkit *kit, const char *path) {
    KIT_NEED_OR_NOTHING(kit && path);
    set_up(kit);
    free(kit->share_dir);
    kit->share_dir = kit_copy(path);
}

void testkit_untrusted_set(struct testkit *kit) {
    KIT_NEED_OR_NOTHING(kit);
    set_up(kit);
    untrusted_request(NULL, false);
}

void testkit_watch_set(struct testkit *kit, bool watch) {
    KIT_NEED_OR_NOTHING(kit);
    set_up(kit);
    kit->watches = watch;
}

const struct muster_host *testkit_host(struct testkit *kit) {
    KIT_NEED(kit, NULL);
    kit_stand(kit);
    return host_table();
}

const char *testkit_error(struct testkit *kit) {
    return kit ? kit->error : "there is no kit";
}

/* ---- lines ----------------------------------------------------------------------------------- */

void kit_line_add(struct kit_line **list, const char *text) {
    struct kit_line *line = kit_alloc(sizeof *line);
    line->text = kit_copy(text);
    DL_APPEND(*list, line);
}

const char *kit_line_find(const struct kit_line *list, const char *text) {
    const char *found = NULL;
    const struct kit_line *line;
    DL_FOREACH(list, line) {
        if (strstr(line->text, text)) found = line->text;
    }
    return found;
}

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

void kit_log(const char *level, const char *text) {
    char full[PLUGIN_ERROR_MAX];
    snprintf(full, sizeof full, "%s %s", level, text);
    pthread_mutex_lock(&log_lock);
    if (kit_now) kit_line_add(&kit_now->lines, full);
    pthread_mutex_unlock(&log_lock);
    if (getenv("TESTKIT_VERBOSE")) fprintf(stderr, "testkit: %s\n", full);
}

static void log_take(uint32_t level, const char *component, const struct log_fields *fields,
                     const char *format, va_list args) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char text[1100], own[2048] = "", full[PLUGIN_ERROR_MAX];
    vsnprintf(text, sizeof text, format, args);
    if (fields) log_line_own(fields, own, sizeof own);
    snprintf(full, sizeof full, "%s: %s%s", component, text, own);
    kit_log(levels[level < 4 ? level : 3], full);
}

/* The host's log is the kit's: the linker puts these in its place. */
void __wrap_log_write(uint32_t level, const char *component, const char *format, ...);
void __wrap_log_write(uint32_t level, const char *component, const char *format, ...) {
    va_list args;
    va_start(args, format);
    log_take(level, component, NULL, format, args);
    va_end(args);
}

void __wrap_log_fields(uint32_t level, const char *component, const struct log_fields *fields,
                       const char *format, ...);
void __wrap_log_fields(uint32_t level, const char *component, const struct log_fields *fields,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    log_take(level, component, fields, format, args);
    va_end(args);
}

const char *testkit_log_find(struct testkit *kit, const char *text) {
    KIT_NEED(kit && text, NULL);
    pthread_mutex_lock(&log_lock);
    const char *found = kit_line_find(kit->lines, text);
    pthread_mutex_unlock(&log_lock);
    return found;
}

void testkit_log_clear(struct testkit *kit) {
    KIT_NEED_OR_NOTHING(kit);
    pthread_mutex_lock(&log_lock);
    lines_free(&kit->lines);
    pthread_mutex_unlock(&log_lock);
}

uint32_t testkit_faults(struct testkit *kit) {
    KIT_NEED(kit, 0);
    return (uint32_t)(metrics_values[METRIC_PLUGIN_FAULTS] - kit->faults_before);
}

/* ---- time ------------------------------------------------------------------------------------ */

void kit_settle(void) {
    if (engine_settle()) die("the host did not come to rest");
}

void testkit_advance(struct testkit *kit, uint32_t ms) {
    KIT_NEED_OR_NOTHING(kit);
    kit_stand(kit);
    if (engine_pass(ms)) die("the host did not come to rest");
    loop_turn(); /* descriptors */
    kit_settle();
}

void testkit_pass(struct testkit *kit, uint32_t ms) {
    KIT_NEED_OR_NOTHING(kit);
    kit_stand(kit);
    uint64_t until_ms = loop_now_ms() + ms;
    for (uint64_t due_ms; (due_ms = loop_clock_due_ms()) <= until_ms;) {
        loop_clock_advance(due_ms);
        loop_turn();
    }
    loop_clock_advance(until_ms);
    loop_turn();
}

void testkit_pump(struct testkit *kit) {
    KIT_NEED_OR_NOTHING(kit);
    testkit_advance(kit, 0);
}

void testkit_unix_set(struct testkit *kit, int64_t unix_ms) {
    KIT_NEED_OR_NOTHING(kit);
    kit_stand(kit);
    loop_clock_virtual(loop_now_ms(), unix_ms);
}

static uint64_t real_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The virtual clock follows the real one while somebody waits. */
bool testkit_wait(struct testkit *kit, bool (*done)(void *user), void *user, uint32_t timeout_ms) {
    KIT_NEED(kit, false);
    kit_stand(kit);
    if (!done) return engine_settle() == MUSTER_OK;
    uint64_t began_real_ms = real_ms(), began_ms = loop_now_ms();
    while (!loop_run_until(done, user, 1)) {
        uint64_t passed_ms = real_ms() - began_real_ms;
        if (passed_ms >= timeout_ms) return false;
        loop_clock_advance(began_ms + passed_ms);
        pacer_run();
    }
    return true;
}

uint32_t testkit_timers(struct testkit *kit) {
    KIT_NEED(kit, 0);
    uint32_t count = 0;
    for (muster_self *plugin = plugin_next(NULL); plugin; plugin = plugin_next(plugin))
        for (struct resource *r = plugin->resources.next; r != &plugin->resources; r = r->next)
            count += strcmp(r->kind->name, "timer") == 0;
    return count;
}
