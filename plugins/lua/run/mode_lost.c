/* mode_lost - see mode_lost.h. */
#include "mode_lost.h"

#include "teams.h"

/* Who has most points, of equals nobody. Seats count where there are no teams. */
struct lead {
    uint32_t winner_kind, winner;
    int32_t points;
    bool is_taken;
};

static void lead_take(struct lead *lead, uint32_t kind, uint32_t id, int32_t points) {
    if (lead->is_taken && points < lead->points) return;
    bool is_tied = lead->is_taken && points == lead->points;
    *lead = (struct lead){.winner_kind = is_tied ? MUSTER_WINNER_NOBODY : kind,
                          .winner = is_tied ? 0 : id,
                          .points = points,
                          .is_taken = true};
}

void mode_lost_end(const struct realm *realm) {
    const struct muster_host_match *match = realm_host(realm)->match;
    muster_self *self = realm_self(realm);
    struct muster_seat_info row = {.size = sizeof row};
    struct lead lead = {.winner_kind = MUSTER_WINNER_NOBODY};
    uint32_t teams = teams_count(realm);
    for (uint32_t team = 1; team <= teams; team++)
        lead_take(&lead, MUSTER_WINNER_TEAM, team, match->team_score(self, realm->match, team));
    for (uint32_t seat = 0; teams == 0 && seat < MUSTER_SEATS_MAX; seat++)
        if (match->seat_get(self, realm->match, seat, &row) == MUSTER_OK)
            lead_take(&lead, MUSTER_WINNER_SEAT, seat, row.score);
    const struct muster_match_end end = {.size = sizeof end,
                                         .winner_kind = lead.winner_kind,
                                         .winner = lead.winner,
                                         .reason = MUSTER_END_ABORTED};
    (void)match->end(self, realm->match, &end);
}

void mode_lost(const struct realm *realm) {
    if (realm->kind == REALM_MATCH && realm->lobby->mode) mode_lost_end(realm);
}
