/* muster/json.h, the reader: what is JSON and what is not, and what comes out of it. */
#include "test.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <muster/json.h>

#define TEXT(literal)                                                                              \
    { literal, sizeof(literal) - 1 }

struct text {
    const char *text;
    size_t len;
};

/* Of exactly as many bytes, so that a sanitizer sees each one too far. */
static bool is_json(struct text text) {
    char *copy = malloc(text.len ? text.len : 1);
    assert_non_null(copy);
    memcpy(copy, text.text, text.len);
    bool is_good = muster_json_parse(copy, text.len).len > 0;
    free(copy);
    return is_good;
}

static struct muster_json parsed(const char *text) {
    struct muster_json value = muster_json_parse(text, strlen(text));
    if (!value.len) fail_msg("no JSON: %s", text);
    return value;
}

static const struct text good[] = {
    /* alone, and with space around it */
    TEXT("null"),
    TEXT("true"),
    TEXT("false"),
    TEXT("\"\""),
    TEXT("42"),
    TEXT("-0.1"),
    TEXT("[]"),
    TEXT("{}"),
    TEXT(" \t\r\n[ \t\r\n] \t\r\n"),
    TEXT("{ \"a\" : 1 , \"b\" : [ ] }"),
    TEXT("\"asd\" "),
    TEXT("[]\n"),
    /* arrays and objects */
    TEXT("[1,null,true,\"a\",[],{}]"),
    TEXT("[[] ]"),
    TEXT("[[[[[[[[]]]]]]]]"),
    TEXT("{\"\":0}"),
    TEXT("{\"a\":{\"b\":{\"c\":[{}]}}}"),
    TEXT("{\"a\":1,\"a\":2}"),
    TEXT("{\"min\": -1.0e+28, \"max\": 1.0e+28}"),
    /* numbers */
    TEXT("0"),
    TEXT("-0"),
    TEXT("0e1"),
    TEXT("0e+1"),
    TEXT("0E-1"),
    TEXT("0.0"),
    TEXT("1e0"),
    TEXT("1E22"),
    TEXT("1E-2"),
    TEXT("20e1"),
    TEXT("123.456e78"),
    TEXT("-123"),
    TEXT("-0.000000000000000000000000000000000000000000000000000000000000000000000001"),
    TEXT("123456789012345678901234567890"),
    TEXT("1e9999"),
    /* strings */
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    TEXT("\"\\u0060\\u012a\\u12AB\""),
    TEXT("\"\\u0012\""),
    TEXT("\"\\\\u0000\""),
    TEXT("\"\\uD801\\udc37\""),
    TEXT("\"\\ud83d\\ude39\\ud83d\\udc8d\""),
    TEXT("\"\\uFFFF\\uFDD0\\uDBFF\\uDFFE\""),
    TEXT("\"\\u2028\\u00A0\""),
    TEXT("\"\x7f\""),
    TEXT("\"\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF\""),
    TEXT("\"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\""),
    TEXT("\"a/*b*/c\""),
};

static const struct text bad[] = {
    /* nothing, or more than one */
    TEXT(""),
    TEXT(" "),
    TEXT("1 2"),
    TEXT("[] []"),
    TEXT("{}}"),
    TEXT("[]]"),
    TEXT("[1]x"),
    TEXT("\0"),
    TEXT("[]\0"),
    TEXT("null\0"),
    TEXT("\xEF\xBB\xBF{}"),
    TEXT("\xEF\xBB\xBF"),
    /* words */
    TEXT("nul"),
    TEXT("tru"),
    TEXT("fals"),
    TEXT("True"),
    TEXT("nulll"),
    TEXT("truefalse"),
    TEXT("NaN"),
    TEXT("Infinity"),
    TEXT("undefined"),
    TEXT("a"),
    TEXT("*"),
    TEXT("\xE5"),
    TEXT("'a'"),
    TEXT("// c\n1"),
    TEXT("/**/1"),
    TEXT("[1 /* c */]"),
    TEXT("#1"),
    /* arrays */
    TEXT("["),
    TEXT("[1"),
    TEXT("[1,"),
    TEXT("[,"),
    TEXT("[,1]"),
    TEXT("[1,]"),
    TEXT("[1,,2]"),
    TEXT("[,]"),
    TEXT("[1 2]"),
    TEXT("[1:2]"),
    TEXT("[}"),
    TEXT("[1}"),
    TEXT("[\"a\""),
    TEXT("[\"\": 1]"),
    TEXT("[]["),
    TEXT("][[]"),
    TEXT("]"),
    TEXT("[[]"),
    TEXT("[\v1]"),
    TEXT("[\f]"),
    TEXT("[\xC2\xA0]"),
    TEXT("[1\0]"),
    /* objects */
    TEXT("{"),
    TEXT("}"),
    TEXT("{]"),
    TEXT("{\"a\""),
    TEXT("{\"a\":"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\":1"),
    TEXT("{\"a\":1,"),
    TEXT("{\"a\":1,}"),
    TEXT("{,\"a\":1}"),
    TEXT("{\"a\":1,,\"b\":2}"),
    TEXT("{\"a\" 1}"),
    TEXT("{\"a\",1}"),
    TEXT("{\"a\"::1}"),
    TEXT("{:1}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{1:1}"),
    TEXT("{null:1}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\":1]"),
    TEXT("{[]:1}"),
    TEXT("{\"a\":\"b\"}#"),
    TEXT("{\"a\":{\"b\":}}"),
    TEXT("{\"\\u0000\":1}"),
    /* numbers */
    TEXT("-"),
    TEXT("+1"),
    TEXT("--1"),
    TEXT("-a"),
    TEXT("01"),
    TEXT("-01"),
    TEXT("00"),
    TEXT("-012"),
    TEXT("1."),
    TEXT("-1."),
    TEXT(".1"),
    TEXT("-.1"),
    TEXT("1.e1"),
    TEXT("0.e1"),
    TEXT("1.2.3"),
    TEXT("1e"),
    TEXT("1e+"),
    TEXT("1e-"),
    TEXT("1.0e"),
    TEXT("1ee2"),
    TEXT("1e2.3"),
    TEXT("1+2"),
    TEXT("0x1"),
    TEXT("1a"),
    TEXT("1_0"),
    TEXT("- 1"),
    TEXT("1 000"),
    TEXT("-Infinity"),
    TEXT("-NaN"),
    TEXT("\xEF\xBC\x91"),
    /* strings */
    TEXT("\""),
    TEXT("\"a"),
    TEXT("\"a\"\""),
    TEXT("\"\\\""),
    TEXT("\"\\"),
    TEXT("\"\\a\""),
    TEXT("\"\\x41\""),
    TEXT("\"\\'\""),
    TEXT("\"\\U0041\""),
    TEXT("\"\\\0\""),
    TEXT("\"\\u\""),
    TEXT("\"\\u12\""),
    TEXT("\"\\u12"),
    TEXT("\"\\u00g0\""),
    TEXT("\"\\u 123\""),
    TEXT("\"\\u0000\""),
    TEXT("\"\0\""),
    TEXT("\"a\nb\""),
    TEXT("\"a\tb\""),
    TEXT("\"\x1f\""),
    TEXT("\"\\\n\""),
    /* surrogates */
    TEXT("\"\\uD800\""),
    TEXT("\"\\uD800a\""),
    TEXT("\"\\uD800\\n\""),
    TEXT("\"\\uD800\\u0041\""),
    TEXT("\"\\uD800\\uD800\""),
    TEXT("\"\\uD800\\uE000\""),
    TEXT("\"\\uD800\\u\""),
    TEXT("\"\\uD800\\u1"),
    TEXT("\"\\uD800\\"),
    TEXT("\"\\uD800"),
    TEXT("\"\\uDC00\""),
    TEXT("\"\\uDFFF\\uD800\""),
    /* no UTF-8 */
    TEXT("\"\x80\""),
    TEXT("\"\xC0\x80\""),
    TEXT("\"\xC1\xBF\""),
    TEXT("\"\xC2\""),
    TEXT("\"\xC2"),
    TEXT("\"\xE0\x9F\xBF\""),
    TEXT("\"\xE1\x80\""),
    TEXT("\"\xED\xA0\x80\""),
    TEXT("\"\xED\xBF\xBF\""),
    TEXT("\"\xF0\x8F\xBF\xBF\""),
    TEXT("\"\xF1\x80\x80\""),
    TEXT("\"\xF4\x90\x80\x80\""),
    TEXT("\"\xF5\x80\x80\x80\""),
    TEXT("\"\xFE\xFF\""),
    TEXT("\"a\xE5\""),
    TEXT("{\"\xB9\":1}"),
    TEXT("[\"a\",\n4\n,1,\xFF]"),
};

static void test_what_is_json(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!is_json(good[i])) fail_msg("refused: %s", good[i].text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_json(bad[i])) fail_msg("taken: row %zu, %s", i, bad[i].text);
    assert_int_equal(muster_json_parse(NULL, 3).len, 0);
}

/* However a document is cut off, what is left is none. */
static void test_cut_off(void **state) {
    static const char text[] =
        " {\"a\\u00e9\" : [ -1.5e+3 , true, {\"\xC3\xA9\" : \"\\ud83d\\ude39\"}, [ ], null ] }";
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++)
        if (is_json((struct text){text, len})) fail_msg("taken with %zu bytes", len);
    assert_true(is_json((struct text){text, sizeof text - 1}));
}

static bool nested_is_json(size_t depth, const char *open, const char *close) {
    static char text[100000];
    size_t len = 0, open_len = strlen(open), close_len = strlen(close);
    for (size_t i = 0; i < depth; i++, len += open_len) memcpy(text + len, open, open_len);
    for (size_t i = 0; i < depth; i++, len += close_len) memcpy(text + len, close, close_len);
    return is_json((struct text){text, len});
}

static void test_depth(void **state) {
    (void)state;
    assert_true(nested_is_json(MUSTER_JSON_DEPTH_MAX, "[", "]"));
    assert_true(nested_is_json(MUSTER_JSON_DEPTH_MAX / 2, "{\"a\":[", "]}"));
    assert_false(nested_is_json(MUSTER_JSON_DEPTH_MAX + 1, "[", "]"));
    assert_false(nested_is_json(MUSTER_JSON_DEPTH_MAX / 2 + 1, "[{\"a\":", "}]"));
    assert_false(nested_is_json(40000, "[", "]"));
    assert_false(nested_is_json(40000, "[", ""));
}

static void test_kinds(void **state) {
    static const struct {
        const char *text;
        uint32_t kind;
    } rows[] = {
        {"null", MUSTER_JSON_NULL},     {"true", MUSTER_JSON_BOOL},   {" false ", MUSTER_JSON_BOOL},
        {" -1", MUSTER_JSON_NUMBER},    {"0.5", MUSTER_JSON_NUMBER},  {"\"a\"", MUSTER_JSON_TEXT},
        {"\n[ ]\n", MUSTER_JSON_ARRAY}, {" {} ", MUSTER_JSON_OBJECT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(muster_json_kind(parsed(rows[i].text)), rows[i].kind);
    assert_int_equal(muster_json_kind((struct muster_json){0}), MUSTER_JSON_NONE);
}

static void test_members(void **state) {
    struct muster_json object =
        parsed("{\"a\":1,\"b\":{\"c\":[2]},\"a\":3,\"\\u0064\":4,\"\":5,\"caf\xC3\xA9\":6}");
    int64_t number = 0;
    (void)state;
    assert_true(muster_json_get_int(muster_json_find(object, "a"), &number)); /* the first */
    assert_int_equal(number, 1);
    assert_true(muster_json_get_int(muster_json_find(object, "d"), &number)); /* escaped */
    assert_int_equal(number, 4);
    assert_true(muster_json_get_int(muster_json_find(object, ""), &number));
    assert_int_equal(number, 5);
    assert_true(muster_json_get_int(muster_json_find(object, "caf\xC3\xA9"), &number));
    assert_int_equal(number, 6);
    struct muster_json list = muster_json_find(muster_json_find(object, "b"), "c");
    assert_int_equal(list.len, 3);
    assert_memory_equal(list.text, "[2]", 3); /* as it stands there */
    assert_int_equal(muster_json_find(object, "A").len, 0);
    assert_int_equal(muster_json_find(object, "c").len, 0); /* of another */
    assert_int_equal(muster_json_find(list, "a").len, 0);
    assert_int_equal(muster_json_find(muster_json_find(object, "x"), "a").len, 0);
}

static void test_walks(void **state) {
    char told[64] = "";
    size_t len = 0;
    (void)state;
    struct muster_json list = parsed(" [ 1 , [2,3] ,{\"a\":[]}, \"x,]\" ] ");
    for (struct muster_json_walk walk = muster_json_walk_make(list); muster_json_next(&walk);)
        len += (size_t)snprintf(told + len, sizeof told - len, "%.*s;", (int)walk.value.len,
                                walk.value.text);
    assert_string_equal(told, "1;[2,3];{\"a\":[]};\"x,]\";");
    len = 0;
    struct muster_json object = parsed("{\"a\":1, \"b\" : {\"c\":2} ,\"a\":\"}\"}");
    for (struct muster_json_walk walk = muster_json_walk_make(object); muster_json_next(&walk);)
        len += (size_t)snprintf(told + len, sizeof told - len, "%.*s=%.*s;", (int)walk.key.len,
                                walk.key.text, (int)walk.value.len, walk.value.text);
    assert_string_equal(told, "\"a\"=1;\"b\"={\"c\":2};\"a\"=\"}\";");
}

static void test_walks_of_nothing(void **state) {
    static const char *const rows[] = {"[]", "{ }", "1", "\"[1]\"", "null"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct muster_json_walk walk = muster_json_walk_make(parsed(rows[i]));
        assert_false(muster_json_next(&walk));
        assert_false(muster_json_next(&walk));
    }
    struct muster_json_walk none = muster_json_walk_make((struct muster_json){0});
    assert_false(muster_json_next(&none));
}

static void test_texts(void **state) {
    static const struct {
        const char *json;
        const char *text;
    } rows[] = {
        {"\"\"", ""},
        {"\"abc\"", "abc"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC"},
        {"\"\\ud83d\\uDE39\"", "\xF0\x9F\x98\xB9"},
        {"\"\\uDBFF\\uDFFF\"", "\xF4\x8F\xBF\xBF"},
        {"\"\\u0001\x7f\"", "\x01\x7f"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct muster_json value = parsed(rows[i].json);
        size_t len = strlen(rows[i].text);
        char out[32];
        assert_true(muster_json_get_text(value, out, len + 1));
        assert_string_equal(out, rows[i].text);
        assert_true(muster_json_text_is(value, rows[i].text));
        assert_false(muster_json_text_is(value, "abcd"));
        for (size_t cap = 1; cap <= len; cap++) {
            memset(out, 'x', sizeof out);
            assert_false(muster_json_get_text(value, out, cap));
            assert_int_equal(out[0], '\0');
            assert_int_equal(out[cap], 'x');
        }
        assert_false(muster_json_get_text(value, out, 0));
    }
    char out[8] = "x";
    assert_false(muster_json_get_text(parsed("1"), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(muster_json_text_is(parsed("null"), "null"));
    assert_false(muster_json_text_is(parsed("\"ab\""), "a"));
    assert_false(muster_json_text_is(parsed("\"a\""), "ab"));
}

static void test_integers(void **state) {
    static const struct {
        const char *json;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-12", -12},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const none[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "1.0",
        "1e3",
        "\"1\"",
        "true",
        "[1]",
    };
    int64_t value = 77;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (muster_json_get_int(parsed(none[i]), &value)) fail_msg("taken: %s", none[i]);
    assert_false(muster_json_get_int((struct muster_json){0}, &value));
    assert_int_equal(value, 77);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(muster_json_get_int(parsed(rows[i].json), &value));
        assert_true(value == rows[i].value);
    }
}

static void test_numbers(void **state) {
    static const struct {
        const char *json;
        double value;
    } rows[] = {
        {"0", 0},
        {"-0", -0.0},
        {"1.5", 1.5},
        {"-2.5E-1", -0.25},
        {"1e3", 1000},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"1.7976931348623157e308", DBL_MAX},
        {"4.9406564584124654e-324", 4.9406564584124654e-324},
        {"1e-999", 0},
        {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
    };
    static const char *const none[] = {"1e309", "-1e999", "\"1\"", "null", "{}"};
    double value = 77;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (muster_json_get_number(parsed(none[i]), &value)) fail_msg("taken: %s", none[i]);
    char longest[MUSTER_JSON_NUMBER_MAX + 2];
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(muster_json_get_number(parsed(longest), &value));
    assert_true(value == 77);
    longest[sizeof longest - 2] = '\0';
    assert_true(muster_json_get_number(parsed(longest), &value));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(muster_json_get_number(parsed(rows[i].json), &value));
        assert_true(value == rows[i].value && signbit(value) == signbit(rows[i].value));
    }
}

static void test_bools(void **state) {
    bool value = true;
    (void)state;
    assert_true(muster_json_get_bool(parsed("false"), &value));
    assert_false(value);
    assert_true(muster_json_get_bool(parsed("true"), &value));
    assert_true(value);
    assert_false(muster_json_get_bool(parsed("0"), &value));
    assert_false(muster_json_get_bool(parsed("\"false\""), &value));
    assert_false(muster_json_get_bool((struct muster_json){0}, &value));
    assert_true(value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_json),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_walks_of_nothing),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
