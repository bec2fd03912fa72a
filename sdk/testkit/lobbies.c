/* lobbies.c - lobbies as a test wants them: the daemon's own, whose members and state are put there
 * at once instead of by what players do. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "ensure.h"
#include "lobby_internal.h"
#include "loop.h"

/* ---- lobbies --------------------------------------------------------------------------------- */

static void copy(char *out, size_t cap, const char *text) {
    if (text[0]) snprintf(out, cap, "%.*s", (int)cap - 1, text);
}

void testkit_lobby_set(struct testkit *kit, muster_lobby_id id,
                       const struct muster_lobby_info *info) {
    KIT_NEED_OR_NOTHING(kit && info);
    struct lobby *lobby = lobby_find(id);
    const struct session *host = session_find(info->host);
    KIT_NEED_OR_NOTHING(lobby);
    if (info->state) lobby->state = info->state;
    if (info->players_max) lobby->players_max = info->players_max;
    lobby->is_private = info->is_private;
    lobby->locked = info->is_locked;
    lobby->host = info->host;
    snprintf(lobby->host_key, sizeof lobby->host_key, "%s", host ? host->player_key : "");
    lobby->match = match_find(info->match);
    copy(lobby->key, sizeof lobby->key, info->lobby_key);
    copy(lobby->game_mode, sizeof lobby->game_mode, info->game_mode);
    copy(lobby->region, sizeof lobby->region, info->region);
    copy(lobby->code, sizeof lobby->code, info->join_code);
}

static void fill_seats(struct testkit *kit, muster_lobby_id id, uint32_t players) {
    static uint32_t number;
    for (uint32_t seat = 0; seat < players; seat++) {
        char key[32];
        snprintf(key, sizeof key, "somebody:%u", ++number);
        muster_player_id player = testkit_player_add(kit, key, key);
        if (!player.value || !testkit_member_add(kit, id, player, seat, MUSTER_TEAM_NONE)) abort();
    }
}

muster_lobby_id testkit_lobby_add(struct testkit *kit, struct muster_lobby_info info) {
    KIT_NEED(kit, (muster_lobby_id){0});
    struct lobby *lobby;
    struct failure failure = {0};
    kit_stand(kit);
    if (!info.game_mode[0]) {
        snprintf(info.game_mode, sizeof info.game_mode, "testkit");
        kit_mode_need(NULL, info.game_mode, info.map_name);
    }
    json_t *settings = kit_settings(info.game_mode);
    if (info.map_name[0]) json_object_set_new(settings, "mapName", json_string(info.map_name));
    const struct lobby_wish wish = {
        .game_mode = info.game_mode, .region = "", .settings = settings};
    if (lobby_create(&wish, &lobby, &failure)) {
        kit_log("error", failure.message);
        snprintf(kit->error, sizeof kit->error, "%s", failure.message);
        json_decref(failure.data);
        json_decref(settings);
        return (muster_lobby_id){0};
    }
    json_decref(settings);
    lobby->unmatched = info.is_unmatched;
    testkit_lobby_set(kit, lobby->id, &info);
    if (info.players_current > lobby->players_max) {
        snprintf(kit->error, sizeof kit->error, "a lobby of %u seats, wanted with %u players",
                 lobby->players_max, info.players_current);
        testkit_lobby_remove(kit, lobby->id);
        return (muster_lobby_id){0};
    }
    fill_seats(kit, lobby->id, info.players_current);
    return lobby->id;
}

const struct muster_lobby_info *testkit_lobby(struct testkit *kit, muster_lobby_id id) {
    KIT_NEED(kit, NULL);
    static struct muster_lobby_info info;
    info = (struct muster_lobby_info){.size = sizeof info};
    return testkit_host(kit)->lobby->get(kit_standin_self(), id, &info) ? NULL : &info;
}

void testkit_lobby_remove(struct testkit *kit, muster_lobby_id id) {
    KIT_NEED_OR_NOTHING(kit);
    struct lobby *lobby = lobby_find(id);
    if (lobby) lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "");
}

muster_status testkit_lobby_reincarnate(struct testkit *kit, muster_lobby_id id) {
    KIT_NEED(kit, MUSTER_INVALID);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    return lobby->match && !lobby->match->ended ? lobby_match_reincarnate(lobby) : MUSTER_STATE;
}

static bool has_rules_of(const struct lobby *lobby, const muster_self *plugin) {
    for (uint32_t i = 0; i < lobby->rules_count; i++)
        if (lobby->rules[i].provider->self == plugin) return true;
    return false;
}

void kit_lobbies_close(const muster_self *plugin) {
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        if (has_rules_of(lobby, plugin)) lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "");
}

void *testkit_rules_state(muster_self *plugin, muster_lobby_id id) {
    KIT_NEED(plugin, NULL);
    const struct lobby *lobby = lobby_find(id);
    for (uint32_t i = 0; lobby && i < lobby->rules_count; i++)
        if (lobby->rules[i].provider->self == plugin) return lobby->rules[i].state;
    return NULL;
}

/* ---- members --------------------------------------------------------------------------------- */

static struct member *find_member(muster_lobby_id id, muster_player_id player) {
    struct lobby *lobby = lobby_find(id);
    uint32_t index = lobby ? lobby_find_member(lobby, player) : UINT32_MAX;
    return index == UINT32_MAX ? NULL : &lobby->members[index];
}

static uint32_t free_place(const struct lobby *lobby, uint32_t seat) {
    if (seat != MUSTER_SEAT_NONE)
        return seat < lobby->players_max && lobby->members[seat].state == MEMBER_NONE ? seat
                                                                                      : UINT32_MAX;
    uint32_t index = lobby->people_max;
    while (index < lobby_members_end(lobby) && lobby->members[index].state != MEMBER_NONE) index++;
    return index < lobby_members_end(lobby) ? index : UINT32_MAX;
}

const struct muster_member_info *testkit_member_add(struct testkit *kit, muster_lobby_id id,
                                                    muster_player_id player, uint32_t seat,
                                                    uint32_t team) {
    KIT_NEED(kit, NULL);
    struct lobby *lobby = lobby_find(id);
    struct session *session = session_find(player);
    uint32_t index = lobby && session ? free_place(lobby, seat) : UINT32_MAX;
    if (index == UINT32_MAX) return NULL;
    if (session->lobby.value) testkit_member_remove(kit, session->lobby, player);
    struct member *member = &lobby->members[index];
    struct member_texts *texts = calloc(1, sizeof *texts);
    ENSURE(texts);
    *member = (struct member){.state = MEMBER_ENTERED,
                              .texts = texts,
                              .player = player,
                              .team = team,
                              .connected = true,
                              .since_ms = loop_now_ms() + index};
    memcpy(texts->player_key, session->player_key, sizeof texts->player_key);
    memcpy(texts->display_name, session->display_name, sizeof texts->display_name);
    session->lobby = id;
    session->member = index;
    lobby_recipients_renew(lobby);
    lobby_note_players(lobby);
    return testkit_member(kit, id, player);
}

const struct muster_member_info *testkit_member(struct testkit *kit, muster_lobby_id id,
                                                muster_player_id player) {
    KIT_NEED(kit, NULL);
    static struct muster_member_info info;
    uint32_t index = 0;
    info = (struct muster_member_info){.size = sizeof info};
    const struct muster_host_lobby *host = testkit_host(kit)->lobby;
    while (host->member_next(kit_standin_self(), id, &index, &info) == MUSTER_OK)
        if (MUSTER_ID_SAME(info.player, player)) return &info;
    return NULL;
}

void testkit_member_set(struct testkit *kit, muster_lobby_id id, muster_player_id player,
                        const struct muster_member_info *info) {
    KIT_NEED_OR_NOTHING(kit && info);
    struct member *member = find_member(id, player);
    KIT_NEED_OR_NOTHING(member);
    member->state = info->has_entered ? MEMBER_ENTERED : MEMBER_RESERVED;
    if (!info->has_entered) member->deadline_ms = UINT64_MAX;
    member->team = info->team;
    member->connected = info->is_connected;
    member->ready = info->is_ready;
    member->since_ms = info->since_ms;
    lobby_recipients_renew(lobby_find(id));
}

void testkit_member_remove(struct testkit *kit, muster_lobby_id id, muster_player_id player) {
    KIT_NEED_OR_NOTHING(kit);
    struct lobby *lobby = lobby_find(id);
    uint32_t index = lobby ? lobby_find_member(lobby, player) : UINT32_MAX;
    struct session *session = session_find(player);
    if (index == UINT32_MAX) return;
    free(lobby->members[index].texts);
    memset(&lobby->members[index], 0, sizeof lobby->members[index]);
    lobby_recipients_renew(lobby);
    lobby_vote_forget(lobby, index);
    if (MUSTER_ID_SAME(lobby->host, player)) lobby->host = (muster_player_id){0};
    session->lobby = (muster_lobby_id){0};
    lobby_note_players(lobby);
}

/* ---- votes ----------------------------------------------------------------------------------- */

bool testkit_vote_end(struct testkit *kit, muster_lobby_id id, uint32_t winner) {
    KIT_NEED(kit, false);
    struct lobby *lobby = lobby_find(id);
    struct lobby_vote *vote = lobby ? &lobby->votes[VOTE_CALLED] : NULL;
    if (!vote || !vote->id) return false;
    for (uint32_t seat = 0; seat < lobby->players_max; seat++)
        vote->cast[seat] = winner < vote->option_count ? (uint8_t)(winner + 1) : 0;
    vote->deadline_ms = loop_now_ms();
    lobby_vote_settle(lobby);
    return true;
}
