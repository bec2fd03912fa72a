/* value - checked copies of plain values: between states, into storage, over a reload, as JSON.
 *
 * Plain: nil, booleans, integers, finite floats, strings, and tables of these, nested at most
 * VALUE_DEPTH_MAX deep and in no cycle, keys being integers, finite floats, strings or booleans. A
 * table that is in two places is one table in the copy, too; only JSON has it twice.
 * Null, the light userdata of NULL, stands for JSON's null. Tables are read raw, metatables are not
 * copied, and keys are written in the order of pairs: equal values give equal bytes.
 *
 * All functions raise an ordinary Lua error that says what is not plain, too deep or too large;
 * call them inside of an entry of the sandbox. They charge its budget and leave the stack as it
 * was, but for what they are said to push.
 */
#ifndef LUA_VALUE_H
#define LUA_VALUE_H

#include <lua.h>
#include <stddef.h>

enum { VALUE_DEPTH_MAX = 32, VALUE_ENCODED_BYTES_MAX = 65536 };

/* Writes the value at index; the number of bytes, at most size, which is at most
 * VALUE_ENCODED_BYTES_MAX. */
size_t value_encode(lua_State *L, int index, void *out, size_t size);
/* Pushes what such bytes hold. They may come from anywhere. */
void value_decode(lua_State *L, const void *bytes, size_t len);

/* The same as JSON text (RFC 8259), not terminated. A table with keys 1..n is an array, one with
 * string keys, or none, an object; others, and strings that are not UTF-8, are refused. */
size_t value_to_json(lua_State *L, int index, char *out, size_t size);
void value_from_json(lua_State *L, const char *text, size_t len);
void value_push_null(lua_State *L);

#endif
