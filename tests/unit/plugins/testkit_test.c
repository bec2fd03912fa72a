/* The testkit itself, with a small plugin that is linked into the test. */
#include "test.h"

#include <math.h>
#include <muster_testkit.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct probe {
    muster_self *self;
    const struct muster_host *host;
    char trace[256];
    muster_timer_id timer;
    uint64_t last_ms; /* when trace_and_post ran */
    bool leak;
};

static const struct muster_host *host; /* of the kit under test, for the callbacks */

static void trace_a(void *user) {
    strcat(((struct probe *)user)->trace, "a");
}

static void trace_b(void *user) {
    strcat(((struct probe *)user)->trace, "b");
}

static void trace_and_post(void *user) {
    struct probe *probe = user;
    strcat(probe->trace, "p");
    probe->last_ms = host->loop->now_ms(probe->self);
    assert_int_equal(host->loop->post(probe->self, trace_a, probe), MUSTER_OK);
}

static void trace_done(void *user, muster_status status) {
    strcat(((struct probe *)user)->trace, status == MUSTER_OK ? "d" : "c");
}

static void route(void *user, const struct muster_http_request *request) {
    struct probe *probe = user;
    if (request->body.len == 0) {
        host->http->problem(probe->self, request->id, 422, "empty_body", "a body is needed");
        return;
    }
    struct muster_http_header header = {"x-query", request->query};
    struct muster_http_response response = {.size = sizeof(response),
                                            .status = 201,
                                            .content_type = "text/plain",
                                            .body = request->body,
                                            .headers = &header,
                                            .header_count = 1};
    assert_int_equal(host->http->respond(probe->self, request->id, &response), MUSTER_OK);
}

static muster_status probe_init(muster_self *self, const struct muster_host *table, void **out) {
    struct probe *probe = calloc(1, sizeof(*probe));
    host = table;
    probe->self = self;
    probe->host = table;
    *out = probe;
    const struct muster_route echo = {.size = sizeof echo, .method = "POST", .path = "/v1/echo"};
    return table->http->route_add(self, &echo, route, probe, NULL);
}

static muster_status probe_start(void *instance) {
    struct probe *probe = instance;
    probe->leak = host->config->boolean(probe->self, "leak");
    return probe->leak ? host->loop->timer_start(probe->self, 5, 5, trace_a, probe, &probe->timer)
                       : MUSTER_OK;
}

static const char schema[] =
    "[{\"key\":\"leak\",\"type\":\"bool\",\"default\":false},"
    "{\"key\":\"count\",\"type\":\"int\",\"default\":3,\"min\":1,\"max\":9},"
    "{\"key\":\"names\",\"type\":\"list\",\"default\":[\"x\"],\"max\":3}]";
static const struct muster_service service = {.size = sizeof(service)};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};
static const struct muster_plugin descriptor = {.magic = MUSTER_PLUGIN_MAGIC,
                                                .abi_major = MUSTER_ABI_MAJOR,
                                                .abi_minor = MUSTER_ABI_MINOR,
                                                .size = sizeof(descriptor),
                                                .name = "service_probe",
                                                .version = "1.0.0",
                                                .description = "for this test",
                                                .roles = roles,
                                                .role_count = 1,
                                                .config_schema = schema,
                                                .init = probe_init,
                                                .start = probe_start,
                                                .fini = free};

static struct probe *probe_open(struct testkit **kit, muster_self **plugin) {
    *kit = testkit_create();
    *plugin = testkit_add(*kit, &descriptor);
    assert_non_null(*plugin);
    assert_int_equal(testkit_start(*plugin), MUSTER_OK);
    return testkit_instance(*plugin);
}

static void test_time_runs_in_order(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    muster_timer_id id;
    (void)state;
    struct probe *probe = probe_open(&kit, &plugin);
    assert_int_equal(host->loop->timer_start(plugin, 30, 0, trace_b, probe, &id), MUSTER_OK);
    assert_int_equal(host->loop->timer_start(plugin, 10, 20, trace_and_post, probe, &probe->timer),
                     MUSTER_OK);
    uint64_t begin = host->loop->now_ms(plugin);
    testkit_advance(kit, 9);
    assert_string_equal(probe->trace, "");
    testkit_advance(kit, 40);
    assert_int_equal(probe->last_ms - begin, 30); /* a timer sees its own time */
    testkit_advance(kit, 1);                      /* 10, 30 (b first: it was there before), 50 */
    assert_string_equal(probe->trace, "pabpapa");
    assert_int_equal(host->loop->now_ms(plugin) - begin, 50);
    assert_int_equal(host->loop->timer_stop(plugin, id), MUSTER_NOT_FOUND); /* ran, gone */
    assert_int_equal(host->loop->timer_stop(plugin, probe->timer), MUSTER_OK);
    assert_int_equal(testkit_timers(kit), 0);
    assert_int_equal(testkit_stop(plugin), 0);
    testkit_destroy(kit);
}

static void test_work_ends_before_the_pump_does(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    muster_work_id id;
    (void)state;
    struct probe *probe = probe_open(&kit, &plugin);
    assert_int_equal(host->loop->work(plugin, trace_a, trace_done, probe, &id), MUSTER_OK);
    testkit_pump(kit);
    assert_string_equal(probe->trace, "ad");
    assert_int_equal(host->loop->work(plugin, trace_b, trace_done, probe, &id), MUSTER_OK);
    assert_int_equal(testkit_stop(plugin), 0); /* it is told, begun or not */
    testkit_pump(kit);
    assert_int_equal(probe->trace[strlen(probe->trace) - 1], 'c');
    testkit_destroy(kit);
}

static void test_leaks_are_reported(void **state) {
    (void)state;
    struct testkit *kit = testkit_create();
    muster_self *plugin = testkit_add(kit, &descriptor);
    assert_true(testkit_config_set(plugin, "leak", "true"));
    assert_int_equal(testkit_start(plugin), MUSTER_OK);
    assert_int_equal(testkit_stop(plugin), 1);
    assert_int_equal(testkit_faults(kit), 1);
    assert_non_null(testkit_log_find(kit, "service_probe: left open after stop: 1 timer"));
    assert_int_equal(testkit_timers(kit), 0);
    testkit_destroy(kit);
}

static void test_config_is_checked(void **state) {
    (void)state;
    struct testkit *kit = testkit_create();
    muster_self *plugin = testkit_add(kit, &descriptor);
    assert_false(testkit_config_set(plugin, "count", "10"));
    assert_false(testkit_config_set(plugin, "count", "many"));
    assert_false(testkit_config_set(plugin, "cuont", "5"));
    assert_string_equal(testkit_error(kit), "cuont: unknown key");
    assert_false(testkit_config_set(plugin, "names", "a,b,c,d"));
    assert_true(testkit_config_set(plugin, "names", "a,b"));
    assert_int_equal(testkit_start(plugin), MUSTER_OK);
    assert_int_equal(host->config->integer(plugin, "count"), 3);
    assert_int_equal(host->config->list_count(plugin, "names"), 2);
    assert_string_equal(host->config->list_item(plugin, "names", 1), "b");
    assert_string_equal(host->config->list_item(plugin, "names", 2), "");
    assert_int_equal(testkit_faults(kit), 0);
    assert_int_equal(host->config->integer(plugin, "absent"), 0);
    assert_int_equal(testkit_faults(kit), 1);
    testkit_destroy(kit);
}

static void test_http_round(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    (void)state;
    probe_open(&kit, &plugin);
    struct testkit_response response = testkit_http(kit, "POST", "/v1/echo?a=1", "hello");
    assert_int_equal(response.status, 201);
    assert_string_equal(response.body, "hello");
    assert_string_equal(response.content_type, "text/plain");
    assert_string_equal(response.headers, "x-query: a=1\n");
    response = testkit_http(kit, "POST", "/v1/echo", "");
    assert_int_equal(response.status, 422);
    assert_string_equal(response.code, "empty_body");
    assert_string_equal(response.content_type, "application/problem+json");
    assert_int_equal(testkit_http(kit, "GET", "/v1/echo", NULL).status, 405);
    testkit_destroy(kit);
}

static void fetched(void *user, const struct muster_http_result *result) {
    struct probe *probe = user;
    snprintf(probe->trace, sizeof(probe->trace), "%d %u %.*s", result->status, result->http_status,
             (int)result->body.len, result->body.len ? (const char *)result->body.data : "");
}

static void test_fetch(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    muster_fetch_id id;
    (void)state;
    struct probe *probe = probe_open(&kit, &plugin);
    struct muster_http_fetch request = {
        .size = sizeof(request), .timeout_ms = 1000, .method = "GET", .url = "https://a/keys"};
    testkit_fetch_answer(kit, 200, "{}");
    assert_int_equal(host->http->fetch(plugin, &request, fetched, probe, &id), MUSTER_OK);
    testkit_pump(kit);
    assert_string_equal(probe->trace, "0 200 {}");
    assert_string_equal(testkit_fetch_last(kit), "GET https://a/keys\n");
    assert_int_equal(host->http->fetch(plugin, &request, fetched, probe, &id), MUSTER_OK);
    testkit_pump(kit);
    assert_string_equal(probe->trace, "-15 0 "); /* UNAVAILABLE */
    assert_int_equal(testkit_tickets(kit), 0);
    testkit_destroy(kit);
}

static void *from_elsewhere(void *user) {
    struct probe *probe = user;
    muster_timer_id id;
    assert_int_equal(host->loop->timer_start(probe->self, 1, 0, trace_a, probe, &id),
                     MUSTER_THREAD);
    assert_int_equal(host->loop->post(probe->self, trace_b, probe), MUSTER_OK);
    return NULL;
}

static void test_wrong_thread(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    pthread_t thread;
    (void)state;
    struct probe *probe = probe_open(&kit, &plugin);
    assert_int_equal(pthread_create(&thread, NULL, from_elsewhere, probe), 0);
    pthread_join(thread, NULL);
    testkit_pump(kit);
    assert_string_equal(probe->trace, "b");
    assert_int_equal(testkit_faults(kit), 1);
    assert_non_null(testkit_log_find(kit, "from a thread that is not the loop's"));
    testkit_destroy(kit);
}

static void readable(void *user, uint32_t events, muster_status status) {
    struct probe *probe = user;
    char byte;
    assert_int_equal(events, MUSTER_POLL_READ);
    assert_int_equal(status, MUSTER_OK);
    assert_int_equal(read((int)probe->timer.value, &byte, 1), 1);
    strcat(probe->trace, "r");
}

static void test_descriptors(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    muster_poll_id id;
    int ends[2];
    (void)state;
    struct probe *probe = probe_open(&kit, &plugin);
    assert_int_equal(pipe(ends), 0);
    probe->timer = (muster_timer_id){(uint64_t)ends[0]};
    assert_int_equal(
        host->loop->poll_start(plugin, ends[0], MUSTER_POLL_READ, readable, probe, &id), MUSTER_OK);
    testkit_pump(kit);
    assert_string_equal(probe->trace, "");
    assert_int_equal(write(ends[1], "x", 1), 1);
    testkit_pump(kit);
    assert_string_equal(probe->trace, "r");
    assert_int_equal(host->loop->poll_stop(plugin, id), MUSTER_OK);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(testkit_stop(plugin), 0);
    testkit_destroy(kit);
}

static void test_metrics_and_db(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    uint32_t metric;
    (void)state;
    probe_open(&kit, &plugin);
    assert_int_equal(
        host->metrics->add(plugin, MUSTER_METRIC_COUNTER, "muster_probe_total", "x", &metric),
        MUSTER_OK);
    host->metrics->increase(plugin, metric, 2);
    assert_true(testkit_metric(kit, "muster_probe_total") == 2);
    assert_true(isnan(testkit_metric(kit, "muster_other")));
    struct muster_db_statement statement = {.sql = "SELECT 1"};
    struct muster_db_request request = {
        .size = sizeof(request), .statement_count = 1, .statements = &statement};
    muster_query_id id;
    assert_int_equal(host->db->query(plugin, &request, NULL, NULL, &id), MUSTER_UNAVAILABLE);
    assert_int_equal(host->db->complete(plugin, (muster_db_ticket_id){99}, MUSTER_OK, NULL),
                     MUSTER_NOT_FOUND);
    assert_int_equal(testkit_faults(kit), 1);
    testkit_destroy(kit);
}

/* Who goes before anybody looked has been there. */
static void test_teams_have_met(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    struct muster_match_facts facts;
    (void)state;
    assert_non_null(probe_open(&kit, &plugin));
    const struct testkit_match_options options = {.seats_max = 4};
    muster_match_id id = testkit_match_create(kit, NULL, &options);
    assert_int_equal(testkit_match_join(kit, id, 0, MUSTER_TEAM_RED, "ann"), MUSTER_OK);
    testkit_match_facts(kit, id, &facts);
    assert_int_equal(facts.sides_met, 0);
    assert_int_equal(testkit_match_join(kit, id, 1, MUSTER_TEAM_BLUE, "bea"), MUSTER_OK);
    testkit_match_leave(kit, id, 1, MUSTER_LEAVE_QUIT);
    testkit_match_facts(kit, id, &facts);
    assert_int_equal(facts.sides_met, 1);
    assert_int_equal(facts.team_seated[MUSTER_TEAM_BLUE], 0);
    testkit_destroy(kit);
}

static muster_self *asked;
static muster_auth_ticket_id asked_ticket;
static muster_status completed[2];

static void complete_twice(void *user) {
    struct muster_identity identity = {.size = sizeof(identity), .player_key = "ann"};
    (void)user;
    for (int i = 0; i < 2; i++) {
        completed[i] = host->player->auth_complete(asked, asked_ticket,
                                                   i ? MUSTER_REJECT : MUSTER_ACCEPT, &identity);
        identity.player_key[0] = 'x';
    }
}

static muster_verdict authenticate(void *instance, const struct muster_auth_request *request,
                                   struct muster_identity *out) {
    (void)instance;
    (void)out;
    asked_ticket = request->ticket;
    assert_int_equal(host->loop->post(asked, complete_twice, NULL), MUSTER_OK);
    return MUSTER_PENDING;
}

/* The first word counts; the second is a fault. */
static void test_a_ticket_is_completed_once(void **state) {
    static const struct muster_auth auth = {.size = sizeof(auth), .authenticate = authenticate};
    static const struct muster_role auth_roles[] = {{.kind = MUSTER_ROLE_AUTH, .vtable = &auth}};
    struct testkit *kit = testkit_create();
    struct muster_plugin plugin = descriptor;
    struct muster_identity identity;
    (void)state;
    plugin.roles = auth_roles;
    plugin.role_count = 1;
    asked = testkit_add(kit, &plugin);
    assert_int_equal(testkit_start(asked), MUSTER_OK);
    assert_int_equal(testkit_authenticate(asked, "token", &identity), MUSTER_ACCEPT);
    assert_string_equal(identity.player_key, "ann");
    assert_int_equal(completed[0], MUSTER_OK);
    assert_int_equal(completed[1], MUSTER_NOT_FOUND);
    assert_int_equal(testkit_faults(kit), 1);
    testkit_destroy(kit);
}

static void test_bad_descriptors(void **state) {
    (void)state;
    struct testkit *kit = testkit_create();
    struct muster_plugin bad = descriptor;
    bad.magic = 1;
    assert_null(testkit_add(kit, &bad));
    bad = descriptor;
    bad.abi_minor = MUSTER_ABI_MINOR + 1;
    assert_null(testkit_add(kit, &bad));
    assert_non_null(strstr(testkit_error(kit), "rebuild it with the SDK"));
    bad = descriptor;
    bad.config_schema = "[{\"key\":\"a\",\"type\":\"int\",\"default\":\"text\"}]";
    assert_null(testkit_add(kit, &bad));
    bad.config_schema = "[{\"key\":\"a\",\"type\":\"int\",\"default\":1},"
                        "{\"key\":\"a\",\"type\":\"bool\",\"default\":true}]";
    assert_null(testkit_add(kit, &bad));
    assert_non_null(strstr(testkit_error(kit), "twice"));
    assert_null(testkit_load(kit, "/nonexistent.so"));
    testkit_destroy(kit);
}

/* ---- the other side of a WebSocket ----------------------------------------------------------- */

static void on_open(void *user) {
    strcat(((struct probe *)user)->trace, "open ");
}

static void on_message(void *user, uint32_t binary, struct muster_bytes data) {
    assert_int_equal(binary, 0);
    strncat(((struct probe *)user)->trace, data.data, data.len);
}

static void on_close(void *user, muster_status status, uint32_t code) {
    assert_int_equal(status, MUSTER_CLOSED);
    assert_int_equal(code, 1000);
    strcat(((struct probe *)user)->trace, "close ");
}

static void test_a_websocket_is_found_by_its_url(void **state) {
    struct muster_ws_client client = {.size = sizeof(client),
                                      .url = "http://a/x",
                                      .open = on_open,
                                      .message = on_message,
                                      .close = on_close};
    struct testkit *kit;
    muster_self *plugin;
    muster_ws_id id;
    (void)state;
    struct probe *probe = probe_open(&kit, &plugin);
    assert_int_equal(host->ws->open(plugin, &client, probe, &id), MUSTER_INVALID);
    client.url = "ws://a/x";
    assert_int_equal(host->ws->open(plugin, &client, probe, &id), MUSTER_OK);
    uint64_t ws = testkit_ws_find(kit, "//a/");
    assert_true(ws != 0 && testkit_ws_find(kit, "//b/") == 0);
    testkit_ws_open(kit, ws);
    testkit_ws_deliver(kit, ws, "hi ");
    assert_int_equal(host->ws->send(plugin, id, 0, (struct muster_bytes){"yo", 2}), MUSTER_OK);
    struct muster_bytes sent = testkit_ws_sent(kit, ws);
    assert_int_equal(sent.len, 2);
    assert_memory_equal(sent.data, "yo", 2);
    testkit_ws_drop(kit, ws);
    assert_string_equal(probe->trace, "open hi close ");
    assert_int_equal(host->ws->send(plugin, id, 0, sent), MUSTER_NOT_FOUND);
    assert_int_equal(testkit_stop(plugin), 0);
    testkit_destroy(kit);
}

/* ---- the stop -------------------------------------------------------------------------------- */

struct ends {
    uint32_t fetched, executed, worked, closed;
};

static void fetch_ends(void *user, const struct muster_http_result *result) {
    assert_int_equal(result->status, MUSTER_CLOSED);
    ((struct ends *)user)->fetched++;
}

static void execution_ends(void *user, muster_status status, const char *answer) {
    assert_int_equal(status, MUSTER_CLOSED);
    assert_string_equal(answer, "");
    ((struct ends *)user)->executed++;
}

static void work_ends(void *user, muster_status status) {
    assert_int_equal(status, MUSTER_CLOSED);
    ((struct ends *)user)->worked++;
}

static void ws_opens(void *user) {
    (void)user;
    fail();
}

static void ws_hears(void *user, uint32_t binary, struct muster_bytes data) {
    (void)user, (void)binary, (void)data;
    fail();
}

static void ws_ends(void *user, muster_status status, uint32_t code) {
    assert_int_equal(status, MUSTER_CLOSED);
    assert_int_equal(code, 0);
    ((struct ends *)user)->closed++;
}

static void work_nothing(void *user) {
    (void)user;
}

/* Cancelled or not, each is told, before fini and never again. */
static void test_what_is_open_at_the_stop_ends_once(void **state) {
    static const struct muster_ws_client client = {.size = sizeof(client),
                                                   .url = "ws://a/x",
                                                   .open = ws_opens,
                                                   .message = ws_hears,
                                                   .close = ws_ends};
    const struct muster_http_fetch request = {
        .size = sizeof(request), .timeout_ms = 1000, .method = "GET", .url = "https://a/keys"};
    (void)state;
    for (int cancels = 0; cancels < 2; cancels++) {
        struct testkit *kit;
        muster_self *plugin;
        struct ends ends = {0};
        muster_fetch_id fetch;
        muster_execution_id execution;
        muster_work_id work;
        muster_ws_id ws;
        (void)probe_open(&kit, &plugin);
        assert_int_equal(host->http->fetch(plugin, &request, fetch_ends, &ends, &fetch), 0);
        assert_int_equal(
            host->admin->execute(plugin, "a", "help", execution_ends, &ends, &execution), 0);
        assert_int_equal(host->loop->work(plugin, work_nothing, work_ends, &ends, &work), 0);
        assert_int_equal(host->ws->open(plugin, &client, &ends, &ws), 0);
        if (cancels) {
            assert_int_equal(host->http->fetch_cancel(plugin, fetch), 0);
            assert_int_equal(host->admin->execute_cancel(plugin, execution), 0);
            assert_int_equal(host->loop->work_cancel(plugin, work), 0);
        }
        assert_int_equal(host->ws->close(plugin, ws, 1000), 0);
        assert_int_equal(ends.fetched + ends.executed + ends.worked + ends.closed, 0);
        assert_int_equal(testkit_stop(plugin), 0);
        assert_int_equal(ends.fetched, 1);
        assert_int_equal(ends.executed, 1);
        assert_int_equal(ends.closed, 1);
        testkit_destroy(kit);
        assert_int_equal(ends.fetched, 1);
        assert_int_equal(ends.executed, 1);
        assert_int_equal(ends.worked, 1);
        assert_int_equal(ends.closed, 1);
    }
}

/* ---- people, lobbies, matches ---------------------------------------------------------------- */

static void test_a_lobby_is_as_it_was_put(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    (void)state;
    probe_open(&kit, &plugin);
    muster_player_id ann = testkit_player_add(kit, "ann", "Ann");
    muster_player_id bob = testkit_player_add(kit, "bob", "Bob");
    struct muster_lobby_info wanted = {.players_current = 2, .players_max = 4, .host = ann};
    muster_lobby_id id = testkit_lobby_add(kit, wanted);
    assert_null(testkit_member_add(kit, id, ann, 1, MUSTER_TEAM_RED)); /* somebody sits there */
    assert_int_equal(testkit_member_add(kit, id, ann, 2, MUSTER_TEAM_RED)->seat, 2);
    assert_true(testkit_member_add(kit, id, bob, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE)->is_spectator);
    wanted.players_max = 1;
    assert_int_equal(testkit_lobby_add(kit, wanted).value, 0);
    assert_non_null(strstr(testkit_error(kit), "1 seats, wanted with 2"));
    const struct muster_lobby_info *info = testkit_lobby(kit, id);
    assert_int_equal(info->state, MUSTER_LOBBY_WAITING);
    assert_int_equal(info->players_current, 3);
    assert_int_equal(info->spectators, 1);
    assert_int_equal(info->host.value, ann.value);
    assert_int_equal(testkit_player(kit, ann)->lobby.value, id.value);
    assert_int_equal(host->lobby->chat(plugin, id, "hello"), MUSTER_OK);
    assert_null(testkit_told_find(kit, "hello"));
    testkit_pump(kit);
    assert_non_null(testkit_told_find(kit, "ann lobby.chat"));
    assert_non_null(testkit_told_find(kit, "hello"));
    assert_string_equal(testkit_rpc(kit, ann, "no.method", "{}").code, "method_not_found");
    testkit_advance(kit, 60000); /* nothing begins or ends by itself */
    assert_int_equal(testkit_lobby(kit, id)->state, MUSTER_LOBBY_WAITING);
    testkit_player_remove(kit, ann);
    assert_null(testkit_member(kit, id, ann));
    testkit_lobby_remove(kit, id);
    assert_null(testkit_lobby(kit, id));
    assert_int_equal(testkit_faults(kit), 0);
    testkit_destroy(kit);
}

static void test_a_match_is_moved_by_the_test(void **state) {
    struct testkit *kit;
    muster_self *plugin;
    uint8_t saved[8192];
    uint32_t count = 0;
    (void)state;
    probe_open(&kit, &plugin);
    const struct testkit_match_options options = {.seats_max = 4};
    muster_match_id id = testkit_match_create(kit, NULL, &options);
    assert_int_equal(testkit_match_join(kit, id, 4, MUSTER_TEAM_RED, "ann"), MUSTER_NOT_FOUND);
    assert_int_equal(testkit_match_join(kit, id, 3, MUSTER_TEAM_RED, "ann"), MUSTER_OK);
    assert_int_equal(testkit_match_join(kit, id, 3, MUSTER_TEAM_RED, "ann"), MUSTER_EXISTS);
    assert_int_equal(host->match->event(plugin, id, "x", 1), MUSTER_STATE);
    testkit_match_steer(kit, id, true);
    assert_int_equal(host->match->event(plugin, id, "xy", 2), MUSTER_OK);
    assert_int_equal(host->match->stat_add(plugin, id, 3, MUSTER_STAT_KILLS, 2), MUSTER_OK);
    testkit_match_tick(kit, id);
    const struct testkit_event *events = testkit_match_events(kit, id, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(events[0].data, "xy", 2);
    uint32_t len = testkit_match_save(kit, id, saved, sizeof(saved));
    assert_true(len > 0);
    testkit_match_leave(kit, id, 3, MUSTER_LEAVE_QUIT);
    assert_int_equal(testkit_match_seat(kit, id, 3)->seat, MUSTER_SEAT_NONE);
    assert_int_equal(testkit_match_load(kit, id, saved, len - 1), MUSTER_INVALID);
    assert_int_equal(testkit_match_load(kit, id, saved, len), MUSTER_OK);
    assert_int_equal(testkit_match_seat(kit, id, 3)->kills, 2);
    assert_int_equal(testkit_match_tick_count(kit, id), 1);
    assert_int_equal(testkit_faults(kit), 1); /* outside of the step */
    testkit_destroy(kit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_runs_in_order),
        cmocka_unit_test(test_work_ends_before_the_pump_does),
        cmocka_unit_test(test_leaks_are_reported),
        cmocka_unit_test(test_config_is_checked),
        cmocka_unit_test(test_http_round),
        cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_wrong_thread),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_metrics_and_db),
        cmocka_unit_test(test_teams_have_met),
        cmocka_unit_test(test_a_ticket_is_completed_once),
        cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_a_websocket_is_found_by_its_url),
        cmocka_unit_test(test_what_is_open_at_the_stop_ends_once),
        cmocka_unit_test(test_a_lobby_is_as_it_was_put),
        cmocka_unit_test(test_a_match_is_moved_by_the_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
