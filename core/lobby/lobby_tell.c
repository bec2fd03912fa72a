/* lobby_tell - what the members, observers and rules of a lobby are told. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "status.h"

#define LINE_BYTES 1024      /* of what the server says */
#define MEMBERS_EVERY_MS 100 /* some kilobytes to each of 32 members */
#define RECOVERING_EVERY_MS 1000

void lobby_broadcast(struct lobby *lobby, const char *method, json_t *params) {
    if (!params) return;
    json_t *message = rpc_notification(method, params);
    uint32_t len = 0;
    char *text = rpc_dump(message, &len);
    struct client_text shared = {
        .text = text, .len = len, .was_deflated = lobby_is_recovering(lobby)};
    for (uint32_t i = 0; text && i < lobby->recipient_count; i++)
        client_send_shared(lobby->recipients[i].client, &shared);
    client_text_free(&shared);
    free(text);
    json_decref(message);
}

void lobby_tell_members(struct lobby *lobby) {
    uint64_t now_ms = loop_now_ms();
    uint64_t every_ms = lobby_is_recovering(lobby) ? RECOVERING_EVERY_MS : MEMBERS_EVERY_MS;
    if (!lobby->members_changed || now_ms - lobby->members_told_ms < every_ms) return;
    lobby->members_changed = false;
    lobby->members_told_ms = now_ms;
    lobby_broadcast(lobby, "lobby.members",
                    json_pack("{s:o}", "members", lobby_members_json(lobby)));
}

void lobby_broadcast_members(struct lobby *lobby) {
    lobby_changed(lobby);
    lobby->members_changed = true;
    lobby_tell_members(lobby);
}

void lobby_emit(const struct lobby *lobby, uint32_t kind, muster_player_id player, uint32_t seat,
                uint32_t value) {
    const struct muster_notice notice = {
        .size = sizeof notice,
        .kind = kind,
        .lobby = lobby->id,
        .match = lobby->match ? lobby->match->id : (muster_match_id){0},
        .player = player,
        .seat = seat,
        .value = value,
    };
    notices_emit(&notice);
}

void lobby_tell_info(struct lobby *lobby) {
    lobby_broadcast(lobby, "lobby.updated", json_pack("{s:o}", "lobby", lobby_info_json(lobby)));
}

void lobby_state_set(struct lobby *lobby, uint32_t state) {
    lobby->state = state;
    lobby_changed(lobby);
    log_fields(MUSTER_LOG_INFO, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "lobby_state"}, "%s %s",
               lobby->game_mode, lobby_state_text(state));
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_STATE, (muster_player_id){0}, MUSTER_SEAT_NONE, state);
    lobby_tell_info(lobby);
}

void lobby_announce(struct lobby *lobby, const char *text) {
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%s", text);
    if (!text_line_mend(line)) return;
    lobby_broadcast(lobby, "lobby.chat",
                    json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:I}", "playerId", "", "displayName", "",
                              "seat", MUSTER_SEAT_NONE, "team", "none", "text", line, "channel",
                              "all", "at", (json_int_t)loop_unix_ms()));
}
