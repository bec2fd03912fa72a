/* mod_code - what a compiled function uses: globals, fields of theirs, methods, texts. Nothing
 * runs.
 *
 * It follows values that come straight from a global (hooks, hooks.on, a local or upvalue that
 * holds one) through the registers of each function, in the order of the code. What goes through a
 * table or an argument is not followed, so what is reported is there, and more may be.
 */
#ifndef LUA_MOD_CODE_H
#define LUA_MOD_CODE_H

#include "dump.h"

#include <muster/types.h>

enum code_kind {
    CODE_READ = 1, /* root */
    CODE_WRITE,    /* root */
    CODE_FIELD,    /* root.field is read */
    CODE_SET,      /* root.field is assigned to */
    CODE_CALL,     /* root(text), root.field(text): a call with a literal first argument */
    CODE_METHOD,   /* x:field, of a value that is not known */
    CODE_TEXT,     /* text stands in the code, as a key or value; line is 0 */
};

struct code_use {
    enum code_kind kind;
    int line;
    const char *root; /* null where a kind has none, as below */
    const char *field;
    const char *text;
};
typedef void (*code_use_fn)(void *user, const struct code_use *use);

/* dump: with lines. NO_MEMORY, or INVALID for what is no dump. */
muster_status mod_code_walk(const struct dump *dump, code_use_fn fn, void *user) MUSTER_MUST_USE;

#endif
