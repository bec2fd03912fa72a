/* list - what anybody may ask: GET /v1/servers and /v1/servers/ID. The order is made anew once a
 * second at most, so that many who ask cost no more than few. What nobody but the server says ranks
 * nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/negotiate.h"
#include "base/query.h"
#include "service_directory.h"

#define ORDER_MS 1000
#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100
#define VALUE_MAX 64
#define TAG_BYTES 16

/* On the list: where it says it is, and heard of. */
static bool is_listed(const struct server *server) {
    return server->standing == STANDING_LISTED && server->beat.boot_id != 0;
}

/* One that is silent is not well, whatever it said last. */
static uint32_t health_of(const struct server *server) {
    return server->is_suspect ? DIRECTORY_UNHEALTHY : server->beat.health;
}

/* ---- the order ------------------------------------------------------------------------------- */

/* Those who are well first, then those with more people that count, then any fixed order. */
struct rank {
    uint32_t health;
    uint32_t verified_players;
    char id[DIRECTORY_ID_MAX];
};

struct row {
    struct rank rank;
    struct server *server;
};

static int compare_ranks(const struct rank *a, const struct rank *b) {
    if (a->health != b->health) return a->health < b->health ? -1 : 1;
    if (a->verified_players != b->verified_players)
        return a->verified_players > b->verified_players ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int compare_rows(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    return compare_ranks(&x->rank, &y->rank);
}

static void put_row(struct order *order, struct server *server) {
    struct row *row = &order->rows[order->count++];
    *row = (struct row){
        .rank = {.health = health_of(server), .verified_players = server->verified_players},
        .server = server};
    memcpy(row->rank.id, server->id, sizeof row->rank.id);
}

static bool sort_all(struct directory *directory) {
    struct order *order = &directory->order;
    uint32_t count = HASH_COUNT(directory->servers);
    if (count > order->cap) {
        struct row *rows = realloc(order->rows, count * sizeof *rows);
        if (!rows) return false;
        order->rows = rows;
        order->cap = count;
    }
    order->count = 0;
    for (struct server *server = directory->servers; server; server = server->hh.next)
        if (is_listed(server)) put_row(order, server);
    if (order->count) qsort(order->rows, order->count, sizeof *order->rows, compare_rows);
    return true;
}

static bool bring_up_to_date(struct directory *directory) {
    uint64_t now_ms = directory->host->loop->now_ms(directory->self);
    struct order *order = &directory->order;
    if (order->made_at_ms && now_ms - order->made_at_ms < ORDER_MS) return true;
    if (!sort_all(directory)) return false;
    order->made_at_ms = now_ms ? now_ms : 1;
    return true;
}

void list_changed(struct directory *directory) {
    directory->order.made_at_ms = 0;
}

void list_clear(struct directory *directory) {
    free(directory->order.rows);
    directory->order = (struct order){0};
}

/* ---- what is asked for ----------------------------------------------------------------------- */

struct wish {
    char region[VALUE_MAX], game_mode[VALUE_MAX], version[VALUE_MAX], tag[VALUE_MAX],
        text[VALUE_MAX];
    uint32_t free_seats;
    bool verified;
    uint32_t limit;
    bool has_cursor;
    struct rank cursor; /* of the last of the page before */
};

static bool read_number(const char *text, uint32_t least, uint32_t most, uint32_t *out) {
    size_t len = strlen(text);
    if (len == 0 || len > 7 || strspn(text, "0123456789") != len) return false;
    *out = (uint32_t)strtoul(text, NULL, 10);
    return *out >= least && *out <= most;
}

static bool read_cursor(const char *text, struct wish *wish) {
    struct rank *cursor = &wish->cursor;
    int end = 0;
    wish->has_cursor = sscanf(text, "%1u.%7u.%36[0-9a-f-]%n", &cursor->health,
                              &cursor->verified_players, cursor->id, &end) == 3 &&
                       text[end] == '\0';
    return wish->has_cursor;
}

/* What is no text of its own. */
static bool read_value(const char *name, const char *value, struct wish *wish) {
    if (strcmp(name, "limit") == 0) return read_number(value, 1, LIMIT_MAX, &wish->limit);
    if (strcmp(name, "freeSeats") == 0) return read_number(value, 0, 1000000, &wish->free_seats);
    if (strcmp(name, "cursor") == 0) return read_cursor(value, wish);
    wish->verified = strcmp(value, "true") == 0;
    return wish->verified || strcmp(value, "false") == 0;
}

/* A filter that cannot be read must not list all servers. */
static bool read_wish(const char *query, struct wish *wish, char why[WHY_MAX]) {
    const struct {
        const char *name;
        char *text; /* null: read_value knows */
    } filters[] = {{"region", wish->region},
                   {"gameMode", wish->game_mode},
                   {"version", wish->version},
                   {"tag", wish->tag},
                   {"text", wish->text},
                   {"freeSeats", NULL},
                   {"verified", NULL},
                   {"limit", NULL},
                   {"cursor", NULL}};
    enum { FILTERS = sizeof filters / sizeof filters[0] };
    const char *names[FILTERS + 1] = {NULL};
    char value[VALUE_MAX];
    *wish = (struct wish){.limit = LIMIT_DEFAULT};
    for (size_t i = 0; i < FILTERS; i++) {
        names[i] = filters[i].name;
        enum query found = query_find(query, names[i], value, sizeof value);
        bool good = found != QUERY_BROKEN;
        if (found == QUERY_GIVEN && filters[i].text) memcpy(filters[i].text, value, sizeof value);
        if (found == QUERY_GIVEN && !filters[i].text) good = read_value(names[i], value, wish);
        if (good) continue;
        snprintf(why, WHY_MAX, "%s: too long, malformed, out of its range or given twice",
                 names[i]);
        return false;
    }
    if (!query_unknown(query, names, value, 41)) return true;
    snprintf(why, WHY_MAX, "%s: unknown parameter", value);
    return false;
}

static bool has_word(const json_t *words, const char *word) {
    for (size_t i = 0; i < json_array_size(words); i++)
        if (strcmp(json_string_value(json_array_get(words, i)), word) == 0) return true;
    return false;
}

static bool fits(const struct server *server, const struct wish *wish) {
    if (wish->verified && server->verified_players == 0) return false;
    if (server->beat.free_seats < wish->free_seats) return false;
    if (wish->region[0] && strcmp(server->region, wish->region) != 0) return false;
    if (wish->version[0] && strcmp(server->version, wish->version) != 0) return false;
    if (wish->game_mode[0] && !has_word(server->game_modes, wish->game_mode)) return false;
    if (wish->tag[0] && !has_word(server->tags, wish->tag)) return false;
    return !wish->text[0] || strcasestr(server->name, wish->text);
}

/* ---- answers --------------------------------------------------------------------------------- */

static json_t *write_server(const struct server *server) {
    const json_t *info = server->info;
    const struct beat *beat = &server->beat;
    return json_pack(
        "{s:s,s:O,s:O,s:s,s:i,s:b,s:O,s:O,s:O,s:O,s:s,s:i,s:i,s:i,s:i,s:i,s:O}", "serverId",
        server->id, "serverName", json_object_get(info, "serverName"), "region",
        json_object_get(info, "region"), "address", server->address, "port", (int)server->port,
        "tls", (int)server->tls, "version", json_object_get(info, "version"), "supportedGameModes",
        json_object_get(info, "supportedGameModes"), "maxLobbies",
        json_object_get(info, "maxLobbies"), "tags", json_object_get(info, "tags"), "status",
        directory_health_words[health_of(server)], "claimedPlayers", (int)beat->players, "players",
        (int)server->players, "verifiedPlayers", (int)server->verified_players, "playersMax",
        (int)beat->players_max, "freeSeats", (int)beat->free_seats, "lobbies", beat->lobbies);
}

/* The first row behind the cursor. */
static uint32_t row_behind(const struct order *order, const struct rank *cursor) {
    uint32_t low = 0, high = order->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_ranks(&order->rows[middle].rank, cursor) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One page. Who has left since the order was made is left out. */
static json_t *write_page(const struct directory *directory, const struct wish *wish) {
    const struct order *order = &directory->order;
    const struct row *last = NULL;
    char cursor[VALUE_MAX];
    json_t *servers = json_array();
    uint32_t at = wish->has_cursor ? row_behind(order, &wish->cursor) : 0;
    bool is_full = false;
    for (; at < order->count && !is_full; at++) {
        const struct row *row = &order->rows[at];
        if (!is_listed(row->server) || !fits(row->server, wish)) continue;
        is_full = json_array_size(servers) == wish->limit;
        if (is_full) break;
        json_array_append_new(servers, write_server(row->server));
        last = row;
    }
    if (is_full)
        snprintf(cursor, sizeof cursor, "%u.%u.%s", last->rank.health, last->rank.verified_players,
                 last->rank.id);
    return json_pack("{s:o,s:s?}", "servers", servers, "nextCursor", is_full ? cursor : NULL);
}

/* With a tag, or 304 to who has it. json: taken. */
static void answer_tagged(const struct directory *directory,
                          const struct muster_http_request *request, json_t *json) {
    uint8_t digest[TAG_BYTES];
    char etag[2 * TAG_BYTES + 3] = "\"";
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text) {
        refuse(directory, request->id, 503, "unavailable", "out of memory");
        return;
    }
    size_t len = strlen(text);
    crypto_generichash(digest, sizeof digest, (const uint8_t *)text, len, NULL, 0);
    sodium_bin2hex(etag + 1, sizeof etag - 1, digest, sizeof digest);
    strcat(etag, "\"");
    const struct muster_http_header headers[] = {{"etag", etag}, {"cache-control", "no-cache"}};
    const char *known =
        directory->host->http->header(directory->self, request->id, "if-none-match");
    bool is_same = negotiate_unchanged(known, etag);
    const struct muster_http_response response = {
        .size = sizeof response,
        .status = is_same ? 304 : 200,
        .content_type = is_same ? NULL : "application/json",
        .body = {is_same ? NULL : text, is_same ? 0 : len},
        .headers = headers,
        .header_count = 2};
    (void)directory->host->http->respond(directory->self, request->id, &response);
    free(text);
}

void list_get(void *user, const struct muster_http_request *request) {
    struct directory *directory = user;
    struct wish wish;
    char why[WHY_MAX];
    if (!directory->is_ready || !bring_up_to_date(directory))
        refuse(directory, request->id, 503, "unavailable", "the directory is not ready yet");
    else if (read_wish(request->query, &wish, why))
        answer_tagged(directory, request, write_page(directory, &wish));
    else
        refuse(directory, request->id, 400, "invalid_params", why);
}

/* NodeHealth. */
static json_t *write_health(const struct directory *directory, const struct server *server) {
    const struct muster_host_loop *loop = directory->host->loop;
    int64_t silent_ms = (int64_t)(loop->now_ms(directory->self) - server->beat_at_ms);
    json_t *metrics = json_object();
    for (uint32_t i = 0; i < DIRECTORY_METRICS; i++)
        json_object_set_new(metrics, directory_metrics[i], json_real(server->beat.metrics[i]));
    return json_pack("{s:s,s:s,s:o,s:I}", "nodeId", server->id, "status",
                     directory_health_words[health_of(server)], "metrics", metrics, "lastHeartbeat",
                     (json_int_t)(loop->unix_ms(directory->self) - silent_ms));
}

void list_get_one(struct directory *directory, struct server *server,
                  const struct muster_http_request *request) {
    if (!server || !is_listed(server)) {
        refuse(directory, request->id, 404, "not_found", "no such server is on the list");
        return;
    }
    json_t *json = write_server(server);
    json_object_set_new(json, "health", write_health(directory, server));
    json_object_set_new(json, "tickLatenessMs", json_real(server->beat.tick_lateness_ms));
    answer(directory, request->id, 200, json);
}
