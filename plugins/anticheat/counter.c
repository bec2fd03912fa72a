/* counter - a Bernoulli CUSUM that forgets: who has got better is not held to what was. */
#include <math.h>

#include "anticheat/anticheat.h"

#define HALF_LIFE_TRIALS 5000
#define STEP 0.20 /* from what people reach to what cheats do */
#define ROOM 0.35 /* ... and at most so much of what is left */

struct anticheat_bar anticheat_bar_make(double p0, double alarm) {
    if (p0 <= 0) return (struct anticheat_bar){.alarm = alarm};
    double step = STEP < ROOM * (1 - p0) ? STEP : ROOM * (1 - p0);
    double p1 = p0 + step;
    return (struct anticheat_bar){p0, log(p1 / p0), log((1 - p1) / (1 - p0)), alarm};
}

bool anticheat_count(struct anticheat_counter *counter, const struct anticheat_bar *bar, bool hit,
                     uint32_t tick) {
    static const double kept = 1 - 0.6931471805599453 / HALF_LIFE_TRIALS;
    counter->trials++;
    counter->hits += hit;
    if (bar->p0 <= 0) return false;
    double sum = counter->sum * kept + (hit ? bar->hit : bar->miss);
    if (counter->sum <= 0) counter->from_tick = tick;
    counter->sum = sum > 0 ? sum : 0;
    return counter->sum > bar->alarm;
}
