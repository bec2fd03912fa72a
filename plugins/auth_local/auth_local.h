/* auth_local.h - the instance of the plugin and what its files offer each other.
 *
 * auth_local: lifecycle, routes, the auth role. accounts: register, login, guest. tokens: refresh,
 * logout, minting. hasher: password hashing with bounded places. keyring: signing keys. params:
 * bodies. request: steps of one request.
 */
#ifndef AUTH_LOCAL_H
#define AUTH_LOCAL_H

#include <muster/host.h>

#include "jwt/gate.h"
#include "keyring.h"
#include "request.h"

struct settings {
    const char *issuer;
    const char *audience;
    int64_t access_ttl_s;
    int64_t refresh_ttl_s;
    int64_t refresh_grace_s;
    uint64_t hash_operations;
    size_t hash_bytes;
    uint32_t hash_queue_max;
    uint32_t hash_running_max;
    uint32_t hash_per_address_max;
    bool guest_enabled;
    bool register_enabled;
};

/* Requests that wait for a place on the pool, first come first served. */
struct hasher {
    struct request *first;
    struct request *last;
    uint32_t waiting;
    uint32_t running;
};

struct auth_local {
    muster_self *self;
    const struct muster_host *host;
    struct settings settings;
    struct gate *gate;
    struct keyring keyring;
    struct hasher hasher;
    struct request *requests;
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

/* Adds the permission "admin" when the operator's list has the user name. */
void accounts_add_admin(struct request *request);

/* Loop thread: new refresh token and the copy of the signing key that minting needs. */
void tokens_prepare(struct request *request, const char *family);
/* Pool thread: sign the access token. */
void tokens_mint(struct request *request);
/* The INSERT of the prepared refresh token; params holds TOKENS_INSERT_PARAMS. */
#define TOKENS_INSERT_PARAMS 6u
struct muster_db_statement tokens_insert(const struct request *request,
                                         struct muster_db_value *params);
/* Answer with the AuthToken. */
void tokens_answer(struct request *request);
/* Drop refresh tokens that have expired. */
void tokens_purge(struct auth_local *auth);

/* Run request->work with a place of the hasher; answers 429 or 503 when there is none. */
void hasher_submit(struct request *request, request_fn work, request_fn then);
/* Pool thread. */
bool hasher_hash(const struct settings *settings, const char *password, char *out);
/* Forgets those that wait. */
void hasher_stop(struct auth_local *auth);

/* Reads the body into the request's parameters. False: answered with a problem, request is dead. */
enum params_kind { PARAMS_REGISTER, PARAMS_LOGIN, PARAMS_GUEST, PARAMS_REFRESH };
bool params_read(struct request *request, enum params_kind kind, struct muster_bytes body);

#endif
