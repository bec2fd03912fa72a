/* victory_elimination - with the lobby setting elimination on (the mode then gives one life), a
 * team with nobody left alive has lost. Both at once: nobody wins. */
#include <muster/plugin.h>

#include <stdlib.h>

struct instance {
    muster_self *self;
    const struct muster_host *host;
};

static const char settings[] =
    "[{\"key\":\"elimination\",\"type\":\"bool\",\"default\":false,\"label\":\"Elimination\","
    "\"help\":\"One life each; the last team alive wins.\",\"group\":\"Victory\"}]";

/* Per match. The rule counts from the first time that both teams had somebody alive; also when a
 * team is gone before that. */
struct duel {
    uint8_t on;
    uint8_t begun;
};

static muster_status victory_create(void *instance, const struct muster_match_info *info,
                                    void **state) {
    struct instance *self = instance;
    struct duel *duel = calloc(1, sizeof(*duel));
    if (!duel) return MUSTER_NO_MEMORY;
    duel->on = self->host->match->setting_boolean(self->self, info->match, "elimination");
    *state = duel;
    return MUSTER_OK;
}

static void victory_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_victory_result *out) {
    struct duel *duel = state;
    bool red = facts->team_alive[MUSTER_TEAM_RED], blue = facts->team_alive[MUSTER_TEAM_BLUE];
    (void)instance;
    if (!duel->on) return MUSTER_UNDECIDED;
    bool one_is_gone =
        !facts->team_seated[MUSTER_TEAM_RED] || !facts->team_seated[MUSTER_TEAM_BLUE];
    if ((red && blue) || (facts->teams_met && one_is_gone)) duel->begun = 1;
    if (!duel->begun || (red && blue)) return MUSTER_UNDECIDED;
    out->winning_team = red ? MUSTER_TEAM_RED : blue ? MUSTER_TEAM_BLUE : MUSTER_TEAM_NONE;
    out->reason = MUSTER_END_ELIMINATION;
    return MUSTER_DECIDED;
}

static void victory_save(void *instance, void *state, struct muster_writer *out) {
    const struct duel *duel = state;
    (void)instance;
    muster_put_u8(out, duel->on);
    muster_put_u8(out, duel->begun);
}

static muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    struct duel *duel = state;
    (void)instance;
    duel->on = muster_get_u8(in);
    duel->begun = muster_get_u8(in);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static const struct muster_victory victory = {.size = sizeof(victory),
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = victory_evaluate,
                                              .save = victory_save,
                                              .load = victory_load};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance) return MUSTER_NO_MEMORY;
    *instance = (struct instance){self, host};
    muster_status status = host->lobby->settings_add(self, settings);
    if (status != MUSTER_OK) {
        free(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_elimination", .version = "1.0.0",
              .description = "Victory: the last team alive wins.", .roles = roles, .role_count = 1,
              .init = plugin_init, .fini = free);
