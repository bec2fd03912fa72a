/* order - the keys of a table in an order that is the same in every run: integers ascending, other
 * numbers, strings by bytes, false and true, handles by their number, then tables, functions and
 * threads in the order of their creation. The hash order of Lua follows addresses.
 *
 * pairs takes a snapshot of the keys; entries removed meanwhile are left out, new ones not visited.
 */
#include "internal.h"

#include <string.h>

enum { UNITS_PER_KEY = 16 };

/* ---- scratch memory */

static struct order_key *keys_from(struct sandbox *sb, size_t first) {
    return (struct order_key *)(void *)(sb->scratch.bytes + first);
}

static struct order_key *add_key(lua_State *L) {
    struct order_key *key = (struct order_key *)(void *)budget_scratch(L, sizeof *key);
    sandbox_of(L)->scratch.used += sizeof *key;
    return key;
}

/* ---- reading and comparing keys */

/* Functions of C have no creation number; their distance within the program does not change. */
static uint64_t place_of(lua_State *L, int index) {
    const char *object = lua_topointer(L, index);
    if (lua_iscfunction(L, index) && !lua_getupvalue(L, index, 1))
        return (uint64_t)((uintptr_t)object - (uintptr_t)&place_of) | (uint64_t)1 << 63;
    if (lua_iscfunction(L, index)) lua_pop(L, 1);
    return heap_serial(lua_isthread(L, index) ? object - LUA_EXTRASPACE : object);
}

static bool read_handle(lua_State *L, int index, struct order_key *key) {
    const struct sandbox_host *host = &sandbox_of(L)->host;
    key->kind = ORDER_HANDLE;
    return host->handle_order && host->handle_order(L, index, &key->as.serial);
}

static void read_key(lua_State *L, int index, struct order_key *key) {
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key->kind = lua_isinteger(L, index) ? ORDER_INTEGER : ORDER_FLOAT;
        if (key->kind == ORDER_INTEGER)
            key->as.integer = lua_tointeger(L, index);
        else
            key->as.number = lua_tonumber(L, index);
        return;
    case LUA_TSTRING:
        key->kind = ORDER_STRING;
        key->as.string = lua_tolstring(L, index, &key->len);
        return;
    case LUA_TBOOLEAN:
        key->kind = ORDER_BOOLEAN;
        key->as.integer = lua_toboolean(L, index);
        return;
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TTHREAD:
        key->kind = ORDER_OBJECT;
        key->as.serial = place_of(L, index);
        return;
    default:
        if (lua_type(L, index) != LUA_TUSERDATA || !read_handle(L, index, key))
            luaL_error(L, "a %s as key of a table has no order: pairs and next cannot visit it",
                       luaL_typename(L, index));
    }
}

static int compare_strings(const struct order_key *a, const struct order_key *b) {
    int order = memcmp(a->as.string, b->as.string, a->len < b->len ? a->len : b->len);
    if (order) return order;
    return (a->len > b->len) - (a->len < b->len);
}

static int compare(const struct order_key *a, const struct order_key *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    switch (a->kind) {
    case ORDER_STRING: return compare_strings(a, b);
    case ORDER_FLOAT: return (a->as.number > b->as.number) - (a->as.number < b->as.number);
    case ORDER_HANDLE:
    case ORDER_OBJECT: return (a->as.serial > b->as.serial) - (a->as.serial < b->as.serial);
    default: return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
    }
}

/* ---- sorting: a heap sort, as it needs no memory and can be left by an error at any step */

static void sift_down(struct order_key *keys, size_t root, size_t n) {
    struct order_key moving = keys[root];
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && compare(&keys[child], &keys[child + 1]) < 0) child++;
        if (compare(&moving, &keys[child]) >= 0) break;
        keys[root] = keys[child];
    }
    keys[root] = moving;
}

static void sort(lua_State *L, struct order_key *keys, size_t n) {
    for (size_t i = n / 2; i-- > 0;) sift_down(keys, i, n);
    for (size_t i = n; i-- > 1;) {
        struct order_key last = keys[i];
        keys[i] = keys[0];
        keys[0] = last;
        sift_down(keys, 0, i);
        look(L, i, UNITS_PER_KEY * 4);
    }
}

/* ---- all keys of a table */

static void count_keys(lua_State *L, int table, struct order *order) {
    order->count = 0;
    order->sequence = true;
    for (lua_pushnil(L); lua_next(L, table); look(L, order->count++, UNITS_PER_KEY / 2)) {
        lua_pop(L, 1);
        order->sequence = order->sequence && lua_isinteger(L, -1) &&
                          lua_tointeger(L, -1) == (lua_Integer)order->count + 1;
    }
    sandbox_charge_items(L, order->count % LOOK_EVERY + 1, UNITS_PER_KEY / 2);
}

/* Nothing is collected here: the table has room for them all. */
static void list_keys(lua_State *L, int table, const struct order *order) {
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, table); look(L, (size_t)n, UNITS_PER_KEY / 2)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, order->keys, ++n);
        struct order_key *key = add_key(L);
        read_key(L, -1, key);
        key->at = n;
    }
    sandbox_charge_items(L, (uint64_t)n % LOOK_EVERY, UNITS_PER_KEY / 2);
}

void order_keys(lua_State *L, int table, struct order *order) {
    table = lua_absindex(L, table);
    luaL_checkstack(L, 5, NULL);
    count_keys(L, table, order);
    order->first = sandbox_of(L)->scratch.used;
    order->keys = lua_gettop(L) + 1;
    if (order->sequence) {
        lua_pushnil(L);
        return;
    }
    result_table_grows(L, order->count);
    lua_createtable(L, (int)order->count, 0);
    list_keys(L, table, order);
    sort(L, keys_from(sandbox_of(L), order->first), order->count);
}

struct order_key order_at(lua_State *L, const struct order *order, size_t i) {
    if (!order->sequence) return keys_from(sandbox_of(L), order->first)[i];
    return (struct order_key){.kind = ORDER_INTEGER, .as.integer = (lua_Integer)i + 1};
}

void order_push(lua_State *L, const struct order *order, size_t i) {
    struct order_key key = order_at(L, order, i);
    if (order->sequence)
        lua_pushinteger(L, key.as.integer);
    else
        lua_rawgeti(L, order->keys, key.at);
}

void order_drop(lua_State *L, const struct order *order) {
    sandbox_of(L)->scratch.used = order->first;
    lua_settop(L, order->keys - 1);
}

/* ---- pairs */

/* Upvalues: the last index, the one visited before. */
static int step_sequence(lua_State *L) {
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(1));
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    luaL_checktype(L, 1, LUA_TTABLE);
    while (i < last) {
        lua_pushinteger(L, ++i);
        if (lua_rawgeti(L, 1, i) != LUA_TNIL) {
            lua_pushinteger(L, i);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        lua_pop(L, 2);
        look(L, (size_t)i, UNITS_PER_KEY);
    }
    return 0;
}

/* Upvalues: the sorted keys, the place of the one visited before. */
static int step_keys(lua_State *L) {
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    luaL_checktype(L, 1, LUA_TTABLE);
    while (lua_rawgeti(L, lua_upvalueindex(1), ++i) != LUA_TNIL) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) {
            lua_pushinteger(L, i);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        lua_pop(L, 2);
        look(L, (size_t)i, UNITS_PER_KEY);
    }
    return 0;
}

/* The keys in order, as a table, or the number of the last one. */
static void push_keys(lua_State *L, const struct order *order) {
    if (order->sequence) {
        lua_pushinteger(L, (lua_Integer)order->count);
        return;
    }
    result_table_grows(L, order->count);
    lua_createtable(L, (int)order->count, 0);
    for (size_t i = 0; i < order->count; i++) {
        order_push(L, order, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
        look(L, i, UNITS_PER_KEY);
    }
}

int order_pairs(lua_State *L) {
    struct order order;
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, NULL);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    order_keys(L, 1, &order);
    push_keys(L, &order);
    lua_replace(L, order.keys);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, order.sequence ? step_sequence : step_keys, 2);
    sandbox_of(L)->scratch.used = order.first;
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* ---- next: without a snapshot, so each step looks at every key */

int order_next(lua_State *L) {
    struct order_key after, key, best;
    bool found = false;
    size_t steps = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    bool begin = lua_isnil(L, 2);
    if (!begin) read_key(L, 2, &after);
    lua_pushnil(L); /* 3: the best key */
    for (lua_pushnil(L); lua_next(L, 1); look(L, steps++, UNITS_PER_KEY)) {
        lua_pop(L, 1);
        read_key(L, -1, &key);
        if (!begin && compare(&key, &after) <= 0) continue;
        if (found && compare(&key, &best) >= 0) continue;
        best = key;
        found = true;
        lua_pushvalue(L, -1);
        lua_replace(L, 3);
    }
    sandbox_charge(L, steps % LOOK_EVERY * UNITS_PER_KEY + 10);
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_settop(L, 3);
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}
