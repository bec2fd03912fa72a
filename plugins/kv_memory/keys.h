/* keys - values by key, each until its end, in bounded memory. Knows no clock: who calls says when
 * it is. What has ended is not found, and its memory is taken back by and by. */
#ifndef KV_MEMORY_KEYS_H
#define KV_MEMORY_KEYS_H

#include <muster/types.h>

struct keys;

/* Null: out of memory. */
struct keys *keys_create(uint64_t bytes_max);
/* Takes null. */
void keys_destroy(struct keys *keys);

/* False: there is none. *out is borrowed until the next call. */
bool keys_get(struct keys *keys, const char *key, uint64_t now_ms, struct muster_bytes *out);
/* ends_ms: 0: never. LIMIT: there is no room; what was there stays. */
muster_status keys_set(struct keys *keys, const char *key, struct muster_bytes value,
                       uint64_t ends_ms, uint64_t now_ms) MUSTER_MUST_USE;
/* Another value of the same key, which ends when that did; else as keys_set. */
muster_status keys_replace(struct keys *keys, const char *key, struct muster_bytes value,
                           uint64_t now_ms) MUSTER_MUST_USE;
void keys_remove(struct keys *keys, const char *key);
/* Frees what has ended, of the next `count` keys. */
void keys_sweep(struct keys *keys, uint32_t count, uint64_t now_ms);

#endif
