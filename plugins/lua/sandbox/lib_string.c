/* lib_string - the string table, and the metatable of all strings in the state.
 *
 * Methods come from a table of their own that no script can reach, so that s:upper() stays what it
 * is whatever a script does to `string`.
 */
#include "internal.h"

#include <string.h>

/* ---- positions: 1.. from the start, -1.. from the end */

static size_t first_of(lua_Integer at, size_t len) {
    if (at > 0) return (size_t)at;
    if (at == 0 || at < -(lua_Integer)len) return 1;
    return len + (size_t)at + 1;
}

static size_t last_of(lua_Integer at, size_t len) {
    if (at > (lua_Integer)len) return len;
    if (at >= 0) return (size_t)at;
    return at < -(lua_Integer)len ? 0 : len + (size_t)at + 1;
}

static int string_len(lua_State *L) {
    size_t len;
    luaL_checklstring(L, 1, &len);
    lua_pushinteger(L, (lua_Integer)len);
    return 1;
}

static int string_sub(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    size_t first = first_of(luaL_checkinteger(L, 2), len);
    size_t last = last_of(luaL_optinteger(L, 3, -1), len);
    if (first > last) {
        lua_pushliteral(L, "");
        return 1;
    }
    sandbox_charge(L, (last - first) / 16 + 5);
    result_push(L, text + first - 1, last - first + 1);
    return 1;
}

static int string_byte(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer start = luaL_optinteger(L, 2, 1);
    size_t first = first_of(start, len);
    size_t last = last_of(luaL_optinteger(L, 3, start), len);
    if (first > last) return 0;
    size_t count = last - first + 1;
    result_check_stack(L, count, "string slice too long");
    sandbox_charge(L, count * 2);
    for (size_t i = 0; i < count; i++) lua_pushinteger(L, (unsigned char)text[first - 1 + i]);
    return (int)count;
}

static int string_char(lua_State *L) {
    luaL_Buffer out;
    int n = lua_gettop(L);
    sandbox_charge(L, (uint64_t)n * 2);
    char *bytes = luaL_buffinitsize(L, &out, (size_t)n);
    for (int i = 1; i <= n; i++) {
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, i);
        luaL_argcheck(L, code <= 255, i, "value out of range");
        bytes[i - 1] = (char)code;
        look(L, (size_t)i, 0);
    }
    luaL_pushresultsize(&out, (size_t)n);
    return 1;
}

/* ---- results as long as, or longer than, the argument */

static int string_rep(lua_State *L) {
    size_t len, separator_len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_len);
    size_t max = sandbox_of(L)->limits.memory_bytes;
    if (n <= 0 || len + separator_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((size_t)n > max / (len + separator_len) + 1)
        return luaL_error(L, "resulting string too large");
    size_t total = (size_t)n * len + (size_t)(n - 1) * separator_len;
    sandbox_reserve(L, total);
    sandbox_charge(L, total / 16 + 10);
    char *bytes = budget_scratch(L, total);
    memcpy(bytes, text, len);
    if (n > 1) memcpy(bytes + len, separator, separator_len);
    for (size_t done = len + separator_len; done < total; done *= 2) /* doubles what is there */
        memcpy(bytes + done, bytes, done < total - done ? done : total - done);
    lua_pushlstring(L, bytes, total);
    return 1;
}

/* Each byte becomes what fn makes of it. */
static int transform(lua_State *L, bool backwards, char (*fn)(char)) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    sandbox_reserve(L, len);
    sandbox_charge(L, len / 2 + 5);
    char *bytes = budget_scratch(L, len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = fn(text[backwards ? len - 1 - i : i]);
        look(L, i, 0);
    }
    lua_pushlstring(L, bytes, len);
    return 1;
}

static char to_same(char c) {
    return c;
}

static char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char to_upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static int string_reverse(lua_State *L) {
    return transform(L, true, to_same);
}

static int string_lower(lua_State *L) {
    return transform(L, false, to_lower);
}

static int string_upper(lua_State *L) {
    return transform(L, false, to_upper);
}

/* ---- arithmetic on strings that look like numbers; Lua leaves it to the metatable of strings */

static bool push_number(lua_State *L, int index) {
    size_t len;
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_pushvalue(L, index);
        return true;
    }
    const char *text = lua_tolstring(L, index, &len);
    if (text) charge_numeral(L, len);
    return text && lua_stringtonumber(L, text) == len + 1;
}

static int arithmetic(lua_State *L, int operator, const char * event) {
    if (push_number(L, 1) && push_number(L, 2)) {
        lua_arith(L, operator);
        return 1;
    }
    lua_settop(L, 2);
    if (lua_type(L, 2) == LUA_TSTRING || !luaL_getmetafield(L, 2, event))
        return luaL_error(L, "attempt to %s a '%s' with a '%s'", event + 2, luaL_typename(L, 1),
                          luaL_typename(L, 2));
    lua_insert(L, -3);
    lua_call(L, 2, 1);
    return 1;
}

#define ARITHMETIC(name, operator, event)                                                          \
    static int string_##name(lua_State *L) {                                                       \
        return arithmetic(L, operator, event);                                                     \
    }
ARITHMETIC(add, LUA_OPADD, "__add")
ARITHMETIC(sub_, LUA_OPSUB, "__sub")
ARITHMETIC(mul, LUA_OPMUL, "__mul")
ARITHMETIC(mod, LUA_OPMOD, "__mod")
ARITHMETIC(pow, LUA_OPPOW, "__pow")
ARITHMETIC(div, LUA_OPDIV, "__div")
ARITHMETIC(idiv, LUA_OPIDIV, "__idiv")
ARITHMETIC(unm, LUA_OPUNM, "__unm")
#undef ARITHMETIC

/* ---- opening */

static void push_table(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"byte", string_byte},   {"char", string_char},       {"len", string_len},
        {"lower", string_lower}, {"rep", string_rep},         {"sub", string_sub},
        {"upper", string_upper}, {"reverse", string_reverse}, {NULL, NULL}};
    lua_createtable(L, 0, 17);
    luaL_setfuncs(L, functions, 0);
    lib_pattern_add(L);
    lib_format_add(L);
    lib_pack_add(L);
}

static void set_metatable(lua_State *L) {
    static const luaL_Reg events[] = {
        {"__add", string_add}, {"__sub", string_sub_},  {"__mul", string_mul},
        {"__mod", string_mod}, {"__pow", string_pow},   {"__div", string_div},
        {"__unm", string_unm}, {"__idiv", string_idiv}, {NULL, NULL}};
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 10);
    luaL_setfuncs(L, events, 0);
    push_table(L);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void lib_string_open(lua_State *L) {
    set_metatable(L);
    push_table(L);
}
