/* A saved lobby with a good sum, whatever stands in it: nothing is made of it, or a lobby that can
 * be played, saved again and closed.
 */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "config.h"
#include "fuzz.h"
#include "lobby.h"
#include "loop.h"
#include "notices.h"

#define TICKS_PLAYED 3

/* ---- a mode and rules that keep a number ----------------------------------------------------- */

static muster_status create(void *instance, const struct muster_match_info *info, void **state) {
    (void)instance;
    (void)info;
    *state = calloc(1, sizeof(uint64_t));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    (void)instance;
    *(uint64_t *)state += seat;
    return MUSTER_OK;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    *(uint64_t *)state += seat + reason;
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)instance;
    *(uint64_t *)state += tick->tick;
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance;
    FUZZ_CHECK(input->sample_count <= MUSTER_INPUT_SAMPLES_MAX);
    *(uint64_t *)state += input->held + seat;
}

static void mode_message(void *instance, void *state, uint32_t seat, const void *data,
                         uint32_t len) {
    (void)instance;
    (void)seat;
    FUZZ_CHECK(len > 0 && len <= MUSTER_MESSAGE_MAX);
    *(uint64_t *)state += *(const uint8_t *)data;
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
    *(uint64_t *)state += strlen(command->name) + strlen(command->text);
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

static muster_status rules_create(void *instance, muster_lobby_id lobby, void **state) {
    (void)lobby;
    return create(instance, NULL, state);
}

static const struct muster_mode mode = {
    .size = sizeof mode,
    .create = create,
    .destroy = destroy,
    .join = mode_join,
    .leave = mode_leave,
    .input = mode_input,
    .tick = mode_tick,
    .snapshot = mode_snapshot,
    .command = mode_command,
    .message = mode_message,
    .save = save,
    .load = load,
};
static const struct muster_rules rules = {.size = sizeof rules,
                                          .create = rules_create,
                                          .destroy = destroy,
                                          .lobby_save = save,
                                          .lobby_load = load};
static const struct muster_role roles[] = {{MUSTER_ROLE_MODE, 0, &mode},
                                           {MUSTER_ROLE_RULES, 0, &rules}};

/* ---- around it ------------------------------------------------------------------------------- */

static struct muster_self self = {.name = "fuzz",
                                  .instance_name = "fuzz",
                                  .version = "1.0.0",
                                  .phase = PLUGIN_STARTED,
                                  .committed = true};

static void on_match_ended(struct lobby *lobby, const struct match_results *results) {
    FUZZ_CHECK(lobby->match && results->row_count <= MUSTER_SEATS_MAX * 2);
}

static void on_seats_opened(struct lobby *lobby) {
    (void)lobby;
}

static void prepare(void) {
    static const char *const maps[] = {"field"};
    static const struct muster_team teams[] = {MUSTER_TEAMS_RED_BLUE};
    static const struct muster_mode_info info = {.size = sizeof info,
                                                 .players_max = 4,
                                                 .game_mode = "fuzz",
                                                 .title = "Fuzz",
                                                 .maps = maps,
                                                 .map_count = 1,
                                                 .tick_rate_hz = 20,
                                                 .view_count = 1,
                                                 .snapshot_max_bytes = 64,
                                                 .teams = teams,
                                                 .team_count = 2};
    static const struct lobby_hooks hooks = {.match_ended = on_match_ended,
                                             .seats_opened = on_seats_opened};
    const struct config_options options = {.port = -1};
    char error[CONFIG_ERROR_MAX];
    self.resources.next = self.resources.prev = &self.resources;
    self.plugin.roles = roles;
    self.plugin.role_count = 2;
    self.instance = &self;
    FUZZ_CHECK(config_load(&options, error) == MUSTER_OK && loop_init(1) == MUSTER_OK);
    FUZZ_CHECK(lobby_settings_declare() == MUSTER_OK);
    FUZZ_CHECK(registry_add(&self, error, sizeof error) == MUSTER_OK);
    FUZZ_CHECK(registry_mode_add(&self, &info, error, sizeof error) == MUSTER_OK);
    registry_commit(&self, NULL);
    FUZZ_CHECK(session_init(32) == MUSTER_OK && pacer_start() == MUSTER_OK);
    FUZZ_CHECK(lobby_init(4, &hooks) == MUSTER_OK);
}

static void play(struct lobby *lobby) {
    static uint8_t bytes[LOBBY_STATE_BYTES_MAX];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    char error[LOBBY_ERROR_MAX] = "";
    FUZZ_CHECK(lobby_save(lobby, &w, error) == MUSTER_OK);
    (void)lobby_thaw(lobby);
    for (int i = 0; lobby->pace.armed && i < TICKS_PLAYED; i++) lobby->pace.fn(lobby->pace.user);
    lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[LOBBY_STATE_BYTES_MAX];
    char error[LOBBY_ERROR_MAX] = "";
    struct lobby *lobby = NULL;
    if (!self.providers) prepare();
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_bytes(&w, "MSTRLOB1", 8);
    muster_put_u32(&w, 2);
    muster_put_u64(&w, XXH3_64bits(data, size));
    if (size > w.cap - w.len) return 0;
    muster_put_bytes(&w, data, (uint32_t)size);
    if (lobby_load((struct muster_bytes){bytes, w.len}, MUSTER_DISTURBED_CRASH, &lobby, error) ==
        MUSTER_OK)
        play(lobby);
    else
        FUZZ_CHECK(error[0] && !lobby);
    (void)loop_turn();
    FUZZ_CHECK(lobby_count() + match_count() + session_count() == 0);
    return 0;
}
