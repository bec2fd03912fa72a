/* kv - requests and their answers. */
#include "kv.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "loop.h"
#include "pending.h"
#include "registry.h"

#define DEADLINE_MS 10000
#define OPEN_MAX 4096

struct query {
    struct resource resource;
    struct muster_self *asker;
    muster_kv_fn fn;
    void *user;
    muster_kv_ticket_id ticket;
    /* Answered: it waits for a turn of its own. */
    struct query *prev, *next;
    bool is_waiting;
    muster_status status;
    int64_t number;
    uint64_t len;
    char *value; /* owned; or null */
};

static struct query *answered; /* in order */
static uint32_t open_count;
static bool turn_posted;

struct provider *kv_provider(void) {
    struct provider *kv = registry_first(MUSTER_ROLE_KV);
    bool runs = kv && (kv->self->phase == PLUGIN_STARTED || kv->self->phase == PLUGIN_DRAINING);
    return runs ? kv : NULL;
}

bool kv_key_valid(const char *key) {
    return key && key[0] && strnlen(key, MUSTER_KV_KEY_MAX) < MUSTER_KV_KEY_MAX;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void forget(struct query *query) {
    if (query->is_waiting) DL_DELETE(answered, query);
    resource_remove(&query->resource);
    open_count--;
    free(query);
}

/* The query is gone before its asker is told. */
static void end_query(struct query *query, muster_status status) {
    struct query done = *query;
    if (done.resource.is_cancelled) status = MUSTER_CLOSED;
    const struct muster_kv_answer answer = {
        .size = sizeof answer, .value = {done.value, done.len}, .number = done.number};
    forget(query);
    if (done.fn) {
        plugin_enter(done.asker, "kv.answer");
        done.fn(done.user, status, status == MUSTER_OK ? &answer : NULL);
        plugin_leave();
    }
    free(done.value);
}

/* What is answered meanwhile waits for the next turn. */
static void on_turn(void *user) {
    (void)user;
    struct query *last = answered ? answered->prev : NULL;
    turn_posted = false;
    for (bool is_last = !last; !is_last && answered;) {
        is_last = answered == last;
        end_query(answered, answered->status);
    }
}

static void keep_value(struct query *query, struct muster_bytes value) {
    if (!value.len) return;
    query->value = malloc(value.len);
    query->len = value.len;
    if (query->value)
        memcpy(query->value, value.data, value.len);
    else
        query->status = MUSTER_NO_MEMORY;
}

static void on_answer(void *user, muster_status status, const void *given) {
    struct query *query = user;
    const struct muster_kv_answer *answer = given;
    query->status = status;
    if (answer && status == MUSTER_OK && query->fn) {
        query->number = answer->number;
        keep_value(query, answer->value);
    }
    query->is_waiting = true;
    DL_APPEND(answered, query);
    if (!turn_posted) turn_posted = loop_post(on_turn, NULL) == MUSTER_OK;
    if (!turn_posted) turn_posted = loop_timer_start(1, 0, on_turn, NULL) != NULL; /* it is full */
}

static void close_query(struct resource *resource) {
    struct query *query = (struct query *)resource;
    if (!query->is_waiting) pending_cancel(query->ticket.value);
    end_query(query, query->is_waiting ? query->status : MUSTER_CLOSED);
}

static const struct resource_kind query_kind = {"key-value request", close_query, true};

/* ---- asking ---------------------------------------------------------------------------------- */

static bool bytes_valid(struct muster_bytes bytes) {
    return bytes.len <= MUSTER_KV_VALUE_MAX && (bytes.data || !bytes.len);
}

static bool request_valid(const struct muster_kv_request *request) {
    bool has_condition = request->kind == MUSTER_KV_SET || request->kind == MUSTER_KV_REMOVE;
    uint32_t condition = request->condition;
    if (request->kind < MUSTER_KV_GET || request->kind > MUSTER_KV_PUBLISH) return false;
    if (condition > MUSTER_KV_IF_SAME || (condition && !has_condition)) return false;
    if (request->kind == MUSTER_KV_REMOVE && condition == MUSTER_KV_IF_ABSENT) return false;
    return kv_key_valid(request->key) && bytes_valid(request->value) &&
           bytes_valid(request->expected);
}

static muster_status open_query(struct muster_self *asker, const struct provider *kv,
                                struct query **out) {
    struct query *query = calloc(1, sizeof *query);
    if (!query) return MUSTER_NO_MEMORY;
    muster_status status =
        pending_open(kv->self, "kv", DEADLINE_MS, on_answer, query, &query->ticket.value);
    if (status) {
        free(query);
        return status;
    }
    query->asker = asker;
    resource_add(asker, &query->resource, &query_kind);
    open_count++;
    *out = query;
    return MUSTER_OK;
}

muster_status kv_request(struct muster_self *asker, const struct muster_kv_request *request,
                         muster_kv_fn fn, void *user, muster_kv_request_id *out) {
    const struct provider *kv = kv_provider();
    struct query *query;
    if (!request_valid(request)) return MUSTER_INVALID;
    if (!kv) return MUSTER_UNAVAILABLE;
    if (open_count >= OPEN_MAX || plugin_depth() >= PLUGIN_DEPTH_MAX) return MUSTER_LIMIT;
    muster_status status = open_query(asker, kv, &query);
    if (status) return status;
    query->fn = fn;
    query->user = user;
    muster_kv_ticket_id ticket = query->ticket;
    plugin_enter_part(kv->self, "kv.submit"); /* a provider may ask itself */
    status = kv->kv.submit(kv->instance, ticket, request);
    plugin_leave();
    /* Answered in the call, it is not refused on top of that. */
    bool is_refused = status != MUSTER_OK && pending_user(ticket.value, on_answer) == query;
    if (is_refused) {
        pending_close(ticket.value);
        forget(query);
        return status == MUSTER_UNAVAILABLE ? MUSTER_CLOSED : status; /* somebody does provide it */
    }
    if (out) out->value = ticket.value;
    return MUSTER_OK;
}

muster_status kv_cancel(const struct muster_self *asker, muster_kv_request_id id) {
    struct query *query = pending_user(id.value, on_answer);
    if (!query) DL_SEARCH_SCALAR(answered, query, ticket.value, id.value);
    if (!query || query->asker != asker || query->resource.is_cancelled) return MUSTER_NOT_FOUND;
    return resource_cancel(&query->resource);
}

muster_status kv_complete(struct muster_self *by, muster_kv_ticket_id ticket, muster_status status,
                          const struct muster_kv_answer *answer) {
    if (answer && !bytes_valid(answer->value)) return MUSTER_INVALID;
    return pending_complete(by, "kv", ticket.value, status, answer);
}

void kv_deinit(void) {
    turn_posted = false;
}
