#include "auth.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "lobby.h"
#include "loop.h"
#include "metrics.h"
#include "moderation.h"
#include "names.h"
#include "pending.h"
#include "registry.h"

#define AUTH_DEADLINE_MS 10000
#define TOKEN_BYTES_MAX 4096

/* One authentication under way; owned by its client. */
struct auth_job {
    struct client *client;
    json_t *id;
    muster_auth_ticket_id ticket;
    uint32_t next_provider; /* position in the chain */
    bool compress;
    char token[TOKEN_BYTES_MAX + 1];
};

static void free_job(struct auth_job *job) {
    if (job->client) job->client->auth = NULL;
    json_decref(job->id);
    sodium_memzero(job->token, sizeof job->token);
    free(job);
}

void auth_cancel(struct client *client) {
    struct auth_job *job = client->auth;
    if (!job) return;
    pending_cancel(job->ticket.value);
    free_job(job);
}

static void refuse(struct auth_job *job, int32_t code, const char *reason) {
    struct client *client = job->client;
    metrics_add(METRIC_AUTH_FAILURES, 1);
    client_send(client, rpc_failure(job->id, code, reason, NULL));
    free_job(job);
    if (!client->player.value) client_close(client, 4002, "token refused");
}

/* Who is not let in is told why, and the connection has no more use. */
static void shut_out(struct auth_job *job, struct failure *failure) {
    struct client *client = job->client;
    metrics_add(METRIC_AUTH_FAILURES, 1);
    client_send(client, failure_answer(failure, job->id));
    free_job(job);
    if (!client->player.value) client_close(client, 4004, failure->message);
}

/* Nothing in it that a line may not hold. */
static bool is_line(const char *text) {
    char mended[MUSTER_PLAYER_KEY_MAX];
    snprintf(mended, sizeof mended, "%s", text);
    return text_line_mend(mended) && strcmp(mended, text) == 0;
}

/* A plugin's identity is checked, too: what is missing gets the node's defaults. */
static bool complete_identity(struct muster_identity *identity) {
    identity->player_key[sizeof identity->player_key - 1] = '\0';
    identity->display_name[sizeof identity->display_name - 1] = '\0';
    identity->region[sizeof identity->region - 1] = '\0';
    identity->permissions[sizeof identity->permissions - 1] = '\0';
    if (!identity->player_key[0]) return false;
    if (!is_line(identity->player_key)) return false;
    if (!text_end_mend(identity->permissions)) return false;
    if (!identity->display_name[0])
        snprintf(identity->display_name, sizeof identity->display_name, "%s", identity->player_key);
    names_settle(identity);
    if (!text_line_mend(identity->region))
        snprintf(identity->region, sizeof identity->region, "%s", config_core->server.region);
    return true;
}

static json_t *resumable(const struct session *session) {
    const struct lobby *lobby = lobby_find(session->lobby);
    return lobby ? json_pack("{s:s}", "lobbyId", lobby->key) : json_null();
}

static void accept(struct auth_job *job, struct muster_identity *identity) {
    struct client *client = job->client;
    struct session *session;
    if (!complete_identity(identity)) {
        refuse(job, RPC_INTERNAL, "the identity is incomplete");
        return;
    }
    struct session *present = session_find(client->player);
    if (present && strcmp(present->player_key, identity->player_key) != 0) {
        refuse(job, RPC_WRONG_STATE, "this connection belongs to another player");
        return;
    }
    struct failure failure = {0};
    if (moderation_admit(identity, client->address, &failure)) {
        shut_out(job, &failure);
        return;
    }
    if (session_attach(client, identity, &session)) {
        refuse(job, RPC_SERVER_FULL, "the server is full");
        return;
    }
    loop_timer_stop(client->auth_timer);
    client->auth_timer = NULL;
    if (job->compress) client->compress = true;
    net_keep(client->conn);
    client_send(client, rpc_result(job->id, json_pack("{s:o,s:o,s:o}", "session",
                                                      lobby_session_json(session), "resumable",
                                                      resumable(session), "muted",
                                                      moderation_mute_json(session))));
    free_job(job);
}

static void ask_next(struct auth_job *job);

bool auth_is_verdict(muster_verdict verdict) {
    return verdict == MUSTER_ACCEPT || verdict == MUSTER_REJECT || verdict == MUSTER_PASS;
}

static void conclude(struct auth_job *job, muster_verdict verdict,
                     struct muster_identity *identity) {
    identity->reason[sizeof identity->reason - 1] = '\0';
    switch (verdict) {
    case MUSTER_ACCEPT: accept(job, identity); break;
    case MUSTER_PASS: ask_next(job); break;
    case MUSTER_REJECT:
        refuse(job, RPC_TOKEN_INVALID, identity->reason[0] ? identity->reason : "token refused");
        break;
    default: refuse(job, RPC_INTERNAL, "authentication failed"); break;
    }
}

static void on_answer(void *user, muster_status status, const void *answer) {
    struct auth_job *job = user;
    job->ticket = (muster_auth_ticket_id){0};
    if (status) {
        refuse(job, RPC_UNAVAILABLE, "authentication did not answer in time");
        return;
    }
    struct auth_answer copy = *(const struct auth_answer *)answer;
    conclude(job, copy.verdict, &copy.identity);
}

static struct provider *provider_at(uint32_t position) {
    struct provider *p = registry_first(MUSTER_ROLE_AUTH);
    while (p && position--) p = p->next;
    return p;
}

static void ask_next(struct auth_job *job) {
    struct provider *p = provider_at(job->next_provider++);
    if (!p) {
        refuse(job, RPC_TOKEN_INVALID, "no authentication plugin knows this token");
        return;
    }
    if (pending_open(p->self, "auth", AUTH_DEADLINE_MS, on_answer, job, &job->ticket.value)) {
        refuse(job, RPC_UNAVAILABLE, "too many authentications at once");
        return;
    }
    struct muster_auth_request request = {.size = sizeof request,
                                          .ticket = job->ticket,
                                          .token = job->token,
                                          .address = job->client->address};
    struct muster_identity identity = {.size = sizeof identity};
    struct client *client = job->client;
    plugin_enter(p->self, "auth.authenticate");
    muster_verdict verdict = p->auth.authenticate(p->instance, &request, &identity);
    plugin_leave();
    if (verdict == MUSTER_PENDING) return;
    if (client->auth != job ||
        !MUSTER_ID_SAME(job->ticket, request.ticket)) { /* and the job may be gone */
        plugin_fault(p->self, "auth.authenticate completed its ticket and answered, too");
        return;
    }
    if (!auth_is_verdict(verdict)) plugin_fault(p->self, "auth.authenticate answered %u", verdict);
    pending_close(request.ticket.value);
    job->ticket = (muster_auth_ticket_id){0};
    conclude(job, verdict, &identity);
}

int32_t auth_method(struct call *call) {
    if (call->client->auth)
        return failure_set(&call->failure, RPC_WRONG_STATE, "an authentication is under way");
    if (!call->id) return failure_set(&call->failure, RPC_INVALID_REQUEST, "an id is needed");
    const struct sanction *ban = moderation_door(call->client->address, false);
    struct auth_job *job = calloc(1, sizeof *job);
    if (!job) return failure_set(&call->failure, RPC_INTERNAL, "out of memory");
    job->client = call->client;
    job->id = json_incref(call->id);
    job->compress = param_bool(call, "compress", false);
    snprintf(job->token, sizeof job->token, "%s", param_string(call, "token", ""));
    call->client->auth = job;
    struct failure failure = {0};
    if (ban && moderation_refuse(ban, &failure)) /* before a token costs anything */
        shut_out(job, &failure);
    else
        ask_next(job);
    return METHOD_LATER;
}
