#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "outbox.h"
#include "paths.h"
#include "pending.h"
#include "status.h"

#define QUERY_DEADLINE_MS 30000
#define BACKUP_DEADLINE_MS 3600000
#define PROBE_EVERY_MS 1000
#define PROBE_SILENT_MS 2000

/* ---- the database role ----------------------------------------------------------------------- */

struct query {
    struct resource resource; /* when a plugin asks */
    struct muster_self *asker;
    muster_db_fn fn;
    void *user;
    muster_ticket_id ticket;
    bool *answered; /* while the database is being asked; or null */
};

static uint32_t waiting; /* queries that are not answered yet */

uint32_t store_waiting(void) {
    return waiting;
}

static void free_query(struct query *query) {
    waiting--;
    free(query);
}

static void close_query(struct resource *resource) {
    struct query *query = (struct query *)resource;
    if (query->answered) *query->answered = true;
    pending_cancel(query->ticket);
    resource_remove(resource);
    free_query(query);
}

static const struct resource_kind query_kind = {"query", close_query, true};

static void on_answer(void *user, muster_status status, const void *answer) {
    struct query *query = user;
    struct query done = *query;
    if (done.answered) *done.answered = true;
    if (done.asker) resource_remove(&query->resource);
    free_query(query);
    if (!done.fn) return;
    if (done.asker) plugin_enter(done.asker, "db.answer");
    done.fn(done.user, status, status ? NULL : answer);
    if (done.asker) plugin_leave();
}

static muster_status open_query(struct muster_self *asker, struct provider *db,
                                uint32_t deadline_ms, muster_db_fn fn, void *user,
                                struct query **out) {
    struct query *query = calloc(1, sizeof *query);
    if (!query) return MUSTER_NO_MEMORY;
    query->asker = asker;
    query->fn = fn;
    query->user = user;
    muster_status status =
        pending_open(db->self, "db", deadline_ms, on_answer, query, &query->ticket);
    if (status) {
        free(query);
        return status;
    }
    if (asker) resource_add(asker, &query->resource, &query_kind);
    waiting++;
    *out = query;
    return MUSTER_OK;
}

/* answered: in the call, so that the query is gone; a refusal on top of that is worth nothing. */
static muster_status finish_query(struct query *query, bool answered, muster_status status,
                                  muster_ticket_id ticket, muster_ticket_id *out) {
    if (answered) status = MUSTER_OK;
    if (!answered) query->answered = NULL;
    if (status) {
        pending_close(ticket);
        if (query->asker) resource_remove(&query->resource);
        free_query(query);
    } else if (out) {
        *out = ticket;
    }
    return status;
}

/* One question to the role. */
struct question {
    const char *call; /* for the watchdog */
    muster_status (*ask)(const struct provider *db, muster_ticket_id ticket, const void *what);
    const void *what;
    uint32_t deadline_ms;
};

static muster_status ask_database(struct muster_self *asker, const struct question *question,
                                  muster_db_fn fn, void *user, muster_ticket_id *out) {
    struct provider *db = registry_first(MUSTER_ROLE_DATABASE);
    if (!db) return MUSTER_UNAVAILABLE;
    struct query *query;
    muster_status status = open_query(asker, db, question->deadline_ms, fn, user, &query);
    if (status) return status;
    bool answered = false; /* it may come, and free the query, in the call */
    query->answered = &answered;
    muster_ticket_id ticket = query->ticket;
    plugin_enter(db->self, question->call);
    status = question->ask(db, ticket, question->what);
    plugin_leave();
    return finish_query(query, answered, status, ticket, out);
}

static muster_status ask_submit(const struct provider *db, muster_ticket_id ticket,
                                const void *what) {
    return db->database.submit(db->instance, ticket, what);
}

muster_status store_submit(struct muster_self *asker, const struct muster_db_request *request,
                           muster_db_fn fn, void *user, muster_ticket_id *out) {
    const struct question question = {"database.submit", ask_submit, request, QUERY_DEADLINE_MS};
    if (!registry_first(MUSTER_ROLE_DATABASE)) return MUSTER_UNAVAILABLE;
    if (request->statement_count == 0 || request->statement_count > 64) return MUSTER_INVALID;
    return ask_database(asker, &question, fn, user, out);
}

muster_status store_keep(const char *who, const struct muster_db_request *request) {
    if (!registry_first(MUSTER_ROLE_DATABASE)) return MUSTER_UNAVAILABLE;
    return outbox_add(who, request);
}

struct migration {
    const char *component;
    const char *const *steps;
    uint32_t step_count;
};

static muster_status ask_migrate(const struct provider *db, muster_ticket_id ticket,
                                 const void *what) {
    const struct migration *migration = what;
    return db->database.migrate(db->instance, ticket, migration->component, migration->steps,
                                migration->step_count);
}

muster_status store_migrate(struct muster_self *asker, const char *component,
                            const char *const *steps, uint32_t step_count, muster_db_fn fn,
                            void *user, muster_ticket_id *out) {
    const struct migration migration = {component, steps, step_count};
    const struct question question = {"database.migrate", ask_migrate, &migration,
                                      QUERY_DEADLINE_MS};
    return ask_database(asker, &question, fn, user, out);
}

static muster_status ask_backup(const struct provider *db, muster_ticket_id ticket,
                                const void *what) {
    return db->database.backup ? db->database.backup(db->instance, ticket, what)
                               : MUSTER_UNSUPPORTED;
}

muster_status store_backup(const char *path, muster_db_fn fn, void *user) {
    const struct question question = {"database.backup", ask_backup, path, BACKUP_DEADLINE_MS};
    return ask_database(NULL, &question, fn, user, NULL);
}

/* ---- is it there ----------------------------------------------------------------------------- */

static struct {
    bool asked;
    bool failed;
    uint64_t asked_ms;
} probe;

static void on_probe(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user;
    (void)rows;
    probe.asked = false;
    probe.failed = status != MUSTER_OK;
}

static void probe_begin(void) {
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    probe.asked = true;
    probe.asked_ms = loop_now_ms();
    muster_status status = store_submit(NULL, &request, on_probe, NULL, NULL);
    if (status) on_probe(NULL, status, NULL);
}

const char *store_trouble(void) {
    if (!registry_first(MUSTER_ROLE_DATABASE)) return NULL;
    if (!probe.asked && loop_now_ms() - probe.asked_ms >= PROBE_EVERY_MS) probe_begin();
    if (outbox_trouble()) return outbox_trouble();
    bool is_silent = probe.asked && loop_now_ms() - probe.asked_ms >= PROBE_SILENT_MS;
    return probe.failed || is_silent ? "the database does not answer" : NULL;
}

/* ---- core's tables --------------------------------------------------------------------------- */

/* The mission's tables; further columns after its own. Append only: a step that was released is
 * never changed. */
static const char *const steps[] = {
    "CREATE TABLE IF NOT EXISTS players (player_id TEXT PRIMARY KEY, username TEXT UNIQUE,"
    " email TEXT, display_name TEXT NOT NULL DEFAULT '', region TEXT NOT NULL DEFAULT '',"
    " created_at BIGINT NOT NULL, last_login BIGINT)",
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
};

struct start_job {
    void (*fn)(void *user, muster_status status);
    void *user;
};

static void on_migrated(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)rows;
    struct start_job *job = user;
    if (!status) outbox_start();
    job->fn(job->user, status);
    free(job);
}

void store_start(void (*fn)(void *user, muster_status status), void *user) {
    struct start_job *job = malloc(sizeof *job);
    if (!job) {
        fn(user, MUSTER_NO_MEMORY);
        return;
    }
    *job = (struct start_job){fn, user};
    muster_status status =
        store_migrate(NULL, "core", steps, sizeof steps / sizeof steps[0], on_migrated, job, NULL);
    if (!status) return;
    free(job);
    if (status == MUSTER_UNAVAILABLE) {
        log_warn("store", "no database plugin is configured: nothing is kept");
        status = MUSTER_OK;
    }
    fn(user, status);
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct muster_db_value text(const char *s) {
    return (struct muster_db_value){.type = MUSTER_DB_TEXT, .bytes = {s, strlen(s)}};
}

static struct muster_db_value integer(int64_t i) {
    return (struct muster_db_value){.type = MUSTER_DB_INT, .integer = i};
}

/* Kept until they are written, in this order; each may be written twice and comes to the same. */
static void write_statements(const char *what, const struct muster_db_statement *statements,
                             uint32_t count, bool durable) {
    struct muster_db_request request = {.size = sizeof request,
                                        .statement_count = count,
                                        .statements = statements,
                                        .durable = durable};
    muster_status status = outbox_add(what, &request);
    if (status) log_error("store", "%s was not stored: %s", what, status_text(status));
}

#define WRITE(what, durable, sql_text, ...)                                                        \
    do {                                                                                           \
        const struct muster_db_value values[] = {__VA_ARGS__};                                     \
        const struct muster_db_statement statement = {sql_text, values,                            \
                                                      sizeof values / sizeof values[0], 0};        \
        write_statements(what, &statement, 1, durable);                                            \
    } while (0)

void store_player(const struct session *session) {
    WRITE("player", false,
          "INSERT INTO players (player_id, display_name, region, created_at, last_login)"
          " VALUES ($1, $2, $3, $4, $4) ON CONFLICT (player_id) DO UPDATE SET last_login = $4,"
          " display_name = $2, region = $3",
          text(session->player_key), text(session->display_name), text(session->region),
          integer(loop_unix_ms()));
}

void store_lobby_created(const struct lobby *lobby) {
    WRITE("lobby", false,
          "INSERT INTO lobbies (lobby_id, server_node_id, game_mode, state, created_at,"
          " player_count) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (lobby_id) DO NOTHING",
          text(lobby->key), text(paths_node_id()), text(lobby->game_mode),
          text(lobby_state_text(lobby->state)), integer(loop_unix_ms()));
}

void store_lobby_state(const struct lobby *lobby) {
    WRITE("lobby state", false,
          "UPDATE lobbies SET state = $2, player_count = $3 WHERE lobby_id = $1", text(lobby->key),
          text(lobby_state_text(lobby->state)), integer(lobby_players(lobby)));
}

void store_lobby_player(const struct lobby *lobby, uint32_t member) {
    const struct member *m = &lobby->members[member];
    const char *team = member_is_spectator(member) ? "spectator" : team_text(m->team);
    WRITE("lobby player", false,
          "INSERT INTO lobby_players (lobby_id, player_id, team, joined_at) VALUES ($1, $2, $3, $4)"
          " ON CONFLICT (lobby_id, player_id) DO UPDATE SET team = $3, joined_at = $4",
          text(lobby->key), text(m->player_key), text(team), integer(loop_unix_ms()));
}

#define ROWS_PER_REQUEST 63 /* 64 statements with the result itself */
#define ROW_VALUES 10
_Static_assert(MUSTER_SEATS_MAX + MATCH_DEPARTED_MAX <= ROWS_PER_REQUEST,
               "all rows of a result are stored in one transaction");

static void fill_row(const struct match_results *results, uint32_t i,
                     struct muster_db_value values[ROW_VALUES]) {
    const struct match_row *row = &results->rows[i];
    const struct muster_db_value all[ROW_VALUES] = {
        text(results->match_key),   integer(i),
        text(row->player_key),      text(row->display_name),
        text(team_text(row->team)), integer(row->kills),
        integer(row->deaths),       integer(row->assists),
        integer(row->score),        integer(row->is_bot),
    };
    memcpy(values, all, sizeof all);
}

void store_results(const struct lobby *lobby, const struct match_results *results) {
    static struct muster_db_value row_values[ROWS_PER_REQUEST][ROW_VALUES];
    struct muster_db_statement statements[ROWS_PER_REQUEST + 1];
    bool draw = results->winning_team == MUSTER_TEAM_NONE;
    json_t *versions = match_versions_json(results);
    char *versions_text = json_dumps(versions, JSON_COMPACT);
    const struct muster_db_value result[] = {
        text(results->match_key),
        text(results->lobby_key),
        text(draw ? "draw" : team_text(results->winning_team)),
        integer(results->duration_s),
        integer(results->team_score[MUSTER_TEAM_RED]),
        integer(results->team_score[MUSTER_TEAM_BLUE]),
        integer(loop_unix_ms()),
        text(end_reason_text(results->reason)),
        text(lobby->game_mode),
        text(lobby_map(lobby)),
        text(versions_text ? versions_text : "[]"),
    };
    statements[0] = (struct muster_db_statement){
        "INSERT INTO match_results (match_id, lobby_id, winning_team, duration, red_score,"
        " blue_score, completed_at, reason, game_mode, map_name, versions)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (match_id) DO NOTHING",
        result, 11, 0};
    uint32_t count = results->row_count;
    for (uint32_t i = 0; i < count; i++) {
        fill_row(results, i, row_values[i]);
        statements[i + 1] = (struct muster_db_statement){
            "INSERT INTO player_match_stats (match_id, row, player_id, display_name, team, kills,"
            " deaths, assists, score, is_bot) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            " ON CONFLICT (match_id, row) DO NOTHING",
            row_values[i], ROW_VALUES, 0};
    }
    write_statements("match result", statements, count + 1, true);
    free(versions_text);
    json_decref(versions);
}

/* ---- reading --------------------------------------------------------------------------------- */

#define RESULT_COLUMNS 16

struct results_job {
    void (*fn)(void *user, muster_status status, json_t *json);
    void *user;
};

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

static json_t *result_from_row(const struct muster_db_value *c) {
    return json_pack("{s:o,s:o,s:o,s:{s:o,s:o},s:[],s:o,s:o,s:o}", "matchId", cell_text(&c[0]),
                     "lobbyId", cell_text(&c[1]), "winningTeam", cell_text(&c[2]), "finalScores",
                     "red", cell_int(&c[3]), "blue", cell_int(&c[4]), "playerStats", "duration",
                     cell_int(&c[5]), "reason", cell_text(&c[6]), "versions", cell_list(&c[15]));
}

static json_t *stats_from_row(const struct muster_db_value *c) {
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "playerId", cell_text(&c[7]),
                     "displayName", cell_text(&c[8]), "team", cell_text(&c[9]), "kills",
                     cell_int(&c[10]), "deaths", cell_int(&c[11]), "assists", cell_int(&c[12]),
                     "score", cell_int(&c[13]), "isBot", (int)(c[14].integer != 0));
}

static bool same_match(json_t *result, const struct muster_db_value *cell) {
    json_t *key = json_object_get(result, "matchId");
    return json_string_length(key) == cell->bytes.len &&
           memcmp(json_string_value(key), cell->bytes.data, cell->bytes.len) == 0;
}

static void on_results(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct results_job job = *(struct results_job *)user;
    free(user);
    if (!status && (!rows || (rows->row_count && rows->column_count != RESULT_COLUMNS)))
        status = MUSTER_INTERNAL;
    json_t *list = status ? NULL : json_array();
    json_t *result = NULL;
    for (uint32_t i = 0; !status && i < rows->row_count; i++) {
        const struct muster_db_value *cells = &rows->cells[(size_t)i * rows->column_count];
        if (!result || !same_match(result, &cells[0])) {
            result = result_from_row(cells);
            json_array_append_new(list, result);
        }
        if (cells[7].type == MUSTER_DB_TEXT)
            json_array_append_new(json_object_get(result, "playerStats"), stats_from_row(cells));
    }
    job.fn(job.user, status, list);
}

void store_recent_results(uint32_t limit,
                          void (*fn)(void *user, muster_status status, json_t *json), void *user) {
    struct results_job *job = malloc(sizeof *job);
    if (!job) {
        fn(user, MUSTER_NO_MEMORY, NULL);
        return;
    }
    *job = (struct results_job){fn, user};
    const struct muster_db_value values[] = {integer(limit)};
    const struct muster_db_statement statement = {
        "SELECT r.match_id, r.lobby_id, r.winning_team, r.red_score, r.blue_score, r.duration,"
        " r.reason, s.player_id, s.display_name, s.team, s.kills, s.deaths, s.assists, s.score,"
        " s.is_bot, r.versions FROM (SELECT * FROM match_results ORDER BY completed_at DESC LIMIT "
        "$1) r"
        " LEFT JOIN player_match_stats s ON s.match_id = r.match_id"
        " ORDER BY r.completed_at DESC, r.match_id, s.row",
        values, 1, 0};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    muster_status status = store_submit(NULL, &request, on_results, job, NULL);
    if (!status) return;
    free(job);
    fn(user, status, NULL);
}
