/* Tickets: what they look like, and that only the very one opens. */
#include "test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ticket.h"

static void a_ticket_is_128_random_bits(void **state) {
    (void)state;
    char tickets[64][TICKET_TEXT_SIZE];
    for (int i = 0; i < 64; i++) {
        unsigned char secret[32];
        size_t len = 0;
        ticket_make(i % 2 ? 's' : 'r', tickets[i]);
        assert_int_equal(strlen(tickets[i]), TICKET_TEXT_SIZE - 1);
        assert_int_equal(tickets[i][0], i % 2 ? 's' : 'r');
        assert_int_equal(tickets[i][1], '.');
        assert_int_equal(sodium_base642bin(secret, sizeof secret, tickets[i] + 2, 22, NULL, &len,
                                           NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                         0);
        assert_int_equal(len, 16);
        for (int j = 0; j < i; j++) assert_string_not_equal(tickets[i], tickets[j]);
    }
}

static void only_the_very_ticket_is_equal(void **state) {
    (void)state;
    char held[TICKET_TEXT_SIZE], presented[TICKET_TEXT_SIZE + 8];
    ticket_make('s', held);
    assert_true(ticket_equal(held, held));
    for (int i = 0; i < TICKET_TEXT_SIZE - 1; i++) {
        memcpy(presented, held, sizeof held);
        presented[i] ^= 1;
        assert_false(ticket_equal(held, presented));
        memcpy(presented, held, sizeof held);
        presented[i] = '\0'; /* shorter */
        assert_false(ticket_equal(held, presented));
    }
    snprintf(presented, sizeof presented, "%sx", held);
    assert_false(ticket_equal(held, presented));
    presented[0] = held[0] == 's' ? 'r' : 's';
    assert_false(ticket_equal(held, presented));
}

static void a_used_ticket_opens_nothing(void **state) {
    (void)state;
    const char used[TICKET_TEXT_SIZE] = "";
    char zeros[TICKET_TEXT_SIZE] = "";
    assert_false(ticket_equal(used, ""));
    assert_false(ticket_equal(used, zeros));
    memset(zeros, 'A', sizeof zeros - 1);
    assert_false(ticket_equal(used, zeros));
}

static void ids_are_uuids_of_version_4(void **state) {
    (void)state;
    char a[TICKET_UUID_SIZE], b[TICKET_UUID_SIZE];
    for (int i = 0; i < 100; i++) {
        ticket_uuid(a);
        ticket_uuid(b);
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), 36);
        assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
        assert_int_equal(a[14], '4');
        assert_non_null(strchr("89ab", a[19]));
        for (int dash = 8; dash <= 23; dash += 5) assert_int_equal(a[dash], '-');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_is_128_random_bits),
        cmocka_unit_test(only_the_very_ticket_is_equal),
        cmocka_unit_test(a_used_ticket_opens_nothing),
        cmocka_unit_test(ids_are_uuids_of_version_4),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
