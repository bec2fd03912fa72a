/* matches.c - matches that a test moves itself: the daemon's own, without a lobby's clock. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "match_internal.h"
#include "shared.h"

#define EVENTS_MAX 4096
#define NOTES_MAX 4096
#define RECORD_BYTES (1u << 20)

/* What the kit keeps of a match beside the match. */
struct watched {
    muster_match_id id;
    uint64_t event_seen; /* of its ring */
    uint32_t event_count;
    uint32_t note_count;
    uint32_t note_end; /* of the recording */
    struct testkit_event *events;
    struct testkit_note *notes;
    char *recording; /* path, or null */
    struct watched *prev, *next;
};

static struct watched *all;
static struct match_part attached[MATCH_RULES_MAX]; /* of no lobby */
static uint32_t attached_count;
static uint32_t numbers;

static struct watched *find(muster_match_id id) {
    struct watched *watched;
    DL_FOREACH(all, watched) {
        if (MUSTER_ID_SAME(watched->id, id)) break;
    }
    return watched;
}

/* ---- rules of no lobby ----------------------------------------------------------------------- */

muster_status testkit_rules_attach(struct testkit *kit, muster_self *plugin, void **state) {
    KIT_NEED(kit && plugin, MUSTER_INVALID);
    struct provider *p = kit_provider(plugin, MUSTER_ROLE_RULES);
    if (!p || attached_count == MATCH_RULES_MAX - 1) return p ? MUSTER_LIMIT : MUSTER_NOT_FOUND;
    struct match_part *part = &attached[attached_count];
    *part = (struct match_part){.provider = p};
    plugin_enter(plugin, "rules.create");
    muster_status status = p->rules.create
                               ? p->rules.create(p->instance, (muster_lobby_id){0}, &part->state)
                               : MUSTER_OK;
    plugin_leave();
    if (status) return status;
    attached_count++;
    if (state) *state = part->state;
    return MUSTER_OK;
}

static void detach(const struct match_part *part) {
    struct provider *p = part->provider;
    plugin_enter(p->self, "rules.destroy");
    if (p->rules.destroy) p->rules.destroy(p->instance, part->state);
    plugin_leave();
}

void kit_rules_detach(const muster_self *plugin) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < attached_count; i++) {
        if (attached[i].provider->self == plugin)
            detach(&attached[i]);
        else
            attached[kept++] = attached[i];
    }
    attached_count = kept;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct record *open_record(struct watched *watched, const struct match_setup *setup) {
    char path[1024];
    struct record *record = NULL;
    snprintf(path, sizeof path, "%s/testkit-%u.recording", kit_now->data_dir, numbers);
    char *header = match_record_header(setup);
    if (!header || record_open(path, header, RECORD_BYTES, &record)) abort();
    free(header);
    watched->recording = kit_copy(path);
    return record;
}

static uint32_t parts_of(const struct lobby *lobby, struct match_part parts[MATCH_RULES_MAX]) {
    uint32_t count = 0;
    if (lobby) {
        memcpy(parts, lobby->rules, lobby->rules_count * sizeof parts[0]);
        return lobby->rules_count;
    }
    parts[count++] =
        (struct match_part){.provider = kit_provider(kit_standin_self(), MUSTER_ROLE_RULES)};
    for (uint32_t i = 0; i < attached_count; i++) parts[count++] = attached[i];
    return count; /* in the order of a lobby's */
}

static json_t *settings_of(const struct lobby *lobby, const char *game_mode) {
    json_t *all_values = NULL, *values = kit_settings(game_mode);
    struct schema_error wrong;
    const struct schema *schema = registry_settings(game_mode);
    if (lobby && strcmp(lobby->game_mode, game_mode) == 0)
        all_values = json_incref(lobby->settings);
    else if (!schema || schema_check(schema, values, &all_values, &wrong))
        abort();
    json_decref(values);
    return all_values;
}

static void forget(struct watched *watched) {
    DL_DELETE(all, watched);
    free(watched->events);
    free(watched->notes);
    free(watched->recording);
    free(watched);
}

static struct match_setup setup_of(const struct testkit_match_options *options,
                                   const struct lobby *lobby, const char *game_mode) {
    return (struct match_setup){
        .lobby = options->lobby,
        .lobby_key = lobby ? lobby->key : "",
        .game_mode = game_mode,
        .map_name = options->map_name ? options->map_name : "",
        .settings = settings_of(lobby, game_mode),
        .seed = options->seed,
        .tick_rate_hz = options->tick_rate_hz ? options->tick_rate_hz : 20,
        .seats_max = options->seats_max ? options->seats_max : 8,
        .is_replay = options->is_replay,
    };
}

muster_match_id testkit_match_create(struct testkit *kit, muster_self *plugin,
                                     const struct testkit_match_options *options) {
    KIT_NEED(kit && options, (muster_match_id){0});
    char key[40];
    struct match *match;
    struct match_part parts[MATCH_RULES_MAX];
    const char *game_mode = options->game_mode ? options->game_mode : "testkit";
    kit_stand(kit);
    kit_mode_need(plugin, game_mode, options->map_name);
    struct lobby *lobby = lobby_find(options->lobby);
    struct watched *watched = kit_alloc(sizeof *watched);
    DL_APPEND(all, watched);
    snprintf(key, sizeof key, "match-%u", ++numbers);
    struct match_setup setup = setup_of(options, lobby, game_mode);
    setup.match_key = key;
    setup.rules = parts;
    setup.rules_count = parts_of(lobby, parts);
    setup.record = open_record(watched, &setup);
    muster_status status = match_create(&setup, &match);
    json_decref(setup.settings);
    if (status) {
        forget(watched);
        return (muster_match_id){0};
    }
    watched->id = match->id;
    if (lobby) lobby->match = match;
    return match->id;
}

void testkit_match_destroy(struct testkit *kit, muster_match_id id) {
    KIT_NEED_OR_NOTHING(kit);
    struct watched *watched = find(id);
    struct match *match = match_find(id);
    if (!watched) return;
    struct lobby *lobby = match ? lobby_find(match->lobby) : NULL;
    if (lobby && lobby->match == match) lobby->match = NULL;
    match_destroy(match);
    if (watched->recording) remove(watched->recording);
    forget(watched);
}

static bool takes_part(const struct match *match, const muster_self *plugin) {
    bool found = match->mode.provider->self == plugin;
    for (uint32_t i = 0; i < match->victory_count; i++)
        found = found || match->victories[i].provider->self == plugin;
    for (uint32_t i = 0; i < match->rules_count; i++)
        found = found || match->rules[i].provider->self == plugin;
    for (uint32_t i = 0; i < match->anticheat_count; i++)
        found = found || match->anticheats[i].provider->self == plugin;
    return found;
}

void kit_matches_end(const muster_self *plugin) {
    struct watched *watched, *next;
    DL_FOREACH_SAFE(all, watched, next) {
        const struct match *match = match_find(watched->id);
        if (!plugin || !match || takes_part(match, plugin))
            testkit_match_destroy(kit_now, watched->id);
    }
}

void *testkit_match_state(struct testkit *kit, muster_match_id id) {
    KIT_NEED(kit, NULL);
    const struct match *match = match_find(id);
    return match ? match->mode.state : NULL;
}

void kit_matches_set(const char *key, json_t *value) {
    const struct watched *watched;
    DL_FOREACH(all, watched) {
        struct match *match = match_find(watched->id);
        if (match) shared_put(&match->settings, key, json_incref(value));
    }
}

/* ---- what steers it -------------------------------------------------------------------------- */

muster_status testkit_match_join(struct testkit *kit, muster_match_id id, uint32_t seat,
                                 uint32_t team, const char *display_name) {
    KIT_NEED(kit && display_name, MUSTER_INVALID);
    char key[32];
    struct match *match = match_find(id);
    if (!match || seat >= match->seats_max) return MUSTER_NOT_FOUND;
    if (match->seats[seat].used) return MUSTER_EXISTS;
    if (team > match->teams.count) return MUSTER_INVALID;
    snprintf(key, sizeof key, "%u:%u", match->tick, seat); /* nobody comes back */
    return match_join(match, seat, key, display_name, team, true);
}

void testkit_match_leave(struct testkit *kit, muster_match_id id, uint32_t seat, uint32_t reason) {
    KIT_NEED_OR_NOTHING(kit);
    struct match *match = match_find(id);
    if (match && seat < MUSTER_SEATS_MAX) match_leave(match, seat, reason);
}

void testkit_match_connection(struct testkit *kit, muster_match_id id, uint32_t seat,
                              bool connected) {
    KIT_NEED_OR_NOTHING(kit);
    struct match *match = match_find(id);
    if (match && seat < MUSTER_SEATS_MAX) match_connection(match, seat, connected);
}

void testkit_match_input(struct testkit *kit, muster_match_id id, uint32_t seat,
                         const struct muster_input *input) {
    KIT_NEED_OR_NOTHING(kit && input);
    struct match *match = match_find(id);
    bool is_possible = match && seat < match->seats_max && match->seats[seat].used &&
                       input->sample_count <= MUSTER_INPUT_SAMPLES_MAX;
    if (is_possible) match_input_apply(match, seat, input);
}

void testkit_match_message(struct testkit *kit, muster_match_id id, uint32_t seat, const void *data,
                           uint32_t len) {
    KIT_NEED_OR_NOTHING(kit && data);
    struct match *match = match_find(id);
    bool is_possible = match && seat < match->seats_max && len > 0 && len <= MUSTER_MESSAGE_MAX;
    if (is_possible) match_message_apply(match, seat, data, len);
}

void testkit_match_steer(struct testkit *kit, muster_match_id id, bool on) {
    KIT_NEED_OR_NOTHING(kit);
    struct match *match = match_find(id);
    if (match) match->steering = on;
}

static void keep_events(struct watched *watched, const struct match *match) {
    if (!watched->events) watched->events = kit_alloc(EVENTS_MAX * sizeof *watched->events);
    while (watched->event_seen < match->event_end && watched->event_count < EVENTS_MAX) {
        struct testkit_event *event = &watched->events[watched->event_count++];
        event->tick = match->tick;
        event->len = match->events[watched->event_seen++ % MATCH_EVENT_RING];
        for (uint32_t i = 0; i < event->len; i++)
            event->data[i] = match->events[watched->event_seen++ % MATCH_EVENT_RING];
    }
}

void testkit_match_tick(struct testkit *kit, muster_match_id id) {
    KIT_NEED_OR_NOTHING(kit);
    struct watched *watched = find(id);
    struct match *match = match_find(id);
    if (!match || !watched) return;                         /* a lobby's own has its clock */
    if (match->ended) match->ended = match->ending = false; /* the test says how long it goes on */
    match_step(match);
    keep_events(watched, match);
    match_sent(match);
}

/* ---- what comes out -------------------------------------------------------------------------- */

uint32_t testkit_match_tick_count(struct testkit *kit, muster_match_id id) {
    KIT_NEED(kit, 0);
    const struct match *match = match_find(id);
    return match ? match->tick : 0;
}

bool testkit_match_ended(struct testkit *kit, muster_match_id id) {
    KIT_NEED(kit, false);
    const struct match *match = match_find(id);
    return match && match->ended;
}

uint32_t testkit_match_snapshot(struct testkit *kit, muster_match_id id, uint32_t view, bool full,
                                void *out, uint32_t cap) {
    KIT_NEED(kit && out, 0);
    struct match *match = match_find(id);
    struct muster_writer writer = muster_writer_make(out, cap);
    if (!match) return 0;
    const struct provider *mode = match->mode.provider;
    match_call_begin(match, &match->mode, "mode.snapshot");
    mode->mode.snapshot(mode->instance, match->mode.state, view, full, &writer);
    match_call_end(match);
    if (writer.overflow) plugin_fault(mode->self, "a snapshot is longer than %u bytes", cap);
    return writer.len;
}

uint32_t testkit_match_save(struct testkit *kit, muster_match_id id, void *out, uint32_t cap) {
    KIT_NEED(kit && out, 0);
    struct match *match = match_find(id);
    struct muster_bytes state = match ? match_save(match) : (struct muster_bytes){0};
    if (state.len == 0 || state.len > cap) return 0;
    memcpy(out, state.data, state.len);
    return (uint32_t)state.len;
}

muster_status testkit_match_load(struct testkit *kit, muster_match_id id, const void *data,
                                 uint32_t len) {
    KIT_NEED(kit && data, MUSTER_INVALID);
    struct match *match = match_find(id);
    if (!match) return MUSTER_NOT_FOUND;
    match->tick = 0; /* as just created */
    return match_load(match, (struct muster_bytes){data, len});
}

const struct muster_seat_info *testkit_match_seat(struct testkit *kit, muster_match_id id,
                                                  uint32_t seat) {
    KIT_NEED(kit, NULL);
    static struct muster_seat_info rows[MUSTER_SEATS_MAX];
    if (seat >= MUSTER_SEATS_MAX || !match_find(id)) return NULL;
    rows[seat] = (struct muster_seat_info){.size = sizeof rows[seat]};
    if (testkit_host(kit)->match->seat_get(kit_standin_self(), id, seat, &rows[seat]))
        rows[seat].seat = MUSTER_SEAT_NONE;
    return &rows[seat];
}

void testkit_match_facts(struct testkit *kit, muster_match_id id, struct muster_match_facts *out) {
    KIT_NEED_OR_NOTHING(kit && out);
    struct match *match = match_find(id);
    *out = (struct muster_match_facts){.size = sizeof *out};
    if (match) *out = *match_facts(match);
}

const struct testkit_event *testkit_match_events(struct testkit *kit, muster_match_id id,
                                                 uint32_t *count) {
    KIT_NEED(kit && count, NULL);
    struct watched *watched = find(id);
    const struct match *match = watched ? match_find(id) : NULL;
    if (match) keep_events(watched, match);
    *count = match ? watched->event_count : 0;
    return match ? watched->events : NULL;
}

void testkit_match_events_clear(struct testkit *kit, muster_match_id id) {
    KIT_NEED_OR_NOTHING(kit);
    uint32_t count;
    if (testkit_match_events(kit, id, &count)) find(id)->event_count = 0;
}

int64_t testkit_match_fact_sum(struct testkit *kit, muster_match_id id, const char *kind) {
    KIT_NEED(kit && kind, 0);
    return kit_fact_sum(id, kind);
}

const char *testkit_match_version(struct testkit *kit, muster_match_id id, const char *name) {
    KIT_NEED(kit && name, NULL);
    const struct match *match = match_find(id);
    for (uint32_t i = 0; match && i < match->version_count; i++)
        if (strcmp(match->versions[i].name, name) == 0) return match->versions[i].version;
    return NULL;
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void keep_note(struct watched *watched, const struct match *match,
                      const struct record_entry *entry) {
    const bool is_note = entry->kind == RECORD_NOTE || entry->kind == RECORD_NOTE_EARLY;
    if (!is_note && entry->kind != RECORD_LEAVE) return;
    if (watched->note_count == NOTES_MAX || entry->len < 1) return;
    struct testkit_note *note = &watched->notes[watched->note_count++];
    note->plugin = is_note ? match->rules[entry->data[0]].provider->self : NULL;
    note->is_early = entry->kind == RECORD_NOTE_EARLY;
    note->seat = entry->seat;
    note->len = entry->len - is_note; /* behind the part whose note it is */
    memcpy(note->data, entry->data + is_note, note->len);
}

/* From the recording, as a replay reads it. */
static void read_notes(struct watched *watched, const struct match *match) {
    struct record_reader *reader;
    struct record_entry entry;
    const char *header;
    if (watched->note_end == record_used(match->record)) return; /* nothing new */
    if (record_read(watched->recording, &reader, &header)) abort();
    if (!watched->notes) watched->notes = kit_alloc(NOTES_MAX * sizeof *watched->notes);
    watched->note_count = 0;
    while (record_next(reader, &entry) == MUSTER_OK) keep_note(watched, match, &entry);
    record_reader_close(reader);
    watched->note_end = record_used(match->record);
}

const struct testkit_note *testkit_match_notes(struct testkit *kit, muster_match_id id,
                                               uint32_t *count) {
    KIT_NEED(kit && count, NULL);
    struct watched *watched = find(id);
    const struct match *match = match_find(id);
    if (match && watched) read_notes(watched, match);
    *count = match && watched ? watched->note_count : 0;
    return *count ? watched->notes : NULL;
}

muster_status testkit_match_note(struct testkit *kit, muster_match_id id, muster_self *plugin,
                                 const void *data, uint32_t len) {
    KIT_NEED(kit && plugin && (data || !len), MUSTER_INVALID);
    struct match *match = match_find(id);
    uint8_t bytes[1 + MUSTER_NOTE_MAX];
    uint32_t part = 0;
    if (len > MUSTER_NOTE_MAX) return MUSTER_INVALID;
    while (match && part < match->rules_count && match->rules[part].provider->self != plugin)
        part++;
    if (!match || part == match->rules_count) return MUSTER_NOT_FOUND;
    bytes[0] = (uint8_t)part;
    if (len) memcpy(bytes + 1, data, len);
    const struct record_entry entry = {
        .tick = match->tick, .kind = RECORD_NOTE, .len = (uint16_t)(1 + len), .data = bytes};
    return match_note_apply(match, &entry);
}
