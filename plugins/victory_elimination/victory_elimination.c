/* victory_elimination - with the lobby setting elimination on (the mode then gives one life), a
 * team with nobody left alive has lost. Both at once: nobody wins. */
#include "victory/victory.h"

#include <stdlib.h>

static const struct victory_rule rule = {
    .key = "elimination",
    .is_switch = true,
    .settings =
        "[{\"key\":\"elimination\",\"type\":\"bool\",\"default\":false,\"label\":\"Elimination\","
        "\"help\":\"One life each; the last team alive wins.\",\"group\":\"Victory\"}]",
};

/* It counts from the first time that both teams had somebody alive; also when a team is gone before
 * that. */
static muster_verdict elimination_evaluate(void *instance, void *state,
                                           const struct muster_match_facts *facts,
                                           struct muster_victory_result *out) {
    struct victory_match *match = state;
    bool red = facts->team_alive[MUSTER_TEAM_RED], blue = facts->team_alive[MUSTER_TEAM_BLUE];
    (void)instance;
    if (!match->setting) return MUSTER_UNDECIDED;
    bool one_is_gone =
        !facts->team_seated[MUSTER_TEAM_RED] || !facts->team_seated[MUSTER_TEAM_BLUE];
    if ((red && blue) || (facts->teams_met && one_is_gone)) match->is_begun = true;
    if (!match->is_begun || (red && blue)) return MUSTER_UNDECIDED;
    out->winning_team = victory_leader(red, blue);
    out->reason = MUSTER_END_ELIMINATION;
    return MUSTER_DECIDED;
}

static const struct muster_victory victory = {.size = sizeof victory,
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = elimination_evaluate,
                                              .save = victory_save,
                                              .load = victory_load,
                                              .setting = victory_setting};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return victory_init(self, host, &rule, out);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_elimination", .version = "1.0.0",
              .description = "Victory: the last team alive wins.", .roles = roles, .role_count = 1,
              .init = plugin_init, .fini = free);
