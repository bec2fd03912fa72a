/* purge - rows that have had their time: what was reported, and where players were. Every ten
 * minutes, kind by kind, a bounded number of rows at once, until none is left. */
#include "service_directory.h"

#define EVERY_MS 600000
#define FIRST_MS 1000
#define DAY_MS 86400000ll

/* Values: before when a row is old, how many. The last statement of a kind says whether there are
 * more. */
static const struct kind {
    const char *key; /* of the configuration: how many days; 0: for ever */
    uint32_t batch_rows;
    const char *statements[2];
} kinds[] = {
    {"activityDays",
     500,
     {NULL,
      "DELETE FROM directory_visits WHERE (player_id, server_id, first_at) IN (SELECT player_id,"
      " server_id, first_at FROM directory_visits WHERE last_at < $1 LIMIT $2)"}},
    {"activityDays",
     500,
     {NULL, "DELETE FROM directory_activity WHERE (server_id, activity_key) IN (SELECT server_id,"
            " activity_key FROM directory_activity WHERE received_at < $1 LIMIT $2)"}},
    {"resultDays",
     20, /* each with the rows of its players */
     {"DELETE FROM directory_result_players WHERE (server_id, match_id) IN (SELECT server_id,"
      " match_id FROM directory_results WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
      "DELETE FROM directory_results WHERE (server_id, match_id) IN (SELECT server_id,"
      " match_id FROM directory_results WHERE received_at < $1 ORDER BY received_at LIMIT $2)"}},
    {"reportDays",
     500,
     {NULL,
      "DELETE FROM directory_reports WHERE (server_id, report_id) IN (SELECT server_id, report_id"
      " FROM directory_reports WHERE received_at < $1 LIMIT $2)"}},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void look(struct directory *directory);

static void on_purged(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct directory *directory = user;
    if (status == MUSTER_CLOSED) return;
    if (status != MUSTER_OK) {
        directory->host->log->write(directory->self, MUSTER_LOG_WARN, "old rows are kept: %s",
                                    muster_status_text(status));
        directory->purge.kind++; /* this one in the next round */
    } else if (rows->changes < kinds[directory->purge.kind].batch_rows) {
        directory->purge.kind++;
    }
    look(directory);
}

static muster_status ask(struct directory *directory, const struct kind *kind, int64_t days) {
    const struct muster_db_value values[] = {
        muster_db_integer(directory->host->loop->unix_ms(directory->self) - days * DAY_MS),
        muster_db_integer(kind->batch_rows)};
    struct muster_db_statement statements[2];
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++)
        if (kind->statements[i])
            statements[count++] = (struct muster_db_statement){kind->statements[i], values, 2, 0};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = count,
                                              .statements = statements,
                                              .database = directory->database};
    return directory->host->db->query(directory->self, &request, on_purged, directory, NULL);
}

/* The next kind that has an end. */
static void look(struct directory *directory) {
    for (; directory->purge.kind < KINDS; directory->purge.kind++) {
        const struct kind *kind = &kinds[directory->purge.kind];
        int64_t days = directory->host->config->integer(directory->self, kind->key);
        if (days > 0 && ask(directory, kind, days) == MUSTER_OK) return;
    }
}

static void begin_round(void *user) {
    struct directory *directory = user;
    if (directory->purge.kind < KINDS) return; /* the round before lasts */
    directory->purge.kind = 0;
    look(directory);
}

muster_status purge_start(struct directory *directory) {
    directory->purge.kind = KINDS;
    return directory->host->loop->timer_start(directory->self, FIRST_MS, EVERY_MS, begin_round,
                                              directory, &directory->purge.round);
}

void purge_stop(struct directory *directory) {
    (void)directory->host->loop->timer_stop(directory->self, directory->purge.round);
}
