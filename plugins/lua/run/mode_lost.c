/* mode_lost - see mode_lost.h. */
#include "mode_lost.h"

#include "words.h"

void mode_lost_end(const struct realm *realm) {
    const struct muster_host_match *match = realm_host(realm)->match;
    muster_self *self = realm_self(realm);
    int32_t red = match->team_score(self, realm->match, MUSTER_TEAM_RED);
    int32_t blue = match->team_score(self, realm->match, MUSTER_TEAM_BLUE);
    uint32_t winner = red > blue   ? MUSTER_TEAM_RED
                      : blue > red ? MUSTER_TEAM_BLUE
                                   : MUSTER_TEAM_NONE;
    const struct muster_match_end end = {.size = sizeof end,
                                         .winner_kind = words_winner_kind(winner),
                                         .winner = winner,
                                         .reason = MUSTER_END_ABORTED};
    (void)match->end(self, realm->match, &end);
}

void mode_lost(const struct realm *realm) {
    if (realm->kind == REALM_MATCH && realm->lobby->mode) mode_lost_end(realm);
}
