/* register - a server comes, changes its token, and goes. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service_directory.h"

#define PORT_LEAST 1024
#define PORT_HTTPS 443
#define LOBBIES_MAX 100000
#define MODES_MAX 64
#define TAGS_MAX 8
#define TAG_BYTES_MAX 24
#define VERSION_BYTES_MAX 47
#define CONTACT_BYTES_MAX 128
#define TOKEN_GRACE_MS 60000 /* the token before is good so much longer */

/* What a registration says, checked. */
struct registration {
    json_t *info; /* a new reference */
    char address[DIRECTORY_ADDRESS_MAX];
    uint32_t port;
    bool tls;
};

/* ---- checking -------------------------------------------------------------------------------- */

static bool is_word(const char *text, size_t bytes_max, const char *allowed) {
    size_t len = strlen(text);
    return len > 0 && len <= bytes_max && strspn(text, allowed) == len;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* A list of words of its own. Null: `why` says what is wrong. */
static json_t *read_words(const json_t *list, const char *key, size_t count_max, size_t bytes_max,
                          const char *allowed, char why[WHY_MAX]) {
    size_t i;
    json_t *item, *words = json_array();
    bool good = !list || (json_is_array(list) && json_array_size(list) <= count_max);
    json_array_foreach(list, i, item) {
        if (!good) break;
        good = json_is_string(item) && is_word(json_string_value(item), bytes_max, allowed);
        if (good) json_array_append(words, item);
    }
    if (good) return words;
    json_decref(words);
    snprintf(why, WHY_MAX, "%s: expected a list of at most %zu words of %s of at most %zu bytes",
             key, count_max, allowed, bytes_max);
    return NULL;
}

/* A host name, or an address without brackets, in lower case. */
static bool read_address(const char *text, char out[DIRECTORY_ADDRESS_MAX]) {
    uint8_t numeric[sizeof(struct in6_addr)];
    size_t len = strlen(text);
    if (len == 0 || len >= DIRECTORY_ADDRESS_MAX) return false;
    for (size_t i = 0; i <= len; i++) out[i] = (char)tolower((unsigned char)text[i]);
    if (strchr(out, ':')) return inet_pton(AF_INET6, out, numeric) == 1;
    return strspn(out, LOWER DIGITS ".-") == len && out[0] != '-' && out[0] != '.' &&
           !strstr(out, "..");
}

static bool read_place(const char *address, json_int_t port, struct registration *out,
                       char why[WHY_MAX]) {
    if (!read_address(address, out->address)) {
        snprintf(why, WHY_MAX, "address: expected a host name, or an address without brackets");
        return false;
    }
    if (port != PORT_HTTPS && (port < PORT_LEAST || port > UINT16_MAX)) {
        snprintf(why, WHY_MAX, "port: expected %d, or %d to %d, found %lld", PORT_HTTPS, PORT_LEAST,
                 UINT16_MAX, (long long)port);
        return false;
    }
    out->port = (uint32_t)port;
    return true;
}

static bool is_printable(const char *text, size_t bytes_max) {
    size_t len = strlen(text), i = 0;
    while (i < len && text[i] > ' ' && text[i] < 0x7f) i++;
    return len > 0 && len <= bytes_max && i == len;
}

/* DedicatedServerInfo, as it was unpacked. */
struct claimed {
    const char *name, *region, *version, *contact, *address;
    json_t *modes, *tags;
    json_int_t lobbies_max, port;
};

static json_t *read_info(const struct claimed *claimed, char why[WHY_MAX]) {
    char name[TEXT_NAME_MAX], contact[CONTACT_BYTES_MAX + 1];
    json_t *modes = NULL, *tags = NULL;
    snprintf(contact, sizeof contact, "%s", claimed->contact);
    if (!text_name_mend(claimed->name, name))
        snprintf(why, WHY_MAX, "serverName: expected a name that can be seen");
    else if (!is_word(claimed->region, MUSTER_NAME_MAX - 1, LOWER DIGITS "_-"))
        snprintf(why, WHY_MAX, "region: expected a word of " LOWER DIGITS "_-");
    else if (claimed->lobbies_max < 1 || claimed->lobbies_max > LOBBIES_MAX)
        snprintf(why, WHY_MAX, "maxLobbies: expected 1 to %d", LOBBIES_MAX);
    else if (!is_printable(claimed->version, VERSION_BYTES_MAX))
        snprintf(why, WHY_MAX, "version: expected 1 to %d printable characters without blanks",
                 VERSION_BYTES_MAX);
    else if (strlen(claimed->contact) > CONTACT_BYTES_MAX ||
             (contact[0] && !text_line_mend(contact)))
        snprintf(why, WHY_MAX, "adminContact: expected a line of at most %d bytes",
                 CONTACT_BYTES_MAX);
    else if ((modes = read_words(claimed->modes, "supportedGameModes", MODES_MAX,
                                 MUSTER_NAME_MAX - 1, LOWER DIGITS "_-", why)))
        tags = read_words(claimed->tags, "tags", TAGS_MAX, TAG_BYTES_MAX, LOWER DIGITS "-", why);
    if (!tags) {
        json_decref(modes);
        return NULL;
    }
    return json_pack("{s:s,s:s,s:I,s:o,s:s,s:s,s:o}", "serverName", name, "region", claimed->region,
                     "maxLobbies", claimed->lobbies_max, "supportedGameModes", modes, "version",
                     claimed->version, "adminContact", contact, "tags", tags);
}

/* The member of that type; null: there is none, which is a mistake where one is needed. */
static json_t *member(const json_t *body, const char *key, json_type type, bool is_needed,
                      char why[WHY_MAX]) {
    static const char *const expected[] = {[JSON_STRING] = "a text",
                                           [JSON_INTEGER] = "a whole number",
                                           [JSON_ARRAY] = "a list",
                                           [JSON_TRUE] = "true or false"};
    json_t *value = json_object_get(body, key);
    bool fits = value && (json_typeof(value) == type ||
                          (type == JSON_TRUE && json_typeof(value) == JSON_FALSE));
    if (fits) return value;
    if (value || is_needed) snprintf(why, WHY_MAX, "%s: expected %s", key, expected[type]);
    return NULL;
}

static const char *member_text(const json_t *body, const char *key, char why[WHY_MAX]) {
    return json_string_value(member(body, key, JSON_STRING, true, why));
}

static json_int_t member_integer(const json_t *body, const char *key, char why[WHY_MAX]) {
    return json_integer_value(member(body, key, JSON_INTEGER, true, why));
}

/* out->info is to be released. why: "" before. */
static bool read_registration(const json_t *body, struct registration *out, char why[WHY_MAX]) {
    const struct claimed claimed = {
        .name = member_text(body, "serverName", why),
        .region = member_text(body, "region", why),
        .version = member_text(body, "version", why),
        .contact = member_text(body, "adminContact", why),
        .address = member_text(body, "address", why),
        .modes = member(body, "supportedGameModes", JSON_ARRAY, true, why),
        .tags = member(body, "tags", JSON_ARRAY, false, why),
        .lobbies_max = member_integer(body, "maxLobbies", why),
        .port = member_integer(body, "port", why),
    };
    *out = (struct registration){.tls = json_is_true(member(body, "tls", JSON_TRUE, false, why))};
    if (why[0] || !read_place(claimed.address, claimed.port, out, why)) return false;
    out->info = read_info(&claimed, why);
    return out->info != NULL;
}

/* ---- answering with a token ------------------------------------------------------------------ */

/* An answer that waits until what it says is on the disk. */
struct grant {
    struct directory *directory;
    muster_request_id request;
    uint32_t http;
    json_t *body;
};

static void granted(void *user, muster_status status) {
    struct grant *grant = user;
    if (status == MUSTER_OK)
        answer(grant->directory, grant->request, grant->http, grant->body);
    else
        refuse(grant->directory, grant->request, 503, "unavailable",
               "the directory's database does not take it now");
    if (status != MUSTER_OK) json_decref(grant->body);
    free(grant);
}

/* A new token for the server, told when it is kept. */
static void grant_token(struct directory *directory, struct server *server,
                        muster_request_id request, uint32_t http) {
    char token[DIRECTORY_TOKEN_MAX], secret[DIRECTORY_HEX_MAX];
    struct grant *grant = calloc(1, sizeof *grant);
    if (!grant) {
        refuse(directory, request, 503, "unavailable", "out of memory");
        return;
    }
    secret_make("st_", token);
    secret_digest(token, server->token_digest);
    server->token_expires_ms =
        directory->host->loop->unix_ms(directory->self) + directory->settings.token_ms;
    sodium_bin2hex(secret, sizeof secret, server->proof_secret, DIRECTORY_SECRET_BYTES);
    json_t *body = servers_standing(directory, server);
    json_object_set_new(body, "serverId", json_string(server->id));
    json_object_set_new(body, "serverToken", json_string(token));
    json_object_set_new(body, "expiresAt", json_integer(server->token_expires_ms));
    json_object_set_new(body, "proofSecret", json_string(secret));
    allocations_tell_issuer(directory, body);
    sodium_memzero(token, sizeof token);
    sodium_memzero(secret, sizeof secret);
    *grant = (struct grant){directory, request, http, body};
    store_server(directory, server, granted, grant);
}

/* Each costs a write. False: it is refused. */
static bool may_ask(struct directory *directory, struct key *key, muster_request_id request) {
    uint32_t per_minute = directory->settings.registrations_per_minute;
    uint64_t now_ms = directory->host->loop->now_ms(directory->self);
    if (bucket_take(&key->registrations, per_minute, now_ms)) return true;
    refuse_limit(directory, request, &key->registrations, per_minute);
    return false;
}

/* ---- POST /v1/servers ------------------------------------------------------------------------ */

static void make_id(char out[DIRECTORY_ID_MAX]) {
    uint8_t b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, DIRECTORY_ID_MAX,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

/* Room for one more of the key, in place of the oldest that has no token. False: all have one. */
static bool make_room(struct directory *directory, const struct key *key) {
    struct server *oldest = NULL;
    uint32_t count = 0;
    for (struct server *server = directory->servers; server; server = server->hh.next) {
        if (server->key != key) continue;
        count++;
        bool is_older = !oldest || server->first_seen_ms < oldest->first_seen_ms;
        if (!server->token_expires_ms && is_older) oldest = server;
    }
    if (count < directory->settings.servers_per_key) return true;
    if (!oldest) return false;
    store_remove(directory, oldest);
    servers_remove(directory, oldest);
    return true;
}

/* A new one. Null: out of memory. */
static struct server *make_server(struct directory *directory, struct key *key,
                                  const struct registration *registration) {
    char id[DIRECTORY_ID_MAX];
    make_id(id);
    struct server *server = servers_put(directory, key, id);
    if (!server) return NULL;
    snprintf(server->address, sizeof server->address, "%s", registration->address);
    server->port = registration->port;
    server->first_seen_ms = directory->host->loop->unix_ms(directory->self);
    return server;
}

/* The registration's info is taken. */
static void register_server(struct directory *directory, struct key *key,
                            struct registration *registration, muster_request_id request) {
    struct server *server =
        servers_find_address(directory, key, registration->address, registration->port);
    bool has_room = server || make_room(directory, key);
    if (has_room && !server) server = make_server(directory, key, registration);
    if (!server) {
        json_decref(registration->info);
        if (has_room)
            refuse(directory, request, 503, "unavailable", "out of memory");
        else
            refuse(directory, request, 409, "too_many_servers",
                   "this key has as many servers as it may have");
        return;
    }
    servers_retire(directory, server);
    servers_describe(server, registration->info);
    server->tls = registration->tls;
    randombytes_buf(server->proof_secret, sizeof server->proof_secret);
    grant_token(directory, server, request, 201);
}

void register_post(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    struct registration registration;
    uint8_t digest[DIGEST_BYTES];
    char why[WHY_MAX] = "";
    if (!directory->is_ready) {
        refuse(directory, request->id, 503, "unavailable", "the directory is not ready yet");
        return;
    }
    struct key *key =
        secret_presented(directory, request->id, digest) ? keys_find(directory, digest) : NULL;
    if (!key) {
        refuse(directory, request->id, 401, "key_invalid",
               "no registration key, or one that is not good or not any more");
        return;
    }
    if (!may_ask(directory, key, request->id)) return;
    json_t *body = answer_body(directory, request);
    if (!body) return;
    if (read_registration(body, &registration, why))
        register_server(directory, key, &registration, request->id);
    else
        refuse(directory, request->id, 400, "invalid_params", why);
    json_decref(body);
}

/* ---- with a token ---------------------------------------------------------------------------- */

void register_refresh(struct directory *directory, struct server *server,
                      const struct muster_http_request *request) {
    if (!may_ask(directory, server->key, request->id)) return;
    int64_t grace_ms = directory->host->loop->unix_ms(directory->self) + TOKEN_GRACE_MS;
    memcpy(server->last_digest, server->token_digest, DIGEST_BYTES);
    server->last_expires_ms =
        grace_ms < server->token_expires_ms ? grace_ms : server->token_expires_ms;
    grant_token(directory, server, request->id, 200);
}

void register_delete(struct directory *directory, struct server *server,
                     const struct muster_http_request *request) {
    servers_retire(directory, server);
    store_server(directory, server, NULL, NULL);
    answer_empty(directory, request->id);
}
