/* outbox - the table of what the directory has not answered for yet. */
#include <string.h>

#include "reporter_central.h"

/* Append only: a step that was released is never changed. */
static const char *const steps[] = {
    "CREATE TABLE reporter_central_outbox (report_key TEXT PRIMARY KEY, rank INTEGER NOT NULL,"
    " created_at BIGINT NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX reporter_central_outbox_created ON reporter_central_outbox (created_at)",
};

muster_status outbox_open(struct reporter *reporter) {
    return reporter->host->db->migrate(reporter->self, reporter->database, "reporter_central",
                                       steps, sizeof steps / sizeof steps[0], NULL, NULL, NULL);
}

static muster_status ask(struct reporter *reporter, const struct muster_db_statement *statements,
                         uint32_t count, uint32_t durable, uint32_t flags, muster_db_fn fn) {
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = count,
                                              .statements = statements,
                                              .durable = durable,
                                              .flags = flags,
                                              .database = reporter->database};
    return reporter->host->db->query(reporter->self, &request, fn, reporter, NULL);
}

muster_status outbox_put(struct reporter *reporter, uint32_t rank, const char *key,
                         const char *body) {
    const struct muster_db_value values[] = {
        muster_db_text(key), muster_db_integer(rank),
        muster_db_integer(reporter->host->loop->unix_ms(reporter->self)),
        muster_db_integer((int64_t)strlen(body)), muster_db_text(body)};
    const struct muster_db_statement statement = {
        "INSERT INTO reporter_central_outbox (report_key, rank, created_at, bytes, body)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (report_key) DO NOTHING",
        values, 5, 0};
    const struct muster_db_request request = {
        .size = sizeof request,
        .statement_count = 1,
        .statements = &statement,
        .durable = MUSTER_DB_KEPT | (rank == RANK_ACTIVITY ? 0 : MUSTER_DB_SYNCED),
        .database = reporter->database};
    return reporter->host->db->query(reporter->self, &request, NULL, NULL, NULL);
}

muster_status outbox_read(struct reporter *reporter, bool suspicions, uint32_t count,
                          muster_db_fn fn) {
    const struct muster_db_value values[] = {muster_db_integer(RANK_SUSPICION),
                                             muster_db_integer(count)};
    const struct muster_db_statement statement = {
        suspicions ? "SELECT report_key, body FROM reporter_central_outbox WHERE rank = $1"
                     " ORDER BY created_at, report_key LIMIT $2"
                   : "SELECT report_key, body FROM reporter_central_outbox WHERE rank <> $1"
                     " ORDER BY created_at, report_key LIMIT $2",
        values, 2, 0};
    return ask(reporter, &statement, 1, 0, MUSTER_DB_READ_ONLY, fn);
}

muster_status outbox_remove(struct reporter *reporter, muster_db_fn fn) {
    struct muster_db_statement statements[BATCH_ROWS];
    struct muster_db_value keys[BATCH_ROWS];
    for (uint32_t i = 0; i < reporter->batch.count; i++) {
        keys[i] = muster_db_text(reporter->batch.keys[i]);
        statements[i] = (struct muster_db_statement){
            "DELETE FROM reporter_central_outbox WHERE report_key = $1", &keys[i], 1, 0};
    }
    return ask(reporter, statements, reporter->batch.count, 0, 0, fn);
}

muster_status outbox_count(struct reporter *reporter, muster_db_fn fn) {
    static const struct muster_db_statement statement = {
        "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM reporter_central_outbox", NULL, 0, 0};
    return ask(reporter, &statement, 1, 0, MUSTER_DB_READ_ONLY, fn);
}

muster_status outbox_give_up(struct reporter *reporter, int64_t rows, muster_db_fn fn) {
    const struct muster_db_value values[] = {muster_db_integer(rows)};
    const struct muster_db_statement statement = {
        "DELETE FROM reporter_central_outbox WHERE report_key IN"
        " (SELECT report_key FROM reporter_central_outbox"
        " ORDER BY rank, created_at, report_key LIMIT $1)",
        values, 1, 0};
    return ask(reporter, &statement, 1, 0, 0, fn);
}
