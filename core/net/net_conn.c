/* net_conn - one connection's record, deadline, flow and end; and its HTTP request's.
 *
 * At the bottom of net: the other parts hold something for a connection as well, and are told by
 * net.c (net_conn_parts) when it ends. Called by all of them.
 */
#include "net_internal.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"

struct net net_state;
struct net_conn_parts net_conn_parts;

/* ---- Deadlines ---- */

static void deadline_remove(struct conn *conn) {
    if (conn->deadline_ms == 0) return;
    if (conn->deadline_prev) {
        conn->deadline_prev->deadline_next = conn->deadline_next;
    } else {
        net_state.deadlines = conn->deadline_next;
    }
    if (conn->deadline_next) conn->deadline_next->deadline_prev = conn->deadline_prev;
    conn->deadline_prev = conn->deadline_next = NULL;
    conn->deadline_ms = 0;
}

void net_conn_deadline(struct conn *conn, uint32_t ms) {
    deadline_remove(conn);
    if (ms == 0) return;
    conn->deadline_ms = loop_now_ms() + ms;
    conn->deadline_next = net_state.deadlines;
    if (conn->deadline_next) conn->deadline_next->deadline_prev = conn;
    net_state.deadlines = conn;
}

/* ---- Whose socket ---- */

#define FDS_MAX (1u << 20)

/* By the number of the socket, as libwebsockets took it over; the connection may have ended since,
 * and the number be another's. */
static conn_id *by_fd;
static uint32_t fds_max;

muster_status net_conn_init(void) {
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return MUSTER_IO;
    fds_max = limit.rlim_cur < FDS_MAX ? (uint32_t)limit.rlim_cur : FDS_MAX;
    by_fd = calloc(fds_max, sizeof *by_fd);
    return by_fd ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void net_conn_deinit(void) {
    free(by_fd);
    by_fd = NULL;
    fds_max = 0;
}

static struct conn *conn_of_fd(int fd) {
    struct conn *conn = NULL;
    if (fd >= 0 && (uint32_t)fd < fds_max) conn = slots_find(&net_state.conns, by_fd[fd]);
    return conn && conn->wsi && lws_get_socket_fd(conn->wsi) == fd ? conn : NULL;
}

/* ---- Life ---- */

struct conn *net_conn_of(struct lws *wsi) {
    return slots_find(&net_state.conns, (conn_id)(uintptr_t)lws_get_opaque_user_data(wsi));
}

void net_conn_free(struct conn *conn) {
    deadline_remove(conn);
    net_conn_parts.gone(conn);
    slots_remove(&net_state.conns, conn->id);
}

void net_conn_adopt(struct conn *conn) {
    conn_id id = conn->id;
    const lws_adopt_desc_t adopt = {
        .vh = conn->admin ? net_state.admin_vhost : net_state.public_vhost,
        .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL,
        .fd = {.sockfd = conn->fd},
        .opaque = (void *)(uintptr_t)id,
    };
    if ((uint32_t)conn->fd < fds_max) by_fd[conn->fd] = id;
    conn->fd = -1; /* libwebsockets closes it, also when it does not take it */
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&adopt);
    conn = slots_find(&net_state.conns, id);
    if (conn && wsi && !conn->websocket) conn->wsi = wsi;
    if (conn && !wsi) net_conn_free(conn);
}

void net_conn_pause(struct conn *conn, bool paused) {
    if (conn->paused == paused) return;
    conn->paused = paused;
    lws_rx_flow_control(conn->wsi, !paused);
}

void net_conn_shut(struct conn *conn) {
    if (conn->dead) return;
    if (!conn->wsi && !conn->websocket) {
        net_conn_free(conn);
        return;
    }
    conn->dead = conn->closing = true;
    deadline_remove(conn);
    net_conn_parts.ends(conn);
    if (conn->wsi) { /* paused, or between request and answer, it would not look at its end */
        net_conn_pause(conn, false);
        lws_callback_on_writable(conn->wsi);
    }
    shutdown(net_conn_fd(conn), SHUT_RDWR);
}

/* What libwebsockets cannot read it ends without a word, and tells us when nothing can be sent any
 * more. This is its last call before: it goes by the dynamic symbol table, where the executable
 * comes first. */
LWS_VISIBLE int shutdown(int fd, int how) {
    struct conn *conn = how == SHUT_WR ? conn_of_fd(fd) : NULL;
    if (conn) net_conn_parts.silenced(conn);
    return (int)syscall(SYS_shutdown, fd, how);
}

/* ---- Its request ---- */

struct exchange *net_exchange_of(const struct conn *conn) {
    return slots_find(&net_state.exchanges, conn->exchange.value);
}

void net_exchange_free(struct conn *conn, struct exchange *exchange) {
    conn->exchange = (muster_request_id){0};
    for (struct net_header *header; (header = exchange->headers);) {
        exchange->headers = header->next;
        free(header);
    }
    free(exchange->path);
    free(exchange->body);
    free(exchange->answer);
    slots_remove(&net_state.exchanges, exchange->id.value);
}
