/* lib_table - the table functions, by raw access: lengths cannot lie, and what is charged is what
 * is done. A table with wide holes may have any number as its border, so lengths are bounded. sort
 * is stable.
 */
#include "internal.h"

#include <string.h>

enum { UNITS_PER_ITEM = 10, RANGE_MAX = 1 << 24 };

static lua_Integer length_of(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TTABLE);
    if (luaL_getmetafield(L, index, "__len") != LUA_TNIL)
        luaL_argerror(L, index, "a table with __len has no length of its own");
    lua_Unsigned length = lua_rawlen(L, index);
    luaL_argcheck(L, length <= RANGE_MAX, index, "a table with such holes has no length");
    return (lua_Integer)length;
}

static int table_insert(lua_State *L) {
    lib_check_writable(L, 1);
    lua_Integer end = length_of(L, 1) + 1, at = end;
    int value = lua_gettop(L);
    if (value != 2 && value != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
    if (value == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
    }
    sandbox_charge_items(L, (uint64_t)(end - at) + 1, UNITS_PER_ITEM);
    for (lua_Integer i = end; i > at; i--) {
        lua_rawgeti(L, 1, i - 1);
        lua_rawseti(L, 1, i);
        look(L, (size_t)i, 0);
    }
    lua_pushvalue(L, value);
    lua_rawseti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L) {
    lib_check_writable(L, 1);
    lua_Integer size = length_of(L, 1), at = luaL_optinteger(L, 2, size);
    if (at != size)
        luaL_argcheck(L, (lua_Unsigned)at - 1 <= (lua_Unsigned)size, 2, "position out of bounds");
    sandbox_charge_items(L, at < size ? (uint64_t)(size - at) + 1 : 1, UNITS_PER_ITEM);
    lua_rawgeti(L, 1, at);
    for (; at < size; at++) {
        lua_rawgeti(L, 1, at + 1);
        lua_rawseti(L, 1, at);
        look(L, (size_t)at, 0);
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, at);
    return 1;
}

/* Room for what goes behind the end. Of few items nothing is asked: to look for a length may change
 * which border the table has. */
static void reserve_target(lua_State *L, int target, lua_Integer to, lua_Integer count) {
    if (count < LOOK_EVERY || to < 1) return;
    lua_Unsigned has = lua_rawlen(L, target), end = (lua_Unsigned)(to + count - 1);
    if ((lua_Unsigned)to <= has + 1 && end > has) result_table_grows(L, end - has);
}

static void move_items(lua_State *L, lua_Integer first, lua_Integer count, int target,
                       lua_Integer to) {
    reserve_target(L, target, to, count);
    bool backwards = to > first && to <= first + count - 1 && lua_rawequal(L, 1, target);
    for (lua_Integer i = 0; i < count; i++) {
        lua_Integer at = backwards ? count - 1 - i : i;
        lua_rawgeti(L, 1, first + at);
        lua_rawseti(L, target, to + at);
        look(L, (size_t)i, 0);
    }
}

static int table_move(lua_State *L) {
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, 1, LUA_TTABLE);
    lib_check_writable(L, target);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3,
                      "too many elements to move");
        lua_Integer count = last - first + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        luaL_argcheck(L, count <= RANGE_MAX, 3, "too many elements to move");
        sandbox_charge_items(L, (uint64_t)count, UNITS_PER_ITEM);
        move_items(L, first, count, target, to);
    }
    lua_pushvalue(L, target);
    return 1;
}

/* Appends to the scratch memory behind what is in use there; nothing else uses it meanwhile. */
static size_t add_text(lua_State *L, size_t used, const char *text, size_t len) {
    char *area = budget_scratch(L, used + len);
    memcpy(area + used, text, len);
    return used + len;
}

static size_t add_field(lua_State *L, size_t used, lua_Integer i) {
    size_t len;
    lua_rawgeti(L, 1, i);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
                   i);
    const char *text = lua_tolstring(L, -1, &len);
    sandbox_charge(L, len / 16 + UNITS_PER_ITEM);
    used = add_text(L, used, text, len);
    lua_pop(L, 1);
    return used;
}

static int table_concat(lua_State *L) {
    size_t separator_len, used = 0;
    lua_Integer size = length_of(L, 1);
    const char *separator = luaL_optlstring(L, 2, "", &separator_len);
    lua_Integer first = luaL_optinteger(L, 3, 1), last = luaL_optinteger(L, 4, size);
    for (; first < last; first++) {
        used = add_field(L, used, first);
        sandbox_charge(L, separator_len / 16);
        used = add_text(L, used, separator, separator_len);
    }
    if (first == last) used = add_field(L, used, first);
    sandbox_reserve(L, used);
    lua_pushlstring(L, budget_scratch(L, used), used);
    return 1;
}

static int table_pack(lua_State *L) {
    int n = lua_gettop(L);
    sandbox_charge_items(L, (uint64_t)n + 1, UNITS_PER_ITEM);
    result_table_grows(L, (size_t)n);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    for (int i = n; i >= 1; i--) lua_rawseti(L, 1, i);
    lua_pushinteger(L, n);
    lua_setfield(L, 1, "n");
    return 1;
}

static int table_unpack(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer first = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? length_of(L, 1) : luaL_checkinteger(L, 3);
    if (first > last) return 0;
    lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first + 1;
    if (count == 0) return luaL_error(L, "too many results to unpack"); /* 2^64 */
    result_check_stack(L, count, "too many results to unpack");
    sandbox_charge_items(L, count, UNITS_PER_ITEM);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (lua_Integer)((lua_Unsigned)first + i));
        look(L, i, 0);
    }
    return (int)count;
}

/* ---- sort: a merge sort on two private copies, so that an order function that edits the table, or
 * contradicts itself, cannot lead anywhere. Stack: table, order function or nil, from, to. */

enum { ARG_TABLE = 1, ARG_ORDER = 2, COPY_A = 3, COPY_B = 4 };

/* The two values on top: is the upper one less? Leaves them. */
static bool is_less(lua_State *L) {
    sandbox_charge(L, UNITS_PER_ITEM);
    if (lua_isnil(L, ARG_ORDER)) return lua_compare(L, -1, -2, LUA_OPLT);
    lua_pushvalue(L, ARG_ORDER);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    bool less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

/* Merges the sorted runs first..middle-1 and middle..end-1. The right one goes first only if it is
 * less: that makes the sort stable. */
static void merge(lua_State *L, int from, int to, lua_Integer first, lua_Integer middle,
                  lua_Integer end) {
    lua_Integer left = first, right = middle;
    for (lua_Integer i = first; i < end; i++) {
        bool take_right = left >= middle;
        if (!take_right && right < end) {
            lua_rawgeti(L, from, left);
            lua_rawgeti(L, from, right);
            take_right = is_less(L);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, from, take_right ? right++ : left++);
        lua_rawseti(L, to, i);
        look(L, (size_t)i, 0);
    }
}

static int merge_runs(lua_State *L, lua_Integer size) {
    int from = COPY_A, to = COPY_B;
    for (lua_Integer width = 1; width < size; width *= 2) {
        for (lua_Integer first = 1; first <= size; first += 2 * width) {
            lua_Integer middle = first + width <= size ? first + width : size + 1;
            lua_Integer end = middle + width <= size ? middle + width : size + 1;
            merge(L, from, to, first, middle, end);
        }
        sandbox_charge(L, (uint64_t)size);
        int other = from;
        from = to;
        to = other;
    }
    return from;
}

/* The common mistake, <= for <, is told before any work. */
static void check_irreflexive(lua_State *L) {
    if (lua_isnil(L, ARG_ORDER)) return;
    lua_rawgeti(L, ARG_TABLE, 1);
    lua_pushvalue(L, -1);
    if (is_less(L))
        luaL_error(L, "invalid order function for sorting (a value comes before itself)");
    lua_pop(L, 2);
}

static void check_order(lua_State *L, int sorted, lua_Integer size) {
    if (lua_isnil(L, ARG_ORDER)) return;
    for (lua_Integer i = 1; i < size; i++) {
        lua_rawgeti(L, sorted, i);
        lua_rawgeti(L, sorted, i + 1);
        if (is_less(L)) luaL_error(L, "invalid order function for sorting");
        lua_pop(L, 2);
    }
}

static void copy_items(lua_State *L, int from, int to, lua_Integer size) {
    for (lua_Integer i = 1; i <= size; i++) {
        lua_rawgeti(L, from, i);
        lua_rawseti(L, to, i);
        look(L, (size_t)i, UNITS_PER_ITEM);
    }
}

static int table_sort(lua_State *L) {
    lib_check_writable(L, ARG_TABLE);
    lua_Integer size = length_of(L, ARG_TABLE);
    if (!lua_isnoneornil(L, ARG_ORDER)) luaL_checktype(L, ARG_ORDER, LUA_TFUNCTION);
    if (size < 2) return 0;
    luaL_argcheck(L, size <= RANGE_MAX, 1, "array too big");
    lua_settop(L, 2);
    check_irreflexive(L);
    result_table_grows(L, (size_t)size * 2);
    sandbox_charge_items(L, (uint64_t)size, UNITS_PER_ITEM);
    lua_createtable(L, (int)size, 0);
    lua_createtable(L, (int)size, 0);
    copy_items(L, ARG_TABLE, COPY_A, size);
    int sorted = merge_runs(L, size);
    check_order(L, sorted, size);
    copy_items(L, sorted, ARG_TABLE, size);
    return 0;
}

void lib_table_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"concat", table_concat}, {"insert", table_insert},
                                         {"move", table_move},     {"pack", table_pack},
                                         {"remove", table_remove}, {"sort", table_sort},
                                         {"unpack", table_unpack}, {NULL, NULL}};
    luaL_newlib(L, functions);
}
