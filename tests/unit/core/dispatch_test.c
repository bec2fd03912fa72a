/* The gate: which request of whom runs, and how it is answered; methods of plugins behind it. */
#include "books_rig.h"
#include "registration.h"

#include "dispatch.h"
#include "methods.h"
#include "moderation.h"
#include "paths.h"

static struct client stranger;
static uint32_t ran;

/* ---- methods --------------------------------------------------------------------------------- */

static int32_t on_run(struct call *call) {
    ran++;
    call->result = json_pack("{s:I,s:b,s:s}", "i", (json_int_t)param_int(call, "i", -7), "b",
                             param_bool(call, "b", true), "s", param_string(call, "s", "none"));
    return RPC_OK;
}

static int32_t on_reason(struct call *call) {
    ran++;
    call->result = json_pack("{s:s}", "reason", param_string(call, "reason", "none"));
    return RPC_OK;
}

static int32_t on_long(struct call *call) {
    char *text = malloc(40001);
    memset(text, ' ', 40000);
    memcpy(text, "{}", 2);
    text[40000] = '\0';
    call->text = text;
    return RPC_OK;
}

static const struct param run_params[] = {{"i", PARAM_INT, false, 2, 5},
                                          {"b", PARAM_BOOL, false, 0, 0},
                                          {"s", PARAM_STRING, false, 2, 4},
                                          {"o", PARAM_OBJECT, false, 0, 0},
                                          END_PARAM};
static const struct param need_params[] = {{"s", PARAM_STRING, true, 0, 4}, END_PARAM};
static const struct param reason_params[] = {{"reason", PARAM_STRING, false, 0, 9}, END_PARAM};
static const struct method table[] = {{"t.run", 0, on_run, run_params},
                                      {"t.need", 0, on_run, need_params},
                                      {"t.bare", 0, on_run, NULL},
                                      {"t.open", METHOD_OPEN, on_run, NULL},
                                      {"t.admin", METHOD_ADMIN, on_run, NULL},
                                      {"t.alone", METHOD_ALONE, on_run, NULL},
                                      {"t.long", 0, on_long, NULL},
                                      {"t.reason", 0, on_reason, reason_params},
                                      {0}};

static int open_gate(void **state) {
    char error[PATHS_ERROR_MAX];
    setenv("MUSTER_NET_STRANGER_BURST", "10", 1);
    setenv("MUSTER_NET_STRANGER_PER_SECOND", "1", 1);
    setenv("MUSTER_NET_REQUESTS_BURST", "300", 1);
    setenv("MUSTER_NET_ANSWER_TIMEOUT_MS", "100", 1);
    if (rig_open(state) || paths_init(true, error) || dispatch_init(table)) return -1;
    dispatch_set_more(methods_plugin_find);
    stranger = (struct client){.conn = RIG_CLIENTS, .party = party_hold_address("192.0.2.1")};
    ran = 0;
    return 0;
}

static int close_gate(void **state) {
    registration_owner_gone(&game.self);
    party_release(stranger.party);
    dispatch_deinit();
    moderation_deinit();
    int code = rig_close(state);
    party_deinit();
    paths_deinit();
    return code;
}

/* ---- acts ------------------------------------------------------------------------------------ */

static const char *say(struct client *client, const char *text) {
    rig_forget(client);
    dispatch_text(client, text, (uint32_t)strlen(text));
    return rig.told[client->conn - 1];
}

static const char *ask(struct client *client, const char *method, const char *params) {
    char text[512];
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
             method, params);
    return say(client, text);
}

/* The word of the error, or "". */
static const char *word_of(const char *answer) {
    static char word[32];
    const char *at = strstr(answer, "\"data\":{");
    word[0] = '\0';
    if (at && (at = strstr(at, "\"code\":\""))) sscanf(at + 8, "%31[a-z_]", word);
    return word;
}

static void refused(struct client *client, const char *method, const char *params,
                    const char *word) {
    uint32_t before = ran;
    assert_string_equal(word_of(ask(client, method, params)), word);
    assert_int_equal(ran, before);
}

static void runs(struct client *client, const char *method, const char *params) {
    uint32_t before = ran;
    assert_string_equal(word_of(ask(client, method, params)), "");
    assert_int_equal(ran, before + 1);
}

/* ---- who may --------------------------------------------------------------------------------- */

static void who_may_run_what(void **state) {
    (void)state;
    struct client *client;
    struct session *session = rig_sign_in("ann", &client);
    refused(client, "t.nothing", "{}", "method_not_found");
    refused(&stranger, "t.nothing", "{}", "method_not_found");
    refused(&stranger, "t.bare", "{}", "unauthenticated");
    runs(&stranger, "t.open", "{}");
    runs(client, "t.bare", "{}");
    refused(client, "t.admin", "{}", "forbidden");
    snprintf(session->permissions, sizeof session->permissions, "nonadmin host");
    refused(client, "t.admin", "{}", "forbidden");
    snprintf(session->permissions, sizeof session->permissions, "host admin");
    runs(client, "t.admin", "{}");
    runs(client, "t.alone", "{}");
    say(client, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t.alone\"},"
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"t.bare\"}]");
    assert_true(rig_told(client, "t.alone is not legal in a batch"));
    assert_int_equal(ran, 5);
    assert_string_equal(say(client, "{\"jsonrpc\":\"2.0\",\"method\":\"t.bare\"}"), "");
    assert_string_equal(say(client, "{\"jsonrpc\":\"2.0\",\"method\":\"t.nothing\"}"), "");
    assert_int_equal(ran, 6); /* without an id there is no answer */
}

static void parameters_have_their_form(void **state) {
    static const struct {
        const char *method, *params;
        bool good;
    } cases[] = {{"t.run", "{}", true},
                 {"t.run", "null", true},
                 {"t.run", "[]", false},
                 {"t.run", "{\"i\":1}", false},
                 {"t.run", "{\"i\":2}", true},
                 {"t.run", "{\"i\":5}", true},
                 {"t.run", "{\"i\":6}", false},
                 {"t.run", "{\"i\":2.0}", false},
                 {"t.run", "{\"i\":\"2\"}", false},
                 {"t.run", "{\"s\":\"a\"}", false},
                 {"t.run", "{\"s\":\"ab\"}", true},
                 {"t.run", "{\"s\":\"abcd\"}", true},
                 {"t.run", "{\"s\":\"abcde\"}", false},
                 {"t.run", "{\"s\":\"\303\244\303\244\"}", true},
                 {"t.run", "{\"s\":\"\303\244\303\244a\"}", false},
                 {"t.run", "{\"s\":null}", false},
                 {"t.run", "{\"b\":0}", false},
                 {"t.run", "{\"b\":false}", true},
                 {"t.run", "{\"o\":[]}", false},
                 {"t.run", "{\"o\":{}}", true},
                 {"t.run", "{\"x\":1}", false},
                 {"t.bare", "{\"x\":1}", false},
                 {"t.need", "{}", false},
                 {"t.need", "{\"s\":\"\"}", true}};
    struct client *client;
    (void)state;
    rig_sign_in("ann", &client);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].good)
            runs(client, cases[i].method, cases[i].params);
        else
            refused(client, cases[i].method, cases[i].params, "invalid_params");
    }
    ask(client, "t.run", "{}");
    assert_true(rig_told(client, "{\"i\":-7,\"b\":true,\"s\":\"none\"}"));
    ask(client, "t.run", "{\"i\":3,\"b\":false,\"s\":\"abc\"}");
    assert_true(rig_told(client, "{\"i\":3,\"b\":false,\"s\":\"abc\"}"));
    ask(client, "t.run", "{\"i\":9}");
    assert_true(rig_told(client, "i: expected an integer of 2 to 5, found 9"));
}

/* What they write elsewhere would reach others as what the server says. */
static void the_muted_give_no_reasons(void **state) {
    const struct sanction mute = {.kind = SANCTION_MUTE, .player_key = "ann", .reason = "loud"};
    struct client *ann, *bea;
    (void)state;
    rig_sign_in("ann", &ann);
    rig_sign_in("bea", &bea);
    ask(ann, "t.reason", "{\"reason\":\"mine\"}");
    assert_true(rig_told(ann, "\"reason\":\"mine\""));
    assert_int_equal(moderation_add(&mute), MUSTER_OK);
    ask(ann, "t.reason", "{\"reason\":\"mine\"}");
    assert_true(rig_told(ann, "\"result\":{\"reason\":\"none\"}"));
    ask(bea, "t.reason", "{\"reason\":\"mine\"}");
    assert_true(rig_told(bea, "\"reason\":\"mine\""));
}

/* ---- how much -------------------------------------------------------------------------------- */

static void a_flood_of_refusals_ends_a_stranger(void **state) {
    (void)state;
    uint32_t limited = 0;
    for (int i = 0; i < 100 && !stranger.closing; i++)
        limited += strcmp(word_of(ask(&stranger, "t.open", "{}")), "rate_limited") == 0;
    assert_int_equal(limited, 21);
    assert_true(ran <= 10);
    assert_int_equal(rig.close_code[RIG_CLIENTS - 1], 4005);
}

static void a_flood_of_errors_ends_anybody(void **state) {
    struct client *client;
    (void)state;
    rig_sign_in("ann", &client);
    for (int i = 0; i < 20; i++) say(client, i % 2 ? "{" : "{\"jsonrpc\":\"1.0\"}");
    refused(client, "t.nothing", "{}", "method_not_found"); /* a request, though a wrong one */
    assert_false(client->closing);
    say(client, "[]");
    assert_true(client->closing);
    assert_int_equal(rig.close_code[client->conn - 1], 4005);
    assert_string_equal(ask(client, "t.bare", "{}"), "");
}

static void requests_of_a_player_are_counted(void **state) {
    struct client *client;
    uint32_t limited = 0;
    (void)state;
    rig_sign_in("ann", &client);
    for (int i = 0; i < 320; i++)
        limited += strcmp(word_of(ask(client, "t.bare", "{}")), "rate_limited") == 0;
    assert_in_range(ran, 280, 300); /* answers have their price, too */
    assert_int_equal(limited, 320 - ran);
    assert_true(rig_told(client, "\"retryAfterMs\":"));
    assert_false(client->closing); /* its messages are counted elsewhere */
}

/* Long answers are dear for the player, and for the address, which has eight times as much. */
static void an_address_pays_for_long_answers(void **state) {
    (void)state;
    for (int i = 0; i < 9; i++) {
        char key[8];
        struct client *client;
        uint32_t given = 0;
        snprintf(key, sizeof key, "p%d", i);
        rig_sign_in(key, &client);
        client->party = stranger.party;
        while (given < 300 && !word_of(ask(client, "t.long", "{}"))[0]) given++;
        assert_in_range(given, i < 8 ? 20 : 0, i < 8 ? 40 : 2);
        assert_string_equal(word_of(rig.told[client->conn - 1]), "rate_limited");
    }
}

static void a_long_batch_is_not_answered_whole(void **state) {
    struct client *client;
    (void)state;
    rig_sign_in("ann", &client);
    const char *answer = say(client, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t.long\"},"
                                     "{\"jsonrpc\":\"2.0\",\"method\":\"t.bare\"},"
                                     "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"t.run\"},"
                                     "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"t.run\"}]");
    assert_int_equal(ran, 3); /* 40 KB so far */
    assert_int_equal(answer[0], '[');
    assert_non_null(strstr(answer, "\"id\":3}]"));
    ran = 0;
    (void)say(client, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t.long\"},"
                      "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"t.long\"},"
                      "{\"jsonrpc\":\"2.0\",\"method\":\"t.run\"},"
                      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"t.run\"}]");
    assert_int_equal(ran, 0); /* 80 KB: what comes behind does not run */
}

/* ---- methods of plugins ---------------------------------------------------------------------- */

static struct {
    uint32_t count;
    muster_rpc_call_id id;
    muster_player_id player;
    char params[64];
    const char *answers; /* in the call */
    bool refuses;
} plugin;

static const struct muster_host_rpc *rpc(void) {
    return host_table()->rpc;
}

static void on_plugin(void *user, const struct muster_rpc_call *call) {
    (void)user;
    plugin.count++;
    plugin.id = call->id;
    plugin.player = call->player;
    snprintf(plugin.params, sizeof plugin.params, "%s", (const char *)call->params.data);
    if (plugin.answers)
        assert_int_equal(rpc()->answer(&game.self, call->id, plugin.answers), MUSTER_OK);
    if (plugin.refuses)
        assert_int_equal(rpc()->refuse(&game.self, call->id, "not_found", "no such thing", NULL),
                         MUSTER_OK);
}

static struct session *with_plugin(struct client **client) {
    memset(&plugin, 0, sizeof plugin);
    assert_int_equal(methods_plugin_add(&game.self, "p.ask", on_plugin, NULL), MUSTER_OK);
    return rig_sign_in("ann", client);
}

static void a_plugin_answers_at_once(void **state) {
    struct client *client;
    (void)state;
    const struct session *session = with_plugin(&client);
    plugin.answers = "{\"a\":1}";
    ask(client, "p.ask", "{\"x\":[1]}");
    assert_true(rig_told(client, "\"result\":{\"a\":1},\"id\":1"));
    assert_int_equal(plugin.player.value, session->id.value);
    assert_string_equal(plugin.params, "{\"x\":[1]}");
    assert_int_equal(rpc()->answer(&game.self, plugin.id, "{}"), MUSTER_NOT_FOUND); /* twice */
    plugin.answers = NULL;
    plugin.refuses = true;
    assert_string_equal(word_of(ask(client, "p.ask", "{}")), "not_found");
    assert_string_equal(word_of(ask(&stranger, "p.ask", "{}")), "unauthenticated");
    assert_int_equal(plugin.count, 2);
}

static void a_plugin_answers_later(void **state) {
    struct client *client;
    (void)state;
    with_plugin(&client);
    assert_string_equal(ask(client, "p.ask", "null"), "");
    assert_string_equal(plugin.params, "{}");
    assert_int_equal(rpc()->answer(&game.self, plugin.id, "{\"a\":2}"), MUSTER_OK);
    assert_true(rig_told(client, "\"result\":{\"a\":2},\"id\":1"));
    rig_forget(client);
    assert_int_equal(rpc()->answer(&game.self, plugin.id, "{}"), MUSTER_NOT_FOUND);
    assert_string_equal(rig.told[client->conn - 1], "");
    /* What is no object is the plugin's fault, and the player's answer. */
    ask(client, "p.ask", "{}");
    assert_int_equal(rpc()->answer(&game.self, plugin.id, "[1]"), MUSTER_INVALID);
    assert_string_equal(word_of(rig.told[client->conn - 1]), "internal_error");
    /* A refusal says more when the plugin does. */
    const struct muster_refusal refusal = {
        .size = sizeof refusal, .word = "too_soon", .retry_after_ms = 50};
    ask(client, "p.ask", "{}");
    assert_int_equal(rpc()->refuse(&game.self, plugin.id, "denied", NULL, &refusal), MUSTER_OK);
    assert_string_equal(word_of(rig.told[client->conn - 1]), "rate_limited");
    assert_true(rig_told(client, "\"reason\":\"too_soon\",\"retryAfterMs\":50"));
}

static bool never(void *user) {
    (void)user;
    return false;
}

static void a_silent_plugin_is_not_waited_for(void **state) {
    struct client *client;
    (void)state;
    with_plugin(&client);
    ask(client, "p.ask", "{}");
    rig_now_ms += 99;
    assert_string_equal(rig.told[client->conn - 1], "");
    rig_now_ms += 2;
    for (int i = 0; i < 100 && !rig.told[client->conn - 1][0]; i++) loop_run_until(never, NULL, 20);
    assert_true(rig_told(client, "no answer in time"));
    assert_string_equal(word_of(rig.told[client->conn - 1]), "unavailable");
    ask(client, "p.ask", "{}");
    pending_close_owner(&game.self);
    assert_true(rig_told(client, "the plugin has stopped"));
}

/* An answer is for the connection that asked: its id says nothing on another. */
static void an_answer_goes_to_who_asked(void **state) {
    struct client *before, *after;
    (void)state;
    with_plugin(&before);
    ask(before, "p.ask", "{}");
    rig_sign_in("ann", &after);
    rig_forget(before);
    rig_forget(after);
    assert_int_equal(rpc()->answer(&game.self, plugin.id, "{\"a\":1}"), MUSTER_OK);
    assert_string_equal(rig.told[before->conn - 1], "");
    assert_string_equal(rig.told[after->conn - 1], "");
    ask(after, "p.ask", "{}");
    rig_drop(after);
    assert_int_equal(rpc()->answer(&game.self, plugin.id, "{\"a\":1}"), MUSTER_OK);
    assert_string_equal(rig.told[after->conn - 1], "");
}

static void names_of_methods_have_their_form(void **state) {
    static const char *const bad[] = {"",      "a",    "ask",   ".ask",  "p.",
                                      "p.a.b", "p..a", "p.a b", "p.a-b", NULL};
    char longest[66] = "p.";
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(methods_plugin_add(&game.self, bad[i], on_plugin, NULL), MUSTER_INVALID);
    assert_int_equal(methods_plugin_add(&game.self, "p.ask", NULL, NULL), MUSTER_INVALID);
    memset(longest + 2, 'a', 62);
    assert_int_equal(methods_plugin_add(&game.self, longest, on_plugin, NULL), MUSTER_INVALID);
    longest[63] = '\0';
    assert_int_equal(methods_plugin_add(&game.self, longest, on_plugin, NULL), MUSTER_OK);
    assert_int_equal(methods_plugin_add(&game.self, longest, on_plugin, NULL), MUSTER_EXISTS);
    assert_int_equal(methods_plugin_add(&game.self, "lobby.join", on_plugin, NULL), MUSTER_EXISTS);
    struct client *client;
    with_plugin(&client);
    registration_owner_gone(&game.self);
    refused(client, "p.ask", "{}", "method_not_found");
    assert_null(methods_plugin_find(longest, NULL));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_gate, close_gate)
    const struct CMUnitTest tests[] = {
        TEST(who_may_run_what),
        TEST(parameters_have_their_form),
        TEST(the_muted_give_no_reasons),
        TEST(a_flood_of_refusals_ends_a_stranger),
        TEST(a_flood_of_errors_ends_anybody),
        TEST(requests_of_a_player_are_counted),
        TEST(an_address_pays_for_long_answers),
        TEST(a_long_batch_is_not_answered_whole),
        TEST(a_plugin_answers_at_once),
        TEST(a_plugin_answers_later),
        TEST(a_silent_plugin_is_not_waited_for),
        TEST(an_answer_goes_to_who_asked),
        TEST(names_of_methods_have_their_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
