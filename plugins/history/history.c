/* history - descriptor, configuration, lifecycle, what it is told. */
#include "history.h"

#include <stdlib.h>

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_INT(
        "lobbyDays", 7, 0, 3650, MUSTER_UNIT("days"), MUSTER_LABEL("Age of lobbies"),
        MUSTER_HELP("Lobbies and who was in them are kept so long, then deleted; 0: for ever.")),
    MUSTER_SCHEMA_INT(
        "resultDays", 365, 0, 3650, MUSTER_UNIT("days"), MUSTER_LABEL("Age of results"),
        MUSTER_HELP("Results of matches are kept so long, then deleted; 0: for ever.")),
    MUSTER_SCHEMA_INT("playerDays", 0, 0, 3650, MUSTER_UNIT("days"),
                      MUSTER_LABEL("Absence of players"),
                      MUSTER_HELP("Players without a user name here are forgotten so long after "
                                  "they were here last; 0: never.")),
    MUSTER_SCHEMA_STRING("database", "", 63, MUSTER_LABEL("Database"),
                         MUSTER_HELP("Instance of a database plugin (db_sqlite:NAME is NAME) in "
                                     "which all of it is kept; empty: the first.")));

/* ---- what it is told --------------------------------------------------------------------------
 */

/* Those that leave a lobby that closes have been in it to its end. */
static void on_seat_left(const struct history *history, muster_lobby_id lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    if (history->host->lobby->get(history->self, lobby, &info) != MUSTER_OK) return;
    if (info.state != MUSTER_LOBBY_COMPLETED) rows_lobby(history, lobby);
}

static void on_notice(void *user, const struct muster_notice *notice) {
    struct history *history = user;
    switch (notice->kind) {
    case MUSTER_NOTICE_SERVER_READY:
        history->purge.ready_ms = history->host->loop->unix_ms(history->self);
        break;
    case MUSTER_NOTICE_PLAYER_CONNECTED:
    case MUSTER_NOTICE_PLAYER_RENEWED: rows_player(history, notice->player); break;
    case MUSTER_NOTICE_LOBBY_CREATED:
        rows_lobby_created(history, notice->lobby);
        if (notice->value) rows_lobby(history, notice->lobby); /* it may have been closed here */
        break;
    case MUSTER_NOTICE_LOBBY_STATE: rows_lobby(history, notice->lobby); break;
    case MUSTER_NOTICE_SEAT_TAKEN: rows_seat(history, notice->lobby, notice->player); break;
    case MUSTER_NOTICE_SEAT_LEFT: on_seat_left(history, notice->lobby); break;
    default: break;
    }
}

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    if (report->kind != MUSTER_REPORT_MATCH_RESULT) return MUSTER_ACCEPT;
    return rows_result(instance, report->json) == MUSTER_OK ? MUSTER_ACCEPT : MUSTER_REJECT;
}

/* ---- lifecycle --------------------------------------------------------------------------------
 */

static void plugin_fini(void *instance) {
    free(instance);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    const uint64_t mask = 1u << MUSTER_NOTICE_SERVER_READY | 1u << MUSTER_NOTICE_PLAYER_CONNECTED |
                          1u << MUSTER_NOTICE_PLAYER_RENEWED | 1u << MUSTER_NOTICE_LOBBY_CREATED |
                          1u << MUSTER_NOTICE_LOBBY_STATE | 1u << MUSTER_NOTICE_SEAT_TAKEN |
                          1u << MUSTER_NOTICE_SEAT_LEFT;
    struct history *history = calloc(1, sizeof *history);
    if (!history) return MUSTER_NO_MEMORY;
    history->self = self;
    history->host = host;
    history->database = host->config->string(self, "database");
    struct muster_node_info node = {.size = sizeof node};
    (void)host->node->info(self, &node);
    history->node_id = node.node_id;
    muster_status status = host->events->subscribe(self, mask, on_notice, history);
    if (status == MUSTER_OK) status = results_add_command(history);
    if (status != MUSTER_OK)
        plugin_fini(history);
    else
        *instance = history;
    return status;
}

static muster_status plugin_start(void *instance) {
    muster_status status = rows_migrate(instance);
    return status == MUSTER_OK ? purge_start(instance) : status;
}

static void plugin_stop(void *instance) {
    purge_stop(instance);
}

static const struct muster_reporter reporter = {.size = sizeof reporter, .deliver = deliver};
static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_REPORTER, 0, &reporter},
                                           {MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "history", .version = "1.0.0", .flags = MUSTER_PLUGIN_NEEDS_DATABASE,
              .description = "Keeps who was here, lobbies and results in the database.",
              .roles = roles, .role_count = 2, .config_schema = config_schema, .init = plugin_init,
              .start = plugin_start, .stop = plugin_stop, .fini = plugin_fini);
