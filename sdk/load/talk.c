/* talk - see talk.h. */
#include "talk.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define TEXT_MAX 65536u
/* Of a text that comes while playing only the beginning is read: what a browser does elsewhere is
 * not to be paid for here. */
#define HEAD_MAX 256u
/* As sdk/js has them (policy.js). */
#define PATIENCE_MS 3000u
#define PATIENT_TRIES 3u
#define PATIENT_MORE_MS 50u

#define REQUEST(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\""
#define NOTIFICATION(method) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\""
#define AUTHENTICATE 1
#define FIND 2
#define ENTER 3

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- requests -------------------------------------------------------------------------------- */

void talk_authenticate(struct player *player) {
    char text[8192], seat[PLAYER_TOKEN_MAX + 20] = "";
    player->phase = PLAYER_AUTHENTICATING;
    player->due_us = PLAYER_NEVER;
    if (player->resume[0]) snprintf(seat, sizeof seat, ",\"resumeToken\":\"%s\"", player->resume);
    snprintf(text, sizeof text,
             REQUEST(1, "session.authenticate") ",\"params\":{\"token\":\"%s\",\"compress\":%s%s}}",
             player->token, player->world->stays ? "true" : "false", seat);
    player_send_text(player, text);
}

void talk_find(struct player *player) {
    char text[256];
    player->phase = PLAYER_FINDING;
    player->in_match = false;
    player->resume[0] = '\0';
    player->due_us = PLAYER_NEVER;
    if (!player->searching_us) player->searching_us = player->world->now_us;
    snprintf(text, sizeof text, REQUEST(2, "match.find") ",\"params\":{\"gameMode\":\"%s\"}}",
             player->world->game_mode);
    player_send_text(player, text);
}

static void enter(struct player *player, const char *ticket) {
    char text[1024];
    player->phase = PLAYER_ENTERING;
    snprintf(text, sizeof text, REQUEST(3, "lobby.enter") ",\"params\":{\"seatTicket\":\"%s\"}}",
             ticket);
    player_send_text(player, text);
}

void talk_leave(struct player *player) {
    player->phase = PLAYER_LEAVING;
    player->due_us = PLAYER_NEVER;
    player_send_text(player, REQUEST(4, "lobby.leave") "}");
}

/* For another match in the same lobby. The answer is of no interest: what follows tells. */
static void vote(struct player *player) {
    player_send_text(
        player, REQUEST(5, "lobby.vote") ",\"params\":{\"vote\":\"restart\",\"choice\":true}}");
}

/* ---- answers --------------------------------------------------------------------------------- */

static void on_online(struct player *player) {
    player->world->connections_made++;
    player->online_us = player->world->now_us;
    player->asked = 0;
}

static void take_seat(struct player *player, uint32_t seat, const char *token) {
    if (player->resume[0]) {
        player->resumed++;
        player->world->returned++;
        player->refused += seat != player->seat;
    }
    snprintf(player->resume, sizeof player->resume, "%s", token ? token : "");
    player->seat = seat;
    player->phase = PLAYER_SEATED;
}

/* Where the server says that it takes it in a moment. */
static bool ask_again(struct player *player, const char *text) {
    unsigned after_ms = 0;
    const char *at = strstr(text, "\"retryAfterMs\":");
    if (!player->world->stays || player->phase == PLAYER_ENTERING) return false;
    if (!at || sscanf(at, "\"retryAfterMs\":%u", &after_ms) != 1) return false;
    if (after_ms > PATIENCE_MS || player->asked == PATIENT_TRIES) return false;
    after_ms += PATIENT_MORE_MS << player->asked++;
    player->due_us = player->world->now_us + (uint64_t)after_ms * 1000;
    return true;
}

/* In the words of the answer. */
static void on_refused(struct player *player, const char *text) {
    if (ask_again(player, text)) return;
    if (player->resume[0]) player->refused++;
    json_t *answer = json_loads(text, 0, NULL);
    const char *message = NULL, *code = NULL;
    if (json_unpack(answer, "{s:{s:s,s:{s:s}}}", "error", "message", &message, "data", "code",
                    &code) == 0)
        player_fail(player, "%s (%s)", message, code);
    else
        player_fail(player, "refused: %s", text);
    json_decref(answer);
}

static void on_no_seat(struct player *player) {
    player->refused++;
    player->world->seats_lost++;
    talk_find(player);
}

/* Without reading all of it, as above. */
static void on_back(struct player *player, const char *text) {
    char token[PLAYER_TOKEN_MAX];
    unsigned seat;
    if (!begins(text, "{\"jsonrpc\":\"2.0\",\"result\"")) return;
    on_online(player);
    const char *entry = strstr(text, "\"entry\":{");
    const char *at = entry ? strstr(entry, "\"seat\":") : NULL;
    const char *newer = entry ? strstr(entry, "\"resumeToken\":") : NULL;
    if (at && newer && sscanf(at, "\"seat\":%u", &seat) == 1 &&
        sscanf(newer, "\"resumeToken\":\"%127[^\"]", token) == 1)
        take_seat(player, seat, token);
    else
        on_no_seat(player);
}

static void on_found(struct player *player, const json_t *params) {
    const char *ticket = json_string_value(json_object_get(params, "seatTicket"));
    if (!ticket || player->phase != PLAYER_FINDING) return;
    histogram_add(&player->world->waits, player->world->now_us - player->searching_us);
    player->searching_us = 0;
    player->asked = 0;
    enter(player, ticket);
}

static void on_answer(struct player *player, const json_t *message) {
    int64_t id = json_integer_value(json_object_get(message, "id"));
    const json_t *result = json_object_get(message, "result");
    if (id == AUTHENTICATE && player->phase == PLAYER_AUTHENTICATING) {
        on_online(player);
        if (player->world->only_logs_in)
            player_hang_up(player);
        else
            talk_find(player);
    } else if (id == ENTER && player->phase == PLAYER_ENTERING) {
        take_seat(player, (uint32_t)json_integer_value(json_object_get(result, "seat")),
                  json_string_value(json_object_get(result, "resumeToken")));
    }
}

static void on_message(struct player *player, const char *text, uint32_t len) {
    json_t *message = json_loadb(text, len, 0, NULL);
    const char *method = json_string_value(json_object_get(message, "method"));
    if (method && strcmp(method, "match.found") == 0)
        on_found(player, json_object_get(message, "params"));
    else if (!method)
        on_answer(player, message);
    json_decref(message);
}

/* ---- what it is told ------------------------------------------------------------------------- */

static void on_match_ended(struct player *player, const char *text) {
    match_set_add(&player->world->ended, text);
    player->in_match = false;
    player->due_us = PLAYER_NEVER;
    if (player->phase == PLAYER_SEATED) vote(player);
}

static void on_seat_gone(struct player *player) {
    if (player->phase == PLAYER_SEATED || player->phase == PLAYER_ENTERING) talk_find(player);
}

/* Of the match and the seat. While seated the text is the beginning of what came. */
static void on_told(struct player *player, const char *text) {
    if (begins(text, NOTIFICATION("match.started")))
        match_set_add(&player->world->started, text);
    else if (begins(text, NOTIFICATION("match.ended")))
        on_match_ended(player, text);
    else if (begins(text, NOTIFICATION("lobby.left")))
        on_seat_gone(player);
}

static void on_text(struct player *player, const char *text, uint32_t len) {
    bool is_error = begins(text, "{\"jsonrpc\":\"2.0\",\"error\"");
    bool is_notification = begins(text, "{\"jsonrpc\":\"2.0\",\"method\"");
    bool was_seated = player->phase == PLAYER_SEATED;
    if (is_notification && player->world->stays) on_told(player, text);
    if (was_seated) return;
    if (player->phase == PLAYER_LEAVING) {
        if (!is_notification) player_hang_up(player);
    } else if (is_error) {
        on_refused(player, text);
    } else if (player->resume[0]) {
        on_back(player, text);
    } else {
        on_message(player, text, len);
    }
}

static uint32_t room_for(const struct player *player) {
    return player->phase == PLAYER_SEATED ? HEAD_MAX : TEXT_MAX;
}

static char text_room[TEXT_MAX + 1];

void talk_on_text(struct player *player, const uint8_t *payload, uint32_t len) {
    uint32_t room = room_for(player);
    if (len > room) len = room;
    memcpy(text_room, payload, len);
    text_room[len] = '\0';
    on_text(player, text_room, len);
}

/* One stream for all of them: nothing is allocated for a text. */
void talk_on_packed(struct player *player, const uint8_t *payload, uint32_t len) {
    static z_stream z;
    if (!player->world->stays) return;
    if (!z.state && inflateInit2(&z, -15) != Z_OK) return;
    inflateReset(&z);
    z.next_in = (uint8_t *)payload + 2;
    z.avail_in = len - 2;
    z.next_out = (uint8_t *)text_room;
    z.avail_out = room_for(player);
    int code = inflate(&z, Z_SYNC_FLUSH);
    if (code == Z_STREAM_END || (code == Z_OK && player->phase == PLAYER_SEATED)) {
        text_room[z.total_out] = '\0';
        on_text(player, text_room, (uint32_t)z.total_out);
    } else {
        player_fail(player, "a text that cannot be inflated");
    }
}
