/* net_places - how many connections each listener may have, and who makes room when there are more.
 *
 * Players cannot take the admin's places; and who is there for long without having signed in cannot
 * take a newcomer's. Called by net.
 */
#include "net_internal.h"

#include <stdio.h>
#include <sys/resource.h>
#include <utlist.h>

#include "config.h"
#include "log.h"
#include "metrics.h"

#define ADMIN_CONNECTIONS_MAX 32
#define OTHER_DESCRIPTORS 256 /* beside one for each match: database, plugins, admin address */
#define CONNECTIONS_LEAST 16

static struct net_places *places_of(const struct conn *conn) {
    return &net_state.places[conn->admin];
}

static void settle(struct conn *conn) {
    if (conn->makes_room) DL_DELETE(places_of(conn)->least, conn);
    conn->makes_room = false;
}

void net_place_leave(struct conn *conn) {
    settle(conn);
    if (conn->counted) places_of(conn)->count--;
    conn->counted = false;
}

void net_place_take(struct conn *conn) {
    struct net_places *places = places_of(conn);
    conn->counted = conn->makes_room = true;
    places->count++;
    DL_APPEND(places->least, conn);
}

void net_keep(conn_id id) {
    struct conn *conn = slots_find(&net_state.conns, id);
    if (conn) settle(conn);
}

static bool stays(const struct conn *conn) {
    const struct exchange *exchange = net_exchange_of(conn);
    return conn->admitted || (exchange && exchange->dispatched && !exchange->streams);
}

bool net_place_make(bool admin) {
    struct net_places *places = &net_state.places[admin];
    struct conn *conn = places->least;
    if (places->count < places->max) return true;
    while (conn && stays(conn)) conn = conn->next;
    if (!conn) return false;
    metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
    net_conn_shut(conn);
    return true;
}

/* ---- Descriptors ---- */

/* Recordings, the database, plugins and the admin address must find descriptors however many
 * players there are: so connections get what is left, and fewer than CONNECTIONS_LEAST are none.
 * The limit is not left higher than that: as Debian builds it, libwebsockets looks through a table
 * as long as it when a connection ends, which with a million takes a millisecond. */
muster_status net_places_fit(char *error) {
    struct rlimit limit = {0};
    rlim_t others = (rlim_t)config_core->lobby.max_lobbies + OTHER_DESCRIPTORS;
    rlim_t wanted = (rlim_t)config_core->net.connections_max;
    net_state.places[false].max = (uint32_t)wanted;
    net_state.places[true].max = ADMIN_CONNECTIONS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return MUSTER_OK;
    if (limit.rlim_max < others + CONNECTIONS_LEAST) {
        snprintf(error, NET_ERROR_MAX,
                 "the limit of open files (ulimit -Hn) is %llu, expected at least %llu: "
                 "net.connectionsMax and lobby.maxLobbies need %llu",
                 (unsigned long long)limit.rlim_max, (unsigned long long)others + CONNECTIONS_LEAST,
                 (unsigned long long)(others + wanted));
        return MUSTER_INVALID;
    }
    if (limit.rlim_max < others + wanted) {
        net_state.places[false].max = (uint32_t)(limit.rlim_max - others);
        log_warn("net",
                 "%u connections instead of net.connectionsMax: the limit of open files "
                 "(ulimit -Hn) is %llu, expected %llu",
                 net_state.places[false].max, (unsigned long long)limit.rlim_max,
                 (unsigned long long)(others + wanted));
    }
    limit.rlim_cur = others + wanted < limit.rlim_max ? others + wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return MUSTER_OK;
}
