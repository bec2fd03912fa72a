/* mode_nim - a game in turns: two players take one to three matches of a heap in turn; who takes
 * the last one wins. A turn is a message of the client; nothing is drawn in real time.
 */
#include <muster/plugin.h>
#include <stdlib.h>

enum { PLAYERS = 2, TAKE_MAX = 3, TICK_RATE_HZ = 4 };

struct nim {
    muster_self *self;
    const struct muster_host *host;
};

struct nim_match {
    muster_match_id id;
    uint32_t ticks_per_turn, ticks_left;
    uint32_t heap, turn; /* the seat that is to move */
};

static muster_status nim_create(void *instance, const struct muster_match_info *info,
                                void **state) {
    struct nim *nim = instance;
    const struct muster_host_match *host = nim->host->match;
    if (info->seats_max != PLAYERS) return MUSTER_UNSUPPORTED;
    struct nim_match *match = calloc(1, sizeof *match);
    if (!match) return MUSTER_NO_MEMORY;
    match->id = info->match;
    match->heap = (uint32_t)host->setting_integer(nim->self, info->match, "modeNimHeap");
    match->ticks_per_turn =
        TICK_RATE_HZ * (uint32_t)host->setting_integer(nim->self, info->match, "modeNimTurnTime");
    match->ticks_left = match->ticks_per_turn;
    *state = match;
    return MUSTER_OK;
}

static void nim_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static void won(struct nim *nim, const struct nim_match *match, uint32_t seat, const char *reason) {
    const struct muster_match_end end = {
        .size = sizeof end, .winner_kind = MUSTER_WINNER_SEAT, .winner = seat, .reason = reason};
    nim->host->match->end(nim->self, match->id, &end);
}

static muster_status nim_join(void *instance, void *state, uint32_t seat) {
    (void)instance, (void)state, (void)seat;
    return MUSTER_OK;
}

static void nim_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)reason;
    won(instance, state, 1 - seat, MUSTER_END_FORFEIT);
}

/* All that happens on the board; clients are told with an event: who, how many. */
static void take(struct nim *nim, struct nim_match *match, uint32_t count) {
    const uint8_t event[] = {(uint8_t)match->turn, (uint8_t)count};
    match->heap -= count;
    nim->host->match->event(nim->self, match->id, event, sizeof event);
    if (match->heap == 0) won(nim, match, match->turn, "last_taken");
    match->turn = 1 - match->turn;
    match->ticks_left = match->ticks_per_turn;
}

/* A stranger's bytes: what is no turn, or not this player's, is passed over. */
static void nim_message(void *instance, void *state, uint32_t seat, const void *data,
                        uint32_t len) {
    struct nim_match *match = state;
    uint32_t count = len == 1 ? *(const uint8_t *)data : 0;
    if (seat != match->turn || count < 1 || count > TAKE_MAX || count > match->heap) return;
    take(instance, match, count);
}

/* Who lets the time for a turn pass takes one. */
static void nim_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct nim_match *match = state;
    if (tick->tick > 0 && match->heap && match->ticks_left-- == 0) take(instance, match, 1);
}

/* All that changes: what clients see is also what is saved. */
static void nim_save(void *instance, void *state, struct muster_writer *out) {
    const struct nim_match *match = state;
    (void)instance;
    muster_put_u32(out, match->heap);
    muster_put_u32(out, match->turn);
    muster_put_u32(out, match->ticks_left);
}

static void nim_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                         struct muster_writer *out) {
    (void)view, (void)full;
    nim_save(instance, state, out);
}

static muster_status nim_load(void *instance, void *state, struct muster_reader *in) {
    struct nim_match *match = state;
    (void)instance;
    match->heap = muster_get_u32(in);
    match->turn = muster_get_u32(in);
    match->ticks_left = muster_get_u32(in);
    return in->overflow || match->turn >= PLAYERS ? MUSTER_INVALID : MUSTER_OK;
}

MUSTER_SCHEMA(settings,
              MUSTER_SCHEMA_INT("modeNimHeap", 21, 1, 100, MUSTER_LABEL("Matches on the heap")),
              MUSTER_SCHEMA_DURATION_S("modeNimTurnTime", 30, 1, 600,
                                       MUSTER_LABEL("Time for a turn")));

static muster_status nim_init(muster_self *self, const struct muster_host *host, void **instance) {
    static const char *const maps[] = {"heap"};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .game_mode = "nim",
                                          .title = "Nim",
                                          .settings_json = settings,
                                          .maps = maps,
                                          .map_count = 1,
                                          .tick_rate_hz = TICK_RATE_HZ,
                                          .view_count = 1,
                                          .snapshot_max_bytes = 64,
                                          .players_min = PLAYERS,
                                          .players_max = PLAYERS,
                                          .people_max = PLAYERS};
    muster_status status = host->match->mode_add(self, &info);
    if (status != MUSTER_OK) return status;
    struct nim *nim = calloc(1, sizeof *nim);
    if (!nim) return MUSTER_NO_MEMORY;
    *nim = (struct nim){.self = self, .host = host};
    *instance = nim;
    return MUSTER_OK;
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = nim_create,
                                        .destroy = nim_destroy,
                                        .join = nim_join,
                                        .leave = nim_leave,
                                        .message = nim_message,
                                        .tick = nim_tick,
                                        .snapshot = nim_snapshot,
                                        .save = nim_save,
                                        .load = nim_load};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode}};

MUSTER_PLUGIN(.name = "mode_nim", .version = "1.0.0", .description = "Two players and a heap.",
              .roles = roles, .role_count = 1, .init = nim_init, .fini = free);
