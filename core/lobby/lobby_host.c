/* What a lobby's host does: kick, hand over, lock, start. Who may is the rules' answer. */
#include "loop.h"
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lobby_internal.h"
#include "log.h"
#include "status.h"

/* ---- who ------------------------------------------------------------------------------------- */

static int32_t need_other(const struct lobby *lobby, const char *player_key, uint32_t *index,
                          struct failure *failure) {
    *index = lobby_find_member_key(lobby, player_key);
    if (*index == UINT32_MAX)
        return failure_set(failure, RPC_NOT_FOUND, "that player is not in this lobby");
    return RPC_OK;
}

static struct muster_action action_on(const struct lobby *lobby, const struct session *session,
                                      uint32_t kind, uint32_t index) {
    struct muster_action action = lobby_action(lobby, session, kind);
    action.target_seat = lobby_seat(lobby, index);
    action.target = lobby->members[index].player;
    return action;
}

/* ---- host ------------------------------------------------------------------------------------ */

void lobby_host_set(struct lobby *lobby, uint32_t index) {
    const struct member *member = index < lobby_members_end(lobby) ? &lobby->members[index] : NULL;
    muster_player_id player = member ? member->player : (muster_player_id){0};
    if (MUSTER_ID_SAME(lobby->host, player)) return;
    lobby->host = player;
    snprintf(lobby->host_key, sizeof lobby->host_key, "%s",
             member ? member->texts->player_key : "");
    lobby_setting_put(lobby, "hostId", json_string(lobby->host_key));
    if (!lobby->code[0]) lobby_code_renew(lobby);
    if (lobby->closing) return;
    log_fields(
        MUSTER_LOG_INFO, "lobby",
        &(struct log_fields){.lobby = lobby->key, .player = lobby->host_key, .event = "lobby_host"},
        "%s", member ? "has a new host" : "has no host");
    lobby_tell_info(lobby);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_HOST, player, MUSTER_SEAT_NONE, 0);
}

int32_t lobby_transfer_host(struct session *session, const char *player_key,
                            struct failure *failure) {
    struct lobby *lobby;
    uint32_t index;
    if (!lobby_need_entered(session, &lobby, failure) ||
        need_other(lobby, player_key, &index, failure))
        return failure->code;
    if (lobby->members[index].state != MEMBER_ENTERED || !lobby->members[index].connected)
        return failure_set(failure, RPC_WRONG_STATE, "that player is not here right now");
    struct muster_action action = action_on(lobby, session, MUSTER_ACTION_HOST_TRANSFER, index);
    if (lobby_authorize(lobby, &action, failure)) return failure->code;
    lobby_host_set(lobby, index);
    return RPC_OK;
}

/* ---- members --------------------------------------------------------------------------------- */

void lobby_remove(struct lobby *lobby, muster_player_id player, uint32_t leave,
                  const char *reason) {
    uint32_t index = lobby_find_member(lobby, player);
    if (index == UINT32_MAX) return;
    char line[MUSTER_DISPLAY_MAX + MUSTER_REASON_MAX + 32], said[MUSTER_REASON_MAX];
    snprintf(said, sizeof said, "%s", reason);
    if (!text_line_mend(said)) said[0] = '\0';
    snprintf(line, sizeof line, "%s was %s%s%s", lobby->members[index].texts->display_name,
             leave == MUSTER_LEAVE_BAN ? "banned" : "kicked", said[0] ? ": " : "", said);
    lobby_announce(lobby, line);
    lobby_member_remove(lobby, index, leave, said);
    lobby_touch(lobby);
}

int32_t lobby_kick_player(struct session *session, const char *player_key, const char *reason,
                          struct failure *failure) {
    struct lobby *lobby;
    uint32_t index;
    if (!lobby_need_entered(session, &lobby, failure) ||
        need_other(lobby, player_key, &index, failure))
        return failure->code;
    if (index == session->member)
        return failure_set(failure, RPC_INVALID_PARAMS, "playerId: leave instead");
    struct muster_action action = action_on(lobby, session, MUSTER_ACTION_KICK, index);
    action.value = reason;
    if (lobby_authorize(lobby, &action, failure)) return failure->code;
    lobby_remove(lobby, action.target, MUSTER_LEAVE_KICK, reason);
    return RPC_OK;
}

/* As the match has them; before it, as they wish. */
static uint32_t team_size(const struct lobby *lobby, uint32_t team, uint32_t but) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lobby->players_max; i++) {
        bool is_there =
            lobby->match ? lobby->match->seats[i].used : lobby->members[i].state != MEMBER_NONE;
        count += i != but && is_there && lobby_member_team(lobby, i) == team;
    }
    return count;
}

/* How many it takes at most; 0: the mode sets no bound. */
static uint32_t team_most(const struct lobby *lobby, uint32_t team) {
    return team == MUSTER_TEAM_NONE ? 0 : lobby->teams.team[team - 1].players_max;
}

/* By the mode's own bound, which nobody lifts. */
static bool is_full(const struct lobby *lobby, uint32_t team, uint32_t but) {
    uint32_t most = team_most(lobby, team);
    return most && team_size(lobby, team, but) >= most;
}

bool lobby_team_fits(const struct lobby *lobby, uint32_t team, uint32_t but, uint32_t players) {
    if (is_full(lobby, team, but)) return false;
    if (team == MUSTER_TEAM_NONE || team_most(lobby, team) || !lobby->balanced) return true;
    return team_size(lobby, team, but) < (players + lobby->teams.count - 1) / lobby->teams.count;
}

muster_status lobby_seat_member(struct lobby *lobby, uint32_t index, uint32_t players) {
    struct member *member = &lobby->members[index];
    bool fits = member->team_set ? !is_full(lobby, member->team, index)
                                 : lobby_team_fits(lobby, member->team, index, players);
    muster_status status =
        match_join(lobby->match, index, member->texts->player_key, member->texts->display_name,
                   fits ? member->team : MUSTER_TEAM_NONE, member->connected);
    if (!status) member->team = lobby->match->seats[index].team;
    return status;
}

/* A match decides about teams itself. */
muster_status lobby_team_set(struct lobby *lobby, uint32_t seat, uint32_t team) {
    if (team > lobby->teams.count) return MUSTER_INVALID;
    if (seat >= lobby->players_max || lobby->members[seat].state == MEMBER_NONE)
        return MUSTER_NOT_FOUND;
    if (lobby->match) return MUSTER_STATE;
    if (is_full(lobby, team, seat)) return MUSTER_FULL;
    lobby->members[seat].team_set = team != MUSTER_TEAM_NONE;
    if (lobby->members[seat].team == team) return MUSTER_OK;
    lobby->members[seat].team = team;
    lobby_broadcast_members(lobby);
    return MUSTER_OK;
}

static int32_t team_target(const struct session *session, const struct lobby *lobby,
                           const char *player_key, uint32_t *index, struct failure *failure) {
    *index = session->member;
    if (player_key[0] && need_other(lobby, player_key, index, failure)) return failure->code;
    bool open = lobby->state == MUSTER_LOBBY_WAITING || lobby->state == MUSTER_LOBBY_STARTING;
    if (!open || lobby_member_is_spectator(lobby, *index))
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s}", "state", lobby_state_text(lobby->state)),
                                "teams can be changed by players before the match");
    return RPC_OK;
}

int32_t lobby_set_team(struct session *session, const char *player_key, uint32_t team,
                       struct failure *failure) {
    struct lobby *lobby;
    uint32_t index;
    if (!lobby_need_entered(session, &lobby, failure) ||
        team_target(session, lobby, player_key, &index, failure))
        return failure->code;
    struct muster_action action = action_on(lobby, session, MUSTER_ACTION_TEAM_CHANGE, index);
    action.team = team;
    bool is_own = index == session->member;
    if (lobby_ask(lobby, &action, NULL, !is_own, failure)) return failure->code;
    if (is_full(lobby, team, index))
        return failure_set(failure, RPC_LOBBY_FULL, "the team %s is full: %u players",
                           registry_team_name(&lobby->teams, team), team_most(lobby, team));
    if (is_own && !lobby_team_fits(lobby, team, index, lobby_players(lobby)))
        return failure_set_data(failure, RPC_DENIED, json_pack("{s:s}", "reason", "unbalanced"),
                                "the teams would differ by more than one player");
    lobby->members[index].team = team;
    lobby->members[index].team_set = !is_own;
    lobby_broadcast_members(lobby);
    return RPC_OK;
}

int32_t lobby_ready(struct session *session, bool ready, struct failure *failure) {
    struct lobby *lobby;
    struct member *member = lobby_need_entered(session, &lobby, failure);
    if (!member) return failure->code;
    bool open = lobby->state == MUSTER_LOBBY_WAITING || lobby->state == MUSTER_LOBBY_STARTING;
    if (!open || lobby_member_is_spectator(lobby, session->member))
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s}", "state", lobby_state_text(lobby->state)),
                                "players say that they are ready before the match");
    struct muster_action action = lobby_action(lobby, session, MUSTER_ACTION_READY);
    action.value = ready ? "true" : "false";
    if (lobby_allow(lobby, &action, failure)) return failure->code;
    if (member->ready == ready) return RPC_OK;
    member->ready = ready;
    lobby_broadcast_members(lobby);
    lobby_touch(lobby);
    return RPC_OK;
}

/* ---- lock, start ----------------------------------------------------------------------------- */

void lobby_lock_set(struct lobby *lobby, bool locked) {
    if (lobby->locked == locked) return;
    lobby->locked = locked;
    lobby_setting_put(lobby, "locked", json_boolean(locked));
    lobby_tell_info(lobby);
    if (!locked) lobby_hooks.seats_opened(lobby);
}

int32_t lobby_lock(struct session *session, bool locked, struct failure *failure) {
    struct lobby *lobby;
    if (!lobby_need_entered(session, &lobby, failure)) return failure->code;
    struct muster_action action = lobby_action(lobby, session, MUSTER_ACTION_LOCK);
    action.value = locked ? "true" : "false";
    if (lobby_authorize(lobby, &action, failure)) return failure->code;
    lobby_lock_set(lobby, locked);
    return RPC_OK;
}

int32_t lobby_start(struct session *session, struct failure *failure) {
    struct lobby *lobby;
    if (!lobby_need_entered(session, &lobby, failure)) return failure->code;
    if (lobby->state != MUSTER_LOBBY_WAITING)
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s}", "state", lobby_state_text(lobby->state)),
                                "the lobby is not waiting");
    if (lobby->frozen_since_ms)
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s,s:s}", "state", "waiting", "reason", "frozen"),
                                "the lobby is frozen");
    struct muster_action action = lobby_action(lobby, session, MUSTER_ACTION_START);
    if (lobby_authorize(lobby, &action, failure)) return failure->code;
    if (lobby_connected(lobby) < lobby->players_min)
        return failure_set_data(failure, RPC_WRONG_STATE,
                                json_pack("{s:s,s:s}", "state", "waiting", "reason", "too_few"),
                                "too few players: %u of %u", lobby_connected(lobby),
                                lobby->players_min);
    lobby_begin_countdown(lobby, true);
    return RPC_OK;
}

/* ---- join code ------------------------------------------------------------------------------- */

static const char code_letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's base 32 */

void lobby_code_renew(struct lobby *lobby) {
    unsigned char random[LOBBY_CODE_SIZE - 1];
    char code[LOBBY_CODE_SIZE] = "";
    do {
        randombytes_buf(random, sizeof random);
        for (size_t i = 0; i < sizeof random; i++) code[i] = code_letters[random[i] & 31];
    } while (lobby_find_code(code));
    memcpy(lobby->code, code, sizeof code);
}

bool lobby_code_valid(const char *code) {
    return strlen(code) == LOBBY_CODE_SIZE - 1 && strspn(code, code_letters) == strlen(code);
}

/* What is easily taken for another letter is that one. */
static char code_letter(char c) {
    c = (char)toupper((unsigned char)c);
    if (c == 'O') return '0';
    if (c == 'I' || c == 'L') return '1';
    return c;
}

struct lobby *lobby_find_code(const char *text) {
    char code[LOBBY_CODE_SIZE] = "";
    uint32_t len = 0;
    for (; *text; text++) {
        if (*text == ' ' || *text == '-') continue;
        if (len == LOBBY_CODE_SIZE - 1) return NULL;
        code[len++] = code_letter(*text);
    }
    if (len != LOBBY_CODE_SIZE - 1) return NULL;
    struct lobby *found = NULL;
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        if (lobby->code[0] && sodium_memcmp(lobby->code, code, sizeof code) == 0) found = lobby;
    return found;
}
