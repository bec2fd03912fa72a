/* A lobby made of what was saved: all of it, or nothing is left behind. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "kept.h"
#include "lobby_saved.h"
#include "log.h"
#include "loop.h"
#include "playback.h"
#include "status.h"
#include "watchdog.h"

#define LEFT_MS_MAX 86400000 /* a day: no seat is held for longer */

struct load {
    struct lobby_saved *saved;
    const struct checkpoint_mark *mark; /* null: it was saved, and not left by a crash */
    struct lobby *lobby;
    char *error;
};

static muster_status MUSTER_PRINTF(3, 4)
    refuse(const struct load *load, muster_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(load->error, LOBBY_ERROR_MAX, format, args);
    va_end(args);
    return status;
}

static muster_status refuse_shape(const struct load *load, const char *what) {
    return refuse(load, MUSTER_INVALID, "its %s is not what this game mode has here", what);
}

/* ---- may it be loaded here? ------------------------------------------------------------------ */

/* Within a major version a plugin reads what its versions of before have saved, or its load refuses
 * it (docs/plugin-guide.md). */
static bool reads(const char *here, const char *saved) {
    unsigned h[3], s[3];
    if (strcmp(here, saved) == 0) return true;
    if (sscanf(here, "%9u.%9u.%9u", &h[0], &h[1], &h[2]) != 3 ||
        sscanf(saved, "%9u.%9u.%9u", &s[0], &s[1], &s[2]) != 3)
        return false;
    return h[0] == s[0] && (h[1] > s[1] || (h[1] == s[1] && h[2] >= s[2]));
}

static muster_status check_part(const struct load *load, const struct saved_part *part,
                                const struct muster_self *here) {
    if (strcmp(part->instance_name, here->instance_name) != 0)
        return refuse(load, MUSTER_CONFLICT, "plugin %s had a part in it, here %s has",
                      part->instance_name, here->instance_name);
    if (reads(here->version, part->version)) return MUSTER_OK;
    return refuse(load, MUSTER_CONFLICT, "plugin %s was version %s, and is %s here",
                  part->instance_name, part->version, here->version);
}

static muster_status check_rules(const struct load *load) {
    const struct lobby_saved *saved = load->saved;
    const struct provider *p = registry_first(MUSTER_ROLE_RULES);
    for (uint32_t i = 0; i < saved->rules_count; i++, p = p->next) {
        if (!p)
            return refuse(load, MUSTER_CONFLICT, "plugin %s had a part in it, and is not loaded",
                          saved->rules[i].instance_name);
        muster_status status = check_part(load, &saved->rules[i], p->self);
        if (status) return status;
    }
    if (!p || saved->rules_count == MATCH_RULES_MAX) return MUSTER_OK;
    return refuse(load, MUSTER_CONFLICT, "plugin %s had no part in it, and has rules here",
                  p->self->instance_name);
}

static muster_status check_mode(const struct load *load) {
    const struct lobby_saved *saved = load->saved;
    const struct mode_entry *mode = registry_mode(saved->game_mode);
    if (!mode)
        return refuse(load, MUSTER_NOT_FOUND, "its game mode %s is not loaded", saved->game_mode);
    muster_status status = check_part(load, &saved->mode, mode->provider->self);
    if (!status) status = check_part(load, &saved->owner, registry_mode_owner(mode));
    if (!status) status = check_rules(load);
    if (!status && saved->people_max != mode->people_max) status = refuse_shape(load, "size");
    return status;
}

static muster_status check_place(const struct load *load) {
    if (lobby_draining()) return refuse(load, MUSTER_UNAVAILABLE, "the server is draining");
    if (lobby_find_key(load->saved->key))
        return refuse(load, MUSTER_EXISTS, "a lobby of that id is here already");
    return check_mode(load);
}

/* ---- settings, members ----------------------------------------------------------------------- */

static muster_status load_settings(const struct load *load, json_t *saved, json_t **out) {
    struct schema_error wrong = {.text = ""};
    *out = lobby_settings_load(load->saved->game_mode, saved, &wrong);
    return *out ? MUSTER_OK : refuse(load, MUSTER_INVALID, "settings.%s", wrong.text);
}

static muster_status fill(const struct load *load) {
    struct lobby_saved *saved = load->saved;
    struct lobby *lobby = load->lobby;
    const struct mode_entry *mode = registry_mode(saved->game_mode);
    lobby->frozen_since_ms = loop_now_ms();
    if (!load->mark || !saved->stands) /* a crash thaws nothing */
        lobby->recover_until_ms = lobby->frozen_since_ms + config_core->lobby.recover_ms;
    lobby->members_told_ms = lobby->frozen_since_ms;
    lobby->state = saved->state;
    lobby->unmatched = saved->unmatched;
    lobby->forced = saved->forced;
    lobby->teams = mode->teams;
    lobby->tick_rate_hz = saved->match.there ? saved->match.tick_rate_hz : mode->tick_rate_hz;
    memcpy(lobby->key, saved->key, sizeof lobby->key);
    memcpy(lobby->game_mode, saved->game_mode, sizeof lobby->game_mode);
    snprintf(lobby->region, sizeof lobby->region, "%s",
             lobby_region_served(saved->region) ? saved->region : config_core->server.region);
    if (!lobby_members_make(lobby, saved->people_max))
        return refuse(load, MUSTER_NO_MEMORY, "out of memory");
    json_t *settings;
    muster_status status = load_settings(load, saved->settings, &settings);
    if (status) return status;
    lobby_settings_take(lobby, settings);
    lobby_settings_apply(lobby);
    if (saved->match.there && lobby->players_max != saved->match.seats_max)
        return refuse_shape(load, "number of seats");
    if (saved->code[0] && !lobby_find_code(saved->code))
        memcpy(lobby->code, saved->code, sizeof lobby->code);
    else if (saved->code[0])
        lobby_code_renew(lobby);
    uint64_t left_ms = saved->left_ms < LEFT_MS_MAX ? saved->left_ms : LEFT_MS_MAX;
    lobby->deadline_ms = lobby_now_ms(lobby) + left_ms;
    kept_take_over(&lobby->kept, &saved->kept);
    lobby->epoch = saved->epoch;
    lobby->tickets = saved->tickets;
    lobby->tickets_count = saved->tickets_count;
    saved->tickets = NULL;
    return MUSTER_OK;
}

/* Until when the seat is kept: who was there has the time of one who has just dropped. */
static uint64_t deadline_of(const struct lobby *lobby, const struct saved_member *saved) {
    uint64_t left_ms = saved->left_ms ? saved->left_ms - 1 : config_core->lobby.reconnect_ms;
    if (saved->member.awaited) left_ms = config_core->lobby.reconnect_ms;
    return lobby_now_ms(lobby) + (left_ms < LEFT_MS_MAX ? left_ms : LEFT_MS_MAX);
}

/* Who sits in another lobby by now has left this one: the place is taken out when all is made. */
static muster_status seat(const struct load *load, struct saved_member *saved) {
    struct lobby *lobby = load->lobby;
    struct session *session;
    bool is_player = saved->index < lobby->people_max;
    if ((is_player && saved->index >= lobby->players_max) ||
        saved->member.team > lobby->teams.count)
        return refuse_shape(load, "number of players");
    if (session_restore(&saved->session, &session))
        return refuse(load, MUSTER_FULL, "the server has no room for its players");
    struct member *member = &lobby->members[saved->index];
    uint64_t now_ms = loop_now_ms();
    *member = saved->member;
    saved->member.texts = NULL; /* they are the lobby's now */
    member->since_ms = saved->ago_ms < now_ms ? now_ms - saved->ago_ms : 1;
    member->deadline_ms = deadline_of(lobby, saved);
    if (session->lobby.value) {
        member->awaited = member->owed = false;
        return MUSTER_OK;
    }
    member->player = session->id;
    session->lobby = lobby->id;
    if (saved->session.by_ticket && (!session->client || session->ticket_lobby.value))
        session->ticket_lobby = lobby->id;
    session->member = saved->index;
    if (strcmp(member->texts->player_key, load->saved->host_key) != 0) return MUSTER_OK;
    lobby->host = session->id;
    memcpy(lobby->host_key, member->texts->player_key, sizeof lobby->host_key);
    return MUSTER_OK;
}

static muster_status load_members(const struct load *load) {
    muster_status status = MUSTER_OK;
    for (uint32_t i = 0; !status && i < load->saved->member_count; i++)
        status = seat(load, &load->saved->members[i]);
    if (status) return status;
    lobby_setting_put(load->lobby, "hostId", json_string(load->lobby->host_key));
    lobby_note_players(load->lobby);
    return MUSTER_OK;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static muster_status load_rule(const struct lobby *lobby, const struct match_part *part,
                               struct muster_bytes bytes) {
    const struct provider *p = part->provider;
    struct muster_reader r = muster_reader_make(bytes.data, (uint32_t)bytes.len);
    if (!p->rules.lobby_load) return bytes.len ? MUSTER_INVALID : MUSTER_OK;
    plugin_enter(p->self, "rules.lobby_load");
    watchdog_call_of(lobby->key);
    muster_status status = p->rules.lobby_load(p->instance, part->state, &r);
    plugin_leave();
    return status || r.overflow || r.pos != r.len ? MUSTER_INVALID : MUSTER_OK;
}

static muster_status load_rules(const struct load *load) {
    struct lobby *lobby = load->lobby;
    lobby_rules_create(lobby);
    for (uint32_t i = 0; i < lobby->rules_count; i++)
        if (load_rule(lobby, &lobby->rules[i], load->saved->rules[i].state))
            return refuse(load, MUSTER_INVALID, "plugin %s does not take what it has saved",
                          load->saved->rules[i].instance_name);
    return MUSTER_OK;
}

/* ---- the match ------------------------------------------------------------------------------- */

static muster_status check_victories(const struct load *load) {
    const struct saved_match *saved = &load->saved->match;
    const struct match *match = load->lobby->match;
    if (saved->victory_count != match->victory_count)
        return refuse(load, MUSTER_CONFLICT, "other plugins decide its matches here");
    for (uint32_t i = 0; i < saved->victory_count; i++) {
        muster_status status =
            check_part(load, &saved->victories[i], match->victories[i].provider->self);
        if (status) return status;
    }
    return MUSTER_OK;
}

/* The same people sit in both while it runs. */
static bool are_seated(const struct lobby *lobby) {
    for (uint32_t i = 0; !lobby->match->ended && i < lobby->players_max; i++) {
        const struct member *member = &lobby->members[i];
        const struct match_seat *s = &lobby->match->seats[i];
        if (s->used != (member->state == MEMBER_ENTERED)) return false;
        if (s->used && strcmp(s->player_key, member->texts->player_key) != 0) return false;
    }
    return true;
}

static struct match_setup setup_of(const struct load *load, json_t *settings) {
    const struct saved_match *saved = &load->saved->match;
    const struct lobby *lobby = load->lobby;
    return (struct match_setup){
        .lobby = lobby->id,
        .match_key = saved->key,
        .lobby_key = lobby->key,
        .game_mode = lobby->game_mode,
        .map_name = saved->map_name,
        .settings = settings,
        .seed = saved->seed,
        .tick_rate_hz = saved->tick_rate_hz,
        .seats_max = saved->seats_max,
        .rules = lobby->rules,
        .rules_count = lobby->rules_count,
    };
}

static muster_status create_match(const struct load *load) {
    struct saved_match *saved = &load->saved->match;
    struct lobby *lobby = load->lobby;
    json_t *settings = NULL;
    muster_status status = load_settings(load, saved->settings, &settings);
    if (status) return status;
    const struct match_setup setup = setup_of(load, settings);
    status = match_create(&setup, &lobby->match);
    json_decref(settings);
    if (status) return refuse(load, status, "its match could not be made: %s", status_text(status));
    kept_take_over(&lobby->match->kept, &saved->kept);
    lobby->teams = lobby->match->teams;
    return check_victories(load);
}

static muster_status refuse_match(const struct load *load) {
    return refuse(load, MUSTER_INVALID, "its match cannot be gone on with");
}

/* A part of it keeps no state, or does not take that of another version: all of them begin anew,
 * and the people take their seats when the lobby is there. */
static muster_status begin_again(const struct load *load) {
    struct lobby *lobby = load->lobby;
    kept_take_over(&load->saved->match.kept, &lobby->match->kept);
    match_destroy(lobby->match);
    lobby->match = NULL;
    muster_status status = create_match(load);
    if (status) return status;
    if (match_load_scores(lobby->match, load->saved->match.state)) return refuse_match(load);
    lobby->begun_again = true;
    log_fields(MUSTER_LOG_WARN, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "match_begun_again"},
               "%s does not take what was saved of its match, which begins again",
               lobby->game_mode);
    return MUSTER_OK;
}

static muster_status load_state(const struct load *load) {
    const struct saved_match *saved = &load->saved->match;
    struct lobby *lobby = load->lobby;
    struct muster_reader r = muster_reader_make(saved->waiting.data, (uint32_t)saved->waiting.len);
    bool goes_on = saved->ended || match_is_kept(lobby->match);
    if (!goes_on || match_load(lobby->match, saved->state))
        return saved->ended ? refuse_match(load) : begin_again(load);
    if (!match_waiting_load(lobby->match, &r) || r.pos != r.len ||
        lobby->match->ended != saved->ended || !are_seated(lobby))
        return refuse_match(load);
    if (!saved->ended) return MUSTER_OK;
    lobby->results = match_results(lobby->match);
    return lobby->results ? MUSTER_OK : refuse(load, MUSTER_NO_MEMORY, "out of memory");
}

static muster_status load_match(const struct load *load) {
    struct lobby *lobby = load->lobby;
    muster_status status = create_match(load);
    if (!status) status = load_state(load);
    if (!status) lobby->began_unix_ms = load->saved->saved_unix_ms - match_elapsed_ms(lobby->match);
    return status;
}

/* ---- the log --------------------------------------------------------------------------------- */

/* The match has come further than was saved, and the log says how. */
static bool has_log(const struct load *load) {
    const struct saved_match *saved = &load->saved->match;
    return load->mark && !load->lobby->begun_again && saved->log_position && !saved->ended &&
           load->mark->used >= saved->log_position && load->mark->tick > load->lobby->match->tick;
}

static muster_status replay_log(const struct load *load) {
    struct match *match = load->lobby->match;
    struct playback playback = {.match = match};
    struct record_reader *reader;
    char path[RECORD_PATH_BYTES];
    record_path(load->saved->match.key, path);
    muster_status status =
        record_read_part(path, load->saved->match.log_position, load->mark->used, &reader);
    if (status) return refuse(load, status, "its log cannot be read: %s", status_text(status));
    status = playback_go_on(&playback, reader, load->mark->tick);
    record_reader_close(reader);
    if (status) return refuse(load, status, "its log is damaged");
    if (playback.different)
        return refuse(load, MUSTER_INVALID, "by its log it is another match from tick %u on",
                      playback.different_tick);
    match_waiting_forget(match);
    return MUSTER_OK;
}

/* What the log holds from there on is forgotten. EXISTS: it has its end, and cuts_end is false. */
static muster_status open_record(const struct load *load, uint32_t used, bool cuts_end,
                                 struct record **out) {
    const struct saved_match *saved = &load->saved->match;
    char path[RECORD_PATH_BYTES];
    if (!used || saved->ended || !config_core->match.record_enabled) return MUSTER_OK;
    record_path(saved->key, path);
    muster_status status =
        record_resume(path, used, cuts_end, config_core->match.record_segment_kib << 10, out);
    if (!status || status == MUSTER_EXISTS) return status;
    log_warn("record", "%s: %s; nothing is added to it", path, status_text(status));
    return MUSTER_OK;
}

/* Last of all. It says nothing of scores that were there at the beginning, so a match that begins
 * again goes on unrecorded. */
static muster_status resume_record(const struct load *load) {
    uint32_t used = has_log(load) ? load->mark->used : load->saved->match.log_position;
    struct match *match = load->lobby->match;
    if (open_record(load, used, load->mark != NULL, &match->record))
        return refuse(load, MUSTER_CONFLICT, "its match has ended since it was saved");
    if (load->lobby->begun_again) {
        record_close(match->record);
        match->record = NULL;
    }
    return MUSTER_OK;
}

/* What waited when it was saved is not called again, either. */
static bool is_without_log(const struct load *load) {
    return load->mark && !load->mark->tick && !load->mark->used;
}

static muster_status load_log(const struct load *load) {
    muster_status status = resume_record(load);
    if (!status && is_without_log(load)) match_waiting_forget(load->lobby->match);
    if (status || !has_log(load)) return status;
    struct record *record = load->lobby->match->record; /* it has what is played again */
    load->lobby->match->record = NULL;
    status = replay_log(load);
    load->lobby->match->record = record;
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void announce(struct lobby *lobby) {
    log_fields(MUSTER_LOG_INFO, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "lobby_loaded"}, "%s loaded, %s",
               lobby->game_mode, lobby_state_text(lobby->state));
    lobby_note_host(lobby);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_CREATED, lobby->host, MUSTER_SEAT_NONE, 1);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_FROZEN, (muster_player_id){0}, MUSTER_SEAT_NONE, 0);
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++)
        if (lobby->members[i].state != MEMBER_NONE && !lobby->members[i].player.value)
            lobby_member_remove(lobby, i, MUSTER_LEAVE_QUIT, NULL);
}

/* A lobby that nobody plays yet. On failure there may be half of one. */
static muster_status begin(struct load *load) {
    muster_lobby_id id;
    muster_status status = check_place(load);
    if (status) return status;
    load->lobby = lobby_table_add(&id);
    if (!load->lobby) return refuse(load, MUSTER_FULL, "the server is full");
    load->lobby->id = id;
    status = fill(load);
    return status ? status : load_members(load);
}

static muster_status give_up(const struct load *load, muster_status status) {
    if (load->lobby) lobby_let_go(load->lobby);
    return status;
}

muster_status lobby_load_saved(struct lobby_saved *saved, uint32_t cause,
                               const struct checkpoint_mark *mark, struct lobby **out,
                               char error[LOBBY_ERROR_MAX]) {
    struct load load = {.saved = saved, .mark = mark, .error = error};
    muster_status status = begin(&load);
    if (!status) status = load_rules(&load);
    if (!status && saved->match.there) status = load_match(&load);
    if (!status && saved->match.there) status = load_log(&load);
    if (status) return give_up(&load, status);
    if (load.lobby->match && !load.lobby->match->ended) load.lobby->loaded_by = cause;
    bool lost_host = saved->host_key[0] && !load.lobby->host.value;
    lobby_vote_load(load.lobby, &saved->vote);
    announce(load.lobby);
    if (load.lobby->begun_again) lobby_match_seat(load.lobby);
    if (load.lobby->match && load.lobby->match->ended && load.lobby->state == MUSTER_LOBBY_ACTIVE)
        lobby_match_tell_end(load.lobby);
    if (lost_host)
        lobby_emit(load.lobby, MUSTER_NOTICE_LOBBY_HOST, (muster_player_id){0}, MUSTER_SEAT_NONE,
                   0);
    lobby_changed(load.lobby);
    *out = load.lobby;
    return MUSTER_OK;
}

/* ---- its end --------------------------------------------------------------------------------- */

static muster_status load_results(const struct load *load) {
    const struct saved_match *saved = &load->saved->match;
    json_t *settings = NULL;
    muster_status status = load_settings(load, saved->settings, &settings);
    if (status) return status;
    struct match_setup setup = setup_of(load, settings);
    (void)open_record(load, saved->log_position, true, &setup.record);
    load->lobby->results = match_saved_results(&setup, saved->state, saved->waiting);
    json_decref(settings);
    return load->lobby->results ? MUSTER_OK
                                : refuse(load, MUSTER_INVALID, "its match has no results");
}

muster_status lobby_end_saved(struct lobby_saved *saved, const char *reason,
                              char error[LOBBY_ERROR_MAX]) {
    struct load load = {.saved = saved, .error = error};
    muster_status status = begin(&load);
    bool is_playing = saved->state == MUSTER_LOBBY_ACTIVE; /* later its results have been told */
    if (!status && is_playing) status = load_results(&load);
    if (status) return give_up(&load, status);
    announce(load.lobby);
    if (is_playing) lobby_hooks.match_ended(load.lobby, load.lobby->results);
    lobby_close(load.lobby, MUSTER_LEAVE_KICK, reason);
    return MUSTER_OK;
}
