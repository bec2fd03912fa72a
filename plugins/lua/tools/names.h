/* names - all names that scripts can read: of the library, the API, tests, and the events. For the
 * linter's configuration and `mods check`. */
#ifndef LUA_NAMES_H
#define LUA_NAMES_H

enum { NAME_BYTES_MAX = 32, NAMES_MAX = 256 };

/* "print", or "string" and "byte". */
struct name {
    char global[NAME_BYTES_MAX];
    char field[NAME_BYTES_MAX]; /* "" for the global itself */
};
struct names {
    struct name list[NAMES_MAX];
    unsigned count;
};
/* What every state begins with, before the API: in order of name. */
void names_library(struct names *out);

#endif
