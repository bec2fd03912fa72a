/* What clients are told of lobbies, members and matches: docs/protocol.md section 5. */
#include "config.h"
#include "lobby_internal.h"
#include "paths.h"
#include "status.h"

json_t *lobby_info_json(const struct lobby *lobby) {
    return json_pack("{s:s,s:s,s:s,s:i,s:i,s:o,s:s,s:s,s:b}", "lobbyId", lobby->key, "serverNodeId",
                     paths_node_id(), "gameMode", lobby->game_mode, "currentPlayers",
                     (int)lobby_players(lobby), "maxPlayers", (int)lobby->players_max, "settings",
                     lobby_settings_json(lobby), "state", lobby_state_text(lobby->state), "region",
                     lobby->region, "frozen", lobby->frozen_since_ms != 0);
}

json_t *lobby_reservation_json(const struct lobby *lobby, const char *ticket) {
    return json_pack("{s:o,s:s,s:s}", "lobby", lobby_info_json(lobby), "seatTicket", ticket, "url",
                     config_core->net.public_url);
}

json_t *lobby_session_json(const struct session *session) {
    const struct lobby *lobby = lobby_find(session->lobby);
    json_t *json = session_to_json(session);
    json_object_set_new(json, "lobbyId", lobby ? json_string(lobby->key) : json_null());
    return json;
}

static const char *team_name(const struct lobby *lobby, uint32_t team) {
    return registry_team_name(&lobby->teams, team);
}

static json_t *member_json(const char *player_key, const char *display_name, uint32_t seat,
                           const char *team, bool connected, bool is_bot, bool spectator,
                           bool ready) {
    return json_pack("{s:s,s:s,s:i,s:s,s:b,s:b,s:b,s:b}", "playerId", player_key, "displayName",
                     display_name, "seat", (int)seat, "team", team, "connected", connected, "isBot",
                     is_bot, "spectator", spectator, "ready", ready);
}

json_t *lobby_members_json(const struct lobby *lobby) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        const struct member *member = &lobby->members[i];
        bool spectator = lobby_member_is_spectator(lobby, i);
        if (member->state != MEMBER_ENTERED) continue;
        json_array_append_new(list,
                              member_json(member->texts->player_key, member->texts->display_name,
                                          spectator ? MUSTER_SEAT_NONE : i,
                                          team_name(lobby, lobby_member_team(lobby, i)),
                                          member->connected, false, spectator, member->ready));
    }
    for (uint32_t i = 0; lobby->match && i < match_seat_count(lobby->match); i++) {
        const struct match_seat *s = &lobby->match->seats[i];
        if (s->used && s->is_bot)
            json_array_append_new(list,
                                  member_json(s->player_key, s->display_name, i,
                                              team_name(lobby, s->team), true, true, false, false));
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

static json_t *scores_json(const struct registry_teams *teams, const int32_t *team_score) {
    json_t *scores = json_object();
    for (uint32_t i = 0; i < teams->count; i++)
        json_object_set_new(scores, teams->team[i].name, json_integer(team_score[i + 1]));
    return scores;
}

/* What a mode counts beside the four. */
static void add_own_stats(json_t *row, const char (*names)[MUSTER_NAME_MAX], uint32_t count,
                          const int32_t *values) {
    json_t *stats = count ? json_object() : NULL;
    for (uint32_t i = 0; i < count; i++)
        json_object_set_new(stats, names[i], json_integer(values[i]));
    if (stats) json_object_set_new(row, "stats", stats);
}

json_t *lobby_scoreboard_json(const struct lobby *lobby) {
    const struct match *match = lobby->match;
    if (!match) return json_null();
    json_t *rows = json_array();
    for (uint32_t i = 0; i < match_seat_count(match); i++) {
        const struct match_seat *s = &match->seats[i];
        if (!s->used) continue;
        json_t *row = json_pack("{s:i,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:b,s:b,s:b,s:i}", "seat", (int)i,
                                "playerId", s->player_key, "displayName", s->display_name, "team",
                                team_name(lobby, s->team), "kills", (int)s->kills, "deaths",
                                (int)s->deaths, "assists", (int)s->assists, "score", (int)s->score,
                                "alive", s->alive, "connected", s->connected, "isBot", s->is_bot,
                                "pingMs", (int)seat_ping(lobby, i));
        add_own_stats(row, match->stat_names, match->stat_count, s->own_stats);
        json_array_append_new(rows, row);
    }
    return json_pack("{s:s,s:I,s:I,s:o,s:o}", "matchId", match->key, "tick",
                     (json_int_t)match->tick, "elapsedMs", (json_int_t)match_elapsed_ms(match),
                     "teamScores", scores_json(&match->teams, match->team_score), "rows", rows);
}

static json_t *disturbed_json(const struct match_disturbed disturbed[MATCH_CAUSES]) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < MATCH_CAUSES; i++)
        if (disturbed[i].times)
            json_array_append_new(
                list, json_pack("{s:s,s:I,s:I,s:I}", "cause", disturbed_text(i + 1), "times",
                                (json_int_t)disturbed[i].times, "ms", (json_int_t)disturbed[i].ms,
                                "tick", (json_int_t)disturbed[i].tick));
    return list;
}

static json_t *versions_json(const struct match_results *results) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < results->version_count; i++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", results->versions[i].name,
                                              "version", results->versions[i].version));
    return list;
}

static const struct match_row *row_of_seat(const struct match_results *results, uint32_t seat) {
    for (uint32_t i = 0; i < results->row_count; i++)
        if (results->rows[i].seat == seat) return &results->rows[i];
    return NULL;
}

static json_t *player_json(const struct match_row *row) {
    return json_pack("{s:s,s:s}", "playerId", row->player_key, "displayName", row->display_name);
}

/* {"team"}, {"playerId", "displayName"}, or null: nobody. */
static json_t *winner_json(const struct match_results *results) {
    if (results->winner_kind == MUSTER_WINNER_TEAM)
        return json_pack("{s:s}", "team", registry_team_name(&results->teams, results->winner));
    const struct match_row *row =
        results->winner_kind == MUSTER_WINNER_SEAT ? row_of_seat(results, results->winner) : NULL;
    return row ? player_json(row) : json_null();
}

/* Teams or, where the match has none or places its players, players; best first. */
static json_t *placements_json(const struct match_results *results) {
    json_t *list = json_array();
    uint32_t most =
        results->row_count > results->teams.count ? results->row_count + 1 : results->teams.count;
    for (uint32_t place = 1; place <= most; place++) {
        for (uint32_t i = 0; i < results->teams.count; i++)
            if (results->team_places[i] == place)
                json_array_append_new(list, json_pack("{s:i,s:s}", "place", (int)place, "team",
                                                      results->teams.team[i].name));
        for (uint32_t i = 0; i < results->row_count; i++) {
            if (results->rows[i].place != place) continue;
            json_t *entry = player_json(&results->rows[i]);
            json_object_set_new(entry, "place", json_integer(place));
            json_array_append_new(list, entry);
        }
    }
    return list;
}

static json_t *row_json(const struct match_results *results, const struct match_row *row) {
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:b,s:s?}", "playerId", row->player_key, "displayName",
        row->display_name, "team", registry_team_name(&results->teams, row->team), "kills",
        (int)row->kills, "deaths", (int)row->deaths, "assists", (int)row->assists, "score",
        (int)row->score, "isBot", row->is_bot, "leaveReason",
        row->leave_reason ? leave_reason_text(row->leave_reason) : NULL);
    add_own_stats(json, results->stat_names, results->stat_count, row->own_stats);
    return json;
}

/* The mission's word: a team, that of a player who has won included, or "draw"; "none" where there
 * are no teams. */
static const char *winning_team(const struct match_results *results) {
    const struct match_row *row =
        results->winner_kind == MUSTER_WINNER_SEAT ? row_of_seat(results, results->winner) : NULL;
    uint32_t team = results->winner_kind == MUSTER_WINNER_TEAM ? results->winner
                    : row                                      ? row->team
                                                               : MUSTER_TEAM_NONE;
    if (team != MUSTER_TEAM_NONE) return registry_team_name(&results->teams, team);
    return results->teams.count ? "draw" : "none";
}

json_t *lobby_results_json(const struct match_results *results) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < results->row_count; i++)
        json_array_append_new(rows, row_json(results, &results->rows[i]));
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:i,s:s,s:o,s:o}", "matchId", results->match_key,
                     "lobbyId", results->lobby_key, "winningTeam", winning_team(results), "winner",
                     winner_json(results), "placements", placements_json(results), "finalScores",
                     scores_json(&results->teams, results->team_score), "playerStats", rows,
                     "duration", (int)results->duration_s, "reason", results->reason, "disturbed",
                     disturbed_json(results->disturbed), "versions", versions_json(results));
}
