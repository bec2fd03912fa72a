/* The core's own HTTP routes: health, lists, the console's commands. What net would send is kept.
 */
#include "books_rig.h"
#include "http_sent.h"

#include "console.h"
#include "http.h"
#include "http_request.h"
#include "moderation.h"
#include "paths.h"
#include "rest.h"

static bool ready;

static void on_echo(struct run *run) {
    command_say(run, "%s said %s", run->actor, run->arguments);
    command_finish(run);
}

static void on_fail(struct run *run) {
    command_fail(run, (muster_status)atoi(run->arguments), "why");
}

static const struct command table[] = {
    {"echo", "", "", "admin", on_echo}, {"fail", "", "", "admin", on_fail}, {0}};

static bool is_ready(void) {
    return ready;
}

static int open_rest(void **state) {
    char error[PATHS_ERROR_MAX];
    memset(&sent, 0, sizeof sent);
    ready = true;
    console_init(table);
    if (rig_open(state) || paths_init(true, error)) return -1;
    return rest_init(is_ready) ? -1 : 0;
}

static int close_rest(void **state) {
    rest_deinit();
    http_deinit();
    party_deinit();
    paths_deinit();
    return rig_close(state);
}

static uint32_t get(const char *path, const char *query) {
    struct net_http_request request = request_of("GET", path);
    uint32_t before = sent.count;
    request.request.query = query;
    http_dispatch(&request);
    assert_int_equal(sent.count, before + 1);
    return sent.status;
}

static uint32_t command(const char *authorization, const char *body) {
    struct net_http_request request = request_of("POST", "/v1/admin/command");
    uint32_t before = sent.count;
    request.admin = true;
    ask_with("authorization", authorization);
    ask_with("content-type", "application/json");
    request.request.body = (struct muster_bytes){body, strlen(body)};
    http_dispatch(&request);
    assert_int_equal(sent.count, before + 1);
    return sent.status;
}

/* ---- who commands ---------------------------------------------------------------------------- */

#define ECHO "{\"command\":\"echo hi\"}"

static void who_has_the_token_commands(void **state) {
    static const char *const others[] = {
        "",     "Bearer", "Bearer ", "Bearer tokem", "Bearer toke", "Bearer tokens", "Basic token",
        "token"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(command(others[i], ECHO), 401);
    assert_int_equal(command("Bearer token", ECHO), 200);
    assert_string_equal(sent.body, "{\"output\":\"192.0.2.1 said hi\"}");
    assert_int_equal(command("bearer token", ECHO), 200);
    struct net_http_request outside = request_of("POST", "/v1/admin/command");
    ask_with("authorization", "Bearer token");
    outside.request.body = (struct muster_bytes){ECHO, strlen(ECHO)};
    http_dispatch(&outside); /* not at the players' address */
    assert_true(sent.status == 404 || sent.status == 405);
}

static void without_a_token_nobody_commands(void **state) {
    (void)state;
    assert_int_equal(command("Bearer ", ECHO), 401);
    assert_int_equal(command("", ECHO), 401);
}

static void a_command_has_its_form(void **state) {
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "\"echo\"",
                                      "{\"command\":1}",
                                      "{\"command\":\"echo\",\"x\":1}",
                                      "{\"command\":\"echo\",\"command\":\"echo\"}"};
    static char line[1200];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(command("Bearer token", bad[i]), 400);
    snprintf(line, sizeof line, "{\"command\":\"echo %0995d\"}", 1);
    assert_int_equal(command("Bearer token", line), 200);
    snprintf(line, sizeof line, "{\"command\":\"echo %0996d\"}", 1);
    assert_int_equal(command("Bearer token", line), 400);
}

static void a_refusal_has_its_status(void **state) {
    static const struct {
        muster_status status;
        uint32_t http;
        const char *code;
    } cases[] = {
        {MUSTER_INVALID, 400, "invalid_params"},  {MUSTER_DENIED, 403, "forbidden"},
        {MUSTER_NOT_FOUND, 404, "not_found"},     {MUSTER_EXISTS, 409, "conflict"},
        {MUSTER_CONFLICT, 409, "conflict"},       {MUSTER_STATE, 409, "wrong_state"},
        {MUSTER_UNSUPPORTED, 409, "wrong_state"}, {MUSTER_UNAVAILABLE, 503, "unavailable"},
        {MUSTER_FULL, 503, "server_full"},        {MUSTER_LIMIT, 503, "server_full"},
        {MUSTER_IO, 503, "unavailable"},          {MUSTER_INTERNAL, 500, "internal_error"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[64], code[64];
        snprintf(body, sizeof body, "{\"command\":\"fail %d\"}", (int)cases[i].status);
        snprintf(code, sizeof code, "\"code\":\"%s\"", cases[i].code);
        assert_int_equal(command("Bearer token", body), cases[i].http);
        assert_non_null(strstr(sent.body, code));
        assert_non_null(strstr(sent.body, "\"detail\":\"why\""));
    }
    assert_int_equal(command("Bearer token", "{\"command\":\"nothing\"}"), 404);
}

/* ---- health ---------------------------------------------------------------------------------- */

static void who_is_not_ready_says_why(void **state) {
    (void)state;
    assert_int_equal(get("/livez", ""), 200);
    assert_string_equal(sent.body, "ok\n");
    assert_int_equal(get("/readyz", ""), 200);
    ready = false;
    assert_int_equal(get("/readyz", ""), 503);
    assert_string_equal(sent.body, "starting\n");
    assert_int_equal(get("/livez", ""), 200);
    ready = true;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(get("/readyz", ""), 200);
        (void)rig_lobby(); /* there is room for four */
    }
    assert_int_equal(get("/readyz", "verbose"), 503);
    assert_non_null(strstr(sent.body, "[-]room no room for another lobby\n"));
    assert_non_null(strstr(sent.body, "[+]draining ok\n"));
    lobby_drain(true);
    assert_int_equal(get("/readyz", ""), 503);
    assert_string_equal(sent.body, "draining\n");
    lobby_drain(false);
}

/* ---- lobbies --------------------------------------------------------------------------------- */

static void lists_are_asked_for_in_words(void **state) {
    static const struct {
        const char *query;
        uint32_t status;
    } cases[] = {{"", 200},
                 {"gameMode=fake&region=&state=waiting&hasOpenSlots=true&limit=1", 200},
                 {"hasOpenSlots=false", 200},
                 {"hasOpenSlots=1", 400},
                 {"limit=100", 200},
                 {"limit=101", 400},
                 {"limit=0", 400},
                 {"limit=1x", 400},
                 {"limit=0000000001", 400},
                 {"limit=4294967297", 400},
                 {"state=nothing", 400},
                 {"cursor=zz", 400},
                 {"cursor=0", 400},
                 {"cursor=1", 200},
                 {"cursor=00000000000000001", 400},
                 {"gamemode=fake", 400},
                 {"state=waiting&state=active", 400},
                 {"state=%zz", 400}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (get("/v1/lobbies", cases[i].query) != cases[i].status)
            fail_msg("%s: %u", cases[i].query, sent.status);
    const struct lobby *lobby = rig_lobby();
    char path[128];
    snprintf(path, sizeof path, "/v1/lobbies/%s", lobby->key);
    assert_int_equal(get(path, ""), 200);
    assert_non_null(strstr(sent.body, lobby->key));
    assert_int_equal(get("/v1/lobbies", "gameMode=fake"), 200);
    assert_non_null(strstr(sent.body, lobby->key));
    assert_int_equal(get("/v1/lobbies", "gameMode=other"), 200);
    assert_null(strstr(sent.body, lobby->key));
    assert_int_equal(get("/v1/lobbies/nothing", ""), 404);
}

int main(void) {
#define TEST(name, state)                                                                          \
    cmocka_unit_test_prestate_setup_teardown(name, open_rest, close_rest, state)
    static char with_token[] = "\"admin\":{\"token\":\"token\"},\"net\":{\"strangerBurst\":10000}";
    static char without[] = "\"net\":{\"strangerBurst\":10000},\"lobby\":{\"maxLobbies\":4}";
    const struct CMUnitTest tests[] = {
        TEST(who_has_the_token_commands, with_token),
        TEST(without_a_token_nobody_commands, without),
        TEST(a_command_has_its_form, with_token),
        TEST(a_refusal_has_its_status, with_token),
        TEST(who_is_not_ready_says_why, without),
        TEST(lists_are_asked_for_in_words, without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
