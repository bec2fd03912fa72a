/* match_set - the matches of a run. Each of its players tells of one; it counts once. */
#ifndef LOAD_MATCH_SET_H
#define LOAD_MATCH_SET_H

#include <stdbool.h>
#include <stdint.h>

struct match_set {
    uint64_t *ids; /* owned; a table with room, 0: nothing there */
    uint32_t cap;
    uint32_t count;
};

/* A text with `"matchId":"UUID"` in it. Not there, or no memory: not counted. */
void match_set_add(struct match_set *set, const char *text);
void match_set_free(struct match_set *set);

#endif
