/* What one address and one player may still do, whatever they renew. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "loop.h"
#include "metrics.h"
#include "party.h"

static uint64_t now_ms;
uint64_t __wrap_loop_now_ms(void);
uint64_t __wrap_loop_now_ms(void) {
    return now_ms;
}

static int setup(void **state) {
    char error[CONFIG_ERROR_MAX] = "";
    const struct config_options options = {.port = -1};
    (void)state;
    now_ms = 1000000;
    setenv("MUSTER_PLUGINS", "", 1);
    setenv("MUSTER_LOBBY_CODE_TRIES_PER_MINUTE", "10", 1);
    setenv("MUSTER_LOBBY_CHAT_PER_FIVE_SECONDS", "5", 1);
    return config_load(&options, error) == MUSTER_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    party_deinit();
    config_unload();
    return 0;
}

static uint32_t taken(struct party *player, struct party *address, enum party_rate rate) {
    uint32_t count = 0;
    while (count < 10000 && party_take_both(player, address, rate, NULL)) count++;
    return count;
}

static void a_new_connection_has_no_new_bucket(void **state) {
    (void)state;
    struct party *player = party_hold_player("bob");
    assert_int_equal(taken(player, NULL, PARTY_CODE), 10);
    party_release(player);
    now_ms += 1000;
    player = party_hold_player("bob");
    uint32_t wait_ms = 0;
    assert_false(party_take(player, PARTY_CODE, &wait_ms));
    assert_in_range(wait_ms, 4900, 5001);
    now_ms += 5001;
    assert_int_equal(taken(player, NULL, PARTY_CODE), 1);
    party_release(player);
}

static void new_players_of_one_address_are_one_party(void **state) {
    (void)state;
    struct party *address = party_hold_address("192.0.2.1");
    struct party *other = party_hold_address("192.0.2.2");
    uint32_t codes = 0, lines = 0;
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof key, "guest %d", i);
        struct party *player = party_hold_player(key);
        codes += taken(player, address, PARTY_CODE);
        lines += taken(player, address, PARTY_CHAT);
        party_release(player);
    }
    assert_int_equal(codes, 10);
    assert_int_equal(lines, 40); /* eight people talk at one address */
    struct party *neighbour = party_hold_player("neighbour");
    assert_int_equal(taken(neighbour, other, PARTY_CODE), 10);
    party_release(neighbour);
    party_release(address);
    party_release(other);
}

/* What the address refuses is not lost to the player, who may have another one. */
static void both_or_neither(void **state) {
    (void)state;
    struct party *address = party_hold_address("192.0.2.1");
    struct party *greedy = party_hold_player("greedy");
    struct party *player = party_hold_player("bob");
    assert_int_equal(taken(greedy, address, PARTY_CODE), 10);
    assert_int_equal(taken(player, address, PARTY_CODE), 0);
    assert_int_equal(taken(player, NULL, PARTY_CODE), 10);
    party_release(player);
    party_release(greedy);
    party_release(address);
}

static void an_ipv6_party_is_a_64(void **state) {
    (void)state;
    struct party *one = party_hold_address("2001:db8:0:1::1");
    struct party *same = party_hold_address("2001:db8:0:1:ffff::2");
    struct party *other = party_hold_address("2001:db8:0:2::1");
    struct party *mapped = party_hold_address("::ffff:192.0.2.1");
    struct party *plain = party_hold_address("192.0.2.1");
    assert_ptr_equal(one, same);
    assert_ptr_not_equal(one, other);
    assert_ptr_equal(mapped, plain);
    assert_ptr_not_equal(mapped, one);
    party_release(one);
    party_release(same);
    party_release(other);
    party_release(mapped);
    party_release(plain);
}

static void a_player_named_like_an_address_is_not_one(void **state) {
    (void)state;
    struct party *address = party_hold_address("192.0.2.1");
    struct party *player = party_hold_player("192.0.2.1");
    assert_ptr_not_equal(address, player);
    party_release(address);
    party_release(player);
}

static void records_go_when_nobody_has_used_them_for_long(void **state) {
    (void)state;
    struct party *held = party_hold_address("192.0.2.200");
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "192.0.2.%d", i);
        party_release(party_hold_address(text));
    }
    assert_int_equal((int)metrics_values[METRIC_PARTIES], 101);
    now_ms += 121000;
    party_release(party_hold_address("198.51.100.1"));
    assert_int_equal((int)metrics_values[METRIC_PARTIES], 2);
    party_release(held);
}

static void kept_records_are_bounded(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        char key[32];
        snprintf(key, sizeof key, "player %u", i);
        party_release(party_hold_player(key));
    }
    assert_in_range((int)metrics_values[METRIC_PARTIES], 16384, 16386);
}

/* What one player may do at once, and all players of one address together. */
static void each_rate_has_its_own_numbers(void **state) {
    (void)state;
    static const struct {
        enum party_rate rate;
        uint32_t player, address; /* 0: an address is not limited */
        uint32_t full_ms;         /* until all of it is there again */
    } cases[] = {
        {PARTY_STRANGER, 400, 400, 4000}, {PARTY_MESSAGE, 200, 0, 2000},
        {PARTY_REQUEST, 40, 320, 2000},   {PARTY_CHAT, 5, 40, 5000},
        {PARTY_CREATE, 30, 30, 60000},    {PARTY_CODE, 10, 10, 60000},
        {PARTY_FIND, 30, 120, 60000},
    };
    struct party *player = party_hold_player("bob"), *address = party_hold_address("192.0.2.1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int round = 0; round < 2; round++) {
            uint32_t together = 0;
            assert_int_equal(taken(player, NULL, cases[i].rate), cases[i].player);
            while (together < 1000 && party_take(address, cases[i].rate, NULL)) together++;
            assert_int_equal(together, cases[i].address ? cases[i].address : 1000);
            now_ms += cases[i].full_ms + 1;
        }
    }
    party_release(player);
    party_release(address);
}

/* Held twice, it stays when one lets go; and its time begins when the last one does. */
static void a_record_lives_while_somebody_holds_it(void **state) {
    (void)state;
    struct party *party = party_hold(party_hold_address("192.0.2.1"));
    party_release(party);
    now_ms += 500000;
    party_release(party_hold_address("192.0.2.2"));
    assert_int_equal((int)metrics_values[METRIC_PARTIES], 2);
    party_release(party);
    now_ms += 120000;
    party_release(party_hold_address("192.0.2.3"));
    assert_int_equal((int)metrics_values[METRIC_PARTIES],
                     3); /* two whose time is just not over, and this one */
    now_ms += 1;
    party_release(party_hold_address("192.0.2.3"));
    assert_int_equal((int)metrics_values[METRIC_PARTIES], 1);
}

/* Eight names of plugins are remembered for one party; the one not used for longest makes room. */
static void the_oldest_name_makes_room(void **state) {
    (void)state;
    struct party *player = party_hold_player("bob");
    char name[16];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "rules/%d", i);
        now_ms += 1;
        assert_true(party_take_named(player, NULL, name, 1, 1, NULL));
    }
    assert_false(party_take_named(player, NULL, "rules/0", 1, 1, NULL));
    assert_false(party_take_named(player, NULL, "rules/7", 1, 1, NULL));
    now_ms += 1;
    assert_false(party_take_named(player, NULL, "rules/0", 1, 1, NULL)); /* used again */
    assert_true(party_take_named(player, NULL, "rules/8", 1, 1, NULL));
    assert_false(party_take_named(player, NULL, "rules/0", 1, 1, NULL));
    assert_true(party_take_named(player, NULL, "rules/1", 1, 1, NULL));
    party_release(player);
}

static void dear_work_is_paid_afterwards(void **state) {
    (void)state;
    struct party *address = party_hold_address("192.0.2.1");
    uint32_t wait_ms = 0;
    assert_true(party_take(address, PARTY_STRANGER, NULL));
    party_charge(address, PARTY_STRANGER, party_price(4096 * 500, 0));
    assert_false(party_take(address, PARTY_STRANGER, &wait_ms));
    assert_in_range(wait_ms, 1000, 1050); /* 400 at once, 100 a second: 501 were used */
    now_ms += wait_ms;
    assert_true(party_take(address, PARTY_STRANGER, NULL));
    assert_true(party_price(0, 1000) > 9.9 && party_price(0, 1000) < 10.1);
    party_release(address);
}

static void names_of_plugins_have_limits_of_their_own(void **state) {
    (void)state;
    struct party *address = party_hold_address("192.0.2.1");
    uint32_t passwords = 0, wait_ms = 0;
    for (int i = 0; i < 8; i++) {
        char key[16];
        snprintf(key, sizeof key, "guest %d", i);
        struct party *player = party_hold_player(key);
        uint32_t own = 0;
        while (party_take_named(player, address, "rules/password", 5, 20, &wait_ms)) own++;
        assert_true(own <= 5);
        passwords += own;
        party_release(player);
    }
    assert_int_equal(passwords, 20);
    assert_in_range(wait_ms, 2900, 3001);
    struct party *player = party_hold_player("guest 7");
    assert_true(party_take_named(player, address, "rules/vote", 5, 20, NULL));
    party_release(player);
    party_release(address);
}

static void a_lifted_player_is_not_counted(void **state) {
    (void)state;
    struct party *player = party_hold_player("engine:1");
    struct party *address = party_hold_address("127.0.0.1");
    party_lift(player);
    assert_int_equal(taken(player, address, PARTY_CODE), 10000);
    party_release(player);
    party_release(address);
}

static void nothing_is_taken_from_nobody(void **state) {
    (void)state;
    uint32_t wait_ms = 0;
    assert_false(party_take(NULL, PARTY_REQUEST, &wait_ms));
    assert_true(wait_ms > 0);
    party_charge(NULL, PARTY_REQUEST, 5);
    party_release(NULL);
}

/* Out of memory: nothing is given, and it is told when to come back. */
static void nobody_gets_nothing(void **state) {
    uint32_t wait_ms = 0;
    (void)state;
    assert_false(party_take(NULL, PARTY_REQUEST, &wait_ms));
    assert_int_equal(wait_ms, 1000);
    wait_ms = 0;
    assert_false(party_take_named(NULL, NULL, "rules/0", 9, 9, &wait_ms));
    assert_int_equal(wait_ms, 1000);
    party_charge(NULL, PARTY_REQUEST, 1);
    party_lift(NULL);
    party_release(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_connection_has_no_new_bucket),
        TEST(new_players_of_one_address_are_one_party),
        TEST(both_or_neither),
        TEST(nobody_gets_nothing),
        TEST(an_ipv6_party_is_a_64),
        TEST(a_player_named_like_an_address_is_not_one),
        TEST(records_go_when_nobody_has_used_them_for_long),
        TEST(kept_records_are_bounded),
        TEST(each_rate_has_its_own_numbers),
        TEST(a_record_lives_while_somebody_holds_it),
        TEST(the_oldest_name_makes_room),
        TEST(dear_work_is_paid_afterwards),
        TEST(names_of_plugins_have_limits_of_their_own),
        TEST(a_lifted_player_is_not_counted),
        TEST(nothing_is_taken_from_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
