/* events: who hears what, and what happens when somebody leaves while a fact is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events.h"

static uint32_t heard_first;
static uint32_t heard_second;

static void first(void *user, const struct muster_notice *notice) {
    (void)user;
    assert_int_equal(notice->kind, MUSTER_NOTICE_LOBBY_STATE);
    heard_first++;
}

static void second(void *user, const struct muster_notice *notice) {
    (void)user;
    (void)notice;
    heard_second++;
}

static void leaving(void *user, const struct muster_notice *notice) {
    (void)user;
    (void)notice;
    events_unsubscribe_owner(NULL);
}

static void joining(void *user, const struct muster_notice *notice) {
    (void)user;
    (void)notice;
    assert_int_equal(events_subscribe(NULL, 1u << MUSTER_NOTICE_LOBBY_STATE, second, NULL),
                     MUSTER_OK);
}

static void emit(uint32_t kind) {
    const struct muster_notice notice = {.size = sizeof notice, .kind = kind};
    events_emit(&notice);
}

static int reset(void **state) {
    (void)state;
    events_unsubscribe_owner(NULL);
    heard_first = 0;
    heard_second = 0;
    return 0;
}

static void test_mask(void **state) {
    (void)state;
    assert_int_equal(events_subscribe(NULL, 0, first, NULL), MUSTER_INVALID);
    assert_int_equal(events_subscribe(NULL, 1, NULL, NULL), MUSTER_INVALID);
    assert_int_equal(events_subscribe(NULL, 1u << MUSTER_NOTICE_LOBBY_STATE, first, NULL),
                     MUSTER_OK);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    emit(MUSTER_NOTICE_LOBBY_CLOSED);
    assert_int_equal(heard_first, 1);
}

static void test_leaving_while_told(void **state) {
    (void)state;
    uint64_t mask = 1u << MUSTER_NOTICE_LOBBY_STATE;
    assert_int_equal(events_subscribe(NULL, mask, first, NULL), MUSTER_OK);
    assert_int_equal(events_subscribe(NULL, mask, leaving, NULL), MUSTER_OK);
    assert_int_equal(events_subscribe(NULL, mask, second, NULL), MUSTER_OK);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    assert_int_equal(heard_first, 1);
    assert_int_equal(heard_second, 0);
}

static void test_joining_while_told(void **state) {
    (void)state;
    assert_int_equal(events_subscribe(NULL, 1u << MUSTER_NOTICE_LOBBY_STATE, joining, NULL),
                     MUSTER_OK);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    assert_int_equal(heard_second, 0); /* hears from the next one on */
    emit(MUSTER_NOTICE_LOBBY_STATE);
    assert_int_equal(heard_second, 1);
}

static void test_full(void **state) {
    (void)state;
    uint32_t taken = 0;
    while (events_subscribe(NULL, 1, second, NULL) == MUSTER_OK) taken++;
    assert_int_equal(taken, 256);
    assert_int_equal(events_subscribe(NULL, 1, second, NULL), MUSTER_FULL);
    events_unsubscribe_owner(NULL);
    assert_int_equal(events_subscribe(NULL, 1, second, NULL), MUSTER_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_mask, reset),
        cmocka_unit_test_setup(test_leaving_while_told, reset),
        cmocka_unit_test_setup(test_joining_while_told, reset),
        cmocka_unit_test_setup(test_full, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
