/* decide.c - what members and the host of a lobby may do. */
#include "private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

muster_verdict reject(const struct muster_action *action, char *reason, uint32_t cap,
                      const char *word, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(reason, cap, format, args);
    va_end(args);
    if (action->refusal) snprintf(action->refusal->word, MUSTER_NAME_MAX, "%s", word);
    return MUSTER_REJECT;
}

bool lobby_bool(const struct lobby *lobby, const char *key) {
    const struct instance *instance = lobby->instance;
    return instance->host->lobby->setting_boolean(instance->self, lobby->id, key);
}

/* Admins may what the host may. */
bool is_host(const struct instance *instance, const struct muster_lobby_info *info,
             muster_player_id player) {
    struct muster_player_info who = {.size = sizeof who};
    if (player.value && MUSTER_ID_SAME(info->host, player)) return true;
    return instance->host->player->get(instance->self, player, &who) == MUSTER_OK &&
           muster_permitted(who.permissions, "admin");
}

static muster_verdict need_host(const struct lobby *lobby, const struct muster_lobby_info *info,
                                const struct muster_action *action, char *reason, uint32_t cap) {
    if (is_host(lobby->instance, info, action->player)) return MUSTER_ACCEPT;
    if (!info->host.value) return reject(action, reason, cap, "no_host", "this lobby has no host");
    return reject(action, reason, cap, "not_host", "only the host may do that");
}

/* ---- start ----------------------------------------------------------------------------------- */

/* Is everybody who would play ready? */
static bool all_ready(const struct lobby *lobby) {
    const struct instance *instance = lobby->instance;
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0, players = 0;
    while (instance->host->lobby->member_next(instance->self, lobby->id, &index, &member) ==
           MUSTER_OK) {
        if (member.is_spectator || !member.has_entered) continue;
        if (!member.is_ready) return false;
        players++;
    }
    return players > 0;
}

/* The lobby would start by itself: a private one waits for its people. */
static muster_verdict decide_start(const struct lobby *lobby, const struct muster_lobby_info *info,
                                   const struct muster_action *action, char *reason, uint32_t cap) {
    const struct instance *instance = lobby->instance;
    const char *when =
        instance->host->lobby->setting_string(instance->self, lobby->id, "startWhen");
    if (!info->host.value) return MUSTER_PASS;
    bool for_ready = strcmp(when, "ready") == 0 || (strcmp(when, "auto") == 0 && info->is_private);
    if (strcmp(when, "host") == 0)
        return reject(action, reason, cap, "host_starts", "the host starts the match");
    if (for_ready && !all_ready(lobby))
        return reject(action, reason, cap, "not_ready", "not everybody is ready");
    return MUSTER_PASS;
}

/* ---- the chain's question -------------------------------------------------------------------- */

static muster_verdict decide_team(const struct lobby *lobby, const struct muster_lobby_info *info,
                                  const struct muster_action *action, char *reason, uint32_t cap) {
    if (!MUSTER_ID_SAME(action->target, action->player))
        return need_host(lobby, info, action, reason, cap);
    if (!lobby_bool(lobby, "teamLock") || is_host(lobby->instance, info, action->player))
        return MUSTER_PASS;
    return reject(action, reason, cap, "teams_locked", "the host has locked the teams");
}

static muster_verdict decide_chat(const struct lobby *lobby, const struct muster_action *action,
                                  char *reason, uint32_t cap) {
    if (action->seat != MUSTER_SEAT_NONE || lobby_bool(lobby, "spectatorChat")) return MUSTER_PASS;
    return reject(action, reason, cap, "spectators_silent", "spectators do not chat here");
}

muster_verdict decide(void *instance, void *state, const struct muster_action *action, char *reason,
                      uint32_t cap) {
    struct instance *self = instance;
    struct lobby *lobby = state;
    struct muster_lobby_info info = {.size = sizeof info};
    if (!lobby || self->host->lobby->get(self->self, lobby->id, &info) != MUSTER_OK)
        return MUSTER_PASS; /* a lobby to be created is its creator's */
    switch (action->kind) {
    case MUSTER_ACTION_JOIN:
    case MUSTER_ACTION_SPECTATE: return access_decide(lobby, &info, action, reason, cap);
    case MUSTER_ACTION_TEAM_CHANGE: return decide_team(lobby, &info, action, reason, cap);
    case MUSTER_ACTION_CHAT: return decide_chat(lobby, action, reason, cap);
    case MUSTER_ACTION_START:
        return action->player.value ? need_host(lobby, &info, action, reason, cap)
                                    : decide_start(lobby, &info, action, reason, cap);
    case MUSTER_ACTION_SETTING:
        if (!action->player.value) return MUSTER_PASS; /* another plugin's wish */
        return need_host(lobby, &info, action, reason, cap);
    case MUSTER_ACTION_KICK:
    case MUSTER_ACTION_HOST_TRANSFER:
    case MUSTER_ACTION_LOCK: return need_host(lobby, &info, action, reason, cap);
    default: return MUSTER_PASS;
    }
}
