/* catalog - the mods that this node offers: read at the start, declared to the host, replaced by a
 * reload. */
#ifndef LUA_CATALOG_H
#define LUA_CATALOG_H

#include "lobby.h"

muster_status catalog_start(struct instance *instance);
void catalog_stop(struct instance *instance);
void catalog_free(struct instance *instance);
/* Reads a mod anew and puts it into every lobby that runs it; a mod that was not there is added.
 * On failure everything is as before and error says why. NOT_FOUND: there is no such mod. */
muster_status catalog_reload(struct instance *instance, const char *id, char *error, uint32_t cap);
/* The same from a folder, wherever it lies. */
muster_status catalog_load(struct instance *instance, const char *dir, char *error, uint32_t cap);
/* Would it be offered? INVALID or LIMIT: error says why not. Changes nothing. */
muster_status catalog_check(struct instance *instance, struct mod *mod, char *error, uint32_t cap);
/* Why a mod that has been probed does nothing; null: it does something. */
const char *catalog_idle(const struct instance *instance, const struct mod *mod);
/* Does it list a victory that no plugin here is? Then why says so. */
bool catalog_misses_victory(const struct instance *instance, const struct mod *mod, char *why,
                            uint32_t cap);
/* Is it a rule that the operator lets lobbies choose? */
bool catalog_is_offered(const struct instance *instance, const char *id);
/* Keeps a version in the store, on the work pool. */
void catalog_keep(struct instance *instance, struct mod *mod);

#endif
