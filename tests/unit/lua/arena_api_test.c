/* What arena.* makes of its words: the commands that a base gets, with all their figures. */
#include "test.h"

#include "plugin_rig.h"

#include <muster/plugin.h>

#include <stdio.h>
#include <string.h>

enum { CALL_UNITS = 300000 };

/* ---- a base that notes what it is asked */

static char asked[4096];

static muster_status base_init(muster_self *self, const struct muster_host *host, void **instance) {
    (void)host;
    *instance = self;
    return MUSTER_OK;
}

static muster_status base_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    (void)info;
    *state = instance;
    return MUSTER_OK;
}

static void base_destroy(void *instance, void *state) {
    (void)instance, (void)state;
}

static muster_status base_join(void *instance, void *state, uint32_t seat) {
    (void)instance, (void)state, (void)seat;
    return MUSTER_OK;
}

static void base_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance, (void)state, (void)seat, (void)reason;
}

static void base_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance, (void)state, (void)seat, (void)input;
}

static void base_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)instance, (void)state, (void)tick;
}

static void base_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    (void)instance, (void)state, (void)view, (void)full, (void)out;
}

/* "name seat text: arguments", each on a line. */
static muster_status base_command(void *instance, void *state,
                                  const struct muster_command *command) {
    size_t used = strlen(asked);
    (void)instance, (void)state;
    used += (size_t)snprintf(asked + used, sizeof asked - used, "%s %d %s:", command->name,
                             command->seat == MUSTER_SEAT_NONE ? -1 : (int)command->seat,
                             command->text);
    for (uint32_t i = 0; i < command->arg_count; i++)
        used += (size_t)snprintf(asked + used, sizeof asked - used, " %lld",
                                 (long long)command->args[i]);
    snprintf(asked + used, sizeof asked - used, "\n");
    return MUSTER_OK;
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = base_create,
                                        .destroy = base_destroy,
                                        .join = base_join,
                                        .leave = base_leave,
                                        .input = base_input,
                                        .tick = base_tick,
                                        .snapshot = base_snapshot,
                                        .command = base_command};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode}};
static const struct muster_plugin base = {.magic = MUSTER_PLUGIN_MAGIC,
                                          .abi_major = MUSTER_ABI_MAJOR,
                                          .abi_minor = MUSTER_ABI_MINOR,
                                          .size = sizeof(struct muster_plugin),
                                          .name = "mode_noting",
                                          .version = "1.0.0",
                                          .description = "for this test",
                                          .role_count = 1,
                                          .roles = roles,
                                          .init = base_init};

/* ---- the tests */

static struct rig *rig;

static int close_rig(void **state) {
    (void)state;
    return rig_close(&rig) ? -1 : 0;
}

/* What the base is asked when each tick the next of the calls is made, by a rule of a match. */
static void play(const char *calls) {
    char text[4096];
    struct testkit_match_options options = {
        .game_mode = "noting", .map_name = "field", .seats_max = 8, .tick_rate_hz = 20, .seed = 7};
    asked[0] = '\0';
    snprintf(text, sizeof text,
             "local calls = {%s}\n"
             "hooks.on('tick', 't', function()\n"
             "    local call = calls[match.tick()]\n"
             "    if call then call(match.player(0), match.player(1)) end\n"
             "end)",
             calls);
    rig = rig_create(false, CALL_UNITS, NULL);
    muster_self *plugin = testkit_add(rig->kit, &base);
    assert_non_null(plugin);
    assert_int_equal(testkit_start(plugin), MUSTER_OK);
    struct testkit_rpc rpc = rig_upload(rig, "brought", text, strlen(text));
    if (rpc.code[0]) fail_msg("refused: %s", rpc.text);
    options.lobby = rig->id;
    rig->match = testkit_match_create(rig->kit, plugin, &options);
    assert_true(rig->match.value);
    for (uint32_t seat = 0; seat < 2; seat++)
        assert_int_equal(
            testkit_match_join(rig->kit, rig->match, seat, MUSTER_TEAM_RED + seat, "Somebody"),
            MUSTER_OK);
    for (int i = 0; i < 20; i++) testkit_match_tick(rig->kit, rig->match);
}

static void assert_asked(const char *expected) {
    if (strcmp(asked, expected) != 0) fail_msg("expected\n%sfound\n%s", expected, asked);
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 0);
}

static void things_are_placed_as_is_said(void **state) {
    (void)state;
    play("function() arena.zone{id = 1, place = 'center', radius = 2.5} end,\n"
         "function() arena.zone{id = 8, place = 'at:12,7', radius = 0.25, team = 'blue',\n"
         "    progress = 100, label = 'Hill'} end,\n"
         "function() arena.zone{id = 1, place = 'red_base', radius = 32, team = 'none'} end,\n"
         "function() arena.zone_remove(8) end,\n"
         "function() arena.item{id = 2, place = 'blue_base'} end,\n"
         "function() arena.item{id = 3, place = 'center', kind = 'crown', team = 'red',\n"
         "    who = 'enemies'} end,\n"
         "function() arena.item{id = 4, place = 'center', team = 'blue', who = 'team'} end,\n"
         "function() arena.item_home(3) end,\n"
         "function(_, second) arena.carry(3, second) end,\n"
         "function() arena.item_remove(2) end");
    assert_asked("zone -1 center|: 1 640 0 0\n"
                 "zone -1 at:12,7|Hill: 8 64 2 100\n"
                 "zone -1 red_base|: 1 8192 0 0\n"
                 "zone_remove -1 : 8\n"
                 "item -1 blue_base|flag: 2 0 0\n"
                 "item -1 center|crown: 3 1 1\n"
                 "item -1 center|flag: 4 2 2\n"
                 "item_home -1 : 3\n"
                 "carry 1 : 3 1\n"
                 "item_remove -1 : 2\n");
}

static void lives_are_changed_as_is_said(void **state) {
    (void)state;
    play("function(_, second) arena.spawn(second) end,\n"
         "function(first) arena.kill(first) end,\n"
         "function(_, second) arena.heal(second, 25) arena.heal(second, -25) end,\n"
         "function(_, second) arena.heal(second, 100000) arena.heal(second, -100000) end,\n"
         "function(first) arena.team(first, 'blue') arena.team(first, 'red') end,\n"
         "function(_, second) arena.loadout(second, {}) end,\n"
         "function(first) arena.loadout(first, {rifle = false, damage = 0}) end,\n"
         "function(first) arena.loadout(first, {launcher = false, level = 255}) end,\n"
         "function(first) arena.loadout(first, {rifle = false, launcher = false,\n"
         "    damage = 1000, level = 1}) end,\n"
         "function() arena.bots(0) arena.bots(16) end");
    assert_asked("spawn 1 : 1\n"
                 "kill 0 : 0\n"
                 "heal 1 : 1 25\n"
                 "heal 1 : 1 -25\n"
                 "heal 1 : 1 100\n"
                 "heal 1 : 1 -100\n"
                 "team 0 : 0 2\n"
                 "team 0 : 0 1\n"
                 "loadout 1 : 1 3 100 0\n"
                 "loadout 0 : 0 2 0 0\n"
                 "loadout 0 : 0 1 100 255\n"
                 "loadout 0 : 0 0 1000 1\n"
                 "bots -1 : 0\n"
                 "bots -1 : 16\n");
}

/* So many at once, then so many a tick; what is not asked is not saved up. */
static void commands_are_counted(void **state) {
    uint32_t lines = 0;
    (void)state;
    play("[2] = function() for i = 1, 60 do pcall(arena.bots, 1) end end,\n"
         "[3] = function() for i = 1, 60 do pcall(arena.bots, 2) end end,\n"
         "[18] = function() for i = 1, 60 do pcall(arena.bots, 3) end end");
    for (const char *at = asked; *at; at++) lines += *at == '\n';
    assert_int_equal(lines, 48 + 4 + 48);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(things_are_placed_as_is_said, close_rig),
        cmocka_unit_test_teardown(lives_are_changed_as_is_said, close_rig),
        cmocka_unit_test_teardown(commands_are_counted, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
