/* Who connects: addresses, how many connections each has, trusted proxies, origins of pages. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "metrics.h"
#include "net_internal.h"

static int setup(void **state) {
    char error[CONFIG_ERROR_MAX] = "";
    const struct config_options options = {.port = -1};
    (void)state;
    setenv("MUSTER_PLUGINS", "", 1);
    setenv("MUSTER_NET_CONNECTIONS_PER_ADDRESS_MAX", "2", 1);
    setenv("MUSTER_NET_TRUSTED_PROXIES",
           "10.0.0.0/8,2001:db8::1,::ffff:172.16.0.0/108,192.168.0.0/0,192.168.7.0/24x", 1);
    setenv("MUSTER_NET_ALLOWED_ORIGINS", "https://play.example.org,null", 1);
    if (config_load(&options, error) != MUSTER_OK) return -1;
    return net_peer_init() == MUSTER_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    net_peer_deinit();
    config_unload();
    return 0;
}

static void a_64_is_one_party(void **state) {
    (void)state;
    struct conn conns[5] = {0};
    net_peer_add(&conns[0], "2001:db8:0:1::1");
    net_peer_add(&conns[1], "2001:db8:0:1:ffff:ffff:ffff:ffff");
    assert_false(conns[0].over_cap || conns[1].over_cap);
    net_peer_add(&conns[2], "2001:db8:0:1::2");
    assert_true(conns[2].over_cap);
    net_peer_add(&conns[3], "2001:db8:0:2::1");
    net_peer_add(&conns[4], "2001:db8:0:2::2");
    assert_false(conns[3].over_cap || conns[4].over_cap);
    assert_int_equal((int)metrics_values[METRIC_ADDRESSES], 2);
    for (int i = 0; i < 5; i++) net_peer_remove(&conns[i]);
}

/* Read as ranges of bans are: one rule for what an address text means. */
static void proxies_are_trusted_by_range(void **state) {
    (void)state;
    static const char *const trusted[] = {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3",
                                          "2001:db8::1", "172.31.255.255"};
    static const char *const others[] = {
        "9.255.255.255", "11.0.0.0", "2001:db8::2", "172.32.0.0", "::10.1.2.3",
        "192.168.7.1",   "8.8.8.8",  "::1",         "",           "10.0.0.0/8"};
    for (size_t i = 0; i < sizeof trusted / sizeof trusted[0]; i++)
        if (!net_proxy_trusted(trusted[i])) fail_msg("%s is no proxy", trusted[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (net_proxy_trusted(others[i])) fail_msg("%s is a proxy", others[i]);
}

static void ipv4_counts_by_address(void **state) {
    (void)state;
    struct conn conns[4] = {0};
    net_peer_add(&conns[0], "192.0.2.1");
    net_peer_add(&conns[1], "::ffff:192.0.2.1");
    net_peer_add(&conns[2], "192.0.2.2");
    assert_false(conns[1].over_cap || conns[2].over_cap);
    net_peer_add(&conns[3], "192.0.2.1");
    assert_true(conns[3].over_cap);
    for (int i = 0; i < 4; i++) net_peer_remove(&conns[i]);
}

static void a_record_goes_with_its_last_connection(void **state) {
    (void)state;
    struct conn first = {0}, second = {0};
    for (int i = 0; i < 200; i++) {
        char address[32];
        struct conn conn = {0};
        snprintf(address, sizeof address, "192.0.2.%d", i);
        net_peer_add(&conn, address);
        net_peer_remove(&conn);
        net_peer_remove(&conn); /* again: nothing */
    }
    assert_int_equal((int)metrics_values[METRIC_ADDRESSES], 0);
    net_peer_add(&first, "192.0.2.1");
    net_peer_add(&second, "192.0.2.1");
    net_peer_remove(&first);
    assert_int_equal((int)metrics_values[METRIC_ADDRESSES], 1);
    net_peer_add(&second, "192.0.2.9"); /* a proxy told who it is */
    assert_int_equal((int)metrics_values[METRIC_ADDRESSES], 1);
    net_peer_remove(&second);
    assert_int_equal((int)metrics_values[METRIC_ADDRESSES], 0);
}

/* Some more than the cap are let in, far enough to be told so. */
static void who_has_too_many_is_not_admitted(void **state) {
    (void)state;
    struct conn conns[18] = {0};
    for (int i = 0; i < 18; i++) {
        assert_true(net_peer_admit("192.0.2.1", false));
        net_peer_add(&conns[i], "192.0.2.1");
        assert_int_equal(conns[i].over_cap, i >= 2);
    }
    assert_false(net_peer_admit("192.0.2.1", false));
    assert_true(net_peer_admit("192.0.2.1", true)); /* a proxy stands for many */
    assert_true(net_peer_admit("192.0.2.2", false));
    net_peer_remove(&conns[0]);
    assert_true(net_peer_admit("192.0.2.1", false));
    for (int i = 0; i < 18; i++) net_peer_remove(&conns[i]);
}

static void who_comes_too_often_is_not_admitted(void **state) {
    (void)state;
    uint32_t admitted = 0;
    while (admitted < 1000 && net_peer_admit("192.0.2.1", false)) admitted++;
    assert_int_equal(admitted, 100); /* net.acceptBurst */
    assert_true(net_peer_admit("192.0.2.2", false));
    assert_true(net_peer_admit("192.0.2.1", true));
    while (net_peer_admit("2001:db8::1", false)) continue;
    assert_false(net_peer_admit("2001:db8::ffff:1", false)); /* the same /64 */
}

static void forwarded_lists(void **state) {
    static const struct {
        const char *header;
        const char *client; /* null: unreadable */
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {" 192.0.2.7\t", "192.0.2.7"},
        {"1.1.1.1, 192.0.2.7, 10.1.2.3", "192.0.2.7"},
        {"rubbish, 192.0.2.7", "192.0.2.7"}, /* what stands left is the client's own word */
        {"::ffff:192.0.2.8", "192.0.2.8"},
        {"2001:DB8::7,2001:db8::1", "2001:db8::7"},
        {"10.1.2.3", "10.1.2.3"},
        {"<b>", NULL},
        {"192.0.2.7, <b>", NULL},
        {"192.0.2.7,", NULL},
        {"192.0.2.7, unknown, 10.1.2.3", NULL},
        {",", NULL},
        {"192.0.2.7:1234567890123456789012345678901234567890123456789", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[NET_ADDRESS_MAX] = "";
        bool read = net_proxy_client(cases[i].header, out);
        assert_int_equal(read, cases[i].client != NULL);
        if (read) assert_string_equal(out, cases[i].client);
    }
}

static void origins(void **state) {
    static const struct {
        const char *origin, *host;
        enum net_origin judged;
    } cases[] = {
        {"", "game.example.org", NET_ORIGIN_NONE},
        {"http://game.example.org", "game.example.org", NET_ORIGIN_SAME},
        {"https://Game.example.org", "game.example.org", NET_ORIGIN_SAME},
        {"https://game.example.org", "game.example.org:443", NET_ORIGIN_SAME},
        {"http://game.example.org", "game.example.org:80", NET_ORIGIN_SAME},
        {"http://game.example.org:80", "game.example.org", NET_ORIGIN_SAME},
        {"https://game.example.org:443", "game.example.org", NET_ORIGIN_SAME},
        {"http://game.example.org:443", "game.example.org", NET_ORIGIN_FOREIGN},
        {"https://game.example.org:80", "game.example.org", NET_ORIGIN_FOREIGN},
        {"http://game.example.org", "game.example.org:8080", NET_ORIGIN_FOREIGN},
        {"http://127.0.0.1:7350", "127.0.0.1:7350", NET_ORIGIN_SAME},
        {"http://[::1]:7350", "[::1]:7350", NET_ORIGIN_SAME},
        {"http://127.0.0.1:8000", "127.0.0.1:7350", NET_ORIGIN_FOREIGN},
        {"http://127.0.0.1", "127.0.0.1:7350", NET_ORIGIN_FOREIGN},
        {"http://game.example.org.evil.example", "game.example.org", NET_ORIGIN_FOREIGN},
        {"http://game.example.or", "game.example.org", NET_ORIGIN_FOREIGN},
        {"http://", "game.example.org", NET_ORIGIN_FOREIGN},
        {"http://", ":80", NET_ORIGIN_FOREIGN}, /* of nobody */
        {"https://", ":443", NET_ORIGIN_FOREIGN},
        {"http://", "", NET_ORIGIN_FOREIGN},
        {"http://:80", "", NET_ORIGIN_FOREIGN},
        {"http://:80", ":443", NET_ORIGIN_FOREIGN},
        {"http://:80", ":80", NET_ORIGIN_SAME}, /* a port is not a usual one without a name */
        {"https://:443", ":443", NET_ORIGIN_SAME},
        {"game.example.org", "game.example.org", NET_ORIGIN_FOREIGN},
        {"http://evil.example", "", NET_ORIGIN_FOREIGN},
        {"https://play.example.org", "game.example.org", NET_ORIGIN_LISTED},
        {"http://play.example.org", "game.example.org", NET_ORIGIN_FOREIGN},
        {"null", "game.example.org", NET_ORIGIN_LISTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(net_origin_judge(cases[i].origin, cases[i].host), cases[i].judged);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_64_is_one_party),
        TEST(ipv4_counts_by_address),
        TEST(proxies_are_trusted_by_range),
        TEST(a_record_goes_with_its_last_connection),
        TEST(who_has_too_many_is_not_admitted),
        TEST(who_comes_too_often_is_not_admitted),
        TEST(forwarded_lists),
        TEST(origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
