/* victory_forfeit - once both teams have had players, a team with nobody left in its seats (people
 * whose connection dropped still hold theirs) has given up. Both empty: nobody wins. */
#include "victory/victory.h"

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_victory_result *out) {
    bool red = facts->team_seated[MUSTER_TEAM_RED], blue = facts->team_seated[MUSTER_TEAM_BLUE];
    (void)instance;
    (void)state;
    if (!facts->teams_met || (red && blue)) return MUSTER_UNDECIDED;
    out->winning_team = victory_leader(red, blue);
    out->reason = MUSTER_END_FORFEIT;
    return MUSTER_DECIDED;
}

static const struct muster_victory victory = {.size = sizeof(victory),
                                              .evaluate = victory_evaluate};

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_forfeit", .version = "1.0.0",
              .description = "Victory: a team that everybody has left has lost.", .roles = roles,
              .role_count = 1);
