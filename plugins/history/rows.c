/* rows - the tables, and what is written to them. */
#include <jansson.h>
#include <stdlib.h>

#include "history.h"
#include "players/players.h"

#define STATEMENTS_MAX 64 /* of one request */
#define VALUES_MAX 13     /* of one statement */

/* Append only: a step that was released is never changed. The name of the component is what
 * databases know these tables by: they were the core's. */
static const char component[] = "core";
static const char *const steps[] = {
    "CREATE TABLE IF NOT EXISTS players " PLAYERS_COLUMNS,
    "CREATE TABLE lobbies (lobby_id TEXT PRIMARY KEY, server_node_id TEXT, game_mode TEXT,"
    " state TEXT, created_at BIGINT, player_count INTEGER DEFAULT 0)",
    "CREATE TABLE lobby_players (lobby_id TEXT REFERENCES lobbies(lobby_id),"
    " player_id TEXT REFERENCES players(player_id), team TEXT, joined_at BIGINT,"
    " PRIMARY KEY (lobby_id, player_id))",
    "CREATE TABLE match_results (match_id TEXT PRIMARY KEY,"
    " lobby_id TEXT REFERENCES lobbies(lobby_id), winning_team TEXT, duration INTEGER,"
    " red_score INTEGER, blue_score INTEGER, completed_at BIGINT, reason TEXT, game_mode TEXT,"
    " map_name TEXT)",
    "CREATE TABLE player_match_stats (match_id TEXT REFERENCES match_results(match_id),"
    " row INTEGER, player_id TEXT, display_name TEXT, team TEXT, kills INTEGER, deaths INTEGER,"
    " assists INTEGER, score INTEGER, is_bot INTEGER, PRIMARY KEY (match_id, row))",
    "CREATE INDEX match_results_completed ON match_results (completed_at)",
    "CREATE INDEX player_match_stats_player ON player_match_stats (player_id)",
    "ALTER TABLE match_results ADD COLUMN versions TEXT NOT NULL DEFAULT '[]'", /* JSON */
    /* Rows that go with the lobby or the player they are about; an index for each reference. */
    "CREATE TABLE lobby_visits (lobby_id TEXT REFERENCES lobbies(lobby_id) ON DELETE CASCADE,"
    " player_id TEXT REFERENCES players(player_id) ON DELETE CASCADE, team TEXT,"
    " joined_at BIGINT, PRIMARY KEY (lobby_id, player_id))",
    "INSERT INTO lobby_visits SELECT lobby_id, player_id, team, joined_at FROM lobby_players",
    "DROP TABLE lobby_players",
    "ALTER TABLE lobby_visits RENAME TO lobby_players",
    "CREATE INDEX lobby_players_player ON lobby_players (player_id)",
    "CREATE INDEX lobbies_created ON lobbies (created_at)",
    "CREATE INDEX match_results_lobby ON match_results (lobby_id)",
    /* What the two teams of before have no column for: JSON {winner, placements, finalScores}, and
     * what a mode counts of its own. */
    "ALTER TABLE match_results ADD COLUMN outcome TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE player_match_stats ADD COLUMN stats TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE match_results ADD COLUMN disturbed TEXT NOT NULL DEFAULT '[]'", /* JSON */
    "ALTER TABLE player_match_stats ADD COLUMN leave_reason TEXT",
};

muster_status rows_migrate(struct history *history) {
    muster_status status = players_migrate(history->self, history->host, history->database);
    if (status != MUSTER_OK) return status;
    return history->host->db->migrate(history->self, history->database, component, steps,
                                      sizeof steps / sizeof steps[0], NULL, NULL, NULL);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static int64_t now_ms(const struct history *history) {
    return history->host->loop->unix_ms(history->self);
}

/* of: who or what the rows are of. synced: 0 or MUSTER_DB_SYNCED. */
static muster_status keep(const struct history *history, struct muster_log_field of,
                          const struct muster_db_statement *statements, uint32_t count,
                          uint32_t synced) {
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = count,
                                              .statements = statements,
                                              .durable = MUSTER_DB_KEPT | synced,
                                              .database = history->database};
    muster_status status = history->host->db->query(history->self, &request, NULL, NULL, NULL);
    const struct muster_log_field fields[] = {
        of, muster_log_text("reason", muster_status_text(status))};
    if (status != MUSTER_OK)
        history->host->log->write_fields(history->self, MUSTER_LOG_ERROR, "a row is not kept",
                                         fields, 2);
    return status;
}

void rows_player(const struct history *history, muster_player_id id) {
    struct muster_player_info player = {.size = sizeof player};
    struct muster_db_value values[PLAYERS_VALUES];
    if (history->host->player->get(history->self, id, &player) != MUSTER_OK) return;
    struct muster_db_statement statement = players_seen(values, &player, now_ms(history));
    (void)keep(history, muster_log_text("player", player.player_key), &statement, 1, 0);
}

#define CASE_STATE(name, code, text)                                                               \
    case MUSTER_LOBBY_##name: return text;

static const char *state_text(uint32_t state) {
    switch (state) {
        MUSTER_LOBBY_STATE_MAP(CASE_STATE)
    default: return "unknown";
    }
}

static const char *team_text(const struct history *history, muster_lobby_id lobby,
                             const struct muster_member_info *member) {
    if (member->is_spectator) return "spectator";
    return history->host->lobby->team_name(history->self, lobby, member->team);
}

void rows_lobby_created(const struct history *history, muster_lobby_id id) {
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    if (history->host->lobby->get(history->self, id, &lobby) != MUSTER_OK) return;
    const struct muster_db_value values[] = {
        muster_db_text(lobby.lobby_key), muster_db_text(history->node_id),
        muster_db_text(lobby.game_mode), muster_db_text(state_text(lobby.state)),
        muster_db_integer(now_ms(history))};
    const struct muster_db_statement statement = {
        "INSERT INTO lobbies (lobby_id, server_node_id, game_mode, state, created_at,"
        " player_count) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (lobby_id) DO NOTHING",
        values, 5, 0};
    (void)keep(history, muster_log_text("lobby", lobby.lobby_key), &statement, 1, 0);
}

/* People in seats: a reservation may run out, and nobody is told. */
static int64_t count_players(const struct history *history, muster_lobby_id id) {
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0;
    int64_t count = 0;
    while (history->host->lobby->member_next(history->self, id, &index, &member) == MUSTER_OK)
        count += member.has_entered && !member.is_spectator;
    return count;
}

/* values: 3. */
static struct muster_db_statement state_statement(const struct history *history,
                                                  const struct muster_lobby_info *lobby,
                                                  struct muster_db_value *values) {
    values[0] = muster_db_text(lobby->lobby_key);
    values[1] = muster_db_text(state_text(lobby->state));
    values[2] = muster_db_integer(count_players(history, lobby->lobby));
    return (struct muster_db_statement){
        "UPDATE lobbies SET state = $2, player_count = $3 WHERE lobby_id = $1", values, 3, 0};
}

void rows_lobby(const struct history *history, muster_lobby_id id) {
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    struct muster_db_value values[3];
    if (history->host->lobby->get(history->self, id, &lobby) != MUSTER_OK) return;
    struct muster_db_statement statement = state_statement(history, &lobby, values);
    (void)keep(history, muster_log_text("lobby", lobby.lobby_key), &statement, 1, 0);
}

static bool find_member(const struct history *history, muster_lobby_id lobby,
                        muster_player_id player, struct muster_member_info *out) {
    uint32_t index = 0;
    while (history->host->lobby->member_next(history->self, lobby, &index, out) == MUSTER_OK)
        if (MUSTER_ID_SAME(out->player, player)) return true;
    return false;
}

void rows_seat(const struct history *history, muster_lobby_id id, muster_player_id player) {
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    struct muster_member_info member = {.size = sizeof member};
    struct muster_db_value known[PLAYERS_VALUES], state[3];
    if (history->host->lobby->get(history->self, id, &lobby) != MUSTER_OK) return;
    if (!find_member(history, id, player, &member)) return;
    const struct muster_db_value visit[] = {
        muster_db_text(lobby.lobby_key), muster_db_text(member.player_key),
        muster_db_text(team_text(history, id, &member)), muster_db_integer(now_ms(history))};
    const struct muster_db_statement statements[] = {
        players_known(known, member.player_key, member.display_name, now_ms(history)),
        {"INSERT INTO lobby_players (lobby_id, player_id, team, joined_at) VALUES ($1, $2, $3, $4)"
         " ON CONFLICT (lobby_id, player_id) DO UPDATE SET team = $3, joined_at = $4",
         visit, 4, 0},
        state_statement(history, &lobby, state),
    };
    (void)keep(history, muster_log_text("lobby", lobby.lobby_key), statements, 3, 0);
}

/* ---- results ----------------------------------------------------------------------------------
 */

/* The statements of one result: a request, or several when there are more than fit into one. */
struct batch {
    const struct history *history;
    muster_status status;
    json_t *texts;
    uint32_t count;
    struct muster_db_statement statements[STATEMENTS_MAX];
    struct muster_db_value values[STATEMENTS_MAX][VALUES_MAX];
    const char *match_key; /* borrowed */
};

static void batch_keep(struct batch *batch) {
    if (batch->count > 0 && batch->status == MUSTER_OK)
        batch->status = keep(batch->history, muster_log_text("match", batch->match_key),
                             batch->statements, batch->count, MUSTER_DB_SYNCED);
    batch->count = 0;
}

/* Room for a statement's values. */
static struct muster_db_value *batch_add(struct batch *batch, const char *sql,
                                         uint32_t value_count) {
    if (batch->count == STATEMENTS_MAX) batch_keep(batch);
    struct muster_db_value *values = batch->values[batch->count];
    batch->statements[batch->count++] = (struct muster_db_statement){sql, values, value_count, 0};
    return values;
}

static struct muster_db_value text_of(const json_t *json, const char *key) {
    const char *text = json_string_value(json_object_get(json, key));
    return muster_db_text(text ? text : "");
}

static struct muster_db_value integer_of(const json_t *json, const char *key) {
    return muster_db_integer(json_integer_value(json_object_get(json, key)));
}

/* Texts that live as long as the batch: its statements borrow them. */
static struct muster_db_value json_of(struct batch *batch, json_t *json) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    json_t *kept = text ? json_string(text) : NULL;
    free(text);
    if (!kept || json_array_append_new(batch->texts, kept)) batch->status = MUSTER_NO_MEMORY;
    return muster_db_text(batch->status == MUSTER_OK ? json_string_value(kept) : "{}");
}

static json_t *member(const json_t *json, const char *key) {
    json_t *value = json_object_get(json, key);
    return value ? json_incref(value) : json_null();
}

static json_t *outcome_of(const json_t *result) {
    return json_pack("{s:o,s:o,s:o}", "winner", member(result, "winner"), "placements",
                     member(result, "placements"), "finalScores", member(result, "finalScores"));
}

static void add_result(struct batch *batch, const json_t *result) {
    const json_t *scores = json_object_get(result, "finalScores");
    struct muster_db_value *v =
        batch_add(batch,
                  "INSERT INTO match_results (match_id, lobby_id, winning_team, duration,"
                  " red_score, blue_score, completed_at, reason, game_mode, map_name, versions,"
                  " outcome, disturbed)"
                  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
                  " ON CONFLICT (match_id) DO NOTHING",
                  VALUES_MAX);
    v[0] = text_of(result, "matchId");
    v[1] = text_of(result, "lobbyId");
    v[2] = text_of(result, "winningTeam");
    v[3] = integer_of(result, "duration");
    v[4] = integer_of(scores, "red");
    v[5] = integer_of(scores, "blue");
    v[6] = integer_of(result, "completedAt");
    v[7] = text_of(result, "reason");
    v[8] = text_of(result, "gameMode");
    v[9] = text_of(result, "mapName");
    v[10] = json_of(batch, member(result, "versions"));
    v[11] = json_of(batch, outcome_of(result));
    v[12] = json_of(batch, member(result, "disturbed"));
}

static void add_stats(struct batch *batch, const json_t *result, size_t row, const json_t *stats) {
    struct muster_db_value *v =
        batch_add(batch,
                  "INSERT INTO player_match_stats (match_id, row, player_id, display_name, team,"
                  " kills, deaths, assists, score, is_bot, stats, leave_reason)"
                  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                  " ON CONFLICT (match_id, row) DO NOTHING",
                  12);
    v[0] = text_of(result, "matchId");
    v[1] = muster_db_integer((int64_t)row);
    v[2] = text_of(stats, "playerId");
    v[3] = text_of(stats, "displayName");
    v[4] = text_of(stats, "team");
    v[5] = integer_of(stats, "kills");
    v[6] = integer_of(stats, "deaths");
    v[7] = integer_of(stats, "assists");
    v[8] = integer_of(stats, "score");
    v[9] = muster_db_integer(json_is_true(json_object_get(stats, "isBot")));
    json_t *own = json_object_get(stats, "stats");
    v[10] = own ? json_of(batch, json_incref(own)) : muster_db_text("{}");
    const char *leave_reason = json_string_value(json_object_get(stats, "leaveReason"));
    v[11] = leave_reason ? muster_db_text(leave_reason)
                         : (struct muster_db_value){.type = MUSTER_DB_NULL};
}

muster_status rows_result(const struct history *history, struct muster_bytes json) {
    struct batch batch = {.history = history, .texts = json_array()};
    json_t *result = json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    batch.match_key = json_string_value(json_object_get(result, "matchId"));
    if (!batch.match_key) batch.status = MUSTER_INVALID;
    if (batch.status == MUSTER_OK) {
        const json_t *stats;
        size_t row;
        add_result(&batch, result);
        json_array_foreach(json_object_get(result, "playerStats"), row, stats)
            add_stats(&batch, result, row, stats);
        batch_keep(&batch);
    }
    json_decref(batch.texts);
    json_decref(result);
    return batch.status;
}
