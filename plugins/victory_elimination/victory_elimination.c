/* victory_elimination - with the lobby setting elimination on (the mode then gives one life), the
 * last team with somebody alive wins, in a match without teams the last player. All at once: nobody
 * wins; nor over those who lost their seats by a fault of the server's. */
#include "victory/victory.h"

#include <stdlib.h>

MUSTER_SCHEMA(settings, MUSTER_SCHEMA_BOOL(
                            "elimination", false, MUSTER_LABEL("Elimination"),
                            MUSTER_HELP("One life each; the last team, or player, alive wins."),
                            MUSTER_GROUP("Victory")));

static const struct victory_rule rule = {
    .key = "elimination",
    .is_switch = true,
    .settings = settings,
};

/* It counts from the first time that two sides were alive; also when one is gone before that. */
static muster_verdict elimination_evaluate(void *instance, void *state,
                                           const struct muster_match_facts *facts,
                                           struct muster_match_end *out) {
    struct victory_match *match = state;
    struct victory_sides sides;
    uint32_t alive = 0, seated = 0;
    if (!match->setting) return MUSTER_UNDECIDED;
    victory_sides(instance, match, facts, MUSTER_STAT_SCORE, &sides);
    for (uint32_t i = 0; i < sides.count; i++) {
        struct victory_side *side = &sides.side[i];
        side->points = side->alive;
        alive += side->alive;
        seated += side->seated;
    }
    if (alive > 1 || (facts->sides_met && seated < 2)) match->is_begun = true;
    if (!match->is_begun || alive > 1) return MUSTER_UNDECIDED;
    if (seated < 2 && victory_is_owed(facts))
        out->reason = MUSTER_END_ABORTED;
    else
        victory_decide(&sides, MUSTER_END_ELIMINATION, out);
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
