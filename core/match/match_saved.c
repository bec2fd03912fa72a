/* The results of a match that nobody can go on with, by its saved bytes alone. */
#include "match_internal.h"

static bool load(struct match *match, struct muster_bytes state, struct muster_bytes waiting) {
    struct muster_reader r = muster_reader_make(waiting.data, (uint32_t)waiting.len);
    return match_load_score(match, state) && match_waiting_load(match, &r) && r.pos == r.len;
}

/* What was decided stands. That it was disturbed is not recorded: rules would be told of it in a
 * replay, and were not here. */
static void end(struct match *match, struct record *record, uint64_t hash) {
    if (!match->ended && !match->ending) {
        match_disturb(match, MUSTER_DISTURBED_CRASH, 0);
        match_end(match, match_decide(MUSTER_TEAM_NONE, MUSTER_END_ABORTED));
    }
    match->record = record;
    match_record_end(match, hash);
}

struct match_results *match_saved_results(const struct match_setup *setup,
                                          struct muster_bytes state, struct muster_bytes waiting) {
    struct match_results *results = NULL;
    struct match_setup unrecorded = *setup;
    struct match *match;
    unrecorded.record = NULL;
    if (!match_make(&unrecorded, &match) && load(match, state, waiting)) {
        end(match, setup->record, match_saved_hash(state));
        results = match_results(match);
    } else {
        record_close(setup->record);
    }
    match_destroy(match);
    return results;
}
