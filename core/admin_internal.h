/* admin_internal - shared by the admin*.c files alone. Layer 4. */
#ifndef ADMIN_INTERNAL_H
#define ADMIN_INTERNAL_H

#include "admin.h"
#include "session.h"

/* One run of a command; freed by run_answer and run_fail, which end it. */
struct run {
    admin_answer_fn fn;
    void *user;
    const struct command *command;
    char *arguments; /* what is left of them */
    char *line;      /* what arguments points into */
    char actor[MUSTER_PLAYER_KEY_MAX];
    bool is_admin; /* else a moderator */
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

void run_say(struct run *run, const char *format, ...) MUSTER_PRINTF(2, 3);
void run_say_json(struct run *run, json_t *json); /* takes json */
void run_answer(struct run *run);
/* Ends it with a sentence; nothing was done. */
void run_fail(struct run *run, muster_status status, const char *format, ...) MUSTER_PRINTF(3, 4);
/* INVALID, with the command's arguments. */
void run_fail_usage(struct run *run);
/* The next word, which may stand in double quotes; "" when none is left. */
char *run_word(struct run *run);

/* admin_players.c */
void run_players(struct run *run);
void run_kick(struct run *run);
void run_create_session(struct run *run);
void run_get_session(struct run *run);
void run_terminate_session(struct run *run);
/* May who runs this act upon that player? False: the run has ended with a sentence. */
bool run_may_touch(struct run *run, const struct session *session);
/* One player of that name, and how many there are. */
struct session *run_find_name(const char *name, uint32_t *count);
/* The session that a word means, a playerId or the name of one player; or null, and the run has
 * ended with a sentence. */
struct session *run_find_session(struct run *run, const char *word);

/* admin_sanctions.c */
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
