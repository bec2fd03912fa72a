/* net_meter - bytes that the kernel received on a connection, against those that are accounted for.
 *
 * libwebsockets answers pings, drops empty fragments and ends what it cannot read without telling
 * us. The kernel counts all bytes, so what no message and no answer explains shows up here.
 */
#include "net_internal.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define UNTOLD_PER_S 256    /* 40 pings */
#define UNTOLD_BURST 16384  /* a TLS record may be under way */
#define FRAME_BYTES_MAX 14  /* RFC 6455: head and mask */
#define RECORD_BYTES_MAX 32 /* of TLS 1.2 and 1.3, around one message */

static uint64_t received(const struct conn *conn) {
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(net_conn_fd(conn), IPPROTO_TCP, TCP_INFO, &info, &len) != 0) return 0;
    return info.tcpi_bytes_received;
}

static uint64_t waiting(const struct conn *conn) {
    int bytes = 0;
    if (ioctl(net_conn_fd(conn), FIONREAD, &bytes) != 0 || bytes < 0) return 0;
    return (uint64_t)bytes;
}

uint64_t net_meter_read(const struct conn *conn) {
    if (net_conn_is_own(conn)) return conn->read_bytes;
    uint64_t left = waiting(conn); /* first: more may come between the two */
    return received(conn) - left;
}

void net_meter_settle(struct conn *conn) {
    conn->told_bytes = received(conn);
}

bool net_meter_untold(const struct conn *conn) {
    return received(conn) > conn->told_bytes;
}

void net_meter_message(struct conn *conn, size_t len, bool last) {
    conn->told_bytes += len;
    if (last) conn->told_bytes += FRAME_BYTES_MAX + (net_state.tls ? RECORD_BYTES_MAX : 0);
}

bool net_meter_fits(struct conn *conn) {
    uint64_t total = net_meter_read(conn), begun = conn->unread ? conn->unread->len : 0;
    conn->told_bytes += UNTOLD_PER_S;
    if (conn->told_bytes > total) conn->told_bytes = total; /* nothing is saved up */
    return total - conn->told_bytes <= UNTOLD_BURST + begun;
}
