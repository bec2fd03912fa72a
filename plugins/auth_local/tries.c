/* tries - log-ins that fail, counted by user name in each hour of the clock, by all nodes that
 * share the role kv: passwords are not to be guessed from many addresses either. Names share a
 * fixed number of counters, so that invented ones do not fill the store, and nothing tells them
 * from those that there are. Where nobody provides the role, nobody counts; where one does and
 * cannot count, nobody logs in. Who is signed in already is not concerned. */
#include <stdio.h>
#include <string.h>

#include "auth_local.h"

#define HOUR_MS 3600000
#define COUNTERS 4096 /* the smallest kv_memory has room for twice as many */
#define KEY_BYTES 64
#define RETRY_S 10

static uint32_t left_ms(const struct request *request) {
    return (uint32_t)(HOUR_MS - request->now_ms % HOUR_MS);
}

static void write_key(const struct request *request, char out[KEY_BYTES]) {
    uint8_t digest[crypto_generichash_BYTES];
    uint32_t counter;
    crypto_generichash(digest, sizeof digest, (const uint8_t *)request->username,
                       strlen(request->username), NULL, 0);
    memcpy(&counter, digest, sizeof counter);
    snprintf(out, KEY_BYTES, "auth_local/tries/%lld/%u", (long long)(request->now_ms / HOUR_MS),
             counter % COUNTERS);
}

static muster_status count(struct request *request, int64_t by, muster_kv_fn fn) {
    const struct auth_local *auth = request->auth;
    char key[KEY_BYTES];
    const struct muster_kv_request increase = {.size = sizeof increase,
                                               .kind = MUSTER_KV_INCREASE,
                                               .key = key,
                                               .by = by,
                                               .expires_ms = left_ms(request)};
    write_key(request, key);
    return auth->host->kv->request(auth->self, &increase, fn, request, NULL);
}

static void refuse(struct request *request) {
    char detail[96];
    uint32_t left_s = (left_ms(request) + 999) / 1000;
    bool is_soon = left_s < 120;
    snprintf(detail, sizeof detail, "Too many log-ins with this user name, try again in %u %s.",
             is_soon ? left_s : (left_s + 59) / 60, is_soon ? "seconds" : "minutes");
    request_retry(request, 429, "rate_limited", detail, left_s);
}

static void refuse_uncounted(struct request *request, muster_status status) {
    request->auth->host->log->write(request->auth->self, MUSTER_LOG_WARN,
                                    "a log-in was refused: it cannot be counted (status %d)",
                                    status);
    request_retry(request, 503, "unavailable",
                  "Log-ins cannot be counted at the moment, try again later.", RETRY_S);
}

static void on_counted(void *user, muster_status status, const struct muster_kv_answer *answer) {
    struct request *request = user;
    if (!request_resume(request)) return;
    if (status != MUSTER_OK)
        refuse_uncounted(request, status);
    else if (answer->number > request->auth->settings.tries_max)
        refuse(request);
    else
        request->then(request);
}

void tries_take(struct request *request, request_fn then) {
    bool counts = request->auth->settings.tries_max > 0;
    request->then = then;
    muster_status status = counts ? count(request, 1, on_counted) : MUSTER_UNAVAILABLE;
    request->outstanding = status == MUSTER_OK;
    if (status == MUSTER_UNAVAILABLE)
        then(request);
    else if (status != MUSTER_OK)
        refuse_uncounted(request, status);
}

void tries_give_back(struct request *request) {
    if (request->auth->settings.tries_max > 0) (void)count(request, -1, NULL);
}
