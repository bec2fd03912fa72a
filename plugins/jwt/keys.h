/* keys - sets of verification keys: read from a JWKS, a PEM or a secret, and written as a JWKS.
 *
 * A set is immutable once loaded; a reload builds a new one. No I/O here: callers bring the text.
 */
#ifndef MUSTER_JWT_KEYS_H
#define MUSTER_JWT_KEYS_H

#include "jwt/token.h"

#define KEYS_TEXT_BYTES_MAX 65536u
#define KEYS_COUNT_MAX 32u
#define KEYS_WHY_MAX 160u

struct token_keys {
    uint32_t count;
    struct token_key items[KEYS_COUNT_MAX];
};

/* Text is a JWKS ({"keys": [...]}), a public key in PEM, or a secret (only when alg is HS256).
 * alg: the only algorithm to accept, or 0: each key's own. kid: for a PEM or secret, "" = any.
 * Keys of a JWKS that are not for verifying signatures, or of an unknown kind, are skipped; with a
 * private one the whole set is refused.
 * INVALID: why (KEYS_WHY_MAX bytes) says what is wrong; never a part of the key. */
muster_status keys_parse(const char *text, size_t len, uint32_t alg, const char *kid,
                         struct token_keys *out, char *why) MUSTER_MUST_USE;

/* The key for a token's kid, or null. A token without kid fits only a key without kid. */
const struct token_key *keys_find(const struct token_keys *keys, const char *kid);

/* A new P-256 pair: the private key as PKCS#8 PEM into pem. LIMIT when pem is too small. */
muster_status keys_make_p256(char *pem, uint32_t cap) MUSTER_MUST_USE;
/* The public half of a P-256 private key in PEM: as a key to verify with, and as a JWK (new
 * reference). */
muster_status keys_public_of(const char *pem, const char *kid, struct token_key *key,
                             json_t **jwk) MUSTER_MUST_USE;

/* A key that verifies EdDSA, as a JWK. Null: out of memory. */
json_t *keys_jwk_of_eddsa(const struct token_key *key);

#endif
