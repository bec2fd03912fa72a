/* ruling.c - rules in the fake matches: what they are told, and what they note. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define BEGIN_NOTES_BYTES_MAX (256u << 10)
#define NOTE_HEAD_BYTES 3u

/* ---- who takes part -------------------------------------------------------------------------- */

muster_status testkit_rules_attach(struct testkit *kit, muster_self *plugin, muster_lobby_id lobby,
                                   void **state) {
    const struct muster_rules *rules = plugin->roles[MUSTER_ROLE_RULES];
    if (!rules || kit->ruling_count == RULINGS_MAX) return rules ? MUSTER_LIMIT : MUSTER_NOT_FOUND;
    struct ruling *ruling = &kit->rulings[kit->ruling_count];
    *ruling = (struct ruling){.plugin = plugin, .rules = rules};
    muster_status status =
        rules->create ? rules->create(plugin->instance, lobby, &ruling->state) : MUSTER_OK;
    if (status != MUSTER_OK) return status;
    kit->ruling_count++;
    if (state) *state = ruling->state;
    return MUSTER_OK;
}

static void ruling_end(struct match *match, const struct ruling *ruling) {
    if (!ruling->rules->match_end) return;
    match->in_rules = true;
    ruling->rules->match_end(ruling->plugin->instance, ruling->state);
    match->in_rules = false;
}

/* Out of all matches, and its state ends. */
void rulings_close(muster_self *self) {
    struct testkit *kit = self->kit;
    struct match *match;
    DL_FOREACH(kit->matches, match) {
        uint32_t kept = 0, begun = 0;
        for (uint32_t i = 0; i < match->ruling_count; i++) {
            bool is_begun = i < match->rulings_begun;
            if (match->rulings[i].plugin == self) {
                if (is_begun) ruling_end(match, &match->rulings[i]);
                continue;
            }
            begun += is_begun;
            match->rulings[kept++] = match->rulings[i];
        }
        match->ruling_count = kept;
        match->rulings_begun = begun;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < kit->ruling_count; i++) {
        struct ruling *ruling = &kit->rulings[i];
        if (ruling->plugin != self)
            kit->rulings[kept++] = *ruling;
        else if (ruling->rules->destroy)
            ruling->rules->destroy(self->instance, ruling->state);
    }
    kit->ruling_count = kept;
}

/* ---- the match's calls ----------------------------------------------------------------------- */

/* The function of each of the match's rules that has it, as a part of the step. */
#define CALL_RULINGS(match, function, ...)                                                         \
    for (uint32_t i = 0; i < (match)->rulings_begun; i++) {                                        \
        const struct ruling *ruling = &(match)->rulings[i];                                        \
        if (!ruling->rules->function) continue;                                                    \
        bool steering = (match)->steering;                                                         \
        (match)->steering = (match)->in_rules = true;                                              \
        ruling->rules->function(ruling->plugin->instance, ruling->state, __VA_ARGS__);             \
        (match)->in_rules = false;                                                                 \
        (match)->steering = steering;                                                              \
    }

void rulings_join(struct match *match, uint32_t seat) {
    CALL_RULINGS(match, match_join, seat)
}

void rulings_leave(struct match *match, uint32_t seat, uint32_t reason) {
    CALL_RULINGS(match, match_leave, seat, reason)
}

void rulings_connection(struct match *match, uint32_t seat, bool connected) {
    CALL_RULINGS(match, match_connection, seat, connected)
}

void rulings_setting(struct match *match, const char *key) {
    CALL_RULINGS(match, match_setting, key)
}

void rulings_tick(struct match *match, const struct muster_tick *tick) {
    CALL_RULINGS(match, match_tick, tick)
}

void rulings_fact(struct match *match,
                  const struct muster_fact *fact){CALL_RULINGS(match, match_fact, fact)}

int64_t rulings_adjust(struct match *match, const struct muster_param *param, int64_t value) {
    if (match->in_rules) return value;
    CALL_RULINGS(match, adjust, match->id, param, &value)
    return value;
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void note_tell(struct match *match, const struct ruling *ruling, const void *data,
                      uint32_t len) {
    bool steering = match->steering;
    match->steering = match->in_rules = true;
    ruling->rules->match_note(ruling->plugin->instance, ruling->state, data, len);
    match->in_rules = false;
    match->steering = steering;
}

static const struct ruling *ruling_of(const struct match *match, const muster_self *plugin) {
    for (uint32_t i = 0; i < match->ruling_count; i++)
        if (match->rulings[i].plugin == plugin && match->rulings[i].rules->match_note)
            return &match->rulings[i];
    return NULL;
}

static void note_keep(struct match *match, muster_self *plugin, const void *data, uint32_t len) {
    if (match->note_count == match->note_cap) {
        match->note_cap = match->note_cap ? match->note_cap * 2 : 16;
        match->notes = realloc(match->notes, match->note_cap * sizeof(*match->notes));
        if (!match->notes) abort();
    }
    struct testkit_note *note = &match->notes[match->note_count++];
    note->plugin = plugin;
    note->is_early = match->steering && !match->beginning;
    note->len = len;
    memcpy(note->data, data, len);
}

static bool begin_note_fits(struct match *match, uint32_t len) {
    uint32_t bytes = match->begin_note_bytes + NOTE_HEAD_BYTES + len;
    if (bytes > BEGIN_NOTES_BYTES_MAX) return false;
    match->begin_note_bytes = bytes;
    return true;
}

muster_status rulings_note(muster_self *self, struct match *match, const void *data, uint32_t len) {
    const struct ruling *ruling = ruling_of(match, self);
    if (!ruling) return MUSTER_DENIED;
    if (!data || len == 0 || len > MUSTER_NOTE_MAX) return MUSTER_INVALID;
    if (match->beginning && !begin_note_fits(match, len)) return MUSTER_LIMIT;
    if (match->info.is_replay) return MUSTER_OK;
    bool is_begun = ruling < match->rulings + match->rulings_begun;
    if (!match->steering && (match->in_rules || !is_begun)) return MUSTER_STATE;
    note_keep(match, self, data, len);
    if (!match->steering) note_tell(match, ruling, data, len);
    return MUSTER_OK;
}

muster_status testkit_match_note(struct testkit *kit, muster_match_id id, muster_self *plugin,
                                 const void *data, uint32_t len) {
    struct match *match = match_find(kit, id);
    const struct ruling *ruling = match ? ruling_of(match, plugin) : NULL;
    if (!ruling) return MUSTER_NOT_FOUND;
    note_tell(match, ruling, data, len);
    return MUSTER_OK;
}

const struct testkit_note *testkit_match_notes(struct testkit *kit, muster_match_id id,
                                               uint32_t *count) {
    const struct match *match = match_find(kit, id);
    *count = match ? match->note_count : 0;
    return match ? match->notes : NULL;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static muster_status begin_one(struct match *match, const struct ruling *ruling) {
    if (!ruling->rules->match_begin) return MUSTER_OK;
    bool steering = match->steering;
    match->steering = match->in_rules = match->beginning = true;
    muster_status status =
        ruling->rules->match_begin(ruling->plugin->instance, ruling->state, &match->info);
    match->in_rules = match->beginning = false;
    match->steering = steering;
    return status;
}

muster_status rulings_begin(struct match *match) {
    for (; match->rulings_begun < match->ruling_count; match->rulings_begun++) {
        muster_status status = begin_one(match, &match->rulings[match->rulings_begun]);
        if (status != MUSTER_OK) return status;
    }
    uint32_t count = match->note_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct testkit_note note = match->notes[i];
        if (note.is_early) continue;
        note_tell(match, ruling_of(match, note.plugin), note.data, note.len);
    }
    return MUSTER_OK;
}

void rulings_end(struct match *match) {
    for (uint32_t i = 0; i < match->rulings_begun; i++) ruling_end(match, &match->rulings[i]);
    match->rulings_begun = 0;
    free(match->notes);
    match->notes = NULL;
    match->note_count = match->note_cap = 0;
}
