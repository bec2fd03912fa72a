/* What the operator sees of mods and does with them: the folders that are watched, what is granted
 * and left out, the console, what is told and how often. */
#include "crew.h"
#include "mod_rig.h"
#include "note_take.h"
#include "permissions.h"
#include "trial.h"
#include "trial_run.h"

#include "catalog.h"
#include "note.h"
#include "plugin_rig.h"
#include "spec.h"
#include "storage.h"

#include <dirent.h>

enum { CALL_UNITS = 300000 };

static struct testkit *kit;
static muster_self *plugin;
static struct instance *instance;
static struct rig *rig;

extern const struct muster_plugin muster_plugin_descriptor;

static void write_rule(const char *id, const char *version, const char *more, const char *text) {
    rig_rule("mods", id, version, more);
    rig_write(rig_path("mods/%s/init.lua", id), text);
}

/* The mode that rules are tried out in, where they name none. */
static void declare_arena(void) {
    static const char *const maps[] = {"crossfire"};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .players_max = 8,
                                          .game_mode = "arena",
                                          .title = "Arena",
                                          .maps = maps,
                                          .map_count = 1,
                                          .tick_rate_hz = 20,
                                          .view_count = 1,
                                          .snapshot_max_bytes = 1000};
    assert_int_equal(testkit_host(kit)->match->mode_add(plugin, &info), MUSTER_OK);
}

/* No mods are there but the test's own. */
static struct testkit *create_kit(void) {
    struct testkit *made = testkit_create();
    testkit_share_dir_set(made, "/dev/null");
    return made;
}

/* The plugin on the folder of mods; config: keys and values in turn, up to a null. */
static void start_on(struct testkit *made, const char *const *config) {
    kit = made;
    plugin = testkit_add(kit, &muster_plugin_descriptor);
    assert_non_null(plugin);
    assert_true(testkit_config_set(plugin, "modDirs", rig_path("mods")));
    for (; config && *config; config += 2)
        if (!testkit_config_set(plugin, config[0], config[1])) fail_msg("%s", testkit_error(kit));
    declare_arena();
    assert_int_equal(testkit_start(plugin), MUSTER_OK);
    instance = testkit_instance(plugin);
}

static void start(bool watches, const char *const *config) {
    struct testkit *made = create_kit();
    testkit_watch_set(made, watches);
    start_on(made, config);
}

static void bring(const char *text) {
    rig = rig_create(false, CALL_UNITS, NULL);
    struct testkit_rpc rpc = rig_upload(rig, "brought", text, strlen(text));
    if (rpc.code[0]) fail_msg("refused: %s", rpc.text);
    testkit_log_clear(rig->kit);
}

static int teardown(void **state) {
    uint32_t faults = kit ? testkit_faults(kit) : 0;
    if (kit) faults += testkit_stop(plugin);
    testkit_destroy(kit);
    kit = NULL;
    faults += rig_close(&rig);
    return rig_teardown(state) || faults ? -1 : 0;
}

static void assert_said(const char *answer, const char *expected) {
    if (strcmp(answer, expected) != 0) fail_msg("expected\n%s\nfound\n%s", expected, answer);
}

/* ---- folders that are watched ---------------------------------------------------------------- */

static const char works[] = "hooks.on('tick', 't', print)\n";

static double reloads(void) {
    return testkit_metric(kit, "muster_script_reloads_total");
}

/* What has changed is read when nothing more has come for 150 ms, and no earlier. */
static void assert_reloaded(double count) {
    double before = reloads();
    testkit_pump(kit);
    testkit_advance(kit, 149);
    assert_true(reloads() == before);
    testkit_advance(kit, 1);
    if (reloads() != before + count) fail_msg("%.0f reloads", reloads() - before);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    write_rule("one", "1.0.0", "", works);
    write_rule("two", "1.0.0", "", works);
    start(true, NULL);
    assert_reloaded(0);
    rig_write(rig_path("mods/one/init.lua"), works);
    assert_reloaded(1);
    assert_non_null(testkit_log_find(kit, "mod one reloaded"));
    assert_null(testkit_log_find(kit, "mod two reloaded"));
    rig_write(rig_path("mods/one/init.lua"), works);
    rig_write(rig_path("mods/two/init.lua"), works);
    rig_write(rig_path("mods/two/more.lua"), "return 1\n");
    assert_reloaded(2); /* each of them once */
    rig_write(rig_path("mods/one/lib/deep/part.lua"), "return 1\n");
    assert_reloaded(1);
    rig_write(rig_path("mods/one/lib/deep/part.lua"), "return 2\n");
    assert_reloaded(1); /* the folder that is new is watched, too */
    assert_int_equal(remove(rig_path("mods/one/lib/deep/part.lua")), 0);
    assert_reloaded(1);
    rig_write(rig_path("elsewhere/part.lua"), "return 1\n");
    assert_int_equal(rename(rig_path("elsewhere"), rig_path("mods/one/moved")), 0);
    assert_reloaded(1);
    rig_write(rig_path("mods/one/moved/part.lua"), "return 2\n");
    assert_reloaded(1); /* and so is one that is moved there */
    assert_int_equal(rename(rig_path("mods/one/moved/part.lua"), rig_path("part.lua")), 0);
    assert_reloaded(1);
    rig_write(rig_path("mods/a_file"), "of nobody\n");
    assert_reloaded(0);
    assert_null(testkit_log_find(kit, "a_file"));
}

static void writing_goes_on_for_a_while(void **state) {
    (void)state;
    write_rule("one", "1.0.0", "", works);
    start(true, NULL);
    for (int i = 0; i < 5; i++) {
        rig_write(rig_path("mods/one/init.lua"), works);
        testkit_pump(kit);
        testkit_advance(kit, 149);
        assert_true(reloads() == 0);
    }
    testkit_advance(kit, 1);
    assert_true(reloads() == 1);
}

static void what_does_not_load_is_told_and_the_next_does(void **state) {
    (void)state;
    write_rule("one", "1.0.0", "", works);
    start(true, NULL);
    rig_write(rig_path("mods/one/init.lua"), "this is no Lua\n");
    assert_reloaded(0);
    assert_non_null(testkit_log_find(kit, "mod one was not reloaded: one/init.lua:1: "));
    rig_write(rig_path("mods/one/init.lua"), works);
    assert_reloaded(1);
    write_rule("new", "1.0.0", "", works);
    assert_reloaded(1);
    assert_non_null(testkit_log_find(kit, "mod new reloaded"));
    assert_non_null(strstr(testkit_command(kit, "mods list"), "new 1.0.0+"));
}

static void unasked_nothing_is_watched(void **state) {
    (void)state;
    write_rule("one", "1.0.0", "", works);
    start(false, NULL);
    rig_write(rig_path("mods/one/init.lua"), works);
    assert_reloaded(0);
}

/* It is made where the first mod will be written; nobody makes one that is not watched. */
static void a_folder_that_is_not_there_is_watched(void **state) {
    (void)state;
    start(true, NULL);
    assert_int_equal(access(rig_path("mods"), F_OK), 0);
    write_rule("one", "1.0.0", "", works);
    assert_reloaded(1);
    assert_non_null(testkit_log_find(kit, "mod one reloaded"));
}

static void a_folder_that_is_not_watched_is_not_made(void **state) {
    (void)state;
    start(false, NULL);
    assert_int_equal(access(rig_path("mods"), F_OK), -1);
}

/* As at the start: of two folders with the same mod the later one counts. */
static void a_mod_that_is_new_comes_from_the_later_folder(void **state) {
    char dirs[2 * PATH_MAX];
    const char *const config[] = {"modDirs", dirs, NULL};
    (void)state;
    snprintf(dirs, sizeof dirs, "%s,%s", rig_path("mods"), rig_path("more"));
    start(false, config);
    rig_rule("more", "one", "2.0.0", "");
    rig_rule("mods", "one", "1.0.0", "");
    rig_rule("mods", "two", "1.0.0", "");
    assert_non_null(strstr(testkit_command(kit, "mods reload one"), "reloaded as 2.0.0+"));
    assert_non_null(strstr(testkit_command(kit, "mods reload two"), "reloaded as 1.0.0+"));
}

/* ---- what is granted, offered, left out -------------------------------------------------------
 */

static void permissions_go_to_whom_they_name(void **state) {
    static const char *const config[] = {"permissions", "chat,one.kick,one_more.storage,teams",
                                         NULL};
    static const struct {
        const char *id;
        uint32_t granted;
    } mods[] = {
        {"one", MOD_CHAT | MOD_TEAMS | MOD_KICK},
        {"one_more", MOD_CHAT | MOD_TEAMS | MOD_STORAGE},
        {"on", MOD_CHAT | MOD_TEAMS},
        {"more", MOD_CHAT | MOD_TEAMS},
    };
    (void)state;
    write_rule("one", "1.0.0", ",\"permissions\":[\"chat\",\"kick\",\"vote\"]", works);
    start(false, config);
    for (size_t i = 0; i < sizeof mods / sizeof *mods; i++)
        assert_int_equal(permissions_of(instance, mods[i].id), mods[i].granted);
    struct mod *one = mods_find(instance->mods, "one");
    assert_int_equal(permissions_granted(instance, one), MOD_CHAT | MOD_KICK);
    instance->upload_permissions = MOD_CHAT | MOD_VOTE | MOD_TEAMS;
    one->is_upload = true;
    assert_int_equal(permissions_granted(instance, one), MOD_CHAT | MOD_VOTE);
    one->is_upload = false;
}

static void words_that_mean_nothing_are_told(void **state) {
    static const char *const config[] = {"permissions",
                                         "chat,shout,one.kick,one.shove",
                                         "uploadPermissions",
                                         "vote,votes",
                                         "rules",
                                         "one,nobody",
                                         NULL};
    (void)state;
    write_rule("one", "1.0.0", "", works);
    write_rule("two", "1.0.0", "", works);
    start(false, config);
    assert_non_null(testkit_log_find(kit, "lua.permissions: expected chat, kick, storage, teams or "
                                          "vote, or MOD.kick, found \"shout\": it has no effect"));
    assert_non_null(testkit_log_find(kit, "lua.permissions: expected chat, kick, storage, teams or "
                                          "vote, or MOD.kick, found \"one.shove\""));
    assert_non_null(testkit_log_find(kit, "lua.uploadPermissions: expected chat, kick, storage, "
                                          "teams or vote, or MOD.kick, found \"votes\""));
    assert_non_null(testkit_log_find(kit, "lua.rules: expected a rule that is there, found "
                                          "\"nobody\": it has no effect"));
    assert_null(testkit_log_find(kit, "found \"chat\""));
    assert_null(testkit_log_find(kit, "found \"one.kick\""));
    assert_null(testkit_log_find(kit, "found \"vote\""));
    assert_null(testkit_log_find(kit, "found \"one\""));
    assert_true(catalog_is_offered(instance, "one"));
    assert_false(catalog_is_offered(instance, "two"));
}

static void without_a_list_all_rules_are_offered(void **state) {
    (void)state;
    write_rule("one", "1.0.0", "", works);
    start(false, NULL);
    assert_true(catalog_is_offered(instance, "one"));
}

static struct testkit_rpc list_mods(void) {
    return testkit_rpc(kit, testkit_player_add(kit, "ann", "Ann"), "mods.list", "{}");
}

static void memory_is_given_up_to_what_the_operator_allows(void **state) {
    static const char *const config[] = {"memoryMaxKb", "512", NULL};
    (void)state;
    write_rule("fits", "1.0.0", ",\"limits\":{\"memoryKb\":512}", works);
    write_rule("wants_more", "1.0.0", ",\"limits\":{\"memoryKb\":513}", works);
    start(false, config);
    assert_non_null(probe_find(instance, mods_find(instance->mods, "fits")));
    assert_null(probe_find(instance, mods_find(instance->mods, "wants_more")));
    assert_non_null(testkit_log_find(
        kit, "mod wants_more 1.0.0: it asks for 513 KiB of memory, lua.memoryMaxKb allows 512"));
    assert_non_null(testkit_log_find(kit, "0 modes, 1 rules; "));
    const struct testkit_rpc listed = list_mods();
    assert_non_null(strstr(listed.text, "\"fits\""));
    assert_null(strstr(listed.text, "\"wants_more\""));
}

static void each_limit_of_the_configuration_counts(void **state) {
    static const char *const config[] = {"callMs",
                                         "3",
                                         "secondMs",
                                         "70",
                                         "lobbyPercent",
                                         "11",
                                         "storageKeysMax",
                                         "12",
                                         "storageMaxKb",
                                         "13",
                                         "storageWriteMs",
                                         "1400",
                                         "uploadPermissions",
                                         "vote,kick",
                                         NULL};
    (void)state;
    start(false, config);
    const struct sandbox_limits *limits = &instance->limits;
    assert_int_equal(limits->call_units, 3 * 500000);
    assert_int_equal(instance->call_us % 3000, 0); /* more where code is sanitized */
    assert_int_equal(limits->second_cpu_us * 3, instance->call_us * 70);
    assert_int_equal(limits->burst_cpu_us, instance->call_us * 5);
    assert_int_equal(instance->lobby_percent, 11);
    assert_int_equal(instance->storage_limits.keys_max, 12);
    assert_int_equal(instance->storage_limits.bytes_max, 13 * 1024);
    assert_int_equal(instance->storage_limits.write_ms, 1400);
    assert_int_equal(instance->upload_permissions, MOD_VOTE | MOD_KICK);
    assert_false(instance->uploads); /* the node is open */
    assert_false(limits->is_exact);
}

static void strangers_are_measured_exactly(void **state) {
    (void)state;
    bring("hooks.on('tick', 't', function() end)");
    assert_true(rig->instance->uploads);
    assert_true(rig->instance->limits.is_exact);
}

static void globals_are_assigned_where_the_operator_allows(void **state) {
    static const char *const config[] = {"globals", "total,score", NULL};
    (void)state;
    write_rule("counts", "1.0.0", "", "score = 1 total = score hooks.on('tick', 't', print)\n");
    write_rule("others", "1.0.0", "", "points = 1 hooks.on('tick', 't', print)\n");
    start(false, config);
    assert_non_null(probe_find(instance, mods_find(instance->mods, "counts")));
    assert_null(probe_find(instance, mods_find(instance->mods, "others")));
}

/* A name of a lobby setting that two rules come to is the first one's; the other is left out. */
static void a_rule_whose_setting_is_taken_is_left_out(void **state) {
    static const char *const keys[][2] = {{"a", "bC"}, {"a_b", "c"}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char text[80];
        write_rule(keys[i][0], "1.0.0", "", works);
        snprintf(text, sizeof text, "[{\"key\":\"%s\",\"type\":\"int\",\"default\":1}]",
                 keys[i][1]);
        rig_write(rig_path("mods/%s/settings.json", keys[i][0]), text);
    }
    start(false, NULL);
    assert_non_null(testkit_log_find(
        kit, "settings.json: settings[0].key: the lobby setting \"aBC\" is taken"));
    assert_non_null(probe_find(instance, mods_find(instance->mods, "a")));
    assert_null(probe_find(instance, mods_find(instance->mods, "a_b")));
}

static void what_a_rule_returns_is_refused(void **state) {
    (void)state;
    write_rule("returns", "1.0.0", "", "hooks.on('tick', 't', print)\nreturn {}\n");
    write_rule("plain", "1.0.0", "", "hooks.on('tick', 't', print)\nreturn nil\n");
    start(false, NULL);
    assert_null(probe_find(instance, mods_find(instance->mods, "returns")));
    assert_non_null(probe_find(instance, mods_find(instance->mods, "plain")));
    assert_non_null(testkit_log_find(kit, "what init.lua returns is not used"));
}

/* While init.lua runs a name that is there already is a mistake; later on it is replaced. */
static void the_same_name_twice_is_a_mistake(void **state) {
    static const struct {
        const char *id, *text, *error;
    } rules[] = {
        {"hooks_twice", "for i = 1, 2 do hooks.on('tick', 't', print) end",
         "this mod hooks 'tick' as 't' already"},
        {"hears_twice", "for i = 1, 2 do bus.on('x', 'y', print) end",
         "this mod hears 'x' as 'y' already"},
        {"commands_twice", "for i = 1, 2 do command.register{name = 'c', fn = print} end",
         "this mod has a command /c already"},
        {"is_fine",
         "for i = 1, 2 do bus.on('x', 'y' .. i, print) bus.on('x' .. i, 'y', print)\n"
         "hooks.on('tick', 't' .. i, print) end hooks.on('chat', 't1', print)",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        write_rule(rules[i].id, "1.0.0", "", rules[i].text);
    start(false, NULL);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct mod *mod = mods_find(instance->mods, rules[i].id);
        if ((probe_find(instance, mod) != NULL) == (rules[i].error != NULL))
            fail_msg("%s", rules[i].id);
        if (rules[i].error) assert_non_null(testkit_log_find(kit, rules[i].error));
    }
}

/* And each other field of a mode's table that would not do what is thought. */
static void fields_of_a_mode_are_looked_at(void **state) {
    static const struct {
        const char *id, *text, *error;
    } modes[] = {
        {"saves", "return {save = function() return {} end}", "mode.save goes with mode.restore"},
        {"restores", "return {restore = function() return {} end}", NULL},
        {"does_both",
         "return {save = function() return {} end, restore = function() return {} end}", NULL},
        {"no_function", "return {tick = 5}", "mode.tick: expected a function, found a number"},
        {"mistyped", "return {ticks = print}", "unknown field 'ticks'; did you mean 'tick'?"},
    };
    static const char json[] = "{\"id\":\"%s\",\"name\":\"M\",\"version\":\"1.0.0\",\"api\":"
                               "\"1\",\"kind\":\"mode\",\"maxPlayers\":4,\"tickRate\":20,"
                               "\"snapshotMaxBytes\":64}";
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        snprintf(text, sizeof text, json, modes[i].id);
        rig_write(rig_path("mods/%s/mod.json", modes[i].id), text);
        rig_write(rig_path("mods/%s/init.lua", modes[i].id), modes[i].text);
    }
    start(false, NULL);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct mod *mod = mods_find(instance->mods, modes[i].id);
        if ((mod && probe_find(instance, mod)) == (modes[i].error != NULL))
            fail_msg("%s", modes[i].id);
        if (modes[i].error) assert_non_null(testkit_log_find(kit, modes[i].error));
    }
}

/* Whatever it does, it does something. */
static void a_rule_without_an_effect_is_told(void **state) {
    static const struct {
        const char *id, *text;
        bool idle;
    } rules[] = {
        {"hooks_tick", "hooks.on('tick', 't', print)", false},
        {"hooks_chat", "hooks.on('chat', 't', function() end)", false},
        {"hears", "bus.on('x', 'x', print)", false},
        {"commands", "command.register{name = 'x', fn = print}", false},
        {"waits", "timer.after(1, print)", false},
        {"nothing", "local x = 1", true},
        {"unhooked", "hooks.on('tick', 't', print) hooks.off('tick', 't')", true},
    };
    char line[128];
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        write_rule(rules[i].id, "1.0.0", "", rules[i].text);
    start(false, NULL);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        snprintf(line, sizeof line, "mod %s 1.0.0: init.lua: nothing is hooked", rules[i].id);
        if (!testkit_log_find(kit, line) == rules[i].idle) fail_msg("%s", rules[i].id);
    }
    assert_int_equal(probe_realms(instance, mods_find(instance->mods, "hooks_tick")), REALM_MATCH);
    assert_int_equal(probe_realms(instance, mods_find(instance->mods, "hooks_chat")), REALM_LOBBY);
    assert_int_equal(probe_realms(instance, mods_find(instance->mods, "hears")), REALM_BOTH);
    assert_int_equal(probe_realms(instance, mods_find(instance->mods, "nothing")), 0);
}

/* ---- the console ------------------------------------------------------------------------------
 */

static const char *hash_of(const char *id) {
    static char hashes[4][16];
    static unsigned next;
    char *out = hashes[next++ % 4];
    snprintf(out, 16, "%.8s", mods_find(instance->mods, id)->hash);
    return out;
}

static void mods_are_listed_with_what_they_need(void **state) {
    static const char *const config[] = {"permissions", "chat", "rules", "one,three", NULL};
    char expected[1024];
    (void)state;
    write_rule("one", "1.2.3", ",\"permissions\":[\"chat\",\"kick\"],\"conflicts\":[\"nine\"]",
               works);
    write_rule("three", "2.0.0",
               ",\"depends\":[\"one >= 1.0.0\",\"two >= 1.0.0\"],\"conflicts\":[\"four\",\"five\"]",
               works);
    write_rule("two", "1.0.0", "", works);
    start(false, config);
    snprintf(expected, sizeof expected,
             "one 1.2.3+%s, rule, chat, kick (refused), not with nine, runs in 0 states\n"
             "two 1.0.0+%s, rule (not offered), runs in 0 states\n"
             "three 2.0.0+%s, rule, needs one >= 1.0.0, two >= 1.0.0, not with four, five, runs in "
             "0 states\n",
             hash_of("one"), hash_of("two"), hash_of("three"));
    assert_said(testkit_command(kit, "mods list"), expected);
    assert_said(testkit_command(kit, "mods"), expected);
    const struct testkit_rpc offered = list_mods();
    assert_non_null(strstr(offered.text, "\"id\":\"one\""));
    assert_non_null(strstr(offered.text, "\"id\":\"three\""));
    assert_null(strstr(offered.text, "\"id\":\"two\""));
}

static void the_console_takes_whole_words_only(void **state) {
    static const char *const lines[] = {"mods lists",     "mods listing x", "mods run",
                                        "mods run ",      "mods reload",    "mods reload ",
                                        "mods stretches", "mods x"};
    (void)state;
    write_rule("one", "1.0.0", "", works);
    start(false, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strncmp(testkit_command(kit, lines[i]), "expected: mods list | ", 22) != 0)
            fail_msg("%s: %s", lines[i], testkit_command(kit, lines[i]));
    assert_said(testkit_command(kit, "mods reload nobody"),
                "nobody was not reloaded: there is no mod \"nobody\"");
    assert_said(testkit_command(kit, "mods run nowhere x"),
                "there is no lobby \"nowhere\" with scripts");
    assert_said(testkit_command(kit, "hooks list nowhere"),
                "there is no lobby \"nowhere\" with scripts");
    assert_said(testkit_command(kit, "hooks nowhere"),
                "there is no lobby \"nowhere\" with scripts");
    assert_said(testkit_command(kit, "hooks"), "");
    rig_rule("mods", "one", "1.0.1", "");
    const char *said = testkit_command(kit, "mods reload one");
    assert_int_equal(strncmp(said, "one reloaded as 1.0.1+", 22), 0);
    assert_non_null(strstr(said, hash_of("one")));
}

static void write_mode(const char *version, const char *more) {
    char text[256];
    snprintf(
        text, sizeof text,
        "{\"id\":\"hill\",\"name\":\"Hill\",\"version\":\"%s\",\"api\":\"1\",\"kind\":\"mode\"%s}",
        version, more);
    rig_write(rig_path("mods/hill/mod.json"), text);
    rig_write(rig_path("mods/hill/init.lua"), "return {}\n");
}

static bool is_declared(const char *mode) {
    static const char *const maps[] = {"one"};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .players_max = 2,
                                          .maps = maps,
                                          .map_count = 1,
                                          .game_mode = mode,
                                          .title = mode,
                                          .tick_rate_hz = 20,
                                          .view_count = 1,
                                          .snapshot_max_bytes = 64};
    return testkit_host(kit)->match->mode_add(plugin, &info) == MUSTER_EXISTS;
}

/* The host takes a mode back before it takes the new one. */
static void a_mode_that_is_refused_is_there_as_before(void **state) {
    (void)state;
    write_mode("1.0.0", "");
    start(false, NULL);
    write_mode("1.1.0", ",\"defaults\":{\"rules\":true}");
    assert_non_null(strstr(testkit_command(kit, "mods reload hill"), "hill was not reloaded: "));
    assert_true(is_declared("hill"));
    assert_non_null(strstr(testkit_command(kit, "mods list"), "hill 1.0.0+"));
    rig_rule("mods", "hill", "1.2.0", "");
    assert_non_null(
        strstr(testkit_command(kit, "mods reload hill"), "hill was a mode: restart the node"));
    assert_true(is_declared("hill"));
    write_mode("1.3.0", "");
    assert_non_null(strstr(testkit_command(kit, "mods reload hill"), "hill reloaded as "));
    assert_true(is_declared("hill"));
}

static void a_victory_of_nobody_has_no_effect(void **state) {
    (void)state;
    write_mode("1.0.0", ",\"victories\":[\"victory_nope\"]");
    start(false, NULL);
    assert_true(is_declared("hill"));
    assert_non_null(testkit_log_find(
        kit, "mod hill 1.0.0: mod.json: victories[0]: expected a victory plugin (lua), "
             "found \"victory_nope\": it has no effect"));
}

/* Of a plugin that this node does without: the mode is offered, and it is told. */
static void defaults_of_nobody_have_no_effect(void **state) {
    (void)state;
    write_mode("1.0.0", ",\"defaults\":{\"laps\":3}");
    start(false, NULL);
    assert_non_null(strstr(testkit_command(kit, "mods list"), "hill 1.0.0+"));
    assert_true(is_declared("hill"));
    assert_non_null(testkit_log_find(kit,
                                     "mod hill 1.0.0: mod.json: defaults.laps: unknown key: it "
                                     "has no effect"));
}

static void a_lobby_is_told_with_its_hooks_and_scripts(void **state) {
    (void)state;
    bring("hooks.on('chat', 'low', function() end, -5)\n"
          "hooks.on('chat', 'high', function() end, 7)\n"
          "hooks.on('tick', 'each', function() end)\n"
          "command.register{name = 'greet', fn = function(_, words) return 'to ' .. words end}\n"
          "command.register{name = 'breaks', fn = function() error('on purpose') end}");
    LOBBY_PUT_TEXT(rig->kit, rig->id, lobby_key, "the-lobby");
    LOBBY_PUT_TEXT(rig->kit, rig->id, game_mode, "arena");
    rig_begin(rig, "arena");
    static const char hooks[] =
        "lobby the-lobby (arena)\n"
        "  lobby chat            filter  1. upload_brought, id high, priority 7\n"
        "  lobby chat            filter  2. upload_brought, id low, priority -5\n"
        "  match tick            notify  1. upload_brought, id each, priority 0\n";
    assert_said(testkit_command(rig->kit, "hooks list"), hooks);
    assert_said(testkit_command(rig->kit, "hooks list the-lobby"), hooks);
    assert_said(testkit_command(rig->kit, "hooks list the-lobb"),
                "there is no lobby \"the-lobb\" with scripts");
    const char *scripts = testkit_command(rig->kit, "mods scripts");
    assert_int_equal(strncmp(scripts, "the-lobby lobby upload_brought ", 31), 0);
    assert_non_null(strstr(scripts, " runs\nthe-lobby match upload_brought "));
    assert_said(testkit_command(rig->kit, "mods run the-lobby breaks x"),
                "/breaks has failed: upload_brought has a mistake");
    assert_non_null(
        strstr(testkit_command(rig->kit, "mods run the-lobb greet x"), "there is no lobby"));
    assert_said(testkit_command(rig->kit, "mods run the-lobby nothing"),
                "no mod there has that command");
}

static void a_command_of_the_console_gets_the_rest_of_the_line(void **state) {
    (void)state;
    bring("command.register{name = 'greet', fn = function(player, words)\n"
          "    return tostring(player) .. ' <' .. words .. '>' end}");
    LOBBY_PUT_TEXT(rig->kit, rig->id, lobby_key, "the-lobby");
    assert_said(testkit_command(rig->kit, "mods run the-lobby  greet   two  words"),
                "nil <two  words>\n");
    assert_said(testkit_command(rig->kit, "mods run the-lobby greet"), "nil <>\n");
}

/* Who watches has no seat either. */
static void what_the_console_asks_a_match_is_told_to_nobody_else(void **state) {
    (void)state;
    bring("if realm == 'match' then command.register{name = 'greet', fn = function(player)\n"
          "    if player then error('who') end return 'from the match' end} end");
    LOBBY_PUT_TEXT(rig->kit, rig->id, lobby_key, "the-lobby");
    muster_player_id eve = testkit_player_add(rig->kit, "eve", "Eve");
    assert_non_null(testkit_member_add(rig->kit, rig->id, eve, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE));
    assert_said(testkit_command(rig->kit, "mods run the-lobby greet"),
                "no mod there has that command");
    rig_begin(rig, "arena");
    assert_said(testkit_command(rig->kit, "mods run the-lobby greet"), "from the match\n");
    assert_null(testkit_told_find(rig->kit, "from the match"));
}

static uint32_t count_notes(void) {
    uint32_t count;
    (void)testkit_match_notes(rig->kit, rig->match, &count);
    return count;
}

/* What is longer than the log gives back is not done, and never stands there. */
static void a_long_command_of_the_console_is_refused(void **state) {
    static char line[MUSTER_NOTE_MAX + 64];
    const char *begin = "mods run the-lobby count ";
    const size_t too_long[] = {320, MUSTER_NOTE_MAX};
    (void)state;
    bring("if realm == 'match' then command.register{name = 'count', fn = function(_, words)\n"
          "    return #words .. ' bytes' end} end");
    LOBBY_PUT_TEXT(rig->kit, rig->id, lobby_key, "the-lobby");
    rig_begin(rig, "arena");
    snprintf(line, sizeof line, "%s%0319d", begin, 0);
    assert_said(testkit_command(rig->kit, line), "319 bytes\n");
    uint32_t before = count_notes();
    for (size_t i = 0; i < sizeof too_long / sizeof *too_long; i++) {
        snprintf(line, sizeof line, "%s%0*d", begin, (int)too_long[i], 0);
        assert_said(testkit_command(rig->kit, line), "the command could not be taken");
    }
    assert_int_equal(count_notes(), before);
    assert_null(testkit_log_find(rig->kit, "a note is damaged"));
}

/* Trying it and taking it in is one, too, though nothing of the script runs again. */
static void the_work_of_an_upload_is_a_stretch(void **state) {
    static const char text[] = "hooks.on('tick', 't', function() end)";
    (void)state;
    bring(text); /* no script of a lobby */
    (void)testkit_command(rig->kit, "mods stretch");
    assert_int_equal(rig->instance->stretch_ns, 0);
    assert_string_equal(rig_upload(rig, "brought", text, strlen(text)).code, "");
    assert_true(rig->instance->stretch_ns > 0);
}

/* ---- what is kept on disk --------------------------------------------------------------------
 */

static uint32_t count_stored(void) {
    DIR *folder = opendir(rig_path("data/mods"));
    uint32_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Of old versions so many, whatever has been played. */
static void the_store_is_pruned_at_the_start(void **state) {
    struct testkit *made = create_kit();
    (void)state;
    for (uint32_t i = 0; i < MOD_STORE_FILES_MAX + 3; i++)
        rig_write(rig_path("data/mods/%032x.json", i), "{}");
    write_rule("one", "1.0.0", "", works);
    testkit_data_dir_set(made, rig_path("data"));
    start_on(made, NULL);
    assert_int_equal(count_stored(), MOD_STORE_FILES_MAX);
    const struct mod *one = mods_find(instance->mods, "one");
    assert_int_equal(access(rig_path("data/mods/%s.json", one->hash), F_OK), 0);
}

/* A drain may take long: what mods keep does not wait for its end. */
static void a_drain_writes_what_mods_keep(void **state) {
    struct testkit *made = create_kit();
    const char *error = "";
    (void)state;
    testkit_data_dir_set(made, root);
    muster_self *database = testkit_load(made, PLUGIN_DIR "/db_sqlite.so");
    assert_int_equal(testkit_start(database), MUSTER_OK);
    start_on(made, NULL);
    assert_true(crew_wait(kit));
    struct storage_space *space = storage_space(instance->storage, "one");
    assert_int_equal(storage_set(space, "key", (struct muster_bytes){"value", 5}, &error),
                     MUSTER_OK);
    assert_int_equal(testkit_tickets(kit), 0);
    muster_plugin_descriptor.drain(instance);
    assert_int_equal(testkit_tickets(kit), 1);
    assert_true(crew_wait(kit));
}

/* ---- mods on trial ---------------------------------------------------------------------------
 */

/* What does not start is not known, and is tried again the next time. */
static void what_does_not_start_is_not_known(void **state) {
    static const char *const texts[] = {"error('no')", "if realm == 'lobby' then error('no') end\n"
                                                       "hooks.on('tick', 't', print)"};
    char error[400];
    struct mod_error wrong;
    struct mod *mod;
    (void)state;
    start(false, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_rule("fails", "1.0.0", "", texts[i]);
        assert_int_equal(mod_read(rig_path("mods/fails"), &mod, &wrong), MUSTER_OK);
        for (int times = 0; times < 2; times++) {
            assert_int_equal(trial_run(instance, mod, error, sizeof error), MUSTER_INVALID);
            assert_null(probe_find(instance, mod));
            assert_int_equal(probe_realms(instance, mod), 0);
        }
        mod_unpin(mod);
    }
}

/* Apart from all lobbies nothing is kept, counted or announced, and code goes on as if it were. */
static void calls_are_answered_on_trial(void **state) {
    static const char *const config[] = {"permissions", "storage,chat", NULL};
    static const char text[] = "if storage.add('n', 2) + 1 ~= 3 then error('sum') end\n"
                               "storage.set('n', 5)\n"
                               "if storage.get('n', 7) ~= 7 then error('value') end\n"
                               "if #storage.keys() ~= 0 then error('keys') end\n"
                               "if realm == 'match' then\n"
                               "    match.add_score('red', 3)\n"
                               "    if match.score('red') ~= 0 then error('score') end\n"
                               "    if #match.players() ~= 0 then error('players') end\n"
                               "    match.announce('on trial')\n"
                               "end\n"
                               "hooks.on('tick', 't', print) hooks.on('chat', 'c', print)\n";
    (void)state;
    write_rule("one", "1.0.0", ",\"permissions\":[\"storage\",\"chat\"]", text);
    start(false, config);
    assert_int_equal(probe_realms(instance, mods_find(instance->mods, "one")), REALM_BOTH);
    assert_null(testkit_told_find(kit, "on trial"));
    assert_null(testkit_log_find(kit, "mod one"));
}

static uint32_t settings_asked;

static muster_status settings_of_mode(muster_self *self, const char *game_mode, const char *json,
                                      struct muster_writer *out, char *reason, uint32_t cap) {
    const char *text = strcmp(game_mode, "arena") == 0 ? "{\"laps\":1}" : "{\"holes\":1}";
    (void)self, (void)json, (void)reason, (void)cap;
    settings_asked++;
    muster_put_bytes(out, text, (uint32_t)strlen(text));
    return MUSTER_OK;
}

/* Asked once, and again when it is about another mode, or they have changed. */
static void each_mode_has_its_own_settings(void **state) {
    (void)state;
    write_rule("one", "1.0.0", "", works);
    start(false, NULL);
    const struct muster_host *host = instance->host;
    struct muster_host_lobby lobby = *host->lobby;
    struct muster_host own = *host;
    lobby.settings_check = settings_of_mode;
    own.lobby = &lobby;
    instance->host = &own;
    trial_renew(instance);
    settings_asked = 0;
    for (int i = 0; i < 2; i++) assert_true(trial_has(instance, "arena", "laps"));
    assert_true(trial_has(instance, NULL, "laps"));
    assert_int_equal(settings_asked, 1);
    assert_false(trial_has(instance, "golf", "laps"));
    assert_true(trial_has(instance, "golf", "holes"));
    assert_int_equal(settings_asked, 2);
    assert_false(trial_has(instance, NULL, "holes"));
    trial_renew(instance);
    assert_true(trial_has(instance, NULL, "laps"));
    assert_int_equal(settings_asked, 4);
    assert_non_null(
        strstr(testkit_command(kit, "mods reload one"), "reloaded as ")); /* any may bring some */
    assert_true(trial_has(instance, NULL, "laps"));
    assert_int_equal(settings_asked, 5);
    instance->host = host;
}

/* The longest since it was asked last. */
static void each_look_at_the_stretch_begins_anew(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function() for i = 1, 5000 do end end)");
    (void)testkit_command(rig->kit, "mods stretch");
    (void)rig_say(rig, 0, "hello");
    rig->instance->stretch_ns = 7000999;
    assert_said(testkit_command(rig->kit, "mods stretch"),
                "longest stretch in a script: 7000 us\n");
    assert_said(testkit_command(rig->kit, "mods stretch"), "longest stretch in a script: 0 us\n");
    rig->instance->stretch_ns = UINT64_C(3600000000000);
    rig_script(rig, REALM_LOBBY, "upload_brought")->stretch_ns = UINT64_C(5000000000);
    (void)rig_say(rig, 0, "hello"); /* shorter */
    assert_non_null(
        strstr(testkit_command(rig->kit, "mods scripts"), " kills=0 stretchUs=5000000 runs\n"));
    assert_said(testkit_command(rig->kit, "mods stretch"),
                "longest stretch in a script: 3600000000 us\n");
}

/* ---- the report of a mod's tests --------------------------------------------------------------
 */

static void the_end_of_a_report_has_room(void **state) {
    static char text[8192];
    struct muster_writer w = muster_writer_make(text, sizeof text - 1);
    struct spec_report report = {.answer = &w};
    struct spec_outcome outcome = {.file = (char[]){"tests/a_spec.lua"}, .name = (char[]){"test"}};
    const struct mod mod = {.id = "one", .dir = "mods/one"};
    (void)state;
    while (!w.overflow) spec_report_add(&report, &outcome);
    spec_report_end(&report, &mod, "");
    assert_false(w.overflow); /* nobody adds that something is missing */
    text[w.len] = '\0';
    char last[80];
    snprintf(last, sizeof last, "\nthe rest did not fit\nFAILED: %u passed, 0 failed\n",
             report.count);
    assert_non_null(strstr(text, last));
    spec_report_deinit(&report);
}

/* ---- how often it is told ---------------------------------------------------------------------
 */

static bool is_told(const char *text) {
    bool found = testkit_log_find(rig->kit, text) != NULL;
    testkit_log_clear(rig->kit);
    return found;
}

/* The first three of a place, then one a minute, with its number; other places have their own. */
static void an_error_is_told_so_often(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function(text)\n"
          "    if text == 'one' then error('one') end\n"
          "    if text == 'two' then error('two') end\n"
          "end)");
    for (int i = 1; i <= 4; i++) {
        char line[32];
        snprintf(line, sizeof line, "error %d here", i);
        (void)rig_say(rig, 0, "one");
        assert_int_equal(is_told(line), i <= 3);
    }
    (void)rig_say(rig, 0, "two");
    char first[160];
    snprintf(first, sizeof first, "init.lua:3: two (lobby realm, lobby %s, error 1 here",
             testkit_lobby(rig->kit, rig->id)->lobby_key);
    assert_true(is_told(first));
    testkit_advance(rig->kit, 59999);
    (void)rig_say(rig, 0, "one");
    assert_false(is_told("error 5 here"));
    testkit_advance(rig->kit, 1);
    (void)rig_say(rig, 0, "one");
    assert_true(is_told("error 6 here"));
    (void)rig_say(rig, 0, "one");
    assert_false(is_told("here"));
}

/* Ten lines at once, then one each half second, however long it was quiet. */
static void prints_are_told_so_often(void **state) {
    (void)state;
    bring("local n = 0 hooks.on('chat', 'c', function() n = n + 1 print('line', n, 'of it') end)");
    for (int i = 1; i <= 11; i++) {
        char line[64];
        snprintf(line, sizeof line, "mod upload_brought: line %d of it", i);
        (void)rig_say(rig, 0, "hello");
        assert_int_equal(is_told(line), i <= 10);
    }
    testkit_advance(rig->kit, 499);
    (void)rig_say(rig, 0, "hello");
    assert_false(is_told("line 12"));
    testkit_advance(rig->kit, 1);
    (void)rig_say(rig, 0, "hello");
    assert_true(is_told("line 13"));
    testkit_advance(rig->kit, 3600000);
    for (int i = 0; i < 11; i++) (void)rig_say(rig, 0, "hello");
    assert_true(is_told("line 23"));
    (void)rig_say(rig, 0, "hello");
    assert_false(is_told("line 25"));
}

/* Twenty within ten seconds are too many; the host is told why. */
static void who_keeps_failing_is_off(void **state) {
    (void)state;
    bring("hooks.on('chat', 'c', function() error('on purpose') end)");
    for (int i = 0; i < 19; i++) (void)rig_say(rig, 0, "hello");
    testkit_advance(rig->kit, 10001); /* the next one counts from here */
    for (int i = 0; i < 19; i++) (void)rig_say(rig, 0, "hello");
    assert_non_null(rig_script(rig, REALM_LOBBY, "upload_brought")->sandbox);
    testkit_advance(rig->kit, 10000); /* within them still */
    (void)rig_say(rig, 0, "hello");
    assert_null(rig_script(rig, REALM_LOBBY, "upload_brought")->sandbox);
    assert_true(is_told("mod upload_brought"));
    assert_non_null(testkit_told_find(rig->kit, "the mod is off in this lobby: it keeps failing"));
}

/* ---- what a recording holds -------------------------------------------------------------------
 */

static void a_damaged_note_is_told_and_does_nothing(void **state) {
    static const struct {
        const char *bytes;
        uint32_t len;
        const char *told;
    } notes[] = {
        {"", 0, "a note of a later version"},
        {"\x00", 1, "a note of a later version"},
        {"\x08", 1, "a note of a later version"},
        {"\x01", 1, "a note is damaged"},
        {"\x01\x01", 2, "a note is damaged"},
        {"\x02", 1, "a note is damaged"},
        {"\x03\x00\x00\x00", 4, "a note is damaged"},
        {"\x04", 1, "a note is damaged"},
        {"\x05\x00\x00\x00\x00", 5, "a note is damaged"},
        {"\x06", 1, "a note is damaged"},
        {"\x06\x00\x00", 3, "a note is damaged"},
        {"\x07\x00", 2, "a note is damaged"},
    };
    (void)state;
    rig = rig_create(true, UINT64_MAX, NULL);
    rig_begin(rig, "arena");
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        note_take(rig->lobby, notes[i].bytes, notes[i].len);
        if (!is_told(notes[i].told)) fail_msg("note %zu", i);
    }
    uint8_t bytes[128];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, 1); /* the match begins */
    muster_put_u8(&w, 1); /* with one mod */
    muster_put_str(&w, "gone");
    muster_put_str(&w, "00000000000000000000000000000000");
    muster_put_u32(&w, 0);
    note_take(rig->lobby, bytes, w.len);
    assert_true(is_told("which played, is not in "));
    const struct realm *realm = &rig->lobby->match;
    assert_int_equal(realm->script_count + realm->stop_count + realm->message_count, 0);
    assert_null(realm->answers);
}

/* What a replay may spend is what was spent, not what this machine allows today. */
static void limits_of_today_do_not_stop_a_replay(void **state) {
    (void)state;
    bring("hooks.on('tick', 't', function()\n"
          "    state.n = (state.n or 0) + #('x'):rep(50000)\n"
          "end)");
    rig_begin(rig, "arena");
    struct tape *tape = tape_create(rig);
    rig_destroy(rig);
    rig = rig_create(true, UINT64_MAX, NULL);
    rig_know(rig, tape);
    rig->instance->limits.call_units = 10;
    rig->instance->limits.second_cpu_us = rig->instance->limits.burst_cpu_us = 1;
    rig_begin(rig, "arena");
    rig_take(rig, tape);
    tape_destroy(tape);
    for (int i = 0; i < 5; i++) testkit_match_tick(rig->kit, rig->match);
    const struct script *script = rig_script(rig, REALM_MATCH, "upload_brought");
    assert_non_null(script->sandbox);
    assert_int_equal(script->kills, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(writing_goes_on_for_a_while),
        TEST(what_does_not_load_is_told_and_the_next_does),
        TEST(unasked_nothing_is_watched),
        TEST(permissions_go_to_whom_they_name),
        TEST(words_that_mean_nothing_are_told),
        TEST(without_a_list_all_rules_are_offered),
        TEST(memory_is_given_up_to_what_the_operator_allows),
        TEST(each_limit_of_the_configuration_counts),
        TEST(strangers_are_measured_exactly),
        TEST(globals_are_assigned_where_the_operator_allows),
        TEST(a_rule_whose_setting_is_taken_is_left_out),
        TEST(what_a_rule_returns_is_refused),
        TEST(the_same_name_twice_is_a_mistake),
        TEST(fields_of_a_mode_are_looked_at),
        TEST(a_rule_without_an_effect_is_told),
        TEST(mods_are_listed_with_what_they_need),
        TEST(the_console_takes_whole_words_only),
        TEST(a_mode_that_is_refused_is_there_as_before),
        TEST(a_lobby_is_told_with_its_hooks_and_scripts),
        TEST(a_command_of_the_console_gets_the_rest_of_the_line),
        TEST(what_the_console_asks_a_match_is_told_to_nobody_else),
        TEST(a_long_command_of_the_console_is_refused),
        TEST(each_look_at_the_stretch_begins_anew),
        TEST(the_end_of_a_report_has_room),
        TEST(an_error_is_told_so_often),
        TEST(prints_are_told_so_often),
        TEST(who_keeps_failing_is_off),
        TEST(a_damaged_note_is_told_and_does_nothing),
        TEST(limits_of_today_do_not_stop_a_replay),
        TEST(the_work_of_an_upload_is_a_stretch),
        TEST(the_store_is_pruned_at_the_start),
        TEST(a_drain_writes_what_mods_keep),
        TEST(what_does_not_start_is_not_known),
        TEST(calls_are_answered_on_trial),
        TEST(a_folder_that_is_not_there_is_watched),
        TEST(a_folder_that_is_not_watched_is_not_made),
        TEST(a_mod_that_is_new_comes_from_the_later_folder),
        TEST(a_victory_of_nobody_has_no_effect),
        TEST(defaults_of_nobody_have_no_effect),
        TEST(each_mode_has_its_own_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
