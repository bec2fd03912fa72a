/* providers - see the header. */
#include "providers.h"
#include "crew.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_MAX 256
#define NAME_MAX_BYTES 128

/* A new plugin is one line here. */
const struct provider providers[] = {
    {"anticheat_aim"},
    {"anticheat_movement"},
    {"anticheat_timing"},
    {"auth_jwt",
     .config = {{"issuer", "https://issuer.example"}, {"keysFile", DATA_DIR "/issuer.pem"}}},
    {"auth_local", "db_sqlite", {{"hashMemoryKib", "8"}, {"hashOperations", "1"}}},
    {"db_sqlite"},
    {"history", "db_sqlite"},
    {"kv_memory", .config = {{"memoryMaxMib", "1"}}},
    {"lua"}, /* its modes live in the lobby's rules: tests/unit/lua and tests/server play them */
    {"match_fill"},
    {"mode_arena", .game_mode = "arena", .map_name = "canyon"},
    {"mode_connect_four", .game_mode = "connect_four", .map_name = "classic"},
    {"moderation", "db_sqlite"},
    {"reporter_central", "db_sqlite"},
    {"rules_private", "db_sqlite"},
    {"service_console"},
    {"service_directory", "db_sqlite"},
    {"service_lobbies"},
    {"service_metrics"},
    {"service_registrar"},
    {"service_web"},
    {"victory_elimination"},
    {"victory_first_to_kills"},
    {"victory_forfeit"},
    {"victory_time_limit"},
    {NULL},
};

static muster_self *load(struct testkit *kit, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.so", PLUGIN_DIR, name);
    muster_self *plugin = testkit_load(kit, path);
    if (!plugin) fail_msg("%s: %s", name, testkit_error(kit));
    return plugin;
}

void bench_load(struct bench *bench, const struct provider *provider, const char *data_dir) {
    *bench = (struct bench){.provider = provider, .kit = testkit_create()};
    testkit_share_dir_set(bench->kit, SHARE_DIR);
    if (data_dir) testkit_data_dir_set(bench->kit, data_dir);
    if (provider->needs) bench->other = load(bench->kit, provider->needs);
    bench->plugin = load(bench->kit, provider->plugin);
    for (uint32_t i = 0; i < SETTINGS_MAX && provider->config[i][0]; i++)
        if (!testkit_config_set(bench->plugin, provider->config[i][0], provider->config[i][1]))
            fail_msg("%s", testkit_error(bench->kit));
}

void bench_wait_idle(struct bench *bench) {
    assert_true(crew_wait(bench->kit));
}

void bench_start(struct bench *bench) {
    if (bench->other) assert_int_equal(testkit_start(bench->other), MUSTER_OK);
    assert_int_equal(testkit_start(bench->plugin), MUSTER_OK);
    bench_wait_idle(bench);
    bench->instance = testkit_instance(bench->plugin);
}

void bench_close(struct bench *bench) {
    assert_int_equal(testkit_stop(bench->plugin), 0);
    if (bench->other) assert_int_equal(testkit_stop(bench->other), 0);
    assert_int_equal(testkit_tickets(bench->kit), 0);
    assert_int_equal(testkit_faults(bench->kit), 0);
    testkit_destroy(bench->kit);
}

uint32_t draw(uint64_t *seed, uint32_t bound) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % bound;
}

/* ---- running --------------------------------------------------------------------------------- */

static uint32_t wanted_role;

static int set_up(void **state) {
    const struct provider *provider = *state;
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) return -1;
    bench_load(bench, provider, NULL);
    bench_start(bench);
    bench->role = testkit_role(bench->plugin, wanted_role);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    bench_close(*state);
    free(*state);
    return 0;
}

static bool has_role(const struct provider *provider, uint32_t role) {
    char path[512];
    bool found = role == 0;
    snprintf(path, sizeof path, "%s/%s.so", PLUGIN_DIR, provider->plugin);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct muster_plugin *plugin = library ? dlsym(library, MUSTER_PLUGIN_SYMBOL) : NULL;
    for (uint32_t i = 0; plugin && i < plugin->role_count; i++)
        found = found || plugin->roles[i].kind == role;
    if (library) dlclose(library);
    return found || !plugin; /* what cannot be loaded fails in its set-up, aloud */
}

int contract_run(uint32_t role, const struct contract_test *tests, uint32_t count) {
    static struct CMUnitTest list[TESTS_MAX];
    static char names[TESTS_MAX][NAME_MAX_BYTES];
    size_t total = 0;
    wanted_role = role;
    for (const struct provider *p = providers; p->plugin; p++) {
        if (!has_role(p, role)) continue;
        if (role == MUSTER_ROLE_MODE && !p->game_mode) continue;
        for (uint32_t i = 0; i < count && total < TESTS_MAX; i++, total++) {
            snprintf(names[total], sizeof names[total], "%s: %s", p->plugin, tests[i].name);
            list[total] = (struct CMUnitTest){names[total], tests[i].fn, role ? set_up : NULL,
                                              role ? tear_down : NULL, (void *)p};
        }
    }
    if (total == 0) return 1;
    return _cmocka_run_group_tests("contract", list, total, NULL, NULL);
}
