/* rows_kv - kv. */
#include <string.h>

#include "conform.h"

static void on_answer(void *user, muster_status status, const struct muster_kv_answer *answer) {
    (void)user, (void)status, (void)answer;
}

static void on_message(void *user, const char *channel, struct muster_bytes message) {
    (void)user, (void)channel, (void)message;
}

static muster_status ask(struct conform *c, struct muster_kv_request request,
                         muster_kv_request_id *out) {
    request.size = sizeof request;
    return c->host->kv->request(c->self, &request, on_answer, c, out);
}

static void kv_request(struct conform *c) {
    static char long_key[MUSTER_KV_KEY_MAX + 1], big[MUSTER_KV_VALUE_MAX + 1];
    const struct muster_kv_request get = {.kind = MUSTER_KV_GET, .key = "conform"};
    struct muster_kv_request request = get;
    muster_kv_request_id id = {0};
    memset(long_key, 'k', sizeof long_key - 1);
    STATUS(c, "good", ask(c, request, &id));
    STATUS(c, "no place", ask(c, request, NULL));
    STATUS(c, "nothing", c->host->kv->request(c->self, NULL, on_answer, c, &id));
    STATUS(c, "no size", c->host->kv->request(c->self, &get, on_answer, c, &id));
    request.size = sizeof request;
    STATUS(c, "no function", c->host->kv->request(c->self, &request, NULL, NULL, NULL));
    request.condition = MUSTER_KV_IF_ABSENT;
    STATUS(c, "a condition of get", ask(c, request, &id));
    request.kind = MUSTER_KV_REMOVE;
    STATUS(c, "remove what is not there", ask(c, request, &id));
    request.kind = MUSTER_KV_SET;
    STATUS(c, "set", ask(c, request, &id));
    request.condition = MUSTER_KV_IF_SAME + 1;
    STATUS(c, "unknown condition", ask(c, request, &id));
    request.condition = 0;
    request.value = (struct muster_bytes){big, sizeof big};
    STATUS(c, "long value", ask(c, request, &id));
    request.value = (struct muster_bytes){NULL, 1};
    STATUS(c, "no bytes", ask(c, request, &id));
    request.value.len = 0;
    request.expected = (struct muster_bytes){NULL, 1};
    STATUS(c, "nothing expected", ask(c, request, &id));
    request.expected.len = 0;
    request.key = NULL;
    STATUS(c, "no key", ask(c, request, &id));
    request.key = "";
    STATUS(c, "empty key", ask(c, request, &id));
    request.key = long_key;
    STATUS(c, "long key", ask(c, request, &id));
    request = (struct muster_kv_request){.kind = 99, .key = "conform"};
    STATUS(c, "unknown kind", ask(c, request, &id));
    request.kind = 0;
    STATUS(c, "no kind", ask(c, request, &id));
}

static void kv_cancel(struct conform *c) {
    muster_kv_request_id id = {0};
    STATUS(c, "a request",
           ask(c, (struct muster_kv_request){.kind = MUSTER_KV_GET, .key = "conform"}, &id));
    STATUS(c, "good", c->host->kv->cancel(c->self, id));
    STATUS(c, "again", c->host->kv->cancel(c->self, id));
    STATUS(c, "none", c->host->kv->cancel(c->self, (muster_kv_request_id){0}));
    STATUS(c, "nobody's", c->host->kv->cancel(c->self, NOTHING(muster_kv_request_id)));
}

static void kv_subscribe(struct conform *c) {
    muster_kv_subscription_id id = {0};
    STATUS(c, "good", c->host->kv->subscribe(c->self, "conform", on_message, c, &id));
    (void)c->host->kv->unsubscribe(c->self, id);
    STATUS(c, "no place", c->host->kv->subscribe(c->self, "conform", on_message, c, NULL));
    STATUS(c, "no function", c->host->kv->subscribe(c->self, "conform", NULL, c, &id));
    STATUS(c, "no channel", c->host->kv->subscribe(c->self, NULL, on_message, c, &id));
    STATUS(c, "empty channel", c->host->kv->subscribe(c->self, "", on_message, c, &id));
}

static void kv_unsubscribe(struct conform *c) {
    muster_kv_subscription_id id = {0};
    STATUS(c, "a channel", c->host->kv->subscribe(c->self, "conform", on_message, c, &id));
    STATUS(c, "good", c->host->kv->unsubscribe(c->self, id));
    STATUS(c, "again", c->host->kv->unsubscribe(c->self, id));
    STATUS(c, "none", c->host->kv->unsubscribe(c->self, (muster_kv_subscription_id){0}));
    STATUS(c, "nobody's", c->host->kv->unsubscribe(c->self, NOTHING(muster_kv_subscription_id)));
}

static void kv_complete(struct conform *c) {
    const struct muster_kv_answer none = {.size = 0};
    if (c->kv.value) {
        STATUS(c, "no size", c->host->kv->complete(c->self, c->kv, MUSTER_OK, &none));
        STATUS(c, "good", c->host->kv->complete(c->self, c->kv, MUSTER_IO, NULL));
        STATUS(c, "again", c->host->kv->complete(c->self, c->kv, MUSTER_IO, NULL));
    }
    STATUS(c, "none", c->host->kv->complete(c->self, (muster_kv_ticket_id){0}, MUSTER_IO, NULL));
    STATUS(c, "nobody's",
           c->host->kv->complete(c->self, NOTHING(muster_kv_ticket_id), MUSTER_IO, NULL));
}

static void kv_deliver(struct conform *c) {
    const struct muster_bytes message = {"hello", 5}, no_bytes = {NULL, 5};
    STATUS(c, "good", c->host->kv->deliver(c->self, "conform", message));
    STATUS(c, "no bytes", c->host->kv->deliver(c->self, "conform", no_bytes));
    STATUS(c, "no channel", c->host->kv->deliver(c->self, NULL, message));
    STATUS(c, "empty channel", c->host->kv->deliver(c->self, "", message));
}

const struct conform_row kv_rows[] = {ROW(kv, request),     ROW(kv, cancel),   ROW(kv, subscribe),
                                      ROW(kv, unsubscribe), ROW(kv, complete), ROW(kv, deliver)};
ROWS_COMPLETE(kv, kv_rows);
