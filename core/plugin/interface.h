/* interface - what plugins publish for each other, and who asks for it: host->interfaces. Loop
 * thread.
 *
 * A plugin offers an interface while it is the generation in force and runs. Callers hold no
 * pointer into it: each call looks it up, names and charges the publisher, and pins it meanwhile.
 * What changed is told by a post, never inside a call that changes it.
 */
#ifndef INTERFACE_H
#define INTERFACE_H

#include "plugin.h"

muster_status interface_publish(struct muster_self *owner,
                                const struct muster_interface *what) MUSTER_MUST_USE;
muster_status interface_subscribe(struct muster_self *owner,
                                  const struct muster_interface_wish *wish, void *user,
                                  muster_interface_id *out) MUSTER_MUST_USE;
muster_status interface_call(struct muster_self *self, muster_interface_id id,
                             muster_interface_fn fn, void *user) MUSTER_MUST_USE;
/* Plugins have begun, replaced each other or ended: who asks is told in the next turn. */
void interface_look(void);
/* "muster.party 1.0, ...": what the plugin has published; "": nothing. */
void interface_list(const struct muster_self *owner, char *out, uint32_t cap);
void interface_deinit(void);

#endif
