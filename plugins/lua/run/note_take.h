/* note_take - takes what note.h wrote, when it is written and in a replay. */
#ifndef LUA_NOTE_TAKE_H
#define LUA_NOTE_TAKE_H

#include "lobby.h"

/* rules.match_note: what was written comes back. */
void note_take(struct lobby *lobby, const void *data, uint32_t len);
/* What a replay is to read now, to be freed; null: nothing was noted. */
struct answer *note_answer_take(struct realm *realm, uint32_t host_calls);

#endif
