/* identities - muster.identities: whose an access token is, and tickets for seats on other nodes,
 * for a service that sends players there. Signed and verified on the loop thread. */
#include <muster/interfaces.h>
#include <stdio.h>
#include <string.h>

#include "auth_local.h"

static const char *issuer(void *instance) {
    const struct auth_local *auth = instance;
    return auth->ticket_issuer;
}

static muster_status verify(void *instance, const char *token, struct muster_identity *out) {
    struct auth_local *auth = instance;
    const char *why = "";
    if (!token || !out) return MUSTER_INVALID;
    muster_status status = auth->ready
                               ? gate_verify(auth->gate, &auth->keyring.keys, token, out, &why)
                               : MUSTER_UNAVAILABLE;
    if (status) snprintf(out->reason, sizeof out->reason, "%s", why);
    return status;
}

static bool is_sound(const struct muster_away_ticket *ticket) {
    return ticket->audience && ticket->audience[0] && ticket->player_key && ticket->player_key[0] &&
           strlen(ticket->player_key) < MUSTER_PLAYER_KEY_MAX &&
           gate_player_key_is_sound(ticket->player_key) && ticket->display_name &&
           strlen(ticket->display_name) < MUSTER_DISPLAY_MAX && ticket->lobby_key &&
           ticket->lobby_key[0] && strlen(ticket->lobby_key) < MUSTER_PLAYER_KEY_MAX &&
           ticket->ticket_issue && ticket->life_s && ticket->life_s <= TICKET_LIFE_MAX_S;
}

static muster_status mint(void *instance, const struct muster_away_ticket *ticket, char *out,
                          uint32_t cap) {
    const struct auth_local *auth = instance;
    int64_t now_s = auth->host->loop->unix_ms(auth->self) / 1000;
    if (!ticket || ticket->size < sizeof *ticket || !out || !is_sound(ticket))
        return MUSTER_INVALID;
    json_t *claims = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "iss", auth->ticket_issuer, "aud",
        ticket->audience, "sub", ticket->player_key, "displayName", ticket->display_name, "lobby",
        ticket->lobby_key, "epoch", (json_int_t)ticket->lobby_epoch, "iat", (json_int_t)now_s,
        "exp", (json_int_t)(now_s + ticket->life_s), "issue", (json_int_t)ticket->ticket_issue);
    if (claims && ticket->is_guest) json_object_set_new(claims, "guest", json_true());
    muster_status status =
        claims ? keyring_sign_ticket(&auth->keyring, claims, out, cap) : MUSTER_INVALID;
    json_decref(claims);
    return status;
}

muster_status identities_publish(struct auth_local *auth) {
    static const struct muster_identities vtable = {
        .size = sizeof vtable, .issuer = issuer, .verify = verify, .mint = mint};
    const struct muster_interface interface = {.size = sizeof interface,
                                               .major = MUSTER_IDENTITIES_MAJOR,
                                               .name = MUSTER_IDENTITIES,
                                               .vtable = &vtable,
                                               .instance = auth};
    /* Not the issuer of access tokens: a node whose own players have the same one would take these
     * tickets for its own. */
    snprintf(auth->ticket_issuer, sizeof auth->ticket_issuer, "%s/seats", auth->settings.issuer);
    return auth->host->interfaces->publish(auth->self, &interface);
}
