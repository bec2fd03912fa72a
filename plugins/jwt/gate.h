/* gate - the auth role's authenticate, as both auth plugins do it: remembered tokens at once, new
 * ones verified on the work pool, foreign ones passed on. Owns the memory and the open
 * verifications. Loop thread.
 */
#ifndef MUSTER_JWT_GATE_H
#define MUSTER_JWT_GATE_H

#include <muster/host.h>
#include <muster/roles.h>

#include "jwt/keys.h"

/* All borrowed; valid until gate_destroy. What policy.issuer, policy.audience and node_id lead to
 * may become another text between two calls; gate_forget then. */
struct gate_config {
    struct token_policy policy;
    const char *node_id;            /* the audience of tickets for seats */
    uint32_t remember_max;          /* tokens */
    const char *player_prefix;      /* put before sub; "" for none */
    const char *display_name_claim; /* names of claims; a missing one leaves the field empty */
    const char *region_claim;
    const char *permissions_claim;  /* array of strings, or one space-separated string */
    const char *const *permissions; /* those taken over; others are dropped */
    uint32_t permission_count;
    uint32_t permissions_all; /* 1: take over all */
    uint32_t once_only; /* 1: a token signs in once, by its claim jti, on all nodes that share kv */
    /* No key is this token's. True: others may be on their way, and gate_retry comes; so long it
     * waits. Null: there are no others. */
    bool (*keys_wanted)(void *user);
    void *user;
};

#define GATE_WAITING_MAX 256u  /* tokens that wait for keys; further ones are rejected */
#define GATE_QUEUED_MAX 4096u  /* tokens that wait for the pool, as above */
#define TICKET_LIFE_MAX_S 3600 /* of one for a seat, from iat to exp */

struct gate;

/* Null when out of memory. */
struct gate *gate_create(muster_self *self, const struct muster_host *host,
                         const struct gate_config *config);
/* What the auth role answers. keys: borrowed until gate_destroy; gate_forget after a change. */
muster_verdict gate_authenticate(struct gate *gate, const struct token_keys *keys,
                                 const struct muster_auth_request *request,
                                 struct muster_identity *out);
/* Who signed in here, by an access token, and not by a ticket: verified at once, which takes a
 * tenth of a ms the first time. DENIED: *why is static. */
muster_status gate_verify(struct gate *gate, const struct token_keys *keys, const char *token,
                          struct muster_identity *out, const char **why) MUSTER_MUST_USE;
/* A token with these claims was signed here, by a key that others are verified with: it is known
 * from now on, as if it had been verified. */
void gate_remember(struct gate *gate, const char *token, const json_t *claims);
/* Forget what was verified, and verify again what is on its way: keys were withdrawn. */
void gate_forget(struct gate *gate);
/* The keys of now are all that there are for the moment: verify, or reject, what waits for some. */
void gate_retry(struct gate *gate);
/* Nobody waits for this ticket any more. */
void gate_cancel(struct gate *gate, muster_auth_ticket_id ticket);
/* Reject what is open; nothing is accepted any more. */
void gate_stop(struct gate *gate);
/* After the last verification has ended. Takes null. */
void gate_destroy(struct gate *gate);

/* A playerId is printable ASCII without spaces, and "bot:" belongs to bots. */
bool gate_player_key_is_sound(const char *key);
/* Claims of a verified token into an identity, those of a ticket (lobby, epoch, team, jti) with
 * them; false with *why when they cannot make one. Any thread. */
bool gate_read_claims(const struct gate_config *config, const json_t *claims,
                      struct muster_identity *out, const char **why);

#endif
