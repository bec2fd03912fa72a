/* providers - the table of all plugins, and one of them at work in a kit of its own.
 *
 * Each suite runs its tests on every plugin of the table that has the suite's role.
 */
#ifndef PROVIDERS_H
#define PROVIDERS_H

#include "test.h"

#include <muster_testkit.h>

#define SETTINGS_MAX 4

struct provider {
    const char *plugin;
    const char *needs; /* a plugin whose role it asks, or null */
    const char *config[SETTINGS_MAX][2];
    const char *game_mode; /* of a mode */
    const char *map_name;
};

struct bench {
    const struct provider *provider;
    struct testkit *kit;
    muster_self *other; /* the plugin it needs, or null */
    muster_self *plugin;
    void *instance;
    const void *role;
};

/* The table ends with a null plugin. */
extern const struct provider providers[];

/* Loaded and configured, nothing has been called; data_dir null: one of its own. */
void bench_load(struct bench *bench, const struct provider *provider, const char *data_dir);
/* All of it started, and idle. */
void bench_start(struct bench *bench);
void bench_wait_idle(struct bench *bench);
/* Stopped: nothing left open, no fault; unloaded. */
void bench_close(struct bench *bench);

/* Deterministic numbers below bound. */
uint32_t draw(uint64_t *seed, uint32_t bound);

/* Runs each test on each plugin that has the role (0: on all); the test finds a started bench in
 * *state. Returns what main is to return. */
struct contract_test {
    const char *name;
    void (*fn)(void **state);
};
int contract_run(uint32_t role, const struct contract_test *tests, uint32_t count);

#endif
