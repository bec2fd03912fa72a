/* token - the strict wrapper around libjwt: form, header, signature, claims, in this order. */
#include "jwt/token.h"

#include <jwt.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_BYTES_MAX 1024u
#define SIGNATURE_BYTES_MAX 512u

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The three parts of a token, as runs of base64url. */
struct parts {
    const char *token;
    size_t header_len;
    size_t payload_len;
    size_t signature_len;
};

static const char *const alg_names[] = {
    [TOKEN_ES256] = "ES256",
    [TOKEN_RS256] = "RS256",
    [TOKEN_EDDSA] = "EdDSA",
    [TOKEN_HS256] = "HS256",
};

const char *token_alg_text(uint32_t alg) {
    return alg < sizeof(alg_names) / sizeof(alg_names[0]) ? alg_names[alg] : NULL;
}

uint32_t token_alg_parse(const char *text) {
    for (uint32_t i = TOKEN_ES256; i <= TOKEN_HS256; i++)
        if (strcmp(text, alg_names[i]) == 0) return i;
    return 0;
}

/* Length, exactly two dots, base64url without padding, no empty part. */
static bool split(const char *token, struct parts *out) {
    size_t len = strnlen(token, TOKEN_BYTES_MAX + 1);
    if (len > TOKEN_BYTES_MAX) return false;
    size_t header = strspn(token, alphabet);
    if (header == 0 || token[header] != '.') return false;
    const char *payload = token + header + 1;
    size_t payload_len = strspn(payload, alphabet);
    if (payload_len == 0 || payload[payload_len] != '.') return false;
    const char *signature = payload + payload_len + 1;
    size_t signature_len = strspn(signature, alphabet);
    if (signature_len == 0 || signature[signature_len] != '\0') return false;
    *out = (struct parts){token, header, payload_len, signature_len};
    return true;
}

static const char *payload_of(const struct parts *p) {
    return p->token + p->header_len + 1;
}

static const char *signature_of(const struct parts *p) {
    return payload_of(p) + p->payload_len + 1;
}

/* Canonical base64url only: stray low bits in the last character are refused. */
static bool decode(const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len) {
    return sodium_base642bin(out, cap, text, len, NULL, out_len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static json_t *decode_object(const char *text, size_t len) {
    uint8_t bytes[TOKEN_BYTES_MAX];
    size_t n = 0;
    if (!decode(text, len, bytes, sizeof bytes, &n)) return NULL;
    json_t *value = json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL);
    if (value && !json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

static json_t *header_object(const struct parts *p) {
    return p->header_len <= HEADER_BYTES_MAX ? decode_object(p->token, p->header_len) : NULL;
}

/* Copies a string claim that fits; false when it is missing, of another type, empty or too long. */
static bool copy_string(const json_t *object, const char *key, char *out, size_t cap) {
    const json_t *value = json_object_get(object, key);
    size_t len = json_string_length(value);
    if (!json_is_string(value) || len == 0 || len >= cap) return false;
    memcpy(out, json_string_value(value), len + 1);
    return true;
}

static bool copy_kid(const json_t *header, char out[TOKEN_KID_MAX]) {
    out[0] = '\0';
    return header &&
           (!json_object_get(header, "kid") || copy_string(header, "kid", out, TOKEN_KID_MAX));
}

muster_status token_kid(const char *token, char out[TOKEN_KID_MAX]) {
    struct parts parts;
    if (!split(token, &parts)) return MUSTER_INVALID;
    json_t *header = header_object(&parts);
    bool ok = copy_kid(header, out);
    json_decref(header);
    return ok ? MUSTER_OK : MUSTER_INVALID;
}

muster_status token_peek(const char *token, struct token_peek *out) {
    struct parts parts;
    memset(out, 0, sizeof *out);
    if (!split(token, &parts)) return MUSTER_INVALID;
    json_t *header = header_object(&parts);
    json_t *claims = decode_object(payload_of(&parts), parts.payload_len);
    bool ok = claims && copy_kid(header, out->kid) &&
              copy_string(claims, "iss", out->issuer, sizeof out->issuer);
    out->is_ticket = ok && json_object_get(claims, "lobby");
    out->ticket_issue = json_integer_value(json_object_get(claims, "issue"));
    json_decref(header);
    json_decref(claims);
    return ok ? MUSTER_OK : MUSTER_INVALID;
}

/* The header may only say what the key already knows. Null: fits. */
static const char *header_fault(const json_t *header, const struct token_key *key) {
    if (!header) return "header is not a JSON object";
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *pinned = token_alg_text(key->alg);
    if (!alg || !pinned || strcmp(alg, pinned) != 0) return "algorithm does not fit the key";
    if (json_object_get(header, "crit")) return "critical header extensions are not supported";
    const json_t *typ = json_object_get(header, "typ");
    if (typ && (!json_is_string(typ) || strcasecmp(json_string_value(typ), "JWT") != 0))
        return "not an access token";
    const json_t *kid = json_object_get(header, "kid");
    if (kid && !json_is_string(kid)) return "kid is not a string";
    if (key->kid[0] && (!kid || strcmp(json_string_value(kid), key->kid) != 0))
        return "signed with another key";
    return NULL;
}

/* Exact signature lengths, so that no second encoding (DER, padding) can pass. */
static bool signature_length_fits(const struct token_key *key, size_t len) {
    switch (key->alg) {
    case TOKEN_ES256:
    case TOKEN_EDDSA: return len == 64;
    case TOKEN_HS256: return len == 32;
    case TOKEN_RS256: return len >= 256 && len <= SIGNATURE_BYTES_MAX;
    default: return false;
    }
}

static bool verify_eddsa(const struct parts *p, const struct token_key *key, const uint8_t *sig) {
    if (key->len != crypto_sign_PUBLICKEYBYTES) return false;
    size_t signed_len = p->header_len + 1 + p->payload_len;
    return crypto_sign_verify_detached(sig, (const uint8_t *)p->token, signed_len, key->material) ==
           0;
}

/* OpenSSL takes a key's point and a signature's two numbers in forms of its own. */
static EVP_PKEY *p256_of(const struct token_key *key) {
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)key->material, key->len),
        OSSL_PARAM_construct_end()};
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static int der_of(const uint8_t signature[64], uint8_t **out) {
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    if (!numbers || !r || !s || ECDSA_SIG_set0(numbers, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(numbers);
        return -1;
    }
    int len = i2d_ECDSA_SIG(numbers, out);
    ECDSA_SIG_free(numbers);
    return len;
}

/* Without libjwt, which reads the key from a text each time: that takes five times as long as the
 * rest, and all players of a node come at once after a restart. */
static bool verify_es256(const struct parts *p, const struct token_key *key, const uint8_t *sig) {
    uint8_t *der = NULL;
    size_t signed_len = p->header_len + 1 + p->payload_len;
    EVP_PKEY *pkey = p256_of(key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int der_len = der_of(sig, &der);
    bool good =
        pkey && ctx && der_len > 0 &&
        EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, der, (size_t)der_len, (const uint8_t *)p->token, signed_len) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

/* libjwt with a key that is never null, and its idea of the algorithm held against ours: the one
 * check that stops an HMAC made with a public key. */
static bool verify_libjwt(const char *token, const struct token_key *key) {
    static const jwt_alg_t algs[] = {[TOKEN_RS256] = JWT_ALG_RS256, [TOKEN_HS256] = JWT_ALG_HS256};
    jwt_t *jwt = NULL;
    if (key->len == 0 || jwt_decode(&jwt, token, key->material, (int)key->len) != 0) return false;
    bool same = jwt_get_alg(jwt) == algs[key->alg];
    jwt_free(jwt);
    return same;
}

static bool verify_signature(const struct parts *p, const struct token_key *key,
                             const uint8_t *signature) {
    switch (key->alg) {
    case TOKEN_EDDSA: return verify_eddsa(p, key, signature);
    case TOKEN_ES256: return verify_es256(p, key, signature);
    default: return verify_libjwt(p->token, key);
    }
}

static const char *signature_fault(const struct parts *p, const struct token_key *key) {
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t len = 0;
    if (!decode(signature_of(p), p->signature_len, signature, sizeof signature, &len))
        return "signature is not base64url";
    if (!signature_length_fits(key, len)) return "signature has a wrong length";
    return verify_signature(p, key, signature) ? NULL : "signature does not verify";
}

static const char *form_fault(const char *token, const struct token_key *key, struct parts *parts) {
    if (!split(token, parts)) return "not a JSON Web Token";
    json_t *header = header_object(parts);
    const char *fault = header_fault(header, key);
    json_decref(header);
    return fault;
}

/* An optional time claim: absent, or a non-negative integer. */
static bool time_claim(const json_t *claims, const char *key, int64_t *out, bool *present) {
    const json_t *value = json_object_get(claims, key);
    *present = value != NULL;
    if (!value) return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = json_integer_value(value);
    return true;
}

static const char *time_fault(const json_t *claims, const struct token_policy *policy,
                              int64_t now_s) {
    int64_t exp = 0, iat = 0, nbf = 0;
    bool has_exp, has_iat, has_nbf;
    if (!time_claim(claims, "exp", &exp, &has_exp) || !has_exp) return "exp is missing or invalid";
    if (!time_claim(claims, "iat", &iat, &has_iat)) return "iat is invalid";
    if (!time_claim(claims, "nbf", &nbf, &has_nbf)) return "nbf is invalid";
    if (now_s - policy->skew_s >= exp) return "token has expired";
    if (has_nbf && nbf - policy->skew_s > now_s) return "token is not valid yet";
    if (has_iat && iat - policy->skew_s > now_s) return "token was issued in the future";
    if (policy->lifetime_max_s == 0) return NULL;
    if (!has_iat) return "iat is missing";
    return exp - iat > policy->lifetime_max_s ? "token lives too long" : NULL;
}

static bool audience_fits(const json_t *aud, const char *wanted) {
    if (json_is_string(aud)) return strcmp(json_string_value(aud), wanted) == 0;
    size_t i;
    json_t *item;
    json_array_foreach(aud, i, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), wanted) == 0) return true;
    }
    return false;
}

static const char *claims_fault(const json_t *claims, const struct token_policy *policy,
                                int64_t now_s) {
    if (!claims) return "payload is not a JSON object";
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    if (!issuer || strcmp(issuer, policy->issuer) != 0) return "wrong issuer";
    if (!audience_fits(json_object_get(claims, "aud"), policy->audience))
        return "token is for another audience";
    if (json_string_length(json_object_get(claims, "sub")) == 0) return "sub is missing";
    return time_fault(claims, policy, now_s);
}

static muster_status take_claims(const struct parts *parts, const struct token_policy *policy,
                                 int64_t now_s, json_t **claims, const char **why) {
    json_t *object = decode_object(payload_of(parts), parts->payload_len);
    *why = claims_fault(object, policy, now_s);
    if (*why) {
        json_decref(object);
        return MUSTER_DENIED;
    }
    *claims = object;
    return MUSTER_OK;
}

muster_status token_read(const char *token, const struct token_key *key,
                         const struct token_policy *policy, int64_t now_s, json_t **claims,
                         const char **why) {
    struct parts parts;
    *claims = NULL;
    *why = form_fault(token, key, &parts);
    return *why ? MUSTER_DENIED : take_claims(&parts, policy, now_s, claims, why);
}

muster_status token_verify(const char *token, const struct token_key *key,
                           const struct token_policy *policy, int64_t now_s, json_t **claims,
                           const char **why) {
    struct parts parts;
    *claims = NULL;
    *why = form_fault(token, key, &parts);
    if (!*why) *why = signature_fault(&parts, key);
    return *why ? MUSTER_DENIED : take_claims(&parts, policy, now_s, claims, why);
}

/* Base64url behind the text that is there. False: there is no room. */
static bool append(char *out, uint32_t cap, const uint8_t *bytes, size_t len) {
    size_t used = strlen(out);
    if (cap - used < sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return false;
    sodium_bin2base64(out + used, cap - used, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return true;
}

static bool append_json(char *out, uint32_t cap, const char *before, const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT);
    size_t used = strlen(out);
    bool ok = text && used + strlen(before) < cap;
    if (ok) memcpy(out + used, before, strlen(before) + 1);
    ok = ok && append(out, cap, (const uint8_t *)text, strlen(text));
    free(text);
    return ok;
}

/* Header and claims: what is signed. */
static bool append_signed_part(char *out, uint32_t cap, uint32_t alg, const char *kid,
                               const json_t *claims) {
    json_t *header =
        json_pack("{s:s, s:s, s:s}", "alg", token_alg_text(alg), "typ", "JWT", "kid", kid);
    out[0] = '\0';
    bool fits = header && append_json(out, cap, "", header) && append_json(out, cap, ".", claims);
    json_decref(header);
    return fits;
}

static bool append_signature(char *out, uint32_t cap, const uint8_t *signature, size_t len) {
    size_t used = strlen(out);
    if (used + 1 >= cap) return false;
    memcpy(out + used, ".", 2);
    return append(out, cap, signature, len);
}

static muster_status end_signing(muster_status status, char *out) {
    if (status) out[0] = '\0';
    return status;
}

muster_status token_sign_eddsa(const uint8_t *secret, const char *kid, const json_t *claims,
                               char *out, uint32_t cap) {
    uint8_t signature[crypto_sign_BYTES];
    if (cap > TOKEN_BYTES_MAX + 1) cap = TOKEN_BYTES_MAX + 1;
    if (cap == 0) return MUSTER_LIMIT;
    bool fits = append_signed_part(out, cap, TOKEN_EDDSA, kid, claims);
    if (fits) crypto_sign_detached(signature, NULL, (const uint8_t *)out, strlen(out), secret);
    fits = fits && append_signature(out, cap, signature, sizeof signature);
    return end_signing(fits ? MUSTER_OK : MUSTER_LIMIT, out);
}

muster_status token_sign(const struct signer *signer, const char *kid, const json_t *claims,
                         char *out, uint32_t cap) {
    uint8_t signature[SIGNER_BYTES];
    if (cap > TOKEN_BYTES_MAX + 1) cap = TOKEN_BYTES_MAX + 1;
    if (cap == 0) return MUSTER_LIMIT;
    if (!append_signed_part(out, cap, TOKEN_ES256, kid, claims))
        return end_signing(MUSTER_LIMIT, out);
    if (!signer_sign(signer, out, strlen(out), signature)) return end_signing(MUSTER_INTERNAL, out);
    bool fits = append_signature(out, cap, signature, sizeof signature);
    return end_signing(fits ? MUSTER_OK : MUSTER_LIMIT, out);
}
