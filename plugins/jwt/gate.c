/* gate - authenticate: remembered, verified on the pool, or passed on. */
#include "jwt/gate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwt/memo.h"

static const char unknown_key[] = "token is signed with an unknown key";
static const char no_keys[] = "the keys of the issuer are not here yet, try again in a moment";
static const char busy[] = "too many sign-ins at once, try again in a moment";

#define ONCE_PREFIX "jwt/once/"
#define ONCE_BYTES 16u
#define ONCE_MARGIN_S 60   /* beside the skew that is put up with */
#define ONCE_S_MAX 4000000 /* longer ones are remembered for good */

/* One verification on its way. Owned by its gate's list; the pool thread touches only this. */
struct check {
    struct check *next;
    struct check *prev;
    struct gate *gate;
    muster_auth_ticket_id ticket;  /* 0 once answered, or nobody waits for it */
    muster_work_id work;           /* 0: it waits */
    bool waits_for_pool;           /* which is full; else for keys */
    const struct token_keys *keys; /* the plugin's, whose content may change meanwhile */
    struct token_key key;          /* a copy from there */
    char kid[TOKEN_KID_MAX];       /* of the token */
    uint32_t generation;           /* of the keys that it was copied from */
    int64_t now_s;
    bool is_ticket; /* for a seat */
    char issuer[TOKEN_ISSUER_MAX];
    char audience[TOKEN_ISSUER_MAX];
    uint8_t digest[MEMO_KEY_BYTES];
    bool accepted;
    struct muster_identity identity;
    char once_key[sizeof ONCE_PREFIX + 2 * ONCE_BYTES]; /* of what it says that it is */
    char token[TOKEN_BYTES_MAX + 1];
};

struct gate {
    muster_self *self;
    const struct muster_host *host;
    struct gate_config config;
    struct memo *memo;
    struct check *checks; /* in order of arrival */
    struct check *checks_end;
    uint32_t generation; /* of the keys: grows when some were withdrawn */
    uint32_t waiting;    /* checks that wait for keys */
    uint32_t queued;     /* checks that wait for the pool */
    uint32_t verifying;  /* checks that the pool has */
    bool stopped;
};

struct gate *gate_create(muster_self *self, const struct muster_host *host,
                         const struct gate_config *config) {
    struct gate *gate = calloc(1, sizeof *gate);
    struct memo *memo = memo_create(config->remember_max);
    if (!gate || !memo) {
        memo_destroy(memo);
        free(gate);
        return NULL;
    }
    gate->self = self;
    gate->host = host;
    gate->config = *config;
    gate->memo = memo;
    return gate;
}

static void check_link(struct gate *gate, struct check *check) {
    check->prev = gate->checks_end;
    if (gate->checks_end) gate->checks_end->next = check;
    if (!gate->checks) gate->checks = check;
    gate->checks_end = check;
}

static void check_free(struct check *check) {
    struct gate *gate = check->gate;
    if (check->prev) check->prev->next = check->next;
    if (check->next) check->next->prev = check->prev;
    if (gate->checks == check) gate->checks = check->next;
    if (gate->checks_end == check) gate->checks_end = check->prev;
    sodium_memzero(check, sizeof *check);
    free(check);
}

static void copy_identity(struct muster_identity *out, const struct muster_identity *identity) {
    uint32_t size = out->size;
    memcpy(out, identity, size < sizeof *identity ? size : sizeof *identity);
    out->size = size;
}

static muster_verdict reject(struct muster_identity *out, const char *reason) {
    snprintf(out->reason, sizeof out->reason, "%s", reason);
    return MUSTER_REJECT;
}

/* A ticket is for one node, which sees to that itself. */
static bool is_once(const struct check *check) {
    return check->gate->config.once_only && !check->is_ticket;
}

/* By issuer and id: the token itself may be written in several ways. */
static bool read_once_key(struct check *check, const json_t *claims, const char **why) {
    const struct gate_config *config = &check->gate->config;
    const char *id = json_string_value(json_object_get(claims, "jti"));
    uint8_t digest[ONCE_BYTES];
    crypto_generichash_state state;
    *why = "token has no id, so that nobody can tell whether it was used";
    if (!id || !id[0]) return false;
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    crypto_generichash_update(&state, (const uint8_t *)config->policy.issuer,
                              strlen(config->policy.issuer) + 1);
    crypto_generichash_update(&state, (const uint8_t *)id, strlen(id));
    crypto_generichash_final(&state, digest, sizeof digest);
    memcpy(check->once_key, ONCE_PREFIX, sizeof ONCE_PREFIX);
    sodium_bin2hex(check->once_key + strlen(ONCE_PREFIX), 2 * sizeof digest + 1, digest,
                   sizeof digest);
    return true;
}

/* Pool thread. */
static void check_work(void *user) {
    struct check *check = user;
    const struct gate_config *config = &check->gate->config;
    struct token_policy policy = config->policy;
    const char *why = NULL;
    json_t *claims = NULL;
    policy.issuer = check->issuer;
    policy.audience = check->audience;
    if (check->is_ticket) policy.lifetime_max_s = TICKET_LIFE_MAX_S;
    check->accepted = token_verify(check->token, &check->key, &policy, check->now_s, &claims,
                                   &why) == MUSTER_OK &&
                      gate_read_claims(config, claims, &check->identity, &why) &&
                      (!is_once(check) || read_once_key(check, claims, &why));
    json_decref(claims);
    if (check->accepted) return;
    check->identity = (struct muster_identity){.size = sizeof check->identity};
    snprintf(check->identity.reason, sizeof check->identity.reason, "%s", why);
}

static void check_complete(struct check *check, muster_verdict verdict) {
    struct gate *gate = check->gate;
    if (check->ticket.value == 0) return;
    muster_auth_ticket_id ticket = check->ticket;
    check->ticket = (muster_auth_ticket_id){0};
    (void)gate->host->player->auth_complete(gate->self, ticket, verdict, &check->identity);
}

static void check_fail(struct check *check, const char *reason) {
    check->accepted = false;
    check->identity = (struct muster_identity){.size = sizeof check->identity};
    snprintf(check->identity.reason, sizeof check->identity.reason, "%s", reason);
}

static void check_end(struct check *check) {
    check_complete(check, check->accepted ? MUSTER_ACCEPT : MUSTER_REJECT);
    check_free(check);
}

/* ---- tokens that sign in once ---------------------------------------------------------------- */

static void check_once_done(void *user, muster_status status,
                            const struct muster_kv_answer *answer) {
    struct check *check = user;
    (void)answer;
    if (status == MUSTER_CONFLICT)
        check_fail(check, "token was used before");
    else if (status != MUSTER_OK)
        check_fail(check, "it cannot be told whether the token was used, try again in a moment");
    check_end(check);
}

static void check_once(struct check *check) {
    struct gate *gate = check->gate;
    int64_t left_s = check->identity.expires_at_s - gate->host->loop->unix_ms(gate->self) / 1000;
    int64_t kept_s = left_s < ONCE_S_MAX ? left_s + gate->config.policy.skew_s + ONCE_MARGIN_S : 0;
    const struct muster_kv_request request = {.size = sizeof request,
                                              .kind = MUSTER_KV_SET,
                                              .key = check->once_key,
                                              .condition = MUSTER_KV_IF_ABSENT,
                                              .expires_ms = (uint32_t)(kept_s * 1000)};
    muster_status status =
        gate->host->kv->request(gate->self, &request, check_once_done, check, NULL);
    if (status != MUSTER_OK) check_once_done(check, status, NULL);
}

/* ---- verification ---------------------------------------------------------------------------- */

static muster_status check_submit(struct check *check);

static const char *why_not_submitted(const struct check *check, muster_status status) {
    if (status != MUSTER_NOT_FOUND) return busy;
    return check->keys->count ? unknown_key : no_keys;
}

static void check_settle(struct check *check, muster_status status) {
    struct gate *gate = check->gate;
    if (status != MUSTER_OK || gate->stopped) {
        check_fail(check, "the server is stopping");
    } else if (check->generation != gate->generation) {
        /* Its key may have been withdrawn while the pool had it: what that says counts no more. */
        status = check_submit(check);
        if (status == MUSTER_OK) return;
        check_fail(check, why_not_submitted(check, status));
    }
    if (check->accepted && is_once(check)) {
        check_once(check);
        return;
    }
    if (check->accepted) memo_add(gate->memo, check->digest, &check->identity);
    check_end(check);
}

static void submit_queued(struct gate *gate) {
    struct check *next;
    for (struct check *check = gate->checks; check && gate->queued; check = next) {
        next = check->next;
        if (!check->waits_for_pool) continue;
        muster_status status = check_submit(check);
        if (status == MUSTER_LIMIT && gate->verifying) return;
        check->waits_for_pool = false;
        gate->queued--;
        if (status == MUSTER_OK) continue;
        check_fail(check, why_not_submitted(check, status));
        check_end(check);
    }
}

static void check_done(void *user, muster_status status) {
    struct check *check = user;
    struct gate *gate = check->gate;
    gate->verifying--;
    check_settle(check, status);
    if (!gate->stopped) submit_queued(gate);
}

/* With the keys of now. NOT_FOUND: none of them is the token's. */
static muster_status check_submit(struct check *check) {
    struct gate *gate = check->gate;
    const struct token_key *key = keys_find(check->keys, check->kid);
    if (!key) return MUSTER_NOT_FOUND;
    check->key = *key;
    check->generation = gate->generation;
    muster_status status =
        gate->host->loop->work(gate->self, check_work, check_done, check, &check->work);
    gate->verifying += status == MUSTER_OK;
    return status;
}

/* All players of a server come back at once after a crash. */
static bool check_queue(struct check *check) {
    struct gate *gate = check->gate;
    if (!gate->verifying || gate->queued == GATE_QUEUED_MAX) return false;
    check->waits_for_pool = true;
    gate->queued++;
    return true;
}

static bool check_wait(struct check *check) {
    struct gate *gate = check->gate;
    const struct gate_config *config = &gate->config;
    if (!config->keys_wanted || gate->waiting == GATE_WAITING_MAX) return false;
    if (!config->keys_wanted(config->user)) return false;
    gate->waiting++;
    return true;
}

static void check_retry(struct check *check) {
    check->gate->waiting--;
    muster_status status = check_submit(check);
    if (status == MUSTER_OK || (status == MUSTER_LIMIT && check_queue(check))) return;
    check_fail(check, why_not_submitted(check, status));
    check_end(check);
}

static muster_verdict check_start(struct gate *gate, const struct token_keys *keys,
                                  const struct token_peek *peek,
                                  const struct muster_auth_request *request,
                                  const uint8_t digest[MEMO_KEY_BYTES],
                                  struct muster_identity *out) {
    const struct gate_config *config = &gate->config;
    struct check *check = calloc(1, sizeof *check);
    if (!check) return reject(out, "the server is out of memory");
    check->gate = gate;
    check->ticket = request->ticket;
    check->keys = keys;
    check->is_ticket = peek->is_ticket;
    snprintf(check->issuer, sizeof check->issuer, "%s", config->policy.issuer);
    snprintf(check->audience, sizeof check->audience, "%s",
             peek->is_ticket ? config->node_id : config->policy.audience);
    memcpy(check->kid, peek->kid, sizeof check->kid);
    check->now_s = gate->host->loop->unix_ms(gate->self) / 1000;
    memcpy(check->digest, digest, MEMO_KEY_BYTES);
    memcpy(check->token, request->token, strlen(request->token) + 1);
    check_link(gate, check);
    muster_status status = check_submit(check);
    if (status == MUSTER_OK) return MUSTER_PENDING;
    if (status == MUSTER_LIMIT && check_queue(check)) return MUSTER_PENDING;
    if (status == MUSTER_NOT_FOUND && check_wait(check)) return MUSTER_PENDING;
    muster_verdict verdict = reject(out, why_not_submitted(check, status));
    check_free(check);
    return verdict;
}

/* The signature was good, by a key with that name. False: to be verified like any other. */
static bool read_known(const struct gate *gate, const struct token_keys *keys,
                       const struct muster_auth_request *request, int64_t now_s,
                       struct muster_identity *identity) {
    const struct gate_config *config = &gate->config;
    char kid[TOKEN_KID_MAX];
    const char *why;
    json_t *claims;
    if (!request->known || config->once_only || token_kid(request->token, kid)) return false;
    const struct token_key *key = kid[0] ? keys_find(keys, kid) : NULL;
    if (!key || !key->kid[0]) return false; /* another may have been put in its place */
    if (token_read(request->token, key, &config->policy, now_s, &claims, &why)) return false;
    bool is_ticket = json_object_get(claims, "lobby") != NULL;
    bool is_good = !is_ticket && gate_read_claims(config, claims, identity, &why);
    json_decref(claims);
    return is_good;
}

muster_verdict gate_authenticate(struct gate *gate, const struct token_keys *keys,
                                 const struct muster_auth_request *request,
                                 struct muster_identity *out) {
    uint8_t digest[MEMO_KEY_BYTES];
    struct token_peek peek;
    size_t len = strnlen(request->token, TOKEN_BYTES_MAX + 1);
    if (len > TOKEN_BYTES_MAX) return MUSTER_PASS;
    if (gate->stopped) return reject(out, "the server is stopping");
    crypto_hash_sha256(digest, (const uint8_t *)request->token, len);
    int64_t now_s = gate->host->loop->unix_ms(gate->self) / 1000;
    const struct muster_identity *known = memo_find(gate->memo, digest, now_s);
    if (known) {
        copy_identity(out, known);
        return MUSTER_ACCEPT;
    }
    struct muster_identity identity = {.size = sizeof identity};
    if (read_known(gate, keys, request, now_s, &identity)) {
        memo_add(gate->memo, digest, &identity);
        copy_identity(out, &identity);
        return MUSTER_ACCEPT;
    }
    if (token_peek(request->token, &peek) != MUSTER_OK) return MUSTER_PASS;
    if (strcmp(peek.issuer, gate->config.policy.issuer) != 0) return MUSTER_PASS;
    return check_start(gate, keys, &peek, request, digest, out);
}

/* Not remembered yet. */
static muster_status verify_now(const struct gate *gate, const struct token_keys *keys,
                                const char *token, int64_t now_s, struct muster_identity *out,
                                const char **why) {
    const struct gate_config *config = &gate->config;
    struct token_peek peek;
    json_t *claims;
    *why = "it is no access token of this server";
    if (token_peek(token, &peek) || strcmp(peek.issuer, config->policy.issuer) != 0 ||
        peek.is_ticket)
        return MUSTER_DENIED;
    const struct token_key *key = keys_find(keys, peek.kid);
    if (!key) {
        *why = unknown_key;
        return MUSTER_DENIED;
    }
    if (token_verify(token, key, &config->policy, now_s, &claims, why)) return MUSTER_DENIED;
    bool is_good = gate_read_claims(config, claims, out, why);
    json_decref(claims);
    return is_good ? MUSTER_OK : MUSTER_DENIED;
}

muster_status gate_verify(struct gate *gate, const struct token_keys *keys, const char *token,
                          struct muster_identity *out, const char **why) {
    uint8_t digest[MEMO_KEY_BYTES];
    int64_t now_s = gate->host->loop->unix_ms(gate->self) / 1000;
    crypto_hash_sha256(digest, (const uint8_t *)token, strlen(token));
    const struct muster_identity *known = memo_find(gate->memo, digest, now_s);
    if (known && !known->lobby_key[0]) {
        copy_identity(out, known);
        return MUSTER_OK;
    }
    struct muster_identity identity = {.size = sizeof identity};
    muster_status status = verify_now(gate, keys, token, now_s, &identity, why);
    if (status) return status;
    memo_add(gate->memo, digest, &identity);
    copy_identity(out, &identity);
    return MUSTER_OK;
}

void gate_remember(struct gate *gate, const char *token, const json_t *claims) {
    struct muster_identity identity = {.size = sizeof identity};
    uint8_t digest[MEMO_KEY_BYTES];
    const char *why;
    if (gate->stopped || gate->config.once_only) return;
    if (!gate_read_claims(&gate->config, claims, &identity, &why)) return;
    crypto_hash_sha256(digest, (const uint8_t *)token, strlen(token));
    memo_add(gate->memo, digest, &identity);
}

void gate_forget(struct gate *gate) {
    gate->generation++;
    memo_clear(gate->memo);
}

void gate_retry(struct gate *gate) {
    struct check *next;
    for (struct check *check = gate->checks; check; check = next) {
        next = check->next;
        if (!check->work.value && !check->waits_for_pool) check_retry(check);
    }
}

void gate_cancel(struct gate *gate, muster_auth_ticket_id ticket) {
    struct check *check = gate->checks;
    while (check && !MUSTER_ID_SAME(check->ticket, ticket)) check = check->next;
    if (!check) return;
    check->ticket = (muster_auth_ticket_id){0};
    if (!check->work.value) {
        gate->queued -= check->waits_for_pool;
        gate->waiting -= !check->waits_for_pool;
        check_free(check);
        return;
    }
    (void)gate->host->loop->work_cancel(gate->self,
                                        check->work); /* check_done comes all the same */
}

void gate_stop(struct gate *gate) {
    gate->stopped = true;
    memo_clear(gate->memo);
    /* The pool may still be reading the checks: they are answered here, freed when it is done. */
    struct muster_identity stopping = {.size = sizeof stopping};
    snprintf(stopping.reason, sizeof stopping.reason, "the server is stopping");
    for (struct check *check = gate->checks; check; check = check->next) {
        muster_auth_ticket_id ticket = check->ticket;
        check->ticket = (muster_auth_ticket_id){0};
        if (ticket.value)
            (void)gate->host->player->auth_complete(gate->self, ticket, MUSTER_REJECT, &stopping);
    }
}

void gate_destroy(struct gate *gate) {
    if (!gate) return;
    while (gate->checks) check_free(gate->checks);
    memo_destroy(gate->memo);
    free(gate);
}
