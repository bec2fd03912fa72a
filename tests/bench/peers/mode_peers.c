/* mode_peers - the game of ./dev bench peers, as colyseus.mjs has it: eight players walk, and each
 * state tells where all of them are. 144 bytes, 160 with a snapshot's head.
 */
#include <muster/plugin.h>
#include <stdlib.h>

enum { PLAYERS = 8, SIZE = 1 << 20, BODY_BYTES = 18 };

struct body {
    int32_t x, y;
    int32_t vx, vy;
    uint32_t aim, steps;
};

struct field {
    struct body bodies[PLAYERS];
};

static muster_status create(void *instance, const struct muster_match_info *info, void **state) {
    (void)instance, (void)info;
    *state = calloc(1, sizeof(struct field));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status join(void *instance, void *state, uint32_t seat) {
    struct field *field = state;
    (void)instance;
    if (seat >= PLAYERS) return MUSTER_FULL;
    field->bodies[seat] = (struct body){0};
    return MUSTER_OK;
}

static void leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)reason;
    (void)join(instance, state, seat); /* stands still where all begin */
}

static void take_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    struct field *field = state;
    struct body *body = &field->bodies[seat];
    (void)instance;
    body->vx = input->move_x;
    body->vy = input->move_y;
    body->aim = input->aim;
}

static int32_t clamp(int32_t value) {
    return value > SIZE ? SIZE : value < -SIZE ? -SIZE : value;
}

static void tick(void *instance, void *state, const struct muster_tick *now) {
    struct field *field = state;
    (void)instance, (void)now;
    for (struct body *body = field->bodies; body < field->bodies + PLAYERS; body++) {
        body->x = clamp(body->x + body->vx);
        body->y = clamp(body->y + body->vy);
        body->steps += body->vx || body->vy;
    }
}

/* All that there is: what clients see is also what is saved. */
static void save(void *instance, void *state, struct muster_writer *out) {
    const struct field *field = state;
    (void)instance;
    for (const struct body *body = field->bodies; body < field->bodies + PLAYERS; body++) {
        muster_put_u32(out, (uint32_t)body->x);
        muster_put_u32(out, (uint32_t)body->y);
        muster_put_u16(out, (uint16_t)body->vx);
        muster_put_u16(out, (uint16_t)body->vy);
        muster_put_u16(out, body->aim);
        muster_put_u32(out, body->steps);
    }
}

static void snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                     struct muster_writer *out) {
    (void)view, (void)full;
    save(instance, state, out);
}

static muster_status load(void *instance, void *state, struct muster_reader *in) {
    struct field *field = state;
    (void)instance;
    for (struct body *body = field->bodies; body < field->bodies + PLAYERS; body++) {
        body->x = (int32_t)muster_get_u32(in);
        body->y = (int32_t)muster_get_u32(in);
        body->vx = (int16_t)muster_get_u16(in);
        body->vy = (int16_t)muster_get_u16(in);
        body->aim = muster_get_u16(in);
        body->steps = muster_get_u32(in);
    }
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    static const char *const maps[] = {"field"};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .game_mode = "peers",
                                          .title = "Peers",
                                          .maps = maps,
                                          .map_count = 1,
                                          .players_max = PLAYERS,
                                          .tick_rate_hz = 20,
                                          .view_count = 1,
                                          .snapshot_max_bytes = PLAYERS * BODY_BYTES};
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
                                        .save = save,
                                        .load = load};
static const struct muster_role roles[] = {{MUSTER_ROLE_MODE, 0, &mode}};

MUSTER_PLUGIN(.name = "mode_peers", .version = "1.0.0",
              .description = "The game of the benchmark against other servers.", .roles = roles,
              .role_count = 1, .init = init, .fini = fini);
