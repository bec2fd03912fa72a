/* speech - chat commands of mods, and what they answer. */
#ifndef LUA_SPEECH_H
#define LUA_SPEECH_H

#include "lobby.h"
#include "script.h"

/* A line without its slash, by a player (seat NONE: a spectator): a command, "name" or "mod:name".
 * Its player alone is told what comes of it, also when there is none of that name. */
void speech_take(struct lobby *lobby, muster_player_id player, uint32_t seat, const char *line);
/* Names that no mod can take. */
bool speech_is_built_in(const char *name);
/* The same from the console, by nobody: the answer is in lobby->console_answer. NOT_FOUND: there is
 * no such command; CONFLICT: several mods have it; INVALID: it failed; LIMIT: it is not taken. */
muster_status speech_take_console(struct lobby *lobby, const char *line);
/* A command of the match realm, live or from the log. */
void speech_run(struct script *script, const char *name, uint32_t seat, const char *arguments);
/* A line of chat from the server for one player. */
void speech_tell(const struct lobby *lobby, muster_player_id player, const char *text);
/* For who sits on that seat of the match; nobody hears it in a replay. */
void speech_tell_seat(const struct lobby *lobby, uint32_t seat, const char *text);

#endif
