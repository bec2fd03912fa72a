/* http_request - a request as net hands it on, for tests of what comes after. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "http.h"

/* Without query and body, from a player's address; each has an id of its own. */
static inline struct net_http_request request_of(const char *method, const char *path) {
    static muster_request_id id;
    id.value++;
    return (struct net_http_request){.request = {.size = sizeof(struct muster_http_request),
                                                 .id = id,
                                                 .method = method,
                                                 .path = path,
                                                 .query = "",
                                                 .address = "192.0.2.1"}};
}

#endif
