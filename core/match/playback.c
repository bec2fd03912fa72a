#include "playback.h"

#include <string.h>

#include "base/text.h"

#define TICKS_MAX 5184000 /* a day at 60 Hz: a number in a damaged file is no work for years */

/* ---- entries --------------------------------------------------------------------------------- */

static muster_status apply_join(struct match *match, const struct record_entry *entry) {
    char player_key[MUSTER_PLAYER_KEY_MAX], display_name[MUSTER_DISPLAY_MAX];
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    uint32_t team = muster_get_u8(&r);
    bool connected = muster_get_u8(&r);
    muster_get_str(&r, player_key, sizeof player_key);
    muster_get_str(&r, display_name, sizeof display_name);
    if (!text_end_mend(display_name) || !text_end_mend(player_key)) return MUSTER_INVALID;
    if (r.overflow || entry->seat >= match->seats_max || match->seats[entry->seat].used ||
        team > match->teams.count)
        return MUSTER_INVALID;
    /* A seat that the mode refused is refused again; the LEAVE that follows finds it empty. */
    muster_status refused =
        match_join(match, entry->seat, player_key, display_name, team, connected);
    (void)refused;
    return MUSTER_OK;
}

static muster_status apply_command(struct match *match, const struct record_entry *entry) {
    struct match_command command = {.seat = entry->seat};
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    muster_get_str(&r, command.name, sizeof command.name);
    muster_get_str(&r, command.text, sizeof command.text);
    command.arg_count = muster_get_u8(&r);
    if (command.arg_count > 8) return MUSTER_INVALID;
    for (uint32_t i = 0; i < command.arg_count; i++) command.args[i] = muster_get_i64(&r);
    if (r.overflow) return MUSTER_INVALID;
    match_command_apply(match, &command);
    return MUSTER_OK;
}

static muster_status apply_setting(struct match *match, const struct record_entry *entry) {
    struct match_setting setting;
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    muster_get_str(&r, setting.key, sizeof setting.key);
    muster_get_str(&r, setting.value, sizeof setting.value);
    return r.overflow ? MUSTER_INVALID : match_setting_apply(match, &setting);
}

static muster_status apply_input(struct match *match, const struct record_entry *entry) {
    struct muster_input input;
    if (entry->seat >= match->seats_max) return MUSTER_INVALID;
    muster_status status = match_input_decode(entry->data, entry->len, &input);
    if (!status) match_input_apply(match, entry->seat, &input);
    return status;
}

static muster_status apply_message(struct match *match, const struct record_entry *entry) {
    if (entry->seat >= match->seats_max || entry->len < 1 || entry->len > MUSTER_MESSAGE_MAX)
        return MUSTER_INVALID;
    match_message_apply(match, entry->seat, entry->data, entry->len);
    return MUSTER_OK;
}

static muster_status apply_disturbed(struct match *match, const struct record_entry *entry) {
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    uint32_t cause = muster_get_u8(&r), ms = muster_get_u32(&r);
    if (r.overflow || cause < 1 || cause > MATCH_CAUSES) return MUSTER_INVALID;
    match_disturb(match, cause, ms);
    return MUSTER_OK;
}

static void note_difference(struct playback *playback, uint32_t tick) {
    if (!playback->different) playback->different_tick = tick;
    playback->different = true;
}

static muster_status compare_hash(struct playback *playback, uint64_t recorded, uint32_t tick) {
    playback->hash = match_hash(playback->match);
    playback->recorded_hash = recorded;
    playback->compared_tick = tick;
    if (playback->hash != recorded) note_difference(playback, tick);
    return MUSTER_OK;
}

static muster_status apply_end(struct playback *playback, const struct record_entry *entry) {
    struct muster_reader r = muster_reader_make(entry->data, entry->len);
    struct match *match = playback->match;
    struct match_decision decision = {.winner_kind = muster_get_u8(&r)};
    decision.winner = muster_get_u8(&r);
    muster_get_str(&r, decision.reason, sizeof decision.reason);
    uint64_t hash = muster_get_u64(&r);
    if (r.overflow || !match_decision_valid(match, &decision)) return MUSTER_INVALID;
    match_end(match, decision); /* only when it was ended from outside */
    playback->ended = true;
    if (match->decision.winner_kind != decision.winner_kind ||
        match->decision.winner != decision.winner ||
        strcmp(match->decision.reason, decision.reason) != 0)
        note_difference(playback, entry->tick);
    return compare_hash(playback, hash, entry->tick);
}

static muster_status apply(struct playback *playback, const struct record_entry *entry) {
    struct match *match = playback->match;
    struct muster_reader in = muster_reader_make(entry->data, entry->len);
    uint8_t byte = entry->len ? entry->data[0] : 0;
    bool seated = entry->seat < match->seats_max;
    switch (entry->kind) {
    case RECORD_JOIN: return apply_join(match, entry);
    case RECORD_LEAVE:
        if (!seated || !byte) return MUSTER_INVALID;
        match_leave(match, entry->seat, byte);
        return MUSTER_OK;
    case RECORD_CONNECTION:
        if (seated) match_connection(match, entry->seat, byte);
        return seated ? MUSTER_OK : MUSTER_INVALID;
    case RECORD_INPUT: return apply_input(match, entry);
    case RECORD_MESSAGE: return apply_message(match, entry);
    case RECORD_COMMAND: return apply_command(match, entry);
    case RECORD_SETTING: return apply_setting(match, entry);
    case RECORD_DISTURBED: return apply_disturbed(match, entry);
    case RECORD_HASH:
        if (entry->len != 8) return MUSTER_INVALID;
        return compare_hash(playback, muster_get_u64(&in), entry->tick);
    case RECORD_END: return apply_end(playback, entry);
    case RECORD_NOTE: return match_note_apply(match, entry);
    case RECORD_NOTE_EARLY: return MUSTER_OK; /* has been told */
    default: return MUSTER_INVALID;
    }
}

/* What was written inside a step says something that the step has to know before. */
static muster_status tell_early_notes(struct match *match, struct record_reader *reader) {
    struct record_entry entry;
    muster_status status;
    while (!(status = record_next(reader, &entry)) && entry.kind != RECORD_END) {
        if (entry.kind == RECORD_NOTE_EARLY) status = match_note_apply(match, &entry);
        if (status) return status;
    }
    record_rewind(reader);
    return status == MUSTER_NOT_FOUND ? MUSTER_OK : status;
}

static void advance(struct match *match, uint32_t tick) {
    while (match->tick < tick && !match->ended) {
        match_advance(match);
        match_sent(match);
    }
}

static muster_status play(struct playback *playback, struct record_reader *reader) {
    struct record_entry entry;
    muster_status status;
    while (!playback->ended && !(status = record_next(reader, &entry))) {
        if (entry.tick < playback->match->tick || entry.tick > TICKS_MAX) return MUSTER_INVALID;
        advance(playback->match, entry.tick);
        if (playback->match->tick != entry.tick) { /* it ended earlier than it did */
            note_difference(playback, playback->match->tick);
            return MUSTER_OK;
        }
        status = apply(playback, &entry);
        if (status) return status;
    }
    return playback->ended || status == MUSTER_NOT_FOUND ? MUSTER_OK : status;
}

muster_status playback_run(struct playback *playback, struct record_reader *reader) {
    muster_status status = tell_early_notes(playback->match, reader);
    if (!status) status = play(playback, reader);
    if (!status && !playback->ended) playback->hash = match_hash(playback->match);
    return status;
}

muster_status playback_go_on(struct playback *playback, struct record_reader *reader,
                             uint32_t tick) {
    struct match *match = playback->match;
    if (tick < match->tick || tick > TICKS_MAX) return MUSTER_INVALID;
    match_replay(match, true);
    muster_status status = tell_early_notes(match, reader);
    if (!status) status = play(playback, reader);
    if (!status && match->tick <= tick) advance(match, tick);
    match_replay(match, false);
    if (match->tick != tick || match->ended) note_difference(playback, match->tick);
    return status;
}
