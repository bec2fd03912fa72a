/* net - the libwebsockets context, the connections' lives, deadlines, orderly end.
 *
 * Owns the context, its vhosts and every connection, and stands on top of the parts: net_conn (one
 * connection), net_listen (sockets), net_peer (addresses), net_gate, net_ws, net_http, net_queue,
 * net_client. server starts and stops it.
 */
#include "net_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "untrusted.h"

#define ERROR_MAX 256
#define STOP_MS 1500 /* for close frames at the end */
#define LAST_FETCH_MS 1000
#define STOP_STEP_MS 5
#define DESTROY_TURNS 5   /* turns in which libwebsockets' handles are closed */
#define HEADER_BYTES 8192 /* of one request: a token may have 4 KiB */
#define RX_BUFFER_BYTES 1024
#define LIBRARY_TIMEOUT_S 70 /* behind every time of ours: net_client's, net_conn's deadlines */
#define HEARTBEAT_SWEEPS 10
#define DYING_CONNECTIONS_MAX 1024

static struct loop_timer *sweep_timer;
static uint32_t sweeps;
static uint64_t stop_deadline_ms;
static uint64_t last_fetch_ms; /* what is still fetched ends then */
static uint32_t destroy_turns;
static lws_retry_bo_t idle_policy;

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len);

/* A place for a plugin's subprotocol: no client can name it while it is empty. */
#define ROUTE(i)                                                                                   \
    {                                                                                              \
        .name = net_route_subprotocols[i], .callback = on_event,                                   \
        .rx_buffer_size = RX_BUFFER_BYTES, .tx_packet_size = NET_CHUNK_BYTES                       \
    }
#define ROUTES_4(i) ROUTE(i), ROUTE((i) + 1), ROUTE((i) + 2), ROUTE((i) + 3)
_Static_assert(NET_ROUTE_SUBPROTOCOLS == 16, "each has its place in server_protocols");

/* The first protocol gets HTTP and whatever is no WebSocket of ours. No protocol needs memory of
 * libwebsockets: the connection's id is its opaque pointer. */
static const struct lws_protocols server_protocols[] = {
    {.name = NET_HTTP_PROTOCOL,
     .callback = on_event,
     .rx_buffer_size = RX_BUFFER_BYTES,
     .tx_packet_size = NET_CHUNK_BYTES},
    {.name = NET_SUBPROTOCOL,
     .callback = on_event,
     .rx_buffer_size = RX_BUFFER_BYTES,
     .tx_packet_size = NET_CHUNK_BYTES},
    ROUTES_4(0),
    ROUTES_4(4),
    ROUTES_4(8),
    ROUTES_4(12),
    {0},
};
static const struct lws_protocols client_protocols[] = {
    {.name = "muster-client",
     .callback = net_client_callback,
     .rx_buffer_size = RX_BUFFER_BYTES,
     .tx_packet_size = NET_CHUNK_BYTES},
    {0},
};

/* ---- Connections ---- */

static void on_conn_ends(struct conn *conn) {
    net_gate_leave(conn);
    net_place_leave(conn);
}

static void on_conn_gone(struct conn *conn) {
    net_ring_settle(conn); /* while it has its socket */
    net_gate_forget(conn);
    net_place_leave(conn);
    net_peer_remove(conn);
    net_http_gone(conn);
    net_ws_gone(conn);
}

static void on_conn_silenced(struct conn *conn) {
    net_http_last_word(conn, 400, "request_malformed", "no request that can be read");
}

static bool conn_open(int fd, bool admin, const char *address) {
    conn_id id = 0;
    bool room = net_place_make(admin);
    struct conn *conn = room ? slots_add(&net_state.conns, &id) : NULL;
    if (!conn) {
        close(fd);
        return false;
    }
    conn->id = id;
    conn->admin = admin;
    net_place_take(conn);
    conn->proxied = !admin && net_proxy_trusted(address);
    snprintf(conn->address, sizeof conn->address, "%s", address);
    if (!admin && !conn->proxied) net_peer_add(conn, address);
    net_conn_deadline(conn, net_state.handshake_timeout_ms);
    conn->fd = fd;
    if (!net_gate_sees(conn)) {
        net_conn_adopt(conn);
        return slots_find(&net_state.conns, id) != NULL;
    }
    if (net_gate_watch(conn)) return true;
    net_conn_free(conn);
    return false;
}

/* ---- Events of libwebsockets ---- */

static int on_http_closed(struct conn *conn) {
    conn->closing = conn->dead = true;
    net_conn_deadline(conn, 0);
    net_http_gone(conn);
    return 0;
}

/* Whose first frame is not seen to be masked is not read. */
static int on_ws_established(struct conn *conn) {
    net_ws_established(conn);
    if (net_wire_take(conn)) return -1;
    if (conn->open && net_gate_sees(conn) && net_gate_watch(conn)) net_conn_pause(conn, true);
    return 0;
}

static int on_ws_receive(struct conn *conn, const uint8_t *data, size_t len) {
    struct lws *wsi = conn->wsi;
    net_ws_receive(conn, data, len, lws_frame_is_binary(wsi), lws_is_final_fragment(wsi));
    return 0;
}

static int on_ws_peer_closes(struct conn *conn, const uint8_t *data, size_t len) {
    return net_ws_peer_closes(conn, len >= 2 ? (uint16_t)(data[0] << 8 | data[1]) : 0);
}

/* libwebsockets would go on with a line of raw bytes. */
static int on_connect_request(struct lws *wsi) {
    struct conn *conn = net_conn_of(wsi);
    return conn ? net_http_refuse(conn, 501, "not_implemented", "method not known") : -1;
}

static int on_conn_event(struct lws *wsi, enum lws_callback_reasons reason, void *in, size_t len) {
    struct conn *conn = net_conn_of(wsi);
    if (!conn) return -1;
    conn->wsi = wsi; /* an adoption still under way has not returned it */
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return net_ws_confirm(conn);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return !conn->routed && strcmp(lws_get_protocol(wsi)->name, NET_SUBPROTOCOL) != 0;
    case LWS_CALLBACK_ESTABLISHED: return on_ws_established(conn);
    case LWS_CALLBACK_RECEIVE: return on_ws_receive(conn, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE: return net_ws_writeable(conn);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: return on_ws_peer_closes(conn, in, len);
    case LWS_CALLBACK_HTTP: return net_http_begin(conn, in, len);
    case LWS_CALLBACK_HTTP_BODY: return net_http_body(conn, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return net_http_body_end(conn);
    case LWS_CALLBACK_HTTP_WRITEABLE: return net_http_writeable(conn);
    case LWS_CALLBACK_CLOSED_HTTP: return on_http_closed(conn);
    case LWS_CALLBACK_CLOSED: net_ws_gone(conn); return 0;
    default: net_conn_free(conn); return 0; /* LWS_CALLBACK_WSI_DESTROY */
    }
}

/* Other events come with sockets that are not ours, or half made: those are not looked at. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len) {
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY: return on_conn_event(wsi, reason, in, len);
    case LWS_CALLBACK_RAW_ADOPT: return on_connect_request(wsi);
    case LWS_CALLBACK_RAW_RX: return -1;
    default: return 0;
    }
}

/* Whatever a client does wrong is told here as an error, so it is debug output for us. */
static void on_lws_log(int level, const char *line) {
    char *out = net_state.last_lws_line;
    size_t len = strcspn(line, "\n");
    snprintf(out, sizeof net_state.last_lws_line, "%.*s", (int)len, line);
    log_debug("net", "libwebsockets: %s", out);
    (void)level;
}

/* ---- Time ---- */

/* Its time is up. Whoever has sent a part of a request is told so. */
static void conn_late(struct conn *conn) {
    if (conn->gated && !conn->closing) {
        net_gate_late(conn);
    } else if (conn->wsi) {
        net_http_last_word(conn, 408, "request_timeout", "the request is not complete");
        net_conn_shut(conn);
    } else {
        net_conn_shut(conn);
    }
}

static void deadlines_check(void) {
    uint64_t now_ms = loop_now_ms();
    struct conn *next = NULL;
    for (struct conn *conn = net_state.deadlines; conn; conn = next) {
        next = conn->deadline_next;
        if (conn->deadline_ms > now_ms) continue;
        if (!conn->websocket && !conn->closing) metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        conn_late(conn);
    }
}

static void destroy_begin(void) {
    net_state.phase = NET_DESTROYING;
    net_wire_free_all();
    lws_context_destroy(net_state.context);
}

/* The second destroy frees what the handles that are closed by now stood in. */
static void destroy_end(void) {
    if (net_state.conns.count > 0 || !net_client_stop_all(true)) return;
    if (++destroy_turns < DESTROY_TURNS) return;
    if (net_state.context) lws_context_destroy(net_state.context);
    net_state.context = NULL;
    loop_timer_stop(sweep_timer);
    sweep_timer = NULL;
    net_conn_deinit();
    slots_deinit(&net_state.conns);
    slots_deinit(&net_state.exchanges);
    net_peer_deinit();
    net_gate_stop();
    net_wire_stop();
    net_queue_deinit_scratch();
    free(net_state.held);
    net_state.held = NULL;
    net_state.held_count = net_state.held_cap = 0;
    net_state.phase = NET_DOWN;
}

static void stop_step(void) {
    if (net_state.phase == NET_DESTROYING) {
        destroy_end();
        return;
    }
    bool clients_gone = net_client_stop_all(loop_now_ms() >= last_fetch_ms);
    bool all_gone = net_state.conns.count == 0 && clients_gone;
    if (all_gone || loop_now_ms() >= stop_deadline_ms) destroy_begin();
}

/* Each connection once in HEARTBEAT_SWEEPS, so that no sweep is long. */
static void meters_check(void) {
    uint64_t id = 0;
    struct conn *conn;
    while ((conn = slots_next(&net_state.conns, &id))) {
        if (conn->websocket && id % HEARTBEAT_SWEEPS == sweeps % HEARTBEAT_SWEEPS)
            net_ws_sweep(conn);
    }
}

static void on_sweep(void *user) {
    (void)user;
    if (net_state.phase != NET_DESTROYING) {
        deadlines_check();
        meters_check();
        net_http_sweep();
        /* Timeouts that libwebsockets was given outside of its own callbacks are noticed only at
         * its next event: make one. */
        if (++sweeps % HEARTBEAT_SWEEPS == 0 && net_state.context) {
            lws_cancel_service(net_state.context);
        }
    }
    if (net_state.phase != NET_UP) stop_step();
}

/* ---- Start ---- */

static muster_status start_fail(char *error, muster_status status, const char *what) {
    snprintf(error, ERROR_MAX, "%s%s%s", what, net_state.last_lws_line[0] ? ": " : "",
             net_state.last_lws_line);
    return status;
}

static muster_status context_create(char *error) {
    static void *loops[1];
    loops[0] = loop_handle();
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .foreign_loops = loops,
        .pcontext = &net_state.context,
        .max_http_header_data = HEADER_BYTES,
        .server_string = "muster",
        .timeout_secs = LIBRARY_TIMEOUT_S,
        .gid = -1,
        .uid = -1,
    };
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    net_state.last_lws_line[0] = '\0';
    net_state.context = lws_create_context(&info);
    if (net_state.context) return MUSTER_OK;
    return start_fail(error, MUSTER_INTERNAL,
                      "libwebsockets does not start (is libwebsockets-evlib-uv installed?)");
}

/* TLS is only taken from a vhost whose port is not NO_LISTEN, and a Host header selects among the
 * vhosts with the same port: so the public one has a port of its own, and no other name can come
 * in a header. */
static struct lws_vhost *public_vhost_create(const char *name) {
    const struct lws_context_creation_info info = {
        .vhost_name = name,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = server_protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .keepalive_timeout = 60,
        .timeout_secs = LIBRARY_TIMEOUT_S,
        .retry_and_idle_policy = &idle_policy,
        .alpn = "http/1.1",
        .ssl_cert_filepath = net_state.tls ? net_state.tls_cert : NULL,
        .ssl_private_key_filepath = net_state.tls ? net_state.tls_key : NULL,
        .ssl_options_set = NET_TLS_OPTIONS,
    };
    return lws_create_vhost(net_state.context, &info);
}

/* options: beside those of both. */
static struct lws_vhost *plain_vhost_create(const char *name, const struct lws_protocols *protocols,
                                            uint64_t options) {
    const struct lws_context_creation_info info = {
        .vhost_name = name,
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | options,
        .keepalive_timeout = 60,
        .timeout_secs = LIBRARY_TIMEOUT_S,
        .connect_timeout_secs = LIBRARY_TIMEOUT_S,
        .retry_and_idle_policy = &idle_policy,
        .alpn = "http/1.1",
        .ssl_client_options_set = NET_TLS_OPTIONS,
    };
    return lws_create_vhost(net_state.context, &info);
}

/* Reading the CA certificates takes as long as all else at the start. */
struct lws_vhost *net_client_vhost(void) {
    if (net_state.client_vhost) return net_state.client_vhost;
    net_state.client_vhost = plain_vhost_create("\nclient", client_protocols, 0);
    uv_update_time(loop_handle());
    return net_state.client_vhost;
}

static muster_status vhosts_create(char *error) {
    idle_policy = (lws_retry_bo_t){
        .secs_since_valid_ping = (uint16_t)config_core->net.idle_ping_s,
        .secs_since_valid_hangup = (uint16_t)config_core->net.idle_hangup_s,
    };
    net_state.public_vhost = public_vhost_create("\npublic");
    if (!net_state.public_vhost) {
        return start_fail(error, MUSTER_INVALID,
                          net_state.tls ? "tls.cert, tls.key" : "the public address");
    }
    net_state.admin_vhost =
        plain_vhost_create("\nadmin", server_protocols, LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS);
    bool is_whole = net_state.admin_vhost && (!untrusted_requested() || net_client_vhost());
    if (is_whole) return MUSTER_OK;
    return start_fail(error, MUSTER_INTERNAL, "libwebsockets made no vhost");
}

static muster_status tables_create(char *error) {
    /* Those on their way out still have a record for a moment. */
    uint32_t connections_max =
        net_state.places[false].max + net_state.places[true].max + DYING_CONNECTIONS_MAX;
    muster_status status = net_peer_init();
    if (status == MUSTER_OK) {
        status = slots_init(&net_state.conns, connections_max, sizeof(struct conn));
    }
    if (status == MUSTER_OK) status = net_conn_init();
    if (status == MUSTER_OK) status = net_http_init(connections_max);
    if (status == MUSTER_OK) status = net_gate_start();
    if (status == MUSTER_OK) status = net_wire_start();
    if (status != MUSTER_OK) snprintf(error, ERROR_MAX, "not enough memory for connections");
    return status;
}

muster_status net_start(const struct net_handlers *handlers, char *error) {
    net_state = (struct net){.phase = NET_UP, .handlers = *handlers};
    net_conn_parts = (struct net_conn_parts){
        .ends = on_conn_ends, .gone = on_conn_gone, .silenced = on_conn_silenced};
    net_state.message_max_bytes = config_core->net.message_max_bytes;
    net_state.queue_max_bytes = config_core->net.send_queue_max_bytes;
    net_state.handshake_timeout_ms = config_core->net.handshake_timeout_ms;
    snprintf(net_state.tls_cert, sizeof net_state.tls_cert, "%s", config_core->tls.cert);
    snprintf(net_state.tls_key, sizeof net_state.tls_key, "%s", config_core->tls.key);
    net_state.tls = net_state.tls_cert[0] != '\0';
    destroy_turns = 0;
    muster_status status = net_places_fit(error);
    if (status == MUSTER_OK) status = tables_create(error);
    if (status == MUSTER_OK) status = context_create(error);
    if (status == MUSTER_OK) status = vhosts_create(error);
    if (status == MUSTER_OK) status = loop_at_turn_end(net_ws_flush);
    if (status == MUSTER_OK) status = net_listen_start(conn_open, error);
    if (status == MUSTER_OK) {
        sweep_timer = loop_timer_start(NET_SWEEP_MS, NET_SWEEP_MS, on_sweep, NULL);
        if (!sweep_timer) status = MUSTER_NO_MEMORY;
    }
    if (status != MUSTER_OK) net_stop();
    return status;
}

/* ---- Certificates ---- */

/* A pair that does not load would leave the vhost without a key, so it is first tried on a vhost of
 * its own. */
muster_status net_tls_reload(char *error) {
    if (!net_state.tls) return MUSTER_OK;
    net_state.last_lws_line[0] = '\0';
    struct lws_vhost *trial = public_vhost_create("\ntrial");
    if (!trial) return start_fail(error, MUSTER_INVALID, "tls.cert, tls.key: not taken");
    lws_vhost_destroy(trial);
    lws_tls_cert_updated(net_state.context, net_state.tls_cert, net_state.tls_key, NULL, 0, NULL,
                         0);
    return MUSTER_OK;
}

/* ---- The end ---- */

void net_stop_listening(void) {
    net_listen_stop();
}

static void conns_close(void) {
    conn_id id = 0;
    struct conn *conn = NULL;
    while ((conn = slots_next(&net_state.conns, &id))) {
        if (conn->websocket) {
            net_close(id, 1001, "the server stops");
        } else if (!net_http_answering(conn)) {
            net_conn_shut(conn);
        }
    }
}

void net_stop(void) {
    if (net_state.phase != NET_UP) return;
    net_listen_stop();
    net_state.phase = NET_CLOSING;
    stop_deadline_ms = loop_now_ms() + STOP_MS;
    last_fetch_ms = loop_now_ms() + LAST_FETCH_MS;
    net_client_stop_all(false);
    if (net_state.context) conns_close();
    loop_timer_stop(sweep_timer);
    sweep_timer = loop_timer_start(1, STOP_STEP_MS, on_sweep, NULL);
}

bool net_stopped(void) {
    return net_state.phase == NET_DOWN;
}
