/* roles - see roles.h. */
#include "roles.h"
#include "ask.h"
#include "catalog.h"
#include "mode_role.h"
#include "note.h"
#include "note_take.h"
#include "objects.h"
#include "players.h"
#include "probe.h"
#include "realm_scripts.h"
#include "reload.h"
#include "saved.h"
#include "saved_match.h"
#include "settings.h"
#include "share.h"
#include "speech.h"
#include "start.h"
#include "state.h"
#include "teams.h"
#include "timers.h"
#include "whole.h"
#include "words.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- rules: the lobby ------------------------------------------------------------------------ */

static muster_status rules_create(void *user, muster_lobby_id id, void **state) {
    struct lobby *lobby = lobby_create(user, id);
    if (!lobby) return MUSTER_NO_MEMORY;
    *state = lobby;
    if (id.value) lobby_refresh(lobby);
    return MUSTER_OK;
}

static void rules_destroy(void *user, void *state) {
    (void)user;
    lobby_destroy(state);
}

#define ACTION_ROW(name, code, text) [code] = text,
static const char *const action_names[] = {MUSTER_ACTION_MAP(ACTION_ROW)};

/* Sets event and args for the question; the number of args. */
static unsigned word_question(const struct realm *realm, const struct muster_action *action,
                              enum event *event, struct arg args[4]) {
    struct arg player = action->player.value ? A_PLAYER(action->player) : A_NIL;
    args[0] = player;
    switch (action->kind) {
    case MUSTER_ACTION_JOIN:
    case MUSTER_ACTION_SPECTATE:
        *event = EVENT_JOIN_ATTEMPT;
        args[1] = A_BOOL(action->kind == MUSTER_ACTION_SPECTATE);
        return 2;
    case MUSTER_ACTION_TEAM_CHANGE:
        *event = EVENT_TEAM_ATTEMPT;
        if (action->target.value) args[0] = A_PLAYER(action->target);
        args[1] = A_TEXT(teams_name(realm, action->team));
        return 2;
    case MUSTER_ACTION_START: *event = EVENT_START_ATTEMPT; return 1;
    case MUSTER_ACTION_SETTING:
        *event = EVENT_SETTING_ATTEMPT;
        args[0] = A_TEXT(action->key);
        args[1] = A_JSON(action->value);
        args[2] = player;
        return 3;
    default:
        *event = EVENT_ACTION_ATTEMPT;
        args[0] = A_TEXT(action_names[action->kind]);
        args[1] = player;
        args[2] = action->target.value ? A_PLAYER(action->target) : A_NIL;
        args[3] = A_TEXT(action->value && *action->value ? action->value : action->key);
        return 4;
    }
}

/* Null: the mode is no mod's. */
static const struct mod *mod_of_mode(const struct instance *instance, const char *game_mode) {
    const struct mod *mode = mods_find(instance->mods, game_mode);
    return mode && mode->kind == MOD_MODE ? mode : NULL;
}

static bool is_offered(const struct instance *instance, const char *id) {
    const struct mod *mod = mods_find(instance->mods, id);
    return mod && mod->kind == MOD_RULE && catalog_is_offered(instance, id) &&
           probe_find(instance, mod);
}

/* May these rules be chosen, and do they go together? */
static bool check_list(const struct instance *instance, const struct mod *mode, const json_t *list,
                       char *reason, uint32_t cap) {
    const char *ids[REALM_SCRIPTS_MAX + 1];
    struct mod *mods[REALM_SCRIPTS_MAX];
    struct mod_error wrong;
    uint32_t id_count = 0, count;
    size_t i;
    json_t *item;
    if (mode) ids[id_count++] = mode->id;
    json_array_foreach(list, i, item) {
        const char *id = json_string_value(item);
        if (!id || !is_offered(instance, id) || id_count > REALM_SCRIPTS_MAX) {
            snprintf(reason, cap, "rules: expected rules of this server, found \"%.60s\"",
                     id ? id : "");
            return false;
        }
        ids[id_count++] = id;
    }
    if (mods_choose(instance->mods, ids, id_count, mods, REALM_SCRIPTS_MAX, &count, &wrong) == 0)
        return true;
    snprintf(reason, cap, "rules: %.200s", wrong.text);
    return false;
}

static bool check_chosen(const struct instance *instance, const struct muster_action *action,
                         char *reason, uint32_t cap) {
    json_t *list = json_loads(action->value, 0, NULL);
    bool good = check_list(instance, mod_of_mode(instance, action->game_mode), list, reason, cap);
    json_decref(list);
    return good;
}

static muster_verdict rules_allow(void *user, void *state, const struct muster_action *action,
                                  char *reason, uint32_t cap) {
    struct lobby *lobby = state;
    struct arg args[4];
    enum event event;
    bool rules = action->kind == MUSTER_ACTION_SETTING && strcmp(action->key, "rules") == 0;
    if (rules && !check_chosen(user, action, reason, cap)) return MUSTER_REJECT;
    if (!lobby || action->kind == MUSTER_ACTION_CHAT || action->kind > MUSTER_ACTION_VOTE_CALL)
        return MUSTER_PASS;
    unsigned count = word_question(&lobby->lobby, action, &event, args);
    enum ruling ruling = realm_veto(&lobby->lobby, event, args, count, reason, cap);
    if (ruling == RULING_FAILED && rules) ruling = RULING_YES; /* how the host takes it out */
    if (ruling == RULING_YES) return MUSTER_PASS;
    snprintf(action->refusal->word, sizeof action->refusal->word, "rule");
    return MUSTER_REJECT;
}

static muster_verdict rules_chat(void *user, void *state, const struct muster_chat *chat,
                                 char *text, uint32_t cap) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby) return MUSTER_PASS;
    if (text[0] == '/') {
        speech_take(lobby, chat->player, chat->seat, text + 1);
        return MUSTER_REJECT;
    }
    struct arg args[] = {A_PLAYER(chat->player)};
    enum ruling ruling = realm_filter_text(&lobby->lobby, EVENT_CHAT, text, cap, args, 1);
    if (ruling == RULING_FAILED)
        speech_tell(lobby, chat->player, "nobody has heard that: a rule of this lobby has failed");
    return ruling == RULING_YES ? MUSTER_PASS : MUSTER_REJECT;
}

static void tell_setting(struct realm *realm, const char *key) {
    char text[2048];
    for (uint32_t i = 0; i < realm->script_count; i++)
        script_setting_changed(realm->scripts[i], key);
    if (!realm_has(realm, EVENT_SETTING_CHANGED)) return;
    const char *json = settings_read_json(realm, key, text, sizeof text);
    struct arg args[] = {A_TEXT(key), json ? A_JSON(json) : A_NIL};
    realm_notify(realm, EVENT_SETTING_CHANGED, args, 2);
}

static void rules_changed(void *user, void *state, const char *key, const char *value) {
    struct lobby *lobby = state;
    (void)user;
    (void)value;
    if (!lobby) return;
    if (strcmp(key, "rules") == 0)
        lobby_restart_later(lobby);
    else
        tell_setting(&lobby->lobby, key);
}

/* The match learns of it by its log. */
static void tell_restart(struct lobby *lobby, uint32_t seconds) {
    lobby_restarting(&lobby->lobby, seconds);
    if (lobby->match.match.value && realm_has(&lobby->match, EVENT_SERVER_RESTARTING))
        (void)note_restart(&lobby->match, seconds);
}

static void rules_notice(void *user, void *state, const struct muster_notice *notice) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby) return;
    struct realm *realm = &lobby->lobby;
    struct arg args[2] = {notice->player.value ? A_PLAYER(notice->player) : A_NIL};
    switch (notice->kind) {
    case MUSTER_NOTICE_LOBBY_STATE:
        args[0] = A_TEXT(words_lobby_state(notice->value));
        realm_notify(realm, EVENT_LOBBY_STATE, args, 1);
        break;
    case MUSTER_NOTICE_LOBBY_HOST: realm_notify(realm, EVENT_HOST_CHANGED, args, 1); break;
    case MUSTER_NOTICE_SEAT_TAKEN: realm_notify(realm, EVENT_PLAYER_JOIN, args, 1); break;
    case MUSTER_NOTICE_SEAT_LEFT:
        args[1] = A_TEXT(words_leave(notice->value));
        realm_notify(realm, EVENT_PLAYER_LEAVE, args, 2);
        players_forget(realm, notice->player.value);
        break;
    case MUSTER_NOTICE_SERVER_RESTARTING: tell_restart(lobby, notice->value); break;
    default: break;
    }
}

/* ---- rules: the match ------------------------------------------------------------------------ */

static muster_status match_begin(void *user, void *state, const struct muster_match_info *info) {
    (void)user;
    return state ? lobby_match_begin(state, info) : MUSTER_OK;
}

static void match_end(void *user, void *state) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby) return;
    realm_check_states(&lobby->match);
    realm_deinit(&lobby->match);
}

static void match_note(void *user, void *state, const void *data, uint32_t len) {
    (void)user;
    if (state) note_take(state, data, len);
}

static void match_replay(void *user, void *state, uint32_t is_replay) {
    struct lobby *lobby = state;
    (void)user;
    if (lobby) lobby->match.is_replay = is_replay;
}

static void match_join(void *user, void *state, uint32_t seat) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby || lobby->match.script_count == 0) return;
    if (!mode_seats(lobby, seat)) players_seat(&lobby->match, seat);
    struct arg args[] = {A_SEAT(seat)};
    realm_notify(&lobby->match, EVENT_PLAYER_JOIN, args, 1);
}

static void match_leave(void *user, void *state, uint32_t seat, uint32_t reason) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby || lobby->match.script_count == 0) return;
    struct arg args[] = {A_SEAT(seat), A_TEXT(words_leave(reason))};
    realm_notify(&lobby->match, EVENT_PLAYER_LEAVE, args, 2);
    players_forget(&lobby->match, seat);
}

static void match_setting(void *user, void *state, const char *key) {
    struct lobby *lobby = state;
    (void)user;
    if (lobby) tell_setting(&lobby->match, key);
}

/* Staggered by lobby, but the same in a replay: by the seed. */
static bool keeps_now(const struct lobby *lobby) {
    uint32_t every = lobby->match.tick_rate_hz * KEEP_EVERY_MS / 1000;
    return every < 2 || (lobby->match.tick + lobby->seed % every) % every == 0;
}

static void match_tick(void *user, void *state, const struct muster_tick *tick) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby || lobby->match.script_count == 0) return;
    struct realm *realm = &lobby->match;
    realm->tick = tick->tick;
    realm->now_ms = tick->elapsed_ms;
    if (realm->is_mode_lost) lobby_base_alone(realm);
    for (uint32_t i = 0; i < realm->script_count; i++) {
        if (realm->scripts[i]->revert_due) script_revert(realm->scripts[i]);
        if (realm->scripts[i]->restart_due) script_restart(realm->scripts[i]);
        script_trial_check(realm->scripts[i]);
        script_timers_run(realm->scripts[i], realm->now_ms);
    }
    if (realm->message_count) realm_deliver(realm);
    if (realm_has(realm, EVENT_TICK)) {
        struct arg args[] = {A_NUMBER((double)tick->dt_us / 1e6)};
        realm_notify(realm, EVENT_TICK, args, 1);
    }
    if (keeps_now(lobby))
        for (uint32_t i = 0; i < realm->script_count; i++) script_keep(realm->scripts[i]);
    mode_step_end(lobby);
    share_tick_end(realm);
}

static void adjust(void *user, void *state, muster_match_id match, const struct muster_param *param,
                   int64_t *value) {
    static const struct {
        const char *name;
        enum event event;
    } params[] = {{"damage", EVENT_DAMAGE},
                  {"speed", EVENT_SPEED},
                  {"respawn_ms", EVENT_RESPAWN},
                  {"score", EVENT_SCORE}};
    struct lobby *lobby = state;
    (void)user;
    (void)match;
    if (!lobby || lobby->match.script_count == 0) return;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        if (strcmp(param->name, params[i].name) != 0) continue;
        if (!realm_has(&lobby->match, params[i].event)) return;
        struct arg args[] = {A_SEAT(param->seat), A_SEAT(param->other_seat)};
        *value = realm_filter(&lobby->match, params[i].event, *value, args, 2);
        return;
    }
}

static void tell_disturbed(struct realm *realm, const struct muster_fact *fact) {
    struct arg args[] = {A_TEXT(fact->text), A_INT(fact->value)};
    realm_notify(realm, EVENT_DISTURBED, args, 2);
}

static void match_fact(void *user, void *state, const struct muster_fact *fact) {
    struct lobby *lobby = state;
    (void)user;
    if (!lobby || lobby->match.script_count == 0) return;
    if (strcmp(fact->kind, MUSTER_FACT_REFUSED) == 0) {
        objects_refused(&lobby->match, fact);
        return;
    }
    if (strcmp(fact->kind, MUSTER_FACT_DISTURBED) == 0) {
        tell_disturbed(&lobby->match, fact);
        return;
    }
    enum event event = event_find(fact->kind);
    if (event < EVENT_SPAWN || event > EVENT_TOUCH || !realm_has(&lobby->match, event)) return;
    struct arg args[4] = {A_SEAT(fact->seat)};
    unsigned count = 1;
    if (event == EVENT_KILL) {
        args[1] = A_SEAT(fact->other_seat);
        args[2] = A_TEXT(fact->text ? fact->text : "");
        args[3] = A_SEAT(fact->third_seat);
        count = 4;
    } else if (event != EVENT_SPAWN) {
        args[1] = A_INT(fact->value);
        count = 2;
    }
    realm_notify(&lobby->match, event, args, count);
}

/* ---- state ----------------------------------------------------------------------------------- */

static void rules_save(void *user, void *state, struct muster_writer *out) {
    (void)user;
    if (!state) return;
    saved_match_write(state, out);
    mode_save(state, out);
}

static muster_status rules_load(void *user, void *state, struct muster_reader *in) {
    (void)user;
    if (!state) return MUSTER_OK;
    muster_status status = saved_match_read(state, in);
    return status ? status : mode_load(state, in);
}

static void rules_lobby_save(void *user, void *state, struct muster_writer *out) {
    (void)user;
    if (state) saved_write(state, out);
}

static muster_status rules_lobby_load(void *user, void *state, struct muster_reader *in) {
    (void)user;
    return state ? saved_read(state, in) : MUSTER_NO_MEMORY;
}

const struct muster_rules lobby_rules = {
    .size = sizeof lobby_rules,
    .create = rules_create,
    .destroy = rules_destroy,
    .allow = rules_allow,
    .adjust = adjust,
    .chat = rules_chat,
    .save = rules_save,
    .load = rules_load,
    .lobby_save = rules_lobby_save,
    .lobby_load = rules_lobby_load,
    .changed = rules_changed,
    .notice = rules_notice,
    .match_begin = match_begin,
    .match_end = match_end,
    .match_join = match_join,
    .match_leave = match_leave,
    .match_tick = match_tick,
    .match_fact = match_fact,
    .match_setting = match_setting,
    .match_note = match_note,
    .match_replay = match_replay,
};

/* ---- victory --------------------------------------------------------------------------------- */

static muster_status victory_create(void *user, const struct muster_match_info *info,
                                    void **state) {
    *state = lobby_find(user, info->lobby);
    return MUSTER_OK;
}

static void victory_destroy(void *user, void *state) {
    (void)user;
    (void)state; /* the lobby is the rules' */
}

static muster_verdict victory_evaluate(void *user, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_match_end *out) {
    static struct outcome outcome; /* read after this returns */
    struct lobby *lobby = state;
    (void)user;
    if (!lobby || !realm_has(&lobby->match, EVENT_VICTORY)) return MUSTER_UNDECIDED;
    lobby->match.now_ms = facts->elapsed_ms; /* the same moment for all who decide */
    if (!realm_victory(&lobby->match, &outcome)) return MUSTER_UNDECIDED;
    outcome_put(&outcome, out);
    return MUSTER_DECIDED;
}

const struct muster_victory lobby_victory = {.size = sizeof lobby_victory,
                                             .create = victory_create,
                                             .destroy = victory_destroy,
                                             .evaluate = victory_evaluate};
