/* memo - verified tokens remembered by SHA-256 until they expire, so that a repeat costs no
 * signature check. Bounded: the oldest goes first. Owned by one gate; loop thread.
 */
#ifndef MUSTER_JWT_MEMO_H
#define MUSTER_JWT_MEMO_H

#include <muster/roles.h>

#define MEMO_KEY_BYTES 32u

struct memo;

/* Null when out of memory. */
struct memo *memo_create(uint32_t entries_max);
void memo_destroy(struct memo *memo);
/* Borrowed until the next call; null when unknown or expired. */
const struct muster_identity *memo_find(struct memo *memo, const uint8_t key[MEMO_KEY_BYTES],
                                        int64_t now_s);
/* Out of memory only means not remembered. */
void memo_add(struct memo *memo, const uint8_t key[MEMO_KEY_BYTES],
              const struct muster_identity *identity);
void memo_clear(struct memo *memo);

#endif
