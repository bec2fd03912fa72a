/* saved - what the scripts of a lobby, not of its match, know: for a lobby that is saved and goes
 * on elsewhere. An uploaded rule goes with it; what scripts keep in the storage stays where it is.
 */
#ifndef LUA_SAVED_H
#define LUA_SAVED_H

#include "lobby.h"

void saved_write(struct lobby *lobby, struct muster_writer *out);
/* Into a lobby that was just made. Not OK: it is not what these mods have saved. */
muster_status saved_read(struct lobby *lobby, struct muster_reader *in);

#endif
