#include "keyed_hash.h"

#include <sodium.h>
#include <stdbool.h>

_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "one number holds the hash");

uint64_t keyed_hash(const void *data, size_t len) {
    static uint8_t secret[crypto_shorthash_KEYBYTES];
    static bool is_made;
    uint64_t hash = 0;
    if (!is_made) crypto_shorthash_keygen(secret);
    is_made = true;
    crypto_shorthash((uint8_t *)&hash, data, len, secret);
    return hash;
}
