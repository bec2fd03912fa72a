/* net_ws - WebSocket connections: the handshake's checks, messages in, messages out, the end.
 *
 * A direct write is legal here because extensions and HTTP/2 are off and nothing is written while
 * libwebsockets holds back a partial frame (docs/decisions/0001). Called by net (events) and by
 * session, lobby and match through net.h.
 */
#include "net_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "metrics.h"

#define RX_BATCH 32
#define LIST_BYTES 128
#define NOTSENT_LOWAT_BYTES 4096 /* more would wait in the kernel and grow stale */

/* ---- The handshake ---- */

/* The `in` pointer of this callback is not to be read: it may be freed by then. */
static bool wants_websocket(struct lws *wsi) {
    char upgrade[32];
    return lws_hdr_copy(wsi, upgrade, sizeof upgrade, WSI_TOKEN_UPGRADE) > 0 &&
           strcasecmp(upgrade, "websocket") == 0;
}

static bool is_endpoint(struct lws *wsi) {
    char *path = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method(wsi, &path, &len);
    return method == LWSHUMETH_GET && len == 3 && memcmp(path, "/ws", 3) == 0;
}

/* Of those that the client names, libwebsockets takes the first that is known; and hangs up when
 * their list has more than 126 bytes. */
static bool names_first(struct lws *wsi, const char *subprotocol) {
    char list[LIST_BYTES], *rest = NULL;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) <= 0) return subprotocol[0] == '\0';
    if (lws_hdr_copy(wsi, list, sizeof list, WSI_TOKEN_PROTOCOL) <= 0) return false;
    for (char *name = strtok_r(list, " \t,", &rest); name; name = strtok_r(NULL, " \t,", &rest))
        if (lws_vhost_name_to_protocol(lws_get_vhost(wsi), name))
            return strcmp(name, subprotocol) == 0;
    return false;
}

/* Null: there is no WebSocket. */
static const char *subprotocol_of(const struct conn *conn) {
    char *path = NULL;
    int len = 0;
    if (!conn->admin && is_endpoint(conn->wsi)) return NET_SUBPROTOCOL;
    if (lws_http_get_uri_and_method(conn->wsi, &path, &len) != LWSHUMETH_GET) return NULL;
    return net_state.handlers.route_find(path, conn->admin);
}

static int refuse_subprotocol(struct conn *conn, const char *subprotocol) {
    char detail[160];
    if (subprotocol[0] == '\0')
        return net_http_refuse(conn, 400, "subprotocol_unknown", "no subprotocol is spoken here");
    snprintf(detail, sizeof detail, "Sec-WebSocket-Protocol must name %s, in at most 126 bytes",
             subprotocol);
    return net_http_refuse(conn, 400, "subprotocol_missing", detail);
}

/* Behind a trusted proxy it is the client's address that counts. */
static bool address_from_proxy(struct conn *conn) {
    char address[NET_ADDRESS_MAX];
    enum net_forwarded forwarded = net_forwarded_read(conn, address);
    if (forwarded != NET_FORWARDED_READ) return forwarded == NET_FORWARDED_NONE;
    memcpy(conn->address, address, sizeof conn->address);
    net_peer_add(conn, address);
    return true;
}

int net_ws_confirm(struct conn *conn) {
    struct lws *wsi = conn->wsi;
    if (!wants_websocket(wsi)) /* h2c and the like */
        return net_http_refuse(conn, 400, "upgrade_unknown", "only websocket is upgraded to");
    if (!net_http_host_fits(wsi))
        return net_http_refuse(conn, 400, "host_invalid", "one Host header is expected");
    const char *subprotocol = subprotocol_of(conn);
    if (!subprotocol) return net_http_refuse(conn, 404, "not_found", "WebSocket is served at /ws");
    if (!names_first(wsi, subprotocol)) return refuse_subprotocol(conn, subprotocol);
    if (net_origin_of(conn) == NET_ORIGIN_FOREIGN) {
        return net_http_refuse(conn, 403, "origin_refused", net_origin_refusal(conn->admin));
    }
    if (!address_from_proxy(conn)) {
        return net_http_refuse(conn, 400, "forwarded_invalid",
                               "X-Forwarded-For: no list of addresses");
    }
    bool admitted = conn->admin || net_state.handlers.ws_admit(conn->address);
    if (net_state.phase != NET_UP || !admitted) {
        metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        return net_http_refuse(conn, 503, "unavailable", "no new connections at the moment");
    }
    return !conn->admin && is_endpoint(wsi) ? 0 : net_route_open(conn);
}

void net_ws_established(struct conn *conn) {
    int lowat = NOTSENT_LOWAT_BYTES;
    conn->websocket = true;
    net_conn_deadline(conn, 0);
    net_meter_settle(conn);
    setsockopt(net_conn_fd(conn), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
    if (conn->routed) {
        net_route_established(conn);
        return;
    }
    if (conn->over_cap) {
        metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        net_close(conn->id, 4008, "too many connections from this address");
        return;
    }
    conn->user = net_state.handlers.ws_open(conn->id, conn->address);
    conn->open = conn->user != NULL;
    if (!conn->open) net_close(conn->id, 1013, "try again later");
}

/* ---- Messages in ---- */

static void rx_forget(struct conn *conn) {
    free(conn->rx);
    conn->rx = NULL;
    conn->rx_len = conn->rx_cap = 0;
}

static void deliver(struct conn *conn, const uint8_t *data, uint32_t len, bool binary) {
    const struct net_handlers *handlers = &net_state.handlers;
    metrics_add(METRIC_RX_BYTES, len);
    metrics_add(METRIC_RX_PACKETS, 1);
    if (conn->routed) {
        const struct muster_bytes message = {data, len};
        handlers->route_message(conn->user, binary, message);
    } else if (binary) {
        handlers->ws_binary(conn->id, conn->user, data, len);
    } else {
        handlers->ws_text(conn->id, conn->user, (const char *)data, len);
    }
    if (++net_state.rx_since_batch < RX_BATCH) return;
    net_state.rx_since_batch = 0;
    handlers->rx_batch();
}

static bool rx_append(struct conn *conn, const uint8_t *data, uint32_t len) {
    uint32_t wanted = conn->rx_len + len;
    if (wanted > conn->rx_cap) {
        uint32_t cap =
            wanted * 2 < net_state.message_max_bytes ? wanted * 2 : net_state.message_max_bytes;
        uint8_t *grown = realloc(conn->rx, cap);
        if (!grown) return false;
        conn->rx = grown;
        conn->rx_cap = cap;
    }
    if (len > 0) memcpy(conn->rx + conn->rx_len, data, len);
    conn->rx_len = wanted;
    return true;
}

void net_ws_receive(struct conn *conn, const uint8_t *data, size_t len, bool binary, bool last) {
    if (conn->closing || !conn->open) return;
    net_meter_message(conn, len, last);
    if (len > net_state.message_max_bytes || conn->rx_len > net_state.message_max_bytes - len) {
        metrics_add(METRIC_DROP_OVERSIZE, 1);
        rx_forget(conn);
        net_close(conn->id, NET_CLOSE_TOO_LONG, "message too long");
    } else if (last && conn->rx_len == 0) {
        deliver(conn, data, (uint32_t)len, binary);
    } else if (!rx_append(conn, data, (uint32_t)len)) {
        net_conn_shut(conn);
    } else if (last) {
        uint8_t *message = conn->rx; /* the handler may end the connection */
        uint32_t message_len = conn->rx_len;
        conn->rx = NULL;
        rx_forget(conn);
        deliver(conn, message, message_len, binary);
        free(message);
    }
}

/* ---- Messages out ---- */

static struct conn *conn_to_send(conn_id id) {
    struct conn *conn = slots_find(&net_state.conns, id);
    return conn && conn->websocket && !conn->closing ? conn : NULL;
}

/* False: out of memory. */
static bool hold(struct conn *conn) {
    if (conn->held) return true;
    if (net_state.held_count == net_state.held_cap) {
        uint32_t cap = net_state.held_cap ? net_state.held_cap * 2 : 64;
        conn_id *grown = realloc(net_state.held, cap * sizeof *grown);
        if (!grown) return false;
        net_state.held = grown;
        net_state.held_cap = cap;
    }
    net_state.held[net_state.held_count++] = conn->id;
    conn->held = true;
    return true;
}

/* Behind what was said before in this turn. */
static enum net_sent send_behind(struct conn *conn, const uint8_t *data, uint32_t len) {
    if (net_queue_keep(&conn->queue, data, len, NET_OPCODE_BINARY, net_state.queue_max_bytes) ==
        MUSTER_OK)
        return NET_SENT;
    conn->skipped = true;
    return NET_SKIPPED;
}

enum net_sent net_send_snapshot(conn_id id, uint8_t *data, uint32_t len) {
    struct conn *conn = conn_to_send(id);
    if (!conn) return NET_GONE;
    bool waits = net_wire_waits(conn);
    if (conn->held && !waits) return send_behind(conn, data, len);
    uint32_t head = net_frame_head(data, NET_OPCODE_BINARY, len);
    bool is_free = !waits && !conn->queue.head;
    enum net_sent sent = is_free ? net_wire_post(conn, data - head, head + len) : NET_SKIPPED;
    if (sent == NET_SKIPPED) conn->skipped = true;
    if (sent == NET_GONE) net_conn_shut(conn);
    if (sent != NET_SENT) return sent;
    metrics_add(METRIC_TX_BYTES, len);
    metrics_add(METRIC_TX_PACKETS, 1);
    return NET_SENT;
}

void net_expect_snapshot(conn_id id) {
    slots_prefetch(&net_state.conns, id);
}

static bool flush_queue(struct conn *conn) {
    if (!net_wire_flush(conn)) return false;
    while (conn->queue.head && !net_wire_waits(conn)) {
        uint32_t len;
        uint8_t *frames = net_queue_frames(&conn->queue, &len);
        if (!frames || !net_wire_send(conn, frames, len)) return false;
    }
    return true;
}

/* There is no room behind what waits: that goes first. One that is longer than all that may wait
 * is for a socket that takes it now. */
static muster_status send_now(struct conn *conn, const void *data, uint32_t len, uint8_t opcode,
                              uint32_t max_bytes) {
    uint32_t frame_len;
    if (!flush_queue(conn)) return MUSTER_IO;
    if (conn->queue.head || net_wire_waits(conn))
        return net_queue_keep(&conn->queue, data, len, opcode, max_bytes);
    uint8_t *frame = net_queue_frame(data, len, opcode, &frame_len);
    return frame && net_wire_send(conn, frame, frame_len) ? MUSTER_OK : MUSTER_IO;
}

muster_status net_ws_put(struct conn *conn, const void *data, uint32_t len, uint8_t opcode,
                         uint32_t max_bytes) {
    muster_status status = net_queue_keep(&conn->queue, data, len, opcode, max_bytes);
    if (status) status = send_now(conn, data, len, opcode, max_bytes);
    if (status == MUSTER_IO) net_conn_shut(conn);
    if (!status && conn->queue.head && !hold(conn)) net_wire_want(conn);
    return status;
}

static void send_message(conn_id id, const void *data, uint32_t len, uint8_t opcode) {
    struct conn *conn = conn_to_send(id);
    if (!conn) return;
    if (net_ws_put(conn, data, len, opcode, net_state.queue_max_bytes) != MUSTER_FULL) return;
    metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
    net_queue_clear(&conn->queue);
    net_close(id, 4006, "too slow");
}

void net_send_text(conn_id conn, const char *data, uint32_t len) {
    send_message(conn, data, len, NET_OPCODE_TEXT);
}

void net_send_binary(conn_id conn, const uint8_t *data, uint32_t len) {
    send_message(conn, data, len, NET_OPCODE_BINARY);
}

/* Who does not read has no use for it: nor for an answer. */
void net_ws_ping(struct conn *conn) {
    (void)net_ws_put(conn, "", 0, NET_OPCODE_PING, net_state.queue_max_bytes);
}

void net_ws_pong(struct conn *conn, const uint8_t *data, uint32_t len) {
    if (!conn->closing)
        (void)net_ws_put(conn, data, len, NET_OPCODE_PONG, net_state.queue_max_bytes);
}

/* ---- The end ---- */

/* Cut at the limit, but never within a UTF-8 character. */
static void reason_copy(char *out, const char *reason) {
    size_t len = strlen(reason);
    if (len >= NET_CLOSE_REASON_MAX) {
        len = NET_CLOSE_REASON_MAX - 1;
        while (len > 0 && ((unsigned char)reason[len] & 0xc0) == 0x80) len--;
    }
    memcpy(out, reason, len);
    out[len] = '\0';
}

/* The server is the one to end it (RFC 6455, 7.1.1); the client is seen to read what it was told
 * when its own end comes. */
static void finish(struct conn *conn) {
    if (conn->close_sent && conn->is_last_read && !net_wire_waits(conn)) net_wire_finish(conn);
}

/* Our own close frame, as bytes: libwebsockets sends one when a callback asks it to close, but as
 * Debian builds it it closes a second time at once, before the frame is out. */
static void close_frame_send(struct conn *conn) {
    uint8_t buffer[LWS_PRE + NET_FRAME_SENT_HEAD_MAX + 2 + NET_CLOSE_REASON_MAX];
    uint8_t *payload = buffer + LWS_PRE + NET_FRAME_SENT_HEAD_MAX;
    size_t reason_len = strlen(conn->close_reason);
    if (conn->close_sent || conn->dead) return;
    if (conn->queue.head || net_wire_waits(conn)) {
        net_wire_want(conn);
        return;
    }
    conn->close_sent = true;
    payload[0] = (uint8_t)(conn->close_code >> 8);
    payload[1] = (uint8_t)conn->close_code;
    memcpy(payload + 2, conn->close_reason, reason_len);
    uint32_t len = conn->close_code == NET_CLOSE_NONE ? 0 : 2 + (uint32_t)reason_len;
    uint32_t head = net_frame_head(payload, NET_OPCODE_CLOSE, len);
    if (!net_wire_send(conn, payload - head, head + len)) net_conn_shut(conn);
    finish(conn);
}

void net_close(conn_id id, uint16_t code, const char *reason) {
    struct conn *conn = conn_to_send(id);
    if (!conn) return;
    conn->closing = true;
    conn->close_code = code;
    reason_copy(conn->close_reason, reason ? reason : "");
    net_conn_deadline(conn, NET_FLUSH_MS);
    close_frame_send(conn);
}

/* Theirs: libwebsockets answers it, or we do. The answer to ours: the end. */
int net_ws_peer_closes(struct conn *conn, uint16_t code) {
    conn->peer_code = code;
    conn->is_last_read = true;
    if (conn->close_sent) return -1;
    conn->closing = true;
    net_conn_deadline(conn, NET_FLUSH_MS);
    if (!net_conn_is_own(conn)) return 0;
    conn->close_code = code ? code : NET_CLOSE_NONE;
    conn->close_reason[0] = '\0';
    close_frame_send(conn);
    return 0;
}

void net_ws_sweep(struct conn *conn) {
    if (conn->closing) return;
    if (!net_wire_is_alive(conn)) net_conn_shut(conn);
    if (conn->dead || net_meter_fits(conn)) return;
    metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
    net_close(conn->id, 4005, "too many pings or empty fragments");
}

int net_ws_writeable(struct conn *conn) {
    if (conn->dead) return -1;
    if (conn->held) return 0; /* at the turn's end, behind what is kept then */
    if (!flush_queue(conn)) return -1;
    if (conn->queue.head || net_wire_waits(conn)) return 0; /* called again */
    if (conn->close_code != 0) close_frame_send(conn);
    finish(conn);
    if (conn->skipped && conn->open && !conn->closing) {
        conn->skipped = false;
        net_state.handlers.ws_drained(conn->id, conn->user);
    }
    return 0;
}

static void flush(struct conn *conn) {
    conn->held = false;
    if (conn->dead) return;
    if (net_ws_writeable(conn))
        net_conn_shut(conn);
    else if (conn->queue.head)
        net_wire_want(conn);
}

void net_ws_flush(void) {
    for (uint32_t i = 0; i < net_state.held_count; i++) {
        struct conn *conn = slots_find(&net_state.conns, net_state.held[i]);
        if (conn) flush(conn);
    }
    net_state.held_count = 0;
    net_flush_snapshots();
}

void net_ws_gone(struct conn *conn) {
    bool was_open = conn->open && !conn->routed;
    bool was_routed = conn->routed;
    conn->open = conn->routed = false;
    conn->closing = conn->dead = true;
    net_conn_deadline(conn, 0);
    net_queue_clear(&conn->queue);
    net_wire_gone(conn);
    rx_forget(conn);
    if (was_open) net_state.handlers.ws_closed(conn->id, conn->user);
    if (was_routed) net_state.handlers.route_closed(conn->user, conn->peer_code);
}
