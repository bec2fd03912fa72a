/* names - see names.h. The library's are read from a state, so none is forgotten. */
#include "names.h"
#include "sandbox.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct names *names, const char *global, const char *field) {
    if (names->count == NAMES_MAX) return;
    struct name *name = &names->list[names->count++];
    snprintf(name->global, sizeof name->global, "%s", global);
    snprintf(name->field, sizeof name->field, "%s", field);
}

/* Fields of the table on top. */
static void add_fields(lua_State *L, struct names *names, const char *global) {
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING) add(names, global, lua_tostring(L, -2));
}

static int walk_body(lua_State *L) {
    struct names *names = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        add(names, lua_tostring(L, -2), "");
        if (lua_istable(L, -1) && !lua_rawequal(L, -1, 2))
            add_fields(L, names, lua_tostring(L, -2));
    }
    return 0;
}

static int compare(const void *left, const void *right) {
    const struct name *a = left, *b = right;
    int by_global = strcmp(a->global, b->global);
    return by_global ? by_global : strcmp(a->field, b->field);
}

void names_library(struct names *out) {
    struct sandbox *sandbox = NULL;
    *out = (struct names){.count = 0};
    if (sandbox_create(NULL, NULL, 0, &sandbox) || sandbox_enter(sandbox, walk_body, out))
        out->count = 0;
    sandbox_destroy(sandbox);
    qsort(out->list, out->count, sizeof *out->list, compare);
}
