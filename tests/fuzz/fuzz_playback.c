/* What the entries of a recording say is applied to a match: no log may bring one out of its shape,
 * and what has come of it can be saved and loaded again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "fuzz.h"
#include "loop.h"
#include "playback.h"

#define TICKS_PLAYED 2000

static struct match *playing;

/* ---- a mode and rules that keep a sum of what they are told ---------------------------------- */

static void stir(void *state, const void *data, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) *(uint64_t *)state += ((const uint8_t *)data)[i] + 1u;
}

static muster_status mode_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    (void)instance;
    (void)info;
    *state = calloc(1, sizeof(uint64_t));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void mode_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    (void)instance;
    stir(state, &seat, sizeof seat);
    return seat % 4 == 3 ? MUSTER_DENIED : MUSTER_OK;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    (void)seat;
    stir(state, &reason, sizeof reason);
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance;
    (void)seat;
    FUZZ_CHECK(input->sample_count <= MUSTER_INPUT_SAMPLES_MAX);
    stir(state, input, sizeof *input);
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)instance;
    stir(state, &tick->tick, sizeof tick->tick);
    if (tick->tick == TICKS_PLAYED)
        (void)match_end_later(playing, match_decide(MUSTER_TEAM_RED, MUSTER_END_TIME_LIMIT));
}

static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    (void)instance;
    (void)state;
    (void)view;
    (void)full;
    (void)out;
}

static muster_status mode_command(void *instance, void *state,
                                  const struct muster_command *command) {
    (void)instance;
    FUZZ_CHECK(command->arg_count <= 8);
    stir(state, command->name, (uint32_t)strlen(command->name));
    stir(state, command->text, (uint32_t)strlen(command->text));
    return MUSTER_OK;
}

static void save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    muster_put_u64(out, *(uint64_t *)state);
}

static muster_status load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    *(uint64_t *)state = muster_get_u64(in);
    return MUSTER_OK;
}

static void rules_setting(void *instance, void *state, const char *key) {
    (void)instance;
    stir(state, key, (uint32_t)strlen(key));
}

static void rules_note(void *instance, void *state, const void *data, uint32_t len) {
    (void)instance;
    FUZZ_CHECK(len > 0 && len <= MUSTER_NOTE_MAX);
    stir(state, data, len);
}

static const struct muster_mode mode = {
    .size = sizeof mode,
    .create = mode_create,
    .destroy = mode_destroy,
    .join = mode_join,
    .leave = mode_leave,
    .input = mode_input,
    .tick = mode_tick,
    .snapshot = mode_snapshot,
    .command = mode_command,
    .save = save,
    .load = load,
};
static const struct muster_rules rules = {.size = sizeof rules,
                                          .save = save,
                                          .load = load,
                                          .match_setting = rules_setting,
                                          .match_note = rules_note};
static const struct muster_role roles[] = {{MUSTER_ROLE_MODE, 0, &mode},
                                           {MUSTER_ROLE_RULES, 0, &rules}};

/* ---- around it ------------------------------------------------------------------------------- */

static struct muster_self self = {
    .name = "fuzz", .instance_name = "fuzz", .phase = PLUGIN_STARTED, .committed = true};
static uint64_t rules_state;

static void prepare(void) {
    static const char *const maps[] = {"field"};
    static const struct muster_mode_info info = {.size = sizeof info,
                                                 .players_max = 4,
                                                 .game_mode = "fuzz",
                                                 .title = "Fuzz",
                                                 .maps = maps,
                                                 .map_count = 1,
                                                 .tick_rate_hz = 20,
                                                 .view_count = 1,
                                                 .snapshot_max_bytes = 64};
    const struct config_options options = {.port = -1};
    char error[CONFIG_ERROR_MAX];
    self.resources.next = self.resources.prev = &self.resources;
    self.plugin.roles = roles;
    self.plugin.role_count = 2;
    FUZZ_CHECK(config_load(&options, error) == MUSTER_OK);
    FUZZ_CHECK(loop_init(1) == MUSTER_OK && match_table_init(2) == MUSTER_OK);
    FUZZ_CHECK(registry_add(&self, error, sizeof error) == MUSTER_OK);
    FUZZ_CHECK(registry_mode_add(&self, &info, error, sizeof error) == MUSTER_OK);
    registry_commit(&self, NULL);
}

static struct match *make(bool is_replay) {
    const struct provider *p = self.providers;
    while (p->kind != MUSTER_ROLE_RULES) p = p->sibling;
    struct match_part part = {(struct provider *)p, &rules_state};
    json_t *settings = json_object();
    const struct match_setup setup = {.match_key = "m",
                                      .lobby_key = "l",
                                      .game_mode = "fuzz",
                                      .map_name = "field",
                                      .settings = settings,
                                      .seed = 1,
                                      .tick_rate_hz = 20,
                                      .seats_max = 4,
                                      .rules = &part,
                                      .rules_count = 1,
                                      .is_replay = is_replay};
    struct match *match = NULL;
    FUZZ_CHECK(match_create(&setup, &match) == MUSTER_OK);
    json_decref(settings);
    return match;
}

static void load_again(struct match *match) {
    uint64_t hash = match_hash(match);
    struct muster_bytes saved = match_save(match);
    FUZZ_CHECK(saved.len > 0);
    void *copy = malloc(saved.len);
    FUZZ_CHECK(copy);
    memcpy(copy, saved.data, saved.len);
    struct match *other = make(false);
    rules_state = 0;
    FUZZ_CHECK(match_load(other, (struct muster_bytes){copy, saved.len}) == MUSTER_OK);
    FUZZ_CHECK(match_hash(other) == hash);
    match_destroy(other);
    free(copy);
}

static void play(const char *path) {
    struct record_reader *reader;
    const char *header;
    if (record_read(path, &reader, &header) != MUSTER_OK) return;
    rules_state = 0;
    struct playback playback = {.match = playing = make(true)};
    if (playback_run(&playback, reader) == MUSTER_OK) load_again(playing);
    match_destroy(playing);
    record_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    if (!self.providers) prepare();
    int fd = memfd_create("recording", MFD_CLOEXEC);
    if (fd < 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size) play(path);
    close(fd);
    return 0;
}
