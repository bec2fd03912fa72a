/* match_twin - save, load, step is step: seen to in builds with sanitizers.
 *
 * Before a step the match is saved; after it a twin is made of what was saved, in a lobby of its
 * own as a replay has it, and takes the same step. What differs then ends the process. A release
 * does none of it.
 */
#ifndef MATCH_TWIN_H
#define MATCH_TWIN_H

#include "match.h"

#ifdef MUSTER_TWINS
#define MATCH_TWINS 1 /* at a time: its place in the table */
/* Around the step. True: its end is to be told. */
bool match_twin_save(struct match *match);
void match_twin_compare(struct match *match);
/* What the rules say within the step, that a replay has to know before. */
void match_twin_note(const struct match *match, uint32_t part, const void *data, uint32_t len);
#else
#define MATCH_TWINS 0
static inline bool match_twin_save(struct match *match) {
    (void)match;
    return false;
}
static inline void match_twin_compare(struct match *match) {
    (void)match;
}
static inline void match_twin_note(const struct match *match, uint32_t part, const void *data,
                                   uint32_t len) {
    (void)match;
    (void)part;
    (void)data;
    (void)len;
}
#endif

#endif
