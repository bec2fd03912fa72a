/* tries - log-ins as one user name, counted by all nodes that share the role kv: passwords are not
 * to be guessed from many addresses either. Where nobody provides the role, nobody counts. A log-in
 * that succeeds begins anew; who is signed in already is not concerned. */
#include <stdio.h>

#include "auth_local.h"

#define HOUR_MS 3600000u
#define KEY_BYTES (USERNAME_MAX + 24)

static void write_key(const struct request *request, char out[KEY_BYTES]) {
    snprintf(out, KEY_BYTES, "auth_local/tries/%s", request->username);
}

static void on_counted(void *user, muster_status status, const struct muster_kv_answer *answer) {
    struct request *request = user;
    if (!request_resume(request)) return;
    if (status == MUSTER_OK && answer->number > request->auth->settings.tries_max)
        request_problem(request, 429, "rate_limited",
                        "Too many log-ins with this user name, try again in an hour.");
    else
        request->then(request);
}

void tries_take(struct request *request, request_fn then) {
    struct auth_local *auth = request->auth;
    char key[KEY_BYTES];
    const struct muster_kv_request count = {.size = sizeof count,
                                            .kind = MUSTER_KV_INCREASE,
                                            .key = key,
                                            .by = 1,
                                            .expires_ms = HOUR_MS};
    write_key(request, key);
    request->then = then;
    request->outstanding =
        auth->settings.tries_max > 0 &&
        auth->host->kv->request(auth->self, &count, on_counted, request, NULL) == MUSTER_OK;
    if (!request->outstanding) then(request);
}

void tries_forget(const struct request *request) {
    struct auth_local *auth = request->auth;
    char key[KEY_BYTES];
    const struct muster_kv_request away = {
        .size = sizeof away, .kind = MUSTER_KV_REMOVE, .key = key};
    write_key(request, key);
    if (auth->settings.tries_max > 0)
        (void)auth->host->kv->request(auth->self, &away, NULL, NULL, NULL);
}
