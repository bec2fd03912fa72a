/* books - see the header. */
#include "books.h"

#include <string.h>

#include "auth.h"
#include "config.h"
#include "dispatch.h"
#include "http.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "methods.h"
#include "metrics.h"
#include "moderation.h"
#include "outbox.h"
#include "pacer.h"
#include "queue.h"
#include "report.h"
#include "rest.h"
#include "store.h"
#include "untrusted.h"

/* ---- wiring between the books ---------------------------------------------------------------- */

static void on_session_dropped(struct session *session) {
    queue_cancel(session);
    lobby_member_dropped(session);
}

static void on_session_ended(struct session *session, uint32_t reason) {
    queue_cancel(session);
    lobby_leave(session, reason);
}

static void on_match_ended(struct lobby *lobby, const struct match_results *results) {
    json_t *report = lobby_results_json(results);
    json_object_set_new(report, "gameMode", json_string(lobby->game_mode));
    json_object_set_new(report, "mapName", json_string(lobby_map(lobby)));
    json_object_set_new(report, "completedAt", json_integer(loop_unix_ms()));
    report_submit(MUSTER_REPORT_MATCH_RESULT, report);
}

static void on_seats_opened(struct lobby *lobby) {
    queue_backfill(lobby);
}

static void on_http_enter(const void *owner) {
    plugin_pin((struct muster_self *)owner);
    plugin_enter((struct muster_self *)owner, "http.handler");
}

static void on_http_leave(const void *owner) {
    plugin_leave();
    plugin_unpin((struct muster_self *)owner);
}

static void collect_metrics(void) {
    untrusted_report();
    metrics_set(METRIC_PLAYERS_CONNECTED, session_connected_count());
    metrics_set(METRIC_PLAYERS_MAX, (double)config_core->server.max_players);
    metrics_set(METRIC_LOBBIES_WAITING, lobby_count_state(MUSTER_LOBBY_WAITING));
    metrics_set(METRIC_LOBBIES_STARTING, lobby_count_state(MUSTER_LOBBY_STARTING));
    metrics_set(METRIC_LOBBIES_ACTIVE, lobby_count_state(MUSTER_LOBBY_ACTIVE));
    metrics_set(METRIC_LOBBIES_ENDING, lobby_count_state(MUSTER_LOBBY_ENDING));
    metrics_set(METRIC_TICK_STRETCH, pacer_stretch());
    metrics_set(METRIC_OVERLOADED, pacer_overloaded());
    metrics_set(METRIC_LOG_DROPPED, (double)log_dropped());
    metrics_set(METRIC_STORE_PENDING, outbox_count());
}

/* Who is banned is told so before a password costs anything. */
static const char *on_door(const char *address, const char *path, json_t **data) {
    static struct failure failure;
    const char *last = strrchr(path, '/');
    bool makes_account = strcmp(last, "/register") == 0 || strcmp(last, "/guest") == 0;
    const struct sanction *ban = moderation_door(address, makes_account);
    if (!ban) return NULL;
    failure = (struct failure){0};
    (void)moderation_refuse(ban, &failure);
    *data = failure.data;
    return failure.message;
}

static const struct lobby_hooks hooks = {
    .match_ended = on_match_ended,
    .seats_opened = on_seats_opened,
};

muster_status books_start(bool (*is_ready)(void)) {
    uint32_t players_max = config_core->server.max_players;
    session_set_hooks(
        &(struct session_hooks){.dropped = on_session_dropped, .ended = on_session_ended});
    http_set_call_guard(on_http_enter, on_http_leave);
    http_set_door(on_door);
    metrics_set_collector(collect_metrics);
    muster_status status = session_init(players_max);
    if (!status) status = pacer_start();
    if (!status) status = lobby_init(config_core->lobby.max_lobbies, &hooks);
    if (!status) status = queue_init(players_max);
    if (!status) status = report_init();
    dispatch_set_more(methods_plugin_find);
    if (!status) status = dispatch_init(methods_table);
    if (!status) status = rest_init(is_ready);
    return status;
}

void books_deinit(void) {
    rest_deinit();
    http_deinit();
    dispatch_deinit();
    session_deinit();
    moderation_deinit();
    store_deinit();
}
