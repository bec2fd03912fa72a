/* What a plugin serves on the public address: a WebSocket, an answer piece by piece; who pays, and
 * how each ends. */
#include "test.h"

#include <string.h>

#include "muster_testkit.h"

#define PATH "/v1/chat"
#define BURST 50

static struct {
    muster_self *self;
    const struct muster_host *host;
    uint32_t answer; /* to the next handshake */
    muster_status close_in_open;
    muster_ws_id ws;
    char from[64];
    uint32_t heard, closed;
    muster_status status;
    uint32_t code;
    muster_stream_id stream;
    uint32_t streams_closed;
    muster_status stream_status;
} plugin;

static uint32_t on_open(void *user, muster_ws_id ws, const struct muster_http_request *request) {
    (void)user;
    const char *from = plugin.host->http->header(plugin.self, request->id, "x-from");
    snprintf(plugin.from, sizeof plugin.from, "%s %s", from, request->address);
    plugin.ws = ws;
    plugin.close_in_open = plugin.host->ws->close(plugin.self, ws, 1000);
    const struct muster_bytes hello = {"hello", 5};
    assert_int_equal(plugin.host->ws->send(plugin.self, ws, 0, hello), MUSTER_OK);
    return plugin.answer;
}

static void on_message(void *user, muster_ws_id ws, uint32_t binary, struct muster_bytes data) {
    (void)user, (void)binary, (void)data;
    assert_int_equal(ws.value, plugin.ws.value);
    plugin.heard++;
}

static void on_close(void *user, muster_ws_id ws, muster_status status, uint32_t code) {
    (void)user;
    assert_int_equal(ws.value, plugin.ws.value);
    plugin.closed++;
    plugin.status = status;
    plugin.code = code;
}

static void on_stream_closed(void *user, muster_status status) {
    (void)user;
    plugin.streams_closed++;
    plugin.stream_status = status;
}

static void on_request(void *user, const struct muster_http_request *request) {
    (void)user;
    struct muster_http_response head = {.size = sizeof head, .status = 199, .body = {"a", 1}};
    const struct muster_host_http *http = plugin.host->http;
    assert_int_equal(
        http->stream_begin(plugin.self, request->id, &head, on_stream_closed, NULL, &plugin.stream),
        MUSTER_INVALID); /* and is still to be answered */
    head.status = 200;
    assert_int_equal(
        http->stream_begin(plugin.self, request->id, &head, on_stream_closed, NULL, &plugin.stream),
        MUSTER_OK);
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    const struct muster_ws_server server = {.size = sizeof server,
                                            .path = PATH,
                                            .open = on_open,
                                            .message = on_message,
                                            .close = on_close};
    const struct muster_route route = {.size = sizeof route, .method = "GET", .path = PATH};
    memset(&plugin, 0, sizeof plugin);
    plugin.self = self;
    plugin.host = host;
    *instance = &plugin;
    muster_status status = host->ws->serve(self, &server, NULL);
    return status ? status : host->http->route_add(self, &route, on_request, NULL, NULL);
}

static void fini(void *instance) {
    (void)instance;
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};
static const struct muster_plugin descriptor = {.magic = MUSTER_PLUGIN_MAGIC,
                                                .abi_major = MUSTER_ABI_MAJOR,
                                                .abi_minor = MUSTER_ABI_MINOR,
                                                .size = sizeof descriptor,
                                                .name = "service_chat",
                                                .version = "1.0.0",
                                                .description = "for this test",
                                                .roles = roles,
                                                .role_count = 1,
                                                .init = init,
                                                .fini = fini};

/* The kit's own limits are out of a test's way. */
static struct testkit *open_kit(void) {
    setenv("MUSTER_NET_STRANGER_BURST", "50", 1);
    setenv("MUSTER_NET_STRANGER_PER_SECOND", "1", 1);
    struct testkit *kit = testkit_create();
    muster_self *self = testkit_add(kit, &descriptor);
    if (!self) fail_msg("%s", testkit_error(kit));
    assert_int_equal(testkit_start(self), MUSTER_OK);
    return kit;
}

static void close_kit(struct testkit *kit) {
    assert_int_equal(testkit_stop(plugin.self), 0);
    testkit_destroy(kit);
}

static uint64_t visit(struct testkit *kit) {
    const struct muster_http_header header = {"x-from", "a page"};
    return testkit_ws_visit(kit, PATH, &header, 1, false);
}

static void a_client_is_let_in_or_not(void **state) {
    (void)state;
    static const uint32_t refusals[] = {200, 401, 429, 600};
    struct testkit *kit = open_kit();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        plugin.answer = refusals[i];
        assert_int_equal(visit(kit), 0);
        assert_int_equal(plugin.host->ws->close(plugin.self, plugin.ws, 1000), MUSTER_NOT_FOUND);
    }
    assert_int_equal(plugin.closed, 0); /* of those that were let in */
    plugin.answer = 0;
    uint64_t ws = visit(kit);
    assert_int_not_equal(ws, 0);
    assert_string_equal(plugin.from, "a page 127.0.0.1");
    assert_int_equal(plugin.close_in_open, MUSTER_STATE);
    assert_int_equal(testkit_ws_sent(kit, ws).len, 5);
    testkit_ws_deliver(kit, ws, "hi");
    assert_int_equal(plugin.heard, 1);
    testkit_ws_drop(kit, ws);
    assert_int_equal(plugin.closed, 1);
    assert_int_equal(plugin.status, MUSTER_CLOSED);
    assert_int_equal(plugin.code, 1000);
    const struct muster_bytes late = {"x", 1};
    assert_int_equal(plugin.host->ws->send(plugin.self, plugin.ws, 0, late), MUSTER_NOT_FOUND);
    close_kit(kit);
}

/* Closed by the plugin, or by its end: told once, and not within its own call. */
static void each_end_is_told_once(void **state) {
    (void)state;
    struct testkit *kit = open_kit();
    (void)visit(kit);
    assert_int_equal(plugin.host->ws->close(plugin.self, plugin.ws, 1005), MUSTER_INVALID);
    assert_int_equal(plugin.host->ws->close(plugin.self, plugin.ws, 4000), MUSTER_OK);
    assert_int_equal(plugin.closed, 0);
    testkit_pump(kit);
    assert_int_equal(plugin.closed, 1);
    (void)visit(kit);
    close_kit(kit);
    assert_int_equal(plugin.closed, 2);
    assert_int_equal(plugin.status, MUSTER_CLOSED);
}

static void messages_are_paid_for(void **state) {
    (void)state;
    struct testkit *kit = open_kit();
    uint64_t ws = visit(kit);
    for (uint32_t i = 0; i < BURST + 1; i++) testkit_ws_deliver(kit, ws, "hi");
    assert_int_equal(plugin.closed, 1);
    assert_int_equal(plugin.status, MUSTER_LIMIT);
    assert_in_range(plugin.heard, BURST / 2, BURST); /* each has its length to pay for, too */
    assert_int_equal(testkit_http(kit, "GET", PATH, NULL).status, 429);
    close_kit(kit);
    assert_int_equal(plugin.closed, 1);
}

static void pieces_are_paid_for(void **state) {
    (void)state;
    static char piece[100000];
    struct testkit *kit = open_kit();
    const struct muster_host_http *http = plugin.host->http;
    assert_int_equal(testkit_http(kit, "GET", PATH, NULL).status, 200);
    memset(piece, 'p', sizeof piece);
    for (int i = 0; i < 10; i++) /* 25 requests each */
        assert_int_equal(http->stream_send(plugin.self, plugin.stream,
                                           (struct muster_bytes){piece, sizeof piece}),
                         MUSTER_OK);
    assert_int_equal(strlen(testkit_stream(kit)), 1 + 10 * sizeof piece);
    assert_int_equal(testkit_http(kit, "GET", PATH, NULL).status, 429);
    assert_int_equal(http->stream_end(plugin.self, plugin.stream), MUSTER_OK);
    assert_int_equal(http->stream_end(plugin.self, plugin.stream), MUSTER_NOT_FOUND);
    assert_int_equal(plugin.streams_closed, 0);
    testkit_pump(kit);
    assert_int_equal(plugin.streams_closed, 1);
    assert_int_equal(plugin.stream_status, MUSTER_CLOSED);
    close_kit(kit);
}

static void a_client_that_goes_is_told(void **state) {
    (void)state;
    struct testkit *kit = open_kit();
    assert_int_equal(testkit_http(kit, "GET", PATH, NULL).status, 200);
    assert_true(testkit_stream_drop(kit));
    assert_int_equal(plugin.streams_closed, 1);
    assert_int_equal(plugin.stream_status, MUSTER_IO);
    const struct muster_bytes late = {"x", 1};
    assert_int_equal(plugin.host->http->stream_send(plugin.self, plugin.stream, late),
                     MUSTER_NOT_FOUND);
    close_kit(kit);
    assert_int_equal(plugin.streams_closed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_let_in_or_not),  cmocka_unit_test(each_end_is_told_once),
        cmocka_unit_test(messages_are_paid_for),      cmocka_unit_test(pieces_are_paid_for),
        cmocka_unit_test(a_client_that_goes_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
