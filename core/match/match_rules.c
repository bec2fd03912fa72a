/* The lobby's rules in its match: calls of the step, facts, notes, and the names of what took part.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "match_internal.h"
#include "match_twin.h"
#include "metrics.h"
#include "status.h"
#include "watchdog.h"

/* ---- calls ----------------------------------------------------------------------------------- */

/* How the match stood before a call, which may be nested in one of its mode. */
struct outer {
    bool stepping;
    bool steering;
};

static struct outer rules_enter(struct match *match, const struct match_part *part,
                                const char *call) {
    struct outer outer = {match->stepping, match->steering};
    match_steer_begin(match, part, call);
    match->in_rules = true;
    return outer;
}

static void rules_leave(struct match *match, struct outer outer) {
    match_call_end(match);
    match->in_rules = false;
    match->stepping = outer.stepping;
    match->steering = outer.steering;
}

/* The function of each of the rules that has it, in order. */
#define CALL_ALL_RULES(match, skips_idle, function, ...)                                           \
    for (uint32_t i = 0; i < (match)->rules_begun; i++) {                                          \
        const struct match_part *part = &(match)->rules[i];                                        \
        const struct provider *p = part->provider;                                                 \
        if (((skips_idle) && part->is_idle) || !p->rules.function) continue;                       \
        struct outer outer = rules_enter(match, part, "rules." #function);                         \
        p->rules.function(p->instance, part->state, __VA_ARGS__);                                  \
        rules_leave(match, outer);                                                                 \
    }
#define CALL_RULES(match, function, ...) CALL_ALL_RULES(match, true, function, __VA_ARGS__)

muster_status match_idle_set(struct match *match, const struct muster_self *self, bool is_idle) {
    muster_status status = MUSTER_DENIED;
    for (uint32_t i = 0; i < match->rules_count + MATCH_VICTORIES_MAX; i++) {
        struct match_part *part =
            i < match->rules_count ? &match->rules[i] : &match->victories[i - match->rules_count];
        if (!part->provider || part->provider->self != self) continue;
        part->is_idle = is_idle;
        status = MUSTER_OK;
    }
    return status;
}

void match_rules_join(struct match *match, uint32_t seat) {
    CALL_RULES(match, match_join, seat)
}

void match_rules_leave(struct match *match, uint32_t seat, uint32_t reason) {
    CALL_RULES(match, match_leave, seat, reason)
}

void match_rules_connection(struct match *match, uint32_t seat, bool connected) {
    CALL_RULES(match, match_connection, seat, connected)
}

void match_rules_tick(struct match *match, const struct muster_tick *tick) {
    CALL_RULES(match, match_tick, tick)
}

void match_rules_setting(struct match *match,
                         const char *key){CALL_ALL_RULES(match, false, match_setting, key)}

int64_t match_adjust(struct match *match, const struct muster_param *param, int64_t value) {
    CALL_RULES(match, adjust, match->id, param, &value)
    return value;
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void tell_anticheats(struct match *match, const struct muster_fact *fact) {
    bool steering = match->steering;
    match->steering = false; /* who only watches is not there in a replay */
    for (uint32_t i = 0; i < match->anticheat_count; i++) {
        struct match_part *part = &match->anticheats[i];
        if (!part->provider->anticheat.fact) continue;
        plugin_enter_part(part->provider->self, "anticheat.fact");
        watchdog_call_of(match->lobby_key);
        part->provider->anticheat.fact(part->provider->instance, part->state, fact);
        plugin_leave();
    }
    match->steering = steering;
}

/* Of no lobby: it has been counted. */
static void count_fact(const struct match *match, const char *kind) {
    if (match->lobby.value && strcmp(kind, "impossible_input") == 0)
        metrics_add(METRIC_INPUTS_IMPOSSIBLE, 1);
}

void match_fact(struct match *match, uint32_t seat, const char *kind, int64_t value) {
    const struct muster_fact fact = {
        .size = sizeof fact,
        .seat = seat,
        .tick = match->tick,
        .kind = kind,
        .value = value,
        .other_seat = MUSTER_SEAT_NONE,
        .third_seat = MUSTER_SEAT_NONE,
        .text = "",
    };
    count_fact(match, kind);
    tell_anticheats(match, &fact);
}

void match_observe(struct match *match, const struct muster_fact *fact) {
    count_fact(match, fact->kind);
    tell_anticheats(match, fact);
}

bool match_is_observed(const struct match *match) {
    for (uint32_t i = 0; i < match->anticheat_count; i++)
        if (match->anticheats[i].provider->anticheat.fact) return true;
    return false;
}

void match_observe_seat(struct match *match, uint32_t seat, const char *kind) {
    if (!match->seats[seat].is_bot) match_fact(match, seat, kind, 1);
}

void match_tell(struct match *match, const struct muster_fact *fact) {
    count_fact(match, fact->kind);
    CALL_RULES(match, match_fact, fact)
    tell_anticheats(match, fact);
}

/* In the step, so that a replay tells it again. */
void match_command_refused(struct match *match, const struct match_command *command) {
    const struct muster_fact fact = {
        .size = sizeof fact,
        .seat = command->seat,
        .tick = match->tick,
        .kind = MUSTER_FACT_REFUSED,
        .value = command->arg_count ? command->args[0] : 0,
        .other_seat = MUSTER_SEAT_NONE,
        .third_seat = MUSTER_SEAT_NONE,
        .text = command->name,
    };
    CALL_RULES(match, match_fact, &fact)
}

/* ---- notes ----------------------------------------------------------------------------------- */

#define BEGIN_NOTE_HEAD 3 /* part, length */

static void note_tell(struct match *match, uint32_t index, const void *data, uint32_t len) {
    const struct match_part *part = &match->rules[index];
    const struct provider *p = part->provider;
    struct outer outer = rules_enter(match, part, "rules.match_note");
    p->rules.match_note(p->instance, part->state, data, len);
    rules_leave(match, outer);
}

static void note_record(struct match *match, uint32_t kind, uint32_t index, const void *data,
                        uint32_t len) {
    uint8_t bytes[1 + MUSTER_NOTE_MAX];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, index);
    muster_put_bytes(&w, data, len);
    record_append(match->record, match->tick, kind, MUSTER_SEAT_NONE, bytes, w.len);
}

/* In match_begin. Kept in a replay, too, so that the limit is the same. */
static muster_status note_later(struct match *match, uint32_t index, const void *data,
                                uint32_t len) {
    uint32_t end = match->begin_notes_len + BEGIN_NOTE_HEAD + len;
    if (end > MATCH_BEGIN_NOTES_MAX) return MUSTER_LIMIT;
    uint8_t *grown = realloc(match->begin_notes, end);
    if (!grown) return MUSTER_NO_MEMORY;
    match->begin_notes = grown;
    struct muster_writer w = muster_writer_make(grown, end);
    w.len = match->begin_notes_len;
    muster_put_u8(&w, index);
    muster_put_u16(&w, len);
    muster_put_bytes(&w, data, len);
    match->begin_notes_len = end;
    note_record(match, RECORD_NOTE, index, data, len);
    return MUSTER_OK;
}

void match_notes_tell(struct match *match, const uint8_t *notes, uint32_t len) {
    struct muster_reader r = muster_reader_make(notes, len);
    while (r.pos < r.len) {
        uint32_t index = muster_get_u8(&r);
        uint32_t note_len = muster_get_u16(&r);
        note_tell(match, index, muster_get_bytes(&r, note_len), note_len);
    }
}

muster_status match_note(struct match *match, const struct muster_self *self, const void *data,
                         uint32_t len) {
    uint32_t index = 0;
    while (index < match->rules_count && match->rules[index].provider->self != self) index++;
    if (index == match->rules_count || !match->rules[index].provider->rules.match_note)
        return MUSTER_DENIED;
    if (!data || len == 0 || len > MUSTER_NOTE_MAX) return MUSTER_INVALID;
    if (match->beginning) return note_later(match, index, data, len);
    if (match->replaying) return MUSTER_OK;
    if (match->steering) {
        note_record(match, RECORD_NOTE_EARLY, index, data, len);
        match_twin_note(match, index, data, len);
        return MUSTER_OK;
    }
    if (match->in_rules || match->finished || index >= match->rules_begun) return MUSTER_STATE;
    note_record(match, RECORD_NOTE, index, data, len);
    note_tell(match, index, data, len);
    return MUSTER_OK;
}

muster_status match_note_apply(struct match *match, const struct record_entry *entry) {
    if (entry->len < 2 || entry->len > 1 + MUSTER_NOTE_MAX) return MUSTER_INVALID;
    uint32_t index = entry->data[0];
    if (index >= match->rules_begun || !match->rules[index].provider->rules.match_note)
        return MUSTER_INVALID;
    note_tell(match, index, entry->data + 1, entry->len - 1u);
    return MUSTER_OK;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static muster_status begin(struct match *match, const struct match_part *part,
                           const struct muster_match_info *info) {
    const struct provider *p = part->provider;
    if (!p->rules.match_begin) return MUSTER_OK;
    struct outer outer = rules_enter(match, part, "rules.match_begin");
    match->beginning = true;
    muster_status status = p->rules.match_begin(p->instance, part->state, info);
    match->beginning = false;
    rules_leave(match, outer);
    if (status)
        log_warn("match", "%s: the rules of %s refused it: %s", match->key, p->self->instance_name,
                 status_text(status));
    return status;
}

muster_status match_rules_begin(struct match *match, const struct muster_match_info *info) {
    for (; match->rules_begun < match->rules_count; match->rules_begun++) {
        muster_status status = begin(match, &match->rules[match->rules_begun], info);
        if (status) return status;
    }
    if (!match->replaying) match_notes_tell(match, match->begin_notes, match->begin_notes_len);
    return MUSTER_OK;
}

void match_rules_end(struct match *match) {
    for (uint32_t i = 0; i < match->rules_begun; i++) {
        const struct match_part *part = &match->rules[i];
        if (!part->provider->rules.match_end) continue;
        match_call_begin(match, part, "rules.match_end");
        match->in_rules = true;
        part->provider->rules.match_end(part->provider->instance, part->state);
        match->in_rules = false;
        match_call_end(match);
    }
    match->rules_begun = 0;
    free(match->begin_notes);
    match->begin_notes = NULL;
    match->begin_notes_len = 0;
}

/* ---- what took part -------------------------------------------------------------------------- */

/* Visible ASCII that fits: it stands in JSON and in logs. */
static bool word_valid(const char *text, uint32_t cap) {
    uint32_t len = 0;
    while (text && len < cap && text[len] > ' ' && text[len] <= '~') len++;
    return len > 0 && len < cap && text[len] == '\0';
}

static bool version_add(struct match *match) {
    struct match_version *grown =
        realloc(match->versions, (match->version_count + 1) * sizeof *grown);
    if (!grown) return false;
    match->versions = grown;
    match->version_count++;
    return true;
}

muster_status match_version_set(struct match *match, const char *name, const char *version) {
    if (!word_valid(name, sizeof match->versions->name) ||
        !word_valid(version, sizeof match->versions->version))
        return MUSTER_INVALID;
    uint32_t i = 0;
    while (i < match->version_count && strcmp(match->versions[i].name, name) != 0) i++;
    if (i == MATCH_VERSIONS_MAX) return MUSTER_LIMIT;
    if (i == match->version_count && !version_add(match)) return MUSTER_NO_MEMORY;
    memcpy(match->versions[i].name, name, strlen(name) + 1);
    memcpy(match->versions[i].version, version, strlen(version) + 1);
    return MUSTER_OK;
}

/* ---- after a crash --------------------------------------------------------------------------- */

void match_replay(struct match *match, bool is_replay) {
    const struct match_part *mode = &match->mode;
    match->replaying = is_replay;
    if (mode->provider->mode.replay) {
        match_call_begin(match, mode, "mode.replay");
        mode->provider->mode.replay(mode->provider->instance, mode->state, is_replay);
        match_call_end(match);
    }
    CALL_ALL_RULES(match, false, match_replay, is_replay)
}
