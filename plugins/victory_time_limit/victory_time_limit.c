/* victory_time_limit - when timeLimit has passed, who has most points wins, a team, or in a
 * match without teams a player; of equals nobody.
 * timeLimit 0 switches it off. */
#include "victory/victory.h"

#include <stdlib.h>

MUSTER_SCHEMA(settings,
              MUSTER_SCHEMA_DURATION_S("timeLimit", 600, 0, 7200, MUSTER_LABEL("Time limit"),
                                       MUSTER_HELP("Then most points win; 0: no limit."),
                                       MUSTER_GROUP("Victory"), MUSTER_ALWAYS));

static const struct victory_rule rule = {
    .key = "timeLimit",
    .settings = settings,
};

static muster_verdict time_evaluate(void *instance, void *state,
                                    const struct muster_match_facts *facts,
                                    struct muster_match_end *out) {
    const struct victory_match *match = state;
    struct victory_sides sides;
    if (match->setting <= 0 || facts->elapsed_ms < match->setting * 1000) return MUSTER_UNDECIDED;
    victory_sides(instance, match, facts, MUSTER_STAT_SCORE, &sides);
    victory_decide(&sides, MUSTER_END_TIME_LIMIT, out);
    return MUSTER_DECIDED;
}

static const struct muster_victory victory = {.size = sizeof victory,
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = time_evaluate,
                                              .save = victory_save,
                                              .load = victory_load,
                                              .setting = victory_setting};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return victory_init(self, host, &rule, out);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_time_limit", .version = "1.0.0",
              .description = "Victory: more points when the time is over.", .roles = roles,
              .role_count = 1, .init = plugin_init, .fini = free,
              .after = "victory_first_to_kills victory_elimination"); /* in the last tick, too */
