/* The results of a match that nobody can go on with, by its saved bytes alone. */
#include "match_internal.h"

static bool load(struct match *match, struct muster_bytes state, struct muster_bytes waiting) {
    struct muster_reader r = muster_reader_make(waiting.data, (uint32_t)waiting.len);
    return match_load_score(match, state) && match_waiting_load(match, &r) && r.pos == r.len;
}

/* What was decided stands. */
static void end(struct match *match) {
    if (match->ended || match->ending) return;
    match_disturb(match, MUSTER_DISTURBED_CRASH, 0);
    match_end(match, match_decide(MUSTER_TEAM_NONE, MUSTER_END_ABORTED));
}

struct match_results *match_saved_results(const struct match_setup *setup,
                                          struct muster_bytes state, struct muster_bytes waiting) {
    struct match_results *results = NULL;
    struct match *match;
    if (!match_make(setup, &match) && load(match, state, waiting)) {
        end(match);
        results = match_results(match);
    }
    match_destroy(match);
    return results;
}
