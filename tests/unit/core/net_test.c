/* net: WebSocket and HTTP on real sockets, mostly against clients that misbehave. */
#include "counted.h"
#include "net_rig.h"

#include <stdatomic.h>

#include "metrics.h"

#define SNAPSHOT_BYTES 4000

static atomic_int opened_count;
static atomic_int batch_count;
/* What the client cannot see on its socket. */
static struct counted closed_count = COUNTED;
static struct counted request_closed_count = COUNTED;
static struct counted drained_count = COUNTED;
static struct counted skipped_count = COUNTED;
static struct counted many_count = COUNTED;
static atomic_bool admit = true;
static char address_seen[64];
static muster_request_id later_id;
static conn_id snapshot_conn;
static uint8_t snapshot[NET_HEADROOM + SNAPSHOT_BYTES];

/* Net's clock stands still, so that no deadline passes while this machine has other things to do.
 */
static atomic_bool stands;
static atomic_ullong shown_ms; /* while it stands */
static atomic_ullong ahead_ms; /* of the real one, when it goes on */

uint64_t __real_loop_now_ms(void);
uint64_t __wrap_loop_now_ms(void);
uint64_t __wrap_loop_now_ms(void) {
    return atomic_load(&stands) ? atomic_load(&shown_ms)
                                : __real_loop_now_ms() + atomic_load(&ahead_ms);
}

static void clock_stop(void) {
    atomic_store(&shown_ms, loop_now_ms());
    atomic_store(&stands, true);
}

/* All that waits has waited too long. */
static void clock_jump(void) {
    atomic_fetch_add(&shown_ms, 60000);
}

static void clock_go_on(void) {
    clock_jump();
    atomic_store(&ahead_ms, atomic_load(&shown_ms) - __real_loop_now_ms());
    atomic_store(&stands, false);
}

static bool on_admit(const char *address) {
    snprintf(address_seen, sizeof address_seen, "%s", address);
    return admit;
}

static void *on_open(conn_id conn, const char *address) {
    (void)conn;
    (void)address;
    atomic_fetch_add(&opened_count, 1);
    return &opened_count;
}

static void send_many(conn_id conn, uint32_t count) {
    char text[1024];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%-1000u", i);
        net_send_text(conn, text, 1000);
    }
}

/* The lengths at which the head of a frame, or the way it is written, is another one. */
static const uint32_t sizes[] = {1, 125, 126, 1000, 5, 16370, 16376, 16380, 16384, 17, 65535, 3};
#define SIZES_COUNT (sizeof sizes / sizeof sizes[0])

static void send_sizes(conn_id conn) {
    static char text[65536];
    for (uint32_t i = 0; i < SIZES_COUNT; i++) {
        memset(text, 'a' + (int)i, sizes[i]);
        if (i % 3 == 2)
            net_send_binary(conn, (const uint8_t *)text, sizes[i]);
        else
            net_send_text(conn, text, sizes[i]);
    }
}

/* Snapshots until the connection holds one back. */
static void fill_up(conn_id conn) {
    snapshot_conn = conn;
    while (net_send_snapshot(conn, snapshot + NET_HEADROOM, SNAPSHOT_BYTES) == NET_SENT) {
    }
    counted_add(&skipped_count);
}

static bool on_text(conn_id conn, void *user, const char *data, uint32_t len) {
    (void)user;
    if (len == 5 && memcmp(data, "close", 5) == 0) {
        net_close(conn, 4004, "as you wish");
        return false;
    }
    if (len > 5 && memcmp(data, "many ", 5) == 0) {
        send_many(conn, (uint32_t)strtoul(data + 5, NULL, 10));
        counted_add(&many_count);
        return true;
    }
    if (len == 5 && memcmp(data, "sizes", 5) == 0) {
        send_sizes(conn);
        return true;
    }
    if (len == 4 && memcmp(data, "fill", 4) == 0) {
        fill_up(conn);
        return true;
    }
    net_send_text(conn, data, len);
    return true;
}

static void on_drained(conn_id conn, void *user) {
    (void)user;
    (void)conn;
    counted_add(&drained_count);
}

static void on_closed(conn_id conn, void *user) {
    (void)conn;
    (void)user;
    counted_add(&closed_count);
}

static void on_later(void *user) {
    (void)user;
    rig_respond(later_id, 200, "later", 5);
}

static void respond_injected(muster_request_id id) {
    const struct muster_http_header header = {"x-name", "value\r\nset-cookie: a=b"};
    const struct muster_http_response response = {
        .size = sizeof response, .status = 200, .headers = &header, .header_count = 1};
    (void)net_http_respond(id, &response);
}

static void respond_facts(const struct muster_http_request *request) {
    char text[512];
    int len =
        snprintf(text, sizeof text, "%s|%s|%s|%s|%s", request->method, request->path,
                 request->query, net_http_header(request->id, "authorization"), request->address);
    rig_respond(request->id, 200, text, (size_t)len);
}

static void on_request(const struct net_http_request *request) {
    static char big[1048576];
    const struct muster_http_request *facts = &request->request;
    if (strcmp(facts->path, "/later") == 0) {
        later_id = facts->id;
        loop_timer_start(30, 0, on_later, NULL);
    } else if (strcmp(facts->path, "/big") == 0) {
        memset(big, 'b', sizeof big);
        rig_respond(facts->id, 200, big, sizeof big);
    } else if (strcmp(facts->path, "/echo") == 0) {
        rig_respond(facts->id, 200, facts->body.data, facts->body.len);
    } else if (strcmp(facts->path, "/inject") == 0) {
        respond_injected(facts->id);
    } else if (strcmp(facts->path, "/empty") == 0) {
        rig_respond(facts->id, 204, NULL, 0);
    } else if (strcmp(facts->path, "/never") != 0) {
        respond_facts(facts);
    }
}

static void on_request_closed(muster_request_id id) {
    (void)id;
    counted_add(&request_closed_count);
}

static void on_batch(void) {
    atomic_fetch_add(&batch_count, 1);
}

static const struct net_handlers handlers = {
    .ws_admit = on_admit,
    .ws_open = on_open,
    .ws_text = on_text,
    .ws_drained = on_drained,
    .ws_closed = on_closed,
    .http_request = on_request,
    .http_closed = on_request_closed,
    .rx_batch = on_batch,
};

static int setup(void **state) {
    (void)state;
    setenv("MUSTER_NET_ACCEPT_PER_SECOND", "100000", 1);
    setenv("MUSTER_NET_ACCEPT_BURST", "100000", 1);
    counted_set(&closed_count, 0);
    counted_set(&request_closed_count, 0);
    atomic_store(&opened_count, 0);
    counted_set(&drained_count, 0);
    counted_set(&skipped_count, 0);
    counted_set(&many_count, 0);
    atomic_store(&batch_count, 0);
    atomic_store(&admit, true);
    if (rig_start(&handlers) != 0) return -1;
    clock_stop();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unsetenv("MUSTER_NET_CONNECTIONS_PER_ADDRESS_MAX");
    unsetenv("MUSTER_NET_TRUSTED_PROXIES");
    unsetenv("MUSTER_NET_IDLE_PING_S");
    unsetenv("MUSTER_NET_IDLE_HANGUP_S");
    clock_go_on();
    return rig_stop();
}

/* ---- WebSocket ---- */

static const char *echo_script(void) {
    char data[65536];
    int opcode = 0;
    int fd = wire_ws();
    EXPECT(fd >= 0);
    wire_text(fd, "h\xc3\xa4llo");
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 6 && opcode == WIRE_TEXT);
    EXPECT(strcmp(data, "h\xc3\xa4llo") == 0);
    memset(data, 7, 16384); /* longer than one read of libwebsockets */
    wire_frame(fd, WIRE_FIN | WIRE_BINARY, data, 16384);
    memset(data, 0, sizeof data);
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 16384 && opcode == WIRE_BINARY);
    EXPECT(data[0] == 7 && data[16383] == 7);
    wire_frame(fd, WIRE_FIN | WIRE_TEXT, "", 0);
    wire_frame(fd, WIRE_FIN | WIRE_PING, "p", 1);
    do {
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) >= 0);
    } while (opcode != WIRE_PONG);
    EXPECT(strcmp(data, "p") == 0);
    wire_frame(fd, WIRE_FIN | WIRE_CLOSE, "\x03\xe8", 2);
    EXPECT(wire_close_code(fd) == 1000);
    EXPECT(wire_ended(fd));
    close(fd);
    EXPECT(counted_wait(&closed_count, 1));
    return NULL;
}

static void echo(void **state) {
    (void)state;
    rig_run(echo_script);
    assert_string_equal(address_seen, "127.0.0.1");
    assert_int_equal(opened_count, 1);
}

/* What is said in one turn leaves together, and arrives as it was said. */
static const char *sizes_script(void) {
    static char data[65537];
    int opcode = 0;
    int fd = wire_ws();
    EXPECT(fd >= 0);
    wire_text(fd, "sizes");
    for (uint32_t i = 0; i < SIZES_COUNT; i++) {
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == (int)sizes[i]);
        EXPECT(opcode == (i % 3 == 2 ? WIRE_BINARY : WIRE_TEXT));
        EXPECT(data[0] == 'a' + (int)i && data[sizes[i] - 1] == 'a' + (int)i);
    }
    close(fd);
    return NULL;
}

static void sizes_of_one_turn(void **state) {
    (void)state;
    rig_run(sizes_script);
}

static const char *fragments_script(void) {
    char data[4096];
    int opcode = 0;
    int fd = wire_ws();
    EXPECT(fd >= 0);
    wire_frame(fd, WIRE_TEXT, "one ", 4);
    wire_frame(fd, WIRE_FIN | WIRE_PING, "", 0);
    wire_frame(fd, WIRE_CONTINUE, "two ", 4);
    wire_frame(fd, WIRE_FIN | WIRE_CONTINUE, "three", 5);
    do {
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) >= 0);
    } while (opcode == WIRE_PONG);
    EXPECT(strcmp(data, "one two three") == 0);
    for (int i = 0; i < 5; i++) { /* each fits, their sum does not */
        memset(data, 'x', sizeof data);
        wire_frame(fd, i == 0 ? WIRE_TEXT : WIRE_CONTINUE, data, sizeof data);
    }
    EXPECT(wire_close_code(fd) == 1009);
    close(fd);
    return NULL;
}

static void fragments(void **state) {
    (void)state;
    rig_run(fragments_script);
}

static const char *oversize_script(void) {
    static char data[16385];
    int fd = wire_ws();
    EXPECT(fd >= 0);
    memset(data, 'x', sizeof data);
    wire_frame(fd, WIRE_FIN | WIRE_TEXT, data, sizeof data);
    EXPECT(wire_close_code(fd) == 1009);
    close(fd);
    return NULL;
}

static void oversize(void **state) {
    (void)state;
    double before = metrics_values[METRIC_DROP_OVERSIZE];
    rig_run(oversize_script);
    assert_true(metrics_values[METRIC_DROP_OVERSIZE] > before);
}

static const char *bad_utf8_script(void) {
    int fd = wire_ws();
    EXPECT(fd >= 0);
    wire_text(fd, "ab\xff");
    EXPECT(wire_close_code(fd) == 1007);
    close(fd);
    return NULL;
}

static void bad_utf8(void **state) {
    (void)state;
    rig_run(bad_utf8_script);
}

static const char *close_script(void) {
    uint8_t data[256];
    int opcode = 0;
    int fd = wire_ws();
    EXPECT(fd >= 0);
    wire_text(fd, "close");
    wire_text(fd, "not delivered");
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 13 && opcode == WIRE_CLOSE);
    EXPECT((data[0] << 8 | data[1]) == 4004);
    EXPECT(strcmp((char *)data + 2, "as you wish") == 0);
    wire_frame(fd, WIRE_FIN | WIRE_CLOSE, data, 2);
    EXPECT(wire_ended(fd));
    close(fd);
    EXPECT(counted_wait(&closed_count, 1));
    return NULL;
}

static void close_codes(void **state) {
    (void)state;
    rig_run(close_script);
}

static const char *refusals_script(void) {
    static const char *const proto = "Sec-WebSocket-Protocol: muster.v1\r\n";
    int fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", "") == 400);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: other.v1, muster.v10\r\n") == 400);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster-http, muster.v1\r\n") != 101);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/wss", proto) == 404);
    close(fd);
    fd = wire_connect_to(net_admin_port());
    EXPECT(wire_upgrade(fd, "/ws", proto) == 404);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: x, muster.v1\r\n") == 101);
    close(fd);
    atomic_store(&admit, false);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", proto) == 503);
    close(fd);
    return NULL;
}

static void refusals(void **state) {
    (void)state;
    rig_run(refusals_script);
}

static const char *h2c_script(void) {
    int fd = wire_connect();
    EXPECT(wire_status(fd,
                       "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                       "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n") == 400);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 501);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nhello") == 501);
    close(fd);
    fd = wire_connect();
    int status = wire_status(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                 "Upgrade: gopher\r\n\r\n");
    EXPECT(status == 400);
    close(fd);
    return NULL;
}

static void h2c_and_kin(void **state) {
    (void)state;
    rig_run(h2c_script);
}

/* A client that reads late gets everything in order; one that would need more is closed. */
static const char *slow_reader_script(void) {
    char data[2048];
    int opcode = 0;
    int small = 4096;
    int fd = wire_connect();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101);
    for (int round = 0; round < 4; round++) { /* what was read has made room */
        wire_text(fd, "many 60");
        wire_text(fd, "after");
        for (int i = 0; i < 60; i++) {
            EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 1000);
            EXPECT(atoi(data) == i);
        }
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 5);
        EXPECT(strcmp(data, "after") == 0);
    }
    close(fd);
    return NULL;
}

static void slow_reader(void **state) {
    (void)state;
    rig_run(slow_reader_script);
}

static const char *overflow_script(void) {
    int small = 4096;
    int fd = wire_connect();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101);
    wire_text(fd, "many 20000");
    EXPECT(counted_wait(&many_count, 1));
    clock_jump();
    EXPECT(counted_wait(&closed_count, 1)); /* though nothing was read */
    close(fd);
    fd = wire_connect();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101);
    wire_text(fd, "many 20000");
    EXPECT(wire_close_code(fd) == 4006); /* to one that reads after all */
    close(fd);
    return NULL;
}

static void overflow(void **state) {
    (void)state;
    rig_run(overflow_script);
}

static const char *snapshot_script(void) {
    static uint8_t data[SNAPSHOT_BYTES + 1];
    int opcode = 0;
    int small = 4096;
    int fd = wire_connect();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101);
    wire_text(fd, "fill");
    EXPECT(counted_wait(&skipped_count, 1));
    EXPECT(counted_get(&drained_count) == 0);
    wire_text(fd, "end"); /* queued behind what is held back */
    do {
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) >= 0);
        EXPECT(opcode == WIRE_TEXT || (data[0] == 0x55 && data[SNAPSHOT_BYTES - 1] == 0x55));
    } while (opcode == WIRE_BINARY);
    EXPECT(memcmp(data, "end", 3) == 0);
    EXPECT(counted_wait(&drained_count, 1));
    close(fd);
    EXPECT(counted_wait(&closed_count, 1));
    return NULL;
}

static void snapshots(void **state) {
    (void)state;
    memset(snapshot, 0x55, sizeof snapshot);
    rig_run(snapshot_script);
    assert_int_equal(net_send_snapshot(snapshot_conn, snapshot + NET_HEADROOM, 10), NET_GONE);
    for (uint32_t i = NET_HEADROOM; i < sizeof snapshot; i++) {
        assert_int_equal(snapshot[i], 0x55);
    }
}

static const char *batch_script(void) {
    char data[64];
    int opcode = 0;
    int fd = wire_ws();
    EXPECT(fd >= 0);
    for (int i = 0; i < 64; i++) wire_text(fd, "x");
    for (int i = 0; i < 64; i++) EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 1);
    close(fd);
    return NULL;
}

static void rx_batch(void **state) {
    (void)state;
    rig_run(batch_script);
    assert_int_equal(batch_count, 2);
}

static int setup_idle(void **state) {
    setenv("MUSTER_NET_IDLE_PING_S", "1", 1);
    setenv("MUSTER_NET_IDLE_HANGUP_S", "3", 1);
    return setup(state);
}

/* One answers pings and stays, one is silent and goes. */
static const char *idle_script(void) {
    char data[256];
    int opcode = 0;
    int silent = wire_ws();
    int lively = wire_ws();
    EXPECT(silent >= 0 && lively >= 0);
    for (int i = 0; i < 2; i++) {
        EXPECT(wire_frame_read(lively, &opcode, data, sizeof data) >= 0 && opcode == WIRE_PING);
        wire_frame(lively, WIRE_FIN | WIRE_PONG, "", 0);
    }
    EXPECT(wire_frame_read(silent, &opcode, data, sizeof data) >= 0 && opcode == WIRE_PING);
    EXPECT(wire_close_code(silent) <= 0);
    EXPECT(wire_ended(silent));
    EXPECT(counted_wait(&closed_count, 1));
    wire_text(lively, "here");
    do {
        EXPECT(wire_frame_read(lively, &opcode, data, sizeof data) >= 0);
    } while (opcode == WIRE_PING);
    EXPECT(strcmp(data, "here") == 0);
    close(silent);
    close(lively);
    return NULL;
}

static void idle(void **state) {
    (void)state;
    rig_run(idle_script);
}

/* ---- HTTP ---- */

static const char *keep_alive_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "GET /a?x=%26%3D&y=a+b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "GET|/a|x=%26%3D&y=a%20b|Bearer t|127.0.0.1") == 0);
    EXPECT(strcmp(wire_header(&answer, "content-type"), "text/plain") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
    wire_send(fd, "dy");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "body") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "later") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "HEAD /later HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, false) == 200);
    EXPECT(answer.body_len == 5);
    EXPECT(wire_status(fd, "GET /empty HTTP/1.1\r\nHost: a\r\n\r\n") == 204);
    EXPECT(wire_status(fd, "POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == 204);
    EXPECT(wire_status(fd, "PUT /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == 204);
    EXPECT(wire_status(fd, "DELETE /empty HTTP/1.1\r\nHost: a\r\n\r\n") == 204);
    wire_send(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(answer.body_len == 1048576 && answer.body[1048575] == 'b');
    wire_answer_free(&answer);
    wire_send(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(wire_header(&answer, "connection"), "close") == 0);
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd));
    close(fd);
    return NULL;
}

static void keep_alive(void **state) {
    (void)state;
    rig_run(keep_alive_script);
}

/* Requests sent ahead are not mixed up: what arrived with the one before is not answered. */
static const char *pipeline_script(void) {
    static const char *const ahead =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none";
    char request[512];
    struct wire_answer answer;
    int fd = wire_connect();
    snprintf(request, sizeof request, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n%s%s", ahead, ahead);
    wire_send(fd, request);
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "later") == 0);
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    snprintf(request, sizeof request, "%s%s", ahead, ahead);
    wire_send(fd, request);
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "one") == 0);
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd));
    close(fd);
    return NULL;
}

static void pipelining(void **state) {
    (void)state;
    rig_run(pipeline_script);
}

static const char *bad_http_script(void) {
    char long_request[20000];
    int fd = wire_connect();
    EXPECT(wire_status(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n\r\n") == 411);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n0\r\n\r\n") == 411);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "GET /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n0\r\n\r\n") != 200);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 16385\r\n\r\n") ==
           413);
    close(fd);
    fd = wire_connect();
    memset(long_request, 'x', sizeof long_request);
    wire_send(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
    wire_send_bytes(fd, long_request, sizeof long_request);
    EXPECT(wire_status(fd, "") == 413); /* the whole body was sent first */
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n") == 400);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                           "Content-Length: 5\r\n\r\nabcde") == 400);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "GET /inject HTTP/1.1\r\nHost: a\r\n\r\n") == 500);
    EXPECT(wire_status(fd, "BREW /a HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    snprintf(long_request, sizeof long_request, "GET /a?%016000d HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    EXPECT(wire_status(fd, long_request) == 431);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "GET /a?&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&& HTTP/1.1\r\nHost: a\r\n\r\n") ==
           200);
    close(fd);
    return NULL;
}

static void bad_http(void **state) {
    (void)state;
    rig_run(bad_http_script);
}

static const char *gone_script(void) {
    int fd = wire_connect();
    wire_send(fd, "GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    wire_send(fd, "GET /ahead HTTP/1.1\r\nHost: a\r\n\r\n"); /* waits unread */
    int silent = wire_connect();
    int other = wire_connect();
    EXPECT(wire_status(other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200); /* all are in */
    clock_jump();
    EXPECT(wire_ended(silent)); /* the handshake's time is over: it is the handler's time */
    EXPECT(counted_get(&request_closed_count) == 0);
    close(other);
    close(silent);
    close(fd);
    EXPECT(counted_wait(&request_closed_count, 1));
    return NULL;
}

static void client_gone(void **state) {
    (void)state;
    rig_run(gone_script);
}

static const char *slow_loris_script(void) {
    int silent = wire_connect();
    int slow = wire_connect();
    int body = wire_connect();
    int idle = wire_connect();
    wire_send(slow, "GET / HTTP/1.1\r\nHost");
    wire_send(body, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab");
    EXPECT(wire_status(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    clock_jump();
    EXPECT(wire_ended(silent));
    EXPECT(wire_status(slow, "") == 408);
    EXPECT(wire_ended(slow));
    clock_jump(); /* the answer may have been here before its connection's new time began */
    EXPECT(wire_ended(body));
    EXPECT(wire_ended(idle));
    close(silent);
    close(slow);
    close(body);
    close(idle);
    return NULL;
}

static void slow_loris(void **state) {
    (void)state;
    rig_run(slow_loris_script);
}

/* ---- Limits by address ---- */

static int setup_capped(void **state) {
    setenv("MUSTER_NET_CONNECTIONS_PER_ADDRESS_MAX", "2", 1);
    return setup(state);
}

static const char *cap_script(void) {
    int fds[30];
    int one = wire_ws();
    int two = wire_ws();
    EXPECT(one >= 0 && two >= 0);
    int three = wire_connect();
    EXPECT(wire_upgrade(three, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101);
    EXPECT(wire_close_code(three) == 4008);
    close(three);
    three = wire_connect();
    EXPECT(wire_status(three, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 429);
    close(three);
    close(two);
    EXPECT(counted_wait(&closed_count, 1));
    two = wire_ws();
    EXPECT(two >= 0);
    bool refused = false;
    for (int i = 0; i < 30; i++) fds[i] = wire_connect();
    for (int i = 29; i >= 20; i--) refused |= wire_ended(fds[i]);
    for (int i = 0; i < 30; i++) close(fds[i]);
    EXPECT(refused);
    close(one);
    close(two);
    return NULL;
}

static void connections_per_address(void **state) {
    (void)state;
    rig_run(cap_script);
}

static const char *gate_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    EXPECT(wire_status(fd, "GET / HTTP/1.1\nHost: a\n\n") == 400);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    wire_send(fd, "GET / HTTP/1.1\r\nHo"); /* in two pieces */
    wire_send(fd, "st: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    wire_answer_free(&answer);
    close(fd);
    fd = wire_connect();
    wire_send(fd, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 400);
    EXPECT(strstr(answer.head, "application/problem+json") != NULL);
    EXPECT(strstr(answer.body, "malformed_request") != NULL);
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd));
    close(fd);
    return NULL;
}

static void heads_at_the_gate(void **state) {
    (void)state;
    rig_run(gate_script);
}

static const char *unmasked_script(void) {
    static const uint8_t unmasked[] = {WIRE_FIN | WIRE_TEXT, 2, 'h', 'i'};
    char text[64];
    int opcode = 0;
    int fd = wire_ws();
    wire_send_bytes(fd, unmasked, sizeof unmasked);
    EXPECT(wire_close_code(fd) == 1002); /* and no echo before */
    close(fd);
    fd = wire_ws();
    wire_send_bytes(fd, "\x81", 1); /* a head in two pieces */
    wire_send_bytes(fd, "\x82\0\0\0\0ok", 7);
    EXPECT(wire_frame_read(fd, &opcode, text, sizeof text) == 2 && strcmp(text, "ok") == 0);
    close(fd);
    return NULL;
}

static void unmasked_frames(void **state) {
    (void)state;
    rig_run(unmasked_script);
}

static const char *origin_script(void) {
    static const char *const same =
        "Sec-WebSocket-Protocol: muster.v1\r\nOrigin: http://LOCALHOST\r\n";
    static const char *const foreign =
        "Sec-WebSocket-Protocol: muster.v1\r\nOrigin: http://evil.example\r\n";
    int fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", same) == 101);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", foreign) == 403);
    close(fd);
    return NULL;
}

static void foreign_pages(void **state) {
    (void)state;
    rig_run(origin_script);
}

static int setup_slow_accept(void **state) {
    (void)state;
    if (setup(state) != 0) return -1;
    clock_go_on();
    rig_stop();
    setenv("MUSTER_NET_ACCEPT_PER_SECOND", "1", 1);
    setenv("MUSTER_NET_ACCEPT_BURST", "3", 1);
    if (rig_start(&handlers) != 0) return -1;
    clock_stop();
    return 0;
}

static const char *accept_script(void) {
    for (int i = 0; i < 3; i++) {
        int fd = wire_connect();
        EXPECT(wire_status(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
        close(fd);
    }
    int refused = 0;
    for (int i = 0; i < 3; i++) {
        int fd = wire_connect();
        refused += wire_status(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 0;
        close(fd);
    }
    EXPECT(refused == 3);
    for (int i = 0; i < 5; i++) { /* the operator comes as often as needed */
        int fd = wire_connect_to(net_admin_port());
        EXPECT(wire_status(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
        close(fd);
    }
    return NULL;
}

static void accept_rate(void **state) {
    (void)state;
    double before = metrics_values[METRIC_CONNECTIONS_REFUSED];
    rig_run(accept_script);
    assert_true(metrics_values[METRIC_CONNECTIONS_REFUSED] == before + 3);
}

static int setup_proxied(void **state) {
    setenv("MUSTER_NET_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1", 1);
    setenv("MUSTER_NET_CONNECTIONS_PER_ADDRESS_MAX", "1", 1);
    return setup(state);
}

static const char *proxy_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.1.2.3\r\n"
                  "\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "GET|/a|||192.0.2.7") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ::ffff:192.0.2.8\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "GET|/a|||192.0.2.8") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n"
                  "X-Forwarded-For: 192.0.2.7\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "GET|/a|||192.0.2.7") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "GET|/a|||127.0.0.1") == 0); /* the proxy asks for itself */
    wire_answer_free(&answer);
    close(fd);
    static char unreadable[2][1600] = {"Sec-WebSocket-Protocol: muster.v1\r\n"
                                       "X-Forwarded-For: 192.0.2.7, <b>\r\n",
                                       "Sec-WebSocket-Protocol: muster.v1\r\nX-Forwarded-For: "};
    while (strlen(unreadable[1]) < 1400) strcat(unreadable[1], "1.1.1.1, ");
    strcat(unreadable[1], "192.0.2.7\r\n");
    for (int i = 0; i < 2; i++) {
        char request[4096];
        snprintf(request, sizeof request, "GET /a HTTP/1.1\r\nHost: a\r\n%s\r\n", unreadable[i]);
        int refused = wire_connect();
        EXPECT(wire_status(refused, request) == 400);
        close(refused);
        refused = wire_connect();
        EXPECT(wire_upgrade(refused, "/ws", unreadable[i]) == 400);
        close(refused);
    }
    static const char *const first =
        "Sec-WebSocket-Protocol: muster.v1\r\nX-Forwarded-For: 192.0.2.9\r\n";
    static const char *const other =
        "Sec-WebSocket-Protocol: muster.v1\r\nX-Forwarded-For: 192.0.2.10\r\n";
    int one = wire_connect();
    int two = wire_connect();
    int three = wire_connect();
    EXPECT(wire_upgrade(one, "/ws", first) == 101);
    EXPECT(wire_upgrade(two, "/ws", other) == 101);
    EXPECT(wire_upgrade(three, "/ws", first) == 101);
    EXPECT(wire_close_code(three) == 4008);
    close(one);
    close(two);
    close(three);
    return NULL;
}

static void trusted_proxy(void **state) {
    (void)state;
    rig_run(proxy_script);
}

/* ---- Start and stop ---- */

static void port_in_use(void **state) {
    (void)state;
    char error[256] = "";
    char port[16];
    uint32_t taken = net_port();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    assert_int_not_equal(taken, 0);
    assert_int_not_equal(net_admin_port(), 0);
    rig_net_stop();
    snprintf(port, sizeof port, "%u", ntohs(at.sin_port));
    setenv("MUSTER_NET_ADMIN_PORT", port, 1);
    config_unload();
    assert_int_equal(rig_config(), 0);
    const struct net_handlers whole = rig_handlers(&handlers);
    assert_int_equal(net_start(&whole, error), MUSTER_EXISTS);
    assert_non_null(strstr(error, port));
    setenv("MUSTER_NET_ADMIN_PORT", "0", 1);
    close(fd);
    while (!net_stopped()) loop_turn();
}

static int stop_fds[3];

static const char *stop_connect_script(void) {
    stop_fds[0] = wire_ws();
    stop_fds[1] = wire_connect();
    stop_fds[2] = wire_connect();
    EXPECT(stop_fds[0] >= 0);
    wire_send(stop_fds[1], "GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_status(stop_fds[2], "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    return NULL;
}

static void stop_tells_clients(void **state) {
    (void)state;
    rig_run(stop_connect_script);
    clock_go_on();
    rig_net_stop();
    assert_int_equal(wire_close_code(stop_fds[0]), 1001);
    assert_true(wire_ended(stop_fds[1]));
    assert_true(wire_ended(stop_fds[2]));
    for (int i = 0; i < 3; i++) close(stop_fds[i]);
    assert_int_equal(counted_get(&closed_count), 1);
    assert_int_equal(counted_get(&request_closed_count), 1);
    net_stop(); /* it has stopped */
    assert_true(net_stopped());
}

int main(void) {
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        NET_TEST(echo),
        NET_TEST(sizes_of_one_turn),
        NET_TEST(fragments),
        NET_TEST(oversize),
        NET_TEST(bad_utf8),
        NET_TEST(close_codes),
        NET_TEST(refusals),
        NET_TEST(h2c_and_kin),
        NET_TEST(slow_reader),
        NET_TEST(overflow),
        NET_TEST(snapshots),
        NET_TEST(rx_batch),
        cmocka_unit_test_setup_teardown(idle, setup_idle, teardown),
        NET_TEST(keep_alive),
        NET_TEST(pipelining),
        NET_TEST(bad_http),
        NET_TEST(client_gone),
        NET_TEST(slow_loris),
        cmocka_unit_test_setup_teardown(connections_per_address, setup_capped, teardown),
        NET_TEST(foreign_pages),
        NET_TEST(heads_at_the_gate),
        NET_TEST(unmasked_frames),
        cmocka_unit_test_setup_teardown(accept_rate, setup_slow_accept, teardown),
        cmocka_unit_test_setup_teardown(trusted_proxy, setup_proxied, teardown),
        NET_TEST(port_in_use),
        NET_TEST(stop_tells_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
