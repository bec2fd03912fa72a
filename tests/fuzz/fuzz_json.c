/* JSON for plugins (muster/json.h) beside jansson: both take the same texts and read the same from
 * them, and what is written again from what was read is the same once more. */
#include <jansson.h>
#include <muster/json.h>
#include <string.h>

#include "fuzz.h"

static void check_same(const json_t *theirs, struct muster_json ours);

static void check_scalar(const json_t *theirs, struct muster_json ours) {
    static char text[1 << 20];
    int64_t integer = 0;
    double number = 0;
    bool is_true = false;
    if (json_is_string(theirs)) {
        FUZZ_CHECK(muster_json_get_text(ours, text, sizeof text));
        FUZZ_CHECK(strcmp(text, json_string_value(theirs)) == 0);
        FUZZ_CHECK(muster_json_text_is(ours, text));
    } else if (json_is_integer(theirs)) {
        FUZZ_CHECK(muster_json_get_int(ours, &integer));
        FUZZ_CHECK(integer == json_integer_value(theirs));
    } else if (json_is_real(theirs)) {
        FUZZ_CHECK(!muster_json_get_int(ours, &integer));
        FUZZ_CHECK(muster_json_get_number(ours, &number) == (ours.len <= MUSTER_JSON_NUMBER_MAX));
        FUZZ_CHECK(ours.len > MUSTER_JSON_NUMBER_MAX || number == json_real_value(theirs));
    } else if (json_is_boolean(theirs)) {
        FUZZ_CHECK(muster_json_get_bool(ours, &is_true) && is_true == json_is_true(theirs));
    } else {
        FUZZ_CHECK(muster_json_kind(ours) == MUSTER_JSON_NULL);
    }
}

static void check_same(const json_t *theirs, struct muster_json ours) {
    struct muster_json_walk walk = muster_json_walk_make(ours);
    size_t count = 0;
    FUZZ_CHECK(walk.is_object == json_is_object(theirs));
    while (muster_json_next(&walk)) count++;
    if (json_is_array(theirs)) {
        FUZZ_CHECK(count == json_array_size(theirs));
        walk = muster_json_walk_make(ours);
        for (size_t i = 0; muster_json_next(&walk); i++)
            check_same(json_array_get(theirs, i), walk.value);
    } else if (json_is_object(theirs)) {
        const char *key;
        json_t *value;
        FUZZ_CHECK(count == json_object_size(theirs));
        json_object_foreach((json_t *)theirs, key, value)
            check_same(value, muster_json_find(ours, key));
    } else {
        FUZZ_CHECK(count == 0);
        check_scalar(theirs, ours);
    }
}

static uint32_t depth_of(const json_t *json) {
    uint32_t deepest = 0;
    size_t i;
    const char *key;
    json_t *value;
    json_array_foreach(json, i, value) {
        uint32_t depth = depth_of(value);
        if (depth > deepest) deepest = depth;
    }
    json_object_foreach((json_t *)json, key, value) {
        uint32_t depth = depth_of(value);
        if (depth > deepest) deepest = depth;
    }
    return deepest + (json_is_array(json) || json_is_object(json));
}

/* Writes what was read; false: a number or text is larger than what it is read into. */
static bool copy(struct muster_json_writer *out, const char *key, struct muster_json value,
                 char *text, size_t cap) {
    struct muster_json_walk walk = muster_json_walk_make(value);
    double number;
    switch (muster_json_kind(value)) {
    case MUSTER_JSON_TEXT:
        if (!muster_json_get_text(value, text, cap)) return false;
        muster_json_put_text(out, key, text);
        return true;
    case MUSTER_JSON_NUMBER:
        if (!muster_json_get_number(value, &number)) return false;
        muster_json_put_number(out, key, number);
        return true;
    case MUSTER_JSON_ARRAY: muster_json_open_array(out, key); break;
    case MUSTER_JSON_OBJECT: muster_json_open_object(out, key); break;
    default: muster_json_put_raw(out, key, value.text, value.len); return true;
    }
    while (muster_json_next(&walk)) {
        char name[256];
        if (walk.is_object && !muster_json_get_text(walk.key, name, sizeof name)) return false;
        if (!copy(out, walk.is_object ? name : NULL, walk.value, text, cap)) return false;
    }
    muster_json_close(out);
    return true;
}

/* A second copy, of the first, is the first. */
static void check_copies(struct muster_json value) {
    static char once[1 << 18], twice[1 << 18], text[1 << 16];
    struct muster_writer first = muster_writer_make(once, sizeof once);
    struct muster_writer second = muster_writer_make(twice, sizeof twice);
    struct muster_json_writer json = muster_json_writer_make(&first);
    if (!copy(&json, NULL, value, text, sizeof text) || !muster_json_done(&json)) return;
    struct muster_json back = muster_json_parse(once, first.len);
    FUZZ_CHECK(back.len == first.len);
    json = muster_json_writer_make(&second);
    FUZZ_CHECK(copy(&json, NULL, back, text, sizeof text) && muster_json_done(&json));
    FUZZ_CHECK(first.len == second.len && memcmp(once, twice, first.len) == 0);
}

/* Whatever the bytes are, as a text they are JSON that jansson reads as we do. */
static void check_text(const uint8_t *data, size_t size) {
    static char text[1 << 14], written[1 << 17];
    struct muster_writer out = muster_writer_make(written, sizeof written);
    struct muster_json_writer json = muster_json_writer_make(&out);
    size_t len = size < sizeof text ? size : sizeof text - 1;
    if (len) memcpy(text, data, len);
    text[len] = '\0';
    muster_json_put_text(&json, NULL, text);
    FUZZ_CHECK(muster_json_done(&json));
    json_t *theirs = json_loadb(written, out.len, JSON_DECODE_ANY, NULL);
    FUZZ_CHECK(theirs);
    check_same(theirs, muster_json_parse(written, out.len));
    json_decref(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_error_t error;
    struct muster_json ours = muster_json_parse(data, size);
    check_text(data, size);
    if (size && memchr(data, 0, size)) { /* jansson passes over some of them */
        FUZZ_CHECK(ours.len == 0);
        return 0;
    }
    json_t *theirs = json_loadb((const char *)data, size, JSON_DECODE_ANY, &error);
    json_t *single =
        json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                   NULL); /* of several with one name they have the last, we the first */
    if (theirs)
        FUZZ_CHECK((ours.len > 0) == (depth_of(theirs) <= MUSTER_JSON_DEPTH_MAX));
    else if (json_error_code(&error) != json_error_numeric_overflow) /* ours when it is asked for */
        FUZZ_CHECK(ours.len == 0);
    if (single && ours.len) check_same(single, ours);
    if (ours.len) check_copies(ours);
    json_decref(theirs);
    json_decref(single);
    return 0;
}
