/* http - the route table, requests to routes, problem answers, the deadline of answers.
 *
 * Owns the routes (of core and of plugins) and one small record for each request that awaits its
 * answer. net calls http_dispatch and http_closed; host adds plugins' routes.
 */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "dump.h"
#include "limit.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "party.h"
#include "protocol.h"
#include "registration.h"

#define ROUTES_MAX 1024
#define PATH_MAX_BYTES 256
#define METHOD_MAX_BYTES 8
#define PLACE_FLAGS (MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_PREFIX)
#define ROUTE_FLAGS (PLACE_FLAGS | MUSTER_ROUTE_TOKEN | MUSTER_ROUTE_BYTES)
#define ALLOW_MAX_BYTES 128
#define AUTH_ENTRIES 16384
#define API_PREFIX "/v1/"
#define AUTH_PREFIX "/v1/auth/"
#define JSON_TYPE "application/json"
#define BYTES_TYPE "application/octet-stream"
#define DEADLINE_SWEEP_MS 100
#define PROBLEM_TYPE "application/problem+json"

struct route {
    struct registration head; /* named "METHOD PLACE_FLAGS PATH" */
    char method[METHOD_MAX_BYTES];
    char path[PATH_MAX_BYTES];
    uint32_t path_len;
    uint32_t flags;
    uint32_t body_max_bytes; /* 0: http.bodyMaxBytes */
    muster_http_fn fn;
    void *user;
};

/* Requests with routes are answered in about the order they came, so the list is short to walk and
 * its head has the earliest deadline. */
struct pending {
    struct pending *next;
    muster_request_id id;
    uint64_t deadline_ms;
    struct party *party; /* who pays for the answer; null: nobody (admin address) */
};

static struct registrations routes = {
    .cap = ROUTES_MAX, .entry_size = sizeof(struct route), .when_full = MUSTER_FULL};
static struct pending *pending_head;
static struct pending **pending_tail = &pending_head;
static struct loop_timer *deadline_timer;
static struct limit_table *auth_limits;
static void (*guard_enter)(const void *owner);
static void (*guard_leave)(const void *owner);
static http_door_fn door;

/* ---- Routes ---- */

static bool path_valid(const char *path) {
    size_t len = strlen(path);
    return len >= 1 && len < PATH_MAX_BYTES && path[0] == '/';
}

/* HEAD is answered by GET. */
static bool method_valid(const char *method) {
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i], method) == 0) return true;
    return false;
}

static bool route_valid(const struct muster_route *route) {
    if (!route->method || !method_valid(route->method)) return false;
    if (!route->path || !path_valid(route->path)) return false;
    if (route->body_max_bytes > MUSTER_ROUTE_BODY_MAX) return false;
    bool locked = route->flags & MUSTER_ROUTE_TOKEN;
    return !(route->flags & ~ROUTE_FLAGS) && (!locked || route->flags & MUSTER_ROUTE_ADMIN);
}

muster_status http_route_add(const void *owner, const struct muster_route *wanted,
                             muster_http_fn fn, void *user, muster_route_id *out) {
    if (!fn || !route_valid(wanted)) return MUSTER_INVALID;
    char name[METHOD_MAX_BYTES + PATH_MAX_BYTES + 4];
    void *entry;
    uint32_t place = wanted->flags & PLACE_FLAGS;
    snprintf(name, sizeof name, "%s %u %s", wanted->method, place, wanted->path);
    muster_status status = registration_add(&routes, owner, name, &entry);
    if (status) return status;
    struct route *route = entry;
    route->path_len = (uint32_t)strlen(wanted->path);
    route->flags = wanted->flags;
    route->body_max_bytes = wanted->body_max_bytes;
    route->fn = fn;
    route->user = user;
    snprintf(route->method, sizeof route->method, "%s", wanted->method);
    snprintf(route->path, sizeof route->path, "%s", wanted->path);
    if (out) out->value = route->head.id;
    return MUSTER_OK;
}

muster_status http_route_remove(const void *owner, muster_route_id id) {
    const struct route *route = registration_get(&routes, id.value);
    if (!route || route->head.owner != owner) return MUSTER_NOT_FOUND;
    registration_remove(&routes, id.value);
    return MUSTER_OK;
}

void http_set_call_guard(void (*enter)(const void *owner), void (*leave)(const void *owner)) {
    guard_enter = enter;
    guard_leave = leave;
}

/* How well a route fits a path: 0 not at all, else more for a longer one, most for an exact one. */
static uint32_t route_fit(const struct route *route, const char *path) {
    if (strcmp(route->path, path) == 0) return PATH_MAX_BYTES;
    if (!(route->flags & MUSTER_ROUTE_PREFIX)) return 0;
    if (strncmp(route->path, path, route->path_len) != 0) return 0;
    bool whole = route->path[route->path_len - 1] == '/' || path[route->path_len] == '/';
    return whole ? route->path_len : 0;
}

static void allow_append(char *allow, const char *method) {
    size_t len = strlen(allow);
    snprintf(allow + len, ALLOW_MAX_BYTES - len, "%s%s", len > 0 ? ", " : "", method);
}

/* The best path decides, then the method: a GET of a longer prefix does not hide behind a shorter
 * one's POST. allow lists the methods of that path. */
static struct route *route_find(const char *method, const char *path, bool admin, char *allow) {
    uint64_t id = 0;
    uint32_t best = 0;
    struct route *route = NULL;
    struct route *found = NULL;
    while ((route = registration_next(&routes, &id))) {
        if (admin != ((route->flags & MUSTER_ROUTE_ADMIN) != 0)) continue;
        uint32_t fit = route_fit(route, path);
        if (fit == 0 || fit < best || !registration_in_force(&route->head)) continue;
        if (fit > best) {
            best = fit;
            found = NULL;
            allow[0] = '\0';
        }
        allow_append(allow, route->method);
        if (strcmp(route->method, "GET") == 0) allow_append(allow, "HEAD");
        if (strcmp(route->method, method) == 0) found = route;
    }
    return found;
}

uint32_t http_body_max(const char *method, const char *path, bool admin) {
    char allow[ALLOW_MAX_BYTES] = "";
    const struct route *route = route_find(method, path, admin, allow);
    return route && route->body_max_bytes ? route->body_max_bytes
                                          : config_core->http.body_max_bytes;
}

/* ---- Requests ---- */

static void on_deadlines(void *user);

/* Takes the party. */
static void pending_add(muster_request_id id, struct party *party) {
    struct pending *pending = calloc(1, sizeof *pending);
    if (!pending) { /* answered without a deadline */
        party_release(party);
        return;
    }
    pending->id = id;
    pending->party = party;
    pending->deadline_ms = loop_now_ms() + config_core->http.handler_timeout_ms;
    *pending_tail = pending;
    pending_tail = &pending->next;
    if (!deadline_timer) {
        deadline_timer = loop_timer_start(DEADLINE_SWEEP_MS, DEADLINE_SWEEP_MS, on_deadlines, NULL);
    }
}

struct party *http_hand_over(muster_request_id id) {
    struct pending **at = &pending_head;
    while (*at && !MUSTER_ID_SAME((*at)->id, id)) at = &(*at)->next;
    struct pending *pending = *at;
    if (!pending) return NULL;
    *at = pending->next;
    if (!pending->next) pending_tail = at;
    struct party *party = pending->party;
    free(pending);
    return party;
}

/* An answer of so many bytes has been given, or nobody waits for it any more. */
static void pending_remove(muster_request_id id, uint64_t answer_bytes) {
    struct party *party = http_hand_over(id);
    party_charge(party, PARTY_STRANGER, party_price(answer_bytes, 0));
    party_release(party);
}

static void on_deadlines(void *user) {
    (void)user;
    while (pending_head && pending_head->deadline_ms <= loop_now_ms()) {
        muster_request_id id = pending_head->id;
        pending_remove(id, 0);
        log_warn("http", "a request was not answered in time");
        (void)http_problem(id, 504, "timeout", "the request was not answered in time");
    }
    if (pending_head) return;
    loop_timer_stop(deadline_timer);
    deadline_timer = NULL;
}

void http_closed(muster_request_id id) {
    pending_remove(id, 0);
    http_stream_closed(id);
}

static bool auth_allowed(const char *address, uint32_t *retry_after_ms) {
    if (!auth_limits) {
        auth_limits =
            limit_table_create(AUTH_ENTRIES, (double)config_core->http.auth_per_minute / 60.0,
                               (double)config_core->http.auth_burst);
    }
    *retry_after_ms = 1000;
    return auth_limits && limit_table_take(auth_limits, address, loop_now_ms(), retry_after_ms);
}

static json_t *problem_json(uint32_t status, const char *code, const char *detail);
static muster_status respond_text(muster_request_id id, uint32_t status, const char *type,
                                  json_t *json, const struct muster_http_header *header);
static muster_status problem_with_header(muster_request_id id, uint32_t status, const char *code,
                                         const char *detail,
                                         const struct muster_http_header *header);

/* net closes the connection with a 429, so that refusing stays cheap. */
static void refuse_rate(muster_request_id id, uint32_t retry_after_ms) {
    metrics_add(METRIC_DROP_RATELIMIT, 1);
    char seconds[16];
    const struct muster_http_header header = {"retry-after", seconds};
    snprintf(seconds, sizeof seconds, "%u", retry_after_ms / 1000 + 1);
    (void)problem_with_header(id, 429, "rate_limited", "too many requests of this address",
                              &header);
}

static void call(struct route *route, const struct muster_http_request *request,
                 struct party *party) {
    const void *owner = route->head.owner;
    uint64_t begin_us = party ? loop_cpu_us() : 0;
    pending_add(request->id, party ? party_hold(party) : NULL);
    if (owner && guard_enter) guard_enter(owner);
    route->fn(route->user, request); /* the route may be gone afterwards */
    if (owner && guard_leave) guard_leave(owner);
    if (party) party_charge(party, PARTY_STRANGER, party_price(0, loop_cpu_us() - begin_us));
}

/* What a browser asks before it sends such a request for a page of a listed origin. */
static void answer_preflight(muster_request_id id, const char *allow) {
    const struct muster_http_header headers[] = {
        {"access-control-allow-methods", allow},
        {"access-control-allow-headers", "authorization, content-type, if-none-match, *"},
        {"access-control-max-age", "600"},
    };
    const struct muster_http_response response = {
        .size = sizeof response, .status = 204, .headers = headers, .header_count = 3};
    (void)http_respond(id, &response);
}

static void answer(const struct net_http_request *net_request, struct party *party) {
    struct muster_http_request request = net_request->request;
    char allow[ALLOW_MAX_BYTES] = "";
    if (strcmp(request.method, "HEAD") == 0) request.method = "GET"; /* net leaves out the body */
    struct route *route = route_find(request.method, request.path, net_request->admin, allow);
    bool listed = net_request->origin == NET_ORIGIN_LISTED;
    if (route && (route->flags & MUSTER_ROUTE_TOKEN) && !http_admit(request.id)) {
        (void)http_problem(request.id, 401, "unauthenticated", "expected the admin token");
    } else if (route) {
        call(route, &request, party);
    } else if (allow[0] != '\0' && listed && strcmp(request.method, "OPTIONS") == 0) {
        answer_preflight(request.id, allow);
    } else if (allow[0] != '\0') {
        const struct muster_http_header header = {"allow", allow};
        (void)problem_with_header(request.id, 405, "method_not_allowed",
                                  "the path does not take this method", &header);
    } else {
        (void)http_problem(request.id, 404, "not_found", "there is nothing at this path");
    }
}

static bool is_below(const char *prefix, const char *path) {
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

static bool is_type(const char *content_type, const char *wanted) {
    size_t len = strcspn(content_type, "; \t");
    return len == strlen(wanted) && strncasecmp(content_type, wanted, len) == 0;
}

/* Where no route takes the method either type is let through, to be told that. */
static const char *type_wanted(const struct net_http_request *net_request, const char *given) {
    const struct muster_http_request *request = &net_request->request;
    char allow[ALLOW_MAX_BYTES] = "";
    const struct route *route =
        route_find(request->method, request->path, net_request->admin, allow);
    bool bytes = route ? route->flags & MUSTER_ROUTE_BYTES : is_type(given, BYTES_TYPE);
    return bytes ? BYTES_TYPE : JSON_TYPE;
}

/* A page of another origin can make a browser send a request that changes something, but not one
 * with either type without asking before; and it cannot hide where it comes from. */
static bool refuse_page(const struct net_http_request *net_request) {
    const struct muster_http_request *request = &net_request->request;
    bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    if (reads || !is_below(API_PREFIX, request->path)) return false;
    if (net_request->origin == NET_ORIGIN_FOREIGN) {
        (void)http_problem(request->id, 403, "origin_refused",
                           net_origin_refusal(net_request->admin));
        return true;
    }
    if (request->body.len == 0) return false;
    const char *given = net_http_header(request->id, "content-type");
    const char *wanted = type_wanted(net_request, given);
    if (is_type(given, wanted)) return false;
    char why[64];
    snprintf(why, sizeof why, "expected Content-Type: %s", wanted);
    (void)http_problem(request->id, 415, "type_not_supported", why);
    return true;
}

void http_set_door(http_door_fn fn) {
    door = fn;
}

/* True: it was answered. */
static bool shut_out(const struct muster_http_request *request) {
    json_t *data = NULL;
    const char *why = door ? door(request->address, request->path, &data) : NULL;
    if (!why) return false;
    json_t *problem = problem_json(403, "banned", why);
    json_object_update(problem, data);
    json_decref(data);
    (void)respond_text(request->id, 403, PROBLEM_TYPE, problem, NULL);
    return true;
}

void http_dispatch(const struct net_http_request *net_request) {
    const struct muster_http_request *request = &net_request->request;
    uint32_t retry_after_ms = 0;
    metrics_add(METRIC_HTTP_REQUESTS, 1);
    if (refuse_page(net_request)) return;
    if (net_request->admin) {
        answer(net_request, NULL);
        return;
    }
    struct party *party = party_hold_address(request->address);
    bool signs_in = is_below(AUTH_PREFIX, request->path);
    if (!party_take(party, PARTY_STRANGER, &retry_after_ms))
        refuse_rate(request->id, retry_after_ms);
    else if (signs_in && shut_out(request))
        metrics_add(METRIC_AUTH_FAILURES, 1);
    else if (signs_in && !auth_allowed(request->address, &retry_after_ms))
        refuse_rate(request->id, retry_after_ms);
    else
        answer(net_request, party);
    /* What it might have had to send anyway is not counted. */
    if (request->body.len > config_core->http.body_max_bytes)
        party_charge(party, PARTY_STRANGER, party_price(request->body.len, 0));
    party_release(party);
}

/* ---- Answers ---- */

muster_status http_respond(muster_request_id id, const struct muster_http_response *response) {
    pending_remove(id, response->body.len);
    return net_http_respond(id, response);
}

static muster_status respond_text(muster_request_id id, uint32_t status, const char *type,
                                  json_t *json, const struct muster_http_header *header) {
    size_t len;
    char *text = dump_json(json, &len);
    json_decref(json);
    const struct muster_http_response response = {
        .size = sizeof response,
        .status = text ? status : 500,
        .content_type = text ? type : NULL,
        .body = {text, len},
        .headers = header,
        .header_count = header ? 1 : 0,
    };
    muster_status answer = http_respond(id, &response);
    free(text);
    return answer;
}

muster_status http_respond_json(muster_request_id id, uint32_t status, json_t *json) {
    static const struct muster_http_header fresh = {"cache-control", "no-store"};
    return respond_text(id, status, JSON_TYPE, json, &fresh);
}

static json_t *problem_json(uint32_t status, const char *code, const char *detail) {
    return json_pack("{s:s, s:s, s:i, s:o, s:s}", "type", "about:blank", "title",
                     net_http_reason(status), "status", (int)status, "detail", rpc_text(detail),
                     "code", code);
}

static muster_status problem_with_header(muster_request_id id, uint32_t status, const char *code,
                                         const char *detail,
                                         const struct muster_http_header *header) {
    return respond_text(id, status, PROBLEM_TYPE, problem_json(status, code, detail), header);
}

muster_status http_problem(muster_request_id id, uint32_t status, const char *code,
                           const char *detail) {
    return problem_with_header(id, status, code, detail, NULL);
}

void http_deinit(void) {
    while (pending_head) pending_remove(pending_head->id, 0);
    http_stream_deinit();
    loop_timer_stop(deadline_timer);
    deadline_timer = NULL;
    limit_table_destroy(auth_limits);
    auth_limits = NULL;
    registration_deinit(&routes);
    guard_enter = guard_leave = NULL;
    door = NULL;
}
