/* Words of command lines, signatures, and answers that are full. */
#include "test.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

/* All words of a line, each in brackets, then "!" when it was not read to its end. */
static const char *words_of(const char *line) {
    static char all[256];
    char word[16];
    all[0] = '\0';
    while (text_word(&line, word, sizeof word)) {
        strcat(all, "[");
        strcat(all, word);
        strcat(all, "]");
    }
    if (line[strspn(line, " \t")]) strcat(all, "!");
    return all;
}

static void test_words(void **state) {
    (void)state;
    assert_string_equal(words_of(""), "");
    assert_string_equal(words_of("  a  --b\tc "), "[a][--b][c]");
    assert_string_equal(words_of("a \"two words\" \"\""), "[a][two words][]");
    assert_string_equal(words_of("x\"y z\"w"), "[xy zw]");
    assert_string_equal(words_of("\"a\\\"b\\\\c\""), "[a\"b\\c]");
    assert_string_equal(words_of("a \"open"), "[a]");
    assert_string_equal(words_of("123456789012345"), "[123456789012345]");
    assert_string_equal(words_of("a 1234567890123456"), "[a]!");
}

static const char *parts_of(const char *signature) {
    static char all[512];
    struct part part;
    size_t used = 0;
    all[0] = '\0';
    while (text_part(&signature, &part))
        used += (size_t)snprintf(all + used, sizeof all - used, "%.*s%s=%.*s;", part.name_len,
                                 part.name, part.optional ? "?" : "", part.type_len, part.type);
    return all;
}

static void test_parts(void **state) {
    (void)state;
    assert_string_equal(parts_of(""), "");
    assert_string_equal(parts_of("a: T, b?: U?"), "a=T;b?=U?;");
    assert_string_equal(parts_of("o: {x: integer, y?: fun(a: A, b: B): C}, z: D[]"),
                        "o={x: integer, y?: fun(a: A, b: B): C};z=D[];");
    assert_string_equal(parts_of("t: table<string, integer>, u: table<A, fun(b: B)>[], v: V"),
                        "t=table<string, integer>;u=table<A, fun(b: B)>[];v=V;");
    assert_string_equal(parts_of("f: fun(): string, ...: any"), "f=fun(): string;...=any;");
    assert_string_equal(parts_of("a: A, b: (B|C)[]): string?, string?"), "a=A;b=(B|C)[];");
}

static void test_types(void **state) {
    const char *at = "Client?, fun(a: A, b: B): C, {x: Y}";
    struct part part;
    (void)state;
    static const char *const expected[] = {"Client?", "fun(a: A, b: B): C", "{x: Y}"};
    for (int i = 0; i < 3; i++) {
        assert_true(text_type(&at, &part));
        assert_int_equal(part.type_len, strlen(expected[i]));
        assert_memory_equal(part.type, expected[i], strlen(expected[i]));
    }
    assert_false(text_type(&at, &part));
}

static void test_full_answers(void **state) {
    char bytes[8];
    struct muster_writer out = muster_writer_make(bytes, sizeof bytes);
    (void)state;
    text_put(&out, "%s", "abc");
    text_put(&out, "%d", 12345678);
    assert_int_equal(out.len, 3);
    assert_true(out.overflow);
    assert_memory_equal(bytes, "abc", 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_full_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
