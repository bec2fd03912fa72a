/* teams - the teams of the mode that a realm's lobby or match plays, by their names. */
#ifndef LUA_TEAMS_H
#define LUA_TEAMS_H

#include "realm.h"

/* How many there are; 0: everybody plays for themselves. */
uint32_t teams_count(const struct realm *realm);
/* "none" for MUSTER_TEAM_NONE and for what is no team. */
const char *teams_name(const struct realm *realm, uint32_t team);
/* False on the trial of a mode whose base is not the arena: any word may be a team then. */
bool teams_are_known(const struct realm *realm);
/* "none" is MUSTER_TEAM_NONE. False: there is no such team. */
bool teams_find(const struct realm *realm, const char *name, uint32_t *team);

#endif
