/* host->interfaces: what plugins offer each other. */
#include "host_internal.h"
#include "interface.h"

static muster_status publish_fn(muster_self *self, const struct muster_interface *interface) {
    HOST_CHECK_OPEN(self);
    struct muster_interface full;
    if (!ABI_COPY_IN(self, muster_interface, &full, interface)) return MUSTER_INVALID;
    return interface_publish(self, &full);
}

static muster_status subscribe_fn(muster_self *self, const struct muster_interface_wish *wish,
                                  void *user, muster_interface_id *out) {
    HOST_CHECK_OPEN(self);
    struct muster_interface_wish full;
    if (!ABI_COPY_IN(self, muster_interface_wish, &full, wish) || !out) return MUSTER_INVALID;
    return interface_subscribe(self, &full, user, out);
}

static muster_status call_fn(muster_self *self, muster_interface_id id, muster_interface_fn fn,
                             void *user) {
    HOST_CHECK_STARTED(self);
    return fn ? interface_call(self, id, fn, user) : MUSTER_INVALID;
}

const struct muster_host_interfaces host_interfaces_group = {
    .size = sizeof host_interfaces_group,
    .publish = publish_fn,
    .subscribe = subscribe_fn,
    .call = call_fn,
};
