/* registered - where this node is registered: what service_registrar offers other plugins of the
 * node, which speak to the directory as the same server. Loop thread.
 */
#ifndef DIRECTORY_REGISTERED_H
#define DIRECTORY_REGISTERED_H

#include <muster/types.h>

#define DIRECTORY_REGISTRATION "service_registrar.registration"
#define DIRECTORY_REGISTRATION_MAJOR 1

/* Borrowed for the call. */
struct directory_registered {
    const char *url;       /* of the directory, without a slash at its end */
    const char *server_id; /* as it knows this node */
    const char *token;     /* a secret: never log it */
};

/* Offered while the node has a directory, registered or not. */
struct directory_registration {
    uint32_t size;
    uint32_t reserved;
    /* UNAVAILABLE: it is not registered now; ask again later. */
    muster_status (*get)(void *instance, struct directory_registered *out);
};

#endif
