/* histogram - see histogram.h. */
#include "histogram.h"

#define STEPS                                                                                      \
    64u /* from a power of two to the next; up to 2 * STEPS each value has its own bucket */
#define STEPS_LOG2 6u

void histogram_add(struct histogram *histogram, uint64_t us) {
    uint32_t shift = us < 2 * STEPS ? 0 : 63u - (uint32_t)__builtin_clzll(us) - STEPS_LOG2;
    uint64_t bucket = STEPS * shift + (us >> shift);
    histogram->buckets[bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1]++;
    histogram->count++;
}

/* The middle of it. */
static uint64_t value_of(uint32_t bucket) {
    uint32_t shift = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;
    uint64_t low = (uint64_t)(bucket - STEPS * shift) << shift;
    return low + ((1ull << shift) >> 1);
}

uint64_t histogram_at(const struct histogram *histogram, double share) {
    uint64_t seen = 0;
    if (!histogram->count) return 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if ((double)seen >= share * (double)histogram->count) return value_of(i);
    }
    return value_of(HISTOGRAM_BUCKETS - 1);
}
