/* http: routes, refusals, deadlines, the login limit, query parameters; over real sockets. */
#include "net_rig.h"
#include "registration.h"

#include "http.h"
#include "query.h"

static const int owner_a = 1;
static const int owner_b = 2;
static int guard_depth;
static int guard_calls;

static bool refuse_ws(const char *address) {
    (void)address;
    return false;
}

static const struct net_handlers handlers = {
    .ws_admit = refuse_ws,
    .http_request = http_dispatch,
    .http_closed = http_closed,
};

static void on_guard_enter(const void *owner) {
    assert_non_null(owner);
    guard_depth++;
}

static void on_guard_leave(const void *owner) {
    assert_non_null(owner);
    guard_depth--;
    guard_calls++;
}

static void answer_name(void *user, const struct muster_http_request *request) {
    const char *name = user;
    const struct muster_http_response response = {.size = sizeof response,
                                                  .status = 200,
                                                  .content_type = "text/plain",
                                                  .body = {name, strlen(name)}};
    (void)http_respond(request->id, &response);
}

static void answer_json(void *user, const struct muster_http_request *request) {
    (void)user;
    (void)http_respond_json(request->id, 201, json_pack("{s:i}", "depth", guard_depth));
}

static void answer_never(void *user, const struct muster_http_request *request) {
    (void)user;
    (void)request;
}

static muster_request_id twice_id;

static void answer_twice(void *user, const struct muster_http_request *request) {
    (void)user;
    twice_id = request->id;
    (void)http_problem(request->id, 409, "conflict", "once");
    assert_int_equal(http_problem(request->id, 500, "internal_error", "twice"), MUSTER_NOT_FOUND);
}

static void route(const void *owner, const char *method, const char *path, uint32_t flags,
                  muster_http_fn fn, const char *name) {
    muster_route_id id = {0};
    const struct muster_route route = {
        .size = sizeof route, .flags = flags, .method = method, .path = path};
    assert_int_equal(http_route_add(owner, &route, fn, (void *)(uintptr_t)name, &id), MUSTER_OK);
    assert_int_not_equal(id.value, 0);
}

/* For owner_a. */
static muster_status tried(const char *method, const char *path, uint32_t flags, muster_http_fn fn,
                           muster_route_id *out) {
    const struct muster_route route = {
        .size = sizeof route, .flags = flags, .method = method, .path = path};
    return http_route_add(&owner_a, &route, fn, "", out);
}

static int setup(void **state) {
    (void)state;
    setenv("MUSTER_HTTP_HANDLER_TIMEOUT_MS", "200", 1);
    setenv("MUSTER_HTTP_AUTH_BURST", "3", 1);
    setenv("MUSTER_HTTP_AUTH_PER_MINUTE", "60", 1);
    setenv("MUSTER_NET_ACCEPT_BURST", "100000", 1);
    if (rig_start(&handlers) != 0) return -1;
    guard_depth = guard_calls = 0;
    route(NULL, "GET", "/v1/lobbies", 0, answer_name, "list");
    route(NULL, "GET", "/v1/lobbies/", MUSTER_ROUTE_PREFIX, answer_name, "one");
    route(NULL, "GET", "/v1/lobbies/special", 0, answer_name, "special");
    route(&owner_b, "GET", "/", MUSTER_ROUTE_PREFIX, answer_name, "files");
    route(NULL, "GET", "/metrics", MUSTER_ROUTE_ADMIN, answer_name, "metrics");
    route(&owner_a, "POST", "/v1/auth/login", 0, answer_json, "");
    route(NULL, "GET", "/never", 0, answer_never, "");
    route(NULL, "GET", "/twice", 0, answer_twice, "");
    http_set_call_guard(on_guard_enter, on_guard_leave);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rig_net_stop();
    http_deinit();
    return rig_stop();
}

static const char *get(uint32_t port, const char *path, struct wire_answer *answer) {
    char request[512];
    int fd = wire_connect_to(port);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    wire_send(fd, request);
    int status = wire_answer_read(fd, answer, true);
    close(fd);
    static char body[512];
    snprintf(body, sizeof body, "%d %s", status, answer->body ? answer->body : "");
    wire_answer_free(answer);
    return body;
}

static const char *routes_script(void) {
    struct wire_answer answer;
    uint32_t port = net_port();
    EXPECT(strcmp(get(port, "/v1/lobbies", &answer), "200 list") == 0);
    EXPECT(strcmp(get(port, "/v1/lobbies/abc", &answer), "200 one") == 0);
    EXPECT(strcmp(get(port, "/v1/lobbies/abc/d?e", &answer), "200 one") == 0);
    EXPECT(strcmp(get(port, "/v1/lobbies/special", &answer), "200 special") == 0);
    EXPECT(strcmp(get(port, "/v1/lobbiesx", &answer), "200 files") == 0);
    EXPECT(strcmp(get(port, "/metrics", &answer), "200 files") == 0);
    EXPECT(strcmp(get(net_admin_port(), "/metrics", &answer), "200 metrics") == 0);
    EXPECT(strstr(get(net_admin_port(), "/v1/lobbies", &answer), "404 ") != NULL);
    EXPECT(strcmp(wire_header(&answer, "content-type"), "application/problem+json") == 0);
    return NULL;
}

static void routes_fit(void **state) {
    (void)state;
    rig_run(routes_script);
}

static const char *methods_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "DELETE /v1/lobbies HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 405);
    EXPECT(strcmp(wire_header(&answer, "allow"), "GET, HEAD") == 0);
    EXPECT(strstr(answer.body, "\"code\":\"method_not_allowed\"") != NULL);
    EXPECT(strstr(answer.body, "\"title\":\"Method Not Allowed\"") != NULL);
    wire_answer_free(&answer);
    wire_send(fd, "HEAD /v1/lobbies HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, false) == 200);
    EXPECT(answer.body_len == 4);
    wire_send(fd, "GET /v1/auth/login HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 405);
    EXPECT(strcmp(wire_header(&answer, "allow"), "POST") == 0);
    wire_answer_free(&answer);
    EXPECT(wire_status(fd, "GET /twice HTTP/1.1\r\nHost: a\r\n\r\n") == 409);
    close(fd);
    return NULL;
}

static void methods(void **state) {
    (void)state;
    rig_run(methods_script);
}

static const char *deadline_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 504);
    EXPECT(strstr(answer.body, "\"code\":\"timeout\"") != NULL);
    wire_answer_free(&answer);
    EXPECT(wire_status(fd, "GET /v1/lobbies HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    wire_send(fd, "GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    close(fd); /* gone before its answer */
    return NULL;
}

static void deadline(void **state) {
    (void)state;
    rig_run(deadline_script);
}

static const char *auth_script(void) {
    static const char *const login =
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\n\r\n{}";
    struct wire_answer answer;
    int fd = wire_connect();
    for (int i = 0; i < 3; i++) {
        wire_send(fd, login);
        EXPECT(wire_answer_read(fd, &answer, true) == 201);
        EXPECT(strcmp(answer.body, "{\"depth\":1}") == 0);
        EXPECT(strcmp(wire_header(&answer, "cache-control"), "no-store") == 0);
        wire_answer_free(&answer);
    }
    wire_send(fd, login);
    EXPECT(wire_answer_read(fd, &answer, true) == 429);
    EXPECT(atoi(wire_header(&answer, "retry-after")) >= 1);
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd)); /* refusing stays cheap */
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "GET /v1/lobbies HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    close(fd);
    return NULL;
}

static void auth_limit(void **state) {
    (void)state;
    rig_run(auth_script);
    assert_int_equal(guard_depth, 0);
    assert_int_equal(guard_calls, 3);
}

static const char *removed_script(void) {
    struct wire_answer answer;
    EXPECT(strstr(get(net_port(), "/any", &answer), "404 ") != NULL);
    EXPECT(strcmp(get(net_port(), "/v1/lobbies", &answer), "200 list") == 0);
    return NULL;
}

static void owners(void **state) {
    (void)state;
    muster_route_id id = {0};
    assert_int_equal(tried("GET", "/", MUSTER_ROUTE_PREFIX, answer_name, &id), MUSTER_EXISTS);
    assert_int_equal(tried("PUT", "/a", 0, answer_name, &id), MUSTER_OK);
    assert_int_equal(http_route_remove(&owner_b, id), MUSTER_NOT_FOUND);
    assert_int_equal(http_route_remove(&owner_a, id), MUSTER_OK);
    assert_int_equal(http_route_remove(&owner_a, id), MUSTER_NOT_FOUND);
    assert_int_equal(tried("GET", "a", 0, answer_name, &id), MUSTER_INVALID);
    assert_int_equal(tried("", "/a", 0, answer_name, &id), MUSTER_INVALID);
    assert_int_equal(tried("GET", "/a", 16, answer_name, &id), MUSTER_INVALID);
    assert_int_equal(tried("GET", "/a", 0, NULL, &id), MUSTER_INVALID);
    assert_int_equal(tried("GET", "/a", MUSTER_ROUTE_TOKEN, answer_name, &id), MUSTER_INVALID);
    /* A door beside the locked one would be no lock. */
    uint32_t locked = MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_TOKEN;
    assert_int_equal(tried("GET", "/a", locked, answer_name, &id), MUSTER_OK);
    assert_int_equal(tried("GET", "/a", MUSTER_ROUTE_ADMIN, answer_name, &id), MUSTER_EXISTS);
    assert_int_equal(http_route_remove(&owner_a, id), MUSTER_OK);
    registration_owner_gone(&owner_b);
    rig_run(removed_script);
}

static void query_parameters(void **state) {
    static const struct {
        const char *text, *name;
        enum query found;
        const char *value;
    } cases[] = {
        {"a=1&b=two", "b", QUERY_GIVEN, "two"},     {"a=x%20+%41", "a", QUERY_GIVEN, "x  A"},
        {"verbose", "verbose", QUERY_GIVEN, ""},    {"b=1=2", "b", QUERY_GIVEN, "1=2"},
        {"%62=7", "b", QUERY_GIVEN, "7"},           {"a=1234567", "a", QUERY_GIVEN, "1234567"},
        {"a=12345678", "a", QUERY_BROKEN, NULL},    {"a=1&a=1", "a", QUERY_BROKEN, NULL},
        {"a=1&b=2&%61=3", "a", QUERY_BROKEN, NULL}, {"ab=1", "a", QUERY_ABSENT, NULL},
        {"a=1", "ab", QUERY_ABSENT, NULL},          {"", "a", QUERY_ABSENT, NULL},
        {"&&&", "a", QUERY_ABSENT, NULL},           {"&&a=1", "a", QUERY_GIVEN, "1"},
        {"a=%4", "a", QUERY_BROKEN, NULL},          {"a=%zz", "a", QUERY_BROKEN, NULL},
        {"a=%00", "a", QUERY_BROKEN, NULL},
    };
    char out[8];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(query_find(cases[i].text, cases[i].name, out, sizeof out), cases[i].found);
        if (cases[i].value) assert_string_equal(out, cases[i].value);
    }
    assert_int_equal(query_find("a=1", "a", out, 0), QUERY_BROKEN);
}

static void query_names(void **state) {
    static const char *const names[] = {"region", "limit", NULL};
    char out[8];
    (void)state;
    assert_true(query_unknown("limit=1&regoin=eu", names, out, sizeof out));
    assert_string_equal(out, "regoin");
    assert_false(query_unknown("limit=1&&%72egion=eu&limit", names, out, sizeof out));
    assert_true(query_unknown("=1", names, out, sizeof out));
}

int main(void) {
#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        HTTP_TEST(routes_fit),         HTTP_TEST(methods), HTTP_TEST(deadline),
        HTTP_TEST(auth_limit),         HTTP_TEST(owners),  cmocka_unit_test(query_parameters),
        cmocka_unit_test(query_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
