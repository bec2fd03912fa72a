/* lobby_internal - shared by the lobby_*.c files alone. */
#ifndef LOBBY_INTERNAL_H
#define LOBBY_INTERNAL_H

#include "lobby.h"

/* lobby.c */
extern struct lobby_hooks lobby_hooks;
void lobby_state_set(struct lobby *lobby, uint32_t state);
int32_t lobby_allow(struct lobby *lobby, const struct muster_action *action,
                    struct failure *failure);
void lobby_emit(const struct lobby *lobby, uint32_t kind, muster_player_id player, uint32_t seat,
                uint32_t value);
struct session *member_session(const struct member *member);
/* To every entered, connected member; params is taken; null (text that is no UTF-8): nothing. */
void lobby_broadcast(struct lobby *lobby, const char *method, json_t *params);
/* Members have changed: told now, or with the next change, at most every MEMBERS_EVERY_MS. */
void lobby_broadcast_members(struct lobby *lobby);
/* What could not be told yet. */
void lobby_tell_members(struct lobby *lobby);
/* The match's, which the mode decides; before it the wished one. */
uint32_t lobby_member_team(const struct lobby *lobby, uint32_t index);

/* lobby_member.c */
void member_remove(struct lobby *lobby, uint32_t index, uint32_t reason, bool tell);
/* Tickets and reconnect windows that have run out. */
void lobby_expire_members(struct lobby *lobby, uint64_t now_ms);

/* lobby_match.c */
/* Timers of the lobby: countdown, scoreboard, emptiness. Called a few times a second and after
 * every change of members. */
void lobby_settle(struct lobby *lobby);
void lobby_match_stop(struct lobby *lobby);

/* lobby_send.c */
void lobby_send_snapshots(struct lobby *lobby);

#endif
