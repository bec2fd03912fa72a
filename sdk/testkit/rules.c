/* rules.c - what rules plugins need: members, votes, the other rules, methods for clients. */
#include "internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define METHOD_NAME_BYTES_MAX 64u

static struct lobby *lobby_find(struct testkit *kit, muster_lobby_id id) {
    struct lobby *lobby;
    DL_FOREACH(kit->lobbies, lobby) {
        if (lobby->info.lobby == id) return lobby;
    }
    return NULL;
}

/* ---- members --------------------------------------------------------------------------------- */

struct muster_member_info *testkit_member(struct testkit *kit, muster_lobby_id id,
                                          muster_player_id player) {
    struct lobby *lobby = lobby_find(kit, id);
    for (uint32_t i = 0; lobby && i < lobby->member_count; i++)
        if (lobby->members[i].player == player) return &lobby->members[i];
    return NULL;
}

struct muster_member_info *testkit_member_add(struct testkit *kit, muster_lobby_id id,
                                              muster_player_id player, uint32_t seat,
                                              uint32_t team) {
    struct lobby *lobby = lobby_find(kit, id);
    struct muster_player_info *info = testkit_player(kit, player);
    if (!lobby || !info || lobby->member_count == LOBBY_MEMBERS_MAX) return NULL;
    struct muster_member_info *member = &lobby->members[lobby->member_count++];
    *member = (struct muster_member_info){
        .size = sizeof(*member),
        .seat = seat,
        .player = player,
        .team = team,
        .is_spectator = seat == MUSTER_SEAT_NONE,
        .has_entered = 1,
        .is_connected = 1,
        .since_ms = kit->now_ms + lobby->member_count,
    };
    memcpy(member->player_key, info->player_key, sizeof(member->player_key));
    memcpy(member->display_name, info->display_name, sizeof(member->display_name));
    info->lobby = id;
    info->seat = seat;
    return member;
}

void testkit_member_remove(struct testkit *kit, muster_lobby_id id, muster_player_id player) {
    struct lobby *lobby = lobby_find(kit, id);
    struct muster_member_info *member = testkit_member(kit, id, player);
    if (!member) return;
    player_unseat(kit, player);
    memmove(member, member + 1,
            (size_t)(&lobby->members[lobby->member_count] - (member + 1)) * sizeof(*member));
    lobby->member_count--;
}

muster_status kit_member_next(muster_self *self, muster_lobby_id id, uint32_t *index,
                              struct muster_member_info *out) {
    KIT_ON_LOOP(self);
    const struct lobby *lobby = lobby_find(self->kit, id);
    if (!out || !index || out->size < KIT_INFO_BYTES_MIN) return MUSTER_INVALID;
    if (!lobby || *index >= lobby->member_count) return MUSTER_NOT_FOUND;
    uint32_t size = out->size;
    memcpy(out, &lobby->members[*index], size < sizeof(*out) ? size : sizeof(*out));
    out->size = size;
    ++*index;
    return MUSTER_OK;
}

muster_status kit_team_set(muster_self *self, muster_lobby_id id, uint32_t seat, uint32_t team) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby) return MUSTER_NOT_FOUND;
    if (team >= MUSTER_TEAM_COUNT) return MUSTER_INVALID;
    uint32_t i = 0;
    while (i < lobby->member_count && lobby->members[i].seat != seat) i++;
    if (i == lobby->member_count || seat == MUSTER_SEAT_NONE) return MUSTER_NOT_FOUND;
    if (lobby->info.match) return MUSTER_STATE;
    lobby->members[i].team = team;
    return MUSTER_OK;
}

muster_status kit_host_set(muster_self *self, muster_lobby_id id, muster_player_id player) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    const struct muster_member_info *member = testkit_member(self->kit, id, player);
    if (!lobby || (player && (!member || !member->has_entered))) return MUSTER_NOT_FOUND;
    lobby->info.host = player;
    return MUSTER_OK;
}

muster_status kit_lock_set(muster_self *self, muster_lobby_id id, uint32_t locked) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby) return MUSTER_NOT_FOUND;
    lobby->info.is_locked = locked != 0;
    return MUSTER_OK;
}

muster_status kit_matched_set(muster_self *self, muster_lobby_id id, uint32_t matched) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby) return MUSTER_NOT_FOUND;
    lobby->info.is_unmatched = !matched;
    return MUSTER_OK;
}

muster_status kit_code_renew(muster_self *self, muster_lobby_id id) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby) return MUSTER_NOT_FOUND;
    snprintf(lobby->info.join_code, sizeof(lobby->info.join_code), "CODE%04u",
             (unsigned)(self->kit->next_id++ % 10000));
    return MUSTER_OK;
}

muster_status kit_remove(muster_self *self, muster_lobby_id id, muster_player_id player,
                         uint32_t leave, const char *reason) {
    KIT_ON_LOOP(self);
    if (!testkit_member(self->kit, id, player)) return MUSTER_NOT_FOUND;
    if (leave < MUSTER_LEAVE_QUIT || leave > MUSTER_LEAVE_SHUTDOWN) return MUSTER_INVALID;
    kit_act(self->kit, "lobby.remove %llu %llu %u %s", (unsigned long long)id,
            (unsigned long long)player, leave, reason ? reason : "");
    return MUSTER_OK;
}

muster_status kit_notify(muster_self *self, muster_lobby_id id, const char *method,
                         const char *params_json) {
    KIT_ON_LOOP(self);
    if (!lobby_find(self->kit, id)) return MUSTER_NOT_FOUND;
    if (!values_is_object(params_json)) return MUSTER_INVALID;
    kit_act(self->kit, "lobby.notify %llu %s %s", (unsigned long long)id, method, params_json);
    return MUSTER_OK;
}

/* ---- the other rules, settings, maps --------------------------------------------------------- */

void testkit_ask_set(struct testkit *kit,
                     muster_verdict (*fn)(void *user, const struct muster_action *action,
                                          char *reason, uint32_t cap),
                     void *user) {
    kit->ask = fn;
    kit->ask_user = user;
}

muster_verdict kit_ask(muster_self *self, const struct muster_action *action, char *reason,
                       uint32_t cap) {
    struct testkit *kit = self->kit;
    if (kit_wrong_thread(self, __func__)) return MUSTER_REJECT;
    if (!action || action->size < KIT_INFO_BYTES_MIN || !lobby_find(kit, action->lobby))
        return MUSTER_REJECT;
    return kit->ask ? kit->ask(kit->ask_user, action, reason, cap) : MUSTER_ACCEPT;
}

/* All but the secret ones, with these (or null) in place of those that are. */
static muster_status settings_write(struct testkit *kit, json_t *given, struct muster_writer *out) {
    json_t *json = json_object();
    struct value *value;
    DL_FOREACH(kit->settings, value) {
        if (!value->entry.secret) json_object_set(json, value->key, value->value);
    }
    if (given) json_object_update_existing(json, given);
    muster_status status = values_write(json, out);
    json_decref(json);
    return status;
}

muster_status kit_settings_get(muster_self *self, muster_lobby_id id, struct muster_writer *out) {
    KIT_ON_LOOP(self);
    return lobby_find(self->kit, id) ? settings_write(self->kit, NULL, out) : MUSTER_NOT_FOUND;
}

/* The testkit has the same settings in every mode. */
muster_status kit_settings_check(muster_self *self, const char *game_mode,
                                 const char *settings_json, struct muster_writer *out, char *reason,
                                 uint32_t cap) {
    struct testkit *kit = self->kit;
    KIT_ON_LOOP(self);
    if (cap) reason[0] = '\0';
    if (!mode_known(kit, game_mode)) return MUSTER_NOT_FOUND;
    json_t *given = settings_json ? json_loads(settings_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    muster_status status = MUSTER_OK;
    if (settings_json && !json_is_object(given)) {
        snprintf(reason, cap, "expected a JSON object");
        status = MUSTER_INVALID;
    }
    if (status == MUSTER_OK) status = values_check_all(kit->settings, given, reason, cap);
    if (status == MUSTER_OK) status = settings_write(kit, given, out);
    json_decref(given);
    return status;
}

/* While a match runs, those alone change that may at any time. */
static muster_status settings_state(struct testkit *kit, const struct lobby *lobby, json_t *wanted,
                                    char *reason, uint32_t cap) {
    const char *key;
    json_t *value;
    json_object_foreach(wanted, key, value) {
        const struct schema_entry *entry = &values_find(kit->settings, key)->entry;
        bool is_free = entry->always || entry->secret;
        if (lobby->info.state != MUSTER_LOBBY_ACTIVE || is_free) continue;
        snprintf(reason, cap, "%s cannot be changed while a match runs", key);
        return MUSTER_STATE;
    }
    return MUSTER_OK;
}

muster_status kit_settings_set(muster_self *self, muster_lobby_id id, muster_player_id by,
                               const char *settings_json, char *reason, uint32_t cap) {
    struct testkit *kit = self->kit;
    KIT_ON_LOOP(self);
    const struct lobby *lobby = lobby_find(kit, id);
    (void)by;
    if (!lobby) return MUSTER_NOT_FOUND;
    json_t *wanted = settings_json ? json_loads(settings_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    muster_status status = json_is_object(wanted) ? MUSTER_OK : MUSTER_INVALID;
    if (status == MUSTER_OK && values_check_all(kit->settings, wanted, reason, cap))
        status = MUSTER_INVALID;
    if (status == MUSTER_OK) status = settings_state(kit, lobby, wanted, reason, cap);
    if (status == MUSTER_OK) {
        struct match *match;
        values_put(kit->settings, wanted);
        DL_FOREACH(kit->matches, match) {
            if (match->info.lobby == id) json_object_update(match->settings_waiting, wanted);
        }
        kit_act(kit, "lobby.settings %llu %s", (unsigned long long)id, settings_json);
    }
    json_decref(wanted);
    return status;
}

void testkit_maps_set(struct testkit *kit, const char *const *names, uint32_t count) {
    kit->maps = names;
    kit->map_count = count;
}

const char *kit_map_name(muster_self *self, muster_lobby_id id, uint32_t index) {
    if (kit_wrong_thread(self, __func__)) return NULL;
    if (!lobby_find(self->kit, id) || index >= self->kit->map_count) return NULL;
    return self->kit->maps[index];
}

/* ---- votes ----------------------------------------------------------------------------------- */

static bool is_name(const char *text) {
    return text && text[0] && strlen(text) < MUSTER_NAME_MAX;
}

static bool vote_ok(const struct muster_vote *vote) {
    if (!vote || vote->size < sizeof(*vote) || vote->option_count < 1 ||
        vote->option_count > MUSTER_VOTE_OPTIONS_MAX || !vote->options || !is_name(vote->key) ||
        !vote->subject || strlen(vote->subject) >= MUSTER_PLAYER_KEY_MAX ||
        vote->duration_ms < 1000 || vote->duration_ms > 300000)
        return false;
    for (uint32_t i = 0; i < vote->option_count; i++)
        if (!is_name(vote->options[i])) return false;
    return true;
}

muster_status kit_vote_start(muster_self *self, muster_lobby_id id, const struct muster_vote *vote,
                             muster_vote_fn fn, void *user) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby) return MUSTER_NOT_FOUND;
    if (!fn || !vote_ok(vote)) return MUSTER_INVALID;
    if (lobby->vote_fn) return MUSTER_EXISTS;
    lobby->vote_fn = fn;
    lobby->vote_owner = self;
    lobby->vote_user = user;
    lobby->vote_option_count = vote->option_count;
    for (uint32_t i = 0; i < vote->option_count; i++)
        snprintf(lobby->vote_options[i], MUSTER_NAME_MAX, "%s", vote->options[i]);
    kit_act(self->kit, "lobby.vote %llu %s %s needed %u", (unsigned long long)id, vote->key,
            vote->subject, vote->needed);
    return MUSTER_OK;
}

muster_status kit_vote_cancel(muster_self *self, muster_lobby_id id) {
    KIT_ON_LOOP(self);
    struct lobby *lobby = lobby_find(self->kit, id);
    if (!lobby || !lobby->vote_fn || lobby->vote_owner != self) return MUSTER_NOT_FOUND;
    lobby->vote_fn = NULL;
    return MUSTER_OK;
}

bool testkit_vote_end(struct testkit *kit, muster_lobby_id id, uint32_t winner) {
    struct lobby *lobby = lobby_find(kit, id);
    if (!lobby || !lobby->vote_fn) return false;
    uint32_t counts[MUSTER_VOTE_OPTIONS_MAX] = {0};
    bool won = winner < lobby->vote_option_count;
    if (won) counts[winner] = 1;
    const struct muster_vote_result result = {
        .size = sizeof(result),
        .winner = won ? winner : MUSTER_VOTE_NONE,
        .lobby = id,
        .option = won ? lobby->vote_options[winner] : "",
        .counts = counts,
        .option_count = lobby->vote_option_count,
    };
    muster_vote_fn fn = lobby->vote_fn;
    lobby->vote_fn = NULL;
    fn(lobby->vote_user, &result);
    return true;
}

/* ---- methods for clients --------------------------------------------------------------------- */

static bool method_name_ok(const char *name) {
    size_t len = name ? strnlen(name, METHOD_NAME_BYTES_MAX) : 0;
    uint32_t dots = 0;
    if (len < 3 || len == METHOD_NAME_BYTES_MAX || name[0] == '.' || name[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.')
            dots++;
        else if (!isalnum((unsigned char)name[i]))
            return false;
    }
    return dots == 1;
}

static muster_status method_add(muster_self *self, const char *name, muster_rpc_fn fn, void *user) {
    struct rpc_method *method;
    KIT_ON_LOOP(self);
    if (!method_name_ok(name) || !fn) return MUSTER_INVALID;
    DL_FOREACH(self->kit->methods, method) {
        if (strcmp(method->name, name) == 0) return MUSTER_EXISTS;
    }
    method = kit_alloc(sizeof(*method));
    *method = (struct rpc_method){.owner = self, .name = kit_copy(name), .fn = fn, .user = user};
    DL_APPEND(self->kit->methods, method);
    return MUSTER_OK;
}

static bool take_answer(muster_self *self, muster_ticket_id id) {
    struct testkit *kit = self->kit;
    if (kit->rpc_call == id && id && !kit->rpc.answered) {
        kit->rpc.answered = true;
        return true;
    }
    kit_fault(self, "late or double answer to a client");
    return false;
}

static muster_status rpc_answer(muster_self *self, muster_ticket_id id, const char *result_json) {
    KIT_ON_LOOP(self);
    bool good = values_is_object(result_json);
    if (!good) kit_fault(self, "an answer is no JSON object");
    if (!take_answer(self, id)) return MUSTER_NOT_FOUND;
    snprintf(self->kit->rpc.text, sizeof(self->kit->rpc.text), "%s", result_json);
    return good ? MUSTER_OK : MUSTER_INVALID;
}

static muster_status rpc_refuse(muster_self *self, muster_ticket_id id, const char *code,
                                const char *text, const struct muster_refusal *refusal) {
    struct testkit_rpc *rpc = &self->kit->rpc;
    KIT_ON_LOOP(self);
    if (!take_answer(self, id)) return MUSTER_NOT_FOUND;
    snprintf(rpc->code, sizeof(rpc->code), "%s",
             refusal && refusal->retry_after_ms ? "rate_limited" : code);
    snprintf(rpc->text, sizeof(rpc->text), "%s", text);
    if (refusal) snprintf(rpc->reason, sizeof(rpc->reason), "%s", refusal->word);
    return MUSTER_OK;
}

const struct muster_host_rpc kit_rpc = {
    .size = sizeof(kit_rpc), .method_add = method_add, .answer = rpc_answer, .refuse = rpc_refuse};

static bool is_answered(void *user) {
    return ((struct testkit *)user)->rpc.answered;
}

struct testkit_rpc testkit_rpc(struct testkit *kit, muster_player_id player, const char *name,
                               const char *params_json) {
    struct rpc_method *method;
    const struct muster_player_info *info = testkit_player(kit, player);
    kit->rpc = (struct testkit_rpc){.answered = false};
    DL_FOREACH(kit->methods, method) {
        if (strcmp(method->name, name) != 0) continue;
        kit->rpc_call = kit->next_id++;
        const struct muster_rpc_call call = {
            .size = sizeof(call),
            .id = kit->rpc_call,
            .player = player,
            .lobby = info ? info->lobby : 0,
            .method = name,
            .params = {params_json, strlen(params_json)},
        };
        method->fn(method->user, &call);
        testkit_wait(kit, is_answered, kit, 30000);
        return kit->rpc;
    }
    snprintf(kit->rpc.code, sizeof(kit->rpc.code), "method_not_found");
    return kit->rpc;
}

void rules_close(muster_self *self) {
    struct rpc_method *method, *next;
    struct lobby *lobby;
    DL_FOREACH(self->kit->lobbies, lobby) {
        if (lobby->vote_owner == self) lobby->vote_fn = NULL;
    }
    DL_FOREACH_SAFE(self->kit->methods, method, next) {
        if (method->owner != self) continue;
        DL_DELETE(self->kit->methods, method);
        free(method->name);
        free(method);
    }
}
