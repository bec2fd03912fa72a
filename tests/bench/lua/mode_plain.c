/* mode_plain - mods/plain in C: what a tick costs without a script. */
#include <muster/plugin.h>
#include <stdlib.h>

enum { PLAYERS = 8, SIZE = 32767, SPEED = 40, TOUCH = 400 * 400 };

struct body {
    bool here;
    int32_t x, y, vx, vy;
    uint32_t aim, touches;
};

struct plain {
    struct body bodies[PLAYERS];
};

static muster_status create(void *instance, const struct muster_match_info *info, void **state) {
    (void)instance;
    (void)info;
    *state = calloc(1, sizeof(struct plain));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status join(void *instance, void *state, uint32_t seat) {
    struct plain *plain = state;
    (void)instance;
    if (seat >= PLAYERS) return MUSTER_FULL;
    plain->bodies[seat] =
        (struct body){.here = true, .x = (int32_t)seat * 900, .y = (int32_t)seat * -700};
    return MUSTER_OK;
}

static void leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    struct plain *plain = state;
    (void)instance;
    (void)reason;
    if (seat < PLAYERS) plain->bodies[seat].here = false;
}

static void take_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    struct plain *plain = state;
    (void)instance;
    if (seat >= PLAYERS) return;
    plain->bodies[seat].vx = input->move_x;
    plain->bodies[seat].vy = input->move_y;
    plain->bodies[seat].aim = input->aim;
}

static int32_t clamp(int32_t value) {
    return value > SIZE ? SIZE : value < -SIZE ? -SIZE : value;
}

static void tick(void *instance, void *state, const struct muster_tick *now) {
    struct plain *plain = state;
    (void)instance;
    (void)now;
    for (struct body *body = plain->bodies; body < plain->bodies + PLAYERS; body++) {
        body->x = clamp(body->x + body->vx * SPEED / 127);
        body->y = clamp(body->y + body->vy * SPEED / 127);
    }
    for (int i = 0; i < PLAYERS - 1; i++)
        for (int k = i + 1; k < PLAYERS; k++) {
            int64_t dx = plain->bodies[k].x - plain->bodies[i].x;
            int64_t dy = plain->bodies[k].y - plain->bodies[i].y;
            if (dx * dx + dy * dy < TOUCH) plain->bodies[i].touches++;
        }
}

static void snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                     struct muster_writer *out) {
    const struct plain *plain = state;
    uint32_t count = 0;
    (void)instance;
    (void)view;
    (void)full;
    for (uint32_t seat = 0; seat < PLAYERS; seat++) count += plain->bodies[seat].here;
    muster_put_u8(out, count);
    for (uint32_t seat = 0; seat < PLAYERS; seat++) {
        const struct body *body = &plain->bodies[seat];
        if (!body->here) continue;
        muster_put_u8(out, seat);
        muster_put_u16(out, (uint16_t)body->x);
        muster_put_u16(out, (uint16_t)body->y);
        muster_put_u16(out, body->aim);
    }
}

static uint32_t view(void *instance, void *state, uint32_t seat) {
    (void)instance;
    (void)state;
    (void)seat;
    return 0;
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    static const char *const maps[] = {"field"};
    static const struct muster_team teams[] = {MUSTER_TEAMS_RED_BLUE};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .game_mode = "plain_in_c",
                                          .title = "Plain in C",
                                          .maps = maps,
                                          .map_count = 1,
                                          .players_max = PLAYERS,
                                          .tick_rate_hz = 20,
                                          .view_count = 1,
                                          .snapshot_max_bytes = 256,
                                          .teams = teams,
                                          .team_count = 2};
    *instance = NULL;
    return host->match->mode_add(self, &info);
}

static void fini(void *instance) {
    (void)instance;
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = create,
                                        .destroy = destroy,
                                        .join = join,
                                        .leave = leave,
                                        .input = take_input,
                                        .tick = tick,
                                        .snapshot = snapshot,
                                        .view = view};
static const struct muster_role roles[] = {{MUSTER_ROLE_MODE, 0, &mode}};

MUSTER_PLUGIN(.name = "mode_plain", .version = "1.0.0",
              .description = "The bench's plain mode without a script.", .roles = roles,
              .role_count = 1, .init = init, .fini = fini);
