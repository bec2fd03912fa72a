/* Mods out of folders: what a good one becomes, and that each bad one is refused with a
 * sentence that says where and why. */
#include "mod_rig.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char koth[] =
    "{\"id\": \"koth\", \"name\": \"King of the Hill\", \"version\": \"1.2.0\", \"api\": \"1\",\n"
    " \"kind\": \"mode\", \"author\": \"ann\", \"license\": \"MIT\", \"base\": \"arena\",\n"
    " \"depends\": [\"votes >= 1.2 < 2\", \"zones\"], \"optional\": [\"maps = 1\"],\n"
    " \"conflicts\": [\"ctf\"], \"permissions\": [\"storage\", \"chat\"],\n"
    " \"limits\": {\"memoryKb\": 2048}, \"defaults\": {\"killLimit\": 10, \"rules\": [\"a\"]}}";

static void write_koth(void) {
    rig_write(rig_path("koth/mod.json"), koth);
    rig_write(rig_path("koth/init.lua"), "return {}\n");
    rig_write(rig_path("koth/lib/score.lua"), "\xef\xbb\xbfreturn 1\n");
    rig_write(rig_path("koth/settings.json"),
              "[{\"key\":\"hillSeconds\",\"type\":\"int\",\"default\":5},"
              "{\"key\":\"names\",\"type\":\"list\",\"default\":[\"a\"],\"group\":\"Names\"}]");
    rig_write(rig_path("koth/locale/en.json"), "{\"won\": \"{team} holds it\", \"a\": \"b\"}");
    rig_write(rig_path("koth/locale/pt.json"), "{\"won\": \"ganhou\"}");
    rig_write(rig_path("koth/README.md"), "no text of the mod: \xff");
    rig_write(rig_path("koth/.git/config"), "\xff");
    rig_write(rig_path("koth/tests/koth_spec.lua"), "it()\n");
}

static struct mod *read_good(const char *dir) {
    struct mod *mod;
    struct mod_error error;
    muster_status status = mod_read(dir, &mod, &error);
    if (status) fail_msg("%d %s", status, error.text);
    assert_string_equal(error.text, "");
    return mod;
}

static void expect(const char *dir, muster_status status, const char *text) {
    struct mod *mod;
    struct mod_error error;
    assert_int_equal(mod_read(dir, &mod, &error), status);
    assert_null(mod);
    assert_string_equal(error.text, text);
}

/* ---- good ones */

static void test_a_mode_has_all_that_its_files_say(void **state) {
    (void)state;
    write_koth();
    struct mod *mod = read_good(rig_path("koth"));
    assert_string_equal(mod->id, "koth");
    assert_string_equal(mod->name, "King of the Hill");
    assert_string_equal(mod->version, "1.2.0");
    assert_string_equal(mod->author, "ann");
    assert_string_equal(mod->description, "");
    assert_string_equal(mod->dir, rig_path("koth"));
    assert_string_equal(mod->base, "arena");
    assert_int_equal(mod->kind, MOD_MODE);
    assert_false(mod->is_upload);
    assert_int_equal(mod->permissions, MOD_STORAGE | MOD_CHAT);
    assert_int_equal(mod->memory_bytes, 2048 * 1024);
    assert_string_equal(mod->defaults_json, "{\"killLimit\":10,\"rules\":[\"a\"]}");
    assert_int_equal(mod->players_max, 0); /* the base's */
    assert_null(mod->maps);
    assert_int_equal(mod->depend_count, 2);
    assert_string_equal(mod->depends[0].id, "votes");
    assert_string_equal(mod->depends[0].versions, ">= 1.2 < 2");
    assert_string_equal(mod->depends[1].versions, "");
    assert_string_equal(mod->optional[0].id, "maps");
    assert_string_equal(mod->conflicts[0], "ctf");
    mod_unpin(mod);
}

static void test_its_files_settings_and_texts_are_found(void **state) {
    (void)state;
    write_koth();
    struct mod *mod = read_good(rig_path("koth"));
    assert_int_equal(mod->file_count, 2); /* neither README.md nor tests */
    const struct mod_file *file = mod_file(mod, "lib.score");
    assert_string_equal(file->chunk, "koth/lib/score.lua");
    assert_string_equal(file->text, "return 1\n"); /* the byte order mark is gone */
    assert_int_equal(file->len, 9);
    assert_null(mod_file(mod, "tests.koth_spec"));
    const struct mod_setting *setting = mod_setting(mod, "hillSeconds");
    assert_string_equal(setting->lobby_key, "hillSeconds");
    assert_int_equal(setting->type, MOD_SETTING_INT);
    assert_string_equal(setting->default_json, "5");
    assert_null(mod_setting(mod, "other"));
    assert_non_null(strstr(mod->settings_json, "\"group\":\"King of the Hill\""));
    assert_non_null(strstr(mod->settings_json, "\"group\":\"Names\""));
    assert_string_equal(mod_text(mod, "pt-br", "won"), "ganhou");
    assert_string_equal(mod_text(mod, "pt-br", "a"), "b"); /* English has it */
    assert_null(mod_text(mod, "en", "none"));
    mod_unpin(mod);
}

static void test_a_rules_settings_have_its_name(void **state) {
    (void)state;
    rig_rule("", "mirror_damage", "1.0.0", "");
    rig_write(rig_path("mirror_damage/settings.json"),
              "[{\"key\":\"percent\",\"type\":\"number\",\"default\":50}]");
    struct mod *mod = read_good(rig_path("mirror_damage"));
    assert_string_equal(mod_setting(mod, "percent")->lobby_key, "mirrorDamagePercent");
    assert_non_null(strstr(mod->settings_json, "\"key\":\"mirrorDamagePercent\""));
    assert_int_equal(mod->kind, MOD_RULE);
    assert_int_equal(mod->memory_bytes, 1 << 20);
    mod_unpin(mod);
}

static void test_a_mode_that_owns_everything_has_its_figures(void **state) {
    (void)state;
    rig_write(rig_path("pong/mod.json"), "{\"id\":\"pong\",\"name\":\"P\",\"version\":\"1.0.0\","
                                         "\"api\":\"1\",\"kind\":\"mode\",\"tickRate\":60,"
                                         "\"maps\":[\"one\",\"two\"]}");
    rig_write(rig_path("pong/init.lua"), "");
    struct mod *mod = read_good(rig_path("pong/"));
    assert_int_equal(mod->tick_rate_hz, 60);
    assert_int_equal(mod->players_max, 16);
    assert_int_equal(mod->snapshot_max_bytes, 1024);
    assert_int_equal(mod->map_count, 2);
    assert_string_equal(mod->maps[1], "two");
    mod_unpin(mod);
}

static void test_the_hash_names_the_texts(void **state) {
    (void)state;
    write_koth();
    struct mod *mod = read_good(rig_path("koth"));
    assert_string_equal(mod->hash, "b8f7491f271b8a5fd7e4e1d1c6d48e22"); /* recordings name it */
    rig_write(rig_path("koth/tests/koth_spec.lua"), "changed()\n");
    struct mod *same = read_good(rig_path("koth"));
    assert_string_equal(mod->hash, same->hash);
    rig_write(rig_path("koth/lib/score.lua"), "return 2\n");
    struct mod *other = read_good(rig_path("koth"));
    assert_string_not_equal(mod->hash, other->hash);
    assert_string_equal(mod_file(mod, "lib.score")->text, "return 1\n");
    mod_unpin(mod);
    mod_unpin(same);
    mod_unpin(mod_pin(other));
    mod_unpin(other);
}

static void test_its_tests_are_read_apart(void **state) {
    (void)state;
    struct mod_specs specs;
    struct mod_error error;
    write_koth();
    assert_int_equal(mod_specs_read(rig_path("koth"), &specs, &error), MUSTER_OK);
    assert_int_equal(specs.count, 1);
    assert_string_equal(specs.files[0].name, "tests.koth_spec");
    assert_string_equal(specs.files[0].chunk, "koth/tests/koth_spec.lua");
    assert_string_equal(specs.files[0].text, "it()\n");
    mod_specs_deinit(&specs);
    rig_write(rig_path("koth/tests/a/b/c_spec.lua"), "it()\n");
    assert_int_equal(mod_specs_read(rig_path("koth"), &specs, &error), MUSTER_OK);
    assert_int_equal(specs.count, 2);
    mod_specs_deinit(&specs);
    rig_write(rig_path("koth/tests/a/b/c/d_spec.lua"), "it()\n");
    assert_int_equal(mod_specs_read(rig_path("koth"), &specs, &error), MUSTER_LIMIT);
    assert_string_equal(error.text, "tests/a/b/c: more than 4 folders in folders");
    rig_rule("", "plain", "1.0.0", "");
    assert_int_equal(mod_specs_read(rig_path("plain"), &specs, &error), MUSTER_OK);
    assert_int_equal(specs.count, 0);
    mod_specs_deinit(&specs);
    assert_int_equal(mod_specs_read(rig_path("none"), &specs, &error), MUSTER_NOT_FOUND);
}

/* ---- mod.json */

static void test_mod_json_is_looked_at_key_by_key(void **state) {
    (void)state;
    static const struct {
        const char *more; /* behind the keys that are needed */
        const char *error;
    } cases[] = {
        {",\"permissions\":[\"chat\",\"fly\"]",
         "permissions[1]: expected chat, kick, storage, teams or vote, found \"fly\""},
        {",\"permissions\":[\"chat\",\"chat\"]",
         "permissions[1]: expected each only once, found \"chat\""},
        {",\"teams\":[]", "teams: only a mode has it"},
        {",\"stats\":[]", "stats: only a mode has it"},
        {",\"victories\":[]", "victories: only a mode has it"},
        {",\"minPlayers\":2", "minPlayers: only a mode has it"},
        {",\"permisions\":[]", "permisions: unknown key; did you mean \"permissions\"?"},
        {",\"xyz\":1", "xyz: unknown key"},
        {",\"author\":\"\"", "author: expected a line of 1 to 64 bytes, found \"\""},
        {",\"author\":\"a\\nb\"", "author: expected a line of 1 to 64 bytes, found \"a\\nb\""},
        {",\"author\":"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u00e9\u00e9\u00e9\u00e9\u00e9"
         "\u00e9\u00e9\u00e9\u00e9\u00e9\"",
         "author: expected a line of 1 to 64 bytes, found "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."}, /* cut before what does not fit */
        {",\"base\":\"arena\"", "base: only a mode has it"},
        {",\"maps\":[\"a\"]", "maps: only a mode has it"},
        {",\"limits\":{\"memoryKb\":63}",
         "limits.memoryKb: expected an integer, 64 to 65536, found 63"},
        {",\"limits\":{\"memoryKb\":65537}",
         "limits.memoryKb: expected an integer, 64 to 65536, found 65537"},
        {",\"conflicts\":[\"rule\"]", "conflicts[0]: expected another mod, found \"rule\""},
        {",\"limits\":{\"memoryKB\":64}",
         "limits.memoryKB: unknown key; did you mean \"memoryKb\"?"},
        {",\"limits\":5", "limits: expected an object, found 5"},
        {",\"depends\":[\"Votes\"]", "depends[0]: expected a mod's id, or like \"votes >= 1.2\" "
                                     "(>= <= > < =), found \"Votes\""},
        {",\"depends\":[\"votes >> 1\"]", "depends[0]: expected a mod's id, or like \"votes >= "
                                          "1.2\" (>= <= > < =), found \"votes >> 1\""},
        {",\"optional\":{}", "optional: expected a list of at most 32, found {}"},
        {",\"conflicts\":[5]", "conflicts[0]: expected a name of a-z, 0-9 and _ (at most 32, a "
                               "letter first), found 5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        rig_rule("", "rule", "1.0.0", cases[i].more);
        snprintf(text, sizeof text, "mod.json: %s", cases[i].error);
        expect(rig_path("rule"), MUSTER_INVALID, text);
    }
}

/* Of a mode that owns everything; the smallest and the largest are taken. */
static void test_figures_of_a_mode_have_a_range(void **state) {
    static const struct {
        const char *key;
        int min, max;
    } cases[] = {{"maxPlayers", 1, 128},
                 {"peopleMax", 1, 128},
                 {"tickRate", 1, 128},
                 {"snapshotMaxBytes", 64, 16384}};
    (void)state;
    rig_write(rig_path("m/init.lua"), "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int k = 0; k < 4; k++) {
            int value = k < 2 ? cases[i].min - k : cases[i].max + k - 2;
            char text[256];
            snprintf(text, sizeof text,
                     "{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1."
                     "0.0\","
                     "\"%s\":%d}",
                     cases[i].key, value);
            rig_write(rig_path("m/mod.json"), text);
            snprintf(text, sizeof text, "mod.json: %s: expected an integer, %d to %d, found %d",
                     cases[i].key, cases[i].min, cases[i].max, value);
            if (k == 0 || k == 2)
                mod_unpin(read_good(rig_path("m")));
            else
                expect(rig_path("m"), MUSTER_INVALID, text);
        }
    rig_write(rig_path("m/mod.json"),
              "{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\","
              "\"version\":\"1.0.0\",\"base\":\"arena\",\"tickRate\":20}");
    expect(rig_path("m"), MUSTER_INVALID,
           "mod.json: tickRate: only a mode without a base has it; \"defaults\" gives other "
           "defaults of lobby settings");
}

static void test_what_mod_json_must_have(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"{", "mod.json:1: string or '}' expected near end of file"},
        {"{\"id\":\"m\",\n\"id\":\"m\"}", "mod.json:2: duplicate object key near '\"id\"'"},
        {"[]", "mod.json: expected an object"},
        {"{\"id\":\"M\"}", "mod.json: id: expected a name of a-z, 0-9 and _ (at most 32, a letter "
                           "first), found \"M\""},
        {"{\"id\":\"n\"}", "mod.json: id: expected the name of its folder, \"m\", found \"n\""},
        {"{\"id\":\"m\"}", "mod.json: kind: expected a value, found nothing"},
        {"{\"id\":\"m\",\"kind\":\"map\"}", "mod.json: kind: expected mode or rule, found \"map\""},
        {"{\"id\":\"m\",\"kind\":\"rule\",\"api\":1}", "mod.json: api: expected \"1\", found 1"},
        {"{\"id\":\"m\",\"kind\":\"rule\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1.0\"}",
         "mod.json: version: expected a version like 1.2.0 or 1.2.0-beta.1, found \"1.0\""},
        {"{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1.0.0\","
         "\"maxPlayers\":129}",
         "mod.json: maxPlayers: expected an integer, 1 to 128, found 129"},
        {"{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1.0.0\","
         "\"maps\":[]}",
         "mod.json: maps: expected at least one map, found []"},
        {"{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1.0.0\","
         "\"defaults\":{\"killLimit\":{\"a\":1}}}",
         "mod.json: defaults.killLimit: expected the name of a lobby setting and a plain value or "
         "list of strings, found {\"a\":1}"},
        {"{\"id\":\"m\",\"kind\":\"mode\",\"api\":\"1\",\"name\":\"m\",\"version\":\"1.0.0\"}",
         "init.lua: is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_write(rig_path("m/mod.json"), cases[i].text);
        expect(rig_path("m"), MUSTER_INVALID, cases[i].error);
    }
    rig_write(rig_path("n/init.lua"), "");
    expect(rig_path("n"), MUSTER_INVALID, "mod.json: is missing");
}

/* ---- settings.json and locale */

static void test_settings_json_is_looked_at_entry_by_entry(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"{}", "settings: expected a list of at most 64, found {}"},
        {"[5]", "settings[0]: expected an object, found 5"},
        {"[{\"key\":\"round_time\"}]", "settings[0].key: expected a camelCase name of letters and "
                                       "digits, like \"percent\", found \"round_time\""},
        {"[{\"key\":\"a\",\"typ\":\"int\"}]",
         "settings[0].typ: unknown key; did you mean \"type\"?"},
        {"[{\"key\":\"a\",\"type\":\"float\"}]", "settings[0].type: expected bool, int, number, "
                                                 "string, enum, list or duration, found \"float\""},
        {"[{\"key\":\"a\",\"type\":\"int\"}]",
         "settings[0].default: expected a value of type int, found nothing"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1.5}]",
         "settings[0].default: expected a value of type int, found 1.5"},
        {"[{\"key\":\"a\",\"type\":\"list\",\"default\":[1]}]",
         "settings[0].default: expected a value of type list, found [1]"},
        {"[{\"key\":\"a\",\"type\":\"enum\",\"default\":\"x\"}]",
         "settings[0].values: expected a list of 1 to 64 strings, found nothing"},
        {"[{\"key\":\"a\",\"type\":\"enum\",\"values\":[\"y\"],\"default\":\"x\"}]",
         "settings[0].default: expected a value of type enum, found \"x\""},
        {"[{\"key\":\"a\",\"type\":\"bool\",\"values\":[\"y\"],\"default\":true}]",
         "settings[0].values: expected nothing, as it is no enum, found [\"y\"]"},
        {"[{\"key\":\"a\",\"type\":\"duration\",\"default\":1}]",
         "settings[0].unit: expected ms or s, as it is a duration, found nothing"},
        {"[{\"key\":\"a\",\"type\":\"duration\",\"unit\":\"min\",\"default\":1}]",
         "settings[0].unit: expected ms or s, as it is a duration, found \"min\""},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"secret\":1}]",
         "settings[0].secret: expected true or false, found 1"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"when\":\"later\"}]",
         "settings[0].when: expected setup (not while a match runs) or always, found \"later\""},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"min\":2,\"max\":1}]",
         "settings[0].max: expected at least min, found 1"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"min\":1e17}]",
         "settings[0].min: expected at most the largest value, found 1e17"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"min\":\"1\"}]",
         "settings[0].min: expected a number, found \"1\""},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"max\":true}]",
         "settings[0].max: expected a number, found true"},
        {"[{\"key\":\"a\",\"type\":\"bool\",\"default\":true},"
         "{\"key\":\"a\",\"type\":\"bool\",\"default\":true}]",
         "settings[1].key: expected each key only once, found \"a\""},
        {"[{\"key\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]",
         "settings[0].key: expected id and key together at most 64 bytes, found "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."},
    };
    rig_rule("", "rule", "1.0.0", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        rig_write(rig_path("rule/settings.json"), cases[i].text);
        snprintf(text, sizeof text, "settings.json: %s", cases[i].error);
        expect(rig_path("rule"), MUSTER_INVALID, text);
    }
}

static void test_an_enum_has_so_many_values(void **state) {
    char text[1024];
    (void)state;
    rig_rule("", "rule", "1.0.0", "");
    for (int count = 64; count <= 65; count++) {
        int used = sprintf(
            text, "[{\"key\":\"a\",\"type\":\"enum\",\"default\":\"v1\",\"values\":[\"v1\"");
        for (int i = 2; i <= count; i++) used += sprintf(text + used, ",\"v%d\"", i);
        strcpy(text + used, "]}]");
        rig_write(rig_path("rule/settings.json"), text);
        struct mod *mod;
        struct mod_error error;
        assert_int_equal(mod_read(rig_path("rule"), &mod, &error),
                         count > 64 ? MUSTER_INVALID : MUSTER_OK);
        mod_unpin(mod);
    }
}

/* {type, more, smallest and largest default, one below and one above, what is told}: the values at
 * the limits are taken. */
static void test_defaults_lie_within_their_range(void **state) {
    static const struct {
        const char *type, *more;
        const char *good[2], *bad[2];
        const char *expected;
    } cases[] = {
        {"int", ",\"min\":-2,\"max\":9", {"-2", "9"}, {"-3", "10"}, "-2 to 9"},
        {"number", ",\"min\":0.5,\"max\":1.5", {"0.5", "1.5"}, {"0.25", "1.75"}, "0.5 to 1.5"},
        {"string",
         ",\"min\":1,\"max\":3",
         {"\"a\"", "\"abc\""},
         {"\"\"", "\"abcd\""},
         "1 to 3 bytes"},
        {"list",
         ",\"min\":1,\"max\":2",
         {"[\"a\"]", "[\"a\",\"b\"]"},
         {"[]", "[\"a\",\"b\",\"c\"]"},
         "1 to 2 items"},
        {"duration",
         ",\"unit\":\"s\"",
         {"0", "2147483647"},
         {"-1", "2147483648"},
         "0 to 2147483647"},
        {"int",
         "",
         {"-9007199254740991", "9007199254740991"},
         {"-9007199254740993", "9007199254740993"},
         "-9007199254740991 to 9007199254740991"},
    };
    (void)state;
    rig_rule("", "rule", "1.0.0", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int k = 0; k < 4; k++) {
            const char *value = k < 2 ? cases[i].good[k] : cases[i].bad[k - 2];
            char text[256];
            snprintf(text, sizeof text, "[{\"key\":\"a\",\"type\":\"%s\"%s,\"default\":%s}]",
                     cases[i].type, cases[i].more, value);
            rig_write(rig_path("rule/settings.json"), text);
            snprintf(text, sizeof text, "settings.json: settings[0].default: expected %s, found %s",
                     cases[i].expected, value);
            if (k < 2)
                mod_unpin(read_good(rig_path("rule")));
            else
                expect(rig_path("rule"), MUSTER_INVALID, text);
        }
}

/* A file of locale/ that cannot be read is told, and keeps nobody else out. */
static void complains(const char *text) {
    struct mod *mod = read_good(rig_path("rule"));
    assert_string_equal(mod->complaint, text);
    assert_string_equal(mod_text(mod, "de", "a"), "gut");
    mod_unpin(mod);
}

static void test_texts_are_looked_at(void **state) {
    (void)state;
    rig_rule("", "rule", "1.0.0", "");
    rig_write(rig_path("rule/locale/de.json"), "{\"a\": \"gut\"}");
    rig_write(rig_path("rule/locale/en.json"), "{\"a\":\n5}");
    complains(
        "locale/en.json: a: expected a key of letters, digits, _ . - and a text of at most 1024 "
        "bytes, found 5");
    rig_write(rig_path("rule/locale/en.json"), "[]");
    complains("locale/en.json: expected an object of at most 1000 texts");
    rig_write(rig_path("rule/locale/en.json"), "{\"a\": \"\xff\"}");
    complains("locale/en.json:1: expected UTF-8 without zero bytes");
    unlink(rig_path("rule/locale/en.json"));
    rig_write(rig_path("rule/locale/en-scouse-dialect.json"), "{}");
    complains("locale/en-scouse-dialect.json: expected the name of a language in lower case, like "
              "en.json or pt-br.json");
    unlink(rig_path("rule/locale/en-scouse-dialect.json"));
    rig_write(rig_path("rule/locale/en.json"), "{\"a\": \"\xff\"}");
    rig_write(rig_path("rule/locale/fr.json"), "[]"); /* the first one tells */
    complains("locale/en.json:1: expected UTF-8 without zero bytes");
    unlink(rig_path("rule/locale/fr.json"));
    rig_write(rig_path("rule/locale/en.json"), "{}");
    rig_write(rig_path("rule/locale/EN.json"), "{}");
    complains("locale/EN.json: expected the name of a language in lower case, like en.json or "
              "pt-br.json");
}

/* So many texts of so many bytes, and one key of so many. */
static const char *read_locale(int count, int text_bytes, int key_bytes) {
    static char text[1 << 15], told[400];
    int used = sprintf(text, "{\"%0*d\":\"%0*d\"", key_bytes, 0, text_bytes, 0);
    for (int i = 1; i < count; i++) used += sprintf(text + used, ",\"k%d\":\"\"", i);
    strcpy(text + used, "}");
    rig_write(rig_path("rule/locale/en.json"), text);
    struct mod *mod = read_good(rig_path("rule"));
    snprintf(told, sizeof told, "%s", mod->complaint ? mod->complaint : "");
    assert_int_equal(mod->locale_count, mod->complaint ? 0 : 1);
    mod_unpin(mod);
    return told;
}

static void test_texts_are_bounded(void **state) {
    (void)state;
    rig_rule("", "rule", "1.0.0", "");
    assert_string_equal(read_locale(1000, 1024, 64), "");
    assert_string_equal(read_locale(1001, 1, 1),
                        "locale/en.json: expected an object of at most 1000 texts");
    assert_non_null(strstr(read_locale(1, 1025, 64), "and a text of at most 1024 bytes"));
    assert_non_null(strstr(read_locale(1, 1, 65), "expected a key of letters"));
}

/* ---- hostile folders */

static void test_only_files_and_folders_are_taken(void **state) {
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    rig_write(rig_path("secret.lua"), "return 'secret'\n");
    rig_rule("", "link", "1.0.0", "");
    assert_int_equal(symlink("../secret.lua", rig_path("link/out.lua")), 0);
    expect(rig_path("link"), MUSTER_INVALID,
           "out.lua: expected a file or a folder, found a link, which is not followed");
    rig_rule("", "folder", "1.0.0", "");
    assert_int_equal(symlink("/tmp", rig_path("folder/lib")), 0);
    expect(rig_path("folder"), MUSTER_INVALID,
           "lib: expected a file or a folder, found a link, which is not followed");
    rig_rule("", "pipe", "1.0.0", "");
    assert_int_equal(mkfifo(rig_path("pipe/a.lua"), 0600), 0);
    expect(rig_path("pipe"), MUSTER_INVALID,
           "a.lua: expected a file or a folder, found something else");
    rig_rule("", "socket", "1.0.0", "");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s", rig_path("socket/a.lua"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    expect(rig_path("socket"), MUSTER_INVALID,
           "a.lua: expected a file or a folder, found something else");
    close(fd);
}

static void test_sizes_are_bounded(void **state) {
    (void)state;
    static char big[MOD_FILE_BYTES_MAX];
    memset(big, ' ', sizeof big);
    rig_rule("", "sparse", "1.0.0", "");
    rig_write(rig_path("sparse/a.lua"), "");
    assert_int_equal(truncate(rig_path("sparse/a.lua"), 10000000000), 0);
    expect(rig_path("sparse"), MUSTER_LIMIT, "a.lua: 10000000000 bytes, at most 1048576 are taken");
    rig_rule("", "many", "1.0.0", "");
    for (int i = 0; i < MOD_FILES_MAX - 1; i++) rig_write(rig_path("many/f%d.lua", i), "");
    mod_unpin(read_good(rig_path("many")));
    rig_write(rig_path("many/more.lua"), "");
    struct mod *mod;
    struct mod_error error;
    assert_int_equal(mod_read(rig_path("many"), &mod, &error), MUSTER_LIMIT);
    assert_non_null(strstr(error.text, ": more than 64 files"));
    rig_rule("", "big", "1.0.0", "");
    for (int i = 0; i < 4; i++) rig_write_bytes(rig_path("big/f%d.lua", i), big, sizeof big);
    assert_int_equal(mod_read(rig_path("big"), &mod, &error), MUSTER_LIMIT);
    assert_non_null(strstr(error.text, ": all files together are over 4194304 bytes"));
    rig_rule("", "json", "1.0.0", "");
    rig_write_bytes(rig_path("json/settings.json"), big, 65537);
    expect(rig_path("json"), MUSTER_LIMIT, "settings.json: 65537 bytes, at most 65536 are taken");
}

static void test_depth_and_entries_are_bounded(void **state) {
    (void)state;
    rig_rule("", "deep", "1.0.0", "");
    rig_write(rig_path("deep/a/b/c/d.lua"), "");
    struct mod *mod = read_good(rig_path("deep"));
    assert_non_null(mod_file(mod, "a.b.c.d"));
    mod_unpin(mod);
    rig_write(rig_path("deep/a/b/c/d/e.lua"), "");
    expect(rig_path("deep"), MUSTER_LIMIT, "a/b/c/d: more than 4 folders in folders");
    rig_rule("", "wide", "1.0.0", "");
    for (int i = 0; i < MOD_ENTRIES_MAX; i++) rig_write(rig_path("wide/x/.f%d", i), "");
    expect(rig_path("wide"), MUSTER_LIMIT, "x: more than 1024 files and folders");
}

static void test_names_cannot_be_mistaken(void **state) {
    (void)state;
    static const char *const names[] = {"Init.lua", "init.LUA", "a b.lua", "a.b.lua",
                                        "\xc3\xa9.lua"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[200];
        rig_rule("", "twin", "1.0.0", "");
        const char *path = rig_path("twin/%s", names[i]);
        rig_write(path, "");
        snprintf(text, sizeof text,
                 "%s: expected a name of a-z, 0-9 and _ (at most 48) and .lua, in at most 4 "
                 "folders",
                 names[i]);
        expect(rig_path("twin"), MUSTER_INVALID, text);
        unlink(path);
    }
    rig_rule("", "upload_a", "1.0.0", "");
    expect(rig_path("upload_a"), MUSTER_INVALID,
           "mod.json: id: names that begin with \"upload_\" are those of players' rules");
}

static void test_texts_are_texts(void **state) {
    (void)state;
    rig_rule("", "bytes", "1.0.0", "");
    rig_write_bytes(rig_path("bytes/a.lua"), "x = 1\ny = '\0'\n", 14);
    expect(rig_path("bytes"), MUSTER_INVALID, "a.lua:2: expected UTF-8 without zero bytes");
    rig_write_bytes(rig_path("bytes/a.lua"), "\n\n-- \xff\n", 7);
    expect(rig_path("bytes"), MUSTER_INVALID, "a.lua:3: expected UTF-8 without zero bytes");
    rig_write(rig_path("bytes/a.lua"), "\x1bLua");
    expect(rig_path("bytes"), MUSTER_INVALID, "a.lua: bytecode is not taken, only text");
}

static void test_what_is_no_folder_is_not_found(void **state) {
    (void)state;
    struct mod *mod;
    struct mod_error error;
    rig_write(rig_path("file"), "");
    assert_int_equal(mod_read(rig_path("none"), &mod, &error), MUSTER_NOT_FOUND);
    assert_int_equal(mod_read(rig_path("file"), &mod, &error), MUSTER_NOT_FOUND);
    assert_non_null(strstr(error.text, "expected the folder of a mod, found "));
    assert_int_equal(mod_read("", &mod, &error), MUSTER_NOT_FOUND);
}

/* ---- words */

static bool is(const char *version, char op, const char *bound) {
    char range[64];
    snprintf(range, sizeof range, "%c %s", op, bound);
    return mod_version_matches(version, range);
}

static void test_versions_are_compared(void **state) {
    (void)state;
    static const char *const rising[] = {"0.9.9",       "1.0.0-1",       "1.0.0-2",    "1.0.0-10",
                                         "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0",
                                         "1.0.10",      "1.2.0",         "2.0.0"};
    size_t count = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(is(rising[i], '<', rising[j]), i < j);
            assert_int_equal(is(rising[i], '=', rising[j]), i == j);
            assert_int_equal(is(rising[i], '>', rising[j]), i > j);
        }
    assert_true(mod_version_matches("1.2.3", ""));
    assert_true(mod_version_matches("1.2.3", ">= 1.2 < 2"));
    assert_true(mod_version_matches("1.2.0", ">=1.2"));
    assert_true(mod_version_matches("1.2.0", "= 1.2"));
    assert_true(mod_version_matches("1.2.0", "<= 1.2"));
    assert_false(mod_version_matches("1.2.0", "> 1.2"));
    assert_false(mod_version_matches("2.0.0", ">= 1.2 < 2"));
    assert_false(mod_version_matches("1.2.3", ">= 1.x")); /* no range is no match */
    assert_false(mod_version_matches("", ">= 1"));
}

static void test_words_that_are_near_are_found(void **state) {
    static const char *const names[] = {"stop", "stap", "storage", "killLimit"};
    static const struct {
        const char *word, *near;
    } cases[] = {
        {"stup", "stop"}, /* of equals the first */
        {"sotrage", "storage"},
        {"storge", "storage"},
        {"storrage", "storage"},
        {"KILLLIMIT", "killLimit"},
        {"killimt", "killLimit"},
        {"sxxp", NULL},
        {"st", NULL},
        {"", NULL},
        {"killLimitkillLimitkillLimitkillLimitkillLimitkill", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *near = mod_word_nearest(cases[i].word, names, 4);
        if (!near != !cases[i].near || (near && strcmp(near, cases[i].near) != 0))
            fail_msg("%s: %s", cases[i].word, near ? near : "none");
    }
}

static void test_a_version_has_so_many_bytes(void **state) {
    (void)state;
    rig_rule("", "rule", "1.0.0-abcdefghijklmnopqrstuvwxyz", "");
    mod_unpin(read_good(rig_path("rule")));
    rig_rule("", "rule", "1.0.0-abcdefghijklmnopqrstuvwxyz0", "");
    expect(rig_path("rule"), MUSTER_INVALID,
           "mod.json: version: expected a version like 1.2.0 or 1.2.0-beta.1, found "
           "\"1.0.0-abcdefghijklmnopqrstuvwxyz0\"");
}

static void test_permissions_have_names(void **state) {
    (void)state;
    assert_string_equal(mod_permission_name(MOD_TEAMS), "teams");
    assert_string_equal(mod_permission_name(MOD_TEAMS | MOD_CHAT), "");
    assert_int_equal(mod_permission_find("vote"), MOD_VOTE);
    assert_int_equal(mod_permission_find("fly"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_mode_has_all_that_its_files_say),
        TEST(test_its_files_settings_and_texts_are_found),
        TEST(test_a_rules_settings_have_its_name),
        TEST(test_a_mode_that_owns_everything_has_its_figures),
        TEST(test_the_hash_names_the_texts),
        TEST(test_its_tests_are_read_apart),
        TEST(test_mod_json_is_looked_at_key_by_key),
        TEST(test_figures_of_a_mode_have_a_range),
        TEST(test_what_mod_json_must_have),
        TEST(test_settings_json_is_looked_at_entry_by_entry),
        TEST(test_an_enum_has_so_many_values),
        TEST(test_defaults_lie_within_their_range),
        TEST(test_texts_are_looked_at),
        TEST(test_texts_are_bounded),
        TEST(test_only_files_and_folders_are_taken),
        TEST(test_sizes_are_bounded),
        TEST(test_depth_and_entries_are_bounded),
        TEST(test_names_cannot_be_mistaken),
        TEST(test_texts_are_texts),
        TEST(test_what_is_no_folder_is_not_found),
        TEST(test_versions_are_compared),
        TEST(test_words_that_are_near_are_found),
        TEST(test_a_version_has_so_many_bytes),
        TEST(test_permissions_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
