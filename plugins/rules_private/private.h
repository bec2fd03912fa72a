/* private.h - shared by the files of rules_private: what a lobby's rules hold, and the instance.
 *
 * All of a lobby's access (password, invitations, bans, allow list) lives in memory, ends with the
 * lobby and is no part of a match: no match asks for it, so nothing of it is saved or replayed.
 */
#ifndef PRIVATE_H
#define PRIVATE_H

#include <jansson.h>
#include <muster/plugin.h>

#define HASH_BYTES 32
#define TOKEN_BYTES 25 /* "i." and 22 letters, NUL */
#define INVITATIONS_MAX 64
#define BANS_MAX 64
#define ALLOWED_MAX 64
#define PLAYERS_WATCHED 1024
#define METHODS_MAX 16

/* Tokens that fill up with time. */
struct bucket {
    uint64_t updated_ms; /* 0: full */
    double tokens;
};

struct invitation {
    uint64_t expires_ms;                    /* 0: free */
    int64_t expires_at_ms;                  /* the same for people, Unix */
    char player_key[MUSTER_PLAYER_KEY_MAX]; /* "": whoever has the token */
    char token[TOKEN_BYTES];                /* "": for the player alone */
};

struct ban {
    char player_key[MUSTER_PLAYER_KEY_MAX]; /* "": free */
    uint64_t until_ms;                      /* 0: as long as the lobby lives */
    int64_t until_at_ms;
    char reason[MUSTER_REASON_MAX / 2];
};

struct lobby {
    struct lobby *next;
    struct instance *instance;
    muster_lobby_id id;
    bool has_password;
    uint8_t password_hash[HASH_BYTES];
    struct invitation invitations[INVITATIONS_MAX];
    struct ban bans[BANS_MAX];
    char allowed[ALLOWED_MAX][MUSTER_PLAYER_KEY_MAX];
    uint32_t allowed_count;
    struct bucket tries;                     /* wrong passwords of all */
    uint64_t vote_at_ms;                     /* the newest called vote */
    char vote_target[MUSTER_PLAYER_KEY_MAX]; /* of the kick vote that runs */
};

struct watched { /* a player who tried passwords, or sent invitations */
    muster_player_id player;
    struct bucket tries;
    struct bucket invites;
};

struct instance;

/* A method that this plugin adds, bound to its instance. */
struct bound {
    struct instance *instance;
    const struct method *method;
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
    struct lobby *lobbies;
    struct watched watched[PLAYERS_WATCHED];
    struct bound bound[METHODS_MAX];
    uint8_t hash_key[HASH_BYTES];
    bool has_table; /* of the players' presets */
};

/* ---- access.c ---- */
void access_password_set(struct lobby *lobby, const char *password);
void access_allowed_set(struct lobby *lobby, const json_t *list);
/* May this player come in? Fills reason and refusal. */
muster_verdict access_decide(struct lobby *lobby, const struct muster_lobby_info *info,
                             const struct muster_action *action, char *reason, uint32_t cap);
/* A free place, or null. */
struct invitation *access_invite(struct lobby *lobby, const char *player_key, bool with_token,
                                 uint32_t life_s);
/* By player or by token; how many were taken back. */
uint32_t access_revoke(struct lobby *lobby, const char *player_key, const char *token);
/* False: too many bans. */
bool access_ban(struct lobby *lobby, const char *player_key, const char *reason, uint32_t life_s);
bool access_unban(struct lobby *lobby, const char *player_key);
json_t *access_json(const struct lobby *lobby);
/* Strangers cannot come in: matchmaking shall not try. */
void access_tell_matching(const struct lobby *lobby);
bool bucket_take(struct bucket *bucket, double per_minute, uint64_t now_ms);
uint32_t bucket_wait_ms(struct bucket *bucket, double per_minute, uint64_t now_ms);
struct watched *watched_of(struct instance *instance, muster_player_id player);

/* ---- decide.c ---- */
muster_verdict decide(void *instance, void *state, const struct muster_action *action, char *reason,
                      uint32_t cap);
bool is_host(const struct instance *instance, const struct muster_lobby_info *info,
             muster_player_id player);
/* Fills reason and refusal; returns REJECT. */
muster_verdict reject(const struct muster_action *action, char *reason, uint32_t cap,
                      const char *word, const char *format, ...) MUSTER_PRINTF(5, 6);
bool lobby_bool(const struct lobby *lobby, const char *key);

/* ---- methods.c ---- */
struct request {
    struct instance *instance;
    struct lobby *lobby; /* null: of a method that needs none */
    muster_ticket_id call;
    json_t *params;
    struct muster_lobby_info info;
    struct muster_member_info member; /* who asks; without a lobby player and player_key alone */
};
muster_status methods_add(struct instance *instance);
/* result is taken; null: {}. */
void answer(const struct instance *instance, muster_ticket_id call, json_t *result);
void refuse(const struct instance *instance, muster_ticket_id call, const char *code,
            const char *word, const char *format, ...) MUSTER_PRINTF(5, 6);
void refuse_wait(const struct instance *instance, muster_ticket_id call, uint32_t wait_ms,
                 const char *text);
const char *text_of(const json_t *params, const char *key);
/* Do the lobby's other rules agree? False: the request is refused. */
bool others_allow(const struct request *request, uint32_t kind, const char *key, const char *value,
                  muster_player_id target, uint32_t target_seat);
/* The member of that playerId. */
bool find_member(const struct lobby *lobby, const char *player_key, struct muster_member_info *out);

/* ---- votes.c, presets.c ---- */
void method_call_vote(struct request *request);
void method_presets(struct request *request);
void method_apply_preset(struct request *request);
void method_save_preset(struct request *request);
void method_delete_preset(struct request *request);
muster_status presets_start(struct instance *instance);

#endif
