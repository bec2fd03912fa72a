/* driver.c - moves a fake match for the test: mode calls, ticks, save and load. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

static void facts_free(struct match *match) {
    struct fact *fact, *next;
    DL_FOREACH_SAFE(match->facts, fact, next) {
        DL_DELETE(match->facts, fact);
        free(fact);
    }
}

static void match_drop(struct testkit *kit, struct match *match) {
    struct queued_command *queued, *next;
    match->ended = true;
    rulings_end(match);
    if (match->mode) match->mode->destroy(match->plugin->instance, match->state);
    facts_free(match);
    DL_FOREACH_SAFE(match->commands, queued, next) {
        DL_DELETE(match->commands, queued);
        free(queued);
    }
    DL_DELETE(kit->matches, match);
    json_decref(match->settings);
    json_decref(match->settings_waiting);
    free(match->events);
    free(match);
}

static struct match *match_make(struct testkit *kit, const struct testkit_match_options *options) {
    struct match *match = kit_alloc(sizeof(*match));
    match->id = kit->next_id++;
    match->events = kit_alloc(MATCH_EVENTS_MAX * sizeof(*match->events));
    snprintf(match->game_mode, sizeof(match->game_mode), "%s",
             options->game_mode ? options->game_mode : "");
    snprintf(match->map_name, sizeof(match->map_name), "%s",
             options->map_name ? options->map_name : "");
    match->info = (struct muster_match_info){
        .size = sizeof(match->info),
        .seats_max = options->seats_max ? options->seats_max : 8,
        .match = match->id,
        .lobby = options->lobby ? options->lobby : kit->next_id++,
        .game_mode = match->game_mode,
        .map_name = match->map_name,
        .seed = options->seed,
        .tick_rate_hz = options->tick_rate_hz ? options->tick_rate_hz : 20,
        .is_replay = options->is_replay};
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX; i++) match_seat_clear(match, i);
    match_rng_seed(match->rng, options->seed);
    match->settings = values_object(kit->settings);
    match->settings_waiting = json_object();
    match->ruling_count = kit->ruling_count;
    memcpy(match->rulings, kit->rulings, sizeof(match->rulings));
    DL_APPEND(kit->matches, match);
    return match;
}

muster_match_id testkit_match_create(struct testkit *kit, muster_self *plugin,
                                     const struct testkit_match_options *options) {
    struct match *match = match_make(kit, options);
    const struct muster_mode *mode = plugin ? plugin->roles[MUSTER_ROLE_MODE] : NULL;
    match->plugin = plugin;
    match->steering = true;
    muster_status status =
        mode ? mode->create(plugin->instance, &match->info, &match->state) : MUSTER_OK;
    match->steering = false;
    if (status == MUSTER_OK) {
        match->mode = mode;
        status = rulings_begin(match);
    }
    if (status == MUSTER_OK) return match->id;
    match_drop(kit, match);
    return 0;
}

void testkit_match_steer(struct testkit *kit, muster_match_id id, bool on) {
    struct match *match = match_find(kit, id);
    if (match) match->steering = on;
}

void testkit_match_destroy(struct testkit *kit, muster_match_id id) {
    struct match *match = match_find(kit, id);
    if (match) match_drop(kit, match);
}

void *testkit_match_state(struct testkit *kit, muster_match_id id) {
    struct match *match = match_find(kit, id);
    return match ? match->state : NULL;
}

muster_status testkit_match_join(struct testkit *kit, muster_match_id id, uint32_t seat,
                                 uint32_t team, const char *display_name) {
    struct match *match = match_find(kit, id);
    if (!match || seat >= match->info.seats_max) return MUSTER_NOT_FOUND;
    match_seat_fill(match, seat, team, false, display_name);
    match->steering = true;
    muster_status status =
        match->mode ? match->mode->join(match->plugin->instance, match->state, seat) : MUSTER_OK;
    match->steering = false;
    if (status == MUSTER_OK) rulings_join(match, seat);
    return status;
}

void testkit_match_leave(struct testkit *kit, muster_match_id id, uint32_t seat, uint32_t reason) {
    struct match *match = match_find(kit, id);
    struct muster_match_facts before;
    if (!match_seat(match, seat)) return;
    testkit_match_facts(kit, id, &before); /* who goes has been there */
    match->steering = true;
    if (match->mode) match->mode->leave(match->plugin->instance, match->state, seat, reason);
    match->steering = false;
    rulings_leave(match, seat, reason);
    match_seat_clear(match, seat);
}

void testkit_match_connection(struct testkit *kit, muster_match_id id, uint32_t seat,
                              bool connected) {
    struct match *match = match_find(kit, id);
    struct muster_seat_info *info = match_seat(match, seat);
    if (!info || info->connected == connected) return;
    info->connected = connected;
    match->steering = true;
    if (match->mode && match->mode->connection)
        match->mode->connection(match->plugin->instance, match->state, seat, connected);
    match->steering = false;
    rulings_connection(match, seat, connected);
}

void testkit_match_input(struct testkit *kit, muster_match_id id, uint32_t seat,
                         const struct muster_input *input) {
    struct match *match = match_find(kit, id);
    if (!match || !match->mode) return;
    match->steering = true;
    match->mode->input(match->plugin->instance, match->state, seat, input);
    match->steering = false;
}

static void command_refused(struct match *match, const struct queued_command *queued,
                            muster_status status) {
    const struct muster_fact fact = {.size = sizeof(fact),
                                     .seat = queued->command.seat,
                                     .tick = match->tick,
                                     .kind = MUSTER_FACT_REFUSED,
                                     .value = queued->command.arg_count ? queued->args[0] : 0,
                                     .other_seat = MUSTER_SEAT_NONE,
                                     .third_seat = MUSTER_SEAT_NONE,
                                     .text = queued->name};
    kit_log.write(match->plugin, MUSTER_LOG_WARN, "command %s: status %d", queued->name, status);
    rulings_fact(match, &fact);
}

static void commands_run(struct match *match) {
    struct queued_command *queued, *next;
    DL_FOREACH_SAFE(match->commands, queued, next) {
        DL_DELETE(match->commands, queued);
        muster_status status = MUSTER_NOT_FOUND;
        if (match->mode->command)
            status = match->mode->command(match->plugin->instance, match->state, &queued->command);
        if (status != MUSTER_OK) command_refused(match, queued, status);
        free(queued);
    }
}

static void settings_take(struct match *match) {
    const char *key;
    json_t *value, *waiting = match->settings_waiting;
    match->settings_waiting = json_object();
    json_object_foreach(waiting, key, value) {
        json_object_set(match->settings, key, value);
        if (match->mode && match->mode->setting)
            match->mode->setting(match->plugin->instance, match->state, key);
        rulings_setting(match, key);
    }
    json_decref(waiting);
}

void testkit_match_tick(struct testkit *kit, muster_match_id id) {
    struct match *match = match_find(kit, id);
    if (!match) return;
    uint32_t rate_hz = match->info.tick_rate_hz;
    struct muster_tick tick = {.size = sizeof(tick),
                               .tick = match->tick,
                               .dt_us = 1000000 / rate_hz,
                               .elapsed_ms = (uint32_t)((uint64_t)match->tick * 1000 / rate_hz)};
    match->steering = true;
    settings_take(match);
    if (match->mode) {
        commands_run(match);
        match->mode->tick(match->plugin->instance, match->state, &tick);
    }
    match->steering = false;
    rulings_tick(match, &tick);
    match->tick++;
    match->events_in_tick = 0;
}

uint32_t testkit_match_tick_count(struct testkit *kit, muster_match_id id) {
    struct match *match = match_find(kit, id);
    return match ? match->tick : 0;
}

uint32_t testkit_match_snapshot(struct testkit *kit, muster_match_id id, uint32_t view, bool full,
                                void *out, uint32_t cap) {
    struct match *match = match_find(kit, id);
    struct muster_writer writer = muster_writer_make(out, cap);
    if (!match || !match->mode) return 0;
    match->mode->snapshot(match->plugin->instance, match->state, view, full, &writer);
    if (writer.overflow) kit_fault(match->plugin, "snapshot longer than %u bytes", cap);
    return writer.len;
}

static void seat_save(struct muster_writer *w, const struct muster_seat_info *info) {
    muster_put_u8(w, info->seat);
    muster_put_u8(w, info->team);
    muster_put_u8(w, info->is_bot | info->connected << 1 | info->alive << 2);
    muster_put_i32(w, info->kills);
    muster_put_i32(w, info->deaths);
    muster_put_i32(w, info->assists);
    muster_put_i32(w, info->score);
    muster_put_str(w, info->display_name);
}

static void seat_load(struct muster_reader *r, struct muster_seat_info *info) {
    *info = (struct muster_seat_info){.size = sizeof(*info)};
    info->seat = muster_get_u8(r);
    info->team = muster_get_u8(r);
    uint32_t flags = muster_get_u8(r);
    info->is_bot = flags & 1;
    info->connected = flags >> 1 & 1;
    info->alive = flags >> 2 & 1;
    info->kills = muster_get_i32(r);
    info->deaths = muster_get_i32(r);
    info->assists = muster_get_i32(r);
    info->score = muster_get_i32(r);
    muster_get_str(r, info->display_name, sizeof(info->display_name));
}

uint32_t testkit_match_save(struct testkit *kit, muster_match_id id, void *out, uint32_t cap) {
    struct match *match = match_find(kit, id);
    struct muster_writer w = muster_writer_make(out, cap);
    if (!match) return 0;
    muster_put_u32(&w, match->tick);
    for (uint32_t i = 0; i < 4; i++) muster_put_u64(&w, match->rng[i]);
    for (uint32_t i = 0; i < MUSTER_TEAM_COUNT; i++) muster_put_i32(&w, match->team_score[i]);
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX; i++) seat_save(&w, &match->seats[i]);
    if (match->mode && match->mode->save)
        match->mode->save(match->plugin->instance, match->state, &w);
    return w.overflow ? 0 : w.len;
}

muster_status testkit_match_load(struct testkit *kit, muster_match_id id, const void *data,
                                 uint32_t len) {
    struct match *match = match_find(kit, id);
    struct muster_reader r = muster_reader_make(data, len);
    if (!match) return MUSTER_NOT_FOUND;
    match->tick = muster_get_u32(&r);
    for (uint32_t i = 0; i < 4; i++) match->rng[i] = muster_get_u64(&r);
    for (uint32_t i = 0; i < MUSTER_TEAM_COUNT; i++) match->team_score[i] = muster_get_i32(&r);
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX; i++) seat_load(&r, &match->seats[i]);
    if (r.overflow) return MUSTER_INVALID;
    if (!match->mode || !match->mode->load) return MUSTER_OK;
    return match->mode->load(match->plugin->instance, match->state, &r);
}

struct muster_seat_info *testkit_match_seat(struct testkit *kit, muster_match_id id,
                                            uint32_t seat) {
    struct match *match = match_find(kit, id);
    return match && seat < MUSTER_SEATS_MAX ? &match->seats[seat] : NULL;
}

void testkit_match_facts(struct testkit *kit, muster_match_id id, struct muster_match_facts *out) {
    struct match *match = match_find(kit, id);
    *out = (struct muster_match_facts){.size = sizeof(*out)};
    if (!match) return;
    out->tick = match->tick;
    out->elapsed_ms = (uint32_t)((uint64_t)match->tick * 1000 / match->info.tick_rate_hz);
    out->seats_max = match->info.seats_max;
    for (uint32_t i = 0; i < MUSTER_TEAM_COUNT; i++) out->team_score[i] = match->team_score[i];
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX; i++) {
        struct muster_seat_info *info = match_seat(match, i);
        if (!info || info->team >= MUSTER_TEAM_COUNT) continue;
        out->team_seated[info->team]++;
        out->team_humans[info->team] += !info->is_bot;
        out->team_alive[info->team] += info->alive;
    }
    match->teams_met = match->teams_met ||
                       (out->team_seated[MUSTER_TEAM_RED] && out->team_seated[MUSTER_TEAM_BLUE]);
    out->teams_met = match->teams_met;
}

const struct testkit_event *testkit_match_events(struct testkit *kit, muster_match_id id,
                                                 uint32_t *count) {
    struct match *match = match_find(kit, id);
    *count = match ? match->event_count : 0;
    return match ? match->events : NULL;
}

void testkit_match_events_clear(struct testkit *kit, muster_match_id id) {
    struct match *match = match_find(kit, id);
    if (match) match->event_count = 0;
}

int64_t testkit_match_fact_sum(struct testkit *kit, muster_match_id id, const char *kind) {
    struct match *match = match_find(kit, id);
    struct fact *fact;
    if (!match) return 0;
    DL_FOREACH(match->facts, fact) {
        if (strcmp(fact->kind, kind) == 0) return fact->sum;
    }
    return 0;
}

void match_close(muster_self *self) {
    struct match *match, *next;
    rulings_close(self);
    DL_FOREACH_SAFE(self->kit->matches, match, next) {
        if (match->plugin == self) match_drop(self->kit, match);
    }
}

void match_free(struct testkit *kit) {
    struct match *match, *next;
    struct mode_name *mode, *next_mode;
    DL_FOREACH_SAFE(kit->matches, match, next) match_drop(kit, match);
    DL_FOREACH_SAFE(kit->modes, mode, next_mode) {
        DL_DELETE(kit->modes, mode);
        free(mode);
    }
}
