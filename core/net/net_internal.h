/* net_internal - what the files of net share. Included by net*.c only.
 *
 * A connection lives from accept until libwebsockets has destroyed its socket; libwebsockets keeps
 * only its id, so a late callback finds nothing instead of a freed record.
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include <libwebsockets.h>
#include <stddef.h>

#include "address.h"
#include "net.h"
#include "net_frame.h"
#include "slots.h"

_Static_assert(LWS_PRE + NET_FRAME_SENT_HEAD_MAX <= NET_HEADROOM, "snapshots need room for a head");
_Static_assert(sizeof(void *) >= sizeof(conn_id), "ids travel as opaque pointers");

#define NET_ADDRESS_MAX ADDRESS_TEXT_MAX
#define NET_CLOSE_REASON_MAX 124 /* RFC 6455: 123 bytes, and the NUL */
#define NET_SUBPROTOCOL "muster.v1"
#define NET_HTTP_PROTOCOL "muster-http" /* of no WebSocket */
#define NET_ROUTE_SUBPROTOCOLS 16       /* of plugins */
#define NET_SUBPROTOCOL_MAX 64
#define NET_FLUSH_MS 2000     /* for a close frame or a last answer, then the socket is shut */
#define NET_SWEEP_MS 100      /* how often deadlines are looked at */
#define NET_CHUNK_BYTES 65536 /* libwebsockets writes at most this at once */

#define NET_TLS_OPTIONS (SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1)

/* ---- Messages that wait for the socket ---- */

struct net_message {
    struct net_message *next;
    uint32_t len;
    uint8_t opcode;
    uint8_t bytes[]; /* LWS_PRE of headroom, then len */
};

struct net_queue {
    struct net_message *head;
    struct net_message *tail;
    uint32_t bytes;
};

/* Queues it. FULL when it does not fit into max_bytes. */
muster_status net_queue_keep(struct net_queue *queue, const void *data, uint32_t len,
                             uint8_t opcode, uint32_t max_bytes);
/* Of a connection: the next frames, taken out; there must be some. One of a message that was never
 * in it. Bytes with LWS_PRE in front, valid until the next call. Null: out of memory. */
uint8_t *net_queue_frames(struct net_queue *queue, uint32_t *len);
uint8_t *net_queue_frame(const void *data, uint32_t len, uint8_t opcode, uint32_t *frame_len);
/* Of a client: at once when nothing waits, else queued. FULL as above, IO when it is broken. */
muster_status net_queue_send(struct net_queue *queue, struct lws *wsi, const void *data,
                             uint32_t len, uint8_t opcode, uint32_t max_bytes);
/* From a client's writable callback: as much as the socket takes. False: it is broken. */
bool net_queue_flush(struct net_queue *queue, struct lws *wsi);
void net_queue_clear(struct net_queue *queue);
void net_queue_deinit_scratch(void);

/* ---- Connections ---- */

/* Some that wait. */
struct net_bytes {
    uint32_t at, len, cap;
    uint8_t bytes[];
};

struct net_peer; /* one address and how many connections it has */

/* What each message and each snapshot asks comes first: it fits in two cache lines. */
struct conn {
    struct lws *wsi;
    void *user;
    struct net_bytes *unsent; /* net_wire's: the rest of what was sent */
    struct net_bytes *unread; /* and the beginning of a frame */
    struct net_frames frames;
    int fd;            /* before libwebsockets has it, and when it is taken from it; else -1 */
    bool websocket;    /* upgraded */
    bool open;         /* ws_open answered with a user */
    bool routed;       /* at a plugin's path, which has not closed it */
    bool closing;      /* no more messages in either direction */
    bool dead;         /* the socket was shut */
    bool held;         /* what waits leaves at the end of the loop's turn */
    bool skipped;      /* ws_drained is owed */
    bool wants_out;    /* is told when the socket takes more */
    bool in_ring;      /* a snapshot of it has not left yet */
    bool is_last_read; /* what comes is thrown away */
    bool is_heard;     /* something came in the last second */
    uint32_t rx_len;
    struct net_queue queue;
    uint64_t told_bytes; /* received and accounted for, see net_meter.c */
    uint64_t read_bytes; /* of a socket of our own */
    conn_id id;
    uint8_t *rx; /* fragments so far, rx_len */
    uint32_t rx_cap;
    uint32_t head_len; /* of the first request; 0: more came with it */
    uint32_t silent_s;
    struct net_peer *peer; /* null: not counted (admin, trusted proxy) */
    struct conn *deadline_prev;
    struct conn *deadline_next;
    struct conn *prev; /* among those of its listener that may have to make room */
    struct conn *next;
    uint64_t deadline_ms;       /* 0: none */
    muster_request_id exchange; /* the HTTP request at hand, or 0 */
    uint16_t close_code;
    uint16_t peer_code; /* of the other side's close frame */
    bool begun;         /* a part of the next request has come */
    bool gated;         /* net_gate looks at what comes before libwebsockets may */
    bool admin;
    bool counted;    /* takes one of the places of its listener */
    bool makes_room; /* in the list of those that have to go when there is none left */
    bool admitted;   /* has shown the admin token, see net_admit.c */
    bool proxied;    /* the peer is a trusted proxy */
    bool over_cap;   /* one of too many of its address */
    bool close_sent;
    bool paused; /* receiving is off */
    char address[NET_ADDRESS_MAX];
    char close_reason[NET_CLOSE_REASON_MAX];
};
_Static_assert(offsetof(struct conn, rx) <= 2 * CACHE_LINE_BYTES, "what comes first fits");

enum net_phase { NET_DOWN, NET_UP, NET_CLOSING, NET_DESTROYING };

/* The connections of one listener: neither takes places of the other. */
struct net_places {
    uint32_t max;
    uint32_t count;     /* of those not shut */
    struct conn *least; /* who may have to make room, longest here first */
};

struct net {
    enum net_phase phase;
    struct net_handlers handlers;
    struct lws_context *context;
    struct lws_vhost *public_vhost;
    struct lws_vhost *admin_vhost;
    struct lws_vhost *client_vhost;
    struct slots conns;
    struct net_places places[2]; /* public, admin */
    struct slots exchanges;
    struct conn *deadlines;
    conn_id *held; /* connections with `held` set */
    uint32_t held_count;
    uint32_t held_cap;
    uint32_t rx_since_batch;
    uint32_t message_max_bytes;
    uint32_t queue_max_bytes;
    uint32_t handshake_timeout_ms;
    bool tls;
    char tls_cert[1025]; /* as at the start: libwebsockets finds its vhost by them */
    char tls_key[1025];
    char last_lws_line[160];
};
extern struct net net_state;

/* ---- net_conn.c ---- */

static inline int net_conn_fd(const struct conn *conn) {
    return conn->wsi ? lws_get_socket_fd(conn->wsi) : conn->fd;
}

/* A WebSocket that libwebsockets has no part in any more (net_wire). */
static inline bool net_conn_is_own(const struct conn *conn) {
    return conn->websocket && !conn->wsi;
}

/* What net.c does for the parts that hold something for a connection. */
struct net_conn_parts {
    void (*ends)(struct conn *conn);     /* it is being shut */
    void (*gone)(struct conn *conn);     /* before the record goes */
    void (*silenced)(struct conn *conn); /* nothing can be sent any more after this */
};
extern struct net_conn_parts net_conn_parts;

muster_status net_conn_init(void) MUSTER_MUST_USE;
void net_conn_deinit(void);
struct conn *net_conn_of(struct lws *wsi);
/* Shut down at `ms` from now unless moved; 0: never. */
void net_conn_deadline(struct conn *conn, uint32_t ms);
/* The end at once: no callback of libwebsockets would come otherwise from outside of one. */
void net_conn_shut(struct conn *conn);
/* Hands the socket over; on failure the connection is gone. */
void net_conn_adopt(struct conn *conn);
void net_conn_free(struct conn *conn);
/* Stop or go on reading; a request is answered before the next is read. */
void net_conn_pause(struct conn *conn, bool paused);

/* ---- net_gate.c ---- */

muster_status net_gate_start(void);
void net_gate_stop(void);
/* Only libwebsockets can read TLS. */
static inline bool net_gate_sees(const struct conn *conn) {
    return conn->admin || !net_state.tls;
}
/* From here on until what comes next has been looked at. False: out of memory. */
bool net_gate_watch(struct conn *conn);
/* What comes is libwebsockets' matter, or nobody's. */
void net_gate_leave(struct conn *conn);
/* Before the record goes; closes a socket that libwebsockets never had. */
void net_gate_forget(struct conn *conn);
/* Its time is up: 408 to who has sent a part of a request, the end for who has sent nothing. */
void net_gate_late(struct conn *conn);

/* ---- net_places.c ---- */

#define NET_ERROR_MAX 256
/* How many places there are, as far as descriptors allow; INVALID: too few, and error says so. */
muster_status net_places_fit(char *error);
/* False: all who are there have signed in, or wait for an answer. */
bool net_place_make(bool admin);
void net_place_take(struct conn *conn);
/* Again is legal. */
void net_place_leave(struct conn *conn);

/* ---- net_listen.c, net_peer.c ---- */

/* Takes the descriptor; false: refused. */
typedef bool net_accept_fn(int fd, bool admin, const char *address);
muster_status net_listen_start(net_accept_fn *fn, char *error);
void net_listen_stop(void);

muster_status net_peer_init(void);
void net_peer_deinit(void);
struct sockaddr_storage;
void net_address_text(const struct sockaddr_storage *from, char *out);
/* May another connection of this address be accepted now? Takes from its bucket. */
bool net_peer_admit(const char *address, bool proxied);
/* Counts a connection of address on conn and sets over_cap. */
void net_peer_add(struct conn *conn, const char *address);
void net_peer_remove(struct conn *conn);
bool net_proxy_trusted(const char *address);
/* The last address in an X-Forwarded-For value that is not a trusted proxy's; false: none valid. */
bool net_proxy_client(const char *forwarded, char *out);

/* Behind a trusted proxy: the client's address into out, NET_ADDRESS_MAX bytes, when the proxy
 * names one. UNREADABLE: it names something else, and whoever asks must be refused: the proxy's own
 * address would be believed more. */
enum net_forwarded { NET_FORWARDED_NONE, NET_FORWARDED_READ, NET_FORWARDED_UNREADABLE };
enum net_forwarded net_forwarded_read(const struct conn *conn, char *out);

/* ---- net_origin.c ---- */

#define NET_ORIGIN_MAX 272 /* scheme, 253 bytes of name, port */

enum net_origin net_origin_judge(const char *origin, const char *host);
/* On the admin address no page of another origin is listed. */
enum net_origin net_origin_of(const struct conn *conn);

/* ---- net_meter.c ---- */

/* All that came so far is accounted for: a request is answered, a handshake is over. */
void net_meter_settle(struct conn *conn);
/* Has anything come since? */
bool net_meter_untold(const struct conn *conn);
/* Bytes that were read from its socket. */
uint64_t net_meter_read(const struct conn *conn);
/* A message or a piece of one came on a WebSocket. */
void net_meter_message(struct conn *conn, size_t len, bool last);
/* Once a second. False: more comes than messages explain. */
bool net_meter_fits(struct conn *conn);

/* ---- net_wire.c ---- */

muster_status net_wire_start(void);
void net_wire_stop(void);
/* Before the record goes. */
void net_wire_gone(struct conn *conn);
/* The end of all that libwebsockets does not end. */
void net_wire_free_all(void);
/* In the callback that it is established, which is to end it then: libwebsockets has no part in it
 * any more. False: it stays with libwebsockets. */
bool net_wire_take(struct conn *conn);
/* Something that was sent has not left wholly: nothing may be sent. Before it is said, what lies in
 * the ring leaves. */
bool net_wire_waits(const struct conn *conn);
/* A snapshot, as net_wire_offer; it may leave later, with others (net_flush_snapshots): what is not
 * taken then waits, and who is broken then is heard of in the loop. */
enum net_sent net_wire_post(struct conn *conn, uint8_t *bytes, uint32_t len);
/* Whole frames, with LWS_PRE in front, while nothing waits. SKIPPED: none of them; net_ws_writeable
 * comes when it takes some. GONE: it is broken. */
enum net_sent net_wire_offer(struct conn *conn, uint8_t *bytes, uint32_t len);
/* The same, and what it does not take waits. False: it is broken. */
bool net_wire_send(struct conn *conn, uint8_t *bytes, uint32_t len);
/* What waits. False: it is broken. */
bool net_wire_flush(struct conn *conn);
/* net_ws_writeable shall come. */
void net_wire_want(struct conn *conn);
/* No more will be sent. */
void net_wire_finish(struct conn *conn);
/* Once a second: asks those that are silent. False: it answers no more. */
bool net_wire_is_alive(struct conn *conn);

/* ---- net_ring.c: net_flush_snapshots, and ---- */

/* What became of one: so many bytes were taken, or a negative errno. It may not put another. */
typedef void net_ring_fn(struct conn *conn, const uint8_t *bytes, uint32_t len, int result);
/* There is a ring or there is none, which is logged. */
void net_ring_start(net_ring_fn *settled);
void net_ring_stop(void);
/* Whole frames for a socket of our own for which nothing waits and nothing lies in the ring. They
 * are copied. False: they are not for the ring, or there is none. */
bool net_ring_put(struct conn *conn, const uint8_t *bytes, uint32_t len);
/* Before anything else is done with its socket. */
void net_ring_settle(const struct conn *conn);

/* ---- net_ws.c ---- */

int net_ws_confirm(struct conn *conn);
void net_ws_established(struct conn *conn);
/* A message, or a fragment of one. */
void net_ws_receive(struct conn *conn, const uint8_t *data, size_t len, bool binary, bool last);
/* FULL: more than max_bytes would wait. IO: it is broken, and ends. */
muster_status net_ws_put(struct conn *conn, const void *data, uint32_t len, uint8_t opcode,
                         uint32_t max_bytes);
void net_ws_ping(struct conn *conn);
void net_ws_pong(struct conn *conn, const uint8_t *data, uint32_t len);
/* Not 0: the end. */
int net_ws_writeable(struct conn *conn);
/* Its close frame; code 0: it has none. Not 0: the end. */
int net_ws_peer_closes(struct conn *conn, uint16_t code);
/* Once a second. */
void net_ws_sweep(struct conn *conn);
/* What was said in this turn of the loop leaves. */
void net_ws_flush(void);
void net_ws_gone(struct conn *conn);

/* ---- net_route.c ---- */

extern char net_route_subprotocols[NET_ROUTE_SUBPROTOCOLS][NET_SUBPROTOCOL_MAX];
/* The last step of a handshake at a plugin's path: what the callback returns. */
int net_route_open(struct conn *conn);
void net_route_established(struct conn *conn);

/* ---- net_targets.c ---- */

#define NET_TARGETS_MAX 8
struct addrinfo;
struct net_targets {
    uint32_t count;
    uint32_t next; /* the one that is tried next */
    char addresses[NET_TARGETS_MAX][NET_ADDRESS_MAX];
};
/* What was looked up; found may be null. False: public_only, and there are only others. */
bool net_targets_read(struct net_targets *targets, const struct addrinfo *found, bool public_only);

/* ---- net_http.c, net_header.c, net_answer.c ---- */

/* One that somebody has asked for. */
struct net_header {
    struct net_header *next;
    const char *value; /* in text, behind the name */
    char text[];
};

struct exchange {
    muster_request_id id;
    conn_id conn;
    const char *method;
    enum net_origin origin;
    bool admin;
    bool head;
    bool keep_alive;
    bool http_1_0;
    bool dispatched;
    bool answered;
    bool streams; /* its answer has no end yet */
    bool ended;   /* nothing is added to it any more */
    uint32_t ahead_reads;
    uint32_t blocked_sweeps;
    char *path;
    char *query; /* in the same allocation */
    struct net_header *headers;
    char address[NET_ADDRESS_MAX];
    uint8_t *body;
    uint32_t body_len;
    uint32_t body_cap;
    uint32_t body_max; /* as the client has announced it */
    uint8_t *answer;   /* LWS_PRE of headroom, then head and body */
    uint32_t answer_len;
    uint32_t answer_sent;
    uint32_t answer_cap; /* of a stream */
};

/* Nothing of its answer waits for the client. */
static inline bool net_exchange_is_idle(const struct exchange *exchange) {
    return exchange->answer_sent == exchange->answer_len;
}

/* Somebody is to be told when its client goes. */
static inline bool net_exchange_is_open(const struct exchange *exchange) {
    return exchange->answered ? exchange->streams && !exchange->ended : exchange->dispatched;
}

/* net_conn.c */
struct exchange *net_exchange_of(const struct conn *conn);
void net_exchange_free(struct conn *conn, struct exchange *exchange);

/* Null: it has none, or there is no memory. Kept with the exchange. */
const char *net_header_read(struct exchange *exchange, struct lws *wsi, const char *name);

muster_status net_http_init(uint32_t requests_max);
/* Null: out of memory. */
struct exchange *net_exchange_open(struct conn *conn, int method, const char *path, size_t len,
                                   const char *address);
struct net_http_request net_exchange_request(const struct exchange *exchange);
int net_http_begin(struct conn *conn, const char *path, size_t len);
int net_http_body(struct conn *conn, const uint8_t *data, size_t len);
int net_http_body_end(struct conn *conn);
int net_http_writeable(struct conn *conn);
/* Its answer is on its way; then the connection ends by itself while the network stops. */
bool net_http_answering(const struct conn *conn);
void net_http_gone(struct conn *conn);
/* Requests whose client hung up while they wait for their answer. */
void net_http_sweep(void);
#define NET_REFUSAL_MAX 1024
/* Head, with these further header lines, and body of a problem answer; returns its length. */
int net_refusal_text(char *out, const char *headers, uint32_t status, const char *code,
                     const char *detail);
/* A short problem answer, then the end of the connection. Returns what the callback returns. */
int net_http_refuse(struct conn *conn, uint32_t status, const char *code, const char *detail);
/* Before the end: who sent something and got no answer gets this one, if it can still be sent. */
void net_http_last_word(struct conn *conn, uint32_t status, const char *code, const char *detail);
/* Of a header, a method, a subprotocol (RFC 9110, 5.6.2). */
bool net_is_token(const char *text);
/* One Host, as HTTP/1.1 demands. */
bool net_http_host_fits(struct lws *wsi);

/* ---- net_client.c ---- */

int net_client_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t len);
/* Ends all clients, or WebSockets alone; they are told CLOSED: nobody holds one that is gone. True
 * when none is left. */
bool net_client_stop_all(bool with_fetches);
/* Of net.c: what connections of ours belong to; made when there is the first one, unless the
 * process is to be locked and could read no certificates then. Null: it could not be made. */
struct lws_vhost *net_client_vhost(void);

#endif
