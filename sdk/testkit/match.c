/* match.c - a fake match as plugins see it: scoreboard, generator, events. driver.c moves it. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS_PER_TICK_MAX 64u
#define COMMAND_TEXT_BYTES_MAX 128u
#define FACT_BYTES_MIN offsetof(struct muster_fact, value)
#define VERSION_BYTES_MAX 64u

struct match *match_find(struct testkit *kit, muster_match_id id) {
    struct match *match;
    DL_FOREACH(kit->matches, match) {
        if (match->id == id) return match;
    }
    return NULL;
}

/* The match, when the caller may change it now: in a part of its step. */
static muster_status find_steered(muster_self *self, muster_match_id id, const char *function,
                                  struct match **out) {
    if (kit_wrong_thread(self, function)) return MUSTER_THREAD;
    *out = match_find(self->kit, id);
    if (!*out) return MUSTER_NOT_FOUND;
    if ((*out)->steering) return MUSTER_OK;
    kit_fault(self, "host->match->%s was called outside of the match's step", function);
    return MUSTER_STATE;
}

static muster_status find_steered_seat(muster_self *self, muster_match_id id, uint32_t seat,
                                       const char *function, struct muster_seat_info **out) {
    struct match *match;
    muster_status status = find_steered(self, id, function, &match);
    if (status != MUSTER_OK) return status;
    *out = match_seat(match, seat);
    return *out ? MUSTER_OK : MUSTER_NOT_FOUND;
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
    struct match *match;
    if (find_steered(self, id, "random", &match) != MUSTER_OK) return 0;
    if (!bound) return rng_next(match->rng);
    uint64_t reject_below = -bound % bound;
    uint64_t value;
    do {
        value = rng_next(match->rng);
    } while (value < reject_below);
    return value % bound;
}

/* ---- what a mode calls ---------------------------------------------------------------------- */

/* Of the match, not of the lobby: what changes there comes with the next tick. */
static json_t *setting(muster_self *self, muster_match_id id, const char *key) {
    const struct match *match =
        kit_wrong_thread(self, "setting") ? NULL : match_find(self->kit, id);
    return match ? json_object_get(match->settings, key) : NULL;
}

static int64_t match_setting_integer(muster_self *self, muster_match_id id, const char *key) {
    return json_integer_value(setting(self, id, key));
}

static bool match_setting_boolean(muster_self *self, muster_match_id id, const char *key) {
    return json_is_true(setting(self, id, key));
}

static muster_status match_setting_json(muster_self *self, muster_match_id id, const char *key,
                                        struct muster_writer *out) {
    KIT_ON_LOOP(self);
    return values_write(setting(self, id, key), out);
}

static const char *match_setting_string(muster_self *self, muster_match_id id, const char *key) {
    const char *text = json_string_value(setting(self, id, key));
    return text ? text : "";
}

static muster_status seat_get(muster_self *self, muster_match_id id, uint32_t seat,
                              struct muster_seat_info *out) {
    KIT_ON_LOOP(self);
    if (!out || out->size < sizeof(out->size)) return MUSTER_INVALID;
    struct muster_seat_info *info = match_seat(match_find(self->kit, id), seat);
    if (!info) return MUSTER_NOT_FOUND;
    uint32_t size = out->size;
    memcpy(out, info, size < sizeof(*info) ? size : sizeof(*info));
    out->size = size;
    return MUSTER_OK;
}

static muster_status team_set(muster_self *self, muster_match_id id, uint32_t seat, uint32_t team) {
    struct muster_seat_info *info;
    muster_status status = find_steered_seat(self, id, seat, "team_set", &info);
    if (status != MUSTER_OK) return status;
    if (team >= MUSTER_TEAM_COUNT) return MUSTER_INVALID;
    info->team = team;
    return MUSTER_OK;
}

static muster_status alive_set(muster_self *self, muster_match_id id, uint32_t seat,
                               uint32_t alive) {
    struct muster_seat_info *info;
    muster_status status = find_steered_seat(self, id, seat, "alive_set", &info);
    if (status != MUSTER_OK) return status;
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
    struct muster_seat_info *info;
    muster_status status = find_steered_seat(self, id, seat, "stat_add", &info);
    if (status != MUSTER_OK) return status;
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
    struct match *match;
    muster_status status = find_steered(self, id, "team_score_add", &match);
    if (status != MUSTER_OK) return status;
    if (team >= MUSTER_TEAM_COUNT) return MUSTER_INVALID;
    match->team_score[team] = sum(match->team_score[team], delta);
    return MUSTER_OK;
}

static int32_t team_score(muster_self *self, muster_match_id id, uint32_t team) {
    if (kit_wrong_thread(self, __func__)) return 0;
    const struct match *match = match_find(self->kit, id);
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
    struct match *match;
    muster_status status = find_steered(self, id, "bot_add", &match);
    if (status != MUSTER_OK) return status;
    if (match->in_rules) return MUSTER_STATE;
    if (team >= MUSTER_TEAM_COUNT) return MUSTER_INVALID;
    /* Like the server: people sit below seats_max, bots above, so nobody has to make room. */
    uint32_t end = match->info.seats_max * 2;
    for (uint32_t i = match->info.seats_max; i < end && i < MUSTER_SEATS_MAX; i++) {
        if (match_seat(match, i)) continue;
        match_seat_fill(match, i, team, true, display_name);
        *seat = i;
        rulings_join(match, i);
        return MUSTER_OK;
    }
    return MUSTER_FULL;
}

static muster_status bot_remove(muster_self *self, muster_match_id id, uint32_t seat) {
    struct match *match;
    muster_status status = find_steered(self, id, "bot_remove", &match);
    if (status != MUSTER_OK) return status;
    if (match->in_rules) return MUSTER_STATE;
    const struct muster_seat_info *info = match_seat(match, seat);
    if (!info || !info->is_bot) return MUSTER_NOT_FOUND;
    rulings_leave(match, seat, MUSTER_LEAVE_QUIT);
    match_seat_clear(match, seat);
    return MUSTER_OK;
}

static muster_status match_event(muster_self *self, muster_match_id id, const void *data,
                                 uint32_t len) {
    struct match *match;
    muster_status status = find_steered(self, id, "event", &match);
    if (status != MUSTER_OK) return status;
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

/* No rules' state is entered while a call on it may be on the stack. */
static bool is_in_rules(muster_self *self, const struct match *match, const char *function) {
    if (match->in_rules)
        kit_fault(self, "host->match->%s was called from a call of the rules", function);
    return match->in_rules;
}

static int64_t match_adjust(muster_self *self, muster_match_id id, const struct muster_param *param,
                            int64_t value) {
    struct testkit *kit = self->kit;
    struct match *match;
    if (find_steered(self, id, "adjust", &match) != MUSTER_OK) return value;
    if (is_in_rules(self, match, "adjust")) return value;
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
    if (kit_wrong_thread(self, __func__)) return;
    struct match *match = match_find(self->kit, id);
    (void)seat;
    if (match) fact_count(match, kind, value);
}

static bool seat_or_none(uint32_t seat) {
    return seat < MUSTER_SEATS_MAX || seat == MUSTER_SEAT_NONE;
}

static muster_status match_tell(muster_self *self, muster_match_id id,
                                const struct muster_fact *fact) {
    struct match *match;
    struct testkit *kit = self->kit;
    muster_status status = find_steered(self, id, "tell", &match);
    if (status != MUSTER_OK) return status;
    if (kit->telling || is_in_rules(self, match, "tell")) return MUSTER_STATE;
    if (!fact || fact->size < FACT_BYTES_MIN) return MUSTER_INVALID;
    struct muster_fact full = {.other_seat = MUSTER_SEAT_NONE, .third_seat = MUSTER_SEAT_NONE};
    memcpy(&full, fact, fact->size < sizeof(full) ? fact->size : sizeof(full));
    if (!full.kind || !full.kind[0] || !seat_or_none(full.seat) || !seat_or_none(full.other_seat) ||
        !seat_or_none(full.third_seat))
        return MUSTER_INVALID;
    full.size = sizeof(full);
    full.tick = match->tick;
    if (!full.text) full.text = "";
    fact_count(match, full.kind, full.value);
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

static bool command_ok(const struct muster_command *command) {
    return command && command->size >= sizeof(*command) && command->arg_count <= 8 &&
           (command->args || !command->arg_count) && command->name &&
           strlen(command->name) < MUSTER_NAME_MAX &&
           (!command->text || strlen(command->text) < COMMAND_TEXT_BYTES_MAX);
}

static muster_status match_command(muster_self *self, muster_match_id id,
                                   const struct muster_command *command) {
    KIT_ON_LOOP(self);
    struct match *match = match_find(self->kit, id);
    const struct queued_command *other;
    uint32_t waiting;
    if (!match) return MUSTER_NOT_FOUND;
    if (!command_ok(command)) return MUSTER_INVALID;
    DL_COUNT(match->commands, other, waiting);
    if (waiting >= MATCH_COMMANDS_MAX) return MUSTER_LIMIT;
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
    KIT_ON_LOOP(self);
    struct match *match = match_find(self->kit, id);
    if (!match) return MUSTER_NOT_FOUND;
    if (winning_team >= MUSTER_TEAM_COUNT || reason < MUSTER_END_SCORE_LIMIT ||
        reason > MUSTER_END_ABORTED)
        return MUSTER_INVALID;
    if (match->ended || (match->steering && match->ending)) return MUSTER_STATE;
    match->ending = match->ending || match->steering;
    kit_act(self->kit, "match.end %llu %u %u", (unsigned long long)id, winning_team, reason);
    return MUSTER_OK;
}

static muster_status match_note(muster_self *self, muster_match_id id, const void *data,
                                uint32_t len) {
    KIT_ON_LOOP(self);
    struct match *match = match_find(self->kit, id);
    return match ? rulings_note(self, match, data, len) : MUSTER_NOT_FOUND;
}

/* Visible ASCII that fits. */
static bool word_ok(const char *text, uint32_t cap) {
    uint32_t len = 0;
    while (text && len < cap && text[len] > ' ' && text[len] <= '~') len++;
    return len > 0 && len < cap && text[len] == '\0';
}

static muster_status match_version_set(muster_self *self, muster_match_id id, const char *name,
                                       const char *version) {
    KIT_ON_LOOP(self);
    struct match *match = match_find(self->kit, id);
    if (!match) return MUSTER_NOT_FOUND;
    if (!word_ok(name, MUSTER_NAME_MAX) || !word_ok(version, VERSION_BYTES_MAX))
        return MUSTER_INVALID;
    uint32_t i = 0;
    while (i < match->version_count && strcmp(match->versions[i], name) != 0) i++;
    if (i == MATCH_VERSIONS_MAX) return MUSTER_LIMIT;
    if (i == match->version_count) match->version_count++;
    memcpy(match->versions[i], name, strlen(name) + 1);
    kit_act(self->kit, "match.version %llu %s %s", (unsigned long long)id, name, version);
    return MUSTER_OK;
}

const struct muster_host_match kit_match = {
    .size = sizeof(kit_match),
    .mode_add = kit_mode_add,
    .mode_remove = kit_mode_remove,
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
