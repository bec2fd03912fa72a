/* private.h - shared by the files of rules_private: what a lobby's rules hold, and the instance.
 *
 * All of a lobby's access (password, invitations, bans, allow list) lives in memory, ends with the
 * lobby and is no part of a match: no match asks for it, so nothing of it is replayed. It goes with
 * a lobby that is saved.
 */
#ifndef PRIVATE_H
#define PRIVATE_H

#include <muster/json.h>
#include <muster/plugin.h>

#define HASH_BYTES 32
#define TOKEN_BYTES 25 /* "i." and 22 letters, NUL */
#define INVITATIONS_MAX 64
#define BANS_MAX 64
#define ALLOWED_MAX 64
#define PASSWORD_BYTES_MAX 64
#define INVITATIONS_PER_MEMBER 8 /* at a time, of who is not the host */
#define INVITES_PER_ADDRESS 8    /* times as many as one player may send */
#define METHODS_MAX 16
#define COMMON_PRESETS_MAX 32 /* of the operator */
#define PARAMS_MAX 4          /* of one method */
#define PARAM_TEXT_MAX 96     /* bytes of one, NUL included */

struct invitation {
    uint64_t expires_ms;                    /* 0: free */
    int64_t expires_at_ms;                  /* the same for people, Unix */
    char player_key[MUSTER_PLAYER_KEY_MAX]; /* "": whoever has the token */
    char token[TOKEN_BYTES];                /* "": for the player alone */
    char by[MUSTER_PLAYER_KEY_MAX];         /* "": a host's */
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
    uint8_t hash_key[HASH_BYTES];
    uint8_t password_hash[HASH_BYTES];
    /* Each table is made with the first that is put there, and owned. */
    struct invitation *invitations; /* lobby_invitations_end */
    struct ban *bans;               /* lobby_bans_end */
    char (*allowed)[MUSTER_PLAYER_KEY_MAX];
    uint32_t allowed_count;
    bool is_listed;         /* allowedPlayers names somebody: nobody else comes in uninvited */
    uint64_t vote_ended_ms; /* the newest called vote; 0: it runs, or there was none */
    char vote_caller[MUSTER_PLAYER_KEY_MAX];
    char vote_target[MUSTER_PLAYER_KEY_MAX]; /* of the kick vote that runs */
};

struct instance;

static inline uint32_t lobby_invitations_end(const struct lobby *lobby) {
    return lobby->invitations ? INVITATIONS_MAX : 0;
}
static inline uint32_t lobby_bans_end(const struct lobby *lobby) {
    return lobby->bans ? BANS_MAX : 0;
}

/* A method that this plugin adds, bound to its instance. */
struct bound {
    struct instance *instance;
    const struct method *method;
};

/* The configuration. */
struct limits {
    uint32_t player_tries_per_minute;
    uint32_t address_tries_per_minute;
    uint32_t invites_per_minute;
    uint32_t invite_life_s;
    uint32_t vote_ms;
    uint32_t vote_every_ms;
    uint32_t vote_ban_s;
    uint32_t presets_per_player;
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
    struct limits limits;
    const char *common_presets[COMMON_PRESETS_MAX]; /* NAME KEY=VALUE KEY=VALUE */
    uint32_t common_preset_count;
    struct lobby *lobbies;
    struct bound bound[METHODS_MAX];
    bool has_table; /* of the players' presets */
};

/* ---- access.c ---- */
/* The table is there. False: out of memory. */
bool access_invitations_make(struct lobby *lobby);
bool access_bans_make(struct lobby *lobby);
bool access_allowed_make(struct lobby *lobby);
void access_free(struct lobby *lobby);
void access_password_set(struct lobby *lobby, const char *password);
/* An array of playerIds. */
void access_allowed_set(struct lobby *lobby, struct muster_json list);
/* May this player come in? Fills reason and refusal. */
muster_verdict access_decide(struct lobby *lobby, const struct muster_lobby_info *info,
                             const struct muster_action *action, char *reason, uint32_t cap);
/* by "": a host's, which takes the place of a member's when all are taken. player_key "": whoever
 * has the token. Null: too many. */
struct invitation *access_invite(struct lobby *lobby, const char *by, const char *player_key,
                                 uint32_t life_s);
/* By player or by token; how many were taken back. */
uint32_t access_revoke(struct lobby *lobby, const char *player_key, const char *token);
/* False: too many bans. */
bool access_ban(struct lobby *lobby, const char *player_key, const char *reason, uint32_t life_s);
bool access_unban(struct lobby *lobby, const char *player_key);
/* From now to a moment of the loop's clock. */
int64_t access_left_ms(const struct lobby *lobby, uint64_t end_ms);
/* The members that lobby.access answers with. */
void access_put(const struct lobby *lobby, struct muster_json_writer *json);
/* Strangers cannot come in: matchmaking shall not try. */
void access_tell_matching(const struct lobby *lobby);

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
/* A small object on the stack, to be answered with. */
struct reply {
    struct muster_writer out;
    struct muster_json_writer json;
    char text[2048];
};
/* Opens the object. */
struct muster_json_writer *reply_begin(struct reply *reply);
/* Closes it; null: it did not fit. */
const char *reply_end(struct reply *reply);
struct request {
    struct instance *instance;
    struct lobby *lobby; /* null: of a method that needs none */
    muster_rpc_call_id call;
    const struct method *method;
    struct muster_json params;
    char texts[PARAMS_MAX][PARAM_TEXT_MAX]; /* of the parameters that are texts; "": not given */
    struct muster_lobby_info info;
    struct muster_member_info member; /* who asks; without a lobby player and player_key alone */
};
muster_status methods_add(struct instance *instance);
/* result: one JSON object; null: {}. */
void answer(const struct instance *instance, muster_rpc_call_id call, const char *result);
void refuse(const struct instance *instance, muster_rpc_call_id call, const char *code,
            const char *word, const char *format, ...) MUSTER_PRINTF(5, 6);
void refuse_wait(const struct instance *instance, muster_rpc_call_id call, uint32_t wait_ms,
                 const char *text);
/* A parameter of the method; "": it was not given. */
const char *text_of(const struct request *request, const char *key);
/* Do the lobby's other rules agree? False: the request is refused. */
bool others_allow(const struct request *request, uint32_t kind, const char *key, const char *value,
                  muster_player_id target, uint32_t target_seat);
/* The member of that playerId. */
bool find_member(const struct lobby *lobby, const char *player_key, struct muster_member_info *out);

/* ---- saved.c ---- */
void saved_write(const struct lobby *lobby, struct muster_writer *out);
/* Into one that was just made. */
muster_status saved_read(struct lobby *lobby, struct muster_reader *in);

/* ---- votes.c, presets.c ---- */
void method_call_vote(struct request *request);
void method_presets(struct request *request);
void method_apply_preset(struct request *request);
void method_save_preset(struct request *request);
void method_delete_preset(struct request *request);
muster_status presets_start(struct instance *instance);

#endif
