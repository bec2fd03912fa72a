/* inspect - `mods check DIR`: what can be said of a mod without running it. */
#ifndef LUA_INSPECT_H
#define LUA_INSPECT_H

#include <muster/writer.h>

/* One line a finding, "FILE:LINE: error: text"; the last line sums up. */
void inspect(const char *arguments, struct muster_writer *answer);

#endif
