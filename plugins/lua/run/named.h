/* named - functions that a script holds by name: so they are found again in one that begins anew.
 *
 * A name is a way from where scripts keep what is called: a field of the mode's table, what hooks
 * an event or a message of the bus, a command, each as the start made it; and from there through
 * local variables that a function uses, and fields of tables. A function that is made while the
 * script runs, and is nowhere but in a timer, has none.
 */
#ifndef LUA_NAMED_H
#define LUA_NAMED_H

#include "script.h"

enum { NAMED_BYTES = 128 };

/* Runs nothing of the mod's. False: the function of this reference has no name. */
bool named_find(lua_State *L, const struct script *script, int function, char name[NAMED_BYTES]);
/* Pushes the function of this name; false: there is none, and nothing is pushed. */
bool named_push(lua_State *L, const struct script *script, const char *name);

#endif
