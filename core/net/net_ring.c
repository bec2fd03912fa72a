/* net_ring - snapshots of many connections that leave by one call of the kernel (io_uring).
 *
 * Owns the ring and a copy of what lies in it: what was put there is borrowed for that call alone.
 * Called by net_wire, which sends where there is no ring; by net_ws and the pacer for what is to
 * leave. Measured in docs/decisions/0071.
 */
#include "net_internal.h"

#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "untrusted.h"

#define SENDS_MAX 256
#define BYTES_MAX 65536

/* A kernel that has all of these (6.1) ends a send that may not wait within the call. */
#define FLAGS (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL)

struct send {
    struct conn *conn; /* it tells before it goes: net_ring_settle */
    uint32_t at, len;  /* of its frame in bytes */
    int result;        /* bytes that the kernel took, or a negative errno */
};

static struct {
    struct io_uring uring;
    net_ring_fn *settled;
    bool is_open;
    uint32_t count, bytes_len;
    struct send sends[SENDS_MAX];
    uint8_t bytes[BYTES_MAX];
} ring;

void net_ring_start(net_ring_fn *settled) {
    ring.settled = settled;
    ring.count = ring.bytes_len = 0;
    if (untrusted_requested()) {
        log_info("net", "snapshots are sent one by one: io_uring goes round the filter of "
                        "--untrusted");
        return;
    }
    int code = io_uring_queue_init(SENDS_MAX, &ring.uring, FLAGS);
    ring.is_open = code == 0;
    if (ring.is_open)
        log_info("net", "snapshots are sent together, by io_uring");
    else
        log_info("net", "snapshots are sent one by one: no io_uring (%s)", strerror(-code));
}

void net_ring_stop(void) {
    if (ring.is_open) io_uring_queue_exit(&ring.uring);
    ring.is_open = false;
}

bool net_ring_put(struct conn *conn, const uint8_t *bytes, uint32_t len) {
    if (len > BYTES_MAX - ring.bytes_len || ring.count == SENDS_MAX) net_flush_snapshots();
    if (!ring.is_open || len > BYTES_MAX) return false;
    uint8_t *own = ring.bytes + ring.bytes_len;
    memcpy(own, bytes, len);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring.uring);
    io_uring_prep_send(sqe, conn->fd, own, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    sqe->user_data = ring.count;
    ring.sends[ring.count++] = (struct send){conn, ring.bytes_len, len, -EIO};
    ring.bytes_len += len;
    conn->in_ring = true;
    return true;
}

/* A signal may come while it waits. */
static struct io_uring_cqe *next_result(void) {
    struct io_uring_cqe *cqe = NULL;
    while (io_uring_wait_cqe(&ring.uring, &cqe) == -EINTR) continue;
    return cqe;
}

/* What the kernel did not take has not left; what it took and said nothing of may have: that stays
 * -EIO. Returns 0, or why the ring is of no more use. */
static int submit(uint32_t count) {
    int code = io_uring_submit_and_wait(&ring.uring, count);
    uint32_t taken = code > 0 ? (uint32_t)code : 0;
    for (uint32_t i = taken; i < count; i++) ring.sends[i].result = -EAGAIN;
    for (uint32_t i = 0; i < taken; i++) {
        struct io_uring_cqe *cqe = next_result();
        if (!cqe) return -EIO;
        ring.sends[cqe->user_data].result = cqe->res;
        io_uring_cqe_seen(&ring.uring, cqe);
    }
    if (taken == count) return 0;
    return code < 0 ? code : -EAGAIN;
}

static void give_up(int code) {
    log_warn("net", "io_uring failed (%s): snapshots are sent one by one from now on",
             strerror(-code));
    net_ring_stop();
}

void net_flush_snapshots(void) {
    uint32_t count = ring.count;
    if (count == 0) return;
    int code = submit(count);
    if (code) give_up(code);
    ring.count = ring.bytes_len = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct send *send = &ring.sends[i];
        send->conn->in_ring = false;
        ring.settled(send->conn, ring.bytes + send->at, send->len, send->result);
    }
}

void net_ring_settle(const struct conn *conn) {
    if (conn->in_ring) net_flush_snapshots();
}
