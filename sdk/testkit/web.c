/* web.c - requests to routes, streams, WebSockets of clients, and what plugins fetch and connect
 * to: the other side of host->http and host->ws is the test. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "http.h"
#include "loop.h"
#include "net.h"
#include "net_url.h"

#define WS_BYTES_MAX 262144u
#define WS_MESSAGE_BYTES_MAX 1048576u
#define DEADLINE_MS 30000

static const struct testkit_response no_response = {.body = "", .content_type = "", .code = ""};

/* ---- requests to routes ---------------------------------------------------------------------- */

static struct {
    muster_request_id id; /* asked last */
    bool answered;
    char *body;
    char type[128];
    char code[64];
    struct testkit_response response;
    const struct muster_http_header *headers; /* borrowed while it is asked */
    uint32_t header_count;
    bool has_body;
    bool is_admin;
} asked;

static void keep_code(void) {
    json_t *problem = json_loadb(asked.body, asked.response.body_len, 0, NULL);
    const char *code = json_string_value(json_object_get(problem, "code"));
    if (code && strcmp(asked.type, "application/problem+json") == 0)
        snprintf(asked.code, sizeof asked.code, "%s", code);
    json_decref(problem);
}

static void keep_headers(const struct muster_http_response *response) {
    char *out = asked.response.headers;
    size_t used = 0, cap = sizeof asked.response.headers;
    for (uint32_t i = 0; i < response->header_count && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s: %s\n", response->headers[i].name,
                                 response->headers[i].value);
}

/* The linker puts this in the place of the one that writes to a connection. */
muster_status __wrap_net_http_respond(muster_request_id id,
                                      const struct muster_http_response *response);
muster_status __wrap_net_http_respond(muster_request_id id,
                                      const struct muster_http_response *response) {
    if (id.value == 0 || !MUSTER_ID_SAME(id, asked.id) || asked.answered) return MUSTER_NOT_FOUND;
    asked.answered = true;
    asked.response.status = response->status;
    asked.response.body_len = (uint32_t)response->body.len;
    asked.body = kit_alloc(response->body.len + 1);
    if (response->body.len) memcpy(asked.body, response->body.data, response->body.len);
    snprintf(asked.type, sizeof asked.type, "%s",
             response->content_type ? response->content_type : "");
    keep_headers(response);
    keep_code();
    return MUSTER_OK;
}

const char *__wrap_net_http_header(muster_request_id id, const char *name);
const char *__wrap_net_http_header(muster_request_id id, const char *name) {
    if (id.value == 0 || !MUSTER_ID_SAME(id, asked.id) || asked.answered) return "";
    for (uint32_t i = 0; i < asked.header_count; i++)
        if (strcmp(asked.headers[i].name, name) == 0) return asked.headers[i].value;
    return asked.has_body && strcmp(name, "content-type") == 0 ? "application/json" : "";
}

/* Whoever comes to the admin address has its token. */
bool __wrap_http_admit(muster_request_id id);
bool __wrap_http_admit(muster_request_id id) {
    return MUSTER_ID_SAME(id, asked.id) && asked.is_admin;
}

/* The newest stream: all that it has sent. */
static struct {
    muster_request_id id; /* 0: it is over */
    char *text;
    size_t len;
} stream;

muster_status __wrap_net_stream_begin(muster_request_id id,
                                      const struct muster_http_response *response);
muster_status __wrap_net_stream_begin(muster_request_id id,
                                      const struct muster_http_response *response) {
    if (response->status < 200 || response->status > 599) return MUSTER_INVALID;
    muster_status status = __wrap_net_http_respond(id, response);
    if (status) return status;
    free(stream.text);
    stream.id = id;
    stream.text = kit_copy(asked.body);
    stream.len = strlen(stream.text);
    return MUSTER_OK;
}

muster_status __wrap_net_stream_send(muster_request_id id, struct muster_bytes piece);
muster_status __wrap_net_stream_send(muster_request_id id, struct muster_bytes piece) {
    if (!id.value || !MUSTER_ID_SAME(id, stream.id)) return MUSTER_NOT_FOUND;
    if (piece.len > NET_STREAM_BYTES) return MUSTER_FULL;
    stream.text = realloc(stream.text, stream.len + piece.len + 1);
    if (!stream.text) abort();
    if (piece.len) memcpy(stream.text + stream.len, piece.data, piece.len);
    stream.len += piece.len;
    stream.text[stream.len] = '\0';
    return MUSTER_OK;
}

void __wrap_net_stream_end(muster_request_id id, bool whole);
void __wrap_net_stream_end(muster_request_id id, bool whole) {
    (void)whole;
    if (MUSTER_ID_SAME(id, stream.id)) stream.id.value = 0;
}

const char *testkit_stream(struct testkit *kit) {
    KIT_NEED(kit, "");
    return stream.text ? stream.text : "";
}

bool testkit_stream_drop(struct testkit *kit) {
    KIT_NEED(kit, false);
    muster_request_id id = stream.id;
    stream.id.value = 0;
    if (id.value) http_closed(id);
    return id.value != 0;
}

static bool is_answered(void *user) {
    (void)user;
    return asked.answered;
}

static void fill_in(struct muster_http_request *request) {
    asked.id.value++;
    request->id = asked.id;
    request->size = sizeof *request;
    if (!request->query) request->query = "";
    if (!request->address) request->address = "127.0.0.1";
}

static struct testkit_response ask(struct testkit *kit, struct muster_http_request request,
                                   const struct muster_http_header *headers, uint32_t header_count,
                                   bool is_admin) {
    kit_stand(kit);
    free(asked.body);
    const muster_request_id last = asked.id;
    memset(&asked, 0, sizeof asked);
    asked.id = last;
    asked.headers = headers;
    asked.header_count = header_count;
    asked.has_body = request.body.len > 0;
    asked.is_admin = is_admin;
    fill_in(&request);
    const struct net_http_request given = {.request = request, .admin = is_admin};
    http_dispatch(&given);
    if (!testkit_wait(kit, is_answered, NULL, DEADLINE_MS)) http_closed(asked.id);
    asked.headers = NULL;
    asked.header_count = 0;
    struct testkit_response response = asked.response;
    response.body = asked.body ? asked.body : "";
    response.content_type = asked.type;
    response.code = asked.code;
    return response;
}

struct testkit_response testkit_http_send(struct testkit *kit, struct muster_http_request request,
                                          const struct muster_http_header *headers,
                                          uint32_t header_count) {
    KIT_NEED(kit && request.method && request.path && (headers || header_count == 0), no_response);
    return ask(kit, request, headers, header_count, false);
}

static struct testkit_response ask_path(struct testkit *kit, const char *method, const char *path,
                                        const char *body, bool is_admin) {
    char only_path[1024];
    const char *query = strchr(path, '?');
    snprintf(only_path, sizeof only_path, "%.*s", (int)strcspn(path, "?"), path);
    const struct muster_http_request request = {
        .method = method,
        .path = only_path,
        .query = query ? query + 1 : "",
        .body = {body ? body : "", body ? strlen(body) : 0},
    };
    return ask(kit, request, NULL, 0, is_admin);
}

struct testkit_response testkit_http(struct testkit *kit, const char *method, const char *path,
                                     const char *body) {
    KIT_NEED(kit && method && path, no_response);
    return ask_path(kit, method, path, body, false);
}

struct testkit_response testkit_http_admin(struct testkit *kit, const char *method,
                                           const char *path, const char *body) {
    KIT_NEED(kit && method && path, no_response);
    return ask_path(kit, method, path, body, true);
}

/* ---- what plugins fetch and connect to ------------------------------------------------------- */

struct answer {
    uint32_t http_status;
    char *body;
    struct answer *prev, *next;
};

/* Of the kit, behind the daemon's handles. */
struct net_client {
    uint64_t id;
    char *url;
    void (*fetched)(void *user, const struct muster_http_result *result); /* null: a WebSocket */
    struct muster_ws_client ws;                                           /* its functions */
    bool is_visitor; /* of a plugin's own WebSocket */
    void *user;
    bool is_open;
    uint8_t *sent;
    uint32_t sent_len;
    struct net_client *prev, *next;
};

static struct answer *answers;
static struct net_client *clients;
static uint64_t newest_client;
static char *fetch_last;
static bool net_is_down;

void kit_net_down(bool is_down) {
    net_is_down = is_down;
}

static struct net_client *find_client(uint64_t id) {
    struct net_client *client;
    DL_FOREACH(clients, client) {
        if (client->id == id) break;
    }
    return client;
}

static void client_free(struct net_client *client) {
    DL_DELETE(clients, client);
    free(client->url);
    free(client->sent);
    free(client);
}

static struct net_client *client_add(const char *url, void *user) {
    struct net_client *client = kit_alloc(sizeof *client);
    client->id = ++newest_client;
    client->url = kit_copy(url);
    client->user = user;
    DL_APPEND(clients, client);
    return client;
}

static void answer_free(struct answer *answer) {
    free(answer->body);
    free(answer);
}

static void fetch_end(void *user) {
    struct net_client *client = find_client((uintptr_t)user);
    if (!client) return; /* given up */
    struct answer *answer = answers;
    struct muster_http_result result = {.size = sizeof result, .status = MUSTER_UNAVAILABLE};
    if (answer) {
        DL_DELETE(answers, answer);
        result.status = MUSTER_OK;
        result.http_status = answer->http_status;
        result.body = (struct muster_bytes){answer->body, strlen(answer->body)};
    }
    void (*fn)(void *, const struct muster_http_result *) = client->fetched;
    void *wanted = client->user;
    client_free(client);
    fn(wanted, &result);
    if (answer) answer_free(answer);
}

muster_status __wrap_net_fetch(const struct muster_http_fetch *request,
                               void (*fn)(void *user, const struct muster_http_result *result),
                               void *user, struct net_client **out);
muster_status __wrap_net_fetch(const struct muster_http_fetch *request,
                               void (*fn)(void *user, const struct muster_http_result *result),
                               void *user, struct net_client **out) {
    struct net_url url;
    if (net_is_down) return MUSTER_STATE;
    if (request->timeout_ms < 1 || request->timeout_ms > 60000 || !request->url || !request->method)
        return MUSTER_INVALID;
    if (request->flags & ~MUSTER_FETCH_PUBLIC) return MUSTER_INVALID;
    muster_status status = net_url_parse(request->url, "http", &url);
    if (status) return status;
    *out = client_add(request->url, user);
    (*out)->fetched = fn;
    free(fetch_last);
    if (asprintf(&fetch_last, "%s %s\n%.*s", request->method, request->url, (int)request->body.len,
                 request->body.len ? (const char *)request->body.data : "") < 0)
        abort();
    return loop_post(fetch_end, (void *)(uintptr_t)(*out)->id);
}

muster_status __wrap_net_ws_connect(const struct muster_ws_client *wanted, void *user,
                                    struct net_client **out);
muster_status __wrap_net_ws_connect(const struct muster_ws_client *wanted, void *user,
                                    struct net_client **out) {
    struct net_url parts;
    if (net_is_down) return MUSTER_STATE;
    if (wanted->flags & ~MUSTER_WS_PUBLIC || wanted->message_max_bytes > WS_MESSAGE_BYTES_MAX)
        return MUSTER_INVALID;
    muster_status status = net_url_parse(wanted->url, "ws", &parts);
    if (status) return status;
    *out = client_add(wanted->url, user);
    (*out)->ws = *wanted;
    return MUSTER_OK;
}

muster_status __wrap_net_ws_send(struct net_client *client, bool binary, struct muster_bytes data);
muster_status __wrap_net_ws_send(struct net_client *client, bool binary, struct muster_bytes data) {
    (void)binary;
    if (!client->is_open) return MUSTER_STATE;
    if (data.len > WS_BYTES_MAX) return MUSTER_FULL;
    client->sent = realloc(client->sent, client->sent_len + data.len + 1);
    if (!client->sent) abort();
    memcpy(client->sent + client->sent_len, data.data, data.len);
    client->sent_len += (uint32_t)data.len;
    return MUSTER_OK;
}

void __wrap_net_client_close(struct net_client *client);
void __wrap_net_client_close(struct net_client *client) {
    if (client) client_free(client);
}

/* ---- clients of a plugin's WebSocket --------------------------------------------------------- */

static struct net_handlers routes(void) {
    struct net_handlers handlers = {0};
    host_net_handlers(&handlers);
    return handlers;
}

muster_status __wrap_net_route_send(conn_id conn, bool binary, struct muster_bytes data);
muster_status __wrap_net_route_send(conn_id conn, bool binary, struct muster_bytes data) {
    struct net_client *client = find_client(conn);
    if (!client) return MUSTER_CLOSED;
    client->is_open = true; /* in its open, too */
    return __wrap_net_ws_send(client, binary, data);
}

void __wrap_net_route_close(conn_id conn, uint16_t code, const char *reason);
void __wrap_net_route_close(conn_id conn, uint16_t code, const char *reason) {
    struct net_client *client = find_client(conn);
    (void)code, (void)reason;
    if (client) client_free(client);
}

uint64_t testkit_ws_visit(struct testkit *kit, const char *path,
                          const struct muster_http_header *headers, uint32_t header_count,
                          bool is_admin) {
    KIT_NEED(kit && path && (headers || header_count == 0), 0);
    kit_stand(kit);
    struct muster_http_request request = {.method = "GET", .path = path};
    asked.answered = false;
    fill_in(&request);
    asked.headers = headers;
    asked.header_count = header_count;
    asked.has_body = false;
    asked.is_admin = is_admin;
    struct net_client *client = client_add(path, NULL);
    const struct net_http_request given = {.request = request, .admin = is_admin};
    uint64_t id = client->id;
    uint32_t status =
        routes().route_find(path, is_admin) ? routes().route_open(&given, id, &client->user) : 404;
    asked.answered = true;
    client->is_visitor = client->is_open = true;
    if (status) client_free(client);
    return status ? 0 : id;
}

void testkit_fetch_answer(struct testkit *kit, uint32_t http_status, const char *body) {
    KIT_NEED_OR_NOTHING(kit);
    struct answer *answer = kit_alloc(sizeof *answer);
    answer->http_status = http_status;
    answer->body = kit_copy(body);
    DL_APPEND(answers, answer);
}

const char *testkit_fetch_last(struct testkit *kit) {
    KIT_NEED(kit, "");
    return fetch_last ? fetch_last : "";
}

uint32_t kit_fetches(void) {
    uint32_t count = 0;
    const struct net_client *client;
    DL_FOREACH(clients, client) count += client->fetched != NULL;
    return count;
}

uint64_t testkit_ws_find(struct testkit *kit, const char *url) {
    KIT_NEED(kit && url, 0);
    const struct net_client *client;
    DL_FOREACH(clients, client) {
        if (!client->fetched && !client->is_visitor && strstr(client->url, url)) return client->id;
    }
    return 0;
}

void testkit_ws_open(struct testkit *kit, uint64_t ws) {
    KIT_NEED_OR_NOTHING(kit);
    struct net_client *client = find_client(ws);
    if (!client || client->is_open) return;
    client->is_open = true;
    client->ws.open(client->user);
}

void testkit_ws_deliver(struct testkit *kit, uint64_t ws, const char *text) {
    KIT_NEED_OR_NOTHING(kit && text);
    const struct net_client *client = find_client(ws);
    if (client && client->is_visitor)
        routes().route_message(client->user, false, (struct muster_bytes){text, strlen(text)});
    else if (client && client->is_open)
        client->ws.message(client->user, 0, (struct muster_bytes){text, strlen(text)});
}

void testkit_ws_drop(struct testkit *kit, uint64_t ws) {
    KIT_NEED_OR_NOTHING(kit);
    struct net_client *client = find_client(ws);
    if (!client) return;
    const struct net_client copy = *client;
    client_free(client);
    if (copy.is_visitor)
        routes().route_closed(copy.user, 1000);
    else
        copy.ws.close(copy.user, MUSTER_CLOSED, 1000);
}

struct muster_bytes testkit_ws_sent(struct testkit *kit, uint64_t ws) {
    KIT_NEED(kit, (struct muster_bytes){0});
    static uint8_t *taken;
    struct net_client *client = find_client(ws);
    free(taken);
    taken = NULL;
    if (!client) return (struct muster_bytes){0};
    struct muster_bytes sent = {client->sent, client->sent_len};
    taken = client->sent;
    client->sent = NULL;
    client->sent_len = 0;
    return sent;
}

void kit_web_forget(void) {
    struct answer *answer, *next;
    DL_FOREACH_SAFE(answers, answer, next) {
        DL_DELETE(answers, answer);
        answer_free(answer);
    }
    while (clients) client_free(clients);
    free(fetch_last);
    fetch_last = NULL;
    free(stream.text);
    stream.text = NULL;
    stream.len = 0;
    stream.id.value = 0;
    free(asked.body);
    asked.body = NULL;
    asked.headers = NULL;
    asked.header_count = 0;
}
