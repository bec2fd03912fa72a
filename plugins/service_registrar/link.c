/* link - the WebSocket that this node keeps to the directory: beats go up, answers and orders come
 * down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_registrar.h"

#define ANSWER_BYTES_MAX 65536

static void beat(void *user) {
    struct registrar *registrar = user;
    json_t *json = beat_make(registrar);
    json_object_set_new(json, "type", json_string("beat"));
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text && !registrar->beat_sent_ms)
        registrar->beat_sent_ms = registrar->host->loop->now_ms(registrar->self);
    if (text)
        (void)registrar->host->ws->send(registrar->self, registrar->link, 0,
                                        (struct muster_bytes){text, strlen(text)});
    free(text);
}

static void on_open(void *user) {
    struct registrar *registrar = user;
    registrar->is_linked = true;
    registrar->is_unsure = false;
    registrar->beat_sent_ms = 0;
    (void)registrar->host->loop->timer_start(registrar->self, registrar->beat_ms,
                                             registrar->beat_ms, beat, registrar,
                                             &registrar->beats);
    beat(registrar);
    register_later(registrar, 0); /* for the token, when its time has come */
}

static void take_answer(struct registrar *registrar, const json_t *said) {
    uint64_t now_ms = registrar->host->loop->now_ms(registrar->self);
    if (registrar->beat_sent_ms) registrar->latency_ms = (double)(now_ms - registrar->beat_sent_ms);
    registrar->beat_sent_ms = 0;
    registrar->failures = 0;
    standing_told(registrar, said);
}

static void on_message(void *user, uint32_t binary, struct muster_bytes data) {
    struct registrar *registrar = user;
    json_t *said = binary ? NULL : json_loadb(data.data, data.len, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(said, "type"));
    if (type && strcmp(type, "answer") == 0)
        take_answer(registrar, said);
    else if (type && strcmp(type, "order") == 0)
        orders_take(registrar, said);
    json_decref(said);
}

static void on_close(void *user, muster_status status, uint32_t code) {
    struct registrar *registrar = user;
    (void)code;
    registrar->link = (muster_ws_id){0};
    registrar->is_linked = false;
    registrar->is_unsure = true;
    (void)registrar->host->loop->timer_stop(registrar->self, registrar->beats);
    if (registrar->is_stopping) return;
    if (status != MUSTER_CLOSED)
        standing_trouble(registrar, "no link: %s", muster_status_text(status));
    register_again(registrar);
}

muster_status link_open(struct registrar *registrar) {
    char url[URL_MAX + sizeof DIRECTORY_LINK_PATH], bearer[DIRECTORY_TOKEN_MAX + 8];
    snprintf(url, sizeof url, "ws%s" DIRECTORY_LINK_PATH, registrar->url + 4); /* http, https */
    snprintf(bearer, sizeof bearer, "Bearer %s", registrar->token);
    const struct muster_http_header header = {"authorization", bearer};
    const struct muster_ws_client client = {.size = sizeof client,
                                            .header_count = 1,
                                            .url = url,
                                            .subprotocol = DIRECTORY_SUBPROTOCOL,
                                            .headers = &header,
                                            .open = on_open,
                                            .message = on_message,
                                            .close = on_close,
                                            .message_max_bytes = ANSWER_BYTES_MAX};
    muster_status status =
        registrar->host->ws->open(registrar->self, &client, registrar, &registrar->link);
    sodium_memzero(bearer, sizeof bearer);
    return status;
}

void link_close(struct registrar *registrar) {
    if (registrar->link.value)
        (void)registrar->host->ws->close(registrar->self, registrar->link, 1000);
}
