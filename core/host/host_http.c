/* host->http. */
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

/* ---- streams --------------------------------------------------------------------------------- */

struct stream {
    struct handle handle;
    muster_request_id request;
    void (*closed)(void *user, muster_status status);
    void *user;
};

static void stream_over(struct stream *stream, muster_status status) {
    const struct stream copy = *stream;
    host_handle_close(&stream->handle);
    free(stream);
    plugin_enter(copy.handle.resource.owner, "http.stream_closed");
    copy.closed(copy.user, status);
    plugin_leave();
}

static void on_client_gone(void *user) {
    stream_over(user, MUSTER_IO);
}

static void close_stream(struct resource *resource) {
    struct stream *stream = (struct stream *)resource;
    http_stream_end(stream->request, false); /* unless it has ended */
    stream_over(stream, MUSTER_CLOSED);
}

static const struct resource_kind stream_kind = {"streamed answer", close_stream, true};

static muster_status stream_begin_fn(muster_self *self, muster_request_id id,
                                     const struct muster_http_response *response,
                                     void (*closed)(void *user, muster_status status), void *user,
                                     muster_stream_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    struct muster_http_response full;
    if (!ABI_COPY_IN(self, muster_http_response, &full, response)) return MUSTER_INVALID;
    if (!closed || !out) return MUSTER_INVALID;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream) return MUSTER_NO_MEMORY;
    stream->request = id;
    stream->closed = closed;
    stream->user = user;
    muster_status status = host_handle_open(self, &stream->handle, &stream_kind);
    if (status) {
        free(stream);
        return status;
    }
    status = answered(self, id, http_stream_begin(id, &full, on_client_gone, stream));
    if (status) {
        host_handle_close(&stream->handle);
        free(stream);
        return status;
    }
    out->value = stream->handle.id;
    return MUSTER_OK;
}

static muster_status stream_send_fn(muster_self *self, muster_stream_id id,
                                    struct muster_bytes piece) {
    HOST_CHECK_THREAD(self);
    const struct stream *stream = host_handle_find(self, id.value, &stream_kind);
    if (!stream) return MUSTER_NOT_FOUND;
    if (piece.len > 0 && !piece.data) return MUSTER_INVALID;
    return http_stream_send(stream->request, piece);
}

static muster_status stream_end_fn(muster_self *self, muster_stream_id id) {
    HOST_CHECK_THREAD(self);
    struct stream *stream = host_handle_find(self, id.value, &stream_kind);
    muster_status status = stream ? resource_cancel(&stream->handle.resource) : MUSTER_NOT_FOUND;
    if (!status) http_stream_end(stream->request, true);
    return status;
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
    .stream_begin = stream_begin_fn,
    .stream_send = stream_send_fn,
    .stream_end = stream_end_fn,
};
