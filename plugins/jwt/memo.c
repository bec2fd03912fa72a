/* memo - a hash table in order of insertion, which uthash keeps by itself. */
#include "jwt/memo.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct entry {
    uint8_t key[MEMO_KEY_BYTES]; /* a SHA-256: nobody chooses its bucket */
    struct muster_identity identity;
    UT_hash_handle hh;
};

struct memo {
    struct entry *oldest; /* uthash's head */
    uint32_t entries_max;
};

struct memo *memo_create(uint32_t entries_max) {
    struct memo *memo = calloc(1, sizeof *memo);
    if (memo) memo->entries_max = entries_max;
    return memo;
}

static void entry_remove(struct memo *memo, struct entry *entry) {
    HASH_DEL(memo->oldest, entry);
    free(entry);
}

void memo_clear(struct memo *memo) {
    while (memo->oldest) entry_remove(memo, memo->oldest);
}

void memo_destroy(struct memo *memo) {
    if (!memo) return;
    memo_clear(memo);
    free(memo);
}

const struct muster_identity *memo_find(struct memo *memo, const uint8_t key[MEMO_KEY_BYTES],
                                        int64_t now_s) {
    struct entry *entry = NULL;
    HASH_FIND(hh, memo->oldest, key, MEMO_KEY_BYTES, entry);
    if (!entry) return NULL;
    if (entry->identity.expires_at_s > now_s) return &entry->identity;
    entry_remove(memo, entry);
    return NULL;
}

void memo_add(struct memo *memo, const uint8_t key[MEMO_KEY_BYTES],
              const struct muster_identity *identity) {
    struct entry *entry = NULL;
    HASH_FIND(hh, memo->oldest, key, MEMO_KEY_BYTES, entry);
    if (entry) return;
    entry = calloc(1, sizeof *entry);
    if (!entry) return;
    memcpy(entry->key, key, MEMO_KEY_BYTES);
    entry->identity = *identity;
    if (HASH_COUNT(memo->oldest) >= memo->entries_max) entry_remove(memo, memo->oldest);
    HASH_ADD(hh, memo->oldest, key, MEMO_KEY_BYTES, entry);
    if (!entry->hh.tbl) free(entry); /* uthash ran out of memory and left it out */
}
