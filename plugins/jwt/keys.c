/* keys - JWK, PEM and secrets into pinned keys, through OpenSSL and libsodium. */
#include "jwt/keys.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define P256_BYTES 32u
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define SECRET_BYTES_MIN 32u

/* Without it OpenSSL would ask for the passphrase of an encrypted file on the terminal. */
static char no_passphrase[] = "";

static bool decode_member(const json_t *jwk, const char *name, uint8_t *out, size_t cap,
                          size_t *len) {
    const json_t *value = json_object_get(jwk, name);
    if (!json_is_string(value)) return false;
    return sodium_base642bin(out, cap, json_string_value(value), json_string_length(value), NULL,
                             len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static EVP_PKEY *pkey_from_params(const char *type, OSSL_PARAM *params) {
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* OpenSSL itself refuses a point that is not on the curve. */
static EVP_PKEY *pkey_from_ec_jwk(const json_t *jwk) {
    const char *curve = json_string_value(json_object_get(jwk, "crv"));
    uint8_t point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t x_len = 0, y_len = 0;
    if (!curve || strcmp(curve, "P-256") != 0) return NULL;
    if (!decode_member(jwk, "x", point + 1, P256_BYTES, &x_len) || x_len != P256_BYTES) return NULL;
    if (!decode_member(jwk, "y", point + 1 + P256_BYTES, P256_BYTES, &y_len) || y_len != P256_BYTES)
        return NULL;
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end()};
    return pkey_from_params("EC", params);
}

static EVP_PKEY *pkey_from_rsa_jwk(const json_t *jwk) {
    uint8_t n_bytes[RSA_BITS_MAX / 8 + 1], e_bytes[8];
    size_t n_len = 0, e_len = 0;
    if (!decode_member(jwk, "n", n_bytes, sizeof n_bytes, &n_len)) return NULL;
    if (!decode_member(jwk, "e", e_bytes, sizeof e_bytes, &e_len)) return NULL;
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(n_bytes, (int)n_len, NULL);
    BIGNUM *e = BN_bin2bn(e_bytes, (int)e_len, NULL);
    if (!build || !n || !e) goto done;
    if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1) goto done;
    if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1) goto done;
    params = OSSL_PARAM_BLD_to_param(build);
    pkey = pkey_from_params("RSA", params);
done:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return pkey;
}

/* An exponent of 1 or an even one would make forging trivial. */
static bool rsa_is_sound(EVP_PKEY *pkey) {
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) return false;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1) return false;
    bool sound = BN_is_odd(e) && BN_num_bits(e) >= 2;
    BN_free(e);
    return sound;
}

static bool ec_is_p256(EVP_PKEY *pkey) {
    char name[32] = "";
    size_t len = 0;
    return EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) == 1 &&
           (strcmp(name, "prime256v1") == 0 || strcmp(name, "P-256") == 0);
}

static uint32_t pkey_alg(EVP_PKEY *pkey) {
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_EC: return ec_is_p256(pkey) ? TOKEN_ES256 : 0;
    case EVP_PKEY_RSA: return rsa_is_sound(pkey) ? TOKEN_RS256 : 0;
    case EVP_PKEY_ED25519: return TOKEN_EDDSA;
    default: return 0;
    }
}

static bool store_pem(EVP_PKEY *pkey, struct token_key *out) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = bio && PEM_write_bio_PUBKEY(bio, pkey) == 1;
    long len = ok ? BIO_get_mem_data(bio, &text) : 0;
    ok = len > 0 && (size_t)len < sizeof out->material;
    if (ok) {
        memcpy(out->material, text, (size_t)len);
        out->material[len] = '\0';
        out->len = (uint32_t)len;
    }
    BIO_free(bio);
    return ok;
}

static bool store_point(EVP_PKEY *pkey, struct token_key *out) {
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, out->material,
                                        sizeof out->material, &len) != 1)
        return false;
    out->len = (uint32_t)len;
    return true;
}

static bool store_raw(EVP_PKEY *pkey, struct token_key *out) {
    size_t len = crypto_sign_PUBLICKEYBYTES;
    if (EVP_PKEY_get_raw_public_key(pkey, out->material, &len) != 1) return false;
    out->len = (uint32_t)len;
    return len == crypto_sign_PUBLICKEYBYTES;
}

/* Fills alg and material. */
static bool store_pkey(EVP_PKEY *pkey, struct token_key *out) {
    out->alg = pkey_alg(pkey);
    switch (out->alg) {
    case TOKEN_ES256: return store_point(pkey, out);
    case TOKEN_RS256: return store_pem(pkey, out);
    case TOKEN_EDDSA: return store_raw(pkey, out);
    default: return false;
    }
}

static bool store_okp(const json_t *jwk, struct token_key *out) {
    const char *curve = json_string_value(json_object_get(jwk, "crv"));
    size_t len = 0;
    if (!curve || strcmp(curve, "Ed25519") != 0) return false;
    if (!decode_member(jwk, "x", out->material, crypto_sign_PUBLICKEYBYTES, &len)) return false;
    out->alg = TOKEN_EDDSA;
    out->len = (uint32_t)len;
    return len == crypto_sign_PUBLICKEYBYTES;
}

static bool store_jwk(const json_t *jwk, const char *kty, struct token_key *out) {
    if (strcmp(kty, "OKP") == 0) return store_okp(jwk, out);
    EVP_PKEY *pkey = strcmp(kty, "EC") == 0 ? pkey_from_ec_jwk(jwk) : pkey_from_rsa_jwk(jwk);
    bool ok = pkey && store_pkey(pkey, out);
    EVP_PKEY_free(pkey);
    return ok;
}

static bool for_signatures(const json_t *jwk, const char *kty) {
    const char *use = json_string_value(json_object_get(jwk, "use"));
    if (use && strcmp(use, "sig") != 0) return false;
    return kty && (strcmp(kty, "EC") == 0 || strcmp(kty, "RSA") == 0 || strcmp(kty, "OKP") == 0);
}

/* One JWK. OK with alg 0: skipped, it is none of ours. */
static const char *read_jwk(const json_t *jwk, uint32_t wanted_alg, struct token_key *out) {
    memset(out, 0, sizeof *out);
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    const char *alg = json_string_value(json_object_get(jwk, "alg"));
    const json_t *kid = json_object_get(jwk, "kid");
    if (!for_signatures(jwk, kty)) return NULL;
    if (json_object_get(jwk, "d")) return "is a private key, where others can read it";
    if (alg && token_alg_parse(alg) == 0) return NULL;
    if (kid && (!json_is_string(kid) || json_string_length(kid) >= TOKEN_KID_MAX))
        return "kid must be a string of at most 63 bytes";
    if (kid) memcpy(out->kid, json_string_value(kid), json_string_length(kid) + 1);
    if (!store_jwk(jwk, kty, out))
        return "key is broken: expected EC P-256, RSA 2048 to 4096 or Ed25519";
    if (alg && token_alg_parse(alg) != out->alg) return "alg does not fit the kind of key";
    if (wanted_alg && wanted_alg != out->alg) out->alg = 0;
    return NULL;
}

static bool has_kid(const struct token_keys *keys, const char *kid) {
    for (uint32_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].kid, kid) == 0) return true;
    return false;
}

static const char *read_jwks(const json_t *keys, uint32_t alg, struct token_keys *out, size_t *at) {
    size_t i;
    json_t *jwk;
    if (!json_is_array(keys)) return "expected an object with an array \"keys\"";
    if (json_array_size(keys) > KEYS_COUNT_MAX) return "more than 32 keys";
    json_array_foreach(keys, i, jwk) {
        *at = i;
        struct token_key *slot = &out->items[out->count];
        const char *fault = read_jwk(jwk, alg, slot);
        if (fault) return fault;
        if (slot->alg == 0) continue;
        if (has_kid(out, slot->kid)) return "two keys with the same kid";
        out->count++;
    }
    return out->count ? NULL : "no key for verifying signatures in it";
}

static muster_status parse_jwks(const char *text, size_t len, uint32_t alg, struct token_keys *out,
                                char *why) {
    json_error_t error;
    size_t at = 0;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(why, KEYS_WHY_MAX, "line %d: %.100s", error.line, error.text);
        return MUSTER_INVALID;
    }
    const char *fault = read_jwks(json_object_get(root, "keys"), alg, out, &at);
    if (fault) snprintf(why, KEYS_WHY_MAX, "key %zu: %s", at, fault);
    json_decref(root);
    return fault ? MUSTER_INVALID : MUSTER_OK;
}

static muster_status parse_pem(const char *text, size_t len, uint32_t alg, struct token_key *out,
                               char *why) {
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, no_passphrase) : NULL;
    bool ok = pkey && store_pkey(pkey, out);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    if (!ok)
        snprintf(why, KEYS_WHY_MAX,
                 "expected a PUBLIC KEY in PEM: EC P-256, RSA 2048 to 4096 or Ed25519");
    else if (alg && alg != out->alg)
        snprintf(why, KEYS_WHY_MAX, "algorithm %s needs another kind of key, found one for %s",
                 token_alg_text(alg), token_alg_text(out->alg));
    return ok && (!alg || alg == out->alg) ? MUSTER_OK : MUSTER_INVALID;
}

static muster_status parse_secret(const char *text, size_t len, struct token_key *out, char *why) {
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) len--;
    if (len < SECRET_BYTES_MIN || len > sizeof out->material) {
        snprintf(why, KEYS_WHY_MAX, "an HS256 secret needs 32 to %zu bytes, found %zu",
                 sizeof out->material, len);
        return MUSTER_INVALID;
    }
    out->alg = TOKEN_HS256;
    out->len = (uint32_t)len;
    memcpy(out->material, text, len);
    return MUSTER_OK;
}

muster_status keys_parse(const char *text, size_t len, uint32_t alg, const char *kid,
                         struct token_keys *out, char *why) {
    memset(out, 0, sizeof *out);
    size_t start = 0;
    while (start < len && isspace((unsigned char)text[start])) start++;
    bool pem = len - start >= 10 && memcmp(text + start, "-----BEGIN", 10) == 0;
    if (len > KEYS_TEXT_BYTES_MAX || strlen(kid) >= TOKEN_KID_MAX) {
        snprintf(why, KEYS_WHY_MAX, "key file over 64 KiB or key id over 63 bytes");
        return MUSTER_INVALID;
    }
    if (!pem && alg != TOKEN_HS256) return parse_jwks(text, len, alg, out, why);
    /* A PEM is never taken for a secret: an HMAC key that everybody knows. */
    muster_status status = pem ? parse_pem(text, len, alg, &out->items[0], why)
                               : parse_secret(text, len, &out->items[0], why);
    if (status != MUSTER_OK) return status;
    memcpy(out->items[0].kid, kid, strlen(kid) + 1);
    out->count = 1;
    return MUSTER_OK;
}

const struct token_key *keys_find(const struct token_keys *keys, const char *kid) {
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->items[i].kid[0] && strcmp(keys->items[i].kid, kid) == 0) return &keys->items[i];
    for (uint32_t i = 0; i < keys->count; i++)
        if (!keys->items[i].kid[0]) return &keys->items[i];
    return NULL;
}

muster_status keys_make_p256(char *pem, uint32_t cap) {
    muster_status status = MUSTER_INTERNAL;
    char *text = NULL;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_secmem());
    if (!pkey || !bio) goto done;
    if (PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1) goto done;
    long len = BIO_get_mem_data(bio, &text);
    status = len > 0 && (uint64_t)len < cap ? MUSTER_OK : MUSTER_LIMIT;
    if (status == MUSTER_OK) {
        memcpy(pem, text, (size_t)len);
        pem[len] = '\0';
    }
done:
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return status;
}

static json_t *jwk_of(EVP_PKEY *pkey, const char *kid) {
    uint8_t point[1 + 2 * P256_BYTES];
    size_t len = 0;
    char x[64], y[64];
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) !=
            1 ||
        len != sizeof point || point[0] != POINT_CONVERSION_UNCOMPRESSED)
        return NULL;
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    sodium_bin2base64(x, sizeof x, point + 1, P256_BYTES, variant);
    sodium_bin2base64(y, sizeof y, point + 1 + P256_BYTES, P256_BYTES, variant);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "kty", "EC", "crv", "P-256", "alg", "ES256",
                     "use", "sig", "kid", kid, "x", x, "y", y);
}

muster_status keys_public_of(const char *pem, const char *kid, struct token_key *key,
                             json_t **jwk) {
    memset(key, 0, sizeof *key);
    *jwk = NULL;
    if (strlen(kid) >= sizeof key->kid) return MUSTER_INVALID;
    memcpy(key->kid, kid, strlen(kid) + 1);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase) : NULL;
    bool ok = pkey && store_pkey(pkey, key) && key->alg == TOKEN_ES256;
    if (ok) *jwk = jwk_of(pkey, kid);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    return ok && *jwk ? MUSTER_OK : MUSTER_INVALID;
}

json_t *keys_jwk_of_eddsa(const struct token_key *key) {
    char x[64];
    sodium_bin2base64(x, sizeof x, key->material, crypto_sign_PUBLICKEYBYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "kty", "OKP", "crv", "Ed25519", "alg", "EdDSA",
                     "use", "sig", "kid", key->kid, "x", x);
}
