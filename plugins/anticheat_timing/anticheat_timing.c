/* anticheat_timing - fingers that are too regular or too fast, and shots that come before a person
 * can have seen why.
 *
 * Times of presses are those of the client's own inputs (sequence, and within a tick the samples):
 * the network moves none of them. Without samples a tick is the resolution, 50 ms at 20 Hz: a macro
 * whose period is no whole number of ticks is then as irregular as a person. A reaction is asked
 * from who came into sight to the shot, in the server's ticks: the network makes it longer, never
 * shorter.
 */
#include "anticheat/anticheat.h"
#include "presses.h"

#include <math.h>
#include <stdlib.h>

enum { BUTTONS = 2, UNIT = 256 };

#define REACTION_MS 100  /* press after its cause: less is no reaction */
#define APPEARED_MS 1000 /* a shot this long after somebody came into sight is because of it */
#define EDGE 1000        /* of the target: it is aimed at */
#define SAME 0.95        /* of the intervals are in one bin */
#define VARIATION 0.03
#define STRIKES 3 /* seconds with too many presses */
#define STRIKE_FADE_S 60

enum measure { REACTION, MEASURES };
static const struct anticheat_measure measures[MEASURES] = {{"reaction", 30}};
enum finding { MACRO, PRESS_RATE, FINDINGS };
static const char *const findings[FINDINGS] = {"macro", "press_rate"};

struct timing_seat {
    struct anticheat_seat common;
    struct presses presses[BUTTONS];
    double strikes;
    uint32_t strike_tick;
    uint32_t reported;      /* a bit per finding */
    uint32_t pressed_tick;  /* of the newest press + 1; 0: none */
    uint32_t appeared_tick; /* + 1 of the newest who came into sight and has not been shot at */
    uint32_t appeared;      /* seat */
};

/* ---- presses --------------------------------------------------------------------------------- */

static void report(struct anticheat_match *match, uint32_t seat, enum finding finding,
                   uint32_t tick, uint32_t n, double statistic, double threshold) {
    struct timing_seat *s = anticheat_seat_of(match, seat);
    if (s->reported & 1u << finding) return;
    s->reported |= 1u << finding;
    anticheat_report(match, &(struct anticheat_finding){.measure = findings[finding],
                                                        .seat = seat,
                                                        .severity = 5,
                                                        .from_tick = 0,
                                                        .tick = tick,
                                                        .n = n,
                                                        .statistic = statistic,
                                                        .threshold = threshold,
                                                        .share = -1,
                                                        .cohort_of = UINT32_MAX});
}

static void strike(struct anticheat_match *match, uint32_t seat, uint32_t tick, uint32_t count) {
    struct timing_seat *s = anticheat_seat_of(match, seat);
    int64_t most = match->by->host->config->integer(match->by->self, "pressesMax");
    if (count <= most) return;
    double passed_s = (double)(tick - s->strike_tick) / match->tick_rate_hz;
    s->strikes = s->strikes * exp2(-passed_s / STRIKE_FADE_S) + 1;
    s->strike_tick = tick;
    if (s->strikes > STRIKES - 0.5)
        report(match, seat, PRESS_RATE, tick, count, count, (double)most);
}

static void judge_rhythm(struct anticheat_match *match, uint32_t seat, uint32_t tick,
                         const struct presses *presses) {
    struct rhythm rhythm;
    if (!presses_judge(presses, &rhythm)) return;
    if (rhythm.same >= SAME)
        report(match, seat, MACRO, tick, rhythm.count, rhythm.same, SAME);
    else if (rhythm.variation < VARIATION)
        report(match, seat, MACRO, tick, rhythm.count, rhythm.variation, VARIATION);
}

static void press(struct anticheat_match *match, uint32_t seat, uint32_t button, uint32_t tick,
                  uint32_t at) {
    struct timing_seat *s = anticheat_seat_of(match, seat);
    struct presses *presses = &s->presses[button];
    s->pressed_tick = tick + 1;
    anticheat_sample_add(&s->common, tick, (int32_t)(at - presses->newest));
    strike(match, seat, tick, presses_second(presses, at, match->tick_rate_hz));
    presses_add(presses, at);
    judge_rhythm(match, seat, tick, presses);
}

static void take_presses(struct anticheat_match *match, uint32_t seat, uint32_t tick,
                         const struct muster_input *input, uint32_t button) {
    uint32_t begin = input->sequence * UNIT, sampled = 0;
    for (uint32_t i = 0; i < input->sample_count; i++) {
        if (!(input->samples[i].pressed >> button & 1)) continue;
        press(match, seat, button, tick, begin + input->samples[i].at);
        sampled++;
    }
    if (!sampled && input->pressed >> button & 1) press(match, seat, button, tick, begin);
}

static void timing_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                         const struct muster_input *input) {
    struct anticheat_match *match = state;
    struct timing_seat *s = anticheat_seat_of(match, seat);
    (void)instance;
    if (!s || input->repeated) return;
    if (anticheat_is_exempt(&s->common, tick)) return;
    for (uint32_t button = 0; button < BUTTONS; button++)
        take_presses(match, seat, tick, input, button);
}

/* ---- causes ---------------------------------------------------------------------------------- */

static uint32_t ticks_of(const struct anticheat_match *match, uint32_t ms) {
    return ms * match->tick_rate_hz / 1000;
}

/* Who comes to life before one's eyes is expected there. */
static void on_visible(struct timing_seat *s, const struct muster_fact *fact) {
    s->appeared_tick = strcmp(fact->text, "spawn") == 0 ? 0 : fact->tick + 1;
    s->appeared = fact->other_seat;
}

/* Only shots that were pressed for, and aimed: a button that is held says nothing of when. */
static void on_shot(struct anticheat_match *match, struct timing_seat *s,
                    const struct muster_fact *fact) {
    uint32_t now = fact->tick + 1, passed = now - s->appeared_tick;
    bool is_because = s->appeared_tick && s->appeared == fact->other_seat &&
                      passed <= ticks_of(match, APPEARED_MS);
    bool is_aimed = llabs(fact->value) <= EDGE && s->pressed_tick == now;
    if (is_because && is_aimed)
        anticheat_trial(match, fact->seat, REACTION, passed <= ticks_of(match, REACTION_MS),
                        fact->tick);
    s->appeared_tick = 0;
}

static void timing_fact(void *instance, void *state, const struct muster_fact *fact) {
    struct anticheat_match *match = state;
    (void)instance;
    anticheat_follow(match, fact);
    struct timing_seat *s = anticheat_seat_of(match, fact->seat);
    if (!s || anticheat_is_exempt(&s->common, fact->tick)) return;
    if (strcmp(fact->kind, MUSTER_FACT_SHOT) == 0) on_shot(match, s, fact);
    if (strcmp(fact->kind, MUSTER_FACT_VISIBLE) == 0) on_visible(s, fact);
}

/* ---- kept ------------------------------------------------------------------------------------ */

static void presses_save(const struct presses *presses, struct muster_writer *out) {
    muster_put_u32(out, presses->newest);
    muster_put_u8(out, presses->after_pause);
    muster_put_u32(out, presses->second_begin);
    muster_put_u32(out, presses->second_count);
    for (uint32_t i = 0; i < PRESS_BINS; i++) muster_put_u16(out, presses->bins[i]);
}

static void presses_load(struct presses *presses, struct muster_reader *in) {
    *presses = (struct presses){.newest = muster_get_u32(in)};
    presses->after_pause = muster_get_u8(in);
    presses->second_begin = muster_get_u32(in);
    presses->second_count = muster_get_u32(in);
    for (uint32_t i = 0; i < PRESS_BINS; i++) {
        presses->bins[i] = muster_get_u16(in);
        presses->interval_count += presses->bins[i];
    }
}

/* Strikes by the thousandth. What waits for a shot is not kept: its cause is long past. */
static void timing_save(void *instance, void *state, struct muster_writer *out) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t i = 0; i < match->seats_max; i++) {
        const struct timing_seat *s = anticheat_seat_of(match, i);
        anticheat_seat_save(match, i, out);
        for (uint32_t button = 0; button < BUTTONS; button++)
            presses_save(&s->presses[button], out);
        muster_put_u32(out, (uint32_t)(s->strikes * 1000));
        muster_put_u32(out, s->strike_tick);
        muster_put_u32(out, s->reported);
    }
}

static muster_status timing_load(void *instance, void *state, struct muster_reader *in) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t i = 0; i < match->seats_max; i++) {
        struct timing_seat *s = anticheat_seat_of(match, i);
        anticheat_seat_load(match, i, in);
        for (uint32_t button = 0; button < BUTTONS; button++) presses_load(&s->presses[button], in);
        s->strikes = muster_get_u32(in) / 1000.0;
        s->strike_tick = muster_get_u32(in);
        s->reported = muster_get_u32(in);
    }
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

/* ---- the plugin ------------------------------------------------------------------------------ */

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_INT("pressesMax", 16, 5, 1000, MUSTER_UNIT("presses/s"),
                                MUSTER_LABEL("Presses"),
                                MUSTER_HELP("Of one button in a second; three seconds with more, "
                                            "within a minute or so, are reported.")),
              ANTICHEAT_SCHEMA(MUSTER_VALUES("arena.reaction=420")));

static const struct muster_anticheat anticheat = {.size = sizeof anticheat,
                                                  .create = anticheat_create,
                                                  .destroy = anticheat_destroy,
                                                  .input = timing_input,
                                                  .fact = timing_fact,
                                                  .save = timing_save,
                                                  .load = timing_load};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &anticheat}};

static const struct anticheat_detector detector = {.name = "anticheat_timing",
                                                   .version = "1.0.0",
                                                   .family = "timing",
                                                   .measures = measures,
                                                   .measure_count = MEASURES,
                                                   .seat_bytes = sizeof(struct timing_seat)};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return anticheat_init(self, host, &detector, out);
}

MUSTER_PLUGIN(.name = "anticheat_timing", .version = "1.0.0",
              .description = "Reports fingers that are too regular, too fast or too early.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .fini = anticheat_fini);
