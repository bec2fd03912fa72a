/* net_admit - who has shown the admin token: makes room for nobody, and goes when the token
 * changes.
 *
 * That is told of a request, and holds for its connection until its answer has been given: for an
 * answer without an end and for a WebSocket, until their end. Called by http and host through
 * net.h.
 */
#include "net_internal.h"

#include "loop.h"

void net_admit(muster_request_id id) {
    const struct exchange *exchange = slots_find(&net_state.exchanges, id.value);
    struct conn *conn = exchange ? slots_find(&net_state.conns, exchange->conn) : NULL;
    if (conn) conn->admitted = true;
}

static void expel(struct conn *conn) {
    const struct exchange *exchange = net_exchange_of(conn);
    if (conn->websocket)
        net_close(conn->id, 1008, "the admin token has changed");
    else if (!exchange || net_exchange_is_open(exchange))
        net_conn_shut(conn);
}

static void on_expel(void *user) {
    (void)user;
    uint64_t id = 0;
    for (struct conn *conn; (conn = slots_next(&net_state.conns, &id));)
        if (conn->admitted) expel(conn);
}

void net_expel(void) {
    if (loop_post(on_expel, NULL)) on_expel(NULL);
}
