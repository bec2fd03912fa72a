/* result - results of library functions. Growth of the heap over its limit ends the script, so
 * what depends on a script's lengths is asked for before: where it does not fit, that is an
 * ordinary error.
 */
#include "internal.h"

#include <string.h>

enum { SLOT_BYTES = 16 };

void result_push(lua_State *L, const char *bytes, size_t len) {
    sandbox_reserve(L, len);
    lua_pushlstring(L, bytes, len);
}

void result_check_stack(lua_State *L, size_t count, const char *message) {
    size_t bytes = count * SLOT_BYTES * 2; /* a stack that grows doubles */
    if (count > INT_MAX || bytes > sandbox_of(L)->limits.memory_bytes) luaL_error(L, "%s", message);
    if (count > LUA_MINSTACK) sandbox_reserve(L, bytes);
    luaL_checkstack(L, (int)count, message);
}

void result_table_grows(lua_State *L, size_t count) {
    sandbox_reserve(L, count * SLOT_BYTES);
}

char *result_room(luaL_Buffer *out, size_t more) {
    if (out->size - out->n < more) {
        size_t larger = out->size * 2 > out->n + more ? out->size * 2 : out->n + more;
        sandbox_reserve(out->L, larger);
    }
    return luaL_prepbuffsize(out, more);
}

void result_add(luaL_Buffer *out, const char *bytes, size_t len) {
    memcpy(result_room(out, len), bytes, len);
    luaL_addsize(out, len);
}

void result_add_value(luaL_Buffer *out) {
    size_t len;
    lua_tolstring(out->L, -1, &len);
    if (out->size - out->n < len) sandbox_reserve(out->L, out->size + len);
    luaL_addvalue(out);
}

void result_finish(luaL_Buffer *out) {
    sandbox_reserve(out->L, out->n);
    luaL_pushresult(out);
}
