/* service_lobbies - lobbies made over HTTP, seats in them held for players who are yet to come, and
 * lobbies that move to another node: what a tournament's site or a directory asks of a node. On the
 * admin address, for who has the admin token.
 */
#include "service_lobbies.h"

#include <muster/interfaces.h>
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>

#include "answers/answers.h"
#include "base/text.h"
#include "references.h"

#define LOBBIES_PATH "/v1/admin/lobbies"
#define LOBBY_PREFIX LOBBIES_PATH "/"
#define WHY_MAX 240
#define TICKET_MAX 2048

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_DURATION_S("holdS", 600, 1, 3600, MUSTER_LABEL("Seats are held"),
                                       MUSTER_HELP("A seat that its player has not entered by "
                                                   "then is free again.")));

/* A lobby that was asked for, until it is made. */
struct order {
    struct service *service;
    muster_request_id request;
    json_t *body;
    const char *reference; /* borrowed from it; "": none */
};

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Texts are borrowed from the body. */
struct seat {
    const char *player_id;
    const char *team;                      /* "": none */
    char display_name[MUSTER_DISPLAY_MAX]; /* as it is kept; "": none */
};

static bool is_reserved(const char *name) {
    struct text_guises guises = text_guises(name);
    return text_reserved(&guises) != TEXT_FREE;
}

static bool read_seat(json_t *json, struct seat *out, char why[WHY_MAX]) {
    json_error_t error;
    const char *name = "";
    char unfit[128];
    *out = (struct seat){.team = ""};
    if (json_unpack_ex(json, &error, JSON_STRICT, "{s:s,s?s,s?s}", "playerId", &out->player_id,
                       "displayName", &name, "team", &out->team) != 0) {
        snprintf(why, WHY_MAX, "%.200s", error.text);
        return false;
    }
    if (!name[0]) return true;
    bool good = text_name(name, out->display_name, unfit, sizeof unfit);
    if (!good)
        snprintf(why, WHY_MAX, "displayName: %s", unfit);
    else if (!(good = !is_reserved(out->display_name)))
        snprintf(why, WHY_MAX, "displayName: this name is kept for those who run the server");
    return good;
}

/* All of them: nothing is made of a list of which one is wrong. */
static bool check_seats(json_t *seats, char why[WHY_MAX]) {
    struct seat seat, other;
    char wrong[WHY_MAX] = "expected a list of at most 128 seats";
    if (!json_is_array(seats) || json_array_size(seats) > MUSTER_PEOPLE_MAX) {
        snprintf(why, WHY_MAX, "seats: %.200s", wrong);
        return false;
    }
    for (size_t i = 0; i < json_array_size(seats); i++) {
        bool good = read_seat(json_array_get(seats, i), &seat, wrong);
        for (size_t before = 0; good && before < i; before++) {
            (void)read_seat(json_array_get(seats, before), &other, wrong);
            good = strcmp(seat.player_id, other.player_id) != 0;
            snprintf(wrong, sizeof wrong, "this playerId stands there twice");
        }
        if (good) continue;
        snprintf(why, WHY_MAX, "seats[%zu]: %.200s", i, wrong);
        return false;
    }
    return true;
}

/* ---- seats ----------------------------------------------------------------------------------- */

/* INVALID: the lobby's mode has none of that name. */
static muster_status find_team(const struct service *service, const struct muster_lobby_info *lobby,
                               const char *name, uint32_t *out, char why[WHY_MAX]) {
    *out = MUSTER_TEAM_NONE;
    if (!name[0]) return MUSTER_OK;
    for (uint32_t team = 1; team <= lobby->team_count; team++) {
        const char *known = service->host->lobby->team_name(service->self, lobby->lobby, team);
        if (strcmp(known, name) != 0) continue;
        *out = team;
        return MUSTER_OK;
    }
    snprintf(why, WHY_MAX, "team: the lobby's mode has none that is called \"%.40s\"", name);
    return MUSTER_INVALID;
}

/* A signed ticket that is wanted, and what came of it. */
struct minting {
    muster_lobby_id lobby;
    struct muster_seat_wish *wish;
    muster_status status;
    char ticket[TICKET_MAX]; /* "": nobody mints any */
};

static void ask_ticket(void *user, const void *vtable, void *instance) {
    const struct muster_seat_tickets *tickets = vtable;
    struct minting *minting = user;
    struct muster_seat_wish *wish = minting->wish;
    minting->status = tickets->mint(instance, minting->lobby, wish->player_key, wish->display_name,
                                    wish->team, wish->hold_ms / 1000, &wish->ticket_issue,
                                    minting->ticket, sizeof minting->ticket);
}

/* Where no plugin mints them, players need what they sign in with otherwise. */
static muster_status mint(const struct service *service, struct minting *minting,
                          char why[WHY_MAX]) {
    muster_status status =
        service->host->interfaces->call(service->self, service->seat_tickets, ask_ticket, minting);
    if (status == MUSTER_UNAVAILABLE) return MUSTER_OK;
    if (!status) status = minting->status;
    if (status == MUSTER_INVALID)
        snprintf(why, WHY_MAX,
                 "playerId: expected 1 to 63 printable ASCII characters without blanks, not "
                 "\"bot:...\"");
    return status;
}

/* *out: its SeatTicket, a new reference. */
static muster_status hold(const struct service *service, const struct muster_lobby_info *lobby,
                          const struct seat *seat, json_t **out, char why[WHY_MAX]) {
    struct muster_seat_ticket ticket = {.size = sizeof ticket};
    struct muster_seat_wish wish = {.size = sizeof wish,
                                    .player_key = seat->player_id,
                                    .display_name = seat->display_name,
                                    .hold_ms = service->hold_ms};
    struct minting minting = {.lobby = lobby->lobby, .wish = &wish};
    muster_status status = find_team(service, lobby, seat->team, &wish.team, why);
    if (!status) status = mint(service, &minting, why);
    if (!status)
        status = service->host->lobby->seat_reserve(service->self, lobby->lobby, &wish, &ticket,
                                                    why, WHY_MAX);
    if (status) return status;
    int64_t expires_at_ms = service->host->loop->unix_ms(service->self) + (int64_t)service->hold_ms;
    *out = json_pack("{s:s,s:i,s:s,s:I,s:s*}", "playerId", seat->player_id, "seat",
                     (int)ticket.seat, "seatTicket", ticket.ticket, "expiresAt",
                     (json_int_t)expires_at_ms, "token", minting.ticket[0] ? minting.ticket : NULL);
    return MUSTER_OK;
}

static muster_status hold_all(const struct order *order, const struct muster_lobby_info *lobby,
                              json_t *tickets, char why[WHY_MAX]) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(order->body, "seats"), i, item) {
        struct seat seat;
        json_t *ticket = NULL;
        char wrong[WHY_MAX] = "";
        muster_status status = read_seat(item, &seat, wrong)
                                   ? hold(order->service, lobby, &seat, &ticket, wrong)
                                   : MUSTER_INVALID;
        json_array_append_new(tickets, ticket);
        if (status == MUSTER_OK) continue;
        snprintf(why, WHY_MAX, "seats[%zu]: %.200s", i, wrong);
        return status;
    }
    return MUSTER_OK;
}

/* ---- POST /v1/admin/lobbies ------------------------------------------------------------------ */

static void order_free(struct order *order) {
    json_decref(order->body);
    free(order);
}

/* A new one whole or not at all. */
static void seat_players(const struct order *order, muster_lobby_id id, bool is_new) {
    const struct service *service = order->service;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    char why[WHY_MAX] = "";
    json_t *tickets = json_array();
    muster_status status = service->host->lobby->get(service->self, id, &lobby);
    if (!status) status = hold_all(order, &lobby, tickets, why);
    if (!status && is_new)
        status = references_keep(service->self, service->host, id, order->reference);
    if (status) {
        if (is_new)
            (void)service->host->lobby->close(service->self, id, "not all seats could be held");
        refuse(service, order->request, status, why);
        json_decref(tickets);
        return;
    }
    answer_lobby(service, order->request, is_new ? 201 : 200, &lobby, tickets);
}

static void made(void *user, muster_status status, muster_lobby_id lobby, const char *reason) {
    struct order *order = user;
    const struct service *service = order->service;
    muster_lobby_id first;
    if (status) {
        refuse(service, order->request, status, reason);
    } else if (references_find(service->self, service->host, order->reference, &first)) {
        /* asked for twice at once */
        (void)service->host->lobby->close(service->self, lobby, "it is there already");
        seat_players(order, first, false);
    } else {
        seat_players(order, lobby, true);
    }
    order_free(order);
}

/* The plan borrows from the order; settings_json is to be freed. */
static bool read_plan(struct order *order, struct muster_lobby_plan *plan, char why[WHY_MAX]) {
    json_error_t error;
    json_t *settings = NULL, *seats = NULL;
    int is_private = 0;
    if (json_unpack_ex(order->body, &error, JSON_STRICT, "{s:s,s?s,s?s,s?o,s?b,s?o}", "gameMode",
                       &plan->game_mode, "reference", &order->reference, "region", &plan->region,
                       "settings", &settings, "isPrivate", &is_private, "seats", &seats) != 0) {
        snprintf(why, WHY_MAX, "%.200s", error.text);
        return false;
    }
    if (seats && !check_seats(seats, why)) return false;
    if (strlen(order->reference) >= REFERENCE_BYTES) {
        snprintf(why, WHY_MAX, "reference: expected at most %u bytes", REFERENCE_BYTES - 1);
        return false;
    }
    if (settings && !json_is_object(settings)) {
        snprintf(why, WHY_MAX, "settings: expected an object");
        return false;
    }
    plan->is_private = is_private != 0;
    plan->settings_json = settings ? json_dumps(settings, JSON_COMPACT) : NULL;
    return true;
}

/* OK: the order is answered, or will be, and freed. */
static muster_status fill_order(struct order *order, char why[WHY_MAX]) {
    const struct service *service = order->service;
    struct muster_lobby_plan plan = {.size = sizeof plan};
    muster_lobby_id known;
    if (!read_plan(order, &plan, why)) return MUSTER_INVALID;
    muster_status status = MUSTER_OK;
    if (references_find(service->self, service->host, order->reference, &known)) {
        seat_players(order, known, false);
        order_free(order);
    } else {
        status = service->host->lobby->create(service->self, &plan, made, order);
    }
    free((char *)plan.settings_json);
    return status;
}

static void post_lobby(void *user, const struct muster_http_request *request) {
    struct service *service = user;
    char why[WHY_MAX] = "";
    struct order *order = calloc(1, sizeof *order);
    if (!order) {
        refuse(service, request->id, MUSTER_NO_MEMORY, why);
        return;
    }
    *order = (struct order){service, request->id, answers_body(request, why, WHY_MAX), ""};
    muster_status status = order->body ? fill_order(order, why) : MUSTER_INVALID;
    if (status == MUSTER_OK) return;
    refuse(service, request->id, status, why);
    order_free(order);
}

/* ---- below a lobby --------------------------------------------------------------------------- */

/* The lobby of a path, and what stands behind its id. */
static muster_status find_lobby(const struct service *service, const char *path,
                                struct muster_lobby_info *out, const char **rest) {
    char key[MUSTER_PLAYER_KEY_MAX];
    muster_lobby_id id;
    path += sizeof LOBBY_PREFIX - 1;
    size_t len = strcspn(path, "/");
    *rest = path + len;
    if (len >= sizeof key) return MUSTER_NOT_FOUND;
    memcpy(key, path, len);
    key[len] = '\0';
    muster_status status = service->host->lobby->find(service->self, key, &id);
    return status ? status : service->host->lobby->get(service->self, id, out);
}

static void post_seat(const struct service *service, const struct muster_http_request *request,
                      const struct muster_lobby_info *lobby) {
    char why[WHY_MAX] = "";
    struct seat seat;
    json_t *ticket = NULL;
    json_t *body = answers_body(request, why, WHY_MAX);
    muster_status status = body && read_seat(body, &seat, why)
                               ? hold(service, lobby, &seat, &ticket, why)
                               : MUSTER_INVALID;
    if (status)
        refuse(service, request->id, status, why);
    else
        answer(service, request->id, 201, ticket);
    json_decref(body);
}

static void delete_lobby(const struct service *service, const struct muster_http_request *request,
                         const struct muster_lobby_info *lobby) {
    answer_done(service, request->id,
                service->host->lobby->close(service->self, lobby->lobby, "closed by an admin"));
}

static const struct {
    const char *rest;
    const char *method;
    const char *allow;
    void (*fn)(const struct service *service, const struct muster_http_request *request,
               const struct muster_lobby_info *lobby);
} acts[] = {
    {"", "DELETE", "DELETE", delete_lobby},    {"/seats", "POST", "POST", post_seat},
    {"/freeze", "POST", "POST", saved_freeze}, {"/thaw", "POST", "POST", saved_thaw},
    {"/state", "GET", "GET, HEAD", saved_get},
};

static void below(void *user, const struct muster_http_request *request) {
    const struct service *service = user;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    const char *rest;
    size_t i = 0, count = sizeof acts / sizeof acts[0];
    muster_status status = find_lobby(service, request->path, &lobby, &rest);
    while (i < count && strcmp(acts[i].rest, rest) != 0) i++;
    if (i < count && strcmp(acts[i].method, request->method) != 0)
        refuse_method(service, request->id, acts[i].allow);
    else if (i == count || status)
        refuse(service, request->id, MUSTER_NOT_FOUND, "no such lobby");
    else
        acts[i].fn(service, request, &lobby);
}

/* ---- life ------------------------------------------------------------------------------------ */

static const struct {
    const char *method;
    const char *path;
    uint32_t flags;
    uint32_t body_max_bytes;
    muster_http_fn fn;
} routes[] = {
    {"POST", LOBBIES_PATH, 0, 0, post_lobby},
    {"POST", LOBBY_PREFIX "state", MUSTER_ROUTE_BYTES, MUSTER_LOBBY_STATE_MAX, saved_post},
    {"GET", LOBBY_PREFIX, MUSTER_ROUTE_PREFIX, 0, below},
    {"POST", LOBBY_PREFIX, MUSTER_ROUTE_PREFIX, 0, below},
    {"DELETE", LOBBY_PREFIX, MUSTER_ROUTE_PREFIX, 0, below},
};

static muster_status add_routes(struct service *service) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct muster_route route = {.size = sizeof route,
                                           .flags = routes[i].flags | MUSTER_ROUTE_ADMIN |
                                                    MUSTER_ROUTE_TOKEN,
                                           .method = routes[i].method,
                                           .path = routes[i].path,
                                           .body_max_bytes = routes[i].body_max_bytes};
        muster_status status =
            service->host->http->route_add(service->self, &route, routes[i].fn, service, NULL);
        if (status == MUSTER_OK) continue;
        service->host->log->write(service->self, MUSTER_LOG_ERROR, "the route %s %s: %s",
                                  routes[i].method, routes[i].path, muster_status_text(status));
        return status;
    }
    return MUSTER_OK;
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    if (text_init() != MUSTER_OK) return MUSTER_INTERNAL;
    struct service *service = calloc(1, sizeof *service);
    if (!service) return MUSTER_NO_MEMORY;
    service->self = self;
    service->host = host;
    service->hold_ms = (uint32_t)host->config->integer(self, "holdS") * 1000;
    const struct muster_interface_wish tickets = {.size = sizeof tickets,
                                                  .major = MUSTER_SEAT_TICKETS_MAJOR,
                                                  .name = MUSTER_SEAT_TICKETS,
                                                  .vtable_size =
                                                      sizeof(struct muster_seat_tickets)};
    muster_status status = add_routes(service);
    if (!status) status = host->interfaces->subscribe(self, &tickets, NULL, &service->seat_tickets);
    if (status) {
        free(service);
        return status;
    }
    *instance = service;
    return MUSTER_OK;
}

static void plugin_fini(void *instance) {
    text_deinit();
    free(instance);
}

static const struct muster_service service_vtable = {.size = sizeof service_vtable};
static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service_vtable},
};

MUSTER_PLUGIN(.name = "service_lobbies", .version = "1.0.0",
              .description = "Lobbies made over HTTP, with seats held for their players.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .fini = plugin_fini);
