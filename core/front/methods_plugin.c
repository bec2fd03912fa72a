/* Methods that plugins bring: the table, a plugin's call, its answer now or later. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lobby.h"
#include "methods.h"
#include "metrics.h"
#include "pending.h"
#include "plugin.h"
#include "registration.h"

#define PLUGIN_METHODS_MAX 256
#define NAME_MAX_BYTES 64

struct plugin_method {
    struct registration head;
    struct method method; /* what dispatch holds */
    muster_rpc_fn fn;
    void *user;
};

/* Lobbies that keep an older generation as their rules go on with its methods. */
static struct registrations plugin_methods = {.cap = PLUGIN_METHODS_MAX,
                                              .entry_size = sizeof(struct plugin_method),
                                              .when_full = MUSTER_LIMIT,
                                              .outlives_swap = true};

static struct muster_self *owner_of(const struct plugin_method *method) {
    return (struct muster_self *)method->head.owner;
}

/* ---- one call -------------------------------------------------------------------------------- */

/* What the client still waits for. */
struct rpc_wait {
    conn_id conn;
    muster_player_id player;
    json_t *id;          /* null: a notification */
    struct call *inside; /* the plugin is still in its handler: answered by dispatch */
    int32_t code;        /* of the answer given inside */
};

struct rpc_answer {
    json_t *result; /* taken, or null: a refusal */
    struct failure failure;
};

/* The connection that asked, if it is still that player's. */
static struct client *client_of(const struct rpc_wait *wait) {
    const struct session *session = session_find(wait->player);
    if (!session || !session->client || session->client->conn != wait->conn) return NULL;
    return session->client;
}

static void answer_later(const struct rpc_wait *wait, struct rpc_answer *answer) {
    struct client *client = wait->id ? client_of(wait) : NULL;
    json_t *text = answer->result ? rpc_result(wait->id, answer->result)
                                  : failure_answer(&answer->failure, wait->id);
    if (!answer->result) metrics_add(METRIC_RPC_ERRORS, 1);
    if (client)
        client_send(client, text);
    else
        json_decref(text);
}

static void on_answer(void *user, muster_status status, const void *given) {
    struct rpc_wait *wait = user;
    struct rpc_answer silent = {0};
    struct rpc_answer *answer = given ? (struct rpc_answer *)given : &silent;
    if (status)
        failure_set(&answer->failure, RPC_UNAVAILABLE,
                    status == MUSTER_TIMEOUT ? "no answer in time" : "the plugin has stopped");
    if (wait->inside) { /* the ticket is gone, dispatch has the answer */
        wait->code = answer->result ? RPC_OK : answer->failure.code;
        wait->inside->result = answer->result;
        wait->inside->failure = answer->failure;
        wait->inside = NULL;
        return;
    }
    answer_later(wait, answer);
    json_decref(wait->id);
    free(wait);
}

static int32_t out_of_memory(struct call *call) {
    return failure_set(&call->failure, RPC_INTERNAL, "out of memory");
}

static void ask_plugin(const struct plugin_method *method, const struct call *call,
                       muster_rpc_call_id ticket, const char *params) {
    struct muster_rpc_call asked = {
        .size = sizeof asked,
        .id = ticket,
        .player = call->session->id,
        .lobby = call->session->lobby,
        .method = method->head.name,
        .params = {params, strlen(params)},
    };
    plugin_enter(owner_of(method), "rpc.method");
    method->fn(method->user, &asked);
    plugin_leave();
}

static int32_t run(struct call *call) {
    struct plugin_method *method = (struct plugin_method *)((char *)(uintptr_t)call->method -
                                                            offsetof(struct plugin_method, method));
    json_t *params = call->params ? json_incref(call->params) : json_object();
    char *text = json_dumps(params, JSON_COMPACT);
    json_decref(params);
    struct rpc_wait *wait = text ? calloc(1, sizeof *wait) : NULL;
    muster_rpc_call_id ticket = {0};
    uint32_t deadline_ms = config_core->net.answer_timeout_ms;
    if (!wait ||
        pending_open(owner_of(method), "rpc", deadline_ms, on_answer, wait, &ticket.value)) {
        free(text);
        free(wait);
        return out_of_memory(call);
    }
    *wait = (struct rpc_wait){call->client->conn, call->session->id, json_incref(call->id), call};
    ask_plugin(method, call, ticket, text);
    free(text);
    if (wait->inside) { /* not answered yet */
        wait->inside = NULL;
        return METHOD_LATER;
    }
    int32_t code = wait->code;
    json_decref(wait->id);
    free(wait);
    return code;
}

/* ---- answers --------------------------------------------------------------------------------- */

muster_status methods_plugin_answer(struct muster_self *owner, muster_rpc_call_id call,
                                    const char *result_json) {
    struct rpc_answer answer = {0};
    answer.result = result_json ? json_loads(result_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool good = json_is_object(answer.result);
    if (!good) {
        json_decref(answer.result);
        answer.result = NULL;
        failure_set(&answer.failure, RPC_INTERNAL, "the plugin's answer is no JSON object");
        plugin_fault(owner, "host->rpc->answer: the result is no JSON object");
    }
    muster_status status = pending_complete(owner, "rpc", call.value, MUSTER_OK, &answer);
    if (status) {
        json_decref(answer.result);
        json_decref(answer.failure.data);
    }
    return status ? status : good ? MUSTER_OK : MUSTER_INVALID;
}

muster_status methods_plugin_refuse(struct muster_self *owner, muster_rpc_call_id call,
                                    const char *code, const char *text,
                                    const struct muster_refusal *refusal) {
    struct rpc_answer answer = {0};
    struct muster_refusal known = *refusal;
    known.word[sizeof known.word - 1] = '\0';
    json_t *data = json_object();
    if (known.word[0]) json_object_set_new(data, "reason", json_string(known.word));
    if (known.retry_after_ms)
        json_object_set_new(data, "retryAfterMs", json_integer(known.retry_after_ms));
    int32_t number = known.retry_after_ms ? RPC_RATE_LIMITED : rpc_error_code(code);
    failure_set_data(&answer.failure, number, data, "%s", text && text[0] ? text : "refused");
    muster_status status = pending_complete(owner, "rpc", call.value, MUSTER_OK, &answer);
    if (status) json_decref(answer.failure.data);
    return status;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* "area.verb", so that it cannot be taken for one of the host's later ones by accident. */
static bool name_valid(const char *name) {
    size_t len = name ? strnlen(name, NAME_MAX_BYTES) : 0;
    uint32_t dots = 0;
    if (len < 3 || len == NAME_MAX_BYTES || name[0] == '.' || name[len - 1] == '.') return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.')
            dots++;
        else if (!isalnum((unsigned char)name[i]))
            return false;
    }
    return dots == 1;
}

static bool is_hosts(const char *name) {
    for (const struct method *m = methods_table; m->name; m++)
        if (strcmp(m->name, name) == 0) return true;
    return false;
}

muster_status methods_plugin_add(struct muster_self *owner, const char *name, muster_rpc_fn fn,
                                 void *user) {
    if (!name_valid(name) || !fn) return MUSTER_INVALID;
    if (is_hosts(name)) return MUSTER_EXISTS;
    void *entry;
    muster_status status = registration_add(&plugin_methods, owner, name, &entry);
    if (status) return status;
    struct plugin_method *method = entry;
    method->method = (struct method){method->head.name, METHOD_ALONE, run, dispatch_any_params};
    method->fn = fn;
    method->user = user;
    return MUSTER_OK;
}

static bool is_rule_of(const struct lobby *lobby, const void *owner) {
    for (uint32_t i = 0; lobby && i < lobby->rules_count; i++)
        if (lobby->rules[i].provider->self == owner) return true;
    return false;
}

const struct method *methods_plugin_find(const char *name, const struct session *session) {
    const struct lobby *lobby = session ? lobby_find(session->lobby) : NULL;
    uint64_t id = 0;
    for (const struct plugin_method *method; (method = registration_next(&plugin_methods, &id));)
        if (strcmp(method->head.name, name) == 0 && is_rule_of(lobby, method->head.owner))
            return &method->method;
    const struct plugin_method *found = registration_find(&plugin_methods, name);
    return found ? &found->method : NULL;
}
