#include "match_twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "match_internal.h"
#include "status.h"
#include "watchdog.h"

#ifdef MUSTER_TWINS

#define EVERY_TICKS 16 /* where time is real, so that a server stays one that can be played on */
#define TWINS_OFTEN 40 /* by a virtual clock: after so many only every second one, and so on */
#define WAITING_BYTES_MAX (1u << 20)
#define NOTES_BYTES_MAX (256u << 10)

struct bytes {
    uint8_t *data;
    uint32_t len;
};

/* How the match stood before the step, and what was noted in it. One step is taken at a time. */
static struct {
    const struct match *match; /* null: none is under way */
    struct bytes state, waiting;
    json_t *settings;
    uint8_t notes[NOTES_BYTES_MAX]; /* u8 part, u16 length, bytes */
    uint32_t notes_len;
    bool notes_fit;
} before;

/* ---- before the step ------------------------------------------------------------------------- */

static void keep(struct bytes *out, const void *data, uint32_t len) {
    uint8_t *grown = realloc(out->data, len + 1);
    if (!grown) abort();
    memcpy(grown, data, len);
    *out = (struct bytes){grown, len};
}

/* Tests with parts that do not do the same again, on purpose, switch it off. */
static bool is_off(void) {
    static int off = -1;
    if (off < 0) off = getenv("NO_TWINS") != NULL;
    return off;
}

/* Of a process whose clock is virtual all of the first steps, then ever fewer: a test may play a
 * thousand matches. */
static bool is_sampled(uint32_t tick) {
    static uint32_t steps, twins;
    if (!loop_clock_is_virtual()) return tick % EVERY_TICKS == 0;
    if (steps++ & ((1u << twins / TWINS_OFTEN) - 1)) return false;
    twins++;
    return true;
}

static bool is_due(const struct match *match) {
    return !before.match && !match->replaying && match_is_kept(match) && !is_off() &&
           is_sampled(match->tick);
}

bool match_twin_save(struct match *match) {
    static uint8_t waiting[WAITING_BYTES_MAX];
    if (!is_due(match)) return false;
    struct muster_bytes state = match_save(match);
    struct muster_writer w = muster_writer_make(waiting, sizeof waiting);
    match_waiting_save(match, &w);
    if (!state.len || w.overflow) return false;
    keep(&before.state, state.data, (uint32_t)state.len);
    keep(&before.waiting, w.data, w.len);
    before.settings = json_deep_copy(match->settings);
    before.notes_len = 0;
    before.notes_fit = true;
    before.match = match;
    return true;
}

void match_twin_note(const struct match *match, uint32_t part, const void *data, uint32_t len) {
    struct muster_writer w = muster_writer_make(before.notes, sizeof before.notes);
    if (before.match != match) return;
    w.len = before.notes_len;
    muster_put_u8(&w, part);
    muster_put_u16(&w, len);
    muster_put_bytes(&w, data, len);
    before.notes_fit = before.notes_fit && !w.overflow;
    if (!w.overflow) before.notes_len = w.len;
}

/* ---- the twin -------------------------------------------------------------------------------- */

/* The same rules, of no lobby. */
static uint32_t create_rules(const struct match *match, struct match_part *rules) {
    uint32_t i = 0;
    for (; i < match->rules_count; i++) {
        struct provider *p = match->rules[i].provider;
        rules[i] = (struct match_part){.provider = p};
        if (!p->rules.create) continue;
        plugin_enter(p->self, "rules.create");
        watchdog_call_of(match->lobby_key);
        muster_status status = p->rules.create(p->instance, (muster_lobby_id){0}, &rules[i].state);
        plugin_leave();
        if (status) break;
    }
    return i;
}

static void destroy_rules(const struct match_part *rules, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct provider *p = rules[i].provider;
        if (!p->rules.destroy) continue;
        plugin_enter(p->self, "rules.destroy");
        p->rules.destroy(p->instance, rules[i].state);
        plugin_leave();
    }
}

static muster_status create_twin(const struct match *match, const struct match_part *rules,
                                 struct match **out) {
    const struct match_setup setup = {
        .match_key = match->key,
        .lobby_key = match->lobby_key,
        .game_mode = match->game_mode,
        .map_name = match->map_name,
        .settings = before.settings,
        .seed = match->seed,
        .tick_rate_hz = match->tick_rate_hz,
        .seats_max = match->seats_max,
        .rules = rules,
        .rules_count = match->rules_count,
        .is_replay = true,
    };
    return match_create(&setup, out);
}

/* A reload has come between: the newest are others. */
static bool is_of_the_same(const struct match *twin, const struct match *match) {
    bool same =
        twin->mode.provider == match->mode.provider && twin->victory_count == match->victory_count;
    for (uint32_t i = 0; same && i < match->victory_count; i++)
        same = twin->victories[i].provider == match->victories[i].provider;
    return same;
}

/* From here on no log brings what its parts ask for. */
static bool load_waiting(struct match *twin) {
    struct muster_reader r = muster_reader_make(before.waiting.data, before.waiting.len);
    twin->replaying = false;
    return match_waiting_load(twin, &r) && r.pos == r.len;
}

/* ---- the same? ------------------------------------------------------------------------------- */

static void fail(const struct match *match, const char *part, const char *what) {
    fprintf(stderr, "musterd: match %s of %s: saved before tick %u, loaded and stepped, %s %s\n",
            match->key, match->game_mode, match->tick - 1, part, what);
    abort();
}

static struct muster_bytes take_section(struct muster_reader *r) {
    uint32_t len = muster_get_u32(r);
    return (struct muster_bytes){muster_get_bytes(r, len), len};
}

static void compare_part(const struct match *match, struct muster_reader *a,
                         struct muster_reader *b, const char *kind, const char *name) {
    char part[MUSTER_NAME_MAX + 32], what[64];
    struct muster_bytes x = take_section(a), y = take_section(b);
    size_t at = 0, least = x.len < y.len ? x.len : y.len;
    while (at < least && ((const uint8_t *)x.data)[at] == ((const uint8_t *)y.data)[at]) at++;
    if (at == x.len && at == y.len) return;
    snprintf(part, sizeof part, "its %s %s", kind, name);
    snprintf(what, sizeof what, "differs at byte %zu of %zu (%zu)", at, (size_t)x.len,
             (size_t)y.len);
    fail(match, part, what);
}

static void compare_parts(struct match *match, struct bytes stepped, struct muster_bytes twin) {
    struct muster_reader a = muster_reader_make(stepped.data, stepped.len);
    struct muster_reader b = muster_reader_make(twin.data, (uint32_t)twin.len);
    compare_part(match, &a, &b, "scoreboard", "of the core");
    compare_part(match, &a, &b, "mode", match->mode.provider->self->instance_name);
    (void)(muster_get_u8(&a) + muster_get_u8(&b));
    for (uint32_t i = 0; i < match->victory_count; i++)
        compare_part(match, &a, &b, "victory", match->victories[i].provider->self->instance_name);
    (void)(muster_get_u8(&a) + muster_get_u8(&b));
    for (uint32_t i = 0; i < match->rules_count; i++)
        compare_part(match, &a, &b, "rules", match->rules[i].provider->self->instance_name);
}

static void step_twin(struct match *match, struct match *twin) {
    const struct muster_bytes state = {before.state.data, before.state.len};
    static struct bytes stepped;
    match_notes_tell(twin, match->begin_notes, match->begin_notes_len);
    if (match_load(twin, state) || !load_waiting(twin))
        fail(match, "it", "is not taken by what has saved it");
    match_notes_tell(twin, before.notes, before.notes_len);
    match_step(twin);
    struct muster_bytes saved = match_save_hashed(match);
    keep(&stepped, saved.data, (uint32_t)saved.len);
    compare_parts(match, stepped, match_save_hashed(twin));
    if (match->ended != twin->ended) fail(match, "its end", "is not the same");
}

void match_twin_compare(struct match *match) {
    struct match_part rules[MATCH_RULES_MAX];
    struct match *twin = NULL;
    uint32_t rules_count = before.notes_fit ? create_rules(match, rules) : 0;
    muster_status status = MUSTER_FULL;
    if (before.notes_fit && rules_count == match->rules_count)
        status = create_twin(match, rules, &twin);
    if (!status && is_of_the_same(twin, match)) step_twin(match, twin);
    match_destroy(twin);
    destroy_rules(rules, rules_count);
    json_decref(before.settings);
    before.match = NULL;
}

#endif
