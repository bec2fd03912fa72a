/* net: clients, and the addresses that a name stands for; what a WebSocket client sends and is
 * told.
 */
#include "net_rig.h"

#include <dlfcn.h>
#include <netdb.h>

/* "both.test" is 127.0.0.2, where nobody listens unless a test does, then 127.0.0.1. libuv finds
 * this one: the executable comes first. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(
            RTLD_NEXT, "getaddrinfo");
    if (!node || strcmp(node, "both.test") != 0) return real(node, service, hints, out);
    int code = real("127.0.0.2", service, hints, out);
    return code ? code : real("127.0.0.1", service, hints, &(*out)->ai_next);
}

static char asked_with[64]; /* header x-from of the newest handshake */
static conn_id visitor;

static void on_request(const struct net_http_request *request) {
    rig_respond(request->request.id, 200, "here", 4);
}

static const char *on_route_find(const char *path, bool admin) {
    (void)path, (void)admin;
    return "";
}

static uint32_t on_route_open(const struct net_http_request *request, conn_id conn, void **user) {
    snprintf(asked_with, sizeof asked_with, "%s", net_http_header(request->request.id, "x-from"));
    visitor = conn;
    *user = &visitor;
    return 0;
}

static void on_route_message(void *user, bool binary, struct muster_bytes data) {
    (void)user, (void)binary, (void)data;
    net_route_close(visitor, 4321, "bye");
}

static void on_route_closed(void *user, uint16_t code) {
    (void)user, (void)code;
}

static const struct net_handlers handlers = {
    .http_request = on_request,
    .route_find = on_route_find,
    .route_open = on_route_open,
    .route_message = on_route_message,
    .route_closed = on_route_closed,
};

static int setup(void **state) {
    (void)state;
    return rig_start(&handlers);
}

static int teardown(void **state) {
    (void)state;
    return rig_stop();
}

static const char *url_of(const char *scheme, const char *host) {
    static char url[64];
    snprintf(url, sizeof url, "%s://%s:%u/", scheme, host, net_port());
    return url;
}

static void run_loop(void) {
    struct loop_timer *late = loop_timer_start(rig_wait_ms, 0, rig_on_late, NULL);
    loop_run();
    loop_timer_stop(late);
}

static void on_fetched(void *user, const struct muster_http_result *result) {
    *(struct muster_http_result *)user = *result;
    loop_stop();
}

static struct muster_http_result fetch(const char *method, const char *host, uint32_t flags) {
    struct muster_http_result result = {0};
    struct net_client *client = NULL;
    const struct muster_http_fetch request = {.size = sizeof request,
                                              .timeout_ms = 10000,
                                              .method = method,
                                              .url = url_of("http", host),
                                              .response_max_bytes = 100,
                                              .flags = flags};
    assert_int_equal(net_fetch(&request, on_fetched, &result, &client), MUSTER_OK);
    run_loop();
    return result;
}

static void each_address_is_tried(void **state) {
    (void)state;
    assert_int_equal(fetch("GET", "both.test", 0).http_status, 200);
    assert_int_equal(fetch("POST", "both.test", 0).http_status, 200);
    assert_int_equal(fetch("GET", "127.0.0.2", 0).status, MUSTER_IO);
}

static void *take_and_hang_up(void *user) {
    char request[1024];
    int fd = accept(*(int *)user, NULL, NULL);
    if (fd >= 0) (void)!read(fd, request, sizeof request);
    close(fd);
    return NULL;
}

/* It may have been done there. */
static void what_was_sent_is_not_sent_again(void **state) {
    (void)state;
    pthread_t thread;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)net_port())};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, take_and_hang_up, &listener), 0);
    struct muster_http_result result = fetch("POST", "both.test", 0);
    assert_int_equal(result.status, MUSTER_IO);
    assert_int_equal(result.http_status, 0);
    shutdown(listener, SHUT_RDWR); /* it may not have come so far */
    pthread_join(thread, NULL);
    close(listener);
}

static void public_is_not_this_machine(void **state) {
    (void)state;
    static const char *const near[] = {"localhost", "both.test", "127.0.0.1",
                                       "[::1]",     "10.1.2.3",  "[::ffff:127.0.0.1]"};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++)
        assert_int_equal(fetch("GET", near[i], MUSTER_FETCH_PUBLIC).status, MUSTER_DENIED);
    assert_int_equal(fetch("GET", "name.invalid", MUSTER_FETCH_PUBLIC).status, MUSTER_IO);
}

/* ---- WebSocket ---- */

static struct {
    struct net_client *client;
    muster_status status;
    uint32_t code;
} ws;

static void on_open(void *user) {
    (void)user;
    assert_int_equal(net_ws_send(ws.client, false, (struct muster_bytes){"end", 3}), MUSTER_OK);
}

static void on_message(void *user, uint32_t binary, struct muster_bytes data) {
    (void)user, (void)binary, (void)data;
}

static void on_close(void *user, muster_status status, uint32_t code) {
    (void)user;
    ws.status = status;
    ws.code = code;
    loop_stop();
}

static muster_status ws_begin(const struct muster_http_header *header) {
    const struct muster_ws_client wanted = {.size = sizeof wanted,
                                            .header_count = 1,
                                            .url = url_of("ws", "both.test"),
                                            .headers = header,
                                            .open = on_open,
                                            .message = on_message,
                                            .close = on_close};
    return net_ws_connect(&wanted, NULL, &ws.client);
}

static void a_websocket_sends_headers_and_hears_the_code(void **state) {
    (void)state;
    const struct muster_http_header header = {"x-from", "node 7"};
    const struct muster_http_header ours = {"Sec-WebSocket-Key", "k"};
    assert_int_equal(ws_begin(&ours), MUSTER_INVALID);
    assert_int_equal(ws_begin(&header), MUSTER_OK);
    run_loop();
    assert_string_equal(asked_with, "node 7");
    assert_int_equal(ws.status, MUSTER_CLOSED);
    assert_int_equal(ws.code, 4321);
}

static void a_websocket_to_public_addresses_alone(void **state) {
    (void)state;
    struct muster_ws_client wanted = {.size = sizeof wanted,
                                      .open = on_open,
                                      .message = on_message,
                                      .close = on_close,
                                      .flags = MUSTER_WS_PUBLIC};
    static const char *const near[] = {"localhost", "both.test", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        wanted.url = url_of("ws", near[i]);
        assert_int_equal(net_ws_connect(&wanted, NULL, &ws.client), MUSTER_OK);
        run_loop();
        assert_int_equal(ws.status, MUSTER_DENIED);
    }
    wanted.flags = 2;
    assert_int_equal(net_ws_connect(&wanted, NULL, &ws.client), MUSTER_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_address_is_tried),
        TEST(what_was_sent_is_not_sent_again),
        TEST(public_is_not_this_machine),
        TEST(a_websocket_sends_headers_and_hears_the_code),
        TEST(a_websocket_to_public_addresses_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
