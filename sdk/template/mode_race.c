/* mode_race - a game in real time: who holds the stick to the right moves on. The first at the goal
 * wins, and the others' places are how far they have come.
 */
#include <muster/plugin.h>
#include <stdlib.h>

enum { PLAYERS_MAX = 8, STEPS_PER_METRE = 1000 };

struct race {
    muster_self *self;
    const struct muster_host *host;
};

struct runner {
    uint32_t steps, speed; /* steps a tick, 0 to 127 */
};

struct race_match { /* integers alone: a replay has to come to the same */
    muster_match_id id;
    uint32_t seats_max;
    uint32_t goal; /* steps */
    struct runner runners[PLAYERS_MAX];
};

static muster_status race_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    struct race *race = instance;
    if (info->seats_max > PLAYERS_MAX) return MUSTER_LIMIT;
    struct race_match *match = calloc(1, sizeof *match);
    if (!match) return MUSTER_NO_MEMORY;
    match->id = info->match;
    match->seats_max = info->seats_max;
    match->goal = STEPS_PER_METRE * (uint32_t)race->host->match->setting_integer(
                                        race->self, info->match, "modeRaceLength");
    *state = match;
    return MUSTER_OK;
}

static void race_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status race_join(void *instance, void *state, uint32_t seat) {
    struct race_match *match = state;
    (void)instance;
    match->runners[seat] = (struct runner){0};
    return MUSTER_OK;
}

static void race_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)reason;
    (void)race_join(instance, state, seat); /* at the start line again */
}

static void race_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    struct race_match *match = state;
    (void)instance;
    match->runners[seat].speed = input->move_x > 0 ? (uint32_t)input->move_x : 0;
}

/* Of those who arrive in one tick the one who has come further wins, of equals the lower seat. The
 * other places go by score: metres. */
static void race_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct race *race = instance;
    struct race_match *match = state;
    struct muster_match_end end = {
        .size = sizeof end, .winner_kind = MUSTER_WINNER_SEAT, .reason = "goal"};
    (void)tick;
    for (uint32_t seat = 0; seat < match->seats_max; seat++) {
        struct runner *runner = &match->runners[seat];
        uint32_t before = runner->steps / STEPS_PER_METRE;
        runner->steps += runner->speed;
        if (runner->steps > match->runners[end.winner].steps) end.winner = seat;
        if (runner->steps / STEPS_PER_METRE > before)
            race->host->match->stat_add(race->self, match->id, seat, MUSTER_STAT_SCORE, 1);
    }
    if (match->runners[end.winner].steps >= match->goal)
        race->host->match->end(race->self, match->id, &end);
}

/* What clients draw: how far each has come. Small enough to be sent whole each time. */
static void race_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    const struct race_match *match = state;
    (void)instance, (void)view, (void)full;
    for (uint32_t i = 0; i < match->seats_max; i++) muster_put_u32(out, match->runners[i].steps);
}

static void race_save(void *instance, void *state, struct muster_writer *out) {
    const struct race_match *match = state;
    (void)instance;
    for (const struct runner *r = match->runners; r < match->runners + PLAYERS_MAX; r++) {
        muster_put_u32(out, r->steps);
        muster_put_u32(out, r->speed);
    }
}

static muster_status race_load(void *instance, void *state, struct muster_reader *in) {
    struct race_match *match = state;
    (void)instance;
    for (struct runner *r = match->runners; r < match->runners + PLAYERS_MAX; r++) {
        r->steps = muster_get_u32(in);
        r->speed = muster_get_u32(in);
    }
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static muster_status race_init(muster_self *self, const struct muster_host *host, void **instance) {
    static const char *const maps[] = {"track"};
    MUSTER_SCHEMA(settings,
                  MUSTER_SCHEMA_INT("modeRaceLength", 100, 1, 10000, MUSTER_UNIT("m"),
                                    MUSTER_LABEL("Length of the track"), MUSTER_GROUP("Race")));
    const struct muster_mode_info info = {.size = sizeof info,
                                          .game_mode = "race",
                                          .title = "Race",
                                          .settings_json = settings,
                                          .maps = maps,
                                          .map_count = 1,
                                          .tick_rate_hz = 30,
                                          .view_count = 1,
                                          .snapshot_max_bytes = 64,
                                          .players_min = 2,
                                          .players_max = 4,
                                          .people_max = PLAYERS_MAX};
    muster_status status = host->match->mode_add(self, &info);
    if (status != MUSTER_OK) return status;
    struct race *race = calloc(1, sizeof *race);
    if (!race) return MUSTER_NO_MEMORY;
    *race = (struct race){.self = self, .host = host};
    *instance = race;
    return MUSTER_OK;
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = race_create,
                                        .destroy = race_destroy,
                                        .join = race_join,
                                        .leave = race_leave,
                                        .input = race_input,
                                        .tick = race_tick,
                                        .snapshot = race_snapshot,
                                        .save = race_save,
                                        .load = race_load};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode}};

MUSTER_PLUGIN(.name = "mode_race", .version = "1.0.0", .description = "The first at the goal wins.",
              .roles = roles, .role_count = 1, .init = race_init, .fini = free);
