/* activity_store - the tables of what servers have said of players and matches, and of what players
 * have said themselves. A player's row is a claim until the player has said to be there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

#define STATEMENTS_MAX 64 /* of one request */
#define VALUES_MAX 10     /* of one statement */
#define RESULT_BYTES_MAX 65536
#define SLACK_MS "300000" /* between two clocks, and between a visit and what is said of it */

/* Append only: a step that was released is never changed. Times are Unix milliseconds. */
static const char *const steps[] = {
    "CREATE TABLE directory_visits (player_id TEXT NOT NULL, server_id TEXT NOT NULL,"
    " first_at BIGINT NOT NULL, last_at BIGINT NOT NULL,"
    " PRIMARY KEY (player_id, server_id, first_at))",
    "CREATE TABLE directory_activity (server_id TEXT NOT NULL, activity_key TEXT NOT NULL,"
    " type TEXT NOT NULL, player_id TEXT NOT NULL, lobby_id TEXT NOT NULL,"
    " game_mode TEXT NOT NULL, happened_at BIGINT NOT NULL, received_at BIGINT NOT NULL,"
    " is_claim INTEGER NOT NULL, PRIMARY KEY (server_id, activity_key))",
    "CREATE INDEX directory_activity_player ON directory_activity (player_id, happened_at)",
    "CREATE TABLE directory_results (server_id TEXT NOT NULL, activity_key TEXT NOT NULL,"
    " match_id TEXT NOT NULL, lobby_id TEXT NOT NULL, game_mode TEXT NOT NULL,"
    " completed_at BIGINT NOT NULL, received_at BIGINT NOT NULL, digest TEXT NOT NULL,"
    " result TEXT NOT NULL, PRIMARY KEY (server_id, activity_key), UNIQUE (server_id, match_id))",
    "CREATE TABLE directory_result_players (server_id TEXT NOT NULL, match_id TEXT NOT NULL,"
    " row INTEGER NOT NULL, player_id TEXT NOT NULL, is_claim INTEGER NOT NULL,"
    " PRIMARY KEY (server_id, match_id, row))",
    "CREATE INDEX directory_result_players_player ON directory_result_players (player_id)",
    "CREATE TABLE directory_reports (server_id TEXT NOT NULL, report_id TEXT NOT NULL,"
    " player_id TEXT NOT NULL, match_id TEXT NOT NULL, detector TEXT NOT NULL,"
    " severity INTEGER NOT NULL, weight INTEGER NOT NULL, received_at BIGINT NOT NULL,"
    " is_claim INTEGER NOT NULL, report TEXT NOT NULL, reviewer TEXT, verdict TEXT, appeal TEXT,"
    " PRIMARY KEY (server_id, report_id))",
    "CREATE INDEX directory_reports_player ON directory_reports (player_id, received_at)",
    "CREATE INDEX directory_visits_last ON directory_visits (last_at)",
    "CREATE INDEX directory_activity_received ON directory_activity (received_at)",
    "CREATE INDEX directory_results_received ON directory_results (received_at)",
    "CREATE INDEX directory_reports_received ON directory_reports (received_at)",
};

/* The player's word, near the time in question. */
#define IS_CLAIM(player, server, at)                                                               \
    "CASE WHEN EXISTS (SELECT 1 FROM directory_visits WHERE player_id = " player                   \
    " AND server_id = " server " AND first_at - " SLACK_MS " <= " at " AND last_at + " SLACK_MS    \
    " >= " at ") THEN 0 ELSE 1 END"

muster_status activity_store_open(struct directory *directory) {
    return directory->host->db->migrate(directory->self, directory->database,
                                        "service_directory_activity", steps,
                                        sizeof steps / sizeof steps[0], NULL, NULL, NULL);
}

/* ---- a batch --------------------------------------------------------------------------------- */

/* One answer for all requests that it takes. */
struct outcome {
    uint32_t waits_for;
    muster_status status;
    void (*done)(void *user, muster_status status);
    void *user;
};

struct activity_batch {
    struct directory *directory;
    const struct server *server;
    int64_t now_ms;
    struct outcome *outcome;
    json_t *texts; /* that statements borrow */
    uint32_t count;
    struct muster_db_statement statements[STATEMENTS_MAX];
    struct muster_db_value values[STATEMENTS_MAX][VALUES_MAX];
};

static void settle(struct outcome *outcome, muster_status status) {
    if (status && !outcome->status) outcome->status = status;
    if (--outcome->waits_for > 0) return;
    if (outcome->done) outcome->done(outcome->user, outcome->status);
    free(outcome);
}

static void on_written(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)rows;
    settle(user, status);
}

struct activity_batch *activity_store_begin(struct directory *directory,
                                            const struct server *server) {
    struct activity_batch *batch = calloc(1, sizeof *batch);
    struct outcome *outcome = calloc(1, sizeof *outcome);
    json_t *texts = json_array();
    if (!batch || !outcome || !texts) {
        free(batch);
        free(outcome);
        json_decref(texts);
        return NULL;
    }
    outcome->waits_for = 1; /* for activity_store_end */
    batch->directory = directory;
    batch->server = server;
    batch->outcome = outcome;
    batch->texts = texts;
    batch->now_ms = directory->host->loop->unix_ms(directory->self);
    return batch;
}

static void flush(struct activity_batch *batch) {
    struct directory *directory = batch->directory;
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = batch->count,
                                              .statements = batch->statements,
                                              .durable = MUSTER_DB_SYNCED,
                                              .database = directory->database};
    if (batch->count == 0) return;
    batch->count = 0;
    batch->outcome->waits_for++;
    muster_status status =
        directory->host->db->query(directory->self, &request, on_written, batch->outcome, NULL);
    if (status) settle(batch->outcome, status);
}

void activity_store_end(struct activity_batch *batch,
                        void (*done)(void *user, muster_status status), void *user) {
    if (!batch) return;
    struct outcome *outcome = batch->outcome;
    outcome->done = done;
    outcome->user = user;
    flush(batch);
    json_decref(batch->texts);
    free(batch);
    settle(outcome, MUSTER_OK);
}

/* Room for a statement's values; the first two are the server and the time. */
static struct muster_db_value *add(struct activity_batch *batch, const char *sql,
                                   uint32_t value_count) {
    if (batch->count == STATEMENTS_MAX) flush(batch);
    struct muster_db_value *values = batch->values[batch->count];
    batch->statements[batch->count++] = (struct muster_db_statement){sql, values, value_count, 0};
    values[0] = muster_db_text(batch->server->id);
    values[1] = muster_db_integer(batch->now_ms);
    return values;
}

/* A text that lives as long as the batch. */
static const char *keep(struct activity_batch *batch, const char *text) {
    json_t *kept = json_string(text);
    return kept && json_array_append_new(batch->texts, kept) == 0 ? json_string_value(kept) : NULL;
}

/* ---- what goes into it ----------------------------------------------------------------------- */

static void add_visit(struct activity_batch *batch, const struct activity *activity) {
    struct muster_db_value *v =
        add(batch,
            "INSERT INTO directory_activity (server_id, activity_key, type, player_id, lobby_id,"
            " game_mode, happened_at, received_at, is_claim)"
            " VALUES ($1, $3, $4, $5, $6, $7, $8, $2, " IS_CLAIM(
                "$5", "$1", "$8") ") ON CONFLICT (server_id, activity_key) DO NOTHING",
            8);
    v[2] = muster_db_text(activity->key);
    v[3] = muster_db_text(activity->type);
    v[4] = muster_db_text(activity->player);
    v[5] = muster_db_text(activity->lobby);
    v[6] = muster_db_text(activity->game_mode);
    v[7] = muster_db_integer(activity->at_ms);
}

/* Of the result that was kept alone: another one of the same match adds none. */
static void add_player(struct activity_batch *batch, const struct activity *activity,
                       const char *digest, size_t row, const char *player) {
    struct muster_db_value *v =
        add(batch,
            "INSERT INTO directory_result_players (server_id, match_id, row, player_id, is_claim)"
            " SELECT r.server_id, r.match_id, CAST($5 AS INTEGER),"
            " CAST($6 AS TEXT), " IS_CLAIM(
                "$6", "$1", "r.completed_at") " FROM directory_results r WHERE r.server_id = $1"
                                              " AND r.match_id = $3 AND r.digest = $4 AND $2 > 0"
                                              " ON CONFLICT (server_id, match_id, row) DO NOTHING",
            6);
    v[2] = muster_db_text(activity->match);
    v[3] = muster_db_text(digest);
    v[4] = muster_db_integer((int64_t)row);
    v[5] = muster_db_text(player);
}

static void add_result(struct activity_batch *batch, const struct activity *activity,
                       const char *text, const char *digest) {
    struct muster_db_value *v =
        add(batch,
            "INSERT INTO directory_results (server_id, activity_key, match_id, lobby_id,"
            " game_mode, completed_at, received_at, digest, result)"
            " VALUES ($1, $3, $4, $5, $6, $7, $2, $8, $9) ON CONFLICT DO NOTHING",
            9);
    v[2] = muster_db_text(activity->key);
    v[3] = muster_db_text(activity->match);
    v[4] = muster_db_text(activity->lobby);
    v[5] = muster_db_text(activity->game_mode);
    v[6] = muster_db_integer(activity->at_ms);
    v[7] = muster_db_text(digest);
    v[8] = muster_db_text(text);
}

static bool add_match(struct activity_batch *batch, const struct activity *activity) {
    uint8_t bytes[DIGEST_BYTES];
    char hex[DIRECTORY_HEX_MAX];
    size_t row;
    json_t *stats;
    char *written = json_dumps(activity->result, JSON_COMPACT | JSON_SORT_KEYS);
    bool is_short = written && strlen(written) <= RESULT_BYTES_MAX;
    const char *text = is_short ? keep(batch, written) : NULL;
    free(written);
    if (!text) return false;
    secret_digest(text, bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    const char *digest = keep(batch, hex);
    if (!digest) return false;
    add_result(batch, activity, text, digest);
    json_array_foreach(json_object_get(activity->result, "playerStats"), row,
                       stats) if (!json_is_true(json_object_get(stats, "isBot")))
        add_player(batch, activity, digest, row,
                   json_string_value(json_object_get(stats, "playerId")));
    return true;
}

bool activity_store_add(struct activity_batch *batch, const struct activity *activity) {
    if (activity->result) return add_match(batch, activity);
    add_visit(batch, activity);
    return true;
}

bool activity_store_add_report(struct activity_batch *batch, const struct cheat_report *report) {
    const char *text = keep(batch, report->text);
    if (!text) return false;
    struct muster_db_value *v =
        add(batch,
            "INSERT INTO directory_reports (server_id, report_id, player_id, match_id, detector,"
            " severity, weight, received_at, is_claim, report)"
            " VALUES ($1, $3, $4, $5, $6, $7, $8, $2, " IS_CLAIM(
                "$4", "$1", "$2") ", $9) ON CONFLICT (server_id, report_id) DO NOTHING",
            9);
    v[2] = muster_db_text(report->id);
    v[3] = muster_db_text(report->player);
    v[4] = muster_db_text(report->match);
    v[5] = muster_db_text(report->detector);
    v[6] = muster_db_integer(report->severity);
    v[7] = muster_db_integer(report->weight);
    v[8] = muster_db_text(text);
    return true;
}
