/* Copies of plain values: round trips, refusals, hostile bytes and texts. */
#include "test.h"

#include "harness.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 4096 };

static unsigned char buffer[BUFFER_BYTES];
static size_t buffer_len, buffer_size = BUFFER_BYTES;

static int lua_encode(lua_State *L) {
    buffer_len = value_encode(L, 1, buffer, buffer_size);
    return 0;
}

static int lua_decode(lua_State *L) {
    value_decode(L, buffer, buffer_len);
    return 1;
}

static int lua_to_json(lua_State *L) {
    char text[BUFFER_BYTES];
    size_t len = value_to_json(L, 1, text, buffer_size);
    lua_pushlstring(L, text, len);
    return 1;
}

static int lua_from_json(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    value_from_json(L, text, len);
    return 1;
}

static int bind(lua_State *L) {
    static const luaL_Reg functions[] = {{"encode", lua_encode},
                                         {"decode", lua_decode},
                                         {"to_json", lua_to_json},
                                         {"from_json", lua_from_json},
                                         {NULL, NULL}};
    lua_pushglobaltable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushstring(L, f->name);
        lua_pushcfunction(L, f->func);
        lua_rawset(L, -3);
    }
    lua_pushliteral(L, "null");
    value_push_null(L);
    lua_rawset(L, -3);
    return 0;
}

static struct sandbox *make_bound(void) {
    struct sandbox *sb = make_sandbox(NULL, NULL);
    assert_int_equal(sandbox_enter(sb, bind, NULL), MUSTER_OK);
    buffer_size = BUFFER_BYTES;
    return sb;
}

static void expect(struct sandbox *sb, const char *text, const char *answer) {
    assert_string_equal(eval_text(sb, text), answer);
}

static void refused(struct sandbox *sb, const char *text, const char *part) {
    const char *answer = eval_text(sb, text);
    if (strncmp(answer, "error: ", 7) != 0 || !strstr(answer, part))
        fail_msg("%s: %s", text, answer);
}

static const char show[] =
    "local function show(v) if type(v) ~= 'table' then return (math.type(v) or '') .. tostring(v) "
    "end local t = {} for k, x in pairs(v) do t[#t + 1] = show(k) .. '=' .. show(x) end return '{' "
    ".. table.concat(t, ' ') .. '}' end ";

static void round_trip(struct sandbox *sb, const char *value, const char *shown) {
    char text[2048];
    snprintf(text, sizeof text, "%sencode(%s) return show(decode())", show, value);
    expect(sb, text, shown);
}

static void test_round_trips(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    round_trip(sb, "nil", "nil");
    round_trip(sb, "true", "true");
    round_trip(sb, "math.mininteger", "integer-9223372036854775808");
    round_trip(sb, "-0.0", "float-0.0");
    round_trip(sb, "1e308", "float1e+308");
    round_trip(sb, "'a\\0\\xff'..''", "a");
    round_trip(sb, "{3, 'x', {y = {}}, [10] = 1, [2.5] = 2, [true] = 3, [-1] = 4}",
               "{integer-1=integer4 integer1=integer3 integer2=x integer3={y={}} "
               "integer10=integer1 float2.5=integer2 true=integer3}");
    expect(sb, "encode(null) return tostring(decode() == null)", "true");
    sandbox_destroy(sb);
}

/* A mode that has its bodies in a list and by seat moves the same ones after a restart. */
static void test_a_table_in_two_places_is_one(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    expect(sb,
           "local a, b = {1}, {2} encode{list = {a, b}, seats = {[7] = b, [9] = a}, last = b} "
           "local t = decode() t.seats[7][1] = 'moved' "
           "return t.list[1] == t.seats[9] and t.last == t.seats[7] and t.list[2][1]",
           "moved");
    expect(sb,
           "local t = {} for i = 1, 31 do t = {t, t} end encode(t) t = decode() "
           "local n = 0 while t[1] do assert(t[1] == t[2]) t = t[1] n = n + 1 end return n",
           "31");
    expect(sb, "encode{{}, {}} local t = decode() return tostring(t[1] == t[2])", "false");
    expect(sb, "local t = {} encode{t, t} return to_json(decode())", "[{},{}]");
    sandbox_destroy(sb);
}

static void test_equal_values_give_equal_bytes(void **state) {
    unsigned char first[BUFFER_BYTES];
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct sandbox *sb = make_bound();
        expect(sb,
               i % 2 ? "local t = {} for i = 40, 1, -1 do t['k' .. i] = i end encode(t) return 1"
                     : "local t = {} for i = 1, 40 do t['k' .. i] = i end encode(t) return 1",
               "1");
        if (i > 0) {
            assert_int_equal(buffer_len, len);
            assert_memory_equal(buffer, first, len);
        }
        len = buffer_len;
        memcpy(first, buffer, len);
        sandbox_destroy(sb);
    }
}

static void test_refusals(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    refused(sb, "encode(print)", "a function cannot be copied");
    refused(sb, "encode({setmetatable({a = 1}, {__index = error, __pairs = error})})",
            "a table with a metatable cannot be copied");
    refused(sb, "encode({coroutine.create(print)})", "a thread cannot be copied");
    refused(sb, "encode(0/0)", "not finite");
    refused(sb, "encode({x = {math.huge}})", "not finite");
    refused(sb, "local t = {} t.t = t encode(t)", "in a cycle");
    refused(sb, "local t = {} for i = 1, 40 do t = {t} end encode(t)", "nested over 32");
    refused(sb, "encode({[{}] = 1})", "keys are objects");
    refused(sb, "encode({[print] = 1})", "keys are objects");
    refused(sb, "encode(('x'):rep(5000))", "over 4096 bytes");
    refused(sb, "local a = {} local b = {a = a} a.b = {b} encode({x = b})", "in a cycle");
    expect(sb, "local t = {} for i = 1, 31 do t = {t} end encode(t) return 1", "1");
    sandbox_destroy(sb);
}

/* Cut and changed bytes raise, or give some value; nothing else. */
static void test_hostile_bytes(void **state) {
    unsigned char good[BUFFER_BYTES];
    struct sandbox *sb = make_bound();
    uint32_t x = 1;
    (void)state;
    expect(sb, "encode({1, 'two', {3.5, [true] = 'x'}, k = null}) return 1", "1");
    size_t len = buffer_len;
    memcpy(good, buffer, len);
    for (size_t cut = 0; cut < len; cut++) {
        buffer_len = cut;
        refused(sb, "decode()", "copied value is cut short");
    }
    for (int i = 0; i < 20000; i++) {
        memcpy(buffer, good, len);
        buffer_len = len;
        for (int n = 0; n < 3; n++) {
            x = x * 1664525 + 1013904223;
            buffer[(x >> 8) % len] = (unsigned char)(x >> 24);
        }
        if (run_text(sb, "decode()") != MUSTER_OK)
            assert_int_equal(sandbox_killed(sb), SANDBOX_ALIVE);
    }
    buffer_len = 1;
    buffer[0] = 99;
    refused(sb, "decode()", "unknown form");
    memcpy(buffer, good, len);
    buffer_len = len + 1;
    refused(sb, "decode()", "left over");
    sandbox_destroy(sb);
}

static void test_json_writing(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    expect(sb, "return to_json({b = 1, a = {1, 2.0, 'x', true, null}, c = {}})",
           "{\"a\":[1,2.0,\"x\",true,null],\"b\":1,\"c\":{}}");
    expect(sb, "return to_json('\\\"\\\\\\n\\0\\u{20ac}')", "\"\\\"\\\\\\n\\u0000\xe2\x82\xac\"");
    expect(sb, "return to_json({0.1, 1/3, 1e300, -0.0})", "[0.1,0.3333333333333333,1e+300,-0.0]");
    refused(sb, "to_json('\\xff')", "not UTF-8");
    refused(sb, "to_json({1, x = 2})", "keys other than");
    refused(sb, "to_json({[3] = 2})", "keys other than");
    refused(sb, "to_json(0/0)", "not finite");
    refused(sb, "to_json(print)", "no JSON form");
    refused(sb, "local t = {} t.t = t to_json(t)", "in a cycle");
    refused(sb, "to_json(('x'):rep(5000))", "over 4096 bytes");
    sandbox_destroy(sb);
}

static void test_json_reading(void **state) {
    static const char *const bad[] = {
        "",      "{",        "[1,]",     "{\"a\"}",     "{\"a\":1,}",  "01",    "1.",      "+1",
        "nul",   "\"a",      "\"\\x\"",  "\"\\ud800\"", "\"\\udc00\"", "1e999", "[1] x",   "'a'",
        "{a:1}", "\"\x01\"", "\"\xff\"", "-",           "[1 2]",       "NaN",   "\"\\u12", "\"a\\"};
    struct sandbox *sb = make_bound();
    char text[4096];
    (void)state;
    snprintf(text, sizeof text,
             "%sreturn show(from_json(' {\"a\" : [1, 2.5, -3e2, \"\\\\u00e9\\\\ud83d\\\\ude00\"], "
             "\"b\": {\"c\": false}} '))",
             show);
    expect(sb, text,
           "{a={integer1=integer1 integer2=float2.5 integer3=float-300.0 "
           "integer4=\xc3\xa9\xf0\x9f\x98\x80} b={c=false}}");
    expect(sb, "return from_json('9223372036854775807')", "9223372036854775807");
    expect(sb, "return tostring(from_json('null') == null)", "true");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "from_json([==[%s]==])", bad[i]);
        refused(sb, text, "JSON: ");
    }
    refused(sb, "from_json(('['):rep(100))", "nested too deeply");
    expect(sb, "return #from_json('[' .. ('1,'):rep(999) .. '1]')", "1000");
    sandbox_destroy(sb);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void decode_bytes(const unsigned char *bytes, size_t len) {
    memcpy(buffer, bytes, len);
    buffer_len = len;
}

/* What no encoder writes is refused, as it may come from a damaged file. */
static void test_bytes_that_stand_for_no_value(void **state) {
    static const unsigned char infinite[] = {4, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f};
    static const unsigned char no_number[] = {4, 1, 0, 0, 0, 0, 0, 0xf8, 0xff};
    static const unsigned char largest[] = {4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0x7f};
    static const unsigned char keys[][12] = {
        {6, 1, 0, 0, 0, 0, 1}, {6, 1, 0, 0, 0, 7, 1}, {6, 1, 0, 0, 0, 6, 0, 0, 0, 0, 1}};
    static const size_t lengths[] = {7, 7, 11};
    /* alone; in itself; a place where no table begins */
    static const unsigned char again[][12] = {
        {9, 0, 0, 0, 0}, {8, 1, 0, 0, 0, 2, 9, 0, 0, 0, 0}, {8, 1, 0, 0, 0, 2, 9, 5, 0, 0, 0}};
    struct sandbox *sb = make_bound();
    (void)state;
    decode_bytes(infinite, sizeof infinite);
    refused(sb, "decode()", "a number that is not finite");
    decode_bytes(no_number, sizeof no_number);
    refused(sb, "decode()", "a number that is not finite");
    decode_bytes(largest, sizeof largest);
    expect(sb, "return decode() == 0x1.fffffffffffffp1023", "true");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        decode_bytes(keys[i], lengths[i]);
        refused(sb, "decode()", "a key that is not plain");
    }
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        decode_bytes(again[i], sizeof again[i]);
        refused(sb, "decode()", "again that it has not had");
    }
    sandbox_destroy(sb);
}

/* {[true] = {[true] = ... nil}} */
static void decode_nested(size_t depth) {
    static const unsigned char table[] = {6, 1, 0, 0, 0, 2};
    for (size_t i = 0; i < depth; i++) memcpy(buffer + i * sizeof table, table, sizeof table);
    buffer_len = depth * sizeof table + 1;
    buffer[buffer_len - 1] = 0;
}

static void test_depth(void **state) {
    static const char nested[] = "local function nest(n) local t = {} for i = 2, n do t = {t} end "
                                 "return t end local function list(n) return ('['):rep(n) .. "
                                 "(']'):rep(n) end return %s";
    static const struct {
        const char *call, *answer;
    } calls[] = {{"encode(nest(32))", "nil"},
                 {"encode(nest(33))", "nested over 32 deep"},
                 {"to_json(nest(32)) == list(31):gsub('%[%]', '[{}]')", "true"},
                 {"to_json(nest(33))", "nested over 32 deep"},
                 {"#from_json(list(32))", "1"},
                 {"from_json(list(33))", "nested too deeply"},
                 {"from_json(('{\"a\":'):rep(32) .. 1 .. ('}'):rep(32)) ~= nil", "true"},
                 {"from_json(('{\"a\":'):rep(33) .. 1 .. ('}'):rep(33))", "nested too deeply"}};
    struct sandbox *sb = make_bound();
    char text[1024];
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, nested, calls[i].call);
#pragma GCC diagnostic pop
        if (!strstr(eval_text(sb, text), calls[i].answer))
            fail_msg("%s: %s", calls[i].call, eval_text(sb, text));
    }
    decode_nested(32);
    expect(sb, "return type(decode())", "table");
    decode_nested(33);
    refused(sb, "decode()", "nested too deeply");
    sandbox_destroy(sb);
}

static void test_sizes(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    expect(sb, "encode(('x'):rep(4091)) return #decode()", "4091");
    refused(sb, "encode(('x'):rep(4092))", "value over 4096 bytes");
    expect(sb, "return #to_json(('x'):rep(4094))", "4096");
    refused(sb, "to_json(('x'):rep(4095))", "value over 4096 bytes");
    expect(sb, "return from_json('1.' .. ('0'):rep(61))", "1.0");
    refused(sb, "from_json('1.' .. ('0'):rep(62))", "number too long");
    sandbox_destroy(sb);
}

static void test_json_escapes_and_numbers(void **state) {
    static const char *const bad[] = {"\"\\ud83d\\u0041\"",
                                      "\"\\ud83dx\"",
                                      "\"\\ud83d\\n\"",
                                      "\"\\ud83d\\ud83d\"",
                                      "\"\\ud83d\\ue000\"",
                                      "\"\\u00g0\"",
                                      "\"\\u00e\"",
                                      "{\"a\":1 \"b\":2}",
                                      "{1:2}",
                                      "[1}",
                                      "-1e400",
                                      "1e",
                                      "--1",
                                      "true1",
                                      "\"\x1f\"",
                                      "{\"a\" 1}"};
    struct sandbox *sb = make_bound();
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "from_json([==[%s]==])", bad[i]);
        refused(sb, text, "JSON: ");
    }
    expect(sb, "return from_json([[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]]) == '\"\\\\/\\b\\f\\n\\r\\t'",
           "true");
    expect(
        sb,
        "return from_json([[\"\\uD7FF\\ue000\\ud800\\udc00\\udbff\\udfff\\u007f\\u0080\\u07ff"
        "\\u0800\"]]) == '\\u{d7ff}\\u{e000}\\u{10000}\\u{10ffff}\\u{7f}\\u{80}\\u{7ff}\\u{800}'",
        "true");
    expect(sb, "return to_json('\\b\\f\\r\\t\\31\\127 /')", "\"\\b\\f\\r\\t\\u001f\\u007f /\"");
    expect(sb, "return to_json({2^53, 1e15, 100.0, -5, false, {{}}})",
           "[9007199254740992.0,1e+15,100.0,-5,false,[{}]]");
    expect(sb, "return to_json(nil)", "null");
    expect(sb, "return table.concat(from_json('[-0, 0.5e+3,\\t-1E-2 ,\\r\\n10]'), ' ')",
           "0 500.0 -0.01 10");
    sandbox_destroy(sb);
}

static void test_json_round_trips(void **state) {
    struct sandbox *sb = make_bound();
    (void)state;
    expect(sb,
           "for i = 1, 2000 do\n"
           "  local n = (math.random() - 0.5) * 10.0 ^ math.random(-300, 300)\n"
           "  assert(from_json(to_json(n)) == n)\n"
           "  local k = math.random(0)\n"
           "  assert(from_json(to_json(k)) == k)\n"
           "end return 1",
           "1");
    sandbox_destroy(sb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_a_table_in_two_places_is_one),
        cmocka_unit_test(test_equal_values_give_equal_bytes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_json_writing),
        cmocka_unit_test(test_json_reading),
        cmocka_unit_test(test_json_round_trips),
        cmocka_unit_test(test_bytes_that_stand_for_no_value),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_json_escapes_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
