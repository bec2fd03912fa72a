/* purge - rows that have had their time, kind by kind: results, lobbies, players. Every ten
 * minutes, a bounded number of rows at once, until none is left. */
#include "history.h"

#define EVERY_MS 600000
#define BATCH_PAUSE_MS 1000 /* others want to write, too */
#define BATCH_ROWS 500
#define DAY_MS 86400000ll

#define OLD_RESULTS                                                                                \
    "(SELECT match_id FROM match_results WHERE completed_at < $1 ORDER BY completed_at LIMIT $2)"

/* The last statement of a kind says whether there are more. Values: before when a row is old, how
 * many, this node, when it was started. */
struct kind {
    const char *key; /* of the configuration: how many days */
    struct {
        const char *sql;
        uint32_t value_count;
    } statements[2];
    uint32_t statement_count;
};

static const struct kind kinds[PURGE_KINDS] = {
    {"resultDays",
     {{"DELETE FROM player_match_stats WHERE match_id IN " OLD_RESULTS, 2},
      {"DELETE FROM match_results WHERE match_id IN " OLD_RESULTS, 2}},
     2},
    /* A lobby is over when it says so, or when its node has been started anew since. One that led
     * to a result stays as long as that. */
    {"lobbyDays",
     {{"DELETE FROM lobbies WHERE lobby_id IN (SELECT l.lobby_id FROM lobbies l"
       " WHERE l.created_at < $1"
       " AND (l.state = 'completed' OR (l.server_node_id = $3 AND l.created_at < $4))"
       " AND NOT EXISTS (SELECT 1 FROM match_results r WHERE r.lobby_id = l.lobby_id) LIMIT $2)",
       4}},
     1},
    /* Who has a user name has an account. Visits go with the player. */
    {"playerDays",
     {{"DELETE FROM players WHERE player_id IN (SELECT player_id FROM players"
       " WHERE username IS NULL AND COALESCE(last_login, created_at) < $1 LIMIT $2)",
       2}},
     1},
};

static void look(void *user);

static void on_purged(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct history *history = user;
    struct purge *purge = &history->purge;
    purge->is_asking = false;
    if (status == MUSTER_CLOSED) return;
    if (status != MUSTER_OK) {
        history->host->log->write(history->self, MUSTER_LOG_WARN,
                                  "old rows were not deleted: status %d", status);
        return;
    }
    if (rows->changes < BATCH_ROWS) {
        purge->kind++;
        look(history);
        return;
    }
    muster_status paused = history->host->loop->timer_start(history->self, BATCH_PAUSE_MS, 0, look,
                                                            history, &purge->pause);
    purge->is_asking = paused == MUSTER_OK;
}

static muster_status ask(struct history *history) {
    const struct kind *kind = &kinds[history->purge.kind];
    int64_t days = history->purge.days[history->purge.kind];
    const struct muster_db_value values[] = {
        muster_db_integer(history->host->loop->unix_ms(history->self) - days * DAY_MS),
        muster_db_integer(BATCH_ROWS),
        muster_db_text(history->node_id),
        muster_db_integer(history->purge.ready_ms),
    };
    struct muster_db_statement statements[2];
    for (uint32_t i = 0; i < kind->statement_count; i++)
        statements[i] = (struct muster_db_statement){kind->statements[i].sql, values,
                                                     kind->statements[i].value_count, 0};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = kind->statement_count,
                                              .statements = statements,
                                              .database = history->database};
    return history->host->db->query(history->self, &request, on_purged, history, NULL);
}

/* The next kind that has an end. */
static void look(void *user) {
    struct history *history = user;
    struct purge *purge = &history->purge;
    purge->is_asking = false;
    for (; purge->kind < PURGE_KINDS; purge->kind++) {
        if (purge->days[purge->kind] == 0) continue;
        purge->is_asking = ask(history) == MUSTER_OK;
        return;
    }
}

static void begin_round(void *user) {
    struct history *history = user;
    if (history->purge.is_asking) return;
    history->purge.kind = 0;
    look(history);
}

muster_status purge_start(struct history *history) {
    for (uint32_t i = 0; i < PURGE_KINDS; i++)
        history->purge.days[i] = history->host->config->integer(history->self, kinds[i].key);
    return history->host->loop->timer_start(history->self, BATCH_PAUSE_MS, EVERY_MS, begin_round,
                                            history, &history->purge.round);
}

void purge_stop(struct history *history) {
    (void)history->host->loop->timer_stop(history->self, history->purge.round);
    if (history->purge.pause.value)
        (void)history->host->loop->timer_stop(history->self, history->purge.pause);
}
