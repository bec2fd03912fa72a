#include "match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ensure.h"
#include "kept.h"
#include "log.h"
#include "match_internal.h"
#include "match_twin.h"
#include "slots.h"
#include "status.h"

static struct slots matches;

muster_status match_table_init(uint32_t matches_max) {
    return slots_init(&matches, matches_max + MATCH_TWINS, sizeof(struct match));
}

void match_table_deinit(void) {
    match_intro_forget();
    slots_deinit(&matches);
}

struct match *match_find(muster_match_id id) {
    return slots_find(&matches, id.value);
}

uint32_t match_count(void) {
    return matches.count;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void part_pin(struct match_part *part, struct provider *provider) {
    part->provider = provider;
    plugin_pin(provider->self);
}

static void part_unpin(struct match_part *part) {
    if (part->provider) plugin_unpin(part->provider->self);
    part->provider = NULL;
}

static void fill_info(const struct match *match, struct muster_match_info *info) {
    *info = (struct muster_match_info){
        .size = sizeof *info,
        .seats_max = match->seats_max,
        .match = match->id,
        .lobby = match->lobby,
        .game_mode = match->game_mode,
        .map_name = match->map_name,
        .seed = match->seed,
        .tick_rate_hz = match->tick_rate_hz,
        .is_replay = match->replaying,
        .team_count = match->teams.count,
    };
}

static muster_status create_mode(struct match *match, const struct mode_entry *entry,
                                 const struct muster_match_info *info) {
    part_pin(&match->mode, entry->provider);
    match_steer_begin(match, &match->mode, "mode.create");
    muster_status status =
        entry->provider->mode.create(entry->provider->instance, info, &match->mode.state);
    match_call_end(match);
    if (status) part_unpin(&match->mode);
    return status;
}

static muster_status create_victories(struct match *match, const struct mode_entry *entry,
                                      const struct muster_match_info *info) {
    for (struct provider *p = registry_first(MUSTER_ROLE_VICTORY); p; p = p->next) {
        if (!registry_mode_victory(entry, p->self)) continue;
        if (match->victory_count == MATCH_VICTORIES_MAX) return MUSTER_LIMIT;
        struct match_part *part = &match->victories[match->victory_count];
        part_pin(part, p);
        match_steer_begin(match, part, "victory.create");
        muster_status status =
            p->victory.create ? p->victory.create(p->instance, info, &part->state) : MUSTER_OK;
        match_call_end(match);
        if (status) {
            part_unpin(part);
            return status;
        }
        match->victory_count++;
    }
    return MUSTER_OK;
}

/* An anticheat that cannot start is left out: it decides nothing. */
static void create_anticheats(struct match *match, const struct muster_match_info *info) {
    struct provider *p = registry_first(MUSTER_ROLE_ANTICHEAT);
    for (; p && match->anticheat_count < MATCH_ANTICHEATS_MAX; p = p->next) {
        struct match_part *part = &match->anticheats[match->anticheat_count];
        part_pin(part, p);
        match_call_begin(match, part, "anticheat.create");
        muster_status status =
            p->anticheat.create ? p->anticheat.create(p->instance, info, &part->state) : MUSTER_OK;
        match_call_end(match);
        if (status)
            part_unpin(part);
        else
            match->anticheat_count++;
    }
}

static void copy_entry(struct match *match, const struct mode_entry *entry) {
    match->view_count = entry->view_count;
    match->snapshot_max_bytes = entry->snapshot_max_bytes;
    match->teams = entry->teams;
    match->stat_count = entry->stat_count;
    memcpy(match->stat_names, entry->stats, sizeof match->stat_names);
}

static muster_status allocate(struct match *match, const struct match_setup *setup) {
    match->settings = json_incref(setup->settings);
    match->seats = calloc(match_seat_count(match), sizeof match->seats[0]);
    return match->settings && match->seats ? MUSTER_OK : MUSTER_NO_MEMORY;
}

/* Mode and what decides its matches. */
static muster_status create_parts(struct match *match) {
    struct muster_match_info info;
    const struct mode_entry *entry = registry_mode(match->game_mode);
    fill_info(match, &info);
    muster_status status = create_mode(match, entry, &info);
    if (!status) status = match_frames_create(match);
    if (!status) status = create_victories(match, entry, &info);
    if (status) return status;
    if (!match->replaying) create_anticheats(match, &info);
    return match_rules_begin(match, &info);
}

static void copy_setup(struct match *match, const struct match_setup *setup) {
    match->lobby = setup->lobby;
    match->seed = setup->seed;
    match->tick_rate_hz = setup->tick_rate_hz;
    match->seats_max = setup->seats_max;
    match->record = setup->record;
    match->replaying = setup->is_replay;
    match->repeat_ticks_max = config_core->match.input_repeat_ms * setup->tick_rate_hz / 1000;
    snprintf(match->key, sizeof match->key, "%s", setup->match_key);
    snprintf(match->lobby_key, sizeof match->lobby_key, "%s", setup->lobby_key);
    snprintf(match->game_mode, sizeof match->game_mode, "%s", setup->game_mode);
    snprintf(match->map_name, sizeof match->map_name, "%s", setup->map_name);
    match->rules_count = setup->rules_count;
    for (uint32_t i = 0; i < setup->rules_count; i++) {
        match->rules[i] = setup->rules[i];
        match->rules[i].is_idle = false; /* said of a match, and not yet of this one */
    }
}

muster_status match_make(const struct match_setup *setup, struct match **out) {
    ENSURE(setup->rules_count <= MATCH_RULES_MAX && setup->seats_max <= MUSTER_PEOPLE_MAX);
    muster_match_id id;
    struct match *match = *out = slots_add(&matches, &id.value);
    const struct mode_entry *entry = registry_mode(setup->game_mode);
    if (!match) return MUSTER_FULL;
    match->id = id;
    copy_setup(match, setup);
    match_rng_seed(match);
    if (!entry) return MUSTER_NOT_FOUND;
    copy_entry(match, entry);
    return allocate(match, setup);
}

muster_status match_create(const struct match_setup *setup, struct match **out) {
    struct match *match;
    muster_status status = match_make(setup, &match);
    if (!match) {
        record_close(setup->record);
        return status;
    }
    if (!status) status = create_parts(match);
    if (!status) {
        *out = match;
        return MUSTER_OK;
    }
    log_warn("match", "%s: a match of %s did not start: %s", match->key, match->game_mode,
             status_text(status));
    match_destroy(match);
    return status;
}

static void destroy_anticheat(struct match *match, struct match_part part) {
    match_call_begin(match, &part, "anticheat.destroy");
    if (part.provider->anticheat.destroy)
        part.provider->anticheat.destroy(part.provider->instance, part.state);
    match_call_end(match);
    part_unpin(&part);
}

void match_anticheat_drop(struct match *match, uint32_t index) {
    const struct match_part part = match->anticheats[index];
    for (uint32_t i = index + 1; i < match->anticheat_count; i++)
        match->anticheats[i - 1] = match->anticheats[i];
    match->anticheat_count--;
    destroy_anticheat(match, part);
}

static void destroy_parts(struct match *match) {
    uint32_t anticheat_count = match->anticheat_count;
    match->anticheat_count = 0; /* what the others still do here is told to none of them */
    for (uint32_t i = 0; i < anticheat_count; i++) destroy_anticheat(match, match->anticheats[i]);
    for (uint32_t i = 0; i < match->victory_count; i++) {
        struct match_part *part = &match->victories[i];
        match_call_begin(match, part, "victory.destroy");
        if (part->provider->victory.destroy)
            part->provider->victory.destroy(part->provider->instance, part->state);
        match_call_end(match);
        part_unpin(part);
    }
    if (!match->mode.provider) return;
    match_call_begin(match, &match->mode, "mode.destroy");
    match->mode.provider->mode.destroy(match->mode.provider->instance, match->mode.state);
    match_call_end(match);
    part_unpin(&match->mode);
}

void match_destroy(struct match *match) {
    if (!match) return;
    ENSURE(!match->stepping);
    match_rules_end(match);
    destroy_parts(match);
    match_frames_destroy(match);
    free(match->events);
    json_decref(match->settings);
    for (uint32_t i = 0; match->seats && i < match_seat_count(match); i++)
        free(match->seats[i].messages);
    free(match->seats);
    free(match->departed);
    free(match->commands);
    free(match->settings_waiting);
    free(match->versions);
    kept_clear(&match->kept);
    kept_clear(&match->kept_state);
    record_close(match->record);
    slots_remove(&matches, match->id.value);
}

/* ---- the recording's header ------------------------------------------------------------------ */

static json_t *plugin_json(const struct muster_self *self) {
    return json_pack("{s:s,s:s,s:s}", "name", self->name, "instance", self->instance_name,
                     "version", self->version);
}

/* In config order, each once: a replay loads them so. */
static void plugin_insert(json_t *list, uint32_t *orders, const struct muster_self *self) {
    size_t at = 0, count = json_array_size(list);
    while (at < count && orders[at] < self->order) at++;
    if (at < count && orders[at] == self->order) return;
    memmove(orders + at + 1, orders + at, (count - at) * sizeof orders[0]);
    orders[at] = self->order;
    json_array_insert_new(list, at, plugin_json(self));
}

/* Who plays it: plugins for a replay to load; victories and rules: in the order they are asked. */
static void add_players(json_t *header, const struct match_setup *setup,
                        const struct mode_entry *mode) {
    uint32_t orders[2 + MATCH_VICTORIES_MAX + MATCH_RULES_MAX];
    json_t *plugins = json_array(), *victories = json_array(), *rules = json_array();
    struct provider *p = registry_first(MUSTER_ROLE_VICTORY);
    plugin_insert(plugins, orders, mode->provider->self);
    plugin_insert(plugins, orders, registry_mode_owner(mode));
    for (uint32_t i = 0; p && i < MATCH_VICTORIES_MAX; p = p->next) {
        if (!registry_mode_victory(mode, p->self)) continue;
        i++;
        plugin_insert(plugins, orders, p->self);
        json_array_append_new(victories, plugin_json(p->self));
    }
    for (uint32_t i = 0; i < setup->rules_count; i++) {
        const struct muster_self *self = setup->rules[i].provider->self;
        plugin_insert(plugins, orders, self);
        json_array_append_new(rules, plugin_json(self));
    }
    json_object_set_new(header, "plugins", plugins);
    json_object_set_new(header, "mode", plugin_json(mode->provider->self));
    json_object_set_new(header, "victories", victories);
    json_object_set_new(header, "rules", rules);
}

char *match_record_header(const struct match_setup *setup) {
    const struct mode_entry *mode = registry_mode(setup->game_mode);
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)setup->seed);
    json_t *header =
        json_pack("{s:i,s:s,s:s,s:s,s:s,s:O,s:s,s:i,s:i}", "version", RECORD_HEADER_VERSION,
                  "matchId", setup->match_key, "lobbyId", setup->lobby_key, "gameMode",
                  setup->game_mode, "mapName", setup->map_name, "settings", setup->settings, "seed",
                  seed, "tickRate", (int)setup->tick_rate_hz, "seatsMax", (int)setup->seats_max);
    if (header && mode) add_players(header, setup, mode);
    char *text = header ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    return text;
}

/* ---- seats ----------------------------------------------------------------------------------- */

static void record_join(struct match *match, uint32_t seat) {
    const struct match_seat *s = &match->seats[seat];
    uint8_t bytes[2 + 2 + MUSTER_PLAYER_KEY_MAX + 2 + MUSTER_DISPLAY_MAX];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, s->team);
    muster_put_u8(&w, s->connected);
    muster_put_str(&w, s->player_key);
    muster_put_str(&w, s->display_name);
    record_append(match->record, match->tick, RECORD_JOIN, seat, bytes, w.len);
}

/* Somebody who left and comes back goes on with the score of before. Why they had left; 0: nobody
 * of that key has. */
static uint32_t restore_departed(struct match *match, struct match_seat *s) {
    for (uint32_t i = 0; i < match->departed_count; i++) {
        struct match_row *row = &match->departed[i];
        if (strcmp(row->player_key, s->player_key) != 0) continue;
        s->kills = row->kills;
        s->deaths = row->deaths;
        s->assists = row->assists;
        s->score = row->score;
        memcpy(s->own_stats, row->own_stats, sizeof s->own_stats);
        uint32_t reason = row->leave_reason;
        *row = match->departed[--match->departed_count];
        return reason;
    }
    return 0;
}

struct match_row *match_departed_add(struct match *match) {
    if (match->departed_count == match_departed_max(match)) return NULL;
    if (!match->departed)
        match->departed = calloc(match_departed_max(match), sizeof match->departed[0]);
    return match->departed ? &match->departed[match->departed_count++] : NULL;
}

static void keep_departed(struct match *match, uint32_t seat, uint32_t reason) {
    struct match_row *row = match->seats[seat].is_bot ? NULL : match_departed_add(match);
    if (!row) return;
    *row = match_row_of(match, seat);
    row->leave_reason = reason;
}

muster_status match_join(struct match *match, uint32_t seat, const char *player_key,
                         const char *display_name, uint32_t team, bool connected) {
    struct match_seat *s = &match->seats[seat];
    ENSURE(seat < match->seats_max && !s->used && !match->stepping);
    ENSURE(team <= match->teams.count);
    s->messages_len = 0;
    *s = (struct match_seat){
        .used = true, .team = team, .connected = connected, .messages = s->messages};
    snprintf(s->player_key, sizeof s->player_key, "%s", player_key);
    snprintf(s->display_name, sizeof s->display_name, "%s", display_name);
    uint32_t left_by = restore_departed(match, s);
    record_join(match, seat);
    match_steer_begin(match, &match->mode, "mode.join");
    muster_status status =
        match->mode.provider->mode.join(match->mode.provider->instance, match->mode.state, seat);
    match_call_end(match);
    if (status) {
        if (left_by) keep_departed(match, seat, left_by);
        s->used = false;
        uint8_t reason = MUSTER_LEAVE_KICK;
        record_append(match->record, match->tick, RECORD_LEAVE, seat, &reason, 1);
        return status;
    }
    match_rules_join(match, seat);
    match_observe_seat(match, seat, MUSTER_FACT_JOINED);
    return MUSTER_OK;
}

void match_leave(struct match *match, uint32_t seat, uint32_t reason) {
    ENSURE(!match->stepping);
    if (!match->seats[seat].used) return;
    match_note_meeting(match);
    uint8_t byte = (uint8_t)reason;
    record_append(match->record, match->tick, RECORD_LEAVE, seat, &byte, 1);
    match_steer_begin(match, &match->mode, "mode.leave");
    match->mode.provider->mode.leave(match->mode.provider->instance, match->mode.state, seat,
                                     reason);
    match_call_end(match);
    match_rules_leave(match, seat, reason);
    match_observe_seat(match, seat, MUSTER_FACT_LEFT);
    keep_departed(match, seat, reason);
    match->seats[seat].used = false;
}

void match_connection(struct match *match, uint32_t seat, bool connected) {
    ENSURE(!match->stepping);
    struct match_seat *s = &match->seats[seat];
    if (!s->used || s->connected == connected) return;
    s->connected = connected;
    if (connected) match_inputs_restart(match, seat);
    uint8_t byte = connected;
    record_append(match->record, match->tick, RECORD_CONNECTION, seat, &byte, 1);
    const struct muster_mode *mode = &match->mode.provider->mode;
    if (mode->connection) {
        match_steer_begin(match, &match->mode, "mode.connection");
        mode->connection(match->mode.provider->instance, match->mode.state, seat, connected);
        match_call_end(match);
    }
    match_rules_connection(match, seat, connected);
}

void match_disturb(struct match *match, uint32_t cause, uint32_t ms) {
    ENSURE(!match->stepping && cause >= 1 && cause <= MATCH_CAUSES);
    struct match_disturbed *disturbed = &match->disturbed[cause - 1];
    uint8_t bytes[5];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, cause);
    muster_put_u32(&w, ms);
    record_append(match->record, match->tick, RECORD_DISTURBED, MUSTER_SEAT_NONE, bytes, w.len);
    disturbed->times++;
    disturbed->ms = ms < UINT32_MAX - disturbed->ms ? disturbed->ms + ms : UINT32_MAX;
    disturbed->tick = match->tick;
    const struct muster_fact fact = {
        .size = sizeof fact,
        .seat = MUSTER_SEAT_NONE,
        .tick = match->tick,
        .kind = MUSTER_FACT_DISTURBED,
        .value = ms,
        .other_seat = MUSTER_SEAT_NONE,
        .third_seat = MUSTER_SEAT_NONE,
        .text = disturbed_text(cause),
    };
    match_tell(match, &fact);
}

/* People sit below seats_max, bots above: nobody has to make room. The mode knows; rules are told.
 */
muster_status match_bot_add(struct match *match, const char *display_name, uint32_t team,
                            uint32_t *seat) {
    if (team > match->teams.count) return MUSTER_INVALID;
    for (uint32_t i = match->seats_max; i < match_seat_count(match); i++) {
        struct match_seat *s = &match->seats[i];
        if (s->used) continue;
        *s = (struct match_seat){.used = true, .is_bot = true, .connected = true, .team = team};
        snprintf(s->player_key, sizeof s->player_key, "bot:%u", i);
        snprintf(s->display_name, sizeof s->display_name, "%s", display_name);
        *seat = i;
        match_rules_join(match, i);
        return MUSTER_OK;
    }
    return MUSTER_FULL;
}

muster_status match_bot_remove(struct match *match, uint32_t seat) {
    if (seat >= match_seat_count(match) || !match->seats[seat].used || !match->seats[seat].is_bot)
        return MUSTER_NOT_FOUND;
    match_note_meeting(match);
    match_rules_leave(match, seat, MUSTER_LEAVE_QUIT);
    match->seats[seat].used = false;
    return MUSTER_OK;
}

/* ---- questions ------------------------------------------------------------------------------- */

json_t *match_setting(struct match *match, const char *key) {
    return json_object_get(match->settings, key);
}
