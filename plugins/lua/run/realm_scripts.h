/* realm_scripts - the scripts of a realm come and go. */
#ifndef LUA_REALM_SCRIPTS_H
#define LUA_REALM_SCRIPTS_H

#include "script.h"

/* Stops all scripts, and empties the realm. */
void realm_deinit(struct realm *realm);
/* Pins mod; granted: MOD_... that it may use. The script is there also when it does not start.
 * Null: too many, or out of memory. */
struct script *realm_add(struct realm *realm, struct mod *mod, uint32_t granted);
/* Takes the script and all it registered out. */
void realm_remove(struct realm *realm, struct script *script);
/* To the host: with no script in it nothing in the match concerns the plugin. After each change. */
void realm_tell_idle(const struct realm *realm);
/* While mods are tested: what of its scripts' state could not be saved fails the test. */
void realm_check_states(const struct realm *realm);

#endif
