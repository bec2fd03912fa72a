/* directory - words, and the proof. */
#include "directory.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

const char *const directory_metrics[DIRECTORY_METRICS] = {
    "cpuUsage", "memoryUsage", "diskUsage", "networkLatency", "activeConnections", "errorRate"};

const char *const directory_health_words[DIRECTORY_HEALTH_WORDS] = {"healthy", "degraded",
                                                                    "unhealthy", "maintenance"};

static void add(crypto_auth_hmacsha256_state *state, const char *text) {
    crypto_auth_hmacsha256_update(state, (const uint8_t *)text, strlen(text));
}

void directory_proof(const uint8_t secret[DIRECTORY_SECRET_BYTES], const char *nonce,
                     const char *server_id, const char *address, uint32_t port,
                     char out[DIRECTORY_HEX_MAX]) {
    crypto_auth_hmacsha256_state state;
    uint8_t digest[crypto_auth_hmacsha256_BYTES];
    char digits[16];
    snprintf(digits, sizeof digits, ":%u", port);
    crypto_auth_hmacsha256_init(&state, secret, DIRECTORY_SECRET_BYTES);
    add(&state, nonce);
    add(&state, "|");
    add(&state, server_id);
    add(&state, "|");
    add(&state, address);
    add(&state, digits);
    crypto_auth_hmacsha256_final(&state, digest);
    sodium_bin2hex(out, DIRECTORY_HEX_MAX, digest, sizeof digest);
}
