/* connections - what becomes of players whose connection is lost, and who come back. */
#include "connections.h"

#include <string.h>

/* In the lobby; the token to come back with, to be freed. */
static json_t *enter(struct play *play, muster_player_id player, muster_lobby_id lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    CHECK(play, play->host->lobby->get(play->self, lobby, &info) == MUSTER_OK);
    json_t *joined =
        play_do(play, player, "lobby.join", json_pack("{s:s}", "lobbyId", info.lobby_key));
    json_t *ticket = json_object_get(joined, "seatTicket");
    json_t *entry = play_do(play, player, "lobby.enter", json_pack("{s:O*}", "seatTicket", ticket));
    json_t *token = json_incref(json_object_get(entry, "resumeToken"));
    json_decref(entry);
    json_decref(joined);
    return token;
}

static bool is_connected(struct play *play, muster_player_id player) {
    struct muster_player_info info = {.size = sizeof info};
    return play->host->player->get(play->self, player, &info) == MUSTER_OK && info.connected;
}

static void come_back(struct play *play, muster_player_id bob, json_t *token) {
    const struct muster_host_engine *engine = play->engine;
    CHECK(play, engine->connection_set(play->self, bob, 1) == MUSTER_STATE);
    CHECK(play, engine->connection_set(play->self, bob, 0) == MUSTER_OK);
    CHECK(play, engine->connection_set(play->self, bob, 0) == MUSTER_STATE);
    CHECK(play, !is_connected(play, bob));
    CHECK(play, strcmp(play_refusal(play, bob, "session.get", NULL), "unauthenticated") == 0);
    CHECK(play, engine->connection_set(play->self, bob, 1) == MUSTER_OK && is_connected(play, bob));
    json_t *entry = play_do(play, bob, "lobby.resume", json_pack("{s:O*}", "resumeToken", token));
    CHECK(play, json_integer_value(json_object_get(entry, "seat")) == 1);
    json_decref(entry);
}

void connections(struct play *play) {
    const struct muster_host_engine *engine = play->engine;
    muster_player_id ann = play_player(play, "Ann"), bob = play_player(play, "Bob");
    muster_player_id cleo = play_player(play, "Cleo"), dan = play_player(play, "Dan");
    muster_lobby_id lobby = play_lobby(play, ann, json_pack("{s:i}", "botFill", 0));
    struct muster_lobby_info info = {.size = sizeof info};
    json_t *token = enter(play, bob, lobby);
    come_back(play, bob, token);
    json_decref(token);

    json_decref(enter(play, dan, lobby));
    CHECK(play, engine->connection_set(play->self, dan, 0) == MUSTER_OK);
    engine->player_remove(play->self, dan);
    CHECK(play, play->host->lobby->get(play->self, lobby, &info) == MUSTER_OK);
    CHECK(play, info.players_current == 2); /* its seat is free at once */

    CHECK(play, engine->connection_set(play->self, cleo, 0) == MUSTER_OK); /* has no seat */
    CHECK(play, engine->connection_set(play->self, cleo, 1) == MUSTER_NOT_FOUND);

    CHECK(play, engine->connection_set(play->self, bob, 0) == MUSTER_OK);
    play_advance(play, 61000); /* lobby.reconnectMs */
    CHECK(play, engine->connection_set(play->self, bob, 1) == MUSTER_NOT_FOUND);
}
