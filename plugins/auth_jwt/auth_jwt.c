/* auth_jwt - accepts the access tokens of one other issuer, whose public keys lie in a file or at a
 * URL: a central service, a company's identity provider. One instance per issuer. */
#include <muster/plugin.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwt/gate.h"
#include "jwt/keyurl.h"
#include "keyfile.h"

#define REREAD_MS 10000u
#define PERMISSIONS_MAX 64u

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_STRING("issuer", "", 255, MUSTER_LABEL("Issuer"),
                         MUSTER_HELP("Claim iss of the tokens, exactly. Required.")),
    MUSTER_SCHEMA_STRING("audience", "muster", 255, MUSTER_MIN(1), MUSTER_LABEL("Audience"),
                         MUSTER_HELP("What claim aud must be or contain.")),
    MUSTER_SCHEMA_STRING(
        "keysFile", "", 400, MUSTER_LABEL("Key file"),
        MUSTER_HELP("A JWKS, a public key in PEM, or a secret for HS256; relative to the data "
                    "directory. Either this or jwksUrl. Read again when it changes.")),
    MUSTER_SCHEMA_STRING(
        "jwksUrl", "", 400, MUSTER_LABEL("URL of the keys"),
        MUSTER_HELP("Of a JWKS of at most 64 KiB, as identity providers have one: https, or http "
                    "to this machine. Redirects are not followed.")),
    MUSTER_SCHEMA_BOOL("jwksPublicOnly", false, MUSTER_LABEL("URL is of the public internet"),
                       MUSTER_HELP("Addresses of private networks are not asked.")),
    MUSTER_SCHEMA_DURATION_S(
        "jwksRefreshS", 3600, 1, 86400, MUSTER_LABEL("Keys are asked for again"),
        MUSTER_HELP("And for a token with an unknown key, at most once a minute.")),
    MUSTER_SCHEMA_ENUM(
        "algorithm", "auto", MUSTER_VALUES("auto", "ES256", "RS256", "EdDSA", "HS256"),
        MUSTER_LABEL("Algorithm"),
        MUSTER_HELP(
            "The only one to accept; auto: what each public key is for. A secret needs HS256.")),
    MUSTER_SCHEMA_STRING(
        "keyId", "", 63, MUSTER_LABEL("Key id"),
        MUSTER_HELP("For a PEM or secret: the kid its tokens must carry; empty: any.")),
    MUSTER_SCHEMA_STRING("displayNameClaim", "displayName", 63,
                         MUSTER_LABEL("Claim with the display name")),
    MUSTER_SCHEMA_STRING("regionClaim", "region", 63, MUSTER_LABEL("Claim with the region")),
    MUSTER_SCHEMA_STRING("permissionsClaim", "permissions", 63,
                         MUSTER_LABEL("Claim with the permissions"),
                         MUSTER_HELP("An array, or one text with spaces between.")),
    MUSTER_SCHEMA_LIST("allowedPermissions", MUSTER_NO_VALUES, 64,
                       MUSTER_LABEL("Permissions taken over"),
                       MUSTER_HELP("Others are dropped; * takes over all.")),
    MUSTER_SCHEMA_STRING(
        "playerPrefix", "", 24, MUSTER_LABEL("Prefix of player ids"),
        MUSTER_HELP("Put before claim sub, so that two issuers cannot name the same player.")),
    MUSTER_SCHEMA_DURATION_S("skewS", 30, 0, 300, MUSTER_LABEL("Clock tolerance")),
    MUSTER_SCHEMA_DURATION_S("maxAgeS", 86400, 0, 31536000, MUSTER_LABEL("Longest life of a token"),
                             MUSTER_HELP("From iat to exp; 0: any, and iat may be missing.")),
    MUSTER_SCHEMA_INT("rememberMax", 16384, 1, 1048576, MUSTER_UNIT("tokens"),
                      MUSTER_LABEL("Remembered tokens")),
    MUSTER_SCHEMA_BOOL("onceOnly", false, MUSTER_LABEL("Tokens sign in once"),
                       MUSTER_HELP("A token, by its claim jti, signs in once on all nodes that "
                                   "share the keys (role kv); whoever comes back needs another.")));

struct plugin {
    muster_self *self;
    const struct muster_host *host;
    struct gate *gate;
    struct token_keys keys; /* the last good set */
    struct keyurl url;
    struct keyfile incoming; /* the pool's while reading is set */
    muster_status read_status;
    bool reading;
    bool stopped;
    muster_timer_id timer;
    uint32_t permission_count;
    const char *permissions[PERMISSIONS_MAX];
};

static void log_error(struct plugin *plugin, const char *what) {
    plugin->host->log->write(plugin->self, MUSTER_LOG_ERROR, "%s", what);
}

/* ---- configuration -----------------------------------------------------------------------------
 */

static bool read_permissions(struct plugin *plugin) {
    const struct muster_host_config *config = plugin->host->config;
    uint32_t count = config->list_count(plugin->self, "allowedPermissions");
    bool all = false;
    for (uint32_t i = 0; i < count && i < PERMISSIONS_MAX; i++) {
        plugin->permissions[i] = config->list_item(plugin->self, "allowedPermissions", i);
        plugin->permission_count = i + 1;
        all = all || strcmp(plugin->permissions[i], "*") == 0;
    }
    return all;
}

static bool keys_wanted(void *user) {
    return keyurl_want(&((struct plugin *)user)->url);
}

/* Are they at a URL, not in a file? */
static bool is_at_url(const struct plugin *plugin) {
    return plugin->url.url[0] != '\0';
}

static struct gate_config read_gate_config(struct plugin *plugin) {
    const struct muster_host_config *config = plugin->host->config;
    muster_self *self = plugin->self;
    bool all = read_permissions(plugin);
    struct muster_node_info node = {.size = sizeof node};
    (void)plugin->host->node->info(self, &node);
    return (struct gate_config){
        .policy = {.issuer = config->string(self, "issuer"),
                   .audience = config->string(self, "audience"),
                   .skew_s = config->integer(self, "skewS"),
                   .lifetime_max_s = config->integer(self, "maxAgeS")},
        .node_id = node.node_id,
        .remember_max = (uint32_t)config->integer(self, "rememberMax"),
        .player_prefix = config->string(self, "playerPrefix"),
        .display_name_claim = config->string(self, "displayNameClaim"),
        .region_claim = config->string(self, "regionClaim"),
        .permissions_claim = config->string(self, "permissionsClaim"),
        .permissions_all = all,
        .permissions = plugin->permissions,
        .permission_count = plugin->permission_count,
        .once_only = config->boolean(self, "onceOnly"),
        .keys_wanted = is_at_url(plugin) ? keys_wanted : NULL,
        .user = plugin,
    };
}

static void read_keyfile_config(struct plugin *plugin) {
    const struct muster_host_config *config = plugin->host->config;
    struct keyfile *file = &plugin->incoming;
    const char *path = config->string(plugin->self, "keysFile");
    file->alg = token_alg_parse(config->string(plugin->self, "algorithm")); /* auto: 0 */
    snprintf(file->kid, sizeof file->kid, "%s", config->string(plugin->self, "keyId"));
    if (path[0] == '/')
        snprintf(file->path, sizeof file->path, "%s", path);
    else
        snprintf(file->path, sizeof file->path, "%s/%s", config->data_dir(plugin->self), path);
}

/* ---- keys --------------------------------------------------------------------------------------
 */

static void take_keys(struct plugin *plugin, const struct token_keys *keys) {
    plugin->keys = *keys;
    /* A key that is gone may have been stolen: what it vouched for is forgotten, too. */
    gate_forget(plugin->gate);
    plugin->host->log->write(plugin->self, MUSTER_LOG_INFO, "%u keys of issuer %s",
                             plugin->keys.count,
                             plugin->host->config->string(plugin->self, "issuer"));
}

/* Takes over what was read; the last good set stays when it is broken. */
static void apply_keys(struct plugin *plugin) {
    if (plugin->read_status == MUSTER_EXISTS) return;
    if (plugin->read_status == MUSTER_OK)
        take_keys(plugin, &plugin->incoming.keys);
    else
        log_error(plugin, plugin->incoming.why);
}

static bool same_keys(const struct token_keys *a, const struct token_keys *b) {
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof a->items[0]) == 0;
}

static void on_url_answered(void *user, const struct token_keys *keys) {
    struct plugin *plugin = user;
    if (keys && !same_keys(keys, &plugin->keys)) take_keys(plugin, keys);
    gate_retry(plugin->gate);
}

/* Pool thread. */
static void read_work(void *user) {
    struct plugin *plugin = user;
    plugin->read_status = keyfile_read(&plugin->incoming);
}

static void read_done(void *user, muster_status status) {
    struct plugin *plugin = user;
    plugin->reading = false;
    if (status == MUSTER_OK && !plugin->stopped) apply_keys(plugin);
}

static void reread(void *user) {
    struct plugin *plugin = user;
    muster_work_id work;
    if (plugin->reading) return;
    plugin->reading =
        plugin->host->loop->work(plugin->self, read_work, read_done, plugin, &work) == MUSTER_OK;
}

static void read_keyurl_config(struct plugin *plugin) {
    const struct muster_host_config *config = plugin->host->config;
    muster_self *self = plugin->self;
    struct keyurl *url = &plugin->url;
    url->self = self;
    url->host = plugin->host;
    url->url = config->string(self, "jwksUrl");
    url->setting = "jwksUrl";
    url->flags = config->boolean(self, "jwksPublicOnly") ? MUSTER_FETCH_PUBLIC : 0;
    url->alg = plugin->incoming.alg;
    url->refresh_ms = (uint64_t)config->integer(self, "jwksRefreshS") * 1000;
    url->answered = on_url_answered;
    url->user = plugin;
}

/* ---- lifecycle ---------------------------------------------------------------------------------
 */

static void plugin_fini(void *instance) {
    struct plugin *plugin = instance;
    gate_destroy(plugin->gate);
    sodium_memzero(plugin, sizeof *plugin); /* it may hold a secret */
    free(plugin);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct plugin *plugin = calloc(1, sizeof *plugin);
    if (!plugin) return MUSTER_NO_MEMORY;
    plugin->self = self;
    plugin->host = host;
    read_keyfile_config(plugin);
    read_keyurl_config(plugin);
    struct gate_config config = read_gate_config(plugin);
    plugin->gate = gate_create(self, host, &config);
    if (!plugin->gate) {
        plugin_fini(plugin);
        return MUSTER_NO_MEMORY;
    }
    *instance = plugin;
    return MUSTER_OK;
}

static void add_mistake(struct muster_writer *mistakes, const char *key, const char *text) {
    char line[KEYFILE_WHY_MAX + 64];
    int len = snprintf(line, sizeof line, "%s: %s\n", key, text);
    muster_put_bytes(mistakes, line, (uint32_t)len);
}

static muster_status check_url(struct plugin *plugin, struct muster_writer *mistakes) {
    if (!keyurl_is_sound(plugin->url.url))
        add_mistake(mistakes, "jwksUrl", "expected https://HOST/..., or http:// to this machine");
    else if (plugin->url.alg == TOKEN_HS256)
        add_mistake(mistakes, "algorithm", "HS256 needs a secret, and none lies at a URL");
    else
        return MUSTER_OK;
    return MUSTER_INVALID;
}

static muster_status check_keys(struct plugin *plugin, struct muster_writer *mistakes) {
    bool has_file = plugin->host->config->string(plugin->self, "keysFile")[0] != '\0';
    if (has_file && is_at_url(plugin)) {
        add_mistake(mistakes, "jwksUrl", "expected nothing beside keysFile");
        return MUSTER_INVALID;
    }
    if (is_at_url(plugin)) return check_url(plugin, mistakes);
    if (!has_file) {
        add_mistake(mistakes, "keysFile",
                    "expected the path of a key file, found nothing, nor a jwksUrl");
        return MUSTER_INVALID;
    }
    plugin->read_status = keyfile_read(&plugin->incoming);
    if (plugin->read_status != MUSTER_OK) add_mistake(mistakes, "keysFile", plugin->incoming.why);
    return plugin->read_status;
}

static muster_status plugin_check(void *instance, struct muster_writer *mistakes) {
    struct plugin *plugin = instance;
    const struct muster_host_config *config = plugin->host->config;
    if (sodium_init() < 0) return MUSTER_INTERNAL;
    bool has_issuer = config->string(plugin->self, "issuer")[0] != '\0';
    if (!has_issuer)
        add_mistake(mistakes, "issuer", "expected the claim iss of the tokens, found nothing");
    muster_status status = check_keys(plugin, mistakes);
    return has_issuer && status == MUSTER_OK ? MUSTER_OK : MUSTER_INVALID;
}

/* Tokens that sign in once need somebody who remembers them. */
static muster_status find_kv(struct plugin *plugin) {
    const struct muster_kv_request look = {
        .size = sizeof look, .kind = MUSTER_KV_GET, .key = "jwt/once"};
    if (!plugin->host->config->boolean(plugin->self, "onceOnly")) return MUSTER_OK;
    muster_status status = plugin->host->kv->request(plugin->self, &look, NULL, NULL, NULL);
    if (status == MUSTER_UNAVAILABLE)
        log_error(plugin, "onceOnly: expected a plugin that provides kv, such as kv_memory");
    return status;
}

static muster_status plugin_start(void *instance) {
    struct plugin *plugin = instance;
    muster_status status = find_kv(plugin);
    if (status != MUSTER_OK) return status;
    if (is_at_url(plugin)) return keyurl_start(&plugin->url);
    apply_keys(plugin); /* what the check has read */
    return plugin->host->loop->timer_start(plugin->self, REREAD_MS, REREAD_MS, reread, plugin,
                                           &plugin->timer);
}

static void plugin_stop(void *instance) {
    struct plugin *plugin = instance;
    plugin->stopped = true;
    gate_stop(plugin->gate);
    if (is_at_url(plugin))
        keyurl_stop(&plugin->url);
    else
        (void)plugin->host->loop->timer_stop(plugin->self, plugin->timer);
}

static muster_verdict authenticate(void *instance, const struct muster_auth_request *request,
                                   struct muster_identity *out) {
    struct plugin *plugin = instance;
    return gate_authenticate(plugin->gate, &plugin->keys, request, out);
}

static void cancel(void *instance, muster_auth_ticket_id ticket) {
    gate_cancel(((struct plugin *)instance)->gate, ticket);
}

static const struct muster_auth auth_role = {
    .size = sizeof auth_role, .authenticate = authenticate, .cancel = cancel};
static const struct muster_role roles[] = {{MUSTER_ROLE_AUTH, 0, &auth_role}};

MUSTER_PLUGIN(.name = "auth_jwt", .version = "1.0.0",
              .description = "Accepts the tokens of another issuer, verified with its public keys.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .check = plugin_check, .start = plugin_start, .stop = plugin_stop,
              .fini = plugin_fini);
