/* mode_rates - mode_arena at other rates: "arena_5" for those who are many, "arena_128" for matches
 * of ten. */
#include <muster/plugin.h>
#include <stdlib.h>

struct rates {
    muster_self *self;
    const struct muster_host *host;
};

static muster_status rates_init(muster_self *self, const struct muster_host *host, void **out) {
    struct rates *rates = calloc(1, sizeof *rates);
    if (!rates) return MUSTER_NO_MEMORY;
    *rates = (struct rates){.self = self, .host = host};
    *out = rates;
    return MUSTER_OK;
}

/* Here, since the arena declares itself when it starts. */
static muster_status rates_start(void *instance) {
    const struct rates *rates = instance;
    struct muster_mode_info info = {.size = sizeof info,
                                    .game_mode = "arena_5",
                                    .title = "Arena at 5 Hz",
                                    .base = "arena",
                                    .tick_rate_hz = 5};
    muster_status status = rates->host->match->mode_add(rates->self, &info);
    if (status != MUSTER_OK) return status;
    info.game_mode = "arena_128";
    info.title = "Arena at 128 Hz";
    info.tick_rate_hz = 128;
    info.players_max = 10;
    return rates->host->match->mode_add(rates->self, &info);
}

/* Modes on a base need no role of mode; some role a plugin has. */
static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};

MUSTER_PLUGIN(.name = "mode_rates", .version = "1.0.0", .description = "The arena at other rates.",
              .roles = roles, .role_count = 1, .init = rates_init, .start = rates_start,
              .fini = free);
