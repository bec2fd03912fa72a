/* shared: equal objects are one, and who changes it changes it for nobody else. */
#include "test.h"

#include "shared.h"

static json_t *settings(int lives) {
    return json_pack("{s:i,s:s}", "lives", lives, "map", "canyon");
}

static int lives_of(json_t *object) {
    return (int)json_integer_value(json_object_get(object, "lives"));
}

static void equal_ones_are_one(void **state) {
    (void)state;
    json_t *a = shared_object(settings(3)), *b = shared_object(settings(3));
    json_t *c = shared_object(settings(4));
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    json_decref(a);
    json_decref(b);
    json_decref(c);
    shared_forget();
}

static void who_changes_one_changes_nobody_elses(void **state) {
    (void)state;
    json_t *a = shared_object(settings(3)), *b = shared_object(settings(3));
    shared_put(&a, "lives", json_integer(5));
    assert_int_equal(lives_of(a), 5);
    assert_int_equal(lives_of(b), 3);
    json_t *own = a;
    shared_put(&a, "lives", json_integer(6)); /* nobody else has it */
    assert_ptr_equal(a, own);
    json_t *late = shared_object(settings(3));
    assert_int_equal(lives_of(late), 3);
    json_decref(a);
    json_decref(b);
    json_decref(late);
    shared_forget();
}

static void many_kinds_push_out_the_oldest(void **state) {
    (void)state;
    json_t *first = shared_object(settings(-1));
    for (int lives = 0; lives < 100; lives++) json_decref(shared_object(settings(lives)));
    json_t *again = shared_object(settings(-1));
    assert_ptr_not_equal(first, again);
    assert_true(json_equal(first, again));
    json_decref(first);
    json_decref(again);
    shared_forget();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_ones_are_one),
        cmocka_unit_test(who_changes_one_changes_nobody_elses),
        cmocka_unit_test(many_kinds_push_out_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
