/* What the host of a lobby is told of its scripts, who is stopped for good, and what of a match can
 * be saved. */
#include "mod_rig.h"
#include "note_take.h"
#include "players.h"
#include "trial_run.h"
#include "turns.h"

#include "note.h"
#include "plugin_play.h"
#include "share.h"

enum { CALL_UNITS = 300000 };

static struct rig *rig;

/* A lobby that has chosen the rule one, of this code. */
static void choose(const char *text) {
    rig_rule("mods", "one", "1.0.0", "");
    rig_write(rig_path("mods/one/init.lua"), text);
    rig = rig_create(false, CALL_UNITS, rig_path("mods"));
    assert_true(testkit_setting_set(rig->kit, "rules", "one"));
    lobby_refresh(rig->lobby);
    assert_non_null(probe_find(rig->instance, mods_find(rig->instance->mods, "one")));
}

static int teardown(void **state) {
    uint32_t faults = rig_close(&rig);
    return rig_teardown(state) || faults ? -1 : 0;
}

static bool host_heard(const char *text) {
    const char *act = testkit_told_find(rig->kit, text);
    return act && strstr(act, "mod.error") && strstr(act, "\"mod\":\"one\"");
}

static void say(const char *text, uint32_t times) {
    while (times--) (void)rig_say(rig, 0, text);
}

/* ---- told ------------------------------------------------------------------------------------ */

/* Of each place once: a place is a file and a line. */
static void each_place_is_told_once(void **state) {
    (void)state;
    rig_write(rig_path("mods/one/part.lua"), "return function(word) error(word) end\n");
    rig_write(rig_path("mods/one/other.lua"), "return function(word) error(word) end\n");
    choose("local part, other = require('part'), require('other')\n"
           "hooks.on('chat', 'c', function(text)\n"
           "    if text == 'part' then part('of part') end\n"
           "    if text == 'other' then other('of other') end\n"
           "    error('told ' .. text)\n"
           "end)\n");
    say("first", 1);
    assert_true(host_heard("error: one/init.lua:5: told first"));
    say("again", 1);
    assert_false(host_heard("told again"));
    assert_non_null(testkit_log_find(rig->kit, "told again")); /* the operator is */
    say("part", 1);
    assert_true(host_heard("error: one/part.lua:1: of part"));
    say("other", 1);
    assert_true(host_heard("error: one/other.lua:1: of other"));
}

/* A line for each of so many words; n: raises at its n-th line. */
static void choose_places(uint32_t count) {
    static char text[1 << 15];
    size_t used = (size_t)sprintf(text, "hooks.on('chat', 'c', function(n)\n");
    for (uint32_t i = 0; i < count; i++)
        used += (size_t)sprintf(text + used, "if n == '%u' then error('at ' .. n .. '.') end\n", i);
    strcpy(text + used, "end)\n");
    choose(text);
}

static void fail_at(uint32_t place) {
    char word[16];
    snprintf(word, sizeof word, "%u", place);
    testkit_advance(rig->kit, 1000); /* twenty in ten seconds would be too many */
    say(word, 1);
}

static void so_many_places_are_told(void **state) {
    (void)state;
    choose_places(SCRIPT_TOLD_MAX + 1);
    for (uint32_t i = 0; i <= SCRIPT_TOLD_MAX; i++) {
        char told[16];
        fail_at(i);
        snprintf(told, sizeof told, "at %u.", i);
        assert_int_equal(host_heard(told), i < SCRIPT_TOLD_MAX);
        assert_non_null(testkit_log_find(rig->kit, told));
    }
}

/* The place that was told longest ago makes room for a new one. */
static void so_many_places_are_remembered(void **state) {
    (void)state;
    choose_places(ERRORS_REMEMBERED + 2);
    for (uint32_t i = 0; i < ERRORS_REMEMBERED + 2; i++) fail_at(i);
    testkit_log_clear(rig->kit);
    for (int i = 0; i < 3; i++) {
        fail_at(ERRORS_REMEMBERED);
        fail_at(ERRORS_REMEMBERED + 1);
    }
    assert_non_null(testkit_log_find(rig->kit, "error 3 here"));
    assert_null(testkit_log_find(rig->kit, "error 1 here"));
}

/* In the order of their mods, also when one hooks again later. */
static void mods_are_asked_in_their_order(void **state) {
    static const char text[] = "local function hook() hooks.on('chat', 'c', function(text)\n"
                               "    return text .. '%s' end) end hook()\n"
                               "command.register{name = 'again_%s', fn = hook}\n";
    static const char *const ids[] = {"one", "two", "three"};
    char code[512], line[301];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        rig_rule("mods", ids[i], "1.0.0", "");
        snprintf(code, sizeof code, text, ids[i], ids[i]);
        rig_write(rig_path("mods/%s/init.lua", ids[i]), code);
    }
    rig = rig_create(false, CALL_UNITS, rig_path("mods"));
    assert_true(testkit_setting_set(rig->kit, "rules", "one,two,three"));
    lobby_refresh(rig->lobby);
    for (int round = 0; round < 2; round++) {
        char expected[64] = "";
        for (uint32_t i = 0; i < rig->lobby->lobby.script_count; i++)
            strcat(expected, rig->lobby->lobby.scripts[i]->mod->id);
        strcpy(line, "");
        assert_int_equal(rig_chat(rig, 0, line, sizeof line), MUSTER_PASS);
        assert_string_equal(line, expected);
        assert_int_equal(strlen(line), strlen("onetwothree"));
        say("/again_one", 1);
    }
}

/* ---- reloads --------------------------------------------------------------------------------- */

static const char *reload(const char *text) {
    rig_write(rig_path("mods/one/init.lua"), text);
    return testkit_command(rig->kit, "mods reload one");
}

static void the_host_hears_what_becomes_of_new_code(void **state) {
    (void)state;
    choose("hooks.on('chat', 'c', function(text) return text .. '1' end)\n");
    assert_int_equal(strncmp(reload("hooks.on('chat', 'c', function() error('worse') end)\n"),
                             "one reloaded", 12),
                     0);
    say("hello", 1);
    testkit_pump(rig->kit);
    assert_true(host_heard("the new code failed, the old one is back"));
    assert_true(rig_say(rig, 0, "hello"));
    assert_non_null(
        testkit_log_find(rig->kit, "the new code failed, the old one is back in lobby"));
    (void)reload("hooks.on('chat', 'c', function(text)\n"
                 "    state.odd = print return text end)\n");
    say("hello", 1);
    (void)reload("hooks.on('chat', 'c', function(text) return text end)\n");
    assert_true(host_heard("the state cannot be kept, the old code goes on"));
    testkit_pump(rig->kit); /* what comes back after the failure does so now */
}

/* Fields are added at every depth, but to no list, though it has fields, too. */
static void lists_stay_as_they_are(void **state) {
    char line[301] = "hello";
    (void)state;
    choose("state = {list = {1, 2, a = 'old'}, part = {a = 'old'}, empty = {}}\n"
           "hooks.on('chat', 'c', function() end)\n");
    (void)reload(
        "state = {list = {1, 2, 3, a = 'new', b = 'new'},\n"
        "    part = {a = 'new', b = 'new'}, empty = {b = 'new'}}\n"
        "hooks.on('chat', 'c', function()\n"
        "    local list, part, empty = state.list, state.part, state.empty\n"
        "    return ('%d %s %s, %s %s, %s'):format(#list, list.a, list.b, part.a, part.b,\n"
        "        empty.b) end)\n");
    assert_int_equal(rig_chat(rig, 0, line, sizeof line), MUSTER_PASS);
    assert_string_equal(line, "2 old nil, old new, new");
}

static void new_code_has_its_timers(void **state) {
    (void)state;
    choose("hooks.on('chat', 'c', function() end)\n");
    rig_rule("mods", "one", "1.0.0", ",\"permissions\":[\"chat\"]");
    (void)reload("timer.after(1, function() lobby.chat('beat') end)\n");
    testkit_advance(rig->kit, 999);
    assert_null(testkit_told_find(rig->kit, "beat"));
    testkit_advance(rig->kit, 1);
    assert_non_null(testkit_told_find(rig->kit, "beat"));
}

/* On trial for five seconds: what fails later stays. */
static void a_trial_ends(void **state) {
    (void)state;
    choose("hooks.on('chat', 'c', function() return 'old' end)\n");
    (void)reload("hooks.on('chat', 'c', function() error('late') end)\n");
    testkit_advance(rig->kit, 5000);
    say("hello", 1);
    testkit_pump(rig->kit);
    assert_false(host_heard("the old one is back"));
    (void)reload("hooks.on('chat', 'c', function() error('soon') end)\n");
    testkit_advance(rig->kit, 4999);
    say("hello", 1);
    testkit_pump(rig->kit);
    assert_true(host_heard("the old one is back"));
}

/* ---- stopped --------------------------------------------------------------------------------- */

/* It comes back twice, with its last state and a timer of its own; the third time is the last. */
static void the_third_stop_is_the_last(void **state) {
    (void)state;
    choose("command.register{name = 'alive', fn = function() return 'alive' end}\n"
           "timer.after(1, function() lobby.chat('beat') end)\n"
           "hooks.on('chat', 'c', function(text)\n"
           "    if text == 'spin' then while true do end end\n"
           "end)\n");
    for (uint32_t i = 1; i <= 3; i++) {
        say("spin", 1);
        assert_null(rig_script(rig, REALM_LOBBY, "one")->sandbox);
        say("/alive", 1);
        assert_non_null(testkit_told_find(rig->kit, "there is no command /alive now"));
        testkit_pump(rig->kit);
        const struct script *script = rig_script(rig, REALM_LOBBY, "one");
        assert_int_equal(script->kills, i);
        assert_int_equal(script->sandbox != NULL, i < 3);
        assert_int_equal(script->command_count, i < 3);
        assert_int_equal(script->timer_count, i < 3);
        assert_int_equal(turns_due_ms(&rig->lobby->lobby) == UINT64_MAX, i == 3);
    }
    assert_true(host_heard("the mod is off in this lobby: it was stopped too often"));
    assert_false(rig_say(rig, 0, "hello")); /* a gate that is gone stays shut */
}

/* Only what it decides at the time when it is stopped. */
static void a_gate_that_was_given_up_is_open(void **state) {
    (void)state;
    choose("hooks.on('chat', 'c', function() end)\n"
           "command.register{name = 'off', fn = function() hooks.off('chat', 'c') end}\n"
           "command.register{name = 'spin', fn = function() while true do end end}\n");
    for (int i = 1; i <= 3; i++) {
        if (i == 3) say("/off", 1);
        say("/spin", 1);
        assert_null(rig_script(rig, REALM_LOBBY, "one")->sandbox);
        assert_int_equal(rig_say(rig, 0, "hello"), i == 3);
        testkit_pump(rig->kit);
    }
    assert_true(rig_say(rig, 0, "hello"));
}

static void an_uploads_first_stop_is_the_last(void **state) {
    static const char text[] = "hooks.on('chat', 'c', function() while true do end end)";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    assert_string_equal(rig_upload(rig, "mine", text, strlen(text)).code, "");
    say("hello", 1);
    testkit_pump(rig->kit);
    assert_null(rig_script(rig, REALM_LOBBY, "upload_mine")->sandbox);
    assert_non_null(testkit_told_find(rig->kit, "it was stopped too often"));
}

/* One that does not start has hooked nothing: that it would have decided is known from its trial
 * apart from all lobbies. Who decides nothing keeps nobody out. */
static void a_gate_that_did_not_start_is_shut(void **state) {
    static const char text[] = "if realm == 'lobby' and #lobby.players() > 0 then error('no') end\n"
                               "hooks.on('%s', 'c', function() end)\n"
                               "hooks.on('player_join', 'c', function() end)\n";
    char code[256];
    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(code, sizeof code, text, i ? "chat" : "player_leave");
        choose(code);
        const struct script *script = rig_script(rig, REALM_LOBBY, "one");
        assert_non_null(script);
        assert_null(script->sandbox);
        assert_int_equal(rig_say(rig, 0, "hello"), i == 0);
        assert_true(host_heard("the mod is off in this lobby: it did not start"));
        assert_int_equal(testkit_faults(rig->kit), 0);
        rig_destroy(rig);
    }
    rig = NULL;
}

/* ---- saved ----------------------------------------------------------------------------------- */

static uint32_t save(uint8_t *bytes, uint32_t cap) {
    struct muster_writer w = muster_writer_make(bytes, cap);
    rig->rules->save(rig->instance, rig->lobby, &w);
    assert_false(w.overflow);
    return w.len;
}

static muster_status load(const uint8_t *bytes, uint32_t len) {
    struct muster_reader r = muster_reader_make(bytes, len);
    return rig->rules->load(rig->instance, rig->lobby, &r);
}

static void ticks(uint32_t count) {
    while (count--) testkit_match_tick(rig->kit, rig->match);
}

/* The clock, the generator, the state, and who is in. */
static void what_is_saved_goes_on_from_there(void **state) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX], again[PLAY_STATE_BYTES_MAX];
    (void)state;
    choose("hooks.on('tick', 't', function()\n"
           "    state.n = (state.n or 0) + 1\n"
           "    state.random = math.random(1000000)\n"
           "    state.who = match.player(0) and match.player(0):name() or 'nobody'\n"
           "end)\n");
    rig_begin(rig, "arena");
    assert_int_equal(testkit_match_join(rig->kit, rig->match, 0, MUSTER_TEAM_RED, "Ann"),
                     MUSTER_OK);
    ticks(7);
    const struct realm *realm = &rig->lobby->match;
    uint32_t tick = realm->tick, len = save(bytes, sizeof bytes);
    uint64_t now_ms = realm->now_ms;
    ticks(1);
    uint32_t next_len = save(again, sizeof again);
    players_forget(&rig->lobby->match, 0);
    ticks(5);
    assert_int_equal(load(bytes, len), MUSTER_OK);
    assert_int_equal(realm->tick, tick);
    assert_int_equal(realm->now_ms, now_ms);
    assert_true(realm_seated(realm, 0));
    assert_false(realm_seated(realm, 1));
    struct muster_tick step = {
        .size = sizeof step, .tick = tick + 1, .dt_us = 50000, .elapsed_ms = now_ms + 50};
    rig->rules->match_tick(rig->instance, rig->lobby, &step);
    assert_int_equal(save(bytes, sizeof bytes), next_len);
    assert_memory_equal(bytes, again, next_len);
}

/* In the place of the script that asks for it: what it knows once it has begun again. */
static int64_t stop_and_ask(void) {
    (void)rig_adjust(rig, "speed", 0, 1, 48);
    assert_null(rig_script(rig, REALM_MATCH, "one")->sandbox);
    ticks(1);
    return rig_adjust(rig, "score", 0, 1, 0);
}

/* A script that is stopped right after it was loaded begins with the last good state of before. */
static void what_is_loaded_comes_back_after_a_stop(void **state) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX];
    (void)state;
    choose("state.n = 0\n"
           "hooks.on('tick', 't', function() state.n = state.n + 1 end)\n"
           "hooks.on('score', 's', function() return state.n end)\n"
           "hooks.on('speed', 's', function() while true do end end)\n");
    rig_begin(rig, "arena");
    ticks(100);
    uint32_t len = save(bytes, sizeof bytes);
    int64_t known = stop_and_ask();
    assert_in_range(known, 81, 101);
    rig_end(rig);
    rig_begin(rig, "arena");
    ticks(1);
    assert_int_equal(load(bytes, len), MUSTER_OK);
    assert_int_equal(stop_and_ask(), known);
}

static void what_is_cut_or_of_others_is_not_taken(void **state) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX];
    (void)state;
    choose("state.text = ('x'):rep(100) hooks.on('tick', 't', function() end)\n");
    rig_begin(rig, "arena");
    ticks(1);
    uint32_t len = save(bytes, sizeof bytes);
    assert_int_equal(load(bytes, len), MUSTER_OK);
    for (uint32_t cut = 1; cut < 100; cut += 33)
        assert_int_equal(load(bytes, len - cut), MUSTER_INVALID);
    char *id = memmem(bytes, len, "one", 3);
    assert_non_null(id);
    *id = 'x';
    assert_int_equal(load(bytes, len), MUSTER_CONFLICT);
}

static void assert_code_comes_back(const struct mod *before, const struct mod *after) {
    for (int i = 0; i < 9; i++) {
        const struct script *script = rig_script(rig, REALM_MATCH, "one");
        assert_string_equal(script->mod->hash, i < 5 ? after->hash : before->hash);
        assert_int_equal(script->granted, i < 5 ? MOD_KICK : 0);
        ticks(1);
    }
}

/* What a reload brings into a match that runs, on trial, and what comes back: in a replay, too,
 * each with the permissions it had. */
static void code_that_joins_a_match_is_replayed(void **state) {
    char error[400];
    (void)state;
    choose("hooks.on('chat', 'c', function() end)\n");
    rig_begin(rig, "arena");
    ticks(1);
    struct mod *before = mod_pin(mods_find(rig->instance->mods, "one"));
    rig_rule("mods", "one", "2.0.0", ",\"permissions\":[\"kick\"]");
    (void)reload("hooks.on('tick', 't', function() if match.tick() > 3 then error('x') end end)\n");
    struct tape *tape = tape_create(rig);
    struct mod *after = mod_pin(mods_find(rig->instance->mods, "one"));
    assert_code_comes_back(before, after);
    rig_destroy(rig);
    rig = rig_create(true, UINT64_MAX, rig_path("mods"));
    assert_int_equal(trial_run(rig->instance, before, error, sizeof error), MUSTER_OK);
    rig_begin(rig, "arena");
    ticks(1);
    rig_take(rig, tape);
    assert_code_comes_back(before, after);
    tape_destroy(tape);
    mod_unpin(before);
    mod_unpin(after);
}

/* By the match's seed and the mod's id. */
static void mods_of_a_match_draw_unlike_numbers(void **state) {
    uint64_t drawn[3][4];
    (void)state;
    rig_rule("mods", "two", "1.0.0", "");
    for (int i = 0; i < 2; i++) {
        choose("hooks.on('tick', 'x', print)\n");
        assert_true(testkit_setting_set(rig->kit, "rules", "one,two"));
        rig_begin(rig, "arena");
        sandbox_random_get(rig_script(rig, REALM_MATCH, "one")->sandbox, drawn[i]);
        sandbox_random_get(rig_script(rig, REALM_MATCH, "two")->sandbox, drawn[2]);
        rig_destroy(rig);
    }
    rig = NULL;
    assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);
    assert_memory_not_equal(drawn[0], drawn[2], sizeof drawn[0]);
}

/* ---- answers of a recording -------------------------------------------------------------------
 */

/* Up to `end`, in parts of so many bytes. */
static void bring_answer(uint64_t call, uint32_t host_calls, const char *text, uint32_t part,
                         uint32_t from, uint32_t end) {
    uint32_t len = (uint32_t)strlen(text);
    for (uint32_t at = from; at < end && at < len; at += part) {
        uint8_t bytes[64];
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        uint32_t size = len - at < part ? len - at : part;
        muster_put_u8(&w, 6); /* an answer */
        muster_put_u8(&w, at + size < len);
        if (at == 0) muster_put_u64(&w, call);
        if (at == 0) muster_put_u32(&w, host_calls);
        muster_put_bytes(&w, text + at, size);
        note_take(rig->lobby, bytes, w.len);
    }
}

static void bring_whole(uint64_t call, uint32_t host_calls, const char *text, uint32_t part) {
    bring_answer(call, host_calls, text, part, 0, UINT32_MAX);
}

static void assert_answer(uint64_t call, uint32_t host_calls, const char *expected) {
    rig->lobby->match.calls = call;
    struct answer *answer = note_answer_take(&rig->lobby->match, host_calls);
    assert_int_equal(answer != NULL, expected != NULL);
    if (!answer) return;
    assert_int_equal(answer->len, strlen(expected));
    assert_memory_equal(answer->bytes, expected, answer->len);
    free(answer);
}

/* Who asks gets the answer to that question, or none; one that nobody asks for is passed over. */
static void each_question_gets_its_own_answer(void **state) {
    static const struct {
        uint64_t call;
        uint32_t host_calls;
        const char *answer;
    } asked[] = {
        {5, 1, NULL},  {5, 2, "two"}, {5, 2, NULL},   {5, 3, NULL}, {5, 4, "four, in parts"},
        {6, 1, "one"}, {6, 2, NULL},  {8, 1, "last"}, {8, 2, NULL}, {9, 1, "anew"},
    };
    (void)state;
    rig = rig_create(true, UINT64_MAX, NULL);
    rig_begin(rig, "arena");
    bring_whole(4, 1, "nobody asks", 4);
    bring_whole(5, 2, "two", 64);
    bring_whole(5, 4, "four, in parts", 5);
    bring_whole(6, 1, "one", 1);
    bring_whole(7, 9, "nobody asks", 64);
    bring_whole(8, 1, "last", 2);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        if (asked[i].call == 9) bring_whole(9, 1, "anew", 2);
        assert_answer(asked[i].call, asked[i].host_calls, asked[i].answer);
    }
}

/* One is asked for while the next one still comes. */
static void an_answer_goes_while_the_next_one_comes(void **state) {
    (void)state;
    rig = rig_create(true, UINT64_MAX, NULL);
    rig_begin(rig, "arena");
    bring_whole(1, 1, "first", 64);
    bring_answer(2, 1, "second, in parts", 4, 0, 8);
    assert_answer(1, 1, "first");
    bring_answer(2, 1, "second, in parts", 4, 8, UINT32_MAX);
    bring_whole(3, 1, "third", 2);
    assert_answer(2, 1, "second, in parts");
    assert_answer(3, 1, "third");
    assert_null(rig->lobby->match.answers);
}

/* As many as a long match of several scripts has; more are no recording of ours. */
static void stops_are_taken_up_to_a_limit(void **state) {
    enum { STOPS = 4096 };
    (void)state;
    rig = rig_create(true, UINT64_MAX, NULL);
    rig_begin(rig, "arena");
    for (uint32_t i = 0; i <= STOPS; i++) {
        uint8_t bytes[32];
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        muster_put_u8(&w, 5); /* a stop */
        muster_put_u32(&w, i);
        muster_put_u64(&w, i + UINT64_C(10000));
        muster_put_u32(&w, i + 20000);
        note_take(rig->lobby, bytes, w.len);
    }
    const struct realm *realm = &rig->lobby->match;
    assert_int_equal(realm->stop_count, STOPS);
    for (uint32_t i = 0; i < STOPS; i++) {
        assert_int_equal(realm->stops[i].script, i);
        assert_int_equal(realm->stops[i].call, i + 10000);
        assert_int_equal(realm->stops[i].host_calls, i + 20000);
    }
}

static void a_command_to_no_script_is_passed_over(void **state) {
    static const uint32_t scripts[] = {1, UINT32_MAX, 0};
    (void)state;
    choose("command.register{name = 'count', fn = function() match.add_score('red', 1) end}\n");
    rig_begin(rig, "arena");
    ticks(1);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        uint8_t bytes[32];
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        muster_put_u8(&w, 3); /* a command */
        muster_put_u32(&w, scripts[i]);
        muster_put_str(&w, "count");
        muster_put_u32(&w, 0); /* the seat */
        muster_put_str(&w, "");
        testkit_match_steer(rig->kit, rig->match, true);
        note_take(rig->lobby, bytes, w.len);
    }
    const struct muster_host_match *match = testkit_host(rig->kit)->match;
    assert_int_equal(match->team_score(rig->plugin, rig->match, MUSTER_TEAM_RED), 1);
}

/* What is uploaded in a match waits for the next one, whatever else is loaded meanwhile. */
static void an_upload_waits_for_the_next_match(void **state) {
    static const char text[] = "hooks.on('tick', 't', function() end)";
    (void)state;
    choose("hooks.on('tick', 't', function() end)\n");
    rig_begin(rig, "arena");
    struct testkit_rpc rpc = rig_upload(rig, "late", text, strlen(text));
    assert_non_null(strstr(rpc.text, "\"active\":\"next_match\""));
    (void)reload("hooks.on('tick', 't', function() return nil end)\n");
    ticks(1);
    assert_non_null(rig_script(rig, REALM_MATCH, "one"));
    assert_null(rig_script(rig, REALM_MATCH, "upload_late"));
    rig_end(rig);
    rig_begin(rig, "arena");
    assert_non_null(rig_script(rig, REALM_MATCH, "upload_late"));
    assert_non_null(strstr(testkit_command(rig->kit, "mods list"), ", runs in 1 states\n"));
    rig_end(rig);
    assert_non_null(strstr(testkit_command(rig->kit, "mods list"), ", runs in 0 states\n"));
    rpc = rig_upload(rig, "late", text, strlen(text));
    assert_non_null(strstr(rpc.text, "\"active\":\"now\""));
}

/* ---- what an upload keeps -------------------------------------------------------------------- */

static void upload_keeping(const char *name, const char *expected) {
    static const char text[] = "hooks.on('chat', 'c', function()\n"
                               "    return tostring(storage.add('n', 1)) end)\n"
                               "hooks.on('tick', 't', function() storage.add('n', 10) end)";
    testkit_advance(rig->kit, 60000); /* uploads have a rate */
    assert_string_equal(rig_upload(rig, name, text, strlen(text)).code, "");
    char line[301] = "hello";
    assert_int_equal(rig_chat(rig, 0, line, sizeof line), MUSTER_PASS);
    assert_string_equal(line, expected);
}

static void take_out(const char *id) {
    char params[64];
    snprintf(params, sizeof params, "{\"id\": \"%s\"}", id);
    assert_string_equal(testkit_rpc(rig->kit, rig->players[0], "lobby.removeRule", params).code,
                        "");
}

/* Both its realms share it, newer code has it, too; the rule that comes after it begins anew. */
static void an_upload_keeps_its_own(void **state) {
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    upload_keeping("one", "1");
    upload_keeping("one", "2");
    rig_begin(rig, "arena");
    ticks(2);
    rig_end(rig);
    upload_keeping("one", "23");
    take_out("upload_one");
    upload_keeping("two", "1");
    take_out("upload_two");
    upload_keeping("one", "1");
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 0);
}

/* One that was taken out plays on in the match with what it keeps: there is no place for another's
 * until it is over. */
static void what_plays_on_keeps_its_own(void **state) {
    static const char other[] = "hooks.on('chat', 'c', function()\n"
                                "    return tostring(pcall(storage.add, 'n', 1)) end)";
    char line[301] = "hello";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    upload_keeping("one", "1");
    rig_begin(rig, "arena");
    ticks(1);
    take_out("upload_one");
    testkit_advance(rig->kit, 60000);
    assert_string_equal(rig_upload(rig, "two", other, strlen(other)).code, "");
    (void)rig_chat(rig, 0, line, sizeof line);
    assert_string_equal(line, "false");
    ticks(1);
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 0);
    rig_end(rig);
    (void)rig_chat(rig, 0, line, sizeof line);
    assert_string_equal(line, "true");
}

/* A replay tells nobody what its scripts print, and fail with. */
static void a_replay_is_silent(void **state) {
    static const char text[] = "hooks.on('tick', 't', function()\n"
                               "    print('printed')\n"
                               "    error('on purpose')\n"
                               "end)";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    assert_string_equal(rig_upload(rig, "mine", text, strlen(text)).code, "");
    rig_begin(rig, "arena");
    struct tape *tape = tape_create(rig);
    ticks(1);
    assert_non_null(testkit_log_find(rig->kit, "printed"));
    assert_non_null(testkit_log_find(rig->kit, "on purpose"));
    rig_destroy(rig);
    rig = rig_create(true, UINT64_MAX, NULL);
    rig_know(rig, tape);
    rig_begin(rig, "arena");
    rig_take(rig, tape);
    tape_destroy(tape);
    ticks(25);
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 20);
    assert_null(rig_script(rig, REALM_MATCH, "upload_mine")->sandbox);
    assert_null(testkit_log_find(rig->kit, "printed"));
    assert_null(testkit_log_find(rig->kit, "on purpose"));
    assert_null(testkit_log_find(rig->kit, "is off"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_place_is_told_once),
        TEST(so_many_places_are_told),
        TEST(so_many_places_are_remembered),
        TEST(mods_are_asked_in_their_order),
        TEST(the_host_hears_what_becomes_of_new_code),
        TEST(lists_stay_as_they_are),
        TEST(new_code_has_its_timers),
        TEST(a_trial_ends),
        TEST(the_third_stop_is_the_last),
        TEST(a_gate_that_was_given_up_is_open),
        TEST(an_uploads_first_stop_is_the_last),
        TEST(what_is_saved_goes_on_from_there),
        TEST(what_is_loaded_comes_back_after_a_stop),
        TEST(what_is_cut_or_of_others_is_not_taken),
        TEST(a_gate_that_did_not_start_is_shut),
        TEST(code_that_joins_a_match_is_replayed),
        TEST(mods_of_a_match_draw_unlike_numbers),
        TEST(an_answer_goes_while_the_next_one_comes),
        TEST(an_upload_keeps_its_own),
        TEST(what_plays_on_keeps_its_own),
        TEST(an_upload_waits_for_the_next_match),
        TEST(stops_are_taken_up_to_a_limit),
        TEST(a_command_to_no_script_is_passed_over),
        TEST(each_question_gets_its_own_answer),
        TEST(a_replay_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
