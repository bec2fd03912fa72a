/* args - reads the arguments of C functions that scripts call. All raise an error that says what
 * was expected and what was found. */
#ifndef LUA_ARGS_H
#define LUA_ARGS_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* A string of at most max bytes, valid UTF-8 without control bytes. */
const char *args_text(lua_State *L, int index, size_t max);
/* A team of the mode, or "none". name: of a field, or null. */
uint32_t args_team(lua_State *L, int index, const char *name);
/* One that is none is refused, too. */
uint32_t args_real_team(lua_State *L, int index);
void args_push_team(lua_State *L, uint32_t team);
/* An integer within the range, or a float that is one. */
int64_t args_integer(lua_State *L, int index, int64_t min, int64_t max);
/* The same for a field of options of that name. */
int64_t args_named_integer(lua_State *L, int index, const char *name, int64_t min, int64_t max);
/* Which of the words, of which the last is followed by null. name: of a field, or null. */
uint32_t args_choice(lua_State *L, int index, const char *name, const char *const words[]);
/* Raises: the value at index is not what is expected. name: of a field, or null. */
int args_unexpected(lua_State *L, int index, const char *name, const char *expected);
/* A field of the options table at index, pushed; its type. */
int args_field(lua_State *L, int index, const char *name);
/* Raises unless there is a table at index, of these fields and no others; the list ends with null.
 */
void args_options(lua_State *L, int index, const char *const known[]);
/* The same, with the name of the table in front of the sentence. */
void args_fields(lua_State *L, int index, const char *what, const char *const known[]);

#endif
