/* token - JSON Web Tokens, verified strictly and signed. Shared by the auth plugins.
 *
 * libjwt alone accepts tokens whose algorithm was swapped, checks no claim and tolerates loose
 * encodings; every token therefore goes through token_verify. The key decides the algorithm, never
 * the token. Stateless: any thread. sodium_init must have run.
 */
#ifndef MUSTER_JWT_TOKEN_H
#define MUSTER_JWT_TOKEN_H

#include <jansson.h>
#include <muster/types.h>

#include "jwt/signer.h"

#define TOKEN_BYTES_MAX 4096u    /* longest token looked at */
#define TOKEN_KID_MAX 64u        /* bytes of a key id, NUL included */
#define TOKEN_MATERIAL_MAX 1024u /* bytes of a key: PEM of RSA 4096 fits */
#define TOKEN_ISSUER_MAX 256u

enum token_alg {
    TOKEN_ES256 = 1, /* material: the public key's point, as OpenSSL encodes it */
    TOKEN_RS256 = 2, /* material: PEM, NUL-terminated */
    TOKEN_EDDSA = 3, /* material: 32 raw bytes */
    TOKEN_HS256 = 4, /* material: the secret, at least 32 bytes */
};

/* A verification key with its algorithm pinned. A plain value: copy it to another thread. */
struct token_key {
    char kid[TOKEN_KID_MAX]; /* "" fits every token */
    uint32_t alg;            /* enum token_alg */
    uint32_t len;            /* bytes of material, without a PEM's NUL */
    uint8_t material[TOKEN_MATERIAL_MAX];
};

/* What a token must claim. Strings borrowed. */
struct token_policy {
    const char *issuer;
    const char *audience;
    int64_t skew_s;         /* tolerance for exp, nbf and iat */
    int64_t lifetime_max_s; /* longest exp - iat; 0: any, and iat may be missing */
};

/* What a token says about itself, unverified: to choose a key, never to trust. */
struct token_peek {
    char kid[TOKEN_KID_MAX]; /* "" when there is none */
    char issuer[TOKEN_ISSUER_MAX];
    bool is_ticket;       /* for a seat: it has a claim "lobby" */
    int64_t ticket_issue; /* 0 when there is none */
};

/* "ES256"; null for an unknown number. */
const char *token_alg_text(uint32_t alg);
/* 0 for an unknown name. */
uint32_t token_alg_parse(const char *text);

/* INVALID when it does not even look like a JWT with an issuer. */
muster_status token_peek(const char *token, struct token_peek *out) MUSTER_MUST_USE;

/* The name of its key alone; "": it names none. INVALID: as token_peek. */
muster_status token_kid(const char *token, char out[TOKEN_KID_MAX]) MUSTER_MUST_USE;

/* Form, header and signature, then the claims. OK: *claims is a new reference. DENIED: *why is a
 * short reason for people, static. */
muster_status token_verify(const char *token, const struct token_key *key,
                           const struct token_policy *policy, int64_t now_s, json_t **claims,
                           const char **why) MUSTER_MUST_USE;

/* The same for a token whose signature by that key is known to be good: all but the signature. */
muster_status token_read(const char *token, const struct token_key *key,
                         const struct token_policy *policy, int64_t now_s, json_t **claims,
                         const char **why) MUSTER_MUST_USE;

/* Sign claims (an object) with Ed25519, which is quick. secret: crypto_sign_SECRETKEYBYTES. */
muster_status token_sign_eddsa(const uint8_t *secret, const char *kid, const json_t *claims,
                               char *out, uint32_t cap) MUSTER_MUST_USE;

/* Sign claims (an object) with ES256. LIMIT when out is too small. */
muster_status token_sign(const struct signer *signer, const char *kid, const json_t *claims,
                         char *out, uint32_t cap) MUSTER_MUST_USE;

#endif
