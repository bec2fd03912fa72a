/* moderation - the host's keeper of sanctions: the table `sanctions`, read at the start and written
 * with each change, and who has been here, from the table of players. What a sanction does is the
 * host's business. Loop thread.
 *
 * Writes are handed to the host to be kept (MUSTER_DB_KEPT): they may be done twice. What is said
 * here is told to other nodes, and what they say is in force here (fleet.c).
 */
#include "moderation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "players/players.h"

#define ADD_VALUES 11
#define PURGE_FIRST_MS 1000
#define PURGE_EVERY_MS 600000
#define PURGE_ROWS 500
#define DAY_MS 86400000ll

/* A question of the host that waits for the database. */
struct wait {
    struct moderation *moderation;
    uint64_t ticket; /* the number of load's or of find_player's */
};

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_INT("endedDays", 365, 0, 3650, MUSTER_UNIT("days"),
                      MUSTER_LABEL("Age of ended sanctions"),
                      MUSTER_HELP("Bans, mutes, warnings and entries of the whitelist that are "
                                  "over are kept so long, then deleted; 0: for ever")));

/* Append only: a step that was released is never changed. */
static const char *const steps[] = {
    "CREATE TABLE sanctions (sanction_id TEXT PRIMARY KEY, kind TEXT NOT NULL, player_id TEXT,"
    " name TEXT NOT NULL, address TEXT, guests_only INTEGER NOT NULL, reason TEXT NOT NULL,"
    " note TEXT NOT NULL, actor TEXT NOT NULL, created_at BIGINT NOT NULL,"
    " expires_at BIGINT, ended_at BIGINT)",
    "CREATE INDEX sanctions_player ON sanctions (player_id)",
    "CREATE INDEX sanctions_ended ON sanctions (ended_at, expires_at)",
};

/* ---- values ---------------------------------------------------------------------------------- */

#define KIND_TEXT(name, code, text) [code] = (text),
static const char *const kinds[MUSTER_SANCTION_END] = {MUSTER_SANCTION_MAP(KIND_TEXT)};
#undef KIND_TEXT

static struct muster_db_value integer_or_null(int64_t i) {
    return i ? muster_db_integer(i) : (struct muster_db_value){.type = MUSTER_DB_NULL};
}

#define CELL_BYTES 512 /* longer than any text of a sanction */

static const char *cell_text(const struct muster_db_value *cell, char out[CELL_BYTES]) {
    size_t len = cell->type == MUSTER_DB_TEXT ? cell->bytes.len : 0;
    if (len >= CELL_BYTES) len = CELL_BYTES - 1;
    if (len) memcpy(out, cell->bytes.data, len);
    out[len] = '\0';
    return out;
}

static int64_t cell_integer(const struct muster_db_value *cell) {
    return cell->type == MUSTER_DB_INT ? cell->integer : 0;
}

/* ---- asking the database ----------------------------------------------------------------------
 */

/* False: the question is not asked, and the host has to be answered. */
static bool ask(struct moderation *moderation, uint64_t ticket,
                const struct muster_db_statement *statement, muster_db_fn fn,
                muster_status *status) {
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = 1,
                                              .statements = statement,
                                              .flags = MUSTER_DB_READ_ONLY};
    struct wait *wait = malloc(sizeof *wait);
    *status = MUSTER_NO_MEMORY;
    if (!wait) return false;
    *wait = (struct wait){moderation, ticket};
    *status = moderation->host->db->query(moderation->self, &request, fn, wait, NULL);
    if (*status != MUSTER_OK) free(wait);
    return *status == MUSTER_OK;
}

/* The wait is over: it is freed. */
static struct wait take(struct wait *wait) {
    struct wait done = *wait;
    free(wait);
    return done;
}

/* ---- load ------------------------------------------------------------------------------------ */

enum {
    AT_ID,
    AT_KIND,
    AT_PLAYER,
    AT_NAME,
    AT_ADDRESS,
    AT_GUESTS,
    AT_REASON,
    AT_NOTE,
    AT_ACTOR,
    AT_CREATED,
    AT_EXPIRES,
    COLUMNS
};

const char *moderation_kind_text(uint32_t kind) {
    return kinds[kind];
}

uint32_t moderation_kind_of(const char *word) {
    uint32_t kind = 0;
    while (kind < MUSTER_SANCTION_END && strcmp(kinds[kind], word) != 0) kind++;
    return kind;
}

static void say_left_out(const struct moderation *moderation,
                         const struct muster_sanction *sanction, const char *kind) {
    const struct muster_log_field fields[] = {
        muster_log_text("sanction", sanction->key), muster_log_text("kind", kind),
        muster_log_text("player", sanction->player_key),
        muster_log_text("address", sanction->address),
        muster_log_boolean("guestsOnly", sanction->guests_only)};
    moderation->host->log->write_fields(
        moderation->self, MUSTER_LOG_ERROR,
        "a sanction is left out: its row has an unknown kind, or an "
        "address that is none",
        fields, sizeof fields / sizeof fields[0]);
}

static void put(const struct moderation *moderation, const struct muster_db_value *cells) {
    char texts[COLUMNS][CELL_BYTES];
    for (int i = 0; i < COLUMNS; i++) (void)cell_text(&cells[i], texts[i]);
    const struct muster_sanction sanction = {.size = sizeof sanction,
                                             .kind = moderation_kind_of(texts[AT_KIND]),
                                             .guests_only = cell_integer(&cells[AT_GUESTS]) != 0,
                                             .created_ms = cell_integer(&cells[AT_CREATED]),
                                             .expires_ms = cell_integer(&cells[AT_EXPIRES]),
                                             .key = texts[AT_ID],
                                             .player_key = texts[AT_PLAYER],
                                             .player_name = texts[AT_NAME],
                                             .address = texts[AT_ADDRESS],
                                             .reason = texts[AT_REASON],
                                             .note = texts[AT_NOTE],
                                             .actor = texts[AT_ACTOR]};
    if (moderation->host->moderation->put(moderation->self, &sanction) != MUSTER_OK)
        say_left_out(moderation, &sanction, texts[AT_KIND]);
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait wait = take(user);
    const struct moderation *moderation = wait.moderation;
    if (!status && rows->row_count && rows->column_count != COLUMNS) status = MUSTER_INTERNAL;
    for (uint32_t i = 0; !status && i < rows->row_count; i++)
        put(moderation, &rows->cells[(size_t)i * COLUMNS]);
    (void)moderation->host->moderation->loaded(moderation->self,
                                               (muster_load_ticket_id){wait.ticket}, status);
}

static void load(void *user, muster_load_ticket_id ticket) {
    struct moderation *moderation = user;
    const struct muster_db_value now[] = {
        muster_db_integer(moderation->host->loop->unix_ms(moderation->self))};
    const struct muster_db_statement statement = {
        "SELECT sanction_id, kind, player_id, name, address, guests_only, reason, note, actor,"
        " created_at, expires_at FROM sanctions WHERE ended_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > $1) ORDER BY created_at, sanction_id",
        now, 1, 0};
    muster_status status;
    if (!ask(moderation, ticket.value, &statement, on_rows, &status))
        (void)moderation->host->moderation->loaded(moderation->self, ticket, status);
}

/* ---- keep ------------------------------------------------------------------------------------ */

static struct muster_db_statement end_statement(struct muster_db_value values[2], const char *key,
                                                int64_t unix_ms) {
    values[0] = muster_db_text(key);
    values[1] = muster_db_integer(unix_ms);
    return (struct muster_db_statement){
        "UPDATE sanctions SET ended_at = $2 WHERE sanction_id = $1 AND ended_at IS NULL", values, 2,
        0};
}

static struct muster_db_statement add_statement(struct muster_db_value values[ADD_VALUES],
                                                const struct muster_sanction *s) {
    values[AT_ID] = muster_db_text(s->key);
    values[AT_KIND] = muster_db_text(kinds[s->kind]);
    values[AT_PLAYER] = muster_db_text_or_null(s->player_key);
    values[AT_NAME] = muster_db_text(s->player_name);
    values[AT_ADDRESS] = muster_db_text_or_null(s->address);
    values[AT_GUESTS] = muster_db_integer(s->guests_only);
    values[AT_REASON] = muster_db_text(s->reason);
    values[AT_NOTE] = muster_db_text(s->note);
    values[AT_ACTOR] = muster_db_text(s->actor);
    values[AT_CREATED] = muster_db_integer(s->created_ms);
    values[AT_EXPIRES] = integer_or_null(s->expires_ms);
    return (struct muster_db_statement){
        "INSERT INTO sanctions (sanction_id, kind, player_id, name, address, guests_only, reason,"
        " note, actor, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (sanction_id) DO NOTHING",
        values, ADD_VALUES, 0};
}

muster_status moderation_write(const struct moderation *moderation,
                               const struct muster_sanction_change *change) {
    struct muster_db_value added[ADD_VALUES], ended[MUSTER_SANCTIONS_ENDED_MAX][2];
    struct muster_db_statement statements[MUSTER_SANCTIONS_ENDED_MAX + 1];
    int64_t now_ms = moderation->host->loop->unix_ms(moderation->self);
    uint32_t count = 0;
    for (uint32_t i = 0; i < change->ended_count; i++)
        statements[count++] = end_statement(ended[i], change->ended[i], now_ms);
    if (change->added) statements[count++] = add_statement(added, change->added);
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = count,
                                              .statements = statements,
                                              .durable = MUSTER_DB_KEPT | MUSTER_DB_SYNCED};
    return moderation->host->db->query(moderation->self, &request, NULL, NULL, NULL);
}

static muster_status keep(void *user, const struct muster_sanction_change *change) {
    fleet_tell(user, change);
    return moderation_write(user, change);
}

/* ---- who has been here ----------------------------------------------------------------------- */

static void on_player(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wait wait = take(user);
    char player_key[CELL_BYTES] = "", display_name[CELL_BYTES] = "";
    if (!status && rows->row_count == 0) status = MUSTER_NOT_FOUND;
    if (!status) {
        (void)cell_text(&rows->cells[0], player_key);
        (void)cell_text(&rows->cells[1], display_name);
    }
    (void)wait.moderation->host->moderation->player_found(wait.moderation->self,
                                                          (muster_find_ticket_id){wait.ticket},
                                                          status, player_key, display_name);
}

static void find_player(void *user, muster_find_ticket_id ticket, const char *word) {
    struct moderation *moderation = user;
    char username[MUSTER_PLAYER_KEY_MAX];
    size_t len = 0;
    for (; word[len] && len + 1 < sizeof username; len++)
        username[len] = (char)tolower((unsigned char)word[len]);
    username[len] = '\0';
    const struct muster_db_value values[] = {muster_db_text(word), muster_db_text(username)};
    const struct muster_db_statement statement = {
        "SELECT player_id, display_name FROM players WHERE player_id = $1 OR username = $2"
        " ORDER BY player_id = $1 DESC LIMIT 1",
        values, 2, 0};
    muster_status status;
    if (!ask(moderation, ticket.value, &statement, on_player, &status))
        (void)moderation->host->moderation->player_found(moderation->self, ticket, status, "", "");
}

/* ---- purge ----------------------------------------------------------------------------------- */

static void on_purged(void *user, muster_status status, const struct muster_db_rows *rows) {
    const struct moderation *moderation = user;
    (void)rows;
    if (status != MUSTER_OK && status != MUSTER_CLOSED)
        moderation->host->log->write(moderation->self, MUSTER_LOG_WARN,
                                     "old sanctions were not deleted: status %d", status);
}

/* What is in force stays, however old it is. */
static void purge(void *user) {
    struct moderation *moderation = user;
    const struct muster_db_value values[] = {
        muster_db_integer(moderation->host->loop->unix_ms(moderation->self) -
                          moderation->ended_days * DAY_MS),
        muster_db_integer(PURGE_ROWS)};
    const struct muster_db_statement statement = {
        "DELETE FROM sanctions WHERE sanction_id IN (SELECT sanction_id FROM sanctions"
        " WHERE COALESCE(ended_at, expires_at) < $1 LIMIT $2)",
        values, 2, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    if (moderation->ended_days == 0) return;
    muster_status status =
        moderation->host->db->query(moderation->self, &request, on_purged, moderation, NULL);
    if (status != MUSTER_OK) on_purged(moderation, status, NULL);
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

static void plugin_fini(void *instance) {
    free(instance);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    const struct muster_keeper keeper = {
        .size = sizeof keeper, .load = load, .keep = keep, .find_player = find_player};
    struct moderation *moderation = calloc(1, sizeof *moderation);
    if (!moderation) return MUSTER_NO_MEMORY;
    moderation->self = self;
    moderation->host = host;
    moderation->ended_days = host->config->integer(self, "endedDays");
    muster_status status = host->moderation->keeper_set(self, &keeper, moderation);
    if (status != MUSTER_OK)
        plugin_fini(moderation);
    else
        *instance = moderation;
    return status;
}

static muster_status plugin_start(void *instance) {
    struct moderation *moderation = instance;
    muster_status status = players_migrate(moderation->self, moderation->host, NULL);
    if (status == MUSTER_OK)
        status = moderation->host->db->migrate(moderation->self, NULL, "moderation", steps,
                                               sizeof steps / sizeof steps[0], NULL, NULL, NULL);
    if (status != MUSTER_OK) return status;
    fleet_listen(moderation);
    return moderation->host->loop->timer_start(moderation->self, PURGE_FIRST_MS, PURGE_EVERY_MS,
                                               purge, moderation, &moderation->purge);
}

static void plugin_stop(void *instance) {
    struct moderation *moderation = instance;
    (void)moderation->host->loop->timer_stop(moderation->self, moderation->purge);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "moderation", .version = "1.0.0", .flags = MUSTER_PLUGIN_NEEDS_DATABASE,
              .description = "Keeps bans, mutes, warnings and the whitelist in the database.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .start = plugin_start, .stop = plugin_stop, .fini = plugin_fini);
