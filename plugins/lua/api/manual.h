/* manual - what people who write mods meet beside the tables of api.h: globals, the callbacks of a
 * mode's table, and what tests are given. Rows for the stubs, the linter and docs/scripting.md. */
#ifndef LUA_MANUAL_H
#define LUA_MANUAL_H

#include "api.h"

struct manual_global {
    const char *name; /* null ends the list */
    const char *type;
    const char *text;
};
extern const struct manual_global manual_globals[];

/* A field of the table that a mode's init.lua returns. */
struct manual_callback {
    const char *name;      /* null ends the list */
    const char *signature; /* "fun(state: table): table" */
    bool with_base;        /* counts in a mode with a base, too */
    const char *text;
};
extern const struct manual_callback manual_callbacks[];
/* The others, of modes without a base. */
extern const struct manual_global manual_fields[];

/* Tables that only files below tests/ have; spec.lua holds the functions, fn is null here. A name
 * with a capital letter is a class, one without a global. */
extern const struct api_table manual_spec_tables[];
/* describe and its like: global functions of tests. */
extern const struct api_function manual_spec_functions[];

#endif
