/* What every plugin promises, whatever its roles: its name, its lifecycle, nothing left behind. */
#include "providers.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void it_is_what_its_file_says(void **state) {
    const struct provider *provider = *state;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.so", PLUGIN_DIR, provider->plugin);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    const struct muster_plugin *plugin = dlsym(library, MUSTER_PLUGIN_SYMBOL);
    assert_non_null(plugin);
    assert_int_equal(plugin->magic, MUSTER_PLUGIN_MAGIC);
    assert_int_equal(plugin->size, sizeof *plugin);
    assert_int_equal(plugin->flags & ~(uint32_t)MUSTER_PLUGIN_NEEDS_DATABASE, 0);
    assert_string_equal(plugin->name, provider->plugin);
    assert_true(isdigit((unsigned char)plugin->version[0]));
    assert_true(strlen(plugin->description) > 10);
    assert_null(strchr(plugin->description, '\n'));
    size_t role_len = strcspn(plugin->name, "_");
    /* The role comes first; who has several, or is a service, may be called after what it is. */
    bool is_free = plugin->role_count > 1 || plugin->roles[0].kind == MUSTER_ROLE_SERVICE;
    assert_true(role_len > 0 && (is_free || plugin->name[role_len] == '_'));
    dlclose(library);
}

static void it_ends_before_it_began(void **state) {
    struct bench bench;
    bench_load(&bench, *state, NULL);
    testkit_destroy(bench.kit); /* loaded only */
    bench_load(&bench, *state, NULL);
    if (bench.other) assert_int_equal(testkit_start(bench.other), MUSTER_OK);
    assert_int_equal(testkit_init(bench.plugin), MUSTER_OK);
    assert_int_equal(testkit_timers(bench.kit), 0); /* init is no I/O and begins nothing */
    assert_int_equal(testkit_tickets(bench.kit), 0);
    testkit_unload(bench.plugin); /* fini without start */
    assert_int_equal(testkit_faults(bench.kit), 0);
    testkit_destroy(bench.kit);
}

static void it_starts_and_stops(void **state) {
    struct bench bench;
    bench_load(&bench, *state, NULL);
    bench_start(&bench);
    testkit_advance(bench.kit, 60000); /* whatever timers it has */
    bench_wait_idle(&bench);
    bench_close(&bench);
}

static void it_stops_in_the_middle_of_its_start(void **state) {
    struct bench bench;
    bench_load(&bench, *state, NULL);
    if (bench.other) assert_int_equal(testkit_start(bench.other), MUSTER_OK);
    assert_int_equal(testkit_start(bench.plugin), MUSTER_OK); /* what it asked for is unanswered */
    assert_int_equal(testkit_stop(bench.plugin), 0);
    testkit_unload(bench.plugin);
    if (bench.other) assert_int_equal(testkit_stop(bench.other), 0);
    assert_int_equal(testkit_faults(bench.kit), 0); /* an answer that finds nobody is none */
    testkit_destroy(bench.kit);
}

/* Both generations stand for a moment; what the older one has goes with it. */
static void it_is_reloaded_while_it_runs(void **state) {
    struct bench bench;
    bench_load(&bench, *state, NULL);
    bench_start(&bench);
    for (int i = 0; i < 2; i++) {
        bench.plugin = testkit_reload(bench.kit, bench.plugin);
        if (!bench.plugin) fail_msg("%s", testkit_error(bench.kit));
        testkit_advance(bench.kit, 5000);
    }
    bench_wait_idle(&bench);
    bench_close(&bench);
}

static void it_starts_again_on_what_it_kept(void **state) {
    char data_dir[TEMP_DIR_MAX];
    struct bench bench;
    assert_true(temp_dir_make(data_dir));
    for (int i = 0; i < 3; i++) {
        bench_load(&bench, *state, data_dir);
        bench_start(&bench);
        bench_close(&bench);
    }
    assert_true(temp_dir_remove(data_dir));
}

/* The table and the folder plugins/ are about the same. */
static bool every_built_plugin_is_in_the_table(void) {
    char built[] = BUILT_PLUGINS;
    bool all = true;
    for (char *rest = built, *name; (name = strsep(&rest, ","));) {
        const struct provider *p = providers;
        while (p->plugin && strcmp(p->plugin, name) != 0) p++;
        if (!p->plugin) fprintf(stderr, "%s has no line in providers.c\n", name);
        all = all && p->plugin;
    }
    return all;
}

int main(void) {
    static const struct contract_test tests[] = {
        {"it is what its file says", it_is_what_its_file_says},
        {"it ends before it began", it_ends_before_it_began},
        {"it starts and stops", it_starts_and_stops},
        {"it stops in the middle of its start", it_stops_in_the_middle_of_its_start},
        {"it is reloaded while it runs", it_is_reloaded_while_it_runs},
        {"it starts again on what it kept", it_starts_again_on_what_it_kept},
    };
    if (!every_built_plugin_is_in_the_table()) return 1;
    return contract_run(0, tests, sizeof tests / sizeof tests[0]);
}
