/* sockets - muster_bench_sockets: players over WebSockets, with or without TLS, against a server of
 * any make, then one line of figures. It knows no server: what to say comes on stdin.
 *
 *     muster_bench_sockets --port 7350 --pid PID [--seconds 10] [--warmup 3] < PLAN
 *
 * PLAN: {"tls": false, "protocol": "muster.v1", "input": "", "welcome": "", "players":
 * [{"path": "/ws", "texts": ["..."], "ackAt": 8}]}. Of "texts" each is said after the answer to the
 * one before. "welcome", in hex: what answers the first binary message, which is then no snapshot.
 * All other binary messages are snapshots; from the first on a player sends 20 inputs a second: the
 * bytes of "input", in hex, then 14 as musterd has them. "ackAt": where a snapshot says which input
 * was taken, if it does. Measured are the arrival of all, the three seconds after it, and after the
 * warm-up the rest.
 */
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crowd.h"
#include "server.h"
#include "wire.h"

#define INPUT_INTERVAL_US 50000u
#define INPUT_BYTES 14u
#define PREFIX_MAX 16u
#define ON_THE_WAY_MAX 64u /* to their first snapshots */
#define ARRIVAL_MAX_US 30000000u
#define FIRST_MS 3000u
#define LOOK_EVERY_US 1000u /* for who is due */

enum stage {
    STAGE_CONNECTING,
    STAGE_SHAKING_HANDS,
    STAGE_UPGRADING,
    STAGE_TALKING,
    STAGE_PLAYING,
    STAGE_GONE
};

struct seat {
    enum stage stage;
    struct wire wire;
    struct frame_buffer in;
    const char *path;
    const json_t *texts;
    size_t said;
    bool welcomed;
    uint32_t ack_at; /* 0: nowhere */
    uint32_t number, sequence;
    uint32_t timed; /* the input that is waited for; 0: none */
    uint64_t begun_us, due_us, last_us, timed_us;
};

static struct {
    uint16_t port;
    int pid;
    uint32_t seconds, warmup_s;
} options = {.seconds = 10, .warmup_s = 3};

static struct seat *seats;
static uint32_t seats_max, started, on_the_way, arrived, lost;
static uint64_t now_us, next_look_us;
static int epoll_fd;
static struct ssl_ctx_st *tls; /* null: plain */
static const char *subprotocol;
static uint8_t input_prefix[PREFIX_MAX], welcome[PREFIX_MAX];
static uint32_t input_prefix_len, welcome_len;

static struct histogram first_snapshots; /* since the connection was begun */

/* What happened between window_open and window_print. */
static struct window {
    uint64_t begin_us, snapshots, snapshot_bytes, inputs;
    double server_s, own_s;
    struct histogram intervals, latencies;
} window;

/* ---- the socket ------------------------------------------------------------------------------ */

static void die(const char *what) {
    fprintf(stderr, "muster_bench_sockets: %s\n", what);
    exit(2);
}

/* Its connection is gone, and it stays away. The first is told. */
static void lose(struct seat *seat, const char *why) {
    if (seat->stage == STAGE_GONE) return;
    if (!lost++)
        fprintf(stderr, "muster_bench_sockets: player %u, %s: %s\n", seat->number,
                seat->stage == STAGE_PLAYING ? "playing" : "on the way", why);
    on_the_way -= seat->stage != STAGE_PLAYING;
    seat->stage = STAGE_GONE;
    wire_close(&seat->wire);
}

/* Bytes; 0: none now. */
static uint32_t read_some(struct seat *seat, void *out, uint32_t cap) {
    ssize_t n = wire_recv(&seat->wire, out, cap);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        lose(seat, "the connection is lost");
    return n > 0 ? (uint32_t)n : 0;
}

static void write_all(struct seat *seat, const void *data, uint32_t len) {
    errno = 0;
    if (wire_send(&seat->wire, data, len) != (ssize_t)len) lose(seat, strerror(errno));
}

static void send_frame(struct seat *seat, int opcode, const void *payload, uint32_t len) {
    uint8_t frame[FRAME_ROOM(8192)];
    if (len > 8192) die("a text of more than 8,192 bytes");
    write_all(seat, frame, frame_encode(frame, opcode, payload, len));
}

static void begin(struct seat *seat) {
    const int one = 1;
    const struct sockaddr_storage to = crowd_loopback(options.port);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = seat};
    on_the_way++;
    seat->begun_us = now_us;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !wire_open(&seat->wire, fd, tls, "localhost") ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        die(strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)&to, sizeof(struct sockaddr_in)) != 0 &&
        errno != EINPROGRESS)
        lose(seat, strerror(errno));
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void say_upgrade(struct seat *seat) {
    char request[1024];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: bXVzdGVyIGJlbmNobWFyaw==\r\n%s%s%s\r\n",
                       seat->path, subprotocol[0] ? "Sec-WebSocket-Protocol: " : "", subprotocol,
                       subprotocol[0] ? "\r\n" : "");
    seat->stage = STAGE_UPGRADING;
    if (len >= (int)sizeof request) die("a path that is too long");
    write_all(seat, request, (uint32_t)len);
}

static void say_next(struct seat *seat) {
    const char *text = json_string_value(json_array_get(seat->texts, seat->said));
    if (!text) return;
    seat->said++;
    send_frame(seat, FRAME_TEXT, text, (uint32_t)strlen(text));
}

/* Walks in changing directions. */
static void send_input(struct seat *seat) {
    uint8_t input[PREFIX_MAX + INPUT_BYTES] = {0};
    uint8_t *body = input + input_prefix_len;
    /* No burst after a pause, and not all of them at once from then on. */
    seat->due_us += ((now_us - seat->due_us) / INPUT_INTERVAL_US + 1) * INPUT_INTERVAL_US;
    seat->sequence++;
    memcpy(input, input_prefix, input_prefix_len);
    body[0] = 1;
    for (uint32_t i = 0; i < 4; i++) body[2 + i] = (uint8_t)(seat->sequence >> 8 * i);
    body[11] = (uint8_t)(seat->sequence + seat->number);
    body[12] = (uint8_t)((seat->sequence / 13 + seat->number) % 2 ? 90 : -90);
    body[13] = (uint8_t)((seat->sequence / 29 + seat->number) % 2 ? 90 : -90);
    send_frame(seat, FRAME_BINARY, input, input_prefix_len + INPUT_BYTES);
    window.inputs++;
    if (seat->timed || !seat->ack_at) return;
    seat->timed = seat->sequence;
    seat->timed_us = now_us;
}

/* ---- what comes ------------------------------------------------------------------------------ */

/* Of one input at a time: of each it would say no more. */
static void note_latency(struct seat *seat, const uint8_t *payload, uint32_t len) {
    uint32_t ack;
    if (!seat->timed || len < seat->ack_at + sizeof ack) return;
    memcpy(&ack, payload + seat->ack_at, sizeof ack);
    if (le32toh(ack) < seat->timed) return;
    histogram_add(&window.latencies, now_us - seat->timed_us);
    seat->timed = 0;
}

static void on_snapshot(struct seat *seat, const uint8_t *payload, uint32_t len) {
    if (seat->stage == STAGE_PLAYING) {
        histogram_add(&window.intervals, now_us - seat->last_us);
    } else {
        seat->stage = STAGE_PLAYING;
        seat->due_us = now_us + (uint64_t)(seat->number % 50) * 1000;
        histogram_add(&first_snapshots, now_us - seat->begun_us);
        arrived++;
        on_the_way--;
    }
    note_latency(seat, payload, len);
    seat->last_us = now_us;
    window.snapshots++;
    window.snapshot_bytes += len;
}

static void on_frame(struct seat *seat, int opcode, const uint8_t *payload, uint32_t len) {
    if (opcode == FRAME_TEXT) {
        say_next(seat);
    } else if (opcode == FRAME_PING) {
        send_frame(seat, FRAME_PONG, payload, len);
    } else if (opcode == FRAME_CLOSE) {
        lose(seat, "it was closed");
    } else if (opcode == FRAME_BINARY && welcome_len && !seat->welcomed) {
        seat->welcomed = true;
        send_frame(seat, FRAME_BINARY, welcome, welcome_len);
    } else if (opcode == FRAME_BINARY) {
        on_snapshot(seat, payload, len);
    }
}

static void on_upgraded(struct seat *seat, int status) {
    char why[32];
    snprintf(why, sizeof why, "upgrade: HTTP %d", status);
    if (status != 101) {
        lose(seat, why);
        return;
    }
    seat->stage = STAGE_TALKING;
    say_next(seat);
}

/* Takes one whole message off the buffer; false when there is none. */
static bool take_message(struct seat *seat) {
    const uint8_t *payload;
    const char *body;
    int kind;
    uint32_t len, size;
    if (seat->stage == STAGE_GONE) return false;
    if (seat->stage == STAGE_UPGRADING) {
        size = frame_http_answer(&seat->in, &kind, &body, &len);
        if (!size) return false;
        on_upgraded(seat, kind);
    } else {
        size = frame_decode(&seat->in, &kind, &payload, &len);
        if (!size) return false;
        on_frame(seat, kind, payload, len);
    }
    frame_buffer_consume(&seat->in, size);
    return true;
}

static void read_all(struct seat *seat) {
    uint32_t n;
    do {
        if (!frame_buffer_grow(&seat->in)) {
            lose(seat, "a message that is too long");
            return;
        }
        n = read_some(seat, seat->in.data + seat->in.len, seat->in.cap - seat->in.len);
        seat->in.len += n;
        while (n && take_message(seat)) {
        }
    } while (n && wire_has_more(&seat->wire));
}

static void shake_hands(struct seat *seat) {
    int result = wire_shake_hands(&seat->wire);
    if (result < 0)
        lose(seat, "no TLS");
    else if (result)
        say_upgrade(seat);
}

static void on_connected(struct seat *seat) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = seat};
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(seat->wire.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        lose(seat, strerror(error));
        return;
    }
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, seat->wire.fd, &event);
    seat->stage = STAGE_SHAKING_HANDS;
    shake_hands(seat);
}

static void on_event(struct seat *seat) {
    switch (seat->stage) {
    case STAGE_CONNECTING: on_connected(seat); break;
    case STAGE_SHAKING_HANDS: shake_hands(seat); break;
    case STAGE_GONE: break; /* since this turn */
    default: read_all(seat);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void look_for_due(void) {
    next_look_us = now_us + LOOK_EVERY_US;
    for (uint32_t i = 0; i < started; i++)
        if (seats[i].stage == STAGE_PLAYING && seats[i].due_us <= now_us) send_input(&seats[i]);
}

static void turn(void) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll_fd, events, 256, 1);
    now_us = crowd_now_us();
    for (int i = 0; i < n; i++) on_event(events[i].data.ptr);
    if (now_us >= next_look_us) look_for_due();
}

static void run(uint32_t ms) {
    uint64_t end = crowd_now_us() + (uint64_t)ms * 1000;
    do turn();
    while (now_us < end);
}

/* All, or who comes in time: a server that is full takes no more. */
static void arrive(void) {
    now_us = crowd_now_us();
    uint64_t end = now_us + ARRIVAL_MAX_US;
    while ((started < seats_max || on_the_way) && now_us < end) {
        if (started < seats_max && on_the_way < ON_THE_WAY_MAX) begin(&seats[started++]);
        turn();
    }
}

/* ---- figures --------------------------------------------------------------------------------- */

static void window_open(void) {
    window = (struct window){.begin_us = crowd_now_us(),
                             .server_s = server_facts_read(options.pid, 0).cpu_s,
                             .own_s = crowd_cpu_s()};
}

static void window_print(const char *name) {
    double seconds = (double)(crowd_now_us() - window.begin_us) / 1e6;
    double server_s = server_facts_read(options.pid, 0).cpu_s - window.server_s;
    double snapshots = window.snapshots ? (double)window.snapshots : 1;
    printf("\"%s\":{\"seconds\":%.2f,\"serverCpuMs\":%.0f,\"cpuUsPerSnapshot\":%.2f,"
           "\"serverCpuPercent\":%.1f,\"generatorCpuPercent\":%.1f,\"snapshotsPerSecond\":%.0f,"
           "\"inputsPerSecond\":%.0f,\"snapshotBytesMean\":%.1f,\"intervalP50Ms\":%.1f,"
           "\"intervalP99Ms\":%.1f,\"latencyP50Ms\":%.1f,\"latencyP99Ms\":%.1f},",
           name, seconds, server_s * 1e3, server_s * 1e6 / snapshots, server_s * 100 / seconds,
           (crowd_cpu_s() - window.own_s) * 100 / seconds, (double)window.snapshots / seconds,
           (double)window.inputs / seconds, (double)window.snapshot_bytes / snapshots,
           (double)histogram_at(&window.intervals, 0.5) / 1e3,
           (double)histogram_at(&window.intervals, 0.99) / 1e3,
           (double)histogram_at(&window.latencies, 0.5) / 1e3,
           (double)histogram_at(&window.latencies, 0.99) / 1e3);
}

static void measure(void) {
    printf("{\"players\":%u,", seats_max);
    window_open();
    arrive();
    window_print("arrival");
    window_open();
    run(FIRST_MS);
    window_print("first");
    run(options.warmup_s * 1000);
    window_open();
    run(options.seconds * 1000);
    window_print("steady");
    printf("\"arrived\":%u,\"lost\":%u,\"firstSnapshotP50Ms\":%.1f,\"firstSnapshotP99Ms\":%.1f,"
           "\"serverRssBytes\":%llu}\n",
           arrived, lost, (double)histogram_at(&first_snapshots, 0.5) / 1e3,
           (double)histogram_at(&first_snapshots, 0.99) / 1e3,
           (unsigned long long)server_facts_read(options.pid, 0).rss_bytes);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static uint32_t read_hex(const json_t *plan, const char *key, uint8_t *out) {
    const char *hex = json_string_value(json_object_get(plan, key));
    uint32_t len = hex ? (uint32_t)strlen(hex) / 2 : 0;
    if (len > PREFIX_MAX) die("a text in hex is too long");
    for (uint32_t i = 0; i < len; i++)
        if (sscanf(hex + (size_t)2 * i, "%2hhx", &out[i]) != 1) die("a text is not in hex");
    return len;
}

static void take_players(const json_t *players) {
    seats_max = (uint32_t)json_array_size(players);
    seats = calloc(seats_max, sizeof *seats);
    if (!seats_max || !seats) die("no players");
    for (uint32_t i = 0; i < seats_max; i++) {
        const json_t *player = json_array_get(players, i);
        seats[i].number = i;
        seats[i].path = json_string_value(json_object_get(player, "path"));
        seats[i].texts = json_object_get(player, "texts");
        seats[i].ack_at = (uint32_t)json_integer_value(json_object_get(player, "ackAt"));
        if (!seats[i].path) die("a player without a path");
    }
}

static json_t *read_plan(void) {
    json_error_t error;
    json_t *plan = json_loadf(stdin, 0, &error);
    if (!plan) die(error.text);
    subprotocol = json_string_value(json_object_get(plan, "protocol"));
    if (!subprotocol) subprotocol = "";
    input_prefix_len = read_hex(plan, "input", input_prefix);
    welcome_len = read_hex(plan, "welcome", welcome);
    if (json_is_true(json_object_get(plan, "tls")) && !(tls = wire_tls_create())) die("no memory");
    take_players(json_object_get(plan, "players"));
    return plan;
}

static void open_loop(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) die(strerror(errno));
}

static bool parse_options(int argc, char **argv) {
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},
        {"pid", required_argument, NULL, 'i'},
        {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'p': options.port = (uint16_t)value; break;
        case 'i': options.pid = (int)value; break;
        case 's': options.seconds = value; break;
        case 'w': options.warmup_s = value; break;
        default: return false;
        }
    }
    return options.port && options.pid && options.seconds;
}

int main(int argc, char **argv) {
    if (!parse_options(argc, argv)) die("usage: --port PORT --pid PID [--seconds S] [--warmup S]");
    json_t *plan = read_plan();
    open_loop();
    measure();
    for (uint32_t i = 0; i < started; i++) {
        if (seats[i].stage != STAGE_GONE) wire_close(&seats[i].wire);
        frame_buffer_free(&seats[i].in);
    }
    free(seats);
    wire_tls_destroy(tls);
    close(epoll_fd);
    json_decref(plan);
    return 0;
}
