/* host->kv: the key-value role, for who uses it and for who provides it. */
#include "host_internal.h"
#include "kv.h"

static muster_status request_fn(muster_self *self, const struct muster_kv_request *request,
                                muster_kv_fn fn, void *user, muster_kv_request_id *out) {
    HOST_CHECK_STARTED(self);
    struct muster_kv_request full;
    if (!ABI_COPY_IN(self, muster_kv_request, &full, request)) return MUSTER_INVALID;
    return kv_request(self, &full, fn, user, out);
}

static muster_status cancel_fn(muster_self *self, muster_kv_request_id id) {
    HOST_CHECK_THREAD(self);
    return kv_cancel(self, id);
}

static muster_status subscribe_fn(muster_self *self, const char *channel, muster_kv_message_fn fn,
                                  void *user, muster_kv_subscription_id *out) {
    HOST_CHECK_STARTED_OPEN(self);
    return fn && out ? kv_subscribe(self, channel, fn, user, out) : MUSTER_INVALID;
}

static muster_status unsubscribe_fn(muster_self *self, muster_kv_subscription_id id) {
    HOST_CHECK_THREAD(self);
    return kv_unsubscribe(self, id);
}

static muster_status complete_fn(muster_self *self, muster_kv_ticket_id ticket,
                                 muster_status status, const struct muster_kv_answer *answer) {
    HOST_CHECK_THREAD(self);
    struct muster_kv_answer full;
    if (!answer) return kv_complete(self, ticket, status, NULL);
    if (!ABI_COPY_IN(self, muster_kv_answer, &full, answer)) return MUSTER_INVALID;
    return kv_complete(self, ticket, status, &full);
}

static muster_status deliver_fn(muster_self *self, const char *channel,
                                struct muster_bytes message) {
    HOST_CHECK_THREAD(self);
    return kv_deliver(self, channel, message);
}

const struct muster_host_kv host_kv_group = {
    .size = sizeof host_kv_group,
    .request = request_fn,
    .cancel = cancel_fn,
    .subscribe = subscribe_fn,
    .unsubscribe = unsubscribe_fn,
    .complete = complete_fn,
    .deliver = deliver_fn,
};
