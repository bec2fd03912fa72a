/* playback - the log of a recording, applied to a match that was made from its header.
 * Loop thread.
 *
 * The file is somebody's: whatever an entry says is checked against the match before it is applied.
 */
#ifndef PLAYBACK_H
#define PLAYBACK_H

#include "match.h"

struct playback {
    struct match *match; /* borrowed */
    bool ended;          /* the log has its end: without one the server was killed */
    bool different;      /* from different_tick on the state is not the recorded one */
    uint32_t different_tick;
    uint64_t hash;          /* of the state at the log's end */
    uint64_t recorded_hash; /* the last that the log holds, of compared_tick; so at its end, if it
                             * has one */
    uint32_t compared_tick; /* 0: it holds none */
};

/* To the end of the log, from the beginning, in a match that was created as a replay. INVALID: the
 * recording is damaged. */
muster_status playback_run(struct playback *playback, struct record_reader *reader) MUSTER_MUST_USE;
/* The log since the state that a match goes on from, and then to the tick that is the next to run;
 * the match is a live one again behind it. `different`: also when it ended meanwhile. */
muster_status playback_go_on(struct playback *playback, struct record_reader *reader,
                             uint32_t tick) MUSTER_MUST_USE;

#endif
