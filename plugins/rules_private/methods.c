/* methods.c - what members and hosts ask over the wire: docs/protocol.md, "Private lobbies". */
#include "private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct param {
    const char *name; /* null ends the list */
    char type; /* s: string, min to max bytes; t: a line that others read, mended; i: integer */
    bool required;
    int64_t min;
    int64_t max;
};

enum asker {
    ASKER_ANYBODY, /* also in no lobby: request->lobby is null then */
    ASKER_MEMBER,
    ASKER_HOST,
};

#define ACCESS_BYTES_MAX                                                                           \
    131072 /* of what lobby.access answers: each text escaped, all places taken */

struct method {
    const char *name;
    enum asker asker;
    void (*fn)(struct request *request);
    struct param params[PARAMS_MAX];
};

/* ---- answers --------------------------------------------------------------------------------- */

void answer(const struct instance *instance, muster_rpc_call_id call, const char *result) {
    (void)instance->host->rpc->answer(instance->self, call, result ? result : "{}");
}

struct muster_json_writer *reply_begin(struct reply *reply) {
    reply->out = muster_writer_make(reply->text, sizeof reply->text);
    reply->json = muster_json_writer_make(&reply->out);
    muster_json_open_object(&reply->json, NULL);
    return &reply->json;
}

const char *reply_end(struct reply *reply) {
    muster_json_close(&reply->json);
    return muster_json_text(&reply->json);
}

void refuse(const struct instance *instance, muster_rpc_call_id call, const char *code,
            const char *word, const char *format, ...) {
    struct muster_refusal refusal = {.size = sizeof refusal};
    char text[MUSTER_REASON_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(refusal.word, sizeof refusal.word, "%s", word);
    (void)instance->host->rpc->refuse(instance->self, call, code, text, &refusal);
}

void refuse_wait(const struct instance *instance, muster_rpc_call_id call, uint32_t wait_ms,
                 const char *text) {
    struct muster_refusal refusal = {.size = sizeof refusal, .retry_after_ms = wait_ms};
    (void)instance->host->rpc->refuse(instance->self, call, "rate_limited", text, &refusal);
}

bool others_allow(const struct request *request, uint32_t kind, const char *key, const char *value,
                  muster_player_id target, uint32_t target_seat) {
    const struct instance *instance = request->instance;
    struct muster_refusal refusal = {.size = sizeof refusal};
    char reason[MUSTER_REASON_MAX] = "";
    const struct muster_action action = {
        .size = sizeof action,
        .kind = kind,
        .lobby = request->lobby->id,
        .player = request->member.player,
        .seat = request->member.seat,
        .target_seat = target_seat,
        .key = key,
        .value = value,
        .target = target,
        .refusal = &refusal,
    };
    if (instance->host->lobby->ask(instance->self, &action, reason, sizeof reason) == MUSTER_ACCEPT)
        return true;
    (void)instance->host->rpc->refuse(instance->self, request->call, "denied", reason, &refusal);
    return false;
}

/* ---- parameters ------------------------------------------------------------------------------ */

const char *text_of(const struct request *request, const char *key) {
    for (uint32_t i = 0; i < PARAMS_MAX && request->method->params[i].name; i++)
        if (strcmp(request->method->params[i].name, key) == 0) return request->texts[i];
    return "";
}

static int64_t integer_of(const struct request *request, const char *key, int64_t fallback) {
    int64_t value = fallback;
    (void)muster_json_get_int(muster_json_find(request->params, key), &value);
    return value;
}

/* False: it is of another type or size, or of a line nothing can be seen though it must not be
 * empty. */
static bool read_param(const struct param *param, struct muster_json value, char *text) {
    int64_t number = 0;
    if (param->type == 'i')
        return muster_json_get_int(value, &number) && number >= param->min && number <= param->max;
    assert(param->max < PARAM_TEXT_MAX);
    if (!muster_json_get_text(value, text, (size_t)param->max + 1)) return false;
    if ((int64_t)strlen(text) < param->min) return false;
    return param->type != 't' || text_line_mend(text) || param->min == 0;
}

static bool knows_params(const struct request *request) {
    struct muster_json_walk walk = muster_json_walk_make(request->params);
    while (muster_json_next(&walk)) {
        bool known = false;
        for (const struct param *p = request->method->params; p->name; p++)
            known = known || muster_json_text_is(walk.key, p->name);
        if (known) continue;
        int len = walk.key.len < 42 ? (int)walk.key.len - 2 : 40;
        refuse(request->instance, request->call, "invalid_params", "", "%.*s: unknown parameter",
               len, walk.key.text + 1);
        return false;
    }
    if (request->params.len) return true;
    refuse(request->instance, request->call, "invalid_params", "", "params: nested too deep");
    return false;
}

static bool read_params(struct request *request) {
    if (!knows_params(request)) return false;
    for (uint32_t i = 0; i < PARAMS_MAX && request->method->params[i].name; i++) {
        const struct param *p = &request->method->params[i];
        struct muster_json value = muster_json_find(request->params, p->name);
        if (value.len ? read_param(p, value, request->texts[i]) : !p->required) continue;
        refuse(request->instance, request->call, "invalid_params", "",
               p->type != 'i' ? "%s: expected a string of %lld to %lld bytes"
                              : "%s: expected an integer of %lld to %lld",
               p->name, (long long)p->min, (long long)p->max);
        return false;
    }
    return true;
}

/* ---- who asks -------------------------------------------------------------------------------- */

static bool walk(const struct lobby *lobby, muster_player_id player, const char *player_key,
                 struct muster_member_info *out) {
    const struct instance *instance = lobby->instance;
    uint32_t index = 0;
    *out = (struct muster_member_info){.size = sizeof *out};
    while (instance->host->lobby->member_next(instance->self, lobby->id, &index, out) == MUSTER_OK)
        if (player_key ? strcmp(out->player_key, player_key) == 0
                       : MUSTER_ID_SAME(out->player, player))
            return true;
    return false;
}

bool find_member(const struct lobby *lobby, const char *player_key,
                 struct muster_member_info *out) {
    return walk(lobby, (muster_player_id){0}, player_key, out);
}

static struct lobby *find_lobby(const struct instance *instance, muster_lobby_id id) {
    struct lobby *lobby = instance->lobbies;
    while (lobby && !MUSTER_ID_SAME(lobby->id, id)) lobby = lobby->next;
    return lobby;
}

static bool find_player(struct request *request, muster_player_id player) {
    const struct instance *instance = request->instance;
    struct muster_player_info info = {.size = sizeof info};
    if (instance->host->player->get(instance->self, player, &info) != MUSTER_OK) {
        refuse(instance, request->call, "unauthenticated", "", "your session is over");
        return false;
    }
    request->member.player = player;
    memcpy(request->member.player_key, info.player_key, sizeof request->member.player_key);
    return true;
}

static bool check_asker(struct request *request, const struct method *method,
                        const struct muster_rpc_call *call) {
    const struct instance *instance = request->instance;
    if (method->asker == ASKER_ANYBODY) return find_player(request, call->player);
    request->lobby = call->lobby.value ? find_lobby(instance, call->lobby) : NULL;
    request->info.size = sizeof request->info;
    if (!request->lobby || !walk(request->lobby, call->player, NULL, &request->member) ||
        !request->member.has_entered ||
        instance->host->lobby->get(instance->self, call->lobby, &request->info) != MUSTER_OK) {
        refuse(instance, call->id, "wrong_state", "no_lobby", "you are in no lobby");
        return false;
    }
    if (method->asker != ASKER_HOST || is_host(instance, &request->info, call->player)) return true;
    bool has_host = request->info.host.value != 0;
    refuse(instance, call->id, "denied", has_host ? "not_host" : "no_host",
           has_host ? "only the host may do that" : "this lobby has no host");
    return false;
}

static void on_call(void *user, const struct muster_rpc_call *call) {
    const struct bound *bound = user;
    struct request request = {
        .instance = bound->instance, .call = call->id, .method = bound->method};
    request.params = muster_json_parse(call->params.data, call->params.len);
    if (read_params(&request) && check_asker(&request, bound->method, call))
        bound->method->fn(&request);
}

/* ---- access ---------------------------------------------------------------------------------- */

static void method_access(struct request *request) {
    char *text = malloc(ACCESS_BYTES_MAX);
    struct muster_writer out = muster_writer_make(text, text ? ACCESS_BYTES_MAX : 0);
    struct muster_json_writer json = muster_json_writer_make(&out);
    muster_json_open_object(&json, NULL);
    access_put(request->lobby, &json);
    muster_json_put_text(&json, "joinCode", request->info.join_code);
    muster_json_close(&json);
    const char *result = muster_json_text(&json);
    if (result)
        answer(request->instance, request->call, result);
    else
        refuse(request->instance, request->call, "internal_error", "", "out of memory");
    free(text);
}

static void method_set_password(struct request *request) {
    const char *password = text_of(request, "password");
    if (!others_allow(request, MUSTER_ACTION_SETTING, "password", "\"\"", (muster_player_id){0},
                      MUSTER_SEAT_NONE))
        return;
    access_password_set(request->lobby, password);
    struct reply reply;
    muster_json_put_bool(reply_begin(&reply), "hasPassword", request->lobby->has_password);
    answer(request->instance, request->call, reply_end(&reply));
}

static void method_renew_code(struct request *request) {
    const struct instance *instance = request->instance;
    (void)instance->host->lobby->code_renew(instance->self, request->lobby->id);
    (void)instance->host->lobby->get(instance->self, request->lobby->id, &request->info);
    struct reply reply;
    muster_json_put_text(reply_begin(&reply), "joinCode", request->info.join_code);
    answer(instance, request->call, reply_end(&reply));
}

/* ---- invitations ----------------------------------------------------------------------------- */

static void tell_invited(const struct request *request, muster_player_id player,
                         const struct invitation *invitation) {
    const struct instance *instance = request->instance;
    struct reply reply;
    struct muster_json_writer *json = reply_begin(&reply);
    muster_json_put_text(json, "lobbyId", request->info.lobby_key);
    muster_json_put_text(json, "gameMode", request->info.game_mode);
    muster_json_put_text(json, "fromId", request->member.player_key);
    muster_json_put_text(json, "fromName", request->member.display_name);
    muster_json_put_int(json, "expiresAt", invitation->expires_at_ms);
    muster_json_put_int(json, "expiresInMs",
                        access_left_ms(request->lobby, invitation->expires_ms));
    const char *text = reply_end(&reply);
    if (text) (void)instance->host->player->notify(instance->self, player, "lobby.invited", text);
}

static bool may_invite(const struct request *request, bool as_host) {
    struct instance *instance = request->instance;
    if (!as_host && !lobby_bool(request->lobby, "membersInvite")) {
        refuse(instance, request->call, "denied", "not_host", "only the host invites here");
        return false;
    }
    uint32_t rate = instance->limits.invites_per_minute, wait_ms = 0;
    if (!instance->host->player->try_take(instance->self, request->member.player, "invite", rate,
                                          rate * INVITES_PER_ADDRESS, &wait_ms))
        return true;
    refuse_wait(instance, request->call, wait_ms ? wait_ms : 1000, "too many invitations");
    return false;
}

static void method_invite(struct request *request) {
    const struct instance *instance = request->instance;
    const char *player_key = text_of(request, "playerId");
    uint32_t life_s = (uint32_t)integer_of(request, "expiresInS", instance->limits.invite_life_s);
    muster_player_id player = {0};
    if (player_key[0]) (void)instance->host->player->find(instance->self, player_key, &player);
    bool as_host = is_host(instance, &request->info, request->member.player);
    if (!may_invite(request, as_host) ||
        !others_allow(request, MUSTER_ACTION_INVITE, "", player_key, player, MUSTER_SEAT_NONE))
        return;
    const struct invitation *invitation = access_invite(
        request->lobby, as_host ? "" : request->member.player_key, player_key, life_s);
    if (!invitation) {
        refuse(instance, request->call, "denied", "too_many", "at most %d invitations at a time",
               as_host ? INVITATIONS_MAX : INVITATIONS_PER_MEMBER);
        return;
    }
    if (player.value) tell_invited(request, player, invitation);
    struct reply reply;
    struct muster_json_writer *json = reply_begin(&reply);
    muster_json_put_text(json, "playerId", player_key[0] ? player_key : NULL);
    muster_json_put_text(json, "invitation", invitation->token[0] ? invitation->token : NULL);
    muster_json_put_bool(json, "notified", player.value != 0);
    muster_json_put_int(json, "expiresAt", invitation->expires_at_ms);
    muster_json_put_int(json, "expiresInMs",
                        access_left_ms(request->lobby, invitation->expires_ms));
    answer(instance, request->call, reply_end(&reply));
}

static void method_revoke(struct request *request) {
    uint32_t count =
        access_revoke(request->lobby, text_of(request, "playerId"), text_of(request, "invitation"));
    if (count)
        answer(request->instance, request->call, NULL);
    else
        refuse(request->instance, request->call, "not_found", "", "no such invitation");
}

/* ---- bans ------------------------------------------------------------------------------------ */

static void method_ban(struct request *request) {
    const struct instance *instance = request->instance;
    const char *player_key = text_of(request, "playerId");
    const char *reason = text_of(request, "reason");
    struct muster_member_info member;
    bool is_here = find_member(request->lobby, player_key, &member);
    muster_player_id target = is_here ? member.player : (muster_player_id){0};
    if (is_here && MUSTER_ID_SAME(member.player, request->member.player)) {
        refuse(instance, request->call, "invalid_params", "", "playerId: that is you");
        return;
    }
    if (!others_allow(request, MUSTER_ACTION_BAN, "", reason, target,
                      is_here ? member.seat : MUSTER_SEAT_NONE))
        return;
    uint32_t seconds = (uint32_t)integer_of(request, "seconds", 0);
    if (!access_ban(request->lobby, player_key, reason, seconds)) {
        refuse(instance, request->call, "denied", "too_many", "at most %d bans", BANS_MAX);
        return;
    }
    if (is_here)
        (void)instance->host->lobby->remove(instance->self, request->lobby->id, target,
                                            MUSTER_LEAVE_BAN, reason);
    answer(instance, request->call, NULL);
}

static void method_unban(struct request *request) {
    if (access_unban(request->lobby, text_of(request, "playerId")))
        answer(request->instance, request->call, NULL);
    else
        refuse(request->instance, request->call, "not_found", "", "that player is not banned");
}

/* ---- teams ----------------------------------------------------------------------------------- */

static uint32_t collect_players(const struct request *request,
                                struct muster_member_info out[MUSTER_PEOPLE_MAX]) {
    const struct instance *instance = request->instance;
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0, count = 0;
    while (count < MUSTER_PEOPLE_MAX &&
           instance->host->lobby->member_next(instance->self, request->lobby->id, &index,
                                              &member) == MUSTER_OK)
        if (!member.is_spectator) out[count++] = member;
    return count;
}

static bool may_move_teams(const struct request *request, const char *how) {
    bool open =
        request->info.state == MUSTER_LOBBY_WAITING || request->info.state == MUSTER_LOBBY_STARTING;
    if (!open) {
        refuse(request->instance, request->call, "wrong_state", "",
               "teams can be changed before the match");
        return false;
    }
    return others_allow(request, MUSTER_ACTION_TEAMS, how, "", (muster_player_id){0},
                        MUSTER_SEAT_NONE);
}

static uint32_t random_below(const struct instance *instance, uint32_t bound) {
    uint32_t value, unbiased_from = -bound % bound;
    do {
        instance->host->loop->random(instance->self, &value, sizeof value);
    } while (value < unbiased_from);
    return value % bound;
}

static void set_team(const struct request *request, uint32_t seat, uint32_t team) {
    const struct instance *instance = request->instance;
    (void)instance->host->lobby->team_set(instance->self, request->lobby->id, seat, team);
}

static void method_shuffle(struct request *request) {
    struct muster_member_info players[MUSTER_PEOPLE_MAX];
    if (!may_move_teams(request, "shuffle")) return;
    uint32_t count = collect_players(request, players);
    uint32_t teams = request->info.team_count;
    uint32_t first = teams ? random_below(request->instance, teams) : 0;
    for (uint32_t left = teams ? count : 0; left > 0; left--) {
        uint32_t picked = random_below(request->instance, left);
        set_team(request, players[picked].seat, 1 + (left + first) % teams);
        players[picked] = players[left - 1];
    }
    answer(request->instance, request->call, NULL);
}

static void method_swap(struct request *request) {
    struct muster_member_info players[MUSTER_PEOPLE_MAX];
    if (!may_move_teams(request, "swap")) return;
    uint32_t count = collect_players(request, players);
    uint32_t teams = request->info.team_count;
    for (uint32_t i = 0; i < count; i++)
        if (players[i].team != MUSTER_TEAM_NONE)
            set_team(request, players[i].seat, 1 + players[i].team % teams);
    answer(request->instance, request->call, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define PLAYER(required)                                                                           \
    { "playerId", 's', required, 1, MUSTER_PLAYER_KEY_MAX - 1 }
#define PRESET_NAME                                                                                \
    { "name", 't', true, 1, 40 }

static const struct method methods[] = {
    {"lobby.access", ASKER_HOST, method_access, {{0}}},
    {"lobby.setPassword",
     ASKER_HOST,
     method_set_password,
     {{"password", 's', true, 0, PASSWORD_BYTES_MAX}}},
    {"lobby.renewCode", ASKER_HOST, method_renew_code, {{0}}},
    {"lobby.invite",
     ASKER_MEMBER,
     method_invite,
     {PLAYER(false), {"expiresInS", 'i', false, 1, 86400}}},
    {"lobby.revokeInvitation",
     ASKER_HOST,
     method_revoke,
     {PLAYER(false), {"invitation", 's', false, 1, 64}}},
    {"lobby.ban",
     ASKER_HOST,
     method_ban,
     {PLAYER(true), {"reason", 't', false, 0, 78}, {"seconds", 'i', false, 1, 31536000}}},
    {"lobby.unban", ASKER_HOST, method_unban, {PLAYER(true)}},
    {"lobby.shuffleTeams", ASKER_HOST, method_shuffle, {{0}}},
    {"lobby.swapTeams", ASKER_HOST, method_swap, {{0}}},
    {"lobby.callVote", ASKER_MEMBER, method_call_vote, {{"vote", 's', true, 1, 16}, PLAYER(false)}},
    {"lobby.presets", ASKER_ANYBODY, method_presets, {{0}}},
    {"lobby.applyPreset", ASKER_HOST, method_apply_preset, {PRESET_NAME}},
    {"lobby.savePreset", ASKER_MEMBER, method_save_preset, {PRESET_NAME}},
    {"lobby.deletePreset", ASKER_ANYBODY, method_delete_preset, {PRESET_NAME}},
};
#define METHOD_COUNT (sizeof methods / sizeof methods[0])
_Static_assert(METHOD_COUNT <= METHODS_MAX, "room for each method");

muster_status methods_add(struct instance *instance) {
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        instance->bound[i] = (struct bound){instance, &methods[i]};
        muster_status status = instance->host->rpc->method_add(instance->self, methods[i].name,
                                                               on_call, &instance->bound[i]);
        if (status) return status;
    }
    return MUSTER_OK;
}
