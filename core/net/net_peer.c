/* net_peer - who connects: address texts, connections per address, accept rates, trusted proxies.
 *
 * Owns one record for each address with open connections. An IPv6 party is counted by its /64,
 * since whoever has one address there has all of them. Called by net_listen and net_ws.
 */
#include "net_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "config.h"
#include "keyed_hash.h"
#include "limit.h"
#include "loop.h"
#include "metrics.h"

#define RATE_ENTRIES 16384
#define FORWARDED_MAX 1024
/* Connections over the cap that are let in far enough to be told so. */
#define OVER_CAP_MAX 16

struct net_peer {
    uint8_t key[ADDRESS_BYTES]; /* IPv6 form, an IPv6 address cut to its /64 */
    uint32_t count;
    UT_hash_handle hh;
};

static struct net_peer *peers;
static struct limit_table *rates;

muster_status net_peer_init(void) {
    if (sodium_init() < 0) return MUSTER_INTERNAL;
    rates = limit_table_create(RATE_ENTRIES, (double)config_core->net.accept_per_second,
                               (double)config_core->net.accept_burst);
    return rates ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void net_peer_deinit(void) {
    limit_table_destroy(rates);
    rates = NULL;
}

void net_address_text(const struct sockaddr_storage *from, char *out) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    out[0] = '\0';
    if (from->ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, out, NET_ADDRESS_MAX);
    } else if (from->ss_family == AF_INET6) {
        address_text(v6->sin6_addr.s6_addr, out);
    }
}

static struct net_peer *peer_find(const char *address) {
    uint8_t key[ADDRESS_BYTES];
    struct net_peer *peer = NULL;
    (void)address_party(address, key);
    HASH_FIND(hh, peers, key, sizeof key, peer);
    return peer;
}

static uint32_t cap(void) {
    return config_core->net.connections_per_address_max;
}

bool net_peer_admit(const char *address, bool proxied) {
    if (proxied) return true;
    if (!limit_table_take(rates, address, loop_now_ms(), NULL)) return false;
    struct net_peer *peer = peer_find(address);
    return !peer || peer->count < cap() + OVER_CAP_MAX;
}

static struct net_peer *peer_create(const char *address) {
    struct net_peer *peer = calloc(1, sizeof *peer);
    if (!peer) return NULL;
    (void)address_party(address, peer->key);
    HASH_ADD(hh, peers, key, sizeof peer->key, peer);
    if (!peer->hh.tbl) {
        free(peer);
        return NULL;
    }
    metrics_set(METRIC_ADDRESSES, HASH_COUNT(peers));
    return peer;
}

void net_peer_add(struct conn *conn, const char *address) {
    net_peer_remove(conn);
    struct net_peer *peer = peer_find(address);
    if (!peer) peer = peer_create(address);
    if (!peer) {
        conn->over_cap = true; /* out of memory: fail closed */
        return;
    }
    conn->peer = peer;
    conn->over_cap = ++peer->count > cap();
}

void net_peer_remove(struct conn *conn) {
    struct net_peer *peer = conn->peer;
    conn->peer = NULL;
    if (!peer || --peer->count > 0) return;
    HASH_DEL(peers, peer);
    free(peer);
    metrics_set(METRIC_ADDRESSES, HASH_COUNT(peers));
}

/* ---- Trusted proxies: addresses or "address/bits" ---- */

bool net_proxy_trusted(const char *address) {
    for (uint32_t i = 0; i < config_core->net.trusted_proxies.count; i++) {
        struct address_prefix range;
        const char *item = config_core->net.trusted_proxies.items[i];
        if (address_prefix_read(item, &range) && address_in(address, &range)) return true;
    }
    return false;
}

/* Copies the list item that ends at `end`, trimmed, as a normal address text; returns its start. */
static const char *item_before(const char *start, const char *end, char *out) {
    uint8_t bytes[ADDRESS_BYTES];
    char text[NET_ADDRESS_MAX] = "";
    const char *item = end;
    while (item > start && item[-1] != ',') item--;
    const char *first = item + strspn(item, " \t");
    size_t len = first < end ? (size_t)(end - first) : 0;
    while (len > 0 && (first[len - 1] == ' ' || first[len - 1] == '\t')) len--;
    out[0] = '\0';
    if (len == 0 || len >= sizeof text) return item;
    memcpy(text, first, len);
    if (!address_bytes(text, bytes)) return item;
    address_text(bytes, out);
    return item;
}

bool net_proxy_client(const char *forwarded, char *out) {
    const char *end = forwarded + strlen(forwarded);
    for (;;) {
        const char *item = item_before(forwarded, end, out);
        if (out[0] == '\0') return false; /* what stands left of rubbish is worth no more */
        if (!net_proxy_trusted(out)) return true;
        if (item == forwarded) return true; /* proxies all the way */
        end = item - 1;
    }
}

enum net_forwarded net_forwarded_read(const struct conn *conn, char *out) {
    char forwarded[FORWARDED_MAX];
    if (!conn->proxied || lws_hdr_total_length(conn->wsi, WSI_TOKEN_X_FORWARDED_FOR) <= 0) {
        return NET_FORWARDED_NONE;
    }
    int len = lws_hdr_copy(conn->wsi, forwarded, sizeof forwarded, WSI_TOKEN_X_FORWARDED_FOR);
    bool whole = len > 0 && strlen(forwarded) == (size_t)len;
    return whole && net_proxy_client(forwarded, out) ? NET_FORWARDED_READ
                                                     : NET_FORWARDED_UNREADABLE;
}
