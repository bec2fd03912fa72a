/* net_route - WebSockets at the paths of plugins: their subprotocols, handshake, messages out.
 *
 * The rest of their lives is that of every WebSocket (net_ws). libwebsockets answers a handshake
 * only with a subprotocol that its vhost knows: so there are some places for names in the vhosts'
 * list, which are filled when a plugin asks for one. Called by net_ws, and by host through net.h.
 */
#include <string.h>

#include "net_internal.h"

char net_route_subprotocols[NET_ROUTE_SUBPROTOCOLS][NET_SUBPROTOCOL_MAX];

static const char *const known[] = {NET_HTTP_PROTOCOL, NET_SUBPROTOCOL};

static bool is_taken(const char *name) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], name) == 0) return true;
    return false;
}

muster_status net_subprotocol_add(const char *name) {
    if (strlen(name) >= NET_SUBPROTOCOL_MAX || is_taken(name)) return MUSTER_INVALID;
    if (!net_is_token(name)) return MUSTER_INVALID;
    for (size_t i = 0; i < NET_ROUTE_SUBPROTOCOLS; i++) {
        char *place = net_route_subprotocols[i];
        if (place[0] == '\0') strcpy(place, name);
        if (strcmp(place, name) == 0) return MUSTER_OK;
    }
    return MUSTER_LIMIT;
}

/* ---- The handshake ---- */

static int refuse(struct conn *conn, uint32_t status) {
    static const struct {
        uint32_t status;
        const char *code, *detail;
    } words[] = {
        {401, "unauthenticated", "expected the admin token"},
        {403, "forbidden", "this WebSocket is not for you"},
        {404, "not_found", "there is no WebSocket at this path"},
        {429, "rate_limited", "too much of this address"},
        {503, "unavailable", "no new connections at the moment"},
        {500, "internal_error", "the handshake was not understood"},
    };
    size_t i = 0;
    while (words[i].status != 500 && words[i].status != status) i++;
    return net_http_refuse(conn, words[i].status, words[i].code, words[i].detail);
}

int net_route_open(struct conn *conn) {
    uint32_t status = 503;
    char *path = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method(conn->wsi, &path, &len);
    if (conn->over_cap) return refuse(conn, 429);
    struct exchange *exchange = net_exchange_open(conn, method, path, (size_t)len, conn->address);
    if (exchange) {
        const struct net_http_request request = net_exchange_request(exchange);
        conn->routed = true;
        status = net_state.handlers.route_open(&request, conn->id, &conn->user);
        net_exchange_free(conn, exchange);
    }
    conn->routed = status == 0;
    return conn->routed ? 0 : refuse(conn, status);
}

/* What was sent in the handshake's call comes behind its answer. */
void net_route_established(struct conn *conn) {
    conn->open = true;
    if (conn->queue.head) net_wire_want(conn);
}

/* ---- Messages ---- */

static struct conn *routed(conn_id id) {
    struct conn *conn = slots_find(&net_state.conns, id);
    return conn && conn->routed && !conn->closing && !conn->dead ? conn : NULL;
}

muster_status net_route_send(conn_id id, bool binary, struct muster_bytes data) {
    struct conn *conn = routed(id);
    if (!conn) return MUSTER_CLOSED;
    if (data.len > NET_ROUTE_QUEUE_BYTES) return MUSTER_FULL;
    uint8_t opcode = binary ? NET_OPCODE_BINARY : NET_OPCODE_TEXT;
    uint32_t len = (uint32_t)data.len;
    if (!conn->websocket)
        return net_queue_keep(&conn->queue, data.data, len, opcode, NET_ROUTE_QUEUE_BYTES);
    muster_status status = net_ws_put(conn, data.data, len, opcode, NET_ROUTE_QUEUE_BYTES);
    return status == MUSTER_IO ? MUSTER_CLOSED : status;
}

void net_route_close(conn_id id, uint16_t code, const char *reason) {
    struct conn *conn = slots_find(&net_state.conns, id);
    if (!conn || !conn->routed) return;
    conn->routed = conn->open = false; /* nobody hears its end */
    if (conn->closing || conn->dead) return;
    if (conn->websocket)
        net_close(id, code, reason);
    else
        net_conn_shut(conn);
}
