/* service_console in the testkit: who listens and who types, and their ends. */
#include "test.h"

#include <string.h>

#include "muster_testkit.h"

#define EVENTS "/v1/admin/events"
#define CONSOLE "/v1/admin/console"

struct rig {
    struct testkit *kit;
    muster_self *plugin;
};

static struct rig rig_open(void) {
    struct rig rig = {.kit = testkit_create()};
    rig.plugin = testkit_load(rig.kit, PLUGIN_DIR "/service_console.so");
    if (!rig.plugin) fail_msg("%s", testkit_error(rig.kit));
    assert_int_equal(testkit_start(rig.plugin), MUSTER_OK);
    return rig;
}

static void rig_close(struct rig *rig) {
    assert_int_equal(testkit_stop(rig->plugin), 0);
    assert_int_equal(testkit_faults(rig->kit), 0);
    testkit_destroy(rig->kit);
}

static void tell(struct rig *rig, uint32_t kind, muster_player_id player) {
    const struct muster_notice notice = {
        .size = sizeof notice, .kind = kind, .seat = MUSTER_SEAT_NONE, .player = player};
    testkit_notice(rig->kit, &notice);
    testkit_pump(rig->kit);
}

static void listeners_hear_notices(void **state) {
    (void)state;
    struct rig rig = rig_open();
    assert_int_equal(testkit_http(rig.kit, "GET", EVENTS, NULL).status, 404);
    struct testkit_response response = testkit_http_admin(rig.kit, "GET", EVENTS, NULL);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.content_type, "text/event-stream");
    assert_non_null(strstr(response.headers, "cache-control: no-store\n"));
    muster_player_id ann = testkit_player_add(rig.kit, "ann", "An\"n");
    tell(&rig, MUSTER_NOTICE_PLAYER_CONNECTED, ann);
    const char *heard = testkit_stream(rig.kit);
    assert_non_null(strstr(heard, "event: player_connected\ndata: {\"at\":"));
    assert_non_null(strstr(heard, "\"playerId\":\"ann\",\"displayName\":\"An\\\"n\"}\n\n"));
    size_t len = strlen(heard);
    testkit_advance(rig.kit, 15000);
    assert_string_equal(testkit_stream(rig.kit) + len, ": alive\n\n");
    assert_true(testkit_stream_drop(rig.kit));
    assert_false(testkit_stream_drop(rig.kit));
    tell(&rig, MUSTER_NOTICE_PLAYER_CONNECTED, ann);
    assert_int_equal(strlen(testkit_stream(rig.kit)), len + strlen(": alive\n\n"));
    assert_int_equal(testkit_http_admin(rig.kit, "GET", EVENTS, NULL).status, 200);
    rig_close(&rig); /* while it lasts */
}

/* The newest answers; valid until the next call. */
static const char *answers(struct rig *rig, uint64_t ws) {
    static char text[65536];
    testkit_pump(rig->kit);
    struct muster_bytes sent = testkit_ws_sent(rig->kit, ws);
    assert_in_range(sent.len, 0, sizeof text - 1);
    if (sent.len) memcpy(text, sent.data, sent.len);
    text[sent.len] = '\0';
    return text;
}

static void lines_are_answered(void **state) {
    (void)state;
    char line[1002];
    struct rig rig = rig_open();
    assert_int_equal(testkit_ws_visit(rig.kit, CONSOLE, NULL, 0, false), 0);
    assert_int_equal(testkit_ws_visit(rig.kit, CONSOLE "s", NULL, 0, true), 0);
    uint64_t ws = testkit_ws_visit(rig.kit, CONSOLE, NULL, 0, true);
    assert_int_not_equal(ws, 0);
    testkit_ws_deliver(rig.kit, ws, "nonsense");
    assert_non_null(strstr(answers(&rig, ws), "{\"id\":1,\"done\":false,\"answer\":\"unknown"));
    testkit_ws_deliver(rig.kit, ws, "help");
    assert_non_null(strstr(answers(&rig, ws), "{\"id\":2,\"done\":true,\"answer\":\"help "));
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    testkit_ws_deliver(rig.kit, ws, line);
    assert_non_null(strstr(answers(&rig, ws), "{\"id\":3,\"done\":false,\"answer\":\"expected a"));
    testkit_ws_deliver(rig.kit, ws, "help");
    testkit_ws_drop(rig.kit, ws); /* before the answer */
    testkit_pump(rig.kit);
    ws = testkit_ws_visit(rig.kit, CONSOLE, NULL, 0, true);
    testkit_ws_deliver(rig.kit, ws, "nonsense");
    assert_non_null(strstr(answers(&rig, ws), "{\"id\":1,"));
    rig_close(&rig); /* while it is open */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_hear_notices),
        cmocka_unit_test(lines_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
