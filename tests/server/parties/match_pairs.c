/* match_pairs - a matchmaker of the tests: when four wait, the party of two plays against the two
 * of the others whose ratings are nearest to it; without parties, all four. Declares that it goes
 * before match_fill, and tells in the log what it is told of the interfaces that it asks for. */
#include <stdlib.h>

#include <muster/plugin.h>

#define WAITING_MAX 16

struct waiting {
    muster_queue_ticket_id ticket;
    muster_player_id player;
    char game_mode[MUSTER_NAME_MAX];
    uint64_t party;
    int32_t rating;
};

struct pairs {
    muster_self *self;
    const struct muster_host *host;
    muster_interface_id party;
    muster_interface_id rating;
    struct waiting queue[WAITING_MAX];
    uint32_t count;
};

/* ---- what it asks ---------------------------------------------------------------------------- */

static void tell(const struct pairs *pairs, const char *name, uint32_t change) {
    static const char *const words[] = {"?", "came", "reloaded", "gone"};
    pairs->host->log->write(pairs->self, MUSTER_LOG_INFO, "%s: %s", name, words[change]);
}

static void on_party_changed(void *user, uint32_t change) {
    tell(user, MUSTER_PARTY, change);
}

static void on_rating_changed(void *user, uint32_t change) {
    tell(user, MUSTER_RATING, change);
}

static void ask_party(void *user, const void *vtable, void *instance) {
    const struct muster_party *party = vtable;
    struct pairs *pairs = user;
    uint32_t member_count;
    for (uint32_t i = 0; i < pairs->count; i++)
        pairs->queue[i].party = party->party(instance, pairs->queue[i].player, &member_count);
}

static void ask_rating(void *user, const void *vtable, void *instance) {
    const struct muster_rating *rating = vtable;
    struct pairs *pairs = user;
    for (uint32_t i = 0; i < pairs->count; i++)
        pairs->queue[i].rating =
            rating->rating(instance, pairs->queue[i].player, pairs->queue[i].game_mode);
}

static muster_status ask(struct pairs *pairs, muster_interface_id *out, const char *name,
                         uint32_t major, uint32_t vtable_size,
                         void (*changed)(void *user, uint32_t change)) {
    const struct muster_interface_wish wish = {.size = sizeof wish,
                                               .major = major,
                                               .name = name,
                                               .changed = changed,
                                               .vtable_size = vtable_size};
    return pairs->host->interfaces->subscribe(pairs->self, &wish, pairs, out);
}

/* ---- the role -------------------------------------------------------------------------------- */

static muster_status enqueue(void *instance, const struct muster_queue_ticket *ticket) {
    struct pairs *pairs = instance;
    if (pairs->count == WAITING_MAX) return MUSTER_FULL;
    struct waiting *waiting = &pairs->queue[pairs->count++];
    *waiting = (struct waiting){.ticket = ticket->ticket, .player = ticket->player};
    memcpy(waiting->game_mode, ticket->game_mode, strlen(ticket->game_mode));
    return MUSTER_OK;
}

static void dequeue(void *instance, muster_queue_ticket_id ticket) {
    struct pairs *pairs = instance;
    for (uint32_t i = 0; i < pairs->count; i++)
        if (MUSTER_ID_SAME(pairs->queue[i].ticket, ticket)) {
            pairs->queue[i] = pairs->queue[--pairs->count];
            return;
        }
}

/* Mates first, then by rating. */
static int compare(const void *left, const void *right) {
    const struct waiting *a = left, *b = right;
    if (!a->party != !b->party) return a->party ? -1 : 1;
    return a->rating < b->rating ? -1 : a->rating > b->rating;
}

static void tick(void *instance, uint64_t now_ms, muster_propose_fn propose, void *proposals) {
    struct pairs *pairs = instance;
    (void)now_ms;
    if (pairs->count < 4) return;
    for (uint32_t i = 0; i < pairs->count; i++) pairs->queue[i].party = 0;
    (void)pairs->host->interfaces->call(pairs->self, pairs->party, ask_party, pairs);
    (void)pairs->host->interfaces->call(pairs->self, pairs->rating, ask_rating, pairs);
    qsort(pairs->queue, pairs->count, sizeof pairs->queue[0], compare);
    const bool mates = pairs->queue[0].party && pairs->queue[0].party == pairs->queue[1].party;
    muster_queue_ticket_id tickets[4];
    static const uint32_t teams[] = {MUSTER_TEAM_RED, MUSTER_TEAM_RED, MUSTER_TEAM_BLUE,
                                     MUSTER_TEAM_BLUE};
    for (uint32_t i = 0; i < 4; i++) tickets[i] = pairs->queue[i].ticket;
    const struct muster_group group = {.size = sizeof group,
                                       .ticket_count = 4,
                                       .tickets = tickets,
                                       .teams = teams,
                                       .game_mode = pairs->queue[0].game_mode,
                                       .explanation = mates ? "a party and others" : "four"};
    (void)propose(proposals, &group);
}

static const struct muster_matchmaker matchmaker = {
    .size = sizeof matchmaker, .enqueue = enqueue, .dequeue = dequeue, .tick = tick};

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    struct pairs *pairs = calloc(1, sizeof *pairs);
    if (!pairs) return MUSTER_NO_MEMORY;
    pairs->self = self;
    pairs->host = host;
    *instance = pairs;
    muster_status status = ask(pairs, &pairs->party, MUSTER_PARTY, MUSTER_PARTY_MAJOR,
                               sizeof(struct muster_party), on_party_changed);
    if (status == MUSTER_OK)
        status = ask(pairs, &pairs->rating, MUSTER_RATING, MUSTER_RATING_MAJOR,
                     sizeof(struct muster_rating), on_rating_changed);
    if (status != MUSTER_OK) free(pairs);
    return status;
}

static const struct muster_role roles[] = {{MUSTER_ROLE_MATCHMAKER, 0, &matchmaker}};

MUSTER_PLUGIN(.name = "match_pairs", .version = "1.0.0",
              .description = "Matchmaker: two against two.", .roles = roles, .role_count = 1,
              .init = init, .fini = free, .before = "match_fill");
