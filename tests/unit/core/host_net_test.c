/* What plugins have of the clients for WebSocket and HTTP: handles that end when they say so. */
#include "net_rig.h"

#include "host.h"
#include "plugin.h"

static struct {
    int opened;
    int closed;
    muster_status close_status;
    char text[64];
} ws;

static struct muster_self owner, neighbour;
static muster_ws_id socket_id;
static uint32_t fetched;
static muster_status fetch_status;
static bool is_running; /* the loop */

/* ---- The server ---- */

static void on_request(const struct net_http_request *request) {
    rig_respond(request->request.id, 200, NULL, 0);
}

static const struct net_handlers handlers = {.ws_text = rig_echo_text, .http_request = on_request};

static int setup(void **state) {
    struct muster_self *const plugins[] = {&owner, &neighbour};
    (void)state;
    for (int i = 0; i < 2; i++) {
        *plugins[i] = (struct muster_self){.phase = PLUGIN_STARTED, .instance_name = "plugin"};
        plugins[i]->resources.next = plugins[i]->resources.prev = &plugins[i]->resources;
    }
    return rig_start(&handlers) || host_init() ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    host_deinit();
    return rig_stop();
}

static void run_loop(void) {
    struct loop_timer *late = loop_timer_start(rig_wait_ms, 0, rig_on_late, NULL);
    is_running = true;
    loop_run();
    is_running = false;
    loop_timer_stop(late);
}

static const char *url_of(const char *scheme) {
    static char url[256];
    snprintf(url, sizeof url, "%s://localhost:%u/ws", scheme, net_port());
    return url;
}

static bool has_nothing(const struct muster_self *self) {
    return self->resources.next == &self->resources;
}

/* ---- WebSocket ---- */

static void on_own_open(void *user) {
    const struct muster_host_ws *host = host_table()->ws;
    (void)user;
    ws.opened++;
    assert_int_equal(plugin_depth(), 1);
    assert_int_equal(host->send(&neighbour, socket_id, 0, (struct muster_bytes){"x", 1}),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->close(&neighbour, socket_id, 1000), MUSTER_NOT_FOUND);
    assert_int_equal(host->send(&owner, socket_id, 0, (struct muster_bytes){"hello", 5}),
                     MUSTER_OK);
}

static void on_own_message(void *user, uint32_t binary, struct muster_bytes data) {
    assert_false(binary);
    snprintf(ws.text, sizeof ws.text, "%.*s", (int)data.len, (const char *)data.data);
    if (user)
        assert_int_equal(
            host_table()->ws->send(&owner, socket_id, 0, (struct muster_bytes){"bye", 3}),
            MUSTER_OK);
    else
        loop_stop();
}

/* The handle is gone before its end is told. */
static void on_own_close(void *user, muster_status status, uint32_t code) {
    (void)user, (void)code;
    ws.closed++;
    ws.close_status = status;
    assert_true(has_nothing(&owner));
    assert_int_equal(host_table()->ws->close(&owner, socket_id, 1000), MUSTER_NOT_FOUND);
    loop_stop();
}

static struct muster_ws_client own_client(const char *url) {
    return (struct muster_ws_client){.size = sizeof(struct muster_ws_client),
                                     .url = url,
                                     .subprotocol = "muster.v1",
                                     .open = on_own_open,
                                     .message = on_own_message,
                                     .close = on_own_close};
}

/* user null: closed by the plugin itself, when it has heard something. */
static void own_talk(void *user) {
    const struct muster_ws_client client = own_client(url_of("ws"));
    memset(&ws, 0, sizeof ws);
    assert_int_equal(host_table()->ws->open(&owner, &client, user, &socket_id), MUSTER_OK);
    assert_false(has_nothing(&owner));
    run_loop();
    assert_int_equal(ws.opened, 1);
    assert_string_equal(ws.text, "hello");
}

static void a_plugins_websocket_ends_with_its_handle(void **state) {
    (void)state;
    const struct muster_host_ws *host = host_table()->ws;
    own_talk(&ws);
    assert_int_equal(ws.closed, 1);
    assert_int_equal(ws.close_status, MUSTER_CLOSED);
    own_talk(NULL);
    assert_int_equal(ws.closed, 0);
    assert_int_equal(host->close(&owner, socket_id, 1000), MUSTER_OK);
    assert_true(has_nothing(&owner));
    assert_int_equal(ws.closed, 0); /* not inside its own call */
    run_loop();
    assert_int_equal(ws.closed, 1);
    assert_int_equal(ws.close_status, MUSTER_CLOSED);
    assert_int_equal(host->close(&owner, socket_id, 1000), MUSTER_NOT_FOUND);
    assert_int_equal(host->send(&owner, socket_id, 0, (struct muster_bytes){"x", 1}),
                     MUSTER_NOT_FOUND);
    struct muster_ws_client part = own_client("ws://localhost/");
    part.message = NULL;
    assert_int_equal(host->open(&owner, &part, NULL, &socket_id), MUSTER_INVALID);
    const struct muster_ws_client other = own_client("http://localhost/");
    assert_int_equal(host->open(&owner, &other, NULL, &socket_id), MUSTER_INVALID);
    owner.phase = PLUGIN_STOPPED;
    const struct muster_ws_client late = own_client("ws://localhost/");
    assert_int_equal(host->open(&owner, &late, NULL, &socket_id), MUSTER_STATE);
    assert_true(has_nothing(&owner));
}

/* ---- HTTP ---- */

static void on_own_fetched(void *user, const struct muster_http_result *result) {
    assert_true(has_nothing(user));
    assert_int_equal(plugin_depth(), 1);
    assert_int_equal(result->http_status, result->status ? 0 : 200);
    fetch_status = result->status;
    fetched++;
    if (is_running) loop_stop();
}

static void a_plugins_fetch_is_told_once(void **state) {
    (void)state;
    struct muster_http_fetch request = {
        .size = sizeof request, .method = "GET", .url = url_of("http"), .timeout_ms = 5000};
    const struct muster_host_http *host = host_table()->http;
    muster_fetch_id id;
    fetched = 0;
    assert_int_equal(host->fetch(&owner, &request, on_own_fetched, &owner, NULL), MUSTER_OK);
    run_loop();
    assert_int_equal(fetched, 1);
    assert_int_equal(host->fetch(&owner, &request, on_own_fetched, &owner, NULL), MUSTER_OK);
    assert_int_equal(fetch_status, MUSTER_OK);
    owner.resources.next->kind->close(owner.resources.next); /* its plugin stops */
    assert_true(has_nothing(&owner));
    assert_int_equal(fetched, 2);
    assert_int_equal(fetch_status, MUSTER_CLOSED);
    assert_int_equal(host->fetch(&owner, &request, on_own_fetched, &owner, &id), MUSTER_OK);
    assert_int_equal(host->fetch_cancel(&neighbour, id), MUSTER_NOT_FOUND);
    assert_int_equal(host->fetch_cancel(&owner, id), MUSTER_OK);
    assert_int_equal(host->fetch_cancel(&owner, id), MUSTER_NOT_FOUND);
    assert_int_equal(fetched, 2); /* not inside its own call */
    fetch_status = MUSTER_OK;
    run_loop();
    assert_int_equal(fetched, 3);
    assert_int_equal(fetch_status, MUSTER_CLOSED);
    assert_int_equal(host->fetch(&neighbour, &request, on_own_fetched, &neighbour, NULL),
                     MUSTER_OK);
    run_loop();
    assert_int_equal(fetched, 4);
    assert_int_equal(fetch_status, MUSTER_OK);
    assert_int_equal(host->fetch(&owner, &request, NULL, NULL, NULL), MUSTER_INVALID);
    request.timeout_ms = 0;
    assert_int_equal(host->fetch(&owner, &request, on_own_fetched, &owner, NULL), MUSTER_INVALID);
    assert_true(has_nothing(&owner));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plugins_websocket_ends_with_its_handle, setup, teardown),
        cmocka_unit_test_setup_teardown(a_plugins_fetch_is_told_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
