/* load - text to function, and require.
 *
 * The compiler is C code that no hook interrupts, and some texts make it quadratic (labels, nested
 * locals). So the text is handed over in small pieces, with a look at the kill flag between them.
 */
#include "internal.h"

#include <string.h>

enum { PIECE_BYTES = 128 };

struct pieces {
    const char *text;
    size_t left;
};

static const char *next_piece(lua_State *L, void *user, size_t *size) {
    struct pieces *pieces = user;
    sandbox_check(L);
    *size = pieces->left < PIECE_BYTES ? pieces->left : PIECE_BYTES;
    const char *piece = pieces->text;
    pieces->text += *size;
    pieces->left -= *size;
    return piece;
}

void sandbox_load_chunk(lua_State *L, const char *text, size_t len, const char *chunk) {
    struct pieces pieces = {text, len};
    size_t max = sandbox_of(L)->limits.source_bytes_max;
    if (len > max)
        luaL_error(L, "%s: %I bytes, at most %I are taken", chunk, (lua_Integer)len,
                   (lua_Integer)max);
    const char *refusal = check_source(L, text, len);
    if (refusal) luaL_error(L, "%s: %s", chunk, refusal);
    luaL_checkstack(L, 4, NULL);
    lua_pushfstring(L, "@%s", chunk);
    int status = lua_load(L, next_piece, &pieces, lua_tostring(L, -1), "t");
    sandbox_check(L);
    if (status != LUA_OK) lua_error(L);
    refusal = check_function(L);
    sandbox_check(L);
    if (refusal) luaL_error(L, "%s: %s", chunk, refusal);
    lua_remove(L, -2);
}

/* ---- require */

static const char loaded_key; /* its address names the table of loaded modules in the registry */

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_module_name(const char *name, size_t len) {
    bool dot = true; /* no part may be empty */
    if (len == 0 || len > SANDBOX_MODULE_BYTES_MAX) return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.' ? dot : !is_name_byte(name[i])) return false;
        dot = name[i] == '.';
    }
    return !dot;
}

/* Fetches the text at once before anything runs, as it is borrowed. */
static void load_module(lua_State *L, const char *name) {
    const struct sandbox_host *host = &sandbox_of(L)->host;
    const char *text, *chunk;
    size_t len = 0;
    if (!host->require || !host->require(host->user, name, &text, &len, &chunk))
        luaL_error(L, "module '%s' not found in this mod", name);
    sandbox_charge(L, len);
    sandbox_load_chunk(L, text, len, chunk);
}

static void push_loaded(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
}

/* The entry of a module is false until it has run to its end. */
static void mark_loaded(lua_State *L, int value) {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, value);
    lua_rawset(L, 2);
}

int load_require(lua_State *L) {
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    sandbox_charge(L, 100);
    if (!is_module_name(name, len)) return luaL_argerror(L, 1, "not a module name");
    lua_settop(L, 1);
    push_loaded(L);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) {
        if (lua_toboolean(L, -1)) return 1;
        return luaL_error(L, "module '%s' requires itself, or failed before", name);
    }
    load_module(L, name);
    lua_pushboolean(L, 0);
    mark_loaded(L, lua_gettop(L));
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    mark_loaded(L, lua_gettop(L));
    return 1;
}
