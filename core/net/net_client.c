/* net_client - HTTP and WebSocket clients for plugins.
 *
 * Owns each client from net_fetch or net_ws_connect until it has been told its end or was closed,
 * and its socket and name look-up are gone. Names are looked up on the pool, since libwebsockets
 * would block; the certificate is checked against the name, the connection goes to the address.
 */
#include "net_internal.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "loop.h"
#include "net_url.h"
#include "untrusted.h"

#define WS_TIMEOUT_MS 10000 /* to be connected */
#define QUEUE_MAX_BYTES 262144
#define RECEIVE_MAX_BYTES 1048576
#define HEADERS_MAX 16
#define HEADER_TEXT_MAX 8192
#define LENGTH_DIGITS_MAX 15 /* of a Content-Length: more than anybody takes */

struct net_client {
    struct net_client *prev;
    struct net_client *next;
    struct lws *wsi;
    struct loop_timer *timer;
    uv_getaddrinfo_t look_up;
    struct net_url url;
    struct net_targets targets;
    char *method;      /* null: a WebSocket */
    char *header_text; /* "name:\0value\0" for each, then "\0" */
    char *subprotocol;
    uint8_t *body; /* LWS_PRE of headroom */
    uint32_t body_len;
    struct net_queue queue;
    uint8_t *rx;
    uint32_t rx_len;
    uint32_t rx_max;
    uint32_t http_status;
    uint16_t peer_code; /* of the server's close frame */
    bool public_only;
    bool looking_up;
    bool connecting;  /* in lws_client_connect_via_info */
    bool turning;     /* the next turn tries another address */
    bool asked;       /* the server may have seen the request */
    bool until_close; /* the answer ends with the connection */
    bool finished;    /* no more callbacks */
    bool opened;
    void (*fetched)(void *user, const struct muster_http_result *result);
    struct muster_ws_client ws; /* its functions */
    void *user;
};

static struct net_client *clients;

/* ---- Life ---- */

static void client_free(struct net_client *client) {
    if (client->prev) {
        client->prev->next = client->next;
    } else {
        clients = client->next;
    }
    if (client->next) client->next->prev = client->prev;
    loop_timer_stop(client->timer);
    net_queue_clear(&client->queue);
    free(client->method);
    free(client->header_text);
    free(client->subprotocol);
    free(client->body);
    free(client->rx);
    free(client);
}

static void client_settle(struct net_client *client) {
    bool busy = client->wsi || client->looking_up || client->connecting || client->turning;
    if (client->finished && !busy) client_free(client);
}

/* Ends the work without a callback. The pointer may be dead afterwards. */
static void client_end(struct net_client *client) {
    client->finished = true;
    loop_timer_stop(client->timer);
    client->timer = NULL;
    if (client->looking_up) uv_cancel((uv_req_t *)&client->look_up);
    if (client->wsi) {
        lws_set_timeout(client->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        lws_cancel_service(net_state.context); /* or it would be noticed at the next event only */
    }
    client_settle(client);
}

static void client_finish(struct net_client *client, muster_status status) {
    if (client->finished) return;
    client->finished = true;
    const struct muster_http_result result = {
        .size = sizeof result,
        .status = status,
        .http_status = client->http_status,
        .body = {client->rx, status == MUSTER_OK ? client->rx_len : 0},
    };
    if (client->fetched) {
        client->fetched(client->user, &result);
    } else {
        client->ws.close(client->user, status, status == MUSTER_CLOSED ? client->peer_code : 0);
    }
    client_end(client);
}

void net_client_close(struct net_client *client) {
    if (client && !client->finished) client_end(client);
}

static struct net_client *first_unfinished(bool with_fetches) {
    struct net_client *client = clients;
    while (client && (client->finished || (client->fetched && !with_fetches)))
        client = client->next;
    return client;
}

bool net_client_stop_all(bool with_fetches) {
    /* From the start each time: who is told may close others. */
    for (struct net_client *client; (client = first_unfinished(with_fetches));)
        client_finish(client, MUSTER_CLOSED);
    return clients == NULL;
}

/* What was begun before the end may go on for a while. */
static bool may_connect(void) {
    return net_state.phase == NET_UP || net_state.phase == NET_CLOSING;
}

static void on_timeout(void *user) {
    struct net_client *client = user;
    client->timer = NULL; /* a once timer is gone */
    client_finish(client, MUSTER_TIMEOUT);
}

static struct net_client *client_create(void *user, uint32_t rx_max) {
    struct net_client *client = calloc(1, sizeof *client);
    if (!client) return NULL;
    client->user = user;
    client->rx_max = rx_max;
    client->look_up.data = client;
    client->next = clients;
    if (clients) clients->prev = client;
    clients = client;
    return client;
}

/* ---- Connecting ---- */

static bool connect_to(struct net_client *client, const char *address) {
    const struct net_url *url = &client->url;
    struct lws_vhost *vhost = net_client_vhost();
    if (!vhost) return false;
    const struct lws_client_connect_info info = {
        .context = net_state.context,
        .vhost = vhost,
        .address = address,
        .port = url->port,
        .ssl_connection = (url->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = url->path,
        .host = url->authority,
        .method = client->method,
        .protocol = client->subprotocol,
        .local_protocol_name = "muster-client",
        .alpn = "http/1.1",
        .opaque_user_data = client,
        .pwsi = &client->wsi,
    };
    client->connecting = true;
    bool made = lws_client_connect_via_info(&info) != NULL;
    client->connecting = false;
    if (!made) client->wsi = NULL;
    return made;
}

/* What a server may have seen is not sent to another. */
static bool may_try_next(const struct net_client *client) {
    return !client->finished && !client->asked && client->targets.next < client->targets.count;
}

static void connect_next(struct net_client *client) {
    bool made = false;
    while (!made && may_try_next(client))
        made = connect_to(client, client->targets.addresses[client->targets.next++]);
    if (!made && !client->finished)
        client_finish(client, MUSTER_IO);
    else
        client_settle(client);
}

static void on_turn(void *user) {
    struct net_client *client = user;
    client->turning = false;
    if (may_connect())
        connect_next(client);
    else
        client_settle(client); /* it was told */
}

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    struct net_client *client = request->data;
    bool allowed =
        net_targets_read(&client->targets, status == 0 ? found : NULL, client->public_only);
    client->looking_up = false;
    uv_freeaddrinfo(found);
    if (client->finished) {
        client_settle(client);
    } else if (!allowed) {
        client_finish(client, MUSTER_DENIED);
    } else if (!may_connect()) {
        client_finish(client, MUSTER_IO);
    } else {
        connect_next(client);
    }
}

static muster_status client_begin(struct net_client *client, uint32_t timeout_ms) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    if (!untrusted_may_connect(client->url.host)) return MUSTER_DENIED;
    client->timer = loop_timer_start(timeout_ms, 0, on_timeout, client);
    if (!client->timer) return MUSTER_NO_MEMORY;
    int code = uv_getaddrinfo(loop_handle(), &client->look_up, on_looked_up, client->url.host, NULL,
                              &hints);
    client->looking_up = code == 0;
    return code == 0 ? MUSTER_OK : MUSTER_IO;
}

static muster_status copy_text(const char *text, char **out) {
    *out = strdup(text);
    return *out ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static bool is_ours(const char *name) {
    static const char *const ours[] = {"content-length", "host", "connection", "upgrade"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcasecmp(name, ours[i]) == 0) return true;
    return strncasecmp(name, "sec-websocket-", 14) == 0;
}

static bool header_fits(const struct muster_http_header *header) {
    if (!header->name || !*header->name || !header->value) return false;
    return !strpbrk(header->name, ": \t\r\n") && !strpbrk(header->value, "\r\n") &&
           !is_ours(header->name);
}

static muster_status headers_copy(struct net_client *client,
                                  const struct muster_http_header *headers, uint32_t count) {
    size_t size = 1;
    if (count > HEADERS_MAX) return MUSTER_LIMIT;
    if (count > 0 && !headers) return MUSTER_INVALID;
    for (uint32_t i = 0; i < count; i++) {
        if (!header_fits(&headers[i])) return MUSTER_INVALID;
        size += strlen(headers[i].name) + strlen(headers[i].value) + 3;
    }
    if (size > HEADER_TEXT_MAX) return MUSTER_LIMIT;
    char *at = client->header_text = malloc(size);
    if (!at) return MUSTER_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        at += sprintf(at, "%s:", headers[i].name) + 1;
        at += sprintf(at, "%s", headers[i].value) + 1;
    }
    *at = '\0';
    return MUSTER_OK;
}

static muster_status body_copy(struct net_client *client, struct muster_bytes body) {
    if (body.len == 0) return MUSTER_OK;
    if (body.len > RECEIVE_MAX_BYTES) return MUSTER_LIMIT;
    client->body = malloc(LWS_PRE + (size_t)body.len);
    if (!client->body) return MUSTER_NO_MEMORY;
    memcpy(client->body + LWS_PRE, body.data, (size_t)body.len);
    client->body_len = (uint32_t)body.len;
    return MUSTER_OK;
}

muster_status net_fetch(const struct muster_http_fetch *request,
                        void (*fn)(void *user, const struct muster_http_result *result), void *user,
                        struct net_client **out) {
    if (net_state.phase != NET_UP) return MUSTER_STATE;
    if (request->timeout_ms < 1 || request->timeout_ms > 60000) return MUSTER_INVALID;
    if (request->flags & ~MUSTER_FETCH_PUBLIC) return MUSTER_INVALID;
    struct net_client *client = client_create(user, request->response_max_bytes);
    if (!client) return MUSTER_NO_MEMORY;
    client->fetched = fn;
    client->public_only = request->flags & MUSTER_FETCH_PUBLIC;
    muster_status status = net_url_parse(request->url, "http", &client->url);
    if (status == MUSTER_OK) status = copy_text(request->method, &client->method);
    if (status == MUSTER_OK) status = headers_copy(client, request->headers, request->header_count);
    if (status == MUSTER_OK) status = body_copy(client, request->body);
    if (status == MUSTER_OK) status = client_begin(client, request->timeout_ms);
    if (status == MUSTER_OK) {
        *out = client;
        return MUSTER_OK;
    }
    client_free(client);
    return status;
}

muster_status net_ws_connect(const struct muster_ws_client *wanted, void *user,
                             struct net_client **out) {
    uint32_t rx_max = wanted->message_max_bytes ? wanted->message_max_bytes : RECEIVE_MAX_BYTES;
    if (net_state.phase != NET_UP) return MUSTER_STATE;
    if (wanted->flags & ~MUSTER_WS_PUBLIC || rx_max > RECEIVE_MAX_BYTES) return MUSTER_INVALID;
    struct net_client *client = client_create(user, rx_max);
    if (!client) return MUSTER_NO_MEMORY;
    client->ws = *wanted;
    client->public_only = wanted->flags & MUSTER_WS_PUBLIC;
    muster_status status = net_url_parse(wanted->url, "ws", &client->url);
    if (status == MUSTER_OK && wanted->subprotocol && *wanted->subprotocol)
        status = copy_text(wanted->subprotocol, &client->subprotocol);
    if (status == MUSTER_OK) status = headers_copy(client, wanted->headers, wanted->header_count);
    if (status == MUSTER_OK) status = client_begin(client, WS_TIMEOUT_MS);
    if (status == MUSTER_OK) {
        *out = client;
        return MUSTER_OK;
    }
    client_free(client);
    return status;
}

muster_status net_ws_send(struct net_client *client, bool binary, struct muster_bytes data) {
    if (client->finished || !client->opened || !client->wsi) return MUSTER_STATE;
    if (data.len > QUEUE_MAX_BYTES) return MUSTER_FULL;
    return net_queue_send(&client->queue, client->wsi, data.data, (uint32_t)data.len,
                          binary ? NET_OPCODE_BINARY : NET_OPCODE_TEXT, QUEUE_MAX_BYTES);
}

/* ---- Events ---- */

static bool rx_append(struct net_client *client, const void *data, size_t len) {
    if (len > client->rx_max - client->rx_len) return false;
    if (len == 0) return true;
    uint8_t *grown = realloc(client->rx, client->rx_len + len);
    if (!grown) return false;
    client->rx = grown;
    memcpy(grown + client->rx_len, data, len);
    client->rx_len += (uint32_t)len;
    return true;
}

static int headers_add(struct net_client *client, uint8_t **at, uint8_t *end) {
    struct lws *wsi = client->wsi;
    const char *name = client->header_text;
    client->asked = true;
    while (*name) {
        const char *value = name + strlen(name) + 1;
        if (lws_add_http_header_by_name(wsi, (const uint8_t *)name, (const uint8_t *)value,
                                        (int)strlen(value), at, end)) {
            return -1;
        }
        name = value + strlen(value) + 1;
    }
    bool may_have_body = client->method && strcmp(client->method, "GET") != 0;
    if (!may_have_body) return 0;
    if (lws_add_http_header_content_length(wsi, client->body_len, at, end)) return -1;
    if (client->body_len > 0) {
        lws_client_http_body_pending(wsi, 1);
        lws_callback_on_writable(wsi);
    }
    return 0;
}

static int body_write(struct net_client *client) {
    if (client->body_len == 0) return 0;
    uint32_t len = client->body_len;
    client->body_len = 0;
    lws_client_http_body_pending(client->wsi, 0);
    return lws_write(client->wsi, client->body + LWS_PRE, len, LWS_WRITE_HTTP_FINAL) < 0 ? -1 : 0;
}

static int http_read(struct net_client *client) {
    char buffer[LWS_PRE + 4096];
    char *at = buffer + LWS_PRE;
    int len = sizeof buffer - LWS_PRE;
    return lws_http_client_read(client->wsi, &at, &len) < 0 ? -1 : 0;
}

/* libwebsockets reads a length that is no number as 0, and any coding as none. */
static bool is_framed_well(struct lws *wsi) {
    char text[24] = "";
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
        return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0 &&
               lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 &&
               strcmp(text, "chunked") == 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0) return true;
    int len = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    return len > 0 && len <= LENGTH_DIGITS_MAX && strspn(text, "0123456789") == (size_t)len;
}

static int http_answered(struct net_client *client) {
    client->http_status = lws_http_client_http_response(client->wsi);
    if (client->http_status < 100 || client->http_status > 599 || !is_framed_well(client->wsi)) {
        client_finish(client, MUSTER_IO);
        return -1;
    }
    client->until_close = lws_hdr_total_length(client->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0 &&
                          lws_hdr_total_length(client->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) <= 0;
    return 0;
}

static int rx_or_limit(struct net_client *client, const void *data, size_t len) {
    if (rx_append(client, data, len)) return 0;
    client_finish(client, MUSTER_LIMIT);
    return -1;
}

static int ws_received(struct net_client *client, const void *data, size_t len) {
    if (rx_or_limit(client, data, len) != 0) return -1;
    if (!lws_is_final_fragment(client->wsi)) return 0;
    const struct muster_bytes message = {client->rx, client->rx_len};
    client->rx_len = 0;
    client->ws.message(client->user, (uint32_t)lws_frame_is_binary(client->wsi), message);
    return client->finished ? -1 : 0;
}

static int ws_opened(struct net_client *client) {
    client->opened = true;
    loop_timer_stop(client->timer);
    client->timer = NULL;
    client->ws.open(client->user);
    return client->finished ? -1 : 0;
}

static int on_closed(struct net_client *client) {
    bool answered = client->fetched && client->until_close && client->http_status != 0;
    client_finish(client, client->opened ? MUSTER_CLOSED : answered ? MUSTER_OK : MUSTER_IO);
    return 0;
}

/* libwebsockets answers it. */
static int ws_peer_closes(struct net_client *client, const uint8_t *data, size_t len) {
    if (len >= 2) client->peer_code = (uint16_t)(data[0] << 8 | data[1]);
    return 0;
}

/* Nobody is connected any more, and no callback comes. */
static void on_gone(struct net_client *client) {
    client->wsi = NULL;
    if (client->connecting) return; /* who called goes on */
    client->turning = may_try_next(client) && loop_post(on_turn, client) == MUSTER_OK;
    if (client->finished)
        client_settle(client);
    else if (!client->turning)
        client_finish(client, MUSTER_IO);
}

static int on_client_event(struct net_client *client, enum lws_callback_reasons reason, void *in,
                           size_t len) {
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
        uint8_t **at = in;
        return headers_add(client, at, *at + len);
    }
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE: return body_write(client);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP: return http_answered(client);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP: return http_read(client);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ: return rx_or_limit(client, in, len);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP: client_finish(client, MUSTER_OK); return -1;
    case LWS_CALLBACK_CLIENT_ESTABLISHED: return ws_opened(client);
    case LWS_CALLBACK_CLIENT_RECEIVE: return ws_received(client, in, len);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return net_queue_flush(&client->queue, client->wsi) ? 0 : -1;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: return ws_peer_closes(client, in, len);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: return may_try_next(client) ? 0 : on_closed(client);
    default: return on_closed(client);
    }
}

int net_client_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t len) {
    (void)user;
    struct net_client *client = NULL;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        client = lws_get_opaque_user_data(wsi);
        if (!client) return -1;
        client->wsi = wsi;
        return client->finished ? -1 : on_client_event(client, reason, in, len);
    case LWS_CALLBACK_WSI_DESTROY:
        client = lws_get_opaque_user_data(wsi);
        if (client) on_gone(client);
        return 0;
    default: return 0;
    }
}
