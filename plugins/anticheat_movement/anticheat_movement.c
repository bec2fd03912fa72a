/* anticheat_movement - who sends more inputs than time passes, or goes further than it can.
 *
 * The mode has refused it by then: what is asked here is who tries. Time is counted in the client's
 * own numbers (input.sequence), so that inputs that were dropped count as well: each tick earns
 * one, with 3 % more for clocks that are fast; what a stalled connection did not send it may send
 * afterwards, at most ten seconds of it. What is sent beyond that is excess, which fades.
 */
#include <math.h>

#include "anticheat/anticheat.h"

#define CREDIT_S 10
#define FIRST_CREDIT_MS 250
#define FAST_CLOCK 1.03
#define FADE_S 10 /* half of the excess is forgotten */
#define DISPLACEMENT_SLACK 1100
#define DISPLACEMENT_MAX 1000000 /* more is no better evidence */

/* Not judged against a population: time is the same for all. */
enum movement { INPUT_RATE, IMPOSSIBLE, DISPLACEMENT, MOVEMENTS };
static const char *const names[MOVEMENTS] = {"input_rate", "impossible_input", "displacement"};

struct excess {
    double sum;
    uint32_t tick; /* of the newest */
    uint32_t from_tick;
    uint32_t count;
    uint32_t is_reported;
};

struct movement_seat {
    struct anticheat_seat common;
    double credit; /* inputs that it may send */
    uint32_t credit_tick;
    uint32_t sequence;
    uint32_t is_counting;
    struct excess excess[MOVEMENTS];
};

static double limit_of(const struct anticheat_match *match) {
    return (double)match->by->host->config->integer(match->by->self, "excessTicks");
}

/* ---- excess ---------------------------------------------------------------------------------- */

static void report(struct anticheat_match *match, uint32_t seat, enum movement movement,
                   const struct excess *excess) {
    anticheat_report(match, &(struct anticheat_finding){.measure = names[movement],
                                                        .seat = seat,
                                                        .severity = 6,
                                                        .from_tick = excess->from_tick,
                                                        .tick = excess->tick,
                                                        .n = excess->count,
                                                        .statistic = excess->sum,
                                                        .threshold = limit_of(match),
                                                        .share = -1,
                                                        .cohort_of = UINT32_MAX});
}

static void add_excess(struct anticheat_match *match, uint32_t seat, enum movement movement,
                       uint32_t tick, double amount) {
    struct movement_seat *s = anticheat_seat_of(match, seat);
    struct excess *excess = &s->excess[movement];
    double passed_s = (double)(tick - excess->tick) / match->tick_rate_hz;
    excess->sum = excess->sum * exp2(-passed_s / FADE_S);
    if (excess->sum < 1) excess->from_tick = tick;
    excess->sum += amount;
    excess->tick = tick;
    excess->count++;
    anticheat_sample_add(&s->common, tick, (int32_t)(amount * 1000));
    if (excess->sum <= limit_of(match) || excess->is_reported) return;
    excess->is_reported = 1;
    report(match, seat, movement, excess);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static void begin_counting(const struct anticheat_match *match, struct movement_seat *s,
                           uint32_t tick, uint32_t sequence) {
    s->credit = FIRST_CREDIT_MS * match->tick_rate_hz / 1000.0;
    s->credit_tick = tick;
    s->sequence = sequence;
    s->is_counting = 1;
}

static void earn(const struct anticheat_match *match, struct movement_seat *s, uint32_t tick) {
    double most = (double)CREDIT_S * match->tick_rate_hz;
    s->credit += FAST_CLOCK * (tick - s->credit_tick);
    if (s->credit > most) s->credit = most;
    s->credit_tick = tick;
}

/* Sequences that begin anew are those of a client that came back. */
static void movement_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                           const struct muster_input *input) {
    struct anticheat_match *match = state;
    struct movement_seat *s = anticheat_seat_of(match, seat);
    (void)instance;
    if (!s || input->repeated) return;
    int32_t sent = (int32_t)(input->sequence - s->sequence);
    if (!s->is_counting || sent <= 0) {
        begin_counting(match, s, tick, input->sequence);
        return;
    }
    earn(match, s, tick);
    s->sequence = input->sequence;
    s->credit -= sent;
    if (s->credit >= 0) return;
    double most = (double)match->tick_rate_hz, over = -s->credit < most ? -s->credit : most;
    s->credit = 0;
    if (!anticheat_is_exempt(&s->common, tick)) add_excess(match, seat, INPUT_RATE, tick, over);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void movement_fact(void *instance, void *state, const struct muster_fact *fact) {
    struct anticheat_match *match = state;
    struct movement_seat *s;
    (void)instance;
    anticheat_follow(match, fact);
    s = anticheat_seat_of(match, fact->seat);
    if (!s || anticheat_is_exempt(&s->common, fact->tick)) return;
    int64_t far = fact->value < DISPLACEMENT_MAX ? fact->value : DISPLACEMENT_MAX;
    if (strcmp(fact->kind, MUSTER_FACT_DISPLACEMENT) == 0 && far > DISPLACEMENT_SLACK)
        add_excess(match, fact->seat, DISPLACEMENT, fact->tick, (double)far / 1000 - 1);
    if (strcmp(fact->kind, MUSTER_FACT_IMPOSSIBLE) == 0 && s->is_counting && s->credit <= 0)
        return; /* one too many: the rate has it */
    if (strcmp(fact->kind, MUSTER_FACT_IMPOSSIBLE) == 0)
        add_excess(match, fact->seat, IMPOSSIBLE, fact->tick, 1);
}

/* ---- kept ------------------------------------------------------------------------------------ */

static void put_double(struct muster_writer *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    muster_put_u64(out, bits);
}

static double get_double(struct muster_reader *in) {
    uint64_t bits = muster_get_u64(in);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void movement_save(void *instance, void *state, struct muster_writer *out) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t i = 0; i < match->seats_max; i++) {
        const struct movement_seat *s = anticheat_seat_of(match, i);
        anticheat_seat_save(match, i, out);
        put_double(out, s->credit);
        muster_put_u32(out, s->credit_tick);
        muster_put_u32(out, s->sequence);
        muster_put_u8(out, s->is_counting);
        for (uint32_t m = 0; m < MOVEMENTS; m++) {
            put_double(out, s->excess[m].sum);
            muster_put_u32(out, s->excess[m].tick);
            muster_put_u32(out, s->excess[m].from_tick);
            muster_put_u32(out, s->excess[m].count);
            muster_put_u8(out, s->excess[m].is_reported);
        }
    }
}

static muster_status movement_load(void *instance, void *state, struct muster_reader *in) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t i = 0; i < match->seats_max; i++) {
        struct movement_seat *s = anticheat_seat_of(match, i);
        anticheat_seat_load(match, i, in);
        s->credit = get_double(in);
        s->credit_tick = muster_get_u32(in);
        s->sequence = muster_get_u32(in);
        s->is_counting = muster_get_u8(in);
        for (uint32_t m = 0; m < MOVEMENTS; m++) {
            s->excess[m].sum = get_double(in);
            s->excess[m].tick = muster_get_u32(in);
            s->excess[m].from_tick = muster_get_u32(in);
            s->excess[m].count = muster_get_u32(in);
            s->excess[m].is_reported = muster_get_u8(in);
        }
    }
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

/* ---- the plugin ------------------------------------------------------------------------------ */

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_INT("excessTicks", 5, 1, 1000, MUSTER_UNIT("ticks"),
                                MUSTER_LABEL("Excess"),
                                MUSTER_HELP("Inputs beyond those that time has earned, or ticks of "
                                            "movement, that are reported; half is forgotten in "
                                            "ten seconds.")));

static const struct muster_anticheat anticheat = {.size = sizeof anticheat,
                                                  .create = anticheat_create,
                                                  .destroy = anticheat_destroy,
                                                  .input = movement_input,
                                                  .fact = movement_fact,
                                                  .save = movement_save,
                                                  .load = movement_load};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &anticheat}};

static const struct anticheat_detector detector = {.name = "anticheat_movement",
                                                   .version = "1.0.0",
                                                   .family = "movement",
                                                   .seat_bytes = sizeof(struct movement_seat)};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return anticheat_init(self, host, &detector, out);
}

MUSTER_PLUGIN(.name = "anticheat_movement", .version = "1.0.0",
              .description = "Reports who sends more inputs than time passes.", .roles = roles,
              .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .fini = anticheat_fini);
