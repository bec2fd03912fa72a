/* beats - what servers say of themselves: over the link, a WebSocket that each keeps, or by
 * PUT /v1/servers/ID/status. Both are the same beat, and both are told how the server stands. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

#define COUNT_MAX 1000000
#define LOBBIES_LISTED_MAX 128
#define CLOSE_POLICY 1008
#define CLOSE_REPLACED 4001

void beats_clear(struct beat *beat) {
    json_decref(beat->lobbies);
    *beat = (struct beat){0};
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_count(const json_t *object, const char *key, uint32_t *out, char why[WHY_MAX]) {
    const json_t *value = json_object_get(object, key);
    json_int_t count = json_integer_value(value);
    if (json_is_integer(value) && count >= 0 && count <= COUNT_MAX) {
        *out = (uint32_t)count;
        return true;
    }
    snprintf(why, WHY_MAX, "%s: expected a whole number from 0 to %d", key, COUNT_MAX);
    return false;
}

static bool read_number(const json_t *object, const char *key, double *out, char why[WHY_MAX]) {
    const json_t *value = json_object_get(object, key);
    *out = json_number_value(value);
    if (json_is_number(value) && isfinite(*out) && *out >= 0) return true;
    snprintf(why, WHY_MAX, "%s: expected a number from 0 on", key);
    return false;
}

static bool read_serial(const json_t *object, const char *key, int64_t *out, char why[WHY_MAX]) {
    const json_t *value = json_object_get(object, key);
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out > 0) return true;
    snprintf(why, WHY_MAX, "%s: expected a whole number from 1 on", key);
    return false;
}

static bool read_health_word(const json_t *object, uint32_t *out, char why[WHY_MAX]) {
    const char *word = json_string_value(json_object_get(object, "status"));
    for (*out = 0; word && *out < DIRECTORY_HEALTH_WORDS; (*out)++)
        if (strcmp(word, directory_health_words[*out]) == 0) return true;
    snprintf(why, WHY_MAX, "status: expected healthy, degraded, unhealthy or maintenance");
    return false;
}

static bool is_lobby_row(const json_t *row) {
    const char *mode = json_string_value(json_object_get(row, "gameMode"));
    const char *state = json_string_value(json_object_get(row, "state"));
    const json_t *count = json_object_get(row, "count");
    return mode && state && strlen(mode) < MUSTER_NAME_MAX && strlen(state) < MUSTER_NAME_MAX &&
           json_is_integer(count) && json_integer_value(count) >= 0 &&
           json_integer_value(count) <= COUNT_MAX;
}

static bool read_lobbies(const json_t *object, struct beat *out, char why[WHY_MAX]) {
    size_t i;
    json_t *row, *list = json_object_get(object, "lobbies");
    bool good = json_is_array(list) && json_array_size(list) <= LOBBIES_LISTED_MAX;
    json_t *lobbies = json_array();
    json_array_foreach(list, i, row) {
        good = good && is_lobby_row(row);
        if (!good) break;
        json_array_append_new(lobbies, json_pack("{s:O,s:O,s:O}", "gameMode",
                                                 json_object_get(row, "gameMode"), "state",
                                                 json_object_get(row, "state"), "count",
                                                 json_object_get(row, "count")));
    }
    if (good) {
        out->lobbies = lobbies;
        return true;
    }
    json_decref(lobbies);
    snprintf(why, WHY_MAX,
             "lobbies: expected a list of at most %d, each with gameMode, state and count",
             LOBBIES_LISTED_MAX);
    return false;
}

/* out->lobbies is owned by it when it answers true. */
static bool read_beat(const json_t *object, struct beat *out, char why[WHY_MAX]) {
    const json_t *health = json_object_get(object, "health");
    *out = (struct beat){0};
    for (uint32_t i = 0; i < DIRECTORY_METRICS; i++)
        if (!read_number(health, directory_metrics[i], &out->metrics[i], why)) return false;
    return read_serial(object, "bootId", &out->boot_id, why) &&
           read_serial(object, "sequence", &out->sequence, why) &&
           read_health_word(object, &out->health, why) &&
           read_number(object, "tickLatenessMs", &out->tick_lateness_ms, why) &&
           read_count(object, "players", &out->players, why) &&
           read_count(object, "playersMax", &out->players_max, why) &&
           read_count(object, "lobbiesMax", &out->lobbies_max, why) &&
           read_count(object, "freeSeats", &out->free_seats, why) && read_lobbies(object, out, why);
}

/* OK: it counts. INVALID: it is none; CONFLICT: it is not newer than the last. */
static muster_status take(struct directory *directory, struct server *server, const json_t *object,
                          char why[WHY_MAX]) {
    struct beat beat;
    const struct beat *last = &server->beat;
    if (!read_beat(object, &beat, why)) return MUSTER_INVALID;
    bool is_newer = beat.boot_id > last->boot_id ||
                    (beat.boot_id == last->boot_id && beat.sequence > last->sequence);
    if (!is_newer) {
        snprintf(why, WHY_MAX, "bootId %lld, sequence %lld: a newer one was heard already",
                 (long long)beat.boot_id, (long long)beat.sequence);
        beats_clear(&beat);
        return MUSTER_CONFLICT;
    }
    beats_clear(&server->beat);
    server->beat = beat;
    server->promised = 0;
    liveness_beaten(directory, server);
    return MUSTER_OK;
}

/* ---- PUT /v1/servers/ID/status --------------------------------------------------------------- */

void beats_put(struct directory *directory, struct server *server,
               const struct muster_http_request *request) {
    char why[WHY_MAX] = "";
    json_t *body = answer_body(directory, request);
    if (!body) return;
    muster_status status = take(directory, server, body, why);
    json_decref(body);
    if (status == MUSTER_OK)
        answer(directory, request->id, 200, servers_standing(directory, server));
    else if (status == MUSTER_CONFLICT)
        refuse(directory, request->id, 409, "conflict", why);
    else
        refuse(directory, request->id, 400, "invalid_params", why);
}

/* ---- the link -------------------------------------------------------------------------------- */

static struct server *find_linked(const struct directory *directory, muster_ws_id ws) {
    struct server *server = NULL;
    HASH_FIND(by_link, directory->linked, &ws, sizeof ws, server);
    return server;
}

static void unlink_server(struct directory *directory, struct server *server) {
    HASH_DELETE(by_link, directory->linked, server);
    server->link = (muster_ws_id){0};
    orders_drop(directory, server);
}

static void close_link(struct directory *directory, struct server *server, uint32_t code) {
    muster_ws_id link = server->link;
    if (!link.value) return;
    unlink_server(directory, server);
    (void)directory->host->ws->close(directory->self, link, code);
}

void beats_close(struct directory *directory, struct server *server) {
    close_link(directory, server, CLOSE_POLICY);
}

void beats_send(struct directory *directory, const struct server *server, json_t *json) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text)
        (void)directory->host->ws->send(directory->self, server->link, 0,
                                        (struct muster_bytes){text, strlen(text)});
    free(text);
}

void beats_tell(struct directory *directory, struct server *server) {
    if (!server->link.value) return;
    json_t *json = servers_standing(directory, server);
    json_object_set_new(json, "type", json_string("answer"));
    json_object_set_new(json, "sequence", json_integer(server->beat.sequence));
    beats_send(directory, server, json);
}

static uint32_t on_open(void *user, muster_ws_id ws, const struct muster_http_request *request) {
    struct directory *directory = user;
    uint8_t digest[DIGEST_BYTES];
    if (!directory->is_ready) return 503;
    if (!secret_presented(directory, request->id, digest)) return 401;
    struct server *server = servers_find_token(directory, NULL, digest);
    if (!server) return 401;
    close_link(directory, server, CLOSE_REPLACED);
    server->link = ws;
    HASH_ADD(by_link, directory->linked, link, sizeof server->link, server);
    return 0;
}

static void on_message(void *user, muster_ws_id ws, uint32_t binary, struct muster_bytes data) {
    struct directory *directory = user;
    struct server *server = find_linked(directory, ws);
    char why[WHY_MAX] = "";
    if (!server) return; /* it is being closed */
    json_t *said = binary ? NULL : json_loadb(data.data, data.len, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(said, "type"));
    bool is_beat = type && strcmp(type, "beat") == 0;
    muster_status status = type ? MUSTER_OK : MUSTER_INVALID; /* newer servers may say more */
    if (is_beat) status = take(directory, server, said, why);
    if (type && strcmp(type, "done") == 0) orders_answered(directory, server, said);
    json_decref(said);
    if (is_beat && status == MUSTER_OK) beats_tell(directory, server);
    if (status == MUSTER_OK) return;
    directory->host->log->write(directory->self, MUSTER_LOG_WARN,
                                "server %s: its link is closed: %s", server->id,
                                why[0] ? why : "no message");
    close_link(directory, server, CLOSE_POLICY);
}

static void on_close(void *user, muster_ws_id ws, muster_status status, uint32_t code) {
    struct directory *directory = user;
    struct server *server = find_linked(directory, ws);
    (void)status, (void)code;
    if (server) unlink_server(directory, server);
}

muster_status beats_serve(struct directory *directory) {
    const struct muster_ws_server link = {.size = sizeof link,
                                          .path = DIRECTORY_LINK_PATH,
                                          .subprotocol = DIRECTORY_SUBPROTOCOL,
                                          .open = on_open,
                                          .message = on_message,
                                          .close = on_close};
    return directory->host->ws->serve(directory->self, &link, directory);
}
