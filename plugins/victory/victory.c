/* victory - see victory.h. */
#include "victory/victory.h"

#include <stdlib.h>
#include <string.h>

struct instance {
    muster_self *self;
    const struct muster_host *host;
    const struct victory_rule *rule;
};

muster_status victory_init(muster_self *self, const struct muster_host *host,
                           const struct victory_rule *rule, void **out) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance) return MUSTER_NO_MEMORY;
    *instance = (struct instance){self, host, rule};
    muster_status status = rule->key ? host->lobby->settings_add(self, rule->settings) : MUSTER_OK;
    if (status != MUSTER_OK) {
        free(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static int64_t read_setting(const struct instance *instance, muster_match_id match) {
    const struct muster_host_match *host = instance->host->match;
    const char *key = instance->rule->key;
    if (!key) return 0;
    if (instance->rule->is_switch) return host->setting_boolean(instance->self, match, key);
    return host->setting_integer(instance->self, match, key);
}

/* What is switched off is not asked. */
static void tell_idle(const struct instance *instance, const struct victory_match *match) {
    bool is_off = instance->rule->key && match->setting <= 0;
    (void)instance->host->match->idle_set(instance->self, match->match, is_off);
}

muster_status victory_create(void *instance, const struct muster_match_info *info, void **state) {
    struct victory_match *match = calloc(1, sizeof *match);
    if (!match) return MUSTER_NO_MEMORY;
    match->match = info->match;
    match->setting = read_setting(instance, info->match);
    tell_idle(instance, match);
    *state = match;
    return MUSTER_OK;
}

void victory_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

void victory_setting(void *instance, void *state, const char *key) {
    const struct instance *self = instance;
    struct victory_match *match = state;
    if (!self->rule->key || strcmp(key, self->rule->key) != 0) return;
    match->setting = read_setting(self, match->match);
    tell_idle(self, match);
}

void victory_save(void *instance, void *state, struct muster_writer *out) {
    const struct victory_match *match = state;
    (void)instance;
    muster_put_i64(out, match->setting);
    muster_put_u8(out, match->is_begun);
}

muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    struct victory_match *match = state;
    match->setting = muster_get_i64(in);
    match->is_begun = muster_get_u8(in) != 0;
    tell_idle(instance, match);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

/* ---- sides ----------------------------------------------------------------------------------- */

static void seats_collect(const struct instance *instance, muster_match_id match,
                          uint32_t seats_max, uint32_t stat, struct victory_sides *out) {
    const struct muster_host_match *host = instance->host->match;
    struct muster_seat_info info = {.size = sizeof info};
    for (uint32_t seat = 0; seat < seats_max * 2; seat++) {
        if (host->seat_get(instance->self, match, seat, &info) != MUSTER_OK) continue;
        out->side[out->count++] = (struct victory_side){
            seat, host->stat(instance->self, match, seat, stat), true, info.alive != 0};
    }
}

void victory_sides(void *instance, const struct victory_match *match,
                   const struct muster_match_facts *facts, uint32_t stat,
                   struct victory_sides *out) {
    out->count = 0;
    out->winner_kind = facts->team_count ? MUSTER_WINNER_TEAM : MUSTER_WINNER_SEAT;
    if (!facts->team_count) seats_collect(instance, match->match, facts->seats_max, stat, out);
    for (uint32_t team = 1; team <= facts->team_count; team++)
        out->side[out->count++] =
            (struct victory_side){team, facts->team_score[team], facts->team_seated[team] > 0,
                                  facts->team_alive[team] > 0};
}

/* In a match without teams everybody is a side. */
bool victory_is_owed(const struct muster_match_facts *facts) {
    if (!facts->team_count) return facts->team_owed[MUSTER_TEAM_NONE] > 0;
    for (uint32_t team = 1; team <= facts->team_count; team++)
        if (facts->team_owed[team] && !facts->team_seated[team]) return true;
    return false;
}

void victory_decide(const struct victory_sides *sides, const char *reason,
                    struct muster_match_end *out) {
    const struct victory_side *best = NULL;
    bool tied = false;
    for (uint32_t i = 0; i < sides->count; i++) {
        const struct victory_side *side = &sides->side[i];
        tied = best && (side->points == best->points || (tied && side->points < best->points));
        if (!best || side->points > best->points) best = side;
    }
    out->reason = reason;
    if (!best || tied) return;
    out->winner_kind = sides->winner_kind;
    out->winner = best->id;
}
