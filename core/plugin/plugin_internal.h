/* plugin_internal - what the plugin*.c files share. */
#ifndef PLUGIN_INTERNAL_H
#define PLUGIN_INTERNAL_H

#include "plugin.h"

/* plugin_list.c */
void plugin_list_add(struct muster_self *self); /* behind those of its order */
void plugin_list_remove(struct muster_self *self);
/* The one before `self`, for walks from the end; null gives the last. */
struct muster_self *plugin_before(const struct muster_self *self);
/* Called when nobody holds a superseded generation any more. Null: nobody is. */
void plugin_set_unpinned(void (*fn)(void));

/* plugin.c */
/* Open, check, config check, registry_add; in the list, phase PROBED. Null: `error` is the whole
 * sentence. order: of the instance. */
struct muster_self *plugin_create(const struct plugin_source *source, const char *instance_name,
                                  uint32_t generation, uint32_t order, char *error);
muster_status plugin_init(struct muster_self *self, char *error) MUSTER_MUST_USE;

#endif
