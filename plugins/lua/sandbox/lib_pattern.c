/* lib_pattern - string.find, match, gmatch and gsub on the matcher of pattern.c. */
#include "internal.h"
#include "pattern.h"

#include <string.h>

/* ---- find and match */

/* From a start of 1.., or -1.. from the end, to an offset; may lie behind the end. */
static size_t start_offset(lua_Integer start, size_t len) {
    if (start > 0) return (size_t)start - 1;
    if (start == 0 || start < -(lua_Integer)len) return 0;
    return len + (size_t)start;
}

static bool has_specials(lua_State *L, const char *pattern, size_t len) {
    static const bool special[256] = {
        ['^'] = true, ['$'] = true, ['*'] = true, ['+'] = true, ['?'] = true,
        ['.'] = true, ['('] = true, ['['] = true, ['%'] = true, ['-'] = true};
    for (size_t i = 0; i < len; i++) {
        if (special[(unsigned char)pattern[i]]) return true;
        look(L, i, 1);
    }
    return false;
}

/* The two-way search of libc: linear in both. */
static int find_plain(lua_State *L, const char *subject, size_t len, size_t start) {
    size_t needle_len;
    const char *needle = lua_tolstring(L, 2, &needle_len);
    sandbox_charge(L, (len - start + needle_len) / 4 + 10);
    const char *found = memmem(subject + start, len - start, needle, needle_len);
    if (!found) {
        luaL_pushfail(L);
        return 1;
    }
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, found - subject + (lua_Integer)needle_len);
    return 2;
}

static int search(lua_State *L, bool find) {
    size_t len, pattern_len;
    const char *subject = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    size_t start = start_offset(luaL_optinteger(L, 3, 1), len);
    struct pattern_match m;
    if (start > len) {
        luaL_pushfail(L);
        return 1;
    }
    if (find) {
        if (lua_toboolean(L, 4) || !has_specials(L, pattern, pattern_len))
            return find_plain(L, subject, len, start);
    }
    pattern_init(&m, L, subject, len, pattern, pattern_len);
    bool anchored = pattern_len > 0 && *pattern == '^';
    const char *at = subject + start, *end;
    do {
        end = pattern_at(&m, at, pattern + anchored);
    } while (!end && ++at <= m.subject_end && !anchored);
    pattern_settle(&m);
    if (!end) {
        luaL_pushfail(L);
        return 1;
    }
    if (!find) return pattern_push_captures(&m, at, end);
    lua_pushinteger(L, at - subject + 1);
    lua_pushinteger(L, end - subject);
    return pattern_push_captures(&m, NULL, NULL) + 2;
}

static int string_find(lua_State *L) {
    return search(L, true);
}

static int string_match(lua_State *L) {
    return search(L, false);
}

/* ---- gmatch: upvalues are subject, pattern, where to go on, where the last match ended */

static int step_gmatch(lua_State *L) {
    size_t len, pattern_len;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &len);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_len);
    const char *at = subject + lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    struct pattern_match m;
    pattern_init(&m, L, subject, len, pattern, pattern_len);
    for (; at <= m.subject_end; at++) {
        const char *end = pattern_at(&m, at, pattern);
        if (!end || end - subject == last) continue;
        lua_pushinteger(L, end - subject);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        int results = pattern_push_captures(&m, at, end);
        pattern_settle(&m);
        return results;
    }
    pattern_settle(&m);
    return 0;
}

static int string_gmatch(lua_State *L) {
    size_t len;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    size_t start = start_offset(luaL_optinteger(L, 3, 1), len);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(start > len ? len + 1 : start));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, step_gmatch, 4);
    return 1;
}

/* ---- gsub */

/* Stack: subject, pattern, replacement, limit. */
struct substitution {
    struct pattern_match m;
    luaL_Buffer out;
    int kind; /* of the replacement */
};

static void add_escape(struct substitution *sub, char c, const char *start, const char *end) {
    lua_State *L = sub->m.L;
    if (c == '%') {
        result_add_char(&sub->out, '%');
        return;
    }
    if (c == '0') {
        pattern_spend(&sub->m, (size_t)(end - start) / 16);
        result_add(&sub->out, start, (size_t)(end - start));
        return;
    }
    if (c < '1' || c > '9') luaL_error(L, "invalid use of '%%' in replacement string");
    pattern_push_capture(&sub->m, c - '1', start, end);
    luaL_tolstring(L, -1, NULL); /* a position is a number */
    lua_remove(L, -2);
    result_add_value(&sub->out);
}

static void add_text(struct substitution *sub, const char *start, const char *end) {
    size_t len;
    const char *text = lua_tolstring(sub->m.L, 3, &len), *stop = text + len;
    while (text < stop) {
        const char *escape = memchr(text, '%', (size_t)(stop - text));
        size_t plain = (size_t)((escape ? escape : stop) - text);
        result_add(&sub->out, text, plain);
        pattern_spend(&sub->m, plain / 16 + 1);
        if (!escape) return;
        add_escape(sub, escape + 1 < stop ? escape[1] : '\0', start, end);
        text = escape + 2;
    }
}

/* Adds what replaces this match; true if it differs from it. A look-up may go through thousands of
 * metatables. */
static bool add_value(struct substitution *sub, const char *start, const char *end) {
    lua_State *L = sub->m.L;
    sandbox_check(L);
    if (sub->kind == LUA_TTABLE) {
        pattern_push_capture(&sub->m, 0, start, end);
        lua_gettable(L, 3);
    } else if (sub->kind == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, pattern_push_captures(&sub->m, start, end), 1);
    } else {
        add_text(sub, start, end);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        result_add(&sub->out, start, (size_t)(end - start));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    pattern_spend(&sub->m, lua_rawlen(L, -1) / 16);
    result_add_value(&sub->out);
    return true;
}

/* Goes through the subject; the number of matches. *at is left where the rest begins. */
static lua_Integer substitute(struct substitution *sub, const char *pattern, lua_Integer limit,
                              const char **at, bool *changed) {
    bool anchored = pattern < sub->m.pattern_end && *pattern == '^';
    const char *last = NULL;
    lua_Integer count = 0;
    while (count < limit) {
        const char *end = pattern_at(&sub->m, *at, pattern + anchored);
        if (end && end != last) {
            count++;
            *changed = add_value(sub, *at, end) || *changed;
            *at = last = end;
        } else if (*at < sub->m.subject_end) {
            result_add_char(&sub->out, **at);
            ++*at;
        } else {
            break;
        }
        if (anchored) break;
    }
    return count;
}

static int string_gsub(lua_State *L) {
    struct substitution sub;
    size_t len, pattern_len;
    bool changed = false;
    const char *subject = luaL_checklstring(L, 1, &len), *at = subject;
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    sub.kind = lua_type(L, 3);
    luaL_argexpected(L,
                     sub.kind == LUA_TNUMBER || sub.kind == LUA_TSTRING || sub.kind == LUA_TTABLE ||
                         sub.kind == LUA_TFUNCTION,
                     3, "string/function/table");
    lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)len + 1);
    pattern_init(&sub.m, L, subject, len, pattern, pattern_len);
    luaL_buffinit(L, &sub.out);
    lua_Integer count = substitute(&sub, pattern, limit, &at, &changed);
    pattern_settle(&sub.m);
    if (changed) {
        result_add(&sub.out, at, (size_t)(sub.m.subject_end - at));
        result_finish(&sub.out);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

void lib_pattern_add(lua_State *L) {
    static const luaL_Reg functions[] = {{"find", string_find},
                                         {"gmatch", string_gmatch},
                                         {"gsub", string_gsub},
                                         {"match", string_match},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
