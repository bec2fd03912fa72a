/* anticheat - see anticheat.h. */
#include "anticheat/anticheat.h"

#include <stdio.h>
#include <stdlib.h>

#define SPAWN_EXEMPT_MS 1000
#define DISTURBED_EXEMPT_MS 3000
#define PERMILLE_MAX 950
#define SAVED_VERSION 1

/* ---- baselines ------------------------------------------------------------------------------- */

/* "MODE.MEASURE=PERMILLE"; false: it is not. */
static bool parse_baseline(const struct anticheat_detector *detector, const char *text,
                           char mode[MUSTER_NAME_MAX], uint32_t *measure, double *share) {
    char name[MUSTER_NAME_MAX];
    unsigned permille;
    char end;
    if (sscanf(text, "%47[a-z0-9_].%47[a-z_]=%u%c", mode, name, &permille, &end) != 3) return false;
    *measure = 0;
    while (*measure < detector->measure_count &&
           strcmp(detector->measures[*measure].name, name) != 0)
        ++*measure;
    *share = permille / 1000.0;
    return *measure < detector->measure_count && permille >= 1 && permille <= PERMILLE_MAX;
}

static muster_status check_baselines(const struct anticheat *by) {
    const struct muster_host_config *config = by->host->config;
    char mode[MUSTER_NAME_MAX];
    uint32_t measure;
    double share;
    for (uint32_t i = 0; i < config->list_count(by->self, "baselines"); i++) {
        const char *text = config->list_item(by->self, "baselines", i);
        if (parse_baseline(by->detector, text, mode, &measure, &share)) continue;
        by->host->log->write(by->self, MUSTER_LOG_ERROR,
                             "baselines: expected MODE.MEASURE=PERMILLE, 1 to %d, with a measure "
                             "of this plugin, found \"%s\"",
                             PERMILLE_MAX, text);
        return MUSTER_INVALID;
    }
    return MUSTER_OK;
}

/* As configured; 0: it is not. */
static double configured(const struct anticheat *by, const char *game_mode, uint32_t measure) {
    const struct muster_host_config *config = by->host->config;
    char mode[MUSTER_NAME_MAX];
    uint32_t of;
    double share;
    for (uint32_t i = 0; i < config->list_count(by->self, "baselines"); i++) {
        const char *text = config->list_item(by->self, "baselines", i);
        if (!parse_baseline(by->detector, text, mode, &of, &share)) continue;
        if (of == measure && strcmp(mode, game_mode) == 0) return share;
    }
    return 0;
}

static double limit_of(const struct anticheat *by, const struct anticheat_cohort *cohort,
                       uint32_t measure) {
    double share = configured(by, cohort->game_mode, measure);
    return share > 0 ? share : anticheat_cohort_limit(cohort, measure);
}

static struct anticheat_cohort *cohort_of(struct anticheat *by, const char *game_mode) {
    for (uint32_t i = 0; i < by->cohort_count; i++)
        if (strcmp(by->cohorts[i]->game_mode, game_mode) == 0) return by->cohorts[i];
    if (by->cohort_count == ANTICHEAT_COHORTS_MAX) return NULL;
    struct anticheat_cohort *cohort = calloc(1, sizeof *cohort);
    if (!cohort) return NULL;
    snprintf(cohort->game_mode, sizeof cohort->game_mode, "%s", game_mode);
    return by->cohorts[by->cohort_count++] = cohort;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void put_measure(const struct anticheat *by, const struct anticheat_cohort *cohort,
                        uint32_t measure, struct muster_json_writer *json) {
    muster_json_open_object(json, by->detector->measures[measure].name);
    muster_json_put_int(json, "players", cohort->players[measure]);
    muster_json_put_number(json, "p50", anticheat_cohort_quantile(cohort, measure, 0.5));
    muster_json_put_number(json, "p99", anticheat_cohort_quantile(cohort, measure, 0.99));
    muster_json_put_number(json, "p999", anticheat_cohort_quantile(cohort, measure, 0.999));
    muster_json_put_number(json, "limit", limit_of(by, cohort, measure));
    muster_json_put_bool(json, "configured", configured(by, cohort->game_mode, measure) > 0);
    muster_json_close(json);
}

static void on_command(void *user, const char *arguments, struct muster_writer *answer) {
    const struct anticheat *by = user;
    struct muster_json_writer json = muster_json_writer_make(answer);
    (void)arguments;
    muster_json_open_object(&json, NULL);
    for (uint32_t i = 0; i < by->cohort_count; i++) {
        muster_json_open_object(&json, by->cohorts[i]->game_mode);
        for (uint32_t m = 0; m < by->detector->measure_count; m++)
            put_measure(by, by->cohorts[i], m, &json);
        muster_json_close(&json);
    }
    muster_json_close(&json);
}

/* ---- a plugin -------------------------------------------------------------------------------- */

static muster_status open_detector(struct anticheat *by) {
    if (by->detector->measure_count == 0) return MUSTER_OK;
    muster_status status = check_baselines(by);
    if (status) return status;
    by->alarm = by->host->config->number(by->self, "alarm");
    return by->host->admin->command_add(by->self, by->host->config->instance_name(by->self),
                                        "what it knows of the players of each mode, as JSON",
                                        on_command, by);
}

muster_status anticheat_init(muster_self *self, const struct muster_host *host,
                             const struct anticheat_detector *detector, void **instance) {
    struct anticheat *by = calloc(1, sizeof *by);
    if (!by) return MUSTER_NO_MEMORY;
    *by = (struct anticheat){.self = self, .host = host, .detector = detector};
    muster_status status = open_detector(by);
    if (status)
        free(by);
    else
        *instance = by;
    return status;
}

void anticheat_fini(void *instance) {
    struct anticheat *by = instance;
    for (uint32_t i = 0; i < by->cohort_count; i++) free(by->cohorts[i]);
    free(by);
}

/* ---- a match --------------------------------------------------------------------------------- */

muster_status anticheat_create(void *instance, const struct muster_match_info *info, void **state) {
    struct anticheat *by = instance;
    struct anticheat_match *match =
        calloc(1, sizeof *match + (size_t)info->seats_max * by->detector->seat_bytes);
    if (!match) return MUSTER_NO_MEMORY;
    match->by = by;
    match->id = info->match;
    match->tick_rate_hz = info->tick_rate_hz;
    match->seats_max = info->seats_max;
    if (by->detector->measure_count) match->cohort = cohort_of(by, info->game_mode);
    for (uint32_t m = 0; match->cohort && m < by->detector->measure_count; m++)
        match->bars[m] = anticheat_bar_make(limit_of(by, match->cohort, m), by->alarm);
    *state = match;
    return MUSTER_OK;
}

void *anticheat_seat_of(struct anticheat_match *match, uint32_t seat) {
    if (seat >= match->seats_max) return NULL;
    return match->seats + (size_t)seat * match->by->detector->seat_bytes;
}

static void forget_seat(struct anticheat_match *match, struct anticheat_seat *seat) {
    memset(seat, 0, match->by->detector->seat_bytes);
}

static void learn_seat(struct anticheat_match *match, const struct anticheat_seat *seat) {
    const struct anticheat_detector *detector = match->by->detector;
    for (uint32_t m = 0; match->cohort && m < detector->measure_count; m++) {
        const struct anticheat_counter *counter = &seat->counters[m];
        if (counter->trials < detector->measures[m].trials_min || counter->trials == 0) continue;
        anticheat_cohort_add(match->cohort, m, (double)counter->hits / counter->trials);
    }
}

void anticheat_destroy(void *instance, void *state) {
    struct anticheat_match *match = state;
    (void)instance;
    for (uint32_t seat = 0; seat < match->seats_max; seat++)
        learn_seat(match, anticheat_seat_of(match, seat));
    free(match);
}

/* ---- exemptions ------------------------------------------------------------------------------ */

static void exempt(const struct anticheat_match *match, struct anticheat_seat *seat, uint32_t tick,
                   uint32_t ms, const char *why) {
    uint32_t until = tick + 1 + ms * match->tick_rate_hz / 1000;
    if (until > seat->exempt_until) seat->exempt_until = until;
    seat->exempted = why;
}

static void follow_seat(struct anticheat_match *match, const struct muster_fact *fact) {
    struct anticheat_seat *seat = anticheat_seat_of(match, fact->seat);
    if (!seat) return;
    if (strcmp(fact->kind, "spawn") == 0) exempt(match, seat, fact->tick, SPAWN_EXEMPT_MS, "spawn");
    if (strcmp(fact->kind, MUSTER_FACT_LEFT) == 0) learn_seat(match, seat);
    if (strcmp(fact->kind, MUSTER_FACT_LEFT) == 0 || strcmp(fact->kind, MUSTER_FACT_JOINED) == 0)
        forget_seat(match, seat);
}

void anticheat_follow(struct anticheat_match *match, const struct muster_fact *fact) {
    if (strcmp(fact->kind, MUSTER_FACT_DISTURBED) != 0) {
        follow_seat(match, fact);
        return;
    }
    int64_t lasted_ms = fact->value < 0 ? 0 : fact->value < 60000 ? fact->value : 60000;
    uint32_t ms = DISTURBED_EXEMPT_MS + (uint32_t)lasted_ms;
    for (uint32_t seat = 0; seat < match->seats_max; seat++)
        exempt(match, anticheat_seat_of(match, seat), fact->tick, ms, "disturbed");
}

/* ---- trials ---------------------------------------------------------------------------------- */

void anticheat_sample_add(struct anticheat_seat *seat, uint32_t tick, int32_t value) {
    seat->samples[seat->sample_count++ % ANTICHEAT_SAMPLES_MAX] =
        (struct anticheat_sample){tick, value};
}

void anticheat_trial(struct anticheat_match *match, uint32_t seat, uint32_t measure, bool hit,
                     uint32_t tick) {
    struct anticheat_seat *s = anticheat_seat_of(match, seat);
    struct anticheat_counter *counter = &s->counters[measure];
    bool alarm = anticheat_count(counter, &match->bars[measure], hit, tick);
    if (!alarm || counter->is_reported) return;
    counter->is_reported = 1;
    anticheat_report(
        match, &(struct anticheat_finding){.measure = match->by->detector->measures[measure].name,
                                           .seat = seat,
                                           .severity = 5,
                                           .from_tick = counter->from_tick,
                                           .tick = tick,
                                           .n = counter->trials,
                                           .statistic = counter->sum,
                                           .threshold = match->by->alarm,
                                           .share = (double)counter->hits / counter->trials,
                                           .cohort_of = measure});
}

/* ---- kept ------------------------------------------------------------------------------------ */

static void put_counter(struct muster_writer *out, const struct anticheat_counter *counter) {
    uint64_t bits;
    memcpy(&bits, &counter->sum, sizeof bits);
    muster_put_u64(out, bits);
    muster_put_u32(out, counter->trials);
    muster_put_u32(out, counter->hits);
    muster_put_u32(out, counter->from_tick);
    muster_put_u8(out, counter->is_reported);
}

static void get_counter(struct muster_reader *in, struct anticheat_counter *counter) {
    uint64_t bits = muster_get_u64(in);
    memcpy(&counter->sum, &bits, sizeof bits);
    counter->trials = muster_get_u32(in);
    counter->hits = muster_get_u32(in);
    counter->from_tick = muster_get_u32(in);
    counter->is_reported = muster_get_u8(in);
}

void anticheat_seat_save(const struct anticheat_match *match, uint32_t seat,
                         struct muster_writer *out) {
    const struct anticheat_seat *s = anticheat_seat_of((struct anticheat_match *)match, seat);
    muster_put_u8(out, SAVED_VERSION);
    for (uint32_t m = 0; m < match->by->detector->measure_count; m++)
        put_counter(out, &s->counters[m]);
    muster_put_u32(out, s->exempt_until);
    muster_put_u32(out, s->sample_count);
    for (uint32_t i = 0; i < ANTICHEAT_SAMPLES_MAX; i++) {
        muster_put_u32(out, s->samples[i].tick);
        muster_put_i32(out, s->samples[i].value);
    }
}

void anticheat_seat_load(struct anticheat_match *match, uint32_t seat, struct muster_reader *in) {
    struct anticheat_seat *s = anticheat_seat_of(match, seat);
    if (muster_get_u8(in) != SAVED_VERSION) in->overflow = 1;
    for (uint32_t m = 0; m < match->by->detector->measure_count; m++)
        get_counter(in, &s->counters[m]);
    s->exempt_until = muster_get_u32(in);
    s->sample_count = muster_get_u32(in);
    for (uint32_t i = 0; i < ANTICHEAT_SAMPLES_MAX; i++) {
        s->samples[i].tick = muster_get_u32(in);
        s->samples[i].value = muster_get_i32(in);
    }
}
