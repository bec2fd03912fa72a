/* victory_first_to_kills - the first team with killLimit points wins, in a match without teams the
 * first player with so many kills; several at once, the highest, and of equals nobody. killLimit 0
 * switches it off. */
#include "victory/victory.h"

#include <stdlib.h>

MUSTER_SCHEMA(settings, MUSTER_SCHEMA_INT("killLimit", 50, 0, 1000, MUSTER_UNIT("kills"),
                                          MUSTER_LABEL("Kill limit"),
                                          MUSTER_HELP("Who first has so many wins; 0: no limit."),
                                          MUSTER_GROUP("Victory"), MUSTER_ALWAYS));

static const struct victory_rule rule = {
    .key = "killLimit",
    .settings = settings,
};

static muster_verdict kills_evaluate(void *instance, void *state,
                                     const struct muster_match_facts *facts,
                                     struct muster_match_end *out) {
    const struct victory_match *match = state;
    struct victory_sides sides;
    bool reached = false;
    if (match->setting <= 0) return MUSTER_UNDECIDED;
    victory_sides(instance, match, facts, MUSTER_STAT_KILLS, &sides);
    for (uint32_t i = 0; i < sides.count; i++)
        reached = reached || sides.side[i].points >= match->setting;
    if (!reached) return MUSTER_UNDECIDED;
    victory_decide(&sides, MUSTER_END_SCORE_LIMIT, out);
    return MUSTER_DECIDED;
}

static const struct muster_victory victory = {.size = sizeof victory,
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = kills_evaluate,
                                              .save = victory_save,
                                              .load = victory_load,
                                              .setting = victory_setting};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return victory_init(self, host, &rule, out);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_first_to_kills", .version = "1.0.0",
              .description = "Victory: the first team with a number of points wins.",
              .roles = roles, .role_count = 1, .init = plugin_init, .fini = free);
