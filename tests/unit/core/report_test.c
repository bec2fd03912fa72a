/* Reports on their way to reporters: when one is tried again, when it is given up, and that one
 * reporter's trouble is not another's. */
#include "match_rig.h"

#include "metrics.h"
#include "report.h"

#define START_MS 1000000
#define TICK_MS 250 /* between two looks for what is due */
#define ASKED_MAX 16

/* The plugin comes first: it is its own instance. */
static struct reporter {
    struct muster_self self;
    muster_verdict verdict;
    bool completes; /* in the call, with ACCEPT */
    uint32_t asked;
    uint64_t asked_ms[ASKED_MAX];
    muster_report_ticket_id ticket; /* of the newest */
    uint32_t kind;
    char json[(256 << 10) + 1];
} first, second;

static muster_status complete(struct reporter *reporter, muster_verdict verdict) {
    return host_table()->report->complete(&reporter->self, reporter->ticket, verdict);
}

static muster_verdict on_deliver(void *instance, const struct muster_report *report) {
    struct reporter *reporter = instance;
    assert_true(reporter->asked < ASKED_MAX && report->json.len < sizeof reporter->json);
    reporter->asked_ms[reporter->asked++] = loop_now_ms();
    reporter->ticket = report->ticket;
    reporter->kind = report->kind;
    memcpy(reporter->json, report->json.data, report->json.len);
    reporter->json[report->json.len] = '\0';
    if (reporter->completes) assert_int_equal(complete(reporter, MUSTER_ACCEPT), MUSTER_OK);
    return reporter->verdict;
}

static const struct muster_reporter vtable = {.size = sizeof vtable, .deliver = on_deliver};
static const struct muster_role roles[] = {{MUSTER_ROLE_REPORTER, 0, &vtable}};

static int open_reports(void **state) {
    (void)state;
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    first.verdict = second.verdict = MUSTER_ACCEPT;
    metrics_set(METRIC_REPORTS_DROPPED, 0);
    settings = json_pack("{s:i}", "maxPlayers", 4);
    if (game_open("\"report\":{\"attemptsMax\":3,\"backoffMs\":1000,\"queueMax\":2}")) return -1;
    loop_clock_virtual(START_MS, 0);
    return match_table_init(4) || report_init() ||
                   fake_plugin(&first.self, "first", roles, 1, NULL, NULL)
               ? -1
               : 0;
}

static int close_reports(void **state) {
    report_deinit();
    pending_close_owner(&first.self);
    pending_close_owner(&second.self);
    registry_remove(&first.self);
    registry_remove(&second.self);
    return close_books(state) || first.self.pins || second.self.pins ? -1 : 0;
}

static void pass(uint32_t ms) {
    loop_clock_advance(loop_now_ms() + ms);
}

static void submit(int number) {
    report_submit(MUSTER_REPORT_MATCH_RESULT, json_pack("{s:i}", "number", number));
}

static void what_is_taken_is_told_once(void **state) {
    (void)state;
    submit(1);
    assert_int_equal(first.asked, 1); /* at once: nothing waits that a kill could lose */
    assert_int_equal(first.kind, MUSTER_REPORT_MATCH_RESULT);
    assert_string_equal(first.json, "{\"number\":1}");
    pass(60000);
    assert_int_equal(first.asked, 1);
    assert_int_equal(first.self.pins, 0);
    report_submit(MUSTER_REPORT_MATCH_RESULT, NULL); /* out of memory: nothing */
    pass(TICK_MS);
    assert_int_equal(first.asked, 1);
}

/* A plugin that reports in a call must not be asked within it. */
static void who_is_on_the_stack_is_asked_afterwards(void **state) {
    (void)state;
    plugin_enter(&first.self, "anything");
    submit(1);
    assert_int_equal(first.asked, 0);
    assert_int_equal(first.self.pins, 1);
    plugin_leave();
    pass(TICK_MS);
    assert_int_equal(first.asked, 1);
    assert_int_equal(first.self.pins, 0);
}

/* What was refused, and what was not asked for yet. */
static void at_the_stop_all_that_waits_is_tried_once_more(void **state) {
    (void)state;
    first.verdict = MUSTER_REJECT;
    submit(1);
    plugin_enter(&first.self, "anything");
    submit(2);
    plugin_leave();
    report_hurry();
    assert_int_equal(first.asked, 3);
    first.verdict = MUSTER_ACCEPT;
    report_hurry();
    report_hurry();
    assert_int_equal(first.asked, 5);
    assert_int_equal(first.self.pins, 0);
}

static void pauses_double_until_it_is_given_up(void **state) {
    (void)state;
    first.verdict = MUSTER_REJECT;
    submit(1);
    pass(60000);
    assert_int_equal(first.asked, 3);
    assert_int_equal(first.asked_ms[0], START_MS);
    assert_int_equal(first.asked_ms[1] - first.asked_ms[0], 1000);
    assert_int_equal(first.asked_ms[2] - first.asked_ms[1], 2000);
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 1);
    assert_int_equal(first.self.pins, 0);
    first.asked = 0; /* what it was refused before is not the next one's */
    submit(2);
    first.verdict = MUSTER_ACCEPT;
    pass(1000);
    assert_int_equal(first.asked, 2);
    pass(60000);
    assert_int_equal(first.asked, 2);
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 1);
}

static void an_answer_may_come_later(void **state) {
    (void)state;
    first.verdict = MUSTER_PENDING;
    submit(1);
    pass(20000); /* it is not asked again while it works upon it */
    assert_int_equal(first.asked, 1);
    assert_int_equal(complete(&first, MUSTER_REJECT), MUSTER_OK);
    assert_int_equal(complete(&first, MUSTER_ACCEPT), MUSTER_NOT_FOUND); /* once */
    pass(999);
    assert_int_equal(first.asked, 1);
    pass(1);
    assert_int_equal(first.asked, 2);
    pass(29999); /* no answer in time */
    assert_int_equal(first.asked, 2);
    pass(1 + 2000 + TICK_MS);
    assert_int_equal(first.asked, 3);
    assert_int_equal(complete(&first, MUSTER_ACCEPT), MUSTER_OK);
    assert_int_equal(first.self.pins, 0);
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 0);
}

/* What the call says besides is worth nothing. */
static void an_answer_may_come_in_the_call(void **state) {
    (void)state;
    static const muster_verdict verdicts[] = {MUSTER_PENDING, MUSTER_REJECT, MUSTER_ACCEPT};
    first.completes = true;
    for (uint32_t i = 0; i < 3; i++) {
        first.verdict = verdicts[i];
        submit(1);
        pass(60000);
        assert_int_equal(first.asked, i + 1);
        assert_int_equal(first.self.pins, 0);
    }
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 0);
}

/* The oldest is given up, although it is worked upon; its answer is nobody's. */
static void so_many_wait(void **state) {
    (void)state;
    first.verdict = MUSTER_PENDING;
    submit(1);
    muster_report_ticket_id oldest = first.ticket;
    submit(2);
    muster_report_ticket_id second_oldest = first.ticket;
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 0);
    submit(3);
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 1);
    assert_int_equal(first.asked, 3);
    assert_string_equal(first.json, "{\"number\":3}");
    assert_int_equal(host_table()->report->complete(&first.self, oldest, MUSTER_ACCEPT), MUSTER_OK);
    assert_int_equal(host_table()->report->complete(&first.self, second_oldest, MUSTER_ACCEPT),
                     MUSTER_OK);
    assert_int_equal(complete(&first, MUSTER_ACCEPT), MUSTER_OK);
    pass(60000);
    assert_int_equal(first.asked, 3);
    assert_int_equal(first.self.pins, 0);
    assert_true(metrics_values[METRIC_REPORTS_DROPPED] == 1);
}

static void each_reporter_has_its_own(void **state) {
    (void)state;
    assert_int_equal(fake_plugin(&second.self, "second", roles, 1, NULL, NULL), 0);
    first.verdict = MUSTER_REJECT;
    submit(1);
    assert_int_equal(first.asked, 1);
    assert_int_equal(second.asked, 1);
    assert_int_equal(first.self.pins, 1);
    assert_int_equal(second.self.pins, 0);
    pass(60000);
    assert_int_equal(first.asked, 3);
    assert_int_equal(second.asked, 1);
}

enum { REPORT_BYTES = 256 << 10 };

static void a_report_has_a_length(void **state) {
    (void)state;
    static char text[REPORT_BYTES + 1];
    memset(text, 'x', sizeof text - 1);
    for (uint32_t over = 0; over < 2; over++) {
        text[REPORT_BYTES - strlen("{\"t\":\"\"}") + over] = '\0';
        report_submit(MUSTER_REPORT_MATCH_RESULT, json_pack("{s:s}", "t", text));
        memset(text, 'x', sizeof text - 1);
        pass(TICK_MS);
        assert_int_equal(first.asked, 1);
        assert_int_equal(strlen(first.json), REPORT_BYTES);
    }
}

/* The server stops while one is worked upon and one waits. */
static void nothing_is_left_at_the_stop(void **state) {
    (void)state;
    first.verdict = MUSTER_PENDING;
    submit(1);
    plugin_enter(&first.self, "anything");
    submit(2);
    plugin_leave();
    report_deinit();
    assert_int_equal(first.self.pins, 1); /* the ticket's */
    assert_int_equal(complete(&first, MUSTER_REJECT), MUSTER_OK);
    assert_int_equal(first.self.pins, 0);
    pass(60000);
    assert_int_equal(first.asked, 1);
    assert_int_equal(report_init(), MUSTER_OK); /* for the end of the test */
}

static void a_suspicion_says_of_whom_it_is(void **state) {
    (void)state;
    static const char good[] = "{\"detector\":\"speed\",\"severity\":10,\"playerId\":\"eve\"}";
    static const char *const wrong[] = {
        "{\"severity\":1}",
        "{\"detector\":1,\"severity\":1}",
        "{\"detector\":\"speed\"}",
        "{\"detector\":\"speed\",\"severity\":0}",
        "{\"detector\":\"speed\",\"severity\":11}",
        "{\"detector\":\"speed\",\"severity\":1.5}",
        "{\"detector\":\"speed\",\"severity\":1,\"family\":1}",
        "{\"detector\":\"speed\",\"severity\":1,\"severity\":1}",
        "[]",
        "",
    };
    struct match *match = make_with_player();
    step(match);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(report_suspicion(match->id, 0, wrong[i]), MUSTER_INVALID);
    assert_int_equal(report_suspicion((muster_match_id){match->id.value + 1}, 0, good),
                     MUSTER_NOT_FOUND);
    assert_int_equal(report_suspicion(match->id, 1, good), MUSTER_NOT_FOUND);
    assert_int_equal(report_suspicion(match->id, MUSTER_SEATS_MAX, good), MUSTER_NOT_FOUND);
    assert_int_equal(report_suspicion(match->id, 0, good), MUSTER_OK);
    pass(TICK_MS);
    assert_int_equal(first.asked, 1);
    assert_int_equal(first.kind, MUSTER_REPORT_SUSPICION);
    assert_non_null(strstr(first.json, "\"playerId\":\"ann\""));
    assert_non_null(strstr(first.json, "\"matchId\":\"m\""));
    assert_non_null(strstr(first.json, "\"lobbyId\":\"l\""));
    assert_non_null(strstr(first.json, "\"tick\":1"));
    assert_non_null(strstr(first.json, "\"severity\":10"));
    assert_non_null(strstr(first.json, "\"action\":\"log\""));
    assert_non_null(strstr(first.json, "\"replay\":null"));
    match_destroy(match);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_reports, close_reports)
    const struct CMUnitTest tests[] = {
        TEST(what_is_taken_is_told_once),
        TEST(who_is_on_the_stack_is_asked_afterwards),
        TEST(at_the_stop_all_that_waits_is_tried_once_more),
        TEST(pauses_double_until_it_is_given_up),
        TEST(an_answer_may_come_later),
        TEST(an_answer_may_come_in_the_call),
        TEST(so_many_wait),
        TEST(each_reporter_has_its_own),
        TEST(a_report_has_a_length),
        TEST(nothing_is_left_at_the_stop),
        TEST(a_suspicion_says_of_whom_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
