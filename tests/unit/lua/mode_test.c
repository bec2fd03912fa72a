/* A mode that owns everything, behind the role that the host calls: what comes in, what goes out,
 * and what is kept of it. */
#include "mod_rig.h"
#include "mode_role.h"
#include "state.h"

#include "mode.h"
#include "plugin_play.h"

enum { CALL_UNITS = 300000, TICK_RATE_HZ = 20 };

static struct rig *rig;

static int teardown(void **state) {
    uint32_t faults = rig_close(&rig);
    return rig_teardown(state) || faults ? -1 : 0;
}

/* A match of this mode with Ann, who is red, and Bob, who is blue. */
static void play(const char *text) {
    static const struct testkit_match_options options = {.game_mode = "own",
                                                         .map_name = "field",
                                                         .seats_max = 8,
                                                         .tick_rate_hz = TICK_RATE_HZ,
                                                         .seed = 7};
    struct testkit_match_options of_lobby = options;
    rig_write(
        rig_path("mods/own/mod.json"),
        "{\"id\":\"own\",\"name\":\"Own\",\"version\":\"1.0.0\",\"api\":\"1\",\"kind\":\"mode\","
        "\"description\":\"as it says\",\"maxPlayers\":8,\"tickRate\":20,"
        "\"snapshotMaxBytes\":128}");
    rig_write(rig_path("mods/own/init.lua"), text);
    rig = rig_create(false, CALL_UNITS, rig_path("mods"));
    assert_non_null(probe_find(rig->instance, mods_find(rig->instance->mods, "own")));
    of_lobby.lobby = rig->id;
    rig->match = testkit_match_create(rig->kit, rig->plugin, &of_lobby);
    assert_true(rig->match.value != 0);
    assert_int_equal(testkit_match_join(rig->kit, rig->match, 0, MUSTER_TEAM_RED, "Ann"),
                     MUSTER_OK);
    assert_int_equal(testkit_match_join(rig->kit, rig->match, 1, MUSTER_TEAM_BLUE, "Bob"),
                     MUSTER_OK);
}

static void ticks(uint32_t count) {
    while (count--) testkit_match_tick(rig->kit, rig->match);
}

static uint32_t look(uint32_t view, bool full, uint8_t out[128]) {
    return testkit_match_snapshot(rig->kit, rig->match, view, full, out, 128);
}

/* ---- what comes in --------------------------------------------------------------------------- */

/* Of one step so many, the first ones; the next step has room for as many again. */
static void inputs_are_taken_up_to_a_limit(void **state) {
    (void)state;
    play("return {init = function() return {} end,\n"
         "    input = function(_, player, held) match.add_score('red', 1)\n"
         "        match.add_score('blue', held) end}");
    for (int round = 1; round <= 2; round++) {
        for (uint32_t i = 0; i < MODE_INPUTS_MAX + 3; i++)
            testkit_match_input(rig->kit, rig->match, 0,
                                &(struct muster_input){.held = i < MODE_INPUTS_MAX});
        assert_int_equal(rig->lobby->mode->input_count, MODE_INPUTS_MAX);
        ticks(1);
        assert_int_equal(rig->lobby->mode->input_count, 0);
        struct muster_match_facts facts;
        testkit_match_facts(rig->kit, rig->match, &facts);
        assert_int_equal(facts.team_score[MUSTER_TEAM_RED], round * MODE_INPUTS_MAX);
        assert_int_equal(facts.team_score[MUSTER_TEAM_BLUE], round * MODE_INPUTS_MAX);
    }
}

/* ---- what goes out --------------------------------------------------------------------------- */

/* Nothing of a snapshot that fails is sent, be it in full or what has changed, nor the one before
 * it; who sees another one is told. */
static void a_snapshot_that_fails_is_none(void **state) {
    uint8_t bytes[128];
    (void)state;
    play("return {private = true, init = function() return {} end,\n"
         "    snapshot = function(_, out, _, viewer)\n"
         "        out:u8(match.tick())\n"
         "        if viewer and viewer:seat() == 0 and match.tick() == 1 then error('no') end\n"
         "    end}");
    for (uint8_t tick = 0; tick < 3; tick++) {
        ticks(1);
        for (int full = 0; full < 2; full++) {
            assert_int_equal(look(1, full, bytes), tick != 1);
            if (tick != 1) assert_int_equal(bytes[0], tick);
            assert_int_equal(look(2, full, bytes), 1);
            assert_int_equal(bytes[0], tick);
        }
    }
}

/* Who changes sides has other fields to see, and is seen by others: all are told once. */
static void who_changes_sides_is_told_all(void **state) {
    uint8_t bytes[128];
    (void)state;
    play("return {sync = {{name = 'word', type = 'u8', per = 'player', visible = 'team'}},\n"
         "    init = function() return {} end,\n"
         "    join = function(_, player) sync.set('word', 40 + player:seat(), player) end}");
    ticks(2);
    uint32_t quiet = look(1, false, bytes);
    assert_int_equal(look(2, false, bytes), quiet);
    const struct muster_host_match *match = testkit_host(rig->kit)->match;
    testkit_match_steer(rig->kit, rig->match, true);
    assert_int_equal(match->team_set(rig->plugin, rig->match, 1, MUSTER_TEAM_RED), MUSTER_OK);
    ticks(1);
    for (uint32_t view = 1; view <= 2; view++) {
        uint32_t len = look(view, false, bytes);
        assert_true(len > quiet);
        assert_int_equal(bytes[len - 2], 40); /* of both */
        assert_int_equal(bytes[len - 1], 41);
    }
    ticks(1);
    assert_int_equal(look(1, false, bytes), quiet);
}

static void assert_intro(const char *text, const char *expected) {
    char json[512];
    struct muster_writer w = muster_writer_make(json, sizeof json - 1);
    play(text);
    ticks(1);
    lua_mode.intro(rig->instance, testkit_match_state(rig->kit, rig->match), &w);
    json[w.len] = '\0';
    if (!strstr(json, expected)) fail_msg("expected %s in %s", expected, json);
}

/* The mod's own words, or those of mod.json. */
static void an_intro_has_its_own_words(void **state) {
    static const struct {
        const char *text, *expected;
    } intros[] = {
        {"return {}", "\"title\":\"Own\",\"help\":\"as it says\""},
        {"return {intro = function() return {title = 'Mine'} end}",
         "\"title\":\"Mine\",\"help\":\"as it says\""},
        {"return {intro = function() return {help = 'run'} end}",
         "\"help\":\"run\",\"title\":\"Own\""},
        {"return {intro = function() error('no') end}",
         "\"title\":\"Own\",\"help\":\"as it says\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof intros / sizeof *intros; i++) {
        assert_intro(intros[i].text, intros[i].expected);
        assert_int_equal(testkit_faults(rig->kit), 0);
        rig_destroy(rig);
        rig = NULL;
    }
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* Who looks changes nothing: neither the next random number nor anything else. */
static void a_look_leaves_all_as_it_was(void **state) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX];
    static const char *const acts[] = {"math.random()", "match.add_score('red', 1)",
                                       "sync.set('word', 1)"};
    char text[512];
    uint64_t before[4], after[4];
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        snprintf(text, sizeof text,
                 "return {sync = {{name = 'word', type = 'u8'}},\n"
                 "    intro = function() if match.tick() > 0 then %s end return {a = 1} end,\n"
                 "    save = function(state) if match.tick() > 0 then %s end return state end,\n"
                 "    restore = function(state) return state end}",
                 acts[i], acts[i]);
        play(text);
        ticks(2);
        struct script *script = rig_script(rig, REALM_MATCH, "own");
        sandbox_random_get(script->sandbox, before);
        bool is_saved = script_save(script, bytes, sizeof bytes) > 0;
        assert_int_equal(is_saved, i == 0); /* what acts is an error */
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        lua_mode.intro(rig->instance, rig->lobby->mode, &w);
        assert_int_equal(memmem(bytes, w.len, "\"a\":1", 5) != NULL, i == 0);
        sandbox_random_get(script->sandbox, after);
        assert_memory_equal(before, after, sizeof before);
        assert_int_equal(rig->lobby->mode->sync->values[0], 0);
        if (i > 0)
            assert_non_null(testkit_log_find(rig->kit, "nothing can be changed while state is"));
        rig_destroy(rig);
        rig = NULL;
    }
}

/* While the others are told who has left, that one still has a name, but fields no more. */
static void who_leaves_has_no_fields(void **state) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX];
    (void)state;
    play("local mode = {sync = {{name = 'word', type = 'u8', per = 'player'}}}\n"
         "local heard = {}\n"
         "function mode.leave(_, player)\n"
         "    sync.set('word', 7, player)\n"
         "    table.insert(heard, 'leaves with ' .. sync.get('word', player)) end\n"
         "function mode.save() return heard end\n"
         "function mode.restore(state) return state end\n"
         "hooks.on('player_leave', 'l', function(player)\n"
         "    local _, why = pcall(sync.set, 'word', 9, player)\n"
         "    table.insert(heard, player:name() .. ': ' .. tostring(why)) end)\n"
         "return mode");
    ticks(1);
    testkit_match_leave(rig->kit, rig->match, 1, MUSTER_LEAVE_QUIT);
    uint32_t len = script_save(rig_script(rig, REALM_MATCH, "own"), bytes, sizeof bytes);
    assert_non_null(memmem(bytes, len, "leaves with 7", 13));
    assert_non_null(memmem(bytes, len, "this player has no sync fields", 30));
}

/* Who has gone is gone for a script that is stopped right afterwards, too. */
static void who_leaves_is_known_after_a_stop(void **state) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX];
    (void)state;
    play("return {init = function() return {left = 'nobody'} end,\n"
         "    leave = function(state, player) state.left = player:name() .. ' has gone' end,\n"
         "    input = function() while true do end end}");
    ticks(1);
    testkit_match_leave(rig->kit, rig->match, 1, MUSTER_LEAVE_QUIT);
    testkit_match_input(rig->kit, rig->match, 0, &(struct muster_input){.held = 1});
    ticks(1);
    struct script *script = rig_script(rig, REALM_MATCH, "own");
    assert_int_equal(script->kills, 1);
    uint32_t len = script_save(script, bytes, sizeof bytes);
    assert_non_null(memmem(bytes, len, "Bob has gone", 12));
}

/* Once a second, which is what a script that is stopped may lose. */
static void the_state_is_kept_once_a_second(void **state) {
    uint32_t kept = 0;
    (void)state;
    play("return {tick = function() end}");
    const struct script *script = rig_script(rig, REALM_MATCH, "own");
    ticks(1);
    for (int i = 0; i < 5 * TICK_RATE_HZ; i++) {
        uint64_t before = script->calls;
        ticks(1);
        kept += script->calls - before == 2; /* the tick, and the state */
    }
    assert_int_equal(kept, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(inputs_are_taken_up_to_a_limit),   TEST(a_snapshot_that_fails_is_none),
        TEST(who_changes_sides_is_told_all),    TEST(an_intro_has_its_own_words),
        TEST(a_look_leaves_all_as_it_was),      TEST(who_leaves_has_no_fields),
        TEST(who_leaves_is_known_after_a_stop), TEST(the_state_is_kept_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
