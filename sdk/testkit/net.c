/* net.c - sockets in memory: UDP, TCP and WebSocket ends that a test speaks to. */
#include "internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#define UDP_BYTES_MAX 65507u
#define TCP_BYTES_MAX (256u << 10)

static struct socket *socket_add(muster_self *self, enum socket_kind kind, void *user) {
    struct socket *socket = kit_alloc(sizeof(*socket));
    socket->id = self->kit->next_id++;
    socket->kind = kind;
    socket->owner = self;
    socket->user = user;
    DL_APPEND(self->kit->sockets, socket);
    return socket;
}

static struct socket *socket_get(struct testkit *kit, muster_socket_id id) {
    struct socket *socket;
    DL_FOREACH(kit->sockets, socket) {
        if (socket->id == id) return socket;
    }
    return NULL;
}

static void socket_free(struct testkit *kit, struct socket *socket) {
    DL_DELETE(kit->sockets, socket);
    free(socket->url);
    free(socket->sent);
    free(socket->taken);
    free(socket);
}

static void sent_add(struct socket *socket, struct muster_bytes data) {
    if (!data.len) return;
    socket->sent = realloc(socket->sent, socket->sent_len + (size_t)data.len);
    if (!socket->sent) abort();
    memcpy(socket->sent + socket->sent_len, data.data, (size_t)data.len);
    socket->sent_len += (uint32_t)data.len;
}

/* Null unless it is the plugin's own, and of that kind. */
static struct socket *socket_own(muster_self *self, muster_socket_id id, enum socket_kind kind) {
    struct socket *socket = socket_get(self->kit, id);
    return socket && socket->owner == self && socket->kind == kind ? socket : NULL;
}

static bool address_ok(const char *address, uint32_t port) {
    uint8_t bytes[sizeof(struct in6_addr)];
    return port <= UINT16_MAX && address &&
           (inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1);
}

bool net_url_ok(const char *url, const char *scheme) {
    size_t len = strlen(scheme);
    if (!url || strncasecmp(url, scheme, len) != 0) return false;
    url += len;
    if (*url == 's' || *url == 'S') url++;
    if (strncmp(url, "://", 3) != 0) return false;
    url += 3;
    return url[strcspn(url, " @")] != ' ' && strcspn(url, "/?#:@") > 0;
}

/* ---- net ------------------------------------------------------------------------------------ */

static muster_status udp_open(muster_self *self, const char *address, uint32_t port,
                              void (*fn)(void *user, const struct muster_udp_packet *packet),
                              void *user, muster_socket_id *out) {
    KIT_STARTED(self);
    if (!fn || !out || !address_ok(address, port)) return MUSTER_INVALID;
    struct socket *socket = socket_add(self, SOCKET_UDP, user);
    socket->port = port;
    socket->udp = fn;
    *out = socket->id;
    return MUSTER_OK;
}

static muster_status udp_send(muster_self *self, muster_socket_id id, const void *to,
                              uint32_t to_len, struct muster_bytes data) {
    (void)to, (void)to_len;
    KIT_ON_LOOP(self);
    struct socket *socket = socket_own(self, id, SOCKET_UDP);
    if (!socket) return MUSTER_NOT_FOUND;
    if (data.len > UDP_BYTES_MAX) return MUSTER_INVALID;
    sent_add(socket, data);
    return MUSTER_OK;
}

static muster_status tcp_listen(muster_self *self, const char *address, uint32_t port,
                                const struct muster_tcp_handler *handler, void *user,
                                muster_socket_id *out) {
    KIT_STARTED(self);
    if (!handler || handler->size < sizeof(*handler) || !handler->open || !handler->data ||
        !handler->close || !out || !address_ok(address, port))
        return MUSTER_INVALID;
    struct socket *socket = socket_add(self, SOCKET_LISTENER, user);
    socket->port = port;
    socket->tcp = *handler;
    *out = socket->id;
    return MUSTER_OK;
}

static muster_status tcp_send(muster_self *self, muster_socket_id conn, struct muster_bytes data) {
    KIT_ON_LOOP(self);
    struct socket *socket = socket_own(self, conn, SOCKET_TCP);
    if (!socket) return MUSTER_NOT_FOUND;
    if (data.len > TCP_BYTES_MAX) return MUSTER_FULL;
    sent_add(socket, data);
    return MUSTER_OK;
}

static muster_status net_close_own(muster_self *self, muster_socket_id id) {
    KIT_ON_LOOP(self);
    struct socket *socket = socket_own(self, id, SOCKET_UDP);
    if (!socket) socket = socket_own(self, id, SOCKET_LISTENER);
    if (!socket) socket = socket_own(self, id, SOCKET_TCP);
    if (!socket) return MUSTER_NOT_FOUND;
    socket_free(self->kit, socket);
    return MUSTER_OK;
}

const struct muster_host_net kit_net = {
    .size = sizeof(kit_net),
    .udp_open = udp_open,
    .udp_send = udp_send,
    .tcp_listen = tcp_listen,
    .tcp_send = tcp_send,
    .close = net_close_own,
};

/* ---- ws ------------------------------------------------------------------------------------- */

static muster_status ws_open(muster_self *self, const char *url, const char *subprotocol,
                             const struct muster_ws_handler *handler, void *user,
                             muster_socket_id *out) {
    (void)subprotocol;
    KIT_STARTED(self);
    if (!handler || handler->size < sizeof(*handler) || !handler->open || !handler->message ||
        !handler->close || !out)
        return MUSTER_INVALID;
    if (self->phase != PHASE_STARTED) return MUSTER_STATE; /* the network is not up */
    if (!net_url_ok(url, "ws")) return MUSTER_INVALID;
    struct socket *socket = socket_add(self, SOCKET_WS, user);
    socket->url = kit_copy(url);
    socket->ws = *handler;
    *out = socket->id;
    return MUSTER_OK;
}

static muster_status ws_send(muster_self *self, muster_socket_id id, uint32_t binary,
                             struct muster_bytes data) {
    (void)binary;
    KIT_ON_LOOP(self);
    struct socket *socket = socket_own(self, id, SOCKET_WS);
    if (!socket) return MUSTER_NOT_FOUND;
    if (!socket->is_open) return MUSTER_STATE;
    sent_add(socket, data);
    return MUSTER_OK;
}

static muster_status ws_close(muster_self *self, muster_socket_id id) {
    KIT_ON_LOOP(self);
    struct socket *socket = socket_own(self, id, SOCKET_WS);
    if (!socket) return MUSTER_NOT_FOUND;
    socket_free(self->kit, socket);
    return MUSTER_OK;
}

const struct muster_host_ws kit_ws = {
    .size = sizeof(kit_ws),
    .open = ws_open,
    .send = ws_send,
    .close = ws_close,
};

/* ---- the test's end ------------------------------------------------------------------------- */

muster_socket_id testkit_socket_find(struct testkit *kit, uint32_t port) {
    struct socket *socket;
    DL_FOREACH(kit->sockets, socket) {
        if (socket->port == port && socket->kind != SOCKET_WS) return socket->id;
    }
    return 0;
}

muster_socket_id testkit_ws_find(struct testkit *kit, const char *url) {
    struct socket *socket;
    DL_FOREACH(kit->sockets, socket) {
        if (socket->kind == SOCKET_WS && strstr(socket->url, url)) return socket->id;
    }
    return 0;
}

void testkit_udp_deliver(struct testkit *kit, muster_socket_id id, const void *data, uint32_t len) {
    struct socket *socket = socket_get(kit, id);
    if (!socket || !socket->udp) return;
    struct sockaddr_in from = {
        .sin_family = AF_INET, .sin_port = htons(40000), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct muster_udp_packet packet = {
        .size = sizeof(packet), .from = &from, .from_len = sizeof(from), .data = {data, len}};
    socket->udp(socket->user, &packet);
}

muster_socket_id testkit_tcp_connect(struct testkit *kit, muster_socket_id listener) {
    struct socket *from = socket_get(kit, listener);
    if (!from || from->kind != SOCKET_LISTENER) return 0;
    struct socket *conn = socket_add(from->owner, SOCKET_TCP, from->user);
    muster_socket_id id = conn->id;
    conn->tcp = from->tcp;
    if (conn->tcp.open) conn->tcp.open(conn->user, id, "127.0.0.1");
    return id;
}

void testkit_tcp_deliver(struct testkit *kit, muster_socket_id conn, const void *data,
                         uint32_t len) {
    struct socket *socket = socket_get(kit, conn);
    if (!socket || socket->kind != SOCKET_TCP || !socket->tcp.data) return;
    socket->tcp.data(socket->user, conn, (struct muster_bytes){data, len});
}

void testkit_ws_open(struct testkit *kit, muster_socket_id id) {
    struct socket *socket = socket_get(kit, id);
    if (!socket || socket->kind != SOCKET_WS) return;
    socket->is_open = true;
    socket->ws.open(socket->user);
}

void testkit_ws_deliver(struct testkit *kit, muster_socket_id id, const char *text) {
    struct socket *socket = socket_get(kit, id);
    if (!socket || !socket->ws.message) return;
    socket->ws.message(socket->user, 0, (struct muster_bytes){text, strlen(text)});
}

void testkit_socket_drop(struct testkit *kit, muster_socket_id id) {
    struct socket *socket = socket_get(kit, id);
    if (!socket) return;
    struct socket copy = *socket;
    socket_free(kit, socket);
    if (copy.kind == SOCKET_TCP && copy.tcp.close) copy.tcp.close(copy.user, id);
    if (copy.kind == SOCKET_WS && copy.ws.close) copy.ws.close(copy.user, MUSTER_CLOSED);
}

struct muster_bytes testkit_socket_sent(struct testkit *kit, muster_socket_id id) {
    struct socket *socket = socket_get(kit, id);
    if (!socket) return (struct muster_bytes){NULL, 0};
    free(socket->taken);
    socket->taken = socket->sent;
    struct muster_bytes sent = {socket->taken, socket->sent_len};
    socket->sent = NULL;
    socket->sent_len = 0;
    return sent;
}

uint32_t net_close(muster_self *self) {
    static const char *const kinds[] = {"", "UDP socket", "TCP listener", "TCP connection",
                                        "WebSocket"};
    struct socket *socket, *next;
    uint32_t open = 0;
    DL_FOREACH_SAFE(self->kit->sockets, socket, next) {
        if (socket->owner != self) continue;
        kit_log.write(self, MUSTER_LOG_ERROR, "leak: a %s", kinds[socket->kind]);
        socket_free(self->kit, socket);
        open++;
    }
    return open;
}
