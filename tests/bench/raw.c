/* raw - muster_bench_raw: what a server costs that only receives and sends. The yardstick for
 * musterd: the same generator plays on it, in lobbies of eight, with frames of the same size at the
 * same rate; it parses the frames and looks at nothing in them.
 *
 *     muster_bench_raw [--snapshot-bytes 64]
 *
 * On SIGTERM it prints, since the last player came: {"snapshots", "inputs", "syscalls", "userUs",
 * "systemUs"}.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PEERS_MAX = 65536, /* by descriptor */
    SEATS = 8,
    LOBBIES_MAX = PEERS_MAX / SEATS,
    SLOTS = 53,    /* 20 ticks a second, lobbies one after another */
    SLOT_US = 943, /* in no step with the kernel's clock, which tells user from system time */
    SLOTS_PER_TURN = 10,
    IN_BYTES = 2048,
    EVENTS = 256,
    PAYLOAD_MAX = 60000,
    HEAD_BYTES = 8, /* kind, flags, and as a snapshot of the protocol has it the tick at 4 */
};

enum stage { STAGE_HTTP, STAGE_AUTHENTICATE, STAGE_FIND, STAGE_ENTER, STAGE_SEATED };

/* Small, so that all of them stay in the cache. */
struct peer {
    uint32_t stage; /* enum stage */
    uint32_t len;   /* of what has come of a frame */
    uint8_t *rest;  /* owned, that; null until it is needed */
};

struct lobby {
    int fds[SEATS]; /* 0: free */
    uint32_t tick;
};

static struct peer peers[PEERS_MAX];
static struct lobby lobbies[LOBBIES_MAX];
static uint32_t seated, payload_bytes = 64;
static int epoll_fd, listen_fd;
static volatile sig_atomic_t stopped;

static struct {
    uint64_t snapshots, inputs, syscalls;
    struct rusage begin;
} counted;

/* ---- sockets --------------------------------------------------------------------------------- */

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void end_peer(int fd) {
    for (uint32_t i = 0; i < seated; i++)
        if (lobbies[i / SEATS].fds[i % SEATS] == fd) lobbies[i / SEATS].fds[i % SEATS] = 0;
    free(peers[fd].rest);
    peers[fd] = (struct peer){0};
    close(fd);
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static void accept_all(void) {
    const int one = 1;
    int fd;
    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= PEERS_MAX) die("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(fd);
    }
}

static void send_all(int fd, const void *data, size_t len) {
    if (send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len) shutdown(fd, SHUT_RDWR);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint32_t put_head(uint8_t *out, int opcode, uint32_t len) {
    out[0] = (uint8_t)(0x80 | opcode);
    out[1] = len < 126 ? (uint8_t)len : 126;
    if (len < 126) return 2;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    return 4;
}

static void send_text(int fd, const char *text) {
    uint8_t frame[256];
    uint32_t len = (uint32_t)strlen(text), head = put_head(frame, 1, len);
    memcpy(frame + head, text, len);
    send_all(fd, frame, head + len);
}

static void take_seat(int fd) {
    lobbies[seated / SEATS].fds[seated % SEATS] = fd;
    seated++;
    memset(&counted, 0, sizeof counted);
    getrusage(RUSAGE_SELF, &counted.begin);
}

/* The generator asks three things, in this order. */
static void on_text(int fd, struct peer *peer) {
    static const char *const answers[] = {
        [STAGE_AUTHENTICATE] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        [STAGE_FIND] = "{\"jsonrpc\":\"2.0\",\"method\":\"match.found\",\"params\":"
                       "{\"seatTicket\":\"t\"}}",
        [STAGE_ENTER] = "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"seat\":0}}",
    };
    if (peer->stage == STAGE_SEATED) return;
    send_text(fd, answers[peer->stage]);
    if (++peer->stage == STAGE_SEATED) take_seat(fd);
}

static void unmask(uint8_t *data, uint32_t size, const uint8_t mask[4]) {
    uint64_t masks, word;
    memcpy(&masks, mask, 4);
    masks |= masks << 32;
    for (; size >= sizeof word; size -= 8, data += 8) {
        memcpy(&word, data, sizeof word);
        word ^= masks;
        memcpy(data, &word, sizeof word);
    }
    for (uint32_t i = 0; i < size; i++) data[i] ^= mask[i & 3];
}

/* One whole frame: its size, or 0. */
static uint32_t take_frame(int fd, struct peer *peer, uint8_t *data, uint32_t len) {
    if (len < 6) return 0;
    uint32_t size = data[1] & 0x7f, head = size == 126 ? 8 : 6;
    if (head == 8) size = (uint32_t)data[2] << 8 | data[3];
    if (len < head || len - head < size) return 0;
    unmask(data + head, size, data + head - 4);
    if ((data[0] & 0x0f) == 2)
        counted.inputs++;
    else if ((data[0] & 0x0f) == 1)
        on_text(fd, peer);
    return head + size;
}

/* A sign-in is answered and over; the rest is the handshake, whose key never changes. */
static uint32_t take_request(int fd, struct peer *peer, const uint8_t *data, uint32_t len) {
    static const char token[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                "Content-Length: 19\r\n\r\n{\"accessToken\":\"t\"}";
    static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: eEnkf12gH1WJq0VMoyJq3lmyiJk=\r\n"
                                   "Sec-WebSocket-Protocol: muster.v1\r\n\r\n";
    if (!memmem(data, len, "\r\n\r\n", 4)) return 0;
    if (data[0] == 'P') {
        send_all(fd, token, sizeof token - 1);
    } else {
        send_all(fd, upgraded, sizeof upgraded - 1);
        peer->stage = STAGE_AUTHENTICATE;
    }
    return len;
}

static void keep(struct peer *peer, const uint8_t *data, uint32_t len) {
    peer->len = len;
    if (!len) return;
    if (!peer->rest && !(peer->rest = malloc(IN_BYTES))) die("malloc");
    memcpy(peer->rest, data, len);
}

static void on_readable(int fd) {
    static uint8_t in[IN_BYTES];
    struct peer *peer = &peers[fd];
    if (peer->len) memcpy(in, peer->rest, peer->len);
    ssize_t n = recv(fd, in + peer->len, IN_BYTES - peer->len, MSG_DONTWAIT);
    counted.syscalls++;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        end_peer(fd);
        return;
    }
    uint32_t at = 0, size, len = peer->len + (uint32_t)n;
    do {
        size = peer->stage == STAGE_HTTP ? take_request(fd, peer, in, len)
                                         : take_frame(fd, peer, in + at, len - at);
        at += size;
    } while (size && at < len);
    keep(peer, in + at, len - at);
}

/* ---- ticks ----------------------------------------------------------------------------------- */

static void tick(struct lobby *lobby) {
    static uint8_t frame[PAYLOAD_MAX + 4];
    uint32_t head = put_head(frame, 2, payload_bytes);
    frame[head] = 0x81;
    for (uint32_t i = 0; i < 4; i++) frame[head + 4 + i] = (uint8_t)(lobby->tick >> 8 * i);
    lobby->tick++;
    for (uint32_t i = 0; i < SEATS; i++) {
        if (!lobby->fds[i]) continue;
        send_all(lobby->fds[i], frame, head + payload_bytes);
        counted.snapshots++;
        counted.syscalls++;
    }
}

static uint64_t now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* The slots that are due; not so many that nothing is read. */
static void tick_due(uint64_t *next_us) {
    static uint32_t slot;
    for (uint32_t i = 0; i < SLOTS_PER_TURN && now_us() >= *next_us; i++) {
        for (uint32_t at = slot; at * SEATS < seated; at += SLOTS) tick(&lobbies[at]);
        slot = slot + 1 < SLOTS ? slot + 1 : 0;
        *next_us += SLOT_US;
    }
}

static void turn(uint64_t *next_us) {
    struct epoll_event events[EVENTS];
    uint64_t now = now_us(), wait_us = now < *next_us ? *next_us - now : 0;
    const struct timespec wait = {.tv_nsec = (long)wait_us * 1000};
    int count = epoll_pwait2(epoll_fd, events, EVENTS, &wait, NULL);
    counted.syscalls++;
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == listen_fd)
            accept_all();
        else
            on_readable(events[i].data.fd);
    }
    tick_due(next_us);
}

/* ---- start and end --------------------------------------------------------------------------- */

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

static uint16_t listen_somewhere(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listen_fd, (struct sockaddr *)&at, len) || listen(listen_fd, 4096) ||
        getsockname(listen_fd, (struct sockaddr *)&at, &len))
        die("listen");
    watch(listen_fd);
    return ntohs(at.sin_port);
}

static long long us_between(struct timeval from, struct timeval to) {
    return (to.tv_sec - from.tv_sec) * 1000000ll + to.tv_usec - from.tv_usec;
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = on_signal};
    struct rusage end;
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--snapshot-bytes") == 0)
            payload_bytes = (uint32_t)strtoul(argv[i + 1], NULL, 10);
    if (payload_bytes < HEAD_BYTES || payload_bytes > PAYLOAD_MAX) return 2;
    sigaction(SIGTERM, &action, NULL);
    printf("Server is ready: listening on 127.0.0.1:%u\n", listen_somewhere());
    fflush(stdout);
    for (uint64_t next_us = now_us(); !stopped;) turn(&next_us);
    getrusage(RUSAGE_SELF, &end);
    printf("{\"snapshots\":%llu,\"inputs\":%llu,\"syscalls\":%llu,\"userUs\":%lld,"
           "\"systemUs\":%lld}\n",
           (unsigned long long)counted.snapshots, (unsigned long long)counted.inputs,
           (unsigned long long)counted.syscalls, us_between(counted.begin.ru_utime, end.ru_utime),
           us_between(counted.begin.ru_stime, end.ru_stime));
    return 0;
}
