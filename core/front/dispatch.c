#include "dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "config.h"
#include "limit.h"
#include "lobby.h"
#include "loop.h"
#include "metrics.h"
#include "moderation.h"

#define MALFORMED_MAX 20 /* then the connection is a flood of errors */
#define REFUSED_MAX 20
#define REFUSED_COST 5 /* messages */
#define MESSAGE_UNIT_BYTES 4096
#define SHORT_TEXT_BYTES 1024
#define BATCH_ANSWER_MAX_BYTES 65536 /* then the rest of a batch is refused */

static struct {
    const struct method *methods;
    const struct method *(*more)(const char *name, const struct session *session);
    struct limit_table *connects; /* new WebSockets by address */
} dispatch;

const struct param dispatch_any_params[] = {END_PARAM};

/* ---- parameters ------------------------------------------------------------------------------ */

const char *param_string(const struct call *call, const char *name, const char *fallback) {
    const char *value = json_string_value(json_object_get(call->params, name));
    return value ? value : fallback;
}

int64_t param_int(const struct call *call, const char *name, int64_t fallback) {
    json_t *value = json_object_get(call->params, name);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool param_bool(const struct call *call, const char *name, bool fallback) {
    json_t *value = json_object_get(call->params, name);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

static const char *const type_names[] = {"a string", "true or false", "an integer", "an object",
                                         "a value"};

static bool param_fits(const struct param *param, const json_t *value) {
    switch (param->type) {
    case PARAM_STRING: {
        int64_t len = (int64_t)json_string_length(value);
        return json_is_string(value) && len >= param->min && len <= param->max;
    }
    case PARAM_INT:
        return json_is_integer(value) && json_integer_value(value) >= param->min &&
               json_integer_value(value) <= param->max;
    case PARAM_BOOL: return json_is_boolean(value);
    case PARAM_OBJECT: return json_is_object(value);
    case PARAM_ANY: return true;
    }
    return false;
}

static int32_t refuse_param(struct call *call, const struct param *param, const json_t *value) {
    const char *of = param->type == PARAM_STRING ? " bytes" : "";
    char *found = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    bool ranged = param->type == PARAM_STRING || param->type == PARAM_INT;
    if (ranged)
        failure_set(&call->failure, RPC_INVALID_PARAMS,
                    "%s: expected %s of %lld to %lld%s, found %.60s", param->name,
                    type_names[param->type], (long long)param->min, (long long)param->max, of,
                    found ? found : "nothing");
    else
        failure_set(&call->failure, RPC_INVALID_PARAMS, "%s: expected %s, found %.60s", param->name,
                    type_names[param->type], found ? found : "nothing");
    free(found);
    return RPC_INVALID_PARAMS;
}

static bool is_known(const struct param *params, const char *key) {
    for (; params && params->name; params++)
        if (strcmp(params->name, key) == 0) return true;
    return false;
}

int32_t dispatch_check(struct call *call, const struct param *params) {
    if (params == dispatch_any_params) return RPC_OK;
    const char *key;
    json_t *value;
    json_object_foreach(call->params, key, value) if (!is_known(params, key)) return failure_set(
        &call->failure, RPC_INVALID_PARAMS, "%.40s: unknown parameter", key);
    for (; params && params->name; params++) {
        value = json_object_get(call->params, params->name);
        if (value ? !param_fits(params, value) : params->required)
            return refuse_param(call, params, value);
    }
    return RPC_OK;
}

/* ---- the gate -------------------------------------------------------------------------------- */

static const struct method *find_method(const char *name, const struct session *session) {
    for (const struct method *m = dispatch.methods; m->name; m++)
        if (strcmp(m->name, name) == 0) return m;
    return dispatch.more ? dispatch.more(name, session) : NULL;
}

/* A batch is one message but many requests: each counts. Who goes on while refused is soon a flood
 * of messages. */
static int32_t take_request(struct call *call) {
    uint32_t wait_ms = 0;
    bool taken = call->session ? session_take(call->session, PARTY_REQUEST, &wait_ms)
                               : party_take(call->client->party, PARTY_STRANGER, &wait_ms);
    if (taken) return RPC_OK;
    metrics_add(METRIC_DROP_RATELIMIT, 1);
    if (call->session)
        party_charge(call->session->party, PARTY_MESSAGE, REFUSED_COST);
    else
        call->client->refused_count++;
    return failure_set_data(&call->failure, RPC_RATE_LIMITED,
                            json_pack("{s:I}", "retryAfterMs", (json_int_t)wait_ms),
                            "too many requests");
}

/* Reasons reach others as what the server says: the muted give none. */
static void hush(struct call *call) {
    struct failure muted = {0};
    if (!call->session || !json_object_get(call->params, "reason")) return;
    if (moderation_speak(call->session, &muted)) json_object_del(call->params, "reason");
    json_decref(muted.data);
}

static int32_t run_gate(struct call *call, const struct method *method, const char *name,
                        bool in_batch) {
    struct failure *failure = &call->failure;
    if (!method)
        return failure_set(failure, RPC_METHOD_NOT_FOUND, "unknown method \"%.60s\"", name);
    if (!(method->flags & METHOD_OPEN) && !call->session) {
        metrics_add(METRIC_DROP_UNAUTHENTICATED, 1);
        return failure_set(failure, RPC_UNAUTHENTICATED, "authenticate first");
    }
    if ((method->flags & METHOD_ADMIN) && !session_may(call->session, "admin"))
        return failure_set(failure, RPC_FORBIDDEN, "the permission \"admin\" is needed");
    if ((method->flags & METHOD_ALONE) && in_batch)
        return failure_set(failure, RPC_INVALID_REQUEST, "%s is not legal in a batch", name);
    if (take_request(call)) return failure->code;
    if (dispatch_check(call, method->params)) return failure->code;
    hush(call);
    return method->fn(call);
}

static char *text_of(json_t *answer) {
    uint32_t len = 0;
    char *text = rpc_dump(answer, &len);
    json_decref(answer);
    return text;
}

/* The answer as text, or null: a notification, or answered later. */
static char *answer_of(struct call *call, int32_t code) {
    if (code == METHOD_LATER) return NULL;
    if (code != RPC_OK) {
        metrics_add(METRIC_RPC_ERRORS, 1);
        json_decref(call->result);
        if (call->id) return text_of(failure_answer(&call->failure, call->id));
        json_decref(call->failure.data);
        return NULL;
    }
    if (call->id && call->text) return rpc_result_text(call->id, call->text);
    json_t *result = call->result ? call->result : json_object();
    if (call->id) return text_of(rpc_result(call->id, result));
    json_decref(result);
    return NULL;
}

/* What the calls before it in a batch have been answered is `answer_bytes` long. */
static char *run_call(struct client *client, const struct rpc_call *rpc, bool in_batch,
                      size_t answer_bytes) {
    if (rpc->error) {
        metrics_add(METRIC_RPC_ERRORS, 1);
        client->malformed_count++;
        return text_of(rpc_failure(rpc->id, rpc->error, rpc->error_text, NULL));
    }
    struct session *session = client->session;
    struct call call = {.client = client,
                        .session = session && !session_is_over(session) ? session : NULL,
                        .params = rpc->params,
                        .id = rpc->id};
    int32_t code = RPC_OK;
    if (answer_bytes > BATCH_ANSWER_MAX_BYTES) {
        code = failure_set(&call.failure, RPC_RATE_LIMITED, "the batch's answer is too long");
    } else {
        call.method = find_method(rpc->method, call.session);
        code = run_gate(&call, call.method, rpc->method, in_batch);
    }
    char *text = answer_of(&call, code);
    free(call.text);
    return text;
}

/* Answers how long the text was that has been sent. */
static uint32_t run_batch(struct client *client, const struct rpc_batch *batch) {
    char *text = NULL;
    size_t len = 0;
    uint32_t answers = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return 0;
    for (uint32_t i = 0; i < batch->count && !client->closing; i++) {
        fflush(out); /* len is right then */
        char *answer = run_call(client, &batch->calls[i], batch->is_batch, len);
        if (answer && batch->is_batch) fputc(answers == 0 ? '[' : ',', out);
        if (answer) fputs(answer, out);
        answers += answer != NULL;
        free(answer);
    }
    if (answers > 0 && batch->is_batch) fputc(']', out);
    bool whole = fclose(out) == 0;
    if (whole && answers > 0) client_send_text(client, text, (uint32_t)len);
    free(text);
    return (uint32_t)len;
}

/* Long answers count as several requests; a stranger's time counts, too. A player's does not: what
 * a request sets going (a match, say) is not that player's alone. */
static void charge(struct client *client, uint32_t answer_bytes, uint64_t spent_us) {
    struct session *session = client->session;
    if (session) {
        party_charge(session->party, PARTY_REQUEST, party_price(answer_bytes, 0));
        party_charge(client->party, PARTY_REQUEST, party_price(answer_bytes, 0));
    } else {
        party_charge(client->party, PARTY_STRANGER, party_price(answer_bytes, spent_us));
    }
}

void dispatch_text(struct client *client, const char *text, uint32_t len) {
    struct rpc_batch batch;
    uint64_t begin_us = loop_cpu_us();
    rpc_parse(text, len, &batch);
    uint32_t answer_bytes = run_batch(client, &batch);
    rpc_batch_deinit(&batch);
    charge(client, answer_bytes, loop_cpu_us() - begin_us);
    if (client->malformed_count > MALFORMED_MAX || client->refused_count > REFUSED_MAX)
        client_close(client, 4005, "too many errors");
}

/* ---- net's handlers -------------------------------------------------------------------------- */

static bool ws_admit(const char *address) {
    return limit_table_take(dispatch.connects, address, loop_now_ms(), NULL);
}

static void on_auth_timeout(void *user) {
    struct client *client = user;
    client->auth_timer = NULL;
    client_close(client, 4001, "not authenticated in time");
}

static void *ws_open(conn_id conn, const char *address) {
    struct client *client = calloc(1, sizeof *client);
    if (!client) return NULL;
    client->conn = conn;
    snprintf(client->address, sizeof client->address, "%s", address);
    client->party = client->payer = party_hold_address(address);
    client->auth_timer =
        loop_timer_start(config_core->net.auth_timeout_ms, 0, on_auth_timeout, client);
    return client;
}

/* Long ones count more: they are read before it is known what they ask for. A stranger's short text
 * is read although nothing is left, so that it is told so. */
static bool take_message(struct client *client, uint32_t len, bool is_text) {
    bool is_stranger = !client->session;
    enum party_rate rate = is_stranger ? PARTY_STRANGER : PARTY_MESSAGE;
    if (party_take_with(client->payer, rate, (double)len / MESSAGE_UNIT_BYTES)) return true;
    if (is_stranger && is_text && len <= SHORT_TEXT_BYTES) return true;
    metrics_add(METRIC_DROP_RATELIMIT, 1);
    client_close(client, 4005, "too many messages");
    return false;
}

static bool ws_text(conn_id conn, void *user, const char *data, uint32_t len) {
    (void)conn;
    struct client *client = user;
    if (!client->closing && take_message(client, len, true)) dispatch_text(client, data, len);
    return !client->closing;
}

static void refuse_binary(struct client *client) {
    metrics_add(METRIC_DROP_MALFORMED, 1);
    client_close(client, 4007, "malformed binary frame");
}

static void run_deflated(struct client *client, const uint8_t *data, uint32_t len) {
    static uint8_t text[16384];
    uint32_t text_len = sizeof text;
    bool deflated = len >= 2 && data[1] == 1;
    if (deflated && protocol_inflate(data + 2, len - 2, text, &text_len) == MUSTER_OK)
        dispatch_text(client, (const char *)text, text_len);
    else if (len >= 2 && data[1] == 0)
        dispatch_text(client, (const char *)data + 2, len - 2);
    else
        refuse_binary(client);
}

static const char *message_refusal(muster_status status) {
    switch (status) {
    case MUSTER_UNSUPPORTED: return "unsupported"; /* by the mode */
    case MUSTER_LIMIT: return "too_many";          /* for one tick */
    default: return "no_match";
    }
}

/* Counts as a request; the sender is told of one that is not taken. */
static void run_message(struct session *session, const uint8_t *data, uint32_t len) {
    uint32_t wait_ms = 0;
    if (!party_take(session->party, PARTY_REQUEST, &wait_ms)) {
        metrics_add(METRIC_DROP_RATELIMIT, 1);
        session_notify(
            session, "match.messageRefused",
            json_pack("{s:s,s:i}", "reason", "rate_limited", "retryAfterMs", (int)wait_ms));
        return;
    }
    muster_status status = lobby_message(session, data, len);
    if (status)
        session_notify(session, "match.messageRefused",
                       json_pack("{s:s}", "reason", message_refusal(status)));
}

static void run_frame(struct client *client, const uint8_t *data, uint32_t len) {
    struct muster_input input;
    struct session *session = client->session;
    bool is_message = len > 1 && len <= 1 + MUSTER_MESSAGE_MAX && data[0] == FRAME_MESSAGE;
    if (!is_message && protocol_input_decode(data, len, &input))
        refuse_binary(client);
    else if (!session)
        metrics_add(METRIC_DROP_UNAUTHENTICATED, 1);
    else if (is_message)
        run_message(session, data + 1, len - 1);
    else
        lobby_input(client, &input);
}

static bool ws_binary(conn_id conn, void *user, const uint8_t *data, uint32_t len) {
    (void)conn;
    struct client *client = user;
    if (client->closing || !take_message(client, len, false)) return false;
    if (len > 0 && data[0] == FRAME_JSON_IN)
        run_deflated(client, data, len);
    else
        run_frame(client, data, len);
    return !client->closing;
}

static void ws_expect(void *user, uint32_t step) {
    const struct client *client = user;
    if (step == 0) {
        party_expect(client->payer, PARTY_MESSAGE);
        if (client->match) __builtin_prefetch(client->match);
    } else {
        lobby_expect_input(client);
    }
}

static void ws_drained(conn_id conn, void *user) {
    (void)conn;
    (void)user; /* the next tick sends the newest state */
}

static void ws_closed(conn_id conn, void *user) {
    (void)conn;
    struct client *client = user;
    auth_cancel(client);
    loop_timer_stop(client->auth_timer);
    client->closing = true;
    session_detach(client);
    party_release(client->party);
    free(client);
}

void dispatch_net_handlers(struct net_handlers *handlers) {
    handlers->ws_admit = ws_admit;
    handlers->ws_open = ws_open;
    handlers->ws_text = ws_text;
    handlers->ws_binary = ws_binary;
    handlers->ws_expect = ws_expect;
    handlers->ws_drained = ws_drained;
    handlers->ws_closed = ws_closed;
}

void dispatch_set_more(const struct method *(*more)(const char *name,
                                                    const struct session *session)) {
    dispatch.more = more;
}

muster_status dispatch_init(const struct method *methods) {
    dispatch.methods = methods;
    dispatch.connects = limit_table_create(4096, (double)config_core->net.accept_per_second,
                                           (double)config_core->net.accept_burst);
    return dispatch.connects ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void dispatch_deinit(void) {
    limit_table_destroy(dispatch.connects);
    dispatch.connects = NULL;
}
