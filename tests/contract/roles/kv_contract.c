/* The role kv: each request is one step and is answered once, in order; what has ended is gone;
 * room is bounded; messages come to all who listen, in order. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    uint32_t asked;
    uint32_t answered;
    bool out_of_order;
    muster_status status; /* of the last answer */
    int64_t number;
    char value[64];
    char heard[256];
} seen;

static const struct muster_host_kv *kv_of(struct bench *bench) {
    return testkit_host(bench->kit)->kv;
}

static void on_answer(void *user, muster_status status, const struct muster_kv_answer *answer) {
    seen.out_of_order = seen.out_of_order || (uintptr_t)user != seen.answered;
    seen.answered++;
    seen.status = status;
    assert_int_equal(answer != NULL, status == MUSTER_OK);
    seen.number = answer ? answer->number : 0;
    snprintf(seen.value, sizeof seen.value, "%.*s", answer ? (int)answer->value.len : 0,
             answer ? (const char *)answer->value.data : "");
}

static void on_message(void *user, const char *channel, struct muster_bytes message) {
    size_t used = strlen(seen.heard);
    snprintf(seen.heard + used, sizeof seen.heard - used, "%s%s:%.*s ", (const char *)user, channel,
             (int)message.len, (const char *)message.data);
}

static muster_status submit(struct bench *bench, struct muster_kv_request request,
                            muster_kv_request_id *out) {
    request.size = sizeof request;
    muster_status status = kv_of(bench)->request(bench->plugin, &request, on_answer,
                                                 (void *)(uintptr_t)seen.asked, out);
    seen.asked += status == MUSTER_OK;
    return status;
}

static struct muster_bytes text(const char *value) {
    return (struct muster_bytes){value, strlen(value)};
}

/* The provider has answered, and in a turn after that those who asked are told. */
static void settle(struct bench *bench) {
    bench_wait_idle(bench);
    testkit_pump(bench->kit);
}

static muster_status run(struct bench *bench, struct muster_kv_request request) {
    assert_int_equal(submit(bench, request, NULL), MUSTER_OK);
    settle(bench);
    assert_int_equal(seen.answered, seen.asked);
    return seen.status;
}

static muster_status set(struct bench *bench, const char *value, uint32_t condition,
                         const char *expected, uint32_t expires_ms) {
    return run(bench, (struct muster_kv_request){.kind = MUSTER_KV_SET,
                                                 .key = "k",
                                                 .value = text(value),
                                                 .condition = condition,
                                                 .expected = text(expected),
                                                 .expires_ms = expires_ms});
}

static const char *get(struct bench *bench, const char *key) {
    muster_status status =
        run(bench, (struct muster_kv_request){.kind = MUSTER_KV_GET, .key = key});
    return status == MUSTER_OK ? seen.value : status == MUSTER_NOT_FOUND ? "none" : "failed";
}

static muster_status increase(struct bench *bench, int64_t by, uint32_t expires_ms) {
    return run(bench,
               (struct muster_kv_request){
                   .kind = MUSTER_KV_INCREASE, .key = "n", .by = by, .expires_ms = expires_ms});
}

static void begin(void) {
    memset(&seen, 0, sizeof seen);
}

static void each_is_answered_once_and_in_order(void **state) {
    struct bench *bench = *state;
    begin();
    for (int i = 0; i < 200; i++)
        assert_int_equal(
            submit(bench,
                   (struct muster_kv_request){.kind = MUSTER_KV_INCREASE, .key = "n", .by = 1},
                   NULL),
            MUSTER_OK);
    assert_int_equal(seen.answered, 0); /* never in the call */
    settle(bench);
    assert_int_equal(seen.answered, 200);
    assert_int_equal(seen.number, 200);
    assert_false(seen.out_of_order);
}

static void a_condition_holds_or_nothing_is_done(void **state) {
    struct bench *bench = *state;
    const struct muster_kv_request away = {.kind = MUSTER_KV_REMOVE, .key = "k"};
    struct muster_kv_request away_if = away;
    away_if.condition = MUSTER_KV_IF_SAME;
    away_if.expected = text("one");
    begin();
    assert_string_equal(get(bench, "k"), "none");
    assert_int_equal(set(bench, "one", MUSTER_KV_IF_SAME, "", 0), MUSTER_CONFLICT);
    assert_int_equal(set(bench, "one", MUSTER_KV_IF_ABSENT, "", 0), MUSTER_OK);
    assert_int_equal(set(bench, "two", MUSTER_KV_IF_ABSENT, "", 0), MUSTER_CONFLICT);
    assert_int_equal(set(bench, "two", MUSTER_KV_IF_SAME, "on", 0), MUSTER_CONFLICT);
    assert_string_equal(get(bench, "k"), "one");
    assert_int_equal(set(bench, "two", MUSTER_KV_IF_SAME, "one", 0), MUSTER_OK);
    assert_string_equal(get(bench, "k"), "two");
    assert_int_equal(run(bench, away_if), MUSTER_CONFLICT);
    assert_int_equal(set(bench, "", MUSTER_KV_ALWAYS, "", 0), MUSTER_OK);
    assert_string_equal(get(bench, "k"), ""); /* nothing is a value, too */
    assert_int_equal(set(bench, "", MUSTER_KV_IF_ABSENT, "", 0), MUSTER_CONFLICT);
    assert_int_equal(run(bench, away), MUSTER_OK);
    assert_int_equal(run(bench, away), MUSTER_NOT_FOUND);
}

static void what_has_ended_is_not_there(void **state) {
    struct bench *bench = *state;
    begin();
    assert_int_equal(set(bench, "one", MUSTER_KV_ALWAYS, "", 1000), MUSTER_OK);
    testkit_advance(bench->kit, 999);
    assert_string_equal(get(bench, "k"), "one");
    testkit_advance(bench->kit, 1);
    assert_string_equal(get(bench, "k"), "none");
    assert_int_equal(set(bench, "two", MUSTER_KV_IF_ABSENT, "", 1000), MUSTER_OK);
    assert_int_equal(set(bench, "three", MUSTER_KV_ALWAYS, "", 0), MUSTER_OK); /* for good */
    testkit_advance(bench->kit, 100000);
    assert_string_equal(get(bench, "k"), "three");
    assert_int_equal(increase(bench, 1, 1000), MUSTER_OK);
    testkit_advance(bench->kit, 600);
    assert_int_equal(increase(bench, 1, 1000), MUSTER_OK); /* the first said when it ends */
    assert_int_equal(seen.number, 2);
    testkit_advance(bench->kit, 400);
    assert_int_equal(increase(bench, 1, 1000), MUSTER_OK);
    assert_int_equal(seen.number, 1);
}

static void a_number_is_a_number(void **state) {
    struct bench *bench = *state;
    struct muster_kv_request put = {.kind = MUSTER_KV_SET, .key = "n"};
    static const char *const wrong[] = {"", "x", "1x", "1 ", "99999999999999999999"};
    begin();
    assert_int_equal(increase(bench, -5, 0), MUSTER_OK);
    assert_int_equal(seen.number, -5);
    assert_string_equal(get(bench, "n"), "-5");
    assert_int_equal(increase(bench, INT64_MIN, 0), MUSTER_INVALID);
    assert_string_equal(get(bench, "n"), "-5");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put.value = text(wrong[i]);
        assert_int_equal(run(bench, put), MUSTER_OK);
        assert_int_equal(increase(bench, 1, 0), MUSTER_INVALID);
    }
}

/* Whatever its bound is: it refuses at last, keeps what it has, and takes more when that has ended.
 */
static void room_is_bounded(void **state) {
    struct bench *bench = *state;
    static char big[MUSTER_KV_VALUE_MAX];
    char key[32];
    struct muster_kv_request put = {
        .kind = MUSTER_KV_SET, .key = key, .value = {big, sizeof big}, .expires_ms = 5000};
    uint32_t count = 0;
    begin();
    assert_int_equal(set(bench, "one", MUSTER_KV_ALWAYS, "", 0), MUSTER_OK);
    do {
        snprintf(key, sizeof key, "key %u", count++);
    } while (run(bench, put) == MUSTER_OK && count < 4096);
    assert_int_equal(seen.status, MUSTER_LIMIT);
    assert_string_equal(get(bench, key), "none");
    assert_string_equal(get(bench, "k"), "one");
    testkit_advance(bench->kit, 5000);
    assert_int_equal(run(bench, put), MUSTER_OK);
    assert_string_equal(get(bench, "k"), "one");
}

static muster_status publish(struct bench *bench, const char *channel, const char *message) {
    const struct muster_kv_request request = {
        .kind = MUSTER_KV_PUBLISH, .key = channel, .value = text(message)};
    return submit(bench, request, NULL);
}

static void listen(struct bench *bench, const char *channel, const char *mark,
                   muster_kv_subscription_id *out) {
    assert_int_equal(kv_of(bench)->subscribe(bench->plugin, channel, on_message, (void *)mark, out),
                     MUSTER_OK);
}

static void messages_come_to_all_who_listen_in_order(void **state) {
    struct bench *bench = *state;
    muster_kv_subscription_id first, second, other;
    begin();
    assert_int_equal(publish(bench, "news", "0"), MUSTER_OK);
    settle(bench);
    listen(bench, "news", "a.", &first);
    listen(bench, "news", "b.", &second);
    listen(bench, "else", "c.", &other);
    assert_int_equal(publish(bench, "news", "1"), MUSTER_OK);
    assert_int_equal(publish(bench, "else", "2"), MUSTER_OK);
    assert_int_equal(publish(bench, "news", "3"), MUSTER_OK);
    assert_string_equal(seen.heard, ""); /* never in the call */
    settle(bench);
    assert_string_equal(seen.heard, "a.news:1 b.news:1 c.else:2 a.news:3 b.news:3 ");
    assert_int_equal(kv_of(bench)->unsubscribe(bench->plugin, first), MUSTER_OK);
    assert_int_equal(kv_of(bench)->unsubscribe(bench->plugin, other), MUSTER_OK);
    assert_int_equal(publish(bench, "else", "4"), MUSTER_OK);
    assert_int_equal(publish(bench, "news", "5"), MUSTER_OK);
    settle(bench);
    assert_string_equal(seen.heard, "a.news:1 b.news:1 c.else:2 a.news:3 b.news:3 b.news:5 ");
}

/* Who listens goes on with the next generation of the provider. */
static void a_reload_loses_nobody_who_listens(void **state) {
    struct bench *bench = *state;
    muster_kv_subscription_id id;
    begin();
    muster_self *listener = testkit_load(bench->kit, PLUGIN_DIR "/service_metrics.so");
    assert_non_null(listener);
    assert_int_equal(testkit_start(listener), MUSTER_OK);
    assert_int_equal(kv_of(bench)->subscribe(listener, "news", on_message, "", &id), MUSTER_OK);
    bench->plugin = testkit_reload(bench->kit, bench->plugin);
    assert_non_null(bench->plugin);
    assert_int_equal(publish(bench, "news", "1"), MUSTER_OK);
    settle(bench);
    assert_string_equal(seen.heard, "news:1 ");
    assert_int_equal(testkit_stop(listener), 0);
}

static void what_is_cancelled_is_closed_once(void **state) {
    struct bench *bench = *state;
    muster_kv_request_id id;
    const struct muster_kv_request request = {.kind = MUSTER_KV_GET, .key = "k"};
    begin();
    assert_int_equal(submit(bench, request, &id), MUSTER_OK);
    assert_int_equal(kv_of(bench)->cancel(bench->plugin, id), MUSTER_OK);
    assert_int_equal(kv_of(bench)->cancel(bench->plugin, id), MUSTER_NOT_FOUND);
    assert_int_equal(seen.answered, 0);
    settle(bench);
    assert_int_equal(seen.answered, 1);
    assert_int_equal(seen.status, MUSTER_CLOSED);
}

static void what_is_asked_when_it_stops_is_answered(void **state) {
    struct bench *bench = *state;
    muster_kv_subscription_id id;
    begin();
    listen(bench, "news", "", &id);
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            submit(bench, (struct muster_kv_request){.kind = MUSTER_KV_GET, .key = "k"}, NULL),
            MUSTER_OK);
    assert_int_equal(publish(bench, "news", "1"), MUSTER_OK);
    assert_int_equal(testkit_stop(bench->plugin), 0);
    assert_int_equal(seen.answered, 101);
    assert_false(seen.out_of_order);
    settle(bench);
    assert_int_equal(seen.answered, 101);
    assert_string_equal(seen.heard, ""); /* it has stopped */
}

int main(void) {
    static const struct contract_test tests[] = {
        {"each is answered once and in order", each_is_answered_once_and_in_order},
        {"a condition holds or nothing is done", a_condition_holds_or_nothing_is_done},
        {"what has ended is not there", what_has_ended_is_not_there},
        {"a number is a number", a_number_is_a_number},
        {"room is bounded", room_is_bounded},
        {"messages come to all who listen, in order", messages_come_to_all_who_listen_in_order},
        {"a reload loses nobody who listens", a_reload_loses_nobody_who_listens},
        {"what is cancelled is closed once", what_is_cancelled_is_closed_once},
        {"what is asked when it stops is answered", what_is_asked_when_it_stops_is_answered},
    };
    return contract_run(MUSTER_ROLE_KV, tests, sizeof tests / sizeof tests[0]);
}
