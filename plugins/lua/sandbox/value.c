/* value - plain values as bytes; see value.h.
 *
 * A value is a tag and what belongs to it: integers and floats 8 bytes, little-endian; strings a
 * length of 4 bytes and their bytes; tables a count of 4 bytes and that many keys and values.
 */
#include "value.h"
#include "internal.h"

#include <math.h>
#include <string.h>

enum tag {
    TAG_NIL,
    TAG_FALSE,
    TAG_TRUE,
    TAG_INTEGER,
    TAG_FLOAT,
    TAG_STRING,
    TAG_TABLE,
    TAG_NULL,
};

enum { UNITS_PER_VALUE = 15 };

void value_push_null(lua_State *L) {
    lua_pushlightuserdata(L, NULL);
}

/* ---- encoding */

struct writer {
    lua_State *L;
    unsigned char *out;
    size_t size, used;
};

static void write_value(struct writer *w, int index, int depth);

static void put(struct writer *w, const void *bytes, size_t len) {
    if (len > w->size - w->used) luaL_error(w->L, "value over %I bytes", (lua_Integer)w->size);
    memcpy(w->out + w->used, bytes, len);
    w->used += len;
}

static void put_tag(struct writer *w, enum tag tag) {
    unsigned char byte = (unsigned char)tag;
    put(w, &byte, 1);
}

static void put_number(struct writer *w, uint64_t n, size_t bytes) {
    unsigned char out[8];
    for (size_t i = 0; i < bytes; i++) out[i] = (unsigned char)(n >> 8 * i);
    put(w, out, bytes);
}

static void write_number(struct writer *w, int index) {
    if (lua_isinteger(w->L, index)) {
        put_tag(w, TAG_INTEGER);
        put_number(w, (uint64_t)lua_tointeger(w->L, index), 8);
        return;
    }
    double number = lua_tonumber(w->L, index);
    uint64_t bits;
    if (!isfinite(number)) luaL_error(w->L, "a number that is not finite cannot be copied");
    memcpy(&bits, &number, sizeof bits);
    put_tag(w, TAG_FLOAT);
    put_number(w, bits, 8);
}

static void write_string(struct writer *w, const char *text, size_t len) {
    if (len > UINT32_MAX) luaL_error(w->L, "string too long to be copied");
    sandbox_charge(w->L, len / 16);
    put_tag(w, TAG_STRING);
    put_number(w, len, 4);
    put(w, text, len);
}

static void write_table(struct writer *w, int index, int depth) {
    lua_State *L = w->L;
    struct order order;
    if (depth >= VALUE_DEPTH_MAX)
        luaL_error(L, "tables nested over %d deep, or in a cycle", VALUE_DEPTH_MAX);
    luaL_checkstack(L, 8, NULL);
    if (lua_getmetatable(L, index)) luaL_error(L, "a table with a metatable cannot be copied");
    order_keys(L, index, &order);
    put_tag(w, TAG_TABLE);
    put_number(w, order.count, 4);
    for (size_t i = 0; i < order.count; i++) {
        if (order_at(L, &order, i).kind > ORDER_BOOLEAN)
            luaL_error(L, "a table whose keys are objects cannot be copied");
        order_push(L, &order, i);
        write_value(w, lua_gettop(L), depth + 1);
        lua_rawget(L, index);
        write_value(w, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    order_drop(L, &order);
}

static void write_value(struct writer *w, int index, int depth) {
    size_t len;
    const char *text;
    sandbox_charge(w->L, UNITS_PER_VALUE);
    switch (lua_type(w->L, index)) {
    case LUA_TNIL: put_tag(w, TAG_NIL); break;
    case LUA_TBOOLEAN: put_tag(w, lua_toboolean(w->L, index) ? TAG_TRUE : TAG_FALSE); break;
    case LUA_TNUMBER: write_number(w, index); break;
    case LUA_TSTRING:
        text = lua_tolstring(w->L, index, &len);
        write_string(w, text, len);
        break;
    case LUA_TTABLE: write_table(w, index, depth); break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(w->L, index)) {
            put_tag(w, TAG_NULL);
            break;
        } /* FALLTHROUGH */
    default: luaL_error(w->L, "a %s cannot be copied", luaL_typename(w->L, index));
    }
}

size_t value_encode(lua_State *L, int index, void *out, size_t size) {
    struct writer w = {.L = L, .out = out, .size = size};
    write_value(&w, lua_absindex(L, index), 0);
    return w.used;
}

/* ---- decoding */

struct reader {
    lua_State *L;
    const unsigned char *at, *end;
};

static void read_value(struct reader *r, int depth);

static const unsigned char *get(struct reader *r, size_t len) {
    const unsigned char *at = r->at;
    if (len > (size_t)(r->end - at)) luaL_error(r->L, "copied value is cut short");
    r->at += len;
    return at;
}

static uint64_t get_number(struct reader *r, size_t bytes) {
    const unsigned char *at = get(r, bytes);
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++) n |= (uint64_t)at[i] << 8 * i;
    return n;
}

static void read_float(struct reader *r) {
    uint64_t bits = get_number(r, 8);
    double number;
    memcpy(&number, &bits, sizeof number);
    if (!isfinite(number)) luaL_error(r->L, "copied value holds a number that is not finite");
    lua_pushnumber(r->L, number);
}

static void read_string(struct reader *r) {
    size_t len = (size_t)get_number(r, 4);
    const unsigned char *bytes = get(r, len);
    sandbox_charge(r->L, len / 16);
    sandbox_reserve(r->L, len);
    lua_pushlstring(r->L, (const char *)bytes, len);
}

static void read_table(struct reader *r, int depth) {
    lua_State *L = r->L;
    size_t n = (size_t)get_number(r, 4);
    if (depth >= VALUE_DEPTH_MAX) luaL_error(L, "copied value is nested too deeply");
    luaL_checkstack(L, 8, NULL);
    lua_newtable(L);
    for (; n > 0; n--) {
        read_value(r, depth + 1);
        int kind = lua_type(L, -1);
        if (kind != LUA_TNUMBER && kind != LUA_TSTRING && kind != LUA_TBOOLEAN)
            luaL_error(L, "copied value has a key that is not plain");
        read_value(r, depth + 1);
        lua_rawset(L, -3);
    }
}

static void read_value(struct reader *r, int depth) {
    lua_State *L = r->L;
    sandbox_charge(L, UNITS_PER_VALUE);
    switch (*get(r, 1)) {
    case TAG_NIL: lua_pushnil(L); break;
    case TAG_FALSE: lua_pushboolean(L, 0); break;
    case TAG_TRUE: lua_pushboolean(L, 1); break;
    case TAG_INTEGER: lua_pushinteger(L, (lua_Integer)get_number(r, 8)); break;
    case TAG_FLOAT: read_float(r); break;
    case TAG_STRING: read_string(r); break;
    case TAG_TABLE: read_table(r, depth); break;
    case TAG_NULL: value_push_null(L); break;
    default: luaL_error(L, "copied value has an unknown form");
    }
}

void value_decode(lua_State *L, const void *bytes, size_t len) {
    struct reader r = {.L = L, .at = bytes, .end = (const unsigned char *)bytes + len};
    luaL_checkstack(L, 8, NULL);
    read_value(&r, 0);
    if (r.at != r.end) luaL_error(L, "copied value has bytes left over");
}
