/* limit - token buckets, single and by key.
 *
 * Owns the tables of buckets by address that net (accepts) and http (logins) keep; party keeps
 * single buckets of its own.
 */
#include "limit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "keyed_hash.h"

#define WAYS 8

struct entry {
    uint64_t key; /* hash of the address; 0: empty */
    uint64_t used_ms;
    struct limit_bucket bucket;
};

struct limit_table {
    double per_second;
    double burst;
    uint32_t set_count;
    uint32_t ways;
    struct entry entries[];
};

static void fill(struct limit_bucket *bucket, double per_second, double burst, uint64_t now_ms) {
    if (bucket->updated_ms == 0) {
        bucket->tokens = burst;
    } else if (now_ms > bucket->updated_ms) {
        double gained = (double)(now_ms - bucket->updated_ms) * per_second / 1000.0;
        bucket->tokens = bucket->tokens + gained < burst ? bucket->tokens + gained : burst;
    }
    if (now_ms >= bucket->updated_ms) bucket->updated_ms = now_ms > 0 ? now_ms : 1;
}

bool limit_take(struct limit_bucket *bucket, double per_second, double burst, double cost,
                uint64_t now_ms) {
    fill(bucket, per_second, burst, now_ms);
    if (bucket->tokens < cost) return false;
    bucket->tokens -= cost;
    return true;
}

void limit_charge(struct limit_bucket *bucket, double per_second, double burst, double cost,
                  uint64_t now_ms) {
    fill(bucket, per_second, burst, now_ms);
    double left = bucket->tokens - cost;
    bucket->tokens = left < -burst ? -burst : left > burst ? burst : left;
}

uint32_t limit_wait_ms(const struct limit_bucket *bucket, double per_second, double cost) {
    if (bucket->updated_ms == 0 || bucket->tokens >= cost) return 0;
    if (per_second <= 0) return UINT32_MAX;
    double wait_ms = (cost - bucket->tokens) * 1000.0 / per_second;
    return wait_ms < (double)UINT32_MAX - 1 ? (uint32_t)wait_ms + 1 : UINT32_MAX;
}

struct limit_table *limit_table_create(uint32_t entries, double per_second, double burst) {
    if (entries == 0 || sodium_init() < 0) return NULL;
    uint32_t ways = entries < WAYS ? entries : WAYS;
    uint32_t set_count = entries / ways;
    struct limit_table *table =
        calloc(1, sizeof *table + (size_t)set_count * ways * sizeof table->entries[0]);
    if (!table) return NULL;
    table->per_second = per_second;
    table->burst = burst;
    table->set_count = set_count;
    table->ways = ways;
    return table;
}

void limit_table_destroy(struct limit_table *table) {
    free(table);
}

/* One party (address.h), else the text as it stands. */
static uint64_t address_key(const char *address) {
    uint8_t bytes[ADDRESS_BYTES];
    const uint8_t *key = address_party(address, bytes) ? bytes : (const uint8_t *)address;
    uint64_t hash = keyed_hash(key, key == bytes ? sizeof bytes : strlen(address));
    return hash != 0 ? hash : 1;
}

static struct entry *entry_for(struct limit_table *table, uint64_t key) {
    struct entry *set = &table->entries[(key % table->set_count) * table->ways];
    struct entry *oldest = set;
    for (uint32_t i = 0; i < table->ways; i++) {
        if (set[i].key == key) return &set[i];
        if (set[i].used_ms < oldest->used_ms) oldest = &set[i];
    }
    *oldest = (struct entry){.key = key};
    return oldest;
}

bool limit_table_take(struct limit_table *table, const char *address, uint64_t now_ms,
                      uint32_t *retry_after_ms) {
    struct entry *entry = entry_for(table, address_key(address));
    entry->used_ms = now_ms;
    bool taken = limit_take(&entry->bucket, table->per_second, table->burst, 1, now_ms);
    if (retry_after_ms) {
        *retry_after_ms = taken ? 0 : limit_wait_ms(&entry->bucket, table->per_second, 1);
    }
    return taken;
}
