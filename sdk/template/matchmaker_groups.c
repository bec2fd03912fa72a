/* matchmaker_groups - makes new lobbies of so many who want the same mode and map, oldest first.
 *
 * At first within a region; who has waited long enough plays anywhere. It never fills a lobby that
 * is there: backfill would say which has room.
 */
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_MAX 16
#define REFUSED_WAIT_MS 5000

struct waiting {
    struct waiting *next;
    muster_queue_ticket_id ticket;
    uint64_t enqueued_at_ms;
    uint64_t not_before_ms; /* after a refusal */
    bool is_proposed;       /* in this tick */
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
};

struct groups {
    muster_self *self;
    const struct muster_host *host;
    uint32_t group_size;
    uint64_t region_wait_ms;
    struct waiting *oldest;
};

static struct waiting **find(struct groups *groups, muster_queue_ticket_id ticket) {
    struct waiting **at = &groups->oldest;
    while (*at && !MUSTER_ID_SAME((*at)->ticket, ticket)) at = &(*at)->next;
    return at;
}

static muster_status groups_enqueue(void *instance, const struct muster_queue_ticket *ticket) {
    struct groups *groups = instance;
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (!waiting) return MUSTER_NO_MEMORY;
    waiting->ticket = ticket->ticket;
    waiting->enqueued_at_ms = ticket->enqueued_at_ms;
    snprintf(waiting->game_mode, sizeof waiting->game_mode, "%s", ticket->game_mode);
    snprintf(waiting->region, sizeof waiting->region, "%s", ticket->region);
    snprintf(waiting->map_name, sizeof waiting->map_name, "%s", ticket->map_name);
    *find(groups, (muster_queue_ticket_id){0}) = waiting; /* nobody has it: the end */
    return MUSTER_OK;
}

static void groups_dequeue(void *instance, muster_queue_ticket_id ticket) {
    struct waiting **at = find(instance, ticket);
    struct waiting *gone = *at;
    if (!gone) return;
    *at = gone->next;
    free(gone);
}

static bool fit(const struct groups *groups, const struct waiting *a, const struct waiting *b,
                uint64_t now_ms) {
    if (strcmp(a->game_mode, b->game_mode) != 0 || strcmp(a->map_name, b->map_name) != 0)
        return false;
    if (strcmp(a->region, b->region) == 0) return true;
    uint64_t newer = a->enqueued_at_ms > b->enqueued_at_ms ? a->enqueued_at_ms : b->enqueued_at_ms;
    return now_ms >= newer + groups->region_wait_ms;
}

/* Those who fit to `first`, itself included; true: a whole group. */
static bool gather(const struct groups *groups, struct waiting *first, uint64_t now_ms,
                   struct waiting **members) {
    uint32_t count = 0;
    for (struct waiting *w = first; w && count < groups->group_size; w = w->next)
        if (!w->is_proposed && w->not_before_ms <= now_ms && fit(groups, first, w, now_ms))
            members[count++] = w;
    return count == groups->group_size && members[0] == first;
}

static void groups_tick(void *instance, uint64_t now_ms, muster_propose_fn propose,
                        void *proposals) {
    struct groups *groups = instance;
    struct waiting *members[GROUP_MAX];
    muster_queue_ticket_id tickets[GROUP_MAX];
    for (struct waiting *w = groups->oldest; w; w = w->next) w->is_proposed = false;
    for (struct waiting *first = groups->oldest; first; first = first->next) {
        if (!gather(groups, first, now_ms, members)) continue;
        for (uint32_t i = 0; i < groups->group_size; i++) tickets[i] = members[i]->ticket;
        const struct muster_group group = {.size = sizeof group,
                                           .ticket_count = groups->group_size,
                                           .tickets = tickets,
                                           .game_mode = first->game_mode,
                                           .region = first->region,
                                           .map_name = first->map_name};
        if (propose(proposals, &group) != MUSTER_OK) return; /* no more in this tick */
        for (uint32_t i = 0; i < groups->group_size; i++) members[i]->is_proposed = true;
    }
}

/* Only who is the cause waits apart; the others may find another group at once. */
static void groups_refused(void *instance, const struct muster_group_refusal *refusal) {
    struct groups *groups = instance;
    struct waiting *waiting = *find(groups, refusal->ticket);
    if (waiting && refusal->is_cause)
        waiting->not_before_ms = groups->host->loop->now_ms(groups->self) + REFUSED_WAIT_MS;
}

static muster_status groups_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct groups *groups = calloc(1, sizeof *groups);
    if (!groups) return MUSTER_NO_MEMORY;
    groups->self = self;
    groups->host = host;
    groups->group_size = (uint32_t)host->config->integer(self, "groupSize");
    groups->region_wait_ms = (uint64_t)host->config->integer(self, "regionWait");
    *instance = groups;
    return MUSTER_OK;
}

static void groups_fini(void *instance) {
    struct groups *groups = instance;
    while (groups->oldest) groups_dequeue(groups, groups->oldest->ticket);
    free(groups);
}

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_INT("groupSize", 2, 1, 16, MUSTER_UNIT("players"),
                                MUSTER_LABEL("Players of a new lobby")),
              MUSTER_SCHEMA_DURATION_MS("regionWait", 20000, 0, 600000,
                                        MUSTER_LABEL("After that the region does not matter")));
static const struct muster_matchmaker matchmaker = {.size = sizeof matchmaker,
                                                    .enqueue = groups_enqueue,
                                                    .dequeue = groups_dequeue,
                                                    .tick = groups_tick,
                                                    .refused = groups_refused};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MATCHMAKER, .vtable = &matchmaker}};

MUSTER_PLUGIN(.name = "matchmaker_groups", .version = "1.0.0",
              .description = "New lobbies for so many at a time.", .roles = roles, .role_count = 1,
              .config_schema = config_schema, .init = groups_init, .fini = groups_fini);
