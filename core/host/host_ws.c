/* host->ws: connections to other servers, and WebSockets that a plugin serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"
#include "http.h"
#include "party.h"
#include "registration.h"

#define ENDPOINTS_MAX 256
#define PATH_MAX_BYTES 256
#define SUBPROTOCOL_MAX_BYTES 64

/* ---- connections to others ------------------------------------------------------------------- */

struct ws {
    struct handle handle;
    struct net_client *client;
    struct muster_ws_client wanted; /* its functions */
    void *user;
};

static void on_ws_open(void *user) {
    struct ws *ws = user;
    plugin_enter(ws->handle.resource.owner, "ws.open");
    ws->wanted.open(ws->user);
    plugin_leave();
}

static void on_ws_message(void *user, uint32_t binary, struct muster_bytes data) {
    struct ws *ws = user;
    plugin_enter(ws->handle.resource.owner, "ws.message");
    ws->wanted.message(ws->user, binary, data);
    plugin_leave();
}

static void on_ws_close(void *user, muster_status status, uint32_t code) {
    struct ws copy = *(struct ws *)user;
    host_handle_close(&((struct ws *)user)->handle);
    free(user);
    plugin_enter(copy.handle.resource.owner, "ws.close");
    copy.wanted.close(copy.user, status, code);
    plugin_leave();
}

static void close_ws(struct resource *resource) {
    struct ws *ws = (struct ws *)resource;
    net_client_close(ws->client);
    on_ws_close(ws, MUSTER_CLOSED, 0);
}

static const struct resource_kind ws_kind = {"WebSocket", close_ws, false};

static muster_status ws_open_fn(muster_self *self, const struct muster_ws_client *client,
                                void *user, muster_ws_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    struct muster_ws_client full;
    if (!ABI_COPY_IN(self, muster_ws_client, &full, client) || !out) return MUSTER_INVALID;
    if (!full.url || !full.open || !full.message || !full.close) return MUSTER_INVALID;
    struct ws *ws = calloc(1, sizeof *ws);
    if (!ws) return MUSTER_NO_MEMORY;
    ws->wanted = full;
    ws->user = user;
    muster_status status = host_handle_open(self, &ws->handle, &ws_kind);
    if (status) {
        free(ws);
        return status;
    }
    out->value = ws->handle.id;
    full.open = on_ws_open;
    full.message = on_ws_message;
    full.close = on_ws_close;
    status = net_ws_connect(&full, ws, &ws->client);
    if (status) {
        host_handle_close(&ws->handle);
        free(ws);
    }
    return status;
}

/* ---- what a plugin serves -------------------------------------------------------------------- */

struct endpoint {
    struct registration head; /* named "flags PATH", without MUSTER_ROUTE_TOKEN */
    struct muster_ws_server server;
    char path[PATH_MAX_BYTES];
    char subprotocol[SUBPROTOCOL_MAX_BYTES];
    void *user;
};

static struct registrations endpoints = {
    .cap = ENDPOINTS_MAX, .entry_size = sizeof(struct endpoint), .when_full = MUSTER_FULL};

/* One client of it. */
struct visitor {
    struct handle handle;
    conn_id conn;
    struct muster_ws_server server;
    void *user;
    struct party *party; /* who pays for the messages; null: nobody (admin address) */
    bool opening;        /* its open has not returned */
};

static void endpoint_name(uint32_t flags, const char *path, char *out, size_t cap) {
    snprintf(out, cap, "%u %s", flags & MUSTER_ROUTE_ADMIN, path);
}

static const struct endpoint *endpoint_find(const char *path, bool admin) {
    char name[PATH_MAX_BYTES + 16];
    if (strlen(path) >= PATH_MAX_BYTES) return NULL;
    endpoint_name(admin ? MUSTER_ROUTE_ADMIN : 0, path, name, sizeof name);
    return registration_find(&endpoints, name);
}

static bool server_valid(const struct muster_ws_server *server) {
    uint32_t known = MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_TOKEN;
    bool locked = server->flags & MUSTER_ROUTE_TOKEN;
    if (!server->path || server->path[0] != '/' || strlen(server->path) >= PATH_MAX_BYTES)
        return false;
    if (strcmp(server->path, "/ws") == 0 || !server->open || !server->message || !server->close)
        return false;
    return !(server->flags & ~known) && (!locked || server->flags & MUSTER_ROUTE_ADMIN);
}

static muster_status serve_fn(muster_self *self, const struct muster_ws_server *server,
                              void *user) {
    HOST_CHECK_OPEN(self);
    struct muster_ws_server full;
    char name[PATH_MAX_BYTES + 16];
    void *entry;
    if (!ABI_COPY_IN(self, muster_ws_server, &full, server)) return MUSTER_INVALID;
    if (!server_valid(&full)) return MUSTER_INVALID;
    const char *subprotocol = full.subprotocol ? full.subprotocol : "";
    muster_status status = subprotocol[0] ? net_subprotocol_add(subprotocol) : MUSTER_OK;
    if (status) return status;
    endpoint_name(full.flags, full.path, name, sizeof name);
    status = registration_add(&endpoints, self, name, &entry);
    if (status) return status;
    struct endpoint *endpoint = entry;
    endpoint->server = full;
    endpoint->user = user;
    snprintf(endpoint->path, sizeof endpoint->path, "%s", full.path);
    snprintf(endpoint->subprotocol, sizeof endpoint->subprotocol, "%s", subprotocol);
    endpoint->server.path = endpoint->path;
    endpoint->server.subprotocol = endpoint->subprotocol;
    return MUSTER_OK;
}

static void visitor_end(struct visitor *visitor, muster_status status, uint32_t code) {
    const struct visitor copy = *visitor;
    host_handle_close(&visitor->handle);
    party_release(visitor->party);
    free(visitor);
    plugin_enter(copy.handle.resource.owner, "ws.close");
    copy.server.close(copy.user, (muster_ws_id){copy.handle.id}, status, code);
    plugin_leave();
}

static void close_visitor(struct resource *resource) {
    struct visitor *visitor = (struct visitor *)resource;
    net_route_close(visitor->conn, 1001, "the plugin stops"); /* unless it is closed already */
    visitor_end(visitor, MUSTER_CLOSED, 0);
}

static const struct resource_kind visitor_kind = {"WebSocket of a client", close_visitor, true};

static const char *on_route_find(const char *path, bool admin) {
    const struct endpoint *endpoint = endpoint_find(path, admin);
    return endpoint ? endpoint->subprotocol : NULL;
}

static uint32_t ask_open(struct visitor *visitor, const struct muster_http_request *request) {
    visitor->opening = true;
    plugin_enter(visitor->handle.resource.owner, "ws.open");
    uint32_t status =
        visitor->server.open(visitor->user, (muster_ws_id){visitor->handle.id}, request);
    plugin_leave();
    visitor->opening = false;
    return status == 0 || (status >= 400 && status < 600) ? status : 500;
}

static uint32_t on_route_open(const struct net_http_request *request, conn_id conn, void **user) {
    const struct endpoint *endpoint = endpoint_find(request->request.path, request->admin);
    if (!endpoint) return 404;
    bool locked = endpoint->server.flags & MUSTER_ROUTE_TOKEN;
    if (locked && !http_admit(request->request.id)) return 401;
    struct visitor *visitor = calloc(1, sizeof *visitor);
    if (!visitor) return 503;
    visitor->conn = conn;
    visitor->server = endpoint->server;
    visitor->user = endpoint->user;
    struct muster_self *owner = (struct muster_self *)endpoint->head.owner;
    uint32_t status = host_handle_open(owner, &visitor->handle, &visitor_kind) ? 503 : 0;
    if (!status) status = ask_open(visitor, &request->request);
    if (!status) {
        if (!request->admin) visitor->party = party_hold_address(request->request.address);
        *user = visitor;
        return 0;
    }
    if (visitor->handle.id) host_handle_close(&visitor->handle);
    free(visitor);
    return status;
}

static void on_route_message(void *user, bool binary, struct muster_bytes data) {
    struct visitor *visitor = user;
    struct party *party = visitor->party;
    if (party && !party_take_with(party, PARTY_STRANGER, party_price(data.len, 0))) {
        net_route_close(visitor->conn, 4005, "too many messages");
        visitor_end(visitor, MUSTER_LIMIT, 0);
        return;
    }
    plugin_enter(visitor->handle.resource.owner, "ws.message");
    visitor->server.message(visitor->user, (muster_ws_id){visitor->handle.id}, binary, data);
    plugin_leave();
}

static void on_route_closed(void *user, uint16_t code) {
    visitor_end(user, code ? MUSTER_CLOSED : MUSTER_IO, code);
}

void host_net_handlers(struct net_handlers *handlers) {
    handlers->route_find = on_route_find;
    handlers->route_open = on_route_open;
    handlers->route_message = on_route_message;
    handlers->route_closed = on_route_closed;
}

void host_ws_deinit(void) {
    registration_deinit(&endpoints);
}

/* ---- both ------------------------------------------------------------------------------------ */

static muster_status ws_send_fn(muster_self *self, muster_ws_id id, uint32_t binary,
                                struct muster_bytes data) {
    HOST_CHECK_THREAD(self);
    const struct visitor *visitor = host_handle_find(self, id.value, &visitor_kind);
    if (visitor) return net_route_send(visitor->conn, binary, data);
    struct ws *ws = host_handle_find(self, id.value, &ws_kind);
    return ws ? net_ws_send(ws->client, binary, data) : MUSTER_NOT_FOUND;
}

static bool code_valid(uint32_t code) {
    return code == 1000 || code == 1001 || code == 1008 || code == 1011 || code == 1013 ||
           (code >= 3000 && code <= 4999);
}

static muster_status ws_close_fn(muster_self *self, muster_ws_id id, uint32_t code) {
    HOST_CHECK_THREAD(self);
    if (!code_valid(code)) return MUSTER_INVALID;
    struct visitor *visitor = host_handle_find(self, id.value, &visitor_kind);
    struct ws *ws = visitor ? NULL : host_handle_find(self, id.value, &ws_kind);
    if (!visitor && !ws) return MUSTER_NOT_FOUND;
    if (visitor && visitor->opening) return MUSTER_STATE;
    muster_status status =
        resource_cancel(visitor ? &visitor->handle.resource : &ws->handle.resource);
    if (status) return status;
    if (visitor) {
        net_route_close(visitor->conn, (uint16_t)code, "");
    } else {
        net_client_close(ws->client);
        ws->client = NULL;
    }
    return MUSTER_OK;
}

const struct muster_host_ws host_ws_group = {
    .size = sizeof host_ws_group,
    .open = ws_open_fn,
    .send = ws_send_fn,
    .close = ws_close_fn,
    .serve = serve_fn,
};
