/* results - the newest results, read back from the tables: the console command. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "history.h"

#define RESULTS_MAX 50
#define RESULT_COLUMNS 20

struct wait {
    struct history *history;
    muster_command_call_id call;
};

/* ---- rows to JSON -----------------------------------------------------------------------------
 */

static json_t *cell_text(const struct muster_db_value *cell) {
    if (cell->type != MUSTER_DB_TEXT) return json_null();
    return json_stringn(cell->bytes.data, cell->bytes.len);
}

static json_t *cell_int(const struct muster_db_value *cell) {
    return json_integer(cell->type == MUSTER_DB_INT ? cell->integer : 0);
}

/* An empty list for what is none. */
static json_t *cell_list(const struct muster_db_value *cell) {
    json_t *list = cell->type == MUSTER_DB_TEXT
                       ? json_loadb(cell->bytes.data, cell->bytes.len, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    if (json_is_array(list)) return list;
    json_decref(list);
    return json_array();
}

/* An empty object for what is none. */
static json_t *cell_object(const struct muster_db_value *cell) {
    json_t *object = cell->type == MUSTER_DB_TEXT ? json_loadb(cell->bytes.data, cell->bytes.len,
                                                               JSON_REJECT_DUPLICATES, NULL)
                                                  : NULL;
    if (json_is_object(object)) return object;
    json_decref(object);
    return json_object();
}

static json_t *result_from_row(const struct muster_db_value *c) {
    json_t *result = json_pack(
        "{s:o,s:o,s:o,s:{s:o,s:o},s:[],s:o,s:o,s:o,s:o}", "matchId", cell_text(&c[0]), "lobbyId",
        cell_text(&c[1]), "winningTeam", cell_text(&c[2]), "finalScores", "red", cell_int(&c[3]),
        "blue", cell_int(&c[4]), "playerStats", "duration", cell_int(&c[5]), "reason",
        cell_text(&c[6]), "disturbed", cell_list(&c[18]), "versions", cell_list(&c[15]));
    json_t *outcome = cell_object(&c[16]); /* of results from before it has nothing */
    json_object_update(result, outcome);
    json_decref(outcome);
    return result;
}

static json_t *stats_from_row(const struct muster_db_value *c) {
    json_t *row = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "playerId", cell_text(&c[7]),
                            "displayName", cell_text(&c[8]), "team", cell_text(&c[9]), "kills",
                            cell_int(&c[10]), "deaths", cell_int(&c[11]), "assists",
                            cell_int(&c[12]), "score", cell_int(&c[13]), "isBot",
                            (int)(c[14].integer != 0), "leaveReason", cell_text(&c[19]));
    json_t *own = cell_object(&c[17]);
    if (json_object_size(own)) json_object_set(row, "stats", own);
    json_decref(own);
    return row;
}

static bool same_match(const json_t *result, const struct muster_db_value *cell) {
    const json_t *key = json_object_get(result, "matchId");
    return json_string_length(key) == cell->bytes.len &&
           memcmp(json_string_value(key), cell->bytes.data, cell->bytes.len) == 0;
}

/* A row for each player, those of one match together. */
static json_t *results_from_rows(const struct muster_db_rows *rows) {
    json_t *list = json_array(), *result = NULL;
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const struct muster_db_value *cells = &rows->cells[(size_t)i * rows->column_count];
        if (!result || !same_match(result, &cells[0])) {
            result = result_from_row(cells);
            json_array_append_new(list, result);
        }
        if (cells[7].type == MUSTER_DB_TEXT)
            json_array_append_new(json_object_get(result, "playerStats"), stats_from_row(cells));
    }
    return list;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void answer(const struct history *history, muster_command_call_id call, muster_status status,
                   const char *text) {
    (void)history->host->admin->command_answer(history->self, call, status, text);
}

static void fail(const struct history *history, muster_command_call_id call, muster_status status) {
    char text[80];
    snprintf(text, sizeof text, "the database did not answer: %s", muster_status_text(status));
    answer(history, call, status, text);
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait wait = *(struct wait *)user;
    free(user);
    if (status == MUSTER_OK && rows->row_count > 0 && rows->column_count != RESULT_COLUMNS)
        status = MUSTER_INTERNAL;
    json_t *list = status == MUSTER_OK ? results_from_rows(rows) : NULL;
    char *text = list ? json_dumps(list, JSON_INDENT(2)) : NULL;
    if (text)
        answer(wait.history, wait.call, MUSTER_OK, text);
    else
        fail(wait.history, wait.call, status == MUSTER_OK ? MUSTER_NO_MEMORY : status);
    free(text);
    json_decref(list);
}

static void ask(struct history *history, muster_command_call_id call, uint32_t limit) {
    const struct muster_db_value values[] = {muster_db_integer(limit)};
    const struct muster_db_statement statement = {
        "SELECT r.match_id, r.lobby_id, r.winning_team, r.red_score, r.blue_score, r.duration,"
        " r.reason, s.player_id, s.display_name, s.team, s.kills, s.deaths, s.assists, s.score,"
        " s.is_bot, r.versions, r.outcome, s.stats, r.disturbed, s.leave_reason"
        " FROM (SELECT * FROM match_results ORDER BY completed_at DESC LIMIT $1) r"
        " LEFT JOIN player_match_stats s ON s.match_id = r.match_id"
        " ORDER BY r.completed_at DESC, r.match_id, s.row",
        values, 1, 0};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = 1,
                                              .statements = &statement,
                                              .flags = MUSTER_DB_READ_ONLY | MUSTER_DB_UNORDERED,
                                              .database = history->database};
    struct wait *wait = calloc(1, sizeof *wait);
    muster_status status = wait ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (wait) {
        *wait = (struct wait){history, call};
        status = history->host->db->query(history->self, &request, on_rows, wait, NULL);
    }
    if (status == MUSTER_OK) return;
    free(wait);
    fail(history, call, status);
}

static void on_command(void *user, const struct muster_command_call *call) {
    const char *word = call->arguments;
    size_t digits = strspn(word, "0123456789");
    uint32_t limit = word[0] ? (uint32_t)strtoul(word, NULL, 10) : 10;
    if (word[digits] || digits > 3 || limit < 1)
        answer(user, call->id, MUSTER_INVALID, "expected: results [N]");
    else
        ask(user, call->id, limit > RESULTS_MAX ? RESULTS_MAX : limit);
}

muster_status results_add_command(struct history *history) {
    return history->host->admin->command_add_late(
        history->self, "results", "[N] the newest match results (10, at most 50), as JSON",
        on_command, history);
}
