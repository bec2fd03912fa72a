/* conform_roles - the roles beside mode and rules: who judges, who watches, who is told of results,
 * who puts players together. Each does nothing but be there. */
#include "conform.h"

/* ---- victory --------------------------------------------------------------------------------- */

static muster_status victory_create(void *instance, const struct muster_match_info *info,
                                    void **state) {
    struct conform *c = instance;
    c->match = info->match; /* it may be asked before the mode */
    *state = NULL;
    conform_at(c, "victory.create");
    return MUSTER_OK;
}

static void victory_destroy(void *instance, void *state) {
    (void)state;
    conform_at(instance, "victory.destroy");
}

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_victory_result *out) {
    (void)state, (void)facts, (void)out;
    conform_at(instance, "victory.evaluate");
    return MUSTER_UNDECIDED;
}

static void victory_save(void *instance, void *state, struct muster_writer *out) {
    (void)state, (void)out;
    conform_at(instance, "victory.save");
}

static muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    (void)state, (void)in;
    conform_at(instance, "victory.load");
    return MUSTER_OK;
}

static void victory_setting(void *instance, void *state, const char *key) {
    (void)state, (void)key;
    conform_at(instance, "victory.setting");
}

const struct muster_victory conform_victory = {.size = sizeof conform_victory,
                                               .create = victory_create,
                                               .destroy = victory_destroy,
                                               .evaluate = victory_evaluate,
                                               .save = victory_save,
                                               .load = victory_load,
                                               .setting = victory_setting};

/* ---- anticheat ------------------------------------------------------------------------------- */

static muster_status anticheat_create(void *instance, const struct muster_match_info *info,
                                      void **state) {
    struct conform *c = instance;
    c->match = info->match;
    *state = NULL;
    conform_at(c, "anticheat.create");
    return MUSTER_OK;
}

static void anticheat_destroy(void *instance, void *state) {
    (void)state;
    conform_at(instance, "anticheat.destroy");
}

static void anticheat_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                            const struct muster_input *input) {
    (void)state, (void)tick;
    if (seat == 0 && !input->repeated) conform_at(instance, "anticheat.input");
}

static void anticheat_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)state, (void)fact;
    conform_at(instance, "anticheat.fact");
}

const struct muster_anticheat conform_anticheat = {.size = sizeof conform_anticheat,
                                                   .create = anticheat_create,
                                                   .destroy = anticheat_destroy,
                                                   .input = anticheat_input,
                                                   .fact = anticheat_fact};

/* ---- reporter -------------------------------------------------------------------------------- */

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    struct conform *c = instance;
    bool wanted = c->wanted && report->kind == MUSTER_REPORT_SUSPICION;
    c->report = report->ticket;
    conform_at(c, "reporter.deliver"); /* its row of report.complete answers */
    bool answered = wanted && !c->wanted;
    c->report = 0;
    return answered ? MUSTER_PENDING : MUSTER_ACCEPT;
}

const struct muster_reporter conform_reporter = {.size = sizeof conform_reporter,
                                                 .deliver = deliver};

/* ---- matchmaker ------------------------------------------------------------------------------ */

static muster_status enqueue(void *instance, const struct muster_queue_ticket *ticket) {
    (void)ticket;
    conform_at(instance, "matchmaker.enqueue");
    return MUSTER_OK;
}

static void dequeue(void *instance, muster_ticket_id ticket) {
    (void)ticket;
    conform_at(instance, "matchmaker.dequeue");
}

static void match_tick(void *instance, uint64_t now_ms, muster_propose_fn propose,
                       void *proposals) {
    (void)now_ms, (void)propose, (void)proposals;
    conform_at(instance, "matchmaker.tick");
}

const struct muster_matchmaker conform_matchmaker = {
    .size = sizeof conform_matchmaker, .enqueue = enqueue, .dequeue = dequeue, .tick = match_tick};
