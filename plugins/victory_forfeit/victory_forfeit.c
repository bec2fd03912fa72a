/* victory_forfeit - once two teams have had players, the last team with anybody in its seats
 * (people whose connection dropped still hold theirs) has won: the others have given up. So has the
 * last player of a match without teams. All gone: nobody wins. Nor does anybody over those who
 * lost their seats by a fault of the server's: the match is called off. */
#include "victory/victory.h"

#include <stdlib.h>

static const struct victory_rule rule = {0};

static muster_verdict forfeit_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_match_end *out) {
    const struct victory_match *match = state;
    struct victory_sides sides;
    uint32_t seated = 0;
    if (!facts->sides_met) return MUSTER_UNDECIDED;
    victory_sides(instance, match, facts, MUSTER_STAT_SCORE, &sides);
    for (uint32_t i = 0; i < sides.count; i++) {
        sides.side[i].points = sides.side[i].seated;
        seated += sides.side[i].seated;
    }
    if (seated > 1) return MUSTER_UNDECIDED;
    if (victory_is_owed(facts))
        out->reason = MUSTER_END_ABORTED;
    else
        victory_decide(&sides, MUSTER_END_FORFEIT, out);
    return MUSTER_DECIDED;
}

static const struct muster_victory victory = {.size = sizeof victory,
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = forfeit_evaluate,
                                              .save = victory_save,
                                              .load = victory_load};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    return victory_init(self, host, &rule, out);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_forfeit", .version = "1.0.0",
              .description = "Victory: a team that everybody has left has lost.", .roles = roles,
              .role_count = 1, .init = plugin_init, .fini = free);
