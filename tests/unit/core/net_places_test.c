/* How many connections there may be: as the operator says, as descriptors allow, and who makes
 * room when there are no more. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "loop.h"
#include "net_internal.h"

#define OTHERS (100 + 256) /* lobby.maxLobbies, and what else is open */

static struct rlimit limit;
static uint32_t limit_sets;

int __wrap_getrlimit(int resource, struct rlimit *out);
int __wrap_setrlimit(int resource, const struct rlimit *in);

int __wrap_getrlimit(int resource, struct rlimit *out) {
    assert_int_equal(resource, RLIMIT_NOFILE);
    *out = limit;
    return 0;
}

int __wrap_setrlimit(int resource, const struct rlimit *in) {
    assert_int_equal(resource, RLIMIT_NOFILE);
    limit = *in;
    limit_sets++;
    return 0;
}

static int setup(void **state) {
    char error[CONFIG_ERROR_MAX] = "";
    const struct config_options options = {.port = -1};
    (void)state;
    limit_sets = 0;
    limit = (struct rlimit){100000, 100000};
    net_state = (struct net){.phase = NET_UP};
    net_conn_parts = (struct net_conn_parts){.ends = net_place_leave, .gone = net_place_leave};
    setenv("MUSTER_PLUGINS", "", 1);
    setenv("MUSTER_NET_CONNECTIONS_MAX", "1000", 1);
    setenv("MUSTER_LOBBY_MAX_LOBBIES", "100", 1);
    if (config_load(&options, error) || loop_init(1) || net_peer_init()) return -1;
    return slots_init(&net_state.conns, 64, sizeof(struct conn)) ||
                   slots_init(&net_state.exchanges, 64, sizeof(struct exchange))
               ? -1
               : 0;
}

static int teardown(void **state) {
    (void)state;
    uint64_t id = 0;
    for (struct conn *conn; (conn = slots_next(&net_state.conns, &id));) net_conn_shut(conn);
    slots_deinit(&net_state.conns);
    slots_deinit(&net_state.exchanges);
    net_peer_deinit();
    loop_deinit();
    config_unload();
    return net_state.places[0].count || net_state.places[1].count ? -1 : 0;
}

/* ---- descriptors ---- */

static void there_are_as_many_as_descriptors_allow(void **state) {
    (void)state;
    static const struct {
        rlim_t now, hard;
        muster_status status;
        uint32_t places;
        rlim_t then; /* no more than are needed: net_places_fit says why */
    } cases[] = {
        {1024, 100000, MUSTER_OK, 1000, OTHERS + 1000},
        {OTHERS + 999, OTHERS + 1000, MUSTER_OK, 1000, OTHERS + 1000},
        {OTHERS + 1000, 100000, MUSTER_OK, 1000, OTHERS + 1000},
        {50000, 50000, MUSTER_OK, 1000, OTHERS + 1000},
        {1024, OTHERS + 999, MUSTER_OK, 999, OTHERS + 999},
        {1024, OTHERS + 16, MUSTER_OK, 16, OTHERS + 16},
        {300, OTHERS + 16, MUSTER_OK, 16, OTHERS + 16},
        {300, OTHERS + 15, MUSTER_INVALID, 0, 0},
        {64, 64, MUSTER_INVALID, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[NET_ERROR_MAX] = "";
        limit = (struct rlimit){cases[i].now, cases[i].hard};
        if (cases[i].now > cases[i].hard) limit.rlim_cur = cases[i].hard;
        limit_sets = 0;
        if (net_places_fit(error) != cases[i].status) fail_msg("case %zu", i);
        if (cases[i].status) {
            assert_non_null(strstr(error, "ulimit -Hn"));
            assert_int_equal(limit_sets, 0);
            continue;
        }
        assert_int_equal(net_state.places[false].max, cases[i].places);
        assert_int_equal(net_state.places[true].max, 32);
        assert_int_equal(limit.rlim_cur, cases[i].then);
        assert_int_equal(limit.rlim_max, cases[i].hard);
    }
}

/* ---- who makes room ---- */

static struct conn *come(bool admin) {
    uint64_t id = 0;
    struct conn *conn = slots_add(&net_state.conns, &id);
    assert_non_null(conn);
    conn->id = id;
    conn->admin = admin;
    conn->fd = dup(0);
    net_place_take(conn);
    return conn;
}

static bool is_here(uint64_t id) {
    return slots_find(&net_state.conns, id) != NULL;
}

static void the_longest_there_makes_room(void **state) {
    (void)state;
    net_state.places[false].max = 3;
    net_state.places[true].max = 1;
    uint64_t first = come(false)->id, second = come(false)->id;
    assert_true(net_place_make(false));
    assert_true(is_here(first) && is_here(second));
    uint64_t third = come(false)->id;
    assert_int_equal(net_state.places[false].count, 3);
    assert_true(net_place_make(false));
    assert_false(is_here(first));
    assert_true(is_here(second) && is_here(third));
    assert_int_equal(net_state.places[false].count, 2);
    uint64_t fourth = come(false)->id;
    net_keep(second); /* has signed in */
    net_keep(second);
    net_keep(first); /* is gone: nothing */
    assert_int_equal(net_state.places[false].count, 3);
    assert_true(net_place_make(false));
    assert_true(is_here(second) && !is_here(third));
    uint64_t fifth = come(false)->id;
    net_keep(fourth);
    net_keep(fifth);
    assert_false(net_place_make(false)); /* all have signed in */
    assert_int_equal(net_state.places[false].count, 3);
    net_conn_shut(slots_find(&net_state.conns, fourth));
    assert_true(net_place_make(false));
    assert_true(is_here(second) && is_here(fifth));
}

static void the_admin_has_places_of_its_own(void **state) {
    (void)state;
    net_state.places[false].max = net_state.places[true].max = 1;
    uint64_t player = come(false)->id;
    assert_true(net_place_make(true));
    uint64_t admin = come(true)->id;
    assert_int_equal(net_state.places[true].count, 1);
    assert_int_equal(net_state.places[false].count, 1);
    assert_true(net_place_make(true));
    assert_true(is_here(player) && !is_here(admin));
    come(true);
    assert_true(net_place_make(false));
    assert_false(is_here(player));
    assert_int_equal(net_state.places[true].count, 1);
}

static void who_waits_for_an_answer_does_not_make_room(void **state) {
    (void)state;
    net_state.places[false].max = 2;
    struct conn *asks = come(false), *begins = come(false);
    struct exchange *exchange = slots_add(&net_state.exchanges, &asks->exchange.value);
    struct exchange *begun = slots_add(&net_state.exchanges, &begins->exchange.value);
    exchange->id = asks->exchange;
    begun->id = begins->exchange;
    exchange->dispatched = exchange->answered = true; /* answered: nobody has to be told */
    uint64_t asking = asks->id, beginning = begins->id;
    assert_true(net_place_make(false));
    assert_true(is_here(asking) && !is_here(beginning));
    net_place_leave(asks);
    net_place_leave(asks);
    assert_int_equal(net_state.places[false].count, 0);
}

static void who_has_shown_the_token_does_not_make_room(void **state) {
    (void)state;
    net_state.places[true].max = 2;
    struct conn *listens = come(true), *stranger = come(true);
    struct exchange *exchange = slots_add(&net_state.exchanges, &listens->exchange.value);
    exchange->id = listens->exchange;
    exchange->conn = listens->id;
    exchange->dispatched = exchange->answered = exchange->streams = true;
    uint64_t listening = listens->id, first = stranger->id;
    net_admit(exchange->id);
    assert_true(net_place_make(true));
    assert_true(is_here(listening) && !is_here(first));
    come(true)->admitted = true;
    assert_false(net_place_make(true));
    assert_true(is_here(listening));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(there_are_as_many_as_descriptors_allow),
        TEST(the_longest_there_makes_room),
        TEST(the_admin_has_places_of_its_own),
        TEST(who_waits_for_an_answer_does_not_make_room),
        TEST(who_has_shown_the_token_does_not_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
