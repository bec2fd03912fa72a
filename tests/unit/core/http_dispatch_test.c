/* http without sockets: which requests are answered at all, by whom, and with what. */
#include "header_of.h"
#include "http_sent.h"
#include "test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "http.h"
#include "http_request.h"
#include "loop.h"
#include "party.h"
#include "registration.h"

static uint32_t called; /* the handler of a route */
static const char *called_as;

static int setup(void **state) {
    char error[CONFIG_ERROR_MAX] = "";
    const struct config_options options = {.port = -1};
    (void)state;
    memset(&sent, 0, sizeof sent);
    ask_with(NULL, NULL);
    called = 0;
    setenv("MUSTER_PLUGINS", "", 1);
    setenv("MUSTER_NET_STRANGER_BURST", "50", 1);
    setenv("MUSTER_NET_STRANGER_PER_SECOND", "1", 1);
    setenv("MUSTER_HTTP_AUTH_BURST", "2", 1);
    setenv("MUSTER_HTTP_AUTH_PER_MINUTE", "60", 1);
    setenv("MUSTER_HTTP_HANDLER_TIMEOUT_MS", "1000", 1);
    if (sodium_init() < 0 || config_load(&options, error) || loop_init(1)) return -1;
    loop_clock_virtual(1000000, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    http_deinit();
    party_deinit();
    loop_deinit();
    config_unload();
    return 0;
}

static void on_route(void *user, const struct muster_http_request *request) {
    const struct muster_http_response response = {.size = sizeof response, .status = 204};
    called++;
    called_as = user;
    if (strcmp(request->path, "/never") != 0) (void)http_respond(request->id, &response);
}

static struct muster_route route_of(const char *method, const char *path, uint32_t flags) {
    return (struct muster_route){
        .size = sizeof(struct muster_route), .flags = flags, .method = method, .path = path};
}

static muster_status add(const void *owner, const char *method, const char *path, uint32_t flags) {
    const struct muster_route route = route_of(method, path, flags);
    return http_route_add(owner, &route, on_route, (void *)(uintptr_t)path, NULL);
}

static uint32_t ask(const char *method, const char *path) {
    const struct net_http_request request = request_of(method, path);
    http_dispatch(&request);
    return sent.status;
}

/* ---- routes ---- */

static void the_nearest_route_answers(void **state) {
    (void)state;
    static const struct {
        const char *path, *route; /* null: 404 */
    } cases[] = {
        {"/a", "/a"}, {"/a/", "/a/"}, {"/a/b", "/a/"}, {"/a/bc", "/a/"},   {"/ab", NULL},
        {"/c", "/c"}, {"/c/d", "/c"}, {"/cd", NULL},   {"/a/x/y", "/a/x"}, {"/a/xy", "/a/"},
    };
    assert_int_equal(add(NULL, "GET", "/a/", MUSTER_ROUTE_PREFIX), MUSTER_OK);
    assert_int_equal(add(NULL, "GET", "/a", 0), MUSTER_OK);
    assert_int_equal(add(NULL, "GET", "/c", MUSTER_ROUTE_PREFIX), MUSTER_OK);
    assert_int_equal(add(NULL, "GET", "/a/x", MUSTER_ROUTE_PREFIX), MUSTER_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_http_request request = request_of("GET", cases[i].path);
        request.request.address = "";
        party_deinit();
        http_dispatch(&request);
        if (sent.status != (cases[i].route ? 204 : 404)) fail_msg("%s", cases[i].path);
        if (cases[i].route) assert_string_equal(called_as, cases[i].route);
    }
}

/* A route that no request could come to is refused. */
static void a_route_has_a_method_of_http(void **state) {
    (void)state;
    static const char *const good[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    static const char *const bad[] = {"get", "HEAD", "GETS", "", "CONNECT", NULL};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(add(NULL, good[i], "/m", 0), MUSTER_OK);
        assert_int_equal(ask(good[i], "/m"), 204);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(add(NULL, bad[i], "/other", 0), MUSTER_INVALID);
    assert_int_equal(ask("HEAD", "/m"), 204);
}

static void routes_are_bounded(void **state) {
    (void)state;
    char path[258];
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[256] = '\0';
    assert_int_equal(add(NULL, "GET", path, 0), MUSTER_INVALID);
    path[255] = '\0';
    assert_int_equal(add(NULL, "GET", path, 0), MUSTER_OK);
    assert_int_equal(ask("GET", path), 204);
    assert_int_equal(add(NULL, "GET", "", 0), MUSTER_INVALID);
    for (uint32_t i = 1; i < 1024; i++) {
        snprintf(path, sizeof path, "/%u", i);
        assert_int_equal(add(NULL, "GET", path, 0), MUSTER_OK);
    }
    assert_int_equal(add(NULL, "GET", "/one/more", 0), MUSTER_FULL);
}

static bool newer_replaces(const void *newer, const void *older) {
    return *(const int *)newer > *(const int *)older;
}

static const int *in_force;

static bool is_in_force(const void *owner) {
    return !owner || owner == in_force;
}

/* The older generation answers until it is gone, since the newer one may not come to be. */
static void the_next_generation_takes_over(void **state) {
    (void)state;
    static const int old = 1, new = 2;
    const struct registration_owners known = {newer_replaces, is_in_force};
    const struct muster_route r = route_of("GET", "/r", 0);
    in_force = &old;
    registration_set_owners(&known);
    assert_int_equal(http_route_add(&new, &r, on_route, "new", NULL), MUSTER_OK);
    assert_int_equal(http_route_add(&old, &r, on_route, "old", NULL), MUSTER_EXISTS);
    registration_owner_gone(&new);
    assert_int_equal(http_route_add(&old, &r, on_route, "old", NULL), MUSTER_OK);
    assert_int_equal(http_route_add(&new, &r, on_route, "new", NULL), MUSTER_OK);
    ask("GET", "/r");
    assert_string_equal(called_as, "old");
    in_force = &new;
    registration_owner_superseded(&old);
    ask("GET", "/r");
    assert_string_equal(called_as, "new");
    registration_set_owners(NULL);
}

/* ---- who is let in ---- */

static void a_page_of_elsewhere_changes_nothing(void **state) {
    (void)state;
    static const struct {
        const char *method, *path, *type;
        uint32_t body_len;
        enum net_origin origin;
        uint32_t status;
    } cases[] = {
        {"POST", "/v1/x", "application/json", 2, NET_ORIGIN_NONE, 204},
        {"POST", "/v1/x", "Application/JSON; charset=utf-8", 2, NET_ORIGIN_SAME, 204},
        {"POST", "/v1/x", "application/json", 2, NET_ORIGIN_LISTED, 204},
        {"POST", "/v1/x", "application/json", 2, NET_ORIGIN_FOREIGN, 403},
        {"POST", "/v1/x", "", 0, NET_ORIGIN_FOREIGN, 403},
        {"POST", "/v1/x", "", 0, NET_ORIGIN_NONE, 204},
        {"POST", "/v1/x", "text/plain", 2, NET_ORIGIN_NONE, 415},
        {"POST", "/v1/x", "", 2, NET_ORIGIN_NONE, 415},
        {"POST", "/v1/x", "application/jsonx", 2, NET_ORIGIN_NONE, 415},
        {"POST", "/v1/x", "application/jso", 2, NET_ORIGIN_NONE, 415},
        {"GET", "/v1/x", "", 0, NET_ORIGIN_FOREIGN, 204},
        {"HEAD", "/v1/x", "", 0, NET_ORIGIN_FOREIGN, 204},
        {"POST", "/other", "text/plain", 2, NET_ORIGIN_FOREIGN, 204},
        {"OPTIONS", "/v1/x", "", 0, NET_ORIGIN_FOREIGN, 403},
        {"OPTIONS", "/v1/x", "", 0, NET_ORIGIN_NONE, 405},
        {"OPTIONS", "/other", "", 0, NET_ORIGIN_FOREIGN, 405},
    };
    assert_int_equal(add(NULL, "POST", "/v1/x", 0), MUSTER_OK);
    assert_int_equal(add(NULL, "GET", "/v1/x", 0), MUSTER_OK);
    assert_int_equal(add(NULL, "POST", "/other", 0), MUSTER_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int admin = 0; admin < 2; admin++) {
            struct net_http_request request = request_of(cases[i].method, cases[i].path);
            ask_with("content-type", cases[i].type);
            request.request.body = (struct muster_bytes){"{}", cases[i].body_len};
            request.origin = cases[i].origin;
            request.admin = admin;
            party_deinit();
            called = 0;
            http_dispatch(&request);
            bool refused = cases[i].status == 403 || cases[i].status == 415;
            if (!admin && sent.status != cases[i].status) fail_msg("case %zu: %u", i, sent.status);
            if (admin && refused != (sent.status == 403 || sent.status == 415))
                fail_msg("admin, case %zu: %u", i, sent.status);
            assert_int_equal(called, sent.status == 204);
        }
    }
}

static void a_listed_page_may_ask_before(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "GET", "/v1/any", 0), MUSTER_OK);
    assert_int_equal(add(NULL, "PUT", "/v1/any", 0), MUSTER_OK);
    struct net_http_request request = request_of("OPTIONS", "/v1/any");
    request.origin = NET_ORIGIN_LISTED;
    http_dispatch(&request);
    assert_int_equal(sent.status, 204);
    assert_int_equal(called, 0);
    assert_string_equal(header_of(sent.headers, "access-control-allow-methods"), "GET, HEAD, PUT");
    assert_non_null(
        strstr(header_of(sent.headers, "access-control-allow-headers"), "authorization"));
    assert_string_equal(header_of(sent.headers, "access-control-max-age"), "600");
    request = request_of("OPTIONS", "/v1/none");
    request.origin = NET_ORIGIN_LISTED;
    http_dispatch(&request);
    assert_int_equal(sent.status, 404);
    assert_string_equal(header_of(sent.headers, "access-control-allow-methods"), "");
}

static void a_route_takes_bytes_in_place_of_json(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "PUT", "/v1/x", MUSTER_ROUTE_BYTES), MUSTER_OK);
    assert_int_equal(add(NULL, "PUT", "/v1/x", 0), MUSTER_EXISTS);
    assert_int_equal(add(NULL, "POST", "/v1/x", 0), MUSTER_OK);
    static const struct {
        const char *method, *type;
        uint32_t status;
    } cases[] = {
        {"PUT", "application/octet-stream", 204},
        {"PUT", "application/json", 415},
        {"PUT", "", 415},
        {"PUT", "text/plain", 415},
        {"POST", "application/octet-stream", 415},
        {"POST", "application/json", 204},
        {"PATCH", "application/octet-stream", 405},
        {"PATCH", "application/json", 405},
        {"PATCH", "text/plain", 415},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_http_request request = request_of(cases[i].method, "/v1/x");
        ask_with("content-type", cases[i].type);
        request.request.body = (struct muster_bytes){"{}", 2};
        http_dispatch(&request);
        assert_int_equal(sent.status, cases[i].status);
    }
}

/* It costs what a request costs. */
static void asking_before_is_not_free(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "GET", "/v1/any", 0), MUSTER_OK);
    struct net_http_request request;
    for (int i = 0; i < 50; i++) {
        request = request_of("OPTIONS", "/v1/any");
        request.origin = NET_ORIGIN_LISTED;
        http_dispatch(&request);
        assert_int_equal(sent.status, 204);
    }
    http_dispatch(&request);
    assert_int_equal(sent.status, 429);
}

static void a_route_says_how_long_a_body_may_be(void **state) {
    (void)state;
    struct muster_route route = route_of("POST", "/long", 0);
    route.body_max_bytes = MUSTER_ROUTE_BODY_MAX + 1;
    assert_int_equal(http_route_add(NULL, &route, on_route, "", NULL), MUSTER_INVALID);
    route.body_max_bytes = MUSTER_ROUTE_BODY_MAX;
    assert_int_equal(http_route_add(NULL, &route, on_route, "", NULL), MUSTER_OK);
    route = route_of("POST", "/short", MUSTER_ROUTE_PREFIX | MUSTER_ROUTE_ADMIN);
    route.body_max_bytes = 1;
    assert_int_equal(http_route_add(NULL, &route, on_route, "", NULL), MUSTER_OK);
    assert_int_equal(http_body_max("POST", "/long", false), MUSTER_ROUTE_BODY_MAX);
    assert_int_equal(http_body_max("PUT", "/long", false), config_core->http.body_max_bytes);
    assert_int_equal(http_body_max("POST", "/long", true), config_core->http.body_max_bytes);
    assert_int_equal(http_body_max("POST", "/short/x", true), 1);
    assert_int_equal(http_body_max("POST", "/none", false), config_core->http.body_max_bytes);
}

/* 50 requests, of which one body of 200 KiB takes all. */
static void a_long_body_is_paid_for(void **state) {
    (void)state;
    static const char body[204800];
    assert_int_equal(add(NULL, "POST", "/long", 0), MUSTER_OK);
    struct net_http_request request = request_of("POST", "/long");
    request.request.body = (struct muster_bytes){body, config_core->http.body_max_bytes};
    for (int i = 0; i < 40; i++) http_dispatch(&request);
    assert_int_equal(sent.status, 204);
    request.request.body.len = sizeof body;
    http_dispatch(&request);
    assert_int_equal(sent.status, 204);
    http_dispatch(&request);
    assert_int_equal(sent.status, 429);
}

static const char *on_door(const char *address, const char *path, json_t **data) {
    assert_string_equal(path, "/v1/auth/guest");
    if (strcmp(address, "192.0.2.1") != 0) return NULL;
    *data = json_pack("{s:s}", "until", "ever");
    return "you are banned";
}

static void the_door_is_asked_where_people_sign_in(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "POST", "/v1/auth/guest", 0), MUSTER_OK);
    assert_int_equal(add(NULL, "POST", "/v1/else", 0), MUSTER_OK);
    http_set_door(on_door);
    assert_int_equal(ask("POST", "/v1/auth/guest"), 403);
    assert_non_null(strstr(sent.body, "\"code\":\"banned\""));
    assert_non_null(strstr(sent.body, "\"until\":\"ever\""));
    assert_non_null(strstr(sent.body, "\"detail\":\"you are banned\""));
    assert_string_equal(sent.type, "application/problem+json");
    assert_int_equal(called, 0);
    assert_int_equal(ask("POST", "/v1/else"), 204);
    struct net_http_request request = request_of("POST", "/v1/auth/guest");
    request.request.address = "192.0.2.2";
    http_dispatch(&request);
    assert_int_equal(sent.status, 204);
}

/* ---- limits ---- */

static void strangers_are_limited_by_address(void **state) {
    (void)state;
    /* 404 costs one and no more: no handler has worked */
    for (int i = 0; i < 50; i++) assert_int_equal(ask("GET", "/x"), 404);
    assert_int_equal(ask("GET", "/x"), 429);
    assert_string_equal(sent.headers, "retry-after: 2\n");
    assert_non_null(strstr(sent.body, "\"code\":\"rate_limited\""));
    struct net_http_request request = request_of("GET", "/x");
    request.admin = true; /* no stranger */
    http_dispatch(&request);
    assert_int_equal(sent.status, 404);
    request = request_of("GET", "/x");
    request.request.address = "192.0.2.2";
    http_dispatch(&request);
    assert_int_equal(sent.status, 404);
    loop_clock_advance(1001000);
    assert_int_equal(ask("GET", "/x"), 404);
    assert_int_equal(ask("GET", "/x"), 429);
}

static void on_large(void *user, const struct muster_http_request *request) {
    static char text[4096 * 50];
    const struct muster_http_response response = {
        .size = sizeof response, .status = 200, .body = {text, sizeof text}};
    (void)user;
    (void)http_respond(request->id, &response);
}

/* Who asks for much has less left: 4 KiB of an answer count as one more request. */
static void large_answers_cost_more(void **state) {
    (void)state;
    const struct muster_route large = route_of("GET", "/large", 0);
    assert_int_equal(http_route_add(NULL, &large, on_large, NULL, NULL), MUSTER_OK);
    assert_int_equal(ask("GET", "/large"), 200);
    assert_int_equal(ask("GET", "/x"), 429);
}

static void sign_ins_have_a_limit_of_their_own(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "POST", "/v1/auth/login", 0), MUSTER_OK);
    assert_int_equal(add(NULL, "GET", "/v1/authors", 0), MUSTER_OK);
    assert_int_equal(ask("POST", "/v1/auth/login"), 204);
    assert_int_equal(ask("POST", "/v1/auth/login"), 204);
    assert_int_equal(ask("POST", "/v1/auth/login"), 429);
    assert_int_equal(ask("GET", "/v1/authors"), 204);
    struct net_http_request request = request_of("POST", "/v1/auth/login");
    request.request.address = "192.0.2.2";
    http_dispatch(&request);
    assert_int_equal(sent.status, 204);
    loop_clock_advance(1001000);
    assert_int_equal(ask("POST", "/v1/auth/login"), 204);
    assert_int_equal(ask("POST", "/v1/auth/login"), 429);
}

/* ---- deadlines ---- */

static void each_answer_has_its_own_time(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "GET", "/never", 0), MUSTER_OK);
    struct net_http_request first = request_of("GET", "/never"), gone = request_of("GET", "/never"),
                            second = request_of("GET", "/never");
    http_dispatch(&first);
    http_dispatch(&gone);
    loop_clock_advance(1000500);
    http_dispatch(&second);
    http_closed(gone.request.id);
    http_closed(gone.request.id);
    loop_clock_advance(1000999);
    assert_int_equal(sent.count, 0);
    loop_clock_advance(1001100); /* looked at ten times a second */
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.status, 504);
    assert_int_equal(sent.id.value, first.request.id.value);
    loop_clock_advance(1001400);
    assert_int_equal(sent.count, 1);
    loop_clock_advance(1001600);
    assert_int_equal(sent.count, 2);
    assert_int_equal(sent.id.value, second.request.id.value);
    assert_int_equal(loop_clock_due_ms(), UINT64_MAX); /* nobody waits, nothing is looked at */
    struct net_http_request third = request_of("GET", "/never");
    http_dispatch(&third);
    loop_clock_advance(1003000);
    assert_int_equal(sent.id.value, third.request.id.value);
}

/* Whichever of them has gone: the first, one between, the last. */
static void who_still_waits_is_told(void **state) {
    (void)state;
    assert_int_equal(add(NULL, "GET", "/never", 0), MUSTER_OK);
    for (int gone = 0; gone < 3; gone++) {
        struct net_http_request all[4];
        sent.count = 0;
        for (int i = 0; i < 4; i++) {
            all[i] = request_of("GET", "/never");
            if (i == 3) http_closed(all[gone].request.id);
            http_dispatch(&all[i]);
        }
        loop_clock_advance(loop_now_ms() + 1100);
        assert_int_equal(sent.count, 3);
        assert_int_equal(sent.id.value, all[3].request.id.value);
        assert_int_equal(loop_clock_due_ms(), UINT64_MAX);
    }
}

/* ---- answers for many ---- */

static uint32_t shared_answer(struct http_shared *shared, const char *text, const char *accepts,
                              const char *etag) {
    const struct net_http_request request = request_of("GET", "/s");
    ask_with("accept-encoding", accepts);
    ask_with("if-none-match", etag);
    assert_int_equal(http_respond_shared(&request.request, shared, text, (uint32_t)strlen(text)),
                     MUSTER_OK);
    return sent.status;
}

static void who_has_it_gets_it_not_again(void **state) {
    (void)state;
    struct http_shared shared = {0};
    char etag[64], other[80];
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", ""), 200);
    assert_string_equal(sent.body, "{\"a\":1}");
    assert_string_equal(sent.type, "application/json");
    assert_int_equal(sscanf(header_of(sent.headers, "etag"), "%63s", etag), 1);
    assert_memory_equal(etag, "W/\"", 3);
    assert_string_equal(header_of(sent.headers, "cache-control"), "no-cache");
    assert_string_equal(header_of(sent.headers, "vary"), "accept-encoding");
    assert_string_equal(header_of(sent.headers, "content-encoding"), "");
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", etag), 304);
    assert_int_equal(sent.body_len, 0);
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", etag + 2), 304); /* a strong one */
    snprintf(other, sizeof other, "\"x\", %s", etag);
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", other), 304);
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", "*"), 304);
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", "\"x\""), 200);
    snprintf(other, sizeof other, "%.*s", (int)strlen(etag) - 1, etag);
    assert_int_equal(shared_answer(&shared, "{\"a\":1}", "", other), 200);
    assert_int_equal(shared_answer(&shared, "{\"a\":2}", "", etag), 200); /* it is another now */
    assert_string_equal(sent.body, "{\"a\":2}");
    http_shared_deinit(&shared);
}

static void who_takes_it_gets_it_compressed(void **state) {
    (void)state;
    static const struct {
        const char *accepts;
        uint32_t bytes;
        bool zipped;
    } cases[] = {
        {"gzip", 512, true},
        {"gzip", 511, false},
        {"", 512, false},
        {"br, GZIP;q=0.5", 512, true},
        {"deflate;q=0, gzip", 512, true},
        {"gzip;q=0, br", 512, false},
        {"gzip;q=0.0", 512, false},
        {"gzip;q=0.01", 512, true},
        {"xgzip", 512, false},
        {"gzipx", 512, false},
        {"identity", 512, false},
    };
    struct http_shared shared = {0};
    char text[513];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(text, 'x', sizeof text);
        text[cases[i].bytes] = '\0';
        assert_int_equal(shared_answer(&shared, text, cases[i].accepts, ""), 200);
        bool zipped = strcmp(header_of(sent.headers, "content-encoding"), "gzip") == 0;
        if (zipped != cases[i].zipped) fail_msg("%s", cases[i].accepts);
        if (zipped) assert_memory_equal(sent.body, "\x1f\x8b", 2);
        if (!zipped) assert_string_equal(sent.body, text);
    }
    /* another text of that length is compressed anew */
    static char first[sizeof sent.body];
    for (int i = 0; i < 2; i++) {
        memset(text, 'y' + i, 512);
        text[512] = '\0';
        assert_int_equal(shared_answer(&shared, text, "gzip", ""), 200);
        if (i == 0) memcpy(first, sent.body, sent.body_len);
    }
    assert_memory_not_equal(first, sent.body, sent.body_len);
    http_shared_deinit(&shared);
}

static void a_text_that_is_none_is_an_error(void **state) {
    (void)state;
    struct http_shared shared = {0};
    struct net_http_request request = request_of("GET", "/s");
    (void)http_respond_shared(&request.request, &shared, NULL, 0);
    assert_int_equal(sent.status, 500);
    (void)http_problem((muster_request_id){7}, 404, "not_found", "cut \xc3");
    assert_non_null(strstr(sent.body, "\"detail\":\"cut \""));
    assert_non_null(strstr(sent.body, "\"title\":\"Not Found\",\"status\":404"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_nearest_route_answers),
        TEST(a_route_has_a_method_of_http),
        TEST(routes_are_bounded),
        TEST(the_next_generation_takes_over),
        TEST(a_page_of_elsewhere_changes_nothing),
        TEST(a_listed_page_may_ask_before),
        TEST(asking_before_is_not_free),
        TEST(a_route_takes_bytes_in_place_of_json),
        TEST(a_route_says_how_long_a_body_may_be),
        TEST(a_long_body_is_paid_for),
        TEST(the_door_is_asked_where_people_sign_in),
        TEST(strangers_are_limited_by_address),
        TEST(large_answers_cost_more),
        TEST(sign_ins_have_a_limit_of_their_own),
        TEST(each_answer_has_its_own_time),
        TEST(who_still_waits_is_told),
        TEST(who_has_it_gets_it_not_again),
        TEST(who_takes_it_gets_it_compressed),
        TEST(a_text_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
