/* net: answers piece by piece, and WebSockets at the paths of plugins, on real sockets. */
#include "net_rig.h"

#include <stdatomic.h>

static atomic_int closed_streams;
static atomic_int full_after; /* bytes that were taken before FULL */
static muster_request_id stream;

static muster_status begin(muster_request_id id, uint32_t status) {
    const struct muster_http_response head = {
        .size = sizeof head, .status = status, .content_type = "text/plain", .body = {"one ", 4}};
    return net_stream_begin(id, &head);
}

static void send_text(muster_request_id id, const char *text) {
    const struct muster_bytes piece = {text, strlen(text)};
    if (net_stream_send(id, piece) != MUSTER_OK) abort();
}

static void on_later(void *user) {
    (void)user;
    send_text(stream, "two ");
    send_text(stream, "");
    send_text(stream, "three");
    net_stream_end(stream, true);
    if (net_stream_send(stream, (struct muster_bytes){"x", 1}) != MUSTER_NOT_FOUND) abort();
    net_stream_end(stream, true); /* again: nothing */
}

static void fill(muster_request_id id) {
    static char piece[65536];
    int taken = 0;
    memset(piece, 'p', sizeof piece);
    const struct muster_bytes too_long = {piece, NET_STREAM_BYTES + 1};
    if (net_stream_send(id, too_long) != MUSTER_FULL) abort();
    while (net_stream_send(id, (struct muster_bytes){piece, sizeof piece}) == MUSTER_OK)
        taken += (int)sizeof piece;
    atomic_store(&full_after, taken);
    net_stream_end(id, true);
}

static void on_request(const struct net_http_request *request) {
    const char *path = request->request.path;
    muster_request_id id = request->request.id;
    if (strcmp(path, "/bad") == 0) {
        if (begin(id, 204) != MUSTER_INVALID || begin(id, 99) != MUSTER_INVALID) abort();
        rig_respond(id, 200, "still", 5);
        if (begin(id, 200) != MUSTER_NOT_FOUND) abort();
        return;
    }
    if (begin(id, 200) != MUSTER_OK || begin(id, 200) != MUSTER_NOT_FOUND) abort();
    stream = id;
    if (strcmp(path, "/parts") == 0) loop_timer_start(20, 0, on_later, NULL);
    if (strcmp(path, "/fill") == 0) fill(id);
    if (strcmp(path, "/cut") == 0) net_stream_end(id, false);
}

static void on_closed(muster_request_id id) {
    if (!MUSTER_ID_SAME(id, stream)) abort();
    atomic_fetch_add(&closed_streams, 1);
}

/* ---- WebSockets ---- */

static atomic_int gone; /* the codes of those that ended, added */
static conn_id visitor;
static int user_of_visitor;

static const char *on_route_find(const char *path, bool admin) {
    if (strcmp(path, "/plain") == 0) return "";
    return strcmp(path, "/spoken") == 0 && !admin ? "chat.v1" : NULL;
}

static uint32_t on_route_open(const struct net_http_request *request, conn_id conn, void **user) {
    const char *wanted = net_http_header(request->request.id, "x-status");
    if (net_route_send(
            conn, false,
            (struct muster_bytes){request->request.query, strlen(request->request.query)}))
        abort();
    if (wanted[0]) return (uint32_t)strtoul(wanted, NULL, 10);
    visitor = conn;
    *user = &user_of_visitor;
    return 0;
}

static void on_route_message(void *user, bool binary, struct muster_bytes data) {
    if (user != &user_of_visitor) abort();
    if (data.len == 3 && memcmp(data.data, "end", 3) == 0) {
        net_route_close(visitor, 4321, "bye");
        if (net_route_send(visitor, false, data) != MUSTER_CLOSED) abort();
        return;
    }
    if (net_route_send(visitor, binary, data) != MUSTER_OK) abort();
}

static void on_route_closed(void *user, uint16_t code) {
    if (user != &user_of_visitor) abort();
    atomic_fetch_add(&gone, code + 1);
}

/* Players' alone. */
static void on_ws_closed(conn_id conn, void *user) {
    (void)conn;
    if (user == &user_of_visitor) abort();
}

static const struct net_handlers handlers = {
    .ws_text = rig_echo_text,
    .ws_closed = on_ws_closed,
    .http_request = on_request,
    .http_closed = on_closed,
    .route_find = on_route_find,
    .route_open = on_route_open,
    .route_message = on_route_message,
    .route_closed = on_route_closed,
};

static int setup(void **state) {
    (void)state;
    atomic_store(&closed_streams, 0);
    atomic_store(&gone, 0);
    if (net_subprotocol_add("chat.v1") != MUSTER_OK) return -1;
    return rig_start(&handlers);
}

static int teardown(void **state) {
    (void)state;
    return rig_stop();
}

/* All that comes until the end. */
static size_t read_all(int fd, char *out, size_t cap) {
    size_t len = 0;
    ssize_t got = 0;
    while (len < cap - 1 && (got = recv(fd, out + len, cap - 1 - len, 0)) > 0) len += (size_t)got;
    out[len] = '\0';
    return len;
}

static const char *parts_script(void) {
    static char all[4096];
    int fd = wire_connect();
    wire_send(fd, "GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
    read_all(fd, all, sizeof all);
    EXPECT(strstr(all, "HTTP/1.1 200 OK\r\n") == all);
    EXPECT(strstr(all, "\r\ntransfer-encoding: chunked\r\n") &&
           strstr(all, "connection: close\r\n"));
    EXPECT(!strstr(all, "content-length"));
    EXPECT(strcmp(strstr(all, "\r\n\r\n"),
                  "\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n") == 0);
    close(fd);
    fd = wire_connect();
    wire_send(fd, "GET /parts HTTP/1.0\r\nHost: a\r\n\r\n");
    read_all(fd, all, sizeof all);
    EXPECT(!strstr(all, "transfer-encoding"));
    EXPECT(strcmp(strstr(all, "\r\n\r\n"), "\r\n\r\none two three") == 0);
    close(fd);
    fd = wire_connect();
    wire_send(fd, "GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    read_all(fd, all, sizeof all);
    EXPECT(!strstr(all, "0\r\n\r\n")); /* one sees that something is missing */
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "GET /bad HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    close(fd);
    return NULL;
}

static void a_stream_has_its_parts(void **state) {
    (void)state;
    rig_run(parts_script);
    assert_int_equal(atomic_load(&closed_streams), 0);
}

/* Waits for what the loop does in its turns. */
static bool comes_to(atomic_int *count, int wanted) {
    for (int i = 0; i < 8000 && atomic_load(count) != wanted; i++) usleep(1000);
    return atomic_load(count) == wanted;
}

static const char *gone_script(void) {
    static char all[4096];
    int fd = wire_connect();
    wire_send(fd, "GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_read(fd, all, 20));
    close(fd);
    EXPECT(comes_to(&closed_streams, 1));
    fd = wire_connect();
    wire_send(fd, "HEAD /open HTTP/1.1\r\nHost: a\r\n\r\n");
    read_all(fd, all, sizeof all);
    EXPECT(strstr(all, "\r\n\r\n") && strlen(strstr(all, "\r\n\r\n")) == 4);
    EXPECT(comes_to(&closed_streams, 2));
    close(fd);
    return NULL;
}

static void who_goes_is_told(void **state) {
    (void)state;
    rig_run(gone_script);
}

static const char *full_script(void) {
    static char all[1048576];
    int fd = wire_connect();
    wire_send(fd, "GET /fill HTTP/1.1\r\nHost: a\r\n\r\n");
    size_t len = read_all(fd, all, sizeof all);
    EXPECT(atomic_load(&full_after) <= (int)NET_STREAM_BYTES);
    EXPECT(atomic_load(&full_after) >= (int)NET_STREAM_BYTES - 65536);
    EXPECT(len > (size_t)atomic_load(&full_after)); /* what was taken comes */
    EXPECT(strcmp(all + len - 5, "0\r\n\r\n") == 0);
    close(fd);
    return NULL;
}

static void a_slow_reader_is_bounded(void **state) {
    (void)state;
    rig_run(full_script);
}

static const char *routes_script(void) {
    char data[256];
    int opcode = 0;
    int fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/spoken?hello", "Sec-WebSocket-Protocol: chat.v1\r\n") == 101);
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 5); /* sent in the handshake's call */
    EXPECT(opcode == WIRE_TEXT && strcmp(data, "hello") == 0);
    wire_frame(fd, WIRE_FIN | WIRE_BINARY, "abc", 3);
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 3 && opcode == WIRE_BINARY);
    wire_text(fd, "end");
    EXPECT(wire_close_code(fd) == 4321);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/plain", "") == 101);
    wire_frame(fd, WIRE_FIN | WIRE_CLOSE, "\x0b\xb8", 2); /* 3000 */
    EXPECT(wire_close_code(fd) == 3000);
    close(fd);
    EXPECT(comes_to(&gone, 3001));
    fd = wire_connect_to(net_admin_port());
    EXPECT(wire_upgrade(fd, "/plain", "") == 101);
    close(fd);
    EXPECT(comes_to(&gone, 3002)); /* no code: the line is lost */
    return NULL;
}

static const char *refused_script(void) {
    static const struct {
        const char *path, *headers;
        int status;
    } cases[] = {
        {"/none", "Sec-WebSocket-Protocol: chat.v1\r\n", 404},
        {"/spoken", "", 400},
        {"/spoken", "Sec-WebSocket-Protocol: muster.v1, chat.v1\r\n", 400},
        {"/spoken", "Sec-WebSocket-Protocol: muster-http, chat.v1\r\n", 400},
        {"/plain", "Sec-WebSocket-Protocol: chat.v1\r\n", 400},
        {"/plain", "Origin: https://elsewhere.example\r\n", 403},
        {"/plain", "x-status: 401\r\n", 401},
        {"/plain", "x-status: 403\r\n", 403},
        {"/plain", "x-status: 418\r\n", 500},
        {"/ws", "Sec-WebSocket-Protocol: other, muster.v1\r\n", 101},
        {"/ws", "Sec-WebSocket-Protocol: chat.v1, muster.v1\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = wire_connect();
        int status = wire_upgrade(fd, cases[i].path, cases[i].headers);
        close(fd);
        if (status != cases[i].status) return cases[i].headers;
    }
    int fd = wire_connect_to(net_admin_port());
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 404);
    close(fd);
    return NULL;
}

static void plugins_serve_websockets(void **state) {
    (void)state;
    rig_run(routes_script);
    rig_run(refused_script);
}

static void subprotocols_have_places(void **state) {
    (void)state;
    char name[65];
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    assert_int_equal(net_subprotocol_add(name), MUSTER_INVALID);
    assert_int_equal(net_subprotocol_add("a b"), MUSTER_INVALID);
    assert_int_equal(net_subprotocol_add(""), MUSTER_INVALID);
    assert_int_equal(net_subprotocol_add("muster.v1"), MUSTER_INVALID);
    assert_int_equal(net_subprotocol_add("muster-http"), MUSTER_INVALID);
    for (int i = 1; i < 16; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(net_subprotocol_add(name), MUSTER_OK);
    }
    assert_int_equal(net_subprotocol_add("one-more"), MUSTER_LIMIT);
    assert_int_equal(net_subprotocol_add("chat.v1"), MUSTER_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_stream_has_its_parts),   TEST(who_goes_is_told),
        TEST(a_slow_reader_is_bounded), TEST(plugins_serve_websockets),
        TEST(subprotocols_have_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
