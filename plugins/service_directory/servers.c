/* servers - all that were ever registered, in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "service_directory.h"

struct server *servers_find(const struct directory *directory, const char *id) {
    struct server *server = NULL;
    HASH_FIND_STR(directory->servers, id, server);
    return server;
}

struct server *servers_find_address(const struct directory *directory, const struct key *key,
                                    const char *address, uint32_t port) {
    struct server *server = directory->servers;
    while (server &&
           (server->key != key || server->port != port || strcmp(server->address, address) != 0))
        server = server->hh.next;
    return server;
}

static bool has_token(const struct server *server, const uint8_t digest[DIGEST_BYTES],
                      int64_t now_ms) {
    if (server->key->revoked_ms) return false;
    if (now_ms < server->token_expires_ms &&
        sodium_memcmp(server->token_digest, digest, DIGEST_BYTES) == 0)
        return true;
    return now_ms < server->last_expires_ms &&
           sodium_memcmp(server->last_digest, digest, DIGEST_BYTES) == 0;
}

struct server *servers_find_token(const struct directory *directory, const char *id,
                                  const uint8_t digest[DIGEST_BYTES]) {
    int64_t now_ms = directory->host->loop->unix_ms(directory->self);
    struct server *server = id ? servers_find(directory, id) : directory->servers;
    if (id) return server && has_token(server, digest, now_ms) ? server : NULL;
    while (server && !has_token(server, digest, now_ms)) server = server->hh.next;
    return server;
}

struct server *servers_put(struct directory *directory, struct key *key, const char *id) {
    struct server *server = calloc(1, sizeof *server);
    if (!server) return NULL;
    server->key = key;
    snprintf(server->id, sizeof server->id, "%s", id);
    HASH_ADD_STR(directory->servers, id, server);
    return server;
}

static const char *text_of(const json_t *info, const char *key) {
    const char *text = json_string_value(json_object_get(info, key));
    return text ? text : "";
}

void servers_describe(struct server *server, json_t *info) {
    json_decref(server->info);
    server->info = info;
    server->name = text_of(info, "serverName");
    server->region = text_of(info, "region");
    server->version = text_of(info, "version");
    server->game_modes = json_object_get(info, "supportedGameModes");
    server->tags = json_object_get(info, "tags");
}

void servers_silence(struct directory *directory, struct server *server) {
    proof_drop(directory, server);
    beats_clear(&server->beat);
    server->standing = STANDING_SILENT;
    server->is_suspect = false;
    server->proofs_failed = 0;
    server->cause[0] = '\0';
}

void servers_retire(struct directory *directory, struct server *server) {
    servers_silence(directory, server);
    server->token_expires_ms = server->last_expires_ms = 0;
    beats_close(directory, server);
}

json_t *servers_standing(const struct directory *directory, const struct server *server) {
    static const char *const words[] = {[STANDING_SILENT] = "probing",
                                        [STANDING_PROBING] = "probing",
                                        [STANDING_LISTED] = "listed",
                                        [STANDING_UNREACHABLE] = "unreachable"};
    return json_pack("{s:s,s:s,s:i,s:s*,s:i}", "status", words[server->standing], "address",
                     server->address, "port", (int)server->port, "reason",
                     server->cause[0] ? server->cause : NULL, "beatMs",
                     (int)directory->settings.beat_ms);
}

static void drop(struct directory *directory, struct server *server) {
    HASH_DEL(directory->servers, server);
    beats_clear(&server->beat);
    json_decref(server->info);
    sodium_memzero(server, sizeof *server);
    free(server);
}

void servers_remove(struct directory *directory, struct server *server) {
    servers_retire(directory, server);
    presence_forget(directory, server);
    players_forget(directory, server);
    list_clear(directory);
    drop(directory, server);
}

void servers_clear(struct directory *directory) {
    struct server *server, *next;
    HASH_CLEAR(by_link, directory->linked);
    HASH_ITER(hh, directory->servers, server, next) drop(directory, server);
}
