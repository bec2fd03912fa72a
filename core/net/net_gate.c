/* net_gate - looks at what a client sends before libwebsockets may read it.
 *
 * Bytes are looked at in the kernel's buffer (MSG_PEEK). A connection stays here, unknown to
 * libwebsockets, until the whole head of its first request has come and is one (net_head); and a
 * WebSocket, with its receiving off, until its first frame is seen to be masked. Not with TLS,
 * whose bytes only libwebsockets can read. The descriptors lie in an epoll set of their own, since
 * libuv takes each but once. Called by net and net_ws.
 */
#include "net_internal.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "metrics.h"
#include "net_head.h"

#define EVENTS_PER_TURN 64
#define DISCARD_MAX_BYTES 1048576 /* of what a refused client still sends */
#define MASK_BIT 0x80

static int epoll_fd = -1;
static struct loop_poll *watch;

void net_gate_leave(struct conn *conn) {
    if (conn->gated) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, net_conn_fd(conn), NULL);
    conn->gated = false;
}

void net_gate_forget(struct conn *conn) {
    if (conn->fd >= 0) close(conn->fd); /* which takes it out of the set */
    conn->fd = -1;
    conn->gated = false;
}

static void pass(struct conn *conn) {
    net_gate_leave(conn);
    if (conn->wsi) {
        net_conn_pause(conn, false);
    } else {
        net_conn_adopt(conn);
    }
}

/* What has come is taken away first: closing on unread bytes would destroy the answer. */
static void discard(struct conn *conn) {
    static uint8_t scratch[16384];
    ssize_t got = 0;
    while ((got = recv(net_conn_fd(conn), scratch, sizeof scratch, MSG_DONTWAIT)) > 0) {
        conn->rx_len += (uint32_t)got;
        if (conn->rx_len > DISCARD_MAX_BYTES) break;
    }
    if (got >= 0) net_conn_shut(conn);
}

static void refuse(struct conn *conn, const struct net_head_fault *fault) {
    char text[NET_REFUSAL_MAX];
    int len = net_refusal_text(text, "", fault->status, fault->code, fault->detail);
    metrics_add(METRIC_HTTP_REQUESTS, 1);
    conn->closing = true;
    (void)send(net_conn_fd(conn), text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(net_conn_fd(conn), SHUT_WR);
    conn->rx_len = 0;
    net_conn_deadline(conn, NET_FLUSH_MS);
    discard(conn);
}

static void look_at_frame(struct conn *conn) {
    uint8_t head[2];
    ssize_t got = recv(net_conn_fd(conn), head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    if (got == 1 || (got < 0)) return; /* more will come, or the end */
    if (got == 0 || (head[1] & MASK_BIT)) {
        pass(conn);
    } else {
        net_gate_leave(conn); /* and receiving stays off */
        metrics_add(METRIC_DROP_MALFORMED, 1);
        net_close(conn->id, 1002, "frames of a client are masked");
    }
}

static void look_at_head(struct conn *conn) {
    static char data[NET_HEAD_MAX + 1];
    struct net_head_fault fault;
    size_t head_len = 0;
    ssize_t got = recv(net_conn_fd(conn), data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0) {
        net_conn_shut(conn);
        return;
    }
    if (got < 0) return;
    if (!conn->begun) net_conn_deadline(conn, net_state.handshake_timeout_ms);
    conn->begun = true;
    switch (net_head_check(data, (size_t)got, &head_len, &fault)) {
    case NET_HEAD_GOOD:
        conn->head_len = (size_t)got == head_len ? (uint32_t)head_len : 0;
        pass(conn);
        break;
    case NET_HEAD_BAD: refuse(conn, &fault); break;
    default: break;
    }
}

/* What came in the last moment is looked at, and has its time from then on. */
void net_gate_late(struct conn *conn) {
    static const struct net_head_fault fault = {408, "request_timeout",
                                                "the request is not complete"};
    uint8_t byte;
    bool came = recv(net_conn_fd(conn), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (!came || conn->websocket) {
        net_conn_shut(conn);
    } else if (conn->begun) {
        refuse(conn, &fault);
    } else {
        look_at_head(conn);
    }
}

static void look(struct conn *conn) {
    if (conn->websocket) {
        look_at_frame(conn);
    } else if (conn->closing) {
        discard(conn);
    } else {
        look_at_head(conn);
    }
}

static void on_events(void *user, uint32_t readable, muster_status status) {
    struct epoll_event events[EVENTS_PER_TURN];
    (void)user;
    (void)readable;
    (void)status;
    int count = epoll_wait(epoll_fd, events, EVENTS_PER_TURN, 0);
    for (int i = 0; i < count; i++) {
        struct conn *conn = slots_find(&net_state.conns, events[i].data.u64);
        if (!conn || !conn->gated) continue;
        if (events[i].events & (EPOLLHUP | EPOLLERR)) {
            net_conn_shut(conn);
        } else {
            look(conn);
        }
    }
}

bool net_gate_watch(struct conn *conn) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = conn->id};
    conn->begun = false;
    conn->gated = epoll_ctl(epoll_fd, EPOLL_CTL_ADD, net_conn_fd(conn), &event) == 0;
    return conn->gated;
}

muster_status net_gate_start(void) {
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch = epoll_fd >= 0 ? loop_poll_start(epoll_fd, MUSTER_POLL_READ, on_events, NULL) : NULL;
    return watch ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void net_gate_stop(void) {
    loop_poll_stop(watch);
    watch = NULL;
    if (epoll_fd >= 0) close(epoll_fd);
    epoll_fd = -1;
}
