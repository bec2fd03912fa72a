/* The strict token code: every case of the vectors, keys, signing, and the memory of tokens. */
#include "json_text.h"
#include "test.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwt/gate.h"
#include "jwt/keys.h"
#include "jwt/memo.h"
#include "jwt/token.h"

#define NOW_S 1800000000

static const struct token_policy policy = {
    .issuer = "https://central.example", .audience = "game", .skew_s = 30};

static json_t *vectors;

static int load_vectors(void **state) {
    (void)state;
    assert_int_not_equal(sodium_init(), -1);
    vectors = json_load_file(DATA_DIR "/jwt.json", JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(vectors);
    return 0;
}

static int free_vectors(void **state) {
    (void)state;
    json_decref(vectors);
    return 0;
}

static void decode_into(struct token_key *key, const char *base64) {
    size_t len = 0;
    assert_int_equal(sodium_base642bin(key->material, sizeof key->material, base64, strlen(base64),
                                       NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    key->len = (uint32_t)len;
}

/* The key of a case, through the code that reads key files wherever the file has a form for it. */
static struct token_key key_of(const char *name) {
    char why[KEYS_WHY_MAX];
    struct token_keys keys;
    const json_t *entry = json_object_get(json_object_get(vectors, "keys"), name);
    uint32_t alg = token_alg_parse(json_text(entry, "alg"));
    assert_int_not_equal(alg, 0);
    struct token_key key = {.alg = alg};
    const char *text = json_text(entry, alg == TOKEN_HS256 ? "secret" : "pub");
    if (text[0]) {
        assert_int_equal(keys_parse(text, strlen(text), alg, "", &keys, why), MUSTER_OK);
        return keys.items[0];
    }
    decode_into(&key, json_text(entry, alg == TOKEN_HS256 ? "secret_b64u" : "x"));
    return key;
}

static void every_vector_gets_its_wanted_answer(void **state) {
    (void)state;
    size_t i;
    uint32_t checked = 0;
    json_t *item;
    json_array_foreach(json_object_get(vectors, "cases"), i, item) {
        const char *expect = json_text(item, "expect");
        const char *why = NULL;
        json_t *claims = NULL;
        struct token_key key = key_of(json_text(item, "key"));
        muster_status status =
            token_verify(json_text(item, "token"), &key, &policy, NOW_S, &claims, &why);
        bool want_accept = strcmp(expect, "accept") == 0;
        if (strcmp(expect, "either") != 0) {
            if ((status == MUSTER_OK) != want_accept)
                fail_msg("case \"%s\": expected %s, found %s", json_text(item, "name"), expect,
                         status == MUSTER_OK ? "accept" : why);
        }
        assert_true((status == MUSTER_OK) == (claims != NULL));
        if (strncmp(expect, "signature valid", 15) == 0) /* else no claim is looked at */
            assert_true(strcmp(why, "wrong issuer") == 0 ||
                        strcmp(why, "payload is not a JSON object") == 0);
        json_decref(claims);
        checked++;
    }
    assert_int_equal(checked, 34);
}

static muster_status verify(const char *token, const struct token_key *key) {
    json_t *claims;
    const char *why;
    muster_status status = token_verify(token, key, &policy, NOW_S, &claims, &why);
    json_decref(claims);
    return status;
}

/* Each algorithm's good token must fail under each other key: nothing falls back. */
static void good_tokens_fail_under_other_keys(void **state) {
    (void)state;
    static const char *const names[] = {"ec", "rsa", "ed", "hmac"};
    static const uint32_t at[] = {0, 1, 2, 3};
    const json_t *cases = json_object_get(vectors, "cases");
    for (uint32_t t = 0; t < 4; t++) {
        for (uint32_t k = 0; k < 4; k++) {
            struct token_key key = key_of(names[k]);
            muster_status status = verify(json_text(json_array_get(cases, at[t]), "token"), &key);
            assert_int_equal(status, t == k ? MUSTER_OK : MUSTER_DENIED);
        }
    }
}

static void jwk_and_pem_give_the_same_key(void **state) {
    (void)state;
    static const char *const names[] = {"ec", "rsa", "ed"};
    for (uint32_t i = 0; i < 3; i++) {
        char why[KEYS_WHY_MAX];
        struct token_keys keys;
        const json_t *entry = json_object_get(json_object_get(vectors, "keys"), names[i]);
        json_t *jwk = json_deep_copy(json_object_get(entry, "jwk"));
        json_object_set_new(jwk, "kid", json_string("k1"));
        json_t *set = json_pack("{s:[o]}", "keys", jwk);
        char *text = json_dumps(set, 0);
        assert_int_equal(keys_parse(text, strlen(text), 0, "", &keys, why), MUSTER_OK);
        struct token_key pem = key_of(names[i]);
        assert_int_equal(keys.items[0].alg, pem.alg);
        assert_int_equal(keys.items[0].len, pem.len);
        assert_memory_equal(keys.items[0].material, pem.material, pem.len);
        assert_string_equal(keys.items[0].kid, "k1");
        free(text);
        json_decref(set);
    }
}

static void assert_keys_refused(const char *text, uint32_t alg) {
    char why[KEYS_WHY_MAX] = "";
    struct token_keys keys;
    if (keys_parse(text, strlen(text), alg, "", &keys, why) == MUSTER_OK)
        fail_msg("accepted: %s", text);
    assert_true(strlen(why) > 0);
}

static void bad_keys_are_refused(void **state) {
    (void)state;
    const json_t *keys = json_object_get(vectors, "keys");
    assert_keys_refused("", 0);
    assert_keys_refused("{", 0);
    assert_keys_refused("[]", 0);
    assert_keys_refused("{\"keys\":[]}", 0);
    assert_keys_refused("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", 0);
    assert_keys_refused("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", 0);
    /* a point that is not on the curve */
    assert_keys_refused("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                        "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}]}",
                        0);
    assert_keys_refused("{\"keys\":[{\"kty\":\"EC\"}],\"keys\":[]}", 0);
    /* a public key is never an HMAC secret, a private one never a public one */
    assert_keys_refused(json_text(json_object_get(keys, "ec"), "pub"), TOKEN_HS256);
    assert_keys_refused(json_text(json_object_get(keys, "ec"), "priv"), TOKEN_ES256);
    assert_keys_refused(json_text(json_object_get(keys, "rsa"), "pub"), TOKEN_ES256);
    assert_keys_refused("0123456789abcdef0123456789abcde", TOKEN_HS256);
    assert_keys_refused("-----BEGIN PUBLIC KEY-----\ngarbage\n-----END PUBLIC KEY-----\n", 0);
    assert_keys_refused("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
                        "DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n"
                        "AAAA\n-----END PUBLIC KEY-----\n",
                        0);
}

/* A modulus of so many bytes, the first of them `top`, and an exponent of one byte. */
static bool takes_rsa(size_t bytes, uint8_t top, uint8_t exponent) {
    char n[1024], e[8], text[1200], why[KEYS_WHY_MAX];
    uint8_t modulus[600];
    struct token_keys keys;
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    memset(modulus, 0xff, sizeof modulus);
    modulus[0] = top;
    sodium_bin2base64(n, sizeof n, modulus, bytes, variant);
    sodium_bin2base64(e, sizeof e, &exponent, 1, variant);
    snprintf(text, sizeof text, "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}]}", n, e);
    return keys_parse(text, strlen(text), 0, "", &keys, why) == MUSTER_OK;
}

static void rsa_keys_have_their_sizes(void **state) {
    (void)state;
    assert_true(takes_rsa(256, 0x80, 3));
    assert_false(takes_rsa(256, 0x7f, 3)); /* 2047 bits */
    assert_true(takes_rsa(512, 0xff, 3));
    assert_false(takes_rsa(513, 0x01, 3)); /* 4097 bits */
    assert_false(takes_rsa(256, 0x80, 1));
    assert_false(takes_rsa(256, 0x80, 2));
    assert_true(takes_rsa(256, 0x80, 17));
}

/* So many keys of ours under names of their own, each with what is given. */
static muster_status parse_many(uint32_t count, json_t *more, struct token_keys *keys) {
    char pem[512], kid[16], why[KEYS_WHY_MAX];
    struct token_key key;
    json_t *jwk = NULL, *list = json_array();
    assert_int_equal(keys_make_p256(pem, sizeof pem), MUSTER_OK);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(kid, sizeof kid, "k%u", i);
        assert_int_equal(keys_public_of(pem, kid, &key, &jwk), MUSTER_OK);
        json_object_update(jwk, more);
        json_array_append_new(list, jwk);
    }
    json_t *set = json_pack("{s:o}", "keys", list);
    char *text = json_dumps(set, 0);
    muster_status status = keys_parse(text, strlen(text), 0, "", keys, why);
    free(text);
    json_decref(set);
    json_decref(more);
    return status;
}

static void sets_of_keys_have_bounds(void **state) {
    (void)state;
    static struct token_keys keys;
    assert_int_equal(parse_many(KEYS_COUNT_MAX, json_object(), &keys), MUSTER_OK);
    assert_int_equal(keys.count, KEYS_COUNT_MAX);
    assert_string_equal(keys_find(&keys, "k31")->kid, "k31");
    assert_int_equal(parse_many(KEYS_COUNT_MAX + 1, json_object(), &keys), MUSTER_INVALID);
    assert_int_equal(parse_many(2, json_pack("{s:s}", "kid", "same"), &keys), MUSTER_INVALID);
    assert_int_equal(parse_many(1, json_pack("{s:s}", "use", "sig"), &keys), MUSTER_OK);
    assert_int_equal(parse_many(1, json_pack("{s:s}", "use", "enc"), &keys), MUSTER_INVALID);
    assert_int_equal(parse_many(1, json_pack("{s:s}", "alg", "RS256"), &keys), MUSTER_INVALID);
    assert_int_equal(parse_many(1, json_pack("{s:s}", "alg", "ES384"), &keys), MUSTER_INVALID);
    assert_int_equal(parse_many(1, json_pack("{s:s}", "d", "AAAA"), &keys), MUSTER_INVALID);
}

static void keys_are_chosen_by_kid(void **state) {
    (void)state;
    static struct token_keys keys = {.count = 2, .items = {{.kid = "a"}, {.kid = "b"}}};
    assert_ptr_equal(keys_find(&keys, "b"), &keys.items[1]);
    assert_null(keys_find(&keys, "c"));
    assert_null(keys_find(&keys, ""));
    keys.items[1].kid[0] = '\0';
    assert_ptr_equal(keys_find(&keys, "c"), &keys.items[1]);
}

static void a_signed_token_verifies(void **state) {
    (void)state;
    char pem[512], token[TOKEN_BYTES_MAX + 1];
    struct token_key key;
    struct token_peek peek;
    json_t *jwk = NULL, *claims = NULL;
    const char *why = NULL;
    assert_int_equal(keys_make_p256(pem, sizeof pem), MUSTER_OK);
    assert_int_equal(keys_public_of(pem, "key-1", &key, &jwk), MUSTER_OK);
    struct signer *signer = signer_create(pem);
    assert_non_null(signer);
    assert_string_equal(json_text(jwk, "kid"), "key-1");
    assert_null(json_object_get(jwk, "d"));
    json_t *wanted = json_pack("{s:s,s:s,s:s,s:I,s:I,s:[s]}", "iss", "https://central.example",
                               "aud", "game", "sub", "p\xC3\xA4", "iat", (json_int_t)NOW_S, "exp",
                               (json_int_t)(NOW_S + 60), "permissions", "admin");
    assert_int_equal(token_sign(signer, "key-1", wanted, token, sizeof token), MUSTER_OK);
    assert_int_equal(token_peek(token, &peek), MUSTER_OK);
    assert_string_equal(peek.kid, "key-1");
    assert_string_equal(peek.issuer, "https://central.example");
    assert_int_equal(token_verify(token, &key, &policy, NOW_S, &claims, &why), MUSTER_OK);
    assert_true(json_equal(claims, wanted));
    json_decref(claims);
    /* the clock: skew is tolerated, more is not */
    assert_int_equal(token_verify(token, &key, &policy, NOW_S + 89, &claims, &why), MUSTER_OK);
    json_decref(claims);
    assert_int_equal(token_verify(token, &key, &policy, NOW_S + 90, &claims, &why), MUSTER_DENIED);
    assert_int_equal(token_verify(token, &key, &policy, NOW_S - 31, &claims, &why), MUSTER_DENIED);
    assert_int_equal(token_verify(token, &key, &policy, NOW_S - 30, &claims, &why), MUSTER_OK);
    json_decref(claims);
    struct token_policy strict = policy;
    strict.lifetime_max_s = 60;
    assert_int_equal(token_verify(token, &key, &strict, NOW_S, &claims, &why), MUSTER_OK);
    json_decref(claims);
    strict.lifetime_max_s = 59;
    assert_int_equal(token_verify(token, &key, &strict, NOW_S, &claims, &why), MUSTER_DENIED);
    /* and both ways: not yet, not from the future */
    for (int edge = 30; edge <= 31; edge++) {
        static const char *const names[] = {"nbf", "iat"};
        for (int i = 0; i < 2; i++) {
            json_t *other = json_copy(wanted);
            json_object_set_new(other, names[i], json_integer(NOW_S + edge));
            assert_int_equal(token_sign(signer, "key-1", other, token, sizeof token), MUSTER_OK);
            assert_int_equal(token_verify(token, &key, &policy, NOW_S, &claims, &why),
                             edge == 30 ? MUSTER_OK : MUSTER_DENIED);
            json_decref(claims);
            json_decref(other);
        }
    }
    struct token_key renamed = key;
    strcpy(renamed.kid, "key-2");
    assert_int_equal(token_verify(token, &renamed, &policy, NOW_S, &claims, &why), MUSTER_DENIED);
    assert_int_equal(token_sign(signer, "key-1", wanted, token, 64), MUSTER_LIMIT);
    json_decref(wanted);
    json_decref(jwk);
    signer_destroy(signer);
}

/* Of one number in 256 the first byte is 0, and is written all the same. */
static void every_signature_verifies(void **state) {
    (void)state;
    char pem[512], token[TOKEN_BYTES_MAX + 1];
    struct token_key key;
    json_t *jwk, *claims;
    const char *why = NULL;
    assert_int_equal(keys_make_p256(pem, sizeof pem), MUSTER_OK);
    assert_int_equal(keys_public_of(pem, "k", &key, &jwk), MUSTER_OK);
    struct signer *first = signer_create(pem), *signer = signer_copy(first);
    signer_destroy(first); /* the copy is its own */
    json_t *wanted =
        json_pack("{s:s,s:s,s:s,s:I,s:I}", "iss", policy.issuer, "aud", policy.audience, "sub",
                  "p1", "iat", (json_int_t)NOW_S, "exp", (json_int_t)(NOW_S + 60));
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(token_sign(signer, "k", wanted, token, sizeof token), MUSTER_OK);
        assert_int_equal(token_verify(token, &key, &policy, NOW_S, &claims, &why), MUSTER_OK);
        json_decref(claims);
    }
    json_decref(wanted);
    json_decref(jwk);
    signer_destroy(signer);
}

static void what_is_no_p256_key_signs_nothing(void **state) {
    (void)state;
    static const char wrong[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    static const char ed25519[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n";
    assert_null(signer_create(""));
    assert_null(signer_create(wrong));
    assert_null(signer_create(ed25519));
    assert_null(signer_copy(NULL));
    signer_destroy(NULL);
}

/* header.payload.signature, signed by HS256 whatever the header says. */
static void sign_raw(const struct token_key *key, const char *header, char *out, size_t cap) {
    char payload[256];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    snprintf(payload, sizeof payload,
             "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"p1\",\"iat\":%d,\"exp\":%d}", policy.issuer,
             policy.audience, NOW_S, NOW_S + 60);
    sodium_bin2base64(out, cap, (const uint8_t *)header, strlen(header), variant);
    strcat(out, ".");
    size_t len = strlen(out);
    sodium_bin2base64(out + len, cap - len, (const uint8_t *)payload, strlen(payload), variant);
    crypto_auth_hmacsha256_init(&state, key->material, key->len);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)out, strlen(out));
    crypto_auth_hmacsha256_final(&state, mac);
    strcat(out, ".");
    len = strlen(out);
    sodium_bin2base64(out + len, cap - len, mac, sizeof mac, variant);
}

/* A token that is good but for what its header adds. */
static void critical_headers_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"crit\":null}",
        "{\"alg\":\"HS256\",\"b64\":true,\"crit\":[\"b64\"]}",
    };
    struct token_key key = {.alg = TOKEN_HS256, .len = 32};
    memset(key.material, 7, 32);
    char token[1024];
    json_t *claims = NULL;
    const char *why = NULL;
    sign_raw(&key, "{\"alg\":\"HS256\"}", token, sizeof token);
    assert_int_equal(token_verify(token, &key, &policy, NOW_S, &claims, &why), MUSTER_OK);
    json_decref(claims);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sign_raw(&key, bad[i], token, sizeof token);
        assert_int_equal(token_verify(token, &key, &policy, NOW_S, &claims, &why), MUSTER_DENIED);
        assert_string_equal(why, "critical header extensions are not supported");
    }
}

/* What names no issuer, or a key by no name, is nobody's. */
static void a_peek_sees_whole_names_alone(void **state) {
    (void)state;
    struct token_key key = {.alg = TOKEN_HS256, .len = 32};
    struct token_peek peek;
    char header[200], kid[65], token[1024];
    const size_t max = sizeof peek.kid - 1;
    memset(kid, 'k', sizeof kid);
    for (size_t len = max; len <= max + 1; len++) {
        snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%.*s\"}", (int)len, kid);
        sign_raw(&key, header, token, sizeof token);
        assert_int_equal(token_peek(token, &peek), len == max ? MUSTER_OK : MUSTER_INVALID);
        if (len == max) assert_int_equal(strlen(peek.kid), max);
    }
    sign_raw(&key, "{\"alg\":\"HS256\",\"kid\":\"\"}", token, sizeof token);
    assert_int_equal(token_peek(token, &peek), MUSTER_INVALID);
    sign_raw(&key, "{\"alg\":\"HS256\",\"kid\":7}", token, sizeof token);
    assert_int_equal(token_peek(token, &peek), MUSTER_INVALID);
    sign_raw(&key, "{\"alg\":\"HS256\"}", token, sizeof token);
    assert_int_equal(token_peek(token, &peek), MUSTER_OK);
    assert_string_equal(peek.kid, "");
    assert_string_equal(peek.issuer, policy.issuer);
}

/* Cut, grown and flipped at every place: never accepted, never a crash. */
static void mangled_tokens_are_refused(void **state) {
    (void)state;
    const char *good = json_text(json_array_get(json_object_get(vectors, "cases"), 0), "token");
    struct token_key key = key_of("ec");
    size_t len = strlen(good);
    char *copy = malloc(len + 2);
    struct token_peek peek;
    assert_non_null(copy);
    for (size_t i = 0; i < len; i++) {
        memcpy(copy, good, len + 1);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verify(copy, &key), MUSTER_DENIED);
        copy[i] = '\0';
        assert_int_equal(verify(copy, &key), MUSTER_DENIED);
        (void)!token_peek(copy, &peek);
    }
    free(copy);
}

static void an_endless_token_is_refused(void **state) {
    (void)state;
    size_t len = 1u << 20;
    char *token = malloc(len + 1);
    struct token_key key = key_of("ec");
    struct token_peek peek;
    assert_non_null(token);
    memset(token, 'A', len);
    token[len] = '\0';
    token[10] = token[20] = '.';
    assert_int_equal(verify(token, &key), MUSTER_DENIED);
    assert_int_equal(token_peek(token, &peek), MUSTER_INVALID);
    free(token);
}

static void memory_is_bounded_and_expires(void **state) {
    (void)state;
    struct memo *memo = memo_create(3);
    struct muster_identity identity = {.size = sizeof identity, .expires_at_s = 100};
    uint8_t key[MEMO_KEY_BYTES] = {0};
    assert_non_null(memo);
    for (uint8_t i = 1; i <= 4; i++) {
        key[0] = i;
        memo_add(memo, key, &identity);
        memo_add(memo, key, &identity);
    }
    for (uint8_t i = 1; i <= 4; i++) {
        key[0] = i;
        assert_int_equal(memo_find(memo, key, 99) != NULL, i > 1); /* the oldest made room */
    }
    assert_null(memo_find(memo, key, 100));
    assert_null(memo_find(memo, key, 99)); /* forgotten then */
    memo_destroy(memo);
}

static const char *const allowed[] = {"moderator"};
static const struct gate_config gate_config = {
    .player_prefix = "",
    .display_name_claim = "name",
    .region_claim = "region",
    .permissions_claim = "permissions",
    .permissions = allowed,
    .permission_count = 1,
};

static bool read_claims(const char *text, struct muster_identity *out) {
    const char *why = NULL;
    json_t *claims = json_loads(text, 0, NULL);
    assert_non_null(claims);
    bool ok = gate_read_claims(&gate_config, claims, out, &why);
    json_decref(claims);
    return ok;
}

/* All are taken over, but none from a text with a line break in it: it would be a line in a log. */
static void permissions_are_words(void **state) {
    (void)state;
    static const struct {
        const char *claims, *wanted;
    } cases[] = {
        {"{\"sub\":\"s\",\"permissions\":[\"a\",\"b c\",\"\"]}", "a b c"},
        {"{\"sub\":\"s\",\"permissions\":\"  a  b \"}", "a b"},
        {"{\"sub\":\"s\",\"permissions\":[\"admin\",\"x\\ny\"]}", ""},
        {"{\"sub\":\"s\",\"permissions\":7}", ""},
        {"{\"sub\":\"bot:1\"}", NULL},
        {"{\"sub\":\"bot\"}", ""},
        {"{\"sub\":\"a b\"}", NULL},
        {"{\"sub\":\"\\u007f\"}", NULL},
    };
    struct gate_config all = gate_config;
    all.permissions_all = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct muster_identity id;
        const char *why = NULL;
        json_t *claims = json_loads(cases[i].claims, 0, NULL);
        bool good = gate_read_claims(&all, claims, &id, &why);
        if (good != (cases[i].wanted != NULL)) fail_msg("case %zu", i);
        if (good) assert_string_equal(id.permissions, cases[i].wanted);
        json_decref(claims);
    }
}

/* The last that fits whole is taken, one that does not is left out. */
static void permissions_have_their_room(void **state) {
    (void)state;
    char words[256];
    struct muster_identity id;
    struct gate_config all = gate_config;
    all.permissions_all = true;
    for (size_t len = sizeof id.permissions - 3; len <= sizeof id.permissions - 2; len++) {
        const char *why = NULL;
        memset(words, 'p', len);
        words[len] = '\0';
        json_t *claims = json_pack("{s:s,s:[s,s]}", "sub", "s", "permissions", words, "q");
        assert_true(gate_read_claims(&all, claims, &id, &why));
        bool fits = len + 2 < sizeof id.permissions;
        assert_int_equal(strlen(id.permissions), fits ? len + 2 : len);
        assert_int_equal(strstr(id.permissions, "q") != NULL, fits);
        json_decref(claims);
    }
}

#define EUROS_5 "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
#define EUROS EUROS_5 EUROS_5
#define EUROS_21 "\xe2\x82\xac" /* the last that fits into 63 bytes */

static void claims_are_checked(void **state) {
    (void)state;
    struct muster_identity id;
    assert_true(
        read_claims("{\"sub\":\"auth0|7\",\"exp\":5,\"name\":\"J\u00fcrgen\",\"region\":\"eu\","
                    "\"permissions\":[\"admin\",\"moderator\",7,\"x moderator\"]}",
                    &id));
    assert_string_equal(id.player_key, "auth0|7");
    assert_string_equal(id.display_name, "J\u00fcrgen");
    assert_string_equal(id.region, "eu");
    assert_string_equal(id.permissions, "moderator moderator");
    assert_int_equal(id.expires_at_s, 5);
    assert_true(
        read_claims("{\"sub\":\"s\",\"name\":\"a\\nb\",\"permissions\":\"admin moderator\"}", &id));
    assert_string_equal(id.display_name, "a\nb"); /* the server mends it */
    assert_string_equal(id.permissions, "moderator");
    assert_true(read_claims("{\"sub\":\"s\",\"name\":\"" EUROS EUROS EUROS "\"}", &id));
    assert_string_equal(id.display_name, EUROS EUROS EUROS_21);
    assert_true(read_claims("{\"sub\":\"s\",\"name\":7}", &id));
    assert_string_equal(id.display_name, "player-s");
    assert_false(read_claims("{\"sub\":\"bot:3\"}", &id));
    assert_false(read_claims("{\"sub\":\"a b\"}", &id));
    assert_false(read_claims("{\"sub\":\"0123456789012345678901234567890123456789012345678901234567"
                             "890123\"}",
                             &id));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gets_its_wanted_answer),
        cmocka_unit_test(good_tokens_fail_under_other_keys),
        cmocka_unit_test(jwk_and_pem_give_the_same_key),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(rsa_keys_have_their_sizes),
        cmocka_unit_test(sets_of_keys_have_bounds),
        cmocka_unit_test(keys_are_chosen_by_kid),
        cmocka_unit_test(a_signed_token_verifies),
        cmocka_unit_test(every_signature_verifies),
        cmocka_unit_test(what_is_no_p256_key_signs_nothing),
        cmocka_unit_test(critical_headers_are_refused),
        cmocka_unit_test(a_peek_sees_whole_names_alone),
        cmocka_unit_test(mangled_tokens_are_refused),
        cmocka_unit_test(an_endless_token_is_refused),
        cmocka_unit_test(memory_is_bounded_and_expires),
        cmocka_unit_test(claims_are_checked),
        cmocka_unit_test(permissions_are_words),
        cmocka_unit_test(permissions_have_their_room),
    };
    return cmocka_run_group_tests(tests, load_vectors, free_vectors);
}
