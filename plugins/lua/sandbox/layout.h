/* layout - the parts of Lua's own objects that wrap.c reads: values, nodes, tables and strings as
 * release 5.4.4 lays them out. Another release may do it differently, so it is refused here;
 * wrap_test asks the archive itself.
 */
#ifndef LUA_LAYOUT_H
#define LUA_LAYOUT_H

#include <assert.h>
#include <lua.h>
#include <stddef.h>
#include <stdint.h>

#if LUA_VERSION_RELEASE_NUM != 50404
#error "layout.h and wrap.c know the tables of Lua 5.4.4: check them against this release"
#endif

/* Of a type and its variants. */
enum {
    LAYOUT_NIL = LUA_TNIL,
    LAYOUT_ABSENT = LUA_TNIL | 2 << 4, /* what a look-up answers for a key that is not there */
    LAYOUT_INTEGER = LUA_TNUMBER,
    LAYOUT_FLOAT = LUA_TNUMBER | 1 << 4,
    LAYOUT_TYPE = 0x0f,
};

union layout_datum {
    lua_Integer integer;
    lua_Number number;
    void *object;
};

struct layout_value {
    union layout_datum datum;
    uint8_t tag;
};

/* A value and its key; keys that meet at one place are chained. */
struct layout_node {
    union layout_datum datum;
    uint8_t tag, key_tag;
    int next; /* so many nodes further, 0: the last of its chain */
    union layout_datum key;
};

struct layout_table {
    void *next_object;
    uint8_t tag, marked;
    uint8_t absent; /* a bit for each of the first metamethods that is known not to be there */
    uint8_t log2_nodes;
    unsigned array_limit;
    struct layout_value *array;
    struct layout_node *nodes, *last_free; /* the latter null: no nodes but a constant one */
    struct layout_table *metatable;
    void *gray;
};

struct layout_string {
    void *next_object;
    uint8_t tag, marked;
    uint8_t has_hash; /* of a long one: until then hash is the state's seed */
    uint8_t short_length;
    unsigned hash;
    size_t length; /* of a long one */
    char bytes[];
};

static_assert(sizeof(lua_Integer) == 8 && sizeof(lua_Number) == 8, "numbers of 64 bits");
static_assert(sizeof(struct layout_value) == 16, "a value");
static_assert(sizeof(struct layout_node) == 24 && offsetof(struct layout_node, next) == 12,
              "a node");
static_assert(offsetof(struct layout_string, bytes) == 24, "a string");
static_assert(sizeof(struct layout_table) == 56 && offsetof(struct layout_table, nodes) == 24,
              "a table");

#endif
