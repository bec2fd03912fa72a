/* net - connections: the only user of libwebsockets. Loop thread.
 *
 * Owns the listening sockets (public and admin), accepts on them itself, hands the sockets to
 * libwebsockets and tells the layer above about complete messages through one struct net_handlers.
 * A connection is known by its conn_id; an id whose connection is gone is answered quietly.
 */
#ifndef NET_H
#define NET_H

#include <muster/host.h>

typedef uint64_t conn_id;

/* Headroom that net needs in front of a snapshot buffer, bytes. */
#define NET_HEADROOM 32

/* The web page that a request comes from: no page; one of this server; of an origin on the list
 * net.allowedOrigins; of another. */
enum net_origin { NET_ORIGIN_NONE, NET_ORIGIN_SAME, NET_ORIGIN_LISTED, NET_ORIGIN_FOREIGN };

struct net_http_request {
    struct muster_http_request request; /* as the SDK has it */
    bool admin;                         /* came in on the admin address */
    enum net_origin origin;
};
/* Why pages of foreign origins are refused there, a sentence. */
const char *net_origin_refusal(bool admin);

struct net_handlers {
    /* May this address open a WebSocket? Asked before the handshake is answered. */
    bool (*ws_admit)(const char *address);
    /* Returns the user pointer kept with the connection, or null to close it. */
    void *(*ws_open)(conn_id conn, const char *address);
    /* Complete messages, text already valid UTF-8, both at most net.messageMaxBytes. Returning
     * false means that the connection has been closed with net_close meanwhile. */
    bool (*ws_text)(conn_id conn, void *user, const char *data, uint32_t len);
    bool (*ws_binary)(conn_id conn, void *user, const uint8_t *data, uint32_t len);
    /* Messages of it are about to come; may be null. What they ask for can be fetched from memory
     * meanwhile (__builtin_prefetch), in steps: step 1 comes when what was fetched in step 0 is
     * there. */
    void (*ws_expect)(void *user, uint32_t step);
    /* What was held back has drained: a snapshot may be sent again. */
    void (*ws_drained)(conn_id conn, void *user);
    void (*ws_closed)(conn_id conn, void *user);
    /* The longest body that is taken there, asked before any of it is read. path may be of any
     * length. */
    uint32_t (*http_body_max)(const char *method, const char *path, bool admin);
    /* WebSockets at other paths than /ws: the subprotocol that is spoken there ("": none), or null:
     * there is nothing. */
    const char *(*route_find)(const char *path, bool admin);
    /* The handshake of one, as a request without a body whose headers can be read in the call: 0,
     * and *user is kept with the connection; or the status with which it is refused. */
    uint32_t (*route_open)(const struct net_http_request *request, conn_id conn, void **user);
    /* As ws_text and ws_binary. */
    void (*route_message)(void *user, bool binary, struct muster_bytes data);
    /* The end of each that was let in, but by net_route_close. code: of the other side's close
     * frame; 0: none came, or none with a code. */
    void (*route_closed)(void *user, uint16_t code);
    /* Answer with net_http_respond, now or later. */
    void (*http_request)(const struct net_http_request *request);
    /* The client went away before it was answered, or before its stream was ended. */
    void (*http_closed)(muster_request_id id);
    /* After every 32nd received WebSocket message, so that ticks are not starved by receiving. */
    void (*rx_batch)(void);
};

/* Opens the listening sockets by the config (net.*, tls.*), or takes those that were passed under
 * the names "public" and "admin" (service.h). On failure `error` (256 bytes) says
 * which address and why; EXISTS means a port is in use. */
muster_status net_start(const struct net_handlers *handlers, char *error) MUSTER_MUST_USE;
/* A socket that listens there, for who passes it on. Errors as net_start. Needs no loop. */
muster_status net_socket_open(const char *address, uint32_t port, int *out_fd,
                              char *error) MUSTER_MUST_USE;
/* The ports bound (differ from the config when that says 0). */
uint32_t net_port(void);
uint32_t net_admin_port(void);
/* Certificates were replaced on disk: load them for new connections. */
muster_status net_tls_reload(char *error) MUSTER_MUST_USE;
/* No new connections; existing ones stay. */
void net_stop_listening(void);
/* Close every connection with 1001, destroy the context. The loop must keep turning until
 * net_stopped() is true. */
void net_stop(void);
bool net_stopped(void);

/* One snapshot, into the kernel at once or, where there is io_uring, with those of others: by
 * net_flush_snapshots, at the latest at the end of the loop's turn, and before anything else that
 * is sent to that connection. data has NET_HEADROOM writable bytes in front; its own bytes are not
 * changed, and borrowed for the call. SKIPPED: the connection still holds back older bytes, nothing
 * was sent; ws_drained comes when it is free again. */
enum net_sent { NET_SENT, NET_SKIPPED, NET_GONE };
enum net_sent net_send_snapshot(conn_id conn, uint8_t *data, uint32_t len);
/* Those that were sent since leave now. Calls nobody back. */
void net_flush_snapshots(void);
/* Soon one will be sent to it: what that asks for is fetched from memory. */
void net_expect_snapshot(conn_id conn);
/* Queued in order; it leaves at the end of the loop's turn, behind what was put there before
 * net_start (loop_at_turn_end). Above net.sendQueueMaxBytes waiting the connection is dropped
 * (4006). */
void net_send_text(conn_id conn, const char *data, uint32_t len);
void net_send_binary(conn_id conn, const uint8_t *data, uint32_t len);
/* Close frame with code and reason (at most 123 bytes) after what is queued, then the end. No more
 * messages of this connection are delivered; ws_closed still comes. */
void net_close(conn_id conn, uint16_t code, const char *reason);
/* Whoever is behind it has signed in: it is not closed to make room for a newcomer. */
void net_keep(conn_id conn);
/* The request at hand, which may be a handshake, has shown the admin token: while it is not
 * answered to the end, or its WebSocket is open, its connection stays as after net_keep, until
 * net_expel. */
void net_admit(muster_request_id id);
/* The admin token has changed: in the next turn, behind what is answered in this one, whoever was
 * admitted is closed, WebSockets with 1008. As when the client goes: their handlers are told. */
void net_expel(void);

/* Answer an HTTP request; NOT_FOUND when the client has gone or was answered. INVALID: a status or
 * header that cannot be sent; the client gets 500. */
muster_status net_http_respond(muster_request_id id, const struct muster_http_response *response);
/* The same piece by piece. INVALID: the head cannot be sent, and the request is still to be
 * answered. The body that response has is the first piece. */
muster_status net_stream_begin(muster_request_id id, const struct muster_http_response *response);
/* FULL: more than NET_STREAM_BYTES would wait for the client. NOT_FOUND: it is gone. */
#define NET_STREAM_BYTES 262144u
muster_status net_stream_send(muster_request_id id, struct muster_bytes piece);
/* whole: what was sent goes out, and the client sees that this was all. Else the connection ends
 * now, and the client sees that something is missing. http_closed does not come. */
void net_stream_end(muster_request_id id, bool whole);
/* A header of a request that awaits its answer, by its name in lower case; "": it has none. Valid
 * until the request is answered. */
const char *net_http_header(muster_request_id id, const char *name);
/* "Not Found" for 404. */
const char *net_http_reason(uint32_t status);

/* Of a WebSocket at a plugin's path, from route_open on. CLOSED: it is over; FULL: more than
 * NET_ROUTE_QUEUE_BYTES would wait. */
#define NET_ROUTE_QUEUE_BYTES 262144u
muster_status net_route_send(conn_id conn, bool binary, struct muster_bytes data);
/* As net_close; route_closed does not come. */
void net_route_close(conn_id conn, uint16_t code, const char *reason);
/* A subprotocol that is spoken at a plugin's path. INVALID: no token of at most 63 bytes, or one of
 * the core's; LIMIT: there are 16 others. */
muster_status net_subprotocol_add(const char *name);

/* HTTP and WebSocket clients (for plugins). Names are resolved without blocking the loop; when a
 * connection to one address of a name fails, the next is tried. */
struct net_client;
muster_status net_fetch(const struct muster_http_fetch *request,
                        void (*fn)(void *user, const struct muster_http_result *result), void *user,
                        struct net_client **out) MUSTER_MUST_USE;
muster_status net_ws_connect(const struct muster_ws_client *wanted, void *user,
                             struct net_client **out) MUSTER_MUST_USE;
muster_status net_ws_send(struct net_client *client, bool binary, struct muster_bytes data);
/* Ends it; no callback comes afterwards. */
void net_client_close(struct net_client *client);

#endif
