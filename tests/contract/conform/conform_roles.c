/* conform_roles - the roles beside mode and rules: who judges, who watches, who is told of results,
 * who puts players together. Each does nothing but be there. */
#include <string.h>

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
                                       struct muster_match_end *out) {
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
    (void)state;
    if (strcmp(fact->kind, MUSTER_FACT_DISTURBED) == 0) return; /* which a busy machine brings */
    if (strcmp(fact->kind, MUSTER_FACT_JOINED) == 0 || strcmp(fact->kind, MUSTER_FACT_LEFT) == 0)
        return; /* between two steps, not as the rest */
    conform_at(instance, "anticheat.fact");
}

static void anticheat_save(void *instance, void *state, struct muster_writer *out) {
    (void)state, (void)out;
    conform_at(instance, "anticheat.save");
}

static muster_status anticheat_load(void *instance, void *state, struct muster_reader *in) {
    (void)state, (void)in;
    conform_at(instance, "anticheat.load");
    return MUSTER_OK;
}

const struct muster_anticheat conform_anticheat = {.size = sizeof conform_anticheat,
                                                   .create = anticheat_create,
                                                   .destroy = anticheat_destroy,
                                                   .input = anticheat_input,
                                                   .fact = anticheat_fact,
                                                   .save = anticheat_save,
                                                   .load = anticheat_load};

/* ---- reporter -------------------------------------------------------------------------------- */

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    struct conform *c = instance;
    bool wanted = c->wanted && report->kind == MUSTER_REPORT_SUSPICION;
    c->report = report->ticket;
    conform_at(c, "reporter.deliver"); /* its row of report.complete answers */
    bool answered = wanted && !c->wanted;
    c->report = (muster_report_ticket_id){0};
    return answered ? MUSTER_PENDING : MUSTER_ACCEPT;
}

const struct muster_reporter conform_reporter = {.size = sizeof conform_reporter,
                                                 .deliver = deliver};

/* ---- matchmaker ------------------------------------------------------------------------------ */

static muster_status enqueue(void *instance, const struct muster_queue_ticket *ticket) {
    struct conform *c = instance;
    c->ticket = ticket->ticket;
    conform_at(c, "matchmaker.enqueue");
    return MUSTER_OK;
}

static void dequeue(void *instance, muster_queue_ticket_id ticket) {
    (void)ticket;
    conform_at(instance, "matchmaker.dequeue");
}

static void backfill(void *instance, muster_lobby_id lobby) {
    (void)lobby;
    conform_at(instance, "matchmaker.backfill");
}

static void match_tick(void *instance, uint64_t now_ms, muster_propose_fn propose,
                       void *proposals) {
    struct conform *c = instance;
    const struct muster_group nowhere = {.size = sizeof nowhere,
                                         .ticket_count = 1,
                                         .tickets = &c->ticket,
                                         .lobby = NOTHING(muster_lobby_id)};
    (void)now_ms;
    conform_at(c, "matchmaker.tick");
    if (c->wanted && strcmp(c->wanted, "matchmaker.refused") == 0)
        (void)propose(proposals, &nowhere);
}

static void refused(void *instance, const struct muster_group_refusal *refusal) {
    (void)refusal;
    conform_at(instance, "matchmaker.refused");
}

const struct muster_matchmaker conform_matchmaker = {.size = sizeof conform_matchmaker,
                                                     .enqueue = enqueue,
                                                     .dequeue = dequeue,
                                                     .tick = match_tick,
                                                     .backfill = backfill,
                                                     .refused = refused};

/* ---- database: of database_conform alone ------------------------------------------------------
 */

/* Its row of db.complete answers, or else this does. */
static muster_status answer(struct conform *c, muster_db_ticket_id ticket, const char *place) {
    const struct muster_db_rows none = {.size = sizeof none};
    bool is_wanted = c->wanted && strcmp(c->wanted, place) == 0;
    if (is_wanted) c->query = ticket; /* what it asks itself meanwhile is answered at once */
    conform_at(c, place);
    if (is_wanted) c->query = (muster_db_ticket_id){0};
    return is_wanted ? MUSTER_OK : c->host->db->complete(c->self, ticket, MUSTER_OK, &none);
}

static muster_status submit(void *instance, muster_db_ticket_id ticket,
                            const struct muster_db_request *request) {
    (void)request;
    return answer(instance, ticket, "database.submit");
}

static muster_status migrate(void *instance, muster_db_ticket_id ticket, const char *component,
                             const char *const *steps, uint32_t step_count) {
    (void)component, (void)steps, (void)step_count;
    return answer(instance, ticket, "database.migrate");
}

static muster_status backup(void *instance, muster_db_ticket_id ticket, const char *path) {
    (void)path;
    return answer(instance, ticket, "database.backup");
}

const struct muster_database conform_database = {
    .size = sizeof conform_database, .submit = submit, .migrate = migrate, .backup = backup};

/* ---- kv: of database_conform alone -----------------------------------------------------------
 */

static muster_status kv_submit(void *instance, muster_kv_ticket_id ticket,
                               const struct muster_kv_request *request) {
    static const char place[] = "kv.submit";
    struct conform *c = instance;
    bool is_wanted = c->wanted && strcmp(c->wanted, place) == 0;
    (void)request;
    if (is_wanted) c->kv = ticket;
    conform_at(c, place);
    if (is_wanted) c->kv = (muster_kv_ticket_id){0};
    return is_wanted ? MUSTER_OK : c->host->kv->complete(c->self, ticket, MUSTER_NOT_FOUND, NULL);
}

static muster_status kv_subscribe(void *instance, const char *channel) {
    (void)channel;
    conform_at(instance, "kv.subscribe");
    return MUSTER_OK;
}

static void kv_unsubscribe(void *instance, const char *channel) {
    (void)channel;
    conform_at(instance, "kv.unsubscribe");
}

const struct muster_kv conform_kv = {.size = sizeof conform_kv,
                                     .submit = kv_submit,
                                     .subscribe = kv_subscribe,
                                     .unsubscribe = kv_unsubscribe};
