/* The rule for names and lines, over the table of tests/data/texts.json: every row is a name or
 * line and what becomes of it. The same table is tried on the way in by
 * tests/server/names.test.mjs.
 */
#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static json_t *table;

static const char *cell(const json_t *row, size_t index) {
    return json_string_value(json_array_get(row, index));
}

static json_t *rows_of(const char *name, size_t at_least) {
    json_t *rows = json_object_get(table, name);
    assert_true(json_array_size(rows) >= at_least);
    return rows;
}

static int load(void **state) {
    (void)state;
    table = json_load_file(DATA_DIR "/texts.json", JSON_REJECT_DUPLICATES, NULL);
    return table && text_init() == MUSTER_OK ? 0 : -1;
}

static int unload(void **state) {
    (void)state;
    json_decref(table);
    text_deinit();
    return 0;
}

static void names_are_kept_as_the_table_says(void **state) {
    (void)state;
    size_t i;
    json_t *row;
    json_array_foreach(rows_of("names", 50), i, row) {
        char out[TEXT_NAME_MAX] = "", again[TEXT_NAME_MAX] = "", why[128] = "";
        if (!text_name(cell(row, 1), out, why, sizeof why)) fail_msg("%s: %s", cell(row, 0), why);
        assert_string_equal(out, cell(row, 2));
        assert_true(text_name(out, again, why, sizeof why));
        assert_string_equal(again, out);
        assert_true(text_name_mend(cell(row, 1), again));
        assert_string_equal(again, out);
    }
}

static void what_is_no_name_is_refused_and_mended(void **state) {
    (void)state;
    size_t i;
    json_t *row;
    json_array_foreach(rows_of("noNames", 60), i, row) {
        char out[TEXT_NAME_MAX] = "kept", mended[TEXT_NAME_MAX], why[128] = "";
        if (text_name(cell(row, 1), out, why, sizeof why)) fail_msg("%s is taken", cell(row, 0));
        assert_string_equal(out, "kept");
        assert_non_null(strstr(why, "expected"));
        if (text_name_mend(cell(row, 1), mended))
            assert_true(text_name(mended, out, why, sizeof why));
    }
}

static void broken_utf8_is_no_name(void **state) {
    (void)state;
    static const char *const broken[] = {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80",
                                         "\xf4\x90\x80\x80"};
    char out[TEXT_NAME_MAX], why[128];
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(text_name(broken[i], out, why, sizeof why));
    assert_true(text_name_mend("Bo\xff"
                               "b\xc3",
                               out));
    assert_string_equal(out, "Bob");
}

static void mending_keeps_whole_characters(void **state) {
    (void)state;
    char out[TEXT_NAME_MAX], text[800] = "";
    assert_true(text_name_mend("  B\x1b[0mo\xe2\x80\xae"
                               "b ",
                               out));
    assert_string_equal(out, "B[0mob");
    for (int i = 0; i < 40; i++) strcat(text, "\xe2\x82\xac"); /* euro signs: 21 fit */
    assert_true(text_name_mend(text, out));
    assert_int_equal(strlen(out), 63);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_true(text_name_mend(text, out));
    assert_int_equal(strlen(out), TEXT_NAME_CHARACTERS_MAX);
    assert_false(text_name_mend("\xe3\x85\xa4\xe2\xa0\x80", out));
}

static void lines_are_mended_as_the_table_says(void **state) {
    (void)state;
    size_t i;
    json_t *row;
    json_array_foreach(rows_of("lines", 35), i, row) {
        char line[256];
        snprintf(line, sizeof line, "%s", cell(row, 0));
        bool seen = text_line_mend(line);
        assert_int_equal(seen, cell(row, 1) != NULL);
        if (seen) assert_string_equal(line, cell(row, 1));
        text_line_mend(line);
        if (seen) assert_string_equal(line, cell(row, 1));
    }
}

static void broken_utf8_goes_out_of_lines(void **state) {
    (void)state;
    char line[] = "a\xff"
                  "b\xc3";
    assert_true(text_line_mend(line));
    assert_string_equal(line, "ab");
}

static void what_looks_alike_is_alike(void **state) {
    (void)state;
    size_t i;
    json_t *row;
    json_array_foreach(rows_of("alike", 20), i,
                       row) if (!text_alike(text_look(cell(row, 0)), text_look(cell(row, 1))))
        fail_msg("\"%s\" and \"%s\" are told apart", cell(row, 0), cell(row, 1));
    json_array_foreach(rows_of("apart", 8), i,
                       row) if (text_alike(text_look(cell(row, 0)), text_look(cell(row, 1))))
        fail_msg("\"%s\" is taken for \"%s\"", cell(row, 0), cell(row, 1));
}

static void a_disguised_name_passes_for_the_plain_one(void **state) {
    (void)state;
    static const struct {
        const char *name, *other;
        bool passes;
    } cases[] = {
        {"[ S.e.r.v.e.r ]", "server", true},
        {"Adm|n", "admin", true},
        {"[Adm|n]", "admin", true},
        {"Adm!n", "admin", true},
        {"$erver", "server", true},
        {"<5erver>", "server", true},
        {"4dm1n", "admin", true},
        {"@dmin", "admin", true},
        {"\u1D00\u1D05\u1D0D\u026A\u0274", "admin", true},        /* small capitals */
        {"\uA731\u1D07\u0280\u1D20\u1D07\u0280", "server", true}, /* the same */
        {"\U0001F170dmin", "admin", true},
        {"\U0001F1E6\U0001F1E9\U0001F1F2\U0001F1EE\U0001F1F3", "admin", true}, /* flags */
        {"Admin\u20DD", "admin", true},
        {"b.0.$.s", "Boss", true},
        {"server2", "server", false},
        {"Admiral", "admin", false},
        {"Serverin", "server", false},
        {"...", "---", false},
        {"!!!", "$$$", false},
        {"5", "server", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text_guises guises = text_guises(cases[i].name);
        if (text_passes_for(&guises, cases[i].other) != cases[i].passes)
            fail_msg("\"%s\" and \"%s\"", cases[i].name, cases[i].other);
    }
}

static void broken_bytes_go_and_all_else_stays(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"a\nb\tc", "a\nb\tc"},
        {"\xC3", ""},
        {"found \"\u00E9\xC3\", sorry", "found \"\u00E9\", sorry"},
        {"\xE2\x82x\xFFy", "xy"},
        {"\U0001F600", "\U0001F600"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i][0]);
        text_bytes_mend(text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void a_cut_end_is_mended(void **state) {
    (void)state;
    static const struct {
        const char *given, *wanted;
    } cases[] = {
        {"", ""},
        {"ann", "ann"},
        {"M\xC3\xBCller", "M\xC3\xBCller"},
        {"M\xC3", "M"},
        {"\xE2\x82", ""},
        {"x\xE2\x82", "x"},
        {"x\xF0\x9F\x98", "x"},
        {"\xE2\x82\xAC", "\xE2\x82\xAC"},
    };
    static const char *const broken[] = {"\xFF\xFF", "a\xFF-", "\xC3(", "\xED\xA0\x80x"};
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "%s", cases[i].given);
        if (!text_end_mend(text)) fail_msg("case %zu", i);
        assert_string_equal(text, cases[i].wanted);
    }
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        snprintf(text, sizeof text, "%s", broken[i]);
        assert_false(text_end_mend(text));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_kept_as_the_table_says),
        cmocka_unit_test(what_is_no_name_is_refused_and_mended),
        cmocka_unit_test(broken_utf8_is_no_name),
        cmocka_unit_test(mending_keeps_whole_characters),
        cmocka_unit_test(lines_are_mended_as_the_table_says),
        cmocka_unit_test(broken_utf8_goes_out_of_lines),
        cmocka_unit_test(what_looks_alike_is_alike),
        cmocka_unit_test(a_disguised_name_passes_for_the_plain_one),
        cmocka_unit_test(broken_bytes_go_and_all_else_stays),
        cmocka_unit_test(a_cut_end_is_mended),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
