/* tokens - the pair of tokens a sign-in ends with: a signed access token, and a refresh token that
 * changes at each use. A refresh token used twice means that two parties hold it, so its whole
 * family ends; only a client that has just used it gets the same answer again, since answers get
 * lost. A successor follows from the token before it and a number in that one's row: neither the
 * database nor the holder of the old token alone can tell it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_local.h"

#define ATTEMPTS_MAX 3u
/* Places where one account is signed in; the oldest ends. */
#define FAMILIES_MAX 16
/* Tokens of one family that are remembered: of an older one it is not known that it was used. */
#define CHAIN_MAX 64

static const char find_sql[] =
    "SELECT r.family, r.player_id, r.client, r.expires_at, r.used_at, r.revoked, p.username,"
    " p.display_name, p.region, c.permissions, r.salt, s.token_hash, g.player_id"
    " FROM auth_refresh r"
    " JOIN players p ON p.player_id = r.player_id"
    " LEFT JOIN auth_guests g ON g.player_id = r.player_id"
    " LEFT JOIN auth_refresh s ON s.token_hash = r.replaced_by AND s.used_at IS NULL"
    " AND s.revoked = 0"
    " LEFT JOIN auth_credentials c ON c.player_id = r.player_id WHERE r.token_hash = $1";
enum {
    AT_FAMILY,
    AT_PLAYER,
    AT_CLIENT,
    AT_EXPIRES,
    AT_USED,
    AT_REVOKED,
    AT_USERNAME,
    AT_NAME,
    AT_REGION,
    AT_PERMISSIONS,
    AT_SALT,
    AT_SUCCESSOR, /* null: there is none that is unused */
    AT_GUEST      /* null: an account */
};

static const char insert_sql[] =
    "INSERT INTO auth_refresh(token_hash, family, player_id, client, issued_at, expires_at)"
    " VALUES($1, $2, $3, $4, $5, $6)";
/* By one request alone: all of it is undone when another was faster. */
static const char use_sql[] = "UPDATE auth_refresh SET used_at = $2, replaced_by = $3, client = $4,"
                              " salt = $5 WHERE token_hash = $1 AND used_at IS NULL"
                              " AND revoked = 0";
static const char trim_family_sql[] =
    "DELETE FROM auth_refresh WHERE family = $1 AND used_at IS NOT NULL AND token_hash NOT IN"
    " (SELECT token_hash FROM auth_refresh WHERE family = $1 ORDER BY issued_at DESC LIMIT $2)";
static const char trim_player_sql[] =
    "DELETE FROM auth_refresh WHERE player_id = $1 AND family NOT IN"
    " (SELECT family FROM auth_refresh WHERE player_id = $1 AND used_at IS NULL AND revoked = 0"
    " ORDER BY issued_at DESC LIMIT $2)";
static const char revoke_family_sql[] = "UPDATE auth_refresh SET revoked = 1 WHERE family = $1";
static const char logout_sql[] = "UPDATE auth_refresh SET revoked = 1 WHERE family IN"
                                 " (SELECT family FROM auth_refresh WHERE token_hash = $1)";
static const char purge_sql[] = "DELETE FROM auth_refresh WHERE expires_at < $1";

static void digest_of(const char *token, char *out) {
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, (const uint8_t *)token, strlen(token));
    sodium_bin2hex(out, DIGEST_MAX, digest, sizeof digest);
}

/* ---- making -------------------------------------------------------------------------------- */

static void take_refresh_token(struct request *request, const uint8_t bytes[32]) {
    sodium_bin2base64(request->refresh_token, sizeof request->refresh_token, bytes, 32,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    digest_of(request->refresh_token, request->refresh_digest);
}

static void take_signing_key(struct request *request) {
    const struct keyring_entry *key = keyring_active(&request->auth->keyring);
    memcpy(request->kid, key->kid, sizeof request->kid);
    signer_destroy(request->signer); /* of an attempt before */
    request->signer = signer_copy(key->signer);
}

void tokens_prepare(struct request *request) {
    uint8_t bytes[32];
    randombytes_buf(bytes, 16);
    sodium_bin2hex(request->family, sizeof request->family, bytes, 16);
    randombytes_buf(bytes, sizeof bytes);
    take_refresh_token(request, bytes);
    sodium_memzero(bytes, sizeof bytes);
    request_name_client(request);
    take_signing_key(request);
}

/* The successor of the token that was presented, for the request's salt. */
static void prepare_successor(struct request *request) {
    uint8_t bytes[32];
    crypto_generichash(bytes, sizeof bytes, (const uint8_t *)request->salt, strlen(request->salt),
                       (const uint8_t *)request->presented_token, strlen(request->presented_token));
    take_refresh_token(request, bytes);
    sodium_memzero(bytes, sizeof bytes);
    take_signing_key(request);
}

static void make_salt(struct request *request) {
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(request->salt, sizeof request->salt, bytes, sizeof bytes);
}

static json_t *permissions_array(const char *permissions) {
    json_t *array = json_array();
    while (*permissions) {
        permissions += strspn(permissions, " ");
        size_t len = strcspn(permissions, " ");
        if (len) json_array_append_new(array, json_stringn(permissions, len));
        permissions += len;
    }
    return array;
}

void tokens_mint(struct request *request) {
    const struct settings *settings = &request->auth->settings;
    char jti[33];
    uint8_t bytes[16];
    int64_t now_s = request->now_ms / 1000;
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(jti, sizeof jti, bytes, sizeof bytes);
    request->expires_at_s = now_s + settings->access_ttl_s;
    json_decref(request->claims); /* of an attempt before */
    request->claims =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:I, s:I, s:s}", "iss", settings->issuer,
                  "aud", settings->audience, "sub", request->player_id, "displayName",
                  request->display_name, "region", request->region, "permissions",
                  permissions_array(request->permissions), "guest", request->username[0] == '\0',
                  "iat", (json_int_t)now_s, "exp", (json_int_t)request->expires_at_s, "jti", jti);
    request->minted = request->claims && request->signer &&
                      token_sign(request->signer, request->kid, request->claims,
                                 request->access_token, sizeof request->access_token) == MUSTER_OK;
    signer_destroy(request->signer);
    request->signer = NULL;
}

static int64_t refresh_end_ms(const struct request *request) {
    const struct settings *settings = &request->auth->settings;
    return request->now_ms +
           (request->guest ? settings->guest_ttl_s : settings->refresh_ttl_s) * 1000;
}

struct muster_db_statement tokens_trim_player(const struct request *request,
                                              struct muster_db_value *params) {
    params[0] = muster_db_text(request->player_id);
    params[1] = muster_db_integer(FAMILIES_MAX - 1); /* one more is about to come */
    return (struct muster_db_statement){trim_player_sql, params, TOKENS_TRIM_PARAMS, 0};
}

struct muster_db_statement tokens_insert(const struct request *request,
                                         struct muster_db_value *params) {
    params[0] = muster_db_text(request->refresh_digest);
    params[1] = muster_db_text(request->family);
    params[2] = muster_db_text(request->player_id);
    params[3] = muster_db_text(request->client);
    params[4] = muster_db_integer(request->now_ms);
    params[5] = muster_db_integer(refresh_end_ms(request));
    return (struct muster_db_statement){insert_sql, params, TOKENS_INSERT_PARAMS, 0};
}

void tokens_answer(struct request *request) {
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:o, s:I, s:I, s:s, s:s, s:s}", "playerId", request->player_id,
        "displayName", request->display_name, "region", request->region, "permissions",
        permissions_array(request->permissions), "expiresAt", (json_int_t)request->expires_at_s,
        "expiresIn", (json_int_t)request->auth->settings.access_ttl_s, "refreshToken",
        request->refresh_token, "accessToken", request->access_token, "tokenType", "Bearer");
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text) gate_remember(request->auth->gate, request->access_token, request->claims);
    if (text)
        request_respond(request, text);
    else
        request_fail(request, MUSTER_NO_MEMORY);
    if (text) sodium_memzero(text, strlen(text));
    free(text);
}

/* ---- refresh ------------------------------------------------------------------------------- */

static void find_token(struct request *request);

static void rotated(struct request *request, muster_status status,
                    const struct muster_db_rows *rows) {
    (void)rows;
    if (status == MUSTER_OK)
        tokens_answer(request);
    else if (status != MUSTER_CONFLICT)
        request_fail(request, status);
    else if (++request->attempts < ATTEMPTS_MAX)
        find_token(request); /* somebody was faster */
    else
        request_problem(request, 401, "token_invalid", "The refresh token is not valid.");
}

static void rotate_first(struct request *request) {
    struct muster_db_value use[] = {muster_db_text(request->presented_digest),
                                    muster_db_integer(request->now_ms),
                                    muster_db_text(request->refresh_digest),
                                    muster_db_text(request->client), muster_db_text(request->salt)};
    struct muster_db_value trim[] = {muster_db_text(request->family), muster_db_integer(CHAIN_MAX)};
    struct muster_db_value seen[GUESTS_PARAMS], succeed[TOKENS_INSERT_PARAMS];
    struct muster_db_statement statements[] = {guests_seen(request, seen),
                                               {trim_family_sql, trim, 2, 0},
                                               {use_sql, use, 5, 1},
                                               tokens_insert(request, succeed)};
    request_query(request, statements, 4, false, rotated);
}

static int64_t grace_begin_ms(const struct request *request) {
    return request->now_ms - request->auth->settings.refresh_grace_s * 1000;
}

static void minted_first(struct request *request) {
    if (request->minted)
        rotate_first(request);
    else
        request_fail(request, MUSTER_INTERNAL);
}

static void minted_again(struct request *request) {
    if (request->minted)
        tokens_answer(request);
    else
        request_fail(request, MUSTER_INTERNAL);
}

/* The database does not take it now: the host keeps it until it does. False: nor does the host. */
static bool revoke_later(const struct request *request, const char *sql, const char *of) {
    struct muster_db_value params[] = {muster_db_text(of)};
    struct muster_db_statement statement = {sql, params, 1, 0};
    struct muster_db_request query = {.size = sizeof query,
                                      .statement_count = 1,
                                      .statements = &statement,
                                      .durable = MUSTER_DB_KEPT | MUSTER_DB_SYNCED,
                                      .database = request->auth->settings.database};
    const struct auth_local *auth = request->auth;
    return auth->host->db->query(auth->self, &query, NULL, NULL, NULL) == MUSTER_OK;
}

static void family_ended(struct request *request, muster_status status,
                         const struct muster_db_rows *rows) {
    (void)rows;
    if (status != MUSTER_OK && !revoke_later(request, revoke_family_sql, request->family)) {
        request_fail(request, status);
        return;
    }
    const struct muster_log_field fields[] = {muster_log_text("player", request->player_id),
                                              muster_log_text("event", "token_reused")};
    request->auth->host->log->write_fields(
        request->auth->self, MUSTER_LOG_WARN,
        "a refresh token was used twice: its player is signed out", fields, 2);
    request_problem(request, 401, "token_reused",
                    "The refresh token was used before; sign in again.");
}

static void end_family(struct request *request) {
    struct muster_db_value params[] = {muster_db_text(request->family)};
    struct muster_db_statement statement = {revoke_family_sql, params, 1, 0};
    request_query(request, &statement, 1, true, family_ended);
}

static void read_player(struct request *request, const struct muster_db_rows *rows) {
    rows_text(rows, AT_PLAYER, request->player_id, sizeof request->player_id);
    rows_text(rows, AT_USERNAME, request->username, sizeof request->username);
    rows_text(rows, AT_NAME, request->display_name, sizeof request->display_name);
    rows_text(rows, AT_REGION, request->region, sizeof request->region);
    rows_text(rows, AT_PERMISSIONS, request->permissions, sizeof request->permissions);
    admins_limit(request);
}

/* A used token again: the same client lost the answer, and nobody has used what it was given. */
static bool is_lost_answer(const struct request *request, const struct muster_db_rows *rows) {
    char client[DIGEST_MAX];
    rows_text(rows, AT_CLIENT, client, sizeof client);
    return rows_integer(rows, AT_USED) >= grace_begin_ms(request) &&
           strcmp(client, request->client) == 0 && !rows_null(rows, AT_SUCCESSOR);
}

static void token_found(struct request *request, muster_status status,
                        const struct muster_db_rows *rows) {
    if (status != MUSTER_OK) {
        request_fail(request, status);
        return;
    }
    bool alive = rows->row_count == 1 && rows_integer(rows, AT_REVOKED) == 0 &&
                 rows_integer(rows, AT_EXPIRES) > request->now_ms;
    if (!alive) {
        request_problem(request, 401, "token_invalid", "The refresh token is not valid.");
        return;
    }
    bool used = !rows_null(rows, AT_USED);
    request->guest = !rows_null(rows, AT_GUEST);
    rows_text(rows, AT_FAMILY, request->family, sizeof request->family);
    request_name_client(request);
    read_player(request, rows);
    if (used && !is_lost_answer(request, rows)) {
        end_family(request);
        return;
    }
    if (used)
        rows_text(rows, AT_SALT, request->salt, sizeof request->salt);
    else
        make_salt(request);
    prepare_successor(request);
    request_work(request, tokens_mint, used ? minted_again : minted_first);
}

static void find_token(struct request *request) {
    struct muster_db_value params[] = {muster_db_text(request->presented_digest)};
    struct muster_db_statement statement = {find_sql, params, 1, 0};
    request_query(request, &statement, 1, false, token_found);
}

void tokens_refresh(void *user, const struct muster_http_request *http) {
    struct request *request = request_create(user, http);
    if (!request || !params_read(request, PARAMS_REFRESH, http->body)) return;
    digest_of(request->presented_token, request->presented_digest);
    find_token(request);
}

/* ---- logout -------------------------------------------------------------------------------- */

static void logged_out(struct request *request, muster_status status,
                       const struct muster_db_rows *rows) {
    (void)rows;
    if (status == MUSTER_OK || revoke_later(request, logout_sql, request->presented_digest))
        request_respond_empty(request);
    else
        request_fail(request, status);
}

void tokens_logout(void *user, const struct muster_http_request *http) {
    struct request *request = request_create(user, http);
    if (!request || !params_read(request, PARAMS_REFRESH, http->body)) return;
    digest_of(request->presented_token, request->presented_digest);
    struct muster_db_value params[] = {muster_db_text(request->presented_digest)};
    struct muster_db_statement statement = {logout_sql, params, 1, 0};
    request_query(request, &statement, 1, true, logged_out);
}

/* ---- purge --------------------------------------------------------------------------------- */

static void purged(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct auth_local *auth = user;
    (void)rows;
    if (status != MUSTER_OK && status != MUSTER_CLOSED)
        auth->host->log->write(auth->self, MUSTER_LOG_WARN,
                               "expired refresh tokens could not be dropped: status %d", status);
}

void tokens_purge(struct auth_local *auth) {
    struct muster_db_value params[] = {muster_db_integer(auth->host->loop->unix_ms(auth->self))};
    struct muster_db_statement statement = {purge_sql, params, 1, 0};
    struct muster_db_request request = {.size = sizeof request,
                                        .statement_count = 1,
                                        .statements = &statement,
                                        .database = auth->settings.database};
    muster_status status = auth->host->db->query(auth->self, &request, purged, auth, NULL);
    if (status != MUSTER_OK) purged(auth, status, NULL);
}
