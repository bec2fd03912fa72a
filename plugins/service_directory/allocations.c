/* allocations - POST /v1/allocations: a place to play. The best server is asked over its link to
 * hold a seat, then the next one; the player gets a ticket that is good there alone, once. */
#include <muster/interfaces.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "service_directory.h"

#define TRIES_MAX 4
#define ORDER_MS 1500 /* TRIES_MAX of them end before http.handlerTimeoutMs */
#define HOLD_MS 60000
#define TICKET_S 60
#define PASSED_LEAST_MS 10000
#define PASSED_MOST_MS 300000
#define TICKET_BYTES_MAX 2048
#define URL_MAX (DIRECTORY_ADDRESS_MAX + 32)

struct allocation {
    struct allocation *prev, *next;
    struct directory *directory;
    muster_request_id request;
    struct muster_identity player;
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];         /* preferred */
    char server_id[DIRECTORY_ID_MAX];     /* "": any */
    char lobby_id[MUSTER_PLAYER_KEY_MAX]; /* "": any */
    uint32_t issue;
    struct server *asked; /* holds a seat, or is about to */
    const struct server *tried[TRIES_MAX];
    uint32_t tries;
};

/* ---- who signs ------------------------------------------------------------------------------- */

struct verifying {
    const char *token;
    struct muster_identity *out;
    muster_status status;
};

static void verify(void *user, const void *vtable, void *instance) {
    const struct muster_identities *identities = vtable;
    struct verifying *verifying = user;
    verifying->status = identities->verify(instance, verifying->token, verifying->out);
}

struct minting {
    struct muster_away_ticket ticket;
    char *out;
    muster_status status;
};

static void mint(void *user, const void *vtable, void *instance) {
    const struct muster_identities *identities = vtable;
    struct minting *minting = user;
    minting->status = identities->mint(instance, &minting->ticket, minting->out, TICKET_BYTES_MAX);
}

static void tell_issuer(void *user, const void *vtable, void *instance) {
    const struct muster_identities *identities = vtable;
    json_object_set_new(user, "issuer", json_string(identities->issuer(instance)));
}

void allocations_tell_issuer(const struct directory *directory, json_t *grant) {
    (void)directory->host->interfaces->call(directory->self, directory->identities, tell_issuer,
                                            grant);
}

muster_status allocations_open(struct directory *directory) {
    const struct muster_interface_wish wish = {.size = sizeof wish,
                                               .major = MUSTER_IDENTITIES_MAJOR,
                                               .name = MUSTER_IDENTITIES,
                                               .vtable_size = sizeof(struct muster_identities)};
    return directory->host->interfaces->subscribe(directory->self, &wish, NULL,
                                                  &directory->identities);
}

static uint64_t now_ms(const struct directory *directory) {
    return directory->host->loop->now_ms(directory->self);
}

/* ---- which server ---------------------------------------------------------------------------- */

static bool plays(const struct server *server, const char *game_mode) {
    size_t i;
    const json_t *mode;
    json_array_foreach(server->game_modes, i,
                       mode) if (strcmp(json_string_value(mode), game_mode) == 0) return true;
    return false;
}

static bool was_tried(const struct allocation *allocation, const struct server *server) {
    for (uint32_t i = 0; i < allocation->tries; i++)
        if (allocation->tried[i] == server) return true;
    return false;
}

static bool fits(const struct allocation *allocation, const struct server *server) {
    const struct beat *beat = &server->beat;
    bool is_well = server->standing == STANDING_LISTED && beat->boot_id && !server->is_suspect &&
                   beat->health <= DIRECTORY_DEGRADED && server->link.value;
    if (!is_well || was_tried(allocation, server)) return false;
    if (allocation->server_id[0] && strcmp(server->id, allocation->server_id) != 0) return false;
    if (!allocation->server_id[0] && now_ms(allocation->directory) < server->passed_until_ms)
        return false;
    /* Who has a seat there already may find the server full. */
    bool has_room = beat->free_seats > server->promised || allocation->server_id[0];
    return has_room && plays(server, allocation->game_mode);
}

/* The fuller of its seats and its processor, as it said last, with those who were sent there
 * since. */
static double load_of(const struct server *server) {
    double people = (double)server->beat.players + server->promised;
    double seats = server->beat.players_max ? people / server->beat.players_max : 1;
    return seats > server->beat.metrics[0] ? seats : server->beat.metrics[0];
}

static bool is_near(const struct allocation *allocation, const struct server *server) {
    return strcmp(server->region, allocation->region) == 0;
}

static bool is_better(const struct allocation *allocation, const struct server *server,
                      const struct server *best) {
    if (!best) return true;
    bool is_near_too = is_near(allocation, best);
    if (is_near(allocation, server) != is_near_too) return !is_near_too;
    if (server->beat.health != best->beat.health) return server->beat.health < best->beat.health;
    return load_of(server) < load_of(best);
}

static struct server *find_server(const struct allocation *allocation) {
    struct server *best = NULL;
    for (struct server *server = allocation->directory->servers; server; server = server->hh.next)
        if (fits(allocation, server) && is_better(allocation, server, best)) best = server;
    return best;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void forget(struct allocation *allocation) {
    DL_DELETE(allocation->directory->allocations, allocation);
    free(allocation);
}

static void give_up(struct allocation *allocation, uint32_t http, const char *code,
                    const char *why) {
    refuse(allocation->directory, allocation->request, http, code, why);
    forget(allocation);
}

static void write_url(const struct server *server, char out[URL_MAX]) {
    bool is_v6 = strchr(server->address, ':') != NULL;
    snprintf(out, URL_MAX, "%s://%s%s%s:%u/ws", server->tls ? "wss" : "ws", is_v6 ? "[" : "",
             server->address, is_v6 ? "]" : "", server->port);
}

static void grant(struct allocation *allocation, const char *lobby_id, int64_t epoch) {
    struct directory *directory = allocation->directory;
    struct server *server = allocation->asked;
    const struct muster_identity *player = &allocation->player;
    char token[TICKET_BYTES_MAX], url[URL_MAX];
    struct minting minting = {.ticket = {.size = sizeof minting.ticket,
                                         .ticket_issue = allocation->issue,
                                         .audience = server->id,
                                         .player_key = player->player_key,
                                         .display_name = player->display_name,
                                         .lobby_key = lobby_id,
                                         .lobby_epoch = epoch,
                                         .life_s = TICKET_S,
                                         .is_guest = player->account == MUSTER_ACCOUNT_GUEST},
                              .out = token};
    muster_status status =
        directory->host->interfaces->call(directory->self, directory->identities, mint, &minting);
    if (status || minting.status) {
        give_up(allocation, 503, "unavailable", "no ticket can be signed at the moment");
        return;
    }
    server->promised++;
    players_sent(directory, player->player_key, server, allocation->issue);
    write_url(server, url);
    answer(
        directory, allocation->request, 201,
        json_pack("{s:s,s:O,s:O,s:s,s:s,s:s,s:s,s:I}", "serverId", server->id, "serverName",
                  json_object_get(server->info, "serverName"), "region",
                  json_object_get(server->info, "region"), "url", url, "gameMode",
                  allocation->game_mode, "lobbyId", lobby_id, "token", token, "expiresAt",
                  (json_int_t)(directory->host->loop->unix_ms(directory->self) + TICKET_S * 1000)));
    sodium_memzero(token, sizeof token);
    forget(allocation);
}

/* ---- one server after another ---------------------------------------------------------------- */

static void ask_next(struct allocation *allocation);

/* Nobody is sent there for a while, unless by its name. */
static void pass_over(struct directory *directory, struct server *server) {
    server->passed_ms = server->passed_ms ? server->passed_ms * 2 : PASSED_LEAST_MS;
    if (server->passed_ms > PASSED_MOST_MS) server->passed_ms = PASSED_MOST_MS;
    server->passed_until_ms = now_ms(directory) + server->passed_ms;
}

/* One player alone may be refused for what lies with the player, as a ban; two are not. */
static void refused(const struct allocation *allocation) {
    struct server *server = allocation->asked;
    const char *player = allocation->player.player_key;
    if (allocation->server_id[0]) return; /* that lobby may be full */
    if (server->refused[0] && strcmp(server->refused, player) != 0)
        pass_over(allocation->directory, server);
    snprintf(server->refused, sizeof server->refused, "%s", player);
}

static void held(struct server *server) {
    server->refused[0] = '\0';
    server->passed_ms = 0;
    server->passed_until_ms = 0;
}

/* What a server says is not trusted: it is a lobby of its own, and leads nowhere else. */
static void answered(void *user, const json_t *said) {
    struct allocation *allocation = user;
    const char *status = json_string_value(json_object_get(said, "status"));
    const char *lobby_id = json_string_value(json_object_get(said, "lobbyId"));
    const json_t *epoch = json_object_get(said, "epoch");
    bool is_held = status && strcmp(status, "ok") == 0 && lobby_id && lobby_id[0] &&
                   strlen(lobby_id) < MUSTER_PLAYER_KEY_MAX && json_is_integer(epoch);
    if (!allocation->directory->is_ready) {
        give_up(allocation, 503, "unavailable", "the directory stops");
        return;
    }
    if (is_held) {
        held(allocation->asked);
        grant(allocation, lobby_id, json_integer_value(epoch));
        return;
    }
    if (said)
        refused(allocation);
    else if (allocation->asked->link.value) /* else it cannot be asked anyway */
        pass_over(allocation->directory, allocation->asked);
    ask_next(allocation);
}

static void ask_next(struct allocation *allocation) {
    struct directory *directory = allocation->directory;
    struct server *server;
    while (allocation->tries < TRIES_MAX && (server = find_server(allocation))) {
        allocation->asked = server;
        allocation->tried[allocation->tries++] = server;
        json_t *order = json_pack(
            "{s:s,s:s,s:s,s:s,s:I,s:I,s:s*}", "kind", "reserve", "playerId",
            allocation->player.player_key, "displayName", allocation->player.display_name,
            "gameMode", allocation->game_mode, "issue", (json_int_t)allocation->issue, "holdMs",
            (json_int_t)HOLD_MS, "lobbyId", allocation->lobby_id[0] ? allocation->lobby_id : NULL);
        if (orders_send(directory, server, order, ORDER_MS, answered, allocation) == MUSTER_OK)
            return;
    }
    give_up(allocation, 503, "no_server",
            allocation->tries ? "no server has held a seat" : "no server with room plays this");
}

/* ---- POST /v1/allocations -------------------------------------------------------------------- */

static bool take_word(const char *text, char *out, size_t cap, const char *key, char why[WHY_MAX]) {
    size_t len = strlen(text);
    if (len < cap) {
        memcpy(out, text, len + 1);
        return true;
    }
    snprintf(why, WHY_MAX, "%s: expected at most %zu bytes", key, cap - 1);
    return false;
}

static bool read_body(const json_t *body, struct allocation *out, char why[WHY_MAX]) {
    const char *game_mode, *region = "", *server_id = "", *lobby_id = "";
    json_error_t error;
    if (json_unpack_ex((json_t *)body, &error, 0, "{s:s,s?s,s?s,s?s}", "gameMode", &game_mode,
                       "region", &region, "serverId", &server_id, "lobbyId", &lobby_id) != 0) {
        snprintf(why, WHY_MAX, "%.200s", error.text);
        return false;
    }
    if (lobby_id[0] && !server_id[0]) {
        snprintf(why, WHY_MAX, "lobbyId: expected the serverId of its server beside it");
        return false;
    }
    if (!region[0]) region = out->player.region;
    return take_word(game_mode, out->game_mode, sizeof out->game_mode, "gameMode", why) &&
           take_word(region, out->region, sizeof out->region, "region", why) &&
           take_word(server_id, out->server_id, sizeof out->server_id, "serverId", why) &&
           take_word(lobby_id, out->lobby_id, sizeof out->lobby_id, "lobbyId", why);
}

static bool is_under_way(const struct directory *directory, const char *player_id) {
    const struct allocation *one;
    DL_FOREACH(directory->allocations, one)
    if (strcmp(one->player.player_key, player_id) == 0) return true;
    return false;
}

bool allocations_know_player(struct directory *directory, const struct muster_http_request *request,
                             struct muster_identity *out) {
    static const char scheme[] = "Bearer ";
    const char *header =
        directory->host->http->header(directory->self, request->id, "authorization");
    struct verifying verifying = {.token = header + sizeof scheme - 1, .out = out};
    *out = (struct muster_identity){.size = sizeof *out};
    if (strncmp(header, scheme, sizeof scheme - 1) != 0) {
        refuse(directory, request->id, 401, "token_invalid", "expected a player's access token");
        return false;
    }
    muster_status status = directory->host->interfaces->call(directory->self, directory->identities,
                                                             verify, &verifying);
    if (!status) status = verifying.status;
    if (status == MUSTER_DENIED)
        refuse(directory, request->id, 401, "token_invalid", out->reason);
    else if (status)
        refuse(directory, request->id, 503, "unavailable", "nobody can sign in at the moment");
    return status == MUSTER_OK;
}

void allocations_post(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    struct muster_identity player;
    char why[WHY_MAX] = "";
    if (!allocations_know_player(directory, request, &player)) return;
    json_t *body = answer_body(directory, request);
    struct allocation *allocation = body ? calloc(1, sizeof *allocation) : NULL;
    if (!allocation) {
        if (body) refuse(directory, request->id, 503, "unavailable", "out of memory");
        json_decref(body);
        return;
    }
    allocation->directory = directory;
    allocation->request = request->id;
    allocation->player = player;
    allocation->issue = 1 + randombytes_uniform(UINT32_MAX);
    bool is_good = read_body(body, allocation, why);
    json_decref(body);
    if (!is_good) {
        refuse(directory, request->id, 400, "invalid_params", why);
    } else if (is_under_way(directory, player.player_key)) {
        refuse(directory, request->id, 409, "conflict", "a seat is looked for already");
    } else if (players_may_ask(directory, player.player_key, request->id)) {
        DL_APPEND(directory->allocations, allocation);
        ask_next(allocation);
        return;
    }
    free(allocation);
}
