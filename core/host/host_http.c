/* host->http and host->ws. */
#include <stdlib.h>

#include "host_internal.h"
#include "http.h"

/* ---- routes ---------------------------------------------------------------------------------- */

static muster_status route_add_fn(muster_self *self, const struct muster_route *route,
                                  muster_http_fn fn, void *user, muster_route_id *out) {
    HOST_CHECK_OPEN(self);
    struct muster_route full;
    if (!ABI_COPY_IN(self, muster_route, &full, route) || !fn) return MUSTER_INVALID;
    muster_route_id id;
    muster_status status = http_route_add(self, &full, fn, user, &id);
    if (!status && out) *out = id;
    return status;
}

static muster_status route_remove_fn(muster_self *self, muster_route_id id) {
    HOST_CHECK_THREAD(self);
    return http_route_remove(self, id);
}

static const char *header_fn(muster_self *self, muster_request_id id, const char *name) {
    if (!host_on_loop(self, __func__) || !name) return "";
    return net_http_header(id, name);
}

static muster_request_id answered_last;

/* The client may have gone at any time; an answer after an answer is the plugin's fault, which is
 * known of the one before. */
static muster_status answered(muster_self *self, muster_request_id id, muster_status status) {
    if (status == MUSTER_NOT_FOUND && id.value && MUSTER_ID_SAME(id, answered_last))
        plugin_fault(self, "a request was answered twice");
    if (status == MUSTER_OK) answered_last = id;
    return status;
}

static muster_status respond_fn(muster_self *self, muster_request_id id,
                                const struct muster_http_response *response) {
    HOST_CHECK_THREAD(self);
    struct muster_http_response full;
    if (!ABI_COPY_IN(self, muster_http_response, &full, response)) return MUSTER_INVALID;
    return answered(self, id, http_respond(id, &full));
}

static muster_status problem_fn(muster_self *self, muster_request_id id, uint32_t status,
                                const char *code, const char *detail) {
    HOST_CHECK_THREAD(self);
    if (!code || !detail) return MUSTER_INVALID;
    return answered(self, id, http_problem(id, status, code, detail));
}

/* ---- clients --------------------------------------------------------------------------------- */

struct fetch {
    struct handle handle;
    struct net_client *client;
    void (*fn)(void *user, const struct muster_http_result *result);
    void *user;
};

static void on_fetched(void *user, const struct muster_http_result *result) {
    struct fetch copy = *(struct fetch *)user;
    struct muster_self *owner = copy.handle.resource.owner;
    host_handle_close(&((struct fetch *)user)->handle);
    free(user);
    plugin_enter(owner, "http.fetched");
    copy.fn(copy.user, result);
    plugin_leave();
}

static void close_fetch(struct resource *resource) {
    struct fetch *fetch = (struct fetch *)resource;
    const struct muster_http_result closed = {.size = sizeof closed, .status = MUSTER_CLOSED};
    net_client_close(fetch->client);
    on_fetched(fetch, &closed);
}

static const struct resource_kind fetch_kind = {"HTTP request", close_fetch, true};

static muster_status fetch_fn(muster_self *self, const struct muster_http_fetch *request,
                              void (*fn)(void *user, const struct muster_http_result *result),
                              void *user, muster_fetch_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    struct muster_http_fetch full;
    if (!ABI_COPY_IN(self, muster_http_fetch, &full, request) || !fn) return MUSTER_INVALID;
    if (!full.url || !full.method) return MUSTER_INVALID;
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch) return MUSTER_NO_MEMORY;
    fetch->fn = fn;
    fetch->user = user;
    muster_status status = host_handle_open(self, &fetch->handle, &fetch_kind);
    if (status) {
        free(fetch);
        return status;
    }
    muster_fetch_id id = {fetch->handle.id};
    status = net_fetch(&full, on_fetched, fetch, &fetch->client);
    if (status) {
        host_handle_close(&fetch->handle);
        free(fetch);
        return status;
    }
    if (out) *out = id;
    return MUSTER_OK;
}

/* The connection ends now, its plugin is told in the next turn. */
static muster_status handle_cancel(struct handle *handle, struct net_client **client) {
    muster_status status = resource_cancel(&handle->resource);
    if (status) return status;
    net_client_close(*client);
    *client = NULL;
    return MUSTER_OK;
}

static muster_status fetch_cancel_fn(muster_self *self, muster_fetch_id id) {
    HOST_CHECK_THREAD(self);
    struct fetch *fetch = host_handle_find(self, id.value, &fetch_kind);
    return fetch ? handle_cancel(&fetch->handle, &fetch->client) : MUSTER_NOT_FOUND;
}

const struct muster_host_http host_http_group = {
    .size = sizeof host_http_group,
    .route_add = route_add_fn,
    .route_remove = route_remove_fn,
    .respond = respond_fn,
    .problem = problem_fn,
    .fetch = fetch_fn,
    .fetch_cancel = fetch_cancel_fn,
    .header = header_fn,
};

struct ws {
    struct handle handle;
    struct net_client *client;
    struct muster_ws_handler handler;
    void *user;
};

static void on_ws_open(void *user) {
    struct ws *ws = user;
    plugin_enter(ws->handle.resource.owner, "ws.open");
    ws->handler.open(ws->user);
    plugin_leave();
}

static void on_ws_message(void *user, uint32_t binary, struct muster_bytes data) {
    struct ws *ws = user;
    plugin_enter(ws->handle.resource.owner, "ws.message");
    ws->handler.message(ws->user, binary, data);
    plugin_leave();
}

static void on_ws_close(void *user, muster_status status) {
    struct ws copy = *(struct ws *)user;
    host_handle_close(&((struct ws *)user)->handle);
    free(user);
    plugin_enter(copy.handle.resource.owner, "ws.close");
    copy.handler.close(copy.user, status);
    plugin_leave();
}

static void close_ws(struct resource *resource) {
    struct ws *ws = (struct ws *)resource;
    net_client_close(ws->client);
    on_ws_close(ws, MUSTER_CLOSED);
}

static const struct resource_kind ws_kind = {"WebSocket", close_ws, false};

static const struct muster_ws_handler ws_handler = {
    .size = sizeof ws_handler, .open = on_ws_open, .message = on_ws_message, .close = on_ws_close};

static muster_status ws_open_fn(muster_self *self, const char *url, const char *subprotocol,
                                const struct muster_ws_handler *handler, void *user,
                                muster_ws_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    struct muster_ws_handler full;
    if (!ABI_COPY_IN(self, muster_ws_handler, &full, handler) || !out) return MUSTER_INVALID;
    if (!url || !full.open || !full.message || !full.close) return MUSTER_INVALID;
    struct ws *ws = calloc(1, sizeof *ws);
    if (!ws) return MUSTER_NO_MEMORY;
    ws->handler = full;
    ws->user = user;
    muster_status status = host_handle_open(self, &ws->handle, &ws_kind);
    if (status) {
        free(ws);
        return status;
    }
    out->value = ws->handle.id;
    status = net_ws_connect(url, subprotocol, &ws_handler, ws, &ws->client);
    if (status) {
        host_handle_close(&ws->handle);
        free(ws);
    }
    return status;
}

static muster_status ws_send_fn(muster_self *self, muster_ws_id id, uint32_t binary,
                                struct muster_bytes data) {
    HOST_CHECK_THREAD(self);
    struct ws *ws = host_handle_find(self, id.value, &ws_kind);
    return ws ? net_ws_send(ws->client, binary, data) : MUSTER_NOT_FOUND;
}

static muster_status ws_close_fn(muster_self *self, muster_ws_id id) {
    HOST_CHECK_THREAD(self);
    struct ws *ws = host_handle_find(self, id.value, &ws_kind);
    return ws ? handle_cancel(&ws->handle, &ws->client) : MUSTER_NOT_FOUND;
}

const struct muster_host_ws host_ws_group = {
    .size = sizeof host_ws_group,
    .open = ws_open_fn,
    .send = ws_send_fn,
    .close = ws_close_fn,
};
