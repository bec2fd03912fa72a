/* hasher - Argon2id on the pool: a few at once, a bounded queue behind them, so that a flood of
 * sign-ins neither grows memory nor keeps the pool from verifying tokens. */
#include <stdio.h>
#include <string.h>

#include "auth_local.h"

#define PLACE_WAIT_S 2
#define HASH_BYTES 32 /* of a hash as libsodium writes it, behind its salt */
#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING

bool hasher_hash(const struct settings *settings, const char *password, char *out) {
    return crypto_pwhash_str_alg(out, password, strlen(password), settings->hash_operations,
                                 settings->hash_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool hasher_make_dummy(const struct settings *settings, char out[crypto_pwhash_STRBYTES]) {
    unsigned char random[HASH_BYTES];
    char salt[23], hash[44];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(salt, sizeof salt, random, crypto_pwhash_SALTBYTES, BASE64);
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(hash, sizeof hash, random, sizeof random, BASE64);
    memset(out, 0, crypto_pwhash_STRBYTES);
    snprintf(out, crypto_pwhash_STRBYTES, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s",
             (unsigned)(settings->hash_bytes / 1024), (unsigned)settings->hash_operations, salt,
             hash);
    return crypto_pwhash_str_needs_rehash(out, settings->hash_operations, settings->hash_bytes) ==
           0;
}

static uint32_t count_of_address(const struct auth_local *auth, const char *address) {
    uint32_t count = 0;
    for (const struct request *request = auth->requests; request; request = request->next)
        if (request->hashing && strcmp(request->address, address) == 0) count++;
    return count;
}

static struct request *take_first(struct hasher *hasher) {
    struct request *request = hasher->first;
    if (!request) return NULL;
    hasher->first = request->next_hash;
    if (!hasher->first) hasher->last = NULL;
    request->next_hash = NULL;
    hasher->waiting--;
    return request;
}

static void run_waiting(struct auth_local *auth);

static void hash_done(void *user, muster_status status) {
    struct request *request = user;
    struct auth_local *auth = request->auth;
    auth->hasher.running--;
    request->hashing = false;
    if (request_resume(request)) {
        sodium_memzero(request->password, sizeof request->password);
        if (status == MUSTER_OK)
            request->then(request);
        else
            request_fail(request, status);
    }
    run_waiting(auth);
}

static void run_waiting(struct auth_local *auth) {
    struct hasher *hasher = &auth->hasher;
    while (!auth->stopping && hasher->first && hasher->running < auth->settings.hash_running_max) {
        struct request *request = take_first(hasher);
        muster_status status = request_start_work(request, hash_done);
        if (status == MUSTER_OK)
            hasher->running++;
        else
            request_fail(request, status);
    }
}

void hasher_submit(struct request *request, request_fn work, request_fn then) {
    struct auth_local *auth = request->auth;
    struct hasher *hasher = &auth->hasher;
    if (count_of_address(auth, request->address) >= auth->settings.hash_per_address_max) {
        request_retry(request, 429, "rate_limited", "Too many sign-ins from this address at once.",
                      PLACE_WAIT_S);
        return;
    }
    if (hasher->waiting >= auth->settings.hash_queue_max) {
        request_busy(request);
        return;
    }
    request->work = work;
    request->then = then;
    request->hashing = true;
    if (hasher->last)
        hasher->last->next_hash = request;
    else
        hasher->first = request;
    hasher->last = request;
    hasher->waiting++;
    run_waiting(auth);
}

void hasher_stop(struct auth_local *auth) {
    while (take_first(&auth->hasher)) continue;
}
