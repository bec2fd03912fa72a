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
#define AHEAD_READS_MAX 16
#define BLOCKED_SWEEPS_MAX 10

muster_status net_http_init(uint32_t requests_max) {
    return slots_init(&net_state.exchanges, requests_max, sizeof(struct exchange));
}

void net_http_gone(struct conn *conn) {
    struct exchange *exchange = net_exchange_of(conn);
    if (!exchange) return;
    muster_request_id id = exchange->id;
    bool awaited = exchange->dispatched && !exchange->answered;
    net_exchange_free(conn, exchange);
    if (awaited) net_state.handlers.http_closed(id);
}

/* ---- Refusals: before there is a request that anybody could answer ---- */

int net_refusal_text(char *out, uint32_t status, const char *code, const char *detail) {
    char body[NET_REFUSAL_MAX / 2];
    int body_len = snprintf(body, sizeof body,
                            "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,"
                            "\"detail\":\"%s\",\"code\":\"%s\"}",
                            net_http_reason(status), status, detail, code);
    return snprintf(out, NET_REFUSAL_MAX,
                    "HTTP/1.1 %u %s\r\ncontent-type: application/problem+json\r\n"
                    "content-length: %d\r\nconnection: close\r\n\r\n%s",
                    status, net_http_reason(status), body_len, body);
}

int net_http_refuse(struct conn *conn, uint32_t status, const char *code, const char *detail) {
    uint8_t buffer[LWS_PRE + NET_REFUSAL_MAX];
    int len = net_refusal_text((char *)buffer + LWS_PRE, status, code, detail);
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

static char *query_copy(struct lws *wsi, char *out, char *fragment, int fragment_cap) {
    char *at = out;
    for (int i = 0;; i++) {
        int len = lws_hdr_copy_fragment(wsi, fragment, fragment_cap, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0) break;
        if (i > 0) *at++ = '&';
        at = query_append(at, fragment, len);
    }
    *at++ = '\0';
    return at;
}

static bool texts_copy(struct exchange *exchange, struct lws *wsi, const char *path, size_t len) {
    static const enum lws_token_indexes tokens[TEXT_COUNT] = {
        [TEXT_AUTHORIZATION] = WSI_TOKEN_HTTP_AUTHORIZATION,
        [TEXT_IF_NONE_MATCH] = WSI_TOKEN_HTTP_IF_NONE_MATCH,
        [TEXT_CONTENT_TYPE] = WSI_TOKEN_HTTP_CONTENT_TYPE,
        [TEXT_ACCEPT_ENCODING] = WSI_TOKEN_HTTP_ACCEPT_ENCODING,
        [TEXT_USER_AGENT] = WSI_TOKEN_HTTP_USER_AGENT,
        [TEXT_ORIGIN] = WSI_TOKEN_ORIGIN,
    };
    int args_len = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    size_t args_cap = args_len > 0 ? (size_t)args_len : 0;
    size_t query_cap = args_cap * 3 + WSI_TOKEN_COUNT + 1; /* encoded, and the ampersands */
    size_t size = len + 1 + query_cap + args_cap + 2;
    for (int i = TEXT_AUTHORIZATION; i < TEXT_COUNT; i++) {
        size += (size_t)lws_hdr_total_length(wsi, tokens[i]) + 2;
    }
    char *at = exchange->texts = malloc(size);
    if (!at) return false;
    char *end = at + size;
    exchange->text[TEXT_PATH] = memcpy(at, path, len);
    at[len] = '\0';
    at += len + 1;
    exchange->text[TEXT_QUERY] = at;
    at = query_copy(wsi, at, end - args_cap - 2, (int)args_cap + 2);
    for (int i = TEXT_AUTHORIZATION; i < TEXT_COUNT; i++) {
        exchange->text[i] = at;
        int copied = lws_hdr_copy(wsi, at, (int)(end - at), tokens[i]);
        at[copied > 0 ? copied : 0] = '\0';
        at += (copied > 0 ? copied : 0) + 1;
    }
    return true;
}

static struct exchange *exchange_open(struct conn *conn, int method, const char *path, size_t len,
                                      const char *address) {
    muster_request_id id = {0};
    struct exchange *exchange = slots_add(&net_state.exchanges, &id.value);
    if (!exchange) return NULL;
    exchange->id = conn->exchange = id;
    exchange->conn = conn->id;
    exchange->method = method_text(method);
    exchange->head = method == LWSHUMETH_HEAD;
    exchange->keep_alive = wants_keep_alive(conn->wsi, &exchange->http_1_0);
    exchange->origin = net_origin_of(conn->wsi);
    memcpy(exchange->address, address, sizeof exchange->address);
    if (texts_copy(exchange, conn->wsi, path, len)) return exchange;
    net_exchange_free(conn, exchange);
    return NULL;
}

static int dispatch(struct conn *conn, struct exchange *exchange) {
    const struct net_http_request request = {
        .request = {.size = sizeof request.request,
                    .id = exchange->id,
                    .method = exchange->method,
                    .path = exchange->text[TEXT_PATH],
                    .query = exchange->text[TEXT_QUERY],
                    .address = exchange->address,
                    .authorization = exchange->text[TEXT_AUTHORIZATION],
                    .if_none_match = exchange->text[TEXT_IF_NONE_MATCH],
                    .content_type = exchange->text[TEXT_CONTENT_TYPE],
                    .accept_encoding = exchange->text[TEXT_ACCEPT_ENCODING],
                    .user_agent = exchange->text[TEXT_USER_AGENT],
                    .body = {exchange->body, exchange->body_len}},
        .admin = conn->admin,
        .origin = exchange->origin,
    };
    exchange->dispatched = true;
    lws_set_timeout(conn->wsi, NO_PENDING_TIMEOUT, 0);
    net_conn_deadline(conn, 0); /* from here on it is the handler's time */
    net_conn_pause(conn, true);
    net_state.handlers.http_request(&request);
    return 0;
}

/* What can be said without looking at the path. 0: the request stands. */
static int refuse_unfit(struct conn *conn, int method, int64_t length, bool *refused) {
    *refused = true;
    if (!method_text(method)) {
        return refuse_request(conn, 501, "not_implemented", "method not known");
    }
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
    if (length > net_state.body_max_bytes) {
        return refuse_body(conn, 413, "body_too_long", "the body is longer than allowed");
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
    struct exchange *exchange = exchange_open(conn, method, path, len, address);
    if (!exchange) return -1;
    if (length <= 0) return dispatch(conn, exchange);
    exchange->body = malloc((size_t)length);
    exchange->body_cap = (uint32_t)length;
    if (!exchange->body) return -1;
    continue_send(conn);
    return 0;
}

int net_http_body(struct conn *conn, const uint8_t *data, size_t len) {
    struct exchange *exchange = net_exchange_of(conn);
    if (conn->closing) { /* refused already: read a while so that the answer arrives, then stop */
        conn->rx_len += (uint32_t)len;
        if (conn->rx_len > DISCARD_MAX_BYTES) net_conn_shut(conn);
        return 0;
    }
    if (!exchange || exchange->dispatched) return 0;
    if (len > exchange->body_cap - exchange->body_len) return -1;
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

/* Between request and answer the socket is not read, so its end must be looked for. A client that
 * sends on while it does not take its answer would wake the loop all the time. */
static void exchange_sweep(struct exchange *exchange, struct conn *conn) {
    short wanted = exchange->answered ? POLLIN : POLLRDHUP;
    struct pollfd probe = {.fd = lws_get_socket_fd(conn->wsi), .events = wanted};
    if (poll(&probe, 1, 0) != 1) return;
    if (!exchange->answered || ++exchange->blocked_sweeps > BLOCKED_SWEEPS_MAX) net_conn_shut(conn);
}

void net_http_sweep(void) {
    muster_request_id id = {0};
    struct exchange *exchange = NULL;
    while ((exchange = slots_next(&net_state.exchanges, &id.value))) {
        struct conn *conn = slots_find(&net_state.conns, exchange->conn);
        if (conn && exchange->dispatched && !conn->dead) exchange_sweep(exchange, conn);
    }
}
