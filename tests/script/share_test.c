/* What scripts may spend together: for one event, in a tick, in all lobbies; and their turns. Time
 * is told by units here, so that it passes alike everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin_play.h"

#include <stdio.h>
#include <string.h>

/* One piece of work of the rules below is about 25 us. */
#define WORK "local function work(n) for i = 1, n do local s = ('x'):rep(200000) end end\n"
enum { CALL_UNITS = 1000000, CALL_US = 2000, TIMERS = 60 };

static struct rig *rig;

static int close_rig(void **state) {
    (void)state;
    uint32_t faults = rig ? testkit_faults(rig->kit) : 0;
    rig_destroy(rig);
    rig = NULL;
    return faults ? -1 : 0;
}

static struct rig *make_rig(bool is_replay) {
    struct rig *made = rig_create(is_replay, is_replay ? UINT64_MAX : CALL_UNITS, RULES_DIR);
    made->instance->call_us = CALL_US; /* sanitized or not */
    return made;
}

static void bring(const char *text) {
    rig = make_rig(false);
    struct testkit_rpc rpc = rig_upload(rig, "brought", text, strlen(text));
    if (rpc.code[0]) fail_msg("refused: %s", rpc.text);
    testkit_advance(rig->kit, 1000); /* what loading took is long ago */
}

static struct script *brought(int realm) {
    return rig_script(rig, realm, "upload_brought");
}

static uint64_t kills(void) {
    return (uint64_t)testkit_metric(rig->kit, "muster_script_kills_total");
}

/* ---- one event ------------------------------------------------------------------------------- */

static void handlers_of_an_event_share_one_call(void **state) {
    (void)state;
    bring(WORK "for i = 1, 30 do hooks.on('chat', 'h' .. i, function(text)\n"
               "    work(#text) end) end");
    (void)rig_say(rig, 0, "x");
    assert_int_equal(kills(), 0);
    (void)rig_say(rig, 0, "xxxxx"); /* 125 us each */
    assert_int_equal(kills(), 1);
    assert_non_null(testkit_log_find(rig->kit, "upload_brought/init.lua:2: script stopped: over"));
}

static void timers_of_a_tick_share_one_call(void **state) {
    (void)state;
    bring(WORK "local n = realm == 'match' and 30 or 0\n"
               "for i = 1, n do timer.every(0.1, function() work(5) end) end");
    rig_begin(rig, "arena");
    for (int i = 0; i < 5; i++) testkit_match_tick(rig->kit, rig->match);
    assert_int_equal(kills(), 1);
}

static void messages_of_a_tick_share_one_call(void **state) {
    (void)state;
    bring(WORK "bus.on('x', 'x', function() work(5) end)\n"
               "hooks.on('tick', 't', function() for i = 1, 30 do bus.emit('x', i) end end)");
    rig_begin(rig, "arena");
    for (int i = 0; i < 3; i++) testkit_match_tick(rig->kit, rig->match);
    assert_int_equal(kills(), 1);
}

/* Its own event is a new one, and the one around it goes on afterwards. */
static void an_event_within_an_event_is_another(void **state) {
    (void)state;
    bring(WORK "for i = 1, 3 do hooks.on('tick', 't' .. i, function()\n"
               "    match.add_score('red', 1) work(24) end) end");
    rig_begin(rig, "arena");
    for (int i = 0; i < 3; i++) testkit_match_tick(rig->kit, rig->match);
    assert_int_equal(kills(), 0);
    assert_true(brought(REALM_MATCH)->event_ns > 3 * 24 * 20000);
}

/* ---- turns of lobbies ------------------------------------------------------------------------ */

static void timers_that_are_due_together_take_turns(void **state) {
    (void)state;
    bring(WORK "for i = 1, 60 do timer.after(2, function() work(10) end) end");
    uint64_t before = brought(REALM_LOBBY)->calls;
    testkit_advance(rig->kit, 1000);
    uint64_t at_once = brought(REALM_LOBBY)->calls - before;
    assert_true(at_once > 1 && at_once < TIMERS / 4);
    testkit_advance(rig->kit, 999);
    assert_int_equal(brought(REALM_LOBBY)->calls - before, TIMERS);
    assert_int_equal(kills(), 0);
}

static void messages_take_turns(void **state) {
    (void)state;
    bring(WORK "bus.on('x', 'x', function() work(10) end)\n"
               "hooks.on('chat', 'c', function() for i = 1, 60 do bus.emit('x', i) end end)");
    uint64_t before = brought(REALM_LOBBY)->calls + 1;
    (void)rig_say(rig, 0, "hello");
    testkit_pump(rig->kit);
    assert_true(brought(REALM_LOBBY)->calls - before < TIMERS / 4);
    testkit_advance(rig->kit, 1000);
    assert_int_equal(brought(REALM_LOBBY)->calls - before, TIMERS);
    assert_int_equal(kills(), 0);
}

/* A chain of timers with no delay leaves time to all others. */
static void timers_with_no_delay_wait_for_the_next_turn(void **state) {
    (void)state;
    bring("local function again() timer.after(0, again) end timer.after(0, again)");
    uint64_t before = brought(REALM_LOBBY)->calls;
    testkit_advance(rig->kit, 100);
    uint64_t calls = brought(REALM_LOBBY)->calls - before;
    assert_true(calls > 50 && calls <= 100);
}

static void periods_that_were_missed_are_left_out(void **state) {
    (void)state;
    bring("for i = 1, 20 do timer.every(0.05, function() end) end");
    uint64_t before = brought(REALM_LOBBY)->calls;
    testkit_advance(rig->kit, 1000);
    assert_int_equal(brought(REALM_LOBBY)->calls - before, 20 * 20);
    before = brought(REALM_LOBBY)->calls;
    rig->instance->lobbies_ns = -INT64_C(1000000000); /* so that it waits for 4 s */
    testkit_advance(rig->kit, 3990);
    assert_int_equal(brought(REALM_LOBBY)->calls - before, 0);
    testkit_advance(rig->kit, 60);
    assert_true(brought(REALM_LOBBY)->calls - before <= 3 * 20);
    assert_true(testkit_metric(rig->kit, "muster_script_timers_late_total") >= 20);
    assert_non_null(testkit_log_find(rig->kit, "timers of lobbies' scripts are late"));
}

static void ticks_make_up_for_no_period(void **state) {
    (void)state;
    bring("timer.every(0.05, function() end) hooks.on('spawn', 's', function() end)");
    rig_begin(rig, "arena");
    testkit_match_tick(rig->kit, rig->match);
    uint64_t before = brought(REALM_MATCH)->calls;
    struct muster_tick tick = {.size = sizeof tick, .tick = 2, .dt_us = 50000, .elapsed_ms = 5010};
    rig->rules->match_tick(rig->instance, rig->lobby, &tick);
    assert_int_equal(brought(REALM_MATCH)->calls - before, 1);
    tick.elapsed_ms = 5049;
    rig->rules->match_tick(rig->instance, rig->lobby, &tick);
    assert_int_equal(brought(REALM_MATCH)->calls - before, 1);
    tick.elapsed_ms = 5050; /* the beat is what it was */
    rig->rules->match_tick(rig->instance, rig->lobby, &tick);
    assert_int_equal(brought(REALM_MATCH)->calls - before, 2);
}

/* ---- who is stopped -------------------------------------------------------------------------- */

/* Events do not wait: who has set most of them going is out. */
static void lobbies_overspent_by_events(void **state) {
    (void)state;
    bring(WORK "hooks.on('chat', 'c', function() work(40) end)");
    for (int i = 0; i < 200 && kills() == 0; i++) (void)rig_say(rig, 0, "hello");
    assert_int_equal(kills(), 1);
    assert_non_null(testkit_log_find(rig->kit, "upload_brought/init.lua:2: script stopped: the "
                                               "scripts of all lobbies together"));
}

static void ask_speed(struct rig *of) {
    for (int i = 0; i < 24; i++) (void)rig_adjust(of, "speed", 0, MUSTER_SEAT_NONE, 40);
}

static void play_a_few(struct rig *of) {
    for (int i = 0; i < 6; i++) {
        testkit_match_tick(of->kit, of->match);
        ask_speed(of);
    }
}

/* Not the one that came last, and had taken little. */
static void most_of_a_tick_is_what_counts(void **state) {
    static uint8_t first[PLAY_STATE_BYTES_MAX], second[PLAY_STATE_BYTES_MAX];
    (void)state;
    rig = make_rig(false);
    assert_true(testkit_setting_set(rig->kit, "rules", "heavy,light"));
    rig_begin(rig, "arena");
    play_a_few(rig);
    assert_int_equal(rig_script(rig, REALM_MATCH, "heavy")->kills, 1);
    assert_int_equal(rig_script(rig, REALM_MATCH, "light")->kills, 0);
    assert_non_null(testkit_log_find(rig->kit, "heavy/init.lua:6: script stopped: the scripts of "
                                               "this match together took over half a tick"));
    uint32_t len = rig_state(rig, first, sizeof first), count;
    const struct testkit_note *notes = testkit_match_notes(rig->kit, rig->match, &count);
    struct rig *again = make_rig(true);
    rig_begin(again, "arena");
    for (int early = 1; early >= 0; early--)
        for (uint32_t i = 0; i < count; i++)
            if (notes[i].is_early == early)
                (void)testkit_match_note(again->kit, again->match, again->plugin, notes[i].data,
                                         notes[i].len);
    play_a_few(again);
    assert_int_equal(rig_script(again, REALM_MATCH, "heavy")->kills, 1);
    assert_int_equal(rig_state(again, second, sizeof second), len);
    assert_memory_equal(first, second, len);
    rig_destroy(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(handlers_of_an_event_share_one_call, close_rig),
        cmocka_unit_test_teardown(timers_of_a_tick_share_one_call, close_rig),
        cmocka_unit_test_teardown(messages_of_a_tick_share_one_call, close_rig),
        cmocka_unit_test_teardown(an_event_within_an_event_is_another, close_rig),
        cmocka_unit_test_teardown(timers_that_are_due_together_take_turns, close_rig),
        cmocka_unit_test_teardown(messages_take_turns, close_rig),
        cmocka_unit_test_teardown(timers_with_no_delay_wait_for_the_next_turn, close_rig),
        cmocka_unit_test_teardown(periods_that_were_missed_are_left_out, close_rig),
        cmocka_unit_test_teardown(ticks_make_up_for_no_period, close_rig),
        cmocka_unit_test_teardown(lobbies_overspent_by_events, close_rig),
        cmocka_unit_test_teardown(most_of_a_tick_is_what_counts, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
