/* Methods of those who are in a lobby, its host among them. */
#include <string.h>

#include "methods_internal.h"

#define PLAYER_PARAM(needed)                                                                       \
    { "playerId", PARAM_STRING, needed, 1, MUSTER_PLAYER_KEY_MAX - 1 }

/* ---- join code ------------------------------------------------------------------------------- */

const struct param methods_code_params[] = {
    {"code", PARAM_STRING, true, 1, 32},
    {"team", PARAM_STRING, false, 1, MUSTER_TEAM_NAME_MAX - 1},
    {"spectator", PARAM_BOOL, false, 0, 0},
    {"secret", PARAM_STRING, false, 0, 128},
    END_PARAM};

/* Right codes count as well: what is counted must not tell them apart. */
static int32_t take_code(struct call *call) {
    return methods_take(call, PARTY_CODE, "too many join codes tried");
}

int32_t methods_join_by_code(struct call *call) {
    uint32_t team;
    if (take_code(call)) return call->failure.code;
    struct lobby *lobby = lobby_find_code(param_string(call, "code", ""));
    if (!lobby) return failure_set(&call->failure, RPC_NOT_FOUND, "no lobby has this code");
    if (methods_need_team(call, lobby, &team)) return call->failure.code;
    return methods_reserve(call, lobby, team, param_bool(call, "spectator", false),
                           param_string(call, "secret", ""));
}

/* ---- members --------------------------------------------------------------------------------- */

const struct param methods_team_params[] = {
    {"team", PARAM_STRING, true, 1, MUSTER_TEAM_NAME_MAX - 1}, PLAYER_PARAM(false), END_PARAM};

int32_t methods_set_team(struct call *call) {
    uint32_t team;
    if (methods_need_team(call, lobby_find(call->session->lobby), &team)) return call->failure.code;
    return lobby_set_team(call->session, param_string(call, "playerId", ""), team, &call->failure);
}

const struct param methods_vote_params[] = {
    {"vote", PARAM_STRING, true, 1, 32}, {"choice", PARAM_BOOL, true, 0, 0}, END_PARAM};

int32_t methods_vote(struct call *call) {
    if (strcmp(param_string(call, "vote", ""), "restart") != 0)
        return failure_set(&call->failure, RPC_INVALID_PARAMS, "vote: expected \"restart\"");
    return lobby_cast_restart(call->session, param_bool(call, "choice", false), &call->failure);
}

const struct param methods_cast_params[] = {{"voteId", PARAM_INT, true, 1, UINT32_MAX},
                                            {"option", PARAM_STRING, true, 1, MUSTER_NAME_MAX - 1},
                                            END_PARAM};

int32_t methods_cast_vote(struct call *call) {
    return lobby_cast(call->session, (uint32_t)param_int(call, "voteId", 0),
                      param_string(call, "option", ""), &call->failure);
}

const struct param methods_ready_params[] = {{"ready", PARAM_BOOL, true, 0, 0}, END_PARAM};

int32_t methods_ready(struct call *call) {
    return lobby_ready(call->session, param_bool(call, "ready", false), &call->failure);
}

/* ---- host ------------------------------------------------------------------------------------ */

int32_t methods_start(struct call *call) {
    return lobby_start(call->session, &call->failure);
}

const struct param methods_lock_params[] = {{"locked", PARAM_BOOL, true, 0, 0}, END_PARAM};

int32_t methods_lock(struct call *call) {
    return lobby_lock(call->session, param_bool(call, "locked", false), &call->failure);
}

const struct param methods_kick_params[] = {
    PLAYER_PARAM(true), {"reason", PARAM_STRING, false, 0, 120}, END_PARAM};

int32_t methods_kick(struct call *call) {
    return lobby_kick_player(call->session, param_string(call, "playerId", ""),
                             param_string(call, "reason", ""), &call->failure);
}

const struct param methods_player_params[] = {PLAYER_PARAM(true), END_PARAM};

int32_t methods_transfer_host(struct call *call) {
    return lobby_transfer_host(call->session, param_string(call, "playerId", ""), &call->failure);
}

const struct param methods_settings_params[] = {{"settings", PARAM_OBJECT, true, 0, 0}, END_PARAM};

int32_t methods_update_settings(struct call *call) {
    if (lobby_update_settings(call->session, json_object_get(call->params, "settings"),
                              &call->failure))
        return call->failure.code;
    const struct lobby *lobby = lobby_find(call->session->lobby);
    call->result = json_pack("{s:o}", "lobby", lobby ? lobby_info_json(lobby) : json_null());
    return RPC_OK;
}
