/* histogram - times in buckets that are fixed: nothing is allocated for a value.
 *
 * Buckets are 1/64 of their value wide, so what is read is good to 1 %.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 2048u

struct histogram {
    uint64_t count;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t us);
/* The value below which that share of all lies; 0 when there are none. */
uint64_t histogram_at(const struct histogram *histogram, double share);

#endif
