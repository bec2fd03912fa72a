#include "methods.h"

#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "config.h"
#include "console.h"
#include "lobby.h"
#include "loop.h"
#include "methods_internal.h"
#include "paths.h"
#include "queue.h"
#include "status.h"

#define NAME_PARAM(name_text, needed)                                                              \
    { name_text, PARAM_STRING, needed, 0, MUSTER_NAME_MAX - 1 }
#define LOBBY_PARAM                                                                                \
    { "lobbyId", PARAM_STRING, true, 1, 63 }

/* ---- server ---------------------------------------------------------------------------------- */

/* Before signing in without the settings schemas, which are long. */
static int32_t server_info(struct call *call) {
    uint32_t len = 0;
    const char *text = methods_info(call->session == NULL, &len);
    call->text = text ? strdup(text) : NULL;
    return call->text ? RPC_OK : failure_set(&call->failure, RPC_INTERNAL, "out of memory");
}

/* ---- session --------------------------------------------------------------------------------- */

static const struct param authenticate_params[] = {{"token", PARAM_STRING, true, 1, 4096},
                                                   {"compress", PARAM_BOOL, false, 0, 0},
                                                   {"resumeToken", PARAM_STRING, false, 1, 128},
                                                   END_PARAM};

static int32_t session_get(struct call *call) {
    call->result = lobby_session_json(call->session);
    return RPC_OK;
}

/* The mission's createPlayerSession, getActiveSession, terminateSession. */
static const struct param player_params[] = {
    {"playerId", PARAM_STRING, true, 1, MUSTER_PLAYER_KEY_MAX - 1}, END_PARAM};

static int32_t session_create_method(struct call *call) {
    struct session *session;
    const char *player_key = param_string(call, "playerId", "");
    muster_status status = session_create(player_key, player_key, &session);
    if (status == MUSTER_INVALID)
        return failure_set(&call->failure, RPC_INVALID_PARAMS, "playerId: expected a line of text");
    if (status) return failure_set(&call->failure, RPC_SERVER_FULL, "the server is full");
    call->result = lobby_session_json(session);
    return RPC_OK;
}

static int32_t session_find_method(struct call *call) {
    const struct session *session = session_find_key(param_string(call, "playerId", ""));
    call->result =
        json_pack("{s:o}", "session", session ? lobby_session_json(session) : json_null());
    return RPC_OK;
}

static const struct param terminate_params[] = {
    {"sessionId", PARAM_STRING, true, 1, 63},
    {"reason", PARAM_STRING, false, 0, 120},
    END_PARAM,
};

static int32_t session_terminate_method(struct call *call) {
    struct session *session = session_find_session_key(param_string(call, "sessionId", ""));
    if (!session) return failure_set(&call->failure, RPC_NOT_FOUND, "no such session");
    session_terminate(session, param_string(call, "reason", "terminated by an admin"),
                      MUSTER_LEAVE_KICK);
    return RPC_OK;
}

static const struct param ping_params[] = {{"clientTime", PARAM_ANY, false, 0, 0}, END_PARAM};

static int32_t session_ping(struct call *call) {
    json_t *client_time = json_object_get(call->params, "clientTime");
    bool echoed = json_is_number(client_time);
    call->result = json_pack("{s:I,s:O}", "serverTimeMs", (json_int_t)loop_unix_ms(), "clientTime",
                             echoed ? client_time : json_null());
    return RPC_OK;
}

static const struct param latency_params[] = {{"rttMs", PARAM_INT, true, 0, 10000}, END_PARAM};

static int32_t session_latency(struct call *call) {
    call->session->rtt_ms = (uint32_t)param_int(call, "rttMs", 0);
    return RPC_OK;
}

/* ---- lobby ----------------------------------------------------------------------------------- */

static const struct param list_params[] = {
    NAME_PARAM("gameMode", false),
    NAME_PARAM("region", false),
    NAME_PARAM("state", false),
    NAME_PARAM("mapName", false),
    {"hasOpenSlots", PARAM_BOOL, false, 0, 0},
    {"limit", PARAM_INT, false, 1, 100},
    {"cursor", PARAM_STRING, false, 1, 24},
    END_PARAM,
};

static bool is_state(const char *text) {
    for (uint32_t state = MUSTER_LOBBY_WAITING; state <= MUSTER_LOBBY_COMPLETED; state++)
        if (strcmp(lobby_state_text(state), text) == 0) return true;
    return false;
}

/* A lobby's id in hexadecimal, as nextCursor has it. */
static bool read_cursor(const char *text, muster_lobby_id *id) {
    size_t len = strlen(text);
    if (len > 16 || strspn(text, "0123456789abcdef") != len) return false;
    id->value = strtoull(text, NULL, 16);
    return id->value != 0;
}

int32_t methods_lobby_list(struct call *call) {
    const char *state = param_string(call, "state", "");
    const char *from = param_string(call, "cursor", NULL);
    muster_lobby_id id = {0};
    if (state[0] && !is_state(state))
        return failure_set(&call->failure, RPC_INVALID_PARAMS, "state: unknown state \"%s\"",
                           state);
    if (from && !read_cursor(from, &id))
        return failure_set(&call->failure, RPC_INVALID_PARAMS,
                           "cursor: expected the nextCursor of a page, found \"%s\"", from);
    const struct lobby_filter filter = {
        .game_mode = param_string(call, "gameMode", ""),
        .region = param_string(call, "region", ""),
        .state = state,
        .map_name = param_string(call, "mapName", ""),
        .by_open_slots = json_object_get(call->params, "hasOpenSlots") != NULL,
        .has_open_slots = param_bool(call, "hasOpenSlots", false),
        .limit = (uint32_t)param_int(call, "limit", 50),
        .after = id,
    };
    uint32_t len = 0;
    call->text = lobby_list(&filter, &len);
    return call->text ? RPC_OK : failure_set(&call->failure, RPC_INTERNAL, "out of memory");
}

static const struct param lobby_params[] = {LOBBY_PARAM, END_PARAM};

static struct lobby *need_lobby(struct call *call) {
    struct lobby *lobby = lobby_find_key(param_string(call, "lobbyId", ""));
    if (!lobby) failure_set(&call->failure, RPC_NOT_FOUND, "no such lobby");
    return lobby;
}

static int32_t lobby_get(struct call *call) {
    const struct lobby *lobby = need_lobby(call);
    if (!lobby) return call->failure.code;
    if (!lobby_visible(lobby, call->session))
        return failure_set(&call->failure, RPC_NOT_FOUND, "no such lobby");
    call->result = lobby_info_json(lobby);
    return RPC_OK;
}

int32_t methods_reserve(struct call *call, struct lobby *lobby, uint32_t team, bool spectator,
                        const char *secret) {
    char ticket[TICKET_TEXT_SIZE];
    if (lobby_reserve(lobby, call->session, team, spectator, secret, ticket, &call->failure))
        return call->failure.code;
    queue_cancel(call->session);
    call->result = lobby_reservation_json(lobby, ticket);
    return RPC_OK;
}

static const struct param create_params[] = {NAME_PARAM("gameMode", true),
                                             NAME_PARAM("region", false),
                                             {"settings", PARAM_OBJECT, false, 0, 0},
                                             END_PARAM};

int32_t methods_take(struct call *call, enum party_rate rate, const char *too_many) {
    uint32_t wait_ms = 0;
    if (session_take(call->session, rate, &wait_ms)) return RPC_OK;
    return failure_set_data(&call->failure, RPC_RATE_LIMITED,
                            json_pack("{s:I}", "retryAfterMs", (json_int_t)wait_ms), "%s",
                            too_many);
}

static int32_t lobby_create_method(struct call *call) {
    struct lobby *lobby = NULL;
    struct lobby_wish wish = {.game_mode = param_string(call, "gameMode", ""),
                              .region = param_string(call, "region", ""),
                              .settings = json_object_get(call->params, "settings"),
                              .creator = call->session->id};
    const struct lobby *present = lobby_find(call->session->lobby);
    if (present)
        return failure_set_data(&call->failure, RPC_ALREADY_IN_LOBBY,
                                json_pack("{s:s}", "lobbyId", present->key),
                                "you are in a lobby: leave it first");
    if (lobby_check_load(&call->failure) ||
        methods_take(call, PARTY_CREATE, "too many new lobbies") ||
        lobby_create(&wish, &lobby, &call->failure))
        return call->failure.code;
    if (methods_reserve(call, lobby, MUSTER_TEAM_NONE, false, ""))
        lobby_close(lobby, MUSTER_LEAVE_QUIT, "its creator was not let in");
    return call->failure.code;
}

static const struct param join_params[] = {
    LOBBY_PARAM,
    {"team", PARAM_STRING, false, 1, MUSTER_TEAM_NAME_MAX - 1},
    {"spectator", PARAM_BOOL, false, 0, 0},
    {"secret", PARAM_STRING, false, 0, 128},
    END_PARAM};

int32_t methods_need_team(struct call *call, const struct lobby *lobby, uint32_t *team) {
    const char *text = param_string(call, "team", "");
    *team = MUSTER_TEAM_NONE;
    if (!text[0] || !lobby || registry_team_find(&lobby->teams, text, team)) return RPC_OK;
    return failure_set(&call->failure, RPC_INVALID_PARAMS,
                       "team: the lobby's mode has none that is called \"%.23s\"", text);
}

static int32_t lobby_join(struct call *call) {
    uint32_t team;
    struct lobby *lobby = need_lobby(call);
    if (!lobby || methods_need_team(call, lobby, &team)) return call->failure.code;
    return methods_reserve(call, lobby, team, param_bool(call, "spectator", false),
                           param_string(call, "secret", ""));
}

static const struct param enter_params[] = {{"seatTicket", PARAM_STRING, true, 1, 512}, END_PARAM};

static int32_t lobby_enter_method(struct call *call) {
    return lobby_enter(call->session, param_string(call, "seatTicket", ""), &call->result,
                       &call->failure);
}

static const struct param resume_params[] = {{"resumeToken", PARAM_STRING, true, 1, 128},
                                             END_PARAM};

static int32_t lobby_resume_method(struct call *call) {
    return lobby_resume(call->session, param_string(call, "resumeToken", ""), &call->result,
                        &call->failure);
}

static int32_t lobby_leave_method(struct call *call) {
    queue_cancel(call->session);
    lobby_leave(call->session, MUSTER_LEAVE_QUIT);
    return RPC_OK;
}

static const struct param chat_params[] = {
    {"text", PARAM_STRING, true, 1, 300}, {"channel", PARAM_STRING, false, 3, 4}, END_PARAM};

static int32_t lobby_chat_method(struct call *call) {
    const char *channel = param_string(call, "channel", "all");
    bool team_only = strcmp(channel, "team") == 0;
    if (!team_only && strcmp(channel, "all") != 0)
        return failure_set(&call->failure, RPC_INVALID_PARAMS,
                           "channel: expected \"all\" or \"team\"");
    return lobby_chat(call->session, param_string(call, "text", ""), team_only, &call->failure);
}

/* ---- match ----------------------------------------------------------------------------------- */

static const struct param find_params[] = {NAME_PARAM("gameMode", true),
                                           NAME_PARAM("region", false),
                                           NAME_PARAM("mapName", false), END_PARAM};

static int32_t match_find_method(struct call *call) {
    char ticket[QUEUE_TICKET_TEXT];
    if (methods_take(call, PARTY_FIND, "too many searches")) return call->failure.code;
    if (queue_find(call->session, param_string(call, "gameMode", ""),
                   param_string(call, "region", ""), param_string(call, "mapName", ""), ticket,
                   &call->failure))
        return call->failure.code;
    call->result = json_pack("{s:s}", "ticketId", ticket);
    return RPC_OK;
}

static int32_t match_cancel(struct call *call) {
    queue_cancel(call->session);
    lobby_give_back(call->session);
    return RPC_OK;
}

static int32_t match_resync(struct call *call) {
    lobby_resync(call->session);
    return RPC_OK;
}

static int32_t match_scoreboard(struct call *call) {
    const struct lobby *lobby = lobby_find(call->session->lobby);
    if (!lobby || !lobby->match)
        return failure_set(&call->failure, RPC_WRONG_STATE, "no match is played");
    call->result = lobby_scoreboard_json(lobby);
    return RPC_OK;
}

/* ---- admin ----------------------------------------------------------------------------------- */

static const struct param admin_params[] = {{"command", PARAM_STRING, true, 1, 1000}, END_PARAM};

struct admin_answer {
    conn_id conn;
    muster_player_id player;
    json_t *id;
};

static int32_t code_of(muster_status status) {
    switch (status) {
    case MUSTER_INVALID: return RPC_INVALID_PARAMS;
    case MUSTER_NOT_FOUND: return RPC_NOT_FOUND;
    case MUSTER_DENIED: return RPC_FORBIDDEN;
    case MUSTER_EXISTS:
    case MUSTER_CONFLICT:
    case MUSTER_STATE: return RPC_WRONG_STATE;
    case MUSTER_UNAVAILABLE: return RPC_UNAVAILABLE;
    case MUSTER_FULL: return RPC_SERVER_FULL;
    default: return RPC_INTERNAL;
    }
}

static void on_admin_answer(void *user, muster_status status, const char *answer) {
    struct admin_answer *to = user;
    struct session *session = session_find(to->player);
    if (session && session->client && session->client->conn == to->conn && to->id)
        client_send(session->client,
                    status ? rpc_failure(to->id, code_of(status), answer, NULL)
                           : rpc_result(to->id, json_pack("{s:s}", "output", answer)));
    json_decref(to->id);
    free(to);
}

static int32_t admin_run(struct call *call) {
    struct admin_answer *to = calloc(1, sizeof *to);
    if (!to) return failure_set(&call->failure, RPC_INTERNAL, "out of memory");
    to->conn = call->client->conn;
    to->player = call->session->id;
    to->id = json_incref(call->id);
    console_run_as(call->session, param_string(call, "command", ""), on_admin_answer, to);
    return METHOD_LATER;
}

const struct method methods_table[] = {
    {"server.info", METHOD_OPEN, server_info, NULL},
    {"session.authenticate", METHOD_OPEN | METHOD_ALONE, auth_method, authenticate_params},
    {"session.get", 0, session_get, NULL},
    {"session.create", METHOD_ADMIN, session_create_method, player_params},
    {"session.find", METHOD_ADMIN, session_find_method, player_params},
    {"session.terminate", METHOD_ADMIN, session_terminate_method, terminate_params},
    {"session.ping", METHOD_OPEN, session_ping, ping_params},
    {"session.latency", 0, session_latency, latency_params},
    {"lobby.list", 0, methods_lobby_list, list_params},
    {"lobby.get", 0, lobby_get, lobby_params},
    {"lobby.create", 0, lobby_create_method, create_params},
    {"lobby.join", 0, lobby_join, join_params},
    {"lobby.enter", 0, lobby_enter_method, enter_params},
    {"lobby.resume", 0, lobby_resume_method, resume_params},
    {"lobby.leave", 0, lobby_leave_method, NULL},
    {"lobby.chat", 0, lobby_chat_method, chat_params},
    METHODS_OF_HOSTS{"match.find", 0, match_find_method, find_params},
    {"match.cancel", 0, match_cancel, NULL},
    {"match.resync", 0, match_resync, NULL},
    {"match.scoreboard", 0, match_scoreboard, NULL},
    {"admin.run", METHOD_ALONE, admin_run, admin_params},
    {NULL, 0, NULL, NULL},
};

int32_t methods_check(struct call *call, const char *method) {
    const struct method *m = methods_table;
    while (strcmp(m->name, method) != 0) m++;
    return dispatch_check(call, m->params);
}
