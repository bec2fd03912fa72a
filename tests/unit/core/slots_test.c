/* slots: ids of dead objects find nothing, walks survive removal, full is full. */
#include "test.h"

#include "slots.h"
#include "status.h"

#include <string.h>

struct thing {
    uint32_t value;
    char tail[9];
};

static void test_add_find_remove(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots, 4, sizeof(struct thing)), MUSTER_OK);
    uint64_t id = 0;
    struct thing *thing = slots_add(&slots, &id);
    assert_non_null(thing);
    assert_true(id != 0);
    thing->value = 7;
    assert_ptr_equal(slots_find(&slots, id), thing);
    slots_remove(&slots, id);
    assert_null(slots_find(&slots, id));
    assert_int_equal(slots.count, 0);
    slots_deinit(&slots);
}

static void test_stale_id_after_reuse(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots, 1, sizeof(struct thing)), MUSTER_OK);
    uint64_t first = 0;
    struct thing *thing = slots_add(&slots, &first);
    thing->value = 99;
    slots_remove(&slots, first);
    uint64_t second = 0;
    thing = slots_add(&slots, &second);
    assert_int_equal(thing->value, 0);
    assert_int_equal(slots_index(first), slots_index(second));
    assert_true(first != second);
    assert_null(slots_find(&slots, first));
    slots_remove(&slots, first); /* stale: must not remove the new one */
    assert_ptr_equal(slots_find(&slots, second), thing);
    slots_deinit(&slots);
}

static void test_bad_ids(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots, 4, 8), MUSTER_OK);
    uint64_t id = 0;
    assert_non_null(slots_add(&slots, &id));
    assert_null(slots_find(&slots, 0));
    assert_null(slots_find(&slots, id + 1));
    assert_null(slots_find(&slots, id + (1ull << 32)));
    assert_null(slots_find(&slots, UINT64_MAX));
    slots_remove(&slots, id);
    /* An id that carries the even generation of a free slot is no key either. */
    assert_null(slots_find(&slots, id + (1ull << 32)));
    slots_deinit(&slots);
    assert_null(slots_find(&slots, id));
}

static void test_full(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots, 3, 4), MUSTER_OK);
    uint64_t ids[3];
    for (int i = 0; i < 3; i++) {
        void *item = slots_add(&slots, &ids[i]);
        assert_non_null(item);
        assert_int_equal((uintptr_t)item % 16, 0);
    }
    uint64_t extra = 0;
    assert_null(slots_add(&slots, &extra));
    slots_remove(&slots, ids[1]);
    assert_non_null(slots_add(&slots, &extra));
    assert_int_equal(slots_index(extra), 1);
    slots_deinit(&slots);
}

static void test_walk_with_removal(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots, 10, sizeof(struct thing)), MUSTER_OK);
    for (uint32_t i = 0; i < 10; i++) {
        uint64_t id = 0;
        struct thing *thing = slots_add(&slots, &id);
        thing->value = i;
    }
    uint32_t seen = 0;
    uint64_t id = 0;
    struct thing *thing;
    while ((thing = slots_next(&slots, &id))) {
        assert_int_equal(thing->value, seen++);
        if (thing->value % 2 == 0) slots_remove(&slots, id);
    }
    assert_int_equal(seen, 10);
    assert_int_equal(slots.count, 5);
    id = 0;
    for (uint32_t value = 1; (thing = slots_next(&slots, &id)); value += 2)
        assert_int_equal(thing->value, value);
    slots_deinit(&slots);
}

static void test_bad_sizes(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots, 0, 8), MUSTER_INVALID);
    assert_int_equal(slots_init(&slots, 8, 0), MUSTER_INVALID);
    assert_int_equal(slots_init(&slots, 8, UINT32_MAX), MUSTER_INVALID);
    slots_deinit(&slots);
}

#define STATUS_ROW(name, code, text) {code, text},
static const struct {
    muster_status code;
    const char *text;
} statuses[] = {MUSTER_STATUS_MAP(STATUS_ROW)};

static void test_status_words(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        assert_string_equal(status_text(statuses[i].code), statuses[i].text);
    }
    assert_string_equal(status_text(-999), "unknown status");
    assert_string_equal(role_text(MUSTER_ROLE_MODE), "mode");
    assert_string_equal(role_text(0), "unknown role");
    assert_string_equal(lobby_state_text(MUSTER_LOBBY_ENDING), "ending");
    assert_string_equal(leave_reason_text(MUSTER_LEAVE_KICK), "kick");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_find_remove),   cmocka_unit_test(test_stale_id_after_reuse),
        cmocka_unit_test(test_bad_ids),           cmocka_unit_test(test_full),
        cmocka_unit_test(test_walk_with_removal), cmocka_unit_test(test_bad_sizes),
        cmocka_unit_test(test_status_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
