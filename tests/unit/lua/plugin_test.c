/* The plugin as a whole: what a hostile or clumsy script could do to others, to the loop, and to a
 * replay. */
#include "test.h"

#include "internal.h"
#include "plugin_play.h"

#include <stdio.h>
#include <string.h>

enum { CALL_UNITS = 300000 };

static struct rig *rig;

static int close_rig(void **state) {
    (void)state;
    return rig_close(&rig) ? -1 : 0;
}

/* A lobby whose host has brought this rule. */
static void bring(const char *text) {
    rig = rig_create(false, CALL_UNITS, NULL);
    struct testkit_rpc rpc = rig_upload(rig, "brought", text, strlen(text));
    if (rpc.code[0]) fail_msg("refused: %s", rpc.text);
}

/* The rig goes, and a replay's is there instead. */
static struct tape *rewind_rig(uint64_t call_units, const char *mods) {
    struct tape *tape = tape_create(rig);
    assert_int_equal(close_rig(NULL), 0);
    rig = rig_create(true, call_units, mods);
    return tape;
}

static void assert_replayed(uint32_t granted_in_replay) {
    static struct played first, second;
    play_live(rig, &first);
    struct tape *tape = rewind_rig(UINT64_MAX, NULL);
    rig->instance->upload_permissions = granted_in_replay;
    play_again(rig, tape, &first, &second);
    tape_destroy(tape);
    assert_true(play_is_same(&first, &second));
}

/* ---- who may ----------------------------------------------------------------------------------
 */

static void a_word_that_ends_like_admin_is_another(void **state) {
    static const char text[] = "return";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    LOBBY_PUT(rig->kit, rig->id, host, rig->players[1]);
    testkit_player_permit(rig->kit, rig->players[0], "play nonadmin admins");
    assert_string_equal(rig_upload(rig, "mine", text, strlen(text)).code, "denied");
    testkit_player_permit(rig->kit, rig->players[0], "play admin");
    assert_string_equal(rig_upload(rig, "mine", text, strlen(text)).code, "");
}

/* Who uploads a rule has no mod.json to write into. */
static void an_upload_is_told_of_the_permissions_that_count(void **state) {
    static const char text[] = "storage.get('x')";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    rig->instance->upload_permissions = MOD_CHAT;
    struct testkit_rpc rpc = rig_upload(rig, "mine", text, strlen(text));
    assert_string_equal(rpc.code, "invalid_params");
    assert_non_null(strstr(rpc.text, "needs the permission \"storage\": rules that players bring"));
    assert_null(strstr(rpc.text, "mod.json"));
}

/* ---- uploads --------------------------------------------------------------------------------- */

static struct testkit_rpc upload_part(const char *name, uint32_t bytes, int part, bool more) {
    static char params[MOD_UPLOAD_BYTES_MAX + 256], source[MOD_UPLOAD_BYTES_MAX + 2];
    memset(source, '-', bytes); /* a comment */
    source[bytes] = '\0';
    snprintf(params, sizeof params,
             "{\"name\": \"%s\", \"source\": \"%s\", \"part\": %d, \"more\": %s}", name, source,
             part, more ? "true" : "false");
    return testkit_rpc(rig->kit, rig->players[0], "lobby.uploadRule", params);
}

static void hand_over(void *user) {
    (void)user;
    LOBBY_PUT(rig->kit, rig->id, host, rig->players[1]);
}

/* It is tried in later turns: it is taken when its player may bring it then, too. */
static void who_is_host_no_more_brings_nothing(void **state) {
    static const char text[] = "hooks.on('chat', 'c', function() end)";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    assert_int_equal(testkit_host(rig->kit)->loop->post(rig->plugin, hand_over, NULL), MUSTER_OK);
    struct testkit_rpc rpc = rig_upload(rig, "mine", text, strlen(text));
    assert_string_equal(rpc.code, "denied");
    assert_string_equal(rpc.reason, "not_host");
    assert_int_equal(rig->lobby->upload_count, 0);
}

/* No plugin is stopped inside a call of its own: another one's turn comes meanwhile. */
static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};
static const struct muster_plugin beside = {.magic = MUSTER_PLUGIN_MAGIC,
                                            .abi_major = MUSTER_ABI_MAJOR,
                                            .abi_minor = MUSTER_ABI_MINOR,
                                            .size = sizeof beside,
                                            .name = "beside",
                                            .version = "1.0.0",
                                            .description = "for this test",
                                            .roles = roles,
                                            .role_count = 1};

static void stop_plugin(void *user) {
    (void)user;
    (void)testkit_stop(rig->plugin);
}

/* It is tried no more and holds nothing; its turn comes with the stop, when its lobby is gone. */
static void an_upload_that_is_tried_goes_with_the_plugin(void **state) {
    static const char text[] = "hooks.on('chat', 'c', function() end)";
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    muster_self *other = testkit_add(rig->kit, &beside);
    assert_int_equal(testkit_start(other), MUSTER_OK);
    assert_int_equal(testkit_host(rig->kit)->loop->post(other, stop_plugin, NULL), MUSTER_OK);
    struct testkit_rpc rpc = rig_upload(rig, "mine", text, strlen(text));
    assert_string_equal(rpc.code, "wrong_state");
}

static void parts_make_up_a_whole(void **state) {
    enum { HALF = MOD_UPLOAD_BYTES_MAX / 2 };
    static const struct {
        const char *name;
        uint32_t bytes;
        int part;
        bool more;
        const char *reason;
    } parts[] = {
        {"a", HALF, 0, true, ""},       {"a", HALF, 0, true, ""}, /* anew */
        {"a", HALF, 1, false, ""},                                /* as much as is taken */
        {"a", HALF, 0, true, ""},       {"a", HALF + 1, 1, false, "too_long"},
        {"a", 5, 1, false, "bad_part"}, /* the one that was too long is forgotten */
        {"a", 5, 0, true, ""},          {"b", 5, 1, false, "bad_part"},
        {"a", 5, 0, true, ""},          {"a", 5, 2, false, "bad_part"},
        {"a", 5, -1, true, "bad_part"},
    };
    (void)state;
    rig = rig_create(false, CALL_UNITS, NULL);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct testkit_rpc rpc =
            upload_part(parts[i].name, parts[i].bytes, parts[i].part, parts[i].more);
        if (strcmp(rpc.reason, parts[i].reason) != 0) fail_msg("part %zu: %s", i, rpc.text);
    }
    assert_int_equal(rig->lobby->upload_count, 1);
}

/* Versions that the plugin knows. */
static uint32_t known_uploads(void) {
    uint32_t count = 0;
    for (const struct probe *probe = rig->instance->probes; probe; probe = probe->next)
        count += probe->mod->is_upload;
    return count;
}

/* The same name again is the newer code; another one finds no room. */
static void a_lobby_has_one_upload(void **state) {
    static const char first[] = "hooks.on('chat', 'c', function(text) return text .. '1' end)";
    static const char second[] = "hooks.on('chat', 'd', function(text) return text .. '2' end)";
    (void)state;
    bring(first);
    testkit_pump(rig->kit); /* it is kept for replays */
    struct script *before = rig_script(rig, REALM_LOBBY, "upload_brought");
    const struct mod *mod = before->mod;
    assert_string_equal(rig_upload(rig, "brought", second, strlen(second)).code, "");
    assert_int_equal(rig->lobby->lobby.script_count, 1);
    assert_ptr_not_equal(rig_script(rig, REALM_LOBBY, "upload_brought")->mod, mod);
    assert_int_equal(rig->lobby->lobby.handlers[EVENT_CHAT].count, 1);
    assert_int_equal(known_uploads(), 1); /* the version before is forgotten */
    struct testkit_rpc rpc = rig_upload(rig, "other", first, strlen(first));
    assert_string_equal(rpc.reason, "too_many");
    rpc = testkit_rpc(rig->kit, rig->players[0], "lobby.removeRule", "{\"id\": \"upload_other\"}");
    assert_string_equal(rpc.reason, "no_rule");
    rpc =
        testkit_rpc(rig->kit, rig->players[0], "lobby.removeRule", "{\"id\": \"upload_brought\"}");
    assert_string_equal(rpc.code, "");
    assert_int_equal(rig->lobby->lobby.script_count, 0);
    assert_string_equal(rig_upload(rig, "other", first, strlen(first)).code, "");
}

/* ---- replays --------------------------------------------------------------------------------- */

/* Too many keys to be listed is an answer like another: the next one is not taken for it. */
static void a_refused_list_of_keys_is_replayed(void **state) {
    (void)state;
    bring("for i = 1, 300 do storage.set(('k'):rep(100) .. i, 1) end\n"
          "hooks.on('tick', 't', function()\n"
          "    state.ok, state.why = pcall(storage.keys)\n"
          "    state.n = storage.add('n', 1)\n"
          "end)");
    assert_replayed(MOD_PERMISSIONS_ALL);
    struct script *script = rig_script(rig, REALM_MATCH, "upload_brought");
    assert_non_null(script->sandbox);
}

/* One that fills several notes, one that fills one to the last byte, and one after another. */
static void a_long_answer_is_replayed_whole(void **state) {
    (void)state;
    bring("state.read = {}\n"
          "hooks.on('tick', 't', function()\n"
          "    local bytes = ({4050, 4080, 4081, 9000, 1})[match.tick() + 1]\n"
          "    if not bytes then return end\n"
          "    storage.set('page', ('x'):rep(bytes) .. match.tick())\n"
          "    state.read[match.tick()] = {#storage.get('page'), storage.get('page'):sub(-1)}\n"
          "end)");
    assert_replayed(MOD_PERMISSIONS_ALL);
}

/* A script that is stopped while it waits for an answer leaves the next one to who asks then. */
static void answers_stay_with_who_asked(void **state) {
    static struct played first, second;
    (void)state;
    rig = rig_create(false, 100000, RULES_DIR);
    assert_true(testkit_setting_set(rig->kit, "rules", "greedy,patient"));
    play_live(rig, &first);
    assert_int_equal(rig_script(rig, REALM_MATCH, "greedy")->kills, 1);
    struct tape *tape = rewind_rig(UINT64_MAX, RULES_DIR);
    play_again(rig, tape, &first, &second);
    tape_destroy(tape);
    assert_int_equal(rig_script(rig, REALM_MATCH, "greedy")->kills, 1);
    assert_true(play_is_same(&first, &second));
}

/* What the operator grants today does not change what was played. */
static void permissions_are_part_of_the_recording(void **state) {
    (void)state;
    bring("hooks.on('tick', 't', function()\n"
          "    state.can = pcall(storage.set, 'k', match.tick())\n"
          "    state.talks = pcall(match.announce, 'x')\n"
          "end)");
    assert_replayed(0);
}

/* A restart that is set, and a fault of the server's: 60 s and 400 ms (plugin_play.c). */
static void what_the_server_does_is_replayed(void **state) {
    (void)state;
    struct muster_match_facts facts = {.size = sizeof facts};
    bring("hooks.on('server_restarting', 'r', function(seconds)\n"
          "    if realm == 'match' then match.add_score('red', seconds) end\n"
          "end)\n"
          "hooks.on('disturbed', 'd', function(cause, ms)\n"
          "    if cause == 'stall' then match.add_score('red', ms) end\n"
          "end)");
    assert_replayed(MOD_PERMISSIONS_ALL);
    testkit_match_facts(rig->kit, rig->match, &facts);
    assert_int_equal(facts.team_score[MUSTER_TEAM_RED], 460);
}

static void stops_are_replayed(void **state) {
    (void)state;
    bring("hooks.on('damage', 'd', function(amount)\n"
          "    match.add_score('red', 1)\n"
          "    while true do end\n"
          "end)\n"
          "hooks.on('speed', 's', function(units) return units + 1 end)");
    assert_replayed(MOD_PERMISSIONS_ALL);
}

/* One that raises has failed, and is asked again; one that runs on and on is stopped, whatever it
 * catches: that is no failure, and the end of an upload. */
static void handlers_fail_or_are_stopped(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function(text)\n"
          "    while text == 'spin' do pcall(function() while true do end end) end\n"
          "    error('on purpose')\n"
          "end)");
    for (int i = 1; i <= 2; i++) {
        (void)rig_say(rig, 0, "hello");
        assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), i);
    }
    assert_int_equal(testkit_metric(rig->kit, "muster_script_kills_total"), 0);
    assert_non_null(testkit_log_find(rig->kit, "on purpose"));
    assert_null(testkit_log_find(rig->kit, "stopped: "));
    (void)rig_say(rig, 0, "spin");
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 2);
    assert_int_equal(testkit_metric(rig->kit, "muster_script_kills_total"), 1);
    assert_non_null(testkit_log_find(rig->kit, "stopped: "));
    assert_null(rig_script(rig, REALM_LOBBY, "upload_brought")->sandbox);
}

/* What a script asks of the host costs it something, too. */
static void each_call_has_its_price(void **state) {
    static const struct {
        const char *call;
        uint64_t units;
    } calls[] = {
        {"storage.get('x')", 300},
        {"storage.set('x', 1)", 300},
        {"storage.keys()", 300},
        {"lobby.players()", 400},
        {"lobby.chat('x')", 500},
        {"lobby.lock(true)", 100},
        {"lobby.setting('x')", 200},
        {"player:chat('x')", 500},
        {"player:name()", 30},
        {"player:team()", 30},
        {"bus.emit('x', 1)", 200},
        {"hooks.on('describe', 'x', print)", 200},
        {"hooks.off('describe', 'x')", 200},
        {"timer.after(1, print)", 200},
        {"timer.cancel(1)", 20},
        {"i18n.t('x')", 20},
        {"command.register{name = 'x', fn = print}", 200},
        {"vote.start{question = 'q', options = {'a'}, on_end = print}", 500},
    };
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char text[256];
        snprintf(text, sizeof text, "hooks.on('chat', 'c', function(text, player) %s end)",
                 calls[i].call);
        bring(text);
        (void)rig_say(rig, 0, "hello");
        struct script *script = rig_script(rig, REALM_LOBBY, "upload_brought");
        uint64_t units = script->sandbox->units;
        if (units < calls[i].units || units > calls[i].units + 150)
            fail_msg("%s: %llu units", calls[i].call, (unsigned long long)units);
        testkit_pump(rig->kit); /* what it has asked for */
        assert_int_equal(close_rig(NULL), 0);
    }
}

/* The host hears of eight places, once of each. */
static void the_host_is_told_of_so_many_places(void **state) {
    char text[1024] = "local n = 0 hooks.on('player_join', 'x', function() end)\n"
                      "hooks.on('chat', 'c', function() n = n % 9 + 1\n";
    (void)state;
    for (int i = 1; i <= 9; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "if n == %d then error('place%d') end\n", i, i);
    strcat(text, "end)");
    bring(text);
    for (int i = 1; i <= 9; i++) (void)rig_say(rig, 0, "hello");
    assert_non_null(testkit_told_find(rig->kit, "place8"));
    assert_null(testkit_told_find(rig->kit, "place9"));
    assert_non_null(testkit_log_find(rig->kit, "place9")); /* the operator does */
}

/* ---- quotas ---------------------------------------------------------------------------------- */

/* What is printed is counted apart from what is said. */
static void a_script_prints_and_says_so_much(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function()\n"
          "    for i = 1, 30 do print('printed ' .. i .. '.') end\n"
          "    for i = 1, 30 do lobby.chat('said ' .. i .. '.') end\n"
          "end)");
    (void)rig_say(rig, 0, "hello");
    testkit_pump(rig->kit);
    assert_non_null(testkit_log_find(rig->kit, "printed 10."));
    assert_null(testkit_log_find(rig->kit, "printed 11."));
    assert_non_null(testkit_told_find(rig->kit, "said 20."));
    assert_null(testkit_told_find(rig->kit, "said 21."));
}

/* However often a script wants something of its lobby in a turn, it is done once. */
static void changes_of_the_lobby_are_made_once_a_turn(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function()\n"
          "    for i = 1, 500 do lobby.lock(i % 2 == 1) end\n"
          "    local ann = lobby.players()[1]\n"
          "    for i = 1, 500 do lobby.set_team(ann, i % 2 == 0 and 'red' or 'blue') end\n"
          "    lobby.lock(true)\n"
          "end)");
    (void)rig_say(rig, 0, "hello");
    assert_true(rig->lobby->changes.is_posted);
    assert_int_equal(rig->lobby->changes.lock, 2);
    assert_int_equal(rig->lobby->changes.teams[0], 1 + MUSTER_TEAM_RED);
    testkit_pump(rig->kit);
    assert_false(rig->lobby->changes.is_posted);
    assert_true(testkit_lobby(rig->kit, rig->id)->is_locked);
    assert_int_equal(testkit_member(rig->kit, rig->id, rig->players[0])->team, MUSTER_TEAM_RED);
}

/* Votes that are refused, and commands that are registered again, hold no memory. */
static void what_is_replaced_is_let_go(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function()\n"
          "    for i = 1, 200 do\n"
          "        vote.start{question = 'q', options = {'a', 'b'}, on_end = function() end}\n"
          "        command.register{name = 'again', fn = function() end}\n"
          "        hooks.on('describe', 'd', function() end)\n"
          "        bus.on('x', 'y', function() end)\n"
          "    end\n"
          "end)");
    for (int i = 0; i < 50; i++) (void)rig_say(rig, 0, "hello");
    size_t before = sandbox_memory(rig_script(rig, REALM_LOBBY, "upload_brought")->sandbox);
    for (int i = 0; i < 200; i++) {
        (void)rig_say(rig, 0, "hello");
        testkit_advance(rig->kit, 10);
    }
    struct script *script = rig_script(rig, REALM_LOBBY, "upload_brought");
    assert_non_null(script->sandbox);
    assert_true(sandbox_memory(script->sandbox) < before * 2);
}

/* Points end where they can be counted no more. */
static void points_do_not_wrap(void **state) {
    (void)state;
    bring("hooks.on('tick', 't', function()\n"
          "    for i = 1, 2000 do match.add_score('red', 1000) end\n"
          "    for i = 1, 2000 do match.player(0):add_score(-1000) end\n"
          "end)");
    rig_begin(rig, "arena");
    assert_int_equal(testkit_match_join(rig->kit, rig->match, 0, MUSTER_TEAM_RED, "Ann"),
                     MUSTER_OK);
    for (int i = 0; i < 1200; i++) testkit_match_tick(rig->kit, rig->match);
    struct muster_match_facts facts;
    testkit_match_facts(rig->kit, rig->match, &facts);
    assert_int_equal(facts.team_score[MUSTER_TEAM_RED], INT32_MAX);
    assert_int_equal(testkit_match_seat(rig->kit, rig->match, 0)->score, INT32_MIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_upload_is_told_of_the_permissions_that_count, close_rig),
        cmocka_unit_test_teardown(a_word_that_ends_like_admin_is_another, close_rig),
        cmocka_unit_test_teardown(who_is_host_no_more_brings_nothing, close_rig),
        cmocka_unit_test_teardown(parts_make_up_a_whole, close_rig),
        cmocka_unit_test_teardown(an_upload_that_is_tried_goes_with_the_plugin, close_rig),
        cmocka_unit_test_teardown(a_lobby_has_one_upload, close_rig),
        cmocka_unit_test_teardown(a_refused_list_of_keys_is_replayed, close_rig),
        cmocka_unit_test_teardown(answers_stay_with_who_asked, close_rig),
        cmocka_unit_test_teardown(permissions_are_part_of_the_recording, close_rig),
        cmocka_unit_test_teardown(stops_are_replayed, close_rig),
        cmocka_unit_test_teardown(what_the_server_does_is_replayed, close_rig),
        cmocka_unit_test_teardown(a_long_answer_is_replayed_whole, close_rig),
        cmocka_unit_test_teardown(handlers_fail_or_are_stopped, close_rig),
        cmocka_unit_test_teardown(each_call_has_its_price, close_rig),
        cmocka_unit_test_teardown(the_host_is_told_of_so_many_places, close_rig),
        cmocka_unit_test_teardown(a_script_prints_and_says_so_much, close_rig),
        cmocka_unit_test_teardown(changes_of_the_lobby_are_made_once_a_turn, close_rig),
        cmocka_unit_test_teardown(what_is_replaced_is_let_go, close_rig),
        cmocka_unit_test_teardown(points_do_not_wrap, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
