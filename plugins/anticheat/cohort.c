/* cohort - shares of many players in bins: quantiles, and the most that people reach. */
#include "anticheat/anticheat.h"

#define PLAYERS_MIN 500
#define NORMAL 1.4826 /* of the median deviation, to be a standard deviation */
#define DEVIATIONS 4
#define LIMIT_MIN 0.02
#define LIMIT_MAX 0.95

static uint32_t bin_of(double share) {
    int32_t bin = (int32_t)(share * ANTICHEAT_BINS);
    return bin < 0 ? 0 : bin >= ANTICHEAT_BINS ? ANTICHEAT_BINS - 1 : (uint32_t)bin;
}

/* Its upper edge: at worst somebody is taken to be better than they are. */
static double share_of(uint32_t bin) {
    return (double)(bin + 1) / ANTICHEAT_BINS;
}

void anticheat_cohort_add(struct anticheat_cohort *cohort, uint32_t measure, double share) {
    cohort->bins[measure][bin_of(share)]++;
    cohort->players[measure]++;
}

static uint32_t quantile_bin(const uint32_t *bins, uint32_t players, double q) {
    uint32_t bin = 0;
    double below = bins[0];
    while (bin + 1 < ANTICHEAT_BINS && below < q * players) below += bins[++bin];
    return bin;
}

double anticheat_cohort_quantile(const struct anticheat_cohort *cohort, uint32_t measure,
                                 double q) {
    uint32_t players = cohort->players[measure];
    return players ? share_of(quantile_bin(cohort->bins[measure], players, q)) : 0;
}

static double deviation(const uint32_t *bins, uint32_t players, uint32_t median) {
    uint32_t away[ANTICHEAT_BINS] = {0};
    for (uint32_t bin = 0; bin < ANTICHEAT_BINS; bin++)
        away[bin > median ? bin - median : median - bin] += bins[bin];
    return quantile_bin(away, players, 0.5) * NORMAL / ANTICHEAT_BINS;
}

double anticheat_cohort_limit(const struct anticheat_cohort *cohort, uint32_t measure) {
    uint32_t players = cohort->players[measure];
    if (players < PLAYERS_MIN) return 0;
    uint32_t median = quantile_bin(cohort->bins[measure], players, 0.5);
    double limit =
        share_of(median) + DEVIATIONS * deviation(cohort->bins[measure], players, median);
    return limit < LIMIT_MIN ? LIMIT_MIN : limit > LIMIT_MAX ? LIMIT_MAX : limit;
}
