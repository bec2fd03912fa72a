/* loop_socket - plain UDP and TCP for services that speak their own protocols.
 *
 * Owns the sockets. Called by host on behalf of plugins. Peers are hostile: what waits for them is
 * bounded in bytes, in connections and, once we want to be rid of them, in time.
 */
#include "loop_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    UDP_MAX_BYTES = 65507,
    TCP_UNSENT_MAX_BYTES = 262144,
    TCP_CONNECTIONS_MAX = 1024, /* of all listeners together */
    TCP_BACKLOG = 128,
    LINGER_MS = 5000, /* to take what is queued, after loop_tcp_close */
};

struct loop_udp {
    struct loop_item item;
    uv_udp_t handle;
    void (*fn)(void *user, const struct sockaddr *from, uint32_t from_len, const void *data,
               uint32_t len);
    void *user;
};

struct loop_tcp {
    struct loop_item item;
    uv_tcp_t handle;
    struct loop_tcp_handler handler;
    void *user;
    bool listener;
    bool opened; /* the user knows it and must be told of its end */
    bool ending;
    uv_shutdown_t shutdown;
    uv_timer_t linger;
    uint32_t handles; /* still to be closed before the memory goes */
};

struct tcp_write {
    uv_write_t req;
    char data[];
};

static uint32_t connection_count;

/* ---- addresses ---- */

static int parse_address(const char *address, uint32_t port, struct sockaddr_storage *out) {
    if (port > UINT16_MAX) return UV_EINVAL;
    if (uv_ip4_addr(address, (int)port, (struct sockaddr_in *)out) == 0) return 0;
    return uv_ip6_addr(address, (int)port, (struct sockaddr_in6 *)out);
}

/* "192.0.2.1" also for "::ffff:192.0.2.1", so that limits by address count a peer once. */
static void format_address(const struct sockaddr_storage *address, char *out, size_t size) {
    static const char mapped[] = "::ffff:";
    char text[INET6_ADDRSTRLEN] = "";
    if (address->ss_family == AF_INET6)
        uv_ip6_name((const struct sockaddr_in6 *)address, text, sizeof(text));
    else
        uv_ip4_name((const struct sockaddr_in *)address, text, sizeof(text));
    bool is_mapped = strncmp(text, mapped, sizeof(mapped) - 1) == 0 && strchr(text, '.');
    snprintf(out, size, "%s", is_mapped ? text + sizeof(mapped) - 1 : text);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    (void)handle;
    (void)suggested;
    *out = loop_receive_buffer();
}

/* ---- UDP ---- */

static void udp_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void udp_close(struct loop_item *item) {
    struct loop_udp *udp = (struct loop_udp *)item;
    uv_close((uv_handle_t *)&udp->handle, udp_closed);
}

static void on_packet(uv_udp_t *handle, ssize_t len, const uv_buf_t *data,
                      const struct sockaddr *from, unsigned flags) {
    struct loop_udp *udp = handle->data;
    if (len < 0 || !from || (flags & UV_UDP_PARTIAL)) return;
    uint32_t from_len =
        from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    udp->fn(udp->user, from, from_len, data->base, (uint32_t)len);
}

static int udp_start(struct loop_udp *udp, const char *address, uint32_t port) {
    struct sockaddr_storage at = {0};
    int code = parse_address(address, port, &at);
    if (code == 0) code = uv_udp_bind(&udp->handle, (struct sockaddr *)&at, 0);
    if (code == 0) code = uv_udp_recv_start(&udp->handle, on_alloc, on_packet);
    return code;
}

struct loop_udp *loop_udp_open(const char *address, uint32_t port,
                               void (*fn)(void *user, const struct sockaddr *from,
                                          uint32_t from_len, const void *data, uint32_t len),
                               void *user, muster_status *status) {
    struct loop_udp *udp = calloc(1, sizeof(*udp));
    *status = udp ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (!udp) return NULL;
    udp->fn = fn;
    udp->user = user;
    udp->handle.data = udp;
    uv_udp_init(loop_uv(), &udp->handle);
    loop_item_add(&udp->item, "UDP socket", udp_close);
    *status = loop_status(udp_start(udp, address, port));
    if (*status == MUSTER_OK) return udp;
    loop_udp_close(udp);
    return NULL;
}

muster_status loop_udp_send(struct loop_udp *udp, const struct sockaddr *to, const void *data,
                            uint32_t len) {
    if (len > UDP_MAX_BYTES) return MUSTER_LIMIT;
    /* Sent now or not at all, as UDP is: no queue that a flood of requests could fill. */
    uv_buf_t bytes = uv_buf_init((char *)data, len);
    int code = uv_udp_try_send(&udp->handle, &bytes, 1, to);
    return code < 0 ? loop_status(code) : MUSTER_OK;
}

void loop_udp_close(struct loop_udp *udp) {
    if (!udp || uv_is_closing((uv_handle_t *)&udp->handle)) return;
    loop_item_remove(&udp->item);
    udp_close(&udp->item);
}

/* ---- TCP ---- */

static void tcp_closed(uv_handle_t *handle) {
    struct loop_tcp *tcp = handle->data;
    if (--tcp->handles > 0) return;
    if (!tcp->listener) connection_count--;
    if (tcp->opened && tcp->handler.close) tcp->handler.close(tcp->user, tcp);
    free(tcp);
}

/* At once, whatever is queued. */
static void tcp_close(struct loop_item *item) {
    struct loop_tcp *tcp = (struct loop_tcp *)item;
    if (uv_is_closing((uv_handle_t *)&tcp->handle)) return;
    tcp->ending = true;
    loop_item_remove(&tcp->item);
    uv_close((uv_handle_t *)&tcp->handle, tcp_closed);
    if (!tcp->listener) uv_close((uv_handle_t *)&tcp->linger, tcp_closed);
}

static struct loop_tcp *tcp_create(const struct loop_tcp_handler *handler, void *user,
                                   bool listener) {
    struct loop_tcp *tcp = calloc(1, sizeof(*tcp));
    if (!tcp) return NULL;
    tcp->handler = *handler;
    tcp->user = user;
    tcp->listener = listener;
    tcp->handle.data = tcp->linger.data = tcp->shutdown.data = tcp;
    uv_tcp_init(loop_uv(), &tcp->handle);
    tcp->handles = 1;
    if (!listener) {
        uv_timer_init(loop_uv(), &tcp->linger);
        tcp->handles = 2;
        connection_count++;
    }
    loop_item_add(&tcp->item, listener ? "TCP listener" : "TCP connection", tcp_close);
    return tcp;
}

static void on_tcp_data(uv_stream_t *stream, ssize_t len, const uv_buf_t *data) {
    struct loop_tcp *tcp = stream->data;
    if (tcp->ending) return;
    if (len > 0)
        tcp->handler.data(tcp->user, tcp, data->base, (uint32_t)len);
    else if (len == UV_EOF)
        loop_tcp_close(tcp); /* the peer said all it had to; it still reads our answers */
    else if (len < 0)
        tcp_close(&tcp->item);
}

static void on_connection(uv_stream_t *stream, int code) {
    struct loop_tcp *listener = stream->data;
    if (code != 0) return;
    struct loop_tcp *conn = tcp_create(&listener->handler, listener->user, false);
    if (!conn) return;
    code = uv_accept(stream, (uv_stream_t *)&conn->handle);
    struct sockaddr_storage peer = {0};
    int len = sizeof(peer);
    if (code == 0) code = uv_tcp_getpeername(&conn->handle, (struct sockaddr *)&peer, &len);
    if (code == 0) code = uv_read_start((uv_stream_t *)&conn->handle, on_alloc, on_tcp_data);
    if (code != 0 || connection_count > TCP_CONNECTIONS_MAX) {
        tcp_close(&conn->item);
        return;
    }
    uv_tcp_nodelay(&conn->handle, 1);
    char address[INET6_ADDRSTRLEN];
    format_address(&peer, address, sizeof(address));
    conn->opened = true;
    conn->handler.open(conn->user, conn, address);
}

static int tcp_listen(struct loop_tcp *tcp, const char *address, uint32_t port) {
    struct sockaddr_storage at = {0};
    int code = parse_address(address, port, &at);
    if (code == 0) code = uv_tcp_bind(&tcp->handle, (struct sockaddr *)&at, 0);
    if (code == 0) code = uv_listen((uv_stream_t *)&tcp->handle, TCP_BACKLOG, on_connection);
    return code;
}

struct loop_tcp *loop_tcp_listen(const char *address, uint32_t port,
                                 const struct loop_tcp_handler *handler, void *user,
                                 muster_status *status) {
    struct loop_tcp *tcp = tcp_create(handler, user, true);
    *status = tcp ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (!tcp) return NULL;
    *status = loop_status(tcp_listen(tcp, address, port));
    if (*status == MUSTER_OK) return tcp;
    tcp_close(&tcp->item);
    return NULL;
}

static void on_written(uv_write_t *req, int code) {
    struct loop_tcp *tcp = req->handle->data;
    free(req->data);
    if (code != 0 && code != UV_ECANCELED) tcp_close(&tcp->item);
}

muster_status loop_tcp_send(struct loop_tcp *conn, const void *data, uint32_t len) {
    uv_stream_t *stream = (uv_stream_t *)&conn->handle;
    if (conn->listener) return MUSTER_INVALID;
    if (conn->ending) return MUSTER_CLOSED;
    if (len == 0) return MUSTER_OK;
    size_t unsent = uv_stream_get_write_queue_size(stream);
    if (len > TCP_UNSENT_MAX_BYTES || unsent > TCP_UNSENT_MAX_BYTES - len) return MUSTER_FULL;
    struct tcp_write *write = malloc(sizeof(*write) + len);
    if (!write) return MUSTER_NO_MEMORY;
    memcpy(write->data, data, len);
    write->req.data = write;
    uv_buf_t bytes = uv_buf_init(write->data, len);
    int code = uv_write(&write->req, stream, &bytes, 1, on_written);
    if (code == 0) return MUSTER_OK;
    free(write);
    tcp_close(&conn->item);
    return MUSTER_CLOSED;
}

static void on_shutdown(uv_shutdown_t *req, int code) {
    struct loop_tcp *tcp = req->data;
    (void)code;
    tcp_close(&tcp->item);
}

static void on_linger(uv_timer_t *timer) {
    struct loop_tcp *tcp = timer->data;
    tcp_close(&tcp->item);
}

void loop_tcp_close(struct loop_tcp *tcp) {
    if (!tcp || tcp->ending) return;
    tcp->ending = true;
    uv_stream_t *stream = (uv_stream_t *)&tcp->handle;
    if (tcp->listener || uv_shutdown(&tcp->shutdown, stream, on_shutdown) != 0) {
        tcp_close(&tcp->item);
        return;
    }
    tcp->item.kind = NULL; /* its owner let go of it: no leak, should the loop end first */
    uv_timer_start(&tcp->linger, on_linger, LINGER_MS, 0);
}
