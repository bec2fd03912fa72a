/* keys - a hash table whose order of insertion, which uthash keeps, is gone through by a hand. */
#include "keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define FULL_SWEEP_EVERY_MS 1000

struct entry {
    UT_hash_handle hh;
    uint64_t ends_ms; /* 0: never */
    uint64_t len;
    char *value; /* owned; null when it is empty */
    char key[];
};

struct keys {
    struct entry *first;
    struct entry *hand; /* the next one that the sweep looks at; null: the first */
    uint64_t bytes;
    uint64_t bytes_max;
    uint64_t full_sweep_ms;
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* strangers choose keys, and no buckets */
};

struct keys *keys_create(uint64_t bytes_max) {
    struct keys *keys = sodium_init() < 0 ? NULL : calloc(1, sizeof *keys);
    if (!keys) return NULL;
    keys->bytes_max = bytes_max;
    randombytes_buf(keys->hash_key, sizeof keys->hash_key);
    return keys;
}

static uint64_t size_of(size_t key_len, uint64_t len) {
    return sizeof(struct entry) + key_len + 1 + len;
}

static void entry_remove(struct keys *keys, struct entry *entry) {
    if (keys->hand == entry) keys->hand = entry->hh.next;
    keys->bytes -= size_of(strlen(entry->key), entry->len);
    HASH_DEL(keys->first, entry);
    free(entry->value);
    free(entry);
}

void keys_destroy(struct keys *keys) {
    if (!keys) return;
    while (keys->first) entry_remove(keys, keys->first);
    free(keys);
}

static unsigned hash(const struct keys *keys, const char *key, size_t len) {
    uint8_t digest[crypto_shorthash_BYTES];
    unsigned value;
    crypto_shorthash(digest, (const uint8_t *)key, len, keys->hash_key);
    memcpy(&value, digest, sizeof value);
    return value;
}

static bool has_ended(const struct entry *entry, uint64_t now_ms) {
    return entry->ends_ms && entry->ends_ms <= now_ms;
}

/* Null: there is none, or not any more. */
static struct entry *find(struct keys *keys, const char *key, uint64_t now_ms) {
    struct entry *entry = NULL;
    size_t len = strlen(key);
    HASH_FIND_BYHASHVALUE(hh, keys->first, key, len, hash(keys, key, len), entry);
    if (!entry || !has_ended(entry, now_ms)) return entry;
    entry_remove(keys, entry);
    return NULL;
}

bool keys_get(struct keys *keys, const char *key, uint64_t now_ms, struct muster_bytes *out) {
    const struct entry *entry = find(keys, key, now_ms);
    if (entry) *out = (struct muster_bytes){entry->value, entry->len};
    return entry != NULL;
}

void keys_remove(struct keys *keys, const char *key) {
    struct entry *entry = find(keys, key, 0);
    if (entry) entry_remove(keys, entry);
}

void keys_sweep(struct keys *keys, uint32_t count, uint64_t now_ms) {
    uint32_t all = HASH_COUNT(keys->first);
    if (count > all) count = all;
    for (; count > 0 && keys->first; count--) {
        struct entry *entry = keys->hand ? keys->hand : keys->first;
        keys->hand = entry->hh.next;
        if (has_ended(entry, now_ms)) entry_remove(keys, entry);
    }
}

/* Who is refused again and again does not make it look through all each time. */
static bool make_room(struct keys *keys, uint64_t more, uint64_t now_ms) {
    if (keys->bytes + more <= keys->bytes_max) return true;
    if (keys->full_sweep_ms && now_ms - keys->full_sweep_ms < FULL_SWEEP_EVERY_MS) return false;
    keys->full_sweep_ms = now_ms;
    keys_sweep(keys, UINT32_MAX, now_ms);
    return keys->bytes + more <= keys->bytes_max;
}

static struct entry *entry_new(struct keys *keys, const char *key) {
    size_t len = strlen(key);
    struct entry *entry = calloc(1, sizeof *entry + len + 1);
    if (!entry) return NULL;
    memcpy(entry->key, key, len);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, keys->first, entry->key, len, hash(keys, key, len), entry);
    if (entry->hh.tbl) {
        keys->bytes += size_of(len, 0);
        return entry;
    }
    free(entry); /* uthash found no memory */
    return NULL;
}

/* known: the entry of this key, or null. */
static muster_status put(struct keys *keys, const char *key, struct entry *known,
                         struct muster_bytes value, uint64_t now_ms, struct entry **out) {
    uint64_t more = known ? value.len : size_of(strlen(key), value.len);
    uint64_t less = known ? known->len : 0;
    if (more > less && !make_room(keys, more - less, now_ms)) return MUSTER_LIMIT;
    char *copy = value.len ? malloc(value.len) : NULL;
    struct entry *entry = known ? known : entry_new(keys, key);
    if ((value.len && !copy) || !entry) {
        free(copy);
        if (entry && !known) entry_remove(keys, entry);
        return MUSTER_NO_MEMORY;
    }
    if (value.len) memcpy(copy, value.data, value.len);
    free(entry->value);
    keys->bytes += value.len - entry->len;
    entry->value = copy;
    entry->len = value.len;
    *out = entry;
    return MUSTER_OK;
}

muster_status keys_set(struct keys *keys, const char *key, struct muster_bytes value,
                       uint64_t ends_ms, uint64_t now_ms) {
    struct entry *entry;
    muster_status status = put(keys, key, find(keys, key, now_ms), value, now_ms, &entry);
    if (status == MUSTER_OK) entry->ends_ms = ends_ms;
    return status;
}

muster_status keys_replace(struct keys *keys, const char *key, struct muster_bytes value,
                           uint64_t now_ms) {
    struct entry *entry;
    return put(keys, key, find(keys, key, now_ms), value, now_ms, &entry);
}
