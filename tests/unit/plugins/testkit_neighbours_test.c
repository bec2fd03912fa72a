/* Two plugins in one testkit: what one has, and what the test does with it, is none of the other's;
 * and what was there before does not stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster_testkit.h>
#include <stdio.h>
#include <unistd.h>

static const struct muster_service service = {.size = sizeof(service)};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};

static struct testkit *kit;
static const struct muster_host *host;
static muster_self *one, *other;
static char trace[256]; /* what the callbacks were told */

static muster_self *plugin_open(const char *name) {
    const struct muster_plugin descriptor = {.magic = MUSTER_PLUGIN_MAGIC,
                                             .abi_major = MUSTER_ABI_MAJOR,
                                             .abi_minor = MUSTER_ABI_MINOR,
                                             .size = sizeof(descriptor),
                                             .name = name,
                                             .version = "1.0.0",
                                             .description = "for this test",
                                             .roles = roles,
                                             .role_count = 1};
    muster_self *plugin = testkit_add(kit, &descriptor);
    assert_non_null(plugin);
    assert_int_equal(testkit_start(plugin), MUSTER_OK);
    return plugin;
}

static int set_up(void **state) {
    (void)state;
    kit = testkit_create();
    host = testkit_host(kit);
    one = plugin_open("service_one");
    other = plugin_open("service_other");
    trace[0] = '\0';
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    testkit_destroy(kit);
    return 0;
}

static void told(const char *text) {
    strncat(trace, text, sizeof(trace) - strlen(trace) - 1);
}

static void assert_told(const char *text) {
    assert_string_equal(trace, text);
    trace[0] = '\0';
}

static void nothing(void *user) {
    (void)user;
}

static void on_readable(void *user, uint32_t events, muster_status status) {
    (void)user, (void)events, (void)status;
}

/* ---- routes ---------------------------------------------------------------------------------- */

static void answer(void *user, const struct muster_http_request *request) {
    const char *text = user;
    const struct muster_http_response response = {.size = sizeof(response),
                                                  .status = 200,
                                                  .content_type = "text/plain",
                                                  .body = {text, strlen(text)}};
    assert_int_equal(host->http->respond(one, request->id, &response), MUSTER_OK);
}

static void refuse(void *user, const struct muster_http_request *request) {
    const struct muster_http_header header = {"x-left", "behind"};
    const struct muster_http_response response = {
        .size = sizeof(response), .status = 200, .headers = &header, .header_count = 1};
    if (request->query[0])
        assert_int_equal(host->http->respond(user, request->id, &response), MUSTER_OK);
    else
        assert_int_equal(host->http->problem(user, request->id, 409, "taken", "it is taken"),
                         MUSTER_OK);
}

static muster_route_id route_open(const char *method, const char *path, uint32_t flags,
                                  char *text) {
    muster_route_id id = 0;
    assert_int_equal(host->http->route_add(one, method, path, flags, answer, text, &id), MUSTER_OK);
    return id;
}

static void assert_answer(const char *method, const char *path, const char *text) {
    struct testkit_response response = testkit_http(kit, method, path, NULL);
    assert_string_equal(response.body, text);
    assert_int_equal(response.status, text[0] ? 200 : 404);
}

/* An exact path before a prefix, a longer prefix before a shorter, whole parts of the path only. */
static void test_the_route_that_fits_best_answers(void **state) {
    (void)state;
    route_open("GET", "/", MUSTER_ROUTE_PREFIX, "root");
    route_open("GET", "/maps", MUSTER_ROUTE_PREFIX, "maps");
    route_open("GET", "/maps/old", MUSTER_ROUTE_PREFIX, "old");
    route_open("GET", "/maps/old/one", 0, "one");
    muster_route_id put = route_open("PUT", "/maps/old", MUSTER_ROUTE_PREFIX, "put");
    assert_answer("GET", "/maps/old/one", "one");
    assert_answer("GET", "/maps/old/two", "old");
    assert_answer("GET", "/maps/old", "old");
    assert_answer("GET", "/maps/older", "maps");
    assert_answer("GET", "/mapsx", "root");
    assert_answer("PUT", "/maps/old/two", "put");
    assert_answer("PUT", "/maps", "");
    assert_int_equal(host->http->route_remove(other, put), MUSTER_NOT_FOUND);
    assert_answer("PUT", "/maps/old/two", "put");
    testkit_unload(one);
    assert_answer("GET", "/maps/old/one", "");
}

/* Nothing of the answer before is in the next. */
static void test_each_request_has_an_answer_of_its_own(void **state) {
    muster_route_id id;
    (void)state;
    assert_int_equal(host->http->route_add(one, "GET", "/refuses", 0, refuse, one, &id), MUSTER_OK);
    struct testkit_response response = testkit_http(kit, "GET", "/refuses", NULL);
    assert_string_equal(response.code, "taken");
    response = testkit_http(kit, "GET", "/refuses?no", NULL);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.code, "");
    assert_string_equal(response.content_type, "");
    assert_int_equal(response.body_len, 0);
    assert_string_equal(response.body, "");
    assert_string_equal(response.headers, "x-left: behind\n");
    response = testkit_http(kit, "GET", "/refuses", NULL);
    response = testkit_http(kit, "GET", "/nowhere", NULL);
    assert_int_equal(response.status, 404);
    assert_string_equal(response.code, "");
    assert_string_equal(response.content_type, "");
    assert_int_equal(response.body_len, 0);
    assert_string_equal(response.headers, "");
}

/* ---- sockets --------------------------------------------------------------------------------- */

static void on_packet(void *user, const struct muster_udp_packet *packet) {
    (void)user;
    told("packet ");
    strncat(trace, packet->data.data, packet->data.len);
    assert_int_equal(host->net->udp_send(one, *(muster_socket_id *)user, packet->from,
                                         packet->from_len, packet->data),
                     MUSTER_OK);
}

static void on_open(void *user, muster_socket_id conn, const char *address) {
    (void)conn;
    assert_string_equal(user, "tcp");
    assert_string_equal(address, "127.0.0.1");
    told("open ");
}

static void on_data(void *user, muster_socket_id conn, struct muster_bytes data) {
    assert_string_equal(user, "tcp");
    assert_int_equal(host->net->tcp_send(one, conn, data), MUSTER_OK);
    told("data ");
}

static void on_close(void *user, muster_socket_id conn) {
    (void)conn;
    assert_string_equal(user, "tcp");
    told("close ");
}

static const struct muster_tcp_handler tcp = {
    .size = sizeof(tcp), .open = on_open, .data = on_data, .close = on_close};

static void assert_sent(muster_socket_id id, const char *text) {
    struct muster_bytes sent = testkit_socket_sent(kit, id);
    assert_int_equal(sent.len, strlen(text));
    if (sent.len) assert_memory_equal(sent.data, text, sent.len);
}

static void test_packets_go_to_their_port(void **state) {
    muster_socket_id first, second;
    (void)state;
    assert_int_equal(host->net->udp_open(one, "::", 7000, on_packet, &first, &first), MUSTER_OK);
    assert_int_equal(host->net->udp_open(one, "::", 7001, on_packet, &second, &second), MUSTER_OK);
    assert_int_equal(testkit_socket_find(kit, 7001), second);
    assert_int_equal(testkit_socket_find(kit, 7002), 0);
    testkit_udp_deliver(kit, second, "ping", 4);
    assert_told("packet ping");
    assert_sent(first, "");
    assert_sent(second, "ping");
    assert_sent(second, ""); /* read once */
    assert_int_equal(host->net->close(one, second), MUSTER_OK);
    testkit_udp_deliver(kit, second, "ping", 4);
    assert_told("");
    assert_int_equal(testkit_stop(one), 1); /* the first is left open */
    assert_non_null(testkit_log_find(kit, "leak: a UDP socket"));
    assert_int_equal(testkit_socket_find(kit, 7000), 0);
}

static void test_connections_end_once(void **state) {
    muster_socket_id listener;
    (void)state;
    assert_int_equal(host->net->tcp_listen(one, "::", 7000, &tcp, "tcp", &listener), MUSTER_OK);
    muster_socket_id near = testkit_tcp_connect(kit, listener);
    muster_socket_id far = testkit_tcp_connect(kit, listener);
    assert_told("open open ");
    testkit_tcp_deliver(kit, near, "ab", 2);
    testkit_tcp_deliver(kit, near, "c", 1);
    assert_told("data data ");
    assert_sent(far, "");
    assert_sent(near, "abc");
    testkit_socket_drop(kit, near);
    testkit_socket_drop(kit, near);
    testkit_tcp_deliver(kit, near, "d", 1);
    assert_told("close ");
    assert_int_equal(host->net->tcp_send(one, near, (struct muster_bytes){"x", 1}),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->net->close(one, listener), MUSTER_OK); /* its connections go on */
    assert_int_equal(testkit_tcp_connect(kit, listener), 0);
    testkit_tcp_deliver(kit, far, "e", 1);
    assert_told("data ");
    assert_int_equal(host->net->close(one, far), MUSTER_OK);
    assert_told(""); /* who closes knows */
    assert_int_equal(testkit_stop(one), 0);
}

static void on_ws_open(void *user) {
    assert_string_equal(user, "ws");
    told("open ");
}

static void on_ws_message(void *user, uint32_t binary, struct muster_bytes data) {
    (void)user;
    assert_int_equal(binary, 0);
    strncat(trace, data.data, data.len);
}

static void on_ws_close(void *user, muster_status status) {
    (void)user;
    assert_int_equal(status, MUSTER_CLOSED);
    told("close ");
}

static void test_a_websocket_is_found_by_its_url(void **state) {
    static const struct muster_ws_handler handler = {.size = sizeof(handler),
                                                     .open = on_ws_open,
                                                     .message = on_ws_message,
                                                     .close = on_ws_close};
    muster_socket_id first, second;
    (void)state;
    assert_int_equal(host->ws->open(one, "ws://a/x", "", &handler, "ws", &first), MUSTER_OK);
    assert_int_equal(host->ws->open(one, "ws://b/x", "", &handler, "ws", &second), MUSTER_OK);
    assert_int_equal(testkit_ws_find(kit, "//b/"), second);
    assert_int_equal(testkit_ws_find(kit, "//c/"), 0);
    testkit_ws_open(kit, second);
    testkit_ws_deliver(kit, second, "hi ");
    assert_told("open hi ");
    assert_int_equal(host->ws->send(one, second, 0, (struct muster_bytes){"yo", 2}), MUSTER_OK);
    assert_sent(first, "");
    assert_sent(second, "yo");
    testkit_socket_drop(kit, second);
    testkit_socket_drop(kit, second);
    assert_told("close ");
    testkit_socket_drop(kit, first); /* before it was open */
    assert_told("close ");
    assert_int_equal(testkit_ws_find(kit, "ws:"), 0);
}

/* ---- what belongs to another ----------------------------------------------------------------- */

static void test_a_plugin_touches_its_own_alone(void **state) {
    muster_socket_id udp, listener;
    muster_timer_id timer;
    muster_poll_id poll;
    uint32_t metric;
    int ends[2];
    const struct muster_bytes data = {"x", 1};
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(host->net->udp_open(one, "::", 7000, on_packet, &udp, &udp), MUSTER_OK);
    assert_int_equal(host->net->tcp_listen(one, "::", 7001, &tcp, "tcp", &listener), MUSTER_OK);
    muster_socket_id conn = testkit_tcp_connect(kit, listener);
    assert_int_equal(host->loop->timer_start(one, 5, 5, nothing, NULL, &timer), MUSTER_OK);
    assert_int_equal(
        host->loop->poll_start(one, ends[0], MUSTER_POLL_READ, on_readable, NULL, &poll),
        MUSTER_OK);
    assert_int_equal(host->metrics->add(one, MUSTER_METRIC_GAUGE, "muster_mine", "x", &metric),
                     MUSTER_OK);
    assert_int_equal(host->net->close(other, udp), MUSTER_NOT_FOUND);
    assert_int_equal(host->net->close(other, conn), MUSTER_NOT_FOUND);
    assert_int_equal(host->ws->close(other, listener), MUSTER_NOT_FOUND);
    assert_int_equal(host->net->tcp_send(other, conn, data), MUSTER_NOT_FOUND);
    assert_int_equal(host->net->udp_send(other, udp, "to", 2, data), MUSTER_NOT_FOUND);
    assert_int_equal(host->net->tcp_send(one, udp, data), MUSTER_NOT_FOUND); /* of another kind */
    assert_int_equal(host->loop->timer_stop(other, timer), MUSTER_NOT_FOUND);
    assert_int_equal(host->loop->poll_stop(other, poll), MUSTER_NOT_FOUND);
    host->metrics->set(other, metric, 7);
    host->metrics->increase(other, metric, 7);
    assert_int_equal(testkit_faults(kit), 2);
    assert_true(testkit_metric(kit, "muster_mine") == 0);
    assert_sent(udp, "");
    assert_sent(conn, "");
    assert_int_equal(testkit_stop(other), 0); /* and what goes with it is its own */
    testkit_unload(other);
    assert_int_equal(testkit_timers(kit), 1);
    assert_true(testkit_metric(kit, "muster_mine") == 0);
    assert_int_equal(testkit_socket_find(kit, 7000), udp);
    assert_int_equal(testkit_stop(one), 5); /* three sockets, timer, watch */
    close(ends[0]);
    close(ends[1]);
}

/* ---- notices, commands ----------------------------------------------------------------------- */

static void on_notice(void *user, const struct muster_notice *notice) {
    char text[32];
    snprintf(text, sizeof(text), "%s %u ", (const char *)user, notice->value);
    told(text);
}

static void say(uint32_t kind) {
    const struct muster_notice notice = {.size = sizeof(notice), .kind = kind, .value = kind};
    testkit_notice(kit, &notice);
}

static void test_notices_reach_who_asked_for_them(void **state) {
    (void)state;
    const uint32_t last = MUSTER_NOTICE_END - 1;
    assert_int_equal(
        host->events->subscribe(one, UINT64_C(1) << 1 | UINT64_C(1) << last, on_notice, "one"),
        MUSTER_OK);
    assert_int_equal(host->events->subscribe(other, UINT64_C(1) << 2, on_notice, "other"),
                     MUSTER_OK);
    say(1);
    assert_told("one 1 ");
    say(2);
    assert_told("other 2 ");
    say(3);
    assert_told("");
    say(last);
    assert_told("one 14 ");
    testkit_unload(one);
    say(1);
    say(2);
    assert_told("other 2 ");
}

static void on_command(void *user, const char *arguments, struct muster_writer *out) {
    muster_put_bytes(out, user, (uint32_t)strlen(user));
    muster_put_bytes(out, arguments, (uint32_t)strlen(arguments));
}

static void test_commands_go_by_their_whole_name(void **state) {
    (void)state;
    assert_int_equal(host->admin->command_add(one, "map", "x", on_command, "map:"), MUSTER_OK);
    assert_int_equal(host->admin->command_add(other, "map", "x", on_command, "no"), MUSTER_EXISTS);
    assert_int_equal(host->admin->command_add(other, "maps", "x", on_command, "maps:"), MUSTER_OK);
    assert_string_equal(testkit_command(kit, "map a b"), "map:a b");
    assert_string_equal(testkit_command(kit, "maps"), "maps:");
    assert_string_equal(testkit_command(kit, "ma"), "");
    testkit_unload(one);
    assert_string_equal(testkit_command(kit, "map"), "");
    assert_string_equal(testkit_command(kit, "maps b"), "maps:b");
}

/* ---- members --------------------------------------------------------------------------------- */

static void on_call(void *user, const struct muster_rpc_call *call) {
    char text[64];
    (void)user;
    snprintf(text, sizeof(text), "{\"lobby\":%llu}", (unsigned long long)call->lobby);
    assert_int_equal(host->rpc->answer(one, call->id, text), MUSTER_OK);
}

static muster_lobby_id lobby_called(muster_player_id player) {
    unsigned long long lobby = 99;
    struct testkit_rpc answered = testkit_rpc(kit, player, "probe.where", "{}");
    assert_int_equal(sscanf(answered.text, "{\"lobby\":%llu}", &lobby), 1);
    return lobby;
}

static void assert_in_none(muster_player_id player) {
    struct muster_player_info info = {.size = sizeof(info)};
    assert_int_equal(host->player->get(one, player, &info), MUSTER_OK);
    assert_int_equal(info.lobby, 0);
    assert_int_equal(info.seat, MUSTER_SEAT_NONE);
    assert_int_equal(lobby_called(player), 0);
}

/* Who is out of a lobby, by leaving or with it, sits nowhere; the others stay as they are. */
static void test_who_leaves_a_lobby_is_in_none(void **state) {
    static const char *const names[] = {"ann", "bea", "cid"};
    muster_player_id players[3];
    struct muster_member_info info = {.size = sizeof(info)};
    uint32_t index = 0;
    (void)state;
    assert_int_equal(host->rpc->method_add(one, "probe.where", on_call, NULL), MUSTER_OK);
    muster_lobby_id lobby = testkit_lobby_add(kit, (struct muster_lobby_info){0});
    for (uint32_t i = 0; i < 3; i++) {
        players[i] = testkit_player_add(kit, names[i], names[i]);
        assert_in_none(players[i]);
        assert_non_null(testkit_member_add(kit, lobby, players[i], i, MUSTER_TEAM_RED));
        assert_int_equal(lobby_called(players[i]), lobby);
    }
    testkit_member_remove(kit, lobby, players[0]);
    assert_in_none(players[0]);
    assert_null(testkit_member(kit, lobby, players[0]));
    for (uint32_t i = 1; i < 3; i++) {
        assert_int_equal(host->lobby->member_next(one, lobby, &index, &info), MUSTER_OK);
        assert_int_equal(info.player, players[i]);
        assert_int_equal(info.seat, i);
        assert_int_equal(testkit_player(kit, players[i])->seat, i);
        assert_int_equal(lobby_called(players[i]), lobby);
    }
    assert_int_equal(host->lobby->member_next(one, lobby, &index, &info), MUSTER_NOT_FOUND);
    testkit_lobby_remove(kit, lobby);
    assert_null(testkit_lobby(kit, lobby));
    for (uint32_t i = 0; i < 3; i++) assert_in_none(players[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_route_that_fits_best_answers),
        TEST(test_each_request_has_an_answer_of_its_own),
        TEST(test_packets_go_to_their_port),
        TEST(test_connections_end_once),
        TEST(test_a_websocket_is_found_by_its_url),
        TEST(test_a_plugin_touches_its_own_alone),
        TEST(test_notices_reach_who_asked_for_them),
        TEST(test_commands_go_by_their_whole_name),
        TEST(test_who_leaves_a_lobby_is_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
