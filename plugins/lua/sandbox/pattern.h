/* pattern - Lua patterns, with a budget. Same results as the stock matcher; each step is charged,
 * so that backtracking ends with the script's budget and not with the server's patience.
 */
#ifndef LUA_PATTERN_H
#define LUA_PATTERN_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum { MATCH_CAPTURES_MAX = 32, MATCH_DEPTH_MAX = 200, MATCH_OPEN = -1, MATCH_POSITION = -2 };

struct match {
    lua_State *L;
    const char *subject, *subject_end, *pattern_end;
    uint64_t steps; /* not yet charged */
    int depth;
    int captures;
    struct {
        const char *start;
        ptrdiff_t len; /* or MATCH_OPEN, MATCH_POSITION */
    } capture[MATCH_CAPTURES_MAX];
};

void match_init(struct match *m, lua_State *L, const char *subject, size_t subject_len,
                const char *pattern, size_t pattern_len);
/* Matches pattern at exactly this place; the end of the match or null. Raises for a malformed
 * pattern, a too complex one, and when the budget is spent. */
const char *match_at(struct match *m, const char *at, const char *pattern);
/* Charges what has not been charged yet. */
void match_settle(struct match *m);
/* Adds steps, and charges them now and then. */
void match_spend(struct match *m, size_t steps);
/* Pushes capture i; with none in the pattern, capture 0 is the whole match. Raises if there is no
 * such capture. */
void match_push_capture(struct match *m, int i, const char *start, const char *end);
/* Pushes all captures, or the whole match (start not null) if there are none; their number. */
int match_push_captures(struct match *m, const char *start, const char *end);

#endif
