/* bench - muster_bench_lua: what modes in scripts cost, on the real core with the real plugins.
 *
 *     muster_bench_lua --config tests/bench/lua/config.json [--states N] [--rounds N] [--only MODE]
 *
 * Every mode of plugin lua is played by N matches, one after another, so that none finds its state
 * in the caches. Times are CPU times of the thread, medians of the rounds. They are printed, never
 * asserted; a heap over its limit is no matter of timing, and ends with 1.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "console.h"
#include "crowd.h"
#include "log.h"
#include "loop.h"
#include "server.h"
#include "temporary.h"

enum {
    PLAYERS = 8,
    WARM_UP_TICKS = 20,
    MINUTE_TICKS = 1200,
    ROUNDS_MAX = 1000,
    HOT_STATES = 8,
    HEAP_STATES = 4,
    HEAP_LIMIT_BYTES = 64 << 10,
    TICK_LIMIT_US = 12,
    START_LIMIT_MS = 1000,
    SETTLE_MS = 5000,
};

struct bench {
    const char *config;
    const char *only; /* this mode; or null */
    uint32_t states, rounds;
    bool heap_over;
};

struct figures {
    double all_us;    /* of a tick */
    double script_us; /* ... in plugin lua */
    double start_ms;  /* of all states */
};

/* ---- one mode -------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, uint32_t count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static bool play(struct crowd *crowd, uint32_t ticks) {
    for (uint32_t i = 0; i < ticks; i++) {
        if (!crowd_prepare(crowd)) return false;
        crowd_tick(crowd);
    }
    return true;
}

/* A match's tick, median of the rounds; measured: what plugin lua takes of it. */
static bool measure(struct crowd *crowd, uint32_t rounds, bool measured, double *out_us) {
    static double values[ROUNDS_MAX];
    for (uint32_t i = 0; i < rounds; i++) {
        if (!crowd_prepare(crowd)) return false;
        gauge_us();
        double begin_us = crowd_cpu_us();
        crowd_tick(crowd);
        double took_us = measured ? gauge_us() : crowd_cpu_us() - begin_us;
        values[i] = took_us / crowd->options.count;
    }
    *out_us = median(values, rounds);
    return true;
}

/* Base modes are played by bots, who want what the mode is about; others by their players. */
static struct crowd_options options_of(const char *game_mode, uint32_t count) {
    const struct schema *settings = registry_settings(game_mode);
    bool has_bots = settings && schema_find(settings, "botFill");
    return (struct crowd_options){.game_mode = game_mode,
                                  .settings = has_bots ? "{\"botFill\":8}" : NULL,
                                  .count = count,
                                  .people = has_bots ? 0 : PLAYERS};
}

static bool run(const char *game_mode, uint32_t states, uint32_t rounds, struct figures *out) {
    const struct crowd_options options = options_of(game_mode, states);
    struct crowd crowd;
    bool good = crowd_create(&crowd, &options) && play(&crowd, WARM_UP_TICKS) &&
                measure(&crowd, rounds, false, &out->all_us);
    if (good) {
        gauge_open("lua");
        good = measure(&crowd, rounds, true, &out->script_us);
        gauge_close("lua");
    }
    out->start_ms = crowd.start_us / 1e3;
    crowd_destroy(&crowd);
    return good;
}

/* ---- heaps ----------------------------------------------------------------------------------- */

struct heaps {
    const char *game_mode;
    size_t most;
};

/* "LOBBY match MOD VERSION calls=N memory=BYTES ..." */
static void on_scripts(void *user, muster_status status, const char *answer) {
    (void)status; /* a refusal names no heap */
    struct heaps *heaps = user;
    char mod[64];
    for (const char *line = answer; line && *line; line = strchr(line, '\n')) {
        size_t bytes;
        line += *line == '\n';
        if (sscanf(line, "%*s match %63s %*s calls=%*u memory=%zu", mod, &bytes) != 2) continue;
        if (strcmp(mod, heaps->game_mode) == 0 && bytes > heaps->most) heaps->most = bytes;
    }
}

/* What the largest of some states holds after a minute. */
static bool weigh(const char *game_mode, size_t *out) {
    const struct crowd_options options = options_of(game_mode, HEAP_STATES);
    struct heaps heaps = {.game_mode = game_mode};
    struct crowd crowd;
    bool good = crowd_create(&crowd, &options) && play(&crowd, MINUTE_TICKS);
    if (good) console_run_whole("bench", "mods scripts", on_scripts, &heaps);
    if (good && !heaps.most) fprintf(stderr, "muster_bench_lua: %s: no heap\n", game_mode);
    crowd_destroy(&crowd);
    *out = heaps.most;
    return good && heaps.most;
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool print_row(const struct bench *bench, const char *game_mode, uint32_t states,
                      bool has_script) {
    struct figures figures;
    size_t heap = 0;
    if (bench->only && strcmp(bench->only, game_mode) != 0) return true;
    if (!run(game_mode, states, bench->rounds, &figures)) return false;
    printf("%-20s %6u %10.2f %10.2f %9.0f", game_mode, states, figures.script_us, figures.all_us,
           figures.start_ms);
    if (has_script && states != HOT_STATES) {
        if (!weigh(game_mode, &heap)) return false;
        printf(" %9.1f", (double)heap / 1024);
    }
    puts("");
    fflush(stdout);
    return heap <= HEAP_LIMIT_BYTES;
}

static bool is_script(const struct mode_entry *mode) {
    return strcmp(registry_mode_owner(mode)->name, "lua") == 0;
}

static bool print_table(const struct bench *bench) {
    bool good = true;
    printf("%-20s %6s %10s %10s %9s %9s\n", "mode", "states", "script us", "tick us", "start ms",
           "heap KiB");
    good &= print_row(bench, "plain", bench->states, true);
    good &= print_row(bench, "plain", HOT_STATES, true);
    good &= print_row(bench, "plain_in_c", bench->states, false);
    good &= print_row(bench, "arena", bench->states, false);
    for (const struct mode_entry *m = registry_mode_next(NULL); m; m = registry_mode_next(m))
        if (is_script(m) && strcmp(m->game_mode, "plain") != 0)
            good &= print_row(bench, m->game_mode, bench->states, true);
    printf("targets for 2500 states: plain at most %d us a tick, start of all in less than %d ms, "
           "heaps of at most %d KiB\n",
           TICK_LIMIT_US, START_LIMIT_MS, HEAP_LIMIT_BYTES >> 10);
    return good;
}

/* ---- the core -------------------------------------------------------------------------------- */

static bool is_quiet(void *user) {
    (void)user;
    return loop_quiet();
}

/* As for a replay: matches without lobbies. */
static int with_core(const struct bench *bench) {
    char error[PLUGIN_ERROR_MAX] = "";
    int code = server_load(true);
    if (code == SERVER_EXIT_OK) {
        code = 1;
        if (match_table_init(bench->states + HEAP_STATES) || plugin_start_all(error))
            fprintf(stderr, "muster_bench_lua: the core did not start: %s\n", error);
        else if (loop_run_until(is_quiet, NULL, SETTLE_MS) && print_table(bench))
            code = 0;
        plugin_stop_all();
        (void)loop_run_until(is_quiet, NULL, SETTLE_MS);
    }
    server_unload();
    match_table_deinit();
    return code;
}

static bool parse(struct bench *bench, int argc, char **argv) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"states", required_argument, NULL, 's'},
        {"rounds", required_argument, NULL, 'r'},
        {"only", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c': bench->config = optarg; break;
        case 's': bench->states = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'r': bench->rounds = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'o': bench->only = optarg; break;
        default: return false;
        }
    }
    return bench->config && bench->states && bench->rounds && bench->rounds <= ROUNDS_MAX;
}

int main(int argc, char **argv) {
    struct bench bench = {.states = 2500, .rounds = 20};
    char error[CONFIG_ERROR_MAX] = "";
    if (!parse(&bench, argc, argv)) {
        fprintf(stderr,
                "usage: muster_bench_lua --config FILE [--states N] [--rounds N] [--only MODE]\n");
        return 64;
    }
    struct config_options options = {
        .file = bench.config, .port = -1, .unrecorded = true, .data_dir = temporary_dir()};
    if (!options.data_dir || config_load(&options, error)) {
        fprintf(stderr, "muster_bench_lua: %s\n", error[0] ? error : "no temporary directory");
        return 1;
    }
    log_level_set(MUSTER_LOG_ERROR);
    int code = with_core(&bench);
    config_unload();
    loop_threads_end();
    return code;
}
