/* notices: who hears what, and what happens when somebody leaves while one is told. */
#include "test.h"

#include "loop.h"
#include "notices.h"
#include "registration.h"

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
    registration_owner_gone(NULL);
}

static void joining(void *user, const struct muster_notice *notice) {
    (void)user;
    (void)notice;
    assert_int_equal(notices_subscribe(NULL, 1u << MUSTER_NOTICE_LOBBY_STATE, second, NULL),
                     MUSTER_OK);
}

static void emit(uint32_t kind) {
    const struct muster_notice notice = {.size = sizeof notice, .kind = kind};
    notices_emit(&notice);
}

static int reset(void **state) {
    (void)state;
    registration_owner_gone(NULL);
    heard_first = 0;
    heard_second = 0;
    return 0;
}

static void test_mask(void **state) {
    (void)state;
    assert_int_equal(notices_subscribe(NULL, 0, first, NULL), MUSTER_INVALID);
    assert_int_equal(notices_subscribe(NULL, 1, NULL, NULL), MUSTER_INVALID);
    assert_int_equal(notices_subscribe(NULL, 1u << MUSTER_NOTICE_LOBBY_STATE, first, NULL),
                     MUSTER_OK);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    emit(MUSTER_NOTICE_LOBBY_CLOSED);
    assert_int_equal(heard_first, 1);
}

static void test_leaving_while_told(void **state) {
    (void)state;
    uint64_t mask = 1u << MUSTER_NOTICE_LOBBY_STATE;
    assert_int_equal(notices_subscribe(NULL, mask, first, NULL), MUSTER_OK);
    assert_int_equal(notices_subscribe(NULL, mask, leaving, NULL), MUSTER_OK);
    assert_int_equal(notices_subscribe(NULL, mask, second, NULL), MUSTER_OK);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    assert_int_equal(heard_first, 1);
    assert_int_equal(heard_second, 0);
}

static void test_joining_while_told(void **state) {
    (void)state;
    assert_int_equal(notices_subscribe(NULL, 1u << MUSTER_NOTICE_LOBBY_STATE, joining, NULL),
                     MUSTER_OK);
    emit(MUSTER_NOTICE_LOBBY_STATE);
    assert_int_equal(heard_second, 0); /* hears from the next one on */
    emit(MUSTER_NOTICE_LOBBY_STATE);
    assert_int_equal(heard_second, 1);
}

static void test_full(void **state) {
    (void)state;
    uint32_t taken = 0;
    while (notices_subscribe(NULL, 1, second, NULL) == MUSTER_OK) taken++;
    assert_int_equal(taken, 256);
    assert_int_equal(notices_subscribe(NULL, 1, second, NULL), MUSTER_FULL);
    registration_owner_gone(NULL);
    assert_int_equal(notices_subscribe(NULL, 1, second, NULL), MUSTER_OK);
}

static void count(void *user, const struct muster_notice *notice) {
    (void)notice;
    assert_int_equal(plugin_depth(), 1);
    ++*(uint32_t *)user;
}

/* Who goes takes what is its own along, and nothing of others. */
static void test_leaving_leaves_others(void **state) {
    (void)state;
    static struct muster_self ann, bea;
    uint32_t heard[3] = {0};
    uint64_t last = 1ull << 63;
    assert_int_equal(loop_init(1), MUSTER_OK);
    assert_int_equal(notices_subscribe(&ann, last, count, &heard[0]), MUSTER_OK);
    assert_int_equal(notices_subscribe(&bea, last, count, &heard[1]), MUSTER_OK);
    assert_int_equal(notices_subscribe(&ann, last | 1, count, &heard[2]), MUSTER_OK);
    emit(63);
    emit(62);
    emit(31);
    emit(0);
    assert_int_equal(heard[0], 1);
    assert_int_equal(heard[1], 1);
    assert_int_equal(heard[2], 2);
    registration_owner_gone(&ann);
    emit(63);
    assert_int_equal(heard[0], 1);
    assert_int_equal(heard[1], 2);
    assert_int_equal(heard[2], 2);
    assert_int_equal(ann.call_count, 3);
    assert_int_equal(bea.call_count, 2);
    assert_int_equal(plugin_depth(), 0);
    registration_owner_gone(&bea);
    loop_deinit();
}

static char kinds[64];

static void spell(void *user, const struct muster_notice *notice) {
    (void)user;
    size_t used = strlen(kinds);
    snprintf(kinds + used, sizeof kinds - used, "%u ", notice->kind);
    if (notice->kind == 5) emit(6);
}

/* In the order in which it happened, also before what happens outside of it. */
static void test_what_happens_in_a_call_is_told_after_it(void **state) {
    (void)state;
    static struct muster_self ann, bea;
    assert_int_equal(loop_init(1), MUSTER_OK);
    kinds[0] = '\0';
    assert_int_equal(notices_subscribe(&ann, ~0ull, spell, NULL), MUSTER_OK);
    plugin_enter(&ann, "test");
    plugin_enter(&bea, "test");
    emit(1);
    plugin_leave();
    for (uint32_t i = 0; i < 40; i++) emit(2);
    assert_string_equal(kinds, "");
    plugin_leave();
    (void)loop_turn();
    assert_int_equal(strlen(kinds), 63); /* "1 2 2 2 ...": all that fits */
    assert_memory_equal(kinds, "1 2 2 ", 6);
    kinds[0] = '\0';
    plugin_enter(&bea, "test");
    emit(3);
    plugin_leave();
    emit(4);
    assert_string_equal(kinds, "3 4 ");
    emit(5);
    assert_string_equal(kinds, "3 4 5 ");
    (void)loop_turn();
    assert_string_equal(kinds, "3 4 5 6 ");
    assert_int_equal(ann.fault_count + bea.fault_count, 0);
    plugin_enter(&bea, "test");
    emit(7);
    plugin_leave();
    notices_deinit();
    (void)loop_turn();
    assert_string_equal(kinds, "3 4 5 6 ");
    registration_owner_gone(&ann);
    loop_deinit();
}

static void going(void *user, const struct muster_notice *notice) {
    (void)notice;
    registration_owner_gone(user);
}

/* Who comes behind is told all the same, and once. */
static void test_going_while_told_skips_nobody(void **state) {
    (void)state;
    static struct muster_self ann, bea;
    uint32_t heard[3] = {0};
    assert_int_equal(loop_init(1), MUSTER_OK);
    assert_int_equal(notices_subscribe(&ann, 1, going, &ann), MUSTER_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(notices_subscribe(&bea, 1, count, &heard[i]), MUSTER_OK);
    for (uint32_t told = 1; told <= 2; told++) {
        emit(0);
        for (int i = 0; i < 3; i++) assert_int_equal(heard[i], told);
    }
    assert_int_equal(ann.call_count, 1);
    registration_owner_gone(&bea);
    loop_deinit();
}

static void nested(void *user, const struct muster_notice *notice) {
    (void)user;
    if (notice->kind != 1) return;
    emit(2); /* the table is not tidied under who walks through it */
}

static void gone_in_between(void *user, const struct muster_notice *notice) {
    (void)user;
    if (notice->kind == 2) registration_owner_gone(NULL);
}

static void test_leaving_while_told_of_another(void **state) {
    (void)state;
    assert_int_equal(notices_subscribe(NULL, 6, gone_in_between, NULL), MUSTER_OK);
    assert_int_equal(notices_subscribe(NULL, 6, nested, NULL), MUSTER_OK);
    assert_int_equal(notices_subscribe(NULL, 6, second, NULL), MUSTER_OK);
    emit(1);
    assert_int_equal(heard_second, 0);
    emit(1);
    assert_int_equal(heard_second, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_mask, reset),
        cmocka_unit_test_setup(test_leaving_while_told, reset),
        cmocka_unit_test_setup(test_joining_while_told, reset),
        cmocka_unit_test_setup(test_full, reset),
        cmocka_unit_test_setup(test_leaving_leaves_others, reset),
        cmocka_unit_test_setup(test_what_happens_in_a_call_is_told_after_it, reset),
        cmocka_unit_test_setup(test_going_while_told_skips_nobody, reset),
        cmocka_unit_test_setup(test_leaving_while_told_of_another, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
