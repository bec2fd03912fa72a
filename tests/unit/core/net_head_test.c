/* Heads of requests: what is taken, what is waited for, and what is refused with which status. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "net_head.h"

#define HOST "Host: a\r\n"

static uint32_t status_of(const char *text, size_t len) {
    struct net_head_fault fault = {0};
    size_t head_len = 0;
    switch (net_head_check(text, len, &head_len, &fault)) {
    case NET_HEAD_GOOD: return head_len <= len ? 200 : 0;
    case NET_HEAD_MORE: return 100;
    default: return fault.status;
    }
}

static void heads(void **state) {
    static const struct {
        const char *text;
        uint32_t status; /* 100: more is waited for, 200: good */
    } cases[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", 200},
        {"GET /a?b=%41&c HTTP/1.1\r\n" HOST "X-Any: \xc3\xa4 \t\r\nX-None:\r\n\r\n", 200},
        {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 200},
        {"GET / HTTP/1.0\r\n\r\n", 200},
        {"OPTIONS /a HTTP/1.1\r\nHost: [::1]:7350\r\n\r\n", 200},
        {"", 100},
        {"GE", 100},
        {"GET / HTTP/1.1\r\n", 100},
        {"GET / HTTP/1.1\r\n" HOST, 100},
        {"GET / HTTP/1.1\r\n" HOST "\r", 100},
        {"GET / HTTP/1.1\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "host: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\ncontent-length: 1\r\n\r\n", 400},
        {"GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%0b%20 HTTP/1.1\r\n" HOST "\r\n", 200},
        {"GET /%0a%20 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /?a=%0D&b=1 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%4 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET a HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
        {"GET / http/1.1\r\n" HOST "\r\n", 400},
        {"GET /\r\n", 400},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"GET / HTTP/1.2\r\n" HOST "\r\n", 505},
        {"TRACE / HTTP/1.1\r\n" HOST "\r\n", 501},
        {"get / HTTP/1.1\r\n" HOST "\r\n", 501},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501},
        {"PRI * HTTP/2.0\r\n\r\n", 501},
        {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"\x16\x03\x01\x02", 400}, /* TLS, with a port that has none */
        {"RUBBISHWITHOUTANYBLANK", 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t status = status_of(cases[i].text, strlen(cases[i].text));
        if (status != cases[i].status) print_error("%s\n", cases[i].text);
        assert_int_equal(status, cases[i].status);
    }
    assert_int_equal(status_of("GET /\0 HTTP/1.1\r\n" HOST "\r\n", 27), 400);
}

static void a_broken_parameter_is_named(void **state) {
    static const struct {
        const char *target;
        const char *begin;
    } cases[] = {
        {"/v1/lobbies?region=%zz", "region: a percent sign"},
        {"/v1/lobbies?limit=5&map_name=a%4&region=%zz", "map_name: a percent sign"},
        {"/v1/lobbies?reg%zzion=1", "reg: a percent sign"},
        {"/v1/lobbies?%zz=1", "a percent sign"},
        {"/v1/lobbies?=%zz", "a percent sign"},
        {"/v1/lobbies?\"><b=%00", "a percent sign"},
        {"/region=%zz?a=b", "a percent sign"},
        {"/?a&%zz", "a percent sign"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct net_head_fault fault;
        char text[200];
        size_t head_len, len = (size_t)snprintf(text, sizeof text,
                                                "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].target);
        assert_int_equal(net_head_check(text, len, &head_len, &fault), NET_HEAD_BAD);
        if (strncmp(fault.detail, cases[i].begin, strlen(cases[i].begin)) != 0)
            fail_msg("%s: %s", cases[i].target, fault.detail);
    }
}

/* What is good is good only when its last byte has come, and is never refused before. */
static void a_head_in_pieces(void **state) {
    static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nX-Any: b\r\n\r\n";
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) assert_int_equal(status_of(text, len), 100);
    assert_int_equal(status_of(text, sizeof text - 1), 200);
    static const char longest[] = "ABCDEFGHIJKLMNO", longer[] = "ABCDEFGHIJKLMNOPQ ";
    assert_int_equal(status_of(longest, 15), 100); /* a method may become of it */
    assert_int_equal(status_of("ABCDEFGHIJKLMNO ", 16), 100);
    for (size_t len = 16; len <= 18; len++) assert_int_equal(status_of(longer, len), 400);
}

static void too_long(void **state) {
    static char text[NET_HEAD_MAX + 100];
    struct net_head_fault fault;
    size_t len = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    (void)state;
    memset(text + len, 'x', sizeof text - len);
    assert_int_equal(status_of(text, NET_HEAD_MAX - 1), 100);
    assert_int_equal(status_of(text, NET_HEAD_MAX), 431);
    memcpy(text + NET_HEAD_MAX - 4, "\r\n\r\n", 4);
    size_t head_len = 0;
    assert_int_equal(net_head_check(text, sizeof text, &head_len, &fault), NET_HEAD_GOOD);
    assert_int_equal(head_len, NET_HEAD_MAX);
    len = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "X: y\r\n");
    snprintf(text + len, sizeof text - len, "\r\n");
    assert_int_equal(status_of(text, strlen(text)), 431);
}

static void headers_are_counted(void **state) {
    (void)state;
    for (int count = 100; count <= 101; count++) { /* Host is one of them */
        char text[2048] = "GET / HTTP/1.1\r\n" HOST;
        for (int i = 1; i < count; i++) strcat(text, "X: y\r\n");
        strcat(text, "\r\n");
        assert_int_equal(status_of(text, strlen(text)), count == 100 ? 200 : 431);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(a_broken_parameter_is_named),
        cmocka_unit_test(headers_are_counted),
        cmocka_unit_test(a_head_in_pieces),
        cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
