/* net: what one connection may keep of the server: bytes that wait, bytes of who was refused, time,
 * descriptors. What the kernel takes of the server's writes is the test's: a socket that takes a
 * part of them is a rare thing otherwise. And it has no io_uring, as in many containers: snapshots
 * are sent one by one. */
#include "clock_ahead.h"
#include "net_rig.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PIECE_MS 50 /* between two pieces of who is slow */
#define QUEUE_BYTES 4096
#define FLOOD_BYTES (64u << 20)

static _Thread_local bool is_server;
static size_t room = SIZE_MAX; /* bytes that the kernel takes; the server's thread */
static atomic_int drained_count;

/* Calls go by the dynamic symbol table, where the executable comes first: the server's own sockets
 * are written to by syscall(). */
__attribute__((visibility("default"))) long syscall(long number, ...) {
    long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    bool sends = is_server && number == SYS_sendto;
    long args[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) args[i] = va_arg(list, long);
    va_end(list);
    if (sends && room == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (sends && (size_t)args[2] > room) args[2] = (long)room;
    long done = next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
    if (sends && room != SIZE_MAX && done > 0) room -= (size_t)done;
    return done;
}

int __wrap_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags);
int __wrap_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags) {
    (void)entries, (void)ring, (void)flags;
    return -EPERM;
}

static void make_room(void *user) {
    (void)user;
    room = SIZE_MAX;
}

/* ---- the server's side ---- */

/* One snapshot that nothing is taken of, one that is under way, one that is held back. */
static void hold_back(conn_id conn) {
    static uint8_t snapshot[NET_HEADROOM + 10];
    room = 0;
    if (net_send_snapshot(conn, snapshot + NET_HEADROOM, 10) != NET_SKIPPED) abort();
    room = 1;
    if (net_send_snapshot(conn, snapshot + NET_HEADROOM, 10) != NET_SENT) abort();
    if (net_send_snapshot(conn, snapshot + NET_HEADROOM, 10) != NET_SKIPPED) abort();
}

/* "queue N M": while nothing is taken "first", then texts of N and M bytes. "cut N": of a close
 * frame the first N bytes are taken. Then there is room again. */
static bool on_text(conn_id conn, void *user, const char *data, uint32_t len) {
    static char text[2 * QUEUE_BYTES];
    char line[64];
    uint32_t first = 0, second = 0;
    (void)user;
    snprintf(line, sizeof line, "%.*s", (int)len, data);
    memset(text, 'x', sizeof text);
    loop_post(make_room, NULL);
    if (sscanf(line, "queue %u %u", &first, &second) == 2) {
        room = 0;
        net_send_text(conn, "first", 5);
        net_send_text(conn, text, first);
        net_send_text(conn, text, second);
    } else if (sscanf(line, "cut %u", &first) == 1) {
        room = first;
        net_close(conn, 4001, "cut");
    } else {
        hold_back(conn);
        if (strcmp(line, "skip and close") == 0) net_close(conn, 4001, "cut");
    }
    return true;
}

static void on_drained(conn_id conn, void *user) {
    (void)conn;
    (void)user;
    atomic_fetch_add(&drained_count, 1);
}

static void on_request(const struct net_http_request *request) {
    static char big[16u << 20]; /* more than sockets keep */
    bool is_small = strcmp(request->request.path, "/small") == 0;
    rig_respond(request->request.id, 200, big, is_small ? 1 : sizeof big);
}

static const struct net_handlers handlers = {
    .ws_text = on_text,
    .ws_drained = on_drained,
    .http_request = on_request,
};

static int setup(void **state) {
    (void)state;
    rig_wait_ms = 200000; /* of a clock that jumps */
    setenv("MUSTER_NET_SEND_QUEUE_MAX_BYTES", "4096", 1);
    is_server = true;
    return rig_start(&handlers);
}

static int teardown(void **state) {
    (void)state;
    return rig_stop();
}

/* ---- bytes that wait ---- */

/* Reads what "queue" sent, up to `wanted` texts. */
static const char *queue_read(int fd, const uint32_t *wanted, int count) {
    static char data[2 * QUEUE_BYTES + 1];
    int opcode = 0;
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 5 && strcmp(data, "first") == 0);
    for (int i = 0; i < count; i++)
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == (ssize_t)wanted[i] &&
               opcode == WIRE_TEXT);
    return NULL;
}

static const char *queue_script(void) {
    static const struct {
        uint32_t lens[2];
        bool fits;
    } cases[] = {{{QUEUE_BYTES, 0}, true},
                 {{QUEUE_BYTES, 1}, false},
                 {{QUEUE_BYTES + 1, 0}, false},
                 {{96, QUEUE_BYTES}, true}, /* what is under way is none that waits */
                 {{96, QUEUE_BYTES + 1}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        int fd = wire_ws();
        EXPECT(fd >= 0);
        snprintf(text, sizeof text, "queue %u %u", cases[i].lens[0], cases[i].lens[1]);
        for (int again = 0; again < 2 && cases[i].fits; again++) { /* what has gone takes no room */
            wire_text(fd, text);
            const char *wrong = queue_read(fd, cases[i].lens, 2);
            if (wrong) return wrong;
        }
        wire_text(fd, text);
        EXPECT(cases[i].fits || wire_close_code(fd) == 4006);
        close(fd);
    }
    return NULL;
}

static void so_much_waits_and_no_more(void **state) {
    (void)state;
    rig_run(queue_script);
}

/* A close frame that the socket took in two parts is one close frame. */
static const char *cut_script(void) {
    for (uint32_t cut = 0; cut < 8; cut++) {
        char text[32], data[64];
        int opcode = 0;
        int fd = wire_ws();
        EXPECT(fd >= 0);
        snprintf(text, sizeof text, "cut %u", cut);
        wire_text(fd, text);
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 5 && opcode == WIRE_CLOSE);
        EXPECT(memcmp(data,
                      "\x0f\xa1"
                      "cut",
                      5) == 0);
        wire_frame(fd, WIRE_FIN | WIRE_CLOSE, data, 2);
        EXPECT(wire_ended(fd));
        close(fd);
    }
    return NULL;
}

static void a_close_frame_is_sent_once(void **state) {
    (void)state;
    rig_run(cut_script);
}

static const char *skipped_script(void) {
    int fd = wire_ws();
    EXPECT(fd >= 0);
    wire_text(fd, "skip and close");
    EXPECT(wire_close_code(fd) == 4001);
    wire_frame(fd, WIRE_FIN | WIRE_CLOSE, "\x0f\xa1", 2);
    EXPECT(wire_ended(fd));
    close(fd);
    return NULL;
}

static void who_is_closed_is_not_told_of_room(void **state) {
    (void)state;
    rig_run(skipped_script);
    assert_int_equal(atomic_load(&drained_count), 0);
}

static const char *drained_script(void) {
    static const uint32_t wanted[] = {1, 2};
    char data[64];
    int opcode = 0;
    int fd = wire_ws();
    for (int i = 0; i < 2; i++) {
        wire_text(fd, "skip");
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 10 && opcode == WIRE_BINARY);
        for (int more = 0; more < 2; more++) {
            wire_text(fd, "queue 1 2"); /* makes the socket tell of room, too */
            const char *wrong = queue_read(fd, wanted, 2);
            if (wrong) return wrong;
        }
    }
    close(fd);
    return NULL;
}

/* Once for each time that something was held back. */
static void who_has_room_again_is_told_once(void **state) {
    (void)state;
    atomic_store(&drained_count, 0);
    rig_run(drained_script);
    assert_int_equal(atomic_load(&drained_count), 2);
}

/* ---- bytes of who was refused ---- */

/* Whether the server stops taking before all of that has been taken. Linux may answer for a socket
 * that is closed that it has no room, so who sends waits for a while at most. */
static bool floods_in_vain(int fd) {
    static char block[65536];
    const struct timeval patience = {.tv_usec = 500000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    memset(block, 'x', sizeof block);
    for (uint32_t sent = 0; sent < FLOOD_BYTES;) {
        ssize_t got = send(fd, block, sizeof block, MSG_NOSIGNAL);
        if (got <= 0) return true;
        sent += (uint32_t)got;
    }
    return false;
}

static const char *flood_script(void) {
    static const char *const heads[] = {
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n", /* too long a body */
        "POST /a HTTP/1.1\nHost: a\r\n\r\n",                                /* no head at all */
    };
    for (size_t i = 0; i < 2; i++) {
        int fd = wire_connect();
        wire_send(fd, heads[i]);
        EXPECT(floods_in_vain(fd));
        close(fd);
    }
    return NULL;
}

static void who_was_refused_is_not_read_for_ever(void **state) {
    (void)state;
    rig_run(flood_script);
}

/* What has been sent ahead of an answer is looked at in each turn of the loop, a few times: who
 * does not take the answer meanwhile does not get all of it. */
static const char *ahead_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx!");
    for (int turn = 0; turn < 20; turn++) {
        int other = wire_connect();
        EXPECT(wire_status(other, "GET /small HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
        close(other);
    }
    EXPECT(wire_answer_read(fd, &answer, true) == 0 && answer.status == 200);
    wire_answer_free(&answer);
    close(fd);
    return NULL;
}

static void what_is_sent_ahead_is_not_kept_for_ever(void **state) {
    (void)state;
    rig_run(ahead_script);
}

/* ---- time ---- */

/* The rest of a second is not waited for. */
static bool a_second_goes_by(struct pollfd *fd) {
    atomic_fetch_add(&clock_ahead_s, 1);
    return poll(fd, 1, PIECE_MS) == 0;
}

/* A byte now and then is no request: its time runs from the first byte on. */
static const char *trickle_script(void) {
    static const char head[] = "GET /a HTTP/1.1\r\nHost: a\r\nX-Slow: ";
    char byte = 0;
    int fd = wire_connect();
    wire_send(fd, head);
    int pieces = 0;
    struct pollfd answered = {.fd = fd, .events = POLLIN};
    for (; pieces < 100 && a_second_goes_by(&answered); pieces++) wire_send(fd, "x");
    EXPECT(pieces < 100 && recv(fd, &byte, 1, 0) == 1 && byte == 'H'); /* HTTP/1.1 408 */
    struct wire_answer answer;
    EXPECT(!wire_answer_read(fd, &answer, false) && strncmp(answer.head, "TTP/1.1 408", 11) == 0);
    close(fd);
    return NULL;
}

static void a_trickle_is_no_request(void **state) {
    (void)state;
    rig_run(trickle_script);
}

/* Who sends on and takes nothing would keep the loop awake. */
static const char *blocked_script(void) {
    int fd = wire_connect();
    wire_send(fd, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    int pieces = 0;
    struct pollfd ended = {.fd = fd};
    while (pieces < 200 && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
        (void)a_second_goes_by(&ended);
        pieces++;
    }
    EXPECT(pieces < 200);
    close(fd);
    return NULL;
}

static void who_takes_no_answer_does_not_send_on(void **state) {
    (void)state;
    rig_run(blocked_script);
}

/* Half a minute for each piece that is taken, not for all of them. */
static const char *slow_script(void) {
    static char data[1u << 20];
    size_t left = 16u << 20;
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, false) == 200);
    for (; left > 0; left -= sizeof data) {
        if (left % (8u << 20) == 0) atomic_fetch_add(&clock_ahead_s, 20);
        EXPECT(wire_read(fd, data, sizeof data));
    }
    close(fd);
    return NULL;
}

static void an_answer_may_be_taken_slowly(void **state) {
    (void)state;
    rig_run(slow_script);
}

/* ---- descriptors ---- */

static const char *is_answered(int fd) {
    static const uint32_t lens[] = {1, 0};
    wire_text(fd, "queue 1 0");
    return queue_read(fd, lens, 2);
}

/* When there are none left who comes is turned away, and does not wait for one. */
static const char *descriptors_script(void) {
    struct rlimit limit, low;
    EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    int there = wire_ws();
    EXPECT(!is_answered(there)); /* what its handshake took is free again */
    int fds[] = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                 socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct timeval patience = {.tv_sec = 8};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)net_port())};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    low = limit;
    low.rlim_cur = (rlim_t)lowest_free;
    EXPECT(setrlimit(RLIMIT_NOFILE, &low) == 0);
    bool ended = true;
    for (int i = 0; i < 2; i++) { /* again and again */
        setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ended = ended && connect(fds[i], (struct sockaddr *)&to, sizeof to) == 0;
        ended = ended && wire_ended(fds[i]);
    }
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    EXPECT(ended);
    for (int i = 0; i < 2; i++) close(fds[i]);
    EXPECT(!is_answered(there)); /* and who is there stays */
    int fd = wire_ws();
    EXPECT(fd >= 0);
    close(fd);
    close(there);
    return NULL;
}

static void without_descriptors_who_comes_is_turned_away(void **state) {
    (void)state;
    rig_run(descriptors_script);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(so_much_waits_and_no_more),
        TEST(a_close_frame_is_sent_once),
        TEST(who_is_closed_is_not_told_of_room),
        TEST(who_has_room_again_is_told_once),
        TEST(who_was_refused_is_not_read_for_ever),
        TEST(what_is_sent_ahead_is_not_kept_for_ever),
        TEST(a_trickle_is_no_request),
        TEST(who_takes_no_answer_does_not_send_on),
        TEST(an_answer_may_be_taken_slowly),
        TEST(without_descriptors_who_comes_is_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
