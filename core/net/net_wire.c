/* net_wire - the bytes of established WebSockets: read and written here where a socket is plain,
 * through libwebsockets with TLS.
 *
 * libwebsockets shakes hands; then a plain socket is taken out of its hands (net_wire_take): that
 * saves its records and a quarter of the CPU time of a message, and lets us see each byte. Those
 * sockets lie in an epoll set of their own. Called by net, net_ws, net_route.
 */
#include "net_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "config.h"
#include "loop.h"
#include "metrics.h"

#define EVENTS_MAX 256
#define AHEAD 8
#define READ_BYTES 65536
#define PIECE_BYTES 512 /* at least so much room for the rest of a frame */

static struct {
    int epoll_fd;
    int spare_fd; /* what libwebsockets closes in the place of a socket that was taken */
    struct loop_poll *poll;
    uint8_t scratch[READ_BYTES];
} wire = {.epoll_fd = -1, .spare_fd = -1};

/* ---- Taking over ---- */

/* Has libwebsockets read the head of the handshake, and nothing behind it? A client has to wait for
 * its answer before it sends more (RFC 6455, 4.1). */
static bool is_read_to_head(const struct conn *conn) {
    return conn->head_len && net_meter_read(conn) == conn->head_len;
}

/* A number of our own for its socket, in our set; -1: there is none. */
static int duplicate(const struct conn *conn, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = conn->id};
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0 || epoll_ctl(wire.epoll_fd, EPOLL_CTL_ADD, own, &event) == 0) return own;
    close(own);
    return -1;
}

/* What libwebsockets closes now is a socket without another end. The set that libuv has the old one
 * in is told before: it knows it by its number and what it stood for. */
static bool leave_spare(int fd) {
    (void)epoll_ctl(uv_backend_fd(loop_handle()), EPOLL_CTL_DEL, fd, NULL);
    return dup3(wire.spare_fd, fd, O_CLOEXEC) >= 0;
}

bool net_wire_take(struct conn *conn) {
    bool is_plain = !net_state.tls || conn->admin;
    if (!is_plain || !is_read_to_head(conn) || lws_partial_buffered(conn->wsi)) return false;
    int fd = lws_get_socket_fd(conn->wsi), own = duplicate(conn, fd);
    if (own < 0) return false;
    if (!leave_spare(fd)) { /* and libwebsockets hears no more of it */
        close(own);
        net_conn_shut(conn);
        return false;
    }
    lws_set_opaque_user_data(conn->wsi, NULL);
    conn->wsi = NULL;
    conn->fd = own;
    conn->read_bytes = conn->head_len;
    if (conn->queue.head) net_wire_want(conn);
    return true;
}

/* ---- Out ---- */

static void watch(const struct conn *conn, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = conn->id};
    (void)epoll_ctl(wire.epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

bool net_wire_waits(const struct conn *conn) {
    if (!net_conn_is_own(conn)) return lws_partial_buffered(conn->wsi);
    net_ring_settle(conn);
    return conn->unsent != NULL;
}

void net_wire_want(struct conn *conn) {
    if (!net_conn_is_own(conn)) {
        lws_callback_on_writable(conn->wsi);
    } else if (!conn->wants_out) {
        conn->wants_out = true;
        watch(conn, EPOLLIN | EPOLLOUT);
    }
}

static bool would_block(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* send() and recv() of the C library are points at which a thread may be cancelled: in a process
 * of several threads each call pays for that. Nobody here is, so it is the bare system calls. */

/* -1: broken. */
static ssize_t send_some(const struct conn *conn, const uint8_t *bytes, size_t len) {
    ssize_t sent =
        syscall(SYS_sendto, conn->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, (size_t)0);
    return sent < 0 && would_block() ? 0 : sent;
}

static bool keep_unsent(struct conn *conn, const uint8_t *bytes, uint32_t len) {
    struct net_bytes *unsent = malloc(sizeof *unsent + len);
    if (!unsent) return false;
    *unsent = (struct net_bytes){.len = len, .cap = len};
    memcpy(unsent->bytes, bytes, len);
    conn->unsent = unsent;
    net_wire_want(conn);
    return true;
}

enum net_sent net_wire_offer(struct conn *conn, uint8_t *bytes, uint32_t len) {
    if (!net_conn_is_own(conn))
        return lws_write(conn->wsi, bytes, len, LWS_WRITE_HTTP) < (int)len ? NET_GONE : NET_SENT;
    ssize_t sent = send_some(conn, bytes, len);
    if (sent < 0) return NET_GONE;
    if (sent == 0) {
        net_wire_want(conn);
        return NET_SKIPPED;
    }
    if (sent == (ssize_t)len) return NET_SENT;
    return keep_unsent(conn, bytes + sent, len - (uint32_t)sent) ? NET_SENT : NET_GONE;
}

/* Of a snapshot that left with others. One of which nothing was taken is kept, too: whoever sent it
 * counts on that it comes. */
static void on_settled(struct conn *conn, const uint8_t *bytes, uint32_t len, int result) {
    uint32_t sent = result > 0 ? (uint32_t)result : 0;
    if (sent == len) return;
    bool is_whole = result >= 0 || result == -EAGAIN || result == -EINTR;
    if (!is_whole || !keep_unsent(conn, bytes + sent, len - sent)) shutdown(conn->fd, SHUT_RDWR);
}

enum net_sent net_wire_post(struct conn *conn, uint8_t *bytes, uint32_t len) {
    if (net_conn_is_own(conn) && net_ring_put(conn, bytes, len)) return NET_SENT;
    return net_wire_offer(conn, bytes, len);
}

bool net_wire_send(struct conn *conn, uint8_t *bytes, uint32_t len) {
    enum net_sent sent = net_wire_offer(conn, bytes, len);
    return sent == NET_SKIPPED ? keep_unsent(conn, bytes, len) : sent == NET_SENT;
}

bool net_wire_flush(struct conn *conn) {
    struct net_bytes *unsent = conn->unsent;
    if (!unsent) return true;
    ssize_t sent = send_some(conn, unsent->bytes + unsent->at, unsent->len - unsent->at);
    if (sent < 0) return false;
    unsent->at += (uint32_t)sent;
    if (unsent->at < unsent->len) return true;
    free(unsent);
    conn->unsent = NULL;
    return true;
}

void net_wire_finish(struct conn *conn) {
    if (net_conn_is_own(conn)) shutdown(conn->fd, SHUT_WR);
}

/* ---- In ---- */

/* False: nothing more of it is read. */
static bool take_frame(struct conn *conn, enum net_frame_kind kind, const struct net_frame *frame) {
    switch (kind) {
    case NET_FRAME_DATA:
        net_ws_receive(conn, frame->data, frame->len, frame->binary, frame->last);
        return true;
    case NET_FRAME_PING: net_ws_pong(conn, frame->data, frame->len); return true;
    case NET_FRAME_PONG: return true;
    case NET_FRAME_CLOSE:
        if (net_ws_peer_closes(conn, frame->code == NET_CLOSE_NONE ? 0 : frame->code))
            net_conn_shut(conn);
        return false;
    default:
        metrics_add(
            frame->code == NET_CLOSE_TOO_LONG ? METRIC_DROP_OVERSIZE : METRIC_DROP_MALFORMED, 1);
        conn->is_last_read = true;
        net_close(conn->id, frame->code, frame->why);
        return false;
    }
}

/* How many bytes were whole frames; *needed: what the next one has. The connection may be gone
 * then. */
static uint32_t take_frames(conn_id id, uint8_t *bytes, uint32_t len, uint32_t *needed) {
    uint32_t at = 0;
    for (struct conn *conn; at < len && (conn = slots_find(&net_state.conns, id));) {
        struct net_frame frame;
        enum net_frame_kind kind = net_frame_read(&conn->frames, bytes + at, len - at,
                                                  net_state.message_max_bytes, &frame);
        *needed = frame.needed;
        if (kind == NET_FRAME_MORE) return at;
        at += frame.used;
        if (!take_frame(conn, kind, &frame)) return len;
    }
    return at;
}

/* Room for what has come and as much again: what is only announced is given none. */
static uint32_t room_for(uint32_t len, uint32_t needed) {
    uint32_t wanted = len * 2 > PIECE_BYTES ? len * 2 : PIECE_BYTES;
    return wanted < needed ? wanted : needed;
}

/* Null: out of memory; unread is freed then. */
static struct net_bytes *grow(struct net_bytes *unread, uint32_t needed) {
    uint32_t cap = room_for(unread->len, needed);
    if (cap <= unread->cap) return unread;
    struct net_bytes *grown = realloc(unread, sizeof *grown + cap);
    if (grown)
        grown->cap = cap;
    else
        free(unread);
    return grown;
}

static struct net_bytes *unread_of(const uint8_t *bytes, uint32_t len, uint32_t needed) {
    uint32_t cap = room_for(len, needed);
    struct net_bytes *unread = malloc(sizeof *unread + cap);
    if (!unread) return NULL;
    *unread = (struct net_bytes){.len = len, .cap = cap};
    memcpy(unread->bytes, bytes, len);
    return unread;
}

/* The connection as it is then; null: it is gone, or going. */
static struct conn *still(conn_id id) {
    struct conn *conn = slots_find(&net_state.conns, id);
    return conn && !conn->dead ? conn : NULL;
}

static void take_read(conn_id id, uint8_t *bytes, uint32_t len) {
    uint32_t needed = 0, used = take_frames(id, bytes, len, &needed);
    struct conn *conn = still(id);
    if (!conn || used == len) return;
    conn->unread = unread_of(bytes + used, len - used, needed);
    if (!conn->unread) net_conn_shut(conn);
}

/* Handlers may end the connection: what it reads from is out of its reach meanwhile. */
static void take_unread(struct conn *conn, uint32_t len) {
    conn_id id = conn->id;
    struct net_bytes *unread = conn->unread;
    conn->unread = NULL;
    unread->len += len;
    uint32_t needed = 0, used = take_frames(id, unread->bytes, unread->len, &needed);
    conn = still(id);
    if (!conn || used == unread->len) {
        free(unread);
        return;
    }
    unread->len -= used;
    memmove(unread->bytes, unread->bytes + used, unread->len);
    conn->unread = grow(unread, needed);
    if (!conn->unread) net_conn_shut(conn);
}

static ssize_t receive(const struct conn *conn) {
    struct net_bytes *unread = conn->unread;
    uint8_t *to = unread ? unread->bytes + unread->len : wire.scratch;
    size_t room = unread ? unread->cap - unread->len : sizeof wire.scratch;
    ssize_t got = syscall(SYS_recvfrom, conn->fd, to, room, MSG_DONTWAIT, NULL, NULL);
    if (got == 0) return -1;
    return got < 0 && would_block() ? 0 : got;
}

static void read_socket(struct conn *conn) {
    ssize_t got = receive(conn);
    if (got < 0) {
        net_conn_free(conn);
        return;
    }
    conn->is_heard |= got > 0;
    conn->read_bytes += (uint64_t)got;
    if (got == 0 || conn->is_last_read) return;
    if (conn->unread)
        take_unread(conn, (uint32_t)got);
    else
        take_read(conn->id, wire.scratch, (uint32_t)got);
}

static void write_socket(struct conn *conn) {
    if (net_ws_writeable(conn)) {
        net_conn_shut(conn);
    } else if (!conn->unsent && (!conn->skipped || conn->closing)) {
        conn->wants_out = false;
        watch(conn, EPOLLIN);
    }
}

static void on_event(const struct epoll_event *event) {
    struct conn *conn = slots_find(&net_state.conns, event->data.u64);
    if (!conn) return;
    if (conn->dead) {
        net_conn_free(conn);
        return;
    }
    if (event->events & EPOLLOUT) write_socket(conn);
    conn = still(event->data.u64);
    if (conn && (event->events & ~(uint32_t)EPOLLOUT)) read_socket(conn);
}

/* The one of an event that is still to come; null: there is none, or nothing to be fetched. */
static void *user_at(const struct epoll_event *events, int count, int at) {
    if (at < 0 || at >= count) return NULL;
    const struct conn *conn = slots_find(&net_state.conns, events[at].data.u64);
    return conn && conn->open && !conn->routed ? conn->user : NULL;
}

/* What the events behind this one will ask for is fetched from memory meanwhile, in the order in
 * which one leads to the other: with thousands of connections it has left the caches since the last
 * time, and each of them would be waited for. Where there is nothing nothing is fetched: to find
 * that no page is there takes as long. */
static void look_ahead(const struct epoll_event *events, int count, int at) {
    void (*expect)(void *user, uint32_t step) = net_state.handlers.ws_expect;
    void *soon = user_at(events, count, at + 4), *next = user_at(events, count, at + 2);
    const void *later = user_at(events, count, at + 6);
    if (at + AHEAD < count) slots_prefetch(&net_state.conns, events[at + AHEAD].data.u64);
    if (later) __builtin_prefetch(later);
    if (expect && soon) expect(soon, 0);
    if (expect && next) expect(next, 1);
}

static void on_events(void *user, uint32_t readable, muster_status status) {
    struct epoll_event events[EVENTS_MAX];
    (void)user;
    (void)readable;
    (void)status;
    int count = epoll_wait(wire.epoll_fd, events, EVENTS_MAX, 0);
    for (int i = -AHEAD; i < count; i++) {
        look_ahead(events, count, i);
        if (i >= 0) on_event(&events[i]);
    }
}

/* ---- Idle ones ---- */

/* By the loop's turns: while the process stood still nobody was silent. */
bool net_wire_is_alive(struct conn *conn) {
    if (!net_conn_is_own(conn)) return true; /* libwebsockets asks them */
    if (conn->is_heard) conn->silent_s = 0;
    conn->is_heard = false;
    conn->silent_s++;
    if (conn->silent_s == config_core->net.idle_ping_s) net_ws_ping(conn);
    return conn->silent_s <= config_core->net.idle_hangup_s;
}

/* ---- Life ---- */

void net_wire_gone(struct conn *conn) {
    free(conn->unread);
    free(conn->unsent);
    conn->unread = conn->unsent = NULL;
}

void net_wire_free_all(void) {
    conn_id id = 0;
    for (struct conn *conn; (conn = slots_next(&net_state.conns, &id));)
        if (net_conn_is_own(conn)) net_conn_free(conn);
}

muster_status net_wire_start(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) return MUSTER_IO;
    close(pair[1]);
    wire.spare_fd = pair[0];
    wire.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    wire.poll = wire.epoll_fd >= 0
                    ? loop_poll_start(wire.epoll_fd, MUSTER_POLL_READ, on_events, NULL)
                    : NULL;
    net_ring_start(on_settled);
    return wire.poll ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void net_wire_stop(void) {
    net_ring_stop();
    loop_poll_stop(wire.poll);
    wire.poll = NULL;
    if (wire.epoll_fd >= 0) close(wire.epoll_fd);
    if (wire.spare_fd >= 0) close(wire.spare_fd);
    wire.epoll_fd = wire.spare_fd = -1;
}
