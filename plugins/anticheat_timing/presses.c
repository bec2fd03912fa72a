#include "presses.h"

#include <math.h>

#define UNIT 256 /* of a tick */
#define BIN (UNIT / 4)
#define KEPT_MAX 600 /* intervals; then half is forgotten */

static void forget_half(struct presses *presses) {
    presses->interval_count = 0;
    for (uint32_t i = 0; i < PRESS_BINS; i++) {
        presses->bins[i] /= 2;
        presses->interval_count += presses->bins[i];
    }
}

void presses_add(struct presses *presses, uint32_t at) {
    uint32_t interval = at - presses->newest;
    bool is_pause = presses->newest == 0 || interval >= PRESS_BINS * BIN;
    bool is_counted = !is_pause && !presses->after_pause;
    presses->newest = at ? at : 1;
    presses->after_pause = is_pause;
    if (!is_counted) return;
    presses->bins[interval / BIN]++;
    if (++presses->interval_count == KEPT_MAX) forget_half(presses);
}

static uint32_t fullest_bin(const struct presses *presses) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < PRESS_BINS; i++)
        if (presses->bins[i] > presses->bins[best]) best = i;
    return best;
}

/* Those of one rhythm: half as long to half as long again as most, and a tick more or less at the
 * least, since that is what a person without samples varies by. Others are interruptions. */
static void rhythm_bounds(uint32_t most, uint32_t *begin, uint32_t *end) {
    uint32_t around = most / 2 > UNIT / BIN ? most / 2 : UNIT / BIN;
    *begin = most > around ? most - around : 0;
    *end = most + around + 1 < PRESS_BINS ? most + around + 1 : PRESS_BINS;
}

bool presses_judge(const struct presses *presses, struct rhythm *out) {
    uint32_t most = fullest_bin(presses), begin, end;
    double sum = 0, squares = 0;
    *out = (struct rhythm){0};
    rhythm_bounds(most, &begin, &end);
    for (uint32_t i = begin; i < end; i++) {
        double middle = i + 0.5;
        out->count += presses->bins[i];
        sum += presses->bins[i] * middle;
        squares += presses->bins[i] * middle * middle;
    }
    if (out->count < PRESSES_JUDGED) return false;
    double mean = sum / out->count, variance = squares / out->count - mean * mean;
    out->same = (double)presses->bins[most] / out->count;
    out->variation = sqrt(variance > 0 ? variance : 0) / mean;
    return true;
}

uint32_t presses_second(struct presses *presses, uint32_t at, uint32_t tick_rate_hz) {
    uint32_t counted = 0;
    if (at - presses->second_begin >= tick_rate_hz * UNIT) {
        counted = presses->second_count;
        presses->second_begin = at;
        presses->second_count = 0;
    }
    presses->second_count++;
    return counted;
}
