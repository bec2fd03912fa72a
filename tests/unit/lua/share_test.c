/* What scripts may spend together: for one event, in a tick, in all lobbies; and their turns. Time
 * is told by units here, so that it passes alike everywhere. */
#include "test.h"

#include "internal.h"
#include "plugin_play.h"
#include "share.h"
#include "turns.h"

#include <stdio.h>
#include <string.h>

/* One piece of work of the rules below is about 25 us. */
#define WORK "local function work(n) for i = 1, n do local s = ('x'):rep(200000) end end\n"
enum { CALL_UNITS = 1000000, CALL_US = 2000, TIMERS = 60 };

static struct rig *rig;

static int close_rig(void **state) {
    (void)state;
    return rig_close(&rig) ? -1 : 0;
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

/* Of one alone the watchdog takes care. */
static void one_call_alone_is_no_event_over_its_time(void **state) {
    (void)state;
    bring(WORK "hooks.on('chat', 'one', function(text) work(#text) end)\n"
               "command.register{name = 'two', fn = function()\n"
               "    hooks.on('chat', 'two', function(text) work(#text) end) end}");
    rig->instance->call_us = 500;
    (void)rig_say(rig, 0, "forty of them are 1000 us, or a bit more.");
    assert_int_equal(kills(), 0);
    (void)rig_say(rig, 0, "/two");
    (void)rig_say(rig, 0, "forty of them are 1000 us, or a bit more.");
    assert_int_equal(kills(), 1);
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

/* The alarm is that of the one that is due first, whenever it was set. */
static void who_is_due_first_is_first(void **state) {
    (void)state;
    bring("timer.after(20, function() timer.after(5, function() end) end)\n"
          "timer.after(3, function() end) timer.after(10, function() end)");
    uint64_t before = brought(REALM_LOBBY)->calls;
    static const uint32_t due_ms[] = {3000, 10000, 20000, 25000};
    uint32_t now_ms = 1000; /* bring has waited that long */
    for (uint32_t i = 0; i < sizeof due_ms / sizeof *due_ms; i++) {
        testkit_advance(rig->kit, due_ms[i] - 1 - now_ms);
        assert_int_equal(brought(REALM_LOBBY)->calls - before, i);
        testkit_advance(rig->kit, 1);
        assert_int_equal(brought(REALM_LOBBY)->calls - before, i + 1);
        now_ms = due_ms[i];
    }
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

/* The first time at once, then once a minute what came since. */
static void lateness_is_told_once_a_minute(void **state) {
    (void)state;
    bring("timer.every(1, function() end)");
    for (int i = 0; i < 3; i++) {
        testkit_log_clear(rig->kit);
        rig->instance->lobbies_ns = -INT64_C(1000000000);
        testkit_advance(rig->kit, 4500);
        const char *told = testkit_log_find(rig->kit, "timers of lobbies' scripts are late");
        if (i == 1) testkit_advance(rig->kit, 60000);
        assert_int_equal(told != NULL, i != 1);
        if (told) assert_non_null(strstr(told, i ? "late: 2 of them" : "late: 1 of them"));
    }
    assert_int_equal(testkit_metric(rig->kit, "muster_script_timers_late_total"), 3);
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

static void open_lobbies(struct lobby **out, uint32_t count) {
    const struct muster_lobby_info info = {.state = MUSTER_LOBBY_WAITING, .players_max = 8};
    for (uint32_t i = 0; i < count; i++) {
        out[i] = testkit_rules_state(rig->plugin, testkit_lobby_add(rig->kit, info));
        lobby_refresh(out[i]);
        assert_int_equal(out[i]->lobby.script_count, 1);
    }
}

/* Whoever ends while it waits, the others get their turns, and who comes later, too. */
static void who_ends_leaves_the_row_in_order(void **state) {
    (void)state;
    for (uint32_t gone = 0; gone < 3; gone++) {
        struct lobby *row[4];
        uint64_t before[4];
        uint32_t rest_ms;
        rig = make_rig(false);
        assert_true(testkit_setting_set(rig->kit, "rules", "beats"));
        open_lobbies(row, 4);
        assert_true(share_is_left(rig->instance, &rest_ms)); /* it counts from now */
        rig->instance->lobbies_ns = -INT64_C(1000000000);
        for (uint32_t i = 0; i < 3; i++) turns_wake(&row[i]->lobby);
        for (uint32_t i = 0; i < 3; i++) assert_true(row[i]->lobby.waits);
        testkit_lobby_remove(rig->kit, row[gone]->id);
        turns_wake(&row[3]->lobby);
        for (uint32_t i = 0; i < 4; i++)
            if (i != gone) before[i] = row[i]->lobby.calls;
        testkit_advance(rig->kit, 10000);
        for (uint32_t i = 0; i < 4; i++) {
            if (i == gone) continue;
            if (row[i]->lobby.calls - before[i] < 5) fail_msg("%u gone: %u is left out", gone, i);
        }
        assert_int_equal(close_rig(NULL), 0);
    }
}

/* A turn that was put off goes with the plugin. */
static void no_turn_comes_after_the_end(void **state) {
    struct lobby *row[1];
    uint32_t rest_ms;
    (void)state;
    rig = make_rig(false);
    assert_true(testkit_setting_set(rig->kit, "rules", "beats"));
    open_lobbies(row, 1);
    assert_true(share_is_left(rig->instance, &rest_ms)); /* it counts from now */
    rig->instance->lobbies_ns = -INT64_C(1000000000);
    turns_wake(&row[0]->lobby);
    testkit_lobby_remove(rig->kit, row[0]->id);
    assert_int_equal(testkit_stop(rig->plugin), 0);
}

/* One more call would be sure to be its last one. A little comes to it: 1 us a second. */
static void spend(const char *id) {
    struct sandbox *sb = rig_script(rig, REALM_LOBBY, id)->sandbox;
    sb->bucket.rate_ns = 1000;
    sb->bucket.capacity_ns = INT64_C(100000000);
    sb->bucket.tokens_ns = CALL_US * INT64_C(1000) - 60 * sb->bucket.rate_ns;
}

/* Neither timers nor messages, of which any of a lobby's scripts may hear. */
static void who_has_spent_its_time_rests(void **state) {
    (void)state;
    rig = make_rig(false);
    assert_true(testkit_setting_set(rig->kit, "rules", "beats,listens"));
    lobby_refresh(rig->lobby);
    const struct script *beats = rig_script(rig, REALM_LOBBY, "beats");
    const struct script *listens = rig_script(rig, REALM_LOBBY, "listens");
    uint64_t before = beats->calls;
    testkit_advance(rig->kit, 3000);
    assert_int_equal(beats->calls - before, 3);
    spend("beats");
    testkit_advance(rig->kit, 30000);
    assert_int_equal(beats->calls - before, 3);
    sandbox_refill(beats->sandbox);
    testkit_advance(rig->kit, 32000);
    assert_in_range(beats->calls - before, 4, 6);
    spend("listens");
    before = listens->calls;
    (void)rig_say(rig, 0, "hello");
    testkit_advance(rig->kit, 30000);
    assert_int_equal(listens->calls - before, 0);
    sandbox_refill(listens->sandbox);
    testkit_advance(rig->kit, 32000);
    assert_int_equal(listens->calls - before, 1);
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

/* The operator's own rules are trusted with that. */
static void rules_of_the_operator_may_overspend(void **state) {
    (void)state;
    bring(WORK "hooks.on('chat', 'c', function() work(40) end)");
    struct mod *mod = brought(REALM_LOBBY)->mod;
    mod->is_upload = false;
    for (int i = 0; i < 200; i++) (void)rig_say(rig, 0, "hello");
    assert_int_equal(kills(), 0);
    assert_true(rig->instance->lobbies_ns >= -INT64_C(50000000)); /* others' timers come soon */
    mod->is_upload = true;
    (void)rig_say(rig, 0, "hello");
    assert_int_equal(kills(), 1);
}

/* The place that is told is the longest call of now, not of long ago. */
static void what_was_long_once_is_not_told(void **state) {
    (void)state;
    bring(WORK "command.register{name = 'once', fn = function() work(70) end}\n"
               "hooks.on('chat', 'c', function() work(40) end)");
    (void)rig_say(rig, 0, "/once");
    testkit_advance(rig->kit, 2000);
    for (int i = 0; i < 200 && kills() == 0; i++) (void)rig_say(rig, 0, "hello");
    assert_non_null(testkit_log_find(rig->kit, "upload_brought/init.lua:3: script stopped: the "
                                               "scripts of all lobbies together"));
}

static void ask_speed(void) {
    for (int i = 0; i < 24; i++) (void)rig_adjust(rig, "speed", 0, MUSTER_SEAT_NONE, 40);
}

static void play_a_few(void) {
    for (int i = 0; i < 6; i++) {
        testkit_match_tick(rig->kit, rig->match);
        ask_speed();
    }
}

/* Not the one that came last, and had taken little. */
static void most_of_a_tick_is_what_counts(void **state) {
    static uint8_t first[PLAY_STATE_BYTES_MAX], second[PLAY_STATE_BYTES_MAX];
    (void)state;
    rig = make_rig(false);
    assert_true(testkit_setting_set(rig->kit, "rules", "heavy,light"));
    rig_begin(rig, "arena");
    play_a_few();
    assert_int_equal(rig_script(rig, REALM_MATCH, "heavy")->kills, 1);
    assert_int_equal(rig_script(rig, REALM_MATCH, "light")->kills, 0);
    assert_non_null(testkit_log_find(rig->kit, "heavy/init.lua:6: script stopped: the scripts of "
                                               "this match together took over half a tick"));
    uint32_t len = rig_state(rig, first, sizeof first);
    struct tape *tape = tape_create(rig);
    assert_int_equal(close_rig(NULL), 0);
    rig = make_rig(true);
    rig_begin(rig, "arena");
    rig_take(rig, tape);
    tape_destroy(tape);
    play_a_few();
    assert_int_equal(rig_script(rig, REALM_MATCH, "heavy")->kills, 1);
    assert_int_equal(rig_state(rig, second, sizeof second), len);
    assert_memory_equal(first, second, len);
}

/* As if the script's last entry had taken so long. */
static void count(struct script *script, int64_t ns, bool is_exact) {
    script->sandbox->bucket.took = (struct sandbox_time){.ns = ns, .is_exact = is_exact};
    assert_true(share_count(script, LUA_NOREF));
    enum sandbox_kill reason;
    struct script *most = share_judge(script->realm, &reason);
    if (most) script_stop(most, reason, most->longest);
}

/* The cheap clock counts the turns of other processes, too: over half a tick (25 ms) by that one
 * all begin anew, by the thread's own. Then one is stopped, and only one. */
static void a_tick_over_its_time_by_a_guess_is_only_suspected(void **state) {
    (void)state;
    rig = make_rig(false);
    assert_true(testkit_setting_set(rig->kit, "rules", "heavy,light"));
    rig_begin(rig, "arena");
    struct script *heavy = rig_script(rig, REALM_MATCH, "heavy");
    struct script *light = rig_script(rig, REALM_MATCH, "light");
    count(heavy, 20000000, true);
    count(light, 6000000, false);
    assert_int_equal(kills(), 0);
    assert_true(heavy->sandbox->bucket.exact && light->sandbox->bucket.exact);
    count(heavy, 20000000, true);
    count(light, 5000000, true);
    assert_int_equal(kills(), 0); /* just so much */
    count(light, 1, true);
    assert_int_equal(kills(), 1);
    assert_null(heavy->sandbox);
    assert_string_equal(sandbox_kill_name(SANDBOX_KILL_TICK), "tick");
    count(light, 1000000, true); /* what is left of the tick is its own */
    assert_int_equal(kills(), 1);
    share_tick_end(&rig->lobby->match);
    count(light, 25000000, true);
    assert_int_equal(kills(), 1);
    rig->lobby->match.is_replay = true; /* which stops whom the log says */
    uint64_t outer = share_event_begin(rig->instance);
    for (int i = 0; i < 3; i++) count(light, 25000000, true);
    rig->lobby->match.is_replay = false;
    share_tick_end(&rig->lobby->match);
    count(light, 1, true); /* of what it was then nothing counts */
    share_event_end(rig->instance, outer);
    assert_int_equal(kills(), 1);
}

/* The watchdog looks when it has run for so long since the last look. */
static void look_after(int64_t ns) {
    rig->instance->looked_ns = script_cpu_ns() - ns;
    assert_true(testkit_overrun(rig->plugin));
}

/* Seen to run for half of what it may take, from the first look that sees it; the other half is the
 * time before the first look. Of two, one within the other, the inner one is looked at. */
static void who_runs_for_half_its_time_in_sight_is_stopped(void **state) {
    const int64_t second_ns = 1000000000; /* of CPU: no test takes that long */
    (void)state;
    rig = make_rig(false);
    assert_true(testkit_setting_set(rig->kit, "rules", "heavy,light"));
    rig_begin(rig, "arena");
    struct sandbox *outer = rig_script(rig, REALM_MATCH, "heavy")->sandbox;
    struct sandbox *inner = rig_script(rig, REALM_MATCH, "light")->sandbox;
    struct entry outside = {.sandbox = outer, .limit_ns = 100 * second_ns};
    struct entry inside = {.outer = &outside, .sandbox = inner, .limit_ns = 100 * second_ns};
    rig->instance->limits.count_every = 0;
    rig->instance->entry = &inside;
    atomic_store(&outer->running, outer->L);
    atomic_store(&inner->running, inner->L);
    look_after(80 * second_ns); /* before it was there, for all that is known */
    assert_true(inside.is_seen && outside.is_seen);
    look_after(48 * second_ns);
    assert_int_equal(sandbox_killed(inner), SANDBOX_ALIVE);
    look_after(4 * second_ns);
    assert_int_equal(sandbox_killed(inner), SANDBOX_KILL_CPU);
    assert_int_equal(sandbox_killed(outer), SANDBOX_ALIVE);
    rig->instance->entry = NULL;
    atomic_store(&outer->running, NULL);
    atomic_store(&inner->running, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(handlers_of_an_event_share_one_call, close_rig),
        cmocka_unit_test_teardown(timers_of_a_tick_share_one_call, close_rig),
        cmocka_unit_test_teardown(messages_of_a_tick_share_one_call, close_rig),
        cmocka_unit_test_teardown(an_event_within_an_event_is_another, close_rig),
        cmocka_unit_test_teardown(one_call_alone_is_no_event_over_its_time, close_rig),
        cmocka_unit_test_teardown(timers_that_are_due_together_take_turns, close_rig),
        cmocka_unit_test_teardown(messages_take_turns, close_rig),
        cmocka_unit_test_teardown(timers_with_no_delay_wait_for_the_next_turn, close_rig),
        cmocka_unit_test_teardown(who_is_due_first_is_first, close_rig),
        cmocka_unit_test_teardown(periods_that_were_missed_are_left_out, close_rig),
        cmocka_unit_test_teardown(lateness_is_told_once_a_minute, close_rig),
        cmocka_unit_test_teardown(ticks_make_up_for_no_period, close_rig),
        cmocka_unit_test_teardown(who_ends_leaves_the_row_in_order, close_rig),
        cmocka_unit_test_teardown(no_turn_comes_after_the_end, close_rig),
        cmocka_unit_test_teardown(who_has_spent_its_time_rests, close_rig),
        cmocka_unit_test_teardown(lobbies_overspent_by_events, close_rig),
        cmocka_unit_test_teardown(rules_of_the_operator_may_overspend, close_rig),
        cmocka_unit_test_teardown(what_was_long_once_is_not_told, close_rig),
        cmocka_unit_test_teardown(most_of_a_tick_is_what_counts, close_rig),
        cmocka_unit_test_teardown(who_runs_for_half_its_time_in_sight_is_stopped, close_rig),
        cmocka_unit_test_teardown(a_tick_over_its_time_by_a_guess_is_only_suspected, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
