/* schema: what a description may say, what a value may be, and the sentences for people. */
#include "test.h"

#include "schema.h"
#include <muster/schema.h>

#include <string.h>

static const char all_types[] =
    "[{\"key\":\"port\",\"type\":\"int\",\"default\":7350,\"min\":0,\"max\":65535},"
    "{\"key\":\"enabled\",\"type\":\"bool\",\"default\":true},"
    "{\"key\":\"ratio\",\"type\":\"number\",\"default\":1,\"min\":0,\"max\":2.5},"
    "{\"key\":\"name\",\"type\":\"string\",\"default\":\"x\",\"max\":8},"
    "{\"key\":\"level\",\"type\":\"enum\",\"default\":\"info\",\"values\":[\"info\",\"warn\"]},"
    "{\"key\":\"regions\",\"type\":\"list\",\"default\":[\"local\"],\"min\":1,\"max\":3},"
    "{\"key\":\"waitMs\",\"type\":\"duration\",\"unit\":\"ms\",\"default\":500,\"max\":1000,"
    "\"when\":\"always\"},"
    "{\"key\":\"password\",\"type\":\"string\",\"default\":\"\",\"max\":4,\"secret\":true}]";

MUSTER_SCHEMA(all_by_macros, MUSTER_SCHEMA_INT("port", 7350, 0, 65535, MUSTER_LABEL("Port")),
              MUSTER_SCHEMA_BOOL("enabled", true, MUSTER_HELP("On.")),
              MUSTER_SCHEMA_NUMBER("ratio", 1, 0, 2.5, MUSTER_UNIT("x")),
              MUSTER_SCHEMA_STRING("name", "x", 8, MUSTER_MIN(1), MUSTER_GROUP("Names")),
              MUSTER_SCHEMA_ENUM("level", "info", MUSTER_VALUES("info", "warn"), MUSTER_ALWAYS),
              MUSTER_SCHEMA_LIST("regions", MUSTER_VALUES("local"), 3, MUSTER_MIN(1)),
              MUSTER_SCHEMA_LIST("rules", MUSTER_NO_VALUES, 3, MUSTER_GROUP("Rules")),
              MUSTER_SCHEMA_DURATION_MS("waitMs", 500, 0, 1000, MUSTER_ALWAYS),
              MUSTER_SCHEMA_DURATION_S("waitS", 5, 0, 10, MUSTER_LABEL("Waiting")),
              MUSTER_SCHEMA_STRING("password", "", 4, MUSTER_SECRET));

static struct schema parsed(const char *text) {
    struct schema schema;
    struct schema_error error;
    if (schema_parse(text, &schema, &error) != MUSTER_OK) fail_msg("%s", error.text);
    return schema;
}

static void test_parse(void **state) {
    (void)state;
    struct schema schema = parsed(all_types);
    assert_int_equal(schema.count, 8);
    const struct schema_entry *entry = schema_find(&schema, "waitMs");
    assert_non_null(entry);
    assert_int_equal(entry->type, SCHEMA_DURATION);
    assert_true(entry->always);
    assert_false(schema_find(&schema, "port")->always); /* when: setup */
    assert_false(schema_find(&schema, "port")->secret);
    assert_true(schema_find(&schema, "password")->secret);
    assert_null(schema_find(&schema, "nothing"));
    json_t *array = schema_to_json(&schema);
    json_t *given = json_loads(all_types, 0, NULL);
    assert_true(json_equal(array, given));
    json_decref(array);
    json_decref(given);
    schema_deinit(&schema);
    struct schema_error error;
    assert_int_equal(schema_parse(NULL, &schema, &error), MUSTER_OK);
    assert_int_equal(schema.count, 0);
}

/* What the macros of the SDK write is what their names say. */
static void test_macros(void **state) {
    static const char expected[] =
        "[{'key':'port','type':'int','default':7350,'min':0,'max':65535,'label':'Port'},"
        "{'key':'enabled','type':'bool','default':true,'help':'On.'},"
        "{'key':'ratio','type':'number','default':1,'min':0,'max':2.5,'unit':'x'},"
        "{'key':'name','type':'string','default':'x','max':8,'min':1,'group':'Names'},"
        "{'key':'level','type':'enum','default':'info','values':['info','warn'],"
        "'when':'always'},"
        "{'key':'regions','type':'list','default':['local'],'max':3,'min':1},"
        "{'key':'rules','type':'list','default':[],'max':3,'group':'Rules'},"
        "{'key':'waitMs','type':'duration','default':500,'min':0,'max':1000,'unit':'ms',"
        "'when':'always'},"
        "{'key':'waitS','type':'duration','default':5,'min':0,'max':10,'unit':'s',"
        "'label':'Waiting'},"
        "{'key':'password','type':'string','default':'','max':4,'secret':true}]";
    (void)state;
    char text[sizeof all_by_macros];
    snprintf(text, sizeof text, "%s", all_by_macros);
    for (char *at = text; *at; at++)
        if (*at == '"') *at = '\'';
    assert_string_equal(text, expected);
    struct schema schema = parsed(all_by_macros);
    assert_int_equal(schema.count, 10);
    schema_deinit(&schema);
}

static void test_bad_schemas(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *part;
    } rows[] = {
        {"{}", "array"},
        {"[", "line 1"},
        {"[1]", "entry 1"},
        {"[{\"key\":\"Bad\",\"type\":\"int\",\"default\":1}]", "camelCase"},
        {"[{\"key\":\"a_b\",\"type\":\"int\",\"default\":1}]", "camelCase"},
        {"[{\"key\":\"a\",\"type\":\"integer\",\"default\":1}]", "type"},
        {"[{\"key\":\"a\",\"type\":\"int\"}]", "default"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":\"1\"}]", "default: expected int"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"max\":0,\"min\":-1}]", "found 1"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"max\":0,\"min\":3}]", "above"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"max\":\"9\"}]", "numbers"},
        {"[{\"key\":\"a\",\"type\":\"enum\",\"default\":\"x\"}]", "values"},
        {"[{\"key\":\"a\",\"type\":\"enum\",\"default\":\"x\",\"values\":[1]}]", "strings"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"values\":[]}]", "only an enum"},
        {"[{\"key\":\"a\",\"type\":\"duration\",\"default\":1}]", "unit"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"when\":\"now\"}]", "when"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1,\"secret\":1}]", "secret"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"defualt\":1}]", "did you mean \"default\"?"},
        {"[{\"key\":\"a\",\"type\":\"int\",\"default\":1},"
         "{\"key\":\"a\",\"type\":\"int\",\"default\":1}]",
         "twice"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct schema schema;
        struct schema_error error;
        assert_int_equal(schema_parse(rows[i].text, &schema, &error), MUSTER_INVALID);
        if (!strstr(error.text, rows[i].part))
            fail_msg("%s: \"%s\" lacks \"%s\"", rows[i].text, error.text, rows[i].part);
        assert_int_equal(schema.count, 0);
    }
}

/* The checked value as JSON text, or the sentence. */
static const char *checked(const struct schema *schema, const char *key, const char *value_text,
                           bool lenient) {
    static char answer[300];
    struct schema_error error = {0};
    json_t *value = json_loads(value_text, JSON_DECODE_ANY, NULL);
    json_t *out = NULL;
    assert_non_null(value);
    muster_status status =
        schema_check_value(schema_find(schema, key), value, lenient, &out, &error);
    if (status == MUSTER_OK) {
        size_t len = json_dumpb(out, answer, sizeof(answer) - 1, JSON_COMPACT | JSON_ENCODE_ANY);
        answer[len] = '\0';
    } else {
        assert_int_equal(status, MUSTER_INVALID);
        assert_string_equal(error.key, key);
        strcpy(answer, error.text);
    }
    json_decref(out);
    json_decref(value);
    return answer;
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *key;
        const char *value;
        bool lenient;
        const char *wanted;
    } rows[] = {
        {"port", "65535", false, "65535"},
        {"port", "65536", false, "port: expected int 0 to 65535, found 65536"},
        {"port", "-1", true, "port: expected int 0 to 65535, found -1"},
        {"port", "\"27015\"", true, "27015"},
        {"port", "\"27015\"", false, "port: expected int 0 to 65535, found \"27015\""},
        {"port", "\"abc\"", true, "port: expected int 0 to 65535, found \"abc\""},
        {"port", "\" 5\"", true, "port: expected int 0 to 65535, found \" 5\""},
        {"port", "\"5x\"", true, "port: expected int 0 to 65535, found \"5x\""},
        {"port", "\"\"", true, "port: expected int 0 to 65535, found \"\""},
        {"port", "\"99999999999999999999\"", true,
         "port: expected int 0 to 65535, found \"99999999999999999999\""},
        {"port", "7.0", false, "port: expected int 0 to 65535, found 7.0"},
        {"port", "null", false, "port: expected int 0 to 65535, found null"},
        {"enabled", "false", false, "false"},
        {"enabled", "\"true\"", true, "true"},
        {"enabled", "\"0\"", true, "false"},
        {"enabled", "\"yes\"", true, "enabled: expected true or false, found \"yes\""},
        {"enabled", "1", true, "enabled: expected true or false, found 1"},
        {"ratio", "2", false, "2.0"},
        {"ratio", "\"0.5\"", true, "0.5"},
        {"ratio", "\"nan\"", true, "ratio: expected number 0 to 2.5, found \"nan\""},
        {"ratio", "2.5", false, "2.5"},
        {"ratio", "0", false, "0.0"},
        {"ratio", "-0.1", false, "ratio: expected number 0 to 2.5, found -0.10000000000000001"},
        {"ratio", "\"\"", true, "ratio: expected number 0 to 2.5, found \"\""},
        {"ratio", "\"1x\"", true, "ratio: expected number 0 to 2.5, found \"1x\""},
        {"ratio", "\" 1\"", true, "ratio: expected number 0 to 2.5, found \" 1\""},
        {"ratio", "\"0.5\"", false, "ratio: expected number 0 to 2.5, found \"0.5\""},
        {"port", "0", false, "0"},
        {"waitMs", "1000", false, "1000"},
        {"waitMs", "0", false, "0"},
        {"regions", "[\"a\",\"b\",\"c\"]", false, "[\"a\",\"b\",\"c\"]"},
        {"regions", "\"a,b,c,d\"", true,
         "regions: expected list of 1 to 3 strings, found \"a,b,c,d\""},
        {"enabled", "\"true\"", false, "enabled: expected true or false, found \"true\""},
        {"enabled", "\"1\"", true, "true"},
        {"enabled", "\"false\"", true, "false"},
        {"ratio", "2.6", false, "ratio: expected number 0 to 2.5, found 2.6000000000000001"},
        {"name", "\"12345678\"", false, "\"12345678\""},
        {"name", "\"123456789\"", false,
         "name: expected string of at most 8 bytes, found \"123456789\""},
        {"level", "\"warn\"", false, "\"warn\""},
        {"level", "\"loud\"", false, "level: expected one of \"info\", \"warn\", found \"loud\""},
        {"regions", "[\"eu\",\"us\"]", false, "[\"eu\",\"us\"]"},
        {"regions", "\"eu, us ,,\"", true, "[\"eu\",\"us\"]"},
        {"regions", "[]", false, "regions: expected list of 1 to 3 strings, found []"},
        {"regions", "[1]", false, "regions: expected list of 1 to 3 strings, found [1]"},
        {"regions", "\"eu\"", false, "regions: expected list of 1 to 3 strings, found \"eu\""},
        {"waitMs", "1001", false, "waitMs: expected int 0 to 1000 (ms), found 1001"},
        {"password", "\"hunter2\"", false,
         "password: expected string of at most 4 bytes, found something else (secret)"},
    };
    struct schema schema = parsed(all_types);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(checked(&schema, rows[i].key, rows[i].value, rows[i].lenient),
                            rows[i].wanted);
    schema_deinit(&schema);
}

static void test_long_values_are_cut(void **state) {
    (void)state;
    struct schema schema = parsed(all_types);
    char value[2003];
    memset(value, 'a', sizeof(value));
    value[0] = value[2001] = '"';
    value[2002] = '\0';
    const char *text = checked(&schema, "name", value, false);
    assert_true(strlen(text) < 140);
    assert_string_equal(text + strlen(text) - 3, "...");
    schema_deinit(&schema);
}

static void test_objects(void **state) {
    (void)state;
    struct schema schema = parsed(all_types);
    struct schema_error error;
    json_t *out = NULL;
    assert_int_equal(schema_check(&schema, NULL, &out, &error), MUSTER_OK);
    assert_int_equal(json_object_size(out), 8);
    assert_int_equal(json_integer_value(json_object_get(out, "port")), 7350);
    json_decref(out);

    json_t *values = json_pack("{s:i}", "port", 1);
    assert_int_equal(schema_check(&schema, values, &out, &error), MUSTER_OK);
    assert_int_equal(json_integer_value(json_object_get(out, "port")), 1);
    json_decref(out);
    json_object_set_new(values, "prot", json_integer(2));
    assert_int_equal(schema_check(&schema, values, &out, &error), MUSTER_INVALID);
    assert_null(out);
    assert_string_equal(error.text, "prot: unknown key; did you mean \"port\"?");
    json_decref(values);

    values = json_array();
    assert_int_equal(schema_check(&schema, values, &out, &error), MUSTER_INVALID);
    json_decref(values);
    schema_deinit(&schema);
}

static muster_status parse_status(const char *text, const char **why) {
    static struct schema_error error;
    struct schema schema;
    muster_status status = schema_parse(text, &schema, &error);
    *why = error.text;
    schema_deinit(&schema);
    return status;
}

static void test_bounds_of_schemas(void **state) {
    (void)state;
    static char text[300000];
    char key[80];
    const char *why;
    for (uint32_t count = 512; count <= 513; count++) {
        size_t used = 0;
        for (uint32_t i = 0; i < count; i++)
            used +=
                (size_t)sprintf(text + used, "%c{\"key\":\"k%u\",\"type\":\"int\",\"default\":1}",
                                i ? ',' : '[', i);
        strcpy(text + used, "]");
        assert_int_equal(parse_status(text, &why), count == 512 ? MUSTER_OK : MUSTER_INVALID);
    }
    assert_string_equal(why, "schema: more than 512 entries");
    for (size_t len = 64; len <= 65; len++) {
        memset(key, 'k', len);
        key[len] = '\0';
        sprintf(text, "[{\"key\":\"%s\",\"type\":\"int\",\"default\":1}]", key);
        assert_int_equal(parse_status(text, &why), len == 64 ? MUSTER_OK : MUSTER_INVALID);
    }
    memset(text, ' ', 262145);
    memcpy(text, "[]", 2);
    text[262144] = '\0';
    assert_int_equal(parse_status(text, &why), MUSTER_OK);
    text[262144] = ' ';
    text[262145] = '\0';
    assert_int_equal(parse_status(text, &why), MUSTER_INVALID);
}

/* What has no range of its own has one nevertheless. */
static void test_ranges_that_are_left_out(void **state) {
    (void)state;
    static char value[4100];
    struct schema schema =
        parsed("[{\"key\":\"n\",\"type\":\"int\",\"default\":0},"
               "{\"key\":\"d\",\"type\":\"duration\",\"unit\":\"s\",\"default\":0},"
               "{\"key\":\"s\",\"type\":\"string\",\"default\":\"\"},"
               "{\"key\":\"l\",\"type\":\"list\",\"default\":[]},"
               "{\"key\":\"w\",\"type\":\"int\",\"default\":0,\"max\":1e20}]");
    assert_string_equal(checked(&schema, "w", "\"9223372036854775807\"", true),
                        "9223372036854775807");
    assert_non_null(strstr(checked(&schema, "w", "\"9223372036854775808\"", true), "expected"));
    assert_string_equal(checked(&schema, "n", "9007199254740991", false), "9007199254740991");
    assert_non_null(strstr(checked(&schema, "n", "9007199254740992", false), "expected"));
    assert_string_equal(checked(&schema, "n", "-9007199254740991", false), "-9007199254740991");
    assert_string_equal(checked(&schema, "d", "2147483647", false), "2147483647");
    assert_non_null(strstr(checked(&schema, "d", "2147483648", false), "expected"));
    assert_non_null(strstr(checked(&schema, "d", "-1", false), "expected"));
    memset(value, 'x', sizeof value);
    value[0] = value[4098] = '"';
    value[4099] = '\0';
    assert_non_null(strstr(checked(&schema, "s", value, false), "at most 4096 bytes"));
    json_t *list = json_array();
    struct schema_error error;
    for (int i = 0; i < 65; i++) {
        json_t *good = NULL;
        json_array_append_new(list, json_string("x"));
        assert_int_equal(schema_check_value(schema_find(&schema, "l"), list, false, &good, &error),
                         i < 64 ? MUSTER_OK : MUSTER_INVALID);
        json_decref(good);
    }
    json_array_clear(list);
    for (size_t len = 1024; len < 1026; len++) {
        json_t *good = NULL;
        json_array_append_new(list, json_stringn(value + 1, len));
        assert_int_equal(schema_check_value(schema_find(&schema, "l"), list, false, &good, &error),
                         len == 1024 ? MUSTER_OK : MUSTER_INVALID);
        json_decref(good);
    }
    json_decref(list);
    schema_deinit(&schema);
}

static void test_another_default(void **state) {
    (void)state;
    struct schema schema = parsed(all_types);
    struct schema other = {0};
    struct schema_error error;
    assert_int_equal(schema_merge(&other, &schema, &error), MUSTER_OK);
    json_t *good = json_integer(5), *bad = json_integer(-5);
    assert_int_equal(schema_default_set(&schema, "port", good, &error), MUSTER_OK);
    assert_int_equal(schema_default_set(&schema, "port", bad, &error), MUSTER_INVALID);
    assert_int_equal(schema_default_set(&schema, "prot", good, &error), MUSTER_NOT_FOUND);
    assert_int_equal(json_integer_value(schema_find(&schema, "port")->fallback), 5);
    assert_int_equal(json_integer_value(schema_find(&other, "port")->fallback), 7350);
    assert_string_equal(schema_shared_key(&schema, &other), schema.entries[0].key);
    json_decref(good);
    json_decref(bad);
    schema_deinit(&other);
    assert_string_equal(schema_find(&schema, "port")->key, "port");
    schema_deinit(&schema);
}

static void test_merge(void **state) {
    (void)state;
    struct schema into = parsed("[{\"key\":\"a\",\"type\":\"int\",\"default\":1}]");
    struct schema from = parsed("[{\"key\":\"b\",\"type\":\"int\",\"default\":2}]");
    struct schema_error error;
    assert_int_equal(schema_merge(&into, &from, &error), MUSTER_OK);
    assert_int_equal(schema_merge(&into, &from, &error), MUSTER_EXISTS);
    assert_string_equal(error.key, "b");
    schema_deinit(&from);
    assert_int_equal(into.count, 2);
    assert_int_equal(json_integer_value(schema_find(&into, "b")->fallback), 2);
    schema_deinit(&into);
}

static void test_lengths(void **state) {
    (void)state;
    struct schema schema =
        parsed("[{\"key\":\"word\",\"type\":\"string\",\"default\":\"ab\",\"min\":2,\"max\":3},"
               "{\"key\":\"open\",\"type\":\"string\",\"default\":\"\",\"secret\":false}]");
    assert_string_equal(checked(&schema, "word", "\"a\"", false),
                        "word: expected string of 2 to 3 bytes, found \"a\"");
    assert_string_equal(checked(&schema, "word", "\"ab\"", false), "\"ab\"");
    assert_string_equal(checked(&schema, "word", "\"abc\"", false), "\"abc\"");
    assert_string_equal(checked(&schema, "word", "\"abcd\"", false),
                        "word: expected string of 2 to 3 bytes, found \"abcd\"");
    assert_false(schema_find(&schema, "open")->secret);
    schema_deinit(&schema);
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"port", "address", "maxPlayers", "region"};
    assert_string_equal(schema_nearest("prot", names, 4), "port");
    assert_string_equal(schema_nearest("maxplayers", names, 4), "maxPlayers");
    assert_string_equal(schema_nearest("adress", names, 4), "address");
    assert_string_equal(schema_nearest("regions", names, 4), "region");
    assert_null(schema_nearest("xyz", names, 4));
    char longest[66];
    const char *const one[] = {longest + 1};
    memset(longest, 'n', sizeof longest - 1);
    longest[65] = '\0';
    assert_string_equal(schema_nearest(longest + 1, one, 1), longest + 1); /* 64 letters */
    assert_null(schema_nearest(longest, one, 1));
    static const struct {
        const char *given, *wanted;
    } rows[] = {
        {"pot", "port"},
        {"pt", NULL},
        {"rt", NULL},
        {"poxt", "port"},
        {"pxxt", "port"},
        {"pxxx", NULL},
        {"maxPlrs", "maxPlayers"},
        {"maxPl", NULL},
        {"maxPlay", "maxPlayers"},
        {"opr", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *near = schema_nearest(rows[i].given, names, 4);
        if (!near != !rows[i].wanted || (near && strcmp(near, rows[i].wanted) != 0))
            fail_msg("%s: %s", rows[i].given, near ? near : "none");
    }
    static const char *const alike[] = {"teamA", "teamB", "team"};
    assert_string_equal(schema_nearest("teamC", alike, 3), "teamA"); /* the first of the nearest */
    assert_string_equal(schema_nearest("team", alike, 3), "team");
    assert_string_equal(schema_nearest("teamBB", alike, 3), "teamB");
    assert_null(schema_nearest("colour", names, 4));
    assert_null(schema_nearest("", names, 4));
    char huge[200];
    memset(huge, 'p', sizeof(huge));
    huge[199] = '\0';
    assert_null(schema_nearest(huge, names, 4));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_macros),
        cmocka_unit_test(test_bad_schemas),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_values_are_cut),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_bounds_of_schemas),
        cmocka_unit_test(test_ranges_that_are_left_out),
        cmocka_unit_test(test_another_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
