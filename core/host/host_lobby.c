/* host->lobby: what plugins see of lobbies, and do to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"
#include "lobby.h"
#include "log.h"

/* Copies at most the caller's struct size. Every info struct begins with its size. */

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
        .match = lobby->match ? lobby->match->id : (muster_match_id){0},
        .players_current = lobby_players(lobby),
        .players_max = lobby->players_max,
        .team_count = lobby->teams.count,
        .is_private = lobby->is_private,
        .spectators = lobby_spectators(lobby),
        .host = lobby->host,
        .is_locked = lobby->locked,
        .is_unmatched = lobby->unmatched || lobby->is_private || lobby->locked ||
                        lobby->awaits_host || lobby->frozen_since_ms,
        .epoch = lobby->epoch,
    };
    snprintf(info->join_code, sizeof info->join_code, "%s", lobby->code);
    snprintf(info->lobby_key, sizeof info->lobby_key, "%s", lobby->key);
    snprintf(info->game_mode, sizeof info->game_mode, "%s", lobby->game_mode);
    snprintf(info->region, sizeof info->region, "%s", lobby->region);
    snprintf(info->map_name, sizeof info->map_name, "%s", lobby_map(lobby));
}

static muster_status lobby_get_fn(muster_self *self, muster_lobby_id id,
                                  struct muster_lobby_info *out) {
    HOST_CHECK_THREAD(self);
    if (!ABI_GIVEN(self, muster_lobby_info, out)) return MUSTER_INVALID;
    const struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    struct muster_lobby_info info;
    fill_lobby(lobby, &info);
    abi_copy_out(out, &info);
    return MUSTER_OK;
}

static muster_status lobby_next_fn(muster_self *self, muster_lobby_id previous,
                                   struct muster_lobby_info *out) {
    HOST_CHECK_THREAD(self);
    muster_lobby_id id = previous;
    return lobby_next(&id) ? lobby_get_fn(self, id, out) : MUSTER_NOT_FOUND;
}

static muster_status settings_add_fn(muster_self *self, const char *schema_json) {
    HOST_CHECK_OPEN(self);
    if (!schema_json) return MUSTER_INVALID;
    char error[256] = "";
    muster_status status = registry_settings_add(self, schema_json, error, sizeof error);
    if (status) log_error("host", "plugin %s: lobby settings: %s", self->instance_name, error);
    return status;
}

static json_t *setting_of(muster_lobby_id id, const char *key) {
    const struct lobby *lobby = lobby_find(id);
    return lobby ? lobby_setting(lobby, key) : NULL;
}

static int64_t setting_integer_fn(muster_self *self, muster_lobby_id id, const char *key) {
    if (!host_on_loop(self, __func__)) return 0;
    return json_integer_value(setting_of(id, key));
}

static bool setting_boolean_fn(muster_self *self, muster_lobby_id id, const char *key) {
    if (!host_on_loop(self, __func__)) return false;
    return json_is_true(setting_of(id, key));
}

static const char *setting_string_fn(muster_self *self, muster_lobby_id id, const char *key) {
    if (!host_on_loop(self, __func__)) return "";
    const char *text = json_string_value(setting_of(id, key));
    return text ? text : "";
}

static muster_status setting_json_fn(muster_self *self, muster_lobby_id id, const char *key,
                                     struct muster_writer *out) {
    HOST_CHECK_THREAD(self);
    return host_write_json(setting_of(id, key), out);
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

static void do_freeze(void *user) {
    struct deferred *deferred = user;
    struct lobby *lobby = lobby_find(deferred->lobby);
    if (lobby) (void)lobby_freeze(lobby);
    free(deferred);
}

static void do_thaw(void *user) {
    struct deferred *deferred = user;
    struct lobby *lobby = lobby_find(deferred->lobby);
    if (lobby) (void)lobby_thaw(lobby);
    free(deferred);
}

static muster_status lobby_kick_fn(muster_self *self, muster_lobby_id id, uint32_t seat,
                                   const char *reason) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_kick, id, (muster_player_id){0}, seat, reason);
}

static muster_status lobby_close_fn(muster_self *self, muster_lobby_id id, const char *reason) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_close, id, (muster_player_id){0}, 0, reason);
}

static muster_status lobby_chat_fn(muster_self *self, muster_lobby_id id, const char *text) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_chat, id, (muster_player_id){0}, 0, text);
}

static muster_status lobby_freeze_fn(muster_self *self, muster_lobby_id id) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_freeze, id, (muster_player_id){0}, 0, NULL);
}

static muster_status lobby_thaw_fn(muster_self *self, muster_lobby_id id) {
    HOST_CHECK_THREAD(self);
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    return defer(do_thaw, id, (muster_player_id){0}, 0, NULL);
}

/* ---- members, rules -------------------------------------------------------------------------- */

static muster_status member_next_fn(muster_self *self, muster_lobby_id id, uint32_t *index,
                                    struct muster_member_info *out) {
    HOST_CHECK_THREAD(self);
    const struct lobby *lobby = lobby_find(id);
    if (!ABI_GIVEN(self, muster_member_info, out) || !index) return MUSTER_INVALID;
    uint32_t i = *index;
    while (lobby && i < lobby_members_end(lobby) && lobby->members[i].state == MEMBER_NONE) i++;
    if (!lobby || i >= lobby_members_end(lobby)) return MUSTER_NOT_FOUND;
    const struct member *member = &lobby->members[i];
    struct muster_member_info info = {
        .seat = lobby_seat(lobby, i),
        .player = member->player,
        .team = member->team,
        .is_spectator = lobby_member_is_spectator(lobby, i),
        .has_entered = member->state == MEMBER_ENTERED,
        .is_connected = member->connected,
        .is_ready = member->ready,
        .since_ms = member->since_ms,
    };
    memcpy(info.player_key, member->texts->player_key, sizeof info.player_key);
    memcpy(info.display_name, member->texts->display_name, sizeof info.display_name);
    abi_copy_out(out, &info);
    *index = i + 1;
    return MUSTER_OK;
}

/* The refusal's word and wait, for a caller that gave a place for them. */
static void copy_refusal(const struct failure *failure, struct muster_refusal *out) {
    if (!out) return;
    struct muster_refusal refusal = {0};
    const char *word = json_string_value(json_object_get(failure->data, "reason"));
    json_t *wait = json_object_get(failure->data, "retryAfterMs");
    snprintf(refusal.word, sizeof refusal.word, "%s", word ? word : "");
    refusal.retry_after_ms = (uint32_t)json_integer_value(wait);
    abi_copy_out(out, &refusal);
}

static void copy_reason(const struct failure *failure, char *reason, uint32_t cap) {
    if (reason && cap) snprintf(reason, cap, "%s", failure->message);
}

static muster_verdict ask_fn(muster_self *self, const struct muster_action *action, char *reason,
                             uint32_t cap) {
    if (!host_on_loop(self, __func__)) return MUSTER_REJECT;
    struct muster_action full;
    struct failure failure = {0};
    if (!ABI_COPY_IN(self, muster_action, &full, action)) return MUSTER_REJECT;
    if (full.refusal && !ABI_GIVEN(self, muster_refusal, full.refusal)) return MUSTER_REJECT;
    if (!full.key) full.key = "";
    if (!full.value) full.value = "";
    const struct lobby *lobby = lobby_find(full.lobby);
    if (!lobby) return MUSTER_REJECT;
    full.game_mode = lobby->game_mode;
    if (!lobby_ask(lobby, &full, self, false, &failure)) return MUSTER_ACCEPT;
    copy_reason(&failure, reason, cap);
    copy_refusal(&failure, full.refusal);
    json_decref(failure.data);
    return MUSTER_REJECT;
}

/* ---- settings -------------------------------------------------------------------------------- */

static muster_status settings_get_fn(muster_self *self, muster_lobby_id id,
                                     struct muster_writer *out) {
    HOST_CHECK_THREAD(self);
    const struct lobby *lobby = lobby_find(id);
    json_t *settings = lobby ? lobby_settings_json(lobby) : NULL;
    muster_status status = host_write_json(settings, out);
    json_decref(settings);
    return status;
}

static void drop_secrets(const struct schema *schema, json_t *settings) {
    for (uint32_t i = 0; i < schema->count; i++)
        if (schema->entries[i].secret) json_object_del(settings, schema->entries[i].key);
}

static muster_status settings_check_fn(muster_self *self, const char *game_mode,
                                       const char *settings_json, struct muster_writer *out,
                                       char *reason, uint32_t cap) {
    HOST_CHECK_THREAD(self);
    if (!game_mode || !out) return MUSTER_INVALID;
    const struct schema *schema = registry_settings(game_mode);
    struct schema_error wrong = {0};
    json_t *all = NULL;
    if (reason && cap) reason[0] = '\0';
    if (!schema) return MUSTER_NOT_FOUND;
    json_t *given = settings_json ? json_loads(settings_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool is_json = given || !settings_json;
    muster_status status = is_json ? schema_check(schema, given, &all, &wrong) : MUSTER_INVALID;
    json_decref(given);
    if (status == MUSTER_OK) {
        drop_secrets(schema, all);
        status = host_write_json(all, out);
        json_decref(all);
        return status;
    }
    if (reason && cap)
        snprintf(reason, cap, "%s", wrong.text[0] ? wrong.text : "expected a JSON object");
    return wrong.key[0] && !schema_find(schema, wrong.key) ? MUSTER_NOT_FOUND : status;
}

static muster_status settings_set_fn(muster_self *self, muster_lobby_id id, muster_player_id by,
                                     const char *settings_json, char *reason, uint32_t cap) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    struct failure failure = {0};
    if (!lobby) return MUSTER_NOT_FOUND;
    json_t *wanted = settings_json ? json_loads(settings_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(wanted)) {
        failure_set(&failure, RPC_INVALID_PARAMS, "settings: expected a JSON object");
        copy_reason(&failure, reason, cap);
        json_decref(wanted);
        return MUSTER_INVALID;
    }
    int32_t code = lobby_settings_change(lobby, by, self, wanted, &failure);
    json_decref(wanted);
    if (code) copy_reason(&failure, reason, cap);
    json_decref(failure.data);
    return host_lobby_status(code);
}

static const char *map_name_fn(muster_self *self, muster_lobby_id id, uint32_t index) {
    const struct lobby *lobby = host_on_loop(self, __func__) ? lobby_find(id) : NULL;
    const struct mode_entry *mode = lobby ? registry_mode(lobby->game_mode) : NULL;
    return mode && index < mode->map_count ? mode->maps[index] : NULL;
}

static const char *team_name_fn(muster_self *self, muster_lobby_id id, uint32_t team) {
    const struct lobby *lobby =
        host_on_loop(self, "host->lobby->team_name") ? lobby_find(id) : NULL;
    return lobby ? registry_team_name(&lobby->teams, team) : "none";
}

/* ---- acts ------------------------------------------------------------------------------------ */

static muster_status team_set_fn(muster_self *self, muster_lobby_id id, uint32_t seat,
                                 uint32_t team) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    return lobby ? lobby_team_set(lobby, seat, team) : MUSTER_NOT_FOUND;
}

static muster_status host_set_fn(muster_self *self, muster_lobby_id id, muster_player_id player) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    uint32_t index = lobby_find_member(lobby, player);
    if (player.value && (index == UINT32_MAX || lobby->members[index].state != MEMBER_ENTERED))
        return MUSTER_NOT_FOUND;
    lobby_host_set(lobby, index);
    return MUSTER_OK;
}

static muster_status lock_set_fn(muster_self *self, muster_lobby_id id, uint32_t locked) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    lobby_lock_set(lobby, locked != 0);
    return MUSTER_OK;
}

static muster_status matched_set_fn(muster_self *self, muster_lobby_id id, uint32_t matched) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    lobby->unmatched = !matched;
    return MUSTER_OK;
}

static muster_status code_renew_fn(muster_self *self, muster_lobby_id id) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    lobby_code_renew(lobby);
    return MUSTER_OK;
}

static void do_remove(void *user) {
    struct deferred *deferred = user;
    struct lobby *lobby = lobby_find(deferred->lobby);
    if (lobby) lobby_remove(lobby, deferred->player, deferred->seat, deferred->text);
    free(deferred);
}

static muster_status remove_fn(muster_self *self, muster_lobby_id id, muster_player_id player,
                               uint32_t leave, const char *reason) {
    HOST_CHECK_THREAD(self);
    const struct lobby *lobby = lobby_find(id);
    if (!lobby || lobby_find_member(lobby, player) == UINT32_MAX) return MUSTER_NOT_FOUND;
    if (leave < MUSTER_LEAVE_QUIT || leave > MUSTER_LEAVE_SHUTDOWN) return MUSTER_INVALID;
    return defer(do_remove, id, player, leave, reason);
}

static muster_status notify_fn(muster_self *self, muster_lobby_id id, const char *method,
                               const char *params_json) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    json_t *params = host_params(self, method, params_json);
    if (!params) return MUSTER_INVALID;
    lobby_broadcast(lobby, method, params);
    return MUSTER_OK;
}

static muster_status vote_start_fn(muster_self *self, muster_lobby_id id,
                                   const struct muster_vote *vote, muster_vote_fn fn, void *user) {
    HOST_CHECK_STARTED_OPEN(self);
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    struct muster_vote full;
    if (!ABI_COPY_IN(self, muster_vote, &full, vote)) return MUSTER_INVALID;
    return lobby_vote_start(lobby, self, &full, fn, user);
}

static muster_status vote_cancel_fn(muster_self *self, muster_lobby_id id) {
    HOST_CHECK_THREAD(self);
    struct lobby *lobby = lobby_find(id);
    return lobby ? lobby_vote_cancel(lobby, self) : MUSTER_NOT_FOUND;
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
    .member_next = member_next_fn,
    .ask = ask_fn,
    .settings_get = settings_get_fn,
    .settings_set = settings_set_fn,
    .map_name = map_name_fn,
    .team_name = team_name_fn,
    .team_set = team_set_fn,
    .host_set = host_set_fn,
    .lock_set = lock_set_fn,
    .matched_set = matched_set_fn,
    .code_renew = code_renew_fn,
    .remove = remove_fn,
    .notify = notify_fn,
    .vote_start = vote_start_fn,
    .vote_cancel = vote_cancel_fn,
    .setting_json = setting_json_fn,
    .settings_check = settings_check_fn,
    .find = host_lobby_find,
    .create = host_lobby_create,
    .seat_reserve = host_seat_reserve,
    .freeze = lobby_freeze_fn,
    .thaw = lobby_thaw_fn,
    .save = host_lobby_save,
    .load = host_lobby_load,
};
