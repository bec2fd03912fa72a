/* plugin_play - a short match of an uploaded rule in which everything happens once, live, and again
 * from what was noted; see plugin_rig.h.
 */
#ifndef PLUGIN_PLAY_H
#define PLUGIN_PLAY_H

#include "plugin_rig.h"

enum { PLAY_STATE_BYTES_MAX = 1 << 18, PLAY_STEPS_MAX = 64 };

/* What comes of a match. */
struct played {
    int64_t answers[PLAY_STEPS_MAX]; /* to questions */
    uint32_t answer_count;
    uint32_t ends[PLAY_STEPS_MAX]; /* how many notes there were behind each step */
    uint32_t step_count;
    uint32_t len;
    uint8_t state[PLAY_STATE_BYTES_MAX];
};

/* The rig's rule has been uploaded; its match goes on. */
void play_live(struct rig *rig, struct played *out);
/* A rig of a replay plays what the live one played, up to the same point. */
void play_again(struct rig *rig, const struct tape *tape, const struct played *first,
                struct played *out);
bool play_is_same(const struct played *a, const struct played *b);

#endif
