/* match_fill - the plain matchmaker: everybody goes to the first open lobby of the wanted mode, map
 * and region, running ones included; after a wait any region will do; where nothing is open, a new
 * lobby is proposed at once, for all who wait for the same. Asked by the host's queue. */
#include <muster/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { OPEN_MAX = 1024 }; /* open lobbies looked at in one tick */
enum { NEW_MAX = 64 };    /* lobbies proposed to be made in one tick */
enum { REFUSALS_MAX = 8, REFUSAL_LIFE_MS = 5000 };

static const char schema[] =
    "[{\"key\":\"searchFallbackMs\",\"type\":\"duration\",\"unit\":\"ms\",\"default\":10000,"
    "\"min\":0,\"max\":600000,\"label\":\"Region fallback\",\"help\":\"After this wait a lobby of "
    "any region will do.\"},"
    "{\"key\":\"queueMax\",\"type\":\"int\",\"default\":4096,\"min\":1,\"max\":65536,"
    "\"unit\":\"tickets\",\"label\":\"Queue\",\"help\":\"More tickets are refused.\"},"
    "{\"key\":\"newLobbyPlayersMax\",\"type\":\"int\",\"default\":8,\"min\":1,\"max\":128,"
    "\"unit\":\"players\",\"label\":\"Players of a new lobby\",\"help\":\"So many who wait are "
    "sent "
    "to one new lobby.\"}]";

/* What did not take a ticket is not proposed for it again until then. */
struct refusal {
    muster_lobby_id lobby; /* 0: a new one */
    uint64_t until_ms;     /* 0: free */
};

struct waiting {
    muster_queue_ticket_id ticket;
    uint64_t enqueued_at_ms;
    bool is_proposed; /* in this tick */
    struct refusal refusals[REFUSALS_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
};

struct open_lobby {
    struct muster_lobby_info info;
    uint32_t room;
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
    uint64_t fallback_ms;
    uint32_t queue_max;
    uint32_t group_max;
    uint32_t count;
    uint32_t open_count;
    uint64_t now_ms;       /* of the newest tick */
    struct waiting *queue; /* in order of arrival */
    struct open_lobby open[OPEN_MAX];
};

/* One call of tick. */
struct proposing {
    muster_propose_fn propose;
    void *proposals;
    uint32_t new_count; /* lobbies proposed to be made */
};

/* ---- the queue ------------------------------------------------------------------------------ */

static bool name_copy(char *out, const char *name) {
    return snprintf(out, MUSTER_NAME_MAX, "%s", name) < MUSTER_NAME_MAX;
}

static muster_status fill_enqueue(void *state, const struct muster_queue_ticket *ticket) {
    struct instance *instance = state;
    if (instance->count == instance->queue_max) return MUSTER_FULL;
    struct waiting *w = &instance->queue[instance->count];
    *w = (struct waiting){.ticket = ticket->ticket, .enqueued_at_ms = ticket->enqueued_at_ms};
    if (!name_copy(w->game_mode, ticket->game_mode) || !name_copy(w->region, ticket->region) ||
        !name_copy(w->map_name, ticket->map_name))
        return MUSTER_INVALID;
    instance->count++;
    return MUSTER_OK;
}

static void fill_dequeue(void *state, muster_queue_ticket_id ticket) {
    struct instance *instance = state;
    for (uint32_t i = 0; i < instance->count; i++) {
        if (!MUSTER_ID_SAME(instance->queue[i].ticket, ticket)) continue;
        instance->count--;
        memmove(&instance->queue[i], &instance->queue[i + 1],
                (instance->count - i) * sizeof(*instance->queue));
        return;
    }
}

/* ---- refusals ------------------------------------------------------------------------------- */

static void fill_refused(void *state, const struct muster_group_refusal *refusal) {
    struct instance *instance = state;
    if (!refusal->is_cause) return;
    for (uint32_t i = 0; i < instance->count; i++) {
        struct waiting *w = &instance->queue[i];
        if (!MUSTER_ID_SAME(w->ticket, refusal->ticket)) continue;
        struct refusal *oldest = &w->refusals[0];
        for (uint32_t r = 1; r < REFUSALS_MAX; r++)
            if (w->refusals[r].until_ms < oldest->until_ms) oldest = &w->refusals[r];
        *oldest = (struct refusal){refusal->lobby, instance->now_ms + REFUSAL_LIFE_MS};
    }
}

static bool is_refused(const struct waiting *w, muster_lobby_id lobby, uint64_t now_ms) {
    for (uint32_t r = 0; r < REFUSALS_MAX; r++)
        if (w->refusals[r].until_ms > now_ms && MUSTER_ID_SAME(w->refusals[r].lobby, lobby))
            return true;
    return false;
}

/* ---- open lobbies --------------------------------------------------------------------------- */

static bool is_open(const struct muster_lobby_info *info) {
    bool joinable = info->state == MUSTER_LOBBY_WAITING || info->state == MUSTER_LOBBY_STARTING ||
                    info->state == MUSTER_LOBBY_ACTIVE;
    return joinable && !info->is_private && !info->is_unmatched &&
           info->players_current < info->players_max;
}

static void open_collect(struct instance *instance) {
    const struct muster_host_lobby *lobby = instance->host->lobby;
    struct muster_lobby_info info = {.size = sizeof(info)};
    muster_status status = lobby->next(instance->self, (muster_lobby_id){0}, &info);
    instance->open_count = 0;
    while (status == MUSTER_OK && instance->open_count < OPEN_MAX) {
        if (is_open(&info))
            instance->open[instance->open_count++] =
                (struct open_lobby){info, info.players_max - info.players_current};
        status = lobby->next(instance->self, info.lobby, &info);
    }
}

static bool is_wanted(const struct waiting *w, const struct muster_lobby_info *info,
                      bool any_region) {
    return strcmp(info->game_mode, w->game_mode) == 0 &&
           (any_region || strcmp(info->region, w->region) == 0) &&
           (!w->map_name[0] || strcmp(info->map_name, w->map_name) == 0);
}

static struct open_lobby *open_find(struct instance *instance, const struct waiting *w,
                                    bool any_region) {
    for (uint32_t i = 0; i < instance->open_count; i++) {
        struct open_lobby *open = &instance->open[i];
        if (open->room && is_wanted(w, &open->info, any_region) &&
            !is_refused(w, open->info.lobby, instance->now_ms))
            return open;
    }
    return NULL;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* One by one: whom the lobby refuses keeps nobody else out. False: no more is taken. */
static bool propose_open(const struct proposing *to, struct waiting *w, struct open_lobby *open) {
    bool near = strcmp(open->info.region, w->region) == 0;
    const struct muster_group group = {
        .size = sizeof(group),
        .ticket_count = 1,
        .tickets = &w->ticket,
        .lobby = open->info.lobby,
        .explanation = near ? "the first lobby with a free seat"
                            : "a lobby of another region: none of yours had a free seat",
    };
    w->is_proposed = true;
    open->room--;
    return to->propose(to->proposals, &group) == MUSTER_OK;
}

static bool is_alike(const struct waiting *a, const struct waiting *b) {
    return strcmp(a->game_mode, b->game_mode) == 0 && strcmp(a->region, b->region) == 0 &&
           strcmp(a->map_name, b->map_name) == 0;
}

/* For this one and those behind it who wait for the same. */
static bool propose_new(struct instance *instance, struct proposing *to, uint32_t first) {
    struct waiting *w = &instance->queue[first];
    muster_queue_ticket_id tickets[MUSTER_GROUP_MAX];
    struct muster_group group = {
        .size = sizeof(group),
        .tickets = tickets,
        .game_mode = w->game_mode,
        .region = w->region,
        .map_name = w->map_name,
        .explanation = "a new lobby: no other had a free seat",
    };
    for (uint32_t i = first; i < instance->count && group.ticket_count < instance->group_max; i++) {
        struct waiting *other = &instance->queue[i];
        if (other->is_proposed || !is_alike(w, other) ||
            is_refused(other, (muster_lobby_id){0}, instance->now_ms))
            continue;
        other->is_proposed = true;
        tickets[group.ticket_count++] = other->ticket;
    }
    return to->propose(to->proposals, &group) == MUSTER_OK && ++to->new_count < NEW_MAX;
}

/* False: no more is taken. */
static bool place(struct instance *instance, struct proposing *to, uint32_t index) {
    struct waiting *w = &instance->queue[index];
    if (w->is_proposed) return true;
    struct open_lobby *open = open_find(instance, w, false);
    if (!open && instance->now_ms - w->enqueued_at_ms >= instance->fallback_ms)
        open = open_find(instance, w, true);
    if (open) return propose_open(to, w, open);
    return is_refused(w, (muster_lobby_id){0}, instance->now_ms) ||
           propose_new(instance, to, index);
}

static void fill_tick(void *state, uint64_t now_ms, muster_propose_fn propose, void *proposals) {
    struct instance *instance = state;
    struct proposing to = {propose, proposals, 0};
    instance->now_ms = now_ms;
    if (!instance->count) return;
    open_collect(instance);
    for (uint32_t i = 0; i < instance->count; i++) instance->queue[i].is_proposed = false;
    for (uint32_t i = 0; i < instance->count; i++)
        if (!place(instance, &to, i)) return;
}

static const struct muster_matchmaker matchmaker = {.size = sizeof(matchmaker),
                                                    .enqueue = fill_enqueue,
                                                    .dequeue = fill_dequeue,
                                                    .tick = fill_tick,
                                                    .refused = fill_refused};

/* ---- lifecycle ------------------------------------------------------------------------------ */

static void fill_fini(void *state) {
    struct instance *instance = state;
    free(instance->queue);
    free(instance);
}

static muster_status fill_init(muster_self *self, const struct muster_host *host, void **out) {
    const struct muster_host_config *config = host->config;
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance) return MUSTER_NO_MEMORY;
    instance->self = self;
    instance->host = host;
    instance->fallback_ms = (uint64_t)config->integer(self, "searchFallbackMs");
    instance->queue_max = (uint32_t)config->integer(self, "queueMax");
    instance->group_max = (uint32_t)config->integer(self, "newLobbyPlayersMax");
    instance->queue = calloc(instance->queue_max, sizeof(*instance->queue));
    if (!instance->queue) {
        fill_fini(instance);
        return MUSTER_NO_MEMORY;
    }
    *out = instance;
    return MUSTER_OK;
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MATCHMAKER, .vtable = &matchmaker}};

MUSTER_PLUGIN(.name = "match_fill", .version = "1.0.0",
              .description = "Matchmaker: fills the first open lobby, else opens one.",
              .roles = roles, .role_count = 1, .config_schema = schema, .init = fill_init,
              .fini = fill_fini);
