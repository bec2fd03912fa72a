#include "purge.h"

#include <string.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "paths.h"
#include "status.h"
#include "store.h"

#define EVERY_MS 600000
#define BATCH_PAUSE_MS 1000 /* others want to write, too */
#define BATCH_ROWS 500
#define DAY_MS 86400000ll

#define OLD_RESULTS                                                                                \
    "(SELECT match_id FROM match_results WHERE completed_at < $1 ORDER BY completed_at LIMIT $2)"

/* A lobby is over when it says so, or when its node has been started anew since. One that led to a
 * result stays as long as that. */
static const char lobbies_sql[] =
    "DELETE FROM lobbies WHERE lobby_id IN (SELECT l.lobby_id FROM lobbies l"
    " WHERE l.created_at < $1"
    " AND (l.state = 'completed' OR (l.server_node_id = $3 AND l.created_at < $4))"
    " AND NOT EXISTS (SELECT 1 FROM match_results r WHERE r.lobby_id = l.lobby_id) LIMIT $2)";

static struct {
    struct loop_timer *timer; /* of the next round */
    struct loop_timer *pause; /* of the next batch */
    int64_t started_ms;
    bool asking;
} purge;

static struct muster_db_value integer(int64_t i) {
    return (struct muster_db_value){.type = MUSTER_DB_INT, .integer = i};
}

static void run_batch(void *user);

static void on_pause_over(void *user) {
    purge.pause = NULL;
    run_batch(user);
}

static void on_purged(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user;
    purge.asking = false;
    if (status && status != MUSTER_CLOSED)
        log_warn("purge", "old rows were not deleted: %s", status_text(status));
    if (status || !purge.timer || purge.pause || rows->changes < BATCH_ROWS) return;
    purge.pause = loop_timer_start(BATCH_PAUSE_MS, 0, on_pause_over, NULL);
}

/* What was created or completed before that is old; nothing is when days is 0. */
static int64_t limit_ms(int64_t days) {
    return days ? loop_unix_ms() - days * DAY_MS : 0;
}

static void run_batch(void *user) {
    (void)user;
    if (purge.asking) return;
    const char *node = paths_node_id();
    struct muster_db_value results[] = {integer(limit_ms(config_core->store.result_days)),
                                        integer(BATCH_ROWS)};
    struct muster_db_value lobbies[] = {
        integer(limit_ms(config_core->store.lobby_days)),
        integer(BATCH_ROWS),
        {.type = MUSTER_DB_TEXT, .bytes = {node, strlen(node)}},
        integer(purge.started_ms),
    };
    const struct muster_db_statement statements[] = {
        {"DELETE FROM player_match_stats WHERE match_id IN " OLD_RESULTS, results, 2, 0},
        {"DELETE FROM match_results WHERE match_id IN " OLD_RESULTS, results, 2, 0},
        {lobbies_sql, lobbies, 4, 0},
    };
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 3, .statements = statements};
    purge.asking = true;
    muster_status status = store_submit(NULL, &request, on_purged, NULL, NULL);
    if (status) on_purged(NULL, status == MUSTER_UNAVAILABLE ? MUSTER_CLOSED : status, NULL);
}

muster_status purge_start(void) {
    purge.started_ms = loop_unix_ms();
    purge.timer = loop_timer_start(BATCH_PAUSE_MS, EVERY_MS, run_batch, NULL);
    return purge.timer ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void purge_stop(void) {
    loop_timer_stop(purge.timer);
    loop_timer_stop(purge.pause);
    purge.timer = purge.pause = NULL;
}
