/* plugin_internal - what the plugin*.c files share. */
#ifndef PLUGIN_INTERNAL_H
#define PLUGIN_INTERNAL_H

#include "plugin.h"

/* plugin_list.c */
void plugin_list_add(struct muster_self *self); /* behind those of its order */
void plugin_list_remove(struct muster_self *self);
/* In the order that they have now. */
void plugin_list_sort(void);
/* The one before `self`, for walks from the end; null gives the last. */
struct muster_self *plugin_before(const struct muster_self *self);
/* Called when nobody holds a superseded generation any more. Null: nobody is. */
void plugin_set_unpinned(void (*fn)(void));

/* plugin.c */
/* Open, check, config check, registry_add; in the list, phase PROBED. Null: `error` is the whole
 * sentence. listed: of the instance. */
struct muster_self *plugin_create(const struct plugin_source *source, const char *instance_name,
                                  uint32_t generation, uint32_t listed, char *error);
muster_status plugin_init(struct muster_self *self, char *error) MUSTER_MUST_USE;

/* plugin_order.c */
/* Can `self`, in the place of its older generation, be put in order with those in force? `error`
 * names a circle. */
muster_status plugin_order_check(struct muster_self *self, char *error) MUSTER_MUST_USE;
/* Those in force come into order, everywhere. */
void plugin_order_set(void);

#endif
