/* What a plugin does wrong or leaves behind shows in its test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <muster_testkit.h>
#include <stdio.h>
#include <unistd.h>

static const struct muster_service service = {.size = sizeof(service)};

static struct testkit *kit;
static const struct muster_host *host;
static muster_self *plugin;
static int told; /* by callbacks that must not be called too often */

static muster_self *open_role(uint32_t kind, const void *vtable) {
    const struct muster_role role = {.kind = kind, .vtable = vtable};
    const struct muster_plugin descriptor = {.magic = MUSTER_PLUGIN_MAGIC,
                                             .abi_major = MUSTER_ABI_MAJOR,
                                             .abi_minor = MUSTER_ABI_MINOR,
                                             .size = sizeof(descriptor),
                                             .name = "probe",
                                             .version = "1.0.0",
                                             .description = "for this test",
                                             .roles = &role,
                                             .role_count = 1};
    muster_self *opened = testkit_add(kit, &descriptor);
    assert_non_null(opened);
    assert_int_equal(testkit_start(opened), MUSTER_OK);
    return opened;
}

static int set_up(void **state) {
    (void)state;
    kit = testkit_create();
    host = testkit_host(kit);
    plugin = open_role(MUSTER_ROLE_SERVICE, &service);
    told = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    testkit_destroy(kit);
    return 0;
}

static void tell(void *user) {
    (void)user;
    told++;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer_twice(void *user, const struct muster_http_request *request) {
    const struct muster_http_response response = {
        .size = sizeof(response), .status = 200, .body = {"first", 5}};
    (void)user;
    assert_int_equal(host->http->respond(plugin, request->id + 1, &response), MUSTER_NOT_FOUND);
    assert_int_equal(host->http->respond(plugin, request->id, &response), MUSTER_OK);
    assert_int_equal(host->http->respond(plugin, request->id, &response), MUSTER_NOT_FOUND);
    assert_int_equal(host->http->problem(plugin, request->id, 500, "late", ""), MUSTER_NOT_FOUND);
}

static void test_a_request_is_answered_once(void **state) {
    (void)state;
    assert_int_equal(host->http->route_add(plugin, "GET", "/x", 0, answer_twice, NULL, NULL),
                     MUSTER_OK);
    struct testkit_response response = testkit_http(kit, "GET", "/x", NULL);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "first");
    assert_string_equal(response.code, "");
    assert_int_equal(testkit_faults(kit), 2);
    assert_non_null(testkit_log_find(kit, "answered twice"));
}

static void answer_call(void *user, const struct muster_rpc_call *call) {
    const char *text = user;
    bool good = text[0] == '{';
    assert_int_equal(host->rpc->answer(plugin, call->id + 1, "{}"), MUSTER_NOT_FOUND);
    assert_int_equal(host->rpc->answer(plugin, call->id, text), good ? MUSTER_OK : MUSTER_INVALID);
    assert_int_equal(host->rpc->refuse(plugin, call->id, "denied", "late", NULL), MUSTER_NOT_FOUND);
}

static void test_a_client_is_answered_once_with_an_object(void **state) {
    (void)state;
    muster_player_id ann = testkit_player_add(kit, "ann", "Ann");
    assert_int_equal(host->rpc->method_add(plugin, "probe.good", answer_call, "{\"a\":1}"),
                     MUSTER_OK);
    assert_int_equal(host->rpc->method_add(plugin, "probe.list", answer_call, "[1]"), MUSTER_OK);
    assert_int_equal(host->rpc->method_add(plugin, "probe", answer_call, ""), MUSTER_INVALID);
    struct testkit_rpc answer = testkit_rpc(kit, ann, "probe.good", "{}");
    assert_string_equal(answer.text, "{\"a\":1}");
    assert_string_equal(answer.code, "");
    assert_int_equal(testkit_faults(kit), 2); /* of an id that nobody has, and late */
    (void)testkit_rpc(kit, ann, "probe.list", "{}");
    assert_int_equal(testkit_faults(kit), 5);
    assert_non_null(testkit_log_find(kit, "an answer is no JSON object"));
}

/* ---- what is left behind --------------------------------------------------------------------- */

static void fetched(void *user, const struct muster_http_result *result) {
    (void)user;
    (void)result;
    told++;
}

static void test_what_waits_ends_with_its_plugin(void **state) {
    const struct muster_http_fetch request = {
        .size = sizeof(request), .timeout_ms = 1000, .method = "GET", .url = "https://a/"};
    (void)state;
    testkit_fetch_answer(kit, 200, "{}");
    assert_int_equal(host->http->fetch(plugin, &request, fetched, NULL, NULL), MUSTER_OK);
    assert_int_equal(host->loop->post(plugin, tell, NULL), MUSTER_OK);
    assert_int_equal(testkit_tickets(kit), 1);
    assert_int_equal(testkit_stop(plugin), 1); /* the fetch; a post is nothing to be closed */
    assert_non_null(testkit_log_find(kit, "leak: a fetch"));
    assert_int_equal(testkit_faults(kit), 1);
    assert_int_equal(testkit_tickets(kit), 0);
    testkit_pump(kit);
    assert_int_equal(told, 0);
    assert_int_equal(host->http->fetch(plugin, &request, fetched, NULL, NULL), MUSTER_STATE);
}

static muster_status submit(void *instance, muster_ticket_id id,
                            const struct muster_db_request *request) {
    (void)instance;
    (void)id;
    (void)request;
    return MUSTER_FULL;
}

static muster_status migrate(void *instance, muster_ticket_id id, const char *component,
                             const char *const *steps, uint32_t step_count) {
    (void)instance;
    (void)id;
    (void)component;
    (void)steps;
    (void)step_count;
    return MUSTER_FULL;
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user, (void)status, (void)rows;
    told++;
}

static void test_a_database_that_is_gone_is_asked_no_more(void **state) {
    static const struct muster_database database = {
        .size = sizeof(database), .submit = submit, .migrate = migrate};
    struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof(request), .statement_count = 1, .statements = &statement};
    muster_ticket_id id = 99;
    (void)state;
    muster_self *db = open_role(MUSTER_ROLE_DATABASE, &database);
    testkit_db_use(kit, db);
    assert_int_equal(host->db->query(plugin, &request, on_rows, NULL, &id), MUSTER_FULL);
    assert_int_equal(id, 0);
    assert_int_equal(testkit_tickets(kit), 0); /* refused: there is nothing to answer */
    assert_int_equal(testkit_stop(db), 0);
    assert_int_equal(host->db->query(plugin, &request, on_rows, NULL, &id), MUSTER_UNAVAILABLE);
    testkit_unload(db);
    assert_int_equal(host->db->query(plugin, &request, on_rows, NULL, &id), MUSTER_UNAVAILABLE);
    assert_int_equal(told, 0);
}

/* ---- what is not taken ----------------------------------------------------------------------- */

static void test_metrics_are_the_projects(void **state) {
    uint32_t id = 0;
    (void)state;
    const struct muster_host_metrics *metrics = host->metrics;
    assert_int_equal(metrics->add(plugin, MUSTER_METRIC_GAUGE, "mine", "x", &id), MUSTER_INVALID);
    assert_int_equal(metrics->add(plugin, 9, "muster_a", "x", &id), MUSTER_INVALID);
    assert_true(isnan(testkit_metric(kit, "mine")));
    assert_int_equal(metrics->add(plugin, MUSTER_METRIC_GAUGE, "muster_a", "x", &id), MUSTER_OK);
    assert_int_equal(metrics->add(plugin, MUSTER_METRIC_GAUGE, "muster_a", "x", &id),
                     MUSTER_EXISTS);
    metrics->set(plugin, id, 3);
    metrics->increase(plugin, id, -1);
    assert_true(testkit_metric(kit, "muster_a") == 2);
}

static void test_scores_are_of_teams(void **state) {
    (void)state;
    const struct testkit_match_options options = {.seats_max = 4};
    muster_match_id id = testkit_match_create(kit, NULL, &options);
    const struct muster_host_match *match = host->match;
    testkit_match_steer(kit, id, true);
    assert_int_equal(match->team_score_add(plugin, id, MUSTER_TEAM_NONE, 1), MUSTER_OK);
    assert_int_equal(match->team_score_add(plugin, id, MUSTER_TEAM_COUNT, 1), MUSTER_INVALID);
    assert_int_equal(match->team_score(plugin, id, MUSTER_TEAM_NONE), 1);
    assert_int_equal(match->team_score_add(plugin, id, MUSTER_TEAM_BLUE, INT32_MAX), MUSTER_OK);
    assert_int_equal(match->team_score_add(plugin, id, MUSTER_TEAM_BLUE, 1), MUSTER_OK);
    assert_int_equal(match->team_score(plugin, id, MUSTER_TEAM_BLUE), INT32_MAX);
    assert_int_equal(match->team_score(plugin, id, MUSTER_TEAM_RED), 0);
    assert_int_equal(match->team_score(plugin, 0, MUSTER_TEAM_BLUE), 0);
    testkit_match_steer(kit, id, false);
    assert_int_equal(match->team_score_add(plugin, id, MUSTER_TEAM_RED, 1), MUSTER_STATE);
    assert_int_equal(testkit_faults(kit), 1); /* outside of the step */
}

/* A plugin of an older host.h, or a newer one, gets what its struct holds, and keeps its size. */
static void test_structs_keep_their_size(void **state) {
    struct {
        struct muster_player_info info;
        uint8_t newer[16];
    } wide;
    const uint32_t older = offsetof(struct muster_player_info, ping_ms);
    (void)state;
    muster_player_id ann = testkit_player_add(kit, "ann", "Ann");
    for (int i = 0; i < 2; i++) {
        memset(&wide, 0xa5, sizeof(wide));
        wide.info.size = i ? (uint32_t)sizeof(wide) : older;
        assert_int_equal(host->player->get(plugin, ann, &wide.info), MUSTER_OK);
        assert_int_equal(wide.info.size, i ? (uint32_t)sizeof(wide) : older);
        assert_int_equal(wide.info.player, ann);
        assert_int_equal(wide.info.ping_ms, i ? 0 : 0xa5a5a5a5);
        for (size_t at = 0; at < sizeof(wide.newer); at++) assert_int_equal(wide.newer[at], 0xa5);
    }
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void on_event(void *user, uint32_t events, muster_status status) {
    *(uint32_t *)user = events;
    assert_int_equal(status, MUSTER_OK);
}

static void test_a_descriptor_tells_what_was_asked(void **state) {
    muster_poll_id id;
    uint32_t seen = 0;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(
        host->loop->poll_start(plugin, ends[1], MUSTER_POLL_WRITE, on_event, &seen, &id),
        MUSTER_OK);
    testkit_pump(kit);
    assert_int_equal(seen, MUSTER_POLL_WRITE);
    assert_int_equal(host->loop->poll_stop(plugin, id), MUSTER_OK);
    assert_int_equal(
        host->loop->poll_start(plugin, ends[0], MUSTER_POLL_READ, on_event, &seen, &id), MUSTER_OK);
    close(ends[1]); /* the other end's going is told, too */
    testkit_pump(kit);
    assert_int_equal(seen, MUSTER_POLL_READ);
    assert_int_equal(host->loop->poll_stop(plugin, id), MUSTER_OK);
    close(ends[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_request_is_answered_once),
        TEST(test_a_client_is_answered_once_with_an_object),
        TEST(test_what_waits_ends_with_its_plugin),
        TEST(test_a_database_that_is_gone_is_asked_no_more),
        TEST(test_metrics_are_the_projects),
        TEST(test_scores_are_of_teams),
        TEST(test_structs_keep_their_size),
        TEST(test_a_descriptor_tells_what_was_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
