/* named - see named.h. */
#include "named.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MAX = 6,  /* functions and tables on the way */
    SEEN_MAX = 512, /* functions and tables that are looked at, at most */
    FIELDS_MAX = 256,
};

/* Everything is gone through in one order, so that the same function has the same name each time.
 * Either the function of this address is looked for, or this name. */
struct search {
    const struct script *script;
    const void *function;
    const char *name;
    char path[NAMED_BYTES];
    const void *seen[SEEN_MAX];
    uint32_t seen_count;
    uint32_t depth;
};

static bool find_here(lua_State *L, struct search *search);

/* Is it to be gone on from? The first time that it is met, or towards the name. */
static bool leads_on(lua_State *L, struct search *search) {
    const void *at = lua_topointer(L, -1);
    if (search->depth == DEPTH_MAX) return false;
    if (search->name) return strncmp(search->name, search->path, strlen(search->path)) == 0;
    if (search->seen_count == SEEN_MAX) return false;
    for (uint32_t i = 0; i < search->seen_count; i++)
        if (search->seen[i] == at) return false;
    search->seen[search->seen_count++] = at;
    return true;
}

/* One step further, to the value on top: it stays there when it is the one, else it is popped. */
static bool step(lua_State *L, struct search *search, const char *mark, const char *name) {
    size_t used = strlen(search->path);
    int wrote = snprintf(search->path + used, NAMED_BYTES - used, "%s%s", mark, name);
    bool fits = wrote >= 0 && (size_t)wrote < NAMED_BYTES - used;
    if (fits && find_here(L, search)) return true;
    search->path[used] = '\0';
    lua_pop(L, 1);
    return false;
}

/* ---- from a value on top to those that it holds ---------------------------------------------- */

static bool find_in_upvalues(lua_State *L, struct search *search) {
    const char *name;
    for (int i = 1; (name = lua_getupvalue(L, -1, i)); i++) {
        if (strcmp(name, "_ENV") == 0)
            lua_pop(L, 1); /* scripts make no globals */
        else if (step(L, search, ":", name))
            return true;
    }
    return false;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A table's names, in order; they live as long as it is not changed. */
static uint32_t list_fields(lua_State *L, const char *fields[FIELDS_MAX]) {
    uint32_t count = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        bool holds = lua_istable(L, -1) || (lua_isfunction(L, -1) && !lua_iscfunction(L, -1));
        if (lua_type(L, -2) == LUA_TSTRING && holds && count < FIELDS_MAX)
            fields[count++] = lua_tostring(L, -2);
    }
    qsort(fields, count, sizeof *fields, by_text);
    return count;
}

static bool find_in_fields(lua_State *L, struct search *search) {
    const char *fields[FIELDS_MAX];
    uint32_t count = list_fields(L, fields);
    for (uint32_t i = 0; i < count; i++) {
        lua_pushstring(L, fields[i]);
        lua_rawget(L, -2);
        if (step(L, search, ".", fields[i])) return true;
    }
    return false;
}

/* True: the one that is looked for is on top, in the place of the value that was. */
static bool find_here(lua_State *L, struct search *search) {
    bool is_function = lua_isfunction(L, -1) && !lua_iscfunction(L, -1);
    bool found = false;
    if (is_function)
        found = search->name ? strcmp(search->path, search->name) == 0
                             : lua_topointer(L, -1) == search->function;
    if (found) return true;
    if ((!is_function && !lua_istable(L, -1)) || !leads_on(L, search)) return false;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    search->depth++;
    found = is_function ? find_in_upvalues(L, search) : find_in_fields(L, search);
    search->depth--;
    if (found) lua_remove(L, -2);
    return found;
}

/* ---- where the ways begin -------------------------------------------------------------------- */

static bool find_at(lua_State *L, struct search *search, const char *mark, int reference,
                    const char *name) {
    if (reference == LUA_NOREF) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    return step(L, search, mark, name);
}

static bool find_in_handlers(lua_State *L, struct search *search, const char *mark,
                             const struct handlers *handlers) {
    for (uint32_t i = 0; i < handlers->count; i++) {
        const struct handler *handler = &handlers->items[i];
        if (handler->is_later || handler->script != search->script) continue;
        char id[sizeof handler->id + 1] = "";
        memcpy(id, handler->id, sizeof handler->id); /* of the bus: two texts */
        id[strlen(id)] = id[strlen(id) + 1] ? '/' : '\0';
        if (find_at(L, search, mark, handler->function, id)) return true;
    }
    return false;
}

static bool find(lua_State *L, struct search *search) {
    const struct script *script = search->script;
    const struct realm *realm = script->realm;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (find_at(L, search, "mode", script->mode, "")) return true;
    for (int event = 0; event < EVENT_COUNT; event++)
        if (find_in_handlers(L, search, event_table[event].name, &realm->handlers[event]))
            return true;
    if (find_in_handlers(L, search, "bus ", &realm->bus)) return true;
    for (uint32_t i = 0; i < script->command_count; i++) {
        const struct command *command = &script->commands[i];
        if (!command->is_later && find_at(L, search, "/", command->function, command->name))
            return true;
    }
    return false;
}

/* ---- both ways ------------------------------------------------------------------------------- */

bool named_find(lua_State *L, const struct script *script, int function, char name[NAMED_BYTES]) {
    static struct search search;
    search = (struct search){.script = script};
    lua_rawgeti(L, LUA_REGISTRYINDEX, function);
    search.function = lua_topointer(L, -1);
    lua_pop(L, 1);
    if (!find(L, &search)) return false;
    lua_pop(L, 1);
    memcpy(name, search.path, NAMED_BYTES);
    return true;
}

bool named_push(lua_State *L, const struct script *script, const char *name) {
    static struct search search;
    search = (struct search){.script = script, .name = name};
    return find(L, &search);
}
