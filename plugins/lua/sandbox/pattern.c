/* match - Lua patterns, with a budget; see match.h. */
#include "pattern.h"
#include "internal.h"

#include <string.h>

enum { SETTLE_EVERY = 1024, UNITS_PER_STEP = 3 };

static const char *match_rest(struct pattern_match *m, const char *s, const char *p);

void pattern_init(struct pattern_match *m, lua_State *L, const char *subject, size_t subject_len,
                  const char *pattern, size_t pattern_len) {
    m->L = L;
    m->subject = subject;
    m->subject_end = subject + subject_len;
    m->pattern_end = pattern + pattern_len;
    m->steps = 0;
    m->depth = 0;
    m->captures = 0;
}

void pattern_settle(struct pattern_match *m) {
    uint64_t steps = m->steps;
    m->steps = 0;
    sandbox_charge_items(m->L, steps, UNITS_PER_STEP);
}

void pattern_spend(struct pattern_match *m, size_t steps) {
    m->steps += steps;
    if (m->steps >= SETTLE_EVERY) pattern_settle(m);
}

static inline void step(struct pattern_match *m) {
    pattern_spend(m, 1);
}

/* ---- single characters: classes of plain ASCII, whatever the locale */

static bool is_lower(int c) {
    return c >= 'a' && c <= 'z';
}

static bool is_upper(int c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_graph(int c) {
    return c > ' ' && c < 0x7f;
}

static bool in_class(int c, int class) {
    bool in;
    switch (class | 0x20) {
    case 'a': in = is_lower(c) || is_upper(c); break;
    case 'c': in = c < ' ' || c == 0x7f; break;
    case 'd': in = is_digit(c); break;
    case 'g': in = is_graph(c); break;
    case 'l': in = is_lower(c); break;
    case 'p': in = is_graph(c) && !is_lower(c) && !is_upper(c) && !is_digit(c); break;
    case 's': in = c == ' ' || (c >= '\t' && c <= '\r'); break;
    case 'u': in = is_upper(c); break;
    case 'w': in = is_lower(c) || is_upper(c) || is_digit(c); break;
    case 'z': in = c == 0; break; /* from before Lua 5.2, but still there */
    case 'x': in = is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); break;
    default: return class == c;
    }
    return is_upper(class) ? !in : in;
}

/* The end of the single-character item at p: a character, an escape or a set. */
static const char *item_end(struct pattern_match *m, const char *p) {
    const char *end = m->pattern_end;
    char first = *p++;
    if (first == '%') {
        if (p == end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[') return p;
    if (p < end && *p == '^') p++;
    do { /* the first one may be a ']' */
        if (p == end) luaL_error(m->L, "malformed pattern (missing ']')");
        step(m);
        if (*p++ == '%') p++; /* one beyond the end is told in the next round */
        if (p > end) luaL_error(m->L, "malformed pattern (missing ']')");
    } while (p == end || *p != ']');
    return p + 1;
}

/* c against the set from '[' to ']'. */
static bool in_set(struct pattern_match *m, int c, const char *p, const char *closing) {
    bool sense = true;
    if (*++p == '^') {
        sense = false;
        p++;
    }
    for (; p < closing; p++) {
        step(m);
        if (*p == '%') {
            p++;
            if (in_class(c, (unsigned char)*p)) return sense;
        } else if (p[1] == '-' && p + 2 < closing) {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return sense;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return sense;
        }
    }
    return !sense;
}

static bool is_item(struct pattern_match *m, const char *s, const char *p, const char *end) {
    if (s >= m->subject_end) return false;
    int c = (unsigned char)*s;
    step(m);
    switch (*p) {
    case '.': return true;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(m, c, p, end - 1);
    default: return (unsigned char)*p == c;
    }
}

/* ---- items with a suffix */

static const char *match_greedy(struct pattern_match *m, const char *s, const char *p,
                                const char *end) {
    ptrdiff_t n = 0;
    while (is_item(m, s + n, p, end)) n++;
    for (; n >= 0; n--) {
        const char *result = match_rest(m, s + n, end + 1);
        if (result) return result;
    }
    return NULL;
}

static const char *match_lazy(struct pattern_match *m, const char *s, const char *p,
                              const char *end) {
    for (;; s++) {
        const char *result = match_rest(m, s, end + 1);
        if (result) return result;
        if (!is_item(m, s, p, end)) return NULL;
    }
}

/* ---- captures */

static const char *open_capture(struct pattern_match *m, const char *s, const char *p,
                                ptrdiff_t kind) {
    if (m->captures >= PATTERN_CAPTURES_MAX) luaL_error(m->L, "too many captures");
    m->capture[m->captures].start = s;
    m->capture[m->captures].len = kind;
    m->captures++;
    const char *result = match_rest(m, s, p);
    if (!result) m->captures--;
    return result;
}

static const char *close_capture(struct pattern_match *m, const char *s, const char *p) {
    int i = m->captures - 1;
    while (i >= 0 && m->capture[i].len != PATTERN_OPEN) i--;
    if (i < 0) luaL_error(m->L, "invalid pattern capture");
    m->capture[i].len = s - m->capture[i].start;
    const char *result = match_rest(m, s, p);
    if (!result) m->capture[i].len = PATTERN_OPEN;
    return result;
}

static const char *match_back_reference(struct pattern_match *m, const char *s, int digit) {
    int i = digit - '1';
    if (i < 0 || i >= m->captures || m->capture[i].len == PATTERN_OPEN)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    size_t len = (size_t)m->capture[i].len;
    if (len > (size_t)(m->subject_end - s)) return NULL;
    pattern_spend(m, len / 16);
    return memcmp(m->capture[i].start, s, len) == 0 ? s + len : NULL;
}

/* ---- %b and %f */

static const char *match_balanced(struct pattern_match *m, const char *s, const char *p) {
    int depth = 1;
    if (p + 1 >= m->pattern_end) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->subject_end || *s != *p) return NULL;
    while (++s < m->subject_end) {
        step(m);
        if (*s == p[1]) {
            if (--depth == 0) return s + 1;
        } else if (*s == *p) {
            depth++;
        }
    }
    return NULL;
}

/* p is at the set behind %f; the rest of the pattern, or null if s is no frontier. */
static const char *match_frontier(struct pattern_match *m, const char *s, const char *p) {
    if (p == m->pattern_end || *p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
    const char *end = item_end(m, p);
    int before = s == m->subject ? 0 : (unsigned char)s[-1];
    int after = s == m->subject_end ? 0 : (unsigned char)*s;
    if (in_set(m, before, p, end - 1) || !in_set(m, after, p, end - 1)) return NULL;
    return end;
}

/* ---- the pattern */

/* A place in subject and pattern; s becomes null when there is no match. */
struct place {
    const char *s, *p;
    bool done;
};

static void finish(struct place *place, const char *result) {
    place->s = result;
    place->done = true;
}

/* %b, %f, %1 to %9; false for any other escape. */
static bool step_escape(struct pattern_match *m, struct place *place) {
    const char *p = place->p + 1;
    int c = p < m->pattern_end ? (unsigned char)*p : 0;
    if (c == 'b') {
        place->s = match_balanced(m, place->s, p + 1);
        place->p = p + 3;
    } else if (c == 'f') {
        const char *rest = match_frontier(m, place->s, p + 1);
        if (!rest) place->s = NULL;
        place->p = rest;
    } else if (p < m->pattern_end && is_digit(c)) {
        place->s = match_back_reference(m, place->s, c);
        place->p = p + 1;
    } else {
        return false;
    }
    place->done = !place->s;
    return true;
}

/* The item at p matched at s (single) or not, and is followed by suffix at end. */
static void step_suffix(struct pattern_match *m, struct place *place, const char *end,
                        bool single) {
    const char *s = place->s, *p = place->p, *result;
    switch (end < m->pattern_end ? *end : '\0') {
    case '*':
        if (single) finish(place, match_greedy(m, s, p, end));
        break;
    case '-':
        if (single) finish(place, match_lazy(m, s, p, end));
        break;
    case '?':
        result = single ? match_rest(m, s + 1, end + 1) : NULL;
        if (result) finish(place, result);
        break;
    case '+': finish(place, single ? match_greedy(m, s + 1, p, end) : NULL); return;
    default:
        place->s = single ? s + 1 : NULL;
        place->p = end;
        place->done = !single;
        return;
    }
    place->p = end + 1; /* else it matches nothing, and the rest decides */
}

static void step_single(struct pattern_match *m, struct place *place) {
    const char *end = item_end(m, place->p);
    step_suffix(m, place, end, is_item(m, place->s, place->p, end));
}

static void step_place(struct pattern_match *m, struct place *place) {
    const char *s = place->s, *p = place->p;
    step(m);
    if (*p == '(' && p + 1 < m->pattern_end && p[1] == ')')
        finish(place, open_capture(m, s, p + 2, PATTERN_POSITION));
    else if (*p == '(')
        finish(place, open_capture(m, s, p + 1, PATTERN_OPEN));
    else if (*p == ')')
        finish(place, close_capture(m, s, p + 1));
    else if (*p == '$' && p + 1 == m->pattern_end)
        finish(place, s == m->subject_end ? s : NULL);
    else if (*p != '%' || !step_escape(m, place))
        step_single(m, place);
}

static const char *match_rest(struct pattern_match *m, const char *s, const char *p) {
    struct place place = {s, p, false};
    if (++m->depth > PATTERN_DEPTH_MAX) luaL_error(m->L, "pattern too complex");
    while (!place.done && place.p != m->pattern_end) step_place(m, &place);
    m->depth--;
    return place.s;
}

const char *pattern_at(struct pattern_match *m, const char *at, const char *pattern) {
    m->captures = 0;
    m->depth = 0;
    return match_rest(m, at, pattern);
}

/* ---- results */

void pattern_push_capture(struct pattern_match *m, int i, const char *start, const char *end) {
    if (i >= m->captures) {
        if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
        pattern_spend(m, (size_t)(end - start) / 16 + 1);
        result_push(m->L, start, (size_t)(end - start));
        return;
    }
    ptrdiff_t len = m->capture[i].len;
    if (len == PATTERN_OPEN) luaL_error(m->L, "unfinished capture");
    if (len == PATTERN_POSITION)
        lua_pushinteger(m->L, m->capture[i].start - m->subject + 1);
    else
        result_push(m->L, m->capture[i].start, (size_t)len);
    pattern_spend(m, len < 0 ? 1 : (size_t)len / 16 + 1);
}

int pattern_push_captures(struct pattern_match *m, const char *start, const char *end) {
    int count = m->captures == 0 && start ? 1 : m->captures;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) pattern_push_capture(m, i, start, end);
    return count;
}
