/* net_rig - net on a real loop in the test's main thread, and a client's script in another.
 *
 * The script works on plain sockets, so that it can do everything a client should not. It answers
 * null, or what was not as expected. Included by the net and http tests.
 */
#ifndef NET_RIG_H
#define NET_RIG_H

#include "header_of.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "loop.h"
#include "net.h"

#define TEXT_OF(line) #line
#define LINE_OF(line) TEXT_OF(line)
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) return __FILE__ ":" LINE_OF(__LINE__) ": " #condition;                   \
    } while (0)

typedef const char *(*wire_script)(void);

/* ---- The server's side ---- */

static uint32_t rig_wait_ms = 20000; /* a script that hangs ends the test */
static const char *rig_answer;
static wire_script rig_script;

static inline int rig_config(void) {
    char error[CONFIG_ERROR_MAX] = "";
    const struct config_options options = {.port = 0};
    setenv("MUSTER_NET_ADDRESS", "127.0.0.1", 0);
    setenv("MUSTER_NET_ADMIN_PORT", "0", 0);
    setenv("MUSTER_PLUGINS", "", 0);
    if (config_load(&options, error) == MUSTER_OK) return 0;
    fprintf(stderr, "config: %s\n", error);
    return -1;
}

/* ---- what a test does not say: everybody comes in, binary comes back, the rest is not looked at -
 */

static inline bool rig_admit(const char *address) {
    (void)address;
    return true;
}

static inline void *rig_open_ws(conn_id conn, const char *address) {
    static int user;
    (void)conn;
    (void)address;
    return &user;
}

static inline bool rig_echo(conn_id conn, void *user, const uint8_t *data, uint32_t len) {
    (void)user;
    net_send_binary(conn, data, len);
    return true;
}

/* For tests that name it: "bye" ends the connection, other texts come back. */
static inline bool rig_echo_text(conn_id conn, void *user, const char *data, uint32_t len) {
    (void)user;
    if (len == 3 && memcmp(data, "bye", 3) == 0) {
        net_close(conn, 4004, "bye");
        return false;
    }
    net_send_text(conn, data, len);
    return true;
}

static inline void rig_ignore_ws(conn_id conn, void *user) {
    (void)conn;
    (void)user;
}

static inline void rig_ignore_request(muster_request_id id) {
    (void)id;
}

static inline void rig_ignore_batch(void) {
}

static inline const char *rig_no_route(const char *path, bool admin) {
    (void)path, (void)admin;
    return NULL;
}

static inline uint32_t rig_body_max(const char *method, const char *path, bool admin) {
    (void)method, (void)path, (void)admin;
    return config_core->http.body_max_bytes;
}

/* With a text. */
static inline void rig_respond(muster_request_id id, uint32_t status, const char *body,
                               size_t len) {
    const struct muster_http_response response = {.size = sizeof response,
                                                  .status = status,
                                                  .content_type = "text/plain",
                                                  .body = {body, len}};
    (void)net_http_respond(id, &response);
}

static inline struct net_handlers rig_handlers(const struct net_handlers *own) {
    struct net_handlers handlers = *own;
    if (!handlers.ws_admit) handlers.ws_admit = rig_admit;
    if (!handlers.ws_open) handlers.ws_open = rig_open_ws;
    if (!handlers.ws_binary) handlers.ws_binary = rig_echo;
    if (!handlers.ws_drained) handlers.ws_drained = rig_ignore_ws;
    if (!handlers.ws_closed) handlers.ws_closed = rig_ignore_ws;
    if (!handlers.http_body_max) handlers.http_body_max = rig_body_max;
    if (!handlers.http_closed) handlers.http_closed = rig_ignore_request;
    if (!handlers.route_find) handlers.route_find = rig_no_route;
    if (!handlers.rx_batch) handlers.rx_batch = rig_ignore_batch;
    return handlers;
}

static inline int rig_start(const struct net_handlers *own) {
    const struct net_handlers handlers = rig_handlers(own);
    char error[256] = "";
    if (loop_init(2) != MUSTER_OK || rig_config() != 0) return -1;
    if (net_start(&handlers, error) == MUSTER_OK) return 0;
    fprintf(stderr, "net: %s\n", error);
    return -1;
}

static inline void rig_net_stop(void) {
    net_stop();
    while (!net_stopped()) loop_turn();
}

static inline int rig_stop(void) {
    rig_net_stop();
    config_unload();
    loop_deinit();
    return 0;
}

static inline void rig_on_done(void *user) {
    (void)user;
    loop_stop();
}

static inline void rig_on_late(void *user) {
    (void)user;
    fprintf(stderr, "the script did not end in time\n");
    abort();
}

static inline void *rig_thread(void *user) {
    (void)user;
    rig_answer = rig_script();
    loop_post(rig_on_done, NULL);
    return NULL;
}

static inline void rig_run(wire_script script) {
    pthread_t thread;
    rig_script = script;
    struct loop_timer *late = loop_timer_start(rig_wait_ms, 0, rig_on_late, NULL);
    assert_int_equal(pthread_create(&thread, NULL, rig_thread, NULL), 0);
    loop_run();
    pthread_join(thread, NULL);
    loop_timer_stop(late);
    if (rig_answer) fail_msg("%s", rig_answer);
}

/* ---- The client's side ---- */

static inline int wire_connect_to(uint32_t port) {
    struct timeval patience = {.tv_sec = 8};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    close(fd);
    return -1;
}

static inline int wire_connect(void) {
    return wire_connect_to(net_port());
}

static inline void wire_send_bytes(int fd, const void *data, size_t len) {
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) return; /* what the server makes of it is what the script looks at */
        at += sent;
        len -= (size_t)sent;
    }
}

static inline void wire_send(int fd, const char *text) {
    wire_send_bytes(fd, text, strlen(text));
}

static inline bool wire_read(int fd, void *out, size_t len) {
    uint8_t *at = out;
    while (len > 0) {
        ssize_t got = recv(fd, at, len, 0);
        if (got <= 0) return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

/* Whether the server ends the connection without another byte (or resets it). */
static inline bool wire_ended(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno != EAGAIN); /* EAGAIN: patience is over */
}

/* An HTTP answer: head (NUL-terminated) and body. Returns the status, or 0. */
struct wire_answer {
    int status;
    char head[4096];
    char *body;
    size_t body_len;
};

static inline const char *wire_header(const struct wire_answer *answer, const char *name) {
    return header_of(answer->head, name);
}

static inline void wire_answer_free(struct wire_answer *answer) {
    free(answer->body);
    answer->body = NULL;
}

static inline int wire_answer_read(int fd, struct wire_answer *out, bool body) {
    size_t len = 0;
    memset(out, 0, sizeof *out);
    while (len < sizeof out->head - 1 && !strstr(out->head, "\r\n\r\n")) {
        if (!wire_read(fd, out->head + len, 1)) return 0;
        out->head[++len] = '\0';
    }
    if (sscanf(out->head, "HTTP/1.1 %d", &out->status) != 1) return 0;
    out->body_len = strtoul(wire_header(out, "content-length"), NULL, 10);
    if (!body || out->body_len == 0) return out->status;
    out->body = calloc(1, out->body_len + 1);
    return wire_read(fd, out->body, out->body_len) ? out->status : 0;
}

/* Sends a request text and answers the status; the body is looked at by wire_answer_read's users.
 */
static inline int wire_status(int fd, const char *request) {
    struct wire_answer answer;
    wire_send(fd, request);
    int status = wire_answer_read(fd, &answer, true);
    wire_answer_free(&answer);
    return status;
}

static inline int wire_upgrade(int fd, const char *path, const char *more) {
    char request[4096];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
             path, more);
    return wire_status(fd, request);
}

static inline int wire_ws(void) {
    int fd = wire_connect();
    if (fd >= 0 && wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101) {
        return fd;
    }
    close(fd);
    return -1;
}

#define WIRE_CONTINUE 0x0
#define WIRE_TEXT 0x1
#define WIRE_BINARY 0x2
#define WIRE_CLOSE 0x8
#define WIRE_PING 0x9
#define WIRE_PONG 0xa
#define WIRE_FIN 0x80

static inline void wire_frame(int fd, int first_byte, const void *data, size_t len) {
    uint8_t head[14] = {(uint8_t)first_byte};
    size_t head_len = 2;
    if (len < 126) {
        head[1] = (uint8_t)(0x80 | len);
    } else if (len < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        head_len = 4;
    } else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++) head[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
        head_len = 10;
    }
    /* A mask of zeros leaves the payload as it is. */
    wire_send_bytes(fd, head, head_len + 4);
    wire_send_bytes(fd, data, len);
}

static inline void wire_text(int fd, const char *text) {
    wire_frame(fd, WIRE_FIN | WIRE_TEXT, text, strlen(text));
}

/* The next frame's payload, NUL-terminated; -1 at the end or when it is longer than cap - 1. */
static inline ssize_t wire_frame_read(int fd, int *opcode, void *out, size_t cap) {
    uint8_t head[2];
    uint8_t more[8];
    if (!wire_read(fd, head, 2)) return -1;
    size_t len = head[1] & 0x7f;
    size_t more_len = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (!wire_read(fd, more, more_len)) return -1;
    if (more_len > 0) len = 0;
    for (size_t i = 0; i < more_len; i++) len = len << 8 | more[i];
    *opcode = head[0] & 0x0f;
    if (len >= cap || !wire_read(fd, out, len)) return -1;
    ((char *)out)[len] = '\0';
    return (ssize_t)len;
}

/* Reads on to the close frame: its code, 0 for one without, -1 for none. */
static inline int wire_close_code(int fd) {
    static uint8_t data[262144];
    int opcode = 0;
    ssize_t len = 0;
    while ((len = wire_frame_read(fd, &opcode, data, sizeof data)) >= 0) {
        if (opcode == WIRE_CLOSE) return len >= 2 ? data[0] << 8 | data[1] : 0;
    }
    return -1;
}

#endif
