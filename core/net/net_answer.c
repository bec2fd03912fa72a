/* net_answer - HTTP answers: their head, checked against header injection, and their way out.
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

static bool is_token(const char *name) {
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
        if (!is_token(header->name) || is_ours(header->name) || !is_value(header->value)) {
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
    if (status != 204 && status != 304) {
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

muster_status net_http_respond(muster_request_id id, const struct muster_http_response *response) {
    static const struct muster_http_response broken = {.size = sizeof broken, .status = 500};
    struct exchange *exchange = slots_find(&net_state.exchanges, id.value);
    struct conn *conn = exchange ? slots_find(&net_state.conns, exchange->conn) : NULL;
    if (!conn || !exchange->dispatched || exchange->answered || conn->dead) return MUSTER_NOT_FOUND;
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
    if (!keep_alive) return -1;
    net_meter_settle(conn);
    net_conn_deadline(conn, net_state.handshake_timeout_ms); /* for the next request */
    /* The gate does not look at further requests: receiving switched off from here leaves
     * libwebsockets waiting for a socket that is always writable. */
    return lws_http_transaction_completed(conn->wsi) ? -1 : 0;
}

bool net_http_answering(const struct conn *conn) {
    const struct exchange *exchange = net_exchange_of(conn);
    return exchange && exchange->answered && !conn->dead;
}

int net_http_writeable(struct conn *conn) {
    struct exchange *exchange = net_exchange_of(conn);
    if (conn->dead) return -1;
    if (!exchange || !exchange->answered) return 0;
    if (lws_partial_buffered(conn->wsi)) return 0; /* comes back when it has gone */
    uint32_t left = exchange->answer_len - exchange->answer_sent;
    if (left == 0) return answer_end(conn, exchange);
    uint32_t chunk = left < NET_CHUNK_BYTES ? left : NET_CHUNK_BYTES;
    uint8_t *data = exchange->answer + LWS_PRE + exchange->answer_sent;
    if (lws_write(conn->wsi, data, chunk, LWS_WRITE_HTTP) < (int)chunk) return -1;
    exchange->answer_sent += chunk;
    net_conn_deadline(conn, ANSWER_TIMEOUT_MS);
    if (chunk == left && !lws_partial_buffered(conn->wsi)) return answer_end(conn, exchange);
    lws_callback_on_writable(conn->wsi);
    return 0;
}
