/* console - one table of console commands for stdin, HTTP, clients with permission "admin", and
 * plugins (RCON). Loop thread. Every command is logged with its actor.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "command.h"

struct session;

/* The server's own commands, up to one without a name; the table is kept. Before any other call. */
void console_init(const struct command *table);
/* A command of such a table: lists them all, and the plugins'. */
void console_help(struct run *run);

/* Runs a line; fn gets the answer as text, now or later. fn may be null. */
void console_run(const char *actor, const char *line, command_answer_fn fn, void *user);
/* The same for a player, who needs the command's permission. */
void console_run_as(const struct session *session, const char *line, command_answer_fn fn,
                    void *user);

/* The same with a line and an answer of (almost) any length: for one command at a time. */
void console_run_whole(const char *actor, const char *line, command_answer_fn fn, void *user);
/* Is the line's first word a command? */
bool console_knows(const char *line);

/* A plugin's command; EXISTS when the name is taken. */
muster_status console_add(const void *owner, const char *name, const char *help,
                          void (*fn)(void *user, const char *arguments,
                                     struct muster_writer *answer),
                          void *user) MUSTER_MUST_USE;
/* The same for a command that answers with console_answer, within a minute. */
muster_status console_add_late(const void *owner, const char *name, const char *help,
                               void (*fn)(void *user, const struct muster_command_call *call),
                               void *user) MUSTER_MUST_USE;
muster_status console_answer(struct muster_self *by, muster_command_call_id call,
                             muster_status status, const char *text);

#endif
