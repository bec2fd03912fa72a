/* host->lobby, host->player and host->db. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "host_internal.h"
#include "lobby.h"
#include "log.h"
#include "pending.h"
#include "store.h"

/* Copies at most the caller's struct size. Every info struct begins with its size. */
static void copy_out(void *out, const void *full, uint32_t full_size) {
    uint32_t size = *(uint32_t *)out;
    if (size > full_size) size = full_size;
    memcpy((uint8_t *)out + 4, (const uint8_t *)full + 4, size - 4);
}

/* ---- what is done in the next turn -------------------------------------------------------------
 */

struct deferred {
    muster_lobby_id lobby;
    muster_player_id player;
    uint32_t seat;
    char text[MUSTER_REASON_MAX * 2];
};

static muster_status defer(loop_fn fn, muster_lobby_id lobby, muster_player_id player,
                           uint32_t seat, const char *text) {
    struct deferred *deferred = calloc(1, sizeof *deferred);
    if (!deferred) return MUSTER_NO_MEMORY;
    deferred->lobby = lobby;
    deferred->player = player;
    deferred->seat = seat;
    snprintf(deferred->text, sizeof deferred->text, "%s", text ? text : "");
    muster_status status = host_defer(fn, deferred);
    if (status) free(deferred);
    return status;
}

/* ---- lobby ----------------------------------------------------------------------------------- */

static void fill_lobby(const struct lobby *lobby, struct muster_lobby_info *info) {
    *info = (struct muster_lobby_info){
        .state = lobby->state,
        .lobby = lobby->id,
        .match = lobby->match ? lobby->match->id : 0,
        .players_current = lobby_players(lobby),
        .players_max = lobby->players_max,
        .is_private = lobby->is_private,
        .spectators = lobby_spectators(lobby),
    };
    snprintf(info->lobby_key, sizeof info->lobby_key, "%s", lobby->key);
    snprintf(info->game_mode, sizeof info->game_mode, "%s", lobby->game_mode);
    snprintf(info->region, sizeof info->region, "%s", lobby->region);
    snprintf(info->map_name, sizeof info->map_name, "%s", lobby_map(lobby));
    for (uint32_t i = 0; i < lobby->players_max; i++)
        if (lobby->members[i].state != MEMBER_NONE) info->team_players[lobby->members[i].team]++;
}

static muster_status lobby_get_fn(muster_self *self, muster_lobby_id id,
                                  struct muster_lobby_info *out) {
    HOST_CHECK_THREAD(self);
    if (!out || !host_size_ok(out->size, 16)) return MUSTER_INVALID;
    const struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    struct muster_lobby_info info;
    fill_lobby(lobby, &info);
    copy_out(out, &info, sizeof info);
    return MUSTER_OK;
}

static muster_status lobby_next_fn(muster_self *self, muster_lobby_id previous,
                                   struct muster_lobby_info *out) {
    HOST_CHECK_THREAD(self);
    muster_lobby_id id = previous;
    return lobby_next(&id) ? lobby_get_fn(self, id, out) : MUSTER_NOT_FOUND;
}

static muster_status settings_add_fn(muster_self *self, const char *schema_json) {
    HOST_CHECK_THREAD(self);
    char error[256] = "";
    muster_status status = registry_settings_add(self, schema_json, error, sizeof error);
    if (status) log_error("host", "plugin %s: lobby settings: %s", self->instance_name, error);
    return status;
}

static json_t *lobby_setting(muster_lobby_id id, const char *key) {
    const struct lobby *lobby = lobby_find(id);
    return lobby ? json_object_get(lobby->settings, key) : NULL;
}

static int64_t setting_integer_fn(muster_self *self, muster_lobby_id id, const char *key) {
    if (!host_on_loop(self, __func__)) return 0;
    return json_integer_value(lobby_setting(id, key));
}

static bool setting_boolean_fn(muster_self *self, muster_lobby_id id, const char *key) {
    if (!host_on_loop(self, __func__)) return false;
    return json_is_true(lobby_setting(id, key));
}

static const char *setting_string_fn(muster_self *self, muster_lobby_id id, const char *key) {
    if (!host_on_loop(self, __func__)) return "";
    const char *text = json_string_value(lobby_setting(id, key));
    return text ? text : "";
}

static void do_kick(void *user) {
    struct deferred *deferred = user;
    struct lobby *lobby = lobby_find(deferred->lobby);
    if (lobby) lobby_kick(lobby, deferred->seat, deferred->text);
    free(deferred);
}

static void do_close(void *user) {
    struct deferred *deferred = user;
    struct lobby *lobby = lobby_find(deferred->lobby);
    if (lobby) lobby_close(lobby, MUSTER_LEAVE_KICK, deferred->text);
    free(deferred);
}

static void do_chat(void *user) {
    struct deferred *deferred = user;
    struct lobby *lobby = lobby_find(deferred->lobby);
    if (lobby) lobby_announce(lobby, deferred->text);
    free(deferred);
}

static muster_status lobby_kick_fn(muster_self *self, muster_lobby_id id, uint32_t seat,
                                   const char *reason) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_kick, id, 0, seat, reason);
}

static muster_status lobby_close_fn(muster_self *self, muster_lobby_id id, const char *reason) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_close, id, 0, 0, reason);
}

static muster_status lobby_chat_fn(muster_self *self, muster_lobby_id id, const char *text) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_chat, id, 0, 0, text);
}

const struct muster_host_lobby host_lobby_group = {
    .size = sizeof host_lobby_group,
    .next = lobby_next_fn,
    .get = lobby_get_fn,
    .settings_add = settings_add_fn,
    .setting_integer = setting_integer_fn,
    .setting_boolean = setting_boolean_fn,
    .setting_string = setting_string_fn,
    .kick = lobby_kick_fn,
    .close = lobby_close_fn,
    .chat = lobby_chat_fn,
};

/* ---- player ---------------------------------------------------------------------------------- */

static muster_status player_get_fn(muster_self *self, muster_player_id id,
                                   struct muster_player_info *out) {
    HOST_CHECK_THREAD(self);
    if (!out || !host_size_ok(out->size, 16)) return MUSTER_INVALID;
    const struct session *session = session_find(id);
    if (!session) return MUSTER_NOT_FOUND;
    bool seated = session->lobby && !member_is_spectator(session->member);
    struct muster_player_info info = {
        .connected = session->client != NULL,
        .player = session->id,
        .lobby = session->lobby,
        .seat = seated ? session->member : MUSTER_SEAT_NONE,
        .ping_ms = session->rtt_ms,
    };
    memcpy(info.player_key, session->player_key, sizeof info.player_key);
    memcpy(info.display_name, session->display_name, sizeof info.display_name);
    memcpy(info.region, session->region, sizeof info.region);
    memcpy(info.permissions, session->permissions, sizeof info.permissions);
    copy_out(out, &info, sizeof info);
    return MUSTER_OK;
}

static muster_status player_find_fn(muster_self *self, const char *player_key,
                                    muster_player_id *out) {
    HOST_CHECK_THREAD(self);
    const struct session *session = session_find_key(player_key);
    if (!session) return MUSTER_NOT_FOUND;
    *out = session->id;
    return MUSTER_OK;
}

static muster_status player_next_fn(muster_self *self, muster_player_id previous,
                                    struct muster_player_info *out) {
    HOST_CHECK_THREAD(self);
    muster_player_id id = previous;
    return session_next(&id) ? player_get_fn(self, id, out) : MUSTER_NOT_FOUND;
}

static muster_status player_notify_fn(muster_self *self, muster_player_id id, const char *method,
                                      const char *params_json) {
    HOST_CHECK_THREAD(self);
    struct session *session = session_find(id);
    if (!session) return MUSTER_NOT_FOUND;
    json_t *params = json_loads(params_json, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(params)) {
        json_decref(params);
        return MUSTER_INVALID;
    }
    session_notify(session, method, params);
    return MUSTER_OK;
}

static void do_terminate(void *user) {
    struct deferred *deferred = user;
    struct session *session = session_find(deferred->player);
    if (session) session_terminate(session, deferred->text, MUSTER_LEAVE_KICK);
    free(deferred);
}

static muster_status player_kick_fn(muster_self *self, muster_player_id id, const char *reason) {
    HOST_CHECK_THREAD(self);
    if (!session_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_terminate, 0, id, 0, reason);
}

static muster_status auth_complete_fn(muster_self *self, muster_ticket_id ticket,
                                      muster_verdict verdict,
                                      const struct muster_identity *identity) {
    HOST_CHECK_THREAD(self);
    struct auth_answer answer = {.verdict = verdict};
    if (identity) {
        uint32_t size = identity->size < sizeof *identity ? identity->size : sizeof *identity;
        memcpy(&answer.identity, identity, size);
    }
    return pending_complete(self, "auth", ticket, MUSTER_OK, &answer);
}

const struct muster_host_player host_player_group = {
    .size = sizeof host_player_group,
    .get = player_get_fn,
    .find = player_find_fn,
    .next = player_next_fn,
    .notify = player_notify_fn,
    .kick = player_kick_fn,
    .auth_complete = auth_complete_fn,
};

/* ---- db -------------------------------------------------------------------------------------- */

static muster_status db_query_fn(muster_self *self, const struct muster_db_request *request,
                                 muster_db_fn fn, void *user, muster_ticket_id *out) {
    HOST_CHECK_STARTED(self);
    if (!request || !host_size_ok(request->size, sizeof *request)) return MUSTER_INVALID;
    return store_submit(self, request, fn, user, out);
}

static muster_status db_migrate_fn(muster_self *self, const char *component,
                                   const char *const *steps, uint32_t step_count, muster_db_fn fn,
                                   void *user, muster_ticket_id *out) {
    HOST_CHECK_STARTED(self);
    return store_migrate(self, component, steps, step_count, fn, user, out);
}

static muster_status db_complete_fn(muster_self *self, muster_ticket_id ticket,
                                    muster_status status, const struct muster_db_rows *rows) {
    HOST_CHECK_THREAD(self);
    return pending_complete(self, "db", ticket, status, rows);
}

const struct muster_host_db host_db_group = {
    .size = sizeof host_db_group,
    .query = db_query_fn,
    .migrate = db_migrate_fn,
    .complete = db_complete_fn,
};
