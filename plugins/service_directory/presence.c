/* presence - who plays where, by the word of both: the player's own, with a token of this
 * directory, and the server's, which has told that the player came. A player is at one place, the
 * last that was told, and for 90 s after the last word. Memory alone; the words of both are in the
 * database, so that a start anew loses a minute. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

#define LASTS_MS 90000
#define AGAIN_MS 60000
#define PER_MINUTE 12
#define PRESENCES_MAX 262144
#define CROWD_MAX 8 /* of one network that count for a server */
#define ACCOUNT_AGE_MS 86400000
#define NETWORK_BYTES 8

struct presence {
    UT_hash_handle hh; /* by player, in the order of their last words */
    char player[MUSTER_PLAYER_KEY_MAX];
    struct server *server;
    uint64_t said_at_ms;
    int64_t since_ms; /* Unix: of the visit */
    uint32_t heard;   /* how often the server has said anything of it */
    bool is_agreed;   /* the server says so, too */
    bool is_known;    /* by an account of some age */
    bool is_counted;
    bool is_counted_known; /* as such */
    uint8_t network[NETWORK_BYTES];
    struct bucket asked;
};

/* Those of one network who are on one server. */
struct crowd {
    UT_hash_handle hh;
    struct crowd_key {
        const struct server *server;
        uint8_t network[NETWORK_BYTES];
    } key;
    uint32_t players;
    uint32_t known;
};

static uint64_t now_ms(const struct directory *directory) {
    return directory->host->loop->now_ms(directory->self);
}

/* ---- counting -------------------------------------------------------------------------------- */

/* A /24 or a /56, and which of both. */
static void read_network(const char *address, uint8_t out[NETWORK_BYTES]) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint8_t bytes[16];
    memset(out, 0, NETWORK_BYTES);
    if (inet_pton(AF_INET, address, bytes) == 1) {
        out[0] = 4;
        memcpy(out + 1, bytes, 3);
    } else if (inet_pton(AF_INET6, address, bytes) == 1) {
        bool is_mapped = memcmp(bytes, mapped, sizeof mapped) == 0;
        out[0] = is_mapped ? 4 : 6;
        memcpy(out + 1, is_mapped ? bytes + sizeof mapped : bytes, is_mapped ? 3 : 7);
    }
}

static uint32_t capped(uint32_t count) {
    return count < CROWD_MAX ? count : CROWD_MAX;
}

/* Null: out of memory; then nobody of it counts. */
static struct crowd *crowd_of(struct directory *directory, const struct presence *presence) {
    struct crowd *crowd = NULL;
    struct crowd_key key = {.server = presence->server};
    memcpy(key.network, presence->network, sizeof key.network);
    HASH_FIND(hh, directory->crowds, &key, sizeof key, crowd);
    if (crowd) return crowd;
    crowd = calloc(1, sizeof *crowd);
    if (!crowd) return NULL;
    crowd->key = key;
    HASH_ADD(hh, directory->crowds, key, sizeof crowd->key, crowd);
    return crowd;
}

/* by: 1 or -1. */
static void count(struct directory *directory, struct presence *presence, bool is_known, int by) {
    struct server *server = presence->server;
    struct crowd *crowd = crowd_of(directory, presence);
    if (!crowd) return;
    server->players -= capped(crowd->players);
    server->verified_players -= capped(crowd->known);
    crowd->players += (uint32_t)by;
    if (is_known) crowd->known += (uint32_t)by;
    server->players += capped(crowd->players);
    server->verified_players += capped(crowd->known);
    presence->is_counted = by > 0;
    presence->is_counted_known = by > 0 && is_known;
    if (crowd->players > 0) return;
    HASH_DEL(directory->crowds, crowd);
    free(crowd);
}

/* As both say now. */
static void reckon(struct directory *directory, struct presence *presence) {
    if (presence->is_counted == presence->is_agreed &&
        presence->is_counted_known == (presence->is_agreed && presence->is_known))
        return;
    if (presence->is_counted) count(directory, presence, presence->is_counted_known, -1);
    if (presence->is_agreed) count(directory, presence, presence->is_known, 1);
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct presence *find(const struct directory *directory, const char *player) {
    struct presence *presence = NULL;
    HASH_FIND_STR(directory->presences, player, presence);
    return presence;
}

static void drop(struct directory *directory, struct presence *presence) {
    presence->is_agreed = false;
    reckon(directory, presence);
    HASH_DEL(directory->presences, presence);
    free(presence);
}

/* The player's, as the one that was heard of last. Null: out of memory. */
static struct presence *take(struct directory *directory, const char *player) {
    struct presence *presence = find(directory, player);
    if (presence) {
        HASH_DEL(directory->presences, presence);
    } else {
        presence = calloc(1, sizeof *presence);
        if (!presence) return NULL;
        snprintf(presence->player, sizeof presence->player, "%s", player);
        if (HASH_COUNT(directory->presences) >= PRESENCES_MAX)
            drop(directory, directory->presences);
    }
    HASH_ADD_STR(directory->presences, player, presence);
    return presence;
}

void presence_sweep(struct directory *directory) {
    uint64_t now = now_ms(directory);
    while (directory->presences && now - directory->presences->said_at_ms >= LASTS_MS)
        drop(directory, directory->presences);
}

void presence_forget(struct directory *directory, const struct server *server) {
    struct presence *presence, *next;
    HASH_ITER(hh, directory->presences, presence, next) {
        if (presence->server == server) drop(directory, presence);
    }
}

void presence_clear(struct directory *directory) {
    while (directory->presences) drop(directory, directory->presences);
}

void presence_heard(struct directory *directory, const struct server *server, const char *player,
                    bool is_there) {
    struct presence *presence = find(directory, player);
    if (!presence || presence->server != server) return;
    presence->heard++;
    presence->is_agreed = is_there;
    reckon(directory, presence);
}

/* ---- the player's word ----------------------------------------------------------------------- */

/* One that waits for what the database knows. */
struct word {
    struct directory *directory;
    muster_request_id request;
    char player[MUSTER_PLAYER_KEY_MAX];
    char server_id[DIRECTORY_ID_MAX];
    int64_t since_ms;
    uint32_t heard;
    bool is_registered;
};

static void judge(const struct word *word, struct presence *presence,
                  const struct muster_db_value *cells) {
    struct directory *directory = word->directory;
    int64_t now = directory->host->loop->unix_ms(directory->self);
    /* What the server has said meanwhile is newer. */
    if (presence->heard == word->heard)
        presence->is_agreed = cells[0].type == MUSTER_DB_TEXT && cells[0].bytes.len == 4 &&
                              memcmp(cells[0].bytes.data, "join", 4) == 0;
    presence->is_known = word->is_registered && cells[1].type == MUSTER_DB_INT &&
                         cells[1].integer <= now - ACCOUNT_AGE_MS;
    reckon(directory, presence);
}

static void on_known(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct word *word = user;
    struct directory *directory = word->directory;
    struct presence *presence = status ? NULL : find(directory, word->player);
    bool is_same = presence && presence->since_ms == word->since_ms &&
                   strcmp(presence->server->id, word->server_id) == 0;
    if (is_same && rows->row_count == 1) judge(word, presence, rows->cells);
    if (status)
        refuse(directory, word->request, 503, "unavailable",
               "the directory's database does not take it now");
    else
        answer(directory, word->request, 200,
               json_pack("{s:s,s:b,s:i}", "serverId", word->server_id, "isConfirmed",
                         (int)(is_same && presence->is_agreed), "againMs", AGAIN_MS));
    free(word);
}

static muster_status ask(struct word *word) {
    struct directory *directory = word->directory;
    const struct muster_db_value visit[] = {
        muster_db_text(word->player), muster_db_text(word->server_id),
        muster_db_integer(word->since_ms),
        muster_db_integer(directory->host->loop->unix_ms(directory->self))};
    const struct muster_db_statement statements[] = {
        {"INSERT INTO directory_visits (player_id, server_id, first_at, last_at)"
         " VALUES ($1, $2, $3, $4)"
         " ON CONFLICT (player_id, server_id, first_at) DO UPDATE SET last_at = $4",
         visit, 4, 0},
        /* The server may have been quicker. */
        {"UPDATE directory_activity SET is_claim = 0 WHERE player_id = $1 AND server_id = $2"
         " AND is_claim = 1 AND happened_at >= $3 - 300000 AND happened_at <= $4 + 300000",
         visit, 4, 0},
        {"SELECT (SELECT type FROM directory_activity WHERE player_id = $1 AND server_id = $2"
         " ORDER BY happened_at DESC, activity_key DESC LIMIT 1),"
         " (SELECT created_at FROM players WHERE player_id = $1)",
         visit, 2, 0}};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = 3,
                                              .statements = statements,
                                              .database = directory->database};
    return directory->host->db->query(directory->self, &request, on_known, word, NULL);
}

/* Where the player is from now on. */
static void move(struct directory *directory, struct presence *presence, struct server *server) {
    if (presence->server == server) return;
    presence->is_agreed = false;
    if (presence->server) reckon(directory, presence);
    presence->server = server;
    presence->since_ms = directory->host->loop->unix_ms(directory->self);
}

static void say(struct directory *directory, struct presence *presence,
                const struct muster_identity *player, const struct muster_http_request *request) {
    struct word *word = calloc(1, sizeof *word);
    muster_status status = word ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (word) {
        *word = (struct word){.directory = directory,
                              .request = request->id,
                              .since_ms = presence->since_ms,
                              .heard = presence->heard,
                              .is_registered = player->account == MUSTER_ACCOUNT_REGISTERED};
        memcpy(word->player, presence->player, sizeof word->player);
        memcpy(word->server_id, presence->server->id, sizeof word->server_id);
        status = ask(word);
    }
    if (status == MUSTER_OK) return;
    free(word);
    refuse(directory, request->id, 503, "unavailable",
           "the directory's database does not take it now");
}

static struct server *read_server(struct directory *directory,
                                  const struct muster_http_request *request) {
    json_t *body = answer_body(directory, request);
    if (!body) return NULL;
    const char *id = json_string_value(json_object_get(body, "serverId"));
    struct server *server = id ? servers_find(directory, id) : NULL;
    if (!id)
        refuse(directory, request->id, 400, "invalid_params", "serverId: expected a text");
    else if (!server)
        refuse(directory, request->id, 404, "not_found", "there is no such server");
    json_decref(body);
    return server;
}

void presence_post(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    struct muster_identity player;
    if (!directory->is_ready) {
        refuse(directory, request->id, 503, "unavailable", "the directory is not ready yet");
        return;
    }
    if (!allocations_know_player(directory, request, &player)) return;
    struct server *server = read_server(directory, request);
    if (!server) return;
    struct presence *presence = find(directory, player.player_key);
    if (!presence) presence = take(directory, player.player_key);
    if (!presence) {
        refuse(directory, request->id, 503, "unavailable", "out of memory");
        return;
    }
    if (!answer_within(directory, request->id, &presence->asked, PER_MINUTE)) return;
    presence = take(directory, player.player_key); /* heard of last */
    move(directory, presence, server);
    presence->said_at_ms = now_ms(directory);
    if (!presence->is_counted) read_network(request->address, presence->network);
    say(directory, presence, &player, request);
}

void presence_delete(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    struct muster_identity player;
    if (!allocations_know_player(directory, request, &player)) return;
    struct presence *presence = find(directory, player.player_key);
    if (presence) drop(directory, presence);
    answer_empty(directory, request->id);
}
