/* zoo_reload - three generations of one plugin, by ZOO_GENERATION: 1 and 2 declare the same names
 * and one of their own each; 3 fails in start after it has declared everything.
 */
#include <muster/plugin.h>
#include <stdlib.h>

#if ZOO_GENERATION == 1
#define OWN_MODE "zoo_beta"
#define OWN_KEY "firstOnly"
#define TITLE "first"
#else
#define OWN_MODE "zoo_gamma"
#define OWN_KEY "secondOnly"
#define TITLE "second"
#endif

static const char config_schema[] =
    "[{\"key\":\"title\",\"type\":\"string\",\"default\":\"" TITLE "\",\"max\":20},"
    "{\"key\":\"" OWN_KEY "\",\"type\":\"int\",\"default\":7,\"min\":1,\"max\":9}]";

struct reload {
    muster_self *self;
    const struct muster_host *host;
};

static muster_status on_create(void *instance, const struct muster_match_info *info, void **state) {
    (void)instance;
    (void)info;
    *state = NULL;
    return MUSTER_OK;
}

static void on_destroy(void *instance, void *state) {
    (void)instance;
    (void)state;
}

static muster_status on_join(void *instance, void *state, uint32_t seat) {
    (void)instance;
    (void)state;
    (void)seat;
    return MUSTER_OK;
}

static void on_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    (void)state;
    (void)seat;
    (void)reason;
}

static void on_input(void *instance, void *state, uint32_t seat, const struct muster_input *input) {
    (void)instance;
    (void)state;
    (void)seat;
    (void)input;
}

static void on_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)instance;
    (void)state;
    (void)tick;
}

static void on_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                        struct muster_writer *out) {
    (void)instance;
    (void)state;
    (void)view;
    (void)full;
    muster_put_u8(out, ZOO_GENERATION);
}

static void on_notice(void *user, const struct muster_notice *notice) {
    (void)user;
    (void)notice;
}

static muster_status mode_add(struct reload *reload, const char *game_mode) {
    static const char *const maps[] = {"only"};
    const struct muster_mode_info info = {
        .size = sizeof info,
        .players_max = 8,
        .game_mode = game_mode,
        .title = TITLE,
        .settings_json = "[{\"key\":\"zooLimit\",\"type\":\"int\",\"default\":5,\"min\":1,"
                         "\"max\":9}]",
        .maps = maps,
        .map_count = 1,
        .tick_rate_hz = 20,
        .view_count = 1,
        .snapshot_max_bytes = 64,
    };
    return reload->host->match->mode_add(reload->self, &info);
}

static muster_status declare(struct reload *reload) {
    muster_status status = mode_add(reload, "zoo_alpha");
    if (status == MUSTER_OK) status = mode_add(reload, OWN_MODE);
    if (status == MUSTER_OK)
        status = reload->host->lobby->settings_add(
            reload->self, "[{\"key\":\"zooCommon\",\"type\":\"bool\",\"default\":true}]");
    if (status == MUSTER_OK)
        status = reload->host->events->subscribe(reload->self, 1u << MUSTER_NOTICE_PLUGIN_RELOADED,
                                                 on_notice, NULL);
    return status;
}

static muster_status reload_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct reload *reload = calloc(1, sizeof *reload);
    if (!reload) return MUSTER_NO_MEMORY;
    reload->self = self;
    reload->host = host;
    muster_status status = declare(reload);
    if (status != MUSTER_OK) {
        free(reload);
        return status;
    }
    *instance = reload;
    return MUSTER_OK;
}

static muster_status reload_start(void *instance) {
    (void)instance;
    return ZOO_GENERATION == 3 ? MUSTER_UNAVAILABLE : MUSTER_OK;
}

static void reload_fini(void *instance) {
    free(instance);
}

static const struct muster_mode mode = {
    .size = sizeof mode,
    .create = on_create,
    .destroy = on_destroy,
    .join = on_join,
    .leave = on_leave,
    .input = on_input,
    .tick = on_tick,
    .snapshot = on_snapshot,
};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode}};

MUSTER_PLUGIN(.name = "zoo_reload", .version = "1.0.0", .description = "Is reloaded.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = reload_init,
              .start = reload_start, .fini = reload_fini);
