/* net_http - HTTP requests in; net_answer lets the answers out.
 *
 * Owns an exchange for each request from its headers until its answer has been written. While an
 * answer is awaited the connection is not read: what a client sends ahead waits in the kernel.
 * Called by net (events) and http (answers).
 */
#include "net_internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "metrics.h"

#define DISCARD_MAX_BYTES 1048576 /* of the body of a refused request */
#define BODY_STEP_BYTES 16384
#define REFUSAL_BODY_MAX 384
#define ORIGIN_LINES_MAX (NET_ORIGIN_MAX + 64)
#define AHEAD_READS_MAX 16
#define BLOCKED_SWEEPS_MAX 10

muster_status net_http_init(uint32_t requests_max) {
    return slots_init(&net_state.exchanges, requests_max, sizeof(struct exchange));
}

void net_http_gone(struct conn *conn) {
    struct exchange *exchange = net_exchange_of(conn);
    if (!exchange) return;
    muster_request_id id = exchange->id;
    bool open = net_exchange_is_open(exchange);
    net_exchange_free(conn, exchange);
    if (open) net_state.handlers.http_closed(id);
}

/* ---- Refusals: before there is a request that anybody could answer ---- */

int net_refusal_text(char *out, const char *headers, uint32_t status, const char *code,
                     const char *detail) {
    char body[REFUSAL_BODY_MAX];
    int body_len = snprintf(body, sizeof body,
                            "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,"
                            "\"detail\":\"%s\",\"code\":\"%s\"}",
                            net_http_reason(status), status, detail, code);
    return snprintf(out, NET_REFUSAL_MAX,
                    "HTTP/1.1 %u %s\r\ncontent-type: application/problem+json\r\n"
                    "content-length: %d\r\n%sconnection: close\r\n\r\n%s",
                    status, net_http_reason(status), body_len, headers, body);
}

/* A page of a listed origin may read why it was refused. */
static void origin_lines(const struct conn *conn, char *out) {
    char origin[NET_ORIGIN_MAX];
    out[0] = '\0';
    if (net_origin_of(conn) != NET_ORIGIN_LISTED) return;
    lws_hdr_copy(conn->wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN);
    snprintf(out, ORIGIN_LINES_MAX, "vary: origin\r\naccess-control-allow-origin: %s\r\n", origin);
}

int net_http_refuse(struct conn *conn, uint32_t status, const char *code, const char *detail) {
    uint8_t buffer[LWS_PRE + NET_REFUSAL_MAX];
    char headers[ORIGIN_LINES_MAX];
    origin_lines(conn, headers);
    int len = net_refusal_text((char *)buffer + LWS_PRE, headers, status, code, detail);
    if (!conn->closing) lws_write(conn->wsi, buffer + LWS_PRE, (size_t)len, LWS_WRITE_HTTP);
    conn->closing = true;
    return -1;
}

/* Before TLS stands there is nobody to tell. */
static bool can_be_told(const struct conn *conn) {
    SSL *ssl = lws_get_ssl(conn->wsi);
    return !ssl || SSL_is_init_finished(ssl);
}

void net_http_last_word(struct conn *conn, uint32_t status, const char *code, const char *detail) {
    if (conn->websocket || conn->closing || conn->exchange.value || !can_be_told(conn)) return;
    if (net_meter_untold(conn)) net_http_refuse(conn, status, code, detail);
}

/* What libwebsockets refuses by itself it answers with a page of HTML. Its own calls of this
 * function go by the dynamic symbol table, where the executable comes first. */
LWS_VISIBLE int lws_return_http_status(struct lws *wsi, unsigned int code, const char *html_body) {
    struct conn *conn = net_conn_of(wsi);
    char *path = NULL;
    int len = 0;
    (void)html_body;
    if (!conn || code < 400) return -1;
    if (lws_http_get_uri_and_method(wsi, &path, &len) < 0)
        return net_http_refuse(conn, 501, "not_implemented", "method not known");
    if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0)
        return net_http_refuse(conn, 400, "upgrade_unknown", "only websocket is upgraded to");
    return net_http_refuse(conn, 400, "path_invalid", "the path must begin with a slash");
}

bool net_http_host_fits(struct lws *wsi) {
    char version[16] = "";
    lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_HTTP);
    if (lws_hdr_fragment_length(wsi, WSI_TOKEN_HOST, 1) > 0) return false;
    return strcmp(version, "HTTP/1.1") != 0 || lws_hdr_total_length(wsi, WSI_TOKEN_HOST) > 0;
}

/* Says no while the client may still be sending its body: the connection lingers, because closing
 * it on unread bytes would destroy the answer on its way. */
static int refuse_body(struct conn *conn, uint32_t status, const char *code, const char *detail) {
    metrics_add(METRIC_HTTP_REQUESTS, 1);
    net_http_refuse(conn, status, code, detail);
    conn->closing = true;
    net_conn_deadline(conn, NET_FLUSH_MS);
    if (!net_state.tls || conn->admin) shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
    return 0;
}

static int refuse_request(struct conn *conn, uint32_t status, const char *code,
                          const char *detail) {
    metrics_add(METRIC_HTTP_REQUESTS, 1);
    return net_http_refuse(conn, status, code, detail);
}

/* ---- Requests in ---- */

static const char *method_text(int method) {
    switch (method) {
    case LWSHUMETH_GET: return "GET";
    case LWSHUMETH_HEAD: return "HEAD";
    case LWSHUMETH_POST: return "POST";
    case LWSHUMETH_PUT: return "PUT";
    case LWSHUMETH_PATCH: return "PATCH";
    case LWSHUMETH_DELETE: return "DELETE";
    case LWSHUMETH_OPTIONS: return "OPTIONS";
    default: return NULL;
    }
}

static bool method_needs_length(int method) {
    return method == LWSHUMETH_POST || method == LWSHUMETH_PUT || method == LWSHUMETH_PATCH;
}

/* -1: absent, -2: not a plain number. */
static int64_t content_length(struct lws *wsi) {
    char text[24];
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0) return -1;
    int len = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    if (len <= 0 || len > 18 || strspn(text, "0123456789") != (size_t)len) return -2;
    return strtoll(text, NULL, 10);
}

static bool wants_keep_alive(struct lws *wsi, bool *http_1_0) {
    char version[16] = "";
    char connection[64] = "";
    lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_HTTP);
    lws_hdr_copy(wsi, connection, sizeof connection, WSI_TOKEN_CONNECTION);
    *http_1_0 = strcmp(version, "HTTP/1.1") != 0;
    /* The same reading as libwebsockets': it closes or keeps the connection by itself. */
    if (strcasecmp(connection, "keep-alive") == 0) return true;
    return !*http_1_0 && strcasecmp(connection, "close") != 0;
}

/* Arguments arrive decoded and cut at each '&'; encoded again, they say what the client said. */
static char *query_append(char *out, const char *argument, int len) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    bool name = true;
    for (int i = 0; i < len; i++) {
        char c = argument[i];
        if (c != '\0' && strchr(plain, c)) {
            *out++ = c;
        } else if (c == '=' && name) {
            *out++ = c;
            name = false;
        } else {
            out += sprintf(out, "%%%02X", (unsigned char)c);
        }
    }
    return out;
}

static void query_copy(struct lws *wsi, char *out, char *fragment, int fragment_cap) {
    char *at = out;
    for (int i = 0;; i++) {
        int len = lws_hdr_copy_fragment(wsi, fragment, fragment_cap, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0) break;
        if (i > 0) *at++ = '&';
        at = query_append(at, fragment, len);
    }
    *at = '\0';
}

static bool target_copy(struct exchange *exchange, struct lws *wsi, const char *path, size_t len) {
    int args_len = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    size_t args_cap = args_len > 0 ? (size_t)args_len : 0;
    size_t query_cap = args_cap * 3 + WSI_TOKEN_COUNT + 1; /* encoded, and the ampersands */
    size_t size = len + 1 + query_cap + args_cap + 2;
    exchange->path = malloc(size);
    if (!exchange->path) return false;
    memcpy(exchange->path, path, len);
    exchange->path[len] = '\0';
    exchange->query = exchange->path + len + 1;
    query_copy(wsi, exchange->query, exchange->path + size - args_cap - 2, (int)args_cap + 2);
    return true;
}

/* An answer to a listed page names it, also when the head of its request is gone by then. */
static bool origin_keep(struct exchange *exchange, struct conn *conn) {
    exchange->origin = net_origin_of(conn);
    return exchange->origin != NET_ORIGIN_LISTED || net_header_read(exchange, conn->wsi, "origin");
}

struct exchange *net_exchange_open(struct conn *conn, int method, const char *path, size_t len,
                                   const char *address) {
    muster_request_id id = {0};
    struct exchange *exchange = slots_add(&net_state.exchanges, &id.value);
    if (!exchange) return NULL;
    exchange->id = conn->exchange = id;
    exchange->conn = conn->id;
    exchange->admin = conn->admin;
    exchange->method = method_text(method);
    exchange->head = method == LWSHUMETH_HEAD;
    exchange->keep_alive = wants_keep_alive(conn->wsi, &exchange->http_1_0);
    memcpy(exchange->address, address, sizeof exchange->address);
    if (target_copy(exchange, conn->wsi, path, len) && origin_keep(exchange, conn)) return exchange;
    net_exchange_free(conn, exchange);
    return NULL;
}

struct net_http_request net_exchange_request(const struct exchange *exchange) {
    return (struct net_http_request){
        .request = {.size = sizeof(struct muster_http_request),
                    .id = exchange->id,
                    .method = exchange->method,
                    .path = exchange->path,
                    .query = exchange->query,
                    .address = exchange->address,
                    .body = {exchange->body, exchange->body_len}},
        .admin = exchange->admin,
        .origin = exchange->origin,
    };
}

static int dispatch(struct conn *conn, struct exchange *exchange) {
    const struct net_http_request request = net_exchange_request(exchange);
    exchange->dispatched = true;
    lws_set_timeout(conn->wsi, NO_PENDING_TIMEOUT, 0);
    net_conn_deadline(conn, 0); /* from here on it is the handler's time */
    net_conn_pause(conn, true);
    net_state.handlers.http_request(&request);
    return 0;
}

/* What can be said without looking at the path. 0: the request stands. At an encoded end of a line
 * libwebsockets stops to read the first one: a filter behind it would be lost, and so is the
 * version. */
static int refuse_unfit(struct conn *conn, int method, int64_t length, bool *refused) {
    *refused = true;
    if (!method_text(method)) {
        return refuse_request(conn, 501, "not_implemented", "method not known");
    }
    if (lws_hdr_total_length(conn->wsi, WSI_TOKEN_HTTP) <= 0)
        return refuse_request(conn, 400, "malformed_request", "a line ends inside of the path");
    if (!net_http_host_fits(conn->wsi))
        return refuse_request(conn, 400, "host_invalid", "one Host header is expected");
    if (lws_hdr_total_length(conn->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        int kept = refuse_body(conn, 411, "length_required", "chunked bodies are not taken");
        return method_needs_length(method) ? kept : -1; /* the rest would be read as a request */
    }
    if (length == -2) return refuse_request(conn, 400, "invalid_length", "Content-Length");
    if (length == -1 && method_needs_length(method)) {
        return refuse_body(conn, 411, "length_required", "Content-Length is missing");
    }
    if (conn->over_cap) {
        metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        return refuse_request(conn, 429, "rate_limited", "too many connections of this address");
    }
    *refused = false;
    return 0;
}

static void continue_send(struct conn *conn) {
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uint8_t buffer[LWS_PRE + sizeof text];
    if (lws_hdr_total_length(conn->wsi, WSI_TOKEN_HTTP_EXPECT) <= 0) return;
    memcpy(buffer + LWS_PRE, text, sizeof text - 1);
    lws_write(conn->wsi, buffer + LWS_PRE, sizeof text - 1, LWS_WRITE_HTTP);
}

int net_http_begin(struct conn *conn, const char *path, size_t len) {
    char *uri = NULL;
    int uri_len = 0;
    bool refused = false;
    if (net_state.phase != NET_UP || conn->exchange.value != 0) return -1;
    int method = lws_http_get_uri_and_method(conn->wsi, &uri, &uri_len);
    int64_t length = content_length(conn->wsi);
    int answer = refuse_unfit(conn, method, length, &refused);
    if (refused) return answer;
    char address[NET_ADDRESS_MAX];
    memcpy(address, conn->address, sizeof address);
    if (net_forwarded_read(conn, address) == NET_FORWARDED_UNREADABLE) {
        return refuse_body(conn, 400, "forwarded_invalid", "X-Forwarded-For: no list of addresses");
    }
    struct exchange *exchange = net_exchange_open(conn, method, path, len, address);
    if (!exchange) return -1;
    if (length <= 0) return dispatch(conn, exchange);
    if (length > net_state.handlers.http_body_max(exchange->method, exchange->path, conn->admin)) {
        net_exchange_free(conn, exchange);
        return refuse_body(conn, 413, "body_too_long", "the body is longer than allowed");
    }
    exchange->body_max = (uint32_t)length;
    continue_send(conn);
    return 0;
}

/* Memory is given for what has come, not for what was announced. */
static bool body_reserve(struct exchange *exchange, size_t len) {
    if (len > exchange->body_max - exchange->body_len) return false;
    uint32_t wanted = exchange->body_len + (uint32_t)len;
    if (wanted <= exchange->body_cap) return true;
    uint32_t cap = wanted > BODY_STEP_BYTES / 2 ? wanted * 2 : BODY_STEP_BYTES;
    if (cap > exchange->body_max) cap = exchange->body_max;
    uint8_t *grown = realloc(exchange->body, cap);
    if (!grown) return false;
    exchange->body = grown;
    exchange->body_cap = cap;
    return true;
}

int net_http_body(struct conn *conn, const uint8_t *data, size_t len) {
    struct exchange *exchange = net_exchange_of(conn);
    if (conn->closing) { /* refused already: read a while so that the answer arrives, then stop */
        conn->rx_len += (uint32_t)len;
        if (conn->rx_len > DISCARD_MAX_BYTES) net_conn_shut(conn);
        return 0;
    }
    if (!exchange || exchange->dispatched) return 0;
    if (!body_reserve(exchange, len)) return -1;
    if (len > 0) memcpy(exchange->body + exchange->body_len, data, len);
    exchange->body_len += (uint32_t)len;
    return 0;
}

int net_http_body_end(struct conn *conn) {
    struct exchange *exchange = net_exchange_of(conn);
    if (conn->closing) {
        net_conn_pause(conn, true);
        return 0;
    }
    if (!exchange) return 0;
    if (!exchange->dispatched) return dispatch(conn, exchange);
    /* Called for each read of what was sent ahead, which libwebsockets keeps: not for ever. */
    return ++exchange->ahead_reads > AHEAD_READS_MAX ? -1 : 0;
}

/* Between request and answer, and between two pieces of one, the socket is not read, so its end
 * must be looked for. A client that sends on while it does not take its answer would wake the loop
 * all the time. */
static void exchange_sweep(struct exchange *exchange, struct conn *conn) {
    bool unread = !exchange->answered || (exchange->streams && net_exchange_is_idle(exchange));
    short wanted = unread ? POLLRDHUP : POLLIN;
    struct pollfd probe = {.fd = lws_get_socket_fd(conn->wsi), .events = wanted};
    if (poll(&probe, 1, 0) != 1) return;
    if (unread || ++exchange->blocked_sweeps > BLOCKED_SWEEPS_MAX) net_conn_shut(conn);
}

void net_http_sweep(void) {
    muster_request_id id = {0};
    struct exchange *exchange = NULL;
    while ((exchange = slots_next(&net_state.exchanges, &id.value))) {
        struct conn *conn = slots_find(&net_state.conns, exchange->conn);
        if (conn && exchange->dispatched && !conn->dead) exchange_sweep(exchange, conn);
    }
}
