/* permissions - what mods may do, of what they ask for: MOD_..., by the operator's word. */
#ifndef LUA_PERMISSIONS_H
#define LUA_PERMISSIONS_H

#include "instance.h"
#include "mod.h"

/* The permissions that the operator grants to a mod that asks for them. */
uint32_t permissions_of(const struct instance *instance, const char *id);
/* What this mod gets of what it asks for. */
uint32_t permissions_granted(const struct instance *instance, const struct mod *mod);

#endif
