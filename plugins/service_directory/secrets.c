/* secrets - keys and tokens, of which digests alone are kept, and how often something may be had.
 */
#include <stdio.h>
#include <string.h>

#include "service_directory.h"

#define RANDOM_BYTES 32
#define PRESENTED_MAX 128 /* longer than any key or token */

void secret_make(const char *prefix, char out[DIRECTORY_TOKEN_MAX]) {
    uint8_t bytes[RANDOM_BYTES];
    size_t len = strlen(prefix);
    randombytes_buf(bytes, sizeof bytes);
    memcpy(out, prefix, len);
    sodium_bin2base64(out + len, DIRECTORY_TOKEN_MAX - len, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

void secret_digest(const char *secret, uint8_t out[DIGEST_BYTES]) {
    crypto_hash_sha256(out, (const uint8_t *)secret, strlen(secret));
}

bool secret_presented(const struct directory *directory, muster_request_id request,
                      uint8_t out[DIGEST_BYTES]) {
    static const char scheme[] = "Bearer ";
    const char *header = directory->host->http->header(directory->self, request, "authorization");
    if (strncmp(header, scheme, sizeof scheme - 1) != 0) return false;
    const char *secret = header + sizeof scheme - 1;
    if (!secret[0] || strlen(secret) >= PRESENTED_MAX) return false;
    secret_digest(secret, out);
    return true;
}

bool bucket_take(struct bucket *bucket, uint32_t per_minute, uint64_t now_ms) {
    if (!bucket->at_ms)
        bucket->left = per_minute;
    else
        bucket->left += (double)(now_ms - bucket->at_ms) * per_minute / 60000;
    if (bucket->left > per_minute) bucket->left = per_minute;
    bucket->at_ms = now_ms ? now_ms : 1;
    if (bucket->left < 1) return false;
    bucket->left -= 1;
    return true;
}

uint32_t bucket_wait_s(const struct bucket *bucket, uint32_t per_minute) {
    double wait_s = bucket->left < 1 ? (1 - bucket->left) * 60 / per_minute : 0;
    return (uint32_t)wait_s + 1;
}
