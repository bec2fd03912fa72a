/* pattern - Lua patterns, with a budget. Same results as the stock matcher; each step is charged,
 * so that backtracking ends with the script's budget and not with the server's patience.
 */
#ifndef LUA_PATTERN_H
#define LUA_PATTERN_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PATTERN_CAPTURES_MAX = 32,
    PATTERN_DEPTH_MAX = 200,
    PATTERN_OPEN = -1,
    PATTERN_POSITION = -2
};

struct pattern_match {
    lua_State *L;
    const char *subject, *subject_end, *pattern_end;
    uint64_t steps; /* not yet charged */
    int depth;
    int captures;
    struct {
        const char *start;
        ptrdiff_t len; /* or PATTERN_OPEN, PATTERN_POSITION */
    } capture[PATTERN_CAPTURES_MAX];
};

void pattern_init(struct pattern_match *m, lua_State *L, const char *subject, size_t subject_len,
                  const char *pattern, size_t pattern_len);
/* Matches pattern at exactly this place; the end of the match or null. Raises for a malformed
 * pattern, a too complex one, and when the budget is spent. */
const char *pattern_at(struct pattern_match *m, const char *at, const char *pattern);
/* Charges what has not been charged yet. */
void pattern_settle(struct pattern_match *m);
/* Adds steps, and charges them now and then. */
void pattern_spend(struct pattern_match *m, size_t steps);
/* Pushes capture i; with none in the pattern, capture 0 is the whole match. Raises if there is no
 * such capture. */
void pattern_push_capture(struct pattern_match *m, int i, const char *start, const char *end);
/* Pushes all captures, or the whole match (start not null) if there are none; their number. */
int pattern_push_captures(struct pattern_match *m, const char *start, const char *end);

#endif
