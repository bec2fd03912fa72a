/* Ranges of addresses: what is one, what lies in it, to its edges. */
#include "test.h"

#include "address.h"

static void ranges_are_read_and_written(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7/32", "192.0.2.7"},
        {"192.0.2.7/24", "192.0.2.0/24"},
        {"192.0.2.255/31", "192.0.2.254/31"},
        {"10.1.2.3/1", "0.0.0.0/1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7/120", "192.0.2.0/24"},
        {"2001:db8::7", "2001:db8::7"},
        {"2001:db8:0:1:2::/64", "2001:db8:0:1::/64"},
        {"2001:db8::/1", "::/1"},
        {"2001:DB8::FF/121", "2001:db8::80/121"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct address_prefix prefix;
        char text[ADDRESS_PREFIX_TEXT_MAX];
        assert_true(address_prefix_read(pairs[i][0], &prefix));
        address_prefix_text(&prefix, text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void what_is_no_range_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "bob",
                                        "192.0.2",
                                        "192.0.2.7/",
                                        "192.0.2.7/0",
                                        "192.0.2.7/33",
                                        "192.0.2.7/-1",
                                        "192.0.2.7/+8",
                                        "192.0.2.7/8x",
                                        "192.0.2.7/4294967304",
                                        "2001:db8::/129",
                                        "2001:db8::/0",
                                        "/24",
                                        "192.0.2.7/24/8",
                                        " 192.0.2.7",
                                        "192.0.2.256"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address_prefix prefix;
        if (address_prefix_read(texts[i], &prefix)) fail_msg("\"%s\" is taken", texts[i]);
    }
}

static bool lies_in(const char *address, const char *range) {
    struct address_prefix prefix;
    assert_true(address_prefix_read(range, &prefix));
    return address_in(address, &prefix);
}

static void edges_of_ranges(void **state) {
    (void)state;
    assert_true(lies_in("192.0.2.0", "192.0.2.0/23"));
    assert_true(lies_in("192.0.3.255", "192.0.2.0/23"));
    assert_false(lies_in("192.0.1.255", "192.0.2.0/23"));
    assert_false(lies_in("192.0.4.0", "192.0.2.0/23"));
    assert_true(lies_in("::ffff:192.0.2.1", "192.0.2.0/24"));
    assert_true(lies_in("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"));
    assert_false(lies_in("2001:db8:0:1::", "2001:db8::/64"));
    assert_true(lies_in("2001:db8::7f", "2001:db8::/121"));
    assert_false(lies_in("2001:db8::80", "2001:db8::/121"));
    /* the IPv6 form of IPv4 is no door into IPv6 ranges, nor the other way */
    assert_false(lies_in("192.0.2.1", "::/1"));
    assert_false(lies_in("192.0.2.1", "::/64"));
    assert_false(lies_in("::1", "0.0.0.0/1"));
    assert_false(lies_in("", "192.0.2.0/24"));
    assert_false(address_in("192.0.2.1", &(struct address_prefix){.bits = 0}));
}

static void a_range_is_widened(void **state) {
    (void)state;
    struct address_prefix prefix;
    char text[ADDRESS_PREFIX_TEXT_MAX];
    assert_true(address_prefix_read("2001:db8:1:2:3::4", &prefix));
    address_prefix_cut(&prefix, 64);
    address_prefix_text(&prefix, text);
    assert_string_equal(text, "2001:db8:1:2::/64");
}

static void public_addresses(void **state) {
    static const char *const near[] = {
        "0.0.0.0",
        "10.255.255.255",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.2.1",
        "192.168.1.1",
        "198.19.255.255",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
        "fc00::1",
        "fdff::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "::ffff:10.0.0.1",
        "::7f00:1",
        "::ffff:7f00:1",
        "3fff::1",
        "name.example",
        "",
    };
    static const char *const far[] = {
        "1.1.1.1",         "9.255.255.255",  "11.0.0.0",   "100.63.255.255",
        "100.128.0.0",     "172.15.255.255", "172.32.0.0", "223.255.255.255",
        "2606:4700::1111", "2001:200::1",    "3ffe::1",    "::ffff:1.1.1.1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++)
        if (address_is_public(near[i])) fail_msg("public: %s", near[i]);
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        if (!address_is_public(far[i])) fail_msg("not public: %s", far[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(ranges_are_read_and_written),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(edges_of_ranges),
        cmocka_unit_test(a_range_is_widened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
