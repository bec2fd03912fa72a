/* Texts of JSON values are those that jansson makes. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "dump.h"

static void expect_the_same(json_t *value) {
    char *wanted = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t len;
    char *text = dump_json(value, &len);
    assert_non_null(wanted);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    assert_int_equal(len, strlen(wanted));
    memset(text, 'x', len + 1);
    assert_int_equal(dump_json_into(value, text, len), len);
    assert_memory_equal(text, wanted, len);
    assert_int_equal(text[len], 'x');
    assert_int_equal(dump_json_into(value, text, len - 1), 0);
    free(text);
    free(wanted);
    json_decref(value);
}

static void values(void **state) {
    (void)state;
    const json_int_t integers[] = {0, 7, -1, 10, INT64_MAX, INT64_MIN};
    const double reals[] = {0.0, -0.5, 1.0, 1e300, 5e-324, 0.1};
    expect_the_same(json_null());
    expect_the_same(json_true());
    expect_the_same(json_false());
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        expect_the_same(json_integer(integers[i]));
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) expect_the_same(json_real(reals[i]));
    size_t len = 1;
    assert_null(dump_json(NULL, &len));
    assert_int_equal(len, 0);
}

static void strings(void **state) {
    (void)state;
    char all[0x80];
    for (size_t i = 0; i < sizeof all; i++) all[i] = (char)i;
    expect_the_same(json_stringn(all, sizeof all));
    expect_the_same(json_string(""));
    expect_the_same(json_string("\"\\/ f\xc3\xbc"
                                "r \xe2\x82\xac \xf0\x9f\x8e\xae"));
}

static void objects_and_arrays(void **state) {
    (void)state;
    expect_the_same(json_object());
    expect_the_same(json_array());
    expect_the_same(json_pack("{s:[],s:{},s:[i,[s,n],{s:f,s:b}],s:s}", "z", "a", "list", 1, "two",
                              "real", 2.5, "yes", 1, "quoted \"key\"", "end"));
    json_t *large = json_array();
    for (int i = 0; i < 5000; i++)
        json_array_append_new(large, json_pack("{s:i,s:s}", "number", i, "text", "some text"));
    expect_the_same(large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(strings),
        cmocka_unit_test(objects_and_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
