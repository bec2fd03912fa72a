/* lib_base - the basic functions, without those that load code, steer the collector or talk to the
 * process. pcall and xpcall let a kill through.
 */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PCALL_UNITS = 50, PRINT_UNITS = 500 };

/* ---- text of a value */

static const char *plain_text(lua_State *L, int index) {
    char text[64];
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        if (!lua_isinteger(L, index) && isnan(lua_tonumber(L, index)))
            return lua_pushliteral(L, "nan"); /* its sign depends on the processor */
        lua_pushvalue(L, index);
        return lua_tolstring(L, -1, NULL);
    case LUA_TSTRING: lua_pushvalue(L, index); return lua_tolstring(L, -1, NULL);
    case LUA_TBOOLEAN: return lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    case LUA_TNIL: return lua_pushliteral(L, "nil");
    default: break;
    }
    int kind = luaL_getmetafield(L, index, "__name");
    snprintf(text, sizeof text, "%s",
             kind == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, index));
    if (kind != LUA_TNIL) lua_pop(L, 1);
    return lua_pushstring(L, text);
}

const char *sandbox_tostring(lua_State *L, int index, size_t *len) {
    index = lua_absindex(L, index);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
    } else {
        plain_text(L, index);
    }
    return lua_tolstring(L, -1, len);
}

static int base_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    sandbox_charge(L, 10);
    sandbox_tostring(L, 1, NULL);
    return 1;
}

/* ---- print: one cleaned line for the owner */

struct line {
    char text[PRINT_BYTES_MAX + 1];
    size_t used;
};

static void line_add(struct line *line, const char *text, size_t len) {
    errors_escape(text, len, line->text + line->used, sizeof line->text - line->used);
    line->used += strlen(line->text + line->used);
}

static int base_print(lua_State *L) {
    struct line line = {.used = 0};
    const struct sandbox_host *host = &sandbox_of(L)->host;
    int count = lua_gettop(L);
    sandbox_charge(L, PRINT_UNITS);
    for (int i = 1; i <= count; i++) {
        size_t len;
        const char *text = sandbox_tostring(L, i, &len);
        if (i > 1) line_add(&line, " ", 1);
        line_add(&line, text, len);
        lua_pop(L, 1);
        sandbox_charge(L, 10);
    }
    if (host->print) host->print(host->user, line.text);
    return 0;
}

/* ---- errors */

static int base_assert(lua_State *L) {
    if (lua_toboolean(L, 1)) return lua_gettop(L);
    luaL_checkany(L, 1);
    lua_remove(L, 1);
    lua_pushliteral(L, "assertion failed!");
    lua_settop(L, 1); /* the message given, else the one above */
    return lua_error(L);
}

static int base_error(lua_State *L) {
    int level = (int)luaL_optinteger(L, 2, 1);
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
        luaL_where(L, level);
        lua_pushvalue(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* Continues pcall, whether the function yielded in between or not. */
static int finish_pcall(lua_State *L, int status, lua_KContext extra) {
    sandbox_check(L);
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)extra;
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

static int base_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    sandbox_charge(L, PCALL_UNITS);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
    return finish_pcall(L, status, 0);
}

/* What the message handler returned, or raised, is what xpcall answers. */
static int finish_handler(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    sandbox_check(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* The handler is called after the stack is unwound: it could not look at the stack anyway without
 * the debug library, and inside of a hook it could never be interrupted. */
static int finish_xpcall(lua_State *L, int status, lua_KContext extra) {
    sandbox_check(L);
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)extra;
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    status = lua_pcallk(L, 1, 1, 0, 0, finish_handler);
    return finish_handler(L, status, 0);
}

/* Stack: handler, function, true, function, arguments. */
static int base_xpcall(lua_State *L) {
    int arguments = lua_gettop(L) - 2;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    sandbox_charge(L, PCALL_UNITS);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_replace(L, 2);
    lua_replace(L, 1); /* handler, function, arguments */
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 2);
    lua_rotate(L, 3, 2);
    int status = lua_pcallk(L, arguments, LUA_MULTRET, 0, 2, finish_xpcall);
    return finish_xpcall(L, status, 2);
}

/* ---- raw access and metatables */

void lib_check_writable(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TTABLE);
    if (luaL_getmetafield(L, index, "__metatable") == LUA_TNIL) return;
    luaL_argerror(L, index, "this table is protected");
}

static int base_rawequal(lua_State *L) {
    luaL_checkany(L, 1);
    luaL_checkany(L, 2);
    lua_pushboolean(L, lua_rawequal(L, 1, 2));
    return 1;
}

static int base_rawlen(lua_State *L) {
    int kind = lua_type(L, 1);
    luaL_argexpected(L, kind == LUA_TTABLE || kind == LUA_TSTRING, 1, "table or string");
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static int base_rawget(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static int base_rawset(lua_State *L) {
    lib_check_writable(L, 1);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static int base_getmetatable(lua_State *L) {
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_getmetafield(L, 1, "__metatable");
    return 1;
}

static bool has_field(lua_State *L, const char *name) {
    lua_pushstring(L, name);
    bool has = lua_rawget(L, 2) != LUA_TNIL;
    lua_pop(L, 1);
    return has;
}

/* Neither does anything here, whenever it is set (see wrap.c): better told than missed. */
static void check_metatable(lua_State *L) {
    struct sandbox *sb = sandbox_of(L);
    if (!lua_istable(L, 2)) return;
    if (has_field(L, "__gc")) luaL_error(L, "__gc is not available");
    if (sb->weak_told || !sb->host.print || !has_field(L, "__mode")) return;
    sb->weak_told = true;
    sb->host.print(sb->host.user, "__mode does nothing: there are no weak tables");
}

static int base_setmetatable(lua_State *L) {
    int kind = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, kind == LUA_TNIL || kind == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    check_metatable(L);
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* ---- the rest */

static int step_ipairs(lua_State *L) {
    lua_Integer i = (lua_Integer)((lua_Unsigned)luaL_checkinteger(L, 2) + 1);
    lua_pushinteger(L, i);
    return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int base_ipairs(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushcfunction(L, step_ipairs);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int base_select(lua_State *L) {
    int n = lua_gettop(L);
    if (lua_type(L, 1) == LUA_TSTRING && *lua_tostring(L, 1) == '#') {
        lua_pushinteger(L, n - 1);
        return 1;
    }
    lua_Integer i = luaL_checkinteger(L, 1);
    if (i < 0)
        i = n + i;
    else if (i > n)
        i = n;
    luaL_argcheck(L, i >= 1, 1, "index out of range");
    sandbox_charge(L, (uint64_t)n / 4 + 1);
    return n - (int)i;
}

static int base_type(lua_State *L) {
    int kind = lua_type(L, 1);
    luaL_argcheck(L, kind != LUA_TNONE, 1, "value expected");
    lua_pushstring(L, lua_typename(L, kind));
    return 1;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 99;
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r'))) at++;
    return at;
}

static bool parse_integer(const char *at, const char *end, int base, lua_Integer *out) {
    lua_Unsigned value = 0;
    at = skip_space(at, end);
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    const char *first = at;
    for (; at < end && digit_of(*at) < base; at++)
        value = value * (lua_Unsigned)base + (lua_Unsigned)digit_of(*at);
    if (at == first || skip_space(at, end) != end) return false;
    *out = (lua_Integer)(negative ? 0 - value : value);
    return true;
}

static int tonumber_based(lua_State *L) {
    size_t len;
    lua_Integer base = luaL_checkinteger(L, 2), value;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tolstring(L, 1, &len);
    luaL_argcheck(L, 2 <= base && base <= 36, 2, "base out of range");
    charge_numeral(L, len);
    if (len <= NUMERAL_BYTES_MAX && parse_integer(text, text + len, (int)base, &value))
        lua_pushinteger(L, value);
    else
        luaL_pushfail(L);
    return 1;
}

static int base_tonumber(lua_State *L) {
    size_t len;
    if (!lua_isnoneornil(L, 2)) return tonumber_based(L);
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TNUMBER) {
        lua_settop(L, 1);
        return 1;
    }
    const char *text = lua_tolstring(L, 1, &len);
    if (text) charge_numeral(L, len);
    if (!text || lua_stringtonumber(L, text) != len + 1) luaL_pushfail(L);
    return 1;
}

void lib_base_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"assert", base_assert},
                                         {"error", base_error},
                                         {"getmetatable", base_getmetatable},
                                         {"ipairs", base_ipairs},
                                         {"next", order_next},
                                         {"pairs", order_pairs},
                                         {"pcall", base_pcall},
                                         {"print", base_print},
                                         {"rawequal", base_rawequal},
                                         {"rawget", base_rawget},
                                         {"rawlen", base_rawlen},
                                         {"rawset", base_rawset},
                                         {"require", load_require},
                                         {"select", base_select},
                                         {"setmetatable", base_setmetatable},
                                         {"tonumber", base_tonumber},
                                         {"tostring", base_tostring},
                                         {"type", base_type},
                                         {"xpcall", base_xpcall},
                                         {NULL, NULL}};
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    lua_pop(L, 1);
}
