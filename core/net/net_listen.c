/* net_listen - the listening sockets, public and admin.
 *
 * Owns both descriptors: libwebsockets never listens, so the sockets may come from elsewhere, the
 * port may be 0, and limits are kept before a byte of memory is spent on a connection.
 */
#include "net_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "service.h"

#define BACKLOG 4096        /* all players of a node at once, while it starts again */
#define ACCEPTS_PER_TURN 64 /* then the others on the loop have their turn */
#define ERROR_MAX 256

struct listener {
    int fd;
    bool admin;
    uint32_t port;
    struct loop_poll *poll;
};

static struct listener public_listener = {.fd = -1};
static struct listener admin_listener = {.fd = -1, .admin = true};
static int spare_fd = -1; /* given up to turn clients away when descriptors run out */
static net_accept_fn *accepted;

static muster_status listen_fail(char *error, const char *address, uint32_t port) {
    muster_status status = errno == EADDRINUSE      ? MUSTER_EXISTS
                           : errno == EADDRNOTAVAIL ? MUSTER_INVALID /* no interface has it */
                                                    : MUSTER_IO;
    snprintf(error, ERROR_MAX, "cannot listen on %s port %u: %s", address, port, strerror(errno));
    return status;
}

static uint32_t bound_port(int fd) {
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0) return 0;
    return ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
}

static int socket_open(const struct addrinfo *info) {
    int on = 1;
    int off = 0;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static void turn_away(int listen_fd) {
    close(spare_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
}

static void take(const struct listener *listener, int fd, const struct sockaddr_storage *from) {
    char address[NET_ADDRESS_MAX];
    int on = 1;
    net_address_text(from, address);
    if (!listener->admin && !net_peer_admit(address, net_proxy_trusted(address))) {
        metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!accepted(fd, listener->admin, address)) metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
}

static bool accept_one(const struct listener *listener) {
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    int fd = accept4(listener->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        take(listener, fd, &from);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE) turn_away(listener->fd);
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_connection(void *user, uint32_t events, muster_status status) {
    const struct listener *listener = user;
    (void)events;
    if (status != MUSTER_OK) return;
    for (int i = 0; i < ACCEPTS_PER_TURN && accept_one(listener); i++) {
    }
}

muster_status net_socket_open(const char *address, uint32_t port, int *out_fd, char *error) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *info = NULL;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, &info) != 0) {
        snprintf(error, ERROR_MAX, "cannot listen on \"%s\": not an IP address", address);
        return MUSTER_INVALID;
    }
    *out_fd = socket_open(info);
    freeaddrinfo(info);
    return *out_fd < 0 ? listen_fail(error, address, port) : MUSTER_OK;
}

/* One that was opened before lives longer than this process: it is taken as it is. */
static bool take_passed(struct listener *listener, uint32_t port) {
    listener->fd = service_socket(listener->admin ? "admin" : "public");
    if (listener->fd < 0) return false;
    if (port && port != bound_port(listener->fd))
        log_warn("net", "%s is %u, and the socket that was passed listens on %u",
                 listener->admin ? "net.adminPort" : "net.port", port, bound_port(listener->fd));
    return true;
}

static muster_status listener_open(struct listener *listener, const char *address, uint32_t port,
                                   char *error) {
    if (!take_passed(listener, port)) {
        muster_status status = net_socket_open(address, port, &listener->fd, error);
        if (status) return status;
    }
    listener->port = bound_port(listener->fd);
    listener->poll = loop_poll_start(listener->fd, MUSTER_POLL_READ, on_connection, listener);
    if (listener->poll) return MUSTER_OK;
    snprintf(error, ERROR_MAX, "cannot watch the socket on %s port %u", address, port);
    return MUSTER_NO_MEMORY;
}

static void listener_close(struct listener *listener) {
    loop_poll_stop(listener->poll);
    listener->poll = NULL;
    if (listener->fd >= 0) close(listener->fd);
    listener->fd = -1;
}

muster_status net_listen_start(net_accept_fn *fn, char *error) {
    accepted = fn;
    spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    muster_status status =
        listener_open(&public_listener, config_core->net.address, config_core->net.port, error);
    if (status == MUSTER_OK) {
        status = listener_open(&admin_listener, config_core->net.admin_address,
                               config_core->net.admin_port, error);
    }
    if (status != MUSTER_OK) net_listen_stop();
    return status;
}

void net_listen_stop(void) {
    listener_close(&public_listener);
    listener_close(&admin_listener);
    if (spare_fd >= 0) close(spare_fd);
    spare_fd = -1;
}

uint32_t net_port(void) {
    return public_listener.port;
}

uint32_t net_admin_port(void) {
    return admin_listener.port;
}
