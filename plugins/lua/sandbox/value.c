/* value - plain values as bytes; see value.h.
 *
 * A value is a tag and what belongs to it: integers and floats 8 bytes, little-endian; strings a
 * length of 4 bytes and their bytes; tables a count of 4 bytes and that many keys and values. A
 * table that comes again is the 4 bytes that say where the tag of its first place lies, which is
 * another.
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
    TAG_TABLE_SHARED, /* it comes again */
    TAG_AGAIN,
};

enum {
    UNITS_PER_VALUE = 15,
    SEEN_MAX = VALUE_ENCODED_BYTES_MAX / 5, /* tables, each of a tag and a count at least */
    SEEN_SLOTS = 32768,                     /* a power of two */
};

void value_push_null(lua_State *L) {
    lua_pushlightuserdata(L, NULL);
}

/* ---- encoding */

struct writer {
    lua_State *L;
    unsigned char *out;
    size_t size, used;
};

/* The tables of the value that is written. One is written at a time. */
struct seen {
    const void *table;
    uint32_t value; /* which one that was: those of others are no longer there */
    uint32_t at;    /* of its tag */
    int height;     /* tables deep; 0: what is in it is being written */
};

static struct seen seen[SEEN_SLOTS];
static uint32_t seen_value, seen_count;

/* Answers how many tables deep the value is. */
static int write_value(struct writer *w, int index, int depth);

static void check_depth(lua_State *L, int depth) {
    if (depth > VALUE_DEPTH_MAX)
        luaL_error(L, "tables nested over %d deep cannot be copied", VALUE_DEPTH_MAX);
}

static int deeper(int a, int b) {
    return a > b ? a : b;
}

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

/* Its place among those that were seen; a free one, if it was not. */
static struct seen *find_seen(const void *table) {
    uint32_t slot = (uint32_t)((uintptr_t)table >> 4) * 0x9e3779b1u >> 17;
    while (seen[slot].value == seen_value && seen[slot].table != table)
        slot = (slot + 1) % SEEN_SLOTS;
    return &seen[slot];
}

static void write_again(struct writer *w, const struct seen *first, int depth) {
    if (!first->height) luaL_error(w->L, "a table in a cycle cannot be copied");
    check_depth(w->L, depth + first->height);
    w->out[first->at] = TAG_TABLE_SHARED;
    put_tag(w, TAG_AGAIN);
    put_number(w, first->at, 4);
}

static int write_fields(struct writer *w, int index, int depth) {
    lua_State *L = w->L;
    struct order order;
    int height = 0;
    order_keys(L, index, &order);
    put_number(w, order.count, 4);
    for (size_t i = 0; i < order.count; i++) {
        if (order_at(L, &order, i).kind > ORDER_BOOLEAN)
            luaL_error(L, "a table whose keys are objects cannot be copied");
        order_push(L, &order, i);
        (void)write_value(w, lua_gettop(L), depth);
        lua_rawget(L, index);
        height = deeper(height, write_value(w, lua_gettop(L), depth));
        lua_pop(L, 1);
    }
    order_drop(L, &order);
    return height;
}

static int write_table(struct writer *w, int index, int depth) {
    lua_State *L = w->L;
    struct seen *first = find_seen(lua_topointer(L, index));
    if (first->value == seen_value) {
        write_again(w, first, depth);
        return first->height;
    }
    check_depth(L, depth + 1);
    if (seen_count++ == SEEN_MAX) luaL_error(L, "over %d tables cannot be copied", SEEN_MAX);
    luaL_checkstack(L, 8, NULL);
    if (lua_getmetatable(L, index)) luaL_error(L, "a table with a metatable cannot be copied");
    *first = (struct seen){lua_topointer(L, index), seen_value, (uint32_t)w->used, 0};
    put_tag(w, TAG_TABLE);
    int height = 1 + write_fields(w, index, depth + 1);
    first->height = height;
    return height;
}

static int write_value(struct writer *w, int index, int depth) {
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
    case LUA_TTABLE: return write_table(w, index, depth);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(w->L, index)) {
            put_tag(w, TAG_NULL);
            break;
        } /* FALLTHROUGH */
    default: luaL_error(w->L, "a %s cannot be copied", luaL_typename(w->L, index));
    }
    return 0;
}

size_t value_encode(lua_State *L, int index, void *out, size_t size) {
    struct writer w = {.L = L, .out = out, .size = size};
    seen_value++;
    seen_count = 0;
    (void)write_value(&w, lua_absindex(L, index), 0);
    return w.used;
}

/* ---- decoding */

struct reader {
    lua_State *L;
    const unsigned char *begin, *at, *end;
    int shared; /* stack index of the tables that come again, by where they are, or of nil */
};

/* Answers how many tables deep the value is. */
static int read_value(struct reader *r, int depth);

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

static void check_read_depth(lua_State *L, int depth) {
    if (depth > VALUE_DEPTH_MAX) luaL_error(L, "copied value is nested too deeply");
}

static int read_table(struct reader *r, int depth) {
    lua_State *L = r->L;
    size_t n = (size_t)get_number(r, 4);
    int height = 0;
    check_read_depth(L, depth + 1);
    luaL_checkstack(L, 8, NULL);
    lua_newtable(L);
    for (; n > 0; n--) {
        (void)read_value(r, depth + 1);
        int kind = lua_type(L, -1);
        if (kind != LUA_TNUMBER && kind != LUA_TSTRING && kind != LUA_TBOOLEAN)
            luaL_error(L, "copied value has a key that is not plain");
        height = deeper(height, read_value(r, depth + 1));
        lua_rawset(L, -3);
    }
    return height + 1;
}

/* Found by where its tag is, and how deep it is by minus that. */
static int read_shared(struct reader *r, int depth) {
    lua_State *L = r->L;
    lua_Integer at = r->at - r->begin; /* behind its tag: not 0 */
    int height = read_table(r, depth);
    if (lua_isnil(L, r->shared)) {
        lua_newtable(L);
        lua_replace(L, r->shared);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, r->shared, at);
    lua_pushinteger(L, height);
    lua_rawseti(L, r->shared, -at);
    return height;
}

static int read_again(struct reader *r, int depth) {
    lua_State *L = r->L;
    lua_Integer at = (lua_Integer)get_number(r, 4) + 1;
    if (lua_isnil(L, r->shared) || lua_rawgeti(L, r->shared, at) != LUA_TTABLE)
        luaL_error(L, "copied value has a table again that it has not had");
    lua_rawgeti(L, r->shared, -at);
    int height = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    check_read_depth(L, depth + height);
    return height;
}

static int read_value(struct reader *r, int depth) {
    lua_State *L = r->L;
    sandbox_charge(L, UNITS_PER_VALUE);
    switch (*get(r, 1)) {
    case TAG_NIL: lua_pushnil(L); break;
    case TAG_FALSE: lua_pushboolean(L, 0); break;
    case TAG_TRUE: lua_pushboolean(L, 1); break;
    case TAG_INTEGER: lua_pushinteger(L, (lua_Integer)get_number(r, 8)); break;
    case TAG_FLOAT: read_float(r); break;
    case TAG_STRING: read_string(r); break;
    case TAG_TABLE: return read_table(r, depth);
    case TAG_TABLE_SHARED: return read_shared(r, depth);
    case TAG_AGAIN: return read_again(r, depth);
    case TAG_NULL: value_push_null(L); break;
    default: luaL_error(L, "copied value has an unknown form");
    }
    return 0;
}

void value_decode(lua_State *L, const void *bytes, size_t len) {
    struct reader r = {L, bytes, bytes, (const unsigned char *)bytes + len, lua_gettop(L) + 1};
    luaL_checkstack(L, 8, NULL);
    lua_pushnil(L);
    (void)read_value(&r, 0);
    if (r.at != r.end) luaL_error(L, "copied value has bytes left over");
    lua_remove(L, r.shared);
}
