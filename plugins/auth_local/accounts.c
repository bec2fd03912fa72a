/* accounts - register, login and guest: check, hash on the pool, write, answer. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "auth_local.h"
#include "base/text.h"

static const char insert_player_sql[] =
    "INSERT INTO players(player_id, username, email, display_name, region, created_at, last_login)"
    " VALUES($1, $2, $3, $4, $5, $6, $6)";
static const char insert_credentials_sql[] =
    "INSERT INTO auth_credentials(player_id, password_hash, permissions) VALUES($1, $2, $3)";
static const char promote_sql[] =
    "UPDATE auth_credentials SET permissions = $2 WHERE player_id = $1";
static const char find_sql[] =
    "SELECT p.player_id, p.display_name, p.region, c.password_hash, c.permissions FROM players p"
    " JOIN auth_credentials c ON c.player_id = p.player_id WHERE p.username = $1";
static const char login_sql[] = "UPDATE players SET last_login = $2 WHERE player_id = $1";
static const char rehash_sql[] =
    "UPDATE auth_credentials SET password_hash = $2 WHERE player_id = $1";

/* Names that differ only in case are one name. */
static void lower(char *text) {
    for (; *text; text++) *text = (char)tolower((unsigned char)*text);
}

static void make_uuid(char *out) {
    uint8_t b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, UUID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

static void default_region(struct request *request) {
    const struct auth_local *auth = request->auth;
    struct muster_node_info node = {.size = sizeof node};
    if (!request->region[0] && auth->host->node->info(auth->self, &node) == MUSTER_OK)
        snprintf(request->region, sizeof request->region, "%s", node.region);
}

/* Also for a name that is on no list: the answer does not tell. */
static void refuse_code(struct request *request) {
    request_problem(request, 403, "code_invalid",
                    "This code is not good for this user name, or not any more.");
}

/* ---- new players ---------------------------------------------------------------------------- */

static void created(struct request *request, muster_status status,
                    const struct muster_db_rows *rows) {
    (void)rows;
    if (status == MUSTER_OK) {
        if (request->guest) request->auth->guests.count++;
        admins_spend_code(request);
        tokens_answer(request);
    } else if (status == MUSTER_CONFLICT)
        request_problem(request, 409, "username_taken", "This user name is taken.");
    else
        request_fail(request, status);
}

static void insert_player(struct request *request) {
    struct muster_db_value player[] = {
        muster_db_text(request->player_id),     muster_db_text_or_null(request->username),
        muster_db_text_or_null(request->email), muster_db_text(request->display_name),
        muster_db_text(request->region),        muster_db_integer(request->now_ms)};
    struct muster_db_value credentials[] = {muster_db_text(request->player_id),
                                            muster_db_text(request->password_hash),
                                            muster_db_text(request->permissions)};
    struct muster_db_value guest[GUESTS_PARAMS], token[TOKENS_INSERT_PARAMS];
    struct muster_db_statement statements[3];
    uint32_t count = 0;
    statements[count++] = (struct muster_db_statement){insert_player_sql, player, 6, 0};
    if (request->password_hash[0])
        statements[count++] =
            (struct muster_db_statement){insert_credentials_sql, credentials, 3, 0};
    else
        statements[count++] = guests_insert(request, guest);
    statements[count++] = tokens_insert(request, token);
    request_query(request, statements, count, true, created);
}

static void made(struct request *request) {
    if (request->minted)
        insert_player(request);
    else
        request_fail(request, MUSTER_INTERNAL);
}

/* Pool thread. */
static void hash_and_mint(struct request *request) {
    if (hasher_hash(&request->auth->settings, request->password, request->password_hash))
        tokens_mint(request);
}

/* A name on the list of admins falls to who has the code, not to the first who registers it. */
static bool refuse_unproven(struct request *request) {
    admins_check_code(request);
    if (request->promoted) return false;
    if (request->code[0]) {
        refuse_code(request);
        return true;
    }
    if (!admins_listed(request->auth, request->username)) return false;
    request_problem(request, 409, "username_taken", "This user name is taken.");
    return true;
}

/* Names that say "I am of those who run this server", where it is not so. */
static bool refuse_reserved_name(struct request *request) {
    const struct muster_host_config *config = request->auth->host->config;
    bool is_staff = admins_listed(request->auth, request->username);
    struct text_guises guises = text_guises(request->display_name);
    enum text_reserved reserved = text_reserved(&guises);
    bool kept = reserved == TEXT_SERVER || (reserved == TEXT_STAFF && !is_staff);
    uint32_t count = is_staff ? 0 : config->list_count(request->auth->self, "adminUsers");
    for (uint32_t i = 0; i < count && !kept; i++)
        kept = text_passes_for(&guises, config->list_item(request->auth->self, "adminUsers", i));
    if (kept)
        request_problem(request, 409, "name_reserved",
                        "displayName: this name is kept for those who run the server.");
    return kept;
}

void accounts_register(void *user, const struct muster_http_request *http) {
    struct request *request = request_create(user, http);
    if (!request || !params_read(request, PARAMS_REGISTER, http->body)) return;
    if (!request->auth->settings.register_enabled) {
        request_problem(request, 403, "forbidden", "Registration is closed on this server.");
        return;
    }
    if (refuse_unproven(request)) return;
    if (!request->display_name[0])
        snprintf(request->display_name, sizeof request->display_name, "%s", request->username);
    if (refuse_reserved_name(request)) return;
    lower(request->username);
    default_region(request);
    make_uuid(request->player_id);
    request->success = 201;
    tokens_prepare(request);
    hasher_submit(request, hash_and_mint, made);
}

void accounts_guest(void *user, const struct muster_http_request *http) {
    struct request *request = request_create(user, http);
    if (!request || !params_read(request, PARAMS_GUEST, http->body)) return;
    if (!request->auth->settings.guest_enabled) {
        request_problem(request, 403, "forbidden", "Guests are not welcome on this server.");
        return;
    }
    make_uuid(request->player_id);
    if (!request->display_name[0])
        snprintf(request->display_name, sizeof request->display_name, "Guest-%.4s",
                 request->player_id);
    if (refuse_reserved_name(request)) return;
    if (!guests_admit(request->auth)) {
        request_busy(request);
        return;
    }
    default_region(request);
    request->guest = true;
    request->success = 201;
    tokens_prepare(request);
    request_work(request, tokens_mint, made);
}

/* ---- login ---------------------------------------------------------------------------------- */

static void logged_in(struct request *request, muster_status status,
                      const struct muster_db_rows *rows) {
    (void)rows;
    if (status == MUSTER_OK) {
        tries_give_back(request);
        admins_spend_code(request);
        tokens_answer(request);
    } else {
        request_fail(request, status);
    }
}

static void write_login(struct request *request) {
    struct muster_db_value login[] = {muster_db_text(request->player_id),
                                      muster_db_integer(request->now_ms)};
    struct muster_db_value rehash[] = {muster_db_text(request->player_id),
                                       muster_db_text(request->password_hash)};
    struct muster_db_value promote[] = {muster_db_text(request->player_id),
                                        muster_db_text(request->permissions)};
    struct muster_db_value trim[TOKENS_TRIM_PARAMS], token[TOKENS_INSERT_PARAMS];
    struct muster_db_statement statements[5];
    uint32_t count = 0;
    statements[count++] = (struct muster_db_statement){login_sql, login, 2, 0};
    if (request->promoted)
        statements[count++] = (struct muster_db_statement){promote_sql, promote, 2, 0};
    if (request->password_rehashed)
        statements[count++] = (struct muster_db_statement){rehash_sql, rehash, 2, 0};
    statements[count++] = tokens_trim_player(request, trim);
    statements[count++] = tokens_insert(request, token);
    request_query(request, statements, count, false, logged_in);
}

static void verified(struct request *request) {
    if (!request->password_good)
        request_problem(request, 401, "credentials_invalid",
                        "The user name or the password is wrong.");
    else if (request->code[0] && !request->promoted)
        refuse_code(request);
    else if (!request->minted)
        request_fail(request, MUSTER_INTERNAL);
    else
        write_login(request);
}

/* Pool thread. An unknown name costs the same hash as a known one. */
static void verify_and_mint(struct request *request) {
    const struct settings *settings = &request->auth->settings;
    bool known = request->player_id[0] != '\0';
    const char *hash = known ? request->password_hash : request->auth->dummy_hash;
    bool fits = crypto_pwhash_str_verify(hash, request->password, strlen(request->password)) == 0;
    request->password_good = known && fits;
    if (!request->password_good) return;
    if (crypto_pwhash_str_needs_rehash(hash, settings->hash_operations, settings->hash_bytes) != 0)
        request->password_rehashed =
            hasher_hash(settings, request->password, request->password_hash);
    tokens_mint(request);
}

static void account_found(struct request *request, muster_status status,
                          const struct muster_db_rows *rows) {
    if (status != MUSTER_OK) {
        request_fail(request, status);
        return;
    }
    rows_text(rows, 0, request->player_id, sizeof request->player_id);
    rows_text(rows, 1, request->display_name, sizeof request->display_name);
    rows_text(rows, 2, request->region, sizeof request->region);
    rows_text(rows, 3, request->password_hash, sizeof request->password_hash);
    rows_text(rows, 4, request->permissions, sizeof request->permissions);
    admins_limit(request);
    admins_check_code(request);
    tokens_prepare(request);
    hasher_submit(request, verify_and_mint, verified);
}

static void find_account(struct request *request) {
    struct muster_db_value params[] = {muster_db_text(request->username)};
    struct muster_db_statement statement = {find_sql, params, 1, 0};
    request_query(request, &statement, 1, false, account_found);
}

void accounts_login(void *user, const struct muster_http_request *http) {
    struct request *request = request_create(user, http);
    if (!request || !params_read(request, PARAMS_LOGIN, http->body)) return;
    lower(request->username);
    tries_take(request, find_account);
}
