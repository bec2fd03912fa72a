/* guests - strangers make them without a proof of anything, so that they are bounded: in time by
 * guestTtlS, in number by guestsMax. A guest whose last refresh token has ended can never come
 * back: nothing is lost with the row. Near to the number those go first who never came back. */
#include "auth_local.h"

#define ROUND_ROWS 1000
#define SCARCE_PART 20 /* room is made when less than a 20th of it is left */

static const char insert_sql[] = "INSERT INTO auth_guests(player_id, seen_at) VALUES($1, $2)";
static const char seen_sql[] =
    "UPDATE auth_guests SET returned = 1, seen_at = $2 WHERE player_id = $1";
static const char expire_sql[] =
    "DELETE FROM players WHERE player_id IN (SELECT player_id FROM auth_guests"
    " WHERE returned IN (0, 1) AND seen_at < $1 ORDER BY returned, seen_at LIMIT $2)";
static const char count_sql[] = "SELECT COUNT(*) FROM auth_guests";

static bool is_scarce(const struct auth_local *auth) {
    int64_t max = auth->settings.guests_max;
    return auth->guests.count >= max - max / SCARCE_PART;
}

static void tend(struct auth_local *auth);

static void tended(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct auth_local *auth = user;
    int64_t before = auth->guests.count;
    auth->guests.tending = false;
    if (status == MUSTER_OK) auth->guests.count = rows_integer(rows, 0);
    if (status != MUSTER_OK && status != MUSTER_CLOSED)
        auth->host->log->write(auth->self, MUSTER_LOG_WARN,
                               "old guests could not be forgotten: status %d", status);
    if (status == MUSTER_OK && !auth->stopping && before - auth->guests.count >= ROUND_ROWS)
        tend(auth); /* there may be more */
}

/* Those not seen for their life; when room is scarce also those without a session: whose last
 * access token has ended. */
static void tend(struct auth_local *auth) {
    const struct settings *settings = &auth->settings;
    int64_t now_ms = auth->host->loop->unix_ms(auth->self);
    struct muster_db_value expire[] = {muster_db_integer(now_ms - settings->guest_ttl_s * 1000),
                                       muster_db_integer(ROUND_ROWS)};
    struct muster_db_value evict[] = {
        muster_db_integer(now_ms - settings->access_ttl_s * 1000 - 60000),
        muster_db_integer(settings->guests_max / SCARCE_PART + 1)};
    struct muster_db_statement statements[3];
    struct muster_db_request request = {
        .size = sizeof request, .statements = statements, .database = settings->database};
    statements[request.statement_count++] = (struct muster_db_statement){expire_sql, expire, 2, 0};
    if (is_scarce(auth))
        statements[request.statement_count++] =
            (struct muster_db_statement){expire_sql, evict, 2, 0};
    statements[request.statement_count++] = (struct muster_db_statement){count_sql, NULL, 0, 0};
    auth->guests.tending = true;
    muster_status status = auth->host->db->query(auth->self, &request, tended, auth, NULL);
    if (status != MUSTER_OK) tended(auth, status, NULL);
}

void guests_tend(struct auth_local *auth) {
    if (!auth->guests.tending) tend(auth);
}

bool guests_admit(struct auth_local *auth) {
    if (is_scarce(auth)) guests_tend(auth);
    return auth->guests.count < auth->settings.guests_max;
}

struct muster_db_statement guests_insert(const struct request *request,
                                         struct muster_db_value *params) {
    params[0] = muster_db_text(request->player_id);
    params[1] = muster_db_integer(request->now_ms);
    return (struct muster_db_statement){insert_sql, params, GUESTS_PARAMS, 0};
}

struct muster_db_statement guests_seen(const struct request *request,
                                       struct muster_db_value *params) {
    params[0] = muster_db_text(request->player_id);
    params[1] = muster_db_integer(request->now_ms);
    return (struct muster_db_statement){seen_sql, params, GUESTS_PARAMS, 0};
}
