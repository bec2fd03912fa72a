/* report - what a detector says, with what it goes by: it can be done again on the recording. */
#include <math.h>

#include "anticheat/anticheat.h"

static void put_window(struct muster_json_writer *json, const struct anticheat_finding *finding) {
    muster_json_open_object(json, "window");
    muster_json_put_int(json, "tickFrom", finding->from_tick);
    muster_json_put_int(json, "tickTo", finding->tick);
    muster_json_close(json);
}

static void put_baseline(struct muster_json_writer *json, const struct anticheat_match *match,
                         uint32_t measure) {
    const struct anticheat_cohort *cohort = match->cohort;
    muster_json_open_object(json, "baseline");
    muster_json_put_text(json, "cohort", cohort ? cohort->game_mode : "");
    muster_json_put_int(json, "n", cohort ? cohort->players[measure] : 0);
    muster_json_put_number(json, "p50",
                           cohort ? anticheat_cohort_quantile(cohort, measure, 0.5) : 0);
    muster_json_put_number(json, "p99",
                           cohort ? anticheat_cohort_quantile(cohort, measure, 0.99) : 0);
    muster_json_put_number(json, "p999", match->bars[measure].p0);
    muster_json_close(json);
}

static void put_samples(struct muster_json_writer *json, const struct anticheat_seat *seat) {
    uint32_t count =
        seat->sample_count < ANTICHEAT_SAMPLES_MAX ? seat->sample_count : ANTICHEAT_SAMPLES_MAX;
    muster_json_open_array(json, "samples");
    for (uint32_t i = seat->sample_count - count; i != seat->sample_count; i++) {
        const struct anticheat_sample *sample = &seat->samples[i % ANTICHEAT_SAMPLES_MAX];
        muster_json_open_object(json, NULL);
        muster_json_put_int(json, "tick", sample->tick);
        muster_json_put_int(json, "value", sample->value);
        muster_json_close(json);
    }
    muster_json_close(json);
}

static void put_statistic(struct muster_json_writer *json, const struct anticheat_match *match,
                          const struct anticheat_finding *finding) {
    bool has_cohort = finding->cohort_of != UINT32_MAX;
    muster_json_put_int(json, "n", finding->n);
    muster_json_put_number(json, "statistic", finding->statistic);
    muster_json_put_number(json, "threshold", finding->threshold);
    if (finding->share >= 0) muster_json_put_number(json, "share", finding->share);
    if (!has_cohort) return;
    put_baseline(json, match, finding->cohort_of);
    muster_json_put_number(json, "llr", finding->statistic);
    /* Wald's bound, for as many measures as the detector has. */
    double p = exp(-finding->statistic) * match->by->detector->measure_count;
    muster_json_put_number(json, "pAdj", p < 1 ? p : 1);
}

void anticheat_report(const struct anticheat_match *match,
                      const struct anticheat_finding *finding) {
    char text[ANTICHEAT_REPORT_BYTES];
    const struct anticheat *by = match->by;
    const struct anticheat_seat *seat =
        anticheat_seat_of((struct anticheat_match *)match, finding->seat);
    struct muster_writer out = muster_writer_make(text, sizeof text);
    struct muster_json_writer json = muster_json_writer_make(&out);
    muster_json_open_object(&json, NULL);
    muster_json_put_text(&json, "detector", by->detector->name);
    muster_json_put_text(&json, "version", by->detector->version);
    muster_json_put_text(&json, "family", by->detector->family);
    muster_json_put_text(&json, "measure", finding->measure);
    muster_json_put_int(&json, "severity", finding->severity);
    put_window(&json, finding);
    put_statistic(&json, match, finding);
    muster_json_open_array(&json, "exemptions");
    if (seat->exempted) muster_json_put_text(&json, NULL, seat->exempted);
    muster_json_close(&json);
    put_samples(&json, seat);
    muster_json_close(&json);
    muster_status status =
        by->host->report->suspicion(by->self, match->id, finding->seat, muster_json_text(&json));
    (void)status; /* who has left is not reported any more */
}
