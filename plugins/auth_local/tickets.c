/* tickets - muster.seat_tickets: what a player signs in with who has nothing else, good for one
 * seat of one lobby of this node, once. Signed on the loop thread, so with Ed25519; the key follows
 * from the one that signs access tokens and is verified with by this node alone. */
#include <muster/interfaces.h>
#include <stdio.h>
#include <string.h>

#include "auth_local.h"

static bool is_player(const char *key) {
    size_t len = strnlen(key, MUSTER_PLAYER_KEY_MAX);
    return len > 0 && len < MUSTER_PLAYER_KEY_MAX && gate_player_key_is_sound(key);
}

static json_t *claims_of(const struct auth_local *auth, const struct muster_lobby_info *lobby,
                         const char *player_key, const char *display_name, uint32_t issue,
                         int64_t life_s) {
    int64_t now_s = auth->host->loop->unix_ms(auth->self) / 1000;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "iss", auth->settings.issuer,
                     "aud", auth->node_id, "sub", player_key, "displayName",
                     display_name[0] ? display_name : player_key, "lobby", lobby->lobby_key,
                     "epoch", (json_int_t)lobby->epoch, "iat", (json_int_t)now_s, "exp",
                     (json_int_t)(now_s + life_s), "issue", (json_int_t)issue);
}

static muster_status mint(void *instance, muster_lobby_id id, const char *player_key,
                          const char *display_name, uint32_t team, uint32_t life_s, uint32_t *issue,
                          char *out, uint32_t cap) {
    const struct auth_local *auth = instance;
    const struct muster_host_lobby *host = auth->host->lobby;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    if (!player_key || !is_player(player_key) || !display_name ||
        strlen(display_name) >= MUSTER_DISPLAY_MAX || !issue || !out)
        return MUSTER_INVALID;
    if (life_s == 0 || life_s > TICKET_LIFE_MAX_S) return MUSTER_INVALID;
    muster_status status = host->get(auth->self, id, &lobby);
    if (status) return status;
    if (team > lobby.team_count) return MUSTER_INVALID;
    *issue = 1 + randombytes_uniform(UINT32_MAX);
    json_t *claims = claims_of(auth, &lobby, player_key, display_name, *issue, life_s);
    if (team != MUSTER_TEAM_NONE)
        json_object_set_new(claims, "team", json_string(host->team_name(auth->self, id, team)));
    status = claims ? keyring_sign_ticket(&auth->keyring, claims, out, cap) : MUSTER_INVALID;
    json_decref(claims);
    return status;
}

muster_status tickets_publish(struct auth_local *auth) {
    static const struct muster_seat_tickets vtable = {.size = sizeof vtable, .mint = mint};
    const struct muster_interface interface = {.size = sizeof interface,
                                               .major = MUSTER_SEAT_TICKETS_MAJOR,
                                               .name = MUSTER_SEAT_TICKETS,
                                               .vtable = &vtable,
                                               .instance = auth};
    return auth->host->interfaces->publish(auth->self, &interface);
}
