/* mode_heavy - a mode of the tests that costs what its command says, on every machine the same:
 * "heavy TICK_US BYTES" is how long each tick takes from then on, and how long snapshots are. */
#include <muster/plugin.h>
#include <stdio.h>
#include <time.h>

#define BYTES_MAX 16384

static struct {
    uint64_t tick_us;
    uint32_t bytes;
} heavy = {.bytes = 1};

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static muster_status create(void *instance, const struct muster_match_info *info, void **state) {
    (void)info;
    *state = instance;
    return MUSTER_OK;
}

static void destroy(void *instance, void *state) {
    (void)instance, (void)state;
}

static muster_status join(void *instance, void *state, uint32_t seat) {
    (void)instance, (void)state, (void)seat;
    return MUSTER_OK;
}

static void leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance, (void)state, (void)seat, (void)reason;
}

static void input(void *instance, void *state, uint32_t seat, const struct muster_input *given) {
    (void)instance, (void)state, (void)seat, (void)given;
}

static void tick(void *instance, void *state, const struct muster_tick *now) {
    (void)instance, (void)state, (void)now;
    uint64_t until_us = now_us() + heavy.tick_us;
    while (now_us() < until_us) continue;
}

static void snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                     struct muster_writer *out) {
    (void)instance, (void)state, (void)view, (void)full;
    for (uint32_t i = 0; i < heavy.bytes; i++) muster_put_u8(out, (uint8_t)(i * 167));
}

static void intro(void *instance, void *state, struct muster_writer *out) {
    (void)instance, (void)state;
    muster_put_bytes(out, "{}", 2);
}

static void on_command(void *user, const char *arguments, struct muster_writer *answer) {
    unsigned tick_us, bytes;
    (void)user;
    if (sscanf(arguments, "%u %u", &tick_us, &bytes) != 2 || bytes > BYTES_MAX) return;
    heavy.tick_us = tick_us;
    heavy.bytes = bytes;
    muster_put_bytes(answer, "done", 4);
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    static const char *const maps[] = {"flat"};
    const struct muster_mode_info mode = {.size = sizeof mode,
                                          .players_max = 4,
                                          .players_min = 1,
                                          .game_mode = "heavy",
                                          .title = "Heavy",
                                          .maps = maps,
                                          .map_count = 1,
                                          .tick_rate_hz = 20,
                                          .view_count = 1,
                                          .snapshot_max_bytes = BYTES_MAX};
    *instance = &heavy;
    muster_status status = host->match->mode_add(self, &mode);
    return status ? status
                  : host->admin->command_add(self, "heavy", "TICK_US BYTES", on_command, NULL);
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = create,
                                        .destroy = destroy,
                                        .join = join,
                                        .leave = leave,
                                        .input = input,
                                        .tick = tick,
                                        .snapshot = snapshot,
                                        .intro = intro};
static const struct muster_role roles[] = {{MUSTER_ROLE_MODE, 0, &mode}};
MUSTER_PLUGIN(.name = "mode_heavy", .version = "1.0.0",
              .description = "A mode that costs what it is told to.", .roles = roles,
              .role_count = 1, .init = init);
