/* match_fill - the plain matchmaker: everybody goes to the first open lobby of the wanted mode, map
 * and region, running ones included; after a wait any region will do; where nothing is open, a new
 * lobby is proposed at once, for all who wait for the same. Where other plugins say who belongs
 * together (muster.party) or how well somebody plays (muster.rating), a party is placed whole, and
 * those whose ratings are near to each other play together. Asked by the host's queue. */
#include <muster/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { OPEN_MAX = 1024 }; /* open lobbies looked at in one tick */
enum { NEW_MAX = 64 };    /* lobbies proposed to be made in one tick */
enum { REFUSALS_MAX = 8, REFUSAL_LIFE_MS = 5000 };

MUSTER_SCHEMA(
    schema,
    MUSTER_SCHEMA_DURATION_MS(
        "searchFallbackMs", 10000, 0, 600000, MUSTER_LABEL("Region fallback"),
        MUSTER_HELP("After this wait a lobby of any region and rating will do.")),
    MUSTER_SCHEMA_INT(
        "ratingSpread", 200, 0, 1000000, MUSTER_UNIT("points"), MUSTER_LABEL("Rating spread"),
        MUSTER_HELP(
            "Where a plugin offers ratings: so far from its mean may be who comes into a lobby.")),
    MUSTER_SCHEMA_INT("queueMax", 4096, 1, 65536, MUSTER_UNIT("tickets"), MUSTER_LABEL("Queue"),
                      MUSTER_HELP("More tickets are refused.")),
    MUSTER_SCHEMA_INT("newLobbyPlayersMax", 8, 1, 128, MUSTER_UNIT("players"),
                      MUSTER_LABEL("Players of a new lobby"),
                      MUSTER_HELP("So many who wait are sent to one new lobby.")));

/* What did not take a ticket is not proposed for it again until then. */
struct refusal {
    muster_lobby_id lobby; /* 0: a new one */
    uint64_t until_ms;     /* 0: free */
};

struct waiting {
    muster_queue_ticket_id ticket;
    muster_player_id player;
    uint64_t enqueued_at_ms;
    uint64_t party;        /* 0: none */
    uint32_t member_count; /* of the party */
    uint32_t mates_at;     /* of the party in `mates` */
    int32_t rating;
    bool is_done; /* in this tick: proposed, or waits for others of its party */
    struct refusal refusals[REFUSALS_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
};

struct open_lobby {
    struct muster_lobby_info info;
    uint32_t room;
    int64_t rating; /* the mean of its players' */
    bool is_rated;
};

/* Who waits and is of a party. */
struct mate {
    uint64_t party;
    uint32_t index; /* in the queue */
};

/* Those who are placed together: a party, or one alone. */
struct unit {
    uint32_t count;
    uint32_t members[MUSTER_GROUP_MAX]; /* in the queue */
    int64_t rating;                     /* their mean */
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
    muster_interface_id party;
    muster_interface_id rating;
    bool is_rated; /* in this tick somebody offers ratings */
    int64_t rating_spread;
    uint64_t fallback_ms;
    uint32_t queue_max;
    uint32_t group_max;
    uint32_t count;
    uint32_t open_count;
    uint64_t now_ms;       /* of the newest tick */
    struct waiting *queue; /* in order of arrival */
    struct mate *mates;    /* by party, and as they came; room for the queue */
    uint32_t mate_count;
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
    *w = (struct waiting){.ticket = ticket->ticket,
                          .player = ticket->player,
                          .enqueued_at_ms = ticket->enqueued_at_ms};
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

/* ---- who belongs together, and plays how well --------------------------------------------------
 */

static void ask_party(void *user, const void *vtable, void *offered) {
    const struct muster_party *party = vtable;
    struct instance *instance = user;
    for (uint32_t i = 0; i < instance->count; i++) {
        struct waiting *w = &instance->queue[i];
        w->party = party->party(offered, w->player, &w->member_count);
    }
}

static int mate_compare(const void *left, const void *right) {
    const struct mate *a = left, *b = right;
    if (a->party != b->party) return a->party < b->party ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void mates_sort(struct instance *instance) {
    struct mate *mates = instance->mates;
    uint32_t count = 0;
    for (uint32_t i = 0; i < instance->count; i++)
        if (instance->queue[i].party) mates[count++] = (struct mate){instance->queue[i].party, i};
    qsort(mates, count, sizeof(*mates), mate_compare);
    for (uint32_t at = 0, first = 0; at < count; at++) {
        if (mates[at].party != mates[first].party) first = at;
        instance->queue[mates[at].index].mates_at = first;
    }
    instance->mate_count = count;
}

static void rate_lobby(const struct instance *instance, const struct muster_rating *rating,
                       void *offered, struct open_lobby *open) {
    struct muster_member_info member = {.size = sizeof(member)};
    uint32_t at = 0, count = 0;
    while (instance->host->lobby->member_next(instance->self, open->info.lobby, &at, &member) ==
           MUSTER_OK) {
        if (member.is_spectator) continue;
        open->rating += rating->rating(offered, member.player, open->info.game_mode);
        count++;
    }
    open->is_rated = count > 0;
    if (count) open->rating /= count;
}

static void ask_rating(void *user, const void *vtable, void *offered) {
    const struct muster_rating *rating = vtable;
    struct instance *instance = user;
    instance->is_rated = true;
    for (uint32_t i = 0; i < instance->count; i++) {
        struct waiting *w = &instance->queue[i];
        w->rating = rating->rating(offered, w->player, w->game_mode);
    }
    for (uint32_t i = 0; i < instance->open_count; i++)
        rate_lobby(instance, rating, offered, &instance->open[i]);
}

/* Anew in each tick: parties change while they wait. Without an answer everybody is alone. */
static void ask_others(struct instance *instance) {
    const struct muster_host_interfaces *interfaces = instance->host->interfaces;
    for (uint32_t i = 0; i < instance->count; i++) {
        instance->queue[i].party = 0;
        instance->queue[i].is_done = false;
    }
    instance->is_rated = false;
    (void)interfaces->call(instance->self, instance->party, ask_party, instance);
    mates_sort(instance);
    (void)interfaces->call(instance->self, instance->rating, ask_rating, instance);
}

static bool has_waited(const struct instance *instance, const struct waiting *w) {
    return instance->now_ms - w->enqueued_at_ms >= instance->fallback_ms;
}

static bool is_near(const struct instance *instance, int64_t rating, int64_t other) {
    int64_t apart = rating < other ? other - rating : rating - other;
    return !instance->is_rated || apart <= instance->rating_spread;
}

static bool is_alike(const struct waiting *a, const struct waiting *b) {
    return strcmp(a->game_mode, b->game_mode) == 0 && strcmp(a->region, b->region) == 0 &&
           strcmp(a->map_name, b->map_name) == 0;
}

static void unit_add(const struct instance *instance, struct unit *unit, uint32_t index) {
    unit->members[unit->count++] = index;
    unit->rating += instance->queue[index].rating;
}

/* Those of its party who search for the same. False: others are waited for, and all of them do. */
static bool unit_collect(struct instance *instance, uint32_t index, struct unit *unit) {
    const struct waiting *w = &instance->queue[index];
    unit->count = 0;
    unit->rating = 0;
    if (!w->party) unit_add(instance, unit, index);
    for (uint32_t at = w->mates_at; w->party && at < instance->mate_count; at++) {
        const struct waiting *other = &instance->queue[instance->mates[at].index];
        if (other->party != w->party || unit->count == MUSTER_GROUP_MAX) break;
        if (!other->is_done && is_alike(w, other))
            unit_add(instance, unit, instance->mates[at].index);
    }
    unit->rating /= unit->count;
    bool is_whole = !w->party || unit->count == MUSTER_GROUP_MAX || unit->count >= w->member_count;
    for (uint32_t i = 0; !is_whole && i < unit->count; i++)
        instance->queue[unit->members[i]].is_done = true;
    return is_whole;
}

static bool unit_refused(const struct instance *instance, const struct unit *unit,
                         muster_lobby_id lobby) {
    for (uint32_t i = 0; i < unit->count; i++)
        if (is_refused(&instance->queue[unit->members[i]], lobby, instance->now_ms)) return true;
    return false;
}

/* Puts them into a group. */
static void unit_take(struct instance *instance, const struct unit *unit,
                      muster_queue_ticket_id *tickets, uint32_t *count) {
    for (uint32_t i = 0; i < unit->count; i++) {
        struct waiting *w = &instance->queue[unit->members[i]];
        w->is_done = true;
        tickets[(*count)++] = w->ticket;
    }
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
                (struct open_lobby){.info = info, .room = info.players_max - info.players_current};
        status = lobby->next(instance->self, info.lobby, &info);
    }
}

static bool is_wanted(const struct waiting *w, const struct muster_lobby_info *info,
                      bool any_region) {
    return strcmp(info->game_mode, w->game_mode) == 0 &&
           (any_region || strcmp(info->region, w->region) == 0) &&
           (!w->map_name[0] || strcmp(info->map_name, w->map_name) == 0);
}

/* late: the first of them has waited so long that another region and rating will do. */
static struct open_lobby *open_find(struct instance *instance, const struct unit *unit, bool late) {
    const struct waiting *w = &instance->queue[unit->members[0]];
    for (uint32_t i = 0; i < instance->open_count; i++) {
        struct open_lobby *open = &instance->open[i];
        bool near = late || !open->is_rated || is_near(instance, unit->rating, open->rating);
        if (open->room >= unit->count && near && is_wanted(w, &open->info, late) &&
            !unit_refused(instance, unit, open->info.lobby))
            return open;
    }
    return NULL;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* Each unit by itself: whom the lobby refuses keeps nobody else out. False: no more is taken. */
static bool propose_open(struct instance *instance, const struct proposing *to,
                         const struct unit *unit, struct open_lobby *open) {
    bool near = strcmp(open->info.region, instance->queue[unit->members[0]].region) == 0;
    muster_queue_ticket_id tickets[MUSTER_GROUP_MAX];
    struct muster_group group = {
        .size = sizeof(group),
        .tickets = tickets,
        .lobby = open->info.lobby,
        .explanation = near ? "the first lobby with a free seat"
                            : "a lobby of another region: none of yours had a free seat",
    };
    unit_take(instance, unit, tickets, &group.ticket_count);
    open->room -= unit->count;
    return to->propose(to->proposals, &group) == MUSTER_OK;
}

/* May they come into the new lobby of the first? */
static bool goes_with(struct instance *instance, const struct unit *first, uint32_t index,
                      struct unit *unit) {
    const struct waiting *w = &instance->queue[first->members[0]];
    const struct waiting *other = &instance->queue[index];
    return !other->is_done && is_alike(w, other) && unit_collect(instance, index, unit) &&
           (has_waited(instance, w) || is_near(instance, first->rating, unit->rating)) &&
           !unit_refused(instance, unit, (muster_lobby_id){0});
}

/* For these and those behind them who wait for the same; a party that is larger than what a new
 * lobby is to have is tried by itself. */
static bool propose_new(struct instance *instance, struct proposing *to, const struct unit *first) {
    const struct waiting *w = &instance->queue[first->members[0]];
    muster_queue_ticket_id tickets[MUSTER_GROUP_MAX];
    struct muster_group group = {
        .size = sizeof(group),
        .tickets = tickets,
        .game_mode = w->game_mode,
        .region = w->region,
        .map_name = w->map_name,
        .explanation = "a new lobby: no other had a free seat",
    };
    unit_take(instance, first, tickets, &group.ticket_count);
    for (uint32_t i = first->members[0]; i < instance->count; i++) {
        struct unit unit;
        if (group.ticket_count >= instance->group_max) break;
        if (goes_with(instance, first, i, &unit) &&
            group.ticket_count + unit.count <= instance->group_max)
            unit_take(instance, &unit, tickets, &group.ticket_count);
    }
    return to->propose(to->proposals, &group) == MUSTER_OK && ++to->new_count < NEW_MAX;
}

/* False: no more is taken. */
static bool place(struct instance *instance, struct proposing *to, uint32_t index) {
    const struct waiting *w = &instance->queue[index];
    struct unit unit;
    if (w->is_done || !unit_collect(instance, index, &unit)) return true;
    struct open_lobby *open = open_find(instance, &unit, false);
    if (!open && has_waited(instance, w)) open = open_find(instance, &unit, true);
    if (open) return propose_open(instance, to, &unit, open);
    return unit_refused(instance, &unit, (muster_lobby_id){0}) || propose_new(instance, to, &unit);
}

static void fill_tick(void *state, uint64_t now_ms, muster_propose_fn propose, void *proposals) {
    struct instance *instance = state;
    struct proposing to = {propose, proposals, 0};
    instance->now_ms = now_ms;
    if (!instance->count) return;
    open_collect(instance);
    ask_others(instance);
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
    free(instance->mates);
    free(instance);
}

static muster_status subscribe(const struct instance *instance, const char *name, uint32_t major,
                               uint32_t vtable_size, muster_interface_id *out) {
    const struct muster_interface_wish wish = {
        .size = sizeof(wish), .major = major, .name = name, .vtable_size = vtable_size};
    return instance->host->interfaces->subscribe(instance->self, &wish, NULL, out);
}

static muster_status fill_init(muster_self *self, const struct muster_host *host, void **out) {
    const struct muster_host_config *config = host->config;
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance) return MUSTER_NO_MEMORY;
    instance->self = self;
    instance->host = host;
    instance->rating_spread = config->integer(self, "ratingSpread");
    instance->fallback_ms = (uint64_t)config->integer(self, "searchFallbackMs");
    instance->queue_max = (uint32_t)config->integer(self, "queueMax");
    instance->group_max = (uint32_t)config->integer(self, "newLobbyPlayersMax");
    instance->queue = calloc(instance->queue_max, sizeof(*instance->queue));
    instance->mates = calloc(instance->queue_max, sizeof(*instance->mates));
    muster_status status = instance->queue && instance->mates ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (status == MUSTER_OK)
        status = subscribe(instance, MUSTER_PARTY, MUSTER_PARTY_MAJOR, sizeof(struct muster_party),
                           &instance->party);
    if (status == MUSTER_OK)
        status = subscribe(instance, MUSTER_RATING, MUSTER_RATING_MAJOR,
                           sizeof(struct muster_rating), &instance->rating);
    if (status != MUSTER_OK) {
        fill_fini(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MATCHMAKER, .vtable = &matchmaker}};

MUSTER_PLUGIN(.name = "match_fill", .version = "1.0.0",
              .description = "Matchmaker: fills the first open lobby, else opens one.",
              .roles = roles, .role_count = 1, .config_schema = schema, .init = fill_init,
              .fini = fill_fini);
