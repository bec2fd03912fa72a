/* muster/json.h, the writer: what it writes is JSON that reads back the same, within its bounds. */
#include "test.h"

#include <float.h>
#include <string.h>

#include <jansson.h>
#include <muster/json.h>

enum { OUT_BYTES = 8192 };

struct sheet {
    struct muster_writer out;
    struct muster_json_writer json;
    char bytes[OUT_BYTES];
};

static struct muster_json_writer *begin(struct sheet *sheet, uint32_t cap) {
    memset(sheet->bytes, '#', sizeof sheet->bytes);
    sheet->out = muster_writer_make(sheet->bytes, cap);
    sheet->json = muster_json_writer_make(&sheet->out);
    return &sheet->json;
}

/* ---- form ------------------------------------------------------------------------------------ */

static void write_much(struct muster_json_writer *json) {
    muster_json_open_object(json, NULL);
    muster_json_open_array(json, "list");
    muster_json_put_int(json, NULL, -1);
    muster_json_open_array(json, NULL);
    muster_json_close(json);
    muster_json_open_object(json, NULL);
    muster_json_close(json);
    muster_json_put_raw(json, NULL, "2,[3]", 5);
    muster_json_close(json);
    muster_json_put_text(json, "t\"", "a\n");
    muster_json_put_text(json, "none", NULL);
    muster_json_open_object(json, "of");
    muster_json_put_bool(json, "yes", true);
    muster_json_put_bool(json, "no", false);
    muster_json_put_null(json, "null");
    muster_json_put_number(json, "half", 0.5);
    muster_json_close(json);
    muster_json_put_int(json, "", INT64_MIN);
    muster_json_close(json);
}

static const char much[] =
    "{\"list\":[-1,[],{},2,[3]],\"t\\\"\":\"a\\n\",\"none\":null,\"of\":{\"yes\":true,\"no\":false,"
    "\"null\":null,\"half\":0.5},\"\":-9223372036854775808}";

static void test_form(void **state) {
    struct sheet sheet;
    (void)state;
    write_much(begin(&sheet, OUT_BYTES));
    assert_true(muster_json_done(&sheet.json));
    assert_int_equal(sheet.out.len, strlen(much));
    assert_string_equal(muster_json_text(&sheet.json), much);
    assert_int_equal(sheet.out.len, strlen(much));
    write_much(begin(&sheet, sizeof much)); /* and not a byte more */
    assert_string_equal(muster_json_text(&sheet.json), much);
}

static void test_what_does_not_fit(void **state) {
    (void)state;
    for (uint32_t cap = 0; cap < sizeof much; cap++) {
        struct sheet sheet;
        write_much(begin(&sheet, cap));
        assert_true(muster_json_done(&sheet.json) == (cap == sizeof much - 1));
        assert_null(muster_json_text(&sheet.json)); /* no room for the NUL at the least */
        assert_true(sheet.out.overflow);
        assert_int_equal(sheet.bytes[cap], '#');
    }
}

static void test_behind_other_bytes(void **state) {
    struct sheet sheet;
    (void)state;
    begin(&sheet, OUT_BYTES);
    muster_put_u32(&sheet.out, 7);
    sheet.json = muster_json_writer_make(&sheet.out);
    muster_json_put_bool(&sheet.json, NULL, true);
    assert_string_equal(muster_json_text(&sheet.json), "true");
    assert_int_equal(sheet.out.len, 8);
}

/* ---- misuse ---------------------------------------------------------------------------------- */

static void nothing(struct muster_json_writer *json) {
    (void)json;
}

static void two_documents(struct muster_json_writer *json) {
    muster_json_put_int(json, NULL, 1);
    muster_json_put_int(json, NULL, 2);
}

static void not_closed(struct muster_json_writer *json) {
    muster_json_open_array(json, NULL);
}

static void closed_twice(struct muster_json_writer *json) {
    muster_json_open_array(json, NULL);
    muster_json_close(json);
    muster_json_close(json);
}

static void key_for_the_document(struct muster_json_writer *json) {
    muster_json_put_int(json, "a", 1);
}

static void key_in_an_array(struct muster_json_writer *json) {
    muster_json_open_array(json, NULL);
    muster_json_open_array(json, "a");
    muster_json_close(json);
    muster_json_close(json);
}

static void no_key_in_an_object(struct muster_json_writer *json) {
    muster_json_open_object(json, NULL);
    muster_json_put_text(json, NULL, "a");
    muster_json_close(json);
}

static void no_raw(struct muster_json_writer *json) {
    muster_json_put_raw(json, NULL, NULL, 0);
}

static void infinite(struct muster_json_writer *json) {
    muster_json_put_number(json, NULL, DBL_MAX * 10);
}

static void no_number(struct muster_json_writer *json) {
    muster_json_put_number(json, NULL, DBL_MAX * 10 - DBL_MAX * 10);
}

static void too_deep(struct muster_json_writer *json) {
    for (int i = 0; i <= MUSTER_JSON_DEPTH_MAX; i++) muster_json_open_array(json, NULL);
    for (int i = 0; i <= MUSTER_JSON_DEPTH_MAX; i++) muster_json_close(json);
}

static void test_misuse(void **state) {
    static void (*const rows[])(struct muster_json_writer *) = {
        nothing,         two_documents,       not_closed, closed_twice, key_for_the_document,
        key_in_an_array, no_key_in_an_object, no_raw,     infinite,     no_number,
        too_deep,
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sheet sheet;
        rows[i](begin(&sheet, OUT_BYTES));
        if (muster_json_done(&sheet.json)) fail_msg("misuse %zu goes through", i);
        assert_true(sheet.out.overflow);
        assert_null(muster_json_text(&sheet.json));
    }
}

static void test_depth(void **state) {
    struct sheet sheet;
    (void)state;
    begin(&sheet, OUT_BYTES);
    for (int i = 0; i < MUSTER_JSON_DEPTH_MAX; i++)
        muster_json_open_object(&sheet.json, i ? "a" : NULL);
    for (int i = 0; i < MUSTER_JSON_DEPTH_MAX; i++) muster_json_close(&sheet.json);
    assert_true(muster_json_done(&sheet.json));
    assert_int_equal(muster_json_parse(sheet.bytes, sheet.out.len).len, sheet.out.len);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void check_text(const char *text, const char *expected) {
    struct sheet sheet;
    begin(&sheet, OUT_BYTES);
    muster_json_put_text(&sheet.json, NULL, text);
    assert_string_equal(muster_json_text(&sheet.json), expected);
}

static void test_texts(void **state) {
    (void)state;
    check_text("", "\"\"");
    check_text("a/b\x7f", "\"a/b\x7f\"");
    check_text("\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    check_text("\x01\x0b\x1f ", "\"\\u0001\\u000b\\u001f \"");
    check_text("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\xB9",
               "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\xB9\"");
}

#define INSTEAD "\xEF\xBF\xBD"

static void test_what_is_no_utf8(void **state) {
    (void)state;
    check_text("\x80", "\"" INSTEAD "\"");
    check_text("a\xC3", "\"a" INSTEAD "\"");
    check_text("\xC3(", "\"" INSTEAD "(\"");
    check_text("\xE2\x82\"", "\"" INSTEAD INSTEAD "\\\"\"");
    check_text("\xED\xA0\x80", "\"" INSTEAD INSTEAD INSTEAD "\"");
    check_text("\xC0\x80", "\"" INSTEAD INSTEAD "\"");
    check_text("\xF5\xFF\n", "\"" INSTEAD INSTEAD "\\n\"");
}

/* Every byte and every pair of bytes: jansson takes it, and it reads back as the same or as U+FFFD.
 */
static void test_all_pairs_of_bytes(void **state) {
    (void)state;
    for (unsigned pair = 0x0100; pair <= 0xFFFF; pair++) {
        const char text[] = {(char)(pair >> 8), (char)(pair & 0xFF), '\0'};
        struct sheet sheet;
        char back[16];
        sheet.out = muster_writer_make(sheet.bytes, 32);
        sheet.json = muster_json_writer_make(&sheet.out);
        muster_json_put_text(&sheet.json, NULL, text);
        assert_true(muster_json_done(&sheet.json));
        json_t *json = json_loadb(sheet.bytes, sheet.out.len, JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        struct muster_json value = muster_json_parse(sheet.bytes, sheet.out.len);
        assert_true(muster_json_get_text(value, back, sizeof back));
        assert_string_equal(json_string_value(json), back);
        assert_true(strcmp(back, text) == 0 || strstr(back, INSTEAD));
        json_decref(json);
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void check_number(double number) {
    struct sheet sheet;
    double back = 0;
    sheet.out = muster_writer_make(sheet.bytes, 64);
    sheet.json = muster_json_writer_make(&sheet.out);
    muster_json_put_number(&sheet.json, NULL, number);
    assert_true(muster_json_done(&sheet.json));
    struct muster_json value = muster_json_parse(sheet.bytes, sheet.out.len);
    assert_true(muster_json_get_number(value, &back));
    if (memcmp(&back, &number, sizeof back) != 0) fail_msg("%a comes back as %a", number, back);
}

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void test_numbers_read_back_the_same(void **state) {
    static const double rows[] = {
        0,       -0.0,    1,        -1,       0.1,
        1.0 / 3, 1e21,    1e-7,     123456.7, 9007199254740993.0,
        5e-324,  DBL_MIN, DBL_MAX,  -DBL_MAX, DBL_EPSILON,
        1e15,    1e16,    1e17 / 3, 2.5,      8.41e21,
    };
    uint64_t seed = 53;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check_number(rows[i]);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_next(&seed);
        double number;
        memcpy(&number, &bits, sizeof number);
        if (number - number == 0) check_number(number);
    }
}

static void test_numbers_are_short(void **state) {
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0.1, "0.1"}, {3, "3"}, {-2.5, "-2.5"}, {1e300, "1e+300"}, {1.0 / 3, "0.3333333333333333"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sheet sheet;
        begin(&sheet, OUT_BYTES);
        muster_json_put_number(&sheet.json, NULL, rows[i].number);
        assert_string_equal(muster_json_text(&sheet.json), rows[i].text);
    }
}

/* ---- there and back -------------------------------------------------------------------------- */

static void put_random_text(char *out, uint64_t *seed) {
    static const char *const pieces[] = {
        "a", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xF0\x9F\x98\xB9", "/", "", " "};
    *out = '\0';
    for (uint64_t n = random_next(seed) % 6; n > 0; n--)
        strcat(out, pieces[random_next(seed) % (sizeof pieces / sizeof *pieces)]);
}

static void put_random(struct muster_json_writer *json, uint64_t *seed, const char *key,
                       uint32_t depth) {
    char text[32];
    uint64_t kind = random_next(seed) % (depth < 5 ? 7 : 5);
    if (kind < 3) put_random_text(text, seed);
    switch (kind) {
    case 0:
    case 1: muster_json_put_text(json, key, text); return;
    case 2: muster_json_put_int(json, key, (int64_t)random_next(seed)); return;
    case 3: muster_json_put_number(json, key, (double)random_next(seed) / 3e10); return;
    case 4: muster_json_put_bool(json, key, random_next(seed) & 1); return;
    case 5: muster_json_open_array(json, key); break;
    default: muster_json_open_object(json, key); break;
    }
    for (uint64_t n = random_next(seed) % 5; n > 0; n--) {
        put_random_text(text, seed);
        put_random(json, seed, kind == 5 ? NULL : text, depth + 1);
    }
    muster_json_close(json);
}

/* Writes again what was read, piece by piece. */
static void copy(struct muster_json_writer *json, const char *key, struct muster_json value) {
    char text[64];
    int64_t integer;
    double number;
    bool is_true;
    if (muster_json_get_text(value, text, sizeof text)) {
        muster_json_put_text(json, key, text);
    } else if (muster_json_get_int(value, &integer)) {
        muster_json_put_int(json, key, integer);
    } else if (muster_json_get_number(value, &number)) {
        muster_json_put_number(json, key, number);
    } else if (muster_json_get_bool(value, &is_true)) {
        muster_json_put_bool(json, key, is_true);
    } else {
        struct muster_json_walk walk = muster_json_walk_make(value);
        muster_json_open(json, key, walk.is_object ? '{' : '[');
        while (muster_json_next(&walk)) {
            if (walk.is_object) assert_true(muster_json_get_text(walk.key, text, sizeof text));
            copy(json, walk.is_object ? text : NULL, walk.value);
        }
        muster_json_close(json);
    }
}

static void test_there_and_back(void **state) {
    uint64_t seed = 8259;
    uint32_t large = 0;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct sheet first, second;
        put_random(begin(&first, OUT_BYTES), &seed, NULL, 0);
        if (!muster_json_done(&first.json)) continue; /* larger than the sheet */
        copy(begin(&second, OUT_BYTES), NULL, muster_json_parse(first.bytes, first.out.len));
        assert_true(muster_json_done(&second.json));
        assert_int_equal(first.out.len, second.out.len);
        assert_memory_equal(first.bytes, second.bytes, first.out.len);
        json_t *json = json_loadb(first.bytes, first.out.len, JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        json_decref(json);
        large += first.out.len > 100;
    }
    assert_true(large > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_behind_other_bytes),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_what_is_no_utf8),
        cmocka_unit_test(test_all_pairs_of_bytes),
        cmocka_unit_test(test_numbers_read_back_the_same),
        cmocka_unit_test(test_numbers_are_short),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
