/* events - GET /v1/admin/events: the node's notices as text/event-stream.
 *
 * Who does not keep up is sent off; it may come back, and sees by the ids what it has missed. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "service_console.h"

#define ALIVE_MS 15000
#define EVENT_BYTES 1024

struct listener {
    struct service *service;
    muster_stream_id stream;
    struct listener *prev, *next;
};

static const char *const kind_words[MUSTER_NOTICE_END] = {
#define WORD(name, code, text) [code] = text,
    MUSTER_NOTICE_MAP(WORD)};

/* ---- one event ------------------------------------------------------------------------------- */

/* A number of this process: the same in all events of one lobby, match or player. */
static void put_id(json_t *data, const char *name, uint64_t id) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    if (id) json_object_set_new(data, name, json_string(text));
}

static void put_lobby(const struct service *service, json_t *data, muster_lobby_id lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    put_id(data, "lobby", lobby.value);
    if (!lobby.value || service->host->lobby->get(service->self, lobby, &info)) return;
    json_object_set_new(data, "lobbyId", json_string(info.lobby_key));
    json_object_set_new(data, "gameMode", json_string(info.game_mode));
}

static void put_player(const struct service *service, json_t *data, muster_player_id player) {
    struct muster_player_info info = {.size = sizeof info};
    put_id(data, "player", player.value);
    if (!player.value || service->host->player->get(service->self, player, &info)) return;
    json_object_set_new(data, "playerId", json_string(info.player_key));
    json_object_set_new(data, "displayName", json_string(info.display_name));
}

static const char *word_of(const struct muster_notice *notice) {
    switch (notice->kind) {
    case MUSTER_NOTICE_LOBBY_STATE:
        switch (notice->value) {
#define STATE(name, code, text)                                                                    \
    case code: return text;
            MUSTER_LOBBY_STATE_MAP(STATE)
        default: return NULL;
        }
    case MUSTER_NOTICE_SEAT_LEFT:
        switch (notice->value) {
#define LEAVE(name, code, text)                                                                    \
    case code: return text;
            MUSTER_LEAVE_MAP(LEAVE)
        default: return NULL;
        }
    default: return NULL;
    }
}

static char *data_of(const struct service *service, const struct muster_notice *notice) {
    const char *word = word_of(notice);
    bool is_state = notice->kind == MUSTER_NOTICE_LOBBY_STATE;
    json_t *data = json_pack("{s:I}", "at", service->host->loop->unix_ms(service->self));
    put_lobby(service, data, notice->lobby);
    put_id(data, "match", notice->match.value);
    put_player(service, data, notice->player);
    if (notice->seat != MUSTER_SEAT_NONE)
        json_object_set_new(data, "seat", json_integer(notice->seat));
    if (word) json_object_set_new(data, is_state ? "state" : "reason", json_string(word));
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    json_decref(data);
    return text;
}

/* ---- to all that listen ---------------------------------------------------------------------- */

static void send_all(struct service *service, const char *text, size_t len) {
    const struct muster_host_http *http = service->host->http;
    struct listener *listener;
    DL_FOREACH(service->listeners, listener) {
        const struct muster_bytes piece = {text, len};
        muster_status status = http->stream_send(service->self, listener->stream, piece);
        if (status == MUSTER_FULL) (void)http->stream_end(service->self, listener->stream);
    }
}

static void on_notice(void *user, const struct muster_notice *notice) {
    struct service *service = user;
    char event[EVENT_BYTES];
    const char *kind = notice->kind < MUSTER_NOTICE_END ? kind_words[notice->kind] : NULL;
    service->events_told++;
    char *data = service->listeners && kind ? data_of(service, notice) : NULL;
    if (!data) return;
    int len = snprintf(event, sizeof event, "id: %llu\nevent: %s\ndata: %s\n\n",
                       (unsigned long long)service->events_told, kind, data);
    free(data);
    if (len > 0 && (size_t)len < sizeof event) send_all(service, event, (size_t)len);
}

static void on_alive(void *user) {
    static const char comment[] = ": alive\n\n";
    send_all(user, comment, sizeof comment - 1);
}

/* ---- who listens ----------------------------------------------------------------------------- */

static void on_gone(void *user, muster_status status) {
    struct listener *listener = user;
    (void)status;
    DL_DELETE(listener->service->listeners, listener);
    free(listener);
}

static void on_request(void *user, const struct muster_http_request *request) {
    static const struct muster_http_header headers[] = {{"cache-control", "no-store"},
                                                        {"x-accel-buffering", "no"}};
    static const char first[] = ": the node's notices\n\n";
    struct service *service = user;
    const struct muster_http_response head = {.size = sizeof head,
                                              .status = 200,
                                              .content_type = "text/event-stream",
                                              .body = {first, sizeof first - 1},
                                              .headers = headers,
                                              .header_count = 2};
    struct listener *listener = calloc(1, sizeof *listener);
    muster_status status =
        listener ? service->host->http->stream_begin(service->self, request->id, &head, on_gone,
                                                     listener, &listener->stream)
                 : MUSTER_NO_MEMORY;
    if (!status) {
        listener->service = service;
        DL_APPEND(service->listeners, listener);
        return;
    }
    free(listener);
    if (status != MUSTER_NOT_FOUND)
        (void)service->host->http->problem(service->self, request->id, 503, "unavailable",
                                           "no room for another listener");
}

muster_status events_init(struct service *service) {
    const struct muster_route route = {.size = sizeof route,
                                       .flags = MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_TOKEN,
                                       .method = "GET",
                                       .path = "/v1/admin/events"};
    uint64_t all = 0;
    for (uint32_t kind = 1; kind < MUSTER_NOTICE_END; kind++) all |= 1ull << kind;
    muster_status status =
        service->host->http->route_add(service->self, &route, on_request, service, NULL);
    if (status) return status;
    return service->host->events->subscribe(service->self, all, on_notice, service);
}

muster_status events_start(struct service *service) {
    return service->host->loop->timer_start(service->self, ALIVE_MS, ALIVE_MS, on_alive, service,
                                            &service->alive);
}

void events_stop(struct service *service) {
    (void)service->host->loop->timer_stop(service->self, service->alive);
}
