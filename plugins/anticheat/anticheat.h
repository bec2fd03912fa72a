/* anticheat - what the anticheats here have in common: a share of trials held against the most that
 * people reach (a CUSUM), what is known of a population, exemptions, and the report. Linked into
 * each; no plugin. They decide nothing: docs/operations.md says what follows from a report.
 *
 * Loop thread. Nothing here allocates after anticheat_match_open, but that a cohort is begun.
 */
#ifndef ANTICHEAT_H
#define ANTICHEAT_H

#include <muster/json.h>
#include <muster/plugin.h>

enum {
    ANTICHEAT_MEASURES_MAX = 4,
    ANTICHEAT_COHORTS_MAX = 32,
    ANTICHEAT_BINS = 200, /* of shares from 0 to 1 */
    ANTICHEAT_SAMPLES_MAX = 20,
    ANTICHEAT_REPORT_BYTES = 4096,
};

/* ---- counter.c: one share ------------------------------------------------------------------- */

/* A hit and a miss each move the sum of log likelihood ratios: people (p0) against cheats (p1). */
struct anticheat_bar {
    double p0; /* the most that people reach; 0: not known, nobody is judged */
    double hit;
    double miss;
    double alarm;
};

struct anticheat_counter {
    double sum; /* never below 0 */
    uint32_t trials;
    uint32_t hits;
    uint32_t from_tick; /* the sum has been above 0 since */
    uint32_t is_reported;
};

struct anticheat_bar anticheat_bar_make(double p0, double alarm);
/* One more trial. True: it is above the alarm now. */
bool anticheat_count(struct anticheat_counter *counter, const struct anticheat_bar *bar, bool hit,
                     uint32_t tick);

/* ---- cohort.c: what people of a game mode reach --------------------------------------------- */

/* A share that a detector watches. */
struct anticheat_measure {
    const char *name;
    uint32_t trials_min; /* who has fewer in a match says nothing of the population */
};

/* Shares of player-matches in one mode. */
struct anticheat_cohort {
    char game_mode[MUSTER_NAME_MAX];
    uint32_t players[ANTICHEAT_MEASURES_MAX];
    uint32_t bins[ANTICHEAT_MEASURES_MAX][ANTICHEAT_BINS];
};

void anticheat_cohort_add(struct anticheat_cohort *cohort, uint32_t measure, double share);
/* The share that so much of the population does not exceed; 0 when there is none. */
double anticheat_cohort_quantile(const struct anticheat_cohort *cohort, uint32_t measure, double q);
/* The most that people of it reach, by values that a few cheats do not move: the median and four
 * robust deviations more. 0: fewer than 500 players were seen. */
double anticheat_cohort_limit(const struct anticheat_cohort *cohort, uint32_t measure);

/* ---- anticheat.c: a plugin, its matches and seats ------------------------------------------- */

struct anticheat_detector {
    const char *name;
    const char *version;
    const char *family;
    const struct anticheat_measure *measures;
    uint32_t measure_count;
    uint32_t seat_bytes; /* of the plugin's own seats, which begin with struct anticheat_seat */
};

struct anticheat {
    muster_self *self;
    const struct muster_host *host;
    const struct anticheat_detector *detector;
    double alarm;
    struct anticheat_cohort *cohorts[ANTICHEAT_COHORTS_MAX]; /* owned */
    uint32_t cohort_count;
};

struct anticheat_sample {
    uint32_t tick;
    int32_t value;
};

struct anticheat_seat {
    struct anticheat_counter counters[ANTICHEAT_MEASURES_MAX];
    uint32_t exempt_until; /* tick */
    const char *exempted;  /* why it was last; static text, or null */
    struct anticheat_sample samples[ANTICHEAT_SAMPLES_MAX]; /* a ring */
    uint32_t sample_count;
};

struct anticheat_match {
    struct anticheat *by;
    muster_match_id id;
    uint32_t tick_rate_hz;
    uint32_t seats_max;              /* people */
    struct anticheat_cohort *cohort; /* null: there is no room for one more */
    struct anticheat_bar bars[ANTICHEAT_MEASURES_MAX];
    char seats[]; /* of seat_bytes */
};

/* Keys that each of them has that has measures; baselines: a list of defaults. */
#define ANTICHEAT_SCHEMA(...)                                                                      \
    MUSTER_SCHEMA_NUMBER(                                                                          \
        "alarm", 11.5, 1.0, 100.0, MUSTER_LABEL("Alarm"),                                          \
        MUSTER_HELP("Sum of log likelihood ratios, cheat against human, that is reported.")),      \
        MUSTER_SCHEMA_LIST(                                                                        \
            "baselines", __VA_ARGS__, 64, MUSTER_LABEL("Baselines"),                               \
            MUSTER_HELP("What people reach at most, as MODE.MEASURE=PERMILLE; what is not here "   \
                        "is learned from the first 500 players."))

/* What init and fini do; the instance is a struct anticheat. Where there are measures, a command
 * with the instance's name shows what is known of each mode. */
muster_status anticheat_init(muster_self *self, const struct muster_host *host,
                             const struct anticheat_detector *detector,
                             void **instance) MUSTER_MUST_USE;
void anticheat_fini(void *instance);
/* For struct muster_anticheat. */
void anticheat_destroy(void *instance, void *state);
muster_status anticheat_create(void *instance, const struct muster_match_info *info, void **state);

/* Null: no person's. */
void *anticheat_seat_of(struct anticheat_match *match, uint32_t seat);
/* What all do with a fact: seats change hands, and who has just come to life, or suffered a fault
 * of the server's, is exempt for a while. */
void anticheat_follow(struct anticheat_match *match, const struct muster_fact *fact);
static inline bool anticheat_is_exempt(const struct anticheat_seat *seat, uint32_t tick) {
    return tick < seat->exempt_until;
}
/* What the evidence shows. */
void anticheat_sample_add(struct anticheat_seat *seat, uint32_t tick, int32_t value);
/* One more trial of the seat's measure; reports it at the first alarm of a match. */
void anticheat_trial(struct anticheat_match *match, uint32_t seat, uint32_t measure, bool hit,
                     uint32_t tick);

void anticheat_seat_save(const struct anticheat_match *match, uint32_t seat,
                         struct muster_writer *out);
void anticheat_seat_load(struct anticheat_match *match, uint32_t seat, struct muster_reader *in);

/* ---- report.c ------------------------------------------------------------------------------- */

struct anticheat_finding {
    const char *measure;
    uint32_t seat;
    uint32_t severity; /* 1 to 10 */
    uint32_t from_tick;
    uint32_t tick;
    uint32_t n; /* what it is made of */
    double statistic;
    double threshold;
    double share;       /* of the n; less than 0: it is none */
    uint32_t cohort_of; /* a measure of the detector's, or UINT32_MAX: no population is asked */
};

void anticheat_report(const struct anticheat_match *match, const struct anticheat_finding *finding);

#endif
