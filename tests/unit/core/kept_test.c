/* kept: bytes by name, saved and loaded in one order. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include <muster/host.h>

static struct muster_bytes text(const char *text) {
    return (struct muster_bytes){text, strlen(text)};
}

static void assert_kept(const struct kept *list, const char *name, const char *expected) {
    struct muster_bytes bytes = kept_get(list, name);
    assert_int_equal(bytes.len, strlen(expected));
    if (bytes.len) assert_memory_equal(bytes.data, expected, bytes.len);
}

static void test_set_and_get(void **state) {
    (void)state;
    struct kept *list = NULL;
    assert_kept(list, "a", "");
    assert_int_equal(kept_set(&list, "b", text("bee")), MUSTER_OK);
    assert_int_equal(kept_set(&list, "a", text("ann")), MUSTER_OK);
    assert_int_equal(kept_set(&list, "c", text("")), MUSTER_OK);
    assert_kept(list, "a", "ann");
    assert_kept(list, "b", "bee");
    assert_kept(list, "c", "");
    const void *place = kept_get(list, "a").data;
    assert_int_equal(kept_set(&list, "a", text("an")), MUSTER_OK);
    assert_ptr_equal(kept_get(list, "a").data, place); /* nothing was allocated */
    assert_kept(list, "a", "an");
    assert_int_equal(kept_set(&list, "a", text("longer than that")), MUSTER_OK);
    struct muster_bytes own = kept_get(list, "a");
    own.len = 6;
    assert_int_equal(kept_set(&list, "b", own), MUSTER_OK); /* another's */
    own.data = (const char *)own.data + 7;
    own.len = 4;
    assert_int_equal(kept_set(&list, "a", own), MUSTER_OK); /* its own */
    assert_kept(list, "a", "than");
    assert_kept(list, "b", "longer");
    assert_int_equal(kept_set(&list, "b", text("")), MUSTER_OK);
    assert_kept(list, "b", "");
    kept_clear(&list);
    assert_null(list);
}

static void test_bounds(void **state) {
    (void)state;
    static uint8_t bytes[MUSTER_DATA_BYTES_MAX + 1];
    struct kept *list = NULL;
    assert_int_equal(kept_set(&list, "a", (struct muster_bytes){bytes, sizeof bytes}),
                     MUSTER_INVALID);
    assert_int_equal(kept_set(&list, "a", (struct muster_bytes){NULL, 1}), MUSTER_INVALID);
    assert_null(list);
    assert_int_equal(kept_set(&list, "a", (struct muster_bytes){bytes, sizeof bytes - 1}),
                     MUSTER_OK);
    assert_int_equal(kept_get(list, "a").len, MUSTER_DATA_BYTES_MAX);
    kept_clear(&list);
}

static void test_take_over(void **state) {
    (void)state;
    struct kept *list = NULL, *from = NULL;
    assert_int_equal(kept_set(&list, "bea", text("new")), MUSTER_OK);
    assert_int_equal(kept_set(&from, "ann", text("1")), MUSTER_OK);
    assert_int_equal(kept_set(&from, "bea", text("old")), MUSTER_OK);
    assert_int_equal(kept_set(&from, "cid", text("3")), MUSTER_OK);
    kept_take_over(&list, &from);
    assert_null(from);
    assert_kept(list, "ann", "1");
    assert_kept(list, "bea", "new");
    assert_kept(list, "cid", "3");
    kept_clear(&list);
}

static bool load(struct kept **list, const uint8_t *bytes, uint32_t len) {
    struct muster_reader in = muster_reader_make(bytes, len);
    return kept_load(list, &in);
}

static void test_save_and_load(void **state) {
    (void)state;
    uint8_t one[100], two[100];
    struct muster_writer first = muster_writer_make(one, sizeof one);
    struct muster_writer second = muster_writer_make(two, sizeof two);
    struct kept *list = NULL, *other = NULL;
    kept_save(list, &first);
    assert_int_equal(first.len, 0);
    assert_int_equal(kept_set(&list, "ann", text("1")), MUSTER_OK);
    assert_int_equal(kept_set(&list, "bea", text("22")), MUSTER_OK);
    assert_int_equal(kept_set(&other, "bea", text("22")), MUSTER_OK);
    assert_int_equal(kept_set(&other, "ann", text("1")), MUSTER_OK);
    kept_save(list, &first);
    kept_save(other, &second);
    kept_clear(&other);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(one, two, first.len); /* whoever came first */
    assert_true(load(&other, one, first.len));
    assert_kept(other, "ann", "1");
    assert_kept(other, "bea", "22");
    kept_clear(&other);
    for (uint32_t len = 1; len < first.len; len++) {
        bool is_whole = len == 2 + 3 + 4 + 1; /* the first of the two */
        assert_int_equal(load(&other, one, len), is_whole);
        kept_clear(&other);
    }
    struct muster_writer twice = muster_writer_make(two, sizeof two);
    kept_save(list, &twice);
    kept_save(list, &twice);
    assert_false(load(&other, two, twice.len)); /* not in order */
    kept_clear(&other);
    kept_clear(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_get),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_take_over),
        cmocka_unit_test(test_save_and_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
