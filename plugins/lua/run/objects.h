/* objects - whose the zones and items of a match on a base are, and who asked for what last.
 *
 * The base knows numbers alone. The first mod that uses a number has it, until it takes the thing
 * away; so no mod changes what is another's. Commands wait for the next tick: when the base refuses
 * one then, this says which line of which mod it came from. Part of the match's saved state, but
 * for the lines.
 */
#ifndef LUA_OBJECTS_H
#define LUA_OBJECTS_H

#include "realm.h"

enum { OBJECTS_MAX = 8 }; /* zones, and items; ids from 1 */
enum object_kind { OBJECT_ZONE, OBJECT_ITEM, OBJECT_KINDS };

struct objects;
void objects_free(struct objects *objects); /* takes null */

/* ---- for C functions that scripts call, before script_act; both raise ---- */
/* The number is free, or the script's own. */
void objects_check_free(lua_State *L, enum object_kind kind, uint32_t id);
/* The thing is there, and the script's own. */
void objects_check_own(lua_State *L, enum object_kind kind, uint32_t id);

/* ---- right after it; nothing raises ---- */
struct command_place {
    char file[64];
    int line;
};
/* Where the script is now. */
void objects_place(lua_State *L, struct command_place *out);
/* The script asks for this: what is made with it is the script's, what it removes is free. */
void objects_note(struct script *script, const struct muster_command *command,
                  const struct command_place *place);

/* The mode has refused a command: the mod that asked for it has failed there. */
void objects_refused(struct realm *realm, const struct muster_fact *fact);

void objects_save(const struct realm *realm, struct muster_writer *out);
void objects_load(struct realm *realm, struct muster_reader *in);

#endif
