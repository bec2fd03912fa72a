/* What is left when code, owners and players go. */
#include "mod_rig.h"
#include "state.h"

#include "plugin_play.h"

enum { CALL_UNITS = 300000 };

static struct rig *rig;

static void write_one(const char *more, const char *text) {
    rig_rule("mods", "one", "1.0.0", more);
    rig_write(rig_path("mods/one/init.lua"), text);
}

static void choose(const char *text) {
    write_one("", text);
    rig = rig_create(false, CALL_UNITS, rig_path("mods"));
    assert_true(testkit_setting_set(rig->kit, "rules", "one"));
    lobby_refresh(rig->lobby);
}

static int teardown(void **state) {
    uint32_t faults = rig_close(&rig);
    return rig_teardown(state) || faults ? -1 : 0;
}

static void ticks(uint32_t count) {
    while (count--) testkit_match_tick(rig->kit, rig->match);
}

static bool state_has(const char *mod, const char *text) {
    static uint8_t bytes[PLAY_STATE_BYTES_MAX];
    uint32_t len = script_save(rig_script(rig, REALM_MATCH, mod), bytes, sizeof bytes);
    return memmem(bytes, len, text, strlen(text)) != NULL;
}

/* Code that has failed is none to come back to, though it has not gone yet. */
static void what_came_before_failed_code_comes_back(void **state) {
    (void)state;
    choose("hooks.on('chat', 'c', function() end)\n");
    const struct mod *first = rig_script(rig, REALM_LOBBY, "one")->mod;
    for (int i = 0; i < 2; i++) {
        write_one(",\"permissions\":[\"kick\"]",
                  i ? "hooks.on('chat', 'c', function() error('2') end)"
                    : "hooks.on('chat', 'c', function() error('1') end)");
        assert_int_equal(strncmp(testkit_command(rig->kit, "mods reload one"), "one reloaded", 12),
                         0);
        assert_int_equal(rig_script(rig, REALM_LOBBY, "one")->granted, MOD_KICK);
        (void)rig_say(rig, 0, "hello");
    }
    testkit_pump(rig->kit);
    assert_ptr_equal(rig_script(rig, REALM_LOBBY, "one")->mod, first);
    assert_int_equal(rig_script(rig, REALM_LOBBY, "one")->granted, 0);
    assert_true(rig_say(rig, 0, "hello"));
}

static void assert_kept(const struct mod *mod) {
    testkit_pump(rig->kit);
    assert_int_equal(access(rig_path("store/%s.json", mod->hash), F_OK), 0);
}

/* For replays: what is uploaded, and what is reloaded. */
static void each_version_is_kept(void **state) {
    static const char text[] = "hooks.on('tick', 't', function() end)";
    (void)state;
    choose(text);
    free(rig->instance->store_dir);
    rig->instance->store_dir = strdup(rig_path("store"));
    assert_string_equal(rig_upload(rig, "mine", text, strlen(text)).code, "");
    assert_kept(rig->lobby->uploads[0]);
    write_one("", "hooks.on('chat', 'c', function() end)");
    (void)testkit_command(rig->kit, "mods reload one");
    assert_kept(mods_find(rig->instance->mods, "one"));
}

/* New code fails, and the old one does not start any more: the mod is off, and its gate shut. */
static void what_cannot_come_back_is_off(void **state) {
    (void)state;
    choose("if realm == 'lobby' and #lobby.players() > 2 then error('full') end\n"
           "hooks.on('chat', 'c', function() end)\n");
    muster_player_id third = testkit_player_add(rig->kit, "Cid", "Cid");
    assert_non_null(testkit_member_add(rig->kit, rig->id, third, 2, MUSTER_TEAM_RED));
    write_one("", "hooks.on('chat', 'c', function() error('new') end)");
    assert_int_equal(strncmp(testkit_command(rig->kit, "mods reload one"), "one reloaded", 12), 0);
    (void)rig_say(rig, 0, "hello");
    testkit_pump(rig->kit);
    assert_null(rig_script(rig, REALM_LOBBY, "one")->sandbox);
    assert_non_null(testkit_told_find(rig->kit, "neither the new code nor the old one runs"));
    assert_false(rig_say(rig, 0, "hello"));
}

/* As long as a mod runs it has its zone; one that is off for good has none. */
static void a_zone_is_free_when_its_owner_is_off(void **state) {
    static const char owner[] = "hooks.on('tick', 't', function()\n"
                                "    if match.tick() == 1 then\n"
                                "        arena.zone{id = 1, place = 'center', radius = 1}\n"
                                "    end\n"
                                "    while match.tick() == 4 do end\n"
                                "end, 50)";
    (void)state;
    choose("hooks.on('tick', 't', function()\n"
           "    if match.tick() < 2 then return end\n"
           "    local ok, why = pcall(arena.zone, {id = 1, place = 'center', radius = 1})\n"
           "    state.said = ok and 'it is mine' or why\n"
           "end)\n");
    assert_string_equal(rig_upload(rig, "owner", owner, strlen(owner)).code, "");
    rig_begin(rig, "arena");
    ticks(3);
    assert_true(state_has("one", "zone 1 is used by the mod upload_owner"));
    ticks(4);
    assert_null(rig_script(rig, REALM_MATCH, "upload_owner")->sandbox);
    assert_true(state_has("one", "it is mine"));
}

/* One that is stopped and comes back has not given it up. */
static void a_zone_is_kept_while_its_owner_comes_back(void **state) {
    static const char asker[] = "hooks.on('tick', 't', function()\n"
                                "    if match.tick() == 0 then return end\n"
                                "    local ok, why = pcall(arena.zone_remove, 1)\n"
                                "    state['t' .. match.tick()] = ok and 'taken' or why\n"
                                "end, -50)";
    (void)state;
    choose("hooks.on('tick', 't', function()\n"
           "    if match.tick() == 1 then arena.zone{id = 1, place = 'center', radius = 1} end\n"
           "    while match.tick() == 4 do end\n"
           "end, 50)");
    assert_string_equal(rig_upload(rig, "asker", asker, strlen(asker)).code, "");
    rig_begin(rig, "arena");
    ticks(5);
    assert_int_equal(rig_script(rig, REALM_MATCH, "one")->kills, 1);
    ticks(3);
    assert_true(state_has("upload_asker", "t4"));
    assert_true(state_has("upload_asker", "zone 1 is used by the mod one"));
    assert_false(state_has("upload_asker", "taken"));
    assert_false(state_has("upload_asker", "there is no zone"));
}

/* Who sat there before is nobody. */
static void a_handle_is_of_one_person(void **state) {
    (void)state;
    choose("local first\n"
           "hooks.on('tick', 't', function()\n"
           "    first = first or match.player(0)\n"
           "    state.first = select(2, pcall(first.name, first))\n"
           "    state.now = match.player(0):name()\n"
           "end)\n");
    rig_begin(rig, "arena");
    assert_int_equal(testkit_match_join(rig->kit, rig->match, 0, MUSTER_TEAM_RED, "Ann"),
                     MUSTER_OK);
    ticks(2);
    assert_false(state_has("one", "gone"));
    testkit_match_leave(rig->kit, rig->match, 0, MUSTER_LEAVE_QUIT);
    assert_int_equal(testkit_match_join(rig->kit, rig->match, 0, MUSTER_TEAM_RED, "Eve"),
                     MUSTER_OK);
    ticks(1);
    assert_true(state_has("one", "this player is gone"));
    assert_true(state_has("one", "Eve"));
}

static void assert_lobby(bool is_locked, uint32_t team_of_ann) {
    assert_int_equal(testkit_lobby(rig->kit, rig->id)->is_locked, is_locked);
    assert_int_equal(testkit_member(rig->kit, rig->id, rig->players[0])->team, team_of_ann);
}

/* A change is made with the end of its turn, and not again with that of the next one: the host may
 * have made another one meanwhile. */
static void a_change_of_the_lobby_is_made_once(void **state) {
    (void)state;
    rig_rule("mods", "one", "1.0.0", ",\"permissions\":[\"teams\"]");
    rig_write(rig_path("mods/one/init.lua"),
              "local function of(name, fn) command.register{name = name, fn = fn} end\n"
              "of('close', function() lobby.lock(true) end)\n"
              "of('move', function(player) lobby.set_team(player, 'blue') end)\n");
    rig = rig_create(false, CALL_UNITS, rig_path("mods"));
    assert_true(testkit_setting_set(rig->kit, "rules", "one"));
    lobby_refresh(rig->lobby);
    const muster_player_id ann = rig->players[0];
    for (int i = 0; i < 2; i++) {
        (void)rig_say(rig, 0, i ? "/move" : "/close");
        testkit_pump(rig->kit);
        assert_lobby(i == 0, i ? MUSTER_TEAM_BLUE : MUSTER_TEAM_RED);
        LOBBY_PUT(rig->kit, rig->id, is_locked, false);
    }
    MEMBER_PUT(rig->kit, rig->id, ann, team, MUSTER_TEAM_RED);
    (void)rig_say(rig, 0, "/close");
    testkit_pump(rig->kit);
    assert_lobby(true, MUSTER_TEAM_RED);
}

/* One that is refused changes nothing of the one that runs. */
static void a_vote_ends_where_it_began(void **state) {
    (void)state;
    rig_rule("mods", "one", "1.0.0", ",\"permissions\":[\"vote\",\"chat\"]");
    rig_write(rig_path("mods/one/init.lua"),
              "command.register{name = 'ask', fn = function(_, word)\n"
              "    return tostring(vote.start{question = word, options = {'yes', 'no'},\n"
              "        on_end = function(winner) lobby.chat(word .. ': ' .. winner) end}) end}\n");
    rig = rig_create(false, CALL_UNITS, rig_path("mods"));
    assert_true(testkit_setting_set(rig->kit, "rules", "one"));
    lobby_refresh(rig->lobby);
    (void)rig_say(rig, 0, "/ask first");
    assert_non_null(testkit_told_find(rig->kit, "\"text\":\"true\""));
    (void)rig_say(rig, 0, "/ask second");
    assert_non_null(testkit_told_find(rig->kit, "\"text\":\"false\""));
    assert_true(testkit_vote_end(rig->kit, rig->id, 1));
    testkit_pump(rig->kit);
    assert_non_null(testkit_told_find(rig->kit, "first: no"));
    assert_null(testkit_told_find(rig->kit, "second: "));
    (void)rig_say(rig, 0, "/ask third");
    assert_true(testkit_vote_end(rig->kit, rig->id, 0));
    testkit_pump(rig->kit);
    assert_non_null(testkit_told_find(rig->kit, "third: yes"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_came_before_failed_code_comes_back),
        TEST(each_version_is_kept),
        TEST(what_cannot_come_back_is_off),
        TEST(a_zone_is_free_when_its_owner_is_off),
        TEST(a_zone_is_kept_while_its_owner_comes_back),
        TEST(a_handle_is_of_one_person),
        TEST(a_change_of_the_lobby_is_made_once),
        TEST(a_vote_ends_where_it_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
