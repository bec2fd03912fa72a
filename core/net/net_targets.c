/* net_targets - the addresses that a name stands for, in the order in which they are tried. For
 * net_client: it connects to these texts, so what was judged here is what is asked. */
#include <netdb.h>

#include "net_internal.h"

static void add(struct net_targets *targets, const struct addrinfo *found) {
    char *text = targets->addresses[targets->count];
    int code = getnameinfo(found->ai_addr, found->ai_addrlen, text, NET_ADDRESS_MAX, NULL, 0,
                           NI_NUMERICHOST);
    if (code == 0) targets->count++;
}

bool net_targets_read(struct net_targets *targets, const struct addrinfo *found, bool public_only) {
    bool refused = false;
    *targets = (struct net_targets){0};
    for (; found && targets->count < NET_TARGETS_MAX; found = found->ai_next) {
        uint32_t count = targets->count;
        add(targets, found);
        bool added = targets->count > count;
        if (!added || !public_only || address_is_public(targets->addresses[count])) continue;
        targets->count = count;
        refused = true;
    }
    return targets->count > 0 || !refused;
}
