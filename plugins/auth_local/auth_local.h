/* auth_local.h - the instance of the plugin and what its files offer each other.
 *
 * auth_local: lifecycle, routes, the auth role. accounts: register, login, guest. admins: who is an
 * administrator. tokens: refresh, logout, minting. tickets, identities: for seats, here and on
 * other nodes, offered to other plugins. guests: how many are kept, and how long. tries: how many
 * log-ins a name has. hasher: password hashing with bounded places. keyring: signing keys. params:
 * bodies. request: steps of one request.
 */
#ifndef AUTH_LOCAL_H
#define AUTH_LOCAL_H

#include <muster/host.h>

#include "jwt/gate.h"
#include "keyring.h"
#include "request.h"

struct settings {
    const char *database; /* which one; "": the first */
    const char *issuer;
    const char *audience;
    int64_t access_ttl_s;
    int64_t refresh_ttl_s;
    int64_t refresh_grace_s;
    int64_t guest_ttl_s;
    int64_t guests_max;
    uint64_t hash_operations;
    size_t hash_bytes;
    uint32_t hash_queue_max;
    uint32_t hash_running_max;
    uint32_t hash_per_address_max;
    int64_t tries_max; /* log-ins of one name that fail in an hour; 0: any number */
    bool guest_enabled;
    bool register_enabled;
};

/* Guests in the database: as counted last, and those made since. */
struct guests {
    int64_t count;
    bool tending; /* a round is under way */
};

/* Requests that wait for a place on the pool, first come first served. */
struct hasher {
    struct request *first;
    struct request *last;
    uint32_t waiting;
    uint32_t running;
};

#define ADMIN_CODES_MAX 8u
#define ADMIN_CODE_BYTES 32u

/* Makes the account of that name an administrator, once. Free: no username. */
struct admin_code {
    char username[USERNAME_MAX];
    uint8_t digest[ADMIN_CODE_BYTES];
    int64_t expires_at_ms;
};

struct auth_local {
    muster_self *self;
    const struct muster_host *host;
    const char *node_id;
    struct settings settings;
    char ticket_issuer[TOKEN_ISSUER_MAX]; /* of tickets for other nodes */
    struct gate *gate;
    struct keyring keyring;
    struct hasher hasher;
    struct guests guests;
    struct request *requests;
    struct admin_code codes[ADMIN_CODES_MAX];
    bool ready; /* the tables stand */
    bool stopping;
    char dummy_hash[crypto_pwhash_STRBYTES]; /* compared with for unknown names */
    muster_timer_id tend_timer;
};

/* Routes; user is the instance. */
void accounts_register(void *user, const struct muster_http_request *http);
void accounts_login(void *user, const struct muster_http_request *http);
void accounts_guest(void *user, const struct muster_http_request *http);
void tokens_refresh(void *user, const struct muster_http_request *http);
void tokens_logout(void *user, const struct muster_http_request *http);

/* Is the name on the operator's list? */
bool admins_listed(const struct auth_local *auth, const char *username);
/* Takes the permission "admin" away from who is not on the list (any more). */
void admins_limit(struct request *request);
/* Sets `promoted`, and the permission, when the request's code is good for its user name. */
void admins_check_code(struct request *request);
/* The promotion is stored: its code is good no more. */
void admins_spend_code(struct request *request);
/* The console's "admin-code NAME"; user is the instance. */
void admins_command(void *user, const char *arguments, struct muster_writer *answer);

/* Is there room for one more? Makes room when it gets scarce. */
bool guests_admit(struct auth_local *auth);
/* The rows of a new guest, and of one that has come back; params holds GUESTS_PARAMS. */
#define GUESTS_PARAMS 2u
struct muster_db_statement guests_insert(const struct request *request,
                                         struct muster_db_value *params);
struct muster_db_statement guests_seen(const struct request *request,
                                       struct muster_db_value *params);
/* Forgets guests that have not been seen for long, and counts the others. */
void guests_tend(struct auth_local *auth);

/* Loop thread: a new family's refresh token, and the copy of the signing key that minting needs. */
void tokens_prepare(struct request *request);
/* Pool thread: sign the access token. */
void tokens_mint(struct request *request);
/* The INSERT of the prepared refresh token; params holds TOKENS_INSERT_PARAMS. */
#define TOKENS_INSERT_PARAMS 6u
struct muster_db_statement tokens_insert(const struct request *request,
                                         struct muster_db_value *params);
/* Before that, at a log-in: the oldest of too many families end. */
#define TOKENS_TRIM_PARAMS 2u
struct muster_db_statement tokens_trim_player(const struct request *request,
                                              struct muster_db_value *params);
/* Answer with the AuthToken. */
void tokens_answer(struct request *request);
/* Drop refresh tokens that have expired. */
void tokens_purge(struct auth_local *auth);

/* Offers muster.seat_tickets. */
muster_status tickets_publish(struct auth_local *auth);
/* Offers muster.identities. */
muster_status identities_publish(struct auth_local *auth);
/* One log-in more as the request's user name: then, or answered with 429 or 503. */
void tries_take(struct request *request, request_fn then);
/* It has succeeded: it is not counted. */
void tries_give_back(struct request *request);

/* Run request->work with a place of the hasher; answers 429 or 503 when there is none. */
void hasher_submit(struct request *request, request_fn work, request_fn then);
/* Pool thread. */
bool hasher_hash(const struct settings *settings, const char *password, char *out);
/* A hash that costs as much to compare with as any, and is no password's. */
bool hasher_make_dummy(const struct settings *settings, char out[crypto_pwhash_STRBYTES]);
/* Forgets those that wait. */
void hasher_stop(struct auth_local *auth);

/* Reads the body into the request's parameters. False: answered with a problem, request is dead. */
enum params_kind { PARAMS_REGISTER, PARAMS_LOGIN, PARAMS_GUEST, PARAMS_REFRESH };
bool params_read(struct request *request, enum params_kind kind, struct muster_bytes body);

#endif
