/* net: snapshots that leave together. The kernel is the real one; the test stands before it and
 * hands it less: a socket that takes a part or is broken, and a ring that fails, are rare things
 * otherwise. */
#include "counted.h"
#include "net_rig.h"

#include <liburing.h>

#define PLAYERS 3
#define CROWD 300 /* more than leave together */
#define NOBODY UINT32_MAX
#define SHORT 10
#define LONG 70000 /* more than leaves together */
#define TEXT_LONG (200u << 10)

static struct counted closed_count = COUNTED;
static conn_id conns[CROWD];
static uint32_t room;   /* bytes that are taken of each snapshot */
static uint32_t taken;  /* snapshots that are taken, then the ring fails */
static uint32_t broken; /* whose socket is */
static uint32_t submits, sends;

int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait) {
    struct io_uring_sq *queue = &ring->sq;
    uint32_t count = io_uring_sq_ready(ring);
    submits++;
    sends += count;
    for (uint32_t i = 0; i < count; i++) {
        struct io_uring_sqe *sqe = &queue->sqes[(queue->sqe_head + i) & *queue->kring_mask];
        if (sqe->len > room) sqe->len = room;
        if (i == broken) sqe->fd = -1;
    }
    if (taken >= count) return __real_io_uring_submit_and_wait(ring, wait);
    queue->sqe_tail -= count - taken;
    return taken == 0 ? -ENOMEM : __real_io_uring_submit_and_wait(ring, taken);
}

/* ---- the server's side ---- */

/* A snapshot that is made of its name. */
static enum net_sent snapshot(conn_id conn, char name, uint32_t len) {
    static uint8_t buffer[NET_HEADROOM + LONG];
    memset(buffer + NET_HEADROOM, name, len);
    enum net_sent sent = net_send_snapshot(conn, buffer + NET_HEADROOM, len);
    memset(buffer, 0, sizeof buffer); /* it was borrowed */
    return sent;
}

static void to_all(char name) {
    for (uint32_t i = 0; i < PLAYERS; i++)
        if (snapshot(conns[i], name, SHORT) != NET_SENT) abort();
}

static void act_together(uint32_t unused) {
    (void)unused;
    to_all('a');
    if (submits != 0) abort();
    net_flush_snapshots();
    if (submits != 1 || sends != PLAYERS) abort();
    net_flush_snapshots(); /* of nothing */
    if (submits != 1) abort();
    to_all('b'); /* at the end of the turn */
}

static void act_in_order(uint32_t unused) {
    static char text[TEXT_LONG];
    (void)unused;
    memset(text, 'e', sizeof text);
    to_all('a');
    (void)snapshot(conns[0], 'b', SHORT); /* the one before leaves first, and all with it */
    if (submits != 1 || sends != PLAYERS) abort();
    net_send_text(conns[0], "c", 1);
    (void)snapshot(conns[0], 'd', SHORT); /* behind the text */
    (void)snapshot(conns[1], 'b', SHORT);
    net_close(conns[1], 4001, "c");
    if (snapshot(conns[1], 'd', SHORT) != NET_GONE) abort();
    (void)snapshot(conns[2], 'b', SHORT);
    net_send_text(conns[2], text, sizeof text); /* more than may wait: now */
}

/* What is not taken comes whole, and what is newest behind it. */
static void act_short(uint32_t len) {
    room = len;
    to_all('a');
    net_flush_snapshots();
    room = UINT32_MAX;
    if (snapshot(conns[0], 'b', SHORT) != NET_SKIPPED) abort();
    net_send_text(conns[1], "b", 1);
    net_close(conns[2], 4001, "b");
}

static void act_failing(uint32_t count) {
    taken = count;
    to_all('a');
    net_flush_snapshots();
    for (uint32_t i = 0; i < PLAYERS; i++) {
        bool waits = i >= count;
        if (snapshot(conns[i], 'b', SHORT) != (waits ? NET_SKIPPED : NET_SENT)) abort();
    }
    net_flush_snapshots();
    if (submits != 1) abort(); /* there is none any more */
}

static void act_broken(uint32_t who) {
    broken = who;
    to_all('a');
    net_flush_snapshots();
    broken = NOBODY;
    to_all('b'); /* it has not been heard of yet */
}

static void act_crowd(uint32_t unused) {
    (void)unused;
    for (uint32_t i = 0; i < CROWD; i++)
        if (snapshot(conns[i], 'a', SHORT) != NET_SENT) abort();
}

static void act_long(uint32_t len) {
    (void)snapshot(conns[0], 'a', SHORT);
    (void)snapshot(conns[1], 'a', len);
    (void)snapshot(conns[2], 'a', SHORT);
}

static void (*act)(uint32_t how);
static uint32_t act_how;

/* "I": player I is there. "go": what the script has set. */
static bool on_text(conn_id conn, void *user, const char *data, uint32_t len) {
    (void)user;
    if (data[0] != 'g') {
        conns[strtoul(data, NULL, 10)] = conn;
        net_send_text(conn, data, len);
        return true;
    }
    submits = sends = 0;
    act(act_how);
    return true;
}

static void on_drained(conn_id conn, void *user) {
    (void)user;
    (void)snapshot(conn, 'z', SHORT);
}

static void on_closed(conn_id conn, void *user) {
    (void)conn;
    (void)user;
    counted_add(&closed_count);
}

static const struct net_handlers handlers = {
    .ws_text = on_text,
    .ws_drained = on_drained,
    .ws_closed = on_closed,
};

static int setup(void **state) {
    (void)state;
    setenv("MUSTER_NET_SEND_QUEUE_MAX_BYTES", "65536", 1);
    setenv("MUSTER_NET_CONNECTIONS_PER_ADDRESS_MAX", "512", 1);
    setenv("MUSTER_NET_ACCEPT_BURST", "100000", 1);
    room = taken = UINT32_MAX;
    broken = NOBODY;
    counted_set(&closed_count, 0);
    return rig_start(&handlers);
}

static int teardown(void **state) {
    (void)state;
    return rig_stop();
}

/* ---- the client's side ---- */

static bool come_many(int *fds, uint32_t count) {
    char data[16];
    int opcode = 0;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(data, sizeof data, "%u ", i);
        fds[i] = wire_ws();
        wire_text(fds[i], data);
    }
    for (uint32_t i = 0; i < count; i++)
        if (wire_frame_read(fds[i], &opcode, data, sizeof data) < 1) return false;
    return true;
}

static bool come(int *fds) {
    return come_many(fds, PLAYERS);
}

static void go(const int *fds, void (*wanted)(uint32_t how), uint32_t how) {
    act = wanted;
    act_how = how;
    wire_text(fds[0], "go");
}

static void leave(const int *fds) {
    for (uint32_t i = 0; i < PLAYERS; i++) close(fds[i]);
}

/* The next frame is this one, from its first byte to its last. */
static bool reads(int fd, int wanted, char name, uint32_t len) {
    static char data[TEXT_LONG + 1];
    int opcode = 0;
    if (wire_frame_read(fd, &opcode, data, sizeof data) != (ssize_t)len) return false;
    for (uint32_t i = 0; i < len; i++)
        if (data[i] != name) return false;
    return opcode == wanted;
}

static const char *together_script(void) {
    int fds[PLAYERS];
    EXPECT(come(fds));
    go(fds, act_together, 0);
    for (uint32_t i = 0; i < PLAYERS; i++)
        EXPECT(reads(fds[i], WIRE_BINARY, 'a', SHORT) && reads(fds[i], WIRE_BINARY, 'b', SHORT));
    leave(fds);
    return NULL;
}

static void they_leave_by_one_call(void **state) {
    (void)state;
    rig_run(together_script);
}

static const char *order_script(void) {
    int fds[PLAYERS];
    EXPECT(come(fds));
    go(fds, act_in_order, 0);
    for (uint32_t i = 0; i < PLAYERS; i++)
        EXPECT(reads(fds[i], WIRE_BINARY, 'a', SHORT) && reads(fds[i], WIRE_BINARY, 'b', SHORT));
    EXPECT(reads(fds[0], WIRE_TEXT, 'c', 1) && reads(fds[0], WIRE_BINARY, 'd', SHORT));
    EXPECT(wire_close_code(fds[1]) == 4001);
    EXPECT(reads(fds[2], WIRE_TEXT, 'e', TEXT_LONG));
    leave(fds);
    return NULL;
}

static void all_comes_in_order(void **state) {
    (void)state;
    rig_run(order_script);
}

static const char *short_script(void) {
    int fds[PLAYERS];
    for (uint32_t len = 0; len < SHORT + 2; len++) {
        EXPECT(come(fds));
        go(fds, act_short, len);
        for (uint32_t i = 0; i < PLAYERS; i++) EXPECT(reads(fds[i], WIRE_BINARY, 'a', SHORT));
        EXPECT(reads(fds[0], WIRE_BINARY, 'z', SHORT));
        EXPECT(reads(fds[1], WIRE_TEXT, 'b', 1));
        EXPECT(wire_close_code(fds[2]) == 4001);
        leave(fds);
    }
    return NULL;
}

static void what_is_taken_in_part_comes_whole(void **state) {
    (void)state;
    rig_run(short_script);
}

static const char *failing_script(void) {
    int fds[PLAYERS];
    uint32_t count = act_how;
    EXPECT(come(fds));
    go(fds, act_failing, count);
    for (uint32_t i = 0; i < PLAYERS; i++) {
        EXPECT(reads(fds[i], WIRE_BINARY, 'a', SHORT));
        EXPECT(reads(fds[i], WIRE_BINARY, i < count ? 'b' : 'z', SHORT));
    }
    leave(fds);
    return NULL;
}

static void a_ring_that_fails_loses_nothing(void **state) {
    (void)state;
    act_how = 0;
    rig_run(failing_script);
}

static void nor_does_one_that_takes_a_part(void **state) {
    (void)state;
    act_how = 2;
    rig_run(failing_script);
}

static const char *broken_script(void) {
    int fds[PLAYERS];
    EXPECT(come(fds));
    go(fds, act_broken, 1);
    EXPECT(wire_ended(fds[1]) && counted_wait(&closed_count, 1));
    for (uint32_t i = 0; i < PLAYERS; i += 2)
        EXPECT(reads(fds[i], WIRE_BINARY, 'a', SHORT) && reads(fds[i], WIRE_BINARY, 'b', SHORT));
    EXPECT(counted_get(&closed_count) == 1);
    leave(fds);
    return NULL;
}

static void who_is_broken_ends_alone(void **state) {
    (void)state;
    rig_run(broken_script);
}

static const char *crowd_script(void) {
    static int fds[CROWD];
    EXPECT(come_many(fds, CROWD));
    go(fds, act_crowd, 0);
    for (uint32_t i = 0; i < CROWD; i++) {
        EXPECT(reads(fds[i], WIRE_BINARY, 'a', SHORT));
        close(fds[i]);
    }
    return NULL;
}

static void a_crowd_gets_each_its_own(void **state) {
    (void)state;
    rig_run(crowd_script);
}

/* As long as all that leaves together, head and all, and around that. */
static const char *long_script(void) {
    static const uint32_t lens[] = {65525, 65526, 65527, 65532, 65533, 65536, LONG};
    int fds[PLAYERS];
    EXPECT(come(fds));
    for (uint32_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        go(fds, act_long, lens[i]);
        EXPECT(reads(fds[0], WIRE_BINARY, 'a', SHORT));
        EXPECT(reads(fds[1], WIRE_BINARY, 'a', lens[i]));
        EXPECT(reads(fds[2], WIRE_BINARY, 'a', SHORT));
    }
    leave(fds);
    return NULL;
}

static void long_ones_come_as_well(void **state) {
    (void)state;
    rig_run(long_script);
}

/* Where the kernel has no io_uring for us, net_bounds_test stands for it. */
static bool has_ring(void) {
    struct io_uring ring;
    int code =
        io_uring_queue_init(1, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (code == 0) io_uring_queue_exit(&ring);
    return code == 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(they_leave_by_one_call),
        TEST(all_comes_in_order),
        TEST(what_is_taken_in_part_comes_whole),
        TEST(a_ring_that_fails_loses_nothing),
        TEST(nor_does_one_that_takes_a_part),
        TEST(who_is_broken_ends_alone),
        TEST(a_crowd_gets_each_its_own),
        TEST(long_ones_come_as_well),
    };
    if (!has_ring()) return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
