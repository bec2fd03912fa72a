/* ended.h - how a match ends, in one line. */
#ifndef ENDED_H
#define ENDED_H

#include <muster/plugin.h>

/* Won by a team, or with MUSTER_TEAM_NONE by nobody: what host->match->end is given. */
#define ENDED(team, why)                                                                           \
    (&(const struct muster_match_end){.size = sizeof(struct muster_match_end),                     \
                                      .winner_kind =                                               \
                                          (team) ? MUSTER_WINNER_TEAM : MUSTER_WINNER_NOBODY,      \
                                      .winner = (team),                                            \
                                      .reason = (why)})

#endif
