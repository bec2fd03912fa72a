/* auth_local - accounts of this server: descriptor, configuration, lifecycle, the auth role. */
#include "auth_local.h"

#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "players/players.h"

#define TEND_MS 3600000u /* look after keys and expired tokens */
#define SKEW_S 30

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_STRING("issuer", "muster", 200, MUSTER_MIN(1), MUSTER_LABEL("Issuer"),
                         MUSTER_HELP("Claim iss of our access tokens.")),
    MUSTER_SCHEMA_STRING("audience", "muster", 200, MUSTER_MIN(1), MUSTER_LABEL("Audience"),
                         MUSTER_HELP("Claim aud of our access tokens.")),
    MUSTER_SCHEMA_DURATION_S("accessTtlS", 900, 1, 86400, MUSTER_LABEL("Life of an access token")),
    MUSTER_SCHEMA_DURATION_S("refreshTtlS", 2592000, 60, 31536000,
                             MUSTER_LABEL("Life of a refresh token")),
    MUSTER_SCHEMA_DURATION_S("refreshGraceS", 30, 0, 300,
                             MUSTER_LABEL("Grace of a used refresh token"),
                             MUSTER_HELP("The same client gets the same successor again for so "
                                         "long, until that is used: its answer was lost.")),
    MUSTER_SCHEMA_INT("keyRotateDays", 30, 1, 3650, MUSTER_UNIT("days"),
                      MUSTER_LABEL("Age of a signing key"),
                      MUSTER_HELP("Then it gets a successor.")),
    MUSTER_SCHEMA_INT("hashMemoryKib", 19456, 8, 1048576, MUSTER_UNIT("KiB"),
                      MUSTER_LABEL("Argon2id memory")),
    MUSTER_SCHEMA_INT("hashOperations", 2, 1, 20, MUSTER_UNIT("passes"),
                      MUSTER_LABEL("Argon2id passes")),
    MUSTER_SCHEMA_INT("hashQueueMax", 64, 1, 4096, MUSTER_UNIT("sign-ins"),
                      MUSTER_LABEL("Waiting sign-ins"), MUSTER_HELP("Further ones get 503.")),
    MUSTER_SCHEMA_INT("hashRunningMax", 2, 1, 64, MUSTER_UNIT("threads"),
                      MUSTER_LABEL("Passwords hashed at once"),
                      MUSTER_HELP("Keep it below the number of pool threads.")),
    MUSTER_SCHEMA_INT("hashPerAddressMax", 8, 1, 4096, MUSTER_UNIT("sign-ins"),
                      MUSTER_LABEL("Waiting sign-ins of one address"),
                      MUSTER_HELP("Further ones get 429.")),
    MUSTER_SCHEMA_INT("loginTriesPerHour", 100, 0, 1000000, MUSTER_UNIT("log-ins"),
                      MUSTER_LABEL("Failed log-ins of one user name"),
                      MUSTER_HELP("Further ones get 429 until the hour of the clock is over; "
                                  "counted where a plugin provides kv. 0: any number.")),
    MUSTER_SCHEMA_BOOL("guestEnabled", true, MUSTER_LABEL("Guests"),
                       MUSTER_HELP("Players may sign in without an account.")),
    MUSTER_SCHEMA_DURATION_S(
        "guestTtlS", 604800, 60, 31536000, MUSTER_LABEL("Life of a guest"),
        MUSTER_HELP("A guest who has not been seen for so long is forgotten.")),
    MUSTER_SCHEMA_INT("guestsMax", 100000, 100, 10000000, MUSTER_UNIT("guests"),
                      MUSTER_LABEL("Guests kept"),
                      MUSTER_HELP("Near to it those go who never came back, the oldest first.")),
    MUSTER_SCHEMA_BOOL("registerEnabled", true, MUSTER_LABEL("Registration"),
                       MUSTER_HELP("Players may make accounts.")),
    MUSTER_SCHEMA_LIST("adminUsers", MUSTER_NO_VALUES, 64, MUSTER_LABEL("Admins"),
                       MUSTER_HELP("User names that may have the permission admin; each gets it "
                                   "with a code of the console's command admin-code NAME.")),
    MUSTER_SCHEMA_STRING("database", "", 63, MUSTER_LABEL("Database"),
                         MUSTER_HELP("Instance of a database plugin (db_sqlite:NAME is NAME) in "
                                     "which accounts are kept; empty: the first.")));

static const char *const migrations[] = {
    "CREATE TABLE IF NOT EXISTS players" PLAYERS_COLUMNS,
    "CREATE TABLE auth_credentials(player_id TEXT PRIMARY KEY REFERENCES players(player_id)"
    " ON DELETE CASCADE, password_hash TEXT NOT NULL, permissions TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE auth_refresh(token_hash TEXT PRIMARY KEY, family TEXT NOT NULL,"
    " player_id TEXT NOT NULL REFERENCES players(player_id) ON DELETE CASCADE,"
    " client TEXT NOT NULL, issued_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,"
    " used_at BIGINT, replaced_by TEXT, revoked INTEGER NOT NULL DEFAULT 0)",
    "CREATE INDEX auth_refresh_family ON auth_refresh(family)",
    "CREATE INDEX auth_refresh_player ON auth_refresh(player_id)",
    "CREATE INDEX auth_refresh_expiry ON auth_refresh(expires_at)",
    "ALTER TABLE auth_refresh ADD COLUMN salt TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE auth_guests(player_id TEXT PRIMARY KEY REFERENCES players(player_id)"
    " ON DELETE CASCADE, returned INTEGER NOT NULL DEFAULT 0, seen_at BIGINT NOT NULL)",
    "CREATE INDEX auth_guests_order ON auth_guests(returned, seen_at)",
    "INSERT INTO auth_guests(player_id, seen_at) SELECT p.player_id, MAX(r.issued_at)"
    " FROM players p JOIN auth_refresh r ON r.player_id = p.player_id"
    " WHERE p.username IS NULL GROUP BY p.player_id",
};

static int64_t now_s(const struct auth_local *auth) {
    return auth->host->loop->unix_ms(auth->self) / 1000;
}

static void read_settings(struct auth_local *auth) {
    const struct muster_host_config *config = auth->host->config;
    muster_self *self = auth->self;
    auth->settings = (struct settings){
        .database = config->string(self, "database"),
        .issuer = config->string(self, "issuer"),
        .audience = config->string(self, "audience"),
        .access_ttl_s = config->integer(self, "accessTtlS"),
        .refresh_ttl_s = config->integer(self, "refreshTtlS"),
        .refresh_grace_s = config->integer(self, "refreshGraceS"),
        .hash_operations = (uint64_t)config->integer(self, "hashOperations"),
        .hash_bytes = (size_t)config->integer(self, "hashMemoryKib") * 1024u,
        .hash_queue_max = (uint32_t)config->integer(self, "hashQueueMax"),
        .hash_running_max = (uint32_t)config->integer(self, "hashRunningMax"),
        .hash_per_address_max = (uint32_t)config->integer(self, "hashPerAddressMax"),
        .tries_max = config->integer(self, "loginTriesPerHour"),
        .guest_ttl_s = config->integer(self, "guestTtlS"),
        .guests_max = config->integer(self, "guestsMax"),
        .guest_enabled = config->boolean(self, "guestEnabled"),
        .register_enabled = config->boolean(self, "registerEnabled"),
    };
}

/* ---- routes and the command --------------------------------------------------------------------
 */

static void serve_jwks(void *user, const struct muster_http_request *http) {
    static const struct muster_http_header headers[] = {{"cache-control", "public, max-age=300"}};
    struct auth_local *auth = user;
    const char *jwks = auth->keyring.jwks;
    if (!jwks) {
        (void)auth->host->http->problem(auth->self, http->id, 503, "unavailable",
                                        "Keys are not available at the moment.");
        return;
    }
    struct muster_http_response response = {.size = sizeof response,
                                            .status = 200,
                                            .content_type = "application/json",
                                            .body = {jwks, strlen(jwks)},
                                            .headers = headers,
                                            .header_count = 1};
    (void)auth->host->http->respond(auth->self, http->id, &response);
}

static const struct {
    const char *method;
    const char *path;
    muster_http_fn fn;
} routes[] = {
    {"POST", "/v1/auth/register", accounts_register}, {"POST", "/v1/auth/login", accounts_login},
    {"POST", "/v1/auth/guest", accounts_guest},       {"POST", "/v1/auth/refresh", tokens_refresh},
    {"POST", "/v1/auth/logout", tokens_logout},       {"GET", "/.well-known/jwks.json", serve_jwks},
};

static muster_status add_routes(struct auth_local *auth) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct muster_route route = {
            .size = sizeof route, .method = routes[i].method, .path = routes[i].path};
        muster_status status =
            auth->host->http->route_add(auth->self, &route, routes[i].fn, auth, NULL);
        if (status == MUSTER_OK) continue;
        auth->host->log->write(auth->self, MUSTER_LOG_ERROR, "the route %s %s is taken",
                               routes[i].method, routes[i].path);
        return status;
    }
    return MUSTER_OK;
}

static void put_text(struct muster_writer *answer, const char *text) {
    muster_put_bytes(answer, text, (uint32_t)strlen(text));
}

static void rotate_command(void *user, const char *arguments, struct muster_writer *answer) {
    struct auth_local *auth = user;
    char why[KEYRING_WHY_MAX] = "";
    (void)arguments;
    if (!auth->keyring.jwks || auth->stopping) {
        put_text(answer, "auth-rotate: the plugin is not running");
    } else if (keyring_rotate(&auth->keyring, now_s(auth), why) != MUSTER_OK) {
        put_text(answer, "auth-rotate: ");
        put_text(answer, why);
    } else {
        put_text(answer, "new signing key ");
        put_text(answer, keyring_active(&auth->keyring)->kid);
    }
}

/* ---- lifecycle ---------------------------------------------------------------------------------
 */

static void plugin_fini(void *instance) {
    struct auth_local *auth = instance;
    gate_destroy(auth->gate);
    keyring_close(&auth->keyring);
    text_deinit();
    free(auth);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct auth_local *auth = calloc(1, sizeof *auth);
    if (!auth) return MUSTER_NO_MEMORY;
    auth->self = self;
    auth->host = host;
    struct muster_node_info node = {.size = sizeof node};
    (void)host->node->info(self, &node);
    auth->node_id = node.node_id;
    read_settings(auth);
    struct gate_config config = {
        .policy = {.issuer = auth->settings.issuer,
                   .audience = auth->settings.audience,
                   .skew_s = SKEW_S,
                   .lifetime_max_s = auth->settings.access_ttl_s},
        .node_id = auth->node_id,
        .remember_max = 16384,
        .player_prefix = "",
        .display_name_claim = "displayName",
        .region_claim = "region",
        .permissions_claim = "permissions",
        .permissions_all = 1,
    };
    auth->gate = gate_create(self, host, &config);
    muster_status status = auth->gate ? add_routes(auth) : MUSTER_NO_MEMORY;
    if (status == MUSTER_OK)
        status = host->admin->command_add(
            self, "auth-rotate", "make a new key for signing access tokens", rotate_command, auth);
    if (status == MUSTER_OK)
        status = host->admin->command_add(
            self, "admin-code", "NAME: a code that makes who registers or logs in as NAME an admin",
            admins_command, auth);
    if (status == MUSTER_OK) status = tickets_publish(auth);
    if (status == MUSTER_OK) status = identities_publish(auth);
    if (status != MUSTER_OK) {
        plugin_fini(auth);
        return status;
    }
    *instance = auth;
    return MUSTER_OK;
}

static void log_error(struct auth_local *auth, const char *what) {
    auth->host->log->write(auth->self, MUSTER_LOG_ERROR, "%s", what);
}

static void tend(void *user) {
    struct auth_local *auth = user;
    char why[KEYRING_WHY_MAX] = "";
    if (keyring_tend(&auth->keyring, now_s(auth), why) != MUSTER_OK) log_error(auth, why);
    if (!auth->ready) return;
    tokens_purge(auth);
    guests_tend(auth);
}

static void migrated(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct auth_local *auth = user;
    (void)rows;
    auth->ready = status == MUSTER_OK && !auth->stopping;
    if (auth->ready) guests_tend(auth);
    if (status != MUSTER_OK)
        auth->host->log->write(auth->self, MUSTER_LOG_ERROR,
                               "the tables for accounts could not be made: status %d", status);
}

static muster_status find_keys(struct auth_local *auth, char *why) {
    struct keyring *keyring = &auth->keyring;
    const char *dir = auth->host->config->data_dir(auth->self);
    int n = snprintf(keyring->dir, sizeof keyring->dir, "%s/keys", dir);
    if (n > 0 && (size_t)n < sizeof keyring->dir) return keyring_look(keyring, why);
    snprintf(why, KEYRING_WHY_MAX, "the data directory's name is too long");
    return MUSTER_LIMIT;
}

static muster_status plugin_check(void *instance, struct muster_writer *mistakes) {
    struct auth_local *auth = instance;
    char why[KEYRING_WHY_MAX];
    if (sodium_init() < 0) return MUSTER_INTERNAL;
    muster_status status = find_keys(auth, why);
    if (status != MUSTER_OK) {
        put_text(mistakes, why);
        put_text(mistakes, "\n");
    }
    if (!hasher_make_dummy(&auth->settings, auth->dummy_hash)) return MUSTER_INTERNAL;
    void *volatile memory = malloc(auth->settings.hash_bytes); /* so that it is asked for */
    free(memory);
    if (memory) return status;
    put_text(mistakes, "hashMemoryKib: expected less, this machine does not have it");
    return MUSTER_NO_MEMORY;
}

static muster_status open_keys(struct auth_local *auth) {
    char why[KEYRING_WHY_MAX];
    struct keyring *keyring = &auth->keyring;
    keyring->rotate_s = auth->host->config->integer(auth->self, "keyRotateDays") * 86400;
    keyring->keep_s = auth->settings.access_ttl_s + SKEW_S;
    if (keyring->keep_s < TICKET_LIFE_MAX_S + SKEW_S) keyring->keep_s = TICKET_LIFE_MAX_S + SKEW_S;
    muster_status status = keyring_open(keyring, now_s(auth), why);
    if (status != MUSTER_OK) log_error(auth, why);
    return status;
}

static muster_status plugin_start(void *instance) {
    struct auth_local *auth = instance;
    if (text_init() != MUSTER_OK) return MUSTER_INTERNAL;
    muster_status status = open_keys(auth);
    if (status != MUSTER_OK) return status;
    status = players_migrate(auth->self, auth->host, auth->settings.database);
    if (status == MUSTER_OK)
        status =
            auth->host->db->migrate(auth->self, auth->settings.database, "auth_local", migrations,
                                    sizeof migrations / sizeof migrations[0], migrated, auth, NULL);
    if (status == MUSTER_UNAVAILABLE)
        log_error(auth, "accounts need a database: load a plugin such as db_sqlite");
    if (status != MUSTER_OK) return status;
    return auth->host->loop->timer_start(auth->self, TEND_MS, TEND_MS, tend, auth,
                                         &auth->tend_timer);
}

static void plugin_stop(void *instance) {
    struct auth_local *auth = instance;
    auth->stopping = true;
    auth->ready = false;
    hasher_stop(auth);
    request_cancel_all(auth);
    gate_stop(auth->gate);
    (void)auth->host->loop->timer_stop(auth->self, auth->tend_timer);
}

/* ---- the role ----------------------------------------------------------------------------------
 */

static muster_verdict authenticate(void *instance, const struct muster_auth_request *request,
                                   struct muster_identity *out) {
    struct auth_local *auth = instance;
    return gate_authenticate(auth->gate, &auth->keyring.keys, request, out);
}

static void cancel(void *instance, muster_auth_ticket_id ticket) {
    gate_cancel(((struct auth_local *)instance)->gate, ticket);
}

static const struct muster_auth auth_role = {
    .size = sizeof auth_role, .authenticate = authenticate, .cancel = cancel};
static const struct muster_role roles[] = {{MUSTER_ROLE_AUTH, 0, &auth_role}};

MUSTER_PLUGIN(.name = "auth_local", .version = "1.0.0", .flags = MUSTER_PLUGIN_NEEDS_DATABASE,
              .description = "Accounts of this server: register, login, guests, refresh.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .check = plugin_check, .start = plugin_start, .stop = plugin_stop,
              .fini = plugin_fini);
