/* What the heap grows by is named once, in whole huge pages, and holds the same when it lies in
 * them. */
#include "test.h"

#include <string.h>
#include <unistd.h>

#include "huge.h"

#define HUGE_BYTES ((uintptr_t)2 << 20)

/* As malloc does; true: the heap is now so much longer. */
static bool grow(intptr_t bytes) {
    uint8_t *begin = sbrk(bytes);
    if (begin == (void *)-1) return false;
    if (bytes > 0) memset(begin, 7, (size_t)bytes);
    return true;
}

static void what_was_there_at_the_begin_is_left_alone(void **state) {
    (void)state;
    huge_begin();
    assert_int_equal(huge_next().bytes, 0);
    assert_true(grow(4096));
    assert_int_equal(huge_next().bytes, 0);
}

static void what_comes_is_named_once_in_whole_pages(void **state) {
    (void)state;
    huge_begin();
    uintptr_t begin = (uintptr_t)sbrk(0);
    assert_true(grow(4 * HUGE_BYTES));
    struct huge_span span = huge_next();
    assert_int_equal((uintptr_t)span.begin % HUGE_BYTES, 0);
    assert_true((uintptr_t)span.begin >= begin);
    assert_in_range(span.bytes, 3 * HUGE_BYTES, 4 * HUGE_BYTES);
    assert_true((uint8_t *)span.begin + span.bytes <= (uint8_t *)sbrk(0));
    assert_int_equal(huge_next().bytes, 0);
    huge_gather(span);
    const uint8_t *bytes = span.begin;
    for (size_t at = 0; at < span.bytes; at++) assert_int_equal(bytes[at], 7);
}

static void what_went_and_comes_again_is_named_again(void **state) {
    (void)state;
    huge_begin();
    assert_true(grow(4 * HUGE_BYTES));
    struct huge_span span = huge_next();
    assert_true(grow(-(intptr_t)(4 * HUGE_BYTES)));
    assert_int_equal(huge_next().bytes, 0);
    assert_true(grow(4 * HUGE_BYTES));
    struct huge_span again = huge_next();
    assert_ptr_equal(again.begin, span.begin);
    assert_int_equal(again.bytes, span.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_at_the_begin_is_left_alone),
        cmocka_unit_test(what_comes_is_named_once_in_whole_pages),
        cmocka_unit_test(what_went_and_comes_again_is_named_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
