/* lobby.c - fake lobbies and players: what a test puts there, plugins see. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Copies at most what the caller's struct holds, and keeps its size. */
static void info_copy(void *out, const void *from, uint32_t full) {
    uint32_t size = *(uint32_t *)out;
    memcpy(out, from, size < full ? size : full);
    *(uint32_t *)out = size;
}

static struct lobby *lobby_find(struct testkit *kit, muster_lobby_id id) {
    struct lobby *lobby;
    DL_FOREACH(kit->lobbies, lobby) {
        if (lobby->info.lobby == id) return lobby;
    }
    return NULL;
}

muster_lobby_id testkit_lobby_add(struct testkit *kit, struct muster_lobby_info info) {
    struct lobby *lobby = kit_alloc(sizeof(*lobby));
    info.size = sizeof(info);
    info.lobby = kit->next_id++;
    if (!info.lobby_key[0])
        snprintf(info.lobby_key, sizeof(info.lobby_key), "lobby-%llu",
                 (unsigned long long)info.lobby);
    lobby->info = info;
    DL_APPEND(kit->lobbies, lobby);
    return info.lobby;
}

struct muster_lobby_info *testkit_lobby(struct testkit *kit, muster_lobby_id id) {
    struct lobby *lobby = lobby_find(kit, id);
    return lobby ? &lobby->info : NULL;
}

void testkit_lobby_remove(struct testkit *kit, muster_lobby_id id) {
    struct lobby *lobby = lobby_find(kit, id);
    if (!lobby) return;
    for (uint32_t i = 0; i < lobby->member_count; i++) player_unseat(kit, lobby->members[i].player);
    DL_DELETE(kit->lobbies, lobby);
    free(lobby);
}

static muster_status lobby_get(muster_self *self, muster_lobby_id id,
                               struct muster_lobby_info *out) {
    KIT_ON_LOOP(self);
    if (!out || out->size < KIT_INFO_BYTES_MIN) return MUSTER_INVALID;
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby) return MUSTER_NOT_FOUND;
    info_copy(out, &lobby->info, sizeof(lobby->info));
    return MUSTER_OK;
}

static muster_status lobby_next(muster_self *self, muster_lobby_id previous,
                                struct muster_lobby_info *out) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = self->kit->lobbies;
    if (previous) {
        lobby = lobby_find(self->kit, previous);
        lobby = lobby ? lobby->next : NULL;
    }
    return lobby ? lobby_get(self, lobby->info.lobby, out) : MUSTER_NOT_FOUND;
}

static muster_status settings_add(muster_self *self, const char *schema_json) {
    struct testkit *kit = self->kit;
    KIT_ON_LOOP(self);
    return values_add(&kit->settings, schema_json, kit->error, sizeof(kit->error));
}

/* Of a lobby that a test has added, or that is only its match's. */
static bool lobby_known(struct testkit *kit, muster_lobby_id id) {
    struct match *match;
    DL_FOREACH(kit->matches, match) {
        if (match->info.lobby == id) return true;
    }
    return lobby_find(kit, id) != NULL;
}

static json_t *setting(muster_self *self, muster_lobby_id id, const char *key) {
    if (kit_wrong_thread(self, "setting") || !lobby_known(self->kit, id)) return NULL;
    struct value *value = values_find(self->kit->settings, key);
    return value ? value->value : NULL;
}

static int64_t setting_integer(muster_self *self, muster_lobby_id id, const char *key) {
    return json_integer_value(setting(self, id, key));
}

static bool setting_boolean(muster_self *self, muster_lobby_id id, const char *key) {
    return json_is_true(setting(self, id, key));
}

static muster_status setting_json(muster_self *self, muster_lobby_id id, const char *key,
                                  struct muster_writer *out) {
    KIT_ON_LOOP(self);
    return values_write(setting(self, id, key), out);
}

static const char *setting_string(muster_self *self, muster_lobby_id id, const char *key) {
    const char *text = json_string_value(setting(self, id, key));
    return text ? text : "";
}

static muster_status lobby_act(muster_self *self, const char *act, muster_lobby_id id,
                               const char *text) {
    KIT_ON_LOOP(self);
    if (!lobby_find(self->kit, id)) return MUSTER_NOT_FOUND;
    kit_act(self->kit, "lobby.%s %llu %s", act, (unsigned long long)id, text ? text : "");
    return MUSTER_OK;
}

static muster_status lobby_kick(muster_self *self, muster_lobby_id id, uint32_t seat,
                                const char *reason) {
    KIT_ON_LOOP(self);
    if (!lobby_find(self->kit, id)) return MUSTER_NOT_FOUND;
    kit_act(self->kit, "lobby.kick %llu %u %s", (unsigned long long)id, seat, reason ? reason : "");
    return MUSTER_OK;
}

static muster_status lobby_close_queued(muster_self *self, muster_lobby_id id, const char *reason) {
    return lobby_act(self, "close", id, reason);
}

static muster_status lobby_chat(muster_self *self, muster_lobby_id id, const char *text) {
    return lobby_act(self, "chat", id, text);
}

const struct muster_host_lobby kit_lobby = {
    .size = sizeof(kit_lobby),
    .next = lobby_next,
    .get = lobby_get,
    .settings_add = settings_add,
    .setting_integer = setting_integer,
    .setting_boolean = setting_boolean,
    .setting_string = setting_string,
    .kick = lobby_kick,
    .close = lobby_close_queued,
    .chat = lobby_chat,
    .member_next = kit_member_next,
    .ask = kit_ask,
    .settings_get = kit_settings_get,
    .settings_set = kit_settings_set,
    .map_name = kit_map_name,
    .team_set = kit_team_set,
    .host_set = kit_host_set,
    .lock_set = kit_lock_set,
    .matched_set = kit_matched_set,
    .code_renew = kit_code_renew,
    .remove = kit_remove,
    .notify = kit_notify,
    .vote_start = kit_vote_start,
    .vote_cancel = kit_vote_cancel,
    .setting_json = setting_json,
    .settings_check = kit_settings_check,
};

bool testkit_setting_set(struct testkit *kit, const char *key, const char *value) {
    struct match *match;
    if (!values_set(kit->settings, key, value, kit->error, sizeof(kit->error))) return false;
    json_t *set = values_find(kit->settings, key)->value;
    DL_FOREACH(kit->matches, match) json_object_set(match->settings, key, set);
    return true;
}

/* ---- players -------------------------------------------------------------------------------- */

static struct player *player_find_id(struct testkit *kit, muster_player_id id) {
    struct player *player;
    DL_FOREACH(kit->players, player) {
        if (player->info.player == id) return player;
    }
    return NULL;
}

muster_player_id testkit_player_add(struct testkit *kit, const char *player_key,
                                    const char *display_name) {
    struct player *player = kit_alloc(sizeof(*player));
    struct muster_player_info *info = &player->info;
    *info = (struct muster_player_info){
        .size = sizeof(*info), .connected = 1, .player = kit->next_id++, .seat = MUSTER_SEAT_NONE};
    snprintf(info->player_key, sizeof(info->player_key), "%s", player_key);
    snprintf(info->display_name, sizeof(info->display_name), "%s", display_name);
    snprintf(info->region, sizeof(info->region), "eu-central");
    DL_APPEND(kit->players, player);
    return info->player;
}

struct muster_player_info *testkit_player(struct testkit *kit, muster_player_id id) {
    struct player *player = player_find_id(kit, id);
    return player ? &player->info : NULL;
}

void player_unseat(struct testkit *kit, muster_player_id id) {
    struct muster_player_info *info = testkit_player(kit, id);
    if (!info) return;
    info->lobby = 0;
    info->seat = MUSTER_SEAT_NONE;
}

void testkit_player_remove(struct testkit *kit, muster_player_id id) {
    struct player *player = player_find_id(kit, id);
    if (!player) return;
    DL_DELETE(kit->players, player);
    free(player);
}

static muster_status player_get(muster_self *self, muster_player_id id,
                                struct muster_player_info *out) {
    KIT_ON_LOOP(self);
    if (!out || out->size < KIT_INFO_BYTES_MIN) return MUSTER_INVALID;
    struct player *player = player_find_id(self->kit, id);
    if (!player) return MUSTER_NOT_FOUND;
    info_copy(out, &player->info, sizeof(player->info));
    return MUSTER_OK;
}

static muster_status player_find(muster_self *self, const char *player_key, muster_player_id *out) {
    struct player *player;
    KIT_ON_LOOP(self);
    DL_FOREACH(self->kit->players, player) {
        if (strcmp(player->info.player_key, player_key) != 0) continue;
        *out = player->info.player;
        return MUSTER_OK;
    }
    return MUSTER_NOT_FOUND;
}

static muster_status player_next(muster_self *self, muster_player_id previous,
                                 struct muster_player_info *out) {
    struct player *player = self->kit->players;
    KIT_ON_LOOP(self);
    if (previous) {
        player = player_find_id(self->kit, previous);
        player = player ? player->next : NULL;
    }
    return player ? player_get(self, player->info.player, out) : MUSTER_NOT_FOUND;
}

static muster_status player_notify(muster_self *self, muster_player_id id, const char *method,
                                   const char *params_json) {
    KIT_ON_LOOP(self);
    if (!player_find_id(self->kit, id)) return MUSTER_NOT_FOUND;
    if (!values_is_object(params_json)) return MUSTER_INVALID;
    kit_act(self->kit, "player.notify %llu %s %s", (unsigned long long)id, method, params_json);
    return MUSTER_OK;
}

static muster_status player_kick(muster_self *self, muster_player_id id, const char *reason) {
    KIT_ON_LOOP(self);
    if (!player_find_id(self->kit, id)) return MUSTER_NOT_FOUND;
    kit_act(self->kit, "player.kick %llu %s", (unsigned long long)id, reason ? reason : "");
    return MUSTER_OK;
}

static muster_status auth_complete(muster_self *self, muster_ticket_id id, muster_verdict verdict,
                                   const struct muster_identity *identity) {
    KIT_ON_LOOP(self);
    struct ticket *ticket;
    muster_status status = ticket_take(self, TICKET_AUTH, id, &ticket);
    if (status != MUSTER_OK) return status;
    ticket->verdict = verdict;
    if (identity) info_copy(ticket->identity, identity, sizeof(*identity));
    return MUSTER_OK;
}

static bool is_answered(void *user) {
    return ((struct ticket *)user)->verdict != MUSTER_PENDING;
}

/* The verdict, or what comes of the ticket. Frees it. */
static muster_verdict verdict_await(struct testkit *kit, struct ticket *ticket,
                                    muster_verdict verdict) {
    if (verdict == MUSTER_PENDING) {
        testkit_wait(kit, is_answered, ticket, 30000);
        verdict = ticket->verdict;
    }
    ticket_free(kit, ticket);
    return verdict;
}

muster_verdict testkit_authenticate(muster_self *plugin, const char *token,
                                    struct muster_identity *out) {
    const struct muster_auth *auth = plugin->roles[MUSTER_ROLE_AUTH];
    if (!auth || !auth->authenticate) return MUSTER_VERDICT_INVALID;
    *out = (struct muster_identity){.size = sizeof(*out)};
    struct ticket *ticket = ticket_add(plugin, TICKET_AUTH);
    ticket->identity = out;
    ticket->verdict = MUSTER_PENDING;
    struct muster_auth_request request = {
        .size = sizeof(request), .ticket = ticket->id, .token = token, .address = "127.0.0.1"};
    return verdict_await(plugin->kit, ticket, auth->authenticate(plugin->instance, &request, out));
}

muster_verdict testkit_deliver(muster_self *plugin, uint32_t kind, const char *json) {
    const struct muster_reporter *reporter = plugin->roles[MUSTER_ROLE_REPORTER];
    if (!reporter || !reporter->deliver) return MUSTER_VERDICT_INVALID;
    struct ticket *ticket = ticket_add(plugin, TICKET_REPORT);
    ticket->verdict = MUSTER_PENDING;
    const struct muster_report report = {
        .size = sizeof(report), .kind = kind, .ticket = ticket->id, .json = {json, strlen(json)}};
    return verdict_await(plugin->kit, ticket, reporter->deliver(plugin->instance, &report));
}

static struct tries *tries_of(struct player *player, const char *name, double most) {
    for (uint32_t i = 0; i < PLAYER_TRIES_MAX; i++) {
        struct tries *tries = &player->tries[i];
        if (strcmp(tries->name, name) == 0) return tries;
        if (tries->name[0]) continue;
        snprintf(tries->name, sizeof(tries->name), "%s", name);
        tries->left = most;
        return tries;
    }
    return NULL;
}

/* Here each player has an address to itself. */
static muster_status player_try_take(muster_self *self, muster_player_id id, const char *name,
                                     uint32_t player_per_minute, uint32_t address_per_minute,
                                     uint32_t *wait_ms) {
    uint32_t least =
        player_per_minute < address_per_minute ? player_per_minute : address_per_minute;
    KIT_ON_LOOP(self);
    struct player *player = player_find_id(self->kit, id);
    if (!player) return MUSTER_NOT_FOUND;
    struct tries *tries =
        least && name && strlen(name) < sizeof(tries->name) ? tries_of(player, name, least) : NULL;
    if (!tries) return MUSTER_INVALID;
    tries->left += (double)(self->kit->now_ms - tries->updated_ms) * least / 60000;
    if (tries->left > least) tries->left = least;
    tries->updated_ms = self->kit->now_ms;
    if (wait_ms)
        *wait_ms = tries->left >= 1 ? 0 : (uint32_t)((1 - tries->left) * 60000 / least) + 1;
    if (tries->left < 1) return MUSTER_LIMIT;
    tries->left -= 1;
    return MUSTER_OK;
}

const struct muster_host_player kit_player = {
    .size = sizeof(kit_player),
    .get = player_get,
    .find = player_find,
    .next = player_next,
    .notify = player_notify,
    .kick = player_kick,
    .auth_complete = auth_complete,
    .try_take = player_try_take,
};

void lobby_free(struct testkit *kit) {
    struct lobby *lobby, *next_lobby;
    struct player *player, *next_player;
    DL_FOREACH_SAFE(kit->lobbies, lobby, next_lobby) {
        DL_DELETE(kit->lobbies, lobby);
        free(lobby);
    }
    DL_FOREACH_SAFE(kit->players, player, next_player) {
        DL_DELETE(kit->players, player);
        free(player);
    }
}
