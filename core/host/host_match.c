/* host->match: the one door out of a match step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "host_internal.h"
#include "lobby.h"
#include "log.h"

/* ---- modes ----------------------------------------------------------------------------------- */

static muster_status mode_add_fn(muster_self *self, const struct muster_mode_info *info) {
    HOST_CHECK_OPEN(self);
    struct muster_mode_info full;
    if (!ABI_COPY_IN(self, muster_mode_info, &full, info)) return MUSTER_INVALID;
    if (full.tick_rate_hz > config_core->match.tick_rate_max) {
        log_error("host", "plugin %s: mode %.60s wants %u ticks/s, match.tickRateMax is %u",
                  self->instance_name, full.game_mode ? full.game_mode : "", full.tick_rate_hz,
                  config_core->match.tick_rate_max);
        return MUSTER_INVALID;
    }
    char error[256] = "";
    muster_status status = registry_mode_add(self, &full, error, sizeof error);
    if (status) log_error("host", "plugin %s: %s", self->instance_name, error);
    return status;
}

static muster_status mode_remove_fn(muster_self *self, const char *game_mode) {
    HOST_CHECK_THREAD(self);
    return game_mode ? registry_mode_remove(self, game_mode) : MUSTER_INVALID;
}

static const char *victory_name_fn(muster_self *self, uint32_t index) {
    if (!host_on_loop(self, "host->match->victory_name")) return NULL;
    const struct provider *provider = registry_first(MUSTER_ROLE_VICTORY);
    for (; provider && index > 0; index--) provider = provider->next;
    return provider ? provider->self->instance_name : NULL;
}

/* ---- settings -------------------------------------------------------------------------------- */

static json_t *setting(muster_self *self, muster_match_id id, const char *key) {
    if (!host_on_loop(self, "host->match->setting")) return NULL;
    struct match *match = match_find(id);
    return match ? match_setting(match, key) : NULL;
}

static int64_t setting_integer_fn(muster_self *self, muster_match_id id, const char *key) {
    return json_integer_value(setting(self, id, key));
}

static bool setting_boolean_fn(muster_self *self, muster_match_id id, const char *key) {
    return json_is_true(setting(self, id, key));
}

static const char *setting_string_fn(muster_self *self, muster_match_id id, const char *key) {
    const char *text = json_string_value(setting(self, id, key));
    return text ? text : "";
}

static muster_status setting_json_fn(muster_self *self, muster_match_id id, const char *key,
                                     struct muster_writer *out) {
    HOST_CHECK_THREAD(self);
    return host_write_json(setting(self, id, key), out);
}

/* ---- scoreboard ------------------------------------------------------------------------------ */

/* The match, when the caller may change it now: in a part of its step, which a replay repeats. */
static muster_status find_steered(muster_self *self, muster_match_id id, const char *function,
                                  struct match **out) {
    if (!host_on_loop(self, function)) return MUSTER_THREAD;
    *out = match_find(id);
    if (!*out) return MUSTER_NOT_FOUND;
    if ((*out)->steering) return MUSTER_OK;
    plugin_fault(self, "host->match->%s was called outside of the match's step", function);
    return MUSTER_STATE;
}

static muster_status find_steered_seat(muster_self *self, muster_match_id id, uint32_t seat,
                                       const char *function, struct match_seat **out) {
    struct match *match;
    muster_status status = find_steered(self, id, function, &match);
    if (status) return status;
    if (seat >= match_seat_count(match) || !match->seats[seat].used) return MUSTER_NOT_FOUND;
    *out = &match->seats[seat];
    return MUSTER_OK;
}

static struct match_seat *find_seat(muster_match_id id, uint32_t seat) {
    struct match *match = match_find(id);
    if (!match || seat >= match_seat_count(match) || !match->seats[seat].used) return NULL;
    return &match->seats[seat];
}

static uint32_t seat_ping(muster_match_id id, uint32_t seat) {
    const struct match *match = match_find(id);
    const struct lobby *lobby = lobby_find(match->lobby);
    if (match->stepping || !lobby || seat >= lobby->players_max) return 0;
    const struct session *session = session_find(lobby->members[seat].player);
    return session ? session->rtt_ms : 0;
}

static muster_status seat_get_fn(muster_self *self, muster_match_id id, uint32_t seat,
                                 struct muster_seat_info *out) {
    HOST_CHECK_THREAD(self);
    if (!ABI_GIVEN(self, muster_seat_info, out)) return MUSTER_INVALID;
    const struct match_seat *s = find_seat(id, seat);
    if (!s) return MUSTER_NOT_FOUND;
    struct muster_seat_info info = {
        .seat = seat,
        .team = s->team,
        .is_bot = s->is_bot,
        .connected = s->connected,
        .alive = s->alive,
        .kills = s->kills,
        .deaths = s->deaths,
        .assists = s->assists,
        .score = s->score,
        .ping_ms = seat_ping(id, seat),
    };
    memcpy(info.display_name, s->display_name, sizeof info.display_name);
    abi_copy_out(out, &info);
    return MUSTER_OK;
}

static muster_status team_set_fn(muster_self *self, muster_match_id id, uint32_t seat,
                                 uint32_t team) {
    struct match_seat *s;
    muster_status status = find_steered_seat(self, id, seat, "team_set", &s);
    if (status) return status;
    if (team > match_find(id)->teams.count) return MUSTER_INVALID;
    s->team = team;
    return MUSTER_OK;
}

static muster_status alive_set_fn(muster_self *self, muster_match_id id, uint32_t seat,
                                  uint32_t alive) {
    struct match_seat *s;
    muster_status status = find_steered_seat(self, id, seat, "alive_set", &s);
    if (status) return status;
    s->alive = alive != 0;
    return MUSTER_OK;
}

/* Points stay at the end of what can be counted. */
static int32_t sum(int32_t points, int32_t delta) {
    int32_t result;
    if (!__builtin_add_overflow(points, delta, &result)) return result;
    return delta > 0 ? INT32_MAX : INT32_MIN;
}

/* Null: there is none of that number. */
static int32_t *stat_of(const struct match *match, struct match_seat *s, uint32_t stat) {
    switch (stat) {
    case MUSTER_STAT_KILLS: return &s->kills;
    case MUSTER_STAT_DEATHS: return &s->deaths;
    case MUSTER_STAT_ASSISTS: return &s->assists;
    case MUSTER_STAT_SCORE: return &s->score;
    default: break;
    }
    bool is_own = stat >= MUSTER_STAT_OWN && stat - MUSTER_STAT_OWN < match->stat_count;
    return is_own ? &s->own_stats[stat - MUSTER_STAT_OWN] : NULL;
}

static muster_status stat_add_fn(muster_self *self, muster_match_id id, uint32_t seat,
                                 uint32_t stat, int32_t delta) {
    struct match_seat *s;
    muster_status status = find_steered_seat(self, id, seat, "stat_add", &s);
    if (status) return status;
    int32_t *points = stat_of(match_find(id), s, stat);
    if (!points) return MUSTER_INVALID;
    *points = sum(*points, delta);
    return MUSTER_OK;
}

static int32_t stat_fn(muster_self *self, muster_match_id id, uint32_t seat, uint32_t stat) {
    struct match_seat *s = host_on_loop(self, "host->match->stat") ? find_seat(id, seat) : NULL;
    const int32_t *points = s ? stat_of(match_find(id), s, stat) : NULL;
    return points ? *points : 0;
}

static muster_status team_score_add_fn(muster_self *self, muster_match_id id, uint32_t team,
                                       int32_t delta) {
    struct match *match;
    muster_status status = find_steered(self, id, "team_score_add", &match);
    if (status) return status;
    if (team > match->teams.count) return MUSTER_INVALID;
    match->team_score[team] = sum(match->team_score[team], delta);
    return MUSTER_OK;
}

static int32_t team_score_fn(muster_self *self, muster_match_id id, uint32_t team) {
    const struct match *match = host_on_loop(self, __func__) ? match_find(id) : NULL;
    return match && team <= match->teams.count ? match->team_score[team] : 0;
}

static const char *team_name_fn(muster_self *self, muster_match_id id, uint32_t team) {
    const struct match *match =
        host_on_loop(self, "host->match->team_name") ? match_find(id) : NULL;
    return match ? registry_team_name(&match->teams, team) : "none";
}

static const char *stat_name_fn(muster_self *self, muster_match_id id, uint32_t stat) {
    static const char *const names[MUSTER_STAT_OWN] = {NULL, "kills", "deaths", "assists", "score"};
    const struct match *match =
        host_on_loop(self, "host->match->stat_name") ? match_find(id) : NULL;
    if (!match) return NULL;
    if (stat < MUSTER_STAT_OWN) return names[stat];
    return stat - MUSTER_STAT_OWN < match->stat_count ? match->stat_names[stat - MUSTER_STAT_OWN]
                                                      : NULL;
}

/* A bot came or left: the lobby tells its members with the next look at it. */
static void note_members(const struct match *match) {
    struct lobby *lobby = lobby_find(match->lobby);
    if (lobby) lobby->members_changed = true;
}

static muster_status bot_add_fn(muster_self *self, muster_match_id id, const char *display_name,
                                uint32_t team, uint32_t *seat) {
    struct match *match;
    muster_status status = find_steered(self, id, "bot_add", &match);
    if (!status && match->in_rules) status = MUSTER_STATE;
    if (!status && (!display_name || !seat)) status = MUSTER_INVALID;
    if (!status) status = match_bot_add(match, display_name, team, seat);
    if (!status) note_members(match);
    return status;
}

static muster_status bot_remove_fn(muster_self *self, muster_match_id id, uint32_t seat) {
    struct match *match;
    muster_status status = find_steered(self, id, "bot_remove", &match);
    if (!status && match->in_rules) status = MUSTER_STATE;
    if (!status) status = match_bot_remove(match, seat);
    if (!status) note_members(match);
    return status;
}

/* ---- random, events, rules ------------------------------------------------------------------- */

static uint64_t random_fn(muster_self *self, muster_match_id id, uint64_t bound) {
    struct match *match;
    return find_steered(self, id, "random", &match) ? 0 : match_random(match, bound);
}

static muster_status event_fn(muster_self *self, muster_match_id id, const void *data,
                              uint32_t len) {
    struct match *match;
    muster_status status = find_steered(self, id, "event", &match);
    if (!status && !data) status = MUSTER_INVALID;
    return status ? status : match_event(match, data, len);
}

/* No rules' state is entered while a call on it may be on the stack. */
static bool in_rules(muster_self *self, const struct match *match, const char *function) {
    if (match->in_rules)
        plugin_fault(self, "host->match->%s was called from a call of the rules", function);
    return match->in_rules;
}

static int64_t adjust_fn(muster_self *self, muster_match_id id, const struct muster_param *param,
                         int64_t value) {
    struct match *match;
    if (find_steered(self, id, "adjust", &match) || in_rules(self, match, "adjust")) return value;
    struct muster_param full;
    if (!ABI_COPY_IN(self, muster_param, &full, param) || !full.name) return value;
    return match_adjust(match, &full, value);
}

static void fact_fn(muster_self *self, muster_match_id id, uint32_t seat, const char *kind,
                    int64_t value) {
    struct match *match = host_on_loop(self, __func__) ? match_find(id) : NULL;
    if (match && kind) match_fact(match, seat, kind, value);
}

static bool seat_or_none(const struct match *match, uint32_t seat) {
    return seat < match_seat_count(match) || seat == MUSTER_SEAT_NONE;
}

/* Of a step's match, as it is told: with its tick, and no text that is null. */
static muster_status take_fact(muster_self *self, const char *function, muster_match_id id,
                               const struct muster_fact *fact, struct match **match,
                               struct muster_fact *out) {
    muster_status status = find_steered(self, id, function, match);
    if (status) return status;
    if (in_rules(self, *match, function)) return MUSTER_STATE;
    if (!ABI_COPY_IN(self, muster_fact, out, fact)) return MUSTER_INVALID;
    if (!out->kind || !out->kind[0] || !seat_or_none(*match, out->seat) ||
        !seat_or_none(*match, out->other_seat) || !seat_or_none(*match, out->third_seat))
        return MUSTER_INVALID;
    out->tick = (*match)->tick;
    if (!out->text) out->text = "";
    return MUSTER_OK;
}

static muster_status tell_fn(muster_self *self, muster_match_id id,
                             const struct muster_fact *fact) {
    struct match *match;
    struct muster_fact full;
    muster_status status = take_fact(self, "tell", id, fact, &match, &full);
    if (!status) match_tell(match, &full);
    return status;
}

static muster_status observe_fn(muster_self *self, muster_match_id id,
                                const struct muster_fact *fact) {
    struct match *match;
    struct muster_fact full;
    muster_status status = take_fact(self, "observe", id, fact, &match, &full);
    if (!status) match_observe(match, &full);
    return status;
}

static bool is_observed_fn(muster_self *self, muster_match_id id) {
    const struct match *match = host_on_loop(self, __func__) ? match_find(id) : NULL;
    return match && match_is_observed(match);
}

static muster_status note_fn(muster_self *self, muster_match_id id, const void *data,
                             uint32_t len) {
    HOST_CHECK_THREAD(self);
    struct match *match = match_find(id);
    return match ? match_note(match, self, data, len) : MUSTER_NOT_FOUND;
}

static muster_status idle_set_fn(muster_self *self, muster_match_id id, uint32_t idle) {
    HOST_CHECK_THREAD(self);
    struct match *match = match_find(id);
    return match ? match_idle_set(match, self, idle) : MUSTER_NOT_FOUND;
}

static muster_status version_set_fn(muster_self *self, muster_match_id id, const char *name,
                                    const char *version) {
    HOST_CHECK_THREAD(self);
    struct match *match = match_find(id);
    if (!match) return MUSTER_NOT_FOUND;
    return name && version ? match_version_set(match, name, version) : MUSTER_INVALID;
}

static muster_status command_fn(muster_self *self, muster_match_id id,
                                const struct muster_command *command) {
    HOST_CHECK_THREAD(self);
    struct match *match = match_find(id);
    if (!match) return MUSTER_NOT_FOUND;
    struct muster_command full;
    if (!ABI_COPY_IN(self, muster_command, &full, command)) return MUSTER_INVALID;
    struct match_command copy = {.seat = full.seat, .arg_count = full.arg_count};
    if (full.arg_count > 8 || (full.arg_count && !full.args) || !full.name ||
        strlen(full.name) >= MUSTER_NAME_MAX ||
        (full.text && strlen(full.text) >= sizeof copy.text))
        return MUSTER_INVALID;
    for (uint32_t i = 0; i < full.arg_count; i++) copy.args[i] = full.args[i];
    snprintf(copy.name, sizeof copy.name, "%s", full.name);
    snprintf(copy.text, sizeof copy.text, "%s", full.text ? full.text : "");
    return match_command_push(match, &copy);
}

struct wanted_end {
    muster_match_id match;
    struct match_decision decision;
};

static void do_end(void *user) {
    struct wanted_end *end = user;
    const struct match *match = match_find(end->match);
    struct lobby *lobby = match ? lobby_find(match->lobby) : NULL;
    if (lobby) lobby_match_end(lobby, end->decision);
    free(end);
}

/* Inside a step the step itself ends the match; outside, the next turn does. */
static muster_status end_fn(muster_self *self, muster_match_id id,
                            const struct muster_match_end *given) {
    HOST_CHECK_THREAD(self);
    struct muster_match_end full;
    struct match_decision decision;
    struct match *match = match_find(id);
    if (!match) return MUSTER_NOT_FOUND;
    if (!ABI_COPY_IN(self, muster_match_end, &full, given)) return MUSTER_INVALID;
    if (!match_decision_take(match, &full, &decision)) return MUSTER_INVALID;
    if (match->ended) return MUSTER_STATE;
    if (match->steering) return match_end_later(match, decision);
    struct wanted_end *end = malloc(sizeof *end);
    if (!end) return MUSTER_NO_MEMORY;
    *end = (struct wanted_end){id, decision};
    muster_status status = host_defer(do_end, end);
    if (status) free(end);
    return status;
}

const struct muster_host_match host_match_group = {
    .size = sizeof host_match_group,
    .mode_add = mode_add_fn,
    .mode_remove = mode_remove_fn,
    .setting_integer = setting_integer_fn,
    .setting_boolean = setting_boolean_fn,
    .setting_string = setting_string_fn,
    .seat_get = seat_get_fn,
    .team_set = team_set_fn,
    .alive_set = alive_set_fn,
    .stat_add = stat_add_fn,
    .team_score_add = team_score_add_fn,
    .team_score = team_score_fn,
    .stat = stat_fn,
    .team_name = team_name_fn,
    .stat_name = stat_name_fn,
    .bot_add = bot_add_fn,
    .bot_remove = bot_remove_fn,
    .random = random_fn,
    .event = event_fn,
    .adjust = adjust_fn,
    .fact = fact_fn,
    .command = command_fn,
    .end = end_fn,
    .tell = tell_fn,
    .note = note_fn,
    .version_set = version_set_fn,
    .setting_json = setting_json_fn,
    .victory_name = victory_name_fn,
    .idle_set = idle_set_fn,
    .observe = observe_fn,
    .is_observed = is_observed_fn,
};
