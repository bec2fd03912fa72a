/* anticheat_aim - shots that hit too often, too near the middle, or right after a turn that no hand
 * ends so well.
 *
 * Angles are parts of the target as it is seen (MUSTER_FACT_SHOT), so that a share means the same
 * near and far; shots at targets that are so near that everybody hits them are not counted. At 20
 * inputs a second the way of the aim between two of them is not seen: what is asked is how far it
 * went and where it ended.
 */
#include "anticheat/anticheat.h"

#include <stdlib.h>

#define CENTRE 250 /* of 1000: a quarter of the way from the middle to the edge */
#define SNAP 2731  /* 15 degrees within two inputs */

enum measure { HIT, MIDDLE, SNAPPED, MEASURES };
static const struct anticheat_measure measures[MEASURES] = {
    {"hit", 50}, {"centre", 50}, {"snap", 20}};

struct aim_seat {
    struct anticheat_seat common;
    uint16_t aim;       /* of the newest input */
    uint16_t turned[2]; /* from one input to the next, the newest first */
};

static void aim_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                      const struct muster_input *input) {
    struct anticheat_match *match = state;
    struct aim_seat *s = anticheat_seat_of(match, seat);
    (void)instance;
    (void)tick;
    if (!s || input->repeated) return;
    s->turned[1] = s->turned[0];
    s->turned[0] = (uint16_t)abs((int16_t)(uint16_t)(input->aim - s->aim));
    s->aim = input->aim;
}

static void on_shot(struct anticheat_match *match, struct aim_seat *s,
                    const struct muster_fact *fact) {
    int64_t off = llabs(fact->value);
    bool hit = fact->third_seat != MUSTER_SEAT_NONE;
    if (fact->other_seat == MUSTER_SEAT_NONE || strcmp(fact->text, "near") == 0) return;
    anticheat_sample_add(&s->common, fact->tick, (int32_t)fact->value);
    anticheat_trial(match, fact->seat, HIT, hit, fact->tick);
    anticheat_trial(match, fact->seat, MIDDLE, off <= CENTRE, fact->tick);
    if (s->turned[0] + s->turned[1] >= SNAP)
        anticheat_trial(match, fact->seat, SNAPPED, hit, fact->tick);
}

static void aim_fact(void *instance, void *state, const struct muster_fact *fact) {
    struct anticheat_match *match = state;
    (void)instance;
    anticheat_follow(match, fact);
    struct aim_seat *s = anticheat_seat_of(match, fact->seat);
    if (!s || anticheat_is_exempt(&s->common, fact->tick)) return;
    if (strcmp(fact->kind, MUSTER_FACT_SHOT) == 0) on_shot(match, s, fact);
}

/* ---- kept ------------------------------------------------------------------------------------ */

static void aim_save(void *instance, void *state, struct muster_writer *out) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t i = 0; i < match->seats_max; i++) anticheat_seat_save(match, i, out);
}

static muster_status aim_load(void *instance, void *state, struct muster_reader *in) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t i = 0; i < match->seats_max; i++) anticheat_seat_load(match, i, in);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

/* ---- the plugin ------------------------------------------------------------------------------ */

MUSTER_SCHEMA(config_schema, ANTICHEAT_SCHEMA(MUSTER_VALUES("arena.hit=475", "arena.centre=180",
                                                            "arena.snap=515")));

static const struct muster_anticheat anticheat = {.size = sizeof anticheat,
                                                  .create = anticheat_create,
                                                  .destroy = anticheat_destroy,
                                                  .input = aim_input,
                                                  .fact = aim_fact,
                                                  .save = aim_save,
                                                  .load = aim_load};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &anticheat}};

static const struct anticheat_detector detector = {.name = "anticheat_aim",
                                                   .version = "1.0.0",
                                                   .family = "aim",
                                                   .measures = measures,
                                                   .measure_count = MEASURES,
                                                   .seat_bytes = sizeof(struct aim_seat)};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return anticheat_init(self, host, &detector, out);
}

MUSTER_PLUGIN(.name = "anticheat_aim", .version = "1.0.0",
              .description = "Reports aims that are better than hands.", .roles = roles,
              .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .fini = anticheat_fini);
