/* fake_game - a game mode and a victory condition inside the test program, over the real core.
 *
 * The mode writes down what it is asked and computes a state from it, so that two matches that were
 * steered alike have the same state, and others do not. The victory condition ends the match at
 * game.limit points of red. Included by the match, record, lobby and queue tests.
 */
#ifndef FAKE_GAME_H
#define FAKE_GAME_H

#include "test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "host.h"
#include "loop.h"
#include "match.h"
#include "pending.h"
#include "plugin.h"
#include "registry.h"

#define GAME_SEEN_MAX 64

struct seen_input {
    uint32_t seat;
    struct muster_input input;
};

struct fake_state {
    muster_match_id match;
    uint64_t mixed; /* everything that ever happened, stirred */
    uint32_t ticks;
};

static struct {
    struct muster_self self;
    char root[TEMP_DIR_MAX];
    struct seen_input seen[GAME_SEEN_MAX];
    uint32_t seen_count;
    uint32_t states; /* alive, of mode and victory */
    uint32_t commands;
    bool commands_again;     /* each command gives the same once more */
    uint32_t last_connected; /* of the connection call */
    int32_t limit;
    struct muster_match_facts facts;
    int32_t team_score[MUSTER_TEAMS_MAX + 1];
    uint32_t team_seated[MUSTER_TEAMS_MAX + 1];
    uint32_t team_humans[MUSTER_TEAMS_MAX + 1];
    uint32_t team_alive[MUSTER_TEAMS_MAX + 1]; /* that the victory was told last */
    muster_verdict bad_verdict;                /* when not 0: what the victory answers */
    uint32_t bad_view;                         /* when not 0: what the mode answers */
    void (*in_tick)(struct fake_state *state);
    void (*in_snapshot)(struct fake_state *state);
} game;

static inline const struct muster_host_match *game_host(void) {
    return host_table()->match;
}

static inline void fake_stir(struct fake_state *state, uint64_t with) {
    state->mixed = (state->mixed ^ with) * 0x9E3779B97F4A7C15u + 1;
}

static inline muster_status fake_create(void *instance, const struct muster_match_info *info,
                                        void **out) {
    (void)instance;
    if (strcmp(info->map_name, "nowhere") == 0) return MUSTER_NOT_FOUND;
    struct fake_state *state = calloc(1, sizeof *state);
    if (!state) return MUSTER_NO_MEMORY;
    state->match = info->match;
    fake_stir(state, game_host()->random(&game.self, info->match, 0));
    game.states++;
    *out = state;
    return MUSTER_OK;
}

static inline void fake_destroy(void *instance, void *state) {
    (void)instance;
    game.states -= state != NULL;
    free(state);
}

static inline muster_status fake_join(void *instance, void *opaque, uint32_t seat) {
    (void)instance;
    struct fake_state *state = opaque;
    struct muster_seat_info info = {.size = sizeof info};
    if (game_host()->seat_get(&game.self, state->match, seat, &info)) return MUSTER_INTERNAL;
    if (strcmp(info.display_name, "refused") == 0) return MUSTER_DENIED;
    if (info.team == MUSTER_TEAM_NONE) /* INVALID where a test's mode has no teams */
        (void)game_host()->team_set(&game.self, state->match, seat, 1 + seat % 2);
    fake_stir(state, 0x10000 + seat);
    return game_host()->event(&game.self, state->match, "join", 4);
}

static inline void fake_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance;
    fake_stir(state, 0x20000 + seat * 16 + reason);
}

static inline void fake_connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    (void)instance;
    game.last_connected = connected;
    fake_stir(state, 0x30000 + seat * 2 + connected);
}

/* Button 1 scores, for oneself and one's team. */
static inline void fake_input(void *instance, void *opaque, uint32_t seat,
                              const struct muster_input *input) {
    (void)instance;
    struct fake_state *state = opaque;
    struct muster_seat_info info = {.size = sizeof info};
    if (game.seen_count < GAME_SEEN_MAX)
        game.seen[game.seen_count++] = (struct seen_input){seat, *input};
    fake_stir(state, (uint64_t)seat << 40 | (uint64_t)input->held << 24 | input->aim);
    fake_stir(state, (uint64_t)(uint8_t)input->move_x << 8 | input->repeated);
    for (uint32_t i = 0; i < input->sample_count; i++) fake_stir(state, input->samples[i].aim);
    if (!(input->pressed & 1) || game_host()->seat_get(&game.self, state->match, seat, &info))
        return;
    muster_status status =
        game_host()->stat_add(&game.self, state->match, seat, MUSTER_STAT_KILLS, 1);
    if (!status) status = game_host()->team_score_add(&game.self, state->match, info.team, 1);
    fake_stir(state, (uint64_t)status);
}

static inline void fake_tick(void *instance, void *opaque, const struct muster_tick *tick) {
    (void)instance;
    struct fake_state *state = opaque;
    state->ticks++;
    fake_stir(state, game_host()->random(&game.self, state->match, 1000) + tick->elapsed_ms);
    if (game.in_tick) game.in_tick(state);
}

static inline void fake_snapshot(void *instance, void *opaque, uint32_t view, uint32_t full,
                                 struct muster_writer *out) {
    (void)instance;
    struct fake_state *state = opaque;
    if (game.in_snapshot) game.in_snapshot(state);
    muster_put_u8(out, view);
    muster_put_u8(out, full);
    muster_put_u32(out, state->ticks);
}

static inline uint32_t fake_view(void *instance, void *state, uint32_t seat) {
    (void)instance;
    (void)state;
    return game.bad_view ? game.bad_view : seat == MUSTER_SEAT_NONE;
}

static inline muster_status fake_command(void *instance, void *opaque,
                                         const struct muster_command *command) {
    (void)instance;
    struct fake_state *state = opaque;
    if (strcmp(command->name, "stir") != 0) return MUSTER_NOT_FOUND;
    game.commands++;
    for (uint32_t i = 0; i < command->arg_count; i++) fake_stir(state, (uint64_t)command->args[i]);
    return game.commands_again ? game_host()->command(&game.self, state->match, command)
                               : MUSTER_OK;
}

static inline void fake_save(void *instance, void *opaque, struct muster_writer *out) {
    (void)instance;
    const struct fake_state *state = opaque;
    muster_put_u64(out, state->mixed);
    muster_put_u32(out, state->ticks);
}

static inline muster_status fake_load(void *instance, void *opaque, struct muster_reader *in) {
    (void)instance;
    struct fake_state *state = opaque;
    state->mixed = muster_get_u64(in);
    state->ticks = muster_get_u32(in);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static inline void fake_note_facts(const struct muster_match_facts *facts) {
    size_t count = facts->team_count + 1;
    game.facts = *facts;
    memcpy(game.team_score, facts->team_score, count * sizeof *game.team_score);
    memcpy(game.team_seated, facts->team_seated, count * sizeof *game.team_seated);
    memcpy(game.team_humans, facts->team_humans, count * sizeof *game.team_humans);
    memcpy(game.team_alive, facts->team_alive, count * sizeof *game.team_alive);
}

static inline muster_verdict fake_evaluate(void *instance, void *state,
                                           const struct muster_match_facts *facts,
                                           struct muster_match_end *out) {
    (void)instance;
    (void)state;
    fake_note_facts(facts);
    if (game.bad_verdict) return game.bad_verdict;
    if (facts->team_score[MUSTER_TEAM_RED] < game.limit) return MUSTER_UNDECIDED;
    out->winner_kind = MUSTER_WINNER_TEAM;
    out->winner = MUSTER_TEAM_RED;
    out->reason = MUSTER_END_SCORE_LIMIT;
    return MUSTER_DECIDED;
}

static const struct muster_mode fake_mode = {
    .size = sizeof fake_mode,
    .create = fake_create,
    .destroy = fake_destroy,
    .join = fake_join,
    .leave = fake_leave,
    .connection = fake_connection,
    .input = fake_input,
    .tick = fake_tick,
    .snapshot = fake_snapshot,
    .view = fake_view,
    .command = fake_command,
    .save = fake_save,
    .load = fake_load,
};

static const struct muster_victory fake_victory = {.size = sizeof fake_victory,
                                                   .evaluate = fake_evaluate};

static const struct muster_role fake_roles[] = {
    {MUSTER_ROLE_MODE, 0, &fake_mode},
    {MUSTER_ROLE_VICTORY, 0, &fake_victory},
};

/* ---- the surroundings ---- */

/* A plugin that lies in the test: as if it had been loaded and started, in the place of `older` if
 * that is not null. */
static inline int fake_plugin(struct muster_self *self, const char *name,
                              const struct muster_role *roles, uint32_t role_count,
                              const struct muster_mode_info *mode, struct muster_self *older) {
    char error[PLUGIN_ERROR_MAX] = "";
    *self = (struct muster_self){.generation = 1, .phase = PLUGIN_STARTED, .committed = true};
    snprintf(self->name, sizeof self->name, "%s", name);
    snprintf(self->instance_name, sizeof self->instance_name, "%s", name);
    snprintf(self->version, sizeof self->version, "1.0.0");
    self->resources.next = self->resources.prev = &self->resources;
    self->plugin.roles = roles;
    self->plugin.role_count = role_count;
    self->instance = self;
    muster_status status = registry_add(self, error, sizeof error);
    if (!status && mode) status = registry_mode_add(self, mode, error, sizeof error);
    if (!status) registry_commit(self, older);
    if (status) fprintf(stderr, "%s: %s\n", name, error);
    return status ? -1 : 0;
}

static inline int game_open(const char *sections) {
    char path[96], error[CONFIG_ERROR_MAX] = "";
    const char *const maps[] = {"field", "nowhere"};
    static const struct muster_team teams[] = {MUSTER_TEAMS_RED_BLUE};
    const struct muster_mode_info info = {.size = sizeof info,
                                          .players_max = 4,
                                          .game_mode = "fake",
                                          .title = "Fake",
                                          .maps = maps,
                                          .map_count = 2,
                                          .tick_rate_hz = 20,
                                          .view_count = 2,
                                          .snapshot_max_bytes = 64,
                                          .teams = teams,
                                          .team_count = 2};
    memset(&game, 0, sizeof game);
    game.limit = 1000;
    if (sodium_init() < 0 || !temp_dir_make(game.root)) return -1;
    snprintf(path, sizeof path, "%s/muster.json", game.root);
    FILE *file = fopen(path, "w");
    if (!file) return -1;
    fprintf(file, "{\"plugins\":[],\"server\":{\"dataDir\":\"%s\"}%s%s}", game.root,
            sections ? "," : "", sections ? sections : "");
    fclose(file);
    const struct config_options options = {.file = path, .port = -1};
    if (config_load(&options, error)) {
        fprintf(stderr, "%s\n", error);
        return -1;
    }
    if (loop_init(2) || pending_init() || host_init()) return -1;
    return fake_plugin(&game.self, "fake", fake_roles, 2, &info, NULL);
}

static inline int game_close(void) {
    for (int i = 0; i < 4; i++) (void)loop_turn();
    registry_remove(&game.self);
    host_deinit();
    pending_deinit();
    loop_deinit();
    config_unload();
    return !temp_dir_remove(game.root) || game.states || game.self.pins ? -1 : 0;
}

#endif
