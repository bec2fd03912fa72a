/* returned - see returned.h. */
#include "returned.h"

#include <lauxlib.h>
#include <stdio.h>

enum { SHOWN_BYTES_MAX = 80 };

const char *returned_show(lua_State *L, int index) {
    switch (lua_type(L, index)) {
    case LUA_TSTRING: return lua_pushfstring(L, "\"%s\"", lua_tostring(L, index));
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) return lua_pushfstring(L, "%I", lua_tointeger(L, index));
        return lua_pushfstring(L, "%f", lua_tonumber(L, index));
    case LUA_TNIL: return "nothing";
    default: return luaL_typename(L, index);
    }
}

int returned_wrong(lua_State *L, int index, const char *what, const char *expected) {
    char shown[SHOWN_BYTES_MAX];
    lua_Debug ar;
    index = lua_absindex(L, index);
    lua_getinfo(L, ">S", &ar);
    snprintf(shown, sizeof shown, "%s", returned_show(L, index));
    return luaL_error(L, "%s:%d: %s returned %s, expected %s", ar.short_src, ar.linedefined, what,
                      shown, expected);
}
