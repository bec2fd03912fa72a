/* moderation - who may not come in, may not speak, was warned, is let in while the server is
 * closed. Loop thread.
 *
 * All sanctions in force are in memory; each change goes to the keeper, a plugin that knows where
 * they are kept, and, for people, into moderation.json of the data directory, which is where they
 * are kept without one.
 */
#ifndef MODERATION_H
#define MODERATION_H

#include "address.h"
#include "failure.h"
#include "pending.h"
#include "session.h"

#include <muster/host.h>

#define SANCTION_KEY_SIZE 13 /* 12 hex digits, NUL */
#define SANCTION_NOTE_MAX 256
#define SANCTIONS_MAX 20000

enum sanction_kind {
    SANCTION_BAN = MUSTER_SANCTION_BAN,
    SANCTION_MUTE = MUSTER_SANCTION_MUTE,
    SANCTION_WARN = MUSTER_SANCTION_WARN,
    SANCTION_ALLOW = MUSTER_SANCTION_ALLOW,
    SANCTION_CLOSED = MUSTER_SANCTION_CLOSED,
    SANCTION_KINDS = MUSTER_SANCTION_END
};

struct sanction {
    char key[SANCTION_KEY_SIZE];
    enum sanction_kind kind;
    bool guests_only;              /* the address counts for guests and for new accounts alone */
    struct address_prefix address; /* bits 0: none */
    char player_key[MUSTER_PLAYER_KEY_MAX]; /* "": the address alone */
    char name[MUSTER_DISPLAY_MAX];          /* when it was said, for people */
    char reason[MUSTER_REASON_MAX];         /* told to the player */
    char note[SANCTION_NOTE_MAX];           /* told to admins */
    char actor[MUSTER_PLAYER_KEY_MAX];
    int64_t created_ms; /* Unix */
    int64_t until_ms;   /* 0: for good */
};

/* Asks the keeper for all in force, or without one reads the file; then fn. */
void moderation_start(void (*fn)(void *user, muster_status status), void *user);
void moderation_deinit(void);
/* Could the file be read? Nothing is made of it; wrong: a sentence for each mistake. */
typedef void (*moderation_wrong_fn)(const char *sentence);
void moderation_look(moderation_wrong_fn wrong);

/* In force at once: whom a ban concerns is told and closed, who is muted or warned is told. Takes
 * the place of one of that kind for the same player or address, but for warnings. The key is filled
 * in, and created_ms where it is 0. LIMIT: there are too many, and nothing was done; others: in
 * force, but not kept. */
muster_status moderation_add(const struct sanction *wanted) MUSTER_MUST_USE;
/* Ends those of the kind whose key, player or address (with or without prefix) is `who`; *count is
 * how many. On failure they have ended until the next start alone. */
muster_status moderation_end(enum sanction_kind kind, const char *who,
                             uint32_t *count) MUSTER_MUST_USE;
/* All in force, in order; index 0 first. Null: no more. */
const struct sanction *moderation_next(uint32_t *index);
uint32_t moderation_count(enum sanction_kind kind, const char *player_key);

/* The ban of an address, asked before anything is known of who comes; or null. */
const struct sanction *moderation_door(const char *address, bool makes_account);
/* May this identity, coming from there, sign in? RPC_OK, or why not. */
int32_t moderation_admit(const struct muster_identity *identity, const char *address,
                         struct failure *failure);
/* May the player speak? */
int32_t moderation_speak(const struct session *session, struct failure *failure);
/* What the player is told of their mute, as in session.muted; null when there is none. */
json_t *moderation_mute_json(const struct session *session);
/* Drops what has run out; who was muted is told. Each second by itself (user: unused). */
void moderation_sweep(void *user);
/* RPC_BANNED with the reason and the end. */
int32_t moderation_refuse(const struct sanction *ban, struct failure *failure);
/* "until 2026-11-28 18:00 UTC", or "for good". */
void moderation_end_text(const struct sanction *sanction, char out[40]);
const char *moderation_kind_text(enum sanction_kind kind);

/* ---- the keeper ---- */

/* As host->moderation says. keeper: of full size; copied. */
muster_status moderation_keeper_set(struct muster_self *owner, const struct muster_keeper *keeper,
                                    void *user) MUSTER_MUST_USE;
/* sanction: of full size, no string null. */
muster_status moderation_put(struct muster_self *by,
                             const struct muster_sanction *sanction) MUSTER_MUST_USE;
muster_status moderation_put_end(struct muster_self *by, const char *key) MUSTER_MUST_USE;
/* One who has been here, as the keeper answers. */
struct moderation_player {
    const char *player_key;
    const char *display_name;
};
/* Whom the word means: fn once, now or later, with OK and a struct moderation_player, or with
 * NOT_FOUND. UNAVAILABLE: there is no keeper; then, and on other failures, fn is not called. */
muster_status moderation_find_player(const char *word, pending_fn fn, void *user) MUSTER_MUST_USE;
/* What the keeper's tickets are called. */
#define MODERATION_LOAD "sanctions"
#define MODERATION_PLAYER "player"

#endif
