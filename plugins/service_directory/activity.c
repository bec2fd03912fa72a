/* activity - POST /v1/servers/ID/activity: who came, who left, results. All of it is what the
 * server says; of each key the first is kept. What can be written is, what cannot is named, so that
 * one bad report holds up no others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

#define ITEMS_MAX 64
#define STATS_MAX 512 /* rows of one result, and of all in a request */
#define DEPTH_MAX 12
#define REQUESTS_PER_MINUTE 600
#define RECEIPTS_MAX 2 /* of one server at once */

/* ---- checking -------------------------------------------------------------------------------- */

bool activity_id_is_sound(const char *text) {
    size_t len = text ? strlen(text) : 0, i = 0;
    while (i < len && text[i] > ' ' && text[i] < 0x7f) i++;
    return len > 0 && len < MUSTER_PLAYER_KEY_MAX && i == len;
}

bool activity_is_flat(const json_t *json, uint32_t depth_max) {
    const char *key;
    size_t i;
    json_t *value;
    if (!json_is_object(json) && !json_is_array(json)) return true;
    if (depth_max == 0) return false;
    json_object_foreach((json_t *)json, key,
                        value) if (!activity_is_flat(value, depth_max - 1)) return false;
    json_array_foreach(json, i, value) if (!activity_is_flat(value, depth_max - 1)) return false;
    return true;
}

static const char *id_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return activity_id_is_sound(text) ? text : NULL;
}

/* What is no count, -1; what is not there, 0. */
static int64_t count_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!value) return 0;
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -1;
}

static bool is_game_mode(const char *text) {
    return text && text[0] && strlen(text) < MUSTER_NAME_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

static const char *check_stats(const json_t *result) {
    static const char *const counts[] = {"kills", "deaths", "assists"};
    const json_t *list = json_object_get(result, "playerStats");
    size_t i;
    json_t *row;
    if (!json_is_array(list) || json_array_size(list) > STATS_MAX)
        return "playerStats: expected a list of at most 512";
    json_array_foreach(list, i, row) {
        if (!id_of(row, "playerId")) return "playerStats: a row has no playerId";
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
            if (count_of(row, counts[k]) < 0)
                return "playerStats: kills, deaths and assists are whole numbers from 0 on";
    }
    return NULL;
}

static const char *read_result(const json_t *item, struct activity *out) {
    json_t *result = json_object_get(item, "result");
    const char *mode = json_string_value(json_object_get(result, "gameMode"));
    const char *why = check_stats(result);
    out->result = result;
    out->match = id_of(result, "matchId");
    out->lobby = id_of(result, "lobbyId");
    out->game_mode = mode;
    out->at_ms = count_of(result, "completedAt");
    if (!out->match || !out->lobby) return "result: expected a matchId and a lobbyId";
    if (!is_game_mode(mode)) return "result: expected a gameMode";
    if (out->at_ms <= 0) return "result: completedAt is a whole number from 1 on";
    if (count_of(result, "duration") < 0) return "result: duration is a whole number from 0 on";
    if (why) return why;
    if (!activity_is_flat(result, DEPTH_MAX)) return "result: it is nested too deep";
    return NULL;
}

/* Null: it is one. Else what is wrong. */
static const char *read_item(const json_t *item, struct activity *out) {
    const char *type = json_string_value(json_object_get(item, "type"));
    *out = (struct activity){.key = id_of(item, "key"), .type = type};
    if (!out->key) return "key: expected 1 to 63 printable characters without blanks";
    if (type && strcmp(type, "result") == 0) return read_result(item, out);
    if (!type || (strcmp(type, "join") != 0 && strcmp(type, "leave") != 0))
        return "type: expected join, leave or result";
    out->player = id_of(item, "playerId");
    out->lobby = id_of(item, "lobbyId");
    out->game_mode = json_string_value(json_object_get(item, "gameMode"));
    out->at_ms = count_of(item, "at");
    if (!out->player || !out->lobby) return "expected a playerId and a lobbyId";
    if (!is_game_mode(out->game_mode)) return "expected a gameMode";
    if (out->at_ms <= 0) return "at: expected a whole number from 1 on";
    return NULL;
}

/* ---- answering ------------------------------------------------------------------------------- */

/* An answer that waits until what it says is on the disk. */
struct receipt {
    struct directory *directory;
    muster_request_id request;
    char server_id[DIRECTORY_ID_MAX];
    json_t *body;
};

static void written(void *user, muster_status status) {
    struct receipt *receipt = user;
    struct server *server = servers_find(receipt->directory, receipt->server_id);
    if (server) server->receipts--;
    if (status == MUSTER_OK)
        answer(receipt->directory, receipt->request, 200, json_incref(receipt->body));
    else
        refuse(receipt->directory, receipt->request, 503, "unavailable",
               "the directory's database does not take it now");
    json_decref(receipt->body);
    free(receipt);
}

/* Those that are sound go to the store; the others into refused. */
static uint32_t write_items(struct directory *directory, const struct server *server,
                            struct activity_batch *batch, const json_t *list, json_t *refused) {
    size_t i;
    json_t *item;
    struct activity activity;
    uint32_t accepted = 0;
    json_array_foreach(list, i, item) {
        const char *why = read_item(item, &activity);
        if (!why && !activity_store_add(batch, &activity)) why = "result: it is too long";
        if (!why && activity.player)
            presence_heard(directory, server, activity.player, activity.type[0] == 'j');
        if (why)
            json_array_append_new(refused, json_pack("{s:s*,s:i,s:s}", "key", activity.key, "index",
                                                     (int)i, "reason", why));
        else
            accepted++;
    }
    return accepted;
}

static void take(struct directory *directory, struct server *server, const json_t *list,
                 muster_request_id request) {
    json_t *refused = json_array();
    struct receipt *receipt = calloc(1, sizeof *receipt);
    struct activity_batch *batch = activity_store_begin(directory, server);
    if (!receipt || !batch || !refused) {
        activity_store_end(batch, NULL, NULL);
        free(receipt);
        json_decref(refused);
        refuse(directory, request, 503, "unavailable", "out of memory");
        return;
    }
    uint32_t accepted = write_items(directory, server, batch, list, refused);
    *receipt = (struct receipt){
        .directory = directory,
        .request = request,
        .body = json_pack("{s:i,s:o}", "accepted", (int)accepted, "refused", refused)};
    memcpy(receipt->server_id, server->id, sizeof receipt->server_id);
    server->receipts++;
    activity_store_end(batch, written, receipt);
}

/* Rows that would be written: a list that is too long alone is refused alone. */
static size_t count_stats(const json_t *list) {
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(list, i, item) {
        json_t *result = json_object_get(item, "result");
        size_t rows = json_array_size(json_object_get(result, "playerStats"));
        if (rows <= STATS_MAX) count += rows;
    }
    return count;
}

void activity_post(struct directory *directory, struct server *server,
                   const struct muster_http_request *request) {
    if (!answer_within(directory, request->id, &server->activity, REQUESTS_PER_MINUTE)) return;
    if (server->receipts >= RECEIPTS_MAX) {
        refuse_limit(directory, request->id, &server->activity, REQUESTS_PER_MINUTE);
        return;
    }
    json_t *body = answer_body(directory, request);
    if (!body) return;
    const json_t *list = json_object_get(body, "activity");
    if (!json_is_array(list) || json_array_size(list) > ITEMS_MAX)
        refuse(directory, request->id, 400, "invalid_params",
               "activity: expected a list of at most 64");
    else if (json_array_size(list) > 1 && count_stats(list) > STATS_MAX)
        refuse(directory, request->id, 413, "body_too_long",
               "playerStats: expected at most 512 rows in all; send fewer results at once");
    else
        take(directory, server, list, request->id);
    json_decref(body);
}
