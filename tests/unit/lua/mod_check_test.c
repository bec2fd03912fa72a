/* The static checks: each finding with file and line, and nothing found where nothing is wrong. */
#include "mod_rig.h"

static const char *const globals[] = {"hooks", "storage", "settings", "i18n", "require", "print",
                                      "pairs", "string",  "lobby",    "mod",  "_G"};
static const struct mod_check_function functions[] = {
    {"storage.get", MOD_STORAGE},
    {"storage.set", MOD_STORAGE},
    {"lobby.chat", MOD_CHAT},
    {"lobby.state", 0},
    {"lobby.set_team", MOD_TEAMS},
    {"hooks.on", 0},
    {"hooks.off", 0},
    {"i18n.t", 0},
    {":kick", MOD_KICK},
    {":name", 0},
};
static const char *const events[] = {"tick", "kill", "player_join"};
static const struct mod_check_rules rules = {
    globals, sizeof globals / sizeof *globals, functions, sizeof functions / sizeof *functions,
    events,  sizeof events / sizeof *events,   "state",
};

static char found[1 << 16];

static void on_finding(void *user, const struct mod_finding *finding) {
    size_t used = strlen(found);
    (void)user;
    mod_finding_print(finding, found + used, sizeof found - used - 1);
    strcat(found, "\n");
}

static void check_rule(void) {
    struct mod *mod;
    struct mod_error error;
    if (mod_read(rig_path("rule"), &mod, &error)) fail_msg("%s", error.text);
    found[0] = '\0';
    assert_int_equal(mod_check(mod, &rules, on_finding, NULL), MUSTER_OK);
    mod_unpin(mod);
}

/* Of a rule with this init.lua. */
static void expect(const char *more, const char *text, const char *findings) {
    rig_rule("", "rule", "1.0.0", more);
    rig_write(rig_path("rule/init.lua"), text);
    check_rule();
    assert_string_equal(found, findings);
}

static void test_a_good_mod_has_no_findings(void **state) {
    (void)state;
    rig_write(rig_path("rule/settings.json"),
              "[{\"key\":\"percent\",\"type\":\"int\",\"default\":5},"
              "{\"key\":\"limit\",\"type\":\"int\",\"default\":5}]");
    rig_write(rig_path("rule/locale/en.json"), "{\"won\":\"w\"}");
    rig_write(rig_path("rule/lib/a.lua"),
              "local M = {}\nfunction M.f() return storage.get('x') end\n"
              "return M\n");
    expect(",\"permissions\":[\"storage\",\"kick\"]",
           "local a = require('lib.a')\n"
           "local function by(values) return values.limit end\n"
           "hooks.on('tick', 'x', function(dt)\n"
           "  for k, v in pairs(settings) do print(k, v, a.f(), by(settings)) end\n"
           "  print(i18n.t('won'), i18n.t(mod.id), settings.percent, string.rep('x', 3))\n"
           "end)\n"
           "hooks.on('kill', 'x', function(victim) victim:kick('out') victim:cheer() end)\n",
           "");
}

static void test_unknown_globals_are_found(void **state) {
    (void)state;
    expect("",
           "local t = {}\n"
           "function t.f()\n"
           "  score = 5\n"
           "  return storge, t.hocks\n"
           "end\n"
           "print = t\n"
           "state = {}\n"
           "if unknown_one then t.x = _G.other end\n",
           "init.lua:3: error: assigns to the undeclared global 'score' (did you forget 'local'?)\n"
           "init.lua:4: error: unknown global 'storge'; did you mean \"storage\"?\n"
           "init.lua:6: error: assigns to the global 'print' of the API\n"
           "init.lua:8: error: unknown global 'unknown_one'\n");
}

static void test_an_own_environment_is_not_followed(void **state) {
    (void)state;
    expect("", "local _ENV = {print = print}\nx = y\n", "");
}

static void test_globals_are_followed_in_a_large_function(void **state) {
    (void)state;
    static char text[20000];
    strcpy(text, "local t = {}\n");
    for (int i = 0; i < 300; i++) sprintf(text + strlen(text), "t.f%d = 'v%d'\n", i, i);
    strcat(text, "t.last = nowhere\nelsewhere = hooks.onn\n");
    expect("", text,
           "init.lua:302: error: unknown global 'nowhere'\n"
           "init.lua:303: error: assigns to the undeclared global 'elsewhere' (did you forget "
           "'local'?)\n"
           "init.lua:303: error: hooks has no 'onn'; did you mean \"on\"?\n");
}

static void test_permissions_are_compared_with_what_is_used(void **state) {
    (void)state;
    expect("",
           "local chat = lobby.chat\n"
           "local keep = storage\n"
           "local function f(p)\n"
           "  chat('hi')\n"
           "  return keep.get('a'), lobby.state()\n"
           "end\n"
           "hooks.on('tick', 'x', function(p) p:kick('x') return f(p), p:name() end)\n",
           "init.lua:1: error: lobby.chat needs the permission \"chat\", which mod.json does not "
           "ask for\n"
           "init.lua:5: error: storage.get needs the permission \"storage\", which mod.json does "
           "not ask for\n"
           "init.lua:7: warning: a player's kick needs the permission \"kick\", which mod.json "
           "does not ask for\n");
    expect(",\"permissions\":[\"chat\",\"teams\",\"vote\"]",
           "hooks.on('tick', 'x', function() lobby.chat('a') end)\n",
           "mod.json: warning: nothing uses the permission \"teams\"\n");
}

static void test_names_of_the_api_are_known(void **state) {
    (void)state;
    expect("",
           "hooks.on('tik', 'x', print)\n"
           "local on = hooks.on\n"
           "on('player_join', 'x', print)\n"
           "on('zzz', 'x', print)\n"
           "return hooks.no('kill', 'x')\n",
           "init.lua:1: error: unknown event \"tik\"; did you mean \"tick\"?\n"
           "init.lua:4: error: unknown event \"zzz\"\n"
           "init.lua:5: error: hooks has no 'no'; did you mean \"on\"?\n");
}

static void test_settings_texts_and_modules_are_there(void **state) {
    (void)state;
    rig_write(rig_path("rule/settings.json"),
              "[{\"key\":\"percent\",\"type\":\"int\",\"default\":5},"
              "{\"key\":\"unread\",\"type\":\"int\",\"default\":5}]");
    rig_write(rig_path("rule/locale/en.json"), "{\"won\":\"w\"}");
    expect("",
           "print(settings.percent, settings.procent)\n"
           "print(i18n.t('won'),\n"
           "  i18n.t('lost', {}))\n"
           "local key = 'gone'\n"
           "require(key)\n",
           "init.lua:1: error: settings.json has no 'procent'; did you mean \"percent\"?\n"
           "init.lua:3: error: locale/en.json has no \"lost\"\n"
           "init.lua:5: error: this mod has no module \"gone\"\n"
           "settings.json: warning: nothing reads the setting 'unread'\n");
}

static void test_values_that_are_not_known_are_not_followed(void **state) {
    (void)state;
    expect("",
           "local function f(hooks, storage, i18n)\n"
           "  hooks.on('anything', 'x') storage.gett('x') i18n.t('none')\n"
           "  for settings = 1, 2 do print(settings) end\n"
           "  for i18n, hooks in pairs({}) do i18n.t('none') hooks.on('none') end\n"
           "  local require = function(name) return name end\n"
           "  return require('none')\n"
           "end\n"
           "return f\n",
           "");
    /* nor what a register held before */
    expect("",
           "do local f, s = print, 'none' end\n"
           "i18n.t()\n"
           "local rep = 'none'\n"
           "do local f = i18n.t end\n"
           "rep:rep(2)\n"
           "do local a, b, c, d = rep, rep, rep, hooks end\n"
           "for i = 1, 2 do print(i.onn) end\n",
           "");
}

static void test_what_does_not_compile_is_found(void **state) {
    (void)state;
    rig_write(rig_path("rule/b.lua"), "local x <const> = 1\nx = 2\n");
    rig_write(rig_path("rule/c.lua"), "return nothing\n");
    expect("", "local a = 1\nlocal = 5\n",
           "b.lua:2: error: attempt to assign to const variable 'x'\n"
           "c.lua:1: error: unknown global 'nothing'\n"
           "init.lua:2: error: <name> expected near '='\n");
}

static void test_findings_are_bounded_and_told_once(void **state) {
    (void)state;
    static char text[65536];
    text[0] = '\0';
    for (int i = 0; i < 600; i++) sprintf(text + strlen(text), "print(g%d, g%d)\n", i, i);
    rig_rule("", "rule", "1.0.0", "");
    rig_write(rig_path("rule/init.lua"), text);
    check_rule();
    size_t lines = 0;
    for (const char *at = found; (at = strchr(at, '\n')) != NULL; at++) lines++;
    assert_int_equal(lines, 250); /* 500 kept, each twice */
    text[0] = '\0';
    for (int i = 0; i < 600; i++) sprintf(text + strlen(text), "print(g%d)\n", i);
    rig_write(rig_path("rule/init.lua"), text);
    check_rule();
    assert_non_null(strstr(found, "'g499'"));
    assert_null(strstr(found, "'g500'"));
}

static void test_a_mode_has_no_global_state(void **state) {
    (void)state;
    rig_write(rig_path("rule/mod.json"), "{\"id\":\"rule\",\"name\":\"r\",\"version\":\"1.0.0\","
                                         "\"api\":\"1\",\"kind\":\"mode\"}");
    rig_write(rig_path("rule/init.lua"), "state = {}\nreturn {}\n");
    check_rule();
    assert_string_equal(found, "init.lua:1: error: assigns to the undeclared global 'state' (did "
                               "you forget 'local'?)\n");
}

static void test_an_upload_is_checked_too(void **state) {
    (void)state;
    struct mod *mod;
    struct mod_error error;
    assert_int_equal(mod_upload("x", "x = 1", 5, 0, &mod, &error), MUSTER_OK);
    found[0] = '\0';
    assert_int_equal(mod_check(mod, &rules, on_finding, NULL), MUSTER_OK);
    assert_string_equal(found, "init.lua:1: error: assigns to the undeclared global 'x' (did you "
                               "forget 'local'?)\n");
    mod_unpin(mod);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_mod_has_no_findings),
        TEST(test_unknown_globals_are_found),
        TEST(test_an_own_environment_is_not_followed),
        TEST(test_globals_are_followed_in_a_large_function),
        TEST(test_permissions_are_compared_with_what_is_used),
        TEST(test_names_of_the_api_are_known),
        TEST(test_settings_texts_and_modules_are_there),
        TEST(test_values_that_are_not_known_are_not_followed),
        TEST(test_what_does_not_compile_is_found),
        TEST(test_findings_are_bounded_and_told_once),
        TEST(test_a_mode_has_no_global_state),
        TEST(test_an_upload_is_checked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
