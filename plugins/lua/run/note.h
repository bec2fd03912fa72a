/* note - what a match's log holds of scripts; see host->match->note.
 *
 * First kind, applied when it is written and at the same place in a replay: which mods play
 * (begin), a reload, a command, a message from the lobby realm, a restart that is set. Second kind,
 * written inside a step and known to a replay from the start: where a script was stopped, what it
 * read from outside.
 */
#ifndef LUA_NOTE_H
#define LUA_NOTE_H

#include "realm.h"

struct lobby;
struct mod;

/* Of a command, with their end: a line of chat, and more than the console may need. */
enum { NOTE_ARGUMENTS_BYTES = 320 };
enum note_kind {
    NOTE_BEGIN = 1,
    NOTE_RELOAD,
    NOTE_COMMAND,
    NOTE_MESSAGE,
    NOTE_STOP,
    NOTE_ANSWER,
    NOTE_RESTART
};

/* mods: those that play, in order. */
muster_status note_begin(struct realm *realm, struct mod *const *mods, uint32_t count);
/* before: the version that was offered till now, or null. */
muster_status note_reload(struct realm *realm, const struct mod *mod, const struct mod *before);
/* LIMIT: the arguments are longer than what is read back. */
muster_status note_command(struct realm *realm, uint32_t script, const char *name, uint32_t seat,
                           const char *arguments);
muster_status note_message(struct realm *realm, const char *name, const void *bytes, uint32_t len);
/* seconds: as MUSTER_NOTICE_SERVER_RESTARTING has them. */
muster_status note_restart(struct realm *realm, uint32_t seconds);
/* Instead of host_calls: not in that entry, but between it and the next one. */
#define NOTE_STOP_AFTER UINT32_MAX
void note_stop(struct realm *realm, uint32_t script, uint64_t call, uint32_t host_calls);
/* What was read now, as the effect of this number of this entry. */
void note_answer(struct realm *realm, uint32_t host_calls, const void *bytes, uint32_t len);

#endif
