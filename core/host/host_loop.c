/* host->loop and host->net. */
#include <sodium.h>
#include <stdlib.h>

#include "config.h"
#include "host_internal.h"
#include "posts.h"

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t now_ms_fn(muster_self *self) {
    return host_on_loop(self, __func__) ? loop_now_ms() : 0;
}

static int64_t unix_ms_fn(muster_self *self) {
    return host_on_loop(self, __func__) ? loop_unix_ms() : 0;
}

static void random_fn(muster_self *self, void *out, uint32_t len) {
    if (!out) {
        plugin_fault(self, "host->loop->random: null where bytes shall go");
        return;
    }
    randombytes_buf(out, len);
}

/* ---- timers ---------------------------------------------------------------------------------- */

struct timer {
    struct handle handle;
    struct loop_timer *timer;
    muster_timer_fn fn;
    void *user;
    bool once;
};

static void close_timer(struct resource *resource) {
    struct timer *timer = (struct timer *)resource;
    loop_timer_stop(timer->timer);
    host_handle_close(&timer->handle);
    free(timer);
}

static const struct resource_kind timer_kind = {"timer", close_timer, false};

static void on_timer(void *user) {
    struct timer *timer = user;
    struct timer copy = *timer; /* fn may stop the timer */
    struct muster_self *owner = timer->handle.resource.owner;
    if (copy.once) {
        host_handle_close(&timer->handle);
        free(timer);
    }
    plugin_enter(owner, "timer");
    copy.fn(copy.user);
    plugin_leave();
}

static muster_status timer_start_fn(muster_self *self, uint32_t delay_ms, uint32_t repeat_ms,
                                    muster_timer_fn fn, void *user, muster_timer_id *out) {
    HOST_CHECK_OPEN(self);
    if (!fn || !out) return MUSTER_INVALID;
    struct timer *timer = calloc(1, sizeof *timer);
    if (!timer) return MUSTER_NO_MEMORY;
    timer->fn = fn;
    timer->user = user;
    timer->once = repeat_ms == 0;
    timer->timer = loop_timer_start(delay_ms, repeat_ms, on_timer, timer);
    muster_status status =
        timer->timer ? host_handle_open(self, &timer->handle, &timer_kind) : MUSTER_NO_MEMORY;
    if (status) {
        loop_timer_stop(timer->timer);
        free(timer);
        return status;
    }
    out->value = timer->handle.id;
    return MUSTER_OK;
}

static muster_status timer_stop_fn(muster_self *self, muster_timer_id id) {
    HOST_CHECK_THREAD(self);
    struct timer *timer = host_handle_find(self, id.value, &timer_kind);
    if (!timer) return MUSTER_NOT_FOUND;
    close_timer(&timer->handle.resource);
    return MUSTER_OK;
}

/* ---- posts ----------------------------------------------------------------------------------- */

/* Any thread. */
static muster_status post_fn(muster_self *self, muster_post_fn fn, void *user) {
    return fn ? posts_add(self, fn, user) : MUSTER_INVALID;
}

/* ---- work ------------------------------------------------------------------------------------ */

struct work {
    struct handle handle;
    struct loop_work *work;
    muster_work_fn fn;
    void (*done)(void *user, muster_status status);
    void *user;
};

/* Its end is told by the loop, never in here. A job that runs cannot be stopped; its plugin stays
 * pinned until it is done. */
static void close_work(struct resource *resource) {
    if (resource->is_cancelled) return;
    resource->is_cancelled = true;
    loop_work_cancel(((struct work *)resource)->work);
}

static const struct resource_kind work_kind = {"work", close_work, true};

static void run_work(void *user) {
    struct work *work = user;
    work->fn(work->user);
}

static void on_work_done(void *user, muster_status status) {
    struct work *work = user;
    struct muster_self *self = work->handle.resource.owner;
    host_handle_close(&work->handle);
    self->work_running--;
    plugin_enter(self, "work.done");
    if (work->done)
        work->done(work->user, work->handle.resource.is_cancelled ? MUSTER_CLOSED : status);
    plugin_leave();
    free(work);
    plugin_unpin(self);
}

static muster_status work_fn(muster_self *self, muster_work_fn fn,
                             void (*done)(void *user, muster_status status), void *user,
                             muster_work_id *out) {
    HOST_CHECK_STARTED(self);
    if (!fn) return MUSTER_INVALID;
    if (self->work_running >= config_core->server.work_queue_max) return MUSTER_LIMIT;
    struct work *work = calloc(1, sizeof *work);
    if (!work) return MUSTER_NO_MEMORY;
    *work = (struct work){.fn = fn, .done = done, .user = user};
    muster_status status = host_handle_open(self, &work->handle, &work_kind);
    if (status) {
        free(work);
        return status;
    }
    status = loop_work_start(run_work, on_work_done, work, &work->work);
    if (status) {
        host_handle_close(&work->handle);
        free(work);
        return status;
    }
    self->work_running++;
    plugin_pin(self);
    if (out) out->value = work->handle.id;
    return MUSTER_OK;
}

static muster_status work_cancel_fn(muster_self *self, muster_work_id id) {
    HOST_CHECK_THREAD(self);
    struct work *work = host_handle_find(self, id.value, &work_kind);
    if (!work) return MUSTER_NOT_FOUND;
    close_work(&work->handle.resource);
    return MUSTER_OK;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

struct poll {
    struct handle handle;
    struct loop_poll *poll;
    muster_poll_fn fn;
    void *user;
};

static void close_poll(struct resource *resource) {
    struct poll *poll = (struct poll *)resource;
    loop_poll_stop(poll->poll);
    host_handle_close(&poll->handle);
    free(poll);
}

static const struct resource_kind poll_kind = {"poll", close_poll, false};

static void on_poll(void *user, uint32_t events, muster_status status) {
    struct poll *poll = user;
    plugin_enter(poll->handle.resource.owner, "poll");
    poll->fn(poll->user, events, status);
    plugin_leave();
}

static muster_status poll_start_fn(muster_self *self, int32_t fd, uint32_t events,
                                   muster_poll_fn fn, void *user, muster_poll_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    if (!fn || !out || fd < 0) return MUSTER_INVALID;
    struct poll *poll = calloc(1, sizeof *poll);
    if (!poll) return MUSTER_NO_MEMORY;
    poll->fn = fn;
    poll->user = user;
    poll->poll = loop_poll_start(fd, events, on_poll, poll);
    muster_status status =
        poll->poll ? host_handle_open(self, &poll->handle, &poll_kind) : MUSTER_INVALID;
    if (status) {
        if (poll->poll) loop_poll_stop(poll->poll);
        free(poll);
        return status;
    }
    out->value = poll->handle.id;
    return MUSTER_OK;
}

static muster_status poll_stop_fn(muster_self *self, muster_poll_id id) {
    HOST_CHECK_THREAD(self);
    struct poll *poll = host_handle_find(self, id.value, &poll_kind);
    if (!poll) return MUSTER_NOT_FOUND;
    close_poll(&poll->handle.resource);
    return MUSTER_OK;
}

const struct muster_host_loop host_loop_group = {
    .size = sizeof host_loop_group,
    .now_ms = now_ms_fn,
    .unix_ms = unix_ms_fn,
    .timer_start = timer_start_fn,
    .timer_stop = timer_stop_fn,
    .post = post_fn,
    .work = work_fn,
    .poll_start = poll_start_fn,
    .poll_stop = poll_stop_fn,
    .random = random_fn,
    .work_cancel = work_cancel_fn,
};

/* ---- UDP ------------------------------------------------------------------------------------- */

struct udp {
    struct handle handle;
    struct loop_udp *udp;
    void (*fn)(void *user, const struct muster_udp_packet *packet);
    void *user;
};

static void close_udp(struct resource *resource) {
    struct udp *udp = (struct udp *)resource;
    loop_udp_close(udp->udp);
    host_handle_close(&udp->handle);
    free(udp);
}

static const struct resource_kind udp_kind = {"UDP socket", close_udp, false};

static void on_packet(void *user, const struct sockaddr *from, uint32_t from_len, const void *data,
                      uint32_t len) {
    struct udp *udp = user;
    struct muster_udp_packet packet = {
        .size = sizeof packet, .from_len = from_len, .from = from, .data = {data, len}};
    plugin_enter(udp->handle.resource.owner, "udp");
    udp->fn(udp->user, &packet);
    plugin_leave();
}

static muster_status udp_open_fn(muster_self *self, const char *address, uint32_t port,
                                 void (*fn)(void *user, const struct muster_udp_packet *packet),
                                 void *user, muster_socket_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    if (!address || !fn || !out) return MUSTER_INVALID;
    struct udp *udp = calloc(1, sizeof *udp);
    if (!udp) return MUSTER_NO_MEMORY;
    udp->fn = fn;
    udp->user = user;
    muster_status status = MUSTER_OK;
    udp->udp = loop_udp_open(address, port, on_packet, udp, &status);
    if (udp->udp) {
        status = host_handle_open(self, &udp->handle, &udp_kind);
        if (status) loop_udp_close(udp->udp);
    }
    if (status) {
        free(udp);
        return status;
    }
    out->value = udp->handle.id;
    return MUSTER_OK;
}

static muster_status udp_send_fn(muster_self *self, muster_socket_id id, const void *to,
                                 uint32_t to_len, struct muster_bytes data) {
    HOST_CHECK_THREAD(self);
    (void)to_len;
    struct udp *udp = host_handle_find(self, id.value, &udp_kind);
    if (!udp) return MUSTER_NOT_FOUND;
    if (!to || data.len > 65507 || (data.len && !data.data)) return MUSTER_INVALID;
    return loop_udp_send(udp->udp, to, data.data, (uint32_t)data.len);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

struct tcp {
    struct handle handle;
    struct loop_tcp *tcp;
    struct muster_tcp_handler handler;
    void *user;
};

static void close_tcp(struct resource *resource) {
    struct tcp *tcp = (struct tcp *)resource;
    loop_tcp_close(tcp->tcp);
    host_handle_close(&tcp->handle);
    free(tcp);
}

static const struct resource_kind listener_kind = {"TCP listener", close_tcp, false};

/* Connections belong to the listener's plugin; the loop tells their end, so the record outlives a
 * close that was asked for. */
struct tcp_conn {
    struct handle handle;
    struct tcp_conn *next;
    struct loop_tcp *tcp;
    struct muster_tcp_handler handler;
    void *user;
    bool is_closed; /* the plugin has been told */
};

static struct tcp_conn *connections; /* to find the record of a loop_tcp */

static void tell_closed(struct tcp_conn *conn) {
    if (conn->is_closed) return;
    conn->is_closed = true;
    plugin_enter(conn->handle.resource.owner, "tcp.close");
    conn->handler.close(conn->user, (muster_socket_id){conn->handle.id});
    plugin_leave();
}

/* By the plugin: it hears of it when what is queued has been sent. */
static void close_conn(struct resource *resource) {
    struct tcp_conn *conn = (struct tcp_conn *)resource;
    loop_tcp_close(conn->tcp);
    if (resource->owner->phase >= PLUGIN_STOPPED) tell_closed(conn);
}

static const struct resource_kind conn_kind = {"TCP connection", close_conn, true};

static struct tcp_conn *find_conn(const struct loop_tcp *tcp) {
    struct tcp_conn *conn = connections;
    while (conn && conn->tcp != tcp) conn = conn->next;
    return conn;
}

static void on_open(void *user, struct loop_tcp *tcp, const char *address) {
    struct tcp *listener = user;
    struct muster_self *owner = listener->handle.resource.owner;
    struct tcp_conn *conn = calloc(1, sizeof *conn);
    if (!conn || host_handle_open(owner, &conn->handle, &conn_kind)) {
        free(conn);
        loop_tcp_close(tcp);
        return;
    }
    conn->tcp = tcp;
    conn->handler = listener->handler;
    conn->user = listener->user;
    conn->next = connections;
    connections = conn;
    plugin_pin(owner);
    plugin_enter(owner, "tcp.open");
    conn->handler.open(conn->user, (muster_socket_id){conn->handle.id}, address);
    plugin_leave();
}

static void on_data(void *user, struct loop_tcp *tcp, const void *data, uint32_t len) {
    (void)user;
    struct tcp_conn *conn = find_conn(tcp);
    if (!conn || conn->handle.resource.owner->phase >= PLUGIN_STOPPED) return;
    plugin_enter(conn->handle.resource.owner, "tcp.data");
    conn->handler.data(conn->user, (muster_socket_id){conn->handle.id},
                       (struct muster_bytes){data, len});
    plugin_leave();
}

static void on_close(void *user, struct loop_tcp *tcp) {
    (void)user;
    struct tcp_conn **at = &connections;
    while (*at && (*at)->tcp != tcp) at = &(*at)->next;
    struct tcp_conn *conn = *at;
    if (!conn) return;
    *at = conn->next;
    struct muster_self *owner = conn->handle.resource.owner;
    tell_closed(conn);
    host_handle_close(&conn->handle);
    free(conn);
    plugin_unpin(owner);
}

static const struct loop_tcp_handler tcp_handler = {on_open, on_data, on_close};

static muster_status tcp_listen_fn(muster_self *self, const char *address, uint32_t port,
                                   const struct muster_tcp_handler *handler, void *user,
                                   muster_socket_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    struct muster_tcp_handler full;
    if (!ABI_COPY_IN(self, muster_tcp_handler, &full, handler) || !out) return MUSTER_INVALID;
    if (!address || !full.open || !full.data || !full.close) return MUSTER_INVALID;
    struct tcp *listener = calloc(1, sizeof *listener);
    if (!listener) return MUSTER_NO_MEMORY;
    listener->handler = full;
    listener->user = user;
    muster_status status = MUSTER_OK;
    listener->tcp = loop_tcp_listen(address, port, &tcp_handler, listener, &status);
    if (listener->tcp) {
        status = host_handle_open(self, &listener->handle, &listener_kind);
        if (status) loop_tcp_close(listener->tcp);
    }
    if (status) {
        free(listener);
        return status;
    }
    out->value = listener->handle.id;
    return MUSTER_OK;
}

static muster_status tcp_send_fn(muster_self *self, muster_socket_id id, struct muster_bytes data) {
    HOST_CHECK_THREAD(self);
    struct tcp_conn *conn = host_handle_find(self, id.value, &conn_kind);
    if (!conn) return MUSTER_NOT_FOUND;
    if (data.len && !data.data) return MUSTER_INVALID;
    if (data.len > 256u << 10) return MUSTER_FULL;
    return loop_tcp_send(conn->tcp, data.data, (uint32_t)data.len);
}

static muster_status close_fn(muster_self *self, muster_socket_id id) {
    HOST_CHECK_THREAD(self);
    struct handle *handle = host_handle_find(self, id.value, &udp_kind);
    if (!handle) handle = host_handle_find(self, id.value, &listener_kind);
    if (!handle) handle = host_handle_find(self, id.value, &conn_kind);
    if (!handle) return MUSTER_NOT_FOUND;
    handle->resource.kind->close(&handle->resource);
    return MUSTER_OK;
}

const struct muster_host_net host_net_group = {
    .size = sizeof host_net_group,
    .udp_open = udp_open_fn,
    .udp_send = udp_send_fn,
    .tcp_listen = tcp_listen_fn,
    .tcp_send = tcp_send_fn,
    .close = close_fn,
};
