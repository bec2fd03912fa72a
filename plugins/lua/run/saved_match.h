/* saved_match - what the scripts of a match know, as bytes: part of the match's state.
 *
 * A match that is loaded goes on with the code that it was played with, out of the store; the next
 * one has that of the mods there are now.
 */
#ifndef LUA_SAVED_MATCH_H
#define LUA_SAVED_MATCH_H

#include "lobby.h"

void saved_match_write(struct lobby *lobby, struct muster_writer *out);
/* Into a match that has just begun. Not OK: it is not what was written, or code is not there. */
muster_status saved_match_read(struct lobby *lobby, struct muster_reader *in);

#endif
