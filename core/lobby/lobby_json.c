/* What clients are told of lobbies, members and matches: docs/protocol.md section 5. */
#include "lobby_internal.h"
#include "paths.h"
#include "status.h"

json_t *lobby_info_json(const struct lobby *lobby) {
    return json_pack("{s:s,s:s,s:s,s:i,s:i,s:O,s:s,s:s}", "lobbyId", lobby->key, "serverNodeId",
                     paths_node_id(), "gameMode", lobby->game_mode, "currentPlayers",
                     (int)lobby_players(lobby), "maxPlayers", (int)lobby->players_max, "settings",
                     lobby->settings, "state", lobby_state_text(lobby->state), "region",
                     lobby->region);
}

json_t *lobby_session_json(const struct session *session) {
    const struct lobby *lobby = lobby_find(session->lobby);
    json_t *json = session_to_json(session);
    json_object_set_new(json, "lobbyId", lobby ? json_string(lobby->key) : json_null());
    return json;
}

static json_t *member_json(const char *player_key, const char *display_name, uint32_t seat,
                           uint32_t team, bool connected, bool is_bot, bool spectator, bool ready) {
    return json_pack("{s:s,s:s,s:i,s:s,s:b,s:b,s:b,s:b}", "playerId", player_key, "displayName",
                     display_name, "seat", (int)seat, "team", team_text(team), "connected",
                     connected, "isBot", is_bot, "spectator", spectator, "ready", ready);
}

json_t *lobby_members_json(const struct lobby *lobby) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < LOBBY_MEMBERS_MAX; i++) {
        const struct member *member = &lobby->members[i];
        bool spectator = lobby_member_is_spectator(i);
        if (member->state != MEMBER_ENTERED) continue;
        json_array_append_new(list, member_json(member->player_key, member->display_name,
                                                spectator ? MUSTER_SEAT_NONE : i,
                                                lobby_member_team(lobby, i), member->connected,
                                                false, spectator, member->ready));
    }
    for (uint32_t i = 0; lobby->match && i < MUSTER_SEATS_MAX; i++) {
        const struct match_seat *s = &lobby->match->seats[i];
        if (s->used && s->is_bot)
            json_array_append_new(list, member_json(s->player_key, s->display_name, i, s->team,
                                                    true, true, false, false));
    }
    return list;
}

json_t *lobby_match_json(struct lobby *lobby) {
    struct match *match = lobby->match;
    if (!match) return json_null();
    return json_pack("{s:s,s:s,s:s,s:i,s:i,s:I,s:o}", "matchId", match->key, "gameMode",
                     match->game_mode, "mapName", match->map_name, "tickRate",
                     (int)match->tick_rate_hz, "seatsMax", (int)match->seats_max, "tick",
                     (json_int_t)match->tick, "intro", match_intro(match));
}

static uint32_t seat_ping(const struct lobby *lobby, uint32_t seat) {
    if (seat >= lobby->players_max) return 0;
    const struct session *session = session_find(lobby->members[seat].player);
    return session ? session->rtt_ms : 0;
}

static json_t *scores_json(const int32_t *team_score) {
    return json_pack("{s:i,s:i}", "red", (int)team_score[MUSTER_TEAM_RED], "blue",
                     (int)team_score[MUSTER_TEAM_BLUE]);
}

json_t *lobby_scoreboard_json(const struct lobby *lobby) {
    const struct match *match = lobby->match;
    if (!match) return json_null();
    json_t *rows = json_array();
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX; i++) {
        const struct match_seat *s = &match->seats[i];
        if (!s->used) continue;
        json_array_append_new(
            rows, json_pack("{s:i,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:b,s:b,s:b,s:i}", "seat", (int)i,
                            "playerId", s->player_key, "displayName", s->display_name, "team",
                            team_text(s->team), "kills", (int)s->kills, "deaths", (int)s->deaths,
                            "assists", (int)s->assists, "score", (int)s->score, "alive", s->alive,
                            "connected", s->connected, "isBot", s->is_bot, "pingMs",
                            (int)seat_ping(lobby, i)));
    }
    return json_pack("{s:s,s:I,s:I,s:o,s:o}", "matchId", match->key, "tick",
                     (json_int_t)match->tick, "elapsedMs", (json_int_t)match_elapsed_ms(match),
                     "teamScores", scores_json(match->team_score), "rows", rows);
}

static json_t *versions_json(const struct match_results *results) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < results->version_count; i++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", results->versions[i].name,
                                              "version", results->versions[i].version));
    return list;
}

json_t *lobby_results_json(const struct match_results *results) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < results->row_count; i++) {
        const struct match_row *row = &results->rows[i];
        json_array_append_new(
            rows, json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:b}", "playerId", row->player_key,
                            "displayName", row->display_name, "team", team_text(row->team), "kills",
                            (int)row->kills, "deaths", (int)row->deaths, "assists",
                            (int)row->assists, "score", (int)row->score, "isBot", row->is_bot));
    }
    bool draw = results->winning_team == MUSTER_TEAM_NONE;
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:i,s:s,s:o}", "matchId", results->match_key, "lobbyId",
                     results->lobby_key, "winningTeam",
                     draw ? "draw" : team_text(results->winning_team), "finalScores",
                     scores_json(results->team_score), "playerStats", rows, "duration",
                     (int)results->duration_s, "reason", end_reason_text(results->reason),
                     "versions", versions_json(results));
}
