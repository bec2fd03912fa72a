/* registry_internal - what registry.c asks of registry_mode.c. Layer 2. */
#ifndef REGISTRY_INTERNAL_H
#define REGISTRY_INTERNAL_H

#include "registry.h"

/* The generation's provider of one role, or null. */
struct provider *registry_of(const struct muster_self *self, uint32_t kind);
/* Modes and settings of `self` come into force, those of `older` end. */
void registry_mode_commit(struct muster_self *self, struct muster_self *older);
/* Drops all modes and settings of a generation. */
void registry_mode_forget(struct muster_self *self);

#endif
