#include "plugin_rig.h"
#include "crew.h"
#include "trial_run.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT_EVERY = 100, TICK_RATE_HZ = 20, A_MINUTE_MS = 60000 };

extern const struct muster_plugin muster_plugin_descriptor;

static void require(bool good) {
    if (!good) abort();
}

/* ---- life ------------------------------------------------------------------------------------ */

static void start_plugin(struct rig *rig, uint64_t call_units, const char *mods) {
    rig->plugin = testkit_add(rig->kit, &muster_plugin_descriptor);
    require(rig->plugin);
    require(testkit_config_set(rig->plugin, "modDirs", mods ? mods : ""));
    require(testkit_config_set(rig->plugin, "uploadPermissions", "chat,kick,storage,teams,vote"));
    require(testkit_config_set(rig->plugin, "permissions", "chat,kick,storage,teams,vote"));
    require(testkit_init(rig->plugin) == MUSTER_OK);
    rig->instance = testkit_instance(rig->plugin);
    rig->instance->limits.count_every = COUNT_EVERY;
    rig->instance->limits.call_units = call_units;
    rig->instance->limits.second_cpu_us = UINT32_MAX;
    require(testkit_start(rig->plugin) == MUSTER_OK);
    free(rig->instance->store_dir);
    rig->instance->store_dir = strdup("/dev/null/store"); /* nothing is kept on disk */
    rig->rules = testkit_role(rig->plugin, MUSTER_ROLE_RULES);
    rig->victory = testkit_role(rig->plugin, MUSTER_ROLE_VICTORY);
}

static void open_lobby(struct rig *rig) {
    static const struct crew_name names[] = {{"Ann", "Ann"}, {"Bob", "Bob"}};
    const struct muster_lobby_info info = {.game_mode = "arena", .map_name = "field"};
    static const char *const maps[] = {"field"};
    testkit_mode_set(rig->kit, "arena", maps, 1);
    crew_add(rig->kit, names, 2, rig->players);
    rig->id = crew_lobby(rig->kit, info, rig->players[0]);
    require(rig->id.value);
    for (uint32_t i = 0; i < 2; i++) require(crew_sit(rig->kit, rig->id, rig->players[i], i));
    rig->lobby = testkit_rules_state(rig->plugin, rig->id);
}

static void open_replay(struct rig *rig) {
    void *state;
    require(testkit_rules_attach(rig->kit, rig->plugin, &state) == MUSTER_OK);
    rig->lobby = state;
}

struct rig *rig_create(bool is_replay, uint64_t call_units, const char *mods) {
    struct rig *rig = calloc(1, sizeof *rig);
    require(rig);
    rig->kit = testkit_create();
    testkit_untrusted_set(rig->kit);
    testkit_share_dir_set(rig->kit, "/dev/null"); /* no mods but the test's own */
    start_plugin(rig, call_units, mods);
    if (is_replay)
        open_replay(rig);
    else
        open_lobby(rig);
    require(rig->lobby);
    testkit_advance(rig->kit, A_MINUTE_MS); /* all quotas are full */
    return rig;
}

void rig_destroy(struct rig *rig) {
    if (!rig) return;
    rig_end(rig);
    testkit_destroy(rig->kit);
    free(rig);
}

uint32_t rig_close(struct rig **rig) {
    uint32_t faults = *rig ? testkit_faults((*rig)->kit) : 0;
    rig_destroy(*rig);
    *rig = NULL;
    return faults;
}

/* ---- uploads --------------------------------------------------------------------------------- */

struct testkit_rpc rig_upload(struct rig *rig, const char *name, const char *text, size_t len) {
    struct testkit_rpc rpc = {.answered = false};
    json_t *params = json_pack("{s:s,s:s%}", "name", name, "source", text, len);
    char *json = params ? json_dumps(params, JSON_COMPACT) : NULL;
    json_decref(params);
    if (json) rpc = testkit_rpc(rig->kit, rig->players[0], "lobby.uploadRule", json);
    free(json);
    return rpc;
}

/* ---- tapes ----------------------------------------------------------------------------------- */

static void copy_notes(struct rig *rig, struct tape *tape) {
    const struct testkit_note *notes = testkit_match_notes(rig->kit, rig->match, &tape->note_count);
    tape->notes = calloc(tape->note_count + 1, sizeof *notes);
    require(tape->notes);
    if (tape->note_count) memcpy(tape->notes, notes, tape->note_count * sizeof *notes);
}

struct tape *tape_create(struct rig *rig) {
    struct tape *tape = calloc(1, sizeof *tape);
    require(tape);
    tape->upload_count = rig->lobby->upload_count;
    for (uint32_t i = 0; i < tape->upload_count; i++)
        tape->uploads[i] = mod_pin(rig->lobby->uploads[i]);
    copy_notes(rig, tape);
    return tape;
}

void tape_destroy(struct tape *tape) {
    if (!tape) return;
    for (uint32_t i = 0; i < tape->upload_count; i++) mod_unpin(tape->uploads[i]);
    free(tape->notes);
    free(tape);
}

void rig_know(struct rig *rig, const struct tape *tape) {
    for (uint32_t i = 0; i < tape->upload_count; i++) {
        char error[400];
        require(trial_run(rig->instance, tape->uploads[i], error, sizeof error) == MUSTER_OK);
    }
}

void rig_take_one(struct rig *rig, const struct testkit_note *note) {
    if (note->plugin)
        (void)testkit_match_note(rig->kit, rig->match, rig->plugin, note->data, note->len);
    else
        testkit_match_leave(rig->kit, rig->match, note->seat, note->data[0]);
}

void rig_take(struct rig *rig, const struct tape *tape) {
    for (int early = 1; early >= 0; early--)
        for (uint32_t i = 0; i < tape->note_count; i++)
            if (tape->notes[i].is_early == early) rig_take_one(rig, &tape->notes[i]);
}

/* ---- the match ------------------------------------------------------------------------------- */

void rig_begin(struct rig *rig, const char *game_mode) {
    const struct testkit_match_options options = {.game_mode = game_mode,
                                                  .map_name = "field",
                                                  .seats_max = CREW_SEATS,
                                                  .tick_rate_hz = TICK_RATE_HZ,
                                                  .seed = 7,
                                                  .lobby = rig->id,
                                                  .is_replay = rig->id.value == 0};
    rig->match = testkit_match_create(rig->kit, NULL, &options);
    require(rig->match.value);
}

void rig_end(struct rig *rig) {
    if (rig->match.value) testkit_match_destroy(rig->kit, rig->match);
    rig->match = (muster_match_id){0};
}

muster_verdict rig_chat(struct rig *rig, uint32_t player, char *line, uint32_t cap) {
    const struct muster_chat chat = {sizeof chat, player, rig->id, rig->players[player]};
    return rig->rules->chat(rig->instance, rig->lobby, &chat, line, cap);
}

bool rig_say(struct rig *rig, uint32_t player, const char *text) {
    char line[301], reason[MUSTER_REASON_MAX] = "";
    struct muster_refusal refusal = {.size = sizeof refusal};
    const struct muster_action action = {.size = sizeof action,
                                         .kind = MUSTER_ACTION_CHAT,
                                         .lobby = rig->id,
                                         .game_mode = "arena",
                                         .player = rig->players[player],
                                         .seat = player,
                                         .target_seat = MUSTER_SEAT_NONE,
                                         .key = "",
                                         .value = text,
                                         .refusal = &refusal};
    snprintf(line, sizeof line, "%s", text);
    if (rig->rules->allow(rig->instance, rig->lobby, &action, reason, sizeof reason) ==
        MUSTER_REJECT)
        return false;
    return rig_chat(rig, player, line, sizeof line) != MUSTER_REJECT;
}

void rig_fact(struct rig *rig, const char *kind, uint32_t seat, uint32_t other, int64_t value,
              const char *text) {
    const struct muster_fact fact = {.size = sizeof fact,
                                     .seat = seat,
                                     .kind = kind,
                                     .value = value,
                                     .other_seat = other,
                                     .third_seat = MUSTER_SEAT_NONE,
                                     .text = text};
    testkit_match_steer(rig->kit, rig->match, true);
    (void)testkit_host(rig->kit)->match->tell(rig->plugin, rig->match, &fact);
    testkit_match_steer(rig->kit, rig->match, false);
}

int64_t rig_adjust(struct rig *rig, const char *name, uint32_t seat, uint32_t other,
                   int64_t value) {
    const struct muster_param param = {
        .size = sizeof param, .seat = seat, .other_seat = other, .name = name};
    testkit_match_steer(rig->kit, rig->match, true);
    value = testkit_host(rig->kit)->match->adjust(rig->plugin, rig->match, &param, value);
    testkit_match_steer(rig->kit, rig->match, false);
    return value;
}

uint32_t rig_victory(struct rig *rig) {
    struct muster_match_facts facts;
    struct muster_match_end result = {.size = sizeof result};
    testkit_match_facts(rig->kit, rig->match, &facts);
    muster_verdict verdict = rig->victory->evaluate(rig->instance, rig->lobby, &facts, &result);
    return verdict == MUSTER_DECIDED ? result.winner : UINT32_MAX;
}

uint32_t rig_state(struct rig *rig, void *out, uint32_t cap) {
    struct muster_writer w = muster_writer_make(out, cap);
    rig->rules->save(rig->instance, rig->lobby, &w);
    uint32_t board = testkit_match_save(rig->kit, rig->match, (uint8_t *)out + w.len, cap - w.len);
    require(!w.overflow && board > 0);
    return w.len + board;
}

struct script *rig_script(struct rig *rig, int realm, const char *id) {
    return realm_find(realm == REALM_MATCH ? &rig->lobby->match : &rig->lobby->lobby, id);
}
