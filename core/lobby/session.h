/* session - signed-in players of this node. Loop thread.
 *
 * One session per player. It lives while its connection lives, and beyond that while a seat is held
 * for it. A newer connection of the same player takes the session over; the older one is told.
 */
#ifndef SESSION_H
#define SESSION_H

#include <uthash.h>

#include <muster/writer.h>

#include "client.h"
#include "ticket.h"

#define SESSION_TOKEN_BYTES 32

/* What each message asks comes first. */
struct session {
    muster_player_id id;
    struct client *client;     /* null: dropped */
    struct party *party;       /* of the player */
    muster_lobby_id lobby;     /* 0: in none */
    uint32_t member;           /* index in the lobby */
    UT_hash_handle hh;         /* by player_key */
    UT_hash_handle hh_session; /* by session_key */
    UT_hash_handle hh_token;   /* by token, of those who are to come back to a restored seat */
    struct session *prev_admin;
    struct session *next_admin;
    char session_key[TICKET_UUID_SIZE];
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
    char region[MUSTER_NAME_MAX];
    char permissions[256];
    char address[64]; /* it came from last; "": never */
    uint32_t account; /* MUSTER_ACCOUNT_... */
    int64_t created_at_ms;
    uint8_t token[SESSION_TOKEN_BYTES];  /* session_token_digest; all 0: none */
    int64_t expires_at_s;                /* told to people */
    uint64_t expires_ms;                 /* loop clock: what counts */
    muster_lobby_id ticket_lobby;        /* signed in with a ticket for a seat there; else 0 */
    muster_queue_ticket_id queue_ticket; /* 0: not searching */
    uint32_t rtt_ms;
    struct kept *kept; /* by plugins */
    bool ending;       /* leaving its seat on its way out must not end it again */
};

muster_status session_init(uint32_t players_max) MUSTER_MUST_USE;
void session_deinit(void);
uint32_t session_count(void);
uint32_t session_connected_count(void);

/* The identity was accepted on this client: its session, made, taken over or renewed. FULL above
 * server.maxPlayers. */
muster_status session_attach(struct client *client, const struct muster_identity *identity,
                             struct session **out) MUSTER_MUST_USE;
/* A session without a connection, for a player who is expected and called so until then; or the
 * active one. It ends after an hour unless the player comes, or a seat is held. */
muster_status session_create(const char *player_key, const char *display_name,
                             struct session **out) MUSTER_MUST_USE;
/* Stands for a token and the auth plugin that accepted it. */
void session_token_digest(const char *plugin, const char *token, uint8_t out[SESSION_TOKEN_BYTES]);
/* What an attached one has signed in with; until it is attached again. Kept with its seat. */
void session_token_set(struct session *session, const uint8_t token[SESSION_TOKEN_BYTES]);
/* Has the person of a restored session, who has not come back yet, signed in with that? */
bool session_token_is_known(const uint8_t token[SESSION_TOKEN_BYTES]);
/* How many of them there are. */
uint32_t session_awaited_count(void);
/* By the ticket that it was signed in with. A ticket ends soon, the match that it led to later:
 * such a session goes on as long as the seat is held. */
bool session_is_seated_by_ticket(const struct session *session);
/* The seat that its ticket led to is given up: it may do nothing any more, and ends. */
bool session_is_over(const struct session *session);
/* What of a session is kept with its seat, for a lobby that goes on elsewhere: session_state.c. */
struct session_saved {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char session_key[TICKET_UUID_SIZE];
    char display_name[MUSTER_DISPLAY_MAX];
    char region[MUSTER_NAME_MAX];
    char permissions[256];
    uint32_t account;
    uint32_t by_ticket; /* 1: it is seated by one */
    int64_t created_at_ms;
    int64_t expires_at_s;
    uint8_t token[SESSION_TOKEN_BYTES];
    struct kept *kept; /* owned: to be cleared */
};
void session_save(const struct session *session, struct muster_writer *w);
/* False: session_save has not written that. */
bool session_load(struct muster_reader *r, struct session_saved *out) MUSTER_MUST_USE;
/* That player's session without a connection, or the active one as it is. Takes saved->kept. FULL.
 */
muster_status session_restore(struct session_saved *saved, struct session **out) MUSTER_MUST_USE;
/* The connection is gone. The session stays when it holds a seat, else it ends. */
void session_detach(struct client *client);
/* End it: session.terminated, close 4004, its seat is left with `leave_reason`. */
void session_terminate(struct session *session, const char *reason, uint32_t leave_reason);
/* The same for a ban; facts: {reason, until, endsInMs}, taken. */
void session_ban(struct session *session, json_t *facts);
/* Ends a dropped session that holds no seat any more; otherwise nothing. */
void session_settle(struct session *session);

struct session *session_find(muster_player_id id);
struct session *session_find_key(const char *player_key);
struct session *session_find_session_key(const char *session_key);
struct session *session_next(muster_player_id *id); /* slots_next order */
/* Those who may "admin", from the first one. */
struct session *session_first_admin(void);
/* One of `rate` taken from the player and from the address at hand; else false and *wait_ms. */
bool session_take(struct session *session, enum party_rate rate, uint32_t *wait_ms);
bool session_may(const struct session *session, const char *permission);
/* PlayerSession without its lobbyId; new reference. */
json_t *session_to_json(const struct session *session);
void session_notify(struct session *session, const char *method, json_t *params);
/* All who are connected; takes params. Returns how many they are. */
uint32_t session_notify_all(const char *method, json_t *params);
/* What the operator says, to all who are connected. Returns how many they are. */
uint32_t session_announce(const char *text);

/* Told by server, so that session needs not know the layers beside it. */
struct session_hooks {
    void (*dropped)(struct session *session);                /* connection lost, seat held */
    void (*ended)(struct session *session, uint32_t reason); /* about to be removed */
};
void session_set_hooks(const struct session_hooks *hooks);

#endif
