/* posts - what a plugin hands to the loop from any thread, host->loop->post. A post that was taken
 * is run exactly once: in its turn, or when its plugin stops. */
#ifndef POSTS_H
#define POSTS_H

#include "plugin.h"

/* Any thread. CLOSED after posts_close; else as loop_post. */
muster_status posts_add(struct muster_self *self, muster_post_fn fn, void *user) MUSTER_MUST_USE;
/* No more is taken. What waits is run now, or, of a plugin that has no instance, dropped. Loop
 * thread. */
void posts_close(struct muster_self *self, bool wanted);

#endif
