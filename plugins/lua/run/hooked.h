/* hooked - what a script has hooked, taken off and registered since its start, as bytes: for one
 * that begins anew elsewhere, whose start makes the handlers of the start alone.
 */
#ifndef LUA_HOOKED_H
#define LUA_HOOKED_H

#include "named.h"

#include <muster/writer.h>

enum { HOOKED_MAX = 256 }; /* handlers and commands of one script that are kept */

struct hooked_one {
    struct handlers *handlers; /* null: a command */
    struct handler handler;    /* of a command the id alone */
    char help[96];
    char name[NAMED_BYTES]; /* of the function of a later one; "": it has none */
};

struct hooked {
    bool is_changed; /* else the rest is empty, and the start is what there is */
    uint32_t count;
    struct hooked_one all[HOOKED_MAX];
};

/* Within the sandbox; runs nothing of the mod's. What is too many for it overflows. */
void hooked_save(lua_State *L, const struct script *script, struct muster_writer *out);
/* False: these are no such bytes. */
bool hooked_read(struct script *script, struct muster_reader *in, struct hooked *out);
/* Right after the start. Answers what is gone, as its function has no name; or null. */
const struct hooked_one *hooked_load(lua_State *L, struct script *script, struct hooked *kept);

#endif
