/* What waits in a match between two ticks, as bytes: it is no part of the state, which it enters
 * with the next step. For a match that goes on elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "match_internal.h"

/* ---- save ------------------------------------------------------------------------------------ */

static void save_input(const struct muster_input *input, struct muster_writer *w) {
    uint8_t bytes[MATCH_INPUT_BYTES];
    uint32_t len = match_input_encode(input, bytes);
    muster_put_u8(w, len);
    muster_put_bytes(w, bytes, len);
}

static void save_seat(const struct match_seat *s, struct muster_writer *w) {
    const struct input_ring *ring = &s->ring;
    muster_put_u8(w, ring->any | ring->active << 1);
    muster_put_u32(w, ring->newest);
    muster_put_u32(w, ring->ack);
    muster_put_u32(w, ring->repeated_ticks);
    save_input(&ring->last, w);
    muster_put_u8(w, ring->count);
    for (uint32_t i = 0; i < ring->count; i++)
        save_input(&ring->items[(ring->head + i) % MATCH_INPUTS_MAX], w);
    muster_put_u16(w, s->messages_len);
    muster_put_bytes(w, s->messages, s->messages_len);
}

static void save_command(const struct match_command *command, struct muster_writer *w) {
    muster_put_u32(w, command->seat);
    muster_put_str(w, command->name);
    muster_put_str(w, command->text);
    muster_put_u8(w, command->arg_count);
    for (uint32_t i = 0; i < command->arg_count; i++) muster_put_i64(w, command->args[i]);
}

/* Those that nobody has been sent yet. */
static void save_events(const struct match *match, struct muster_writer *w) {
    uint32_t len = (uint32_t)(match->event_end - match->event_tick_begin);
    muster_put_u16(w, len);
    for (uint64_t at = match->event_tick_begin; at < match->event_end; at++)
        muster_put_u8(w, match->events[at % MATCH_EVENT_RING]);
}

void match_waiting_save(const struct match *match, struct muster_writer *w) {
    for (uint32_t seat = 0; seat < match->seats_max; seat++) save_seat(&match->seats[seat], w);
    muster_put_u8(w, match->command_count);
    for (uint32_t i = 0; i < match->command_count; i++) save_command(&match->commands[i], w);
    muster_put_u8(w, match->settings_waiting_count);
    for (uint32_t i = 0; i < match->settings_waiting_count; i++) {
        muster_put_str(w, match->settings_waiting[i].key);
        muster_put_str(w, match->settings_waiting[i].value);
    }
    save_events(match, w);
    muster_put_u8(w, match->ended);
    if (match->ended) match_decision_save(match, w);
}

/* ---- load ------------------------------------------------------------------------------------ */

static bool load_input(struct muster_input *input, struct muster_reader *r) {
    uint32_t len = muster_get_u8(r);
    const uint8_t *bytes = muster_get_bytes(r, len);
    return bytes && match_input_decode(bytes, len, input) == MUSTER_OK;
}

/* Runs of 1 to so many bytes, each behind its length. */
static bool are_runs(struct muster_reader r, bool wide, uint32_t run_max) {
    uint32_t len = 1;
    while (r.pos < r.len && len > 0 && len <= run_max) {
        len = wide ? muster_get_u16(&r) : muster_get_u8(&r);
        muster_get_bytes(&r, len);
    }
    return !r.overflow && len > 0 && len <= run_max;
}

static bool load_messages(struct match_seat *s, struct muster_reader *r) {
    uint32_t len = muster_get_u16(r);
    const uint8_t *bytes = muster_get_bytes(r, len);
    if (!bytes || len > MATCH_MESSAGES_MAX) return false;
    if (!are_runs(muster_reader_make(bytes, len), true, MUSTER_MESSAGE_MAX)) return false;
    if (len > 0 && !s->messages) s->messages = malloc(MATCH_MESSAGES_MAX);
    if (len > 0 && !s->messages) return false;
    if (len > 0) memcpy(s->messages, bytes, len);
    s->messages_len = len;
    return true;
}

static bool load_seat(struct match_seat *s, struct muster_reader *r) {
    struct input_ring *ring = &s->ring;
    uint32_t flags = muster_get_u8(r);
    *ring = (struct input_ring){.any = flags & 1, .active = flags >> 1 & 1};
    ring->newest = muster_get_u32(r);
    ring->ack = muster_get_u32(r);
    ring->repeated_ticks = muster_get_u32(r);
    if (flags >> 2 || !load_input(&ring->last, r)) return false;
    ring->count = muster_get_u8(r);
    if (ring->count > MATCH_INPUTS_MAX) return false;
    for (uint32_t i = 0; i < ring->count; i++)
        if (!load_input(&ring->items[i], r)) return false;
    return load_messages(s, r);
}

static bool load_command(struct match_command *command, struct muster_reader *r) {
    *command = (struct match_command){.seat = muster_get_u32(r)};
    muster_get_str(r, command->name, sizeof command->name);
    muster_get_str(r, command->text, sizeof command->text);
    command->arg_count = muster_get_u8(r);
    if (command->arg_count > sizeof command->args / sizeof command->args[0]) return false;
    for (uint32_t i = 0; i < command->arg_count; i++) command->args[i] = muster_get_i64(r);
    return !r->overflow;
}

static bool load_settings(struct match *match, struct muster_reader *r) {
    uint32_t count = muster_get_u8(r);
    if (count > MATCH_SETTINGS_MAX) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct match_setting setting;
        muster_get_str(r, setting.key, sizeof setting.key);
        muster_get_str(r, setting.value, sizeof setting.value);
        json_t *value = json_loads(setting.value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        bool good = value && match_setting_push(match, setting.key, value) == MUSTER_OK;
        json_decref(value);
        if (r->overflow || !good) return false;
    }
    return true;
}

static bool load_events(struct match *match, struct muster_reader *r) {
    uint32_t len = muster_get_u16(r);
    const uint8_t *bytes = muster_get_bytes(r, len);
    struct muster_reader runs = muster_reader_make(bytes, bytes ? len : 0);
    if (!bytes || !are_runs(runs, false, MUSTER_EVENT_MAX)) return false;
    match_sent(match); /* of the beginning */
    while (runs.pos < runs.len) {
        uint32_t run = muster_get_u8(&runs);
        if (match_event(match, muster_get_bytes(&runs, run), run)) return false;
    }
    return true;
}

static bool load_end(struct match *match, struct muster_reader *r) {
    uint32_t ended = muster_get_u8(r);
    if (ended == 0) return !r->overflow;
    match->ended = match->finished = true;
    return ended == 1 && match_decision_load(match, r);
}

bool match_waiting_load(struct match *match, struct muster_reader *r) {
    for (uint32_t seat = 0; seat < match->seats_max; seat++)
        if (!load_seat(&match->seats[seat], r)) return false;
    uint32_t count = muster_get_u8(r);
    if (count > MATCH_COMMANDS_MAX || !match_commands_fit(match, count)) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!load_command(&match->commands[i], r)) return false;
    match->command_count = count;
    return load_settings(match, r) && load_events(match, r) && load_end(match, r);
}

/* ---- forget ---------------------------------------------------------------------------------- */

/* Whatever a player held is let go with the next tick, unless a new input comes. */
static void let_go(struct match *match, uint32_t seat) {
    struct input_ring *ring = &match->seats[seat].ring;
    ring->head = ring->count = 0;
    ring->active = match->seats[seat].used;
    ring->repeated_ticks = match->repeat_ticks_max;
    match->seats[seat].messages_len = 0;
}

void match_waiting_forget(struct match *match) {
    for (uint32_t seat = 0; seat < match->seats_max; seat++) let_go(match, seat);
    match->command_count = match->settings_waiting_count = 0;
}
