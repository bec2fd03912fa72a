/* command - what a console command is made of, for those who write one: its entry, and the run that
 * it answers. Loop thread.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <muster/host.h>

/* status: OK, or why nothing was done, which answer says in a sentence: INVALID (the arguments),
 * DENIED, NOT_FOUND (also: no such command), CONFLICT, ... */
typedef void (*command_answer_fn)(void *user, muster_status status, const char *answer);

/* One run of a command; freed by command_finish and command_fail, which end it. */
struct run {
    command_answer_fn fn;
    void *user;
    const struct command *command;
    char *arguments; /* what is left of them */
    char *line;      /* what arguments points into */
    char actor[MUSTER_PLAYER_KEY_MAX];
    bool is_admin;  /* else a moderator */
    bool is_player; /* else who has the console or the admin token */
    struct muster_writer out;
    uint8_t text[];
};

struct command {
    const char *name;
    const char *arguments;       /* as help shows them */
    const char *help;            /* null: another word for a command that is listed */
    const char *permission;      /* that a player needs to run it */
    void (*fn)(struct run *run); /* ends the run, now or later */
};

void command_say(struct run *run, const char *format, ...) MUSTER_PRINTF(2, 3);
void command_say_json(struct run *run, json_t *json); /* takes json */
void command_finish(struct run *run);
/* Ends it with a sentence; nothing was done. */
void command_fail(struct run *run, muster_status status, const char *format, ...)
    MUSTER_PRINTF(3, 4);
/* Ends it as its own last line says (host.h, command_add): a mark is no part of the answer. */
void command_judge(struct run *run);
/* False: the text, with its NUL, is longer than that, and the run has failed with a sentence. */
bool command_fits(struct run *run, const char *what, const char *text, size_t size);
/* INVALID, with the command's arguments. */
void command_fail_usage(struct run *run);
/* The next word, which may stand in double quotes; "" when none is left. */
char *command_word(struct run *run);

/* A run of the line for fn, without its command. Null: out of memory. */
struct run *command_create(const char *line, uint32_t answer_bytes, command_answer_fn fn,
                           void *user);

#endif
