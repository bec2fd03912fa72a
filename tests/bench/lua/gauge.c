/* gauge - stands between the core and the functions of one plugin; see crowd.h.
 *
 * By the monotonic clock, since that of the thread takes longer to read than most of the calls.
 * A call in which another process had its turn is left out.
 */
#include "crowd.h"

#include <string.h>
#include <time.h>

#define OTHERS_US 1000.0 /* no call of a bench takes that long */

static struct {
    struct muster_mode mode;
    struct muster_rules rules;
    struct muster_victory victory;
    double total_us;
    double own_us; /* of one measurement, by itself */
} gauge;

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void end(double begin_us) {
    double took_us = now_us() - begin_us - gauge.own_us;
    if (took_us < OTHERS_US) gauge.total_us += took_us;
}

#define MEASURED(call)                                                                             \
    do {                                                                                           \
        double begin_us = now_us();                                                                \
        call;                                                                                      \
        end(begin_us);                                                                             \
    } while (0)

/* ---- mode ------------------------------------------------------------------------------------ */

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    MEASURED(gauge.mode.input(instance, state, seat, input));
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    MEASURED(gauge.mode.tick(instance, state, tick));
}

static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    MEASURED(gauge.mode.snapshot(instance, state, view, full, out));
}

static void open_mode(struct muster_mode *mode) {
    gauge.mode = *mode;
    mode->input = mode_input;
    mode->tick = mode_tick;
    mode->snapshot = mode_snapshot;
}

/* ---- rules and victory ----------------------------------------------------------------------- */

static void rules_tick(void *instance, void *state, const struct muster_tick *tick) {
    MEASURED(gauge.rules.match_tick(instance, state, tick));
}

static void rules_fact(void *instance, void *state, const struct muster_fact *fact) {
    MEASURED(gauge.rules.match_fact(instance, state, fact));
}

static void rules_adjust(void *instance, void *state, muster_match_id match,
                         const struct muster_param *param, int64_t *value) {
    MEASURED(gauge.rules.adjust(instance, state, match, param, value));
}

static void open_rules(struct muster_rules *rules) {
    gauge.rules = *rules;
    rules->match_tick = rules_tick;
    rules->match_fact = rules_fact;
    rules->adjust = rules_adjust;
}

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_match_end *out) {
    muster_verdict verdict;
    MEASURED(verdict = gauge.victory.evaluate(instance, state, facts, out));
    return verdict;
}

static void open_victory(struct muster_victory *victory) {
    gauge.victory = *victory;
    victory->evaluate = victory_evaluate;
}

/* ---- open and read --------------------------------------------------------------------------- */

static struct provider *provider_of(const char *plugin, uint32_t kind) {
    struct provider *p = registry_first(kind);
    while (p && strcmp(p->self->name, plugin) != 0) p = p->next;
    return p;
}

/* What a measurement of nothing shows. */
static void calibrate(void) {
    enum { TIMES = 20000 };
    gauge.own_us = gauge.total_us = 0;
    for (int i = 0; i < TIMES; i++) MEASURED((void)0);
    gauge.own_us = gauge.total_us / TIMES;
    gauge.total_us = 0;
}

void gauge_open(const char *plugin) {
    calibrate();
    open_mode(&provider_of(plugin, MUSTER_ROLE_MODE)->mode);
    open_rules(&provider_of(plugin, MUSTER_ROLE_RULES)->rules);
    open_victory(&provider_of(plugin, MUSTER_ROLE_VICTORY)->victory);
}

void gauge_close(const char *plugin) {
    provider_of(plugin, MUSTER_ROLE_MODE)->mode = gauge.mode;
    provider_of(plugin, MUSTER_ROLE_RULES)->rules = gauge.rules;
    provider_of(plugin, MUSTER_ROLE_VICTORY)->victory = gauge.victory;
}

double gauge_us(void) {
    double total_us = gauge.total_us;
    gauge.total_us = 0;
    return total_us;
}
