/* net_answer - HTTP answers, whole or piece by piece: their head, checked against header injection,
 * and their way out.
 *
 * Called by http (through net.h) with an answer, by net when the socket takes more of it.
 */
#include "net_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

#define HEADERS_MAX 8
#define CHUNK_FRAME_BYTES 16
#define ANSWER_TIMEOUT_MS 30000 /* for the client to take the answer */

static const struct {
    uint32_t status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *net_http_reason(uint32_t status) {
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status) return reasons[i].text;
    }
    return "Unknown";
}

bool net_is_token(const char *name) {
    static const char extra[] = "!#$%&'*+-.^_`|~";
    if (!*name) return false;
    for (; *name; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9');
        if (!plain && !strchr(extra, *name)) return false;
    }
    return true;
}

static bool is_value(const char *value) {
    for (; *value; value++) {
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f) return false;
    }
    return true;
}

static bool is_ours(const char *name) {
    return strcasecmp(name, "content-length") == 0 || strcasecmp(name, "connection") == 0 ||
           strcasecmp(name, "keep-alive") == 0 || strcasecmp(name, "transfer-encoding") == 0;
}

static bool response_valid(const struct muster_http_response *response) {
    if (response->status < 200 || response->status > 599) return false;
    if (response->header_count > HEADERS_MAX || response->body.len > UINT32_MAX / 2) return false;
    if (response->content_type && !is_value(response->content_type)) return false;
    for (uint32_t i = 0; i < response->header_count; i++) {
        const struct muster_http_header *header = &response->headers[i];
        if (!net_is_token(header->name) || is_ours(header->name) || !is_value(header->value)) {
            return false;
        }
    }
    return true;
}

static size_t head_size(const struct muster_http_response *response) {
    size_t size =
        512 + NET_ORIGIN_MAX + (response->content_type ? strlen(response->content_type) : 0);
    for (uint32_t i = 0; i < response->header_count; i++) {
        size += strlen(response->headers[i].name) + strlen(response->headers[i].value) + 4;
    }
    return size;
}

static const char *origin_of(const struct exchange *exchange) {
    const struct net_header *header = exchange->headers;
    while (header && strcmp(header->text, "origin") != 0) header = header->next;
    return header ? header->value : "null";
}

/* A page of another origin, which the operator has listed, may read the answer; whoever keeps it is
 * not to hand it to another page. No cookie is ever asked for, so no credentials are allowed. */
static char *origin_write(const struct exchange *exchange, char *at) {
    if (exchange->admin || config_core->net.allowed_origins.count == 0) return at;
    at += sprintf(at, "vary: origin\r\n");
    if (exchange->origin != NET_ORIGIN_LISTED) return at;
    return at + sprintf(at,
                        "access-control-allow-origin: %s\r\n"
                        "access-control-expose-headers: etag, retry-after, *\r\n",
                        origin_of(exchange));
}

/* What came before it ends with the connection. */
static bool is_chunked(const struct exchange *exchange) {
    return exchange->streams && !exchange->http_1_0;
}

/* A client that knows how long it may wait does not send its next request to a closed connection.
 */
static char *keep_alive_write(const struct exchange *exchange, char *at) {
    if (!exchange->keep_alive) return at + sprintf(at, "connection: close\r\n");
    if (exchange->http_1_0) at += sprintf(at, "connection: keep-alive\r\n");
    return at + sprintf(at, "keep-alive: timeout=%u\r\n", net_state.handshake_timeout_ms / 1000);
}

static uint32_t head_write(const struct exchange *exchange, char *out,
                           const struct muster_http_response *response) {
    char *at = out;
    uint32_t status = response->status;
    at += sprintf(at, "HTTP/1.1 %u %s\r\n", status, net_http_reason(status));
    if (response->content_type) at += sprintf(at, "content-type: %s\r\n", response->content_type);
    if (exchange->streams) {
        at += sprintf(at, "%s", is_chunked(exchange) ? "transfer-encoding: chunked\r\n" : "");
    } else if (status != 204 && status != 304) {
        at += sprintf(at, "content-length: %llu\r\n", (unsigned long long)response->body.len);
    }
    for (uint32_t i = 0; i < response->header_count; i++) {
        at += sprintf(at, "%s: %s\r\n", response->headers[i].name, response->headers[i].value);
    }
    at = origin_write(exchange, at);
    at = keep_alive_write(exchange, at);
    at += sprintf(at, "\r\n");
    return (uint32_t)(at - out);
}

static bool answer_build(struct exchange *exchange, const struct muster_http_response *response) {
    bool with_body = !exchange->head && response->status != 204 && response->status != 304;
    size_t body_len = with_body ? (size_t)response->body.len : 0;
    exchange->answer = malloc(LWS_PRE + head_size(response) + body_len);
    if (!exchange->answer) return false;
    char *head = (char *)exchange->answer + LWS_PRE;
    exchange->answer_len = head_write(exchange, head, response);
    if (body_len > 0) memcpy(head + exchange->answer_len, response->body.data, body_len);
    exchange->answer_len += (uint32_t)body_len;
    return true;
}

/* The connection of a request that waits for its answer. */
static struct conn *awaiting(muster_request_id id, struct exchange **out) {
    struct exchange *exchange = *out = slots_find(&net_state.exchanges, id.value);
    struct conn *conn = exchange ? slots_find(&net_state.conns, exchange->conn) : NULL;
    bool waits = conn && exchange->dispatched && !exchange->answered && !conn->dead;
    return waits ? conn : NULL;
}

muster_status net_http_respond(muster_request_id id, const struct muster_http_response *response) {
    static const struct muster_http_response broken = {.size = sizeof broken, .status = 500};
    struct exchange *exchange = NULL;
    struct conn *conn = awaiting(id, &exchange);
    if (!conn) return MUSTER_NOT_FOUND;
    bool valid = response_valid(response);
    exchange->answered = true;
    if (response->status == 429) exchange->keep_alive = false; /* or refusing were work, too */
    if (!answer_build(exchange, valid ? response : &broken)) {
        net_conn_shut(conn);
        return MUSTER_NO_MEMORY;
    }
    net_conn_deadline(conn, ANSWER_TIMEOUT_MS);
    net_conn_pause(conn, false); /* libwebsockets would not write either */
    lws_callback_on_writable(conn->wsi);
    return valid ? MUSTER_OK : MUSTER_INVALID;
}

/* libwebsockets keeps what it read beyond a request and, for a next request with a body, takes that
 * request's own header for the body. So whoever sends ahead is closed after the answer. What it
 * keeps can only be asked for all connections together: now and then this ends another's. */
static bool sent_ahead(void) {
    return lws_service_adjust_timeout(net_state.context, 1, 0) == 0;
}

static int answer_end(struct conn *conn, struct exchange *exchange) {
    bool keep_alive = exchange->keep_alive && net_state.phase == NET_UP && !sent_ahead();
    net_exchange_free(conn, exchange);
    conn->closing = !keep_alive;
    conn->admitted = false;
    if (!keep_alive) return -1;
    net_meter_settle(conn);
    net_conn_deadline(conn, net_state.handshake_timeout_ms); /* for the next request */
    /* The gate does not look at further requests: receiving switched off from here leaves
     * libwebsockets waiting for a socket that is always writable. */
    return lws_http_transaction_completed(conn->wsi) ? -1 : 0;
}

/* All that there is of it has gone. */
static int answer_out(struct conn *conn, struct exchange *exchange) {
    if (!exchange->streams || exchange->ended) return answer_end(conn, exchange);
    if (exchange->head || net_state.phase != NET_UP) return -1;
    net_conn_deadline(conn, 0);
    net_conn_pause(conn, true);
    return 0;
}

bool net_http_answering(const struct conn *conn) {
    const struct exchange *exchange = net_exchange_of(conn);
    if (!exchange || !exchange->answered || conn->dead) return false;
    return !exchange->streams || exchange->ended || !net_exchange_is_idle(exchange);
}

int net_http_writeable(struct conn *conn) {
    struct exchange *exchange = net_exchange_of(conn);
    if (conn->dead) return -1;
    if (!exchange || !exchange->answered) return 0;
    if (lws_partial_buffered(conn->wsi)) return 0; /* comes back when it has gone */
    uint32_t left = exchange->answer_len - exchange->answer_sent;
    if (left == 0) return answer_out(conn, exchange);
    uint32_t chunk = left < NET_CHUNK_BYTES ? left : NET_CHUNK_BYTES;
    uint8_t *data = exchange->answer + LWS_PRE + exchange->answer_sent;
    if (lws_write(conn->wsi, data, chunk, LWS_WRITE_HTTP) < (int)chunk) return -1;
    exchange->answer_sent += chunk;
    net_conn_deadline(conn, ANSWER_TIMEOUT_MS);
    if (chunk == left && !lws_partial_buffered(conn->wsi)) return answer_out(conn, exchange);
    lws_callback_on_writable(conn->wsi);
    return 0;
}

/* ---- Streams ---- */

static struct conn *stream_find(muster_request_id id, struct exchange **out) {
    struct exchange *exchange = *out = slots_find(&net_state.exchanges, id.value);
    struct conn *conn = exchange ? slots_find(&net_state.conns, exchange->conn) : NULL;
    return conn && exchange->streams && !exchange->ended && !conn->dead ? conn : NULL;
}

/* What has gone makes room for what comes. */
static bool stream_reserve(struct exchange *exchange, size_t len) {
    uint32_t waiting = exchange->answer_len - exchange->answer_sent;
    uint8_t *data = exchange->answer + LWS_PRE;
    if (exchange->answer_sent > 0) memmove(data, data + exchange->answer_sent, waiting);
    exchange->answer_len = waiting;
    exchange->answer_sent = 0;
    if (waiting + len <= exchange->answer_cap) return true;
    size_t cap = (waiting + len) * 2;
    uint8_t *grown = realloc(exchange->answer, LWS_PRE + cap);
    if (!grown) return false;
    exchange->answer = grown;
    exchange->answer_cap = (uint32_t)cap;
    return true;
}

/* An empty piece would be the last one. */
static bool stream_append(struct exchange *exchange, struct muster_bytes piece) {
    bool chunked = is_chunked(exchange);
    if (piece.len == 0 || exchange->head) return true;
    if (!stream_reserve(exchange, (size_t)piece.len + CHUNK_FRAME_BYTES)) return false;
    char *begin = (char *)exchange->answer + LWS_PRE + exchange->answer_len;
    char *at = begin;
    if (chunked) at += sprintf(at, "%x\r\n", (unsigned)piece.len);
    memcpy(at, piece.data, (size_t)piece.len);
    at += piece.len;
    if (chunked) at += sprintf(at, "\r\n");
    exchange->answer_len += (uint32_t)(at - begin);
    return true;
}

/* The client has its time from when something begins to wait for it. */
static void stream_wake(struct conn *conn) {
    if (conn->deadline_ms == 0) net_conn_deadline(conn, ANSWER_TIMEOUT_MS);
    net_conn_pause(conn, false); /* libwebsockets would not write either */
    lws_callback_on_writable(conn->wsi);
}

muster_status net_stream_begin(muster_request_id id, const struct muster_http_response *response) {
    struct exchange *exchange = NULL;
    struct conn *conn = awaiting(id, &exchange);
    if (!conn) return MUSTER_NOT_FOUND;
    if (!response_valid(response) || response->status == 204 || response->status == 304)
        return MUSTER_INVALID;
    if (response->body.len > NET_STREAM_BYTES) return MUSTER_INVALID;
    exchange->answered = exchange->streams = true;
    exchange->keep_alive = false;
    exchange->answer_cap = (uint32_t)head_size(response);
    exchange->answer = malloc(LWS_PRE + exchange->answer_cap);
    if (exchange->answer)
        exchange->answer_len = head_write(exchange, (char *)exchange->answer + LWS_PRE, response);
    if (!exchange->answer || !stream_append(exchange, response->body)) {
        exchange->ended = true;
        net_conn_shut(conn);
        return MUSTER_NO_MEMORY;
    }
    stream_wake(conn);
    return MUSTER_OK;
}

muster_status net_stream_send(muster_request_id id, struct muster_bytes piece) {
    struct exchange *exchange = NULL;
    struct conn *conn = stream_find(id, &exchange);
    if (!conn) return MUSTER_NOT_FOUND;
    uint32_t waiting = exchange->answer_len - exchange->answer_sent;
    if (piece.len > NET_STREAM_BYTES || waiting > NET_STREAM_BYTES - piece.len) return MUSTER_FULL;
    if (!stream_append(exchange, piece)) return MUSTER_NO_MEMORY;
    stream_wake(conn);
    return MUSTER_OK;
}

void net_stream_end(muster_request_id id, bool whole) {
    struct exchange *exchange = NULL;
    struct conn *conn = stream_find(id, &exchange);
    if (!conn) return;
    bool chunked = is_chunked(exchange) && !exchange->head;
    whole = whole && stream_reserve(exchange, CHUNK_FRAME_BYTES);
    exchange->ended = true;
    if (!whole) {
        net_conn_shut(conn);
        return;
    }
    if (chunked) {
        memcpy(exchange->answer + LWS_PRE + exchange->answer_len, "0\r\n\r\n", 5);
        exchange->answer_len += 5;
    }
    stream_wake(conn);
}
