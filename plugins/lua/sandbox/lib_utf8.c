/* lib_utf8 - the utf8 table, charged by length. */
#include "internal.h"

#include <string.h>

enum { UNICODE_MAX = 0x10ffff, CODE_MAX = 0x7fffffff };

static bool is_continuation(const char *at) {
    return (*at & 0xc0) == 0x80;
}

/* One character at text (which ends with a zero byte): the place behind it, or null. */
static const char *decode(const char *text, uint32_t *code, bool strict) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    unsigned first = (unsigned char)text[0];
    uint32_t value = 0;
    int more = 0;
    if (first < 0x80) {
        *code = first;
        return text + 1;
    }
    for (; first & 0x40; first <<= 1) {
        if (more >= 5 || !is_continuation(text + more + 1)) return NULL;
        value = value << 6 | ((unsigned char)text[++more] & 0x3f);
    }
    if (more == 0) return NULL;
    value |= (uint32_t)(first & 0x7f) << (more * 5);
    if (value > CODE_MAX || value < least[more]) return NULL;
    if (strict && (value > UNICODE_MAX || (value >= 0xd800 && value <= 0xdfff))) return NULL;
    *code = value;
    return text + more + 1;
}

/* 1.. from the start, -1.. from the end; 0 if before the start. */
static lua_Integer position(lua_Integer at, size_t len) {
    if (at >= 0) return at;
    return (size_t) - (lua_Unsigned)at > len ? 0 : (lua_Integer)len + at + 1;
}

static int utf8_len(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer at = position(luaL_optinteger(L, 2, 1), len);
    lua_Integer last = position(luaL_optinteger(L, 3, -1), len), count = 0;
    bool lax = lua_toboolean(L, 4);
    luaL_argcheck(L, 1 <= at && --at <= (lua_Integer)len, 2, "initial position out of bounds");
    luaL_argcheck(L, --last < (lua_Integer)len, 3, "final position out of bounds");
    for (; at <= last; count++) {
        uint32_t code;
        look(L, (size_t)count, 4);
        const char *next = decode(text + at, &code, !lax);
        if (!next) {
            luaL_pushfail(L);
            lua_pushinteger(L, at + 1);
            return 2;
        }
        at = next - text;
    }
    sandbox_charge(L, (uint64_t)count % LOOK_EVERY * 4);
    lua_pushinteger(L, count);
    return 1;
}

static int utf8_codepoint(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer first = position(luaL_optinteger(L, 2, 1), len);
    lua_Integer last = position(luaL_optinteger(L, 3, first), len);
    bool lax = lua_toboolean(L, 4);
    int results = 0;
    luaL_argcheck(L, first >= 1, 2, "out of bounds");
    luaL_argcheck(L, last <= (lua_Integer)len, 3, "out of bounds");
    if (first > last) return 0;
    size_t most = (size_t)(last - first) + 1;
    result_check_stack(L, most, "string slice too long");
    sandbox_charge(L, most * 2);
    for (const char *at = text + first - 1; at < text + last; results++) {
        uint32_t code;
        look(L, (size_t)results, 0);
        at = decode(at, &code, !lax);
        if (!at) return luaL_error(L, "invalid UTF-8 code");
        lua_pushinteger(L, code);
    }
    return results;
}

static size_t encode(uint32_t code, char out[8]) {
    size_t n = 1;
    uint32_t first_max = 0x3f; /* what fits into the first byte */
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    char reversed[8];
    do {
        reversed[n++ - 1] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
        first_max >>= 1;
    } while (code > first_max);
    reversed[n - 1] = (char)(~first_max << 1 | code);
    for (size_t i = 0; i < n; i++) out[i] = reversed[n - 1 - i];
    return n;
}

static int utf8_char(lua_State *L) {
    luaL_Buffer out;
    int n = lua_gettop(L);
    sandbox_charge(L, (uint64_t)n * 5 + 5);
    lua_pushnil(L); /* keeps the buffer apart from the arguments */
    luaL_buffinit(L, &out);
    for (int i = 1; i <= n; i++) {
        char bytes[8];
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, i);
        luaL_argcheck(L, code <= CODE_MAX, i, "value out of range");
        result_add(&out, bytes, encode((uint32_t)code, bytes));
        look(L, (size_t)i, 0);
    }
    result_finish(&out);
    return 1;
}

/* Over the rest of the character that at lies in. */
static lua_Integer skip_rest(lua_State *L, const char *text, lua_Integer at, int direction) {
    size_t steps = 0;
    for (; at > 0 && is_continuation(text + at); at += direction) look(L, steps++, 1);
    return at; /* the final zero is no continuation */
}

static int utf8_offset(lua_State *L) {
    size_t len, steps = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    lua_Integer at = position(luaL_optinteger(L, 3, n >= 0 ? 1 : (lua_Integer)len + 1), len);
    luaL_argcheck(L, 1 <= at && --at <= (lua_Integer)len, 3, "position out of bounds");
    if (n == 0) {
        lua_pushinteger(L, skip_rest(L, text, at, -1) + 1);
        return 1;
    }
    if (is_continuation(text + at)) return luaL_error(L, "initial position is a continuation byte");
    for (; n < 0 && at > 0; n++) {
        at = skip_rest(L, text, at - 1, -1);
        look(L, steps++, 4);
    }
    for (n -= n > 0; n > 0 && at < (lua_Integer)len; n--) {
        at = skip_rest(L, text, at + 1, 1);
        look(L, steps++, 4);
    }
    sandbox_charge(L, steps % LOOK_EVERY * 4);
    if (n == 0)
        lua_pushinteger(L, at + 1);
    else
        luaL_pushfail(L);
    return 1;
}

/* ---- codes */

static int step_codes(lua_State *L, bool strict) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Unsigned at = (lua_Unsigned)lua_tointeger(L, 2);
    uint32_t code;
    for (size_t steps = 0; at < len && is_continuation(text + at); at++) look(L, steps++, 1);
    if (at >= len) return 0;
    const char *next = decode(text + at, &code, strict);
    if (!next || is_continuation(next)) return luaL_error(L, "invalid UTF-8 code");
    sandbox_charge(L, 4);
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_pushinteger(L, code);
    return 2;
}

static int step_strict(lua_State *L) {
    return step_codes(L, true);
}

static int step_lax(lua_State *L) {
    return step_codes(L, false);
}

static int utf8_codes(lua_State *L) {
    bool lax = lua_toboolean(L, 2);
    const char *text = luaL_checkstring(L, 1);
    luaL_argcheck(L, !is_continuation(text), 1, "invalid UTF-8 code");
    lua_pushcfunction(L, lax ? step_lax : step_strict);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

void lib_utf8_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"char", utf8_char},     {"codepoint", utf8_codepoint},
                                         {"codes", utf8_codes},   {"len", utf8_len},
                                         {"offset", utf8_offset}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_pushlstring(L, "[\0-\x7F\xC2-\xFD][\x80-\xBF]*", 14);
    lua_setfield(L, -2, "charpattern");
}
