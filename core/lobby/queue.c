#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "config.h"
#include "log.h"
#include "loop.h"
#include "queue_kept.h"
#include "slots.h"
#include "status.h"

#define TICK_MS 250
#define TELL_EVERY_MS 5000
#define GROUPS_PER_TICK 1024

static const char draining[] = "the server is draining: it takes no new matches";
static const char overloaded[] = "the server is overloaded: new matches wait";

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
    bool changed;            /* and not kept yet */
} queue;

static void ask_dequeue(struct provider *p, muster_queue_ticket_id ticket) {
    plugin_enter(p->self, "matchmaker.dequeue");
    p->matchmaker.dequeue(p->instance, ticket);
    plugin_leave();
    plugin_unpin(p->self);
}

static void remove_ticket(muster_queue_ticket_id ticket, struct session *session) {
    const struct waiting *waiting = slots_find(&queue.slots, ticket.value);
    if (waiting->matchmaker) ask_dequeue(waiting->matchmaker, ticket);
    slots_remove(&queue.slots, ticket.value);
    queue.changed = true;
    if (session) session->queue_ticket = (muster_queue_ticket_id){0};
}

/* ---- what is proposed ------------------------------------------------------------------------ */

struct proposal {
    struct proposal *next;
    muster_lobby_id lobby; /* 0: a new one */
    json_t *settings;      /* of a new one */
    uint32_t ticket_count;
    muster_queue_ticket_id tickets[MUSTER_GROUP_MAX];
    uint32_t teams[MUSTER_GROUP_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char explanation[MUSTER_REASON_MAX];
};

/* Of one call of a matchmaker's tick. */
struct proposals {
    struct provider *by;
    struct proposal *first;
    struct proposal **end;
    uint32_t count;
};

static bool text_take(char *out, size_t cap, const char *text) {
    return snprintf(out, cap, "%s", text ? text : "") < (int)cap;
}

static muster_status take_tickets(const struct provider *by, const struct muster_group *group,
                                  struct proposal *out) {
    if (!group->tickets || !group->ticket_count || group->ticket_count > MUSTER_GROUP_MAX)
        return MUSTER_INVALID;
    for (uint32_t i = 0; i < group->ticket_count; i++) {
        const struct waiting *waiting = slots_find(&queue.slots, group->tickets[i].value);
        if (!waiting || waiting->matchmaker != by) return MUSTER_NOT_FOUND;
        for (uint32_t before = 0; before < i; before++)
            if (MUSTER_ID_SAME(group->tickets[before], group->tickets[i])) return MUSTER_INVALID;
        out->tickets[i] = group->tickets[i];
        out->teams[i] = group->teams ? group->teams[i] : MUSTER_TEAM_NONE;
        if (out->teams[i] > MUSTER_TEAMS_MAX) return MUSTER_INVALID;
    }
    out->ticket_count = group->ticket_count;
    return MUSTER_OK;
}

static muster_status take_settings(const struct muster_group *group, struct proposal *out) {
    const char *text =
        group->settings_json && group->settings_json[0] ? group->settings_json : "{}";
    out->settings = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(out->settings)) return MUSTER_INVALID;
    if (!group->map_name || !group->map_name[0]) return MUSTER_OK;
    return json_object_set_new(out->settings, "mapName", json_string(group->map_name))
               ? MUSTER_INVALID
               : MUSTER_OK;
}

static muster_status take_group(const struct provider *by, const struct muster_group *group,
                                struct proposal *out) {
    out->lobby = group->lobby;
    if (!text_take(out->game_mode, sizeof out->game_mode, group->game_mode) ||
        !text_take(out->region, sizeof out->region, group->region) ||
        !text_take(out->explanation, sizeof out->explanation, group->explanation))
        return MUSTER_INVALID;
    muster_status status = take_tickets(by, group, out);
    return status ? status : take_settings(group, out);
}

static void proposal_free(struct proposal *proposal) {
    json_decref(proposal->settings);
    free(proposal);
}

static muster_status propose(void *user, const struct muster_group *given) {
    struct proposals *proposals = user;
    struct muster_group group;
    if (!ABI_COPY_IN(proposals->by->self, muster_group, &group, given)) return MUSTER_INVALID;
    if (proposals->count == GROUPS_PER_TICK) return MUSTER_LIMIT;
    struct proposal *proposal = calloc(1, sizeof *proposal);
    if (!proposal) return MUSTER_NO_MEMORY;
    muster_status status = take_group(proposals->by, &group, proposal);
    if (status) {
        proposal_free(proposal);
        return status;
    }
    *proposals->end = proposal;
    proposals->end = &proposal->next;
    proposals->count++;
    return MUSTER_OK;
}

/* ---- placing --------------------------------------------------------------------------------- */

/* Each member's seat ticket, or who could not be seated and why. */
struct placing {
    char seat_tickets[MUSTER_GROUP_MAX][TICKET_TEXT_SIZE];
    uint32_t cause; /* index; ticket_count: none of them, there is no lobby */
    struct failure failure;
};

static struct lobby *proposed_lobby(const struct proposal *proposal, struct failure *failure) {
    struct lobby *lobby = NULL;
    struct lobby_wish wish = {.game_mode = proposal->game_mode,
                              .region = proposal->region,
                              .settings = proposal->settings};
    if (!proposal->lobby.value)
        (void)lobby_create(&wish, &lobby, failure);
    else if (!(lobby = lobby_find(proposal->lobby)))
        failure_set(failure, RPC_NOT_FOUND, "the lobby is gone");
    return lobby;
}

static struct session *ticket_session(muster_queue_ticket_id ticket) {
    const struct waiting *waiting = slots_find(&queue.slots, ticket.value);
    return waiting ? session_find(waiting->player) : NULL;
}

static bool seat_one(struct lobby *lobby, const struct proposal *proposal, uint32_t index,
                     struct placing *placing) {
    struct session *session = ticket_session(proposal->tickets[index]);
    if (!session)
        failure_set(&placing->failure, RPC_NOT_FOUND, "the player has gone");
    else if (session->lobby.value)
        failure_set(&placing->failure, RPC_ALREADY_IN_LOBBY, "the player is in a lobby");
    else if (!lobby_place(lobby, session, proposal->teams[index], placing->seat_tickets[index],
                          &placing->failure))
        return true;
    placing->cause = index;
    return false;
}

/* All of them, or none. */
static bool seat_all(struct lobby *lobby, const struct proposal *proposal,
                     struct placing *placing) {
    uint32_t count = 0;
    while (count < proposal->ticket_count && seat_one(lobby, proposal, count, placing)) count++;
    if (count == proposal->ticket_count) return true;
    while (count--) lobby_give_back(ticket_session(proposal->tickets[count]));
    return false;
}

static void tell_found(const struct lobby *lobby, const struct proposal *proposal,
                       const struct placing *placing) {
    for (uint32_t i = 0; i < proposal->ticket_count; i++) {
        char text[QUEUE_TICKET_TEXT];
        struct session *session = ticket_session(proposal->tickets[i]);
        snprintf(text, sizeof text, "q.%llx", (unsigned long long)proposal->tickets[i].value);
        remove_ticket(proposal->tickets[i], session);
        json_t *params =
            json_pack("{s:s,s:o,s:s,s:s}", "ticketId", text, "lobby", lobby_info_json(lobby),
                      "seatTicket", placing->seat_tickets[i], "url", config_core->net.public_url);
        if (proposal->explanation[0])
            json_object_set_new(params, "explanation", json_string(proposal->explanation));
        session_notify(session, "match.found", params);
    }
}

/* Who proposed it shall not do so again for a while. */
static void tell_refused(const struct proposal *proposal, const struct placing *placing) {
    for (uint32_t i = 0; i < proposal->ticket_count; i++) {
        const struct waiting *waiting = slots_find(&queue.slots, proposal->tickets[i].value);
        const struct provider *p = waiting ? waiting->matchmaker : NULL;
        if (!p || !p->matchmaker.refused) continue;
        const struct muster_group_refusal refusal = {
            .size = sizeof refusal,
            .is_cause = i == placing->cause || placing->cause == proposal->ticket_count,
            .ticket = proposal->tickets[i],
            .lobby = proposal->lobby,
            .reason = placing->failure.message,
        };
        plugin_enter(p->self, "matchmaker.refused");
        p->matchmaker.refused(p->instance, &refusal);
        plugin_leave();
    }
}

static void place_group(const struct proposal *proposal) {
    static struct placing placing; /* 1.3 KiB of seat tickets and more: not on the stack */
    placing = (struct placing){.cause = proposal->ticket_count};
    struct lobby *lobby = proposed_lobby(proposal, &placing.failure);
    if (lobby && seat_all(lobby, proposal, &placing)) {
        tell_found(lobby, proposal, &placing);
    } else {
        log_debug("queue", "%u waiting are not placed: %s", proposal->ticket_count,
                  placing.failure.message);
        tell_refused(proposal, &placing);
        if (lobby && !proposal->lobby.value)
            lobby_close(lobby, MUSTER_LEAVE_TIMEOUT, "nobody could be seated");
    }
    json_decref(placing.failure.data);
}

static void run_matchmaker(struct provider *p) {
    struct proposals proposals = {.by = p, .end = &proposals.first};
    plugin_enter(p->self, "matchmaker.tick");
    p->matchmaker.tick(p->instance, loop_now_ms(), propose, &proposals);
    plugin_leave();
    while (proposals.first) {
        struct proposal *proposal = proposals.first;
        proposals.first = proposal->next;
        place_group(proposal);
        proposal_free(proposal);
    }
}

static void tell_waiting(struct waiting *waiting, muster_queue_ticket_id ticket) {
    uint64_t now_ms = loop_now_ms();
    struct session *session = session_find(waiting->player);
    if (!session || now_ms - waiting->told_ms < TELL_EVERY_MS) return;
    waiting->told_ms = now_ms;
    char text[QUEUE_TICKET_TEXT];
    snprintf(text, sizeof text, "q.%llx", (unsigned long long)ticket.value);
    const char *reason = lobby_draining() ? draining : pacer_overloaded() ? overloaded : NULL;
    session_notify(session, "match.searching",
                   json_pack("{s:s,s:I,s:[s],s:s*}", "ticketId", text, "waitedMs",
                             (json_int_t)(now_ms - waiting->since_ms), "regions", waiting->region,
                             "reason", reason));
}

static void adopt_orphans(void);

/* Who was given a seat meanwhile, from outside, searches no more. */
static void drop_seated(void) {
    muster_queue_ticket_id ticket = {0};
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket.value));) {
        struct session *session = session_find(waiting->player);
        if (session && session->lobby.value) remove_ticket(ticket, session);
    }
}

static struct queue_wish wish_of(const struct waiting *waiting, const struct session *session) {
    struct queue_wish wish = {.since_unix_ms =
                                  loop_unix_ms() - (int64_t)(loop_now_ms() - waiting->since_ms)};
    memcpy(wish.player_key, session->player_key, sizeof wish.player_key);
    memcpy(wish.game_mode, waiting->game_mode, sizeof wish.game_mode);
    memcpy(wish.region, waiting->region, sizeof wish.region);
    memcpy(wish.map_name, waiting->map_name, sizeof wish.map_name);
    return wish;
}

static void keep_all(void) {
    muster_queue_ticket_id ticket = {0};
    queue.changed = false;
    queue_kept_begin();
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket.value));) {
        const struct session *session = session_find(waiting->player);
        if (!session) continue;
        const struct queue_wish wish = wish_of(waiting, session);
        queue_kept_add(&wish);
    }
    queue_kept_end();
}

static void run_all(void) {
    drop_seated();
    if (queue.changed) keep_all();
    if (queue.slots.count == 0) return;
    adopt_orphans();
    for (struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER); p && !pacer_overloaded();
         p = p->next)
        run_matchmaker(p);
    muster_queue_ticket_id ticket = {0};
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket.value));)
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

void queue_recover(void) {
    queue_kept_start();
}

void queue_deinit(void) {
    queue_kept_stop();
    muster_queue_ticket_id ticket = {0};
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket.value));)
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
    if (session->lobby.value) {
        const struct lobby *lobby = lobby_find(session->lobby);
        return failure_set_data(failure, RPC_ALREADY_IN_LOBBY,
                                json_pack("{s:s}", "lobbyId", lobby ? lobby->key : ""),
                                "you are in a lobby: leave it first");
    }
    if (lobby_draining()) return failure_set(failure, RPC_SERVER_FULL, "%s", draining);
    if (lobby_check_load(failure)) return failure->code;
    if (!registry_first(MUSTER_ROLE_MATCHMAKER))
        return failure_set(failure, RPC_UNAVAILABLE, "this server has no matchmaking");
    return RPC_OK;
}

static muster_status ask_enqueue(struct provider *p, muster_queue_ticket_id id,
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
    muster_queue_ticket_id ticket = {0};
    for (struct waiting *waiting; (waiting = slots_next(&queue.slots, &ticket.value));) {
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

/* One that a crash has cut off has waited since it began. */
static void go_on(struct waiting *waiting, const struct session *session) {
    const struct queue_wish wish = wish_of(waiting, session);
    int64_t since_unix_ms = queue_kept_take(&wish);
    int64_t waited_ms = since_unix_ms ? wish.since_unix_ms - since_unix_ms : 0;
    if (waited_ms <= 0) return;
    waiting->since_ms -= (uint64_t)waited_ms < waiting->since_ms ? (uint64_t)waited_ms : 0;
}

int32_t queue_find(struct session *session, const char *game_mode, const char *region,
                   const char *map_name, char ticket[QUEUE_TICKET_TEXT], struct failure *failure) {
    if (check_wish(session, game_mode, region, map_name, failure)) return failure->code;
    struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER);
    muster_queue_ticket_id id;
    struct waiting *waiting = slots_add(&queue.slots, &id.value);
    if (!waiting) return failure_set(failure, RPC_SERVER_FULL, "too many players are searching");
    fill(waiting, session, game_mode, region, map_name);
    go_on(waiting, session);
    muster_status status = ask_enqueue(p, id, waiting);
    if (status) {
        slots_remove(&queue.slots, id.value);
        return failure_set(failure, RPC_UNAVAILABLE, "matchmaking refused: %s",
                           status_text(status));
    }
    queue_cancel(session); /* a wish that is taken replaces the one before */
    waiting->matchmaker = p;
    plugin_pin(p->self);
    session->queue_ticket = id;
    queue.changed = true;
    snprintf(ticket, QUEUE_TICKET_TEXT, "q.%llx", (unsigned long long)id.value);
    run_soon();
    return RPC_OK;
}

void queue_cancel(struct session *session) {
    if (slots_find(&queue.slots, session->queue_ticket.value))
        remove_ticket(session->queue_ticket, session);
}

static void on_backfill(void *user) {
    const struct lobby *lobby = lobby_find((muster_lobby_id){(uintptr_t)user});
    if (lobby) queue_backfill(lobby);
}

void queue_backfill(const struct lobby *lobby) {
    if (queue.slots.count == 0 || !lobby_open(lobby)) return;
    if (plugin_depth() > 0) { /* its tick sees the lobby, should there be no room for a post */
        (void)loop_post(on_backfill, (void *)(uintptr_t)lobby->id.value);
        return;
    }
    for (struct provider *p = registry_first(MUSTER_ROLE_MATCHMAKER); p; p = p->next) {
        if (!p->matchmaker.backfill) continue;
        plugin_enter(p->self, "matchmaker.backfill");
        p->matchmaker.backfill(p->instance, lobby->id);
        plugin_leave();
    }
    run_soon();
}
