/* http.c - routes that a test calls, and the answers that fetch gets. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define ANSWER_TIMEOUT_MS 30000u
#define FETCH_MS_MAX 60000u
#define METHOD_BYTES_MAX 12u
#define PATH_BYTES_MAX 256u

struct pending { /* the one request a test waits for */
    muster_request_id id;
    bool answered;
    struct testkit_response response;
};

/* ---- routes --------------------------------------------------------------------------------- */

static struct route *route_find(struct testkit *kit, const char *method, const char *path) {
    struct route *route, *best = NULL;
    DL_FOREACH(kit->routes, route) {
        size_t len = strlen(route->path);
        if (strcmp(route->method, method) != 0) continue;
        if (strcmp(route->path, path) == 0) return route;
        bool below = strncmp(route->path, path, len) == 0 &&
                     (path[len] == '/' || (len > 0 && route->path[len - 1] == '/'));
        if (route->flags & MUSTER_ROUTE_PREFIX && below && (!best || len > strlen(best->path)))
            best = route;
    }
    return best;
}

static bool route_valid(const char *method, const char *path, uint32_t flags) {
    return method && method[0] && strlen(method) < METHOD_BYTES_MAX && path && path[0] == '/' &&
           strlen(path) < PATH_BYTES_MAX && !(flags & ~(MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_PREFIX));
}

static muster_status route_add(muster_self *self, const char *method, const char *path,
                               uint32_t flags, muster_http_fn fn, void *user,
                               muster_route_id *out) {
    struct route *other;
    KIT_ON_LOOP(self);
    if (!fn || !route_valid(method, path, flags)) return MUSTER_INVALID;
    DL_FOREACH(self->kit->routes, other) {
        if (strcmp(other->method, method) == 0 && strcmp(other->path, path) == 0 &&
            other->flags == flags)
            return MUSTER_EXISTS;
    }
    struct route *route = kit_alloc(sizeof(*route));
    *route = (struct route){.id = self->kit->next_id++,
                            .owner = self,
                            .method = kit_copy(method),
                            .path = kit_copy(path),
                            .flags = flags,
                            .fn = fn,
                            .user = user};
    DL_APPEND(self->kit->routes, route);
    if (out) *out = route->id;
    return MUSTER_OK;
}

static void route_free(struct testkit *kit, struct route *route) {
    DL_DELETE(kit->routes, route);
    free(route->method);
    free(route->path);
    free(route);
}

static muster_status route_remove(muster_self *self, muster_route_id id) {
    struct route *route;
    KIT_ON_LOOP(self);
    DL_FOREACH(self->kit->routes, route) {
        if (route->id != id || route->owner != self) continue;
        route_free(self->kit, route);
        return MUSTER_OK;
    }
    return MUSTER_NOT_FOUND;
}

/* ---- answers -------------------------------------------------------------------------------- */

static muster_status answer_take(muster_self *self, muster_request_id id, struct pending **out) {
    if (kit_wrong_thread(self, "respond")) return MUSTER_THREAD;
    *out = self->kit->pending;
    if (!*out || (*out)->id != id) return MUSTER_NOT_FOUND;
    if ((*out)->answered) {
        kit_fault(self, "a request was answered twice");
        return MUSTER_NOT_FOUND;
    }
    (*out)->answered = true;
    return MUSTER_OK;
}

static void body_set(struct testkit *kit, struct pending *pending, const void *data, uint64_t len) {
    free(kit->response_body);
    kit->response_body = kit_alloc((size_t)len + 1);
    if (len) memcpy(kit->response_body, data, (size_t)len);
    pending->response.body = kit->response_body;
    pending->response.body_len = (uint32_t)len;
}

static muster_status http_respond(muster_self *self, muster_request_id id,
                                  const struct muster_http_response *response) {
    struct pending *pending;
    struct testkit *kit = self->kit;
    KIT_ON_LOOP(self);
    if (!response || response->size < sizeof(*response)) return MUSTER_INVALID;
    muster_status status = answer_take(self, id, &pending);
    if (status != MUSTER_OK) return status;
    struct testkit_response *out = &pending->response;
    out->status = response->status;
    body_set(kit, pending, response->body.data, response->body.len);
    snprintf(kit->response_type, sizeof(kit->response_type), "%s",
             response->content_type ? response->content_type : "");
    size_t used = 0;
    for (uint32_t i = 0; i < response->header_count && used < sizeof(out->headers); i++)
        used += (size_t)snprintf(out->headers + used, sizeof(out->headers) - used, "%s: %s\n",
                                 response->headers[i].name, response->headers[i].value);
    return MUSTER_OK;
}

static muster_status http_problem(muster_self *self, muster_request_id id, uint32_t status_code,
                                  const char *code, const char *detail) {
    struct pending *pending;
    struct testkit *kit = self->kit;
    muster_status status = answer_take(self, id, &pending);
    if (status != MUSTER_OK) return status;
    json_t *json =
        json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title", code, "status",
                  (int)status_code, "detail", detail ? detail : "", "code", code);
    char *text = json_dumps(json, JSON_COMPACT);
    pending->response.status = status_code;
    body_set(kit, pending, text, strlen(text));
    snprintf(kit->response_type, sizeof(kit->response_type), "application/problem+json");
    snprintf(kit->response_code, sizeof(kit->response_code), "%s", code);
    free(text);
    json_decref(json);
    return MUSTER_OK;
}

static bool is_answered(void *user) {
    return ((struct pending *)user)->answered;
}

static const char *or_empty(const char *text) {
    return text ? text : "";
}

static void request_fill(struct testkit *kit, struct muster_http_request *request) {
    request->size = sizeof(*request);
    request->id = kit->next_id++;
    request->query = or_empty(request->query);
    request->address = request->address ? request->address : "127.0.0.1";
    request->authorization = or_empty(request->authorization);
    request->if_none_match = or_empty(request->if_none_match);
    request->content_type = request->content_type ? request->content_type : "application/json";
    request->accept_encoding = or_empty(request->accept_encoding);
    request->user_agent = request->user_agent ? request->user_agent : "testkit";
}

struct testkit_response testkit_http_send(struct testkit *kit, struct muster_http_request request) {
    struct pending pending = {.response = {.status = 404}};
    struct route *route = route_find(kit, request.method, request.path);
    kit->response_type[0] = kit->response_code[0] = '\0';
    body_set(kit, &pending, NULL, 0);
    pending.response.content_type = kit->response_type;
    pending.response.code = kit->response_code;
    if (!route) return pending.response;
    request_fill(kit, &request);
    pending.id = request.id;
    pending.response.status = 0;
    kit->pending = &pending;
    route->fn(route->user, &request);
    testkit_wait(kit, is_answered, &pending, ANSWER_TIMEOUT_MS);
    kit->pending = NULL;
    return pending.response;
}

struct testkit_response testkit_http(struct testkit *kit, const char *method, const char *path,
                                     const char *body) {
    char *copy = kit_copy(path);
    char *query = strchr(copy, '?');
    if (query) *query++ = '\0';
    struct muster_http_request request = {
        .method = method, .path = copy, .query = query, .body = {body, body ? strlen(body) : 0}};
    struct testkit_response response = testkit_http_send(kit, request);
    free(copy);
    return response;
}

/* ---- fetch ---------------------------------------------------------------------------------- */

void testkit_fetch_answer(struct testkit *kit, uint32_t http_status, const char *body) {
    struct answer *answer = kit_alloc(sizeof(*answer));
    answer->http_status = http_status;
    answer->body = kit_copy(body);
    DL_APPEND(kit->answers, answer);
}

const char *testkit_fetch_last(struct testkit *kit) {
    return kit->fetch_last ? kit->fetch_last : "";
}

static muster_status http_fetch(muster_self *self, const struct muster_http_fetch *request,
                                void (*fn)(void *user, const struct muster_http_result *result),
                                void *user, muster_ticket_id *out) {
    struct testkit *kit = self->kit;
    KIT_STARTED(self);
    if (!request || request->size < sizeof(*request) || !fn) return MUSTER_INVALID;
    if (self->phase != PHASE_STARTED) return MUSTER_STATE; /* the network is not up */
    if (!request->method || !net_url_ok(request->url, "http") || request->timeout_ms < 1 ||
        request->timeout_ms > FETCH_MS_MAX)
        return MUSTER_INVALID;
    size_t cap = strlen(request->method) + strlen(request->url) + (size_t)request->body.len + 3;
    free(kit->fetch_last);
    kit->fetch_last = kit_alloc(cap);
    snprintf(kit->fetch_last, cap, "%s %s\n%.*s", request->method, request->url,
             (int)request->body.len, request->body.len ? (const char *)request->body.data : "");
    struct ticket *ticket = ticket_add(self, TICKET_FETCH);
    ticket->fetch = fn;
    ticket->user = user;
    ticket->answer = kit->answers;
    if (ticket->answer) DL_DELETE(kit->answers, ticket->answer);
    if (out) *out = ticket->id;
    return MUSTER_OK;
}

bool fetch_run(struct testkit *kit) {
    struct ticket *ticket;
    DL_FOREACH(kit->tickets, ticket) {
        if (ticket->kind == TICKET_FETCH) break;
    }
    if (!ticket) return false;
    struct answer *answer = ticket->answer;
    struct muster_http_result result = {.size = sizeof(result), .status = MUSTER_UNAVAILABLE};
    if (answer) {
        result.status = MUSTER_OK;
        result.http_status = answer->http_status;
        result.body = (struct muster_bytes){answer->body, strlen(answer->body)};
    }
    ticket->answer = NULL;
    void (*fn)(void *, const struct muster_http_result *) = ticket->fetch;
    void *user = ticket->user;
    ticket_free(kit, ticket);
    fn(user, &result);
    if (answer) free(answer->body);
    free(answer);
    return true;
}

uint32_t http_close(muster_self *self) {
    struct route *route, *next;
    struct ticket *ticket, *next_ticket;
    uint32_t open = 0;
    /* Routes are declarations: the host takes them away, they are no leak. */
    DL_FOREACH_SAFE(self->kit->routes, route, next) {
        if (route->owner == self) route_free(self->kit, route);
    }
    DL_FOREACH_SAFE(self->kit->tickets, ticket, next_ticket) {
        if (ticket->owner != self || ticket->kind != TICKET_FETCH) continue;
        kit_log.write(self, MUSTER_LOG_ERROR, "leak: a fetch");
        ticket_free(self->kit, ticket);
        open++;
    }
    return open;
}

void http_free(struct testkit *kit) {
    struct answer *answer, *next;
    DL_FOREACH_SAFE(kit->answers, answer, next) {
        DL_DELETE(kit->answers, answer);
        free(answer->body);
        free(answer);
    }
    free(kit->fetch_last);
    free(kit->response_body);
}

const struct muster_host_http kit_http = {
    .size = sizeof(kit_http),
    .route_add = route_add,
    .route_remove = route_remove,
    .respond = http_respond,
    .problem = http_problem,
    .fetch = http_fetch,
};
