/* commands - the server's console commands. Loop thread. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"
#include "lobby.h"
#include "session.h"

/* All of them, up to one without a name: for console_init. */
extern const struct command commands_table[];

/* The commands*.c files among themselves. */

/* commands_players.c */
void command_players(struct run *run);
void command_kick(struct run *run);
void command_create_session(struct run *run);
void command_get_session(struct run *run);
void command_terminate_session(struct run *run);
/* May who runs this act upon that player? False: the run has ended with a sentence. */
bool command_may_touch(struct run *run, const struct session *session);
/* One player of that name, and how many there are. */
struct session *command_find_name(const char *name, uint32_t *count);
/* The session that a word means, a playerId or the name of one player; null: nobody who is here.
 * False: no word, or several players: the run has ended with a sentence. */
bool command_find_here(struct run *run, const char *word, struct session **out);
/* The same where it must be somebody who is here; or null, and the run has ended. */
struct session *command_find_session(struct run *run, const char *word);

/* commands_lobby.c */
void command_lobby(struct run *run);
/* The lobby that the next word names. Null: none, and the run has ended with a sentence. */
struct lobby *command_find_lobby(struct run *run);

/* commands_shutdown.c */
void command_stop(struct run *run);
void command_drain(struct run *run);
void command_restart(struct run *run);
void command_upgrade(struct run *run);

/* commands_backup.c */
void command_backup(struct run *run);

/* commands_crashes.c */
void command_crashes(struct run *run);

/* commands_sanctions.c */
/* "30s", "15m", "12h", "7d", "4w". False: the word is something else. */
bool command_period(const char *word, int64_t *out_ms);
void command_ban(struct run *run);
void command_unban(struct run *run);
void command_bans(struct run *run);
void command_mute(struct run *run);
void command_unmute(struct run *run);
void command_mutes(struct run *run);
void command_warn(struct run *run);
void command_warnings(struct run *run);
void command_whitelist(struct run *run);

#endif
