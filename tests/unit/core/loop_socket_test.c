/* loop_socket: UDP and TCP on the loopback, refusals, order of closing, bounds. */
#include "clock_ahead.h"
#include "test.h"

#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int setup(void **state) {
    (void)state;
    return loop_init(1);
}

static int teardown(void **state) {
    (void)state;
    loop_deinit();
    return 0;
}

static struct sockaddr_in loopback(uint32_t port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

/* The port of the first of this process's sockets for which the option has this value. */
static uint32_t port_of(int option, int wanted) {
    for (int fd = 0; fd < 256; fd++) {
        int value;
        struct sockaddr_in6 at; /* whose port lies where that of sockaddr_in does */
        socklen_t len = sizeof value, at_len = sizeof at;
        if (getsockopt(fd, SOL_SOCKET, option, &value, &len) || value != wanted) continue;
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &at_len), 0);
        return ntohs(at.sin6_port);
    }
    fail_msg("there is no such socket");
    return 0;
}

/* ---- UDP ---- */

struct udp_end {
    struct loop_udp *socket;
    uint32_t packets;
    uint32_t len;
    char data[64];
    bool answer;
};

static void on_packet(void *user, const struct sockaddr *from, uint32_t from_len, const void *data,
                      uint32_t len) {
    struct udp_end *end = user;
    assert_int_equal(from_len, sizeof(struct sockaddr_in));
    end->packets++;
    end->len = len;
    memcpy(end->data, data, len < sizeof(end->data) ? len : sizeof(end->data));
    if (end->answer) assert_int_equal(loop_udp_send(end->socket, from, "pong", 4), MUSTER_OK);
}

static void test_udp(void **state) {
    (void)state;
    muster_status status;
    struct udp_end server = {.answer = true};
    struct udp_end client = {0};
    server.socket = loop_udp_open("127.0.0.1", 0, on_packet, &server, &status);
    assert_non_null(server.socket);
    uint32_t port = port_of(SO_TYPE, SOCK_DGRAM);
    client.socket = loop_udp_open("127.0.0.1", 0, on_packet, &client, &status);
    assert_non_null(client.socket);
    struct sockaddr_in to = loopback(port);
    assert_int_equal(loop_udp_send(client.socket, (struct sockaddr *)&to, "ping", 4), MUSTER_OK);
    while (client.packets == 0) loop_turn();
    assert_memory_equal(server.data, "ping", 4);
    assert_memory_equal(client.data, "pong", 4);
    assert_int_equal(loop_udp_send(client.socket, (struct sockaddr *)&to, "", 65508), MUSTER_LIMIT);

    assert_null(loop_udp_open("127.0.0.1", port, on_packet, NULL, &status));
    assert_int_equal(status, MUSTER_EXISTS);
    assert_null(loop_udp_open("no address", 0, on_packet, NULL, &status));
    assert_int_equal(status, MUSTER_INVALID);
    assert_null(loop_udp_open("127.0.0.1", 70000, on_packet, NULL, &status));
    assert_int_equal(status, MUSTER_INVALID);
    loop_udp_close(server.socket);
    loop_udp_close(client.socket);
    loop_udp_close(NULL);
    while (loop_turn()) {
    }
}

/* ---- TCP ---- */

struct tcp_end {
    struct loop_tcp *listener;
    uint32_t port;
    struct loop_tcp *conn;
    uint32_t opened;
    uint32_t closed;
    uint32_t received;
    char address[64];
    bool echo_and_close;
};

static void on_open(void *user, struct loop_tcp *conn, const char *address) {
    struct tcp_end *end = user;
    end->opened++;
    end->conn = conn;
    strncpy(end->address, address, sizeof(end->address) - 1);
}

static void on_data(void *user, struct loop_tcp *conn, const void *data, uint32_t len) {
    struct tcp_end *end = user;
    end->received += len;
    if (!end->echo_and_close) return;
    assert_int_equal(loop_tcp_send(conn, data, len), MUSTER_OK);
    loop_tcp_close(conn);
    assert_int_equal(loop_tcp_send(conn, data, len), MUSTER_CLOSED);
}

static void on_close(void *user, struct loop_tcp *conn) {
    struct tcp_end *end = user;
    if (end->conn == conn) end->conn = NULL;
    end->closed++;
}

static const struct loop_tcp_handler handler = {on_open, on_data, on_close};

static muster_status listen_at(struct tcp_end *end, const char *address) {
    muster_status status;
    end->listener = loop_tcp_listen(address, 0, &handler, end, &status);
    if (end->listener) end->port = port_of(SO_ACCEPTCONN, 1);
    return status;
}

static void tcp_open(struct tcp_end *end, const char *address) {
    assert_int_equal(listen_at(end, address), MUSTER_OK);
    assert_true(end->port > 0);
}

static int tcp_connect(const struct tcp_end *end) {
    struct sockaddr_in to = loopback(end->port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void test_tcp_echo_and_close(void **state) {
    (void)state;
    struct tcp_end end = {.echo_and_close = true};
    tcp_open(&end, "127.0.0.1");
    int fd = tcp_connect(&end);
    assert_int_equal(write(fd, "hello", 5), 5);
    while (end.closed == 0) loop_turn();
    char data[16];
    assert_int_equal(read(fd, data, sizeof(data)), 5); /* sent before the close */
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(read(fd, data, sizeof(data)), 0);
    assert_int_equal(end.opened, 1);
    assert_int_equal(end.closed, 1);
    assert_string_equal(end.address, "127.0.0.1");
    close(fd);
    loop_tcp_close(end.listener);
    while (loop_turn()) {
    }
}

static void test_tcp_mapped_address(void **state) {
    (void)state;
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    if (probe < 0) skip();
    close(probe);
    struct tcp_end end = {0};
    if (listen_at(&end, "::")) skip();
    int fd = tcp_connect(&end);
    while (end.opened == 0) loop_turn();
    assert_string_equal(end.address, "127.0.0.1");
    close(fd);
    while (end.closed == 0) loop_turn();
    loop_tcp_close(end.listener);
    while (loop_turn()) {
    }
}

static void test_tcp_peer_ends(void **state) {
    (void)state;
    struct tcp_end end = {0};
    tcp_open(&end, "127.0.0.1");
    int fd = tcp_connect(&end);
    assert_int_equal(write(fd, "abc", 3), 3);
    close(fd);
    while (end.closed == 0) loop_turn();
    assert_int_equal(end.received, 3);
    assert_null(end.conn);
    /* Reset instead of an orderly end. */
    fd = tcp_connect(&end);
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    /* Whether it was opened at all depends on whether the reset came before it was accepted. */
    for (int i = 0; i < 50; i++) loop_turn();
    assert_int_equal(end.closed, end.opened);
    loop_tcp_close(end.listener);
    while (loop_turn()) {
    }
}

static void test_tcp_listener_closes_alone(void **state) {
    (void)state;
    struct tcp_end end = {0};
    tcp_open(&end, "127.0.0.1");
    int fd = tcp_connect(&end);
    while (end.opened == 0) loop_turn();
    loop_tcp_close(end.listener);
    for (int i = 0; i < 5; i++) loop_turn();
    assert_int_equal(end.closed, 0);
    assert_int_equal(write(fd, "x", 1), 1);
    while (end.received == 0) loop_turn();
    loop_tcp_close(end.conn);
    while (end.closed == 0) loop_turn();
    close(fd);
    while (loop_turn()) {
    }
    assert_int_equal(end.closed, 1);
}

static char block[65536];

/* As much as is taken for a peer who reads nothing. */
static size_t fill(struct loop_tcp *conn) {
    muster_status status = MUSTER_OK;
    size_t sent = 0;
    for (int i = 0; i < 100000 && status == MUSTER_OK; i++) {
        status = loop_tcp_send(conn, block, sizeof(block));
        if (status == MUSTER_OK) sent += sizeof(block);
        loop_turn();
    }
    assert_int_equal(status, MUSTER_FULL);
    return sent;
}

static void test_tcp_unsent_is_bounded(void **state) {
    struct tcp_end end = {0};
    tcp_open(&end, "127.0.0.1");
    int fd = tcp_connect(&end); /* reads nothing */
    while (end.opened == 0) loop_turn();
    assert_int_equal(loop_tcp_send(end.conn, block, 262145), MUSTER_FULL);
    assert_int_equal(loop_tcp_send(end.listener, block, 1), MUSTER_INVALID);
    size_t sent = fill(end.conn);
    /* What was taken arrives whole, in order, before the end; whoever of the two ends it. */
    if (*state)
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
    else
        loop_tcp_close(end.conn);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    size_t got = 0;
    for (ssize_t len = 1; len != 0;) {
        loop_turn();
        len = read(fd, block, sizeof(block));
        if (len > 0) got += (size_t)len;
        if (len < 0) assert_int_equal(errno, EAGAIN);
    }
    assert_int_equal(got, sent);
    while (end.closed == 0) loop_turn();
    close(fd);
    loop_tcp_close(end.listener);
    while (loop_turn()) {
    }
}

static void test_tcp_who_takes_nothing_is_cut(void **state) {
    (void)state;
    struct tcp_end end = {0};
    tcp_open(&end, "127.0.0.1");
    int fd = tcp_connect(&end);
    while (end.opened == 0) loop_turn();
    (void)fill(end.conn);
    loop_tcp_close(end.conn);
    clock_ahead_s += 4; /* of five seconds */
    for (int i = 0; i < 10; i++) loop_turn();
    assert_int_equal(end.closed, 0);
    clock_ahead_s += 2;
    for (int i = 0; i < 10; i++) loop_turn();
    assert_int_equal(end.closed, 1);
    close(fd);
    loop_tcp_close(end.listener);
    while (loop_turn()) {
    }
}

static void test_tcp_refusals(void **state) {
    (void)state;
    muster_status status;
    struct tcp_end end = {0};
    tcp_open(&end, "127.0.0.1");
    assert_null(loop_tcp_listen("127.0.0.1", end.port, &handler, NULL, &status));
    assert_int_equal(status, MUSTER_EXISTS);
    assert_null(loop_tcp_listen("example.org", 0, &handler, NULL, &status));
    assert_int_equal(status, MUSTER_INVALID);
    assert_null(loop_tcp_listen("203.0.113.7", 0, &handler, NULL, &status));
    assert_int_equal(status, MUSTER_UNAVAILABLE);
    loop_tcp_close(end.listener);
    while (loop_turn()) {
    }
}

static void test_deinit_closes_connections(void **state) {
    (void)state;
    struct tcp_end end = {0};
    tcp_open(&end, "127.0.0.1");
    int fd = tcp_connect(&end);
    while (end.opened == 0) loop_turn();
    loop_deinit();
    assert_int_equal(end.closed, 1);
    close(fd);
    assert_int_equal(loop_init(1), MUSTER_OK);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_udp),
        TEST(test_tcp_echo_and_close),
        TEST(test_tcp_mapped_address),
        TEST(test_tcp_peer_ends),
        TEST(test_tcp_listener_closes_alone),
        TEST(test_tcp_unsent_is_bounded),
        cmocka_unit_test_prestate_setup_teardown(test_tcp_unsent_is_bounded, setup, teardown,
                                                 "the peer ends it"),
        TEST(test_tcp_who_takes_nothing_is_cut),
        TEST(test_tcp_refusals),
        TEST(test_deinit_closes_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
