/* commands - the server's console commands. Loop thread. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"
#include "session.h"

/* All of them, up to one without a name: for console_init. */
extern const struct command commands_table[];

/* The commands*.c files among themselves. */

/* commands_players.c */
void run_players(struct run *run);
void run_kick(struct run *run);
void run_create_session(struct run *run);
void run_get_session(struct run *run);
void run_terminate_session(struct run *run);
/* May who runs this act upon that player? False: the run has ended with a sentence. */
bool run_may_touch(struct run *run, const struct session *session);
/* One player of that name, and how many there are. */
struct session *run_find_name(const char *name, uint32_t *count);
/* The session that a word means, a playerId or the name of one player; null: nobody who is here.
 * False: no word, or several players: the run has ended with a sentence. */
bool run_find_here(struct run *run, const char *word, struct session **out);
/* The same where it must be somebody who is here; or null, and the run has ended. */
struct session *run_find_session(struct run *run, const char *word);

/* commands_backup.c */
void run_backup(struct run *run);

/* commands_sanctions.c */
void run_ban(struct run *run);
void run_unban(struct run *run);
void run_bans(struct run *run);
void run_mute(struct run *run);
void run_unmute(struct run *run);
void run_mutes(struct run *run);
void run_warn(struct run *run);
void run_warnings(struct run *run);
void run_whitelist(struct run *run);

#endif
