/* old_sdk - all nine roles, every function set, built with the frozen headers of ABI 1.0. This file
 * and those headers never change: what loads today loads as long as the major is 1.
 */
#include <muster/plugin.h>
#include <stdlib.h>
#include <string.h>

struct old {
    muster_self *self;
    const struct muster_host *host;
    uint32_t notices;
};

/* ---- auth, matchmaker ------------------------------------------------------------------------ */

static muster_verdict authenticate(void *instance, const struct muster_auth_request *request,
                                   struct muster_identity *out) {
    (void)instance;
    strncpy(out->player_key, request->token, sizeof out->player_key - 1);
    return MUSTER_ACCEPT;
}

static muster_status enqueue(void *instance, const struct muster_queue_ticket *ticket) {
    (void)instance;
    return ticket->ticket ? MUSTER_OK : MUSTER_INVALID;
}

static void dequeue(void *instance, muster_ticket_id ticket) {
    (void)instance;
    (void)ticket;
}

static uint32_t propose(void *instance, uint64_t now_ms, struct muster_group *groups,
                        uint32_t cap) {
    (void)instance;
    (void)now_ms;
    (void)groups;
    (void)cap;
    return 0;
}

static void backfill(void *instance, muster_lobby_id lobby) {
    (void)instance;
    (void)lobby;
}

/* ---- mode ------------------------------------------------------------------------------------ */

static muster_status match_create(void *instance, const struct muster_match_info *info,
                                  void **state) {
    (void)instance;
    (void)info;
    *state = calloc(1, sizeof(uint32_t));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void match_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status join(void *instance, void *state, uint32_t seat) {
    (void)instance;
    (void)state;
    (void)seat;
    return MUSTER_OK;
}

static void leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    (void)state;
    (void)seat;
    (void)reason;
}

static void connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    (void)instance;
    (void)state;
    (void)seat;
    (void)connected;
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance;
    (void)seat;
    *(uint32_t *)state += input->held;
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)instance;
    *(uint32_t *)state += tick->tick;
}

static void snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                     struct muster_writer *out) {
    (void)instance;
    (void)view;
    (void)full;
    muster_put_u32(out, *(uint32_t *)state);
}

static uint32_t mode_view(void *instance, void *state, uint32_t seat) {
    (void)instance;
    (void)state;
    (void)seat;
    return 0;
}

static void intro(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    (void)state;
    muster_put_bytes(out, "{}", 2);
}

static muster_status command(void *instance, void *state, const struct muster_command *given) {
    (void)instance;
    (void)state;
    (void)given;
    return MUSTER_NOT_FOUND;
}

static void save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    muster_put_u32(out, *(uint32_t *)state);
}

static muster_status load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    *(uint32_t *)state = muster_get_u32(in);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

/* ---- victory, rules, anticheat --------------------------------------------------------------- */

static muster_verdict evaluate(void *instance, void *state, const struct muster_match_facts *facts,
                               struct muster_victory_result *out) {
    (void)instance;
    (void)state;
    if (facts->team_score[MUSTER_TEAM_RED] < 10) return MUSTER_UNDECIDED;
    out->winning_team = MUSTER_TEAM_RED;
    out->reason = MUSTER_END_SCORE_LIMIT;
    return MUSTER_DECIDED;
}

static muster_status rules_create(void *instance, muster_lobby_id lobby, void **state) {
    (void)lobby;
    return match_create(instance, NULL, state);
}

static muster_verdict allow(void *instance, void *state, const struct muster_action *action,
                            char *reason, uint32_t cap) {
    (void)instance;
    (void)state;
    (void)reason;
    (void)cap;
    return action->kind == MUSTER_ACTION_KICK ? MUSTER_REJECT : MUSTER_PASS;
}

static void adjust(void *instance, void *state, muster_match_id match,
                   const struct muster_param *param, int64_t *value) {
    (void)instance;
    (void)state;
    (void)match;
    (void)param;
    *value *= 2;
}

static muster_verdict chat(void *instance, void *state, muster_lobby_id lobby, uint32_t seat,
                           char *text, uint32_t cap) {
    (void)instance;
    (void)state;
    (void)lobby;
    (void)seat;
    (void)text;
    (void)cap;
    return MUSTER_PASS;
}

static void cheat_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                        const struct muster_input *input) {
    (void)instance;
    (void)state;
    (void)seat;
    (void)tick;
    (void)input;
}

static void cheat_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)instance;
    (void)state;
    (void)fact;
}

/* ---- reporter, database ---------------------------------------------------------------------- */

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    (void)instance;
    (void)report;
    return MUSTER_REJECT;
}

static muster_status submit(void *instance, muster_ticket_id ticket,
                            const struct muster_db_request *request) {
    (void)instance;
    (void)ticket;
    (void)request;
    return MUSTER_UNAVAILABLE;
}

static muster_status migrate(void *instance, muster_ticket_id ticket, const char *component,
                             const char *const *steps, uint32_t step_count) {
    (void)instance;
    (void)ticket;
    (void)component;
    (void)steps;
    (void)step_count;
    return MUSTER_UNAVAILABLE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void on_notice(void *user, const struct muster_notice *notice) {
    struct old *old = user;
    old->notices += notice->kind != 0;
}

static muster_status declare(struct old *old) {
    static const char *const maps[] = {"old"};
    const struct muster_mode_info info = {
        .size = sizeof info,
        .players_max = 4,
        .game_mode = "old_sdk",
        .title = "Old",
        .settings_json = "[{\"key\":\"oldLimit\",\"type\":\"int\",\"default\":3,\"min\":1,"
                         "\"max\":5}]",
        .maps = maps,
        .map_count = 1,
        .tick_rate_hz = 20,
        .view_count = 1,
        .snapshot_max_bytes = 64,
    };
    muster_status status = old->host->match->mode_add(old->self, &info);
    if (status != MUSTER_OK) return status;
    return old->host->events->subscribe(old->self, ~0ull, on_notice, old);
}

static muster_status old_init(muster_self *self, const struct muster_host *host, void **instance) {
    struct old *old = calloc(1, sizeof *old);
    if (!old) return MUSTER_NO_MEMORY;
    old->self = self;
    old->host = host;
    muster_status status = declare(old);
    if (status == MUSTER_OK && host->config->integer(self, "number") != 7) status = MUSTER_INTERNAL;
    if (status != MUSTER_OK) {
        free(old);
        return status;
    }
    *instance = old;
    return MUSTER_OK;
}

static muster_status old_start(void *instance) {
    const struct old *old = instance;
    old->host->log->write(old->self, MUSTER_LOG_INFO, "built for ABI %d.%d", MUSTER_ABI_MAJOR,
                          MUSTER_ABI_MINOR);
    return MUSTER_OK;
}

static void old_drain(void *instance) {
    (void)instance;
}

static void old_stop(void *instance) {
    (void)instance;
}

static void old_fini(void *instance) {
    free(instance);
}

static const struct muster_auth auth = {.size = sizeof auth, .authenticate = authenticate};
static const struct muster_matchmaker matchmaker = {.size = sizeof matchmaker,
                                                    .enqueue = enqueue,
                                                    .dequeue = dequeue,
                                                    .tick = propose,
                                                    .backfill = backfill};
static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = match_create,
                                        .destroy = match_destroy,
                                        .join = join,
                                        .leave = leave,
                                        .connection = connection,
                                        .input = mode_input,
                                        .tick = mode_tick,
                                        .snapshot = snapshot,
                                        .view = mode_view,
                                        .intro = intro,
                                        .command = command,
                                        .save = save,
                                        .load = load};
static const struct muster_victory victory = {.size = sizeof victory,
                                              .create = match_create,
                                              .destroy = match_destroy,
                                              .evaluate = evaluate,
                                              .save = save,
                                              .load = load};
static const struct muster_rules rules = {.size = sizeof rules,
                                          .create = rules_create,
                                          .destroy = match_destroy,
                                          .allow = allow,
                                          .adjust = adjust,
                                          .chat = chat,
                                          .save = save,
                                          .load = load};
static const struct muster_anticheat anticheat = {.size = sizeof anticheat,
                                                  .create = match_create,
                                                  .destroy = match_destroy,
                                                  .input = cheat_input,
                                                  .fact = cheat_fact,
                                                  .save = save,
                                                  .load = load};
static const struct muster_reporter reporter = {.size = sizeof reporter, .deliver = deliver};
static const struct muster_database database = {
    .size = sizeof database, .submit = submit, .migrate = migrate};
static const struct muster_service service = {.size = sizeof service};

static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_AUTH, .vtable = &auth},
    {.kind = MUSTER_ROLE_MATCHMAKER, .vtable = &matchmaker},
    {.kind = MUSTER_ROLE_MODE, .vtable = &mode},
    {.kind = MUSTER_ROLE_VICTORY, .vtable = &victory},
    {.kind = MUSTER_ROLE_RULES, .vtable = &rules},
    {.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &anticheat},
    {.kind = MUSTER_ROLE_REPORTER, .vtable = &reporter},
    {.kind = MUSTER_ROLE_DATABASE, .vtable = &database},
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service},
};

MUSTER_PLUGIN(.name = "old_sdk_1_0", .version = "1.0.0",
              .description = "Built with the headers of ABI 1.0.", .roles = roles, .role_count = 9,
              .config_schema = "[{\"key\":\"number\",\"type\":\"int\",\"default\":7,\"min\":0,"
                               "\"max\":9}]",
              .init = old_init, .start = old_start, .drain = old_drain, .stop = old_stop,
              .fini = old_fini);
