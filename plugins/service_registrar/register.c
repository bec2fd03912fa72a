/* register - the steps, and what goes over REST: registration, a new token, whether the token is
 * still good, the farewell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_registrar.h"

#define FETCH_MS 10000
#define ANSWER_BYTES_MAX 16384
#define FIRST_MS 200      /* after the start, so that a fleet does not come at once */
#define WAIT_LEAST_MS 500 /* after a failure; doubled with each that follows */
#define WAIT_MOST_MS 60000
#define WAIT_REFUSED_MS 30000 /* what a person has to mend */
#define LOOK_MS 30000         /* at least so often it is seen whether the token's time has come */
#define NETWORK_MS 100        /* until the network is up */

/* ---- when ------------------------------------------------------------------------------------ */

static void step(void *user);

/* Half of it at least, so that many who wait for the same do not come together. */
static uint32_t jittered(const struct registrar *registrar, uint32_t delay_ms) {
    uint32_t random;
    registrar->host->loop->random(registrar->self, &random, sizeof random);
    return delay_ms / 2 + random % (delay_ms / 2 + 1);
}

void register_later(struct registrar *registrar, uint32_t delay_ms) {
    if (registrar->is_stopping) return;
    (void)registrar->host->loop->timer_stop(registrar->self, registrar->step);
    (void)registrar->host->loop->timer_start(registrar->self, delay_ms, 0, step, registrar,
                                             &registrar->step);
}

void register_again(struct registrar *registrar) {
    uint32_t shift = registrar->failures < 7 ? registrar->failures : 7;
    uint32_t wait_ms = WAIT_LEAST_MS << shift;
    registrar->failures++;
    register_later(registrar, jittered(registrar, wait_ms < WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS));
}

void register_start(struct registrar *registrar) {
    register_later(registrar, jittered(registrar, FIRST_MS));
}

void register_forget(struct registrar *registrar) {
    sodium_memzero(registrar->token, sizeof registrar->token);
    registrar->server_id[0] = '\0';
    link_close(registrar);
}

/* ---- asking ---------------------------------------------------------------------------------- */

typedef void (*answered_fn)(void *user, const struct muster_http_result *result);

/* json: taken; null for none. */
static muster_status ask(struct registrar *registrar, const char *method, const char *rest,
                         const char *secret, json_t *json, answered_fn fn) {
    char url[URL_MAX + 128], bearer[DIRECTORY_TOKEN_MAX + 64];
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    snprintf(url, sizeof url, "%s" DIRECTORY_SERVERS_PATH "%s%s%s", registrar->url, rest ? "/" : "",
             rest ? registrar->server_id : "", rest ? rest : "");
    snprintf(bearer, sizeof bearer, "Bearer %s", secret);
    const struct muster_http_header headers[] = {{"authorization", bearer},
                                                 {"content-type", "application/json"}};
    const struct muster_http_fetch request = {.size = sizeof request,
                                              .timeout_ms = FETCH_MS,
                                              .method = method,
                                              .url = url,
                                              .headers = headers,
                                              .header_count = body ? 2 : 1,
                                              .response_max_bytes = ANSWER_BYTES_MAX,
                                              .body = {body, body ? strlen(body) : 0}};
    muster_status status =
        registrar->host->http->fetch(registrar->self, &request, fn, registrar, &registrar->fetch);
    registrar->is_asking = status == MUSTER_OK;
    sodium_memzero(bearer, sizeof bearer);
    free(body);
    return status;
}

/* The answer's object, to be released, or null. */
static json_t *body_of(const struct muster_http_result *result) {
    json_t *json = json_loadb(result->body.data, result->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json)) return json;
    json_decref(json);
    return NULL;
}

/* Said, and tried again. */
static void failed(struct registrar *registrar, const struct muster_http_result *result) {
    json_t *json = result->status == MUSTER_OK ? body_of(result) : NULL;
    const char *detail = json_string_value(json_object_get(json, "detail"));
    if (result->status != MUSTER_OK)
        standing_trouble(registrar, "no answer: %s", muster_status_text(result->status));
    else
        standing_trouble(registrar, "the directory answers %u: %.200s", result->http_status,
                         detail ? detail : "no reason given");
    json_decref(json);
    if (result->status == MUSTER_OK && result->http_status < 500 && result->http_status != 429)
        register_later(registrar, jittered(registrar, WAIT_REFUSED_MS));
    else
        register_again(registrar);
}

/* ---- registration ---------------------------------------------------------------------------- */

/* False: the answer is none that is known. */
static bool take_token(struct registrar *registrar, const json_t *json) {
    const char *id = json_string_value(json_object_get(json, "serverId"));
    const char *token = json_string_value(json_object_get(json, "serverToken"));
    const char *secret = json_string_value(json_object_get(json, "proofSecret"));
    int64_t expires_ms = json_integer_value(json_object_get(json, "expiresAt"));
    int64_t now_ms = registrar->host->loop->unix_ms(registrar->self);
    size_t len = 0;
    if (!id || strlen(id) >= sizeof registrar->server_id || !token ||
        strlen(token) >= sizeof registrar->token || !secret)
        return false;
    if (sodium_hex2bin(registrar->secret, sizeof registrar->secret, secret, strlen(secret), NULL,
                       &len, NULL) != 0 ||
        len != sizeof registrar->secret)
        return false;
    /* Tickets that were verified were for the server before. */
    if (strcmp(registrar->server_id, id) != 0) gate_forget(registrar->gate);
    snprintf(registrar->server_id, sizeof registrar->server_id, "%s", id);
    snprintf(registrar->token, sizeof registrar->token, "%s", token);
    registrar->renew_at_ms = now_ms + (expires_ms - now_ms) / 2;
    sign_in_told(registrar, json_string_value(json_object_get(json, "issuer")));
    standing_told(registrar, json);
    return true;
}

static void on_token(void *user, const struct muster_http_result *result) {
    struct registrar *registrar = user;
    registrar->is_asking = false;
    if (registrar->is_stopping) return;
    bool is_granted =
        result->status == MUSTER_OK && (result->http_status == 201 || result->http_status == 200);
    json_t *json = is_granted ? body_of(result) : NULL;
    if (json && take_token(registrar, json)) {
        registrar->is_unsure = false;
        register_later(registrar, 0);
    } else if (is_granted) {
        standing_trouble(registrar, "the directory's answer is none that is known");
        register_later(registrar, jittered(registrar, WAIT_REFUSED_MS));
    } else if (result->http_status == 401 && registrar->server_id[0]) {
        register_forget(registrar);
        register_again(registrar);
    } else {
        failed(registrar, result);
    }
    json_decref(json);
}

static json_t *write_modes(const struct registrar *registrar) {
    struct muster_node_mode mode = {.size = sizeof mode};
    uint32_t index = 0;
    json_t *modes = json_array();
    while (json_array_size(modes) < 64 &&
           registrar->host->node->mode_next(registrar->self, &index, &mode) == MUSTER_OK)
        json_array_append_new(modes, json_string(mode.game_mode));
    return modes;
}

static json_t *write_tags(const struct registrar *registrar) {
    const struct muster_host_config *config = registrar->host->config;
    uint32_t count = config->list_count(registrar->self, "tags");
    json_t *tags = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(tags, json_string(config->list_item(registrar->self, "tags", i)));
    return tags;
}

static muster_status ask_registration(struct registrar *registrar) {
    struct muster_node_info node = {.size = sizeof node};
    (void)registrar->host->node->info(registrar->self, &node);
    json_t *json =
        json_pack("{s:s,s:s,s:i,s:o,s:s,s:s,s:s,s:i,s:b,s:o}", "serverName", node.name, "region",
                  node.region, "maxLobbies", (int)node.lobbies_max, "supportedGameModes",
                  write_modes(registrar), "version", node.version, "adminContact",
                  registrar->host->config->string(registrar->self, "adminContact"), "address",
                  registrar->place.address, "port", (int)registrar->place.port, "tls",
                  (int)registrar->place.tls, "tags", write_tags(registrar));
    return json ? ask(registrar, "POST", NULL, registrar->key, json, on_token) : MUSTER_NO_MEMORY;
}

/* ---- with a token ---------------------------------------------------------------------------- */

static muster_status ask_renewal(struct registrar *registrar) {
    return ask(registrar, "POST", "/token", registrar->token, NULL, on_token);
}

static void on_checked(void *user, const struct muster_http_result *result) {
    struct registrar *registrar = user;
    registrar->is_asking = false;
    if (registrar->is_stopping) return;
    if (result->status == MUSTER_OK && result->http_status == 200) {
        json_t *json = body_of(result);
        standing_told(registrar, json);
        json_decref(json);
        registrar->is_unsure = false;
        register_later(registrar, 0);
    } else if (result->status == MUSTER_OK && result->http_status == 401) {
        register_forget(registrar);
        register_later(registrar, 0);
    } else {
        failed(registrar, result);
    }
}

/* A beat by REST says whether the token is good: a link that is refused does not. */
static muster_status ask_check(struct registrar *registrar) {
    json_t *json = beat_make(registrar);
    return json ? ask(registrar, "PUT", "/status", registrar->token, json, on_checked)
                : MUSTER_NO_MEMORY;
}

static void on_left(void *user, const struct muster_http_result *result) {
    (void)user, (void)result;
}

void register_leave(struct registrar *registrar) {
    registrar->is_stopping = true;
    if (registrar->server_id[0])
        (void)ask(registrar, "DELETE", "", registrar->token, NULL, on_left);
}

/* Until the token is to be renewed, by a clock that somebody may set. */
static uint32_t until_renewal_ms(const struct registrar *registrar) {
    int64_t left_ms = registrar->renew_at_ms - registrar->host->loop->unix_ms(registrar->self);
    if (left_ms > LOOK_MS) return LOOK_MS;
    return left_ms > 0 ? (uint32_t)left_ms : 0;
}

/* ---- the steps ------------------------------------------------------------------------------- */

static void step(void *user) {
    struct registrar *registrar = user;
    muster_status status;
    registrar->step = (muster_timer_id){0};
    if (registrar->is_asking) return;
    if (!registrar->server_id[0])
        status = ask_registration(registrar);
    else if (registrar->is_unsure)
        status = ask_check(registrar);
    else if (until_renewal_ms(registrar) == 0)
        status = ask_renewal(registrar);
    else if (!registrar->link.value)
        status = link_open(registrar);
    else
        status = MUSTER_OK;
    if (status == MUSTER_STATE) {
        register_later(registrar, NETWORK_MS);
    } else if (status) {
        standing_trouble(registrar, "nothing can be asked: %s", muster_status_text(status));
        register_again(registrar);
    } else if (registrar->is_linked && !registrar->is_asking) {
        register_later(registrar, until_renewal_ms(registrar));
    }
}
