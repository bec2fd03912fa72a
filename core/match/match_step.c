#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ensure.h"
#include "log.h"
#include "match_internal.h"
#include "match_twin.h"
#include "shared.h"
#include "status.h"

#define HASH_EVERY_TICKS 100
#define COMMANDS_FEW 8

/* ---- inputs ---------------------------------------------------------------------------------- */

uint32_t match_input_encode(const struct muster_input *input, uint8_t out[MATCH_INPUT_BYTES]) {
    struct muster_writer w = muster_writer_make(out, MATCH_INPUT_BYTES);
    ENSURE(input->sample_count <= MUSTER_INPUT_SAMPLES_MAX);
    muster_put_u32(&w, input->sequence);
    muster_put_u16(&w, input->held);
    muster_put_u16(&w, input->pressed);
    muster_put_u16(&w, input->aim);
    muster_put_u8(&w, (uint8_t)input->move_x);
    muster_put_u8(&w, (uint8_t)input->move_y);
    muster_put_u8(&w, input->repeated);
    for (uint32_t i = 0; i < input->sample_count; i++) {
        muster_put_u16(&w, input->samples[i].pressed);
        muster_put_u16(&w, input->samples[i].aim);
        muster_put_u8(&w, input->samples[i].at);
    }
    return w.len;
}

muster_status match_input_decode(const uint8_t *data, uint32_t len, struct muster_input *out) {
    struct muster_reader r = muster_reader_make(data, len);
    *out = (struct muster_input){.sequence = muster_get_u32(&r)};
    out->held = muster_get_u16(&r);
    out->pressed = muster_get_u16(&r);
    out->aim = muster_get_u16(&r);
    out->move_x = (int8_t)muster_get_u8(&r);
    out->move_y = (int8_t)muster_get_u8(&r);
    out->repeated = muster_get_u8(&r);
    while (r.pos < r.len && out->sample_count < MUSTER_INPUT_SAMPLES_MAX) {
        struct muster_input_sample *sample = &out->samples[out->sample_count++];
        sample->pressed = muster_get_u16(&r);
        sample->aim = muster_get_u16(&r);
        sample->at = muster_get_u8(&r);
    }
    return r.overflow || r.pos < r.len ? MUSTER_INVALID : MUSTER_OK;
}

static struct muster_input *ring_at(struct input_ring *ring, uint32_t i) {
    return &ring->items[(ring->head + i) % MATCH_INPUTS_MAX];
}

void match_input_push(struct match *match, uint32_t seat, const struct muster_input *input) {
    struct match_seat *s = &match->seats[seat];
    struct input_ring *ring = &s->ring;
    if (!s->used || s->is_bot) return;
    if (ring->any && (int32_t)(input->sequence - ring->newest) <= 0) return;
    ring->newest = input->sequence;
    ring->any = true;
    if (ring->count == MATCH_INPUTS_MAX) { /* the oldest goes, its edges do not */
        ring_at(ring, 1)->pressed |= ring_at(ring, 0)->pressed;
        ring->head = (ring->head + 1) % MATCH_INPUTS_MAX;
        ring->count--;
    }
    *ring_at(ring, ring->count++) = *input;
}

void match_inputs_restart(struct match *match, uint32_t seat) {
    struct input_ring *ring = &match->seats[seat].ring;
    ring->head = ring->count = ring->newest = ring->ack = 0;
    ring->any = false;
}

/* In a call of the mode. */
static void give_input(struct match *match, uint32_t seat, const struct muster_input *input) {
    const struct provider *mode = match->mode.provider;
    uint8_t bytes[MATCH_INPUT_BYTES];
    uint32_t len = match_input_encode(input, bytes);
    record_append(match->record, match->tick, RECORD_INPUT, seat, bytes, len);
    mode->mode.input(mode->instance, match->mode.state, seat, input);
}

void match_input_apply(struct match *match, uint32_t seat, const struct muster_input *input) {
    if (!match->seats[seat].used || !match->mode.provider->mode.input) return;
    if (match->stepping) { /* take_inputs */
        give_input(match, seat, input);
        return;
    }
    match_steer_begin(match, &match->mode, "mode.input");
    give_input(match, seat, input);
    match_call_end(match);
    for (uint32_t i = 0; i < match->anticheat_count; i++) {
        struct match_part *part = &match->anticheats[i];
        if (!part->provider->anticheat.input) continue;
        match_call_begin(match, part, "anticheat.input");
        part->provider->anticheat.input(part->provider->instance, part->state, seat, match->tick,
                                        input);
        match_call_end(match);
    }
}

static void take_input(struct match *match, uint32_t seat) {
    struct input_ring *ring = &match->seats[seat].ring;
    struct muster_input input = *ring_at(ring, 0);
    ring->head = --ring->count ? (ring->head + 1) % MATCH_INPUTS_MAX : 0;
    ring->last = input;
    ring->ack = input.sequence;
    ring->repeated_ticks = 0;
    ring->active = true;
    match_input_apply(match, seat, &input);
}

/* Nothing came: the last input goes on for a while without its edges, then all is let go. */
static void repeat_input(struct match *match, uint32_t seat) {
    struct input_ring *ring = &match->seats[seat].ring;
    if (!ring->active) return;
    struct muster_input input = ring->last;
    input.pressed = 0;
    input.sample_count = 0;
    input.repeated = 1;
    if (ring->repeated_ticks++ >= match->repeat_ticks_max) {
        input.held = 0;
        input.move_x = input.move_y = 0;
        ring->active = false;
    }
    match_input_apply(match, seat, &input);
}

/* Where nobody else looks at them, all of a tick are one call of the mode: what stands around a
 * call costs more than an input does. */
static void take_inputs(struct match *match) {
    bool is_one_call = match->anticheat_count == 0 && match->mode.provider->mode.input;
    if (is_one_call) match_steer_begin(match, &match->mode, "mode.input");
    for (uint32_t seat = 0; seat < match->seats_max; seat++) {
        struct match_seat *s = &match->seats[seat];
        if (!s->used) continue;
        if (s->ring.count == 0) {
            repeat_input(match, seat);
            continue;
        }
        bool two = s->ring.count > 1;
        take_input(match, seat);
        if (two) take_input(match, seat);
    }
    if (is_one_call) match_call_end(match);
}

/* ---- messages -------------------------------------------------------------------------------- */

muster_status match_message_push(struct match *match, uint32_t seat, const void *data,
                                 uint32_t len) {
    struct match_seat *s = &match->seats[seat];
    if (!match->mode.provider->mode.message) return MUSTER_UNSUPPORTED;
    if (len == 0 || len > MUSTER_MESSAGE_MAX) return MUSTER_INVALID;
    if (!s->messages) s->messages = malloc(MATCH_MESSAGES_MAX);
    if (!s->messages) return MUSTER_NO_MEMORY;
    struct muster_writer w = muster_writer_make(s->messages, MATCH_MESSAGES_MAX);
    w.len = s->messages_len;
    muster_put_u16(&w, len);
    muster_put_bytes(&w, data, len);
    if (w.overflow) return MUSTER_LIMIT;
    s->messages_len = w.len;
    return MUSTER_OK;
}

void match_message_apply(struct match *match, uint32_t seat, const void *data, uint32_t len) {
    const struct provider *mode = match->mode.provider;
    if (!match->seats[seat].used || !mode->mode.message) return;
    record_append(match->record, match->tick, RECORD_MESSAGE, seat, data, len);
    match_steer_begin(match, &match->mode, "mode.message");
    mode->mode.message(mode->instance, match->mode.state, seat, data, len);
    match_call_end(match);
}

static void take_messages(struct match *match) {
    for (uint32_t seat = 0; seat < match->seats_max; seat++) {
        struct match_seat *s = &match->seats[seat];
        struct muster_reader r = muster_reader_make(s->messages, s->messages_len);
        while (r.pos < r.len) {
            uint32_t len = muster_get_u16(&r);
            match_message_apply(match, seat, muster_get_bytes(&r, len), len);
        }
        s->messages_len = 0;
    }
}

/* ---- commands -------------------------------------------------------------------------------- */

bool match_commands_fit(struct match *match, uint32_t count) {
    uint32_t room = match->command_room ? match->command_room : COMMANDS_FEW;
    if (count <= match->command_room) return true;
    while (room < count) room *= 2;
    struct match_command *grown = realloc(match->commands, room * sizeof *grown);
    if (!grown) return false;
    match->commands = grown;
    match->command_room = room;
    return true;
}

muster_status match_command_push(struct match *match, const struct match_command *command) {
    if (match->replaying) return MUSTER_OK; /* the log has it */
    if (match->command_count == MATCH_COMMANDS_MAX) return MUSTER_LIMIT;
    if (!match_commands_fit(match, match->command_count + 1)) return MUSTER_NO_MEMORY;
    match->commands[match->command_count++] = *command;
    return MUSTER_OK;
}

static void record_command(struct match *match, const struct match_command *command) {
    uint8_t bytes[320];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_str(&w, command->name);
    muster_put_str(&w, command->text);
    muster_put_u8(&w, command->arg_count);
    for (uint32_t i = 0; i < command->arg_count; i++) muster_put_i64(&w, command->args[i]);
    record_append(match->record, match->tick, RECORD_COMMAND, command->seat, bytes, w.len);
}

void match_command_apply(struct match *match, const struct match_command *command) {
    const struct provider *mode = match->mode.provider;
    record_command(match, command);
    if (!mode->mode.command) {
        match_command_refused(match, command);
        return;
    }
    struct muster_command call = {
        .size = sizeof call,
        .seat = command->seat,
        .name = command->name,
        .text = command->text,
        .args = command->args,
        .arg_count = command->arg_count,
    };
    match_steer_begin(match, &match->mode, "mode.command");
    muster_status status = mode->mode.command(mode->instance, match->mode.state, &call);
    match_call_end(match);
    if (!status) return;
    log_debug("match", "%s: command %s: %s", match->key, command->name, status_text(status));
    match_command_refused(match, command);
}

static void take_commands(struct match *match) {
    uint32_t count = match->command_count; /* one that comes meanwhile waits for the next tick */
    if (count == 0) return;
    for (uint32_t i = 0; i < count; i++) {
        const struct match_command command = match->commands[i]; /* more may move them */
        match_command_apply(match, &command);
    }
    match->command_count -= count;
    memmove(match->commands, match->commands + count,
            match->command_count * sizeof match->commands[0]);
}

/* ---- settings -------------------------------------------------------------------------------- */

muster_status match_settings_fit(const struct match *match, const json_t *values) {
    json_t *value;
    const char *key;
    if (match->settings_waiting_count + json_object_size(values) > MATCH_SETTINGS_MAX)
        return MUSTER_LIMIT;
    json_object_foreach((json_t *)values, key, value) {
        size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
        if (len == 0 || len > MATCH_SETTING_TEXT - 1) return MUSTER_LIMIT;
    }
    return MUSTER_OK;
}

muster_status match_setting_push(struct match *match, const char *key, const json_t *value) {
    if (match->replaying) return MUSTER_OK; /* the log has it */
    if (!match->settings_waiting)
        match->settings_waiting = calloc(MATCH_SETTINGS_MAX, sizeof match->settings_waiting[0]);
    if (!match->settings_waiting) return MUSTER_NO_MEMORY;
    if (match->settings_waiting_count == MATCH_SETTINGS_MAX) return MUSTER_LIMIT;
    struct match_setting *setting = &match->settings_waiting[match->settings_waiting_count];
    size_t len = json_dumpb(value, setting->value, sizeof setting->value - 1,
                            JSON_COMPACT | JSON_ENCODE_ANY);
    if (len == 0 || len > sizeof setting->value - 1) return MUSTER_LIMIT;
    setting->value[len] = '\0';
    snprintf(setting->key, sizeof setting->key, "%s", key);
    match->settings_waiting_count++;
    return MUSTER_OK;
}

typedef void (*setting_fn)(void *instance, void *state, const char *key);

static void tell_setting(struct match *match, struct match_part *part, setting_fn fn,
                         const char *key) {
    if (!fn) return;
    match_steer_begin(match, part, "setting");
    fn(part->provider->instance, part->state, key);
    match_call_end(match);
}

muster_status match_setting_apply(struct match *match, const struct match_setting *setting) {
    uint8_t bytes[sizeof *setting + 4];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    json_t *value = json_loads(setting->value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!value) return MUSTER_INVALID;
    muster_put_str(&w, setting->key);
    muster_put_str(&w, setting->value);
    record_append(match->record, match->tick, RECORD_SETTING, MUSTER_SEAT_NONE, bytes, w.len);
    shared_put(&match->settings, setting->key, value);
    tell_setting(match, &match->mode, match->mode.provider->mode.setting, setting->key);
    match_rules_setting(match, setting->key);
    for (uint32_t i = 0; i < match->victory_count; i++)
        tell_setting(match, &match->victories[i], match->victories[i].provider->victory.setting,
                     setting->key);
    return MUSTER_OK;
}

static void take_settings(struct match *match) {
    for (uint32_t i = 0; i < match->settings_waiting_count; i++)
        if (match_setting_apply(match, &match->settings_waiting[i]))
            log_debug("match", "%s: setting %s: no JSON", match->key,
                      match->settings_waiting[i].key);
    match->settings_waiting_count = 0;
}

/* ---- the step -------------------------------------------------------------------------------- */

static void count_owed(const struct match *match, uint32_t owed[MUSTER_TEAMS_MAX + 1]) {
    memset(owed, 0, (MUSTER_TEAMS_MAX + 1) * sizeof owed[0]);
    for (uint32_t i = 0; i < match->departed_count; i++)
        if (match->departed[i].leave_reason == MUSTER_LEAVE_DISTURBED)
            owed[match->departed[i].team]++;
}

const struct muster_match_facts *match_facts(struct match *match) {
    static uint32_t seated[MUSTER_TEAMS_MAX + 1], humans[MUSTER_TEAMS_MAX + 1],
        alive[MUSTER_TEAMS_MAX + 1], owed[MUSTER_TEAMS_MAX + 1];
    static struct muster_match_facts facts;
    match_note_meeting(match);
    memset(seated, 0, sizeof seated);
    memset(humans, 0, sizeof humans);
    memset(alive, 0, sizeof alive);
    count_owed(match, owed);
    for (uint32_t i = 0; i < match_seat_count(match); i++) {
        const struct match_seat *s = &match->seats[i];
        if (!s->used) continue;
        seated[s->team]++;
        if (!s->is_bot) humans[s->team]++;
        if (s->alive) alive[s->team]++;
    }
    facts = (struct muster_match_facts){
        .size = sizeof facts,
        .tick = match->tick,
        .elapsed_ms = match_elapsed_ms(match),
        .seats_max = match->seats_max,
        .team_count = match->teams.count,
        .team_score = match->team_score,
        .team_seated = seated,
        .team_humans = humans,
        .team_alive = alive,
        .sides_met = match->sides_met,
        .team_owed = owed,
    };
    return &facts;
}

static void evaluate(struct match *match) {
    const struct muster_match_facts *facts = match_facts(match);
    for (uint32_t i = 0; i < match->victory_count && !match->ended; i++) {
        struct match_part *part = &match->victories[i];
        struct muster_match_end end = {.size = sizeof end};
        struct match_decision decision;
        if (part->is_idle) continue;
        match_steer_begin(match, part, "victory.evaluate");
        muster_verdict verdict =
            part->provider->victory.evaluate(part->provider->instance, part->state, facts, &end);
        match_call_end(match);
        if (verdict == MUSTER_UNDECIDED) continue;
        if (verdict != MUSTER_DECIDED || !match_decision_take(match, &end, &decision)) {
            plugin_fault(part->provider->self,
                         "victory.evaluate answered %u, winner %u of kind %u, reason \"%.47s\"",
                         verdict, end.winner, end.winner_kind, end.reason ? end.reason : "");
            continue;
        }
        match_end(match, decision);
    }
}

void match_advance(struct match *match) {
    const struct provider *mode = match->mode.provider;
    struct muster_tick tick = {
        .size = sizeof tick,
        .tick = match->tick,
        .dt_us = 1000000 / match->tick_rate_hz,
        .elapsed_ms = match_elapsed_ms(match),
    };
    match_steer_begin(match, &match->mode, "mode.tick");
    mode->mode.tick(mode->instance, match->mode.state, &tick);
    match_call_end(match);
    match_rules_tick(match, &tick);
    match->tick++;
    match->ended = match->ended || match->ending;
    if (!match->ended) evaluate(match);
    match_frames_clear(match);
}

void match_step(struct match *match) {
    ENSURE(!match->stepping && !match->ended);
    if (match->record && match->tick % HASH_EVERY_TICKS == 0 && match->tick > 0) {
        uint8_t bytes[8];
        struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
        muster_put_u64(&w, match_hash(match));
        record_append(match->record, match->tick, RECORD_HASH, MUSTER_SEAT_NONE, bytes, w.len);
    }
    bool has_twin = match_twin_save(match);
    take_settings(match);
    take_commands(match);
    take_messages(match);
    take_inputs(match);
    match_advance(match);
    if (has_twin) match_twin_compare(match);
}

void match_sent(struct match *match) {
    match->event_tick_begin = match->event_end;
    match->event_tick_count = 0;
}

void match_steer(struct match *match, const struct muster_self *by,
                 void (*fn)(void *user, muster_match_id match), void *user) {
    const struct match_part *part = &match->mode;
    for (uint32_t i = 0; i < match->rules_count; i++)
        if (match->rules[i].provider->self == by) part = &match->rules[i];
    match_steer_begin(match, part, "engine.steer");
    fn(user, match->id); /* no call of the rules is under way: they can be asked and told */
    match_call_end(match);
}

void match_record_end(struct match *match, uint64_t hash) {
    uint8_t bytes[2 + 2 + MUSTER_NAME_MAX + 8];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, match->decision.winner_kind);
    muster_put_u8(&w, match->decision.winner);
    muster_put_str(&w, match->decision.reason);
    muster_put_u64(&w, hash);
    record_append(match->record, match->tick, RECORD_END, MUSTER_SEAT_NONE, bytes, w.len);
    record_close(match->record);
    match->record = NULL;
}

void match_finish(struct match *match) {
    match_record_end(match, match_hash(match));
    match->finished = true;
}
