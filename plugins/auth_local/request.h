/* request - one HTTP request of auth_local on its way: parameters, what was found and made, and the
 * one step that is outstanding. Created by the route handler, freed when its last step has ended.
 * Loop thread, but for `work`, which runs on the pool and touches only its own request.
 */
#ifndef AUTH_LOCAL_REQUEST_H
#define AUTH_LOCAL_REQUEST_H

#include <muster/host.h>
#include <sodium.h>

#include "jwt/token.h"
#include "keyring.h"

#define USERNAME_MAX 33u /* bytes, NUL included, as all of these */
#define PASSWORD_MAX 129u
#define EMAIL_MAX 255u
#define UUID_MAX 37u
#define DIGEST_MAX 65u        /* SHA-256 in hex */
#define REFRESH_TOKEN_MAX 44u /* 32 bytes in base64url */
#define FAMILY_MAX 33u
#define ADMIN_CODE_MAX 33u

struct auth_local;
struct request;

typedef void (*request_fn)(struct request *request);
typedef void (*request_rows_fn)(struct request *request, muster_status status,
                                const struct muster_db_rows *rows);

struct request {
    struct request *prev;
    struct request *next;
    struct auth_local *auth;
    muster_request_id id; /* 0 once answered */
    bool outstanding;     /* a step is on its way; its end continues or frees */
    bool hashing;         /* waits for or holds a place in the hasher */
    request_fn work;
    request_fn then;
    request_rows_fn rows;
    struct request *next_hash;
    char address[64];
    uint8_t agent[crypto_hash_sha256_BYTES]; /* of the user agent */
    char client[DIGEST_MAX];                 /* of agent and family, see request_name_client */
    int64_t now_ms;
    uint32_t success; /* HTTP status of the answer */
    uint32_t attempts;

    char username[USERNAME_MAX];
    char password[PASSWORD_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
    char email[EMAIL_MAX];
    char region[MUSTER_NAME_MAX];
    char presented_token[REFRESH_TOKEN_MAX];
    char code[ADMIN_CODE_MAX];

    char player_id[UUID_MAX];
    char permissions[256];
    char password_hash[crypto_pwhash_STRBYTES];
    bool guest;
    bool promoted; /* the code is good: an administrator from now on */
    bool password_good;
    bool password_rehashed;

    char presented_digest[DIGEST_MAX];
    char family[FAMILY_MAX];
    char salt[FAMILY_MAX]; /* which successor the presented token has */
    char refresh_token[REFRESH_TOKEN_MAX];
    char refresh_digest[DIGEST_MAX];

    bool minted;
    int64_t expires_at_s;
    char kid[TOKEN_KID_MAX];
    struct signer *signer; /* until it has signed */
    json_t *claims;        /* what it has signed */
    char access_token[TOKEN_BYTES_MAX + 1];
};

/* Null when it was answered already: out of memory, or the plugin is not ready. */
struct request *request_create(struct auth_local *auth, const struct muster_http_request *http);
/* Who holds a family's token, as far as can be told: the user agent. Not the address, which a phone
 * changes between two tries. Hashed with the family, so that a row says nothing of others. */
void request_name_client(struct request *request);
/* Answers and ends the request; legal between steps, the pointer is dead afterwards. */
void request_respond(struct request *request, const char *json);
void request_respond_empty(struct request *request);
void request_problem(struct request *request, uint32_t status, const char *code,
                     const char *detail);
/* The same with Retry-After; code and detail need no escapes. */
void request_retry(struct request *request, uint32_t status, const char *code, const char *detail,
                   uint32_t wait_s);
/* 503 with Retry-After. */
void request_busy(struct request *request);
/* 503 or 500 by what the database or the pool said. */
void request_fail(struct request *request, muster_status status);

/* The next step; on refusal the request is answered and dead. */
void request_work(struct request *request, request_fn work, request_fn then);
void request_query(struct request *request, const struct muster_db_statement *statements,
                   uint32_t count, bool durable, request_rows_fn fn);

/* Runs the pool's part for hasher, which keeps its own places. */
muster_status request_start_work(struct request *request,
                                 void (*done)(void *user, muster_status status)) MUSTER_MUST_USE;
/* Ends the outstanding step; false: the request was cancelled meanwhile and is freed. */
bool request_resume(struct request *request);

/* Answers everything with 503; what has no outstanding step is freed. */
void request_cancel_all(struct auth_local *auth);

/* Cells of the first row. Text that does not fit is cut. */
void rows_text(const struct muster_db_rows *rows, uint32_t column, char *out, size_t cap);
int64_t rows_integer(const struct muster_db_rows *rows, uint32_t column);
bool rows_null(const struct muster_db_rows *rows, uint32_t column);

#endif
