#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "limit.h"
#include "loop.h"
#include "metrics.h"

#define ROUTES_MAX 512
#define PATH_BYTES_MAX 128
#define DEADLINE_TICK_MS 250
#define AUTH_PREFIX "/v1/auth/"
#define AUTH_ADDRESSES 4096

struct route {
    muster_route_id id;
    const void *owner;
    char method[8];
    char path[PATH_BYTES_MAX];
    uint32_t flags;
    muster_http_fn fn;
    void *user;
};

/* A request that was handed to a handler and is not answered yet. */
struct waiting {
    struct waiting *next;
    muster_request_id id;
    uint64_t deadline_ms;
};

static struct {
    struct route routes[ROUTES_MAX];
    uint32_t route_count;
    muster_route_id last_id;
    struct waiting *waiting;
    struct loop_timer *timer;
    struct limit_table *auth_limit;
    void (*enter)(const void *owner);
    void (*leave)(const void *owner);
    bool (*supersedes)(const void *newer, const void *older);
} http;

void http_set_call_guard(void (*enter)(const void *owner), void (*leave)(const void *owner)) {
    http.enter = enter;
    http.leave = leave;
}

void http_set_supersedes(bool (*fn)(const void *newer, const void *older)) {
    http.supersedes = fn;
}

/* ---- routes ---------------------------------------------------------------------------------- */

static bool method_known(const char *method) {
    static const char *const known[] = {"GET", "POST", "PUT", "DELETE"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], method) == 0) return true;
    return false;
}

static bool same_place(const struct route *route, const char *method, const char *path,
                       uint32_t flags) {
    return strcmp(route->method, method) == 0 && strcmp(route->path, path) == 0 &&
           route->flags == flags;
}

muster_status http_route_add(const void *owner, const char *method, const char *path,
                             uint32_t flags, muster_http_fn fn, void *user, muster_route_id *out) {
    if (!method_known(method) || path[0] != '/' || strlen(path) >= PATH_BYTES_MAX ||
        (flags & ~(MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_PREFIX)))
        return MUSTER_INVALID;
    for (uint32_t i = 0; i < http.route_count; i++) {
        const struct route *present = &http.routes[i];
        bool yields = http.supersedes && http.supersedes(owner, present->owner);
        if (same_place(present, method, path, flags) && !yields) return MUSTER_EXISTS;
    }
    if (http.route_count == ROUTES_MAX) return MUSTER_LIMIT;
    struct route *route = &http.routes[http.route_count++];
    *route = (struct route){
        .id = ++http.last_id, .owner = owner, .flags = flags, .fn = fn, .user = user};
    snprintf(route->method, sizeof route->method, "%s", method);
    snprintf(route->path, sizeof route->path, "%s", path);
    *out = route->id;
    return MUSTER_OK;
}

static void remove_at(uint32_t i) {
    http.route_count--;
    memmove(&http.routes[i], &http.routes[i + 1], (http.route_count - i) * sizeof http.routes[0]);
}

muster_status http_route_remove(const void *owner, muster_route_id id) {
    for (uint32_t i = 0; i < http.route_count; i++) {
        if (http.routes[i].id != id || http.routes[i].owner != owner) continue;
        remove_at(i);
        return MUSTER_OK;
    }
    return MUSTER_NOT_FOUND;
}

void http_route_remove_owner(const void *owner) {
    for (uint32_t i = http.route_count; i-- > 0;)
        if (http.routes[i].owner == owner) remove_at(i);
}

/* Length of the route's path if it covers `path`, exact ones counting one more; 0 if not. */
static size_t match_length(const struct route *route, const char *path) {
    size_t len = strlen(route->path);
    if (strcmp(route->path, path) == 0) return len + 1;
    if (!(route->flags & MUSTER_ROUTE_PREFIX) || strncmp(route->path, path, len) != 0) return 0;
    bool at_border = route->path[len - 1] == '/' || path[len] == '/';
    return at_border ? len : 0;
}

/* The best route for the path; of equal ones the oldest, so that a reload changes over at the
 * swap. allowed: the methods of that path, for 405. */
static const struct route *find_route(const struct net_http_request *request, const char *method,
                                      char *allowed, size_t cap) {
    const struct route *best = NULL;
    size_t best_length = 0;
    allowed[0] = '\0';
    for (uint32_t i = 0; i < http.route_count; i++) {
        const struct route *route = &http.routes[i];
        if (!!(route->flags & MUSTER_ROUTE_ADMIN) != request->admin) continue;
        size_t length = match_length(route, request->request.path);
        if (!length) continue;
        if (!strstr(allowed, route->method)) {
            size_t at = strlen(allowed);
            snprintf(allowed + at, cap - at, "%s%s", at ? ", " : "", route->method);
        }
        if (strcmp(route->method, method) != 0 || length <= best_length) continue;
        best = route;
        best_length = length;
    }
    return best;
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool forget(muster_request_id id) {
    for (struct waiting **at = &http.waiting; *at; at = &(*at)->next) {
        struct waiting *waiting = *at;
        if (waiting->id != id) continue;
        *at = waiting->next;
        free(waiting);
        return true;
    }
    return false;
}

muster_status http_respond(muster_request_id id, const struct muster_http_response *response) {
    forget(id);
    return net_http_respond(id, response);
}

static muster_status respond_text(muster_request_id id, uint32_t status, const char *content_type,
                                  const char *text, const struct muster_http_header *headers,
                                  uint32_t header_count) {
    struct muster_http_response response = {
        .size = sizeof response,
        .status = status,
        .content_type = content_type,
        .body = {text, strlen(text)},
        .headers = headers,
        .header_count = header_count,
    };
    return http_respond(id, &response);
}

static muster_status respond_json(muster_request_id id, uint32_t status, const char *content_type,
                                  json_t *json, const struct muster_http_header *headers,
                                  uint32_t header_count) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text) return respond_text(id, 500, "text/plain", "out of memory\n", NULL, 0);
    muster_status result = respond_text(id, status, content_type, text, headers, header_count);
    free(text);
    return result;
}

muster_status http_respond_json(muster_request_id id, uint32_t status, json_t *json) {
    static const struct muster_http_header fresh[] = {{"cache-control", "no-store"}};
    return respond_json(id, status, "application/json", json, fresh, 1);
}

static const char *status_title(uint32_t status) {
    static const struct {
        uint32_t status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},       {401, "Unauthorized"},          {403, "Forbidden"},
        {404, "Not Found"},         {405, "Method Not Allowed"},    {409, "Conflict"},
        {411, "Length Required"},   {413, "Content Too Large"},     {415, "Unsupported Media Type"},
        {429, "Too Many Requests"}, {500, "Internal Server Error"}, {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (titles[i].status == status) return titles[i].title;
    return "Error";
}

/* RFC 9457. */
static json_t *problem_json(uint32_t status, const char *code, const char *detail) {
    return json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title", status_title(status),
                     "status", (int)status, "detail", detail, "code", code);
}

static muster_status problem_with(muster_request_id id, uint32_t status, const char *code,
                                  const char *detail, const char *header, const char *value) {
    struct muster_http_header headers[] = {{"cache-control", "no-store"}, {header, value}};
    return respond_json(id, status, "application/problem+json", problem_json(status, code, detail),
                        headers, header ? 2 : 1);
}

muster_status http_problem(muster_request_id id, uint32_t status, const char *code,
                           const char *detail) {
    return problem_with(id, status, code, detail, NULL, NULL);
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool auth_allowed(const struct muster_http_request *request) {
    uint32_t wait_ms = 0;
    if (strncmp(request->path, AUTH_PREFIX, sizeof AUTH_PREFIX - 1) != 0) return true;
    if (limit_table_take(http.auth_limit, request->address, loop_now_ms(), &wait_ms)) return true;
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", wait_ms / 1000 + 1);
    metrics_add(METRIC_DROP_RATELIMIT, 1);
    (void)problem_with(request->id, 429, "rate_limited", "too many requests from this address",
                       "retry-after", seconds);
    return false;
}

static bool watch(muster_request_id id) {
    struct waiting *waiting = malloc(sizeof *waiting);
    if (!waiting) return false;
    uint64_t timeout_ms = (uint64_t)config_int("http", "handlerTimeoutMs");
    *waiting = (struct waiting){http.waiting, id, loop_now_ms() + timeout_ms};
    http.waiting = waiting;
    return true;
}

static void call_handler(const struct route *route, const struct muster_http_request *request) {
    struct route copy = *route; /* a handler may remove routes */
    if (copy.owner && http.enter) http.enter(copy.owner);
    copy.fn(copy.user, request);
    if (copy.owner && http.leave) http.leave(copy.owner);
}

void http_dispatch(const struct net_http_request *request) {
    const struct muster_http_request *req = &request->request;
    const char *method = strcmp(req->method, "HEAD") == 0 ? "GET" : req->method;
    char allowed[64];
    const struct route *route = find_route(request, method, allowed, sizeof allowed);
    if (!route && allowed[0])
        (void)problem_with(req->id, 405, "method_not_allowed", "not with this method", "allow",
                           allowed);
    else if (!route)
        (void)http_problem(req->id, 404, "not_found", "nothing is here");
    else if (!watch(req->id))
        (void)http_problem(req->id, 503, "unavailable", "out of memory");
    else if (auth_allowed(req))
        call_handler(route, req);
}

void http_closed(muster_request_id id) {
    forget(id);
}

static void on_timer(void *user) {
    (void)user;
    uint64_t now_ms = loop_now_ms();
    for (struct waiting *w = http.waiting, *next; w; w = next) {
        next = w->next;
        if (w->deadline_ms <= now_ms)
            (void)http_problem(w->id, 504, "timeout", "the answer took too long");
    }
}

muster_status http_init(void) {
    http.auth_limit =
        limit_table_create(AUTH_ADDRESSES, (double)config_int("http", "authPerMinute") / 60.0,
                           (double)config_int("http", "authBurst"));
    http.timer = loop_timer_start(DEADLINE_TICK_MS, DEADLINE_TICK_MS, on_timer, NULL);
    return http.auth_limit && http.timer ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void http_deinit(void) {
    loop_timer_stop(http.timer);
    http.timer = NULL;
    while (http.waiting) forget(http.waiting->id);
    limit_table_destroy(http.auth_limit);
    http.auth_limit = NULL;
    http.route_count = 0;
}

/* ---- query ----------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Decodes the value up to '&'; false: too long, a broken escape, or a control character. */
static bool decode_value(const char *at, char *out, uint32_t cap) {
    uint32_t len = 0;
    for (; *at && *at != '&'; at++) {
        int c = *at == '+' ? ' ' : (unsigned char)*at;
        if (*at == '%') {
            int high = hex_digit(at[1]);
            int low = high < 0 ? -1 : hex_digit(at[2]);
            if (low < 0) return false;
            c = high << 4 | low;
            at += 2;
        }
        if (c < 32 || len + 1 >= cap) return false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return true;
}

bool http_query(const struct muster_http_request *request, const char *name, char *out,
                uint32_t cap) {
    size_t len = strlen(name);
    for (const char *at = request->query; at; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return decode_value(at + len + 1, out, cap);
    }
    return false;
}
