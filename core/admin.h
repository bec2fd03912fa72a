/* admin - one table of console commands for stdin, HTTP, clients with permission "admin", and
 * plugins (RCON). Layer 4. Loop thread. Every command is logged with its actor.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include <muster/host.h>

struct session;

/* status: OK, or why nothing was done, which answer says in a sentence: INVALID (the arguments),
 * DENIED, NOT_FOUND (also: no such command), CONFLICT, ... */
typedef void (*admin_answer_fn)(void *user, muster_status status, const char *answer);

/* Runs a line; fn gets the answer as text, now or later. fn may be null. */
void admin_run(const char *actor, const char *line, admin_answer_fn fn, void *user);
/* The same for a player, who needs the command's permission. */
void admin_run_as(const struct session *session, const char *line, admin_answer_fn fn, void *user);

/* The same with a line and an answer of (almost) any length: for one command at a time. */
void admin_run_whole(const char *actor, const char *line, admin_answer_fn fn, void *user);
/* Is the line's first word a command? */
bool admin_knows(const char *line);

/* A plugin's command; EXISTS when the name is taken. */
muster_status admin_command_add(const void *owner, const char *name, const char *help,
                                void (*fn)(void *user, const char *arguments,
                                           struct muster_writer *answer),
                                void *user) MUSTER_MUST_USE;
void admin_command_remove_owner(const void *owner);

#endif
