/* rows_net - net, http, ws, engine. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "conform.h"

/* ---- net ------------------------------------------------------------------------------------- */

static void on_packet(void *user, const struct muster_udp_packet *packet) {
    (void)user, (void)packet;
}

static void on_open(void *user, muster_socket_id conn, const char *address) {
    (void)user, (void)conn, (void)address;
}

static void on_data(void *user, muster_socket_id conn, struct muster_bytes data) {
    (void)user, (void)conn, (void)data;
}

static void on_close(void *user, muster_socket_id conn) {
    (void)user, (void)conn;
}

static const struct muster_tcp_handler tcp = {
    .size = sizeof tcp, .open = on_open, .data = on_data, .close = on_close};

static void net_udp_open(struct conform *c) {
    const struct muster_host_net *net = c->host->net;
    muster_socket_id id = {0};
    STATUS(c, "good", net->udp_open(c->self, "127.0.0.1", 0, on_packet, c, &id));
    STATUS(c, "its close", net->close(c->self, id));
    STATUS(c, "no address", net->udp_open(c->self, "nowhere", 0, on_packet, c, &id));
    STATUS(c, "null address", net->udp_open(c->self, NULL, 0, on_packet, c, &id));
    STATUS(c, "port 70000", net->udp_open(c->self, "127.0.0.1", 70000, on_packet, c, &id));
    STATUS(c, "no function", net->udp_open(c->self, "127.0.0.1", 0, NULL, c, &id));
    STATUS(c, "no place", net->udp_open(c->self, "127.0.0.1", 0, on_packet, c, NULL));
}

static void net_udp_send(struct conform *c) {
    static uint8_t bytes[70000];
    const struct muster_host_net *net = c->host->net;
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    muster_socket_id id = {0};
    (void)net->udp_open(c->self, "127.0.0.1", 0, on_packet, c, &id);
    STATUS(c, "good", net->udp_send(c->self, id, &to, sizeof to, (struct muster_bytes){bytes, 1}));
    STATUS(c, "too long",
           net->udp_send(c->self, id, &to, sizeof to, (struct muster_bytes){bytes, sizeof bytes}));
    STATUS(c, "to nobody", net->udp_send(c->self, id, NULL, 0, (struct muster_bytes){bytes, 1}));
    STATUS(c, "null data",
           net->udp_send(c->self, id, &to, sizeof to, (struct muster_bytes){NULL, 1}));
    (void)net->close(c->self, id);
    STATUS(c, "closed",
           net->udp_send(c->self, id, &to, sizeof to, (struct muster_bytes){bytes, 1}));
    STATUS(c, "none",
           net->udp_send(c->self, (muster_socket_id){0}, &to, sizeof to,
                         (struct muster_bytes){bytes, 1}));
}

static void net_tcp_listen(struct conform *c) {
    const struct muster_host_net *net = c->host->net;
    struct muster_tcp_handler bad = tcp;
    muster_socket_id id = {0};
    STATUS(c, "good", net->tcp_listen(c->self, "127.0.0.1", 0, &tcp, c, &id));
    STATUS(c, "send there", net->tcp_send(c->self, id, (struct muster_bytes){"x", 1}));
    STATUS(c, "its close", net->close(c->self, id));
    STATUS(c, "no address", net->tcp_listen(c->self, "nowhere", 0, &tcp, c, &id));
    STATUS(c, "null address", net->tcp_listen(c->self, NULL, 0, &tcp, c, &id));
    STATUS(c, "port 70000", net->tcp_listen(c->self, "127.0.0.1", 70000, &tcp, c, &id));
    STATUS(c, "no place", net->tcp_listen(c->self, "127.0.0.1", 0, &tcp, c, NULL));
    STATUS(c, "no handler", net->tcp_listen(c->self, "127.0.0.1", 0, NULL, c, &id));
    bad.close = NULL;
    STATUS(c, "half a handler", net->tcp_listen(c->self, "127.0.0.1", 0, &bad, c, &id));
    bad = tcp;
    bad.size = 8;
    STATUS(c, "short handler", net->tcp_listen(c->self, "127.0.0.1", 0, &bad, c, &id));
}

static void net_tcp_send(struct conform *c) {
    STATUS(c, "none",
           c->host->net->tcp_send(c->self, (muster_socket_id){0}, (struct muster_bytes){"x", 1}));
    STATUS(
        c, "nobody's",
        c->host->net->tcp_send(c->self, NOTHING(muster_socket_id), (struct muster_bytes){"x", 1}));
}

static void net_close(struct conform *c) {
    muster_socket_id id = {0};
    (void)c->host->net->udp_open(c->self, "127.0.0.1", 0, on_packet, c, &id);
    STATUS(c, "good", c->host->net->close(c->self, id));
    STATUS(c, "again", c->host->net->close(c->self, id));
    STATUS(c, "none", c->host->net->close(c->self, (muster_socket_id){0}));
}

const struct conform_row net_rows[] = {ROW(net, udp_open), ROW(net, udp_send), ROW(net, tcp_listen),
                                       ROW(net, tcp_send), ROW(net, close)};
ROWS_COMPLETE(net, net_rows);

/* ---- http ------------------------------------------------------------------------------------ */

static void on_request(void *user, const struct muster_http_request *request) {
    (void)user, (void)request;
}

static muster_status route(struct conform *c, const char *method, const char *path, uint32_t flags,
                           muster_route_id *out) {
    const struct muster_route route = {
        .size = sizeof route, .flags = flags, .method = method, .path = path};
    return c->host->http->route_add(c->self, &route, on_request, c, out);
}

static void http_route_add(struct conform *c) {
    muster_route_id id = {0}, other = {0};
    STATUS(c, "good", route(c, "GET", "/conform-a", 0, &id));
    STATUS(c, "again", route(c, "GET", "/conform-a", 0, &other));
    STATUS(c, "other method", route(c, "PUT", "/conform-a", 0, &other));
    STATUS(c, "its end", c->host->http->route_remove(c->self, other));
    STATUS(c, "as prefix", route(c, "GET", "/conform-a", MUSTER_ROUTE_PREFIX, &other));
    STATUS(c, "its end", c->host->http->route_remove(c->self, other));
    STATUS(c, "admin", route(c, "GET", "/conform-a", MUSTER_ROUTE_ADMIN, &other));
    STATUS(c, "its end", c->host->http->route_remove(c->self, other));
    STATUS(c, "the end", c->host->http->route_remove(c->self, id));
    STATUS(c, "no place", route(c, "DELETE", "/conform-a", 0, NULL));
    STATUS(c, "no slash", route(c, "GET", "conform", 0, &id));
    STATUS(c, "empty", route(c, "GET", "", 0, &id));
    STATUS(c, "no method", route(c, "", "/conform-a", 0, &id));
    STATUS(c, "long method", route(c, LONG_NAME, "/conform-a", 0, &id));
    STATUS(c, "long path", route(c, "GET", "/" LONG_TEXT LONG_TEXT, 0, &id));
    STATUS(c, "flag 16", route(c, "GET", "/conform-a", 16, &id));
    struct muster_route bad = {.size = sizeof bad, .method = "GET", .path = "/conform-a"};
    STATUS(c, "no function", c->host->http->route_add(c->self, &bad, NULL, c, &id));
    bad.body_max_bytes = MUSTER_ROUTE_BODY_MAX + 1;
    STATUS(c, "long body", c->host->http->route_add(c->self, &bad, on_request, c, &id));
    bad.size = 4;
    STATUS(c, "short", c->host->http->route_add(c->self, &bad, on_request, c, &id));
    STATUS(c, "nothing", c->host->http->route_add(c->self, NULL, on_request, c, &id));
}

static void http_route_remove(struct conform *c) {
    STATUS(c, "none", c->host->http->route_remove(c->self, (muster_route_id){0}));
    STATUS(c, "nobody's", c->host->http->route_remove(c->self, NOTHING(muster_route_id)));
}

static void http_header(struct conform *c) {
    TEXT(c, "its", c->request.value ? c->host->http->header(c->self, c->request, "x-none") : "");
    TEXT(c, "none", c->host->http->header(c->self, (muster_request_id){0}, "host"));
    TEXT(c, "nobody's", c->host->http->header(c->self, NOTHING(muster_request_id), "host"));
    TEXT(c, "no name", c->host->http->header(c->self, NOTHING(muster_request_id), NULL));
}

static void http_respond(struct conform *c) {
    struct muster_http_response response = {.size = sizeof response, .status = 204};
    if (c->request.value) STATUS(c, "good", c->host->http->respond(c->self, c->request, &response));
    if (c->request.value)
        STATUS(c, "again", c->host->http->respond(c->self, c->request, &response));
    STATUS(c, "none", c->host->http->respond(c->self, (muster_request_id){0}, &response));
    STATUS(c, "nobody's", c->host->http->respond(c->self, NOTHING(muster_request_id), &response));
    STATUS(c, "nothing", c->host->http->respond(c->self, NOTHING(muster_request_id), NULL));
    response.size = 4;
    STATUS(c, "short", c->host->http->respond(c->self, NOTHING(muster_request_id), &response));
}

static void http_problem(struct conform *c) {
    if (c->request.value)
        STATUS(c, "answered", c->host->http->problem(c->self, c->request, 404, "gone", "Gone."));
    STATUS(c, "none",
           c->host->http->problem(c->self, (muster_request_id){0}, 404, "not_found", "None."));
    STATUS(c, "nobody's",
           c->host->http->problem(c->self, NOTHING(muster_request_id), 404, "not_found", "None."));
    STATUS(c, "nothing",
           c->host->http->problem(c->self, NOTHING(muster_request_id), 404, NULL, NULL));
}

static void on_result(void *user, const struct muster_http_result *result) {
    (void)user, (void)result;
}

static muster_status fetch(struct conform *c, const char *url, uint32_t timeout_ms) {
    const struct muster_http_fetch request = {.size = sizeof request,
                                              .timeout_ms = timeout_ms,
                                              .method = "GET",
                                              .url = url,
                                              .response_max_bytes = 1000};
    return c->host->http->fetch(c->self, &request, on_result, c, NULL);
}

static void http_fetch(struct conform *c) {
    const struct muster_http_fetch none = {.size = 4};
    const struct muster_http_fetch no_method = {
        .size = sizeof no_method, .timeout_ms = 1000, .url = "http://127.0.0.1:1/"};
    struct muster_http_fetch flagged = no_method;
    flagged.method = "GET";
    flagged.flags = MUSTER_FETCH_PUBLIC;
    STATUS(c, "good", fetch(c, "http://127.0.0.1:1/", 1000));
    STATUS(c, "public", c->host->http->fetch(c->self, &flagged, on_result, c, NULL));
    flagged.flags = 2;
    STATUS(c, "unknown flag", c->host->http->fetch(c->self, &flagged, on_result, c, NULL));
    STATUS(c, "no time", fetch(c, "http://127.0.0.1:1/", 0));
    STATUS(c, "long time", fetch(c, "http://127.0.0.1:1/", 60001));
    STATUS(c, "other scheme", fetch(c, "ftp://127.0.0.1/", 1000));
    STATUS(c, "no url", fetch(c, "127.0.0.1", 1000));
    STATUS(c, "null url", fetch(c, NULL, 1000));
    STATUS(c, "no method", c->host->http->fetch(c->self, &no_method, on_result, c, NULL));
    STATUS(c, "nothing", c->host->http->fetch(c->self, NULL, on_result, c, NULL));
    STATUS(c, "short", c->host->http->fetch(c->self, &none, on_result, c, NULL));
}

static void http_fetch_cancel(struct conform *c) {
    const struct muster_http_fetch request = {
        .size = sizeof request, .timeout_ms = 1000, .method = "GET", .url = "http://127.0.0.1:1/"};
    muster_fetch_id id = {0};
    STATUS(c, "a fetch", c->host->http->fetch(c->self, &request, on_result, c, &id));
    STATUS(c, "good", c->host->http->fetch_cancel(c->self, id));
    STATUS(c, "again", c->host->http->fetch_cancel(c->self, id));
    STATUS(c, "none", c->host->http->fetch_cancel(c->self, (muster_fetch_id){0}));
    STATUS(c, "nobody's", c->host->http->fetch_cancel(c->self, NOTHING(muster_fetch_id)));
}

static void on_stream_closed(void *user, muster_status status) {
    (void)user, (void)status;
}

static void http_stream_begin(struct conform *c) {
    const struct muster_host_http *http = c->host->http;
    struct muster_http_response response = {.size = sizeof response, .status = 200};
    muster_stream_id id = {0};
    const muster_request_id none = {0}, nobodys = NOTHING(muster_request_id);
    STATUS(c, "none", http->stream_begin(c->self, none, &response, on_stream_closed, c, &id));
    STATUS(c, "nobody's",
           http->stream_begin(c->self, nobodys, &response, on_stream_closed, c, &id));
    STATUS(c, "nothing", http->stream_begin(c->self, nobodys, NULL, on_stream_closed, c, &id));
    STATUS(c, "no function", http->stream_begin(c->self, nobodys, &response, NULL, c, &id));
    STATUS(c, "no place",
           http->stream_begin(c->self, nobodys, &response, on_stream_closed, c, NULL));
    response.size = 4;
    STATUS(c, "short", http->stream_begin(c->self, nobodys, &response, on_stream_closed, c, &id));
}

static void http_stream_send(struct conform *c) {
    const struct muster_bytes piece = {"x", 1};
    STATUS(c, "none", c->host->http->stream_send(c->self, (muster_stream_id){0}, piece));
    STATUS(c, "nobody's", c->host->http->stream_send(c->self, NOTHING(muster_stream_id), piece));
}

static void http_stream_end(struct conform *c) {
    STATUS(c, "none", c->host->http->stream_end(c->self, (muster_stream_id){0}));
    STATUS(c, "nobody's", c->host->http->stream_end(c->self, NOTHING(muster_stream_id)));
}

const struct conform_row http_rows[] = {
    ROW(http, route_add),   ROW(http, route_remove), ROW(http, respond), ROW(http, problem),
    ROW(http, fetch),       ROW(http, fetch_cancel), ROW(http, header),  ROW(http, stream_begin),
    ROW(http, stream_send), ROW(http, stream_end)};
ROWS_COMPLETE(http, http_rows);

/* ---- ws -------------------------------------------------------------------------------------- */

static void on_ws_open(void *user) {
    (void)user;
}

static void on_ws_message(void *user, uint32_t binary, struct muster_bytes data) {
    (void)user, (void)binary, (void)data;
}

static void on_ws_close(void *user, muster_status status, uint32_t code) {
    (void)user, (void)status, (void)code;
}

static muster_status connect_ws(struct conform *c, const char *url, muster_ws_id *out) {
    const struct muster_ws_client client = {.size = sizeof client,
                                            .url = url,
                                            .open = on_ws_open,
                                            .message = on_ws_message,
                                            .close = on_ws_close};
    return c->host->ws->open(c->self, &client, c, out);
}

static void ws_open(struct conform *c) {
    struct muster_ws_client bad = {
        .size = sizeof bad, .url = "ws://127.0.0.1:1/", .open = on_ws_open, .close = on_ws_close};
    muster_ws_id id = {0};
    STATUS(c, "good", connect_ws(c, "ws://127.0.0.1:1/", &id));
    STATUS(c, "send before it is open",
           c->host->ws->send(c->self, id, 0, (struct muster_bytes){"x", 1}));
    STATUS(c, "close as a net socket", c->host->net->close(c->self, (muster_socket_id){id.value}));
    STATUS(c, "its close", c->host->ws->close(c->self, id, 1000));
    STATUS(c, "other scheme", connect_ws(c, "http://127.0.0.1:1/", &id));
    STATUS(c, "no url", connect_ws(c, "nowhere", &id));
    STATUS(c, "null url", connect_ws(c, NULL, &id));
    STATUS(c, "nothing", c->host->ws->open(c->self, NULL, c, &id));
    STATUS(c, "no place", connect_ws(c, "ws://127.0.0.1:1/", NULL));
    STATUS(c, "half a client", c->host->ws->open(c->self, &bad, c, &id));
    bad.message = on_ws_message;
    bad.flags = MUSTER_WS_PUBLIC;
    bad.message_max_bytes = 1;
    STATUS(c, "public", c->host->ws->open(c->self, &bad, c, &id));
    bad.flags = 2;
    STATUS(c, "unknown flag", c->host->ws->open(c->self, &bad, c, &id));
    bad.flags = 0;
    bad.message_max_bytes = 1048577;
    STATUS(c, "too long messages", c->host->ws->open(c->self, &bad, c, &id));
    bad.size = 8;
    STATUS(c, "short client", c->host->ws->open(c->self, &bad, c, &id));
}

static void ws_send(struct conform *c) {
    STATUS(c, "none",
           c->host->ws->send(c->self, (muster_ws_id){0}, 0, (struct muster_bytes){"x", 1}));
    STATUS(c, "nobody's",
           c->host->ws->send(c->self, NOTHING(muster_ws_id), 0, (struct muster_bytes){"x", 1}));
}

static void ws_close(struct conform *c) {
    muster_socket_id id = {0};
    (void)c->host->net->udp_open(c->self, "127.0.0.1", 0, on_packet, c, &id);
    STATUS(c, "a net socket", c->host->ws->close(c->self, (muster_ws_id){id.value}, 1000));
    (void)c->host->net->close(c->self, id);
    STATUS(c, "none", c->host->ws->close(c->self, (muster_ws_id){0}, 1000));
    STATUS(c, "nobody's", c->host->ws->close(c->self, NOTHING(muster_ws_id), 4000));
    STATUS(c, "no code", c->host->ws->close(c->self, NOTHING(muster_ws_id), 0));
    STATUS(c, "protocol's code", c->host->ws->close(c->self, NOTHING(muster_ws_id), 1006));
    STATUS(c, "long code", c->host->ws->close(c->self, NOTHING(muster_ws_id), 5000));
}

static uint32_t on_visit(void *user, muster_ws_id id, const struct muster_http_request *request) {
    (void)user, (void)id, (void)request;
    return 403;
}

static void on_visitor_message(void *user, muster_ws_id id, uint32_t binary,
                               struct muster_bytes data) {
    (void)user, (void)id, (void)binary, (void)data;
}

static void on_visitor_close(void *user, muster_ws_id id, muster_status status, uint32_t code) {
    (void)user, (void)id, (void)status, (void)code;
}

static muster_status serve(struct conform *c, const char *path, uint32_t flags,
                           const char *subprotocol) {
    const struct muster_ws_server server = {.size = sizeof server,
                                            .flags = flags,
                                            .path = path,
                                            .subprotocol = subprotocol,
                                            .open = on_visit,
                                            .message = on_visitor_message,
                                            .close = on_visitor_close};
    return c->host->ws->serve(c->self, &server, c);
}

static void ws_serve(struct conform *c) {
    STATUS(c, "good", serve(c, "/conform-ws", 0, "conform.v1")); /* it lasts: taken next time */
    STATUS(c, "again", serve(c, "/conform-ws", 0, NULL));
    STATUS(c, "elsewhere", serve(c, "/conform-ws", MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_TOKEN, NULL));
    STATUS(c, "token for players", serve(c, "/conform-ws-b", MUSTER_ROUTE_TOKEN, NULL));
    STATUS(c, "prefix", serve(c, "/conform-ws-b", MUSTER_ROUTE_PREFIX, NULL));
    STATUS(c, "the core's", serve(c, "/ws", 0, NULL));
    STATUS(c, "the core's words", serve(c, "/conform-ws-b", 0, "muster.v1"));
    STATUS(c, "no words", serve(c, "/conform-ws-b", 0, "a b"));
    STATUS(c, "no slash", serve(c, "conform-ws", 0, NULL));
    STATUS(c, "no path", serve(c, NULL, 0, NULL));
    struct muster_ws_server bad = {.size = sizeof bad, .path = "/conform-ws-b", .open = on_visit};
    STATUS(c, "half a server", c->host->ws->serve(c->self, &bad, c));
    bad.size = 8;
    STATUS(c, "short server", c->host->ws->serve(c->self, &bad, c));
    STATUS(c, "no server", c->host->ws->serve(c->self, NULL, c));
}

const struct conform_row ws_rows[] = {ROW(ws, open), ROW(ws, send), ROW(ws, close), ROW(ws, serve)};
ROWS_COMPLETE(ws, ws_rows);

/* ---- engine ---------------------------------------------------------------------------------- */

static char bytes_out[1000];

static struct muster_writer writer(void) {
    return muster_writer_make(bytes_out, sizeof bytes_out);
}

static void engine_player_add(struct conform *c) {
    muster_player_id id = {0};
    STATUS(c, "good", c->host->engine->player_add(c->self, "Ann", &id));
    STATUS(c, "nothing", c->host->engine->player_add(c->self, NULL, NULL));
}

static void engine_player_remove(struct conform *c) {
    DONE(c, "nobody", c->host->engine->player_remove(c->self, NOTHING(muster_player_id)));
}

static void engine_request(struct conform *c) {
    struct muster_writer w = writer();
    STATUS(c, "good", c->host->engine->request(c->self, c->player, "session.get", "{}", &w));
}

static void engine_notification(struct conform *c) {
    struct muster_writer w = writer();
    STATUS(c, "good", c->host->engine->notification(c->self, c->player, &w));
}

static void engine_input(struct conform *c) {
    const struct muster_input input = {.sequence = 1};
    STATUS(c, "good", c->host->engine->input(c->self, c->player, &input));
}

static void engine_message(struct conform *c) {
    STATUS(c, "good", c->host->engine->message(c->self, c->player, "x", 1));
    STATUS(c, "null", c->host->engine->message(c->self, c->player, NULL, 1));
    STATUS(c, "0 bytes", c->host->engine->message(c->self, c->player, "x", 0));
}

static void engine_snapshot(struct conform *c) {
    struct muster_writer w = writer();
    STATUS(c, "good", c->host->engine->snapshot(c->self, c->player, &w));
}

static void engine_advance(struct conform *c) {
    STATUS(c, "good", c->host->engine->advance(c->self, 1));
}

static void engine_seed(struct conform *c) {
    STATUS(c, "good", c->host->engine->seed(c->self, 1));
}

static void engine_hash(struct conform *c) {
    uint64_t hash = 0;
    STATUS(c, "good", c->host->engine->hash(c->self, c->lobby, &hash));
}

static void on_steer(void *user, muster_match_id match) {
    (void)user, (void)match;
}

static void engine_steer(struct conform *c) {
    STATUS(c, "good", c->host->engine->steer(c->self, c->lobby, on_steer, c));
}

static void engine_reincarnate(struct conform *c) {
    STATUS(c, "good", c->host->engine->reincarnate(c->self, c->lobby));
}

static void engine_connection_set(struct conform *c) {
    STATUS(c, "good", c->host->engine->connection_set(c->self, c->player, 0));
    STATUS(c, "nobody", c->host->engine->connection_set(c->self, NOTHING(muster_player_id), 1));
}

const struct conform_row engine_rows[] = {
    ROW(engine, player_add),     ROW(engine, player_remove), ROW(engine, request),
    ROW(engine, notification),   ROW(engine, input),         ROW(engine, message),
    ROW(engine, snapshot),       ROW(engine, advance),       ROW(engine, seed),
    ROW(engine, hash),           ROW(engine, steer),         ROW(engine, reincarnate),
    ROW(engine, connection_set),
};
ROWS_COMPLETE(engine, engine_rows);
