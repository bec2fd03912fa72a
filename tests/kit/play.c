#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_BYTES (1u << 20)
#define STEP_MS 50

bool play_check(struct play *play, bool ok, const char *format, ...) {
    char line[512];
    va_list args;
    if (ok) return true;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > (int)sizeof line - 1) len = sizeof line - 1;
    play->failed++;
    muster_put_bytes(play->out, line, (uint32_t)len);
    muster_put_bytes(play->out, "\n", 1);
    return false;
}

muster_player_id play_player(struct play *play, const char *name) {
    muster_player_id player = {0};
    CHECK(play, play->engine->player_add(play->self, name, &player) == MUSTER_OK);
    return player;
}

json_t *play_ask(struct play *play, muster_player_id player, const char *method, json_t *params) {
    static char bytes[ANSWER_BYTES];
    struct muster_writer answer = muster_writer_make(bytes, sizeof bytes);
    char *text = params ? json_dumps(params, JSON_COMPACT) : NULL;
    json_decref(params);
    muster_status status = play->engine->request(play->self, player, method, text, &answer);
    free(text);
    play_check(play, status == MUSTER_OK, "%s: status %d", method, status);
    return status ? NULL : json_loadb(bytes, answer.len, 0, NULL);
}

json_t *play_do(struct play *play, muster_player_id player, const char *method, json_t *params) {
    json_t *answer = play_ask(play, player, method, params);
    json_t *result = json_incref(json_object_get(answer, "result"));
    json_t *error = json_object_get(answer, "error");
    play_check(play, result != NULL, "%s was refused: %s", method,
               json_string_value(json_object_get(error, "message")));
    json_decref(answer);
    return result;
}

const char *play_refusal(struct play *play, muster_player_id player, const char *method,
                         json_t *params) {
    static char word[64];
    json_t *answer = play_ask(play, player, method, params);
    json_t *data = json_object_get(json_object_get(answer, "error"), "data");
    const char *code = json_string_value(json_object_get(data, "code"));
    snprintf(word, sizeof word, "%s", code ? code : "");
    json_decref(answer);
    return word;
}

/* Takes the seat that a ticket of `reservation` (taken) is for. */
static void enter(struct play *play, muster_player_id player, json_t *reservation) {
    json_t *ticket = json_object_get(reservation, "seatTicket");
    json_decref(play_do(play, player, "lobby.enter", json_pack("{s:O*}", "seatTicket", ticket)));
    json_decref(reservation);
}

static muster_lobby_id lobby_of(struct play *play, muster_player_id player) {
    struct muster_player_info info = {.size = sizeof info};
    CHECK(play, play->host->player->get(play->self, player, &info) == MUSTER_OK);
    return info.lobby;
}

muster_lobby_id play_lobby_of(struct play *play, muster_player_id player, const char *game_mode,
                              json_t *settings) {
    enter(play, player,
          play_do(play, player, "lobby.create",
                  json_pack("{s:s,s:o}", "gameMode", game_mode, "settings", settings)));
    return lobby_of(play, player);
}

muster_lobby_id play_lobby(struct play *play, muster_player_id player, json_t *settings) {
    return play_lobby_of(play, player, "arena", settings);
}

void play_join(struct play *play, muster_player_id player, muster_lobby_id lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    CHECK(play, play->host->lobby->get(play->self, lobby, &info) == MUSTER_OK);
    enter(play, player,
          play_do(play, player, "lobby.join", json_pack("{s:s}", "lobbyId", info.lobby_key)));
}

void play_advance(struct play *play, uint32_t ms) {
    CHECK(play, play->engine->advance(play->self, ms) == MUSTER_OK);
}

json_t *play_hear(struct play *play, muster_player_id player, const char *method) {
    static char bytes[ANSWER_BYTES];
    for (;;) {
        struct muster_writer out = muster_writer_make(bytes, sizeof bytes);
        if (play->engine->notification(play->self, player, &out)) return NULL;
        json_t *heard = json_loadb(bytes, out.len, 0, NULL);
        const char *is = json_string_value(json_object_get(heard, "method"));
        json_t *params = json_incref(json_object_get(heard, "params"));
        bool wanted = is && strcmp(is, method) == 0;
        json_decref(heard);
        if (wanted) return params;
        json_decref(params);
    }
}

json_t *play_await(struct play *play, muster_player_id player, const char *method,
                   uint32_t limit_ms) {
    json_t *params = play_hear(play, player, method);
    for (uint32_t ms = 0; !params && ms < limit_ms; ms += STEP_MS) {
        play_advance(play, STEP_MS);
        params = play_hear(play, player, method);
    }
    play_check(play, params != NULL, "%s was not heard within %u ms", method, limit_ms);
    return params;
}

muster_match_id play_match(struct play *play, muster_lobby_id lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    (void)play->host->lobby->get(play->self, lobby, &info);
    return info.match;
}

uint64_t play_hash(struct play *play, muster_lobby_id lobby) {
    uint64_t hash = 0;
    CHECK(play, play->engine->hash(play->self, lobby, &hash) == MUSTER_OK);
    return hash;
}
