/* The state of a match as bytes: core's, the mode's, the victories', the rules', in this order,
 * each with its length before it. Hashed, kept in checkpoints, and loaded again. Behind them, and
 * not hashed: what disturbed it, so that a match that goes on is the one that it would have been;
 * and the anticheats' with their names, for who only watches is not there in a replay.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/text.h"
#include "ensure.h"
#include "kept.h"
#include "match_internal.h"
#include "status.h"

/* ---- save ------------------------------------------------------------------------------------ */

static void save_stats(const int32_t *stats, uint32_t count, struct muster_writer *w) {
    for (uint32_t i = 0; i < count; i++) muster_put_i32(w, stats[i]);
}

static void save_seat(const struct match_seat *s, uint32_t stat_count, struct muster_writer *w) {
    muster_put_u8(w, s->used | s->is_bot << 1 | s->connected << 2 | s->alive << 3);
    if (!s->used) return;
    muster_put_u8(w, s->team);
    muster_put_i32(w, s->kills);
    muster_put_i32(w, s->deaths);
    muster_put_i32(w, s->assists);
    muster_put_i32(w, s->score);
    save_stats(s->own_stats, stat_count, w);
    muster_put_str(w, s->player_key);
    muster_put_str(w, s->display_name);
}

static void save_departed(const struct match_row *row, uint32_t stat_count,
                          struct muster_writer *w) {
    muster_put_u8(w, row->seat);
    muster_put_u8(w, row->team);
    muster_put_i32(w, row->kills);
    muster_put_i32(w, row->deaths);
    muster_put_i32(w, row->assists);
    muster_put_i32(w, row->score);
    save_stats(row->own_stats, stat_count, w);
    muster_put_u8(w, row->leave_reason);
    muster_put_str(w, row->player_key);
    muster_put_str(w, row->display_name);
}

void match_decision_save(const struct match *match, struct muster_writer *w) {
    const struct match_decision *d = &match->decision;
    muster_put_u8(w, d->winner_kind);
    muster_put_u8(w, d->winner);
    muster_put_str(w, d->reason);
    muster_put_u8(w, d->teams_placed | d->seats_placed << 1);
    if (d->teams_placed) muster_put_bytes(w, d->team_places, match->teams.count);
    if (d->seats_placed) muster_put_bytes(w, d->seat_places, match_seat_count(match));
}

static void save_core(const struct match *match, struct muster_writer *w) {
    muster_put_u32(w, match->tick);
    muster_put_u8(w, match->ending);
    if (match->ending) match_decision_save(match, w);
    for (int i = 0; i < 4; i++) muster_put_u64(w, match->rng[i]);
    for (uint32_t i = 0; i <= match->teams.count; i++) muster_put_i32(w, match->team_score[i]);
    for (uint32_t i = 0; i < match_seat_count(match); i++)
        save_seat(&match->seats[i], match->stat_count, w);
    muster_put_u8(w, match->sides_met);
    muster_put_u16(w, match->departed_count);
    for (uint32_t i = 0; i < match->departed_count; i++)
        save_departed(&match->departed[i], match->stat_count, w);
    kept_save(match->kept_state, w);
}

/* What is written between the two stands behind its length. */
static uint32_t section_begin(struct muster_writer *w) {
    muster_put_u32(w, 0);
    return w->len;
}

static void section_end(struct muster_writer *w, uint32_t begin) {
    if (begin < sizeof begin) return; /* there was no room for the length */
    struct muster_writer length = muster_writer_make(w->data + begin - sizeof begin, sizeof begin);
    muster_put_u32(&length, w->len - begin);
}

typedef void (*save_fn)(void *instance, void *state, struct muster_writer *out);

static void save_part(struct match *match, struct match_part *part, save_fn save,
                      struct muster_writer *w) {
    uint32_t begin = section_begin(w);
    bool fitted = !w->overflow;
    if (save) {
        match_call_begin(match, part, "save");
        match->in_rules = part->provider->kind == MUSTER_ROLE_RULES;
        save(part->provider->instance, part->state, w);
        match->in_rules = false;
        match_call_end(match);
    }
    section_end(w, begin);
    if (fitted && w->overflow)
        plugin_fault(part->provider->self, "with its state the match's is larger than %u bytes",
                     MATCH_STATE_BYTES_MAX);
}

static struct muster_writer save_all(struct match *match) {
    static uint8_t state[MATCH_STATE_BYTES_MAX];
    struct muster_writer w = muster_writer_make(state, sizeof state);
    uint32_t begin = section_begin(&w);
    save_core(match, &w);
    section_end(&w, begin);
    save_part(match, &match->mode, match->mode.provider->mode.save, &w);
    muster_put_u8(&w, match->victory_count);
    for (uint32_t i = 0; i < match->victory_count; i++)
        save_part(match, &match->victories[i], match->victories[i].provider->victory.save, &w);
    muster_put_u8(&w, match->rules_count);
    for (uint32_t i = 0; i < match->rules_count; i++)
        save_part(match, &match->rules[i], match->rules[i].provider->rules.save, &w);
    return w;
}

static void save_disturbed(const struct match *match, struct muster_writer *w) {
    muster_put_u8(w, MATCH_CAUSES);
    for (uint32_t i = 0; i < MATCH_CAUSES; i++) {
        muster_put_u32(w, match->disturbed[i].times);
        muster_put_u32(w, match->disturbed[i].ms);
        muster_put_u32(w, match->disturbed[i].tick);
    }
}

/* One that does not fit is left out: the match's own comes first. */
static void save_anticheats(struct match *match, struct muster_writer *w) {
    for (uint32_t i = 0; !w->overflow && i < match->anticheat_count; i++) {
        struct match_part *part = &match->anticheats[i];
        const struct muster_writer before = *w;
        if (!part->provider->anticheat.save) continue;
        muster_put_str(w, part->provider->self->instance_name);
        save_part(match, part, part->provider->anticheat.save, w);
        if (w->overflow) *w = before;
    }
}

struct muster_bytes match_save(struct match *match) {
    struct muster_writer w = save_all(match);
    save_disturbed(match, &w);
    save_anticheats(match, &w);
    return (struct muster_bytes){w.data, w.overflow ? 0 : w.len};
}

struct muster_bytes match_save_hashed(struct match *match) {
    struct muster_writer w = save_all(match);
    return (struct muster_bytes){w.data, w.len};
}

uint64_t match_hash(struct match *match) {
    struct muster_bytes state = match_save_hashed(match);
    return XXH3_64bits(state.data, state.len);
}

/* ---- load ------------------------------------------------------------------------------------ */

/* People sit below seats_max, bots above. */
static bool may_sit(const struct match *match, uint32_t seat, bool is_bot) {
    return is_bot ? seat >= match->seats_max && seat < match_seat_count(match)
                  : seat < match->seats_max;
}

static void load_text(struct muster_reader *r, char *out, uint32_t cap) {
    muster_get_str(r, out, cap);
    if (!text_end_mend(out)) r->overflow = 1;
}

static void load_stats(int32_t *stats, uint32_t count, struct muster_reader *r) {
    for (uint32_t i = 0; i < count; i++) stats[i] = muster_get_i32(r);
}

static bool load_seat(struct match *match, uint32_t seat, struct muster_reader *r) {
    uint32_t flags = muster_get_u8(r);
    struct match_seat *s = &match->seats[seat];
    *s = (struct match_seat){.used = flags & 1,
                             .is_bot = flags >> 1 & 1,
                             .connected = flags >> 2 & 1,
                             .alive = flags >> 3 & 1};
    if (flags >> 4) return false;
    if (!s->used) return true;
    s->team = muster_get_u8(r);
    s->kills = muster_get_i32(r);
    s->deaths = muster_get_i32(r);
    s->assists = muster_get_i32(r);
    s->score = muster_get_i32(r);
    load_stats(s->own_stats, match->stat_count, r);
    load_text(r, s->player_key, sizeof s->player_key);
    load_text(r, s->display_name, sizeof s->display_name);
    return s->team <= match->teams.count && may_sit(match, seat, s->is_bot);
}

static bool load_departed(struct match *match, struct match_row *row, struct muster_reader *r) {
    *row = (struct match_row){.seat = muster_get_u8(r)};
    row->team = muster_get_u8(r);
    row->kills = muster_get_i32(r);
    row->deaths = muster_get_i32(r);
    row->assists = muster_get_i32(r);
    row->score = muster_get_i32(r);
    load_stats(row->own_stats, match->stat_count, r);
    row->leave_reason = muster_get_u8(r);
    load_text(r, row->player_key, sizeof row->player_key);
    load_text(r, row->display_name, sizeof row->display_name);
    return row->leave_reason && row->team <= match->teams.count && may_sit(match, row->seat, false);
}

static void load_places(uint8_t *places, uint32_t count, struct muster_reader *r) {
    const uint8_t *bytes = muster_get_bytes(r, count);
    if (bytes) memcpy(places, bytes, count);
}

/* Whether it can be is seen when the seats are there. */
static bool read_decision(struct match *match, struct muster_reader *r) {
    struct match_decision *d = &match->decision;
    *d = (struct match_decision){.winner_kind = muster_get_u8(r)};
    d->winner = muster_get_u8(r);
    load_text(r, d->reason, sizeof d->reason);
    uint32_t placed = muster_get_u8(r);
    d->teams_placed = placed & 1;
    d->seats_placed = placed >> 1 & 1;
    if (d->teams_placed) load_places(d->team_places, match->teams.count, r);
    if (d->seats_placed) load_places(d->seat_places, match_seat_count(match), r);
    return placed >> 2 == 0 && !r->overflow;
}

bool match_decision_load(struct match *match, struct muster_reader *r) {
    return read_decision(match, r) && match_decision_valid(match, &match->decision);
}

static bool load_core(struct match *match, struct muster_reader *r) {
    match->tick = muster_get_u32(r);
    uint32_t ending = muster_get_u8(r);
    match->ending = ending == 1;
    if (ending > 1 || (ending && !read_decision(match, r))) return false;
    for (int i = 0; i < 4; i++) match->rng[i] = muster_get_u64(r);
    for (uint32_t i = 0; i <= match->teams.count; i++) match->team_score[i] = muster_get_i32(r);
    bool good = true;
    for (uint32_t i = 0; good && i < match_seat_count(match); i++) good = load_seat(match, i, r);
    uint32_t met = muster_get_u8(r);
    match->sides_met = met == 1;
    uint32_t count = muster_get_u16(r);
    if (!good || met > 1 || count > match_departed_max(match)) return false;
    if (match->ending && !match_decision_valid(match, &match->decision)) return false;
    match->departed_count = 0;
    for (uint32_t i = 0; good && i < count; i++) {
        struct match_row *row = match_departed_add(match);
        good = row && load_departed(match, row, r);
    }
    kept_clear(&match->kept_state); /* of the beginning */
    return good && kept_load(&match->kept_state, r);
}

static struct muster_reader section_open(struct muster_reader *in) {
    uint32_t len = muster_get_u32(in);
    const uint8_t *data = muster_get_bytes(in, len);
    return muster_reader_make(data, data ? len : 0);
}

static bool all_read(const struct muster_reader *r) {
    return !r->overflow && r->pos == r->len;
}

typedef muster_status (*load_fn)(void *instance, void *state, struct muster_reader *in);

static muster_status load_part(struct match *match, struct match_part *part, load_fn load,
                               struct muster_reader *in) {
    struct muster_reader r = section_open(in);
    muster_status status = in->overflow ? MUSTER_INVALID : MUSTER_OK;
    if (status || !load) return status || r.len ? MUSTER_INVALID : MUSTER_OK;
    match_call_begin(match, part, "load");
    match->in_rules = part->provider->kind == MUSTER_ROLE_RULES;
    status = load(part->provider->instance, part->state, &r);
    match->in_rules = false;
    match_call_end(match);
    if (!status && !all_read(&r)) status = MUSTER_INVALID;
    if (status)
        plugin_fault(part->provider->self, "load does not take a saved state: %s",
                     status_text(status));
    return status;
}

static muster_status load_parts(struct match *match, struct muster_reader *in) {
    muster_status status = load_part(match, &match->mode, match->mode.provider->mode.load, in);
    if (!status && muster_get_u8(in) != match->victory_count) status = MUSTER_INVALID;
    for (uint32_t i = 0; !status && i < match->victory_count; i++)
        status =
            load_part(match, &match->victories[i], match->victories[i].provider->victory.load, in);
    if (!status && muster_get_u8(in) != match->rules_count) status = MUSTER_INVALID;
    for (uint32_t i = 0; !status && i < match->rules_count; i++)
        status = load_part(match, &match->rules[i], match->rules[i].provider->rules.load, in);
    return status;
}

/* A version before may have known fewer causes. */
static muster_status load_disturbed(struct match *match, struct muster_reader *r) {
    uint32_t count = muster_get_u8(r);
    if (count > MATCH_CAUSES) return MUSTER_INVALID;
    for (uint32_t i = 0; i < count; i++) {
        match->disturbed[i].times = muster_get_u32(r);
        match->disturbed[i].ms = muster_get_u32(r);
        match->disturbed[i].tick = muster_get_u32(r);
    }
    return r->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static uint32_t find_anticheat(const struct match *match, const char *instance_name) {
    uint32_t i = 0;
    while (i < match->anticheat_count &&
           strcmp(match->anticheats[i].provider->self->instance_name, instance_name) != 0)
        i++;
    return i;
}

/* It decides nothing, so that a match goes on without one that does not take its state, and with
 * one that had none. */
static muster_status load_anticheats(struct match *match, struct muster_reader *in) {
    while (!in->overflow && in->pos < in->len) {
        char name[MUSTER_NAME_MAX];
        muster_get_str(in, name, sizeof name);
        uint32_t i = find_anticheat(match, name);
        struct match_part *part = i < match->anticheat_count ? &match->anticheats[i] : NULL;
        if (!part || !part->provider->anticheat.load)
            (void)section_open(in);
        else if (load_part(match, part, part->provider->anticheat.load, in))
            match_anticheat_drop(match, i);
    }
    return all_read(in) ? MUSTER_OK : MUSTER_INVALID;
}

static bool load_first(struct match *match, struct muster_bytes state, struct muster_reader *in) {
    if (state.len == 0 || state.len > MATCH_STATE_BYTES_MAX) return false;
    *in = muster_reader_make(state.data, (uint32_t)state.len);
    struct muster_reader core = section_open(in);
    return !in->overflow && load_core(match, &core) && all_read(&core);
}

bool match_load_score(struct match *match, struct muster_bytes state) {
    struct muster_reader in;
    return load_first(match, state, &in);
}

muster_status match_load(struct match *match, struct muster_bytes state) {
    struct muster_reader in;
    ENSURE(match->tick == 0 && !match->stepping);
    if (!load_first(match, state, &in)) return MUSTER_INVALID;
    muster_status status = load_parts(match, &in);
    if (!status) status = load_disturbed(match, &in);
    if (!status) status = load_anticheats(match, &in);
    match_frames_clear(match);
    return status;
}

static void skip_sections(struct muster_reader *in) {
    for (uint32_t count = muster_get_u8(in); count > 0; count--) (void)section_open(in);
}

uint64_t match_saved_hash(struct muster_bytes state) {
    struct muster_reader in = muster_reader_make(state.data, (uint32_t)state.len);
    (void)section_open(&in); /* core's */
    (void)section_open(&in); /* the mode's */
    skip_sections(&in);      /* the victories' */
    skip_sections(&in);      /* the rules' */
    return XXH3_64bits(in.data, in.overflow ? 0 : in.pos);
}

bool match_is_kept(const struct match *match) {
    const struct muster_mode *mode = &match->mode.provider->mode;
    return mode->save && mode->load;
}

/* ---- the scoreboard alone -------------------------------------------------------------------- */

static void keep_row(struct match *match, const struct match_row *row) {
    struct match_row *kept = row->is_bot ? NULL : match_departed_add(match);
    if (kept) *kept = *row;
}

/* As if all had left: those who sat there come first, since there may not be room for all. */
static void take_scores(struct match *match, const struct match *from) {
    memcpy(match->team_score, from->team_score, sizeof match->team_score);
    for (uint32_t i = 0; i < match->seats_max; i++) {
        const struct match_row row = match_row_of(from, i);
        if (from->seats[i].used) keep_row(match, &row);
    }
    for (uint32_t i = 0; i < from->departed_count; i++) keep_row(match, &from->departed[i]);
}

muster_status match_load_scores(struct match *match, struct muster_bytes state) {
    struct muster_reader in = muster_reader_make(state.data, (uint32_t)state.len);
    struct muster_reader core = section_open(&in);
    struct match from = {
        .teams = match->teams, .stat_count = match->stat_count, .seats_max = match->seats_max};
    from.seats = calloc(match_seat_count(match), sizeof *from.seats);
    muster_status status = from.seats ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (!status && (in.overflow || !load_core(&from, &core) || !all_read(&core)))
        status = MUSTER_INVALID;
    if (!status) take_scores(match, &from);
    kept_clear(&from.kept_state);
    free(from.seats);
    free(from.departed);
    return status;
}

/* ---- made anew ------------------------------------------------------------------------------- */

/* What no save holds goes on in a match that was loaded with the other's state: inputs, commands
 * and settings that wait, events, the recording. The other is good for match_destroy only. */
static void take_over(struct match *match, struct match *from) {
    ENSURE(!match->record && !match->settings_waiting && !from->stepping);
    for (uint32_t i = 0; i < match_seat_count(match); i++) {
        struct match_seat *to = &match->seats[i], *old = &from->seats[i];
        to->ring = old->ring;
        to->messages = old->messages;
        to->messages_len = old->messages_len;
        old->messages = NULL;
    }
    free(match->commands);
    match->commands = from->commands;
    match->command_count = from->command_count;
    match->command_room = from->command_room;
    from->commands = NULL;
    from->command_count = from->command_room = 0;
    match->settings_waiting = from->settings_waiting;
    match->settings_waiting_count = from->settings_waiting_count;
    from->settings_waiting = NULL;
    from->settings_waiting_count = 0;
    free(match->events);
    match->events = from->events;
    from->events = NULL;
    match->event_end = from->event_end;
    match->event_tick_begin = from->event_tick_begin;
    match->event_tick_count = from->event_tick_count;
    match->record = from->record;
    from->record = NULL;
    kept_take_over(&match->kept, &from->kept);
}

static muster_status create_again(const struct match *match, struct match **out) {
    const struct match_setup setup = {
        .lobby = match->lobby,
        .match_key = match->key,
        .lobby_key = match->lobby_key,
        .game_mode = match->game_mode,
        .map_name = match->map_name,
        .settings = match->settings,
        .seed = match->seed,
        .tick_rate_hz = match->tick_rate_hz,
        .seats_max = match->seats_max,
        .rules = match->rules,
        .rules_count = match->rules_count,
    };
    return match_create(&setup, out);
}

muster_status match_reincarnate(struct match *match, struct match **out) {
    struct muster_bytes saved = match_save(match);
    struct muster_bytes state = {malloc(saved.len + 1), saved.len};
    struct match *next = NULL;
    if (!state.data) return MUSTER_NO_MEMORY;
    memcpy((void *)state.data, saved.data, saved.len);
    match_rules_end(match); /* they keep one match at a time */
    muster_status status = create_again(match, &next);
    if (!status) status = match_load(next, state);
    if (!status) match_replay(next, true); /* of a log that has nothing */
    if (!status) match_replay(next, false);
    free((void *)state.data);
    if (status) {
        match_destroy(next);
        match->rules_count = 0;
        return status;
    }
    take_over(next, match);
    match_destroy(match);
    *out = next;
    return MUSTER_OK;
}
