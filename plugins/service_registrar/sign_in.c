/* sign_in - who comes from the directory: players with a ticket that it has signed for a seat on
 * this node. The keys are the directory's; nothing else that it signs lets anybody in here. */
#include <stdio.h>
#include <string.h>

#include "jwt/token.h"
#include "service_registrar.h"

#define SKEW_S 30
#define REMEMBERED_MAX 1024
#define KEYS_REFRESH_MS 3600000

static bool keys_wanted(void *user) {
    return keyurl_want(&((struct registrar *)user)->keys_url);
}

static bool same_keys(const struct token_keys *a, const struct token_keys *b) {
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof a->items[0]) == 0;
}

static void on_keys(void *user, const struct token_keys *keys) {
    struct registrar *registrar = user;
    if (keys && !same_keys(keys, &registrar->keys)) {
        registrar->keys = *keys;
        gate_forget(registrar->gate);
    }
    gate_retry(registrar->gate);
}

muster_status sign_in_create(struct registrar *registrar) {
    const struct gate_config config = {.policy = {.issuer = registrar->issuer,
                                                  .audience = registrar->server_id,
                                                  .skew_s = SKEW_S,
                                                  .lifetime_max_s = TICKET_LIFE_MAX_S},
                                       .node_id = registrar->server_id,
                                       .remember_max = REMEMBERED_MAX,
                                       .player_prefix = "",
                                       .display_name_claim = "displayName",
                                       .region_claim = "region",
                                       .permissions_claim = "permissions",
                                       .keys_wanted = keys_wanted,
                                       .user = registrar};
    snprintf(registrar->keys_text, sizeof registrar->keys_text, "%s/.well-known/jwks.json",
             registrar->url);
    registrar->keys_url = (struct keyurl){.self = registrar->self,
                                          .host = registrar->host,
                                          .url = registrar->keys_text,
                                          .setting = "directoryUrl",
                                          .refresh_ms = KEYS_REFRESH_MS,
                                          .answered = on_keys,
                                          .user = registrar};
    registrar->gate = gate_create(registrar->self, registrar->host, &config);
    return registrar->gate ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void sign_in_told(struct registrar *registrar, const char *issuer) {
    if (!issuer || !issuer[0] || strlen(issuer) >= sizeof registrar->issuer) return;
    if (strcmp(issuer, registrar->issuer) == 0) return;
    if (!registrar->issuer[0] && keyurl_start(&registrar->keys_url)) return;
    snprintf(registrar->issuer, sizeof registrar->issuer, "%s", issuer);
    gate_forget(registrar->gate);
}

void sign_in_void(struct registrar *registrar, uint32_t ticket_issue) {
    registrar->void_tickets[registrar->void_next] = ticket_issue;
    registrar->void_next = (registrar->void_next + 1) % VOID_TICKETS_MAX;
}

static bool is_void(const struct registrar *registrar, int64_t ticket_issue) {
    for (uint32_t i = 0; ticket_issue && i < VOID_TICKETS_MAX; i++)
        if (registrar->void_tickets[i] == ticket_issue) return true;
    return false;
}

void sign_in_stop(struct registrar *registrar) {
    gate_stop(registrar->gate);
    if (registrar->issuer[0]) keyurl_stop(&registrar->keys_url);
}

/* ---- the role -------------------------------------------------------------------------------- */

muster_verdict sign_in_authenticate(void *instance, const struct muster_auth_request *request,
                                    struct muster_identity *out) {
    struct registrar *registrar = instance;
    struct token_peek peek;
    if (!registrar->issuer[0] || !registrar->server_id[0]) return MUSTER_PASS;
    if (token_peek(request->token, &peek) || strcmp(peek.issuer, registrar->issuer) != 0)
        return MUSTER_PASS;
    if (peek.is_ticket && !is_void(registrar, peek.ticket_issue))
        return gate_authenticate(registrar->gate, &registrar->keys, request, out);
    snprintf(out->reason, sizeof out->reason, "%s",
             peek.is_ticket ? "the player was sent to another server after this one"
                            : "it is no ticket for a seat");
    return MUSTER_REJECT;
}

void sign_in_cancel(void *instance, muster_auth_ticket_id ticket) {
    gate_cancel(((struct registrar *)instance)->gate, ticket);
}
