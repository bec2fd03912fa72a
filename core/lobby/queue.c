#include "queue.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "slots.h"
#include "status.h"

#define TICK_MS 250
#define TELL_EVERY_MS 5000
#define GROUPS_PER_TICK 16

static const char draining[] = "the server is draining: it takes no new matches";

struct waiting {
    muster_player_id player;
    struct provider *matchmaker; /* pinned */
    uint64_t since_ms;
    uint64_t told_ms;
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
};

static struct {
    struct slots slots;
    struct loop_timer *timer;
    struct loop_timer *soon; /* a run right after an enqueue was answered */
} queue;

static void ask_dequeue(struct provider *p, muster_ticket_id ticket) {
    plugin_enter(p->self, "matchmaker.dequeue");
    p->matchmaker.dequeue(p->instance, ticket);
    plugin_leave();
    plugin_unpin(p->self);
}

static void remove_ticket(muster_ticket_id ticket, struct session *session) {
    const struct waiting *waiting = slots_find(&queue.slots, ticket);
    if (waiting->matchmaker) ask_dequeue(waiting->matchmaker, ticket);
    slots_remove(&queue.slots, ticket);
    if (session) session->queue_ticket = 0;
}

/* ---- placing --------------------------------------------------------------------------------- */

static struct lobby *group_lobby(const struct muster_group *group) {
    if (group->lobby) return lobby_find(group->lobby);
    json_t *settings =
        group->map_name[0] ? json_pack("{s:s}", "mapName", group->map_name) : json_object();
    struct lobby_wish wish = {
        .game_mode = group->game_mode, .region = group->region, .settings = settings};
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    if (lobby_create(&wish, &lobby, &failure))
        log_debug("queue", "no lobby for %u waiting: %s", group->ticket_count, failure.message);
    json_decref(failure.data);
    json_decref(settings);
    return lobby;
}

/* Who proposed it shall not do so again for a while. */
static void tell_refused(muster_ticket_id ticket, muster_lobby_id lobby) {
    const struct waiting *waiting = slots_find(&queue.slots, ticket);
    const struct provider *p = waiting ? waiting->matchmaker : NULL;
    if (!p || !p->matchmaker.refused) return;
    plugin_enter(p->self, "matchmaker.refused");
    p->matchmaker.refused(p->instance, ticket, lobby);
    plugin_leave();
}

/* True: seated. */
static bool place(struct lobby *lobby, muster_ticket_id ticket, uint32_t team) {
    struct waiting *waiting = slots_find(&queue.slots, ticket);
    struct session *session = waiting ? session_find(waiting->player) : NULL;
    char seat_ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    if (!session) return false;
    bool placed = lobby_place(lobby, session, team, seat_ticket, &failure) == RPC_OK;
    if (placed) {
        char text[QUEUE_TICKET_TEXT];
        snprintf(text, sizeof text, "q.%llx", (unsigned long long)ticket);
        remove_ticket(ticket, session);
        session_notify(session, "match.found",
                       json_pack("{s:s,s:o,s:s,s:s}", "ticketId", text, "lobby",
                                 lobby_info_json(lobby), "seatTicket", seat_ticket, "url",
                                 config_core->net.public_url));
    }
    json_decref(failure.data);
    return placed;
}

/* A lobby that was made for a group of which nobody could be seated is of no use. */
static void place_group(const struct muster_group *group) {
    struct lobby *lobby = group_lobby(group);
    bool placed[MUSTER_GROUP_MAX] = {false};
    uint32_t count = 0;
    for (uint32_t t = 0; lobby && t < group->ticket_count; t++)
        count += placed[t] = place(lobby, group->tickets[t], group->teams[t]);
    muster_lobby_id refusing = group->lobby || count == 0 ? group->lobby : lobby->id;
    for (uint32_t t = 0; t < group->ticket_count; t++)
        if (!placed[t]) tell_refused(group->tickets[t], refusing);
    if (lobby && !group->lobby && count == 0)
        lobby_close(lobby, MUSTER_LEAVE_TIMEOUT, "nobody could be seated");
}

static void run_matchmaker(struct provider *p) {
    static struct muster_group groups[GROUPS_PER_TICK];
    memset(groups, 0, sizeof groups);
    for (uint32_t i = 0; i < GROUPS_PER_TICK; i++) groups[i].size = sizeof groups[i];
    plugin_enter(p->self, "matchmaker.tick");
    uint32_t count = p->matchmaker.tick(p->instance, loop_now_ms(), groups, GROUPS_PER_TICK);
    plugin_leave();
    if (count > GROUPS_PER_TICK) {
        plugin_fault(p->self, "matchmaker.tick answered %u groups of %u", count, GROUPS_PER_TICK);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct muster_group *group = &groups[i];
        group->game_mode[MUSTER_NAME_MAX - 1] = group->region[MUSTER_NAME_MAX - 1] =
            group->map_name[MUSTER_NAME_MAX - 1] = '\0';
        if (group->ticket_count <= MUSTER_GROUP_MAX)
            place_group(group);
        else
            plugin_fault(p->self, "matchmaker.tick answered a group of %u", group->ticket_count);
    }
}

static void tell_waiting(struct waiting *waiting, muster_ticket_id ticket) {
    uint64_t now_ms = loop_now_ms();
    struct session *session = session_find(waiting->player);
    if (!session || now_ms - waiting->told_ms < TELL_EVERY_MS) return;
    waiting->told_ms = now_ms;
    char text[QUEUE_TICKET_TEXT];
    snprintf(text, sizeof text, "q.%llx", (unsigned long long)ticket);
    const char *reason = lobby_draining() ? draining : NULL;
    session_notify(session, "match.searching",
                   json_pack("{s:s,s:I,s:[s],s:s*}", "ticketId", text, "waitedMs",
                             (json_int_t)(now_ms - waiting->since_ms), "regions", waiting->region,
                             "reason", reason));
}

static void adopt_orphans(void);

static void run_all(void) {
    if (queue.slots.count == 0) return;
    adopt_orphans();
    for (struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER); p; p = p->next)
        run_matchmaker(p);
    muster_ticket_id ticket = 0;
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket));)
        tell_waiting(waiting, ticket);
}

static void on_timer(void *user) {
    (void)user;
    run_all();
}

static void on_soon(void *user) {
    (void)user;
    queue.soon = NULL;
    run_all();
}

static void run_soon(void) {
    if (!queue.soon) queue.soon = loop_timer_start(0, 0, on_soon, NULL);
}

/* ---- life ------------------------------------------------------------------------------------ */

muster_status queue_init(uint32_t players_max) {
    queue.timer = loop_timer_start(TICK_MS, TICK_MS, on_timer, NULL);
    if (!queue.timer) return MUSTER_NO_MEMORY;
    /* One more than players: a new wish is taken before the old one goes. */
    return slots_init(&queue.slots, players_max + 1, sizeof(struct waiting));
}

void queue_deinit(void) {
    muster_ticket_id ticket = 0;
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket));)
        remove_ticket(ticket, session_find(waiting->player));
    loop_timer_stop(queue.soon);
    loop_timer_stop(queue.timer);
    queue.soon = queue.timer = NULL;
    slots_deinit(&queue.slots);
}

uint32_t queue_count(void) {
    return queue.slots.count;
}

static int32_t check_wish(const struct session *session, const char *game_mode, const char *region,
                          const char *map_name, struct failure *failure) {
    const struct mode_entry *mode = registry_mode(game_mode);
    if (!mode)
        return failure_set(failure, RPC_INVALID_PARAMS, "gameMode: unknown mode \"%s\"", game_mode);
    bool known_map = map_name[0] == '\0';
    for (uint32_t i = 0; i < mode->map_count; i++)
        known_map = known_map || strcmp(mode->maps[i], map_name) == 0;
    if (!known_map)
        return failure_set(failure, RPC_INVALID_PARAMS, "mapName: unknown map \"%s\"", map_name);
    if (region[0] && !lobby_region_served(region))
        return failure_set(failure, RPC_INVALID_PARAMS, "region: \"%s\" is not served here",
                           region);
    if (session->lobby) {
        const struct lobby *lobby = lobby_find(session->lobby);
        return failure_set_data(failure, RPC_ALREADY_IN_LOBBY,
                                json_pack("{s:s}", "lobbyId", lobby ? lobby->key : ""),
                                "you are in a lobby: leave it first");
    }
    if (lobby_draining()) return failure_set(failure, RPC_SERVER_FULL, "%s", draining);
    if (!registry_first(MUSTER_ROLE_MATCHMAKER))
        return failure_set(failure, RPC_UNAVAILABLE, "this server has no matchmaking");
    return RPC_OK;
}

static muster_status ask_enqueue(struct provider *p, muster_ticket_id id,
                                 const struct waiting *waiting) {
    struct muster_queue_ticket ticket = {
        .size = sizeof ticket,
        .ticket = id,
        .player = waiting->player,
        .game_mode = waiting->game_mode,
        .region = waiting->region,
        .map_name = waiting->map_name,
        .enqueued_at_ms = waiting->since_ms,
    };
    plugin_enter(p->self, "matchmaker.enqueue");
    muster_status status = p->matchmaker.enqueue(p->instance, &ticket);
    plugin_leave();
    return status;
}

/* A reload has replaced the matchmaker: whoever waits goes on waiting at the new one. */
static void adopt_orphans(void) {
    struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER);
    muster_ticket_id ticket = 0;
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket));) {
        if (waiting->matchmaker && !waiting->matchmaker->self->superseded) continue;
        if (waiting->matchmaker) ask_dequeue(waiting->matchmaker, ticket);
        waiting->matchmaker = NULL;
        if (!p || ask_enqueue(p, ticket, waiting)) continue; /* tried again at the next tick */
        waiting->matchmaker = p;
        plugin_pin(p->self);
    }
}

static void fill(struct waiting *waiting, const struct session *session, const char *game_mode,
                 const char *region, const char *map_name) {
    waiting->player = session->id;
    waiting->since_ms = waiting->told_ms = loop_now_ms();
    const char *wanted = region[0] ? region : session->region;
    if (!lobby_region_served(wanted)) wanted = config_core->server.region;
    snprintf(waiting->game_mode, sizeof waiting->game_mode, "%s", game_mode);
    snprintf(waiting->region, sizeof waiting->region, "%s", wanted);
    snprintf(waiting->map_name, sizeof waiting->map_name, "%s", map_name);
}

int32_t queue_find(struct session *session, const char *game_mode, const char *region,
                   const char *map_name, char ticket[QUEUE_TICKET_TEXT], struct failure *failure) {
    if (check_wish(session, game_mode, region, map_name, failure)) return failure->code;
    struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER);
    muster_ticket_id id;
    struct waiting *waiting = slots_add(&queue.slots, &id);
    if (!waiting) return failure_set(failure, RPC_SERVER_FULL, "too many players are searching");
    fill(waiting, session, game_mode, region, map_name);
    muster_status status = ask_enqueue(p, id, waiting);
    if (status) {
        slots_remove(&queue.slots, id);
        return failure_set(failure, RPC_UNAVAILABLE, "matchmaking refused: %s",
                           status_text(status));
    }
    queue_cancel(session); /* a wish that is taken replaces the one before */
    waiting->matchmaker = p;
    plugin_pin(p->self);
    session->queue_ticket = id;
    snprintf(ticket, QUEUE_TICKET_TEXT, "q.%llx", (unsigned long long)id);
    run_soon();
    return RPC_OK;
}

void queue_cancel(struct session *session) {
    if (slots_find(&queue.slots, session->queue_ticket))
        remove_ticket(session->queue_ticket, session);
}

void queue_backfill(const struct lobby *lobby) {
    if (queue.slots.count == 0 || !lobby_open(lobby)) return;
    for (struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER); p; p = p->next) {
        if (!p->matchmaker.backfill) continue;
        plugin_enter(p->self, "matchmaker.backfill");
        p->matchmaker.backfill(p->instance, lobby->id);
        plugin_leave();
    }
    run_soon();
}
