/* The engine's players: a session whose client has no connection. What would be sent to it waits
 * here, and its requests go through the gate like everybody's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "auth.h"
#include "config.h"
#include "dispatch.h"
#include "engine_internal.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "queue.h"

#define TEXTS_MAX 4096
#define TEXT_BYTES_MAX (4u << 20)
#define LIFE_S (INT64_C(10) * 365 * 86400)

/* A notification that has not been taken. */
struct text {
    struct text *prev;
    struct text *next;
    uint32_t len;
    char bytes[];
};

struct player {
    struct client client; /* first: what the sink is given */
    UT_hash_handle hh;    /* by id */
    muster_player_id id;
    uint32_t number;
    struct text *texts; /* oldest first */
    uint32_t text_count;
    uint32_t text_bytes;
    uint64_t dropped;
    json_int_t asked; /* id of the request that waits for its answer, 0: none does */
    json_t *answer;
    char seen[40]; /* key of the match that seen_events counts in */
    uint64_t seen_events;
};

static struct player *players;
static json_int_t requests;

static struct player *find(muster_player_id id) {
    struct player *player = NULL;
    HASH_FIND(hh, players, &id, sizeof id, player);
    return player;
}

/* ---- what is sent to it ---------------------------------------------------------------------- */

static void drop_oldest(struct player *player) {
    struct text *oldest = player->texts;
    DL_DELETE(player->texts, oldest);
    player->text_count--;
    player->text_bytes -= oldest->len;
    free(oldest);
}

static void keep(struct player *player, const char *bytes, uint32_t len) {
    struct text *text = malloc(sizeof *text + len);
    if (!text) return;
    text->len = len;
    memcpy(text->bytes, bytes, len);
    DL_APPEND(player->texts, text);
    player->text_count++;
    player->text_bytes += len;
    for (; player->text_count > TEXTS_MAX || player->text_bytes > TEXT_BYTES_MAX; player->dropped++)
        drop_oldest(player);
}

/* True: the text is the answer that is waited for. */
static bool take_answer(struct player *player, const char *text, uint32_t len) {
    if (!player->asked) return false;
    json_t *message = json_loadb(text, len, 0, NULL);
    bool is_answer = json_integer_value(json_object_get(message, "id")) == player->asked;
    if (is_answer) {
        player->asked = 0;
        player->answer = message;
    } else {
        json_decref(message);
    }
    return is_answer;
}

static void on_text(struct client *client, const char *text, uint32_t len) {
    struct player *player = (struct player *)client;
    if (!take_answer(player, text, len)) keep(player, text, len);
}

static void on_closed(struct client *client, uint16_t code, const char *reason) {
    const struct player *player = (const struct player *)client;
    log_debug("engine", "player %u is closed with %u: %s", player->number, code, reason);
}

static const struct client_sink sink = {on_text, on_closed};

/* ---- life ------------------------------------------------------------------------------------ */

/* The lowest free one, so that the same commands make the same players. */
static uint32_t free_number(void) {
    uint32_t number = 0;
    for (bool is_taken = true; is_taken;) {
        is_taken = false;
        number++;
        for (const struct player *p = players; p; p = p->hh.next)
            is_taken = is_taken || p->number == number;
    }
    return number;
}

static bool fill_identity(uint32_t number, const char *display_name,
                          struct muster_identity *identity) {
    *identity = (struct muster_identity){.size = sizeof *identity,
                                         .expires_at_s = loop_unix_ms() / 1000 + LIFE_S};
    if (!display_name[0] || strlen(display_name) >= sizeof identity->display_name) return false;
    snprintf(identity->player_key, sizeof identity->player_key, "engine:%u", number);
    snprintf(identity->display_name, sizeof identity->display_name, "%s", display_name);
    snprintf(identity->region, sizeof identity->region, "%s", config_core->server.region);
    json_t *name = json_string(display_name); /* null: no UTF-8 */
    json_decref(name);
    return name != NULL;
}

muster_status engine_player_add(const char *display_name, muster_player_id *out) {
    struct muster_identity identity;
    struct session *session;
    uint32_t number = free_number();
    if (!fill_identity(number, display_name, &identity)) return MUSTER_INVALID;
    struct player *player = calloc(1, sizeof *player);
    if (!player) return MUSTER_NO_MEMORY;
    player->number = number;
    player->client = (struct client){.sink = &sink, .address = "127.0.0.1"};
    muster_status status = session_attach(&player->client, &identity, &session);
    if (status) {
        free(player);
        return status;
    }
    party_lift(session->party);
    player->id = session->id;
    HASH_ADD(hh, players, id, sizeof player->id, player);
    *out = session->id;
    return MUSTER_OK;
}

void engine_client_leave(struct client *client) {
    struct session *session = client->session;
    auth_cancel(client);
    client->closing = true;
    if (!session) return;
    queue_cancel(session);
    lobby_leave(session, MUSTER_LEAVE_QUIT);
    session_detach(client);
}

static void lose_connection(struct client *client) {
    auth_cancel(client);
    session_detach(client);
}

/* As who signs in again: the session is found by its player. */
static muster_status connect_again(struct player *player, struct session *session) {
    struct muster_identity identity;
    if (!fill_identity(player->number, session->display_name, &identity)) return MUSTER_INTERNAL;
    player->client.closing = false;
    return session_attach(&player->client, &identity, &session);
}

muster_status engine_player_connection_set(muster_player_id id, bool connected) {
    struct player *player = find(id);
    struct session *session = player ? session_find(id) : NULL;
    if (!session) return MUSTER_NOT_FOUND;
    if (connected == (session->client != NULL)) return MUSTER_STATE;
    if (connected) return connect_again(player, session);
    lose_connection(&player->client);
    return MUSTER_OK;
}

static void remove_player(struct player *player) {
    struct session *session = session_find(player->id);
    if (session && !session->client) lobby_leave(session, MUSTER_LEAVE_QUIT); /* which ends it */
    engine_client_leave(&player->client);
    if (player->dropped)
        log_debug("engine", "player %u took too few notifications: %llu were dropped",
                  player->number, (unsigned long long)player->dropped);
    while (player->texts) drop_oldest(player);
    json_decref(player->answer);
    HASH_DEL(players, player);
    free(player);
}

muster_status engine_player_remove(muster_player_id id) {
    struct player *player = find(id);
    if (!player) return MUSTER_NOT_FOUND;
    remove_player(player);
    return MUSTER_OK;
}

void engine_player_remove_all(void) {
    while (players) remove_player(players);
}

/* ---- requests and notifications -------------------------------------------------------------- */

/* All or nothing. */
static muster_status put_json(struct muster_writer *out, json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    if (!text) return MUSTER_NO_MEMORY;
    muster_put_bytes(out, text, (uint32_t)strlen(text));
    free(text);
    return out->overflow ? MUSTER_LIMIT : MUSTER_OK;
}

/* *text: to be freed. */
static muster_status request_text(json_int_t id, const char *method, const char *params_json,
                                  char **text) {
    bool has_params = params_json && params_json[0];
    json_t *params = has_params ? json_loads(params_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (has_params && !params) return MUSTER_INVALID;
    json_t *request = json_pack("{s:s,s:I,s:s,s:o*}", "jsonrpc", "2.0", "id", id, "method", method,
                                "params", params);
    *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (!*text) return MUSTER_INVALID;
    if (strlen(*text) <= config_core->net.message_max_bytes) return MUSTER_OK;
    free(*text);
    return MUSTER_LIMIT;
}

/* Or never will be. */
static bool is_answered(void *user) {
    const struct player *player = user;
    return player->asked == 0 || player->client.closing;
}

static muster_status put_answer(struct player *player, struct muster_writer *answer) {
    json_t *message = player->answer;
    player->answer = NULL;
    json_object_del(message, "jsonrpc");
    json_object_del(message, "id");
    muster_status status = put_json(answer, message);
    json_decref(message);
    return status;
}

muster_status engine_player_request(muster_player_id id, const char *method,
                                    const char *params_json, struct muster_writer *answer) {
    struct player *player = find(id);
    char *text;
    if (!player) return MUSTER_NOT_FOUND;
    if (player->client.closing) return MUSTER_CLOSED;
    muster_status status = request_text(requests + 1, method, params_json, &text);
    if (status) return status;
    player->asked = ++requests;
    dispatch_text(&player->client, text, (uint32_t)strlen(text));
    free(text);
    (void)loop_run_until(is_answered, player, ENGINE_WAIT_MS);
    player->asked = 0;
    if (player->answer) return put_answer(player, answer);
    return player->client.closing ? MUSTER_CLOSED : MUSTER_TIMEOUT;
}

/* The oldest one as a message of its own; null: there is none. An answer that nobody waited for any
 * longer is no notification. */
static json_t *oldest(struct player *player) {
    while (player->texts) {
        json_t *message = json_loadb(player->texts->bytes, player->texts->len, 0, NULL);
        if (json_object_get(message, "method")) return message;
        json_decref(message);
        drop_oldest(player);
    }
    return NULL;
}

muster_status engine_player_notification(muster_player_id id, struct muster_writer *out) {
    struct player *player = find(id);
    json_t *message = player ? oldest(player) : NULL;
    if (!message) return MUSTER_NOT_FOUND;
    json_object_del(message, "jsonrpc");
    muster_status status = put_json(out, message);
    json_decref(message);
    if (!status) drop_oldest(player);
    return status;
}

/* ---- play ------------------------------------------------------------------------------------ */

/* The lobby of a player who is in a match that has begun. */
static muster_status find_play(const struct player *player, struct session **session,
                               struct lobby **lobby) {
    *session = player ? session_find(player->id) : NULL;
    if (!*session) return MUSTER_NOT_FOUND;
    *lobby = lobby_find((*session)->lobby);
    return *lobby && (*lobby)->match ? MUSTER_OK : MUSTER_STATE;
}

static bool is_well_formed(const struct muster_input *input) {
    return input->move_x >= -127 && input->move_y >= -127 &&
           input->sample_count <= MUSTER_INPUT_SAMPLES_MAX;
}

muster_status engine_player_input(muster_player_id id, const struct muster_input *input) {
    struct session *session;
    struct lobby *lobby;
    muster_status status = find_play(find(id), &session, &lobby);
    if (status) return status;
    if (!is_well_formed(input)) return MUSTER_INVALID;
    if (lobby->match->ended || lobby_member_is_spectator(lobby, session->member))
        return MUSTER_STATE;
    struct muster_input copy = *input;
    copy.repeated = 0;
    if (session->client) lobby_input(session->client, &copy);
    return MUSTER_OK;
}

muster_status engine_player_message(muster_player_id id, const void *data, uint32_t len) {
    struct session *session;
    struct lobby *lobby;
    muster_status status = find_play(find(id), &session, &lobby);
    return status ? status : lobby_message(session, data, len);
}

muster_status engine_player_snapshot(muster_player_id id, struct muster_writer *out) {
    struct session *session;
    struct lobby *lobby;
    struct player *player = find(id);
    muster_status status = find_play(player, &session, &lobby);
    if (status) return status;
    if (lobby->match->tick == 0 || lobby->members[session->member].state != MEMBER_ENTERED)
        return MUSTER_STATE;
    if (strcmp(player->seen, lobby->match->key) != 0) player->seen_events = 0;
    memcpy(player->seen, lobby->match->key, sizeof player->seen);
    uint32_t len = 0;
    const uint8_t *frame = lobby_frame(lobby, session->member, &player->seen_events, &len);
    muster_put_bytes(out, frame, len);
    return out->overflow ? MUSTER_LIMIT : MUSTER_OK;
}
