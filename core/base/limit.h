/* limit - token buckets, single and by key. Loop thread.
 *
 * Time comes from the caller in ms, so tests need no clock.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct limit_bucket {
    uint64_t updated_ms;
    double tokens;
};

/* Takes `cost` tokens from a bucket that fills with per_second up to burst; a zeroed bucket is
 * full. False: not enough, nothing taken. */
bool limit_take(struct limit_bucket *bucket, double per_second, double burst, double cost,
                uint64_t now_ms);
/* Takes `cost` tokens whether they are there or not: a debt of at most `burst`, paid before
 * anything can be taken again. A negative cost gives back. */
void limit_charge(struct limit_bucket *bucket, double per_second, double burst, double cost,
                  uint64_t now_ms);
/* Until `cost` tokens are there, ms. */
uint32_t limit_wait_ms(const struct limit_bucket *bucket, double per_second, double cost);

/* Buckets by address: a fixed table, the least recently used entry of a set of 8 makes room. IPv6
 * counts by /64. Keys are hashed with a random key, so nobody can aim at a set. */
struct limit_table;
struct limit_table *limit_table_create(uint32_t entries, double per_second, double burst);
void limit_table_destroy(struct limit_table *table);
bool limit_table_take(struct limit_table *table, const char *address, uint64_t now_ms,
                      uint32_t *retry_after_ms);

#endif
