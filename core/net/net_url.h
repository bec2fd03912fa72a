/* net_url - the parts of a URL that a client connects to. For net_client. */
#ifndef NET_URL_H
#define NET_URL_H

#include <muster/types.h>

struct net_url {
    char host[256];      /* name or address, without brackets */
    char authority[264]; /* for the Host header: with a port that is not the usual one */
    char path[2048];     /* with the query; "/" when there is none */
    uint16_t port;
    bool tls;
};

/* scheme "http" takes http and https, "ws" takes ws and wss. INVALID for another scheme, user
 * information, control characters, an empty host; LIMIT for what is too long. */
muster_status net_url_parse(const char *text, const char *scheme,
                            struct net_url *out) MUSTER_MUST_USE;

#endif
