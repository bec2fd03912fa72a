/* match.c - a fake match as plugins see it: scoreboard, generator, events. driver.c moves it. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS_PER_TICK_MAX 64u

struct match *match_find(struct testkit *kit, muster_match_id id) {
    struct match *match;
    DL_FOREACH(kit->matches, match) {
        if (match->id == id) return match;
    }
    return NULL;
}

static struct match *match_for(muster_self *self, muster_match_id id, const char *function) {
    if (kit_wrong_thread(self, function)) return NULL;
    struct match *match = match_find(self->kit, id);
    if (!match) kit_fault(self, "%s: no such match", function);
    return match;
}

struct muster_seat_info *match_seat(struct match *match, uint32_t seat) {
    if (!match || seat >= MUSTER_SEATS_MAX) return NULL;
    return match->seats[seat].seat == seat ? &match->seats[seat] : NULL;
}

/* ---- the generator: xoshiro256** seeded by splitmix64 ---------------------------------------- */

static uint64_t rotate_left(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

void match_rng_seed(uint64_t rng[4], uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        rng[i] = z ^ (z >> 31);
    }
}

static uint64_t rng_next(uint64_t rng[4]) {
    uint64_t result = rotate_left(rng[1] * 5, 7) * 9;
    uint64_t t = rng[1] << 17;
    rng[2] ^= rng[0];
    rng[3] ^= rng[1];
    rng[1] ^= rng[2];
    rng[0] ^= rng[3];
    rng[2] ^= t;
    rng[3] = rotate_left(rng[3], 45);
    return result;
}

static uint64_t match_random(muster_self *self, muster_match_id id, uint64_t bound) {
    struct match *match = match_for(self, id, "random");
    if (!match) return 0;
    if (!bound) return rng_next(match->rng);
    uint64_t reject_below = -bound % bound;
    uint64_t value;
    do {
        value = rng_next(match->rng);
    } while (value < reject_below);
    return value % bound;
}

/* ---- what a mode calls ---------------------------------------------------------------------- */

static struct mode_name *mode_find(struct testkit *kit, const char *name) {
    struct mode_name *mode;
    DL_FOREACH(kit->modes, mode) {
        if (strcmp(mode->name, name) == 0) return mode;
    }
    return NULL;
}

static bool number_ok(uint32_t number, uint32_t min, uint32_t max, bool based) {
    return (number >= min && number <= max) || (based && number == 0);
}

static bool mode_info_ok(const struct muster_mode_info *info, bool based) {
    return info->game_mode && ((info->maps && info->map_count >= 1) || (based && !info->maps)) &&
           number_ok(info->players_max, 2, MUSTER_SEATS_MAX, based) &&
           number_ok(info->tick_rate_hz, 1, 60, based) &&
           number_ok(info->view_count, 1, MUSTER_VIEWS_MAX, based) &&
           number_ok(info->snapshot_max_bytes, 64, 16384, based);
}

static muster_status mode_add(muster_self *self, const struct muster_mode_info *given) {
    struct testkit *kit = self->kit;
    struct muster_mode_info info = {0};
    if (kit_wrong_thread(self, "mode_add")) return MUSTER_THREAD;
    memcpy(&info, given, given->size < sizeof(info) ? given->size : sizeof(info));
    const struct mode_name *base = info.base ? mode_find(kit, info.base) : NULL;
    if (info.base && !base) return MUSTER_NOT_FOUND;
    if ((base && base->has_base) || !mode_info_ok(&info, base != NULL)) return MUSTER_INVALID;
    if (mode_find(kit, info.game_mode)) return MUSTER_EXISTS;
    muster_status status = MUSTER_OK;
    if (info.settings_json)
        status = values_add(&kit->settings, info.settings_json, kit->error, sizeof(kit->error));
    if (status == MUSTER_OK && info.defaults_json)
        status = values_check(kit->settings, info.defaults_json, kit->error, sizeof(kit->error));
    if (status != MUSTER_OK) return status;
    struct mode_name *mode = kit_alloc(sizeof(*mode));
    mode->owner = self;
    mode->has_base = base != NULL;
    snprintf(mode->name, sizeof(mode->name), "%s", info.game_mode);
    DL_APPEND(kit->modes, mode);
    return MUSTER_OK;
}

static muster_status mode_remove(muster_self *self, const char *game_mode) {
    struct mode_name *mode;
    DL_FOREACH(self->kit->modes, mode) {
        if (mode->owner != self || strcmp(mode->name, game_mode) != 0) continue;
        DL_DELETE(self->kit->modes, mode);
        free(mode);
        return MUSTER_OK;
    }
    return MUSTER_NOT_FOUND;
}

static int64_t match_setting_integer(muster_self *self, muster_match_id id, const char *key) {
    return kit_lobby.setting_integer(self, id, key);
}

static bool match_setting_boolean(muster_self *self, muster_match_id id, const char *key) {
    return kit_lobby.setting_boolean(self, id, key);
}

static muster_status match_setting_json(muster_self *self, muster_match_id id, const char *key,
                                        struct muster_writer *out) {
    return kit_lobby.setting_json(self, id, key, out);
}

static const char *match_setting_string(muster_self *self, muster_match_id id, const char *key) {
    return kit_lobby.setting_string(self, id, key);
}

static muster_status seat_get(muster_self *self, muster_match_id id, uint32_t seat,
                              struct muster_seat_info *out) {
    struct muster_seat_info *info = match_seat(match_for(self, id, "seat_get"), seat);
    if (!info) return MUSTER_NOT_FOUND;
    uint32_t size = out->size;
    memcpy(out, info, size < sizeof(*info) ? size : sizeof(*info));
    out->size = size;
    return MUSTER_OK;
}

static muster_status team_set(muster_self *self, muster_match_id id, uint32_t seat, uint32_t team) {
    struct muster_seat_info *info = match_seat(match_for(self, id, "team_set"), seat);
    if (!info) return MUSTER_NOT_FOUND;
    if (team >= MUSTER_TEAM_COUNT) return MUSTER_INVALID;
    info->team = team;
    return MUSTER_OK;
}

static muster_status alive_set(muster_self *self, muster_match_id id, uint32_t seat,
                               uint32_t alive) {
    struct muster_seat_info *info = match_seat(match_for(self, id, "alive_set"), seat);
    if (!info) return MUSTER_NOT_FOUND;
    info->alive = alive ? 1 : 0;
    return MUSTER_OK;
}

/* Points stay at the end of what can be counted. */
static int32_t sum(int32_t points, int32_t delta) {
    int32_t result;
    if (!__builtin_add_overflow(points, delta, &result)) return result;
    return delta > 0 ? INT32_MAX : INT32_MIN;
}

static muster_status stat_add(muster_self *self, muster_match_id id, uint32_t seat, uint32_t stat,
                              int32_t delta) {
    struct muster_seat_info *info = match_seat(match_for(self, id, "stat_add"), seat);
    if (!info) return MUSTER_NOT_FOUND;
    switch (stat) {
    case MUSTER_STAT_KILLS: info->kills = sum(info->kills, delta); return MUSTER_OK;
    case MUSTER_STAT_DEATHS: info->deaths = sum(info->deaths, delta); return MUSTER_OK;
    case MUSTER_STAT_ASSISTS: info->assists = sum(info->assists, delta); return MUSTER_OK;
    case MUSTER_STAT_SCORE: info->score = sum(info->score, delta); return MUSTER_OK;
    default: return MUSTER_INVALID;
    }
}

static muster_status team_score_add(muster_self *self, muster_match_id id, uint32_t team,
                                    int32_t delta) {
    struct match *match = match_for(self, id, "team_score_add");
    if (!match) return MUSTER_NOT_FOUND;
    if (team == MUSTER_TEAM_NONE || team >= MUSTER_TEAM_COUNT) return MUSTER_INVALID;
    match->team_score[team] = sum(match->team_score[team], delta);
    return MUSTER_OK;
}

static int32_t team_score(muster_self *self, muster_match_id id, uint32_t team) {
    struct match *match = match_for(self, id, "team_score");
    return match && team < MUSTER_TEAM_COUNT ? match->team_score[team] : 0;
}

void match_seat_fill(struct match *match, uint32_t seat, uint32_t team, bool bot,
                     const char *name) {
    struct muster_seat_info *info = &match->seats[seat];
    *info = (struct muster_seat_info){
        .size = sizeof(*info), .seat = seat, .team = team, .is_bot = bot, .connected = 1};
    snprintf(info->display_name, sizeof(info->display_name), "%s", name ? name : "");
}

void match_seat_clear(struct match *match, uint32_t seat) {
    match->seats[seat] = (struct muster_seat_info){.seat = MUSTER_SEAT_NONE};
}

static muster_status bot_add(muster_self *self, muster_match_id id, const char *display_name,
                             uint32_t team, uint32_t *seat) {
    struct match *match = match_for(self, id, "bot_add");
    if (!match) return MUSTER_NOT_FOUND;
    /* Like the server: people sit below seats_max, bots above, so nobody has to make room. */
    uint32_t end = match->info.seats_max * 2;
    for (uint32_t i = match->info.seats_max; i < end && i < MUSTER_SEATS_MAX; i++) {
        if (match_seat(match, i)) continue;
        match_seat_fill(match, i, team, true, display_name);
        *seat = i;
        return MUSTER_OK;
    }
    return MUSTER_FULL;
}

static muster_status bot_remove(muster_self *self, muster_match_id id, uint32_t seat) {
    struct match *match = match_for(self, id, "bot_remove");
    struct muster_seat_info *info = match_seat(match, seat);
    if (!info || !info->is_bot) return MUSTER_NOT_FOUND;
    match_seat_clear(match, seat);
    return MUSTER_OK;
}

static muster_status match_event(muster_self *self, muster_match_id id, const void *data,
                                 uint32_t len) {
    struct match *match = match_for(self, id, "event");
    if (!match) return MUSTER_NOT_FOUND;
    if (!data || len < 1 || len > MUSTER_EVENT_MAX) return MUSTER_INVALID;
    if (match->events_in_tick >= EVENTS_PER_TICK_MAX) return MUSTER_LIMIT;
    match->events_in_tick++;
    if (match->event_count == MATCH_EVENTS_MAX) return MUSTER_OK; /* kept: the oldest */
    struct testkit_event *event = &match->events[match->event_count++];
    event->tick = match->tick;
    event->len = len;
    memcpy(event->data, data, len);
    return MUSTER_OK;
}

static int64_t match_adjust(muster_self *self, muster_match_id id, const struct muster_param *param,
                            int64_t value) {
    struct testkit *kit = self->kit;
    struct match *match = match_for(self, id, "adjust");
    if (!match) return value;
    value = rulings_adjust(match, param, value);
    return kit->adjust ? kit->adjust(kit->adjust_user, param, value) : value;
}

void testkit_adjust_set(struct testkit *kit,
                        int64_t (*fn)(void *user, const struct muster_param *param, int64_t value),
                        void *user) {
    kit->adjust = fn;
    kit->adjust_user = user;
}

static void fact_count(struct match *match, const char *kind, int64_t value) {
    struct fact *fact;
    DL_FOREACH(match->facts, fact) {
        if (strcmp(fact->kind, kind) == 0) break;
    }
    if (!fact) {
        fact = kit_alloc(sizeof(*fact));
        snprintf(fact->kind, sizeof(fact->kind), "%s", kind);
        DL_APPEND(match->facts, fact);
    }
    fact->sum += value;
}

static void match_fact(muster_self *self, muster_match_id id, uint32_t seat, const char *kind,
                       int64_t value) {
    struct match *match = match_for(self, id, "fact");
    (void)seat;
    if (match) fact_count(match, kind, value);
}

static muster_status match_tell(muster_self *self, muster_match_id id,
                                const struct muster_fact *fact) {
    struct match *match = match_for(self, id, "tell");
    struct testkit *kit = self->kit;
    if (!match) return MUSTER_NOT_FOUND;
    if (!fact || !fact->kind) return MUSTER_INVALID;
    if (kit->telling || match->in_rules) return MUSTER_STATE;
    struct muster_fact full = {.other_seat = MUSTER_SEAT_NONE, .third_seat = MUSTER_SEAT_NONE};
    memcpy(&full, fact, fact->size < sizeof(full) ? fact->size : sizeof(full));
    full.size = sizeof(full);
    full.tick = match->tick;
    if (!full.text) full.text = "";
    fact_count(match, fact->kind, fact->value);
    rulings_fact(match, &full);
    if (!kit->tell) return MUSTER_OK;
    kit->telling = true;
    kit->tell(kit->tell_user, &full);
    kit->telling = false;
    return MUSTER_OK;
}

void testkit_tell_set(struct testkit *kit, void (*fn)(void *user, const struct muster_fact *fact),
                      void *user) {
    kit->tell = fn;
    kit->tell_user = user;
}

static muster_status match_command(muster_self *self, muster_match_id id,
                                   const struct muster_command *command) {
    struct match *match = match_for(self, id, "command");
    if (!match) return MUSTER_NOT_FOUND;
    if (!command->name || command->arg_count > 8) return MUSTER_INVALID;
    struct queued_command *queued = kit_alloc(sizeof(*queued));
    snprintf(queued->name, sizeof(queued->name), "%s", command->name);
    snprintf(queued->text, sizeof(queued->text), "%s", command->text ? command->text : "");
    if (command->arg_count)
        memcpy(queued->args, command->args, command->arg_count * sizeof(int64_t));
    queued->command = (struct muster_command){.size = sizeof(queued->command),
                                              .seat = command->seat,
                                              .name = queued->name,
                                              .text = queued->text,
                                              .args = queued->args,
                                              .arg_count = command->arg_count};
    DL_APPEND(match->commands, queued);
    return MUSTER_OK;
}

static muster_status match_end(muster_self *self, muster_match_id id, uint32_t winning_team,
                               uint32_t reason) {
    if (!match_for(self, id, "end")) return MUSTER_NOT_FOUND;
    kit_act(self->kit, "match.end %llu %u %u", (unsigned long long)id, winning_team, reason);
    return MUSTER_OK;
}

static muster_status match_note(muster_self *self, muster_match_id id, const void *data,
                                uint32_t len) {
    struct match *match = match_for(self, id, "note");
    return match ? rulings_note(self, match, data, len) : MUSTER_NOT_FOUND;
}

static muster_status match_version_set(muster_self *self, muster_match_id id, const char *name,
                                       const char *version) {
    if (!match_for(self, id, "version_set")) return MUSTER_NOT_FOUND;
    if (!name || !name[0] || !version || !version[0]) return MUSTER_INVALID;
    kit_act(self->kit, "match.version %llu %s %s", (unsigned long long)id, name, version);
    return MUSTER_OK;
}

const struct muster_host_match kit_match = {
    .size = sizeof(kit_match),
    .mode_add = mode_add,
    .mode_remove = mode_remove,
    .setting_integer = match_setting_integer,
    .setting_boolean = match_setting_boolean,
    .setting_string = match_setting_string,
    .seat_get = seat_get,
    .team_set = team_set,
    .alive_set = alive_set,
    .stat_add = stat_add,
    .team_score_add = team_score_add,
    .team_score = team_score,
    .bot_add = bot_add,
    .bot_remove = bot_remove,
    .random = match_random,
    .event = match_event,
    .adjust = match_adjust,
    .fact = match_fact,
    .command = match_command,
    .end = match_end,
    .tell = match_tell,
    .note = match_note,
    .version_set = match_version_set,
    .setting_json = match_setting_json,
};
