/* returned - what functions of scripts return, told to people where it is of no use. */
#ifndef LUA_RETURNED_H
#define LUA_RETURNED_H

#include <lua.h>

/* The value at index as people are told of it. May push; borrowed from the state. */
const char *returned_show(lua_State *L, int index);
/* Raises: the function on top, which is called what, has returned the value at index where expected
 * is wanted. The place is that of the function. */
int returned_wrong(lua_State *L, int index, const char *what, const char *expected);

#endif
