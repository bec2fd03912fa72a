/* methods_internal - shared by the methods*.c files alone. */
#ifndef METHODS_INTERNAL_H
#define METHODS_INTERNAL_H

#include "lobby.h"
#include "methods.h"

/* methods.c: result {lobby, seatTicket, url}. */
int32_t methods_reserve(struct call *call, struct lobby *lobby, uint32_t team, bool spectator,
                        const char *secret);
/* RPC_OK, or RATE_LIMITED with what is too many. */
int32_t methods_take(struct call *call, enum party_rate rate, const char *too_many);
int32_t methods_need_team(struct call *call, const struct lobby *lobby, uint32_t *team);

/* methods_lobby.c: what is done in a lobby by its members and its host. */
int32_t methods_join_by_code(struct call *call);
int32_t methods_set_team(struct call *call);
int32_t methods_vote(struct call *call);
int32_t methods_cast_vote(struct call *call);
int32_t methods_ready(struct call *call);
int32_t methods_start(struct call *call);
int32_t methods_lock(struct call *call);
int32_t methods_kick(struct call *call);
int32_t methods_transfer_host(struct call *call);
int32_t methods_update_settings(struct call *call);
extern const struct param methods_code_params[], methods_team_params[], methods_vote_params[],
    methods_cast_params[], methods_ready_params[], methods_lock_params[], methods_kick_params[],
    methods_player_params[], methods_settings_params[];

#define METHODS_OF_HOSTS                                                                           \
    {"lobby.joinByCode", 0, methods_join_by_code, methods_code_params},                            \
        {"lobby.setTeam", 0, methods_set_team, methods_team_params},                               \
        {"lobby.vote", 0, methods_vote, methods_vote_params},                                      \
        {"lobby.castVote", 0, methods_cast_vote, methods_cast_params},                             \
        {"lobby.ready", 0, methods_ready, methods_ready_params},                                   \
        {"lobby.start", 0, methods_start, NULL},                                                   \
        {"lobby.lock", 0, methods_lock, methods_lock_params},                                      \
        {"lobby.kick", 0, methods_kick, methods_kick_params},                                      \
        {"lobby.transferHost", 0, methods_transfer_host, methods_player_params},                   \
        {"lobby.updateSettings", 0, methods_update_settings, methods_settings_params},

#endif
