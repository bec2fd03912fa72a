#include "auth.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "moderation.h"
#include "names.h"
#include "pending.h"
#include "registry.h"

#define AUTH_DEADLINE_MS 10000
#define TOKEN_BYTES_MAX 4096
#define RESUME_BYTES_MAX 128

/* One authentication under way; owned by its client, or, when that has gone, by the plugin that is
 * to be told so. */
struct auth_job {
    struct resource resource; /* while a call of that plugin is on the stack */
    struct client *client;    /* null: nobody waits any more */
    const struct provider *asked;
    json_t *id;
    muster_auth_ticket_id ticket;
    uint32_t next_provider; /* position in the chain */
    bool compress;
    uint8_t digest[SESSION_TOKEN_BYTES]; /* of the token, and who was asked last */
    char token[TOKEN_BYTES_MAX + 1];
    char resume[RESUME_BYTES_MAX + 1]; /* of the seat to come back to; "" for none */
};

static void free_job(struct auth_job *job) {
    if (job->client) job->client->auth = NULL;
    json_decref(job->id);
    sodium_memzero(job->token, sizeof job->token);
    sodium_memzero(job->resume, sizeof job->resume);
    free(job);
}

static void tell_cancelled(struct auth_job *job) {
    const struct provider *p = job->asked;
    pending_close(job->ticket.value);
    plugin_enter(p->self, "auth.cancel");
    p->auth.cancel(p->instance, job->ticket);
    plugin_leave();
    free_job(job);
}

static void close_cancelled(struct resource *resource) {
    tell_cancelled((struct auth_job *)resource);
}

static const struct resource_kind cancelled_kind = {"sign-in", close_cancelled, true};

/* Nobody waits for its ticket any more. */
static void give_up(struct auth_job *job) {
    job->client->auth = NULL;
    job->client = NULL;
    if (!job->ticket.value || !job->asked->auth.cancel) {
        pending_cancel(job->ticket.value);
        free_job(job);
    } else if (!plugin_is_called(job->asked->self)) {
        tell_cancelled(job);
    } else {
        resource_add(job->asked->self, &job->resource, &cancelled_kind);
        if (resource_cancel(&job->resource))
            log_warn("auth", "the loop is full: %s hears of a sign-in's end when it stops",
                     job->asked->self->instance_name);
    }
}

void auth_cancel(struct client *client) {
    if (client->auth) give_up(client->auth);
}

/* end: what becomes of the job. */
static void refuse_with(struct auth_job *job, int32_t code, const char *reason,
                        void (*end)(struct auth_job *job)) {
    struct client *client = job->client;
    metrics_add(METRIC_AUTH_FAILURES, 1);
    client_send(client, rpc_failure(job->id, code, reason, NULL));
    end(job);
    if (!client->session) client_close(client, 4002, "token refused");
}

static void refuse(struct auth_job *job, int32_t code, const char *reason) {
    refuse_with(job, code, reason, free_job);
}

/* Who is not let in is told why, and the connection has no more use. */
static void shut_out(struct auth_job *job, struct failure *failure) {
    struct client *client = job->client;
    metrics_add(METRIC_AUTH_FAILURES, 1);
    client_send(client, failure_answer(failure, job->id));
    free_job(job);
    if (!client->session) client_close(client, 4004, failure->message);
}

/* A ticket that leads to no seat: nothing has changed. */
static void refuse_ticket(struct auth_job *job, struct failure *failure) {
    struct client *client = job->client;
    metrics_add(METRIC_AUTH_FAILURES, 1);
    client_send(client, failure_answer(failure, job->id));
    free_job(job);
    if (!client->session) client_close(client, 4002, "ticket refused");
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
    identity->lobby_key[sizeof identity->lobby_key - 1] = '\0';
    identity->team[sizeof identity->team - 1] = '\0';
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

/* The seat that a ticket is for; null where it is for none. *lobby: null then. */
static int32_t take_seat(const struct muster_identity *identity, struct lobby **lobby,
                         char ticket[TICKET_TEXT_SIZE], struct failure *failure) {
    struct session *session;
    uint32_t team = MUSTER_TEAM_NONE;
    *lobby = NULL;
    if (!identity->lobby_key[0]) return RPC_OK;
    struct lobby *found = lobby_find_key(identity->lobby_key);
    if (!found || found->epoch != identity->lobby_epoch)
        return failure_set(failure, RPC_TICKET_INVALID, "the lobby of this ticket is gone");
    struct lobby_tickets *tickets = lobby_tickets_of(found, identity->player_key);
    if (!tickets) return failure_set(failure, RPC_UNAVAILABLE, "too many tickets for this lobby");
    const char *refusal = lobby_ticket_refusal(tickets, identity);
    if (refusal) return failure_set(failure, RPC_TICKET_INVALID, "%s", refusal);
    if (identity->team[0] && !registry_team_find(&found->teams, identity->team, &team))
        return failure_set(failure, RPC_TICKET_INVALID, "the lobby has no team \"%s\"",
                           identity->team);
    const struct lobby_expected who = {
        .player_key = identity->player_key, .display_name = identity->display_name, .team = team};
    if (lobby_expect(found, &who, ticket, &session, failure)) return failure->code;
    lobby_ticket_show(found, identity);
    *lobby = found;
    return RPC_OK;
}

/* Sign-in and seat in one answer: who comes back waits for the network once less. */
static json_t *entry_of(struct auth_job *job, struct session *session) {
    struct failure failure = {0};
    json_t *entry = NULL;
    if (!job->resume[0]) return json_null();
    int32_t code = lobby_resume(session, job->resume, &entry, &failure);
    json_decref(failure.data);
    return code ? json_null() : entry;
}

static json_t *signed_in(const struct session *session, const struct lobby *lobby,
                         const char *ticket, json_t *entry) {
    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "session", lobby_session_json(session), "resumable",
                     resumable(session), "muted", moderation_mute_json(session), "reservation",
                     lobby ? lobby_reservation_json(lobby, ticket) : json_null(), "entry", entry);
}

/* When all come back at once, it is the processor that they wait for, and not the line. */
static void tell_signed_in(struct client *client, const struct session *session, json_t *answer) {
    const struct lobby *lobby = lobby_find(session->lobby);
    if (lobby && lobby_is_recovering(lobby))
        client_send_plain(client, answer);
    else
        client_send(client, answer);
}

/* seated: the lobby that a ticket has led to before, or null. */
static void accept(struct auth_job *job, struct muster_identity *identity, struct lobby *seated) {
    struct client *client = job->client;
    struct session *session;
    struct lobby *lobby = seated;
    char ticket[TICKET_TEXT_SIZE] = "";
    if (!complete_identity(identity)) {
        refuse(job, RPC_INTERNAL, "the identity is incomplete");
        return;
    }
    const struct session *present = client->session;
    if (present && strcmp(present->player_key, identity->player_key) != 0) {
        refuse(job, RPC_WRONG_STATE, "this connection belongs to another player");
        return;
    }
    struct failure failure = {0};
    if (moderation_admit(identity, client->address, &failure)) {
        shut_out(job, &failure);
        return;
    }
    if (!seated && take_seat(identity, &lobby, ticket, &failure)) {
        refuse_ticket(job, &failure);
        return;
    }
    if (session_attach(client, identity, &session)) {
        refuse(job, RPC_SERVER_FULL, "the server is full");
        return;
    }
    session->ticket_lobby = lobby ? lobby->id : (muster_lobby_id){0};
    if (!lobby) session_token_set(session, job->digest);
    loop_timer_stop(client->auth_timer);
    client->auth_timer = NULL;
    if (job->compress) client->compress = true;
    net_keep(client->conn);
    json_t *entry = entry_of(job, session);
    tell_signed_in(client, session,
                   rpc_result(job->id, signed_in(session, seated ? NULL : lobby, ticket, entry)));
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
    case MUSTER_ACCEPT: accept(job, identity, NULL); break;
    case MUSTER_PASS: ask_next(job); break;
    case MUSTER_REJECT:
        refuse(job, RPC_TOKEN_INVALID, identity->reason[0] ? identity->reason : "token refused");
        break;
    default: refuse(job, RPC_INTERNAL, "authentication failed"); break;
    }
}

static void on_answer(void *user, muster_status status, const void *answer) {
    struct auth_job *job = user;
    if (!job->client) { /* and the plugin is to be told, but where it has answered meanwhile */
        if (status) return;
        resource_remove(&job->resource);
        free_job(job);
        return;
    }
    if (status) {
        refuse_with(job, RPC_UNAVAILABLE, "authentication did not answer in time", give_up);
        return;
    }
    job->ticket = (muster_auth_ticket_id){0};
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
    session_token_digest(p->self->instance_name, job->token, job->digest);
    struct muster_auth_request request = {.size = sizeof request,
                                          .known = session_token_is_known(job->digest),
                                          .ticket = job->ticket,
                                          .token = job->token,
                                          .address = job->client->address};
    struct muster_identity identity = {.size = sizeof identity};
    job->asked = p;
    plugin_enter(p->self, "auth.authenticate");
    muster_verdict verdict = p->auth.authenticate(p->instance, &request, &identity);
    plugin_leave();
    if (verdict == MUSTER_PENDING) return;
    if (pending_user(request.ticket.value, on_answer) != job) { /* and the job may be gone */
        plugin_fault(p->self, "auth.authenticate completed its ticket and answered, too");
        return;
    }
    if (!auth_is_verdict(verdict)) plugin_fault(p->self, "auth.authenticate answered %u", verdict);
    pending_close(request.ticket.value);
    job->ticket = (muster_auth_ticket_id){0};
    if (job->client) {
        conclude(job, verdict, &identity);
        return;
    }
    resource_remove(&job->resource);
    free_job(job);
}

/* A ticket leads in once. Who came by one comes back by what the seat has given them. */
static bool come_back(struct auth_job *job) {
    const struct session *session = lobby_find_resumable(job->token);
    if (!session) return false;
    struct muster_identity identity = {.size = sizeof identity,
                                       .account = session->account,
                                       .expires_at_s = session->expires_at_s};
    snprintf(identity.player_key, sizeof identity.player_key, "%s", session->player_key);
    snprintf(identity.display_name, sizeof identity.display_name, "%s", session->display_name);
    snprintf(identity.region, sizeof identity.region, "%s", session->region);
    snprintf(identity.permissions, sizeof identity.permissions, "%s", session->permissions);
    accept(job, &identity, lobby_find(session->lobby));
    return true;
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
    snprintf(job->resume, sizeof job->resume, "%s", param_string(call, "resumeToken", ""));
    call->client->auth = job;
    struct failure failure = {0};
    if (ban && moderation_refuse(ban, &failure)) /* before a token costs anything */
        shut_out(job, &failure);
    else if (!come_back(job))
        ask_next(job);
    return METHOD_LATER;
}
