/* inspect - `mods check DIR`: what can be said of a mod before anybody plays it. */
#ifndef LUA_INSPECT_H
#define LUA_INSPECT_H

#include "lobby.h"

/* One line a finding, "FILE:LINE: error: text"; the last line sums up. What the server would leave
 * out is an error. */
void inspect(struct instance *instance, const char *arguments, struct muster_writer *answer);

#endif
